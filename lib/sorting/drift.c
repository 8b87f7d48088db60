/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/check.h"
#include "base/durations.h"
#include "base/memory.h"
#include "base/parallel.h"
#include "files/array_convert.h"
#include "sorting/spike_values.h"
#include "sorting/train_bins.h"
#include "sorting/value_order.h"

#include <inttypes.h>
#include <math.h>
#include <spikekit/drift.h>
#include <string.h>

typedef struct job {
    spk_context *ctx;
    const spk_trains *trains;
    const spk_array *values;
    int64_t column, width, n_intervals, min_spikes;
    double *medians;
    int64_t *counts;
    int64_t largest;  /* spikes of the largest unit */
    int64_t *samples; /* [workers][largest] */
    double *kept;     /* [workers][largest] */
} job;

void spk_drift_options_init(spk_drift_options *options, size_t struct_size)
{
    spk_drift_options defaults = {
        .struct_size = struct_size, .interval_s = 60, .min_spikes = 10};
    if (options != NULL)
        memcpy(options, &defaults,
               struct_size < sizeof defaults ? struct_size : sizeof defaults);
}

spk_status spk_drift_length(spk_context *ctx, const spk_trains *trains,
                            const spk_drift_options *options, int64_t *n_intervals)
{
    spk_drift_options defaults;
    spk_drift_options_init(&defaults, sizeof defaults);
    if (options == NULL)
        options = &defaults;
    SPK_REQUIRE(ctx, trains != NULL, SPK_ERR_ARGUMENT, "trains is NULL");
    SPK_REQUIRE(ctx, n_intervals != NULL, SPK_ERR_ARGUMENT, "n_intervals is NULL");
    SPK_REQUIRE(ctx, options->struct_size >= sizeof *options, SPK_ERR_ARGUMENT,
                "options: not filled by spk_drift_options_init()");
    SPK_REQUIRE(ctx, options->interval_s > 0 && isfinite(options->interval_s),
                SPK_ERR_ARGUMENT, "interval_s must be above 0 and finite, got %g",
                options->interval_s);
    SPK_REQUIRE(ctx, options->min_spikes >= 1, SPK_ERR_ARGUMENT,
                "min_spikes must be >= 1, got %" PRId64, options->min_spikes);
    const spk_spikes *spikes = spk_trains_spikes(trains);
    const uint64_t width =
        (uint64_t)spk__samples_in(options->interval_s, spikes->sampling_rate_hz);
    const uint64_t span = (uint64_t)spikes->stop_sample - (uint64_t)spikes->start_sample;
    const uint64_t n = span / width + (span % width != 0);
    SPK_REQUIRE(ctx, n <= INT64_MAX, SPK_ERR_OVERFLOW, "intervals beyond 2^63 - 1");
    *n_intervals = (int64_t)n;
    return SPK_OK;
}

static spk_status run_unit(void *state, int64_t unit, int32_t worker)
{
    const job *j = state;
    const spk_train train = spk_trains_unit(j->trains, unit);
    int64_t *samples = j->samples + worker * j->largest;
    double *values = j->kept + worker * j->largest;
    double *medians = j->medians + unit * j->n_intervals;
    int64_t n = 0;
    const spk_status status =
        spk__finite_values(j->ctx, j->values, j->column, &train, samples, values, &n);
    if (status != SPK_OK)
        return status;
    const uint64_t start = (uint64_t)spk_trains_spikes(j->trains)->start_sample;
    int64_t at = 0;
    for (int64_t k = 0; k < j->n_intervals; k++) {
        const uint64_t from = start + (uint64_t)k * (uint64_t)j->width;
        const int64_t first = at;
        while (at < n && (uint64_t)samples[at] - from < (uint64_t)j->width)
            at++;
        medians[k] =
            at - first >= j->min_spikes ? spk__median(values + first, at - first) : NAN;
        if (j->counts != NULL)
            j->counts[unit * j->n_intervals + k] = at - first;
    }
    return SPK_OK;
}

spk_status spk_drift_medians(spk_context *ctx, const spk_trains *trains,
                             const spk_array *values, int64_t column,
                             const spk_drift_options *options, double *medians,
                             int64_t *counts)
{
    spk_drift_options defaults;
    spk_drift_options_init(&defaults, sizeof defaults);
    if (options == NULL)
        options = &defaults;
    int64_t n_intervals = 0;
    spk_status status = spk_drift_length(ctx, trains, options, &n_intervals);
    if (status != SPK_OK)
        return status;
    const spk_spikes *spikes = spk_trains_spikes(trains);
    SPK_REQUIRE(ctx, medians != NULL || n_intervals == 0 || spikes->n_units == 0,
                SPK_ERR_ARGUMENT, "medians is NULL");
    if ((status = spk__spike_values_check(ctx, "values", values, spikes->n_spikes,
                                          column)) != SPK_OK)
        return status;
    const int32_t n_workers = spk__parallel_workers(ctx, spikes->n_units);
    job j = {.ctx = ctx,
             .trains = trains,
             .values = values,
             .column = column,
             .width = spk__samples_in(options->interval_s, spikes->sampling_rate_hz),
             .n_intervals = n_intervals,
             .min_spikes = options->min_spikes,
             .medians = medians,
             .counts = counts,
             .largest = spk__trains_largest(trains)};
    j.samples = spk__alloc(ctx, n_workers * j.largest, sizeof *j.samples);
    j.kept = spk__alloc(ctx, n_workers * j.largest, sizeof *j.kept);
    status = j.samples == NULL || j.kept == NULL
                 ? spk__fail_memory(ctx)
                 : spk__parallel_for(ctx, spikes->n_units, run_unit, &j, "drift");
    spk__free(j.samples);
    spk__free(j.kept);
    return status;
}
