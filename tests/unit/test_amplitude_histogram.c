/* SPDX-License-Identifier: BSD-3-Clause */
#include "sorting/amplitude_histogram.h"
#include "suite.h"

#include <float.h>
#include <math.h>
#include <spikekit/random.h>
#include <stdlib.h>

enum {
    MOST = 2000,
    BINS = 600
};

static int compare(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Bins of width 1: the last one is closed, the others half-open. */
static void hand_worked(void)
{
    const double sorted[] = {0, 0.5, 1, 1, 2, 3.5, 4};
    double edges[5];
    int64_t counts[4];
    CU_ASSERT(spk__histogram(sorted, 7, 4, 0, edges, counts));
    const int64_t expected[] = {2, 2, 1, 2};
    for (int b = 0; b < 4; b++) {
        CU_ASSERT_EQUAL(counts[b], expected[b]);
        CU_ASSERT_EQUAL(edges[b], b);
    }
    CU_ASSERT_EQUAL(edges[4], 4);
    const double fixed[] = {0.5, 1, 2};
    spk__histogram_count(sorted, 7, fixed, 2, counts);
    CU_ASSERT_EQUAL(counts[0], 1);
    CU_ASSERT_EQUAL(counts[1], 3);
}

static void equal_values_and_values_too_close(void)
{
    const double same[] = {7, 7, 7}, close[] = {1, 1 + DBL_EPSILON};
    double edges[BINS + 1];
    int64_t counts[BINS];
    for (int is_float = 0; is_float < 2; is_float++) {
        CU_ASSERT(spk__histogram(same, 3, 4, is_float, edges, counts));
        CU_ASSERT_EQUAL(edges[0], 6.5);
        CU_ASSERT_EQUAL(edges[4], 7.5);
        CU_ASSERT_EQUAL(counts[2], 3);
    }
    CU_ASSERT(!spk__histogram(close, 2, 100, 0, edges, counts));
}

/* Each value by itself into the bin whose edges it lies between. */
static void equals_one_value_at_a_time(void)
{
    static double values[MOST], edges[BINS + 1];
    static int64_t counts[BINS], expected[BINS];
    spk_random random = {.seed = 8};
    for (int repeat = 0; repeat < 60; repeat++) {
        const int64_t n = 1 + (int64_t)(spk_random_uniform(&random) * (MOST - 1));
        const int64_t n_bins = 1 + (int64_t)(spk_random_uniform(&random) * (BINS - 1));
        for (int64_t i = 0; i < n; i++) {
            const double value = spk_random_uniform(&random) * 100 - 20;
            /* some on a grid, so that they meet edges */
            values[i] = repeat % 2 != 0 ? floor(value) : (double)(float)value;
        }
        qsort(values, (size_t)n, sizeof *values, compare);
        CU_ASSERT_FATAL(
            spk__histogram(values, n, n_bins, repeat % 3 == 0, edges, counts));
        memset(expected, 0, sizeof expected);
        int64_t wrong = 0, total = 0;
        for (int64_t i = 0; i < n; i++)
            for (int64_t b = 0; b < n_bins; b++)
                expected[b] += values[i] >= edges[b] &&
                               (values[i] < edges[b + 1] ||
                                (b == n_bins - 1 && values[i] <= edges[b + 1]));
        for (int64_t b = 0; b < n_bins; b++) {
            wrong += counts[b] != expected[b];
            total += counts[b];
        }
        CU_ASSERT_EQUAL(wrong, 0);
        CU_ASSERT_EQUAL(total, n);
    }
}

/* The sum over the kernel, place by place. Each sum has at most 401 terms of one sign. */
static void smoothing_equals_its_definition(void)
{
    static double in[BINS], out[BINS], scratch[BINS + 2 * SPK__SMOOTHING_RADIUS];
    static const double sigmas[] = {0.3, 1, 3, 4, 50};
    spk_random random = {.seed = 9};
    for (int64_t n = 1; n <= 90; n += 1 + n / 4)
        for (size_t s = 0; s < sizeof sigmas / sizeof sigmas[0]; s++)
            for (int edge = 0; edge < 2; edge++) {
                double whole = 0, total_in = 0, total_out = 0;
                const int64_t radius = (int64_t)(4 * sigmas[s] + 0.5);
                for (int64_t i = 0; i < n; i++)
                    total_in += in[i] = floor(spk_random_uniform(&random) * 50);
                for (int64_t k = -radius; k <= radius; k++)
                    whole += exp(-0.5 * (double)(k * k) / (sigmas[s] * sigmas[s]));
                spk__gaussian_smooth(in, n, sigmas[s], edge, scratch, out);
                for (int64_t i = 0; i < n; i++) {
                    double sum = 0;
                    for (int64_t k = -radius; k <= radius; k++) {
                        int64_t at = i + k;
                        if (edge == SPK__SMOOTHING_NEAREST)
                            at = at < 0 ? 0 : at >= n ? n - 1 : at;
                        while (at < 0 || at >= n) /* mirror until inside */
                            at = at < 0 ? -1 - at : 2 * n - 1 - at;
                        sum += in[at] *
                               exp(-0.5 * (double)(k * k) / (sigmas[s] * sigmas[s]));
                    }
                    CU_ASSERT(fabs(out[i] - sum / whole) <= 1000 * DBL_EPSILON * 50);
                    total_out += out[i];
                }
                if (edge == SPK__SMOOTHING_REFLECT) /* nothing is lost */
                    CU_ASSERT(fabs(total_out - total_in) <=
                              1e5 * DBL_EPSILON * (1 + total_in));
            }
}

/* <w, smooth(h)> = <back(w), h>. */
static void smoothing_back_is_the_transpose(void)
{
    static double h[BINS], w[BINS], smooth[BINS], back[BINS],
        scratch[BINS + 2 * SPK__SMOOTHING_RADIUS];
    spk_random random = {.seed = 10};
    for (int64_t n = 1; n <= 120; n += 17)
        for (double sigma = 0.4; sigma < 50; sigma *= 3) {
            double one = 0, other = 0;
            for (int64_t i = 0; i < n; i++) {
                h[i] = spk_random_uniform(&random);
                w[i] = spk_random_uniform(&random) - 0.5;
            }
            spk__gaussian_smooth(h, n, sigma, SPK__SMOOTHING_NEAREST, scratch, smooth);
            spk__gaussian_smooth_back(w, n, sigma, back);
            for (int64_t i = 0; i < n; i++) {
                one += w[i] * smooth[i];
                other += back[i] * h[i];
            }
            CU_ASSERT(fabs(one - other) <= 1e4 * DBL_EPSILON);
        }
}

static const suite_test tests[] = {
    {"hand worked", hand_worked},
    {"equal values, and values too close", equal_values_and_values_too_close},
    {"equals one value at a time", equals_one_value_at_a_time},
    {"smoothing equals its definition", smoothing_equals_its_definition},
    {"smoothing back is the transpose", smoothing_back_is_the_transpose},
};

SUITE_MAIN("amplitude_histogram", tests)
