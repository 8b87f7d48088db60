/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SPIKEKIT_DISTRIBUTIONS_BINOMIAL_TAILS_H
#define SPIKEKIT_DISTRIBUTIONS_BINOMIAL_TAILS_H

/**
 * P(X <= count), X binomial; `trials` may be any real number >= 0, between whole numbers by
 * the regularised incomplete beta function, P(X > x) = I_p(x + 1, trials - x). NaN for a
 * chance outside 0 .. 1, for negative or infinite trials, and for NaN.
 * @param[in] count  a whole number
 */
double spk__binomial_lower(double count, double trials, double chance);

/** ln P(X <= count), right far below the smallest double. */
double spk__binomial_log_lower(double count, double trials, double chance);

/** P(X > count). */
double spk__binomial_upper(double count, double trials, double chance);

#endif
