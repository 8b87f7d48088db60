/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SPIKEKIT_SORTING_ACG_FIT_H
#define SPIKEKIT_SORTING_ACG_FIT_H

#include <spikekit/firing.h>

/** Doubles of scratch memory for spk__acg_fit(). */
int64_t spk__acg_fit_work_length(int64_t n_bins);

/** spk_acg_fit_estimate() without its checks, in the caller's memory. */
void spk__acg_fit(double bin_ms, int64_t n_bins, const double *acg_hz, double *work,
                  spk_acg_fit *fit);

#endif
