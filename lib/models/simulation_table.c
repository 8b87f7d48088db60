/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One table from all trains. Spikes are dealt by time into blocks of some hundreds, unit
 * after unit, then each block is sorted by itself and stably: that keeps the order of
 * units, whatever the number of threads. Amplitudes and positions belong to rows of the
 * table.
 */
#include "models/simulation_state.h"

#include "base/check.h"
#include "base/memory.h"
#include "base/parallel.h"

#include <math.h>

enum {
    SPIKES_PER_BLOCK = 512,
    ROWS_PER_TASK = 65536
};

typedef struct entry {
    int64_t coded; /* 2 * sample + foreign */
    int32_t unit;
} entry;

typedef struct table_job {
    spk_simulation *s;
    const int64_t *block_ends; /* [n_blocks] one past the last row of each */
    entry *scratch;            /* [n_workers][2][largest block] */
    int64_t largest;
} table_job;

/* Bottom-up merge sort, stable; returns which of the two buffers holds the result. */
static entry *sort_entries(entry *from, entry *to, int64_t n)
{
    for (int64_t width = 1; width < n; width *= 2) {
        for (int64_t start = 0; start < n; start += 2 * width) {
            int64_t middle = start + width < n ? start + width : n;
            int64_t stop = middle + width < n ? middle + width : n;
            int64_t a = start;
            int64_t b = middle;
            for (int64_t k = start; k < stop; k++) {
                int first =
                    b == stop || (a < middle && from[a].coded / 2 <= from[b].coded / 2);
                to[k] = first ? from[a++] : from[b++];
            }
        }
        entry *swap = from;
        from = to;
        to = swap;
    }
    return from;
}

static spk_status run_block(void *state, int64_t task, int32_t worker)
{
    table_job *job = state;
    spk_simulation *s = job->s;
    int64_t start = task == 0 ? 0 : job->block_ends[task - 1];
    int64_t n = job->block_ends[task] - start;
    entry *entries = job->scratch + 2 * job->largest * worker;
    for (int64_t k = 0; k < n; k++)
        entries[k] = (entry){s->samples[start + k], s->unit_of[start + k]};
    entries = sort_entries(entries, entries + job->largest, n);
    for (int64_t k = 0; k < n; k++) {
        s->samples[start + k] = entries[k].coded / 2;
        s->unit_of[start + k] = entries[k].unit;
        s->foreign[start + k] = (uint8_t)(entries[k].coded % 2);
    }
    return SPK_OK;
}

static spk_status run_marks(void *state, int64_t task, int32_t worker)
{
    spk_simulation *s = ((table_job *)state)->s;
    int64_t row = task * ROWS_PER_TASK;
    int64_t stop = row + ROWS_PER_TASK;
    spk_random random = {
        .seed = s->options.seed, .stream = SPK__DRAW_MARKS, .index = 3 * (uint64_t)row};
    (void)worker;
    for (; row < stop && row < s->spikes.n_spikes; row++) {
        const spk_simulation_unit *unit = &s->units[s->unit_of[row]];
        double factor = fmax(0.1, 1.0 + 0.15 * spk_random_normal(&random));
        s->amplitudes[row] = unit->amplitude * factor;
        s->positions[2 * row] = (float)(unit->x_um + 4.0 * spk_random_normal(&random));
        s->positions[2 * row + 1] =
            (float)(unit->depth_um + 4.0 * spk_random_normal(&random));
    }
    return SPK_OK;
}

/* Puts each spike into its block, in order of unit, and frees the trains. */
static void deal(spk_simulation *s, int shift, int64_t n_blocks, int64_t *block_ends)
{
    for (int64_t u = 0; u < s->options.n_units; u++)
        for (int64_t k = 0; k < s->finals[u].n; k++)
            block_ends[s->finals[u].samples[k] >> shift]++;
    int64_t start = 0;
    for (int64_t b = 0; b < n_blocks; b++) {
        int64_t n = block_ends[b];
        block_ends[b] = start; /* moves on to the end as the block fills */
        start += n;
    }
    for (int64_t u = 0; u < s->options.n_units; u++) {
        for (int64_t k = 0; k < s->finals[u].n; k++) {
            int64_t row = block_ends[s->finals[u].samples[k] >> shift]++;
            s->samples[row] = s->finals[u].samples[k];
            s->unit_of[row] = (int32_t)u;
        }
        spk__train_clear(&s->finals[u]);
    }
}

spk_status spk__simulation_gather(spk_context *ctx, spk_simulation *s)
{
    table_job job = {.s = s};
    spk_status status = SPK_ERR_MEMORY;
    int64_t n = 0;
    for (int64_t u = 0; u < s->options.n_units; u++)
        n += s->finals[u].n;

    int shift = 0;
    while ((2 * s->spikes.stop_sample - 1) >> shift > n / SPIKES_PER_BLOCK)
        shift++;
    int64_t n_blocks = ((2 * s->spikes.stop_sample - 1) >> shift) + 1;
    int64_t *block_ends = spk__alloc_zero(ctx, n_blocks, sizeof *block_ends);
    s->samples = spk__alloc(ctx, n, sizeof *s->samples);
    s->unit_of = spk__alloc(ctx, n, sizeof *s->unit_of);
    if (block_ends == NULL || s->samples == NULL || s->unit_of == NULL)
        goto cleanup;
    deal(s, shift, n_blocks, block_ends);
    job.block_ends = block_ends;
    for (int64_t b = 0; b < n_blocks; b++) {
        int64_t size = block_ends[b] - (b == 0 ? 0 : block_ends[b - 1]);
        job.largest = size > job.largest ? size : job.largest;
    }
    int32_t n_workers = spk__parallel_workers(ctx, n_blocks);
    job.scratch = spk__alloc(ctx, 2 * job.largest * n_workers, sizeof *job.scratch);
    s->foreign = spk__alloc(ctx, n, sizeof *s->foreign);
    s->amplitudes = spk__alloc(ctx, n, sizeof *s->amplitudes);
    s->positions = spk__alloc(ctx, n, 2 * sizeof *s->positions);
    if (job.scratch == NULL || s->foreign == NULL || s->amplitudes == NULL ||
        s->positions == NULL)
        goto cleanup;
    if ((status = spk__parallel_for(ctx, n_blocks, run_block, &job, "ordering")) !=
        SPK_OK)
        goto cleanup;
    s->spikes.n_spikes = n;
    s->spikes.samples = s->samples;
    s->spikes.units = s->unit_of;
    status = spk__parallel_for(ctx, (n + ROWS_PER_TASK - 1) / ROWS_PER_TASK, run_marks,
                               &job, "marking");

cleanup:
    spk__free(job.scratch);
    spk__free(block_ends);
    return status == SPK_ERR_MEMORY ? spk__fail_memory(ctx) : status;
}
