/* SPDX-License-Identifier: BSD-3-Clause */
/* The sliding refractory period of a unit, and what it stands on: pairs by lag, limits. */
#include "base/durations.h"
#include "sorting/pair_lags.h"
#include "suite.h"

#include <math.h>
#include <spikekit/distributions.h>
#include <spikekit/metrics.h>
#include <spikekit/random.h>
#include <spikekit/refractory.h>
#include <stdlib.h>

static int64_t draw_below(spk_random *random, int64_t n)
{
    return (int64_t)(spk_random_uniform(random) * (double)n);
}

/* ---- pairs by lag ---- */

static int64_t pairs_by_definition(const spk_train *train, int64_t lag)
{
    int64_t n = 0;
    for (int64_t r = 0; r < train->n_runs; r++)
        for (int64_t i = train->run_offsets[r]; i < train->run_offsets[r + 1]; i++)
            for (int64_t j = i + 1; j < train->run_offsets[r + 1]; j++)
                n += train->samples[j] - train->samples[i] <= lag;
    return n;
}

/* Wanted lags of one kind on one train: each as by definition. */
static void check_lags(const spk_train *train, const int64_t *wanted, int64_t n)
{
    spk__pair_lags lags;
    CU_ASSERT_EQUAL_FATAL(spk__pair_lags_create(NULL, wanted, n, &lags), SPK_OK);
    int64_t *counters =
        malloc(((size_t)spk__pair_lags_room(&lags) + 1) * sizeof *counters);
    spk__pair_lags_count(&lags, train, counters);
    for (int64_t k = 0; k < n; k++) {
        const int64_t expected =
            wanted[k] < 0 ? 0 : pairs_by_definition(train, wanted[k]);
        CU_ASSERT_EQUAL(spk__pair_lags_at(&lags, counters, wanted[k]), expected);
        CU_ASSERT_EQUAL(spk__pairs_between(train, 0, wanted[k]), expected);
    }
    free(counters);
    spk__pair_lags_free(&lags);
}

static void pairs_equal_the_definition(void)
{
    enum {
        N = 150
    };
    spk_random random = {.seed = 2};
    /* short lags have a counter each, long ones share buckets; few lags on many simultaneous
     * spikes go lag by lag */
    static const int64_t scales[] = {1, 40, 100000, (int64_t)1 << 50};
    for (int repeat = 0; repeat < 40; repeat++) {
        const int64_t scale = scales[repeat % 4];
        int64_t samples[N], wanted[30], at = -5 * scale;
        const int64_t n_wanted = repeat % 3 == 0 ? 2 : 30;
        for (int i = 0; i < N; i++) {
            if (draw_below(&random, repeat % 5 == 0 ? 60 : 2) == 0)
                at += draw_below(&random, 10) * (scale > 40 ? scale / 100 : scale);
            samples[i] = at;
        }
        for (int64_t k = 0; k < n_wanted; k++)
            wanted[k] = draw_below(&random, 12) * scale / 3 - (k % 7 == 0);
        const int64_t offsets[] = {0, draw_below(&random, N), N};
        const int64_t starts[] = {INT64_MIN / 2, 0}, stops[] = {0, INT64_MAX / 2};
        const spk_train train = {.n_spikes = N,
                                 .samples = samples,
                                 .n_runs = 2,
                                 .run_starts = starts,
                                 .run_stops = stops,
                                 .run_offsets = offsets};
        check_lags(&train, wanted, n_wanted);
    }
}

/* A million spikes at one sample are half a trillion pairs, and no wait. */
static void a_million_at_once(void)
{
    enum {
        N = 1000000
    };
    int64_t *samples = calloc(N, sizeof *samples);
    const int64_t offsets[] = {0, N}, start = 0, stop = 10;
    const int64_t wanted[] = {0, 30, 45};
    const spk_train train = {.n_spikes = N,
                             .samples = samples,
                             .n_runs = 1,
                             .run_starts = &start,
                             .run_stops = &stop,
                             .run_offsets = offsets};
    spk__pair_lags lags;
    int64_t counters[64];
    CU_ASSERT_EQUAL_FATAL(spk__pair_lags_create(NULL, wanted, 3, &lags), SPK_OK);
    CU_ASSERT_FATAL(spk__pair_lags_room(&lags) <= 64);
    spk__pair_lags_count(&lags, &train, counters);
    for (int k = 0; k < 3; k++)
        CU_ASSERT_EQUAL(spk__pair_lags_at(&lags, counters, wanted[k]),
                        (int64_t)N * (N - 1) / 2);
    spk__pair_lags_free(&lags);
    free(samples);
}

static void no_lags(void)
{
    const int64_t offset = 0, below[] = {-1, -9};
    const spk_train train = {.run_offsets = &offset};
    spk__pair_lags lags;
    CU_ASSERT_EQUAL_FATAL(spk__pair_lags_create(NULL, below, 2, &lags), SPK_OK);
    CU_ASSERT_EQUAL(spk__pair_lags_room(&lags), 0);
    spk__pair_lags_count(&lags, &train, NULL);
    CU_ASSERT_EQUAL(spk__pair_lags_at(&lags, NULL, -1), 0);
    spk__pair_lags_free(&lags);
}

/* ---- seconds to samples ---- */

static void durations(void)
{
    CU_ASSERT_EQUAL(spk__samples_in(60, 29999.82), 1799989);
    CU_ASSERT_EQUAL(spk__samples_in(1e-9, 30000), 1);
    CU_ASSERT_EQUAL(spk__samples_in(1e300, 30000), (int64_t)1 << 53);
    CU_ASSERT_EQUAL(spk__samples_near(1, 30000), 30);
    CU_ASSERT_EQUAL(spk__samples_near(0.25, 30000), 8); /* of 7.5: even */
    CU_ASSERT_EQUAL(spk__samples_near(0.25, 26000), 6); /* of 6.5: even */
    CU_ASSERT_EQUAL(spk__lag_below(0.0015, 30000), 44);
    CU_ASSERT_EQUAL(spk__lag_at_most(0.0015, 30000), 45);
    CU_ASSERT_EQUAL(spk__lag_below(0.0015, 25000), 37);
    CU_ASSERT_EQUAL(spk__lag_at_most(0.0015, 25000), 37);
    CU_ASSERT_EQUAL(spk__lag_below(0, 30000), -1);
    CU_ASSERT_EQUAL(spk__lag_at_most(0, 30000), 0);
    /* the largest that keeps it, for thresholds that are samples and for those between */
    for (int64_t k = 1; k < 3000; k++) {
        const double at = (double)k / 30000.0, between = ((double)k + 0.5) / 30000.0;
        CU_ASSERT(spk__lag_below(at, 30000) == k - 1 && spk__lag_at_most(at, 30000) == k);
        CU_ASSERT(spk__lag_below(between, 30000) == k &&
                  spk__lag_at_most(between, 30000) == k);
    }
}

/* ---- limits of a Poisson mean ---- */

static void poisson_mean(void)
{
    /* Garwood (1936): 95 % limits of 0, 1, 10 and 100 */
    static const struct {
        int64_t count;
        double low, high;
    } table[] = {{0, 0, 3.6888794541139354},
                 {1, 0.025317807984289876, 5.571643390938898},
                 {10, 4.7953886961324335, 18.39035604201778},
                 {100, 81.36399125092314, 121.62679379242638}};
    for (int k = 0; k < 4; k++) {
        const double low = spk_poisson_mean(table[k].count - 1, 0.975);
        const double high = spk_poisson_mean(table[k].count, 0.025);
        CU_ASSERT(fabs(low - table[k].low) <= 1e-12 * table[k].low);
        CU_ASSERT(fabs(high - table[k].high) <= 1e-12 * table[k].high);
    }
    /* it undoes the probability, far out and for large counts too */
    static const int64_t counts[] = {0, 1, 7, 1000, 1000000, 1000000000};
    static const double probabilities[] = {1e-200, 1e-9, 0.05, 0.5, 0.95, 0.999999};
    for (int k = 0; k < 36; k++) {
        const double p = probabilities[k % 6];
        const double mean = spk_poisson_mean(counts[k / 6], p);
        const double slope =
            fabs(spk_poisson_log_lower(counts[k / 6], mean * (1 + 1e-7)) -
                 spk_poisson_log_lower(counts[k / 6], mean)) *
            1e7; /* of the logarithm by the relative mean */
        CU_ASSERT(fabs(spk_poisson_log_lower(counts[k / 6], mean) - log(p)) <=
                  1e-11 * slope + 1e-14 * (1 + fabs(log(p))));
    }
    CU_ASSERT_EQUAL(spk_poisson_mean(-1, 0.5), 0);
    CU_ASSERT(isnan(spk_poisson_mean(3, 0)) && isnan(spk_poisson_mean(3, 1)) &&
              isnan(spk_poisson_mean(3, NAN)) && isnan(spk_poisson_mean(INT64_MAX, 0.5)));
}

/* ---- one unit ---- */

enum {
    N_SPIKES = 2400
};

static int64_t samples[N_SPIKES];
static int32_t units[N_SPIKES];

/* Unit u of six is refractory for 2 ms, but for foreign spikes, 3 u percent of it. */
static spk_spikes simulated(void)
{
    spk_random random = {.seed = 11};
    int64_t next[6] = {0}, last = 0;
    for (int i = 0; i < N_SPIKES; i++) {
        int unit = 0;
        for (int u = 1; u < 6; u++)
            unit = next[u] < next[unit] ? u : unit;
        samples[i] = next[unit];
        units[i] = unit;
        last = next[unit];
        const int foreign = spk_random_uniform(&random) < 0.03 * unit;
        next[unit] += foreign ? draw_below(&random, 60)
                              : 60 + (int64_t)(400 * spk_random_exponential(&random));
    }
    return (spk_spikes){.n_spikes = N_SPIKES,
                        .n_units = 7, /* the last without spikes */
                        .samples = samples,
                        .units = units,
                        .sampling_rate_hz = 30000,
                        .start_sample = 0,
                        .stop_sample = last + 1};
}

static spk_trains *group(const spk_spikes *spikes)
{
    spk_trains *trains = NULL;
    CU_ASSERT_EQUAL_FATAL(spk_trains_create(NULL, spikes, NULL, &trains), SPK_OK);
    return trains;
}

/* The matrix, and from all of it what the estimate finds along its border. */
static void check_matrix(const spk_train *train, const spk_refractory_options *options,
                         const int64_t *pairs, const double *confidence,
                         const spk_refractory_estimate *estimate)
{
    const int64_t n_p = options->n_periods, n_c = options->n_contaminations;
    const double n = (double)train->n_spikes;
    const double time_s = (double)train->duration_samples / 30000.0;
    const int64_t step = (int64_t)rint(options->step_s * 30000);
    const int64_t simultaneous = pairs_by_definition(train, 0);
    int64_t violations = simultaneous, least = n_c, surest = -1;
    for (int64_t p = 0; p < n_p; p++) {
        const double t = (double)((p + 1) * step) / 30000.0;
        CU_ASSERT_EQUAL(pairs[p], pairs_by_definition(train, (p + 1) * step - 1) -
                                      pairs_by_definition(train, p * step - 1));
        violations += pairs[p];
        for (int64_t c = 0; c < n_c; c++) {
            const double C = (double)(c + 1) * options->contamination_step;
            const double mean =
                options->model == SPK_REFRACTORY_LLOBET
                    ? 2 * t / time_s * C * n * ((1 - C) * n + (C * n - 1) / 2)
                    : 2 * t / time_s * C * n * n;
            const double expected = exp(spk_poisson_log_upper(violations + 1, mean));
            CU_ASSERT(fabs(confidence[c * n_p + p] - expected) <= 1e-12);
            if (((double)p + 0.5) * (double)step / 30000.0 > options->shortest_s &&
                confidence[c * n_p + p] > options->confidence && c < least)
                least = c;
        }
    }
    for (int64_t p = 0; p < n_p && least < n_c; p++)
        if (((double)p + 0.5) * (double)step / 30000.0 > options->shortest_s &&
            (surest < 0 ||
             confidence[least * n_p + p] > confidence[least * n_p + surest]))
            surest = p;
    CU_ASSERT(estimate->step_s == (double)step / 30000.0);
    if (least == n_c) {
        CU_ASSERT(isnan(estimate->contamination) && isnan(estimate->period_s));
    } else {
        CU_ASSERT(estimate->contamination ==
                  (double)(least + 1) * options->contamination_step);
        CU_ASSERT(fabs(estimate->period_s - (double)((surest + 1) * step) / 30000.0) <
                  1e-12);
    }
}

static void equals_the_whole_matrix(void)
{
    const spk_spikes spikes = simulated();
    spk_trains *trains = group(&spikes);
    for (int repeat = 0; repeat < 4; repeat++) {
        spk_refractory_options options;
        spk_refractory_options_init(&options, sizeof options);
        options.model = repeat & 1;
        if (repeat & 2) {
            options.step_s = 1.0 / 30000;
            options.n_periods = 100;
            options.n_contaminations = 25;
            options.contamination_step = 0.01;
            options.confidence = 0.95;
        }
        const int64_t n = options.n_periods * options.n_contaminations;
        int64_t *pairs = malloc((size_t)options.n_periods * sizeof *pairs);
        double *confidence = malloc((size_t)n * sizeof *confidence);
        for (int64_t u = 0; u < 6; u++) {
            const spk_train train = spk_trains_unit(trains, u);
            spk_refractory_estimate estimate;
            CU_ASSERT_EQUAL(spk_refractory_confidence(NULL, trains, u, &options, pairs,
                                                      confidence, &estimate),
                            SPK_OK);
            check_matrix(&train, &options, pairs, confidence, &estimate);
        }
        free(confidence);
        free(pairs);
    }
    spk_trains_destroy(trains);
}

static void defaults_are_the_metric(void)
{
    const spk_spikes spikes = simulated();
    spk_trains *trains = group(&spikes);
    spk_metrics_input input;
    spk_metrics *metrics = NULL;
    int n_sure = 0;
    spk_metrics_input_init(&input, sizeof input);
    input.spikes = &spikes;
    CU_ASSERT_EQUAL_FATAL(spk_metrics_compute(NULL, &input, NULL, &metrics), SPK_OK);
    const double *values =
        spk_metrics_values(metrics, spk_metrics_find(metrics, "sliding_rp_violation"));
    for (int64_t u = 0; u < 7; u++) {
        int64_t pairs[40];
        spk_refractory_estimate estimate;
        CU_ASSERT_EQUAL(
            spk_refractory_confidence(NULL, trains, u, NULL, pairs, NULL, &estimate),
            SPK_OK);
        CU_ASSERT(isnan(values[u]) ? isnan(estimate.contamination)
                                   : estimate.contamination == values[u]);
        n_sure += !isnan(values[u]);
        CU_ASSERT_EQUAL(
            spk_refractory_confidence(NULL, trains, u, NULL, pairs, NULL, NULL), SPK_OK);
    }

    CU_ASSERT(n_sure >= 2 && n_sure < 6); /* both kinds were there */
    spk_metrics_destroy(metrics);
    spk_trains_destroy(trains);
}

/* The least contamination by the mean 2 t / T C N N; of few spikes, as one more or less
 * counts. Bins are one sample at 4 kHz. */
static void steinmetz_by_definition(void)
{
    enum {
        N_TRAINS = 12
    };
    static const char *const name[] = {"sliding_rp_violation_steinmetz"};
    spk_random random = {.seed = 5};
    spk_metrics_input input;
    spk_metrics_options options;
    int n_sure = 0;
    spk_metrics_input_init(&input, sizeof input);
    spk_metrics_options_init(&options, sizeof options);
    options.names = name;
    options.n_names = 1;
    for (int64_t k = 0; k < N_TRAINS; k++) {
        const int64_t n = 30 + 5 * k;
        for (int64_t i = 0; i < n; i++) {
            units[i] = 0;
            samples[i] = i == 0 ? 0 : samples[i - 1] + 30 + draw_below(&random, 100);
        }
        const spk_spikes spikes = {n, 1, samples, units, 4000, 0, samples[n - 1] + 1};
        const double time_s = (double)spikes.stop_sample / 4000;
        spk_trains *trains = group(&spikes);
        const spk_train train = spk_trains_unit(trains, 0);
        double expected = NAN;
        for (int c = 69; c >= 1; c--)
            for (int p = 2; p < 40; p++) { /* the first whose centre is above 0.5 ms */
                const double mean =
                    2 * (p + 1) / 4000.0 / time_s * c * 0.005 * (double)n * (double)n;
                double term = exp(-mean), sum = term;
                const int64_t seen =
                    pairs_by_definition(&train, p) + pairs_by_definition(&train, 0);
                for (int64_t v = 1; v <= seen; v++)
                    sum += term *= mean / (double)v;
                if (1 - sum > 0.9)
                    expected = c * 0.005;
            }
        spk_metrics *metrics = NULL;
        input.spikes = &spikes;
        CU_ASSERT_EQUAL_FATAL(spk_metrics_compute(NULL, &input, &options, &metrics),
                              SPK_OK);
        const double found = spk_metrics_values(metrics, 0)[0];
        CU_ASSERT(isnan(expected) ? isnan(found) : fabs(found - expected) < 1e-12);
        n_sure += !isnan(expected);
        spk_metrics_destroy(metrics);
        spk_trains_destroy(trains);
    }
    CU_ASSERT(n_sure >= 6);
}

static void a_unit_without_spikes(void)
{
    const spk_spikes spikes = simulated();
    spk_trains *trains = group(&spikes);
    int64_t pairs[40];
    double confidence[70 * 40];
    spk_refractory_estimate estimate;
    CU_ASSERT_EQUAL(
        spk_refractory_confidence(NULL, trains, 6, NULL, pairs, confidence, &estimate),
        SPK_OK);
    CU_ASSERT(pairs[39] == 0 && confidence[2799] == 0);
    CU_ASSERT(isnan(estimate.contamination) && isnan(estimate.period_s) &&
              isnan(estimate.max_confidence) && estimate.step_s == 8.0 / 30000);
    spk_trains_destroy(trains);
}

static void errors(void)
{
    spk_context *ctx = NULL;
    const spk_spikes spikes = simulated();
    spk_trains *trains = group(&spikes);
    int64_t pairs[40];
    CU_ASSERT_EQUAL_FATAL(spk_context_create(&ctx), SPK_OK);
    CU_ASSERT_EQUAL(spk_refractory_confidence(ctx, NULL, 0, NULL, pairs, NULL, NULL),
                    SPK_ERR_ARGUMENT);
    CU_ASSERT_STRING_EQUAL(spk_context_message(ctx), "trains is NULL");
    CU_ASSERT_EQUAL(spk_refractory_confidence(ctx, trains, 0, NULL, NULL, NULL, NULL),
                    SPK_ERR_ARGUMENT);
    CU_ASSERT_STRING_EQUAL(spk_context_message(ctx), "pairs is NULL");
    CU_ASSERT_EQUAL(spk_refractory_confidence(ctx, trains, 7, NULL, pairs, NULL, NULL),
                    SPK_ERR_ARGUMENT);
    CU_ASSERT_STRING_EQUAL(spk_context_message(ctx), "unit must be in 0 .. 6, got 7");
    for (int k = 0; k < 9; k++) {
        static const char *const names[] = {
            "options",         "step_s must",          "n_periods must",
            "shortest_s must", "n_contaminations",     "contamination_",
            "confidence",      "model must be 0 or 1", "the longest period"};
        spk_spikes fast = spikes;
        spk_trains *other = trains;
        spk_refractory_options bad;
        spk_refractory_options_init(&bad, sizeof bad);
        if (k == 0)
            bad.struct_size = 8;
        else if (k == 1)
            bad.step_s = NAN;
        else if (k == 2)
            bad.n_periods = 0;
        else if (k == 3)
            bad.shortest_s = -1;
        else if (k == 4)
            bad.n_contaminations = 1001;
        else if (k == 5)
            bad.contamination_step = 0.01;
        else if (k == 6)
            bad.confidence = 1.5;
        else if (k == 7)
            bad.model = 2;
        if (k == 8) {
            fast.sampling_rate_hz = 1e19;
            other = group(&fast);
        }
        CU_ASSERT_EQUAL(spk_refractory_confidence(ctx, other, 0, &bad, pairs, NULL, NULL),
                        SPK_ERR_ARGUMENT);
        CU_ASSERT_EQUAL(strncmp(spk_context_message(ctx), names[k], strlen(names[k])), 0);
        if (k == 8)
            spk_trains_destroy(other);
    }
    spk_trains_destroy(trains);
    spk_context_destroy(ctx);
}

static spk_status one_unit(spk_context *ctx, void *trains)
{
    int64_t pairs[40];
    return spk_refractory_confidence(ctx, trains, 0, NULL, pairs, NULL, NULL);
}

static void failed_allocations(void)
{
    const spk_spikes spikes = simulated();
    spk_trains *trains = group(&spikes);
    CU_ASSERT_EQUAL(suite_fail_allocations(one_unit, trains), 5);
    spk_trains_destroy(trains);
}

static const suite_test tests[] = {
    {"pairs equal the definition", pairs_equal_the_definition},
    {"a million at once", a_million_at_once},
    {"no lags", no_lags},
    {"durations", durations},
    {"Poisson mean", poisson_mean},
    {"equals the whole matrix", equals_the_whole_matrix},
    {"defaults are the metric", defaults_are_the_metric},
    {"Steinmetz by definition", steinmetz_by_definition},
    {"a unit without spikes", a_unit_without_spikes},
    {"errors", errors},
    {"failed allocations", failed_allocations},
};

SUITE_MAIN("refractory", tests)
