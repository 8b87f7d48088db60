/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SPIKEKIT_INTERVALS_H
#define SPIKEKIT_INTERVALS_H

/*
 * Interspike intervals of single trains: what they come to, how they depend on those before,
 * and their histogram in bins of one width. Histograms in logarithmic bins are in firing.h.
 * No interval bridges two runs, and intervals are neighbours only within a run.
 */

#include <spikekit/context.h>
#include <spikekit/status.h>
#include <spikekit/trains.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Fill with spk_intervals_options_init(&options, sizeof options), then change fields. */
typedef struct spk_intervals_options {
    size_t struct_size;      /**< set by init */
    double lvr_refractory_s; /**< R of lvr [s], >= 0; default 0.005 */
    double confidence;       /**< of limits, between 0 and 1; default 0.95 */
} spk_intervals_options;

SPK_API void spk_intervals_options_init(spk_intervals_options *options,
                                        size_t struct_size);

/** What the intervals of a unit come to. Without intervals every double is NaN. */
typedef struct spk_intervals_summary {
    int64_t n_intervals; /**< spikes less one in each run that has any */
    int64_t n_zero;      /**< intervals of no length: two spikes at one sample */
    double mean_s;
    double sd_s; /**< divides by n - 1; NaN for one interval */
    double min_s;
    double q1_s; /**< quartiles by linear interpolation between the nearest in rank, */
    double median_s;
    double q3_s; /**< as numpy.percentile() and R's quantile() have them */
    double max_s;
    double mad_s; /**< median of |interval - median|; times 1.4826 it is R's mad() */
    double cv;    /**< standard deviation (dividing by n) / mean; NaN below 2 intervals or
                   *   with mean 0 */
    double cv2;   /**< of neighbours I, J not both 0: mean of 2 |I - J| / (I + J) */
    double lv;    /**< mean of 3 ((I - J) / (I + J))^2 */
    double lvr;   /**< mean of 3 (1 - 4 I J / (I + J)^2) (1 + 4 R / (I + J)) */
} spk_intervals_summary;

/**
 * Sums up the intervals of each unit.
 *
 * cv, cv2, lv and lvr are the metrics isi_cv, cv2, lv and lvr. elephant has cv2 NaN where
 * two intervals in a row are 0; here such a pair, which has no ratio, is left out.
 *
 * @param[in]  ctx      threads, progress, cancel; holds the message on error
 * @param[in]  trains   borrowed for the call
 * @param[in]  options  NULL for the defaults
 * @param[out] summary  [n_units]
 * @return SPK_OK; SPK_ERR_ARGUMENT (NULL, an option out of range); SPK_ERR_MEMORY;
 *         SPK_ERR_CANCELLED
 * Cost:    O(n_spikes) with a radix sort of each unit's intervals; memory of 56 bytes a
 *          spike of the largest unit for each thread
 * Threads: workers own units; same bits for any number of threads
 * Source:  Holt, Softky, Koch & Douglas (1996) J. Neurophysiol. 75:1806-1814; Shinomoto,
 *          Shima & Tanji (2003) Neural Comput. 15:2823-2842; Shinomoto et al. (2009) PLoS
 *          Comput. Biol. 5:e1000433
 */
SPK_API SPK_MUST_CHECK spk_status spk_intervals_summarize(
    spk_context *ctx, const spk_trains *trains, const spk_intervals_options *options,
    spk_intervals_summary *summary);

/** How intervals depend on those some intervals before. */
typedef struct spk_serial_correlation {
    int64_t lag;     /**< intervals from one to the other, >= 1 */
    int64_t n_pairs; /**< pairs within one run */
    double pearson;  /**< NaN where either side does not vary, or below 2 pairs */
    double pearson_lower;
    double pearson_upper;
    double spearman; /**< of ranks, ties having their mean rank; NaN as pearson */
    double spearman_lower;
    double spearman_upper;
} spk_serial_correlation;

/**
 * The correlation of intervals with those 1 .. n_lags intervals before them.
 *
 * Limits are tanh(atanh(r) -+ z s), z the normal quantile, with s = 1 / sqrt(n - 3) for
 * Pearson's and s = sqrt((1 + r^2 / 2) / (n - 3)) for Spearman's (Bonett & Wright 2000); NaN
 * below 4 pairs and where |r| is 1. They take pairs to be independent of each other: right
 * for the question whether intervals are independent, too narrow far from it.
 *
 * @param[in]  ctx      threads, progress, cancel; holds the message on error
 * @param[in]  trains   borrowed for the call
 * @param[in]  n_lags   1 .. 100000
 * @param[in]  options  NULL for the defaults
 * @param[out] result   [n_units][n_lags]
 * @return as spk_intervals_summarize()
 * Cost:    O(n_lags * n_spikes); memory as spk_intervals_summarize()
 * Threads: workers own units; same bits for any number of threads
 * Source:  Perkel, Gerstein & Moore (1967) Biophys. J. 7:391-418; Bonett & Wright (2000)
 *          Psychometrika 65:23-28
 */
SPK_API SPK_MUST_CHECK spk_status spk_intervals_correlate(
    spk_context *ctx, const spk_trains *trains, int64_t n_lags,
    const spk_intervals_options *options, spk_serial_correlation *result);

/**
 * Counts the intervals of each unit in bins of one width: counts[u][k] is the number of
 * intervals d with k b <= d < (k + 1) b, b = bin_s rounded to samples, at least one. Longer
 * ones are not counted.
 *
 * @param[in]  ctx     threads, progress, cancel; holds the message on error
 * @param[in]  trains  borrowed for the call
 * @param[in]  bin_s   width of a bin [s], above 0
 * @param[in]  n_bins  >= 1
 * @param[out] counts  [n_units][n_bins]
 * @return SPK_OK; SPK_ERR_ARGUMENT (NULL, bin_s or n_bins out of range, bins beyond 2^53
 *         samples); SPK_ERR_OVERFLOW (n_units * n_bins); SPK_ERR_MEMORY; SPK_ERR_CANCELLED
 * Cost:    O(n_spikes + n_units * n_bins), no memory
 * Threads: workers own units; same for any number of threads
 */
SPK_API SPK_MUST_CHECK spk_status spk_intervals_count(spk_context *ctx,
                                                      const spk_trains *trains,
                                                      double bin_s, int64_t n_bins,
                                                      int64_t *counts);

#ifdef __cplusplus
}
#endif
#endif
