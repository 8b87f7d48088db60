/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SPIKEKIT_WAVEFORM_H
#define SPIKEKIT_WAVEFORM_H

#include <spikekit/context.h>
#include <spikekit/status.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Fill with spk_waveform_options_init(&options, sizeof options), then change fields. */
typedef struct spk_waveform_options {
    size_t struct_size;      /**< set by init */
    double sampling_rate_hz; /**< > 0; default 30000 */
    double recovery_s; /**< from the trough to the recovery point, rounded to samples, a
                              *   half to the even one; >= 0; default 0.16e-3 */
    double swap_ratio; /**< a positive peak at most this many times its trough gives way
                              *   to it; default 1.5 */
    const double
        *channel_positions_um; /**< [n_channels][2] x, y; default NULL: not known */
} spk_waveform_options;

SPK_API void spk_waveform_options_init(spk_waveform_options *options, size_t struct_size);

/** Features of one waveform on its peak channel. Samples are -1 and values NaN where there is no
 *  such point. */
typedef struct spk_waveform_features {
    int64_t peak_channel;
    int64_t peak_sample;
    int64_t trough_sample;
    int64_t tip_sample;
    int64_t
        half_peak_before_sample; /**< the last before the peak on this side of half of it */
    int64_t half_peak_after_sample; /**< the first from the peak on, likewise */
    int64_t recovery_sample;
    int32_t is_inverted; /**< nonzero: the peak is positive */
    int32_t is_swapped;  /**< nonzero: the trough of a positive peak became the peak */
    double peak;
    double trough;
    double tip;
    double half_peak_before;
    double half_peak_after;
    double recovery;
    double peak_to_trough_ratio; /**< |peak / trough| */
    double peak_to_trough_ratio_log;
    double peak_to_trough_duration_s;
    double half_peak_duration_s;
    double depolarisation_slope; /**< from tip to peak [unit of the waveform / s] */
    double repolarisation_slope; /**< from peak to trough */
    double recovery_slope;       /**< from trough to recovery */
    double
        spatial_spread_um; /**< sum of w d / sum of w over channels: w the largest absolute
                               *   value there, d the distance from the peak channel; NaN without
                               *   positions */
} spk_waveform_features;

/**
 * Measures a waveform as the International Brain Laboratory does each spike's.
 *
 * The peak is the largest absolute value on any channel; the rest is measured on its channel,
 * turned so that the peak is negative, and given with the waveform's own sign. The trough is
 * the largest value from the peak on, the tip the largest before it. A positive peak of no more
 * than swap_ratio times its trough is given up: its trough becomes the peak. The recovery point
 * is recovery_s after the trough, or the last sample. NaN samples count as 0; the first of equal
 * values is taken.
 *
 * @param[in]  waveform  [n_samples][n_channels]
 * @param[in]  options   NULL for the defaults
 * @param[out] features  all NaN and -1 for a waveform that is all 0
 * @return SPK_OK; SPK_ERR_ARGUMENT (NULL, no samples or channels, an option out of range)
 * Cost:   O(n_samples * n_channels), no memory
 * Source: compute_spike_features() of ibldsp (ibl-neuropixel); spatial_spread_um has absolute
 *         weights where ibldsp's have a sign
 */
SPK_API SPK_MUST_CHECK spk_status spk_waveform_measure(
    spk_context *ctx, const double *waveform, int64_t n_samples, int64_t n_channels,
    const spk_waveform_options *options, spk_waveform_features *features);

#ifdef __cplusplus
}
#endif
#endif
