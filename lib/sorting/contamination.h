/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SPIKEKIT_SORTING_CONTAMINATION_H
#define SPIKEKIT_SORTING_CONTAMINATION_H

#include <spikekit/trains.h>

/*
 * From a number of refractory violations to a contamination: the share of a unit's spikes
 * that are not its own. Each tool's formula, and what all share.
 */

/** The false-positive rate f of Hill et al. (2011), the smaller root of f (1 - f) = ratio;
 *  1 when there is none, that is above 1/4: no mixture has so many violations. */
double spk__contamination_hill(double ratio);

/** Llobet et al. (2022): 1 - sqrt(1 - pairs (time - 2 n censored) / (n^2 (refractory -
 *  censored))), in any one unit of time; 1 when the root has a negative argument. */
double spk__contamination_llobet(double pairs, double n_spikes, double time,
                                 double refractory, double censored);

/** The 2-sided exact (Garwood) limits of the mean of a Poisson count. */
void spk__violation_limits(int64_t count, double confidence, double *low, double *high);

/** Neighbours of one run that are no further apart than a lag; 0 for a negative one. */
int64_t spk__count_intervals(const spk_train *train, int64_t lag);

/** Drops each spike that follows the one before it by no more than `duplicate` samples, then
 *  counts the intervals that are no longer than `lag`. */
int64_t spk__count_intervals_without(const spk_train *train, int64_t duplicate,
                                     int64_t lag, int64_t *n_left);

/** From the first to the last spike of each run, added up [samples]. */
int64_t spk__train_span(const spk_train *train);

#endif
