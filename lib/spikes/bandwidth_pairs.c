/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Sums of Gaussians over all pairs of spikes, for any number of widths.
 *
 * A width from 2 h to 4 h is looked at on a grid of step h = 2^level samples. A lag, or a
 * spike, is spread over six points of it by the quintic B-spline; the splines of one level
 * are exact sums of those of the next finer one, so that a grid is made from the finer one
 * without the spikes. The sum over pairs is then one over the spectrum of lags up to 32 h,
 * divided by the spline's. There are two ways to the lags of a level:
 *   - pairs one by one, while they are few: they go to 128 classes an octave of lag, each of
 *     which is kept by its number and mean;
 *   - spikes on the grid, in blocks of 32 points of which only those with spikes exist, whose
 *     autocorrelation is taken: pairs of spikes with themselves are subtracted at the end.
 */
#include "base/check.h"
#include "base/dispatch.h"
#include "base/memory.h"
#include "spikes/bandwidth.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    FINEST = -4,     /* 8 standard deviations of this level are one sample */
    MAX_LEVELS = 96, /* up to widths of 2^20 times any recording */
    OCTAVES = 64,    /* of lags */
    CLASSES = 128,   /* an octave */
    N_LAGS = 40,     /* 32, and half a spline, and what the next level looks at */
    BLOCK = 32,      /* points */
    PERIOD = 72,     /* of the spectrum: images are 9 standard deviations away */
    NODES = PERIOD / 2 + 1,
    PAIRS_PER_SPIKE = 8, /* taken one by one */
    FREE_PAIRS = 512     /* at the beginning, and one for every 16 spikes */
};
static const double PI = 3.14159265358979323846, SQRT_PI = 1.7724538509055159;

typedef struct lag_class {
    double count, sum;
} lag_class;

typedef float eight __attribute__((vector_size(32)));

typedef struct block {
    int64_t index;
    float points[BLOCK];
} block;

struct spk__pair_spectra {
    double n_spikes, duration;
    double zeros;    /* pairs at one sample */
    int low, high;   /* levels */
    int first_dense; /* from this level on, spikes on the grid; before, pairs */
    int octaves;     /* of lags that were counted one by one, all below 2^octaves */
    int64_t allowed, counted;
    double cosines[PERIOD];
    double lags[MAX_LEVELS][N_LAGS]; /* of the pairs at this lag, or of both signs */
    double spectra[MAX_LEVELS][NODES];
    lag_class classes[OCTAVES][CLASSES];
};

/* ---- pairs one by one ---- */

static int64_t lag_limit(int octaves)
{
    return octaves < 63 ? (int64_t)1 << octaves : INT64_MAX;
}

static void tally(lag_class *classes, int64_t lag)
{
    const double x = (double)lag;
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    lag_class *c = &classes[(bits >> 45) - ((uint64_t)1023 << 7)];
    c->count += 1.0;
    c->sum += x;
}

/* Lags to every later spike of the run, those of the longest octave given up whenever there
 * are too many. */
static void count_lags(spk__pair_spectra *s, const int64_t *t, int64_t n)
{
    int64_t next = 0, limit = lag_limit(s->octaves);
    for (int64_t i = 0; i < n; i++) {
        const int64_t now = t[i];
        while (next < n && t[next] == now)
            next++;
        s->zeros += (double)(next - 1 - i);
        s->allowed += PAIRS_PER_SPIKE;
        for (int64_t j = next; s->octaves > 0;) {
            const int64_t begin = j, left = s->allowed - s->counted + 1;
            const int64_t stop = left < n - j ? j + left : n;
            for (; j < stop && t[j] - now < limit; j++)
                tally(s->classes[0], t[j] - now);
            s->counted += j > begin ? j - begin : 0;
            if (j >= n || t[j] - now >= limit)
                break;
            s->octaves--;
            limit = lag_limit(s->octaves);
            for (int k = 0; k < CLASSES; k++)
                s->counted -= (int64_t)s->classes[s->octaves][k].count;
        }
    }
}

/* The six values of the quintic B-spline on the points from 2 below x to 3 above, x being u
 * past a point; two more are 0. Times 120. */
static inline void spline(float u, float weights[8])
{
    static const float c[6][8] = {{-1, 5, -10, 10, -5, 1},  {5, -20, 30, -20, 5, 0},
                                  {-10, 20, 0, -20, 10, 0}, {10, 20, -60, 20, 10, 0},
                                  {-5, -50, 0, 50, 5, 0},   {1, 26, 66, 26, 1, 0}};
    for (int k = 0; k < 8; k++) {
        float w = c[0][k];
        for (int d = 1; d < 6; d++)
            w = w * u + c[d][k];
        weights[k] = w * (1.0F / 120.0F);
    }
}

/* `count` pairs `lag` steps apart, each as one of either sign. */
static void spread_lag(double *lags, double lag, double count)
{
    float weights[8];
    const int base = (int)floor(lag);
    spline((float)(lag - base), weights);
    for (int k = 0; k < 6; k++) {
        const int at = base - 2 + k;
        if (at >= 0)
            lags[at] += count * (double)weights[k];
        if (at <= 0)
            lags[-at] += count * (double)weights[k];
    }
}

static void spread_octave(const spk__pair_spectra *s, int octave, int level, double *lags)
{
    for (int k = 0; k < CLASSES; k++) {
        const lag_class *c = &s->classes[octave][k];
        if (c->count > 0)
            spread_lag(lags, fmin(ldexp(c->sum / c->count, -level), 31.999999999),
                       c->count);
    }
}

/* binomial(6, k) / 32: a spline of a level from those of the finer one */
static const float TWO_SCALE[7] = {1.0F / 32,  6.0F / 32, 15.0F / 32, 20.0F / 32,
                                   15.0F / 32, 6.0F / 32, 1.0F / 32};

static void lags_by_pairs(spk__pair_spectra *s)
{
    for (int level = s->low; level < s->first_dense && level <= s->high; level++) {
        double *lags = s->lags[level - s->low];
        if (level == s->low) {
            spread_lag(lags, 0.0, s->zeros);
            for (int octave = 0; octave < level + 4 && octave < s->octaves; octave++)
                spread_octave(s, octave, level, lags);
        } else {
            const double *finer = s->lags[level - 1 - s->low];
            for (int j = 0; 2 * j + 3 < N_LAGS; j++)
                for (int k = -3; k <= 3; k++)
                    lags[j] += (double)TWO_SCALE[k + 3] * finer[abs(2 * j + k)];
        }
        if (level + 4 < s->octaves)
            spread_octave(s, level + 4, level, lags);
    }
}

/* ---- spikes on the grid ---- */

static int64_t block_of(int64_t point)
{
    return (point + BLOCK) / BLOCK - 1; /* points begin at -3 */
}

static int64_t number_of_places(const int64_t *t, int64_t n, int level)
{
    const double scale = ldexp(1.0 / BLOCK, -level);
    int64_t places = 0, before = -1;
    for (int64_t i = 0; i < n; i++) {
        const int64_t place = (int64_t)((double)(t[i] - t[0]) * scale);
        places += place != before;
        before = place;
    }
    return places;
}

static int64_t emit(block *blocks, int64_t n, int64_t index, const float *points)
{
    float most = 0.0F;
    for (int k = 0; k < BLOCK; k++)
        most = points[k] > most ? points[k] : most;
    if (most <= 0.0F)
        return n;
    blocks[n].index = index;
    memcpy(blocks[n].points, points, sizeof blocks[n].points);
    return n + 1;
}

SPK__CLONES static int64_t spread_spikes(const int64_t *t, int64_t n, int level,
                                         block *blocks)
{
    const double scale = ldexp(1.0, -level);
    float window[2 * BLOCK + 8] = {0}; /* a block and the next */
    int64_t current = -1, n_blocks = 0;
    for (int64_t i = 0; i < n; i++) {
        const double x = (double)(t[i] - t[0]) * scale;
        const int64_t base = (int64_t)x, index = block_of(base - 2);
        while (index > current) {
            n_blocks = emit(blocks, n_blocks, current, window);
            for (int k = 0; k < BLOCK; k++) {
                window[k] = window[BLOCK + k];
                window[BLOCK + k] = 0.0F;
            }
            const int64_t skip = index - current > 2 ? 2 : index - current;
            if (skip == 2) {
                n_blocks = emit(blocks, n_blocks, current + 1, window);
                memset(window, 0, sizeof window);
                current = index;
            } else {
                current++;
            }
        }
        float weights[8];
        spline((float)(x - (double)base), weights);
        float *to = window + (base - 2 - current * BLOCK);
        for (int k = 0; k < 8; k++)
            to[k] += weights[k];
    }
    n_blocks = emit(blocks, n_blocks, current, window);
    return emit(blocks, n_blocks, current + 1, window + BLOCK);
}

/* Every sum is taken in the same order, however wide the registers are.
 * sums[l] += the sum over points of a point times the one l further. */
SPK__CLONES static void correlate(const block *blocks, int64_t n, double *sums)
{
    for (int64_t b = 0; b < n; b++) {
        float window[2 * BLOCK] = {0};
        memcpy(window, blocks[b].points, sizeof blocks[b].points);
        if (b + 1 < n && blocks[b + 1].index == blocks[b].index + 1)
            memcpy(window + BLOCK, blocks[b + 1].points, sizeof blocks[b].points);
        eight own[BLOCK / 8] = {{0}};
        for (int i = 0; i < BLOCK; i++) {
            const float x = window[i];
            if (x == 0.0F)
                continue;
            for (int k = 0; k < BLOCK / 8; k++) {
                eight other;
                memcpy(&other, window + i + 8 * k, sizeof other);
                own[k] += x * other;
            }
        }
        for (int l = 0; l < BLOCK; l++)
            sums[l] += (double)own[l / 8][l % 8];
    }
}

/* The blocks of the next level, of twice the step. */
SPK__CLONES static int64_t coarsen(const block *fine, int64_t n, block *coarse)
{
    int64_t n_coarse = 0, done = INT64_MIN;
    for (int64_t b = 0; b < n; b++) {
        const int64_t f = fine[b].index;
        const int64_t candidate = f % 2 == 0 ? f / 2 - 1 : (f - 1) / 2;
        for (int64_t c = candidate; c <= candidate + 1; c++) {
            if (c <= done)
                continue;
            done = c;
            float window[4 * BLOCK] = {0},
                             points[BLOCK] = {0}; /* from block 2 c - 1 on */
            for (int64_t p = b < 3 ? 0 : b - 3; p < n && fine[p].index <= 2 * c + 2; p++)
                if (fine[p].index >= 2 * c - 1)
                    memcpy(window + (fine[p].index - (2 * c - 1)) * BLOCK, fine[p].points,
                           sizeof fine[p].points);
            float even[2 * BLOCK], odd[2 * BLOCK];
            for (int j = 0; j < 2 * BLOCK; j++) {
                even[j] = window[2 * j];
                odd[j] = window[2 * j + 1];
            }
            /* point j looks at window[32 + 2 j - 3 .. 32 + 2 j + 3] */
            for (int j = 0; j < BLOCK; j++)
                points[j] = TWO_SCALE[0] * (odd[j + 14] + odd[j + 17]) +
                            TWO_SCALE[1] * (even[j + 15] + even[j + 17]) +
                            TWO_SCALE[2] * (odd[j + 15] + odd[j + 16]) +
                            TWO_SCALE[3] * even[j + 16];
            n_coarse = emit(coarse, n_coarse, c, points);
        }
    }
    return n_coarse;
}

static spk_status lags_on_grids(spk_context *ctx, spk__pair_spectra *s,
                                const spk_train *train)
{
    if (s->first_dense > s->high)
        return SPK_OK;
    int64_t most = 0;
    for (int64_t r = 0; r < train->n_runs; r++) {
        const int64_t from = train->run_offsets[r];
        const int64_t places = number_of_places(
            train->samples + from, train->run_offsets[r + 1] - from, s->first_dense);
        most = places > most ? places : most;
    }
    /* a spike reaches into one block more */
    block *blocks = spk__alloc(ctx, 2 * most + 1, sizeof *blocks);
    block *coarse = spk__alloc(ctx, 2 * most + 1, sizeof *coarse);
    if (blocks == NULL || coarse == NULL) {
        spk__free(blocks);
        spk__free(coarse);
        return spk__fail_memory(ctx);
    }
    for (int64_t r = 0; r < train->n_runs; r++) {
        const int64_t from = train->run_offsets[r], n = train->run_offsets[r + 1] - from;
        if (n == 0)
            continue;
        int64_t n_blocks =
            spread_spikes(train->samples + from, n, s->first_dense, blocks);
        for (int level = s->first_dense;; level++) {
            correlate(blocks, n_blocks, s->lags[level - s->low]);
            if (level == s->high)
                break;
            n_blocks = coarsen(blocks, n_blocks, coarse);
            block *swap = blocks;
            blocks = coarse;
            coarse = swap;
        }
    }
    spk__free(blocks);
    spk__free(coarse);
    return SPK_OK;
}

/* ---- spectra ---- */

static void transform_lags(spk__pair_spectra *s)
{
    for (int m = 0; m < PERIOD; m++)
        s->cosines[m] = cos(2.0 * PI * m / PERIOD);
    for (int level = s->low; level <= s->high; level++) {
        const double *lags = s->lags[level - s->low];
        double *spectrum = s->spectra[level - s->low];
        for (int m = 0; m < NODES; m++) {
            const double x = PI * m / PERIOD, sinc = m == 0 ? 1.0 : sin(x) / x;
            double sum = lags[0];
            for (int l = 1, at = m; l < N_LAGS; l++) {
                sum += 2.0 * lags[l] * s->cosines[at];
                at += at + m < PERIOD ? m : m - PERIOD;
            }
            const double once = sinc * sinc * sinc * sinc * sinc * sinc;
            sum /= level < s->first_dense ? once : once * once;
            spectrum[m] = m == 0 || m == NODES - 1 ? sum : 2.0 * sum;
        }
    }
}

/* The level whose step is a half to a quarter of sigma. */
static int level_of(double sigma)
{
    int exponent;
    frexp(sigma, &exponent);
    return exponent - 2;
}

/* Kernels much wider than the train sum as one that is 2^20 times as wide. */
static double limited(const spk__pair_spectra *s, double sigma)
{
    return fmin(sigma, 1048576.0 * s->duration);
}

double spk__pair_spectra_cost(const spk__pair_spectra *s, double sigma)
{
    const double own = 1.0 - 2.8284271247461903; /* of a pair at one sample */
    double sum = s->zeros * own;
    if (sigma >= ldexp(2.0, FINEST)) {
        const double limit = limited(s, sigma);
        int level = level_of(limit);
        level = level < s->low ? s->low : level > s->high ? s->high : level;
        const double width = ldexp(limit, -level), x = PI / PERIOD * width;
        const double *spectrum = s->spectra[level - s->low];
        sum = 0.0;
        for (int m = 0; m < NODES; m++) {
            const double e = exp(-2.0 * x * x * m * m);
            sum += spectrum[m] * (e * e - 2.0 * e);
        }
        sum *= 2.0 * SQRT_PI * width / PERIOD;
        if (level >= s->first_dense)
            sum -= s->n_spikes * own;
        sum /= 2.0;
    }
    return (s->n_spikes / 2.0 + sum) / (SQRT_PI * sigma);
}

spk_status spk__pair_spectra_create(spk_context *ctx, const spk_train *train,
                                    double narrowest, double widest,
                                    spk__pair_spectra **spectra)
{
    spk__pair_spectra *s = spk__alloc_zero(ctx, 1, sizeof *s);
    if (s == NULL)
        return spk__fail_memory(ctx);
    const int64_t n = train->n_spikes;
    s->n_spikes = (double)n;
    s->duration = n > 0 ? (double)(train->samples[n - 1] - train->samples[0]) + 1.0 : 1.0;
    s->low = level_of(limited(s, fmax(narrowest, ldexp(2.0, FINEST))));
    s->high = level_of(limited(s, fmax(widest, ldexp(2.0, FINEST))));
    /* points of the grid stay below 2^60 */
    const int least = level_of(s->duration) - 57;
    s->low = s->low < least ? least : s->low;
    s->high = s->high < least ? least : s->high;
    const int octaves = s->octaves = s->high + 5 < 63 ? s->high + 5 : 63;
    s->allowed = FREE_PAIRS + n / 16;
    for (int64_t r = 0; r < train->n_runs; r++)
        count_lags(s, train->samples + train->run_offsets[r],
                   train->run_offsets[r + 1] - train->run_offsets[r]);
    s->first_dense = s->octaves == octaves ? s->high + 1 : s->octaves - 4;
    if (s->first_dense < s->low)
        s->first_dense = s->low;
    lags_by_pairs(s);
    const spk_status status = lags_on_grids(ctx, s, train);
    if (status != SPK_OK) {
        spk__free(s);
        return status;
    }
    transform_lags(s);
    *spectra = s;
    return SPK_OK;
}

void spk__pair_spectra_destroy(spk__pair_spectra *spectra)
{
    spk__free(spectra);
}
