/* SPDX-License-Identifier: BSD-3-Clause */
#include "suite.h"

#include <spikekit/random.h>
#include <spikekit/trains.h>
#include <stdlib.h>

enum {
    SPAN = 120, /* oracles go through each sample of 0 .. SPAN - 1 */
    N_UNITS = 5,
    MOST = 16
};

static int64_t draw_below(spk_random *random, int64_t n)
{
    return (int64_t)(spk_random_uniform(random) * (double)n);
}

/* 12 spikes of 3 units, unit 1 without any. */
static const int64_t few_samples[] = {-3, 0, 0, 0, 4, 7, 7, 10, 12, 19, 19, 20};
static const int32_t few_units[] = {0, 2, 0, 2, 2, 0, 0, 2, 2, 0, 2, 2};

static spk_spikes few(void)
{
    return (spk_spikes){.n_spikes = 12,
                        .n_units = 3,
                        .samples = few_samples,
                        .units = few_units,
                        .sampling_rate_hz = 10,
                        .start_sample = -5,
                        .stop_sample = 25};
}

static void expect_numbers(const int64_t *numbers, int64_t n, const int64_t *expected)
{
    for (int64_t i = 0; i < n; i++)
        CU_ASSERT_EQUAL(numbers[i], expected[i]);
}

static void whole_recording(void)
{
    const spk_spikes spikes = few();
    spk_trains *trains = NULL;
    CU_ASSERT_EQUAL_FATAL(spk_trains_create(NULL, &spikes, NULL, &trains), SPK_OK);
    CU_ASSERT_EQUAL(spk_trains_spikes(trains)->n_spikes, 12);
    const spk_train a = spk_trains_unit(trains, 0), b = spk_trains_unit(trains, 1),
                    c = spk_trains_unit(trains, 2);
    CU_ASSERT_FATAL(a.n_spikes == 5 && b.n_spikes == 0 && c.n_spikes == 7);
    expect_numbers(a.samples, 5, (const int64_t[]){-3, 0, 7, 7, 19});
    expect_numbers(c.samples, 7, (const int64_t[]){0, 0, 4, 10, 12, 19, 20});
    const uint32_t indices[] = {1, 3, 4, 7, 8, 10, 11};
    CU_ASSERT_EQUAL(memcmp(c.indices, indices, sizeof indices), 0);
    CU_ASSERT(b.n_runs == 1 && b.run_starts[0] == -5 && b.run_stops[0] == 25);
    CU_ASSERT(b.run_offsets[0] == 0 && b.run_offsets[1] == 0);
    CU_ASSERT(c.run_offsets[0] == 0 && c.run_offsets[1] == 7);
    CU_ASSERT(a.duration_samples == 30 && b.duration_samples == 30);
    const spk_train none[] = {spk_trains_unit(trains, -1), spk_trains_unit(trains, 3),
                              spk_trains_unit(NULL, 0)};
    for (int k = 0; k < 3; k++)
        CU_ASSERT(none[k].n_spikes == 0 && none[k].samples == NULL &&
                  none[k].n_runs == 0 && none[k].run_offsets == NULL);
    CU_ASSERT_PTR_NULL(spk_trains_spikes(NULL));
    spk_trains_destroy(trains);
    spk_trains_destroy(NULL);
}

static void epochs_and_periods_by_hand(void)
{
    const spk_spikes spikes = few();
    const int64_t epoch_starts[] = {-10, 7}, epoch_stops[] = {1, 20};
    const spk_epochs epochs = {2, epoch_starts, epoch_stops};
    const int64_t offsets[] = {0, 1, 1, 3}, starts[] = {0, 0, 11}, stops[] = {30, 10, 20};
    const spk_periods periods = {3, offsets, starts, stops};
    spk_trains_options options;
    spk_trains *trains = NULL;
    spk_trains_options_init(&options, sizeof options);
    options.epochs = &epochs;
    options.periods = &periods;
    CU_ASSERT_EQUAL_FATAL(spk_trains_create(NULL, &spikes, &options, &trains), SPK_OK);
    const spk_train a = spk_trains_unit(trains, 0), b = spk_trains_unit(trains, 1),
                    c = spk_trains_unit(trains, 2);
    CU_ASSERT_FATAL(a.n_runs == 2 && b.n_runs == 0 && c.n_runs == 3);
    expect_numbers(a.run_starts, 2, (const int64_t[]){0, 7});
    expect_numbers(a.run_stops, 2, (const int64_t[]){1, 20});
    expect_numbers(a.run_offsets, 3, (const int64_t[]){0, 1, 4});
    expect_numbers(a.samples, 4, (const int64_t[]){0, 7, 7, 19});
    expect_numbers(c.run_starts, 3, (const int64_t[]){0, 7, 11});
    expect_numbers(c.run_stops, 3, (const int64_t[]){1, 10, 20});
    expect_numbers(c.run_offsets, 4, (const int64_t[]){0, 2, 2, 4});
    expect_numbers(c.samples, 4, (const int64_t[]){0, 0, 12, 19});
    CU_ASSERT(a.duration_samples == 14 && b.duration_samples == 0 &&
              c.duration_samples == 13);
    CU_ASSERT(b.n_spikes == 0 && b.run_offsets[0] == 0);
    spk_trains_destroy(trains);
}

typedef struct random_input {
    int64_t samples[400];
    int32_t units[400];
    spk_spikes spikes;
    int64_t epoch_starts[MOST], epoch_stops[MOST];
    spk_epochs epochs;
    int64_t offsets[N_UNITS + 1], starts[N_UNITS * MOST], stops[N_UNITS * MOST];
    spk_periods periods;
} random_input;

static int64_t draw_epochs(spk_random *random, int64_t *starts, int64_t *stops)
{
    int64_t n = 0, at = draw_below(random, 20) - 10;
    const int64_t most = draw_below(random, MOST);
    while (n < most && at < SPAN + 5) {
        starts[n] = at;
        stops[n] = at += 1 + draw_below(random, 12);
        at += draw_below(random, 6); /* they may touch */
        n++;
    }
    return n;
}

static void draw_input(spk_random *random, random_input *in)
{
    const int64_t n = draw_below(random, 400);
    const int64_t start = draw_below(random, 10), stop = SPAN - draw_below(random, 10);
    int64_t at = start;
    for (int64_t i = 0; i < n; i++) {
        if (draw_below(random, 3) == 0 && at < stop - 1)
            at += draw_below(random, 3);
        in->samples[i] = at < stop ? at : stop - 1;
        in->units[i] = (int32_t)draw_below(random, N_UNITS);
    }
    in->spikes = (spk_spikes){.n_spikes = n,
                              .n_units = N_UNITS,
                              .samples = in->samples,
                              .units = in->units,
                              .sampling_rate_hz = 1,
                              .start_sample = start,
                              .stop_sample = stop};
    in->epochs = (spk_epochs){draw_epochs(random, in->epoch_starts, in->epoch_stops),
                              in->epoch_starts, in->epoch_stops};
    in->offsets[0] = 0;
    for (int u = 0; u < N_UNITS; u++)
        in->offsets[u + 1] =
            in->offsets[u] +
            draw_epochs(random, in->starts + in->offsets[u], in->stops + in->offsets[u]);
    in->periods = (spk_periods){N_UNITS, in->offsets, in->starts, in->stops};
}

/* Which interval of a list holds a sample, -1 for none. */
static int64_t interval_at(int64_t n, const int64_t *starts, const int64_t *stops,
                           int64_t sample)
{
    for (int64_t e = 0; e < n; e++)
        if (starts[e] <= sample && sample < stops[e])
            return e;
    return -1;
}

/* A number for each sample that is the same within a run and differs between runs; -1 where
 * the unit is not observed. */
static int64_t run_at(const random_input *in, const spk_trains_options *options, int unit,
                      int64_t sample)
{
    int64_t epoch = 0, period = 0;
    if (sample < in->spikes.start_sample || sample >= in->spikes.stop_sample)
        return -1;
    if (options->epochs != NULL)
        epoch =
            interval_at(in->epochs.n_epochs, in->epoch_starts, in->epoch_stops, sample);
    if (options->periods != NULL)
        period = interval_at(in->offsets[unit + 1] - in->offsets[unit],
                             in->starts + in->offsets[unit],
                             in->stops + in->offsets[unit], sample);
    return epoch < 0 || period < 0 ? -1 : epoch * 1000 + period;
}

static void check_unit(const random_input *in, const spk_trains_options *options,
                       const spk_trains *trains, int unit)
{
    const spk_train train = spk_trains_unit(trains, unit);
    int64_t n = 0, duration = 0, run = -1;
    for (int64_t s = -20; s < SPAN + 20; s++) {
        const int64_t before = run_at(in, options, unit, s - 1);
        const int64_t here = run_at(in, options, unit, s);
        if (here >= 0 && here != before) {
            run++;
            CU_ASSERT_FATAL(run < train.n_runs);
            CU_ASSERT(train.run_starts[run] == s && train.run_offsets[run] == n);
        }
        if (before >= 0 && here != before)
            CU_ASSERT_EQUAL(train.run_stops[here >= 0 ? run - 1 : run], s);
        duration += here >= 0;
        for (int64_t i = 0; i < in->spikes.n_spikes; i++)
            if (in->samples[i] == s && in->units[i] == unit && here >= 0) {
                CU_ASSERT_FATAL(n < train.n_spikes);
                CU_ASSERT(train.samples[n] == s && train.indices[n] == i);
                n++;
            }
    }
    CU_ASSERT_EQUAL(train.n_runs, run + 1);
    CU_ASSERT_EQUAL(train.n_spikes, n);
    CU_ASSERT_EQUAL(train.run_offsets[train.n_runs], n);
    CU_ASSERT_EQUAL(train.duration_samples, duration);
}

static void equals_the_definition(void)
{
    spk_random random = {.seed = 4};
    static random_input in;
    for (int repeat = 0; repeat < 60; repeat++) {
        spk_trains_options options;
        spk_trains *trains = NULL;
        draw_input(&random, &in);
        spk_trains_options_init(&options, sizeof options);
        options.epochs = repeat & 1 ? &in.epochs : NULL;
        options.periods = repeat & 2 ? &in.periods : NULL;
        CU_ASSERT_EQUAL_FATAL(spk_trains_create(NULL, &in.spikes, &options, &trains),
                              SPK_OK);
        for (int u = 0; u < N_UNITS; u++)
            check_unit(&in, &options, trains, u);
        spk_trains_destroy(trains);
    }
}

static void expect_equal_trains(const spk_trains *a, const spk_trains *b, int64_t n_units)
{
    for (int64_t u = 0; u < n_units; u++) {
        const spk_train x = spk_trains_unit(a, u), y = spk_trains_unit(b, u);
        CU_ASSERT_FATAL(x.n_spikes == y.n_spikes && x.n_runs == y.n_runs);
        CU_ASSERT_EQUAL(memcmp(x.samples, y.samples, (size_t)x.n_spikes * 8), 0);
        CU_ASSERT_EQUAL(memcmp(x.indices, y.indices, (size_t)x.n_spikes * 4), 0);
        CU_ASSERT_EQUAL(memcmp(x.run_offsets, y.run_offsets, (size_t)(x.n_runs + 1) * 8),
                        0);
    }
}

/* More spikes than one block has, with and without epochs. */
static void threads_change_nothing(void)
{
    enum {
        N = 300000,
        UNITS = 7
    };
    static int64_t samples[N];
    static int32_t units[N];
    static const int64_t starts[] = {1000, 200000, 777777},
                         stops[] = {9000, 650001, 900000};
    const spk_epochs epochs = {3, starts, stops};
    spk_random random = {.seed = 9};
    for (int64_t i = 0; i < N; i++) {
        samples[i] = i * 3 + draw_below(&random, 3);
        units[i] = (int32_t)draw_below(&random, UNITS);
    }
    const spk_spikes spikes = {N, UNITS, samples, units, 1, 0, 3 * (int64_t)N};
    for (int restricted = 0; restricted < 2; restricted++) {
        spk_trains *trains[3];
        spk_trains_options options;
        spk_trains_options_init(&options, sizeof options);
        options.epochs = restricted ? &epochs : NULL;
        for (int k = 0; k < 3; k++) {
            spk_context *ctx = NULL;
            CU_ASSERT_EQUAL_FATAL(spk_context_create(&ctx), SPK_OK);
            CU_ASSERT_EQUAL(spk_context_set_threads(ctx, 1 << k), SPK_OK);
            CU_ASSERT_EQUAL_FATAL(spk_trains_create(ctx, &spikes, &options, &trains[k]),
                                  SPK_OK);
            spk_context_destroy(ctx);
        }
        expect_equal_trains(trains[0], trains[1], UNITS);
        expect_equal_trains(trains[0], trains[2], UNITS);
        for (int k = 0; k < 3; k++)
            spk_trains_destroy(trains[k]);
    }
}

static void nothing_to_group(void)
{
    const spk_spikes no_units = {.sampling_rate_hz = 1, .stop_sample = 10};
    const spk_spikes no_spikes = {.n_units = 2, .sampling_rate_hz = 1};
    spk_trains *trains = NULL;
    CU_ASSERT_EQUAL_FATAL(spk_trains_create(NULL, &no_units, NULL, &trains), SPK_OK);
    CU_ASSERT_EQUAL(spk_trains_unit(trains, 0).n_runs, 0);
    spk_trains_destroy(trains);
    CU_ASSERT_EQUAL_FATAL(spk_trains_create(NULL, &no_spikes, NULL, &trains), SPK_OK);
    /* a recording without any time has no run */
    const spk_train train = spk_trains_unit(trains, 1);
    CU_ASSERT(train.n_runs == 0 && train.n_spikes == 0 && train.duration_samples == 0);
    spk_trains_destroy(trains);
}

static void an_endless_recording(void)
{
    const int64_t times[] = {INT64_MIN, INT64_MAX - 1};
    const int32_t units_of[] = {1, 1};
    const spk_spikes spikes = {2, 2, times, units_of, 1, INT64_MIN, INT64_MAX};
    spk_trains *trains = NULL;
    CU_ASSERT_EQUAL_FATAL(spk_trains_create(NULL, &spikes, NULL, &trains), SPK_OK);
    const spk_train train = spk_trains_unit(trains, 1);
    CU_ASSERT(train.n_spikes == 2 && train.n_runs == 1 && train.run_offsets[1] == 2);
    CU_ASSERT_EQUAL(train.duration_samples, INT64_MAX);
    spk_trains_destroy(trains);
}

static void errors(void)
{
    spk_context *ctx = NULL;
    const spk_spikes spikes = few();
    spk_spikes unsorted = few();
    spk_trains *trains = NULL;
    CU_ASSERT_EQUAL_FATAL(spk_context_create(&ctx), SPK_OK);
    unsorted.samples = (const int64_t[]){0, 0, 0, 0, 4, 7, 7, 10, 12, 19, 20, 19};
    CU_ASSERT_EQUAL(spk_trains_create(ctx, &spikes, NULL, NULL), SPK_ERR_ARGUMENT);
    CU_ASSERT_STRING_EQUAL(spk_context_message(ctx), "trains is NULL");
    CU_ASSERT_EQUAL(spk_trains_create(ctx, NULL, NULL, &trains), SPK_ERR_ARGUMENT);
    CU_ASSERT_EQUAL(spk_trains_create(ctx, &unsorted, NULL, &trains), SPK_ERR_UNSORTED);
    static const int64_t good[] = {0, 1, 1, 2}, starts[] = {3, 5}, stops[] = {4, 6};
    static const int64_t from_one[] = {1, 1, 1, 2}, falling[] = {0, 2, 1, 2},
                         empty_stops[] = {3, 6};
    static const struct {
        spk_periods periods;
        spk_status status;
        const char *message;
    } cases[] = {
        {{2, good, starts, stops},
         SPK_ERR_ARGUMENT,
         "periods: expected 3 units as in the spike table, found 2"},
        {{3, NULL, starts, stops}, SPK_ERR_ARGUMENT, "periods: offsets is NULL"},
        {{3, from_one, starts, stops},
         SPK_ERR_ARGUMENT,
         "periods: offsets must start at 0, found 1"},
        {{3, falling, starts, stops},
         SPK_ERR_ARGUMENT,
         "periods: offsets fall at unit 1"},
        {{3, good, NULL, stops}, SPK_ERR_ARGUMENT, "periods: starts or stops is NULL"},
        {{3, good, starts, NULL}, SPK_ERR_ARGUMENT, "periods: starts or stops is NULL"},
        {{3, good, starts, empty_stops},
         SPK_ERR_ARGUMENT,
         "periods: epoch 0 is empty: start 3, stop 3"},
    };
    spk_trains_options options;
    spk_trains_options_init(&options, sizeof options);
    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
        options.periods = &cases[k].periods;
        CU_ASSERT_EQUAL(spk_trains_create(ctx, &spikes, &options, &trains),
                        cases[k].status);
        CU_ASSERT_STRING_EQUAL(spk_context_message(ctx), cases[k].message);
    }
    const spk_epochs backwards = {2, (const int64_t[]){5, 1}, (const int64_t[]){6, 2}};
    options.periods = NULL;
    options.epochs = &backwards;
    CU_ASSERT_EQUAL(spk_trains_create(ctx, &spikes, &options, &trains), SPK_ERR_UNSORTED);
    options.struct_size = 0;
    CU_ASSERT_EQUAL(spk_trains_create(ctx, &spikes, &options, &trains), SPK_ERR_ARGUMENT);
    CU_ASSERT_PTR_NULL(trains);
    spk_context_destroy(ctx);
}

static spk_status create_restricted(spk_context *ctx, void *unused)
{
    const spk_spikes spikes = few();
    const int64_t starts[] = {0, 9}, stops[] = {8, 30};
    const spk_epochs epochs = {2, starts, stops};
    spk_trains_options options;
    spk_trains *trains = NULL;
    (void)unused;
    spk_trains_options_init(&options, sizeof options);
    options.epochs = &epochs;
    const spk_status status = spk_trains_create(ctx, &spikes, &options, &trains);
    spk_trains_destroy(status == SPK_OK ? trains : NULL);
    return status;
}

static void failed_allocations(void)
{
    CU_ASSERT(suite_fail_allocations(create_restricted, NULL) >= 13);
}

static const suite_test tests[] = {
    {"the whole recording", whole_recording},
    {"epochs and periods by hand", epochs_and_periods_by_hand},
    {"equals the definition", equals_the_definition},
    {"threads change nothing", threads_change_nothing},
    {"nothing to group", nothing_to_group},
    {"an endless recording", an_endless_recording},
    {"errors", errors},
    {"failed allocations", failed_allocations},
};

SUITE_MAIN("trains", tests)
