/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * All pairs of all units at once: each pair of spikes is counted once, from the earlier
 * spike, into the row of that spike's unit. A finished row i gives one half of every [i][j],
 * which lies in a row of the result, and the other half of every [j][i], which lies across
 * it; a few rows are finished together so that those writes come in runs. No two rows write
 * the same element except in the shared bin: its two halves are added, or compared, under a
 * lock for some rows of the result. Either order gives the same integers.
 */
#include "correlation/correlogram_rows.h"

#include "base/check.h"
#include "base/memory.h"
#include "base/parallel.h"

#include <string.h>

enum {
    BLOCK_BYTES = 3 << 20,     /* counters of the rows that one task finishes together */
    BLOCK_ROWS = 32,           /* and at most this many of them */
    MOST_REFERENCES = 1 << 17, /* spikes in a task: some tens of milliseconds */
    LEAST_REFERENCES = 1 << 13,
    CENTRE_ROWS = 16,
    N_LOCKS = 64
};

typedef struct block {
    int64_t first;
    int64_t last;
} block;

typedef struct cube_state {
    spk_context *ctx;
    const spk__correlogram_job *job;
    const spk__row_group *group;
    const block *blocks;
    int64_t *counts;
    spk__row_scratch scratch; /* counters of a block of rows; centres of the half along a
                               * row, and of the half across */
    pthread_mutex_t *locks;   /* [N_LOCKS] of the shared bins in each row of the result */
} cube_state;

/* The half of row `row` that lies along it: all its pairs with a later partner. */
static spk__correlogram_run along(const cube_state *state, int64_t row,
                                  const uint32_t *counters, int64_t *centres)
{
    const spk__correlogram_bins *bins = &state->job->bins;
    int64_t n = state->job->layout.n_columns;
    return (spk__correlogram_run){.n = n,
                                  .counters = counters,
                                  .counters_step = bins->stride,
                                  .counts = state->counts + row * n * bins->n_bins,
                                  .counts_step = bins->n_bins,
                                  .centres = centres};
}

/* The same pairs seen from their partners: in row j, columns first_row and on. */
static spk__correlogram_run across(const cube_state *state, int64_t j, int64_t first_row,
                                   int64_t n_rows, const uint32_t *counters,
                                   int64_t *centres)
{
    const spk__correlogram_bins *bins = &state->job->bins;
    int64_t n = state->job->layout.n_columns;
    return (spk__correlogram_run){.n = n_rows,
                                  .counters = counters + j * bins->stride,
                                  .counters_step = state->job->kernel.n_counters,
                                  .counts =
                                      state->counts + (j * n + first_row) * bins->n_bins,
                                  .counts_step = bins->n_bins,
                                  .centres = centres};
}

static void merge_centres(const cube_state *state, int64_t row,
                          const spk__correlogram_run *run)
{
    pthread_mutex_t *lock = &state->locks[row % N_LOCKS];
    pthread_mutex_lock(lock);
    spk__correlogram_merge_centres(&state->job->bins, run);
    pthread_mutex_unlock(lock);
}

/* Counts one row's pairs; a row whose 32-bit counters might fill up in several parts. */
static spk_status count_row_in_parts(const cube_state *state, int64_t row, int32_t worker)
{
    const spk__correlogram_job *job = state->job;
    const spk__correlogram_bins *bins = &job->bins;
    const spk__row_group *group = state->group;
    uint32_t *counters = state->scratch.counters[worker];
    int64_t *centres = state->scratch.centres[worker];
    int64_t n = job->layout.n_columns;
    int64_t begin = group->offsets[row - group->first];
    int64_t end = group->offsets[row - group->first + 1];
    int add = 0;

    memset(centres, 0, 2 * (size_t)n * sizeof *centres);
    spk__correlogram_run rows = along(state, row, counters, centres);
    do {
        int64_t part = end - begin;
        if (part > job->flush_references)
            part = job->flush_references;
        memset(counters, 0, (size_t)job->kernel.n_counters * sizeof *counters);
        spk_status status = spk__correlogram_count_partners(
            state->ctx, job, 1, group->references + begin, part, worker, counters);
        if (status != SPK_OK)
            return status;
        spk__correlogram_write(bins, bins->later_ascends, add, &rows);
        for (int64_t j = 0; j < n; j++) {
            spk__correlogram_run column =
                across(state, j, row, 1, counters, &centres[n + j]);
            spk__correlogram_write(bins, !bins->later_ascends, add, &column);
        }
        begin += part;
        add = 1;
    } while (begin < end);
    merge_centres(state, row, &rows);
    for (int64_t j = 0; j < n; j++) {
        spk__correlogram_run column = across(state, j, row, 1, counters, &centres[n + j]);
        merge_centres(state, j, &column);
    }
    return SPK_OK;
}

static spk_status block_task(void *argument, int64_t task, int32_t worker)
{
    const cube_state *state = argument;
    const spk__correlogram_job *job = state->job;
    const spk__correlogram_bins *bins = &job->bins;
    const spk__row_group *group = state->group;
    const block *rows = &state->blocks[task];
    int64_t n_rows = rows->last - rows->first;
    int64_t n = job->layout.n_columns;
    uint32_t *counters = state->scratch.counters[worker];
    int64_t *centres = state->scratch.centres[worker];
    spk_status status;
    int64_t n_references = group->offsets[rows->last - group->first] -
                           group->offsets[rows->first - group->first];

    if (n_references > job->flush_references) {
        for (int64_t row = rows->first; row < rows->last; row++)
            if ((status = count_row_in_parts(state, row, worker)) != SPK_OK)
                return status;
        return SPK_OK;
    }
    memset(counters, 0, (size_t)n_rows * job->kernel.n_counters * sizeof *counters);
    for (int64_t row = rows->first; row < rows->last; row++) {
        uint32_t *mine = counters + (size_t)(row - rows->first) * job->kernel.n_counters;
        int64_t begin = group->offsets[row - group->first];
        status = spk__correlogram_count_partners(
            state->ctx, job, 1, group->references + begin,
            group->offsets[row - group->first + 1] - begin, worker, mine);
        if (status != SPK_OK)
            return status;
        memset(centres, 0, (size_t)n * sizeof *centres);
        spk__correlogram_run run = along(state, row, mine, centres);
        spk__correlogram_write(bins, bins->later_ascends, 0, &run);
        merge_centres(state, row, &run);
    }
    for (int64_t j = 0; j < n; j++) {
        memset(centres, 0, (size_t)n_rows * sizeof *centres);
        spk__correlogram_run run =
            across(state, j, rows->first, n_rows, counters, centres);
        spk__correlogram_write(bins, !bins->later_ascends, 0, &run);
        merge_centres(state, j, &run);
    }
    return SPK_OK;
}

static spk_status clear_centres_task(void *argument, int64_t task, int32_t worker)
{
    const cube_state *state = argument;
    const spk__correlogram_bins *bins = &state->job->bins;
    int64_t n = state->job->layout.n_columns;
    int64_t last = (task + 1) * CENTRE_ROWS < n ? (task + 1) * CENTRE_ROWS : n;
    (void)worker;
    for (int64_t pair = task * CENTRE_ROWS * n; pair < last * n; pair++)
        state->counts[pair * bins->n_bins + bins->centre] = 0;
    return SPK_OK;
}

/* Cuts a group into blocks of rows. Large ones first, since rows finished together are
 * written faster; small ones last, so that all workers finish at about the same time. */
static int64_t make_blocks(const spk__row_group *group, int64_t most_rows,
                           int32_t n_workers, block *blocks)
{
    const int64_t *offsets = group->offsets;
    int64_t n_rows = group->last - group->first;
    int64_t n_blocks = 0;
    for (int64_t row = 0; row < n_rows;) {
        int64_t most = (offsets[n_rows] - offsets[row]) / (6 * (int64_t)n_workers);
        most = most > MOST_REFERENCES    ? MOST_REFERENCES
               : most < LEAST_REFERENCES ? LEAST_REFERENCES
                                         : most;
        int64_t last = row + 1;
        while (last < n_rows && last - row < most_rows &&
               offsets[last + 1] - offsets[row] <= most)
            last++;
        blocks[n_blocks++] = (block){group->first + row, group->first + last};
        row = last;
    }
    return n_blocks;
}

spk_status spk__correlogram_count_cube(spk_context *ctx, const spk__correlogram_job *job,
                                       int64_t *counts)
{
    spk_status status = SPK_OK;
    int64_t n = job->layout.n_rows;
    int64_t row_bytes = (int64_t)job->kernel.n_counters * (int64_t)sizeof(uint32_t);
    int64_t most_rows = BLOCK_BYTES / row_bytes;
    spk__row_group group = {.offsets = NULL};
    pthread_mutex_t locks[N_LOCKS];
    cube_state state = {.ctx = ctx, .job = job, .counts = counts, .locks = locks};

    for (int l = 0; l < N_LOCKS; l++)
        pthread_mutex_init(&locks[l], NULL); /* never fails for a plain mutex on Linux */
    most_rows = most_rows < 1 ? 1 : most_rows > BLOCK_ROWS ? BLOCK_ROWS : most_rows;
    block *blocks = spk__alloc(ctx, n, sizeof *blocks);
    state.blocks = blocks;
    if (blocks == NULL) {
        status = spk__fail_memory(ctx);
        goto cleanup;
    }
    status = spk__row_scratch_create(ctx, spk__parallel_workers(ctx, n),
                                     most_rows * (int64_t)job->kernel.n_counters, 2 * n,
                                     &state.scratch);
    if (status != SPK_OK)
        goto cleanup;
    status = spk__parallel_for(ctx, (n + CENTRE_ROWS - 1) / CENTRE_ROWS,
                               clear_centres_task, &state, NULL);
    if (status != SPK_OK)
        goto cleanup;
    for (int64_t row = 0; row < n; row = group.last) {
        spk__row_group_destroy(&group);
        if ((status = spk__row_group_create(ctx, job, row, n, &group)) != SPK_OK)
            goto cleanup;
        state.group = &group;
        status = spk__parallel_for_part(
            ctx, make_blocks(&group, most_rows, state.scratch.n_workers, blocks),
            block_task, &state, "correlograms", (double)group.first / (double)n,
            (double)group.last / (double)n);
        if (status != SPK_OK)
            goto cleanup;
    }

cleanup:
    spk__row_group_destroy(&group);
    spk__row_scratch_destroy(&state.scratch);
    spk__free(blocks);
    for (int l = 0; l < N_LOCKS; l++)
        pthread_mutex_destroy(&locks[l]);
    return status;
}

spk_status spk_correlogram_count(spk_context *ctx, const spk_spikes *spikes,
                                 const spk_correlogram_options *given, int64_t *counts)
{
    spk_correlogram_options options;
    spk__correlogram_layout layout;
    spk__correlogram_job job;
    int64_t length;
    spk_status status = spk__correlogram_check(ctx, spikes, given, &options);
    if (status != SPK_OK)
        return status;
    if ((status = spk_correlogram_length(ctx, spikes, &options, &length)) != SPK_OK)
        return status;
    SPK_REQUIRE(ctx, counts != NULL || length == 0, SPK_ERR_ARGUMENT,
                "counts must not be NULL");
    if (length == 0)
        return SPK_OK;
    spk__correlogram_layout_init(&layout, spikes, &options);
    if (options.convention == SPK_CORRELOGRAM_PYNAPPLE)
        return spk__correlogram_count_seconds(ctx, spikes, &options, 0, layout.n_rows,
                                              counts, NULL, NULL);
    if (layout.rows != NULL || layout.columns != NULL)
        return spk__correlogram_count_row_range(ctx, spikes, &options, 0, layout.n_rows,
                                                counts, NULL, NULL);
    if ((status = spk__correlogram_job_create(ctx, spikes, &options, &layout, &job)) !=
        SPK_OK)
        return status;
    status = spk__correlogram_count_cube(ctx, &job, counts);
    spk__correlogram_job_destroy(&job);
    return status;
}
