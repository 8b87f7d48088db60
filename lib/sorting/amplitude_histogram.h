/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SPIKEKIT_SORTING_AMPLITUDE_HISTOGRAM_H
#define SPIKEKIT_SORTING_AMPLITUDE_HISTOGRAM_H

#include <stdint.h>

/* Histograms of sorted values, with the bins that numpy.histogram() gives. */

enum {
    SPK__SMOOTHING_MAX = 50, /* bins of standard deviation */
    SPK__SMOOTHING_RADIUS = 4 * SPK__SMOOTHING_MAX
};

/**
 * Equal bins from the least to the greatest value (half a unit to either side if they are
 * equal). Bins are half-open, the last one is closed.
 * @param[in]  n         at least 1
 * @param[in]  is_float  nonzero: edges are rounded as in 32-bit arithmetic, which is how
 *                       numpy bins values of that type
 * @param[out] edges     [n_bins + 1]
 * @param[out] counts    [n_bins]
 * @return nonzero; 0 if the values are too close for so many bins
 */
int spk__histogram(const double *sorted, int64_t n, int64_t n_bins, int is_float,
                   double *edges, int64_t *counts);

/** Counts by edges given, rising; values outside are not counted. */
void spk__histogram_count(const double *sorted, int64_t n, const double *edges,
                          int64_t n_bins, int64_t *counts);

/** What lies beyond the ends when a histogram is smoothed. */
typedef enum spk__smoothing_edge {
    SPK__SMOOTHING_NEAREST, /* the first and the last bin go on */
    SPK__SMOOTHING_REFLECT  /* the histogram mirrored, the outer bin twice */
} spk__smoothing_edge;

/**
 * Smooths with a Gaussian kernel, cut at four standard deviations and of sum 1, as
 * scipy.ndimage.gaussian_filter1d().
 * @param[in]  sigma   standard deviation [bins], above 0 and at most SPK__SMOOTHING_MAX
 * @param[in]  scratch [n + 2 SPK__SMOOTHING_RADIUS]
 * @param[out] out     [n]
 */
void spk__gaussian_smooth(const double *in, int64_t n, double sigma,
                          spk__smoothing_edge edge, double *scratch, double *out);

/** The transpose of smoothing with SPK__SMOOTHING_NEAREST: how much of each bin goes into a
 *  weighted sum of the smoothed ones.
 *  @param[in]  weights  [n] of the smoothed bins
 *  @param[out] out      [n] weights of the bins */
void spk__gaussian_smooth_back(const double *weights, int64_t n, double sigma,
                               double *out);

#endif
