/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A counting sort by unit, in blocks of the table: each block counts its spikes of each unit,
 * which tells where its first of them goes, and then places them; blocks of the same table
 * place the same, however many there are. Placing writes at as many places as there are
 * units, each of which moves on by a number at a time, so that the line of cache that comes
 * next at each is asked for beforehand.
 *
 * When epochs or periods are given, the runs of every unit are laid out first (epochs of all
 * units cut by the unit's periods); spikes are then kept if they lie in the run at which
 * their unit's cursor stands, which only moves forward because the table is in order of time.
 */
#include "base/check.h"
#include "base/memory.h"
#include "base/parallel.h"
#include "spikes/table_checks.h"

#include <inttypes.h>
#include <spikekit/trains.h>
#include <string.h>

struct spk_trains {
    spk_spikes spikes;
    int64_t *offsets;     /* [n_units + 1] spikes */
    int64_t *samples;     /* [offsets[n_units]] */
    uint32_t *indices;    /* [offsets[n_units]] */
    int64_t *run_firsts;  /* [n_units + 1] runs */
    int64_t *run_starts;  /* [n_runs] */
    int64_t *run_stops;   /* [n_runs] */
    int64_t *run_offsets; /* [n_runs + n_units], counted from the unit's first spike */
    int64_t *durations;   /* [n_units] */
};

void spk_trains_options_init(spk_trains_options *options, size_t struct_size)
{
    spk_trains_options defaults = {.struct_size = struct_size};
    if (options != NULL)
        memcpy(options, &defaults,
               struct_size < sizeof defaults ? struct_size : sizeof defaults);
}

static spk_status check_periods(spk_context *ctx, const spk_spikes *spikes,
                                const spk_periods *periods)
{
    SPK_REQUIRE(ctx, periods->n_units == spikes->n_units, SPK_ERR_ARGUMENT,
                "periods: expected %" PRId64
                " units as in the spike table, found %" PRId64,
                spikes->n_units, periods->n_units);
    SPK_REQUIRE(ctx, periods->offsets != NULL, SPK_ERR_ARGUMENT,
                "periods: offsets is NULL");
    SPK_REQUIRE(ctx, periods->offsets[0] == 0, SPK_ERR_ARGUMENT,
                "periods: offsets must start at 0, found %" PRId64, periods->offsets[0]);
    for (int64_t u = 0; u < periods->n_units; u++) {
        const int64_t first = periods->offsets[u], n = periods->offsets[u + 1] - first;
        SPK_REQUIRE(ctx, n >= 0, SPK_ERR_ARGUMENT,
                    "periods: offsets fall at unit %" PRId64, u);
        SPK_REQUIRE(ctx, n == 0 || (periods->starts != NULL && periods->stops != NULL),
                    SPK_ERR_ARGUMENT, "periods: starts or stops is NULL");
        const spk_epochs own = {n, n == 0 ? NULL : periods->starts + first,
                                n == 0 ? NULL : periods->stops + first};
        const spk_status status =
            n == 0 ? SPK_OK : spk__epochs_check(ctx, &own, "periods");
        if (status != SPK_OK)
            return status;
    }
    return SPK_OK;
}

/* INT64_MAX if it is longer: then there is but one run, the whole recording. */
static int64_t total_duration(int64_t n, const int64_t *starts, const int64_t *stops)
{
    int64_t total = 0, length;
    for (int64_t r = 0; r < n; r++)
        if (__builtin_sub_overflow(stops[r], starts[r], &length) ||
            __builtin_add_overflow(total, length, &total))
            return INT64_MAX;
    return total;
}

/* The pieces of the recording in an epoch, shared by all units. */
static int64_t recorded(const spk_spikes *spikes, const spk_epochs *epochs,
                        int64_t *starts, int64_t *stops)
{
    const spk_epochs whole = {1, &spikes->start_sample, &spikes->stop_sample};
    int64_t n = 0;
    if (epochs == NULL)
        epochs = &whole;
    for (int64_t e = 0; e < epochs->n_epochs; e++) {
        const int64_t start = epochs->starts[e] > spikes->start_sample
                                  ? epochs->starts[e]
                                  : spikes->start_sample;
        const int64_t stop = epochs->stops[e] < spikes->stop_sample ? epochs->stops[e]
                                                                    : spikes->stop_sample;
        if (start < stop) {
            starts[n] = start;
            stops[n++] = stop;
        }
    }
    return n;
}

static spk_status alloc_runs(spk_context *ctx, spk_trains *t, int64_t n_runs)
{
    const int64_t n_units = t->spikes.n_units;
    t->run_firsts = spk__alloc(ctx, n_units + 1, sizeof *t->run_firsts);
    t->run_starts = spk__alloc(ctx, n_runs, sizeof *t->run_starts);
    t->run_stops = spk__alloc(ctx, n_runs, sizeof *t->run_stops);
    t->run_offsets = spk__alloc_zero(ctx, n_runs + n_units, sizeof *t->run_offsets);
    t->durations = spk__alloc(ctx, n_units, sizeof *t->durations);
    if (t->run_firsts == NULL || t->run_starts == NULL || t->run_stops == NULL ||
        t->run_offsets == NULL || t->durations == NULL)
        return spk__fail_memory(ctx);
    return SPK_OK;
}

/* Runs of each unit: `common` pieces cut by its periods, or all of them. */
static spk_status lay_runs(spk_context *ctx, spk_trains *t, const spk_epochs *common,
                           const spk_periods *periods)
{
    const int64_t n_units = t->spikes.n_units;
    const int64_t n_periods = periods == NULL ? 0 : periods->offsets[n_units];
    int64_t room = 0;
    if (common->n_epochs > 0 && n_units > (INT64_MAX / 64 - n_periods) / common->n_epochs)
        return spk__fail(ctx, SPK_ERR_OVERFLOW, "too many epochs and units together");
    /* Each unit's intersection has at most as many pieces as both lists together. */
    room = n_units * common->n_epochs + n_periods;
    spk_status status = alloc_runs(ctx, t, room);
    int64_t n = 0;
    for (int64_t u = 0; status == SPK_OK && u < n_units; u++) {
        int64_t added = common->n_epochs;
        t->run_firsts[u] = n;
        if (periods == NULL && added > 0) {
            memcpy(t->run_starts + n, common->starts, (size_t)added * sizeof(int64_t));
            memcpy(t->run_stops + n, common->stops, (size_t)added * sizeof(int64_t));
        } else if (periods != NULL) {
            const int64_t first = periods->offsets[u];
            const spk_epochs own = {periods->offsets[u + 1] - first,
                                    periods->starts + first, periods->stops + first};
            added = 0;
            if (own.n_epochs > 0 && common->n_epochs > 0)
                status = spk_epochs_intersect(ctx, common, &own, t->run_starts + n,
                                              t->run_stops + n, &added);
        }
        t->durations[u] = total_duration(added, t->run_starts + n, t->run_stops + n);
        n += added;
        t->run_firsts[u + 1] = n;
    }
    if (n_units == 0)
        t->run_firsts[0] = 0;
    return status;
}

/* Whether a spike lies in a run of its unit; cursors[unit] is then that run. Spikes must come
 * in order of time. */
static int in_run(const spk_trains *t, int64_t *cursors, int32_t unit, int64_t sample)
{
    int64_t run = cursors[unit];
    const int64_t end = t->run_firsts[unit + 1];
    while (run < end && t->run_stops[run] <= sample)
        run++;
    cursors[unit] = run;
    return run < end && t->run_starts[run] <= sample;
}

/* The table in blocks, and for each block and unit a number: first how many spikes, then
 * where the next one goes. */
typedef struct block_sort {
    spk_trains *trains;
    int64_t n_blocks;
    int64_t *places;  /* [n_blocks][n_units] */
    int64_t *cursors; /* [n_blocks][n_units] runs; NULL: all spikes are kept */
} block_sort;

static int64_t block_start(const block_sort *sort, int64_t block)
{
    const int64_t n = sort->trains->spikes.n_spikes;
    return n / sort->n_blocks * block +
           (block < n % sort->n_blocks ? block : n % sort->n_blocks);
}

static int64_t *start_cursors(const block_sort *sort, int64_t block)
{
    const int64_t n_units = sort->trains->spikes.n_units;
    int64_t *cursors = sort->cursors + block * n_units;
    memcpy(cursors, sort->trains->run_firsts, (size_t)n_units * sizeof *cursors);
    return cursors;
}

static spk_status count_block(void *state, int64_t block, int32_t worker)
{
    const block_sort *sort = state;
    const spk_spikes *s = &sort->trains->spikes;
    const int64_t start = block_start(sort, block), end = block_start(sort, block + 1);
    int64_t *counts = sort->places + block * s->n_units;
    (void)worker;
    if (sort->cursors == NULL) {
        for (int64_t i = start; i < end; i++)
            counts[s->units[i]]++;
        return SPK_OK;
    }
    int64_t *cursors = start_cursors(sort, block);
    for (int64_t i = start; i < end; i++)
        counts[s->units[i]] += in_run(sort->trains, cursors, s->units[i], s->samples[i]);
    return SPK_OK;
}

static spk_status place_block(void *state, int64_t block, int32_t worker)
{
    enum {
        SAMPLES_AHEAD = 8, /* a line of cache */
        INDICES_AHEAD = 16
    };
    const block_sort *sort = state;
    const spk_spikes *s = &sort->trains->spikes;
    const int64_t start = block_start(sort, block), end = block_start(sort, block + 1);
    int64_t *places = sort->places + block * s->n_units;
    int64_t *samples = sort->trains->samples;
    int64_t *cursors = sort->cursors == NULL ? NULL : start_cursors(sort, block);
    uint32_t *indices = sort->trains->indices;
    (void)worker;
    for (int64_t i = start; i < end; i++) {
        const int32_t u = s->units[i];
        if (cursors != NULL && !in_run(sort->trains, cursors, u, s->samples[i]))
            continue;
        const int64_t place = places[u]++;
        samples[place] = s->samples[i];
        indices[place] = (uint32_t)i;
        /* addresses as numbers: they may lie beyond the end, where nothing is read */
        __builtin_prefetch((const void *)((uintptr_t)(samples + place) +
                                          SAMPLES_AHEAD * sizeof *samples),
                           1);
        __builtin_prefetch((const void *)((uintptr_t)(indices + place) +
                                          INDICES_AHEAD * sizeof *indices),
                           1);
    }
    return SPK_OK;
}

/* From how many of each unit in each block to where the first of them goes. */
static void lay_places(const block_sort *sort)
{
    spk_trains *t = sort->trains;
    const int64_t n_units = t->spikes.n_units;
    int64_t place = 0;
    for (int64_t u = 0; u < n_units; u++) {
        t->offsets[u] = place;
        for (int64_t b = 0; b < sort->n_blocks; b++) {
            const int64_t count = sort->places[b * n_units + u];
            sort->places[b * n_units + u] = place;
            place += count;
        }
    }
    t->offsets[n_units] = place;
}

static spk_status find_runs(void *state, int64_t unit, int32_t worker)
{
    spk_trains *t = state;
    const int64_t n = t->offsets[unit + 1] - t->offsets[unit];
    const int64_t *samples = t->samples + t->offsets[unit];
    (void)worker;
    int64_t i = 0;
    for (int64_t r = t->run_firsts[unit]; r < t->run_firsts[unit + 1]; r++) {
        if (n > 0 && samples[n - 1] < t->run_stops[r])
            i = n;
        while (i < n && samples[i] < t->run_stops[r])
            i++;
        t->run_offsets[r + unit + 1] = i; /* a place further for each unit before */
    }
    return SPK_OK;
}

/* As many blocks as workers, but no more numbers of units than spikes. */
static int64_t count_blocks(spk_context *ctx, const spk_spikes *s)
{
    enum {
        SMALLEST = 1 << 16
    };
    const int64_t most = s->n_spikes / (s->n_units + SMALLEST) + 1;
    return spk__parallel_workers(ctx, most);
}

static spk_status sort_spikes(spk_context *ctx, spk_trains *t, int is_restricted)
{
    const spk_spikes *s = &t->spikes;
    block_sort sort = {.trains = t, .n_blocks = count_blocks(ctx, s)};
    spk_status status = SPK_OK;
    sort.places = spk__alloc_zero(ctx, sort.n_blocks * s->n_units, sizeof *sort.places);
    if (is_restricted)
        sort.cursors = spk__alloc(ctx, sort.n_blocks * s->n_units, sizeof *sort.cursors);
    if (sort.places == NULL || (is_restricted && sort.cursors == NULL)) {
        status = spk__fail_memory(ctx);
        goto cleanup;
    }
    if ((status = spk__parallel_for(ctx, sort.n_blocks, count_block, &sort, NULL)) !=
        SPK_OK)
        goto cleanup;
    lay_places(&sort);
    t->samples = spk__alloc(ctx, t->offsets[s->n_units], sizeof *t->samples);
    t->indices = spk__alloc(ctx, t->offsets[s->n_units], sizeof *t->indices);
    if (t->samples == NULL || t->indices == NULL) {
        status = spk__fail_memory(ctx);
        goto cleanup;
    }
    if ((status = spk__parallel_for(ctx, sort.n_blocks, place_block, &sort, NULL)) ==
        SPK_OK)
        status = spk__parallel_for(ctx, s->n_units, find_runs, t, NULL);
cleanup:
    spk__free(sort.cursors);
    spk__free(sort.places);
    return status;
}

static spk_status group(spk_context *ctx, spk_trains *t, const spk_epochs *epochs,
                        const spk_periods *periods)
{
    const spk_spikes *s = &t->spikes;
    const int64_t n_pieces = epochs == NULL ? 1 : epochs->n_epochs;
    spk_status status = SPK_OK;
    int64_t *starts = spk__alloc(ctx, n_pieces, sizeof *starts);
    int64_t *stops = spk__alloc(ctx, n_pieces, sizeof *stops);
    t->offsets = spk__alloc_zero(ctx, s->n_units + 1, sizeof *t->offsets);
    if (starts == NULL || stops == NULL || t->offsets == NULL) {
        status = spk__fail_memory(ctx);
        goto cleanup;
    }
    const spk_epochs common = {recorded(s, epochs, starts, stops), starts, stops};
    if ((status = lay_runs(ctx, t, &common, periods)) == SPK_OK)
        status = sort_spikes(ctx, t, epochs != NULL || periods != NULL);
cleanup:
    spk__free(stops);
    spk__free(starts);
    return status;
}

spk_status spk_trains_create(spk_context *ctx, const spk_spikes *spikes,
                             const spk_trains_options *options, spk_trains **trains)
{
    SPK_REQUIRE(ctx, trains != NULL, SPK_ERR_ARGUMENT, "trains is NULL");
    SPK_REQUIRE(ctx, options == NULL || options->struct_size >= sizeof *options,
                SPK_ERR_ARGUMENT, "options: not filled by spk_trains_options_init()");
    const spk_epochs *epochs = options == NULL ? NULL : options->epochs;
    const spk_periods *periods = options == NULL ? NULL : options->periods;
    spk_status status = spk_spikes_check(ctx, spikes);
    if (status == SPK_OK && epochs != NULL)
        status = spk_epochs_check(ctx, epochs);
    if (status == SPK_OK && periods != NULL)
        status = check_periods(ctx, spikes, periods);
    if (status != SPK_OK)
        return status;
    SPK_REQUIRE(ctx, spikes->n_spikes <= UINT32_MAX, SPK_ERR_OVERFLOW,
                "expected fewer than 2^32 spikes, found %" PRId64, spikes->n_spikes);

    spk_trains *t = spk__alloc_zero(ctx, 1, sizeof *t);
    if (t == NULL)
        return spk__fail_memory(ctx);
    t->spikes = *spikes;
    if ((status = group(ctx, t, epochs, periods)) == SPK_OK)
        *trains = t;
    else
        spk_trains_destroy(t);
    return status;
}

void spk_trains_destroy(spk_trains *trains)
{
    if (trains == NULL)
        return;
    spk__free(trains->durations);
    spk__free(trains->run_offsets);
    spk__free(trains->run_stops);
    spk__free(trains->run_starts);
    spk__free(trains->run_firsts);
    spk__free(trains->indices);
    spk__free(trains->samples);
    spk__free(trains->offsets);
    spk__free(trains);
}

const spk_spikes *spk_trains_spikes(const spk_trains *trains)
{
    return trains == NULL ? NULL : &trains->spikes;
}

spk_train spk_trains_unit(const spk_trains *trains, int64_t unit)
{
    if (trains == NULL || unit < 0 || unit >= trains->spikes.n_units)
        return (spk_train){0};
    const int64_t first = trains->offsets[unit], run = trains->run_firsts[unit];
    return (spk_train){
        .n_spikes = trains->offsets[unit + 1] - first,
        .samples = trains->samples + first,
        .indices = trains->indices + first,
        .n_runs = trains->run_firsts[unit + 1] - run,
        .run_starts = trains->run_starts + run,
        .run_stops = trains->run_stops + run,
        .run_offsets = trains->run_offsets + run + unit,
        .duration_samples = trains->durations[unit],
    };
}
