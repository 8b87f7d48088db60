/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Half a second is some 15000 samples: one counter for each lag fits in the second-level
 * cache, and a pair costs a subtraction and an increment, no division, whatever the bins. A
 * clock of nanoseconds has too many lags for that; there each pair is put in its bins.
 */
#include "sorting/firing_lags.h"

#include "base/check.h"
#include "base/memory.h"

#include <assert.h>
#include <string.h>

enum {
    MOST_LAGS = 1 << 18 /* with a counter each */
};

struct spk__lags {
    int64_t n_bins;
    spk__lag_bins bins[SPK__LAGS_MOST_BINS];
    int64_t reach;      /* the longest lag that any bin holds */
    uint32_t *counters; /* [reach + 1]; NULL: too many */
    int64_t *sums;      /* [reach + 1] */
};

/* Twice the least lag of bin k: a whole number for either kind of bin. */
static int64_t twice_start(const spk__lag_bins *bins, int64_t k)
{
    return (bins->centred ? 2 * k - 1 : 2 * k) * bins->width;
}

/* The least lag of bin k. */
static int64_t first_lag(const spk__lag_bins *bins, int64_t k)
{
    const int64_t twice = twice_start(bins, k);
    if (twice <= 0)
        return 0;
    return bins->centred ? twice / 2 + 1 : twice / 2;
}

static int64_t bin_of(const spk__lag_bins *bins, int64_t lag)
{
    return bins->centred ? (2 * lag + bins->width - 1) / (2 * bins->width)
                         : lag / bins->width;
}

spk_status spk__lags_create(spk_context *ctx, const spk__lag_bins *bins, int64_t n_bins,
                            spk__lags **lags)
{
    assert(n_bins >= 1 && n_bins <= SPK__LAGS_MOST_BINS);
    spk__lags *l = spk__alloc_zero(ctx, 1, sizeof *l);
    if (l == NULL)
        return spk__fail_memory(ctx);
    l->n_bins = n_bins;
    for (int64_t b = 0; b < n_bins; b++) {
        l->bins[b] = bins[b];
        const int64_t reach = first_lag(&bins[b], bins[b].last + 1) - 1;
        l->reach = reach > l->reach ? reach : l->reach;
    }
    if (l->reach < MOST_LAGS) {
        l->counters = spk__alloc(ctx, l->reach + 1, sizeof *l->counters);
        l->sums = spk__alloc(ctx, l->reach + 1, sizeof *l->sums);
        if (l->counters == NULL || l->sums == NULL) {
            spk__lags_destroy(l);
            return spk__fail_memory(ctx);
        }
    }
    *lags = l;
    return SPK_OK;
}

void spk__lags_destroy(spk__lags *lags)
{
    if (lags == NULL)
        return;
    spk__free(lags->sums);
    spk__free(lags->counters);
    spk__free(lags);
}

/* References [first, last) of a run that ends at `end`. */
static void count_lags(uint32_t *restrict counters, int64_t reach, const int64_t *t,
                       int64_t first, int64_t last, int64_t end)
{
    int64_t later = first; /* the first spike after the reference: a heap of simultaneous
                            * ones is stepped over, not walked again for each of them */
    for (int64_t i = first; i < last; i++) {
        while (later < end && t[later] <= t[i])
            later++;
        for (int64_t j = later; j < end; j++) {
            const int64_t lag = t[j] - t[i];
            if (lag > reach)
                break;
            counters[lag]++;
        }
    }
}

static void add_counters(spk__lags *lags)
{
    for (int64_t d = 0; d <= lags->reach; d++)
        lags->sums[d] += lags->counters[d];
    memset(lags->counters, 0, (size_t)(lags->reach + 1) * sizeof *lags->counters);
}

static void count_by_lag(spk__lags *lags, const spk_train *train)
{
    memset(lags->counters, 0, (size_t)(lags->reach + 1) * sizeof *lags->counters);
    memset(lags->sums, 0, (size_t)(lags->reach + 1) * sizeof *lags->sums);
    /* A reference adds at most n_spikes to one counter, which must not overflow. */
    const int64_t part = UINT32_MAX / (train->n_spikes > 0 ? train->n_spikes : 1);
    int64_t room = part;
    for (int64_t r = 0; r < train->n_runs; r++) {
        int64_t first = train->run_offsets[r];
        const int64_t end = train->run_offsets[r + 1];
        while (first < end) {
            const int64_t last = end - first > room ? first + room : end;
            count_lags(lags->counters, lags->reach, train->samples, first, last, end);
            room -= last - first;
            first = last;
            if (room == 0) {
                add_counters(lags);
                room = part;
            }
        }
    }
    add_counters(lags);
}

static void fold(const spk__lags *lags, const spk__lag_bins *bins, int64_t *counts)
{
    int64_t lag = first_lag(bins, 0);
    if (lag == 0)
        lag = 1;
    for (int64_t k = 0; k <= bins->last; k++) {
        const int64_t end = first_lag(bins, k + 1);
        int64_t sum = 0;
        for (; lag < end; lag++)
            sum += lags->sums[lag];
        counts[k] = sum;
    }
}

static void count_in_bins(const spk__lags *lags, const spk_train *train,
                          int64_t *const *counts)
{
    const int64_t *t = train->samples;
    for (int64_t b = 0; b < lags->n_bins; b++)
        memset(counts[b], 0, (size_t)(lags->bins[b].last + 1) * sizeof **counts);
    for (int64_t r = 0; r < train->n_runs; r++) {
        const int64_t end = train->run_offsets[r + 1];
        int64_t later = train->run_offsets[r];
        for (int64_t i = train->run_offsets[r]; i < end; i++) {
            while (later < end && t[later] <= t[i])
                later++;
            for (int64_t j = later; j < end && t[j] - t[i] <= lags->reach; j++)
                for (int64_t b = 0; b < lags->n_bins; b++) {
                    const int64_t k = bin_of(&lags->bins[b], t[j] - t[i]);
                    if (k <= lags->bins[b].last)
                        counts[b][k]++;
                }
        }
    }
}

void spk__lags_count(spk__lags *lags, const spk_train *train, int64_t *const *counts)
{
    if (lags->counters == NULL) {
        count_in_bins(lags, train, counts);
        return;
    }
    count_by_lag(lags, train);
    for (int64_t b = 0; b < lags->n_bins; b++)
        fold(lags, &lags->bins[b], counts[b]);
}
