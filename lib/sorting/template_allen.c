/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The Allen Institute's metrics of a mean waveform (Jia et al. 2019), the main channel
 * resampled to 200 points for 82 samples, and every second channel beside it for the spread.
 */
#include "sorting/template_metrics.h"

#include <math.h>

enum {
    WINDOW = 20 /* points of the two slopes */
};

/* The first point from `from` up to `to` on the far side of a threshold; -1 if none. */
static int64_t first_beyond(const double *x, int64_t from, int64_t to, double threshold,
                            int above)
{
    for (int64_t k = from; k < to; k++)
        if (above ? x[k] > threshold : x[k] < threshold)
            return k;
    return -1;
}

static void measure_main(const spk__template_view *view, double step_s, double *values)
{
    const int64_t n = view->fourier->n_out;
    double *x = view->line, *turned = view->negative;
    spk__resample(view->fourier, view->waveform + view->main_channel,
                  view->templates->n_channels, x);
    const int64_t low = spk__argmin(x, n), high = spk__argmax(x, n);
    const int positive = x[high] > fabs(x[low]);
    const int64_t top = positive ? high : low;
    const int64_t next =
        positive ? spk__argmin(x + top, n - top) : spk__argmax(x + top, n - top);
    const int64_t rise = first_beyond(x, 0, top, 0.5 * x[top], positive);
    const int64_t back = first_beyond(x, top, n, 0.5 * x[top], !positive);
    values[SPK__ALLEN_DURATION] = 1e3 * step_s * (double)next;
    if (rise >= 0 && back >= 0)
        values[SPK__ALLEN_HALF_WIDTH] = 1e3 * step_s * (double)(back - rise);
    if (x[low] != 0)
        values[SPK__ALLEN_PT_RATIO] = fabs(x[high] / x[low]);

    int64_t largest = 0;
    for (int64_t k = 1; k < n; k++)
        if (fabs(x[k]) > fabs(x[largest]))
            largest = k;
    for (int64_t k = 0; k < n; k++)
        turned[k] = x[largest] > 0 ? -x[k] : x[k];
    const int64_t peak = largest + spk__argmax(turned + largest, n - largest);
    const double volts = 1e-6 * view->settings->gain_uv;
    values[SPK__ALLEN_REPOLARIZATION] =
        volts *
        spk__slope(turned + largest, n - largest < WINDOW ? n - largest : WINDOW, step_s);
    values[SPK__ALLEN_RECOVERY] =
        volts * spk__slope(turned + peak, n - peak < WINDOW ? n - peak : WINDOW, step_s);
}

/* Every second channel by number beside the main one, and what it shows. */
typedef struct site_list {
    int64_t n;
    double *offsets; /* channel minus main channel */
    double *amplitudes;
    double *times; /* sample of the trough */
} site_list;

static site_list list_sites(const spk__template_view *view)
{
    const spk_templates *t = view->templates;
    const int64_t range = view->settings->allen_site_range;
    site_list sites = {.offsets = view->by_channel,
                       .amplitudes = view->by_channel + t->n_channels,
                       .times = view->by_channel + 2 * t->n_channels};
    for (int64_t offset = -range; offset <= range; offset += 2) {
        const int64_t c = view->main_channel + offset;
        if (c <= 0 || c >= t->n_channels)
            continue;
        for (int64_t s = 0; s < t->n_samples; s++)
            view->line[s] = view->waveform[s * t->n_channels + c];
        const int64_t low = spk__argmin(view->line, t->n_samples);
        sites.offsets[sites.n] = (double)offset;
        sites.amplitudes[sites.n] =
            view->line[spk__argmax(view->line, t->n_samples)] - view->line[low];
        sites.times[sites.n++] = (double)low;
    }
    return sites;
}

/* Keeps sites above the threshold whose place in the list is no outlier: not farther from
 * their median place than 1.5 median distances / 0.6745. */
static int64_t keep_sites(const spk__template_view *view, site_list *sites, double limit)
{
    double *places = view->work, *distances = view->work + sites->n;
    int64_t n = 0, kept = 0;
    for (int64_t k = 0; k < sites->n; k++)
        if (sites->amplitudes[k] > limit)
            places[n++] = (double)k;
    if (n == 0)
        return 0;
    const double middle = spk__sort_median(places, n);
    for (int64_t k = 0; k < n; k++)
        distances[k] = fabs(places[k] - middle);
    const double deviation = spk__sort_median(distances, n);
    for (int64_t k = 0; k < n; k++) {
        const int64_t at = (int64_t)places[k];
        if (n > 1 && !(0.6745 * fabs(places[k] - middle) / deviation <= 1.5))
            continue;
        sites->offsets[kept] = sites->offsets[at];
        sites->times[kept++] = sites->times[at];
    }
    return kept;
}

/* Slope of trough time over channel on one side, the main channel included. */
static double side_slope(const site_list *sites, int64_t n, int above)
{
    double x = 0, y = 0, xx = 0, xy = 0;
    int64_t m = 0;
    for (int pass = 0; pass < 2; pass++) {
        for (int64_t k = 0; k < n; k++) {
            const double offset = sites->offsets[k], time = sites->times[k];
            if (above ? offset < 0 : offset > 0)
                continue;
            if (pass == 0) {
                x += offset;
                y += time;
                m++;
            } else {
                xx += (offset - x) * (offset - x);
                xy += (offset - x) * (time - y);
            }
        }
        if (pass == 0) {
            x /= (double)m;
            y /= (double)m;
        }
    }
    return m > 1 ? xy / xx : NAN;
}

static void measure_sites(const spk__template_view *view, double step_s, double *values)
{
    const spk__template_settings *o = view->settings;
    site_list sites = list_sites(view);
    if (sites.n == 0)
        return;
    const double amplitude = sites.amplitudes[spk__argmax(sites.amplitudes, sites.n)];
    const int64_t n = keep_sites(view, &sites, o->allen_spread_threshold * amplitude);
    const double spacing_m = 1e-6 * o->allen_site_spacing_um;
    values[SPK__ALLEN_AMPLITUDE] = o->gain_uv * amplitude;
    values[SPK__ALLEN_SPREAD] = (double)n * o->allen_site_spacing_um;
    values[SPK__ALLEN_VELOCITY_ABOVE] = side_slope(&sites, n, 1) * step_s / spacing_m;
    values[SPK__ALLEN_VELOCITY_BELOW] = side_slope(&sites, n, 0) * step_s / spacing_m;
}

void spk__template_measure_allen(const spk__template_view *view, double *values)
{
    /* numpy's linspace(0, duration, points): both ends included */
    const double step_s = (double)view->templates->n_samples / view->rate_hz /
                          (double)(view->fourier->n_out - 1);
    measure_main(view, step_s, values);
    measure_sites(view, step_s, values);
}
