/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The unit's spikes in order of time, then all others in order of time. Of N > max_spikes in
 * all, those at places floor(i s), s = 1 / (max_spikes / N), below N - 1 are taken, and the
 * first floor(n max_spikes / N) of them are held to be the unit's n: SpikeInterface's and the
 * Allen Institute's rule, the last of them being another's now and then.
 */
#include "sorting/isolation_neighbors.h"

#include "base/check.h"
#include "base/memory.h"

#include <math.h>
#include <string.h>

void spk__isolation_neighbors_free(spk__isolation_neighbors *s)
{
    spk__free(s->others);
    spk__free(s->order);
    spk__free(s->starts);
    spk__free(s->chosen);
    spk__free(s->groups);
    spk__free(s->rows);
    spk__nearest_rows_free(&s->nearest);
}

static spk_status reserve_others(spk_context *ctx, spk__isolation_neighbors *s,
                                 const spk__isolation_units *units, int64_t n)
{
    if (s->starts == NULL)
        s->starts = spk__alloc_zero(ctx, units->n_units, sizeof *s->starts);
    if (s->starts == NULL)
        return spk__fail_memory(ctx);
    if (s->n_reserved >= n)
        return SPK_OK;
    spk__free(s->others);
    spk__free(s->order);
    s->n_reserved = 0;
    s->others = spk__alloc(ctx, n, sizeof *s->others);
    s->order = spk__alloc(ctx, n, sizeof *s->order);
    if (s->others == NULL || s->order == NULL)
        return spk__fail_memory(ctx);
    s->n_reserved = n;
    return SPK_OK;
}

static spk_status reserve_rows(spk_context *ctx, spk__isolation_neighbors *s,
                               const spk_features *f, int64_t n)
{
    if (s->n_rows >= n)
        return SPK_OK;
    const int64_t n_d = f->n_components * f->n_local;
    const int64_t k =
        s->n_nearest > s->n_nearest_allen ? s->n_nearest : s->n_nearest_allen;
    if (n < 2 * s->n_rows) /* so that it grows a few times only */
        n = 2 * s->n_rows < s->max_spikes + 1 ? 2 * s->n_rows : s->max_spikes + 1;
    spk__free(s->chosen);
    spk__free(s->groups);
    spk__free(s->rows);
    spk__nearest_rows_free(&s->nearest);
    s->n_rows = 0;
    s->chosen = spk__alloc(ctx, n, sizeof *s->chosen);
    s->rows = spk__alloc(ctx, n, (size_t)n_d * sizeof *s->rows);
    s->groups = spk__alloc(ctx, n, sizeof *s->groups);
    if (s->chosen == NULL || s->groups == NULL || s->rows == NULL)
        return spk__fail_memory(ctx);
    const spk_status status = spk__nearest_rows_make(ctx, n, n_d, k, &s->nearest);
    if (status == SPK_OK)
        s->n_rows = n;
    return status;
}

/* Sorts by 11 bits at a time; the result is in `values`. */
static void sort_places(uint32_t *values, uint32_t *scratch, int64_t n)
{
    enum {
        BITS = 11,
        N_BINS = 1 << BITS
    };
    uint32_t *from = values, *to = scratch;
    for (int shift = 0; shift < 33; shift += BITS) {
        int64_t ends[N_BINS + 1] = {0};
        for (int64_t i = 0; i < n; i++)
            ends[(from[i] >> shift & (N_BINS - 1)) + 1]++;
        for (int b = 0; b < N_BINS; b++)
            ends[b + 1] += ends[b];
        for (int64_t i = 0; i < n; i++)
            to[ends[from[i] >> shift & (N_BINS - 1)]++] = from[i];
        uint32_t *swap = from;
        from = to;
        to = swap;
    }
    memcpy(values, from, (size_t)n * sizeof *values); /* three passes: it is in scratch */
}

/* The other spikes in order of time. */
static void gather_others(const spk__isolation_space *space, spk__isolation_neighbors *s)
{
    const spk__isolation_units *units = space->units;
    int64_t n = 0;
    for (int64_t k = 0; k < space->n_neighbours; k++) {
        const int32_t v = space->neighbours[k];
        if (units->counts[v] > 0)
            memcpy(s->others + n, units->spikes[v],
                   (size_t)units->counts[v] * sizeof *s->others);
        n += units->counts[v];
    }
    sort_places(s->others, s->order, n);
}

typedef struct row_choice {
    int64_t n;     /* rows that are taken */
    int64_t n_own; /* of them held to be the unit's */
    int64_t n_all;
    double step; /* 0: all */
} row_choice;

static row_choice choose(int64_t n_own, int64_t n_all, int64_t max_spikes)
{
    const double ratio = (double)max_spikes / (double)n_all;
    if (!(ratio < 1))
        return (row_choice){n_all, n_own, n_all, 0};
    const double step = 1 / ratio;
    return (row_choice){(int64_t)ceil((double)(n_all - 1) / step),
                        (int64_t)((double)n_own * ratio), n_all, step};
}

static void list_rows(const spk__isolation_space *space, const row_choice *choice,
                      spk__isolation_neighbors *s)
{
    const int64_t n_own = space->units->counts[space->unit];
    for (int64_t i = 0; i < choice->n; i++) {
        int64_t place = choice->step == 0 ? i : (int64_t)((double)i * choice->step);
        if (place >= choice->n_all)
            place = choice->n_all - 1;
        s->chosen[i] = place < n_own ? space->units->spikes[space->unit][place]
                                     : s->others[place - n_own];
    }
}

/* Puts the others' rows of one unit together, in the order of units: near rows meet early in
 * the search then, and few more have to be looked at. */
static void group_rows(const spk__isolation_space *space, const row_choice *choice,
                       spk__isolation_neighbors *s)
{
    const int64_t n = choice->n - choice->n_own;
    uint32_t *rows = s->chosen + choice->n_own;
    for (int64_t i = 0; i < n; i++) {
        s->others[i] = rows[i];
        s->starts[space->units->labels[rows[i]]]++;
    }
    int64_t start = 0;
    for (int64_t u = 0; u < space->units->n_units; u++) {
        const int64_t count = s->starts[u];
        s->starts[u] = start;
        start += count;
    }
    for (int64_t i = 0; i < n; i++)
        rows[s->starts[space->units->labels[s->others[i]]]++] = s->others[i];
    for (int64_t i = 0; i < choice->n; i++)
        s->groups[i] = space->units->labels[s->chosen[i]];
    for (int64_t u = 0; u < space->units->n_units; u++)
        s->starts[u] = 0;
}

/* Fraction of the first k neighbours of rows [first, stop) that are below n_own. */
static double fraction(const spk__isolation_neighbors *s, int64_t n_listed, int64_t k,
                       int64_t first, int64_t stop, int64_t n_own)
{
    int64_t count = 0;
    if (k < 1 || first >= stop)
        return NAN;
    for (int64_t i = first; i < stop; i++)
        for (int64_t j = 0; j < k; j++)
            count += s->nearest.nearest[i * n_listed + j] < n_own;
    return (double)count / (double)((stop - first) * k);
}

spk_status spk__isolation_rates_find(spk_context *ctx, spk__isolation_space *space,
                                     spk__isolation_neighbors *s,
                                     spk__isolation_rates *rates)
{
    const int64_t n_own = space->units->counts[space->unit];
    *rates = (spk__isolation_rates){NAN, NAN, NAN, NAN};
    if (space->n_others == 0 || space->n_dimensions == 0)
        return SPK_OK;
    const row_choice choice = choose(n_own, n_own + space->n_others, s->max_spikes);
    int64_t k = s->n_nearest > s->n_nearest_allen ? s->n_nearest : s->n_nearest_allen;
    if (k > choice.n - 1)
        k = choice.n - 1;
    if (k < 1)
        return SPK_OK;
    spk_status status = reserve_others(ctx, s, space->units, space->n_others);
    if (status == SPK_OK)
        status = reserve_rows(ctx, s, space->units->features, choice.n);
    if (status != SPK_OK)
        return status;
    gather_others(space, s);
    list_rows(space, &choice, s);
    group_rows(space, &choice, s);
    spk__isolation_load(space, s->chosen, choice.n, s->rows);
    if (!spk__nearest_rows_find(&s->nearest, s->rows, choice.n, space->n_dimensions, k,
                                choice.n_own, s->groups))
        return SPK_OK;
    if (k >= s->n_nearest) {
        rates->hit = fraction(s, k, s->n_nearest, 0, choice.n_own, choice.n_own);
        rates->miss = fraction(s, k, s->n_nearest, choice.n_own, choice.n, choice.n_own);
    }
    if (k >= s->n_nearest_allen) {
        rates->hit_allen =
            fraction(s, k, s->n_nearest_allen, 0, choice.n_own, choice.n_own);
        rates->miss_allen =
            fraction(s, k, s->n_nearest_allen, choice.n_own, choice.n, choice.n_own);
    }
    return SPK_OK;
}
