/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Contamination from the intervals between neighbouring spikes that are too short to be of
 * one neuron. The formula is that of Hill et al. (2011) throughout; tools differ in the time
 * they divide by, in what they do with duplicates, and in whether they solve the quadratic.
 */
#include "base/durations.h"
#include "base/parallel.h"
#include "sorting/contamination.h"
#include "sorting/metric_group.h"
#include "sorting/train_bins.h"

#include <math.h>

enum {
    RATIO,
    COUNT,
    HILL,
    HILL_LOW,
    HILL_HIGH,
    RATIO_ALLEN,
    COUNT_ALLEN,
    HILL_COLONELL,
    CONTAMINATION_IBL,
    CONTAMINATION_ALT_IBL,
    VIOLATIONS_CELLEXPLORER,
    N_METRICS
};

#define TIES                                                                             \
    " Lags are whole samples: one of just the threshold is no violation, where tools "   \
    "that subtract seconds leave it to rounding."
#define NO_TIME "no spikes, or the threshold is not above the minimum"

static const spk_metric metrics[N_METRICS] = {
    [RATIO] =
        {"isi_violations_ratio", "spikeinterface:isi_violations_ratio", "isi_violations",
         "1",
         "n T / (2 N^2 (isi_threshold_ms - isi_minimum_ms)), n the intervals below "
         "isi_threshold_ms, T the observed time: the rate of violations over that of "
         "all spikes (Hill et al. 2011). No fraction: it can be above 1. Intervals below "
         "isi_minimum_ms stay." TIES,
         NO_TIME, 0, 0},
    [COUNT] = {"isi_violations_count", "spikeinterface:isi_violations_count",
               "isi_violations", "intervals", "Intervals below isi_threshold_ms." TIES,
               "no spikes", 0, 0},
    [HILL] = {"contamination_hill", "", "isi_violations", "1",
              "The share f of spikes that are not the unit's own, with f (1 - f) = "
              "isi_violations_ratio (Hill et al. 2011): f = (1 - sqrt(1 - 4 ratio)) / 2, "
              "and 1 "
              "above a ratio of 1/4, which no mixture reaches.",
              NO_TIME, 0, 0},
    [HILL_LOW] =
        {"contamination_hill_low", "", "isi_violations", "1",
         "Lower limit of contamination_hill: from the exact (Garwood) lower limit of "
         "the mean of a Poisson count, at contamination_confidence on both sides "
         "together. Says what chance does to the count, not whether the refractory "
         "period is right.",
         NO_TIME, 0, 0},
    [HILL_HIGH] =
        {"contamination_hill_high", "", "isi_violations", "1",
         "Upper limit of contamination_hill, see contamination_hill_low: without any "
         "violation still above 0.",
         NO_TIME, 0, 0},
    [RATIO_ALLEN] =
        {"isi_violations_ratio_allen", "allen:isi_viol", "isi_violations", "1",
         "n D / (2 M^2 (isi_threshold_allen_ms - isi_minimum_allen_ms)): spikes no "
         "more than isi_minimum_allen_ms after the one before are dropped, M are "
         "left, n of whose intervals are below isi_threshold_allen_ms; D from the "
         "first to the last spike of any unit." TIES,
         NO_TIME ", or all spikes of the recording at one time", 0, 0},
    [COUNT_ALLEN] = {"isi_violations_count_allen", "allen:num_viol", "isi_violations",
                     "intervals", "The n of isi_violations_ratio_allen.", "no spikes", 0,
                     0},
    [HILL_COLONELL] =
        {"contamination_hill_colonell", "", "isi_violations", "1",
         "f of contamination_hill with isi_violations_ratio_allen as the ratio, "
         "as the Janelia fork of the Allen pipeline has it under the name "
         "isi_viol.",
         NO_TIME ", or all spikes of the recording at one time", 0, 0},
    [CONTAMINATION_IBL] = {"contamination_ibl", "ibl:contamination", "isi_violations",
                           "1",
                           "isi_violations_ratio_allen with isi_threshold_ibl_ms and "
                           "isi_minimum_ibl_ms: a ratio "
                           "of rates that can be above 1." TIES,
                           NO_TIME ", or all spikes of the recording at one time", 0, 0},
    [CONTAMINATION_ALT_IBL] =
        {"contamination_alt_ibl", "ibl:contamination_alt", "isi_violations", "1",
         "(sqrt(1 + 4 c) - 1) / 2 with c = n S / (2 N^2 isi_threshold_ibl_ms), n the "
         "intervals "
         "below that and S from the unit's first to its last spike. As published; Hill's "
         "equation has the other sign, which contamination_hill solves: at c = 0.2 this "
         "is "
         "0.171 and Hill's 0.276." TIES,
         "fewer than 2 spikes", 0, 0},
    [VIOLATIONS_CELLEXPLORER] =
        {"refractory_violations_cellexplorer", "cellexplorer:refractoryPeriodViolation",
         "isi_violations", "1/1000",
         "1000 n / N, n the intervals below refractory_cellexplorer_ms." TIES,
         "no spikes", 0, 0},
};

static const spk_metrics_parameter parameters[] = {
    {"isi_threshold_ms", "isi_violations", "ms",
     "Shorter intervals are violations, for isi_violations_* and contamination_hill.",
     1.5, 0, 1000},
    {"isi_minimum_ms", "isi_violations", "ms",
     "Shortest interval that detection could have seen, taken off the time of "
     "violations.",
     0, 0, 1000},
    {"contamination_confidence", "isi_violations", "1",
     "Of the interval from *_low to *_high, for contamination_hill and rp_contamination.",
     0.95, 0.5, 0.999999},
    {"isi_threshold_allen_ms", "isi_violations", "ms",
     "Shorter intervals are violations, for *_allen and *_colonell.", 1.5, 0, 1000},
    {"isi_minimum_allen_ms", "isi_violations", "ms",
     "Spikes that follow by no more are dropped as duplicates, for *_allen and "
     "*_colonell.",
     0, 0, 1000},
    {"isi_threshold_ibl_ms", "isi_violations", "ms",
     "Shorter intervals are violations, for contamination_ibl and _alt_ibl.", 1.5, 0,
     1000},
    {"isi_minimum_ibl_ms", "isi_violations", "ms",
     "Spikes that follow by no more are dropped as duplicates, for contamination_ibl.",
     0.1, 0, 1000},
    {"refractory_cellexplorer_ms", "isi_violations", "ms",
     "Shorter intervals are violations, for refractory_violations_cellexplorer.", 2, 0,
     1000},
};

typedef struct isi_rule {
    double threshold_s, minimum_s;
    int64_t lag;       /* the longest interval that is a violation */
    int64_t duplicate; /* the longest after which a spike is a duplicate */
} isi_rule;

typedef struct isi_work {
    const spk_trains *trains;
    double *const *values;
    double rate_hz, span_s, confidence;
    isi_rule own, allen, ibl;
    int64_t cellexplorer_lag;
} isi_work;

static isi_rule make_rule(double threshold_ms, double minimum_ms, double rate_hz)
{
    return (isi_rule){
        .threshold_s = threshold_ms / 1000,
        .minimum_s = minimum_ms / 1000,
        .lag = spk__lag_below(threshold_ms / 1000, rate_hz),
        .duplicate = spk__lag_at_most(minimum_ms / 1000, rate_hz),
    };
}

/* Rate of violations over the rate of all spikes. */
static double ratio_of(double n_violations, double n_spikes, double time_s,
                       const isi_rule *rule)
{
    const double open_s = rule->threshold_s - rule->minimum_s;
    if (!(open_s > 0) || !(time_s > 0))
        return NAN;
    return n_violations / (2 * n_spikes * open_s) / (n_spikes / time_s);
}

static void put(const isi_work *work, int metric, int64_t unit, double value)
{
    if (work->values[metric] != NULL)
        work->values[metric][unit] = value;
}

static int is_wanted(const isi_work *work, int first, int last)
{
    int wanted = 0;
    for (int m = first; m <= last; m++)
        wanted |= work->values[m] != NULL;
    return wanted;
}

static double hill_of(double ratio)
{
    return isnan(ratio) ? NAN : spk__contamination_hill(ratio);
}

static void measure_own(const isi_work *work, const spk_train *train, int64_t unit)
{
    const double n = (double)train->n_spikes;
    const double time_s = (double)train->duration_samples / work->rate_hz;
    const int64_t count = spk__count_intervals(train, work->own.lag);
    const double ratio = ratio_of((double)count, n, time_s, &work->own);
    put(work, RATIO, unit, ratio);
    put(work, COUNT, unit, (double)count);
    put(work, HILL, unit, hill_of(ratio));
    if (is_wanted(work, HILL_LOW, HILL_HIGH)) {
        double low, high;
        spk__violation_limits(count, work->confidence, &low, &high);
        put(work, HILL_LOW, unit, hill_of(ratio_of(low, n, time_s, &work->own)));
        put(work, HILL_HIGH, unit, hill_of(ratio_of(high, n, time_s, &work->own)));
    }
}

static void measure_alt_ibl(const isi_work *work, const spk_train *train, int64_t unit)
{
    const double n = (double)train->n_spikes;
    const double span_s = (double)spk__train_span(train) / work->rate_hz;
    const double count = (double)spk__count_intervals(train, work->ibl.lag);
    const double c = span_s * count / (2 * work->ibl.threshold_s * n * n);
    if (train->n_spikes >= 2)
        put(work, CONTAMINATION_ALT_IBL, unit, (sqrt(1 + 4 * c) - 1) / 2);
}

static spk_status measure_unit(void *state, int64_t unit, int32_t worker)
{
    const isi_work *work = state;
    const spk_train train = spk_trains_unit(work->trains, unit);
    int64_t n_left;
    (void)worker;
    if (train.n_spikes == 0)
        return SPK_OK;
    if (is_wanted(work, RATIO, HILL_HIGH))
        measure_own(work, &train, unit);
    if (is_wanted(work, RATIO_ALLEN, HILL_COLONELL)) {
        const int64_t count = spk__count_intervals_without(&train, work->allen.duplicate,
                                                           work->allen.lag, &n_left);
        const double ratio =
            ratio_of((double)count, (double)n_left, work->span_s, &work->allen);
        put(work, RATIO_ALLEN, unit, ratio);
        put(work, COUNT_ALLEN, unit, (double)count);
        put(work, HILL_COLONELL, unit, hill_of(ratio));
    }
    if (work->values[CONTAMINATION_IBL] != NULL) {
        const int64_t count = spk__count_intervals_without(&train, work->ibl.duplicate,
                                                           work->ibl.lag, &n_left);
        put(work, CONTAMINATION_IBL, unit,
            ratio_of((double)count, (double)n_left, work->span_s, &work->ibl));
    }
    if (work->values[CONTAMINATION_ALT_IBL] != NULL)
        measure_alt_ibl(work, &train, unit);
    if (work->values[VIOLATIONS_CELLEXPLORER] != NULL)
        put(work, VIOLATIONS_CELLEXPLORER, unit,
            1000 * (double)spk__count_intervals(&train, work->cellexplorer_lag) /
                (double)train.n_spikes);
    return SPK_OK;
}

static spk_status compute(spk_context *ctx, const spk__metrics_work *work,
                          double *const *values)
{
    const spk_spikes *spikes = work->input->spikes;
    const double rate_hz = spikes->sampling_rate_hz;
    const spk__trains_span span = spk__trains_find_span(work->trains);
    isi_work isi = {
        .trains = work->trains,
        .values = values,
        .rate_hz = rate_hz,
        .span_s = ((double)span.last - (double)span.first) / rate_hz,
        .confidence = spk__metrics_parameter(work, "contamination_confidence"),
        .own = make_rule(spk__metrics_parameter(work, "isi_threshold_ms"),
                         spk__metrics_parameter(work, "isi_minimum_ms"), rate_hz),
        .allen = make_rule(spk__metrics_parameter(work, "isi_threshold_allen_ms"),
                           spk__metrics_parameter(work, "isi_minimum_allen_ms"), rate_hz),
        .ibl = make_rule(spk__metrics_parameter(work, "isi_threshold_ibl_ms"),
                         spk__metrics_parameter(work, "isi_minimum_ibl_ms"), rate_hz),
        .cellexplorer_lag = spk__lag_below(
            spk__metrics_parameter(work, "refractory_cellexplorer_ms") / 1000, rate_hz),
    };
    return spk__parallel_for(ctx, spikes->n_units, measure_unit, &isi, "ISI violations");
}

const spk__metric_group spk__metrics_isi = {
    .name = "isi_violations",
    .metrics = metrics,
    .n_metrics = N_METRICS,
    .parameters = parameters,
    .n_parameters = sizeof parameters / sizeof parameters[0],
    .compute = compute,
};
