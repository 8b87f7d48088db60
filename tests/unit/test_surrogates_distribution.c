/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What surrogates are random in, and what they keep, over many of them. Seeds are fixed;
 * bounds are those that a right engine would break with a probability of 1e-6 for a seed
 * picked blindly, unless said otherwise.
 */
#include "spikes/surrogates_state.h"
#include "suite.h"
#include "surrogate_words.h"

#include <math.h>
#include <spikekit/spikekit.h>

#define MATHLIB_STANDALONE
#include <Rmath.h>

static const double NORMAL_BOUND = 4.8916;

/* Whether counts may be those of cells of equal probability. */
static int is_uniform(const int64_t *counts, int64_t n_cells)
{
    double total = 0, chi2 = 0;
    for (int64_t c = 0; c < n_cells; c++)
        total += (double)counts[c];
    for (int64_t c = 0; c < n_cells; c++) {
        const double expected = total / (double)n_cells;
        chi2 +=
            ((double)counts[c] - expected) * ((double)counts[c] - expected) / expected;
    }
    const double p = pchisq(chi2, (double)(n_cells - 1), 0, 0);
    if (!(p > 1e-6))
        printf("  chi-square %g of %lld cells\n", chi2, (long long)n_cells);
    return p > 1e-6;
}

static spk_surrogates *make(const tried *t, int32_t method, double width_s)
{
    spk_surrogates_options o;
    spk_surrogates_options_init(&o, sizeof o);
    o.method = method;
    o.width_s = width_s;
    o.seed = 77;
    return make_surrogates(t->trains, &o);
}

static void draw(const spk_surrogates *s, int64_t unit, int64_t index, int64_t *out)
{
    CU_ASSERT_EQUAL_FATAL(spk_surrogates_draw(NULL, s, unit, index, out, NULL), SPK_OK);
}

/* Spikes so far apart that each is known by its place. */
static tried lonely_spikes(int64_t n, int64_t apart, int64_t *samples)
{
    for (int64_t i = 0; i < n; i++)
        samples[i] = apart / 2 + apart * i;
    return try_spikes(n, samples, 1, 1000, 0, apart * n, NULL);
}

static void dither_is_uniform(void)
{
    enum {
        N = 500,
        WIDTH = 12
    };
    int64_t samples[N], out[N], other[N], counts[2 * WIDTH + 1] = {0};
    double product = 0, square = 0;
    tried t = lonely_spikes(N, 60, samples);
    spk_surrogates *s = make(&t, SPK_SURROGATE_DITHER, 0.012);
    for (int64_t k = 0; k < 40; k++) {
        draw(s, 0, k, out);
        draw(s, 0, k + 1, other);
        for (int64_t i = 0; i < N; i++) {
            const int64_t by = out[i] - samples[i];
            CU_ASSERT_FATAL(by >= -WIDTH && by <= WIDTH);
            counts[by + WIDTH]++;
            product += (double)by * (double)(other[i] - samples[i]);
            square += (double)(by * by);
        }
    }
    CU_ASSERT(is_uniform(counts, 2 * WIDTH + 1));
    CU_ASSERT(fabs(product / square) * sqrt(40 * N) < NORMAL_BOUND);
    spk_surrogates_destroy(s);
    end_tried(&t);
}

/* Every place of a window as often as every other, in the shorter last one too. */
static void jitter_is_uniform(void)
{
    enum {
        N = 300
    };
    int64_t samples[N], out[N], counts[25] = {0}, last[7] = {0};
    for (int64_t i = 0; i < N; i++)
        samples[i] = i < 275 ? 3 + 25 * (i / 5) + i % 5 : 1375 + i % 7;
    tried t = try_spikes(N, samples, 1, 1000, 0, 1382, NULL);
    spk_surrogates *s = make(&t, SPK_SURROGATE_JITTER, 0.025);
    for (int64_t k = 0; k < 60; k++) {
        draw(s, 0, k, out);
        for (int64_t i = 0; i < N; i++) {
            CU_ASSERT_EQUAL(out[i] / 25, samples[i] / 25);
            if (i < 275)
                counts[out[i] % 25]++;
            else
                last[out[i] - 1375]++;
        }
    }
    CU_ASSERT(is_uniform(counts, 25));
    CU_ASSERT(is_uniform(last, 7));
    spk_surrogates_destroy(s);
    end_tried(&t);
}

/* All orders of intervals 1, 2, 4, 8 and 16 are equally likely. */
static void check_orders(int32_t method, int n_intervals, int n_orders)
{
    static const int64_t samples[] = {1, 3, 7, 15, 31};
    int64_t counts[120] = {0}, seen[120], out[5];
    int n_seen = 0;
    tried t = try_spikes(5, samples, 1, 1000, 0, 40, NULL);
    spk_surrogates *s = make(&t, method, 1);
    for (int64_t k = 0; k < 200 * n_orders; k++) {
        int64_t code = 0, from = 0, sum = 0;
        draw(s, 0, k, out);
        for (int i = 0; i < 5; i++) {
            code = code * 32 + out[i] - from;
            sum += out[i] - from;
            from = out[i];
        }
        CU_ASSERT_EQUAL(sum, 31);
        int c = 0;
        while (c < n_seen && seen[c] != code)
            c++;
        CU_ASSERT_FATAL(c < n_orders);
        if (c == n_seen)
            seen[n_seen++] = code;
        counts[c]++;
    }
    CU_ASSERT_EQUAL(n_seen, n_orders);
    CU_ASSERT(is_uniform(counts, n_orders));
    CU_ASSERT(n_intervals == 5 || out[0] == 1);
    spk_surrogates_destroy(s);
    end_tried(&t);
}

static void shuffles_are_uniform(void)
{
    check_orders(SPK_SURROGATE_ISI_SHUFFLE, 5, 120);
    check_orders(SPK_SURROGATE_INTERVAL_SHUFFLE, 4, 24);
}

/* A shift of each run, uniform on its circle and independent of the others'. */
static void shifts_are_uniform(void)
{
    static const int64_t samples[] = {0, 15}, starts[] = {0, 15}, stops[] = {15, 30};
    const spk_epochs epochs = {2, starts, stops};
    int64_t counts[2][225] = {0}, out[2];
    tried t = try_spikes(2, samples, 1, 1000, 0, 30, &epochs);
    spk_surrogates *each = make(&t, SPK_SURROGATE_TRIAL_SHIFT, INFINITY);
    spk_surrogates *common = make(&t, SPK_SURROGATE_TRAIN_DITHER, INFINITY);
    for (int64_t k = 0; k < 10000; k++) {
        draw(each, 0, k, out);
        counts[0][out[0] * 15 + out[1] - 15]++;
        draw(common, 0, k, out);
        CU_ASSERT_EQUAL(out[0], out[1] - 15);
        counts[1][out[0]]++;
    }
    CU_ASSERT(is_uniform(counts[0], 225));
    CU_ASSERT(is_uniform(counts[1], 15));
    spk_surrogates_destroy(common);
    spk_surrogates_destroy(each);
    end_tried(&t);
}

/* Three of eight bins are taken: 56 sets, equally likely, and places in the bins. */
static void bins_are_uniform(void)
{
    static const int64_t samples[] = {2, 13, 14, 37};
    int64_t counts[8 * 8] = {0}, places[5] = {0}, out[4];
    tried t = try_spikes(4, samples, 1, 1000, 0, 40, NULL);
    spk_surrogates_options o;
    spk_surrogates_options_init(&o, sizeof o);
    o.method = SPK_SURROGATE_BIN_SHUFFLE;
    o.width_s = 0.04;
    o.bin_s = 0.005;
    spk_surrogates *s = make_surrogates(t.trains, &o);
    for (int64_t k = 0; k < 10000; k++) {
        int64_t in[8] = {0}, twice = -1, one = -1, two = -1;
        draw(s, 0, k, out);
        for (int i = 0; i < 4; i++) {
            in[out[i] / 5]++;
            places[out[i] % 5]++;
        }
        for (int b = 0; b < 8; b++) {
            twice = in[b] == 2 ? b : twice;
            if (in[b] == 1 && one < 0)
                one = b;
            else if (in[b] == 1)
                two = b;
        }
        CU_ASSERT_FATAL(twice >= 0 && one >= 0 && two >= 0);
        counts[twice * 8 + one]++;
    }
    /* the bin with two, summed over the others; sets by their first bin are not uniform */
    int64_t by_twice[8] = {0};
    for (int c = 0; c < 64; c++)
        by_twice[c / 8] += counts[c];
    CU_ASSERT(is_uniform(by_twice, 8));
    CU_ASSERT(is_uniform(places, 5));
    spk_surrogates_destroy(s);
    end_tried(&t);
}

static void randomise_is_uniform(void)
{
    int64_t samples[500] = {0}, counts[100] = {0}, out[500];
    tried t = try_spikes(500, samples, 1, 1000, 0, 100000, NULL);
    spk_surrogates *s = make(&t, SPK_SURROGATE_RANDOMISE, 1);
    for (int64_t k = 0; k < 20; k++) {
        draw(s, 0, k, out);
        for (int i = 0; i < 500; i++)
            counts[out[i] / 1000]++;
    }
    CU_ASSERT(is_uniform(counts, 100));
    spk_surrogates_destroy(s);
    end_tried(&t);
}

/* Numbers of spikes are Poisson; the mean and the two halves of a stepped rate are kept, to
 * within what crosses the step. */
static void poisson_keeps_the_rate(void)
{
    enum {
        N = 600,
        DRAWS = 400
    };
    int64_t samples[N], out[2 * N], n;
    double sum = 0, squares = 0, early = 0, at_step = 0;
    for (int64_t i = 0; i < N; i++)
        samples[i] = i < 500 ? 20 * i : 10000 + 100 * (i - 500);
    tried t = try_spikes(N, samples, 1, 1000, 0, 20000, NULL);
    spk_surrogates *s = make(&t, SPK_SURROGATE_POISSON, 0.1);
    for (int64_t k = 0; k < DRAWS; k++) {
        CU_ASSERT_FATAL(spk_surrogates_room(s, 0, k) <= 2 * N);
        CU_ASSERT_EQUAL_FATAL(spk_surrogates_draw(NULL, s, 0, k, out, &n), SPK_OK);
        sum += (double)n;
        squares += (double)(n * n);
        for (int64_t i = 0; i < n; i++) {
            early += out[i] < 9500;
            at_step += out[i] >= 9900 && out[i] < 10100;
        }
    }
    const double mean = sum / DRAWS, variance = squares / DRAWS - mean * mean;
    CU_ASSERT(fabs(mean - N) < NORMAL_BOUND * sqrt((double)N / DRAWS));
    CU_ASSERT(fabs(variance / N - 1) < NORMAL_BOUND * sqrt(2.0 / DRAWS));
    /* 50 Hz up to 9.5 s; around the step half of 50 and of 10 Hz within one sd either side,
     * by symmetry the mean of both */
    CU_ASSERT(fabs(early / DRAWS - 475) < 0.5 + NORMAL_BOUND * sqrt(475.0 / DRAWS));
    CU_ASSERT(fabs(at_step / DRAWS - 6) < 0.5 + NORMAL_BOUND * sqrt(6.0 / DRAWS));
    spk_surrogates_destroy(s);
    end_tried(&t);
}

/* Counts in bins of given rates are Poisson, those of other bins independent. */
static void given_rates(void)
{
    enum {
        DRAWS = 2000
    };
    static const double rates[4] = {50, 0, 10, 200};
    static const int64_t sample = 0;
    int64_t out[1000], n;
    double sum[4] = {0}, squares[4] = {0}, product = 0;
    tried t = try_spikes(1, &sample, 1, 1000, 0, 400, NULL);
    spk_surrogates_options o;
    spk_surrogates_options_init(&o, sizeof o);
    o.method = SPK_SURROGATE_RATE;
    o.rates_hz = rates;
    o.n_rate_bins = 4;
    o.rate_bin_samples = 100;
    spk_surrogates *s = make_surrogates(t.trains, &o);
    for (int64_t k = 0; k < DRAWS; k++) {
        double counts[4] = {0};
        CU_ASSERT_FATAL(spk_surrogates_room(s, 0, k) < 1000);
        CU_ASSERT_EQUAL(spk_surrogates_draw(NULL, s, 0, k, out, &n), SPK_OK);
        for (int64_t i = 0; i < n; i++)
            counts[out[i] / 100]++;
        for (int b = 0; b < 4; b++) {
            sum[b] += counts[b];
            squares[b] += counts[b] * counts[b];
        }
        product += (counts[0] - 5) * (counts[3] - 20);
    }
    for (int b = 0; b < 4; b++) {
        const double truth = rates[b] / 10, mean = sum[b] / DRAWS;
        const double variance = squares[b] / DRAWS - mean * mean;
        CU_ASSERT(fabs(mean - truth) <= NORMAL_BOUND * sqrt(truth / DRAWS));
        CU_ASSERT(fabs(variance - truth) <=
                  NORMAL_BOUND * sqrt((truth + 2 * truth * truth) / DRAWS));
    }
    CU_ASSERT(fabs(product) < NORMAL_BOUND * sqrt(5.0 * 20.0 * DRAWS));
    spk_surrogates_destroy(s);
    end_tried(&t);
}

/* ---- intervals ---- */

enum {
    N_LONG = 20000
};

/* Intervals of 5 ms and a gamma rest, which follow one another: long ones come together. */
static tried correlated_train(int64_t *samples)
{
    spk_random random = {.seed = 4};
    double at = 100, state = 0;
    for (int64_t i = 0; i < N_LONG; i++) {
        samples[i] = (int64_t)at;
        state = 0.8 * state + 0.6 * spk_random_normal(&random);
        at += 150 + 6 * exp(0.5 * state) * 40 * spk_random_gamma(&random, 3);
    }
    return try_spikes(N_LONG, samples, 1, 30000, 0, (int64_t)at + 100, NULL);
}

static double serial_correlation(const int64_t *samples)
{
    double mean = 0, variance = 0, product = 0;
    for (int64_t i = 1; i < N_LONG; i++)
        mean += (double)(samples[i] - samples[i - 1]) / (N_LONG - 1);
    for (int64_t i = 1; i < N_LONG; i++) {
        const double x = (double)(samples[i] - samples[i - 1]) - mean;
        variance += x * x;
        if (i > 1)
            product += x * ((double)(samples[i - 1] - samples[i - 2]) - mean);
    }
    return product / variance;
}

/* Largest distance of the distributions of intervals, in steps of 1 ms up to 100 ms. */
static double interval_distance(const int64_t *a, const int64_t *b)
{
    double counts[100] = {0}, sum = 0, largest = 0;
    for (int64_t i = 1; i < N_LONG; i++) {
        const int64_t x = (a[i] - a[i - 1]) / 30, y = (b[i] - b[i - 1]) / 30;
        if (x < 100)
            counts[x] += 1.0 / N_LONG;
        if (y < 100)
            counts[y] -= 1.0 / N_LONG;
    }
    for (int k = 0; k < 100; k++) {
        sum += counts[k];
        largest = fmax(largest, fabs(sum));
    }
    return largest;
}

static int64_t shortest_of(const int64_t *samples)
{
    int64_t shortest = INT64_MAX;
    for (int64_t i = 1; i < N_LONG; i++)
        if (samples[i] - samples[i - 1] < shortest)
            shortest = samples[i] - samples[i - 1];
    return shortest;
}

/* Joint-ISI dither keeps the distribution of intervals, their serial correlation and the
 * refractory period, where plain dither loses all three; the bounds are a third of what plain
 * dither does. ISI dither keeps the first and the last. */
static void joint_dither_keeps_intervals(void)
{
    static int64_t samples[N_LONG], out[N_LONG];
    double distance[3] = {0}, correlation[3] = {0};
    static const int32_t methods[] = {SPK_SURROGATE_JOINT_ISI, SPK_SURROGATE_ISI_DITHER,
                                      SPK_SURROGATE_DITHER};
    tried t = correlated_train(samples);
    const double original = serial_correlation(samples);
    CU_ASSERT(original > 0.1);
    for (int m = 0; m < 3; m++) {
        spk_surrogates *s = make(&t, methods[m], 0.015);
        draw(s, 0, 0, out);
        distance[m] = interval_distance(samples, out);
        correlation[m] = serial_correlation(out);
        if (m < 2) {
            double moved = 0;
            for (int64_t i = 0; i < N_LONG; i++) {
                CU_ASSERT(llabs(out[i] - samples[i]) < 16 * 30);
                moved += fabs((double)(out[i] - samples[i])) / N_LONG;
            }
            CU_ASSERT(moved > 3 * 30); /* and it does move them */
            CU_ASSERT(shortest_of(out) >= 120);
            CU_ASSERT(out[0] == samples[0] && out[N_LONG - 1] == samples[N_LONG - 1]);
        }
        spk_surrogates_destroy(s);
    }
    CU_ASSERT(distance[0] < distance[2] / 3 && distance[1] < distance[2] / 3);
    CU_ASSERT(fabs(correlation[0] - original) < fabs(correlation[2] - original) / 3);
    end_tried(&t);
}

/* Two bins of an interval pair, b - 1 and a, that share h: a symmetric window leaves as many
 * going up as down, where one bin more to the right would make a drift. */
static void joint_dither_has_no_drift(void)
{
    static int64_t samples[N_LONG], out[N_LONG];
    tried t = correlated_train(samples);
    spk_surrogates *s = make(&t, SPK_SURROGATE_JOINT_ISI, 0.015);
    double mean = 0, square = 0;
    for (int64_t k = 0; k < 5; k++) {
        draw(s, 0, k, out);
        for (int64_t i = 1; i + 1 < N_LONG; i++) {
            const double by = (double)(out[i] - samples[i]);
            mean += by / (5.0 * N_LONG);
            square += by * by / (5.0 * N_LONG);
        }
    }
    /* neighbours hinder one another, so that their displacements are no independent ones: a
     * bound of twice the error of independent ones, a hundredth of a bin */
    CU_ASSERT(fabs(mean) < 2 * NORMAL_BOUND * sqrt(square / (5.0 * N_LONG)));
    spk_surrogates_destroy(s);
    end_tried(&t);
}

static void refractory_dither_keeps_distance(void)
{
    static int64_t samples[N_LONG], out[N_LONG];
    tried t = correlated_train(samples);
    spk_surrogates_options o;
    spk_surrogates_options_init(&o, sizeof o);
    o.refractory_s = 0.004;
    spk_surrogates *s = make_surrogates(t.trains, &o);
    double mean = 0, square = 0;
    draw(s, 0, 0, out);
    CU_ASSERT(shortest_of(out) >= 120);
    for (int64_t i = 0; i < N_LONG; i++) {
        const double by = (double)(out[i] - samples[i]);
        CU_ASSERT(fabs(by) <= 450);
        mean += by / N_LONG;
        square += by * by / N_LONG;
    }
    CU_ASSERT(fabs(mean) < NORMAL_BOUND * sqrt(square / N_LONG));
    CU_ASSERT(square > 150.0 * 150.0);
    spk_surrogates_destroy(s);
    end_tried(&t);
}

/* Sums along two diagonals of elephant 1.2.1's joint_isi_histogram() of these spikes [ms], with
 * truncation_limit 20 ms, 10 bins and sigma 3 ms; without and with cutoff. */
static void joint_table_equals_elephant(void)
{
    static const int64_t samples[] = {13,  18,  24,  31,  37,  50,  64,  75,  80,  86,
                                      94,  103, 114, 124, 131, 137, 149, 162, 167, 173,
                                      182, 191, 205, 215, 224, 233, 245, 256, 262, 275,
                                      288, 303, 316, 324, 332, 344, 356, 368, 382, 390};
    static const double five[2][6] = {{0.12362075622295793, 0.4941723538559097,
                                       1.1489887907763732, 1.732811338159803,
                                       2.031076235665992, 2.1583549135310904},
                                      {0.0, 0.0, 1.1211628436547505, 2.134411456119457,
                                       2.134411456119457, 2.134411456119457}};
    static const double nine[2][10] = {
        {0.008033695558121647, 0.06714253805367736, 0.35305245915429695,
         1.0955136784972714, 2.243708736020875, 3.355528239473963, 4.037006370024691,
         4.299075856975011, 4.359378897352929, 4.369888861099523},
        {0.0, 0.0, 0.40811614250545203, 1.2143852243364852, 2.390917364836289,
         3.535847184507004, 4.3010623705292375, 4.693297733134638, 4.693297733134638,
         4.693297733134638}};
    tried t = try_spikes(40, samples, 1, 1000, 0, 400, NULL);
    for (int cutoff = 0; cutoff < 2; cutoff++) {
        spk_surrogates_options o;
        spk_surrogates_options_init(&o, sizeof o);
        o.method = SPK_SURROGATE_JOINT_ISI;
        o.truncation_s = 0.02;
        o.n_bins = 10;
        o.sigma_s = 0.003;
        o.has_cutoff = cutoff;
        spk_surrogates *s = make_surrogates(t.trains, &o);
        const double *sums = s->joint[0].sums;
        for (int p = 0; p < 6; p++)
            CU_ASSERT(fabs(sums[5 * 8 / 2 + p + 1] - five[cutoff][p]) < 1e-13);
        for (int p = 0; p < 10; p++)
            CU_ASSERT(fabs(sums[9 * 12 / 2 + p + 1] - nine[cutoff][p]) < 1e-13);
        spk_surrogates_destroy(s);
    }
    end_tried(&t);
}

static const suite_test tests[] = {
    {"dither is uniform", dither_is_uniform},
    {"jitter is uniform", jitter_is_uniform},
    {"shuffles are uniform", shuffles_are_uniform},
    {"shifts are uniform", shifts_are_uniform},
    {"bins are uniform", bins_are_uniform},
    {"randomise is uniform", randomise_is_uniform},
    {"poisson keeps the rate", poisson_keeps_the_rate},
    {"given rates", given_rates},
    {"joint dither keeps intervals", joint_dither_keeps_intervals},
    {"joint dither has no drift", joint_dither_has_no_drift},
    {"joint table equals elephant", joint_table_equals_elephant},
    {"refractory dither keeps distance", refractory_dither_keeps_distance},
};
SUITE_MAIN("surrogates_distribution", tests)
