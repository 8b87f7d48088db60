/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A unit is a task. The weights of grid points are not kept for all points and channels, as
 * there are gigabytes of them for a large probe: only channels that can matter near the main
 * one are looked at, and weights are taken relative to the nearest channel's, which does not
 * underflow.
 */
#include "base/check.h"
#include "base/memory.h"
#include "base/parallel.h"
#include "linalg/least_squares.h"
#include "sorting/unit_templates.h"
#include "sorting/waveform_peaks.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

enum {
    N_DEPTHS = 5
};

static const double depths_um[N_DEPTHS] = {0, 30, 60, 90, 120};

void spk_templates_locations_options_init(spk_templates_locations_options *options,
                                          size_t struct_size)
{
    spk_templates_locations_options defaults = {.struct_size = struct_size,
                                                .method = SPK_LOCATION_MONOPOLAR,
                                                .max_distance_um = 1000,
                                                .grid_um = 5,
                                                .grid_margin_um = 50,
                                                .grid_decay_um = 2.5,
                                                .grid_sigma_ms = 0.25,
                                                .grid_percent = 5,
                                                .peak_sample = -1};
    if (options != NULL)
        memcpy(options, &defaults,
               struct_size < sizeof defaults ? struct_size : sizeof defaults);
}

typedef struct location_job {
    const spk_unit_templates *units;
    spk_templates_locations_options options;
    double low[2], high[2]; /* of the channels, and the margin for the grid */
    int64_t most_points;    /* of the grid near a channel */
    int64_t n_doubles;
    double *doubles; /* [workers][n_doubles] */
    double *locations;
} location_job;

/* What one unit is placed from; all in the worker's memory. */
typedef struct unit_view {
    const location_job *job;
    const spk_templates *templates;
    double *scratch, *waveform;
    int64_t main_channel;
    int64_t n;      /* channels near it */
    double *places; /* [n][2] */
    double *sizes;  /* [n] peak to peak, or products with the trough */
    double *weights;
    double *scores; /* [N_DEPTHS][most_points] */
    double *sorted;
    double *fit_work;
} unit_view;

static double squared(double value)
{
    return value * value;
}

static const double *place_of(const spk_templates *t, int64_t channel)
{
    return t->channel_positions_um + 2 * channel;
}

static int64_t doubles_of_unit(const location_job *job)
{
    const spk_templates *t = &job->units->templates;
    return spk__templates_scratch(t) + t->n_samples * t->n_channels + 4 * t->n_channels +
           2 * N_DEPTHS * job->most_points +
           spk__least_squares_work_length(t->n_channels, 4);
}

static unit_view lay_out(const location_job *job, int32_t worker)
{
    const spk_templates *t = &job->units->templates;
    unit_view v = {.job = job, .templates = t};
    v.scratch = job->doubles + worker * job->n_doubles;
    v.waveform = v.scratch + spk__templates_scratch(t);
    v.places = v.waveform + t->n_samples * t->n_channels;
    v.sizes = v.places + 2 * t->n_channels;
    v.weights = v.sizes + t->n_channels;
    v.scores = v.weights + t->n_channels;
    v.sorted = v.scores + N_DEPTHS * job->most_points;
    v.fit_work = v.sorted + N_DEPTHS * job->most_points;
    return v;
}

/* The channel and sample of the largest absolute value; -1 if there is none or a NaN. */
static int64_t largest_value(const unit_view *v, int64_t *sample)
{
    const spk_templates *t = v->templates;
    double largest = 0;
    int64_t best = -1;
    for (int64_t k = 0; k < t->n_samples * t->n_channels; k++) {
        if (!isfinite(v->waveform[k]))
            return -1;
        const double value = fabs(v->waveform[k]);
        const int64_t channel = k % t->n_channels;
        /* the first channel of equal ones, whatever its sample */
        if (value > largest || (value == largest && value > 0 && channel < best)) {
            largest = value;
            best = channel;
            *sample = k / t->n_channels;
        }
    }
    return best;
}

static void gather_near(unit_view *v, double radius_um)
{
    const spk_templates *t = v->templates;
    v->n = 0;
    for (int64_t c = 0; c < t->n_channels; c++) {
        if (!spk__channel_is_near(t, c, v->main_channel, radius_um))
            continue;
        double low = v->waveform[c], high = low;
        for (int64_t s = 1; s < t->n_samples; s++) {
            const double value = v->waveform[s * t->n_channels + c];
            low = value < low ? value : low;
            high = value > high ? value : high;
        }
        memcpy(v->places + 2 * v->n, place_of(t, c), 2 * sizeof *v->places);
        v->sizes[v->n++] = high - low;
    }
}

static void center_of_mass(const unit_view *v, double *out)
{
    double x = 0, y = 0, sum = 0;
    for (int64_t k = 0; k < v->n; k++) {
        x += v->sizes[k] * v->places[2 * k];
        y += v->sizes[k] * v->places[2 * k + 1];
        sum += v->sizes[k];
    }
    if (sum > 0) {
        out[0] = x / sum;
        out[1] = y / sum;
    }
}

/* ---- monopolar triangulation ---- */

/* Parameters x, y, z, alpha. */
static void monopole_residuals(void *state, const double *p, double *residuals,
                               double *jacobian)
{
    const unit_view *v = state;
    for (int64_t k = 0; k < v->n; k++) {
        const double dx = p[0] - v->places[2 * k], dy = p[1] - v->places[2 * k + 1];
        const double d = sqrt(dx * dx + dy * dy + p[2] * p[2]);
        const double falling = -p[3] / (d * d * d);
        residuals[k] = p[3] / d - v->sizes[k];
        if (jacobian == NULL)
            continue;
        jacobian[4 * k] = falling * dx;
        jacobian[4 * k + 1] = falling * dy;
        jacobian[4 * k + 2] = falling * p[2];
        jacobian[4 * k + 3] = 1 / d;
    }
}

static void triangulate(unit_view *v, double *out)
{
    const double most = v->job->options.max_distance_um;
    const int64_t top = spk__argmax(v->sizes, v->n);
    double p[4] = {NAN, NAN, 20, 0};
    center_of_mass(v, p);
    if (isnan(p[0]))
        return;
    p[3] = v->sizes[top] * sqrt(squared(p[0] - v->places[2 * top]) +
                                squared(p[1] - v->places[2 * top + 1]) + 400);
    const double low[4] = {p[0] - most, p[1] - most, 1, 0};
    const double high[4] = {p[0] + most, p[1] + most, 10 * most, v->sizes[top] * most};
    const spk__least_squares problem = {.n_parameters = 4,
                                        .n_residuals = v->n,
                                        .evaluate = monopole_residuals,
                                        .state = v,
                                        .lower = low,
                                        .upper = high};
    (void)spk__least_squares_fit(&problem, p, v->fit_work);
    memcpy(out, p, sizeof p);
}

/* ---- grid convolution ---- */

/* Sums of waveform times a Gaussian trough, of channels that a grid point near the main one
 * can have a weight for: beyond, it is e^-20 of the nearest channel's. */
static void multiply_by_trough(unit_view *v, int64_t peak_sample, double radius_um)
{
    const spk_templates *t = v->templates;
    const spk_templates_locations_options *o = &v->job->options;
    const double deepest = depths_um[N_DEPTHS - 1];
    const double reach = sqrt(squared(hypot(radius_um, deepest) + 20 * o->grid_decay_um) -
                              squared(deepest));
    gather_near(v, radius_um + reach);
    int64_t n = 0;
    for (int64_t c = 0; c < t->n_channels; c++) {
        if (!spk__channel_is_near(t, c, v->main_channel, radius_um + reach))
            continue;
        double sum = 0;
        for (int64_t s = 0; s < t->n_samples; s++) {
            const double at =
                (double)(s - peak_sample) * 1e3 / t->sampling_rate_hz / o->grid_sigma_ms;
            sum -= v->waveform[s * t->n_channels + c] * exp(-0.5 * at * at);
        }
        v->sizes[n++] = sum;
    }
}

/* The score of one point at one depth. */
static double score_point(unit_view *v, double x, double y, double z)
{
    const double threshold = 0.5 / sqrt((double)v->templates->n_channels);
    double nearest = INFINITY, norm = 0, kept = 0, score = 0;
    for (int64_t k = 0; k < v->n; k++) {
        v->weights[k] = sqrt(squared(x - v->places[2 * k]) +
                             squared(y - v->places[2 * k + 1]) + z * z);
        nearest = v->weights[k] < nearest ? v->weights[k] : nearest;
    }
    for (int64_t k = 0; k < v->n; k++) {
        v->weights[k] = exp((nearest - v->weights[k]) / v->job->options.grid_decay_um);
        norm += squared(v->weights[k]);
    }
    norm = sqrt(norm);
    for (int64_t k = 0; k < v->n; k++) {
        const double weight = v->weights[k] / norm;
        if (weight < threshold)
            continue;
        kept += weight * weight;
        score += weight * v->sizes[k];
    }
    return kept > 0 ? score / sqrt(kept) : 0;
}

/* The value below which the share of sorted values lies, between two of them as numpy. */
static double quantile(double *values, int64_t n, double share)
{
    if (n == 0)
        return 0;
    (void)spk__sort_median(values, n);
    const double at = share * (double)(n - 1);
    const int64_t k = (int64_t)at;
    return k + 1 < n ? values[k] + (values[k + 1] - values[k]) * (at - (double)k)
                     : values[n - 1];
}

/* Grid lines along one axis near a place: the first and how many. */
static int64_t lines_near(const location_job *job, int axis, double place, double radius,
                          double *first)
{
    const double step = job->options.grid_um, low = job->low[axis];
    const int64_t n = (int64_t)ceil((job->high[axis] + step / 10 - low) / step);
    double from = ceil((place - radius - low) / step - 1e-9);
    double to = floor((place + radius - low) / step + 1e-9);
    from = from < 0 ? 0 : from;
    to = to > (double)(n - 1) ? (double)(n - 1) : to;
    *first = low + from * step;
    return to < from ? 0 : (int64_t)(to - from) + 1;
}

static void convolve(unit_view *v, int64_t peak_sample, double radius_um, double *out)
{
    const location_job *job = v->job;
    const double step = job->options.grid_um;
    const double *center = place_of(v->templates, v->main_channel);
    double first_x, first_y, sums[4] = {0, 0, 0, 0};
    const int64_t n_x = lines_near(job, 0, center[0], radius_um, &first_x);
    const int64_t n_y = lines_near(job, 1, center[1], radius_um, &first_y);
    int64_t n_sorted = 0;
    multiply_by_trough(v, peak_sample, radius_um);
    for (int64_t k = 0; k < n_x * n_y; k++) {
        const double x = first_x + (double)(k % n_x) * step;
        const double y = first_y + (double)(k / n_x) * step;
        const int near = hypot(x - center[0], y - center[1]) <= radius_um;
        for (int d = 0; d < N_DEPTHS; d++) {
            double *score = &v->scores[d * job->most_points + k];
            *score = near ? score_point(v, x, y, depths_um[d]) : -1;
            if (*score >= 0)
                v->sorted[n_sorted++] = *score;
        }
    }
    const double limit =
        quantile(v->sorted, n_sorted, 1 - job->options.grid_percent / 100);
    for (int64_t k = 0; k < n_x * n_y; k++)
        for (int d = 0; d < N_DEPTHS; d++) {
            const double score = v->scores[d * job->most_points + k];
            if (score < 0 || score < limit)
                continue;
            sums[0] += score * (first_x + (double)(k % n_x) * step);
            sums[1] += score * (first_y + (double)(k / n_x) * step);
            sums[2] += score * depths_um[d];
            sums[3] += score;
        }
    for (int k = 0; k < 3 && sums[3] > 0; k++)
        out[k] = sums[k] / sums[3];
}

/* ---- all units ---- */

static double radius_of(const spk_templates_locations_options *o)
{
    if (o->radius_um > 0)
        return o->radius_um;
    return o->method == SPK_LOCATION_GRID_CONVOLUTION ? 40 : 75;
}

static spk_status locate_unit(void *state, int64_t unit, int32_t worker)
{
    const location_job *job = state;
    unit_view v = lay_out(job, worker);
    double *out = job->locations + 4 * unit;
    int64_t peak_sample = 0;
    for (int k = 0; k < 4; k++)
        out[k] = NAN;
    spk__unit_template(job->units, unit, v.scratch, v.waveform);
    v.main_channel = largest_value(&v, &peak_sample);
    if (v.main_channel < 0)
        return SPK_OK;
    if (job->options.peak_sample >= 0)
        peak_sample = job->options.peak_sample;
    const double radius_um = radius_of(&job->options);
    if (job->options.method == SPK_LOCATION_MAIN_CHANNEL) {
        memcpy(out, place_of(v.templates, v.main_channel), 2 * sizeof *out);
        return SPK_OK;
    }
    if (job->options.method == SPK_LOCATION_GRID_CONVOLUTION) {
        convolve(&v, peak_sample, radius_um, out);
        return SPK_OK;
    }
    gather_near(&v, radius_um);
    if (job->options.method == SPK_LOCATION_CENTER_OF_MASS)
        center_of_mass(&v, out);
    else
        triangulate(&v, out);
    return SPK_OK;
}

static spk_status check_options(spk_context *ctx, const spk_templates *t,
                                const spk_templates_locations_options *o)
{
    SPK_REQUIRE(ctx, o->struct_size >= sizeof *o, SPK_ERR_ARGUMENT,
                "options: not filled by spk_templates_locations_options_init()");
    SPK_REQUIRE(ctx,
                o->method >= SPK_LOCATION_MONOPOLAR &&
                    o->method <= SPK_LOCATION_MAIN_CHANNEL,
                SPK_ERR_ARGUMENT, "method must be in 0 .. 3, got %" PRId32, o->method);
    SPK_REQUIRE(ctx, t->channel_positions_um != NULL, SPK_ERR_ARGUMENT,
                "templates: locations need channel positions");
    SPK_REQUIRE(ctx, o->radius_um >= 0 && o->radius_um <= 1e6, SPK_ERR_ARGUMENT,
                "radius_um must be in 0 .. 1e6, got %g", o->radius_um);
    if (o->method == SPK_LOCATION_MONOPOLAR)
        SPK_REQUIRE(ctx, o->max_distance_um >= 1 && isfinite(o->max_distance_um),
                    SPK_ERR_ARGUMENT, "max_distance_um must be >= 1, got %g",
                    o->max_distance_um);
    if (o->method != SPK_LOCATION_GRID_CONVOLUTION)
        return SPK_OK;
    SPK_REQUIRE(ctx, t->sampling_rate_hz > 0, SPK_ERR_ARGUMENT,
                "templates: the grid needs a sampling rate");
    SPK_REQUIRE(ctx, o->grid_um > 0 && radius_of(o) / o->grid_um <= 1000,
                SPK_ERR_ARGUMENT, "grid_um must be above radius_um / 1000, got %g",
                o->grid_um);
    SPK_REQUIRE(ctx, o->grid_margin_um >= 0 && o->grid_margin_um <= 1e6, SPK_ERR_ARGUMENT,
                "grid_margin_um must be in 0 .. 1e6, got %g", o->grid_margin_um);
    SPK_REQUIRE(ctx, o->grid_decay_um > 0 && o->grid_sigma_ms > 0, SPK_ERR_ARGUMENT,
                "grid_decay_um and grid_sigma_ms must be > 0, got %g and %g",
                o->grid_decay_um, o->grid_sigma_ms);
    SPK_REQUIRE(ctx, o->grid_percent > 0 && o->grid_percent <= 100, SPK_ERR_ARGUMENT,
                "grid_percent must be above 0 and at most 100, got %g", o->grid_percent);
    SPK_REQUIRE(ctx, o->peak_sample < t->n_samples, SPK_ERR_ARGUMENT,
                "peak_sample must be below %" PRId64 ", got %" PRId64, t->n_samples,
                o->peak_sample);
    return SPK_OK;
}

static void find_extent(location_job *job)
{
    const spk_templates *t = &job->units->templates;
    for (int axis = 0; axis < 2; axis++) {
        job->low[axis] = INFINITY;
        job->high[axis] = -INFINITY;
        for (int64_t c = 0; c < t->n_channels; c++) {
            const double place = place_of(t, c)[axis];
            job->low[axis] = fmin(job->low[axis], place);
            job->high[axis] = fmax(job->high[axis], place);
        }
        job->low[axis] -= job->options.grid_margin_um;
        job->high[axis] += job->options.grid_margin_um;
    }
    if (job->options.method == SPK_LOCATION_GRID_CONVOLUTION) {
        const int64_t lines =
            2 * (int64_t)(radius_of(&job->options) / job->options.grid_um) + 3;
        job->most_points = lines * lines;
    }
}

spk_status spk_templates_locations(spk_context *ctx,
                                   const spk_unit_templates *unit_templates,
                                   const spk_templates_locations_options *options,
                                   double *locations)
{
    SPK_REQUIRE(ctx, unit_templates != NULL, SPK_ERR_ARGUMENT, "unit_templates is NULL");
    location_job job = {.units = unit_templates, .locations = locations};
    spk_templates_locations_options_init(&job.options, sizeof job.options);
    if (options != NULL)
        job.options = *options;
    spk_status status = check_options(ctx, &unit_templates->templates, &job.options);
    if (status != SPK_OK)
        return status;
    SPK_REQUIRE(ctx, locations != NULL || unit_templates->n_units == 0, SPK_ERR_ARGUMENT,
                "locations is NULL");
    find_extent(&job);
    job.n_doubles = doubles_of_unit(&job);
    job.doubles = spk__alloc(
        ctx, job.n_doubles * spk__parallel_workers(ctx, unit_templates->n_units),
        sizeof *job.doubles);
    if (job.doubles == NULL)
        return spk__fail_memory(ctx);
    status =
        spk__parallel_for(ctx, unit_templates->n_units, locate_unit, &job, "locations");
    spk__free(job.doubles);
    return status;
}
