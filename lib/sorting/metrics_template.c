/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Metrics of each unit's template, unwhitened. Every unit is one task: its template is read
 * once, and each family of metrics with a wanted member measures it.
 */
#include "base/check.h"
#include "base/memory.h"
#include "base/parallel.h"
#include "linalg/least_squares.h"
#include "sorting/metric_group.h"
#include "sorting/template_metrics.h"

#include <math.h>

#define GROUP "template"
#define NO_TEMPLATE "no spikes, a template that is all zero or has a NaN"
#define NO_RATE NO_TEMPLATE ", no sampling rate"
#define NO_GAIN NO_RATE ", template_gain_uv not set"
#define NO_PLACES NO_TEMPLATE ", no channel positions"
#define SI_MAIN                                                                          \
    " On the channel of the largest absolute value, upsampled template_upsampling "      \
    "times."
#define NEEDS SPK_METRIC_NEEDS_TEMPLATES

static const spk_metric metrics[SPK__TEMPLATE_METRICS] = {
    [SPK__TEMPLATE_AMPLITUDE] =
        {"template_amplitude", "", GROUP, "1",
         "Largest peak-to-peak amplitude over channels of the unwhitened template, in "
         "its "
         "own unit: what phy multiplies with a spike's amplitude.",
         NO_TEMPLATE, NEEDS, 0},
    [SPK__TEMPLATE_AMPLITUDE_UV] = {"template_amplitude_uv", "", GROUP, "uV",
                                    "template_amplitude * template_gain_uv.",
                                    NO_TEMPLATE ", template_gain_uv not set", NEEDS, 0},
    [SPK__TEMPLATE_MAIN_CHANNEL] =
        {"main_channel", "bombcell:maxChannels", GROUP, "1",
         "Number, from 0, of the channel with the largest peak-to-peak amplitude of the "
         "unwhitened template; the first of equal ones.",
         NO_TEMPLATE, NEEDS, 0},
    [SPK__TEMPLATE_X] = {"template_x_um", "", GROUP, "um", "x of main_channel.",
                         NO_PLACES, NEEDS, 0},
    [SPK__TEMPLATE_Y] = {"template_y_um", "", GROUP, "um", "y (depth) of main_channel.",
                         NO_PLACES, NEEDS, 0},
    [SPK__PEAK_TO_TROUGH_DURATION] =
        {"peak_to_trough_duration", "spikeinterface:peak_to_trough_duration", GROUP, "s",
         "Time from the main trough to the most prominent peak after it." SI_MAIN,
         NO_RATE ", no sample left after the trough", NEEDS, 0},
    [SPK__MAIN_TO_NEXT_EXTREMUM] =
        {"main_to_next_extremum_duration",
         "spikeinterface:main_to_next_extremum_duration", GROUP, "s",
         "Of main trough, peak before and peak after the largest in absolute value: time "
         "from a trough to the peak after, from a peak before to the trough, from the "
         "trough "
         "to a peak after." SI_MAIN,
         NO_RATE ", no sample left for the other extremum (SpikeInterface then takes the "
                 "last sample for it)",
         NEEDS, 0},
    [SPK__TROUGH_HALF_WIDTH] =
        {"trough_half_width", "spikeinterface:trough_half_width", GROUP, "s",
         "Time between the crossings of half the main trough's value." SI_MAIN,
         NO_RATE ", no crossing on either side", NEEDS, 0},
    [SPK__PEAK_HALF_WIDTH] =
        {"peak_half_width", "spikeinterface:peak_half_width", GROUP, "s",
         "Time between the crossings of half the value of the larger of peak before and "
         "after." SI_MAIN,
         NO_RATE ", no peak, no crossing on either side", NEEDS, 0},
    [SPK__REPOLARIZATION_SLOPE] = {"repolarization_slope",
                                   "spikeinterface:repolarization_slope", GROUP, "uV/s",
                                   "Slope of the line through the samples from the main "
                                   "trough to the first that is "
                                   ">= 0." SI_MAIN,
                                   NO_GAIN ", no return to 0 or in less than 3 samples",
                                   NEEDS, 0},
    [SPK__RECOVERY_SLOPE] =
        {"recovery_slope", "spikeinterface:recovery_slope", GROUP, "uV/s",
         "Slope of the line through the samples within template_recovery_ms of the peak "
         "after the trough." SI_MAIN,
         NO_GAIN ", no peak after, less than 2 samples", NEEDS, 0},
    [SPK__NUM_POSITIVE_PEAKS] =
        {"num_positive_peaks", "spikeinterface:num_positive_peaks", GROUP, "peaks",
         "Peaks before and after the main trough of a prominence of at least "
         "template_prominence times the largest absolute value." SI_MAIN,
         NO_RATE, NEEDS, 0},
    [SPK__NUM_NEGATIVE_PEAKS] = {"num_negative_peaks",
                                 "spikeinterface:num_negative_peaks", GROUP, "peaks",
                                 "Troughs of such a prominence." SI_MAIN, NO_RATE, NEEDS,
                                 0},
    [SPK__PEAK_BEFORE_TO_TROUGH] = {"peak_before_to_trough_ratio",
                                    "spikeinterface:peak_before_to_trough_ratio", GROUP,
                                    "1", "|peak before| / |main trough|." SI_MAIN,
                                    NO_RATE
                                    ", no sample left before the trough, a trough of 0",
                                    NEEDS, 0},
    [SPK__PEAK_AFTER_TO_TROUGH] = {"peak_after_to_trough_ratio",
                                   "spikeinterface:peak_after_to_trough_ratio", GROUP,
                                   "1", "|peak after| / |main trough|." SI_MAIN,
                                   NO_RATE
                                   ", no sample left after the trough, a trough of 0",
                                   NEEDS, 0},
    [SPK__PEAK_BEFORE_TO_AFTER] = {"peak_before_to_peak_after_ratio",
                                   "spikeinterface:peak_before_to_peak_after_ratio",
                                   GROUP, "1", "|peak before| / |peak after|." SI_MAIN,
                                   NO_RATE
                                   ", no sample left on either side, a peak after of 0",
                                   NEEDS, 0},
    [SPK__MAIN_PEAK_TO_TROUGH] =
        {"main_peak_to_trough_ratio", "spikeinterface:main_peak_to_trough_ratio", GROUP,
         "1", "The larger of |peak before| and |peak after| / |main trough|." SI_MAIN,
         NO_RATE ", no sample left on both sides, a trough of 0", NEEDS, 0},
    [SPK__TROUGH_WIDTH] =
        {"trough_width", "spikeinterface:trough_width", GROUP, "s",
         "Width of the main trough at half its prominence, between samples." SI_MAIN,
         NO_RATE ", no trough of half the prominence", NEEDS, 0},
    [SPK__PEAK_BEFORE_WIDTH] =
        {"peak_before_width", "spikeinterface:peak_before_width", GROUP, "s",
         "Width of the peak before at half its prominence, between samples." SI_MAIN,
         NO_RATE ", no peak before of half the prominence", NEEDS, 0},
    [SPK__PEAK_AFTER_WIDTH] =
        {"peak_after_width", "spikeinterface:peak_after_width", GROUP, "s",
         "Width of the peak after at half its prominence, between samples." SI_MAIN,
         NO_RATE ", no peak after of half the prominence", NEEDS, 0},
    [SPK__BASELINE_FLATNESS] =
        {"waveform_baseline_flatness", "spikeinterface:waveform_baseline_flatness", GROUP,
         "1",
         "Largest |w - m| from template_baseline_start_ms to template_baseline_stop_ms "
         "over "
         "the largest |w - m| of all, m the mean of the baseline." SI_MAIN,
         NO_RATE ", an empty baseline", NEEDS, 0},
    [SPK__PEAK_TO_VALLEY_LEGACY] =
        {"peak_to_valley_legacy", "", GROUP, "s",
         "Time from the smallest value to the largest after it: peak_to_valley of "
         "SpikeInterface up to 0.103." SI_MAIN,
         NO_RATE, NEEDS, 0},
    [SPK__PEAK_TROUGH_RATIO_LEGACY] =
        {"peak_trough_ratio_legacy", "", GROUP, "1",
         "The largest value after the smallest / the smallest, with their signs: "
         "peak_trough_ratio of SpikeInterface up to 0.103." SI_MAIN,
         NO_RATE ", a smallest value of 0", NEEDS, 0},
    [SPK__HALF_WIDTH_LEGACY] =
        {"half_width_legacy", "", GROUP, "s",
         "Time from the sample before the first to the sample after the last that is "
         "below "
         "half the smallest value: half_width of SpikeInterface up to 0.103." SI_MAIN,
         NO_RATE ", no such sample before the smallest", NEEDS, 0},
    [SPK__VELOCITY_ABOVE] =
        {"velocity_above", "spikeinterface:velocity_above", GROUP, "um/ms",
         "1 / slope of the robust (Theil-Sen) line of trough time over distance from the "
         "channel of the deepest trough, on channels at or above it within "
         "template_radius_um of the main channel. Channels of one depth keep their "
         "order.",
         NO_PLACES
         ", no sampling rate, fewer than template_velocity_min_channels, R2 not above "
         "template_velocity_min_r2, slope 0",
         NEEDS, 0},
    [SPK__VELOCITY_BELOW] = {"velocity_below", "spikeinterface:velocity_below", GROUP,
                             "um/ms", "As velocity_above, on channels at or below.",
                             "as velocity_above", NEEDS, 0},
    [SPK__EXP_DECAY] =
        {"exp_decay", "spikeinterface:exp_decay", GROUP, "1/um",
         "d of the least-squares fit of peak-to-peak amplitude a exp(-d x) + c over "
         "distance "
         "x from the largest channel, on channels within template_radius_um of the main "
         "one: d in 1e-5 .. 2, a within half of the largest amplitude, c in 0 .. twice "
         "the "
         "smallest. SpikeInterface fails where that is 0; here c is then 0.",
         NO_PLACES ", fewer than 3 channels, R2 below template_decay_min_r2", NEEDS, 0},
    [SPK__SPREAD] =
        {"spread", "spikeinterface:spread", GROUP, "um",
         "Span of depths of the channels whose peak-to-peak amplitude, smoothed over the "
         "channels in order of depth by a Gaussian of template_spread_smooth_um, exceeds "
         "template_spread_threshold times the largest. Channels of one depth keep their "
         "order; SpikeInterface's is up to numpy's sort.",
         NO_PLACES ", one depth only", NEEDS, 0},
    [SPK__BOMBCELL_PEAKS] =
        {"n_peaks_bombcell", "bombcell:nPeaks", GROUP, "peaks",
         "Peaks before and after the deepest trough of a prominence of at least "
         "bombcell_prominence times the largest absolute value after the blanked start; "
         "on a "
         "side without one, the most prominent of at least 0.015 or else the largest "
         "sample "
         "counts, unless it is below half the wanted prominence and the smaller of two "
         "such.",
         NO_TEMPLATE, NEEDS, 0},
    [SPK__BOMBCELL_TROUGHS] = {"n_troughs_bombcell", "bombcell:nTroughs", GROUP, "peaks",
                               "Troughs of such a prominence; 1 if there is none.",
                               NO_TEMPLATE, NEEDS, 0},
    [SPK__BOMBCELL_DURATION] = {"waveform_duration_bombcell",
                                "bombcell:waveformDuration_peakTrough", GROUP, "us",
                                "Time from the largest absolute value to the extremum of "
                                "the other sign after it.",
                                NO_RATE, NEEDS, 0},
    [SPK__BOMBCELL_DECAY] =
        {"spatial_decay_bombcell", "bombcell:spatialDecaySlope", GROUP, "1/um",
         "-m of the least-squares fit of A exp(m x) to the largest absolute value, the "
         "largest "
         "being 1, on 10 channels: the nearest in depth among those within "
         "bombcell_tolerance_um aside, of equally near ones the first (bombcell's are up "
         "to "
         "numpy's sort). The better of the minima reached from m 0.1, bombcell's start, "
         "and "
         "-0.02.",
         NO_PLACES
         ", fewer than 8 channels, rows of channels 30 um or more apart, no channel "
         "beside the largest with an amplitude",
         NEEDS, 0},
    [SPK__BOMBCELL_DECAY_LINEAR] =
        {"spatial_decay_linear_bombcell", "", GROUP, "1/um",
         "As spatial_decay_bombcell, minus the slope of a line on 6 channels: bombcell's "
         "spatialDecaySlope with spDecayLinFit.",
         NO_PLACES ", fewer than 5 channels, rows of channels 30 um or more apart", NEEDS,
         0},
    [SPK__BOMBCELL_FLATNESS] =
        {"waveform_baseline_flatness_bombcell", "bombcell:waveformBaselineFlatness",
         GROUP, "1",
         "Largest |w| of the baseline / largest |w|; the baseline is samples "
         "bombcell_baseline_start to bombcell_baseline_stop.",
         NO_TEMPLATE ", an empty baseline", NEEDS, 0},
    [SPK__BOMBCELL_SECOND_PEAK_TO_TROUGH] =
        {"second_peak_to_trough_ratio_bombcell", "bombcell:scndPeakToTroughRatio", GROUP,
         "1", "|largest peak after the trough| / |trough|.",
         NO_TEMPLATE ", a trough of 0 (bombcell: infinite)", NEEDS, 0},
    [SPK__BOMBCELL_PEAK1_TO_PEAK2] =
        {"peak1_to_peak2_ratio_bombcell", "bombcell:peak1ToPeak2Ratio", GROUP, "1",
         "|largest peak before| / |largest peak after the trough|.",
         NO_TEMPLATE ", a peak after of 0 (bombcell: infinite)", NEEDS, 0},
    [SPK__BOMBCELL_MAIN_PEAK_TO_TROUGH] = {"main_peak_to_trough_ratio_bombcell",
                                           "bombcell:mainPeakToTroughRatio", GROUP, "1",
                                           "|larger of the two peaks| / |trough|.",
                                           NO_TEMPLATE
                                           ", a trough of 0 (bombcell: infinite)",
                                           NEEDS, 0},
    [SPK__BOMBCELL_TROUGH_TO_PEAK2] =
        {"trough_to_peak2_ratio_bombcell", "bombcell:troughToPeak2Ratio", GROUP, "1",
         "|trough| / |largest peak before it|, whatever the name says.",
         NO_TEMPLATE ", a peak before of 0 (bombcell: infinite)", NEEDS, 0},
    [SPK__BOMBCELL_PEAK_BEFORE_WIDTH] =
        {"main_peak_before_width_bombcell", "bombcell:mainPeak_before_width", GROUP,
         "samples",
         "Width of the most prominent peak before the trough at half prominence.",
         NO_TEMPLATE ", no peak of 0.015", NEEDS, 0},
    [SPK__BOMBCELL_PEAK_AFTER_WIDTH] =
        {"main_peak_after_width_bombcell", "bombcell:mainPeak_after_width", GROUP,
         "samples",
         "Width of the most prominent peak after the trough at half prominence.",
         NO_TEMPLATE ", no peak of 0.015", NEEDS, 0},
    [SPK__BOMBCELL_TROUGH_WIDTH] =
        {"main_trough_width_bombcell", "bombcell:mainTrough_width", GROUP, "samples",
         "Width of the most prominent trough at half prominence.",
         NO_TEMPLATE ", no trough of the wanted prominence", NEEDS, 0},
    [SPK__ALLEN_DURATION] =
        {"duration_allen", "allen:duration", GROUP, "ms",
         "Main channel resampled by Fourier transform to 200 points for 82 samples: time "
         "from the smallest value to the largest after it, or from the largest to the "
         "smallest after it where the largest is the larger.",
         NO_RATE, NEEDS, 0},
    [SPK__ALLEN_HALF_WIDTH] = {"halfwidth_allen", "allen:halfwidth", GROUP, "ms",
                               "So resampled: from the first point beyond half of that "
                               "value to the first after it "
                               "that is back.",
                               NO_RATE ", no such point on either side", NEEDS, 0},
    [SPK__ALLEN_PT_RATIO] = {"pt_ratio_allen", "allen:PT_ratio", GROUP, "1",
                             "So resampled: |largest value / smallest value|.",
                             NO_TEMPLATE ", a smallest value of 0", NEEDS, 0},
    [SPK__ALLEN_REPOLARIZATION] = {"repolarization_slope_allen",
                                   "allen:repolarization_slope", GROUP, "V/s",
                                   "So resampled, turned so that the largest absolute "
                                   "value is a trough: slope of the "
                                   "line through 20 points from it on.",
                                   NO_GAIN ", fewer than 2 points left", NEEDS, 0},
    [SPK__ALLEN_RECOVERY] = {"recovery_slope_allen", "allen:recovery_slope", GROUP, "V/s",
                             "So turned: slope of the line through 20 points from the "
                             "largest after the trough "
                             "on.",
                             NO_GAIN ", fewer than 2 points left", NEEDS, 0},
    [SPK__ALLEN_AMPLITUDE] =
        {"amplitude_allen", "allen:amplitude", GROUP, "uV",
         "Largest peak-to-peak amplitude of every second channel by number within "
         "allen_site_range of the main one, channel 0 left out.",
         NO_TEMPLATE ", template_gain_uv not set, no such channel", NEEDS, 0},
    [SPK__ALLEN_SPREAD] =
        {"spread_allen", "allen:spread", GROUP, "um",
         "Number of those channels above allen_spread_threshold times the amplitude, "
         "without "
         "those whose place is an outlier, times allen_site_spacing_um.",
         NO_TEMPLATE ", no such channel", NEEDS, 0},
    [SPK__ALLEN_VELOCITY_ABOVE] =
        {"velocity_above_allen", "allen:velocity_above", GROUP, "s/m",
         "Slope of trough time over place on those channels at or after the main one: an "
         "inverse velocity. As in Allen's code sample k is at the time of resampled "
         "point k, "
         "which for 82 samples is 2.4 times too short.",
         NO_RATE ", fewer than 2 channels", NEEDS, 0},
    [SPK__ALLEN_VELOCITY_BELOW] = {"velocity_below_allen", "allen:velocity_below", GROUP,
                                   "s/m",
                                   "As velocity_above_allen, at or before the main one.",
                                   NO_RATE ", fewer than 2 channels", NEEDS, 0},
};

static const spk_metrics_parameter parameters[] = {
    {"template_gain_uv", GROUP, "uV",
     "Microvolt that one unit of the unwhitened templates stands for; 0: not known, "
     "metrics in uV are NaN.",
     0, 0, 1e12},
    {"template_radius_um", GROUP, "um",
     "Channels this near to the main one make up a unit's template in velocity, "
     "exp_decay and spread; 0: all.",
     100, 0, 1e9},
    {"template_upsampling", GROUP, "1", "Samples for each sample of the template.", 10, 1,
     100},
    {"template_prominence", GROUP, "1",
     "Prominence of a peak or trough, as a share of the largest absolute value.", 0.3, 0,
     1},
    {"template_edge_ms", GROUP, "ms", "Left out at either end when looking for peaks.",
     0.09, 0, 10},
    {"template_min_distance_samples", GROUP, "samples",
     "Upsampled samples between trough and peaks, at least.", 3, 0, 1000},
    {"template_min_distance_share", GROUP, "1",
     "Samples between trough and peaks at least, as a share of the trough's half width.",
     0.2, 0, 10},
    {"template_recovery_ms", GROUP, "ms",
     "Stretch after the peak whose line gives recovery_slope.", 0.7, 0, 100},
    {"template_baseline_start_ms", GROUP, "ms",
     "Bound of the baseline of waveform_baseline_flatness.", 0, 0, 100},
    {"template_baseline_stop_ms", GROUP, "ms",
     "Bound of the baseline of waveform_baseline_flatness.", 0.5, 0, 100},
    {"template_velocity_min_channels", GROUP, "channels", "Above or below, at least.", 3,
     1, 1e6},
    {"template_velocity_min_r2", GROUP, "1", "Of the line of velocity_above and _below.",
     0.2, -1e9, 1},
    {"template_decay_min_r2", GROUP, "1", "Of the fit of exp_decay.", 0.2, -1e9, 1},
    {"template_spread_threshold", GROUP, "1", "Share of the largest amplitude.", 0.2, 0,
     1},
    {"template_spread_smooth_um", GROUP, "um",
     "Standard deviation of the smoothing of spread; 0: none.", 20, 0, 1e6},
    {"bombcell_prominence", GROUP, "1",
     "Prominence of a peak or trough, as a share of the largest absolute value.", 0.2, 0,
     1},
    {"bombcell_blank_samples", GROUP, "samples",
     "Left out at the start; -1: 24 of templates of 82 samples, otherwise 4.", -1, -1,
     1e6},
    {"bombcell_baseline_start_samples", GROUP, "samples",
     "First sample of the baseline; -1: 0 of templates of 61 samples, otherwise 21.", -1,
     -1, 1e6},
    {"bombcell_baseline_stop_samples", GROUP, "samples",
     "One past the last sample of the baseline; -1: 10 of templates of 61 samples, "
     "otherwise 31.",
     -1, -1, 1e6},
    {"bombcell_tolerance_um", GROUP, "um", "Channels of the decay, aside.", 33, 0, 1e9},
    {"allen_site_range", GROUP, "channels", "Even, on either side of the main channel.",
     16, 0, 1e6},
    {"allen_spread_threshold", GROUP, "1", "Share of the largest amplitude.", 0.12, 0, 1},
    {"allen_site_spacing_um", GROUP, "um", "Mean distance of channels by depth.", 10, 0,
     1e6},
};

static spk__template_settings read_settings(const spk__metrics_work *work)
{
    spk__template_settings o = {
        .gain_uv = spk__metrics_parameter(work, "template_gain_uv"),
        .radius_um = spk__metrics_parameter(work, "template_radius_um"),
        .prominence = spk__metrics_parameter(work, "template_prominence"),
        .edge_ms = spk__metrics_parameter(work, "template_edge_ms"),
        .baseline_start_ms = spk__metrics_parameter(work, "template_baseline_start_ms"),
        .baseline_stop_ms = spk__metrics_parameter(work, "template_baseline_stop_ms"),
        .recovery_ms = spk__metrics_parameter(work, "template_recovery_ms"),
        .min_distance_share = spk__metrics_parameter(work, "template_min_distance_share"),
        .velocity_min_r2 = spk__metrics_parameter(work, "template_velocity_min_r2"),
        .decay_min_r2 = spk__metrics_parameter(work, "template_decay_min_r2"),
        .spread_threshold = spk__metrics_parameter(work, "template_spread_threshold"),
        .spread_smooth_um = spk__metrics_parameter(work, "template_spread_smooth_um"),
        .bombcell_prominence = spk__metrics_parameter(work, "bombcell_prominence"),
        .bombcell_tolerance_um = spk__metrics_parameter(work, "bombcell_tolerance_um"),
        .allen_spread_threshold = spk__metrics_parameter(work, "allen_spread_threshold"),
        .allen_site_spacing_um = spk__metrics_parameter(work, "allen_site_spacing_um"),
    };
    const struct {
        int64_t *to;
        const char *name;
    } whole[] = {
        {&o.min_distance, "template_min_distance_samples"},
        {&o.velocity_min_channels, "template_velocity_min_channels"},
        {&o.bombcell_blank, "bombcell_blank_samples"},
        {&o.bombcell_baseline_start, "bombcell_baseline_start_samples"},
        {&o.bombcell_baseline_stop, "bombcell_baseline_stop_samples"},
        {&o.allen_site_range, "allen_site_range"},
    };
    for (size_t k = 0; k < sizeof whole / sizeof whole[0]; k++)
        *whole[k].to = (int64_t)spk__metrics_parameter(work, whole[k].name);
    if (o.gain_uv == 0)
        o.gain_uv = NAN;
    return o;
}

/* ---- one unit ---- */

typedef struct template_job {
    const spk_unit_templates *units;
    spk__template_settings settings;
    spk__resampler polyphase, fourier;
    double *const *values;
    int64_t most_pairs; /* of near channels */
    int64_t n_doubles;  /* of each worker */
    double *doubles;
    spk__peak *peaks; /* [workers][n_peaks] */
    int64_t n_peaks;
    int32_t *orders; /* [workers][n_channels] */
} template_job;

static int wanted(const template_job *job, int first, int last)
{
    for (int m = first; m <= last; m++)
        if (job->values[m] != NULL)
            return 1;
    return 0;
}

static int64_t line_length(const template_job *job)
{
    const int64_t twice = 2 * job->units->templates.n_channels;
    int64_t n = job->polyphase.n_out > job->fourier.n_out ? job->polyphase.n_out
                                                          : job->fourier.n_out;
    return n > twice ? n : twice;
}

/* Doubles of a worker: scratch, waveform, amplitudes, three lines, four values a channel,
 * slopes, the fit. */
static int64_t count_doubles(const template_job *job)
{
    const spk_templates *t = &job->units->templates;
    return spk__templates_scratch(t) + t->n_samples * t->n_channels + 5 * t->n_channels +
           3 * line_length(job) + job->most_pairs + 4 * t->n_channels +
           spk__least_squares_work_length(t->n_channels + 10, 3);
}

/* Places the parts of a worker's memory; scratch and waveform come first. */
static void lay_out(const template_job *job, int32_t worker, spk__template_view *view)
{
    const spk_templates *t = &job->units->templates;
    double *at = job->doubles + worker * job->n_doubles + spk__templates_scratch(t);
    view->waveform = at;
    view->amplitudes = at + t->n_samples * t->n_channels;
    view->line = view->amplitudes + t->n_channels;
    view->negative = view->line + line_length(job);
    view->work = view->negative + line_length(job);
    view->by_channel = view->work + line_length(job);
    view->slopes = view->by_channel + 4 * t->n_channels;
    view->fit_work = view->slopes + job->most_pairs + 4 * t->n_channels;
    view->peaks = job->peaks + worker * job->n_peaks;
    view->order = job->orders + worker * t->n_channels;
}

static int64_t largest_value(const spk_templates *t, const double *waveform)
{
    int64_t best = 0;
    double largest = 0;
    for (int64_t c = 0; c < t->n_channels; c++)
        for (int64_t s = 0; s < t->n_samples; s++)
            if (fabs(waveform[s * t->n_channels + c]) > largest) {
                largest = fabs(waveform[s * t->n_channels + c]);
                best = c;
            }
    return best;
}

static void measure_place(const spk__template_view *view, double *values)
{
    const double *places = view->templates->channel_positions_um;
    const double amplitude = view->amplitudes[view->main_channel];
    values[SPK__TEMPLATE_AMPLITUDE] = amplitude;
    values[SPK__TEMPLATE_AMPLITUDE_UV] = amplitude * view->settings->gain_uv;
    values[SPK__TEMPLATE_MAIN_CHANNEL] = (double)view->main_channel;
    if (places != NULL) {
        values[SPK__TEMPLATE_X] = places[2 * view->main_channel];
        values[SPK__TEMPLATE_Y] = places[2 * view->main_channel + 1];
    }
}

static spk_status measure_unit(void *state, int64_t unit, int32_t worker)
{
    const template_job *job = state;
    const spk_templates *t = &job->units->templates;
    double values[SPK__TEMPLATE_METRICS];
    spk__template_view view = {.templates = t,
                               .settings = &job->settings,
                               .polyphase = &job->polyphase,
                               .fourier = &job->fourier,
                               .rate_hz =
                                   t->sampling_rate_hz > 0 ? t->sampling_rate_hz : NAN};
    lay_out(job, worker, &view);
    double *scratch = job->doubles + worker * job->n_doubles;
    double *waveform = scratch + spk__templates_scratch(t);
    spk__unit_template(job->units, unit, scratch, waveform);
    spk__peak_to_peak(waveform, t->n_samples, t->n_channels, view.amplitudes);
    view.main_channel = spk__largest_channel(view.amplitudes, t->n_channels);
    if (view.main_channel < 0 || !isfinite(view.amplitudes[view.main_channel]))
        return SPK_OK;
    view.main_extremum = largest_value(t, waveform);
    for (int m = 0; m < SPK__TEMPLATE_METRICS; m++)
        values[m] = NAN;
    measure_place(&view, values);
    if (wanted(job, SPK__PEAK_TO_TROUGH_DURATION, SPK__HALF_WIDTH_LEGACY))
        spk__template_measure_single(&view, values);
    if (wanted(job, SPK__VELOCITY_ABOVE, SPK__SPREAD))
        spk__template_measure_several(&view, values);
    if (wanted(job, SPK__BOMBCELL_PEAKS, SPK__BOMBCELL_TROUGH_WIDTH))
        spk__template_measure_bombcell(&view, values);
    if (wanted(job, SPK__ALLEN_DURATION, SPK__ALLEN_VELOCITY_BELOW))
        spk__template_measure_allen(&view, values);
    for (int m = 0; m < SPK__TEMPLATE_METRICS; m++)
        if (job->values[m] != NULL)
            job->values[m][unit] = values[m];
    return SPK_OK;
}

/* ---- all units ---- */

/* Pairs among the channels near one, at most. */
static int64_t count_pairs(const spk_templates *t, double radius_um)
{
    int64_t most = 0;
    for (int64_t c = 0; c < t->n_channels; c++) {
        int64_t n = 0;
        for (int64_t other = 0; other < t->n_channels; other++)
            n += spk__channel_is_near(t, c, other, radius_um);
        most = n > most ? n : most;
    }
    return most * (most - 1) / 2;
}

static spk_status prepare(spk_context *ctx, template_job *job, int64_t factor,
                          int32_t n_workers)
{
    const spk_templates *t = &job->units->templates;
    int64_t n_points = t->n_samples * 200 / 82;
    n_points = n_points < t->n_samples ? t->n_samples : n_points;
    n_points = n_points < 2 ? 2 : n_points;
    spk_status status =
        spk__resampler_make_polyphase(ctx, t->n_samples, factor, &job->polyphase);
    if (status == SPK_OK)
        status = spk__resampler_make_fourier(ctx, t->n_samples, n_points, &job->fourier);
    if (status != SPK_OK)
        return status;
    if (wanted(job, SPK__VELOCITY_ABOVE, SPK__VELOCITY_BELOW))
        job->most_pairs = count_pairs(t, job->settings.radius_um);
    job->n_doubles = count_doubles(job);
    job->n_peaks = line_length(job) / 2 + 1;
    job->doubles = spk__alloc(ctx, job->n_doubles * n_workers, sizeof *job->doubles);
    job->peaks = spk__alloc(ctx, job->n_peaks * n_workers, sizeof *job->peaks);
    job->orders = spk__alloc(ctx, t->n_channels * n_workers, sizeof *job->orders);
    return job->doubles == NULL || job->peaks == NULL || job->orders == NULL
               ? spk__fail_memory(ctx)
               : SPK_OK;
}

static spk_status compute(spk_context *ctx, const spk__metrics_work *work,
                          double *const *values)
{
    const spk_spikes *spikes = work->input->spikes;
    spk_unit_templates *units = NULL;
    template_job job = {.values = values, .settings = read_settings(work)};
    SPK_REQUIRE(ctx, job.settings.allen_site_range % 2 == 0, SPK_ERR_ARGUMENT,
                "allen_site_range must be even, got %lld",
                (long long)job.settings.allen_site_range);
    spk_status status =
        spk_unit_templates_create(ctx, work->input->templates, spikes, &units);
    if (status != SPK_OK)
        return status;
    job.units = units;
    status =
        prepare(ctx, &job, (int64_t)spk__metrics_parameter(work, "template_upsampling"),
                spk__parallel_workers(ctx, spikes->n_units));
    if (status == SPK_OK)
        status = spk__parallel_for(ctx, spikes->n_units, measure_unit, &job, GROUP);
    spk__free(job.doubles);
    spk__free(job.peaks);
    spk__free(job.orders);
    spk__resampler_free(&job.polyphase);
    spk__resampler_free(&job.fourier);
    spk_unit_templates_destroy(units);
    return status;
}

const spk__metric_group spk__metrics_template = {
    .name = GROUP,
    .metrics = metrics,
    .n_metrics = SPK__TEMPLATE_METRICS,
    .parameters = parameters,
    .n_parameters = sizeof parameters / sizeof parameters[0],
    .compute = compute,
};
