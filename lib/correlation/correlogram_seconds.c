/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The PYNAPPLE convention: times in seconds and, for each reference, edges made by repeated
 * addition in double, exactly as pynapple makes them. Which bin a lag falls into then
 * depends on the rounding at that time, so edges are made anew for every spike, and this
 * file must be compiled without contraction to fused multiply-add.
 */
#include "base/check.h"
#include "base/memory.h"
#include "base/parallel.h"
#include "correlation/correlogram_rows.h"

#include <string.h>

/* Spikes kept, in order of time and grouped by unit. */
typedef struct second_trains {
    int64_t n;
    double *times;    /* [n] in order of time */
    int32_t *units;   /* [n] */
    int32_t *epochs;  /* [n] number of the epoch, or NULL: all the same */
    int64_t *offsets; /* [n_units + 1] */
    int64_t *places;  /* [n] the spikes of each unit, as places in the arrays above */
} second_trains;

typedef struct seconds_state {
    const second_trains *trains;
    spk__correlogram_layout layout;
    const int32_t *columns;    /* [n_units] column of each unit, -1: none */
    const int32_t (*pairs)[2]; /* or NULL: pair p is (p, p) */
    int64_t n_bins;
    double bin_s;
    int64_t *counts;
    spk__row_emitter *emitter; /* or NULL: straight into counts */
    int64_t first;
    double **edges; /* [workers][n_bins + 1] */
} seconds_state;

static void trains_destroy(second_trains *t)
{
    spk__free(t->times);
    spk__free(t->units);
    spk__free(t->epochs);
    spk__free(t->offsets);
    spk__free(t->places);
}

static spk_status trains_create(spk_context *ctx, const spk_spikes *spikes,
                                const spk_epochs *epochs, second_trains *t)
{
    int64_t e = 0;
    memset(t, 0, sizeof *t);
    SPK_REQUIRE(ctx, epochs == NULL || epochs->n_epochs <= INT32_MAX, SPK_ERR_OVERFLOW,
                "n_epochs must be below 2^31, got %lld", (long long)epochs->n_epochs);
    t->times = spk__alloc(ctx, spikes->n_spikes, sizeof *t->times);
    t->units = spk__alloc(ctx, spikes->n_spikes, sizeof *t->units);
    t->places = spk__alloc(ctx, spikes->n_spikes, sizeof *t->places);
    t->offsets = spk__alloc_zero(ctx, spikes->n_units + 2, sizeof *t->offsets);
    if (epochs != NULL)
        t->epochs = spk__alloc(ctx, spikes->n_spikes, sizeof *t->epochs);
    if (t->times == NULL || t->units == NULL || t->places == NULL || t->offsets == NULL ||
        (epochs != NULL && t->epochs == NULL)) {
        trains_destroy(t);
        return spk__fail_memory(ctx);
    }
    for (int64_t s = 0; s < spikes->n_spikes; s++) {
        int64_t sample = spikes->samples[s];
        if (epochs != NULL) {
            while (e < epochs->n_epochs && epochs->stops[e] <= sample)
                e++;
            if (e == epochs->n_epochs)
                break;
            if (sample < epochs->starts[e])
                continue;
            t->epochs[t->n] = (int32_t)e;
        }
        t->times[t->n] = (double)sample / spikes->sampling_rate_hz;
        t->units[t->n] = spikes->units[s];
        t->offsets[spikes->units[s] + 2]++;
        t->n++;
    }
    /* Offsets stand one place late while places are dealt out, and end where they belong. */
    for (int64_t u = 0; u < spikes->n_units; u++)
        t->offsets[u + 2] += t->offsets[u + 1];
    for (int64_t s = 0; s < t->n; s++)
        t->places[t->offsets[t->units[s] + 1]++] = s;
    return SPK_OK;
}

static void make_edges(double time, int64_t n_bins, double bin_s, double *edges)
{
    edges[0] = time - (double)n_bins / 2.0 * bin_s;
    for (int64_t k = 0; k < n_bins; k++)
        edges[k + 1] = edges[k] + bin_s;
}

/* The bin of a time within the edges: a guess, put right by comparison with the edges. */
static int64_t find_bin(const double *edges, int64_t n_bins, double bin_s, double time)
{
    int64_t k = (int64_t)((time - edges[0]) / bin_s);
    k = k < 0 ? 0 : k >= n_bins ? n_bins - 1 : k;
    while (time < edges[k])
        k--;
    while (time >= edges[k + 1])
        k++;
    return k;
}

static int same_epoch(const second_trains *t, int64_t a, int64_t b)
{
    return t->epochs == NULL || t->epochs[a] == t->epochs[b];
}

static void count_row(const seconds_state *state, int32_t unit, double *edges,
                      int64_t *row)
{
    const second_trains *t = state->trains;
    int64_t n_bins = state->n_bins;
    int64_t begin = 0;

    memset(row, 0, (size_t)(state->layout.n_columns * n_bins) * sizeof *row);
    for (int64_t r = t->offsets[unit]; r < t->offsets[unit + 1]; r++) {
        int64_t place = t->places[r];
        make_edges(t->times[place], n_bins, state->bin_s, edges);
        while (begin < t->n && t->times[begin] < edges[0])
            begin++;
        for (int64_t b = begin; b < t->n && t->times[b] < edges[n_bins]; b++) {
            int32_t column = state->columns[t->units[b]];
            if (column >= 0 && same_epoch(t, place, b))
                row[column * n_bins +
                    find_bin(edges, n_bins, state->bin_s, t->times[b])]++;
        }
    }
    if (state->columns[unit] >= 0)
        row[state->columns[unit] * n_bins + n_bins / 2] = 0;
}

static spk_status row_task(void *argument, int64_t task, int32_t worker)
{
    const seconds_state *state = argument;
    int64_t row = state->first + task;
    int32_t unit = spk__layout_row(&state->layout, row);

    if (state->emitter == NULL) {
        count_row(state, unit, state->edges[worker],
                  state->counts + task * state->layout.n_columns * state->n_bins);
        return SPK_OK;
    }
    int64_t *out = spk__row_emitter_begin(state->emitter, row);
    if (out == NULL)
        return state->emitter->status;
    count_row(state, unit, state->edges[worker], out);
    return spk__row_emitter_finish(state->emitter, row);
}

static spk_status pair_task(void *argument, int64_t task, int32_t worker)
{
    const seconds_state *state = argument;
    const second_trains *t = state->trains;
    double *edges = state->edges[worker];
    int64_t n_bins = state->n_bins;
    int32_t i = state->pairs == NULL ? (int32_t)task : state->pairs[task][0];
    int32_t j = state->pairs == NULL ? (int32_t)task : state->pairs[task][1];
    int64_t *counts = state->counts + task * n_bins;
    int64_t begin = t->offsets[j];
    int64_t end = t->offsets[j + 1];

    memset(counts, 0, (size_t)n_bins * sizeof *counts);
    for (int64_t r = t->offsets[i]; r < t->offsets[i + 1]; r++) {
        make_edges(t->times[t->places[r]], n_bins, state->bin_s, edges);
        while (begin < end && t->times[t->places[begin]] < edges[0])
            begin++;
        for (int64_t b = begin; b < end && t->times[t->places[b]] < edges[n_bins]; b++)
            if (same_epoch(t, t->places[r], t->places[b]))
                counts[find_bin(edges, n_bins, state->bin_s, t->times[t->places[b]])]++;
    }
    if (i == j)
        counts[n_bins / 2] = 0;
    return SPK_OK;
}

static spk_status edges_create(spk_context *ctx, int32_t n_workers, int64_t n_bins,
                               double ***edges)
{
    *edges = spk__alloc_zero(ctx, n_workers, sizeof **edges);
    if (*edges == NULL)
        return spk__fail_memory(ctx);
    for (int32_t w = 0; w < n_workers; w++)
        if (((*edges)[w] = spk__alloc(ctx, n_bins + 1, sizeof ***edges)) == NULL)
            return spk__fail_memory(ctx);
    return SPK_OK;
}

static void edges_destroy(double **edges, int32_t n_workers)
{
    for (int32_t w = 0; w < n_workers && edges != NULL; w++)
        spk__free(edges[w]);
    spk__free(edges);
}

spk_status spk__correlogram_count_seconds(spk_context *ctx, const spk_spikes *spikes,
                                          const spk_correlogram_options *options,
                                          int64_t first, int64_t last, int64_t *counts,
                                          spk_correlogram_row_callback callback,
                                          void *user)
{
    spk_status status;
    second_trains t;
    spk__row_emitter emitter = {.rows = NULL};
    int32_t n_workers = spk__parallel_workers(ctx, last - first);
    seconds_state state = {.trains = &t,
                           .n_bins = options->n_bins,
                           .bin_s = options->bin_s,
                           .counts = counts,
                           .first = first};
    int32_t *columns = NULL;

    if (first == last)
        return SPK_OK;
    spk__correlogram_layout_init(&state.layout, spikes, options);
    if ((status = trains_create(ctx, spikes, options->epochs, &t)) != SPK_OK)
        return status;
    if ((status = edges_create(ctx, n_workers, options->n_bins, &state.edges)) != SPK_OK)
        goto cleanup;
    columns = spk__alloc(ctx, spikes->n_units, sizeof *columns);
    if (columns == NULL) {
        status = spk__fail_memory(ctx);
        goto cleanup;
    }
    for (int64_t u = 0; u < spikes->n_units; u++)
        columns[u] = state.layout.columns == NULL ? (int32_t)u : -1;
    for (int64_t c = 0; state.layout.columns != NULL && c < state.layout.n_columns; c++)
        columns[state.layout.columns[c]] = (int32_t)c;
    state.columns = columns;
    if (counts == NULL) {
        status = spk__row_emitter_create(ctx, &emitter, first, last - first,
                                         state.layout.n_columns * options->n_bins,
                                         callback, user);
        if (status != SPK_OK)
            goto cleanup;
        state.emitter = &emitter;
    }
    status = spk__parallel_for(ctx, last - first, row_task, &state, "correlograms");

cleanup:
    spk__row_emitter_destroy(&emitter);
    spk__free(columns);
    edges_destroy(state.edges, n_workers);
    trains_destroy(&t);
    return status;
}

spk_status spk__correlogram_count_pairs_seconds(spk_context *ctx,
                                                const spk_spikes *spikes,
                                                const spk_correlogram_options *options,
                                                const int32_t (*pairs)[2],
                                                int64_t n_pairs, int64_t *counts)
{
    spk_status status;
    second_trains t;
    int32_t n_workers = spk__parallel_workers(ctx, n_pairs);
    seconds_state state = {.trains = &t,
                           .pairs = pairs,
                           .n_bins = options->n_bins,
                           .bin_s = options->bin_s,
                           .counts = counts};

    if ((status = trains_create(ctx, spikes, options->epochs, &t)) != SPK_OK)
        return status;
    if ((status = edges_create(ctx, n_workers, options->n_bins, &state.edges)) == SPK_OK)
        status = spk__parallel_for(ctx, n_pairs, pair_task, &state, "correlograms");
    edges_destroy(state.edges, n_workers);
    trains_destroy(&t);
    return status;
}
