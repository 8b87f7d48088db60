/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SPIKEKIT_SORTING_AMPLITUDE_CUTOFF_H
#define SPIKEKIT_SORTING_AMPLITUDE_CUTOFF_H

#include <spikekit/context.h>
#include <stdint.h>

/*
 * Shares of spikes missed below a threshold, from the shape of the sorted amplitudes of those
 * that were found. The missing tail is the low one. Each is NaN where its definition in the
 * catalogue of metrics says so.
 */

enum {
    SPK__PERCENT_MISSING_WORK = 5
};

/** Room for histograms, smoothed and not. */
typedef struct spk__histogram_room {
    double *edges;   /**< [n_bins + 1] */
    int64_t *counts; /**< [n_bins] */
    double *density; /**< [n_bins] */
    double *smooth;  /**< [n_bins] */
    double *scratch; /**< [n_bins + 2 SPK__SMOOTHING_RADIUS] */
    double *work;    /**< [SPK__PERCENT_MISSING_WORK n_fit], for spk__percent_missing() */
} spk__histogram_room;

/** @param[in] n_fit  most bins that spk__percent_missing() is asked for
 *  @return 0 if there is no memory; free what there is all the same */
int spk__histogram_room_allocate(spk_context *ctx, int64_t n_bins, int64_t n_fit,
                                 spk__histogram_room *room);
void spk__histogram_room_free(spk__histogram_room *room);

/** SpikeInterface's amplitude_cutoff and, unless `se` is NULL, its standard error. */
double spk__amplitude_cutoff(const double *sorted, int64_t n, int is_float,
                             int64_t n_bins, double sigma_bins, double min_spikes_per_bin,
                             spk__histogram_room *room, double *se);

/** The Allen Institute's, with n_bins fixed, and IBL's missed_spikes_est, where they follow
 *  from the number of spikes; `is_ibl` chooses how the tail is divided. */
double spk__amplitude_cutoff_symmetric(const double *sorted, int64_t n, int is_float,
                                       int64_t n_bins, double sigma_bins, int is_ibl,
                                       spk__histogram_room *room);

/** SpikeInterface's noise_cutoff and, in `ratio`, noise_ratio. */
double spk__noise_cutoff(const double *sorted, int64_t n, int is_float, int64_t n_bins,
                         double high_quantile, double low_quantile,
                         spk__histogram_room *room, double *ratio);

/** IBL's noise_cutoff, n_bins - 1 bins from 0. */
double spk__noise_cutoff_ibl(const double *sorted, int64_t n, int64_t n_bins,
                             double high_quantile, spk__histogram_room *room);

/** bombcell's percentageSpikesMissing_gaussian and _symmetric; `is_beyond` is 1 where more is
 *  missing than the first can tell. */
void spk__percent_missing(const double *sorted, int64_t n, int is_float, int64_t n_bins,
                          spk__histogram_room *room, double *gaussian, double *is_beyond,
                          double *symmetric);

#endif
