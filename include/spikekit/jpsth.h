/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SPIKEKIT_JPSTH_H
#define SPIKEKIT_JPSTH_H

/*
 * The joint peri-event time histogram of two units: coincidences by the bin of the one and the
 * bin of the other, and what of them follows from the two rates alone.
 */

#include <spikekit/context.h>
#include <spikekit/status.h>
#include <spikekit/trials.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** What is expected of two units that know of each other only through the event. */
typedef enum spk_jpsth_predictor {
    SPK_JPSTH_PRODUCT =
        0, /**< the product of the two mean counts: every trial of the one with
                            *   every trial of the other */
    SPK_JPSTH_SHIFT =
        1 /**< each trial of the one with the trial before and the trial after
                            *   of the other, no wrap: 2 (n - 1) pairs of trials. Keeps what
                            *   changes slowly over trials */
} spk_jpsth_predictor;

/** Fill with spk_jpsth_options_init(&options, sizeof options), then change fields. */
typedef struct spk_jpsth_options {
    size_t struct_size; /**< set by init */
    int32_t predictor;  /**< an spk_jpsth_predictor; default SPK_JPSTH_PRODUCT */
    int64_t reach_bins; /**< the coincidence histogram takes |lag| <= reach_bins, 0 ..
                         *   n_bins - 1; default 0 */
    double confidence;  /**< of the bands, between 0 and 1; default 0.95 */
} spk_jpsth_options;

SPK_API void spk_jpsth_options_init(spk_jpsth_options *options, size_t struct_size);

/**
 * Where the results go; arrays of the caller, NULL for those not wanted. With x_t(a) the count of
 * unit i in bin a of trial t, y_t(b) that of unit j, and n trials, element [a][b] of a matrix is
 * of bin a of i and bin b of j. The lag of a pair is that of j less that of i, b - a, so right of
 * the centre j fires after i.
 */
typedef struct spk_jpsth {
    int64_t *coincidences; /**< [n_bins][n_bins] sum over trials of x_t(a) y_t(b) */
    double *predicted;     /**< the same shape: what the predictor expects of that sum */
    double *
        coefficients; /**< the same shape: (coincidences - predicted) / (n s_x(a) s_y(b)),
                             *   s the population standard deviation over trials; with the
                             *   product predictor Pearson's correlation. NaN where either does
                             *   not vary */
    int64_t *
        correlogram; /**< [2 n_bins - 1] coincidences summed along each diagonal; lag 0 in
                             *   the middle; their sum is the sum of the matrix */
    double *correlogram_predicted; /**< the same of predicted */
    double *
        correlogram_sd; /**< standard deviation of correlogram - correlogram_predicted when
                             *   trials of i and of j are put in random orders: exact, over
                             *   all orders, with the predictor's own variance. 0 where there
                             *   is nothing to vary */
    int64_t
        *histogram; /**< [n_bins] coincidences [a][b] summed over |b - a| <= reach_bins;
                             *   their sum is that of the correlogram at those lags */
    double *histogram_predicted; /**< the same of predicted */
    double *histogram_sd;        /**< as correlogram_sd */
    int64_t n_trials; /**< trials used: of the condition, observed in all bins */
    double band;      /**< coefficients of independent units lie within -+ band, each with
                             *   the probability `confidence`, about. z / sqrt(n - 1), the exact
                             *   standard deviation over orders of trials, for the product
                             *   predictor; for the shift predictor, which has a variance of
                             *   its own, sqrt(1.5) times that with many trials. There the
                             *   variance of a coefficient is larger by about the share
                             *   (mean^2 / variance of x + that of y) / (3 n), left out here.
                             *   NaN for n < 2 */
} spk_jpsth;

/**
 * Makes the joint histogram of a pair of units in a condition.
 *
 * Deviations and the band take trials to be exchangeable: a change over trials common to both
 * units, which the shift predictor takes off the sums, is not taken off these.
 *
 * With fewer than two trials nothing can be predicted or vary: predictions, deviations and
 * coefficients are NaN. Bands of the sums are predicted -+ z sd; they hold one value at a time.
 *
 * @param[in]  ctx        holds the message on error
 * @param[in]  trials     borrowed for the call
 * @param[in]  condition  0 .. n_conditions - 1
 * @param[in]  unit_i     0 .. n_units - 1
 * @param[in]  unit_j     0 .. n_units - 1; may be unit_i
 * @param[in]  options    NULL for the defaults
 * @param[in,out] jpsth   its arrays are overwritten, its numbers set; unspecified on error
 * @return SPK_OK; the errors of spk_trials_check(); SPK_ERR_ARGUMENT (NULL, an index or option
 *         out of range); SPK_ERR_OVERFLOW (counts so large that n_trials^2 of their products
 *         may be beyond int64); SPK_ERR_MEMORY
 * Cost:   O(n_trials n_bins^2), and O(n_bins^3) for correlogram_sd; 40 n_bins^2 bytes
 * Source: Aertsen, Gerstein, Habib & Palm (1989) J. Neurophysiol. 61:900-917
 */
SPK_API SPK_MUST_CHECK spk_status spk_jpsth_estimate(
    spk_context *ctx, const spk_trials *trials, int64_t condition, int64_t unit_i,
    int64_t unit_j, const spk_jpsth_options *options, spk_jpsth *jpsth);

#ifdef __cplusplus
}
#endif
#endif
