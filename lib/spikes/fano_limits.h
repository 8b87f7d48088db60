/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SPIKEKIT_SPIKES_FANO_LIMITS_H
#define SPIKEKIT_SPIKES_FANO_LIMITS_H

/** The variance of the Fano factor of n counts of a mean above 0, times n, if it is truly
 *  `fano`: 2 fano^2 up to 1, above 1 that of the negative binomial distribution. */
double spk__fano_spread(double fano, double mean, double n);

/**
 * Limits of a Fano factor: the values f above and below the estimate at which it would lie in
 * a tail of (1 - confidence) / 2, if estimate / f were chi-square over its degrees of freedom,
 * 2 (n - 1) f^2 / (wider spk__fano_spread(f)).
 *
 * @param[in] fano   estimate, above 0; with ddof 1
 * @param[in] wider  >= 1: what makes it vary more than that
 * @param[out] upper  infinite: none below a million times the estimate
 */
void spk__fano_limits(double fano, double mean, double n, double wider, double confidence,
                      double *lower, double *upper);

#endif
