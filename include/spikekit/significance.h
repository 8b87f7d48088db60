/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SPIKEKIT_SIGNIFICANCE_H
#define SPIKEKIT_SIGNIFICANCE_H

/*
 * Which bins of a correlogram stand out: a predictor of the slow shape that two units share by
 * common drive, and the probability of each count if there were nothing but that.
 *
 *   spk_correlogram_predict()  what each bin would hold, by a hollowed moving window
 *   spk_correlogram_tails()    how improbable the counts are, on the log scale
 *   spk_correlogram_bounds()   the counts between which a bin does not stand out
 *   spk_correlogram_deconvolve()  a correlogram without what bursts add to it
 *
 * spk_connections_find() (connections.h) applies these to all pairs.
 */

#include <spikekit/context.h>
#include <spikekit/status.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** The window, W bins wide, that smooths a correlogram. Its length is odd for every W. */
typedef enum spk_predictor_kernel {
    /** standard deviation W / 2; 3 W + 1 bins long for even W, 3 W + 2 for odd; hollow 0.6 */
    SPK_PREDICTOR_GAUSSIAN = 0,
    /** W bins, W + 1 for even W; hollow 0.42. Like jittering one train by W bins */
    SPK_PREDICTOR_RECTANGULAR = 1,
    /** 2 W - 1 bins, 2 W + 1 for even W; hollow 0.63. Like jittering both trains */
    SPK_PREDICTOR_TRIANGULAR = 2,
    /** the median of W bins, W + 1 for even W; hollow 1: without the bin itself, the mean of
     *  the middle two of the others (Spivak et al. 2022) */
    SPK_PREDICTOR_MEDIAN = 3
} spk_predictor_kernel;

/** Fill with spk_predictor_options_init(&options, sizeof options), then change fields. */
typedef struct spk_predictor_options {
    size_t struct_size; /**< set by init */
    int32_t kernel;     /**< an spk_predictor_kernel; default GAUSSIAN */
    int32_t
        skip_center; /**< 1: the bin at lag 0 is taken out before, and its prediction is
                          *   NaN; for pairs on the same electrodes, where a sorter misses
                          *   spikes that overlap. Needs an odd n_bins. Default 0 */
    int64_t window_bins; /**< W, >= 1; default 20: 10 ms of 0.5 ms bins */
    double
        hollow_fraction; /**< the share 0 .. 1 of its own weight that a bin does not have
                             *   in its prediction (MEDIAN: above 0.5, all of it); default
                             *   NaN: the kernel's own */
} spk_predictor_options;

SPK_API void spk_predictor_options_init(spk_predictor_options *options,
                                        size_t struct_size);

/** The kernel of a name: "gaussian", "rectangular", "triangular", "median".
 *  @return SPK_OK; SPK_ERR_NOT_FOUND */
SPK_API SPK_MUST_CHECK spk_status spk_predictor_kernel_from_name(spk_context *ctx,
                                                                 const char *name,
                                                                 int32_t *kernel);

/** The name of a kernel; NULL for an unknown value. */
SPK_API const char *spk_predictor_kernel_name(int32_t kernel);

/**
 * The length of the window in bins. A correlogram must have at least sqrt(2) times as many,
 * as in cch_conv.
 * @param[in]  options  NULL for the defaults
 * @return SPK_OK; SPK_ERR_ARGUMENT
 */
SPK_API SPK_MUST_CHECK spk_status spk_predictor_length(
    spk_context *ctx, const spk_predictor_options *options, int64_t *length);

/**
 * The weights of the window, hollowed, with sum 1; an even function of the lag.
 * @param[in]  options  NULL for the defaults; not MEDIAN, which has no weights
 * @param[out] weights  [spk_predictor_length()]
 * @return SPK_OK; SPK_ERR_ARGUMENT; SPK_ERR_MEMORY
 */
SPK_API SPK_MUST_CHECK spk_status spk_predictor_weights(
    spk_context *ctx, const spk_predictor_options *options, double *weights);

/**
 * Predicts each bin of correlograms from the bins around it:
 *     predicted[c][k] = sum over d of weights[d] counts[c][k + d],
 * d from -(length - 1) / 2 to (length - 1) / 2. Beyond its ends a correlogram goes on as its
 * mirror image, the outermost bin twice. Hollowing keeps a narrow peak out of its own
 * prediction. A correlogram read backwards has its prediction backwards, to the bit.
 *
 * @param[in]  ctx            threads, cancel; holds the message on error
 * @param[in]  n_correlograms >= 0
 * @param[in]  n_bins         bins of each
 * @param[in]  counts         [n_correlograms][n_bins], >= 0
 * @param[in]  options        NULL for the defaults
 * @param[out] predicted      [n_correlograms][n_bins]
 * @return SPK_OK; SPK_ERR_ARGUMENT (a negative count, a window too long for n_bins, an option
 *         out of range, a window of one bin that is hollowed away); SPK_ERR_MEMORY;
 *         SPK_ERR_CANCELLED
 * Cost:    O(n_bins * length) each; extra memory O(threads * n_bins)
 * Threads: workers own correlograms; the same bits for any number
 * Source:  Stark & Abeles (2009) J. Neurosci. Methods 179:90-100
 */
SPK_API SPK_MUST_CHECK spk_status spk_correlogram_predict(
    spk_context *ctx, int64_t n_correlograms, int64_t n_bins, const int64_t *counts,
    const spk_predictor_options *options, double *predicted);

/**
 * Mid-p of each count if it were Poisson around its prediction, spk_poisson_log_mid_upper()
 * and _lower() of each: natural logarithms of the probability of so many or more, and so few
 * or fewer. NaN where the prediction is NaN or negative.
 *
 * @param[in]  ctx        threads, cancel; holds the message on error
 * @param[in]  n_values   >= 0
 * @param[in]  counts     [n_values]
 * @param[in]  predicted  [n_values]
 * @param[out] log_upper  [n_values] or NULL
 * @param[out] log_lower  [n_values] or NULL
 * @return SPK_OK; SPK_ERR_ARGUMENT; SPK_ERR_CANCELLED; SPK_ERR_MEMORY
 * Cost:    0.1 to 0.2 us a value for predictions below 100; no extra memory
 * Threads: workers own values
 */
SPK_API SPK_MUST_CHECK spk_status
spk_correlogram_tails(spk_context *ctx, int64_t n_values, const int64_t *counts,
                      const double *predicted, double *log_upper, double *log_lower);

/**
 * The counts beyond which a bin stands out: lower is the quantile alpha / n_tests of a Poisson
 * count around the prediction, upper the quantile 1 - alpha / n_tests. A count above upper or
 * below lower has such a probability or less. With n_tests the number of bins looked at, a
 * correlogram without any structure of its own crosses either with probability alpha at most.
 *
 * @param[in]  ctx        holds the message on error
 * @param[in]  n_values   >= 0
 * @param[in]  predicted  [n_values]; NaN or negative gives NaN
 * @param[in]  alpha      above 0 and below 1
 * @param[in]  n_tests    >= 1
 * @param[out] lower      [n_values] or NULL
 * @param[out] upper      [n_values] or NULL
 * @return SPK_OK; SPK_ERR_ARGUMENT
 */
SPK_API SPK_MUST_CHECK spk_status spk_correlogram_bounds(spk_context *ctx,
                                                         int64_t n_values,
                                                         const double *predicted,
                                                         double alpha, int64_t n_tests,
                                                         double *lower, double *upper);

/**
 * Divides both units' autocorrelograms out of correlograms, on the circle of their lags, so
 * that what remains is not blurred by bursts and refractory periods. With A' an
 * autocorrelogram less its mean, by the number of spikes, its centre set so that all sum to 1,
 *     deconvolved = inverse transform of F(counts) / (F(A'_source) F(A'_target)),
 * turned so that lag 0 is at the centre; negative bins become 0. What an autocorrelogram has
 * in its centre bin is not used. An empty one divides by 1.
 *
 * @param[in]  ctx            threads, cancel; holds the message on error
 * @param[in]  n_correlograms >= 0
 * @param[in]  n_bins         odd, >= 3
 * @param[in]  counts         [n_correlograms][n_bins] source -> target
 * @param[in]  auto_source    [n_correlograms][n_bins] of the source of each
 * @param[in]  n_source       [n_correlograms] spikes of the source; 0 gives NaN
 * @param[in]  auto_target    [n_correlograms][n_bins]
 * @param[in]  n_target       [n_correlograms]
 * @param[out] deconvolved    [n_correlograms][n_bins] [counts]; all NaN where a spectrum is 0
 * @return SPK_OK; SPK_ERR_ARGUMENT; SPK_ERR_MEMORY; SPK_ERR_CANCELLED
 * Cost:    four transforms of n_bins each
 * Threads: workers own correlograms
 * Source:  Spivak, Levi, Sloin, Someck & Stark (2022), their Eq. 21.2
 */
SPK_API SPK_MUST_CHECK spk_status spk_correlogram_deconvolve(
    spk_context *ctx, int64_t n_correlograms, int64_t n_bins, const int64_t *counts,
    const int64_t *auto_source, const int64_t *n_source, const int64_t *auto_target,
    const int64_t *n_target, double *deconvolved);

#ifdef __cplusplus
}
#endif
#endif
