/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SPIKEKIT_SORTING_FIRING_SLIDING_H
#define SPIKEKIT_SORTING_FIRING_SLIDING_H

#include <spikekit/trains.h>

/** How a rate in a sliding window varies within tenths of a run, on average over them. */
typedef struct spk__sliding_rates {
    double cv;   /**< standard deviation (of n) / mean of the rate */
    double fano; /**< variance (of n) / mean of the rate [Hz] */
} spk__sliding_rates;

/**
 * IBL's (brainbox) variation of the firing rate. In each run, n = floor(span / 10 ms) bins of
 * equal width over the time from its first to its last spike; the rate is the sum of
 * floor(n / floor(span / 0.5 s)) bins, moved on bin by bin, / 0.5 s, without the last place; of
 * these values ten parts of equal length are taken, what is left over is not.
 * NaN if a part has no spikes, or no run is long enough for ten parts.
 */
spk__sliding_rates spk__sliding_rates_find(const spk_train *train, double rate_hz);

#endif
