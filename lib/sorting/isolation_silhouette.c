/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Distances from spikes to centroids, and between spikes, are |a|^2 + |b|^2 - 2 a b with the
 * products of whole blocks at once, everything taken from the unit's mean. What cancels in
 * that is some eps |a|^2 of the square.
 */
#include "sorting/isolation_silhouette.h"

#include "base/check.h"
#include "base/memory.h"
#include "linalg/product.h"

#include <math.h>
#include <string.h>

enum {
    BLOCK = SPK__ISOLATION_BLOCK,
    LANES = 8
};

spk_status spk__isolation_silhouette_make(spk_context *ctx,
                                          const spk__isolation_units *units,
                                          spk__isolation_silhouette *s)
{
    const int64_t n_d = units->features->n_components * units->features->n_local;
    const int64_t n_wide = units->n_units > BLOCK ? units->n_units : BLOCK;
    *s = (spk__isolation_silhouette){.n_rows = 0};
    s->block = spk__alloc(ctx, BLOCK, (size_t)n_d * sizeof *s->block);
    s->dots = spk__alloc(ctx, n_wide, BLOCK * sizeof *s->dots);
    s->sums = spk__alloc(ctx, units->n_units, sizeof *s->sums);
    s->centroid_norms = spk__alloc(ctx, units->n_units, sizeof *s->centroid_norms);
    if (s->block != NULL && s->dots != NULL && s->sums != NULL &&
        s->centroid_norms != NULL)
        return SPK_OK;
    spk__isolation_silhouette_free(s);
    return spk__fail_memory(ctx);
}

static void free_rows(spk__isolation_silhouette *s)
{
    spk__free(s->own_spikes);
    spk__free(s->other_spikes);
    spk__free(s->own);
    spk__free(s->other);
    spk__free(s->own_norms);
    spk__free(s->other_norms);
    spk__free(s->within);
    spk__free(s->between);
    spk__free(s->nearest);
    spk__free(s->other_within);
    spk__free(s->other_between);
    s->n_rows = 0;
}

void spk__isolation_silhouette_free(spk__isolation_silhouette *s)
{
    free_rows(s);
    spk__free(s->block);
    spk__free(s->dots);
    spk__free(s->sums);
    spk__free(s->centroids);
    spk__free(s->centroid_norms);
    *s = (spk__isolation_silhouette){.n_rows = 0};
}

static int64_t block_length(int64_t first, int64_t n)
{
    return n - first < BLOCK ? n - first : BLOCK;
}

static double squared_length(const double *x, int64_t n)
{
    double sum = 0;
    for (int64_t d = 0; d < n; d++)
        sum += x[d] * x[d];
    return sum;
}

/* From squared lengths and the product; what rounding made negative is 0, NaN stays. */
static double distance(double a, double b, double dot)
{
    const double square = a + b - 2 * dot;
    return sqrt(square < 0 ? 0 : square);
}

/* Eight sums at a time, always in this order. */
static double sum_of_row(const double *x, int64_t n)
{
    double sums[LANES] = {0};
    const int64_t whole = n - n % LANES;
    for (int64_t j = 0; j < whole; j += LANES)
        for (int l = 0; l < LANES; l++)
            sums[l] += x[j + l];
    for (int64_t j = whole; j < n; j++)
        sums[j - whole] += x[j];
    return ((sums[0] + sums[1]) + (sums[2] + sums[3])) +
           ((sums[4] + sums[5]) + (sums[6] + sums[7]));
}

/* (b - a) / max(a, b), 0 where they are equal. */
static double silhouette(double a, double b)
{
    return a == b ? 0 : (b - a) / (a > b ? a : b);
}

/* ---- simplified ---- */

/* The means of the neighbours' spikes and their squared lengths. */
static spk_status find_centroids(spk_context *ctx, spk__isolation_space *space,
                                 spk__isolation_silhouette *s)
{
    const spk_features *f = space->units->features;
    const int64_t n_d = space->n_dimensions;
    if (s->n_centroids < space->n_neighbours) {
        spk__free(s->centroids);
        s->n_centroids = 0;
        s->centroids =
            spk__alloc(ctx, space->n_neighbours,
                       (size_t)(f->n_components * f->n_local) * sizeof *s->centroids);
        if (s->centroids == NULL)
            return spk__fail_memory(ctx);
        s->n_centroids = space->n_neighbours;
    }
    for (int64_t k = 0; k < space->n_neighbours; k++) {
        double *centroid = s->centroids + k * n_d;
        spk__isolation_space_mean(space, space->neighbours[k], s->block, centroid);
        s->centroid_norms[k] = squared_length(centroid, n_d);
    }
    return SPK_OK;
}

/* The block of the unit's spikes from `first` on, and its products with centroids. */
static int64_t load_products(spk__isolation_space *space, spk__isolation_silhouette *s,
                             int64_t first, const double *centroids, int64_t n_centroids)
{
    const spk__isolation_units *units = space->units;
    const int64_t n = block_length(first, units->counts[space->unit]);
    spk__isolation_load_unit(space, space->unit, first, n, s->block);
    spk__linalg_row_products(n, n_centroids, space->n_dimensions, 1, s->block, centroids,
                             s->dots);
    return n;
}

/* The neighbour whose centroid is nearest to the unit's spikes on average; -1: none. */
static int64_t nearest_centroid(spk__isolation_space *space, spk__isolation_silhouette *s)
{
    const int64_t n_d = space->n_dimensions, n_k = space->n_neighbours;
    const int64_t n_own = space->units->counts[space->unit];
    int64_t best = -1;
    for (int64_t k = 0; k < n_k; k++)
        s->sums[k] = 0;
    for (int64_t first = 0; first < n_own; first += BLOCK) {
        const int64_t n = load_products(space, s, first, s->centroids, n_k);
        for (int64_t i = 0; i < n; i++) {
            const double norm = squared_length(s->block + i * n_d, n_d);
            for (int64_t k = 0; k < n_k; k++)
                s->sums[k] += distance(norm, s->centroid_norms[k], s->dots[i * n_k + k]);
        }
    }
    for (int64_t k = 0; k < n_k; k++)
        if (s->sums[k] < (best < 0 ? INFINITY : s->sums[best]))
            best = k;
    return best;
}

spk_status spk__isolation_simplified(spk_context *ctx, spk__isolation_space *space,
                                     spk__isolation_silhouette *s, double *value)
{
    const int64_t n_d = space->n_dimensions;
    const int64_t n_own = space->units->counts[space->unit];
    *value = NAN;
    if (space->n_neighbours == 0 || n_d == 0)
        return SPK_OK;
    const spk_status status = find_centroids(ctx, space, s);
    if (status != SPK_OK)
        return status;
    const int64_t best = nearest_centroid(space, s);
    if (best < 0)
        return SPK_OK;
    const double *centroid = s->centroids + best * n_d;
    double sum = 0;
    for (int64_t first = 0; first < n_own; first += BLOCK) {
        const int64_t n = load_products(space, s, first, centroid, 1);
        for (int64_t i = 0; i < n; i++) {
            const double norm = squared_length(s->block + i * n_d, n_d);
            sum += silhouette(sqrt(norm),
                              distance(norm, s->centroid_norms[best], s->dots[i]));
        }
    }
    *value = sum / (double)n_own;
    return SPK_OK;
}

/* ---- full ---- */

static int64_t most_spikes(const spk__isolation_units *units, int64_t max_spikes)
{
    int64_t most = 0;
    for (int64_t u = 0; u < units->n_units; u++)
        most = units->counts[u] > most ? units->counts[u] : most;
    return most < max_spikes ? most : max_spikes;
}

static spk_status reserve_rows(spk_context *ctx, spk__isolation_silhouette *s,
                               const spk__isolation_units *units, int64_t max_spikes)
{
    if (s->n_rows > 0)
        return SPK_OK;
    const int64_t n = most_spikes(units, max_spikes);
    const size_t row =
        (size_t)(units->features->n_components * units->features->n_local) *
        sizeof(double);
    double **const columns[] = {&s->own_norms,    &s->other_norms, &s->within,
                                &s->between,      &s->nearest,     &s->other_within,
                                &s->other_between};
    int complete = 1;
    s->own_spikes = spk__alloc(ctx, n, sizeof *s->own_spikes);
    s->other_spikes = spk__alloc(ctx, n, sizeof *s->other_spikes);
    s->own = spk__alloc(ctx, n, row);
    s->other = spk__alloc(ctx, n, row);
    for (size_t c = 0; c < sizeof columns / sizeof columns[0]; c++) {
        *columns[c] = spk__alloc(ctx, n, sizeof **columns[c]);
        complete &= *columns[c] != NULL;
    }
    if (!complete || s->own_spikes == NULL || s->other_spikes == NULL || s->own == NULL ||
        s->other == NULL)
        return spk__fail_memory(ctx);
    s->n_rows = n;
    return SPK_OK;
}

/* A unit's spikes, or a sample of them that does not depend on who asks. */
static int64_t load_sample(spk__isolation_space *space, int64_t unit, int64_t max_spikes,
                           uint64_t seed, uint32_t *sample, double *rows, double *norms)
{
    const spk__isolation_units *units = space->units;
    const uint32_t *spikes = units->spikes[unit];
    int64_t n = units->counts[unit];
    if (n > max_spikes) {
        spk__isolation_choose(spikes, n, max_spikes, seed,
                              (uint32_t)unit | UINT32_C(0x80000000), sample);
        spikes = sample;
        n = max_spikes;
    }
    spk__isolation_load(space, spikes, n, rows);
    for (int64_t i = 0; i < n; i++)
        norms[i] = squared_length(rows + i * space->n_dimensions, space->n_dimensions);
    return n;
}

typedef struct row_set {
    const double *rows;
    const double *norms;
    int64_t n;
} row_set;

/* Sums of the distances from every row of a to all of b, and the other way round where that
 * is wanted; of a set with itself each row to the others. */
static void add_distances(spk__isolation_silhouette *s, row_set a, row_set b, int64_t n_d,
                          double *a_sums, double *b_sums)
{
    const int same = a.rows == b.rows;
    for (int64_t i = 0; i < a.n; i++)
        a_sums[i] = 0;
    for (int64_t j = 0; j < b.n && b_sums != NULL; j++)
        b_sums[j] = 0;
    for (int64_t i0 = 0; i0 < a.n; i0 += BLOCK)
        for (int64_t j0 = 0; j0 < b.n; j0 += BLOCK) {
            const int64_t n_i = block_length(i0, a.n), n_j = block_length(j0, b.n);
            spk__linalg_row_products(n_i, n_j, n_d, 1, a.rows + i0 * n_d,
                                     b.rows + j0 * n_d, s->dots);
            for (int64_t i = 0; i < n_i; i++) {
                double *row = s->dots + i * n_j;
                for (int64_t j = 0; j < n_j; j++)
                    row[j] = distance(a.norms[i0 + i], b.norms[j0 + j], row[j]);
                if (same && i0 == j0)
                    row[i] = 0;
                a_sums[i0 + i] += sum_of_row(row, n_j);
                for (int64_t j = 0; j < n_j && b_sums != NULL; j++)
                    b_sums[j0 + j] += row[j];
            }
        }
}

/* Sum of the silhouettes of n spikes: those alone in their unit count 0. */
static double sum_of(int64_t n, const double *within, const double *between,
                     int64_t n_others)
{
    double sum = 0;
    for (int64_t i = 0; i < n && n > 1; i++)
        sum += silhouette(within[i] / (double)(n - 1), between[i] / (double)n_others);
    return sum;
}

spk_status spk__isolation_full(spk_context *ctx, spk__isolation_space *space,
                               int64_t max_spikes, uint64_t seed, int want_worst_pair,
                               spk__isolation_silhouette *s, double *full,
                               double *worst_pair)
{
    const int64_t n_d = space->n_dimensions;
    *full = NAN;
    *worst_pair = NAN;
    if (space->n_neighbours == 0 || n_d == 0)
        return SPK_OK;
    const spk_status status = reserve_rows(ctx, s, space->units, max_spikes);
    if (status != SPK_OK)
        return status;
    row_set own = {.rows = s->own, .norms = s->own_norms};
    row_set other = {.rows = s->other, .norms = s->other_norms};
    own.n = load_sample(space, space->unit, max_spikes, seed, s->own_spikes, s->own,
                        s->own_norms);
    add_distances(s, own, own, n_d, s->within, NULL);
    for (int64_t i = 0; i < own.n; i++)
        s->nearest[i] = INFINITY;
    for (int64_t k = 0; k < space->n_neighbours; k++) {
        other.n = load_sample(space, space->neighbours[k], max_spikes, seed,
                              s->other_spikes, s->other, s->other_norms);
        add_distances(s, own, other, n_d, s->between, s->other_between);
        for (int64_t i = 0; i < own.n; i++)
            s->nearest[i] = fmin(s->nearest[i], s->between[i] / (double)other.n);
        if (!want_worst_pair || own.n + other.n < 3)
            continue;
        add_distances(s, other, other, n_d, s->other_within, NULL);
        const double pair = (sum_of(own.n, s->within, s->between, other.n) +
                             sum_of(other.n, s->other_within, s->other_between, own.n)) /
                            (double)(own.n + other.n);
        *worst_pair = isnan(*worst_pair) || pair < *worst_pair ? pair : *worst_pair;
    }
    if (own.n > 1)
        *full = sum_of(own.n, s->within, s->nearest, 1) / (double)own.n;
    return SPK_OK;
}
