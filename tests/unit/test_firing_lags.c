/* SPDX-License-Identifier: BSD-3-Clause */
#include "sorting/firing_lags.h"
#include "suite.h"

#include <spikekit/correlogram.h>
#include <spikekit/random.h>
#include <stdlib.h>

static spk_trains *group(const spk_spikes *spikes, const spk_epochs *epochs)
{
    spk_trains_options options;
    spk_trains *trains = NULL;
    spk_trains_options_init(&options, sizeof options);
    options.epochs = epochs;
    CU_ASSERT_EQUAL_FATAL(spk_trains_create(NULL, spikes, &options, &trains), SPK_OK);
    return trains;
}

/* Bins of odd and even width against the correlogram of the same convention, in epochs. */
static void equals_the_correlogram(void)
{
    enum {
        N = 3000,
        LAST = 40
    };
    static int64_t samples[N], centred[LAST + 1], floored[LAST + 1],
        expected[2 * (LAST + 1) + 1];
    static int32_t units[N];
    const int64_t starts[] = {0, 9000, 20000}, stops[] = {8000, 19999, 30000};
    const spk_epochs epochs = {3, starts, stops};
    spk_random random = {.seed = 6};
    for (int64_t k = 0; k < N; k++)
        samples[k] =
            k < 100 ? 5 : samples[k - 1] + (int64_t)(20 * spk_random_uniform(&random));
    const spk_spikes spikes = {N, 1, samples, units, 1000, 0, 40000};
    spk_trains *trains = group(&spikes, &epochs);
    const spk_train train = spk_trains_unit(trains, 0);
    for (int64_t width = 1; width <= 8; width++) {
        const spk__lag_bins bins[] = {{width, LAST, 1}, {width, LAST, 0}};
        int64_t *counts[] = {centred, floored};
        spk__lags *lags = NULL;
        CU_ASSERT_EQUAL_FATAL(spk__lags_create(NULL, bins, 2, &lags), SPK_OK);
        spk__lags_count(lags, &train, counts);
        spk__lags_destroy(lags);
        spk_correlogram_options o;
        spk_correlogram_options_init(&o, sizeof o);
        o.bin_samples = width;
        o.epochs = &epochs;
        o.convention = SPK_CORRELOGRAM_CELLEXPLORER;
        o.n_bins = 2 * LAST + 1;
        CU_ASSERT_EQUAL(spk_correlogram_count_auto(NULL, &spikes, &o, expected), SPK_OK);
        CU_ASSERT(memcmp(centred + 1, expected + LAST + 1, LAST * sizeof(int64_t)) == 0);
        o.convention = SPK_CORRELOGRAM_SPIKEINTERFACE;
        o.n_bins = 2 * (LAST + 1);
        CU_ASSERT_EQUAL(spk_correlogram_count_auto(NULL, &spikes, &o, expected), SPK_OK);
        CU_ASSERT(memcmp(floored + 1, expected + LAST + 2, LAST * sizeof(int64_t)) == 0);
        CU_ASSERT(centred[0] > 0 || width < 2);
    }
    spk_trains_destroy(trains);
}

/* So many spikes that 32-bit counters are emptied before the end of the train, and a clock so
 * fine that lags have no counter each. */
static void long_trains_and_fine_clocks(void)
{
    enum {
        N = 66000, /* 2^32 / N is less than N */
        BETWEEN = 3
    };
    int64_t *samples = malloc(N * sizeof *samples), counts[5];
    int32_t *units = calloc(N, sizeof *units);
    for (int64_t k = 0; k < N; k++)
        samples[k] = 100 * (k / 2) + (k % 2) * BETWEEN;
    const spk_spikes spikes = {N, 1, samples, units, 1000, 0, 100 * N};
    spk_trains *trains = group(&spikes, NULL);
    const spk_train train = spk_trains_unit(trains, 0);
    const spk__lag_bins bins = {1, 4, 0}, wide = {1 << 20, 4, 0};
    int64_t *out = counts;
    spk__lags *lags = NULL;
    CU_ASSERT_EQUAL_FATAL(spk__lags_create(NULL, &bins, 1, &lags), SPK_OK);
    spk__lags_count(lags, &train, &out);
    CU_ASSERT(counts[BETWEEN] == N / 2 && counts[1] == 0 && counts[2] == 0 &&
              counts[4] == 0);
    spk__lags_count(lags, &train, &out); /* nothing is left of the first time */
    CU_ASSERT(counts[BETWEEN] == N / 2);
    spk__lags_destroy(lags);

    /* Lags without a counter each. */
    spk_trains_destroy(trains);
    for (int64_t k = 0; k < N; k++)
        samples[k] *= (int64_t)1 << 20;
    const spk_spikes fine = {N, 1, samples, units, 1e9, 0, (int64_t)N * 100 << 20};
    trains = group(&fine, NULL);
    const spk_train scaled = spk_trains_unit(trains, 0);
    CU_ASSERT_EQUAL_FATAL(spk__lags_create(NULL, &wide, 1, &lags), SPK_OK);
    spk__lags_count(lags, &scaled, &out);
    CU_ASSERT(counts[BETWEEN] == N / 2 && counts[1] == 0 && counts[2] == 0 &&
              counts[4] == 0);
    spk__lags_destroy(lags);
    spk_trains_destroy(trains);
    free(samples);
    free(units);
}

static spk_status create_lags(spk_context *ctx, void *argument)
{
    spk__lags *lags = NULL;
    const spk_status status = spk__lags_create(ctx, argument, 1, &lags);
    if (status == SPK_OK)
        spk__lags_destroy(lags);
    return status;
}

static void every_allocation_can_fail(void)
{
    spk__lag_bins bins = {30, 500, 1};
    CU_ASSERT_EQUAL(suite_fail_allocations(create_lags, &bins), 3);
}

static const suite_test tests[] = {
    {"equals the correlogram", equals_the_correlogram},
    {"long trains and fine clocks", long_trains_and_fine_clocks},
    {"every allocation can fail", every_allocation_can_fail},
};
SUITE_MAIN("firing_lags", tests)
