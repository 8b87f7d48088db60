/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A draw is a surrogate of the whole unit, against which the other train is merged. A task is a
 * block of draws; it leaves the greatest and the least z of each draw, and adds to its worker's
 * integer tallies, whose sum does not depend on who drew what.
 */
#include "correlation/jitter_gather.h"

#include "base/check.h"
#include "base/memory.h"
#include "base/parallel.h"
#include "spikes/surrogates_state.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    DRAWS_A_TASK = 64
};

void spk_jitter_draws_init(spk_jitter_draws *draws, size_t struct_size)
{
    spk_jitter_draws defaults = {
        .struct_size = struct_size,
        .n_draws = 1000,
        .alpha = 0.05,
    };
    if (draws != NULL)
        memcpy(draws, &defaults,
               struct_size < sizeof defaults ? struct_size : sizeof defaults);
}

typedef struct draw_job {
    spk_context *ctx;
    spk__jitter_bins bins;
    int64_t n_draws;
    int32_t unit; /* that moves */
    spk_train moved, fixed;
    spk_surrogates *surrogates;
    int64_t *observed;        /* [n] */
    double *mean, *scale;     /* [n] scale: 1 / standard deviation, 0 if that is 0 */
    double *greatest, *least; /* [n_draws] */
    int64_t *counters; /* [workers][3][n] counts of a draw, tallies above and below */
    int64_t *samples;  /* [workers][spikes that move] */
} draw_job;

/* The pairs of a surrogate, run by run: both trains have the same runs. */
static void count_pairs(const draw_job *job, const int64_t *samples, int64_t *counts)
{
    const spk__jitter_bins *bins = &job->bins;
    const uint32_t width = (uint32_t)bins->width;
    const int64_t all = bins->width * bins->n; /* below 2^32 */
    const spk_train *moved = &job->moved, *fixed = &job->fixed;
    memset(counts, 0, (size_t)bins->n * sizeof *counts);
    for (int64_t r = 0; r < moved->n_runs; r++) {
        const int64_t *first = fixed->samples + fixed->run_offsets[r];
        const int64_t *const stop = fixed->samples + fixed->run_offsets[r + 1];
        for (int64_t i = moved->run_offsets[r]; i < moved->run_offsets[r + 1]; i++) {
            const int64_t latest = samples[i] - bins->first;
            while (first < stop && *first <= latest - all)
                first++;
            for (const int64_t *f = first; f < stop && *f <= latest; f++)
                counts[(uint32_t)(latest - *f) / width]++;
        }
    }
}

static spk_status draw_some(void *state, int64_t task, int32_t worker)
{
    const draw_job *job = state;
    const int64_t n = job->bins.n, first = task * DRAWS_A_TASK;
    int64_t *counts = job->counters + worker * 3 * n;
    int64_t *above = counts + n, *below = counts + 2 * n;
    int64_t *samples = job->samples + worker * job->moved.n_spikes;
    for (int64_t d = first; d < first + DRAWS_A_TASK && d < job->n_draws; d++) {
        double greatest = -INFINITY, least = INFINITY;
        const spk_status status =
            spk_surrogates_draw(job->ctx, job->surrogates, job->unit, d, samples, NULL);
        if (status != SPK_OK)
            return status;
        count_pairs(job, samples, counts);
        for (int64_t k = 0; k < n; k++) {
            above[k] += counts[k] >= job->observed[k];
            below[k] += counts[k] <= job->observed[k];
            if (job->scale[k] > 0.0) {
                const double z = ((double)counts[k] - job->mean[k]) * job->scale[k];
                greatest = z > greatest ? z : greatest;
                least = z < least ? z : least;
            }
        }
        job->greatest[d] = greatest;
        job->least[d] = least;
    }
    return SPK_OK;
}

static int rising(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The z that at most a share alpha of the draws go beyond, as the sorted numbers have it;
 * infinite if there are too few. */
static double beyond(const double *sorted, int64_t n, double alpha)
{
    const double rank = ceil((1.0 - alpha) * (double)(n + 1));
    return rank > (double)n ? INFINITY : sorted[(int64_t)rank - 1];
}

static double global_p(const double *extremes, int64_t n, double observed, double sign)
{
    int64_t as_extreme = 0;
    for (int64_t d = 0; d < n; d++)
        as_extreme += sign * extremes[d] >= sign * observed;
    return (double)(1 + as_extreme) / (double)(n + 1);
}

/* Bands from the draws, whose extremes are sorted. */
static void conclude(draw_job *job, int32_t n_workers, double alpha,
                     spk_jitter_band *bands, double *p)
{
    const int64_t n = job->bins.n, n_draws = job->n_draws;
    double greatest = -INFINITY, least = INFINITY;
    for (int64_t k = 0; k < n; k++)
        if (job->scale[k] > 0.0) {
            const double z = ((double)job->observed[k] - job->mean[k]) * job->scale[k];
            greatest = fmax(greatest, z);
            least = fmin(least, z);
        }
    if (p != NULL) {
        p[0] = global_p(job->greatest, n_draws, greatest, 1.0);
        p[1] = global_p(job->least, n_draws, least, -1.0);
    }
    for (int64_t d = 0; d < n_draws; d++)
        job->least[d] = -job->least[d];
    qsort(job->greatest, (size_t)n_draws, sizeof(double), rising);
    qsort(job->least, (size_t)n_draws, sizeof(double), rising);
    const double up = beyond(job->greatest, n_draws, 0.5 * alpha);
    const double down = beyond(job->least, n_draws, 0.5 * alpha);
    for (int64_t k = 0; k < n; k++) {
        spk_jitter_band *band = &bands[job->bins.is_mirrored ? n - 1 - k : k];
        const double deviation = job->scale[k] > 0.0 ? 1.0 / job->scale[k] : 0.0;
        int64_t above = 0, below = 0;
        for (int32_t w = 0; w < n_workers; w++) {
            above += job->counters[(3 * w + 1) * n + k];
            below += job->counters[(3 * w + 2) * n + k];
        }
        *band = (spk_jitter_band){
            .count = job->observed[k],
            .expected = job->mean[k],
            .variance = deviation * deviation,
            .p_upper = (double)(1 + above) / (double)(n_draws + 1),
            .p_lower = (double)(1 + below) / (double)(n_draws + 1),
            .global_upper = job->mean[k] + (deviation > 0.0 ? up * deviation : 0.0),
            .global_lower = job->mean[k] - (deviation > 0.0 ? down * deviation : 0.0),
        };
    }
}

/* The exact moments. */
static spk_status find_moments(spk_context *ctx, draw_job *job, const spk_trains *trains,
                               int32_t reference, int32_t target, double *room)
{
    spk__jitter_gather gather;
    spk_status status = spk__jitter_gather_create(ctx, &job->bins, room, &gather);
    if (status == SPK_OK)
        status = spk__jitter_gather_pair(&gather, trains, reference, target);
    for (int64_t k = 0; k < job->bins.n && status == SPK_OK; k++) {
        double variance;
        spk__jitter_sum_moments(&gather.sums[k], &job->mean[k], &variance);
        job->observed[k] = gather.counts[k];
        job->scale[k] = variance > 0.0 ? 1.0 / sqrt(variance) : 0.0;
    }
    spk__jitter_gather_free(&gather);
    return status;
}

static int has_same_runs(const spk_train *a, const spk_train *b)
{
    const size_t bytes = (size_t)a->n_runs * sizeof(int64_t);
    return a->n_runs == b->n_runs &&
           (bytes == 0 || (memcmp(a->run_starts, b->run_starts, bytes) == 0 &&
                           memcmp(a->run_stops, b->run_stops, bytes) == 0));
}

/* Trains in which two units have the runs that they share, and the others none. */
static spk_status cut_to_common(spk_context *ctx, const spk_trains *trains, int32_t low,
                                int32_t high, spk_trains **cut)
{
    const spk_spikes *spikes = spk_trains_spikes(trains);
    const spk_train a = spk_trains_unit(trains, low), b = spk_trains_unit(trains, high);
    const int64_t room = a.n_runs + b.n_runs; /* as many as they can share */
    int64_t *offsets = spk__alloc(ctx, spikes->n_units + 1, sizeof *offsets);
    int64_t *starts = spk__alloc(ctx, 4 * room, sizeof *starts);
    spk_status status = SPK_ERR_MEMORY;
    if (offsets == NULL || starts == NULL) {
        status = spk__fail_memory(ctx);
    } else {
        int64_t *stops = starts + 2 * room, n = 0;
        spk__jitter_cursor cursor = {0, 0};
        spk__jitter_run run;
        for (; spk__jitter_next_run(&a, &b, &cursor, &run); n++) {
            starts[n] = run.start;
            stops[n] = run.stop;
        }
        memcpy(starts + n, starts, (size_t)n * sizeof *starts);
        memcpy(stops + n, stops, (size_t)n * sizeof *stops);
        for (int64_t u = 0; u <= spikes->n_units; u++)
            offsets[u] = (u > low ? n : 0) + (u > high ? n : 0);
        const spk_periods periods = {spikes->n_units, offsets, starts, stops};
        spk_trains_options options;
        spk_trains_options_init(&options, sizeof options);
        options.periods = &periods;
        status = spk_trains_create(ctx, spikes, &options, cut);
    }
    spk__free(starts);
    spk__free(offsets);
    return status;
}

static spk_status create_surrogates(spk_context *ctx, const spk_trains *trains,
                                    uint64_t seed, draw_job *job)
{
    spk_surrogates_options options;
    spk_surrogates_options_init(&options, sizeof options);
    options.method = SPK_SURROGATE_JITTER;
    options.seed = seed;
    options.width_s =
        (double)job->bins.interval / spk_trains_spikes(trains)->sampling_rate_hz;
    return spk__surrogates_create_units(ctx, trains, &options, job->unit, job->unit + 1,
                                        &job->surrogates);
}

static spk_status check_draws(spk_context *ctx, const spk_jitter_draws *draws)
{
    const int64_t most = (int64_t)1 << 31;
    SPK_REQUIRE(ctx, draws->struct_size >= sizeof *draws, SPK_ERR_ARGUMENT,
                "draws: not filled by spk_jitter_draws_init()");
    SPK_REQUIRE(ctx, draws->n_draws >= 1 && draws->n_draws <= most, SPK_ERR_ARGUMENT,
                "n_draws must be in 1 .. 2^31, got %" PRId64, draws->n_draws);
    SPK_REQUIRE(ctx, draws->alpha > 0.0 && draws->alpha < 1.0, SPK_ERR_ARGUMENT,
                "alpha must be between 0 and 1, got %g", draws->alpha);
    return SPK_OK;
}

spk_status spk_jitter_monte_carlo(spk_context *ctx, const spk_trains *trains,
                                  int32_t reference, int32_t target,
                                  const spk_jitter_options *options,
                                  const spk_jitter_draws *draws, spk_jitter_band *bands,
                                  double *p)
{
    const int32_t pair[1][2] = {{reference, target}};
    spk_jitter_draws defaults;
    spk_jitter_layout layout;
    spk_jitter_draws_init(&defaults, sizeof defaults);
    draws = draws == NULL ? &defaults : draws;
    spk_status status = check_draws(ctx, draws);
    if (status == SPK_OK)
        status = spk__jitter_check(ctx, trains, pair, 1, options, &layout);
    if (status != SPK_OK)
        return status;
    const int64_t n = layout.n_tests, n_draws = draws->n_draws;
    SPK_REQUIRE(ctx, n == 0 || bands != NULL, SPK_ERR_ARGUMENT, "bands is NULL");

    const int32_t side = options == NULL ? SPK_JITTER_TARGET : options->jittered;
    const int moves = side == SPK_JITTER_TARGET;
    const int64_t n_tasks = (n_draws + DRAWS_A_TASK - 1) / DRAWS_A_TASK;
    const int32_t n_workers = spk__parallel_workers(ctx, n_tasks);
    draw_job job = {
        .ctx = ctx,
        .bins = spk__jitter_make_bins(&layout, side, layout.first_test, n),
        .n_draws = n_draws,
        .unit = pair[0][moves],
        .moved = spk_trains_unit(trains, pair[0][moves]),
        .fixed = spk_trains_unit(trains, pair[0][1 - moves]),
    };
    spk_trains *cut = NULL;
    if (!has_same_runs(&job.moved, &job.fixed)) {
        status = cut_to_common(ctx, trains, reference < target ? reference : target,
                               reference < target ? target : reference, &cut);
        if (status != SPK_OK)
            return status;
        trains = cut;
        job.moved = spk_trains_unit(trains, pair[0][moves]);
        job.fixed = spk_trains_unit(trains, pair[0][1 - moves]);
    }
    const int64_t bytes = spk__jitter_room(&job.bins);
    double *room = spk__alloc(ctx, bytes, 1);
    job.samples = spk__alloc(ctx, n_workers, (size_t)job.moved.n_spikes * 8);
    job.observed = spk__alloc(ctx, n, sizeof *job.observed);
    job.mean = spk__alloc(ctx, 2 * n, sizeof *job.mean);
    job.greatest = spk__alloc(ctx, 2 * n_draws, sizeof *job.greatest);
    job.counters = spk__alloc_zero(ctx, 3 * n * n_workers, sizeof *job.counters);
    if (room == NULL || job.samples == NULL || job.observed == NULL || job.mean == NULL ||
        job.greatest == NULL || job.counters == NULL) {
        status = spk__fail_memory(ctx);
        goto cleanup;
    }
    job.scale = job.mean + n;
    job.least = job.greatest + n_draws;
    if ((status = find_moments(ctx, &job, trains, reference, target, room)) != SPK_OK ||
        (status = create_surrogates(ctx, trains, draws->seed, &job)) != SPK_OK)
        goto cleanup;
    if ((status = spk__parallel_for(ctx, n_tasks, draw_some, &job, "jitter")) != SPK_OK)
        goto cleanup;
    conclude(&job, n_workers, draws->alpha, bands, p);
cleanup:
    spk_surrogates_destroy(job.surrogates);
    spk__free(job.counters);
    spk__free(job.greatest);
    spk__free(job.mean);
    spk__free(job.observed);
    spk__free(job.samples);
    spk__free(room);
    spk_trains_destroy(cut);
    return status;
}
