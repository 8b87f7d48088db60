/* SPDX-License-Identifier: BSD-3-Clause */
#include "suite.h"

#include <math.h>
#include <spikekit/count_correlation.h>
#include <spikekit/noise_correlation.h>
#include <spikekit/random.h>
#include <stdlib.h>

static spk_trials trials_of(int64_t n_trials, int64_t n_units, const int32_t *counts)
{
    return (spk_trials){.n_trials = n_trials,
                        .n_units = n_units,
                        .n_bins = 1,
                        .counts = counts,
                        .bin_samples = 100,
                        .sampling_rate_hz = 1000,
                        .n_conditions = 1};
}

static spk_noise_correlation_options options_of(int32_t pooling, int32_t control)
{
    spk_noise_correlation_options o;
    spk_noise_correlation_options_init(&o, sizeof o);
    o.pooling = pooling;
    o.control = control;
    return o;
}

/* Four trials: 1 2 3 4 and 2 4 6 8 and 4 3 2 1 and 5 5 5 5. */
static void by_hand(void)
{
    const int32_t counts[] = {1, 2, 4, 5, 2, 4, 3, 5, 3, 6, 2, 5, 4, 8, 1, 5};
    const spk_trials trials = trials_of(4, 4, counts);
    double r[16], lower[16], upper[16], rates[4];
    int64_t dof[16];
    spk_noise_correlation out = {r, dof, lower, upper, rates};
    const spk_noise_correlation_options zscore =
        options_of(SPK_NOISE_ZSCORE, SPK_NOISE_NONE);
    CU_ASSERT_EQUAL_FATAL(spk_noise_correlation_estimate(NULL, &trials, NULL, &out),
                          SPK_OK);
    CU_ASSERT(r[1] == 1 && r[2] == -1 && dof[1] == 3 && isnan(r[3]) && dof[3] == 3);
    CU_ASSERT_EQUAL_FATAL(spk_noise_correlation_estimate(NULL, &trials, &zscore, &out),
                          SPK_OK);
    CU_ASSERT_DOUBLE_EQUAL(r[1], 1, 1e-15);
    CU_ASSERT_DOUBLE_EQUAL(r[2], -1, 1e-15);
    CU_ASSERT(r[0] == 1 && r[4] == r[1] && dof[1] == 3);
    CU_ASSERT(isnan(r[3]) && isnan(r[15]) && isnan(lower[3]) && dof[3] == 0);
    CU_ASSERT_DOUBLE_EQUAL(rates[1], 50, 1e-12);
    /* r = 0.5 of 28 trials: atanh 0.5 -+ 1.959964 / 5 */
    int32_t many[56];
    for (int t = 0; t < 28; t++) {
        many[2 * t] = t % 4 < 2 ? 0 : 2;
        many[2 * t + 1] = t % 4 < 2 ? (t % 4 == 0 ? 0
                                       : t / 14   ? 2
                                                  : 0)
                                    : (t % 4 == 2 ? 2
                                       : t / 14   ? 0
                                                  : 2);
    }
    const spk_trials other = trials_of(28, 2, many);
    CU_ASSERT_EQUAL_FATAL(spk_noise_correlation_estimate(NULL, &other, NULL, &out),
                          SPK_OK);
    CU_ASSERT(dof[1] == 27);
    CU_ASSERT_DOUBLE_EQUAL(atanh(r[1]) - atanh(lower[1]), 1.959963984540054 / 5, 1e-12);
    CU_ASSERT_DOUBLE_EQUAL(atanh(upper[1]) - atanh(r[1]), 1.959963984540054 / 5, 1e-12);
}

/* Two trials have a correlation of 1 or -1 whatever they are: one condition of them is not
 * enough, two are. */
static void fewest_trials(void)
{
    const int32_t counts[] = {1, 5, 2, 8, 3, 1, 4, 0};
    int32_t conditions[] = {0, 0, -1, -1};
    spk_trials trials = trials_of(4, 2, counts);
    trials.n_conditions = 2;
    trials.conditions = conditions;
    for (int32_t pooling = 0; pooling < 2; pooling++) {
        double r[4], lower[4];
        int64_t dof[4];
        const spk_noise_correlation_options o = options_of(pooling, SPK_NOISE_NONE);
        spk_noise_correlation out = {.correlations = r, .dof = dof, .lower = lower};
        conditions[2] = conditions[3] = -1;
        CU_ASSERT_EQUAL_FATAL(spk_noise_correlation_estimate(NULL, &trials, &o, &out),
                              SPK_OK);
        CU_ASSERT(dof[1] == 1 && isnan(r[0]) && isnan(r[1]) && isnan(lower[1]));
        conditions[2] = conditions[3] = 1;
        CU_ASSERT_EQUAL_FATAL(spk_noise_correlation_estimate(NULL, &trials, &o, &out),
                              SPK_OK);
        /* deviations of a half each: 1 and -1; of 3 and 1: (3 - 1) / sqrt(2 (9 + 1)) */
        CU_ASSERT_EQUAL(dof[1], 2);
        CU_ASSERT_DOUBLE_EQUAL(r[1], pooling == SPK_NOISE_ZSCORE ? 0 : 2 / sqrt(20),
                               1e-15);
    }
}

enum {
    TRIALS = 60,
    UNITS = 5,
    BINS = 3,
    CONDITIONS = 5 /* of 3 there is one trial, of 4 none */
};

typedef struct noise_case {
    int32_t counts[TRIALS * UNITS * BINS], conditions[TRIALS];
    int64_t exposure[TRIALS * BINS];
    spk_trials trials;
} noise_case;

static void make_case(noise_case *c, uint64_t seed)
{
    spk_random random = {.seed = seed};
    for (int t = 0; t < TRIALS; t++) {
        const double shared = spk_random_gamma(&random, 3) / 3;
        c->conditions[t] = t == 7 ? 3 : t % 11 == 0 ? -1 : t % 3;
        for (int u = 0; u < UNITS; u++)
            for (int b = 0; b < BINS; b++) /* unit 4 is silent in condition 1 */
                c->counts[(t * UNITS + u) * BINS + b] =
                    u == 4 && c->conditions[t] == 1
                        ? 0
                        : (int32_t)spk_random_poisson(
                              &random, shared * (1 + u) * (1 + c->conditions[t] * 0.5));
        for (int b = 0; b < BINS; b++)
            c->exposure[t * BINS + b] = t % 17 == 3 && b == 1 ? 40 : 100;
    }
    c->trials = trials_of(TRIALS, UNITS, c->counts);
    c->trials.n_bins = BINS;
    c->trials.exposure = c->exposure;
    c->trials.conditions = c->conditions;
    c->trials.n_conditions = CONDITIONS;
}

/* Trials of a condition that are used, and one unit's counts in them. */
static int counts_of(const noise_case *c, int condition, int unit, double *x)
{
    int n = 0;
    for (int t = 0; t < TRIALS; t++) {
        double sum = 0;
        if (c->conditions[t] != condition || t % 17 == 3)
            continue;
        for (int b = 0; b < BINS; b++)
            sum += c->counts[(t * UNITS + unit) * BINS + b];
        x[n++] = sum;
    }
    return n;
}

static double by_definition(const noise_case *c, int32_t pooling, int shift, int i, int j,
                            int64_t *dof)
{
    double xy = 0, xx = 0, yy = 0, mean_r = 0;
    *dof = 0;
    for (int k = 0; k < CONDITIONS; k++) {
        double x[TRIALS], y[TRIALS], mx = 0, my = 0, pxy = 0, pxx = 0, pyy = 0;
        const int n = counts_of(c, k, i, x);
        counts_of(c, k, j, y);
        if (n < 2)
            continue;
        for (int t = 0; t < n; t++) {
            mx += x[t] / n;
            my += y[t] / n;
        }
        for (int t = 0; t < n; t++) {
            pxy += (x[t] - mx) * (y[(t + shift) % n] - my);
            pxx += (x[t] - mx) * (x[t] - mx);
            pyy += (y[t] - my) * (y[t] - my);
        }
        if (pooling == SPK_NOISE_ZSCORE && (pxx < 1e-9 || pyy < 1e-9))
            continue;
        *dof += n - 1;
        mean_r += (n - 1) * pxy / sqrt(pxx * pyy);
        xy += pxy;
        xx += pxx;
        yy += pyy;
    }
    return pooling == SPK_NOISE_ZSCORE ? mean_r / (double)*dof : xy / sqrt(xx * yy);
}

static void equals_the_definition(void)
{
    spk_context *ctx = NULL;
    CU_ASSERT_EQUAL_FATAL(spk_context_create(&ctx), SPK_OK);
    for (uint64_t seed = 0; seed < 12; seed++) {
        noise_case c;
        make_case(&c, seed);
        const int shift = seed % 2 ? 2 : 0;
        spk_noise_correlation_options o =
            options_of((int32_t)(seed / 2 % 2), shift ? SPK_NOISE_SHIFT : SPK_NOISE_NONE);
        o.shift = 2;
        double r[UNITS * UNITS], again[UNITS * UNITS];
        int64_t dof[UNITS * UNITS];
        spk_noise_correlation out = {.correlations = r, .dof = dof};
        CU_ASSERT_EQUAL_FATAL(spk_noise_correlation_estimate(NULL, &c.trials, &o, &out),
                              SPK_OK);
        for (int i = 0; i < UNITS; i++)
            for (int j = 0; j < UNITS; j++) {
                int64_t d;
                const double expected = by_definition(&c, o.pooling, shift, i, j, &d);
                CU_ASSERT_EQUAL(dof[i * UNITS + j], d);
                CU_ASSERT_DOUBLE_EQUAL(r[i * UNITS + j], expected, 1e-13);
            }
        CU_ASSERT_EQUAL(spk_context_set_threads(ctx, 2 + (int32_t)(seed % 3)), SPK_OK);
        spk_noise_correlation only = {.correlations = again};
        CU_ASSERT_EQUAL(spk_noise_correlation_estimate(ctx, &c.trials, &o, &only),
                        SPK_OK);
        CU_ASSERT_EQUAL(memcmp(r, again, sizeof r), 0);
    }
    spk_context_destroy(ctx);
}

static void signal_by_definition(void)
{
    noise_case c;
    double r[UNITS * UNITS], means[UNITS][4];
    make_case(&c, 3);
    CU_ASSERT_EQUAL_FATAL(spk_signal_correlation_estimate(NULL, &c.trials, r), SPK_OK);
    for (int u = 0; u < UNITS; u++)
        for (int k = 0; k < 4; k++) {
            double x[TRIALS];
            const int n = counts_of(&c, k, u, x);
            means[u][k] = 0;
            for (int t = 0; t < n; t++)
                means[u][k] += x[t] / n;
        }
    for (int i = 0; i < UNITS; i++)
        for (int j = 0; j < UNITS; j++) {
            double mi = 0, mj = 0, ij = 0, ii = 0, jj = 0;
            for (int k = 0; k < 4; k++) {
                mi += means[i][k] / 4;
                mj += means[j][k] / 4;
            }
            for (int k = 0; k < 4; k++) {
                ij += (means[i][k] - mi) * (means[j][k] - mj);
                ii += pow(means[i][k] - mi, 2);
                jj += pow(means[j][k] - mj, 2);
            }
            CU_ASSERT_DOUBLE_EQUAL(r[i * UNITS + j], ij / sqrt(ii * jj), 1e-13);
        }
    /* two conditions have a correlation of 1 or -1 whatever they are */
    for (int t = 0; t < TRIALS; t++)
        c.conditions[t] = t % 2;
    CU_ASSERT_EQUAL_FATAL(spk_signal_correlation_estimate(NULL, &c.trials, r), SPK_OK);
    CU_ASSERT(isnan(r[1]));
}

/* All shifts of n trials, none among them, sum to 0: their mean is -r / (n - 1). A shift back
 * is the transpose of that forward, and the same as one of the rest around the end. */
static void shifts(void)
{
    enum {
        N = 7
    };
    int32_t counts[N * 3];
    spk_random random = {.seed = 2};
    for (int k = 0; k < N * 3; k++)
        counts[k] = (int32_t)spk_random_poisson(&random, 5);
    const spk_trials trials = trials_of(N, 3, counts);
    for (int32_t pooling = 0; pooling < 2; pooling++) {
        double r[9], sums[9] = {0}, forward[9], back[9], around[9];
        spk_noise_correlation_options o = options_of(pooling, SPK_NOISE_NONE);
        spk_noise_correlation out = {.correlations = r};
        CU_ASSERT_EQUAL_FATAL(spk_noise_correlation_estimate(NULL, &trials, &o, &out),
                              SPK_OK);
        o.control = SPK_NOISE_SHIFT;
        for (o.shift = 1; o.shift < N; o.shift++) {
            spk_noise_correlation f = {.correlations = forward},
                                  b = {.correlations = back},
                                  w = {.correlations = around};
            spk_noise_correlation_options other = o;
            CU_ASSERT_EQUAL_FATAL(spk_noise_correlation_estimate(NULL, &trials, &o, &f),
                                  SPK_OK);
            other.shift = -o.shift;
            CU_ASSERT_EQUAL_FATAL(
                spk_noise_correlation_estimate(NULL, &trials, &other, &b), SPK_OK);
            other.shift = N - o.shift;
            CU_ASSERT_EQUAL_FATAL(
                spk_noise_correlation_estimate(NULL, &trials, &other, &w), SPK_OK);
            CU_ASSERT_EQUAL(memcmp(back, around, sizeof back), 0);
            for (int i = 0; i < 3; i++)
                for (int j = 0; j < 3; j++) {
                    CU_ASSERT_DOUBLE_EQUAL(back[j * 3 + i], forward[i * 3 + j], 1e-14);
                    sums[i * 3 + j] += forward[i * 3 + j];
                }
        }
        for (int k = 0; k < 9; k++)
            CU_ASSERT_DOUBLE_EQUAL(sums[k] / (N - 1), -r[k] / (N - 1), 1e-14);
    }
}

/* Pairs with a correlation of 0.4 in conditions of two trials: the default has no bias, and its
 * limits hold; z-scores have the bias that the header says, and shifts theirs. */
static void few_trials(void)
{
    enum {
        PAIRS = 60,
        C = 60,
        REPEATS = 3
    };
    static int32_t counts[2 * C * 2 * PAIRS];
    static double r[4 * PAIRS * PAIRS], lower[4 * PAIRS * PAIRS],
        upper[4 * PAIRS * PAIRS];
    int32_t conditions[2 * C];
    double means[3] = {0};
    int covered = 0;
    spk_random random = {.seed = 3};
    for (int repeat = 0; repeat < REPEATS; repeat++) {
        for (int t = 0; t < 2 * C; t++) {
            conditions[t] = t / 2;
            for (int p = 0; p < PAIRS; p++) {
                const double common = sqrt(0.4) * spk_random_normal(&random);
                for (int u = 0; u < 2; u++)
                    counts[(t * PAIRS + p) * 2 + u] = (int32_t)rint(
                        1000 + 100 * (common + sqrt(0.6) * spk_random_normal(&random)));
            }
        }
        spk_trials trials = trials_of(2 * C, 2 * PAIRS, counts);
        trials.n_conditions = C;
        trials.conditions = conditions;
        for (int k = 0; k < 3; k++) {
            const spk_noise_correlation_options zscore =
                options_of(SPK_NOISE_ZSCORE, k == 2 ? SPK_NOISE_SHIFT : SPK_NOISE_NONE);
            spk_noise_correlation out = {r, NULL, lower, upper, NULL};
            CU_ASSERT_EQUAL_FATAL(spk_noise_correlation_estimate(
                                      NULL, &trials, k == 0 ? NULL : &zscore, &out),
                                  SPK_OK);
            for (int p = 0; p < PAIRS; p++) {
                const int at = 2 * p * 2 * PAIRS + 2 * p + 1;
                means[k] += r[at] / PAIRS / REPEATS;
                covered += k == 0 && lower[at] <= 0.4 && 0.4 <= upper[at];
            }
        }
    }
    /* 180 pairs: (1 - 0.16) / sqrt(60) / sqrt(180) is 0.008; of +-1 in 60 conditions 0.009 */
    CU_ASSERT(fabs(means[0] - 0.4) < 4 * 0.0081);
    CU_ASSERT(fabs(means[1] - 2 / acos(-1) * asin(0.4)) < 4 * 0.0093);
    CU_ASSERT_DOUBLE_EQUAL(means[2], -means[1], 1e-12);
    CU_ASSERT(fabs(covered / 180.0 - 0.95) < 4 * 0.0163);
}

/* ---- truth: a shared gain ---- */

/* Counts of mean m with a gain of variance v common to all units, and tuning that follows a
 * condition: the noise correlation is v m / (1 + v m). */
static void shared_gain(double v, double m, int n_trials, int n_units, uint64_t seed,
                        int32_t *counts, int32_t *conditions)
{
    spk_random random = {.seed = seed};
    for (int t = 0; t < n_trials; t++) {
        const double gain = v > 0 ? v * spk_random_gamma(&random, 1 / v) : 1;
        conditions[t] = t % 4;
        for (int u = 0; u < n_units; u++)
            counts[t * n_units + u] = (int32_t)spk_random_poisson(&random, gain * m);
    }
}

static void truth(void)
{
    enum {
        N = 12,
        T = 200,
        REPEATS = 30
    };
    static int32_t counts[T * N];
    int32_t conditions[T];
    double r[N * N], lower[N * N], upper[N * N], mean = 0, shuffled = 0, squares = 0;
    int covered = 0, null_covered = 0, n = 0;
    for (uint64_t seed = 0; seed < REPEATS; seed++) {
        spk_trials trials = trials_of(T, N, counts);
        trials.n_conditions = 4;
        trials.conditions = conditions;
        spk_noise_correlation out = {r, NULL, lower, upper, NULL};
        spk_correlation_summary s;
        spk_noise_correlation_options o = options_of(0, SPK_NOISE_NONE);
        shared_gain(0.05, 5, T, N, seed, counts, conditions); /* true r 0.2 */
        CU_ASSERT_EQUAL_FATAL(spk_noise_correlation_estimate(NULL, &trials, &o, &out),
                              SPK_OK);
        CU_ASSERT_EQUAL(spk_correlation_summarize(NULL, r, N, 0.95, &s), SPK_OK);
        mean += s.mean / REPEATS;
        squares += s.mean * s.mean / REPEATS;
        o.control = SPK_NOISE_SHUFFLE;
        o.seed = seed;
        CU_ASSERT_EQUAL_FATAL(spk_noise_correlation_estimate(NULL, &trials, &o, &out),
                              SPK_OK);
        CU_ASSERT_EQUAL(spk_correlation_summarize(NULL, r, N, 0.95, &s), SPK_OK);
        shuffled += s.mean / REPEATS;
        covered += s.lower <= 0 && 0 <= s.upper;
        shared_gain(0, 5, T, N, 1000 + seed, counts, conditions);
        o.control = SPK_NOISE_NONE;
        CU_ASSERT_EQUAL_FATAL(spk_noise_correlation_estimate(NULL, &trials, &o, &out),
                              SPK_OK);
        for (int i = 0; i < N; i++)
            for (int j = i + 1; j < N; j++, n++)
                null_covered += lower[i * N + j] <= 0 && 0 <= upper[i * N + j];
    }
    const double error = sqrt((squares - mean * mean) / REPEATS);
    CU_ASSERT(fabs(mean - 0.2) < 4 * error && error < 0.01);
    CU_ASSERT(fabs(shuffled) < 4 * 0.07 / sqrt(66.0 * REPEATS));
    CU_ASSERT(covered >= 25);
    /* limits of pairs: 1980 pairs, standard error of 0.95 is 0.005 */
    CU_ASSERT(fabs((double)null_covered / n - 0.95) < 0.02);
}

/* Correlations that follow the rate alone, and a group of higher rates. */
static void matching(void)
{
    enum {
        N = 2000
    };
    static double rates[2][N], r[2][N];
    spk_random random = {.seed = 6};
    for (int g = 0; g < 2; g++)
        for (int p = 0; p < N; p++) {
            rates[g][p] = exp(1 + 0.7 * g + 0.6 * spk_random_normal(&random));
            r[g][p] =
                tanh(0.05 * log(1 + rates[g][p]) + 0.1 * spk_random_normal(&random));
        }
    rates[0][0] = 0;
    r[0][1] = NAN;
    r[0][2] = 1;
    const spk_noise_pairs first = {N, rates[0], r[0]}, second = {N, rates[1], r[1]};
    spk_noise_match_options o;
    spk_noise_match_options_init(&o, sizeof o);
    o.octaves = 0.2;
    spk_noise_match m, again;
    CU_ASSERT_EQUAL_FATAL(spk_noise_correlation_match(NULL, &first, &second, &o, &m),
                          SPK_OK);
    CU_ASSERT(m.n_pairs[0] == N - 3 && m.n_pairs[1] == N);
    CU_ASSERT(m.n_matched > N / 3 && m.n_matched < N);
    CU_ASSERT(m.difference > 0.018);
    CU_ASSERT(fabs(m.matched_difference) < 4 * m.error && m.error < 0.006);
    CU_ASSERT_DOUBLE_EQUAL(m.matched_difference, m.matched_z[1] - m.matched_z[0], 1e-15);
    CU_ASSERT_DOUBLE_EQUAL(m.upper - m.lower, 2 * 1.959963984540054 * m.error, 1e-12);
    CU_ASSERT_EQUAL(spk_noise_correlation_match(NULL, &first, &second, &o, &again),
                    SPK_OK);
    CU_ASSERT_EQUAL(memcmp(&m, &again, sizeof m), 0);
    /* one class: by hand */
    const double same[] = {3, 3, 3}, z0[] = {0.1, 0.2, 0.3}, z1[] = {0.5, 0.5, 0.6};
    const spk_noise_pairs a = {3, same, z0}, b = {3, same, z1};
    CU_ASSERT_EQUAL_FATAL(spk_noise_correlation_match(NULL, &a, &b, NULL, &m), SPK_OK);
    CU_ASSERT_EQUAL(m.n_matched, 3);
    CU_ASSERT_DOUBLE_EQUAL(m.matched_z[0], (atanh(0.1) + atanh(0.2) + atanh(0.3)) / 3,
                           1e-14);
    const double slow[] = {0.1};
    const spk_noise_pairs none = {1, slow, z0};
    CU_ASSERT_EQUAL_FATAL(spk_noise_correlation_match(NULL, &none, &b, NULL, &m), SPK_OK);
    CU_ASSERT(m.n_matched == 0 && isnan(m.matched_difference) && isnan(m.error));
}

static void errors(void)
{
    static const char *const messages[] = {
        "noise is NULL",
        "trials is NULL",
        "options: not filled by spk_noise_correlation_options_init()",
        "pooling must be 0 or 1, got 2",
        "control must be in 0 .. 2, got 3",
        "min_trials must be >= 2, got 1",
        "confidence must be between 0 and 1, got 1",
    };
    static const char *const others[] = {
        "correlations is NULL",
        "trials is NULL",
        "match is NULL",
        "first is NULL",
        "second: n_pairs must be >= 0, got -1",
        "first: rates_hz or correlations is NULL",
        "options: not filled by spk_noise_match_options_init()",
        "octaves must be above 0, got 0",
        "n_repeats must be in 1 .. 1000000, got 0",
        "confidence must be between 0 and 1, got nan",
    };
    noise_case c;
    spk_context *ctx = NULL;
    make_case(&c, 0);
    CU_ASSERT_EQUAL_FATAL(spk_context_create(&ctx), SPK_OK);
    for (int k = 0; k < 7; k++) {
        spk_noise_correlation out = {0};
        spk_noise_correlation_options o = options_of(k == 3 ? 2 : 0, k == 4 ? 3 : 0);
        o.struct_size = k == 2 ? 8 : o.struct_size;
        o.min_trials = k == 5 ? 1 : 2;
        o.confidence = k == 6 ? 1 : 0.9;
        CU_ASSERT_EQUAL(spk_noise_correlation_estimate(ctx, k == 1 ? NULL : &c.trials, &o,
                                                       k == 0 ? NULL : &out),
                        SPK_ERR_ARGUMENT);
        CU_ASSERT_STRING_EQUAL(spk_context_message(ctx), messages[k]);
    }
    for (int k = 0; k < 10; k++) {
        double r[UNITS * UNITS] = {0};
        spk_noise_match m;
        spk_noise_match_options o;
        spk_status status;
        spk_noise_match_options_init(&o, sizeof o);
        spk_noise_pairs a = {1, r, k == 5 ? NULL : r}, b = {k == 4 ? -1 : 1, r, r};
        o.struct_size = k == 6 ? 8 : o.struct_size;
        o.octaves = k == 7 ? 0 : 1;
        o.n_repeats = k == 8 ? 0 : 1;
        o.confidence = k == 9 ? NAN : 0.5;
        if (k < 2)
            status = spk_signal_correlation_estimate(ctx, k == 1 ? NULL : &c.trials,
                                                     k == 0 ? NULL : r);
        else
            status = spk_noise_correlation_match(ctx, k == 3 ? NULL : &a, &b, &o,
                                                 k == 2 ? NULL : &m);
        CU_ASSERT_EQUAL(status, SPK_ERR_ARGUMENT);
        CU_ASSERT_STRING_EQUAL(spk_context_message(ctx), others[k]);
    }
    spk_context_destroy(ctx);
}

static spk_status all_calls(spk_context *ctx, void *argument)
{
    noise_case *c = argument;
    double r[UNITS * UNITS];
    spk_noise_correlation out = {.correlations = r};
    const spk_noise_correlation_options o = options_of(0, SPK_NOISE_SHIFT);
    spk_noise_match m;
    spk_status status = spk_noise_correlation_estimate(ctx, &c->trials, &o, &out);
    if (status == SPK_OK)
        status = spk_signal_correlation_estimate(ctx, &c->trials, r);
    const spk_noise_pairs pairs = {4, r, r};
    if (status == SPK_OK)
        status = spk_noise_correlation_match(ctx, &pairs, &pairs, NULL, &m);
    return status;
}

static void failed_allocations(void)
{
    noise_case c;
    make_case(&c, 1);
    CU_ASSERT_EQUAL(suite_fail_allocations(all_calls, &c), 12);
}

static const suite_test tests[] = {
    {"by hand", by_hand},
    {"equals the definition", equals_the_definition},
    {"signal by definition", signal_by_definition},
    {"fewest trials", fewest_trials},
    {"shifts", shifts},
    {"few trials", few_trials},
    {"truth", truth},
    {"matching", matching},
    {"errors", errors},
    {"failed allocations", failed_allocations},
};

SUITE_MAIN("noise_correlation", tests)
