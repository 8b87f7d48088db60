/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SPIKEKIT_SPIKES_BANDWIDTH_H
#define SPIKEKIT_SPIKES_BANDWIDTH_H

#include <spikekit/trains.h>

/** The bandwidth that elephant's optimal_kernel_bandwidth() finds [s], NaN where there is
 *  none. Its transform is a circular convolution, which is summed here as such. */
spk_status spk__bandwidth_elephant(spk_context *ctx, const spk_train *train,
                                   double rate_hz, double *sigma_s);

#endif
