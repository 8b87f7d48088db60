/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SPIKEKIT_GLMCC_H
#define SPIKEKIT_GLMCC_H

/*
 * GLMCC: the two couplings of a pair of units from their cross-correlogram, by a generalised
 * linear model in which a slow background stands for everything that is no synapse.
 *
 * The rate of spike pairs at lag t = t_j - t_i is
 *     c(t) = exp(a(t) + J_ij f(t) + J_ji f(-t)),   f(t) = exp(-(t - d) / tau) for t > d, else 0,
 * a(t) constant within each bin. The fit maximises the log posterior
 *     sum_k c_k a_k + J_ij S_ij + J_ji S_ji - sum_k G_k - smoothness / (2 bin) sum_k (a_k+1 - a_k)^2
 * where c_k are counts, S_ij the sum of f over the lags met, G_k the integral of c(t) over bin k
 * (exact, not f at its centre), and times are in milliseconds. It is concave: the maximum is
 * one, and it is found by Newton's method at a cost linear in the number of bins.
 *
 * Couplings are held in -3 .. 5: exp(-3) leaves 5 % of the pairs just after the delay,
 * exp(5) makes 148 times as many. The delay d is the one of a range that fits best.
 *
 * Which function:
 *   pairs of units               spk_glmcc_fit_pairs()
 *   a correlogram you have       spk_glmcc_fit_counts()
 *   the correlogram of a pair    spk_glmcc_count()
 *   the curve that was fitted    spk_glmcc_expect()
 *
 * Source: Kobayashi, Kurita, Kurth, Kitano, Mizuseki, Diesmann, Richmond & Shinomoto (2019)
 *         Nat. Commun. 10:4468, and the program that its authors published
 */

#include <spikekit/context.h>
#include <spikekit/status.h>
#include <spikekit/trains.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** When a coupling counts as a connection, and by what the delay is chosen. */
typedef enum spk_glmcc_rule {
    /** |J| above `threshold`, the rule of 2019. The delay has the largest log posterior. The
     *  threshold falls as counts grow, doubt about the background does not: of directions without
     *  a synapse 0.7 % passed at 120 pairs a bin, 8 % at 3000, by simulation. */
    SPK_GLMCC_THRESHOLD = 0,
    /** The likelihood ratio above `critical_ratio`, the authors' later rule. The delay has the
     *  largest log-likelihood. None of 2000 directions without a synapse passed at 120 pairs a
     *  bin. */
    SPK_GLMCC_LIKELIHOOD_RATIO = 1
} spk_glmcc_rule;

/** What a lag on the edge of two bins, or at the very delay, counts for. */
typedef enum spk_glmcc_convention {
    /** Half to either side, everywhere: such a lag is half a pair of the outermost bins and half
     *  a pair after the delay. Then every bin has the same width in samples. */
    SPK_GLMCC_SPIKEKIT = 0,
    /** As the authors' program: half to either bin, but nothing at the two ends of the window,
     *  and nothing to S at the delay; and the background before the reference, for the
     *  threshold, is read one bin nearer to zero than after it. */
    SPK_GLMCC_KOBAYASHI = 1
} spk_glmcc_convention;

/** Fill with spk_glmcc_options_init(&options, sizeof options), then change fields. */
typedef struct spk_glmcc_options {
    size_t struct_size; /**< set by init */
    double
        bin_s; /**< bin width [s]; default 0.001. For spike trains it is rounded to whole
                    *   samples and must be one at least */
    int64_t n_bins;           /**< bins of both sides, even, 4 .. 2000; default 100 */
    double tau_s;             /**< time constant of the coupling [s]; default 0.004 */
    int64_t first_delay_bins; /**< shortest delay [bins], >= 0; default 1 */
    int64_t last_delay_bins;  /**< longest delay [bins]; default 4 */
    int64_t excluded_bins; /**< bins on either side of lag 0 that the fit passes over, for
                                 *   sorted spikes hide each other there; default 0 */
    double smoothness;     /**< of the background [ms], > 0; default 4000 */
    int32_t rule;          /**< an spk_glmcc_rule; default THRESHOLD */
    int32_t convention;    /**< an spk_glmcc_convention; default SPIKEKIT */
    double threshold_scale;   /**< see spk_glmcc_result.threshold; default 1.277 */
    double threshold_count;   /**< default 16.3 */
    double least_count;       /**< default 10 */
    double critical_ratio;    /**< default 15.14, a chi-square tail of 1e-4 */
    double psp_excitatory_mv; /**< synaptic potential of J = 1 [mV]; default 2.532 */
    double psp_inhibitory_mv; /**< the same below 0 [mV]; default 0.612 */
} spk_glmcc_options;

SPK_API void spk_glmcc_options_init(spk_glmcc_options *options, size_t struct_size);

/**
 * Sets a rule with the smoothness that its authors used it with: 4000 ms for THRESHOLD, 10000 ms
 * for LIKELIHOOD_RATIO. NULL and unknown rules change nothing.
 */
SPK_API void spk_glmcc_options_set_rule(spk_glmcc_options *options, int32_t rule);

/**
 * What the fit of one pair (i, j) says. Of two numbers the first concerns the coupling from i to
 * j (lags above 0), the second that from j to i.
 *
 * Without a single spike pair in the window nothing is defined: couplings, errors, ratios and
 * thresholds are NaN, nothing is significant, and converged is 0.
 */
typedef struct spk_glmcc_result {
    double coupling[2]; /**< J */
    /** Of J, from the inverse Hessian of the log posterior; NaN where J is held at -3 or 5.
     *  +-1.96 of them hold J 95 % of the time if the background wanders as the prior has it and
     *  the delay is known, 97 % where it is flat; 92 % with four delays to choose from. */
    double standard_error[2];
    double threshold[2]; /**< threshold_scale * sqrt(threshold_count / m), m = tau times
                                 *   the mean background over tau after the delay, in pairs;
                                 *   infinite when m <= least_count */
    double likelihood_ratio
        [2]; /**< 2 (log-likelihood - that of the best fit with this J = 0).
                                 *   Both fits maximise the posterior, so it may be below 0 */
    double
        log_p[2]; /**< ln P(chi-square with 1 degree of freedom >= the ratio). Without a
                      *   synapse 2 to 4 % of p are below 5 % with one delay; the best of four
                      *   has 8 % below 5 %, 1 % below 1 % and 0.1 % below 0.1 % */
    double psp_mv[2]; /**< J as a synaptic potential [mV]; 0 where not significant */
    int32_t significant[2]; /**< nonzero: a connection, by the rule of the options */
    int64_t delay_bins;     /**< the delay that was best */
    double bin_s;           /**< the bin width that was used [s] */
    double
        log_likelihood;   /**< without the prior, and without the constant -sum ln c_k! */
    double log_posterior; /**< with the prior */
    int64_t n_iterations; /**< Newton steps of all the fits of this pair */
    int32_t converged;    /**< nonzero: all those fits came to their maximum */
} spk_glmcc_result;

/**
 * The number of sums that spk_glmcc_count() writes and spk_glmcc_fit_counts() takes, two for each
 * delay.
 * @return SPK_OK; SPK_ERR_ARGUMENT (NULL, bad options)
 */
SPK_API SPK_MUST_CHECK spk_status spk_glmcc_length(spk_context *ctx,
                                                   const spk_glmcc_options *options,
                                                   int64_t *n_sums);

/**
 * Counts the correlogram of a pair of units as the fit wants it: bins
 * [(k - n/2) b, (k + 1 - n/2) b] of b samples, a lag on an edge being half a pair in either bin;
 * and for each delay the sums of f over the lags met, S_ij and S_ji. Two spikes are a pair when
 * both lie in one stretch in which both units were observed without a break.
 *
 * @param[in]  ctx      holds the message on error
 * @param[in]  trains   of spk_trains_create(), borrowed for the call
 * @param[in]  unit_i   the reference
 * @param[in]  unit_j   another unit; lags are t_j - t_i
 * @param[in]  options  NULL for the defaults
 * @param[out] counts   [n_bins]
 * @param[out] sums     [n_delays][2], n_delays = last_delay_bins - first_delay_bins + 1
 * @return SPK_OK; SPK_ERR_ARGUMENT (NULL, bad options, no such unit, a unit with itself);
 *         SPK_ERR_OVERFLOW (window beyond 2^22 samples, recording beyond +-2^61 samples);
 *         SPK_ERR_MEMORY
 * Cost:    O(spikes of both units + pairs within the window + window in samples); extra memory
 *          8 bytes a sample of the whole window
 */
SPK_API SPK_MUST_CHECK spk_status spk_glmcc_count(spk_context *ctx,
                                                  const spk_trains *trains,
                                                  int64_t unit_i, int64_t unit_j,
                                                  const spk_glmcc_options *options,
                                                  double *counts, double *sums);

/**
 * Fits one correlogram.
 *
 * @param[in]  ctx         holds the message on error
 * @param[in]  counts      [n_bins] finite, >= 0, bins of bin_s [s], from the most negative lag up
 * @param[in]  sums        [n_delays][2] as of spk_glmcc_count(); NULL: from the counts, the lags
 *                         of a bin taken to be spread evenly over it
 * @param[in]  options     NULL for the defaults
 * @param[out] result      see there
 * @param[out] background  [n_bins] a, the log of pairs a millisecond; NaN without a pair; NULL:
 *                         not wanted
 * @return SPK_OK; SPK_ERR_ARGUMENT (NULL, bad options, a count or sum below 0 or not finite);
 *         SPK_ERR_MEMORY
 * Cost:    some 5 Newton steps for each delay and each of the two ratios, each O(n_bins)
 * Source:  see the top
 */
SPK_API SPK_MUST_CHECK spk_status spk_glmcc_fit_counts(
    spk_context *ctx, const double *counts, const double *sums,
    const spk_glmcc_options *options, spk_glmcc_result *result, double *background);

/**
 * Counts and fits chosen pairs of units; a pair may repeat.
 *
 * @param[in]  ctx          threads, progress, cancel; holds the message on error
 * @param[in]  trains       of spk_trains_create(), borrowed for the call
 * @param[in]  pairs        [n_pairs][2] unit indices i, j
 * @param[in]  n_pairs      >= 0
 * @param[in]  options      NULL for the defaults
 * @param[out] results      [n_pairs]
 * @param[out] backgrounds  [n_pairs][n_bins] as of spk_glmcc_fit_counts(); NULL: not wanted
 * @return as spk_glmcc_count(); SPK_ERR_CANCELLED
 * Cost:    as spk_glmcc_count() and spk_glmcc_fit_counts() for each pair; extra memory as there
 *          for each thread
 * Threads: workers own pairs; the same bits for any number of threads
 */
SPK_API SPK_MUST_CHECK spk_status
spk_glmcc_fit_pairs(spk_context *ctx, const spk_trains *trains, const int32_t (*pairs)[2],
                    int64_t n_pairs, const spk_glmcc_options *options,
                    spk_glmcc_result *results, double *backgrounds);

/**
 * The counts that a fit expects, G_k: those of bins that the fit passed over as well.
 *
 * @param[in]  ctx         holds the message on error
 * @param[in]  options     those of the fit
 * @param[in]  result      of the fit
 * @param[in]  background  [n_bins] of the fit
 * @param[out] expected    [n_bins] pairs in each bin; NaN where result or background is
 * @return SPK_OK; SPK_ERR_ARGUMENT (NULL, bad options, a result of other options); SPK_ERR_MEMORY
 */
SPK_API SPK_MUST_CHECK spk_status spk_glmcc_expect(spk_context *ctx,
                                                   const spk_glmcc_options *options,
                                                   const spk_glmcc_result *result,
                                                   const double *background,
                                                   double *expected);

#ifdef __cplusplus
}
#endif
#endif
