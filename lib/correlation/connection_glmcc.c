/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * GLMCC as a method of finding connections: a pair is fitted once for both directions, and each
 * coupling is tested for an excess and for a lack. p is one-sided, from the ratio of likelihoods,
 * and allows for the choice among delays as if these were independent; the rules of significance
 * are the authors' own, which do not. The two methods differ in the rule and in how smooth they
 * take the background to be.
 */
#include "base/check.h"
#include "base/memory.h"
#include "correlation/connection_method.h"
#include "correlation/glmcc_model.h"

#include <math.h>

#define TAU_S 0.004

enum {
    MOST_BINS = 2000 /* of both sides */
};

/* Where a worker's numbers stand. */
typedef struct pair_scratch {
    double *counts;     /* [n] */
    double *background; /* [n] */
    double *work;
} pair_scratch;

static pair_scratch scratch_at(const spk__glmcc_plan *plan, void *scratch)
{
    double *at = scratch;
    return (pair_scratch){at, at + plan->n, at + 2 * plan->n};
}

static spk_status prepare_rule(spk_context *ctx, const spk__connection_work *work,
                               int32_t rule, void **shared)
{
    const int64_t half = work->n_bins / 2;
    spk_glmcc_options o;
    spk_glmcc_options_init(&o, sizeof o);
    spk_glmcc_options_set_rule(&o, rule);
    o.bin_s = work->bin_s;
    o.n_bins = 2 * half;
    o.tau_s = TAU_S;
    o.first_delay_bins = work->first_bin - half;
    o.last_delay_bins = work->last_bin - 1 - half;
    SPK_REQUIRE(ctx, o.n_bins <= MOST_BINS, SPK_ERR_ARGUMENT,
                "window_s must be at most %d bins of %g s, got %g", (int)MOST_BINS,
                work->bin_s, work->options->window_s);
    SPK_REQUIRE(
        ctx,
        (double)(o.last_delay_bins + 1) * work->bin_s + TAU_S <=
            (double)half * work->bin_s,
        SPK_ERR_ARGUMENT,
        "max_latency_s and %g s after it must be within half of the window, %g s, "
        "got %g",
        TAU_S + work->bin_s, (double)half * work->bin_s, work->options->max_latency_s);
    spk__glmcc_plan *plan = spk__alloc(ctx, 1, sizeof *plan);
    if (plan == NULL)
        return spk__fail_memory(ctx);
    const spk_status status =
        spk__glmcc_plan_create(ctx, &o, work->spikes->sampling_rate_hz, plan);
    if (status != SPK_OK)
        spk__free(plan);
    else
        *shared = plan;
    return status;
}

static spk_status prepare_threshold(spk_context *ctx, const spk__connection_work *work,
                                    void **shared)
{
    return prepare_rule(ctx, work, SPK_GLMCC_THRESHOLD, shared);
}

static spk_status prepare_ratio(spk_context *ctx, const spk__connection_work *work,
                                void **shared)
{
    return prepare_rule(ctx, work, SPK_GLMCC_LIKELIHOOD_RATIO, shared);
}

static void destroy(void *shared)
{
    spk__glmcc_plan_destroy(shared);
    spk__free(shared);
}

static int64_t scratch_bytes(const spk__connection_work *work)
{
    const spk__glmcc_plan *plan = work->shared;
    return (int64_t)sizeof(double) * (2 * plan->n + spk__glmcc_pair_length(plan));
}

/* What a test says of its latency, counts and transmission: the first bin after the delay, and
 * 95 % of the coupling, three time constants. */
static void describe(const spk__connection_work *work, const spk__glmcc_plan *plan,
                     const spk_glmcc_result *result, const pair_scratch *s, int side,
                     spk_connection *test)
{
    const int64_t delay = result->delay_bins;
    double count = 0.0, expected = 0.0;
    for (int64_t m = delay;
         m < plan->half && (double)(m - delay) * plan->bin < 3.0 * plan->tau; m++) {
        const int64_t k = side == 0 ? plan->half + m : plan->half - 1 - m;
        const double mean = plan->bin * exp(s->background[k]);
        if (m == delay) {
            test->latency_s = ((double)m + 0.5) * result->bin_s;
            test->count = s->counts[k];
            test->expected = mean;
        }
        count += s->counts[k];
        expected += mean;
    }
    spk__connection_set_transmission(test, llround(count), expected,
                                     work->n_spikes[test->source]);
}

/* p of the coupling being above 0, or below it, and of the best of some delays being so. */
static double log_p_of(double log_p, int is_that_side, int64_t n_delays)
{
    const double p = is_that_side ? 0.5 * exp(log_p) : 1.0 - 0.5 * exp(log_p);
    if (is_that_side && log_p < -30.0)
        return log_p + log(0.5 * (double)n_delays);
    return log(-expm1((double)n_delays * log1p(-p)));
}

static spk_status test_pair(spk_context *ctx, const spk__connection_work *work,
                            const spk__connection_pair *pair, void *scratch,
                            spk_connection *tests, int32_t *n_tests)
{
    const spk__glmcc_plan *plan = work->shared;
    const pair_scratch s = scratch_at(plan, scratch);
    spk_glmcc_result result;
    (void)ctx;
    *n_tests = 0;
    spk__glmcc_fit_pair(plan, work->trains, pair->source, pair->target, &result, s.counts,
                        s.background, s.work);
    if (isnan(result.coupling[0]))
        return SPK_OK;
    for (int side = 0; side < 2; side++) {
        for (int32_t sign = 1; sign >= -1; sign -= 2) {
            if (work->options->signs == -sign)
                continue;
            const int is_that_side = (double)sign * result.coupling[side] > 0.0;
            spk_connection test =
                side == 0 ? spk__connection_blank(pair->source, pair->target, sign)
                          : spk__connection_blank(pair->target, pair->source, sign);
            test.log_p = log_p_of(result.log_p[side], is_that_side, plan->n_delays);
            test.effect = result.coupling[side];
            test.significant =
                is_that_side && (plan->options.rule == SPK_GLMCC_THRESHOLD
                                     ? result.significant[side]
                                     : result.log_p[side] < log(work->options->alpha));
            if (test.log_p <= work->log_max_p)
                describe(work, plan, &result, &s, side, &test);
            tests[(*n_tests)++] = test;
        }
    }
    return SPK_OK;
}

/* The background, without couplings. Its bins lie between the frame's: each of these is half of
 * one and half of the next. */
static spk_status draw_curve(spk_context *ctx, const spk__connection_work *work,
                             const spk__connection_pair *pair, void *scratch,
                             const spk_connection_curve *curve)
{
    const spk__glmcc_plan *plan = work->shared;
    const pair_scratch s = scratch_at(plan, scratch);
    spk_glmcc_result result;
    (void)ctx;
    spk__glmcc_fit_pair(plan, work->trains, pair->source, pair->target, &result, s.counts,
                        s.background, s.work);
    for (int64_t k = 1; k < plan->n; k++)
        curve->expected[k] =
            0.5 * plan->bin * (exp(s.background[k - 1]) + exp(s.background[k]));
    curve->expected[0] = plan->bin * exp(s.background[0]);
    curve->expected[plan->n] = plan->bin * exp(s.background[plan->n - 1]);
    return SPK_OK;
}

const spk__connection_method spk__connection_glmcc = {
    .info =
        {
            .name = "glmcc",
            .summary =
                "Couplings of a generalized linear model of the correlogram, judged "
                "by their size (Kobayashi et al. 2019).",
            .bin_s = 0.001,
            .window_s = 0.1,
            .min_latency_s = 0.001,
            .max_latency_s = 0.004,
            .width_s = NAN,
            .alpha = NAN,
            .signs = 0,
        },
    .needs_trains = 1,
    .is_mutual = 1,
    .prepare = prepare_threshold,
    .destroy = destroy,
    .scratch_bytes = scratch_bytes,
    .test = test_pair,
    .curve = draw_curve,
};

const spk__connection_method spk__connection_glmcc_lr = {
    .info =
        {
            .name = "glmcc_lr",
            .summary =
                "Couplings of a generalized linear model of the correlogram, judged "
                "by the ratio of likelihoods with and without them (after Kobayashi "
                "et al. 2019).",
            .bin_s = 0.001,
            .window_s = 0.1,
            .min_latency_s = 0.001,
            .max_latency_s = 0.004,
            .width_s = NAN,
            .alpha = 1e-4,
            .signs = 0,
        },
    .needs_trains = 1,
    .is_mutual = 1,
    .prepare = prepare_ratio,
    .destroy = destroy,
    .scratch_bytes = scratch_bytes,
    .test = test_pair,
    .curve = draw_curve,
};
