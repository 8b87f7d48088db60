/* SPDX-License-Identifier: BSD-3-Clause */
#include "suite.h"

#include <math.h>
#include <spikekit/fano.h>
#include <spikekit/random.h>
#include <spikekit/trial_fano.h>
#include <stdlib.h>

static spk_trials trials_of(int64_t n_trials, int64_t n_units, int64_t n_bins,
                            const int32_t *counts)
{
    return (spk_trials){.n_trials = n_trials,
                        .n_units = n_units,
                        .n_bins = n_bins,
                        .counts = counts,
                        .bin_samples = 100,
                        .sampling_rate_hz = 1000,
                        .n_conditions = 1};
}

/* Counts 1, 3, 5 and 2, 2, 2 and 0, 0, 0: variance 4, 0, 0. */
static void by_hand(void)
{
    const int32_t counts[] = {1, 2, 0, 3, 2, 0, 5, 2, 0};
    const spk_trials trials = trials_of(3, 1, 3, counts);
    int64_t n[3];
    double means[3], variances[3], fano[3];
    spk_trial_fano out = {
        .n_trials = n, .means = means, .variances = variances, .fano = fano};
    spk_trial_fano_options o;
    spk_trial_fano_options_init(&o, sizeof o);
    CU_ASSERT_EQUAL_FATAL(spk_trial_fano_estimate(NULL, &trials, NULL, &out), SPK_OK);
    CU_ASSERT(n[0] == 3 && means[0] == 3 && variances[0] == 4 && fano[0] == 4.0 / 3);
    CU_ASSERT(variances[1] == 0 && fano[1] == 0 && means[2] == 0 && isnan(fano[2]));
    o.ddof = 0;
    CU_ASSERT_EQUAL_FATAL(spk_trial_fano_estimate(NULL, &trials, &o, &out), SPK_OK);
    CU_ASSERT_DOUBLE_EQUAL(fano[0], 8.0 / 9, 1e-15); /* elephant's */
    o.window_bins = 2;                               /* 3, 5, 7 and 2, 2, 2 */
    o.ddof = 1;
    int64_t n_windows;
    CU_ASSERT_EQUAL(spk_trial_fano_length(NULL, 3, &o, &n_windows), SPK_OK);
    CU_ASSERT_EQUAL(n_windows, 2);
    CU_ASSERT_EQUAL_FATAL(spk_trial_fano_estimate(NULL, &trials, &o, &out), SPK_OK);
    CU_ASSERT(means[0] == 5 && variances[0] == 4 && means[1] == 2 && fano[1] == 0);
    o.step_bins = 2;
    CU_ASSERT_EQUAL(spk_trial_fano_length(NULL, 3, &o, &n_windows), SPK_OK);
    CU_ASSERT_EQUAL(n_windows, 1);
}

/* Conditions, exposure and windows against plain sums; limits are those of spk_fano_counts(). */
static void equals_the_definition(void)
{
    enum {
        TRIALS = 40,
        UNITS = 3,
        BINS = 6
    };
    int32_t counts[TRIALS * UNITS * BINS], conditions[TRIALS];
    int64_t exposure[TRIALS * BINS];
    spk_random random = {.seed = 3};
    for (int i = 0; i < TRIALS * UNITS * BINS; i++)
        counts[i] = (int32_t)spk_random_poisson(&random, 1.5);
    for (int t = 0; t < TRIALS; t++) {
        conditions[t] = t % 4 - 1;
        for (int b = 0; b < BINS; b++)
            exposure[t * BINS + b] = spk_random_uniform(&random) < 0.1 ? 99 : 100;
    }
    spk_trials trials = trials_of(TRIALS, UNITS, BINS, counts);
    trials.n_conditions = 3;
    trials.conditions = conditions;
    trials.exposure = exposure;
    spk_trial_fano_options o;
    spk_trial_fano_options_init(&o, sizeof o);
    o.window_bins = 3;
    o.confidence = 0.8;
    double values[5][3 * UNITS * 4], again[3 * UNITS * 4];
    int64_t n[3 * 4];
    spk_trial_fano out = {n, values[0], values[1], values[2], values[3], values[4]};
    CU_ASSERT_EQUAL_FATAL(spk_trial_fano_estimate(NULL, &trials, &o, &out), SPK_OK);
    for (int c = 0; c < 3; c++)
        for (int u = 0; u < UNITS; u++)
            for (int w = 0; w < 4; w++) {
                int64_t x[TRIALS], k = 0;
                double sum = 0, squares = 0;
                for (int t = 0; t < TRIALS; t++) {
                    int64_t total = 0;
                    int seen = conditions[t] == c;
                    for (int b = w; b < w + 3; b++) {
                        total += counts[(t * UNITS + u) * BINS + b];
                        seen &= exposure[t * BINS + b] == 100;
                    }
                    if (seen)
                        x[k++] = total;
                }
                for (int64_t i = 0; i < k; i++)
                    sum += (double)x[i];
                for (int64_t i = 0; i < k; i++)
                    squares += pow((double)x[i] - sum / (double)k, 2);
                const int at = (c * UNITS + u) * 4 + w;
                const double fano = squares / (double)(k - 1) / (sum / (double)k);
                CU_ASSERT_EQUAL(n[c * 4 + w], k);
                CU_ASSERT_DOUBLE_EQUAL(values[0][at], sum / (double)k, 1e-13);
                CU_ASSERT_DOUBLE_EQUAL(values[2][at], fano, 1e-12);
                spk_fano_options fano_options;
                spk_fano_options_init(&fano_options, sizeof fano_options);
                fano_options.lags = 0;
                fano_options.confidence = 0.8;
                spk_fano one;
                CU_ASSERT_EQUAL(spk_fano_counts(NULL, k, x, &fano_options, &one), SPK_OK);
                CU_ASSERT(memcmp(&one.lower, &values[3][at], sizeof(double)) == 0);
                CU_ASSERT(memcmp(&one.upper, &values[4][at], sizeof(double)) == 0);
            }
    spk_context *ctx = NULL;
    CU_ASSERT_EQUAL_FATAL(spk_context_create(&ctx), SPK_OK);
    CU_ASSERT_EQUAL(spk_context_set_threads(ctx, 4), SPK_OK);
    spk_trial_fano only = {.fano = again};
    CU_ASSERT_EQUAL(spk_trial_fano_estimate(ctx, &trials, &o, &only), SPK_OK);
    CU_ASSERT_EQUAL(memcmp(values[2], again, sizeof again), 0);
    spk_context_destroy(ctx);
}

/* Limits are of the confidence asked for, and wider for more. */
static void confidence_is_used(void)
{
    enum {
        TRIALS = 60
    };
    int32_t counts[TRIALS];
    int64_t x[TRIALS];
    double lower[2], upper[2];
    spk_random random = {.seed = 4};
    for (int t = 0; t < TRIALS; t++)
        x[t] = counts[t] = (int32_t)spk_random_poisson(&random, 8);
    const spk_trials trials = trials_of(TRIALS, 1, 1, counts);
    for (int k = 0; k < 2; k++) {
        spk_trial_fano out = {.lower = &lower[k], .upper = &upper[k]};
        spk_trial_fano_options o;
        spk_fano_options one_options;
        spk_fano one;
        spk_trial_fano_options_init(&o, sizeof o);
        spk_fano_options_init(&one_options, sizeof one_options);
        o.confidence = one_options.confidence = k ? 0.99 : 0.5;
        one_options.lags = 0;
        CU_ASSERT_EQUAL_FATAL(spk_trial_fano_estimate(NULL, &trials, &o, &out), SPK_OK);
        CU_ASSERT_EQUAL_FATAL(spk_fano_counts(NULL, TRIALS, x, &one_options, &one),
                              SPK_OK);
        CU_ASSERT(lower[k] == one.lower && upper[k] == one.upper);
    }
    CU_ASSERT(lower[1] < lower[0] && lower[0] < upper[0] && upper[0] < upper[1]);
}

/* Mean over many units of the Fano factor of counts drawn by `draw`. */
static double mean_fano(int64_t (*draw)(spk_random *), int n_trials, double *error)
{
    enum {
        UNITS = 300
    };
    int32_t *counts = malloc((size_t)n_trials * UNITS * sizeof *counts);
    double fano[UNITS], sum = 0, squares = 0;
    spk_random random = {.seed = 21};
    for (int i = 0; i < n_trials * UNITS; i++)
        counts[i] = (int32_t)draw(&random);
    const spk_trials trials = trials_of(n_trials, UNITS, 1, counts);
    spk_trial_fano out = {.fano = fano};
    CU_ASSERT_EQUAL_FATAL(spk_trial_fano_estimate(NULL, &trials, NULL, &out), SPK_OK);
    for (int u = 0; u < UNITS; u++)
        sum += fano[u] / UNITS;
    for (int u = 0; u < UNITS; u++)
        squares += (fano[u] - sum) * (fano[u] - sum) / (UNITS - 1);
    *error = sqrt(squares / UNITS);
    free(counts);
    return sum;
}

static int64_t draw_poisson(spk_random *random)
{
    return spk_random_poisson(random, 4);
}

/* Every fourth spike of a Poisson process with 4 * 60 of them, from a random one on: a gamma
 * renewal process of order 4 in equilibrium, whose Fano factor is 1/4 + (1 - 1/16) / (6 * 60)
 * up to a term that has died out. */
static int64_t draw_gamma(spk_random *random)
{
    const int64_t phase = (int64_t)(spk_random_uniform(random) * 4);
    return (spk_random_poisson(random, 240) + phase) / 4;
}

/* The rate varies from trial to trial: gain of mean 1, variance 0.25, so 1 + 0.25 * 6. */
static int64_t draw_gain(spk_random *random)
{
    return spk_random_poisson(random, 6 * spk_random_gamma(random, 4) / 4);
}

static void truth(void)
{
    double error;
    double fano = mean_fano(draw_poisson, 40, &error);
    CU_ASSERT(fabs(fano - 1) < 4 * error && error < 0.02);
    fano = mean_fano(draw_gamma, 40, &error);
    CU_ASSERT(fabs(fano - (0.25 + (1 - 1.0 / 16) / 360)) < 4 * error && error < 0.01);
    fano = mean_fano(draw_gain, 200, &error);
    /* a ratio: its bias is some 1 / trials */
    CU_ASSERT(fabs(fano - 2.5) < 4 * error + 2.5 / 200 && error < 0.03);
}

static void errors(void)
{
    static const char *const messages[] = {
        "fano is NULL",
        "trials is NULL",
        "options: not filled by spk_trial_fano_options_init()",
        "ddof must be 0 or 1, got 2",
        "confidence must be between 0 and 1, got 0",
        "window_bins must be in 1 .. 2, got 3",
        "step_bins must be >= 1, got 0",
        "n_windows is NULL",
        "n_bins must be >= 1, got 0",
    };
    const int32_t counts[4] = {0};
    const spk_trials trials = trials_of(2, 1, 2, counts);
    spk_context *ctx = NULL;
    CU_ASSERT_EQUAL_FATAL(spk_context_create(&ctx), SPK_OK);
    for (int k = 0; k < 9; k++) {
        spk_trial_fano out = {0};
        spk_trial_fano_options o;
        int64_t n;
        spk_trial_fano_options_init(&o, k == 2 ? 8 : sizeof o);
        if (k == 2)
            memset((char *)&o + 8, 0, sizeof o - 8);
        o.ddof = k == 3 ? 2 : 1;
        o.confidence = k == 4 ? 0 : 0.5;
        o.window_bins = k == 5 ? 3 : 1;
        o.step_bins = k == 6 ? 0 : 1;
        const spk_status status =
            k < 7 ? spk_trial_fano_estimate(ctx, k == 1 ? NULL : &trials, &o,
                                            k == 0 ? NULL : &out)
                  : spk_trial_fano_length(ctx, k == 8 ? 0 : 2, &o, k == 7 ? NULL : &n);
        CU_ASSERT_EQUAL(status, SPK_ERR_ARGUMENT);
        CU_ASSERT_STRING_EQUAL(spk_context_message(ctx), messages[k]);
    }
    spk_context_destroy(ctx);
}

static spk_status one_call(spk_context *ctx, void *argument)
{
    double fano[2];
    spk_trial_fano out = {.fano = fano};
    return spk_trial_fano_estimate(ctx, argument, NULL, &out);
}

static void failed_allocations(void)
{
    const int32_t counts[4] = {1, 2, 3, 4};
    spk_trials trials = trials_of(2, 1, 2, counts);
    CU_ASSERT_EQUAL(suite_fail_allocations(one_call, &trials), 3);
    trials.n_trials = 1; /* no variance of one trial */
    double fano[2], means[2];
    spk_trial_fano out = {.fano = fano, .means = means};
    CU_ASSERT_EQUAL(spk_trial_fano_estimate(NULL, &trials, NULL, &out), SPK_OK);
    CU_ASSERT(isnan(fano[0]) && means[0] == 1);
    int64_t n[2] = {7, 7}; /* known without any unit */
    spk_trial_fano only = {.n_trials = n};
    trials.n_units = 0;
    CU_ASSERT_EQUAL(spk_trial_fano_estimate(NULL, &trials, NULL, &only), SPK_OK);
    CU_ASSERT(n[0] == 1 && n[1] == 1);
}

static const suite_test tests[] = {
    {"by hand", by_hand},
    {"equals the definition", equals_the_definition},
    {"truth", truth},
    {"errors", errors},
    {"confidence is used", confidence_is_used},
    {"failed allocations", failed_allocations},
};

SUITE_MAIN("trial_fano", tests)
