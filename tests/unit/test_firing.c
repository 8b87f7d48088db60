/* SPDX-License-Identifier: BSD-3-Clause */
#include "suite.h"

#include <math.h>
#include <spikekit/firing.h>
#include <spikekit/random.h>
#include <stdlib.h>

static spk_context *new_context(void)
{
    spk_context *ctx = NULL;
    CU_ASSERT_EQUAL_FATAL(spk_context_create(&ctx), SPK_OK);
    return ctx;
}

static spk_trains *group(const spk_spikes *spikes, const spk_epochs *epochs)
{
    spk_trains_options options;
    spk_trains *trains = NULL;
    spk_trains_options_init(&options, sizeof options);
    options.epochs = epochs;
    CU_ASSERT_EQUAL_FATAL(spk_trains_create(NULL, spikes, &options, &trains), SPK_OK);
    return trains;
}

/* ---- interspike intervals ---- */

static void histogram_hand_worked(void)
{
    /* At 1 kHz, bins of a decade from 1 ms: [1, 10) [10, 100) [100, 1000] ms. Intervals 0,
     * 1, 9, 10, 1000, 1001 ms of unit 1; the last but one lies on the closed edge. */
    const int64_t samples[] = {0, 0, 1, 10, 20, 1020, 2021};
    const int32_t units[] = {1, 1, 1, 1, 1, 1, 1};
    const spk_spikes spikes = {7, 2, samples, units, 1000, 0, 3000};
    spk_trains *trains = group(&spikes, NULL);
    spk_isi_histogram_options options;
    spk_isi_histogram_options_init(&options, sizeof options);
    options.n_bins = 3;
    options.log10_width = 1;
    int64_t length, counts[6];
    CU_ASSERT_EQUAL(spk_isi_histogram_length(NULL, trains, &options, &length), SPK_OK);
    CU_ASSERT_EQUAL_FATAL(length, 6);
    CU_ASSERT_EQUAL(spk_isi_histogram_count(NULL, trains, &options, counts), SPK_OK);
    const int64_t expected[6] = {0, 0, 0, 2, 1, 1};
    CU_ASSERT(memcmp(counts, expected, sizeof counts) == 0);
    double edges[4], density[3];
    CU_ASSERT_EQUAL(spk_isi_histogram_edges(NULL, &options, edges), SPK_OK);
    CU_ASSERT_DOUBLE_EQUAL(edges[0], 1e-3, 1e-18);
    CU_ASSERT_DOUBLE_EQUAL(edges[3], 1, 1e-15);
    CU_ASSERT_EQUAL(spk_isi_histogram_density(NULL, &options, 7, counts + 3, density),
                    SPK_OK);
    CU_ASSERT_DOUBLE_EQUAL(density[0], 2 / 0.009 / 7, 1e-12);
    CU_ASSERT_DOUBLE_EQUAL(density[2], 1 / 0.9 / 7, 1e-12);
    CU_ASSERT_EQUAL(spk_isi_histogram_density(NULL, &options, 0, counts, density),
                    SPK_OK);
    CU_ASSERT(isnan(density[1]));
    spk_trains_destroy(trains);

    /* An epoch edge between two spikes takes their interval away. */
    const int64_t starts[] = {0, 500}, stops[] = {500, 3000};
    const spk_epochs epochs = {2, starts, stops};
    trains = group(&spikes, &epochs);
    CU_ASSERT_EQUAL(spk_isi_histogram_count(NULL, trains, &options, counts), SPK_OK);
    CU_ASSERT(counts[3] == 2 && counts[4] == 1 && counts[5] == 0);
    spk_trains_destroy(trains);
}

static void histogram_equals_the_definition(void)
{
    enum {
        N = 3000,
        N_UNITS = 3
    };
    static int64_t samples[N], counts[N_UNITS * 125], again[N_UNITS * 125];
    static int32_t units[N];
    spk_random random = {.seed = 4};
    int64_t t = -1000000, last[N_UNITS];
    for (int k = 0; k < N; k++) {
        /* Intervals from one sample to hours. */
        t += (int64_t)pow(10, 6 * spk_random_uniform(&random) - 0.2);
        samples[k] = t;
        units[k] = (int32_t)(N_UNITS * spk_random_uniform(&random));
    }
    const spk_spikes spikes = {N, N_UNITS, samples, units, 30000, samples[0], t + 1};
    spk_trains *trains = group(&spikes, NULL);
    spk_context *ctx = new_context();
    for (int32_t threads = 1; threads <= 4; threads *= 2) {
        CU_ASSERT_EQUAL(spk_context_set_threads(ctx, threads), SPK_OK);
        CU_ASSERT_EQUAL(spk_isi_histogram_count(ctx, trains, NULL, counts), SPK_OK);
        memset(again, 0, sizeof again);
        for (int u = 0; u < N_UNITS; u++)
            last[u] = -1;
        for (int k = 0; k < N; k++) {
            const int32_t u = units[k];
            const double x = last[u] < 0
                                 ? NAN
                                 : log10((double)(samples[k] - samples[last[u]]) / 30000);
            last[u] = k;
            for (int b = 0; b < 125; b++)
                again[125 * u + b] += x >= -3 + b * 0.04 &&
                                      (x < -3 + (b + 1) * 0.04 || (b == 124 && x <= 2));
        }
        CU_ASSERT(memcmp(counts, again, sizeof counts) == 0);
    }
    CU_ASSERT(counts[60] > 0);
    spk_context_destroy(ctx);
    spk_trains_destroy(trains);
}

static void histogram_errors(void)
{
    const spk_spikes nobody = {0, 0, NULL, NULL, 30000, 0, 10};
    spk_trains *trains = group(&nobody, NULL);
    spk_context *ctx = new_context();
    static const struct {
        int64_t n_bins;
        double first, width;
        const char *message;
    } cases[] = {
        {0, -3, 0.1, "n_bins must be 1 .. 100000, got 0"},
        {100001, -3, 0.1, "n_bins must be 1 .. 100000, got 100001"},
        {10, -13, 0.1, "log10_first_s must be -12 .. 12, got -13"},
        {10, NAN, 0.1, "log10_first_s must be -12 .. 12, got nan"},
        {10, -3, 0, "log10_width must be > 0, got 0"},
        {10, -3, INFINITY, "log10_width must be > 0, got inf"},
        {100, -3, 1, "the last edge must lie below 10^18 s, got 10^97"},
    };
    int64_t length, counts[1];
    double values[2];
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        spk_isi_histogram_options o;
        spk_isi_histogram_options_init(&o, sizeof o);
        o.n_bins = cases[i].n_bins;
        o.log10_first_s = cases[i].first;
        o.log10_width = cases[i].width;
        CU_ASSERT_EQUAL(spk_isi_histogram_length(ctx, trains, &o, &length),
                        SPK_ERR_ARGUMENT);
        CU_ASSERT_STRING_EQUAL(spk_context_message(ctx), cases[i].message);
        CU_ASSERT_EQUAL(spk_isi_histogram_count(ctx, trains, &o, counts),
                        SPK_ERR_ARGUMENT);
        CU_ASSERT_EQUAL(spk_isi_histogram_edges(ctx, &o, values), SPK_ERR_ARGUMENT);
        CU_ASSERT_EQUAL(spk_isi_histogram_density(ctx, &o, 1, counts, values),
                        SPK_ERR_ARGUMENT);
    }
    spk_isi_histogram_options unset = {0};
    CU_ASSERT_EQUAL(spk_isi_histogram_edges(ctx, &unset, values), SPK_ERR_ARGUMENT);
    CU_ASSERT_STRING_EQUAL(spk_context_message(ctx),
                           "options: not filled by spk_isi_histogram_options_init()");
    CU_ASSERT_EQUAL(spk_isi_histogram_count(ctx, NULL, NULL, counts), SPK_ERR_ARGUMENT);
    CU_ASSERT_EQUAL(spk_isi_histogram_count(ctx, trains, NULL, NULL), SPK_ERR_ARGUMENT);
    CU_ASSERT_EQUAL(spk_isi_histogram_length(ctx, NULL, NULL, &length), SPK_ERR_ARGUMENT);
    CU_ASSERT_EQUAL(spk_isi_histogram_length(ctx, trains, NULL, NULL), SPK_ERR_ARGUMENT);
    CU_ASSERT_EQUAL(spk_isi_histogram_edges(ctx, NULL, NULL), SPK_ERR_ARGUMENT);
    CU_ASSERT_EQUAL(spk_isi_histogram_density(ctx, NULL, -1, counts, values),
                    SPK_ERR_ARGUMENT);
    CU_ASSERT_EQUAL(spk_isi_histogram_density(ctx, NULL, 1, NULL, values),
                    SPK_ERR_ARGUMENT);
    CU_ASSERT_EQUAL(spk_isi_histogram_density(ctx, NULL, 1, counts, NULL),
                    SPK_ERR_ARGUMENT);
    CU_ASSERT_EQUAL(spk_isi_histogram_count(ctx, trains, NULL, counts), SPK_OK);
    spk_context_destroy(ctx);
    spk_trains_destroy(trains);
}

/* ---- the fitted curve ---- */

static const spk_acg_fit truth = {.tau_decay_ms = 30,
                                  .tau_rise_ms = 3,
                                  .decay_hz = 20,
                                  .rise_ratio = 1.5,
                                  .asymptote_hz = 5,
                                  .refractory_ms = 2,
                                  .tau_burst_ms = 1,
                                  .burst_hz = 4};

static void curve_hand_worked(void)
{
    const double lags[] = {2, 0, 32};
    double values[3];
    CU_ASSERT_EQUAL(spk_acg_fit_curve(NULL, &truth, 3, lags, values), SPK_OK);
    CU_ASSERT_DOUBLE_EQUAL(values[0], 20 * (1 - 1.5) + 4 + 5 < 0 ? 0 : -1, 1e-12);
    CU_ASSERT_EQUAL(values[1] >= 0, 1);
    CU_ASSERT_DOUBLE_EQUAL(values[2], 20 * (exp(-1) - 1.5 * exp(-10)) + 4 * exp(-30) + 5,
                           1e-12);
    CU_ASSERT_EQUAL(spk_acg_fit_curve(NULL, &truth, 0, NULL, NULL), SPK_OK);
}

/* Data that are a curve of the model are fitted exactly. */
static void fit_finds_its_own_curve(void)
{
    double lags[100], acg[100], again[100];
    for (int k = 0; k < 100; k++)
        lags[k] = 0.5 * (k + 1);
    CU_ASSERT_EQUAL(spk_acg_fit_curve(NULL, &truth, 100, lags, acg), SPK_OK);
    spk_acg_fit fit;
    CU_ASSERT_EQUAL(spk_acg_fit_estimate(NULL, 0.5, 100, acg, &fit), SPK_OK);
    CU_ASSERT(fit.converged);
    CU_ASSERT(fit.r_square > 0.9999);
    CU_ASSERT_EQUAL(spk_acg_fit_curve(NULL, &fit, 100, lags, again), SPK_OK);
    double mean = 0, total = 0, residual = 0;
    for (int k = 0; k < 100; k++)
        mean += acg[k] / 100;
    for (int k = 0; k < 100; k++) {
        total += pow(acg[k] - mean, 2);
        residual += pow(acg[k] - again[k], 2);
    }
    /* r_square as defined, from the curve itself. */
    CU_ASSERT_DOUBLE_EQUAL(fit.r_square, 1 - residual / total, 1e-12);
}

static void fit_of_odd_data(void)
{
    double acg[100] = {0};
    spk_acg_fit fit;
    CU_ASSERT_EQUAL(spk_acg_fit_estimate(NULL, 0.5, 100, acg, &fit), SPK_OK);
    CU_ASSERT(isnan(fit.r_square)); /* flat */
    acg[50] = 1e9;                  /* beyond any curve within the bounds */
    CU_ASSERT_EQUAL(spk_acg_fit_estimate(NULL, 0.5, 100, acg, &fit), SPK_OK);
    CU_ASSERT(fit.r_square < 0.1 && fit.decay_hz <= 500 && fit.asymptote_hz <= 50);
    acg[3] = NAN;
    CU_ASSERT_EQUAL(spk_acg_fit_estimate(NULL, 0.5, 100, acg, &fit), SPK_OK);
    CU_ASSERT(isnan(fit.r_square) && isnan(fit.tau_decay_ms) && !fit.converged);
}

static void fit_errors(void)
{
    spk_context *ctx = new_context();
    double acg[8] = {0};
    spk_acg_fit fit = truth;
    CU_ASSERT_EQUAL(spk_acg_fit_estimate(ctx, 0, 8, acg, &fit), SPK_ERR_ARGUMENT);
    CU_ASSERT_STRING_EQUAL(spk_context_message(ctx), "bin_ms must be > 0, got 0");
    CU_ASSERT_EQUAL(spk_acg_fit_estimate(ctx, NAN, 8, acg, &fit), SPK_ERR_ARGUMENT);
    CU_ASSERT_EQUAL(spk_acg_fit_estimate(ctx, 1, 7, acg, &fit), SPK_ERR_ARGUMENT);
    CU_ASSERT_STRING_EQUAL(spk_context_message(ctx), "n_bins must be 8 .. 100000, got 7");
    CU_ASSERT_EQUAL(spk_acg_fit_estimate(ctx, 1, 8, NULL, &fit), SPK_ERR_ARGUMENT);
    CU_ASSERT_EQUAL(spk_acg_fit_estimate(ctx, 1, 8, acg, NULL), SPK_ERR_ARGUMENT);
    CU_ASSERT_EQUAL(spk_acg_fit_curve(ctx, NULL, 1, acg, acg), SPK_ERR_ARGUMENT);
    CU_ASSERT_EQUAL(spk_acg_fit_curve(ctx, &fit, -1, acg, acg), SPK_ERR_ARGUMENT);
    CU_ASSERT_STRING_EQUAL(spk_context_message(ctx), "n_lags must be >= 0, got -1");
    CU_ASSERT_EQUAL(spk_acg_fit_curve(ctx, &fit, 1, NULL, acg), SPK_ERR_ARGUMENT);
    CU_ASSERT_STRING_EQUAL(spk_context_message(ctx), "lags_ms is NULL");
    CU_ASSERT_EQUAL(spk_acg_fit_curve(ctx, &fit, 1, acg, NULL), SPK_ERR_ARGUMENT);
    CU_ASSERT_STRING_EQUAL(spk_context_message(ctx), "acg_hz is NULL");
    spk_context_destroy(ctx);
}

static spk_status fit_something(spk_context *ctx, void *argument)
{
    spk_acg_fit fit;
    return spk_acg_fit_estimate(ctx, 0.5, 100, argument, &fit);
}

static spk_status count_something(spk_context *ctx, void *argument)
{
    int64_t counts[125];
    return spk_isi_histogram_count(ctx, argument, NULL, counts);
}

static void every_allocation_can_fail(void)
{
    double acg[100] = {0};
    const int64_t samples[] = {0, 30};
    const int32_t units[] = {0, 0};
    const spk_spikes spikes = {2, 1, samples, units, 30000, 0, 100};
    spk_trains *trains = group(&spikes, NULL);
    CU_ASSERT(suite_fail_allocations(fit_something, acg) >= 1);
    CU_ASSERT(suite_fail_allocations(count_something, trains) >= 1);
    spk_trains_destroy(trains);
}

static const suite_test tests[] = {
    {"interval histogram, hand-worked", histogram_hand_worked},
    {"interval histogram equals the definition", histogram_equals_the_definition},
    {"interval histogram, errors", histogram_errors},
    {"curve, hand-worked", curve_hand_worked},
    {"fit finds its own curve", fit_finds_its_own_curve},
    {"fit of odd data", fit_of_odd_data},
    {"fit, errors", fit_errors},
    {"every allocation can fail", every_allocation_can_fail},
};
SUITE_MAIN("firing", tests)
