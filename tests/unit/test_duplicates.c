/* SPDX-License-Identifier: BSD-3-Clause */
#include "suite.h"

#include <math.h>
#include <spikekit/array.h>
#include <spikekit/duplicates.h>
#include <spikekit/random.h>
#include <spikekit/table.h>
#include <stdlib.h>

enum {
    MOST = 400 /* spikes of a random table */
};

static spk_context *new_context(int32_t n_threads)
{
    spk_context *ctx = NULL;
    CU_ASSERT_EQUAL_FATAL(spk_context_create(&ctx), SPK_OK);
    CU_ASSERT_EQUAL(spk_context_set_threads(ctx, n_threads), SPK_OK);
    return ctx;
}

static spk_spikes table(int64_t n_spikes, int64_t n_units, const int64_t *samples,
                        const int32_t *units)
{
    return (spk_spikes){n_spikes, n_units, samples, units, 30000, -1000, 100000};
}

static int64_t draw_below(spk_random *random, int64_t n)
{
    return (int64_t)(spk_random_uniform(random) * (double)n);
}

/* Crowded, with ties; times start below 0. */
static spk_spikes draw_table(spk_random *random, int64_t n_units, int64_t *samples,
                             int32_t *units)
{
    const int64_t n = draw_below(random, MOST), step = 1 + draw_below(random, 12);
    int64_t t = -500;
    for (int64_t i = 0; i < n; i++) {
        samples[i] = t += draw_below(random, step);
        units[i] = (int32_t)draw_below(random, n_units);
    }
    return table(n, n_units, samples, units);
}

/* ---- within ---- */

static void within_hand_worked(void)
{
    /* One unit: 0, 8, 16, 40, 49, 100, 100. Another in between, which is not looked at. */
    const int64_t samples[] = {0, 4, 8, 16, 40, 49, 100, 100};
    const int32_t units[] = {0, 1, 0, 0, 0, 0, 0, 0};
    static const struct {
        int32_t keep;
        uint8_t drop[8];
        int64_t count;
    } cases[] = {
        {SPK_DUPLICATES_KEEP_FIRST, {0, 0, 1, 1, 0, 1, 0, 1}, 4},
        {SPK_DUPLICATES_KEEP_LAST, {1, 0, 1, 0, 1, 0, 1, 0}, 4},
        {SPK_DUPLICATES_KEEP_FIRST_ITERATIVE, {0, 0, 1, 0, 0, 1, 0, 1}, 3},
        {SPK_DUPLICATES_KEEP_LAST_ITERATIVE, {0, 0, 1, 0, 1, 0, 1, 0}, 3},
    };
    const spk_spikes spikes = table(8, 3, samples, units);
    spk_duplicates_options options;
    spk_duplicates_options_init(&options, sizeof options);
    for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++) {
        uint8_t drop[8];
        int64_t counts[3];
        options.keep = cases[c].keep;
        CU_ASSERT_EQUAL(spk_duplicates_find_within(NULL, &spikes, &options, drop, counts),
                        SPK_OK);
        CU_ASSERT_EQUAL(memcmp(drop, cases[c].drop, 8), 0);
        CU_ASSERT(counts[0] == cases[c].count && counts[1] == 0 && counts[2] == 0);
    }
    uint8_t by_default[8];
    CU_ASSERT_EQUAL(spk_duplicates_find_within(NULL, &spikes, NULL, by_default, NULL),
                    SPK_OK);
    CU_ASSERT_EQUAL(memcmp(by_default, cases[0].drop, 8), 0);
}

/* The distance at which two spikes begin to be duplicates, by each tool's rounding. */
static void periods_are_rounded_as_tools_do(void)
{
    static const struct {
        int32_t convention;
        double period_ms, rate_hz;
        int64_t distance;
    } cases[] = {
        {SPK_DUPLICATES_SPIKEINTERFACE, 0.3, 30000, 9},
        {SPK_DUPLICATES_SPIKEINTERFACE, 0.25, 30000, 8}, /* 7.5 to even */
        {SPK_DUPLICATES_SPIKEINTERFACE, 0.15, 30000, 4}, /* 4.5 to even */
        {SPK_DUPLICATES_SPIKEINTERFACE, 0, 30000, 0},
        {SPK_DUPLICATES_KILOSORT, 0.25, 30000, 6},
        {SPK_DUPLICATES_KILOSORT, 0.166, 30000, 3},
        {SPK_DUPLICATES_KILOSORT, 1, 1000, 0},
        {SPK_DUPLICATES_MERGE, 0.25, 30000, 7},
        {SPK_DUPLICATES_MERGE, 0.3, 30000, 9},
    };
    const int32_t units[] = {0, 0};
    spk_duplicates_options options;
    spk_duplicates_options_init(&options, sizeof options);
    for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++) {
        options.convention = cases[c].convention;
        options.period_ms = cases[c].period_ms;
        for (int64_t beyond = 0; beyond < 2; beyond++) {
            const int64_t samples[] = {10, 10 + cases[c].distance + beyond};
            spk_spikes spikes = table(2, 1, samples, units);
            int64_t count = -1;
            uint8_t drop[2];
            spikes.sampling_rate_hz = cases[c].rate_hz;
            CU_ASSERT_EQUAL(
                spk_duplicates_find_within(NULL, &spikes, &options, drop, &count),
                SPK_OK);
            CU_ASSERT_EQUAL(count, 1 - beyond);
        }
    }
}

/* From the definitions; i comes after j in the order of the walk. */
static void mark_by_definition(int32_t keep, const int64_t *t, int64_t n, int64_t d,
                               uint8_t *goes)
{
    const int backwards = keep == SPK_DUPLICATES_KEEP_LAST_ITERATIVE;
    memset(goes, 0, (size_t)n);
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < i; j++) {
            const int64_t a = backwards ? n - 1 - i : i, b = backwards ? n - 1 - j : j;
            if (llabs(t[a] - t[b]) > d)
                continue;
            if (keep == SPK_DUPLICATES_KEEP_FIRST)
                goes[a] = 1;
            else if (keep == SPK_DUPLICATES_KEEP_LAST)
                goes[b] = 1;
            else if (goes[b] == 0)
                goes[a] = 1;
        }
}

static void within_equals_definition(void)
{
    static int64_t samples[MOST], train[MOST], counts[5];
    static int32_t units[MOST], places[MOST];
    static uint8_t drop[MOST], goes[MOST], expected[MOST];
    spk_random random = {.seed = 11};
    spk_duplicates_options options;
    spk_duplicates_options_init(&options, sizeof options);
    for (int repeat = 0; repeat < 60; repeat++) {
        const spk_spikes spikes = draw_table(&random, 5, samples, units);
        options.keep = repeat % 4;
        int64_t differences = 0;
        CU_ASSERT_EQUAL(spk_duplicates_find_within(NULL, &spikes, &options, drop, counts),
                        SPK_OK);
        for (int32_t u = 0; u < 5; u++) {
            int64_t n = 0, n_goes = 0;
            for (int64_t i = 0; i < spikes.n_spikes; i++)
                if (units[i] == u) {
                    places[n] = (int32_t)i;
                    train[n++] = samples[i];
                }
            mark_by_definition(options.keep, train, n, 9, goes);
            for (int64_t k = 0; k < n; k++) {
                expected[places[k]] = goes[k];
                n_goes += goes[k];
            }
            differences += counts[u] != n_goes;
        }
        for (int64_t i = 0; i < spikes.n_spikes; i++)
            differences += drop[i] != expected[i];
        CU_ASSERT_EQUAL(differences, 0);
    }
}

/* Whatever the coins say: no two that stay are close, and of close neighbours one stays.
 * Over many pairs half of the first spikes go. */
static void random_keeps_one_of_each(void)
{
    enum {
        N_PAIRS = 4000
    };
    static int64_t samples[2 * N_PAIRS];
    static int32_t units[2 * N_PAIRS];
    static uint8_t drop[2 * N_PAIRS], again[2 * N_PAIRS];
    for (int i = 0; i < 2 * N_PAIRS; i++) {
        samples[i] = (i / 2) * 20 + (i % 2) * 5;
        units[i] = 0;
    }
    spk_spikes spikes = table(2 * N_PAIRS, 1, samples, units);
    spk_duplicates_options options;
    spk_duplicates_options_init(&options, sizeof options);
    options.keep = SPK_DUPLICATES_KEEP_RANDOM;
    CU_ASSERT_EQUAL(spk_duplicates_find_within(NULL, &spikes, &options, drop, NULL),
                    SPK_OK);
    int64_t n_first = 0, n_pairs = 0;
    for (int p = 0; p < N_PAIRS; p++) {
        n_first += drop[2 * p];
        n_pairs += drop[2 * p] + drop[2 * p + 1] == 1;
    }
    CU_ASSERT_EQUAL(n_pairs, N_PAIRS);
    /* s.d. of the share is 0.5 / sqrt(4000) = 0.0079 */
    CU_ASSERT_DOUBLE_EQUAL((double)n_first / N_PAIRS, 0.5, 4 * 0.0079);
    CU_ASSERT_EQUAL(spk_duplicates_find_within(NULL, &spikes, &options, again, NULL),
                    SPK_OK);
    CU_ASSERT_EQUAL(memcmp(drop, again, sizeof drop), 0);
    options.seed = 1;
    CU_ASSERT_EQUAL(spk_duplicates_find_within(NULL, &spikes, &options, again, NULL),
                    SPK_OK);
    CU_ASSERT_NOT_EQUAL(memcmp(drop, again, sizeof drop), 0);

    spk_random random = {.seed = 3};
    for (int repeat = 0; repeat < 20; repeat++) {
        spikes = draw_table(&random, 1, samples, units);
        CU_ASSERT_EQUAL(spk_duplicates_find_within(NULL, &spikes, &options, drop, NULL),
                        SPK_OK);
        int64_t last = INT64_MIN / 2, n_close = 0;
        for (int64_t i = 0; i < spikes.n_spikes; i++) {
            if (drop[i])
                continue;
            n_close += samples[i] - last <= 9;
            last = samples[i];
        }
        CU_ASSERT_EQUAL(n_close, 0);
    }
}

/* As early, and as late, as can be. */
static void huge_times(void)
{
    const int32_t units[] = {0, 1, 0, 1}, pairs[][2] = {{0, 1}};
    for (int late = 0; late < 2; late++) {
        const int64_t first = late ? 3 : INT64_MIN, last = late ? INT64_MAX - 2 : -7;
        const int64_t samples[] = {first, first, last, last + 1};
        const spk_spikes spikes = {
            4, 2, samples, units, 30000, first, late ? INT64_MAX : -1};
        uint8_t drop[4];
        int64_t counts[2], both[1][2];
        CU_ASSERT_EQUAL(spk_duplicates_find_within(NULL, &spikes, NULL, drop, counts),
                        SPK_OK);
        CU_ASSERT(counts[0] == 0 && counts[1] == 0);
        spk_duplicates_across_options options;
        spk_duplicates_across_options_init(&options, sizeof options);
        options.rule = SPK_DUPLICATES_DROP_LATER;
        options.min_coincidences = 0;
        options.min_chance_ratio = 0;
        CU_ASSERT_EQUAL(
            spk_duplicates_find_across(NULL, &spikes, pairs, 1, &options, drop, both),
            SPK_OK);
        CU_ASSERT(both[0][0] == 0 && both[0][1] == 2);
    }
    const int64_t samples[] = {INT64_MIN, INT64_MAX - 1};
    const spk_spikes longest = {2, 2, samples, units, 30000, INT64_MIN, INT64_MAX};
    uint8_t drop[2] = {7, 7};
    CU_ASSERT_EQUAL(spk_duplicates_find_within(NULL, &longest, NULL, drop, NULL), SPK_OK);
    CU_ASSERT(drop[0] == 0 && drop[1] == 0);
}

/* ---- across ---- */

static void across_hand_worked(void)
{
    const int64_t samples[] = {0, 2, 4, 100, 103, 200, 200, 300, 304};
    const int32_t units[] = {0, 1, 0, 0, 1, 1, 0, 1, 0};
    const int32_t pairs[][2] = {{0, 1}};
    const double amplitudes[] = {7, 5};
    const spk_spikes spikes = table(9, 2, samples, units);
    spk_duplicates_across_options options;
    spk_duplicates_across_options_init(&options, sizeof options);
    options.min_coincidences = 0;
    options.min_chance_ratio = 0;
    options.unit_amplitudes = amplitudes;
    uint8_t drop[9] = {0};
    int64_t counts[1][2];
    /* Closer than 4 samples. Unit 1 is lower. */
    const uint8_t lower[] = {0, 1, 0, 0, 1, 1, 0, 0, 0};
    CU_ASSERT_EQUAL(
        spk_duplicates_find_across(NULL, &spikes, pairs, 1, &options, drop, counts),
        SPK_OK);
    CU_ASSERT_EQUAL(memcmp(drop, lower, 9), 0);
    CU_ASSERT(counts[0][0] == 0 && counts[0][1] == 3);
    /* The later goes; of the simultaneous ones that of the second unit. */
    const uint8_t later[] = {0, 1, 1, 0, 1, 1, 0, 0, 0};
    memset(drop, 0, sizeof drop);
    options.rule = SPK_DUPLICATES_DROP_LATER;
    CU_ASSERT_EQUAL(
        spk_duplicates_find_across(NULL, &spikes, pairs, 1, &options, drop, counts),
        SPK_OK);
    CU_ASSERT_EQUAL(memcmp(drop, later, 9), 0);
    CU_ASSERT(counts[0][0] == 1 && counts[0][1] == 3);
    /* What is marked is gone: without 2 the spike at 4 is the neighbour of that at 0. */
    const uint8_t before[] = {0, 1, 0, 1, 0, 0, 0, 0, 0};
    const uint8_t after[] = {0, 1, 0, 1, 0, 1, 0, 0, 0};
    memcpy(drop, before, sizeof drop);
    CU_ASSERT_EQUAL(
        spk_duplicates_find_across(NULL, &spikes, pairs, 1, &options, drop, counts),
        SPK_OK);
    CU_ASSERT_EQUAL(memcmp(drop, after, 9), 0);
}

/* 21 coincidences among 40 spikes of each in 101000 samples: chance is 0.11. */
static void pairs_by_chance_are_left_alone(void)
{
    int64_t samples[80];
    int32_t units[80];
    for (int k = 0; k < 40; k++) {
        samples[2 * k] = 1000 * k;
        samples[2 * k + 1] = 1000 * k + (k < 21 ? 3 : 500);
        units[2 * k] = 0;
        units[2 * k + 1] = 1;
    }
    const int32_t pairs[][2] = {{1, 0}};
    const double amplitudes[] = {1, 1};
    const spk_spikes spikes = table(80, 2, samples, units);
    spk_duplicates_across_options options;
    spk_duplicates_across_options_init(&options, sizeof options);
    options.unit_amplitudes = amplitudes;
    static const struct {
        int64_t min_coincidences;
        double ratio;
        int64_t expected;
    } cases[] = {{20, 10, 21}, {21, 10, 0}, {20, 189, 21}, {20, 190, 0}};
    for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++) {
        uint8_t drop[80] = {0};
        int64_t counts[1][2];
        options.min_coincidences = cases[c].min_coincidences;
        options.min_chance_ratio = cases[c].ratio;
        CU_ASSERT_EQUAL(
            spk_duplicates_find_across(NULL, &spikes, pairs, 1, &options, drop, counts),
            SPK_OK);
        /* equal amplitudes: the second of the pair goes, unit 0 */
        CU_ASSERT(counts[0][0] == 0 && counts[0][1] == cases[c].expected);
    }
}

/* The Allen Institute's order of work: neighbours in the merged, stable-sorted train of each
 * pair; union over pairs. */
static void across_equals_definition(void)
{
    static int64_t samples[MOST], merged[MOST];
    static int32_t units[MOST], from[MOST], places[MOST];
    static uint8_t drop[MOST], before[MOST], expected[MOST];
    const int32_t pairs[][2] = {{0, 1}, {2, 1}, {3, 0}, {1, 3}};
    const double amplitudes[] = {3, 1, 2, 3};
    spk_random random = {.seed = 21};
    spk_duplicates_across_options options;
    spk_duplicates_across_options_init(&options, sizeof options);
    options.min_coincidences = 0;
    options.min_chance_ratio = 0;
    options.unit_amplitudes = amplitudes;
    for (int repeat = 0; repeat < 40; repeat++) {
        const spk_spikes spikes = draw_table(&random, 4, samples, units);
        int64_t counts[4][2], expected_counts[4][2] = {{0}}, differences = 0;
        options.rule = repeat % 2;
        for (int64_t i = 0; i < spikes.n_spikes; i++)
            before[i] = spk_random_uniform(&random) < 0.1;
        memcpy(drop, before, sizeof drop);
        memcpy(expected, before, sizeof drop);
        for (int p = 0; p < 4; p++) {
            int64_t n = 0;
            static uint8_t once[MOST];
            memset(once, 0, sizeof once);
            for (int side = 0; side < 2; side++) /* by time, first unit first */
                for (int64_t i = 0; i < spikes.n_spikes; i++) {
                    if (units[i] != pairs[p][side] || before[i])
                        continue;
                    int64_t k = n++;
                    for (; k > 0 && merged[k - 1] > samples[i]; k--) {
                        merged[k] = merged[k - 1];
                        from[k] = from[k - 1];
                        places[k] = places[k - 1];
                    }
                    merged[k] = samples[i];
                    from[k] = side;
                    places[k] = (int32_t)i;
                }
            const int lower = amplitudes[pairs[p][0]] < amplitudes[pairs[p][1]] ? 0 : 1;
            for (int64_t k = 1; k < n; k++) {
                if (from[k] == from[k - 1] || merged[k] - merged[k - 1] >= 4)
                    continue;
                int64_t goes = k;
                if (options.rule == SPK_DUPLICATES_DROP_LOWER && from[k] != lower)
                    goes = k - 1;
                expected_counts[p][from[goes]] += !once[places[goes]];
                once[places[goes]] = expected[places[goes]] = 1;
            }
        }
        for (int32_t threads = 1; threads <= 4; threads *= 2) {
            spk_context *ctx = new_context(threads);
            memcpy(drop, before, sizeof drop);
            CU_ASSERT_EQUAL(spk_duplicates_find_across(ctx, &spikes, pairs, 4, &options,
                                                       drop, counts),
                            SPK_OK);
            for (int64_t i = 0; i < spikes.n_spikes; i++)
                differences += drop[i] != expected[i];
            differences += memcmp(counts, expected_counts, sizeof counts) != 0;
            spk_context_destroy(ctx);
        }
        CU_ASSERT_EQUAL(differences, 0);
    }
}

/* ---- redundant units ---- */

static void redundant_hand_worked(void)
{
    /* Unit 1 has three of the four spikes of unit 0; unit 2 comes always 13 late. */
    const int64_t samples[] = {0, 12, 13, 100, 100, 113, 200, 212, 213, 300, 313};
    const int32_t units[] = {0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 2};
    const spk_spikes spikes = table(11, 4, samples, units);
    const double amplitudes[] = {5, 9, 1, 0};
    int64_t shifts[] = {0, 0, 13, 0}, n_pairs = -1;
    uint8_t drop[4];
    spk_redundant_pair pairs[4];
    spk_redundant_options options;
    spk_redundant_options_init(&options, sizeof options);
    CU_ASSERT_EQUAL(spk_redundant_find(NULL, &spikes, NULL, drop, pairs, 4, &n_pairs),
                    SPK_OK);
    CU_ASSERT_EQUAL_FATAL(n_pairs, 1);
    CU_ASSERT(pairs[0].a == 1 && pairs[0].b == 0 && pairs[0].removed == 1);
    CU_ASSERT_EQUAL(pairs[0].n_matches, 3);
    CU_ASSERT_EQUAL(pairs[0].agreement, 3.0 / 4);
    CU_ASSERT_EQUAL(pairs[0].shared, 1);
    CU_ASSERT(drop[0] == 0 && drop[1] == 1 && drop[2] == 0 && drop[3] == 0);
    options.shifts = shifts;
    CU_ASSERT_EQUAL(spk_redundant_find(NULL, &spikes, &options, drop, pairs, 4, &n_pairs),
                    SPK_OK);
    CU_ASSERT_EQUAL_FATAL(n_pairs, 3);
    CU_ASSERT(pairs[1].a == 2 && pairs[1].b == 0 && pairs[1].n_matches == 4);
    CU_ASSERT(pairs[2].a == 2 && pairs[2].b == 1 && pairs[2].n_matches == 3);
    CU_ASSERT(drop[0] == 1 && drop[1] == 1 && drop[2] == 0 && drop[3] == 0);
    options.keep = SPK_REDUNDANT_HIGHEST_AMPLITUDE;
    options.amplitudes = amplitudes;
    CU_ASSERT_EQUAL(spk_redundant_find(NULL, &spikes, &options, drop, NULL, 0, &n_pairs),
                    SPK_OK);
    CU_ASSERT(n_pairs == 3 && drop[0] == 1 && drop[1] == 0 && drop[2] == 1);
    options.keep = SPK_REDUNDANT_MINIMUM_SHIFT;
    CU_ASSERT_EQUAL(spk_redundant_find(NULL, &spikes, &options, drop, pairs, 2, &n_pairs),
                    SPK_OK);
    CU_ASSERT(n_pairs == 3 && pairs[0].removed == 0 && pairs[1].removed == 2);
}

/* ---- golden ---- */

static spk_npy *open_golden(const char *name)
{
    char path[256];
    spk_npy *npy = NULL;
    snprintf(path, sizeof path, "golden/duplicates/%s.npy", name);
    CU_ASSERT_EQUAL_FATAL(spk_npy_open(NULL, path, &npy), SPK_OK);
    return npy;
}

static void golden_within(const spk_spikes *spikes, uint8_t *drop)
{
    static const char *const methods[] = {"keep_first", "keep_last",
                                          "keep_first_iterative", "keep_last_iterative"};
    spk_duplicates_options options;
    spk_duplicates_options_init(&options, sizeof options);
    for (int keep = 0; keep < 4; keep++) {
        spk_npy *expected = open_golden(methods[keep]);
        options.keep = keep;
        CU_ASSERT_EQUAL(spk_duplicates_find_within(NULL, spikes, &options, drop, NULL),
                        SPK_OK);
        CU_ASSERT_EQUAL(
            memcmp(drop, spk_npy_array(expected)->data, (size_t)spikes->n_spikes), 0);
        spk_npy_close(expected);
    }
}

static void golden_redundant(const spk_spikes *spikes)
{
    static const int64_t shifts[] = {0, -2, 0, 1, 0, 20, 3, 0};
    spk_table *rows = NULL;
    int64_t row = 0;
    uint8_t drop[8];
    CU_ASSERT_EQUAL_FATAL(spk_table_read(NULL, "golden/duplicates/redundant.tsv", &rows),
                          SPK_OK);
    for (int c = 0; c < 3; c++) {
        static const char *const names[] = {"plain", "loose", "shifted"};
        spk_redundant_options options;
        spk_redundant_pair pairs[28];
        int64_t n_pairs = 0;
        spk_redundant_options_init(&options, sizeof options);
        if (c == 1)
            options.min_agreement = options.min_shared = 0.05;
        if (c == 2)
            options.shifts = shifts;
        CU_ASSERT_EQUAL(
            spk_redundant_find(NULL, spikes, &options, drop, pairs, 28, &n_pairs),
            SPK_OK);
        CU_ASSERT_FATAL(n_pairs > 0 && row + n_pairs <= spk_table_n_rows(rows));
        for (int64_t p = 0; p < n_pairs; p++, row++) {
            CU_ASSERT_STRING_EQUAL(spk_table_text(rows, row, 0), names[c]);
            CU_ASSERT_EQUAL(atoi(spk_table_text(rows, row, 1)), pairs[p].a);
            CU_ASSERT_EQUAL(atoi(spk_table_text(rows, row, 2)), pairs[p].b);
        }
    }
    for (int u = 0; u < 8; u++)
        if (drop[u]) {
            CU_ASSERT_STRING_EQUAL(spk_table_text(rows, row, 0), "dropped");
            CU_ASSERT_EQUAL(atoi(spk_table_text(rows, row, 1)), u);
            row++;
        }
    CU_ASSERT_EQUAL(row, spk_table_n_rows(rows));
    spk_table_destroy(rows);
}

static void equals_spikeinterface(void)
{
    spk_npy *samples = open_golden("samples"), *units = open_golden("units");
    const int64_t n = spk_npy_array(samples)->n_elements;
    const spk_spikes spikes =
        table(n, 8, spk_npy_array(samples)->data, spk_npy_array(units)->data);
    uint8_t *drop = malloc((size_t)n);
    golden_within(&spikes, drop);
    golden_redundant(&spikes);
    free(drop);
    spk_npy_close(units);
    spk_npy_close(samples);
}

/* ---- errors ---- */

static void no_units_no_spikes(void)
{
    const spk_spikes none = {0, 0, NULL, NULL, 30000, 0, 0};
    const spk_spikes silent = {0, 2, NULL, NULL, 30000, 0, 0};
    const int32_t pairs[][2] = {{0, 1}};
    const double amplitudes[] = {1, 2};
    int64_t counts[2] = {-1, -1}, both[1][2] = {{-1, -1}}, n_pairs = -1;
    uint8_t drop[2] = {9, 9};
    CU_ASSERT_EQUAL(spk_duplicates_find_within(NULL, &none, NULL, NULL, NULL), SPK_OK);
    CU_ASSERT_EQUAL(spk_duplicates_find_within(NULL, &silent, NULL, NULL, counts),
                    SPK_OK);
    CU_ASSERT(counts[0] == 0 && counts[1] == 0);
    spk_duplicates_across_options options;
    spk_duplicates_across_options_init(&options, sizeof options);
    options.unit_amplitudes = amplitudes;
    CU_ASSERT_EQUAL(
        spk_duplicates_find_across(NULL, &silent, pairs, 1, &options, NULL, both),
        SPK_OK);
    CU_ASSERT(both[0][0] == 0 && both[0][1] == 0);
    CU_ASSERT_EQUAL(spk_redundant_find(NULL, &none, NULL, NULL, NULL, 0, NULL), SPK_OK);
    CU_ASSERT_EQUAL(spk_redundant_find(NULL, &silent, NULL, drop, NULL, 0, &n_pairs),
                    SPK_OK);
    CU_ASSERT(n_pairs == 0 && drop[0] == 0 && drop[1] == 0);
}

#define EXPECT(call, expected)                                                           \
    do {                                                                                 \
        CU_ASSERT_NOT_EQUAL((call), SPK_OK);                                             \
        CU_ASSERT_STRING_EQUAL(spk_context_message(ctx), expected);                      \
    } while (0)

static void errors_are_named(void)
{
    const int64_t samples[] = {1, 2};
    const int32_t units[] = {0, 1};
    const spk_spikes spikes = table(2, 2, samples, units);
    int32_t pairs[][2] = {{0, 1}};
    double amplitudes[] = {1, NAN};
    uint8_t drop[2] = {0};
    spk_context *ctx = new_context(1);
    spk_duplicates_options o;
    spk_duplicates_options_init(&o, sizeof o);
    EXPECT(spk_duplicates_find_within(ctx, NULL, &o, drop, NULL), "spikes is NULL");
    EXPECT(spk_duplicates_find_within(ctx, &spikes, &o, NULL, NULL), "drop is NULL");
    o.keep = 5;
    EXPECT(spk_duplicates_find_within(ctx, &spikes, &o, drop, NULL),
           "keep: no such choice, 5");
    o.keep = 0;
    o.convention = -1;
    EXPECT(spk_duplicates_find_within(ctx, &spikes, &o, drop, NULL),
           "convention: no such convention, -1");
    o.convention = SPK_DUPLICATES_KILOSORT;
    o.period_ms = 0.01;
    EXPECT(spk_duplicates_find_within(ctx, &spikes, &o, drop, NULL),
           "period_ms: 0.01 ms is less than one sample at 30000 Hz");
    o.period_ms = NAN;
    EXPECT(spk_duplicates_find_within(ctx, &spikes, &o, drop, NULL),
           "period_ms must be in 0 .. 1e6, got nan");
    o.struct_size = 0;
    EXPECT(spk_duplicates_find_within(ctx, &spikes, &o, drop, NULL),
           "options: not filled by spk_duplicates_options_init()");

    spk_duplicates_across_options a;
    spk_duplicates_across_options_init(&a, sizeof a);
    EXPECT(spk_duplicates_find_across(ctx, &spikes, pairs, 1, NULL, drop, NULL),
           "unit_amplitudes is NULL, which the rule DROP_LOWER needs");
    a.unit_amplitudes = amplitudes;
    EXPECT(spk_duplicates_find_across(ctx, &spikes, pairs, 1, &a, drop, NULL),
           "unit_amplitudes: that of unit 1 is not a number");
    amplitudes[1] = 1;
    EXPECT(spk_duplicates_find_across(ctx, &spikes, pairs, -1, &a, drop, NULL),
           "n_pairs must be >= 0, got -1");
    EXPECT(spk_duplicates_find_across(ctx, &spikes, NULL, 1, &a, drop, NULL),
           "pairs is NULL");
    EXPECT(spk_duplicates_find_across(ctx, &spikes, pairs, 1, &a, NULL, NULL),
           "drop is NULL");
    pairs[0][1] = 2;
    EXPECT(spk_duplicates_find_across(ctx, &spikes, pairs, 1, &a, drop, NULL),
           "pairs: pair 0: unit must be in 0 .. 1, got 2");
    pairs[0][1] = 0;
    EXPECT(spk_duplicates_find_across(ctx, &spikes, pairs, 1, &a, drop, NULL),
           "pairs: pair 0: unit 0 with itself");
    a.min_chance_ratio = NAN;
    EXPECT(spk_duplicates_find_across(ctx, &spikes, pairs, 1, &a, drop, NULL),
           "min_chance_ratio is not a number");
    a.rule = 7;
    EXPECT(spk_duplicates_find_across(ctx, &spikes, pairs, 1, &a, drop, NULL),
           "rule: no such rule, 7");

    int64_t shifts[] = {0, INT64_MAX};
    spk_redundant_options r;
    spk_redundant_options_init(&r, sizeof r);
    EXPECT(spk_redundant_find(ctx, &spikes, &r, NULL, NULL, 0, NULL), "drop is NULL");
    EXPECT(spk_redundant_find(ctx, &spikes, &r, drop, NULL, 1, NULL),
           "pairs is NULL or max_pairs is negative");
    r.keep = SPK_REDUNDANT_MINIMUM_SHIFT;
    EXPECT(spk_redundant_find(ctx, &spikes, &r, drop, NULL, 0, NULL),
           "amplitudes is NULL, which this choice of keep needs");
    r.amplitudes = amplitudes;
    EXPECT(spk_redundant_find(ctx, &spikes, &r, drop, NULL, 0, NULL),
           "shifts is NULL, which MINIMUM_SHIFT needs");
    r.shifts = shifts;
    EXPECT(spk_redundant_find(ctx, &spikes, &r, drop, NULL, 0, NULL),
           "shifts: that of unit 1 is beyond 2^40");
    shifts[1] = 0;
    amplitudes[0] = NAN;
    EXPECT(spk_redundant_find(ctx, &spikes, &r, drop, NULL, 0, NULL),
           "amplitudes: that of unit 0 is not a number");
    r.keep = 3;
    EXPECT(spk_redundant_find(ctx, &spikes, &r, drop, NULL, 0, NULL),
           "keep: no such choice, 3");
    r.min_shared = NAN;
    EXPECT(spk_redundant_find(ctx, &spikes, &r, drop, NULL, 0, NULL),
           "min_agreement or min_shared is not a number");
    r.delta_ms = -1;
    EXPECT(spk_redundant_find(ctx, &spikes, &r, drop, NULL, 0, NULL),
           "delta_ms must be in 0 .. 1e6, got -1");
    r.struct_size = 0;
    EXPECT(spk_redundant_find(ctx, &spikes, &r, drop, NULL, 0, NULL),
           "options: not filled by spk_redundant_options_init()");
    spk_context_destroy(ctx);
}

static spk_status everything(spk_context *ctx, void *unused)
{
    (void)unused;
    const int64_t samples[] = {0, 1, 2, 50, 50};
    const int32_t units[] = {0, 0, 1, 0, 1};
    const spk_spikes spikes = table(5, 2, samples, units);
    const int32_t pairs[][2] = {{0, 1}};
    const int64_t shifts[] = {0, 1};
    uint8_t drop[5];
    int64_t n_pairs;
    spk_redundant_pair found[1];
    spk_redundant_options r;
    spk_redundant_options_init(&r, sizeof r);
    r.shifts = shifts;
    spk_duplicates_across_options a;
    spk_duplicates_across_options_init(&a, sizeof a);
    a.rule = SPK_DUPLICATES_DROP_LATER;
    spk_status status = spk_duplicates_find_within(ctx, &spikes, NULL, drop, NULL);
    if (status == SPK_OK)
        status = spk_duplicates_find_across(ctx, &spikes, pairs, 1, &a, drop, NULL);
    if (status == SPK_OK)
        status = spk_redundant_find(ctx, &spikes, &r, drop, found, 1, &n_pairs);
    return status;
}

static void failed_allocations(void)
{
    CU_ASSERT(suite_fail_allocations(everything, NULL) > 30);
}

static const suite_test tests[] = {
    {"within: hand worked", within_hand_worked},
    {"within: periods", periods_are_rounded_as_tools_do},
    {"within: definition", within_equals_definition},
    {"within: random", random_keeps_one_of_each},
    {"huge times", huge_times},
    {"across: hand worked", across_hand_worked},
    {"across: chance", pairs_by_chance_are_left_alone},
    {"across: definition, threads", across_equals_definition},
    {"redundant: hand worked", redundant_hand_worked},
    {"golden: spikeinterface", equals_spikeinterface},
    {"no units, no spikes", no_units_no_spikes},
    {"errors", errors_are_named},
    {"failed allocations", failed_allocations},
};

SUITE_MAIN("duplicates", tests)
