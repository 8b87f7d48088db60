/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The log posterior of GLMCC and its maximum.
 *
 * Within a bin the background is constant and f decays, so the integrals of f^m exp(J f) are
 * differences of entire functions at the bin's edges, where z = J f:
 *     m = 0:  bin + tau (E(z) - E(z')),  E(z) = Ei(z) - ln|z| - gamma = sum z^n / (n n!)
 *     m = 1:  tau (f P(z) - f' P(z')),   P(z) = (exp(z) - 1) / z      = sum z^n / (n + 1)!
 *     m = 2:  tau (f^2 Q - f'^2 Q'),     Q(z) = ((z - 1) exp(z) + 1) / z^2
 *                                                                     = sum z^n / (n! (n + 2))
 * The series have no branch at J = 0 and lose nothing to cancellation there; |z| <= 5.
 *
 * The negative Hessian is tridiagonal in the background, with one more row for each coupling.
 */
#include "correlation/glmcc_model.h"
#include "linalg/arrow.h"

#include <float.h>
#include <math.h>
#include <string.h>

#define LEAST_COUPLING (-3.0)
#define MOST_COUPLING 5.0

enum {
    LANES = SPK__GLMCC_LANES,
    COLUMNS = SPK__ARROW_COLUMNS,
    MOST_STEPS = 100,
    MOST_HALVINGS = 40
};

void spk__glmcc_make_series(double series[SPK__GLMCC_TERMS][3])
{
    double factorial = 1.0;
    for (int n = 0; n < SPK__GLMCC_TERMS; n++) {
        factorial *= n == 0 ? 1.0 : n;
        series[n][0] = n == 0 ? 0.0 : 1.0 / (n * factorial);
        series[n][1] = 1.0 / ((n + 1) * factorial);
        series[n][2] = 1.0 / ((n + 2) * factorial);
    }
}

/* How many terms leave a remainder below rounding. */
static int terms_for(double z)
{
    double term = 1.0;
    int n = 1;
    for (z = fabs(z); n < SPK__GLMCC_TERMS && term > DBL_EPSILON / 8; n++)
        term *= z / n;
    return n;
}

/* The three functions at LANES edges, times tau and a power of f. */
static void edge_functions(const spk__glmcc_plan *plan, double coupling, const double *f,
                           double *e, double *p, double *q)
{
    double z[LANES], a[LANES] = {0}, b[LANES] = {0}, c[LANES] = {0};
    for (int l = 0; l < LANES; l++)
        z[l] = coupling * f[l];
    for (int n = terms_for(z[0]) - 1; n >= 0; n--) {
        const double *series = plan->series[n];
        for (int l = 0; l < LANES; l++) {
            a[l] = a[l] * z[l] + series[0];
            b[l] = b[l] * z[l] + series[1];
            c[l] = c[l] * z[l] + series[2];
        }
    }
    for (int l = 0; l < LANES; l++) {
        e[l] = plan->tau * a[l];
        p[l] = plan->tau * f[l] * b[l];
        q[l] = plan->tau * f[l] * f[l] * c[l];
    }
}

void spk__glmcc_moments(const spk__glmcc_plan *plan, double coupling, int64_t n_bins,
                        double *moments)
{
    double *e = moments, *p = e + plan->n_edges, *q = p + plan->n_edges;
    for (int64_t k = 0; k <= n_bins; k += LANES)
        edge_functions(plan, coupling, plan->decay + k, e + k, p + k, q + k);
    for (int64_t k = 0; k < n_bins; k++) {
        e[k] = plan->bin + (e[k] - e[k + 1]);
        p[k] -= p[k + 1];
        q[k] -= q[k + 1];
    }
}

/* Scratch memory by purpose. */
typedef struct workspace {
    double *rows;     /* [n][COLUMNS] gradient, and the two dense rows of the Hessian */
    double *diagonal; /* [n] */
    double *beside;   /* [n - 1] */
    double *step;     /* [n] */
    double *trial;    /* [n] background */
    double *moments;  /* [3][n_edges] */
    double *arrow;
} workspace;

int64_t spk__glmcc_work_length(const spk__glmcc_plan *plan)
{
    return (COLUMNS + 4) * plan->n + 3 * plan->n_edges +
           spk__linalg_arrow_work_length(plan->n);
}

static workspace workspace_at(const spk__glmcc_plan *plan, double *work)
{
    const int64_t n = plan->n;
    workspace w = {.rows = work};
    w.diagonal = w.rows + COLUMNS * n;
    w.beside = w.diagonal + n;
    w.step = w.beside + n;
    w.trial = w.step + n;
    w.moments = w.trial + n;
    w.arrow = w.moments + 3 * plan->n_edges;
    return w;
}

/* The posterior at a point, up to second order. */
typedef struct slope {
    double log_likelihood;
    double log_prior;
    double gradient[2];  /* by coupling */
    double curvature[2]; /* by coupling, twice; the two never share a bin */
} slope;

static int is_excluded(const spk__glmcc_plan *plan, int64_t k)
{
    const int64_t x = plan->options.excluded_bins;
    return k >= plan->half - x && k < plan->half + x;
}

/* What no coupling reaches: rows holds the rate, then 0, 0. */
static void start_rows(const spk__glmcc_plan *plan, const double *background,
                       const workspace *w)
{
    for (int64_t k = 0; k < plan->n; k++) {
        double *row = w->rows + k * COLUMNS;
        row[0] = exp(background[k]);
        row[1] = row[2] = row[3] = 0.0;
        w->diagonal[k] = row[0] * plan->bin;
    }
    for (int64_t k = plan->half - plan->options.excluded_bins;
         k < plan->half + plan->options.excluded_bins; k++)
        w->rows[k * COLUMNS] = w->diagonal[k] = 0.0;
}

/* One coupling's part in the expected counts and their derivatives. */
static void couple(const spk__glmcc_plan *plan, const spk__glmcc_data *data, int side,
                   double coupling, const workspace *w, slope *s)
{
    const int64_t n_bins = plan->half - data->delay, step = side == 0 ? 1 : -1;
    int64_t k = side == 0 ? plan->half + data->delay : plan->half - 1 - data->delay;
    const double *e = w->moments, *p = e + plan->n_edges, *q = p + plan->n_edges;
    double first = 0.0, second = 0.0;
    spk__glmcc_moments(plan, coupling, n_bins, w->moments);
    for (int64_t m = 0; m < n_bins; m++, k += step) {
        double *row = w->rows + k * COLUMNS;
        w->diagonal[k] = row[0] * e[m];
        row[1 + side] = row[0] * p[m];
        first += row[1 + side];
        second += row[0] * q[m];
    }
    s->gradient[side] = data->sums[side] - first;
    s->curvature[side] = second;
    s->log_likelihood += coupling * data->sums[side];
}

static double log_prior(const spk__glmcc_plan *plan, const double *background)
{
    double squares = 0.0;
    for (int64_t k = 0; k + 1 < plan->n; k++) {
        const double rise = background[k + 1] - background[k];
        squares += rise * rise;
    }
    return -0.5 * plan->stiffness * squares;
}

static slope evaluate(const spk__glmcc_plan *plan, const spk__glmcc_data *data,
                      const double *background, const double *coupling,
                      const workspace *w)
{
    const int64_t n = plan->n;
    slope s = {0};
    double fitted = 0.0;
    start_rows(plan, background, w);
    couple(plan, data, 0, coupling[0], w, &s);
    couple(plan, data, 1, coupling[1], w, &s);
    for (int64_t k = 0; k < n; k++) {
        const double count = is_excluded(plan, k) ? 0.0 : data->counts[k];
        fitted += count * background[k] - w->diagonal[k];
        w->rows[k * COLUMNS] = count - w->diagonal[k];
    }
    for (int64_t k = 0; k + 1 < n; k++) {
        const double rise = background[k + 1] - background[k];
        w->rows[k * COLUMNS] += plan->stiffness * rise;
        w->rows[(k + 1) * COLUMNS] -= plan->stiffness * rise;
        w->diagonal[k] += plan->stiffness;
        w->diagonal[k + 1] += plan->stiffness;
    }
    s.log_likelihood += fitted;
    s.log_prior = log_prior(plan, background);
    return s;
}

/* A Newton step, with the couplings that are held left out. */
static int newton_step(const spk__glmcc_plan *plan, const slope *s, const int held[2],
                       const workspace *w, spk__arrow_solution *solution)
{
    spk__arrow arrow = {
        .n = plan->n,
        .diagonal = w->diagonal,
        .beside = w->beside,
        .rows = w->rows,
        .corner = {s->curvature[0], 0.0, s->curvature[1]},
        .last = {s->gradient[0], s->gradient[1]},
    };
    for (int side = 0; side < 2; side++) {
        if (!held[side])
            continue;
        for (int64_t k = 0; k < plan->n; k++)
            w->rows[k * COLUMNS + 1 + side] = 0.0;
        arrow.corner[2 * side] = 1.0;
        arrow.last[side] = 0.0;
    }
    return spk__linalg_arrow_solve(&arrow, w->step, solution, w->arrow);
}

static int leads_out(double coupling, double direction)
{
    return (coupling <= LEAST_COUPLING && direction <= 0.0) ||
           (coupling >= MOST_COUPLING && direction >= 0.0);
}

/* The step from a point, holding couplings at a bound that it would cross. */
static int bounded_step(const spk__glmcc_plan *plan, const slope *s, const int fixed[2],
                        const spk__glmcc_point *point, int held[2], const workspace *w,
                        spk__arrow_solution *solution)
{
    for (int side = 0; side < 2; side++)
        held[side] = fixed[side] || leads_out(point->coupling[side], s->gradient[side]);
    for (;;) {
        int is_changed = 0;
        if (!newton_step(plan, s, held, w, solution))
            return 0;
        for (int side = 0; side < 2; side++)
            if (!held[side] && leads_out(point->coupling[side], solution->last[side]))
                held[side] = is_changed = 1;
        if (!is_changed)
            return 1;
    }
}

/* How much the posterior rises along the step, to first order: the square of its length in
 * standard errors. */
static double gain_of(const spk__glmcc_plan *plan, const slope *s, const int held[2],
                      const workspace *w, const spk__arrow_solution *solution)
{
    double gain = 0.0;
    for (int64_t k = 0; k < plan->n; k++)
        gain += w->rows[k * COLUMNS] * w->step[k];
    for (int side = 0; side < 2; side++)
        if (!held[side])
            gain += s->gradient[side] * solution->last[side];
    return gain;
}

static void move(const spk__glmcc_plan *plan, const spk__glmcc_point *point,
                 double length, const workspace *w, const double *step,
                 double *background, double *coupling)
{
    for (int64_t k = 0; k < plan->n; k++)
        background[k] = point->background[k] + length * w->step[k];
    for (int side = 0; side < 2; side++)
        coupling[side] =
            fmin(fmax(point->coupling[side] + length * step[side], LEAST_COUPLING),
                 MOST_COUPLING);
}

/* Moves the point along the step as far as the posterior rises. */
static int advance(const spk__glmcc_plan *plan, const spk__glmcc_data *data, double gain,
                   const double *step, const workspace *w, spk__glmcc_point *point,
                   slope *s)
{
    const double before = s->log_likelihood + s->log_prior;
    /* of a short step the rise may be lost in rounding, and is not in doubt */
    const int is_sure = gain < 1e-4 + 64.0 * DBL_EPSILON * fabs(before);
    for (int halvings = 0; halvings < MOST_HALVINGS; halvings++) {
        const double length = ldexp(1.0, -halvings);
        double coupling[2];
        move(plan, point, length, w, step, w->trial, coupling);
        *s = evaluate(plan, data, w->trial, coupling, w);
        const double rise = s->log_likelihood + s->log_prior - before;
        if (is_sure || rise > 0.0) {
            memcpy(point->background, w->trial, (size_t)plan->n * sizeof *w->trial);
            memcpy(point->coupling, coupling, sizeof coupling);
            return 1;
        }
    }
    return 0;
}

int64_t spk__glmcc_maximise(const spk__glmcc_plan *plan, const spk__glmcc_data *data,
                            const int fixed[2], spk__glmcc_point *point, double *work)
{
    const workspace w = workspace_at(plan, work);
    for (int64_t k = 0; k + 1 < plan->n; k++)
        w.beside[k] = -plan->stiffness;
    slope s = evaluate(plan, data, point->background, point->coupling, &w);
    point->error[0] = point->error[1] = NAN;
    for (int64_t n_steps = 1; n_steps <= MOST_STEPS; n_steps++) {
        spk__arrow_solution solution = {0};
        int held[2];
        if (!bounded_step(plan, &s, fixed, point, held, &w, &solution))
            return -n_steps;
        const double gain = gain_of(plan, &s, held, &w, &solution);
        point->log_likelihood = s.log_likelihood;
        point->log_prior = s.log_prior;
        if (gain < 1e-9) {
            /* The error of this last step is its square, the posterior rises by half its
             * gain, and the prior is quickly had. */
            move(plan, point, 1.0, &w, solution.last, point->background, point->coupling);
            point->log_prior = log_prior(plan, point->background);
            point->log_likelihood =
                s.log_likelihood + (s.log_prior - point->log_prior) + 0.5 * gain;
            for (int side = 0; side < 2; side++)
                point->error[side] = held[side] ? NAN : sqrt(solution.inverse[2 * side]);
            return n_steps;
        }
        if (!advance(plan, data, gain, solution.last, &w, point, &s))
            return -n_steps;
    }
    return -MOST_STEPS;
}
