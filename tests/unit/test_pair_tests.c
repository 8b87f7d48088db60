/* SPDX-License-Identifier: BSD-3-Clause */
/* The tests of one correlogram, each against its authors' rule written out. */
#include "correlation/pair_tests.h"
#include "correlation/significance_window.h"
#include "distributions/quantiles.h"
#include "golden.h"

#include <math.h>
#include <spikekit/distributions.h>
#include <spikekit/random.h>

static void draw_counts(int64_t *counts, int64_t n, double mean, uint32_t stream)
{
    spk_random random = {.seed = 33, .stream = stream};
    for (int64_t k = 0; k < n; k++)
        counts[k] = spk_random_poisson(&random, mean);
}

/* ---- tails ---- */

/* What is skipped is above the cut, and everything at or below it is found. */
static void skips_only_what_is_above(void)
{
    spk_random random = {.seed = 1};
    int64_t skipped = 0;
    for (int repeat = 0; repeat < 20000; repeat++) {
        const double mean = exp(-4 + 9 * spk_random_uniform(&random));
        const double spread = (sqrt(mean) + 1) * (10 * spk_random_uniform(&random) - 5);
        const int64_t count = (int64_t)fmax(0.0, mean + spread);
        const double log_cut = -12 * spk_random_uniform(&random);
        const int32_t sign = repeat % 2 ? 1 : -1;
        const double log_p = sign > 0 ? spk_poisson_log_mid_upper(count, mean)
                                      : spk_poisson_log_mid_lower(count, mean);
        if (spk__tail_is_above(count, mean, sign, log_cut)) {
            skipped++;
            CU_ASSERT(log_p > log_cut);
        }
    }
    CU_ASSERT(skipped > 10000);
    /* whole means, where the side of the mean is decided by equality */
    for (int64_t mean = 1; mean < 2000; mean++) {
        CU_ASSERT(spk_poisson_log_mid_upper(mean, (double)mean) > log(0.25));
        CU_ASSERT(spk_poisson_log_mid_lower(mean, (double)mean) > log(0.25));
    }
}

static void least_tail_by_definition(void)
{
    spk_random random = {.seed = 2};
    for (int repeat = 0; repeat < 500; repeat++) {
        int64_t counts[9];
        double means[9];
        draw_counts(counts, 9, 5.0, (uint32_t)repeat);
        for (int k = 0; k < 9; k++)
            means[k] = spk_random_uniform(&random) < 0.1
                           ? NAN
                           : 1 + 8 * spk_random_uniform(&random);
        for (int32_t sign = -1; sign <= 1; sign += 2) {
            int64_t best = -1;
            double least = INFINITY;
            for (int k = 0; k < 9; k++) {
                const double log_p = sign > 0
                                         ? spk_poisson_log_mid_upper(counts[k], means[k])
                                         : spk_poisson_log_mid_lower(counts[k], means[k]);
                if (log_p < least) {
                    least = log_p;
                    best = k;
                }
            }
            spk__pair_verdict found = spk__least_tail(counts, means, 9, sign, 0.0);
            CU_ASSERT(found.bin == best && (best < 0 || found.log_p == least));
            found = spk__least_tail(counts, means, 9, sign, -3.0);
            CU_ASSERT(least <= -3.0 ? found.bin == best && found.log_p == least
                                    : found.bin == -1 && found.log_p == 0.0);
        }
    }
}

static void hollow_by_hand(void)
{
    /* two bins around 1: the second has 4, with P(N > 4) + P(N = 4) / 2 */
    const int64_t counts[] = {9, 9, 9, 1, 4};
    const double means[] = {1.0, 1.0};
    const spk__pair_bins bins = {5, 3, 5};
    const double p = 1 - exp(-1.0) * (1 + 1 + 1 / 2. + 1 / 6. + 1 / 48.);
    spk__pair_verdict found = spk__hollow_test(&bins, counts, means, 1, 0.05, 0.0);
    CU_ASSERT(found.bin == 4 && found.significant && isnan(found.effect));
    CU_ASSERT_DOUBLE_EQUAL(found.log_p, log(2 * p), 1e-12);
    found = spk__hollow_test(&bins, counts, means, 1, 0.02, 0.0);
    CU_ASSERT(found.bin == 4 && !found.significant);
    found = spk__hollow_test(&bins, counts, means, -1, 0.05, 0.0);
    CU_ASSERT(found.bin == 3 && found.log_p == 0.0 && !found.significant);
    found = spk__hollow_test(&bins, counts, means, 1, 0.05, log(2 * p) - 1e-6);
    CU_ASSERT(found.bin == -1 && found.log_p == 0.0);
    found = spk__hollow_test(&bins, counts, means, 1, 0.05, log(2 * p) + 1e-13);
    CU_ASSERT_EQUAL(found.bin, 4);
}

/* ---- English et al. ---- */

static void english_equals_the_script(void)
{
    enum {
        N = 301
    };
    int64_t *counts = golden_integers("pair_tests/english_counts", 60 * N);
    double *expected = golden_doubles("pair_tests/english", 60 * 4);
    const spk__pair_bins bins = {N, 152, 161};
    CU_ASSERT_EQUAL(spk__english_n_tests(&bins), 20);
    int seen[2] = {0, 0};
    for (int c = 0; c < 60; c++) {
        spk_predictor_options options;
        spk_predictor_options_init(&options, sizeof options);
        options.window_bins = 25;
        options.skip_center = expected[4 * c] != 0;
        double predicted[N];
        CU_ASSERT_EQUAL_FATAL(
            spk_correlogram_predict(NULL, 1, N, counts + c * N, &options, predicted),
            SPK_OK);
        const spk__pair_verdict more = spk__english_test(
            &bins, counts + c * N, predicted + bins.first, 1, 0.001, 0.0);
        const spk__pair_verdict less = spk__english_test(
            &bins, counts + c * N, predicted + bins.first, -1, 0.001, 0.0);
        CU_ASSERT_EQUAL(more.significant, (int)expected[4 * c + 1]);
        CU_ASSERT_EQUAL(less.significant, (int)expected[4 * c + 2]);
        /* theirs is one minus a distribution function: 1e-16 in all */
        CU_ASSERT_DOUBLE_EQUAL(exp(more.effect), expected[4 * c + 3], 1e-14);
        CU_ASSERT(more.log_p >= more.effect && less.log_p >= less.effect);
        seen[0] += more.significant;
        seen[1] += less.significant;
    }
    CU_ASSERT(seen[0] > 5 && seen[1] > 5);
    free(counts);
    free(expected);
}

/* ---- Kopelowitz & Cohen ---- */

static void kopelowitz_equals_neuropyxels(void)
{
    enum {
        N = 201
    };
    int64_t *counts = golden_integers("pair_tests/kopelowitz_counts", 40 * N);
    double *expected = golden_doubles("pair_tests/kopelowitz", 40 * 2);
    const spk__pair_bins bins = {N, 1, N - 1};
    for (int c = 0; c < 40; c++)
        for (int s = 0; s < 2; s++) {
            double mean, sd;
            spk__kopelowitz_baseline(counts + c * N, N, &mean, &sd);
            const spk__pair_verdict found = spk__kopelowitz_test(
                &bins, counts + c * N, mean, sd, s == 0 ? 1 : -1, 0.05);
            CU_ASSERT_EQUAL(found.significant, (int)expected[2 * c + s]);
        }
    free(counts);
    free(expected);
    /* n = 500 bins of 0.2 ms at 5 %, as in the paper; 5000 are too many */
    CU_ASSERT(spk__kopelowitz_is_valid(0.05, 500));
    CU_ASSERT(!spk__kopelowitz_is_valid(0.05, 5000) &&
              !spk__kopelowitz_is_valid(0.9, 500));
}

static void kopelowitz_by_hand(void)
{
    /* outer bins 0 .. 3 and 6 .. 9 hold 2 4 2 4 and 2 4 2 4: mean 3, sd 1 */
    const int64_t counts[] = {2, 4, 2, 4, 9, 9, 2, 4, 2, 4};
    const int64_t peak[] = {0, 0, 5, 6, 8, 7, 5, 0, 0, 0};
    double mean, sd;
    spk__kopelowitz_baseline(counts, 10, &mean, &sd);
    CU_ASSERT(mean == 3.0 && sd == 1.0);
    const spk__pair_bins bins = {10, 2, 8};
    spk__pair_verdict found = spk__kopelowitz_test(&bins, peak, 3.0, 1.0, 1, 0.05);
    /* the best triple is 6 8 7, at z 3 5 4, of four in the bins */
    CU_ASSERT(found.bin == 4 && found.effect == 5.0 && found.significant);
    /* of 6 the Poisson tail is larger, around 24 counts of 8 bins and their error */
    const double mean_up = (24.0 + sqrt(24.0)) / 8.0;
    CU_ASSERT_DOUBLE_EQUAL(found.log_p,
                           3 * spk_poisson_log_mid_upper(6, mean_up) + log(4.0), 1e-13);
    /* a wide normal is the larger one */
    const int64_t high[] = {0, 0, 0, 30, 40, 30, 0, 0, 0, 0};
    found = spk__kopelowitz_test(&bins, high, 3.0, 9.0, 1, 0.05);
    CU_ASSERT_DOUBLE_EQUAL(found.log_p, log(4.0) + 3 * spk__normal_log_upper(3.0), 1e-13);
    /* one count in each of three bins where eight hold one: the published rule takes it */
    const int64_t few[] = {0, 0, 0, 1, 1, 1, 0, 0, 0, 1};
    found = spk__kopelowitz_test(&bins, few, 0.125, 0.33, 1, 0.05);
    CU_ASSERT(found.significant);
    CU_ASSERT_DOUBLE_EQUAL(found.log_p, 3 * spk_poisson_log_mid_upper(1, 0.25) + log(4.0),
                           1e-13);
    found = spk__kopelowitz_test(&bins, peak, 9.5, 2.0, -1, 0.05);
    CU_ASSERT(found.bin == 7 || found.bin == 2);
    CU_ASSERT(isnan(spk__kopelowitz_test(&bins, peak, 3.0, 0.0, 1, 0.05).log_p));
}

/* ---- Kilosort ---- */

static void refractory_equals_kilosort(void)
{
    enum {
        N = 1001
    };
    int64_t *counts = golden_integers("pair_tests/refractory_counts", 6 * N);
    double *expected = golden_doubles("pair_tests/refractory", 6 * 3);
    for (int c = 0; c < 6; c++) {
        double within[10], ratio, probability;
        int64_t pairs = 0;
        for (int i = 1; i <= 10; i++) {
            pairs += counts[c * N + 500 - i] + counts[c * N + 500 + i];
            within[i - 1] = (double)pairs / 2;
        }
        const double shoulder = spk__refractory_shoulder(counts + c * N, N);
        spk__refractory_test(within, 10, shoulder, &ratio, &probability);
        CU_ASSERT_DOUBLE_EQUAL(shoulder, expected[3 * c + 2], 1e-12 * shoulder);
        /* they add 1e-10 to what they divide by */
        CU_ASSERT_DOUBLE_EQUAL(ratio, expected[3 * c], 1e-9);
        CU_ASSERT_DOUBLE_EQUAL(probability, expected[3 * c + 1], 1e-9);
    }
    free(counts);
    free(expected);
}

/* ---- transmission gain ---- */

static void gain_by_hand(void)
{
    const spk__pair_bins bins = {9, 3, 6};
    /* the peak at 4 goes left to 3, the border, and right beyond it, to 7 */
    const double peak[] = {5, 5, 1, 2, 4, 3, 1, 0.5, -1};
    CU_ASSERT_DOUBLE_EQUAL(spk__transmission_gain(&bins, peak, 1, 0.5), 5.25, 1e-15);
    CU_ASSERT(isnan(spk__transmission_gain(&bins, peak, -1, 0.5)));
    /* rising out of the bins tested is no peak; a plateau over the border is */
    const double rising[] = {0, 0, 0, 1, 2, 3, 4, 0, 0};
    const double plateau[] = {0, 0, -1, 1, 2, 3, 3, -1, 0};
    CU_ASSERT(isnan(spk__transmission_gain(&bins, rising, 1, 1.0)));
    CU_ASSERT_DOUBLE_EQUAL(spk__transmission_gain(&bins, plateau, 1, 1.0), 9, 1e-15);
    /* a peak below zero is none; troughs are peaks of the other sign */
    const double low[] = {0, 0, -3, -2, -1, -2, -3, 0, 0};
    CU_ASSERT(isnan(spk__transmission_gain(&bins, low, 1, 1.0)));
    double trough[9];
    for (int k = 0; k < 9; k++)
        trough[k] = -peak[k];
    CU_ASSERT_DOUBLE_EQUAL(spk__transmission_gain(&bins, trough, -1, 0.5), -5.25, 1e-15);
    /* falling in from the left is no peak, not even over a plateau */
    const double falling[] = {9, 9, 4, 4, 3, 2, 1, 0, 0};
    CU_ASSERT(isnan(spk__transmission_gain(&bins, falling, 1, 1.0)));
}

static const suite_test tests[] = {
    {"skips only what is above", skips_only_what_is_above},
    {"least tail by definition", least_tail_by_definition},
    {"hollow by hand", hollow_by_hand},
    {"English equals the script", english_equals_the_script},
    {"Kopelowitz equals NeuroPyxels", kopelowitz_equals_neuropyxels},
    {"Kopelowitz by hand", kopelowitz_by_hand},
    {"refractory equals Kilosort", refractory_equals_kilosort},
    {"gain by hand", gain_by_hand},
};

SUITE_MAIN("pair_tests", tests)
