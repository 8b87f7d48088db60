/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SPIKEKIT_SORTING_FIRING_LAGS_H
#define SPIKEKIT_SORTING_FIRING_LAGS_H

#include <spikekit/trains.h>
#include <stdint.h>

/*
 * One side of the autocorrelogram of one unit, with several bin widths at once: pairs are
 * counted by their lag in samples, and the lags then go to the bins of each. Pairs lie in one
 * run. Simultaneous spikes have lag 0, for which nobody asks here.
 */

/** Bins of equal width b from lag 0 on, b and d in samples. */
typedef struct spk__lag_bins {
    int64_t width; /**< b >= 1 */
    int64_t last;  /**< bins are 0 .. last */
    /** 0: bin k holds the lags k b <= d < (k + 1) b, as bombcell and phylib have it;
     *  1: those with (k - 1/2) b < d <= (k + 1/2) b, CellExplorer's. */
    int32_t centred;
} spk__lag_bins;

enum {
    SPK__LAGS_MOST_BINS = 4 /**< sets of bins at once */
};

typedef struct spk__lags spk__lags; /**< scratch memory, one for each worker */

/** Room for lags up to what any of the bins wants. @return SPK_OK; SPK_ERR_MEMORY */
spk_status spk__lags_create(spk_context *ctx, const spk__lag_bins *bins, int64_t n_bins,
                            spk__lags **lags);
void spk__lags_destroy(spk__lags *lags);

/**
 * Counts the pairs of a unit.
 * @param[out] counts  [n_bins] arrays of [last + 1] each; lag 0 is not counted
 * Cost: O(n_spikes + pairs), about 1 ns a pair
 */
void spk__lags_count(spk__lags *lags, const spk_train *train, int64_t *const *counts);

#endif
