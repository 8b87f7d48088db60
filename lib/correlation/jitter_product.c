/* SPDX-License-Identifier: BSD-3-Clause */
/* The tilted distribution by multiplying out the terms. */
#include "correlation/jitter_tilt.h"

#include <math.h>
#include <string.h>

static const double NEGLIGIBLE = 1e-30;

enum {
    BLOCK = 8,        /* coins that are multiplied together before they meet the rest */
    HALF_WIDTH = 2047 /* a binomial reaches so far from its mode at most */
};

/* A pmf on first .. first + n - 1. */
typedef struct piece {
    double *values;
    int64_t first, n;
} piece;

static void trim(piece *f)
{
    int64_t low = 0;
    while (f->n > 1 && f->values[f->n - 1] < NEGLIGIBLE)
        f->n--;
    while (low < f->n - 1 && f->values[low] < NEGLIGIBLE)
        low++;
    f->values += low;
    f->first += low;
    f->n -= low;
}

/* out[0 .. nf + ng - 2] = f * g, four numbers of g at a time. */
static void convolve(const double *restrict f, int64_t nf, const double *g, int64_t ng,
                     double *restrict out)
{
    memset(out, 0, (size_t)(nf + ng - 1) * sizeof *out);
    int64_t i = 0;
    for (; i + 4 <= ng && nf >= 4; i += 4) {
        const double g0 = g[i], g1 = g[i + 1], g2 = g[i + 2], g3 = g[i + 3];
        double *restrict o = out + i;
        o[0] += g0 * f[0];
        o[1] += g0 * f[1] + g1 * f[0];
        o[2] += g0 * f[2] + g1 * f[1] + g2 * f[0];
        for (int64_t j = 3; j < nf; j++)
            o[j] += (g0 * f[j] + g1 * f[j - 1]) + (g2 * f[j - 2] + g3 * f[j - 3]);
        o[nf] += g1 * f[nf - 1] + g2 * f[nf - 2] + g3 * f[nf - 3];
        o[nf + 1] += g2 * f[nf - 1] + g3 * f[nf - 2];
        o[nf + 2] += g3 * f[nf - 1];
    }
    for (; i < ng; i++)
        for (int64_t j = 0; j < nf; j++)
            out[i + j] += g[i] * f[j];
}

/* Two arrays used in turn, and one for what is multiplied in. */
typedef struct product {
    double *arrays[2];
    double *factor;
    int now, is_too_wide;
    piece f;
} product;

static void multiply(product *made, piece g)
{
    if (made->is_too_wide || made->f.n + g.n - 1 > SPK__JITTER_ROOM) {
        made->is_too_wide = 1;
        return;
    }
    double *out = made->arrays[1 - made->now];
    convolve(made->f.values, made->f.n, g.values, g.n, out);
    made->now = 1 - made->now;
    made->f = (piece){out, made->f.first + g.first, made->f.n + g.n - 1};
    trim(&made->f);
}

/* The binomial pmf outward from its mode, scaled so that its sum is 1. */
static piece binomial(double *room, double p, double q, int64_t m)
{
    const int64_t mode = (int64_t)fmin((double)m, floor((double)(m + 1) * p));
    const double odds = p / q, against = q / p;
    double *values = room + HALF_WIDTH; /* values[j - mode] */
    double total = 1.0, v = 1.0;
    int64_t low = mode, high = mode;
    values[0] = 1.0;
    while (low > 0 && mode - low < HALF_WIDTH) {
        v *= against * ((double)low / (double)(m - low + 1));
        if (v < NEGLIGIBLE)
            break;
        low--;
        values[low - mode] = v;
        total += v;
    }
    v = 1.0;
    while (high < m && high - mode < HALF_WIDTH) {
        v *= odds * ((double)(m - high) / (double)(high + 1));
        if (v < NEGLIGIBLE)
            break;
        high++;
        values[high - mode] = v;
        total += v;
    }
    const double scale = 1.0 / total;
    for (int64_t j = low; j <= high; j++)
        values[j - mode] *= scale;
    return (piece){values + (low - mode), low, high - low + 1};
}

/* The coins, each up with probability p e / (q + p e). */
static void multiply_coins(const spk__jitter_sum *sum, double e, product *made)
{
    double block[BLOCK + 1] = {1.0};
    int64_t n_block = 0;
    for (int64_t i = 0; i < sum->n_coins; i++) {
        const spk__jitter_coin *coin = &sum->coins[i];
        const double both = coin->q + coin->p * e;
        const double p = coin->p * e / both, q = coin->q / both;
        if (coin->m >= SPK__JITTER_FEW) {
            multiply(made, binomial(made->factor, p, q, coin->m));
            continue;
        }
        for (int64_t c = 0; c < coin->m; c++) {
            block[n_block + 1] = p * block[n_block];
            for (int64_t j = n_block; j > 0; j--)
                block[j] = q * block[j] + p * block[j - 1];
            block[0] *= q;
            if (++n_block < BLOCK)
                continue;
            multiply(made, (piece){block, 0, BLOCK + 1});
            n_block = 0;
            block[0] = 1.0;
        }
    }
    multiply(made, (piece){block, 0, n_block + 1});
}

static void multiply_dice(const spk__jitter_sum *sum, int64_t step, product *made)
{
    for (int64_t i = 0; i < sum->n_dice && !made->is_too_wide; i++) {
        const spk__jitter_die *die = &sum->dice[i];
        const int64_t *values = sum->values + die->first;
        const int64_t n = values[die->n - 1] / step + 1;
        if (n > SPK__JITTER_ROOM) {
            made->is_too_wide = 1;
            return;
        }
        memset(made->factor, 0, (size_t)n * sizeof *made->factor);
        for (int64_t l = 0; l < die->n; l++)
            made->factor[values[l] / step] = sum->tilted[die->first + l];
        for (int64_t c = 0; c < die->m && !made->is_too_wide; c++)
            multiply(made, (piece){made->factor, 0, n});
    }
}

/* Whether it was narrow enough. */
int spk__jitter_product(const spk__jitter_sum *sum, int64_t step, int64_t k, double theta,
                        double *work, spk__tilted_tails *found)
{
    product made = {.arrays = {work, work + SPK__JITTER_ROOM},
                    .factor = work + 2 * SPK__JITTER_ROOM,
                    .f = {work, 0, 1}};
    work[0] = 1.0;
    multiply_coins(sum, exp(theta), &made);
    multiply_dice(sum, step, &made);
    if (made.is_too_wide)
        return 0;
    const piece *f = &made.f;
    const int64_t at = k - f->first;
    const double fade = exp(-fabs(theta));
    double weight = fade;
    *found = (spk__tilted_tails){at >= 0 && at < f->n ? f->values[at] : 0.0, 0.0, 0.0};
    if (theta >= 0.0) {
        int64_t j = at + 1;
        for (; j < 0; j++)
            weight *= fade;
        for (; j < f->n; j++) {
            found->above += f->values[j] * weight;
            weight *= fade;
        }
    }
    weight = fade;
    if (theta <= 0.0) {
        int64_t j = at - 1;
        for (; j >= f->n; j--)
            weight *= fade;
        for (; j >= 0; j--) {
            found->below += f->values[j] * weight;
            weight *= fade;
        }
    }
    return 1;
}
