/* SPDX-License-Identifier: BSD-3-Clause */
/* How many spikes, and how often. */
#include "sorting/metric_group.h"

#include <math.h>

enum {
    NUM_SPIKES,
    FIRING_RATE,
    FIRING_RATE_SPAN,
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
};

/* From the first to the last spike of the table that any unit keeps [samples]. */
static int64_t span_of_all(const spk_trains *trains)
{
    const int64_t n_units = spk_trains_spikes(trains)->n_units;
    int64_t first = INT64_MAX, last = INT64_MIN;
    for (int64_t u = 0; u < n_units; u++) {
        const spk_train train = spk_trains_unit(trains, u);
        if (train.n_spikes == 0)
            continue;
        if (train.samples[0] < first)
            first = train.samples[0];
        if (train.samples[train.n_spikes - 1] > last)
            last = train.samples[train.n_spikes - 1];
    }
    return first < last ? last - first : 0;
}

static spk_status compute(spk_context *ctx, const spk__metrics_work *work,
                          double *const *values)
{
    (void)ctx;
    const spk_spikes *spikes = work->input->spikes;
    const double rate_hz = spikes->sampling_rate_hz;
    const double span_s = (double)span_of_all(work->trains) / rate_hz;
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
    return SPK_OK;
}

const spk__metric_group spk__metrics_activity = {
    .name = "activity",
    .metrics = metrics,
    .n_metrics = N_METRICS,
    .compute = compute,
};
