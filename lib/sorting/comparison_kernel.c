/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A coincidence counts when t has no predecessor in the reach of s and s none in the reach of
 * t: two comparisons, which also bound the window. They are made without branches, and the
 * keys of counters go to a buffer that is counted in a loop of its own, so that its cache
 * misses overlap. With AVX2 eight neighbours are tested at once for four spikes in turn, whose
 * windows nearly coincide; the keys that count are moved to the front by a table of
 * permutations. Both ways give the same integers.
 */
#include "sorting/comparison_kernel.h"

#if defined(__x86_64__) && defined(__GNUC__)
#define SPK__HAS_AVX2 1
#include <immintrin.h>
#endif

enum {
    GROUP = 4, /* spikes of a that share a window */
    LANES = 8
};

static const uint32_t UNIT = SPK__CROWDED - 1;

void spk__coincidences_lanes(uint64_t lanes[256])
{
    for (unsigned mask = 0; mask < 256; mask++) {
        int n = 0;
        lanes[mask] = 0;
        for (unsigned lane = 0; lane < LANES; lane++)
            if ((mask >> lane & 1) != 0)
                lanes[mask] |= (uint64_t)lane << 8 * n++;
    }
}

static void count_keys(const spk__coincidences *c, const uint32_t *restrict keys,
                       int64_t n)
{
    uint32_t *restrict counters = c->counters;
    if (c->pairs != NULL) {
        for (int64_t i = 0; i < n; i++)
            spk__pair_table_at(c->pairs, keys[i])->count++;
        return;
    }
    for (int64_t i = 0; i < n; i++)
        counters[keys[i]]++;
}

/* Counts spikes first .. last - 1 of a; `start` is a place in b before all their windows. */
static void count_plain(const spk__coincidences *c, int64_t first, int64_t last,
                        int64_t start)
{
    const spk__near_spikes *a = c->a;
    const int32_t delta = c->delta;
    const int32_t *restrict times = c->b->times;
    const int32_t *restrict predecessors = c->b->predecessors;
    const uint32_t *restrict units = c->b->units;
    uint32_t *restrict keys = c->keys;
    int64_t n = 0;
    for (int64_t s = first; s < last; s++) {
        const int32_t time = a->times[s], from = time - delta, to = time + delta;
        const int32_t bound = a->predecessors[s] + delta;
        const uint32_t crowded = a->units[s] & SPK__CROWDED;
        const uint32_t row =
            (uint32_t)(((int64_t)(a->units[s] & UNIT) - c->row_first) * c->n_columns);
        do {
            const int64_t at = start;
            start += (times[at] < from) + (times[at + 1] < from) +
                     (times[at + 2] < from) + (times[at + 3] < from);
        } while (times[start] < from);
        int64_t t = start;
        do {
            for (int64_t lane = 0; lane < 4; lane++) {
                keys[n] = row + (units[t + lane] & UNIT);
                n += (times[t + lane] > bound) & (predecessors[t + lane] < from) &
                     ((units[t + lane] & crowded) == 0);
            }
            t += 4;
            if (n > SPK__COINCIDENCE_KEYS - 4) {
                count_keys(c, keys, n);
                n = 0;
            }
        } while (times[t] <= to);
    }
    count_keys(c, keys, n);
}

void spk__coincidences_count_plain(const spk__coincidences *c)
{
    count_plain(c, c->a->own_first, c->a->own_last, 0);
}

#ifdef SPK__HAS_AVX2

#define TARGET __attribute__((target("avx2,popcnt")))

static inline TARGET __m256i load(const void *from)
{
    return _mm256_loadu_si256(from);
}

static inline TARGET int mask_of(__m256i v)
{
    return _mm256_movemask_ps(_mm256_castsi256_ps(v));
}

static TARGET void count_avx2(const spk__coincidences *c)
{
    const spk__near_spikes *a = c->a, *b = c->b;
    const int32_t delta = c->delta;
    const __m256i unit_bits = _mm256_set1_epi32((int32_t)UNIT);
    uint32_t *keys = c->keys;
    int64_t start = 0, n = 0, s = a->own_first;
    for (; s + GROUP <= a->own_last; s += GROUP) {
        const __m256i earliest = _mm256_set1_epi32(a->times[s] - delta);
        const int32_t to = a->times[s + GROUP - 1] + delta;
        __m256i from[GROUP], bound[GROUP], crowded[GROUP], row[GROUP];
        int n_before;
        do {
            n_before = mask_of(_mm256_cmpgt_epi32(earliest, load(b->times + start)));
            n_before = __builtin_popcount((unsigned)n_before);
            start += n_before;
        } while (n_before == LANES);
        for (int g = 0; g < GROUP; g++) {
            const uint32_t unit = a->units[s + g];
            from[g] = _mm256_set1_epi32(a->times[s + g] - delta);
            bound[g] = _mm256_set1_epi32(a->predecessors[s + g] + delta);
            crowded[g] = _mm256_set1_epi32((int32_t)(unit & SPK__CROWDED));
            row[g] = _mm256_set1_epi32(
                (int32_t)(((int64_t)(unit & UNIT) - c->row_first) * c->n_columns));
        }
        int64_t t = start;
        do {
            const __m256i times = load(b->times + t), units = load(b->units + t);
            const __m256i predecessors = load(b->predecessors + t);
            const __m256i columns = _mm256_and_si256(units, unit_bits);
            for (int g = 0; g < GROUP; g++) {
                const __m256i counts =
                    _mm256_and_si256(_mm256_cmpgt_epi32(times, bound[g]),
                                     _mm256_cmpgt_epi32(from[g], predecessors));
                const int mask = mask_of(
                    _mm256_andnot_si256(_mm256_and_si256(units, crowded[g]), counts));
                const __m256i order =
                    _mm256_cvtepu8_epi32(_mm_loadl_epi64((const void *)&c->lanes[mask]));
                _mm256_storeu_si256((void *)(keys + n),
                                    _mm256_permutevar8x32_epi32(
                                        _mm256_add_epi32(columns, row[g]), order));
                n += __builtin_popcount((unsigned)mask);
            }
            t += LANES;
            if (n > SPK__COINCIDENCE_KEYS - GROUP * LANES) {
                count_keys(c, keys, n);
                n = 0;
            }
        } while (b->times[t] <= to);
    }
    count_keys(c, keys, n);
    count_plain(c, s, a->own_last, start);
}

#endif

void spk__coincidences_count(const spk__coincidences *c)
{
#ifdef SPK__HAS_AVX2
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("popcnt")) {
        count_avx2(c);
        return;
    }
#endif
    spk__coincidences_count_plain(c);
}
