/* SPDX-License-Identifier: BSD-3-Clause */
#include "linalg/arrow.h"

enum {
    COLUMNS = SPK__ARROW_COLUMNS
};

int64_t spk__linalg_arrow_work_length(int64_t n)
{
    return n * (COLUMNS + 2);
}

/* What elimination leaves: for each row the inverse of its pivot, the factor by which the row
 * nearer to the middle was reduced, and its right-hand sides. */
typedef struct eliminated {
    double *inverse; /* [n] */
    double *factor;  /* [n] */
    double *rows;    /* [n][COLUMNS] */
} eliminated;

/* Row k less `factor` times its neighbour on the outer side. */
static inline void reduce(const double *rows, double *reduced, int64_t k, int64_t outer,
                          double factor)
{
    for (int c = 0; c < COLUMNS; c++)
        reduced[k * COLUMNS + c] =
            rows[k * COLUMNS + c] - factor * reduced[outer * COLUMNS + c];
}

/* The two ends are independent chains: a processor runs them side by side. */
static int eliminate(const spk__arrow *a, int64_t middle, const eliminated *e)
{
    const int64_t n = a->n;
    double up = a->diagonal[0], down = a->diagonal[n - 1];
    int is_positive = 1;
    if (middle > 0)
        for (int c = 0; c < COLUMNS; c++)
            e->rows[c] = a->rows[c];
    if (middle < n - 1)
        for (int c = 0; c < COLUMNS; c++)
            e->rows[(n - 1) * COLUMNS + c] = a->rows[(n - 1) * COLUMNS + c];
    double last = a->diagonal[middle];
    double reduced[COLUMNS];
    for (int c = 0; c < COLUMNS; c++)
        reduced[c] = a->rows[middle * COLUMNS + c];
    /* as many rows on the one side as on the other, or one more above */
    for (int64_t i = 0; i < middle; i++) {
        const int64_t top = i, bottom = n - 1 - i;
        is_positive &= up > 0.0;
        e->inverse[top] = 1.0 / up;
        e->factor[top] = a->beside[top] * e->inverse[top];
        if (top + 1 < middle) {
            up = a->diagonal[top + 1] - e->factor[top] * a->beside[top];
            reduce(a->rows, e->rows, top + 1, top, e->factor[top]);
        }
        if (bottom > middle) {
            is_positive &= down > 0.0;
            e->inverse[bottom] = 1.0 / down;
            e->factor[bottom] = a->beside[bottom - 1] * e->inverse[bottom];
            if (bottom - 1 > middle) {
                down =
                    a->diagonal[bottom - 1] - e->factor[bottom] * a->beside[bottom - 1];
                reduce(a->rows, e->rows, bottom - 1, bottom, e->factor[bottom]);
            }
        }
    }
    for (int side = -1; side <= 1; side += 2) {
        const int64_t outer = middle + side;
        if (outer < 0 || outer >= n)
            continue;
        last -= e->factor[outer] * a->beside[side < 0 ? outer : middle];
        for (int c = 0; c < COLUMNS; c++)
            reduced[c] -= e->factor[outer] * e->rows[outer * COLUMNS + c];
    }
    is_positive &= last > 0.0;
    e->inverse[middle] = 1.0 / last;
    for (int c = 0; c < COLUMNS; c++)
        e->rows[middle * COLUMNS + c] = reduced[c];
    return is_positive;
}

/* Row k of T^-1 from the row next to it on the side of the middle. */
static inline void substitute_row(const eliminated *e, int64_t k, int64_t inner)
{
    double *row = e->rows + k * COLUMNS;
    const double *next = e->rows + inner * COLUMNS;
    for (int c = 0; c < COLUMNS; c++)
        row[c] = row[c] * e->inverse[k] - e->factor[k] * next[c];
}

static void substitute(int64_t n, int64_t middle, const eliminated *e)
{
    for (int c = 0; c < COLUMNS; c++)
        e->rows[middle * COLUMNS + c] *= e->inverse[middle];
    for (int64_t i = 1; i <= middle; i++) {
        substitute_row(e, middle - i, middle - i + 1);
        if (middle + i < n)
            substitute_row(e, middle + i, middle + i - 1);
    }
}

int spk__linalg_arrow_solve(const spk__arrow *arrow, double *first,
                            spk__arrow_solution *solution, double *work)
{
    const int64_t n = arrow->n, middle = n / 2;
    const eliminated e = {work, work + n, work + 2 * n};
    if (!eliminate(arrow, middle, &e))
        return 0;
    substitute(n, middle, &e);
    /* what is left of C and s */
    double c00 = arrow->corner[0], c01 = arrow->corner[1], c11 = arrow->corner[2];
    double s0 = arrow->last[0], s1 = arrow->last[1];
    for (int64_t k = 0; k < n; k++) {
        const double *x = e.rows + k * COLUMNS;
        const double b0 = arrow->rows[k * COLUMNS + 1], b1 = arrow->rows[k * COLUMNS + 2];
        s0 -= b0 * x[0];
        s1 -= b1 * x[0];
        c00 -= b0 * x[1];
        c01 -= b0 * x[2];
        c11 -= b1 * x[2];
    }
    const double determinant = c00 * c11 - c01 * c01;
    if (!(c00 > 0.0 && determinant > 0.0))
        return 0;
    solution->inverse[0] = c11 / determinant;
    solution->inverse[1] = -c01 / determinant;
    solution->inverse[2] = c00 / determinant;
    solution->last[0] = solution->inverse[0] * s0 + solution->inverse[1] * s1;
    solution->last[1] = solution->inverse[1] * s0 + solution->inverse[2] * s1;
    for (int64_t k = 0; k < n; k++) {
        const double *x = e.rows + k * COLUMNS;
        first[k] = x[0] - solution->last[0] * x[1] - solution->last[1] * x[2];
    }
    return 1;
}
