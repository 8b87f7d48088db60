/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Counts of trials are one matrix. Products at each lag are summed once for each trial, so
 * that a draw of trials adds up those of its trials; only correlations as published are
 * computed anew for each draw.
 */
#include "base/check.h"
#include "base/durations.h"
#include "base/memory.h"
#include "base/parallel.h"
#include "spikes/decay_fit.h"
#include "spikes/decay_test.h"
#include "spikes/quantile_place.h"

#include <inttypes.h>
#include <math.h>
#include <spikekit/random.h>
#include <spikekit/timescale.h>
#include <stdlib.h>
#include <string.h>

enum {
    MOST_DRAWS = 100000,
    FEWEST_DRAWS = 20,  /* for an error */
    ERROR_TRIALS = 10,  /* likewise */
    FEWEST_TRIALS = 5,  /* for a timescale */
    FEWEST_SPIKES = 20, /* likewise, in all trials */
};

void spk_timescale_options_init(spk_timescale_options *options, size_t struct_size)
{
    spk_timescale_options defaults = {.struct_size = struct_size,
                                      .bin_s = 0.05,
                                      .centre = SPK_TIMESCALE_ACROSS,
                                      .corrected = 1,
                                      .n_bootstrap = 200,
                                      .confidence = 0.95};
    if (options != NULL)
        memcpy(options, &defaults,
               struct_size < sizeof defaults ? struct_size : sizeof defaults);
}

typedef struct timescale_plan {
    spk_context *ctx;
    const spk_trains *trains;
    spk_timescale_options options;
    double rate_hz;
    int64_t bin, n_bins, n_lags; /* bin [samples]; of a trial */
    int within;
    int64_t n_starts;
    const int64_t *starts;
    spk_timescale *timescales;
    double *acf;
} timescale_plan;

static spk_status check_options(spk_context *ctx, const spk_timescale_options *o)
{
    SPK_REQUIRE(ctx, o->struct_size >= sizeof *o, SPK_ERR_ARGUMENT,
                "options: not filled by spk_timescale_options_init()");
    SPK_REQUIRE(ctx, o->bin_s > 0 && isfinite(o->bin_s), SPK_ERR_ARGUMENT,
                "bin_s must be above 0, got %g", o->bin_s);
    SPK_REQUIRE(ctx, o->window_s >= 0 && isfinite(o->window_s), SPK_ERR_ARGUMENT,
                "window_s must be >= 0, got %g", o->window_s);
    SPK_REQUIRE(ctx, o->max_lag_s >= 0 && isfinite(o->max_lag_s), SPK_ERR_ARGUMENT,
                "max_lag_s must be >= 0, got %g", o->max_lag_s);
    SPK_REQUIRE(ctx, o->first_lag >= 0, SPK_ERR_ARGUMENT,
                "first_lag must be >= 0, got %" PRId64, o->first_lag);
    SPK_REQUIRE(ctx,
                o->centre == SPK_TIMESCALE_ACROSS || o->centre == SPK_TIMESCALE_WITHIN,
                SPK_ERR_ARGUMENT, "centre must be 0 or 1, got %d", (int)o->centre);
    SPK_REQUIRE(ctx, o->n_bootstrap >= 0 && o->n_bootstrap <= MOST_DRAWS,
                SPK_ERR_ARGUMENT, "n_bootstrap must be in 0 .. %d, got %" PRId64,
                (int)MOST_DRAWS, o->n_bootstrap);
    SPK_REQUIRE(ctx, o->confidence > 0 && o->confidence < 1, SPK_ERR_ARGUMENT,
                "confidence must be between 0 and 1, got %g", o->confidence);
    return SPK_OK;
}

static spk_status make_plan(spk_context *ctx, const spk_trains *trains, int with_trials,
                            const spk_timescale_options *options, timescale_plan *plan)
{
    SPK_REQUIRE(ctx, trains != NULL, SPK_ERR_ARGUMENT, "trains is NULL");
    memset(plan, 0, sizeof *plan);
    spk_timescale_options_init(&plan->options, sizeof plan->options);
    const spk_status status = options == NULL ? SPK_OK : check_options(ctx, options);
    if (status != SPK_OK)
        return status;
    spk_timescale_options *o = &plan->options;
    if (options != NULL)
        *o = *options;
    plan->ctx = ctx;
    plan->trains = trains;
    plan->rate_hz = spk_trains_spikes(trains)->sampling_rate_hz;
    plan->within = !with_trials || o->centre == SPK_TIMESCALE_WITHIN;
    plan->bin = spk__samples_near(1e3 * o->bin_s, plan->rate_hz);
    plan->bin = plan->bin < 1 ? 1 : plan->bin;
    const double window_s = o->window_s > 0 ? o->window_s : with_trials ? 1.0 : 10.0;
    plan->n_bins = spk__samples_near(1e3 * window_s, plan->rate_hz) / plan->bin;
    SPK_REQUIRE(ctx, plan->n_bins >= 4 && plan->n_bins <= 1000000, SPK_ERR_ARGUMENT,
                "window_s must be 4 to 1000000 bins, got %g s, %" PRId64 " bins",
                window_s, plan->n_bins);
    const double max_lag_s = o->max_lag_s > 0 ? o->max_lag_s : fmin(window_s / 2.0, 1.0);
    const double lags =
        (double)spk__samples_near(1e3 * max_lag_s, plan->rate_hz) / (double)plan->bin;
    plan->n_lags = (int64_t)fmin(floor(lags + 1e-9), 1e9);
    if (o->max_lag_s == 0 && plan->n_lags < 3)
        plan->n_lags = 3;
    SPK_REQUIRE(ctx, plan->n_lags >= 3 && plan->n_lags < plan->n_bins, SPK_ERR_ARGUMENT,
                "max_lag_s must be 3 to %" PRId64 " bins, got %g s, %" PRId64 " bins",
                plan->n_bins - 1, max_lag_s, plan->n_lags);
    return SPK_OK;
}

spk_status spk_timescale_length(spk_context *ctx, const spk_trains *trains,
                                int32_t with_trials, const spk_timescale_options *options,
                                int64_t *n_lags)
{
    timescale_plan plan;
    SPK_REQUIRE(ctx, n_lags != NULL, SPK_ERR_ARGUMENT, "n_lags is NULL");
    const spk_status status = make_plan(ctx, trains, with_trials != 0, options, &plan);
    if (status == SPK_OK)
        *n_lags = plan.n_lags;
    return status;
}

/* ---- counts ---- */

/* The counts of a unit in each trial. */
typedef struct trial_counts {
    int64_t n;
    double *counts;   /* [n][n_bins] */
    double *products; /* [n][n_lags + 1]: WITHIN about the trial's mean, else plain */
    int64_t *drawn;   /* [n] */
    double *means;    /* [2 * n_bins]: and running sums of products of means */
    double *scratch;  /* [n_lags + 2 * n_bins] of the fit */
    double *values;   /* [n_lags] */
    double *taus;     /* [n_bootstrap] */
} trial_counts;

static int64_t first_spike_from(const spk_train *train, int64_t sample)
{
    int64_t low = 0, high = train->n_spikes;
    while (low < high) {
        const int64_t middle = low + (high - low) / 2;
        if (train->samples[middle] < sample)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void count_trial(const timescale_plan *plan, const spk_train *train, int64_t start,
                        double *counts)
{
    const int64_t length = plan->bin * plan->n_bins;
    memset(counts, 0, (size_t)plan->n_bins * sizeof *counts);
    for (int64_t k = first_spike_from(train, start);
         k < train->n_spikes && train->samples[k] - start < length; k++)
        counts[(train->samples[k] - start) / plan->bin] += 1.0;
}

/* Trials that lie in a run, or whole segments of the runs; counts NULL: only how many. */
static int64_t list_trials(const timescale_plan *plan, const spk_train *train,
                           double *counts)
{
    const int64_t length = plan->bin * plan->n_bins;
    int64_t n = 0;
    for (int64_t i = 0; plan->starts != NULL && i < plan->n_starts; i++)
        for (int64_t r = 0; r < train->n_runs; r++)
            if (plan->starts[i] >= train->run_starts[r] &&
                plan->starts[i] < train->run_stops[r] &&
                train->run_stops[r] - plan->starts[i] >= length) {
                if (counts != NULL)
                    count_trial(plan, train, plan->starts[i], counts + n * plan->n_bins);
                n++;
                break;
            }
    for (int64_t r = 0; plan->starts == NULL && r < train->n_runs; r++)
        for (int64_t at = train->run_starts[r]; train->run_stops[r] - at >= length;
             at += length) {
            if (counts != NULL)
                count_trial(plan, train, at, counts + n * plan->n_bins);
            n++;
        }
    return n;
}

static void fill_products(const timescale_plan *plan, trial_counts *t)
{
    const int64_t n_bins = plan->n_bins, n_lags = plan->n_lags;
    for (int64_t i = 0; i < t->n; i++) {
        const double *x = t->counts + i * n_bins;
        double mean = 0.0;
        for (int64_t b = 0; b < n_bins && plan->within; b++)
            mean += x[b] / (double)n_bins;
        for (int64_t k = 0; k <= n_lags; k++) {
            double sum = 0.0;
            for (int64_t b = k; b < n_bins; b++)
                sum += (x[b] - mean) * (x[b - k] - mean);
            t->products[i * (n_lags + 1) + k] = sum / (double)(n_bins - k);
        }
    }
}

/* ---- autocorrelation of drawn trials ---- */

static void sum_products(const timescale_plan *plan, const trial_counts *t, double *sums)
{
    memset(sums, 0, (size_t)(plan->n_lags + 1) * sizeof *sums);
    for (int64_t i = 0; i < t->n; i++) {
        const double *own = t->products + t->drawn[i] * (plan->n_lags + 1);
        for (int64_t k = 0; k <= plan->n_lags; k++)
            sums[k] += own[k];
    }
}

static void fill_means(const timescale_plan *plan, const trial_counts *t)
{
    memset(t->means, 0, (size_t)plan->n_bins * sizeof *t->means);
    for (int64_t i = 0; i < t->n; i++) {
        const double *x = t->counts + t->drawn[i] * plan->n_bins;
        for (int64_t b = 0; b < plan->n_bins; b++)
            t->means[b] += x[b];
    }
    for (int64_t b = 0; b < plan->n_bins; b++)
        t->means[b] /= (double)t->n;
}

/* As published, across trials: the mean over pairs of bins of Pearson's correlation. */
static void correlate_bins(const timescale_plan *plan, const trial_counts *t)
{
    const int64_t n_bins = plan->n_bins;
    double *squares = t->means + n_bins;
    fill_means(plan, t);
    for (int64_t b = 0; b < n_bins; b++) {
        squares[b] = 0.0;
        for (int64_t i = 0; i < t->n; i++) {
            const double d = t->counts[t->drawn[i] * n_bins + b] - t->means[b];
            squares[b] += d * d;
        }
    }
    for (int64_t k = 1; k <= plan->n_lags; k++) {
        double sum = 0.0, n = 0.0;
        for (int64_t b = k; b < n_bins; b++) {
            double products = 0.0;
            if (!(squares[b] > 0.0 && squares[b - k] > 0.0))
                continue;
            for (int64_t i = 0; i < t->n; i++) {
                const double *x = t->counts + t->drawn[i] * n_bins;
                products += (x[b] - t->means[b]) * (x[b - k] - t->means[b - k]);
            }
            sum += products / sqrt(squares[b] * squares[b - k]);
            n += 1.0;
        }
        t->values[k - 1] = n > 0.0 ? sum / n : NAN;
    }
}

/* The autocorrelation to be fitted; 0 if the counts do not vary. */
static int fill_values(const timescale_plan *plan, const trial_counts *t)
{
    double *sums = t->scratch; /* n_lags + 1 <= n_lags + 2 n_bins */
    const double n = (double)t->n;
    if (!plan->within && !plan->options.corrected) {
        correlate_bins(plan, t);
        for (int64_t k = 0; k < plan->n_lags; k++)
            if (isnan(t->values[k]))
                return 0;
        return 1;
    }
    sum_products(plan, t, sums);
    if (plan->within) {
        if (!(sums[0] > 0.0))
            return 0;
        for (int64_t k = 1; k <= plan->n_lags; k++)
            t->values[k - 1] = plan->options.corrected ? sums[k] / n : sums[k] / sums[0];
        return 1;
    }
    fill_means(plan, t);
    double variance = 0.0;
    for (int64_t k = 0; k <= plan->n_lags; k++) {
        double products = 0.0;
        for (int64_t b = k; b < plan->n_bins; b++)
            products += t->means[b] * t->means[b - k];
        const double covariance =
            (sums[k] - n * products / (double)(plan->n_bins - k)) / (n - 1.0);
        if (k == 0)
            variance = covariance;
        else
            t->values[k - 1] = covariance;
    }
    return variance > 1e-12 * sums[0] / n;
}

/* ---- one unit ---- */

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double at_share(const double *sorted, int64_t n, double share)
{
    const spk__quantile_place at = spk__quantile_place_of(n, share);
    return spk__quantile_between(sorted[at.below], sorted[at.above], at);
}

static void draw_errors(const timescale_plan *plan, const spk__decay_problem *problem,
                        int64_t unit, trial_counts *t, spk_timescale *out)
{
    int64_t n = 0;
    double sum = 0.0, squares = 0.0;
    for (int64_t b = 0; b < plan->options.n_bootstrap && t->n >= ERROR_TRIALS; b++) {
        spk_random random = {.seed = plan->options.seed,
                             .stream = (uint32_t)unit,
                             .index = (uint64_t)b * (uint64_t)t->n};
        for (int64_t i = 0; i < t->n; i++)
            t->drawn[i] = (int64_t)(spk_random_uniform(&random) * (double)t->n);
        if (!fill_values(plan, t))
            continue;
        const spk__decay fit = spk__decay_fit(problem, out->first_lag, t->values);
        if (!isnan(fit.tau))
            t->taus[n++] = fit.tau * (double)plan->bin / plan->rate_hz;
    }
    if (n < FEWEST_DRAWS)
        return;
    for (int64_t k = 0; k < n; k++)
        sum += t->taus[k] / (double)n;
    for (int64_t k = 0; k < n; k++)
        squares += (t->taus[k] - sum) * (t->taus[k] - sum);
    const double tail = (1.0 - plan->options.confidence) / 2.0;
    qsort(t->taus, (size_t)n, sizeof *t->taus, by_value);
    /* draws that are all alike, but for where the search stopped, say nothing */
    if (!(t->taus[n - 1] - t->taus[0] > 1e-5 * sum))
        return;
    out->bias_s = sum - out->tau_s;
    out->standard_error_s = sqrt(squares / (double)(n - 1));
    out->lower_s = at_share(t->taus, n, tail);
    out->upper_s = at_share(t->taus, n, 1.0 - tail);
}

static void estimate(const timescale_plan *plan, int64_t unit, trial_counts *t,
                     spk_timescale *out, double *acf)
{
    const spk__decay_problem problem = {
        .n_lags = plan->n_lags,
        .first_lag = plan->options.first_lag,
        .n_bins = plan->within && plan->options.corrected ? plan->n_bins : 0,
        .shortest = 0.25,
        .longest = 10.0 * (double)plan->n_bins,
        .scratch = t->scratch};
    for (int64_t i = 0; i < t->n; i++)
        t->drawn[i] = i;
    if (!fill_values(plan, t))
        return;
    if (acf != NULL)
        memcpy(acf, t->values, (size_t)plan->n_lags * sizeof *acf);
    const int64_t first = spk__decay_first(&problem, t->values);
    const spk__decay fit = spk__decay_fit(&problem, first, t->values);
    if (isnan(fit.tau))
        return;
    out->first_lag = first;
    out->tau_s = fit.tau * (double)plan->bin / plan->rate_hz;
    out->amplitude = fit.amplitude;
    out->offset = fit.offset;
    out->r_square = fit.r_square;
    draw_errors(plan, &problem, unit, t, out);
}

/* Whether there is any decay; takes the means of bins off the counts. */
static double test_decay(const timescale_plan *plan, trial_counts *t)
{
    const int64_t first = plan->options.first_lag > 0 ? plan->options.first_lag : 1;
    if (first + 2 > plan->n_lags)
        return NAN;
    if (!plan->within) {
        for (int64_t i = 0; i < t->n; i++)
            t->drawn[i] = i;
        fill_means(plan, t);
        for (int64_t i = 0; i < t->n; i++)
            for (int64_t b = 0; b < plan->n_bins; b++)
                t->counts[i * plan->n_bins + b] -= t->means[b];
        fill_products(plan, t);
    }
    return spk__decay_test(t->products, t->n, plan->n_lags, first);
}

/* Not necessary that a fit of few spikes fails; but it would mean nothing. */
static int has_enough(const timescale_plan *plan, const trial_counts *t)
{
    double spikes = 0.0;
    for (int64_t k = 0; k < t->n * plan->n_bins; k++)
        spikes += t->counts[k];
    return t->n >= FEWEST_TRIALS && spikes >= FEWEST_SPIKES;
}

static void free_counts(trial_counts *t)
{
    spk__free(t->counts);
    spk__free(t->products);
    spk__free(t->drawn);
    spk__free(t->means);
    spk__free(t->scratch);
    spk__free(t->values);
    spk__free(t->taus);
}

static spk_status unit_timescale(void *state, int64_t unit, int32_t worker)
{
    (void)worker;
    const timescale_plan *plan = state;
    const spk_train train = spk_trains_unit(plan->trains, unit);
    spk_timescale out = {0, 0, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN};
    double *acf = plan->acf == NULL ? NULL : plan->acf + unit * plan->n_lags;
    for (int64_t k = 0; acf != NULL && k < plan->n_lags; k++)
        acf[k] = NAN;
    spk_context *ctx = plan->ctx;
    trial_counts t = {.n = list_trials(plan, &train, NULL)};
    spk_status status = SPK_OK;
    t.counts = spk__alloc(ctx, t.n, (size_t)plan->n_bins * sizeof(double));
    t.products = spk__alloc(ctx, t.n, (size_t)(plan->n_lags + 1) * sizeof(double));
    t.drawn = spk__alloc(ctx, t.n, sizeof *t.drawn);
    t.means = spk__alloc(ctx, 2 * plan->n_bins, sizeof *t.means);
    t.scratch = spk__alloc(ctx, plan->n_lags + 2 * plan->n_bins, sizeof *t.scratch);
    t.values = spk__alloc(ctx, plan->n_lags, sizeof *t.values);
    t.taus = spk__alloc(ctx, plan->options.n_bootstrap, sizeof *t.taus);
    if (t.counts == NULL || t.products == NULL || t.drawn == NULL || t.means == NULL ||
        t.scratch == NULL || t.values == NULL || t.taus == NULL) {
        status = spk__fail_memory(ctx);
    } else {
        list_trials(plan, &train, t.counts);
        out.n_trials = t.n;
        if (has_enough(plan, &t)) {
            fill_products(plan, &t);
            estimate(plan, unit, &t, &out, acf);
            out.decay_p = test_decay(plan, &t);
        }
        plan->timescales[unit] = out;
    }
    free_counts(&t);
    return status;
}

spk_status spk_timescale_estimate(spk_context *ctx, const spk_trains *trains,
                                  int64_t n_trials, const int64_t *starts,
                                  const spk_timescale_options *options,
                                  spk_timescale *timescales, double *acf)
{
    timescale_plan plan;
    SPK_REQUIRE(ctx, n_trials >= 0 && (starts != NULL || n_trials == 0), SPK_ERR_ARGUMENT,
                "n_trials must be >= 0 and starts be there, got %" PRId64, n_trials);
    SPK_REQUIRE(ctx, timescales != NULL, SPK_ERR_ARGUMENT, "timescales is NULL");
    const spk_status status = make_plan(ctx, trains, starts != NULL, options, &plan);
    if (status != SPK_OK)
        return status;
    plan.n_starts = n_trials;
    plan.starts = starts;
    plan.timescales = timescales;
    plan.acf = acf;
    return spk__parallel_for(ctx, spk_trains_spikes(trains)->n_units, unit_timescale,
                             &plan, "timescales");
}
