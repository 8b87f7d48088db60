/* SPDX-License-Identifier: BSD-3-Clause */
#include "correlation/connection_window.h"

#include "base/check.h"
#include "base/memory.h"

#include <inttypes.h>
#include <math.h>
#include <spikekit/significance.h>

spk_status spk__connection_window_init(spk_context *ctx, const spk__connection_work *work,
                                       int32_t kernel, spk__connection_window *window)
{
    const int32_t skip_center = work->options->skip_center;
    SPK_REQUIRE(ctx, !skip_center || work->first_bin > work->n_bins / 2, SPK_ERR_ARGUMENT,
                "min_latency_s must be beyond the bin at lag 0 to leave it out "
                "(skip_center), got %g",
                work->options->min_latency_s);
    spk_predictor_options options;
    spk_predictor_options_init(&options, sizeof options);
    options.kernel = kernel;
    options.skip_center = skip_center;
    const double bins = round(work->options->width_s / work->bin_s);
    SPK_REQUIRE(ctx, bins <= 1e9, SPK_ERR_ARGUMENT, "width_s is too long, got %g",
                work->options->width_s);
    options.window_bins = bins < 1.0 ? 1 : (int64_t)bins;
    window->bins = (spk__pair_bins){work->n_bins, work->first_bin, work->last_bin};
    spk_status status = spk__predictor_create(ctx, &options, &window->predictor);
    if (status != SPK_OK)
        return status;
    const int64_t length = 2 * window->predictor.half + 1;
    const int64_t kept = work->n_bins - skip_center;
    if (kept * kept < 2 * length * length) {
        spk__predictor_free(&window->predictor);
        return spk__fail(ctx, SPK_ERR_ARGUMENT,
                         "window_s must hold at least sqrt(2) times the %" PRId64
                         " bins that width_s of %g s needs, got %" PRId64,
                         length, work->options->width_s, kept);
    }
    return SPK_OK;
}

/* Transmission is beyond what the bins that are not tested predict: each needs one in reach. */
static spk_status check_reach(spk_context *ctx, const spk__connection_work *work,
                              const spk__predictor *predictor)
{
    int64_t *counts = spk__alloc_zero(ctx, work->n_bins, sizeof *counts);
    if (counts == NULL)
        return spk__fail_memory(ctx);
    const double outside = spk__predict_without(predictor, counts, work->n_bins,
                                                work->first_bin, work->last_bin);
    spk__free(counts);
    SPK_REQUIRE(
        ctx, !isnan(outside), SPK_ERR_ARGUMENT,
        "latencies of %g to %g s, min_latency_s to max_latency_s, must leave each "
        "kernel of %" PRId64 " bins, width_s of %g s, a bin that is not tested",
        work->options->min_latency_s, work->options->max_latency_s,
        2 * predictor->half + 1, work->options->width_s);
    return SPK_OK;
}

spk_status spk__connection_window_create(spk_context *ctx,
                                         const spk__connection_work *work, int32_t kernel,
                                         void **shared)
{
    spk__connection_window *window = spk__alloc(ctx, 1, sizeof *window);
    if (window == NULL)
        return spk__fail_memory(ctx);
    spk_status status = spk__connection_window_init(ctx, work, kernel, window);
    if (status != SPK_OK) {
        spk__free(window);
        return status;
    }
    if ((status = check_reach(ctx, work, &window->predictor)) == SPK_OK)
        *shared = window;
    else
        spk__connection_window_destroy(window);
    return status;
}

void spk__connection_window_destroy(void *shared)
{
    spk__connection_window *window = shared;
    spk__predictor_free(&window->predictor);
    spk__free(window);
}

int64_t spk__connection_window_bytes(const spk__connection_work *work)
{
    return spk__connection_window_room(work->shared) * (int64_t)sizeof(double);
}

int64_t spk__connection_window_room(const spk__connection_window *window)
{
    return window->bins.n_bins +
           spk__predictor_room(&window->predictor, window->bins.n_bins);
}

const double *spk__connection_window_predict(const spk__connection_window *window,
                                             const int64_t *counts, double *scratch)
{
    const spk__pair_bins *bins = &window->bins;
    spk__predict_range(&window->predictor, counts, bins->n_bins, bins->first, bins->last,
                       scratch + bins->n_bins, scratch);
    return scratch;
}

spk_connection spk__connection_of_verdict(const spk__connection_work *work,
                                          const spk__connection_pair *pair,
                                          const double *predicted, int32_t sign,
                                          const spk__pair_verdict *verdict)
{
    spk_connection test = spk__connection_blank(pair->source, pair->target, sign);
    test.log_p = verdict->log_p;
    if (verdict->bin < 0)
        return test;
    const spk__connection_window *window = work->shared;
    int64_t count = 0;
    for (int64_t k = work->first_bin; k < work->last_bin; k++)
        count += pair->counts[k];
    test.significant = verdict->significant;
    test.latency_s = (double)((verdict->bin - work->n_bins / 2) * work->bin_samples) /
                     work->spikes->sampling_rate_hz;
    test.count = (double)pair->counts[verdict->bin];
    test.expected = predicted[verdict->bin - work->first_bin];
    test.effect = verdict->effect;
    spk__connection_set_transmission(
        &test, count,
        spk__predict_without(&window->predictor, pair->counts, work->n_bins,
                             work->first_bin, work->last_bin),
        work->n_spikes[pair->source]);
    return test;
}

spk_status spk__connection_window_curve(spk_context *ctx,
                                        const spk__connection_work *work,
                                        const int64_t *counts, int64_t n_tests,
                                        double *scratch,
                                        const spk_connection_curve *curve)
{
    const spk__connection_window *window = work->shared;
    spk__predict_range(&window->predictor, counts, work->n_bins, 0, work->n_bins, scratch,
                       curve->expected);
    return spk_correlogram_bounds(ctx, work->n_bins, curve->expected,
                                  work->options->alpha, n_tests, curve->lower,
                                  curve->upper);
}
