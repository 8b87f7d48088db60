/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Only spikes with a partner within reach of their interval are drawn. A task is a block of
 * draws; it leaves the greatest and the least z of each draw, and adds to its worker's integer
 * tallies, whose sum does not depend on who drew what.
 */
#include "correlation/jitter_gather.h"

#include "base/check.h"
#include "base/memory.h"
#include "base/parallel.h"

#include <inttypes.h>
#include <math.h>
#include <spikekit/random.h>
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

/* A spike that moves among partners. */
typedef struct mover {
    uint64_t spike; /* its number in its unit */
    int64_t start, length;
    const int64_t *fixed;
    int64_t n_fixed;
} mover;

typedef struct draw_job {
    spk__jitter_bins bins;
    int64_t n_draws, n_movers;
    mover *movers;
    spk_random random;
    uint64_t n_spikes;        /* of the unit that moves */
    int64_t *observed;        /* [n] */
    double *mean, *scale;     /* [n] scale: 1 / standard deviation, 0 if that is 0 */
    double *greatest, *least; /* [n_draws] */
    int64_t *counters; /* [workers][3][n] counts of a draw, tallies above and below */
} draw_job;

static void draw(const draw_job *job, int64_t d, int64_t *counts)
{
    const spk__jitter_bins *bins = &job->bins;
    const uint64_t width = (uint64_t)bins->width, all = width * (uint64_t)bins->n;
    memset(counts, 0, (size_t)bins->n * sizeof *counts);
    for (int64_t i = 0; i < job->n_movers; i++) {
        const mover *m = &job->movers[i];
        spk_random random = job->random;
        random.index = (uint64_t)d * job->n_spikes + m->spike;
        int64_t place = (int64_t)(spk_random_uniform(&random) * (double)m->length);
        place = place < m->length ? place : m->length - 1;
        const int64_t x = m->start + place - bins->first;
        for (int64_t f = 0; f < m->n_fixed; f++) {
            const uint64_t lag = (uint64_t)(x - m->fixed[f]);
            if (lag < all) /* which is below 2^32 */
                counts[(uint32_t)lag / (uint32_t)width]++;
        }
    }
}

static spk_status draw_some(void *state, int64_t task, int32_t worker)
{
    const draw_job *job = state;
    const int64_t n = job->bins.n, first = task * DRAWS_A_TASK;
    int64_t *counts = job->counters + worker * 3 * n;
    int64_t *above = counts + n, *below = counts + 2 * n;
    for (int64_t d = first; d < first + DRAWS_A_TASK && d < job->n_draws; d++) {
        double greatest = -INFINITY, least = INFINITY;
        draw(job, d, counts);
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

/* Fills movers, or with NULL counts them. */
static int64_t find_movers(const spk__jitter_bins *bins, const spk_train *moved,
                           const spk_train *fixed, mover *movers)
{
    spk__jitter_cursor cursor = {0, 0};
    spk__jitter_run run;
    int64_t n = 0;
    while (spk__jitter_next_run(moved, fixed, &cursor, &run)) {
        spk__jitter_interval interval;
        while (spk__jitter_next_interval(bins, &run, &interval))
            for (int64_t i = 0; i < interval.n_moved; i++, n++)
                if (movers != NULL)
                    movers[n] = (mover){(uint64_t)(interval.moved + i - moved->samples),
                                        interval.start, interval.length, interval.fixed,
                                        interval.n_fixed};
    }
    return n;
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
    const spk_train moved = spk_trains_unit(trains, pair[0][moves]);
    const spk_train fixed = spk_trains_unit(trains, pair[0][1 - moves]);
    const int64_t n_tasks = (n_draws + DRAWS_A_TASK - 1) / DRAWS_A_TASK;
    const int32_t n_workers = spk__parallel_workers(ctx, n_tasks);
    draw_job job = {
        .bins = spk__jitter_make_bins(&layout, side, layout.first_test, n),
        .n_draws = n_draws,
        .random = {.seed = draws->seed, .stream = (uint32_t)pair[0][moves]},
        .n_spikes = (uint64_t)moved.n_spikes,
    };
    job.n_movers = n == 0 ? 0 : find_movers(&job.bins, &moved, &fixed, NULL);
    const int64_t bytes = spk__jitter_room(&job.bins);
    double *room = spk__alloc(ctx, bytes, 1);
    job.movers = spk__alloc(ctx, job.n_movers, sizeof *job.movers);
    job.observed = spk__alloc(ctx, n, sizeof *job.observed);
    job.mean = spk__alloc(ctx, 2 * n, sizeof *job.mean);
    job.greatest = spk__alloc(ctx, 2 * n_draws, sizeof *job.greatest);
    job.counters = spk__alloc_zero(ctx, 3 * n * n_workers, sizeof *job.counters);
    if (room == NULL || job.movers == NULL || job.observed == NULL || job.mean == NULL ||
        job.greatest == NULL || job.counters == NULL) {
        status = spk__fail_memory(ctx);
        goto cleanup;
    }
    job.scale = job.mean + n;
    job.least = job.greatest + n_draws;
    if (job.n_movers > 0)
        (void)find_movers(&job.bins, &moved, &fixed, job.movers);
    if ((status = find_moments(ctx, &job, trains, reference, target, room)) != SPK_OK)
        goto cleanup;
    if ((status = spk__parallel_for(ctx, n_tasks, draw_some, &job, "jitter")) != SPK_OK)
        goto cleanup;
    conclude(&job, n_workers, draws->alpha, bands, p);
cleanup:
    spk__free(job.counters);
    spk__free(job.greatest);
    spk__free(job.mean);
    spk__free(job.observed);
    spk__free(job.movers);
    spk__free(room);
    return status;
}
