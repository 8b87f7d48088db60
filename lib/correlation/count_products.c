/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Sums of products of counts, in whole numbers held by doubles, which are exact below 2^53;
 * the table has made sure that they are, since no sum of products is larger than the larger
 * sum of squares. So both ways give the same bits.
 *
 * Sparse: for each entry of a unit, the entries after it in its bin; a unit's row of sums
 * stays in the cache. Dense: the matrix is cut into tiles of some hundred units a side, and
 * the bins that have spikes into blocks; counts of both sides of a tile are laid out and
 * multiplied. Only tiles on and above the diagonal are made.
 */
#include "base/check.h"
#include "base/memory.h"
#include "base/parallel.h"
#include "correlation/count_table.h"
#include "linalg/product.h"

#include <stdatomic.h>
#include <string.h>

enum {
    TILE = 256,
    BLOCK = 1024,
    ENTRIES_AHEAD = 12,
    /* products of the dense path, of which there are n_units^2 a group, that take as long as
     * one pair of entries: 30 to 90, as counters fit the cache or not */
    DENSE_ADVANTAGE = 48
};

typedef struct products_work {
    spk_context *ctx;
    const spk__count_table *table;
    double *products;
    int64_t n_tiles;        /* a side */
    double *sides;          /* [workers][2][TILE][BLOCK] */
    double *sums;           /* [workers][TILE][TILE] */
    int64_t *cursors;       /* [workers][2][TILE] */
    _Atomic int is_stopped; /* what the cancel callback said, for all workers */
} products_work;

static spk_status sparse_row(void *state, int64_t unit, int32_t worker)
{
    const products_work *w = state;
    const spk__count_table *t = w->table;
    double *row = w->products + unit * t->n_units;
    const int64_t end = t->offsets[unit + 1];
    (void)worker;
    memset(row, 0, (size_t)t->n_units * sizeof *row);
    for (int64_t e = t->offsets[unit]; e < end; e++) {
        const uint32_t place = t->places[e];
        const uint32_t ahead = t->places[e + ENTRIES_AHEAD < end ? e + ENTRIES_AHEAD : e];
        __builtin_prefetch(t->units + ahead);
        __builtin_prefetch(t->counts + ahead);
        const double count = t->counts[place];
        const uint32_t stop = t->group_begins[t->groups[e] + 1];
        for (uint32_t k = place + 1; k < stop; k++)
            row[t->units[k]] += count * (double)t->counts[k];
    }
    return SPK_OK;
}

/* Lays out the counts of units first .. first + n - 1 in the groups of a block. */
static void lay_out(const spk__count_table *t, int64_t first, int64_t n, int64_t block,
                    int64_t width, int64_t *cursors, double *side)
{
    const int64_t start = block * BLOCK;
    memset(side, 0, (size_t)(n * width) * sizeof *side);
    for (int64_t u = 0; u < n; u++) {
        int64_t e = cursors[u];
        const int64_t end = t->offsets[first + u + 1];
        for (; e < end && t->groups[e] < start + width; e++)
            side[u * width + (t->groups[e] - start)] = t->counts[t->places[e]];
        cursors[u] = e;
    }
}

/* Where a tile is among those on and above the diagonal, which are numbered row by row. */
static void find_tile(int64_t n_tiles, int64_t task, int64_t *row, int64_t *column)
{
    *row = 0;
    while (task >= n_tiles - *row) {
        task -= n_tiles - *row;
        ++*row;
    }
    *column = *row + task;
}

static spk_status dense_tile(void *state, int64_t task, int32_t worker)
{
    products_work *w = state;
    const spk__count_table *t = w->table;
    int64_t tile[2], first[2], n[2];
    double *sides[2], *sums = w->sums + (int64_t)worker * TILE * TILE;
    int64_t *cursors[2];
    find_tile(w->n_tiles, task, &tile[0], &tile[1]);
    for (int k = 0; k < 2; k++) {
        sides[k] = w->sides + (2 * (int64_t)worker + k) * TILE * BLOCK;
        cursors[k] = w->cursors + (2 * (int64_t)worker + k) * TILE;
        first[k] = tile[k] * TILE;
        n[k] = t->n_units - first[k] < TILE ? t->n_units - first[k] : TILE;
        memcpy(cursors[k], t->offsets + first[k], (size_t)n[k] * sizeof *cursors[k]);
    }
    const int is_diagonal = tile[0] == tile[1];
    for (int64_t i = 0; i < n[0]; i++)
        memset(w->products + (first[0] + i) * t->n_units + first[1], 0,
               (size_t)n[1] * sizeof(double));
    for (int64_t j = 0; !is_diagonal && j < n[1]; j++)
        memset(w->products + (first[1] + j) * t->n_units + first[0], 0,
               (size_t)n[0] * sizeof(double));
    for (int64_t block = 0; block * BLOCK < t->n_groups; block++) {
        const int64_t left = t->n_groups - block * BLOCK;
        const int64_t width = left < BLOCK ? left : BLOCK;
        if (worker == 0 && spk__poll(w->ctx, NULL, 0.0) != SPK_OK)
            atomic_store(&w->is_stopped, 1);
        if (atomic_load_explicit(&w->is_stopped, memory_order_relaxed))
            return SPK_ERR_CANCELLED;
        for (int k = 0; k < 2 - is_diagonal; k++)
            lay_out(t, first[k], n[k], block, width, cursors[k], sides[k]);
        spk__linalg_row_products(n[0], n[1], width, 1.0, sides[0],
                                 sides[is_diagonal ? 0 : 1], sums);
        for (int64_t i = 0; i < n[0]; i++) {
            double *row = w->products + (first[0] + i) * t->n_units + first[1];
            for (int64_t j = is_diagonal ? i + 1 : 0; j < n[1]; j++)
                row[j] += sums[i * n[1] + j];
        }
    }
    return SPK_OK;
}

static spk_status run_dense(products_work *w, double from, double to)
{
    w->n_tiles = (w->table->n_units + TILE - 1) / TILE;
    const int64_t n_tasks = w->n_tiles * (w->n_tiles + 1) / 2;
    const int64_t n_workers = spk__parallel_workers(w->ctx, n_tasks);
    w->sides = spk__alloc(w->ctx, n_workers * 2 * TILE * BLOCK, sizeof *w->sides);
    w->sums = spk__alloc(w->ctx, n_workers * TILE * TILE, sizeof *w->sums);
    w->cursors = spk__alloc(w->ctx, n_workers * 2 * TILE, sizeof *w->cursors);
    spk_status status = SPK_OK;
    if (w->sides == NULL || w->sums == NULL || w->cursors == NULL)
        status = spk__fail_memory(w->ctx);
    else
        status = spk__parallel_for_part(w->ctx, n_tasks, dense_tile, w,
                                        "count correlations", from, to);
    spk__free(w->cursors);
    spk__free(w->sums);
    spk__free(w->sides);
    return status;
}

spk_status spk__count_products(spk_context *ctx, const spk__count_table *table,
                               int32_t path, double *products, double from, double to)
{
    products_work work = {.ctx = ctx, .table = table, .products = products};
    const double n = (double)table->n_units;
    if (path == SPK__COUNT_CHEAPER)
        path = (double)table->n_pairs * DENSE_ADVANTAGE > (double)table->n_groups * n * n
                   ? SPK__COUNT_DENSE
                   : SPK__COUNT_SPARSE;
    if (path == SPK__COUNT_DENSE)
        return run_dense(&work, from, to);
    return spk__parallel_for_part(ctx, table->n_units, sparse_row, &work,
                                  "count correlations", from, to);
}
