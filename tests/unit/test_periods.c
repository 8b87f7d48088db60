/* SPDX-License-Identifier: BSD-3-Clause */
#include "amplitude_golden.h"
#include "suite.h"

#include <spikekit/metrics.h>
#include <spikekit/periods.h>

enum {
    ROOM = 5000
};

typedef struct found {
    int64_t n;
    int64_t offsets[GOLDEN_UNITS + 1], starts[ROOM], stops[ROOM];
    double false_positives[ROOM], false_negatives[ROOM];
} found;

/* The settings of the golden script. */
static spk_periods_options options_of(const char *name)
{
    spk_periods_options o;
    spk_periods_options_init(&o, sizeof o);
    if (strcmp(name, "relative") == 0)
        o.spikes_per_period = 300;
    if (strcmp(name, "loose") == 0) {
        o.period_s = 20;
        o.max_false_positives = 0.3;
        o.max_false_negatives = 0.4;
        o.min_valid_s = 40;
    }
    return o;
}

static const char *const cases[] = {"absolute", "relative", "loose"};

static int64_t integer(const spk_table *table, int64_t row, const char *column)
{
    int64_t value = -1;
    CU_ASSERT_EQUAL_FATAL(
        spk_table_integer(NULL, table, row, spk_table_find_column(table, column), &value),
        SPK_OK);
    return value;
}

static double number(const spk_table *table, int64_t row, const char *column)
{
    double value = -1;
    CU_ASSERT_EQUAL_FATAL(
        spk_table_number(NULL, table, row, spk_table_find_column(table, column), &value),
        SPK_OK);
    return value;
}

/* Every period of SpikeInterface with its rates, which has 1 in place of NaN; unit 0, which
 * has no spikes, is not in its table. */
static void rates_equal_to_the_peer(void)
{
    static found f;
    golden g = golden_open();
    spk_table *table = NULL;
    CU_ASSERT_EQUAL_FATAL(
        spk_table_read(NULL, "golden/amplitude/period_rates.tsv", &table), SPK_OK);
    int64_t row = 0;
    for (int c = 0; c < 3; c++) {
        const spk_periods_options o = options_of(cases[c]);
        CU_ASSERT_EQUAL_FATAL(spk_periods_length(NULL, &g.spikes, &o, &f.n), SPK_OK);
        CU_ASSERT_FATAL(f.n <= ROOM);
        CU_ASSERT_EQUAL_FATAL(spk_periods_rates(NULL, &g.spikes, &g.amplitudes, &o,
                                                f.offsets, f.starts, f.stops,
                                                f.false_positives, f.false_negatives),
                              SPK_OK);
        CU_ASSERT_EQUAL(f.offsets[GOLDEN_UNITS], f.n);
        int64_t differences = 0;
        for (int64_t u = 1; u < GOLDEN_UNITS; u++)
            for (int64_t k = f.offsets[u]; k < f.offsets[u + 1]; k++, row++) {
                differences += integer(table, row, "unit") != u ||
                               integer(table, row, "start") != f.starts[k] ||
                               integer(table, row, "stop") != f.stops[k];
                const double positives =
                    isnan(f.false_positives[k]) ? 1 : f.false_positives[k];
                const double negatives =
                    isnan(f.false_negatives[k]) ? 1 : f.false_negatives[k];
                differences +=
                    fabs(positives - number(table, row, "false_positives")) > 1e-14;
                differences +=
                    fabs(negatives - number(table, row, "false_negatives")) > 1e-15;
            }
        CU_ASSERT_EQUAL(differences, 0);
    }
    CU_ASSERT_EQUAL(row, spk_table_n_rows(table));
    spk_table_destroy(table);
    golden_close(&g);
}

static void periods_equal_to_the_peer(void)
{
    static found f;
    golden g = golden_open();
    spk_table *table = NULL;
    CU_ASSERT_EQUAL_FATAL(spk_table_read(NULL, "golden/amplitude/periods.tsv", &table),
                          SPK_OK);
    int64_t row = 0;
    for (int c = 0; c < 3; c++) {
        const spk_periods_options o = options_of(cases[c]);
        CU_ASSERT_EQUAL_FATAL(spk_periods_estimate(NULL, &g.spikes, &g.amplitudes, &o,
                                                   f.offsets, f.starts, f.stops),
                              SPK_OK);
        int64_t differences = 0;
        for (int64_t u = 0; u < GOLDEN_UNITS; u++)
            for (int64_t k = f.offsets[u]; k < f.offsets[u + 1]; k++, row++)
                differences += integer(table, row, "unit") != u ||
                               integer(table, row, "start") != f.starts[k] ||
                               integer(table, row, "stop") != f.stops[k];
        CU_ASSERT_EQUAL(differences, 0);
    }
    CU_ASSERT_EQUAL(row, spk_table_n_rows(table));
    spk_table_destroy(table);
    golden_close(&g);
}

/* What is found goes into the metrics as it is, and with 32-bit amplitudes too. */
static void periods_go_into_metrics(void)
{
    static found f;
    golden g = golden_open();
    const spk_periods_options loose = options_of("loose");
    CU_ASSERT_EQUAL_FATAL(spk_periods_estimate(NULL, &g.spikes, &g.float_amplitudes,
                                               &loose, f.offsets, f.starts, f.stops),
                          SPK_OK);
    const spk_periods periods = {GOLDEN_UNITS, f.offsets, f.starts, f.stops};
    const char *const names[] = {"firing_rate", "num_spikes"};
    spk_metrics_input input;
    spk_metrics_input_init(&input, sizeof input);
    input.spikes = &g.spikes;
    spk_metrics_options options;
    spk_metrics_options_init(&options, sizeof options);
    options.names = names;
    options.n_names = 2;
    options.periods = &periods;
    spk_metrics *m = NULL;
    CU_ASSERT_EQUAL_FATAL(spk_metrics_compute(NULL, &input, &options, &m), SPK_OK);
    int64_t n_with = 0;
    for (int64_t u = 0; u < GOLDEN_UNITS; u++) {
        int64_t duration = 0;
        for (int64_t k = f.offsets[u]; k < f.offsets[u + 1]; k++)
            duration += f.stops[k] - f.starts[k];
        const double n = spk_metrics_values(m, spk_metrics_find(m, "num_spikes"))[u],
                     rate = spk_metrics_values(m, spk_metrics_find(m, "firing_rate"))[u];
        n_with += duration > 0;
        CU_ASSERT_EQUAL(n > 0, duration > 0);
        CU_ASSERT(duration == 0 || rate == n / ((double)duration / 30000));
    }
    CU_ASSERT(n_with >= 3);
    spk_metrics_destroy(m);
    golden_close(&g);
}

/* Periods do not reach from one epoch into another, and stretches do not bridge them. */
static void epochs_are_cut_apart(void)
{
    static found f;
    golden g = golden_open();
    const int64_t starts[] = {300000, 9000000}, stops[] = {9000000, 17999999};
    const spk_epochs epochs = {2, starts, stops};
    spk_periods_options o = options_of("absolute");
    o.epochs = &epochs;
    o.max_false_positives = 2;
    o.max_false_negatives = 0.6;
    o.cutoff_min_spikes_per_bin = 0;
    CU_ASSERT_EQUAL_FATAL(spk_periods_estimate(NULL, &g.spikes, &g.amplitudes, &o,
                                               f.offsets, f.starts, f.stops),
                          SPK_OK);
    CU_ASSERT_EQUAL_FATAL(f.offsets[9] - f.offsets[8], 2);
    for (int e = 0; e < 2; e++) {
        CU_ASSERT_EQUAL(f.starts[f.offsets[8] + e], starts[e]);
        CU_ASSERT_EQUAL(f.stops[f.offsets[8] + e], stops[e]);
    }
    CU_ASSERT_EQUAL(f.offsets[1], 0); /* no spikes: never well recorded */
    golden_close(&g);
}

static void by_spikes_without_spikes(void)
{
    golden g = golden_open();
    const spk_periods_options relative = options_of("relative");
    int64_t n = -1;
    g.spikes.n_spikes = 0;
    CU_ASSERT_EQUAL(spk_periods_length(NULL, &g.spikes, &relative, &n), SPK_OK);
    CU_ASSERT_EQUAL(n, 0);
    CU_ASSERT_EQUAL(spk_periods_length(NULL, &g.spikes, NULL, &n), SPK_OK);
    CU_ASSERT_EQUAL(n, 20 * GOLDEN_UNITS);
    g.spikes.n_units = 0;
    CU_ASSERT_EQUAL(spk_periods_length(NULL, &g.spikes, NULL, &n), SPK_OK);
    CU_ASSERT_EQUAL(n, 0);
    int64_t offsets[1] = {-1};
    spk_array none = g.amplitudes;
    none.shape[0] = none.n_elements = 0;
    CU_ASSERT_EQUAL(
        spk_periods_estimate(NULL, &g.spikes, &none, NULL, offsets, NULL, NULL), SPK_OK);
    CU_ASSERT_EQUAL(offsets[0], 0);
    golden_close(&g);
}

static void same_bits_for_any_number_of_threads(void)
{
    static found one, many;
    golden g = golden_open();
    const spk_periods_options o = options_of("relative");
    CU_ASSERT_EQUAL_FATAL(spk_periods_length(NULL, &g.spikes, &o, &one.n), SPK_OK);
    for (int32_t threads = 1; threads <= 4; threads *= 2) {
        spk_context *ctx = NULL;
        found *f = threads == 1 ? &one : &many;
        CU_ASSERT_EQUAL_FATAL(spk_context_create(&ctx), SPK_OK);
        CU_ASSERT_EQUAL_FATAL(spk_context_set_threads(ctx, threads), SPK_OK);
        CU_ASSERT_EQUAL_FATAL(spk_periods_rates(ctx, &g.spikes, &g.amplitudes, &o,
                                                f->offsets, f->starts, f->stops,
                                                f->false_positives, f->false_negatives),
                              SPK_OK);
        spk_context_destroy(ctx);
    }
    const size_t bytes = (size_t)one.n * sizeof(double);
    CU_ASSERT_EQUAL(memcmp(one.starts, many.starts, bytes), 0);
    CU_ASSERT_EQUAL(memcmp(one.stops, many.stops, bytes), 0);
    CU_ASSERT_EQUAL(memcmp(one.false_positives, many.false_positives, bytes), 0);
    CU_ASSERT_EQUAL(memcmp(one.false_negatives, many.false_negatives, bytes), 0);
    golden_close(&g);
}

static void errors(void)
{
    static found f;
    golden g = golden_open();
    spk_context *ctx = NULL;
    CU_ASSERT_EQUAL_FATAL(spk_context_create(&ctx), SPK_OK);
    const struct {
        size_t at;
        double value;
        const char *message;
    } fields[] = {
        {offsetof(spk_periods_options, period_s), 0, "period_s must be above 0, got 0"},
        {offsetof(spk_periods_options, period_s), NAN,
         "period_s must be above 0, got nan"},
        {offsetof(spk_periods_options, spikes_per_period), -1,
         "spikes_per_period must be >= 0, got -1"},
        {offsetof(spk_periods_options, margin_periods), -1,
         "margin_periods must be >= 0, got -1"},
        {offsetof(spk_periods_options, min_valid_s), INFINITY,
         "min_valid_s must be >= 0, got inf"},
        {offsetof(spk_periods_options, censored_ms), -1,
         "censored_ms must be >= 0, got -1"},
        {offsetof(spk_periods_options, refractory_ms), 0,
         "refractory_ms must be above censored_ms, got 0"},
        {offsetof(spk_periods_options, cutoff_smoothing_bins), 0,
         "cutoff_smoothing_bins must be in 0.1 .. 50, got 0"},
        {offsetof(spk_periods_options, cutoff_min_spikes_per_bin), -1,
         "cutoff_min_spikes_per_bin must be >= 0, got -1"},
        {offsetof(spk_periods_options, max_false_positives), NAN,
         "max_false_positives and max_false_negatives must not be NaN"},
    };
    spk_periods_options o;
    for (size_t k = 0; k < sizeof fields / sizeof fields[0]; k++) {
        spk_periods_options_init(&o, sizeof o);
        memcpy((char *)&o + fields[k].at, &fields[k].value, sizeof(double));
        CU_ASSERT_EQUAL(spk_periods_length(ctx, &g.spikes, &o, &f.n), SPK_ERR_ARGUMENT);
        CU_ASSERT_STRING_EQUAL(spk_context_message(ctx), fields[k].message);
    }
    spk_periods_options_init(&o, sizeof o);
    o.min_periods = 0;
    CU_ASSERT_EQUAL(spk_periods_length(ctx, &g.spikes, &o, &f.n), SPK_ERR_ARGUMENT);
    spk_periods_options_init(&o, sizeof o);
    o.cutoff_bins = 0;
    CU_ASSERT_EQUAL(spk_periods_length(ctx, &g.spikes, &o, &f.n), SPK_ERR_ARGUMENT);
    spk_periods_options_init(&o, 8);
    o.struct_size = 8;
    CU_ASSERT_EQUAL(spk_periods_length(ctx, &g.spikes, &o, &f.n), SPK_ERR_ARGUMENT);
    CU_ASSERT_EQUAL(spk_periods_length(ctx, &g.spikes, NULL, NULL), SPK_ERR_ARGUMENT);
    CU_ASSERT_EQUAL(spk_periods_length(ctx, NULL, NULL, &f.n), SPK_ERR_ARGUMENT);
    CU_ASSERT_EQUAL(
        spk_periods_estimate(ctx, &g.spikes, NULL, NULL, f.offsets, f.starts, f.stops),
        SPK_ERR_ARGUMENT);
    CU_ASSERT_STRING_EQUAL(spk_context_message(ctx), "amplitudes is NULL");
    spk_array fewer = g.amplitudes;
    fewer.shape[0] = fewer.n_elements = 9;
    CU_ASSERT_EQUAL(
        spk_periods_estimate(ctx, &g.spikes, &fewer, NULL, f.offsets, f.starts, f.stops),
        SPK_ERR_ARGUMENT);
    CU_ASSERT_STRING_EQUAL(
        spk_context_message(ctx),
        "amplitudes: expected a row for each of 12094 spikes, found shape (9,)");
    CU_ASSERT_EQUAL(spk_periods_estimate(ctx, &g.spikes, &g.amplitudes, NULL, NULL,
                                         f.starts, f.stops),
                    SPK_ERR_ARGUMENT);
    CU_ASSERT_EQUAL(spk_periods_estimate(ctx, &g.spikes, &g.amplitudes, NULL, f.offsets,
                                         NULL, f.stops),
                    SPK_ERR_ARGUMENT);
    CU_ASSERT_STRING_EQUAL(spk_context_message(ctx), "starts is NULL");
    CU_ASSERT_EQUAL(spk_periods_rates(ctx, &g.spikes, &g.amplitudes, NULL, f.offsets,
                                      f.starts, f.stops, f.false_positives, NULL),
                    SPK_ERR_ARGUMENT);
    CU_ASSERT_STRING_EQUAL(spk_context_message(ctx), "false_negatives is NULL");
    spk_context_destroy(ctx);
    golden_close(&g);
}

static spk_status estimate_golden(spk_context *ctx, void *argument)
{
    static found f;
    const golden *g = argument;
    return spk_periods_estimate(ctx, &g->spikes, &g->amplitudes, NULL, f.offsets,
                                f.starts, f.stops);
}

static void every_allocation_may_fail(void)
{
    golden g = golden_open();
    CU_ASSERT(suite_fail_allocations(estimate_golden, &g) > 10);
    golden_close(&g);
}

static const suite_test tests[] = {
    {"rates equal to the peer", rates_equal_to_the_peer},
    {"periods equal to the peer", periods_equal_to_the_peer},
    {"periods go into metrics", periods_go_into_metrics},
    {"epochs are cut apart", epochs_are_cut_apart},
    {"by spikes without spikes", by_spikes_without_spikes},
    {"same bits for any number of threads", same_bits_for_any_number_of_threads},
    {"errors", errors},
    {"every allocation may fail", every_allocation_may_fail},
};

SUITE_MAIN("periods", tests)
