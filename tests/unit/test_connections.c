/* SPDX-License-Identifier: BSD-3-Clause */
/* The frame of the connection methods, with made-up methods whose rows are known: which pairs are
 * tested, from which bins, what is kept, and q. */
#include "correlation/connection_find.h"
#include "suite.h"

#include <math.h>
#include <spikekit/correlogram.h>
#include <spikekit/random.h>
#include <stdlib.h>

enum {
    N_UNITS = 7,
    N_SPIKES = 3000
};

typedef struct table {
    int64_t samples[N_SPIKES];
    int32_t units[N_SPIKES];
    spk_spikes spikes;
} table;

/* Unit 5 is silent. */
static void make_table(table *t, uint64_t seed)
{
    spk_random random = {.seed = seed};
    int64_t at = -100;
    for (int s = 0; s < N_SPIKES; s++) {
        at += (int64_t)(spk_random_exponential(&random) * 20.0);
        t->samples[s] = at;
        t->units[s] = (int32_t)(spk_random_uniform(&random) * N_UNITS);
        if (t->units[s] == 5)
            t->units[s] = 0;
    }
    t->spikes =
        (spk_spikes){N_SPIKES, N_UNITS, t->samples, t->units, 1000.0, -100, at + 50};
}

/* ---- made-up methods ---- */

/* p falls with the pairs in the bins tested; the latency is that of the largest bin. */
static void row_of(const spk__connection_work *work, const int64_t *counts,
                   int32_t source, int32_t target, int32_t sign, spk_connection *row)
{
    int64_t sum = 0, best = work->first_bin;
    for (int64_t k = work->first_bin; k < work->last_bin; k++) {
        sum += counts[k];
        best = counts[k] > counts[best] ? k : best;
    }
    *row = spk__connection_blank(source, target, sign);
    row->count = (double)counts[best];
    row->latency_s = (double)(best - work->n_bins / 2) * work->bin_s;
    row->log_p = -(double)sum / (sign > 0 ? 10.0 : 20.0);
    row->significant = row->log_p < log(work->options->alpha);
    row->effect = work->auto_counts == NULL
                      ? NAN
                      : (double)work->auto_counts[target * work->n_bins + 1];
}

static spk_status test_counts(spk_context *ctx, const spk__connection_work *work,
                              const spk__connection_pair *pair, void *scratch,
                              spk_connection *tests, int32_t *n_tests)
{
    (void)ctx;
    CU_ASSERT_PTR_NULL(scratch);
    *n_tests = 0;
    for (int32_t sign = 1; sign >= -1; sign -= 2)
        if (work->options->signs == 0 || work->options->signs == sign)
            row_of(work, pair->counts, pair->source, pair->target, sign,
                   &tests[(*n_tests)++]);
    return SPK_OK;
}

/* From the trains, both ways: the same numbers as test_counts(), counted by definition. */
static spk_status test_trains(spk_context *ctx, const spk__connection_work *work,
                              const spk__connection_pair *pair, void *scratch,
                              spk_connection *tests, int32_t *n_tests)
{
    int64_t *counts = scratch;
    const int32_t units[2] = {pair->source, pair->target};
    CU_ASSERT(pair->source < pair->target);
    *n_tests = 0;
    for (int way = 0; way < 2; way++) {
        const spk_train a = spk_trains_unit(work->trains, units[way]);
        const spk_train b = spk_trains_unit(work->trains, units[1 - way]);
        memset(counts, 0, (size_t)work->n_bins * sizeof *counts);
        for (int64_t r = 0; r < a.n_runs; r++)
            for (int64_t i = a.run_offsets[r]; i < a.run_offsets[r + 1]; i++)
                for (int64_t j = b.run_offsets[r]; j < b.run_offsets[r + 1]; j++) {
                    const double x =
                        (double)(b.samples[j] - a.samples[i]) / (double)work->bin_samples;
                    const double k = floor(x + (double)work->n_bins / 2.0);
                    if (k >= 0 && k < (double)work->n_bins)
                        counts[(int64_t)k]++;
                }
        const spk__connection_pair directed = {units[way], units[1 - way], counts};
        spk_connection own[2];
        int32_t n = 0;
        const spk_status status = test_counts(ctx, work, &directed, NULL, own, &n);
        if (status != SPK_OK)
            return status;
        for (int32_t k = 0; k < n; k++)
            tests[(*n_tests)++] = own[k];
    }
    return SPK_OK;
}

static int64_t room_for_counts(const spk__connection_work *work)
{
    return work->n_bins * (int64_t)sizeof(int64_t);
}

static spk_status draw_curve(spk_context *ctx, const spk__connection_work *work,
                             const spk__connection_pair *pair, void *scratch,
                             const spk_connection_curve *curve)
{
    (void)ctx;
    (void)scratch;
    for (int64_t k = 0; k < work->n_bins; k++)
        curve->expected[k] = 2.0 * (double)pair->counts[k];
    return SPK_OK;
}

#define INFO                                                                             \
    {                                                                                    \
        "made-up", "", 0.003, 0.060, 0.003, 0.012, 0.01, 0.01, 0                         \
    }
static const spk__connection_method of_counts = {
    .info = INFO, .needs_counts = 1, .test = test_counts, .curve = draw_curve};
static const spk__connection_method of_undirected = {
    .info = INFO, .needs_counts = 1, .is_symmetric = 1, .test = test_counts};
static const spk__connection_method of_autos = {
    .info = INFO, .needs_counts = 1, .needs_auto = 1, .test = test_counts};
static const spk__connection_method of_trains = {.info = INFO,
                                                 .needs_trains = 1,
                                                 .is_mutual = 1,
                                                 .scratch_bytes = room_for_counts,
                                                 .test = test_trains};

static spk_connections_options all_rows(void)
{
    spk_connections_options options;
    spk_connections_options_init(&options, sizeof options);
    options.max_p = 1.0;
    return options;
}

static spk_connections *find(const spk_spikes *spikes,
                             const spk_connections_options *options,
                             const spk__connection_method *method, int32_t n_threads)
{
    spk_context *ctx = NULL;
    spk_connections *found = NULL;
    CU_ASSERT_FATAL(spk_context_create(&ctx) == SPK_OK);
    CU_ASSERT_FATAL(spk_context_set_threads(ctx, n_threads) == SPK_OK);
    const spk_status status =
        spk__connections_find_by(ctx, spikes, options, method, &found);
    if (status != SPK_OK)
        fprintf(stderr, "%s\n", spk_context_message(ctx));
    CU_ASSERT_EQUAL_FATAL(status, SPK_OK);
    spk_context_destroy(ctx);
    return found;
}

static int same_rows(const spk_connection *a, const spk_connection *b, int64_t n)
{
    return n == 0 || memcmp(a, b, (size_t)n * sizeof *a) == 0;
}

/* ---- tests ---- */

static void rows_are_those_of_the_cube(void)
{
    table t;
    make_table(&t, 3);
    spk_connections_options options = all_rows();
    spk_connections *found = find(&t.spikes, &options, &of_counts, 1);
    spk_correlogram_options bins;
    spk_correlogram_options_init(&bins, sizeof bins);
    bins.n_bins = 21;
    bins.bin_samples = 3;
    static int64_t counts[N_UNITS][N_UNITS][21];
    CU_ASSERT_EQUAL_FATAL(spk_correlogram_count(NULL, &t.spikes, &bins, &counts[0][0][0]),
                          SPK_OK);
    /* latencies of 3 to 12 ms: bins 1 to 4 right of the centre */
    const spk_connection *rows = spk_connections_rows(found);
    int64_t n = 0;
    for (int32_t i = 0; i < N_UNITS; i++)
        for (int32_t j = 0; j < N_UNITS; j++)
            for (int32_t sign = 1; sign >= -1 && i != j && i != 5 && j != 5; sign -= 2) {
                int64_t sum = 0;
                for (int k = 11; k <= 14; k++)
                    sum += counts[i][j][k];
                CU_ASSERT_EQUAL(rows[n].source, i);
                CU_ASSERT_EQUAL(rows[n].target, j);
                CU_ASSERT_EQUAL(rows[n].sign, sign);
                CU_ASSERT_EQUAL(rows[n].log_p, -(double)sum / (sign > 0 ? 10.0 : 20.0));
                n++;
            }
    CU_ASSERT_EQUAL(n, 60);
    CU_ASSERT_EQUAL(spk_connections_n_rows(found), n);
    CU_ASSERT_EQUAL(spk_connections_n_tests(found), n);
    const spk_connections_options *resolved = spk_connections_resolved(found);
    CU_ASSERT_EQUAL(resolved->bin_s, 0.003);
    CU_ASSERT_DOUBLE_EQUAL(resolved->window_s, 0.063, 1e-15);
    CU_ASSERT_EQUAL(resolved->signs, 0);
    CU_ASSERT_EQUAL(resolved->last_source, N_UNITS);
    spk_connections_destroy(found);
}

static void every_way_finds_the_same(void)
{
    table t;
    make_table(&t, 4);
    spk_connections_options options = all_rows();
    const int64_t starts[] = {-50, 9000, 30000}, stops[] = {8000, 25000, 50000};
    const spk_epochs epochs = {3, starts, stops};
    for (int with_epochs = 0; with_epochs < 2; with_epochs++) {
        options.epochs = with_epochs ? &epochs : NULL;
        spk_connections *whole = find(&t.spikes, &options, &of_counts, 1);
        const spk_connection *rows = spk_connections_rows(whole);
        const int64_t n = spk_connections_n_rows(whole);
        for (int32_t n_threads = 1; n_threads <= 4; n_threads *= 2) {
            spk_connections *other = find(&t.spikes, &options, &of_trains, n_threads);
            CU_ASSERT_EQUAL(spk_connections_n_rows(other), n);
            CU_ASSERT(same_rows(spk_connections_rows(other), rows, n));
            spk_connections_destroy(other);
            other = find(&t.spikes, &options, &of_counts, n_threads);
            CU_ASSERT_EQUAL(spk_connections_n_rows(other), n);
            CU_ASSERT(same_rows(spk_connections_rows(other), rows, n));
            spk_connections_destroy(other);
        }
        spk_connections_destroy(whole);
    }
}

/* Shards name each test once, whatever the method; joined and adjusted they are the whole. */
static void shards_join(const spk__connection_method *method)
{
    table t;
    make_table(&t, 5);
    spk_connections_options options = all_rows();
    spk_connections *whole = find(&t.spikes, &options, method, 2);
    const int64_t n = spk_connections_n_rows(whole);
    spk_connection *joined = malloc((size_t)n * sizeof *joined);
    int64_t n_joined = 0, n_tests = 0;
    static const int64_t edges[] = {0, 1, 1, 4, N_UNITS};
    for (int s = 0; s < 4; s++) {
        options.first_source = edges[s];
        options.last_source = edges[s + 1];
        spk_connections *part = find(&t.spikes, &options, method, 1);
        CU_ASSERT_FATAL(n_joined + spk_connections_n_rows(part) <= n);
        for (int64_t r = 0; r < spk_connections_n_rows(part); r++)
            joined[n_joined++] = spk_connections_rows(part)[r];
        n_tests += spk_connections_n_tests(part);
        spk_connections_destroy(part);
    }
    CU_ASSERT_EQUAL(n_joined, n);
    CU_ASSERT_EQUAL(n_tests, spk_connections_n_tests(whole));
    CU_ASSERT_EQUAL(spk_connections_adjust(NULL, n_tests, joined, n_joined), SPK_OK);
    int64_t n_same = 0;
    for (int64_t r = 0; r < n; r++)
        for (int64_t k = 0; k < n; k++)
            n_same += same_rows(&spk_connections_rows(whole)[r], &joined[k], 1);
    CU_ASSERT_EQUAL(n_same, n);
    free(joined);
    spk_connections_destroy(whole);
}

static void shards_name_each_test_once(void)
{
    shards_join(&of_counts);
    shards_join(&of_trains);
    shards_join(&of_undirected);
}

static void chosen_pairs_are_rows_of_the_whole(void)
{
    table t;
    make_table(&t, 6);
    const int32_t pairs[][2] = {{2, 3}, {6, 0}, {0, 6}, {1, 5}, {2, 3}};
    static const int32_t expected[][3] = {{0, 6, 1},  {0, 6, -1}, {2, 3, 1}, {2, 3, 1},
                                          {2, 3, -1}, {2, 3, -1}, {6, 0, 1}, {6, 0, -1}};
    const spk__connection_method *const methods[] = {&of_counts, &of_trains, &of_autos};
    for (int m = 0; m < 3; m++) {
        spk_connections_options options = all_rows();
        spk_connections *whole = find(&t.spikes, &options, methods[m], 1);
        options.pairs = &pairs[0][0];
        options.n_pairs = 5;
        spk_connections *some = find(&t.spikes, &options, methods[m], 2);
        CU_ASSERT_EQUAL_FATAL(spk_connections_n_rows(some), 8);
        for (int r = 0; r < 8; r++) {
            const spk_connection *row = &spk_connections_rows(some)[r];
            CU_ASSERT(row->source == expected[r][0] && row->target == expected[r][1] &&
                      row->sign == expected[r][2]);
            int n_found = 0;
            for (int64_t k = 0; k < spk_connections_n_rows(whole); k++) {
                spk_connection other = spk_connections_rows(whole)[k];
                other.log_q = row->log_q; /* of more tests */
                n_found += same_rows(&other, row, 1);
            }
            CU_ASSERT_EQUAL(n_found, 1);
        }
        spk_connections_destroy(some);
        options.n_pairs = 0;
        some = find(&t.spikes, &options, methods[m], 1);
        CU_ASSERT_EQUAL(spk_connections_n_tests(some), 0);
        spk_connections_destroy(some);
        spk_connections_destroy(whole);
    }
}

/* Pairs without a direction: the rows of source < target, each once however it is asked for. */
static void undirected_pairs(void)
{
    table t;
    make_table(&t, 6);
    const int32_t pairs[][2] = {{6, 0}, {3, 2}, {0, 6}, {1, 5}, {2, 3}, {3, 2}};
    static const int32_t expected[][3] = {{0, 6, 1}, {0, 6, -1}, {2, 3, 1}, {2, 3, -1}};
    spk_connections_options options = all_rows();
    spk_connections *both = find(&t.spikes, &options, &of_counts, 1);
    spk_connections *once = find(&t.spikes, &options, &of_undirected, 2);
    int64_t n = 0;
    for (int64_t r = 0; r < spk_connections_n_rows(both); r++) {
        const spk_connection *row = &spk_connections_rows(both)[r];
        if (row->source < row->target)
            CU_ASSERT_EQUAL(spk_connections_rows(once)[n++].log_p, row->log_p);
    }
    CU_ASSERT(n == 30 && spk_connections_n_rows(once) == n);
    CU_ASSERT_EQUAL(spk_connections_n_tests(once), n);
    spk_connections_destroy(once);
    spk_connections_destroy(both);
    options.pairs = &pairs[0][0];
    options.n_pairs = 6;
    once = find(&t.spikes, &options, &of_undirected, 1);
    CU_ASSERT_EQUAL_FATAL(spk_connections_n_rows(once), 4);
    for (int r = 0; r < 4; r++) {
        const spk_connection *row = &spk_connections_rows(once)[r];
        CU_ASSERT(row->source == expected[r][0] && row->target == expected[r][1] &&
                  row->sign == expected[r][2]);
    }
    spk_connections_destroy(once);
}

static void what_is_kept(void)
{
    table t;
    make_table(&t, 7);
    spk_connections_options options = all_rows();
    spk_connections *whole = find(&t.spikes, &options, &of_counts, 1);
    const int64_t n = spk_connections_n_rows(whole);
    options.max_p = exp(-4.05);
    options.alpha = 1e-6; /* nothing more by the own rule */
    spk_connections *some = find(&t.spikes, &options, &of_counts, 1);
    int64_t kept = 0;
    for (int64_t r = 0; r < n; r++) {
        const spk_connection *row = &spk_connections_rows(whole)[r];
        if (!(row->log_p <= log(options.max_p)))
            continue;
        const spk_connection *same = &spk_connections_rows(some)[kept++];
        CU_ASSERT_EQUAL(same->log_p, row->log_p);
        if (row->log_q <= log(options.max_p)) {
            CU_ASSERT_EQUAL(same->log_q, row->log_q);
        } else {
            CU_ASSERT(same->log_q >= row->log_q && row->log_q > log(options.max_p));
        }
    }
    CU_ASSERT(kept > 10 && kept < n);
    CU_ASSERT_EQUAL(spk_connections_n_rows(some), kept);
    CU_ASSERT_EQUAL(spk_connections_n_tests(some), n);
    spk_connections_destroy(some);
    /* what the method's own rule finds is kept though its p is larger */
    int64_t by_own_rule = 0;
    options.alpha = 0.1;
    for (int64_t r = 0; r < n; r++)
        by_own_rule += spk_connections_rows(whole)[r].log_p < log(options.alpha);
    some = find(&t.spikes, &options, &of_counts, 1);
    CU_ASSERT(by_own_rule > kept);
    CU_ASSERT_EQUAL(spk_connections_n_rows(some), by_own_rule);
    spk_connections_destroy(some);
    options.alpha = NAN;
    options.max_p = 1.0;
    options.signs = -1;
    some = find(&t.spikes, &options, &of_counts, 1);
    CU_ASSERT_EQUAL(spk_connections_n_tests(some), n / 2);
    CU_ASSERT_EQUAL(spk_connections_rows(some)[0].sign, -1);
    spk_connections_destroy(some);
    spk_connections_destroy(whole);
}

/* By hand: 4 of 5 tests kept. p = 0.01, 0.04, 0.03, 0.04 of rank 1, 4, 2, 4 (ties share the
 * largest): q = 5 p / rank = 0.05, 0.05, 0.05 (the least of 0.075 and 0.05), 0.05. */
static void q_by_hand(void)
{
    static const double p[] = {0.01, 0.04, 0.03, 0.04}, lone[] = {0.001};
    spk_connection rows[4];
    for (int r = 0; r < 4; r++) {
        rows[r] = spk__connection_blank(0, 1, 1);
        rows[r].log_p = log(p[r]);
    }
    CU_ASSERT_EQUAL(spk_connections_adjust(NULL, 5, rows, 4), SPK_OK);
    for (int r = 0; r < 4; r++)
        CU_ASSERT_DOUBLE_EQUAL(exp(rows[r].log_q), 0.05, 1e-15);
    rows[0].log_p = log(lone[0]);
    CU_ASSERT_EQUAL(spk_connections_adjust(NULL, 10, rows, 1), SPK_OK);
    CU_ASSERT_DOUBLE_EQUAL(exp(rows[0].log_q), 0.01, 1e-16);
    rows[0].log_p = -5000.0; /* far below the smallest double */
    CU_ASSERT_EQUAL(spk_connections_adjust(NULL, 100, rows, 1), SPK_OK);
    CU_ASSERT_DOUBLE_EQUAL(rows[0].log_q, -5000.0 + log(100.0), 1e-9);
    CU_ASSERT_EQUAL(spk_connections_adjust(NULL, 0, NULL, 0), SPK_OK);
    CU_ASSERT_EQUAL(spk_connections_adjust(NULL, 0, rows, 1), SPK_ERR_ARGUMENT);
    CU_ASSERT_EQUAL(spk_connections_adjust(NULL, 1, NULL, 1), SPK_ERR_ARGUMENT);
    rows[0].log_p = NAN;
    CU_ASSERT_EQUAL(spk_connections_adjust(NULL, 1, rows, 1), SPK_ERR_ARGUMENT);
    rows[0].log_p = 0.1;
    CU_ASSERT_EQUAL(spk_connections_adjust(NULL, 1, rows, 1), SPK_ERR_ARGUMENT);
}

/* 20 pairs where 12.5 are expected, 100 spikes. Garwood's limits of 20: 12.2165 and 30.8884. */
static void transmission_by_hand(void)
{
    spk_connection row = spk__connection_blank(3, 4, 1);
    spk__connection_set_transmission(&row, 20, 12.5, 100);
    CU_ASSERT_DOUBLE_EQUAL(row.transmission, 0.075, 1e-15);
    CU_ASSERT_DOUBLE_EQUAL(row.transmission_lower, 0.122165 - 0.125, 1e-6);
    CU_ASSERT_DOUBLE_EQUAL(row.transmission_upper, 0.308884 - 0.125, 1e-6);
    spk__connection_set_transmission(&row, 1, 0.0,
                                     10); /* Garwood's 1: 0.025318, 5.571643 */
    CU_ASSERT_DOUBLE_EQUAL(row.transmission_lower, 0.0025318, 1e-7);
    CU_ASSERT_DOUBLE_EQUAL(row.transmission_upper, 0.5571643, 1e-7);
    spk__connection_set_transmission(&row, 0, 5.0, 10);
    CU_ASSERT_DOUBLE_EQUAL(row.transmission, -0.5, 1e-15);
    CU_ASSERT_DOUBLE_EQUAL(row.transmission_lower, -0.5, 1e-15);
    CU_ASSERT_DOUBLE_EQUAL(row.transmission_upper, 0.3688879 - 0.5, 1e-6);
}

static void a_curve_is_its_correlogram(void)
{
    table t;
    make_table(&t, 8);
    enum {
        N_BINS = 21
    };
    double lags[N_BINS], counts[N_BINS], expected[N_BINS], lower[N_BINS], upper[N_BINS];
    const spk_connection_curve curve = {lags, counts, expected, lower, upper};
    const int32_t pair[1][2] = {{4, 2}};
    int64_t by_pairs[N_BINS];
    spk_correlogram_options bins;
    spk_correlogram_options_init(&bins, sizeof bins);
    bins.n_bins = N_BINS;
    bins.bin_samples = 3;
    CU_ASSERT_EQUAL_FATAL(
        spk_correlogram_count_pairs(NULL, &t.spikes, &bins, pair, 1, by_pairs), SPK_OK);
    CU_ASSERT_EQUAL_FATAL(
        spk__connections_curve_by(NULL, &t.spikes, NULL, &of_counts, 4, 2, &curve),
        SPK_OK);
    for (int k = 0; k < N_BINS; k++) {
        CU_ASSERT_EQUAL(counts[k], (double)by_pairs[k]);
        CU_ASSERT_EQUAL(expected[k], 2.0 * counts[k]);
        CU_ASSERT_EQUAL(lags[k], (double)(3 * (k - 10)) / 1000.0);
        CU_ASSERT(isnan(lower[k]) && isnan(upper[k]));
    }
    /* a silent unit: no expectation */
    CU_ASSERT_EQUAL_FATAL(
        spk__connections_curve_by(NULL, &t.spikes, NULL, &of_counts, 5, 2, &curve),
        SPK_OK);
    CU_ASSERT(counts[3] == 0.0 && isnan(expected[3]));
    CU_ASSERT_EQUAL(
        spk__connections_curve_by(NULL, &t.spikes, NULL, &of_counts, 2, 2, &curve),
        SPK_ERR_ARGUMENT);
    CU_ASSERT_EQUAL(
        spk__connections_curve_by(NULL, &t.spikes, NULL, &of_counts, -1, 2, &curve),
        SPK_ERR_ARGUMENT);
    CU_ASSERT_EQUAL(
        spk__connections_curve_by(NULL, &t.spikes, NULL, &of_counts, 1, N_UNITS, &curve),
        SPK_ERR_ARGUMENT);
    CU_ASSERT_EQUAL(
        spk__connections_curve_by(NULL, &t.spikes, NULL, &of_counts, 1, 2, NULL),
        SPK_ERR_ARGUMENT);
    spk_connections_options unknown = all_rows();
    unknown.struct_size = 4096;
    CU_ASSERT_EQUAL(
        spk__connections_curve_by(NULL, &t.spikes, &unknown, &of_counts, 1, 2, &curve),
        SPK_ERR_ARGUMENT);
}

/* An epoch is half-open, and a window may be as long as the recording but no longer. */
static void edges_of_time(void)
{
    const int64_t samples[] = {10, 14, 40, 44};
    const int32_t units[] = {0, 1, 0, 1};
    const int64_t starts[] = {0}, stops[] = {44};
    const spk_epochs epochs = {1, starts, stops};
    const spk_spikes spikes = {4, 2, samples, units, 1000.0, 0, 63};
    spk_connections_options options = all_rows();
    spk_connections *found = find(&spikes, &options, &of_counts, 1);
    CU_ASSERT_EQUAL(spk_connections_rows(found)[0].log_p, -0.2); /* two pairs of 4 ms */
    spk_connections_destroy(found);
    options.epochs = &epochs;
    options.window_s = 0.040;
    found = find(&spikes, &options, &of_trains, 1); /* the spike at 44 is outside */
    CU_ASSERT_EQUAL(spk_connections_rows(found)[0].log_p, -0.1);
    spk_connections_destroy(found);
    /* 63 samples are 21 bins; one less is too few */
    options.epochs = NULL;
    options.window_s = NAN;
    spk_spikes shorter = spikes;
    shorter.stop_sample = 62;
    CU_ASSERT_EQUAL(
        spk__connections_find_by(NULL, &shorter, &options, &of_counts, &found),
        SPK_ERR_ARGUMENT);
}

static void bad_options(void)
{
    static const spk__connection_method plain = {
        .info = {"plain", "", 0.003, 0.060, 0.003, 0.012, NAN, NAN, 0},
        .needs_counts = 1,
        .test = test_counts};
    static const spk__connection_method lacks_only = {
        .info = INFO, .needs_counts = 1, .sign_only = -1, .test = test_counts};
    table t;
    make_table(&t, 9);
    const int32_t outside[1][2] = {{0, N_UNITS}}, same[1][2] = {{3, 3}};
    const int64_t starts[] = {0, 5}, stops[] = {10, 20};
    const spk_epochs overlapping = {2, starts, stops};
    spk_connections *found = NULL;
    for (int wrong = 0; wrong < 21; wrong++) {
        spk_context *ctx = NULL;
        spk_connections_options o = all_rows();
        const spk__connection_method *method = &of_counts;
        const char *word = "";
        switch (wrong) {
        case 0:
            o.alpha = 0.0, word = "alpha";
            break;
        case 1:
            o.alpha = 1.0, word = "alpha";
            break;
        case 2:
            o.max_p = 0.0, word = "max_p";
            break;
        case 3:
            o.max_p = NAN, word = "max_p";
            break;
        case 4:
            o.width_s = -1.0, word = "width_s";
            break;
        case 5:
            o.min_latency_s = -0.001, word = "min_latency_s";
            break;
        case 6:
            o.max_latency_s = 0.001, word = "max_latency_s";
            break;
        case 7:
            o.max_latency_s = 0.5, word = "max_latency_s";
            break;
        case 8:
            o.min_latency_s = o.max_latency_s = 0.004, word = "no bin";
            break;
        case 9:
            o.signs = 3, word = "signs";
            break;
        case 10:
            o.signs = 1, method = &lacks_only, word = "sign";
            break;
        case 11:
            o.bin_s = 0.0, word = "bin_s";
            break;
        case 12:
            o.window_s = 1e4, word = "window_s";
            break;
        case 13:
            o.first_source = 3, o.last_source = 2, word = "sources";
            break;
        case 14:
            o.last_source = N_UNITS + 1, word = "sources";
            break;
        case 15:
            o.pairs = outside[0], o.n_pairs = 1, word = "pairs[0][1]";
            break;
        case 16:
            o.pairs = same[0], o.n_pairs = 1, word = "pairs[0]";
            break;
        case 17:
            o.epochs = &overlapping, word = "epoch";
            break;
        case 18:
            o.alpha = 0.05, method = &plain, word = "alpha: method plain";
            break;
        case 19:
            o.width_s = 0.01, method = &plain, word = "width_s: method plain";
            break;
        default:
            o.struct_size = 3, word = "struct_size";
            break;
        }
        CU_ASSERT_FATAL(spk_context_create(&ctx) == SPK_OK);
        CU_ASSERT_EQUAL(spk__connections_find_by(ctx, &t.spikes, &o, method, &found),
                        SPK_ERR_ARGUMENT);
        if (strstr(spk_context_message(ctx), word) == NULL)
            fprintf(stderr, "case %d: %s\n", wrong, spk_context_message(ctx));
        CU_ASSERT_PTR_NOT_NULL(strstr(spk_context_message(ctx), word));
        CU_ASSERT_PTR_NULL(found);
        spk_context_destroy(ctx);
    }
    CU_ASSERT_EQUAL(spk__connections_find_by(NULL, &t.spikes, NULL, &of_counts, NULL),
                    SPK_ERR_ARGUMENT);
    spk_connections_options o = all_rows();
    o.method = 1000;
    CU_ASSERT_EQUAL(spk_connections_find(NULL, &t.spikes, &o, &found), SPK_ERR_ARGUMENT);
    CU_ASSERT_PTR_NULL(spk_connections_method(-1));
    CU_ASSERT_PTR_NULL(spk_connections_rows(NULL));
    CU_ASSERT_EQUAL(spk_connections_n_rows(NULL), 0);
    spk_connections_destroy(NULL);
    int32_t method = 7;
    CU_ASSERT_EQUAL(spk_connections_method_from_name(NULL, "magic", &method),
                    SPK_ERR_NOT_FOUND);
    CU_ASSERT_EQUAL(method, 7);
}

static void small_tables(void)
{
    const int64_t samples[] = {5, 5, 5};
    const int32_t units[] = {0, 1, 1};
    spk_connections_options options = all_rows();
    for (int64_t n_units = 0; n_units <= 3; n_units++)
        for (int64_t n = 0; n <= (n_units > 1 ? 3 : 0); n += 3) {
            const spk_spikes spikes = {n, n_units, samples, units, 1000.0, 0, 1000};
            const spk__connection_method *const methods[] = {&of_counts, &of_trains,
                                                             &of_autos};
            for (int m = 0; m < 3; m++) {
                spk_connections *found = find(&spikes, &options, methods[m], 2);
                CU_ASSERT_EQUAL(spk_connections_n_tests(found), n == 0 ? 0 : 4);
                for (int64_t r = 0; r < spk_connections_n_rows(found); r++)
                    CU_ASSERT_EQUAL(spk_connections_rows(found)[r].log_p, 0.0);
                spk_connections_destroy(found);
            }
        }
}

typedef struct call {
    const spk_spikes *spikes;
    const spk_connections_options *options;
    const spk__connection_method *method;
} call;

static spk_status find_once(spk_context *ctx, void *argument)
{
    const call *c = argument;
    spk_connections *found = NULL;
    const spk_status status =
        spk__connections_find_by(ctx, c->spikes, c->options, c->method, &found);
    spk_connections_destroy(found);
    return status;
}

static spk_status curve_once(spk_context *ctx, void *argument)
{
    const call *c = argument;
    double values[5][21];
    const spk_connection_curve curve = {values[0], values[1], values[2], values[3],
                                        values[4]};
    return spk__connections_curve_by(ctx, c->spikes, c->options, c->method, 0, 1, &curve);
}

static void out_of_memory(void)
{
    table t;
    make_table(&t, 10);
    spk_connections_options options = all_rows();
    const int32_t pairs[2][2] = {{0, 1}, {1, 0}};
    for (int chosen = 0; chosen < 2; chosen++) {
        options.pairs = chosen ? pairs[0] : NULL;
        options.n_pairs = 2;
        CU_ASSERT(suite_fail_allocations(find_once,
                                         &(call){&t.spikes, &options, &of_counts}) > 5);
        CU_ASSERT(suite_fail_allocations(find_once,
                                         &(call){&t.spikes, &options, &of_autos}) > 5);
        CU_ASSERT(suite_fail_allocations(
                      find_once, &(call){&t.spikes, &options, &of_undirected}) > 5);
        CU_ASSERT(suite_fail_allocations(find_once,
                                         &(call){&t.spikes, &options, &of_trains}) > 5);
    }
    CU_ASSERT(
        suite_fail_allocations(curve_once, &(call){&t.spikes, &options, &of_counts}) > 5);
}

static const suite_test tests[] = {
    {"rows are those of the cube", rows_are_those_of_the_cube},
    {"every way finds the same", every_way_finds_the_same},
    {"shards name each test once", shards_name_each_test_once},
    {"chosen pairs are rows of the whole", chosen_pairs_are_rows_of_the_whole},
    {"undirected pairs", undirected_pairs},
    {"what is kept", what_is_kept},
    {"q by hand", q_by_hand},
    {"transmission by hand", transmission_by_hand},
    {"a curve is its correlogram", a_curve_is_its_correlogram},
    {"edges of time", edges_of_time},
    {"bad options", bad_options},
    {"small tables", small_tables},
    {"out of memory", out_of_memory},
};

SUITE_MAIN("connections", tests)
