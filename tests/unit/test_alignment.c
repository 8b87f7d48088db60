/* SPDX-License-Identifier: BSD-3-Clause */
#include "aligned_oracle.h"
#include "suite.h"

#include <math.h>
#include <spikekit/alignment.h>

static spk_alignment_options window_of(double start_s, double stop_s, double bin_s)
{
    spk_alignment_options o;
    spk_alignment_options_init(&o, sizeof o);
    o.start_s = start_s;
    o.stop_s = stop_s;
    o.bin_s = bin_s;
    return o;
}

static void windows(void)
{
    static const struct {
        double rate, start, stop, bin;
        int64_t n, first, width;
    } table[] = {
        {30000, -0.5, 1.0, 0.01, 150, -15000, 300},
        {24414.0625, -0.5, 1.0, 0.01, 150, -12200, 244}, /* the event at an edge */
        {1000, 0.05, 0.35, 0.3, 1, 50, 300},             /* one window of counts */
        {1000, -0.1, 0.15, 0.1, 2, -100, 100},  /* what does not fit is dropped */
        {1000, 0.0025, 0.0045, 0.001, 2, 2, 1}, /* half a sample: the even one */
        {100, 0, 0.05, 0.001, 5, 0, 1},         /* a bin is a sample at least */
        {1e9, -3600, 3600, 3600, 2, -3600000000000, 3600000000000},
        /* the bin is rounded first, and the window keeps its place */
        {1000, -0.5, 1.0, 0.0004, 1500, -500, 1},
        {1000, -0.5, 1.0, 0.0015, 750, -500, 2},
        {1250, -0.5, 1.0, 0.00025, 1875, -625, 1},
        {30000, -0.5, 1.0, 0.00025, 5625, -15000, 8},
        {30000, -0.5, 1.0, 0.00005, 22500, -15000, 2},
        {24414.0625, -0.5, 1.0, 0.001, 1526, -12216, 24},
        {24414.0625, -0.1, 0.1, 0.002, 100, -2450, 49},
        {29999.3, -0.5, 1.0, 0.01, 150, -15000, 300}, /* a clock that is slow */
        {1000, -0.0015, 0.0105, 0.0024, 6, -2, 2},    /* not whole: nearest sample */
        {24414.0625, 0.05, 0.35, 0.3, 1, 1221, 7324},
        {1000, 0, 0.0005, 0.0005, 1, 0, 1},
    };
    for (int k = 0; k < (int)(sizeof table / sizeof table[0]); k++) {
        spk_alignment_window w;
        const spk_alignment_options o =
            window_of(table[k].start, table[k].stop, table[k].bin);
        CU_ASSERT_EQUAL_FATAL(spk_alignment_find_window(NULL, table[k].rate, &o, &w),
                              SPK_OK);
        CU_ASSERT_EQUAL(w.n_bins, table[k].n);
        CU_ASSERT_EQUAL(w.first_sample, table[k].first);
        CU_ASSERT_EQUAL(w.bin_samples, table[k].width);
    }
    spk_alignment_window w;
    CU_ASSERT_EQUAL(spk_alignment_find_window(NULL, 30000, NULL, &w), SPK_OK);
    CU_ASSERT_EQUAL(w.n_bins, 150);
}

/* Whatever is asked, each edge is at most a bin from it, and the window never more than that. */
static void windows_keep_their_place(void)
{
    static const double rates[] = {250, 1000, 1250, 24414.0625, 29999.3, 30000};
    spk_random random = {.seed = 5};
    for (int k = 0; k < 3000; k++) {
        const double rate = rates[k % 6],
                     bin = 0.0001 + 0.02 * spk_random_uniform(&random);
        const double start = k % 2 ? (double)(aligned_below(&random, 60) - 40) * bin
                                   : spk_random_uniform(&random) - 0.5;
        const double stop = start + bin * (1 + (double)aligned_below(&random, 100)) +
                            (k % 3 ? 0 : bin * spk_random_uniform(&random));
        const spk_alignment_options o = window_of(start, stop, bin);
        spk_alignment_window w;
        CU_ASSERT_EQUAL_FATAL(spk_alignment_find_window(NULL, rate, &o, &w), SPK_OK);
        const double width = (double)w.bin_samples, first = (double)w.first_sample;
        const double last = first + width * (double)w.n_bins;
        CU_ASSERT(w.n_bins >= 1 && fabs(width - bin * rate) < 1);
        CU_ASSERT(fabs(first - start * rate) <= width / 2 + 1e-6);
        CU_ASSERT(w.n_bins == 1 || fabs(last - stop * rate) <= width + 0.5 + 1e-6);
        if (k % 2)
            CU_ASSERT_EQUAL(w.first_sample % w.bin_samples, 0);
    }
}

/* Two units, three events out of order, edges of bins: by hand. */
static void by_hand(void)
{
    const int64_t samples[] = {8, 10, 12, 14, 15, 20, 29};
    const int32_t units[] = {0, 1, 0, 0, 0, 1, 0};
    const spk_spikes spikes = {7, 2, samples, units, 1000, 0, 30};
    const int64_t events[] = {25, 10, 40};
    const spk_alignment_options o = window_of(-0.002, 0.006, 0.002);
    int32_t counts[3 * 2 * 4];
    /* event 25: [23, 31) cut at 30; event 10: bins from 8, 10, 12, 14 */
    static const int32_t expected[] = {0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 1, 2,
                                       0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
    CU_ASSERT_EQUAL_FATAL(spk_alignment_count(NULL, &spikes, 3, events, &o, counts),
                          SPK_OK);
    CU_ASSERT_EQUAL(memcmp(counts, expected, sizeof counts), 0);
    int64_t exposure[12];
    uint8_t whole[3];
    static const int64_t seen[] = {2, 2, 2, 1, 2, 2, 2, 2, 0, 0, 0, 0};
    CU_ASSERT_EQUAL(spk_alignment_exposure(NULL, &spikes, 3, events, &o, exposure, whole),
                    SPK_OK);
    CU_ASSERT_EQUAL(memcmp(exposure, seen, sizeof seen), 0);
    CU_ASSERT(whole[0] == 0 && whole[1] == 1 && whole[2] == 0);
    int64_t offsets[7], lags[6];
    static const int64_t ends[] = {0, 1, 5, 5, 5, 6, 6}, by_lag[] = {4, -2, 2, 4, 5, 0};
    CU_ASSERT_EQUAL(spk_alignment_raster(NULL, &spikes, 3, events, &o, offsets, NULL),
                    SPK_OK);
    CU_ASSERT_EQUAL_FATAL(memcmp(offsets, ends, sizeof ends), 0);
    CU_ASSERT_EQUAL(spk_alignment_raster(NULL, &spikes, 3, events, &o, offsets, lags),
                    SPK_OK);
    CU_ASSERT_EQUAL(memcmp(lags, by_lag, sizeof lags), 0);
}

static void equals_the_definition(void)
{
    spk_context *ctx = NULL;
    CU_ASSERT_EQUAL_FATAL(spk_context_create(&ctx), SPK_OK);
    for (uint64_t seed = 0; seed < 24; seed++) {
        aligned_case *c = malloc(sizeof *c);
        aligned_case_make(c, seed);
        spk_alignment_window w;
        CU_ASSERT_EQUAL_FATAL(spk_alignment_find_window(NULL, 1000, &c->options, &w),
                              SPK_OK);
        const int64_t n = ALIGNED_EVENTS * ALIGNED_UNITS * w.n_bins;
        int32_t *counts = malloc((size_t)n * sizeof *counts);
        int32_t *expected = malloc((size_t)n * sizeof *expected);
        int64_t *seen = malloc((size_t)n * sizeof *seen);
        int64_t *exposure = malloc((size_t)n * sizeof *exposure);
        uint8_t whole[ALIGNED_EVENTS];
        aligned_by_definition(c, &w, expected, seen);
        CU_ASSERT_EQUAL(spk_context_set_threads(ctx, 1 + (int32_t)(seed % 3)), SPK_OK);
        memset(counts, -1, (size_t)n * sizeof *counts);
        CU_ASSERT_EQUAL_FATAL(spk_alignment_count(ctx, &c->spikes, ALIGNED_EVENTS,
                                                  c->events, &c->options, counts),
                              SPK_OK);
        CU_ASSERT_EQUAL(memcmp(counts, expected, (size_t)n * sizeof *counts), 0);
        CU_ASSERT_EQUAL(spk_alignment_exposure(ctx, &c->spikes, ALIGNED_EVENTS, c->events,
                                               &c->options, exposure, whole),
                        SPK_OK);
        CU_ASSERT_EQUAL(
            memcmp(exposure, seen, (size_t)(ALIGNED_EVENTS * w.n_bins) * sizeof *seen),
            0);
        /* the raster holds the same spikes: its lags fall into the bins counted */
        int64_t offsets[ALIGNED_UNITS * ALIGNED_EVENTS + 1];
        CU_ASSERT_EQUAL(spk_alignment_raster(ctx, &c->spikes, ALIGNED_EVENTS, c->events,
                                             &c->options, offsets, NULL),
                        SPK_OK);
        int64_t *lags =
            malloc(((size_t)offsets[ALIGNED_UNITS * ALIGNED_EVENTS] + 1) * sizeof *lags);
        CU_ASSERT_EQUAL(spk_alignment_raster(ctx, &c->spikes, ALIGNED_EVENTS, c->events,
                                             &c->options, offsets, lags),
                        SPK_OK);
        memset(counts, 0, (size_t)n * sizeof *counts);
        int rising = 1;
        for (int64_t u = 0; u < ALIGNED_UNITS; u++)
            for (int64_t e = 0; e < ALIGNED_EVENTS; e++) {
                const int64_t *row = offsets + u * ALIGNED_EVENTS + e;
                for (int64_t k = row[0]; k < row[1]; k++) {
                    const int64_t bin = (lags[k] - w.first_sample) / w.bin_samples;
                    rising &= k == row[0] || lags[k] >= lags[k - 1];
                    counts[(e * ALIGNED_UNITS + u) * w.n_bins + bin]++;
                }
            }
        CU_ASSERT(rising);
        CU_ASSERT_EQUAL(memcmp(counts, expected, (size_t)n * sizeof *counts), 0);
        for (int e = 0; e < ALIGNED_EVENTS; e++) {
            int64_t total = 0;
            for (int64_t b = 0; b < w.n_bins; b++)
                total += seen[e * w.n_bins + b];
            CU_ASSERT_EQUAL(whole[e], total == w.n_bins * w.bin_samples);
        }
        free(lags);
        free(exposure);
        free(seen);
        free(expected);
        free(counts);
        free(c);
    }
    spk_context_destroy(ctx);
}

/* Events and spikes moved together, at the ends of int64, count the same. */
static void a_shift_changes_nothing(void)
{
    static const int64_t shifts[] = {0, INT64_MIN, INT64_MAX - 100, -50};
    const spk_alignment_options o = window_of(-0.02, 0.03, 0.005);
    int32_t first[2 * 10], counts[2 * 10];
    for (int k = 0; k < 4; k++) {
        const int64_t at = shifts[k];
        const int64_t samples[] = {at, at + 3, at + 17, at + 40, at + 99};
        const int32_t units[5] = {0};
        const spk_spikes spikes = {5, 1, samples, units, 1000, at, at + 100};
        const int64_t events[] = {at + 99, at + 2};
        CU_ASSERT_EQUAL_FATAL(
            spk_alignment_count(NULL, &spikes, 2, events, &o, k == 0 ? first : counts),
            SPK_OK);
        if (k > 0)
            CU_ASSERT_EQUAL(memcmp(first, counts, sizeof first), 0);
    }
    CU_ASSERT_EQUAL(first[4], 1);
}

static void nothing_to_align(void)
{
    const spk_spikes spikes = {.n_units = 2, .sampling_rate_hz = 1000, .stop_sample = 10};
    const int64_t event = 5;
    const spk_alignment_options o = window_of(-0.002, 0.002, 0.001);
    int32_t counts[8] = {1, 1, 1, 1, 1, 1, 1, 1};
    int64_t offsets[3] = {9, 9, 9};
    CU_ASSERT_EQUAL(spk_alignment_count(NULL, &spikes, 0, NULL, &o, NULL), SPK_OK);
    CU_ASSERT_EQUAL(spk_alignment_raster(NULL, &spikes, 0, NULL, &o, offsets, NULL),
                    SPK_OK);
    CU_ASSERT_EQUAL(offsets[0], 0);
    CU_ASSERT_EQUAL(spk_alignment_count(NULL, &spikes, 1, &event, &o, counts), SPK_OK);
    for (int k = 0; k < 8; k++)
        CU_ASSERT_EQUAL(counts[k], 0);
    CU_ASSERT_EQUAL(spk_alignment_raster(NULL, &spikes, 1, &event, &o, offsets, offsets),
                    SPK_OK);
    CU_ASSERT(offsets[0] == 0 && offsets[1] == 0 && offsets[2] == 0);
}

static void errors(void)
{
    static const struct {
        const char *message;
        spk_status status;
    } table[] = {
        {"spikes is NULL", SPK_ERR_ARGUMENT},
        {"n_events must be >= 0, got -1", SPK_ERR_ARGUMENT},
        {"events is NULL", SPK_ERR_ARGUMENT},
        {"counts is NULL", SPK_ERR_ARGUMENT},
        {"options: not filled by spk_alignment_options_init()", SPK_ERR_ARGUMENT},
        {"start_s must be below stop_s, got 1 and 1", SPK_ERR_ARGUMENT},
        {"start_s must be below stop_s, got nan and 1", SPK_ERR_ARGUMENT},
        {"bin_s must be above 0, got 0", SPK_ERR_ARGUMENT},
        {"bin_s must be at most the window, 1.5 s, got 2", SPK_ERR_ARGUMENT},
        {"the window, -1e+300 s to 1 s, is beyond 2^53 samples", SPK_ERR_OVERFLOW},
        {"epochs: epoch 0 is empty: start 3, stop 3", SPK_ERR_ARGUMENT},
        {"spike 1 is out of order: sample 1 after 3", SPK_ERR_UNSORTED},
    };
    spk_context *ctx = NULL;
    CU_ASSERT_EQUAL_FATAL(spk_context_create(&ctx), SPK_OK);
    for (int k = 0; k < 12; k++) {
        int64_t samples[] = {3, 5}, event = 4, at = 3, n = 1;
        const int32_t units[] = {0, 0};
        spk_spikes spikes = {2, 1, samples, units, 1000, 0, 10};
        const spk_epochs epochs = {1, &at, &at};
        spk_alignment_options o = window_of(-0.5, 1.0, 0.01);
        int32_t counts[150];
        n = k == 1 ? -1 : 1;
        if (k == 4)
            o.struct_size = 8;
        o.start_s = k == 5 ? 1 : k == 6 ? NAN : k == 9 ? -1e300 : o.start_s;
        o.bin_s = k == 7 ? 0 : k == 8 ? 2 : o.bin_s;
        o.epochs = k == 10 ? &epochs : NULL;
        samples[1] = k == 11 ? 1 : 5;
        const spk_status status =
            spk_alignment_count(ctx, k == 0 ? NULL : &spikes, n, k == 2 ? NULL : &event,
                                &o, k == 3 ? NULL : counts);
        CU_ASSERT_EQUAL(status, table[k].status);
        CU_ASSERT_STRING_EQUAL(spk_context_message(ctx), table[k].message);
    }
    const spk_spikes none = {.n_units = 1, .sampling_rate_hz = 1000, .stop_sample = 10};
    spk_alignment_window w;
    CU_ASSERT_EQUAL(spk_alignment_raster(ctx, &none, 0, NULL, NULL, NULL, NULL),
                    SPK_ERR_ARGUMENT);
    CU_ASSERT_STRING_EQUAL(spk_context_message(ctx), "offsets is NULL");
    CU_ASSERT_EQUAL(spk_alignment_find_window(ctx, 1000, NULL, NULL), SPK_ERR_ARGUMENT);
    CU_ASSERT_STRING_EQUAL(spk_context_message(ctx), "window is NULL");
    CU_ASSERT_EQUAL(spk_alignment_find_window(ctx, -1, NULL, &w), SPK_ERR_ARGUMENT);
    CU_ASSERT_STRING_EQUAL(spk_context_message(ctx),
                           "sampling_rate_hz must be positive and finite, got -1");
    spk_context_destroy(ctx);
}

static spk_status all_calls(spk_context *ctx, void *argument)
{
    const aligned_case *c = argument;
    int32_t *counts = calloc(ALIGNED_EVENTS * ALIGNED_UNITS * 10, sizeof *counts);
    int64_t exposure[ALIGNED_EVENTS * 10], offsets[ALIGNED_EVENTS * ALIGNED_UNITS + 1];
    spk_status status = spk_alignment_count(ctx, &c->spikes, ALIGNED_EVENTS, c->events,
                                            &c->options, counts);
    free(counts);
    if (status == SPK_OK)
        status = spk_alignment_exposure(ctx, &c->spikes, ALIGNED_EVENTS, c->events,
                                        &c->options, exposure, NULL);
    if (status == SPK_OK)
        status = spk_alignment_raster(ctx, &c->spikes, ALIGNED_EVENTS, c->events,
                                      &c->options, offsets, NULL);
    return status;
}

static void failed_allocations(void)
{
    aligned_case *c = malloc(sizeof *c);
    aligned_case_make(c, 4);
    CU_ASSERT(suite_fail_allocations(all_calls, c) >= 8);
    free(c);
}

static const suite_test tests[] = {
    {"windows", windows},
    {"windows keep their place", windows_keep_their_place},
    {"by hand", by_hand},
    {"equals the definition", equals_the_definition},
    {"a shift changes nothing", a_shift_changes_nothing},
    {"nothing to align", nothing_to_align},
    {"errors", errors},
    {"failed allocations", failed_allocations},
};

SUITE_MAIN("alignment", tests)
