/* SPDX-License-Identifier: BSD-3-Clause */
/* Mutual information and transfer entropy: by hand, by definition, where they are known. */
#include "correlation/information_cells.h"
#include "suite.h"

#include <math.h>
#include <spikekit/spikekit.h>
#include <stdlib.h>

static const double LN2 = 0.69314718055994531;

/* ---- trains from bins ---- */

typedef struct binned {
    spk_spikes spikes;
    spk_trains *trains;
    int64_t *samples;
    int32_t *units;
} binned;

/* x[unit][bin] of 0 and 1, bins of 10 samples at 1 kHz. */
static binned make_binned(int64_t n_units, int64_t n_bins, const uint8_t *x,
                          int64_t start, const spk_epochs *epochs)
{
    binned b = {0};
    int64_t n = 0;
    b.samples = malloc((size_t)(n_units * n_bins + 1) * sizeof *b.samples);
    b.units = malloc((size_t)(n_units * n_bins + 1) * sizeof *b.units);
    for (int64_t t = 0; t < n_bins; t++)
        for (int64_t u = 0; u < n_units; u++)
            if (x[u * n_bins + t]) {
                b.samples[n] = start + 10 * t + 5;
                b.units[n++] = (int32_t)u;
            }
    b.spikes = (spk_spikes){
        n, n_units, b.samples, b.units, 1000, start, start + 10 * n_bins + 3};
    spk_trains_options options;
    spk_trains_options_init(&options, sizeof options);
    options.epochs = epochs;
    CU_ASSERT_EQUAL_FATAL(spk_trains_create(NULL, &b.spikes, &options, &b.trains),
                          SPK_OK);
    return b;
}

static void end_binned(binned *b)
{
    spk_trains_destroy(b->trains);
    free(b->samples);
    free(b->units);
}

static spk_information_options ten_ms(int64_t first_delay, int64_t last_delay)
{
    spk_information_options o;
    spk_information_options_init(&o, sizeof o);
    o.bin_s = 0.01;
    o.first_delay = first_delay;
    o.last_delay = last_delay;
    o.bias = SPK_INFORMATION_PLUG_IN;
    return o;
}

/* ---- by hand ---- */

/* y is x a bin later, x fires in every second pair of bins: 1 1 0 0 ... Given y's own past
 * there is still a bit to learn each time. */
static void by_hand(void)
{
    enum {
        N = 4 * 50 + 1
    };
    uint8_t x[2 * N];
    for (int t = 0; t < N; t++) {
        x[t] = t % 4 < 2;
        x[N + t] = (t + 3) % 4 < 2;
    }
    binned b = make_binned(2, N, x, 0, NULL);
    spk_information_options o = ten_ms(1, 1);
    double te[4], mi[4];
    CU_ASSERT_EQUAL(spk_transfer_entropy_estimate(NULL, b.trains, &o, 0, 2, te, NULL),
                    SPK_OK);
    CU_ASSERT_EQUAL(spk_mutual_information_estimate(NULL, b.trains, &o, 0, 2, mi, NULL),
                    SPK_OK);
    /* of the 200 pairs of bins 100 have y = 1: y(t) = x(t - 1), and y(t - 1) tells nothing */
    CU_ASSERT_DOUBLE_EQUAL(te[1], 1, 1e-12);
    CU_ASSERT_DOUBLE_EQUAL(mi[1], 1, 1e-12);
    /* and x(t) = 1 - y(t - 1) */
    CU_ASSERT_DOUBLE_EQUAL(mi[2], 1, 1e-12);
    CU_ASSERT(isnan(te[0]) && isnan(te[3]) && isnan(mi[0]) && isnan(mi[3]));
    /* Miller and Madow: of the patterns of (present, past), past, all and (past, source) occur
     * 4 - 2 - 4 + 4 = 2 */
    o.bias = SPK_INFORMATION_MILLER_MADOW;
    CU_ASSERT_EQUAL(spk_transfer_entropy_estimate(NULL, b.trains, &o, 0, 1, te, NULL),
                    SPK_OK);
    CU_ASSERT_DOUBLE_EQUAL(te[1], 1 + 2 / (2 * 200 * LN2), 1e-12);
    end_binned(&b);
}

/* ---- by definition ---- */

static double plogp_ratio(double n, double ratio)
{
    return n > 0 ? n * log2(ratio) : 0;
}

/* From frequencies of patterns, one bin after the other. */
static double by_definition(const uint8_t *x, const uint8_t *y, int64_t n_runs,
                            const int64_t *firsts, int64_t d, int k, int l, double *bias)
{
    static double all[1 << 9], with_past[1 << 6], past_source[1 << 8], past[1 << 5];
    double n = 0, sum = 0, patterns = 0;
    memset(all, 0, sizeof all);
    memset(with_past, 0, sizeof with_past);
    memset(past_source, 0, sizeof past_source);
    memset(past, 0, sizeof past);
    for (int64_t r = 0; r < n_runs; r++)
        for (int64_t t = firsts[r]; t < firsts[r + 1]; t++) {
            int p = 0, s = 0;
            if (t - k < firsts[r] || t - d - (l - 1) < firsts[r])
                continue;
            for (int q = 1; q <= k; q++)
                p = 2 * p + y[t - q];
            for (int q = 0; q < l; q++)
                s = 2 * s + x[t - d - q];
            all[(p << l | s) << 1 | y[t]]++;
            with_past[p << 1 | y[t]]++;
            past_source[p << l | s]++;
            past[p]++;
            n++;
        }
    for (int p = 0; p < 1 << k; p++) {
        patterns -= past[p] > 0;
        patterns += (with_past[2 * p] > 0) + (with_past[2 * p + 1] > 0);
        for (int s = 0; s < 1 << l; s++) {
            patterns += past_source[p << l | s] > 0;
            for (int v = 0; v < 2; v++) {
                const double c = all[(p << l | s) << 1 | v];
                patterns -= c > 0;
                sum += plogp_ratio(c, c / past_source[p << l | s] /
                                          (with_past[p << 1 | v] / past[p]));
            }
        }
    }
    *bias = -patterns / (2 * n * LN2);
    return n == 0 ? NAN : sum / n;
}

enum {
    UNITS = 5,
    BINS = 700
};

static void random_bins(uint8_t *x, uint64_t seed)
{
    spk_random random = {.seed = seed};
    for (int u = 0; u < UNITS; u++)
        for (int t = 0; t < BINS; t++) {
            const double p = u == 0   ? 0.02
                             : u == 1 ? 0.3 + 0.4 * (t > 2 && x[t - 2])
                             : u == 2 ? 0.5
                             : u == 3 ? 0
                                      : 0.1 + 0.5 * (t > 0 && x[u * BINS + t - 1]);
            x[u * BINS + t] = spk_random_uniform(&random) < p;
        }
}

static void equal_the_definition(void)
{
    static uint8_t x[UNITS * BINS];
    /* four runs, the third shorter than any history; in units of samples a rest is left */
    static const int64_t starts[] = {-7, 70 * 10 - 7, 3900 - 7, 4003},
                         stops[] = {70 * 10 - 7, 3895 - 7, 3920 - 7, 7000 - 7 + 3};
    static uint8_t cut[UNITS * BINS];
    const spk_epochs epochs = {4, starts, stops};
    random_bins(x, 3);
    for (int with_epochs = 0; with_epochs < 2; with_epochs++) {
        binned b = make_binned(UNITS, BINS, x, -7, with_epochs ? &epochs : NULL);
        int64_t firsts[5] = {0, BINS};
        int64_t n_runs = 1;
        memcpy(cut, x, sizeof cut);
        if (with_epochs) {
            n_runs = 4;
            for (int r = 0; r < 4; r++)
                firsts[r + 1] = firsts[r] + (stops[r] - starts[r]) / 10;
            memset(cut, 0, sizeof cut);
            for (int u = 0; u < UNITS; u++)
                for (int64_t t = 0; t < BINS; t++)
                    for (int r = 0; r < 4 && x[u * BINS + t]; r++) {
                        const int64_t at = -7 + 10 * t + 5, in = (at - starts[r]) / 10;
                        if (at >= starts[r] && in < firsts[r + 1] - firsts[r])
                            cut[u * BINS + firsts[r] + in] = 1;
                    }
        }
        static const int64_t delays[][2] = {{1, 3}, {1, 1}, {2, 70}, {64, 66}};
        for (int k = 0; k <= 5; k++)
            for (int l = 1; l <= (k == 0 ? 1 : 3); l++)
                for (int w = 0; w < 4; w++) {
                    const int64_t d0 = k == 0 && w == 0 ? 0 : delays[w][0];
                    const int64_t n_delays = delays[w][1] - d0 + 1;
                    spk_information_options o = ten_ms(d0, delays[w][1]);
                    static double found[2][UNITS * UNITS * 70];
                    if (k > 0) {
                        o.target_history = k;
                        o.source_history = l;
                    }
                    for (int bias = 0; bias < 2; bias++) {
                        o.bias = bias;
                        CU_ASSERT_EQUAL_FATAL(
                            (k == 0 ? spk_mutual_information_estimate
                                    : spk_transfer_entropy_estimate)(
                                NULL, b.trains, &o, 0, UNITS, found[bias], NULL),
                            SPK_OK);
                    }
                    for (int64_t i = 0; i < UNITS * UNITS * n_delays; i++) {
                        const int64_t s = i / n_delays / UNITS, u = i / n_delays % UNITS;
                        double bias;
                        const double value =
                            by_definition(cut + s * BINS, cut + u * BINS, n_runs, firsts,
                                          d0 + i % n_delays, k, l, &bias);
                        if (s == u || isnan(value)) {
                            CU_ASSERT(isnan(found[0][i]) && isnan(found[1][i]));
                        } else {
                            CU_ASSERT(fabs(found[0][i] - value) <= 1e-13);
                            CU_ASSERT(fabs(found[1][i] - (value - bias)) <= 1e-13);
                        }
                    }
                }
        end_binned(&b);
    }
}

/* Recordings longer than a tile of 32768 bins, with runs that end near its ends. */
static void equal_the_definition_across_tiles(void)
{
    enum {
        N = 70000
    };
    static uint8_t x[2 * N];
    static const int64_t firsts[] = {0, 10, 32760, 32770, 65500, N};
    int64_t starts[5], stops[5];
    const spk_epochs epochs = {5, starts, stops};
    spk_random random = {.seed = 4};
    for (int t = 0; t < N; t++) {
        x[t] = spk_random_uniform(&random) < 0.2;
        x[N + t] = spk_random_uniform(&random) < 0.1 + 0.3 * (t > 0 && x[t - 1]);
    }
    for (int r = 0; r < 5; r++) {
        starts[r] = 10 * firsts[r];
        stops[r] = 10 * firsts[r + 1];
    }
    binned b = make_binned(2, N, x, 0, &epochs);
    static const int64_t delays[] = {1, 60, 700, 32800};
    for (int k = 0; k < 4; k++) {
        spk_information_options o = ten_ms(delays[k], delays[k]);
        double found[4], bias;
        o.target_history = 2;
        o.source_history = 2;
        CU_ASSERT_EQUAL(
            spk_transfer_entropy_estimate(NULL, b.trains, &o, 0, 2, found, NULL), SPK_OK);
        const double there = by_definition(x, x + N, 5, firsts, delays[k], 2, 2, &bias);
        const double back = by_definition(x + N, x, 5, firsts, delays[k], 2, 2, &bias);
        if (k == 3) {
            CU_ASSERT(isnan(there) && isnan(found[1]) && isnan(found[2]));
        } else {
            CU_ASSERT(fabs(found[1] - there) <= 1e-13);
            CU_ASSERT(fabs(found[2] - back) <= 1e-13);
        }
    }
    end_binned(&b);
}

/* ---- where it is known ---- */

static double entropy_of(double p)
{
    return -p * log2(p) - (1 - p) * log2(1 - p);
}

/* y(t) is x(t - 3) with probability 1 - e, else its opposite; x is a fair coin. TE(3) = MI(3)
 * = 1 - H(e), nothing at other delays. */
static void noisy_copy(void)
{
    enum {
        N = 20000,
        DELAY = 3
    };
    static uint8_t x[2 * N];
    const double e = 0.2;
    spk_random random = {.seed = 12};
    for (int t = 0; t < N; t++) {
        x[t] = spk_random_uniform(&random) < 0.5;
        x[N + t] = (t >= DELAY ? x[t - DELAY] : 0) ^ (spk_random_uniform(&random) < e);
    }
    binned b = make_binned(2, N, x, 0, NULL);
    spk_information_options o = ten_ms(1, 9);
    double te[18], mi[18];
    o.bias = SPK_INFORMATION_MILLER_MADOW;
    CU_ASSERT_EQUAL(spk_transfer_entropy_estimate(NULL, b.trains, &o, 0, 1, te, NULL),
                    SPK_OK);
    CU_ASSERT_EQUAL(spk_mutual_information_estimate(NULL, b.trains, &o, 0, 1, mi, NULL),
                    SPK_OK);
    /* the s.d. of the logarithm's mean: that of log2 of e or 1 - e */
    const double sd = fabs(log2((1 - e) / e)) * sqrt(e * (1 - e) / N);
    for (int d = 1; d <= 9; d++) {
        const double truth = d == DELAY ? 1 - entropy_of(e) : 0;
        /* at the other delays 2 N ln 2 times it is chi-square, 2 and 1 degrees, less its mean */
        const double bound = d == DELAY ? 4 * sd : 4 * sqrt(2 * 2.0) / (2 * N * LN2);
        CU_ASSERT(fabs(te[9 + d - 1] - truth) < bound);
        CU_ASSERT(fabs(mi[9 + d - 1] - truth) < bound);
    }
    spk_information_peak peaks[2];
    CU_ASSERT_EQUAL(spk_information_peaks(NULL, 2, 9, te, 5, peaks), SPK_OK);
    CU_ASSERT(isnan(peaks[0].value) && peaks[0].delay == -1 &&
              isnan(peaks[0].coincidence));
    CU_ASSERT(peaks[1].delay == DELAY - 1 && peaks[1].value == te[9 + DELAY - 1]);
    CU_ASSERT(peaks[1].coincidence > 0.99 && peaks[1].coincidence < 1.01);
    end_binned(&b);
}

/* A Markov pair: y stays as it is unless x was 1, when it is a fair coin. TE is known from the
 * stationary distribution, y uniform and independent of x's last bin: P(x = 1) = q. */
static void markov_pair(void)
{
    enum {
        N = 40000
    };
    static uint8_t x[2 * N];
    const double q = 0.3;
    spk_random random = {.seed = 13};
    for (int t = 0; t < N; t++) {
        x[t] = spk_random_uniform(&random) < q;
        const int y = t == 0 ? 0 : x[N + t - 1];
        x[N + t] = t > 0 && x[t - 1] ? spk_random_uniform(&random) < 0.5 : y;
    }
    binned b = make_binned(2, N, x, 0, NULL);
    spk_information_options o = ten_ms(1, 1);
    double te[4];
    o.bias = SPK_INFORMATION_MILLER_MADOW;
    CU_ASSERT_EQUAL(spk_transfer_entropy_estimate(NULL, b.trains, &o, 0, 2, te, NULL),
                    SPK_OK);
    /* H(y | past) - H(y | past, x) */
    const double truth = entropy_of(q / 2) - q;
    CU_ASSERT(fabs(te[1] - truth) < 4 * 2.0 / sqrt(N));
    CU_ASSERT(fabs(te[1] - truth) < 0.05 * truth);
    CU_ASSERT(fabs(te[2]) < 4 * sqrt(2 * 2.0) / (2 * N * LN2)); /* nothing back */
    end_binned(&b);
}

/* Independent trains: the plug-in estimate is biased by K / (2 N ln 2), both corrections are
 * right on average, and p below a tenth comes in a tenth of pairs. */
static void independent_trains(void)
{
    enum {
        N_UNITS = 16,
        N = 1500
    };
    static uint8_t x[N_UNITS * N];
    static double values[3][N_UNITS * N_UNITS], p[N_UNITS * N_UNITS];
    spk_random random = {.seed = 14};
    for (int i = 0; i < N_UNITS * N; i++)
        x[i] = spk_random_uniform(&random) < 0.25;
    binned b = make_binned(N_UNITS, N, x, 0, NULL);
    spk_information_options o = ten_ms(1, 1);
    spk_surrogates_options anywhere;
    spk_surrogates_options_init(&anywhere, sizeof anywhere);
    anywhere.method = SPK_SURROGATE_TRAIN_DITHER;
    anywhere.width_s = INFINITY;
    anywhere.least_s = 0.5;
    o.surrogates = &anywhere;
    o.n_surrogates = 39;
    for (int32_t bias = 0; bias < 3; bias++) {
        o.bias = bias;
        CU_ASSERT_EQUAL(spk_transfer_entropy_estimate(NULL, b.trains, &o, 0, N_UNITS,
                                                      values[bias], p),
                        SPK_OK);
    }
    double mean[3] = {0}, square[3] = {0}, n = 0, n_low = 0;
    for (int i = 0; i < N_UNITS * N_UNITS; i++) {
        if (i % (N_UNITS + 1) == 0) {
            CU_ASSERT(isnan(p[i]));
            continue;
        }
        n++;
        n_low += p[i] <= 0.1;
        for (int bias = 0; bias < 3; bias++) {
            mean[bias] += values[bias][i];
            square[bias] += values[bias][i] * values[bias][i];
        }
    }
    for (int bias = 0; bias < 3; bias++) {
        mean[bias] /= n;
        const double sd = sqrt(square[bias] / n - mean[bias] * mean[bias]);
        const double truth = bias == 0 ? 2 / (2.0 * (N - 1) * LN2) : 0;
        CU_ASSERT(fabs(mean[bias] - truth) < 4 * sd / sqrt(n));
    }
    CU_ASSERT(mean[0] > 5 * fabs(mean[1]));
    CU_ASSERT(fabs(n_low / n - 0.1) < 4 * sqrt(0.09 / n));
    end_binned(&b);
}

/* Of independent trains, whatever they are in themselves, p of the default surrogates is at
 * most 0.05 in a twentieth of pairs. Spikes that are dithered one by one find the bursts. */
static void level_of_bursty_trains(void)
{
    enum {
        N_UNITS = 8,
        N = 20000, /* bins of 1 ms */
        REPEATS = 10,
        PAIRS = N_UNITS * (N_UNITS - 1)
    };
    static int64_t samples[N_UNITS * N];
    static int32_t units[N_UNITS * N];
    static uint8_t fires[N_UNITS][N];
    for (int kind = 0; kind < 3; kind++) { /* Poisson, bursts, bursts dithered */
        spk_random random = {.seed = (uint64_t)kind + 40};
        double n_low[2] = {0};
        for (int repeat = 0; repeat < (kind < 2 ? REPEATS : 2); repeat++) {
            const int n_burst = kind == 0 ? 1 : 5;
            int64_t n = 0;
            memset(fires, 0, sizeof fires);
            for (int u = 0; u < N_UNITS; u++)
                for (int t = 0; t < N; t++)
                    if (spk_random_uniform(&random) < (kind == 0 ? 0.02 : 0.002))
                        for (int k = 0; k < n_burst && t + 3 * k < N; k++)
                            fires[u][t + 3 * k] = 1;
            for (int t = 0; t < N; t++)
                for (int u = 0; u < N_UNITS; u++)
                    if (fires[u][t]) {
                        samples[n] = t;
                        units[n++] = u;
                    }
            const spk_spikes spikes = {n, N_UNITS, samples, units, 1000, 0, N};
            spk_trains *trains = NULL;
            CU_ASSERT_EQUAL_FATAL(spk_trains_create(NULL, &spikes, NULL, &trains),
                                  SPK_OK);
            spk_information_options o;
            spk_surrogates_options dither;
            spk_information_options_init(&o, sizeof o);
            spk_surrogates_options_init(&dither, sizeof dither);
            dither.width_s = 0.01;
            o.n_surrogates = 19;
            o.last_delay = 4;
            if (kind == 2)
                o.surrogates = &dither;
            for (int k = 0; k < 2; k++) {
                static double values[N_UNITS * N_UNITS * 5];
                double p[N_UNITS * N_UNITS];
                CU_ASSERT_EQUAL((k == 0 ? spk_mutual_information_estimate
                                        : spk_transfer_entropy_estimate)(
                                    NULL, trains, &o, 0, N_UNITS, values, p),
                                SPK_OK);
                for (int i = 0; i < N_UNITS * N_UNITS; i++)
                    n_low[k] += p[i] <= 0.05;
            }
            spk_trains_destroy(trains);
        }
        for (int k = 0; k < 2; k++) {
            const double share = n_low[k] / (PAIRS * (kind < 2 ? REPEATS : 2));
            if (kind == 2)
                CU_ASSERT(share > 0.4)
            else
                CU_ASSERT(fabs(share - 0.05) < 4 * sqrt(0.05 * 0.95 / (PAIRS * REPEATS)))
        }
    }
}

/* Delays that are not given are the least of each measure. */
static void default_delays(void)
{
    static uint8_t x[UNITS * BINS];
    random_bins(x, 9);
    binned b = make_binned(UNITS, BINS, x, 0, NULL);
    for (int k = 0; k < 2; k++) {
        spk_status (*const estimate)(spk_context *, const spk_trains *,
                                     const spk_information_options *, int64_t, int64_t,
                                     double *, double *) =
            k == 0 ? spk_mutual_information_estimate : spk_transfer_entropy_estimate;
        double given[UNITS * UNITS * 3], found[UNITS * UNITS * 3];
        static const int64_t last[] = {-1, -1, 3}, first[] = {-1, 2, -1};
        for (int m = 0; m < 3; m++) {
            const int64_t from = first[m] < 0 ? k : first[m];
            const int64_t to = last[m] < 0 ? from : k + 2;
            const int64_t n = UNITS * UNITS * (to - from + 1);
            spk_information_options o = ten_ms(from, to);
            CU_ASSERT_EQUAL(estimate(NULL, b.trains, &o, 0, UNITS, given, NULL), SPK_OK);
            spk_information_options_init(&o, sizeof o);
            CU_ASSERT(o.first_delay == -1 && o.last_delay == -1);
            o.bin_s = 0.01;
            o.bias = SPK_INFORMATION_PLUG_IN;
            o.first_delay = first[m];
            o.last_delay = last[m] < 0 ? -1 : to;
            CU_ASSERT_EQUAL(estimate(NULL, b.trains, &o, 0, UNITS, found, NULL), SPK_OK);
            for (int64_t i = 0; i < n; i++)
                CU_ASSERT(given[i] == found[i] || (isnan(given[i]) && isnan(found[i])));
        }
    }
    end_binned(&b);
}

/* p from its definition: the surrogates' own tables, estimated one by one. */
static void p_by_definition(void)
{
    static uint8_t x[UNITS * BINS];
    random_bins(x, 8);
    binned b = make_binned(UNITS, BINS, x, 0, NULL);
    enum {
        S = 7,
        D = 3
    };
    spk_information_options o = ten_ms(1, D);
    spk_surrogates_options how;
    double own[UNITS * UNITS * D], p[UNITS * UNITS], off[UNITS * UNITS * D];
    spk_surrogates_options_init(&how, sizeof how);
    how.method = SPK_SURROGATE_TRAIN_DITHER; /* the default */
    how.width_s = INFINITY;
    CU_ASSERT_EQUAL(
        spk_transfer_entropy_estimate(NULL, b.trains, &o, 0, UNITS, own, NULL), SPK_OK);
    o.n_surrogates = S;
    o.bias = SPK_INFORMATION_SURROGATES;
    CU_ASSERT_EQUAL(spk_transfer_entropy_estimate(NULL, b.trains, &o, 0, UNITS, off, p),
                    SPK_OK);
    spk_surrogates *s = NULL;
    CU_ASSERT_EQUAL_FATAL(spk_surrogates_create(NULL, b.trains, &how, &s), SPK_OK);
    for (int source = 0; source < UNITS; source++) {
        double sums[UNITS * D] = {0};
        int as_large[UNITS] = {0};
        for (int64_t k = 0; k < S; k++) {
            /* the table with this source replaced */
            uint8_t changed[UNITS * BINS];
            int64_t times[BINS], n;
            double te[UNITS * D];
            memcpy(changed, x, sizeof changed);
            memset(changed + source * BINS, 0, BINS);
            CU_ASSERT_EQUAL(spk_surrogates_draw(NULL, s, source, k, times, &n), SPK_OK);
            for (int64_t i = 0; i < n; i++)
                if (times[i] / 10 < BINS)
                    changed[source * BINS + times[i] / 10] = 1;
            binned other = make_binned(UNITS, BINS, changed, 0, NULL);
            spk_information_options plain = ten_ms(1, D);
            CU_ASSERT_EQUAL(spk_transfer_entropy_estimate(NULL, other.trains, &plain,
                                                          source, source + 1, te, NULL),
                            SPK_OK);
            end_binned(&other);
            for (int u = 0; u < UNITS; u++) {
                double largest = -1, mine = -1;
                for (int d = 0; d < D; d++) {
                    sums[u * D + d] += te[u * D + d];
                    largest = fmax(largest, te[u * D + d]);
                    mine = fmax(mine, own[(source * UNITS + u) * D + d]);
                }
                as_large[u] += largest >= mine;
            }
        }
        for (int u = 0; u < UNITS; u++) {
            const int pair = source * UNITS + u;
            if (u == source)
                continue;
            CU_ASSERT_EQUAL(p[pair], (1.0 + as_large[u]) / (1 + S));
            for (int d = 0; d < D; d++)
                CU_ASSERT(fabs(off[pair * D + d] -
                               (own[pair * D + d] - sums[u * D + d] / S)) < 1e-14);
        }
    }
    spk_surrogates_destroy(s);
    end_binned(&b);
}

/* Threads, shards, and more sources than a task takes. */
static void threads_and_shards(void)
{
    enum {
        N_UNITS = 40,
        N = 300
    };
    static uint8_t x[N_UNITS * N];
    static double first[N_UNITS * N_UNITS], other[N_UNITS * N_UNITS],
        p[2][N_UNITS * N_UNITS];
    spk_random random = {.seed = 15};
    for (int i = 0; i < N_UNITS * N; i++)
        x[i] = spk_random_uniform(&random) < 0.2;
    binned b = make_binned(N_UNITS, N, x, 0, NULL);
    spk_information_options o = ten_ms(1, 1);
    o.n_surrogates = 3;
    o.bias = SPK_INFORMATION_SURROGATES;
    for (int32_t threads = 1; threads <= 4; threads *= 2) {
        spk_context *ctx = NULL;
        CU_ASSERT_EQUAL_FATAL(spk_context_create(&ctx), SPK_OK);
        CU_ASSERT_EQUAL(spk_context_set_threads(ctx, threads), SPK_OK);
        double *out = threads == 1 ? first : other;
        CU_ASSERT_EQUAL(spk_transfer_entropy_estimate(ctx, b.trains, &o, 0, N_UNITS, out,
                                                      p[threads > 1]),
                        SPK_OK);
        if (threads > 1) {
            CU_ASSERT_EQUAL(memcmp(first, other, sizeof first), 0);
            CU_ASSERT_EQUAL(memcmp(p[0], p[1], sizeof p[0]), 0);
        }
        spk_context_destroy(ctx);
    }
    for (int64_t k = 0; k < 3; k++) {
        const int64_t from = k * N_UNITS / 3, to = (k + 1) * N_UNITS / 3;
        CU_ASSERT_EQUAL(spk_transfer_entropy_estimate(NULL, b.trains, &o, from, to,
                                                      other + from * N_UNITS,
                                                      p[1] + from * N_UNITS),
                        SPK_OK);
    }
    CU_ASSERT_EQUAL(memcmp(first, other, sizeof first), 0);
    CU_ASSERT_EQUAL(memcmp(p[0], p[1], sizeof p[0]), 0);
    end_binned(&b);
}

/* ---- ends and errors ---- */

static void ends(void)
{
    uint8_t x[2 * 30] = {0};
    double out[4], p[4];
    for (int t = 0; t < 30; t++)
        x[30 + t] =
            1; /* a silent unit and one that fires in every bin: nothing to know */
    binned b = make_binned(2, 30, x, 0, NULL);
    spk_information_options o = ten_ms(1, 1);
    o.n_surrogates = 2;
    CU_ASSERT_EQUAL(spk_transfer_entropy_estimate(NULL, b.trains, &o, 0, 2, out, p),
                    SPK_OK);
    CU_ASSERT(out[1] == 0 && out[2] == 0 && p[1] == 1 && p[2] == 1);
    /* a delay beyond the recording: no bins at all */
    o.first_delay = o.last_delay = 30;
    CU_ASSERT_EQUAL(spk_transfer_entropy_estimate(NULL, b.trains, &o, 0, 2, out, p),
                    SPK_OK);
    CU_ASSERT(isnan(out[1]) && isnan(out[2]) && isnan(p[1]));
    o.bin_s = 100;
    CU_ASSERT_EQUAL(spk_mutual_information_estimate(NULL, b.trains, &o, 0, 2, out, p),
                    SPK_OK);
    CU_ASSERT(isnan(out[1]) && isnan(p[2]));
    CU_ASSERT_EQUAL(
        spk_mutual_information_estimate(NULL, b.trains, NULL, 1, 1, NULL, NULL), SPK_OK);
    end_binned(&b);
    int64_t counts[4] = {0}, patterns = 5;
    CU_ASSERT(isnan(spk__information_of(counts, 1, 1, &patterns)) && patterns == 0);
}

static void errors(void)
{
    uint8_t x[2 * 30] = {0};
    double out[4];
    binned b = make_binned(2, 30, x, 0, NULL);
    spk_context *ctx = NULL;
    CU_ASSERT_EQUAL_FATAL(spk_context_create(&ctx), SPK_OK);
    static const struct {
        int field;
        double value;
        const char *message;
    } table[] = {
        {0, 0, "bin_s must be above 0, got 0"},
        {0, NAN, "bin_s must be above 0, got nan"},
        {1, 0, "target_history must be in 1 .. 5, got 0"},
        {1, 6, "target_history must be in 1 .. 5, got 6"},
        {2, 4, "source_history must be in 1 .. 3, got 4"},
        {3, 0,
         "first_delay and last_delay must be in 1 .. 100000, rising, and at most 1023 "
         "apart, got 0 and 0"},
        {3, -2,
         "first_delay and last_delay must be in 1 .. 100000, rising, and at most 1023 "
         "apart, got -2 and -2"},
        {3, 100001,
         "first_delay and last_delay must be in 1 .. 100000, rising, and at most 1023 "
         "apart, got 100001 and 100001"},
        {4, 0,
         "first_delay and last_delay must be in 1 .. 100000, rising, and at most 1023 "
         "apart, got 1 and 0"},
        {4, 1025,
         "first_delay and last_delay must be in 1 .. 100000, rising, and at most "
         "1023 apart, got 1 and 1025"},
        {5, 3, "bias must be in 0 .. 2, got 3"},
        {5, 2, "bias 2 needs n_surrogates above 0"},
        {6, -1, "n_surrogates must be in 0 .. 1000000, got -1"},
        {7, 0, "options: not filled by spk_information_options_init()"},
    };
    for (size_t k = 0; k < sizeof table / sizeof table[0]; k++) {
        spk_information_options o;
        spk_information_options_init(&o, sizeof o);
        const double v = table[k].value;
        int64_t *whole[] = {
            &o.target_history, &o.source_history, &o.first_delay, &o.last_delay, NULL,
            &o.n_surrogates};
        if (table[k].field == 0)
            o.bin_s = v;
        else if (table[k].field == 5)
            o.bias = (int32_t)v;
        else if (table[k].field == 7)
            o.struct_size = 8;
        else
            *whole[table[k].field - 1] = (int64_t)v;
        CU_ASSERT_EQUAL(spk_transfer_entropy_estimate(ctx, b.trains, &o, 0, 2, out, NULL),
                        SPK_ERR_ARGUMENT);
        CU_ASSERT_STRING_EQUAL(spk_context_message(ctx), table[k].message);
    }
    CU_ASSERT_EQUAL(spk_transfer_entropy_estimate(ctx, NULL, NULL, 0, 2, out, NULL),
                    SPK_ERR_ARGUMENT);
    CU_ASSERT_EQUAL(spk_transfer_entropy_estimate(ctx, b.trains, NULL, 0, 2, NULL, NULL),
                    SPK_ERR_ARGUMENT);
    CU_ASSERT_EQUAL(spk_transfer_entropy_estimate(ctx, b.trains, NULL, 0, 3, out, NULL),
                    SPK_ERR_ARGUMENT);
    CU_ASSERT_EQUAL(spk_transfer_entropy_estimate(ctx, b.trains, NULL, 2, 1, out, NULL),
                    SPK_ERR_ARGUMENT);
    spk_information_peak peak;
    CU_ASSERT_EQUAL(spk_information_peaks(ctx, 1, 0, out, 1, &peak), SPK_ERR_ARGUMENT);
    CU_ASSERT_EQUAL(spk_information_peaks(ctx, 1, 1, out, 2, &peak), SPK_ERR_ARGUMENT);
    CU_ASSERT_EQUAL(spk_information_peaks(ctx, 1, 1, NULL, 1, &peak), SPK_ERR_ARGUMENT);
    CU_ASSERT_EQUAL(spk_information_peaks(ctx, 0, 1, NULL, 1, NULL), SPK_OK);
    /* the runs of periods differ from unit to unit */
    static const int64_t offsets[] = {0, 1, 2}, starts[] = {0, 50}, stops[] = {100, 200};
    const spk_periods periods = {2, offsets, starts, stops};
    spk_trains_options options;
    spk_trains *cut = NULL;
    spk_trains_options_init(&options, sizeof options);
    options.periods = &periods;
    CU_ASSERT_EQUAL_FATAL(spk_trains_create(NULL, &b.spikes, &options, &cut), SPK_OK);
    CU_ASSERT_EQUAL(spk_mutual_information_estimate(ctx, cut, NULL, 0, 2, out, NULL),
                    SPK_ERR_ARGUMENT);
    CU_ASSERT_STRING_EQUAL(
        spk_context_message(ctx),
        "trains: expected the same runs for all units, found others for "
        "unit 1 (group them without periods)");
    spk_trains_destroy(cut);
    spk_information_options_init(NULL, 8);
    spk_context_destroy(ctx);
    end_binned(&b);
}

static spk_status estimate(spk_context *ctx, void *argument)
{
    const binned *b = argument;
    double out[4], p[4];
    spk_information_options o = ten_ms(1, 1);
    o.n_surrogates = 1;
    return spk_transfer_entropy_estimate(ctx, b->trains, &o, 0, 2, out, p);
}

static void failed_allocations(void)
{
    uint8_t x[2 * 30] = {0, 1, 0, 1};
    binned b = make_binned(2, 30, x, 0, NULL);
    CU_ASSERT(suite_fail_allocations(estimate, &b) >= 12);
    end_binned(&b);
}

static const suite_test tests[] = {
    {"by hand", by_hand},
    {"equal the definition", equal_the_definition},
    {"equal the definition across tiles", equal_the_definition_across_tiles},
    {"noisy copy", noisy_copy},
    {"markov pair", markov_pair},
    {"independent trains", independent_trains},
    {"level of bursty trains", level_of_bursty_trains},
    {"default delays", default_delays},
    {"p by definition", p_by_definition},
    {"threads and shards", threads_and_shards},
    {"ends", ends},
    {"errors", errors},
    {"failed allocations", failed_allocations},
};
SUITE_MAIN("information", tests)
