/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Each spike looks at those that follow it until they are too far. The lag of a pair picks
 * one of the counters: lags up to some hundred milliseconds at tens of kilohertz have a
 * counter each, longer ones (or a finer clock) go by way of a table of buckets to the first
 * of the wanted lags that is not below, and count there. Running sums at the end.
 *
 * A burst of n simultaneous spikes has n^2 / 2 pairs. When there are more pairs than spikes
 * times lags, each lag is counted for itself, by two places that walk along the train.
 */
#include "sorting/pair_lags.h"

#include "base/check.h"
#include "base/memory.h"
#include "files/sort.h"

#include <string.h>

enum {
    MOST_BUCKETS = 1 << 15
};

static uint64_t largest_lag(const spk__pair_lags *lags)
{
    return (uint64_t)lags->lags[lags->n_lags - 1];
}

static int is_direct(const spk__pair_lags *lags)
{
    return lags->shift == 0;
}

spk_status spk__pair_lags_create(spk_context *ctx, const int64_t *lags, int64_t n,
                                 spk__pair_lags *created)
{
    spk__pair_lags made = {0};
    int64_t n_kept = 0;
    made.lags = spk__alloc(ctx, n, sizeof *made.lags);
    if (made.lags == NULL)
        return spk__fail_memory(ctx);
    for (int64_t i = 0; i < n; i++)
        if (lags[i] >= 0)
            made.lags[n_kept++] = lags[i];
    spk__sort_int64(made.lags, n_kept);
    for (int64_t i = 0; i < n_kept; i++)
        if (made.n_lags == 0 || made.lags[made.n_lags - 1] != made.lags[i])
            made.lags[made.n_lags++] = made.lags[i];
    if (made.n_lags > 0)
        while (largest_lag(&made) >> made.shift >= MOST_BUCKETS)
            made.shift++;
    made.n_buckets =
        made.n_lags == 0 ? 0 : (int64_t)(largest_lag(&made) >> made.shift) + 1;
    made.first = spk__alloc(ctx, made.n_buckets, sizeof *made.first);
    if (made.first == NULL) {
        spk__free(made.lags);
        return spk__fail_memory(ctx);
    }
    int32_t at = 0;
    for (int64_t b = 0; b < made.n_buckets; b++) {
        while (made.lags[at] < b << made.shift)
            at++;
        made.first[b] = at;
    }
    *created = made;
    return SPK_OK;
}

void spk__pair_lags_free(spk__pair_lags *lags)
{
    spk__free(lags->first);
    spk__free(lags->lags);
    *lags = (spk__pair_lags){0};
}

int64_t spk__pair_lags_room(const spk__pair_lags *lags)
{
    return is_direct(lags) ? lags->n_buckets : lags->n_lags;
}

/* One run, a counter for each lag (direct) or for each wanted lag. 0 when there were more
 * pairs than *budget; what was counted then is of no use. */
static int count_direct(const int64_t *samples, int64_t n, uint64_t max_lag,
                        int64_t *counters, int64_t *budget)
{
    for (int64_t i = 0; i < n; i++) {
        const uint64_t base = (uint64_t)samples[i];
        int64_t j = i + 1;
        for (; j < n; j++) {
            const uint64_t lag = (uint64_t)samples[j] - base;
            if (lag > max_lag)
                break;
            counters[lag]++;
        }
        if ((*budget -= j - i) < 0)
            return 0;
    }
    return 1;
}

static int count_bucketed(const spk__pair_lags *lags, const int64_t *samples, int64_t n,
                          int64_t *counters, int64_t *budget)
{
    const uint64_t max_lag = largest_lag(lags);
    for (int64_t i = 0; i < n; i++) {
        const uint64_t base = (uint64_t)samples[i];
        int64_t j = i + 1;
        for (; j < n; j++) {
            const uint64_t lag = (uint64_t)samples[j] - base;
            if (lag > max_lag)
                break;
            int32_t at = lags->first[lag >> lags->shift];
            while ((uint64_t)lags->lags[at] < lag)
                at++;
            counters[at]++;
        }
        if ((*budget -= j - i) < 0)
            return 0;
    }
    return 1;
}

/* Counters of single lags become running sums at the wanted lags. These are no further left
 * than their number, so that the sums may go where counters were. */
static void sum_up(const spk__pair_lags *lags, int64_t *counters)
{
    int64_t sum = 0, lag = 0;
    for (int64_t k = 0; k < lags->n_lags; k++) {
        if (is_direct(lags))
            while (lag <= lags->lags[k])
                sum += counters[lag++];
        else
            sum += counters[k];
        counters[k] = sum;
    }
}

static int64_t pairs_within(const int64_t *samples, int64_t n, uint64_t lag)
{
    int64_t pairs = 0;
    for (int64_t i = 0, first = 0; i < n; i++) {
        while ((uint64_t)samples[i] - (uint64_t)samples[first] > lag)
            first++;
        pairs += i - first;
    }
    return pairs;
}

static int64_t train_pairs_within(const spk_train *train, int64_t lag)
{
    int64_t pairs = 0;
    for (int64_t r = 0; lag >= 0 && r < train->n_runs; r++)
        pairs += pairs_within(train->samples + train->run_offsets[r],
                              train->run_offsets[r + 1] - train->run_offsets[r],
                              (uint64_t)lag);
    return pairs;
}

int64_t spk__pairs_between(const spk_train *train, int64_t first, int64_t last)
{
    return train_pairs_within(train, last) - train_pairs_within(train, first - 1);
}

void spk__pair_lags_count(const spk__pair_lags *lags, const spk_train *train,
                          int64_t *counters)
{
    if (lags->n_lags == 0)
        return;
    /* n_spikes < 2^32 and fewer lags than a direct table and a list of them have */
    int64_t budget = train->n_spikes * (lags->n_lags + 1) + 64;
    int within = 1;
    memset(counters, 0, (size_t)spk__pair_lags_room(lags) * sizeof *counters);
    for (int64_t r = 0; within && r < train->n_runs; r++) {
        const int64_t *samples = train->samples + train->run_offsets[r];
        const int64_t n = train->run_offsets[r + 1] - train->run_offsets[r];
        within = is_direct(lags)
                     ? count_direct(samples, n, largest_lag(lags), counters, &budget)
                     : count_bucketed(lags, samples, n, counters, &budget);
    }
    if (within)
        sum_up(lags, counters);
    else
        for (int64_t k = 0; k < lags->n_lags; k++)
            counters[k] = train_pairs_within(train, lags->lags[k]);
}

int64_t spk__pair_lags_at(const spk__pair_lags *lags, const int64_t *counters,
                          int64_t lag)
{
    int64_t first = 0, last = lags->n_lags - 1;
    if (lag < 0)
        return 0;
    while (first < last) {
        const int64_t middle = first + (last - first) / 2;
        if (lags->lags[middle] < lag)
            first = middle + 1;
        else
            last = middle;
    }
    return counters[first];
}
