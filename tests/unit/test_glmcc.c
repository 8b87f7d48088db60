/* SPDX-License-Identifier: BSD-3-Clause */
/* Couplings of pairs: the count and the fit against their definitions, identities, errors. */
#include "correlation/glmcc_model.h"
#include "suite.h"

#include <math.h>
#include <spikekit/glmcc.h>
#include <spikekit/random.h>
#include <stdlib.h>

enum {
    BINS = 100,
    DELAYS = 4
};

/* A fit with what it was made of. */
typedef struct fitted {
    double counts[BINS], sums[DELAYS][2], background[BINS];
    spk_glmcc_result result;
} fitted;

static spk_glmcc_options default_options(void)
{
    spk_glmcc_options options;
    spk_glmcc_options_init(&options, sizeof options);
    return options;
}

/* The same bits, NaN or not; the struct ends in padding. */
static int are_same(const spk_glmcc_result *a, const spk_glmcc_result *b)
{
    return memcmp(a, b, offsetof(spk_glmcc_result, converged)) == 0 &&
           a->converged == b->converged;
}

static void fit(fitted *f, const spk_glmcc_options *options, int with_sums)
{
    CU_ASSERT_EQUAL_FATAL(spk_glmcc_fit_counts(NULL, f->counts,
                                               with_sums ? f->sums[0] : NULL, options,
                                               &f->result, f->background),
                          SPK_OK);
}

static double influence(double time, double delay, double tau)
{
    return time >= delay ? exp(-(time - delay) / tau) : 0.0;
}

/* Random counts about a slow background, with couplings. */
static void draw_counts(spk_random *random, double level, const double coupling[2],
                        double delay, fitted *f)
{
    memset(f->sums, 0, sizeof f->sums);
    for (int k = 0; k < BINS; k++) {
        f->counts[k] = 0;
        /* ten lags a bin, none on an edge */
        for (int i = 0; i < 10; i++) {
            const double t = k - BINS / 2 + (i + 0.5) / 10;
            const double mean =
                0.1 * level *
                exp(0.1 * cos(t / 12) + coupling[0] * influence(t, delay, 4) +
                    coupling[1] * influence(-t, delay, 4));
            const double n = (double)spk_random_poisson(random, mean);
            f->counts[k] += n;
            for (int d = 0; d < DELAYS; d++) {
                f->sums[d][0] += n * influence(t, d + 1, 4);
                f->sums[d][1] += n * influence(-t, d + 1, 4);
            }
        }
    }
}

/* ---- the model ---- */

/* Integrals of f^m exp(J f) over a bin by the midpoint rule with Richardson's correction. */
static double moment_by_definition(double coupling, double tau, double left, double bin,
                                   int power)
{
    double coarse = 0, fine = 0;
    for (int half = 0; half < 2; half++) {
        const int n = half == 0 ? 200 : 400;
        double sum = 0;
        for (int i = 0; i < n; i++) {
            const double f = exp(-(left + (i + 0.5) / n * bin) / tau);
            sum += pow(f, power) * exp(coupling * f);
        }
        coarse = fine;
        fine = sum * bin / n;
    }
    return fine + (fine - coarse) / 3;
}

static void moments_are_integrals(void)
{
    static const double couplings[] = {-3, -0.7, -1e-4, 0, 1e-9, 1e-3, 0.5, 2, 5};
    spk_glmcc_options options = default_options();
    for (int shape = 0; shape < 3; shape++) {
        spk__glmcc_plan plan;
        options.bin_s = shape == 1 ? 0.0005 : 0.001;
        options.tau_s = shape == 2 ? 0.02 : 0.004;
        CU_ASSERT_EQUAL_FATAL(spk__glmcc_plan_create(NULL, &options, 0, &plan), SPK_OK);
        double *moments = malloc(3 * (size_t)plan.n_edges * sizeof *moments);
        for (size_t c = 0; c < sizeof couplings / sizeof *couplings; c++) {
            for (int64_t n = 1; n <= plan.half; n += 7) {
                spk__glmcc_moments(&plan, couplings[c], n, moments);
                const int64_t m = n - 1;
                for (int power = 0; power < 3; power++) {
                    const double expected = moment_by_definition(
                        couplings[c], plan.tau, (double)m * plan.bin, plan.bin, power);
                    const double value = moments[power * plan.n_edges + m];
                    CU_ASSERT_DOUBLE_EQUAL(value, expected,
                                           1e-10 * expected + 1e-14 * plan.tau);
                }
            }
        }
        free(moments);
        spk__glmcc_plan_destroy(&plan);
    }
}

/* The log posterior straight from the definition, integrals by quadrature. */
static double posterior(const fitted *f, double smoothness, double delay,
                        const double *background, const double *coupling)
{
    double value = 0;
    const int d = (int)delay - 1;
    for (int side = 0; side < 2; side++)
        value += coupling[side] * f->sums[d][side];
    for (int k = 0; k < BINS; k++) {
        const double left = k - BINS / 2;
        double shape = 1;
        if (left >= delay)
            shape = moment_by_definition(coupling[0], 4, left - delay, 1, 0);
        if (-left - 1 >= delay)
            shape = moment_by_definition(coupling[1], 4, -left - 1 - delay, 1, 0);
        value += f->counts[k] * background[k] - exp(background[k]) * shape;
        if (k > 0)
            value -= 0.5 * smoothness * pow(background[k] - background[k - 1], 2);
    }
    return value;
}

/* At the maximum every slope is nought; and second differences give the standard errors. */
static void stands_at_the_maximum(void)
{
    spk_random random = {.seed = 5};
    const spk_glmcc_options options = default_options();
    for (int repeat = 0; repeat < 4; repeat++) {
        const double coupling[2] = {spk_random_normal(&random) * 0.5,
                                    spk_random_normal(&random) * 0.5};
        fitted f;
        draw_counts(&random, repeat == 0 ? 5 : 300, coupling, 1 + repeat, &f);
        fit(&f, &options, 1);
        CU_ASSERT(f.result.converged);
        const double delay = (double)f.result.delay_bins;
        const double at = posterior(&f, 4000, delay, f.background, f.result.coupling);
        CU_ASSERT_DOUBLE_EQUAL(f.result.log_posterior, at, 1e-9 * fabs(at));
        for (int k = -2; k < BINS; k += k < 0 ? 1 : 9) {
            double background[BINS], moved[2], values[2];
            const double h = 1e-3;
            for (int up = 0; up < 2; up++) {
                memcpy(background, f.background, sizeof background);
                memcpy(moved, f.result.coupling, sizeof moved);
                *(k < 0 ? moved + k + 2 : background + k) += up ? h : -h;
                values[up] = posterior(&f, 4000, delay, background, moved);
            }
            const double slope = (values[1] - values[0]) / (2 * h);
            const double curvature = (2 * at - values[0] - values[1]) / (h * h);
            /* what a slope of 1e-5 of a standard error looks like, and rounding */
            CU_ASSERT_DOUBLE_EQUAL(slope, 0, 2e-4 * sqrt(curvature) + 1e-8);
        }
    }
}

/* ---- the count ---- */

typedef struct owned_trains {
    int64_t *samples;
    int32_t *units;
    spk_spikes spikes;
    spk_trains *trains;
} owned_trains;

static owned_trains group(int64_t n, int64_t n_units, double rate_hz, int64_t stop)
{
    owned_trains t = {malloc(((size_t)n + 1) * sizeof *t.samples),
                      malloc(((size_t)n + 1) * sizeof *t.units),
                      {.n_spikes = n,
                       .n_units = n_units,
                       .sampling_rate_hz = rate_hz,
                       .stop_sample = stop},
                      NULL};
    t.spikes.samples = t.samples;
    t.spikes.units = t.units;
    return t;
}

static void close_group(owned_trains *t, const spk_epochs *epochs)
{
    spk_trains_options options;
    spk_trains_options_init(&options, sizeof options);
    options.epochs = epochs;
    CU_ASSERT_EQUAL_FATAL(spk_trains_create(NULL, &t->spikes, &options, &t->trains),
                          SPK_OK);
}

static void free_group(owned_trains *t)
{
    spk_trains_destroy(t->trains);
    free(t->samples);
    free(t->units);
}

/* Spikes at random on a coarse grid: many lags on edges, many ties. */
static owned_trains random_trains(uint64_t seed, int64_t n, int64_t n_units, int64_t stop,
                                  double rate_hz, const spk_epochs *epochs)
{
    spk_random random = {.seed = seed};
    owned_trains t = group(n, n_units, rate_hz, stop);
    for (int64_t k = 0; k < n; k++) {
        t.samples[k] = stop * k / n;
        if (k % 3 != 0)
            t.samples[k] -= t.samples[k] % 10;
        t.units[k] = (int32_t)(spk_random_uniform(&random) * (double)n_units);
    }
    for (int64_t k = 1; k < n; k++)
        if (t.samples[k] < t.samples[k - 1])
            t.samples[k] = t.samples[k - 1];
    close_group(&t, epochs);
    return t;
}

static int shares_epoch(const spk_epochs *epochs, int64_t s, int64_t t)
{
    for (int64_t e = 0; epochs != NULL && e < epochs->n_epochs; e++)
        if (s >= epochs->starts[e] && s < epochs->stops[e])
            return t >= epochs->starts[e] && t < epochs->stops[e];
    return epochs == NULL;
}

/* Every pair of spikes on its own; bins and edges in samples. */
static void count_by_definition(const owned_trains *t, const spk_epochs *epochs,
                                int32_t i, int32_t j, const spk_glmcc_options *o,
                                double *counts, double *sums)
{
    const double rate = t->spikes.sampling_rate_hz;
    const int64_t b = llround(o->bin_s * rate), half = o->n_bins / 2;
    const int64_t n_delays = o->last_delay_bins - o->first_delay_bins + 1;
    memset(counts, 0, (size_t)o->n_bins * sizeof *counts);
    memset(sums, 0, 2 * (size_t)n_delays * sizeof *sums);
    for (int64_t p = 0; p < t->spikes.n_spikes; p++) {
        for (int64_t q = 0; q < t->spikes.n_spikes; q++) {
            if (t->units[p] != i || t->units[q] != j ||
                !shares_epoch(epochs, t->samples[p], t->samples[q]))
                continue;
            const int64_t lag = t->samples[q] - t->samples[p];
            /* half of the pair a little before its lag, half a little after */
            for (int after = 0; after < 2; after++) {
                const double place = (double)lag + (after ? 0.5 : -0.5);
                const int64_t k = (int64_t)floor(place / (double)b) + half;
                if (k < 0 || k >= o->n_bins)
                    continue;
                const int is_end = llabs(lag) == half * b;
                if (is_end && o->convention == SPK_GLMCC_KOBAYASHI)
                    continue;
                counts[k] += 0.5;
                if (k >= half - o->excluded_bins && k < half + o->excluded_bins)
                    continue;
                for (int64_t d = 0; d < n_delays; d++) {
                    const int64_t delay = (o->first_delay_bins + d) * b;
                    const int side = place < 0;
                    if (fabs(place) < (double)delay ||
                        (llabs(lag) == delay && o->convention == SPK_GLMCC_KOBAYASHI))
                        continue;
                    sums[2 * d + side] +=
                        0.5 * exp(-(double)(llabs(lag) - delay) / rate / o->tau_s);
                }
            }
        }
    }
}

static void counts_equal_the_definition(void)
{
    const int64_t starts[] = {100, 2000, 2300}, stops[] = {1500, 2250, 9000};
    const spk_epochs three = {3, starts, stops};
    for (int repeat = 0; repeat < 24; repeat++) {
        const spk_epochs *epochs = repeat % 2 ? &three : NULL;
        /* 0: 10 samples a bin; 1: 9.77 rounded to 10; 2: bins of one sample */
        static const double rates[] = {10000, 9765.625, 1000};
        owned_trains t =
            random_trains((uint64_t)repeat, 400, 3, repeat % 3 == 2 ? 4000 : 9000,
                          rates[repeat % 3], epochs);
        spk_glmcc_options o = default_options();
        o.convention = repeat / 3 % 2;
        o.excluded_bins = repeat / 6 % 3;
        o.n_bins = repeat % 5 == 4 ? 40 : 100;
        o.first_delay_bins = repeat % 4 == 2 && o.convention == 0 ? 0 : 1;
        const int64_t n_delays = o.last_delay_bins - o.first_delay_bins + 1;
        double counts[BINS], sums[10], counts_expected[BINS], sums_expected[10];
        int64_t n_sums = 0;
        CU_ASSERT_EQUAL(spk_glmcc_length(NULL, &o, &n_sums), SPK_OK);
        CU_ASSERT_EQUAL(n_sums, 2 * n_delays);
        for (int32_t i = 0; i < 3; i++)
            for (int32_t j = 0; j < 3; j++) {
                if (i == j)
                    continue;
                CU_ASSERT_EQUAL_FATAL(
                    spk_glmcc_count(NULL, t.trains, i, j, &o, counts, sums), SPK_OK);
                count_by_definition(&t, epochs, i, j, &o, counts_expected, sums_expected);
                for (int64_t k = 0; k < o.n_bins; k++)
                    CU_ASSERT_EQUAL(counts[k], counts_expected[k]);
                for (int64_t k = 0; k < n_sums; k++)
                    CU_ASSERT_DOUBLE_EQUAL(sums[k], sums_expected[k], 1e-10);
            }
        free_group(&t);
    }
}

/* One spike and one lag: an edge, the delay, the end of the window. */
static void counts_by_hand(void)
{
    static const struct {
        int64_t lag;
        int32_t convention;
        int bin, next; /* 0.5 each, or -1 */
        double sum;    /* of delay 1 bin, after */
    } cases[] = {
        {15, 0, 51, -1, 0.8824969025845955},
        {10, 0, 50, 51, 0.5},
        {10, 1, 50, 51, 0},
        {0, 0, 49, 50, 0},
        {500, 0, 99, -2, 0.5 * 4.78511739e-06},
        {500, 1, -1, -1, 0},
        {501, 0, -1, -1, 0},
    };
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        owned_trains t = group(2, 2, 10000, 10000);
        t.samples[0] = 1000;
        t.samples[1] = 1000 + cases[c].lag;
        t.units[0] = 0;
        t.units[1] = 1;
        close_group(&t, NULL);
        spk_glmcc_options o = default_options();
        o.convention = cases[c].convention;
        double counts[BINS], sums[2 * DELAYS];
        CU_ASSERT_EQUAL_FATAL(spk_glmcc_count(NULL, t.trains, 0, 1, &o, counts, sums),
                              SPK_OK);
        for (int k = 0; k < BINS; k++) {
            const int is_here = k == cases[c].bin || k == cases[c].next;
            const double expected = !is_here ? 0 : cases[c].next == -1 ? 1 : 0.5;
            CU_ASSERT_EQUAL(counts[k], expected);
        }
        CU_ASSERT_DOUBLE_EQUAL(sums[0], cases[c].sum, 1e-14);
        CU_ASSERT_EQUAL(sums[1], 0);
        free_group(&t);
    }
}

/* ---- identities ---- */

/* Seen from the other unit the lags run backwards: the same couplings, exchanged. */
static void reversal_exchanges(void)
{
    spk_random random = {.seed = 8};
    const double coupling[2] = {0.9, -0.4};
    fitted f, g;
    draw_counts(&random, 150, coupling, 2, &f);
    for (int k = 0; k < BINS; k++)
        g.counts[k] = f.counts[BINS - 1 - k];
    for (int d = 0; d < DELAYS; d++) {
        g.sums[d][0] = f.sums[d][1];
        g.sums[d][1] = f.sums[d][0];
    }
    const spk_glmcc_options options = default_options();
    fit(&f, &options, 1);
    fit(&g, &options, 1);
    CU_ASSERT_EQUAL(f.result.delay_bins, g.result.delay_bins);
    for (int side = 0; side < 2; side++) {
        const int other = 1 - side;
        CU_ASSERT_DOUBLE_EQUAL(f.result.coupling[side], g.result.coupling[other], 1e-9);
        CU_ASSERT_DOUBLE_EQUAL(f.result.standard_error[side],
                               g.result.standard_error[other], 1e-9);
        CU_ASSERT_DOUBLE_EQUAL(f.result.threshold[side], g.result.threshold[other], 1e-9);
        CU_ASSERT_DOUBLE_EQUAL(f.result.likelihood_ratio[side],
                               g.result.likelihood_ratio[other], 1e-7);
        CU_ASSERT_EQUAL(f.result.significant[side], g.result.significant[other]);
    }
}

/* The expected counts add up as the observed ones do: slopes of a level and of J. */
static void expectation_keeps_the_sums(void)
{
    spk_random random = {.seed = 9};
    const double coupling[2] = {0.9, -0.4};
    fitted f;
    double expected[BINS], total = 0, total_expected = 0;
    draw_counts(&random, 150, coupling, 2, &f);
    const spk_glmcc_options options = default_options();
    fit(&f, &options, 1);
    CU_ASSERT_EQUAL_FATAL(
        spk_glmcc_expect(NULL, &options, &f.result, f.background, expected), SPK_OK);
    for (int k = 0; k < BINS; k++) {
        total += f.counts[k];
        total_expected += expected[k];
    }
    CU_ASSERT_DOUBLE_EQUAL(total_expected, total, 1e-6 * total);
    CU_ASSERT(f.result.significant[0] && f.result.significant[1]);
    CU_ASSERT_DOUBLE_EQUAL(f.result.psp_mv[0], 2.532 * f.result.coupling[0], 1e-12);
    CU_ASSERT_DOUBLE_EQUAL(f.result.psp_mv[1], 0.612 * f.result.coupling[1], 1e-12);
    /* a bin that no coupling reaches, and the first that one does */
    CU_ASSERT_DOUBLE_EQUAL(expected[50], exp(f.background[50]), 1e-12 * expected[50]);
    const double first = moment_by_definition(f.result.coupling[0], 4, 0, 1, 0);
    const int64_t k = 50 + f.result.delay_bins;
    CU_ASSERT_DOUBLE_EQUAL(expected[k], exp(f.background[k]) * first, 1e-9 * expected[k]);
}

/* Bins that are passed over may hold anything. */
static void excluded_bins_do_not_matter(void)
{
    spk_random random = {.seed = 10};
    const double none[2] = {0, 0};
    fitted f, g;
    draw_counts(&random, 100, none, 2, &f);
    g = f;
    g.counts[48] = 5000;
    g.counts[51] = 0;
    spk_glmcc_options options = default_options();
    options.excluded_bins = 2;
    options.first_delay_bins = 2;
    fit(&f, &options, 0);
    fit(&g, &options, 0);
    CU_ASSERT(are_same(&f.result, &g.result));
    options.excluded_bins = 1;
    fit(&g, &options, 0);
    CU_ASSERT(g.result.coupling[0] != f.result.coupling[0]);
}

/* ---- what cannot be fitted ---- */

static void nothing_to_fit(void)
{
    fitted f = {.counts = {0}};
    const spk_glmcc_options options = default_options();
    fit(&f, &options, 0);
    for (int side = 0; side < 2; side++) {
        CU_ASSERT(isnan(f.result.coupling[side]) && isnan(f.result.standard_error[side]));
        CU_ASSERT(isnan(f.result.threshold[side]) && isnan(f.result.log_p[side]));
        CU_ASSERT(isnan(f.result.likelihood_ratio[side]));
        CU_ASSERT(f.result.psp_mv[side] == 0 && f.result.significant[side] == 0);
    }
    CU_ASSERT(isnan(f.background[0]) && isnan(f.result.log_posterior));
    CU_ASSERT(!f.result.converged && f.result.n_iterations == 0);
    double expected[BINS];
    CU_ASSERT_EQUAL(spk_glmcc_expect(NULL, &options, &f.result, f.background, expected),
                    SPK_OK);
    CU_ASSERT(isnan(expected[0]) && isnan(expected[99]));
    /* a single pair: J has no evidence, and says so */
    f.counts[50] = 1;
    fit(&f, &options, 0);
    CU_ASSERT(f.result.converged && !f.result.significant[0]);
    CU_ASSERT(isinf(f.result.threshold[0]));
}

/* Counts as nobody draws them: held at a bound, or far from any start. */
static void extreme_counts(void)
{
    spk_glmcc_options options = default_options();
    for (int kind = 0; kind < 6; kind++) {
        fitted f = {.counts = {0}};
        for (int k = 0; k < BINS; k++)
            f.counts[k] = kind == 0   ? (k == 52 ? 1e9 : 0)
                          : kind == 1 ? (k < 52 ? 1e6 : 0)
                          : kind == 2 ? (k % 2 ? 1e7 : 0)
                          : kind == 3 ? 1e15
                          : kind == 4 ? (k == 99 ? 1 : 0)
                                      : pow(1.3, k);
        for (int rule = 0; rule < 2; rule++) {
            spk_glmcc_options_set_rule(&options, rule);
            fit(&f, &options, 0);
            CU_ASSERT(f.result.converged);
            for (int side = 0; side < 2; side++) {
                CU_ASSERT(f.result.coupling[side] >= -3 && f.result.coupling[side] <= 5);
                const int at_bound =
                    f.result.coupling[side] == -3 || f.result.coupling[side] == 5;
                CU_ASSERT(isnan(f.result.standard_error[side]) == at_bound);
            }
        }
    }
}

/* ---- pairs and threads ---- */

static void pairs_equal_one_by_one(void)
{
    enum {
        N_PAIRS = 45
    };
    owned_trains t = random_trains(3, 30000, 6, 3000000, 10000, NULL);
    int32_t pairs[N_PAIRS][2];
    spk_glmcc_result results[3][N_PAIRS], one;
    static double backgrounds[3][N_PAIRS][BINS];
    spk_glmcc_options options = default_options();
    for (int p = 0; p < N_PAIRS; p++) {
        pairs[p][0] = p % 6;
        pairs[p][1] = (p + 1 + p / 6 % 5) % 6;
    }
    for (int k = 0; k < 3; k++) {
        spk_context *ctx = NULL;
        CU_ASSERT_EQUAL_FATAL(spk_context_create(&ctx), SPK_OK);
        CU_ASSERT_EQUAL_FATAL(spk_context_set_threads(ctx, 1 << k), SPK_OK);
        CU_ASSERT_EQUAL_FATAL(
            spk_glmcc_fit_pairs(ctx, t.trains, (const int32_t(*)[2])pairs, N_PAIRS,
                                &options, results[k], backgrounds[k][0]),
            SPK_OK);
        for (int p = 0; p < N_PAIRS; p++)
            CU_ASSERT(are_same(&results[k][p], &results[0][p]));
        CU_ASSERT_EQUAL(memcmp(backgrounds[k], backgrounds[0], sizeof backgrounds[0]), 0);
        spk_context_destroy(ctx);
    }
    for (int p = 0; p < N_PAIRS; p++) {
        double counts[BINS], sums[2 * DELAYS], background[BINS];
        CU_ASSERT_EQUAL_FATAL(spk_glmcc_count(NULL, t.trains, pairs[p][0], pairs[p][1],
                                              &options, counts, sums),
                              SPK_OK);
        CU_ASSERT_EQUAL_FATAL(
            spk_glmcc_fit_counts(NULL, counts, sums, &options, &one, background), SPK_OK);
        CU_ASSERT(are_same(&one, &results[0][p]));
        CU_ASSERT_EQUAL(memcmp(background, backgrounds[0][p], sizeof background), 0);
    }
    CU_ASSERT_EQUAL(spk_glmcc_fit_pairs(NULL, t.trains, NULL, 0, NULL, NULL, NULL),
                    SPK_OK);
    free_group(&t);
}

/* A shift of all times and other names change nothing. */
static void time_shift_and_names(void)
{
    owned_trains t = random_trains(4, 3000, 3, 300000, 10000, NULL);
    owned_trains u = group(3000, 3, 10000, INT64_C(1) << 60);
    for (int k = 0; k < 3000; k++) {
        u.samples[k] = t.samples[k] + (INT64_C(1) << 59);
        u.units[k] = 2 - t.units[k];
    }
    close_group(&u, NULL);
    const int32_t pair[1][2] = {{0, 1}}, renamed[1][2] = {{2, 1}};
    spk_glmcc_result a, b;
    CU_ASSERT_EQUAL(spk_glmcc_fit_pairs(NULL, t.trains, pair, 1, NULL, &a, NULL), SPK_OK);
    CU_ASSERT_EQUAL(spk_glmcc_fit_pairs(NULL, u.trains, renamed, 1, NULL, &b, NULL),
                    SPK_OK);
    CU_ASSERT(are_same(&a, &b));
    free_group(&t);
    free_group(&u);
}

/* ---- errors ---- */

static void bad_options(void)
{
    static const struct {
        const char *message;
        size_t offset;
        double value; /* of a double field, or of the integer that is meant */
        int size;     /* 8: double, 4: int32_t, 1: int64_t */
    } cases[] = {
#define FIELD(name) offsetof(spk_glmcc_options, name)
        {"bin_s must be above 0 and at most 1, got 0", FIELD(bin_s), 0, 8},
        {"bin_s must be above 0 and at most 1, got nan", FIELD(bin_s), NAN, 8},
        {"n_bins must be even and in 4 .. 2000, got 2", FIELD(n_bins), 2, 1},
        {"n_bins must be even and in 4 .. 2000, got 101", FIELD(n_bins), 101, 1},
        {"n_bins must be even and in 4 .. 2000, got 2002", FIELD(n_bins), 2002, 1},
        {"tau_s must be above 0 and within half the window, 0.05 s, got 0", FIELD(tau_s),
         0, 8},
        {"tau_s must be above 0 and within half the window, 0.05 s, got 0.06",
         FIELD(tau_s), 0.06, 8},
        {"first_delay_bins must be >= 0, got -1", FIELD(first_delay_bins), -1, 1},
        {"last_delay_bins must be in first_delay_bins .. 46, for tau_s after it to lie "
         "in "
         "the window, got 1 .. 47",
         FIELD(last_delay_bins), 47, 1},
        {"last_delay_bins must be in first_delay_bins .. 46, for tau_s after it to lie "
         "in "
         "the window, got 1 .. 0",
         FIELD(last_delay_bins), 0, 1},
        {"excluded_bins must be in 0 .. 49, got 50", FIELD(excluded_bins), 50, 1},
        {"excluded_bins must be in 0 .. 49, got -1", FIELD(excluded_bins), -1, 1},
        {"smoothness must be above 0 and at most 1e12, got 0", FIELD(smoothness), 0, 8},
        {"smoothness must be above 0 and at most 1e12, got inf", FIELD(smoothness),
         INFINITY, 8},
        {"rule must be 0 or 1, got 2", FIELD(rule), 2, 4},
        {"convention must be 0 or 1, got -1", FIELD(convention), -1, 4},
        {"threshold_scale must be >= 0 and finite, got -1", FIELD(threshold_scale), -1,
         8},
        {"threshold_count must be >= 0 and finite, got nan", FIELD(threshold_count), NAN,
         8},
        {"least_count must be >= 0 and finite, got inf", FIELD(least_count), INFINITY, 8},
        {"critical_ratio must be >= 0 and finite, got -2", FIELD(critical_ratio), -2, 8},
        {"psp_excitatory_mv must be >= 0 and finite, got -2", FIELD(psp_excitatory_mv),
         -2, 8},
        {"psp_inhibitory_mv must be >= 0 and finite, got -2", FIELD(psp_inhibitory_mv),
         -2, 8},
        {"options: not filled by spk_glmcc_options_init()", FIELD(struct_size), 0, 1},
#undef FIELD
    };
    spk_context *ctx = NULL;
    const double counts[BINS] = {1};
    spk_glmcc_result result;
    CU_ASSERT_EQUAL_FATAL(spk_context_create(&ctx), SPK_OK);
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        spk_glmcc_options o = default_options();
        char *field = (char *)&o + cases[c].offset;
        const int32_t narrow = cases[c].size == 4 ? (int32_t)cases[c].value : 0;
        const int64_t wide = cases[c].size == 1 ? (int64_t)cases[c].value : 0;
        if (cases[c].size == 8)
            memcpy(field, &cases[c].value, sizeof(double));
        else if (cases[c].size == 4)
            memcpy(field, &narrow, sizeof narrow);
        else
            memcpy(field, &wide, sizeof wide);
        CU_ASSERT_EQUAL(spk_glmcc_fit_counts(ctx, counts, NULL, &o, &result, NULL),
                        SPK_ERR_ARGUMENT);
        if (strcmp(spk_context_message(ctx), cases[c].message) != 0)
            printf("\n%s\n%s\n", spk_context_message(ctx), cases[c].message);
        CU_ASSERT_STRING_EQUAL(spk_context_message(ctx), cases[c].message);
    }
    spk_glmcc_options o = default_options();
    o.convention = SPK_GLMCC_KOBAYASHI;
    o.first_delay_bins = 0;
    CU_ASSERT_EQUAL(spk_glmcc_fit_counts(ctx, counts, NULL, &o, &result, NULL),
                    SPK_ERR_ARGUMENT);
    spk_context_destroy(ctx);
}

static void set_rule(void)
{
    spk_glmcc_options o = default_options();
    CU_ASSERT(o.rule == SPK_GLMCC_THRESHOLD && o.smoothness == 4000);
    spk_glmcc_options_set_rule(&o, SPK_GLMCC_LIKELIHOOD_RATIO);
    CU_ASSERT(o.rule == SPK_GLMCC_LIKELIHOOD_RATIO && o.smoothness == 10000);
    spk_glmcc_options_set_rule(&o, 7);
    CU_ASSERT(o.rule == SPK_GLMCC_LIKELIHOOD_RATIO && o.smoothness == 10000);
    spk_glmcc_options_set_rule(&o, SPK_GLMCC_THRESHOLD);
    CU_ASSERT(o.rule == SPK_GLMCC_THRESHOLD && o.smoothness == 4000);
    spk_glmcc_options_set_rule(NULL, 0);
    spk_glmcc_options_init(NULL, 0);
}

static void bad_arguments(void)
{
    owned_trains t = random_trains(3, 300, 3, 30000, 10000, NULL);
    owned_trains far = group(0, 3, 10000, INT64_MAX);
    close_group(&far, NULL);
    double counts[BINS] = {1}, sums[2 * DELAYS] = {0}, background[BINS];
    spk_glmcc_result result = {.bin_s = 0.001, .delay_bins = 1};
    int32_t pair[1][2] = {{0, 1}};
    const int32_t(*pairs)[2] = (const int32_t(*)[2])pair;
    spk_glmcc_options o = default_options();
    int64_t n;
    spk_context *ctx = NULL;
    CU_ASSERT_EQUAL_FATAL(spk_context_create(&ctx), SPK_OK);
#define REFUSES(call, status, text)                                                      \
    do {                                                                                 \
        CU_ASSERT_EQUAL(call, status);                                                   \
        CU_ASSERT_STRING_EQUAL(spk_context_message(ctx), text);                          \
    } while (0)
#define REFUSES_ARGUMENT(call, text) REFUSES(call, SPK_ERR_ARGUMENT, text)
    REFUSES_ARGUMENT(spk_glmcc_length(ctx, &o, NULL), "n_sums is NULL");
    REFUSES_ARGUMENT(spk_glmcc_count(ctx, NULL, 0, 1, &o, counts, sums),
                     "trains is NULL");
    REFUSES_ARGUMENT(spk_glmcc_count(ctx, t.trains, 0, 3, &o, counts, sums),
                     "units must be in 0 .. 2, got 0 and 3");
    REFUSES_ARGUMENT(spk_glmcc_count(ctx, t.trains, -1, 1, &o, counts, sums),
                     "units must be in 0 .. 2, got -1 and 1");
    REFUSES_ARGUMENT(spk_glmcc_count(ctx, t.trains, 1, 1, &o, counts, sums),
                     "a pair must be of two units, got unit 1 twice");
    REFUSES_ARGUMENT(spk_glmcc_count(ctx, t.trains, 0, 1, &o, NULL, sums),
                     "counts is NULL");
    REFUSES_ARGUMENT(spk_glmcc_count(ctx, t.trains, 0, 1, &o, counts, NULL),
                     "sums is NULL");
    REFUSES(spk_glmcc_count(ctx, far.trains, 0, 1, &o, counts, sums), SPK_ERR_OVERFLOW,
            "the recording must lie within +-2^61 samples, got 0 .. 9223372036854775807");
    REFUSES_ARGUMENT(spk_glmcc_fit_counts(ctx, NULL, sums, &o, &result, NULL),
                     "counts is NULL");
    REFUSES_ARGUMENT(spk_glmcc_fit_counts(ctx, counts, sums, &o, NULL, NULL),
                     "result is NULL");
    counts[7] = -1;
    REFUSES_ARGUMENT(spk_glmcc_fit_counts(ctx, counts, sums, &o, &result, NULL),
                     "counts[7] must be >= 0 and finite, got -1");
    counts[7] = 0;
    sums[3] = INFINITY;
    REFUSES_ARGUMENT(spk_glmcc_fit_counts(ctx, counts, sums, &o, &result, NULL),
                     "sums[3] must be >= 0 and finite, got inf");
    REFUSES_ARGUMENT(spk_glmcc_fit_pairs(ctx, NULL, pairs, 1, &o, &result, NULL),
                     "trains is NULL");
    REFUSES_ARGUMENT(spk_glmcc_fit_pairs(ctx, t.trains, pairs, -1, &o, &result, NULL),
                     "n_pairs must be >= 0, got -1");
    REFUSES_ARGUMENT(spk_glmcc_fit_pairs(ctx, t.trains, NULL, 1, &o, &result, NULL),
                     "pairs is NULL");
    REFUSES_ARGUMENT(spk_glmcc_fit_pairs(ctx, t.trains, pairs, 1, &o, NULL, NULL),
                     "results is NULL");
    pair[0][0] = 9;
    REFUSES_ARGUMENT(spk_glmcc_fit_pairs(ctx, t.trains, pairs, 1, &o, &result, NULL),
                     "units must be in 0 .. 2, got 9 and 1");
    pair[0][0] = 0;
    REFUSES_ARGUMENT(spk_glmcc_expect(ctx, &o, NULL, background, counts),
                     "result is NULL");
    REFUSES_ARGUMENT(spk_glmcc_expect(ctx, &o, &result, NULL, counts),
                     "background is NULL");
    REFUSES_ARGUMENT(spk_glmcc_expect(ctx, &o, &result, background, NULL),
                     "expected is NULL");
    result = (spk_glmcc_result){.bin_s = 0.002, .delay_bins = 5};
    REFUSES_ARGUMENT(spk_glmcc_expect(ctx, &o, &result, counts, background),
                     "result is not of these options: its delay is 5 bins of 0.002 s, "
                     "theirs 1 .. 4 of 0.001 s");
    o.bin_s = 0.00002;
    o.tau_s = 0.0005;
    REFUSES_ARGUMENT(spk_glmcc_count(ctx, t.trains, 0, 1, &o, counts, sums),
                     "bin_s must be at least one sample, 0.0001 s, got 2e-05");
    o.bin_s = 1;
    o.n_bins = 1000;
    REFUSES(
        spk_glmcc_count(ctx, t.trains, 0, 1, &o, counts, sums), SPK_ERR_OVERFLOW,
        "bin_s * n_bins / 2 must be at most 4194304 samples, got 5e+06 at 10000 Hz: a "
        "coarser sampling rate will do");
    CU_ASSERT_EQUAL(spk_glmcc_length(ctx, NULL, &n), SPK_OK);
    CU_ASSERT_EQUAL(n, 8);
    spk_context_destroy(ctx);
    free_group(&t);
    free_group(&far);
}

static spk_status fit_one(spk_context *ctx, void *argument)
{
    const owned_trains *t = argument;
    const int32_t pairs[1][2] = {{0, 1}};
    double counts[BINS], sums[2 * DELAYS], background[BINS];
    spk_glmcc_result result;
    spk_status status = spk_glmcc_count(ctx, t->trains, 0, 1, NULL, counts, sums);
    if (status == SPK_OK)
        status = spk_glmcc_fit_counts(ctx, counts, sums, NULL, &result, background);
    if (status == SPK_OK)
        status = spk_glmcc_expect(ctx, NULL, &result, background, counts);
    if (status == SPK_OK)
        status = spk_glmcc_fit_pairs(ctx, t->trains, pairs, 1, NULL, &result, NULL);
    return status;
}

static void allocations(void)
{
    owned_trains t = random_trains(3, 300, 3, 30000, 10000, NULL);
    CU_ASSERT(suite_fail_allocations(fit_one, &t) >= 12);
    free_group(&t);
}

/* Trains of nothing, of one spike, of all spikes at one sample. */
static void degenerate_trains(void)
{
    for (int kind = 0; kind < 3; kind++) {
        const int64_t n = kind == 0 ? 0 : kind == 1 ? 2 : 600;
        owned_trains t = group(n, 2, 30000, 90000);
        for (int64_t k = 0; k < n; k++) {
            t.samples[k] = 45000;
            t.units[k] = (int32_t)(k % 2);
        }
        close_group(&t, NULL);
        const int32_t pairs[1][2] = {{0, 1}};
        spk_glmcc_result r;
        CU_ASSERT_EQUAL(spk_glmcc_fit_pairs(NULL, t.trains, pairs, 1, NULL, &r, NULL),
                        SPK_OK);
        CU_ASSERT_EQUAL(isnan(r.coupling[0]), kind == 0);
        CU_ASSERT_EQUAL(r.converged, kind != 0);
        CU_ASSERT(kind == 2 || r.significant[0] == 0);
        CU_ASSERT(kind == 0 || fabs(r.coupling[0] - r.coupling[1]) < 1e-9);
        free_group(&t);
    }
}

static const suite_test tests[] = {
    {"moments are integrals", moments_are_integrals},
    {"stands at the maximum", stands_at_the_maximum},
    {"counts equal the definition", counts_equal_the_definition},
    {"counts by hand", counts_by_hand},
    {"reversal exchanges", reversal_exchanges},
    {"expectation keeps the sums", expectation_keeps_the_sums},
    {"excluded bins do not matter", excluded_bins_do_not_matter},
    {"nothing to fit", nothing_to_fit},
    {"extreme counts", extreme_counts},
    {"pairs equal one by one", pairs_equal_one_by_one},
    {"time shift and names", time_shift_and_names},
    {"bad options", bad_options},
    {"set rule", set_rule},
    {"bad arguments", bad_arguments},
    {"allocations", allocations},
    {"degenerate trains", degenerate_trains},
};

SUITE_MAIN("glmcc", tests)
