/* SPDX-License-Identifier: BSD-3-Clause */
#include "comparison_oracle.h"
#include "sorting/comparison_kernel.h"
#include "suite.h"

enum {
    MOST = 300,
    N_UNITS = 5
};

/* Spikes near a chunk, made from the definition; some in front and behind are not its own. */
typedef struct near_table {
    int32_t times[MOST + SPK__NEAR_PADDING], predecessors[MOST + SPK__NEAR_PADDING];
    uint32_t units[MOST + SPK__NEAR_PADDING];
    spk__near_spikes near;
} near_table;

static void make(spk_random *random, int32_t delta, int64_t span, near_table *t)
{
    static owned_table table;
    const int32_t beyond = 2 * delta + 1;
    oracle_random_table(random, MOST, N_UNITS, span, &table);
    const int64_t n = table.spikes.n_spikes;
    for (int64_t s = 0; s < n + SPK__NEAR_PADDING; s++) {
        t->times[s] = t->predecessors[s] = INT32_MAX;
        t->units[s] = 0;
    }
    for (int64_t s = 0; s < n; s++) {
        t->times[s] = (int32_t)table.samples[s];
        t->units[s] = (uint32_t)table.units[s];
        t->predecessors[s] = t->times[s] - beyond;
        for (int64_t p = s - 1; p >= 0; p--)
            if (table.units[p] == table.units[s]) {
                if (t->times[p] > t->predecessors[s]) {
                    t->predecessors[s] = t->times[p];
                    t->units[s] |= SPK__CROWDED;
                    t->units[p] |= SPK__CROWDED;
                }
                break;
            }
    }
    t->near = (spk__near_spikes){t->times, t->predecessors, t->units, n,
                                 n / 5,    n - n / 7,       NULL};
}

/* Each pair of spikes in reach, one of them lonely, neither's predecessor in reach of the
 * other. */
static void count_plainly(const near_table *a, const near_table *b, int32_t delta,
                          uint32_t counters[N_UNITS][N_UNITS])
{
    for (int64_t s = a->near.own_first; s < a->near.own_last; s++)
        for (int64_t t = 0; t < b->near.n; t++)
            if (llabs((int64_t)a->times[s] - b->times[t]) <= delta &&
                (a->units[s] & b->units[t] & SPK__CROWDED) == 0 &&
                b->predecessors[t] < a->times[s] - delta &&
                a->predecessors[s] < b->times[t] - delta)
                counters[a->units[s] & ~SPK__CROWDED][b->units[t] & ~SPK__CROWDED]++;
}

/* Both ways of counting, against the definition; windows of none and of hundreds. */
static void both_ways(void)
{
    static near_table a, b;
    static uint32_t keys[SPK__COINCIDENCE_KEYS + SPK__NEAR_PADDING];
    static uint64_t lanes[256];
    static const int32_t deltas[] = {0, 2, 12, 200};
    static const int64_t spans[] = {30, 2000, 100000};
    spk_random random = {.seed = 9};
    uint64_t n_counted = 0;
    spk__coincidences_lanes(lanes);
    for (int repeat = 0; repeat < 240; repeat++) {
        const int32_t delta = deltas[repeat % 4];
        uint32_t expected[N_UNITS][N_UNITS] = {{0}}, found[2][N_UNITS][N_UNITS] = {{{0}}};
        make(&random, delta, spans[repeat % 3], &a);
        make(&random, delta, spans[repeat % 3], &b);
        count_plainly(&a, &b, delta, expected);
        spk__coincidences c = {&a.near,     &b.near, delta, 0,   N_UNITS,
                               found[0][0], keys,    lanes, NULL};
        spk__coincidences_count_plain(&c);
        c.counters = found[1][0];
        spk__coincidences_count(&c);
        CU_ASSERT_EQUAL(memcmp(found[0], expected, sizeof expected), 0);
        CU_ASSERT_EQUAL(memcmp(found[1], expected, sizeof expected), 0);
        for (int i = 0; i < N_UNITS * N_UNITS; i++)
            n_counted += expected[i / N_UNITS][i % N_UNITS];
    }
    CU_ASSERT(n_counted > 1000);
}

/* More coincidences of one spike than the buffer of keys holds. */
static void a_full_buffer(void)
{
    enum {
        N = 10000
    };
    static int32_t times[N + SPK__NEAR_PADDING], predecessors[N + SPK__NEAR_PADDING];
    static uint32_t units[N + SPK__NEAR_PADDING], counters[N];
    static uint32_t keys[SPK__COINCIDENCE_KEYS + SPK__NEAR_PADDING];
    static uint64_t lanes[256];
    spk__coincidences_lanes(lanes);
    for (int s = 0; s < N + SPK__NEAR_PADDING; s++) {
        times[s] = s < N ? 7 : INT32_MAX;
        predecessors[s] = s < N ? 7 - 3 : INT32_MAX;
        units[s] = s < N ? (uint32_t)s : 0;
    }
    /* Spikes of one unit at one time would not be lonely: a's stand for N units of one row. */
    const spk__near_spikes b = {times, predecessors, units, N, 0, N, NULL};
    int32_t one_time[5 + SPK__NEAR_PADDING], one_predecessor[5 + SPK__NEAR_PADDING];
    uint32_t one_unit[5 + SPK__NEAR_PADDING] = {0};
    for (int s = 0; s < 5 + SPK__NEAR_PADDING; s++) {
        one_time[s] = s < 5 ? 8 : INT32_MAX;
        one_predecessor[s] = s < 5 ? 8 - 3 : INT32_MAX;
    }
    const spk__near_spikes a = {one_time, one_predecessor, one_unit, 5, 0, 5, NULL};
    const spk__coincidences c = {&a, &b, 1, 0, N, counters, keys, lanes, NULL};
    spk__coincidences_count(&c);
    spk__coincidences_count_plain(&c);
    int64_t n_wrong = 0;
    for (int s = 0; s < N; s++)
        n_wrong += counters[s] != 10;
    CU_ASSERT_EQUAL(n_wrong, 0);
}

static const suite_test tests[] = {
    {"both ways", both_ways},
    {"a full buffer", a_full_buffer},
};
SUITE_MAIN("comparison_kernel", tests)
