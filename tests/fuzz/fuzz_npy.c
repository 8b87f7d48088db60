/* SPDX-License-Identifier: BSD-3-Clause */
/* Any bytes as a .npy file: parse, then read every element in every way. */
#include "base/memory.h"
#include "files/array_convert.h"
#include "files/npy_header.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    spk_context *ctx = NULL;
    spk_array array;
    void *copy = NULL;
    if (spk_context_create(&ctx) != SPK_OK)
        return 0;
    if (spk__npy_parse_aligned(ctx, "fuzz.npy", data, size, &array, &copy) == SPK_OK &&
        spk__array_bytes(&array) > 0) {
        int64_t *integers = spk__alloc(ctx, array.n_elements, sizeof *integers);
        double *numbers = spk__alloc(ctx, array.n_elements, sizeof *numbers);
        int64_t *order = spk__alloc(ctx, array.n_elements, sizeof *order);
        void *plain = spk__alloc(ctx, (int64_t)spk__array_bytes(&array), 1);
        fuzz_require(integers != NULL && numbers != NULL && order != NULL &&
                     plain != NULL);
        fuzz_require(spk__array_check(ctx, &array) == SPK_OK);
        spk_status to_integers = spk_array_to_int64(ctx, &array, integers);
        spk_status to_numbers = spk_array_to_double(ctx, &array, numbers);
        if (to_integers == SPK_OK) {
            fuzz_require(to_numbers == SPK_OK);
            for (int64_t k = 0; k < array.n_elements; k++)
                fuzz_require((double)integers[k] == numbers[k]);
        }
        spk__array_copy_plain(&array, plain);
        if (array.n_dimensions > 0) {
            for (int64_t k = 0; k < array.shape[0]; k++)
                order[k] = array.shape[0] - 1 - k;
            spk__array_take_rows(&array, order, plain);
        }
        spk__free(integers);
        spk__free(numbers);
        spk__free(order);
        spk__free(plain);
    }
    spk__free(copy);
    fuzz_require(spk__memory_in_use(ctx) == 0);
    spk_context_destroy(ctx);
    return 0;
}
