/* SPDX-License-Identifier: BSD-3-Clause */
#include "amplitude_golden.h"
#include "suite.h"

#include <spikekit/drift.h>

enum {
    INTERVALS = 11 /* of 57 s in 600 s */
};

typedef struct curves {
    double medians[GOLDEN_UNITS * INTERVALS];
    int64_t counts[GOLDEN_UNITS * INTERVALS];
} curves;

static spk_drift_options some_options(void)
{
    spk_drift_options o;
    spk_drift_options_init(&o, sizeof o);
    CU_ASSERT_EQUAL(o.interval_s, 60);
    CU_ASSERT_EQUAL(o.min_spikes, 10);
    o.interval_s = 57;
    o.min_spikes = 5;
    return o;
}

static spk_trains *grouped(const golden *g, const spk_epochs *epochs)
{
    spk_trains_options options;
    spk_trains_options_init(&options, sizeof options);
    options.epochs = epochs;
    spk_trains *trains = NULL;
    CU_ASSERT_EQUAL_FATAL(spk_trains_create(NULL, &g->spikes, &options, &trains), SPK_OK);
    return trains;
}

static int compare(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The median of an interval by sorting what lies in it. */
static double oracle(const golden *g, int64_t unit, int64_t from, int64_t to,
                     const spk_epochs *epochs, int64_t *count)
{
    static double in[20000];
    int64_t n = 0;
    for (int64_t i = 0; i < g->spikes.n_spikes; i++) {
        const int64_t t = g->samples[i];
        const double y = ((const float *)g->positions.data)[2 * i + 1];
        const int observed =
            epochs == NULL || (t >= epochs->starts[0] && t < epochs->stops[0]);
        if (g->units[i] == unit && t >= from && t < to && observed && isfinite(y))
            in[n++] = y;
    }
    qsort(in, (size_t)n, sizeof *in, compare);
    *count = n;
    return n < 5 ? NAN : n % 2 != 0 ? in[n / 2] : (in[n / 2 - 1] + in[n / 2]) / 2;
}

static void equals_the_median_of_each_interval(void)
{
    static curves c;
    golden g = golden_open();
    const spk_drift_options o = some_options();
    const int64_t width = 57 * 30000, start = 1000000, stop = 9000001;
    const spk_epochs epochs = {1, &start, &stop};
    for (int e = 0; e < 2; e++) {
        const spk_epochs *used = e == 0 ? NULL : &epochs;
        spk_trains *trains = grouped(&g, used);
        int64_t n = -1, wrong = 0, n_medians = 0;
        CU_ASSERT_EQUAL(spk_drift_length(NULL, trains, &o, &n), SPK_OK);
        CU_ASSERT_EQUAL_FATAL(n, INTERVALS);
        CU_ASSERT_EQUAL_FATAL(
            spk_drift_medians(NULL, trains, &g.positions, 1, &o, c.medians, c.counts),
            SPK_OK);
        for (int64_t u = 0; u < GOLDEN_UNITS; u++)
            for (int64_t k = 0; k < n; k++) {
                int64_t count = -1;
                const double median =
                    oracle(&g, u, k * width, (k + 1) * width, used, &count);
                const double got = c.medians[u * n + k];
                wrong += c.counts[u * n + k] != count;
                wrong += !(got == median || (isnan(got) && isnan(median)));
                n_medians += !isnan(median);
            }
        CU_ASSERT_EQUAL(wrong, 0);
        CU_ASSERT(n_medians > 30);
        spk_trains_destroy(trains);
    }
    golden_close(&g);
}

static void hand_worked(void)
{
    int64_t samples[] = {-10, -9, -8, 0, 1, 14};
    int32_t units[] = {0, 0, 0, 1, 0, 0};
    const int16_t values[] = {3, 1, 2, 9, 7, 8};
    const spk_array array = {.dtype = SPK_DTYPE_INT16,
                             .n_dimensions = 1,
                             .shape = {6, 1, 1, 1, 1, 1, 1, 1},
                             .n_elements = 6,
                             .item_size = 2,
                             .data = values};
    const golden g = {.spikes = {6, 2, samples, units, 1, -10, 15}};
    spk_trains *trains = grouped(&g, NULL);
    spk_drift_options o;
    spk_drift_options_init(&o, sizeof o);
    o.interval_s = 10;
    o.min_spikes = 1;
    double medians[6];
    CU_ASSERT_EQUAL_FATAL(spk_drift_medians(NULL, trains, &array, 0, &o, medians, NULL),
                          SPK_OK);
    CU_ASSERT_EQUAL(medians[0], 2); /* [-10, 0) */
    CU_ASSERT_EQUAL(medians[1], 7);
    CU_ASSERT_EQUAL(medians[2], 8); /* [10, 15) */
    CU_ASSERT(isnan(medians[3]) && isnan(medians[5]));
    CU_ASSERT_EQUAL(medians[4], 9);
    spk_trains_destroy(trains);
}

static void same_bits_for_any_number_of_threads(void)
{
    static curves one, many;
    golden g = golden_open();
    const spk_drift_options o = some_options();
    spk_trains *trains = grouped(&g, NULL);
    for (int32_t threads = 1; threads <= 4; threads *= 2) {
        curves *c = threads == 1 ? &one : &many;
        spk_context *ctx = NULL;
        CU_ASSERT_EQUAL_FATAL(spk_context_create(&ctx), SPK_OK);
        CU_ASSERT_EQUAL_FATAL(spk_context_set_threads(ctx, threads), SPK_OK);
        CU_ASSERT_EQUAL_FATAL(
            spk_drift_medians(ctx, trains, &g.amplitudes, 0, &o, c->medians, c->counts),
            SPK_OK);
        spk_context_destroy(ctx);
    }
    CU_ASSERT_EQUAL(
        memcmp((const void *)one.medians, (const void *)many.medians, sizeof one.medians),
        0);
    CU_ASSERT_EQUAL(memcmp(one.counts, many.counts, sizeof one.counts), 0);
    spk_trains_destroy(trains);
    golden_close(&g);
}

static void errors(void)
{
    static curves c;
    golden g = golden_open();
    spk_trains *trains = grouped(&g, NULL);
    spk_context *ctx = NULL;
    int64_t n = 0;
    CU_ASSERT_EQUAL_FATAL(spk_context_create(&ctx), SPK_OK);
    spk_drift_options o = some_options();
    o.interval_s = 0;
    CU_ASSERT_EQUAL(spk_drift_length(ctx, trains, &o, &n), SPK_ERR_ARGUMENT);
    CU_ASSERT_STRING_EQUAL(spk_context_message(ctx),
                           "interval_s must be above 0 and finite, got 0");
    o = some_options();
    o.min_spikes = 0;
    CU_ASSERT_EQUAL(spk_drift_length(ctx, trains, &o, &n), SPK_ERR_ARGUMENT);
    CU_ASSERT_STRING_EQUAL(spk_context_message(ctx), "min_spikes must be >= 1, got 0");
    o = some_options();
    o.struct_size = 8;
    CU_ASSERT_EQUAL(spk_drift_length(ctx, trains, &o, &n), SPK_ERR_ARGUMENT);
    o = some_options();
    CU_ASSERT_EQUAL(spk_drift_length(ctx, NULL, &o, &n), SPK_ERR_ARGUMENT);
    CU_ASSERT_EQUAL(spk_drift_length(ctx, trains, &o, NULL), SPK_ERR_ARGUMENT);
    CU_ASSERT_EQUAL(spk_drift_medians(ctx, trains, NULL, 0, &o, c.medians, NULL),
                    SPK_ERR_ARGUMENT);
    CU_ASSERT_STRING_EQUAL(spk_context_message(ctx), "values is NULL");
    CU_ASSERT_EQUAL(spk_drift_medians(ctx, trains, &g.positions, 2, &o, c.medians, NULL),
                    SPK_ERR_ARGUMENT);
    CU_ASSERT_STRING_EQUAL(spk_context_message(ctx),
                           "values: no column 2 in shape (12094, 2)");
    CU_ASSERT_EQUAL(spk_drift_medians(ctx, trains, &g.positions, 1, &o, NULL, NULL),
                    SPK_ERR_ARGUMENT);
    spk_array wrong = g.amplitudes;
    wrong.shape[0] = wrong.n_elements = 5;
    CU_ASSERT_EQUAL(spk_drift_medians(ctx, trains, &wrong, 0, &o, c.medians, NULL),
                    SPK_ERR_ARGUMENT);
    spk_trains_destroy(trains);
    spk_context_destroy(ctx);
    golden_close(&g);
}

typedef struct request {
    const golden *g;
    const spk_trains *trains;
} request;

static spk_status medians_of(spk_context *ctx, void *argument)
{
    static curves c;
    const request *r = argument;
    const spk_drift_options o = some_options();
    return spk_drift_medians(ctx, r->trains, &r->g->positions, 0, &o, c.medians,
                             c.counts);
}

static void every_allocation_may_fail(void)
{
    golden g = golden_open();
    spk_trains *trains = grouped(&g, NULL);
    request r = {&g, trains};
    CU_ASSERT(suite_fail_allocations(medians_of, &r) >= 2);
    spk_trains_destroy(trains);
    golden_close(&g);
}

static const suite_test tests[] = {
    {"hand worked", hand_worked},
    {"equals the median of each interval", equals_the_median_of_each_interval},
    {"same bits for any number of threads", same_bits_for_any_number_of_threads},
    {"errors", errors},
    {"every allocation may fail", every_allocation_may_fail},
};

SUITE_MAIN("drift", tests)
