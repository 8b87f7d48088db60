/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SPIKEKIT_DISTRIBUTIONS_STUDENT_H
#define SPIKEKIT_DISTRIBUTIONS_STUDENT_H

/** The x with P(X <= x) = probability for X Student's t with `dof` degrees of freedom, any
 *  real number > 0; NaN for other dof and for a probability outside (0, 1). */
double spk__student_quantile(double probability, double dof);

/** P(X > x), dof > 0. */
double spk__student_upper(double x, double dof);

#endif
