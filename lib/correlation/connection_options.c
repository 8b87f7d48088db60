/* SPDX-License-Identifier: BSD-3-Clause */
/* From options with open fields to bins in whole samples. */
#include "base/check.h"
#include "correlation/connection_state.h"
#include "correlation/correlogram_bins.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

void spk_connections_options_init(spk_connections_options *options, size_t struct_size)
{
    spk_connections_options defaults = {
        .struct_size = struct_size,
        .method = SPK_CONNECTION_HOLLOW,
        .signs = 2,
        .bin_s = NAN,
        .window_s = NAN,
        .min_latency_s = NAN,
        .max_latency_s = NAN,
        .width_s = NAN,
        .alpha = NAN,
        .max_p = 0.01,
        .last_source = -1,
        .skip_center = -1,
    };
    if (options != NULL)
        memcpy(options, &defaults,
               struct_size < sizeof defaults ? struct_size : sizeof defaults);
}

spk_status spk__connection_choose(spk_context *ctx,
                                  const spk_connections_options *options,
                                  const spk__connection_method **method)
{
    const int32_t value = options == NULL ? SPK_CONNECTION_HOLLOW : options->method;
    *method = spk__connection_method_of(value);
    SPK_REQUIRE(ctx, *method != NULL, SPK_ERR_ARGUMENT,
                "method must be an spk_connection_method, got %" PRId32, value);
    return SPK_OK;
}

static double given_or(double value, double otherwise)
{
    return isnan(value) ? otherwise : value;
}

static spk_status check_pairs(spk_context *ctx, const spk_spikes *spikes,
                              const spk_connections_options *o)
{
    SPK_REQUIRE(ctx, o->n_pairs >= 0, SPK_ERR_ARGUMENT,
                "n_pairs must not be negative, got %" PRId64, o->n_pairs);
    for (int64_t p = 0; p < o->n_pairs; p++) {
        for (int side = 0; side < 2; side++)
            SPK_REQUIRE(
                ctx,
                o->pairs[2 * p + side] >= 0 && o->pairs[2 * p + side] < spikes->n_units,
                SPK_ERR_ARGUMENT,
                "pairs[%" PRId64 "][%d] must be a unit in 0 .. %" PRId64 ", got %" PRId32,
                p, side, spikes->n_units - 1, o->pairs[2 * p + side]);
        SPK_REQUIRE(ctx, o->pairs[2 * p] != o->pairs[2 * p + 1], SPK_ERR_ARGUMENT,
                    "pairs[%" PRId64 "] must be two units, got %" PRId32 " twice", p,
                    o->pairs[2 * p]);
    }
    return SPK_OK;
}

static spk_status check_values(spk_context *ctx, const spk_connections_options *o)
{
    SPK_REQUIRE(ctx, isnan(o->alpha) || (o->alpha > 0.0 && o->alpha < 1.0),
                SPK_ERR_ARGUMENT, "alpha must be between 0 and 1, got %g", o->alpha);
    SPK_REQUIRE(ctx, o->max_p > 0.0 && o->max_p <= 1.0, SPK_ERR_ARGUMENT,
                "max_p must be above 0 and at most 1, got %g", o->max_p);
    SPK_REQUIRE(ctx, isnan(o->width_s) || (isfinite(o->width_s) && o->width_s > 0.0),
                SPK_ERR_ARGUMENT, "width_s must be positive and finite, got %g",
                o->width_s);
    SPK_REQUIRE(ctx, isfinite(o->min_latency_s) && o->min_latency_s >= 0.0,
                SPK_ERR_ARGUMENT, "min_latency_s must be at least 0, got %g",
                o->min_latency_s);
    SPK_REQUIRE(ctx, isfinite(o->max_latency_s) && o->max_latency_s >= o->min_latency_s,
                SPK_ERR_ARGUMENT,
                "max_latency_s must be at least min_latency_s of %g, got %g",
                o->min_latency_s, o->max_latency_s);
    return SPK_OK;
}

/* Bins whose centre is in the latencies, all in whole samples. */
static spk_status resolve_latencies(spk_context *ctx, spk__connection_work *work,
                                    const spk_connections_options *o)
{
    const double rate = work->spikes->sampling_rate_hz;
    const int64_t b = work->bin_samples, centre = work->n_bins / 2;
    const double low = round(o->min_latency_s * rate),
                 high = round(o->max_latency_s * rate);
    SPK_REQUIRE(ctx, high <= (double)(centre * b), SPK_ERR_ARGUMENT,
                "max_latency_s must be within half of the window, %g s, got %g",
                (double)(centre * b) / rate, o->max_latency_s);
    work->first_bin = centre + ((int64_t)low + b - 1) / b;
    work->last_bin = centre + (int64_t)high / b + 1;
    SPK_REQUIRE(ctx, work->first_bin < work->last_bin, SPK_ERR_ARGUMENT,
                "no bin of %g s has its centre at latencies of %g to %g s", work->bin_s,
                o->min_latency_s, o->max_latency_s);
    return SPK_OK;
}

static spk_status resolve_signs(spk_context *ctx, const spk__connection_method *method,
                                spk_connections_options *o)
{
    SPK_REQUIRE(ctx, o->signs >= -1 && o->signs <= 2, SPK_ERR_ARGUMENT,
                "signs must be 1, -1, 0 for both or 2 for the method's own, got %" PRId32,
                o->signs);
    if (o->signs == 2)
        o->signs = method->info.signs;
    SPK_REQUIRE(ctx, method->sign_only == 0 || o->signs == method->sign_only,
                SPK_ERR_ARGUMENT, "method %s tests sign %+" PRId32 " only, got %" PRId32,
                method->info.name, method->sign_only, o->signs);
    return SPK_OK;
}

static spk_status resolve_center(spk_context *ctx, const spk__connection_method *method,
                                 spk_connections_options *o)
{
    SPK_REQUIRE(ctx, o->skip_center >= -1 && o->skip_center <= 1, SPK_ERR_ARGUMENT,
                "skip_center must be 1, 0 or -1 for the method's own, got %" PRId32,
                o->skip_center);
    if (o->skip_center == -1)
        o->skip_center = method->info.skip_center;
    SPK_REQUIRE(ctx, o->skip_center == 0 || method->can_skip_center, SPK_ERR_ARGUMENT,
                "skip_center must be 0 for method %s, which cannot leave out lag 0",
                method->info.name);
    return SPK_OK;
}

spk_status spk__connection_take_options(spk_context *ctx,
                                        const spk_connections_options *given,
                                        spk_connections_options *o)
{
    spk_connections_options_init(o, sizeof *o);
    if (given == NULL)
        return SPK_OK;
    SPK_REQUIRE(ctx,
                given->struct_size >= sizeof given->struct_size &&
                    given->struct_size <= sizeof *o,
                SPK_ERR_ARGUMENT,
                "options.struct_size is %zu, not set by spk_connections_options_init()",
                given->struct_size);
    memcpy(o, given, given->struct_size);
    o->struct_size = sizeof *o;
    return SPK_OK;
}

spk_status spk__connection_resolve(spk_context *ctx, const spk_spikes *spikes,
                                   const spk_connections_options *given,
                                   spk_connections_options *o,
                                   spk__connection_state *state)
{
    const spk__connection_method *method = state->method;
    spk_status status;
    spk__connection_work *work = &state->work;
    if ((status = spk__connection_take_options(ctx, given, o)) != SPK_OK)
        return status;
    SPK_REQUIRE(ctx, isnan(o->width_s) || !isnan(method->info.width_s), SPK_ERR_ARGUMENT,
                "width_s: method %s has none, got %g", method->info.name, o->width_s);
    SPK_REQUIRE(ctx, isnan(o->alpha) || !isnan(method->info.alpha), SPK_ERR_ARGUMENT,
                "alpha: method %s has none, got %g", method->info.name, o->alpha);
    o->bin_s = given_or(o->bin_s, method->info.bin_s);
    o->window_s = given_or(o->window_s, method->info.window_s);
    o->min_latency_s = given_or(o->min_latency_s, method->info.min_latency_s);
    o->max_latency_s = given_or(o->max_latency_s, method->info.max_latency_s);
    o->width_s = given_or(o->width_s, method->info.width_s);
    o->alpha = given_or(o->alpha, method->info.alpha);
    if ((status = spk_spikes_check(ctx, spikes)) != SPK_OK ||
        (status = check_values(ctx, o)) != SPK_OK ||
        (status = resolve_signs(ctx, method, o)) != SPK_OK ||
        (status = resolve_center(ctx, method, o)) != SPK_OK)
        return status;
    if (o->last_source == -1)
        o->last_source = spikes->n_units;
    SPK_REQUIRE(ctx,
                0 <= o->first_source && o->first_source <= o->last_source &&
                    o->last_source <= spikes->n_units,
                SPK_ERR_ARGUMENT,
                "sources %" PRId64 " .. %" PRId64 " are not within 0 .. %" PRId64,
                o->first_source, o->last_source, spikes->n_units);
    if (o->pairs != NULL && (status = check_pairs(ctx, spikes, o)) != SPK_OK)
        return status;
    spk_correlogram_options_init(&state->bins, sizeof state->bins);
    state->bins.epochs = o->epochs;
    status = spk_correlogram_options_set_window(
        ctx, &state->bins, SPK_CORRELOGRAM_SPIKEKIT, spikes->sampling_rate_hz,
        o->window_s, o->bin_s);
    const spk_correlogram_options asked = state->bins;
    if (status != SPK_OK ||
        (status = spk__correlogram_check(ctx, spikes, &asked, &state->bins)) != SPK_OK)
        return status;
    const double rate = spikes->sampling_rate_hz;
    work->options = o;
    work->spikes = spikes;
    work->bin_samples = state->bins.bin_samples;
    work->n_bins = state->bins.n_bins;
    work->bin_s = (double)work->bin_samples / rate;
    state->log_max_p = log(o->max_p);
    /* what the method's own rule finds is kept as well, so it must be computed */
    work->log_max_p = log(fmax(o->max_p, o->alpha));
    const int64_t duration = o->epochs != NULL
                                 ? spk_epochs_duration(o->epochs)
                                 : spikes->stop_sample - spikes->start_sample;
    work->duration_s = (double)duration / rate;
    SPK_REQUIRE(
        ctx, spikes->n_spikes == 0 || work->n_bins * work->bin_samples <= duration,
        SPK_ERR_ARGUMENT, "window_s must not be longer than the recording, %g s, got %g",
        work->duration_s, o->window_s);
    if ((status = resolve_latencies(ctx, work, o)) != SPK_OK)
        return status;
    o->bin_s = work->bin_s;
    o->window_s = (double)work->n_bins * work->bin_s;
    return SPK_OK;
}
