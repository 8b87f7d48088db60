/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SPIKEKIT_DISTRIBUTIONS_POISSON_MID_H
#define SPIKEKIT_DISTRIBUTIONS_POISSON_MID_H

#include <stdint.h>

/** ln P(N = count), count >= 0 and mean > 0: the saddle-point form, right to a few eps times
 *  its size. Loader (2000) Fast and accurate computation of binomial probabilities. */
double spk__poisson_log_probability(int64_t count, double mean);

/** Both mid-p tails, as spk_poisson_log_mid_upper() and _lower() give them. */
void spk__poisson_log_mid(int64_t count, double mean, double *upper, double *lower);

/** Least that spk_poisson_log_mid_upper() and _lower() can both be: half of P(N = count) is in
 *  either. A cheap reason not to compute them. */
static inline double spk__poisson_log_mid_bound(int64_t count, double mean)
{
    const double log_half = -0.69314718055994531;
    return spk__poisson_log_probability(count, mean) + log_half;
}

#endif
