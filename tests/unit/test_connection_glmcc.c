/* SPDX-License-Identifier: BSD-3-Clause */
/* GLMCC as a method of finding connections: its rows are the fits of the pairs. */
#include "suite.h"

#include <math.h>
#include <spikekit/connections.h>
#include <spikekit/glmcc.h>
#include <spikekit/random.h>
#include <stdlib.h>

enum {
    UNITS = 5,
    SPIKES = 24000
};

typedef struct table {
    int64_t samples[SPIKES];
    int32_t units[SPIKES];
    spk_spikes spikes;
} table;

/* Unit 1 follows unit 0 by some 3 ms, unit 2 pauses after unit 3; unit 4 is alone. */
static void make_table(table *t)
{
    spk_random random = {.seed = 3};
    double at = 0;
    int64_t last_3 = -1000000;
    int n = 0;
    while (n < SPIKES - 1) {
        at += spk_random_exponential(&random) * 150;
        int32_t unit = (int32_t)(spk_random_uniform(&random) * UNITS);
        const int64_t sample = (int64_t)at;
        if (unit == 2 && sample - last_3 > 20 && sample - last_3 < 100 &&
            spk_random_uniform(&random) < 0.8)
            continue;
        if (unit == 3)
            last_3 = sample;
        t->samples[n] = sample;
        t->units[n++] = unit;
        if (unit == 0 && spk_random_uniform(&random) < 0.1) {
            at += 20 + 20 * spk_random_uniform(&random);
            t->samples[n] = (int64_t)at;
            t->units[n++] = 1;
        }
    }
    t->spikes =
        (spk_spikes){n, UNITS, t->samples, t->units, 10000.0, 0, t->samples[n - 1] + 1};
}

static const spk_connection *row_of(const spk_connections *found, int32_t source,
                                    int32_t target, int32_t sign)
{
    const spk_connection *rows = spk_connections_rows(found);
    for (int64_t k = 0; k < spk_connections_n_rows(found); k++)
        if (rows[k].source == source && rows[k].target == target && rows[k].sign == sign)
            return &rows[k];
    return NULL;
}

static void check_test(const spk_connection *row, const spk_glmcc_result *r, int side,
                       int is_significant)
{
    CU_ASSERT_PTR_NOT_NULL_FATAL(row);
    const int is_that_side = row->sign * r->coupling[side] > 0;
    const double p = exp(r->log_p[side]) / 2;
    CU_ASSERT_DOUBLE_EQUAL(row->effect, r->coupling[side], 0);
    /* of four delays the best */
    CU_ASSERT_DOUBLE_EQUAL(exp(row->log_p), 1 - pow(is_that_side ? 1 - p : p, 4), 1e-12);
    CU_ASSERT(row->log_p > -30 ||
              fabs(row->log_p - (r->log_p[side] + log(2))) < 1e-12 * fabs(row->log_p));
    CU_ASSERT_EQUAL(row->significant, is_that_side && is_significant);
    CU_ASSERT_DOUBLE_EQUAL(row->latency_s, 1e-3 * ((double)r->delay_bins + 0.5), 1e-12);
}

/* Pairs beyond the background in the twelve bins of 1 ms after the delay, three times tau. */
static void check_transmission(const table *t, const spk_trains *trains,
                               const spk_glmcc_options *g, const int32_t (*pair)[2],
                               const spk_connections *found, const spk_glmcc_result *r)
{
    enum {
        N_BINS = 100,
        N_DELAYS = 4
    };
    double counts[N_BINS], background[N_BINS], sums[N_DELAYS][2];
    spk_glmcc_result again;
    CU_ASSERT_EQUAL_FATAL(
        spk_glmcc_count(NULL, trains, pair[0][0], pair[0][1], g, counts, sums[0]),
        SPK_OK);
    CU_ASSERT_EQUAL_FATAL(
        spk_glmcc_fit_pairs(NULL, trains, pair, 1, g, &again, background), SPK_OK);
    for (int side = 0; side < 2; side++) {
        const int32_t source = pair[0][side], target = pair[0][1 - side];
        double beyond = 0.0, n_source = 0.0;
        for (int64_t m = r->delay_bins; m < r->delay_bins + 12; m++) {
            const int64_t k = side == 0 ? N_BINS / 2 + m : N_BINS / 2 - 1 - m;
            beyond += counts[k] - exp(background[k]);
        }
        for (int64_t i = 0; i < t->spikes.n_spikes; i++)
            n_source += t->units[i] == source;
        CU_ASSERT_DOUBLE_EQUAL(row_of(found, source, target, 1)->transmission,
                               beyond / n_source,
                               0.501 / n_source); /* of a whole number of pairs */
    }
}

static void rows_are_fits(void)
{
    static const char *const names[] = {"glmcc", "glmcc_lr"};
    table *t = malloc(sizeof *t);
    spk_trains *trains = NULL;
    make_table(t);
    CU_ASSERT_EQUAL_FATAL(spk_trains_create(NULL, &t->spikes, NULL, &trains), SPK_OK);
    for (int rule = 0; rule < 2; rule++) {
        spk_connections_options o;
        spk_glmcc_options g;
        spk_connections *found = NULL;
        spk_connections_options_init(&o, sizeof o);
        CU_ASSERT_EQUAL(spk_connections_method_from_name(NULL, names[rule], &o.method),
                        SPK_OK);
        CU_ASSERT_EQUAL(o.method,
                        rule == 0 ? SPK_CONNECTION_GLMCC : SPK_CONNECTION_GLMCC_LR);
        o.max_p = 1;
        CU_ASSERT_EQUAL_FATAL(spk_connections_find(NULL, &t->spikes, &o, &found), SPK_OK);
        CU_ASSERT_EQUAL(spk_connections_n_tests(found), 2 * UNITS * (UNITS - 1));
        CU_ASSERT_EQUAL(spk_connections_n_rows(found), 2 * UNITS * (UNITS - 1));
        spk_glmcc_options_init(&g, sizeof g);
        spk_glmcc_options_set_rule(&g, rule);
        for (int32_t i = 0; i < UNITS; i++)
            for (int32_t j = i + 1; j < UNITS; j++) {
                const int32_t pair[1][2] = {{i, j}};
                spk_glmcc_result r;
                CU_ASSERT_EQUAL_FATAL(
                    spk_glmcc_fit_pairs(NULL, trains, pair, 1, &g, &r, NULL), SPK_OK);
                for (int side = 0; side < 2; side++)
                    for (int32_t sign = -1; sign <= 1; sign += 2)
                        check_test(
                            row_of(found, side ? j : i, side ? i : j, sign), &r, side,
                            rule == 0 ? r.significant[side] : r.log_p[side] < log(1e-4));
                check_transmission(t, trains, &g, pair, found, &r);
            }
        CU_ASSERT(row_of(found, 0, 1, 1)->significant);
        CU_ASSERT(row_of(found, 3, 2, -1)->significant);
        CU_ASSERT(!row_of(found, 1, 0, 1)->significant);
        CU_ASSERT(!row_of(found, 0, 4, 1)->significant);
        /* One spike of ten of unit 0 has a partner 2 to 4 ms later. The model's coupling decays
         * more slowly, so it takes the background for lower than it is. */
        const spk_connection *strong = row_of(found, 0, 1, 1);
        CU_ASSERT(strong->transmission > 0.09 && strong->transmission < 0.14);
        CU_ASSERT(strong->transmission_lower < strong->transmission - 0.01);
        CU_ASSERT(strong->transmission_upper > strong->transmission + 0.01);
        CU_ASSERT(strong->count > 2 * strong->expected);
        CU_ASSERT(row_of(found, 3, 2, -1)->transmission_upper < 0);
        spk_connections_destroy(found);
    }
    spk_trains_destroy(trains);
    free(t);
}

/* One sign: half the tests; p of 0.01 at most: few rows, of these the same. */
static void signs_and_limits(void)
{
    table *t = malloc(sizeof *t);
    spk_connections_options o;
    spk_connections *all = NULL, *few = NULL;
    make_table(t);
    spk_connections_options_init(&o, sizeof o);
    o.method = SPK_CONNECTION_GLMCC_LR;
    o.max_p = 1;
    CU_ASSERT_EQUAL_FATAL(spk_connections_find(NULL, &t->spikes, &o, &all), SPK_OK);
    o.max_p = 0.01;
    for (o.signs = -1; o.signs <= 1; o.signs += 2) {
        CU_ASSERT_EQUAL_FATAL(spk_connections_find(NULL, &t->spikes, &o, &few), SPK_OK);
        CU_ASSERT_EQUAL(spk_connections_n_tests(few), UNITS * (UNITS - 1));
        CU_ASSERT(spk_connections_n_rows(few) >= 1 && spk_connections_n_rows(few) < 6);
        for (int64_t k = 0; k < spk_connections_n_rows(few); k++) {
            const spk_connection *row = &spk_connections_rows(few)[k];
            const spk_connection *same = row_of(all, row->source, row->target, row->sign);
            CU_ASSERT_EQUAL(row->sign, o.signs);
            CU_ASSERT_DOUBLE_EQUAL(row->log_p, same->log_p, 0);
            CU_ASSERT_DOUBLE_EQUAL(row->transmission, same->transmission, 0);
        }
        spk_connections_destroy(few);
    }
    spk_connections_destroy(all);
    free(t);
}

static void curve_is_the_background(void)
{
    enum {
        BINS = 101
    };
    table *t = malloc(sizeof *t);
    spk_connections_options o;
    double values[5][BINS];
    int64_t n = 0;
    const spk_connection_curve curve = {values[0], values[1], values[2], values[3],
                                        values[4]};
    make_table(t);
    spk_connections_options_init(&o, sizeof o);
    o.method = SPK_CONNECTION_GLMCC;
    CU_ASSERT_EQUAL_FATAL(spk_connections_curve_length(NULL, &t->spikes, &o, &n), SPK_OK);
    CU_ASSERT_EQUAL_FATAL(n, BINS);
    CU_ASSERT_EQUAL_FATAL(spk_connections_curve(NULL, &t->spikes, &o, 1, 0, &curve),
                          SPK_OK);
    double count = 0, expected = 0;
    for (int k = 0; k < BINS; k++) {
        CU_ASSERT(isnan(values[3][k]) && isnan(values[4][k]));
        CU_ASSERT(values[2][k] > 0);
        if (k < 40 || k > 60) {
            count += values[1][k];
            expected += values[2][k];
        }
    }
    /* away from the peak, which is left of the centre: unit 1 follows unit 0 */
    CU_ASSERT_DOUBLE_EQUAL(expected, count, 4 * sqrt(count));
    CU_ASSERT(values[1][47] > 2 * values[2][47]);
    free(t);
}

static void bad_options(void)
{
    table *t = malloc(sizeof *t);
    spk_connections_options o;
    spk_connections *found = NULL;
    spk_context *ctx = NULL;
    make_table(t);
    CU_ASSERT_EQUAL_FATAL(spk_context_create(&ctx), SPK_OK);
    spk_connections_options_init(&o, sizeof o);
    o.method = SPK_CONNECTION_GLMCC;
    o.max_latency_s = 0.046;
    CU_ASSERT_EQUAL(spk_connections_find(ctx, &t->spikes, &o, &found), SPK_ERR_ARGUMENT);
    CU_ASSERT_STRING_EQUAL(
        spk_context_message(ctx),
        "max_latency_s and 0.005 s after it must be within half of the window, 0.05 s, "
        "got 0.046");
    o.max_latency_s = 0.045;
    CU_ASSERT_EQUAL(spk_connections_find(ctx, &t->spikes, &o, &found), SPK_OK);
    spk_connections_destroy(found);
    o.window_s = 2.1;
    CU_ASSERT_EQUAL(spk_connections_find(ctx, &t->spikes, &o, &found), SPK_ERR_ARGUMENT);
    CU_ASSERT_STRING_EQUAL(spk_context_message(ctx),
                           "window_s must be at most 2000 bins of 0.001 s, got 2.101");
    spk_context_destroy(ctx);
    free(t);
}

/* Two units that never meet within the window: no test. */
static void strangers(void)
{
    const int64_t samples[] = {1000, 90000};
    const int32_t units[] = {0, 1};
    const spk_spikes spikes = {2, 2, samples, units, 30000.0, 0, 120000};
    spk_connections_options o;
    spk_connections *found = NULL;
    spk_connections_options_init(&o, sizeof o);
    o.method = SPK_CONNECTION_GLMCC_LR;
    o.max_p = 1;
    CU_ASSERT_EQUAL_FATAL(spk_connections_find(NULL, &spikes, &o, &found), SPK_OK);
    CU_ASSERT_EQUAL(spk_connections_n_tests(found), 0);
    spk_connections_destroy(found);
}

static spk_status find_all(spk_context *ctx, void *argument)
{
    const table *t = argument;
    spk_connections_options o;
    spk_connections *found = NULL;
    spk_connections_options_init(&o, sizeof o);
    o.method = SPK_CONNECTION_GLMCC;
    const spk_status status = spk_connections_find(ctx, &t->spikes, &o, &found);
    spk_connections_destroy(found);
    return status;
}

static void allocations(void)
{
    table *t = malloc(sizeof *t);
    make_table(t);
    t->spikes.n_spikes = 2000;
    CU_ASSERT(suite_fail_allocations(find_all, t) >= 8);
    free(t);
}

static const suite_test tests[] = {
    {"rows are fits", rows_are_fits},
    {"signs and limits", signs_and_limits},
    {"curve is the background", curve_is_the_background},
    {"bad options", bad_options},
    {"strangers", strangers},
    {"allocations", allocations},
};

SUITE_MAIN("connection_glmcc", tests)
