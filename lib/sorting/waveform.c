/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/check.h"

#include <inttypes.h>
#include <math.h>
#include <spikekit/waveform.h>
#include <string.h>

void spk_waveform_options_init(spk_waveform_options *options, size_t struct_size)
{
    spk_waveform_options defaults = {.struct_size = struct_size,
                                     .sampling_rate_hz = 30000,
                                     .recovery_s = 0.16e-3,
                                     .swap_ratio = 1.5};
    if (options != NULL)
        memcpy(options, &defaults,
               struct_size < sizeof defaults ? struct_size : sizeof defaults);
}

/* One channel of a waveform, times the sign that makes the peak negative. */
typedef struct trace {
    const double *samples;
    int64_t n, stride;
    double sign;
} trace;

static double raw(const trace *t, int64_t sample)
{
    const double value = t->samples[sample * t->stride];
    return isnan(value) ? 0.0 : value;
}

static double turned(const trace *t, int64_t sample)
{
    return t->sign * raw(t, sample);
}

/* The sample of the largest turned value in [first, last), -1 if it is empty. */
static int64_t largest_turned(const trace *t, int64_t first, int64_t last)
{
    int64_t best = first < last ? first : -1;
    for (int64_t s = first + 1; s < last; s++)
        if (turned(t, s) > turned(t, best))
            best = s;
    return best;
}

static int64_t largest_absolute(const trace *t)
{
    int64_t best = 0;
    for (int64_t s = 1; s < t->n; s++)
        if (fabs(raw(t, s)) > fabs(raw(t, best)))
            best = s;
    return best;
}

static trace channel_of(const double *waveform, int64_t n_samples, int64_t n_channels,
                        int64_t channel)
{
    return (trace){
        .samples = waveform + channel, .n = n_samples, .stride = n_channels, .sign = 1};
}

static void find_peak(const double *waveform, int64_t n_samples, int64_t n_channels,
                      spk_waveform_features *f)
{
    f->peak = 0;
    for (int64_t c = 0; c < n_channels; c++) {
        const trace t = channel_of(waveform, n_samples, n_channels, c);
        const int64_t at = largest_absolute(&t);
        if (fabs(raw(&t, at)) > fabs(f->peak)) {
            f->peak = raw(&t, at);
            f->peak_sample = at;
            f->peak_channel = c;
        }
    }
}

static double spatial_spread(const double *waveform, int64_t n_samples,
                             int64_t n_channels, const double *places, int64_t peak)
{
    double sum = 0, weights = 0;
    for (int64_t c = 0; c < n_channels; c++) {
        const trace t = channel_of(waveform, n_samples, n_channels, c);
        const double weight = fabs(raw(&t, largest_absolute(&t)));
        const double d = hypot(places[2 * c] - places[2 * peak],
                               places[2 * c + 1] - places[2 * peak + 1]);
        if (isnan(d))
            continue;
        sum += weight * d;
        weights += weight;
    }
    return sum / weights;
}

static void find_trough(trace *t, spk_waveform_features *f)
{
    t->sign = f->peak > 0 ? -1 : 1;
    f->trough_sample = largest_turned(t, f->peak_sample, t->n);
    f->trough = raw(t, f->trough_sample);
    f->peak_to_trough_ratio = f->trough == 0 ? NAN : fabs(f->peak / f->trough);
}

/* Where the trace is first on the near side of half the peak, going out from it. */
static void find_half_peak(const trace *t, spk_waveform_features *f)
{
    const double half = 0.5 * t->sign * f->peak;
    for (int64_t s = f->peak_sample - 1; s >= 0 && f->half_peak_before_sample < 0; s--)
        if (turned(t, s) > half)
            f->half_peak_before_sample = s;
    for (int64_t s = f->peak_sample; s < t->n && f->half_peak_after_sample < 0; s++)
        if (turned(t, s) > half)
            f->half_peak_after_sample = s;
}

static double value_at(const trace *t, int64_t sample)
{
    return sample < 0 ? NAN : raw(t, sample);
}

/* From one sample to a later one [unit / s]; NaN where one is missing or both are one. */
static double slope(double from, int64_t from_sample, double to, int64_t to_sample,
                    double rate_hz)
{
    if (from_sample < 0 || to_sample < 0 || from_sample == to_sample)
        return NAN;
    return (to - from) * rate_hz / (double)(to_sample - from_sample);
}

static void measure(trace *t, const spk_waveform_options *o, spk_waveform_features *f)
{
    const double rate_hz = o->sampling_rate_hz, after = rint(o->recovery_s * rate_hz);
    find_trough(t, f);
    if (f->peak > 0 && f->peak_to_trough_ratio <= o->swap_ratio) {
        f->is_swapped = 1;
        f->peak = f->trough;
        f->peak_sample = f->trough_sample;
        find_trough(t, f);
    }
    f->is_inverted = f->peak > 0;
    f->tip_sample = largest_turned(t, 0, f->peak_sample);
    find_half_peak(t, f);
    f->recovery_sample = after < (double)(t->n - f->trough_sample)
                             ? f->trough_sample + (int64_t)after
                             : t->n - 1;
    f->tip = value_at(t, f->tip_sample);
    f->half_peak_before = value_at(t, f->half_peak_before_sample);
    f->half_peak_after = value_at(t, f->half_peak_after_sample);
    f->recovery = value_at(t, f->recovery_sample);
    f->peak_to_trough_ratio_log = log(f->peak_to_trough_ratio);
    f->peak_to_trough_duration_s = (double)(f->trough_sample - f->peak_sample) / rate_hz;
    if (f->half_peak_before_sample >= 0 && f->half_peak_after_sample >= 0)
        f->half_peak_duration_s =
            (double)(f->half_peak_after_sample - f->half_peak_before_sample) / rate_hz;
    f->depolarisation_slope =
        slope(f->tip, f->tip_sample, f->peak, f->peak_sample, rate_hz);
    f->repolarisation_slope =
        slope(f->peak, f->peak_sample, f->trough, f->trough_sample, rate_hz);
    f->recovery_slope =
        slope(f->trough, f->trough_sample, f->recovery, f->recovery_sample, rate_hz);
}

spk_status spk_waveform_measure(spk_context *ctx, const double *waveform,
                                int64_t n_samples, int64_t n_channels,
                                const spk_waveform_options *options,
                                spk_waveform_features *features)
{
    spk_waveform_options o;
    spk_waveform_options_init(&o, sizeof o);
    SPK_REQUIRE(ctx, options == NULL || options->struct_size >= sizeof o,
                SPK_ERR_ARGUMENT, "options: not filled by spk_waveform_options_init()");
    if (options != NULL)
        o = *options;
    SPK_REQUIRE(ctx, waveform != NULL && features != NULL, SPK_ERR_ARGUMENT,
                "waveform and features must not be NULL");
    SPK_REQUIRE(ctx, n_samples > 0 && n_channels > 0, SPK_ERR_ARGUMENT,
                "n_samples and n_channels must be >= 1, got %" PRId64 " and %" PRId64,
                n_samples, n_channels);
    SPK_REQUIRE(ctx, o.sampling_rate_hz > 0 && isfinite(o.sampling_rate_hz),
                SPK_ERR_ARGUMENT, "sampling_rate_hz must be positive and finite, got %g",
                o.sampling_rate_hz);
    SPK_REQUIRE(ctx, o.recovery_s >= 0, SPK_ERR_ARGUMENT,
                "recovery_s must be >= 0, got %g", o.recovery_s);
    SPK_REQUIRE(ctx, !isnan(o.swap_ratio), SPK_ERR_ARGUMENT, "swap_ratio is nan");
    spk_waveform_features f = {.peak_channel = -1,
                               .peak_sample = -1,
                               .trough_sample = -1,
                               .tip_sample = -1,
                               .half_peak_before_sample = -1,
                               .half_peak_after_sample = -1,
                               .recovery_sample = -1,
                               .peak = NAN,
                               .trough = NAN,
                               .tip = NAN,
                               .half_peak_before = NAN,
                               .half_peak_after = NAN,
                               .recovery = NAN,
                               .peak_to_trough_ratio = NAN,
                               .peak_to_trough_ratio_log = NAN,
                               .peak_to_trough_duration_s = NAN,
                               .half_peak_duration_s = NAN,
                               .depolarisation_slope = NAN,
                               .repolarisation_slope = NAN,
                               .recovery_slope = NAN,
                               .spatial_spread_um = NAN};
    find_peak(waveform, n_samples, n_channels, &f);
    if (f.peak_channel < 0) {
        f.peak = NAN;
    } else {
        trace t = channel_of(waveform, n_samples, n_channels, f.peak_channel);
        measure(&t, &o, &f);
        if (o.channel_positions_um != NULL)
            f.spatial_spread_um = spatial_spread(waveform, n_samples, n_channels,
                                                 o.channel_positions_um, f.peak_channel);
    }
    *features = f;
    return SPK_OK;
}
