/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The refractory test of Kilosort: how low the centre of the autocorrelogram lies beneath its
 * shoulders. Bins are 1 ms, centred on whole milliseconds, so that at 30 kHz one pair in
 * thirty is half way between two of them. Kilosort leaves these to the rounding of seconds;
 * its numbers, of units with few spikes above all, depend on it. Therefore lags are made here
 * as it makes them, in doubles. A unit with more pairs than its spikes times bins (thousands
 * of simultaneous spikes) goes by whole samples instead, such pairs counting half in each bin.
 */
#include "base/check.h"
#include "base/durations.h"
#include "base/memory.h"
#include "base/parallel.h"
#include "correlation/pair_tests.h"
#include "sorting/contamination.h"
#include "sorting/metric_group.h"
#include "sorting/pair_lags.h"
#include "sorting/train_bins.h"

#include <math.h>

enum {
    CONTAMINATION,
    PROBABILITY,
    REFRACTORY,
    CONTAMINATION_COLONELL,
    N_METRICS
};

#define TOO_FEW                                                                          \
    "fewer than 11 spikes, all at one time, or no pair of spikes in the shoulders"

static const spk_metric metrics[N_METRICS] = {
    [CONTAMINATION] = {"contamination_kilosort", "kilosort:ContamPct",
                       "kilosort_refractory", "%",
                       "100 times the least, over i = 1 .. 10, of the mean count of the "
                       "autocorrelogram "
                       "in bins 1 .. i / the highest of three shoulders: the mean of "
                       "bins 11 .. 50, of bins 10 "
                       ".. 49, and of bins 250 .. 499 and 251 .. 499 together. Bin k "
                       "holds pairs of spikes "
                       "nearest to k ms apart; the centre is left out. Kilosort 4's "
                       "est_contam_rate, and "
                       "Kilosort 2's rule.",
                       TOO_FEW, 0, 0},
    [PROBABILITY] =
        {"refractory_probability_kilosort", "", "kilosort_refractory", "1",
         "The least, over i = 1 .. 10, of 1/2 + 1/2 erf((n_i - i s) / sqrt(2 i s)), n_i "
         "the "
         "pairs in bins 1 .. i and s the highest shoulder of contamination_kilosort: how "
         "likely so few are, by the normal approximation (R12 in Kilosort 4).",
         TOO_FEW, 0, 0},
    [REFRACTORY] = {"refractory_kilosort", "kilosort:is_refractory",
                    "kilosort_refractory", "1",
                    "1 where Kilosort 4 writes KSLabel good: contamination_kilosort is "
                    "below 100 times "
                    "kilosort_acg_threshold and refractory_probability_kilosort below "
                    "0.2; otherwise 0.",
                    TOO_FEW, 0, 0},
    [CONTAMINATION_COLONELL] = {"contamination_acg_colonell", "", "kilosort_refractory",
                                "1",
                                "The mean count of the central bins -r .. r - 1, "
                                "simultaneous pairs in bin 0, / the "
                                "highest of the shoulders of contamination_kilosort "
                                "without bin 499 on one side; r = "
                                "floor(colonell_refractory_ms / 1 ms), at least 1. What "
                                "contam_rate of the Janelia "
                                "fork of the Allen pipeline is about; that divides by a "
                                "count in place of a time, "
                                "which this does not.",
                                TOO_FEW, 0, 0},
};

static const spk_metrics_parameter parameters[] = {
    {"kilosort_acg_threshold", "kilosort_refractory", "1",
     "Contamination above which refractory_kilosort is 0.", 0.2, 0, 10},
    {"colonell_refractory_ms", "kilosort_refractory", "ms",
     "Refractory period of contamination_acg_colonell.", 1.5, 0, 400},
};

enum {
    N_BINS = 500, /* bins 0 .. 499; the ends of each are two lags */
    FEWEST = 11,
    MOST_LAGS = 1 << 16
};

static const double BIN_S = 0.001;

typedef struct acg_work {
    const spk_trains *trains;
    double *const *values;
    double rate_hz, threshold;
    int64_t colonell_bins;
    int64_t ends[N_BINS][2]; /* the last lag surely, and perhaps, in bins 0 .. k */
    int64_t n_lags;
    int16_t *bins; /* [n_lags] */
    spk__pair_lags lags;
    int64_t room;      /* of each worker's counters */
    int64_t *scratch;  /* [n_workers][room] */
    int64_t time_room; /* of each worker's times */
    double *times;     /* [n_workers][time_room] s */
} acg_work;

static void put(const acg_work *work, int metric, int64_t unit, double value)
{
    if (work->values[metric] != NULL)
        work->values[metric][unit] = value;
}

/* Pairs in bins first .. last. */
static double pairs_in(const double *up_to, int first, int last)
{
    return up_to[last] - (first > 0 ? up_to[first - 1] : 0.0);
}

static double highest(double a, double b, double c)
{
    return fmax(fmax(a, b), c);
}

static void measure_kilosort(const acg_work *work, const double *up_to, int64_t unit)
{
    const double shoulder =
        highest(pairs_in(up_to, 11, 50) / 40.0, pairs_in(up_to, 10, 49) / 40.0,
                (pairs_in(up_to, 251, 499) + pairs_in(up_to, 250, 499)) / 499.0);
    double within[10], contamination, probability;
    if (shoulder <= 0.0)
        return;
    for (int i = 1; i <= 10; i++)
        within[i - 1] = pairs_in(up_to, 1, i);
    spk__refractory_test(within, 10, shoulder, &contamination, &probability);
    put(work, CONTAMINATION, unit, 100.0 * contamination);
    put(work, PROBABILITY, unit, probability);
    put(work, REFRACTORY, unit, contamination < work->threshold && probability < 0.2);
}

static void measure_colonell(const acg_work *work, const double *up_to, int64_t unit)
{
    const int r = (int)work->colonell_bins;
    const double shoulder =
        highest(pairs_in(up_to, 11, 50) / 40.0, pairs_in(up_to, 10, 49) / 40.0,
                (pairs_in(up_to, 251, 499) + pairs_in(up_to, 250, 498)) / 498.0);
    /* the centre holds each pair both ways round */
    const double central = pairs_in(up_to, 0, r) + pairs_in(up_to, 0, r - 1);
    if (shoulder > 0.0)
        put(work, CONTAMINATION_COLONELL, unit, central / (2.0 * r) / shoulder);
}

/* The nearest whole number, the even one of two: what is added leaves no bits for less. */
static int64_t nearest(double x)
{
    const double shift = 6755399441055744.0; /* 3 2^51 */
    return (int64_t)(x + shift - shift);
}

/* The bin of each lag in whole samples, where seconds say the same whatever the times; -1
 * where half a bin is too close to tell. NULL if the clock is too fine for a table. */
static spk_status lay_table(spk_context *ctx, acg_work *work)
{
    const double last = (N_BINS + 1) * BIN_S * work->rate_hz;
    if (!(last < MOST_LAGS))
        return SPK_OK;
    work->n_lags = (int64_t)last;
    if ((work->bins = spk__alloc(ctx, work->n_lags, sizeof *work->bins)) == NULL)
        return spk__fail_memory(ctx);
    for (int64_t lag = 0; lag < work->n_lags; lag++) {
        const double bins = (double)lag / work->rate_hz / BIN_S;
        const int is_close = fabs(bins - floor(bins) - 0.5) < 1e-4;
        work->bins[lag] = (int16_t)(is_close ? -1 : nearest(bins));
    }
    return SPK_OK;
}

/* counts[k]: pairs whose seconds fall in bin k. 0 if there were more than *budget. */
static int count_seconds(const double *times, int64_t n, int64_t counts[N_BINS],
                         int64_t *budget)
{
    for (int64_t i = 0; i < n; i++) {
        int64_t j = i + 1;
        for (; j < n; j++) {
            const double bins = (times[j] - times[i]) / BIN_S;
            if (bins > N_BINS)
                break;
            const int64_t bin = nearest(bins);
            if (bin >= N_BINS)
                break;
            counts[bin]++;
        }
        if ((*budget -= j - i) < 0)
            return 0;
    }
    return 1;
}

/* The same by way of the table. */
static int count_lags(const acg_work *work, const int64_t *samples, const double *times,
                      int64_t n, int64_t counts[N_BINS], int64_t *budget)
{
    for (int64_t i = 0; i < n; i++) {
        int64_t j = i + 1;
        for (; j < n; j++) {
            const int64_t lag = samples[j] - samples[i];
            if (lag >= work->n_lags)
                break;
            int64_t bin = work->bins[lag];
            if (bin < 0)
                bin = nearest((times[j] - times[i]) / BIN_S);
            if (bin >= N_BINS)
                break;
            counts[bin]++;
        }
        if ((*budget -= j - i) < 0)
            return 0;
    }
    return 1;
}

static void count_bins(const acg_work *work, const spk_train *train, int32_t worker,
                       double up_to[N_BINS])
{
    int64_t counts[N_BINS] = {0}, *counters = work->scratch + worker * work->room;
    double *times = work->times + worker * work->time_room, sum = 0.0;
    int64_t budget = (train->n_spikes + 1) * N_BINS;
    int within = 1;
    for (int64_t i = 0; i < train->n_spikes; i++)
        times[i] = (double)train->samples[i] / work->rate_hz;
    for (int64_t r = 0; within && r < train->n_runs; r++) {
        const int64_t first = train->run_offsets[r],
                      n = train->run_offsets[r + 1] - first;
        within = work->bins == NULL ? count_seconds(times + first, n, counts, &budget)
                                    : count_lags(work, train->samples + first,
                                                 times + first, n, counts, &budget);
    }
    if (within) {
        for (int k = 0; k < N_BINS; k++)
            up_to[k] = sum += (double)counts[k];
        return;
    }
    spk__pair_lags_count(&work->lags, train, counters);
    for (int k = 0; k < N_BINS; k++)
        up_to[k] = ((double)spk__pair_lags_at(&work->lags, counters, work->ends[k][0]) +
                    (double)spk__pair_lags_at(&work->lags, counters, work->ends[k][1])) /
                   2.0;
}

static spk_status measure_unit(void *state, int64_t unit, int32_t worker)
{
    const acg_work *work = state;
    const spk_train train = spk_trains_unit(work->trains, unit);
    double up_to[N_BINS];
    if (train.n_spikes < FEWEST || spk__train_span(&train) == 0)
        return SPK_OK;
    count_bins(work, &train, worker, up_to);
    measure_kilosort(work, up_to, unit);
    if (work->values[CONTAMINATION_COLONELL] != NULL)
        measure_colonell(work, up_to, unit);
    return SPK_OK;
}

static spk_status compute(spk_context *ctx, const spk__metrics_work *work,
                          double *const *values)
{
    const spk_spikes *spikes = work->input->spikes;
    const double rate_hz = spikes->sampling_rate_hz;
    acg_work acg = {
        .trains = work->trains,
        .values = values,
        .rate_hz = rate_hz,
        .threshold = spk__metrics_parameter(work, "kilosort_acg_threshold"),
        .colonell_bins =
            (int64_t)fmax(1, spk__metrics_parameter(work, "colonell_refractory_ms")),
    };
    for (int k = 0; k < N_BINS; k++) {
        /* rounded as the seconds of a lag are, which a product with BIN_S is not */
        const double end_s = (k + 0.5) / 1000.0;
        acg.ends[k][0] = spk__lag_below(end_s, rate_hz);
        acg.ends[k][1] = spk__lag_at_most(end_s, rate_hz);
    }
    spk_status status =
        spk__pair_lags_create(ctx, &acg.ends[0][0], 2 * (int64_t)N_BINS, &acg.lags);
    if (status != SPK_OK)
        return status;
    const int32_t n_workers = spk__parallel_workers(ctx, spikes->n_units);
    acg.room = spk__pair_lags_room(&acg.lags);
    acg.time_room = spk__trains_largest(work->trains);
    acg.scratch = spk__alloc(ctx, acg.room * n_workers, sizeof(int64_t));
    acg.times = spk__alloc(ctx, acg.time_room * n_workers, sizeof(double));
    status = acg.scratch == NULL || acg.times == NULL ? spk__fail_memory(ctx)
                                                      : lay_table(ctx, &acg);
    if (status == SPK_OK)
        status = spk__parallel_for(ctx, spikes->n_units, measure_unit, &acg,
                                   "autocorrelograms");
    spk__free(acg.bins);
    spk__free(acg.times);
    spk__free(acg.scratch);
    spk__pair_lags_free(&acg.lags);
    return status;
}

const spk__metric_group spk__metrics_kilosort = {
    .name = "kilosort_refractory",
    .metrics = metrics,
    .n_metrics = N_METRICS,
    .parameters = parameters,
    .n_parameters = sizeof parameters / sizeof parameters[0],
    .compute = compute,
};
