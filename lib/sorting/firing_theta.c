/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A few hundred lags and frequencies: sums of cosines from a table, no transform. The table
 * holds, for each frequency, the cosine at each lag with the window in it. Phases are whole
 * parts of a turn, so that all of it takes a few thousand cosines.
 */
#include "sorting/firing_theta.h"

#include "base/check.h"
#include "base/memory.h"

#include <math.h>

enum {
    PER_HZ = 4,
    N_FREQUENCIES = 125 * PER_HZ + 1,
    LOWEST = 5 * PER_HZ, /* of theta */
    HIGHEST = 11 * PER_HZ,
    TURN = PER_HZ * 1000, /* parts of a phase: frequency times lag [ms] */
    LANES = 4             /* sums kept apart, so that they need not wait for each other */
};

struct spk__theta {
    int64_t n_lags;
    double *cosines; /* [N_FREQUENCIES][n_lags] */
};

/* The cosine at each part of a turn, then the window at each lag. */
static void fill_parts(double *cosines, int64_t n_lags, double *window)
{
    const double pi = 3.14159265358979323846;
    for (int64_t part = 0; part < TURN; part++)
        cosines[part] = cos(2 * pi * (double)part / TURN);
    for (int64_t k = 0; k < n_lags; k++)
        window[k] = 0.54 + 0.46 * cos(pi * (double)(k + 1) / (double)n_lags);
}

spk_status spk__theta_create(spk_context *ctx, int64_t n_lags, spk__theta **theta)
{
    spk__theta *t = spk__alloc_zero(ctx, 1, sizeof *t);
    double *parts = spk__alloc(ctx, TURN + n_lags, sizeof *parts);
    if (t != NULL)
        t->cosines = spk__alloc(ctx, N_FREQUENCIES * n_lags, sizeof *t->cosines);
    if (t == NULL || parts == NULL || t->cosines == NULL) {
        spk__free(parts);
        spk__theta_destroy(t);
        return spk__fail_memory(ctx);
    }
    const double *window = parts + TURN;
    t->n_lags = n_lags;
    fill_parts(parts, n_lags, parts + TURN);
    for (int64_t f = 0; f < N_FREQUENCIES; f++) {
        double *row = t->cosines + f * n_lags;
        int64_t part = 0;
        for (int64_t k = 0; k < n_lags; k++) {
            part += f; /* less than a turn: f is */
            part -= part >= TURN ? TURN : 0;
            row[k] = window[k] * parts[part];
        }
    }
    spk__free(parts);
    *theta = t;
    return SPK_OK;
}

void spk__theta_destroy(spk__theta *theta)
{
    if (theta == NULL)
        return;
    spk__free(theta->cosines);
    spk__free(theta);
}

static double power_at(const spk__theta *theta, int64_t frequency, const double *values)
{
    const double *cosines = theta->cosines + frequency * theta->n_lags;
    double sums[LANES] = {0};
    int64_t k = 0;
    for (; k + LANES <= theta->n_lags; k += LANES)
        for (int lane = 0; lane < LANES; lane++)
            sums[lane] += values[k + lane] * cosines[k + lane];
    for (; k < theta->n_lags; k++)
        sums[0] += values[k] * cosines[k];
    const double sum = 2 * ((sums[0] + sums[1]) + (sums[2] + sums[3]));
    return sum * sum;
}

double spk__theta_ratio(const spk__theta *theta, const int64_t *counts, double *scratch)
{
    double mean = 0, power[N_FREQUENCIES], all = 0, near = 0;
    int flat = 1;
    for (int64_t k = 0; k < theta->n_lags; k++) {
        mean += (double)counts[k] / (double)theta->n_lags;
        flat &= counts[k] == counts[0];
    }
    if (flat)
        return NAN;
    for (int64_t k = 0; k < theta->n_lags; k++)
        scratch[k] = (double)counts[k] - mean;
    for (int64_t f = 0; f < N_FREQUENCIES; f++) {
        power[f] = power_at(theta, f, scratch);
        all += power[f];
    }
    int64_t peak = LOWEST;
    for (int64_t f = LOWEST; f <= HIGHEST; f++)
        if (power[f] > power[peak])
            peak = f;
    for (int64_t f = peak - PER_HZ; f <= peak + PER_HZ; f++)
        near += power[f];
    return near / (2 * PER_HZ + 1) / (all / N_FREQUENCIES);
}
