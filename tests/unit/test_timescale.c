/* SPDX-License-Identifier: BSD-3-Clause */
/* Timescales: from the definition, and of doubly stochastic trains whose timescale is known. */
#include "point_processes.h"
#include "spikes/decay_fit.h"
#include "spikes/decay_test.h"
#include "suite.h"

#include <math.h>
#include <spikekit/timescale.h>

static spk_timescale_options plain(void)
{
    spk_timescale_options o;
    spk_timescale_options_init(&o, sizeof o);
    o.n_bootstrap = 0;
    return o;
}

/* The autocovariance about the mean of n values, on average, straight from its definition. */
static double expected_shape(int64_t n, int64_t k, double tau)
{
    double sum = 0;
    for (int64_t t = 0; t + k < n; t++) {
        double both = 0, mean = 0;
        for (int64_t s = 0; s < n; s++) {
            both +=
                exp(-fabs((double)(t - s)) / tau) + exp(-fabs((double)(t + k - s)) / tau);
            for (int64_t u = 0; u < n; u++)
                mean += exp(-fabs((double)(u - s)) / tau);
        }
        sum += exp(-(double)k / tau) - both / (double)n + mean / (double)(n * n);
    }
    return sum / (double)(n - k);
}

static void fits_what_was_put_in(void)
{
    double values[10], scratch[10 + 2 * 20];
    for (int n_bins = 0; n_bins <= 20; n_bins += 20)
        for (double tau = 0.6; tau < 40; tau *= 1.7) {
            spk__decay_problem p = {.n_lags = 10,
                                    .n_bins = n_bins,
                                    .shortest = 0.25,
                                    .longest = 200,
                                    .scratch = scratch};
            for (int64_t k = 1; k <= 10; k++)
                values[k - 1] = 0.7 + 3 * (n_bins == 0 ? exp(-(double)k / tau)
                                                       : expected_shape(20, k, tau));
            CU_ASSERT_EQUAL(spk__decay_first(&p, values), 1);
            const spk__decay fit = spk__decay_fit(&p, 1, values);
            CU_ASSERT(fabs(fit.tau / tau - 1) < 1e-4);
            CU_ASSERT(fabs(fit.amplitude / 3 - 1) < 1e-3 && fit.r_square > 1 - 1e-9);
        }
    /* a dip first: the fit begins where the decay does */
    spk__decay_problem p = {
        .n_lags = 10, .shortest = 0.25, .longest = 200, .scratch = scratch};
    for (int64_t k = 1; k <= 10; k++)
        values[k - 1] = k < 3 ? 0.1 * (double)k : exp(-(double)k / 4);
    CU_ASSERT_EQUAL(spk__decay_first(&p, values), 3);
    CU_ASSERT(fabs(spk__decay_fit(&p, 3, values).tau - 4) < 1e-4);
    p.first_lag = 9;
    CU_ASSERT_EQUAL(spk__decay_first(&p, values), 0);
    CU_ASSERT(isnan(spk__decay_fit(&p, 0, values).tau));
    for (int64_t k = 1; k <= 10; k++)
        values[k - 1] = (double)k; /* rises */
    p.first_lag = 1;
    CU_ASSERT(isnan(spk__decay_fit(&p, 1, values).tau));
}

/* The rate is rate_hz (1 + 0.35 x), x an Ornstein-Uhlenbeck process of unit variance and the
 * given time constant, anew in each trial of trial_s; steps of 5 ms, spikes in the middle. */
static process ou_poisson(uint64_t seed, uint32_t stream, double rate_hz, double tau_s,
                          int64_t n_trials, double trial_s)
{
    spk_random random = {.seed = seed, .stream = stream};
    const int64_t length = (int64_t)(1000 * trial_s);
    const double q = exp(-0.005 / tau_s), spread = sqrt(1 - q * q);
    process p = process_start(1, 1000, n_trials * length);
    for (int64_t trial = 0; trial < n_trials; trial++) {
        double x = spk_random_normal(&random);
        for (int64_t t = 0; t < length; t += 5) {
            const double mean = fmax(0, rate_hz * (1 + 0.35 * x) / 200);
            x = q * x + spread * spk_random_normal(&random);
            for (int64_t n = spk_random_poisson(&random, mean); n > 0; n--)
                process_add(&p, trial * length + t + 2, 0);
        }
    }
    process_group(&p, NULL);
    return p;
}

static void autocorrelations_by_definition(void)
{
    enum {
        N = 30,
        BINS = 20,
        LAGS = 10
    };
    process p = ou_poisson(3, 0, 60, 0.2, N, 1);
    int64_t starts[N + 2];
    double x[N][BINS] = {{0}}, acf[LAGS];
    for (int k = 0; k < N; k++)
        starts[k] = 1000 * k;
    starts[N] = -5; /* neither lies in the recording */
    starts[N + 1] = 30000 - 999;
    const spk_train train = spk_trains_unit(p.trains, 0);
    for (int64_t k = 0; k < train.n_spikes; k++)
        x[train.samples[k] / 1000][train.samples[k] % 1000 / 50]++;
    for (int mode = 0; mode < 4; mode++) {
        spk_timescale_options o = plain();
        spk_timescale found;
        o.centre = mode / 2;
        o.corrected = mode % 2;
        CU_ASSERT_EQUAL(
            spk_timescale_estimate(NULL, p.trains, N + 2, starts, &o, &found, acf),
            SPK_OK);
        CU_ASSERT_EQUAL(found.n_trials, N);
        for (int k = 1; k <= LAGS; k++) {
            double sum = 0, zero = 0;
            for (int b = 0; b + k < BINS && mode < 2; b++) {
                double ma = 0, mb = 0, aa = 0, bb = 0, ab = 0;
                for (int i = 0; i < N; i++) {
                    ma += x[i][b] / N;
                    mb += x[i][b + k] / N;
                }
                for (int i = 0; i < N; i++) {
                    aa += (x[i][b] - ma) * (x[i][b] - ma);
                    bb += (x[i][b + k] - mb) * (x[i][b + k] - mb);
                    ab += (x[i][b] - ma) * (x[i][b + k] - mb);
                }
                sum += (mode == 0 ? ab / sqrt(aa * bb) : ab / (N - 1)) / (BINS - k);
            }
            for (int i = 0; i < N && mode >= 2; i++) {
                double m = 0, own = 0;
                for (int b = 0; b < BINS; b++)
                    m += x[i][b] / BINS;
                for (int b = 0; b < BINS; b++)
                    zero += (x[i][b] - m) * (x[i][b] - m) / BINS / N;
                for (int b = 0; b + k < BINS; b++)
                    own += (x[i][b] - m) * (x[i][b + k] - m);
                sum += own / (BINS - k) / N;
            }
            if (mode == 2)
                sum /= zero;
            CU_ASSERT(fabs(acf[k - 1] - sum) < 1e-12);
        }
    }
    process_end(&p);
}

/* Bias before and after, over simulated sessions: 200 ms in trials of 1 s. */
static void bias_is_less(void)
{
    enum {
        SESSIONS = 24,
        TRIALS = 400
    };
    static const double tau = 0.2;
    int64_t starts[TRIALS];
    double sum[4] = {0}, squares[4] = {0};
    for (int k = 0; k < TRIALS; k++)
        starts[k] = 1000 * k;
    for (uint32_t session = 0; session < SESSIONS; session++) {
        process p = ou_poisson(7, session, 80, tau, TRIALS, 1);
        for (int mode = 0; mode < 4; mode++) {
            spk_timescale_options o = plain();
            spk_timescale found;
            o.max_lag_s = 0.75;
            o.first_lag = 1;
            o.centre = mode / 2;
            o.corrected = mode % 2;
            CU_ASSERT_EQUAL(
                spk_timescale_estimate(NULL, p.trains, TRIALS, starts, &o, &found, NULL),
                SPK_OK);
            sum[mode] += found.tau_s / SESSIONS;
            squares[mode] += found.tau_s * found.tau_s / SESSIONS;
        }
        process_end(&p);
    }
    static const char *const names[] = {"across, as published", "across, corrected",
                                        "within, as published", "within, corrected"};
    for (int mode = 0; mode < 4; mode++)
        printf("%s: %.4f +- %.4f of 0.2\n", names[mode], sum[mode],
               sqrt((squares[mode] - sum[mode] * sum[mode]) / SESSIONS));
    CU_ASSERT(sum[2] < 0.85 * tau);
    CU_ASSERT(fabs(sum[3] - tau) < 0.15 * tau);
    CU_ASSERT(fabs(sum[1] - tau) < 0.15 * tau);
}

/* The limits from draws of segments of a recording. */
static void limits_hold_the_truth(void)
{
    enum {
        SESSIONS = 40
    };
    int64_t holds = 0;
    double error = 0, sum = 0, squares = 0;
    for (uint32_t session = 0; session < SESSIONS; session++) {
        process p = ou_poisson(9, session, 80, 0.15, 1, 400);
        spk_timescale_options o = plain();
        spk_timescale found;
        o.first_lag = 1;
        o.n_bootstrap = 100;
        o.window_s = 5;
        CU_ASSERT_EQUAL(spk_timescale_estimate(NULL, p.trains, 0, NULL, &o, &found, NULL),
                        SPK_OK);
        CU_ASSERT_EQUAL(found.n_trials, 80);
        holds += found.lower_s <= 0.15 && 0.15 <= found.upper_s;
        error += found.standard_error_s / SESSIONS;
        sum += found.tau_s / SESSIONS;
        squares += found.tau_s * found.tau_s / SESSIONS;
        process_end(&p);
    }
    const double sd = sqrt(squares - sum * sum);
    printf("segments: %.4f of 0.15, SE / SD %.2f, coverage %.3f\n", sum, error / sd,
           (double)holds / SESSIONS);
    CU_ASSERT(fabs(sum - 0.15) < 4 * sd / sqrt(SESSIONS) + 0.005);
    CU_ASSERT(error / sd > 0.6 && error / sd < 1.6 && holds >= 33);
}

/* The test of a decay: false positives of Poisson trains, at few spikes and many, and of
 * trials with one changing rate; and what it sees of a decay. */
static void decay_is_tested(void)
{
    enum {
        REPEATS = 200,
        TRIALS = 40
    };
    int64_t starts[TRIALS];
    for (int k = 0; k < TRIALS; k++)
        starts[k] = 1000 * k;
    for (int kind = 0; kind < 5; kind++) {
        int small = 0, taus = 0, both = 0, repeats = kind == 4 ? 40 : REPEATS;
        for (uint32_t repeat = 0; repeat < (uint32_t)repeats; repeat++) {
            spk_random random = {.seed = 40 + (uint64_t)kind, .stream = repeat};
            process p;
            if (kind == 4)
                p = ou_poisson(44, repeat, 40, 0.15, 1, 300);
            else if (kind == 3) {
                p = process_start(1, 1000, TRIALS * 1000);
                for (int64_t t = 0; t < TRIALS * 1000; t++)
                    if (spk_random_uniform(&random) < (t % 1000 < 300 ? 0.03 : 0.01))
                        process_add(&p, t, 0);
                process_group(&p, NULL);
            } else
                p = process_gamma(&random,
                                  kind == 0   ? 0.5
                                  : kind == 1 ? 5
                                              : 40,
                                  1, 200, 1000);
            spk_timescale_options o = plain();
            spk_timescale found;
            CU_ASSERT_EQUAL(spk_timescale_estimate(NULL, p.trains, kind == 3 ? TRIALS : 0,
                                                   kind == 3 ? starts : NULL, &o, &found,
                                                   NULL),
                            SPK_OK);
            small += found.decay_p <= 0.05;
            taus += !isnan(found.tau_s);
            both += !isnan(found.tau_s) && found.decay_p <= 0.05;
            process_end(&p);
        }
        printf("kind %d: p <= 0.05 %.3f, a tau %.3f, both %.3f\n", kind,
               (double)small / repeats, (double)taus / repeats, (double)both / repeats);
        if (kind < 4) {
            const double most = 0.05 + 4 * sqrt(0.05 * 0.95 / REPEATS);
            CU_ASSERT(small <= most * REPEATS && both < taus / 2);
            CU_ASSERT(small >= 1);
        } else
            CU_ASSERT(both >= 38);
    }
}

/* The test by its definition: three trials of five lags, tau of 1 and 4 bins. */
static void decay_test_by_definition(void)
{
    static const double products[3][6] = {
        {9, 3, 2, 1, 1, 0}, {9, 2, 2, 0, 1, 1}, {9, 5, 1, 1, 0, 2}};
    double least = 1;
    for (int j = 0; j < 2; j++) {
        const double tau = j == 0 ? 1 : 4;
        double s[3] = {0}, mean = 0, squares = 0, weight = 0;
        for (int k = 1; k <= 5; k++)
            weight += exp(-k / tau) / 5;
        for (int i = 0; i < 3; i++) {
            for (int k = 1; k <= 5; k++)
                s[i] += (exp(-k / tau) - weight) * products[i][k];
            mean += s[i] / 3;
        }
        for (int i = 0; i < 3; i++)
            squares += (s[i] - mean) * (s[i] - mean);
        /* Student's t with 2 degrees of freedom has P(T > t) = (1 - t / sqrt(2 + t^2)) / 2 */
        const double t = mean / sqrt(squares / 2 / 3);
        least = fmin(least, (1 - t / sqrt(2 + t * t)) / 2);
    }
    CU_ASSERT(fabs(spk__decay_test(products[0], 3, 5, 1) - 2 * least) < 1e-12);
    CU_ASSERT(isnan(spk__decay_test(products[0], 1, 5, 1)));
    static const double same[2][6] = {{9, 3, 2, 1, 1, 0}, {9, 3, 2, 1, 1, 0}};
    CU_ASSERT(isnan(spk__decay_test(same[0], 2, 5, 1)));
}

/* Errors by their definition: estimates from trials that are drawn as the header says. */
static void errors_by_definition(void)
{
    enum {
        TRIALS = 40,
        DRAWS = 41
    };
    int64_t starts[TRIALS], drawn[TRIALS];
    double taus[DRAWS], sum = 0, squares = 0;
    for (int k = 0; k < TRIALS; k++)
        starts[k] = 1000 * k;
    process p = ou_poisson(51, 0, 80, 0.1, TRIALS, 1);
    spk_timescale_options o = plain();
    spk_timescale whole, part;
    o.first_lag = 1;
    o.seed = 6;
    o.confidence = 0.9; /* the third of 41 draws from either end */
    o.n_bootstrap = DRAWS;
    CU_ASSERT_EQUAL(
        spk_timescale_estimate(NULL, p.trains, TRIALS, starts, &o, &whole, NULL), SPK_OK);
    o.n_bootstrap = 0;
    for (int b = 0; b < DRAWS; b++) {
        spk_random random = {.seed = 6, .index = (uint64_t)b * TRIALS};
        for (int k = 0; k < TRIALS; k++)
            drawn[k] = 1000 * (int64_t)(spk_random_uniform(&random) * TRIALS);
        CU_ASSERT_EQUAL(
            spk_timescale_estimate(NULL, p.trains, TRIALS, drawn, &o, &part, NULL),
            SPK_OK);
        CU_ASSERT(!isnan(part.tau_s));
        int k = b;
        for (; k > 0 && taus[k - 1] > part.tau_s; k--)
            taus[k] = taus[k - 1];
        taus[k] = part.tau_s;
        sum += part.tau_s / DRAWS;
    }
    for (int b = 0; b < DRAWS; b++)
        squares += (taus[b] - sum) * (taus[b] - sum);
    CU_ASSERT(fabs(whole.bias_s - (sum - whole.tau_s)) < 1e-9 &&
              fabs(whole.bias_s) > 1e-6);
    CU_ASSERT(fabs(whole.standard_error_s - sqrt(squares / (DRAWS - 1))) < 1e-9);
    CU_ASSERT(fabs(whole.lower_s - taus[2]) < 1e-9);
    CU_ASSERT(fabs(whole.upper_s - taus[DRAWS - 3]) < 1e-9);
    process_end(&p);
}

/* Too little to say anything: spikes, trials, trials for an error, trials that are alike. */
static void nothing_from_little(void)
{
    enum {
        TRIALS = 12
    };
    static const struct {
        int trials, spikes, enough, tau, error;
    } cases[] = {{2, 30, 0, 0, 0}, {4, 9, 0, 0, 0},  {5, 3, 0, 0, 0},
                 {5, 5, 1, 1, 0},  {5, 9, 1, 1, 0},  {9, 9, 1, 1, 0},
                 {12, 9, 1, 1, 1}, {12, 1, 0, 0, 0}, {12, -9, 0, 1, 0}};
    for (int c = 0; c < (int)(sizeof cases / sizeof cases[0]); c++) {
        const int alike = cases[c].spikes < 0, spikes = abs(cases[c].spikes);
        process p = process_start(1, 1000, 1000 * cases[c].trials);
        spk_random random = {.seed = 3};
        for (int trial = 0; trial < cases[c].trials; trial++)
            for (int k = 0; k < spikes; k++)
                process_add(&p,
                            1000 * trial + 210 + 20 * k +
                                (alike ? 0 : (int)(15 * spk_random_uniform(&random))),
                            0);
        process_group(&p, NULL);
        spk_timescale_options o = plain();
        spk_timescale f;
        o.n_bootstrap = 60;
        o.window_s = 1;
        CU_ASSERT_EQUAL(spk_timescale_estimate(NULL, p.trains, 0, NULL, &o, &f, NULL),
                        SPK_OK);
        CU_ASSERT_EQUAL(f.n_trials, cases[c].trials);
        CU_ASSERT_EQUAL(!isnan(f.tau_s), cases[c].tau);
        CU_ASSERT_EQUAL(!isnan(f.standard_error_s), cases[c].error);
        CU_ASSERT_EQUAL(!isnan(f.lower_s), cases[c].error);
        CU_ASSERT(!cases[c].error || (f.lower_s < f.upper_s && f.standard_error_s > 0));
        CU_ASSERT_EQUAL(!isnan(f.decay_p), cases[c].enough);
        process_end(&p);
    }
}

/* Sums of products over pairs of bins straight from the definition. */
static void integral_by_definition(void)
{
    enum {
        BINS = 200,
        LAGS = 7
    };
    spk_random random = {.seed = 17};
    process p = process_start(1, 1000, BINS * 10);
    int counts[BINS] = {0};
    for (int64_t t = 0; t < BINS * 10; t++)
        if (spk_random_uniform(&random) < (t / 50 % 2 ? 0.2 : 0.05)) {
            process_add(&p, t, 0);
            counts[t / 10]++;
        }
    process_group(&p, NULL);
    double c[LAGS + 1] = {0}, n = 0, expected = 0, tau;
    for (int b = 0; b < BINS; b++)
        n += counts[b];
    for (int k = 1; k <= LAGS; k++) {
        for (int b = 0; b + k < BINS; b++)
            c[k] += counts[b] * counts[b + k];
        c[k] -= n * n / BINS;
    }
    for (int k = 1; k < LAGS; k++)
        expected += 0.01 * (pow(c[k] / c[1], 2) + pow(c[k + 1] / c[1], 2));
    CU_ASSERT(fabs(c[LAGS] / c[1]) > 0.2);
    CU_ASSERT_EQUAL(spk_timescale_integral(NULL, p.trains, 0.01, 0.07, &tau), SPK_OK);
    CU_ASSERT(fabs(tau - expected) < 1e-12);
    process_end(&p);
}

static void integral_equals_elephant(void)
{
    /* elephant 1.2.1, its own example: 14.11111111 ms */
    const int64_t example[] = {1, 5, 7, 8};
    process p = process_of(example, 4, 1000, 10, NULL);
    double tau;
    CU_ASSERT_EQUAL(spk_timescale_integral(NULL, p.trains, 0.001, 0.005, &tau), SPK_OK);
    CU_ASSERT(fabs(tau - 0.0141111111111111) < 1e-15);
    process_end(&p);
    p = process_of(example, 1, 1000, 10, NULL);
    CU_ASSERT_EQUAL(spk_timescale_integral(NULL, p.trains, 0.001, 0.005, &tau), SPK_OK);
    CU_ASSERT(isnan(tau));
    process_end(&p);
}

static void same_for_any_threads(void)
{
    spk_random random = {.seed = 12};
    process p = process_start(3, 1000, 200000);
    for (int64_t t = 0; t < 200000; t++)
        for (int32_t u = 0; u < 2; u++)
            if (spk_random_uniform(&random) < (t / 150 % 3 == u ? 0.06 : 0.01))
                process_add(&p, t, u);
    process_group(&p, NULL);
    spk_timescale found[3][3];
    for (int k = 0; k < 3; k++) {
        spk_context *ctx = NULL;
        spk_timescale_options o = plain();
        o.n_bootstrap = 30;
        CU_ASSERT_EQUAL_FATAL(spk_context_create(&ctx), SPK_OK);
        CU_ASSERT_EQUAL(spk_context_set_threads(ctx, 1 << k), SPK_OK);
        CU_ASSERT_EQUAL(
            spk_timescale_estimate(ctx, p.trains, 0, NULL, &o, found[k], NULL), SPK_OK);
        CU_ASSERT_EQUAL(memcmp(found[k], found[0], sizeof found[0]), 0);
        spk_context_destroy(ctx);
    }
    /* a unit without spikes has no timescale, but it has segments */
    CU_ASSERT(found[0][2].n_trials == 20 && isnan(found[0][2].tau_s));
    process_end(&p);
}

static void errors(void)
{
    spk_context *ctx = NULL;
    process p = process_of(NULL, 0, 1000, 100000, NULL);
    spk_timescale found;
    double tau;
    int64_t n;
    const int64_t start = 0;
    CU_ASSERT_EQUAL_FATAL(spk_context_create(&ctx), SPK_OK);
    static const char *const names[] = {"options",   "bin_s",    "window_s", "max_lag_s",
                                        "first_lag", "centre",   "n_boot",   "confid",
                                        "window_s",  "max_lag_s"};
    for (int k = 0; k < 10; k++) {
        spk_timescale_options o = plain();
        if (k == 0)
            o.struct_size = 3;
        else if (k == 1)
            o.bin_s = 0;
        else if (k == 2)
            o.window_s = -1;
        else if (k == 3)
            o.max_lag_s = NAN;
        else if (k == 4)
            o.first_lag = -1;
        else if (k == 5)
            o.centre = 2;
        else if (k == 6)
            o.n_bootstrap = -1;
        else if (k == 7)
            o.confidence = 0;
        else if (k == 8)
            o.window_s = 0.15;
        else
            o.max_lag_s = 1;
        CU_ASSERT_EQUAL(
            spk_timescale_estimate(ctx, p.trains, 1, &start, &o, &found, NULL),
            SPK_ERR_ARGUMENT);
        CU_ASSERT_EQUAL(strncmp(spk_context_message(ctx), names[k], strlen(names[k])), 0);
    }
    CU_ASSERT_EQUAL(spk_timescale_estimate(ctx, NULL, 0, NULL, NULL, &found, NULL),
                    SPK_ERR_ARGUMENT);
    CU_ASSERT_EQUAL(spk_timescale_estimate(ctx, p.trains, 1, NULL, NULL, &found, NULL),
                    SPK_ERR_ARGUMENT);
    CU_ASSERT_EQUAL(spk_timescale_estimate(ctx, p.trains, 0, NULL, NULL, NULL, NULL),
                    SPK_ERR_ARGUMENT);
    CU_ASSERT_EQUAL(spk_timescale_length(ctx, p.trains, 1, NULL, NULL), SPK_ERR_ARGUMENT);
    CU_ASSERT_EQUAL(spk_timescale_length(ctx, p.trains, 1, NULL, &n), SPK_OK);
    CU_ASSERT_EQUAL(n, 10);
    CU_ASSERT_EQUAL(spk_timescale_integral(ctx, p.trains, 0, 1, &tau), SPK_ERR_ARGUMENT);
    CU_ASSERT_EQUAL(spk_timescale_integral(ctx, p.trains, 1, 0, &tau), SPK_ERR_ARGUMENT);
    CU_ASSERT_EQUAL(spk_timescale_integral(ctx, NULL, 1, 1, &tau), SPK_ERR_ARGUMENT);
    /* no trial at all */
    CU_ASSERT_EQUAL(spk_timescale_estimate(ctx, p.trains, 0, &start, NULL, &found, NULL),
                    SPK_OK);
    CU_ASSERT(found.n_trials == 0 && isnan(found.tau_s));
    process_end(&p);
    spk_context_destroy(ctx);
}

static spk_status both(spk_context *ctx, void *trains)
{
    spk_timescale found;
    double tau;
    const spk_status status =
        spk_timescale_estimate(ctx, trains, 0, NULL, NULL, &found, NULL);
    return status == SPK_OK ? spk_timescale_integral(ctx, trains, 0.05, 1, &tau) : status;
}

static void failed_allocations(void)
{
    const int64_t samples[] = {5, 10, 20, 30};
    process p = process_of(samples, 4, 1000, 40000, NULL);
    CU_ASSERT_EQUAL(suite_fail_allocations(both, p.trains), 10);
    process_end(&p);
}

static const suite_test tests[] = {
    {"fits what was put in", fits_what_was_put_in},
    {"autocorrelations by definition", autocorrelations_by_definition},
    {"bias is less", bias_is_less},
    {"limits hold the truth", limits_hold_the_truth},
    {"a decay is tested", decay_is_tested},
    {"the test of a decay by definition", decay_test_by_definition},
    {"errors by definition", errors_by_definition},
    {"nothing from little", nothing_from_little},
    {"integral by definition", integral_by_definition},
    {"integral equals elephant", integral_equals_elephant},
    {"same for any threads", same_for_any_threads},
    {"errors", errors},
    {"failed allocations", failed_allocations},
};

SUITE_MAIN("timescale", tests)
