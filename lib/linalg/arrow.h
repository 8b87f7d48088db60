/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SPIKEKIT_LINALG_ARROW_H
#define SPIKEKIT_LINALG_ARROW_H

#include <stdint.h>

/*
 * Symmetric positive definite systems that are tridiagonal but for two dense rows and
 * columns: a smooth curve and two numbers fitted together. Linear time, no memory of ours.
 *
 *     [ T   B ] [ x ]   [ r ]
 *     [ B'  C ] [ y ] = [ s ]
 */

enum {
    SPK__ARROW_COLUMNS = 4 /**< doubles a row of `rows` */
};

typedef struct spk__arrow {
    int64_t n;              /**< order of T, >= 1 */
    const double *diagonal; /**< [n] of T */
    const double *beside;   /**< [n - 1] of T, below the diagonal */
    const double *rows;     /**< [n][4]: r, the two columns of B, and nothing */
    double corner[3];       /**< C: first diagonal, beside it, second diagonal */
    double last[2];         /**< s */
} spk__arrow;

typedef struct spk__arrow_solution {
    double last[2];    /**< y */
    double inverse[3]; /**< the block of the inverse matrix in the place of C */
} spk__arrow_solution;

/** Doubles of scratch memory that spk__linalg_arrow_solve() wants. */
int64_t spk__linalg_arrow_work_length(int64_t n);

/**
 * Solves by elimination of T from both ends towards the middle, which halves the chain of
 * divisions, and the two by two Schur complement C - B' T^-1 B.
 * @param[out] first  [n] x
 * @param[out] work   [spk__linalg_arrow_work_length()]
 * @return nonzero: done; 0: not positive definite (or not finite), nothing is to be read
 * Cost: n divisions and some 20 n multiply-adds
 */
int spk__linalg_arrow_solve(const spk__arrow *arrow, double *first,
                            spk__arrow_solution *solution, double *work);

#endif
