/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Whether a unit was there throughout. All tools count bins with spikes, and no two of them
 * count alike: other bins, other ends, another idea of what makes a bin count.
 */
#include "base/check.h"
#include "base/durations.h"
#include "base/memory.h"
#include "base/parallel.h"
#include "sorting/metric_group.h"
#include "sorting/order_statistics.h"
#include "sorting/train_bins.h"

#include <math.h>

enum {
    PRESENCE_RATIO,
    PRESENCE_RATIO_ALLEN,
    PRESENCE_RATIO_ALLEN_FIXED,
    PRESENCE_RATIO_IBL,
    PRESENCE_RATIO_STD_IBL,
    PRESENCE_RATIO_BOMBCELL,
    N_METRICS
};

#define SPAN_NOTE                                                                        \
    " Bins in which the unit was not observed (outside epochs and periods) are left "    \
    "out."

static const spk_metric metrics[N_METRICS] = {
    [PRESENCE_RATIO] = {"presence_ratio", "spikeinterface:presence_ratio", "presence",
                        "1",
                        "Share of the bins of presence_bin_s with more than floor(N / T "
                        "* presence_bin_s * "
                        "presence_rate_share) spikes: whole bins [a, b) from the start "
                        "of each stretch of "
                        "observed time on.",
                        "no spikes, or no whole bin", 0, 0},
    [PRESENCE_RATIO_ALLEN] = {"presence_ratio_allen", "allen:presence_ratio", "presence",
                              "1",
                              "Bins with a spike / presence_allen_edges (100): so many "
                              "edges, and one bin less, "
                              "are laid evenly from the first to the last spike of any "
                              "unit. Never above 0.99, "
                              "which is as published." SPAN_NOTE,
                              "no spikes, or all spikes of the recording at one time", 0,
                              0},
    [PRESENCE_RATIO_ALLEN_FIXED] =
        {"presence_ratio_allen_fixed", "", "presence", "1",
         "The share of the same bins as presence_ratio_allen that have a spike: its "
         "value "
         "times 100 / 99, so that a unit that is always there has 1." SPAN_NOTE,
         "no spikes, or all spikes of the recording at one time", 0, 0},
    [PRESENCE_RATIO_IBL] =
        {"presence_ratio_ibl", "ibl:presence_ratio", "presence", "1",
         "Share of the bins of presence_ibl_bin_s that have a spike. Bins begin at the "
         "first "
         "spike of any unit; there are ceil(D + 1/2) of them for a span of D bins to the "
         "last spike of any unit, so that the last may reach, or even lie, beyond "
         "it." SPAN_NOTE,
         "no spikes", 0, 0},
    [PRESENCE_RATIO_STD_IBL] =
        {"presence_ratio_std_ibl", "ibl:presence_ratio_std", "presence", "spikes",
         "Standard deviation (of the population) of the counts in the bins of "
         "presence_ratio_ibl.",
         "no spikes", 0, 0},
    [PRESENCE_RATIO_BOMBCELL] =
        {"presence_ratio_bombcell", "bombcell:presenceRatio", "presence", "1",
         "Share of the bins of presence_bombcell_bin_s that have a spike and at least 5 "
         "% of "
         "the 90th percentile of the counts. Bins begin at the first spike of any unit, "
         "the "
         "last ends before the last; a shorter recording is one bin." SPAN_NOTE,
         "no spikes, or all spikes of the recording at one time", 0, 0},
};

static const spk_metrics_parameter parameters[] = {
    {"presence_bin_s", "presence", "s",
     "Width of the bins of presence_ratio, cut down to whole samples.", 60, 0.001, 1e6},
    {"presence_rate_share", "presence", "1",
     "A bin of presence_ratio needs more than this share of the spikes that the mean "
     "rate "
     "gives it.",
     0, 0, 1e6},
    {"presence_allen_edges", "presence", "1", "Edges of bins of presence_ratio_allen.",
     100, 2, 1e6},
    {"presence_ibl_bin_s", "presence", "s", "Width of the bins of presence_ratio_ibl.",
     10, 0.001, 1e6},
    {"presence_bombcell_bin_s", "presence", "s",
     "Width of the bins of presence_ratio_bombcell.", 60, 0.001, 1e6},
};

typedef struct presence_work {
    const spk_trains *trains;
    double *const *values;
    double rate_hz, bin_s, rate_share, allen_edges;
    int64_t bin_samples;
    spk__bin_grid allen, ibl, bombcell;
    int64_t room;    /* of each worker's counts */
    double *scratch; /* [n_workers][room] */
} presence_work;

static double ratio_spikeinterface(const presence_work *work, const spk_train *train,
                                   double *counts)
{
    int64_t n_bins, n_present = 0;
    const int64_t n = spk__train_bin_counts(train, work->bin_samples, counts, &n_bins);
    const double rate_hz =
        (double)train->n_spikes / ((double)train->duration_samples / work->rate_hz);
    const double enough = floor(rate_hz * work->bin_s * work->rate_share);
    for (int64_t i = 0; i < n; i++)
        n_present += counts[i] > enough;
    return n_bins == 0 ? NAN : (double)n_present / (double)n_bins;
}

static void measure_allen(const presence_work *work, const spk_train *train,
                          double *counts, int64_t unit)
{
    double *const ratio = work->values[PRESENCE_RATIO_ALLEN];
    double *const fixed = work->values[PRESENCE_RATIO_ALLEN_FIXED];
    int64_t n_seen;
    if ((ratio == NULL && fixed == NULL) || work->allen.n_bins == 0)
        return;
    const int64_t n = spk__train_grid_counts(train, &work->allen, counts, &n_seen);
    if (ratio != NULL)
        ratio[unit] = (double)n / (double)(n_seen + 1);
    if (fixed != NULL)
        fixed[unit] = (double)n / (double)n_seen;
}

static void measure_ibl(const presence_work *work, const spk_train *train, double *counts,
                        int64_t unit)
{
    double *const ratio = work->values[PRESENCE_RATIO_IBL];
    double *const std = work->values[PRESENCE_RATIO_STD_IBL];
    int64_t n_seen;
    if (ratio == NULL && std == NULL)
        return;
    const int64_t n = spk__train_grid_counts(train, &work->ibl, counts, &n_seen);
    const double mean = (double)train->n_spikes / (double)n_seen;
    double squares = (double)(n_seen - n) * mean * mean;
    for (int64_t i = 0; i < n; i++)
        squares += (counts[i] - mean) * (counts[i] - mean);
    if (ratio != NULL)
        ratio[unit] = (double)n / (double)n_seen;
    if (std != NULL)
        std[unit] = sqrt(squares / (double)n_seen);
}

static double ratio_bombcell(const presence_work *work, const spk_train *train,
                             double *counts)
{
    int64_t n_seen, n_present = 0;
    if (work->bombcell.n_bins == 0)
        return NAN;
    const int64_t n = spk__train_grid_counts(train, &work->bombcell, counts, &n_seen);
    const double enough = 0.05 * spk__percentile(counts, n, n_seen - n, 90);
    for (int64_t i = 0; i < n; i++)
        n_present += counts[i] >= enough;
    return n_seen == 0 ? NAN : (double)n_present / (double)n_seen;
}

static spk_status measure_unit(void *state, int64_t unit, int32_t worker)
{
    const presence_work *work = state;
    double *counts = work->scratch + worker * work->room;
    const spk_train train = spk_trains_unit(work->trains, unit);
    if (train.n_spikes == 0)
        return SPK_OK;
    if (work->values[PRESENCE_RATIO] != NULL)
        work->values[PRESENCE_RATIO][unit] = ratio_spikeinterface(work, &train, counts);
    measure_allen(work, &train, counts, unit);
    measure_ibl(work, &train, counts, unit);
    if (work->values[PRESENCE_RATIO_BOMBCELL] != NULL)
        work->values[PRESENCE_RATIO_BOMBCELL][unit] =
            ratio_bombcell(work, &train, counts);
    return SPK_OK;
}

/* The grids of the tools that go from the first to the last spike. */
static void lay_grids(presence_work *work, double ibl_bin_s, double bombcell_bin_s)
{
    const spk__trains_span span = spk__trains_find_span(work->trains);
    const double length = (double)span.last - (double)span.first;
    const double ibl_width = fmax(ibl_bin_s * work->rate_hz, 1);
    const double bombcell_width = fmax(bombcell_bin_s * work->rate_hz, 1);
    const int64_t n_edges = (int64_t)ceil(length / bombcell_width);
    work->allen = (spk__bin_grid){
        .origin = span.first,
        .n_bins = length > 0 ? (int64_t)work->allen_edges - 1 : 0,
        .span = span.last - span.first,
        .n_parts = (int64_t)work->allen_edges - 1,
        .last = span.last,
    };
    work->ibl = (spk__bin_grid){
        .origin = span.first,
        .n_bins = (int64_t)ceil(length / ibl_width + 0.5),
        .width = ibl_width,
        .last = span.last,
    };
    work->bombcell = (spk__bin_grid){
        .origin = span.first,
        .n_bins = n_edges >= 2 ? n_edges - 1 : length > 0,
        .width = n_edges >= 2 ? bombcell_width : length,
        .last = INT64_MAX, /* no bin is closed at its end */
    };
}

static int64_t largest_of(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static spk_status compute(spk_context *ctx, const spk__metrics_work *work,
                          double *const *values)
{
    const spk_spikes *spikes = work->input->spikes;
    presence_work presence = {
        .trains = work->trains,
        .values = values,
        .rate_hz = spikes->sampling_rate_hz,
        .bin_s = spk__metrics_parameter(work, "presence_bin_s"),
        .rate_share = spk__metrics_parameter(work, "presence_rate_share"),
        .allen_edges = floor(spk__metrics_parameter(work, "presence_allen_edges")),
    };
    presence.bin_samples = spk__samples_in(presence.bin_s, presence.rate_hz);
    lay_grids(&presence, spk__metrics_parameter(work, "presence_ibl_bin_s"),
              spk__metrics_parameter(work, "presence_bombcell_bin_s"));
    presence.room = largest_of(
        largest_of((spikes->stop_sample - spikes->start_sample) / presence.bin_samples,
                   presence.allen.n_bins),
        largest_of(presence.ibl.n_bins, presence.bombcell.n_bins));
    if (presence.room > spk__trains_largest(work->trains))
        presence.room = spk__trains_largest(work->trains);
    presence.scratch = spk__alloc(
        ctx, presence.room * spk__parallel_workers(ctx, spikes->n_units), sizeof(double));
    if (presence.scratch == NULL)
        return spk__fail_memory(ctx);
    const spk_status status =
        spk__parallel_for(ctx, spikes->n_units, measure_unit, &presence, "presence");
    spk__free(presence.scratch);
    return status;
}

const spk__metric_group spk__metrics_presence = {
    .name = "presence",
    .metrics = metrics,
    .n_metrics = N_METRICS,
    .parameters = parameters,
    .n_parameters = sizeof parameters / sizeof parameters[0],
    .compute = compute,
};
