/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SPIKEKIT_LINALG_RANK_UPDATE_H
#define SPIKEKIT_LINALG_RANK_UPDATE_H

#include <spikekit/context.h>
#include <stdint.h>

/**
 * Adds alpha * A^T A to a symmetric matrix: the Gram matrix of the columns of A, summed over
 * rows, so that rows may come in blocks.
 *
 * @param[in]     ctx        holds the message on error
 * @param[in]     n_rows     rows of A, 0 .. 2^31 - 1
 * @param[in]     n_columns  columns of A, order of C, 0 .. 2^31 - 1
 * @param[in]     alpha      factor
 * @param[in]     a          [n_rows][n_columns] row-major
 * @param[in,out] c          [n_columns][n_columns]; both triangles are written, from the upper
 *                           one
 * @return SPK_OK; SPK_ERR_ARGUMENT (NULL, size out of range)
 * Cost: n_rows * n_columns^2 multiply-adds, one thread, no memory of ours
 */
spk_status spk__linalg_rank_update(spk_context *ctx, int64_t n_rows, int64_t n_columns,
                                   double alpha, const double *a, double *c);

#endif
