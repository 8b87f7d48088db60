/* SPDX-License-Identifier: BSD-3-Clause */
#include "sorting/nearest_rows.h"

#include "suite.h"

#include <math.h>
#include <spikekit/random.h>
#include <stdlib.h>

/* The definition: all other rows, sorted by distance, then place. */
static int is_right(const double *rows, int n, int n_columns, int k,
                    const int32_t *nearest)
{
    double *distances = malloc((size_t)n * sizeof *distances);
    int wrong = 0;
    for (int i = 0; i < n; i++) {
        for (int j = 0; j < n; j++) {
            distances[j] = 0;
            for (int c = 0; c < n_columns; c++)
                distances[j] += pow(rows[i * n_columns + c] - rows[j * n_columns + c], 2);
        }
        distances[i] = INFINITY;
        for (int r = 0; r < k; r++) {
            int best = -1;
            for (int j = 0; j < n; j++)
                if (j != i && distances[j] >= 0 &&
                    (best < 0 || distances[j] < distances[best]))
                    best = j;
            wrong += nearest[i * k + r] != best;
            distances[best] = -1;
        }
    }
    free(distances);
    return wrong == 0;
}

static void check(int n, int n_columns, int k, double spread, double offset, int coarse)
{
    double *rows = malloc((size_t)n * (size_t)n_columns * sizeof *rows);
    spk__nearest_rows s;
    spk_random random = {.seed = 9, .stream = (uint32_t)n};
    for (int i = 0; i < n * n_columns; i++) {
        rows[i] = spk_random_normal(&random) * spread + offset;
        if (coarse) /* many rows alike, sums exact whatever their order */
            rows[i] = rint(rows[i]);
    }
    CU_ASSERT_FATAL(spk__nearest_rows_make(NULL, n, n_columns, k, &s) == SPK_OK);
    for (int again = 0; again < 2; again++) {
        CU_ASSERT_FATAL(spk__nearest_rows_find(&s, rows, n, n_columns, k));
        CU_ASSERT(is_right(rows, n, n_columns, k, s.nearest));
    }
    spk__nearest_rows_free(&s);
    free(rows);
}

static void against_definition(void)
{
    check(2, 1, 1, 1, 0, 0);
    check(6, 3, 5, 1, 0, 0);
    check(255, 2, 3, 1, 0, 0);
    check(257, 30, 5, 1, 0, 0);
    check(530, 7, 9, 1, 0, 0);
    check(300, 4, 5, 1e-30, 0, 0);
    check(300, 4, 5, 1e30, 0, 0);
    /* far from the origin single precision tells no row from another: all are looked at */
    check(300, 4, 5, 1e-3, 1e3, 0);
}

static void ties(void)
{
    check(300, 2, 4, 1, 0, 1);
    check(400, 1, 7, 1, 0, 1);
    check(64, 3, 63, 1, 0, 1);
}

static void all_alike(void)
{
    static double rows[300 * 3];
    spk__nearest_rows s;
    for (int i = 0; i < 900; i++)
        rows[i] = 2.5;
    CU_ASSERT_FATAL(spk__nearest_rows_make(NULL, 300, 3, 2, &s) == SPK_OK);
    CU_ASSERT(spk__nearest_rows_find(&s, rows, 300, 3, 2));
    CU_ASSERT(s.nearest[0] == 1 && s.nearest[1] == 2);
    CU_ASSERT(s.nearest[2 * 299] == 0 && s.nearest[2 * 299 + 1] == 1);
    memset(rows, 0, sizeof rows);
    CU_ASSERT(spk__nearest_rows_find(&s, rows, 300, 3, 2));
    CU_ASSERT(s.nearest[0] == 1 && s.nearest[2 * 299 + 1] == 1);
    rows[100] = NAN;
    CU_ASSERT_FALSE(spk__nearest_rows_find(&s, rows, 300, 3, 2));
    rows[100] = -INFINITY;
    CU_ASSERT_FALSE(spk__nearest_rows_find(&s, rows, 300, 3, 2));
    spk__nearest_rows_free(&s);
}

/* One row a million times as far out as the others are from each other. */
static void outlier(void)
{
    enum {
        N = 400
    };
    static double rows[N * 5];
    spk__nearest_rows s;
    spk_random random = {.seed = 1};
    for (int i = 0; i < N * 5; i++)
        rows[i] = spk_random_normal(&random);
    rows[5 * 123] = 1e6;
    CU_ASSERT_FATAL(spk__nearest_rows_make(NULL, N, 5, 5, &s) == SPK_OK);
    CU_ASSERT(spk__nearest_rows_find(&s, rows, N, 5, 5));
    CU_ASSERT(is_right(rows, N, 5, 5, s.nearest));
    spk__nearest_rows_free(&s);
}

static const suite_test tests[] = {{"against definition", against_definition},
                                   {"ties", ties},
                                   {"all alike", all_alike},
                                   {"outlier", outlier}};
SUITE_MAIN("nearest rows", tests)
