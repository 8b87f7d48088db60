/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SPIKEKIT_SORTING_PAIR_LAGS_H
#define SPIKEKIT_SORTING_PAIR_LAGS_H

#include <spikekit/trains.h>

/*
 * How many pairs of spikes of one unit lie within a lag of each other, for many lags at once.
 * All pairs count, not only neighbours, each once; none bridges two runs.
 */

/** The lags that are asked for; made once, shared by all workers. */
typedef struct spk__pair_lags {
    int64_t n_lags;
    int64_t *lags;  /**< [n_lags] rising, no two equal, >= 0 */
    int32_t *first; /**< [n_buckets] the first of the lags that is not below a bucket */
    int64_t n_buckets; /**< bucket b holds lags b 2^shift .. (b + 1) 2^shift - 1 */
    int32_t shift;
} spk__pair_lags;

/** @param[in] lags  [n] any order, negative ones and repeats are dropped
 *  @return SPK_OK, then free it; SPK_ERR_MEMORY */
spk_status spk__pair_lags_create(spk_context *ctx, const int64_t *lags, int64_t n,
                                 spk__pair_lags *created);
void spk__pair_lags_free(spk__pair_lags *lags);

/** Elements of the counters that each worker needs. */
int64_t spk__pair_lags_room(const spk__pair_lags *lags);

/**
 * Counts the pairs of a unit.
 * @param[out] counters  [spk__pair_lags_room()] read with spk__pair_lags_at()
 * Cost: O(spikes + pairs within the largest lag), but at most O(spikes * lags)
 */
void spk__pair_lags_count(const spk__pair_lags *lags, const spk_train *train,
                          int64_t *counters);

/** Pairs no more than `lag` apart, simultaneous ones included; 0 if it is negative.
 *  Otherwise it must be one of the lags asked for. */
int64_t spk__pair_lags_at(const spk__pair_lags *lags, const int64_t *counters,
                          int64_t lag);

/** Pairs with first <= lag <= last, counted in O(spikes). For lags that are far apart. */
int64_t spk__pairs_between(const spk_train *train, int64_t first, int64_t last);

#endif
