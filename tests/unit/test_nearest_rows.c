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
        CU_ASSERT_FATAL(spk__nearest_rows_find(&s, rows, n, n_columns, k, n, NULL));
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
    CU_ASSERT(spk__nearest_rows_find(&s, rows, 300, 3, 2, 300, NULL));
    CU_ASSERT(s.nearest[0] == 1 && s.nearest[1] == 2);
    CU_ASSERT(s.nearest[2 * 299] == 0 && s.nearest[2 * 299 + 1] == 1);
    memset(rows, 0, sizeof rows);
    CU_ASSERT(spk__nearest_rows_find(&s, rows, 300, 3, 2, 300, NULL));
    CU_ASSERT(s.nearest[0] == 1 && s.nearest[2 * 299 + 1] == 1);
    rows[100] = NAN;
    CU_ASSERT_FALSE(spk__nearest_rows_find(&s, rows, 300, 3, 2, 300, NULL));
    rows[100] = -INFINITY;
    CU_ASSERT_FALSE(spk__nearest_rows_find(&s, rows, 300, 3, 2, 300, NULL));
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
    CU_ASSERT(spk__nearest_rows_find(&s, rows, N, 5, 5, N, NULL));
    CU_ASSERT(is_right(rows, N, 5, 5, s.nearest));
    spk__nearest_rows_free(&s);
}

/* Clouds apart, their groups in turn: which of the first rows are among the nearest of each,
 * and where, must be as in the full search. */
static void check_first(int n, int n_columns, int k, int n_first, int n_groups,
                        double apart, int coarse)
{
    double *rows = malloc((size_t)n * (size_t)n_columns * sizeof *rows);
    int32_t *groups = malloc((size_t)n * sizeof *groups);
    int32_t *wanted = malloc((size_t)(n * k) * sizeof *wanted);
    spk__nearest_rows s;
    spk_random random = {.seed = 11, .stream = (uint32_t)(n + n_first)};
    int wrong = 0, n_found = 0;
    for (int i = 0; i < n; i++) {
        groups[i] = i < n_first ? -1 : (i - n_first) * n_groups / (n - n_first);
        for (int c = 0; c < n_columns; c++)
            rows[i * n_columns + c] =
                spk_random_normal(&random) + (c == 0 ? apart * (groups[i] + 1) : 0);
        for (int c = 0; c < n_columns && coarse; c++)
            rows[i * n_columns + c] = rint(rows[i * n_columns + c]);
    }
    CU_ASSERT_FATAL(spk__nearest_rows_make(NULL, n, n_columns, k, &s) == SPK_OK);
    CU_ASSERT_FATAL(spk__nearest_rows_find(&s, rows, n, n_columns, k, n, NULL));
    CU_ASSERT_FATAL(is_right(rows, n, n_columns, k, s.nearest));
    memcpy(wanted, s.nearest, (size_t)(n * k) * sizeof *wanted);
    for (int with = 0; with < 2; with++) {
        CU_ASSERT_FATAL(spk__nearest_rows_find(&s, rows, n, n_columns, k, n_first,
                                               with ? groups : NULL));
        for (int at = 0; at < n * k; at++) {
            const int matters = at < n_first * k || wanted[at] < n_first;
            wrong += matters ? s.nearest[at] != wanted[at] : s.nearest[at] < n_first;
            n_found += at >= n_first * k && wanted[at] < n_first;
        }
    }
    CU_ASSERT(wrong == 0);
    CU_ASSERT(n_found > 0);
    spk__nearest_rows_free(&s);
    free(rows);
    free(groups);
    free(wanted);
}

static void first_rows(void)
{
    check_first(700, 4, 5, 100, 5, 3, 0);  /* few of the others have them: one by one */
    check_first(700, 4, 5, 100, 5, 0, 0);  /* most of them have: all pairs */
    check_first(900, 3, 4, 300, 1, 5, 0);  /* a group of more than a tile */
    check_first(500, 3, 5, 40, 100, 1, 0); /* groups no larger than the neighbours */
    check_first(600, 2, 5, 60, 3, 2, 1);   /* ties */
    check_first(40, 2, 5, 1, 3, 0, 0);
    check_first(41, 2, 5, 40, 1, 1, 0);
    check_first(300, 3, 20, 3, 2, 0, 0);
}

static const suite_test tests[] = {{"against definition", against_definition},
                                   {"first rows", first_rows},
                                   {"ties", ties},
                                   {"all alike", all_alike},
                                   {"outlier", outlier}};
SUITE_MAIN("nearest rows", tests)
