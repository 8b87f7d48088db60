/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The sliding refractory period of the Steinmetz lab and the International Brain Laboratory:
 * the refractory period of a unit is not known, so that all are tried, and a unit is called
 * clean if it is surely clean with any of them.
 */
#include "base/check.h"
#include "base/durations.h"
#include "base/memory.h"
#include "base/parallel.h"
#include "sorting/metric_group.h"
#include "sorting/pair_lags.h"
#include "sorting/sliding_refractory.h"
#include "sorting/train_bins.h"

#include <math.h>

enum {
    SLIDING,
    SLIDING_STEINMETZ,
    MAX_CONFIDENCE_IBL,
    MIN_CONTAMINATION_IBL,
    PERIOD_IBL,
    N_BELOW_2MS_IBL,
    PASS_IBL,
    PASS_FORCED_IBL,
    N_METRICS
};

static const spk_metric metrics[N_METRICS] = {
    [SLIDING] =
        {"sliding_rp_violation", "spikeinterface:sliding_rp_violation", "sliding_rp", "1",
         "The least contamination C of 0.5, 1 .. 35 % for which, at some refractory "
         "period t "
         "= k sliding_bin_ms (bins of whole samples, centre of the last above "
         "sliding_shortest_ms, up to sliding_longest_ms), more violations than seen "
         "would "
         "come with a probability above sliding_confidence: their number is Poisson with "
         "mean "
         "2 t / T C N ((1 - C) N + (C N - 1) / 2) (Llobet et al. 2022), as in "
         "SpikeInterface "
         "0.105. Violations are all pairs less than t apart, simultaneous ones twice.",
         "no spikes, or not sure of any contamination tried", 0, 0},
    [SLIDING_STEINMETZ] =
        {"sliding_rp_violation_steinmetz", "", "sliding_rp", "1",
         "sliding_rp_violation with the mean 2 t / T C N N, which takes all spikes of "
         "the unit "
         "for its own, and contaminations up to 34.5 %: the expectation of the "
         "slidingRefractory package, on SpikeInterface's bins.",
         "no spikes, or not sure of any contamination tried", 0, 0},
    [MAX_CONFIDENCE_IBL] =
        {"sliding_rp_max_confidence_ibl", "ibl:max_confidence", "sliding_rp", "%",
         "The highest confidence, over refractory periods t above 0.5 ms, that the "
         "contamination is below 10 %: the probability of more pairs within t than seen, "
         "for "
         "a Poisson mean of 2 t C f N. Times are cut down to multiples of 1 / 30000 s, "
         "whatever the sampling rate; t = k / 30000 s for k = 1 .. 300; f is the number "
         "of "
         "pairs 1 to 2 s apart / N, in Hz.",
         "no spikes", 0, 0},
    [MIN_CONTAMINATION_IBL] =
        {"sliding_rp_min_contamination_ibl", "ibl:min_contamination", "sliding_rp", "%",
         "The least contamination of 0.5, 1 .. 34.5 % for which the confidence of "
         "sliding_rp_max_confidence_ibl reaches 90 % at some refractory period.",
         "no spikes, or not sure of any contamination tried", 0, 0},
    [PERIOD_IBL] = {"sliding_rp_period_ibl", "", "sliding_rp", "s",
                    "The refractory period, at the middle of its bin of 1 / 30000 s, "
                    "that is surest of "
                    "sliding_rp_min_contamination_ibl (rp_min_val in the "
                    "slidingRefractory package). No "
                    "estimate of the unit's refractory period.",
                    "no spikes, or not sure of any contamination tried", 0, 0},
    [N_BELOW_2MS_IBL] = {"sliding_rp_n_below_2ms_ibl", "ibl:n_spikes_below2",
                         "sliding_rp", "pairs",
                         "Pairs of spikes up to 60 / 30000 s apart, on the time scale of "
                         "sliding_rp_max_confidence_ibl.",
                         "no spikes", 0, 0},
    [PASS_IBL] = {"sliding_rp_pass_ibl", "ibl:slidingRP_viol", "sliding_rp", "1",
                  "1 if sliding_rp_min_contamination_ibl is at most 10 %, otherwise 0, "
                  "also if it is "
                  "NaN: what is not surely clean does not pass.",
                  "no spikes", 0, 0},
    [PASS_FORCED_IBL] =
        {"sliding_rp_pass_forced_ibl", "ibl:slidingRP_viol_forced", "sliding_rp", "1",
         "1 if sliding_rp_min_contamination_ibl is NaN though no pair is below 2 ms and "
         "f of "
         "sliding_rp_max_confidence_ibl is above 0.5 Hz: too few spikes to be sure, but "
         "none "
         "against; otherwise 0, also where the unit passes, or fails with a number.",
         "no spikes", 0, 0},
};

static const spk_metrics_parameter parameters[] = {
    {"sliding_bin_ms", "sliding_rp", "ms",
     "Step of the refractory periods of sliding_rp_violation, rounded to samples.", 0.25,
     0.001, 100},
    {"sliding_shortest_ms", "sliding_rp", "ms",
     "Refractory periods of sliding_rp_violation are longer than this.", 0.5, 0, 1000},
    {"sliding_longest_ms", "sliding_rp", "ms",
     "The longest refractory period of sliding_rp_violation.", 10, 0.001, 1000},
    {"sliding_confidence", "sliding_rp", "1",
     "Confidence that sliding_rp_violation needs.", 0.9, 0, 1},
};

/* ---- of the International Brain Laboratory: a grid of its own ---- */

enum {
    IBL_PERIODS = 300,
    IBL_FIRST = 15,     /* the first whose middle is above 0.5 ms */
    IBL_BELOW_2MS = 60, /* the first whose middle is above 2 ms */
    IBL_CONTAMINATIONS = 69
};

static const double IBL_RATE_HZ = 30000.0;

/* ---- the work ---- */

typedef struct sliding_work {
    const spk_trains *trains;
    double *const *values;
    double rate_hz, confidence;
    int64_t bin_samples, n_periods;
    char *is_tested; /* [n_periods], then [IBL_PERIODS] */
    spk__pair_lags lags, ibl_lags;
    int64_t room;     /* of each worker's counters and violations */
    int64_t *scratch; /* [n_workers][room] */
    int64_t ibl_room;
    int64_t *ibl_samples; /* [n_workers][ibl_room] */
} sliding_work;

/* What the expectations go by. */
typedef struct unit_state {
    double n_spikes, rate_hz, time_s, bin_s;
} unit_state;

static double expected_llobet(const void *state, int64_t period, double contamination)
{
    const unit_state *unit = state;
    return spk__sliding_expected_llobet(
        unit->n_spikes, unit->time_s, (double)(period + 1) * unit->bin_s, contamination);
}

static double expected_steinmetz(const void *state, int64_t period, double contamination)
{
    const unit_state *unit = state;
    return unit->rate_hz * contamination * ((double)(period + 1) * unit->bin_s) * 2.0 *
           unit->n_spikes;
}

static int is_wanted(const sliding_work *work, int first, int last)
{
    int wanted = 0;
    for (int m = first; m <= last; m++)
        wanted |= work->values[m] != NULL;
    return wanted;
}

static void put(const sliding_work *work, int metric, int64_t unit, double value)
{
    if (work->values[metric] != NULL)
        work->values[metric][unit] = value;
}

static void measure_spikeinterface(const sliding_work *work, const spk_train *train,
                                   int64_t unit, int64_t *scratch)
{
    int64_t *violations = scratch + spk__pair_lags_room(&work->lags);
    unit_state state = {.n_spikes = (double)train->n_spikes,
                        .time_s = (double)train->duration_samples / work->rate_hz,
                        .bin_s = (double)work->bin_samples / work->rate_hz};
    state.rate_hz = state.n_spikes / state.time_s;
    spk__pair_lags_count(&work->lags, train, scratch);
    const int64_t simultaneous = spk__pair_lags_at(&work->lags, scratch, 0);
    for (int64_t p = 0; p < work->n_periods; p++)
        violations[p] = simultaneous + spk__pair_lags_at(&work->lags, scratch,
                                                         (p + 1) * work->bin_samples - 1);
    spk__sliding_search search = {
        .n_periods = work->n_periods,
        .violations = violations,
        .is_tested = work->is_tested,
        .n_contaminations = 70,
        .step = 0.005,
        .enough = work->confidence,
        .is_strict = 1,
        .expected = expected_llobet,
        .state = &state,
    };
    const int64_t least = spk__sliding_least(&search);
    put(work, SLIDING, unit, least < 0 ? NAN : (double)(least + 1) * search.step);
    if (work->values[SLIDING_STEINMETZ] != NULL) {
        search.n_contaminations = IBL_CONTAMINATIONS;
        search.expected = expected_steinmetz;
        const int64_t other = spk__sliding_least(&search);
        put(work, SLIDING_STEINMETZ, unit,
            other < 0 ? NAN : (double)(other + 1) * search.step);
    }
}

/* As phylib places a time in seconds: cut off towards zero. */
static int64_t ibl_sample(int64_t sample, double rate_hz)
{
    const double at = (double)sample / rate_hz * IBL_RATE_HZ;
    return (int64_t)fmin(fmax(at, -9e18), 9e18);
}

static void measure_ibl(const sliding_work *work, const spk_train *train, int64_t unit,
                        int64_t *scratch, int64_t *samples)
{
    int64_t *violations = scratch + spk__pair_lags_room(&work->ibl_lags);
    spk_train moved = *train;
    for (int64_t i = 0; i < train->n_spikes; i++)
        samples[i] = ibl_sample(train->samples[i], work->rate_hz);
    moved.samples = samples;
    spk__pair_lags_count(&work->ibl_lags, &moved, scratch);
    for (int64_t p = 0; p < IBL_PERIODS; p++)
        violations[p] = spk__pair_lags_at(&work->ibl_lags, scratch, p);
    const int64_t second = (int64_t)IBL_RATE_HZ;
    const unit_state state = {
        .n_spikes = (double)train->n_spikes,
        .rate_hz = (double)spk__pairs_between(&moved, second, 2 * second - 1) /
                   (double)train->n_spikes,
        .bin_s = 1.0 / IBL_RATE_HZ,
    };
    const spk__sliding_search search = {
        .n_periods = IBL_PERIODS,
        .violations = violations,
        .is_tested = work->is_tested + work->n_periods,
        .n_contaminations = IBL_CONTAMINATIONS,
        .step = 0.005,
        .enough = 0.9,
        .expected = expected_steinmetz,
        .state = &state,
    };
    double confidence;
    const int64_t least = spk__sliding_least(&search);
    const double contamination = (double)(least + 1) * search.step; /* of least >= 0 */
    const int passes = least >= 0 && least < 20;                    /* 10 % or less */
    put(work, PASS_IBL, unit, passes);
    put(work, PASS_FORCED_IBL, unit,
        least < 0 && violations[IBL_BELOW_2MS] == 0 && state.rate_hz > 0.5);
    put(work, N_BELOW_2MS_IBL, unit, (double)violations[IBL_BELOW_2MS]);
    put(work, MIN_CONTAMINATION_IBL, unit, least < 0 ? NAN : 100.0 * contamination);
    if (least >= 0 && work->values[PERIOD_IBL] != NULL)
        put(work, PERIOD_IBL, unit,
            ((double)spk__sliding_surest(&search, contamination, &confidence) + 0.5) /
                IBL_RATE_HZ);
    if (work->values[MAX_CONFIDENCE_IBL] != NULL) {
        spk__sliding_surest(&search, 0.1, &confidence);
        put(work, MAX_CONFIDENCE_IBL, unit, 100.0 * confidence);
    }
}

static spk_status measure_unit(void *state, int64_t unit, int32_t worker)
{
    const sliding_work *work = state;
    const spk_train train = spk_trains_unit(work->trains, unit);
    int64_t *scratch = work->scratch + worker * work->room;
    if (train.n_spikes == 0)
        return SPK_OK;
    if (is_wanted(work, SLIDING, SLIDING_STEINMETZ))
        measure_spikeinterface(work, &train, unit, scratch);
    if (is_wanted(work, MAX_CONFIDENCE_IBL, PASS_FORCED_IBL))
        measure_ibl(work, &train, unit, scratch,
                    work->ibl_samples + worker * work->ibl_room);
    return SPK_OK;
}

/* The lags that end a period, and which periods are tried. */
static spk_status list_periods(spk_context *ctx, sliding_work *work, double shortest_s)
{
    const double bin_s = (double)work->bin_samples / work->rate_hz;
    const int64_t n = work->n_periods > IBL_PERIODS ? work->n_periods : IBL_PERIODS;
    int64_t *ends = spk__alloc(ctx, n + 1, sizeof *ends);
    work->is_tested = spk__alloc(ctx, work->n_periods + IBL_PERIODS, 1);
    spk_status status =
        ends == NULL || work->is_tested == NULL ? spk__fail_memory(ctx) : SPK_OK;
    if (status == SPK_OK) {
        for (int64_t p = 0; p < work->n_periods; p++) {
            ends[p] = (p + 1) * work->bin_samples - 1;
            work->is_tested[p] = ((double)p + 0.5) * bin_s > shortest_s;
        }
        ends[work->n_periods] = 0;
        status = spk__pair_lags_create(ctx, ends, work->n_periods + 1, &work->lags);
    }
    if (status == SPK_OK) {
        for (int64_t p = 0; p < IBL_PERIODS; p++) {
            ends[p] = p;
            work->is_tested[work->n_periods + p] = p >= IBL_FIRST;
        }
        status = spk__pair_lags_create(ctx, ends, IBL_PERIODS, &work->ibl_lags);
    }
    spk__free(ends);
    return status;
}

static spk_status compute(spk_context *ctx, const spk__metrics_work *work,
                          double *const *values)
{
    const spk_spikes *spikes = work->input->spikes;
    const int32_t n_workers = spk__parallel_workers(ctx, spikes->n_units);
    sliding_work sliding = {
        .trains = work->trains,
        .values = values,
        .rate_hz = spikes->sampling_rate_hz,
        .confidence = spk__metrics_parameter(work, "sliding_confidence"),
    };
    sliding.bin_samples = spk__samples_near(
        spk__metrics_parameter(work, "sliding_bin_ms"), sliding.rate_hz);
    sliding.bin_samples = sliding.bin_samples < 1 ? 1 : sliding.bin_samples;
    sliding.n_periods =
        (int64_t)(spk__metrics_parameter(work, "sliding_longest_ms") / 1000 /
                  ((double)sliding.bin_samples * 1e3 / sliding.rate_hz / 1000));
    spk_status status = list_periods(
        ctx, &sliding, spk__metrics_parameter(work, "sliding_shortest_ms") / 1000);
    if (status == SPK_OK) {
        const int64_t own = spk__pair_lags_room(&sliding.lags) + sliding.n_periods;
        const int64_t ibl = spk__pair_lags_room(&sliding.ibl_lags) + IBL_PERIODS;
        sliding.room = own > ibl ? own : ibl;
        sliding.ibl_room = is_wanted(&sliding, MAX_CONFIDENCE_IBL, PASS_FORCED_IBL)
                               ? spk__trains_largest(work->trains)
                               : 0;
        sliding.scratch = spk__alloc(ctx, sliding.room * n_workers, sizeof(int64_t));
        sliding.ibl_samples =
            spk__alloc(ctx, sliding.ibl_room * n_workers, sizeof(int64_t));
        if (sliding.scratch == NULL || sliding.ibl_samples == NULL)
            status = spk__fail_memory(ctx);
    }
    if (status == SPK_OK)
        status = spk__parallel_for(ctx, spikes->n_units, measure_unit, &sliding,
                                   "sliding refractory period");
    spk__free(sliding.ibl_samples);
    spk__free(sliding.scratch);
    spk__pair_lags_free(&sliding.ibl_lags);
    spk__pair_lags_free(&sliding.lags);
    spk__free(sliding.is_tested);
    return status;
}

const spk__metric_group spk__metrics_sliding = {
    .name = "sliding_rp",
    .metrics = metrics,
    .n_metrics = N_METRICS,
    .parameters = parameters,
    .n_parameters = sizeof parameters / sizeof parameters[0],
    .compute = compute,
};
