/* SPDX-License-Identifier: BSD-3-Clause */
/* Correlations of counts: sums of products both ways, values, limits, summaries. */
#include "correlation/count_table.h"
#include "suite.h"

#include <math.h>
#include <spikekit/count_correlation.h>
#include <spikekit/random.h>
#include <stdlib.h>

enum {
    SPAN = 4000,
    MOST = 20000
};

static int64_t samples[MOST];
static int32_t units[MOST];

/* The last unit is silent, the one before it fires once a sample everywhere. */
static spk_spikes draw_spikes(uint64_t seed, int32_t n_units, double chance)
{
    spk_random random = {.seed = seed};
    int64_t n = 0;
    for (int64_t x = 0; x < SPAN; x++) {
        const double now = spk_random_uniform(&random) < 0.05 ? 6 * chance : chance;
        for (int32_t u = 0; u < n_units - 2; u++)
            while (n < MOST - SPAN && spk_random_uniform(&random) < now) {
                samples[n] = x;
                units[n++] = u;
            }
        samples[n] = x;
        units[n++] = n_units - 2;
    }
    return (spk_spikes){n, n_units, samples, units, 1000, 0, SPAN};
}

/* ---- by hand, by definition ---- */

/* Bins of 10: A has 2, 0, 1, B has 1, 0, 1; the rest of 5 samples is dropped. */
static void by_hand(void)
{
    static const int64_t at[] = {0, 3, 9, 22, 29, 31, 34};
    static const int32_t of[] = {0, 1, 0, 1, 0, 0, 1};
    const spk_spikes spikes = {7, 2, at, of, 1000, 0, 35};
    const int64_t width = 10;
    double r[4], c[4], means[2];
    int64_t n_bins;
    CU_ASSERT_EQUAL(spk_count_correlation_estimate(NULL, &spikes, &width, 1, NULL, r, c,
                                                   means, &n_bins),
                    SPK_OK);
    CU_ASSERT(n_bins == 3 && means[0] == 1 && means[1] == 2.0 / 3);
    CU_ASSERT_DOUBLE_EQUAL(c[0], 1, 1e-15);
    CU_ASSERT_DOUBLE_EQUAL(c[3], 1.0 / 3, 1e-15);
    CU_ASSERT_DOUBLE_EQUAL(c[1], 0.5, 1e-15);
    CU_ASSERT_DOUBLE_EQUAL(r[1], 0.5 / sqrt(1.0 / 3), 1e-15);
    CU_ASSERT(r[0] == 1 && r[3] == 1 && r[1] == r[2] && c[1] == c[2]);
}

enum {
    FEW = 9
};

static void equals_the_definition(void)
{
    const int64_t starts[] = {0, 300, 1700, 3950}, stops[] = {290, 1700, 3900, 4000};
    const spk_epochs epochs = {4, starts, stops};
    const int64_t widths[] = {1, 3, 100, 37, 1400};
    int n_flat = 0; /* all of two units, others when two bins are alike */
    for (int repeat = 0; repeat < 4; repeat++) {
        const spk_spikes spikes = draw_spikes((uint64_t)repeat, FEW, 0.02);
        spk_count_correlation_options options;
        double r[5 * FEW * FEW], c[5 * FEW * FEW], means[5 * FEW];
        int64_t n_bins[5];
        spk_count_correlation_options_init(&options, sizeof options);
        options.epochs = repeat % 2 ? &epochs : NULL;
        CU_ASSERT_EQUAL_FATAL(spk_count_correlation_estimate(NULL, &spikes, widths, 5,
                                                             &options, r, c, means,
                                                             n_bins),
                              SPK_OK);
        for (int k = 0; k < 5; k++) {
            spk_binning_options binning;
            int64_t n;
            spk_binning_options_init(&binning, sizeof binning);
            binning.bin_samples = widths[k];
            binning.epochs = options.epochs;
            CU_ASSERT_EQUAL(spk_spikes_bin_length(NULL, &spikes, &binning, &n), SPK_OK);
            CU_ASSERT_EQUAL_FATAL(n_bins[k], n);
            int32_t *counts = malloc((size_t)(FEW * n) * sizeof *counts);
            CU_ASSERT_EQUAL(spk_spikes_bin_dense(NULL, &spikes, &binning, counts),
                            SPK_OK);
            for (int i = 0; i < FEW; i++)
                for (int j = 0; j < FEW; j++) {
                    double mean[2] = {0}, xy = 0, xx = 0, yy = 0;
                    for (int64_t b = 0; b < n; b++) {
                        mean[0] += counts[i * n + b] / (double)n;
                        mean[1] += counts[j * n + b] / (double)n;
                    }
                    for (int64_t b = 0; b < n; b++) {
                        const double x = counts[i * n + b] - mean[0];
                        const double y = counts[j * n + b] - mean[1];
                        xy += x * y;
                        xx += x * x;
                        yy += y * y;
                    }
                    const double *at = &r[(k * FEW + i) * FEW + j];
                    CU_ASSERT_DOUBLE_EQUAL(c[(k * FEW + i) * FEW + j],
                                           xy / (double)(n - 1),
                                           1e-11 * fmax(1, fabs(xx)));
                    const int is_flat = xx < 1e-9 || yy < 1e-9;
                    CU_ASSERT(is_flat || (i < FEW - 2 && j < FEW - 2));
                    n_flat += is_flat;
                    CU_ASSERT(is_flat ? isnan(*at)
                                      : fabs(*at - xy / sqrt(xx * yy)) < 1e-11);
                    CU_ASSERT_DOUBLE_EQUAL(means[k * FEW + i], mean[0], 1e-11 * mean[0]);
                }
            free(counts);
        }
    }
    CU_ASSERT(n_flat >= 4 * 5 * 32 && n_flat < 4 * 5 * 40);
}

/* Sparse and dense give the same whole numbers, over more than one tile and block. */
static void both_ways(void)
{
    enum {
        UNITS = 300
    };
    const spk_spikes spikes = draw_spikes(9, UNITS, 0.01);
    spk_binning_options binning;
    spk__count_table table;
    double *found[2];
    spk_binning_options_init(&binning, sizeof binning);
    binning.bin_samples = 3;
    CU_ASSERT_EQUAL_FATAL(spk__count_table_create(NULL, &spikes, &binning, &table),
                          SPK_OK);
    CU_ASSERT(table.n_groups > 1024);
    for (int k = 0; k < 2; k++) {
        found[k] = malloc(UNITS * UNITS * sizeof(double));
        for (int p = 0; p < UNITS * UNITS; p++)
            found[k][p] = NAN; /* all is overwritten */
        CU_ASSERT_EQUAL(
            spk__count_products(NULL, &table, SPK__COUNT_SPARSE + k, found[k], 0, 1),
            SPK_OK);
    }
    double total = 0;
    for (int i = 0; i < UNITS; i++)
        for (int j = 0; j < i; j++) {
            const double sparse = found[0][i * UNITS + j] + found[0][j * UNITS + i];
            CU_ASSERT_EQUAL(sparse, found[1][i * UNITS + j] + found[1][j * UNITS + i]);
            total += sparse;
        }
    CU_ASSERT(total > 100000);
    CU_ASSERT(found[0][7 * UNITS + 7] == 0 && found[1][7 * UNITS + 7] == 0);
    free(found[0]);
    free(found[1]);
    spk__count_table_destroy(&table);
}

static void threads_and_parts(void)
{
    const spk_spikes spikes = draw_spikes(3, FEW, 0.02);
    const int64_t widths[] = {5, 400};
    double r[2 * FEW * FEW], c[2 * FEW * FEW], again[2 * FEW * FEW];
    CU_ASSERT_EQUAL(
        spk_count_correlation_estimate(NULL, &spikes, widths, 2, NULL, r, c, NULL, NULL),
        SPK_OK);
    for (int32_t threads = 1; threads <= 4; threads *= 2) {
        spk_context *ctx = NULL;
        CU_ASSERT_EQUAL_FATAL(spk_context_create(&ctx), SPK_OK);
        CU_ASSERT_EQUAL(spk_context_set_threads(ctx, threads), SPK_OK);
        CU_ASSERT_EQUAL(spk_count_correlation_estimate(ctx, &spikes, widths, 2, NULL,
                                                       again, NULL, NULL, NULL),
                        SPK_OK);
        CU_ASSERT_EQUAL(memcmp(r, again, sizeof r), 0);
        CU_ASSERT_EQUAL(spk_count_correlation_estimate(ctx, &spikes, widths, 2, NULL,
                                                       NULL, again, NULL, NULL),
                        SPK_OK);
        CU_ASSERT_EQUAL(memcmp(c, again, sizeof c), 0);
        spk_context_destroy(ctx);
    }
}

/* Equal trains and opposite ones; a mean far above the spread cancels nothing. */
static void exact(void)
{
    int64_t n = 0;
    for (int64_t b = 0; b < 20; b++)
        for (int64_t s = 0; s < 100; s++) {
            samples[n] = 100 * b + s;
            units[n++] = 0;
            samples[n] = 100 * b + s;
            units[n++] = 1;
            if (s == 0) {
                samples[n] = 100 * b;
                units[n++] = b % 2 ? 2 : 0;
                samples[n] = 100 * b;
                units[n++] = b % 2 ? 2 : 1;
            }
            samples[n] = 100 * b + s;
            units[n++] = 2;
        }
    const spk_spikes spikes = {n, 3, samples, units, 1000, 0, 2000};
    const int64_t widths[] = {100, 2000, 3000};
    double r[27], c[27], means[9];
    int64_t n_bins[3];
    CU_ASSERT_EQUAL(spk_count_correlation_estimate(NULL, &spikes, widths, 3, NULL, r, c,
                                                   means, n_bins),
                    SPK_OK);
    CU_ASSERT(r[1] == 1 && r[2] == -1 && r[5] == -1);
    CU_ASSERT(n_bins[1] == 1 && isnan(r[9]) && isnan(r[10]) && isnan(c[10]) &&
              means[3] == 2010);
    CU_ASSERT(n_bins[2] == 0 && isnan(c[18]) && isnan(r[18]) && isnan(means[6]));
}

static void errors(void)
{
    const spk_spikes spikes = draw_spikes(3, FEW, 0.02);
    const int64_t widths[] = {5, 0};
    double r[2 * FEW * FEW];
    spk_context *ctx = NULL;
    CU_ASSERT_EQUAL_FATAL(spk_context_create(&ctx), SPK_OK);
#define REFUSED(widths, n, options, r, message)                                          \
    do {                                                                                 \
        CU_ASSERT_EQUAL(spk_count_correlation_estimate(ctx, &spikes, widths, n, options, \
                                                       r, NULL, NULL, NULL),             \
                        SPK_ERR_ARGUMENT);                                               \
        CU_ASSERT_STRING_EQUAL(spk_context_message(ctx), message);                       \
    } while (0)
    const spk_count_correlation_options bad = {.struct_size = 8};
    REFUSED(NULL, 1, NULL, r, "bin_samples is NULL");
    REFUSED(widths, 0, NULL, r, "n_widths must be >= 1, got 0");
    REFUSED(widths, 2, NULL, r, "bin_samples must be >= 1, got 0");
    REFUSED(widths, 1, NULL, NULL, "correlations and covariances are both NULL");
    REFUSED(widths, 1, &bad, r,
            "options: not filled by spk_count_correlation_options_init()");
#undef REFUSED
    CU_ASSERT_EQUAL(
        spk_count_correlation_estimate(ctx, NULL, widths, 1, NULL, r, NULL, NULL, NULL),
        SPK_ERR_ARGUMENT);
    /* two million spikes of one unit at one sample: 4e12 is fine */
    int64_t *many = calloc(2000000, sizeof *many);
    int32_t *one = calloc(2000000, sizeof *one);
    spk_spikes full = {2000000, 1, many, one, 1000, 0, 10};
    CU_ASSERT_EQUAL(
        spk_count_correlation_estimate(ctx, &full, widths, 1, NULL, NULL, r, NULL, NULL),
        SPK_OK);
    CU_ASSERT_DOUBLE_EQUAL(r[0], 2e12, 1);
    free(one);
    free(many);
    spk_context_destroy(ctx);
}

static spk_status estimate_some(spk_context *ctx, void *spikes)
{
    const int64_t width = 2;
    double r[FEW * FEW];
    return spk_count_correlation_estimate(ctx, spikes, &width, 1, NULL, r, NULL, NULL,
                                          NULL);
}

static spk_status estimate_dense(spk_context *ctx, void *spikes)
{
    const int64_t width = 400;
    double r[FEW * FEW];
    return spk_count_correlation_estimate(ctx, spikes, &width, 1, NULL, r, NULL, NULL,
                                          NULL);
}

static spk_status summarize_some(spk_context *ctx, void *r)
{
    spk_correlation_summary summary;
    return spk_correlation_summarize(ctx, r, 2, 0.95, &summary);
}

static void failed_allocations(void)
{
    spk_spikes spikes = draw_spikes(3, FEW, 0.001);
    double r[] = {1, 0.5, 0.5, 1};
    CU_ASSERT_EQUAL(suite_fail_allocations(estimate_some, &spikes), 9);
    spikes = draw_spikes(3, FEW, 0.1);
    CU_ASSERT_EQUAL(suite_fail_allocations(estimate_dense, &spikes), 12);
    CU_ASSERT_EQUAL(suite_fail_allocations(summarize_some, r), 2);
}

/* ---- Fisher's z ---- */

static double draw_normal(spk_random *random)
{
    const double u = spk_random_uniform(random), v = spk_random_uniform(random);
    return sqrt(-2 * log(1 - u)) * cos(2 * 3.14159265358979323846 * v);
}

/* r = 0.5, n = 28: z = 0.549306, reach 1.959964 / 5. */
static void limits(void)
{
    double lower, upper;
    spk_correlation_limits(0.5, 28, 0.95, &lower, &upper);
    CU_ASSERT_DOUBLE_EQUAL(lower, tanh(0.5493061443340549 - 1.959963984540054 / 5),
                           1e-14);
    CU_ASSERT_DOUBLE_EQUAL(upper, tanh(0.5493061443340549 + 1.959963984540054 / 5),
                           1e-14);
    spk_correlation_limits(-1, 28, 0.95, &lower, &upper);
    CU_ASSERT(lower == -1 && upper == -1);
    const double bad[][3] = {{1.1, 28, 0.9}, {0.5, 3, 0.9},   {0.5, 28, 1},  {0.5, 28, 0},
                             {NAN, 28, 0.9}, {0.5, NAN, 0.9}, {0.5, 28, NAN}};
    for (int k = 0; k < 7; k++) {
        lower = upper = 0;
        spk_correlation_limits(bad[k][0], bad[k][1], bad[k][2], &lower, &upper);
        CU_ASSERT(isnan(lower) && isnan(upper));
    }
    /* of pairs of normal numbers with r = 0.6 the limits hold it in 90 % of samples */
    spk_random random = {.seed = 21};
    int held = 0;
    for (int repeat = 0; repeat < 2000; repeat++) {
        enum {
            N = 15
        };
        double x[N], y[N], mx = 0, my = 0, xx = 0, yy = 0, xy = 0;
        for (int k = 0; k < N; k++) {
            x[k] = draw_normal(&random);
            y[k] = 0.6 * x[k] + 0.8 * draw_normal(&random);
            mx += x[k] / N;
            my += y[k] / N;
        }
        for (int k = 0; k < N; k++) {
            xx += (x[k] - mx) * (x[k] - mx);
            yy += (y[k] - my) * (y[k] - my);
            xy += (x[k] - mx) * (y[k] - my);
        }
        spk_correlation_limits(xy / sqrt(xx * yy), N, 0.9, &lower, &upper);
        held += lower < 0.6 && 0.6 < upper;
    }
    CU_ASSERT(fabs(held / 2000.0 - 0.9) < 4 * sqrt(0.09 / 2000));
}

static void summary_by_hand(void)
{
    /* z of 0.1, 0.2 and 0.6, tanh of them in the matrix; a pair of nothing, one of 1 */
    const double r[16] = {1, tanh(0.1), tanh(0.2), NAN, 9, 1, tanh(0.6), 1,
                          9, 9,         1,         NAN, 9, 9, 9,         1};
    spk_correlation_summary s;
    CU_ASSERT_EQUAL(spk_correlation_summarize(NULL, r, 4, 0.95, &s), SPK_OK);
    CU_ASSERT(s.n_units == 3 && s.n_pairs == 3);
    CU_ASSERT_DOUBLE_EQUAL(s.mean_z, 0.3, 1e-15);
    CU_ASSERT_DOUBLE_EQUAL(s.mean, tanh(0.3), 1e-15);
    CU_ASSERT_DOUBLE_EQUAL(s.sd_z, sqrt(0.07), 1e-15);
    /* three units: all is theirs, squares of 0.14 = 2 A, and the error^2 4 / 3 A */
    const double error = sqrt(4.0 / 3 * 0.07);
    const double t = 0.95 * sqrt(2 / (4 * 0.975 * 0.025)); /* of two degrees of freedom */
    CU_ASSERT_DOUBLE_EQUAL(s.standard_error_z, error, 1e-15);
    CU_ASSERT_DOUBLE_EQUAL(s.n_effective, 0.75, 1e-14);
    CU_ASSERT_DOUBLE_EQUAL(s.lower, tanh(0.3 - t * error), 1e-12);
    CU_ASSERT_DOUBLE_EQUAL(s.upper, tanh(0.3 + t * error), 1e-12);
    CU_ASSERT_EQUAL(spk_correlation_summarize(NULL, r, 2, 0.95, &s), SPK_OK);
    CU_ASSERT(s.n_units == 2 && isnan(s.lower) && isnan(s.sd_z) && s.mean > 0.09);
    CU_ASSERT_EQUAL(spk_correlation_summarize(NULL, NULL, 0, 0.95, &s), SPK_OK);
    CU_ASSERT(s.n_pairs == 0 && isnan(s.mean) && isnan(s.upper));
    CU_ASSERT_EQUAL(spk_correlation_summarize(NULL, NULL, 2, 0.95, &s), SPK_ERR_ARGUMENT);
    CU_ASSERT_EQUAL(spk_correlation_summarize(NULL, r, -1, 0.95, &s), SPK_ERR_ARGUMENT);
    CU_ASSERT_EQUAL(spk_correlation_summarize(NULL, r, 2, 1, &s), SPK_ERR_ARGUMENT);
    CU_ASSERT_EQUAL(spk_correlation_summarize(NULL, r, 2, 0.95, NULL), SPK_ERR_ARGUMENT);
}

/* Of a whole table of five units the error is that of the diallel analysis: mean squares of
 * units, with 4 degrees of freedom, and of the rest, with 5. */
static void summary_by_analysis_of_variance(void)
{
    enum {
        M = 5
    };
    spk_random random = {.seed = 23};
    int n_without = 0;
    for (int repeat = 0; repeat < 50; repeat++) {
        double own[M], r[M * M], total = 0, all = 0, of_units = 0;
        double sums[M] = {0};
        spk_correlation_summary s;
        for (int i = 0; i < M; i++)
            own[i] = 0.05 * draw_normal(&random);
        for (int i = 0; i < M; i++)
            for (int j = i + 1; j < M; j++) {
                const double z = 0.2 + own[i] + own[j] + 0.05 * draw_normal(&random);
                r[i * M + j] = tanh(z);
                sums[i] += z;
                sums[j] += z;
                total += z;
                all += z * z;
            }
        for (int i = 0; i < M; i++)
            of_units += sums[i] * sums[i] / (M - 2);
        const double own_squares = (of_units - 4 * total * total / (M * (M - 2))) / 4;
        const double rest =
            (all - of_units + 2 * total * total / ((M - 1) * (M - 2))) / 5;
        const double a = (own_squares - rest) / (M - 2);
        const double error =
            a < 0 ? (all - total * total / 10) / 9 / 10 : 4 * a / M + rest / 10;
        CU_ASSERT_EQUAL(spk_correlation_summarize(NULL, r, M, 0.95, &s), SPK_OK);
        CU_ASSERT_DOUBLE_EQUAL(s.standard_error_z, sqrt(error), 1e-12);
        n_without += a < 0;
    }
    CU_ASSERT(n_without > 0 && n_without < 25); /* both cases occur */
}

/* Pairs that have nothing in common but the mean: about as many effective ones as there are
 * (less an eighth on average, as a negative variance is 0), whether or not pairs are missing. */
static void summary_of_independent_pairs(void)
{
    enum {
        M = 30,
        REPEATS = 400
    };
    spk_random random = {.seed = 24};
    for (int missing = 0; missing < 2; missing++) {
        double n_effective = 0, square = 0, error = 0;
        int held = 0;
        for (int repeat = 0; repeat < REPEATS; repeat++) {
            double r[M * M];
            spk_correlation_summary s;
            for (int i = 0; i < M * M; i++) {
                r[i] = tanh(0.1 + 0.1 * draw_normal(&random));
                if (missing && (i % M + i / M) % 3 == 0)
                    r[i] = NAN;
            }
            CU_ASSERT_EQUAL(spk_correlation_summarize(NULL, r, M, 0.95, &s), SPK_OK);
            n_effective += s.n_effective / (double)s.n_pairs / REPEATS;
            error += s.standard_error_z * s.standard_error_z / REPEATS;
            square += (s.mean_z - 0.1) * (s.mean_z - 0.1) / REPEATS;
            held += s.lower < tanh(0.1) && tanh(0.1) < s.upper;
        }
        CU_ASSERT(n_effective > 0.85 && n_effective < 1 + 1e-9);
        CU_ASSERT(fabs(square / error - 1) < 0.1 + 4 * sqrt(2.0 / REPEATS));
        CU_ASSERT(fabs(held / (double)REPEATS - 0.955) < 4 * sqrt(0.05 * 0.95 / REPEATS));
    }
}

/* Pairs that share what is a unit's own: limits from independent pairs would hold the mean in
 * half of the cases; these hold it at least as often as they say. */
static void summary_covers(void)
{
    enum {
        M = 25,
        REPEATS = 500
    };
    spk_random random = {.seed = 22};
    int held = 0, held_naively = 0;
    for (int repeat = 0; repeat < REPEATS; repeat++) {
        double own[M], r[M * M];
        spk_correlation_summary s;
        for (int i = 0; i < M; i++)
            own[i] = 0.1 * draw_normal(&random);
        for (int i = 0; i < M; i++)
            for (int j = 0; j < M; j++)
                r[i * M + j] = tanh(0.1 + own[i] + own[j] + 0.05 * draw_normal(&random));
        CU_ASSERT_EQUAL(spk_correlation_summarize(NULL, r, M, 0.95, &s), SPK_OK);
        held += s.lower < tanh(0.1) && tanh(0.1) < s.upper;
        held_naively += fabs(s.mean_z - 0.1) < 1.96 * s.sd_z / sqrt((double)s.n_pairs);
    }
    CU_ASSERT(held / (double)REPEATS > 0.95 - 4 * sqrt(0.05 * 0.95 / REPEATS));
    CU_ASSERT(held / (double)REPEATS < 0.95 + 4 * sqrt(0.05 * 0.95 / REPEATS));
    CU_ASSERT(held_naively / (double)REPEATS < 0.7);
}

static const suite_test tests[] = {
    {"by hand", by_hand},
    {"equals the definition", equals_the_definition},
    {"both ways", both_ways},
    {"threads and parts", threads_and_parts},
    {"exact", exact},
    {"errors", errors},
    {"failed allocations", failed_allocations},
    {"limits", limits},
    {"summary by hand", summary_by_hand},
    {"summary by analysis of variance", summary_by_analysis_of_variance},
    {"summary of independent pairs", summary_of_independent_pairs},
    {"summary covers", summary_covers},
};

SUITE_MAIN("count_correlation", tests)
