/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SPIKEKIT_DISTRIBUTIONS_H
#define SPIKEKIT_DISTRIBUTIONS_H

#include <spikekit/status.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Natural logarithms of tail probabilities, right down to 1e-300 and far beyond, and
 * confidence limits. Arguments out of range give NaN, never a message. Pure functions: any
 * thread may call them.
 *
 * Source: Rmath, R's own ppois() with log.p = TRUE, and pbeta()
 */

/**
 * ln P(N >= count) for N Poisson with the given mean: 0 for count <= 0.
 * @param[in] count  <= 2^53, larger gives NaN
 * @param[in] mean   >= 0 and finite, anything else gives NaN
 */
SPK_API double spk_poisson_log_upper(int64_t count, double mean);

/**
 * ln P(N <= count) for N Poisson with the given mean: -infinity for count < 0.
 * @param[in] count  <= 2^53, larger gives NaN
 * @param[in] mean   >= 0 and finite, anything else gives NaN
 */
SPK_API double spk_poisson_log_lower(int64_t count, double mean);

/**
 * The mean m >= 0 at which P(N <= count) is a given probability, for N Poisson with mean m.
 * The exact two-sided limits (Garwood 1936) of a mean, at confidence 0.95, are
 * spk_poisson_mean(count - 1, 0.975) and spk_poisson_mean(count, 0.025).
 * Right to a relative error of 1e-12.
 *
 * @param[in] count        <= 2^53, larger gives NaN; 0 for any count < 0
 * @param[in] probability  above 0 and below 1, anything else gives NaN
 */
SPK_API double spk_poisson_mean(int64_t count, double probability);

/**
 * Exact confidence limits of a share of which `count` of n independent trials are an
 * estimate (Clopper-Pearson): lower is the p at which P(N >= count) = (1 - level) / 2 for N
 * binomial (0 for count 0), upper the p at which P(N <= count) is (1 for count n). They hold
 * the true share with probability `level` or more.
 *
 * @param[in]  count  0 .. n
 * @param[in]  n      1 .. 2^53
 * @param[in]  level  between 0 and 1, both excluded
 * @param[out] lower  right to 1e-12; NaN for arguments out of range
 * @param[out] upper  the same
 * Source: Clopper & Pearson (1934) Biometrika 26:404-413
 */
SPK_API void spk_binomial_limits(int64_t count, int64_t n, double level, double *lower,
                                 double *upper);

#ifdef __cplusplus
}
#endif
#endif
