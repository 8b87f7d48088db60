/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SPIKEKIT_SORTING_TEMPLATE_METRICS_H
#define SPIKEKIT_SORTING_TEMPLATE_METRICS_H

#include "sorting/unit_templates.h"
#include "sorting/waveform_peaks.h"

/** The metrics of the group `template`, in the order of the catalogue. */
typedef enum spk__template_metric {
    SPK__TEMPLATE_AMPLITUDE,
    SPK__TEMPLATE_AMPLITUDE_UV,
    SPK__TEMPLATE_MAIN_CHANNEL,
    SPK__TEMPLATE_X,
    SPK__TEMPLATE_Y,
    /* SpikeInterface, one channel */
    SPK__PEAK_TO_TROUGH_DURATION,
    SPK__MAIN_TO_NEXT_EXTREMUM,
    SPK__TROUGH_HALF_WIDTH,
    SPK__PEAK_HALF_WIDTH,
    SPK__REPOLARIZATION_SLOPE,
    SPK__RECOVERY_SLOPE,
    SPK__NUM_POSITIVE_PEAKS,
    SPK__NUM_NEGATIVE_PEAKS,
    SPK__PEAK_BEFORE_TO_TROUGH,
    SPK__PEAK_AFTER_TO_TROUGH,
    SPK__PEAK_BEFORE_TO_AFTER,
    SPK__MAIN_PEAK_TO_TROUGH,
    SPK__TROUGH_WIDTH,
    SPK__PEAK_BEFORE_WIDTH,
    SPK__PEAK_AFTER_WIDTH,
    SPK__BASELINE_FLATNESS,
    SPK__PEAK_TO_VALLEY_LEGACY,
    SPK__PEAK_TROUGH_RATIO_LEGACY,
    SPK__HALF_WIDTH_LEGACY,
    /* SpikeInterface, several channels */
    SPK__VELOCITY_ABOVE,
    SPK__VELOCITY_BELOW,
    SPK__EXP_DECAY,
    SPK__SPREAD,
    /* bombcell */
    SPK__BOMBCELL_PEAKS,
    SPK__BOMBCELL_TROUGHS,
    SPK__BOMBCELL_DURATION,
    SPK__BOMBCELL_DECAY,
    SPK__BOMBCELL_DECAY_LINEAR,
    SPK__BOMBCELL_FLATNESS,
    SPK__BOMBCELL_SECOND_PEAK_TO_TROUGH,
    SPK__BOMBCELL_PEAK1_TO_PEAK2,
    SPK__BOMBCELL_MAIN_PEAK_TO_TROUGH,
    SPK__BOMBCELL_TROUGH_TO_PEAK2,
    SPK__BOMBCELL_PEAK_BEFORE_WIDTH,
    SPK__BOMBCELL_PEAK_AFTER_WIDTH,
    SPK__BOMBCELL_TROUGH_WIDTH,
    /* Allen Institute */
    SPK__ALLEN_DURATION,
    SPK__ALLEN_HALF_WIDTH,
    SPK__ALLEN_PT_RATIO,
    SPK__ALLEN_REPOLARIZATION,
    SPK__ALLEN_RECOVERY,
    SPK__ALLEN_AMPLITUDE,
    SPK__ALLEN_SPREAD,
    SPK__ALLEN_VELOCITY_ABOVE,
    SPK__ALLEN_VELOCITY_BELOW,
    SPK__TEMPLATE_METRICS
} spk__template_metric;

/** All parameters, in the unit of their names. */
typedef struct spk__template_settings {
    double gain_uv; /* NaN: not known */
    double radius_um;
    double prominence, edge_ms, baseline_start_ms, baseline_stop_ms, recovery_ms;
    double min_distance_share;
    int64_t min_distance;
    int64_t velocity_min_channels;
    double velocity_min_r2, decay_min_r2, spread_threshold, spread_smooth_um;
    double bombcell_prominence;
    int64_t bombcell_blank, bombcell_baseline_start, bombcell_baseline_stop;
    double bombcell_tolerance_um;
    int64_t allen_site_range;
    double allen_spread_threshold, allen_site_spacing_um;
} spk__template_settings;

/** A unit's template and room to work in: one a worker. */
typedef struct spk__template_view {
    const spk_templates *templates; /* of the recording */
    const spk__template_settings *settings;
    const spk__resampler *polyphase, *fourier;
    const double *waveform; /* [n_samples][n_channels], finite, not all 0 */
    double *amplitudes;     /* [n_channels] peak to peak */
    int64_t main_channel;   /* of the largest peak-to-peak amplitude */
    int64_t main_extremum;  /* of the largest absolute value */
    double rate_hz;         /* NaN: not known */
    /* Room: of polyphase->n_out, or n_channels if that is more. */
    double *line, *negative, *work;
    spk__peak *peaks;
    int32_t *order;     /* [n_channels] */
    double *by_channel; /* [4 * n_channels] */
    double *slopes;     /* [most pairs of near channels] */
    double *fit_work;   /* of the fit with n_channels residuals */
} spk__template_view;

/** Each fills its metrics of values[SPK__TEMPLATE_METRICS], which are all NaN before. */
void spk__template_measure_single(const spk__template_view *view, double *values);
void spk__template_measure_several(const spk__template_view *view, double *values);
void spk__template_measure_bombcell(const spk__template_view *view, double *values);
void spk__template_measure_allen(const spk__template_view *view, double *values);

#endif
