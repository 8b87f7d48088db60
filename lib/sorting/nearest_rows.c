/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Squared distances |a|^2 + |b|^2 - 2 a b come from matrix products in single precision, tile
 * by tile of the upper triangle; a pair serves both of its rows. They only rule pairs out: with
 * u = 2^-24, rounding the coordinates, the product of n columns and the sums err by less than
 * (n + 16) 2 u (|a|^2 + |b|^2), so norms made smaller by that factor give a lower bound of the
 * true distance. A pair whose bound does not exceed the k-th best of one of its rows is
 * computed in double precision and entered there. Few are, for rows in no order some
 * k ln(n / k) of n, and fewer since the first tile of a row gives a limit at once.
 *
 * Which of the first rows are among the nearest of another takes no search of all: its limit
 * from the tile of its own group is compared with its bounds to the first rows. Where one of
 * these is within the limit, the nearest are looked for in the whole group, and everywhere
 * where one still is.
 */
#include "sorting/nearest_rows.h"

#include "base/check.h"
#include "base/memory.h"
#include "correlation/clones.h"
#include "linalg/product.h"

#include <math.h>
#include <string.h>

enum {
    TILE = 256, /* rows; a tile of floats fits in a second-level cache */
    CHUNK = 64, /* columns that are looked at together, and where there is a hit */
    PIECE = 16,
    LANES = 8,
    SMALL = 64 /* groups of fewer rows share a tile */
};

spk_status spk__nearest_rows_make(spk_context *ctx, int64_t n_rows, int64_t n_columns,
                                  int64_t n_nearest, spk__nearest_rows *s)
{
    *s = (spk__nearest_rows){
        .n_rows = n_rows, .n_columns = n_columns, .n_nearest = n_nearest};
    s->single = spk__alloc(ctx, n_rows, (size_t)n_columns * sizeof *s->single);
    s->norms = spk__alloc(ctx, n_rows + CHUNK, sizeof *s->norms);
    s->limits = spk__alloc(ctx, n_rows + CHUNK, sizeof *s->limits);
    s->no_limits = spk__alloc(ctx, TILE, sizeof *s->no_limits);
    s->starts = spk__alloc(ctx, n_rows + 1, sizeof *s->starts);
    s->queries = spk__alloc(ctx, n_rows, sizeof *s->queries);
    s->query_rows = spk__alloc(ctx, TILE, (size_t)n_columns * sizeof *s->query_rows);
    s->tile = spk__alloc(ctx, TILE, TILE * sizeof *s->tile);
    s->distances = spk__alloc(ctx, n_rows, (size_t)n_nearest * sizeof *s->distances);
    s->nearest = spk__alloc(ctx, n_rows, (size_t)n_nearest * sizeof *s->nearest);
    if (s->single != NULL && s->norms != NULL && s->limits != NULL && s->tile != NULL &&
        s->distances != NULL && s->nearest != NULL && s->no_limits != NULL &&
        s->starts != NULL && s->queries != NULL && s->query_rows != NULL) {
        for (int64_t k = 0; k < TILE; k++)
            s->no_limits[k] = -INFINITY;
        return SPK_OK;
    }
    spk__nearest_rows_free(s);
    return spk__fail_memory(ctx);
}

void spk__nearest_rows_free(spk__nearest_rows *s)
{
    spk__free(s->single);
    spk__free(s->norms);
    spk__free(s->limits);
    spk__free(s->no_limits);
    spk__free(s->starts);
    spk__free(s->queries);
    spk__free(s->query_rows);
    spk__free(s->tile);
    spk__free(s->distances);
    spk__free(s->nearest);
    *s = (spk__nearest_rows){.n_rows = 0};
}

/* The power of two that brings the longest row to a length of 1 at most, so that single
 * precision can hold every square; 0: a row is not finite. */
static double scale_of(const double *rows, int64_t n, int64_t n_columns)
{
    double largest = 0;
    int finite = 1;
    for (int64_t k = 0; k < n * n_columns; k++) {
        finite &= isfinite(rows[k]) != 0;
        largest = fabs(rows[k]) > largest ? fabs(rows[k]) : largest;
    }
    if (!finite)
        return 0;
    int exponent;
    (void)frexp(largest * sqrt((double)n_columns), &exponent);
    return exponent < -1000 || exponent > 1000 ? 0 : ldexp(1, -exponent);
}

static void fill(spk__nearest_rows *s, const double *rows, int64_t n, int64_t n_columns,
                 int64_t n_nearest, double scale)
{
    const double shrink = 1 - (double)(n_columns + 16) * 0x1p-23;
    for (int64_t i = 0; i < n; i++) {
        double norm = 0;
        for (int64_t c = 0; c < n_columns; c++) {
            const double x = rows[i * n_columns + c] * scale;
            s->single[i * n_columns + c] = (float)x;
            norm += x * x;
        }
        /* what underflow can take away too */
        s->norms[i] = (float)(norm * shrink - 1e-35);
        s->limits[i] = INFINITY;
        for (int64_t k = 0; k < n_nearest; k++) {
            s->distances[i * n_nearest + k] = INFINITY;
            s->nearest[i * n_nearest + k] = INT32_MAX;
        }
    }
}

/* Enters row j among the nearest of row i, if it is one. */
static inline void enter(spk__nearest_rows *s, int64_t n_nearest, int64_t i, int64_t j,
                         double distance, double scale)
{
    double *distances = s->distances + i * n_nearest;
    int32_t *nearest = s->nearest + i * n_nearest;
    int64_t k = n_nearest - 1;
    if (distance > distances[k] || (distance == distances[k] && j > nearest[k]))
        return;
    for (; k > 0 && (distance < distances[k - 1] ||
                     (distance == distances[k - 1] && j < nearest[k - 1]));
         k--) {
        distances[k] = distances[k - 1];
        nearest[k] = nearest[k - 1];
    }
    distances[k] = distance;
    nearest[k] = (int32_t)j;
    /* rounded up by more than half a place */
    const float limit = (float)(distances[n_nearest - 1] * scale * scale * (1 + 0x1p-22));
    s->limits[i] = limit < s->limits[i] ? limit : s->limits[i];
}

/* Eight sums at a time, always in this order. */
static inline double square_between(const double *a, const double *b, int64_t n)
{
    double sums[LANES] = {0};
    const int64_t whole = n - n % LANES;
    for (int64_t c = 0; c < whole; c += LANES)
        for (int l = 0; l < LANES; l++)
            sums[l] += (a[c + l] - b[c + l]) * (a[c + l] - b[c + l]);
    for (int64_t c = whole; c < n; c++)
        sums[c - whole] += (a[c] - b[c]) * (a[c] - b[c]);
    return ((sums[0] + sums[1]) + (sums[2] + sums[3])) +
           ((sums[4] + sums[5]) + (sums[6] + sums[7]));
}

/* How many of n bounds are within the limit of their row or column. */
static inline int count_within(const float *products, float norm, float limit,
                               const float *norms, const float *limits, int n)
{
    int count = 0;
    for (int j = 0; j < n; j++) {
        const float most = limits[j] > limit ? limits[j] : limit;
        count += products[j] + norms[j] + norm <= most;
    }
    return count;
}

/* What the tiles of a search have in common. */
typedef struct row_search {
    spk__nearest_rows *s;
    const double *rows;
    int64_t n_columns;
    int64_t n_nearest;
    double scale;
    int one_sided; /* pairs serve their first row only, which may be the second too */
} row_search;

/* Enters what is within in columns [j, j + n), n <= PIECE. */
static inline __attribute__((always_inline)) void
search_piece(const row_search *search, int64_t i, int64_t j, int n, const float *products)
{
    spk__nearest_rows *s = search->s;
    const int64_t n_columns = search->n_columns;
    for (int k = 0; k < n; k++) {
        const float bound = products[k] + s->norms[j + k] + s->norms[i];
        if (!(bound <= s->limits[i]) &&
            (search->one_sided || !(bound <= s->limits[j + k])))
            continue;
        if (i == j + k)
            continue;
        const double distance = square_between(
            search->rows + i * n_columns, search->rows + (j + k) * n_columns, n_columns);
        enter(s, search->n_nearest, i, j + k, distance, search->scale);
        if (!search->one_sided)
            enter(s, search->n_nearest, j + k, i, distance, search->scale);
    }
}

/* One row of a tile: columns [first, stop) with products from `products` on. Sums have a
 * fixed order and nothing is contracted, so every version gives the same. */
static SPK__CLONES void search_row(const row_search *search, int64_t i, int64_t first,
                                   int64_t stop, const float *products)
{
    spk__nearest_rows *s = search->s;
    const float norm = s->norms[i];
    const float *limits = search->one_sided ? s->no_limits : s->limits + first;
    const float *norms = s->norms + first;
    const int64_t n = stop - first;
    int64_t j = 0;
    /* lengths that are known when this is compiled */
    for (; n - j >= CHUNK; j += CHUNK) {
        const float *p = products + j;
        if (!count_within(p, norm, s->limits[i], norms + j, limits + j, CHUNK))
            continue;
        for (int k = 0; k < CHUNK; k += PIECE)
            if (count_within(p + k, norm, s->limits[i], norms + j + k, limits + j + k,
                             PIECE))
                search_piece(search, i, first + j + k, PIECE, p + k);
    }
    for (; n - j >= PIECE; j += PIECE)
        if (count_within(products + j, norm, s->limits[i], norms + j, limits + j, PIECE))
            search_piece(search, i, first + j, PIECE, products + j);
    search_piece(search, i, first + j, (int)(n - j), products + j);
}

/* Limits of the rows of a tile of the diagonal from all its columns: no less than the true
 * distance of the n-th nearest there, which is at most `slack` of the squared lengths above
 * its bound. Floats that are not negative are ordered as integers are, whose least the
 * compiler finds for many at a time. */
static SPK__CLONES void set_limits(spk__nearest_rows *s, int64_t n_nearest, int64_t first,
                                   int64_t n, float slack)
{
    const float *norms = s->norms + first;
    uint32_t bounds[TILE];
    float longest = 0;
    for (int64_t j = 0; j < n; j++)
        longest = norms[j] > longest ? norms[j] : longest;
    for (int64_t i = 0; i < n; i++) {
        const float *products = s->tile + i * n;
        for (int64_t j = 0; j < n; j++) {
            const float bound = products[j] + norms[j] + norms[i];
            const float positive = bound > 0 ? bound : 0;
            memcpy(&bounds[j], &positive, sizeof positive);
        }
        bounds[i] = UINT32_MAX;
        /* The k-th of the distinct ones: those before it wrap round to the top. */
        uint32_t from = 0;
        int64_t k = 0;
        for (; k < n_nearest; k++) {
            uint32_t least = UINT32_MAX;
            for (int64_t j = 0; j < n; j++) {
                const uint32_t above = bounds[j] - from;
                least = above < least ? above : least;
            }
            if (least >= UINT32_MAX - from)
                break; /* fewer than that */
            from += least + 1;
        }
        if (k < n_nearest)
            continue;
        const uint32_t last = from - 1;
        float limit;
        memcpy(&limit, &last, sizeof limit);
        const float most = limit + slack * (norms[i] + longest) + 1e-30F;
        if (most < s->limits[first + i])
            s->limits[first + i] = most;
    }
}

/* The rows of tile t from starts[t] on. */
static int64_t tile_length(const spk__nearest_rows *s, int64_t t)
{
    return s->starts[t + 1] - s->starts[t];
}

static void multiply(const row_search *search, const float *rows, int64_t n, int64_t tile)
{
    spk__nearest_rows *s = search->s;
    spk__linalg_row_products_float(n, tile_length(s, tile), search->n_columns, -2, rows,
                                   s->single + s->starts[tile] * search->n_columns,
                                   s->tile);
}

static void limit_tile(const row_search *search, int64_t t)
{
    spk__nearest_rows *s = search->s;
    multiply(search, s->single + s->starts[t] * search->n_columns, tile_length(s, t), t);
    set_limits(s, search->n_nearest, s->starts[t], tile_length(s, t),
               (float)((double)(search->n_columns + 16) * 0x1p-20));
}

/* All pairs of two tiles, of one each pair once. */
static void search_tiles(const row_search *search, int64_t t, int64_t u)
{
    spk__nearest_rows *s = search->s;
    const int64_t n_t = tile_length(s, t), n_u = tile_length(s, u);
    if (t == u)
        limit_tile(search, t);
    else
        multiply(search, s->single + s->starts[t] * search->n_columns, n_t, u);
    for (int64_t i = 0; i < n_t; i++) {
        const int64_t from = t == u ? i + 1 : 0;
        search_row(search, s->starts[t] + i, s->starts[u] + from, s->starts[u + 1],
                   s->tile + i * n_u + from);
    }
}

/* All pairs of tiles [first, stop), those near the diagonal first: rows of one group stand
 * together. */
static void search_square(const row_search *search, int64_t first, int64_t stop)
{
    for (int64_t apart = 0; apart < stop - first; apart++)
        for (int64_t t = first; t + apart < stop; t++)
            search_tiles(search, t, t + apart);
}

/* The nearest of some rows only, among those of tiles [first, stop). */
static void search_queries(const row_search *search, const int64_t *queries,
                           int64_t n_queries, int64_t first, int64_t stop)
{
    spk__nearest_rows *s = search->s;
    const int64_t n_columns = search->n_columns;
    row_search one_sided = *search;
    one_sided.one_sided = 1;
    for (int64_t q = 0; q < n_queries && first < stop; q += TILE) {
        const int64_t n = n_queries - q < TILE ? n_queries - q : TILE;
        for (int64_t i = 0; i < n; i++)
            memcpy(s->query_rows + i * n_columns, s->single + queries[q + i] * n_columns,
                   (size_t)n_columns * sizeof *s->query_rows);
        for (int64_t t = first; t < stop; t++) {
            multiply(search, s->query_rows, n, t);
            for (int64_t i = 0; i < n; i++)
                search_row(&one_sided, queries[q + i], s->starts[t], s->starts[t + 1],
                           s->tile + i * tile_length(s, t));
        }
    }
}

/* Keeps the queries that have one of the first rows among their nearest so far. */
static int64_t keep_queries(const row_search *search, int64_t *queries, int64_t n_queries,
                            int64_t n_first)
{
    int64_t n_kept = 0;
    for (int64_t q = 0; q < n_queries; q++) {
        const int32_t *nearest = search->s->nearest + queries[q] * search->n_nearest;
        int has = 0;
        for (int64_t k = 0; k < search->n_nearest; k++)
            has |= nearest[k] < n_first;
        if (has)
            queries[n_kept++] = queries[q];
    }
    return n_kept;
}

/* Queries of one group after another: first in their own group, which may show that none of
 * the first rows is near enough, and what is left of them everywhere. */
static void search_groups(const row_search *search, const int32_t *groups,
                          int64_t n_queries, int64_t n_first, int64_t first, int64_t stop)
{
    spk__nearest_rows *s = search->s;
    int64_t *queries = s->queries;
    for (int64_t begin = first; begin < stop;) {
        int64_t end = begin + 1, n = 0;
        while (end < stop &&
               (groups == NULL || groups[s->starts[end]] == groups[s->starts[begin]]))
            end++;
        while (n < n_queries && queries[n] < s->starts[end])
            n++;
        search_queries(search, queries, n, begin, end);
        const int64_t n_kept = keep_queries(search, queries, n, n_first);
        search_queries(search, queries, n_kept, first, begin);
        search_queries(search, queries, n_kept, end, stop);
        queries += n;
        n_queries -= n;
        begin = end;
    }
}

/* Tiles of rows [first, n): a group is cut into equal ones, small groups share one.
 * Returns their number. */
static int64_t cut_tiles(const int32_t *groups, int64_t first, int64_t n, int64_t *starts)
{
    int64_t n_tiles = 0;
    starts[0] = first;
    for (int64_t at = first; at < n;) {
        int64_t stop = at + 1;
        while (stop < n && (groups == NULL || groups[stop] == groups[at]))
            stop++;
        const int64_t parts = (stop - at + TILE - 1) / TILE;
        for (int64_t p = 0; p < parts; p++) {
            const int64_t begin = at + (stop - at) * p / parts;
            const int64_t end = at + (stop - at) * (p + 1) / parts;
            const int64_t open = begin - starts[n_tiles]; /* rows of a tile not closed */
            if (open >= SMALL || (open > 0 && open + end - begin > TILE))
                starts[++n_tiles] = begin;
        }
        at = stop;
    }
    starts[++n_tiles] = n;
    return n_tiles;
}

int spk__nearest_rows_find(spk__nearest_rows *s, const double *rows, int64_t n,
                           int64_t n_columns, int64_t n_nearest, int64_t n_first,
                           const int32_t *groups)
{
    const row_search search = {.s = s,
                               .rows = rows,
                               .n_columns = n_columns,
                               .n_nearest = n_nearest,
                               .scale = scale_of(rows, n, n_columns)};
    if (search.scale == 0)
        return 0;
    fill(s, rows, n, n_columns, n_nearest, search.scale);
    const int64_t n_a = n_first > 0 ? cut_tiles(NULL, 0, n_first, s->starts) : 0;
    const int64_t n_b = n_first < n ? cut_tiles(groups, n_first, n, s->starts + n_a) : 0;
    for (int64_t t = n_a; t < n_a + n_b; t++)
        limit_tile(&search, t);
    search_square(&search, 0, n_a);
    for (int64_t t = 0; t < n_a; t++)
        for (int64_t u = n_a; u < n_a + n_b; u++)
            search_tiles(&search, t, u);
    for (int64_t i = n_first; i < n; i++)
        s->queries[i - n_first] = i;
    const int64_t n_queries = keep_queries(&search, s->queries, n - n_first, n_first);
    if (2 * n_queries > n - n_first)
        search_square(&search, n_a, n_a + n_b);
    else
        search_groups(&search, groups, n_queries, n_first, n_a, n_a + n_b);
    return 1;
}
