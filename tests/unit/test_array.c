/* SPDX-License-Identifier: BSD-3-Clause */
#include "files/array_convert.h"
#include "suite.h"

#include <math.h>
#include <spikekit/array.h>

static spk_context *ctx;

static void fails(spk_status found, spk_status wanted, const char *words)
{
    CU_ASSERT_EQUAL(found, wanted);
    if (strstr(spk_context_message(ctx), words) == NULL) {
        printf("expected '%s' in '%s'\n", words, spk_context_message(ctx));
        CU_FAIL("message");
    }
}

static spk_array vector(int32_t dtype, int64_t n, const void *data)
{
    spk_array array;
    CU_ASSERT_FATAL(spk__array_describe(ctx, dtype, 0, 1, &n, &array) == SPK_OK);
    array.data = data;
    return array;
}

static void names_and_sizes(void)
{
    static const char *const names[] = {
        "bool",   "int8",   "int16",   "int32",   "int64",   "uint8", "uint16",
        "uint32", "uint64", "float16", "float32", "float64", "text",  "bytes"};
    static const int sizes[] = {1, 1, 2, 4, 8, 1, 2, 4, 8, 2, 4, 8, 0, 0};
    for (int dtype = 0; dtype <= SPK_DTYPE_BYTES; dtype++) {
        CU_ASSERT_STRING_EQUAL(spk_dtype_name(dtype), names[dtype]);
        CU_ASSERT_EQUAL(spk_dtype_size(dtype), sizes[dtype]);
    }
    CU_ASSERT_PTR_NULL(spk_dtype_name(-1));
    CU_ASSERT_PTR_NULL(spk_dtype_name(14));
    CU_ASSERT_EQUAL(spk_dtype_size(-1), 0);
    CU_ASSERT_EQUAL(spk_dtype_size(14), 0);
}

static void converts_by_hand(void)
{
    const int8_t small[] = {-128, 0, 127};
    const uint64_t large[] = {0, INT64_MAX};
    const float floats[] = {-2.0f, 0x1p62f};
    const uint8_t truth[] = {0, 1, 7};
    int64_t out[3];
    double numbers[3];
    spk_array a = vector(SPK_DTYPE_INT8, 3, small);
    CU_ASSERT_EQUAL(spk_array_to_int64(ctx, &a, out), SPK_OK);
    CU_ASSERT(out[0] == -128 && out[1] == 0 && out[2] == 127);
    a = vector(SPK_DTYPE_UINT64, 2, large);
    CU_ASSERT_EQUAL(spk_array_to_int64(ctx, &a, out), SPK_OK);
    CU_ASSERT(out[0] == 0 && out[1] == INT64_MAX);
    CU_ASSERT_EQUAL(spk_array_to_double(ctx, &a, numbers), SPK_OK);
    CU_ASSERT(numbers[1] == 0x1p63);
    a = vector(SPK_DTYPE_FLOAT32, 2, floats);
    CU_ASSERT_EQUAL(spk_array_to_int64(ctx, &a, out), SPK_OK);
    CU_ASSERT(out[0] == -2 && out[1] == (int64_t)1 << 62);
    a = vector(SPK_DTYPE_BOOL, 3, truth);
    CU_ASSERT_EQUAL(spk_array_to_double(ctx, &a, numbers), SPK_OK);
    CU_ASSERT(numbers[0] == 0 && numbers[1] == 1 && numbers[2] == 1);
    a = vector(SPK_DTYPE_INT32, 0, NULL);
    CU_ASSERT_EQUAL(spk_array_to_int64(ctx, &a, NULL), SPK_OK);
}

static void every_half_float(void)
{
    /* Definition: sign, 5 bits of exponent biased by 15, 10 bits of fraction. */
    uint16_t bits[1];
    double value;
    for (uint32_t k = 0; k < 0x10000; k++) {
        bits[0] = (uint16_t)k;
        spk_array a = vector(SPK_DTYPE_FLOAT16, 1, bits);
        CU_ASSERT_EQUAL(spk_array_to_double(ctx, &a, &value), SPK_OK);
        int exponent = (int)(k >> 10 & 31), fraction = (int)(k & 1023);
        double wanted = exponent == 0 ? pow(2, -14) * fraction / 1024
                                      : pow(2, exponent - 15) * (1 + fraction / 1024.0);
        if (exponent == 31)
            wanted = fraction == 0 ? HUGE_VAL : NAN;
        wanted = k & 0x8000 ? -wanted : wanted;
        CU_ASSERT((isnan(wanted) && isnan(value)) || wanted == value);
    }
}

/* Element (i, j, k) of the array is 100 i + 10 j + k, in either order of layout and bytes. */
static void layouts_and_byte_orders(void)
{
    for (int fortran = 0; fortran < 2; fortran++)
        for (int swapped = 0; swapped < 2; swapped++) {
            uint8_t bytes[2 * 3 * 4 * 2];
            const int64_t shape[] = {2, 3, 4};
            int64_t out[24], piece[5];
            double numbers[24];
            int16_t plain[24];
            for (int i = 0; i < 2; i++)
                for (int j = 0; j < 3; j++)
                    for (int k = 0; k < 4; k++) {
                        int place = fortran ? i + 2 * (j + 3 * k) : k + 4 * (j + 3 * i);
                        int16_t value = (int16_t)(100 * i + 10 * j + k);
                        uint8_t pair[2];
                        memcpy(pair, &value, 2);
                        bytes[2 * place] = pair[swapped];
                        bytes[2 * place + 1] = pair[!swapped];
                    }
            spk_array a;
            CU_ASSERT_FATAL(spk__array_describe(ctx, SPK_DTYPE_INT16, 0, 3, shape, &a) ==
                            SPK_OK);
            a.data = bytes;
            a.fortran_order = fortran;
            a.swapped = swapped;
            CU_ASSERT_EQUAL(spk_array_to_int64(ctx, &a, out), SPK_OK);
            CU_ASSERT_EQUAL(spk_array_to_double(ctx, &a, numbers), SPK_OK);
            spk__array_copy_plain(&a, plain);
            for (int n = 0; n < 24; n++) {
                int64_t wanted = 100 * (n / 12) + 10 * (n / 4 % 3) + n % 4;
                CU_ASSERT(out[n] == wanted && numbers[n] == (double)wanted &&
                          plain[n] == wanted);
            }
            CU_ASSERT_EQUAL(spk__array_read_int64(ctx, "", &a, 9, 5, piece), SPK_OK);
            CU_ASSERT(memcmp(piece, out + 9, sizeof piece) == 0);
            const int64_t order[] = {1, 0};
            spk__array_take_rows(&a, order, plain);
            for (int n = 0; n < 24; n++)
                CU_ASSERT_EQUAL(plain[n], out[(n + 12) % 24]);
        }
}

static void swapped_text_keeps_its_characters(void)
{
    const uint8_t big[] = {0, 0, 0, 'a', 0, 0, 3, 0xbc};
    const uint32_t wanted[] = {'a', 0x3bc};
    uint32_t plain[2];
    spk_array a;
    CU_ASSERT_FATAL(spk__array_describe(ctx, SPK_DTYPE_TEXT, 8, 0, NULL, &a) == SPK_OK);
    a.data = big;
    a.swapped = 1; /* on a little-endian machine */
    spk__array_copy_plain(&a, plain);
    CU_ASSERT(memcmp(plain, wanted, sizeof plain) == 0);
}

static void describes_shapes(void)
{
    const int64_t shape[] = {2, 0, 5};
    const int64_t long_shape[] = {(int64_t)1 << 40, (int64_t)1 << 40};
    const int64_t empty_but_long[] = {0, INT64_MAX, 3};
    const int64_t negative[] = {-1};
    char text[128];
    spk_array a;
    CU_ASSERT_EQUAL(spk__array_describe(ctx, SPK_DTYPE_INT32, 0, 3, shape, &a), SPK_OK);
    CU_ASSERT(a.n_elements == 0 && a.item_size == 4 && a.shape[3] == 1);
    spk__array_shape_text(&a, text);
    CU_ASSERT_STRING_EQUAL(text, "(2, 0, 5)");
    a.n_dimensions = 1;
    spk__array_shape_text(&a, text);
    CU_ASSERT_STRING_EQUAL(text, "(2,)");
    a.n_dimensions = 0;
    spk__array_shape_text(&a, text);
    CU_ASSERT_STRING_EQUAL(text, "()");
    fails(spk__array_describe(ctx, SPK_DTYPE_INT8, 0, 2, long_shape, &a),
          SPK_ERR_OVERFLOW, "too many");
    fails(spk__array_describe(ctx, SPK_DTYPE_INT8, 0, 3, empty_but_long, &a),
          SPK_ERR_OVERFLOW, "too many");
    fails(spk__array_describe(ctx, SPK_DTYPE_INT8, 0, 1, negative, &a), SPK_ERR_ARGUMENT,
          "shape[0] must be >= 0, got -1");
    fails(spk__array_describe(ctx, 99, 0, 1, shape, &a), SPK_ERR_ARGUMENT, "got 99");
    fails(spk__array_describe(ctx, SPK_DTYPE_INT8, 0, 9, shape, &a), SPK_ERR_ARGUMENT,
          "0 .. 8, got 9");
    fails(spk__array_describe(ctx, SPK_DTYPE_INT8, 0, 1, NULL, &a), SPK_ERR_ARGUMENT,
          "shape");
    fails(spk__array_describe(ctx, SPK_DTYPE_TEXT, 6, 1, shape, &a), SPK_ERR_ARGUMENT,
          "item_size");
}

static void errors_name_the_element(void)
{
    const double values[] = {1, 2.5, NAN};
    const double wide[] = {0, 0x1p63}, lowest[] = {-0x1p63, INFINITY};
    const uint64_t large[] = {1, (uint64_t)1 << 63};
    int64_t out[3];
    double numbers[3];
    spk_array a = vector(SPK_DTYPE_FLOAT64, 3, values);
    fails(spk_array_to_int64(ctx, &a, out), SPK_ERR_FORMAT, "found 2.5 at index 1");
    CU_ASSERT_EQUAL(spk_array_to_double(ctx, &a, numbers), SPK_OK);
    CU_ASSERT(isnan(numbers[2]));
    a.data = values + 2;
    a.n_elements = a.shape[0] = 1;
    fails(spk_array_to_int64(ctx, &a, out), SPK_ERR_FORMAT, "nan at index 0");
    a = vector(SPK_DTYPE_FLOAT64, 2, wide);
    fails(spk_array_to_int64(ctx, &a, out), SPK_ERR_OVERFLOW, "at index 1");
    a = vector(SPK_DTYPE_FLOAT64, 2, lowest);
    fails(spk_array_to_int64(ctx, &a, out), SPK_ERR_FORMAT, "inf at index 1");
    CU_ASSERT_EQUAL(out[0], INT64_MIN);
    a = vector(SPK_DTYPE_UINT64, 2, large);
    fails(spk_array_to_int64(ctx, &a, out), SPK_ERR_OVERFLOW,
          "9223372036854775808 at index 1");
    a.fortran_order = a.swapped = 1; /* the slow way: byte order turned, 1 is now 2^56 */
    fails(spk_array_to_int64(ctx, &a, out), SPK_OK, "");

    fails(spk_array_to_int64(ctx, NULL, out), SPK_ERR_ARGUMENT, "array");
    fails(spk_array_to_double(ctx, NULL, numbers), SPK_ERR_ARGUMENT, "array");
    fails(spk_array_to_int64(ctx, &a, NULL), SPK_ERR_ARGUMENT, "out");
    fails(spk_array_to_double(ctx, &a, NULL), SPK_ERR_ARGUMENT, "out");
    a.n_elements = 3;
    fails(spk_array_to_int64(ctx, &a, out), SPK_ERR_ARGUMENT, "n_elements");
    a = vector(SPK_DTYPE_INT8, 2, NULL);
    fails(spk_array_to_double(ctx, &a, numbers), SPK_ERR_ARGUMENT, "data");
    a = vector(SPK_DTYPE_INT8, 2, large);
    a.item_size = 2;
    fails(spk_array_to_double(ctx, &a, numbers), SPK_ERR_ARGUMENT, "item_size of int8");
    a = vector(SPK_DTYPE_BYTES, 0, NULL);
    fails(spk_array_to_double(ctx, &a, numbers), SPK_ERR_FORMAT, "text");
    fails(spk_array_to_int64(ctx, &a, out), SPK_ERR_FORMAT, "text");
    CU_ASSERT_EQUAL(spk_array_to_int64(NULL, NULL, out), SPK_ERR_ARGUMENT);
}

static const suite_test tests[] = {
    {"names and sizes", names_and_sizes},
    {"converts by hand", converts_by_hand},
    {"every half float", every_half_float},
    {"layouts and byte orders", layouts_and_byte_orders},
    {"swapped text", swapped_text_keeps_its_characters},
    {"describes shapes", describes_shapes},
    {"errors name the element", errors_name_the_element},
};

int main(void)
{
    if (spk_context_create(&ctx) != SPK_OK)
        return 1;
    int result = suite_run("array", tests, (int)(sizeof tests / sizeof tests[0]));
    spk_context_destroy(ctx);
    return result;
}
