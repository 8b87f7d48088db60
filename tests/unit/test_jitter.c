/* SPDX-License-Identifier: BSD-3-Clause */
/* Interval jitter: counts, moments and exact probabilities against every placement of small
 * trains, laws, and uniform p where the null hypothesis holds. */
#include "suite.h"

#include <math.h>
#include <spikekit/correlogram.h>
#include <spikekit/jitter.h>
#include <spikekit/random.h>
#include <stdlib.h>

enum {
    MOST_SPIKES = 4096,
    MOST_BINS = 64
};

static int64_t draw_below(spk_random *random, int64_t n)
{
    return (int64_t)(spk_random_uniform(random) * (double)n);
}

/* A table of a few units that is filled spike by spike and then put in order. */
typedef struct table {
    spk_spikes spikes;
    int64_t n, samples[MOST_SPIKES];
    int32_t units[MOST_SPIKES];
} table;

static void begin_table(table *made, int64_t n_units, int64_t start, int64_t stop)
{
    made->n = 0;
    made->spikes = (spk_spikes){.n_units = n_units,
                                .samples = made->samples,
                                .units = made->units,
                                .sampling_rate_hz = 1000,
                                .start_sample = start,
                                .stop_sample = stop};
}

static void add_spike(table *made, int64_t sample, int32_t unit)
{
    int64_t at = made->n++;
    for (; at > 0 && made->samples[at - 1] > sample; at--) {
        made->samples[at] = made->samples[at - 1];
        made->units[at] = made->units[at - 1];
    }
    made->samples[at] = sample;
    made->units[at] = unit;
    made->spikes.n_spikes = made->n;
}

static spk_trains *group(const table *made, const spk_epochs *epochs)
{
    spk_trains *trains = NULL;
    spk_trains_options options;
    spk_trains_options_init(&options, sizeof options);
    options.epochs = epochs;
    CU_ASSERT_EQUAL_FATAL(spk_trains_create(NULL, &made->spikes, &options, &trains),
                          SPK_OK);
    return trains;
}

/* interval and bin in samples of 1 ms */
static spk_jitter_options options_of(int64_t interval, int64_t n_bins, int64_t bin)
{
    spk_jitter_options options;
    spk_jitter_options_init(&options, sizeof options);
    options.interval_s = (double)interval * 1e-3;
    options.window_s = ((double)(n_bins - 1) + 0.25) * (double)bin * 1e-3;
    options.bin_s = (double)bin * 1e-3;
    return options;
}

static spk_jitter_layout layout_of(const spk_jitter_options *options)
{
    spk_jitter_layout layout;
    CU_ASSERT_EQUAL_FATAL(spk_jitter_length(NULL, 1000, options, &layout), SPK_OK);
    return layout;
}

/* ---- every placement ---- */

/* The distribution of each count, by trying all placements. */
typedef struct placements {
    const spk_jitter_layout *layout;
    int is_reference; /* the spikes that move are the reference's */
    int64_t n_moved, n_fixed;
    int64_t from[16], length[16], moved[16], moved_run[16];
    int64_t fixed[16], fixed_run[16];
    double total;
    double times[MOST_BINS][200]; /* [bin][count] */
} placements;

static void count_pairs(const placements *all, int64_t *counts)
{
    memset(counts, 0, MOST_BINS * sizeof *counts);
    for (int64_t i = 0; i < all->n_moved; i++)
        for (int64_t j = 0; j < all->n_fixed; j++) {
            int64_t lag = all->moved[i] - all->fixed[j];
            if (all->is_reference)
                lag = -lag;
            const int64_t from = lag - all->layout->first_lag;
            if (all->moved_run[i] == all->fixed_run[j] && from >= 0 &&
                from / all->layout->bin_samples < all->layout->n_bins)
                counts[from / all->layout->bin_samples]++;
        }
}

static void place(placements *all, int64_t spike)
{
    int64_t counts[MOST_BINS];
    if (spike == all->n_moved) {
        count_pairs(all, counts);
        for (int64_t k = 0; k < all->layout->n_bins; k++)
            all->times[k][counts[k]]++;
        all->total++;
        return;
    }
    for (int64_t x = 0; x < all->length[spike]; x++) {
        all->moved[spike] = all->from[spike] + x;
        place(all, spike + 1);
    }
}

static void fill_placements(placements *all, const table *made, const spk_epochs *epochs,
                            const spk_jitter_layout *layout, int is_reference)
{
    const int64_t D = layout->interval_samples;
    memset(all, 0, sizeof *all);
    all->layout = layout;
    all->is_reference = is_reference;
    for (int64_t i = 0; i < made->n; i++)
        for (int64_t e = 0; e < epochs->n_epochs; e++) {
            const int64_t t = made->samples[i];
            if (t < epochs->starts[e] || t >= epochs->stops[e])
                continue;
            if ((made->units[i] == 0) == is_reference) {
                const int64_t start = epochs->starts[e] + (t - epochs->starts[e]) / D * D;
                const int64_t stop =
                    start + D < epochs->stops[e] ? start + D : epochs->stops[e];
                all->from[all->n_moved] = start;
                all->length[all->n_moved] = stop - start;
                all->moved[all->n_moved] = t;
                all->moved_run[all->n_moved++] = e;
            } else {
                all->fixed[all->n_fixed] = t;
                all->fixed_run[all->n_fixed++] = e;
            }
        }
}

static void check_log(double found, double probability)
{
    CU_ASSERT(probability <= 0.0 ? found < -30 : fabs(found - log(probability)) < 1e-11);
}

static void check_bin(const placements *all, int64_t k, const spk_jitter_result *result,
                      int64_t observed)
{
    double mean = 0, square = 0, equal = 0, above = 0, below = 0;
    for (int64_t c = 0; c < 200; c++) {
        const double p = all->times[k][c] / all->total;
        mean += p * (double)c;
        square += p * (double)(c * c);
        *(c == observed ? &equal : c > observed ? &above : &below) += p;
    }
    CU_ASSERT_EQUAL(result->count, observed);
    CU_ASSERT(fabs(result->expected - mean) < 1e-12);
    CU_ASSERT(fabs(result->variance - (square - mean * mean)) < 1e-11);
    check_log(result->log_equal, equal);
    check_log(result->log_upper, equal + above);
    check_log(result->log_lower, equal + below);
    check_log(result->log_mid_upper, equal / 2 + above);
    check_log(result->log_mid_lower, equal / 2 + below);
}

static placements all_places;

static void equals_every_placement(void)
{
    spk_random random = {.seed = 5};
    int n_certain = 0, n_wide = 0;
    for (int repeat = 0; repeat < 60; repeat++) {
        const int64_t base = repeat % 3 == 0 ? -40 : repeat % 3 == 1 ? 1000000000000 : 0;
        const int64_t starts[] = {base, base + 23}, stops[] = {base + 17, base + 40};
        const spk_epochs epochs = {2, starts, stops};
        const int64_t D = 1 + draw_below(&random, repeat % 10 == 9 ? 60 : 7);
        const int64_t n_moved = 1 + draw_below(&random, D > 7 ? 3 : 4);
        const int64_t bin = 1 + draw_below(&random, 4);
        const int is_reference = repeat & 1;
        static table made;
        begin_table(&made, 3, base - 5, base + 45);
        /* spikes outside the epochs too, and several at one sample */
        for (int64_t i = 0; i < n_moved; i++)
            add_spike(&made, base - 2 + draw_below(&random, 44), is_reference ? 0 : 1);
        for (int64_t i = 0; i < 1 + draw_below(&random, 9); i++)
            add_spike(&made, base - 2 + draw_below(&random, repeat % 4 == 3 ? 12 : 44),
                      is_reference ? 1 : 0);
        spk_jitter_options options = options_of(D, 9, bin);
        options.jittered = is_reference ? SPK_JITTER_REFERENCE : SPK_JITTER_TARGET;
        const spk_jitter_layout layout = layout_of(&options);
        CU_ASSERT_EQUAL_FATAL(layout.n_bins, 9);
        CU_ASSERT_EQUAL_FATAL(layout.n_tests, 9);
        fill_placements(&all_places, &made, &epochs, &layout, is_reference);
        int64_t observed[MOST_BINS];
        count_pairs(&all_places, observed);
        place(&all_places, 0);

        spk_trains *trains = group(&made, &epochs);
        const int32_t pairs[][2] = {{0, 1}};
        spk_jitter_result results[9];
        int64_t counts[9];
        double expected[9], variance[9];
        CU_ASSERT_EQUAL(spk_jitter_test(NULL, trains, pairs, 1, &options, results),
                        SPK_OK);
        CU_ASSERT_EQUAL(spk_jitter_correlogram(NULL, trains, pairs, 1, &options, counts,
                                               expected, variance),
                        SPK_OK);
        double alone[9]; /* without the variance it is found in another way */
        CU_ASSERT_EQUAL(
            spk_jitter_correlogram(NULL, trains, pairs, 1, &options, NULL, alone, NULL),
            SPK_OK);
        for (int64_t k = 0; k < 9; k++) {
            CU_ASSERT(fabs(alone[k] - expected[k]) < 1e-13);
            check_bin(&all_places, k, &results[k], observed[k]);
            CU_ASSERT_EQUAL(counts[k], observed[k]);
            CU_ASSERT(fabs(expected[k] - results[k].expected) < 1e-12);
            CU_ASSERT(fabs(variance[k] - results[k].variance) < 1e-12);
            n_certain += results[k].variance == 0;
            n_wide += results[k].expected > 1;
        }
        spk_trains_destroy(trains);
    }
    CU_ASSERT(n_certain > 20 && n_wide > 20);
}

/* ---- laws ---- */

static table trains_table;

/* Two trains of so many spikes in so many samples; some of the second follow the first. */
static void draw_table(table *made, uint64_t seed, int64_t n, int64_t duration,
                       int64_t n_followers, int64_t delay)
{
    spk_random random = {.seed = seed};
    begin_table(made, 4, 0, duration);
    for (int64_t i = 0; i < n; i++) {
        const int64_t sample = draw_below(&random, duration - delay);
        add_spike(made, sample, 0);
        add_spike(made, i < n_followers ? sample + delay : draw_below(&random, duration),
                  1);
    }
}

static void counts_are_those_of_the_correlogram(void)
{
    draw_table(&trains_table, 3, 300, 9001, 40, 3);
    const int64_t starts[] = {0, 3000, 7000}, stops[] = {3000, 6500, 9001};
    const spk_epochs epochs = {3, starts, stops};
    spk_trains *trains = group(&trains_table, &epochs);
    const int32_t pairs[][2] = {{0, 1}, {1, 0}, {2, 3}, {0, 3}};
    for (int side = 0; side < 2; side++)
        for (int64_t bin = 1; bin < 4; bin++) {
            spk_jitter_options options = options_of(20, 49 - 10 * bin, bin);
            options.jittered = side;
            const spk_jitter_layout layout = layout_of(&options);
            spk_correlogram_options counted;
            spk_correlogram_options_init(&counted, sizeof counted);
            counted.n_bins = layout.n_bins;
            counted.bin_samples = layout.bin_samples;
            counted.epochs = &epochs;
            int64_t counts[4 * MOST_BINS], expected[4 * MOST_BINS];
            CU_ASSERT_EQUAL_FATAL(spk_jitter_correlogram(NULL, trains, pairs, 4, &options,
                                                         counts, NULL, NULL),
                                  SPK_OK);
            CU_ASSERT_EQUAL_FATAL(spk_correlogram_count_pairs(NULL, &trains_table.spikes,
                                                              &counted, pairs, 4,
                                                              expected),
                                  SPK_OK);
            CU_ASSERT_EQUAL(
                memcmp(counts, expected, (size_t)(4 * layout.n_bins) * sizeof *counts),
                0);
        }
    spk_trains_destroy(trains);
}

/* Injected synchrony is found at its lag and only there. */
static void injected_pairs_are_found(void)
{
    draw_table(&trains_table, 7, 800, 200000, 60, 3);
    spk_trains *trains = group(&trains_table, NULL);
    const int32_t pairs[][2] = {{0, 1}};
    spk_jitter_options options = options_of(20, 21, 1);
    options.from_s = -0.005;
    options.to_s = 0.005;
    const spk_jitter_layout layout = layout_of(&options);
    CU_ASSERT_EQUAL_FATAL(layout.n_bins, 21);
    CU_ASSERT_EQUAL_FATAL(layout.first_test, 5);
    CU_ASSERT_EQUAL_FATAL(layout.n_tests, 11);
    spk_jitter_result results[11];
    CU_ASSERT_EQUAL(spk_jitter_test(NULL, trains, pairs, 1, &options, results), SPK_OK);
    CU_ASSERT(results[8].log_upper < -60 && results[8].count >= 60);
    for (int k = 0; k < 11; k++)
        CU_ASSERT(k == 8 ||
                  (results[k].log_upper > log(1e-4) && results[k].log_lower > log(1e-4)));
    spk_trains_destroy(trains);
}

typedef struct run_of_tests {
    const spk_trains *trains;
    const spk_jitter_options *options;
    const int32_t (*pairs)[2];
    int64_t n_pairs;
    spk_jitter_result *results;
    double *expected;
} run_of_tests;

static spk_status run_tests(spk_context *ctx, void *state)
{
    const run_of_tests *run = state;
    const spk_status status = spk_jitter_test(ctx, run->trains, run->pairs, run->n_pairs,
                                              run->options, run->results);
    return status != SPK_OK
               ? status
               : spk_jitter_correlogram(ctx, run->trains, run->pairs, run->n_pairs,
                                        run->options, NULL, run->expected, NULL);
}

/* The same bits for any number of threads, after a shift of all times, and mirrored with the
 * roles changed. */
static void invariances(void)
{
    enum {
        N_PAIRS = 40,
        N_BINS = 21
    };
    draw_table(&trains_table, 9, 500, 60000, 30, 2);
    spk_trains *trains = group(&trains_table, NULL);
    spk_jitter_options options = options_of(15, 21, 2);
    int32_t pairs[N_PAIRS][2], swapped[N_PAIRS][2];
    for (int p = 0; p < N_PAIRS; p++) {
        pairs[p][0] = p & 1;
        pairs[p][1] = p % 5 == 4 ? 2 : 1 - (p & 1);
        swapped[p][0] = pairs[p][1];
        swapped[p][1] = pairs[p][0];
    }
    static spk_jitter_result first[N_PAIRS * N_BINS], again[N_PAIRS * N_BINS];
    static double expected[2][N_PAIRS * N_BINS];
    CU_ASSERT_EQUAL_FATAL(layout_of(&options).n_bins, N_BINS);
    run_of_tests run = {trains, &options, pairs, N_PAIRS, first, expected[0]};
    CU_ASSERT_EQUAL(run_tests(NULL, &run), SPK_OK);
    for (int32_t threads = 1; threads <= 4; threads *= 2) {
        spk_context *ctx = NULL;
        CU_ASSERT_EQUAL_FATAL(spk_context_create(&ctx), SPK_OK);
        CU_ASSERT_EQUAL(spk_context_set_threads(ctx, threads), SPK_OK);
        run.results = again;
        run.expected = expected[1];
        memset(again, 0, sizeof again);
        CU_ASSERT_EQUAL(run_tests(ctx, &run), SPK_OK);
        CU_ASSERT_EQUAL(memcmp(first, again, sizeof first), 0);
        CU_ASSERT_EQUAL(memcmp(expected[0], expected[1], sizeof expected[0]), 0);
        spk_context_destroy(ctx);
    }
    /* moving the reference of (i, j) is moving the target of (j, i), seen in the mirror;
     * bins of two samples are not their own mirror image, bins of three are */
    options = options_of(15, 21, 3);
    CU_ASSERT_EQUAL(run_tests(NULL, &run), SPK_OK);
    memcpy(first, again, sizeof first);
    options.jittered = SPK_JITTER_REFERENCE;
    run.pairs = (const int32_t(*)[2])swapped;
    CU_ASSERT_EQUAL(run_tests(NULL, &run), SPK_OK);
    for (int p = 0; p < N_PAIRS; p++)
        for (int k = 0; k < N_BINS; k++) {
            const spk_jitter_result *a = &first[p * N_BINS + k];
            const spk_jitter_result *b = &again[p * N_BINS + N_BINS - 1 - k];
            CU_ASSERT_EQUAL(memcmp(a, b, sizeof *a), 0);
        }
    spk_trains_destroy(trains);

    options.jittered = SPK_JITTER_TARGET;
    run.pairs = (const int32_t(*)[2])pairs;
    for (int64_t i = 0; i < trains_table.n; i++)
        trains_table.samples[i] += INT64_C(1) << 61;
    trains_table.spikes.start_sample += INT64_C(1) << 61;
    trains_table.spikes.stop_sample += INT64_C(1) << 61;
    trains = group(&trains_table, NULL);
    run.trains = trains;
    CU_ASSERT_EQUAL(run_tests(NULL, &run), SPK_OK);
    CU_ASSERT_EQUAL(memcmp(first, again, sizeof first), 0);
    spk_trains_destroy(trains);
}

static void nothing_to_test(void)
{
    /* unit 0: 200 spikes at one sample, unit 1: 50 at that and 50 at another, 2 and 3: none */
    begin_table(&trains_table, 4, 0, 1000);
    for (int i = 0; i < 200; i++)
        add_spike(&trains_table, 500, 0);
    for (int i = 0; i < 100; i++)
        add_spike(&trains_table, i < 50 ? 500 : 999, 1);
    spk_trains *trains = group(&trains_table, NULL);
    const int32_t pairs[][2] = {{0, 1}, {0, 2}, {2, 3}, {3, 0}};
    spk_jitter_result results[4];
    spk_jitter_options options = options_of(10, 1, 1);
    CU_ASSERT_EQUAL(spk_jitter_test(NULL, trains, pairs, 4, &options, results), SPK_OK);
    /* 50 spikes of an interval of 10 samples, one of which makes 200 pairs a spike */
    CU_ASSERT(results[0].count == 10000 && fabs(results[0].expected - 1000) < 1e-9);
    CU_ASSERT(fabs(results[0].variance - 50 * 40000 * 0.09) < 1e-6);
    CU_ASSERT(fabs(results[0].log_upper - 50 * log(0.1)) < 1e-9);
    CU_ASSERT(results[0].log_lower == 0);
    for (int p = 1; p < 4; p++) {
        CU_ASSERT(results[p].count == 0 && results[p].expected == 0);
        CU_ASSERT(results[p].log_equal == 0 && results[p].log_upper == 0 &&
                  results[p].log_lower == 0);
        CU_ASSERT(fabs(results[p].log_mid_upper - log(0.5)) < 1e-15 &&
                  fabs(results[p].log_mid_lower - log(0.5)) < 1e-15);
    }
    /* an interval of one sample, and one of less: nothing moves */
    options.interval_s = 1e-5;
    CU_ASSERT_EQUAL(layout_of(&options).interval_samples, 1);
    CU_ASSERT_EQUAL(spk_jitter_test(NULL, trains, pairs, 1, &options, results), SPK_OK);
    CU_ASSERT(results[0].count == 10000 && results[0].expected == 10000 &&
              results[0].variance == 0 && results[0].log_upper == 0 &&
              results[0].log_lower == 0);
    /* an interval beyond the recording is the recording */
    options.interval_s = 1e300;
    CU_ASSERT_EQUAL(spk_jitter_test(NULL, trains, pairs, 1, &options, results), SPK_OK);
    CU_ASSERT(fabs(results[0].expected - 100 * 200 * 0.001) < 1e-12);
    /* no bin, no pair */
    options.from_s = 5;
    CU_ASSERT_EQUAL(layout_of(&options).n_tests, 0);
    CU_ASSERT_EQUAL(spk_jitter_test(NULL, trains, pairs, 4, &options, NULL), SPK_OK);
    CU_ASSERT_EQUAL(spk_jitter_test(NULL, trains, NULL, 0, NULL, NULL), SPK_OK);
    CU_ASSERT_EQUAL(spk_jitter_correlogram(NULL, trains, NULL, 0, NULL, NULL, NULL, NULL),
                    SPK_OK);
    spk_trains_destroy(trains);
}

/* The target drawn anew from the null hypothesis: p at most the level as often as that, and
 * mid-p uniform on average. */
static void p_is_uniform_under_the_null(void)
{
    enum {
        N_SPIKES = 120,
        N_TARGETS = 16,
        REPEATS = 60,
        N_BINS = 5
    };
    double n = 0, mid = 0, upper[2] = {0, 0}, lower[2] = {0, 0};
    for (uint64_t repeat = 0; repeat < REPEATS; repeat++) {
        spk_random random = {.seed = 100 + repeat};
        int32_t pairs[N_TARGETS][2];
        begin_table(&trains_table, N_TARGETS + 1, 0, 4003);
        for (int i = 0; i < N_SPIKES; i++)
            add_spike(&trains_table, draw_below(&random, 4003), 0);
        /* every target has the same spikes, each again uniform in its interval of 20; many
         * more in a few intervals than in others, as the reference has */
        for (int i = 0; i < N_SPIKES; i++) {
            const int64_t start =
                (i % 3 ? draw_below(&random, 2) * 40 + 1000 : draw_below(&random, 4003)) /
                20 * 20;
            const int64_t length = start + 20 < 4003 ? 20 : 4003 - start;
            for (int t = 1; t <= N_TARGETS; t++)
                add_spike(&trains_table, start + draw_below(&random, length), t);
        }
        spk_trains *trains = group(&trains_table, NULL);
        for (int t = 0; t < N_TARGETS; t++) {
            pairs[t][0] = 0;
            pairs[t][1] = t + 1;
        }
        spk_jitter_options options = options_of(20, 5, 3);
        spk_jitter_result results[N_TARGETS * N_BINS];
        CU_ASSERT_EQUAL_FATAL(
            spk_jitter_test(NULL, trains, pairs, N_TARGETS, &options, results), SPK_OK);
        for (int k = 0; k < N_TARGETS * N_BINS; k++) {
            n++;
            mid += exp(results[k].log_mid_upper);
            for (int level = 0; level < 2; level++) {
                const double alpha = level ? 0.01 : 0.1;
                upper[level] += results[k].log_upper <= log(alpha);
                lower[level] += results[k].log_lower <= log(alpha);
            }
        }
        spk_trains_destroy(trains);
    }
    /* mid-p has mean 1/2 and at most the variance of a uniform number */
    CU_ASSERT(fabs(mid / n - 0.5) < 4 * sqrt(1.0 / 12 / n));
    for (int level = 0; level < 2; level++) {
        const double alpha = level ? 0.01 : 0.1;
        const double most = alpha + 4 * sqrt(alpha * (1 - alpha) / n);
        CU_ASSERT(upper[level] / n <= most && lower[level] / n <= most);
        /* p is a number of few values: some of the level is lost, not most of it */
        CU_ASSERT(upper[level] / n > 0.4 * alpha && lower[level] / n > 0.4 * alpha);
    }
}

/* ---- errors ---- */

static void errors(void)
{
    draw_table(&trains_table, 1, 20, 500, 0, 0);
    spk_trains *trains = group(&trains_table, NULL);
    spk_context *ctx = NULL;
    CU_ASSERT_EQUAL_FATAL(spk_context_create(&ctx), SPK_OK);
    const int32_t pairs[][2] = {{0, 1}}, beyond[][2] = {{0, 1}, {4, 1}},
                  self[][2] = {{1, 1}};
    spk_jitter_result result[201];
    const struct {
        const spk_trains *trains;
        const int32_t (*pairs)[2];
        int64_t n_pairs;
        spk_jitter_result *results;
        const char *message;
    } bad[] = {
        {NULL, pairs, 1, result, "trains is NULL"},
        {trains, NULL, 1, result, "pairs is NULL"},
        {trains, pairs, -1, result, "n_pairs must be >= 0, got -1"},
        {trains, pairs, 1, NULL, "results is NULL"},
        {trains, beyond, 2, result, "pairs: unit must be in 0 .. 3, got 4 in pair 1"},
        {trains, self, 1, result, "pairs: unit 1 with itself in pair 0"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        CU_ASSERT_EQUAL(spk_jitter_test(ctx, bad[i].trains, bad[i].pairs, bad[i].n_pairs,
                                        NULL, bad[i].results),
                        SPK_ERR_ARGUMENT);
        CU_ASSERT_STRING_EQUAL(spk_context_message(ctx), bad[i].message);
    }
    for (int k = 0; k < 9; k++) {
        static const char *const messages[] = {
            "options: not filled", "interval_s must be above 0 and finite, got 0",
            "interval_s must",     "interval_s must",
            "from_s must not",     "from_s must not",
            "jittered must be 0",  "window_s must",
            "bin_s must"};
        spk_jitter_options options = options_of(10, 21, 1);
        spk_jitter_layout layout;
        if (k == 0)
            options.struct_size = 8;
        else if (k < 4)
            options.interval_s = k == 1 ? 0.0 : k == 2 ? NAN : INFINITY;
        else if (k < 6)
            options.from_s = k == 4 ? NAN : INFINITY;
        else if (k == 6)
            options.jittered = 2;
        else if (k == 7)
            options.window_s = NAN;
        else
            options.bin_s = 0;
        if (k == 5)
            options.to_s = 0;
        CU_ASSERT_EQUAL(spk_jitter_length(ctx, 1000, &options, &layout),
                        SPK_ERR_ARGUMENT);
        if (strncmp(spk_context_message(ctx), messages[k], strlen(messages[k])) != 0)
            printf("\n  %s\n", spk_context_message(ctx));
        CU_ASSERT_EQUAL(
            strncmp(spk_context_message(ctx), messages[k], strlen(messages[k])), 0);
        CU_ASSERT_EQUAL(spk_jitter_test(ctx, trains, pairs, 1, &options, result),
                        SPK_ERR_ARGUMENT);
        CU_ASSERT_EQUAL(
            spk_jitter_correlogram(ctx, trains, pairs, 1, &options, NULL, NULL, NULL),
            SPK_ERR_ARGUMENT);
    }
    CU_ASSERT_EQUAL(spk_jitter_length(ctx, 1000, NULL, NULL), SPK_ERR_ARGUMENT);
    CU_ASSERT_STRING_EQUAL(spk_context_message(ctx), "layout is NULL");
    CU_ASSERT_EQUAL(spk_jitter_correlogram(ctx, trains, self, 1, NULL, NULL, NULL, NULL),
                    SPK_ERR_ARGUMENT);
    spk_trains_destroy(trains);
    trains_table.spikes.stop_sample = INT64_MAX;
    trains = group(&trains_table, NULL);
    CU_ASSERT_EQUAL(spk_jitter_test(ctx, trains, pairs, 1, NULL, result),
                    SPK_ERR_OVERFLOW);
    CU_ASSERT_EQUAL(
        strncmp(spk_context_message(ctx), "the recording must lie in -2^62", 31), 0);
    spk_trains_destroy(trains);
    spk_context_destroy(ctx);
}

static void failed_allocations(void)
{
    draw_table(&trains_table, 1, 200, 900, 0, 0); /* dense: dice, not only coins */
    spk_trains *trains = group(&trains_table, NULL);
    const spk_jitter_options options = options_of(7, 3, 5);
    const int32_t pairs[][2] = {{0, 1}, {1, 0}};
    static spk_jitter_result results[2 * MOST_BINS];
    static double expected[2 * MOST_BINS];
    run_of_tests run = {trains, &options, pairs, 2, results, expected};
    CU_ASSERT(suite_fail_allocations(run_tests, &run) > 15);
    spk_trains_destroy(trains);
}

static const suite_test tests[] = {
    {"equals every placement", equals_every_placement},
    {"counts are those of the correlogram", counts_are_those_of_the_correlogram},
    {"injected pairs are found", injected_pairs_are_found},
    {"invariances", invariances},
    {"nothing to test", nothing_to_test},
    {"p is uniform under the null", p_is_uniform_under_the_null},
    {"errors", errors},
    {"failed allocations", failed_allocations},
};

SUITE_MAIN("jitter", tests)
