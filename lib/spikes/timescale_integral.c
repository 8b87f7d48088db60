/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/check.h"
#include "base/durations.h"
#include "base/memory.h"
#include "base/parallel.h"
#include "spikes/long_run.h"

#include <inttypes.h>
#include <math.h>
#include <spikekit/timescale.h>

enum {
    MOST_LAGS = 100000
};

typedef struct integral_work {
    spk_context *ctx;
    const spk_trains *trains;
    int64_t bin, n_lags;
    double bin_s;
    double *timescales_s;
} integral_work;

/* Sums of products of counts k bins apart, k = 1 .. n_lags; only filled bins are met. */
static void sum_products(const int64_t *counts, const int64_t *rows, int64_t n_rows,
                         int64_t n_lags, double *sums)
{
    for (int64_t k = 0; k < n_lags; k++)
        sums[k] = 0.0;
    for (int64_t r = 0; r < n_rows; r++)
        for (int64_t b = rows[r]; b < rows[r + 1]; b++) {
            if (counts[b] == 0)
                continue;
            const int64_t last =
                rows[r + 1] - 1 - b < n_lags ? rows[r + 1] - 1 - b : n_lags;
            for (int64_t k = 1; k <= last; k++)
                sums[k - 1] += (double)counts[b] * (double)counts[b + k];
        }
}

static spk_status unit_integral(void *state, int64_t unit, int32_t worker)
{
    (void)worker;
    const integral_work *work = state;
    const spk_train train = spk_trains_unit(work->trains, unit);
    int64_t *counts = NULL;
    int64_t *rows = spk__alloc(work->ctx, train.n_runs + 1, sizeof *rows);
    double *sums = spk__alloc(work->ctx, work->n_lags, sizeof *sums);
    spk_status status = SPK_OK;
    if (rows == NULL || sums == NULL)
        status = spk__fail_memory(work->ctx);
    if (status == SPK_OK)
        status = spk__count_windows(work->ctx, &train, work->bin, &counts, rows);
    if (status == SPK_OK) {
        const int64_t n_bins = rows[train.n_runs];
        double n = 0.0, total = 0.0;
        for (int64_t b = 0; b < n_bins; b++)
            n += (double)counts[b];
        sum_products(counts, rows, train.n_runs, work->n_lags, sums);
        const double chance = n * n / (double)n_bins, first = sums[0] - chance;
        for (int64_t k = 0; k < work->n_lags; k++) {
            const double ratio = (sums[k] - chance) / first;
            total += (k == 0 || k == work->n_lags - 1 ? 0.5 : 1.0) * ratio * ratio;
        }
        if (work->n_lags == 1)
            total = 0.0;
        work->timescales_s[unit] =
            n >= 2.0 && first != 0.0 ? 2.0 * work->bin_s * total : NAN;
    }
    spk__free(counts);
    spk__free(sums);
    spk__free(rows);
    return status;
}

spk_status spk_timescale_integral(spk_context *ctx, const spk_trains *trains,
                                  double bin_s, double max_lag_s, double *timescales_s)
{
    SPK_REQUIRE(ctx, trains != NULL, SPK_ERR_ARGUMENT, "trains is NULL");
    SPK_REQUIRE(ctx, timescales_s != NULL, SPK_ERR_ARGUMENT, "timescales_s is NULL");
    SPK_REQUIRE(ctx, bin_s > 0 && isfinite(bin_s), SPK_ERR_ARGUMENT,
                "bin_s must be above 0, got %g", bin_s);
    const double rate = spk_trains_spikes(trains)->sampling_rate_hz;
    integral_work work = {.ctx = ctx, .trains = trains, .timescales_s = timescales_s};
    work.bin = spk__samples_near(1e3 * bin_s, rate);
    work.bin = work.bin < 1 ? 1 : work.bin;
    work.bin_s = (double)work.bin / rate;
    const double lags = rint(max_lag_s / work.bin_s);
    SPK_REQUIRE(ctx, lags >= 1 && lags <= MOST_LAGS, SPK_ERR_ARGUMENT,
                "max_lag_s must be 1 to %d bins, got %g s, %g bins", (int)MOST_LAGS,
                max_lag_s, lags);
    work.n_lags = (int64_t)lags;
    return spk__parallel_for(ctx, spk_trains_spikes(trains)->n_units, unit_integral,
                             &work, "integral timescales");
}
