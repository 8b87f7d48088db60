/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SPIKEKIT_PERIODS_H
#define SPIKEKIT_PERIODS_H

/*
 * When a unit was well recorded. A unit may be cut by the threshold, or mixed with another,
 * for a part of a recording only; the rest can be used. spk_periods_estimate() finds the good
 * stretches of each unit from its refractory violations and its amplitudes. What it gives
 * goes into spk_trains_options and spk_metrics_options as it is.
 */

#include <spikekit/array.h>
#include <spikekit/context.h>
#include <spikekit/epochs.h>
#include <spikekit/spikes.h>
#include <spikekit/status.h>
#include <spikekit/trains.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Fill with spk_periods_options_init(&options, sizeof options), then change fields. The
 *  defaults are SpikeInterface's. */
typedef struct spk_periods_options {
    size_t struct_size;       /**< set by init */
    double period_s;          /**< length of a period, > 0; default 30 */
    double spikes_per_period; /**< > 0: periods of a length that holds so many spikes of
                                  *   the unit on average, in place of period_s; default 0 */
    int64_t min_periods;      /**< with spikes_per_period, fewest in an epoch, which are
                                  *   made shorter for it, >= 1; default 5 */
    double margin_periods;    /**< a period is judged with so many periods' time on either
                                  *   side, >= 0; default 1 */
    double max_false_positives;   /**< good: below this; default 0.1 */
    double max_false_negatives;   /**< good: below this; default 0.1 */
    double min_valid_s;           /**< shortest good stretch to keep, >= 0; default 180 */
    double refractory_ms;         /**< of the unit, > censored_ms; default 0.8 */
    double censored_ms;           /**< in which the sorter finds no second spike, >= 0;
                                  *   default 0 */
    int64_t cutoff_bins;          /**< of the histogram of amplitudes, >= 1; default 50 */
    double cutoff_smoothing_bins; /**< 0.1 .. 50; default 3 */
    double cutoff_min_spikes_per_bin; /**< >= 0; default 5 */
    const spk_epochs *epochs;         /**< default NULL: the whole recording */
} spk_periods_options;

SPK_API void spk_periods_options_init(spk_periods_options *options, size_t struct_size);

/**
 * The number of periods of all units that spk_periods_rates() judges, and so the most that
 * spk_periods_estimate() can give.
 *
 * Each epoch is cut from its start into periods of round(period_s * fs) samples, of which the
 * last may be shorter; by number of spikes, of round(spikes_per_period / rate * fs), rate the
 * unit's over all epochs, where a unit without spikes has none.
 * @return SPK_OK; SPK_ERR_ARGUMENT (NULL, a field out of range); the errors of
 *         spk_trains_create(); SPK_ERR_OVERFLOW
 */
SPK_API SPK_MUST_CHECK spk_status spk_periods_length(spk_context *ctx,
                                                     const spk_spikes *spikes,
                                                     const spk_periods_options *options,
                                                     int64_t *n_periods);

/**
 * Estimates the share of foreign and of missed spikes around each period.
 *
 * From the period and its margins, within its epoch: false positives are Llobet et al.'s
 * 1 - sqrt(1 - v (T - 2 N c) / (N^2 (r - c))), v the pairs of spikes no more than r apart;
 * false negatives the metric amplitude_cutoff, amplitudes of a unit whose median is negative
 * with their sign turned.
 *
 * @param[in]  ctx         threads, progress, cancel; holds the message on error
 * @param[in]  spikes      valid spike table
 * @param[in]  amplitudes  [n_spikes] or [n_spikes][1]; NaN and infinite ones do not count
 * @param[in]  options     NULL for the defaults
 * @param[out] offsets     [n_units + 1]
 * @param[out] starts      [n_periods] as spk_periods_length() says; by unit, in order of time
 * @param[out] stops       [n_periods]
 * @param[out] false_positives [n_periods] NaN with fewer than two spikes, 1 if there are more
 *                         violations than any mixture has
 * @param[out] false_negatives [n_periods] 0 .. 0.5; NaN with too few spikes
 * @return SPK_OK; SPK_ERR_ARGUMENT (NULL, a field out of range, amplitudes of another length,
 *         shape or of text); the errors of spk_trains_create(); SPK_ERR_OVERFLOW;
 *         SPK_ERR_MEMORY; SPK_ERR_CANCELLED
 * Cost:    O(n_spikes * (1 + 2 margin_periods) + n_periods * bins) time; 12 bytes a spike, and
 *          for each thread 40 bytes a spike of the largest unit
 * Threads: workers own units; same bits for any number of threads
 * Source:  Llobet, Wyngaard & Barbour (2022) bioRxiv 2022.02.08.479192; Hill et al. (2011)
 *          J. Neurosci. 31:8699-8705; SpikeInterface's valid_unit_periods
 */
SPK_API SPK_MUST_CHECK spk_status
spk_periods_rates(spk_context *ctx, const spk_spikes *spikes, const spk_array *amplitudes,
                  const spk_periods_options *options, int64_t *offsets, int64_t *starts,
                  int64_t *stops, double *false_positives, double *false_negatives);

/**
 * Finds the stretches in which units were well recorded: periods both of whose rates are
 * below their limits, joined where they touch within an epoch, and kept if they last
 * int(min_valid_s * fs) samples.
 *
 * @param[in]  ctx, spikes, amplitudes, options  as spk_periods_rates()
 * @param[out] offsets  [n_units + 1]; with starts and stops the arrays of an spk_periods
 * @param[out] starts   [n_periods] room, as spk_periods_length() says; offsets[n_units] used
 * @param[out] stops    [n_periods] room
 * @return as spk_periods_rates()
 * Cost, Threads, Source: as spk_periods_rates(); 16 bytes a period more
 */
SPK_API SPK_MUST_CHECK spk_status spk_periods_estimate(spk_context *ctx,
                                                       const spk_spikes *spikes,
                                                       const spk_array *amplitudes,
                                                       const spk_periods_options *options,
                                                       int64_t *offsets, int64_t *starts,
                                                       int64_t *stops);

#ifdef __cplusplus
}
#endif
#endif
