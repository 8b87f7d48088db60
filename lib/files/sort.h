/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SPIKEKIT_FILES_SORT_H
#define SPIKEKIT_FILES_SORT_H

#include <spikekit/context.h>
#include <stdint.h>

/** Sorts in place, O(n log n) whatever the input, without memory. */
void spk__sort_int64(int64_t *values, int64_t n);

/** The same for pointers and a comparison like strcmp. */
void spk__sort_pointers(const void **items, int64_t n,
                        int (*compare)(const void *, const void *));

/**
 * The stable order of values: order[k] is the index of the k-th smallest, equal ones staying
 * in the order given. O(n) when sorted, O(n log n) otherwise; 8 n bytes extra.
 * @param[out] order  [n]
 * @return SPK_OK; SPK_ERR_MEMORY
 */
spk_status spk__stable_order(spk_context *ctx, const int64_t *values, int64_t n,
                             int64_t *order);

#endif
