/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Squared distances |a|^2 + |b|^2 - 2 a b come from matrix products in single precision, tile
 * by tile of the upper triangle; a pair serves both of its rows. They only rule pairs out: with
 * u = 2^-24, rounding the coordinates, the product of n columns and the sums err by less than
 * (n + 16) 2 u (|a|^2 + |b|^2), so norms made smaller by that factor give a lower bound of the
 * true distance. A pair whose bound does not exceed the k-th best of one of its rows is
 * computed in double precision and entered there. Few are, for rows in no order some
 * k ln(n / k) of n, and fewer since the first tile of a row gives a limit at once.
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
    LANES = 8
};

spk_status spk__nearest_rows_make(spk_context *ctx, int64_t n_rows, int64_t n_columns,
                                  int64_t n_nearest, spk__nearest_rows *s)
{
    *s = (spk__nearest_rows){
        .n_rows = n_rows, .n_columns = n_columns, .n_nearest = n_nearest};
    s->single = spk__alloc(ctx, n_rows, (size_t)n_columns * sizeof *s->single);
    s->norms = spk__alloc(ctx, n_rows + CHUNK, sizeof *s->norms);
    s->limits = spk__alloc(ctx, n_rows + CHUNK, sizeof *s->limits);
    s->tile = spk__alloc(ctx, TILE, TILE * sizeof *s->tile);
    s->distances = spk__alloc(ctx, n_rows, (size_t)n_nearest * sizeof *s->distances);
    s->nearest = spk__alloc(ctx, n_rows, (size_t)n_nearest * sizeof *s->nearest);
    if (s->single != NULL && s->norms != NULL && s->limits != NULL && s->tile != NULL &&
        s->distances != NULL && s->nearest != NULL)
        return SPK_OK;
    spk__nearest_rows_free(s);
    return spk__fail_memory(ctx);
}

void spk__nearest_rows_free(spk__nearest_rows *s)
{
    spk__free(s->single);
    spk__free(s->norms);
    spk__free(s->limits);
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

/* Enters what is within in columns [j, j + n), n <= PIECE. */
static inline __attribute__((always_inline)) void
search_piece(spk__nearest_rows *s, const double *rows, int64_t n_columns,
             int64_t n_nearest, int64_t i, int64_t j, int n, const float *products,
             double scale)
{
    for (int k = 0; k < n; k++) {
        const float bound = products[k] + s->norms[j + k] + s->norms[i];
        if (!(bound <= s->limits[i]) && !(bound <= s->limits[j + k]))
            continue;
        const double distance =
            square_between(rows + i * n_columns, rows + (j + k) * n_columns, n_columns);
        enter(s, n_nearest, i, j + k, distance, scale);
        enter(s, n_nearest, j + k, i, distance, scale);
    }
}

/* One row of a tile: columns [first, stop) with products from `products` on. Sums have a
 * fixed order and nothing is contracted, so every version gives the same. */
static SPK__CLONES void search_row(spk__nearest_rows *s, const double *rows,
                                   int64_t n_columns, int64_t n_nearest, int64_t i,
                                   int64_t first, int64_t stop, const float *products,
                                   double scale)
{
    const float norm = s->norms[i];
    int64_t j = first;
    /* lengths that are known when this is compiled */
    for (; stop - j >= CHUNK; j += CHUNK) {
        const float *p = products + (j - first);
        if (!count_within(p, norm, s->limits[i], s->norms + j, s->limits + j, CHUNK))
            continue;
        for (int k = 0; k < CHUNK; k += PIECE)
            if (count_within(p + k, norm, s->limits[i], s->norms + j + k,
                             s->limits + j + k, PIECE))
                search_piece(s, rows, n_columns, n_nearest, i, j + k, PIECE, p + k,
                             scale);
    }
    for (; stop - j >= PIECE; j += PIECE) {
        const float *p = products + (j - first);
        if (count_within(p, norm, s->limits[i], s->norms + j, s->limits + j, PIECE))
            search_piece(s, rows, n_columns, n_nearest, i, j, PIECE, p, scale);
    }
    search_piece(s, rows, n_columns, n_nearest, i, j, (int)(stop - j),
                 products + (j - first), scale);
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
        s->limits[first + i] = limit + slack * (norms[i] + longest) + 1e-30F;
    }
}

int spk__nearest_rows_find(spk__nearest_rows *s, const double *rows, int64_t n,
                           int64_t n_columns, int64_t n_nearest)
{
    const double scale = scale_of(rows, n, n_columns);
    if (scale == 0)
        return 0;
    fill(s, rows, n, n_columns, n_nearest, scale);
    const int64_t n_tiles = (n + TILE - 1) / TILE;
    /* Tiles near the diagonal first: rows of one unit stand together. */
    for (int64_t apart = 0; apart < n_tiles; apart++)
        for (int64_t t = 0; t + apart < n_tiles; t++) {
            const int64_t i0 = t * TILE, j0 = (t + apart) * TILE;
            const int64_t n_i = n - i0 < TILE ? n - i0 : TILE;
            const int64_t n_j = n - j0 < TILE ? n - j0 : TILE;
            spk__linalg_row_products_float(n_i, n_j, n_columns, -2,
                                           s->single + i0 * n_columns,
                                           s->single + j0 * n_columns, s->tile);
            if (apart == 0)
                set_limits(s, n_nearest, i0, n_i,
                           (float)((double)(n_columns + 16) * 0x1p-20));
            for (int64_t i = 0; i < n_i; i++) {
                const int64_t from = apart == 0 ? i + 1 : 0;
                search_row(s, rows, n_columns, n_nearest, i0 + i, j0 + from, j0 + n_j,
                           s->tile + i * n_j + from, scale);
            }
        }
    return 1;
}
