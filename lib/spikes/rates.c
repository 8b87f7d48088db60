/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Each spike adds a row of kernel values to the points around it. The values depend only on
 * where in its step the spike is: with more spikes than samples in a step they are computed
 * once for each such place and then only added, which gives the same bits as computing them
 * anew. Exponentials go by a sweep over the points in its place, which carries the sum of all
 * spikes before along.
 */
#include "base/check.h"
#include "base/durations.h"
#include "base/memory.h"
#include "base/parallel.h"
#include "distributions/quantiles.h"
#include "spikes/kernel_shape.h"

#include <inttypes.h>
#include <math.h>
#include <spikekit/rates.h>
#include <string.h>

enum {
    MOST_TABLE = 1 << 21 /* doubles */
};
static const int64_t LONGEST = (int64_t)1 << 60; /* recording, in samples */
static const double SQUARE_CUTOFF = 12.0;        /* of K^2 where K has no bounds */

void spk_rates_options_init(spk_rates_options *options, size_t struct_size)
{
    spk_rates_options defaults = {
        .struct_size = struct_size,
        .kernel = SPK_KERNEL_GAUSSIAN,
        .sigma_s = 0.05,
        .step_s = 0.01,
        .cutoff = 5.0,
        .confidence = 0.95,
    };
    if (options != NULL)
        memcpy(options, &defaults,
               struct_size < sizeof defaults ? struct_size : sizeof defaults);
}

typedef struct rates_plan {
    spk_context *ctx;
    const spk_trains *trains;
    spk_rates_options options;
    double rate_hz; /* samples a second */
    int64_t start, step, n_points;
    int64_t first;
    double *rates, *lower, *upper;
} rates_plan;

static spk_status check_options(spk_context *ctx, const spk_rates_options *o)
{
    SPK_REQUIRE(ctx, o->struct_size >= sizeof *o, SPK_ERR_ARGUMENT,
                "options: not filled by spk_rates_options_init()");
    SPK_REQUIRE(ctx, spk_kernel_name(o->kernel) != NULL, SPK_ERR_ARGUMENT,
                "kernel must be in 0 .. 6, got %d", (int)o->kernel);
    SPK_REQUIRE(ctx, o->sigma_s > 0 && isfinite(o->sigma_s), SPK_ERR_ARGUMENT,
                "sigma_s must be above 0, got %g", o->sigma_s);
    SPK_REQUIRE(ctx, o->step_s > 0 && isfinite(o->step_s), SPK_ERR_ARGUMENT,
                "step_s must be above 0, got %g", o->step_s);
    SPK_REQUIRE(ctx, o->cutoff >= 1 && o->cutoff <= 40, SPK_ERR_ARGUMENT,
                "cutoff must be in 1 .. 40, got %g", o->cutoff);
    SPK_REQUIRE(ctx, o->edges >= 0 && o->edges <= SPK_RATES_EDGES_COUNT, SPK_ERR_ARGUMENT,
                "edges must be in 0 .. 2, got %d", (int)o->edges);
    SPK_REQUIRE(ctx, o->confidence > 0 && o->confidence < 1, SPK_ERR_ARGUMENT,
                "confidence must be between 0 and 1, got %g", o->confidence);
    return SPK_OK;
}

static spk_status make_plan(spk_context *ctx, const spk_trains *trains,
                            const spk_rates_options *options, const void *out,
                            rates_plan *plan)
{
    SPK_REQUIRE(ctx, trains != NULL, SPK_ERR_ARGUMENT, "trains is NULL");
    SPK_REQUIRE(ctx, out != NULL, SPK_ERR_ARGUMENT, "the result is NULL");
    memset(plan, 0, sizeof *plan);
    spk_rates_options_init(&plan->options, sizeof plan->options);
    const spk_status status = options == NULL ? SPK_OK : check_options(ctx, options);
    if (status != SPK_OK)
        return status;
    if (options != NULL)
        plan->options = *options;
    const spk_spikes *spikes = spk_trains_spikes(trains);
    const uint64_t length =
        (uint64_t)spikes->stop_sample - (uint64_t)spikes->start_sample;
    SPK_REQUIRE(ctx, length <= (uint64_t)LONGEST, SPK_ERR_OVERFLOW,
                "the recording is longer than 2^60 samples");
    plan->ctx = ctx;
    plan->trains = trains;
    plan->rate_hz = spikes->sampling_rate_hz;
    plan->start = spikes->start_sample;
    plan->step = spk__samples_near(1e3 * plan->options.step_s, plan->rate_hz);
    plan->step = plan->step < 1 ? 1 : plan->step;
    plan->n_points = (int64_t)length / plan->step;
    return SPK_OK;
}

spk_status spk_rates_length(spk_context *ctx, const spk_trains *trains,
                            const spk_rates_options *options, int64_t *n_points)
{
    rates_plan plan;
    const spk_status status = make_plan(ctx, trains, options, n_points, &plan);
    if (status == SPK_OK)
        *n_points = plan.n_points;
    return status;
}

spk_status spk_rates_times(spk_context *ctx, const spk_trains *trains,
                           const spk_rates_options *options, double *times_s)
{
    rates_plan plan;
    const spk_status status = make_plan(ctx, trains, options, times_s, &plan);
    for (int64_t k = 0; status == SPK_OK && k < plan.n_points; k++)
        times_s[k] = ((double)(plan.start + k * plan.step) + 0.5 * (double)plan.step) /
                     plan.rate_hz;
    return status;
}

/* ---- rows of kernel values ---- */

/* Values at points j = first .. first + width - 1 steps from the one in whose step a spike
 * is, for each place of the spike in the step. */
typedef struct kernel_rows {
    const rates_plan *plan;
    spk__kernel_shape shape;
    double shift; /* added to the time from a spike to a point [s] */
    double low, high;
    int64_t first, width;
    int squared;
    double *table; /* [places][width]; NULL: computed for each spike */
    double *row;   /* [width] scratch */
} kernel_rows;

static void fill_row(const kernel_rows *rows, int64_t place, double *row)
{
    const rates_plan *plan = rows->plan;
    for (int64_t i = 0; i < rows->width; i++) {
        const int64_t j = rows->first + i;
        /* halves of a sample */
        const int64_t twice = plan->options.binned ? 2 * j * plan->step
                                                   : (2 * j + 1) * plan->step - 2 * place;
        const double u = (double)twice / (2.0 * plan->rate_hz) + rows->shift;
        const int inside = plan->options.binned || (u >= rows->low && u <= rows->high);
        const double value = inside ? spk__kernel_value(&rows->shape, u) : 0.0;
        row[i] = rows->squared ? value * value : value;
    }
}

static spk_status make_rows(const rates_plan *plan, double sigma, int squared,
                            int64_t n_spikes, kernel_rows *rows)
{
    const spk_rates_options *o = &plan->options;
    const double step_s = (double)plan->step / plan->rate_hz;
    *rows = (kernel_rows){
        .plan = plan, .shape = {o->kernel, o->inverted, sigma}, .squared = squared};
    rows->shift = o->centred ? spk__kernel_median(&rows->shape) : 0.0;
    const int unbounded = o->kernel > SPK_KERNEL_GAUSSIAN;
    const double cutoff =
        squared && unbounded && !o->binned ? fmax(SQUARE_CUTOFF, o->cutoff) : o->cutoff;
    spk__kernel_bounds(&rows->shape, cutoff, &rows->low, &rows->high);
    double from = (rows->low - rows->shift) / step_s - 1.0;
    double to = (rows->high - rows->shift) / step_s + 1.0;
    if (o->binned) { /* elephant's points of its kernel */
        to = ceil(fmax(o->cutoff, sqrt(6.0)) * sigma / step_s - 1e-9);
        from = -to;
    }
    SPK_REQUIRE(plan->ctx, (to - from) * (double)plan->step < 9007199254740992.0,
                SPK_ERR_ARGUMENT, "sigma_s: a kernel of %g s is beyond 2^53 samples",
                sigma);
    rows->first = (int64_t)floor(from);
    rows->width = (int64_t)ceil(to) - rows->first + 1;
    const int64_t places = o->binned ? 1 : plan->step;
    if (places <= n_spikes && rows->width <= MOST_TABLE / places)
        rows->table = spk__alloc(plan->ctx, places * rows->width, sizeof *rows->table);
    else
        rows->row = spk__alloc(plan->ctx, rows->width, sizeof *rows->row);
    if (rows->table == NULL && rows->row == NULL)
        return spk__fail_memory(plan->ctx);
    for (int64_t p = 0; rows->table != NULL && p < places; p++)
        fill_row(rows, p, rows->table + p * rows->width);
    return SPK_OK;
}

static void free_rows(kernel_rows *rows)
{
    spk__free(rows->table);
    spk__free(rows->row);
}

/* Points of a run, of which it holds the middles of the steps. */
typedef struct run_points {
    int64_t run, first, last; /* first .. last - 1 */
} run_points;

static int64_t point_from(const rates_plan *plan, int64_t sample)
{
    /* the least k with start + (k + 1/2) step >= sample */
    const int64_t twice = 2 * (sample - plan->start) - plan->step;
    const int64_t k = twice <= 0 ? 0 : (twice + 2 * plan->step - 1) / (2 * plan->step);
    return k < plan->n_points ? k : plan->n_points;
}

static run_points points_of(const rates_plan *plan, const spk_train *train, int64_t run)
{
    return (run_points){run, point_from(plan, train->run_starts[run]),
                        point_from(plan, train->run_stops[run])};
}

static void add_rows(const kernel_rows *rows, const spk_train *train, run_points points,
                     double *sums)
{
    const rates_plan *plan = rows->plan;
    for (int64_t i = train->run_offsets[points.run];
         i < train->run_offsets[points.run + 1]; i++) {
        const int64_t since = train->samples[i] - plan->start;
        const int64_t own = since / plan->step;
        const int64_t place = plan->options.binned ? 0 : since % plan->step;
        if (plan->options.binned && own >= plan->n_points)
            continue; /* in what is left after the last step */
        int64_t from = own + rows->first, to = from + rows->width;
        const int64_t base = from;
        from = from > points.first ? from : points.first;
        to = to < points.last ? to : points.last;
        if (from >= to)
            continue;
        const double *row = rows->row;
        if (rows->table != NULL)
            row = rows->table + place * rows->width;
        else
            fill_row(rows, place, rows->row);
        const double *values = row + (from - base);
        double *at = sums + from;
        const int64_t n = to - from;
        for (int64_t k = 0; k < n; k++)
            at[k] += values[k];
    }
}

/* ---- exponentials ---- */

/* Adds, at each point, the sum of x^alpha e^-x over the spikes before (sign 1) or after (-1),
 * x the time between over tau. `strict` leaves out spikes at just the point. */
typedef struct sweep {
    const rates_plan *plan;
    double tau, shift, scale;
    int sign, strict, alpha;
} sweep;

static void run_sweep(const sweep *s, const spk_train *train, run_points points,
                      double *sums)
{
    const rates_plan *plan = s->plan;
    const int64_t n_spikes =
        train->run_offsets[points.run + 1] - train->run_offsets[points.run];
    const int64_t n = points.last - points.first;
    const int64_t *samples = train->samples + train->run_offsets[points.run];
    const double step = (double)plan->step / plan->rate_hz / s->tau, decay = exp(-step);
    double sum = 0.0, moment = 0.0;
    for (int64_t i = 0, next = 0; i < n; i++) {
        const int64_t k = s->sign > 0 ? points.first + i : points.last - 1 - i;
        moment = (moment + step * sum) * decay;
        sum *= decay;
        if (sum < 1e-280)
            sum = moment = 0.0;
        for (; next < n_spikes; next++) {
            const int64_t spike = samples[s->sign > 0 ? next : n_spikes - 1 - next];
            const int64_t twice = (2 * k + 1) * plan->step - 2 * (spike - plan->start);
            const double u = (double)(s->sign * twice) / (2.0 * plan->rate_hz) + s->shift;
            if (s->strict ? !(u > 0) : !(u >= 0))
                break;
            const double x = u / s->tau, e = exp(-x);
            sum += e;
            moment += x * e;
        }
        sums[k] += s->scale * (s->alpha ? moment : sum);
    }
}

static void add_sweeps(const rates_plan *plan, const spk__kernel_shape *shape,
                       const spk_train *train, run_points points, double *sums)
{
    const int laplacian = shape->kernel == SPK_KERNEL_LAPLACIAN;
    sweep s = {.plan = plan, .sign = shape->inverted && !laplacian ? -1 : 1};
    s.tau =
        shape->kernel == SPK_KERNEL_EXPONENTIAL ? shape->sigma : shape->sigma / sqrt(2.0);
    s.scale = (laplacian ? 0.5 : 1.0) / s.tau;
    s.alpha = shape->kernel == SPK_KERNEL_ALPHA;
    s.shift = plan->options.centred ? fabs(spk__kernel_median(shape)) : 0.0;
    run_sweep(&s, train, points, sums);
    if (laplacian) {
        s.sign = -1;
        s.strict = 1;
        run_sweep(&s, train, points, sums);
    }
}

/* ---- edges and band ---- */

/* The share of the kernel that lies in the run, seen from a point. */
static double mass_at(const kernel_rows *rows, const spk_train *train, int64_t run,
                      int64_t k)
{
    const rates_plan *plan = rows->plan;
    const int64_t twice = (2 * k + 1) * plan->step;
    const double since_start =
        (double)(twice - 2 * (train->run_starts[run] - plan->start)) /
        (2.0 * plan->rate_hz);
    const double until_stop =
        (double)(2 * (train->run_stops[run] - plan->start) - twice) /
        (2.0 * plan->rate_hz);
    /* a spike at the run's start would have u = since_start + shift */
    return 1.0 - spk__kernel_upper(&rows->shape, since_start + rows->shift) -
           (1.0 - spk__kernel_upper(&rows->shape, rows->shift - until_stop));
}

static void set_band(const rates_plan *plan, double maximum, double r, double v,
                     double *lower, double *upper)
{
    const double tail = (1.0 - plan->options.confidence) / 2.0, k = maximum;
    *lower = r > 0 && v > 0 ? v / r * spk__gamma_quantile(tail, r * r / v) : 0.0;
    const double shape = (r + k) * (r + k) / (v + k * k);
    *upper = (v + k * k) / (r + k) * spk__gamma_quantile(1.0 - tail, shape);
}

typedef struct unit_rows {
    double *rates, *lower, *upper;
} unit_rows;

static void correct_edges(const kernel_rows *rows, const spk_train *train,
                          run_points points, const unit_rows *out)
{
    const rates_plan *plan = rows->plan;
    double sum = 0.0, factor = 1.0;
    for (int64_t k = points.first; k < points.last; k++) {
        const double mass = mass_at(rows, train, points.run, k);
        out->rates[k] /= mass;
        sum += out->rates[k];
        if (out->lower != NULL) {
            out->lower[k] /= mass;
            out->upper[k] /= mass;
        }
    }
    if (plan->options.edges != SPK_RATES_EDGES_COUNT || !(sum > 0))
        return;
    const int64_t n_spikes =
        train->run_offsets[points.run + 1] - train->run_offsets[points.run];
    const double duration_s =
        (double)(train->run_stops[points.run] - train->run_starts[points.run]) /
        plan->rate_hz;
    factor = (double)n_spikes / (sum / (double)(points.last - points.first) * duration_s);
    for (int64_t k = points.first; k < points.last; k++) {
        out->rates[k] *= factor;
        if (out->lower != NULL) {
            out->lower[k] *= factor;
            out->upper[k] *= factor;
        }
    }
}

/* ---- one unit ---- */

static spk_status fill_unit(const rates_plan *plan, const spk_train *train, double sigma,
                            const unit_rows *out)
{
    kernel_rows rows = {0}, squares = {0};
    double *v = NULL;
    const int sweeps =
        plan->options.kernel >= SPK_KERNEL_LAPLACIAN && !plan->options.binned;
    spk_status status = make_rows(plan, sigma, 0, sweeps ? 0 : train->n_spikes, &rows);
    if (status == SPK_OK && out->lower != NULL) {
        status = make_rows(plan, sigma, 1, train->n_spikes, &squares);
        v = spk__alloc_zero(plan->ctx, plan->n_points, sizeof *v);
        if (status == SPK_OK && v == NULL)
            status = spk__fail_memory(plan->ctx);
    }
    const double maximum = spk__kernel_maximum(&rows.shape);
    for (int64_t r = 0; r < train->n_runs && status == SPK_OK; r++) {
        const run_points points = points_of(plan, train, r);
        memset(out->rates + points.first, 0,
               (size_t)(points.last - points.first) * sizeof *out->rates);
        if (sweeps)
            add_sweeps(plan, &rows.shape, train, points, out->rates);
        else
            add_rows(&rows, train, points, out->rates);
        if (out->lower != NULL) {
            add_rows(&squares, train, points, v);
            for (int64_t k = points.first; k < points.last; k++)
                set_band(plan, maximum, out->rates[k], v[k], &out->lower[k],
                         &out->upper[k]);
        }
        if (plan->options.edges != SPK_RATES_EDGES_AS_IS)
            correct_edges(&rows, train, points, out);
    }
    spk__free(v);
    free_rows(&squares);
    free_rows(&rows);
    return status;
}

static spk_status unit_rates(void *state, int64_t task, int32_t worker)
{
    (void)worker;
    const rates_plan *plan = state;
    const int64_t unit = plan->first + task, offset = task * plan->n_points;
    const spk_train train = spk_trains_unit(plan->trains, unit);
    unit_rows out = {plan->rates + offset, NULL, NULL};
    if (plan->lower != NULL) {
        out.lower = plan->lower + offset;
        out.upper = plan->upper + offset;
    }
    for (int64_t k = 0; k < plan->n_points; k++) {
        out.rates[k] = NAN;
        if (out.lower != NULL)
            out.lower[k] = out.upper[k] = NAN;
    }
    const double sigma = plan->options.sigmas_s == NULL ? plan->options.sigma_s
                                                        : plan->options.sigmas_s[unit];
    return isnan(sigma) ? SPK_OK : fill_unit(plan, &train, sigma, &out);
}

spk_status spk_rates_estimate(spk_context *ctx, const spk_trains *trains, int64_t first,
                              int64_t last, const spk_rates_options *options,
                              double *rates, double *lower, double *upper)
{
    rates_plan plan;
    const spk_status status = make_plan(ctx, trains, options, rates, &plan);
    if (status != SPK_OK)
        return status;
    const int64_t n_units = spk_trains_spikes(trains)->n_units;
    SPK_REQUIRE(ctx, first >= 0 && first <= last && last <= n_units, SPK_ERR_ARGUMENT,
                "first and last must be in order in 0 .. %" PRId64 ", got %" PRId64
                " and %" PRId64,
                n_units, first, last);
    SPK_REQUIRE(ctx, (lower == NULL) == (upper == NULL), SPK_ERR_ARGUMENT,
                "lower and upper must both be there or both be NULL");
    for (int64_t u = first; plan.options.sigmas_s != NULL && u < last; u++)
        SPK_REQUIRE(ctx,
                    !(plan.options.sigmas_s[u] <= 0) && !isinf(plan.options.sigmas_s[u]),
                    SPK_ERR_ARGUMENT, "sigmas_s must be above 0, got %g at %" PRId64,
                    plan.options.sigmas_s[u], u);
    plan.first = first;
    plan.rates = rates;
    plan.lower = lower;
    plan.upper = upper;
    return spk__parallel_for(ctx, last - first, unit_rates, &plan, "rates");
}
