/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/check.h"
#include "files/array_convert.h"

#include <stdio.h>

int32_t spk_dtype_size(int32_t dtype)
{
    switch (dtype) {
    case SPK_DTYPE_BOOL:
    case SPK_DTYPE_INT8:
    case SPK_DTYPE_UINT8:
        return 1;
    case SPK_DTYPE_INT16:
    case SPK_DTYPE_UINT16:
    case SPK_DTYPE_FLOAT16:
        return 2;
    case SPK_DTYPE_INT32:
    case SPK_DTYPE_UINT32:
    case SPK_DTYPE_FLOAT32:
        return 4;
    case SPK_DTYPE_INT64:
    case SPK_DTYPE_UINT64:
    case SPK_DTYPE_FLOAT64:
        return 8;
    default:
        return 0;
    }
}

const char *spk_dtype_name(int32_t dtype)
{
    static const char *const names[] = {
        "bool",   "int8",   "int16",   "int32",   "int64",   "uint8", "uint16",
        "uint32", "uint64", "float16", "float32", "float64", "text",  "bytes"};
    if (dtype < SPK_DTYPE_BOOL || dtype > SPK_DTYPE_BYTES)
        return NULL;
    return names[dtype];
}

spk_status spk__array_describe(spk_context *ctx, int32_t dtype, int32_t item_size,
                               int32_t n_dimensions, const int64_t *shape,
                               spk_array *array)
{
    SPK_REQUIRE(ctx, spk_dtype_name(dtype) != NULL, SPK_ERR_ARGUMENT,
                "dtype must be an spk_dtype, got %d", (int)dtype);
    SPK_REQUIRE(ctx, n_dimensions >= 0 && n_dimensions <= SPK_ARRAY_MAX_DIMENSIONS,
                SPK_ERR_ARGUMENT, "n_dimensions must be in 0 .. %d, got %d",
                (int)SPK_ARRAY_MAX_DIMENSIONS, (int)n_dimensions);
    SPK_REQUIRE(ctx, n_dimensions == 0 || shape != NULL, SPK_ERR_ARGUMENT,
                "shape must not be NULL");
    if (spk_dtype_size(dtype) != 0)
        item_size = spk_dtype_size(dtype);
    SPK_REQUIRE(ctx, item_size >= 0 && (dtype != SPK_DTYPE_TEXT || item_size % 4 == 0),
                SPK_ERR_ARGUMENT,
                "item_size must be >= 0, of text a multiple of 4, got %d",
                (int)item_size);

    /* Also with an empty dimension the others must multiply to a size in range, so that
     * strides never overflow. */
    int64_t n_bytes = item_size == 0 ? 1 : item_size, n_elements = 1;
    *array =
        (spk_array){.dtype = dtype, .n_dimensions = n_dimensions, .item_size = item_size};
    for (int32_t d = 0; d < SPK_ARRAY_MAX_DIMENSIONS; d++) {
        array->shape[d] = d < n_dimensions ? shape[d] : 1;
        SPK_REQUIRE(ctx, array->shape[d] >= 0, SPK_ERR_ARGUMENT,
                    "shape[%d] must be >= 0, got %lld", (int)d,
                    (long long)array->shape[d]);
        int64_t length = array->shape[d] == 0 ? 1 : array->shape[d];
        if (__builtin_mul_overflow(n_bytes, length, &n_bytes) || n_bytes > PTRDIFF_MAX)
            return spk__fail(ctx, SPK_ERR_OVERFLOW, "the shape has too many elements");
        n_elements *= array->shape[d];
    }
    array->n_elements = n_elements;
    return SPK_OK;
}

spk_status spk__array_check(spk_context *ctx, const spk_array *array)
{
    spk_array same;
    SPK_REQUIRE(ctx, array != NULL, SPK_ERR_ARGUMENT, "array must not be NULL");
    spk_status status = spk__array_describe(ctx, array->dtype, array->item_size,
                                            array->n_dimensions, array->shape, &same);
    if (status != SPK_OK)
        return status;
    SPK_REQUIRE(ctx, array->n_elements == same.n_elements, SPK_ERR_ARGUMENT,
                "n_elements must be the product of shape, %lld, got %lld",
                (long long)same.n_elements, (long long)array->n_elements);
    SPK_REQUIRE(ctx, array->item_size == same.item_size, SPK_ERR_ARGUMENT,
                "item_size of %s must be %d, got %d", spk_dtype_name(array->dtype),
                (int)same.item_size, (int)array->item_size);
    SPK_REQUIRE(ctx, array->data != NULL || array->n_elements == 0, SPK_ERR_ARGUMENT,
                "data must not be NULL");
    return SPK_OK;
}

size_t spk__array_bytes(const spk_array *array)
{
    return (size_t)array->n_elements * (size_t)array->item_size;
}

int spk__array_is_vector(const spk_array *array)
{
    int n_long = 0;
    for (int32_t d = 0; d < array->n_dimensions; d++)
        n_long += array->shape[d] != 1;
    return array->n_dimensions >= 1 && n_long <= 1;
}

int spk__array_is_plain(const spk_array *array)
{
    return !array->swapped && (!array->fortran_order || array->n_elements <= 1 ||
                               array->n_dimensions == 0 || spk__array_is_vector(array));
}

void spk__array_shape_text(const spk_array *array, char text[128])
{
    int used = snprintf(text, 128, "(");
    for (int32_t d = 0; d < array->n_dimensions && used < 100; d++)
        used += snprintf(text + used, (size_t)(128 - used), d == 0 ? "%lld" : ", %lld",
                         (long long)array->shape[d]);
    snprintf(text + used, (size_t)(128 - used), array->n_dimensions == 1 ? ",)" : ")");
}

spk_status spk_array_to_int64(spk_context *ctx, const spk_array *array, int64_t *out)
{
    spk_status status = spk__array_check(ctx, array);
    if (status != SPK_OK)
        return status;
    SPK_REQUIRE(ctx, out != NULL || array->n_elements == 0, SPK_ERR_ARGUMENT,
                "out must not be NULL");
    return spk__array_read_int64(ctx, "array", array, 0, array->n_elements, out);
}

spk_status spk_array_to_double(spk_context *ctx, const spk_array *array, double *out)
{
    spk_status status = spk__array_check(ctx, array);
    if (status != SPK_OK)
        return status;
    SPK_REQUIRE(ctx, out != NULL || array->n_elements == 0, SPK_ERR_ARGUMENT,
                "out must not be NULL");
    return spk__array_read_double(ctx, "array", array, 0, array->n_elements, out);
}
