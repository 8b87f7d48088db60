/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SPIKEKIT_TRIAL_FANO_H
#define SPIKEKIT_TRIAL_FANO_H

/*
 * Variability over trials: the Fano factor, variance over mean of the counts of repeats, of
 * each unit by itself and of a population with the distribution of means held fixed.
 *
 * Counts are taken in windows of `window_bins` bins: window w has the bins w * step_bins ..
 * w * step_bins + window_bins - 1. A trial counts in a window when all of it was observed.
 */

#include <spikekit/context.h>
#include <spikekit/status.h>
#include <spikekit/trials.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Fill with spk_trial_fano_options_init(&options, sizeof options), then change fields. */
typedef struct spk_trial_fano_options {
    size_t struct_size;  /**< set by init */
    int64_t window_bins; /**< bins in a window, 1 .. n_bins; default 1 */
    int64_t step_bins;   /**< bins from one window to the next, >= 1; default 1 */
    int32_t ddof;        /**< the variance divides by n - ddof: 1, or 0 as elephant does;
                          *   default 1 */
    double confidence;   /**< of the limits, between 0 and 1; default 0.95 */
} spk_trial_fano_options;

SPK_API void spk_trial_fano_options_init(spk_trial_fano_options *options,
                                         size_t struct_size);

/** Where the results go; arrays of the caller, NULL for those not wanted. */
typedef struct spk_trial_fano {
    int64_t *n_trials; /**< [n_conditions][n_windows] trials used */
    double *means;     /**< [n_conditions][n_units][n_windows]; NaN without trials */
    double *variances; /**< the same shape; NaN with fewer than ddof + 1 trials */
    double *fano;      /**< variances / means; NaN also where the mean is 0 */
    double *lower;     /**< limits by spk_fano_counts() with lags 0; NaN as there */
    double *upper;     /**< as lower */
} spk_trial_fano;

/**
 * The number of windows.
 * @return SPK_OK; SPK_ERR_ARGUMENT (NULL, an option out of range, n_bins < 1)
 */
SPK_API SPK_MUST_CHECK spk_status
spk_trial_fano_length(spk_context *ctx, int64_t n_bins,
                      const spk_trial_fano_options *options, int64_t *n_windows);

/**
 * The Fano factor of each unit over the trials of each condition in each window. 1 for a
 * Poisson process with the same rate in every trial.
 *
 * @param[in]  ctx      the calling thread's context; holds the message on error
 * @param[in]  trials   borrowed for the call
 * @param[in]  options  NULL for the defaults
 * @param[out] fano     arrays that are overwritten; unspecified on error
 * @return SPK_OK; the errors of spk_trials_check() and spk_trial_fano_length();
 *         SPK_ERR_ARGUMENT (NULL); SPK_ERR_CANCELLED; SPK_ERR_MEMORY
 * Cost:    O(n_trials n_windows (window_bins + 1)) a unit; 8 bytes a trial and worker, and 8 a
 *          trial and condition
 * Threads: workers own units; same result for any number of threads
 * Source:  Fano (1947) Phys. Rev. 72:26-29
 */
SPK_API SPK_MUST_CHECK spk_status
spk_trial_fano_estimate(spk_context *ctx, const spk_trials *trials,
                        const spk_trial_fano_options *options, spk_trial_fano *fano);

/** Fill with spk_matched_fano_options_init(&options, sizeof options), then change fields. */
typedef struct spk_matched_fano_options {
    size_t struct_size; /**< set by init */
    int64_t
        window_bins; /**< bins in a window, 1 .. n_bins; default 1. Windows of 50 to 100 ms
                           *   are usual */
    int64_t step_bins;   /**< bins from one window to the next, >= 1; default 1 */
    double mean_spacing; /**< width of the classes of mean counts that are matched
                           *   [spikes], > 0; default 0.25 */
    int64_t n_repeats;   /**< random matchings that are averaged, 1 .. 10^6; default 10 */
    int32_t is_weighted; /**< nonzero: points weigh n / (mean + window at 1 Hz)^2; 0: all
                           *   the same; default 1 */
    double confidence;   /**< of the limits, between 0 and 1; default 0.95 */
    uint64_t seed;       /**< of the matching; default 0 */
} spk_matched_fano_options;

SPK_API void spk_matched_fano_options_init(spk_matched_fano_options *options,
                                           size_t struct_size);

/** The population's Fano factor in one window. A point is a unit in a condition. */
typedef struct spk_matched_fano {
    int64_t n_points; /**< points with the same distribution of means in all windows */
    int64_t n_points_all; /**< points there are */
    double mean;          /**< mean count of the matched points; NaN without any */
    double mean_all;      /**< mean count of all points; NaN without any */
    double fano;          /**< of the matched points; NaN with fewer than 5 */
    double lower;         /**< limits */
    double upper;
    double fano_all; /**< of all points, no matching; NaN with fewer than 5 */
    double lower_all;
    double upper_all;
} spk_matched_fano;

/**
 * The mean-matched Fano factor of a population: does variability change over time, apart from
 * what follows from a change of rate?
 *
 * A point is a unit in a condition with two or more trials; only trials observed in all bins
 * count. In each window the variances (n - 1) of the points are regressed on their means, line
 * through the origin; the slope is the Fano factor. Before that, points are dropped at random
 * until in every window the same number of points has a mean in [k mean_spacing,
 * (k + 1) mean_spacing), for each k: the least over windows. Slope, limits and mean are
 * averages over n_repeats such choices. The limits of one choice are slope +- t SE, t Student's
 * quantile with points - 1 degrees of freedom, SE from the weighted residuals: points are taken
 * to be independent. Of the points of a class those are kept whose draws are the smallest;
 * the draw of point p in window w and repeat r is number w * n_points_all + p of stream r.
 *
 * Matching and weights see the estimated mean, whose error goes with that of the variance:
 * where variance is F times the mean, the slope is off with few trials. Weighted it is too low:
 * a constant factor of 2 comes out as 1.77 with 5 trials a point and 1.88 with 10 (limits of
 * 95 % then hold it in 74 and 88 %), unweighted as 2.00. Matching adds a change where there is
 * none: with a factor of 1.5 throughout and rates that double, weighted slopes of the second
 * window are lower by 0.05 with 10 trials and 0.04 with 20, unweighted ones by 0.03 and 0.01
 * (standard errors 0.02 and 0.01). Take more trials, or is_weighted 0, before a small change is
 * believed.
 *
 * The authors' program differs in taking 2 in place of t.
 *
 * @param[in]  ctx      the calling thread's context; holds the message on error
 * @param[in]  trials   many units and conditions; borrowed for the call
 * @param[in]  options  NULL for the defaults
 * @param[out] fano     [n_windows], spk_trial_fano_length() with the same window and step
 * @return SPK_OK; the errors of spk_trials_check() and spk_trial_fano_length();
 *         SPK_ERR_ARGUMENT (NULL, an option out of range); SPK_ERR_OVERFLOW (a mean of more
 *         than 10^6 classes); SPK_ERR_CANCELLED; SPK_ERR_MEMORY
 * Cost:    O(counts window_bins / step_bins), every window being counted twice, and n_repeats
 *          sorts of the points a window; 40 bytes a point and window
 * Threads: workers own windows; same result for any number of threads
 * Source:  Churchland et al. (2010) Nat. Neurosci. 13:369-378
 */
SPK_API SPK_MUST_CHECK spk_status spk_matched_fano_estimate(
    spk_context *ctx, const spk_trials *trials, const spk_matched_fano_options *options,
    spk_matched_fano *fano);

#ifdef __cplusplus
}
#endif
#endif
