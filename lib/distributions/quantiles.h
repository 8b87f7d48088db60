/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SPIKEKIT_DISTRIBUTIONS_QUANTILES_H
#define SPIKEKIT_DISTRIBUTIONS_QUANTILES_H

/*
 * Quantiles and a tail, from Rmath. Bad arguments give NaN, never a message. Pure functions.
 */

/** The x with P(X <= x) = probability for X standard normal; NaN outside (0, 1). */
double spk__normal_quantile(double probability);

/** ln P(X > x) for X standard normal, right far below the smallest double. */
double spk__normal_log_upper(double x);

/** The quantile of the gamma distribution of shape > 0 and scale 1: right to 1e-12. */
double spk__gamma_quantile(double probability, double shape);

/** P(X <= x) for X of the gamma distribution of shape > 0 and scale 1; 1 - that if `above`. */
double spk__gamma_share(double x, double shape, int above);

#endif
