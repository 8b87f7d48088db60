/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SPIKEKIT_SORTING_AMPLITUDE_SPREAD_H
#define SPIKEKIT_SORTING_AMPLITUDE_SPREAD_H

#include <spikekit/trains.h>
#include <stdint.h>

/** A unit's spikes that have an amplitude, in order of time, in the runs of its train. */
typedef struct spk__amplitude_train {
    int64_t n;
    const int64_t *samples; /**< [n] */
    const double *values;   /**< [n] */
    const spk_train *train; /**< its runs and their total length are read */
} spk__amplitude_train;

/**
 * SpikeInterface's coefficients of variation in bins of time that hold about so many spikes.
 * @param[out] room  [n + 1], the coefficients
 * @return how many; -1 if one is undefined (a bin without spikes, a mean of 0, no time)
 */
int64_t spk__amplitude_variations(const spk__amplitude_train *amplitudes, double rate_hz,
                                  double spikes_per_bin, double *room);

/** Standard deviation of all, NaN if there are none. */
double spk__standard_deviation(const double *values, int64_t n);

/** Standard deviation of the difference from a spike to the next, over the square root of 2,
 *  after dropping spikes within `censored` samples of one kept before; no difference is taken
 *  from one run to the next. NaN with fewer than two differences.
 *  @param[out] room  [n] the differences */
double spk__amplitude_sd_robust(const spk__amplitude_train *amplitudes, int64_t censored,
                                double *room);

#endif
