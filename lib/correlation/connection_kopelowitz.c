/* SPDX-License-Identifier: BSD-3-Clause */
/* Kopelowitz & Cohen (2014): three bins in a row beyond a normal limit of the outer lags. */
#include "base/check.h"
#include "correlation/connection_window.h"
#include "distributions/quantiles.h"

#include <inttypes.h>
#include <math.h>

static spk__pair_bins bins_of(const spk__connection_work *work)
{
    return (spk__pair_bins){work->n_bins, work->first_bin, work->last_bin};
}

static spk_status prepare(spk_context *ctx, const spk__connection_work *work,
                          void **shared)
{
    (void)shared;
    SPK_REQUIRE(
        ctx, work->last_bin - work->first_bin >= 3, SPK_ERR_ARGUMENT,
        "method kopelowitz tests three bins in a row, the latencies hold %" PRId64,
        work->last_bin - work->first_bin);
    SPK_REQUIRE(ctx, work->n_bins >= 11, SPK_ERR_ARGUMENT,
                "method kopelowitz needs at least 11 bins, window_s holds %" PRId64,
                work->n_bins);
    SPK_REQUIRE(ctx, spk__kopelowitz_is_valid(work->options->alpha, work->n_bins),
                SPK_ERR_ARGUMENT,
                "alpha %g is too large for %" PRId64
                " bins: three in a row are expected by chance",
                work->options->alpha, work->n_bins);
    return SPK_OK;
}

static spk_status test(spk_context *ctx, const spk__connection_work *work,
                       const spk__connection_pair *pair, void *scratch,
                       spk_connection *tests, int32_t *n_tests)
{
    const spk__pair_bins bins = bins_of(work);
    double mean, sd;
    (void)ctx;
    (void)scratch;
    *n_tests = 0;
    spk__kopelowitz_baseline(pair->counts, work->n_bins, &mean, &sd);
    if (!(sd > 0.0))
        return SPK_OK;
    for (int32_t sign = 1; sign >= -1; sign -= 2) {
        if (!spk__connection_wants(work, sign))
            continue;
        const spk__pair_verdict verdict = spk__kopelowitz_test(
            &bins, pair->counts, mean, sd, sign, work->options->alpha);
        spk_connection *row = &tests[(*n_tests)++];
        *row = spk__connection_blank(pair->source, pair->target, sign);
        row->log_p = verdict.log_p;
        if (verdict.log_p > work->log_max_p)
            continue;
        int64_t count = 0;
        for (int64_t k = bins.first; k < bins.last; k++)
            count += pair->counts[k];
        row->significant = verdict.significant;
        row->latency_s = (double)((verdict.bin - bins.n_bins / 2) * work->bin_samples) /
                         work->spikes->sampling_rate_hz;
        row->count = (double)pair->counts[verdict.bin];
        row->expected = mean;
        row->effect = verdict.effect;
        spk__connection_set_transmission(row, count,
                                         mean * (double)(bins.last - bins.first),
                                         work->n_spikes[pair->source]);
    }
    return SPK_OK;
}

static spk_status curve(spk_context *ctx, const spk__connection_work *work,
                        const spk__connection_pair *pair, void *scratch,
                        const spk_connection_curve *out)
{
    double mean, sd;
    const double limit = spk__normal_quantile(1.0 - work->options->alpha / 2.0);
    (void)ctx;
    (void)scratch;
    spk__kopelowitz_baseline(pair->counts, work->n_bins, &mean, &sd);
    for (int64_t k = 0; k < work->n_bins; k++) {
        out->expected[k] = mean;
        out->lower[k] = mean - limit * sd;
        out->upper[k] = mean + limit * sd;
    }
    return SPK_OK;
}

const spk__connection_method spk__connection_kopelowitz = {
    .info = {.name = "kopelowitz",
             .summary =
                 "Three bins in a row beyond a normal limit taken from the outer lags "
                 "(Kopelowitz & Cohen 2014).",
             .bin_s = 0.0005,
             .window_s = 0.1,
             .min_latency_s = 0.0008,
             .max_latency_s = 0.004,
             .width_s = NAN,
             .alpha = 0.05,
             .signs = 0},
    .needs_counts = 1,
    .prepare = prepare,
    .test = test,
    .curve = curve,
};
