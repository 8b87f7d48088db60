/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Kilosort's test of a refractory period that two units share. Its own rule: the ratio of the
 * centre to the shoulder below 0.25, and the normal probability of so few pairs below alpha.
 * p is exact Poisson instead: the least mid-p of the pairs within i bins on both sides, times
 * the number of i.
 */
#include "base/check.h"
#include "correlation/connection_window.h"
#include "distributions/poisson_mid.h"

#include <inttypes.h>
#include <math.h>
#include <spikekit/distributions.h>
#include <stdlib.h>

#define RATIO_BELOW 0.25

enum {
    FEWEST_BINS = 103, /* shoulders up to lag 50 */
    MOST_WITHIN = 64
};

static spk_status prepare(spk_context *ctx, const spk__connection_work *work,
                          void **shared)
{
    (void)shared;
    SPK_REQUIRE(ctx, work->n_bins >= FEWEST_BINS, SPK_ERR_ARGUMENT,
                "method refractory needs at least %d bins, window_s holds %" PRId64,
                FEWEST_BINS, work->n_bins);
    SPK_REQUIRE(
        ctx, work->last_bin - 1 - work->n_bins / 2 <= MOST_WITHIN, SPK_ERR_ARGUMENT,
        "max_latency_s must be at most %d bins for method refractory, got %" PRId64,
        MOST_WITHIN, work->last_bin - 1 - work->n_bins / 2);
    SPK_REQUIRE(ctx, work->last_bin - 1 > work->n_bins / 2, SPK_ERR_ARGUMENT,
                "max_latency_s must be at least one bin of %g s for method refractory",
                work->bin_s);
    return SPK_OK;
}

static spk_status test(spk_context *ctx, const spk__connection_work *work,
                       const spk__connection_pair *pair, void *scratch,
                       spk_connection *tests, int32_t *n_tests)
{
    const int64_t center = work->n_bins / 2, n = work->last_bin - 1 - center;
    double within[MOST_WITHIN], ratio, probability, least = INFINITY;
    const double log_cut = work->log_max_p < 0.0 ? work->log_max_p - log((double)n) : 0.0;
    int64_t pairs = 0, at = 0;
    (void)ctx;
    (void)scratch;
    *n_tests = 0;
    const double shoulder = spk__refractory_shoulder(pair->counts, work->n_bins);
    if (!(shoulder > 0.0))
        return SPK_OK;
    spk_connection *row = &tests[(*n_tests)++];
    *row = spk__connection_blank(pair->source, pair->target, -1);
    for (int64_t i = 1; i <= n; i++) {
        pairs += pair->counts[center - i] + pair->counts[center + i];
        within[i - 1] = (double)pairs / 2.0;
        const double expected = 2.0 * shoulder * (double)i;
        if (spk__tail_is_above(pairs, expected, -1, log_cut))
            continue;
        const double log_p = spk_poisson_log_mid_lower(pairs, expected);
        if (log_p < least) {
            least = log_p;
            at = i;
        }
    }
    row->log_p = 0.0;
    if (at == 0)
        return SPK_OK;
    row->log_p = fmin(0.0, least + log((double)n));
    spk__refractory_test(within, n, shoulder, &ratio, &probability);
    row->significant = ratio < RATIO_BELOW && probability < work->options->alpha;
    row->latency_s = (double)(at * work->bin_samples) / work->spikes->sampling_rate_hz;
    row->count = 2.0 * within[at - 1];
    row->expected = 2.0 * shoulder * (double)at;
    row->effect = ratio;
    return SPK_OK;
}

static spk_status curve(spk_context *ctx, const spk__connection_work *work,
                        const spk__connection_pair *pair, void *scratch,
                        const spk_connection_curve *out)
{
    (void)ctx;
    (void)scratch;
    const double shoulder = spk__refractory_shoulder(pair->counts, work->n_bins);
    for (int64_t k = 0; k < work->n_bins; k++) {
        out->expected[k] = shoulder;
        if (llabs(k - work->n_bins / 2) < work->last_bin - work->n_bins / 2)
            out->lower[k] = RATIO_BELOW * shoulder;
    }
    return SPK_OK;
}

const spk__connection_method spk__connection_refractory = {
    .info = {.name = "refractory",
             .summary =
                 "A refractory period that two units share, as Kilosort tests it: they "
                 "may be one neuron (Pachitariu et al. 2024).",
             .bin_s = 0.001,
             .window_s = 1.0,
             .min_latency_s = 0.001,
             .max_latency_s = 0.01,
             .width_s = NAN,
             .alpha = 0.05,
             .signs = -1},
    .sign_only = -1,
    .needs_counts = 1,
    .prepare = prepare,
    .test = test,
    .curve = curve,
};
