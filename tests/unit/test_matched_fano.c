/* SPDX-License-Identifier: BSD-3-Clause */
#include "suite.h"

#include <math.h>
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

static spk_matched_fano_options options_of(double spacing, int64_t n_repeats,
                                           int32_t weighted)
{
    spk_matched_fano_options o;
    spk_matched_fano_options_init(&o, sizeof o);
    o.mean_spacing = spacing;
    o.n_repeats = n_repeats;
    o.is_weighted = weighted;
    return o;
}

/* One window, six units, two trials: nothing is dropped, and the line is by hand. */
static void by_hand(void)
{
    /* means 1 2 3 4 5 6, variances 2 0 2 8 2 0 */
    const int32_t counts[] = {0, 2, 2, 2, 4, 6, 2, 2, 4, 6, 6, 6};
    const spk_trials trials = trials_of(2, 6, 1, counts);
    const spk_matched_fano_options o = options_of(0.25, 3, 0);
    spk_matched_fano f;
    CU_ASSERT_EQUAL_FATAL(spk_matched_fano_estimate(NULL, &trials, &o, &f), SPK_OK);
    CU_ASSERT(f.n_points == 6 && f.n_points_all == 6 && f.mean_all == 3.5);
    const double slope = (1 * 2 + 3 * 2 + 4 * 8 + 5 * 2) / 91.0;
    static const double v[] = {2, 0, 2, 8, 2, 0};
    double residuals = 0;
    for (int k = 0; k < 6; k++)
        residuals += pow(v[k] - slope * (k + 1), 2);
    const double reach = 2.5705818356363146 * sqrt(residuals / 5 / 91);
    CU_ASSERT_DOUBLE_EQUAL(f.fano_all, slope, 1e-14);
    CU_ASSERT_DOUBLE_EQUAL(f.fano, slope, 1e-14);
    CU_ASSERT_DOUBLE_EQUAL(f.lower_all, slope - reach, 1e-12);
    CU_ASSERT_DOUBLE_EQUAL(f.upper, slope + reach, 1e-12);
    /* a line needs five points */
    for (int units = 4; units <= 5; units++) {
        const spk_trials fewer = trials_of(2, units, 1, counts);
        CU_ASSERT_EQUAL_FATAL(spk_matched_fano_estimate(NULL, &fewer, &o, &f), SPK_OK);
        CU_ASSERT(f.n_points == units && (isnan(f.fano) != 0) == (units < 5) &&
                  (isnan(f.fano_all) != 0) == (units < 5) &&
                  (isnan(f.lower) != 0) == (units < 5));
    }
    /* weights n / (mean + 0.1)^2: at 1 Hz a window of 0.1 s has 0.1 spikes */
    double xx = 0, xy = 0;
    for (int k = 0; k < 6; k++) {
        const double w = 2 / pow(k + 1.1, 2);
        xx += w * (k + 1) * (k + 1);
        xy += w * (k + 1) * v[k];
    }
    const spk_matched_fano_options weighted = options_of(0.25, 1, 1);
    CU_ASSERT_EQUAL_FATAL(spk_matched_fano_estimate(NULL, &trials, &weighted, &f),
                          SPK_OK);
    CU_ASSERT_DOUBLE_EQUAL(f.fano, xy / xx, 1e-14);
}

/* Matching leaves the same number of each class in each window: by the definition, with the
 * draws as the header says. */
static void equals_the_definition(void)
{
    enum {
        TRIALS = 16,
        UNITS = 40,
        BINS = 3,
        CONDITIONS = 2,
        POINTS = UNITS * CONDITIONS,
        REPEATS = 4
    };
    static int32_t counts[TRIALS * UNITS * BINS];
    int32_t conditions[TRIALS];
    spk_random random = {.seed = 8};
    for (int t = 0; t < TRIALS; t++) {
        conditions[t] = t % 2;
        for (int u = 0; u < UNITS; u++)
            for (int b = 0; b < BINS; b++)
                counts[(t * UNITS + u) * BINS + b] =
                    (int32_t)spk_random_poisson(&random, 0.1 * u * (b + 1));
    }
    spk_trials trials = trials_of(TRIALS, UNITS, BINS, counts);
    trials.n_conditions = CONDITIONS;
    trials.conditions = conditions;
    spk_matched_fano_options o = options_of(1, REPEATS, 0);
    o.seed = 4;
    spk_matched_fano out[BINS], again[BINS];
    CU_ASSERT_EQUAL_FATAL(spk_matched_fano_estimate(NULL, &trials, &o, out), SPK_OK);
    double mean[BINS][POINTS] = {{0}}, variance[BINS][POINTS] = {{0}};
    int occupancy[BINS][64] = {{0}}, target[64], total = 0;
    for (int b = 0; b < BINS; b++)
        for (int p = 0; p < POINTS; p++) {
            const int c = p / UNITS, u = p % UNITS;
            for (int t = c; t < TRIALS; t += 2)
                mean[b][p] += counts[(t * UNITS + u) * BINS + b] / 8.0;
            for (int t = c; t < TRIALS; t += 2)
                variance[b][p] +=
                    pow(counts[(t * UNITS + u) * BINS + b] - mean[b][p], 2) / 7.0;
            occupancy[b][(int)mean[b][p]]++;
        }
    for (int k = 0; k < 64; k++) {
        target[k] = occupancy[0][k];
        for (int b = 1; b < BINS; b++)
            target[k] = occupancy[b][k] < target[k] ? occupancy[b][k] : target[k];
        total += target[k];
    }
    CU_ASSERT(total > 20 && total < POINTS);
    for (int b = 0; b < BINS; b++) {
        double fano = 0, mean_count = 0;
        for (int r = 0; r < REPEATS; r++) {
            double draws[POINTS], xx = 0, xy = 0;
            spk_random own = {
                .seed = 4, .stream = (uint32_t)r, .index = (uint64_t)(b * POINTS)};
            for (int p = 0; p < POINTS; p++)
                draws[p] = spk_random_uniform(&own);
            for (int p = 0; p < POINTS; p++) {
                int smaller = 0;
                for (int q = 0; q < POINTS; q++)
                    smaller += (int)mean[b][q] == (int)mean[b][p] && draws[q] < draws[p];
                if (smaller >= target[(int)mean[b][p]])
                    continue;
                xx += mean[b][p] * mean[b][p];
                xy += mean[b][p] * variance[b][p];
                mean_count += mean[b][p] / total / REPEATS;
            }
            fano += xy / xx / REPEATS;
        }
        CU_ASSERT_EQUAL(out[b].n_points, total);
        CU_ASSERT_DOUBLE_EQUAL(out[b].fano, fano, 1e-13);
        CU_ASSERT_DOUBLE_EQUAL(out[b].mean, mean_count, 1e-12);
    }
    spk_context *ctx = NULL;
    CU_ASSERT_EQUAL_FATAL(spk_context_create(&ctx), SPK_OK);
    for (int32_t threads = 2; threads <= 4; threads += 2) {
        CU_ASSERT_EQUAL(spk_context_set_threads(ctx, threads), SPK_OK);
        CU_ASSERT_EQUAL(spk_matched_fano_estimate(ctx, &trials, &o, again), SPK_OK);
        CU_ASSERT_EQUAL(memcmp(out, again, sizeof out), 0);
    }
    spk_context_destroy(ctx);
}

/* ---- truth ---- */

enum {
    N_TRIALS = 20,
    N_POINTS = 400
};

/* Window 1 has twice the rates of window 0. The gain of a trial has variance `gain`, so that
 * the Fano factor, 1 + gain * mean, rises with the rate; `extra` more in window 1. */
static void population(double gain, double extra, uint64_t seed, spk_matched_fano out[2])
{
    int32_t *counts = malloc(sizeof(int32_t) * N_TRIALS * N_POINTS * 2);
    for (int p = 0; p < N_POINTS; p++)
        for (int w = 0; w < 2; w++) {
            spk_random random = {.seed = seed, .stream = (uint32_t)(2 * p + w)};
            const double mean = (0.5 + 4.0 * p / N_POINTS) * (1 + w);
            const double g = gain + (w == 1 ? extra : 0);
            for (int t = 0; t < N_TRIALS; t++) {
                const double scale = g > 0 ? g * spk_random_gamma(&random, 1 / g) : 1.0;
                counts[(t * N_POINTS + p) * 2 + w] =
                    (int32_t)spk_random_poisson(&random, mean * scale);
            }
        }
    const spk_trials trials = trials_of(N_TRIALS, N_POINTS, 2, counts);
    const spk_matched_fano_options o = options_of(0.5, 10, 1);
    CU_ASSERT_EQUAL_FATAL(spk_matched_fano_estimate(NULL, &trials, &o, out), SPK_OK);
    free(counts);
}

static void truth(void)
{
    enum {
        REPEATS = 12
    };
    double poisson = 0, raw = 0, matched = 0, changed = 0;
    int inside = 0;
    for (uint64_t seed = 0; seed < REPEATS; seed++) {
        spk_matched_fano f[2];
        population(0, 0, seed, f);
        poisson += f[1].fano / REPEATS;
        inside += f[0].lower <= 1 && 1 <= f[0].upper;
        CU_ASSERT(fabs(f[0].mean - f[1].mean) < 0.1 &&
                  f[1].mean_all > 1.9 * f[0].mean_all);
        population(0.15, 0, 100 + seed, f);
        raw += (f[1].fano_all - f[0].fano_all) / REPEATS;
        matched += (f[1].fano - f[0].fano) / REPEATS;
        population(0.05, 0.15, 200 + seed, f);
        changed += (f[1].fano - f[0].fano) / REPEATS;
    }
    /* standard errors of the means: about 0.011, 0.02 and 0.025 */
    CU_ASSERT(fabs(poisson - 1) < 0.045);
    CU_ASSERT(inside >= 9);
    CU_ASSERT(raw > 0.25);           /* rates doubled: the raw factor rises */
    CU_ASSERT(fabs(matched) < 0.08); /* variability at a given rate did not */
    CU_ASSERT(changed > 0.3);        /* and where it did, it shows */
}

static void errors(void)
{
    static const char *const messages[] = {
        "fano is NULL",
        "trials is NULL",
        "options: not filled by spk_matched_fano_options_init()",
        "mean_spacing must be above 0, got 0",
        "n_repeats must be in 1 .. 1000000, got 0",
        "confidence must be between 0 and 1, got 1.5",
        "window_bins must be in 1 .. 1, got 0",
        "step_bins must be >= 1, got -1",
        "mean_spacing 1e-09 is too small for a mean count of 2.5",
    };
    const int32_t counts[2] = {2, 3};
    const spk_trials trials = trials_of(2, 1, 1, counts);
    spk_context *ctx = NULL;
    CU_ASSERT_EQUAL_FATAL(spk_context_create(&ctx), SPK_OK);
    for (int k = 0; k < 9; k++) {
        spk_matched_fano out;
        spk_matched_fano_options o = options_of(k == 3   ? 0
                                                : k == 8 ? 1e-9
                                                         : 1,
                                                k != 4, 1);
        o.struct_size = k == 2 ? 16 : o.struct_size;
        o.confidence = k == 5 ? 1.5 : 0.9;
        o.window_bins = k != 6;
        o.step_bins = k == 7 ? -1 : 1;
        CU_ASSERT_EQUAL(spk_matched_fano_estimate(ctx, k == 1 ? NULL : &trials, &o,
                                                  k == 0 ? NULL : &out),
                        k == 8 ? SPK_ERR_OVERFLOW : SPK_ERR_ARGUMENT);
        CU_ASSERT_STRING_EQUAL(spk_context_message(ctx), messages[k]);
    }
    spk_context_destroy(ctx);
}

static void too_little(void)
{
    const int32_t counts[8] = {0};
    spk_trials trials = trials_of(2, 4, 1, counts);
    spk_matched_fano f;
    CU_ASSERT_EQUAL(spk_matched_fano_estimate(NULL, &trials, NULL, &f), SPK_OK);
    CU_ASSERT(f.n_points == 4 && f.mean == 0 && isnan(f.fano) && isnan(f.fano_all));
    trials.n_trials = 1;
    CU_ASSERT_EQUAL(spk_matched_fano_estimate(NULL, &trials, NULL, &f), SPK_OK);
    CU_ASSERT(f.n_points_all == 0 && isnan(f.mean) && isnan(f.mean_all) && isnan(f.fano));
    /* five silent units: enough points, but no mean to regress on */
    const int32_t silent[10] = {0};
    trials = trials_of(2, 5, 1, silent);
    CU_ASSERT_EQUAL(spk_matched_fano_estimate(NULL, &trials, NULL, &f), SPK_OK);
    CU_ASSERT(f.n_points == 5 && isnan(f.fano) && isnan(f.lower_all));
}

/* Four points are too few for a slope, five are enough. */
static void fewest_points(void)
{
    const int32_t counts[] = {0, 2, 2, 2, 4, 2, 2, 4, 6, 6};
    spk_trials trials = trials_of(2, 5, 1, counts);
    spk_matched_fano f;
    CU_ASSERT_EQUAL_FATAL(spk_matched_fano_estimate(NULL, &trials, NULL, &f), SPK_OK);
    CU_ASSERT(f.n_points == 5 && f.fano > 0 && f.fano_all > 0 && f.lower < f.upper);
    trials.n_units = 4;
    CU_ASSERT_EQUAL_FATAL(spk_matched_fano_estimate(NULL, &trials, NULL, &f), SPK_OK);
    CU_ASSERT(f.n_points == 4 && f.mean > 0 && isnan(f.fano) && isnan(f.fano_all));
    CU_ASSERT(isnan(f.lower) && isnan(f.upper_all));
}

/* Counts of variance 2 m: with few trials weights make the factor too low, as the header says;
 * without them there is no bias. */
static void few_trials(void)
{
    enum {
        TRIALS = 5,
        UNITS = 400,
        REPEATS = 10
    };
    static int32_t counts[TRIALS * UNITS];
    double weighted = 0, plain = 0;
    for (uint64_t seed = 0; seed < REPEATS; seed++) {
        spk_random random = {.seed = seed};
        spk_matched_fano f;
        for (int k = 0; k < TRIALS * UNITS; k++)
            counts[k] = (int32_t)spk_random_poisson(
                &random, spk_random_gamma(&random, 1 + 6.0 * (k % UNITS) / UNITS));
        const spk_trials trials = trials_of(TRIALS, UNITS, 1, counts);
        spk_matched_fano_options o = options_of(0.5, 1, 1);
        CU_ASSERT_EQUAL_FATAL(spk_matched_fano_estimate(NULL, &trials, &o, &f), SPK_OK);
        weighted += f.fano_all / REPEATS;
        o.is_weighted = 0;
        CU_ASSERT_EQUAL_FATAL(spk_matched_fano_estimate(NULL, &trials, &o, &f), SPK_OK);
        plain += f.fano_all / REPEATS;
    }
    CU_ASSERT(fabs(plain - 2) < 0.1);
    CU_ASSERT(weighted > 1.6 && weighted < 1.9);
}

static spk_status one_call(spk_context *ctx, void *argument)
{
    spk_matched_fano out;
    return spk_matched_fano_estimate(ctx, argument, NULL, &out);
}

static void failed_allocations(void)
{
    const int32_t counts[4] = {1, 2, 3, 4};
    spk_trials trials = trials_of(2, 2, 1, counts);
    CU_ASSERT_EQUAL(suite_fail_allocations(one_call, &trials), 7);
}

static const suite_test tests[] = {
    {"by hand", by_hand},       {"equals the definition", equals_the_definition},
    {"truth", truth},           {"errors", errors},
    {"too little", too_little}, {"failed allocations", failed_allocations},
    {"few trials", few_trials}, {"fewest points", fewest_points},
};

SUITE_MAIN("matched_fano", tests)
