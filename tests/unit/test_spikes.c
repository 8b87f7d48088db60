/* SPDX-License-Identifier: BSD-3-Clause */
#include "suite.h"

#include <math.h>
#include <spikekit/random.h>
#include <spikekit/spikes.h>
#include <stdlib.h>

static spk_context *new_context(void)
{
    spk_context *ctx = NULL;
    CU_ASSERT_EQUAL_FATAL(spk_context_create(&ctx), SPK_OK);
    return ctx;
}

static int64_t draw_below(spk_random *random, int64_t n)
{
    return (int64_t)(spk_random_uniform(random) * (double)n);
}

/* Seven spikes of four units, unit 2 silent, two spikes at once. */
static const int64_t few_samples[] = {-10, 0, 0, 5, 90, 120, 120};
static const int32_t few_units[] = {1, 3, 0, 1, 1, 0, 1};

static spk_spikes few_spikes(void)
{
    return (spk_spikes){7, 4, few_samples, few_units, 30000.0, -10, 121};
}

/* A random table with many ties; free both arrays. */
static spk_spikes random_spikes(uint64_t seed, int64_t n, int64_t n_units, int64_t span)
{
    spk_random random = {.seed = seed};
    int64_t *samples = malloc((size_t)(n + 1) * sizeof *samples);
    int32_t *units = malloc((size_t)(n + 1) * sizeof *units);
    int64_t *order = malloc((size_t)(n + 1) * sizeof *order);
    int64_t *drawn = malloc((size_t)(n + 1) * sizeof *drawn);
    CU_ASSERT_FATAL(samples != NULL && units != NULL && order != NULL && drawn != NULL);
    for (int64_t i = 0; i < n; i++) {
        drawn[i] = draw_below(&random, span) - span / 2;
        units[i] = (int32_t)draw_below(&random, n_units);
    }
    CU_ASSERT_EQUAL(spk_spikes_order(NULL, n, drawn, order), SPK_OK);
    for (int64_t i = 0; i < n; i++)
        samples[i] = drawn[order[i]];
    free(drawn);
    free(order);
    return (spk_spikes){n, n_units, samples, units, 30000.0, -span / 2, span - span / 2};
}

static void free_spikes(spk_spikes *spikes)
{
    free((void *)(uintptr_t)spikes->samples);
    free((void *)(uintptr_t)spikes->units);
}

/* ---- check ---- */

static void good_tables_pass(void)
{
    spk_spikes spikes = few_spikes();
    CU_ASSERT_EQUAL(spk_spikes_check(NULL, &spikes), SPK_OK);
    const spk_spikes empty = {0, 0, NULL, NULL, 1.0, 0, 0};
    CU_ASSERT_EQUAL(spk_spikes_check(NULL, &empty), SPK_OK);
    const int64_t ends[] = {INT64_MIN, INT64_MAX - 1};
    const int32_t units[] = {INT32_MAX - 1, 0};
    const spk_spikes widest = {2, INT32_MAX, ends, units, 30000.0, INT64_MIN, INT64_MAX};
    CU_ASSERT_EQUAL(spk_spikes_check(NULL, &widest), SPK_OK);
}

/* Each case changes one thing of the good table. */
static void bad_tables_are_named(void)
{
    static const int64_t unsorted[] = {-10, 0, 0, 120, 90, 120, 120};
    static const int32_t high[] = {1, 3, 0, 4, 1, 0, 1}, low[] = {1, 3, 0, 1, 1, 0, -1};
    const spk_spikes good = few_spikes();
    spk_spikes cases[16];
    const char *messages[16];
    int n = 0;
#define CASE(field, value, text)                                                         \
    do {                                                                                 \
        cases[n] = good;                                                                 \
        cases[n].field = value;                                                          \
        messages[n] = text;                                                              \
        n++;                                                                             \
    } while (0)
    CASE(n_spikes, -1, "n_spikes must be >= 0, got -1");
    CASE(n_units, -1, "n_units must be in 0 .. 2147483647, got -1");
    CASE(n_units, (int64_t)1 << 31, "n_units must be in 0 .. 2147483647, got 2147483648");
    CASE(sampling_rate_hz, 0.0, "sampling_rate_hz must be positive and finite, got 0");
    CASE(sampling_rate_hz, -2.5,
         "sampling_rate_hz must be positive and finite, got -2.5");
    CASE(sampling_rate_hz, INFINITY,
         "sampling_rate_hz must be positive and finite, got inf");
    CASE(stop_sample, -11, "start_sample -10 is after stop_sample -11");
    CASE(samples, NULL, "samples is NULL");
    CASE(units, NULL, "units is NULL");
    CASE(units, high, "unit 4 of spike 3 is not in 0 .. 3");
    CASE(units, low, "unit -1 of spike 6 is not in 0 .. 3");
    CASE(n_units, 0, "unit 1 of spike 0 in a table of 0 units");
    CASE(start_sample, -9, "sample -10 of spike 0 is outside the recording, -9 .. 121");
    CASE(stop_sample, 120, "sample 120 of spike 5 is outside the recording, -10 .. 120");
    CASE(samples, unsorted, "spike 4 is out of order: sample 90 after 120");
#undef CASE
    spk_context *ctx = new_context();
    for (int i = 0; i < n; i++) {
        spk_status expected = i == n - 1 ? SPK_ERR_UNSORTED : SPK_ERR_ARGUMENT;
        CU_ASSERT_EQUAL(spk_spikes_check(ctx, &cases[i]), expected);
        CU_ASSERT_STRING_EQUAL(spk_context_message(ctx), messages[i]);
        CU_ASSERT_EQUAL(spk_spikes_check(NULL, &cases[i]), expected);
    }
    spk_spikes not_a_rate = good;
    not_a_rate.sampling_rate_hz = NAN;
    CU_ASSERT_EQUAL(spk_spikes_check(ctx, &not_a_rate), SPK_ERR_ARGUMENT);
    CU_ASSERT_EQUAL(spk_spikes_check(ctx, NULL), SPK_ERR_ARGUMENT);
    CU_ASSERT_STRING_EQUAL(spk_context_message(ctx), "spikes is NULL");
    spk_context_destroy(ctx);
}

/* A fault at any one place of a table is found, whatever the vector width. */
static void a_fault_anywhere_is_found(void)
{
    enum {
        N = 70
    };
    int64_t samples[N];
    int32_t units[N];
    spk_spikes spikes = {N, 5, samples, units, 30000.0, 0, 10 * N};
    for (int i = 0; i < N; i++) {
        samples[i] = 10 * i;
        units[i] = i % 5;
    }
    for (int i = 0; i < N; i++) {
        units[i] = 5;
        CU_ASSERT_EQUAL(spk_spikes_check(NULL, &spikes), SPK_ERR_ARGUMENT);
        units[i] = i % 5;
        samples[i] -= 11;
        CU_ASSERT_EQUAL(spk_spikes_check(NULL, &spikes),
                        i == 0 ? SPK_ERR_ARGUMENT : SPK_ERR_UNSORTED);
        samples[i] += 11;
    }
    CU_ASSERT_EQUAL(spk_spikes_check(NULL, &spikes), SPK_OK);
}

/* ---- order ---- */

static void order_hand_worked(void)
{
    const int64_t samples[] = {7, -3, 7, INT64_MAX, INT64_MIN, -3, 0};
    const int64_t expected[] = {4, 1, 5, 6, 0, 2, 3};
    int64_t order[7];
    CU_ASSERT_EQUAL(spk_spikes_order(NULL, 7, samples, order), SPK_OK);
    CU_ASSERT_EQUAL(memcmp(order, expected, sizeof order), 0);
    CU_ASSERT_EQUAL(spk_spikes_order(NULL, 0, NULL, NULL), SPK_OK);
}

static const int64_t *compared_samples;

static int compare_stable(const void *a, const void *b)
{
    int64_t i = *(const int64_t *)a, j = *(const int64_t *)b;
    if (compared_samples[i] != compared_samples[j])
        return compared_samples[i] < compared_samples[j] ? -1 : 1;
    return i < j ? -1 : i > j;
}

/* qsort by (time, index) is the definition. Spans reach every number of radix digits. */
static void order_equals_qsort(void)
{
    enum {
        N = 600
    };
    int64_t samples[N], order[N], expected[N];
    for (int bits = 1; bits <= 64; bits++)
        for (uint32_t kind = 0; kind < 2; kind++) {
            spk_random random = {.seed = (uint64_t)bits, .stream = kind};
            for (int i = 0; i < N; i++) {
                uint32_t counter[4] = {(uint32_t)i, (uint32_t)bits, kind, 0}, out[4];
                const uint32_t key[2] = {1, 2};
                spk_random_block(counter, key, out);
                uint64_t drawn = ((uint64_t)out[0] << 32 | out[1]) >> (64 - bits);
                samples[i] = (int64_t)(drawn - ((uint64_t)1 << (bits - 1)));
                /* the second kind is sorted but for a few spikes */
                if (kind == 1 && i > 0 && samples[i] < samples[i - 1] &&
                    spk_random_uniform(&random) < 0.9)
                    samples[i] = samples[i - 1];
                expected[i] = i;
            }
            compared_samples = samples;
            qsort(expected, N, sizeof expected[0], compare_stable);
            CU_ASSERT_EQUAL(spk_spikes_order(NULL, N, samples, order), SPK_OK);
            CU_ASSERT_EQUAL(memcmp(order, expected, sizeof order), 0);
        }
}

static spk_status order_reversed(spk_context *ctx, void *unused)
{
    (void)unused;
    const int64_t samples[] = {3, 2, 1};
    int64_t order[3];
    return spk_spikes_order(ctx, 3, samples, order);
}

static void order_errors(void)
{
    spk_context *ctx = new_context();
    int64_t one = 1, order;
    CU_ASSERT_EQUAL(spk_spikes_order(ctx, -1, &one, &order), SPK_ERR_ARGUMENT);
    CU_ASSERT_STRING_EQUAL(spk_context_message(ctx), "n must be >= 0, got -1");
    CU_ASSERT_EQUAL(spk_spikes_order(ctx, 1, NULL, &order), SPK_ERR_ARGUMENT);
    CU_ASSERT_STRING_EQUAL(spk_context_message(ctx), "samples is NULL");
    CU_ASSERT_EQUAL(spk_spikes_order(ctx, 1, &one, NULL), SPK_ERR_ARGUMENT);
    CU_ASSERT_STRING_EQUAL(spk_context_message(ctx), "order is NULL");
    const int64_t sorted[] = {1, 1, 2};
    int64_t places[3];
    int64_t requests = spk__memory_requests(ctx);
    CU_ASSERT_EQUAL(spk_spikes_order(ctx, 3, sorted, places), SPK_OK);
    CU_ASSERT_EQUAL(spk__memory_requests(ctx), requests); /* nothing to do, no memory */
    spk_context_destroy(ctx);
    CU_ASSERT_EQUAL(suite_fail_allocations(order_reversed, NULL), 3);
}

/* ---- count and group ---- */

static void count_and_group_hand_worked(void)
{
    const spk_spikes spikes = few_spikes();
    int64_t counts[4], offsets[5], samples[7], indices[7];
    const int64_t expected_counts[] = {2, 4, 0, 1}, expected_offsets[] = {0, 2, 6, 6, 7};
    const int64_t expected_samples[] = {0, 120, -10, 5, 90, 120, 0};
    const int64_t expected_indices[] = {2, 5, 0, 3, 4, 6, 1};
    CU_ASSERT_EQUAL(spk_spikes_count(NULL, &spikes, counts), SPK_OK);
    CU_ASSERT_EQUAL(memcmp(counts, expected_counts, sizeof counts), 0);
    for (int wanted = 0; wanted < 4; wanted++) {
        memset(offsets, 0x55, sizeof offsets);
        memset(samples, 0x55, sizeof samples);
        memset(indices, 0x55, sizeof indices);
        CU_ASSERT_EQUAL(spk_spikes_group(NULL, &spikes, offsets,
                                         (wanted & 1) != 0 ? samples : NULL,
                                         (wanted & 2) != 0 ? indices : NULL),
                        SPK_OK);
        CU_ASSERT_EQUAL(memcmp(offsets, expected_offsets, sizeof offsets), 0);
        CU_ASSERT_EQUAL(memcmp(samples, expected_samples, sizeof samples) == 0,
                        (wanted & 1) != 0);
        CU_ASSERT_EQUAL(memcmp(indices, expected_indices, sizeof indices) == 0,
                        (wanted & 2) != 0);
    }
    const spk_spikes empty = {0, 0, NULL, NULL, 1.0, 0, 0};
    CU_ASSERT_EQUAL(spk_spikes_count(NULL, &empty, NULL), SPK_OK);
    CU_ASSERT_EQUAL(spk_spikes_group(NULL, &empty, offsets, NULL, NULL), SPK_OK);
    CU_ASSERT_EQUAL(offsets[0], 0);
}

/* The definition: unit by unit, a pass over the whole table. */
static void group_equals_the_definition(void)
{
    for (uint64_t seed = 1; seed <= 20; seed++) {
        int64_t n_units = 1 + (int64_t)seed % 7;
        spk_spikes spikes = random_spikes(seed, 40 * (int64_t)seed, n_units, 300);
        int64_t offsets[9], counts[8], place = 0, wrong = 0;
        int64_t *samples = malloc((size_t)spikes.n_spikes * sizeof *samples);
        int64_t *indices = malloc((size_t)spikes.n_spikes * sizeof *indices);
        CU_ASSERT_FATAL(samples != NULL && indices != NULL);
        CU_ASSERT_EQUAL(spk_spikes_group(NULL, &spikes, offsets, samples, indices),
                        SPK_OK);
        CU_ASSERT_EQUAL(spk_spikes_count(NULL, &spikes, counts), SPK_OK);
        for (int32_t u = 0; u < n_units; u++) {
            wrong += offsets[u] != place;
            wrong += counts[u] != offsets[u + 1] - offsets[u];
            for (int64_t i = 0; i < spikes.n_spikes; i++)
                if (spikes.units[i] == u) {
                    wrong += indices[place] != i || samples[place] != spikes.samples[i];
                    place++;
                }
        }
        CU_ASSERT_EQUAL(offsets[n_units], spikes.n_spikes);
        CU_ASSERT_EQUAL(wrong, 0);
        free(samples);
        free(indices);
        free_spikes(&spikes);
    }
}

static void count_and_group_errors(void)
{
    spk_context *ctx = new_context();
    spk_spikes spikes = few_spikes();
    int64_t counts[4], offsets[5], samples[7];
    CU_ASSERT_EQUAL(spk_spikes_count(ctx, &spikes, NULL), SPK_ERR_ARGUMENT);
    CU_ASSERT_STRING_EQUAL(spk_context_message(ctx), "counts is NULL");
    CU_ASSERT_EQUAL(spk_spikes_group(ctx, &spikes, NULL, samples, NULL),
                    SPK_ERR_ARGUMENT);
    CU_ASSERT_STRING_EQUAL(spk_context_message(ctx), "offsets is NULL");
    CU_ASSERT_EQUAL(spk_spikes_count(ctx, NULL, counts), SPK_ERR_ARGUMENT);
    CU_ASSERT_STRING_EQUAL(spk_context_message(ctx), "spikes is NULL");
    CU_ASSERT_EQUAL(spk_spikes_group(ctx, NULL, offsets, samples, NULL),
                    SPK_ERR_ARGUMENT);
    CU_ASSERT_STRING_EQUAL(spk_context_message(ctx), "spikes is NULL");
    spikes.n_units = 3;
    CU_ASSERT_EQUAL(spk_spikes_count(ctx, &spikes, counts), SPK_ERR_ARGUMENT);
    CU_ASSERT_STRING_EQUAL(spk_context_message(ctx),
                           "unit 3 of spike 1 is not in 0 .. 2");
    CU_ASSERT_EQUAL(spk_spikes_group(ctx, &spikes, offsets, samples, NULL),
                    SPK_ERR_ARGUMENT);
    CU_ASSERT_STRING_EQUAL(spk_context_message(ctx),
                           "unit 3 of spike 1 is not in 0 .. 2");
    CU_ASSERT_EQUAL(spk__memory_requests(ctx), 0); /* none of these allocates */
    spk_context_destroy(ctx);
}

/* ---- restrict ---- */

static void restrict_hand_worked(void)
{
    const spk_spikes spikes = few_spikes();
    const int64_t starts[] = {-1000, 0, 90}, stops[] = {-10, 5, 120};
    const spk_epochs epochs = {3, starts, stops}, none = {0, NULL, NULL};
    int64_t samples[7];
    int32_t units[7];
    spk_spikes kept;
    CU_ASSERT_EQUAL(spk_spikes_restrict(NULL, &spikes, &epochs, samples, units, &kept),
                    SPK_OK);
    CU_ASSERT_EQUAL_FATAL(kept.n_spikes, 3);
    CU_ASSERT(samples[0] == 0 && samples[1] == 0 && samples[2] == 90);
    CU_ASSERT(units[0] == 3 && units[1] == 0 && units[2] == 1);
    CU_ASSERT(kept.samples == samples && kept.units == units);
    CU_ASSERT(kept.n_units == 4 && kept.sampling_rate_hz == 30000.0);
    CU_ASSERT(kept.start_sample == -10 && kept.stop_sample == 121);
    CU_ASSERT_EQUAL(spk_spikes_check(NULL, &kept), SPK_OK);
    CU_ASSERT_EQUAL(spk_spikes_restrict(NULL, &spikes, &none, samples, units, &kept),
                    SPK_OK);
    CU_ASSERT_EQUAL(kept.n_spikes, 0);
    const spk_spikes empty = {0, 0, NULL, NULL, 1.0, 0, 0};
    CU_ASSERT_EQUAL(spk_spikes_restrict(NULL, &empty, &epochs, NULL, NULL, &kept),
                    SPK_OK);
    CU_ASSERT_EQUAL(kept.n_spikes, 0);
}

/* The definition: each spike against each epoch. Restricting again changes nothing. */
static void restrict_equals_the_definition(void)
{
    for (uint64_t seed = 1; seed <= 20; seed++) {
        spk_spikes spikes = random_spikes(seed, 300, 5, 400);
        spk_random random = {.seed = seed, .stream = 1};
        int64_t starts[6], stops[6], samples[300], again_samples[300], n_kept = 0;
        int32_t units[300], again_units[300];
        int64_t at = -230;
        for (int e = 0; e < 6; e++) {
            starts[e] = at + draw_below(&random, 60);
            stops[e] = starts[e] + 1 + draw_below(&random, 40);
            at = stops[e];
        }
        const spk_epochs epochs = {6, starts, stops};
        spk_spikes kept, again;
        CU_ASSERT_EQUAL(
            spk_spikes_restrict(NULL, &spikes, &epochs, samples, units, &kept), SPK_OK);
        for (int64_t i = 0; i < spikes.n_spikes; i++)
            for (int e = 0; e < 6; e++)
                if (spikes.samples[i] >= starts[e] && spikes.samples[i] < stops[e]) {
                    CU_ASSERT_FATAL(n_kept < kept.n_spikes);
                    CU_ASSERT_EQUAL(samples[n_kept], spikes.samples[i]);
                    CU_ASSERT_EQUAL(units[n_kept], spikes.units[i]);
                    n_kept++;
                }
        CU_ASSERT_EQUAL(kept.n_spikes, n_kept);
        CU_ASSERT_EQUAL(
            spk_spikes_restrict(NULL, &kept, &epochs, again_samples, again_units, &again),
            SPK_OK);
        CU_ASSERT_EQUAL(again.n_spikes, n_kept);
        free_spikes(&spikes);
    }
}

static void restrict_errors(void)
{
    spk_context *ctx = new_context();
    spk_spikes spikes = few_spikes(), kept;
    const int64_t starts[] = {5, 0}, stops[] = {6, 1};
    const spk_epochs good = {1, starts, stops}, bad = {2, starts, stops};
    int64_t s[7];
    int32_t u[7];
    CU_ASSERT_EQUAL(spk_spikes_restrict(ctx, NULL, &good, s, u, &kept), SPK_ERR_ARGUMENT);
    CU_ASSERT_EQUAL(spk_spikes_restrict(ctx, &spikes, NULL, s, u, &kept),
                    SPK_ERR_ARGUMENT);
    CU_ASSERT_STRING_EQUAL(spk_context_message(ctx), "epochs is NULL");
    CU_ASSERT_EQUAL(spk_spikes_restrict(ctx, &spikes, &bad, s, u, &kept),
                    SPK_ERR_UNSORTED);
    CU_ASSERT_STRING_EQUAL(spk_context_message(ctx),
                           "epochs: epoch 1 is out of order: start 0 after 5");
    CU_ASSERT_EQUAL(spk_spikes_restrict(ctx, &spikes, &good, NULL, u, &kept),
                    SPK_ERR_ARGUMENT);
    CU_ASSERT_STRING_EQUAL(spk_context_message(ctx), "samples (output) is NULL");
    CU_ASSERT_EQUAL(spk_spikes_restrict(ctx, &spikes, &good, s, NULL, &kept),
                    SPK_ERR_ARGUMENT);
    CU_ASSERT_STRING_EQUAL(spk_context_message(ctx), "units (output) is NULL");
    CU_ASSERT_EQUAL(spk_spikes_restrict(ctx, &spikes, &good, s, u, NULL),
                    SPK_ERR_ARGUMENT);
    CU_ASSERT_STRING_EQUAL(spk_context_message(ctx), "restricted is NULL");
    spikes.n_units = 1;
    CU_ASSERT_EQUAL(spk_spikes_restrict(ctx, &spikes, &good, s, u, &kept),
                    SPK_ERR_ARGUMENT);
    CU_ASSERT_STRING_EQUAL(spk_context_message(ctx),
                           "unit 1 of spike 0 is not in 0 .. 0");
    CU_ASSERT_EQUAL(spk__memory_requests(ctx), 0);
    spk_context_destroy(ctx);
}

static const suite_test tests[] = {
    {"good tables pass", good_tables_pass},
    {"bad tables are named", bad_tables_are_named},
    {"a fault anywhere is found", a_fault_anywhere_is_found},
    {"order: hand-worked", order_hand_worked},
    {"order equals qsort", order_equals_qsort},
    {"order: errors", order_errors},
    {"count and group: hand-worked", count_and_group_hand_worked},
    {"group equals the definition", group_equals_the_definition},
    {"count and group: errors", count_and_group_errors},
    {"restrict: hand-worked", restrict_hand_worked},
    {"restrict equals the definition", restrict_equals_the_definition},
    {"restrict: errors", restrict_errors},
};
SUITE_MAIN("spikes", tests)
