/* SPDX-License-Identifier: BSD-3-Clause */
/* Interspike intervals: by hand, from the definition, and the figures of a recording. */
#include "point_processes.h"
#include "suite.h"

#include <math.h>
#include <spikekit/array.h>
#include <spikekit/intervals.h>
#include <stdlib.h>
#include <unistd.h>

static void by_hand(void)
{
    const int64_t samples[] = {0, 10, 30, 30, 70, 200, 210, 230};
    const int64_t starts[] = {0, 200}, stops[] = {100, 300};
    const spk_epochs epochs = {2, starts, stops};
    process p = process_of(samples, 8, 1000, 300, &epochs);
    spk_intervals_summary s;
    /* 10 20 0 40 | 10 20: in order 0 10 10 20 20 40, mean 100 / 6 */
    CU_ASSERT_EQUAL(spk_intervals_summarize(NULL, p.trains, NULL, &s), SPK_OK);
    CU_ASSERT(s.n_intervals == 6 && s.n_zero == 1);
    CU_ASSERT(s.min_s == 0 && s.max_s == 0.04 && s.median_s == 0.015);
    CU_ASSERT(s.q1_s == 0.01 && s.q3_s == 0.02);
    CU_ASSERT(fabs(s.mean_s - 0.1 / 6) < 1e-17);
    /* squares about the mean: 2600 - 10000 / 6 */
    CU_ASSERT(fabs(s.sd_s - sqrt((2600 - 10000.0 / 6) / 5) / 1000) < 1e-16);
    CU_ASSERT(fabs(s.cv - sqrt((2600 - 10000.0 / 6) / 6) / (100.0 / 6)) < 1e-14);
    CU_ASSERT_EQUAL(s.mad_s, 0.005); /* 15 5 5 5 5 25 */
    /* q = 1/3, 1, 1 | 1/3 */
    CU_ASSERT(fabs(s.cv2 - 2 * (1.0 / 3 + 1 + 1 + 1.0 / 3) / 4) < 1e-15);
    CU_ASSERT(fabs(s.lv - 3 * (1.0 / 9 + 1 + 1 + 1.0 / 9) / 4) < 1e-15);
    CU_ASSERT(fabs(s.lvr - 3 *
                               ((1.0 / 9) * (1 + 20.0 / 30) + 1 + 20.0 / 20 + 1 +
                                20.0 / 40 + (1.0 / 9) * (1 + 20.0 / 30)) /
                               4) < 1e-14);
    int64_t counts[3];
    CU_ASSERT_EQUAL(spk_intervals_count(NULL, p.trains, 0.02, 3, counts), SPK_OK);
    CU_ASSERT(counts[0] == 3 && counts[1] == 2 && counts[2] == 1);
    CU_ASSERT_EQUAL(spk_intervals_count(NULL, p.trains, 0.01, 2, counts), SPK_OK);
    CU_ASSERT(counts[0] == 1 && counts[1] == 2);
    /* pairs at lag 1: (10, 20), (20, 0), (0, 40), (10, 20) */
    spk_serial_correlation c[4];
    CU_ASSERT_EQUAL(spk_intervals_correlate(NULL, p.trains, 4, NULL, c), SPK_OK);
    CU_ASSERT(c[0].lag == 1 && c[0].n_pairs == 4);
    CU_ASSERT(fabs(c[0].pearson + 400 / sqrt(200.0 * 800)) < 1e-14);
    /* ranks 1.5 3 0 1.5 and 1.5 0 3 1.5 */
    CU_ASSERT(fabs(c[0].spearman + 1) < 1e-15 && isnan(c[0].spearman_lower));
    CU_ASSERT(isnan(c[0].pearson_upper));
    CU_ASSERT(c[1].n_pairs == 2 && c[2].n_pairs == 1 && isnan(c[2].pearson));
    CU_ASSERT(c[3].lag == 4 && c[3].n_pairs == 0);
    process_end(&p);
}

static void nothing_to_say(void)
{
    const int64_t same[] = {7, 7, 7, 7, 7, 7};
    spk_intervals_summary s;
    spk_serial_correlation c;
    for (int64_t n = 0; n < 7; n++) {
        process p = process_of(same, n, 1000, 10, NULL);
        CU_ASSERT_EQUAL(spk_intervals_summarize(NULL, p.trains, NULL, &s), SPK_OK);
        CU_ASSERT_EQUAL(spk_intervals_correlate(NULL, p.trains, 1, NULL, &c), SPK_OK);
        CU_ASSERT(s.n_intervals == (n > 1 ? n - 1 : 0) && s.n_zero == s.n_intervals);
        CU_ASSERT(isnan(s.cv) && isnan(s.lv) && isnan(c.pearson) && isnan(c.spearman));
        CU_ASSERT(n < 2 ? isnan(s.mean_s) && isnan(s.mad_s)
                        : s.mean_s == 0 && s.mad_s == 0 && s.max_s == 0);
        CU_ASSERT(n < 3 ? isnan(s.sd_s) : s.sd_s == 0);
        process_end(&p);
    }
}

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Mean ranks by counting. */
static double rank_of(const double *x, int n, double value)
{
    double below = 0, same = 0;
    for (int k = 0; k < n; k++) {
        below += x[k] < value;
        same += x[k] == value;
    }
    return below + (same - 1) / 2;
}

static double correlation(const double *x, const double *y, int n)
{
    double sx = 0, sy = 0, sxx = 0, syy = 0, sxy = 0;
    for (int k = 0; k < n; k++) {
        sx += x[k];
        sy += y[k];
        sxx += x[k] * x[k];
        syy += y[k] * y[k];
        sxy += x[k] * y[k];
    }
    return (n * sxy - sx * sy) / sqrt((n * sxx - sx * sx) * (n * syy - sy * sy));
}

static void equals_the_definition(void)
{
    enum {
        N = 120
    };
    spk_random random = {.seed = 5};
    for (int repeat = 0; repeat < 30; repeat++) {
        int64_t samples[N], at = 3;
        double d[N], x[N], y[N], rx[N], ry[N];
        for (int k = 0; k < N; k++)
            samples[k] = at +=
                (int64_t)(spk_random_exponential(&random) * (repeat % 3 == 0 ? 3 : 700));
        const int64_t cut = samples[40] + 1;
        const int64_t starts[] = {0, cut}, stops[] = {cut, at + 1};
        const spk_epochs epochs = {2, starts, stops};
        process p = process_of(samples, N, 30000, at + 1, &epochs);
        spk_intervals_summary s;
        spk_serial_correlation c[3];
        CU_ASSERT_EQUAL(spk_intervals_summarize(NULL, p.trains, NULL, &s), SPK_OK);
        CU_ASSERT_EQUAL(spk_intervals_correlate(NULL, p.trains, 3, NULL, c), SPK_OK);
        /* as many as were simultaneous with sample 40 lie in the first run */
        int first = 0, n = 0;
        while (first < N && samples[first] < cut)
            first++;
        for (int k = 1; k < N; k++)
            if (k != first)
                d[n++] = (double)(samples[k] - samples[k - 1]) / 30000;
        qsort(d, (size_t)n, sizeof *d, by_value);
        const double median = (d[(n - 1) / 2] + d[n / 2]) / 2;
        CU_ASSERT(s.n_intervals == n && fabs(s.median_s - median) < 1e-15);
        for (int k = 0; k < n; k++)
            x[k] = fabs(d[k] - median);
        qsort(x, (size_t)n, sizeof *x, by_value);
        CU_ASSERT(fabs(s.mad_s - (x[(n - 1) / 2] + x[n / 2]) / 2) < 1e-15);
        for (int lag = 1; lag <= 3; lag++) {
            n = 0;
            for (int k = 1; k + lag < N; k++)
                if (k + lag < first || k > first) {
                    x[n] = (double)(samples[k] - samples[k - 1]);
                    y[n++] = (double)(samples[k + lag] - samples[k + lag - 1]);
                }
            for (int k = 0; k < n; k++) {
                rx[k] = rank_of(x, n, x[k]);
                ry[k] = rank_of(y, n, y[k]);
            }
            const spk_serial_correlation *found = &c[lag - 1];
            CU_ASSERT_EQUAL(found->n_pairs, n);
            CU_ASSERT(fabs(found->pearson - correlation(x, y, n)) < 1e-11);
            CU_ASSERT(fabs(found->spearman - correlation(rx, ry, n)) < 1e-11);
        }
        process_end(&p);
    }
}

/* Limits where correlation is far from 0: Fisher's z with a variance of 1 / (n - 3), for ranks
 * (1 + r^2 / 2) / (n - 3) (Bonett & Wright 2000). */
static void limits_of_dependent_intervals(void)
{
    spk_random random = {.seed = 78};
    int64_t samples[60], at = 0;
    for (int k = 0; k < 60; k++) /* long and short in turn */
        samples[k] = at +=
            (int64_t)((k % 2 ? 300 : 100) + 200 * spk_random_uniform(&random));
    process p = process_of(samples, 60, 1000, at + 1, NULL);
    spk_serial_correlation c;
    CU_ASSERT_EQUAL(spk_intervals_correlate(NULL, p.trains, 1, NULL, &c), SPK_OK);
    const double z = 1.9599639845400545, n = (double)c.n_pairs, r = c.spearman;
    const double reach = z * sqrt((1 + r * r / 2) / (n - 3));
    CU_ASSERT(n == 58 && fabs(r) > 0.5 && fabs(r) < 0.95);
    CU_ASSERT(fabs(c.spearman_lower - tanh(atanh(r) - reach)) < 1e-12);
    CU_ASSERT(fabs(c.spearman_upper - tanh(atanh(r) + reach)) < 1e-12);
    const double own = z / sqrt(n - 3);
    CU_ASSERT(fabs(c.pearson_lower - tanh(atanh(c.pearson) - own)) < 1e-12);
    CU_ASSERT(fabs(c.pearson_upper - tanh(atanh(c.pearson) + own)) < 1e-12);
    process_end(&p);
}

/* Under independence the limits miss 0 at the nominal rate. */
static void limits_of_independent_intervals(void)
{
    enum {
        REPEATS = 1000
    };
    int64_t miss[2] = {0, 0};
    for (int repeat = 0; repeat < REPEATS; repeat++) {
        spk_random random = {.seed = 77, .stream = (uint32_t)repeat};
        process p = process_gamma(&random, 10, 1, 20, 10000);
        spk_serial_correlation c;
        CU_ASSERT_EQUAL(spk_intervals_correlate(NULL, p.trains, 1, NULL, &c), SPK_OK);
        miss[0] += c.pearson_lower > 0 || c.pearson_upper < 0;
        miss[1] += c.spearman_lower > 0 || c.spearman_upper < 0;
        process_end(&p);
    }
    /* 4 standard errors of a share of 0.05 */
    const double bound = 4 * sqrt(0.05 * 0.95 / REPEATS);
    for (int k = 0; k < 2; k++)
        CU_ASSERT(fabs((double)miss[k] / REPEATS - 0.05) < bound);
    printf("missed %.3f (Pearson) and %.3f (Spearman)\n", (double)miss[0] / REPEATS,
           (double)miss[1] / REPEATS);
}

/* ---- locust antennal lobe: the figures of its README, which are those of a C tool ---- */

static double *read_doubles(const char *path, int64_t *n)
{
    spk_npy *npy = NULL;
    CU_ASSERT_EQUAL_FATAL(spk_npy_open(NULL, path, &npy), SPK_OK);
    const spk_array *array = spk_npy_array(npy);
    double *values = malloc((size_t)array->n_elements * sizeof *values);
    *n = array->n_elements;
    CU_ASSERT_EQUAL_FATAL(spk_array_to_double(NULL, array, values), SPK_OK);
    spk_npy_close(npy);
    return values;
}

static void locust(void)
{
    enum {
        N_TRIALS = 30,
        GRID = 1000 /* times are fractions of a sample */
    };
    const char *data = getenv("SPK_DATA");
    char path[2][1024];
    for (int k = 0; k < 2; k++)
        snprintf(path[k], sizeof path[k],
                 "%s/locust_al_20010214/Spontaneous_1.spike_%s.npy",
                 data == NULL ? "../../shared/data" : data,
                 k == 0 ? "times_samples" : "clusters");
    if (access(path[0], R_OK) != 0) {
        printf("skipped: %s is not there\n", path[0]);
        return;
    }
    int64_t n = 0, starts[N_TRIALS], stops[N_TRIALS];
    double *times = read_doubles(path[0], &n), *units = read_doubles(path[1], &n);
    for (int k = 0; k < N_TRIALS; k++) {
        starts[k] = (int64_t)15000 * GRID * 30 * k;
        stops[k] = starts[k] + (int64_t)15000 * GRID * 30;
    }
    const spk_epochs epochs = {N_TRIALS, starts, stops};
    process p = process_start(8, 15000.0 * GRID, stops[N_TRIALS - 1]);
    for (int64_t k = 0; k < n; k++)
        if (units[k] <= 7)
            process_add(&p, llrint(times[k] * GRID), (int32_t)units[k]);
    process_group(&p, &epochs);
    spk_intervals_summary s[8];
    spk_serial_correlation c[8];
    CU_ASSERT_EQUAL(spk_intervals_summarize(NULL, p.trains, NULL, s), SPK_OK);
    static const int64_t numbers[] = {0, 3303, 3574, 1339, 1890, 4912, 909, 4155};
    for (int u = 1; u < 8; u++)
        CU_ASSERT_EQUAL(s[u].n_intervals, numbers[u]);
    /* the README has 4 intervals of 0 in unit 5, of which the file has 3 */
    CU_ASSERT(s[5].n_zero == 3 && s[7].n_zero == 1 && s[1].n_zero == 0);
    CU_ASSERT(fabs(s[1].mean_s - 0.2333) < 5e-5 && fabs(s[1].sd_s - 0.4660) < 5e-5);
    CU_ASSERT(fabs(s[1].median_s - 0.0546) < 5e-5);
    CU_ASSERT(fabs(1.4826 * s[1].mad_s - 0.0359) < 5e-5);
    CU_ASSERT(fabs(s[1].min_s - 0.0157) < 5e-5 && fabs(s[1].max_s - 4.5264) < 1e-4);
    CU_ASSERT(fabs(s[1].q1_s - 0.0369) < 5e-5 && fabs(s[1].q3_s - 0.1491) < 5e-5);
    /* its rate takes 28 trials of 29 s */
    CU_ASSERT(fabs(spk_trains_unit(p.trains, 1).n_spikes / 28.0 / 29 - 4.10222) < 5e-6);
    /* Its correlation pairs the last interval of a trial with the first of the next, so here
     * they are laid end to end; its limits are r -+ 1.96 0.6325 / sqrt(n - 1). */
    const spk_train unit = spk_trains_unit(p.trains, 1);
    process joined = process_start(1, 15000.0 * GRID, INT64_MAX / 4);
    int64_t at = 0;
    process_add(&joined, at, 0);
    for (int64_t r = 0; r < unit.n_runs; r++)
        for (int64_t k = unit.run_offsets[r] + 1; k < unit.run_offsets[r + 1]; k++)
            process_add(&joined, at += unit.samples[k] - unit.samples[k - 1], 0);
    process_group(&joined, NULL);
    CU_ASSERT_EQUAL(spk_intervals_correlate(NULL, joined.trains, 1, NULL, c), SPK_OK);
    const double half = 1.96 * 0.6325 / sqrt((double)numbers[1] - 1);
    CU_ASSERT(fabs(c->spearman - half - 0.400336) < 2e-5);
    CU_ASSERT(fabs(c->spearman + half - 0.443483) < 2e-5);
    /* within trials */
    CU_ASSERT_EQUAL(spk_intervals_correlate(NULL, p.trains, 1, NULL, c), SPK_OK);
    CU_ASSERT(c[1].n_pairs == 3275 && fabs(c[1].spearman - 0.42361) < 2e-5);
    process_end(&joined);
    process_end(&p);
    free(times);
    free(units);
}

static void errors(void)
{
    spk_context *ctx = NULL;
    const int64_t samples[] = {1, 4};
    process p = process_of(samples, 2, 1000, 10, NULL);
    spk_intervals_summary s;
    spk_serial_correlation c;
    int64_t count;
    spk_intervals_options o;
    CU_ASSERT_EQUAL_FATAL(spk_context_create(&ctx), SPK_OK);
    for (int k = 0; k < 4; k++) {
        static const char *const messages[] = {"options", "lvr_refractory_s",
                                               "confidence", "confidence"};
        spk_intervals_options_init(&o, sizeof o);
        if (k == 0)
            o.struct_size = 0;
        else if (k == 1)
            o.lvr_refractory_s = -1;
        else
            o.confidence = k == 2 ? 0 : NAN;
        CU_ASSERT_EQUAL(spk_intervals_summarize(ctx, p.trains, &o, &s), SPK_ERR_ARGUMENT);
        CU_ASSERT_EQUAL(
            strncmp(spk_context_message(ctx), messages[k], strlen(messages[k])), 0);
        CU_ASSERT_EQUAL(spk_intervals_correlate(ctx, p.trains, 1, &o, &c),
                        SPK_ERR_ARGUMENT);
    }
    CU_ASSERT_EQUAL(spk_intervals_summarize(ctx, NULL, NULL, &s), SPK_ERR_ARGUMENT);
    CU_ASSERT_EQUAL(spk_intervals_summarize(ctx, p.trains, NULL, NULL), SPK_ERR_ARGUMENT);
    CU_ASSERT_EQUAL(spk_intervals_correlate(ctx, p.trains, 0, NULL, &c),
                    SPK_ERR_ARGUMENT);
    CU_ASSERT_STRING_EQUAL(spk_context_message(ctx),
                           "n_lags must be in 1 .. 100000, got 0");
    CU_ASSERT_EQUAL(spk_intervals_count(ctx, NULL, 1, 1, &count), SPK_ERR_ARGUMENT);
    CU_ASSERT_EQUAL(spk_intervals_count(ctx, p.trains, 1, 1, NULL), SPK_ERR_ARGUMENT);
    CU_ASSERT_EQUAL(spk_intervals_count(ctx, p.trains, 0, 1, &count), SPK_ERR_ARGUMENT);
    CU_ASSERT_EQUAL(spk_intervals_count(ctx, p.trains, 1, 0, &count), SPK_ERR_ARGUMENT);
    CU_ASSERT_EQUAL(spk_intervals_count(ctx, p.trains, 1, (int64_t)1 << 50, &count),
                    SPK_ERR_ARGUMENT);
    process_end(&p);
    spk_context_destroy(ctx);
}

static spk_status summarize(spk_context *ctx, void *trains)
{
    spk_intervals_summary s;
    return spk_intervals_summarize(ctx, trains, NULL, &s);
}

static spk_status correlate(spk_context *ctx, void *trains)
{
    spk_serial_correlation c;
    return spk_intervals_correlate(ctx, trains, 1, NULL, &c);
}

static void failed_allocations(void)
{
    const int64_t samples[] = {5, 300, 310, 900};
    process p = process_of(samples, 4, 1000, 1000, NULL);
    CU_ASSERT(suite_fail_allocations(summarize, p.trains) >= 2);
    CU_ASSERT(suite_fail_allocations(correlate, p.trains) >= 2);
    process_end(&p);
}

static const suite_test tests[] = {
    {"by hand", by_hand},
    {"nothing to say", nothing_to_say},
    {"equals the definition", equals_the_definition},
    {"limits of independent intervals", limits_of_independent_intervals},
    {"limits of dependent intervals", limits_of_dependent_intervals},
    {"locust", locust},
    {"errors", errors},
    {"failed allocations", failed_allocations},
};

SUITE_MAIN("intervals", tests)
