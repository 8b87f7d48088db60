/* SPDX-License-Identifier: BSD-3-Clause */
/* The exact distribution of a sum of coins and dice: against plain multiplication in long
 * double, whose range no probability here leaves, and against formulas. */
#include "correlation/jitter_sum.h"
#include "suite.h"

#include <math.h>
#include <spikekit/random.h>
#include <stdlib.h>

static int64_t draw_below(spk_random *random, int64_t n)
{
    return (int64_t)(spk_random_uniform(random) * (double)n);
}

static double work[SPK__JITTER_WORK];

/* The pmf above the base, every term multiplied in. */
static long double *multiply_out(const spk__jitter_sum *sum, int64_t *n)
{
    int64_t least, most;
    spk__jitter_sum_range(sum, &least, &most);
    *n = most - least + 1;
    long double *pmf = calloc((size_t)*n, sizeof *pmf);
    long double *next = malloc((size_t)*n * sizeof *next);
    int64_t top = 0;
    pmf[0] = 1;
    for (int64_t i = 0; i < sum->n_coins; i++)
        for (int64_t c = 0; c < sum->coins[i].m; c++) {
            const long double p = sum->coins[i].p, q = sum->coins[i].q;
            top++;
            for (int64_t j = top; j >= 0; j--)
                pmf[j] = q * pmf[j] + (j > 0 ? p * pmf[j - 1] : 0);
        }
    for (int64_t i = 0; i < sum->n_dice; i++)
        for (int64_t c = 0; c < sum->dice[i].m; c++) {
            const spk__jitter_die *die = &sum->dice[i];
            memset(next, 0, (size_t)*n * sizeof *next);
            for (int64_t l = die->first; l < die->first + die->n; l++)
                for (int64_t j = 0; j <= top; j++)
                    next[j + sum->values[l]] += sum->probabilities[l] * pmf[j];
            top += sum->values[die->first + die->n - 1];
            memcpy(pmf, next, (size_t)*n * sizeof *pmf);
        }
    free(next);
    return pmf;
}

/* The error of a logarithm. Between values that can be, a transform leaves what rounding
 * makes of nothing. */
static double difference(double found, long double expected)
{
    if (expected <= 0)
        return found < -30 ? 0.0 : INFINITY;
    return fabs(found - (double)logl(expected));
}

static void check_all(spk__jitter_sum *sum, spk__jitter_way way, double tolerance)
{
    int64_t n, least, most;
    long double *pmf = multiply_out(sum, &n);
    long double *above = calloc((size_t)n + 1, sizeof *above);
    long double below = 0;
    double worst = 0.0;
    spk__jitter_sum_range(sum, &least, &most);
    for (int64_t j = n - 1; j >= 0; j--)
        above[j] = above[j + 1] + pmf[j];
    for (int64_t j = -1; j <= n; j++) {
        const spk__jitter_tails tails = spk__jitter_sum_tails(sum, least + j, way, work);
        const int is_inside = j >= 0 && j < n;
        const double off = fmax(difference(tails.log_equal, is_inside ? pmf[j] : 0),
                                fmax(difference(tails.log_above, j < 0   ? 1
                                                                 : j < n ? above[j + 1]
                                                                         : 0),
                                     difference(tails.log_below, j == n ? 1 : below)));
        worst = fmax(worst, off);
        below += is_inside ? pmf[j] : 0;
    }
    if (!(worst <= tolerance))
        printf("\n  coins %d dice %d way %d: %g\n", (int)sum->n_coins, (int)sum->n_dice,
               (int)way, worst);
    CU_ASSERT(worst <= tolerance);
    free(above);
    free(pmf);
}

static void add_random_coins(spk__jitter_sum *sum, spk_random *random, int64_t kinds,
                             int64_t most)
{
    for (int64_t i = 0; i < kinds; i++)
        CU_ASSERT_EQUAL_FATAL(spk__jitter_sum_add_coin(NULL, sum, draw_below(random, 301),
                                                       300, 1 + draw_below(random, most)),
                              SPK_OK);
}

static void add_random_die(spk__jitter_sum *sum, spk_random *random, int64_t widest,
                           int64_t m)
{
    int64_t values[4], n = 1 + draw_below(random, 4);
    double weights[4];
    for (int64_t i = 0; i < n; i++) {
        values[i] = (i == 0 ? 0 : values[i - 1] + 1) + draw_below(random, widest);
        weights[i] = (double)(1 + draw_below(random, 200));
    }
    CU_ASSERT_EQUAL_FATAL(spk__jitter_sum_add_die(NULL, sum, values, weights, n, m),
                          SPK_OK);
}

static void both_ways_equal_multiplication(void)
{
    spk_random random = {.seed = 11};
    spk__jitter_sum sum = {0};
    for (int repeat = 0; repeat < 24; repeat++) {
        spk__jitter_sum_clear(&sum);
        add_random_coins(&sum, &random, repeat % 6, repeat % 2 ? 3 : 40);
        for (int i = 0; i < repeat % 5; i++)
            add_random_die(&sum, &random, repeat % 3 == 2 ? 9 : 2, 1 + repeat % 4);
        check_all(&sum, SPK__JITTER_PRODUCT, 1e-11);
        check_all(&sum, SPK__JITTER_FOURIER, 1e-11);
        check_all(&sum, SPK__JITTER_CHEAPER, 1e-11);
    }
    spk__jitter_sum_free(&sum);
}

static void deep_tails_keep_their_precision(void)
{
    spk__jitter_sum sum = {0};
    CU_ASSERT_EQUAL(spk__jitter_sum_add_coin(NULL, &sum, 1, 1000000, 120), SPK_OK);
    CU_ASSERT_EQUAL(spk__jitter_sum_add_coin(NULL, &sum, 3, 500000, 5), SPK_OK);
    int64_t n;
    long double *pmf = multiply_out(&sum, &n);
    CU_ASSERT(pmf[n - 1] < 1e-700L); /* beyond every double */
    free(pmf);
    check_all(&sum, SPK__JITTER_PRODUCT, 2e-12);
    check_all(&sum, SPK__JITTER_FOURIER, 2e-12);
    spk__jitter_sum_free(&sum);
}

/* Equal coins are binomial; ln C(n, k) by lgamma. */
static void many_coins_are_binomial(void)
{
    const double n = 2e6, p = 0.01;
    spk__jitter_sum sum = {0};
    double mean, variance;
    CU_ASSERT_EQUAL(spk__jitter_sum_add_coin(NULL, &sum, 1, 100, 2000000), SPK_OK);
    spk__jitter_sum_moments(&sum, &mean, &variance);
    CU_ASSERT(fabs(mean - 20000) < 1e-9 && fabs(variance - 19800) < 1e-9);
    for (int64_t k = 15000; k <= 26000; k += 500) {
        const spk__jitter_tails tails =
            spk__jitter_sum_tails(&sum, k, SPK__JITTER_CHEAPER, work);
        const double j = (double)k;
        const double log_pmf = lgamma(n + 1) - lgamma(j + 1) - lgamma(n - j + 1) +
                               j * log(p) + (n - j) * log1p(-p);
        CU_ASSERT(fabs(tails.log_equal - log_pmf) < 1e-8); /* lgamma itself is of 3e7 */
        CU_ASSERT(fabs(exp(tails.log_equal) + exp(tails.log_above) +
                       exp(tails.log_below) - 1.0) < 1e-9);
        /* the tail beyond the pmf as a continued ratio: P(S > k) / P(S = k) */
        double ratio = 0.0, term = 1.0;
        for (double i = j; i < j + 20000; i++) {
            term *= (n - i) / (i + 1) * (p / (1 - p));
            ratio += term;
        }
        if (k > 20000)
            CU_ASSERT(fabs(tails.log_above - tails.log_equal - log(ratio)) < 1e-9);
    }
    spk__jitter_sum_free(&sum);
}

static void certain_and_impossible(void)
{
    spk__jitter_sum sum = {0};
    spk__jitter_tails tails = spk__jitter_sum_tails(&sum, 0, SPK__JITTER_CHEAPER, work);
    CU_ASSERT(tails.log_equal == 0 && tails.log_above == -INFINITY &&
              tails.log_below == -INFINITY);
    const int64_t values[] = {5};
    const double weights[] = {3};
    CU_ASSERT_EQUAL(spk__jitter_sum_add_coin(NULL, &sum, 7, 7, 3), SPK_OK);
    CU_ASSERT_EQUAL(spk__jitter_sum_add_coin(NULL, &sum, 0, 7, 3), SPK_OK);
    CU_ASSERT_EQUAL(spk__jitter_sum_add_die(NULL, &sum, values, weights, 1, 2), SPK_OK);
    tails = spk__jitter_sum_tails(&sum, 13, SPK__JITTER_CHEAPER, work);
    CU_ASSERT(tails.log_equal == 0 && tails.log_above == -INFINITY);
    tails = spk__jitter_sum_tails(&sum, 12, SPK__JITTER_CHEAPER, work);
    CU_ASSERT(tails.log_equal == -INFINITY && tails.log_above == 0);
    tails = spk__jitter_sum_tails(&sum, 14, SPK__JITTER_CHEAPER, work);
    CU_ASSERT(tails.log_below == 0 && tails.log_above == -INFINITY);
    spk__jitter_sum_free(&sum);
}

/* Values with a step of 2500: a transform over all whole numbers would be long. */
static void wide_steps_are_counted_in_steps(void)
{
    spk__jitter_sum sum = {0};
    const int64_t values[] = {0, 2500};
    const double weights[] = {285, 15};
    CU_ASSERT_EQUAL(spk__jitter_sum_add_die(NULL, &sum, values, weights, 2, 5000),
                    SPK_OK);
    spk__jitter_sum coins = {0};
    CU_ASSERT_EQUAL(spk__jitter_sum_add_coin(NULL, &coins, 15, 300, 5000), SPK_OK);
    for (int64_t k = 1; k < 5000; k += 331) {
        const spk__jitter_tails wide =
            spk__jitter_sum_tails(&sum, 2500 * k, SPK__JITTER_CHEAPER, work);
        const spk__jitter_tails between =
            spk__jitter_sum_tails(&sum, 2500 * k - 1, SPK__JITTER_CHEAPER, work);
        const spk__jitter_tails narrow =
            spk__jitter_sum_tails(&coins, k, SPK__JITTER_CHEAPER, work);
        CU_ASSERT(fabs(wide.log_equal - narrow.log_equal) < 1e-9);
        CU_ASSERT(fabs(wide.log_above - narrow.log_above) <= 1e-9);
        CU_ASSERT(fabs(wide.log_below - narrow.log_below) <= 1e-9);
        CU_ASSERT(between.log_equal == -INFINITY &&
                  fabs(between.log_above -
                       spk__log_add(narrow.log_equal, narrow.log_above)) < 1e-9 &&
                  fabs(between.log_below - narrow.log_below) < 1e-9);
    }
    spk__jitter_sum_free(&sum);
    spk__jitter_sum_free(&coins);
}

/* Fifty thousand coins of twenty kinds, one at a time, take the room of a few dozen, and are the
 * same sum as the kinds. */
static void equal_coins_are_merged(void)
{
    spk__jitter_sum single = {0}, kinds = {0};
    double mean[2], variance[2];
    spk_random random = {.seed = 12};
    int64_t n_of[21] = {0};
    for (int i = 0; i < 50000; i++) {
        const int64_t weight = 1 + draw_below(&random, 20);
        n_of[weight]++;
        CU_ASSERT_EQUAL_FATAL(spk__jitter_sum_add_coin(NULL, &single, weight, 5000, 1),
                              SPK_OK);
    }
    for (int64_t w = 1; w <= 20; w++)
        CU_ASSERT_EQUAL_FATAL(spk__jitter_sum_add_coin(NULL, &kinds, w, 5000, n_of[w]),
                              SPK_OK);
    CU_ASSERT(single.coins_room <= 64 && single.n_coins <= 64);
    spk__jitter_sum_moments(&single, &mean[0], &variance[0]);
    spk__jitter_sum_moments(&kinds, &mean[1], &variance[1]);
    CU_ASSERT_DOUBLE_EQUAL(mean[0], mean[1], 1e-9);
    CU_ASSERT_DOUBLE_EQUAL(variance[0], variance[1], 1e-9);
    const spk__jitter_tails a =
        spk__jitter_sum_tails(&single, 150, SPK__JITTER_CHEAPER, work);
    const spk__jitter_tails b =
        spk__jitter_sum_tails(&kinds, 150, SPK__JITTER_CHEAPER, work);
    CU_ASSERT_DOUBLE_EQUAL(a.log_above, b.log_above, 1e-9);
    CU_ASSERT_DOUBLE_EQUAL(a.log_equal, b.log_equal, 1e-9);
    /* many kinds still find room */
    spk__jitter_sum_clear(&single);
    for (int64_t i = 0; i < 3000; i++)
        CU_ASSERT_EQUAL_FATAL(
            spk__jitter_sum_add_coin(NULL, &single, 1 + i % 1000, 5000, 1), SPK_OK);
    spk__jitter_sum_moments(&single, &mean[0], &variance[0]);
    CU_ASSERT_DOUBLE_EQUAL(mean[0], 3 * 500500.0 / 5000, 1e-9);
    spk__jitter_sum_free(&single);
    spk__jitter_sum_free(&kinds);
}

static const suite_test tests[] = {
    {"equal coins are merged", equal_coins_are_merged},
    {"both ways equal multiplication", both_ways_equal_multiplication},
    {"deep tails keep their precision", deep_tails_keep_their_precision},
    {"many coins are binomial", many_coins_are_binomial},
    {"certain and impossible", certain_and_impossible},
    {"wide steps are counted in steps", wide_steps_are_counted_in_steps},
};

SUITE_MAIN("jitter sum", tests)
