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
    float *tile;
    double *distances; /**< [n_rows][n_nearest] squared, rising */
    int32_t *nearest;  /**< [n_rows][n_nearest] the result */
} spk__nearest_rows;

spk_status spk__nearest_rows_make(spk_context *ctx, int64_t n_rows, int64_t n_columns,
                                  int64_t n_nearest, spk__nearest_rows *scratch);
void spk__nearest_rows_free(spk__nearest_rows *scratch);

/**
 * The nearest other rows of every row by Euclidean distance, exactly: nearest first, of rows
 * equally near the earlier.
 *
 * @param[in] rows       [n][n_columns] finite
 * @param[in] n_nearest  1 .. n - 1
 * @return nonzero: scratch->nearest [n][n_nearest] is filled; 0: a row is not finite
 * Cost: n^2 n_columns / 2 multiply-adds in single precision
 */
int spk__nearest_rows_find(spk__nearest_rows *scratch, const double *rows, int64_t n,
                           int64_t n_columns, int64_t n_nearest);

#endif
