/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SPIKEKIT_TRIALS_H
#define SPIKEKIT_TRIALS_H

#include <spikekit/context.h>
#include <spikekit/status.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Spike counts by trial, unit and bin: what spk_alignment_count() makes of events, or what
 * came as such. Rates, Fano factors, noise correlations and joint histograms take it. Borrows
 * its arrays.
 *
 * Repeats of one condition are taken to be alike; trials of different conditions are never
 * compared with each other.
 */
typedef struct spk_trials {
    int64_t n_trials;      /**< >= 0 */
    int64_t n_units;       /**< 0 .. 2^31 - 1 */
    int64_t n_bins;        /**< >= 1 */
    const int32_t *counts; /**< [n_trials][n_units][n_bins], none negative */
    const int64_t
        *exposure;       /**< [n_trials][n_bins] samples of each bin that were observed,
                               *   0 .. bin_samples; NULL: all of them. A bin that was not
                               *   wholly observed in a trial is left out of that trial */
    int64_t bin_samples; /**< bin width [samples], >= 1 */
    double sampling_rate_hz; /**< positive, finite; a bin lasts bin_samples / rate */
    int64_t n_conditions;    /**< >= 1 */
    const int32_t
        *conditions; /**< [n_trials] 0 .. n_conditions - 1, or -1 for trials to leave
                                *   out; NULL: all are of condition 0 */
} spk_trials;

/**
 * Checks trials against all of the above.
 * @return SPK_OK; SPK_ERR_ARGUMENT (NULL, size, negative count, condition or exposure out of
 *         range, bad rate); SPK_ERR_OVERFLOW (more counts than memory holds). The message
 *         names the first bad value
 * Cost: O(n_trials n_units n_bins), one pass
 */
SPK_API SPK_MUST_CHECK spk_status spk_trials_check(spk_context *ctx,
                                                   const spk_trials *trials);

#ifdef __cplusplus
}
#endif
#endif
