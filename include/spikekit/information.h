/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SPIKEKIT_INFORMATION_H
#define SPIKEKIT_INFORMATION_H

/*
 * Mutual information and transfer entropy between binned trains, of all pairs.
 *
 * Each run of the recording (trains.h) is cut from its start into bins of round(bin_s fs)
 * samples, at least 1; what is left at its end is dropped. x(t) is 1 if unit x has a spike in
 * bin t, else 0. Source x, target y, delay d bins:
 *
 *   mutual information   I(d) = I( y(t) ; x(t - d) )
 *   transfer entropy    TE(d) = I( y(t) ; x(t - d) .. x(t - d - l + 1) | y(t - 1) .. y(t - k) )
 *
 * with the frequencies over all t whose bins all lie in one run: the plug-in estimate, in bits,
 * never below 0. It is biased upwards, by about K / (2 N ln 2) for N bins, where K is 1 for the
 * mutual information and 2^k (2^l - 1) for the transfer entropy if all patterns occur.
 *
 * Which surrogates of the source test what, and what their mean takes off:
 *   TRAIN_DITHER of infinite width (the default) keeps all of the source but its place in
 *     time. It tests whether steady trains, bursts and all, have nothing to do with each
 *     other; rates that drift together are found too, as what the trains have in common.
 *   TRAIN_DITHER of a width keeps drifts slower than it besides, and tests for what is faster;
 *     take it much wider than the delays and the bursts, or there is little to be told apart.
 *   TRIAL_SHIFT is for runs that are trials: a shift of its own for each. What the trials
 *     repeat is lost, and found as common.
 *   DITHER, JITTER and all others that move spikes one by one also break the source's bursts
 *     and silences, and are small p for two independent trains that have them: of bursts of
 *     five spikes 3 ms apart, p <= 0.05 in well over half of the pairs, dithered by 10 ms. They
 *     test trains without a structure of their own, Poisson ones.
 */

#include <spikekit/context.h>
#include <spikekit/status.h>
#include <spikekit/surrogates.h>
#include <spikekit/trains.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** What is taken off for the bias. */
typedef enum spk_information_bias {
    SPK_INFORMATION_PLUG_IN = 0, /**< nothing */
    /** The term of Miller & Madow of each entropy: (occurring patterns - 1) / (2 N ln 2); the
     *  first term of Panzeri & Treves, too, who count the patterns that may occur. */
    SPK_INFORMATION_MILLER_MADOW = 1,
    SPK_INFORMATION_SURROGATES = 2 /**< the mean over the surrogates */
} spk_information_bias;

/** Fill with spk_information_options_init(&options, sizeof options), then change fields. */
typedef struct spk_information_options {
    size_t struct_size;     /**< set by init */
    double bin_s;           /**< bin width [s], above 0; default 0.001 */
    int64_t target_history; /**< k, 1 .. 5, transfer entropy only; default 1 */
    int64_t source_history; /**< l, 1 .. 3, transfer entropy only; default 1 */
    /** Delays of the source [bins], first .. last: from 0 for the mutual information, from 1
     *  for the transfer entropy, up to 100000, and at most 1024 of them. Default -1: not given;
     *  first_delay then is the least there may be, last_delay is first_delay. */
    int64_t first_delay;
    int64_t last_delay;
    int32_t bias; /**< spk_information_bias; default SPK_INFORMATION_MILLER_MADOW */
    int64_t n_surrogates; /**< 0 .. 10^6 of each source, for p and the bias; default 0 */
    /** How to make them; default NULL: the whole train shifted around its run
     *  (TRAIN_DITHER, width_s = infinity), seed 0. */
    const spk_surrogates_options *surrogates;
} spk_information_options;

SPK_API void spk_information_options_init(spk_information_options *options,
                                          size_t struct_size);

/**
 * Estimates the mutual information between units, for sources first_unit .. last_unit - 1 and
 * all targets.
 *
 * p[s][u] is (1 + m) / (1 + n_surrogates), where m counts the surrogates of the source whose
 * largest plug-in estimate over the delays is at least that of the source itself: the
 * probability of so much or more, if the pair has nothing in common but what the surrogates
 * keep.
 *
 * @param[in]  ctx          the calling thread's context; holds the message on error
 * @param[in]  trains       borrowed for the call; without periods, so that units have the
 *                          same runs
 * @param[in]  options      NULL for the defaults; target_history and source_history are not
 *                          read
 * @param[in]  first_unit, last_unit  the sources: a shard
 * @param[out] information  [sources][n_units][delays] row-major [bits]; that of two steady
 *                          trains is 0. NaN for a unit with itself, and where there is no bin
 * @param[out] p            [sources][n_units], NULL: not wanted; NaN as above, and without
 *                          surrogates
 * @return SPK_OK; SPK_ERR_ARGUMENT (NULL, an option or a unit out of range, runs that differ
 *         between units, bias SURROGATES without surrogates); SPK_ERR_OVERFLOW (2^40 bins or
 *         more); SPK_ERR_MEMORY; SPK_ERR_CANCELLED
 * Cost:    O(sources n_units delays bins / 64), a few billion words a second and thread, once
 *          more for each surrogate; extra memory n_units bins / 8 bytes, and for each thread
 *          32 MB or, if it is more, 8 n_units delays 2^(k + l + 1) bytes
 * Threads: blocks of sources side by side; the same for any number of threads
 */
SPK_API SPK_MUST_CHECK spk_status spk_mutual_information_estimate(
    spk_context *ctx, const spk_trains *trains, const spk_information_options *options,
    int64_t first_unit, int64_t last_unit, double *information, double *p);

/**
 * Estimates the transfer entropy from units first_unit .. last_unit - 1 to all units; all else
 * as in spk_mutual_information_estimate().
 *
 * Cost:    2^k - 1/2 to 2^k (2^l - 1) times that
 * Source:  Schreiber (2000) Phys. Rev. Lett. 85:461-464; Ito et al. (2011) PLoS ONE 6:e27431,
 *          whose delay moves the source only, as here
 */
SPK_API SPK_MUST_CHECK spk_status spk_transfer_entropy_estimate(
    spk_context *ctx, const spk_trains *trains, const spk_information_options *options,
    int64_t first_unit, int64_t last_unit, double *entropy, double *p);

/** What delays come to. */
typedef struct spk_information_peak {
    double value;  /**< the largest over the delays; NaN if all are */
    int64_t delay; /**< its place, from 0; the first of several; -1 if all are NaN */
    /** Coincidence index: the share of the sum over all delays that lies in the window around
     *  the peak; NaN if the sum is not above 0. */
    double coincidence;
} spk_information_peak;

/**
 * Finds the peak over delays and the coincidence index (Ito et al. 2011).
 *
 * @param[in]  ctx            holds the message on error
 * @param[in]  n_pairs        >= 0
 * @param[in]  n_delays       >= 1
 * @param[in]  values         [n_pairs][n_delays]
 * @param[in]  window_delays  width of the window, odd, >= 1, cut at the first and last delay;
 *                            Ito et al. take 5
 * @param[out] peaks          [n_pairs]
 * @return SPK_OK; SPK_ERR_ARGUMENT
 * Cost: O(n_pairs n_delays)
 */
SPK_API SPK_MUST_CHECK spk_status spk_information_peaks(spk_context *ctx, int64_t n_pairs,
                                                        int64_t n_delays,
                                                        const double *values,
                                                        int64_t window_delays,
                                                        spk_information_peak *peaks);

#ifdef __cplusplus
}
#endif
#endif
