/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SPIKEKIT_DISTRIBUTIONS_H
#define SPIKEKIT_DISTRIBUTIONS_H

#include <spikekit/context.h>
#include <spikekit/status.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Natural logarithms of tail probabilities, right down to 1e-300 and far beyond, and
 * confidence limits, quantiles. Arguments out of range give NaN, never a message (but for
 * spk_false_discovery_adjust(), which takes arrays). Pure functions: any thread may call them.
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
 * ln[P(N > count) + P(N = count) / 2] for N Poisson with the given mean: the mid-p of so many
 * or more. Its expectation over N is 1/2, and it is uniform but for the steps; P(N >= count)
 * is larger, and finds less. With spk_poisson_log_mid_lower() it makes 1. Right to 1e-10 of
 * the probability itself down to 1e-300, beyond to 1e-13 of the logarithm. 0 for count < 0.
 * @param[in] count  <= 2^53, larger gives NaN
 * @param[in] mean   >= 0 and finite, anything else gives NaN
 * Cost: 0.03 to 0.13 us for a mean up to 100, at most 0.6 us
 * Source: Lancaster (1961) J. Am. Stat. Assoc. 56:223-234
 */
SPK_API double spk_poisson_log_mid_upper(int64_t count, double mean);

/**
 * ln[P(N < count) + P(N = count) / 2]: the mid-p of so few or fewer; -infinity for count < 0.
 * Otherwise as spk_poisson_log_mid_upper().
 */
SPK_API double spk_poisson_log_mid_lower(int64_t count, double mean);

/**
 * The least count n >= 0 with P(N <= n) >= probability, for N Poisson with the given mean:
 * MATLAB's poissinv(), scipy's poisson.ppf(). A probability near 1 is better given by what it
 * lacks, to spk_poisson_quantile_upper().
 * @param[in] probability  above 0 and below 1
 * @param[in] mean         0 .. 1e15
 * @return the count; -1 for arguments out of range
 */
SPK_API int64_t spk_poisson_quantile(double probability, double mean);

/**
 * The least count n >= 0 with ln P(N > n) <= log_probability: the quantile of
 * 1 - exp(log_probability), however near to 1 that is.
 * @param[in] log_probability  below 0 and finite
 * @param[in] mean             0 .. 1e15
 * @return the count; -1 for arguments out of range, or where the count is 2^53 or more
 */
SPK_API int64_t spk_poisson_quantile_upper(double log_probability, double mean);

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

/**
 * Benjamini & Hochberg's adjustment for many tests: with p_(1) <= ... <= p_(n) of n_tests,
 *     q_(i) = min(1, min over j >= i of p_(j) n_tests / j).
 * Of the tests with q <= a, a share of at most a is false on average, if the tests are
 * independent or positively dependent. The largest p may be left out, as long as n_tests
 * counts them: if all p below some cut are given, each q below that cut is the same as
 * with all of them.
 *
 * @param[in]  ctx      holds the message on error
 * @param[in]  log_p    [n] natural logarithms, <= 0; NaN for no test, which n_tests does not
 *                      count
 * @param[in]  n        >= 0
 * @param[in]  n_tests  number of tests made, at least those in log_p; 0: those in log_p
 * @param[out] log_q    [n] natural logarithms, NaN where log_p is; may be log_p
 * @return SPK_OK; SPK_ERR_ARGUMENT; SPK_ERR_MEMORY
 * Cost:   O(n log n); extra memory 32 bytes a test
 * Source: Benjamini & Hochberg (1995) J. R. Stat. Soc. B 57:289-300
 */
SPK_API SPK_MUST_CHECK spk_status spk_false_discovery_adjust(spk_context *ctx,
                                                             const double *log_p,
                                                             int64_t n, int64_t n_tests,
                                                             double *log_q);

#ifdef __cplusplus
}
#endif
#endif
