/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/parallel.h"
#include "linalg/product.h"
#include "linalg/rank_update.h"

#include "suite.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>

static void hand_worked(void)
{
    const double a[3][2] = {{1, 2}, {3, 4}, {5, 6}};
    double c[2][2] = {{100, 10}, {10, 1000}};
    /* A^T A = [35 44; 44 56], by hand */
    CU_ASSERT_EQUAL(spk__linalg_rank_update(NULL, 3, 2, 2.0, &a[0][0], &c[0][0]), SPK_OK);
    CU_ASSERT_EQUAL(c[0][0], 170.0);
    CU_ASSERT_EQUAL(c[0][1], 98.0);
    CU_ASSERT_EQUAL(c[1][0], 98.0);
    CU_ASSERT_EQUAL(c[1][1], 1112.0);
}

/* Values in -1 .. 1 from a fixed recurrence. */
static void fill(double *a, int64_t n)
{
    uint64_t state = 12345;
    for (int64_t i = 0; i < n; i++) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        a[i] = (double)(int64_t)(state >> 11) / 4503599627370496.0 - 1.0;
    }
}

/* Sizes around the blocks of the fast kernels, against the definition. Each term is at most
 * 1 in size, so n_rows eps bounds one sum's rounding; two sums are compared. */
static void equals_the_definition(void)
{
    static const int64_t sizes[][2] = {{1, 1}, {7, 3}, {64, 17}, {129, 65}, {3, 100}};
    for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
        int64_t n_rows = sizes[s][0], n = sizes[s][1];
        double *a = malloc((size_t)(n_rows * n) * sizeof *a);
        double *c = calloc((size_t)(n * n), sizeof *c);
        CU_ASSERT_FATAL(a != NULL && c != NULL);
        fill(a, n_rows * n);
        CU_ASSERT_EQUAL(spk__linalg_rank_update(NULL, n_rows, n, 1.0, a, c), SPK_OK);
        double worst = 0;
        for (int64_t i = 0; i < n; i++)
            for (int64_t j = 0; j < n; j++) {
                double sum = 0;
                for (int64_t r = 0; r < n_rows; r++)
                    sum += a[r * n + i] * a[r * n + j];
                worst = fmax(worst, fabs(sum - c[i * n + j]));
                CU_ASSERT_EQUAL(c[i * n + j], c[j * n + i]);
            }
        CU_ASSERT(worst <= 2.0 * (double)n_rows * (double)n_rows * DBL_EPSILON);
        free(a);
        free(c);
    }
}

/* Rows in two blocks add up to the whole. */
static void blocks_add(void)
{
    enum {
        ROWS = 50,
        FIRST = 13,
        N = 9
    };
    double a[ROWS * N], whole[N * N] = {0}, parts[N * N] = {0};
    fill(a, ROWS * N);
    CU_ASSERT_EQUAL(spk__linalg_rank_update(NULL, ROWS, N, 1.0, a, whole), SPK_OK);
    CU_ASSERT_EQUAL(spk__linalg_rank_update(NULL, FIRST, N, 1.0, a, parts), SPK_OK);
    CU_ASSERT_EQUAL(
        spk__linalg_rank_update(NULL, ROWS - FIRST, N, 1.0, a + FIRST * N, parts),
        SPK_OK);
    for (int i = 0; i < N * N; i++)
        CU_ASSERT_DOUBLE_EQUAL(whole[i], parts[i], 2.0 * ROWS * ROWS * DBL_EPSILON);
}

static void errors(void)
{
    spk_context *ctx = NULL;
    CU_ASSERT_EQUAL_FATAL(spk_context_create(&ctx), SPK_OK);
    double a[4] = {1, 2, 3, 4}, c[4] = {0};
    const struct {
        int64_t n_rows, n_columns;
        const double *a;
        double *c;
        const char *message;
    } cases[] = {
        {-1, 2, a, c, "n_rows must be 0 .. 2^31 - 1, got -1"},
        {(int64_t)1 << 31, 2, a, c, "n_rows must be 0 .. 2^31 - 1, got 2147483648"},
        {2, -1, a, c, "n_columns must be 0 .. 2^31 - 1, got -1"},
        {2, (int64_t)1 << 31, a, c, "n_columns must be 0 .. 2^31 - 1, got 2147483648"},
        {2, 2, NULL, c, "a is NULL"},
        {2, 2, a, NULL, "c is NULL"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        CU_ASSERT_EQUAL(spk__linalg_rank_update(ctx, cases[i].n_rows, cases[i].n_columns,
                                                1.0, cases[i].a, cases[i].c),
                        SPK_ERR_ARGUMENT);
        CU_ASSERT_STRING_EQUAL(spk_context_message(ctx), cases[i].message);
    }
    CU_ASSERT_EQUAL(spk__linalg_rank_update(ctx, 0, 2, 1.0, NULL, c), SPK_OK);
    CU_ASSERT_EQUAL(spk__linalg_rank_update(ctx, 2, 0, 1.0, NULL, NULL), SPK_OK);
    CU_ASSERT_EQUAL(c[0], 0.0);
    spk_context_destroy(ctx);
}

enum {
    SIDE = 16,
    N_TASKS = 6000
};

typedef struct many {
    const double *a;
    double *covariances; /* [N_TASKS][SIDE][SIDE] */
    double *solved;      /* [N_TASKS][SIDE][SIDE] */
} many;

/* A matrix of its own for each task, so that space shared by two shows. */
static spk_status work_task(void *state, int64_t task, int32_t worker)
{
    const many *m = state;
    double *c = m->covariances + task * SIDE * SIDE, *x = m->solved + task * SIDE * SIDE,
           l[SIDE * SIDE] = {0};
    (void)worker;
    memset(c, 0, SIDE * SIDE * sizeof *c);
    const spk_status status =
        spk__linalg_rank_update(NULL, 20, SIDE, 1.0, m->a + task, c);
    for (int i = 0; i < SIDE; i++)
        for (int j = 0; j <= i; j++)
            l[i * SIDE + j] = i == j ? 2 + (double)task : 0.01 * (double)task;
    memcpy(x, m->a + task, SIDE * SIDE * sizeof *x);
    spk__linalg_solve_rows(SIDE, SIDE, l, x);
    return status;
}

static int64_t n_different(const many *a, const many *b)
{
    int64_t n = 0;
    for (int64_t k = 0; k < (int64_t)N_TASKS * SIDE * SIDE; k++)
        n += a->covariances[k] != b->covariances[k] || a->solved[k] != b->solved[k];
    return n;
}

/* Products of several threads at a time are bit for bit those of one. */
static void same_bits_in_threads(void)
{
    const size_t size = (size_t)N_TASKS * SIDE * SIDE * sizeof(double);
    double *a = malloc((N_TASKS + 20 * SIDE) * sizeof *a);
    many one = {a, malloc(size), malloc(size)}, several = {a, malloc(size), malloc(size)};
    spk_context *ctx = NULL;
    CU_ASSERT_FATAL(a != NULL && one.covariances != NULL && one.solved != NULL &&
                    several.covariances != NULL && several.solved != NULL);
    CU_ASSERT_EQUAL_FATAL(spk_context_create(&ctx), SPK_OK);
    fill(a, N_TASKS + 20 * SIDE);
    for (int n_threads = 1; n_threads <= 4; n_threads++) {
        many *m = n_threads == 1 ? &one : &several;
        CU_ASSERT_EQUAL(spk_context_set_threads(ctx, n_threads), SPK_OK);
        CU_ASSERT_EQUAL(spk__parallel_for(ctx, N_TASKS, work_task, m, "products"),
                        SPK_OK);
        if (n_threads > 1) {
            CU_ASSERT_EQUAL(n_different(&one, &several), 0);
        }
    }
    spk_context_destroy(ctx);
    free(one.covariances);
    free(one.solved);
    free(several.covariances);
    free(several.solved);
    free(a);
}

static const suite_test tests[] = {
    {"hand-worked", hand_worked},
    {"equals the definition", equals_the_definition},
    {"blocks add", blocks_add},
    {"errors", errors},
    {"same bits in threads", same_bits_in_threads},
};
SUITE_MAIN("rank_update", tests)
