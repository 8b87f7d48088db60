/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The unit's covariance S = L L^T is known from its moments; each block of the others, taken
 * from the unit's mean, is multiplied with L^-T, |L^-1 x|^2 being the squared distance. The
 * discriminant of two classes is w = W^-1 (m1 - m2), W the scatter within them; that of the
 * others is the sum of the scatters of their units and of the units' means, so that no spike
 * is looked at, and the variances of both along w come from the same moments.
 */
#include "sorting/isolation_mahalanobis.h"

#include "base/check.h"
#include "base/memory.h"
#include "distributions/chi_square.h"
#include "linalg/product.h"
#include "linalg/rank_update.h"

#include <math.h>
#include <string.h>

enum {
    BLOCK = SPK__ISOLATION_BLOCK,
    LANES = 8
};

spk_status spk__isolation_moments_make(spk_context *ctx, const spk_features *features,
                                       spk__isolation_moments *m)
{
    const int64_t n_d = features->n_components * features->n_local;
    const size_t row = (size_t)n_d * sizeof(double);
    *m = (spk__isolation_moments){.block = spk__alloc(ctx, BLOCK, row)};
    m->solved = spk__alloc(ctx, BLOCK, row);
    m->inverse = spk__alloc(ctx, n_d, row);
    m->own = spk__alloc(ctx, n_d, row);
    m->factor = spk__alloc(ctx, n_d, row);
    m->others = spk__alloc(ctx, n_d, row);
    m->mean = spk__alloc(ctx, 1, row);
    m->direction = spk__alloc(ctx, 1, row);
    m->unit_mean = spk__alloc(ctx, 1, row);
    if (m->block != NULL && m->own != NULL && m->factor != NULL && m->others != NULL &&
        m->mean != NULL && m->direction != NULL && m->unit_mean != NULL &&
        m->solved != NULL && m->inverse != NULL)
        return SPK_OK;
    spk__isolation_moments_free(m);
    return spk__fail_memory(ctx);
}

void spk__isolation_moments_free(spk__isolation_moments *m)
{
    spk__free(m->block);
    spk__free(m->solved);
    spk__free(m->inverse);
    spk__free(m->own);
    spk__free(m->factor);
    spk__free(m->others);
    spk__free(m->mean);
    spk__free(m->direction);
    spk__free(m->unit_mean);
    spk__free(m->distances);
    *m = (spk__isolation_moments){.block = NULL};
}

static int64_t block_length(int64_t first, int64_t n)
{
    return n - first < BLOCK ? n - first : BLOCK;
}

static spk_status add_own(spk_context *ctx, spk__isolation_space *space,
                          spk__isolation_moments *m)
{
    const int64_t n_d = space->n_dimensions, n = space->units->counts[space->unit];
    spk_status status = SPK_OK;
    memset(m->own, 0, (size_t)(n_d * n_d) * sizeof *m->own);
    if (spk__isolation_space_add_scatter(space, space->unit, m->own))
        return SPK_OK;
    for (int64_t first = 0; first < n && status == SPK_OK; first += BLOCK) {
        const int64_t length = block_length(first, n);
        spk__isolation_load_unit(space, space->unit, first, length, m->block);
        status = spk__linalg_rank_update(ctx, length, n_d, 1.0, m->block, m->own);
    }
    return status;
}

/* factor = L of own / (n - 1) + ridge. 0: singular. */
static int factorise(const spk__isolation_space *space, spk__isolation_moments *m,
                     double ridge)
{
    const int64_t n_d = space->n_dimensions, n = space->units->counts[space->unit];
    if (n_d == 0 || n < 2 || (ridge == 0 && n <= n_d))
        return 0; /* n spikes span n - 1 dimensions at most */
    for (int64_t k = 0; k < n_d * n_d; k++)
        m->factor[k] = m->own[k] / (double)(n - 1);
    for (int64_t d = 0; d < n_d; d++)
        m->factor[d * n_d + d] += ridge;
    return spk__linalg_cholesky(n_d, m->factor);
}

/* Adds n v v^T. */
static void add_square(int64_t n_d, double n, const double *v, double *sums)
{
    for (int64_t i = 0; i < n_d; i++)
        for (int64_t j = 0; j < n_d; j++)
            sums[i * n_d + j] += n * v[i] * v[j];
}

/* others += the sum of x x^T over a unit's spikes, x from the unit's mean. */
static spk_status add_scatter(spk_context *ctx, spk__isolation_space *space, int64_t unit,
                              const double *mean, spk__isolation_moments *m)
{
    const int64_t n_d = space->n_dimensions, n = space->units->counts[unit];
    spk_status status = SPK_OK;
    if (spk__isolation_space_add_scatter(space, unit, m->others))
        return SPK_OK;
    for (int64_t first = 0; first < n && status == SPK_OK; first += BLOCK) {
        const int64_t length = block_length(first, n);
        spk__isolation_load_unit(space, unit, first, length, m->block);
        for (int64_t i = 0; i < length; i++)
            for (int64_t d = 0; d < n_d; d++)
                m->block[i * n_d + d] -= mean[d];
        status = spk__linalg_rank_update(ctx, length, n_d, 1.0, m->block, m->others);
    }
    return status;
}

/* The others' mean, and the sum of x x^T, x from it: that within their units, and that of the
 * units' means. */
static spk_status add_others(spk_context *ctx, spk__isolation_space *space,
                             spk__isolation_moments *m)
{
    const int64_t n_d = space->n_dimensions;
    spk_status status = SPK_OK;
    memset(m->others, 0, (size_t)(n_d * n_d) * sizeof *m->others);
    memset(m->mean, 0, (size_t)n_d * sizeof *m->mean);
    for (int pass = 0; pass < 2; pass++)
        for (int64_t k = 0; k < space->n_neighbours; k++) {
            const int32_t v = space->neighbours[k];
            const double n = (double)space->units->counts[v];
            spk__isolation_space_mean(space, v, m->block, m->unit_mean);
            if (pass == 0) {
                for (int64_t d = 0; d < n_d; d++)
                    m->mean[d] += n / (double)space->n_others * m->unit_mean[d];
                continue;
            }
            if ((status = add_scatter(ctx, space, v, m->unit_mean, m)) != SPK_OK)
                return status;
            for (int64_t d = 0; d < n_d; d++)
                m->unit_mean[d] -= m->mean[d];
            add_square(n_d, n, m->unit_mean, m->others);
        }
    return SPK_OK;
}

/* inverse = L^-T */
static void invert(int64_t n_d, spk__isolation_moments *m)
{
    memset(m->inverse, 0, (size_t)(n_d * n_d) * sizeof *m->inverse);
    for (int64_t d = 0; d < n_d; d++)
        m->inverse[d * n_d + d] = 1;
    spk__linalg_solve_rows(n_d, n_d, m->factor, m->inverse);
}

/* Eight sums at a time, always in this order. */
static double squared_length(const double *x, int64_t n)
{
    double sums[LANES] = {0};
    const int64_t whole = n - n % LANES;
    for (int64_t d = 0; d < whole; d += LANES)
        for (int l = 0; l < LANES; l++)
            sums[l] += x[d + l] * x[d + l];
    for (int64_t d = whole; d < n; d++)
        sums[d - whole] += x[d] * x[d];
    return ((sums[0] + sums[1]) + (sums[2] + sums[3])) +
           ((sums[4] + sums[5]) + (sums[6] + sums[7]));
}

static void solve_distances(int64_t n, int64_t n_d, spk__isolation_moments *m,
                            double *distances)
{
    spk__linalg_product(n, n_d, n_d, m->block, m->inverse, m->solved);
    for (int64_t i = 0; i < n; i++) {
        const double square = squared_length(m->solved + i * n_d, n_d);
        distances[i] = isnan(square) ? INFINITY : square;
    }
}

/* w^T A w */
static double quadratic(int64_t n, const double *a, const double *w)
{
    double sum = 0;
    for (int64_t i = 0; i < n; i++) {
        double row = 0;
        for (int64_t j = 0; j < n; j++)
            row += a[i * n + j] * w[j];
        sum += w[i] * row;
    }
    return sum;
}

/* From the moments of both classes, each about its own mean. */
static double discriminate(const spk__isolation_result *r, int64_t n_d,
                           spk__isolation_moments *m)
{
    const double n_own = (double)r->n_own, n_others = (double)r->n_others;
    if (n_d == 0 || r->n_others < 1)
        return NAN;
    for (int64_t k = 0; k < n_d * n_d; k++)
        m->factor[k] = m->own[k] + m->others[k];
    if (!spk__linalg_cholesky(n_d, m->factor))
        return NAN;
    memcpy(m->direction, m->mean, (size_t)n_d * sizeof *m->direction);
    spk__linalg_solve_rows(1, n_d, m->factor, m->direction); /* y = L^-1 mean */
    for (int64_t i = n_d - 1; i >= 0; i--) {                 /* w = L^-T y */
        double sum = m->direction[i];
        for (int64_t k = i + 1; k < n_d; k++)
            sum -= m->factor[k * n_d + i] * m->direction[k];
        m->direction[i] = sum / m->factor[i * n_d + i];
    }
    double apart = 0;
    for (int64_t d = 0; d < n_d; d++)
        apart += m->direction[d] * m->mean[d];
    const double variance = (quadratic(n_d, m->own, m->direction) / n_own +
                             quadratic(n_d, m->others, m->direction) / n_others) /
                            2;
    return variance > 0 ? apart / sqrt(variance) : NAN;
}

static spk_status reserve(spk_context *ctx, spk__isolation_moments *m, int64_t n)
{
    if (m->n_distances >= n)
        return SPK_OK;
    spk__free(m->distances);
    m->n_distances = 0;
    m->distances = spk__alloc(ctx, n, sizeof *m->distances);
    if (m->distances == NULL)
        return spk__fail_memory(ctx);
    m->n_distances = n;
    return SPK_OK;
}

/* A distance whose tail, n times, is below the rounding of the tail at x: half a place. */
static double negligible_from(double x, int64_t n_d, int64_t n)
{
    const double least = spk__chi_square_upper(x, n_d) * 0x1p-54 / (double)n;
    double width = x + (double)n_d;
    if (!(least > 0))
        return INFINITY;
    while (spk__chi_square_upper(x + width, n_d) > least)
        width *= 2;
    for (int halving = 0; halving < 12; halving++) { /* it is in x .. x + width */
        width /= 2;
        if (spk__chi_square_upper(x + width, n_d) > least)
            x += width;
    }
    return x + width;
}

/* The sum of the tails of those of n distances that matter beside the largest.
 *  @param scratch  [BLOCK] */
static double sum_tails(const double *distances, int64_t n, int64_t n_d, double *scratch)
{
    double least = INFINITY, tail = 0;
    for (int64_t i = 0; i < n; i++)
        least = distances[i] < least ? distances[i] : least;
    const double most = negligible_from(least, n_d, n);
    int64_t n_kept = 0;
    for (int64_t i = 0; i < n; i++) {
        scratch[n_kept] = distances[i];
        n_kept += distances[i] <= most;
        if (n_kept < BLOCK && i < n - 1)
            continue;
        tail += spk__chi_square_upper_sum(scratch, n_kept, n_d);
        n_kept = 0;
    }
    return tail;
}

/* Distances of all others; returns the sum of their tails. */
static double find_distances(spk__isolation_space *space, spk__isolation_moments *m)
{
    const spk__isolation_units *units = space->units;
    const int64_t n_d = space->n_dimensions;
    double *distances = m->distances;
    invert(n_d, m);
    for (int64_t k = 0; k < space->n_neighbours; k++) {
        const int32_t v = space->neighbours[k];
        for (int64_t first = 0; first < units->counts[v]; first += BLOCK) {
            const int64_t n = block_length(first, units->counts[v]);
            spk__isolation_load_unit(space, v, first, n, m->block);
            solve_distances(n, n_d, m, distances);
            distances += n;
        }
    }
    return sum_tails(m->distances, space->n_others, n_d, m->solved);
}

spk_status spk__isolation_distances(spk_context *ctx, spk__isolation_space *space,
                                    spk__isolation_moments *m, double ridge,
                                    int want_distances, int want_d_prime,
                                    spk__isolation_result *r, int *has_distances)
{
    const spk__isolation_units *units = space->units;
    const int64_t n_d = space->n_dimensions;
    *r = (spk__isolation_result){.n_own = units->counts[space->unit],
                                 .n_others = space->n_others,
                                 .tail = NAN,
                                 .d_prime = NAN};
    spk_status status = add_own(ctx, space, m);
    *has_distances = want_distances && factorise(space, m, ridge);
    if (status == SPK_OK && *has_distances)
        status = reserve(ctx, m, space->n_others);
    if (status != SPK_OK || (!*has_distances && !want_d_prime))
        return status;
    if (*has_distances)
        r->tail = find_distances(space, m);
    if (!want_d_prime || n_d == 0)
        return SPK_OK;
    if ((status = add_others(ctx, space, m)) == SPK_OK)
        r->d_prime = discriminate(r, n_d, m);
    return status;
}
