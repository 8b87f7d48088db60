/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Interval jitter of the target as a method of finding connections: p of a pair and sign is
 * the exact p of its most extreme bin times the number of bins tested, which is never below
 * the true p. A peak is part of what is jittered: of its pairs the share (bins tested) /
 * (interval) is expected, and missing from the transmission.
 */
#include "correlation/connection_method.h"
#include "correlation/jitter_gather.h"

#include "base/check.h"
#include "base/memory.h"

#include <math.h>

static spk__jitter_bins bins_of(const spk__connection_work *work, int64_t first,
                                int64_t n)
{
    const double interval =
        fmin(round(work->options->width_s * work->spikes->sampling_rate_hz), 0x1p53);
    return (spk__jitter_bins){
        .interval = interval < 1.0 ? 1 : (int64_t)interval,
        .first = first * work->bin_samples - work->n_bins * work->bin_samples / 2,
        .width = work->bin_samples,
        .n = n,
    };
}

static spk_status check(spk_context *ctx, const spk__connection_work *work, void **shared)
{
    *shared = NULL;
    return spk__jitter_check_recording(ctx, work->spikes);
}

static int64_t scratch_bytes(const spk__connection_work *work)
{
    /* the picture of a pair has all bins */
    const spk__jitter_bins bins = bins_of(work, 0, work->n_bins);
    return spk__jitter_room(&bins);
}

static void judge(const spk__connection_work *work, const spk_jitter_result *results,
                  int64_t n, spk_connection *test)
{
    int64_t extreme = 0, count = 0;
    double expected = 0.0;
    for (int64_t k = 0; k < n; k++) {
        const double here = test->sign > 0 ? results[k].log_upper : results[k].log_lower;
        const double before =
            test->sign > 0 ? results[extreme].log_upper : results[extreme].log_lower;
        if (here < before)
            extreme = k;
        count += results[k].count;
        expected += results[k].expected;
    }
    const spk_jitter_result *found = &results[extreme];
    test->latency_s =
        (double)(work->first_bin + extreme - work->n_bins / 2) * work->bin_s;
    test->count = (double)found->count;
    test->expected = found->expected;
    test->log_p = fmin(
        (test->sign > 0 ? found->log_upper : found->log_lower) + log((double)n), 0.0);
    test->significant = test->log_p <= log(work->options->alpha);
    test->effect = found->variance > 0.0
                       ? ((double)found->count - found->expected) / sqrt(found->variance)
                       : NAN;
    spk__connection_set_transmission(test, count, expected, work->n_spikes[test->source]);
}

static spk_status test_pair(spk_context *ctx, const spk__connection_work *work,
                            const spk__connection_pair *pair, void *scratch,
                            spk_connection *tests, int32_t *n_tests)
{
    enum {
        MOST_KEPT = 64
    };
    const int64_t n = work->last_bin - work->first_bin;
    const spk__jitter_bins bins = bins_of(work, work->first_bin, n);
    spk__jitter_gather gather;
    spk_jitter_result few[MOST_KEPT], *results = few;
    *n_tests = 0;
    spk_status status = spk__jitter_gather_create(ctx, &bins, scratch, &gather);
    if (status == SPK_OK)
        status =
            spk__jitter_gather_pair(&gather, work->trains, pair->source, pair->target);
    if (status == SPK_OK && n > MOST_KEPT) {
        results = spk__alloc(ctx, n, sizeof *results);
        if (results == NULL)
            status = spk__fail_memory(ctx);
    }
    if (status == SPK_OK) {
        for (int64_t k = 0; k < n; k++)
            results[k] = spk__jitter_conclude(&gather, k);
        for (int32_t sign = 1; sign >= -1; sign -= 2) {
            if (work->options->signs == -sign)
                continue;
            spk_connection *test = &tests[(*n_tests)++];
            *test = spk__connection_blank(pair->source, pair->target, sign);
            judge(work, results, n, test);
        }
    }
    if (results != few)
        spk__free(results);
    spk__jitter_gather_free(&gather);
    return status;
}

static spk_status draw_curve(spk_context *ctx, const spk__connection_work *work,
                             const spk__connection_pair *pair, void *scratch,
                             const spk_connection_curve *curve)
{
    const spk__jitter_bins bins = bins_of(work, 0, work->n_bins);
    const double log_level =
        log(work->options->alpha) - log((double)(work->last_bin - work->first_bin));
    spk__jitter_gather gather;
    spk_status status = spk__jitter_gather_create(ctx, &bins, scratch, &gather);
    if (status == SPK_OK)
        status =
            spk__jitter_gather_pair(&gather, work->trains, pair->source, pair->target);
    for (int64_t k = 0; k < work->n_bins && status == SPK_OK; k++) {
        double variance;
        spk__jitter_sum_moments(&gather.sums[k], &curve->expected[k], &variance);
        curve->lower[k] = (double)spk__jitter_limit(&gather, k, log_level, -1);
        curve->upper[k] = (double)spk__jitter_limit(&gather, k, log_level, 1);
    }
    spk__jitter_gather_free(&gather);
    return status;
}

const spk__connection_method spk__connection_jitter = {
    .info = {.name = "jitter",
             .summary =
                 "Exact p of the counts when each target spike is drawn again in its "
                 "interval (Amarasingham et al. 2012, Jeck & Niebur 2015).",
             .bin_s = 0.0004,
             .window_s = 0.1,
             .min_latency_s = 0.0008,
             .max_latency_s = 0.004,
             .width_s = 0.01,
             .alpha = 0.001,
             .signs = 1},
    .needs_trains = 1,
    .prepare = check,
    .scratch_bytes = scratch_bytes,
    .test = test_pair,
    .curve = draw_curve,
};
