/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SPIKEKIT_SORTING_FIRING_WINDOWS_H
#define SPIKEKIT_SORTING_FIRING_WINDOWS_H

#include <spikekit/trains.h>
#include <stdint.h>

/*
 * Spikes of one unit counted in windows of equal width, which are laid from the start of each
 * run on; what is left at its end is not used. Only windows with spikes are kept, so that
 * narrow windows in a long recording cost nothing.
 */

typedef struct spk__windows {
    int64_t n;        /**< windows, with or without spikes */
    int64_t n_filled; /**< windows with spikes */
    int64_t *places;  /**< [n_filled] which window, from 0; rising */
    int64_t *counts;  /**< [n_filled] */
} spk__windows;

/** The most windows that can have spikes. */
int64_t spk__windows_room(const spk_train *train, int64_t width, int64_t stop);

/**
 * Counts in windows of `width` samples >= 1; runs are cut at `stop`, INT64_MAX for none.
 * @param[in,out] windows  arrays with room for spk__windows_room(); the rest is filled
 */
void spk__windows_count(const spk_train *train, int64_t width, int64_t stop,
                        spk__windows *windows);

/** Variance (of n - 1) / mean of the counts, without keeping them. NaN below 2 windows or
 *  without spikes in them. */
double spk__windows_fano(const spk_train *train, int64_t width);

typedef struct spk__window_rates {
    double cv;   /**< standard deviation (of n - 1) / mean */
    double gini; /**< 1 - 2 mean of the cumulative sum of sorted counts / its end */
    double instability; /**< median of abs differences of neighbours / mean */
} spk__window_rates;

/**
 * NaN each below 2 windows or without spikes in them. Neighbours are in one run.
 * @param[out] scratch  [2 * n_filled + 1]
 */
spk__window_rates spk__windows_rates(const spk_train *train, const spk__windows *windows,
                                     int64_t width, int64_t stop, int64_t *scratch);

/**
 * bombcell's Fano factor: in each run, n = floor(time from its first to its last spike /
 * width), at least 1, windows of equal width over just that time, the last closed on the
 * right; above `most` windows, `most` of them, with rates in place of counts. Variance (of
 * n) / mean. NaN below 2 windows.
 */
double spk__windows_fano_of_span(const spk_train *train, double width, int64_t most);

#endif
