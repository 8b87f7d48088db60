/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SPIKEKIT_DRIFT_H
#define SPIKEKIT_DRIFT_H

/*
 * Amplitude, depth or any other number of each spike over time: the curves that show a unit
 * drifting, to draw beside its metrics of drift.
 */

#include <spikekit/array.h>
#include <spikekit/context.h>
#include <spikekit/status.h>
#include <spikekit/trains.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Fill with spk_drift_options_init(&options, sizeof options), then change fields. */
typedef struct spk_drift_options {
    size_t struct_size; /**< set by init */
    double interval_s;  /**< length of an interval, > 0; default 60 */
    int64_t min_spikes; /**< fewest in an interval to have a median, >= 1; default 10 */
} spk_drift_options;

SPK_API void spk_drift_options_init(spk_drift_options *options, size_t struct_size);

/**
 * The number of intervals that spk_drift_medians() uses. Interval k is
 *     [start + k w, start + (k + 1) w),  w = max(1, floor(interval_s * fs)) samples,
 * from the start of the recording to its stop; the last one may be shorter.
 * @param[out] n_intervals  0 of an empty recording
 * @return SPK_OK; SPK_ERR_ARGUMENT (NULL, a field out of range)
 */
SPK_API SPK_MUST_CHECK spk_status spk_drift_length(spk_context *ctx,
                                                   const spk_trains *trains,
                                                   const spk_drift_options *options,
                                                   int64_t *n_intervals);

/**
 * Finds the median of a number that each spike has, for every unit and interval of time.
 *
 * @param[in]  ctx      threads, progress, cancel; holds the message on error
 * @param[in]  trains   the spikes; those outside its epochs and periods do not count
 * @param[in]  values   [n_spikes] or [n_spikes][columns] in the order of the spike table:
 *                      amplitudes, or positions
 * @param[in]  column   0 .. columns - 1; of positions 0 is x and 1 is y
 * @param[in]  options  NULL for the defaults
 * @param[out] medians  [n_units][n_intervals] row-major, spk_drift_length() intervals; NaN
 *                      with fewer than min_spikes spikes; values that are NaN or infinite do
 *                      not count
 * @param[out] counts   [n_units][n_intervals] spikes with a value; may be NULL
 * @return SPK_OK; SPK_ERR_ARGUMENT (NULL, a field out of range, an array of another length,
 *         shape or of text, no such column); SPK_ERR_MEMORY; SPK_ERR_CANCELLED
 * Cost:    O(n_spikes + n_units * n_intervals) time; for each thread 16 bytes a spike of the
 *          largest unit
 * Threads: workers own units; same bits for any number of threads
 */
SPK_API SPK_MUST_CHECK spk_status spk_drift_medians(
    spk_context *ctx, const spk_trains *trains, const spk_array *values, int64_t column,
    const spk_drift_options *options, double *medians, int64_t *counts);

#ifdef __cplusplus
}
#endif
#endif
