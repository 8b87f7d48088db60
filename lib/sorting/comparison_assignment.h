/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SPIKEKIT_SORTING_COMPARISON_ASSIGNMENT_H
#define SPIKEKIT_SORTING_COMPARISON_ASSIGNMENT_H

#include <spikekit/context.h>

/** Scores of rows and columns in compressed rows. */
typedef struct spk__scores {
    int64_t n_rows;
    int64_t n_columns;
    const int64_t *offsets;
    const int32_t *columns;
    const double *values;
} spk__scores;

/**
 * Assigns rows to columns, one to one, so that the sum of scores is largest. Only scores >=
 * least count, all others are 0; a NaN is no score. A row keeps its column only if their score
 * is >= least.
 * @param[in]  least  > 0
 * @param[out] column_of_row  [n_rows] column, -1: none
 * @return SPK_OK; SPK_ERR_MEMORY
 * Cost: rows and columns fall apart into groups joined by scores >= least; for one of r rows
 *       and c columns O(min(r, c)^2 max(r, c)) time and 8 r c bytes
 */
spk_status spk__assign(spk_context *ctx, const spk__scores *scores, double least,
                       int32_t *column_of_row);

#endif
