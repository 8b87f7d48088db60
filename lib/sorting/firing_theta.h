/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SPIKEKIT_SORTING_FIRING_THETA_H
#define SPIKEKIT_SORTING_FIRING_THETA_H

#include <spikekit/context.h>
#include <stdint.h>

/** Cosines for spk__theta_ratio(), made once. */
typedef struct spk__theta spk__theta;

/** For autocorrelograms of n_lags bins of 1 ms, lags 1 .. n_lags. SPK_OK; SPK_ERR_MEMORY */
spk_status spk__theta_create(spk_context *ctx, int64_t n_lags, spk__theta **theta);
void spk__theta_destroy(spk__theta *theta);

/**
 * How much of the power of an autocorrelogram lies near its theta peak: mean power within
 * 1 Hz of the highest of 5 .. 11 Hz, over the mean of 0 .. 125 Hz; frequencies 0.25 Hz apart.
 * The autocorrelogram is symmetric, has its mean taken away, its centre empty, and a Hamming
 * window laid over it. NaN when it is flat.
 * @param[in]  counts    [n_lags]
 * @param[out] scratch   [n_lags]
 */
double spk__theta_ratio(const spk__theta *theta, const int64_t *counts, double *scratch);

#endif
