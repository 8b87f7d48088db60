/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SPIKEKIT_SPIKES_DECAY_FIT_H
#define SPIKEKIT_SPIKES_DECAY_FIT_H

#include <stdint.h>

/** A f(lag) + C through values at lags first .. n_lags (in bins, from 1). */
typedef struct spk__decay {
    double tau; /**< [bins]; NaN: none */
    double amplitude, offset, r_square;
} spk__decay;

/** What is fitted. */
typedef struct spk__decay_problem {
    int64_t n_lags;    /**< values[k - 1] is that at lag k */
    int64_t first_lag; /**< 0: the first that is higher than the next */
    int64_t
        n_bins; /**< of a trial; 0: f = exp(-lag / tau); else its expectation about the
                        *   mean of so many bins */
    double shortest, longest; /**< of tau [bins] */
    double *scratch;          /**< [n_lags + 2 * n_bins] */
} spk__decay_problem;

/** The first lag of the fit, 0 when fewer than 3 are left. */
int64_t spk__decay_first(const spk__decay_problem *problem, const double *values);

/** Least squares: the amplitude and offset follow from tau, which is searched. */
spk__decay spk__decay_fit(const spk__decay_problem *problem, int64_t first,
                          const double *values);

#endif
