/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Events are put in order of time once. Then what is observed of their windows moves only
 * forward, and one pass over a unit's spikes serves all events.
 */
#include "spikes/aligned_events.h"

#include "base/check.h"
#include "base/memory.h"
#include "spikes/table_checks.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

static const double MOST_SAMPLES = 9007199254740992.0; /* 2^53 */

void spk_alignment_options_init(spk_alignment_options *options, size_t struct_size)
{
    spk_alignment_options defaults = {
        .struct_size = struct_size,
        .start_s = -0.5,
        .stop_s = 1.0,
        .bin_s = 0.01,
    };
    if (options != NULL)
        memcpy(options, &defaults,
               struct_size < sizeof defaults ? struct_size : sizeof defaults);
}

/* Whether a number is whole but for the rounding of a quotient. */
static int is_near_whole(double x)
{
    return fabs(x - rint(x)) <= 1e-9 * (fabs(x) > 1.0 ? fabs(x) : 1.0);
}

/* How many bins of whole samples stand for a time: as near as can be to a time that is whole
 * bins as asked, otherwise no more than fit. */
static double bins_for(double time_s, double bin_s, double rate_hz, double bin_samples)
{
    const double bins = time_s * rate_hz / bin_samples;
    return is_near_whole(time_s / bin_s) || is_near_whole(bins) ? rint(bins)
                                                                : floor(bins);
}

spk_status spk_alignment_find_window(spk_context *ctx, double sampling_rate_hz,
                                     const spk_alignment_options *options,
                                     spk_alignment_window *window)
{
    spk_alignment_options defaults;
    spk_alignment_options_init(&defaults, sizeof defaults);
    if (options == NULL)
        options = &defaults;
    SPK_REQUIRE(ctx, window != NULL, SPK_ERR_ARGUMENT, "window is NULL");
    SPK_REQUIRE(ctx, options->struct_size >= sizeof *options, SPK_ERR_ARGUMENT,
                "options: not filled by spk_alignment_options_init()");
    SPK_REQUIRE(ctx, sampling_rate_hz > 0 && isfinite(sampling_rate_hz), SPK_ERR_ARGUMENT,
                "sampling_rate_hz must be positive and finite, got %.17g",
                sampling_rate_hz);
    const double start = options->start_s, stop = options->stop_s, bin = options->bin_s;
    SPK_REQUIRE(ctx, isfinite(start) && isfinite(stop) && start < stop, SPK_ERR_ARGUMENT,
                "start_s must be below stop_s, got %g and %g", start, stop);
    SPK_REQUIRE(ctx, bin > 0 && isfinite(bin), SPK_ERR_ARGUMENT,
                "bin_s must be above 0, got %g", bin);
    SPK_REQUIRE(ctx, (stop - start) / bin >= 1.0 - 1e-9, SPK_ERR_ARGUMENT,
                "bin_s must be at most the window, %g s, got %g", stop - start, bin);
    const double rate = sampling_rate_hz;
    double bin_samples = nearbyint(bin * rate);
    bin_samples = bin_samples < 1.0 ? 1.0 : bin_samples;
    const int is_at_edge = is_near_whole(start / bin); /* the event */
    const double before = rint(start * rate / bin_samples);
    const double first = is_at_edge ? before * bin_samples : nearbyint(start * rate);
    double n_bins = is_at_edge ? bins_for(stop, bin, rate, bin_samples) - before
                               : bins_for(stop - start, bin, rate, bin_samples);
    n_bins = n_bins < 1.0 ? 1.0 : n_bins;
    SPK_REQUIRE(ctx,
                bin_samples <= MOST_SAMPLES && fabs(first) <= MOST_SAMPLES &&
                    n_bins * bin_samples <= MOST_SAMPLES,
                SPK_ERR_OVERFLOW, "the window, %g s to %g s, is beyond 2^53 samples",
                start, stop);
    *window = (spk_alignment_window){.n_bins = (int64_t)n_bins,
                                     .first_sample = (int64_t)first,
                                     .bin_samples = (int64_t)bin_samples};
    return SPK_OK;
}

static int64_t add_within(int64_t a, int64_t b)
{
    int64_t sum;
    if (__builtin_add_overflow(a, b, &sum))
        return b < 0 ? INT64_MIN : INT64_MAX;
    return sum;
}

/* The windows of events in order of time. */
static void observe(const spk_spikes *spikes, const spk_epochs *epochs,
                    const int64_t *events, spk__aligned_events *aligned)
{
    const spk_epochs whole = {1, &spikes->start_sample, &spikes->stop_sample};
    const spk_alignment_window *window = &aligned->window;
    int64_t epoch = 0;
    if (epochs == NULL)
        epochs = &whole;
    for (int64_t k = 0; k < aligned->n_events; k++) {
        spk__aligned_event *event = &aligned->events[k];
        const int64_t at = events[event->place];
        event->origin = event->start = event->stop = 0;
        while (epoch < epochs->n_epochs && epochs->stops[epoch] <= at)
            epoch++;
        if (epoch == epochs->n_epochs || epochs->starts[epoch] > at ||
            at < spikes->start_sample || at >= spikes->stop_sample)
            continue;
        int64_t start = epochs->starts[epoch], stop = epochs->stops[epoch];
        start = start > spikes->start_sample ? start : spikes->start_sample;
        stop = stop < spikes->stop_sample ? stop : spikes->stop_sample;
        const int64_t from = add_within(at, window->first_sample);
        const int64_t to =
            add_within(at, window->first_sample + window->n_bins * window->bin_samples);
        start = start > from ? start : from;
        stop = stop < to ? stop : to;
        if (start >= stop)
            continue;
        /* modulo 2^64, as are the differences from it */
        event->origin = (int64_t)((uint64_t)at + (uint64_t)window->first_sample);
        event->start = start;
        event->stop = stop;
    }
}

spk_status spk__aligned_events_create(spk_context *ctx, const spk_spikes *spikes,
                                      int64_t n_events, const int64_t *events,
                                      const spk_alignment_options *options,
                                      spk__aligned_events *aligned)
{
    spk_status status = spk__spikes_check_sizes(ctx, spikes);
    if (status != SPK_OK)
        return status;
    status = spk_alignment_find_window(ctx, spikes->sampling_rate_hz, options,
                                       &aligned->window);
    if (status != SPK_OK)
        return status;
    const spk_epochs *epochs = options == NULL ? NULL : options->epochs;
    if (epochs != NULL && (status = spk_epochs_check(ctx, epochs)) != SPK_OK)
        return status;
    SPK_REQUIRE(ctx, n_events >= 0, SPK_ERR_ARGUMENT,
                "n_events must be >= 0, got %" PRId64, n_events);
    SPK_REQUIRE(ctx, n_events == 0 || events != NULL, SPK_ERR_ARGUMENT, "events is NULL");
    int64_t *order = spk__alloc(ctx, n_events, sizeof *order);
    aligned->events = spk__alloc(ctx, n_events, sizeof *aligned->events);
    if (order == NULL || aligned->events == NULL) {
        status = spk__fail_memory(ctx);
        goto cleanup;
    }
    if (n_events > 0 &&
        (status = spk_spikes_order(ctx, n_events, events, order)) != SPK_OK)
        goto cleanup;
    aligned->n_events = n_events;
    for (int64_t k = 0; k < n_events; k++)
        aligned->events[k].place = order[k];
    observe(spikes, epochs, events, aligned);
cleanup:
    spk__free(order);
    if (status != SPK_OK)
        spk__aligned_events_free(aligned);
    return status;
}

void spk__aligned_events_free(spk__aligned_events *aligned)
{
    spk__free(aligned->events);
    aligned->events = NULL;
}

void spk__aligned_events_count(const spk__aligned_events *aligned, const spk_train *train,
                               int64_t stride, int32_t *counts)
{
    const int64_t *samples = train->samples, n = train->n_spikes;
    const uint64_t width = (uint64_t)aligned->window.bin_samples;
    int64_t first = 0;
    for (int64_t k = 0; k < aligned->n_events; k++) {
        const spk__aligned_event *event = &aligned->events[k];
        if (event->start == event->stop)
            continue;
        while (first < n && samples[first] < event->start)
            first++;
        int32_t *bins = counts + event->place * stride;
        for (int64_t i = first; i < n && samples[i] < event->stop; i++)
            bins[((uint64_t)samples[i] - (uint64_t)event->origin) / width]++;
    }
}

void spk__aligned_event_exposure(const spk__aligned_events *aligned,
                                 const spk__aligned_event *event, int64_t *exposure)
{
    const int64_t width = aligned->window.bin_samples;
    memset(exposure, 0, (size_t)aligned->window.n_bins * sizeof *exposure);
    if (event->start == event->stop)
        return;
    /* from the origin, where numbers are small */
    const int64_t start = (int64_t)((uint64_t)event->start - (uint64_t)event->origin);
    const int64_t stop = (int64_t)((uint64_t)event->stop - (uint64_t)event->origin);
    for (int64_t b = start / width; b * width < stop; b++) {
        const int64_t from = b * width > start ? b * width : start;
        const int64_t to = (b + 1) * width < stop ? (b + 1) * width : stop;
        exposure[b] = to - from;
    }
}
