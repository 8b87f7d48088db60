/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SPIKEKIT_CORRELATION_CONNECTION_WINDOW_H
#define SPIKEKIT_CORRELATION_CONNECTION_WINDOW_H

#include "correlation/connection_method.h"
#include "correlation/pair_tests.h"
#include "correlation/significance_window.h"

/* What the methods share that predict by a hollow window of width_s: their work->shared begins
 * with this. */
typedef struct spk__connection_window {
    spk__predictor predictor;
    spk__pair_bins bins;
} spk__connection_window;

/** Of width_s, rounded to bins, with or without the bin at lag 0 as the options say. */
spk_status spk__connection_window_init(spk_context *ctx, const spk__connection_work *work,
                                       int32_t kernel, spk__connection_window *window);

/** The same as work->shared, where that is all there is to share, with its scratch:
 *  spk__connection_window_room() doubles. */
spk_status spk__connection_window_create(spk_context *ctx,
                                         const spk__connection_work *work, int32_t kernel,
                                         void **shared);
void spk__connection_window_destroy(void *shared);
int64_t spk__connection_window_bytes(const spk__connection_work *work);

/** Doubles of scratch: the range of all bins, and the predictor's own. */
int64_t spk__connection_window_room(const spk__connection_window *window);

/** Predicts the bins tested into scratch, which it returns. */
const double *spk__connection_window_predict(const spk__connection_window *window,
                                             const int64_t *counts, double *scratch);

/** A row of a verdict: latency, counts of the bin, and transmission, beyond what the bins that
 *  are not tested predict. */
spk_connection spk__connection_of_verdict(const spk__connection_work *work,
                                          const spk__connection_pair *pair,
                                          const double *predicted, int32_t sign,
                                          const spk__pair_verdict *verdict);

/** Expected counts of all bins and the quantiles alpha / n_tests around them. */
spk_status spk__connection_window_curve(spk_context *ctx,
                                        const spk__connection_work *work,
                                        const int64_t *counts, int64_t n_tests,
                                        double *scratch,
                                        const spk_connection_curve *curve);

/** Whether a sign is asked for. */
static inline int spk__connection_wants(const spk__connection_work *work, int32_t sign)
{
    return work->options->signs == 0 || work->options->signs == sign;
}

#endif
