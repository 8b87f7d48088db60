/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * For every unit, which spikes of the table are within the window of one of its own. Two
 * places slide along the table, the first and the last spike within the window of the current
 * one; what lies between them and after the unit's last stretch is added to that stretch, or
 * begins a new one. Counting then is one pass over a unit's stretches, in which no spike comes
 * twice, so that nothing needs to be told apart; and it never looks at a time again.
 */
#include "base/check.h"
#include "base/memory.h"
#include "correlation/sttc.h"

#include <math.h>
#include <string.h>

enum {
    SPANS_AHEAD = 12 /* whose units are asked for beforehand */
};

typedef struct sweep {
    spk__sttc_table *table;
    int64_t before, after; /* of a tile */
    uint64_t window;
    uint32_t *ends;         /* [n_units] one past the last place of the last stretch */
    spk__sttc_tiles *tiles; /* [n_units] */
} sweep;

/* Spikes first .. end - 1 of the table, which are those of one run. */
static void sweep_run(const sweep *w, int64_t first, int64_t end, int64_t run_start,
                      int64_t run_stop)
{
    const spk__sttc_table *t = w->table;
    const int64_t *samples = t->spikes->samples;
    int64_t low = first, high = first;
    for (int64_t i = first; i < end; i++) {
        const int32_t u = t->spikes->units[i];
        while ((uint64_t)samples[i] - (uint64_t)samples[low] > w->window)
            low++;
        while (high < end &&
               (high <= i || (uint64_t)samples[high] - (uint64_t)samples[i] <= w->window))
            high++;
        spk__sttc_add_tile(&w->tiles[u], samples[i], w->before, w->after, run_start,
                           run_stop);
        t->n_spikes[u]++;
        const int64_t begin = low > w->ends[u] ? low : w->ends[u];
        if (begin == high)
            continue;
        uint32_t(*spans)[2] = t->spans + t->offsets[u];
        if (t->n_spans[u] > 0 && begin == w->ends[u]) {
            spans[t->n_spans[u] - 1][1] = (uint32_t)high;
        } else {
            spans[t->n_spans[u]][0] = (uint32_t)begin;
            spans[t->n_spans[u]++][1] = (uint32_t)high;
        }
        w->ends[u] = (uint32_t)high;
    }
}

/* @return how long all runs are together [samples] */
static uint64_t sweep_all(const sweep *w, const spk_epochs *epochs)
{
    const spk_spikes *s = w->table->spikes;
    const spk_epochs whole = {1, &s->start_sample, &s->stop_sample};
    uint64_t duration = 0;
    int64_t first = 0;
    if (epochs == NULL)
        epochs = &whole;
    for (int64_t e = 0; e < epochs->n_epochs; e++) {
        const int64_t start =
            epochs->starts[e] > s->start_sample ? epochs->starts[e] : s->start_sample;
        const int64_t stop =
            epochs->stops[e] < s->stop_sample ? epochs->stops[e] : s->stop_sample;
        if (start >= stop)
            continue;
        while (first < s->n_spikes && s->samples[first] < start)
            first++;
        int64_t end = first;
        if (stop == s->stop_sample)
            end = s->n_spikes;
        while (end < s->n_spikes && s->samples[end] < stop)
            end++;
        sweep_run(w, first, end, start, stop);
        duration += (uint64_t)stop - (uint64_t)start;
        first = end;
    }
    return duration;
}

spk_status spk__sttc_table_create(spk_context *ctx, const spk_spikes *spikes,
                                  const spk_epochs *epochs, int64_t window,
                                  int32_t tiling, spk__sttc_table *table)
{
    const int64_t n_units = spikes->n_units;
    memset(table, 0, sizeof *table);
    table->spikes = spikes;
    table->offsets = spk__alloc(ctx, n_units + 1, sizeof *table->offsets);
    table->n_spans = spk__alloc_zero(ctx, n_units, sizeof *table->n_spans);
    table->n_spikes = spk__alloc_zero(ctx, n_units, sizeof *table->n_spikes);
    table->tiled = spk__alloc(ctx, n_units, sizeof *table->tiled);
    table->spans = spk__alloc(ctx, spikes->n_spikes, sizeof *table->spans);
    sweep w = {.table = table,
               .before = window,
               .after = window + (tiling == SPK_STTC_SAMPLES),
               .window = (uint64_t)window};
    w.ends = spk__alloc_zero(ctx, n_units, sizeof *w.ends);
    w.tiles = spk__alloc(ctx, n_units, sizeof *w.tiles);
    spk_status status = SPK_OK;
    if (table->offsets == NULL || table->n_spans == NULL || table->n_spikes == NULL ||
        table->tiled == NULL || table->spans == NULL || w.ends == NULL ||
        w.tiles == NULL) {
        status = spk__fail_memory(ctx);
        goto cleanup;
    }
    table->offsets[0] = 0;
    if ((status = spk_spikes_count(ctx, spikes, table->offsets + 1)) != SPK_OK)
        goto cleanup;
    for (int64_t u = 0; u < n_units; u++) {
        table->offsets[u + 1] += table->offsets[u];
        w.tiles[u] = (spk__sttc_tiles){0, spikes->start_sample};
    }
    const uint64_t duration = sweep_all(&w, epochs);
    for (int64_t u = 0; u < n_units; u++)
        table->tiled[u] =
            duration == 0 ? NAN : (double)w.tiles[u].covered / (double)duration;
cleanup:
    spk__free(w.tiles);
    spk__free(w.ends);
    if (status != SPK_OK)
        spk__sttc_table_destroy(table);
    return status;
}

void spk__sttc_table_destroy(spk__sttc_table *table)
{
    spk__free(table->offsets);
    spk__free(table->n_spans);
    spk__free(table->n_spikes);
    spk__free(table->tiled);
    spk__free(table->spans);
    memset(table, 0, sizeof *table);
}

void spk__sttc_table_count(const spk__sttc_table *table, int64_t unit, uint32_t *counts)
{
    const int32_t *units = table->spikes->units;
    const uint32_t(*spans)[2] = (const uint32_t(*)[2])table->spans + table->offsets[unit];
    const int64_t n = table->n_spans[unit];
    memset(counts, 0, (size_t)table->spikes->n_units * sizeof *counts);
    for (int64_t s = 0; s < n; s++) {
        const int64_t ahead = s + SPANS_AHEAD < n ? s + SPANS_AHEAD : n - 1;
        const int32_t *next = units + spans[ahead][0];
        __builtin_prefetch(next);
        __builtin_prefetch(next + 16);
        for (uint32_t k = spans[s][0]; k < spans[s][1]; k++)
            counts[units[k]]++;
    }
}
