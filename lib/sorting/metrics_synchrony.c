/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Spikes of several units at one sample: real neurons do it by chance, artefacts and doubly
 * detected spikes do it often. One pass over the table in order of time, in parallel blocks
 * that begin between two samples; counts are whole numbers, so that no order matters.
 */
#include "base/check.h"
#include "base/memory.h"
#include "base/parallel.h"
#include "sorting/metric_group.h"

#include <string.h>

enum {
    SYNC_SPIKE_2,
    SYNC_SPIKE_4,
    SYNC_SPIKE_8,
    N_METRICS
};

static const int64_t sizes[N_METRICS] = {2, 4, 8};

#define SYNCHRONY(n)                                                                     \
    {                                                                                    \
        "sync_spike_" n, "spikeinterface:sync_spike_" n, "synchrony", "1",               \
            "Samples at which the unit has a spike and there are " n                     \
            " or more spikes of all units together / N.",                                \
            "no spikes", 0, 0                                                            \
    }

static const spk_metric metrics[N_METRICS] = {
    [SYNC_SPIKE_2] = SYNCHRONY("2"),
    [SYNC_SPIKE_4] = SYNCHRONY("4"),
    [SYNC_SPIKE_8] = SYNCHRONY("8"),
};

typedef struct synchrony_work {
    const spk_spikes *spikes;
    const uint8_t *kept; /* a bit for each spike; NULL: all are kept */
    int64_t n_blocks;
    int64_t *counts; /* [n_workers][N_METRICS][n_units] */
    int64_t *stamps; /* [n_workers][n_units] last sample's first spike + 1, by unit */
} synchrony_work;

static int is_kept(const uint8_t *kept, int64_t spike)
{
    return kept == NULL || (kept[spike >> 3] >> (spike & 7) & 1) != 0;
}

/* Counts the spikes first .. end - 1, which are all those of one sample. */
static void count_group(const synchrony_work *work, int64_t first, int64_t end,
                        int64_t *counts, int64_t *stamps)
{
    const int64_t n_units = work->spikes->n_units;
    int64_t size = end - first;
    if (work->kept != NULL) {
        size = 0;
        for (int64_t i = first; i < end; i++)
            size += is_kept(work->kept, i);
    }
    if (size < 2)
        return;
    for (int64_t i = first; i < end; i++) {
        const int32_t unit = work->spikes->units[i];
        if (!is_kept(work->kept, i) || stamps[unit] == first + 1)
            continue;
        stamps[unit] = first + 1;
        for (int m = 0; m < N_METRICS && size >= sizes[m]; m++)
            counts[m * n_units + unit]++;
    }
}

/* Where block b begins: never within the spikes of one sample. */
static int64_t block_start(const synchrony_work *work, int64_t block)
{
    const spk_spikes *s = work->spikes;
    int64_t at = s->n_spikes / work->n_blocks * block;
    if (block == work->n_blocks)
        return s->n_spikes;
    while (at > 0 && at < s->n_spikes && s->samples[at] == s->samples[at - 1])
        at++;
    return at;
}

static spk_status count_block(void *state, int64_t block, int32_t worker)
{
    const synchrony_work *work = state;
    const int64_t *samples = work->spikes->samples;
    int64_t *counts = work->counts + worker * N_METRICS * work->spikes->n_units;
    int64_t *stamps = work->stamps + worker * work->spikes->n_units;
    const int64_t end = block_start(work, block + 1);
    for (int64_t i = block_start(work, block) + 1; i < end; i++) {
        if (samples[i] != samples[i - 1])
            continue;
        const int64_t first = i - 1;
        while (i < end && samples[i] == samples[first])
            i++;
        count_group(work, first, i, counts, stamps);
    }
    return SPK_OK;
}

/* A bit for each spike that a unit kept; *kept stays NULL when all are. */
static spk_status mark_kept(spk_context *ctx, const spk_trains *trains, uint8_t **kept)
{
    const spk_spikes *s = spk_trains_spikes(trains);
    int64_t n_kept = 0;
    for (int64_t u = 0; u < s->n_units; u++)
        n_kept += spk_trains_unit(trains, u).n_spikes;
    if (n_kept == s->n_spikes)
        return SPK_OK;
    if ((*kept = spk__alloc_zero(ctx, s->n_spikes / 8 + 1, 1)) == NULL)
        return spk__fail_memory(ctx);
    for (int64_t u = 0; u < s->n_units; u++) {
        const spk_train train = spk_trains_unit(trains, u);
        for (int64_t i = 0; i < train.n_spikes; i++)
            (*kept)[train.indices[i] >> 3] |= (uint8_t)(1u << (train.indices[i] & 7));
    }
    return SPK_OK;
}

static spk_status compute(spk_context *ctx, const spk__metrics_work *work,
                          double *const *values)
{
    enum {
        BLOCK = 1 << 18
    };
    const spk_spikes *s = work->input->spikes;
    synchrony_work sync = {.spikes = s, .n_blocks = s->n_spikes / BLOCK + 1};
    const int32_t n_workers = spk__parallel_workers(ctx, sync.n_blocks);
    uint8_t *kept = NULL;
    spk_status status = mark_kept(ctx, work->trains, &kept);
    sync.kept = kept;
    sync.counts =
        spk__alloc_zero(ctx, n_workers * N_METRICS * s->n_units, sizeof(int64_t));
    sync.stamps = spk__alloc_zero(ctx, n_workers * s->n_units, sizeof(int64_t));
    if (status == SPK_OK && (sync.counts == NULL || sync.stamps == NULL))
        status = spk__fail_memory(ctx);
    if (status == SPK_OK)
        status = spk__parallel_for(ctx, sync.n_blocks, count_block, &sync, "synchrony");
    for (int m = 0; status == SPK_OK && m < N_METRICS; m++)
        for (int64_t u = 0; values[m] != NULL && u < s->n_units; u++) {
            const int64_t n = spk_trains_unit(work->trains, u).n_spikes;
            int64_t sum = 0;
            for (int32_t w = 0; w < n_workers; w++)
                sum += sync.counts[(w * N_METRICS + m) * s->n_units + u];
            if (n > 0)
                values[m][u] = (double)sum / (double)n;
        }
    spk__free(sync.stamps);
    spk__free(sync.counts);
    spk__free(kept);
    return status;
}

const spk__metric_group spk__metrics_synchrony = {
    .name = "synchrony",
    .metrics = metrics,
    .n_metrics = N_METRICS,
    .compute = compute,
};
