/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SPIKEKIT_REFRACTORY_H
#define SPIKEKIT_REFRACTORY_H

/*
 * The refractory period of one unit, for a look at it: its autocorrelogram at short lags, and
 * how sure one can be that the unit is clean with each refractory period it might have. The
 * numbers of all units are metrics (metrics.h): sliding_rp_violation and its kin.
 */

#include <spikekit/context.h>
#include <spikekit/status.h>
#include <spikekit/trains.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** How many violations a contamination C of N spikes in a time T gives on average, were the
 *  refractory period t. */
typedef enum spk_refractory_model {
    /** 2 t / T C N ((1 - C) N + (C N - 1) / 2): foreign spikes meet the unit's own and one
     *  another (Llobet et al. 2022) */
    SPK_REFRACTORY_LLOBET = 0,
    /** 2 t / T C N N: foreign spikes meet as many as there are spikes (slidingRefractory) */
    SPK_REFRACTORY_STEINMETZ = 1
} spk_refractory_model;

/** Fill with spk_refractory_options_init(&options, sizeof options), then change fields. */
typedef struct spk_refractory_options {
    size_t struct_size; /**< set by init */
    /** Step of the periods [s], rounded to samples, at least one; default 0.00025. */
    double step_s;
    int64_t n_periods; /**< 1 .. 100000; default 40: up to 10 ms */
    /** An estimate is of a period whose last bin has its centre above this; default 0.0005. */
    double shortest_s;
    int64_t n_contaminations; /**< 1 .. 1000; default 70: up to 35 % */
    /** Times n_contaminations at most 0.5; default 0.005. */
    double contamination_step;
    double confidence; /**< an estimate needs more than this, 0 .. 1; default 0.9 */
    int32_t model;     /**< spk_refractory_model; default SPK_REFRACTORY_LLOBET */
} spk_refractory_options;

SPK_API void spk_refractory_options_init(spk_refractory_options *options,
                                         size_t struct_size);

/** What the confidences of a unit come to. */
typedef struct spk_refractory_estimate {
    double step_s;        /**< the step of the periods after rounding [s] */
    double contamination; /**< the least that one can be sure of; NaN if none */
    /** The period that is surest of it, the first of several; NaN if none. No estimate of the
     *  unit's refractory period: a unit with few spikes is surest with the longest. */
    double period_s;
    double max_confidence; /**< the highest confidence of less than 10 % */
} spk_refractory_estimate;

/**
 * Counts the pairs of a unit's spikes at short lags, and finds how sure each refractory
 * period and contamination is.
 *
 * Period p (from 0) is t = (p + 1) step_s, and contamination c is C = (c + 1)
 * contamination_step. pairs[p] is the number of pairs of spikes, each once, with
 * p step_s <= lag < (p + 1) step_s; no pair bridges two runs. With v the sum of pairs[0] ..
 * pairs[p], and simultaneous pairs once more (SpikeInterface's autocorrelogram has them both
 * ways round), confidence[c][p] = P(more than v violations), the number of violations
 * Poisson with the mean of the model: the confidence that the contamination is below C if
 * the refractory period is t.
 *
 * With the defaults estimate.contamination is the metric sliding_rp_violation.
 *
 * @param[in]  ctx         holds the message on error
 * @param[in]  trains      borrowed for the call
 * @param[in]  unit        0 .. n_units - 1
 * @param[in]  options     NULL for the defaults
 * @param[out] pairs       [n_periods]
 * @param[out] confidence  [n_contaminations][n_periods] row-major; NULL: not wanted. All 0
 *                         for a unit without spikes
 * @param[out] estimate    NULL: not wanted. NaN for a unit without spikes
 * @return SPK_OK; SPK_ERR_ARGUMENT (NULL, unit or an option out of range); SPK_ERR_MEMORY
 * Cost:    O(spikes of the unit + pairs within the longest period) and, if wanted, a Poisson
 *          tail for each element of confidence; extra memory O(n_periods), and up to 256 kB
 * Threads: any number may use one spk_trains
 * Source:  IBL et al. (2022) Spike sorting pipeline; Llobet, Wyngaard & Barbour (2022)
 *          bioRxiv 2022.02.08.479192
 */
SPK_API SPK_MUST_CHECK spk_status
spk_refractory_confidence(spk_context *ctx, const spk_trains *trains, int64_t unit,
                          const spk_refractory_options *options, int64_t *pairs,
                          double *confidence, spk_refractory_estimate *estimate);

#ifdef __cplusplus
}
#endif
#endif
