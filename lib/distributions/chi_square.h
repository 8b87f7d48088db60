/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SPIKEKIT_DISTRIBUTIONS_CHI_SQUARE_H
#define SPIKEKIT_DISTRIBUTIONS_CHI_SQUARE_H

#include <stdint.h>

/**
 * The probability that a chi-square variable exceeds x. Meant for many values: a polynomial
 * of degree dof / 2 and one exponential each, all terms positive.
 * @param[in] dof  degrees of freedom, 1 .. 2^31 - 1
 * @return in 0 .. 1, right to some dof eps; below 1e-199 perhaps 0; 1 for x <= 0; NaN for NaN
 */
double spk__chi_square_upper(double x, int64_t dof);

/** The sum of that over n values, eight at a time in a fixed order. */
double spk__chi_square_upper_sum(const double *x, int64_t n, int64_t dof);

#endif
