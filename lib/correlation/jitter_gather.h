/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SPIKEKIT_CORRELATION_JITTER_GATHER_H
#define SPIKEKIT_CORRELATION_JITTER_GATHER_H

#include "correlation/jitter_pair.h"
#include "correlation/jitter_sum.h"

/* The terms of the counts of a pair, bin by bin, as a worker gathers them pair after pair. */
typedef struct spk__jitter_gather {
    spk_context *ctx;
    spk__jitter_bins bins;
    int64_t n_tallies; /**< up to so many places are tallied; 0: none */
    double *work;      /**< [SPK__JITTER_WORK] */
    int64_t *counts;   /**< [n] pairs as they are */
    int64_t *most;     /**< [n] the largest number tallied */
    int32_t *tallies;  /**< [n][n_tallies + 1] coins by the places where they are up */
    spk__jitter_sum *sums; /**< [n] */
    int64_t levels_room;
    double *weights; /**< [levels_room] places by value; zero between intervals */
    int64_t *values;
    double *packed;
} spk__jitter_gather;

/** Bytes that a gather borrows. */
int64_t spk__jitter_room(const spk__jitter_bins *bins);

/** @param[out] room  [spk__jitter_room()] aligned for numbers, until the gather is freed
 *  @return SPK_OK, SPK_ERR_MEMORY; free it after either */
spk_status spk__jitter_gather_create(spk_context *ctx, const spk__jitter_bins *bins,
                                     void *room, spk__jitter_gather *gather);
void spk__jitter_gather_free(spk__jitter_gather *gather);

/** Counts and sums of a pair.
 *  @return SPK_OK; SPK_ERR_MEMORY, after which only freeing is allowed */
spk_status spk__jitter_gather_pair(spk__jitter_gather *gather, const spk_trains *trains,
                                   int32_t reference, int32_t target);

/** What a count means in the distribution of a sum.
 *  @param[out] work  [SPK__JITTER_WORK] */
spk_jitter_result spk__jitter_locate(spk__jitter_sum *sum, int64_t count, double *work);

/** What the count of bin k (of the gather: mirrored if the reference moves) means. */
spk_jitter_result spk__jitter_conclude(spk__jitter_gather *gather, int64_t k);

/** The count c nearest the mean with P(S > c) (sign 1) or P(S < c) (sign -1) at most
 *  exp(log_level); for levels below 1/2. */
int64_t spk__jitter_limit(spk__jitter_gather *gather, int64_t k, double log_level,
                          int sign);

#endif
