/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SPIKEKIT_SORTING_TRAIN_BINS_H
#define SPIKEKIT_SORTING_TRAIN_BINS_H

#include <spikekit/trains.h>

/** Spikes of the largest unit. */
int64_t spk__trains_largest(const spk_trains *trains);

/** From the first to the last spike that any unit keeps; n_spikes in all. */
typedef struct spk__trains_span {
    int64_t n_spikes;
    int64_t first; /**< of n_spikes > 0 */
    int64_t last;
} spk__trains_span;

spk__trains_span spk__trains_find_span(const spk_trains *trains);

/**
 * Counts the spikes of a unit in bins of bin_samples (>= 1): each run is cut from its start
 * into whole bins, and what is left at its end is dropped.
 *
 * @param[out] counts  [train->n_spikes] room; the counts of bins that are not empty, in order
 * @param[out] n_bins  bins in all, empty ones too
 * @return how many are not empty
 */
int64_t spk__train_bin_counts(const spk_train *train, int64_t bin_samples, double *counts,
                              int64_t *n_bins);

/** Equal bins from a first sample on: bin k = [edge(k), edge(k + 1)), edge(k) = origin +
 *  ceil(k width), or origin + ceil(k span / n_parts) if there are parts. */
typedef struct spk__bin_grid {
    int64_t origin;
    int64_t n_bins;
    double width; /**< samples, at least 1; not read if there are parts */
    int64_t span;
    int64_t n_parts; /**< 0: none */
    int64_t
        last; /**< this sample is taken into the last bin even if it is the end of it */
} spk__bin_grid;

/**
 * Counts the spikes of a unit in a grid. Spikes outside are not counted. Only bins count that
 * the unit was observed in; a run that reaches `last` is taken to reach the end of the grid.
 *
 * @param[out] counts    [train->n_spikes] room; counts of bins that are not empty, in order
 * @param[out] n_seen    bins that one of the unit's runs meets
 * @return how many are not empty
 */
int64_t spk__train_grid_counts(const spk_train *train, const spk__bin_grid *grid,
                               double *counts, int64_t *n_seen);

#endif
