/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Row by row: each row is complete in itself, since the partners of its spikes are counted
 * both after and before. Twice the pairs of the cube's way, but any rows, in any shard, with
 * a few rows of memory.
 */
#include "correlation/correlogram_rows.h"

#include "base/check.h"
#include "base/memory.h"
#include "base/parallel.h"

#include <string.h>

typedef struct rows_state {
    spk_context *ctx;
    const spk__correlogram_job *job;
    spk__row_group group;
    spk__row_emitter *emitter; /* or NULL: straight into counts, or to the visitor */
    spk__correlogram_row_visitor visitor; /* or NULL */
    void *user;                           /* the visitor's */
    int64_t *counts; /* of the first row of all; with a visitor [workers][row length] */
    int64_t first;   /* that row */
    spk__row_scratch scratch; /* counters and centres: of later, then earlier partners */
} rows_state;

static spk_status count_row(const rows_state *state, int64_t row, int32_t worker,
                            int64_t *out)
{
    const spk__correlogram_job *job = state->job;
    const spk__correlogram_bins *bins = &job->bins;
    const spk__row_group *group = &state->group;
    int64_t n_columns = job->layout.n_columns;
    uint32_t *later = state->scratch.counters[worker];
    uint32_t *earlier = later + job->kernel.n_counters;
    int64_t *later_centres = state->scratch.centres[worker];
    int64_t *earlier_centres = later_centres + n_columns;
    spk__correlogram_run run = {.n = n_columns,
                                .counters_step = bins->stride,
                                .counts = out,
                                .counts_step = bins->n_bins,
                                .centres = later_centres};
    int64_t begin = group->offsets[row - group->first];
    int64_t end = group->offsets[row - group->first + 1];
    int add = 0;
    spk_status status;

    memset(later_centres, 0, (size_t)(2 * n_columns) * sizeof *later_centres);
    do {
        int64_t n = end - begin;
        if (n > job->flush_references)
            n = job->flush_references;
        memset(later, 0, 2 * (size_t)job->kernel.n_counters * sizeof *later);
        status = spk__correlogram_count_partners(
            state->ctx, job, 1, group->references + begin, n, worker, later);
        if (status == SPK_OK)
            status = spk__correlogram_count_partners(
                state->ctx, job, 0, group->references + begin, n, worker, earlier);
        if (status != SPK_OK)
            return status;
        run.counters = later;
        spk__correlogram_write(bins, bins->later_ascends, add, &run);
        run.counters = earlier;
        run.centres = earlier_centres;
        spk__correlogram_write(bins, !bins->later_ascends, add, &run);
        run.centres = later_centres;
        begin += n;
        add = 1;
    } while (begin < end);
    for (int64_t c = 0; c < n_columns; c++)
        out[c * bins->n_bins + bins->centre] = 0;
    spk__correlogram_merge_centres(bins, &run);
    run.centres = earlier_centres;
    spk__correlogram_merge_centres(bins, &run);
    return SPK_OK;
}

static spk_status row_task(void *argument, int64_t task, int32_t worker)
{
    rows_state *state = argument;
    int64_t row = state->group.first + task;
    int64_t row_length = state->job->layout.n_columns * state->job->bins.n_bins;

    if (state->visitor != NULL) {
        int64_t *own = state->counts + worker * row_length;
        const spk_status counted = count_row(state, row, worker, own);
        return counted == SPK_OK ? state->visitor(state->user, row, own, worker)
                                 : counted;
    }
    if (state->emitter == NULL)
        return count_row(state, row, worker,
                         state->counts + (row - state->first) * row_length);
    int64_t *out = spk__row_emitter_begin(state->emitter, row);
    if (out == NULL)
        return state->emitter->status;
    spk_status status = count_row(state, row, worker, out);
    if (status != SPK_OK)
        return spk__row_emitter_stop(state->emitter, status);
    return spk__row_emitter_finish(state->emitter, row);
}

/* Counts rows [first, last), wherever the state says that they go. */
static spk_status run_rows(rows_state *state, int64_t first, int64_t last)
{
    spk_context *ctx = state->ctx;
    const spk__correlogram_job *job = state->job;
    spk__row_group *group = &state->group;
    spk_status status = spk__row_scratch_create(
        ctx, spk__parallel_workers(ctx, last - first),
        2 * (int64_t)job->kernel.n_counters, 2 * job->layout.n_columns, &state->scratch);
    for (int64_t row = first; status == SPK_OK && row < last; row = group->last) {
        spk__row_group_destroy(group);
        if ((status = spk__row_group_create(ctx, job, row, last, group)) != SPK_OK)
            break;
        status = spk__parallel_for_part(
            ctx, group->last - group->first, row_task, state, "correlograms",
            (double)(group->first - first) / (double)(last - first),
            (double)(group->last - first) / (double)(last - first));
    }
    spk__row_group_destroy(group);
    spk__row_scratch_destroy(&state->scratch);
    return status;
}

spk_status spk__correlogram_count_job_rows(spk_context *ctx,
                                           const spk__correlogram_job *job, int64_t first,
                                           int64_t last, int64_t *counts,
                                           spk_correlogram_row_callback callback,
                                           void *user)
{
    spk__row_emitter emitter = {.rows = NULL};
    rows_state state = {.ctx = ctx, .job = job, .counts = counts, .first = first};
    if (counts != NULL)
        return run_rows(&state, first, last);
    spk_status status =
        spk__row_emitter_create(ctx, &emitter, first, last - first,
                                job->layout.n_columns * job->bins.n_bins, callback, user);
    if (status != SPK_OK)
        return status;
    state.emitter = &emitter;
    status = run_rows(&state, first, last);
    spk__row_emitter_destroy(&emitter);
    return status;
}

spk_status spk__correlogram_visit_rows(spk_context *ctx, const spk_spikes *spikes,
                                       const spk_correlogram_options *options,
                                       int64_t first, int64_t last,
                                       spk__correlogram_row_visitor visitor, void *user)
{
    spk__correlogram_layout layout;
    spk__correlogram_job job;
    if (first == last)
        return SPK_OK;
    spk__correlogram_layout_init(&layout, spikes, options);
    spk_status status = spk__correlogram_job_create(ctx, spikes, options, &layout, &job);
    if (status != SPK_OK)
        return status;
    int64_t length = 0;
    rows_state state = {.ctx = ctx, .job = &job, .visitor = visitor, .user = user};
    if (!__builtin_mul_overflow(layout.n_columns * job.bins.n_bins,
                                spk__parallel_workers(ctx, last - first), &length))
        state.counts = spk__alloc(ctx, length, sizeof *state.counts);
    status = state.counts == NULL ? spk__fail_memory(ctx) : run_rows(&state, first, last);
    spk__free(state.counts);
    spk__correlogram_job_destroy(&job);
    return status;
}

spk_status spk__correlogram_count_row_range(spk_context *ctx, const spk_spikes *spikes,
                                            const spk_correlogram_options *options,
                                            int64_t first, int64_t last, int64_t *counts,
                                            spk_correlogram_row_callback callback,
                                            void *user)
{
    spk_status status;
    spk__correlogram_layout layout;
    spk__correlogram_job job;

    if (first == last)
        return SPK_OK;
    spk__correlogram_layout_init(&layout, spikes, options);
    if ((status = spk__correlogram_job_create(ctx, spikes, options, &layout, &job)) !=
        SPK_OK)
        return status;
    status =
        spk__correlogram_count_job_rows(ctx, &job, first, last, counts, callback, user);
    spk__correlogram_job_destroy(&job);
    return status;
}

spk_status spk_correlogram_count_rows(spk_context *ctx, const spk_spikes *spikes,
                                      const spk_correlogram_options *given, int64_t first,
                                      int64_t last, spk_correlogram_row_callback callback,
                                      void *user)
{
    spk_correlogram_options options;
    spk__correlogram_layout layout;
    spk_status status = spk__correlogram_check(ctx, spikes, given, &options);
    if (status != SPK_OK)
        return status;
    spk__correlogram_layout_init(&layout, spikes, &options);
    SPK_REQUIRE(ctx, callback != NULL, SPK_ERR_ARGUMENT, "callback must not be NULL");
    SPK_REQUIRE(ctx, 0 <= first && first <= last && last <= layout.n_rows,
                SPK_ERR_ARGUMENT, "rows %lld .. %lld are not within 0 .. %lld",
                (long long)first, (long long)last, (long long)layout.n_rows);
    if (options.convention == SPK_CORRELOGRAM_PYNAPPLE)
        return spk__correlogram_count_seconds(ctx, spikes, &options, first, last, NULL,
                                              callback, user);
    return spk__correlogram_count_row_range(ctx, spikes, &options, first, last, NULL,
                                            callback, user);
}
