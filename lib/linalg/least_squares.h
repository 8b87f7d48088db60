/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SPIKEKIT_LINALG_LEAST_SQUARES_H
#define SPIKEKIT_LINALG_LEAST_SQUARES_H

#include <stdint.h>

/*
 * Nonlinear least squares with few parameters and bounds: fitting a curve to a histogram.
 * Takes no memory of its own and never fails, so that it can run once a unit in a loop.
 */

enum {
    SPK__LEAST_SQUARES_MOST = 16 /**< parameters at most */
};

/**
 * Residuals, model minus data, and their derivatives.
 * @param[in]  state       as in the problem
 * @param[in]  parameters  [n_parameters], within the bounds
 * @param[out] residuals   [n_residuals]; not finite: this point is not acceptable
 * @param[out] jacobian    [n_residuals][n_parameters]; NULL when not asked for, and always
 *                         when the problem says numeric_jacobian
 */
typedef void (*spk__residuals)(void *state, const double *parameters, double *residuals,
                               double *jacobian);

typedef struct spk__least_squares {
    int64_t n_parameters; /**< 1 .. SPK__LEAST_SQUARES_MOST */
    int64_t n_residuals;  /**< >= 1 */
    spk__residuals evaluate;
    void *state;
    const double *lower;      /**< [n_parameters]; NULL: no lower bounds */
    const double *upper;      /**< [n_parameters] >= lower; NULL: no upper bounds */
    int32_t numeric_jacobian; /**< nonzero: derivatives from forward differences */
    int64_t most_iterations;  /**< evaluations of the Jacobian; 0: 400 */
    double tolerance;         /**< relative, of cost, step and gradient; 0: 1e-10 */
} spk__least_squares;

typedef struct spk__least_squares_result {
    int32_t
        converged; /**< 0: most_iterations were not enough, or the start is not finite */
    int64_t n_iterations;
    double sum_of_squares; /**< at the end; NaN when the start is not finite */
} spk__least_squares_result;

/** Doubles of scratch memory that spk__least_squares_fit() wants. */
int64_t spk__least_squares_work_length(int64_t n_residuals, int64_t n_parameters);

/**
 * Minimises the sum of squared residuals within the bounds.
 *
 * Levenberg-Marquardt on an active set: a parameter at a bound that the gradient pushes
 * outward is held; one that a step would take across a bound stops there and the others take
 * their best step given that. Damping is scaled by the largest curvature met (More 1978)
 * and adapts to how well the step was foretold (Nielsen 1999). The sum of squares never
 * rises. Ends in a local minimum, which depends on the start.
 *
 * @param[in,out] parameters  [n_parameters] the start, moved into the bounds; the result
 * @param[out]    work        [spk__least_squares_work_length()]
 * Cost: an evaluation and O(n_residuals * n_parameters^2) an iteration
 * Source: More (1978) Lecture Notes in Mathematics 630:105-116; Nielsen (1999) IMM-REP-1999-05
 */
spk__least_squares_result spk__least_squares_fit(const spk__least_squares *problem,
                                                 double *parameters, double *work);

#endif
