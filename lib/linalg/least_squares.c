/* SPDX-License-Identifier: BSD-3-Clause */
#include "linalg/least_squares.h"

#include <assert.h>
#include <float.h>
#include <math.h>
#include <string.h>

enum {
    MOST = SPK__LEAST_SQUARES_MOST
};

/* Where the search stands. a is J^T J, g is J^T r, and the cost is |r|^2 / 2. */
typedef struct search {
    const spk__least_squares *problem;
    int64_t n;         /* parameters */
    double *x;         /* [n] */
    double *residuals; /* [n_residuals] */
    double *trial;     /* [n_residuals] */
    double *jacobian;  /* [n_residuals][n] */
    double cost;
    double a[MOST][MOST];
    double g[MOST];
    double scale[MOST]; /* largest a[i][i] met */
} search;

int64_t spk__least_squares_work_length(int64_t n_residuals, int64_t n_parameters)
{
    return n_residuals * (n_parameters + 2);
}

static double lower_bound(const search *s, int64_t i)
{
    return s->problem->lower == NULL ? -INFINITY : s->problem->lower[i];
}

static double upper_bound(const search *s, int64_t i)
{
    return s->problem->upper == NULL ? INFINITY : s->problem->upper[i];
}

static double half_squares(const search *s, const double *residuals)
{
    double sum = 0;
    for (int64_t k = 0; k < s->problem->n_residuals; k++)
        sum += residuals[k] * residuals[k];
    return 0.5 * sum;
}

/* Forward differences, backward where the upper bound is in the way. */
static void differentiate(search *s)
{
    const spk__least_squares *p = s->problem;
    for (int64_t i = 0; i < s->n; i++) {
        const double here = s->x[i];
        double step = sqrt(DBL_EPSILON) * fmax(fabs(here), 1e-3);
        if (here + step > upper_bound(s, i))
            step = -step;
        s->x[i] = here + step;
        step = s->x[i] - here;
        p->evaluate(p->state, s->x, s->trial, NULL);
        s->x[i] = here;
        for (int64_t k = 0; k < p->n_residuals; k++)
            s->jacobian[k * s->n + i] = (s->trial[k] - s->residuals[k]) / step;
    }
}

/* Residuals are known; fills the Jacobian and what follows from it. */
static void linearise(search *s)
{
    const spk__least_squares *p = s->problem;
    if (p->numeric_jacobian)
        differentiate(s);
    else
        p->evaluate(p->state, s->x, s->residuals, s->jacobian);
    memset(s->a, 0, sizeof s->a);
    memset(s->g, 0, sizeof s->g);
    for (int64_t k = 0; k < p->n_residuals; k++) {
        const double *row = s->jacobian + k * s->n;
        for (int64_t i = 0; i < s->n; i++) {
            s->g[i] += row[i] * s->residuals[k];
            for (int64_t j = 0; j < s->n; j++) /* whole rows: they vectorise */
                s->a[i][j] += row[i] * row[j];
        }
    }
    for (int64_t i = 0; i < s->n; i++)
        s->scale[i] = fmax(s->scale[i], s->a[i][i]);
}

/* Solves m y = y in place, m symmetric, by Cholesky's method; 0 if m is not positive. */
static int solve(int64_t n, double m[MOST][MOST], double *y)
{
    for (int64_t i = 0; i < n; i++) {
        for (int64_t j = 0; j < i; j++) {
            for (int64_t k = 0; k < j; k++)
                m[i][j] -= m[i][k] * m[j][k];
            m[i][j] /= m[j][j];
            m[i][i] -= m[i][j] * m[i][j];
        }
        if (!(m[i][i] > 0))
            return 0;
        m[i][i] = sqrt(m[i][i]);
    }
    for (int64_t i = 0; i < n; i++) {
        for (int64_t k = 0; k < i; k++)
            y[i] -= m[i][k] * y[k];
        y[i] /= m[i][i];
    }
    for (int64_t i = n - 1; i >= 0; i--) {
        for (int64_t k = i + 1; k < n; k++)
            y[i] -= m[k][i] * y[k];
        y[i] /= m[i][i];
    }
    return 1;
}

/* The best damped step of the free parameters, those held having theirs in `step` already. */
static int step_of_free(const search *s, double damping, const int *held, double *step)
{
    int64_t free_ones[MOST], n = 0;
    double m[MOST][MOST], y[MOST];
    for (int64_t i = 0; i < s->n; i++)
        if (!held[i])
            free_ones[n++] = i;
    for (int64_t i = 0; i < n; i++) {
        const int64_t row = free_ones[i];
        y[i] = -s->g[row];
        for (int64_t j = 0; j < s->n; j++)
            if (held[j])
                y[i] -= s->a[row][j] * step[j];
        for (int64_t j = 0; j <= i; j++)
            m[i][j] = s->a[row][free_ones[j]];
        m[i][i] += damping * (s->scale[row] > 0 ? s->scale[row] : 1);
    }
    if (!solve(n, m, y))
        return 0;
    for (int64_t i = 0; i < n; i++)
        step[free_ones[i]] = y[i];
    return 1;
}

/* A step within the bounds: whoever would cross one stops there, and the rest try again. */
static int bounded_step(const search *s, double damping, const int *at_bound,
                        double *step)
{
    int held[MOST], crossing = 1;
    for (int64_t i = 0; i < s->n; i++) {
        held[i] = at_bound[i];
        step[i] = 0;
    }
    while (crossing) {
        crossing = 0;
        if (!step_of_free(s, damping, held, step))
            return 0;
        for (int64_t i = 0; i < s->n; i++) {
            const double to = s->x[i] + step[i];
            if (held[i] || (to >= lower_bound(s, i) && to <= upper_bound(s, i)))
                continue;
            step[i] = (to < lower_bound(s, i) ? lower_bound(s, i) : upper_bound(s, i)) -
                      s->x[i];
            held[i] = crossing = 1;
        }
    }
    return 1;
}

/* How much the linearised cost falls by a step. */
static double foretold(const search *s, const double *step)
{
    double sum = 0;
    for (int64_t i = 0; i < s->n; i++) {
        double row = 0;
        for (int64_t j = 0; j < s->n; j++)
            row += s->a[i][j] * step[j];
        sum -= step[i] * (s->g[i] + 0.5 * row);
    }
    return sum;
}

/* Derivatives that are not finite lead nowhere. */
static int has_gradient(const search *s)
{
    for (int64_t i = 0; i < s->n; i++)
        if (!isfinite(s->g[i]) || !isfinite(s->a[i][i]))
            return 0;
    return 1;
}

/* Marks what a bound holds; whether the gradient of the others is nothing. */
static int is_stationary(const search *s, double tolerance, int *at_bound)
{
    int stationary = 1;
    for (int64_t i = 0; i < s->n; i++) {
        at_bound[i] = (s->x[i] <= lower_bound(s, i) && s->g[i] >= 0) ||
                      (s->x[i] >= upper_bound(s, i) && s->g[i] <= 0);
        if (!at_bound[i] && fabs(s->g[i]) > tolerance * sqrt(s->a[i][i] * 2 * s->cost))
            stationary = 0;
    }
    return stationary;
}

static int is_small(const search *s, const double *step, double tolerance)
{
    for (int64_t i = 0; i < s->n; i++)
        if (fabs(step[i]) > tolerance * (fabs(s->x[i]) + tolerance))
            return 0;
    return 1;
}

/* Takes the step if it lowers the cost; the gain over what was foretold, 0 if not taken. */
static double try_step(search *s, const double *step, double expected)
{
    const spk__least_squares *p = s->problem;
    double to[MOST];
    for (int64_t i = 0; i < s->n; i++)
        to[i] = fmin(fmax(s->x[i] + step[i], lower_bound(s, i)), upper_bound(s, i));
    p->evaluate(p->state, to, s->trial, NULL);
    const double cost = half_squares(s, s->trial);
    const double gain = (s->cost - cost) / expected;
    if (!(gain > 1e-4)) /* also when not a number */
        return 0;
    memcpy(s->x, to, (size_t)s->n * sizeof *to);
    double *kept = s->residuals;
    s->residuals = s->trial;
    s->trial = kept;
    s->cost = cost;
    return gain;
}

spk__least_squares_result spk__least_squares_fit(const spk__least_squares *problem,
                                                 double *parameters, double *work)
{
    const int64_t n = problem->n_parameters, n_residuals = problem->n_residuals;
    assert(n >= 1 && n <= MOST && n_residuals >= 1);
    const double tolerance = problem->tolerance > 0 ? problem->tolerance : 1e-10;
    const int64_t most = problem->most_iterations > 0 ? problem->most_iterations : 400;
    search s = {.problem = problem,
                .n = n,
                .x = parameters,
                .residuals = work,
                .trial = work + n_residuals,
                .jacobian = work + 2 * n_residuals};
    spk__least_squares_result result = {0, 0, NAN};
    double damping = 1e-3, growth = 2;
    for (int64_t i = 0; i < n; i++)
        s.x[i] = fmin(fmax(s.x[i], lower_bound(&s, i)), upper_bound(&s, i));
    problem->evaluate(problem->state, s.x, s.residuals, NULL);
    s.cost = half_squares(&s, s.residuals);
    if (!isfinite(s.cost))
        return result;

    while (!result.converged && result.n_iterations < most) {
        int at_bound[MOST];
        double step[MOST], gain = 0;
        linearise(&s);
        result.n_iterations++;
        if (!has_gradient(&s))
            break;
        if (is_stationary(&s, tolerance, at_bound)) {
            result.converged = 1;
            break;
        }
        while (gain == 0 && !result.converged) {
            const double before = s.cost;
            double expected = 0;
            if (bounded_step(&s, damping, at_bound, step)) {
                result.converged = is_small(&s, step, tolerance);
                expected = foretold(&s, step);
            }
            if (expected > 0)
                gain = try_step(&s, step, expected);
            if (gain > 0) {
                const double turn = 2 * gain - 1;
                damping *= fmax(1.0 / 3, 1 - turn * turn * turn);
                damping = fmax(damping, 1e-15);
                growth = 2;
                if (expected <= tolerance * before &&
                    before - s.cost <= tolerance * before)
                    result.converged = 1;
            } else {
                damping *= growth;
                growth *= 2;
                if (!(damping < 1e30))
                    result.converged = 1; /* no step of any length helps */
            }
        }
    }
    result.sum_of_squares = 2 * s.cost;
    return result;
}
