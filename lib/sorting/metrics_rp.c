/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Contamination from all pairs of spikes within the refractory period, not only neighbours:
 * a foreign spike between two of the unit's own violates twice (Llobet et al. 2022).
 */
#include "base/check.h"
#include "base/durations.h"
#include "base/parallel.h"
#include "sorting/contamination.h"
#include "sorting/metric_group.h"
#include "sorting/pair_lags.h"

enum {
    CONTAMINATION,
    VIOLATIONS,
    CONTAMINATION_LOW,
    CONTAMINATION_HIGH,
    N_METRICS
};

#define NO_PAIRS "fewer than 2 spikes, or rp_period_ms not above rp_censored_ms"

static const spk_metric metrics[N_METRICS] = {
    [CONTAMINATION] =
        {"rp_contamination", "spikeinterface:rp_contamination", "rp_violations", "1",
         "1 - sqrt(1 - n (T - 2 N c) / (N^2 (r - c))), n = rp_violations, r = "
         "rp_period_ms, c "
         "= rp_censored_ms, both rounded to samples, T the observed time: Llobet et al. "
         "(2022). 1 where the root has a negative argument: more violations than a "
         "mixture "
         "with one foreign source has.",
         NO_PAIRS, 0, 0},
    [VIOLATIONS] = {"rp_violations", "spikeinterface:rp_violations", "rp_violations",
                    "pairs",
                    "Pairs of spikes, neighbours or not, no further apart than "
                    "rp_period_ms rounded to "
                    "samples; those closer than rp_censored_ms too.",
                    "no spikes", 0, 0},
    [CONTAMINATION_LOW] =
        {"rp_contamination_low", "", "rp_violations", "1",
         "Lower limit of rp_contamination: from the exact (Garwood) lower limit of the "
         "mean "
         "of a Poisson count, at contamination_confidence on both sides together. Says "
         "what "
         "chance does to the count, not whether the refractory period is right.",
         NO_PAIRS, 0, 0},
    [CONTAMINATION_HIGH] = {"rp_contamination_high", "", "rp_violations", "1",
                            "Upper limit of rp_contamination, see rp_contamination_low: "
                            "without any violation "
                            "still above 0. A unit is surely clean only if this is low.",
                            NO_PAIRS, 0, 0},
};

static const spk_metrics_parameter parameters[] = {
    {"rp_period_ms", "rp_violations", "ms",
     "Refractory period within which the unit cannot have two spikes.", 1, 0, 1000},
    {"rp_censored_ms", "rp_violations", "ms",
     "Time after a spike for which detection is blind.", 0, 0, 1000},
};

typedef struct rp_work {
    const spk_trains *trains;
    double *const *values;
    int64_t period, censored; /* samples */
    double confidence;
} rp_work;

static void put(const rp_work *work, int metric, int64_t unit, const spk_train *train,
                double pairs)
{
    if (work->values[metric] != NULL)
        work->values[metric][unit] = spk__contamination_llobet(
            pairs, (double)train->n_spikes, (double)train->duration_samples,
            (double)work->period, (double)work->censored);
}

static spk_status measure_unit(void *state, int64_t unit, int32_t worker)
{
    const rp_work *work = state;
    const spk_train train = spk_trains_unit(work->trains, unit);
    (void)worker;
    if (train.n_spikes == 0)
        return SPK_OK;
    const int64_t pairs = spk__pairs_between(&train, 0, work->period);
    if (work->values[VIOLATIONS] != NULL)
        work->values[VIOLATIONS][unit] = (double)pairs;
    if (train.n_spikes < 2 || work->period <= work->censored)
        return SPK_OK;
    put(work, CONTAMINATION, unit, &train, (double)pairs);
    if (work->values[CONTAMINATION_LOW] != NULL ||
        work->values[CONTAMINATION_HIGH] != NULL) {
        double low, high;
        spk__violation_limits(pairs, work->confidence, &low, &high);
        put(work, CONTAMINATION_LOW, unit, &train, low);
        put(work, CONTAMINATION_HIGH, unit, &train, high);
    }
    return SPK_OK;
}

static spk_status compute(spk_context *ctx, const spk__metrics_work *work,
                          double *const *values)
{
    const spk_spikes *spikes = work->input->spikes;
    rp_work rp = {
        .trains = work->trains,
        .values = values,
        .period = spk__samples_near(spk__metrics_parameter(work, "rp_period_ms"),
                                    spikes->sampling_rate_hz),
        .censored = spk__samples_near(spk__metrics_parameter(work, "rp_censored_ms"),
                                      spikes->sampling_rate_hz),
        .confidence = spk__metrics_parameter(work, "contamination_confidence"),
    };
    return spk__parallel_for(ctx, spikes->n_units, measure_unit, &rp,
                             "refractory violations");
}

const spk__metric_group spk__metrics_rp = {
    .name = "rp_violations",
    .metrics = metrics,
    .n_metrics = N_METRICS,
    .parameters = parameters,
    .n_parameters = sizeof parameters / sizeof parameters[0],
    .compute = compute,
};
