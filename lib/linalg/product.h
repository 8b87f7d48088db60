/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SPIKEKIT_LINALG_PRODUCT_H
#define SPIKEKIT_LINALG_PRODUCT_H

#include <stdint.h>

/*
 * Products of blocks of rows. All matrices are row-major without gaps, every size is
 * 1 .. 2^31 - 1, one thread, no memory of ours; the caller has checked its arguments.
 */

/** C = alpha A B^T, the products of every row of A with every row of B.
 *  @param[in]  a  [n_a][n_columns]
 *  @param[in]  b  [n_b][n_columns]
 *  @param[out] c  [n_a][n_b] */
void spk__linalg_row_products(int64_t n_a, int64_t n_b, int64_t n_columns, double alpha,
                              const double *a, const double *b, double *c);

/** The same in single precision. */
void spk__linalg_row_products_float(int64_t n_a, int64_t n_b, int64_t n_columns,
                                    float alpha, const float *a, const float *b,
                                    float *c);

/** C = A B.
 *  @param[in]  a  [n_a][n_columns]
 *  @param[in]  b  [n_columns][n_b]
 *  @param[out] c  [n_a][n_b] */
void spk__linalg_product(int64_t n_a, int64_t n_b, int64_t n_columns, const double *a,
                         const double *b, double *c);

/**
 * The Cholesky factor of a symmetric matrix: L L^T = A, L in the lower triangle with the
 * diagonal, zeros above it.
 * @param[in,out] a  [n][n], the lower triangle is read
 * @return nonzero: done; 0: not positive definite, a pivot being no larger than its rounding
 *         error, n eps times what stood on the diagonal (or not finite)
 * Cost:   n^3 / 6 multiply-adds
 */
int spk__linalg_cholesky(int64_t n, double *a);

/** Solves L y = x for every row x of a block: X = X L^-T in place, so that |y|^2 = x A^-1 x.
 *  @param[in]     l  [n][n] of spk__linalg_cholesky()
 *  @param[in,out] x  [n_rows][n] */
void spk__linalg_solve_rows(int64_t n_rows, int64_t n, const double *l, double *x);

#endif
