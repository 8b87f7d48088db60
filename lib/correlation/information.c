/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How often any set of the variables is 1 at once is the number of bits in the and of their
 * rows; how often exactly a set is, follows by differences. So a pair and a delay cost a count
 * of bits for each set that has a bit of the target and one of the source, and no bin is ever
 * looked at alone.
 *
 * A task takes a few sources, each at all delays, the "streams". It goes through the
 * recording by tiles that fit the first cache, through all targets in a tile, and through all
 * streams for a target.
 */
#include "base/check.h"
#include "base/memory.h"
#include "base/parallel.h"
#include "correlation/information_bits.h"
#include "correlation/information_cells.h"
#include "correlation/information_options.h"
#include "spikes/surrogates_state.h"

#include <inttypes.h>
#include <math.h>
#include <spikekit/information.h>
#include <string.h>

enum {
    MOST_CELLS = 1 << (SPK__MOST_TARGET_HISTORY + 1 + SPK__MOST_SOURCE_HISTORY),
    STREAMS = 32,         /* of a task, unless a source alone has more */
    TILE = 512,           /* words */
    MOST_COUNTS = 1 << 22 /* of a task, unless a source alone has more */
};

static const int64_t MOST_BINS = (int64_t)1 << 40;

/* ---- the work ---- */

typedef struct information_job {
    spk_context *ctx;
    const spk_trains *trains;
    spk_surrogates *surrogates; /* NULL without */
    spk__bit_frame frame;
    int64_t n_units, first_unit, last_unit;
    int64_t first_delay, n_delays, n_surrogates;
    int32_t bias;
    int n_target, n_source; /* variables: the present and past, the source */
    int64_t sources_at_once;
    uint64_t *rows;         /* [n_units][row] */
    int64_t *target_counts; /* [n_units][n_delays][1 << n_target] */
    double *information, *p;
} information_job;

/* What a task needs, made anew for each: the sets of a source are without the empty one. */
typedef struct information_task {
    const information_job *job;
    int64_t first_source, n_sources;
    uint64_t *source_rows;  /* [n_sources][row] */
    uint64_t *target_tile;  /* [target sets][TILE] */
    uint64_t *source_tile;  /* [streams][source sets][TILE] */
    int64_t *counts;        /* [streams][n_units][source sets][target sets] */
    int64_t *source_counts; /* [streams][source sets] */
    double *largest;        /* [n_sources][n_units] of the source itself */
    double *sums;           /* [n_sources][n_units][n_delays] over surrogates */
    int64_t *n_as_large;    /* [n_sources][n_units] */
} information_task;

static int64_t row_length(const information_job *job)
{
    return spk__bit_row(&job->frame);
}

/* Bins that the past of a bin reaches back at the d-th delay. */
static int64_t history(const information_job *job, int64_t d)
{
    const int64_t target = job->n_target - 1;
    const int64_t source = job->first_delay + d + job->n_source - 1;
    return target > source ? target : source;
}

/* Each set of variables as the and of a smaller one with the variable added. */
static void make_sets(uint64_t *tiles, int n_variables, int64_t n)
{
    for (int m = 1; m < 1 << n_variables; m++)
        if ((m & (m - 1)) != 0)
            spk__bits_and(n, tiles + (int64_t)(m & (m - 1)) * TILE,
                          tiles + (int64_t)(m & -m) * TILE, tiles + (int64_t)m * TILE);
}

static void make_target_sets(const information_job *job, int64_t unit, int64_t first,
                             int64_t n, uint64_t *tiles)
{
    for (int v = 0; v < job->n_target; v++)
        spk__bits_shift(&job->frame, job->rows + unit * row_length(job), v, first, n,
                        tiles + ((int64_t)TILE << v));
    make_sets(tiles, job->n_target, n);
}

/* Of the bins that have a whole past; these themselves stand for the empty set. */
static void make_source_sets(const information_job *job, const uint64_t *row, int64_t d,
                             int64_t first, int64_t n, uint64_t *tiles)
{
    spk__bits_valid(&job->frame, history(job, d), first, n, tiles);
    for (int v = 0; v < job->n_source; v++) {
        uint64_t *tile = tiles + ((int64_t)TILE << v);
        spk__bits_shift(&job->frame, row, job->first_delay + d + v, first, n, tile);
        spk__bits_and(n, tile, tiles, tile);
    }
    make_sets(tiles, job->n_source, n);
}

/* Of one target: its sets alone, at every delay. */
static spk_status count_target(void *state, int64_t unit, int32_t worker)
{
    const information_job *job = state;
    const int n_sets = 1 << job->n_target;
    int64_t *counts = job->target_counts + unit * job->n_delays * n_sets;
    (void)worker;
    uint64_t valid[TILE];
    uint64_t *tiles = spk__alloc(job->ctx, n_sets, TILE * sizeof *tiles);
    if (tiles == NULL)
        return spk__fail_memory(job->ctx);
    memset(counts, 0, (size_t)(job->n_delays * n_sets) * sizeof *counts);
    for (int64_t w = 0; w < job->frame.n_words; w += TILE) {
        const int64_t left = job->frame.n_words - w, n = left < TILE ? left : TILE;
        make_target_sets(job, unit, w, n, tiles);
        for (int64_t d = 0; d < job->n_delays; d++) {
            spk__bits_valid(&job->frame, history(job, d), w, n, valid);
            counts[d * n_sets] += spk__bits_count(n, valid);
            for (int m = 1; m < n_sets; m++)
                counts[d * n_sets + m] +=
                    spk__bits_count_and(n, tiles + (int64_t)m * TILE, valid);
        }
    }
    spk__free(tiles);
    return SPK_OK;
}

/* Of all streams of a task, alone and with all targets. */
static void count_tile(information_task *task, int64_t first, int64_t n)
{
    const information_job *job = task->job;
    const int n_target_sets = 1 << job->n_target, n_source_sets = 1 << job->n_source;
    const int64_t n_streams = task->n_sources * job->n_delays;
    for (int64_t s = 0; s < n_streams; s++) {
        uint64_t *tiles = task->source_tile + s * n_source_sets * TILE;
        make_source_sets(job, task->source_rows + s / job->n_delays * row_length(job),
                         s % job->n_delays, first, n, tiles);
        for (int c = 1; c < n_source_sets; c++)
            task->source_counts[s * n_source_sets + c] +=
                spk__bits_count(n, tiles + (int64_t)c * TILE);
    }
    for (int64_t u = 0; u < job->n_units; u++) {
        make_target_sets(job, u, first, n, task->target_tile);
        for (int64_t s = 0; s < n_streams; s++) {
            int64_t *counts =
                task->counts + (s * job->n_units + u) * n_source_sets * n_target_sets;
            for (int c = 1; c < n_source_sets; c++) {
                const uint64_t *source =
                    task->source_tile + (s * n_source_sets + c) * TILE;
                for (int m = 1; m < n_target_sets; m++)
                    counts[c * n_target_sets + m] += spk__bits_count_and(
                        n, source, task->target_tile + (int64_t)m * TILE);
            }
        }
    }
}

/* The plug-in estimate of a source, a target and a delay, and the patterns that occur. */
static double estimate(const information_task *task, int64_t source, int64_t unit,
                       int64_t d, int64_t *n, int64_t *patterns)
{
    const information_job *job = task->job;
    const int n_target_sets = 1 << job->n_target, n_source_sets = 1 << job->n_source;
    const int64_t stream = source * job->n_delays + d;
    int64_t counts[MOST_CELLS];
    memcpy(counts, job->target_counts + (unit * job->n_delays + d) * n_target_sets,
           (size_t)n_target_sets * sizeof *counts);
    memcpy(counts + n_target_sets,
           task->counts + (stream * job->n_units + unit) * n_source_sets * n_target_sets +
               n_target_sets,
           (size_t)((n_source_sets - 1) * n_target_sets) * sizeof *counts);
    for (int c = 1; c < n_source_sets; c++)
        counts[c * n_target_sets] = task->source_counts[stream * n_source_sets + c];
    *n = counts[0];
    return spk__information_of(counts, job->n_target, job->n_source, patterns);
}

/* Surrogate k of the sources, or the sources themselves for k = -1. */
static spk_status set_sources(information_task *task, int64_t k)
{
    const information_job *job = task->job;
    spk_status status = SPK_OK;
    for (int64_t s = 0; s < task->n_sources && status == SPK_OK; s++) {
        const int64_t unit = task->first_source + s;
        uint64_t *row = task->source_rows + s * row_length(job);
        if (k < 0) {
            memcpy(row, job->rows + unit * row_length(job),
                   (size_t)row_length(job) * sizeof *row);
            continue;
        }
        int64_t n = spk_surrogates_room(job->surrogates, unit, k);
        int64_t *samples = spk__alloc(job->ctx, n, sizeof *samples);
        if (samples == NULL)
            return spk__fail_memory(job->ctx);
        status = spk_surrogates_draw(job->ctx, job->surrogates, unit, k, samples, &n);
        if (status == SPK_OK)
            spk__bits_set(&job->frame, n, samples, row);
        spk__free(samples);
    }
    return status;
}

static void take_pair(information_task *task, int64_t k, int64_t source, int64_t unit)
{
    const information_job *job = task->job;
    const int64_t pair = source * job->n_units + unit;
    double *out =
        job->information +
        ((task->first_source - job->first_unit) * job->n_units + pair) * job->n_delays;
    double largest = -1.0;
    for (int64_t d = 0; d < job->n_delays; d++) {
        int64_t n, patterns;
        const double value = task->first_source + source == unit
                                 ? NAN
                                 : estimate(task, source, unit, d, &n, &patterns);
        if (value > largest)
            largest = value;
        if (k < 0)
            out[d] =
                value + (job->bias == SPK_INFORMATION_MILLER_MADOW && value == value
                             ? (double)patterns / (2.0 * (double)n * 0.69314718055994531)
                             : 0.0);
        else
            task->sums[pair * job->n_delays + d] += value;
    }
    if (k < 0)
        task->largest[pair] = largest;
    else
        task->n_as_large[pair] += largest >= task->largest[pair];
}

static spk_status count_sources(information_task *task)
{
    const information_job *job = task->job;
    const int64_t n_sets = (int64_t)1 << (job->n_target + job->n_source);
    const int64_t n_pairs = task->n_sources * job->n_units;
    spk_status status = SPK_OK;
    for (int64_t k = -1; k < job->n_surrogates; k++) {
        if ((status = set_sources(task, k)) != SPK_OK)
            return status;
        memset(task->counts, 0,
               (size_t)(n_pairs * job->n_delays * n_sets) * sizeof *task->counts);
        memset(task->source_counts, 0,
               (size_t)((task->n_sources * job->n_delays) << job->n_source) *
                   sizeof *task->source_counts);
        for (int64_t w = 0; w < job->frame.n_words; w += TILE) {
            const int64_t left = job->frame.n_words - w;
            count_tile(task, w, left < TILE ? left : TILE);
        }
        for (int64_t s = 0; s < task->n_sources; s++)
            for (int64_t u = 0; u < job->n_units; u++)
                take_pair(task, k, s, u);
    }
    return SPK_OK;
}

/* The mean of surrogates off, and p. */
static void finish_sources(const information_task *task)
{
    const information_job *job = task->job;
    const int64_t first = (task->first_source - job->first_unit) * job->n_units;
    for (int64_t pair = 0; pair < task->n_sources * job->n_units; pair++) {
        double *out = job->information + (first + pair) * job->n_delays;
        for (int64_t d = 0; job->bias == SPK_INFORMATION_SURROGATES && d < job->n_delays;
             d++)
            out[d] -= task->sums[pair * job->n_delays + d] / (double)job->n_surrogates;
        if (job->p != NULL)
            job->p[first + pair] = job->n_surrogates == 0 || task->largest[pair] < 0.0
                                       ? NAN
                                       : (double)(1 + task->n_as_large[pair]) /
                                             (double)(1 + job->n_surrogates);
    }
}

static spk_status run_task(void *state, int64_t number, int32_t worker)
{
    const information_job *job = state;
    const int64_t n_sets = (int64_t)1 << (job->n_target + job->n_source);
    information_task task = {
        .job = job, .first_source = job->first_unit + number * job->sources_at_once};
    spk_status status = SPK_OK;
    (void)worker;
    task.n_sources = job->last_unit - task.first_source;
    if (task.n_sources > job->sources_at_once)
        task.n_sources = job->sources_at_once;
    const int64_t n_pairs = task.n_sources * job->n_units;
    const int64_t n_streams = task.n_sources * job->n_delays;
    task.source_rows = spk__alloc(job->ctx, task.n_sources,
                                  (size_t)row_length(job) * sizeof *task.source_rows);
    task.target_tile =
        spk__alloc(job->ctx, (int64_t)TILE << job->n_target, sizeof *task.target_tile);
    task.source_tile = spk__alloc(job->ctx, n_streams * ((int64_t)TILE << job->n_source),
                                  sizeof *task.source_tile);
    task.counts =
        spk__alloc(job->ctx, n_pairs * job->n_delays * n_sets, sizeof *task.counts);
    task.source_counts =
        spk__alloc(job->ctx, n_streams << job->n_source, sizeof *task.source_counts);
    task.largest = spk__alloc(job->ctx, n_pairs, sizeof *task.largest);
    task.sums = spk__alloc_zero(job->ctx, n_pairs * job->n_delays, sizeof *task.sums);
    task.n_as_large = spk__alloc_zero(job->ctx, n_pairs, sizeof *task.n_as_large);
    if (task.source_rows == NULL || task.target_tile == NULL ||
        task.source_tile == NULL || task.counts == NULL || task.source_counts == NULL ||
        task.largest == NULL || task.sums == NULL || task.n_as_large == NULL) {
        status = spk__fail_memory(job->ctx);
        goto cleanup;
    }
    if ((status = count_sources(&task)) == SPK_OK)
        finish_sources(&task);
cleanup:
    spk__free(task.n_as_large);
    spk__free(task.sums);
    spk__free(task.largest);
    spk__free(task.source_counts);
    spk__free(task.counts);
    spk__free(task.source_tile);
    spk__free(task.target_tile);
    spk__free(task.source_rows);
    return status;
}

/* ---- the frame ---- */

static spk_status check_runs(spk_context *ctx, const spk_trains *trains, int64_t n_units)
{
    const spk_train first = spk_trains_unit(trains, 0);
    for (int64_t u = 1; u < n_units; u++) {
        const spk_train train = spk_trains_unit(trains, u);
        SPK_REQUIRE(ctx, spk__trains_same_runs(&train, &first), SPK_ERR_ARGUMENT,
                    "trains: expected the same runs for all units, found others for unit "
                    "%" PRId64 " (group them without periods)",
                    u);
    }
    return SPK_OK;
}

static spk_status make_frame(information_job *job, double bin_s)
{
    const spk_train train = spk_trains_unit(job->trains, 0);
    const double rate_hz = spk_trains_spikes(job->trains)->sampling_rate_hz;
    spk__bit_frame *frame = &job->frame;
    frame->bin = (int64_t)fmin(fmax(rint(bin_s * rate_hz), 1.0), 0x1p53);
    frame->n_runs = train.n_runs;
    frame->run_starts = train.run_starts;
    frame->run_bins = spk__alloc(job->ctx, train.n_runs + 1, sizeof *frame->run_bins);
    if (frame->run_bins == NULL)
        return spk__fail_memory(job->ctx);
    frame->run_bins[0] = 0;
    for (int64_t r = 0; r < train.n_runs; r++) {
        const uint64_t n =
            ((uint64_t)train.run_stops[r] - (uint64_t)train.run_starts[r]) /
            (uint64_t)frame->bin;
        if (n >= (uint64_t)(MOST_BINS - frame->run_bins[r]))
            return spk__fail(job->ctx, SPK_ERR_OVERFLOW,
                             "the recording has 2^40 bins of %g s or more", bin_s);
        frame->run_bins[r + 1] = frame->run_bins[r] + (int64_t)n;
    }
    frame->n_bins = frame->run_bins[train.n_runs];
    frame->n_words = (frame->n_bins + 63) / 64;
    frame->pad = (job->first_delay + job->n_delays + job->n_source) / 64 + 2;
    return SPK_OK;
}

static spk_status set_row(void *state, int64_t unit, int32_t worker)
{
    const information_job *job = state;
    const spk_train train = spk_trains_unit(job->trains, unit);
    (void)worker;
    spk__bits_set(&job->frame, train.n_spikes, train.samples,
                  job->rows + unit * row_length(job));
    return SPK_OK;
}

static spk_status prepare(information_job *job, double bin_s)
{
    spk_status status = make_frame(job, bin_s);
    if (status != SPK_OK)
        return status;
    const size_t row_size = (size_t)row_length(job) * sizeof *job->rows;
    job->rows = spk__alloc(job->ctx, job->n_units, row_size);
    job->target_counts =
        spk__alloc(job->ctx, (job->n_units * job->n_delays) << job->n_target,
                   sizeof *job->target_counts);
    if (job->rows == NULL || job->target_counts == NULL)
        return spk__fail_memory(job->ctx);
    if ((status = spk__parallel_for(job->ctx, job->n_units, set_row, job, NULL)) ==
        SPK_OK)
        status = spk__parallel_for(job->ctx, job->n_units, count_target, job, NULL);
    return status;
}

static spk_status make_surrogates(information_job *job,
                                  const spk_information_options *options)
{
    spk_surrogates_options shift;
    spk_surrogates_options_init(&shift, sizeof shift);
    shift.method = SPK_SURROGATE_TRAIN_DITHER;
    shift.width_s = INFINITY;
    if (options->n_surrogates == 0)
        return SPK_OK;
    return spk_surrogates_create(
        job->ctx, job->trains, options->surrogates != NULL ? options->surrogates : &shift,
        &job->surrogates);
}

/* So many that a target's tile is read for several, and their counts stay small. */
static int64_t count_sources_at_once(const information_job *job)
{
    const int64_t each = (job->n_delays * job->n_units)
                         << (job->n_target + job->n_source);
    const int64_t most = MOST_COUNTS / each;
    const int64_t n = STREAMS / job->n_delays < most ? STREAMS / job->n_delays : most;
    return n < 1 ? 1 : n;
}

static spk_status run(spk_context *ctx, const spk_trains *trains,
                      const spk_information_options *options, int is_transfer,
                      int64_t first_unit, int64_t last_unit, double *information,
                      double *p)
{
    spk_information_options used;
    spk_information_options_init(&used, sizeof used);
    SPK_REQUIRE(ctx, trains != NULL, SPK_ERR_ARGUMENT, "trains is NULL");
    SPK_REQUIRE(ctx, options == NULL || options->struct_size >= sizeof *options,
                SPK_ERR_ARGUMENT,
                "options: not filled by spk_information_options_init()");
    if (options != NULL)
        used = *options;
    spk_status status = spk__information_options_check(ctx, &used, is_transfer);
    options = &used;
    if (status != SPK_OK)
        return status;
    const int64_t n_units = spk_trains_spikes(trains)->n_units;
    SPK_REQUIRE(ctx, first_unit >= 0 && first_unit <= last_unit && last_unit <= n_units,
                SPK_ERR_ARGUMENT,
                "first_unit, last_unit must be within 0 .. %" PRId64 ", got %" PRId64
                ", %" PRId64,
                n_units, first_unit, last_unit);
    SPK_REQUIRE(ctx, first_unit == last_unit || information != NULL, SPK_ERR_ARGUMENT,
                "the output is NULL");
    if ((status = check_runs(ctx, trains, n_units)) != SPK_OK || first_unit == last_unit)
        return status;
    information_job job = {
        .ctx = ctx,
        .trains = trains,
        .n_units = n_units,
        .first_unit = first_unit,
        .last_unit = last_unit,
        .first_delay = options->first_delay,
        .n_delays = options->last_delay - options->first_delay + 1,
        .n_surrogates = options->n_surrogates,
        .bias = options->bias,
        .n_target = is_transfer ? (int)options->target_history + 1 : 1,
        .n_source = is_transfer ? (int)options->source_history : 1,
        .information = information,
        .p = p,
    };
    job.sources_at_once = count_sources_at_once(&job);
    const int64_t n_sources = last_unit - first_unit;
    if ((status = make_surrogates(&job, options)) != SPK_OK ||
        (status = prepare(&job, options->bin_s)) != SPK_OK)
        goto cleanup;
    status = spk__parallel_for(
        ctx, (n_sources + job.sources_at_once - 1) / job.sources_at_once, run_task, &job,
        is_transfer ? "transfer entropy" : "mutual information");
cleanup:
    spk__free(job.target_counts);
    spk__free(job.rows);
    spk__free(job.frame.run_bins);
    spk_surrogates_destroy(job.surrogates);
    return status;
}

spk_status spk_mutual_information_estimate(spk_context *ctx, const spk_trains *trains,
                                           const spk_information_options *options,
                                           int64_t first_unit, int64_t last_unit,
                                           double *information, double *p)
{
    return run(ctx, trains, options, 0, first_unit, last_unit, information, p);
}

spk_status spk_transfer_entropy_estimate(spk_context *ctx, const spk_trains *trains,
                                         const spk_information_options *options,
                                         int64_t first_unit, int64_t last_unit,
                                         double *entropy, double *p)
{
    return run(ctx, trains, options, 1, first_unit, last_unit, entropy, p);
}
