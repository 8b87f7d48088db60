/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SPIKEKIT_SPIKES_LONG_RUN_H
#define SPIKEKIT_SPIKES_LONG_RUN_H

#include <spikekit/trains.h>
#include <stdint.h>

/** Counts in whole windows of each run, one after the other.
 *  @param[out] counts  freed with spk__free()
 *  @param[out] rows    [n_runs + 1] those of run r are counts[rows[r]] .. [rows[r + 1] - 1] */
spk_status spk__count_windows(spk_context *ctx, const spk_train *train, int64_t window,
                              int64_t **counts, int64_t *rows);

/** floor(4 (n / 100)^(2/9)), at most n / 2. */
int64_t spk__long_run_lags(int64_t n);

/**
 * The variance that the mean of n dependent values has, times n: the sum of the covariances
 * at lags -lags .. lags with the weights 1 - |lag| / (lags + 1), times n / (n - 1 - lags); that
 * at lag 0 where the sum is smaller than half of it.
 *
 * @param[in] values  [n] in rows as above, of which no two are neighbours; their mean is 0
 */
double spk__long_run_variance(const double *values, const int64_t *rows, int64_t n_rows,
                              int64_t lags);

#endif
