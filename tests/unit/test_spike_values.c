/* SPDX-License-Identifier: BSD-3-Clause */
#include "files/array_convert.h"
#include "sorting/spike_values.h"
#include "suite.h"

#include <math.h>

enum {
    ROWS = 100,
    COLUMNS = 3
};

/* Rows in an order that rises, with gaps, as a unit's spikes have. */
static int64_t some_rows(uint32_t *indices)
{
    int64_t n = 0;
    for (uint32_t k = 0; k < ROWS; k += 1 + k % 3)
        indices[n++] = k;
    return n;
}

static void describe(spk_array *array, int32_t dtype, int32_t n_dimensions,
                     int64_t columns, void *data)
{
    const int64_t shape[2] = {ROWS, columns};
    CU_ASSERT_EQUAL_FATAL(spk__array_describe(NULL, dtype, 0, n_dimensions, shape, array),
                          SPK_OK);
    array->data = data;
}

/* Turns each element of `size` bytes round. */
static void swap_bytes(uint8_t *bytes, int64_t n, int32_t size)
{
    for (int64_t i = 0; i < n; i++)
        for (int32_t k = 0; k < size / 2; k++) {
            const uint8_t byte = bytes[i * size + k];
            bytes[i * size + k] = bytes[i * size + size - 1 - k];
            bytes[i * size + size - 1 - k] = byte;
        }
}

/* Small whole numbers, which every type holds; row and column tell them apart. */
static int expected(int64_t row, int64_t column)
{
    return (int)(row % 40 * COLUMNS + column) % 120;
}

static void fill(void *data, int32_t dtype, int fortran)
{
    for (int64_t r = 0; r < ROWS; r++)
        for (int64_t c = 0; c < COLUMNS; c++) {
            const int64_t at = fortran ? c * ROWS + r : r * COLUMNS + c;
            const int v = expected(r, c);
            switch (dtype) {
            case SPK_DTYPE_BOOL:
                ((uint8_t *)data)[at] = v != 0;
                break;
            case SPK_DTYPE_INT8:
            case SPK_DTYPE_UINT8:
                ((uint8_t *)data)[at] = (uint8_t)v;
                break;
            case SPK_DTYPE_INT16:
            case SPK_DTYPE_UINT16:
                ((uint16_t *)data)[at] = (uint16_t)v;
                break;
            case SPK_DTYPE_INT32:
            case SPK_DTYPE_UINT32:
                ((uint32_t *)data)[at] = (uint32_t)v;
                break;
            case SPK_DTYPE_INT64:
            case SPK_DTYPE_UINT64:
                ((uint64_t *)data)[at] = (uint64_t)v;
                break;
            case SPK_DTYPE_FLOAT16: { /* normal numbers 1 .. 2047 by hand */
                int exponent = 0;
                while (v >> (exponent + 1) != 0)
                    exponent++;
                ((uint16_t *)data)[at] =
                    v == 0 ? 0
                           : (uint16_t)((exponent + 15) << 10 |
                                        ((v << (10 - exponent)) & 1023));
                break;
            }
            case SPK_DTYPE_FLOAT32:
                ((float *)data)[at] = (float)v;
                break;
            default:
                ((double *)data)[at] = v;
            }
        }
}

static void every_type_and_layout(void)
{
    static union {
        uint8_t bytes[ROWS * COLUMNS * 8];
        double align;
    } data;
    uint32_t indices[ROWS];
    double out[ROWS];
    const int64_t n = some_rows(indices);
    CU_ASSERT_FATAL(n > 40 && n < ROWS);
    for (int32_t dtype = SPK_DTYPE_BOOL; dtype <= SPK_DTYPE_FLOAT64; dtype++)
        for (int layout = 0; layout < 4; layout++)
            for (int64_t column = 0; column < COLUMNS; column++) {
                spk_array array;
                describe(&array, dtype, 2, COLUMNS, data.bytes);
                array.fortran_order = layout & 1;
                array.swapped = layout >> 1;
                fill(data.bytes, dtype, layout & 1);
                if (array.swapped)
                    swap_bytes(data.bytes, ROWS * COLUMNS, array.item_size);
                CU_ASSERT_EQUAL(spk__spike_values(NULL, &array, column, indices, n, out),
                                SPK_OK);
                for (int64_t i = 0; i < n; i++) {
                    const int v = expected(indices[i], column);
                    CU_ASSERT_EQUAL(out[i], dtype == SPK_DTYPE_BOOL ? v != 0 : v);
                }
                CU_ASSERT_EQUAL(spk__spike_values(NULL, &array, column, NULL, ROWS, out),
                                SPK_OK);
                for (int64_t i = 0; i < ROWS; i++) {
                    const int v = expected(i, column);
                    CU_ASSERT_EQUAL(out[i], dtype == SPK_DTYPE_BOOL ? v != 0 : v);
                }
            }
}

static void vectors_and_what_is_not_finite(void)
{
    float values[ROWS];
    double out[ROWS];
    for (int i = 0; i < ROWS; i++)
        values[i] = (float)i / 7;
    values[3] = NAN;
    values[5] = -INFINITY;
    spk_array array;
    for (int32_t n_dimensions = 1; n_dimensions <= 2; n_dimensions++) {
        describe(&array, SPK_DTYPE_FLOAT32, n_dimensions, 1, values);
        CU_ASSERT_EQUAL(spk__spike_values(NULL, &array, 0, NULL, ROWS, out), SPK_OK);
        CU_ASSERT(isnan(out[3]));
        CU_ASSERT_EQUAL(out[5], -(double)INFINITY);
        CU_ASSERT_EQUAL(out[9], (double)((float)9 / 7));
        array.fortran_order = 1;
        const uint32_t last = ROWS - 1;
        CU_ASSERT_EQUAL(spk__spike_values(NULL, &array, 0, &last, 1, out), SPK_OK);
        CU_ASSERT_EQUAL(out[0], (double)((float)99 / 7));
    }
    CU_ASSERT_EQUAL(spk__spike_values(NULL, &array, 0, NULL, 0, NULL), SPK_OK);
}

static void errors(void)
{
    spk_context *ctx = NULL;
    CU_ASSERT_EQUAL_FATAL(spk_context_create(&ctx), SPK_OK);
    double values[ROWS * COLUMNS], out[1];
    spk_array array;
    describe(&array, SPK_DTYPE_FLOAT64, 2, COLUMNS, values);
    CU_ASSERT_EQUAL(spk__spike_values(ctx, &array, 3, NULL, 1, out), SPK_ERR_ARGUMENT);
    CU_ASSERT_STRING_EQUAL(spk_context_message(ctx), "column must be in 0 .. 2, got 3");
    CU_ASSERT_EQUAL(spk__spike_values(ctx, &array, -1, NULL, 1, out), SPK_ERR_ARGUMENT);
    array.n_dimensions = 3;
    CU_ASSERT_EQUAL(spk__spike_values(ctx, &array, 0, NULL, 1, out), SPK_ERR_ARGUMENT);
    CU_ASSERT_STRING_EQUAL(spk_context_message(ctx),
                           "expected a vector or a matrix, found 3 dimensions");
    array.n_dimensions = 2;
    array.dtype = SPK_DTYPE_TEXT;
    CU_ASSERT_EQUAL(spk__spike_values(ctx, &array, 0, NULL, 1, out), SPK_ERR_ARGUMENT);
    CU_ASSERT_STRING_EQUAL(spk_context_message(ctx), "expected numbers, found text");
    spk_context_destroy(ctx);
}

static const suite_test tests[] = {
    {"every type and layout", every_type_and_layout},
    {"vectors, and what is not finite", vectors_and_what_is_not_finite},
    {"errors", errors},
};

SUITE_MAIN("spike_values", tests)
