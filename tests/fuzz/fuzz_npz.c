/* SPDX-License-Identifier: BSD-3-Clause */
/* Any bytes as a .npz archive: open, then ask for every member. */
#include "base/memory.h"
#include "files/npz_memory.h"
#include "files/zip_format.h"
#include "fuzz.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    spk_context *ctx = NULL;
    spk_npz *npz = NULL;
    if (spk_context_create(&ctx) != SPK_OK)
        return 0;
    if (spk__npz_open_memory(ctx, "fuzz.npz", data, size, &npz) == SPK_OK) {
        for (int64_t k = 0; k < spk_npz_n_members(npz); k++) {
            const char *name = spk_npz_name(npz, k);
            const spk_array *array = NULL, *again = NULL;
            fuzz_require(name != NULL && strncmp(name, "../", 3) != 0 &&
                         strstr(name, "/../") == NULL && name[0] != '/');
            if (spk_npz_array(ctx, npz, name, &array) != SPK_OK)
                continue;
            fuzz_require(spk_npz_array(ctx, npz, name, &again) == SPK_OK &&
                         again == array);
            fuzz_require((size_t)array->n_elements * (size_t)array->item_size <=
                         (size + 1) * SPK__DEFLATE_RATIO);
        }
        fuzz_require(spk_npz_name(npz, spk_npz_n_members(npz)) == NULL);
        spk_npz_close(npz);
    }
    fuzz_require(spk__memory_in_use(ctx) == 0);
    spk_context_destroy(ctx);
    return 0;
}
