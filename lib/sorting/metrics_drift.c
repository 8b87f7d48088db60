/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Where a unit is and how far it moves: medians of position over intervals of time, by the
 * rules of four tools.
 */
#include "base/check.h"
#include "base/durations.h"
#include "base/memory.h"
#include "base/parallel.h"
#include "sorting/drift_intervals.h"
#include "sorting/metric_columns.h"
#include "sorting/metric_group.h"
#include "sorting/spike_values.h"
#include "sorting/train_bins.h"
#include "sorting/value_order.h"

#include <math.h>
#include <string.h>

enum {
    N_MISSING,
    POSITION_X,
    POSITION_Y,
    DRIFT_PTP,
    DRIFT_STD,
    DRIFT_MAD,
    DRIFT_IBL,
    POSITION_Y_PC,
    MAX_ALLEN,
    CUMULATIVE_ALLEN,
    MAX_BOMBCELL,
    CUMULATIVE_BOMBCELL,
    N_METRICS
};

#define BY_POSITION(name, peers, unit, summary, undefined)                               \
    {                                                                                    \
        name, peers, "drift", unit, summary, undefined, SPK_METRIC_NEEDS_POSITIONS, 0    \
    }
#define BY_FEATURES(name, peers, unit, summary, undefined)                               \
    {                                                                                    \
        name, peers, "drift", unit, summary, undefined, SPK_METRIC_NEEDS_FEATURES, 0     \
    }

static const spk_metric metrics[N_METRICS] = {
    [N_MISSING] = BY_POSITION("n_positions_missing", "", "spikes",
                              "Spikes whose y is NaN or infinite. All metrics of drift "
                              "that are made from positions leave them out.",
                              "never"),
    [POSITION_X] = BY_POSITION("position_x_um", "", "um",
                               "Median x of the spikes that have one.", "no positions"),
    [POSITION_Y] =
        BY_POSITION("position_y_um", "", "um", "Median y of the spikes.", "no positions"),
    [DRIFT_PTP] = BY_POSITION(
        "drift_ptp", "spikeinterface:drift_ptp", "um",
        "Greatest less least d(k), d(k) the median y in interval k less the median y of "
        "all spikes. Each run is cut from its start into whole intervals of 60 s "
        "(drift_interval_s, int(60 fs) samples); those with 100 spikes "
        "(drift_min_spikes) count.",
        "no positions, fewer than 2 intervals (drift_min_intervals), or more than "
        "half of them (drift_most_missing) without enough spikes"),
    [DRIFT_STD] =
        BY_POSITION("drift_std", "spikeinterface:drift_std", "um",
                    "Standard deviation of the d(k) of drift_ptp.", "as drift_ptp"),
    [DRIFT_MAD] = BY_POSITION("drift_mad", "spikeinterface:drift_mad", "um",
                              "Median of |d(k) - m|, d(k) as in drift_ptp and m the "
                              "median of d(k).",
                              "as drift_ptp"),
    [DRIFT_IBL] = BY_POSITION(
        "drift_ibl", "ibl:drift", "um/h",
        "Sum of |y - y of the spike before|, divided by the time from the first to the "
        "last spike of any unit. No difference bridges two runs.",
        "fewer than two spikes (IBL: 0), or all spikes of the recording at one time"),
    [POSITION_Y_PC] =
        BY_FEATURES("position_y_pc_um", "", "um",
                    "Median depth of the spikes, the depth of a spike the mean y of its "
                    "channels weighted by max(c, 0)^2, c the first principal component.",
                    "no spike with a depth, or positions of channels not known"),
    [MAX_ALLEN] = BY_FEATURES(
        "max_drift_allen", "allen:max_drift", "um",
        "Greatest less least median depth (as position_y_pc_um) over intervals of 100 s "
        "(drift_allen_interval_s) with at least 10 spikes (drift_allen_min_spikes), from "
        "the first spike of any unit on, their first samples left out. Allen's tool "
        "takes "
        "10 um times the number of a channel for its y, and rounds to 0.01.",
        "fewer than two such intervals (Allen: 0 of one)"),
    [CUMULATIVE_ALLEN] = BY_FEATURES(
        "cumulative_drift_allen", "allen:cumulative_drift", "um",
        "Sum of |difference| of the median depths of max_drift_allen over intervals that "
        "follow one another.",
        "no two such intervals follow one another (Allen: 0)"),
    [MAX_BOMBCELL] = BY_FEATURES(
        "max_drift_bombcell", "bombcell:maxDriftEstimate", "um",
        "Greatest less least median depth (as position_y_pc_um) over bins of 60 s "
        "(drift_bombcell_bin_s) from the unit's first spike on; the bin that its last "
        "spike is in, or ends, does not count. bombcell adds 0.001 to the sum of the "
        "weights, which draws depths to 0 a little.",
        "fewer than two bins with spikes (bombcell: 0 of one)"),
    [CUMULATIVE_BOMBCELL] =
        BY_FEATURES("cumulative_drift_bombcell", "bombcell:cumDriftEstimate", "um",
                    "Sum of |difference| of the median depths of max_drift_bombcell from "
                    "a bin with spikes to the next.",
                    "as max_drift_bombcell"),
};

static const spk_metrics_parameter parameters[] = {
    {"drift_interval_s", "drift", "s", "drift_ptp, _std and _mad: length of an interval.",
     60, 1e-3, 1e9},
    {"drift_min_spikes", "drift", "spikes",
     "drift_ptp, _std and _mad: fewest in an interval.", 100, 1, 1e9},
    {"drift_min_intervals", "drift", "intervals",
     "drift_ptp, _std and _mad: fewest intervals.", 2, 1, 1e9},
    {"drift_most_missing", "drift", "1",
     "drift_ptp, _std and _mad: greatest share of intervals without enough spikes.", 0.5,
     0, 1},
    {"drift_allen_interval_s", "drift", "s",
     "max_drift_allen and cumulative_drift_allen: length of an interval.", 100, 1e-3,
     1e9},
    {"drift_allen_min_spikes", "drift", "spikes",
     "max_drift_allen and cumulative_drift_allen: fewest in an interval.", 10, 1, 1e9},
    {"drift_bombcell_bin_s", "drift", "s",
     "max_drift_bombcell and cumulative_drift_bombcell: width of a bin.", 60, 1e-3, 1e9},
};

typedef struct settings {
    int64_t width, min_spikes; /* of SpikeInterface's */
    double min_intervals, most_missing;
    int64_t allen_width, allen_min_spikes, bombcell_width;
} settings;

/* One worker's memory, each for the largest unit. */
typedef struct scratch {
    int64_t *samples; /* of the spikes with a value */
    double *values;
    double *room;
    int64_t *places;
    double *medians;
} scratch;

typedef struct job {
    const spk__metrics_work *work;
    double *const *values;
    settings set;
    spk__trains_span span;
    double *depths; /* [n_spikes] from features; NULL: not wanted or not to be had */
    spk_context *ctx;
    scratch *workers;
} job;

static settings read_settings(const spk__metrics_work *work)
{
    const double rate_hz = work->input->spikes->sampling_rate_hz;
    return (settings){
        .width =
            spk__samples_in(spk__metrics_parameter(work, "drift_interval_s"), rate_hz),
        .min_spikes = (int64_t)ceil(spk__metrics_parameter(work, "drift_min_spikes")),
        .min_intervals = spk__metrics_parameter(work, "drift_min_intervals"),
        .most_missing = spk__metrics_parameter(work, "drift_most_missing"),
        .allen_width = spk__samples_in(
            spk__metrics_parameter(work, "drift_allen_interval_s"), rate_hz),
        .allen_min_spikes =
            (int64_t)ceil(spk__metrics_parameter(work, "drift_allen_min_spikes")),
        .bombcell_width = spk__samples_in(
            spk__metrics_parameter(work, "drift_bombcell_bin_s"), rate_hz),
    };
}

static double median_of_all(scratch *mine, int64_t n)
{
    memcpy(mine->room, mine->values, (size_t)n * sizeof *mine->room);
    return spk__median(mine->room, n);
}

static void spread(const double *values, int64_t n, double *range, double *sd)
{
    double least = values[0], greatest = values[0], sum = 0, squares = 0;
    for (int64_t i = 0; i < n; i++) {
        least = fmin(least, values[i]);
        greatest = fmax(greatest, values[i]);
        sum += values[i];
    }
    const double mean = sum / (double)n;
    for (int64_t i = 0; i < n; i++)
        squares += (values[i] - mean) * (values[i] - mean);
    *range = greatest - least;
    *sd = sqrt(squares / (double)n);
}

static void drift_of_intervals(const job *j, int64_t unit, const spk_train *train,
                               scratch *mine, int64_t n, double reference)
{
    double n_intervals = 0, range, sd;
    int64_t found = 0, at = 0;
    for (int64_t r = 0; r < train->n_runs; r++) {
        const spk__intervals run = {.origin = train->run_starts[r],
                                    .width = j->set.width,
                                    .n = (train->run_stops[r] - train->run_starts[r]) /
                                         j->set.width,
                                    .min_spikes = j->set.min_spikes};
        int64_t stop = at;
        while (stop < n && mine->samples[stop] < train->run_stops[r])
            stop++;
        n_intervals += (double)run.n;
        found += spk__interval_medians(&run, mine->samples + at, mine->values + at,
                                       stop - at, mine->room, mine->places + found,
                                       mine->medians + found);
        at = stop;
    }
    if (found == 0 || n_intervals < j->set.min_intervals ||
        n_intervals - (double)found > j->set.most_missing * n_intervals)
        return;
    double *d = mine->medians;
    for (int64_t k = 0; k < found; k++)
        d[k] -= reference;
    spread(d, found, &range, &sd);
    spk__columns_put(j->values, DRIFT_PTP, unit, range);
    spk__columns_put(j->values, DRIFT_STD, unit, sd);
    memcpy(mine->room, d, (size_t)found * sizeof *d);
    const double middle = spk__median(mine->room, found);
    for (int64_t k = 0; k < found; k++)
        d[k] = fabs(d[k] - middle);
    spk__columns_put(j->values, DRIFT_MAD, unit, spk__median(d, found));
}

/* Path of the depth over the span of all spikes. */
static void drift_of_path(const job *j, int64_t unit, const spk_train *train,
                          const scratch *mine, int64_t n)
{
    const double rate_hz = j->work->input->spikes->sampling_rate_hz;
    double path = 0;
    int64_t run = 0, n_steps = 0;
    for (int64_t i = 0; i < n; i++) {
        int is_first = i == 0;
        while (mine->samples[i] >= train->run_stops[run]) {
            run++;
            is_first = 1;
        }
        if (is_first)
            continue;
        path += fabs(mine->values[i] - mine->values[i - 1]);
        n_steps++;
    }
    const double span_s = ((double)j->span.last - (double)j->span.first) / rate_hz;
    if (n_steps > 0 && span_s > 0)
        spk__columns_put(j->values, DRIFT_IBL, unit, path / span_s * 3600);
}

/* Range of medians and the way between them; `bridges` gaps or not. */
static void range_and_way(const job *j, int64_t unit, int metric, const scratch *mine,
                          int64_t found, int bridges)
{
    double range, sd, way = 0;
    int64_t n_steps = 0;
    if (found < 2)
        return;
    spread(mine->medians, found, &range, &sd);
    for (int64_t k = 1; k < found; k++)
        if (bridges || mine->places[k] == mine->places[k - 1] + 1) {
            way += fabs(mine->medians[k] - mine->medians[k - 1]);
            n_steps++;
        }
    spk__columns_put(j->values, metric, unit, range);
    if (n_steps > 0)
        spk__columns_put(j->values, metric + 1, unit, way);
}

static void metrics_of_depths(const job *j, int64_t unit, scratch *mine, int64_t n)
{
    if (n == 0)
        return;
    if (j->values[POSITION_Y_PC] != NULL)
        j->values[POSITION_Y_PC][unit] = median_of_all(mine, n);
    if (spk__columns_want(j->values, MAX_ALLEN, CUMULATIVE_ALLEN)) {
        const uint64_t span = (uint64_t)j->span.last - (uint64_t)j->span.first;
        const uint64_t width = (uint64_t)j->set.allen_width;
        const spk__intervals allen = {.origin = j->span.first,
                                      .width = j->set.allen_width,
                                      .n = (int64_t)(span / width + (span % width != 0)),
                                      .is_open = 1,
                                      .min_spikes = j->set.allen_min_spikes};
        range_and_way(j, unit, MAX_ALLEN, mine,
                      spk__interval_medians(&allen, mine->samples, mine->values, n,
                                            mine->room, mine->places, mine->medians),
                      0);
    }
    if (spk__columns_want(j->values, MAX_BOMBCELL, CUMULATIVE_BOMBCELL)) {
        const uint64_t span = (uint64_t)mine->samples[n - 1] - (uint64_t)mine->samples[0];
        const uint64_t width = (uint64_t)j->set.bombcell_width;
        const uint64_t edges = span / width + (span % width != 0);
        const spk__intervals bombcell = {.origin = mine->samples[0],
                                         .width = j->set.bombcell_width,
                                         .n = edges > 0 ? (int64_t)edges - 1 : 0,
                                         .min_spikes = 1};
        range_and_way(j, unit, MAX_BOMBCELL, mine,
                      spk__interval_medians(&bombcell, mine->samples, mine->values, n,
                                            mine->room, mine->places, mine->medians),
                      1);
    }
}

static spk_status run_unit(void *state, int64_t unit, int32_t worker)
{
    const job *j = state;
    scratch *mine = &j->workers[worker];
    const spk_array *positions = j->work->input->spike_positions;
    const spk_train train = spk_trains_unit(j->work->trains, unit);
    spk_status status;
    int64_t n = 0;
    if (j->values[POSITION_X] != NULL) {
        status = spk__finite_values(j->ctx, positions, 0, &train, mine->samples,
                                    mine->values, &n);
        if (status != SPK_OK)
            return status;
        j->values[POSITION_X][unit] = spk__median(mine->values, n);
    }
    if (j->values[N_MISSING] != NULL ||
        spk__columns_want(j->values, POSITION_Y, DRIFT_IBL)) {
        status = spk__finite_values(j->ctx, positions, 1, &train, mine->samples,
                                    mine->values, &n);
        if (status != SPK_OK)
            return status;
        spk__columns_put(j->values, N_MISSING, unit, (double)(train.n_spikes - n));
        const double median = spk__columns_want(j->values, POSITION_Y, DRIFT_MAD)
                                  ? median_of_all(mine, n)
                                  : NAN;
        spk__columns_put(j->values, POSITION_Y, unit, median);
        if (j->values[DRIFT_IBL] != NULL)
            drift_of_path(j, unit, &train, mine, n);
        if (spk__columns_want(j->values, DRIFT_PTP, DRIFT_MAD))
            drift_of_intervals(j, unit, &train, mine, n, median);
    }
    if (j->depths != NULL) {
        for (int64_t i = 0; i < train.n_spikes; i++)
            mine->values[i] = j->depths[train.indices[i]];
        metrics_of_depths(j, unit, mine,
                          spk__keep_finite(&train, mine->samples, mine->values));
    }
    return SPK_OK;
}

static int allocate(spk_context *ctx, scratch *mine, int64_t n)
{
    mine->samples = spk__alloc(ctx, n, sizeof *mine->samples);
    mine->values = spk__alloc(ctx, n, sizeof *mine->values);
    mine->room = spk__alloc(ctx, n, sizeof *mine->room);
    mine->places = spk__alloc(ctx, n, sizeof *mine->places);
    mine->medians = spk__alloc(ctx, n, sizeof *mine->medians);
    return mine->samples != NULL && mine->values != NULL && mine->room != NULL &&
           mine->places != NULL && mine->medians != NULL;
}

static void release(scratch *mine)
{
    spk__free(mine->samples);
    spk__free(mine->values);
    spk__free(mine->room);
    spk__free(mine->places);
    spk__free(mine->medians);
}

static spk_status compute(spk_context *ctx, const spk__metrics_work *work,
                          double *const *values)
{
    const spk_spikes *spikes = work->input->spikes;
    const spk_features *features = work->input->features;
    const int32_t n_workers = spk__parallel_workers(ctx, spikes->n_units);
    const int64_t largest = spk__trains_largest(work->trains);
    job j = {.work = work,
             .values = values,
             .set = read_settings(work),
             .span = spk__trains_find_span(work->trains),
             .ctx = ctx};
    spk_status status = SPK_OK;
    j.workers = spk__alloc_zero(ctx, n_workers, sizeof *j.workers);
    if (j.workers == NULL)
        return spk__fail_memory(ctx);
    for (int32_t w = 0; w < n_workers; w++)
        if (!allocate(ctx, &j.workers[w], largest)) {
            status = spk__fail_memory(ctx);
            goto cleanup;
        }
    if (spk__columns_want(values, POSITION_Y_PC, CUMULATIVE_BOMBCELL) &&
        features->channel_positions_um != NULL) {
        j.depths = spk__alloc(ctx, spikes->n_spikes, sizeof *j.depths);
        if (j.depths == NULL) {
            status = spk__fail_memory(ctx);
            goto cleanup;
        }
        status = spk_features_depths(ctx, features, SPK_DEPTH_POSITIVE_PC1, j.depths);
        if (status != SPK_OK)
            goto cleanup;
    }
    status = spk__parallel_for(ctx, spikes->n_units, run_unit, &j, "drift metrics");
cleanup:
    for (int32_t w = 0; w < n_workers; w++)
        release(&j.workers[w]);
    spk__free(j.workers);
    spk__free(j.depths);
    return status;
}

const spk__metric_group spk__metrics_drift = {
    .name = "drift",
    .metrics = metrics,
    .n_metrics = N_METRICS,
    .parameters = parameters,
    .n_parameters = sizeof parameters / sizeof parameters[0],
    .compute = compute,
};
