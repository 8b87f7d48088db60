/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Chosen pairs: the spikes of each unit stand together, and two units are walked side by
 * side. Cheaper than whole rows when few pairs of each unit are wanted.
 */
#include "base/check.h"
#include "base/memory.h"
#include "base/parallel.h"
#include "correlation/correlogram_rows.h"

#include <string.h>

enum {
    CHUNK = 2048
};

/* The shortened times of each unit; places too where simultaneous spikes have an order. */
typedef struct trains {
    int64_t *offsets; /* [n_units + 1] */
    int64_t *times;   /* [n] */
    int64_t *places;  /* [n] or NULL */
} trains;

typedef struct pairs_state {
    const spk__correlogram_bins *bins;
    const trains *trains;
    const int32_t (*pairs)[2]; /* NULL: pair p is (p, p) */
    int64_t *counts;
    uint32_t **counters; /* [workers][2 * stride] */
} pairs_state;

static void trains_destroy(trains *t)
{
    spk__free(t->offsets);
    spk__free(t->times);
    spk__free(t->places);
}

static spk_status trains_create(spk_context *ctx, const spk_spikes *spikes,
                                const spk_epochs *epochs,
                                const spk__correlogram_bins *bins, trains *t)
{
    int64_t times[CHUNK];
    int32_t units[CHUNK];
    int64_t n;
    int64_t place = 0;
    spk__retimer retimer;
    int64_t *next = NULL;

    memset(t, 0, sizeof *t);
    t->offsets = spk__alloc_zero(ctx, spikes->n_units + 1, sizeof *t->offsets);
    next = spk__alloc(ctx, spikes->n_units + 1, sizeof *next);
    t->times = spk__alloc(ctx, spikes->n_spikes, sizeof *t->times);
    if (bins->centre_is_maximum)
        t->places = spk__alloc(ctx, spikes->n_spikes, sizeof *t->places);
    if (t->offsets == NULL || next == NULL || t->times == NULL ||
        (bins->centre_is_maximum && t->places == NULL)) {
        trains_destroy(t);
        spk__free(next);
        return spk__fail_memory(ctx);
    }
    spk__retimer_init(&retimer, spikes, epochs, NULL, bins);
    while ((n = spk__retimer_next(&retimer, CHUNK, times, units)) > 0)
        for (int64_t k = 0; k < n; k++)
            t->offsets[units[k] + 1]++;
    for (int64_t u = 0; u < spikes->n_units; u++) {
        t->offsets[u + 1] += t->offsets[u];
        next[u] = t->offsets[u];
    }
    spk__retimer_init(&retimer, spikes, epochs, NULL, bins);
    while ((n = spk__retimer_next(&retimer, CHUNK, times, units)) > 0)
        for (int64_t k = 0; k < n; k++, place++) {
            int64_t at = next[units[k]]++;
            t->times[at] = times[k];
            if (t->places != NULL)
                t->places[at] = place;
        }
    spk__free(next);
    return SPK_OK;
}

/* Whether spike b comes after spike a in the table. Where the order of simultaneous spikes
 * does not matter, the caller says on which side they count. */
static int is_after(const trains *t, int64_t b, int64_t a, int ties_after)
{
    if (t->times[b] != t->times[a])
        return t->times[b] > t->times[a];
    return t->places != NULL ? t->places[b] > t->places[a] : ties_after;
}

/* Counts partners in unit j that come after spikes [first, last) of unit i. */
static void count_later(const spk__correlogram_bins *bins, const trains *t, int64_t first,
                        int64_t last, int32_t i, int32_t j, int ties_after,
                        uint32_t *counters)
{
    const double reciprocal =
        1.0 / (double)bins->bin; /* exact below 2^50, see the kernel */
    int64_t end = t->offsets[j + 1];
    int64_t begin = t->offsets[j];
    for (int64_t a = first; a < last; a++) {
        if (i == j)
            begin = a + 1;
        else
            while (begin < end && !is_after(t, begin, a, ties_after))
                begin++;
        for (int64_t b = begin; b < end && t->times[b] - t->times[a] <= bins->reach;
             b++) {
            int64_t x = t->times[b] - t->times[a] + bins->offset;
            int64_t index = (int64_t)(((double)x + 0.5) * reciprocal);
            if (bins->has_edge && index * bins->bin == x)
                index += bins->n_quotients;
            counters[index]++;
        }
    }
}

/* Adds one direction of one pair, in parts that no 32-bit counter can overflow. */
static void add_direction(const pairs_state *state, int32_t i, int32_t j, int later,
                          int ties_after, int64_t *counts, int64_t *centre,
                          uint32_t *counters)
{
    const trains *t = state->trains;
    const spk__correlogram_bins *bins = state->bins;
    int64_t n_partners = t->offsets[j + 1] - t->offsets[j];
    int64_t part = UINT32_MAX / (n_partners > 0 ? n_partners : 1);
    if (part < 1)
        part = 1;
    int64_t begin = t->offsets[i];
    int64_t end = t->offsets[i + 1];
    spk__correlogram_run run = {
        .n = 1, .counters = counters, .counts = counts, .centres = centre};
    int add = 0;
    do {
        int64_t last = end - begin > part ? begin + part : end;
        memset(counters, 0, (size_t)bins->stride * sizeof *counters);
        count_later(bins, t, begin, last, i, j, ties_after, counters);
        spk__correlogram_write(bins, later == bins->later_ascends, add, &run);
        begin = last;
        add = 1;
    } while (begin < end);
}

static spk_status pair_task(void *argument, int64_t task, int32_t worker)
{
    const pairs_state *state = argument;
    const spk__correlogram_bins *bins = state->bins;
    int32_t i = state->pairs == NULL ? (int32_t)task : state->pairs[task][0];
    int32_t j = state->pairs == NULL ? (int32_t)task : state->pairs[task][1];
    int64_t *counts = state->counts + task * bins->n_bins;
    int64_t later = 0;
    int64_t earlier = 0;

    add_direction(state, i, j, 1, 1, counts, &later, state->counters[worker]);
    add_direction(state, j, i, 0, 0, counts, &earlier, state->counters[worker]);
    if (bins->centre_is_maximum)
        counts[bins->centre] = later > earlier ? later : earlier;
    else
        counts[bins->centre] = later + earlier;
    return SPK_OK;
}

static spk_status count_pairs(spk_context *ctx, const spk_spikes *spikes,
                              const spk_correlogram_options *options,
                              const int32_t (*pairs)[2], int64_t n_pairs, int64_t *counts)
{
    spk_status status;
    spk__correlogram_bins bins;
    trains t;
    int32_t n_workers = spk__parallel_workers(ctx, n_pairs);
    pairs_state state = {.bins = &bins, .trains = &t, .pairs = pairs, .counts = counts};

    spk__correlogram_bins_init(&bins, options);
    if ((status = trains_create(ctx, spikes, options->epochs, &bins, &t)) != SPK_OK)
        return status;
    state.counters = spk__alloc_zero(ctx, n_workers, sizeof *state.counters);
    if (state.counters == NULL) {
        status = spk__fail_memory(ctx);
        goto cleanup;
    }
    for (int32_t w = 0; w < n_workers; w++)
        if ((state.counters[w] = spk__alloc(ctx, bins.stride, sizeof **state.counters)) ==
            NULL) {
            status = spk__fail_memory(ctx);
            goto cleanup;
        }
    status = spk__parallel_for(ctx, n_pairs, pair_task, &state, "correlograms");

cleanup:
    for (int32_t w = 0; w < n_workers && state.counters != NULL; w++)
        spk__free(state.counters[w]);
    spk__free(state.counters);
    trains_destroy(&t);
    return status;
}

static spk_status check_all_units(spk_context *ctx,
                                  const spk_correlogram_options *options)
{
    SPK_REQUIRE(ctx, options->references == NULL && options->targets == NULL,
                SPK_ERR_ARGUMENT, "references and targets must be NULL for chosen pairs");
    return SPK_OK;
}

spk_status spk_correlogram_count_pairs(spk_context *ctx, const spk_spikes *spikes,
                                       const spk_correlogram_options *given,
                                       const int32_t (*pairs)[2], int64_t n_pairs,
                                       int64_t *counts)
{
    spk_correlogram_options options;
    spk_status status = spk__correlogram_check(ctx, spikes, given, &options);
    if (status != SPK_OK || (status = check_all_units(ctx, &options)) != SPK_OK)
        return status;
    SPK_REQUIRE(ctx, n_pairs >= 0, SPK_ERR_ARGUMENT,
                "n_pairs must not be negative, got %lld", (long long)n_pairs);
    SPK_REQUIRE(ctx, n_pairs == 0 || (pairs != NULL && counts != NULL), SPK_ERR_ARGUMENT,
                "pairs and counts must not be NULL");
    for (int64_t p = 0; p < n_pairs; p++)
        for (int side = 0; side < 2; side++)
            SPK_REQUIRE(
                ctx, pairs[p][side] >= 0 && pairs[p][side] < spikes->n_units,
                SPK_ERR_ARGUMENT, "pairs[%lld][%d] must be a unit in 0 .. %lld, got %d",
                (long long)p, side, (long long)spikes->n_units - 1, (int)pairs[p][side]);
    if (n_pairs == 0)
        return SPK_OK;
    if (options.convention == SPK_CORRELOGRAM_PYNAPPLE)
        return spk__correlogram_count_pairs_seconds(ctx, spikes, &options, pairs, n_pairs,
                                                    counts);
    return count_pairs(ctx, spikes, &options, pairs, n_pairs, counts);
}

spk_status spk_correlogram_count_auto(spk_context *ctx, const spk_spikes *spikes,
                                      const spk_correlogram_options *given,
                                      int64_t *counts)
{
    spk_correlogram_options options;
    spk_status status = spk__correlogram_check(ctx, spikes, given, &options);
    if (status != SPK_OK || (status = check_all_units(ctx, &options)) != SPK_OK)
        return status;
    SPK_REQUIRE(ctx, spikes->n_units == 0 || counts != NULL, SPK_ERR_ARGUMENT,
                "counts must not be NULL");
    if (spikes->n_units == 0)
        return SPK_OK;
    if (options.convention == SPK_CORRELOGRAM_PYNAPPLE)
        return spk__correlogram_count_pairs_seconds(ctx, spikes, &options, NULL,
                                                    spikes->n_units, counts);
    return count_pairs(ctx, spikes, &options, NULL, spikes->n_units, counts);
}
