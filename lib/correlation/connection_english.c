/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * English et al. (2017) as CellExplorer applies it: by default the bin at lag 0 is left out of
 * the prediction, as there for pairs of one shank. Most pairs fail
 * by their anti-causal side, before anything is predicted.
 */
#include "base/check.h"
#include "correlation/connection_window.h"

static spk_status prepare(spk_context *ctx, const spk__connection_work *work,
                          void **shared)
{
    SPK_REQUIRE(ctx, work->first_bin > work->n_bins / 2, SPK_ERR_ARGUMENT,
                "min_latency_s must be beyond the bin at lag 0 for method english");
    return spk__connection_window_create(ctx, work, SPK_PREDICTOR_GAUSSIAN, shared);
}

static spk_status test(spk_context *ctx, const spk__connection_work *work,
                       const spk__connection_pair *pair, void *scratch,
                       spk_connection *tests, int32_t *n_tests)
{
    const spk__connection_window *window = work->shared;
    const double *predicted = NULL;
    (void)ctx;
    *n_tests = 0;
    for (int32_t sign = 1; sign >= -1; sign -= 2) {
        if (!spk__connection_wants(work, sign))
            continue;
        const spk__english_extremes extreme =
            spk__english_find_extremes(&window->bins, pair->counts, sign);
        if (spk__tail_is_above(extreme.causal, (double)extreme.anticausal, sign,
                               work->log_max_p)) {
            tests[*n_tests] = spk__connection_blank(pair->source, pair->target, sign);
            tests[(*n_tests)++].log_p = 0.0;
            continue;
        }
        if (predicted == NULL)
            predicted = spk__connection_window_predict(window, pair->counts, scratch);
        const spk__pair_verdict verdict =
            spk__english_test(&window->bins, pair->counts, predicted, sign,
                              work->options->alpha, work->log_max_p);
        tests[(*n_tests)++] =
            spk__connection_of_verdict(work, pair, predicted, sign, &verdict);
    }
    return SPK_OK;
}

static spk_status curve(spk_context *ctx, const spk__connection_work *work,
                        const spk__connection_pair *pair, void *scratch,
                        const spk_connection_curve *out)
{
    const spk__connection_window *window = work->shared;
    return spk__connection_window_curve(
        ctx, work, pair->counts, spk__english_n_tests(&window->bins), scratch, out);
}

const spk__connection_method spk__connection_english = {
    .info = {.name = "english",
             .summary =
                 "Above the hollow Gaussian's limit and above the anti-causal peak "
                 "(English et al. 2017, as in CellExplorer).",
             .bin_s = 0.0004,
             .window_s = 0.12,
             .min_latency_s = 0.0008,
             .max_latency_s = 0.004,
             .width_s = 0.01,
             .alpha = 0.001,
             .signs = 1,
             .skip_center = 1},
    .can_skip_center = 1,
    .needs_counts = 1,
    .prepare = prepare,
    .destroy = spk__connection_window_destroy,
    .scratch_bytes = spk__connection_window_bytes,
    .test = test,
    .curve = curve,
};
