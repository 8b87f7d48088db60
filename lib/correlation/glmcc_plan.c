/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/check.h"
#include "base/memory.h"
#include "correlation/glmcc_model.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

enum {
    MOST_BINS = 2000,
    MOST_REACH = 1 << 22 /* samples a side */
};

void spk_glmcc_options_init(spk_glmcc_options *options, size_t struct_size)
{
    spk_glmcc_options defaults = {
        .struct_size = struct_size,
        .bin_s = 0.001,
        .n_bins = 100,
        .tau_s = 0.004,
        .first_delay_bins = 1,
        .last_delay_bins = 4,
        .smoothness = 4000,
        .rule = SPK_GLMCC_THRESHOLD,
        .convention = SPK_GLMCC_SPIKEKIT,
        .threshold_scale = 1.277,
        .threshold_count = 16.3,
        .least_count = 10,
        .critical_ratio = 15.14,
        .psp_excitatory_mv = 2.532,
        .psp_inhibitory_mv = 0.612,
    };
    if (options != NULL)
        memcpy(options, &defaults,
               struct_size < sizeof defaults ? struct_size : sizeof defaults);
}

void spk_glmcc_options_set_rule(spk_glmcc_options *options, int32_t rule)
{
    if (options == NULL ||
        (rule != SPK_GLMCC_THRESHOLD && rule != SPK_GLMCC_LIKELIHOOD_RATIO))
        return;
    options->rule = rule;
    options->smoothness = rule == SPK_GLMCC_THRESHOLD ? 4000 : 10000;
}

/* The bins of tau from the delay on; the authors add a tenth against rounding. */
static int64_t tau_bins_of(const spk_glmcc_options *options)
{
    const int64_t bins = (int64_t)(options->tau_s / options->bin_s + 0.1);
    return bins < 1 ? 1 : bins;
}

static spk_status check_shape(spk_context *ctx, const spk_glmcc_options *o)
{
    SPK_REQUIRE(ctx, o->bin_s > 0.0 && o->bin_s <= 1.0, SPK_ERR_ARGUMENT,
                "bin_s must be above 0 and at most 1, got %g", o->bin_s);
    SPK_REQUIRE(ctx, o->n_bins >= 4 && o->n_bins <= MOST_BINS && o->n_bins % 2 == 0,
                SPK_ERR_ARGUMENT, "n_bins must be even and in 4 .. %d, got %" PRId64,
                (int)MOST_BINS, o->n_bins);
    SPK_REQUIRE(ctx, o->tau_s > 0.0 && o->tau_s <= o->bin_s * (double)o->n_bins / 2.0,
                SPK_ERR_ARGUMENT,
                "tau_s must be above 0 and within half the window, %g s, got %g",
                o->bin_s * (double)o->n_bins / 2.0, o->tau_s);
    SPK_REQUIRE(ctx, o->first_delay_bins >= 0, SPK_ERR_ARGUMENT,
                "first_delay_bins must be >= 0, got %" PRId64, o->first_delay_bins);
    const int64_t most = o->n_bins / 2 - tau_bins_of(o);
    SPK_REQUIRE(ctx,
                o->last_delay_bins >= o->first_delay_bins && o->last_delay_bins <= most,
                SPK_ERR_ARGUMENT,
                "last_delay_bins must be in first_delay_bins .. %" PRId64
                ", for tau_s after it to lie in the window, got %" PRId64 " .. %" PRId64,
                most, o->first_delay_bins, o->last_delay_bins);
    SPK_REQUIRE(ctx, o->excluded_bins >= 0 && o->excluded_bins < o->n_bins / 2,
                SPK_ERR_ARGUMENT,
                "excluded_bins must be in 0 .. %" PRId64 ", got %" PRId64,
                o->n_bins / 2 - 1, o->excluded_bins);
    return SPK_OK;
}

/* Finite and not below 0. */
static spk_status check_number(spk_context *ctx, const char *name, double value)
{
    SPK_REQUIRE(ctx, value >= 0.0 && isfinite(value), SPK_ERR_ARGUMENT,
                "%s must be >= 0 and finite, got %g", name, value);
    return SPK_OK;
}

static spk_status check_rule(spk_context *ctx, const spk_glmcc_options *o)
{
    SPK_REQUIRE(ctx, o->smoothness > 0.0 && o->smoothness <= 1e12, SPK_ERR_ARGUMENT,
                "smoothness must be above 0 and at most 1e12, got %g", o->smoothness);
    SPK_REQUIRE(ctx,
                o->rule == SPK_GLMCC_THRESHOLD || o->rule == SPK_GLMCC_LIKELIHOOD_RATIO,
                SPK_ERR_ARGUMENT, "rule must be 0 or 1, got %d", (int)o->rule);
    SPK_REQUIRE(
        ctx, o->convention == SPK_GLMCC_SPIKEKIT || o->convention == SPK_GLMCC_KOBAYASHI,
        SPK_ERR_ARGUMENT, "convention must be 0 or 1, got %d", (int)o->convention);
    SPK_REQUIRE(ctx, o->convention == SPK_GLMCC_SPIKEKIT || o->first_delay_bins >= 1,
                SPK_ERR_ARGUMENT,
                "first_delay_bins must be >= 1 with convention %d, got %" PRId64,
                (int)SPK_GLMCC_KOBAYASHI, o->first_delay_bins);
    const struct {
        const char *name;
        double value;
    } numbers[] = {
        {"threshold_scale", o->threshold_scale},
        {"threshold_count", o->threshold_count},
        {"least_count", o->least_count},
        {"critical_ratio", o->critical_ratio},
        {"psp_excitatory_mv", o->psp_excitatory_mv},
        {"psp_inhibitory_mv", o->psp_inhibitory_mv},
    };
    for (size_t k = 0; k < sizeof numbers / sizeof *numbers; k++) {
        const spk_status status = check_number(ctx, numbers[k].name, numbers[k].value);
        if (status != SPK_OK)
            return status;
    }
    return SPK_OK;
}

spk_status spk__glmcc_check_options(spk_context *ctx, const spk_glmcc_options *given,
                                    spk_glmcc_options *options)
{
    spk_glmcc_options_init(options, sizeof *options);
    if (given == NULL)
        return SPK_OK;
    SPK_REQUIRE(ctx, given->struct_size >= sizeof *given, SPK_ERR_ARGUMENT,
                "options: not filled by spk_glmcc_options_init()");
    *options = *given;
    const spk_status status = check_shape(ctx, options);
    return status == SPK_OK ? check_rule(ctx, options) : status;
}

static void fill_decay(double *values, int64_t n, double step)
{
    for (int64_t k = 0; k < n; k++)
        values[k] = exp(-(double)k * step);
}

/* Bins of whole samples; what was checked of the bin width must hold for these too. */
static spk_status round_bins(spk_context *ctx, double sampling_rate_hz,
                             spk__glmcc_plan *plan)
{
    spk_glmcc_options *o = &plan->options;
    const double samples = o->bin_s * sampling_rate_hz;
    SPK_REQUIRE(ctx, samples >= 1.0, SPK_ERR_ARGUMENT,
                "bin_s must be at least one sample, %g s, got %g", 1.0 / sampling_rate_hz,
                o->bin_s);
    SPK_REQUIRE(
        ctx, samples * (double)plan->half <= (double)MOST_REACH, SPK_ERR_OVERFLOW,
        "bin_s * n_bins / 2 must be at most %d samples, got %g at %g Hz: a coarser "
        "sampling rate will do",
        (int)MOST_REACH, samples * (double)plan->half, sampling_rate_hz);
    plan->bin_samples = (int64_t)round(samples);
    o->bin_s = (double)plan->bin_samples / sampling_rate_hz;
    return check_shape(ctx, o);
}

spk_status spk__glmcc_plan_create(spk_context *ctx, const spk_glmcc_options *options,
                                  double sampling_rate_hz, spk__glmcc_plan *plan)
{
    *plan = (spk__glmcc_plan){0};
    spk_status status = spk__glmcc_check_options(ctx, options, &plan->options);
    if (status != SPK_OK)
        return status;
    const spk_glmcc_options *o = &plan->options;
    plan->n = o->n_bins;
    plan->half = o->n_bins / 2;
    plan->n_delays = o->last_delay_bins - o->first_delay_bins + 1;
    plan->tau = o->tau_s * 1e3;
    if (sampling_rate_hz > 0.0) {
        status = round_bins(ctx, sampling_rate_hz, plan);
        if (status != SPK_OK)
            return status;
    }
    plan->tau_bins = tau_bins_of(o);
    plan->bin = o->bin_s * 1e3;
    plan->stiffness = o->smoothness / plan->bin;
    const int64_t n_lags =
        plan->bin_samples == 0 ? 0 : plan->half * plan->bin_samples + 1;
    plan->n_edges = (plan->half / SPK__GLMCC_LANES + 1) * SPK__GLMCC_LANES;
    plan->decay = spk__alloc(ctx, plan->n_edges, sizeof *plan->decay);
    plan->kernel = spk__alloc(ctx, n_lags, sizeof *plan->kernel);
    if (plan->decay == NULL || plan->kernel == NULL) {
        spk__glmcc_plan_destroy(plan);
        return spk__fail_memory(ctx);
    }
    fill_decay(plan->decay, plan->n_edges, plan->bin / plan->tau);
    if (n_lags > 0)
        fill_decay(plan->kernel, n_lags, 1e3 / (sampling_rate_hz * plan->tau));
    spk__glmcc_make_series(plan->series);
    return SPK_OK;
}

void spk__glmcc_plan_destroy(spk__glmcc_plan *plan)
{
    spk__free(plan->decay);
    spk__free(plan->kernel);
    *plan = (spk__glmcc_plan){0};
}
