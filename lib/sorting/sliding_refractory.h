/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SPIKEKIT_SORTING_SLIDING_REFRACTORY_H
#define SPIKEKIT_SORTING_SLIDING_REFRACTORY_H

#include <stdint.h>

/*
 * The sliding refractory period: how sure one can be that a unit has less than a certain
 * contamination, were a certain period its refractory period. With the violations seen and
 * those that such a contamination gives on average, the confidence is the probability of
 * seeing more.
 */

/** P(N > n_violations), N Poisson: 1 - P(N <= n_violations). 0 for a mean that is not
 *  positive. */
double spk__sliding_confidence(int64_t n_violations, double expected);

/** Violations within `period`, by Llobet et al. (2022): 2 period / time C N ((1 - C) N +
 *  (C N - 1) / 2); foreign spikes meet the unit's own and one another. */
double spk__sliding_expected_llobet(double n_spikes, double time, double period,
                                    double contamination);

/** Violations at some period (by its place in the list of periods) and contamination. */
typedef double (*spk__sliding_expected)(const void *state, int64_t period,
                                        double contamination);

typedef struct spk__sliding_search {
    int64_t n_periods;
    const int64_t *violations; /**< [n_periods] seen, not falling */
    const char *is_tested;     /**< [n_periods] zero: not to be looked at */
    int64_t n_contaminations;
    double step;   /**< contamination c is (c + 1) step */
    double enough; /**< confidence that is wanted */
    int is_strict; /**< nonzero: it must be above, not just reach, `enough` */
    spk__sliding_expected expected; /**< must rise with the contamination */
    const void *state;
} spk__sliding_search;

/** The place of the least contamination that is sure enough at any period; -1 if none is. */
int64_t spk__sliding_least(const spk__sliding_search *search);

/** The place of the period that is surest of having less than a contamination, the first of
 *  several; -1 if none is tested. */
int64_t spk__sliding_surest(const spk__sliding_search *search, double contamination,
                            double *confidence);

#endif
