/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One task a unit. The intervals are put in order once; quartiles and the median are read off
 * there, and so is the median deviation, by two fingers that move away from the median.
 */
#include "base/check.h"
#include "base/durations.h"
#include "base/memory.h"
#include "base/parallel.h"
#include "distributions/quantiles.h"
#include "spikes/firing_intervals.h"
#include "spikes/quantile_place.h"

#include <inttypes.h>
#include <math.h>
#include <spikekit/intervals.h>
#include <string.h>

enum {
    MOST_LAGS = 100000
};

void spk_intervals_options_init(spk_intervals_options *options, size_t struct_size)
{
    spk_intervals_options defaults = {
        .struct_size = struct_size, .lvr_refractory_s = 0.005, .confidence = 0.95};
    if (options != NULL)
        memcpy(options, &defaults,
               struct_size < sizeof defaults ? struct_size : sizeof defaults);
}

typedef struct intervals_work {
    spk_context *ctx;
    const spk_trains *trains;
    spk_intervals_options options;
    double sampling_rate_hz;
    int64_t n_lags;
    spk_intervals_summary *summary;
    spk_serial_correlation *correlation;
} intervals_work;

static spk_status prepare(spk_context *ctx, const spk_trains *trains, const void *out,
                          const spk_intervals_options *options, intervals_work *work)
{
    SPK_REQUIRE(ctx, trains != NULL, SPK_ERR_ARGUMENT, "trains is NULL");
    SPK_REQUIRE(ctx, out != NULL, SPK_ERR_ARGUMENT, "the result array is NULL");
    memset(work, 0, sizeof *work);
    spk_intervals_options_init(&work->options, sizeof work->options);
    if (options != NULL) {
        SPK_REQUIRE(ctx, options->struct_size >= sizeof *options, SPK_ERR_ARGUMENT,
                    "options: not filled by spk_intervals_options_init()");
        work->options = *options;
    }
    const spk_intervals_options *o = &work->options;
    SPK_REQUIRE(ctx, o->lvr_refractory_s >= 0 && isfinite(o->lvr_refractory_s),
                SPK_ERR_ARGUMENT, "lvr_refractory_s must be >= 0, got %g",
                o->lvr_refractory_s);
    SPK_REQUIRE(ctx, o->confidence > 0 && o->confidence < 1, SPK_ERR_ARGUMENT,
                "confidence must be between 0 and 1, got %g", o->confidence);
    work->ctx = ctx;
    work->trains = trains;
    work->sampling_rate_hz = spk_trains_spikes(trains)->sampling_rate_hz;
    return SPK_OK;
}

/* All intervals, run after run. Returns how many. */
static int64_t list_intervals(const spk_train *train, int64_t *intervals)
{
    int64_t n = 0;
    for (int64_t r = 0; r < train->n_runs; r++)
        for (int64_t k = train->run_offsets[r] + 1; k < train->run_offsets[r + 1]; k++)
            intervals[n++] = train->samples[k] - train->samples[k - 1];
    return n;
}

/* ---- summary ---- */

/* The value at the place share * (n - 1) of sorted values, by linear interpolation. */
static double at_share(const int64_t *sorted, int64_t n, double share)
{
    const spk__quantile_place at = spk__quantile_place_of(n, share);
    return spk__quantile_between((double)sorted[at.below], (double)sorted[at.above], at);
}

/* The k-th smallest distance from the centre: the nearest on either side, k times. */
static double distance_of_rank(const int64_t *sorted, int64_t n, double centre, int64_t k)
{
    int64_t right = 0, last = n - 1;
    while (right <= last) { /* first value >= centre */
        const int64_t middle = right + (last - right) / 2;
        if ((double)sorted[middle] < centre)
            right = middle + 1;
        else
            last = middle - 1;
    }
    int64_t left = right - 1;
    double distance = 0.0;
    for (int64_t taken = 0; taken <= k; taken++) {
        const double to_left = left >= 0 ? centre - (double)sorted[left] : INFINITY;
        const double to_right = right < n ? (double)sorted[right] - centre : INFINITY;
        if (to_left < to_right)
            left--;
        else
            right++;
        distance = fmin(to_left, to_right);
    }
    return distance;
}

static double median_distance(const int64_t *sorted, int64_t n, double centre)
{
    const double upper = distance_of_rank(sorted, n, centre, n / 2);
    return n % 2 == 1 ? upper
                      : (distance_of_rank(sorted, n, centre, n / 2 - 1) + upper) / 2.0;
}

static void fill_order_statistics(const int64_t *sorted, int64_t n, double rate,
                                  spk_intervals_summary *s)
{
    s->min_s = (double)sorted[0] / rate;
    s->max_s = (double)sorted[n - 1] / rate;
    s->q1_s = at_share(sorted, n, 0.25) / rate;
    s->q3_s = at_share(sorted, n, 0.75) / rate;
    const double median = at_share(sorted, n, 0.5);
    s->median_s = median / rate;
    s->mad_s = median_distance(sorted, n, median) / rate;
    while (s->n_zero < n && sorted[s->n_zero] == 0)
        s->n_zero++;
}

static spk_status summarize_unit(void *state, int64_t unit, int32_t worker)
{
    (void)worker;
    intervals_work *work = state;
    const spk_train train = spk_trains_unit(work->trains, unit);
    const double rate = work->sampling_rate_hz;
    spk_intervals_summary s = {0,   0,   NAN, NAN, NAN, NAN, NAN,
                               NAN, NAN, NAN, NAN, NAN, NAN, NAN};
    const int64_t n = s.n_intervals = spk__intervals_number(&train);
    spk_status status = SPK_OK;
    int64_t *intervals = NULL, *order = NULL;
    if (n == 0)
        goto cleanup;
    intervals = spk__alloc(work->ctx, 2 * n, sizeof *intervals);
    order = spk__alloc(work->ctx, n, sizeof *order);
    if (intervals == NULL || order == NULL) {
        status = spk__fail_memory(work->ctx);
        goto cleanup;
    }
    list_intervals(&train, intervals);
    if ((status = spk_spikes_order(work->ctx, n, intervals, order)) != SPK_OK)
        goto cleanup;
    int64_t *sorted = intervals + n;
    for (int64_t k = 0; k < n; k++)
        sorted[k] = intervals[order[k]];
    fill_order_statistics(sorted, n, rate, &s);
    const spk__interval_moments moments = spk__intervals_moments(&train);
    s.mean_s = moments.mean / rate;
    s.cv = moments.cv;
    double squares = 0.0;
    for (int64_t k = 0; k < n; k++) {
        const double d = (double)sorted[k] - moments.mean;
        squares += d * d;
    }
    if (n > 1)
        s.sd_s = sqrt(squares / (double)(n - 1)) / rate;
    const spk__interval_changes changes =
        spk__intervals_changes(&train, INFINITY, work->options.lvr_refractory_s * rate);
    s.cv2 = changes.cv2;
    s.lv = changes.lv;
    s.lvr = changes.lvr;
cleanup:
    if (status == SPK_OK)
        work->summary[unit] = s;
    spk__free(order);
    spk__free(intervals);
    return status;
}

spk_status spk_intervals_summarize(spk_context *ctx, const spk_trains *trains,
                                   const spk_intervals_options *options,
                                   spk_intervals_summary *summary)
{
    intervals_work work;
    const spk_status status = prepare(ctx, trains, summary, options, &work);
    if (status != SPK_OK)
        return status;
    work.summary = summary;
    return spk__parallel_for(ctx, spk_trains_spikes(trains)->n_units, summarize_unit,
                             &work, "interspike intervals");
}

/* ---- serial correlation ---- */

/* Pearson's correlation; NaN where either side does not vary. */
static double pearson(const double *x, const double *y, int64_t n)
{
    double mean_x = 0.0, mean_y = 0.0, xx = 0.0, yy = 0.0, xy = 0.0;
    for (int64_t k = 0; k < n; k++) {
        mean_x += x[k];
        mean_y += y[k];
    }
    mean_x /= (double)n;
    mean_y /= (double)n;
    for (int64_t k = 0; k < n; k++) {
        const double dx = x[k] - mean_x, dy = y[k] - mean_y;
        xx += dx * dx;
        yy += dy * dy;
        xy += dx * dy;
    }
    return xx > 0 && yy > 0 ? fmax(-1.0, fmin(1.0, xy / sqrt(xx * yy))) : NAN;
}

static void fill_limits(double r, double variance, double z, double *lower, double *upper)
{
    if (isnan(r) || fabs(r) >= 1.0 || !(variance > 0.0))
        return;
    *lower = tanh(atanh(r) - z * sqrt(variance));
    *upper = tanh(atanh(r) + z * sqrt(variance));
}

/* What a unit's correlations are made of; room for its intervals each. */
typedef struct pair_room {
    int64_t *first, *second, *order;
    double *x, *y;
} pair_room;

static spk_status rank(spk_context *ctx, const int64_t *values, int64_t n, int64_t *order,
                       double *ranks)
{
    const spk_status status = spk_spikes_order(ctx, n, values, order);
    for (int64_t k = 0; status == SPK_OK && k < n;) {
        int64_t stop = k + 1;
        while (stop < n && values[order[stop]] == values[order[k]])
            stop++;
        for (int64_t j = k; j < stop; j++)
            ranks[order[j]] = (double)(k + stop - 1) / 2.0;
        k = stop;
    }
    return status;
}

static spk_status correlate_lag(const intervals_work *work, const spk_train *train,
                                int64_t lag, pair_room *room, spk_serial_correlation *c)
{
    const double z = spk__normal_quantile(0.5 + work->options.confidence / 2.0);
    int64_t n = 0;
    for (int64_t r = 0; r < train->n_runs; r++)
        for (int64_t k = train->run_offsets[r] + 1 + lag; k < train->run_offsets[r + 1];
             k++) {
            const int64_t *t = train->samples + k;
            room->first[n] = t[-lag] - t[-lag - 1];
            room->second[n++] = t[0] - t[-1];
        }
    *c = (spk_serial_correlation){lag, n, NAN, NAN, NAN, NAN, NAN, NAN};
    if (n < 2)
        return SPK_OK;
    for (int64_t k = 0; k < n; k++) {
        room->x[k] = (double)room->first[k];
        room->y[k] = (double)room->second[k];
    }
    c->pearson = pearson(room->x, room->y, n);
    spk_status status = rank(work->ctx, room->first, n, room->order, room->x);
    if (status == SPK_OK)
        status = rank(work->ctx, room->second, n, room->order, room->y);
    if (status != SPK_OK)
        return status;
    c->spearman = pearson(room->x, room->y, n);
    if (n > 3) {
        fill_limits(c->pearson, 1.0 / (double)(n - 3), z, &c->pearson_lower,
                    &c->pearson_upper);
        fill_limits(c->spearman,
                    (1.0 + c->spearman * c->spearman / 2.0) / (double)(n - 3), z,
                    &c->spearman_lower, &c->spearman_upper);
    }
    return SPK_OK;
}

static spk_status correlate_unit(void *state, int64_t unit, int32_t worker)
{
    (void)worker;
    intervals_work *work = state;
    const spk_train train = spk_trains_unit(work->trains, unit);
    const int64_t n = spk__intervals_number(&train);
    spk_status status = SPK_OK;
    int64_t *integers = spk__alloc(work->ctx, 3 * n, sizeof *integers);
    double *numbers = spk__alloc(work->ctx, 2 * n, sizeof *numbers);
    if (integers == NULL || numbers == NULL)
        status = spk__fail_memory(work->ctx);
    for (int64_t lag = 1; lag <= work->n_lags && status == SPK_OK; lag++) {
        pair_room room = {integers, integers + n, integers + 2 * n, numbers, numbers + n};
        status = correlate_lag(work, &train, lag, &room,
                               &work->correlation[unit * work->n_lags + lag - 1]);
    }
    spk__free(numbers);
    spk__free(integers);
    return status;
}

spk_status spk_intervals_correlate(spk_context *ctx, const spk_trains *trains,
                                   int64_t n_lags, const spk_intervals_options *options,
                                   spk_serial_correlation *result)
{
    intervals_work work;
    const spk_status status = prepare(ctx, trains, result, options, &work);
    if (status != SPK_OK)
        return status;
    SPK_REQUIRE(ctx, n_lags >= 1 && n_lags <= MOST_LAGS, SPK_ERR_ARGUMENT,
                "n_lags must be in 1 .. %d, got %" PRId64, (int)MOST_LAGS, n_lags);
    work.n_lags = n_lags;
    work.correlation = result;
    return spk__parallel_for(ctx, spk_trains_spikes(trains)->n_units, correlate_unit,
                             &work, "serial correlations");
}

/* ---- histogram ---- */

typedef struct histogram_work {
    const spk_trains *trains;
    int64_t bin, n_bins;
    int64_t *counts;
} histogram_work;

static spk_status count_unit(void *state, int64_t unit, int32_t worker)
{
    (void)worker;
    histogram_work *work = state;
    const spk_train train = spk_trains_unit(work->trains, unit);
    int64_t *counts = work->counts + unit * work->n_bins;
    memset(counts, 0, (size_t)work->n_bins * sizeof *counts);
    for (int64_t r = 0; r < train.n_runs; r++)
        for (int64_t k = train.run_offsets[r] + 1; k < train.run_offsets[r + 1]; k++) {
            const int64_t bin = (train.samples[k] - train.samples[k - 1]) / work->bin;
            if (bin < work->n_bins)
                counts[bin]++;
        }
    return SPK_OK;
}

spk_status spk_intervals_count(spk_context *ctx, const spk_trains *trains, double bin_s,
                               int64_t n_bins, int64_t *counts)
{
    SPK_REQUIRE(ctx, trains != NULL, SPK_ERR_ARGUMENT, "trains is NULL");
    SPK_REQUIRE(ctx, counts != NULL, SPK_ERR_ARGUMENT, "counts is NULL");
    SPK_REQUIRE(ctx, bin_s > 0 && isfinite(bin_s), SPK_ERR_ARGUMENT,
                "bin_s must be above 0, got %g", bin_s);
    SPK_REQUIRE(ctx, n_bins >= 1, SPK_ERR_ARGUMENT, "n_bins must be >= 1, got %" PRId64,
                n_bins);
    const spk_spikes *spikes = spk_trains_spikes(trains);
    int64_t bin = spk__samples_near(1e3 * bin_s, spikes->sampling_rate_hz);
    bin = bin < 1 ? 1 : bin;
    SPK_REQUIRE(ctx, bin <= ((int64_t)1 << 53) / n_bins, SPK_ERR_ARGUMENT,
                "bins: %" PRId64 " of %" PRId64 " samples are beyond 2^53", n_bins, bin);
    SPK_REQUIRE(ctx, spikes->n_units == 0 || n_bins <= INT64_MAX / 8 / spikes->n_units,
                SPK_ERR_OVERFLOW, "n_units * n_bins is beyond int64");
    histogram_work work = {trains, bin, n_bins, counts};
    return spk__parallel_for(ctx, spikes->n_units, count_unit, &work,
                             "interspike intervals");
}
