/* SPDX-License-Identifier: BSD-3-Clause */
/* Interval jitter as a method of finding connections: rows are what the test of the counts
 * gives, and hold their level. */
#include "suite.h"

#include <math.h>
#include <spikekit/connections.h>
#include <spikekit/jitter.h>
#include <spikekit/random.h>
#include <stdlib.h>

enum {
    N_UNITS = 6,
    N_EACH = 1500,
    N = N_UNITS * N_EACH,
    DURATION = 3000000
};

static int64_t samples[N];
static int32_t units[N];

/* Unit 1 fires 2 ms after each tenth spike of unit 0; unit 5 is silent for 4 ms after every
 * spike of unit 4. */
static spk_spikes simulate(uint64_t seed)
{
    static int64_t drawn[N], order[N], offset[N_UNITS][N_EACH];
    spk_random random = {.seed = seed};
    for (int u = 0; u < N_UNITS; u++)
        for (int i = 0; i < N_EACH; i++)
            offset[u][i] = (int64_t)(spk_random_uniform(&random) * (DURATION - 200));
    for (int i = 0; i < N_EACH; i += 10)
        offset[1][i] = offset[0][i] + 60;
    for (int i = 0; i < N_EACH; i++)
        for (int j = 0; j < N_EACH; j++)
            if (offset[5][i] >= offset[4][j] && offset[5][i] < offset[4][j] + 120)
                offset[5][i] = offset[4][j] + 120;
    for (int i = 0; i < N; i++)
        drawn[i] = offset[i % N_UNITS][i / N_UNITS];
    CU_ASSERT_EQUAL_FATAL(spk_spikes_order(NULL, N, drawn, order), SPK_OK);
    for (int i = 0; i < N; i++) {
        samples[i] = drawn[order[i]];
        units[i] = (int32_t)(order[i] % N_UNITS);
    }
    return (spk_spikes){N, N_UNITS, samples, units, 30000, 0, DURATION};
}

static spk_connections_options all_rows(void)
{
    spk_connections_options options;
    spk_connections_options_init(&options, sizeof options);
    options.method = SPK_CONNECTION_JITTER;
    options.signs = 0;
    options.max_p = 1;
    return options;
}

static void rows_are_the_test_of_the_counts(void)
{
    const spk_spikes spikes = simulate(1);
    const spk_connections_options options = all_rows();
    spk_connections *found = NULL;
    spk_trains *trains = NULL;
    CU_ASSERT_EQUAL_FATAL(spk_connections_find(NULL, &spikes, &options, &found), SPK_OK);
    CU_ASSERT_EQUAL_FATAL(spk_trains_create(NULL, &spikes, NULL, &trains), SPK_OK);
    CU_ASSERT_EQUAL_FATAL(spk_connections_n_rows(found), 2 * N_UNITS * (N_UNITS - 1));
    spk_jitter_options jitter;
    spk_jitter_layout layout;
    spk_jitter_options_init(&jitter, sizeof jitter);
    jitter.bin_s = 0.0004;
    jitter.from_s = 0.0008;
    jitter.to_s = 0.004;
    CU_ASSERT_EQUAL_FATAL(spk_jitter_length(NULL, 30000, &jitter, &layout), SPK_OK);
    CU_ASSERT_EQUAL_FATAL(layout.n_tests, 9);
    int n_significant = 0;
    for (int64_t i = 0; i < spk_connections_n_rows(found); i++) {
        const spk_connection *row = &spk_connections_rows(found)[i];
        const int32_t pair[1][2] = {{row->source, row->target}};
        spk_jitter_result results[9];
        CU_ASSERT_EQUAL_FATAL(spk_jitter_test(NULL, trains, pair, 1, &jitter, results),
                              SPK_OK);
        double least = INFINITY, expected = 0, count = 0;
        int64_t at = 0;
        for (int k = 0; k < 9; k++) {
            const double here =
                row->sign > 0 ? results[k].log_upper : results[k].log_lower;
            at = here < least ? k : at;
            least = fmin(here, least);
            expected += results[k].expected;
            count += (double)results[k].count;
        }
        CU_ASSERT(row->log_p == fmin(least + log(9), 0));
        CU_ASSERT(row->count == (double)results[at].count &&
                  row->expected == results[at].expected);
        CU_ASSERT(fabs(row->latency_s - (0.0008 + 0.0004 * (double)at)) < 1e-12);
        CU_ASSERT(fabs(row->effect - (row->count - row->expected) /
                                         sqrt(results[at].variance)) < 1e-12);
        CU_ASSERT(fabs(row->transmission - (count - expected) / N_EACH) < 1e-12);
        CU_ASSERT_EQUAL(row->significant, row->log_p <= log(0.001));
        n_significant += row->significant;
        /* pairs of the peak that move within the bins tested, 9 of 25, are expected */
        if (row->source == 0 && row->target == 1 && row->sign > 0)
            CU_ASSERT(row->significant && row->log_p < -100 &&
                      fabs(row->latency_s - 0.002) < 1e-12 &&
                      fabs(row->transmission - 0.1 * 16 / 25) < 0.02);
        if (row->source == 4 && row->target == 5 && row->sign < 0)
            CU_ASSERT(row->count == 0 && row->log_p < -5);
    }
    CU_ASSERT(n_significant >= 1 && n_significant <= 3);
    spk_connections_destroy(found);
    spk_trains_destroy(trains);
}

static void curves_have_limits(void)
{
    const spk_spikes spikes = simulate(2);
    const spk_connections_options options = all_rows();
    int64_t n_bins;
    CU_ASSERT_EQUAL_FATAL(spk_connections_curve_length(NULL, &spikes, &options, &n_bins),
                          SPK_OK);
    double *values = malloc((size_t)(5 * n_bins) * sizeof *values);
    const spk_connection_curve curve = {values, values + n_bins, values + 2 * n_bins,
                                        values + 3 * n_bins, values + 4 * n_bins};
    CU_ASSERT_EQUAL_FATAL(spk_connections_curve(NULL, &spikes, &options, 0, 1, &curve),
                          SPK_OK);
    spk_trains *trains = NULL;
    CU_ASSERT_EQUAL_FATAL(spk_trains_create(NULL, &spikes, NULL, &trains), SPK_OK);
    spk_jitter_options jitter;
    spk_jitter_options_init(&jitter, sizeof jitter);
    jitter.bin_s = 0.0004;
    const int32_t pair[1][2] = {{0, 1}};
    spk_jitter_result *results = malloc((size_t)n_bins * sizeof *results);
    CU_ASSERT_EQUAL_FATAL(spk_jitter_test(NULL, trains, pair, 1, &jitter, results),
                          SPK_OK);
    int n_beyond = 0;
    for (int64_t k = 0; k < n_bins; k++) {
        const double level = log(0.001 / 9);
        CU_ASSERT(curve.counts[k] == (double)results[k].count);
        CU_ASSERT(fabs(curve.expected[k] - results[k].expected) < 1e-12);
        CU_ASSERT_EQUAL(curve.counts[k] > curve.upper[k], results[k].log_upper <= level);
        CU_ASSERT_EQUAL(curve.counts[k] < curve.lower[k], results[k].log_lower <= level);
        CU_ASSERT(curve.lower[k] <= curve.expected[k] &&
                  curve.upper[k] >= curve.expected[k]);
        n_beyond += curve.counts[k] > curve.upper[k];
    }
    CU_ASSERT(n_beyond >= 1 && n_beyond <= 2);
    free(results);
    free(values);
    spk_trains_destroy(trains);
}

/* Without a connection a test is significant no more often than alpha says. */
static void keeps_its_level(void)
{
    spk_connections_options options = all_rows();
    options.alpha = 0.05;
    double n = 0, significant = 0;
    for (uint64_t seed = 10; seed < 16; seed++) {
        const spk_spikes spikes = simulate(seed);
        spk_connections *found = NULL;
        CU_ASSERT_EQUAL_FATAL(spk_connections_find(NULL, &spikes, &options, &found),
                              SPK_OK);
        for (int64_t i = 0; i < spk_connections_n_rows(found); i++) {
            const spk_connection *row = &spk_connections_rows(found)[i];
            if ((row->source == 0 && row->target == 1) ||
                (row->source == 4 && row->target == 5))
                continue;
            n++;
            significant += row->significant;
        }
        spk_connections_destroy(found);
    }
    CU_ASSERT(n == 6 * 56);
    CU_ASSERT(significant / n <= 0.05 + 4 * sqrt(0.05 * 0.95 / n));
    CU_ASSERT(significant >= 1);
}

static spk_status find_some(spk_context *ctx, void *spikes)
{
    static const int32_t pair[] = {0, 1};
    spk_connections_options options = all_rows();
    options.pairs = pair;
    options.n_pairs = 1;
    options.bin_s = 1.0 / 30000; /* more bins than a worker keeps on its stack */
    spk_connections *found = NULL;
    const spk_status status = spk_connections_find(ctx, spikes, &options, &found);
    spk_connections_destroy(found);
    return status;
}

static void failed_allocations(void)
{
    spk_spikes spikes = simulate(3);
    CU_ASSERT(suite_fail_allocations(find_some, &spikes) > 5);
}

static void recordings_beyond_the_range(void)
{
    spk_spikes spikes = simulate(3);
    spikes.stop_sample = INT64_MAX;
    spk_context *ctx = NULL;
    CU_ASSERT_EQUAL_FATAL(spk_context_create(&ctx), SPK_OK);
    CU_ASSERT_EQUAL(find_some(ctx, &spikes), SPK_ERR_OVERFLOW);
    spk_context_destroy(ctx);
}

static const suite_test tests[] = {
    {"rows are the test of the counts", rows_are_the_test_of_the_counts},
    {"curves have limits", curves_have_limits},
    {"keeps its level", keeps_its_level},
    {"failed allocations", failed_allocations},
    {"recordings beyond the range", recordings_beyond_the_range},
};

SUITE_MAIN("connection jitter", tests)
