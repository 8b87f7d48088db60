/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Kilosort's test of a refractory period that two units share. Its own rule: the ratio of the
 * centre to the shoulder below 0.25, and the normal probability of so few pairs below alpha.
 * Its shoulder is the largest of three, which makes a lack of pairs where there is none, and
 * its probability is the least of ten. p is by another shoulder, the 40 bins on both sides
 * beyond the latencies tested, pooled: of all pairs in them and in the centre those in the
 * centre are binomial, given their sum. How often two independent trains meet at all varies more
 * than a Poisson count does; the share of the centre does not. p is the least of the tails of the
 * pairs within i bins, times the number of i.
 */
#include "base/check.h"
#include "correlation/connection_window.h"
#include "distributions/binomial_tails.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#define RATIO_BELOW 0.25

enum {
    FEWEST_BINS = 103, /* Kilosort's shoulders reach lag 50 */
    MOST_BINS = 64,    /* tested on one side */
    SHOULDER = 40      /* on one side */
};

static spk_status prepare(spk_context *ctx, const spk__connection_work *work,
                          void **shared)
{
    const int64_t center = work->n_bins / 2, last = work->last_bin - 1 - center;
    (void)shared;
    SPK_REQUIRE(ctx, work->n_bins >= FEWEST_BINS, SPK_ERR_ARGUMENT,
                "method refractory needs at least %d bins, window_s holds %" PRId64,
                FEWEST_BINS, work->n_bins);
    SPK_REQUIRE(ctx, work->first_bin > center, SPK_ERR_ARGUMENT,
                "min_latency_s must be at least one bin of %g s for method refractory",
                work->bin_s);
    SPK_REQUIRE(ctx, work->last_bin - work->first_bin <= MOST_BINS, SPK_ERR_ARGUMENT,
                "max_latency_s must be at most %d bins from min_latency_s for method "
                "refractory, got %" PRId64,
                MOST_BINS, work->last_bin - work->first_bin);
    SPK_REQUIRE(ctx, last + SHOULDER <= center, SPK_ERR_ARGUMENT,
                "max_latency_s must leave %d bins of half the window for method "
                "refractory, got %" PRId64 " of %" PRId64,
                SHOULDER, center - last, center);
    return SPK_OK;
}

/* Pairs in the bins on both sides of the latencies tested. */
static int64_t shoulder_pairs(const spk__connection_work *work, const int64_t *counts)
{
    const int64_t last = work->last_bin - 1 - work->n_bins / 2;
    const int64_t *center = counts + work->n_bins / 2;
    int64_t pairs = 0;
    for (int64_t lag = last + 1; lag <= last + SHOULDER; lag++)
        pairs += center[-lag] + center[lag];
    return pairs;
}

/* The tail of no fewer pairs than expected is above a tenth. */
static int is_above(double pairs, double expected, double log_cut)
{
    return log_cut < -2.302585092994046 && pairs >= expected;
}

static spk_status test(spk_context *ctx, const spk__connection_work *work,
                       const spk__connection_pair *pair, void *scratch,
                       spk_connection *tests, int32_t *n_tests)
{
    const int64_t first = work->first_bin - work->n_bins / 2,
                  n = work->last_bin - work->first_bin;
    const int64_t *center = pair->counts + work->n_bins / 2;
    double within[MOST_BINS], ratio, probability, least = INFINITY;
    const double log_cut = work->log_max_p < 0.0 ? work->log_max_p - log((double)n) : 0.0;
    int64_t pairs = 0, best = 0;
    (void)ctx;
    (void)scratch;
    *n_tests = 0;
    const double shoulder = spk__refractory_shoulder(pair->counts, work->n_bins);
    if (!(shoulder > 0.0))
        return SPK_OK;
    const double outside = (double)shoulder_pairs(work, pair->counts);
    spk_connection *row = &tests[(*n_tests)++];
    *row = spk__connection_blank(pair->source, pair->target, -1);
    for (int64_t i = 1; i <= n; i++) {
        pairs += center[1 - first - i] + center[first + i - 1];
        within[i - 1] = (double)pairs / 2.0;
        if (is_above((double)pairs, outside * (double)i / SHOULDER, log_cut))
            continue;
        const double log_p = spk__binomial_log_lower(
            (double)pairs, (double)pairs + outside, (double)i / (double)(i + SHOULDER));
        if (log_p < least) {
            least = log_p;
            best = i;
        }
    }
    row->log_p = 0.0;
    if (best == 0)
        return SPK_OK;
    row->log_p = fmin(0.0, least + log((double)n));
    spk__refractory_test(within, n, shoulder, &ratio, &probability);
    row->significant = ratio < RATIO_BELOW && probability < work->options->alpha;
    row->latency_s =
        (double)((first + best - 1) * work->bin_samples) / work->spikes->sampling_rate_hz;
    row->count = 2.0 * within[best - 1];
    row->expected = outside * (double)best / SHOULDER;
    row->effect = ratio;
    return SPK_OK;
}

static spk_status curve(spk_context *ctx, const spk__connection_work *work,
                        const spk__connection_pair *pair, void *scratch,
                        const spk_connection_curve *out)
{
    (void)ctx;
    (void)scratch;
    const int64_t center = work->n_bins / 2;
    const double shoulder = spk__refractory_shoulder(pair->counts, work->n_bins);
    const double expected = (double)shoulder_pairs(work, pair->counts) / (2.0 * SHOULDER);
    for (int64_t k = 0; k < work->n_bins; k++) {
        const int64_t bin = center + llabs(k - center);
        out->expected[k] = expected;
        if (bin >= work->first_bin && bin < work->last_bin)
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
    .is_symmetric = 1,
    .prepare = prepare,
    .test = test,
    .curve = curve,
};
