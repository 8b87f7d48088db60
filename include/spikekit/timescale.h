/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SPIKEKIT_TIMESCALE_H
#define SPIKEKIT_TIMESCALE_H

/*
 * How long a unit's rate remembers itself: the time constant with which the autocorrelation of
 * its spike counts decays. From trials (Murray et al. 2014) or from a recording that is cut
 * into segments.
 */

#include <spikekit/context.h>
#include <spikekit/status.h>
#include <spikekit/trains.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Which mean is taken off the counts. */
typedef enum spk_timescale_centre {
    /** that of each bin over trials: what the trials have in common does not count */
    SPK_TIMESCALE_ACROSS = 0,
    /** that of each trial over its bins: changes from trial to trial do not count */
    SPK_TIMESCALE_WITHIN = 1
} spk_timescale_centre;

/** Fill with spk_timescale_options_init(&options, sizeof options), then change fields. */
typedef struct spk_timescale_options {
    size_t struct_size; /**< set by init */
    double bin_s;       /**< of counts [s], rounded to samples, > 0; default 0.05 */
    double window_s; /**< length of a trial or segment [s], at least 4 bins; what is left
                         *   after whole bins is dropped; default 0: 1 for trials, 10 for
                         *   segments */
    double
        max_lag_s; /**< longest lag, in whole bins, at least 3 and at most the window less
                         *   a bin; default 0: half the window, at most 1 */
    int64_t
        first_lag;  /**< the fit begins at this lag [bins], >= 1; default 0: at the first
                         *   that is higher than the next, so that a dip from refractoriness
                         *   or adaptation is left out */
    int32_t centre; /**< spk_timescale_centre; default SPK_TIMESCALE_ACROSS for trials; of
                         *   segments always SPK_TIMESCALE_WITHIN */
    int32_t corrected; /**< 0: as published, see below; default 1 */
    int64_t
        n_bootstrap; /**< draws of trials for errors, 0 .. 100000; default 200; 0: none */
    uint64_t seed;   /**< of the draws; default 0 */
    double confidence; /**< of the limits, between 0 and 1; default 0.95 */
} spk_timescale_options;

SPK_API void spk_timescale_options_init(spk_timescale_options *options,
                                        size_t struct_size);

/** The timescale of one unit. */
typedef struct spk_timescale {
    int64_t n_trials;  /**< trials or segments that were observed throughout */
    int64_t first_lag; /**< where the fit begins [bins]; 0: nothing was fitted */
    double tau_s; /**< NaN: fewer than 5 trials or 20 spikes in them, no variance, fewer
                        *   than 3 lags to fit, or no decay within bin_s / 4 .. 10 windows
                        *   that goes down. Noise has a decay about once in three times: see
                        *   decay_p */
    double
        amplitude; /**< A; of the autocovariance with `corrected`, else of the correlation */
    double offset;   /**< the constant beside it */
    double r_square; /**< 1 - residual / total sum of squares of the lags fitted */
    double
        standard_error_s; /**< of tau over draws of trials with replacement; NaN below 20
                              *   draws that had a tau, below 10 trials, and where all draws
                              *   are alike; so are the limits and the bias */
    double lower_s;       /**< quantiles of the draws */
    double upper_s;
    double bias_s; /**< mean of the draws less tau: what is left of the bias, roughly */
    double
        decay_p; /**< p-value of whether there is a decay at all, below; small: there is.
                          *   NaN: too few trials or spikes for tau, or they do not differ */
} spk_timescale;

/**
 * Fits A exp(-lag / tau) + C to the autocorrelation of every unit's counts.
 *
 * As published, ACROSS takes at each lag the mean over all pairs of bins of Pearson's
 * correlation over trials, leaving out bins that do not vary; WITHIN the autocovariance about
 * each trial's mean, averaged over trials, over that at lag 0. Both are biased: ratios of few
 * trials, and means of short trials that follow their own counts, make the decay look faster
 * (Zeraati, Engel & Levina 2022).
 *
 * Corrected, ACROSS pools covariances over pairs of bins before anything is divided, each with
 * n - 1: unbiased at every lag. WITHIN fits what the autocovariance about the mean of T bins
 * is on average, with g(l) = exp(-l bin / tau),
 *     g(k) - sum over the T - k pairs (t, t + k) of (m(t) + m(t + k)) / (T - k) + v,
 * m(t) the mean of g(|t - s|) over s and v the mean of m; the noise of counts adds a constant,
 * which C has. Of both, tau is the best of all within bounds, not the nearest to a start.
 *
 * A curve with a free constant through few lags still gives a tau that is long on average:
 * taken off, bias_s halves that, at the price of some more scatter.
 *
 * decay_p tests a decay against an autocovariance that is the same at all lags, as that of a
 * Poisson process is: for tau' = 1, 4, 16 .. bins, up to the number of lags, each trial's
 * autocovariance about the mean that `centre` says is weighted over lags first_lag (or 1) ..
 * n_lags with exp(-lag / tau') less its mean, and these sums compared with 0 over trials by a
 * one-sided t-test; the least p times the number of tau'. ACROSS, a change of gain from trial
 * to trial is a decay too where the mean response has a peak.
 *
 * Errors come from draws of trials: draw b of unit u uses the numbers of stream u at index
 * b n_trials on.
 *
 * @param[in]  ctx         threads, progress, cancel; holds the message on error
 * @param[in]  trains      borrowed for the call
 * @param[in]  n_trials    >= 0
 * @param[in]  starts      [n_trials] first sample of each trial, in any order; trials that one
 *                         run does not hold are left out. NULL with n_trials 0: segments, each
 *                         run cut from its start into windows
 * @param[in]  options     NULL for the defaults
 * @param[out] timescales  [n_units]
 * @param[out] acf         [n_units][n_lags] what was fitted, lags 1 .. n_lags as from
 *                         spk_timescale_length(); NaN where there is none; NULL: not wanted
 * @return SPK_OK; SPK_ERR_ARGUMENT; SPK_ERR_MEMORY; SPK_ERR_CANCELLED
 * Cost:    O((1 + n_bootstrap) n_trials * bins * lags) a unit ACROSS as published, where draws
 *          cost n_trials * (bins + lags) otherwise, and O(n_trials * runs) to find the run of
 *          each trial; memory of n_trials * (bins + lags) * 8
 *          bytes a thread
 * Threads: workers own units; same bits for any number of threads
 * Source:  Murray et al. (2014) Nat. Neurosci. 17:1661-1663; Zeraati, Engel & Levina (2022)
 *          Nat. Comput. Sci. 2:193-204
 */
SPK_API SPK_MUST_CHECK spk_status spk_timescale_estimate(
    spk_context *ctx, const spk_trains *trains, int64_t n_trials, const int64_t *starts,
    const spk_timescale_options *options, spk_timescale *timescales, double *acf);

/**
 * The number of lags of spk_timescale_estimate().
 * @param[in] with_trials  nonzero: for trials, else for segments
 * @return SPK_OK; SPK_ERR_ARGUMENT
 */
SPK_API SPK_MUST_CHECK spk_status
spk_timescale_length(spk_context *ctx, const spk_trains *trains, int32_t with_trials,
                     const spk_timescale_options *options, int64_t *n_lags);

/**
 * elephant's spike_train_timescale(): with C(k) the sum of products of counts k bins apart less
 * n^2 / L for n spikes in L bins, 2 bin times the trapezoidal sum of (C(k) / C(1))^2 over
 * k = 1 .. max_lag_s / bin_s. Long lags add their noise. Each run is cut into whole bins.
 *
 * @param[in]  ctx           threads, progress, cancel; holds the message on error
 * @param[in]  trains        borrowed for the call
 * @param[in]  bin_s         [s], rounded to samples, > 0
 * @param[in]  max_lag_s     [s], rounded to bins, at least 1, at most 100000
 * @param[out] timescales_s  [n_units] NaN with fewer than 2 spikes in bins, or C(1) = 0
 * @return SPK_OK; SPK_ERR_ARGUMENT; SPK_ERR_OVERFLOW; SPK_ERR_MEMORY; SPK_ERR_CANCELLED
 * Cost:    O(pairs of spikes within max_lag_s + bins) a unit; memory of 8 bytes a bin
 * Threads: workers own units; same bits for any number of threads
 * Source:  Wieland, Bernardi, Schwalger & Lindner (2015) Phys. Rev. E 92:040901
 */
SPK_API SPK_MUST_CHECK spk_status spk_timescale_integral(spk_context *ctx,
                                                         const spk_trains *trains,
                                                         double bin_s, double max_lag_s,
                                                         double *timescales_s);

#ifdef __cplusplus
}
#endif
#endif
