/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Elements are read byte by byte into an integer of the right value, so that one routine does
 * every type, either byte order and any alignment. The layouts that sorters write are done
 * first, in plain loops.
 */
#include "files/array_convert.h"

#include "base/check.h"

#include <math.h>
#include <string.h>

/* Walks the elements of an array in row-major order whatever its own order is. */
typedef struct walker {
    const spk_array *array;
    int64_t index[SPK_ARRAY_MAX_DIMENSIONS];
    int64_t stride[SPK_ARRAY_MAX_DIMENSIONS]; /* bytes */
    const uint8_t *at;
} walker;

static void walk_from(walker *w, const spk_array *array, int64_t first)
{
    int64_t stride = array->item_size;
    w->array = array;
    w->at = array->data;
    for (int32_t k = 0; k < array->n_dimensions; k++) {
        int32_t d = array->fortran_order ? k : array->n_dimensions - 1 - k;
        w->stride[d] = stride;
        stride *= array->shape[d];
    }
    for (int32_t d = array->n_dimensions - 1; d >= 0; d--) {
        w->index[d] = first % array->shape[d];
        w->at += w->index[d] * w->stride[d];
        first /= array->shape[d];
    }
}

static void walk_on(walker *w)
{
    for (int32_t d = w->array->n_dimensions - 1; d >= 0; d--) {
        w->at += w->stride[d];
        if (++w->index[d] < w->array->shape[d])
            return;
        w->at -= w->stride[d] * w->array->shape[d];
        w->index[d] = 0;
    }
}

static uint64_t read_bits(const uint8_t *bytes, int32_t size, int swapped)
{
    const uint16_t one = 1;
    const int machine_is_little = *(const uint8_t *)&one == 1;
    uint64_t bits = 0;
    for (int32_t k = 0; k < size; k++)
        bits = bits << 8 | bytes[machine_is_little != swapped ? size - 1 - k : k];
    return bits;
}

static double half_to_double(uint64_t bits)
{
    int exponent = (int)(bits >> 10 & 31);
    double fraction = (double)(bits & 1023), value;
    if (exponent == 31)
        value = fraction == 0.0 ? INFINITY : NAN;
    else if (exponent == 0)
        value = ldexp(fraction, -24);
    else
        value = ldexp(fraction + 1024.0, exponent - 25);
    return bits >> 15 ? -value : value;
}

static double float_value(const spk_array *array, uint64_t bits)
{
    if (array->dtype == SPK_DTYPE_FLOAT16)
        return half_to_double(bits);
    if (array->dtype == SPK_DTYPE_FLOAT32) {
        uint32_t low = (uint32_t)bits;
        float value;
        memcpy(&value, &low, sizeof value);
        return value;
    }
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static int is_float(int32_t dtype)
{
    return dtype >= SPK_DTYPE_FLOAT16 && dtype <= SPK_DTYPE_FLOAT64;
}

/* A signed or bool element; uint64 is the caller's to look at. */
static int64_t integer_value(const spk_array *array, uint64_t bits)
{
    switch (array->dtype) {
    case SPK_DTYPE_BOOL:
        return bits != 0;
    case SPK_DTYPE_INT8:
        return (int8_t)bits;
    case SPK_DTYPE_INT16:
        return (int16_t)bits;
    case SPK_DTYPE_INT32:
        return (int32_t)bits;
    default:
        return (int64_t)bits;
    }
}

static spk_status fail_text(spk_context *ctx, const char *name)
{
    return spk__fail(ctx, SPK_ERR_FORMAT, "%s: expected numbers, found text", name);
}

static spk_status whole_number(spk_context *ctx, const char *name, int64_t index,
                               double value, int64_t *out)
{
    if (!isfinite(value) || value != floor(value))
        return spk__fail(ctx, SPK_ERR_FORMAT,
                         "%s: expected whole numbers, found %g at index %lld", name,
                         value, (long long)index);
    if (value < -0x1p63 || value >= 0x1p63)
        return spk__fail(ctx, SPK_ERR_OVERFLOW,
                         "%s: expected numbers within int64, found %g at index %lld",
                         name, value, (long long)index);
    *out = (int64_t)value;
    return SPK_OK;
}

static spk_status fail_unsigned(spk_context *ctx, const char *name, int64_t index,
                                uint64_t value)
{
    return spk__fail(ctx, SPK_ERR_OVERFLOW,
                     "%s: expected numbers within int64, found %llu at index %lld", name,
                     (unsigned long long)value, (long long)index);
}

#define COPY_LOOP(type)                                                                  \
    do {                                                                                 \
        const uint8_t *from = (const uint8_t *)array->data + first * array->item_size;   \
        for (int64_t i = 0; i < n; i++) {                                                \
            type value;                                                                  \
            memcpy(&value, from + i * (int64_t)sizeof value, sizeof value);              \
            out[i] = value;                                                              \
        }                                                                                \
    } while (0)

spk_status spk__array_read_int64(spk_context *ctx, const char *name,
                                 const spk_array *array, int64_t first, int64_t n,
                                 int64_t *out)
{
    if (spk_dtype_size(array->dtype) == 0)
        return fail_text(ctx, name);
    if (n == 0)
        return SPK_OK;
    if (spk__array_is_plain(array)) {
        if (array->dtype == SPK_DTYPE_INT64) {
            COPY_LOOP(int64_t);
            return SPK_OK;
        }
        if (array->dtype == SPK_DTYPE_INT32) {
            COPY_LOOP(int32_t);
            return SPK_OK;
        }
        if (array->dtype == SPK_DTYPE_UINT32) {
            COPY_LOOP(uint32_t);
            return SPK_OK;
        }
        if (array->dtype == SPK_DTYPE_UINT64) {
            COPY_LOOP(int64_t);
            for (int64_t i = 0; i < n; i++)
                if (out[i] < 0)
                    return fail_unsigned(ctx, name, first + i, (uint64_t)out[i]);
            return SPK_OK;
        }
    }
    walker w;
    walk_from(&w, array, first);
    for (int64_t i = 0; i < n; i++, walk_on(&w)) {
        uint64_t bits = read_bits(w.at, array->item_size, array->swapped != 0);
        spk_status status = SPK_OK;
        if (is_float(array->dtype))
            status =
                whole_number(ctx, name, first + i, float_value(array, bits), &out[i]);
        else if (array->dtype == SPK_DTYPE_UINT64 && bits > INT64_MAX)
            status = fail_unsigned(ctx, name, first + i, bits);
        else
            out[i] = integer_value(array, bits);
        if (status != SPK_OK)
            return status;
    }
    return SPK_OK;
}

double spk__array_element_double(const spk_array *array, const void *element)
{
    const uint64_t bits = read_bits(element, array->item_size, array->swapped != 0);
    if (is_float(array->dtype))
        return float_value(array, bits);
    if (array->dtype == SPK_DTYPE_UINT64)
        return (double)bits;
    return (double)integer_value(array, bits);
}

spk_status spk__array_read_double(spk_context *ctx, const char *name,
                                  const spk_array *array, int64_t first, int64_t n,
                                  double *out)
{
    if (spk_dtype_size(array->dtype) == 0)
        return fail_text(ctx, name);
    if (n == 0)
        return SPK_OK;
    if (spk__array_is_plain(array)) {
        if (array->dtype == SPK_DTYPE_FLOAT64) {
            COPY_LOOP(double);
            return SPK_OK;
        }
        if (array->dtype == SPK_DTYPE_FLOAT32) {
            COPY_LOOP(float);
            return SPK_OK;
        }
    }
    walker w;
    walk_from(&w, array, first);
    for (int64_t i = 0; i < n; i++, walk_on(&w))
        out[i] = spk__array_element_double(array, w.at);
    return SPK_OK;
}

/* The unit whose bytes are turned round: a number, or one character of 'U' text. Byte text
 * is never marked as swapped. */
static void copy_element(const spk_array *array, const uint8_t *from, uint8_t *to)
{
    if (!array->swapped) {
        memcpy(to, from, (size_t)array->item_size);
        return;
    }
    int32_t unit = array->dtype == SPK_DTYPE_TEXT ? 4 : array->item_size;
    for (int32_t start = 0; start + unit <= array->item_size; start += unit)
        for (int32_t k = 0; k < unit; k++)
            to[start + k] = from[start + unit - 1 - k];
}

void spk__array_copy_plain(const spk_array *array, void *out)
{
    uint8_t *to = out;
    size_t n_bytes = spk__array_bytes(array);
    if (n_bytes == 0)
        return;
    if (spk__array_is_plain(array)) {
        memcpy(out, array->data, n_bytes);
        return;
    }
    walker w;
    walk_from(&w, array, 0);
    for (int64_t i = 0; i < array->n_elements; i++, walk_on(&w))
        copy_element(array, w.at, to + i * array->item_size);
}

void spk__array_take_rows(const spk_array *array, const int64_t *order, void *out)
{
    uint8_t *to = out;
    if (spk__array_bytes(array) == 0)
        return;
    int64_t row_elements = array->n_elements / array->shape[0];
    for (int64_t r = 0; r < array->shape[0]; r++) {
        walker w;
        walk_from(&w, array, order[r] * row_elements);
        for (int64_t i = 0; i < row_elements; i++, walk_on(&w), to += array->item_size)
            copy_element(array, w.at, to);
    }
}
