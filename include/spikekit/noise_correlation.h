/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SPIKEKIT_NOISE_CORRELATION_H
#define SPIKEKIT_NOISE_CORRELATION_H

/*
 * Noise correlations: how the counts of two units vary together over repeats of the same
 * condition. Signal correlations: how their mean counts go together over conditions. The count
 * of a trial is that of all its bins; only trials observed in all bins are used.
 * spk_correlation_summarize() makes one number of a matrix.
 */

#include <spikekit/context.h>
#include <spikekit/status.h>
#include <spikekit/trials.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** How conditions are put together. */
typedef enum spk_noise_pooling {
    SPK_NOISE_ZSCORE =
        0, /**< counts less their mean over their standard deviation, within
                            *   each condition: every condition has the same say for its
                            *   trials, whatever its rate. The mean of the conditions' own
                            *   correlations, and as these too near 0 with few trials: of n
                            *   trials about r (1 - (1 - r^2) / (2 (n - 1))), of two
                            *   (2 / pi) asin r. At r = 0.4 that is 0.26 with 2, 0.34 with 4
                            *   and 0.38 with 10 trials a condition, and 95 % limits hold 0.4 in
                            *   81 % of pairs with 60 conditions of 2, 92 % with 30 of 4 */
    SPK_NOISE_RESIDUAL =
        1 /**< counts less their mean within each condition: conditions of
                            *   high variance have more say. A partial correlation, with next
                            *   to no bias however few trials a condition has; limits hold
                            *   when the variance is the same in all of them, and are too
                            *   narrow when few conditions have most of it */
} spk_noise_pooling;

/** What to compare with: the same where nothing but chance, or slow change, is left. */
typedef enum spk_noise_control {
    SPK_NOISE_NONE = 0,
    SPK_NOISE_SHIFT =
        1, /**< trial t of the row's unit with trial t + shift of the column's,
                           *   within a condition and around its end: what is slower than
                           *   the shift is left. Not 0 where nothing is slow: as all shifts
                           *   of n trials, 0 among them, sum to 0, -r / (n - 1) is expected,
                           *   r the correlation without shift. -r with 2 trials a condition,
                           *   -r / 9 with 10 */
    SPK_NOISE_SHUFFLE =
        2 /**< each unit's trials in a random order within each condition: 0 is
                           *   expected */
} spk_noise_control;

/** Fill with spk_noise_correlation_options_init(&options, sizeof options), then change. */
typedef struct spk_noise_correlation_options {
    size_t struct_size; /**< set by init */
    int32_t pooling;    /**< an spk_noise_pooling; default SPK_NOISE_RESIDUAL */
    int32_t control;    /**< an spk_noise_control; default SPK_NOISE_NONE */
    int64_t shift; /**< trials, for SPK_NOISE_SHIFT; default 1. A condition in which it is
                         *   a multiple of the number of trials is left out */
    uint64_t seed; /**< for SPK_NOISE_SHUFFLE; unit u in its order draws from stream u */
    int64_t min_trials; /**< conditions with fewer trials are left out, >= 2; default 2 */
    double confidence;  /**< of the limits, between 0 and 1; default 0.95 */
} spk_noise_correlation_options;

SPK_API void spk_noise_correlation_options_init(spk_noise_correlation_options *options,
                                                size_t struct_size);

/** Where the results go; arrays of the caller, NULL for those not wanted. */
typedef struct spk_noise_correlation {
    double *correlations; /**< [n_units][n_units], symmetric but for SPK_NOISE_SHIFT */
    int64_t *dof;     /**< the same shape: sum of (trials - 1) over the conditions used */
    double *lower;    /**< the same shape: spk_correlation_limits() of r and dof + 1; NaN
                           *   where r is, or dof < 3 */
    double *upper;    /**< as lower */
    double *rates_hz; /**< [n_units] mean rate over the trials used; NaN without any */
} spk_noise_correlation;

/**
 * The noise correlation of every pair of units.
 *
 * r is the sum over conditions and trials of the products of two units' z-scores (or
 * residuals), over dof (or over the root of the product of their sums of squares). With z-scores a
 * condition in which either unit does not vary counts for nothing, in the sum and in dof. r is
 * NaN, and dof may be 0, where a unit never varies or dof < 2. The diagonal is 1 but for
 * SPK_NOISE_SHIFT, where it is a unit's correlation with its own later trials.
 *
 * @param[in]  ctx      the calling thread's context; holds the message on error
 * @param[in]  trials   borrowed for the call
 * @param[in]  options  NULL for the defaults
 * @param[out] noise    arrays that are overwritten; unspecified on error
 * @return SPK_OK; the errors of spk_trials_check(); SPK_ERR_ARGUMENT (NULL, an option out of
 *         range); SPK_ERR_CANCELLED; SPK_ERR_MEMORY
 * Cost:    O(counts + n_units^2 (n_trials + n_conditions)) time, 8 n_units (n_trials + n_conditions)
 *          bytes, twice that for SPK_NOISE_SHIFT
 * Threads: workers own rows; same bits for any number of threads
 * Source:  Cohen & Kohn (2011) Nat. Neurosci. 14:811-819
 */
SPK_API SPK_MUST_CHECK spk_status spk_noise_correlation_estimate(
    spk_context *ctx, const spk_trials *trials,
    const spk_noise_correlation_options *options, spk_noise_correlation *noise);

/**
 * The signal correlation of every pair of units: Pearson's over conditions of the mean counts,
 * each condition with a trial weighing the same. It has the noise of the means in it, shared
 * noise included: with few trials it leans towards the noise correlation.
 *
 * @param[in]  ctx      the calling thread's context; holds the message on error
 * @param[in]  trials   borrowed for the call
 * @param[out] correlations  [n_units][n_units]; NaN where a unit's means do not vary, and
 *                      everywhere with fewer than three conditions
 * @return SPK_OK; the errors of spk_trials_check(); SPK_ERR_ARGUMENT (NULL);
 *         SPK_ERR_CANCELLED; SPK_ERR_MEMORY
 * Cost:    O(counts + n_units^2 n_conditions) time, 8 n_units n_conditions bytes and 8 a trial
 * Threads: workers own rows; same bits for any number of threads
 */
SPK_API SPK_MUST_CHECK spk_status spk_signal_correlation_estimate(
    spk_context *ctx, const spk_trials *trials, double *correlations);

/** Fill with spk_noise_match_options_init(&options, sizeof options), then change fields. */
typedef struct spk_noise_match_options {
    size_t struct_size; /**< set by init */
    double
        octaves; /**< width of the classes of rate that are matched, > 0; default 0.5 */
    int64_t n_repeats; /**< random matchings that are averaged, 1 .. 10^6; default 100 */
    double confidence; /**< of the limits, between 0 and 1; default 0.95 */
    uint64_t seed;     /**< of the matching; default 0 */
} spk_noise_match_options;

SPK_API void spk_noise_match_options_init(spk_noise_match_options *options,
                                          size_t struct_size);

/** A group of pairs. Borrows its arrays. */
typedef struct spk_noise_pairs {
    int64_t n_pairs;            /**< >= 0 */
    const double *rates_hz;     /**< [n_pairs] geometric mean of the two rates */
    const double *correlations; /**< [n_pairs] */
} spk_noise_pairs;

/** Two groups of pairs, as they are and with rates matched; z is atanh r. */
typedef struct spk_noise_match {
    int64_t n_pairs[2];  /**< pairs with a rate > 0 and a correlation between -1 and 1 */
    int64_t n_matched;   /**< of each group after matching */
    double mean_z[2];    /**< of all pairs; NaN without any */
    double difference;   /**< mean_z[1] - mean_z[0] */
    double matched_z[2]; /**< with rates matched; NaN without any */
    double matched_difference; /**< matched_z[1] - matched_z[0] */
    double error; /**< standard error of matched_difference; NaN for n_matched < 2 */
    double lower; /**< its limits, -+ z error */
    double upper;
} spk_noise_match;

/**
 * Compares the correlations of two groups of pairs at the same rates: correlations grow with
 * rate, so that groups of other rates differ for that alone.
 *
 * The geometric mean rates of pairs are put in classes, class k from 2^(k octaves) Hz. In each
 * class as many pairs of each group are kept as the smaller one has, those with the smallest
 * draws (pair p of group g in repeat r: number p of stream 2 r + g). Means, and variances over
 * n_matched, are averages over repeats. Pairs are taken to be independent: where they share
 * units the limits are too narrow.
 *
 * @param[in]  ctx      holds the message on error
 * @param[in]  first    group 0
 * @param[in]  second   group 1
 * @param[in]  options  NULL for the defaults
 * @param[out] match    overwritten
 * @return SPK_OK; SPK_ERR_ARGUMENT (NULL, n_pairs < 0, an option out of range);
 *         SPK_ERR_MEMORY
 * Cost:   n_repeats sorts of the pairs; 24 bytes a pair
 * Source: de la Rocha et al. (2007) Nature 448:802-806
 */
SPK_API SPK_MUST_CHECK spk_status spk_noise_correlation_match(
    spk_context *ctx, const spk_noise_pairs *first, const spk_noise_pairs *second,
    const spk_noise_match_options *options, spk_noise_match *match);

#ifdef __cplusplus
}
#endif
#endif
