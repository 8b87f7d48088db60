/* SPDX-License-Identifier: BSD-3-Clause */
#include "files/array_convert.h"
#include "suite.h"

#include <math.h>
#include <spikekit/features.h>
#include <spikekit/random.h>
#include <stdlib.h>

static spk_context *ctx;

static spk_array cube(int32_t dtype, int64_t a, int64_t b, int64_t c, const void *data)
{
    const int64_t shape[3] = {a, b, c};
    spk_array array;
    CU_ASSERT_FATAL(spk__array_describe(ctx, dtype, 0, 3, shape, &array) == SPK_OK);
    array.data = data;
    return array;
}

static const int32_t channels[] = {0, 1, 2, 2, -1, 0};
static const double positions[] = {0, 100, 5, 140, 0, 200};

static void by_hand(void)
{
    const float values[7 * 2 * 3] = {
        3,  4,   0,  9, 9, 9, /* template 0: (9 100 + 16 140) / 25 */
        3,  -4,  0,  9, 9, 9, /* a negative component */
        1,  7,   2,  9, 9, 9, /* template 1: channels 2, none, 0 */
        0,  0,   0,  9, 9, 9, /* nothing */
        -1, -2,  -3, 9, 9, 9, /* nothing positive */
        0,  5,   0,  9, 9, 9, /* only where there is no channel */
        1,  NAN, 1,  9, 9, 9, /* NaN weighs nothing */
    };
    const int32_t rows[] = {0, 0, 1, 0, 0, 1, 0};
    const double positive[] = {125.6, 100, (200 + 4 * 100) / 5., NAN, NAN, NAN, 150};
    const double any[] = {
        125.6, 125.6, (200 + 4 * 100) / 5., NAN, (100 + 4 * 140 + 9 * 200) / 14.,
        NAN,   150};
    const spk_array array = cube(SPK_DTYPE_FLOAT32, 7, 2, 3, values);
    const spk_features f = {.values = &array,
                            .n_rows = 2,
                            .n_components = 2,
                            .n_local = 3,
                            .n_channels = 3,
                            .channels = channels,
                            .rows = rows,
                            .channel_positions_um = positions};
    for (int32_t weight = 0; weight < 2; weight++) {
        const double *wanted = weight == SPK_DEPTH_PC1 ? any : positive;
        double depths[7];
        CU_ASSERT_EQUAL(spk_features_depths(ctx, &f, weight, depths), SPK_OK);
        for (int s = 0; s < 7; s++)
            CU_ASSERT((isnan(wanted[s]) && isnan(depths[s])) ||
                      fabs(depths[s] - wanted[s]) < 1e-12);
    }
}

enum {
    N_MANY = 40000,
    N_ROWS = 11,
    N_LOCAL = 6,
    N_CHANNELS = 17
};

/* Every type, both orders of axes and bytes, any number of threads: the same depths. */
static void layouts(void)
{
    static float row_major[N_MANY * 2 * N_LOCAL], swapped[N_MANY * 2 * N_LOCAL];
    static double column_major[N_MANY * 2 * N_LOCAL];
    static int32_t rows[N_MANY], many[N_ROWS * N_LOCAL];
    static double depths[N_MANY], others[N_MANY], xy[2 * N_CHANNELS];
    static int64_t order[N_MANY];
    spk_random random = {.seed = 5};
    for (int k = 0; k < N_ROWS * N_LOCAL; k++)
        many[k] = (int32_t)(spk_random_uniform(&random) * (N_CHANNELS + 1)) - 1;
    for (int k = 0; k < 2 * N_CHANNELS; k++)
        xy[k] = 1000 * spk_random_uniform(&random);
    for (int s = 0; s < N_MANY; s++) {
        rows[s] = (int32_t)(spk_random_uniform(&random) * N_ROWS);
        order[s] = N_MANY - 1 - s;
    }
    for (int64_t k = 0; k < (int64_t)N_MANY * 2 * N_LOCAL; k++) {
        row_major[k] = (float)spk_random_normal(&random);
        const int64_t s = k / (2 * N_LOCAL), p = k / N_LOCAL % 2, l = k % N_LOCAL;
        column_major[s + N_MANY * (p + 2 * l)] = row_major[k];
        uint32_t bits;
        memcpy(&bits, &row_major[k], sizeof bits);
        bits = __builtin_bswap32(bits);
        memcpy(&swapped[k], &bits, sizeof bits);
    }
    spk_array array = cube(SPK_DTYPE_FLOAT32, N_MANY, 2, N_LOCAL, row_major);
    spk_features f = {.values = &array,
                      .n_rows = N_ROWS,
                      .n_components = 2,
                      .n_local = N_LOCAL,
                      .n_channels = N_CHANNELS,
                      .channels = many,
                      .rows = rows,
                      .channel_positions_um = xy};
    CU_ASSERT_EQUAL(spk_features_depths(ctx, &f, SPK_DEPTH_POSITIVE_PC1, depths), SPK_OK);
    /* the definition */
    int wrong = 0;
    for (int s = 0; s < N_MANY; s++) {
        double above = 0, below = 0;
        for (int l = 0; l < N_LOCAL; l++) {
            const int32_t c = many[rows[s] * N_LOCAL + l];
            const double w = pow(fmax(row_major[s * 2 * N_LOCAL + l], 0), 2);
            above += c < 0 ? 0 : w * xy[2 * c + 1];
            below += c < 0 ? 0 : w;
        }
        const double wanted = above / below;
        wrong += isnan(wanted) != isnan(depths[s]) || fabs(wanted - depths[s]) > 1e-9;
    }
    CU_ASSERT_EQUAL(wrong, 0);
    for (int32_t threads = 1; threads <= 4; threads *= 2) {
        CU_ASSERT_EQUAL(spk_context_set_threads(ctx, threads), SPK_OK);
        for (int layout = 0; layout < 3; layout++) {
            array = cube(layout == 1 ? SPK_DTYPE_FLOAT64 : SPK_DTYPE_FLOAT32, N_MANY, 2,
                         N_LOCAL,
                         layout == 0   ? (const void *)row_major
                         : layout == 1 ? (const void *)column_major
                                       : (const void *)swapped);
            array.fortran_order = layout == 1;
            array.swapped = layout == 2;
            memset(others, 0, sizeof others);
            CU_ASSERT_EQUAL(spk_features_depths(ctx, &f, SPK_DEPTH_POSITIVE_PC1, others),
                            SPK_OK);
            int differ = 0;
            for (int s = 0; s < N_MANY; s++)
                differ +=
                    depths[s] != others[s] && !(isnan(depths[s]) && isnan(others[s]));
            CU_ASSERT_EQUAL(differ, 0);
        }
    }
    CU_ASSERT_EQUAL(spk_context_set_threads(ctx, 1), SPK_OK);
    array = cube(SPK_DTYPE_FLOAT32, N_MANY, 2, N_LOCAL, row_major);
    static int32_t reversed[N_MANY];
    for (int s = 0; s < N_MANY; s++)
        reversed[s] = rows[order[s]];
    f.order = order;
    f.rows = reversed;
    CU_ASSERT_EQUAL(spk_features_depths(ctx, &f, SPK_DEPTH_POSITIVE_PC1, others), SPK_OK);
    int differ = 0;
    for (int s = 0; s < N_MANY; s++)
        differ += depths[order[s]] != others[s] &&
                  !(isnan(depths[order[s]]) && isnan(others[s]));
    CU_ASSERT_EQUAL(differ, 0);
}

static void fails(const spk_features *f, int32_t weight, double *depths,
                  const char *words)
{
    CU_ASSERT_EQUAL(spk_features_depths(ctx, f, weight, depths), SPK_ERR_ARGUMENT);
    if (strstr(spk_context_message(ctx), words) == NULL) {
        printf("expected '%s' in '%s'\n", words, spk_context_message(ctx));
        CU_FAIL("message");
    }
}

static void errors(void)
{
    static const float values[12] = {1};
    const int32_t rows[] = {0, 1}, low[] = {0, -1}, high[] = {0, 2};
    const int32_t far[] = {0, 1, 2, 2, 3, 0}, below[] = {0, 1, 2, 2, -2, 0};
    const int64_t order[] = {0, 2};
    double depths[2];
    const spk_array array = cube(SPK_DTYPE_FLOAT32, 2, 2, 3, values);
    const spk_array integers = cube(SPK_DTYPE_INT32, 2, 2, 3, values);
    const spk_array narrow = cube(SPK_DTYPE_FLOAT32, 2, 2, 2, values);
    const spk_features good = {.values = &array,
                               .n_rows = 2,
                               .n_components = 2,
                               .n_local = 3,
                               .n_channels = 3,
                               .channels = channels,
                               .rows = rows,
                               .channel_positions_um = positions};
    CU_ASSERT_EQUAL(spk_features_depths(ctx, &good, 0, depths), SPK_OK);
    fails(NULL, 0, depths, "features is NULL");
    fails(&good, 2, depths, "weight must be an spk_depth_weight, got 2");
    fails(&good, 0, NULL, "depth_um is NULL");
    spk_features f = good;
    f.values = NULL;
    fails(&f, 0, depths, "values is NULL");
    f.values = &integers;
    fails(&f, 0, depths, "expected floats, found int32");
    f.values = &narrow;
    fails(&f, 0, depths, "expected shape (n, 2, 3), found (2, 2, 2)");
    f = good;
    f.channels = NULL;
    fails(&f, 0, depths, "channels is NULL");
    f.channels = far;
    fails(&f, 0, depths, "channels must be -1 .. 2, got 3 in row 1");
    f.channels = below;
    fails(&f, 0, depths, "got -2 in row 1");
    f = good;
    f.rows = NULL;
    fails(&f, 0, depths, "rows is NULL");
    f.rows = low;
    fails(&f, 0, depths, "rows must be 0 .. 1, got -1 at spike 1");
    f.rows = high;
    fails(&f, 0, depths, "got 2 at spike 1");
    f = good;
    f.order = order;
    fails(&f, 0, depths, "order must be 0 .. 1, got 2 at spike 1");
    f = good;
    f.channel_positions_um = NULL;
    fails(&f, 0, depths, "positions");
    f = good;
    f.n_local = 0;
    fails(&f, 0, depths, "n_local");
}

static spk_status call(spk_context *c, void *argument)
{
    double depths[2];
    CU_ASSERT_EQUAL(spk_context_set_threads(c, 2), SPK_OK);
    return spk_features_depths(c, argument, 0, depths);
}

static void allocations(void)
{
    static const float values[12] = {1};
    const int32_t rows[] = {0, 1};
    const spk_array array = cube(SPK_DTYPE_FLOAT32, 2, 2, 3, values);
    spk_features f = {.values = &array,
                      .n_rows = 2,
                      .n_components = 2,
                      .n_local = 3,
                      .n_channels = 3,
                      .channels = channels,
                      .rows = rows,
                      .channel_positions_um = positions};
    CU_ASSERT(suite_fail_allocations(call, &f) > 0);
}

int main(void)
{
    const suite_test tests[] = {{"by hand", by_hand},
                                {"layouts", layouts},
                                {"errors", errors},
                                {"allocations", allocations}};
    if (spk_context_create(&ctx) != SPK_OK)
        return 1;
    const int result =
        suite_run("features", tests, (int)(sizeof tests / sizeof tests[0]));
    spk_context_destroy(ctx);
    return result;
}
