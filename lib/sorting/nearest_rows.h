/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SPIKEKIT_SORTING_NEAREST_ROWS_H
#define SPIKEKIT_SORTING_NEAREST_ROWS_H

#include <spikekit/context.h>
#include <stdint.h>

/** Scratch for at most n_rows rows; of one worker. */
typedef struct spk__nearest_rows {
    int64_t n_rows, n_columns, n_nearest; /**< the most there can be */
    float *single;                        /**< [n_rows][n_columns] */
    float *norms;                         /**< [n_rows] */
    float *limits;                        /**< [n_rows] */
    float *no_limits;
    float *tile;
    float *query_rows;
    int64_t *queries;  /**< [n_rows] */
    int64_t *starts;   /**< [n_rows + 1] of tiles */
    double *distances; /**< [n_rows][n_nearest] squared, rising */
    int32_t *nearest;  /**< [n_rows][n_nearest] the result */
} spk__nearest_rows;

spk_status spk__nearest_rows_make(spk_context *ctx, int64_t n_rows, int64_t n_columns,
                                  int64_t n_nearest, spk__nearest_rows *scratch);
void spk__nearest_rows_free(spk__nearest_rows *scratch);

/**
 * The nearest other rows of the first rows by Euclidean distance, exactly: nearest first, of
 * rows equally near the earlier. Of every other row it is found which of the first rows are
 * among its nearest, and at which places; the remaining places may hold any other row, or
 * INT32_MAX.
 *
 * @param[in] rows       [n][n_columns] finite
 * @param[in] n_nearest  1 .. n - 1
 * @param[in] n_first    0 .. n; n: the nearest of all rows
 * @param[in] groups     [n] rows of a group stand together and are near each other, which
 *                       makes the search shorter; NULL: none known
 * @return nonzero: scratch->nearest [n][n_nearest] is filled; 0: a row is not finite
 * Cost: n_first (n - n_first / 2) n_columns multiply-adds in single precision; n n_columns
 *       more for every row that has one of the first rows among its nearest, or nearly
 */
int spk__nearest_rows_find(spk__nearest_rows *scratch, const double *rows, int64_t n,
                           int64_t n_columns, int64_t n_nearest, int64_t n_first,
                           const int32_t *groups);

#endif
