/* SPDX-License-Identifier: BSD-3-Clause */
/* SpikeInterface's metrics of the channels near the main one. */
#include "linalg/least_squares.h"
#include "sorting/template_metrics.h"

#include <math.h>
#include <string.h>

/* The channels of a unit by depth, and what each shows. */
typedef struct depth_profile {
    int64_t n;
    int32_t *channels;
    double *trough_times; /* upsampled samples */
    double *troughs;
    double *sizes; /* peak to peak */
} depth_profile;

static const double *position(const spk__template_view *view, int64_t channel)
{
    return view->templates->channel_positions_um + 2 * channel;
}

static double distance(const double *a, const double *b)
{
    return sqrt((a[0] - b[0]) * (a[0] - b[0]) + (a[1] - b[1]) * (a[1] - b[1]));
}

/* Insertion by depth keeps channels of one depth in their order. */
static depth_profile make_profile(const spk__template_view *view)
{
    const spk_templates *t = view->templates;
    const int64_t n_channels = t->n_channels, n_out = view->polyphase->n_out;
    depth_profile profile = {.channels = view->order,
                             .trough_times = view->by_channel,
                             .troughs = view->by_channel + n_channels,
                             .sizes = view->by_channel + 2 * n_channels};
    for (int64_t c = 0; c < n_channels; c++) {
        if (!spk__channel_is_near(t, c, view->main_extremum, view->settings->radius_um))
            continue;
        int64_t k = profile.n++;
        while (k > 0 &&
               position(view, profile.channels[k - 1])[1] > position(view, c)[1]) {
            profile.channels[k] = profile.channels[k - 1];
            k--;
        }
        profile.channels[k] = (int32_t)c;
    }
    for (int64_t k = 0; k < profile.n; k++) {
        spk__resample(view->polyphase, view->waveform + profile.channels[k], n_channels,
                      view->line);
        const int64_t low = spk__argmin(view->line, n_out);
        profile.trough_times[k] = (double)low;
        profile.troughs[k] = view->line[low];
        profile.sizes[k] = view->line[spk__argmax(view->line, n_out)] - view->line[low];
    }
    return profile;
}

/* The channel of the deepest trough, the earliest of equal ones. */
static int64_t deepest(const depth_profile *profile)
{
    int64_t best = 0;
    for (int64_t k = 1; k < profile->n; k++)
        if (profile->troughs[k] < profile->troughs[best] ||
            (profile->troughs[k] == profile->troughs[best] &&
             profile->trough_times[k] < profile->trough_times[best]))
            best = k;
    return best;
}

/* Theil and Sen's line, the median of all slopes between two points: 1 / slope where the line
 * explains enough. */
static double robust_velocity(const double *x, const double *y, int64_t n, double min_r2,
                              double *slopes)
{
    int64_t n_slopes = 0;
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = i + 1; j < n; j++)
            if (fabs(x[j] - x[i]) > 1e-12)
                slopes[n_slopes++] = (y[j] - y[i]) / (x[j] - x[i]);
    if (n_slopes == 0)
        return NAN;
    const double slope = spk__sort_median(slopes, n_slopes);
    double mean = 0, rest = 0, all = 0;
    for (int64_t k = 0; k < n; k++) {
        slopes[k] = y[k] - slope * x[k];
        mean += y[k] / (double)n;
    }
    const double bias = spk__sort_median(slopes, n);
    for (int64_t k = 0; k < n; k++) {
        rest += (y[k] - (slope * x[k] + bias)) * (y[k] - (slope * x[k] + bias));
        all += (y[k] - mean) * (y[k] - mean);
    }
    return 1 - rest / (all + 1e-12) > min_r2 && slope != 0 ? 1 / slope : NAN;
}

static double velocity(const spk__template_view *view, const depth_profile *profile,
                       int64_t from, int above)
{
    const double *origin = position(view, profile->channels[from]);
    const double ms = 1e3 / (view->rate_hz * (double)view->polyphase->factor);
    double *x = view->work, *y = view->work + profile->n;
    int64_t n = 0;
    for (int64_t k = 0; k < profile->n; k++) {
        const double *at = position(view, profile->channels[k]);
        if (above ? at[1] < origin[1] : at[1] > origin[1])
            continue;
        x[n] = distance(at, origin);
        y[n++] = (profile->trough_times[k] - profile->trough_times[from]) * ms;
    }
    if (n < view->settings->velocity_min_channels)
        return NAN;
    return robust_velocity(x, y, n, view->settings->velocity_min_r2, view->slopes);
}

/* ---- decay ---- */

typedef struct decay_points {
    const double *x, *y;
    int64_t n;
} decay_points;

/* offset + size * exp(-decay x), parameters decay, size, offset. */
static void decay_residuals(void *state, const double *p, double *residuals,
                            double *jacobian)
{
    const decay_points *points = state;
    for (int64_t k = 0; k < points->n; k++) {
        const double factor = exp(-p[0] * points->x[k]);
        residuals[k] = p[1] * factor + p[2] - points->y[k];
        if (jacobian == NULL)
            continue;
        jacobian[3 * k] = -points->x[k] * p[1] * factor;
        jacobian[3 * k + 1] = factor;
        jacobian[3 * k + 2] = 1;
    }
}

static double exp_decay(const spk__template_view *view, const depth_profile *profile)
{
    const double *y = profile->sizes;
    double *x = view->work, lowest = y[0], mean = 0, all = 0;
    const int64_t n = profile->n, top = spk__argmax(y, n);
    for (int64_t k = 0; k < n; k++) {
        x[k] = distance(position(view, profile->channels[k]),
                        position(view, profile->channels[top]));
        lowest = y[k] < lowest ? y[k] : lowest;
        mean += y[k] / (double)n;
    }
    for (int64_t k = 0; k < n; k++)
        all += (y[k] - mean) * (y[k] - mean);
    if (n < 3 || !(all > 0))
        return NAN;
    decay_points points = {x, y, n};
    const double low[3] = {1e-5, 0.5 * y[top], 0};
    const double high[3] = {2, 1.5 * y[top], 2 * lowest};
    double p[3] = {1e-3, y[top], lowest};
    const spk__least_squares problem = {.n_parameters = 3,
                                        .n_residuals = n,
                                        .evaluate = decay_residuals,
                                        .state = &points,
                                        .lower = low,
                                        .upper = high};
    const spk__least_squares_result fit =
        spk__least_squares_fit(&problem, p, view->fit_work);
    return fit.converged && 1 - fit.sum_of_squares / all >= view->settings->decay_min_r2
               ? p[0]
               : NAN;
}

/* ---- spread ---- */

/* The median step between neighbouring depths, 0 with one depth only. */
static double depth_step(const spk__template_view *view, const depth_profile *profile)
{
    int64_t n = 0;
    for (int64_t k = 1; k < profile->n; k++) {
        const double step = position(view, profile->channels[k])[1] -
                            position(view, profile->channels[k - 1])[1];
        if (step > 0)
            view->work[n++] = step;
    }
    return n == 0 ? 0 : spk__sort_median(view->work, n);
}

/* A Gaussian over the list of channels, cut at 4 sigma, the list mirrored at its ends. */
static void smooth(const double *in, int64_t n, double sigma, double *out)
{
    const int64_t radius = (int64_t)(4 * sigma + 0.5);
    double sum = 0;
    memset(out, 0, (size_t)n * sizeof *out);
    for (int64_t j = -radius; j <= radius; j++) {
        const double weight = exp(-0.5 * (double)(j * j) / (sigma * sigma));
        sum += weight;
        for (int64_t k = 0; k < n; k++) {
            int64_t at = (k + j) % (2 * n);
            at = at < 0 ? at + 2 * n : at;
            out[k] += weight * in[at < n ? at : 2 * n - 1 - at];
        }
    }
    for (int64_t k = 0; k < n; k++)
        out[k] /= sum;
}

static double spread(const spk__template_view *view, const depth_profile *profile)
{
    const double step = depth_step(view, profile);
    const double smooth_um = view->settings->spread_smooth_um;
    double *sizes = view->work, low = INFINITY, high = -INFINITY;
    if (step > 0 && smooth_um > 0)
        smooth(profile->sizes, profile->n, smooth_um / step, sizes);
    else if (smooth_um > 0)
        return NAN;
    else
        memcpy(sizes, profile->sizes, (size_t)profile->n * sizeof *sizes);
    const double limit =
        view->settings->spread_threshold * sizes[spk__argmax(sizes, profile->n)];
    for (int64_t k = 0; k < profile->n; k++)
        if (sizes[k] > limit) {
            const double y = position(view, profile->channels[k])[1];
            low = y < low ? y : low;
            high = y > high ? y : high;
        }
    return high >= low ? high - low : NAN;
}

void spk__template_measure_several(const spk__template_view *view, double *values)
{
    if (view->templates->channel_positions_um == NULL)
        return;
    const depth_profile profile = make_profile(view);
    const int64_t from = deepest(&profile);
    values[SPK__VELOCITY_ABOVE] = velocity(view, &profile, from, 1);
    values[SPK__VELOCITY_BELOW] = velocity(view, &profile, from, 0);
    values[SPK__EXP_DECAY] = exp_decay(view, &profile);
    values[SPK__SPREAD] = spread(view, &profile);
}
