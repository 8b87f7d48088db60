/* SPDX-License-Identifier: BSD-3-Clause */
/* Match counts straight from the definition, and tables of random spikes to try them on. */
#ifndef SPIKEKIT_TESTS_COMPARISON_ORACLE_H
#define SPIKEKIT_TESTS_COMPARISON_ORACLE_H

#include <spikekit/comparison.h>
#include <spikekit/random.h>
#include <stdlib.h>
#include <string.h>

static inline int64_t oracle_epoch_of(const spk_epochs *epochs, int64_t time)
{
    for (int64_t e = 0; epochs != NULL && e < epochs->n_epochs; e++)
        if (epochs->starts[e] <= time && time < epochs->stops[e])
            return e;
    return epochs == NULL ? 0 : -1;
}

/* The sweep of unit i of a through unit j of b. */
static inline int64_t oracle_sweep(const spk_spikes *a, int64_t i, const spk_spikes *b,
                                   int64_t j, const spk_epochs *epochs, int64_t delta)
{
    int64_t n = 0, taken_last = -1;
    for (int64_t s = 0; s < a->n_spikes; s++) {
        const int64_t epoch = oracle_epoch_of(epochs, a->samples[s]);
        for (int64_t t = 0; a->units[s] == i && epoch >= 0 && t < b->n_spikes; t++)
            if (b->units[t] == j && llabs(b->samples[t] - a->samples[s]) <= delta &&
                oracle_epoch_of(epochs, b->samples[t]) == epoch && t != taken_last) {
                taken_last = t;
                n++;
                break;
            }
    }
    return n;
}

static inline int64_t oracle_n_spikes(const spk_spikes *s, int64_t unit,
                                      const spk_epochs *epochs)
{
    int64_t n = 0;
    for (int64_t k = 0; k < s->n_spikes; k++)
        n += s->units[k] == unit && oracle_epoch_of(epochs, s->samples[k]) >= 0;
    return n;
}

static inline int64_t oracle_matches(const spk_spikes *a, int64_t i, const spk_spikes *b,
                                     int64_t j, const spk_epochs *epochs, int64_t delta,
                                     int symmetric)
{
    int64_t n = oracle_sweep(a, i, b, j, epochs, delta);
    const int64_t back = symmetric ? oracle_sweep(b, j, a, i, epochs, delta) : 0;
    const int64_t most = oracle_n_spikes(b, j, epochs);
    n = back > n ? back : n;
    return n < most ? n : most;
}

/* A table that owns its arrays. */
typedef struct owned_table {
    spk_spikes spikes;
    int64_t samples[512];
    int32_t units[512];
} owned_table;

static inline int64_t oracle_draw(spk_random *random, int64_t n)
{
    return (int64_t)(spk_random_uniform(random) * (double)n);
}

static inline void oracle_seal(owned_table *t, int64_t n, int64_t n_units, int64_t stop)
{
    /* Insertion sort by time: stable. */
    for (int64_t k = 1; k < n; k++)
        for (int64_t p = k; p > 0 && t->samples[p - 1] > t->samples[p]; p--) {
            const int64_t sample = t->samples[p];
            const int32_t unit = t->units[p];
            t->samples[p] = t->samples[p - 1];
            t->units[p] = t->units[p - 1];
            t->samples[p - 1] = sample;
            t->units[p - 1] = unit;
        }
    t->spikes = (spk_spikes){n, n_units, t->samples, t->units, 30000.0, -stop, stop};
}

static inline void oracle_random_table(spk_random *random, int64_t most, int64_t n_units,
                                       int64_t span, owned_table *t)
{
    const int64_t n = n_units == 0 ? 0 : oracle_draw(random, most + 1);
    for (int64_t k = 0; k < n; k++) {
        t->samples[k] = oracle_draw(random, span) - span / 3;
        t->units[k] = (int32_t)oracle_draw(random, n_units);
    }
    oracle_seal(t, n, n_units, 300000);
}

/* Most spikes of a, moved a little, some under another unit, in n_units. */
static inline void oracle_jittered_table(spk_random *random, const owned_table *a,
                                         int64_t n_units, int64_t jitter, owned_table *t)
{
    int64_t n = 0;
    for (int64_t k = 0; n_units > 0 && k < a->spikes.n_spikes; k++) {
        if (spk_random_uniform(random) < 0.1)
            continue;
        t->samples[n] = a->samples[k] + oracle_draw(random, 2 * jitter + 1) - jitter;
        t->units[n++] =
            (int32_t)(spk_random_uniform(random) < 0.9 ? a->units[k] % n_units
                                                       : oracle_draw(random, n_units));
    }
    oracle_seal(t, n, n_units, 300000);
}

#endif
