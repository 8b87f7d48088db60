/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SPIKEKIT_CORRELATION_DECONVOLUTION_H
#define SPIKEKIT_CORRELATION_DECONVOLUTION_H

#include "fft/real_transform.h"

/*
 * Autocorrelograms divided out of a correlogram, on the circle of its n_bins lags (odd). What
 * belongs to a unit, one divided by the spectrum of its autocorrelogram, is made once.
 */
typedef struct spk__deconvolution {
    spk__real_transform *transform;
    int64_t n_bins;
} spk__deconvolution;

spk_status spk__deconvolution_create(spk_context *ctx, int64_t n_bins,
                                     spk__deconvolution *deconvolution);
void spk__deconvolution_free(spk__deconvolution *deconvolution);

/** Doubles of scratch of either function below. */
int64_t spk__deconvolution_room(const spk__deconvolution *deconvolution);

/** 1 / spectrum of the autocorrelogram without its mean, by spikes, its centre such that all
 *  sum to 1. inverse: [n_bins / 2 + 1][2] */
void spk__deconvolution_invert(const spk__deconvolution *deconvolution,
                               const int64_t *auto_counts, double n_spikes,
                               double *scratch, double (*inverse)[2]);

/** The correlogram with both divided out, negative bins 0. NaN throughout if a spectrum is 0
 *  anywhere. */
void spk__deconvolve(const spk__deconvolution *deconvolution, const int64_t *counts,
                     const double (*source)[2], const double (*target)[2],
                     double *scratch, double *deconvolved);

#endif
