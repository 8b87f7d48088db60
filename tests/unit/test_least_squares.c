/* SPDX-License-Identifier: BSD-3-Clause */
#include "linalg/least_squares.h"
#include "suite.h"

#include <math.h>
#include <spikekit/random.h>

enum {
    ROOM = 2048
};

static double work[ROOM];

/* Rosenbrock's valley: r = (10 (y - x^2), 1 - x), least at (1, 1). */
static void rosenbrock(void *state, const double *p, double *residuals, double *jacobian)
{
    int *calls = state;
    if (calls != NULL)
        ++*calls;
    residuals[0] = 10 * (p[1] - p[0] * p[0]);
    residuals[1] = 1 - p[0];
    if (jacobian != NULL) {
        jacobian[0] = -20 * p[0];
        jacobian[1] = 10;
        jacobian[2] = -1;
        jacobian[3] = 0;
    }
}

static spk__least_squares valley(void)
{
    return (spk__least_squares){
        .n_parameters = 2, .n_residuals = 2, .evaluate = rosenbrock};
}

static void finds_the_end_of_a_valley(void)
{
    CU_ASSERT_FATAL(spk__least_squares_work_length(2, 2) <= ROOM);
    for (int numeric = 0; numeric < 2; numeric++) {
        spk__least_squares problem = valley();
        problem.numeric_jacobian = numeric;
        double p[2] = {-1.2, 1};
        const spk__least_squares_result result =
            spk__least_squares_fit(&problem, p, work);
        CU_ASSERT(result.converged);
        CU_ASSERT(result.n_iterations < 60);
        /* Zero residual: the search ends where rounding does. */
        CU_ASSERT_DOUBLE_EQUAL(p[0], 1, 1e-7);
        CU_ASSERT_DOUBLE_EQUAL(p[1], 1, 1e-7);
        CU_ASSERT(result.sum_of_squares >= 0 && result.sum_of_squares < 1e-13);
    }
}

/* With x <= 0.5 the least point lies on the bound: y = 0.25, residuals (0, 0.5). */
static void stops_at_a_bound(void)
{
    const double lower[] = {-2, -2}, upper[] = {0.5, 2};
    spk__least_squares problem = valley();
    problem.lower = lower;
    problem.upper = upper;
    double p[2] = {-1.2, 1};
    const spk__least_squares_result result = spk__least_squares_fit(&problem, p, work);
    CU_ASSERT(result.converged);
    CU_ASSERT_EQUAL(p[0], 0.5);
    CU_ASSERT_DOUBLE_EQUAL(p[1], 0.25, 1e-9);
    CU_ASSERT_DOUBLE_EQUAL(result.sum_of_squares, 0.25, 1e-12);

    /* A start outside is moved in; bounds that leave one point leave it. */
    const double one[] = {0.3, 0.4};
    problem.lower = problem.upper = one;
    p[0] = 7;
    p[1] = -7;
    CU_ASSERT(spk__least_squares_fit(&problem, p, work).converged);
    CU_ASSERT_EQUAL(p[0], 0.3);
    CU_ASSERT_EQUAL(p[1], 0.4);
}

static void says_when_it_gave_up(void)
{
    int calls = 0;
    spk__least_squares problem = valley();
    problem.state = &calls;
    problem.most_iterations = 2;
    double p[2] = {-1.2, 1};
    spk__least_squares_result result = spk__least_squares_fit(&problem, p, work);
    CU_ASSERT(!result.converged);
    CU_ASSERT_EQUAL(result.n_iterations, 2);
    CU_ASSERT(result.sum_of_squares < 24.2); /* better than the start nevertheless */
    CU_ASSERT(calls >= 4 && calls < 40);

    double nowhere[2] = {NAN, 1};
    result = spk__least_squares_fit(&problem, nowhere, work);
    CU_ASSERT(!result.converged);
    CU_ASSERT_EQUAL(result.n_iterations, 0);
    CU_ASSERT(isnan(result.sum_of_squares));
}

/* y = A e^(-x / tau) + c at x = 0 .. n - 1, with noise; not a number for tau <= 0. */
typedef struct decay {
    int64_t n;
    double y[64];
} decay;

static void decay_residuals(void *state, const double *p, double *residuals,
                            double *jacobian)
{
    const decay *d = state;
    for (int64_t k = 0; k < d->n; k++) {
        const double e = p[1] > 0 ? exp(-(double)k / p[1]) : NAN;
        residuals[k] = p[0] * e + p[2] - d->y[k];
        if (jacobian != NULL) {
            jacobian[3 * k] = e;
            jacobian[3 * k + 1] = p[0] * e * (double)k / (p[1] * p[1]);
            jacobian[3 * k + 2] = 1;
        }
    }
}

/* The conditions of a bounded minimum, from the definition: the gradient of the sum of
 * squares vanishes for parameters inside, and points outward at a bound. */
static void meets_the_conditions_of_a_minimum(void)
{
    spk_random random = {5, 0, 0};

    int at_bounds = 0;
    for (int trial = 0; trial < 200; trial++) {
        decay d = {.n = 40};
        const double a = 5 + 20 * spk_random_uniform(&random),
                     tau = 2 + 8 * spk_random_uniform(&random),
                     c = 3 * spk_random_uniform(&random);
        for (int64_t k = 0; k < d.n; k++)
            d.y[k] = a * exp(-(double)k / tau) + c + 2 * spk_random_uniform(&random) - 1;
        const double lower[] = {0, 0.1, 1}, upper[] = {20, 8, 50};
        const spk__least_squares problem = {.n_parameters = 3,
                                            .n_residuals = d.n,
                                            .evaluate = decay_residuals,
                                            .state = &d,
                                            .lower = lower,
                                            .upper = upper};
        double p[3] = {10, 4, 2}, again[3] = {19, 7.5, 1}, r[64], j[3 * 64];
        const spk__least_squares_result result =
            spk__least_squares_fit(&problem, p, work);
        CU_ASSERT(result.converged);
        decay_residuals(&d, p, r, j);
        double sum = 0;
        for (int64_t k = 0; k < d.n; k++)
            sum += r[k] * r[k];
        CU_ASSERT_DOUBLE_EQUAL(result.sum_of_squares, sum, 1e-12 * sum);
        for (int i = 0; i < 3; i++) {
            double g = 0, length = 0;
            for (int64_t k = 0; k < d.n; k++) {
                g += j[3 * k + i] * r[k];
                length += j[3 * k + i] * j[3 * k + i];
            }
            g /= sqrt(length * sum);
            CU_ASSERT(p[i] >= lower[i] && p[i] <= upper[i]);
            at_bounds += p[i] == lower[i] || p[i] == upper[i];
            if (p[i] > lower[i])
                CU_ASSERT(g < 1e-5);
            if (p[i] < upper[i])
                CU_ASSERT(g > -1e-5);
        }
        /* One minimum here: another start ends in the same place. */
        CU_ASSERT(spk__least_squares_fit(&problem, again, work).converged);
        for (int i = 0; i < 3; i++)
            CU_ASSERT_DOUBLE_EQUAL(again[i], p[i], 1e-4 * fabs(p[i]));
    }
    CU_ASSERT(at_bounds > 20); /* the bounds took part */
}

/* A parameter without influence stays where it is and does not disturb the others. */
static void line(void *state, const double *p, double *residuals, double *jacobian)
{
    (void)state;
    for (int k = 0; k < 5; k++) {
        residuals[k] = p[0] + p[2] * k - (3.0 - 2.0 * k);
        if (jacobian != NULL) {
            jacobian[3 * k] = 1;
            jacobian[3 * k + 1] = 0;
            jacobian[3 * k + 2] = k;
        }
    }
}

static void survives_a_parameter_without_influence(void)
{
    const spk__least_squares problem = {
        .n_parameters = 3, .n_residuals = 5, .evaluate = line};
    double p[3] = {0, 42, 0};
    CU_ASSERT(spk__least_squares_fit(&problem, p, work).converged);
    CU_ASSERT_DOUBLE_EQUAL(p[0], 3, 1e-9);
    CU_ASSERT_EQUAL(p[1], 42);
    CU_ASSERT_DOUBLE_EQUAL(p[2], -2, 1e-9);
}

/* |x| has no derivative at 0; this one says so. */
static void edge(void *state, const double *p, double *residuals, double *jacobian)
{
    (void)state;
    residuals[0] = fabs(p[0]) + 1;
    if (jacobian != NULL)
        jacobian[0] = p[0] / fabs(p[0]);
}

static void stops_without_a_derivative(void)
{
    const spk__least_squares problem = {
        .n_parameters = 1, .n_residuals = 1, .evaluate = edge};
    double p[1] = {0};
    const spk__least_squares_result result = spk__least_squares_fit(&problem, p, work);
    CU_ASSERT(!result.converged);
    CU_ASSERT_EQUAL(result.sum_of_squares, 1);
    CU_ASSERT_EQUAL(p[0], 0);
}

static const suite_test tests[] = {
    {"finds the end of a valley", finds_the_end_of_a_valley},
    {"stops at a bound", stops_at_a_bound},
    {"says when it gave up", says_when_it_gave_up},
    {"meets the conditions of a minimum", meets_the_conditions_of_a_minimum},
    {"survives a parameter without influence", survives_a_parameter_without_influence},
    {"stops without a derivative", stops_without_a_derivative},
};
SUITE_MAIN("least_squares", tests)
