/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/check.h"
#include "base/durations.h"
#include "base/memory.h"
#include "base/parallel.h"
#include "distributions/quantiles.h"
#include "spikes/long_run.h"

#include <math.h>
#include <spikekit/distributions.h>
#include <spikekit/rates.h>

enum {
    FEWEST_WINDOWS = 8 /* for a dispersion */
};

typedef struct mean_work {
    spk_context *ctx;
    const spk_trains *trains;
    double confidence, sampling_rate_hz;
    spk_rate *rates;
} mean_work;

/* Long-run variance over mean of counts in windows of 1 s. */
static spk_status measure_dispersion(const mean_work *work, const spk_train *train,
                                     double *dispersion)
{
    const int64_t window = spk__samples_near(1e3, work->sampling_rate_hz);
    int64_t *rows = spk__alloc(work->ctx, train->n_runs + 1, sizeof *rows);
    int64_t *counts = NULL;
    double *values = NULL, mean = 0.0;
    if (rows == NULL)
        return spk__fail_memory(work->ctx);
    spk_status status =
        spk__count_windows(work->ctx, train, window < 1 ? 1 : window, &counts, rows);
    if (status != SPK_OK)
        goto cleanup;
    const int64_t n = rows[train->n_runs];
    if ((values = spk__alloc(work->ctx, n, sizeof *values)) == NULL) {
        status = spk__fail_memory(work->ctx);
        goto cleanup;
    }
    for (int64_t k = 0; k < n; k++)
        mean += (double)counts[k] / (double)n;
    for (int64_t k = 0; k < n; k++)
        values[k] = (double)counts[k] - mean;
    if (n >= FEWEST_WINDOWS && mean > 0.0)
        *dispersion =
            spk__long_run_variance(values, rows, train->n_runs, spk__long_run_lags(n)) /
            mean;
cleanup:
    spk__free(values);
    spk__free(counts);
    spk__free(rows);
    return status;
}

static spk_status unit_mean(void *state, int64_t unit, int32_t worker)
{
    (void)worker;
    const mean_work *work = state;
    const spk_train train = spk_trains_unit(work->trains, unit);
    const double tail = (1.0 - work->confidence) / 2.0, n = (double)train.n_spikes;
    spk_rate r = {.n_spikes = train.n_spikes,
                  .duration_s = (double)train.duration_samples / work->sampling_rate_hz,
                  .rate_hz = NAN,
                  .lower_hz = NAN,
                  .upper_hz = NAN,
                  .dispersion = NAN,
                  .wide_lower_hz = NAN,
                  .wide_upper_hz = NAN};
    spk_status status = SPK_OK;
    if (train.duration_samples > 0) {
        r.rate_hz = n / r.duration_s;
        r.lower_hz = spk_poisson_mean(train.n_spikes - 1, 1.0 - tail) / r.duration_s;
        r.upper_hz = spk_poisson_mean(train.n_spikes, tail) / r.duration_s;
        status = measure_dispersion(work, &train, &r.dispersion);
        const double factor =
            exp(spk__normal_quantile(1.0 - tail) * sqrt(r.dispersion / n));
        r.wide_lower_hz = r.rate_hz / factor;
        r.wide_upper_hz = r.rate_hz * factor;
    }
    if (status == SPK_OK)
        work->rates[unit] = r;
    return status;
}

spk_status spk_rates_mean(spk_context *ctx, const spk_trains *trains, double confidence,
                          spk_rate *rates)
{
    SPK_REQUIRE(ctx, trains != NULL, SPK_ERR_ARGUMENT, "trains is NULL");
    SPK_REQUIRE(ctx, rates != NULL, SPK_ERR_ARGUMENT, "rates is NULL");
    SPK_REQUIRE(ctx, confidence > 0 && confidence < 1, SPK_ERR_ARGUMENT,
                "confidence must be between 0 and 1, got %g", confidence);
    mean_work work = {ctx, trains, confidence,
                      spk_trains_spikes(trains)->sampling_rate_hz, rates};
    return spk__parallel_for(ctx, spk_trains_spikes(trains)->n_units, unit_mean, &work,
                             "mean rates");
}
