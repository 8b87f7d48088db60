/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SPIKEKIT_SPIKES_TRIAL_WINDOWS_H
#define SPIKEKIT_SPIKES_TRIAL_WINDOWS_H

#include "spikes/trial_checks.h"

/* Windows of several bins of trials: window w has the bins w * step .. w * step + width - 1. */
typedef struct spk__trial_windows {
    int64_t width;
    int64_t step;
    int64_t n_windows;
} spk__trial_windows;

/** Checks width and step against n_bins. */
spk_status spk__trial_windows_make(spk_context *ctx, int64_t n_bins, int64_t width,
                                   int64_t step, spk__trial_windows *windows);

/** Spikes of a trial and unit in a window. */
static inline int64_t spk__trial_windows_count(const spk__trial_windows *windows,
                                               const spk_trials *trials, int64_t trial,
                                               int64_t unit, int64_t window)
{
    const int32_t *row = trials->counts +
                         (trial * trials->n_units + unit) * trials->n_bins +
                         window * windows->step;
    int64_t n = 0;
    for (int64_t b = 0; b < windows->width; b++)
        n += row[b];
    return n;
}

/** Whether all of n bins from `first` on were observed in a trial. */
static inline int spk__trials_see_all(const spk_trials *trials, int64_t trial,
                                      int64_t first, int64_t n)
{
    for (int64_t b = first; b < first + n; b++)
        if (!spk__trials_sees(trials, trial, b))
            return 0;
    return 1;
}

#endif
