/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * SpikeInterface's metrics of the main channel. Peaks are looked for three times: at the
 * wanted prominence, at half of it, and then the extremum of the stretch is taken.
 */
#include "sorting/template_metrics.h"

#include <math.h>

/* An extremum: at -1 if its stretch is empty. */
typedef struct extremum {
    int64_t at;
    int64_t n_peaks; /* of the wanted prominence */
    double width;    /* [samples]; NaN if it is no peak */
} extremum;

static extremum find_extremum(const double *x, int64_t first, int64_t last,
                              double prominence, spk__peak *peaks)
{
    extremum found = {.at = -1, .width = NAN};
    if (last <= first || first <= 0)
        return found;
    int64_t n = spk__find_peaks(x + first, last - first, prominence, peaks);
    found.n_peaks = n;
    if (n == 0)
        n = spk__find_peaks(x + first, last - first, 0.5 * prominence, peaks);
    const int64_t best = spk__most_prominent(peaks, n);
    if (best < 0) {
        found.at = first + spk__argmax(x + first, last - first);
    } else {
        found.at = first + peaks[best].at;
        found.width = peaks[best].width;
    }
    return found;
}

/* The last sample before an extremum of x and the first from it on after which x crosses half
 * of the extremum's value, going from below to above or back. 0 if one is missing. */
static int find_half(const double *x, int64_t n, int64_t at, int64_t *left,
                     int64_t *right)
{
    const double half = 0.5 * x[at];
    *left = *right = -1;
    for (int64_t k = at - 1; k >= 0 && *left < 0; k--)
        if ((x[k] >= half) != (x[k + 1] >= half))
            *left = k;
    for (int64_t k = at; k < n - 1 && *right < 0; k++)
        if ((x[k] >= half) != (x[k + 1] >= half))
            *right = k;
    return *left >= 0 && *right >= 0;
}

static double half_width(const double *x, int64_t n, int64_t at)
{
    int64_t left, right;
    return at >= 0 && find_half(x, n, at, &left, &right) ? (double)(right - left) : NAN;
}

static double value_at(const double *x, int64_t at)
{
    return at < 0 ? NAN : x[at];
}

static double ratio(double a, double b)
{
    return b == 0 ? NAN : a / b;
}

/* fmax() passes over a NaN. */
static void fill_ratios(double before, double trough, double after, double *values)
{
    values[SPK__PEAK_BEFORE_TO_TROUGH] = ratio(before, trough);
    values[SPK__PEAK_AFTER_TO_TROUGH] = ratio(after, trough);
    values[SPK__PEAK_BEFORE_TO_AFTER] = ratio(before, after);
    values[SPK__MAIN_PEAK_TO_TROUGH] = ratio(fmax(before, after), trough);
}

/* From the largest of the three to the one that follows, or comes before a peak after. */
static double main_to_next(extremum before, extremum trough, extremum after,
                           const double sizes[3])
{
    const int trough_is_main = !(sizes[0] > sizes[1]) && !(sizes[2] > sizes[1]);
    if (trough.at < 0)
        return NAN;
    if (trough_is_main)
        return after.at < 0 ? NAN : (double)(after.at - trough.at);
    if (sizes[0] >= sizes[2] || isnan(sizes[2]))
        return (double)(trough.at - before.at);
    return (double)(after.at - trough.at);
}

static double repolarization(const double *x, int64_t n, int64_t trough, double step_s)
{
    if (trough <= 0)
        return NAN;
    int64_t back = trough;
    while (back < n && !(x[back] >= 0))
        back++;
    return back == n || back - trough < 3 ? NAN
                                          : spk__slope(x + trough, back - trough, step_s);
}

static double flatness(const double *x, int64_t n, double rate_hz,
                       const spk__template_settings *settings)
{
    const int64_t first = (int64_t)(settings->baseline_start_ms / 1000 * rate_hz);
    int64_t last = (int64_t)(settings->baseline_stop_ms / 1000 * rate_hz);
    double mean = 0, base = 0, all = 0;
    last = last < n ? last : n;
    if (last <= first)
        return NAN;
    for (int64_t k = first; k < last; k++)
        mean += x[k];
    mean /= (double)(last - first);
    for (int64_t k = 0; k < n; k++) {
        const double size = fabs(x[k] - mean);
        all = size > all ? size : all;
        if (k >= first && k < last)
            base = size > base ? size : base;
    }
    return ratio(base, all);
}

/* As SpikeInterface did up to 0.103: trough and the largest value after it. */
static void measure_legacy(const double *x, int64_t n, double rate_hz, double *values)
{
    const int64_t trough = spk__argmin(x, n);
    const int64_t peak = trough + spk__argmax(x + trough, n - trough);
    const double half = 0.5 * x[trough];
    int64_t first = -1, last = -1;
    values[SPK__PEAK_TO_VALLEY_LEGACY] = (double)(peak - trough) / rate_hz;
    values[SPK__PEAK_TROUGH_RATIO_LEGACY] = ratio(x[peak], x[trough]);
    for (int64_t k = trough - 1; k >= 0; k--)
        if (x[k] < half)
            first = k;
    for (int64_t k = trough; k < n; k++)
        if (x[k] < half)
            last = k;
    if (first >= 0 && last >= 0)
        values[SPK__HALF_WIDTH_LEGACY] = (double)(last + 1 - (first - 1)) / rate_hz;
}

void spk__template_measure_single(const spk__template_view *view, double *values)
{
    const spk__template_settings *o = view->settings;
    const int64_t n = view->polyphase->n_out;
    const double rate_hz = view->rate_hz * (double)view->polyphase->factor;
    double *x = view->line, *minus = view->negative, largest = 0;
    if (isnan(rate_hz))
        return;
    spk__resample(view->polyphase, view->waveform + view->main_extremum,
                  view->templates->n_channels, x);
    for (int64_t k = 0; k < n; k++) {
        minus[k] = -x[k];
        largest = fabs(x[k]) > largest ? fabs(x[k]) : largest;
    }
    const double prominence = o->prominence * largest;
    const int64_t edge = (int64_t)(o->edge_ms / 1000 * rate_hz);
    const extremum trough = find_extremum(minus, edge, n - edge, prominence, view->peaks);
    if (trough.at < 0)
        return;
    int64_t left, right, gap = o->min_distance;
    if (find_half(minus, n, trough.at, &left, &right)) {
        const int64_t own = (int64_t)(o->min_distance_share * (double)(right - left));
        gap = own > gap ? own : gap;
    }
    const extremum before =
        find_extremum(x, edge, trough.at - gap, prominence, view->peaks);
    const extremum after =
        find_extremum(x, trough.at + gap, n - edge, prominence, view->peaks);
    const double sizes[3] = {fabs(value_at(x, before.at)), fabs(x[trough.at]),
                             fabs(value_at(x, after.at))};

    values[SPK__NUM_POSITIVE_PEAKS] = (double)(before.n_peaks + after.n_peaks);
    values[SPK__NUM_NEGATIVE_PEAKS] = (double)trough.n_peaks;
    values[SPK__MAIN_TO_NEXT_EXTREMUM] =
        main_to_next(before, trough, after, sizes) / rate_hz;
    fill_ratios(sizes[0], sizes[1], sizes[2], values);
    values[SPK__TROUGH_WIDTH] = trough.width / rate_hz;
    values[SPK__PEAK_BEFORE_WIDTH] = before.width / rate_hz;
    values[SPK__PEAK_AFTER_WIDTH] = after.width / rate_hz;
    values[SPK__TROUGH_HALF_WIDTH] = half_width(minus, n, trough.at) / rate_hz;
    const int after_is_larger =
        before.at < 0 || (after.at >= 0 && x[after.at] >= x[before.at]);
    values[SPK__PEAK_HALF_WIDTH] =
        half_width(x, n, after_is_larger ? after.at : before.at) / rate_hz;
    values[SPK__REPOLARIZATION_SLOPE] =
        o->gain_uv * repolarization(x, n, trough.at, 1 / rate_hz);
    values[SPK__BASELINE_FLATNESS] = flatness(x, n, rate_hz, o);
    if (after.at >= 0) {
        const double stop = (double)after.at + o->recovery_ms / 1000 * rate_hz;
        const int64_t last = stop < (double)n ? (int64_t)stop : n;
        values[SPK__PEAK_TO_TROUGH_DURATION] = (double)(after.at - trough.at) / rate_hz;
        values[SPK__RECOVERY_SLOPE] =
            o->gain_uv * spk__slope(x + after.at, last - after.at, 1 / rate_hz);
    }
    measure_legacy(x, n, rate_hz, values);
}
