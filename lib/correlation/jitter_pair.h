/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SPIKEKIT_CORRELATION_JITTER_PAIR_H
#define SPIKEKIT_CORRELATION_JITTER_PAIR_H

#include <spikekit/jitter.h>

/*
 * The intervals of one train that hold spikes, each with the spikes of the other train that
 * any of its samples can be paired with.
 */

/** Lag bins as seen from the train that moves: bin k holds the lags (moved - fixed)
 *  first + k width .. first + (k + 1) width - 1. */
typedef struct spk__jitter_bins {
    int64_t interval;
    int64_t first, width, n;
    int is_mirrored; /**< the reference moves: bin k is the caller's n - 1 - k */
} spk__jitter_bins;

/** Bins first_bin .. first_bin + n - 1 of a layout. */
spk__jitter_bins spk__jitter_make_bins(const spk_jitter_layout *layout, int32_t jittered,
                                       int64_t first_bin, int64_t n);

/** A stretch of time in which both trains are observed. */
typedef struct spk__jitter_run {
    int64_t start, stop;
    const int64_t *moved, *moved_stop;
    const int64_t *fixed, *fixed_stop;
} spk__jitter_run;

/** The first spike of spike .. stop - 1, in order, that is not before a sample, or stop. */
const int64_t *spk__not_before(const int64_t *spike, const int64_t *stop, int64_t sample);

/** The common runs of two trains, in order: call with a cursor of zeros until it returns 0. */
typedef struct spk__jitter_cursor {
    int64_t moved_run, fixed_run;
} spk__jitter_cursor;

int spk__jitter_next_run(const spk_train *moved, const spk_train *fixed,
                         spk__jitter_cursor *cursor, spk__jitter_run *run);

/** An interval with moved and fixed spikes. */
typedef struct spk__jitter_interval {
    int64_t start, length;
    const int64_t *moved;
    int64_t n_moved; /**< >= 1 */
    const int64_t *fixed;
    int64_t n_fixed; /**< >= 1, all within reach of the interval */
} spk__jitter_interval;

/** The next such interval of a run, which it takes forward; 0 when there is none. */
int spk__jitter_next_interval(const spk__jitter_bins *bins, spk__jitter_run *run,
                              spk__jitter_interval *interval);

/** Adds the pairs of an interval as they are. */
void spk__jitter_count(const spk__jitter_bins *bins, const spk__jitter_interval *interval,
                       int64_t *counts);

/** How many places x of an interval there are with x - s in bin k, s one fixed spike. */
static inline int64_t spk__jitter_overlap(const spk__jitter_bins *bins,
                                          const spk__jitter_interval *interval, int64_t s,
                                          int64_t k)
{
    const int64_t low = s + bins->first + k * bins->width, high = low + bins->width;
    const int64_t stop = interval->start + interval->length;
    const int64_t from = low > interval->start ? low : interval->start;
    return (high < stop ? high : stop) - from;
}

/** That no sum of a time, an interval and a lag overflows.
 *  @return SPK_OK; SPK_ERR_OVERFLOW */
spk_status spk__jitter_check_recording(spk_context *ctx, const spk_spikes *spikes);

/** Checks what the functions on pairs share, and converts the options.
 *  @return SPK_OK; SPK_ERR_ARGUMENT; SPK_ERR_OVERFLOW */
spk_status spk__jitter_check(spk_context *ctx, const spk_trains *trains,
                             const int32_t (*pairs)[2], int64_t n_pairs,
                             const spk_jitter_options *options,
                             spk_jitter_layout *layout);

#endif
