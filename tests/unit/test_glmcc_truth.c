/* SPDX-License-Identifier: BSD-3-Clause */
/* GLMCC where the couplings are known: bias, coverage of standard errors, false positives. */
#include "suite.h"

#include <math.h>
#include <spikekit/glmcc.h>
#include <spikekit/random.h>
#include <stdlib.h>

enum {
    BINS = 100,
    FINE = 8 /* lags drawn for each bin */
};

static double influence(double time_ms, double delay_ms)
{
    return time_ms >= delay_ms ? exp(-(time_ms - delay_ms) / 4.0) : 0.0;
}

/* ---- correlograms drawn from the model ---- */

/* A background that wanders as the prior says, and Poisson counts about it. */
static void draw_correlogram(spk_random *random, double level, double smoothness,
                             const double coupling[2], double delay, double *counts,
                             double *sums)
{
    double background = log(level);
    sums[0] = sums[1] = 0;
    for (int k = 0; k < BINS; k++) {
        counts[k] = 0;
        for (int i = 0; i < FINE; i++) {
            const double t = k - BINS / 2 + (i + 0.5) / FINE;
            const double f[2] = {influence(t, delay), influence(-t, delay)};
            const double n = (double)spk_random_poisson(
                random, exp(background + coupling[0] * f[0] + coupling[1] * f[1]) / FINE);
            counts[k] += n;
            sums[0] += n * f[0];
            sums[1] += n * f[1];
        }
        background += spk_random_normal(random) / sqrt(smoothness);
    }
}

/* 95 % intervals hold the truth 95 % of the time, at few counts and at many. */
static void intervals_cover(void)
{
    enum {
        N = 1000
    };
    static const double levels[] = {20, 200, 5000};
    for (int l = 0; l < 3; l++) {
        spk_random random = {.seed = 11, .stream = (uint32_t)l};
        double sum = 0, squares = 0;
        int covered = 0;
        spk_glmcc_options options;
        spk_glmcc_options_init(&options, sizeof options);
        options.first_delay_bins = options.last_delay_bins = 2;
        for (int repeat = 0; repeat < N; repeat++) {
            const double truth[2] = {0.4, l == 0 ? 0.0 : -0.3};
            double counts[BINS], sums[2];
            spk_glmcc_result r;
            draw_correlogram(&random, levels[l], 4000, truth, 2, counts, sums);
            CU_ASSERT_EQUAL_FATAL(
                spk_glmcc_fit_counts(NULL, counts, sums, &options, &r, NULL), SPK_OK);
            CU_ASSERT(r.converged);
            for (int side = 0; side < 2; side++) {
                const double z =
                    (r.coupling[side] - truth[side]) / r.standard_error[side];
                covered += fabs(z) < 1.959964;
                sum += z;
                squares += z * z;
            }
        }
        const double share = covered / (2.0 * N), mean = sum / (2.0 * N);
        /* four standard errors of a share of 0.95 of 2000 are 0.02 */
        CU_ASSERT(share > 0.93 && share < 0.97);
        CU_ASSERT_DOUBLE_EQUAL(squares / (2.0 * N), 1.0, 4 * sqrt(2 / (2.0 * N)) + 0.05);
        /* few counts: the log of a small number is skewed, a tenth of an error at 20 */
        CU_ASSERT_DOUBLE_EQUAL(mean, 0, 4 / sqrt(2.0 * N) + 0.5 / sqrt(levels[l]));
    }
}

/* ---- spiking neurons ---- */

/* A rate that both neurons share, about 1: periods of 0.4 s and 0.92 s. */
static double modulation(double t_s, double depth)
{
    return exp(depth * (sin(15.708 * t_s) + sin(6.83 * t_s + 1)));
}

typedef struct neurons {
    int64_t *samples; /* 30 kHz */
    int32_t *units;
    spk_spikes spikes;
    spk_trains *trains;
} neurons;

/* The logarithm of what the others' spikes make of a neuron's rate: sum of J f, delay 2 ms. */
static double drive(const neurons *made, int32_t target, int32_t n,
                    const double *coupling, int64_t sample)
{
    double sum = 0;
    for (int64_t k = made->spikes.n_spikes - 1; k >= 0; k--) {
        const double age_s = (double)(sample - made->samples[k]) / 30000;
        if (age_s > 0.06)
            break;
        if (age_s >= 0.002)
            sum += coupling[made->units[k] * n + target] * exp(-(age_s - 0.002) / 0.004);
    }
    return sum;
}

/*
 * Neurons with the hazard rate(t) exp(sum of J f over the spikes of the others): the correlogram
 * of a coupled pair is then exp(J f) times what is slow. By thinning, under a bound that holds as
 * long as no more than 2.5 spikes' worth of f add up.
 * @param coupling [n][n] from, to
 */
static neurons simulate(uint32_t stream, double duration_s, double rate_hz, double depth,
                        int32_t n, const double *coupling)
{
    const int64_t room = (int64_t)(4 * n * rate_hz * duration_s) + 1000;
    const double top = exp(2 * depth);
    spk_random random = {.seed = 7, .stream = stream};
    double t = 0, bound = 1;
    neurons made = {.samples = malloc((size_t)room * sizeof *made.samples),
                    .units = malloc((size_t)room * sizeof *made.units)};
    for (int32_t j = 0; j < n; j++) {
        double most = 0;
        for (int32_t i = 0; i < n; i++)
            most += fmax(2.5 * coupling[i * n + j], 0);
        bound = fmax(bound, exp(most));
    }
    int64_t n_spikes = 0;
    while ((t += spk_random_exponential(&random) / (n * rate_hz * top * bound)) <
           duration_s) {
        const int32_t unit = (int32_t)(spk_random_uniform(&random) * n);
        const int64_t sample = (int64_t)(t * 30000);
        const double level = spk_random_uniform(&random) * top * bound;
        if (level < modulation(t, depth) * exp(drive(&made, unit, n, coupling, sample)) &&
            n_spikes < room) {
            made.samples[n_spikes] = sample;
            made.units[n_spikes] = unit;
            made.spikes.n_spikes = ++n_spikes;
        }
    }
    CU_ASSERT_FATAL(n_spikes < room);
    made.spikes.n_units = n;
    made.spikes.samples = made.samples;
    made.spikes.units = made.units;
    made.spikes.sampling_rate_hz = 30000;
    made.spikes.stop_sample = (int64_t)(duration_s * 30000) + 1;
    CU_ASSERT_EQUAL_FATAL(spk_trains_create(NULL, &made.spikes, NULL, &made.trains),
                          SPK_OK);
    return made;
}

static void free_neurons(neurons *made)
{
    spk_trains_destroy(made->trains);
    free(made->samples);
    free(made->units);
}

typedef struct outcome {
    double bias[2], spread[2]; /* of J: mean error, its standard deviation */
    double cover[2];           /* share of 95 % intervals that hold J */
    double significant[2];     /* share of pairs */
    double below_5_percent[2]; /* share of p */
} outcome;

static outcome fit_pairs_of(int n, double rate_hz, double depth, double coupling,
                            int32_t rule, int is_delay_known)
{
    static const int32_t pair[1][2] = {{0, 1}};
    const double matrix[4] = {0, coupling, 0, 0}, truth[2] = {coupling, 0};
    outcome o = {0};
    for (int k = 0; k < n; k++) {
        neurons made = simulate((uint32_t)k, 400, rate_hz, depth, 2, matrix);
        spk_glmcc_options options;
        spk_glmcc_result r;
        spk_glmcc_options_init(&options, sizeof options);
        spk_glmcc_options_set_rule(&options, rule);
        if (is_delay_known)
            options.first_delay_bins = options.last_delay_bins = 2;
        CU_ASSERT_EQUAL_FATAL(
            spk_glmcc_fit_pairs(NULL, made.trains, pair, 1, &options, &r, NULL), SPK_OK);
        for (int side = 0; side < 2; side++) {
            const double error = r.coupling[side] - truth[side];
            o.bias[side] += error / n;
            o.spread[side] += error * error / n;
            o.cover[side] +=
                (fabs(error) < 1.959964 * r.standard_error[side]) / (double)n;
            o.significant[side] += r.significant[side] / (double)n;
            o.below_5_percent[side] += (r.log_p[side] < log(0.05)) / (double)n;
        }
        free_neurons(&made);
    }
    for (int side = 0; side < 2; side++)
        o.spread[side] = sqrt(o.spread[side] - o.bias[side] * o.bias[side]);
    return o;
}

/* Some 160 pairs a bin, alone and under shared modulation: J comes back, its intervals hold
 * it (more often than 95 %, for this background is smoother than the prior allows), and it is
 * found; the direction without a synapse is not. */
static void couplings_come_back(void)
{
    enum {
        N = 40
    };
    static const double couplings[] = {0.8, 0.8, -0.8};
    for (int c = 0; c < 3; c++) {
        const outcome o =
            fit_pairs_of(N, 20, c == 1 ? 0.3 : 0, couplings[c], SPK_GLMCC_THRESHOLD, 1);
        for (int side = 0; side < 2; side++) {
            CU_ASSERT_DOUBLE_EQUAL(o.bias[side], 0, 4 * o.spread[side] / sqrt(N) + 0.01);
            CU_ASSERT(o.cover[side] > 0.95 - 4 * sqrt(0.95 * 0.05 / N));
        }
        CU_ASSERT(o.significant[0] > 0.95);
        CU_ASSERT(o.significant[1] < 0.05);
    }
}

/* No synapse, the delay searched: 2 % at most by the size of J, 1e-4 by the ratio. With the
 * delay known p is no smaller than it should be. */
static void false_positives(void)
{
    enum {
        N = 100
    };
    for (int32_t rule = 0; rule < 2; rule++) {
        const outcome searched = fit_pairs_of(N, 20, 0.2, 0, rule, 0);
        const outcome known = fit_pairs_of(N, 20, 0.2, 0, rule, 1);
        for (int side = 0; side < 2; side++) {
            CU_ASSERT(searched.significant[side] <= (rule == 0 ? 0.04 : 0.0));
            CU_ASSERT(known.below_5_percent[side] <= 0.05 + 4 * sqrt(0.05 * 0.95 / N));
        }
    }
}

/* A network: three synapses in thirty directions, whose J come back; and hardly others. */
static void network(void)
{
    enum {
        N = 6,
        PAIRS = N * (N - 1) / 2
    };
    double truth[N][N] = {{0}};
    truth[0][1] = 0.7;
    truth[2][1] = -0.7;
    truth[3][4] = 0.5;
    neurons made = simulate(77, 1500, 12, 0.2, N, truth[0]);
    int32_t pairs[PAIRS][2];
    spk_glmcc_result results[PAIRS];
    int n = 0, n_found[2] = {0};
    for (int32_t i = 0; i < N; i++)
        for (int32_t j = i + 1; j < N; j++, n++) {
            pairs[n][0] = j; /* either order */
            pairs[n][1] = i;
        }
    for (int32_t rule = 0; rule < 2; rule++) {
        spk_glmcc_options options;
        spk_glmcc_options_init(&options, sizeof options);
        spk_glmcc_options_set_rule(&options, rule);
        options.first_delay_bins = options.last_delay_bins = 2;
        CU_ASSERT_EQUAL_FATAL(spk_glmcc_fit_pairs(NULL, made.trains,
                                                  (const int32_t(*)[2])pairs, PAIRS,
                                                  &options, results, NULL),
                              SPK_OK);
        for (int p = 0; p < PAIRS; p++)
            for (int side = 0; side < 2; side++) {
                const double expected = truth[pairs[p][side]][pairs[p][1 - side]];
                CU_ASSERT_DOUBLE_EQUAL(results[p].coupling[side], expected,
                                       3.5 * results[p].standard_error[side]);
                CU_ASSERT(results[p].significant[side] || expected == 0);
                n_found[rule] += results[p].significant[side];
            }
    }
    /* the threshold is some 2.3 standard errors here: one of 27 may pass */
    CU_ASSERT(n_found[0] <= 4);
    CU_ASSERT_EQUAL(n_found[1], 3);
    free_neurons(&made);
}

static const suite_test tests[] = {
    {"intervals cover", intervals_cover},
    {"couplings come back", couplings_come_back},
    {"false positives", false_positives},
    {"network", network},
};

SUITE_MAIN("glmcc_truth", tests)
