/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SPIKEKIT_DISTRIBUTIONS_H
#define SPIKEKIT_DISTRIBUTIONS_H

#include <spikekit/status.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Natural logarithms of tail probabilities, right down to 1e-300 and far beyond.
 * Arguments out of range give NaN, never a message. Pure functions: any thread may call
 * them.
 *
 * Source: Rmath, R's own ppois(), with log.p = TRUE
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

#ifdef __cplusplus
}
#endif
#endif
