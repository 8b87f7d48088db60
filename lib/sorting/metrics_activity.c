/* SPDX-License-Identifier: BSD-3-Clause */
/* How many spikes, how often, and how much the rate varies. */
#include "base/check.h"
#include "base/durations.h"
#include "base/memory.h"
#include "base/parallel.h"
#include "sorting/metric_group.h"
#include "sorting/order_statistics.h"
#include "sorting/train_bins.h"

#include <math.h>

enum {
    NUM_SPIKES,
    FIRING_RATE,
    FIRING_RATE_SPAN,
    FIRING_RANGE,
    N_METRICS
};

static const spk_metric metrics[N_METRICS] = {
    [NUM_SPIKES] = {"num_spikes",
                    "spikeinterface:num_spikes bombcell:nSpikes ibl:spike_count "
                    "cellexplorer:spikeCount",
                    "activity", "spikes", "Number of spikes N.", "never", 0, 0},
    [FIRING_RATE] = {"firing_rate", "spikeinterface:firing_rate", "activity", "Hz",
                     "N / T, T the time for which the unit was observed.",
                     "no spikes, or no time", 0, 0},
    [FIRING_RATE_SPAN] =
        {"firing_rate_span", "allen:firing_rate ibl:firing_rate", "activity", "Hz",
         "N / (t_last - t_first), from the first to the last spike of any "
         "unit.",
         "all spikes of the recording at one time", 0, 0},
    [FIRING_RANGE] =
        {"firing_range", "spikeinterface:firing_range", "activity", "Hz",
         "The 95th less the 5th percentile of the rates in bins of firing_range_bin_s: "
         "whole "
         "bins [a, b) from the start of each stretch of observed time on; percentiles by "
         "linear interpolation.",
         "no spikes, or no whole bin", 0, 0},
};

static const spk_metrics_parameter parameters[] = {
    {"firing_range_bin_s", "activity", "s",
     "Width of the bins of firing_range, cut down to whole samples.", 5, 0.001, 1e6},
    {"firing_range_low_percent", "activity", "%", "The lower percentile of firing_range.",
     5, 0, 100},
    {"firing_range_high_percent", "activity", "%",
     "The upper percentile of firing_range.", 95, 0, 100},
};

typedef struct activity_work {
    const spk_trains *trains;
    double *firing_range;
    double bin_s, low_percent, high_percent;
    int64_t bin_samples;
    int64_t room;    /* of each worker's counts */
    double *scratch; /* [n_workers][room] */
} activity_work;

static spk_status measure_range(void *state, int64_t unit, int32_t worker)
{
    const activity_work *work = state;
    double *rates = work->scratch + worker * work->room;
    const spk_train train = spk_trains_unit(work->trains, unit);
    int64_t n_bins;
    if (train.n_spikes == 0)
        return SPK_OK;
    const int64_t n = spk__train_bin_counts(&train, work->bin_samples, rates, &n_bins);
    for (int64_t i = 0; i < n; i++)
        rates[i] /= work->bin_s;
    const double high = spk__percentile(rates, n, n_bins - n, work->high_percent);
    const double low = spk__percentile(rates, n, n_bins - n, work->low_percent);
    work->firing_range[unit] = high - low;
    return SPK_OK;
}

static spk_status compute_range(spk_context *ctx, const spk__metrics_work *work,
                                double *firing_range)
{
    const spk_spikes *spikes = work->input->spikes;
    activity_work range = {
        .trains = work->trains,
        .firing_range = firing_range,
        .bin_s = spk__metrics_parameter(work, "firing_range_bin_s"),
        .low_percent = spk__metrics_parameter(work, "firing_range_low_percent"),
        .high_percent = spk__metrics_parameter(work, "firing_range_high_percent"),
    };
    const int64_t largest = spk__trains_largest(work->trains);
    range.bin_samples = spk__samples_in(range.bin_s, spikes->sampling_rate_hz);
    range.room = (spikes->stop_sample - spikes->start_sample) / range.bin_samples;
    range.room = range.room < largest ? range.room : largest;
    range.scratch = spk__alloc(
        ctx, range.room * spk__parallel_workers(ctx, spikes->n_units), sizeof(double));
    if (range.scratch == NULL)
        return spk__fail_memory(ctx);
    const spk_status status =
        spk__parallel_for(ctx, spikes->n_units, measure_range, &range, "firing range");
    spk__free(range.scratch);
    return status;
}

static spk_status compute(spk_context *ctx, const spk__metrics_work *work,
                          double *const *values)
{
    const spk_spikes *spikes = work->input->spikes;
    const double rate_hz = spikes->sampling_rate_hz;
    const spk__trains_span span = spk__trains_find_span(work->trains);
    const double span_s = ((double)span.last - (double)span.first) / rate_hz;
    for (int64_t u = 0; u < spikes->n_units; u++) {
        const spk_train train = spk_trains_unit(work->trains, u);
        const double n = (double)train.n_spikes;
        if (values[NUM_SPIKES] != NULL)
            values[NUM_SPIKES][u] = n;
        if (values[FIRING_RATE] != NULL && n > 0)
            values[FIRING_RATE][u] = n / ((double)train.duration_samples / rate_hz);
        if (values[FIRING_RATE_SPAN] != NULL && span_s > 0)
            values[FIRING_RATE_SPAN][u] = n / span_s;
    }
    return values[FIRING_RANGE] == NULL ? SPK_OK
                                        : compute_range(ctx, work, values[FIRING_RANGE]);
}

const spk__metric_group spk__metrics_activity = {
    .name = "activity",
    .metrics = metrics,
    .n_metrics = N_METRICS,
    .parameters = parameters,
    .n_parameters = sizeof parameters / sizeof parameters[0],
    .compute = compute,
};
