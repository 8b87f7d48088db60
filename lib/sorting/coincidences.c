/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Two ends of a window in the second train follow the spikes of the first. Walking through
 * both trains waits for one branch after the other that cannot be foreseen; where a train is
 * compared with many, an index says of each time which of its spikes come first, so that the
 * spikes of the other train, most of which have none near, need not wait for each other.
 */
#include "sorting/coincidences.h"

#include "base/check.h"
#include "base/memory.h"

#include <assert.h>

int64_t spk__coincidences_across(const int64_t *a, int64_t n_a, const int64_t *b,
                                 int64_t n_b, int64_t distance)
{
    int64_t n = 0, first = 0, end = 0;
    for (int64_t i = 0; i < n_a; i++) {
        const int64_t t = a[i];
        while (first < n_b && b[first] < t && !spk__times_close(b[first], t, distance))
            first++;
        if (end < first)
            end = first;
        while (end < n_b && (b[end] <= t || spk__times_close(t, b[end], distance)))
            end++;
        n += end - first;
    }
    return n;
}

int64_t spk__coincidences_within(const int64_t *a, int64_t n_a, int64_t distance)
{
    int64_t n = 0, first = 0;
    for (int64_t i = 0; i < n_a; i++) {
        while (!spk__times_close(a[first], a[i], distance))
            first++;
        n += i - first;
    }
    return n;
}

enum {
    BINS_PER_SPIKE = 8
};

static const int64_t LARGEST_TIME = INT64_MAX / 8;

static int is_large(const int64_t *samples, int64_t n)
{
    return n > 0 && (samples[0] < -LARGEST_TIME || samples[n - 1] > LARGEST_TIME);
}

spk_status spk__coincidence_index_make(spk_context *ctx, spk__coincidence_index *index,
                                       const int64_t *samples, int64_t n_spikes,
                                       int64_t reach)
{
    assert(reach >= 0 && n_spikes <= UINT32_MAX);
    index->samples = samples;
    index->n_spikes = n_spikes;
    index->reach = reach;
    index->is_plain = reach > LARGEST_TIME || is_large(samples, n_spikes);
    if (n_spikes == 0 || index->is_plain)
        return SPK_OK;
    const int64_t span = samples[n_spikes - 1] - samples[0] + 2 * reach;
    index->shift = 0;
    while (span >> index->shift >= BINS_PER_SPIKE * n_spikes)
        index->shift++;
    const int64_t n_bins = (span >> index->shift) + 1;
    if (index->room < n_bins) {
        spk__free(index->firsts);
        index->firsts = spk__alloc(ctx, n_bins, sizeof *index->firsts);
        index->room = index->firsts == NULL ? 0 : n_bins;
        if (index->firsts == NULL)
            return spk__fail_memory(ctx);
    }
    int64_t bin = 0;
    for (int64_t i = 0; i < n_spikes; i++) {
        const int64_t last = (samples[i] - samples[0] + 2 * reach) >> index->shift;
        while (bin <= last)
            index->firsts[bin++] = (uint32_t)i;
    }
    return SPK_OK;
}

void spk__coincidence_index_free(spk__coincidence_index *index)
{
    spk__free(index->firsts);
    index->firsts = NULL;
    index->room = 0;
}

/* 0 when there were more spikes to look at than the budget. */
static int count_by_index(const spk__coincidence_index *index, const int64_t *b,
                          int64_t n_b, const int64_t *distances, int64_t *counts)
{
    const int64_t *a = index->samples, n_a = index->n_spikes, reach = index->reach;
    const int64_t low = a[0] - reach, high = a[n_a - 1] + reach;
    int64_t budget = 16 * (n_a + n_b), n0 = 0, n1 = 0, n2 = 0, n3 = 0;
    for (int64_t i = 0; i < n_b && b[i] <= high; i++) {
        if (b[i] < low)
            continue;
        const int64_t first = index->firsts[(b[i] - low) >> index->shift];
        int64_t j = first;
        for (; j < n_a && a[j] - b[i] <= reach; j++) {
            const int64_t d = a[j] < b[i] ? b[i] - a[j] : a[j] - b[i];
            n0 += d <= distances[0];
            n1 += d <= distances[1];
            n2 += d <= distances[2];
            n3 += d <= distances[3];
        }
        if ((budget -= j - first) < 0)
            return 0;
    }
    counts[0] = n0;
    counts[1] = n1;
    counts[2] = n2;
    counts[3] = n3;
    return 1;
}

void spk__coincidence_index_count(const spk__coincidence_index *index, const int64_t *b,
                                  int64_t n_b,
                                  const int64_t distances[SPK__COINCIDENCE_DISTANCES],
                                  int64_t counts[SPK__COINCIDENCE_DISTANCES])
{
    for (int k = 0; k < SPK__COINCIDENCE_DISTANCES; k++)
        counts[k] = 0;
    if (index->n_spikes == 0 || n_b == 0)
        return;
    if (!index->is_plain && !is_large(b, n_b) &&
        count_by_index(index, b, n_b, distances, counts))
        return;
    for (int k = 0; k < SPK__COINCIDENCE_DISTANCES; k++)
        if (distances[k] >= 0)
            counts[k] = spk__coincidences_across(index->samples, index->n_spikes, b, n_b,
                                                 distances[k]);
}
