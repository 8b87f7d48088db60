/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SPIKEKIT_SORTING_COMPARISON_COUNTS_H
#define SPIKEKIT_SORTING_COMPARISON_COUNTS_H

#include <spikekit/epochs.h>
#include <spikekit/spikes.h>

enum {
    SPK__COMPARISON_MAX_DELTA = 1 << 26 /* [samples]: chunks hold times in 32 bits */
};

/** Pairs of units with matches, in compressed rows: those of unit i of a are entries
 *  offsets[i] .. offsets[i + 1] - 1. */
typedef struct spk__matches {
    int64_t *offsets;     /**< [a.n_units + 1] */
    int32_t *partners;    /**< [n] units of b, rising in a row */
    int64_t *counts;      /**< [n] match count, at least 1 */
    uint64_t *products;   /**< [n] sum of delta - |dt| over all coincidences; NULL unless
                           *   asked for */
    int64_t n;            /**< pairs */
    int64_t *n_spikes[2]; /**< [n_units] spikes that were compared, of a and of b */
} spk__matches;

/**
 * Counts the matches of every pair of units; see spk_comparison_create() for what a match
 * is.
 * @param[in]  a, b       valid tables
 * @param[in]  epochs     valid, or NULL: the whole recording
 * @param[in]  delta      0 .. SPK__COMPARISON_MAX_DELTA
 * @param[in]  symmetric  nonzero: the larger of the counts of both directions
 * @param[in]  with_products  nonzero: fill products
 * @param[out] matches    zeroed on error
 * @return SPK_OK; SPK_ERR_OVERFLOW (2^31 spikes or more, times beyond 2^62 samples);
 *         SPK_ERR_MEMORY; SPK_ERR_CANCELLED
 */
spk_status spk__matches_count(spk_context *ctx, const spk_spikes *a, const spk_spikes *b,
                              const spk_epochs *epochs, int64_t delta, int symmetric,
                              int with_products, spk__matches *matches);

void spk__matches_free(spk__matches *matches);

#endif
