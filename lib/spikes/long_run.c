/* SPDX-License-Identifier: BSD-3-Clause */
#include "spikes/long_run.h"

#include "base/check.h"
#include "base/memory.h"
#include "spikes/train_runs.h"

#include <inttypes.h>
#include <math.h>

spk_status spk__count_windows(spk_context *ctx, const spk_train *train, int64_t window,
                              int64_t **counts, int64_t *rows)
{
    rows[0] = 0;
    for (int64_t r = 0; r < train->n_runs; r++) {
        rows[r + 1] = rows[r] + spk__run_length(train, r) / window;
        SPK_REQUIRE(ctx, rows[r + 1] <= (int64_t)1 << 40, SPK_ERR_OVERFLOW,
                    "there are more than 2^40 windows of %" PRId64 " samples", window);
    }
    *counts = spk__alloc_zero(ctx, rows[train->n_runs], sizeof **counts);
    if (*counts == NULL)
        return spk__fail_memory(ctx);
    for (int64_t r = 0; r < train->n_runs; r++) {
        const int64_t stop = train->run_starts[r] + (rows[r + 1] - rows[r]) * window;
        for (int64_t k = train->run_offsets[r];
             k < train->run_offsets[r + 1] && train->samples[k] < stop; k++)
            (*counts)[rows[r] + (train->samples[k] - train->run_starts[r]) / window]++;
    }
    return SPK_OK;
}

int64_t spk__long_run_lags(int64_t n)
{
    const int64_t lags = (int64_t)floor(4.0 * pow((double)n / 100.0, 2.0 / 9.0));
    return lags < n / 2 ? lags : n / 2;
}

double spk__long_run_variance(const double *values, const int64_t *rows, int64_t n_rows,
                              int64_t lags)
{
    double at_zero = 0.0, sum = 0.0;
    for (int64_t lag = 0; lag <= lags; lag++) {
        double products = 0.0;
        for (int64_t r = 0; r < n_rows; r++)
            for (int64_t k = rows[r] + lag; k < rows[r + 1]; k++)
                products += values[k] * values[k - lag];
        if (lag == 0)
            sum = at_zero = products;
        else
            sum += 2.0 * (1.0 - (double)lag / ((double)lags + 1.0)) * products;
    }
    return (sum >= 0.5 * at_zero ? sum : at_zero) / (double)(rows[n_rows] - 1 - lags);
}
