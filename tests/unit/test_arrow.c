/* SPDX-License-Identifier: BSD-3-Clause */
/* Tridiagonal systems with two dense rows, against dense elimination. */
#include "linalg/arrow.h"
#include "suite.h"

#include <math.h>
#include <spikekit/random.h>

enum {
    MOST = 60
};

/* Gauss with pivoting on a dense matrix; [m][m + 1 + 2] with right-hand sides beside it. */
static void solve_dense(int m, double (*a)[MOST + 5])
{
    for (int k = 0; k < m; k++) {
        int pivot = k;
        for (int i = k; i < m; i++)
            if (fabs(a[i][k]) > fabs(a[pivot][k]))
                pivot = i;
        for (int j = 0; j < m + 3; j++) {
            const double swapped = a[k][j];
            a[k][j] = a[pivot][j];
            a[pivot][j] = swapped;
        }
        for (int i = 0; i < m; i++) {
            if (i == k)
                continue;
            const double factor = a[i][k] / a[k][k];
            for (int j = k; j < m + 3; j++)
                a[i][j] -= factor * a[k][j];
        }
    }
    for (int k = 0; k < m; k++)
        for (int j = m; j < m + 3; j++)
            a[k][j] /= a[k][k];
}

/* A random system of order n + 2 whose diagonal outweighs the rest of its row. */
static void check_random(spk_random *random, int n)
{
    double diagonal[MOST], beside[MOST], rows[MOST * SPK__ARROW_COLUMNS], first[MOST];
    double work[MOST * (SPK__ARROW_COLUMNS + 2)];
    static double dense[MOST + 2][MOST + 5];
    const int m = n + 2;
    memset(dense, 0, sizeof dense);
    CU_ASSERT_FATAL(spk__linalg_arrow_work_length(n) <=
                    (int64_t)(sizeof work / sizeof *work));
    spk__arrow arrow = {
        .n = n, .diagonal = diagonal, .beside = beside, .rows = rows, .corner = {0}};
    for (int k = 0; k < n; k++) {
        double *row = rows + k * SPK__ARROW_COLUMNS;
        for (int c = 0; c < SPK__ARROW_COLUMNS; c++)
            row[c] = spk_random_normal(random);
        beside[k] = spk_random_normal(random);
        dense[k][m] = row[0];
        for (int c = 0; c < 2; c++)
            dense[k][n + c] = dense[n + c][k] = row[1 + c];
        if (k + 1 < n)
            dense[k][k + 1] = dense[k + 1][k] = beside[k];
    }
    arrow.corner[1] = spk_random_normal(random);
    dense[n][n + 1] = dense[n + 1][n] = arrow.corner[1];
    for (int k = 0; k < m; k++) {
        double outside = 0.0;
        for (int j = 0; j < m; j++)
            outside += fabs(dense[k][j]);
        dense[k][k] = outside + 0.01 + spk_random_uniform(random);
    }
    for (int k = 0; k < n; k++)
        diagonal[k] = dense[k][k];
    arrow.corner[0] = dense[n][n];
    arrow.corner[2] = dense[n + 1][n + 1];
    for (int c = 0; c < 2; c++) {
        arrow.last[c] = dense[n + c][m] = spk_random_normal(random);
        dense[n + c][m + 1 + c] = 1.0;
    }
    solve_dense(m, dense);
    spk__arrow_solution solution;
    CU_ASSERT_FATAL(spk__linalg_arrow_solve(&arrow, first, &solution, work));
    for (int k = 0; k < n; k++)
        CU_ASSERT_DOUBLE_EQUAL(first[k], dense[k][m], 1e-12);
    for (int c = 0; c < 2; c++)
        CU_ASSERT_DOUBLE_EQUAL(solution.last[c], dense[n + c][m], 1e-12);
    CU_ASSERT_DOUBLE_EQUAL(solution.inverse[0], dense[n][m + 1], 1e-12);
    CU_ASSERT_DOUBLE_EQUAL(solution.inverse[1], dense[n][m + 2], 1e-12);
    CU_ASSERT_DOUBLE_EQUAL(solution.inverse[2], dense[n + 1][m + 2], 1e-12);
}

static void as_dense_elimination(void)
{
    spk_random random = {.seed = 41};
    for (int n = 1; n <= MOST; n++)
        check_random(&random, n);
}

/* By hand: T = 2, B = (1, 0), C = diag(1, 4); x + y0 / 2 = 1, x + y0 = 3, 4 y1 = 2. */
static void by_hand(void)
{
    const double diagonal = 2, rows[SPK__ARROW_COLUMNS] = {2, 1, 0, 0};
    const spk__arrow arrow = {
        .n = 1, .diagonal = &diagonal, .rows = rows, .corner = {1, 0, 4}, .last = {3, 2}};
    double first, work[SPK__ARROW_COLUMNS + 2];
    spk__arrow_solution solution;
    CU_ASSERT_FATAL(spk__linalg_arrow_solve(&arrow, &first, &solution, work));
    CU_ASSERT_EQUAL(first, -1.0);
    CU_ASSERT_EQUAL(solution.last[0], 4.0);
    CU_ASSERT_EQUAL(solution.last[1], 0.5);
    CU_ASSERT_EQUAL(solution.inverse[0], 2.0);
    CU_ASSERT_EQUAL(solution.inverse[1], 0.0);
    CU_ASSERT_EQUAL(solution.inverse[2], 0.25);
}

/* Each pivot in turn, and either of the last two, not above zero. */
static void refuses_what_is_not_positive_definite(void)
{
    enum {
        N = 5
    };
    const double beside[N - 1] = {0};
    double rows[N * SPK__ARROW_COLUMNS] = {0}, first[N], work[N * 6];
    spk__arrow_solution solution;
    for (int bad = 0; bad < N + 2; bad++) {
        for (int kind = 0; kind < 3; kind++) {
            const double value = kind == 0 ? 0.0 : kind == 1 ? -1.0 : NAN;
            double diagonal[N] = {1, 1, 1, 1, 1};
            spk__arrow arrow = {.n = N,
                                .diagonal = diagonal,
                                .beside = beside,
                                .rows = rows,
                                .corner = {1, 0, 1}};
            CU_ASSERT(spk__linalg_arrow_solve(&arrow, first, &solution, work));
            if (bad < N)
                diagonal[bad] = value;
            else
                arrow.corner[2 * (bad - N)] = value;
            CU_ASSERT(!spk__linalg_arrow_solve(&arrow, first, &solution, work));
        }
    }
}

static const suite_test tests[] = {
    {"as dense elimination", as_dense_elimination},
    {"by hand", by_hand},
    {"refuses what is not positive definite", refuses_what_is_not_positive_definite},
};

SUITE_MAIN("arrow", tests)
