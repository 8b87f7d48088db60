/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * First the mean and variance of every point in every window, then how many points each class
 * of means can have, then each window by itself: n_repeats choices of points, a line through
 * the origin for each.
 */
#include "base/check.h"
#include "base/memory.h"
#include "base/parallel.h"
#include "distributions/student.h"
#include "spikes/trial_windows.h"

#include <inttypes.h>
#include <math.h>
#include <spikekit/random.h>
#include <spikekit/trial_fano.h>
#include <stdlib.h>
#include <string.h>

enum {
    FEWEST_POINTS = 5,
    MOST_CLASSES = 1000000
};

void spk_matched_fano_options_init(spk_matched_fano_options *options, size_t struct_size)
{
    spk_matched_fano_options defaults = {
        .struct_size = struct_size,
        .window_bins = 1,
        .step_bins = 1,
        .mean_spacing = 0.25,
        .n_repeats = 10,
        .is_weighted = 1,
        .confidence = 0.95,
    };
    if (options != NULL)
        memcpy(options, &defaults,
               struct_size < sizeof defaults ? struct_size : sizeof defaults);
}

/* Mean and variance of a unit in a condition in one window. */
typedef struct fano_point {
    double mean, variance, weight;
    int64_t class; /* of its mean */
} fano_point;

/* A point as a matching sorts it. */
typedef struct drawn_point {
    int64_t class, place;
    double draw;
} drawn_point;

typedef struct matched_job {
    const spk_trials *trials;
    spk_matched_fano_options options;
    spk__trial_windows windows;
    int64_t n_points;
    const int64_t *members; /* trials by condition */
    const int64_t *firsts;  /* [n_conditions + 1] */
    const int64_t *used;    /* conditions with two trials or more */
    fano_point *points;     /* [n_windows][n_points] */
    int64_t n_classes;
    int64_t *targets;   /* [n_classes] */
    int64_t *occupancy; /* [n_classes] of one window */
    drawn_point *drawn; /* [workers][n_points] */
    spk_matched_fano *out;
} matched_job;

static spk_status read_options(spk_context *ctx, const spk_matched_fano_options *options,
                               spk_matched_fano_options *read)
{
    spk_matched_fano_options_init(read, sizeof *read);
    if (options != NULL) {
        SPK_REQUIRE(ctx, options->struct_size >= sizeof *options, SPK_ERR_ARGUMENT,
                    "options: not filled by spk_matched_fano_options_init()");
        *read = *options;
    }
    SPK_REQUIRE(ctx, read->mean_spacing > 0 && isfinite(read->mean_spacing),
                SPK_ERR_ARGUMENT, "mean_spacing must be above 0, got %g",
                read->mean_spacing);
    SPK_REQUIRE(ctx, read->n_repeats >= 1 && read->n_repeats <= 1000000, SPK_ERR_ARGUMENT,
                "n_repeats must be in 1 .. 1000000, got %" PRId64, read->n_repeats);
    SPK_REQUIRE(ctx, read->confidence > 0 && read->confidence < 1, SPK_ERR_ARGUMENT,
                "confidence must be between 0 and 1, got %g", read->confidence);
    return SPK_OK;
}

/* Points of one window. */
static spk_status find_points(void *state, int64_t window, int32_t worker)
{
    const matched_job *job = state;
    const spk_trials *trials = job->trials;
    const double bin_s = (double)trials->bin_samples / trials->sampling_rate_hz;
    const double one_hz = (double)job->windows.width * bin_s;
    (void)worker;
    for (int64_t p = 0; p < job->n_points; p++) {
        const int64_t unit = p % trials->n_units, c = job->used[p / trials->n_units];
        const int64_t first = job->firsts[c], n = job->firsts[c + 1] - first;
        double sum = 0.0, squares = 0.0;
        for (int64_t k = 0; k < n; k++) /* whole numbers: exact to 2^53 */
            sum += (double)spk__trial_windows_count(
                &job->windows, trials, job->members[first + k], unit, window);
        const double mean = sum / (double)n;
        for (int64_t k = 0; k < n; k++) {
            const double d =
                (double)spk__trial_windows_count(&job->windows, trials,
                                                 job->members[first + k], unit, window) -
                mean;
            squares += d * d;
        }
        fano_point *point = &job->points[window * job->n_points + p];
        point->mean = mean;
        point->variance = squares / (double)(n - 1);
        point->weight = job->options.is_weighted
                            ? (double)n / ((mean + one_hz) * (mean + one_hz))
                            : 1.0;
        const double class = floor(mean / job->options.mean_spacing);
        point->class = class < MOST_CLASSES ? (int64_t) class : MOST_CLASSES;
    }
    return SPK_OK;
}

/* How many points of each class all windows have; returns their sum. */
static int64_t find_targets(matched_job *job)
{
    int64_t total = 0;
    for (int64_t w = 0; w < job->windows.n_windows; w++) {
        const fano_point *points = job->points + w * job->n_points;
        memset(job->occupancy, 0, (size_t)job->n_classes * sizeof *job->occupancy);
        for (int64_t p = 0; p < job->n_points; p++)
            job->occupancy[points[p].class]++;
        for (int64_t k = 0; k < job->n_classes; k++)
            if (w == 0 || job->occupancy[k] < job->targets[k])
                job->targets[k] = job->occupancy[k];
    }
    for (int64_t k = 0; k < job->n_classes; k++)
        total += job->targets[k];
    return total;
}

/* A line through the origin over the points at n places; the mean of their means. */
static void regress(const matched_job *job, const fano_point *points,
                    const drawn_point *drawn, int64_t n, double fitted[4])
{
    double xx = 0.0, xy = 0.0, sum = 0.0, residuals = 0.0;
    for (int64_t k = 0; k < n; k++) {
        const fano_point *p = &points[drawn[k].place];
        xx += p->weight * p->mean * p->mean;
        xy += p->weight * p->mean * p->variance;
        sum += p->mean;
    }
    const double slope = xy / xx; /* 0 / 0 when all means are 0 */
    for (int64_t k = 0; k < n; k++) {
        const fano_point *p = &points[drawn[k].place];
        const double r = p->variance - slope * p->mean;
        residuals += p->weight * r * r;
    }
    const double tail = (1.0 - job->options.confidence) / 2.0;
    const double reach = spk__student_quantile(1.0 - tail, (double)(n - 1)) *
                         sqrt(residuals / (double)(n - 1) / xx);
    fitted[0] += slope;
    fitted[1] += slope - reach;
    fitted[2] += slope + reach;
    fitted[3] += sum / (double)n;
}

static int compare_drawn(const void *a, const void *b)
{
    const drawn_point *x = a, *y = b;
    if (x->class != y->class)
        return x->class < y->class ? -1 : 1;
    if (x->draw != y->draw)
        return x->draw < y->draw ? -1 : 1;
    return (x->place > y->place) - (x->place < y->place);
}

/* Leaves the points of one matching at the front. */
static int64_t match(const matched_job *job, const fano_point *points, int64_t window,
                     int64_t repeat, drawn_point *drawn)
{
    spk_random random = {.seed = job->options.seed,
                         .stream = (uint32_t)repeat,
                         .index = (uint64_t)window * (uint64_t)job->n_points};
    for (int64_t p = 0; p < job->n_points; p++)
        drawn[p] = (drawn_point){points[p].class, p, spk_random_uniform(&random)};
    qsort(drawn, (size_t)job->n_points, sizeof *drawn, compare_drawn);
    int64_t n = 0, of_class = 0;
    for (int64_t k = 0; k < job->n_points; k++) {
        of_class = k > 0 && drawn[k].class == drawn[k - 1].class ? of_class + 1 : 0;
        if (of_class < job->targets[drawn[k].class])
            drawn[n++] = drawn[k];
    }
    return n;
}

static spk_status run_window(void *state, int64_t window, int32_t worker)
{
    const matched_job *job = state;
    const fano_point *points = job->points + window * job->n_points;
    drawn_point *drawn = job->drawn + worker * job->n_points;
    spk_matched_fano *out = &job->out[window];
    double fitted[4] = {0}, all[4] = {0};
    const double repeats = (double)job->options.n_repeats;
    const int64_t n_matched = out->n_points;
    for (int64_t p = 0; p < job->n_points; p++)
        drawn[p].place = p;
    regress(job, points, drawn, job->n_points, all);
    for (int64_t r = 0; n_matched > 0 && r < job->options.n_repeats; r++)
        regress(job, points, drawn, match(job, points, window, r, drawn), fitted);
    const int enough = n_matched >= FEWEST_POINTS;
    const int enough_all = job->n_points >= FEWEST_POINTS;
    out->mean = n_matched > 0 ? fitted[3] / repeats : NAN;
    out->mean_all = job->n_points > 0 ? all[3] : NAN;
    out->fano = enough ? fitted[0] / repeats : NAN;
    out->lower = enough ? fitted[1] / repeats : NAN;
    out->upper = enough ? fitted[2] / repeats : NAN;
    out->fano_all = enough_all ? all[0] : NAN;
    out->lower_all = enough_all ? all[1] : NAN;
    out->upper_all = enough_all ? all[2] : NAN;
    return SPK_OK;
}

/* The points, then the windows; arrays of the job that are allocated here are freed. */
static spk_status run_job(spk_context *ctx, matched_job *job)
{
    const int64_t n_windows = job->windows.n_windows;
    int64_t n;
    spk_status status = SPK_OK;
    SPK_REQUIRE(ctx, !__builtin_mul_overflow(job->n_points, n_windows, &n),
                SPK_ERR_OVERFLOW,
                "%" PRId64 " points in %" PRId64 " windows are too many", job->n_points,
                n_windows);
    job->points = spk__alloc(ctx, n, sizeof *job->points);
    job->drawn = spk__alloc(ctx, spk__parallel_workers(ctx, n_windows) * job->n_points,
                            sizeof *job->drawn);
    if (job->points == NULL || job->drawn == NULL) {
        status = spk__fail_memory(ctx);
        goto cleanup;
    }
    if ((status = spk__parallel_for_part(ctx, n_windows, find_points, job, "matched fano",
                                         0.0, 0.5)) != SPK_OK)
        goto cleanup;
    for (int64_t k = 0; k < n; k++) {
        if (job->points[k].class == MOST_CLASSES) {
            status = spk__fail(ctx, SPK_ERR_OVERFLOW,
                               "mean_spacing %g is too small for a mean count of %g",
                               job->options.mean_spacing, job->points[k].mean);
            goto cleanup;
        }
        if (job->points[k].class >= job->n_classes)
            job->n_classes = job->points[k].class + 1;
    }
    job->targets = spk__alloc_zero(ctx, job->n_classes, sizeof *job->targets);
    job->occupancy = spk__alloc(ctx, job->n_classes, sizeof *job->occupancy);
    if (job->targets == NULL || job->occupancy == NULL) {
        status = spk__fail_memory(ctx);
        goto cleanup;
    }
    const int64_t n_matched = find_targets(job);
    for (int64_t w = 0; w < n_windows; w++) {
        job->out[w].n_points = n_matched;
        job->out[w].n_points_all = job->n_points;
    }
    status =
        spk__parallel_for_part(ctx, n_windows, run_window, job, "matched fano", 0.5, 1.0);
cleanup:
    spk__free(job->occupancy);
    spk__free(job->targets);
    spk__free(job->drawn);
    spk__free(job->points);
    return status;
}

spk_status spk_matched_fano_estimate(spk_context *ctx, const spk_trials *trials,
                                     const spk_matched_fano_options *options,
                                     spk_matched_fano *fano)
{
    SPK_REQUIRE(ctx, fano != NULL, SPK_ERR_ARGUMENT, "fano is NULL");
    matched_job job = {.trials = trials, .out = fano};
    spk_status status = spk_trials_check(ctx, trials);
    if (status == SPK_OK)
        status = read_options(ctx, options, &job.options);
    if (status == SPK_OK)
        status = spk__trial_windows_make(ctx, trials->n_bins, job.options.window_bins,
                                         job.options.step_bins, &job.windows);
    if (status != SPK_OK)
        return status;
    int64_t *members = spk__alloc(ctx, trials->n_trials, sizeof *members);
    int64_t *firsts = spk__alloc(ctx, trials->n_conditions + 1, sizeof *firsts);
    int64_t *used = spk__alloc(ctx, trials->n_conditions, sizeof *used), n_used = 0;
    if (members == NULL || firsts == NULL || used == NULL) {
        status = spk__fail_memory(ctx);
        goto cleanup;
    }
    spk__trials_group(trials, 1, members, firsts);
    for (int64_t c = 0; c < trials->n_conditions; c++)
        if (firsts[c + 1] - firsts[c] >= 2)
            used[n_used++] = c;
    job.n_points = n_used * trials->n_units;
    job.members = members;
    job.firsts = firsts;
    job.used = used;
    status = run_job(ctx, &job);
cleanup:
    spk__free(used);
    spk__free(firsts);
    spk__free(members);
    return status;
}
