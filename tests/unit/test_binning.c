/* SPDX-License-Identifier: BSD-3-Clause */
#include "suite.h"

#include <spikekit/random.h>
#include <spikekit/spikes.h>
#include <stdlib.h>

static spk_context *new_context(void)
{
    spk_context *ctx = NULL;
    CU_ASSERT_EQUAL_FATAL(spk_context_create(&ctx), SPK_OK);
    return ctx;
}

static spk_binning_options options_of(int64_t bin_samples, const spk_epochs *epochs)
{
    spk_binning_options options;
    spk_binning_options_init(&options, sizeof options);
    options.bin_samples = bin_samples;
    options.epochs = epochs;
    return options;
}

/* Two units; with bins of 10 from 5 on: [5, 15), [15, 25), [25, 35), rest [35, 42). */
static const int64_t few_samples[] = {5, 14, 15, 15, 24, 34, 35, 41};
static const int32_t few_units[] = {0, 0, 0, 1, 0, 1, 1, 0};

static spk_spikes few_spikes(void)
{
    return (spk_spikes){8, 2, few_samples, few_units, 30000.0, 5, 42};
}

static void options_have_defaults(void)
{
    spk_binning_options options;
    memset(&options, 0x55, sizeof options);
    spk_binning_options_init(&options, sizeof options);
    CU_ASSERT_EQUAL(options.struct_size, sizeof options);
    CU_ASSERT_EQUAL(options.bin_samples, 300);
    CU_ASSERT_PTR_NULL(options.epochs);
    /* a caller with a smaller struct gets no byte more than that */
    memset(&options, 0x55, sizeof options);
    spk_binning_options_init(&options, sizeof(size_t));
    CU_ASSERT_EQUAL(options.struct_size, sizeof(size_t));
    CU_ASSERT_EQUAL(options.bin_samples, 0x5555555555555555);
    spk_binning_options_init(NULL, sizeof options);
}

static void hand_worked(void)
{
    const spk_spikes spikes = few_spikes();
    const spk_binning_options options = options_of(10, NULL);
    const int32_t expected[2][3] = {{2, 2, 0}, {0, 1, 1}};
    int64_t n_bins = -1, offsets[3], bins[8];
    int32_t dense[2][3], counts[8];
    CU_ASSERT_EQUAL(spk_spikes_bin_length(NULL, &spikes, &options, &n_bins), SPK_OK);
    CU_ASSERT_EQUAL_FATAL(n_bins, 3);
    CU_ASSERT_EQUAL(spk_spikes_bin_dense(NULL, &spikes, &options, &dense[0][0]), SPK_OK);
    CU_ASSERT_EQUAL(memcmp(dense, expected, sizeof dense), 0);
    CU_ASSERT_EQUAL(spk_spikes_bin_sparse(NULL, &spikes, &options, offsets, bins, counts),
                    SPK_OK);
    CU_ASSERT(offsets[0] == 0 && offsets[1] == 2 && offsets[2] == 4);
    CU_ASSERT(bins[0] == 0 && bins[1] == 1 && bins[2] == 1 && bins[3] == 2);
    CU_ASSERT(counts[0] == 2 && counts[1] == 2 && counts[2] == 1 && counts[3] == 1);
}

/* Touching epochs are cut each from its own start; one is shorter than a bin; one lies
 * after the recording. */
static void hand_worked_epochs(void)
{
    const spk_spikes spikes = few_spikes();
    const int64_t starts[] = {4, 15, 24, 100}, stops[] = {15, 24, 36, 120};
    const spk_epochs epochs = {4, starts, stops};
    const spk_binning_options options = options_of(10, &epochs);
    /* [4, 14), nothing of [15, 24), [24, 34), [100, 110), [110, 120) */
    const int32_t expected[2][4] = {{1, 1, 0, 0}, {0, 0, 0, 0}};
    int64_t n_bins = -1;
    int32_t dense[2][4];
    CU_ASSERT_EQUAL(spk_spikes_bin_length(NULL, &spikes, &options, &n_bins), SPK_OK);
    CU_ASSERT_EQUAL_FATAL(n_bins, 4);
    CU_ASSERT_EQUAL(spk_spikes_bin_dense(NULL, &spikes, &options, &dense[0][0]), SPK_OK);
    CU_ASSERT_EQUAL(memcmp(dense, expected, sizeof dense), 0);
}

static void no_bins_and_no_spikes(void)
{
    const spk_spikes empty = {0, 3, NULL, NULL, 30000.0, 0, 1000}, spikes = few_spikes();
    const spk_binning_options wide = options_of(38, NULL);
    int64_t n_bins = -1, offsets[4] = {9, 9, 9, 9}, bins[8];
    int32_t dense[9], counts[8];
    memset(dense, 0x55, sizeof dense);
    CU_ASSERT_EQUAL(spk_spikes_bin_length(NULL, &empty, NULL, &n_bins), SPK_OK);
    CU_ASSERT_EQUAL(n_bins, 3);
    CU_ASSERT_EQUAL(spk_spikes_bin_dense(NULL, &empty, NULL, dense), SPK_OK);
    for (int i = 0; i < 9; i++)
        CU_ASSERT_EQUAL(dense[i], 0);
    CU_ASSERT_EQUAL(spk_spikes_bin_sparse(NULL, &empty, NULL, offsets, NULL, NULL),
                    SPK_OK);
    for (int u = 0; u < 4; u++)
        CU_ASSERT_EQUAL(offsets[u], 0);
    /* 37 samples hold no bin of 38 */
    CU_ASSERT_EQUAL(spk_spikes_bin_length(NULL, &spikes, &wide, &n_bins), SPK_OK);
    CU_ASSERT_EQUAL(n_bins, 0);
    CU_ASSERT_EQUAL(spk_spikes_bin_dense(NULL, &spikes, &wide, NULL), SPK_OK);
    CU_ASSERT_EQUAL(spk_spikes_bin_sparse(NULL, &spikes, &wide, offsets, bins, counts),
                    SPK_OK);
    CU_ASSERT_EQUAL(offsets[2], 0);
    const spk_spikes nothing = {0, 0, NULL, NULL, 1.0, 7, 7};
    CU_ASSERT_EQUAL(spk_spikes_bin_length(NULL, &nothing, NULL, &n_bins), SPK_OK);
    CU_ASSERT_EQUAL(n_bins, 0);
}

static int64_t draw_below(spk_random *random, int64_t n)
{
    return (int64_t)(spk_random_uniform(random) * (double)n);
}

enum {
    N = 500,
    N_UNITS = 4,
    SPAN = 400,
    MAX_EPOCHS = 6
};

typedef struct scene {
    int64_t samples[N], starts[MAX_EPOCHS], stops[MAX_EPOCHS];
    int32_t units[N];
    spk_spikes spikes;
    spk_epochs epochs;
} scene;

static void make_scene(scene *s, uint64_t seed)
{
    spk_random random = {.seed = seed};
    int64_t drawn[N], order[N], at = -20;
    for (int i = 0; i < N; i++) {
        drawn[i] = draw_below(&random, SPAN);
        s->units[i] = (int32_t)draw_below(&random, N_UNITS);
    }
    CU_ASSERT_EQUAL(spk_spikes_order(NULL, N, drawn, order), SPK_OK);
    for (int i = 0; i < N; i++)
        s->samples[i] = drawn[order[i]];
    for (int e = 0; e < MAX_EPOCHS; e++) {
        s->starts[e] = at + draw_below(&random, 3) * draw_below(&random, 30);
        s->stops[e] = s->starts[e] + 1 + draw_below(&random, 90);
        at = s->stops[e];
    }
    s->spikes = (spk_spikes){N, N_UNITS, s->samples, s->units, 30000.0, 0, SPAN};
    s->epochs = (spk_epochs){MAX_EPOCHS, s->starts, s->stops};
}

/* The definition: for each bin [lo, lo + b) of each epoch, the spikes of each unit in it.
 * Returns the number of bins; counts[unit][bin] with room for SPAN + 200 bins a unit. */
static int64_t count_by_definition(const scene *s, const spk_epochs *epochs, int64_t b,
                                   int32_t (*counts)[SPAN + 200])
{
    int64_t n_bins = 0;
    memset(counts, 0, N_UNITS * sizeof *counts);
    for (int64_t e = 0; e < epochs->n_epochs; e++)
        for (int64_t lo = epochs->starts[e]; lo + b <= epochs->stops[e]; lo += b) {
            for (int i = 0; i < N; i++)
                if (s->samples[i] >= lo && s->samples[i] < lo + b)
                    counts[s->units[i]][n_bins]++;
            n_bins++;
        }
    return n_bins;
}

/* Dense equals the definition, sparse equals dense, rows rise and hold no zeros. */
static void compare(const scene *s, int64_t b, int use_epochs)
{
    static int32_t expected[N_UNITS][SPAN + 200];
    static int32_t dense[N_UNITS * (SPAN + 200)];
    const int64_t start = s->spikes.start_sample, stop = s->spikes.stop_sample;
    const spk_epochs whole = {1, &start, &stop};
    const spk_binning_options options = options_of(b, use_epochs ? &s->epochs : NULL);
    int64_t n = count_by_definition(s, use_epochs ? &s->epochs : &whole, b, expected);
    int64_t n_bins = -1, offsets[N_UNITS + 1], bins[N], wrong = 0;
    int32_t counts[N];
    CU_ASSERT_EQUAL(spk_spikes_bin_length(NULL, &s->spikes, &options, &n_bins), SPK_OK);
    CU_ASSERT_EQUAL_FATAL(n_bins, n);
    CU_ASSERT_EQUAL(spk_spikes_bin_dense(NULL, &s->spikes, &options, dense), SPK_OK);
    CU_ASSERT_EQUAL(
        spk_spikes_bin_sparse(NULL, &s->spikes, &options, offsets, bins, counts), SPK_OK);
    for (int64_t u = 0; u < N_UNITS; u++) {
        int64_t place = offsets[u];
        for (int64_t k = 0; k < n; k++) {
            wrong += dense[u * n + k] != expected[u][k];
            if (expected[u][k] == 0)
                continue;
            wrong += place >= offsets[u + 1] || bins[place] != k ||
                     counts[place] != expected[u][k];
            place++;
        }
        wrong += place != offsets[u + 1];
    }
    CU_ASSERT_EQUAL(wrong, 0);
}

static void equals_the_definition(void)
{
    static const int64_t widths[] = {1, 2, 7, 30, 61, 399, 400, 401};
    for (uint64_t seed = 1; seed <= 10; seed++) {
        scene s;
        make_scene(&s, seed);
        for (size_t w = 0; w < sizeof widths / sizeof widths[0]; w++) {
            compare(&s, widths[w], 0);
            compare(&s, widths[w], 1);
        }
    }
}

/* With bins of one sample none is dropped: each unit's sum over bins is its number of
 * spikes in the epochs. */
static void bins_add_up_to_the_restricted_counts(void)
{
    for (uint64_t seed = 11; seed <= 30; seed++) {
        static int32_t dense[N_UNITS * (SPAN + 200)];
        scene s;
        make_scene(&s, seed);
        const spk_binning_options options = options_of(1, &s.epochs);
        int64_t n_bins, samples[N], counts[N_UNITS];
        int32_t units[N];
        spk_spikes kept;
        CU_ASSERT_EQUAL(spk_spikes_bin_length(NULL, &s.spikes, &options, &n_bins),
                        SPK_OK);
        CU_ASSERT_EQUAL(n_bins, spk_epochs_duration(&s.epochs));
        CU_ASSERT_EQUAL(spk_spikes_bin_dense(NULL, &s.spikes, &options, dense), SPK_OK);
        CU_ASSERT_EQUAL(
            spk_spikes_restrict(NULL, &s.spikes, &s.epochs, samples, units, &kept),
            SPK_OK);
        CU_ASSERT_EQUAL(spk_spikes_count(NULL, &kept, counts), SPK_OK);
        for (int64_t u = 0; u < N_UNITS; u++) {
            int64_t sum = 0;
            for (int64_t k = 0; k < n_bins; k++)
                sum += dense[u * n_bins + k];
            CU_ASSERT_EQUAL(sum, counts[u]);
        }
    }
}

/* Times at both ends of int64: nothing wraps (a sanitizer sees it if it does). */
static void ends_of_time(void)
{
    const int64_t samples[] = {INT64_MIN, INT64_MIN + 9, -1, 0, INT64_MAX - 1};
    const int32_t units[] = {0, 0, 0, 0, 0};
    spk_spikes spikes = {5, 1, samples, units, 30000.0, INT64_MIN, INT64_MAX};
    const int64_t starts[] = {INT64_MIN, INT64_MAX - 7},
                  stops[] = {INT64_MIN + 10, INT64_MAX};
    const spk_epochs epochs = {2, starts, stops};
    const spk_binning_options options = options_of(4, &epochs);
    int64_t n_bins = -1;
    int32_t dense[3] = {-1, -1, -1};
    CU_ASSERT_EQUAL(spk_spikes_bin_length(NULL, &spikes, &options, &n_bins), SPK_OK);
    CU_ASSERT_EQUAL_FATAL(n_bins, 3);
    CU_ASSERT_EQUAL(spk_spikes_bin_dense(NULL, &spikes, &options, dense), SPK_OK);
    CU_ASSERT(dense[0] == 1 && dense[1] == 0 && dense[2] == 0);

    const spk_binning_options widest = options_of(INT64_MAX, NULL);
    spikes.start_sample = 0;
    spikes.n_spikes = 2;
    spikes.samples = samples + 3;
    CU_ASSERT_EQUAL(spk_spikes_bin_length(NULL, &spikes, &widest, &n_bins), SPK_OK);
    CU_ASSERT_EQUAL_FATAL(n_bins, 1);
    CU_ASSERT_EQUAL(spk_spikes_bin_dense(NULL, &spikes, &widest, dense), SPK_OK);
    CU_ASSERT_EQUAL(dense[0], 2);
}

typedef spk_status (*binning_call)(spk_context *, const spk_spikes *,
                                   const spk_binning_options *);

static spk_status call_length(spk_context *ctx, const spk_spikes *spikes,
                              const spk_binning_options *options)
{
    int64_t n_bins;
    return spk_spikes_bin_length(ctx, spikes, options, &n_bins);
}

static spk_status call_dense(spk_context *ctx, const spk_spikes *spikes,
                             const spk_binning_options *options)
{
    int32_t counts[100];
    return spk_spikes_bin_dense(ctx, spikes, options, counts);
}

static spk_status call_sparse(spk_context *ctx, const spk_spikes *spikes,
                              const spk_binning_options *options)
{
    int64_t offsets[10], bins[10];
    int32_t counts[10];
    return spk_spikes_bin_sparse(ctx, spikes, options, offsets, bins, counts);
}

static void errors_of_all_three(void)
{
    static const binning_call calls[] = {call_length, call_dense, call_sparse};
    const int64_t starts[] = {5, 5}, stops[] = {9, 9};
    const spk_epochs bad_epochs = {2, starts, stops};
    const spk_spikes good = few_spikes();
    spk_spikes endless = good, bad_rate = good;
    endless.start_sample = INT64_MIN;
    endless.stop_sample = INT64_MAX;
    bad_rate.sampling_rate_hz = 0;
    spk_binning_options plain = options_of(10, NULL), no_width = options_of(0, NULL);
    spk_binning_options overlap = options_of(10, &bad_epochs), unset = plain;
    unset.struct_size = 0;
    const struct {
        const spk_spikes *spikes;
        const spk_binning_options *options;
        spk_status status;
        const char *message;
    } cases[] = {
        {NULL, &plain, SPK_ERR_ARGUMENT, "spikes is NULL"},
        {&bad_rate, &plain, SPK_ERR_ARGUMENT,
         "sampling_rate_hz must be positive and finite, got 0"},
        {&good, &no_width, SPK_ERR_ARGUMENT, "bin_samples must be >= 1, got 0"},
        {&good, &overlap, SPK_ERR_ARGUMENT,
         "epochs: epoch 1 overlaps the one before: start 5, stop before 9"},
        {&good, &unset, SPK_ERR_ARGUMENT,
         "options.struct_size is 0, not the 24 set by spk_binning_options_init()"},
        {&endless, &plain, SPK_ERR_OVERFLOW,
         "the recording, -9223372036854775808 .. 9223372036854775807, is longer than "
         "2^63 - 1 samples"},
    };
    spk_context *ctx = new_context();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        for (size_t c = 0; c < sizeof calls / sizeof calls[0]; c++) {
            CU_ASSERT_EQUAL(calls[c](ctx, cases[i].spikes, cases[i].options),
                            cases[i].status);
            CU_ASSERT_STRING_EQUAL(spk_context_message(ctx), cases[i].message);
        }
    spk_context_destroy(ctx);
}

static void errors_of_each(void)
{
    spk_context *ctx = new_context();
    spk_spikes spikes = few_spikes();
    const spk_binning_options options = options_of(10, NULL),
                              narrow = options_of(1, NULL);
    int64_t offsets[3], bins[8];
    int32_t counts[8];
    CU_ASSERT_EQUAL(spk_spikes_bin_length(ctx, &spikes, &options, NULL),
                    SPK_ERR_ARGUMENT);
    CU_ASSERT_STRING_EQUAL(spk_context_message(ctx), "n_bins is NULL");
    CU_ASSERT_EQUAL(spk_spikes_bin_dense(ctx, &spikes, &options, NULL), SPK_ERR_ARGUMENT);
    CU_ASSERT_STRING_EQUAL(spk_context_message(ctx), "counts is NULL");
    CU_ASSERT_EQUAL(spk_spikes_bin_sparse(ctx, &spikes, &options, NULL, bins, counts),
                    SPK_ERR_ARGUMENT);
    CU_ASSERT_STRING_EQUAL(spk_context_message(ctx), "offsets is NULL");
    CU_ASSERT_EQUAL(spk_spikes_bin_sparse(ctx, &spikes, &options, offsets, NULL, counts),
                    SPK_ERR_ARGUMENT);
    CU_ASSERT_STRING_EQUAL(spk_context_message(ctx), "bins is NULL");
    CU_ASSERT_EQUAL(spk_spikes_bin_sparse(ctx, &spikes, &options, offsets, bins, NULL),
                    SPK_ERR_ARGUMENT);
    CU_ASSERT_STRING_EQUAL(spk_context_message(ctx), "counts is NULL");
    /* what spk_spikes_check() finds */
    spikes.stop_sample = 41;
    CU_ASSERT_EQUAL(spk_spikes_bin_dense(ctx, &spikes, &options, counts),
                    SPK_ERR_ARGUMENT);
    CU_ASSERT_STRING_EQUAL(spk_context_message(ctx),
                           "sample 41 of spike 7 is outside the recording, 5 .. 41");
    CU_ASSERT_EQUAL(spk_spikes_bin_sparse(ctx, &spikes, &options, offsets, bins, counts),
                    SPK_ERR_ARGUMENT);
    /* 2 units in 2^62 bins */
    spikes.start_sample = 0;
    spikes.stop_sample = (int64_t)1 << 62;
    CU_ASSERT_EQUAL(spk_spikes_bin_dense(ctx, &spikes, &narrow, counts),
                    SPK_ERR_OVERFLOW);
    CU_ASSERT_STRING_EQUAL(
        spk_context_message(ctx),
        "counts of 2 units in 4611686018427387904 bins are more than memory holds");
    spk_context_destroy(ctx);
}

static spk_status sparse_few(spk_context *ctx, void *unused)
{
    (void)unused;
    const spk_spikes spikes = few_spikes();
    return call_sparse(ctx, &spikes, NULL);
}

static spk_status dense_few(spk_context *ctx, void *unused)
{
    (void)unused;
    const spk_spikes spikes = few_spikes();
    return call_dense(ctx, &spikes, NULL);
}

static void failed_allocations(void)
{
    CU_ASSERT_EQUAL(suite_fail_allocations(sparse_few, NULL), 1);
    CU_ASSERT_EQUAL(suite_fail_allocations(dense_few, NULL), 0);
}

static const suite_test tests[] = {
    {"options have defaults", options_have_defaults},
    {"hand-worked", hand_worked},
    {"hand-worked epochs", hand_worked_epochs},
    {"no bins and no spikes", no_bins_and_no_spikes},
    {"equals the definition", equals_the_definition},
    {"bins add up to the restricted counts", bins_add_up_to_the_restricted_counts},
    {"ends of time", ends_of_time},
    {"errors of all three", errors_of_all_three},
    {"errors of each", errors_of_each},
    {"failed allocations", failed_allocations},
};
SUITE_MAIN("binning", tests)
