/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SPIKEKIT_SPIKES_BANDWIDTH_H
#define SPIKEKIT_SPIKES_BANDWIDTH_H

#include "fft/real_transform.h"

#include <spikekit/trains.h>

/** What the cost of a width is made of, for all widths from narrowest to widest [samples]. */
typedef struct spk__pair_spectra spk__pair_spectra;

spk_status spk__pair_spectra_create(spk_context *ctx, const spk_train *train,
                                    double narrowest, double widest,
                                    spk__pair_spectra **spectra);
void spk__pair_spectra_destroy(spk__pair_spectra *spectra);

/** The cost of spk_bandwidth_cost() a sample, sigma in samples. */
double spk__pair_spectra_cost(const spk__pair_spectra *spectra, double sigma);

/** Transforms of 2^k values, made when first needed; begin with all NULL. */
typedef struct spk__bandwidth_transforms {
    spk__real_transform *of_power[13];
} spk__bandwidth_transforms;

void spk__bandwidth_transforms_end(spk__bandwidth_transforms *transforms);

/** The bandwidth that elephant's optimal_kernel_bandwidth() finds [s], NaN where there is
 *  none. */
spk_status spk__bandwidth_elephant(spk_context *ctx, const spk_train *train,
                                   double rate_hz, spk__bandwidth_transforms *transforms,
                                   double *sigma_s);

#endif
