/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/check.h"
#include "base/memory.h"
#include "base/parallel.h"
#include "correlation/correlogram_rows.h"

#include <stdatomic.h>
#include <string.h>

enum {
    GROUP_SPIKES = 3 << 20,
    LINE = SPK__KERNEL_LOOKAHEAD, /* references in a cache line */
    POLL_PAIRS = 1 << 24          /* some ten milliseconds */
};

/* Where the next spike of a slot goes in the index of a group. */
typedef struct slot_state {
    int64_t place;
    int64_t step;
} slot_state;

void spk__correlogram_layout_init(spk__correlogram_layout *layout,
                                  const spk_spikes *spikes,
                                  const spk_correlogram_options *options)
{
    const int32_t *references = options->references;
    const int32_t *targets = options->targets;
    int64_t n_references = references == NULL ? spikes->n_units : options->n_references;
    int64_t n_targets = targets == NULL ? spikes->n_units : options->n_targets;

    if (options->convention == SPK_CORRELOGRAM_SPIKEINTERFACE)
        *layout = (spk__correlogram_layout){n_targets, n_references, targets, references};
    else
        *layout = (spk__correlogram_layout){n_references, n_targets, references, targets};
}

/* Numbers the columns first, so that a row of counters holds nothing else. */
static int32_t number_slots(const spk__correlogram_layout *layout, int32_t *slots,
                            int64_t n_units)
{
    int32_t n_slots = 0;
    for (int64_t u = 0; u < n_units; u++)
        slots[u] = -1;
    for (int64_t c = 0; c < layout->n_columns; c++)
        slots[layout->columns == NULL ? c : layout->columns[c]] = n_slots++;
    for (int64_t r = 0; r < layout->n_rows; r++)
        if (slots[spk__layout_row(layout, r)] < 0)
            slots[spk__layout_row(layout, r)] = n_slots++;
    return n_slots;
}

spk_status spk__correlogram_job_create(spk_context *ctx, const spk_spikes *spikes,
                                       const spk_correlogram_options *options,
                                       const spk__correlogram_layout *layout,
                                       spk__correlogram_job *job)
{
    spk_status status;
    memset(job, 0, sizeof *job);
    job->layout = *layout;
    spk__correlogram_bins_init(&job->bins, options);
    job->slots = spk__alloc(ctx, spikes->n_units, sizeof *job->slots);
    job->is_stopped = spk__alloc_zero(ctx, 1, sizeof *job->is_stopped);
    if (job->slots == NULL || job->is_stopped == NULL) {
        spk__correlogram_job_destroy(job);
        return spk__fail_memory(ctx);
    }
    int32_t n_slots = number_slots(layout, job->slots, spikes->n_units);
    int is_all = layout->columns == NULL; /* then slots are units */
    status = spk__partner_table_create(ctx, spikes, options->epochs,
                                       is_all ? NULL : job->slots, n_slots, &job->bins,
                                       &job->table);
    if (status == SPK_OK)
        status = spk__kernel_init(ctx, &job->kernel, &job->table,
                                  (int32_t)layout->n_columns, &job->bins);
    if (status != SPK_OK) {
        spk__correlogram_job_destroy(job);
        return status;
    }
    int64_t most = job->table.most_partners > 0 ? job->table.most_partners : 1;
    job->flush_references = UINT32_MAX / most;
    if (job->flush_references == 0)
        job->flush_references = 1;
    double partners =
        (double)job->table.n * (double)job->bins.reach / (double)job->table.span;
    job->poll_references = (int64_t)(POLL_PAIRS / (partners + 1)) + 1;
    return SPK_OK;
}

void spk__correlogram_job_destroy(spk__correlogram_job *job)
{
    spk__partner_table_destroy(&job->table);
    spk__free(job->slots);
    spk__free(job->is_stopped);
    job->slots = NULL;
    job->is_stopped = NULL;
}

spk_status spk__correlogram_count_partners(spk_context *ctx,
                                           const spk__correlogram_job *job, int later,
                                           const uint32_t *references, int64_t n,
                                           int32_t worker, uint32_t *counters)
{
    for (int64_t begin = 0; begin < n; begin += job->poll_references) {
        int64_t part =
            n - begin < job->poll_references ? n - begin : job->poll_references;
        if (later)
            spk__kernel_count_later(&job->kernel, references + begin, part, counters);
        else
            spk__kernel_count_earlier(&job->kernel, references + begin, part, counters);
        /* A row done in one piece is followed by a poll of the parallel loop. */
        if (part == n)
            return SPK_OK;
        if (worker == 0 && spk__poll(ctx, NULL, 0) != SPK_OK)
            atomic_store(job->is_stopped, 1);
        if (atomic_load_explicit(job->is_stopped, memory_order_relaxed))
            return spk__fail(ctx, SPK_ERR_CANCELLED, "stopped by the cancel callback");
    }
    return SPK_OK;
}

typedef struct index_state {
    const spk__correlogram_job *job;
    const spk__row_group *group;
    slot_state *parts; /* [SPK__TABLE_PARTS][n_slots] */
} index_state;

/* Where the spikes of each row begin that lie in each part: after those of earlier parts.
 * Spikes of other rows all write to the part's own line after the last one of the group, so
 * the loop over spikes does not branch. */
static void place_parts(const index_state *state)
{
    const spk__partner_table *table = &state->job->table;
    const spk__row_group *group = state->group;
    int64_t n = group->offsets[group->last - group->first];

    for (int64_t p = 0; p < SPK__TABLE_PARTS; p++)
        for (int32_t s = 0; s < table->n_slots; s++)
            state->parts[p * table->n_slots + s] = (slot_state){n + p * LINE, 0};
    for (int64_t r = group->first; r < group->last; r++) {
        int32_t slot = state->job->slots[spk__layout_row(&state->job->layout, r)];
        int64_t place = group->offsets[r - group->first];
        for (int64_t p = 0; p < SPK__TABLE_PARTS; p++) {
            state->parts[p * table->n_slots + slot] = (slot_state){place, 1};
            place += table->part_counts[p * table->n_slots + slot];
        }
    }
}

static spk_status index_part(void *argument, int64_t part, int32_t worker)
{
    const index_state *state = argument;
    const spk__partner_table *table = &state->job->table;
    slot_state *slots = state->parts + part * table->n_slots;
    uint32_t *references = state->group->references;
    int64_t end = (part + 1) * table->part_length;
    (void)worker;

    for (int64_t place = part * table->part_length; place < end && place < table->n;
         place++) {
        slot_state *slot = &slots[spk__partner_table_slot(table, place)];
        references[slot->place] = (uint32_t)place;
        slot->place += slot->step;
    }
    return SPK_OK;
}

spk_status spk__row_group_create(spk_context *ctx, const spk__correlogram_job *job,
                                 int64_t first, int64_t end, spk__row_group *group)
{
    spk_status status;
    const int64_t *slot_counts = job->table.slot_counts;
    int64_t n = 0;
    int64_t last = first;
    index_state state = {.job = job, .group = group};

    while (last < end) {
        int64_t more = slot_counts[job->slots[spk__layout_row(&job->layout, last)]];
        if (last > first && n + more > GROUP_SPIKES)
            break;
        n += more;
        last++;
    }
    *group = (spk__row_group){.first = first, .last = last};
    group->offsets = spk__alloc(ctx, last - first + 1, sizeof *group->offsets);
    group->references =
        spk__alloc(ctx, n + SPK__TABLE_PARTS * LINE, sizeof *group->references);
    state.parts = spk__alloc(ctx, (int64_t)SPK__TABLE_PARTS * job->table.n_slots,
                             sizeof *state.parts);
    if (group->offsets == NULL || group->references == NULL || state.parts == NULL) {
        status = spk__fail_memory(ctx);
        goto cleanup;
    }
    group->offsets[0] = 0;
    for (int64_t r = first; r < last; r++)
        group->offsets[r - first + 1] =
            group->offsets[r - first] +
            slot_counts[job->slots[spk__layout_row(&job->layout, r)]];
    place_parts(&state);
    status = spk__parallel_for(ctx, SPK__TABLE_PARTS, index_part, &state, NULL);
    memset(group->references + n, 0, SPK__KERNEL_LOOKAHEAD * sizeof *group->references);

cleanup:
    spk__free(state.parts);
    if (status != SPK_OK)
        spk__row_group_destroy(group);
    return status;
}

void spk__row_group_destroy(spk__row_group *group)
{
    spk__free(group->offsets);
    spk__free(group->references);
    group->offsets = NULL;
    group->references = NULL;
}

spk_status spk__row_scratch_create(spk_context *ctx, int32_t n_workers,
                                   int64_t n_counters, int64_t n_centres,
                                   spk__row_scratch *scratch)
{
    scratch->n_workers = n_workers;
    scratch->counters = spk__alloc_zero(ctx, n_workers, sizeof *scratch->counters);
    scratch->centres = spk__alloc_zero(ctx, n_workers, sizeof *scratch->centres);
    int complete = scratch->counters != NULL && scratch->centres != NULL;
    for (int32_t w = 0; w < n_workers && complete; w++) {
        scratch->counters[w] = spk__alloc(ctx, n_counters, sizeof **scratch->counters);
        scratch->centres[w] = spk__alloc(ctx, n_centres, sizeof **scratch->centres);
        complete = scratch->counters[w] != NULL && scratch->centres[w] != NULL;
    }
    if (complete)
        return SPK_OK;
    spk__row_scratch_destroy(scratch);
    return spk__fail_memory(ctx);
}

void spk__row_scratch_destroy(spk__row_scratch *scratch)
{
    for (int32_t w = 0; w < scratch->n_workers; w++) {
        if (scratch->counters != NULL)
            spk__free(scratch->counters[w]);
        if (scratch->centres != NULL)
            spk__free(scratch->centres[w]);
    }
    spk__free(scratch->counters);
    spk__free(scratch->centres);
    *scratch = (spk__row_scratch){.n_workers = 0};
}
