/* SPDX-License-Identifier: BSD-3-Clause */
/* Any bytes as a params.py: every key that is read. */
#include "base/memory.h"
#include "files/params_py.h"
#include "files/utf8.h"
#include "fuzz.h"

#include <math.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const keys[] = {"dat_path", "n_channels_dat", "dtype",
                                       "offset",   "sample_rate",    "n_samples_dat"};
    spk_context *ctx = NULL;
    spk__params_py *params = NULL;
    if (spk_context_create(&ctx) != SPK_OK)
        return 0;
    if (spk__params_py_parse(ctx, "params.py", data, size, &params) == SPK_OK)
        for (size_t k = 0; k < sizeof keys / sizeof keys[0]; k++) {
            double number;
            int64_t n;
            const char *const *texts;
            spk_status as_number = spk__params_py_number(ctx, params, keys[k], &number);
            spk_status as_texts = spk__params_py_texts(ctx, params, keys[k], &n, &texts);
            fuzz_require(as_number != SPK_OK || (isfinite(number) && as_texts != SPK_OK));
            for (int64_t t = 0; as_texts == SPK_OK && t < n; t++) {
                size_t length = strlen(texts[t]);
                fuzz_require(length <= size && spk__utf8_check((const uint8_t *)texts[t],
                                                               length) == length);
            }
        }
    spk__params_py_destroy(params);
    fuzz_require(spk__memory_in_use(ctx) == 0);
    spk_context_destroy(ctx);
    return 0;
}
