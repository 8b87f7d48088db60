/* SPDX-License-Identifier: BSD-3-Clause */
#include "spikes/sample_sort.h"
#include "suite.h"

#include <spikekit/random.h>
#include <stdlib.h>

static int compare(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return x < y ? -1 : x > y;
}

/* Kinds of input: random, nearly sorted, falling, all equal, few values, the whole range. */
static int64_t value(int kind, int64_t i, int64_t n, spk_random *random)
{
    const double u = spk_random_uniform(random);
    switch (kind) {
    case 0:
        return (int64_t)(u * 1e9) - 500000000;
    case 1:
        return 20 * i + (int64_t)(u * 50);
    case 2:
        return n - i;
    case 3:
        return 5;
    case 4:
        return (int64_t)(u * 4);
    default:
        return u < 0.3 ? INT64_MIN : u < 0.6 ? INT64_MAX : (int64_t)((u - 0.8) * 9e18);
    }
}

static void sorts_like_qsort(void)
{
    static const int64_t sizes[] = {0, 1, 2, 3, 47, 48, 49, 1000, 5000};
    spk_random random = {.seed = 3};
    int64_t in[5000], near[5000], any[5000];
    for (int kind = 0; kind < 6; kind++)
        for (int s = 0; s < 9; s++) {
            const int64_t n = sizes[s];
            for (int64_t i = 0; i < n; i++)
                in[i] = near[i] = any[i] = value(kind, i, n, &random);
            qsort(in, (size_t)n, sizeof *in, compare);
            CU_ASSERT_EQUAL(spk__samples_sort_near(NULL, n, near), SPK_OK);
            CU_ASSERT_EQUAL(spk__samples_sort(NULL, n, any), SPK_OK);
            CU_ASSERT_EQUAL(memcmp(in, near, (size_t)n * sizeof *in), 0);
            CU_ASSERT_EQUAL(memcmp(in, any, (size_t)n * sizeof *in), 0);
        }
}

static spk_status sort_falling(spk_context *ctx, void *argument)
{
    int64_t *samples = argument;
    for (int64_t i = 0; i < 5000; i++)
        samples[i] = -i;
    return spk__samples_sort_near(ctx, 5000, samples);
}

static void failed_allocations(void)
{
    int64_t samples[5000];
    CU_ASSERT_EQUAL(suite_fail_allocations(sort_falling, samples), 1);
}

static const suite_test tests[] = {
    {"sorts like qsort", sorts_like_qsort},
    {"failed allocations", failed_allocations},
};
SUITE_MAIN("sample_sort", tests)
