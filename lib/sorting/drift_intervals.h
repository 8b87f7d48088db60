/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SPIKEKIT_SORTING_DRIFT_INTERVALS_H
#define SPIKEKIT_SORTING_DRIFT_INTERVALS_H

#include <stdint.h>

/** Intervals [origin + k width, origin + (k + 1) width), k = 0 .. n - 1. */
typedef struct spk__intervals {
    int64_t origin;
    int64_t width; /**< samples, at least 1 */
    int64_t n;
    int is_open;        /**< nonzero: a spike on the first sample does not count */
    int64_t min_spikes; /**< fewest, at least 1, for an interval to have a median */
} spk__intervals;

/**
 * Medians of the values of spikes in each interval.
 * @param[in]  samples  [n] not falling; those outside the intervals do not count
 * @param[in]  values   [n] finite
 * @param[out] room     [n] scratch
 * @param[out] places   [n] room; k of the intervals with enough spikes, rising
 * @param[out] medians  [n] room; their medians
 * @return how many have enough spikes
 */
int64_t spk__interval_medians(const spk__intervals *intervals, const int64_t *samples,
                              const double *values, int64_t n, double *room,
                              int64_t *places, double *medians);

#endif
