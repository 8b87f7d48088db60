/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SPIKEKIT_SORTING_COMPARISON_PAIRS_H
#define SPIKEKIT_SORTING_COMPARISON_PAIRS_H

#include <spikekit/context.h>
#include <stdint.h>

/* Counts of the few pairs of units that have any, where a counter for every pair would take
 * too much: a table hashed by pair. */

typedef struct spk__pair_count {
    uint64_t key;      /**< of the pair, plus 1; 0: empty */
    uint64_t product;  /**< sum of delta - |dt| */
    uint32_t count;    /**< coincidences with a lonely spike */
    uint32_t swept[2]; /**< taken in the sweeps of a and of b */
    uint32_t reserved;
} spk__pair_count;

typedef struct spk__pair_table {
    spk_context *ctx;
    spk__pair_count *entries; /**< [capacity] */
    int64_t capacity;         /**< a power of 2, or 0 */
    int64_t n;                /**< entries in use */
    int64_t most;             /**< capacity beyond which it is full */
    int is_full;
    int has_failed;        /**< no memory */
    spk__pair_count spare; /**< stands in for an entry that found no place */
} spk__pair_table;

/** The entry of a pair, made if need be. The spare one when full or without memory. */
spk__pair_count *spk__pair_table_at(spk__pair_table *table, uint64_t key);
/** Adds the entries of `from`. */
void spk__pair_table_merge(spk__pair_table *table, const spk__pair_table *from);
/** Leaves the entries in order of key at the front; spk__pair_table_clear() must follow. */
void spk__pair_table_sort(spk__pair_table *table);
/** Frees the entries. */
void spk__pair_table_clear(spk__pair_table *table);

#endif
