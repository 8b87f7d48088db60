/* SPDX-License-Identifier: BSD-3-Clause */
#include "comparison_oracle.h"
#include "sorting/comparison_assignment.h"
#include "suite.h"

#include <math.h>

enum {
    MOST = 6
};

/* A small matrix of scores, kept in compressed rows; 0 is not kept. */
typedef struct matrix {
    int64_t n_rows, n_columns, offsets[MOST + 1];
    int32_t columns[MOST * MOST];
    double values[MOST * MOST];
    double dense[MOST][MOST];
} matrix;

static void compress(matrix *m)
{
    int64_t n = 0;
    for (int64_t r = 0; r < m->n_rows; r++) {
        m->offsets[r] = n;
        for (int64_t c = 0; c < m->n_columns; c++)
            if (m->dense[r][c] != 0) {
                m->columns[n] = (int32_t)c;
                m->values[n++] = m->dense[r][c];
            }
    }
    m->offsets[m->n_rows] = n;
}

static void assign(const matrix *m, double least, int32_t *column_of_row)
{
    const spk__scores scores = {m->n_rows, m->n_columns, m->offsets, m->columns,
                                m->values};
    CU_ASSERT_EQUAL_FATAL(spk__assign(NULL, &scores, least, column_of_row), SPK_OK);
}

/* The largest sum of scores >= least that rows `row` and on can have. */
static double largest_sum(const matrix *m, double least, int64_t row, unsigned used)
{
    if (row == m->n_rows)
        return 0.0;
    double best = largest_sum(m, least, row + 1, used);
    for (int64_t c = 0; c < m->n_columns; c++)
        if (m->dense[row][c] >= least && (used >> c & 1) == 0)
            best = fmax(best, m->dense[row][c] +
                                  largest_sum(m, least, row + 1, used | 1U << c));
    return best;
}

static void hand_worked(void)
{
    /* Greedily 0.9 + 0.6; the best is 0.8 + 0.75. */
    matrix m = {
        .n_rows = 2, .n_columns = 3, .dense = {{0.9, 0.8, 0.1}, {0.75, 0.6, 0.1}}};
    int32_t found[2];
    compress(&m);
    assign(&m, 0.5, found);
    CU_ASSERT_EQUAL(found[0], 1);
    CU_ASSERT_EQUAL(found[1], 0);
    /* Below 0.77 nothing counts: one row is left without. */
    assign(&m, 0.77, found);
    CU_ASSERT_EQUAL(found[0], 0);
    CU_ASSERT_EQUAL(found[1], -1);
    assign(&m, 0.95, found);
    CU_ASSERT_EQUAL(found[0], -1);
    CU_ASSERT_EQUAL(found[1], -1);
}

static void equals_all_permutations(void)
{
    spk_random random = {.seed = 21};
    for (int repeat = 0; repeat < 2000; repeat++) {
        static matrix m;
        const double least = repeat % 2 ? 0.5 : 0.05;
        int32_t found[MOST];
        unsigned used = 0;
        double sum = 0;
        memset(&m, 0, sizeof m);
        m.n_rows = oracle_draw(&random, MOST + 1);
        m.n_columns = oracle_draw(&random, MOST + 1);
        for (int64_t r = 0; r < m.n_rows; r++)
            for (int64_t c = 0; c < m.n_columns; c++) {
                if (spk_random_uniform(&random) < 0.4)
                    continue;
                m.dense[r][c] = spk_random_uniform(&random);
                if (repeat % 3 == 0) /* many ties */
                    m.dense[r][c] = ceil(4 * m.dense[r][c]) / 4;
            }
        compress(&m);
        assign(&m, least, found);
        for (int64_t r = 0; r < m.n_rows; r++) {
            if (found[r] < 0)
                continue;
            CU_ASSERT_FATAL(found[r] < m.n_columns);
            CU_ASSERT((used >> found[r] & 1) == 0);
            CU_ASSERT(m.dense[r][found[r]] >= least);
            used |= 1U << found[r];
            sum += m.dense[r][found[r]];
        }
        CU_ASSERT_DOUBLE_EQUAL(sum, largest_sum(&m, least, 0, 0), 1e-12);
    }
}

/* NaN is no score. */
static void nan_is_left_out(void)
{
    matrix m = {.n_rows = 2, .n_columns = 2, .dense = {{NAN, 0.9}, {NAN, 0.8}}};
    int32_t found[2];
    compress(&m);
    assign(&m, 0.5, found);
    CU_ASSERT_EQUAL(found[0], 1);
    CU_ASSERT_EQUAL(found[1], -1);
}

static spk_status assign_small(spk_context *ctx, void *unused)
{
    (void)unused;
    const int64_t offsets[] = {0, 1, 2};
    const int32_t columns[] = {0, 0};
    const double values[] = {0.7, 0.8};
    const spk__scores scores = {2, 1, offsets, columns, values};
    int32_t found[2];
    return spk__assign(ctx, &scores, 0.5, found);
}

static void failed_allocations(void)
{
    CU_ASSERT_EQUAL(suite_fail_allocations(assign_small, NULL), 8);
}

static const suite_test tests[] = {
    {"hand-worked", hand_worked},
    {"equals all permutations", equals_all_permutations},
    {"NaN is left out", nan_is_left_out},
    {"failed allocations", failed_allocations},
};
SUITE_MAIN("comparison_assignment", tests)
