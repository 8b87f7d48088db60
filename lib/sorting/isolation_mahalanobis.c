/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One pass over the unit's spikes for their covariance S = L L^T, one over the others: each
 * block of them, taken from the unit's mean, adds to the others' moments and is then solved
 * for L y = x, |y|^2 being the squared distance. The discriminant of two classes is
 * w = W^-1 (m1 - m2), W the scatter within them; the variances of both along w come from the
 * same moments, so that no spike is looked at again.
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
    BLOCK = SPK__ISOLATION_BLOCK
};

spk_status spk__isolation_moments_make(spk_context *ctx, const spk_features *features,
                                       spk__isolation_moments *m)
{
    const int64_t n_d = features->n_components * features->n_local;
    const size_t row = (size_t)n_d * sizeof(double);
    *m = (spk__isolation_moments){.block = spk__alloc(ctx, BLOCK, row)};
    m->own = spk__alloc(ctx, n_d, row);
    m->factor = spk__alloc(ctx, n_d, row);
    m->others = spk__alloc(ctx, n_d, row);
    m->mean = spk__alloc(ctx, 1, row);
    m->direction = spk__alloc(ctx, 1, row);
    if (m->block != NULL && m->own != NULL && m->factor != NULL && m->others != NULL &&
        m->mean != NULL && m->direction != NULL)
        return SPK_OK;
    spk__isolation_moments_free(m);
    return spk__fail_memory(ctx);
}

void spk__isolation_moments_free(spk__isolation_moments *m)
{
    spk__free(m->block);
    spk__free(m->own);
    spk__free(m->factor);
    spk__free(m->others);
    spk__free(m->mean);
    spk__free(m->direction);
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
    const uint32_t *spikes = space->units->spikes[space->unit];
    spk_status status = SPK_OK;
    memset(m->own, 0, (size_t)(n_d * n_d) * sizeof *m->own);
    for (int64_t first = 0; first < n && status == SPK_OK; first += BLOCK) {
        const int64_t length = block_length(first, n);
        spk__isolation_load(space, spikes + first, length, m->block);
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

static spk_status add_moments(spk_context *ctx, int64_t n, int64_t n_d,
                              spk__isolation_moments *m)
{
    for (int64_t i = 0; i < n; i++)
        for (int64_t d = 0; d < n_d; d++)
            m->mean[d] += m->block[i * n_d + d];
    return spk__linalg_rank_update(ctx, n, n_d, 1.0, m->block, m->others);
}

static void solve_distances(int64_t n, int64_t n_d, spk__isolation_moments *m,
                            double *distances)
{
    spk__linalg_solve_rows(n, n_d, m->factor, m->block);
    for (int64_t i = 0; i < n; i++) {
        double sum = 0;
        for (int64_t d = 0; d < n_d; d++)
            sum += m->block[i * n_d + d] * m->block[i * n_d + d];
        distances[i] = isnan(sum) ? INFINITY : sum;
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

/* From the moments of both classes, the others' still around the unit's mean. */
static double discriminate(const spk__isolation_result *r, int64_t n_d,
                           spk__isolation_moments *m)
{
    const double n_own = (double)r->n_own, n_others = (double)r->n_others;
    if (n_d == 0 || r->n_others < 1)
        return NAN;
    for (int64_t d = 0; d < n_d; d++)
        m->mean[d] /= n_others;
    for (int64_t i = 0; i < n_d; i++)
        for (int64_t j = 0; j < n_d; j++) {
            m->others[i * n_d + j] -= n_others * m->mean[i] * m->mean[j];
            m->factor[i * n_d + j] = m->own[i * n_d + j] + m->others[i * n_d + j];
        }
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
    memset(m->others, 0, (size_t)(n_d * n_d) * sizeof *m->others);
    memset(m->mean, 0, (size_t)n_d * sizeof *m->mean);
    double *distances = m->distances;
    double tail = 0;
    for (int64_t k = 0; k < space->n_neighbours; k++) {
        const int32_t v = space->neighbours[k];
        for (int64_t first = 0; first < units->counts[v]; first += BLOCK) {
            const int64_t n = block_length(first, units->counts[v]);
            spk__isolation_load(space, units->spikes[v] + first, n, m->block);
            if (want_d_prime && (status = add_moments(ctx, n, n_d, m)) != SPK_OK)
                return status;
            if (!*has_distances)
                continue;
            solve_distances(n, n_d, m, distances);
            for (int64_t i = 0; i < n; i++)
                tail += spk__chi_square_upper(distances[i], n_d);
            distances += n;
        }
    }
    if (*has_distances)
        r->tail = tail;
    if (want_d_prime)
        r->d_prime = discriminate(r, n_d, m);
    return SPK_OK;
}
