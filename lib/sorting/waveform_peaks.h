/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SPIKEKIT_SORTING_WAVEFORM_PEAKS_H
#define SPIKEKIT_SORTING_WAVEFORM_PEAKS_H

#include <spikekit/context.h>
#include <stdint.h>

/*
 * What metrics of waveforms' shapes are built from. Each does what the function of scipy does
 * that peers call, so that their numbers come out.
 */

typedef struct spk__peak {
    int64_t at; /**< sample; the middle of a plateau, rounded down */
    double prominence;
    double width; /**< [samples] at half the prominence, between samples */
} spk__peak;

/**
 * Local maxima of at least a prominence, as scipy.signal.find_peaks(x, prominence, width=0):
 * never the first or last sample; a NaN ends a peak's surroundings as the end does.
 * @param[out] peaks  [n / 2 + 1] rising
 * @return their number
 */
int64_t spk__find_peaks(const double *x, int64_t n, double min_prominence,
                        spk__peak *peaks);

/** The most prominent peak, the first of equal ones; -1 if there is none. */
int64_t spk__most_prominent(const spk__peak *peaks, int64_t n);

/** The first index of the largest value and of the smallest; NaNs are passed over. -1 if all
 *  are NaN. */
int64_t spk__argmax(const double *x, int64_t n);
int64_t spk__argmin(const double *x, int64_t n);

/** Slope of the least-squares line through (k * step, y[k]); NaN for n < 2. */
double spk__slope(const double *y, int64_t n, double step);

/** Median, sorting the values; the mean of the two in the middle of an even number. n > 0. */
double spk__sort_median(double *values, int64_t n);

/** Resampling to more samples as a matrix of weights. */
typedef struct spk__resampler {
    int64_t n_in, n_out;
    int64_t n_taps;  /* of each output */
    double *weights; /* [factor][n_taps] by phase, or [n_out][n_in] */
    int64_t factor;  /* 0: the weights are a full matrix */
} spk__resampler;

/** As scipy.signal.resample_poly(x, factor, 1): Kaiser 5 window, zeros beyond the ends.
 *  factor >= 1; 1 copies. Free with spk__resampler_free(). */
spk_status spk__resampler_make_polyphase(spk_context *ctx, int64_t n_in, int64_t factor,
                                         spk__resampler *resampler);
/** As scipy.signal.resample(x, n_out) for n_out >= n_in: by Fourier transform. */
spk_status spk__resampler_make_fourier(spk_context *ctx, int64_t n_in, int64_t n_out,
                                       spk__resampler *resampler);
void spk__resampler_free(spk__resampler *resampler);

/** @param[in] stride  from one input sample to the next */
void spk__resample(const spk__resampler *resampler, const double *in, int64_t stride,
                   double *out);

#endif
