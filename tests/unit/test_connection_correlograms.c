/* SPDX-License-Identifier: BSD-3-Clause */
/* The connection methods that judge correlograms, on trains with known truth. */
#include "correlation/pair_tests.h"
#include "suite.h"

#include <math.h>
#include <spikekit/connections.h>
#include <spikekit/correlogram.h>
#include <spikekit/distributions.h>
#include <spikekit/random.h>
#include <spikekit/significance.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    N_UNITS = 24,
    RATE = 20000,
    SECONDS = 400,
    METHODS = 5
};

static const int32_t METHOD[METHODS] = {
    SPK_CONNECTION_HOLLOW, SPK_CONNECTION_ENGLISH, SPK_CONNECTION_KOPELOWITZ,
    SPK_CONNECTION_DECONVOLUTION, SPK_CONNECTION_REFRACTORY};

typedef struct spike {
    int64_t sample;
    int32_t unit;
} spike;

typedef struct session {
    int64_t *samples;
    int32_t *units;
    spk_spikes spikes;
} session;

static int by_time(const void *a, const void *b)
{
    const spike *x = a, *y = b;
    if (x->sample != y->sample)
        return x->sample < y->sample ? -1 : 1;
    return (x->unit > y->unit) - (x->unit < y->unit);
}

static int is_after(const spike *spikes, int64_t n, int64_t sample, int32_t unit,
                    int64_t least, int64_t most)
{
    for (int64_t i = 0; i < n; i++) {
        const int64_t lag = sample - spikes[i].sample;
        if (spikes[i].unit == unit && lag >= least && lag <= most)
            return 1;
    }
    return 0;
}

/*
 * Independent Poisson units of about 15 Hz, the last silent. With truth: 0 drives 1, one spike
 * in twenty 2 ms later; 2 silences 3 for 0.7 to 4.2 ms; 4 and 5 never fire within 3 ms of each
 * other.
 */
static session make_session(uint64_t seed, int with_truth)
{
    static spike spikes[N_UNITS * SECONDS * 20];
    spk_random random = {.seed = seed};
    int64_t n = 0, kept = 0;
    for (int32_t u = 0; u < N_UNITS - 1; u++) {
        const double rate_hz = with_truth && u >= 2 && u <= 5 ? 19.0 : 15.0;
        double at = 0.0;
        while ((at += spk_random_exponential(&random) * RATE / rate_hz) <
               RATE * SECONDS) {
            spikes[n++] = (spike){(int64_t)at, u};
            if (with_truth && u == 0 && spk_random_uniform(&random) < 0.05)
                spikes[n++] = (spike){(int64_t)at + 40, 1};
        }
    }
    qsort(spikes, (size_t)n, sizeof *spikes, by_time);
    session made = {.samples = malloc((size_t)n * sizeof *made.samples),
                    .units = malloc((size_t)n * sizeof *made.units)};
    for (int64_t i = 0; i < n; i++) {
        const int64_t from = i > 60 ? i - 60 : 0;
        if (with_truth &&
            ((spikes[i].unit == 3 &&
              is_after(spikes + from, i - from, spikes[i].sample, 2, 14, 84)) ||
             (spikes[i].unit == 4 &&
              is_after(spikes + from, i - from, spikes[i].sample, 5, 0, 60)) ||
             (spikes[i].unit == 5 &&
              is_after(spikes + from, i - from, spikes[i].sample, 4, 0, 60))))
            continue;
        made.samples[kept] = spikes[i].sample;
        made.units[kept++] = spikes[i].unit;
    }
    made.spikes = (spk_spikes){.n_spikes = kept,
                               .n_units = N_UNITS,
                               .samples = made.samples,
                               .units = made.units,
                               .sampling_rate_hz = RATE,
                               .start_sample = 0,
                               .stop_sample = RATE * SECONDS + 100};
    return made;
}

static void free_session(session *made)
{
    free(made->samples);
    free(made->units);
}

static spk_connections_options options_of(int32_t method)
{
    spk_connections_options options;
    spk_connections_options_init(&options, sizeof options);
    options.method = method;
    return options;
}

static spk_connections *find(const session *made, const spk_connections_options *options)
{
    spk_connections *found = NULL;
    CU_ASSERT_EQUAL_FATAL(spk_connections_find(NULL, &made->spikes, options, &found),
                          SPK_OK);
    return found;
}

static const spk_connection *row_of(const spk_connections *found, int32_t source,
                                    int32_t target, int32_t sign)
{
    const spk_connection *rows = spk_connections_rows(found);
    for (int64_t r = 0; r < spk_connections_n_rows(found); r++)
        if (rows[r].source == source && rows[r].target == target && rows[r].sign == sign)
            return &rows[r];
    return NULL;
}

/* ---- the null ---- */

/*
 * Independent units: the share of tests with p <= 0.05. The bound from above holds for every
 * method (p is that of all bins together, by Bonferroni; kopelowitz and deconvolution, whose
 * null distributions are rough, get twice); from below for the one whose p is meant to be exact.
 */
static void false_positives_at_the_level(void)
{
    session made = make_session(1, 0);
    for (int m = 0; m < METHODS; m++) {
        spk_connections_options options = options_of(METHOD[m]);
        options.max_p = 0.05;
        if (METHOD[m] != SPK_CONNECTION_REFRACTORY)
            options.signs = 0;
        spk_connections *found = find(&made, &options);
        const double n = (double)spk_connections_n_tests(found);
        const double share = (double)spk_connections_n_rows(found) / n;
        const double error = sqrt(0.05 * 0.95 / n);
        const int is_rough = METHOD[m] == SPK_CONNECTION_KOPELOWITZ ||
                             METHOD[m] == SPK_CONNECTION_DECONVOLUTION;
        CU_ASSERT(share <= (is_rough ? 0.1 : 0.05) + 4 * error);
        if (METHOD[m] == SPK_CONNECTION_HOLLOW)
            CU_ASSERT(share >= 0.05 - 4 * error);
        /* the methods' own rules: at 0.001, but for the triple and for Kilosort's */
        int64_t claimed = 0;
        for (int64_t r = 0; r < spk_connections_n_rows(found); r++)
            claimed += spk_connections_rows(found)[r].significant;
        CU_ASSERT((double)claimed <= 0.002 * n + 4 * sqrt(0.002 * n));
        CU_ASSERT(n == (METHOD[m] == SPK_CONNECTION_REFRACTORY ? 0.5 : 2.0) *
                           (N_UNITS - 1) * (N_UNITS - 2));
        spk_connections_destroy(found);
    }
    free_session(&made);
}

/* ---- the truth ---- */

static void finds_what_is_there(void)
{
    session made = make_session(2, 1);
    for (int m = 0; m < METHODS; m++) {
        spk_connections_options options = options_of(METHOD[m]);
        options.max_p = 1.0;
        if (METHOD[m] != SPK_CONNECTION_REFRACTORY)
            options.signs = 0;
        spk_connections *found = find(&made, &options);
        const spk_connection *shared = row_of(found, 4, 5, -1);
        const spk_connection *excess = row_of(found, 0, 1, 1);
        const spk_connection *lack = row_of(found, 2, 3, -1);
        CU_ASSERT_FATAL(shared != NULL && lack != NULL);
        if (METHOD[m] == SPK_CONNECTION_REFRACTORY) {
            CU_ASSERT(shared->significant && shared->log_p < log(1e-6) &&
                      shared->effect < 0.25);
            CU_ASSERT_DOUBLE_EQUAL(shared->latency_s, 0.002, 0.001);
            CU_ASSERT(excess == NULL && isnan(shared->transmission));
            spk_connections_destroy(found);
            continue;
        }
        CU_ASSERT_FATAL(excess != NULL);
        /* three bins of 0.5 ms are more than this peak has */
        if (METHOD[m] != SPK_CONNECTION_KOPELOWITZ) {
            CU_ASSERT(excess->significant && excess->log_p < log(1e-9));
            CU_ASSERT_DOUBLE_EQUAL(excess->latency_s, 0.002, 1e-12);
            CU_ASSERT(excess->transmission_lower < 0.05 &&
                      excess->transmission_upper > 0.05);
        }
        CU_ASSERT(lack->significant && lack->log_p < log(1e-4));
        CU_ASSERT(lack->transmission < 0 && lack->count < lack->expected);
        /* none of the best that is not there */
        const spk_connection *rows = spk_connections_rows(found);
        for (int64_t r = 0; r < spk_connections_n_rows(found); r++)
            CU_ASSERT(rows[r].log_q > log(0.001) || rows[r].source <= 5);
        spk_connections_destroy(found);
    }
    free_session(&made);
}

/* A row from the correlogram by the public functions alone. */
static void hollow_rows_with(const session *made, int32_t skip_center)
{
    spk_connections_options options = options_of(SPK_CONNECTION_HOLLOW);
    spk_predictor_options predictor;
    spk_predictor_options_init(&predictor, sizeof predictor);
    predictor.skip_center = skip_center;
    options.max_p = 1.0;
    options.skip_center = skip_center;
    options.signs = 0;
    spk_connections *found = find(made, &options);
    spk_correlogram_options bins;
    spk_correlogram_options_init(&bins, sizeof bins);
    CU_ASSERT_EQUAL_FATAL(spk_correlogram_options_set_window(
                              NULL, &bins, SPK_CORRELOGRAM_SPIKEKIT, RATE, 0.1, 0.0005),
                          SPK_OK);
    CU_ASSERT_EQUAL_FATAL(bins.n_bins, 201);
    int64_t counts[201];
    double predicted[201];
    for (int32_t target = 1; target < N_UNITS - 1; target++) {
        const int32_t pair[1][2] = {{0, target}};
        CU_ASSERT_EQUAL(
            spk_correlogram_count_pairs(NULL, &made->spikes, &bins, pair, 1, counts),
            SPK_OK);
        CU_ASSERT_EQUAL(
            spk_correlogram_predict(NULL, 1, 201, counts, &predictor, predicted), SPK_OK);
        for (int32_t sign = -1; sign <= 1; sign += 2) {
            double least = INFINITY, outside = 0.0;
            int64_t best = 0, all = 0, n_source = 0;
            for (int k = 102; k <= 108; k++) {
                const double log_p =
                    sign > 0 ? spk_poisson_log_mid_upper(counts[k], predicted[k])
                             : spk_poisson_log_mid_lower(counts[k], predicted[k]);
                if (log_p < least) {
                    least = log_p;
                    best = k;
                }
                all += counts[k];
                double weighted = 0.0, weights = 0.0;
                for (int d = -30; d <= 30; d++)
                    if ((k + d < 102 || k + d > 108) && !(skip_center && k + d == 100)) {
                        const double w = exp(-d * d / 200.0);
                        weights += w;
                        weighted += w * (double)counts[k + d];
                    }
                outside += weighted / weights;
            }
            for (int64_t i = 0; i < made->spikes.n_spikes; i++)
                n_source += made->units[i] == 0;
            const spk_connection *row = row_of(found, 0, target, sign);
            CU_ASSERT_FATAL(row != NULL);
            CU_ASSERT_DOUBLE_EQUAL(row->log_p, fmin(0, least + log(7)), 1e-13);
            CU_ASSERT_DOUBLE_EQUAL(row->latency_s, (double)(best - 100) * 0.0005, 1e-15);
            CU_ASSERT(row->count == (double)counts[best] &&
                      row->expected == predicted[best]);
            CU_ASSERT_DOUBLE_EQUAL(row->transmission,
                                   ((double)all - outside) / (double)n_source, 1e-14);
            CU_ASSERT_EQUAL(row->significant, row->log_p <= log(0.001));
        }
    }
    spk_connections_destroy(found);
}

static void hollow_rows_by_definition(void)
{
    session made = make_session(3, 1);
    hollow_rows_with(&made, 0);
    hollow_rows_with(&made, 1);
    free_session(&made);
}

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The mean of the middle two of the ten bins nearest to bin k, itself and the center not
 * counted. */
static double median_without_center(const double *values, int64_t n, int64_t k)
{
    double near[10];
    int used = 0;
    for (int side = -1; side <= 1; side += 2)
        for (int64_t j = k + side, wanted = used + 5; used < wanted; j += side)
            if (j != n / 2)
                near[used++] = values[j];
    qsort(near, 10, sizeof *near, by_value);
    return (near[4] + near[5]) / 2.0;
}

/* Whether the background is that of a correlogram without the bin at lag 0: by default, and
 * told to and not to. */
static void center_left_out(void)
{
    static const int32_t can[] = {SPK_CONNECTION_HOLLOW, SPK_CONNECTION_ENGLISH,
                                  SPK_CONNECTION_DECONVOLUTION};
    static const int32_t pair[] = {0, 1};
    session made = make_session(3, 1);
    for (int m = 0; m < 3; m++)
        for (int32_t told = -1; told <= 1; told++) {
            const spk_connection_method_info *info = spk_connections_method(can[m]);
            const int32_t skips = told < 0 ? can[m] == SPK_CONNECTION_ENGLISH : told;
            spk_connections_options options = options_of(can[m]);
            spk_predictor_options predictor;
            int64_t n = 0, counts[400];
            double predicted[400], values[5][400];
            const spk_connection_curve curve = {values[0], values[1], values[2],
                                                values[3], values[4]};
            CU_ASSERT_EQUAL(options.skip_center, -1);
            CU_ASSERT_EQUAL(info->skip_center, can[m] == SPK_CONNECTION_ENGLISH);
            options.skip_center = told;
            spk_predictor_options_init(&predictor, sizeof predictor);
            predictor.skip_center = skips;
            predictor.window_bins = llround(info->width_s / info->bin_s);
            CU_ASSERT_EQUAL_FATAL(
                spk_connections_curve_length(NULL, &made.spikes, &options, &n), SPK_OK);
            CU_ASSERT_FATAL(n <= 400);
            CU_ASSERT_EQUAL_FATAL(
                spk_connections_curve(NULL, &made.spikes, &options, 0, 1, &curve),
                SPK_OK);
            for (int64_t k = 0; k < n; k++)
                counts[k] = llround(curve.counts[k]);
            CU_ASSERT_EQUAL_FATAL(
                spk_correlogram_predict(NULL, 1, n, counts, &predictor, predicted),
                SPK_OK);
            for (int64_t k = 0; k < n; k++) {
                CU_ASSERT_EQUAL(isnan(curve.expected[k]), skips && k == n / 2);
                if (can[m] != SPK_CONNECTION_DECONVOLUTION) {
                    CU_ASSERT(isnan(predicted[k]) || curve.expected[k] == predicted[k]);
                } else if (skips && k != n / 2 && k >= 6 && k < n - 6) {
                    CU_ASSERT_DOUBLE_EQUAL(curve.expected[k],
                                           median_without_center(curve.counts, n, k),
                                           1e-12 * (1 + curve.expected[k]));
                }
            }
            options.pairs = pair;
            options.n_pairs = 1;
            spk_connections *found = find(&made, &options);
            const spk_connection *row = row_of(found, 0, 1, 1);
            CU_ASSERT_EQUAL(spk_connections_resolved(found)->skip_center, skips);
            CU_ASSERT_FATAL(row != NULL);
            const int64_t at =
                llround(row->latency_s / spk_connections_resolved(found)->bin_s) + n / 2;
            CU_ASSERT(row->expected == curve.expected[at]);
            CU_ASSERT(can[m] != SPK_CONNECTION_DECONVOLUTION ||
                      fabs(row->effect - 0.05) < 0.02);
            spk_connections_destroy(found);
        }
    /* options from before there was the field */
    spk_connections_options old = options_of(SPK_CONNECTION_ENGLISH);
    old.struct_size = offsetof(spk_connections_options, skip_center);
    old.skip_center = 0;
    old.pairs = pair;
    old.n_pairs = 1;
    spk_connections *found = find(&made, &old);
    CU_ASSERT_EQUAL(spk_connections_resolved(found)->skip_center, 1);
    spk_connections_destroy(found);
    free_session(&made);
}

/* The share of p below three levels, over 2530 pairs of independent units. */
static void refractory_holds_its_level(void)
{
    static const double level[] = {0.05, 0.01, 0.001};
    double n = 0.0, below[3] = {0.0, 0.0, 0.0};
    for (uint64_t seed = 100; seed < 110; seed++) {
        session made = make_session(seed, 0);
        spk_connections_options options = options_of(SPK_CONNECTION_REFRACTORY);
        options.max_p = 0.05;
        spk_connections *found = find(&made, &options);
        n += (double)spk_connections_n_tests(found);
        for (int64_t r = 0; r < spk_connections_n_rows(found); r++)
            for (int k = 0; k < 3; k++)
                below[k] += spk_connections_rows(found)[r].log_p <= log(level[k]);
        spk_connections_destroy(found);
        free_session(&made);
    }
    CU_ASSERT_EQUAL(n, 2530.0);
    for (int k = 0; k < 3; k++)
        CU_ASSERT(below[k] <= n * level[k] + 4.0 * sqrt(n * level[k]));
    CU_ASSERT(below[0] > n * 0.005);
}

/* ln P(X <= x) of a binomial variable, added up. */
static double log_binomial(int64_t x, int64_t n, double chance)
{
    double sum = 0.0;
    const double top = lgamma((double)n + 1.0);
    for (int64_t k = 0; k <= x; k++)
        sum += exp(top - lgamma((double)k + 1.0) - lgamma((double)(n - k) + 1.0) +
                   (double)k * log(chance) + (double)(n - k) * log1p(-chance));
    return log(sum);
}

/* Rows from the correlogram of 20 s, for latencies of 1 to 10 and of 3 to 8 bins of 1 ms, and
 * alpha on either side of Kilosort's probability. */
static void refractory_rows_by_definition(void)
{
    session made = make_session(9, 1);
    spk_correlogram_options bins;
    spk_correlogram_options_init(&bins, sizeof bins);
    CU_ASSERT_EQUAL_FATAL(spk_correlogram_options_set_window(
                              NULL, &bins, SPK_CORRELOGRAM_SPIKEKIT, RATE, 1.0, 0.001),
                          SPK_OK);
    const int64_t start = 0, stop = 20 * RATE;
    const spk_epochs epochs = {1, &start, &stop};
    bins.epochs = &epochs;
    int64_t counts[1001];
    int n_significant = 0;
    for (int way = 0; way < 2; way++) {
        const int first = way == 0 ? 1 : 3, last = way == 0 ? 10 : 8;
        spk_connections_options options = options_of(SPK_CONNECTION_REFRACTORY);
        options.max_p = 1.0;
        options.epochs = &epochs;
        options.min_latency_s = first * 0.001;
        options.max_latency_s = last * 0.001;
        for (int32_t target = 5; target < N_UNITS - 1; target++) {
            const int32_t pair[1][2] = {{4, target}},
                          asked[3][2] = {{target, 4}, {4, target}, {target, 4}};
            CU_ASSERT_EQUAL(
                spk_correlogram_count_pairs(NULL, &made.spikes, &bins, pair, 1, counts),
                SPK_OK);
            const double shoulder = spk__refractory_shoulder(counts, 1001);
            double within[10], ratio, probability, least = INFINITY;
            int64_t outside = 0, pairs = 0, best = 0, best_pairs = 0;
            for (int lag = last + 1; lag <= last + 40; lag++)
                outside += counts[500 - lag] + counts[500 + lag];
            for (int lag = first; lag <= last; lag++) {
                const int64_t i = lag - first + 1;
                pairs += counts[500 - lag] + counts[500 + lag];
                within[i - 1] = (double)pairs / 2.0;
                const double log_p = log_binomial(
                    pairs, pairs + outside, 2.0 * (double)i / (2.0 * (double)i + 80.0));
                if (log_p < least) {
                    least = log_p;
                    best = i;
                    best_pairs = pairs;
                }
            }
            spk__refractory_test(within, last - first + 1, shoulder, &ratio,
                                 &probability);
            options.pairs = &asked[0][0];
            options.n_pairs = 3;
            for (int side = 0; side < 2; side++) {
                options.alpha = fmin(0.9999, probability * (side == 0 ? 0.99 : 1.01));
                spk_connections *found = find(&made, &options);
                CU_ASSERT_EQUAL(spk_connections_n_tests(found), 1);
                const spk_connection *row = row_of(found, 4, target, -1);
                CU_ASSERT_FATAL(row != NULL);
                CU_ASSERT_DOUBLE_EQUAL(row->log_p,
                                       fmin(0.0, least + log((double)(last - first + 1))),
                                       1e-9 * (1.0 - least));
                CU_ASSERT_DOUBLE_EQUAL(row->latency_s, (double)(first + best - 1) * 0.001,
                                       1e-15);
                CU_ASSERT_EQUAL(row->count, (double)best_pairs);
                CU_ASSERT_DOUBLE_EQUAL(row->expected,
                                       (double)outside / 80.0 * 2.0 * (double)best, 1e-9);
                CU_ASSERT_EQUAL(row->effect, ratio);
                CU_ASSERT_EQUAL(row->significant,
                                ratio < 0.25 && probability < options.alpha);
                n_significant += row->significant;
                spk_connections_destroy(found);
            }
        }
    }
    CU_ASSERT(n_significant >= 1);
    free_session(&made);
}

/* What is not computed for want of hope changes no row that is kept; nor do threads, shards. */
static void rows_do_not_depend_on_the_way(void)
{
    session made = make_session(4, 1);
    for (int m = 0; m < METHODS; m++) {
        spk_connections_options options = options_of(METHOD[m]);
        if (METHOD[m] != SPK_CONNECTION_REFRACTORY)
            options.signs = 0;
        options.max_p = 1.0;
        spk_connections *all = find(&made, &options);
        options.max_p = 0.02;
        spk_connections *few = find(&made, &options);
        CU_ASSERT_EQUAL(spk_connections_n_tests(all), spk_connections_n_tests(few));
        const spk_connection *rows = spk_connections_rows(all);
        const spk_connection *kept = spk_connections_rows(few);
        int64_t k = 0;
        for (int64_t r = 0; r < spk_connections_n_rows(all); r++) {
            if (!(rows[r].log_p <= log(0.02)))
                continue;
            CU_ASSERT_FATAL(k < spk_connections_n_rows(few));
            spk_connection row = rows[r];
            row.log_q = kept[k].log_q;
            CU_ASSERT(memcmp(&row, &kept[k++], sizeof row) == 0);
        }
        CU_ASSERT(k == spk_connections_n_rows(few) && k > 0);
        for (int32_t threads = 2; threads <= 4; threads *= 2) {
            spk_context *ctx = NULL;
            spk_connections *again = NULL;
            CU_ASSERT_FATAL(spk_context_create(&ctx) == SPK_OK);
            CU_ASSERT_FATAL(spk_context_set_threads(ctx, threads) == SPK_OK);
            CU_ASSERT_EQUAL_FATAL(
                spk_connections_find(ctx, &made.spikes, &options, &again), SPK_OK);
            CU_ASSERT(
                spk_connections_n_rows(again) == k &&
                memcmp(spk_connections_rows(again), kept, (size_t)k * sizeof *kept) == 0);
            spk_connections_destroy(again);
            spk_context_destroy(ctx);
        }
        spk_connections_destroy(all);
        spk_connections_destroy(few);
    }
    free_session(&made);
}

static void curves(void)
{
    session made = make_session(5, 1);
    for (int m = 0; m < METHODS; m++) {
        const spk_connections_options options = options_of(METHOD[m]);
        int64_t n = 0;
        CU_ASSERT_EQUAL_FATAL(
            spk_connections_curve_length(NULL, &made.spikes, &options, &n), SPK_OK);
        double *values = malloc((size_t)n * 5 * sizeof *values);
        const spk_connection_curve curve = {values, values + n, values + 2 * n,
                                            values + 3 * n, values + 4 * n};
        CU_ASSERT_EQUAL_FATAL(
            spk_connections_curve(NULL, &made.spikes, &options, 0, 1, &curve), SPK_OK);
        int64_t above = 0;
        for (int64_t k = 0; k < n; k++) {
            above += curve.counts[k] > curve.upper[k];
            CU_ASSERT(!(curve.lower[k] > curve.expected[k] ||
                        curve.upper[k] < curve.expected[k]));
        }
        CU_ASSERT(METHOD[m] == SPK_CONNECTION_REFRACTORY ? above == 0 : above >= 1);
        if (METHOD[m] == SPK_CONNECTION_REFRACTORY)
            for (int64_t lag = 0; lag <= 11; lag++)
                for (int side = -1; side <= 1; side += 2) {
                    const double lower = curve.lower[n / 2 + side * lag];
                    CU_ASSERT(lag == 0 || lag == 11
                                  ? isnan(lower)
                                  : lower > 0.2 * curve.expected[n / 2] &&
                                        lower < 0.3 * curve.expected[n / 2]);
                }
        /* nothing expected of a silent unit */
        CU_ASSERT_EQUAL(
            spk_connections_curve(NULL, &made.spikes, &options, 0, N_UNITS - 1, &curve),
            SPK_OK);
        CU_ASSERT(isnan(curve.expected[n / 2 + 1]));
        free(values);
    }
    free_session(&made);
}

/* Kopelowitz: the two-sided normal limit, mean and sd of the outer 4/5; transmission beyond
 * that mean. */
static void kopelowitz_by_definition(void)
{
    session made = make_session(10, 1);
    spk_connections_options options = options_of(SPK_CONNECTION_KOPELOWITZ);
    const int32_t pair[1][2] = {{0, 1}};
    int64_t n = 0, n_source = 0, count = 0;
    options.max_p = 1.0;
    options.signs = 1;
    CU_ASSERT_EQUAL_FATAL(spk_connections_curve_length(NULL, &made.spikes, &options, &n),
                          SPK_OK);
    double *values = malloc((size_t)n * 5 * sizeof *values);
    int64_t *counts = malloc((size_t)n * sizeof *counts);
    const spk_connection_curve curve = {values, values + n, values + 2 * n,
                                        values + 3 * n, values + 4 * n};
    CU_ASSERT_EQUAL_FATAL(
        spk_connections_curve(NULL, &made.spikes, &options, 0, 1, &curve), SPK_OK);
    double mean = 0.0, sd = 0.0;
    for (int64_t k = 0; k < n; k++)
        counts[k] = (int64_t)curve.counts[k];
    spk__kopelowitz_baseline(counts, n, &mean, &sd);
    for (int64_t k = 0; k < n; k++) {
        CU_ASSERT_EQUAL(curve.expected[k], mean);
        CU_ASSERT_DOUBLE_EQUAL(curve.lower[k], mean - 1.959963984540054 * sd, 1e-9);
        CU_ASSERT_DOUBLE_EQUAL(curve.upper[k], mean + 1.959963984540054 * sd, 1e-9);
    }
    options.pairs = pair[0];
    options.n_pairs = 1;
    spk_connections *found = find(&made, &options);
    CU_ASSERT_EQUAL_FATAL(spk_connections_n_rows(found), 1);
    for (int64_t i = 0; i < made.spikes.n_spikes; i++)
        n_source += made.units[i] == 0;
    for (int64_t k = n / 2 + 2; k <= n / 2 + 8; k++) /* 1 to 4 ms in bins of 0.5 ms */
        count += counts[k];
    CU_ASSERT_DOUBLE_EQUAL(spk_connections_rows(found)->transmission,
                           ((double)count - 7.0 * mean) / (double)n_source, 1e-12);
    spk_connections_destroy(found);
    free(values);
    free(counts);
    free_session(&made);
}

/* Deconvolution: the gain is that of the divided rate after a source spike, and a lack is judged
 * by the next whole number of pairs upward: alpha on either side of its tail. */
static void deconvolution_by_definition(void)
{
    session made = make_session(11, 1);
    for (int32_t sign = 1; sign >= -1; sign -= 2) {
        const int32_t pair[1][2] = {{sign > 0 ? 0 : 2, sign > 0 ? 1 : 3}};
        spk_connections_options options = options_of(SPK_CONNECTION_DECONVOLUTION);
        options.max_p = 1.0;
        options.signs = sign;
        if (sign < 0) /* a bin that the silence ends in */
            options.min_latency_s = options.max_latency_s = 0.004;
        int64_t n = 0, n_source = 0;
        CU_ASSERT_EQUAL_FATAL(
            spk_connections_curve_length(NULL, &made.spikes, &options, &n), SPK_OK);
        double *values = malloc((size_t)n * 5 * sizeof *values);
        const spk_connection_curve curve = {values, values + n, values + 2 * n,
                                            values + 3 * n, values + 4 * n};
        CU_ASSERT_EQUAL_FATAL(spk_connections_curve(NULL, &made.spikes, &options,
                                                    pair[0][0], pair[0][1], &curve),
                              SPK_OK);
        options.pairs = pair[0];
        options.n_pairs = 1;
        spk_connections *found = find(&made, &options);
        CU_ASSERT_EQUAL_FATAL(spk_connections_n_rows(found), 1);
        const spk_connection row = *spk_connections_rows(found);
        const spk_connections_options *o = spk_connections_resolved(found);
        spk__pair_bins bins = {n, n, 0};
        for (int64_t k = 0; k < n; k++)
            if (curve.lags_s[k] >= o->min_latency_s &&
                curve.lags_s[k] <= o->max_latency_s) {
                bins.first = k < bins.first ? k : bins.first;
                bins.last = k + 1;
            }
        for (int64_t i = 0; i < made.spikes.n_spikes; i++)
            n_source += made.units[i] == pair[0][0];
        double *rate = curve.lags_s, least = INFINITY;
        for (int64_t k = 0; k < n; k++)
            rate[k] = (curve.counts[k] - curve.expected[k]) / (double)n_source / o->bin_s;
        if (o->skip_center)
            rate[n / 2] = 0.0;
        const double gain = spk__transmission_gain(&bins, rate, sign, o->bin_s);
        CU_ASSERT(isnan(gain) ? isnan(row.effect) : fabs(row.effect - gain) < 1e-12);
        CU_ASSERT(sign < 0 || row.effect > 0.0);
        spk_connections_destroy(found);
        for (int64_t k = bins.first; k < bins.last; k++)
            least = fmin(least, curve.expected[k]);
        const double tail = (double)(bins.last - bins.first) *
                            exp(spk_poisson_log_lower((int64_t)ceil(row.count), least));
        for (int side = 0; side < 2 && sign < 0; side++) {
            options.alpha = tail * (side == 0 ? 0.999 : 1.001);
            found = find(&made, &options);
            CU_ASSERT_EQUAL(spk_connections_rows(found)->significant, side);
            spk_connections_destroy(found);
        }
        CU_ASSERT(floor(row.count) < row.count);
        free(values);
    }
    free_session(&made);
}

/* A kernel narrower than a bin is one of a bin, not of two. */
static void narrow_kernels(void)
{
    static const double width_s[] = {1e-6, 0.0005, 0.001};
    session made = make_session(12, 1);
    double expected[3][201], values[4][201];
    for (int w = 0; w < 3; w++) {
        spk_connections_options options = options_of(SPK_CONNECTION_HOLLOW);
        options.max_latency_s = 0.001;
        options.width_s = width_s[w];
        const spk_connection_curve curve = {values[0], values[1], expected[w], values[2],
                                            values[3]};
        CU_ASSERT_EQUAL_FATAL(
            spk_connections_curve(NULL, &made.spikes, &options, 0, 1, &curve), SPK_OK);
    }
    CU_ASSERT(memcmp(expected[0], expected[1], sizeof expected[0]) == 0);
    CU_ASSERT(memcmp(expected[0], expected[2], sizeof expected[0]) != 0);
    free_session(&made);
}

/* ---- few spikes ---- */

/* One spike each, all at one sample, and rates so low that most bins are empty: no p of 0. */
static void sparse_trains(void)
{
    int64_t samples[400];
    int32_t units[400];
    spk_random random = {.seed = 6};
    for (int variant = 0; variant < 3; variant++) {
        const int64_t n = variant == 0 ? 3 : 400;
        int64_t at = 100;
        for (int i = 0; i < n; i++) {
            at += variant == 2 ? (int64_t)(spk_random_exponential(&random) * 3000) : 0;
            samples[i] = at;
            units[i] = variant == 1 ? i * 3 / 400 : i % 3;
        }
        const spk_spikes spikes = {.n_spikes = n,
                                   .n_units = 3,
                                   .samples = samples,
                                   .units = units,
                                   .sampling_rate_hz = RATE,
                                   .start_sample = 0,
                                   .stop_sample = 2000 * RATE};
        const session made = {.spikes = spikes};
        for (int m = 0; m < METHODS; m++) {
            spk_connections_options options = options_of(METHOD[m]);
            options.max_p = 1.0;
            if (METHOD[m] != SPK_CONNECTION_REFRACTORY)
                options.signs = 0;
            spk_connections *found = find(&made, &options);
            const spk_connection *rows = spk_connections_rows(found);
            for (int64_t r = 0; r < spk_connections_n_rows(found); r++) {
                CU_ASSERT(rows[r].log_p <= 0.0);
                CU_ASSERT(variant == 1 || rows[r].log_p > log(1e-9));
            }
            spk_connections_destroy(found);
        }
    }
}

/* ---- errors ---- */

static const char *fails(spk_context *ctx, const spk_spikes *spikes,
                         const spk_connections_options *options)
{
    spk_connections *found = NULL;
    CU_ASSERT_EQUAL(spk_connections_find(ctx, spikes, options, &found), SPK_ERR_ARGUMENT);
    CU_ASSERT_PTR_NULL(found);
    return spk_context_message(ctx);
}

static void errors(void)
{
    session made = make_session(7, 0);
    spk_context *ctx = NULL;
    CU_ASSERT_FATAL(spk_context_create(&ctx) == SPK_OK);
    spk_connections_options options = options_of(SPK_CONNECTION_HOLLOW);
    options.width_s = 0.05;
    CU_ASSERT(strstr(fails(ctx, &made.spikes, &options),
                     "window_s must hold at least sqrt(2) times the 301 bins") != NULL);
    /* kernels that reach no bin which is not tested */
    for (int32_t method = SPK_CONNECTION_HOLLOW; method <= SPK_CONNECTION_ENGLISH;
         method++) {
        options = options_of(method);
        options.max_latency_s = 0.045;
        options.width_s = 0.0005;
        CU_ASSERT(strstr(fails(ctx, &made.spikes, &options),
                         "latencies of 0.0008 to 0.045 s") != NULL);
        CU_ASSERT(strstr(spk_context_message(ctx), "width_s of 0.0005 s") != NULL);
    }
    options = options_of(SPK_CONNECTION_HOLLOW);
    options.width_s = 1e300;
    CU_ASSERT(strstr(fails(ctx, &made.spikes, &options), "width_s is too long") != NULL);
    options = options_of(SPK_CONNECTION_ENGLISH);
    options.min_latency_s = 0.0;
    CU_ASSERT(strstr(fails(ctx, &made.spikes, &options), "method english") != NULL);
    options = options_of(SPK_CONNECTION_KOPELOWITZ);
    options.max_latency_s = 0.0015;
    CU_ASSERT(strstr(fails(ctx, &made.spikes, &options), "three bins in a row") != NULL);
    options = options_of(SPK_CONNECTION_KOPELOWITZ);
    options.alpha = 0.5;
    CU_ASSERT(strstr(fails(ctx, &made.spikes, &options), "alpha 0.5 is too large") !=
              NULL);
    options = options_of(SPK_CONNECTION_KOPELOWITZ);
    options.window_s = 0.004;
    options.max_latency_s = 0.002;
    options.min_latency_s = 0.0;
    CU_ASSERT(strstr(fails(ctx, &made.spikes, &options), "at least 11 bins") != NULL);
    options = options_of(SPK_CONNECTION_DECONVOLUTION);
    options.window_s = 0.011;
    CU_ASSERT(strstr(fails(ctx, &made.spikes, &options), "sqrt(2)") != NULL);
    options = options_of(SPK_CONNECTION_REFRACTORY);
    options.window_s = 0.1;
    CU_ASSERT(strstr(fails(ctx, &made.spikes, &options), "at least 103 bins") != NULL);
    options = options_of(SPK_CONNECTION_REFRACTORY);
    options.max_latency_s = 0.1;
    CU_ASSERT(strstr(fails(ctx, &made.spikes, &options), "at most 64 bins") != NULL);
    options = options_of(SPK_CONNECTION_REFRACTORY);
    options.window_s = 0.103;
    options.max_latency_s = 0.012;
    CU_ASSERT(strstr(fails(ctx, &made.spikes, &options), "must leave 40 bins") != NULL);
    options.max_latency_s = 0.01;
    options.min_latency_s = 0.0;
    CU_ASSERT(strstr(fails(ctx, &made.spikes, &options), "at least one bin") != NULL);
    options = options_of(SPK_CONNECTION_REFRACTORY);
    options.min_latency_s = options.max_latency_s = 0.0;
    CU_ASSERT(strstr(fails(ctx, &made.spikes, &options), "at least one bin") != NULL);
    options = options_of(SPK_CONNECTION_REFRACTORY);
    options.signs = 1;
    CU_ASSERT(strstr(fails(ctx, &made.spikes, &options), "tests sign -1 only") != NULL);
    options = options_of(SPK_CONNECTION_HOLLOW);
    options.skip_center = 2;
    CU_ASSERT_STRING_EQUAL(fails(ctx, &made.spikes, &options),
                           "skip_center must be 1, 0 or -1 for the method's own, got 2");
    for (int m = 0; m < 2; m++) {
        options =
            options_of(m == 0 ? SPK_CONNECTION_HOLLOW : SPK_CONNECTION_DECONVOLUTION);
        options.skip_center = 1;
        options.min_latency_s = 0.0;
        CU_ASSERT_STRING_EQUAL(
            fails(ctx, &made.spikes, &options),
            "min_latency_s must be beyond the bin at lag 0 to leave it "
            "out (skip_center), got 0");
    }
    for (int32_t method = 0; spk_connections_method(method) != NULL; method++) {
        char message[128];
        if (method == SPK_CONNECTION_HOLLOW || method == SPK_CONNECTION_ENGLISH ||
            method == SPK_CONNECTION_DECONVOLUTION)
            continue;
        options = options_of(method);
        options.skip_center = 1;
        snprintf(message, sizeof message,
                 "skip_center must be 0 for method %s, which cannot leave out lag 0",
                 spk_connections_method(method)->name);
        CU_ASSERT_STRING_EQUAL(fails(ctx, &made.spikes, &options), message);
    }
    spk_context_destroy(ctx);
    free_session(&made);
}

typedef struct attempt {
    const session *made;
    spk_connections_options options;
} attempt;

static spk_status attempt_find(spk_context *ctx, void *argument)
{
    const attempt *a = argument;
    spk_connections *found = NULL;
    const spk_status status =
        spk_connections_find(ctx, &a->made->spikes, &a->options, &found);
    spk_connections_destroy(found);
    return status;
}

static void failed_allocations(void)
{
    session made = make_session(8, 1);
    made.spikes.n_spikes = 3000;
    for (int m = 0; m < METHODS; m++) {
        attempt a = {&made, options_of(METHOD[m])};
        CU_ASSERT(suite_fail_allocations(attempt_find, &a) > 5);
    }
    free_session(&made);
}

static const suite_test tests[] = {
    {"false positives at the level", false_positives_at_the_level},
    {"finds what is there", finds_what_is_there},
    {"hollow rows by definition", hollow_rows_by_definition},
    {"center left out", center_left_out},
    {"refractory holds its level", refractory_holds_its_level},
    {"refractory rows by definition", refractory_rows_by_definition},
    {"rows do not depend on the way", rows_do_not_depend_on_the_way},
    {"curves", curves},
    {"kopelowitz by definition", kopelowitz_by_definition},
    {"deconvolution by definition", deconvolution_by_definition},
    {"narrow kernels", narrow_kernels},
    {"sparse trains", sparse_trains},
    {"errors", errors},
    {"failed allocations", failed_allocations},
};

SUITE_MAIN("connection_correlograms", tests)
