/* SPDX-License-Identifier: BSD-3-Clause */
#include "amplitude_golden.h"
#include "suite.h"

#include <float.h>

enum {
    LOCAL = 3,
    CHANNELS = GOLDEN_UNITS + LOCAL - 1
};

/* The components that the golden script gives bombcell. */
typedef struct components {
    double *values;
    int32_t *rows, channels[GOLDEN_UNITS * LOCAL];
    double positions[CHANNELS * 2];
    spk_array array;
    spk_features features;
} components;

static void make_components(const golden *g, components *c)
{
    const int64_t n = g->spikes.n_spikes;
    c->values = malloc((size_t)n * LOCAL * sizeof *c->values);
    c->rows = malloc((size_t)n * sizeof *c->rows);
    for (int64_t i = 0; i < n; i++) {
        c->rows[i] = g->units[i];
        for (int k = 0; k < LOCAL; k++)
            c->values[i * LOCAL + k] =
                (double)((i * 7919 + k * 104729) % 1000 - 200) * 0.25;
    }
    for (int u = 0; u < GOLDEN_UNITS; u++)
        for (int k = 0; k < LOCAL; k++)
            c->channels[u * LOCAL + k] = u + k;
    for (int k = 0; k < CHANNELS; k++) {
        c->positions[2 * k] = 0;
        c->positions[2 * k + 1] = 20 * k;
    }
    c->array = (spk_array){.dtype = SPK_DTYPE_FLOAT64,
                           .n_dimensions = 3,
                           .shape = {n, 1, LOCAL, 1, 1, 1, 1, 1},
                           .n_elements = n * LOCAL,
                           .item_size = 8,
                           .data = c->values};
    c->features = (spk_features){.values = &c->array,
                                 .n_rows = GOLDEN_UNITS,
                                 .n_components = 1,
                                 .n_local = LOCAL,
                                 .n_channels = CHANNELS,
                                 .channels = c->channels,
                                 .rows = c->rows,
                                 .channel_positions_um = c->positions};
}

static void free_components(components *c)
{
    free(c->values);
    free(c->rows);
}

static spk_status compute(spk_context *ctx, const spk_spikes *spikes,
                          const spk_array *positions, const spk_features *features,
                          const spk_epochs *epochs, spk_metrics **metrics)
{
    static const char *const group[] = {"drift"};
    spk_metrics_input input;
    spk_metrics_input_init(&input, sizeof input);
    input.spikes = spikes;
    input.spike_positions = positions;
    input.features = features;
    spk_metrics_options options;
    spk_metrics_options_init(&options, sizeof options);
    options.names = group;
    options.n_names = 1;
    options.epochs = epochs;
    return spk_metrics_compute(ctx, &input, &options, metrics);
}

static double value(const spk_metrics *metrics, const char *name, int64_t unit)
{
    const double *values = spk_metrics_values(metrics, spk_metrics_find(metrics, name));
    CU_ASSERT_FATAL(values != NULL);
    return values[unit];
}

static spk_array matrix(const double *values, int64_t n)
{
    return (spk_array){.dtype = SPK_DTYPE_FLOAT64,
                       .n_dimensions = 2,
                       .shape = {n, 2, 1, 1, 1, 1, 1, 1},
                       .n_elements = 2 * n,
                       .item_size = 8,
                       .data = values};
}

/* SpikeInterface's to the last bits; bombcell's depths have 0.001 more in the denominator,
 * against weights of 1000 and more, and y up to 260 um. */
static void equal_to_the_peers(void)
{
    static const char *const exact[] = {
        "drift_ptp",     "drift_std",     "drift_mad",       "drift_ibl",
        "position_x_um", "position_y_um", "max_drift_allen", "cumulative_drift_allen"};
    static const char *const near[] = {"max_drift_bombcell", "cumulative_drift_bombcell"};
    golden g = golden_open();
    components c;
    make_components(&g, &c);
    spk_metrics *m = NULL;
    CU_ASSERT_EQUAL_FATAL(compute(NULL, &g.spikes, &g.positions, &c.features, NULL, &m),
                          SPK_OK);
    CU_ASSERT(golden_compare(m, "golden/amplitude/metrics_float64.tsv", exact, 8) <=
              1e-12);
    CU_ASSERT(golden_compare(m, "golden/amplitude/metrics_float64.tsv", near, 2) <= 1e-4);
    spk_metrics_destroy(m);
    /* without the places of the channels there is no depth */
    c.features.channel_positions_um = NULL;
    CU_ASSERT_EQUAL_FATAL(compute(NULL, &g.spikes, &g.positions, &c.features, NULL, &m),
                          SPK_OK);
    for (int64_t u = 0; u < GOLDEN_UNITS; u++)
        CU_ASSERT(isnan(value(m, "max_drift_allen", u)) &&
                  isnan(value(m, "position_y_pc_um", u)));
    spk_metrics_destroy(m);
    free_components(&c);
    golden_close(&g);
}

enum {
    HAND = 480
};

/* One spike a second at 1 Hz, up 1 um a minute; unit 1 has one spike, unit 2 none. */
static int64_t hand_samples[HAND + 1];
static int32_t hand_units[HAND + 1];
static double hand_positions[2 * (HAND + 1)];

static spk_spikes hand_table(void)
{
    for (int i = 0; i <= HAND; i++) {
        hand_samples[i] = i < HAND ? i - 100 : HAND - 101;
        hand_units[i] = i == HAND;
        hand_positions[2 * i] = 7;
        hand_positions[2 * i + 1] = floor(i / 60.0);
    }
    return (spk_spikes){HAND + 1, 3, hand_samples, hand_units, 1, -100, HAND - 90};
}

static void hand_worked(void)
{
    const spk_spikes spikes = hand_table();
    const spk_array positions = matrix(hand_positions, HAND + 1);
    spk_metrics *m = NULL;
    spk_metrics_input input;
    spk_metrics_input_init(&input, sizeof input);
    input.spikes = &spikes;
    input.spike_positions = &positions;
    spk_metrics_options options;
    spk_metrics_options_init(&options, sizeof options);
    const spk_metrics_setting fewer = {"drift_min_spikes", 60};
    const char *const group[] = {"drift"};
    options.names = group;
    options.n_names = 1;
    options.settings = &fewer;
    options.n_settings = 1;
    CU_ASSERT_EQUAL_FATAL(spk_metrics_compute(NULL, &input, &options, &m), SPK_OK);
    CU_ASSERT_EQUAL(value(m, "position_x_um", 0), 7);
    CU_ASSERT_EQUAL(value(m, "position_y_um", 0), 3.5);
    CU_ASSERT_EQUAL(value(m, "drift_ptp", 0), 7); /* medians 0 .. 7 */
    CU_ASSERT(fabs(value(m, "drift_std", 0) - sqrt(5.25)) <= 4 * DBL_EPSILON);
    CU_ASSERT_EQUAL(value(m, "drift_mad", 0), 2);
    CU_ASSERT(fabs(value(m, "drift_ibl", 0) - 7.0 / 479 * 3600) <= 1e-13);
    CU_ASSERT_EQUAL(value(m, "position_y_um", 1), 8);
    CU_ASSERT(isnan(value(m, "drift_ibl", 1)));
    CU_ASSERT(isnan(value(m, "drift_ptp", 1)));
    CU_ASSERT(isnan(value(m, "position_y_um", 2)));
    CU_ASSERT_EQUAL(value(m, "n_positions_missing", 2), 0);
    spk_metrics_destroy(m);
    /* 60 spikes are not 100 */
    CU_ASSERT_EQUAL_FATAL(compute(NULL, &spikes, &positions, NULL, NULL, &m), SPK_OK);
    CU_ASSERT(isnan(value(m, "drift_ptp", 0)));
    CU_ASSERT_EQUAL(spk_metrics_find(m, "max_drift_allen"), -1);
    spk_metrics_destroy(m);
}

/* Runs are cut each from its own start, and no path bridges them. */
static void epochs_cut_intervals(void)
{
    const spk_spikes spikes = hand_table();
    const spk_array positions = matrix(hand_positions, HAND + 1);
    /* 60 + 60 and 60 + 59 samples: three whole intervals of medians 0.5, 1.5 and 5 */
    const int64_t starts[] = {-70, 200}, stops[] = {50, 319};
    const spk_epochs epochs = {2, starts, stops};
    const spk_metrics_setting fewer = {"drift_min_spikes", 60};
    const char *const names[] = {"drift_ptp", "drift_mad", "drift_ibl"};
    spk_metrics_input input;
    spk_metrics_input_init(&input, sizeof input);
    input.spikes = &spikes;
    input.spike_positions = &positions;
    spk_metrics_options options;
    spk_metrics_options_init(&options, sizeof options);
    options.names = names;
    options.n_names = 3;
    options.settings = &fewer;
    options.n_settings = 1;
    options.epochs = &epochs;
    spk_metrics *m = NULL;
    CU_ASSERT_EQUAL_FATAL(spk_metrics_compute(NULL, &input, &options, &m), SPK_OK);
    CU_ASSERT_EQUAL(value(m, "drift_ptp", 0), 4.5);
    CU_ASSERT_EQUAL(value(m, "drift_mad", 0), 1);
    /* y is 0 .. 2 in the first, 5 .. 6 in the second; from sample -70 to 318 */
    CU_ASSERT(fabs(value(m, "drift_ibl", 0) - 3.0 / 388 * 3600) <= 1e-13);
    spk_metrics_destroy(m);
}

/* Half of the intervals may lack spikes, no more. */
static void too_many_empty_intervals(void)
{
    enum {
        N = 200
    };
    static int64_t samples[N];
    static int32_t units[N];
    static double places[2 * N];
    for (int i = 0; i < N; i++) {
        samples[i] = i < N / 2 ? i / 2 : 60 + i / 4;
        places[2 * i + 1] = i < N / 2;
    }
    const spk_array positions = matrix(places, N);
    for (int64_t intervals = 4; intervals <= 5; intervals++) {
        const spk_spikes spikes = {N, 1, samples, units, 1, 0, 60 * intervals};
        spk_metrics *m = NULL;
        CU_ASSERT_EQUAL_FATAL(compute(NULL, &spikes, &positions, NULL, NULL, &m), SPK_OK);
        if (intervals == 4)
            CU_ASSERT_EQUAL(value(m, "drift_ptp", 0), 1);
        if (intervals == 5)
            CU_ASSERT(isnan(value(m, "drift_ptp", 0)));
        spk_metrics_destroy(m);
    }
}

/* A spike without a position counts as no spike; other columns of the array do not matter. */
static void missing_positions_are_left_out(void)
{
    golden g = golden_open();
    const int64_t n = g.spikes.n_spikes;
    double *places = malloc((size_t)(2 * n) * sizeof *places),
           *kept_places = malloc((size_t)(2 * n) * sizeof *places);
    int64_t *samples = malloc((size_t)n * sizeof *samples), kept = 0;
    int32_t *units = malloc((size_t)n * sizeof *units);
    double missing[GOLDEN_UNITS] = {0};
    for (int64_t i = 0; i < n; i++) {
        const int is_bad = i % 11 == 5 && i > 200 && i < n - 200;
        const float *from = (const float *)g.positions.data + 2 * i;
        places[2 * i] = is_bad ? -INFINITY : from[0];
        places[2 * i + 1] = is_bad ? NAN : from[1];
        if (is_bad) {
            missing[g.units[i]]++;
            continue;
        }
        samples[kept] = g.samples[i];
        units[kept] = g.units[i];
        memcpy(kept_places + 2 * kept++, places + 2 * i, 2 * sizeof *places);
    }
    spk_spikes fewer = g.spikes;
    fewer.n_spikes = kept;
    fewer.samples = samples;
    fewer.units = units;
    const spk_array bad = matrix(places, n), good = matrix(kept_places, kept);
    spk_metrics *a = NULL, *b = NULL;
    CU_ASSERT_EQUAL_FATAL(compute(NULL, &g.spikes, &bad, NULL, NULL, &a), SPK_OK);
    CU_ASSERT_EQUAL_FATAL(compute(NULL, &fewer, &good, NULL, NULL, &b), SPK_OK);
    for (int64_t u = 0; u < GOLDEN_UNITS; u++) {
        CU_ASSERT_EQUAL(value(a, "n_positions_missing", u), missing[u]);
        for (int64_t col = 1; col < spk_metrics_n_columns(a); col++) {
            const double x = spk_metrics_values(a, col)[u],
                         y = spk_metrics_values(b, col)[u];
            CU_ASSERT(x == y || (isnan(x) && isnan(y)));
        }
    }
    spk_metrics_destroy(a);
    spk_metrics_destroy(b);
    free(places);
    free(kept_places);
    free(samples);
    free(units);
    golden_close(&g);
}

static void same_bits_for_any_number_of_threads(void)
{
    golden g = golden_open();
    components c;
    make_components(&g, &c);
    spk_metrics *one = NULL;
    CU_ASSERT_EQUAL_FATAL(compute(NULL, &g.spikes, &g.positions, &c.features, NULL, &one),
                          SPK_OK);
    for (int32_t threads = 2; threads <= 4; threads += 2) {
        spk_context *ctx = NULL;
        spk_metrics *many = NULL;
        CU_ASSERT_EQUAL_FATAL(spk_context_create(&ctx), SPK_OK);
        CU_ASSERT_EQUAL_FATAL(spk_context_set_threads(ctx, threads), SPK_OK);
        CU_ASSERT_EQUAL_FATAL(
            compute(ctx, &g.spikes, &g.positions, &c.features, NULL, &many), SPK_OK);
        for (int64_t col = 0; col < spk_metrics_n_columns(one); col++)
            for (int64_t u = 0; u < GOLDEN_UNITS; u++) {
                const double x = spk_metrics_values(one, col)[u],
                             y = spk_metrics_values(many, col)[u];
                CU_ASSERT(x == y || (isnan(x) && isnan(y)));
            }
        spk_metrics_destroy(many);
        spk_context_destroy(ctx);
    }
    spk_metrics_destroy(one);
    free_components(&c);
    golden_close(&g);
}

/* All at one time, and a recording of 2^62 samples, in which intervals are without number. */
static void degenerate_trains(void)
{
    static int64_t samples[300];
    static int32_t units[300];
    static double places[600];
    const spk_array positions = matrix(places, 300);
    spk_spikes spikes = {300, 1, samples, units, 30000, -1, 1};
    spk_metrics *m = NULL;
    CU_ASSERT_EQUAL_FATAL(compute(NULL, &spikes, &positions, NULL, NULL, &m), SPK_OK);
    CU_ASSERT_EQUAL(value(m, "position_y_um", 0), 0);
    CU_ASSERT(isnan(value(m, "drift_ibl", 0)));
    CU_ASSERT(isnan(value(m, "drift_ptp", 0)));
    spk_metrics_destroy(m);
    spikes.stop_sample = INT64_C(1) << 62;
    CU_ASSERT_EQUAL_FATAL(compute(NULL, &spikes, &positions, NULL, NULL, &m), SPK_OK);
    CU_ASSERT(isnan(value(m, "drift_ptp", 0)));
    spk_metrics_destroy(m);
}

typedef struct request {
    golden *g;
    components *c;
} request;

static spk_status compute_golden(spk_context *ctx, void *argument)
{
    const request *r = argument;
    spk_metrics *m = NULL;
    const spk_status status =
        compute(ctx, &r->g->spikes, &r->g->positions, &r->c->features, NULL, &m);
    spk_metrics_destroy(m);
    return status;
}

static void every_allocation_may_fail(void)
{
    golden g = golden_open();
    components c;
    make_components(&g, &c);
    request r = {&g, &c};
    CU_ASSERT(suite_fail_allocations(compute_golden, &r) > 8);
    free_components(&c);
    golden_close(&g);
}

static const suite_test tests[] = {
    {"hand worked", hand_worked},
    {"equal to the peers", equal_to_the_peers},
    {"epochs cut intervals", epochs_cut_intervals},
    {"too many empty intervals", too_many_empty_intervals},
    {"missing positions are left out", missing_positions_are_left_out},
    {"same bits for any number of threads", same_bits_for_any_number_of_threads},
    {"degenerate trains", degenerate_trains},
    {"every allocation may fail", every_allocation_may_fail},
};

SUITE_MAIN("metrics_drift", tests)
