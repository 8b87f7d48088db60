/* SPDX-License-Identifier: BSD-3-Clause */
#include "correlation/correlogram_rows.h"
#include "correlogram_oracle.h"
#include "suite.h"

#include <spikekit/correlogram.h>
#include <spikekit/random.h>

enum {
    CONVENTIONS = 5,
    MOST_SPIKES = 700
};

typedef struct table {
    spk_spikes spikes;
    int64_t samples[MOST_SPIKES];
    int32_t units[MOST_SPIKES];
} table;

typedef enum shape {
    SPREAD,    /* Poisson-like */
    ON_GRID,   /* every lag a multiple of 5 samples: on edges */
    TIES,      /* many spikes at the same sample, within and between units */
    ONE_PLACE, /* all at one sample */
    BURSTS,    /* long silences between dense stretches */
    SHAPES
} shape;

static int below(spk_random *r, int n)
{
    return (int)(spk_random_uniform(r) * n);
}

/* n_units - 1 units spike; unit 1, if there are more than two, is silent. */
static void make_table(uint64_t seed, shape kind, int n_spikes, int n_units,
                       int64_t start, table *t)
{
    spk_random r = {.seed = seed};
    int64_t sample = start;
    for (int s = 0; s < n_spikes; s++) {
        if (kind == SPREAD)
            sample += below(&r, 40);
        else if (kind == ON_GRID)
            sample += 5 * below(&r, 7);
        else if (kind == TIES)
            sample += below(&r, 3) == 0 ? below(&r, 60) : 0;
        else if (kind == BURSTS)
            sample += below(&r, 20) == 0 ? 100000000 : below(&r, 8);
        t->samples[s] = sample;
        int unit = below(&r, n_units);
        t->units[s] = n_units > 2 && unit == 1 ? 0 : unit;
    }
    t->spikes =
        (spk_spikes){n_spikes, n_units, t->samples, t->units, 30000.0, start, sample + 1};
}

static spk_correlogram_options make_options(int32_t convention, int64_t half, int64_t bin)
{
    spk_correlogram_options o;
    spk_correlogram_options_init(&o, sizeof o);
    o.convention = convention;
    o.n_bins = 2 * half + (convention != SPK_CORRELOGRAM_SPIKEINTERFACE);
    o.bin_samples = bin;
    o.bin_s = (double)bin / 30000.0;
    return o;
}

static void expect_equal(const int64_t *expected, const int64_t *found, int64_t n,
                         const char *what)
{
    int64_t k = 0;
    while (k < n && expected[k] == found[k])
        k++;
    CU_ASSERT(k == n);
    if (k < n)
        printf("\n  %s: element %lld is %lld, expected %lld", what, (long long)k,
               (long long)found[k], (long long)expected[k]);
}

typedef struct collected {
    int64_t *counts;
    int64_t row_length;
    int64_t next;
} collected;

static spk_status collect_row(void *user, int64_t row, const int64_t *counts)
{
    collected *c = user;
    CU_ASSERT_EQUAL(row, c->next);
    c->next = row + 1;
    memcpy(c->counts + row * c->row_length, counts,
           (size_t)c->row_length * sizeof *counts);
    return SPK_OK;
}

/* Every way to count gives the oracle's counts. */
static void compare_all_ways(spk_context *ctx, const spk_spikes *s,
                             const spk_correlogram_options *o)
{
    int64_t n = s->n_units;
    int64_t length;
    CU_ASSERT_EQUAL_FATAL(spk_correlogram_length(ctx, s, o, &length), SPK_OK);
    CU_ASSERT_EQUAL(length, n * n * o->n_bins);
    int64_t *expected = oracle_counts(s, o);
    size_t bytes = (size_t)length * sizeof *expected;
    int64_t *found = malloc(bytes + 8);

    memset(found, 0x55, bytes);
    CU_ASSERT_EQUAL(spk_correlogram_count(ctx, s, o, found), SPK_OK);
    expect_equal(expected, found, length, "count");

    memset(found, 0x55, bytes);
    collected c = {found, n * o->n_bins, 0};
    int64_t cut = n / 3;
    CU_ASSERT_EQUAL(spk_correlogram_count_rows(ctx, s, o, 0, cut, collect_row, &c),
                    SPK_OK);
    CU_ASSERT_EQUAL(spk_correlogram_count_rows(ctx, s, o, cut, cut, collect_row, &c),
                    SPK_OK);
    CU_ASSERT_EQUAL(spk_correlogram_count_rows(ctx, s, o, cut, n, collect_row, &c),
                    SPK_OK);
    CU_ASSERT_EQUAL(c.next, n);
    expect_equal(expected, found, length, "rows");

    int32_t(*pairs)[2] = malloc((size_t)(n * n) * sizeof *pairs + 8);
    for (int64_t p = 0; p < n * n; p++) {
        pairs[p][0] = (int32_t)(p / n);
        pairs[p][1] = (int32_t)(p % n);
    }
    memset(found, 0x55, bytes);
    CU_ASSERT_EQUAL(
        spk_correlogram_count_pairs(ctx, s, o, (const int32_t(*)[2])pairs, n * n, found),
        SPK_OK);
    expect_equal(expected, found, length, "pairs");

    memset(found, 0x55, bytes);
    CU_ASSERT_EQUAL(spk_correlogram_count_auto(ctx, s, o, found), SPK_OK);
    for (int64_t u = 0; u < n; u++)
        expect_equal(expected + (u * n + u) * o->n_bins, found + u * o->n_bins, o->n_bins,
                     "auto");
    free(pairs);
    free(found);
    free(expected);
}

static void test_by_hand(void)
{
    /* unit 0 at 100, 110; unit 1 at 103, 110; bins of 4 samples: (.., -2) [-2, 2) [2, 6) .. */
    int64_t samples[] = {100, 103, 110, 110};
    int32_t units[] = {0, 1, 0, 1};
    spk_spikes s = {4, 2, samples, units, 1000.0, 0, 200};
    spk_correlogram_options o = make_options(SPK_CORRELOGRAM_SPIKEKIT, 2, 4);
    int64_t counts[2 * 2 * 5];
    CU_ASSERT_EQUAL(spk_correlogram_count(NULL, &s, &o, counts), SPK_OK);
    int64_t expected[] = {
        0, 0, 0, 0, 0,    /* 0-0: lags 10 and -10 are outside [-10, 10)... */
        0, 0, 1, 1, 0,    /* 0-1: 3, 10 out, -7, 0 */
        0, 0, 0, 0, 0,    /* 1-0 */
        0, 0, 0, 0, 0};   /* 1-1: 7, -7 */
    expected[0] = 1;      /* ... but the left edge, -10, is inside */
    expected[5 + 0] = 1;  /* -7 in [-10, -6) */
    expected[10 + 1] = 1; /* 1-0: -3 in [-6, -2) */
    expected[10 + 0] = 1; /* -10 */
    expected[10 + 2] = 1; /* 0 */
    expected[10 + 4] = 1; /* 7 in [6, 10) */
    expected[15 + 0] = 1;
    expected[15 + 4] = 1;
    expect_equal(expected, counts, 20, "by hand");
}

static void test_against_the_definition(void)
{
    static table t;
    static const int64_t widths[] = {1, 2, 5, 10, 15, 30};
    static const int64_t halves[] = {1, 2, 7};
    spk_context *ctx = NULL;
    CU_ASSERT_EQUAL_FATAL(spk_context_create(&ctx), SPK_OK);
    uint64_t seed = 1;
    for (int32_t convention = 0; convention < CONVENTIONS; convention++)
        for (int kind = 0; kind < SHAPES; kind++)
            for (int w = 0; w < 6; w++)
                for (int h = 0; h < 3; h++) {
                    int n_units = 1 + (int)(seed % 6);
                    int64_t start = seed % 2 ? -1000 : (int64_t)1 << 33;
                    int n = kind == ONE_PLACE ? 40 : 110;
                    make_table(seed++, (shape)kind, n, n_units, start, &t);
                    CU_ASSERT_EQUAL(spk_context_set_threads(ctx, 1 + (int32_t)(seed % 3)),
                                    SPK_OK);
                    spk_correlogram_options o =
                        make_options(convention, halves[h], widths[w]);
                    compare_all_ways(ctx, &t.spikes, &o);
                }
    spk_context_destroy(ctx);
}

static void test_epochs(void)
{
    static table t;
    int64_t starts[] = {-500, 300, 700, 1500, 5000};
    int64_t stops[] = {200, 700, 1100, 1501, 6000};
    spk_epochs epochs = {5, starts, stops};
    for (int32_t convention = 0; convention < CONVENTIONS; convention++)
        for (int kind = 0; kind < SHAPES; kind++) {
            make_table((uint64_t)(kind + 10), (shape)kind, 200, 4, -100, &t);
            spk_correlogram_options o = make_options(convention, 6, 30);
            o.epochs = &epochs;
            compare_all_ways(NULL, &t.spikes, &o);
        }
}

/* Few and many units, one spike, none: sizes around which code could go wrong. */
static void test_sizes(void)
{
    static table t;
    static const int spikes[] = {0, 1, 2, 15, 16, 17, 33, 500};
    static const int units[] = {1, 2, 40, 300};
    for (int32_t convention = 0; convention < CONVENTIONS; convention++)
        for (int s = 0; s < 8; s++)
            for (int u = 0; u < 4; u++) {
                if (spikes[s] == 500 && units[u] == 300)
                    continue;
                make_table((uint64_t)(s + 7), SPREAD, spikes[s], units[u], 0, &t);
                spk_correlogram_options o = make_options(convention, 2, 12);
                compare_all_ways(NULL, &t.spikes, &o);
            }
}

/* Where slot and time do not fit 32 bits together, and where single precision would end. */
static void test_wide_windows(void)
{
    static table t;
    static const int64_t widths[] = {1 << 20, (1 << 20) + 1, 1 << 22, 1 << 27};
    for (int32_t convention = 0; convention < CONVENTIONS; convention++)
        for (int w = 0; w < 4; w++) {
            make_table((uint64_t)(w + 3), BURSTS, 120, 5, 0, &t);
            for (int s = 0; s < 120; s++)
                t.samples[s] = t.samples[s] / 16 * widths[w] / 1000000;
            t.spikes.stop_sample = t.samples[119] + 1;
            spk_correlogram_options o = make_options(convention, 3, widths[w]);
            compare_all_ways(NULL, &t.spikes, &o);
        }
}

/* Silence after silence, where few bits are left for time: none may wrap into the window,
 * neither the first spike out of reach nor those after it. */
static void test_many_units_far_apart(void)
{
    enum {
        N = 90,
        UNITS = 300
    };
    static int64_t samples[N];
    static int32_t units[N];
    static const int64_t widths[] = {1000, 20000, 100000, 140000, 300000, 500000, 590000};
    for (int32_t convention = 0; convention < CONVENTIONS; convention++)
        for (int w = 0; w < 7; w++)
            for (int64_t gap = 1; gap < 6; gap += 2) {
                for (int64_t s = 0; s < N; s++) {
                    samples[s] = s * gap * widths[w] + s % 3;
                    units[s] = (int32_t)(s * 7 % UNITS);
                }
                spk_spikes s = {N, UNITS, samples, units, 30000.0, 0, samples[N - 1] + 1};
                spk_correlogram_options o = make_options(convention, 2, widths[w]);
                int64_t length = UNITS * UNITS * o.n_bins;
                int64_t *expected = oracle_counts(&s, &o);
                int64_t *found = malloc((size_t)length * sizeof *found);
                CU_ASSERT_EQUAL(spk_correlogram_count(NULL, &s, &o, found), SPK_OK);
                expect_equal(expected, found, length, "far apart");
                free(found);
                free(expected);
            }
}

/* References and targets are rows and columns of the whole. */
static void test_two_populations(void)
{
    static table t;
    int32_t references[] = {4, 0, 2};
    int32_t targets[] = {5, 2, 1, 3};
    for (int32_t convention = 0; convention < CONVENTIONS; convention++) {
        make_table(99, TIES, 400, 6, 0, &t);
        spk_correlogram_options o = make_options(convention, 5, 10);
        int64_t *all = oracle_counts(&t.spikes, &o);
        o.references = references;
        o.n_references = 3;
        o.targets = targets;
        o.n_targets = 4;
        int64_t length;
        CU_ASSERT_EQUAL_FATAL(spk_correlogram_length(NULL, &t.spikes, &o, &length),
                              SPK_OK);
        CU_ASSERT_EQUAL(length, 12 * o.n_bins);
        int64_t *found = malloc((size_t)length * sizeof *found);
        int64_t *rows = malloc((size_t)length * sizeof *rows);
        CU_ASSERT_EQUAL(spk_correlogram_count(NULL, &t.spikes, &o, found), SPK_OK);
        int swapped = convention == SPK_CORRELOGRAM_SPIKEINTERFACE;
        int64_t n_rows = swapped ? 4 : 3;
        int64_t n_columns = swapped ? 3 : 4;
        collected c = {rows, n_columns * o.n_bins, 0};
        CU_ASSERT_EQUAL(
            spk_correlogram_count_rows(NULL, &t.spikes, &o, 0, n_rows, collect_row, &c),
            SPK_OK);
        expect_equal(found, rows, length, "populations, rows");
        for (int64_t r = 0; r < n_rows; r++)
            for (int64_t k = 0; k < n_columns; k++) {
                int64_t i = swapped ? targets[r] : references[r];
                int64_t j = swapped ? references[k] : targets[k];
                expect_equal(all + (i * 6 + j) * o.n_bins,
                             found + (r * n_columns + k) * o.n_bins, o.n_bins,
                             "populations");
            }
        free(rows);
        free(found);
        free(all);
    }
}

static int32_t cancel_at_second(void *user)
{
    return ++*(int64_t *)user == 2;
}

/* Counters that would fill up are emptied in time: the same counts in parts. */
static void test_parts(void)
{
    static table t;
    for (int32_t convention = 0; convention < CONVENTIONS; convention++) {
        if (convention == SPK_CORRELOGRAM_PYNAPPLE)
            continue;
        make_table(5, TIES, 300, 5, 0, &t);
        spk_correlogram_options o = make_options(convention, 4, 10);
        int64_t *expected = oracle_counts(&t.spikes, &o);
        int64_t length = 25 * o.n_bins;
        int64_t *found = malloc((size_t)length * sizeof *found);
        spk__correlogram_layout layout;
        spk__correlogram_job job;
        spk__correlogram_layout_init(&layout, &t.spikes, &o);
        CU_ASSERT_EQUAL_FATAL(
            spk__correlogram_job_create(NULL, &t.spikes, &o, &layout, &job), SPK_OK);
        job.flush_references = 7;
        job.poll_references = 3;
        memset(found, 0x55, (size_t)length * sizeof *found);
        CU_ASSERT_EQUAL(spk__correlogram_count_cube(NULL, &job, found), SPK_OK);
        expect_equal(expected, found, length, "cube in parts");
        memset(found, 0x55, (size_t)length * sizeof *found);
        CU_ASSERT_EQUAL(
            spk__correlogram_count_job_rows(NULL, &job, 0, 5, found, NULL, NULL), SPK_OK);
        expect_equal(expected, found, length, "rows in parts");

        /* Cancelled in the middle of a row, as no loop over rows would notice. */
        spk_context *ctx = NULL;
        CU_ASSERT_EQUAL_FATAL(spk_context_create(&ctx), SPK_OK);
        CU_ASSERT_EQUAL(spk_context_set_threads(ctx, 3), SPK_OK);
        job.flush_references = 1000;
        int64_t polls = 0;
        spk_context_set_cancel(ctx, cancel_at_second, &polls);
        CU_ASSERT_EQUAL(spk__correlogram_count_cube(ctx, &job, found), SPK_ERR_CANCELLED);
        CU_ASSERT(strlen(spk_context_message(ctx)) > 0);
        spk_context_destroy(ctx);
        spk__correlogram_job_destroy(&job);
        free(found);
        free(expected);
    }
}

static void test_threads_and_memory(void)
{
    static table t;
    make_table(3, SPREAD, MOST_SPIKES, 12, 0, &t);
    for (int32_t convention = 0; convention < CONVENTIONS; convention++) {
        spk_correlogram_options o = make_options(convention, 20, 30);
        int64_t length = 144 * o.n_bins;
        size_t bytes = (size_t)length * sizeof(int64_t);
        int64_t *one = malloc(bytes);
        int64_t *many = malloc(bytes);
        CU_ASSERT_EQUAL(spk_correlogram_count(NULL, &t.spikes, &o, one), SPK_OK);
        for (int32_t threads = 2; threads < 9; threads++) {
            spk_context *ctx = NULL;
            CU_ASSERT_EQUAL_FATAL(spk_context_create(&ctx), SPK_OK);
            CU_ASSERT_EQUAL(spk_context_set_threads(ctx, threads), SPK_OK);
            CU_ASSERT_EQUAL(spk_correlogram_count(ctx, &t.spikes, &o, many), SPK_OK);
            CU_ASSERT(memcmp(one, many, bytes) == 0);
            collected c = {many, 12 * o.n_bins, 0};
            CU_ASSERT_EQUAL(
                spk_correlogram_count_rows(ctx, &t.spikes, &o, 0, 12, collect_row, &c),
                SPK_OK);
            CU_ASSERT(memcmp(one, many, bytes) == 0);
            CU_ASSERT_EQUAL(spk__memory_in_use(ctx), 0);
            spk_context_destroy(ctx);
        }
        free(one);
        free(many);
    }
}

/* The promise of the header: 4 bytes a spike and counters, whatever the number of units. */
static void test_memory_bound(void)
{
    enum {
        N = 400000,
        UNITS = 500
    };
    int64_t *samples = malloc(N * sizeof *samples);
    int32_t *units = malloc(N * sizeof *units);
    spk_random r = {.seed = 8};
    for (int s = 0; s < N; s++) {
        samples[s] = (int64_t)s * 500;
        units[s] = below(&r, UNITS);
    }
    spk_spikes spikes = {N, UNITS, samples, units, 30000.0, 0, (int64_t)N * 500};
    spk_correlogram_options o = make_options(SPK_CORRELOGRAM_SPIKEKIT, 10, 30);
    int64_t *counts = malloc((size_t)UNITS * UNITS * 21 * sizeof *counts);
    spk_context *ctx = NULL;
    CU_ASSERT_EQUAL_FATAL(spk_context_create(&ctx), SPK_OK);
    CU_ASSERT_EQUAL(spk_context_set_threads(ctx, 2), SPK_OK);
    CU_ASSERT_EQUAL(spk_correlogram_count(ctx, &spikes, &o, counts), SPK_OK);
    int64_t table_and_index = 8 * (int64_t)N;
    CU_ASSERT(spk__memory_peak(ctx) <= table_and_index + 2 * (16 << 20));
    CU_ASSERT(spk__memory_peak(ctx) >= table_and_index);
    spk_context_destroy(ctx);
    free(counts);
    free(samples);
    free(units);
}

static spk_status stop_at_third(void *user, int64_t row, const int64_t *counts)
{
    (void)counts;
    ++*(int64_t *)user;
    return row == 2 ? SPK_ERR_IO : SPK_OK;
}

static int32_t cancel_now(void *user)
{
    (void)user;
    return 1;
}

static void test_stopping(void)
{
    static table t;
    make_table(3, SPREAD, MOST_SPIKES, 20, 0, &t);
    spk_correlogram_options o = make_options(SPK_CORRELOGRAM_SPIKEKIT, 20, 30);
    for (int32_t threads = 1; threads < 5; threads++) {
        spk_context *ctx = NULL;
        int64_t called = 0;
        CU_ASSERT_EQUAL_FATAL(spk_context_create(&ctx), SPK_OK);
        CU_ASSERT_EQUAL(spk_context_set_threads(ctx, threads), SPK_OK);
        CU_ASSERT_EQUAL(
            spk_correlogram_count_rows(ctx, &t.spikes, &o, 0, 20, stop_at_third, &called),
            SPK_ERR_IO);
        CU_ASSERT_EQUAL(called, 3);
        CU_ASSERT_EQUAL(spk__memory_in_use(ctx), 0);
        spk_context_set_cancel(ctx, cancel_now, NULL);
        int64_t *counts = malloc((size_t)(400 * o.n_bins) * sizeof *counts);
        CU_ASSERT_EQUAL(spk_correlogram_count(ctx, &t.spikes, &o, counts),
                        SPK_ERR_CANCELLED);
        CU_ASSERT_EQUAL(spk__memory_in_use(ctx), 0);
        free(counts);
        spk_context_destroy(ctx);
    }
}

/* Identities that need no oracle. */
static void test_identities(void)
{
    static table t, shifted;
    make_table(21, ON_GRID, 500, 4, 0, &t);
    make_table(21, ON_GRID, 500, 4, 0, &shifted);
    for (int s = 0; s < 500; s++)
        shifted.samples[s] += (int64_t)1 << 40;
    shifted.spikes.stop_sample += (int64_t)1 << 40;
    spk_correlogram_options fine = make_options(SPK_CORRELOGRAM_SPIKEINTERFACE, 300, 1);
    spk_correlogram_options coarse = make_options(SPK_CORRELOGRAM_SPIKEINTERFACE, 10, 30);
    spk_correlogram_options odd = make_options(SPK_CORRELOGRAM_SPIKEKIT, 10, 15);
    static int64_t a[16 * 600], b[16 * 600];

    /* Bins of one sample, summed, are wider bins. */
    CU_ASSERT_EQUAL(spk_correlogram_count(NULL, &t.spikes, &fine, a), SPK_OK);
    CU_ASSERT_EQUAL(spk_correlogram_count(NULL, &t.spikes, &coarse, b), SPK_OK);
    for (int64_t p = 0; p < 16; p++)
        for (int64_t k = 0; k < 20; k++) {
            int64_t sum = 0;
            for (int64_t f = 0; f < 30; f++)
                sum += a[p * 600 + k * 30 + f];
            CU_ASSERT_EQUAL(sum, b[p * 20 + k]);
        }
    /* A shift in time changes nothing. */
    CU_ASSERT_EQUAL(spk_correlogram_count(NULL, &shifted.spikes, &coarse, a), SPK_OK);
    CU_ASSERT(memcmp(a, b, 16 * 20 * sizeof *a) == 0);
    /* With an odd width no lag is on an edge: [i][j] mirrors [j][i]. */
    CU_ASSERT_EQUAL(spk_correlogram_count(NULL, &t.spikes, &odd, a), SPK_OK);
    for (int64_t i = 0; i < 4; i++)
        for (int64_t j = 0; j < 4; j++)
            for (int64_t k = 0; k < 21; k++)
                CU_ASSERT_EQUAL(a[(i * 4 + j) * 21 + k], a[(j * 4 + i) * 21 + 20 - k]);
}

typedef struct failing_call {
    table t;
    spk_correlogram_options options;
    int which;
    int64_t counts[36 * 64];
} failing_call;

static spk_status ignore_row(void *user, int64_t row, const int64_t *counts)
{
    (void)user;
    (void)row;
    (void)counts;
    return SPK_OK;
}

static spk_status call_counting(spk_context *ctx, void *argument)
{
    failing_call *f = argument;
    static const int32_t pairs[2][2] = {{0, 1}, {2, 2}};
    spk_status status = spk_context_set_threads(ctx, 3);
    if (status != SPK_OK)
        return status;
    if (f->which == 0)
        return spk_correlogram_count(ctx, &f->t.spikes, &f->options, f->counts);
    if (f->which == 1)
        return spk_correlogram_count_rows(ctx, &f->t.spikes, &f->options, 1, 5,
                                          ignore_row, NULL);
    if (f->which == 2)
        return spk_correlogram_count_pairs(ctx, &f->t.spikes, &f->options, pairs, 2,
                                           f->counts);
    return spk_correlogram_count_auto(ctx, &f->t.spikes, &f->options, f->counts);
}

static void test_allocation_failures(void)
{
    static failing_call f;
    static const int32_t lists[] = {0, 3};
    make_table(2, SPREAD, 200, 6, 0, &f.t);
    for (int32_t convention = 0; convention < CONVENTIONS; convention++)
        for (f.which = 0; f.which < 4; f.which++) {
            f.options = make_options(convention, 4, 20);
            CU_ASSERT(suite_fail_allocations(call_counting, &f) >= 3);
        }
    f.options = make_options(SPK_CORRELOGRAM_SPIKEKIT, 4, 20);
    f.options.references = lists;
    f.options.n_references = 2;
    f.which = 0;
    CU_ASSERT(suite_fail_allocations(call_counting, &f) >= 4);
}

static void test_errors(void)
{
    static table t;
    static int64_t counts[4096];
    int32_t twice[] = {1, 1};
    int32_t outside[] = {0, 4};
    int32_t pair[1][2] = {{0, 4}};
    make_table(2, SPREAD, 50, 4, 0, &t);
    spk_context *ctx = NULL;
    CU_ASSERT_EQUAL_FATAL(spk_context_create(&ctx), SPK_OK);
    spk_correlogram_options good = make_options(SPK_CORRELOGRAM_SPIKEKIT, 3, 10);
    spk_correlogram_options o;

#define EXPECT(change, expected, words)                                                  \
    do {                                                                                 \
        o = good;                                                                        \
        change;                                                                          \
        CU_ASSERT_EQUAL(spk_correlogram_count(ctx, &t.spikes, &o, counts), expected);    \
        CU_ASSERT(strstr(spk_context_message(ctx), words) != NULL);                      \
    } while (0)
    EXPECT(o.n_bins = 200, SPK_ERR_ARGUMENT, "n_bins must be odd, got 200");
    EXPECT(o.n_bins = -1, SPK_ERR_ARGUMENT, "n_bins must be at least 1, got -1");
    EXPECT(o.convention = 1, SPK_ERR_ARGUMENT, "n_bins must be even, got 7");
    EXPECT(o.convention = 17, SPK_ERR_ARGUMENT, "convention must be in 0 .. 4, got 17");
    EXPECT(o.bin_samples = 0, SPK_ERR_ARGUMENT, "bin_samples must be at least 1, got 0");
    EXPECT(o.bin_samples = 1 << 29, SPK_ERR_OVERFLOW, "beyond 2^30 samples");
    EXPECT((o.n_bins = ((int64_t)1 << 40) + 1), SPK_ERR_OVERFLOW, "at most 2^28");
    EXPECT(o.struct_size = 0, SPK_ERR_ARGUMENT, "struct_size");
    EXPECT((o.convention = 3, o.bin_s = NAN), SPK_ERR_ARGUMENT, "bin_s must be positive");
    EXPECT((o.references = twice, o.n_references = 2), SPK_ERR_ARGUMENT,
           "references[1] repeats unit 1");
    EXPECT((o.targets = outside, o.n_targets = 2), SPK_ERR_ARGUMENT,
           "targets[1] must be a unit in 0 .. 3, got 4");
    EXPECT((o.targets = outside, o.n_targets = -1), SPK_ERR_ARGUMENT,
           "n_targets must be in 0 .. 4, got -1");
#undef EXPECT
    CU_ASSERT_EQUAL(spk_correlogram_count(ctx, &t.spikes, &good, NULL), SPK_ERR_ARGUMENT);
    CU_ASSERT_EQUAL(spk_correlogram_count(ctx, NULL, &good, counts), SPK_ERR_ARGUMENT);
    CU_ASSERT_EQUAL(
        spk_correlogram_count_rows(ctx, &t.spikes, &good, 2, 5, ignore_row, NULL),
        SPK_ERR_ARGUMENT);
    CU_ASSERT_EQUAL(spk_correlogram_count_rows(ctx, &t.spikes, &good, 0, 1, NULL, NULL),
                    SPK_ERR_ARGUMENT);
    CU_ASSERT_EQUAL(spk_correlogram_count_pairs(ctx, &t.spikes, &good,
                                                (const int32_t(*)[2])pair, 1, counts),
                    SPK_ERR_ARGUMENT);
    CU_ASSERT_STRING_EQUAL(spk_context_message(ctx),
                           "pairs[0][1] must be a unit in 0 .. 3, got 4");
    o = good;
    o.references = twice;
    o.n_references = 1;
    pair[0][1] = 1;
    CU_ASSERT_EQUAL(spk_correlogram_count_pairs(ctx, &t.spikes, &o,
                                                (const int32_t(*)[2])pair, 1, counts),
                    SPK_ERR_ARGUMENT);
    CU_ASSERT_EQUAL(spk_correlogram_count_auto(ctx, &t.spikes, &o, counts),
                    SPK_ERR_ARGUMENT);
    t.samples[20] = 0;
    CU_ASSERT_EQUAL(spk_correlogram_count(ctx, &t.spikes, &good, counts),
                    SPK_ERR_UNSORTED);
    t.samples[20] = t.samples[19];
    t.units[3] = 4;
    CU_ASSERT_EQUAL(spk_correlogram_count(ctx, &t.spikes, &good, counts),
                    SPK_ERR_ARGUMENT);
    spk_context_destroy(ctx);
}

static const suite_test TESTS[] = {
    {"worked by hand", test_by_hand},
    {"against the definition", test_against_the_definition},
    {"epochs", test_epochs},
    {"sizes", test_sizes},
    {"wide windows", test_wide_windows},
    {"many units far apart", test_many_units_far_apart},
    {"two populations", test_two_populations},
    {"counters emptied in parts", test_parts},
    {"threads", test_threads_and_memory},
    {"memory bound", test_memory_bound},
    {"stopping", test_stopping},
    {"identities", test_identities},
    {"allocation failures", test_allocation_failures},
    {"errors", test_errors},
};
SUITE_MAIN("correlogram", TESTS)
