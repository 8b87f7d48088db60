/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Spivak et al. (2022): both autocorrelograms are divided out, then the extreme of the bins
 * tested is judged against the most (an excess) or least (a lack) that a hollow median expects
 * in any of them, p times their number. A bin is significant beyond the quantile; their rule
 * has it so at the quantile itself, which an empty bin is always at where few are expected: it
 * calls one independent pair in fourteen silenced. An excess is one over the mean of longer
 * lags as well: of few pairs the median is 0, and any pair beyond chance. p is the larger of a
 * count's tail and a normal one with the deviation of the longer lags. Where nothing is
 * expected, no lack is tested. The effect is the transmission gain.
 */
#include "base/check.h"
#include "base/memory.h"
#include "correlation/connection_window.h"
#include "correlation/deconvolution.h"
#include "distributions/quantiles.h"

#include <math.h>
#include <spikekit/distributions.h>

typedef struct deconvolution_shared {
    spk__connection_window window; /* first, as connection_window.h wants it */
    spk__deconvolution plan;
    double (*inverse)[2]; /* [n_units][n_bins / 2 + 1] */
} deconvolution_shared;

static void destroy(void *state)
{
    deconvolution_shared *shared = state;
    spk__predictor_free(&shared->window.predictor);
    spk__deconvolution_free(&shared->plan);
    spk__free(shared->inverse);
    spk__free(shared);
}

static spk_status prepare(spk_context *ctx, const spk__connection_work *work, void **out)
{
    const int64_t n_units = work->spikes->n_units, n = work->n_bins, half = n / 2 + 1;
    double *scratch = NULL;
    deconvolution_shared *shared = spk__alloc_zero(ctx, 1, sizeof *shared);
    if (shared == NULL)
        return spk__fail_memory(ctx);
    spk_status status =
        spk__connection_window_init(ctx, work, SPK_PREDICTOR_MEDIAN, &shared->window);
    if (status != SPK_OK ||
        (status = spk__deconvolution_create(ctx, n, &shared->plan)) != SPK_OK)
        goto cleanup;
    shared->inverse = spk__alloc(ctx, n_units, (size_t)half * sizeof *shared->inverse);
    scratch = spk__alloc(ctx, spk__deconvolution_room(&shared->plan), sizeof *scratch);
    if (shared->inverse == NULL || scratch == NULL) {
        status = spk__fail_memory(ctx);
        goto cleanup;
    }
    for (int64_t u = 0; u < n_units; u++)
        spk__deconvolution_invert(&shared->plan, work->auto_counts + u * n,
                                  (double)work->n_spikes[u], scratch,
                                  shared->inverse + u * half);
    *out = shared;
    shared = NULL;
cleanup:
    spk__free(scratch);
    if (shared != NULL)
        destroy(shared);
    return status;
}

/* Of a worker: the correlogram divided, its prediction, and what the functions need. */
static int64_t scratch_bytes(const spk__connection_work *work)
{
    const deconvolution_shared *shared = work->shared;
    return (2 * work->n_bins + spk__deconvolution_room(&shared->plan) +
            spk__connection_window_room(&shared->window)) *
           (int64_t)sizeof(double);
}

static double *divide_out(const spk__connection_work *work,
                          const spk__connection_pair *pair, double *scratch)
{
    const deconvolution_shared *shared = work->shared;
    const int64_t half = work->n_bins / 2 + 1;
    spk__deconvolve(&shared->plan, pair->counts,
                    (const double(*)[2])(shared->inverse + pair->source * half),
                    (const double(*)[2])(shared->inverse + pair->target * half),
                    scratch + 2 * work->n_bins, scratch);
    return scratch;
}

/* The most of `values` in the bins tested, or the least. */
static int64_t extreme_of(const spk__connection_work *work, const double *values,
                          int32_t sign)
{
    int64_t best = work->first_bin;
    for (int64_t k = best + 1; k < work->last_bin; k++)
        if (sign * values[k] > sign * values[best])
            best = k;
    return best;
}

/* Everything about a row that is kept; at least `least` is expected. */
static void finish(const spk__connection_work *work, const spk__connection_pair *pair,
                   const double *divided, double least, double *predicted,
                   double *scratch, int64_t best, spk_connection *row)
{
    const deconvolution_shared *shared = work->shared;
    const double per_spike = 1.0 / ((double)work->n_spikes[pair->source] * work->bin_s);
    double sum = 0.0, expected = 0.0;
    spk__predict_values(&shared->window.predictor, divided, work->n_bins, 0, work->n_bins,
                        scratch, predicted);
    for (int64_t k = work->first_bin; k < work->last_bin; k++) {
        sum += divided[k];
        expected += predicted[k];
    }
    row->latency_s = (double)((best - work->n_bins / 2) * work->bin_samples) /
                     work->spikes->sampling_rate_hz;
    row->count = divided[best];
    row->expected = fmax(least, predicted[best]);
    spk__connection_set_transmission(row, llround(sum), expected,
                                     work->n_spikes[pair->source]);
    for (int64_t k = 0; k < work->n_bins; k++)
        predicted[k] = (divided[k] - predicted[k]) * per_spike;
    if (work->options->skip_center)
        predicted[work->n_bins / 2] = 0.0; /* what is left out is no peak */
    row->effect =
        spk__transmission_gain(&shared->window.bins, predicted, row->sign, work->bin_s);
}

/* Of the bins at longer lags than those tested, either way: the mean of one count more, the
 * least that may be taken for expected (with few pairs most bins are empty, and the median of
 * empty bins is nothing), and the standard deviation. */
typedef struct longer_lags {
    double mean;
    double sd;
} longer_lags;

static longer_lags longer_of(const spk__connection_work *work, const double *divided)
{
    const int64_t n_bins = work->n_bins, left = n_bins - work->last_bin;
    double sum = 0.0, squares = 0.0, n = 0.0;
    for (int64_t k = 0; k < n_bins; k++)
        if (k < left || k >= work->last_bin || (left <= 0 && k < work->first_bin)) {
            sum += divided[k];
            squares += divided[k] * divided[k];
            n++;
        }
    return (longer_lags){(sum + 1.0) / n, sqrt(fmax(0.0, squares - sum * sum / n) / n)};
}

/* The larger of a count's tail and the normal one: the division makes noise larger than that
 * of counts where units burst. */
static double tail_of(double value, double mean, double sd, int32_t sign)
{
    const int64_t count = llround(value);
    const double log_p = sign > 0 ? spk_poisson_log_mid_upper(count, mean)
                                  : spk_poisson_log_mid_lower(count, mean);
    return sd > 0.0 ? fmax(log_p, spk__normal_log_upper(sign * (value - mean) / sd))
                    : log_p;
}

static spk_status test(spk_context *ctx, const spk__connection_work *work,
                       const spk__connection_pair *pair, void *scratch,
                       spk_connection *tests, int32_t *n_tests)
{
    const deconvolution_shared *shared = work->shared;
    const int64_t n_bins = work->n_bins, n = work->last_bin - work->first_bin;
    const double *divided = divide_out(work, pair, scratch);
    double *predicted = (double *)scratch + n_bins, *rest = predicted + n_bins;
    const double log_one = log(work->options->alpha / (double)n);
    (void)ctx;
    *n_tests = 0;
    if (isnan(divided[0]))
        return SPK_OK;
    const longer_lags longer = longer_of(work, divided);
    for (int32_t sign = 1; sign >= -1; sign -= 2) {
        if (!spk__connection_wants(work, sign))
            continue;
        spk__predict_values(&shared->window.predictor, divided, n_bins, work->first_bin,
                            work->last_bin, rest, predicted + work->first_bin);
        const double least = sign > 0 ? longer.mean : 0.0;
        const double mean = fmax(least, predicted[extreme_of(work, predicted, sign)]);
        const int64_t best = extreme_of(work, divided, sign);
        if (!(mean > 0.0))
            continue;
        const int64_t count = llround(divided[best]);
        spk_connection *row = &tests[(*n_tests)++];
        *row = spk__connection_blank(pair->source, pair->target, sign);
        row->log_p = 0.0;
        if (spk__tail_is_above(count, mean, sign,
                               work->log_max_p < 0.0 ? work->log_max_p - log((double)n)
                                                     : 0.0))
            continue;
        row->log_p =
            fmin(0.0, log((double)n) + tail_of(divided[best], mean, longer.sd, sign));
        row->significant =
            sign > 0
                ? spk_poisson_log_upper((int64_t)floor(divided[best]), mean) <= log_one
                : spk_poisson_log_lower((int64_t)ceil(divided[best]), mean) < log_one;
        if (row->log_p <= work->log_max_p)
            finish(work, pair, divided, least, predicted, rest, best, row);
    }
    return SPK_OK;
}

static spk_status curve(spk_context *ctx, const spk__connection_work *work,
                        const spk__connection_pair *pair, void *scratch,
                        const spk_connection_curve *out)
{
    const deconvolution_shared *shared = work->shared;
    const int64_t n = work->last_bin - work->first_bin;
    const double *divided = divide_out(work, pair, scratch);
    const double alpha = work->options->alpha;
    double *predicted = out->expected, low, high;
    (void)ctx;
    if (isnan(divided[0]))
        return SPK_OK;
    spk__predict_values(&shared->window.predictor, divided, work->n_bins, 0, work->n_bins,
                        (double *)scratch + 2 * work->n_bins, predicted);
    low = (double)spk_poisson_quantile(alpha / (double)n,
                                       predicted[extreme_of(work, predicted, -1)]);
    high = (double)spk_poisson_quantile_upper(
        log(alpha / (double)n),
        fmax(longer_of(work, divided).mean, predicted[extreme_of(work, predicted, 1)]));
    for (int64_t k = 0; k < work->n_bins; k++) {
        out->counts[k] = divided[k];
        if (k >= work->first_bin && k < work->last_bin) {
            out->lower[k] = low;
            out->upper[k] = high;
        }
    }
    return SPK_OK;
}

const spk__connection_method spk__connection_deconvolution = {
    .info = {.name = "deconvolution",
             .summary =
                 "A hollow median's test after both autocorrelograms were divided out "
                 "of the correlogram (Spivak et al. 2022).",
             .bin_s = 0.001,
             .window_s = 0.05,
             .min_latency_s = 0.0005,
             .max_latency_s = 0.005,
             .width_s = 0.011,
             .alpha = 0.001,
             .signs = 1},
    .can_skip_center = 1,
    .needs_counts = 1,
    .needs_auto = 1,
    .prepare = prepare,
    .destroy = destroy,
    .scratch_bytes = scratch_bytes,
    .test = test,
    .curve = curve,
};
