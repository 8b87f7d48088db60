/* SPDX-License-Identifier: BSD-3-Clause */
/* Mid-p tails and quantiles of the Poisson distribution; false discovery. */
#include "distributions/poisson_mid.h"
#include "suite.h"

#include <float.h>
#include <math.h>
#include <spikekit/distributions.h>
#include <spikekit/random.h>

/* Made with mpmath 1.4.1 at 70 digits: the tail beyond the mean as exp(n ln(mean) - mean -
 * lnGamma(n + 1)) times 1/2 + the sum of the ratios of successive terms, until one is below
 * 1e-50 of the sum; the other as log1p(-that). */
static const struct {
    int64_t count;
    double mean, log_upper, log_lower;
} references[] = {
    {0, 1e-300, -0.69314718055994530942, -0.69314718055994530942},
    {0, 1e-10, -0.69314718045994530943, -0.69314718065994530942},
    {1, 1e-10, -23.718998110500402113, -5.0000000001250001822e-11},
    {3, 1e-10, -71.562459439659370721, -8.3333333329166675775e-32},
    {0, 0.1, -0.60224435163356341285, -0.79314718055994531497},
    {1, 0.1, -2.9973193109871046267, -0.051209835830567999842},
    {0, 1.0, -0.2032670549151953327, -1.6931471805599453094},
    {1, 1.0, -0.80255847122259182448, -0.59453489189183561802},
    {2, 1.0, -1.7586849667506185607, -0.18906978378367123604},
    {5, 0.5, -9.281403775116294268, -0.000093144621464662779738},
    {0, 5.0, -0.0033746612689856344578, -5.6931471805599453094},
    {0, 40.0, -2.1241771276457944999e-18, -40.693147180559945309},
    {7, 3.2, -3.4826958294671796805, -0.031206364219406289389},
    {10, 10.0, -0.73497954435724922265, -0.65299472405200576766},
    {10, 10.5, -0.61421653200838022611, -0.77884589826624312386},
    {11, 10.0, -1.0213955809064954692, -0.44643094383549790908},
    {13, 11.2, -1.2536357956913494233, -0.33612331894281677874},
    {40, 12.5, -21.861555592009482425, -3.2036645872253587447e-10},
    {50, 3.0, -97.122657871914292844, -6.6094545188145484008e-43},
    {150, 1.0, -606.70000838408003026, -3.2623773117506404938e-264},
    {170, 1.0, -708.25451378654002874, -2.5643238961356667905e-308},
    {900, 1.5, -4863.7467357518865474, -0.0},
    {200, 20.0, -284.57912368719754911, -2.5636392834106988202e-124},
    {100, 100.0, -0.70649932527968284228, -0.67997096910177072516},
    {130, 100.0, -6.2173785764501284024, -0.0019964583096996120513},
    {72, 100.5, -0.0014702404349478067621, -6.5230643605277006685},
    {100, 200.0, -2.7837674324566287316e-15, -33.514971193120241918},
    {0, 700.0, -4.9298382718798854284e-305, -700.69314718055994531},
    {1, 700.0, -3.4607464668596795707e-302, -694.13921377653413419},
    {17, 900.0, -0.0, -818.51977008276347356},
    {500, 100.0, -409.03408521477819919, -2.2843038981207198387e-178},
    {1000, 1000.0, -0.69736016572044896667, -0.68895187020574079326},
    {1300, 1000.0, -44.246071316015878613, -6.0838063461253121987e-20},
    {700, 1000.0, -5.8851414445362555865e-24, -53.489611456678163021},
    {2200, 1000.0, -539.08654600324331534, -7.5454961614614018077e-235},
    {10000, 10000.25, -0.6924824941568698937, -0.69381230906491056126},
    {10500, 10000.0, -14.862281998158209206, -3.5106943145705074768e-7},
    {14000, 10000.0, -715.2057790856611897, -2.4551425764004792908e-311},
    {5000, 40000.0, -0.0, -24608.411683404437545},
    {100000, 100000.0, -0.69356778999266717787, -0.69272674796514124525},
    {112000, 100000.0, -697.3670207291206325, -1.3719902845889188955e-303},
    {88000, 100000.0, -0.0, -755.21705355740591698},
    {1000000, 1000000.0, -0.69328017012807698601, -0.69301420867568712004},
    {1002000, 1000000.0, -3.7819984293672409171, -0.023040533642105810467},
    {1037000, 1000000.0, -680.7410634377665487, -2.2798829147569960843e-296},
    {963000, 1000000.0, -1.0523093331516227568e-303, -697.63229606318267741},
    {30000000, 30001000.5, -0.55781763758987997552, -0.84970043490909225314},
};

/* 1e-10 of the probability is 1e-10 of difference of logarithms; where p is next to 1, of its
 * distance from 1. */
static int agrees(double found, double expected)
{
    const double bound = fmin(1e-10, 1e-10 * fabs(expected));
    return fabs(found - expected) <= fmax(bound, 1e-13 * fabs(expected)) + 1e-300;
}

static void tails_equal_the_references(void)
{
    for (size_t i = 0; i < sizeof references / sizeof references[0]; i++) {
        const int64_t count = references[i].count;
        const double mean = references[i].mean;
        const double upper = spk_poisson_log_mid_upper(count, mean);
        const double lower = spk_poisson_log_mid_lower(count, mean);
        const int good = agrees(upper, references[i].log_upper) &&
                         agrees(lower, references[i].log_lower);
        if (!good)
            printf("  count %lld, mean %g: upper %.17g, lower %.17g\n", (long long)count,
                   mean, upper, lower);
        CU_ASSERT(good);
    }
}

/* P(N > 1) + P(N = 1) / 2 = 1 - 1.5 exp(-1) with mean 1. */
static void hand_worked(void)
{
    CU_ASSERT_DOUBLE_EQUAL(spk_poisson_log_mid_upper(1, 1.0), log(1 - 1.5 * exp(-1.0)),
                           4 * DBL_EPSILON);
    CU_ASSERT_DOUBLE_EQUAL(spk_poisson_log_mid_lower(1, 1.0), log(1.5) - 1,
                           4 * DBL_EPSILON);
    CU_ASSERT_DOUBLE_EQUAL(spk_poisson_log_mid_lower(0, 40.0), log(0.5) - 40, 1e-14);
    CU_ASSERT_EQUAL(spk_poisson_log_mid_upper(0, 0.0), log(0.5));
    CU_ASSERT_EQUAL(spk_poisson_log_mid_lower(0, 0.0), log(0.5));
    CU_ASSERT_EQUAL(spk_poisson_log_mid_upper(2, 0.0), -INFINITY);
    CU_ASSERT_EQUAL(spk_poisson_log_mid_lower(2, 0.0), 0.0);
    CU_ASSERT_EQUAL(spk_poisson_log_mid_upper(-1, 3.0), 0.0);
    CU_ASSERT_EQUAL(spk_poisson_log_mid_lower(-1, 3.0), -INFINITY);
}

/* The definition, from Rmath's tails and a probability by differences of them. */
static void equals_the_definition(void)
{
    spk_random random = {.seed = 5};
    double worst = 0.0;
    for (int repeat = 0; repeat < 20000; repeat++) {
        const double mean = exp(-5 + 17 * spk_random_uniform(&random));
        int64_t count =
            (int64_t)(mean + (sqrt(mean) + 1) * (12 * spk_random_uniform(&random) - 6));
        count = count < 0 ? 0 : count;
        const double above = spk_poisson_log_upper(count + 1, mean);
        const double below = spk_poisson_log_lower(count - 1, mean);
        /* half of 1 - above - below, or of the difference of the smaller tails */
        const double at_upper = spk_poisson_log_upper(count, mean);
        const double at_lower = spk_poisson_log_lower(count, mean);
        const double upper = log((exp(above) + exp(at_upper)) / 2);
        const double lower = log((exp(below) + exp(at_lower)) / 2);
        worst = fmax(worst, fabs(spk_poisson_log_mid_upper(count, mean) - upper));
        worst = fmax(worst, fabs(spk_poisson_log_mid_lower(count, mean) - lower));
        const double bound = spk__poisson_log_mid_bound(count, mean);
        CU_ASSERT(bound <= fmin(upper, lower) + 1e-10);
        CU_ASSERT(fabs(bound - log(0.5) -
                       log(at_upper > at_lower ? exp(at_lower) - exp(below)
                                               : exp(at_upper) - exp(above))) <= 1e-9);
    }
    CU_ASSERT(worst <= 1e-10);
    if (worst > 1e-10)
        printf("  worst %g\n", worst);
}

static void mid_p_is_monotone_and_sums_to_one(void)
{
    for (double mean = 0.05; mean < 3e7; mean *= 2.7) {
        const int64_t first = (int64_t)fmax(0.0, mean - 6 * sqrt(mean));
        const int64_t step = 1 + (int64_t)(sqrt(mean) / 8);
        double last_upper = INFINITY, last_lower = -INFINITY;
        for (int64_t k = first; (double)k < mean + 6 * sqrt(mean) + 8; k += step) {
            const double upper = spk_poisson_log_mid_upper(k, mean);
            const double lower = spk_poisson_log_mid_lower(k, mean);
            CU_ASSERT_DOUBLE_EQUAL(exp(upper) + exp(lower), 1.0, 1e-12);
            CU_ASSERT(upper < last_upper && lower > last_lower);
            last_upper = upper;
            last_lower = lower;
        }
    }
}

/* The mean of the mid-p over the distribution is 1/2 exactly. */
static void mid_p_has_mean_one_half(void)
{
    static const double means[] = {0.2, 1.0, 6.5, 40.0};
    for (int m = 0; m < 4; m++) {
        double sum = 0.0;
        for (int64_t k = 0; k < 200; k++)
            sum += exp(spk__poisson_log_probability(k, means[m]) +
                       spk_poisson_log_mid_upper(k, means[m]));
        CU_ASSERT_DOUBLE_EQUAL(sum, 0.5, 1e-14);
    }
}

static void out_of_range(void)
{
    CU_ASSERT(isnan(spk_poisson_log_mid_upper(1, -1.0)) &&
              isnan(spk_poisson_log_mid_lower(1, NAN)) &&
              isnan(spk_poisson_log_mid_upper(1, INFINITY)) &&
              isnan(spk_poisson_log_mid_lower(INT64_MAX, 1.0)));
    CU_ASSERT_EQUAL(spk_poisson_quantile(0.0, 1.0), -1);
    CU_ASSERT_EQUAL(spk_poisson_quantile(1.0, 1.0), -1);
    CU_ASSERT_EQUAL(spk_poisson_quantile(NAN, 1.0), -1);
    CU_ASSERT_EQUAL(spk_poisson_quantile(0.5, -1.0), -1);
    CU_ASSERT_EQUAL(spk_poisson_quantile(0.5, INFINITY), -1);
    CU_ASSERT_EQUAL(spk_poisson_quantile_upper(0.0, 1.0), -1);
    CU_ASSERT_EQUAL(spk_poisson_quantile_upper(-INFINITY, 1.0), -1);
    CU_ASSERT_EQUAL(spk_poisson_quantile_upper(NAN, 1.0), -1);
}

/* ---- quantiles ---- */

static void quantiles_by_definition(void)
{
    spk_random random = {.seed = 6};
    for (int repeat = 0; repeat < 2000; repeat++) {
        const double mean = exp(-6 + 14 * spk_random_uniform(&random));
        const double p = repeat % 2 ? spk_random_uniform(&random)
                                    : exp(-300 * spk_random_uniform(&random));
        const int64_t n = spk_poisson_quantile(p, mean);
        CU_ASSERT(n >= 0 && spk_poisson_log_lower(n, mean) >= log(p));
        CU_ASSERT(n == 0 || spk_poisson_log_lower(n - 1, mean) < log(p));
        const int64_t high = spk_poisson_quantile_upper(log(p), mean);
        CU_ASSERT(high >= 0 && spk_poisson_log_upper(high + 1, mean) <= log(p));
        CU_ASSERT(high == 0 || spk_poisson_log_upper(high, mean) > log(p));
    }
    CU_ASSERT_EQUAL(spk_poisson_quantile(0.3, 0.0), 0);
    CU_ASSERT_EQUAL(spk_poisson_quantile_upper(-700.0, 0.0), 0);
    /* counts that no integer, or no exact double, holds; the largest one that is found */
    CU_ASSERT_EQUAL(spk_poisson_quantile_upper(-1e300, 10.0), -1);
    CU_ASSERT_EQUAL(spk_poisson_quantile_upper(-1e300, 1e15), -1);
    CU_ASSERT_EQUAL(spk_poisson_quantile_upper(-1e18, 10.0), -1);
    const int64_t most = ((int64_t)1 << 53) - 1;
    const double log_most = spk_poisson_log_upper(most + 1, 10.0);
    CU_ASSERT_EQUAL(spk_poisson_quantile_upper(nextafter(log_most, -INFINITY), 10.0), -1);
    const int64_t near = spk_poisson_quantile_upper(log_most, 10.0);
    CU_ASSERT(near > most - 8 && near <= most);
}

/* scipy 1.15.3, poisson.ppf() and poisson.isf() */
static void quantiles_of_scipy(void)
{
    static const struct {
        double p, mean;
        int64_t low, high;
    } table[] = {
        {0.5, 0.001, 0, 0},
        {0.5, 0.3, 0, 0},
        {0.5, 2.0, 2, 2},
        {0.5, 11.25, 11, 11},
        {0.5, 100.0, 100, 100},
        {0.5, 5000.0, 5000, 5000},
        {0.5, 1000000.0, 1000000, 1000000},
        {0.05, 0.001, 0, 0},
        {0.05, 0.3, 0, 1},
        {0.05, 2.0, 0, 5},
        {0.05, 11.25, 6, 17},
        {0.05, 100.0, 84, 117},
        {0.05, 5000.0, 4884, 5117},
        {0.05, 1000000.0, 998355, 1001645},
        {0.001, 0.001, 0, 0},
        {0.001, 0.3, 0, 3},
        {0.001, 2.0, 0, 8},
        {0.001, 11.25, 3, 23},
        {0.001, 100.0, 71, 132},
        {0.001, 5000.0, 4783, 5220},
        {0.001, 1000000.0, 996911, 1003092},
        {5e-05, 0.001, 0, 1},
        {5e-05, 0.3, 0, 4},
        {5e-05, 2.0, 0, 9},
        {5e-05, 11.25, 1, 26},
        {5e-05, 100.0, 64, 141},
        {5e-05, 5000.0, 4727, 5277},
        {5e-05, 1000000.0, 996112, 1003893},
        {1e-09, 0.001, 0, 2},
        {1e-09, 0.3, 0, 8},
        {1e-09, 2.0, 0, 15},
        {1e-09, 11.25, 0, 37},
        {1e-09, 100.0, 46, 166},
        {1e-09, 5000.0, 4582, 5430},
        {1e-09, 1000000.0, 994008, 1006004},
    };
    for (size_t k = 0; k < sizeof table / sizeof table[0]; k++) {
        CU_ASSERT_EQUAL(spk_poisson_quantile(table[k].p, table[k].mean), table[k].low);
        CU_ASSERT_EQUAL(spk_poisson_quantile(1 - table[k].p, table[k].mean),
                        table[k].high);
        CU_ASSERT_EQUAL(spk_poisson_quantile_upper(log(table[k].p), table[k].mean),
                        table[k].high);
    }
}

/* ---- false discovery ---- */

static void false_discovery_by_hand(void)
{
    /* sorted 0.01 0.02 0.04 0.9: 4 p / j = 0.04 0.04 0.0533 0.9 */
    double p[] = {log(0.04), log(0.01), NAN, log(0.9), log(0.02)}, q[5];
    CU_ASSERT_EQUAL_FATAL(spk_false_discovery_adjust(NULL, p, 5, 0, q), SPK_OK);
    CU_ASSERT_DOUBLE_EQUAL(exp(q[0]), 0.16 / 3, 1e-15);
    CU_ASSERT_DOUBLE_EQUAL(exp(q[1]), 0.04, 1e-15);
    CU_ASSERT(isnan(q[2]));
    CU_ASSERT_DOUBLE_EQUAL(exp(q[3]), 0.9, 1e-15);
    CU_ASSERT_DOUBLE_EQUAL(exp(q[4]), 0.04, 1e-15);
    /* in place, of more tests than given, far below what a double holds */
    double few[] = {-5000.0, -1.0, -INFINITY};
    CU_ASSERT_EQUAL_FATAL(spk_false_discovery_adjust(NULL, few, 3, 1000, few), SPK_OK);
    CU_ASSERT_DOUBLE_EQUAL(few[0], -5000 + log(500.0), 1e-9);
    CU_ASSERT_EQUAL(few[1], 0.0);
    CU_ASSERT_EQUAL(few[2], -INFINITY);
    CU_ASSERT_EQUAL(spk_false_discovery_adjust(NULL, NULL, 0, 10, NULL), SPK_OK);
}

enum {
    N_TESTS = 3000
};

static void draw_tests(double *log_p, uint32_t stream)
{
    spk_random random = {.seed = 7, .stream = stream};
    for (int i = 0; i < N_TESTS; i++) {
        log_p[i] = log(spk_random_uniform(&random));
        if (i % 10 == 0)
            log_p[i] -= 10; /* something is there */
        if (i % 7 == 0)
            log_p[i] = floor(log_p[i]); /* ties */
    }
}

static void false_discovery_by_definition(void)
{
    static double log_p[N_TESTS], log_q[N_TESTS], kept[N_TESTS];
    draw_tests(log_p, 0);
    CU_ASSERT_EQUAL_FATAL(
        spk_false_discovery_adjust(NULL, log_p, N_TESTS, 2 * N_TESTS, log_q), SPK_OK);
    for (int i = 0; i < N_TESTS; i += 11) {
        /* the least of all tests no better than i, each times tests / tests so good */
        double expected = 0.0;
        for (int j = 0; j < N_TESTS; j++) {
            if (log_p[j] < log_p[i])
                continue;
            int so_good = 0;
            for (int k = 0; k < N_TESTS; k++)
                so_good += log_p[k] <= log_p[j];
            expected = fmin(expected, log_p[j] + log(2.0 * N_TESTS / so_good));
        }
        CU_ASSERT_EQUAL(log_q[i], expected);
    }
    /* those below a cut alone: the same q wherever that is below the cut */
    const double cut = log(0.05);
    int64_t n = 0, same = 0;
    for (int i = 0; i < N_TESTS; i++)
        if (log_p[i] < cut)
            kept[n++] = log_p[i];
    CU_ASSERT_EQUAL_FATAL(spk_false_discovery_adjust(NULL, kept, n, 2 * N_TESTS, kept),
                          SPK_OK);
    for (int64_t i = 0, k = 0; i < N_TESTS; i++)
        if (log_p[i] < cut) {
            same += log_q[i] < cut;
            CU_ASSERT(log_q[i] >= cut || kept[k] == log_q[i]);
            k++;
        }
    CU_ASSERT(same > 100);
}

static void false_discovery_errors(void)
{
    spk_context *ctx = NULL;
    CU_ASSERT_FATAL(spk_context_create(&ctx) == SPK_OK);
    double p[] = {-1.0, 0.1}, q[2];
    CU_ASSERT_EQUAL(spk_false_discovery_adjust(ctx, p, 2, 0, q), SPK_ERR_ARGUMENT);
    CU_ASSERT_STRING_EQUAL(spk_context_message(ctx), "log_p[1] must be <= 0, got 0.1");
    p[1] = -2;
    CU_ASSERT_EQUAL(spk_false_discovery_adjust(ctx, p, -1, 0, q), SPK_ERR_ARGUMENT);
    CU_ASSERT_EQUAL(spk_false_discovery_adjust(ctx, p, 2, 1, q), SPK_ERR_ARGUMENT);
    CU_ASSERT_EQUAL(spk_false_discovery_adjust(ctx, NULL, 2, 0, q), SPK_ERR_ARGUMENT);
    CU_ASSERT_EQUAL(spk_false_discovery_adjust(ctx, p, 2, 0, NULL), SPK_ERR_ARGUMENT);
    spk_context_destroy(ctx);
}

static spk_status adjust(spk_context *ctx, void *argument)
{
    double *log_p = argument, log_q[3];
    return spk_false_discovery_adjust(ctx, log_p, 3, 0, log_q);
}

static void failed_allocations(void)
{
    double log_p[] = {-3.0, -1.0, -2.0};
    CU_ASSERT_EQUAL(suite_fail_allocations(adjust, log_p), 1);
}

static const suite_test tests[] = {
    {"tails equal the references", tails_equal_the_references},
    {"hand worked", hand_worked},
    {"equals the definition", equals_the_definition},
    {"mid-p is monotone and sums to one", mid_p_is_monotone_and_sums_to_one},
    {"mid-p has mean one half", mid_p_has_mean_one_half},
    {"out of range", out_of_range},
    {"quantiles by definition", quantiles_by_definition},
    {"quantiles of scipy", quantiles_of_scipy},
    {"false discovery by hand", false_discovery_by_hand},
    {"false discovery by definition", false_discovery_by_definition},
    {"false discovery: errors", false_discovery_errors},
    {"failed allocations", failed_allocations},
};

SUITE_MAIN("poisson_mid", tests)
