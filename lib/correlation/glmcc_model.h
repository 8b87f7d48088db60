/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SPIKEKIT_CORRELATION_GLMCC_MODEL_H
#define SPIKEKIT_CORRELATION_GLMCC_MODEL_H

#include <spikekit/glmcc.h>
#include <stdint.h>

/*
 * The GLMCC model of one correlogram: checked options with the tables that follow from them, the
 * log posterior with its derivatives, and its maximum. Times are in milliseconds.
 */

enum {
    SPK__GLMCC_TERMS = 34, /**< 5^34 / 34! is below 1e-14 */
    SPK__GLMCC_LANES = 8   /**< edges of bins whose series run side by side */
};

/** What all pairs share; read-only after spk__glmcc_plan_create(). */
typedef struct spk__glmcc_plan {
    spk_glmcc_options options;
    int64_t n;           /**< bins */
    int64_t half;        /**< bins a side */
    int64_t n_delays;    /**< delays tried */
    int64_t tau_bins;    /**< bins over which the threshold's background is averaged */
    int64_t bin_samples; /**< 0: no sampling rate */
    double bin;          /**< [ms] */
    double tau;          /**< [ms] */
    double stiffness;    /**< smoothness / bin */
    double series[SPK__GLMCC_TERMS][3]; /**< coefficients of E, P, Q */
    double *decay;   /**< [n_edges] f at the edges of bins from the delay on */
    int64_t n_edges; /**< half + 1 and more, up to a multiple of LANES */
    double *kernel;  /**< [half * bin_samples + 1] exp(-lag / tau) by sample; or NULL */
} spk__glmcc_plan;

/** Checks the options (NULL: defaults) and makes the tables.
 *  @param[in] sampling_rate_hz  0: the bins are those of the options to the letter */
spk_status spk__glmcc_plan_create(spk_context *ctx, const spk_glmcc_options *options,
                                  double sampling_rate_hz, spk__glmcc_plan *plan);
void spk__glmcc_plan_destroy(spk__glmcc_plan *plan);

/** Checks the options alone; fills the defaults when NULL. */
spk_status spk__glmcc_check_options(spk_context *ctx, const spk_glmcc_options *given,
                                    spk_glmcc_options *options);

/** One correlogram to fit. */
typedef struct spk__glmcc_data {
    const double *counts; /**< [n] */
    double sums[2];       /**< for this delay */
    int64_t delay;        /**< [bins] */
} spk__glmcc_data;

/** Parameters, and what the posterior is there. */
typedef struct spk__glmcc_point {
    double *background; /**< [n] */
    double coupling[2];
    double error[2]; /**< of the couplings; NaN where held */
    double log_likelihood;
    double log_prior;
} spk__glmcc_point;

/** Doubles of scratch memory that spk__glmcc_maximise() wants. */
int64_t spk__glmcc_work_length(const spk__glmcc_plan *plan);

/**
 * Climbs from a point to the maximum of the log posterior.
 * @param[in,out] point  the start; the maximum
 * @param[in]     fixed  nonzero: this coupling is 0 and stays so
 * @param[out]    work   [spk__glmcc_work_length()]
 * @return steps taken; below 0, as many and no maximum found
 */
int64_t spk__glmcc_maximise(const spk__glmcc_plan *plan, const spk__glmcc_data *data,
                            const int fixed[2], spk__glmcc_point *point, double *work);

/**
 * Integrals of f^m exp(J f) over each of the first bins after the delay, m = 0, 1, 2.
 * @param[in]  n_bins  <= half
 * @param[out] moments [3][n_edges]; n_bins of each row are of use
 */
void spk__glmcc_moments(const spk__glmcc_plan *plan, double coupling, int64_t n_bins,
                        double *moments);

/** Fills the coefficients. */
void spk__glmcc_make_series(double series[SPK__GLMCC_TERMS][3]);

/** The whole fit of a correlogram: delays, ratios, rule.
 *  @param[in]  sums        [n_delays][2]; NULL: from the counts
 *  @param[out] background  [n]; NULL: not wanted
 *  @param[out] work        [spk__glmcc_fit_work_length()] */
int64_t spk__glmcc_fit_work_length(const spk__glmcc_plan *plan);
void spk__glmcc_fit(const spk__glmcc_plan *plan, const double *counts, const double *sums,
                    spk_glmcc_result *result, double *background, double *work);

/** Adds the pairs of two units by lag, t_j - t_i from -reach to reach [samples].
 *  @param[in,out] lags  [2 reach + 2], the last for pairs that do not count */
void spk__glmcc_count_lags(const spk_train *i, const spk_train *j, int64_t reach,
                           int64_t *lags);

/** Turns pairs by lag into counts by bin and sums by delay.
 *  @param[in]  lags    [2 half bin_samples + 1] and more
 *  @param[out] counts  [n]
 *  @param[out] sums    [n_delays][2] */
void spk__glmcc_bin_lags(const spk__glmcc_plan *plan, const int64_t *lags, double *counts,
                         double *sums);

/** Doubles of scratch memory that spk__glmcc_count_pair() and _fit_pair() want. */
int64_t spk__glmcc_pair_length(const spk__glmcc_plan *plan);

/** Counts two units of the trains. */
void spk__glmcc_count_pair(const spk__glmcc_plan *plan, const spk_trains *trains,
                           int64_t unit_i, int64_t unit_j, double *counts, double *sums,
                           double *work);

/** Counts and fits them.
 *  @param[out] counts      [n]
 *  @param[out] background  [n]; NULL: not wanted */
void spk__glmcc_fit_pair(const spk__glmcc_plan *plan, const spk_trains *trains,
                         int64_t unit_i, int64_t unit_j, spk_glmcc_result *result,
                         double *counts, double *background, double *work);

#endif
