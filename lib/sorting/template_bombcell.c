/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * bombcell's metrics of a template. The first samples are blanked with NaN; peaks are looked
 * for before and after the deepest trough, then at a small prominence, then the largest sample
 * is taken.
 */
#include "linalg/least_squares.h"
#include "sorting/template_metrics.h"

#include <math.h>

/* The prominence, as a share of the largest value, of the second look. */
static const double second_look = 0.015;

typedef struct side {
    int64_t n;      /* peaks that count */
    double largest; /* absolute value of a peak */
    double first;   /* value of the first */
    double width;   /* of the most prominent; NaN if it is no peak */
    int forced;     /* nonzero: nothing at the wanted prominence */
} side;

static side look(const double *x, int64_t n, double prominence, double small,
                 spk__peak *peaks)
{
    side found = {.width = NAN};
    const int long_enough = n > 3;
    if (long_enough)
        found.n = spk__find_peaks(x, n, prominence, peaks);
    found.forced = found.n == 0;
    if (found.forced && long_enough)
        found.n = spk__find_peaks(x, n, small, peaks);
    const int64_t best = spk__most_prominent(peaks, found.n);
    if (best >= 0) {
        found.width = peaks[best].width;
        if (found.forced) {
            peaks[0] = peaks[best];
            found.n = 1;
        }
        found.first = x[peaks[0].at];
        for (int64_t k = 0; k < found.n; k++)
            found.largest = fmax(found.largest, fabs(x[peaks[k].at]));
        return found;
    }
    const int64_t top = spk__argmax(x, n);
    found.n = 1;
    found.first = top < 0 ? 0.0 : x[top];
    found.largest = fabs(found.first);
    return found;
}

static double ratio(double a, double b)
{
    return b == 0 ? NAN : fabs(a / b);
}

/* From the largest absolute value on to the next extremum of the other sign [samples]. */
static double duration(const double *x, int64_t n)
{
    int64_t top = -1;
    for (int64_t k = 0; k < n; k++)
        if (!isnan(x[k]) && (top < 0 || fabs(x[k]) > fabs(x[top])))
            top = k;
    if (top < 0 || x[top] == 0)
        return NAN;
    return (double)(x[top] > 0 ? spk__argmin(x + top, n - top)
                               : spk__argmax(x + top, n - top));
}

static double flatness(const double *x, int64_t n, const spk__template_settings *o)
{
    /* bombcell's own windows: of Kilosort 4's 61 samples the start, otherwise after the 20
     * samples that Kilosort 2's 82 begin with, which are 0 */
    int64_t first = o->bombcell_baseline_start, last = o->bombcell_baseline_stop;
    double base = 0, all = 0;
    if (first < 0)
        first = n == 61 ? 0 : 21;
    if (last < 0)
        last = n == 61 ? 10 : 31;
    last = last < n ? last : n;
    if (last <= first)
        return NAN;
    for (int64_t k = 0; k < n; k++) {
        all = fmax(all, fabs(x[k]));
        if (k >= first && k < last)
            base = fmax(base, fabs(x[k]));
    }
    return base / all;
}

static void measure_shape(const spk__template_view *view, double *x, double *values)
{
    const spk__template_settings *o = view->settings;
    const int64_t n = view->templates->n_samples;
    double largest = 0, trough_size = 0;
    for (int64_t k = 0; k < n; k++) {
        largest = isnan(x[k]) ? largest : fmax(largest, fabs(x[k]));
        view->negative[k] = -x[k];
    }
    const double prominence = o->bombcell_prominence * largest;
    const double small = second_look * largest;
    if (!(largest > 0))
        return;

    const int64_t n_found = spk__find_peaks(view->negative, n, prominence, view->peaks);
    const int64_t best = spk__most_prominent(view->peaks, n_found);
    int64_t trough = spk__argmin(x, n);
    if (best >= 0) {
        values[SPK__BOMBCELL_TROUGH_WIDTH] = view->peaks[best].width;
        trough = view->peaks[0].at;
        for (int64_t k = 1; k < n_found; k++)
            if (x[view->peaks[k].at] < x[trough])
                trough = view->peaks[k].at;
    }
    trough_size = x[trough];

    side before = look(x, trough, prominence, small, view->peaks);
    side after = look(x + trough, n - trough, prominence, small, view->peaks);
    /* Of two that were taken for want of better the larger is kept. */
    if (before.forced && after.forced) {
        if (before.first > after.first)
            before.forced = 0;
        else
            after.forced = 0;
    }
    int64_t n_peaks = before.n + after.n;
    if (before.forced && before.largest < 0.5 * prominence)
        n_peaks = after.n;
    else if (after.forced && after.largest < 0.5 * prominence)
        n_peaks = before.n;

    values[SPK__BOMBCELL_PEAKS] = (double)n_peaks;
    values[SPK__BOMBCELL_TROUGHS] = n_found > 0 ? (double)n_found : 1;
    values[SPK__BOMBCELL_DURATION] = 1e6 * duration(x, n) / view->rate_hz;
    values[SPK__BOMBCELL_SECOND_PEAK_TO_TROUGH] = ratio(after.largest, trough_size);
    values[SPK__BOMBCELL_PEAK1_TO_PEAK2] = ratio(before.largest, after.largest);
    values[SPK__BOMBCELL_MAIN_PEAK_TO_TROUGH] =
        ratio(fmax(before.largest, after.largest), trough_size);
    values[SPK__BOMBCELL_TROUGH_TO_PEAK2] = ratio(trough_size, before.largest);
    values[SPK__BOMBCELL_PEAK_BEFORE_WIDTH] = before.width;
    values[SPK__BOMBCELL_PEAK_AFTER_WIDTH] = after.width;
}

/* ---- decay over the probe ---- */

enum {
    N_EXPONENTIAL = 10, /* channels that the fits want, and the fewest that will do */
    N_EXPONENTIAL_LEAST = 8,
    N_LINEAR = 6,
    N_LINEAR_LEAST = 5
};

typedef struct decay_points {
    double x[N_EXPONENTIAL], y[N_EXPONENTIAL];
    int64_t n;
} decay_points;

/* y = A exp(m x), parameters m, A. */
static void decay_residuals(void *state, const double *p, double *residuals,
                            double *jacobian)
{
    const decay_points *points = state;
    for (int64_t k = 0; k < points->n; k++) {
        const double factor = exp(p[0] * points->x[k]);
        residuals[k] = p[1] * factor - points->y[k];
        if (jacobian == NULL)
            continue;
        jacobian[2 * k] = points->x[k] * p[1] * factor;
        jacobian[2 * k + 1] = factor;
    }
}

static double largest_on(const spk__template_view *view, int64_t channel)
{
    const spk_templates *t = view->templates;
    double largest = 0;
    for (int64_t s = 0; s < t->n_samples; s++)
        largest = fmax(largest, fabs(view->waveform[s * t->n_channels + channel]));
    return largest;
}

/* The first channels by distance in depth, those too far aside at the largest distance of
 * all, as bombcell has it; their largest values as shares of the largest of them. */
static int choose_points(const spk__template_view *view, int64_t n_wanted,
                         int64_t n_least, decay_points *points)
{
    const spk_templates *t = view->templates;
    const double *places = t->channel_positions_um;
    const double *origin = places + 2 * view->main_channel;
    double *dy = view->by_channel, farthest = 0, largest = 0;
    int64_t n_near = 0;
    for (int64_t c = 0; c < t->n_channels; c++) {
        dy[c] = fabs(places[2 * c + 1] - origin[1]);
        farthest = fmax(farthest, dy[c]);
    }
    for (int64_t c = 0; c < t->n_channels; c++) {
        if (fabs(places[2 * c] - origin[0]) <= view->settings->bombcell_tolerance_um)
            n_near++;
        else
            dy[c] = farthest;
    }
    if (n_near < n_least)
        return 0;
    points->n = 0;
    for (int64_t k = 0; k < n_wanted && k < t->n_channels; k++) {
        int64_t c = spk__argmin(dy, t->n_channels);
        dy[c] = NAN; /* taken */
        points->x[k] = hypot(places[2 * c] - origin[0], places[2 * c + 1] - origin[1]);
        points->y[k] = largest_on(view, c);
        largest = fmax(largest, points->y[k]);
        points->n = k + 1;
    }
    for (int64_t k = 0; k < points->n; k++)
        points->y[k] /= largest;
    return largest > 0;
}

static double linear_decay(const decay_points *points)
{
    double x = 0, y = 0, xx = 0, xy = 0;
    for (int64_t k = 0; k < points->n; k++) {
        x += points->x[k] / (double)points->n;
        y += points->y[k] / (double)points->n;
    }
    for (int64_t k = 0; k < points->n; k++) {
        xx += (points->x[k] - x) * (points->x[k] - x);
        xy += (points->x[k] - x) * (points->y[k] - y);
    }
    return xx > 0 ? -xy / xx : NAN;
}

/* From bombcell's own start and from one that falls: the better of the two minima. Where all
 * other channels are 0 the best decay is infinite. */
static double exponential_decay(const spk__template_view *view, decay_points *points)
{
    static const double starts[2] = {0.1, -0.02};
    const spk__least_squares problem = {.n_parameters = 2,
                                        .n_residuals = points->n,
                                        .evaluate = decay_residuals,
                                        .state = points};
    double best = INFINITY, decay = NAN, beside = 0;
    for (int64_t k = 0; k < points->n; k++)
        if (points->x[k] > 0)
            beside = fmax(beside, points->y[k]);
    for (int k = 0; k < 2 && beside > 0; k++) {
        double p[2] = {starts[k], 1};
        const spk__least_squares_result fit =
            spk__least_squares_fit(&problem, p, view->fit_work);
        if (fit.converged && fit.sum_of_squares < best) {
            best = fit.sum_of_squares;
            decay = -p[0];
        }
    }
    return decay;
}

/* bombcell fits only where rows of channels are less than 30 um apart. */
static int rows_are_close(const spk_templates *t)
{
    for (int64_t a = 0; a < t->n_channels; a++)
        for (int64_t b = a + 1; b < t->n_channels; b++) {
            const double step = fabs(t->channel_positions_um[2 * a + 1] -
                                     t->channel_positions_um[2 * b + 1]);
            if (step > 0 && step < 30)
                return 1;
        }
    return 0;
}

static void measure_decay(const spk__template_view *view, double *values)
{
    decay_points points;
    if (view->templates->channel_positions_um == NULL || !rows_are_close(view->templates))
        return;
    if (choose_points(view, N_LINEAR, N_LINEAR_LEAST, &points))
        values[SPK__BOMBCELL_DECAY_LINEAR] = linear_decay(&points);
    if (choose_points(view, N_EXPONENTIAL, N_EXPONENTIAL_LEAST, &points))
        values[SPK__BOMBCELL_DECAY] = exponential_decay(view, &points);
}

void spk__template_measure_bombcell(const spk__template_view *view, double *values)
{
    const spk_templates *t = view->templates;
    double *x = view->line;
    for (int64_t s = 0; s < t->n_samples; s++)
        x[s] = view->waveform[s * t->n_channels + view->main_channel];
    values[SPK__BOMBCELL_FLATNESS] = flatness(x, t->n_samples, view->settings);
    int64_t blank = view->settings->bombcell_blank;
    if (blank < 0)
        blank = t->n_samples == 82 ? 24 : 4;
    for (int64_t s = 0; s < blank && s < t->n_samples; s++)
        x[s] = NAN;
    measure_shape(view, x, values);
    measure_decay(view, values);
}
