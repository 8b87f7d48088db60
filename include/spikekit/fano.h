/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SPIKEKIT_FANO_H
#define SPIKEKIT_FANO_H

/*
 * The Fano factor, variance over mean of spike counts: of contiguous windows of one train, or
 * of counts that are there already (one a trial, say). 1 for a Poisson process at any window;
 * CV^2 for a renewal process at long ones; above for rates that change.
 */

#include <spikekit/context.h>
#include <spikekit/status.h>
#include <spikekit/trains.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Fill with spk_fano_options_init(&options, sizeof options), then change fields. */
typedef struct spk_fano_options {
    size_t struct_size; /**< set by init */
    int64_t n_windows;  /**< lengths of window, >= 1; default 1 */
    const double
        *windows_s; /**< [n_windows] lengths [s], rounded to samples, at least one;
                              *   default NULL: 0.1 s, which asks for n_windows 1 */
    int32_t ddof;   /**< the variance divides by n - ddof: 1, or 0 as elephant does;
                              *   default 1 */
    /** Counts up to so many windows apart may depend on each other, which widens the limits;
     *  0: they do not (trials); -1: floor(4 (n / 100)^(2/9)) of n windows. At most n / 2;
     *  default -1 */
    int64_t lags;
    double confidence; /**< of the limits, between 0 and 1; default 0.95 */
} spk_fano_options;

SPK_API void spk_fano_options_init(spk_fano_options *options, size_t struct_size);

/** What the counts come to. */
typedef struct spk_fano {
    int64_t n_windows;     /**< counts that were looked at */
    double mean;           /**< NaN without windows */
    double variance;       /**< NaN with fewer than ddof + 1 windows */
    double fano;           /**< variance / mean; NaN: mean 0, or no variance */
    double standard_error; /**< NaN with fewer than 8 windows, or where fano is NaN */
    double lower;          /**< limits; NaN where the standard error is, or fano is 0 */
    double upper;          /**< infinite: the counts exclude no Fano factor above */
} spk_fano;

/**
 * The Fano factor of counts.
 *
 * The standard error is that of a ratio of moments: with m the mean and V the population
 * variance, each count x adds
 *     p = ((x - m)^2 - V) / m - V (x - m) / m^2,
 * and SE^2 = s / (n - 1 - lags), s the sum of the covariances of p at lags -lags .. lags with the
 * weights 1 - |lag| / (lags + 1) (Newey & West 1987), or the variance of p where that sum is
 * smaller than half of it.
 *
 * Few spikes say little about their own scatter: counts of 0 and 1 alone have the Fano factor
 * 1 - m whatever they come from. So SE^2 is at least v(F) / (n - 1), with v(F) = 2 F^2 up to 1
 * as for Poisson and for normal counts, and above
 *     v(F) = 2 F^2 + F (3 F - 1) (F - 1) / (m + 4 (F - 1) / n),
 * for long samples that of negative binomial counts. The limits are the Fano factors f that F
 * does not exclude, in that F / f were chi-square over its degrees of freedom
 * 2 (n - 1) f^2 / v(f), times (the least SE / SE)^2 where the counts scatter more. For f <= 1
 * these are the limits of a normal variance. Where there are few spikes the upper limit is
 * far away or infinite: a few large clusters would often not have been seen.
 *
 * 95 % limits hold the truth in 93 to 100 % of samples from Poisson counts with means of 0.02
 * to 20, and in 94 to 100 % of negative binomial ones with a Fano factor of 3, of 8 to 2000
 * windows; most where there are less than about 10 spikes in all.
 *
 * @param[in]  ctx      holds the message on error
 * @param[in]  n        counts, >= 0
 * @param[in]  counts   [n] spikes, >= 0
 * @param[in]  options  NULL for the defaults; the windows are not read
 * @param[out] fano     overwritten
 * @return SPK_OK; SPK_ERR_ARGUMENT (NULL, n or a count below 0, an option out of range);
 *         SPK_ERR_MEMORY
 * Cost:   O(n (1 + lags)), and some 20 microseconds for the limits; memory of 8 bytes a count
 * Source: Fano (1947) Phys. Rev. 72:26-29; Newey & West (1987) Econometrica 55:703-708
 */
SPK_API SPK_MUST_CHECK spk_status spk_fano_counts(spk_context *ctx, int64_t n,
                                                  const int64_t *counts,
                                                  const spk_fano_options *options,
                                                  spk_fano *fano);

/**
 * The Fano factors of every unit in contiguous windows of one or more lengths.
 *
 * Each run is cut from its start into whole windows; what is left at its end is dropped.
 * Windows of two runs are not neighbours for `lags`.
 *
 * @param[in]  ctx      threads, progress, cancel; holds the message on error
 * @param[in]  trains   borrowed for the call
 * @param[in]  options  NULL for the defaults
 * @param[out] fano     [n_units][n_windows]
 * @return SPK_OK; SPK_ERR_ARGUMENT (NULL, an option out of range, a window above 2^53
 *         samples); SPK_ERR_OVERFLOW (above 2^40 windows); SPK_ERR_MEMORY;
 *         SPK_ERR_CANCELLED
 * Cost:    O(n_windows * (spikes + windows * lags)) a unit; memory of 16 bytes a window of
 *          the shortest length for each thread
 * Threads: workers own units; same bits for any number of threads
 * Source:  as spk_fano_counts()
 */
SPK_API SPK_MUST_CHECK spk_status spk_fano_estimate(spk_context *ctx,
                                                    const spk_trains *trains,
                                                    const spk_fano_options *options,
                                                    spk_fano *fano);

#ifdef __cplusplus
}
#endif
#endif
