/* SPDX-License-Identifier: BSD-3-Clause */
/* Fano factors: by hand, from the definition, and whether their limits hold the truth. */
#include "distributions/quantiles.h"
#include "point_processes.h"
#include "spikes/fano_limits.h"
#include "spikes/long_run.h"
#include "suite.h"

#include <math.h>
#include <spikekit/fano.h>

static spk_fano_options plain(void)
{
    spk_fano_options o;
    spk_fano_options_init(&o, sizeof o);
    return o;
}

static void quantiles(void)
{
    CU_ASSERT(fabs(spk__normal_quantile(0.975) - 1.9599639845400545) < 1e-14);
    CU_ASSERT(isnan(spk__normal_quantile(0)) && isnan(spk__normal_quantile(NAN)));
    CU_ASSERT(isnan(spk__gamma_quantile(0.5, 0)) && isnan(spk__gamma_quantile(1, 2)));
    /* chi-square with 5 degrees of freedom; exponential; and far down (mpmath) */
    CU_ASSERT(fabs(spk__gamma_quantile(0.95, 2.5) - 11.070497693516351 / 2) < 1e-12);
    CU_ASSERT(fabs(spk__gamma_quantile(0.3, 1) + log(0.7)) < 1e-14);
    CU_ASSERT(fabs(spk__gamma_quantile(1e-10, 0.5) / 7.853981633974484e-21 - 1) < 1e-9);
    CU_ASSERT(fabs(spk__gamma_quantile(0.025, 1e4) - 9804.95) < 0.01);
}

static void by_hand(void)
{
    const int64_t counts[] = {1, 3, 2, 2};
    spk_fano_options o = plain();
    spk_fano f;
    CU_ASSERT_EQUAL(spk_fano_counts(NULL, 4, counts, &o, &f), SPK_OK);
    CU_ASSERT(f.n_windows == 4 && f.mean == 2 && fabs(f.variance - 2.0 / 3) < 1e-15 &&
              fabs(f.fano - 1.0 / 3) < 1e-15 && isnan(f.standard_error));
    o.ddof = 0; /* elephant's */
    CU_ASSERT_EQUAL(spk_fano_counts(NULL, 4, counts, &o, &f), SPK_OK);
    CU_ASSERT(f.variance == 0.5 && f.fano == 0.25);
    /* elephant's own example: counts 4 and 3 */
    CU_ASSERT_EQUAL(spk_fano_counts(NULL, 2, (const int64_t[]){4, 3}, &o, &f), SPK_OK);
    CU_ASSERT(fabs(f.fano - 0.07142857142857142) < 1e-16);
    /* nothing to say */
    CU_ASSERT_EQUAL(spk_fano_counts(NULL, 0, NULL, NULL, &f), SPK_OK);
    CU_ASSERT(f.n_windows == 0 && isnan(f.mean));
    CU_ASSERT_EQUAL(spk_fano_counts(NULL, 1, counts, NULL, &f), SPK_OK);
    CU_ASSERT(f.mean == 1 && isnan(f.variance) && isnan(f.fano));
    CU_ASSERT_EQUAL(spk_fano_counts(NULL, 3, (const int64_t[]){0, 0, 0}, NULL, &f),
                    SPK_OK);
    CU_ASSERT(f.variance == 0 && isnan(f.fano));
}

static void long_run_variance(void)
{
    const double values[] = {1, 2, -1, -2}, turns[] = {1, -1, 2, -2};
    const int64_t one[] = {0, 4}, two[] = {0, 2, 4};
    /* products 10, and 2 - 2 + 2 at lag 1 with the weight 1 / 2, twice; n - 1 - lags = 2 */
    CU_ASSERT(fabs(spk__long_run_variance(values, one, 1, 1) - 12.0 / 2) < 1e-14);
    CU_ASSERT(fabs(spk__long_run_variance(values, one, 1, 0) - 10.0 / 3) < 1e-14);
    /* of two rows 2 and 2 are no neighbours */
    CU_ASSERT(fabs(spk__long_run_variance(values, two, 2, 1) - 14.0 / 2) < 1e-14);
    /* 10 - 7 is below half of 10 */
    CU_ASSERT(fabs(spk__long_run_variance(turns, one, 1, 1) - 10.0 / 2) < 1e-14);
    CU_ASSERT(spk__long_run_lags(2) == 1 && spk__long_run_lags(100) == 4);
    CU_ASSERT(spk__long_run_lags(1000) == 6 && spk__long_run_lags(0) == 0);
}

/* A standard error is what leaving out one count after the other says (jackknife), up to
 * terms of order 1/n. */
static void error_is_the_jackknife(void)
{
    enum {
        N = 1200
    };
    spk_random random = {.seed = 8};
    int64_t counts[N], rest[N];
    for (int k = 0; k < N; k++)
        counts[k] = spk_random_poisson(&random, k % 40 == 0 ? 60 : 3);
    spk_fano_options o = plain();
    spk_fano whole, part;
    o.lags = 0;
    CU_ASSERT_EQUAL(spk_fano_counts(NULL, N, counts, &o, &whole), SPK_OK);
    double sum = 0, squares = 0;
    for (int k = 0; k < N; k++) {
        for (int j = 0, n = 0; j < N; j++)
            if (j != k)
                rest[n++] = counts[j];
        CU_ASSERT_EQUAL(spk_fano_counts(NULL, N - 1, rest, &o, &part), SPK_OK);
        sum += part.fano;
        squares += part.fano * part.fano;
    }
    const double jackknife = sqrt((squares - sum * sum / N) * (N - 1) / N);
    CU_ASSERT(fabs(whole.standard_error / jackknife - 1) < 0.03);
    CU_ASSERT(whole.lower > 0 && whole.lower < whole.fano && whole.fano < whole.upper);
}

/* Counts below 1 in variance over mean: the limits of a normal variance (R 4.2, qchisq(c(.975,
 * .025), 7)), and none for 7 windows. */
static void limits_by_hand(void)
{
    const int64_t counts[] = {1, 2, 2, 1, 2, 2, 1, 1};
    spk_fano_options o = plain();
    spk_fano f;
    CU_ASSERT_EQUAL(spk_fano_counts(NULL, 7, counts, &o, &f), SPK_OK);
    CU_ASSERT(f.fano > 0 && isnan(f.standard_error) && isnan(f.lower) && isnan(f.upper));
    CU_ASSERT_EQUAL(spk_fano_counts(NULL, 8, counts, &o, &f), SPK_OK);
    const double fano = 2.0 / 7 / 1.5;
    CU_ASSERT(fabs(f.fano - fano) < 1e-15);
    CU_ASSERT(fabs(f.standard_error - fano * sqrt(2.0 / 7)) < 1e-14);
    CU_ASSERT(fabs(f.lower - fano * 7 / 16.012764274629326) < 1e-12);
    CU_ASSERT(fabs(f.upper - fano * 7 / 1.689869180677355) < 1e-12);
    /* confidence is what lies between them */
    const double narrower = f.lower;
    o.confidence = 0.99;
    CU_ASSERT_EQUAL(spk_fano_counts(NULL, 8, counts, &o, &f), SPK_OK);
    CU_ASSERT(f.lower < narrower);
    /* above 1: the estimate lies in the tail at each limit */
    double lower, upper;
    for (int k = 0; k < 3; k++) {
        const double mean = k == 0 ? 0.3 : 4, n = k == 1 ? 40 : 400,
                     wider = k == 2 ? 2 : 1;
        spk__fano_limits(2.5, mean, n, wider, 0.9, &lower, &upper);
        for (int above = 0; above < 2; above++) {
            const double truth = above ? lower : upper;
            const double half =
                (n - 1) * truth * truth / (wider * spk__fano_spread(truth, mean, n));
            CU_ASSERT(truth > 1 && truth < 1e5);
            CU_ASSERT(fabs(spk__gamma_share(half * 2.5 / truth, half, above) - 0.05) <
                      1e-7);
        }
    }
    CU_ASSERT(fabs(spk__fano_spread(3, 2, 1e12) - (18 + 24)) < 1e-9);
}

/* Hold the truth where spikes or windows are few: Poisson, and negative binomial with a Fano
 * factor of 3. Wald's limits hold it in 26 % of cases 0, 1. */
static void limits_hold_for_few(void)
{
    static const struct {
        double fano, mean;
        int64_t n;
    } cases[] = {{1, 0.02, 2000}, {1, 0.05, 200},  {1, 0.05, 600}, {1, 0.003, 8},
                 {1, 0.02, 8},    {1, 0.2, 20},    {1, 0.2, 200},  {1, 1, 10},
                 {1, 2, 8},       {1, 5, 10},      {1, 20, 8},     {1, 20, 200},
                 {3, 0.02, 200},  {3, 0.02, 2000}, {3, 0.2, 200},  {3, 2, 8},
                 {3, 2, 10},      {3, 5, 10},      {3, 20, 10},    {3, 20, 100}};
    int64_t counts[2000];
    for (int c = 0; c < (int)(sizeof cases / sizeof cases[0]); c++) {
        const double fano = cases[c].fano, mean = cases[c].mean;
        const int64_t n = cases[c].n;
        const int repeats = n > 500 ? 150 : 500;
        int holds = 0, tried = 0, finite = 0;
        spk_random random = {.seed = 21, .stream = (uint32_t)c};
        spk_fano_options o = plain();
        o.lags = 0;
        while (tried < repeats) {
            spk_fano f;
            for (int64_t k = 0; k < n; k++)
                counts[k] = spk_random_poisson(
                    &random, fano == 1 ? mean
                                       : (fano - 1) * spk_random_gamma(
                                                          &random, mean / (fano - 1)));
            CU_ASSERT_EQUAL(spk_fano_counts(NULL, n, counts, &o, &f), SPK_OK);
            if (f.mean == 0 || f.fano == 0)
                continue;
            tried++;
            holds += f.lower <= fano && fano <= f.upper;
            finite += f.upper < 1e9;
        }
        const double share = (double)holds / tried;
        printf("F %g, mean %g, %lld windows: coverage %.3f, finite %.3f\n", fano, mean,
               (long long)n, share, (double)finite / tried);
        CU_ASSERT(share >= 0.95 - 4 * sqrt(0.95 * 0.05 / tried));
        /* and are no wider than they need be where there is enough */
        if (mean * (double)n >= 300)
            CU_ASSERT(share < 0.985 && finite == tried);
    }
}

static void windows_by_definition(void)
{
    enum {
        N = 300
    };
    spk_random random = {.seed = 4};
    for (int repeat = 0; repeat < 20; repeat++) {
        int64_t samples[N], at = 0, counts[1000];
        for (int k = 0; k < N; k++)
            samples[k] = at += (int64_t)(40 * spk_random_exponential(&random));
        const int64_t starts[] = {100, 3000, 5003}, stops[] = {2999, 5003, 9000};
        const spk_epochs epochs = {3, starts, stops};
        process p = process_of(samples, N, 1000, samples[N - 1] + 1, &epochs);
        const double windows_s[] = {0.0001, 0.1, 0.25, 5};
        const int64_t windows[] = {1, 100, 250, 5000};
        spk_fano_options o = plain();
        o.n_windows = 4;
        o.windows_s = windows_s;
        o.ddof = repeat % 2;
        spk_fano found[4], expected;
        CU_ASSERT_EQUAL(spk_fano_estimate(NULL, p.trains, &o, found), SPK_OK);
        for (int w = 1; w < 4; w++) {
            int64_t n = 0;
            for (int r = 0; r < 3; r++)
                for (int64_t a = starts[r];
                     a + windows[w] <= stops[r] && a + windows[w] <= samples[N - 1] + 1;
                     a += windows[w]) {
                    counts[n] = 0;
                    for (int k = 0; k < N; k++)
                        counts[n] += samples[k] >= a && samples[k] < a + windows[w];
                    n++;
                }
            CU_ASSERT_EQUAL(spk_fano_counts(NULL, n, counts, &o, &expected), SPK_OK);
            CU_ASSERT_EQUAL(found[w].n_windows, n);
            CU_ASSERT(isnan(expected.fano) ? isnan(found[w].fano)
                                           : found[w].fano == expected.fano);
        }
        process_end(&p);
    }
}

/* 95 % limits hold the truth: of Poisson trains (1), and of gamma trains of order 4, whose
 * Fano factor at 100 ms follows from the variance of counts. */
static void limits_hold_the_truth(void)
{
    enum {
        REPEATS = 400
    };
    for (int kind = 0; kind < 2; kind++) {
        int64_t holds = 0;
        double sum = 0, errors = 0, squares = 0;
        /* order 4, 20 / s, windows of 2 s: F = CV^2 + (1 - CV^4) / 6 / (rate window) */
        const double order = kind == 0 ? 1 : 4, cv2 = 1 / order;
        const double truth = cv2 + (1 - cv2 * cv2) / 6 / 40;
        for (int repeat = 0; repeat < REPEATS; repeat++) {
            spk_random random = {.seed = 11 + (uint64_t)kind, .stream = (uint32_t)repeat};
            process p = process_gamma(&random, 20, order, 200, 1000);
            const double window_s = 2;
            spk_fano_options o = plain();
            spk_fano f;
            o.windows_s = &window_s;
            CU_ASSERT_EQUAL(spk_fano_estimate(NULL, p.trains, &o, &f), SPK_OK);
            holds += f.lower <= truth && truth <= f.upper;
            sum += f.fano;
            squares += f.fano * f.fano;
            errors += f.standard_error;
            process_end(&p);
        }
        const double mean = sum / REPEATS;
        const double sd = sqrt(squares / REPEATS - mean * mean);
        CU_ASSERT(fabs(mean - truth) < 4 * sd / sqrt(REPEATS) + 0.001);
        CU_ASSERT(fabs(errors / REPEATS / sd - 1) < 0.15);
        CU_ASSERT(holds >= (int64_t)(0.905 * REPEATS) &&
                  holds <= (int64_t)(0.985 * REPEATS));
        printf("coverage %.3f, mean %.4f of %.4f, SE / SD %.3f\n",
               (double)holds / REPEATS, mean, truth, errors / REPEATS / sd);
    }
}

static void errors(void)
{
    spk_context *ctx = NULL;
    CU_ASSERT_EQUAL_FATAL(spk_context_create(&ctx), SPK_OK);
    const int64_t counts[] = {1, 2, -3};
    const double bad_windows[] = {0.1, -1};
    process p = process_of(counts, 2, 1000, 10, NULL);
    spk_fano f[4];
    static const struct {
        int field;
        const char *message;
    } table[] = {{0, "options"},    {1, "ddof"},      {2, "lags"},
                 {3, "confidence"}, {4, "n_windows"}, {5, "windows_s"}};
    for (int k = 0; k < 6; k++) {
        spk_fano_options o = plain();
        if (k == 0)
            o.struct_size = 4;
        else if (k == 1)
            o.ddof = 2;
        else if (k == 2)
            o.lags = -2;
        else if (k == 3)
            o.confidence = 1;
        else if (k == 4)
            o.n_windows = 2;
        else {
            o.n_windows = 2;
            o.windows_s = bad_windows;
        }
        CU_ASSERT_EQUAL(spk_fano_estimate(ctx, p.trains, &o, f), SPK_ERR_ARGUMENT);
        CU_ASSERT_EQUAL(
            strncmp(spk_context_message(ctx), table[k].message, strlen(table[k].message)),
            0);
    }
    CU_ASSERT_EQUAL(spk_fano_estimate(ctx, NULL, NULL, f), SPK_ERR_ARGUMENT);
    CU_ASSERT_EQUAL(spk_fano_estimate(ctx, p.trains, NULL, NULL), SPK_ERR_ARGUMENT);
    CU_ASSERT_EQUAL(spk_fano_counts(ctx, 3, counts, NULL, f), SPK_ERR_ARGUMENT);
    CU_ASSERT_STRING_EQUAL(spk_context_message(ctx), "counts must be >= 0, got -3 at 2");
    CU_ASSERT_EQUAL(spk_fano_counts(ctx, -1, counts, NULL, f), SPK_ERR_ARGUMENT);
    CU_ASSERT_EQUAL(spk_fano_counts(ctx, 2, NULL, NULL, f), SPK_ERR_ARGUMENT);
    CU_ASSERT_EQUAL(spk_fano_counts(ctx, 2, counts, NULL, NULL), SPK_ERR_ARGUMENT);
    process_end(&p);
    spk_context_destroy(ctx);
}

static spk_status one_unit(spk_context *ctx, void *trains)
{
    spk_fano f;
    return spk_fano_estimate(ctx, trains, NULL, &f);
}

static void failed_allocations(void)
{
    const int64_t samples[] = {5, 9, 200};
    process p = process_of(samples, 3, 1000, 1000, NULL);
    CU_ASSERT_EQUAL(suite_fail_allocations(one_unit, p.trains), 3);
    process_end(&p);
}

static const suite_test tests[] = {
    {"quantiles", quantiles},
    {"by hand", by_hand},
    {"long-run variance", long_run_variance},
    {"the error is the jackknife's", error_is_the_jackknife},
    {"limits by hand", limits_by_hand},
    {"limits hold for few spikes or windows", limits_hold_for_few},
    {"windows by definition", windows_by_definition},
    {"limits hold the truth", limits_hold_the_truth},
    {"errors", errors},
    {"failed allocations", failed_allocations},
};

SUITE_MAIN("fano", tests)
