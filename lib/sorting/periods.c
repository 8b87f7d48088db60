/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Every unit's periods are laid out by the same walk for counting, judging and joining them,
 * so that the three agree. Judging reads a unit's amplitudes once; those of a period and its
 * margins, which stand together, are then sorted for their histogram.
 */
#include "base/check.h"
#include "base/durations.h"
#include "base/memory.h"
#include "base/parallel.h"
#include "sorting/amplitude_cutoff.h"
#include "sorting/amplitude_histogram.h"
#include "sorting/contamination.h"
#include "sorting/pair_lags.h"
#include "sorting/spike_values.h"
#include "sorting/train_bins.h"
#include "sorting/value_order.h"

#include <inttypes.h>
#include <math.h>
#include <spikekit/periods.h>
#include <string.h>

/* One worker's memory. */
typedef struct scratch {
    double *values;   /* [largest] amplitudes */
    int64_t *samples; /* [largest] times of the spikes that have one */
    double *sorted;   /* [largest] of a period */
    uint64_t *keys;   /* [2 largest] */
    spk__histogram_room room;
} scratch;

typedef struct job {
    spk_context *ctx;
    const spk_trains *trains;
    const spk_array *amplitudes;
    const spk_periods_options *options;
    double rate_hz;
    int64_t refractory, censored; /* samples */
    int64_t *offsets, *starts, *stops;
    double *false_positives, *false_negatives;
    scratch *workers;
} job;

void spk_periods_options_init(spk_periods_options *options, size_t struct_size)
{
    spk_periods_options defaults = {.struct_size = struct_size,
                                    .period_s = 30,
                                    .min_periods = 5,
                                    .margin_periods = 1,
                                    .max_false_positives = 0.1,
                                    .max_false_negatives = 0.1,
                                    .min_valid_s = 180,
                                    .refractory_ms = 0.8,
                                    .cutoff_bins = 50,
                                    .cutoff_smoothing_bins = 3,
                                    .cutoff_min_spikes_per_bin = 5};
    if (options != NULL)
        memcpy(options, &defaults,
               struct_size < sizeof defaults ? struct_size : sizeof defaults);
}

static spk_status check_options(spk_context *ctx, const spk_periods_options *o)
{
    SPK_REQUIRE(ctx, o->struct_size >= sizeof *o, SPK_ERR_ARGUMENT,
                "options: not filled by spk_periods_options_init()");
#define CHECK(field, condition, words)                                                   \
    SPK_REQUIRE(ctx, (condition) && isfinite((double)o->field), SPK_ERR_ARGUMENT,        \
                #field " must be " words ", got %g", (double)o->field)
    CHECK(period_s, o->period_s > 0, "above 0");
    CHECK(spikes_per_period, o->spikes_per_period >= 0, ">= 0");
    CHECK(min_periods, o->min_periods >= 1, ">= 1");
    CHECK(margin_periods, o->margin_periods >= 0, ">= 0");
    CHECK(min_valid_s, o->min_valid_s >= 0, ">= 0");
    CHECK(censored_ms, o->censored_ms >= 0, ">= 0");
    CHECK(refractory_ms, o->refractory_ms > o->censored_ms, "above censored_ms");
    CHECK(cutoff_bins, o->cutoff_bins >= 1 && o->cutoff_bins <= 100000, "in 1 .. 1e5");
    CHECK(cutoff_smoothing_bins,
          o->cutoff_smoothing_bins >= 0.1 &&
              o->cutoff_smoothing_bins <= SPK__SMOOTHING_MAX,
          "in 0.1 .. 50");
    CHECK(cutoff_min_spikes_per_bin, o->cutoff_min_spikes_per_bin >= 0, ">= 0");
#undef CHECK
    SPK_REQUIRE(ctx, !isnan(o->max_false_positives) && !isnan(o->max_false_negatives),
                SPK_ERR_ARGUMENT,
                "max_false_positives and max_false_negatives must not be NaN");
    return SPK_OK;
}

/* How the periods of one run are cut. */
typedef struct cut {
    int64_t start, stop; /* of the run */
    int64_t width, margin;
    int64_t n;
} cut;

static int64_t samples_of(double samples)
{
    return (int64_t)fmin(rint(samples), 0x1p53);
}

static cut cut_run(const spk_periods_options *o, double rate_hz, const spk_train *train,
                   int64_t run)
{
    cut c = {.start = train->run_starts[run], .stop = train->run_stops[run]};
    const int64_t length = c.stop - c.start;
    if (o->spikes_per_period > 0) {
        if (train->n_spikes == 0)
            return c;
        const double firing_hz =
            (double)train->n_spikes / ((double)train->duration_samples / rate_hz);
        c.width = samples_of(o->spikes_per_period / firing_hz * rate_hz);
    } else {
        c.width = samples_of(o->period_s * rate_hz);
    }
    c.width = c.width > 0 ? c.width : 1;
    c.margin = samples_of(o->margin_periods * (double)c.width);
    if (o->spikes_per_period > 0 &&
        rint((double)length / (double)c.width) < (double)o->min_periods) {
        c.width = length / o->min_periods;
        c.width = c.width > 0 ? c.width : 1;
        c.margin = (int64_t)fmin(o->margin_periods * (double)c.width, 0x1p53);
    }
    c.n = length / c.width + (length % c.width != 0);
    return c;
}

static int64_t period_start(const cut *c, int64_t k)
{
    return c->start + k * c->width;
}

static int64_t period_stop(const cut *c, int64_t k)
{
    const int64_t start = period_start(c, k);
    return c->stop - start > c->width ? start + c->width : c->stop;
}

/* Fills offsets, if not NULL, and the number of all periods. */
static spk_status count_periods(spk_context *ctx, const spk_periods_options *o,
                                const spk_trains *trains, int64_t *offsets,
                                int64_t *n_periods)
{
    const spk_spikes *spikes = spk_trains_spikes(trains);
    int64_t total = 0;
    for (int64_t u = 0; u < spikes->n_units; u++) {
        const spk_train train = spk_trains_unit(trains, u);
        if (offsets != NULL)
            offsets[u] = total;
        for (int64_t r = 0; r < train.n_runs; r++)
            SPK_REQUIRE(
                ctx,
                !__builtin_add_overflow(
                    total, cut_run(o, spikes->sampling_rate_hz, &train, r).n, &total),
                SPK_ERR_OVERFLOW, "more than 2^63 - 1 periods");
    }
    if (offsets != NULL)
        offsets[spikes->n_units] = total;
    *n_periods = total;
    return SPK_OK;
}

static spk_status make_trains(spk_context *ctx, const spk_spikes *spikes,
                              const spk_periods_options *options, spk_trains **trains)
{
    spk_trains_options train_options;
    spk_trains_options_init(&train_options, sizeof train_options);
    train_options.epochs = options->epochs;
    return spk_trains_create(ctx, spikes, &train_options, trains);
}

spk_status spk_periods_length(spk_context *ctx, const spk_spikes *spikes,
                              const spk_periods_options *options, int64_t *n_periods)
{
    spk_periods_options defaults;
    spk_periods_options_init(&defaults, sizeof defaults);
    if (options == NULL)
        options = &defaults;
    SPK_REQUIRE(ctx, n_periods != NULL, SPK_ERR_ARGUMENT, "n_periods is NULL");
    spk_trains *trains = NULL;
    spk_status status = check_options(ctx, options);
    if (status == SPK_OK)
        status = make_trains(ctx, spikes, options, &trains);
    if (status == SPK_OK)
        status = count_periods(ctx, options, trains, NULL, n_periods);
    spk_trains_destroy(trains);
    return status;
}

/* ---- judging ---- */

/* The first of the times that is not before a sample. */
static int64_t first_from(const int64_t *samples, int64_t n, int64_t sample)
{
    int64_t low = 0, high = n;
    while (low < high) {
        const int64_t middle = low + (high - low) / 2;
        if (samples[middle] < sample)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static double positives_between(const job *j, const spk_train *train, int64_t start,
                                int64_t stop)
{
    const int64_t first = first_from(train->samples, train->n_spikes, start);
    const int64_t n = first_from(train->samples, train->n_spikes, stop) - first;
    const int64_t offsets[2] = {0, n};
    const spk_train part = {.n_spikes = n,
                            .samples = train->samples + first,
                            .n_runs = 1,
                            .run_starts = &start,
                            .run_stops = &stop,
                            .run_offsets = offsets};
    if (n < 2)
        return NAN;
    return spk__contamination_llobet((double)spk__pairs_between(&part, 0, j->refractory),
                                     (double)n, (double)(stop - start),
                                     (double)j->refractory, (double)j->censored);
}

static double negatives_between(const job *j, scratch *mine, int64_t n, int64_t start,
                                int64_t stop)
{
    const int64_t first = first_from(mine->samples, n, start);
    const int64_t in = first_from(mine->samples, n, stop) - first;
    if (in == 0)
        return NAN;
    memcpy(mine->sorted, mine->values + first, (size_t)in * sizeof *mine->sorted);
    spk__sort_values(mine->sorted, in, mine->keys);
    return spk__amplitude_cutoff(
        mine->sorted, in, j->amplitudes->dtype == SPK_DTYPE_FLOAT32,
        j->options->cutoff_bins, j->options->cutoff_smoothing_bins,
        j->options->cutoff_min_spikes_per_bin, &mine->room, NULL);
}

static spk_status judge_unit(void *state, int64_t unit, int32_t worker)
{
    const job *j = state;
    scratch *mine = &j->workers[worker];
    const spk_train train = spk_trains_unit(j->trains, unit);
    int64_t n = 0;
    const spk_status status = spk__finite_values(j->ctx, j->amplitudes, 0, &train,
                                                 mine->samples, mine->values, &n);
    if (status != SPK_OK)
        return status;
    if (n > 0) {
        memcpy(mine->sorted, mine->values, (size_t)n * sizeof *mine->sorted);
        if (spk__median(mine->sorted, n) < 0)
            for (int64_t i = 0; i < n; i++)
                mine->values[i] = -mine->values[i];
    }
    int64_t at = j->offsets[unit];
    for (int64_t r = 0; r < train.n_runs; r++) {
        const cut c = cut_run(j->options, j->rate_hz, &train, r);
        for (int64_t k = 0; k < c.n; k++, at++) {
            const int64_t start = period_start(&c, k), stop = period_stop(&c, k);
            const int64_t from = start - c.start > c.margin ? start - c.margin : c.start;
            const int64_t to = c.stop - stop > c.margin ? stop + c.margin : c.stop;
            j->starts[at] = start;
            j->stops[at] = stop;
            j->false_positives[at] = positives_between(j, &train, from, to);
            j->false_negatives[at] = negatives_between(j, mine, n, from, to);
        }
    }
    return SPK_OK;
}

static int allocate(spk_context *ctx, scratch *mine, int64_t n, int64_t n_bins)
{
    mine->values = spk__alloc(ctx, n, sizeof *mine->values);
    mine->samples = spk__alloc(ctx, n, sizeof *mine->samples);
    mine->sorted = spk__alloc(ctx, n, sizeof *mine->sorted);
    mine->keys = spk__alloc(ctx, 2 * n, sizeof *mine->keys);
    return spk__histogram_room_allocate(ctx, n_bins, 0, &mine->room) &&
           mine->values != NULL && mine->samples != NULL && mine->sorted != NULL &&
           mine->keys != NULL;
}

static void release(scratch *mine)
{
    spk__free(mine->values);
    spk__free(mine->samples);
    spk__free(mine->sorted);
    spk__free(mine->keys);
    spk__histogram_room_free(&mine->room);
}

static spk_status judge(spk_context *ctx, job *j)
{
    const int64_t n_units = spk_trains_spikes(j->trains)->n_units;
    const int32_t n_workers = spk__parallel_workers(ctx, n_units);
    spk_status status = SPK_OK;
    j->workers = spk__alloc_zero(ctx, n_workers, sizeof *j->workers);
    if (j->workers == NULL)
        return spk__fail_memory(ctx);
    for (int32_t w = 0; status == SPK_OK && w < n_workers; w++)
        if (!allocate(ctx, &j->workers[w], spk__trains_largest(j->trains),
                      j->options->cutoff_bins))
            status = spk__fail_memory(ctx);
    if (status == SPK_OK)
        status = spk__parallel_for(ctx, n_units, judge_unit, j, "valid periods");
    for (int32_t w = 0; w < n_workers; w++)
        release(&j->workers[w]);
    spk__free(j->workers);
    return status;
}

/* ---- joining ---- */

static int is_good(const job *j, int64_t period)
{
    return j->false_positives[period] < j->options->max_false_positives &&
           j->false_negatives[period] < j->options->max_false_negatives;
}

/* Joins the good periods of all units in place: what is kept never overtakes what is read. */
static void join(const job *j)
{
    const int64_t n_units = spk_trains_spikes(j->trains)->n_units;
    const int64_t shortest =
        (int64_t)fmin(floor(j->options->min_valid_s * j->rate_hz), 0x1p62);
    int64_t kept = 0, at = 0;
    for (int64_t u = 0; u < n_units; u++) {
        const spk_train train = spk_trains_unit(j->trains, u);
        j->offsets[u] = kept;
        for (int64_t r = 0; r < train.n_runs; r++) {
            const int64_t end = at + cut_run(j->options, j->rate_hz, &train, r).n;
            for (; at < end; at++) {
                if (!is_good(j, at))
                    continue;
                const int64_t start = j->starts[at];
                while (at + 1 < end && is_good(j, at + 1))
                    at++;
                if (j->stops[at] - start >= shortest) {
                    j->starts[kept] = start;
                    j->stops[kept++] = j->stops[at];
                }
            }
        }
    }
    j->offsets[n_units] = kept;
}

/* ---- the public functions ---- */

/* Checks what both take and lays out the periods. On SPK_OK destroy j->trains. */
static spk_status begin(spk_context *ctx, const spk_spikes *spikes,
                        const spk_array *amplitudes, const spk_periods_options *options,
                        int64_t *offsets, int64_t *starts, int64_t *stops, job *j,
                        spk_trains **trains, int64_t *n_periods)
{
    SPK_REQUIRE(ctx, offsets != NULL, SPK_ERR_ARGUMENT, "offsets is NULL");
    spk_status status = check_options(ctx, options);
    if (status == SPK_OK)
        status = make_trains(ctx, spikes, options, trains);
    if (status == SPK_OK)
        status =
            spk__spike_values_check(ctx, "amplitudes", amplitudes, spikes->n_spikes, 0);
    if (status == SPK_OK)
        status = count_periods(ctx, options, *trains, offsets, n_periods);
    if (status == SPK_OK && *n_periods > 0 && (starts == NULL || stops == NULL))
        status = spk__fail(ctx, SPK_ERR_ARGUMENT, "%s is NULL",
                           starts == NULL ? "starts" : "stops");
    if (status != SPK_OK)
        return status;
    *j = (job){
        .ctx = ctx,
        .trains = *trains,
        .amplitudes = amplitudes,
        .options = options,
        .rate_hz = spikes->sampling_rate_hz,
        .refractory = spk__samples_near(options->refractory_ms, spikes->sampling_rate_hz),
        .censored = spk__samples_near(options->censored_ms, spikes->sampling_rate_hz),
        .offsets = offsets,
        .starts = starts,
        .stops = stops};
    return SPK_OK;
}

spk_status spk_periods_rates(spk_context *ctx, const spk_spikes *spikes,
                             const spk_array *amplitudes,
                             const spk_periods_options *options, int64_t *offsets,
                             int64_t *starts, int64_t *stops, double *false_positives,
                             double *false_negatives)
{
    spk_periods_options defaults;
    spk_periods_options_init(&defaults, sizeof defaults);
    job j;
    spk_trains *trains = NULL;
    int64_t n_periods = 0;
    spk_status status =
        begin(ctx, spikes, amplitudes, options == NULL ? &defaults : options, offsets,
              starts, stops, &j, &trains, &n_periods);
    if (status == SPK_OK && n_periods > 0 &&
        (false_positives == NULL || false_negatives == NULL))
        status =
            spk__fail(ctx, SPK_ERR_ARGUMENT, "%s is NULL",
                      false_positives == NULL ? "false_positives" : "false_negatives");
    if (status == SPK_OK) {
        j.false_positives = false_positives;
        j.false_negatives = false_negatives;
        status = judge(ctx, &j);
    }
    spk_trains_destroy(trains);
    return status;
}

spk_status spk_periods_estimate(spk_context *ctx, const spk_spikes *spikes,
                                const spk_array *amplitudes,
                                const spk_periods_options *options, int64_t *offsets,
                                int64_t *starts, int64_t *stops)
{
    spk_periods_options defaults;
    spk_periods_options_init(&defaults, sizeof defaults);
    job j = {0};
    spk_trains *trains = NULL;
    int64_t n_periods = 0;
    spk_status status =
        begin(ctx, spikes, amplitudes, options == NULL ? &defaults : options, offsets,
              starts, stops, &j, &trains, &n_periods);
    if (status != SPK_OK)
        goto cleanup;
    j.false_positives = spk__alloc(ctx, n_periods, sizeof *j.false_positives);
    j.false_negatives = spk__alloc(ctx, n_periods, sizeof *j.false_negatives);
    if (j.false_positives == NULL || j.false_negatives == NULL) {
        status = spk__fail_memory(ctx);
        goto cleanup;
    }
    if ((status = judge(ctx, &j)) == SPK_OK)
        join(&j);
cleanup:
    spk__free(j.false_positives);
    spk__free(j.false_negatives);
    spk_trains_destroy(trains);
    return status;
}
