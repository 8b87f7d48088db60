/* SPDX-License-Identifier: BSD-3-Clause */
/* Correlograms straight from the definitions in correlogram.h: every pair of spikes, every
 * bin compared with its two edges. Slow, and short enough to check by eye. */
#ifndef SPIKEKIT_TESTS_CORRELOGRAM_ORACLE_H
#define SPIKEKIT_TESTS_CORRELOGRAM_ORACLE_H

#include <math.h>
#include <spikekit/correlogram.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static inline int oracle_epoch(const spk_epochs *epochs, int64_t sample)
{
    if (epochs == NULL)
        return 0;
    for (int64_t e = 0; e < epochs->n_epochs; e++)
        if (epochs->starts[e] <= sample && sample < epochs->stops[e])
            return (int)e;
    return -1;
}

/* Whether the lag d (twice: edges may lie between samples) falls into bin k. */
static inline int oracle_in_bin(const spk_correlogram_options *o, int64_t k, int64_t d)
{
    int64_t b = o->bin_samples;
    int64_t low = (2 * k - o->n_bins) * b; /* twice the left edge */
    int64_t high = low + 2 * b;
    if (o->convention == SPK_CORRELOGRAM_CELLEXPLORER)
        return low < 2 * d && 2 * d <= high;
    return low <= 2 * d && 2 * d < high;
}

/* counts: [n_units][n_units][n_bins] */
static inline void oracle_integer(const spk_spikes *s, const spk_correlogram_options *o,
                                  int64_t *counts)
{
    int64_t n = s->n_units;
    for (int64_t a = 0; a < s->n_spikes; a++)
        for (int64_t b = 0; b < s->n_spikes; b++) {
            int e = oracle_epoch(o->epochs, s->samples[a]);
            if (a == b || e < 0 || e != oracle_epoch(o->epochs, s->samples[b]))
                continue;
            int64_t d = s->samples[b] - s->samples[a];
            int64_t i = s->units[a];
            int64_t j = s->units[b];
            if (o->convention == SPK_CORRELOGRAM_SPIKEINTERFACE)
                d = -d; /* counts[A][B] has lag t_A - t_B */
            for (int64_t k = 0; k < o->n_bins; k++)
                counts[(i * n + j) * o->n_bins + k] += oracle_in_bin(o, k, d);
        }
}

static inline void oracle_phy(const spk_spikes *s, const spk_correlogram_options *o,
                              int64_t *counts)
{
    int64_t n = s->n_units;
    int64_t half = o->n_bins / 2;
    double rate = s->sampling_rate_hz;
    int64_t *one_sided = calloc((size_t)(n * n * (half + 1)) + 1, sizeof *one_sided);
    for (int64_t a = 0; a < s->n_spikes; a++)
        for (int64_t b = a + 1; b < s->n_spikes; b++) {
            int e = oracle_epoch(o->epochs, s->samples[a]);
            if (e < 0 || e != oracle_epoch(o->epochs, s->samples[b]))
                continue;
            int64_t first = (int64_t)((double)s->samples[a] / rate * rate);
            int64_t second = (int64_t)((double)s->samples[b] / rate * rate);
            int64_t k = (second - first) / o->bin_samples;
            if (k <= half)
                one_sided[(s->units[a] * n + s->units[b]) * (half + 1) + k]++;
        }
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < n; j++) {
            int64_t *to = counts + (i * n + j) * o->n_bins + half;
            const int64_t *right = one_sided + (i * n + j) * (half + 1);
            const int64_t *left = one_sided + (j * n + i) * (half + 1);
            to[0] = right[0] > left[0] ? right[0] : left[0];
            for (int64_t k = 1; k <= half; k++) {
                to[k] = right[k];
                to[-k] = left[k];
            }
        }
    free(one_sided);
}

static inline void oracle_pynapple(const spk_spikes *s, const spk_correlogram_options *o,
                                   int64_t *counts)
{
    int64_t n = s->n_units;
    for (int64_t a = 0; a < s->n_spikes; a++)
        for (int64_t b = 0; b < s->n_spikes; b++) {
            int e = oracle_epoch(o->epochs, s->samples[a]);
            if (e < 0 || e != oracle_epoch(o->epochs, s->samples[b]))
                continue;
            int64_t *to = counts + (s->units[a] * n + s->units[b]) * o->n_bins;
            double time = (double)s->samples[b] / s->sampling_rate_hz;
            double edge = (double)s->samples[a] / s->sampling_rate_hz -
                          (double)o->n_bins / 2.0 * o->bin_s;
            for (int64_t k = 0; k < o->n_bins; k++) {
                double next = edge + o->bin_s;
                to[k] += edge <= time && time < next;
                edge = next;
            }
        }
    for (int64_t i = 0; i < n; i++)
        counts[(i * n + i) * o->n_bins + o->n_bins / 2] = 0;
}

static inline int64_t *oracle_counts(const spk_spikes *s,
                                     const spk_correlogram_options *o)
{
    int64_t *counts =
        calloc((size_t)(s->n_units * s->n_units * o->n_bins) + 1, sizeof *counts);
    if (o->convention == SPK_CORRELOGRAM_PHY)
        oracle_phy(s, o, counts);
    else if (o->convention == SPK_CORRELOGRAM_PYNAPPLE)
        oracle_pynapple(s, o, counts);
    else
        oracle_integer(s, o, counts);
    return counts;
}

#endif
