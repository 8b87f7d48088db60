/* SPDX-License-Identifier: BSD-3-Clause */
#include "correlation/jitter_pair.h"

#include "base/check.h"
#include "base/memory.h"
#include "base/parallel.h"

#include <math.h>
#include <spikekit/correlogram.h>
#include <string.h>

void spk_jitter_options_init(spk_jitter_options *options, size_t struct_size)
{
    spk_jitter_options defaults = {
        .struct_size = struct_size,
        .interval_s = 0.010,
        .window_s = 0.1,
        .bin_s = 0.0005,
        .from_s = -INFINITY,
        .to_s = INFINITY,
        .jittered = SPK_JITTER_TARGET,
    };
    if (options != NULL)
        memcpy(options, &defaults,
               struct_size < sizeof defaults ? struct_size : sizeof defaults);
}

/* The bins with from <= their centre [samples] <= to. */
static void find_tests(spk_jitter_layout *layout, double from, double to)
{
    const int64_t half = layout->n_bins / 2;
    const double b = (double)layout->bin_samples;
    int64_t first = 0, last = layout->n_bins - 1;
    while (first <= last && (double)(first - half) * b < from)
        first++;
    while (last >= first && (double)(last - half) * b > to)
        last--;
    layout->first_test = first;
    layout->n_tests = last - first + 1;
}

spk_status spk_jitter_length(spk_context *ctx, double sampling_rate_hz,
                             const spk_jitter_options *options, spk_jitter_layout *layout)
{
    spk_jitter_options defaults;
    spk_jitter_options_init(&defaults, sizeof defaults);
    if (options == NULL)
        options = &defaults;
    SPK_REQUIRE(ctx, layout != NULL, SPK_ERR_ARGUMENT, "layout is NULL");
    SPK_REQUIRE(ctx, options->struct_size >= sizeof *options, SPK_ERR_ARGUMENT,
                "options: not filled by spk_jitter_options_init()");
    SPK_REQUIRE(ctx, options->interval_s > 0.0 && isfinite(options->interval_s),
                SPK_ERR_ARGUMENT, "interval_s must be above 0 and finite, got %g",
                options->interval_s);
    SPK_REQUIRE(ctx, options->from_s <= options->to_s, SPK_ERR_ARGUMENT,
                "from_s must not be above to_s, got %g and %g", options->from_s,
                options->to_s);
    SPK_REQUIRE(ctx,
                options->jittered == SPK_JITTER_TARGET ||
                    options->jittered == SPK_JITTER_REFERENCE,
                SPK_ERR_ARGUMENT, "jittered must be 0 or 1, got %d",
                (int)options->jittered);
    spk_correlogram_options correlogram;
    spk_correlogram_options_init(&correlogram, sizeof correlogram);
    const spk_status status = spk_correlogram_options_set_window(
        ctx, &correlogram, SPK_CORRELOGRAM_SPIKEKIT, sampling_rate_hz, options->window_s,
        options->bin_s);
    if (status != SPK_OK)
        return status;
    /* an interval of 2^53 samples is as good as any longer one */
    const double interval = fmin(round(options->interval_s * sampling_rate_hz), 0x1p53);
    *layout = (spk_jitter_layout){
        .interval_samples = interval < 1.0 ? 1 : (int64_t)interval,
        .bin_samples = correlogram.bin_samples,
        .n_bins = correlogram.n_bins,
        .first_lag = -(correlogram.n_bins * correlogram.bin_samples / 2),
    };
    find_tests(layout, options->from_s * sampling_rate_hz,
               options->to_s * sampling_rate_hz);
    return SPK_OK;
}

/* ---- the corrected correlogram ---- */

typedef struct correlogram_job {
    const spk_trains *trains;
    const int32_t (*pairs)[2];
    int64_t n_pairs;
    spk__jitter_bins bins;
    int64_t *counts;
    double *expected, *variance;
    int64_t
        n_steps; /* lags and one more, if only the mean is wanted and they are not many */
    int64_t scratch_size; /* 6 n + n_steps */
    double *scratch;      /* [workers][scratch_size] */
} correlogram_job;

enum {
    PAIRS_A_TASK = 16,
    MOST_STEPS = 1 << 16
};

/* What one pair adds up: integers below 2^53, as long as nothing is divided. */
typedef struct pair_sums {
    double *first, *second; /* of whole intervals, times L and L^2 */
    double *once, *twice; /* of one interval: places, and places of each pair of pairs */
} pair_sums;

/* Places that make a pair with both of two fixed spikes, the earlier one first. */
static int64_t shared_overlap(const spk__jitter_bins *bins,
                              const spk__jitter_interval *interval, int64_t s, int64_t t,
                              int64_t k)
{
    const int64_t low = t + bins->first + k * bins->width;
    const int64_t high = s + bins->first + (k + 1) * bins->width;
    const int64_t stop = interval->start + interval->length;
    const int64_t from = low > interval->start ? low : interval->start;
    return (high < stop ? high : stop) - from;
}

/* The bins that the lags from x to y lie in, cut to those there are. */
static void find_bins(const spk__jitter_bins *bins, int64_t x, int64_t y, int64_t *first,
                      int64_t *last)
{
    x -= bins->first;
    y -= bins->first;
    *first = x <= 0 ? 0 : x / bins->width;
    *last = y < 0 ? -1 : y / bins->width;
    if (*last >= bins->n)
        *last = bins->n - 1;
}

static void add_interval(const spk__jitter_bins *bins,
                         const spk__jitter_interval *interval, const pair_sums *sums,
                         double *expected, double *variance)
{
    const double L = (double)interval->length, m = (double)interval->n_moved;
    const int64_t last = interval->start + interval->length - 1;
    int64_t from = bins->n, to = -1;
    for (int64_t f = 0; f < interval->n_fixed; f++) {
        const int64_t s = interval->fixed[f];
        int64_t first, end;
        find_bins(bins, interval->start - s, last - s, &first, &end);
        from = first < from ? first : from;
        to = end > to ? end : to;
        for (int64_t k = first; k <= end; k++) {
            const double places = (double)spk__jitter_overlap(bins, interval, s, k);
            sums->once[k] += places;
            sums->twice[k] += places;
        }
        for (int64_t g = f + 1;
             g < interval->n_fixed && interval->fixed[g] - s < bins->width; g++)
            for (int64_t k = first; k <= end; k++) {
                const int64_t both =
                    shared_overlap(bins, interval, s, interval->fixed[g], k);
                if (both > 0)
                    sums->twice[k] += 2.0 * (double)both;
            }
    }
    const int is_whole = interval->length == bins->interval;
    for (int64_t k = from; k <= to; k++) {
        const double once = sums->once[k];
        const double spread = sums->twice[k] * L - once * once;
        if (is_whole) {
            sums->first[k] += m * once;
            sums->second[k] += m * spread;
        } else {
            expected[k] += m * once / L;
            variance[k] += m * spread / (L * L);
        }
        sums->once[k] = sums->twice[k] = 0.0;
    }
}

/* A fixed spike s makes a pair of lag d at one place of an interval for each of the d from the
 * interval's first sample less s to its last: the mean by lag is a sum of boxes, of which only
 * the edges are noted. */
static void add_steps(const spk__jitter_bins *bins, const spk__jitter_interval *interval,
                      double *steps)
{
    const int64_t n = bins->n * bins->width;
    const double m = (double)interval->n_moved;
    for (int64_t f = 0; f < interval->n_fixed; f++) {
        const int64_t up = interval->start - interval->fixed[f] - bins->first;
        const int64_t down = up + interval->length;
        steps[up > 0 ? up : 0] += m;
        steps[down < n ? down : n] -= m;
    }
}

/* The sums of whole intervals from their steps. */
static void add_boxes(const spk__jitter_bins *bins, const double *steps, double *sums)
{
    double height = 0.0;
    for (int64_t k = 0, d = 0; k < bins->n; k++)
        for (int64_t end = d + bins->width; d < end; d++) {
            height += steps[d];
            sums[k] += height;
        }
}

static void correlate(const correlogram_job *job, int64_t p, double *scratch)
{
    const spk__jitter_bins *bins = &job->bins;
    const int64_t n = bins->n;
    const int moves = bins->is_mirrored ? 0 : 1;
    const spk_train moved = spk_trains_unit(job->trains, job->pairs[p][moves]);
    const spk_train fixed = spk_trains_unit(job->trains, job->pairs[p][1 - moves]);
    const pair_sums sums = {scratch, scratch + n, scratch + 2 * n, scratch + 3 * n};
    double *expected = scratch + 4 * n, *variance = scratch + 5 * n;
    double *steps = scratch + 6 * n;
    int64_t *counts = job->counts == NULL ? NULL : job->counts + p * n;
    spk__jitter_cursor cursor = {0, 0};
    spk__jitter_run run;
    memset(scratch, 0, (size_t)job->scratch_size * sizeof *scratch);
    if (counts != NULL)
        memset(counts, 0, (size_t)n * sizeof *counts);
    while (spk__jitter_next_run(&moved, &fixed, &cursor, &run)) {
        spk__jitter_interval interval;
        while (spk__jitter_next_interval(bins, &run, &interval)) {
            if (counts != NULL)
                spk__jitter_count(bins, &interval, counts);
            if (job->n_steps > 0 && interval.length == bins->interval)
                add_steps(bins, &interval, steps);
            else if (job->expected != NULL || job->variance != NULL)
                add_interval(bins, &interval, &sums, expected, variance);
        }
    }
    if (job->n_steps > 0)
        add_boxes(bins, steps, sums.first);
    const double L = (double)bins->interval;
    for (int64_t k = 0; k < n; k++) {
        const int64_t to = p * n + (bins->is_mirrored ? n - 1 - k : k);
        if (job->expected != NULL)
            job->expected[to] = expected[k] + sums.first[k] / L;
        if (job->variance != NULL)
            job->variance[to] = variance[k] + sums.second[k] / (L * L);
    }
    for (int64_t k = 0; counts != NULL && bins->is_mirrored && 2 * k < n - 1; k++) {
        const int64_t other = counts[n - 1 - k];
        counts[n - 1 - k] = counts[k];
        counts[k] = other;
    }
}

static spk_status correlate_some(void *state, int64_t task, int32_t worker)
{
    const correlogram_job *job = state;
    const int64_t first = task * PAIRS_A_TASK;
    for (int64_t p = first; p < first + PAIRS_A_TASK && p < job->n_pairs; p++)
        correlate(job, p, job->scratch + worker * job->scratch_size);
    return SPK_OK;
}

spk_status spk_jitter_correlogram(spk_context *ctx, const spk_trains *trains,
                                  const int32_t (*pairs)[2], int64_t n_pairs,
                                  const spk_jitter_options *options, int64_t *counts,
                                  double *expected, double *variance)
{
    spk_jitter_layout layout;
    spk_status status = spk__jitter_check(ctx, trains, pairs, n_pairs, options, &layout);
    if (status != SPK_OK)
        return status;
    const int64_t n_tasks = (n_pairs + PAIRS_A_TASK - 1) / PAIRS_A_TASK;
    const int64_t n_lags = layout.n_bins * layout.bin_samples;
    correlogram_job job = {
        .trains = trains,
        .pairs = pairs,
        .n_pairs = n_pairs,
        .bins = spk__jitter_make_bins(
            &layout, options == NULL ? SPK_JITTER_TARGET : options->jittered, 0,
            layout.n_bins),
        .counts = counts,
        .expected = expected,
        .variance = variance,
        .n_steps =
            expected != NULL && variance == NULL && n_lags < MOST_STEPS ? n_lags + 1 : 0,
    };
    job.scratch_size = 6 * layout.n_bins + job.n_steps;
    job.scratch = spk__alloc(ctx, spk__parallel_workers(ctx, n_tasks) * job.scratch_size,
                             sizeof *job.scratch);
    if (job.scratch == NULL)
        return spk__fail_memory(ctx);
    status = spk__parallel_for(ctx, n_tasks, correlate_some, &job, "jitter");
    spk__free(job.scratch);
    return status;
}
