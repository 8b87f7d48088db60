/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SPIKEKIT_SPIKES_DECAY_TEST_H
#define SPIKEKIT_SPIKES_DECAY_TEST_H

#include <stdint.h>

/**
 * The one-sided p-value of a decay with the lag, against products that on average are alike at
 * all lags: for tau = 1, 4, 16 .. bins, below the number of lags, each trial's products are
 * weighted with exp(-lag / tau) less its mean, and the mean over trials is compared with 0 by
 * Student's t; the least p times the number of tau.
 *
 * @param[in] products  [n][n_lags + 1] of each trial at lags 0 .. n_lags
 * @param[in] first     the first lag that counts, >= 1, at most n_lags - 2
 * @return 1 at most; NaN with fewer than 2 trials, or where they do not differ
 */
double spk__decay_test(const double *products, int64_t n, int64_t n_lags, int64_t first);

#endif
