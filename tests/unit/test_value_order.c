/* SPDX-License-Identifier: BSD-3-Clause */
#include "sorting/value_order.h"
#include "suite.h"

#include <float.h>
#include <math.h>
#include <spikekit/random.h>
#include <stdlib.h>

enum {
    MOST = 5000
};

static double values[MOST], copy[MOST], expected[MOST];
static uint64_t scratch[2 * MOST];

static int compare(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Numbers of many kinds: normal, few different ones, wide, floats, all equal, ordered. */
static double draw(spk_random *random, int kind, int64_t i)
{
    const double u = spk_random_uniform(random);
    switch (kind) {
    case 0:
        return u - 0.5;
    case 1:
        return floor(u * 4);
    case 2:
        return ldexp(u - 0.5, (int)(spk_random_uniform(random) * 1900) - 950);
    case 3:
        return (double)(float)(u * 100 - 50);
    case 4:
        return -7.25;
    case 5:
        return -(double)i;
    case 6: /* both halves rise: bad for a pivot in the middle */
        return (double)(i % 2 != 0 ? i : -i);
    case 7: /* all alike in their upper bits */
        return 1 + u * 1e-9;
    case 8: /* a few alike */
        return 1 + floor(u * 1000) + (i % 8 == 0 ? 1e-12 * u : 0);
    default:
        return u < 0.1   ? -0.0
               : u < 0.2 ? 0.0
               : u < 0.3 ? DBL_MAX
               : u < 0.4 ? -DBL_MAX
                         : u;
    }
}

static void sorted_as_by_qsort(void)
{
    static const int64_t sizes[] = {0, 1, 2, 3, 40, 41, 100, 1000, MOST};
    spk_random random = {.seed = 3};
    for (int kind = 0; kind < 10; kind++)
        for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
            const int64_t n = sizes[s];
            for (int64_t i = 0; i < n; i++)
                values[i] = copy[i] = expected[i] = draw(&random, kind, i);
            qsort(expected, (size_t)n, sizeof *expected, compare);
            spk__sort_values(values, n, scratch);
            int64_t wrong = 0;
            for (int64_t i = 0; i < n; i++)
                wrong += values[i] != expected[i];
            CU_ASSERT_EQUAL(wrong, 0);
            if (n == 0 || kind == 9) /* the middle two may be +-DBL_MAX */
                continue;
            CU_ASSERT_EQUAL(spk__median(copy, n), spk__sorted_median(expected, n));
            const double limit = expected[n / 3];
            int64_t below = 0;
            while (below < n && expected[below] < limit)
                below++;
            CU_ASSERT_EQUAL(spk__sorted_below(expected, n, limit), below);
        }
}

static void hand_worked(void)
{
    double even[] = {4, 1, 3, 2}, odd[] = {9, 7, 8};
    const double sorted[] = {1, 2, 4, 8};
    CU_ASSERT_EQUAL(spk__median(even, 4), 2.5);
    CU_ASSERT_EQUAL(spk__median(odd, 3), 8);
    CU_ASSERT(isnan(spk__median(odd, 0)));
    CU_ASSERT(isnan(spk__sorted_median(sorted, 0)));
    CU_ASSERT_EQUAL(spk__sorted_median(sorted, 4), 3);
    CU_ASSERT_EQUAL(spk__sorted_quantile(sorted, 4, 0), 1);
    CU_ASSERT_EQUAL(spk__sorted_quantile(sorted, 4, 1), 8);
    CU_ASSERT_EQUAL(spk__sorted_quantile(sorted, 4, 0.5), 3);
    CU_ASSERT_EQUAL(spk__sorted_quantile(sorted, 4, 0.75), 5);
    CU_ASSERT_EQUAL(spk__sorted_quantile(sorted, 1, 0.3), 1);
    CU_ASSERT(isnan(spk__sorted_quantile(sorted, 0, 0.5)));
    CU_ASSERT_EQUAL(spk__sorted_below(sorted, 4, 0), 0);
    CU_ASSERT_EQUAL(spk__sorted_below(sorted, 4, 4), 2);
    CU_ASSERT_EQUAL(spk__sorted_below(sorted, 4, 9), 4);
}

static const suite_test tests[] = {
    {"sorted as by qsort", sorted_as_by_qsort},
    {"hand worked", hand_worked},
};

SUITE_MAIN("value_order", tests)
