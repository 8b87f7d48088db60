/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A unit's spikes lie far apart in the table, so every value is a line of memory of its own:
 * the lines of spikes to come are asked for ahead.
 */
#include "sorting/spike_values.h"

#include "base/check.h"
#include "files/array_convert.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

enum {
    AHEAD = 32 /* spikes */
};

#define GATHER_LOOP(read)                                                                \
    do {                                                                                 \
        const int64_t n_ahead = n > AHEAD ? n - AHEAD : 0;                               \
        int64_t i = 0;                                                                   \
        for (; i < n_ahead; i++) {                                                       \
            __builtin_prefetch(from + stride * (int64_t)indices[i + AHEAD]);             \
            const uint8_t *at = from + stride * (int64_t)indices[i];                     \
            out[i] = read;                                                               \
        }                                                                                \
        for (; i < n; i++) {                                                             \
            const uint8_t *at = from + stride * (int64_t)indices[i];                     \
            out[i] = read;                                                               \
        }                                                                                \
    } while (0)

#define STREAM_LOOP(read)                                                                \
    do {                                                                                 \
        const uint8_t *at = from;                                                        \
        for (int64_t i = 0; i < n; i++, at += stride)                                    \
            out[i] = read;                                                               \
    } while (0)

static inline double read_float(const uint8_t *at)
{
    float value;
    memcpy(&value, at, sizeof value);
    return value;
}

static inline double read_double(const uint8_t *at)
{
    double value;
    memcpy(&value, at, sizeof value);
    return value;
}

spk_status spk__spike_values(spk_context *ctx, const spk_array *array, int64_t column,
                             const uint32_t *indices, int64_t n, double *out)
{
    const int64_t n_columns = array->n_dimensions == 2 ? array->shape[1] : 1;
    SPK_REQUIRE(ctx, spk_dtype_size(array->dtype) != 0, SPK_ERR_ARGUMENT,
                "expected numbers, found text");
    SPK_REQUIRE(ctx, array->n_dimensions == 1 || array->n_dimensions == 2,
                SPK_ERR_ARGUMENT, "expected a vector or a matrix, found %d dimensions",
                (int)array->n_dimensions);
    SPK_REQUIRE(ctx, column >= 0 && column < n_columns, SPK_ERR_ARGUMENT,
                "column must be in 0 .. %" PRId64 ", got %" PRId64, n_columns - 1,
                column);
    if (n == 0)
        return SPK_OK;
    const int64_t size = array->item_size;
    const int64_t stride = array->fortran_order ? size : size * n_columns;
    const uint8_t *from = (const uint8_t *)array->data +
                          column * (array->fortran_order ? size * array->shape[0] : size);
    if (array->dtype == SPK_DTYPE_FLOAT32 && !array->swapped) {
        if (indices != NULL)
            GATHER_LOOP(read_float(at));
        else
            STREAM_LOOP(read_float(at));
    } else if (array->dtype == SPK_DTYPE_FLOAT64 && !array->swapped) {
        if (indices != NULL)
            GATHER_LOOP(read_double(at));
        else
            STREAM_LOOP(read_double(at));
    } else {
        if (indices != NULL)
            GATHER_LOOP(spk__array_element_double(array, at));
        else
            STREAM_LOOP(spk__array_element_double(array, at));
    }
    return SPK_OK;
}

spk_status spk__spike_values_check(spk_context *ctx, const char *name,
                                   const spk_array *array, int64_t n_spikes,
                                   int64_t column)
{
    SPK_REQUIRE(ctx, array != NULL, SPK_ERR_ARGUMENT, "%s is NULL", name);
    const spk_status status = spk__array_check(ctx, array);
    if (status != SPK_OK)
        return status;
    char shape[128];
    spk__array_shape_text(array, shape);
    SPK_REQUIRE(ctx,
                array->n_dimensions >= 1 && array->n_dimensions <= 2 &&
                    array->shape[0] == n_spikes,
                SPK_ERR_ARGUMENT,
                "%s: expected a row for each of %" PRId64 " spikes, found shape %s", name,
                n_spikes, shape);
    SPK_REQUIRE(ctx, column >= 0 && column < array->shape[1], SPK_ERR_ARGUMENT,
                "%s: no column %" PRId64 " in shape %s", name, column, shape);
    SPK_REQUIRE(ctx, spk_dtype_size(array->dtype) != 0, SPK_ERR_ARGUMENT,
                "%s: expected numbers, found %s", name, spk_dtype_name(array->dtype));
    return SPK_OK;
}

int64_t spk__keep_finite(const spk_train *train, int64_t *samples, double *values)
{
    int64_t n = 0;
    for (int64_t i = 0; i < train->n_spikes; i++) {
        samples[n] = train->samples[i];
        values[n] = values[i];
        n += isfinite(values[i]) != 0;
    }
    return n;
}

spk_status spk__finite_values(spk_context *ctx, const spk_array *array, int64_t column,
                              const spk_train *train, int64_t *samples, double *out,
                              int64_t *n)
{
    const spk_status status =
        spk__spike_values(ctx, array, column, train->indices, train->n_spikes, out);
    if (status == SPK_OK)
        *n = spk__keep_finite(train, samples, out);
    return status;
}
