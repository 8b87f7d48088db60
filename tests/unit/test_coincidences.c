/* SPDX-License-Identifier: BSD-3-Clause */
#include "sorting/coincidences.h"
#include "suite.h"

#include <stdlib.h>

enum {
    N_DISTANCES = SPK__COINCIDENCE_DISTANCES
};

static uint64_t seed = 5;

static int64_t draw(int64_t below)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (int64_t)((seed >> 33) % (uint64_t)below);
}

static int64_t pairs_of(const int64_t *a, int64_t n_a, const int64_t *b, int64_t n_b,
                        int64_t distance)
{
    int64_t n = 0;
    for (int64_t i = 0; i < n_a; i++)
        for (int64_t j = 0; j < n_b; j++) {
            const uint64_t d = a[i] < b[j] ? (uint64_t)b[j] - (uint64_t)a[i]
                                           : (uint64_t)a[i] - (uint64_t)b[j];
            n += distance >= 0 && d <= (uint64_t)distance;
        }
    return n;
}

/* An index, by whatever way it counts, against all pairs of spikes. */
static void check(spk__coincidence_index *index, const int64_t *a, int64_t n_a,
                  const int64_t *b, int64_t n_b, const int64_t distances[N_DISTANCES])
{
    int64_t counts[N_DISTANCES], reach = 0;
    for (int k = 0; k < N_DISTANCES; k++)
        reach = distances[k] > reach ? distances[k] : reach;
    CU_ASSERT_EQUAL_FATAL(spk__coincidence_index_make(NULL, index, a, n_a, reach),
                          SPK_OK);
    spk__coincidence_index_count(index, b, n_b, distances, counts);
    for (int k = 0; k < N_DISTANCES; k++)
        CU_ASSERT_EQUAL(counts[k], pairs_of(a, n_a, b, n_b, distances[k]));
}

static void by_hand(void)
{
    static const int64_t a[] = {0, 10, 10, 100}, b[] = {-7, 5, 10, 103};
    static const int64_t distances[N_DISTANCES] = {0, 3, 7, -1};
    int64_t counts[N_DISTANCES];
    spk__coincidence_index index = {0};
    CU_ASSERT_EQUAL_FATAL(spk__coincidence_index_make(NULL, &index, a, 4, 7), SPK_OK);
    spk__coincidence_index_count(&index, b, 4, distances, counts);
    CU_ASSERT(counts[0] == 2 && counts[1] == 3 && counts[2] == 7 && counts[3] == 0);
    spk__coincidence_index_free(&index);
}

/* One index for trains of many kinds: none and one spike, crowds, other stretches of time. */
static void equals_all_pairs(void)
{
    enum {
        MOST = 120
    };
    int64_t a[MOST], b[MOST];
    spk__coincidence_index index = {0};
    for (int round = 0; round < 400; round++) {
        const int64_t n_a = round < 8 ? round % 2 : draw(MOST);
        const int64_t n_b = round < 8 ? round % 4 / 2 : draw(MOST);
        const int64_t step_a = 1 + draw(round % 3 == 0 ? 2 : 3000),
                      step_b = 1 + draw(400);
        int64_t t = draw(2000) - 1000;
        for (int64_t i = 0; i < n_a; i++)
            a[i] = t += draw(step_a);
        t = draw(2000) - 1000;
        for (int64_t i = 0; i < n_b; i++)
            b[i] = t += draw(step_b);
        const int64_t distances[N_DISTANCES] = {draw(3) - 1, draw(40), draw(300),
                                                draw(2000)};
        check(&index, a, n_a, b, n_b, distances);
    }
    spk__coincidence_index_free(&index);
}

/* So many pairs that they are not counted one by one. */
static void simultaneous(void)
{
    enum {
        N = 300
    };
    static const int64_t distances[N_DISTANCES] = {0, 1, -1, 5};
    int64_t a[N], b[N];
    spk__coincidence_index index = {0};
    for (int64_t i = 0; i < N; i++) {
        a[i] = 7;
        b[i] = i < N / 2 ? 7 : 12;
    }
    check(&index, a, N, b, N, distances);
    check(&index, b, N, a, N, distances);
    spk__coincidence_index_free(&index);
}

/* Times whose differences and sums do not fit. */
static void far_apart(void)
{
    static const int64_t a[] = {INT64_MIN, INT64_MIN + 3, 0, INT64_MAX - 1, INT64_MAX};
    static const int64_t b[] = {-2, 5, INT64_MAX - 4};
    static const int64_t near[N_DISTANCES] = {0, 2, 5, 3}, far[] = {0, 1, 2, INT64_MAX};
    spk__coincidence_index index = {0};
    check(&index, a, 5, b, 3, near);
    check(&index, b, 3, a, 5, near);
    check(&index, b, 2, a, 5, near);
    check(&index, a, 5, b, 3, far);
    check(&index, b, 2, b, 2, far);
    spk__coincidence_index_free(&index);
}

static spk_status make(spk_context *ctx, void *argument)
{
    static const int64_t a[] = {1, 2, 300};
    spk__coincidence_index index = {0};
    (void)argument;
    const spk_status status = spk__coincidence_index_make(ctx, &index, a, 3, 10);
    spk__coincidence_index_free(&index);
    return status;
}

static void without_memory(void)
{
    CU_ASSERT_EQUAL(suite_fail_allocations(make, NULL), 1);
}

static const suite_test tests[] = {
    {"by hand", by_hand},           {"equals all pairs", equals_all_pairs},
    {"simultaneous", simultaneous}, {"far apart", far_apart},
    {"memory", without_memory},
};

SUITE_MAIN("coincidences", tests)
