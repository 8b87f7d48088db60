/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Refractory violations as bombcell estimates them, by each of its three methods, for the
 * recording as a whole (bombcell can also cut it into chunks and keep the good ones). The
 * recording is what lies from the first to before the last spike of any unit.
 */
#include "base/check.h"
#include "base/durations.h"
#include "base/memory.h"
#include "base/parallel.h"
#include "sorting/contamination.h"
#include "sorting/metric_group.h"
#include "sorting/pair_lags.h"
#include "sorting/sliding_refractory.h"
#include "sorting/train_bins.h"

#include <math.h>
#include <spikekit/distributions.h>

enum {
    RPV_HILL,
    RPV_LLOBET,
    RPV_SLIDING,
    RPV_PERIOD,
    RPV_STATUS,
    N_METRICS
};

#define RECORDING                                                                        \
    " N and D are of the time from the first to before the last spike of any unit."
#define SLIDING_NAN "fewer than 2 spikes, or the censored time is all of D"

static const spk_metric metrics[N_METRICS] = {
    [RPV_HILL] =
        {"rpv_hill_bombcell", "", "rpv", "1",
         "The smaller root x of k x^2 - k x + n D = 0, k = 2 (r - c) N^2, n the "
         "intervals up "
         "to r, c = rpv_censored_ms; 1 when there is none; bombcell's method \"hill\". "
         "Least "
         "value for r from rpv_shortest_ms to rpv_longest_ms by rpv_step_ms." RECORDING,
         "fewer than 2 spikes", 0, 0},
    [RPV_LLOBET] =
        {"rpv_llobet_bombcell", "", "rpv", "1",
         "1 - sqrt(1 - n (D - 2 N c) / (N^2 (r - c))), n all pairs from c to r apart, "
         "none "
         "simultaneous, c = rpv_censored_ms; 1 where the root has a negative argument; "
         "bombcell's method \"llobet\". Least value for r from rpv_shortest_ms to "
         "rpv_longest_ms by rpv_step_ms." RECORDING,
         "fewer than 2 spikes", 0, 0},
    [RPV_SLIDING] =
        {"rpv_sliding_bombcell", "bombcell:fractionRPVs_estimatedTauR", "rpv", "1",
         "The least contamination C of 0.5, 1 .. 35 % for which, at some "
         "refractory period r "
         "of 1, 1.25 .. 10 ms, more pairs c to below r apart than seen, none "
         "simultaneous, "
         "would come with a probability of rpv_confidence or more: Poisson "
         "with mean 2 (r - c) "
         "/ (D - 2 N c) C N ((1 - C) N + (C N - 1) / 2), c = "
         "rpv_censored_ms. 1 if there is none: no less can be claimed." RECORDING,
         SLIDING_NAN, 0, 0},
    [RPV_PERIOD] = {"rpv_period_bombcell", "bombcell:estimatedTauR", "rpv", "s",
                    "The refractory period that is surest of rpv_sliding_bombcell. "
                    "bombcell has 1 ms "
                    "where this is NaN.",
                    SLIDING_NAN "; or not sure of any contamination tried", 0, 0},
    [RPV_STATUS] = {"rpv_status_bombcell", "bombcell:RPV_status", "rpv", "1",
                    "1: surely less contaminated than rpv_most_contamination at some "
                    "refractory period "
                    "of rpv_sliding_bombcell. Otherwise 0 if at one of them the unit is "
                    "not surely more "
                    "contaminated than that, and has too few spikes to be sure of less "
                    "even without a "
                    "violation; -1 if not.",
                    SLIDING_NAN, 0, 0},
};

static const spk_metrics_parameter parameters[] = {
    {"rpv_censored_ms", "rpv", "ms",
     "Spikes closer than this are taken for one found twice. bombcell raises it to "
     "Kilosort "
     "4's 0.25 ms where that removed duplicates.",
     0.1, 0, 100},
    {"rpv_shortest_ms", "rpv", "ms",
     "Shortest refractory period of rpv_hill_bombcell and rpv_llobet_bombcell.", 2, 0.01,
     100},
    {"rpv_longest_ms", "rpv", "ms",
     "Longest refractory period of rpv_hill_bombcell and rpv_llobet_bombcell.", 2, 0.01,
     100},
    {"rpv_step_ms", "rpv", "ms",
     "Step of the refractory periods of rpv_hill_bombcell and rpv_llobet_bombcell.", 0.5,
     0.01, 100},
    {"rpv_confidence", "rpv", "1",
     "Confidence that rpv_sliding_bombcell and rpv_status_bombcell need.", 0.9, 0.5,
     0.999999},
    {"rpv_most_contamination", "rpv", "1",
     "Contamination that rpv_status_bombcell is about.", 0.1, 0.001, 0.5},
};

enum {
    N_SLIDING = 37
};

typedef struct rpv_work {
    const spk_trains *trains;
    double *const *values;
    double rate_hz, censored_s, confidence, most;
    spk__trains_span span;
    int64_t censored_lag; /* the longest that is censored, 0 at least */
    spk__pair_lags lags;
    int64_t n_periods; /* of Hill and Llobet */
    double *periods;   /* [n_periods] s */
    double sliding[N_SLIDING];
    char is_tested[N_SLIDING];
    int64_t room;     /* of each worker's counters and run offsets */
    int64_t *scratch; /* [n_workers][room] */
} rpv_work;

/* A unit as far as bombcell looks at it. */
typedef struct rpv_unit {
    spk_train train;
    double n_spikes, time_s;
    const int64_t *counters;
} rpv_unit;

static void put(const rpv_work *work, int metric, int64_t unit, double value)
{
    if (work->values[metric] != NULL)
        work->values[metric][unit] = value;
}

/* Cuts off what is at the last sample, and the time outside the first and the last. */
static rpv_unit cut_unit(const rpv_work *work, int64_t unit, int64_t *run_offsets)
{
    rpv_unit cut = {.train = spk_trains_unit(work->trains, unit)};
    spk_train *train = &cut.train;
    int64_t time = 0;
    while (train->n_spikes > 0 && train->samples[train->n_spikes - 1] >= work->span.last)
        train->n_spikes--;
    for (int64_t r = 0; r <= train->n_runs; r++)
        run_offsets[r] = train->run_offsets[r] < train->n_spikes ? train->run_offsets[r]
                                                                 : train->n_spikes;
    for (int64_t r = 0; r < train->n_runs; r++) {
        const int64_t start = train->run_starts[r] > work->span.first
                                  ? train->run_starts[r]
                                  : work->span.first;
        const int64_t stop =
            train->run_stops[r] < work->span.last ? train->run_stops[r] : work->span.last;
        time += stop > start ? stop - start : 0;
    }
    train->run_offsets = run_offsets;
    cut.n_spikes = (double)train->n_spikes;
    cut.time_s = (double)time / work->rate_hz;
    return cut;
}

static double hill_at(const rpv_work *work, const rpv_unit *unit, double period_s)
{
    const double n = (double)spk__count_intervals(
        &unit->train, spk__lag_at_most(period_s, work->rate_hz));
    if (n == 0.0)
        return 0.0;
    return spk__contamination_hill(
        n * unit->time_s /
        (2.0 * (period_s - work->censored_s) * unit->n_spikes * unit->n_spikes));
}

/* Pairs from the censored period on up to a lag. */
static double pairs_up_to(const rpv_work *work, const rpv_unit *unit, int64_t lag)
{
    const int64_t n = spk__pair_lags_at(&work->lags, unit->counters, lag) -
                      spk__pair_lags_at(&work->lags, unit->counters, work->censored_lag);
    return n > 0 ? (double)n : 0.0;
}

static double llobet_at(const rpv_work *work, const rpv_unit *unit, double period_s)
{
    return fmin(spk__contamination_llobet(
                    pairs_up_to(work, unit, spk__lag_at_most(period_s, work->rate_hz)),
                    unit->n_spikes, unit->time_s, period_s, work->censored_s),
                1.0);
}

static double least_of(const rpv_work *work, const rpv_unit *unit,
                       double (*estimate)(const rpv_work *, const rpv_unit *, double))
{
    double least = NAN;
    for (int64_t p = 0; p < work->n_periods; p++)
        if (work->periods[p] > work->censored_s)
            least = fmin(least, estimate(work, unit, work->periods[p]));
    return least;
}

typedef struct sliding_state {
    const rpv_work *work;
    double n_spikes, open_s;
} sliding_state;

static double expected(const void *state, int64_t period, double contamination)
{
    const sliding_state *s = state;
    return spk__sliding_expected_llobet(s->n_spikes, s->open_s,
                                        s->work->sliding[period] - s->work->censored_s,
                                        contamination);
}

static double status_of(const rpv_work *work, const sliding_state *state,
                        const int64_t *violations)
{
    const double enough = -log(1.0 - work->confidence);
    int is_open = 0;
    for (int64_t p = 0; p < N_SLIDING; p++) {
        if (!work->is_tested[p])
            continue;
        const double mean = expected(state, p, work->most);
        if (spk__sliding_confidence(violations[p], mean) >= work->confidence)
            return 1;
        const double contaminated = exp(spk_poisson_log_lower(violations[p] - 1, mean));
        is_open |= contaminated < work->confidence && mean < enough;
    }
    return is_open ? 0 : -1;
}

static void measure_sliding(const rpv_work *work, const rpv_unit *cut, int64_t unit)
{
    int64_t violations[N_SLIDING];
    const sliding_state state = {
        .work = work,
        .n_spikes = cut->n_spikes,
        .open_s = cut->time_s - 2.0 * cut->n_spikes * work->censored_s,
    };
    if (state.open_s <= 0.0)
        return;
    for (int64_t p = 0; p < N_SLIDING; p++)
        violations[p] = (int64_t)pairs_up_to(
            work, cut, spk__lag_below(work->sliding[p], work->rate_hz));
    const spk__sliding_search search = {
        .n_periods = N_SLIDING,
        .violations = violations,
        .is_tested = work->is_tested,
        .n_contaminations = 70,
        .step = 0.005,
        .enough = work->confidence,
        .expected = expected,
        .state = &state,
    };
    const int64_t least = spk__sliding_least(&search);
    put(work, RPV_SLIDING, unit, 1.0); /* no less can be claimed */
    if (least >= 0) {
        double confidence;
        const double contamination = (double)(least + 1) * search.step;
        put(work, RPV_SLIDING, unit, contamination);
        put(work, RPV_PERIOD, unit,
            work->sliding[spk__sliding_surest(&search, contamination, &confidence)]);
    }
    put(work, RPV_STATUS, unit, status_of(work, &state, violations));
}

static spk_status measure_unit(void *state, int64_t unit, int32_t worker)
{
    const rpv_work *work = state;
    int64_t *scratch = work->scratch + worker * work->room;
    rpv_unit cut = cut_unit(work, unit, scratch + spk__pair_lags_room(&work->lags));
    if (cut.train.n_spikes < 2)
        return SPK_OK;
    if (work->values[RPV_HILL] != NULL)
        put(work, RPV_HILL, unit, least_of(work, &cut, hill_at));
    spk__pair_lags_count(&work->lags, &cut.train, scratch);
    cut.counters = scratch;
    if (work->values[RPV_LLOBET] != NULL)
        put(work, RPV_LLOBET, unit, least_of(work, &cut, llobet_at));
    if (work->values[RPV_SLIDING] != NULL || work->values[RPV_PERIOD] != NULL ||
        work->values[RPV_STATUS] != NULL)
        measure_sliding(work, &cut, unit);
    return SPK_OK;
}

static spk_status list_periods(spk_context *ctx, rpv_work *work, double first_ms,
                               double last_ms, double step_ms)
{
    work->n_periods = last_ms >= first_ms
                          ? (int64_t)floor((last_ms - first_ms) / step_ms + 1e-9) + 1
                          : 0;
    int64_t *ends = spk__alloc(ctx, work->n_periods + N_SLIDING + 1, sizeof *ends);
    work->periods = spk__alloc(ctx, work->n_periods, sizeof *work->periods);
    spk_status status =
        ends == NULL || work->periods == NULL ? spk__fail_memory(ctx) : SPK_OK;
    if (status == SPK_OK) {
        for (int64_t p = 0; p < work->n_periods; p++) {
            work->periods[p] = (first_ms + (double)p * step_ms) / 1000;
            ends[p] = spk__lag_at_most(work->periods[p], work->rate_hz);
        }
        for (int64_t p = 0; p < N_SLIDING; p++) {
            work->sliding[p] = (double)(p + 4) * 0.25 / 1000;
            work->is_tested[p] = work->sliding[p] > work->censored_s;
            ends[work->n_periods + p] = spk__lag_below(work->sliding[p], work->rate_hz);
        }
        ends[work->n_periods + N_SLIDING] = work->censored_lag;
        status = spk__pair_lags_create(ctx, ends, work->n_periods + N_SLIDING + 1,
                                       &work->lags);
    }
    spk__free(ends);
    return status;
}

static int64_t most_runs(const spk_trains *trains)
{
    int64_t most = 0;
    for (int64_t u = 0; u < spk_trains_spikes(trains)->n_units; u++) {
        const int64_t n = spk_trains_unit(trains, u).n_runs;
        most = n > most ? n : most;
    }
    return most;
}

static spk_status compute(spk_context *ctx, const spk__metrics_work *work,
                          double *const *values)
{
    const spk_spikes *spikes = work->input->spikes;
    rpv_work rpv = {
        .trains = work->trains,
        .values = values,
        .rate_hz = spikes->sampling_rate_hz,
        .censored_s = spk__metrics_parameter(work, "rpv_censored_ms") / 1000,
        .confidence = spk__metrics_parameter(work, "rpv_confidence"),
        .most = spk__metrics_parameter(work, "rpv_most_contamination"),
        .span = spk__trains_find_span(work->trains),
    };
    rpv.censored_lag = spk__lag_below(rpv.censored_s, rpv.rate_hz);
    rpv.censored_lag = rpv.censored_lag < 0 ? 0 : rpv.censored_lag;
    spk_status status =
        list_periods(ctx, &rpv, spk__metrics_parameter(work, "rpv_shortest_ms"),
                     spk__metrics_parameter(work, "rpv_longest_ms"),
                     spk__metrics_parameter(work, "rpv_step_ms"));
    if (status == SPK_OK) {
        rpv.room = spk__pair_lags_room(&rpv.lags) + most_runs(work->trains) + 1;
        rpv.scratch = spk__alloc(
            ctx, rpv.room * spk__parallel_workers(ctx, spikes->n_units), sizeof(int64_t));
        status = rpv.scratch == NULL ? spk__fail_memory(ctx) : SPK_OK;
    }
    if (status == SPK_OK)
        status = spk__parallel_for(ctx, spikes->n_units, measure_unit, &rpv,
                                   "refractory violations");
    spk__free(rpv.scratch);
    spk__pair_lags_free(&rpv.lags);
    spk__free(rpv.periods);
    return status;
}

const spk__metric_group spk__metrics_rpv = {
    .name = "rpv",
    .metrics = metrics,
    .n_metrics = N_METRICS,
    .parameters = parameters,
    .n_parameters = sizeof parameters / sizeof parameters[0],
    .compute = compute,
};
