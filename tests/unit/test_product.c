/* SPDX-License-Identifier: BSD-3-Clause */
#include "linalg/product.h"

#include "suite.h"

#include <float.h>
#include <math.h>
#include <spikekit/random.h>
#include <stdlib.h>

static void by_hand(void)
{
    const double a[] = {1, 2, 3, 4, 5, 6}; /* 2 rows of 3 */
    const double b[] = {1, 0, -1};
    double c[2];
    spk__linalg_row_products(2, 1, 3, 2, a, b, c);
    CU_ASSERT(c[0] == -4 && c[1] == -4);
    const float fa[] = {1, 2, 3, 4, 5, 6}, fb[] = {1, 0, -1};
    float fc[2];
    spk__linalg_row_products_float(2, 1, 3, -2, fa, fb, fc);
    CU_ASSERT(fc[0] == 4 && fc[1] == 4);

    double m[] = {4, 99, 2,
                  5}; /* L = [2 0; 1 2]; what is above the diagonal is not read */
    CU_ASSERT(spk__linalg_cholesky(2, m));
    CU_ASSERT(m[0] == 2 && m[1] == 0 && m[2] == 1 && m[3] == 2);
    double x[] = {2, 5, 4, -2};
    spk__linalg_solve_rows(2, 2, m, x);
    CU_ASSERT(x[0] == 1 && x[1] == 2 && x[2] == 2 && x[3] == -2);
}

/* L L^T gives the matrix back; x A^-1 x from the solved rows. */
static void factor(void)
{
    enum {
        N = 23,
        N_ROWS = 40
    };
    double b[2 * N * N], a[N * N], l[N * N], x[N_ROWS * N], y[N_ROWS * N];
    spk_random random = {.seed = 3};
    for (int k = 0; k < 2 * N * N; k++)
        b[k] = spk_random_normal(&random);
    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++) {
            a[i * N + j] = 0;
            for (int k = 0; k < 2 * N; k++)
                a[i * N + j] += b[k * N + i] * b[k * N + j];
        }
    memcpy(l, a, sizeof l);
    CU_ASSERT_FATAL(spk__linalg_cholesky(N, l));
    double worst = 0;
    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++) {
            double sum = 0;
            for (int k = 0; k < N; k++)
                sum += l[i * N + k] * l[j * N + k];
            worst = fmax(worst, fabs(sum - a[i * N + j]));
            CU_ASSERT(j <= i || l[i * N + j] == 0);
        }
    CU_ASSERT(worst <= 200 * N * DBL_EPSILON); /* entries up to 2 N + some sqrt(2 N) */
    for (int k = 0; k < N_ROWS * N; k++)
        x[k] = y[k] = spk_random_normal(&random);
    spk__linalg_solve_rows(N_ROWS, N, l, y);
    worst = 0;
    for (int r = 0; r < N_ROWS; r++)
        for (int i = 0; i < N; i++) {
            double sum = 0; /* L y = x */
            for (int k = 0; k <= i; k++)
                sum += l[i * N + k] * y[r * N + k];
            worst = fmax(worst, fabs(sum - x[r * N + i]));
        }
    CU_ASSERT(worst <= 200 * N * DBL_EPSILON);
}

static void not_positive(void)
{
    double negative[] = {-1}, zero[] = {0}, nan[] = {NAN}, infinite[] = {INFINITY};
    double indefinite[] = {1, 2, 2, 1}, equal[] = {1, 1, 1, 1};
    double nearly[] = {1, 1, 1, 1 + DBL_EPSILON};
    CU_ASSERT_FALSE(spk__linalg_cholesky(1, negative));
    CU_ASSERT_FALSE(spk__linalg_cholesky(1, zero));
    CU_ASSERT_FALSE(spk__linalg_cholesky(1, nan));
    CU_ASSERT_FALSE(spk__linalg_cholesky(1, infinite));
    CU_ASSERT_FALSE(spk__linalg_cholesky(2, indefinite));
    CU_ASSERT_FALSE(spk__linalg_cholesky(2, equal));
    CU_ASSERT_FALSE(spk__linalg_cholesky(2, nearly));
    double tiny[] = {1e-300, 0, 0, 1e-290};
    CU_ASSERT(spk__linalg_cholesky(2, tiny)); /* small is not singular */
}

static const suite_test tests[] = {
    {"by hand", by_hand}, {"factor", factor}, {"not positive", not_positive}};
SUITE_MAIN("product", tests)
