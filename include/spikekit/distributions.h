/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SPIKEKIT_DISTRIBUTIONS_H
#define SPIKEKIT_DISTRIBUTIONS_H

#include <spikekit/status.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Tails by R's own routines, right on the log scale down to probabilities of 1e-300 and
 * beyond. NaN for arguments out of range. */

/** ln P(N >= count) for N Poisson with the given mean. */
SPK_API double spk_poisson_log_upper(int64_t count, double mean);

/** ln P(N <= count) for N Poisson with the given mean. */
SPK_API double spk_poisson_log_lower(int64_t count, double mean);

#ifdef __cplusplus
}
#endif
#endif
