/* SPDX-License-Identifier: BSD-3-Clause */
/* Stark & Abeles (2009): counts against the hollow kernel's mean of the lags around. */
#include "correlation/connection_window.h"

static spk_status prepare(spk_context *ctx, const spk__connection_work *work,
                          void **shared)
{
    return spk__connection_window_create(ctx, work, SPK_PREDICTOR_GAUSSIAN, shared);
}

static spk_status test(spk_context *ctx, const spk__connection_work *work,
                       const spk__connection_pair *pair, void *scratch,
                       spk_connection *tests, int32_t *n_tests)
{
    const spk__connection_window *window = work->shared;
    const double *predicted =
        spk__connection_window_predict(window, pair->counts, scratch);
    (void)ctx;
    *n_tests = 0;
    for (int32_t sign = 1; sign >= -1; sign -= 2) {
        if (!spk__connection_wants(work, sign))
            continue;
        const spk__pair_verdict verdict =
            spk__hollow_test(&window->bins, pair->counts, predicted, sign,
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
    return spk__connection_window_curve(ctx, work, pair->counts,
                                        work->last_bin - work->first_bin, scratch, out);
}

const spk__connection_method spk__connection_hollow = {
    .info = {.name = "hollow",
             .summary =
                 "Hollow Gaussian mean of the lags around, Poisson mid-p of the most "
                 "extreme bin, times the bins tested (Stark & Abeles 2009).",
             .bin_s = 0.0005,
             .window_s = 0.1,
             .min_latency_s = 0.0008,
             .max_latency_s = 0.004,
             .width_s = 0.01,
             .alpha = 0.001,
             .signs = 1},
    .can_skip_center = 1,
    .needs_counts = 1,
    .prepare = prepare,
    .destroy = spk__connection_window_destroy,
    .scratch_bytes = spk__connection_window_bytes,
    .test = test,
    .curve = curve,
};
