/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SPIKEKIT_PSTH_H
#define SPIKEKIT_PSTH_H

/*
 * Peri-event time histograms (PSTH): the mean rate around events, by condition, with limits.
 */

#include <spikekit/alignment.h>
#include <spikekit/context.h>
#include <spikekit/spikes.h>
#include <spikekit/status.h>
#include <spikekit/trials.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** What the limits of a rate stand for. */
typedef enum spk_psth_limits {
    SPK_PSTH_POISSON =
        0, /**< of a Poisson mean: exact (Garwood 1936); of a smoothed rate the
                            *   gamma limits of Fay & Feuer (1997), which are Garwood's when
                            *   nothing is smoothed. Spikes are taken to be independent */
    SPK_PSTH_STUDENT =
        1, /**< mean over trials +- Student's t times its standard error; the
                            *   lower may be below 0 */
    SPK_PSTH_BOOTSTRAP =
        2 /**< percentiles over redrawn trials: no assumption on the spikes */
} spk_psth_limits;

/** Weights over the bins around a bin. */
typedef enum spk_psth_kernel {
    SPK_PSTH_GAUSSIAN = 0, /**< standard deviation smooth_s, cut at 4 of them */
    SPK_PSTH_BOXCAR = 1,   /**< equal over smooth_s, to the nearest odd number of bins */
    SPK_PSTH_EXPONENTIAL =
        2 /**< time constant smooth_s, this bin and those before it, cut at
                              *   8: nothing shows before it happens */
} spk_psth_kernel;

/** Which trials count. */
typedef enum spk_psth_trials {
    SPK_PSTH_WHOLE = 0,  /**< those observed in all bins */
    SPK_PSTH_PER_BIN = 1 /**< in each bin those observed in that bin */
} spk_psth_trials;

/** Fill with spk_psth_options_init(&options, sizeof options), then change fields. */
typedef struct spk_psth_options {
    size_t struct_size;  /**< set by init */
    int32_t trials;      /**< an spk_psth_trials; default SPK_PSTH_WHOLE */
    int32_t limits;      /**< an spk_psth_limits; default SPK_PSTH_POISSON */
    double confidence;   /**< of the limits, between 0 and 1; default 0.95 */
    int32_t kernel;      /**< an spk_psth_kernel; default SPK_PSTH_GAUSSIAN */
    double smooth_s;     /**< width of the kernel [s]; default 0: no smoothing */
    int64_t n_resamples; /**< of the bootstrap, 2 .. 10^6; default 1000 */
    uint64_t seed;       /**< of the bootstrap; default 0 */
} spk_psth_options;

SPK_API void spk_psth_options_init(spk_psth_options *options, size_t struct_size);

/** Where the results go; arrays of the caller, NULL for those not wanted. */
typedef struct spk_psth {
    int64_t *n_trials; /**< [n_conditions][n_bins] trials used */
    int64_t *counts; /**< [n_conditions][n_units][n_bins] their spikes, never smoothed */
    double *rates;   /**< [n_conditions][n_units][n_bins] [Hz]; NaN without trials */
    double *lower;   /**< the same shape [Hz]; NaN without trials. Student's and bootstrap
                        *   limits are NaN also where the trials do not differ, as with one
                        *   trial, or where all are silent: there is no spread to go by */
    double *upper;   /**< as lower */
} spk_psth;

/**
 * Estimates rates around events from counts.
 *
 * The rate in a bin is counts / (n_trials * bin width). With smoothing it is the mean of the
 * rates of the bins around it, weighted by the kernel; where the kernel reaches beyond the
 * window or over bins without trials, the weights of the others are scaled to sum to 1.
 * Student's and bootstrap limits are of each trial's own rate, smoothed the same way. The
 * bootstrap draws from the trials of the condition that count in any bin, as many as there are,
 * with replacement, the same draws for all units (those of condition c are stream c of the seed); the limits are the
 * (1 - confidence) / 2 and (1 + confidence) / 2 quantiles, interpolated linearly between order
 * statistics. Limits are for one bin at a time.
 *
 * How often limits of 95 % hold the rate of a Poisson process of 20 Hz, in bins of 50 ms (and
 * smoothed over 50 ms): Poisson 96 to 99 % (96 to 97) with 2 to 30 trials; Student's 83 % (95)
 * with 2, 94 to 95 % with 5 or more; bootstrap 78 % (50) with 2, 86 % (84) with 5, 92 % (90)
 * with 10, 95 % (92) with 30. With few spikes only Poisson limits are of use: of 10 trials at
 * 3 Hz, 1.5 spikes a bin in all, Student's and bootstrap limits are NaN in 22 % of bins, at
 * 0.5 Hz in 78 %; smoothed they hold 3 Hz in 91 and 89 %, 0.5 Hz in 66 and 63 %. Every trial
 * counts as one more: of an event given twice the limits, whichever they are, are too narrow.
 *
 * @param[in]  ctx      the calling thread's context; holds the message on error
 * @param[in]  trials   borrowed for the call
 * @param[in]  options  NULL for the defaults
 * @param[out] psth     arrays that are overwritten; unspecified on error
 * @return SPK_OK; the errors of spk_trials_check(); SPK_ERR_ARGUMENT (NULL, confidence not
 *         between 0 and 1, smooth_s negative or NaN, n_resamples, an unknown choice);
 *         SPK_ERR_CANCELLED; SPK_ERR_MEMORY
 * Cost:    O(counts), and O(n_resamples n_trials n_bins) a unit for the bootstrap; extra memory
 *          a worker 8 n_bins (n_trials + n_resamples) bytes at most
 * Threads: workers own units; same result for any number of threads
 * Source:  Garwood (1936) Biometrika 28:437-442; Fay & Feuer (1997) Stat. Med. 16:791-801
 */
SPK_API SPK_MUST_CHECK spk_status spk_psth_estimate(spk_context *ctx,
                                                    const spk_trials *trials,
                                                    const spk_psth_options *options,
                                                    spk_psth *psth);

/**
 * The same straight from spikes and events, without the array of counts: extra memory a
 * worker is that of one unit.
 *
 * @param[in]  ctx           the calling thread's context; holds the message on error
 * @param[in]  spikes        valid spike table, borrowed for the call
 * @param[in]  n_events      >= 0
 * @param[in]  events        [n_events] samples, in any order
 * @param[in]  n_conditions  >= 1
 * @param[in]  conditions    [n_events] as in spk_trials; NULL: all are of condition 0
 * @param[in]  alignment     NULL for the defaults
 * @param[in]  options       NULL for the defaults
 * @param[out] psth          as in spk_psth_estimate(), n_bins by spk_alignment_find_window()
 * @return the errors of spk_alignment_count() and spk_psth_estimate()
 * Threads: workers own units; same result for any number of threads
 */
SPK_API SPK_MUST_CHECK spk_status
spk_psth_align(spk_context *ctx, const spk_spikes *spikes, int64_t n_events,
               const int64_t *events, int64_t n_conditions, const int32_t *conditions,
               const spk_alignment_options *alignment, const spk_psth_options *options,
               spk_psth *psth);

#ifdef __cplusplus
}
#endif
#endif
