/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Matches between the spikes of two tables: one merge of both, in stretches of time.
 *
 * What is counted for a pair of units (i, j): the spikes s of i are taken in order, and each
 * takes the first spike t of j with |t - s| <= delta that is not the one taken last. A spike
 * is called lonely here if no other of its unit is within 2 delta. Then:
 *
 *  - A coincidence of s and t of which at least one is lonely needs no memory. If s is, it
 *    takes the first t in its reach, and no other s of i can take that t. If t is, the first
 *    s that reaches it takes it, and the next ones find it taken last. So (s, t) counts just
 *    when t has no predecessor (in its unit) in the reach of s and s none in the reach of t.
 *    Nothing in this depends on the direction.
 *  - Between spikes that are not lonely the sweep is done as it is defined, unit by unit.
 *    These are few, and what they do never meets the other coincidences: a spike that
 *    reaches both a lonely t and another t' of the same unit does not exist.
 *
 * So nearly all is the first case, a test of two comparisons on predecessors: see
 * comparison_kernel.c.
 *
 * Spikes of one unit at one sample are kept as one, with their number. Only the first of them
 * may be in a coincidence of the first kind, as it is the predecessor of the next. In a sweep
 * they have the same spikes in reach, of which they take the first two in turn, or the only
 * one once.
 *
 * Counters are a dense table of pairs, in several passes over rows where it would be too
 * large; or, where spikes are too few to fill it, entries for the pairs that occur.
 */
#include "sorting/comparison_counts.h"

#include "base/check.h"
#include "base/memory.h"
#include "base/parallel.h"
#include "sorting/comparison_kernel.h"
#include "sorting/comparison_pairs.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

enum {
    CHUNK_SPIKES = 8192,      /* of one table, in a chunk */
    CHUNK_SAMPLES = 1 << 30,  /* a chunk is no longer than this */
    LONG_BEFORE = -(1 << 29), /* before all times of a chunk */
    CHUNKS_PER_TASK = 32,
    PADDING = SPK__NEAR_PADDING,
    MANY_UNITS = 1 << 16, /* chunks grow with the number of units up to this */
    CELLS_PER_SPIKE = 32  /* pairs of units a spike, beyond which few of them occur */
};
static const uint32_t UNIT = SPK__CROWDED - 1;
static const int64_t COUNTER_BYTES = 256 << 20; /* of all workers together */

/* A stretch of one epoch. Spikes first[k] .. last[k] - 1 of table k are its own; those from
 * near_first[k] to near_last[k] may matter to it. */
typedef struct chunk {
    int64_t origin; /* time from which its times are counted */
    int64_t shift;  /* added to a time it becomes one at which epochs are far apart */
    int64_t first[2], last[2];
    int64_t near_first[2], near_last[2];
} chunk;

/* Spikes of one unit at one time that are not lonely. */
typedef struct crowded_spike {
    int64_t time; /* shifted */
    int32_t unit;
    int32_t start; /* the first crowded spike of the other table that it may reach */
    int32_t n;     /* how many they are */
} crowded_spike;

typedef struct crowd {
    crowded_spike *spikes;
    int64_t n;
    int64_t capacity;
} crowd;

/* Where a chunk's crowded spikes stand in the crowd of its worker. */
typedef struct crowd_part {
    int32_t worker;
    int64_t first[2];
    int64_t n[2];
} crowd_part;

typedef struct worker_state {
    spk__near_spikes near[2];
    int32_t
        *last_times[2]; /* [n_units] state of read_near(), LONG_BEFORE between calls */
    int32_t *last_places[2];
    uint64_t lanes[256];
    uint32_t *counters;
    uint64_t *products;
    uint32_t *keys;
    crowd crowds[2];
    int64_t *n_spikes[2];
} worker_state;

typedef struct job {
    spk_context *ctx;
    const spk_spikes *tables[2];
    int64_t delta;
    int64_t n_columns;
    int symmetric;
    int with_products;
    int64_t n_chunks;
    int64_t chunk_capacity;
    chunk *chunks;
    crowd_part *parts;
    int64_t most_near[2];
    int32_t n_workers;
    worker_state *workers;
    int64_t row_first, row_last; /* the rows that are counted now */
    crowd crowds[2];
    int64_t *by_unit[2]; /* [n_units + 1] where each unit's crowded spikes begin */
    int64_t *order[2];   /* [crowd] crowded spikes by unit, then time */
    int32_t n_sweepers;
    int64_t most_units;
    int64_t **last_taken; /* [n_sweepers][most_units] crowded spike of the partner: twice
                           * its place, plus 1 for the second of one time */
    int64_t **taker;      /* [n_sweepers][most_units] that took it, or -1 */
    int32_t **n_left; /* [n_sweepers][most_units] of the takers, who wait for another */
    int32_t n_pair_tables;
    spk__pair_table *pairs; /* [n_pair_tables] instead of counters; NULL: not sparse */
    int32_t *surplus; /* [rows][columns] by how much the other direction counts more */
} job;

/* The first index in first .. last - 1 whose time is >= time, otherwise last. */
static int64_t lower_bound(const int64_t *samples, int64_t first, int64_t last,
                           int64_t time)
{
    while (first < last) {
        const int64_t middle = first + (last - first) / 2;
        if (samples[middle] < time)
            first = middle + 1;
        else
            last = middle;
    }
    return first;
}

static spk_status add_chunk(job *j, const chunk *c)
{
    if (j->n_chunks == j->chunk_capacity) {
        const int64_t capacity = 2 * j->chunk_capacity + 64;
        chunk *grown = spk__realloc(j->ctx, j->chunks, capacity, sizeof *grown);
        if (grown == NULL)
            return spk__fail_memory(j->ctx);
        j->chunks = grown;
        j->chunk_capacity = capacity;
    }
    j->chunks[j->n_chunks++] = *c;
    for (int k = 0; k < 2; k++)
        if (c->near_last[k] - c->near_first[k] > j->most_near[k])
            j->most_near[k] = c->near_last[k] - c->near_first[k];
    return SPK_OK;
}

/* Cuts the spikes of one epoch, first[k] .. last[k] - 1 of table k, into chunks. */
static spk_status cut_epoch(job *j, const int64_t *first, const int64_t *last,
                            int64_t shift)
{
    spk_status status = SPK_OK;
    int64_t at[2] = {first[0], first[1]};
    int64_t most = CHUNK_SPIKES;
    for (int k = 0; k < 2; k++)
        if (j->tables[k]->n_units > most)
            most =
                j->tables[k]->n_units < MANY_UNITS ? j->tables[k]->n_units : MANY_UNITS;
    while (status == SPK_OK && (at[0] < last[0] || at[1] < last[1])) {
        int64_t from = INT64_MAX;
        for (int k = 0; k < 2; k++)
            if (at[k] < last[k] && j->tables[k]->samples[at[k]] < from)
                from = j->tables[k]->samples[at[k]];
        int64_t to = from + CHUNK_SAMPLES;
        for (int k = 0; k < 2; k++)
            if (last[k] - at[k] > most && j->tables[k]->samples[at[k] + most] < to)
                to = j->tables[k]->samples[at[k] + most];
        if (to <= from)
            to = from + 1;
        chunk c = {.origin = from, .shift = shift};
        for (int k = 0; k < 2; k++) {
            const int64_t *samples = j->tables[k]->samples;
            c.first[k] = at[k];
            c.last[k] = at[k] = lower_bound(samples, at[k], last[k], to);
            c.near_first[k] =
                lower_bound(samples, first[k], c.first[k], from - 3 * j->delta);
            c.near_last[k] = lower_bound(samples, c.last[k], last[k], to + 3 * j->delta);
        }
        status = add_chunk(j, &c);
    }
    return status;
}

static spk_status cut(job *j, const spk_epochs *epochs)
{
    const spk_spikes *a = j->tables[0], *b = j->tables[1];
    if (epochs == NULL) {
        const int64_t first[2] = {0, 0}, last[2] = {a->n_spikes, b->n_spikes};
        return cut_epoch(j, first, last, 0);
    }
    spk_status status = SPK_OK;
    int64_t shift = 0, at[2] = {0, 0};
    for (int64_t e = 0; status == SPK_OK && e < epochs->n_epochs; e++) {
        int64_t first[2], last[2];
        for (int k = 0; k < 2; k++) {
            const spk_spikes *s = j->tables[k];
            first[k] = lower_bound(s->samples, at[k], s->n_spikes, epochs->starts[e]);
            last[k] = lower_bound(s->samples, first[k], s->n_spikes, epochs->stops[e]);
            at[k] = last[k];
        }
        /* Epochs are in order: more room between them keeps the order. */
        status = cut_epoch(j, first, last, shift);
        shift += 2 * j->delta + 1;
    }
    return status;
}

/* Reads the spikes near a chunk: times from its origin, predecessors, who is crowded; counts
 * its own. */
static void read_near(const job *j, const chunk *c, int k, worker_state *w)
{
    const spk_spikes *table = j->tables[k];
    const int32_t beyond = (int32_t)(2 * j->delta + 1);
    const uint64_t origin = (uint64_t)c->origin;
    const int64_t row_first = k == 0 ? j->row_first : 0;
    const int64_t row_last = k == 0 ? j->row_last : table->n_units;
    const int64_t ends[3] = {c->first[k], c->last[k], c->near_last[k]};
    const int64_t *restrict samples = table->samples;
    const int32_t *restrict table_units = table->units;
    spk__near_spikes *near = &w->near[k];
    int32_t *restrict times = near->times, *restrict predecessors = near->predecessors;
    int32_t *restrict last_times = w->last_times[k], *restrict places = w->last_places[k];
    uint32_t *restrict units = near->units;
    int32_t *restrict counts = near->counts;
    int64_t *restrict n_spikes = w->n_spikes[k];
    int64_t i = c->near_first[k], n = 0, marks[3];
    for (int part = 0; part < 3; part++) {
        for (; i < ends[part]; i++) {
            const int32_t unit = table_units[i];
            if (unit < row_first || unit >= row_last)
                continue;
            const int32_t time = (int32_t)((uint64_t)samples[i] - origin);
            int32_t gap = time - last_times[unit];
            uint32_t flag = 0;
            n_spikes[unit] += part == 1;
            if (gap < beyond) {
                flag = SPK__CROWDED;
                units[places[unit]] |= SPK__CROWDED;
                if (gap == 0) {
                    counts[places[unit]]++;
                    continue;
                }
            } else {
                gap = beyond;
            }
            times[n] = time;
            predecessors[n] = time - gap;
            units[n] = (uint32_t)unit | flag;
            counts[n] = 1;
            last_times[unit] = time;
            places[unit] = (int32_t)n;
            n++;
        }
        marks[part] = n;
    }
    near->own_first = marks[0];
    near->own_last = marks[1];
    near->n = n;
    for (int p = 0; p < PADDING; p++) {
        times[n + p] = predecessors[n + p] = INT32_MAX;
        units[n + p] = 0;
    }
    if (n < table->n_units)
        for (int64_t s = 0; s < n; s++)
            last_times[units[s] & UNIT] = LONG_BEFORE;
    else
        for (int64_t u = 0; u < table->n_units; u++)
            last_times[u] = LONG_BEFORE;
}

/* Adds up delta - |dt| over all coincidences. */
static void add_products(const job *j, worker_state *w, spk__pair_table *pairs)
{
    const spk__near_spikes *a = &w->near[0], *b = &w->near[1];
    const int32_t delta = (int32_t)j->delta;
    int64_t start = 0;
    for (int64_t s = a->own_first; s < a->own_last; s++) {
        const int32_t time = a->times[s];
        const int64_t row = ((int64_t)(a->units[s] & UNIT) - j->row_first) * j->n_columns;
        while (b->times[start] < time - delta)
            start++;
        for (int64_t t = start; b->times[t] <= time + delta; t++) {
            const int32_t lag = b->times[t] - time;
            const int64_t place = row + (b->units[t] & UNIT);
            const uint64_t product = (uint64_t)(delta - (lag < 0 ? -lag : lag)) *
                                     (uint64_t)a->counts[s] * (uint64_t)b->counts[t];
            if (pairs == NULL)
                w->products[place] += product;
            else if (product > 0)
                spk__pair_table_at(pairs, (uint64_t)place)->product += product;
        }
    }
}

/* Whether any of eight spikes is crowded. */
static int has_crowded(const uint32_t *units)
{
    uint32_t all = 0;
    for (int i = 0; i < 8; i++)
        all |= units[i];
    return (all & SPK__CROWDED) != 0;
}

static spk_status note_crowded(const job *j, const chunk *c, const spk__near_spikes *near,
                               crowd *to)
{
    for (int64_t s = near->own_first; s < near->own_last;) {
        if (s + 8 <= near->own_last && !has_crowded(near->units + s)) {
            s += 8;
            continue;
        }
        const int64_t end = s + 8 < near->own_last ? s + 8 : near->own_last;
        if (to->n + 8 > to->capacity) {
            const int64_t capacity = to->capacity + to->capacity / 2 + 256;
            crowded_spike *grown =
                spk__realloc(j->ctx, to->spikes, capacity, sizeof *grown);
            if (grown == NULL)
                return spk__fail_memory(j->ctx);
            to->spikes = grown;
            to->capacity = capacity;
        }
        for (; s < end; s++)
            if ((near->units[s] & SPK__CROWDED) != 0)
                to->spikes[to->n++] =
                    (crowded_spike){.time = c->origin + near->times[s] + c->shift,
                                    .unit = (int32_t)(near->units[s] & UNIT),
                                    .n = near->counts[s]};
    }
    return SPK_OK;
}

static spk_status count_chunks(void *state, int64_t task, int32_t worker)
{
    job *j = state;
    worker_state *w = &j->workers[worker];
    spk__pair_table *pairs = j->pairs == NULL ? NULL : &j->pairs[worker];
    spk_status status = SPK_OK;
    const int64_t first = task * CHUNKS_PER_TASK;
    for (int64_t i = first;
         status == SPK_OK && i < j->n_chunks && i < first + CHUNKS_PER_TASK; i++) {
        if (pairs != NULL && pairs->is_full)
            break;
        const chunk *c = &j->chunks[i];
        crowd_part *part = &j->parts[i];
        part->worker = worker;
        for (int k = 0; status == SPK_OK && k < 2; k++) {
            read_near(j, c, k, w);
            part->first[k] = w->crowds[k].n;
            status = note_crowded(j, c, &w->near[k], &w->crowds[k]);
            part->n[k] = w->crowds[k].n - part->first[k];
        }
        if (status == SPK_OK && w->near[0].n > 0 && w->near[1].n > 0) {
            const spk__coincidences coincidences = {
                &w->near[0], &w->near[1], (int32_t)j->delta, j->row_first, j->n_columns,
                w->counters, w->keys,     w->lanes,          pairs};
            spk__coincidences_count(&coincidences);
            if (j->with_products)
                add_products(j, w, pairs);
        }
        if (status == SPK_OK && pairs != NULL && pairs->has_failed)
            status = spk__fail_memory(j->ctx);
    }
    return status;
}

/* Puts the crowded spikes of table k together in order of time, then by unit. */
static spk_status gather_crowd(job *j, int k)
{
    const int64_t n_units = j->tables[k]->n_units;
    crowd *all = &j->crowds[k];
    *all = (crowd){0};
    for (int32_t w = 0; w < j->n_workers; w++)
        all->n += j->workers[w].crowds[k].n;
    all->spikes = spk__alloc(j->ctx, all->n, sizeof *all->spikes);
    j->order[k] = spk__alloc(j->ctx, all->n, sizeof *j->order[k]);
    j->by_unit[k] = spk__alloc_zero(j->ctx, n_units + 2, sizeof *j->by_unit[k]);
    if (all->spikes == NULL || j->order[k] == NULL || j->by_unit[k] == NULL)
        return spk__fail_memory(j->ctx);
    int64_t n = 0;
    for (int64_t c = 0; c < j->n_chunks; c++) {
        const crowd_part *part = &j->parts[c];
        if (part->n[k] > 0)
            memcpy(all->spikes + n,
                   j->workers[part->worker].crowds[k].spikes + part->first[k],
                   (size_t)part->n[k] * sizeof *all->spikes);
        n += part->n[k];
    }
    assert(n == all->n);
    for (int32_t w = 0; w < j->n_workers; w++) {
        spk__free(j->workers[w].crowds[k].spikes);
        j->workers[w].crowds[k] = (crowd){0};
    }
    /* by_unit stands one place further until the units are placed. */
    int64_t *places = j->by_unit[k] + 1;
    for (int64_t s = 0; s < n; s++)
        places[all->spikes[s].unit + 1]++;
    for (int64_t u = 0; u < n_units; u++)
        places[u + 1] += places[u];
    for (int64_t s = 0; s < n; s++)
        j->order[k][places[all->spikes[s].unit]++] = s;
    return SPK_OK;
}

/* Finds for each crowded spike where those of the other table begin that it may reach. */
static void find_starts(job *j, int k)
{
    crowd *own = &j->crowds[k];
    const crowd *other = &j->crowds[1 - k];
    int64_t start = 0;
    for (int64_t s = 0; s < own->n; s++) {
        while (start < other->n &&
               other->spikes[start].time < own->spikes[s].time - j->delta)
            start++;
        own->spikes[s].start = (int32_t)start;
    }
}

/* Notes n takes of the sweep of table k. */
static void add_taken(job *j, int k, int32_t worker, int64_t place, int32_t n)
{
    if (j->pairs != NULL) {
        spk__pair_table_at(&j->pairs[worker], (uint64_t)place)->swept[k] += (uint32_t)n;
        return;
    }
    if (k == 0)
        j->workers[0].counters[place] += (uint32_t)n;
    if (j->symmetric)
        j->surplus[place] += k == 0 ? -n : n;
}

/* The sweep as it is defined, for the crowded spikes of one unit of table k against those of
 * all units of the other. Of one time, each takes the first spike of a partner in reach that
 * was not taken last: the first two are taken in turn until none is left that wants one. */
static void sweep_unit(job *j, int k, int64_t unit, int32_t worker)
{
    const crowd *own = &j->crowds[k], *other = &j->crowds[1 - k];
    int64_t *last_taken = j->last_taken[worker], *taker = j->taker[worker];
    int32_t *n_left = j->n_left[worker];
    for (int64_t e = j->by_unit[k][unit]; e < j->by_unit[k][unit + 1]; e++) {
        const int64_t s = j->order[k][e], time = own->spikes[s].time;
        for (int64_t t = own->spikes[s].start;
             t < other->n && other->spikes[t].time <= time + j->delta; t++) {
            const int32_t partner = other->spikes[t].unit;
            const int64_t by = taker[partner];
            if (by == s && n_left[partner] == 0)
                continue;
            const int64_t row = (k == 0 ? unit : partner) - j->row_first;
            const int64_t place = row * j->n_columns + (k == 0 ? partner : unit);
            int64_t first = 2 * t, second = other->spikes[t].n > 1 ? first + 1 : -1;
            int32_t left = own->spikes[s].n, n_taken = 0;
            if (by == s) {
                left = n_left[partner];
                second = first;
                first = last_taken[partner];
            } else if (by < 0 || own->spikes[by].unit != unit ||
                       last_taken[partner] != first) {
                /* The first is taken, and is the last taken in any case from here on. */
                left--;
                n_taken++;
            }
            taker[partner] = s;
            last_taken[partner] = first;
            if (second >= 0 && left > 0) {
                n_taken += left;
                last_taken[partner] = left % 2 == 1 ? second : first;
                left = 0;
            }
            n_left[partner] = left;
            if (n_taken > 0)
                add_taken(j, k, worker, place, n_taken);
        }
    }
}

static spk_status sweep_row(void *state, int64_t task, int32_t worker)
{
    job *j = state;
    sweep_unit(j, 0, j->row_first + task, worker);
    return SPK_OK;
}

static spk_status sweep_column(void *state, int64_t task, int32_t worker)
{
    sweep_unit(state, 1, task, worker);
    return SPK_OK;
}

/* Sweeps units of table k, each a task. */
static spk_status sweep(job *j, int k, spk__task task, int64_t n_tasks, double from,
                        double to)
{
    for (int32_t w = 0; w < j->n_sweepers; w++)
        memset(j->taker[w], 0xff, (size_t)j->tables[1 - k]->n_units * sizeof(int64_t));
    return spk__parallel_for_part(j->ctx, n_tasks, task, j, "comparing", from, to);
}

static void free_crowds(job *j)
{
    for (int k = 0; k < 2; k++) {
        spk__free(j->crowds[k].spikes);
        spk__free(j->order[k]);
        spk__free(j->by_unit[k]);
        j->crowds[k] = (crowd){0};
        j->order[k] = j->by_unit[k] = NULL;
    }
}

/* Frees what the workers have noted of their chunks. */
static void drop_noted(job *j)
{
    for (int32_t w = 0; w < j->n_workers; w++)
        for (int k = 0; k < 2; k++) {
            spk__free(j->workers[w].crowds[k].spikes);
            j->workers[w].crowds[k] = (crowd){0};
        }
}

/* Of tables of pairs, if there are any: whether one is full; an error if one has failed. */
static spk_status look_at_pairs(const job *j, int *is_full)
{
    *is_full = 0;
    for (int32_t w = 0; w < j->n_pair_tables; w++) {
        if (j->pairs[w].has_failed)
            return spk__fail_memory(j->ctx);
        *is_full |= j->pairs[w].is_full;
    }
    return SPK_OK;
}

/* Merges the tables of pairs into the first, which may then be larger. */
static spk_status merge_pairs(job *j)
{
    int is_full;
    j->pairs[0].most = INT64_MAX;
    for (int32_t w = 1; w < j->n_pair_tables; w++) {
        spk__pair_table_merge(&j->pairs[0], &j->pairs[w]);
        spk__pair_table_clear(&j->pairs[w]);
    }
    return look_at_pairs(j, &is_full);
}

/* Counts the rows row_first .. row_last - 1; the sums end in worker 0's counters, or in the
 * first table of pairs. If tables of pairs are too small for so many rows, *is_full is set
 * and nothing was counted. */
static spk_status count_rows(job *j, double from, double to, int *is_full)
{
    spk_context *ctx = j->ctx;
    const int64_t n = (j->row_last - j->row_first) * j->n_columns;
    const double middle = from + 0.9 * (to - from);
    const int64_t n_tasks = (j->n_chunks + CHUNKS_PER_TASK - 1) / CHUNKS_PER_TASK;
    spk_status status = SPK_OK;
    for (int32_t w = 0; w < j->n_workers; w++) {
        if (j->pairs == NULL)
            memset(j->workers[w].counters, 0, (size_t)n * sizeof(uint32_t));
        if (j->pairs == NULL && j->with_products)
            memset(j->workers[w].products, 0, (size_t)n * sizeof(uint64_t));
        for (int k = 0; k < 2; k++)
            memset(j->workers[w].n_spikes[k], 0,
                   (size_t)j->tables[k]->n_units * sizeof(int64_t));
    }
    if ((status = spk__parallel_for_part(ctx, n_tasks, count_chunks, j, "comparing", from,
                                         middle)) != SPK_OK ||
        (status = look_at_pairs(j, is_full)) != SPK_OK)
        return status;
    if (*is_full) {
        drop_noted(j);
        return SPK_OK;
    }
    uint32_t *counters = j->workers[0].counters;
    uint64_t *products = j->workers[0].products;
    for (int32_t w = 1; j->pairs == NULL && w < j->n_workers; w++) {
        for (int64_t p = 0; p < n; p++)
            counters[p] += j->workers[w].counters[p];
        for (int64_t p = 0; j->with_products && p < n; p++)
            products[p] += j->workers[w].products[p];
    }
    for (int k = 0; status == SPK_OK && k < 2; k++)
        status = gather_crowd(j, k);
    for (int k = 0; status == SPK_OK && k < 2; k++)
        find_starts(j, k);
    if (status == SPK_OK)
        status = sweep(j, 0, sweep_row, j->row_last - j->row_first, middle, middle);
    if (status == SPK_OK && j->symmetric)
        status = sweep(j, 1, sweep_column, j->n_columns, middle, to);
    if (status == SPK_OK && j->pairs != NULL) {
        status = look_at_pairs(j, is_full);
        if (status == SPK_OK && !*is_full)
            status = merge_pairs(j);
    } else if (status == SPK_OK && j->symmetric) {
        for (int64_t p = 0; p < n; p++) {
            if (j->surplus[p] > 0)
                counters[p] += (uint32_t)j->surplus[p];
            j->surplus[p] = 0;
        }
    }
    free_crowds(j);
    return status;
}

/* Makes room for n more pairs. */
static spk_status reserve(const job *j, spk__matches *m, int64_t n)
{
    int32_t *partners = spk__realloc(j->ctx, m->partners, m->n + n, sizeof *partners);
    if (partners == NULL)
        return spk__fail_memory(j->ctx);
    m->partners = partners;
    int64_t *counts = spk__realloc(j->ctx, m->counts, m->n + n, sizeof *counts);
    if (counts == NULL)
        return spk__fail_memory(j->ctx);
    m->counts = counts;
    if (j->with_products) {
        uint64_t *products =
            spk__realloc(j->ctx, m->products, m->n + n, sizeof *products);
        if (products == NULL)
            return spk__fail_memory(j->ctx);
        m->products = products;
    }
    return SPK_OK;
}

static void add_pair(const job *j, spk__matches *m, int64_t column, int64_t count,
                     uint64_t product)
{
    const int64_t most = m->n_spikes[1][column];
    m->partners[m->n] = (int32_t)column;
    m->counts[m->n] = count < most ? count : most;
    if (j->with_products)
        m->products[m->n] = product;
    m->n++;
}

static spk_status keep_counters(const job *j, spk__matches *m)
{
    const uint32_t *counters = j->workers[0].counters;
    int64_t n = 0, p = 0;
    for (; p < (j->row_last - j->row_first) * j->n_columns; p++)
        n += counters[p] > 0;
    const spk_status status = reserve(j, m, n);
    if (status != SPK_OK)
        return status;
    p = 0;
    for (int64_t row = j->row_first; row < j->row_last; row++) {
        for (int64_t column = 0; column < j->n_columns; column++, p++)
            if (counters[p] > 0)
                add_pair(j, m, column, counters[p],
                         j->with_products ? j->workers[0].products[p] : 0);
        m->offsets[row + 1] = m->n;
    }
    return SPK_OK;
}

static spk_status keep_pairs(const job *j, spk__matches *m)
{
    spk__pair_table *pairs = &j->pairs[0];
    const spk_status status = reserve(j, m, pairs->n);
    if (status != SPK_OK)
        return status;
    spk__pair_table_sort(pairs);
    int64_t i = 0;
    for (int64_t row = j->row_first; row < j->row_last; row++) {
        const int64_t first = (row - j->row_first) * j->n_columns;
        for (; i < pairs->n && (int64_t)pairs->entries[i].key - 1 < first + j->n_columns;
             i++) {
            const spk__pair_count *pair = &pairs->entries[i];
            const uint32_t swept = j->symmetric && pair->swept[1] > pair->swept[0]
                                       ? pair->swept[1]
                                       : pair->swept[0];
            if (pair->count + swept > 0)
                add_pair(j, m, (int64_t)pair->key - 1 - first,
                         (int64_t)pair->count + swept, pair->product);
        }
        m->offsets[row + 1] = m->n;
    }
    return SPK_OK;
}

/* Moves the counts of the rows into the result. */
static spk_status keep_rows(job *j, spk__matches *m)
{
    for (int32_t w = 0; w < j->n_workers; w++) {
        for (int64_t u = j->row_first; u < j->row_last; u++)
            m->n_spikes[0][u] += j->workers[w].n_spikes[0][u];
        for (int64_t u = 0; j->row_first == 0 && u < j->n_columns; u++)
            m->n_spikes[1][u] += j->workers[w].n_spikes[1][u];
    }
    return j->pairs == NULL ? keep_counters(j, m) : keep_pairs(j, m);
}

/* Empty tables of pairs, which share the memory of counters. */
static void empty_pairs(job *j)
{
    for (int32_t w = 0; w < j->n_pair_tables; w++) {
        spk__pair_table_clear(&j->pairs[w]);
        j->pairs[w].ctx = j->ctx;
        j->pairs[w].most =
            COUNTER_BYTES / (int64_t)sizeof(spk__pair_count) / j->n_pair_tables;
        /* A single row has as much as it needs. */
        if (j->row_last - j->row_first == 1)
            j->pairs[w].most = INT64_MAX;
    }
}

static void free_workers(job *j)
{
    for (int32_t i = 0; j->workers != NULL && i < j->n_workers; i++) {
        worker_state *w = &j->workers[i];
        for (int k = 0; k < 2; k++) {
            spk__free(w->near[k].times);
            spk__free(w->near[k].predecessors);
            spk__free(w->near[k].units);
            spk__free(w->near[k].counts);
            spk__free(w->last_times[k]);
            spk__free(w->last_places[k]);
            spk__free(w->crowds[k].spikes);
            spk__free(w->n_spikes[k]);
        }
        spk__free(w->counters);
        spk__free(w->products);
        spk__free(w->keys);
    }
    for (int32_t i = 0; i < j->n_sweepers; i++) {
        if (j->last_taken != NULL)
            spk__free(j->last_taken[i]);
        if (j->taker != NULL)
            spk__free(j->taker[i]);
        if (j->n_left != NULL)
            spk__free(j->n_left[i]);
    }
    for (int32_t i = 0; j->pairs != NULL && i < j->n_pair_tables; i++)
        spk__pair_table_clear(&j->pairs[i]);
    spk__free(j->pairs);
    spk__free(j->n_left);
    spk__free(j->last_taken);
    spk__free(j->taker);
    spk__free(j->workers);
}

static spk_status make_workers(job *j, int64_t n_rows)
{
    spk_context *ctx = j->ctx;
    j->workers = spk__alloc_zero(ctx, j->n_workers, sizeof *j->workers);
    j->last_taken = spk__alloc_zero(ctx, j->n_sweepers, sizeof *j->last_taken);
    j->taker = spk__alloc_zero(ctx, j->n_sweepers, sizeof *j->taker);
    j->n_left = spk__alloc_zero(ctx, j->n_sweepers, sizeof *j->n_left);
    if (j->workers == NULL || j->last_taken == NULL || j->taker == NULL ||
        j->n_left == NULL)
        return spk__fail_memory(ctx);
    for (int32_t i = 0; i < j->n_sweepers; i++) {
        j->last_taken[i] = spk__alloc(ctx, j->most_units, sizeof **j->last_taken);
        j->taker[i] = spk__alloc(ctx, j->most_units, sizeof **j->taker);
        j->n_left[i] = spk__alloc(ctx, j->most_units, sizeof **j->n_left);
        if (j->last_taken[i] == NULL || j->taker[i] == NULL || j->n_left[i] == NULL)
            return spk__fail_memory(ctx);
    }
    for (int32_t i = 0; i < j->n_workers; i++) {
        worker_state *w = &j->workers[i];
        int complete = 1;
        for (int k = 0; k < 2; k++) {
            spk__near_spikes *near = &w->near[k];
            const int64_t n = j->most_near[k] + PADDING, n_units = j->tables[k]->n_units;
            near->times = spk__alloc(ctx, n, sizeof *near->times);
            near->predecessors = spk__alloc(ctx, n, sizeof *near->predecessors);
            near->units = spk__alloc(ctx, n, sizeof *near->units);
            near->counts = spk__alloc(ctx, n, sizeof *near->counts);
            w->last_times[k] = spk__alloc(ctx, n_units, sizeof *w->last_times[k]);
            w->last_places[k] = spk__alloc(ctx, n_units, sizeof *w->last_places[k]);
            w->n_spikes[k] = spk__alloc(ctx, n_units, sizeof *w->n_spikes[k]);
            complete &= near->times != NULL && near->predecessors != NULL &&
                        near->units != NULL && near->counts != NULL &&
                        w->last_times[k] != NULL && w->last_places[k] != NULL &&
                        w->n_spikes[k] != NULL;
            for (int64_t u = 0; w->last_times[k] != NULL && u < n_units; u++)
                w->last_times[k][u] = LONG_BEFORE;
        }
        if (j->pairs == NULL)
            w->counters = spk__alloc(ctx, n_rows * j->n_columns, sizeof *w->counters);
        w->keys = spk__alloc(ctx, SPK__COINCIDENCE_KEYS + PADDING, sizeof *w->keys);
        spk__coincidences_lanes(w->lanes);
        if (j->pairs == NULL && j->with_products)
            w->products = spk__alloc(ctx, n_rows * j->n_columns, sizeof *w->products);
        if (!complete || w->keys == NULL ||
            (j->pairs == NULL &&
             (w->counters == NULL || (j->with_products && w->products == NULL))))
            return spk__fail_memory(ctx);
    }
    return SPK_OK;
}

void spk__matches_free(spk__matches *matches)
{
    spk__free(matches->offsets);
    spk__free(matches->partners);
    spk__free(matches->counts);
    spk__free(matches->products);
    spk__free(matches->n_spikes[0]);
    spk__free(matches->n_spikes[1]);
    *matches = (spk__matches){0};
}

static int in_range(int64_t time)
{
    const int64_t limit = (int64_t)1 << 61;
    return time >= -limit && time <= limit;
}

spk_status spk__matches_count(spk_context *ctx, const spk_spikes *a, const spk_spikes *b,
                              const spk_epochs *epochs, int64_t delta, int symmetric,
                              int with_products, spk__matches *matches)
{
    assert(delta >= 0 && delta <= SPK__COMPARISON_MAX_DELTA);
    *matches = (spk__matches){0};
    job j = {.ctx = ctx,
             .tables = {a, b},
             .delta = delta,
             .n_columns = b->n_units,
             .symmetric = symmetric,
             .with_products = with_products};
    for (int k = 0; k < 2; k++) {
        const spk_spikes *table = j.tables[k];
        SPK_REQUIRE(ctx, table->n_spikes <= INT32_MAX, SPK_ERR_OVERFLOW,
                    "%s: expected fewer than 2^31 spikes, found %" PRId64,
                    k == 0 ? "a" : "b", table->n_spikes);
        SPK_REQUIRE(
            ctx,
            table->n_spikes == 0 || (in_range(table->samples[0]) &&
                                     in_range(table->samples[table->n_spikes - 1])),
            SPK_ERR_OVERFLOW, "%s: spike times beyond 2^61 samples", k == 0 ? "a" : "b");
    }
    spk_status status = cut(&j, epochs);
    if (status != SPK_OK)
        goto cleanup;
    j.n_workers = spk__parallel_workers(ctx, j.n_chunks / CHUNKS_PER_TASK + 1);
    j.most_units = a->n_units > b->n_units ? a->n_units : b->n_units;
    j.n_sweepers = spk__parallel_workers(ctx, j.most_units);
    /* All rows at once, if the workers' counters fit. */
    const int64_t bytes = symmetric ? 8 : 4;
    int64_t n_rows = COUNTER_BYTES / (bytes + (with_products ? 8 : 0)) / j.n_workers /
                     (b->n_units + 1);
    n_rows = n_rows < 1 ? 1 : n_rows > a->n_units ? a->n_units : n_rows;
    const int is_sparse =
        n_rows < a->n_units && (double)a->n_units * (double)b->n_units >
                                   CELLS_PER_SPIKE * (double)(a->n_spikes + b->n_spikes);
    if (is_sparse) {
        /* As many rows as keys of 32 bits can tell. */
        n_rows = ((int64_t)1 << 32) / (b->n_units + 1);
        n_rows = n_rows < 1 ? 1 : n_rows > a->n_units ? a->n_units : n_rows;
        j.n_pair_tables = j.n_workers > j.n_sweepers ? j.n_workers : j.n_sweepers;
        j.pairs = spk__alloc_zero(ctx, j.n_pair_tables, sizeof *j.pairs);
        if (j.pairs == NULL) {
            status = spk__fail_memory(ctx);
            goto cleanup;
        }
    }
    j.parts = spk__alloc_zero(ctx, j.n_chunks, sizeof *j.parts);
    matches->offsets = spk__alloc_zero(ctx, a->n_units + 1, sizeof *matches->offsets);
    matches->n_spikes[0] = spk__alloc_zero(ctx, a->n_units, sizeof(int64_t));
    matches->n_spikes[1] = spk__alloc_zero(ctx, b->n_units, sizeof(int64_t));
    const int needs_surplus = symmetric && !is_sparse;
    if (needs_surplus)
        j.surplus = spk__alloc_zero(ctx, n_rows * b->n_units, sizeof *j.surplus);
    if (j.parts == NULL || matches->offsets == NULL || matches->n_spikes[0] == NULL ||
        matches->n_spikes[1] == NULL || (needs_surplus && j.surplus == NULL)) {
        status = spk__fail_memory(ctx);
        goto cleanup;
    }
    if ((status = make_workers(&j, n_rows)) != SPK_OK)
        goto cleanup;
    /* Without units in a, one pass still counts the spikes of b. */
    do {
        const double n_units = a->n_units > 0 ? (double)a->n_units : 1.0;
        j.row_last =
            j.row_first + n_rows < a->n_units ? j.row_first + n_rows : a->n_units;
        int is_full = 0;
        empty_pairs(&j);
        if ((status = count_rows(&j, (double)j.row_first / n_units,
                                 (double)j.row_last / n_units, &is_full)) != SPK_OK)
            goto cleanup;
        if (is_full) {
            n_rows = (j.row_last - j.row_first + 1) / 2;
            continue;
        }
        if ((status = keep_rows(&j, matches)) != SPK_OK)
            goto cleanup;
        j.row_first = j.row_last;
    } while (j.row_first < a->n_units);
cleanup:
    free_crowds(&j);
    free_workers(&j);
    spk__free(j.surplus);
    spk__free(j.parts);
    spk__free(j.chunks);
    if (status != SPK_OK)
        spk__matches_free(matches);
    return status;
}
