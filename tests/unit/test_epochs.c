/* SPDX-License-Identifier: BSD-3-Clause */
#include "suite.h"

#include <spikekit/epochs.h>
#include <spikekit/random.h>
#include <stdlib.h>

enum {
    SPAN = 200 /* oracles mark each sample of 0 .. SPAN - 1 */
};

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

static void good_epochs_pass(void)
{
    const int64_t starts[] = {INT64_MIN, -5, 10, 20},
                  stops[] = {INT64_MIN + 3, 10, 20, 21};
    const spk_epochs epochs = {4, starts, stops}, none = {0, NULL, NULL};
    CU_ASSERT_EQUAL(spk_epochs_check(NULL, &epochs), SPK_OK);
    CU_ASSERT_EQUAL(spk_epochs_duration(&epochs), 3 + 15 + 10 + 1);
    CU_ASSERT_EQUAL(spk_epochs_check(NULL, &none), SPK_OK);
    CU_ASSERT_EQUAL(spk_epochs_duration(&none), 0);
    CU_ASSERT_EQUAL(spk_epochs_duration(NULL), 0);
    const int64_t first = 0, last = INT64_MAX;
    const spk_epochs longest = {1, &first, &last};
    CU_ASSERT_EQUAL(spk_epochs_check(NULL, &longest), SPK_OK);
    CU_ASSERT_EQUAL(spk_epochs_duration(&longest), INT64_MAX);
}

static void bad_epochs_are_named(void)
{
    static const struct {
        int64_t n, starts[2], stops[2];
        spk_status status;
        const char *message;
    } cases[] = {
        {-1, {0}, {0}, SPK_ERR_ARGUMENT, "epochs: n_epochs must be >= 0, got -1"},
        {2,
         {0, 7},
         {5, 7},
         SPK_ERR_ARGUMENT,
         "epochs: epoch 1 is empty: start 7, stop 7"},
        {1, {9}, {7}, SPK_ERR_ARGUMENT, "epochs: epoch 0 is empty: start 9, stop 7"},
        {2,
         {8, 3},
         {9, 5},
         SPK_ERR_UNSORTED,
         "epochs: epoch 1 is out of order: start 3 after 8"},
        {2,
         {0, 4},
         {5, 9},
         SPK_ERR_ARGUMENT,
         "epochs: epoch 1 overlaps the one before: start 4, stop before 5"},
        {1,
         {-1},
         {INT64_MAX},
         SPK_ERR_OVERFLOW,
         "epochs: the total length up to epoch 0 is beyond 2^63 - 1 samples"},
        {2,
         {INT64_MIN, 2},
         {-2, INT64_MAX},
         SPK_ERR_OVERFLOW,
         "epochs: the total length up to epoch 1 is beyond 2^63 - 1 samples"},
    };
    spk_context *ctx = new_context();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const spk_epochs epochs = {cases[i].n, cases[i].starts, cases[i].stops};
        CU_ASSERT_EQUAL(spk_epochs_check(ctx, &epochs), cases[i].status);
        CU_ASSERT_STRING_EQUAL(spk_context_message(ctx), cases[i].message);
        CU_ASSERT_EQUAL(spk_epochs_check(NULL, &epochs), cases[i].status);
    }
    const int64_t one = 1;
    const spk_epochs no_starts = {1, NULL, &one}, no_stops = {1, &one, NULL};
    CU_ASSERT_EQUAL(spk_epochs_check(ctx, NULL), SPK_ERR_ARGUMENT);
    CU_ASSERT_STRING_EQUAL(spk_context_message(ctx), "epochs is NULL");
    CU_ASSERT_EQUAL(spk_epochs_check(ctx, &no_starts), SPK_ERR_ARGUMENT);
    CU_ASSERT_STRING_EQUAL(spk_context_message(ctx), "epochs: starts is NULL");
    CU_ASSERT_EQUAL(spk_epochs_check(ctx, &no_stops), SPK_ERR_ARGUMENT);
    CU_ASSERT_STRING_EQUAL(spk_context_message(ctx), "epochs: stops is NULL");
    spk_context_destroy(ctx);
}

static void normalize_hand_worked(void)
{
    int64_t starts[] = {50, 10, 12, 30, 20, 5, 60, 50};
    int64_t stops[] = {60, 15, 13, 30, 25, 10, 61, 55};
    int64_t n = -1;
    CU_ASSERT_EQUAL(spk_epochs_normalize(NULL, starts, stops, 8, &n), SPK_OK);
    CU_ASSERT_EQUAL_FATAL(n, 3);
    const int64_t expected[3][2] = {{5, 15}, {20, 25}, {50, 61}};
    for (int e = 0; e < 3; e++) {
        CU_ASSERT_EQUAL(starts[e], expected[e][0]);
        CU_ASSERT_EQUAL(stops[e], expected[e][1]);
    }
    CU_ASSERT_EQUAL(spk_epochs_normalize(NULL, NULL, NULL, 0, &n), SPK_OK);
    CU_ASSERT_EQUAL(n, 0);
}

/* Marks the samples of the intervals; the number of intervals is any. */
static void mark(int64_t n, const int64_t *starts, const int64_t *stops, char *marked)
{
    memset(marked, 0, SPAN);
    for (int64_t i = 0; i < n; i++)
        for (int64_t s = starts[i]; s < stops[i]; s++)
            marked[s] = 1;
}

static int64_t draw_intervals(spk_random *random, int64_t most, int64_t *starts,
                              int64_t *stops)
{
    int64_t n = draw_below(random, most + 1);
    for (int64_t i = 0; i < n; i++) {
        starts[i] = draw_below(random, SPAN);
        stops[i] = starts[i] + draw_below(random, 12);
        stops[i] = stops[i] < SPAN ? stops[i] : SPAN;
    }
    return n;
}

/* Same samples, and as few epochs as can be: no two touch. Doing it again changes
 * nothing. */
static void normalize_equals_the_set_of_samples(void)
{
    spk_random random = {.seed = 5};
    for (int repeat = 0; repeat < 300; repeat++) {
        int64_t starts[40], stops[40], n_epochs = -1, again = -1;
        char before[SPAN], after[SPAN];
        int64_t n = draw_intervals(&random, 40, starts, stops);
        mark(n, starts, stops, before);
        CU_ASSERT_EQUAL(spk_epochs_normalize(NULL, starts, stops, n, &n_epochs), SPK_OK);
        mark(n_epochs, starts, stops, after);
        CU_ASSERT_EQUAL(memcmp(before, after, SPAN), 0);
        const spk_epochs epochs = {n_epochs, starts, stops};
        CU_ASSERT_EQUAL(spk_epochs_check(NULL, &epochs), SPK_OK);
        for (int64_t e = 1; e < n_epochs; e++)
            CU_ASSERT(starts[e] > stops[e - 1]);
        int64_t duration = spk_epochs_duration(&epochs), marked = 0;
        for (int s = 0; s < SPAN; s++)
            marked += before[s];
        CU_ASSERT_EQUAL(duration, marked);
        CU_ASSERT_EQUAL(spk_epochs_normalize(NULL, starts, stops, n_epochs, &again),
                        SPK_OK);
        CU_ASSERT_EQUAL(again, n_epochs);
    }
}

static void normalize_errors(void)
{
    spk_context *ctx = new_context();
    int64_t starts[] = {5, 9}, stops[] = {6, 8}, n = -7;
    CU_ASSERT_EQUAL(spk_epochs_normalize(ctx, starts, stops, 2, &n), SPK_ERR_ARGUMENT);
    CU_ASSERT_STRING_EQUAL(spk_context_message(ctx),
                           "interval 1 stops before it starts: start 9, stop 8");
    CU_ASSERT_EQUAL(spk_epochs_normalize(ctx, starts, stops, -1, &n), SPK_ERR_ARGUMENT);
    CU_ASSERT_STRING_EQUAL(spk_context_message(ctx), "n must be >= 0, got -1");
    CU_ASSERT_EQUAL(spk_epochs_normalize(ctx, NULL, stops, 1, &n), SPK_ERR_ARGUMENT);
    CU_ASSERT_STRING_EQUAL(spk_context_message(ctx), "starts is NULL");
    CU_ASSERT_EQUAL(spk_epochs_normalize(ctx, starts, NULL, 1, &n), SPK_ERR_ARGUMENT);
    CU_ASSERT_STRING_EQUAL(spk_context_message(ctx), "stops is NULL");
    CU_ASSERT_EQUAL(spk_epochs_normalize(ctx, starts, stops, 1, NULL), SPK_ERR_ARGUMENT);
    CU_ASSERT_STRING_EQUAL(spk_context_message(ctx), "n_epochs is NULL");
    /* each fits, the join does not, and nothing is changed */
    int64_t far_starts[] = {0, INT64_MIN}, far_stops[] = {INT64_MAX, 1};
    CU_ASSERT_EQUAL(spk_epochs_normalize(ctx, far_starts, far_stops, 2, &n),
                    SPK_ERR_OVERFLOW);
    CU_ASSERT_STRING_EQUAL(
        spk_context_message(ctx),
        "intervals: the total length up to epoch 0 is beyond 2^63 - 1 samples");
    CU_ASSERT_EQUAL(far_starts[0], 0);
    CU_ASSERT_EQUAL(far_stops[0], INT64_MAX);
    CU_ASSERT_EQUAL(n, -7);
    spk_context_destroy(ctx);
}

static spk_status normalize_unsorted(spk_context *ctx, void *unused)
{
    (void)unused;
    int64_t starts[] = {30, 10, 20}, stops[] = {31, 11, 21}, n;
    return spk_epochs_normalize(ctx, starts, stops, 3, &n);
}

static void normalize_failed_allocations(void)
{
    /* three of its own and three of the sort */
    CU_ASSERT_EQUAL(suite_fail_allocations(normalize_unsorted, NULL), 6);
}

static void intersect_hand_worked(void)
{
    const int64_t a_starts[] = {0, 10, 30}, a_stops[] = {10, 20, 40};
    const int64_t b_starts[] = {5, 39, 60}, b_stops[] = {35, 50, 70};
    const spk_epochs a = {3, a_starts, a_stops}, b = {3, b_starts, b_stops};
    const spk_epochs none = {0, NULL, NULL};
    /* the border between the touching epochs of a, at 10, stays */
    const int64_t expected[4][2] = {{5, 10}, {10, 20}, {30, 35}, {39, 40}};
    int64_t starts[6], stops[6], n = -1;
    CU_ASSERT_EQUAL(spk_epochs_intersect(NULL, &a, &b, starts, stops, &n), SPK_OK);
    CU_ASSERT_EQUAL_FATAL(n, 4);
    for (int e = 0; e < 4; e++) {
        CU_ASSERT_EQUAL(starts[e], expected[e][0]);
        CU_ASSERT_EQUAL(stops[e], expected[e][1]);
    }
    CU_ASSERT_EQUAL(spk_epochs_intersect(NULL, &a, &none, NULL, NULL, &n), SPK_OK);
    CU_ASSERT_EQUAL(n, 0);
}

/* Against marked samples; the same either way round; within the room promised. */
static void intersect_equals_the_samples_in_both(void)
{
    spk_random random = {.seed = 6};
    for (int repeat = 0; repeat < 300; repeat++) {
        int64_t starts[2][20], stops[2][20], n[2];
        char marked[2][SPAN], both[SPAN];
        spk_epochs epochs[2];
        for (int k = 0; k < 2; k++) {
            int64_t drawn = draw_intervals(&random, 20, starts[k], stops[k]);
            CU_ASSERT_EQUAL(spk_epochs_normalize(NULL, starts[k], stops[k], drawn, &n[k]),
                            SPK_OK);
            epochs[k] = (spk_epochs){n[k], starts[k], stops[k]};
            mark(n[k], starts[k], stops[k], marked[k]);
        }
        int64_t ab_starts[40], ab_stops[40], ba_starts[40], ba_stops[40], ab = -1,
                                                                          ba = -1;
        CU_ASSERT_EQUAL(
            spk_epochs_intersect(NULL, &epochs[0], &epochs[1], ab_starts, ab_stops, &ab),
            SPK_OK);
        CU_ASSERT_EQUAL(
            spk_epochs_intersect(NULL, &epochs[1], &epochs[0], ba_starts, ba_stops, &ba),
            SPK_OK);
        CU_ASSERT(ab <= n[0] + n[1]);
        CU_ASSERT_EQUAL_FATAL(ab, ba);
        CU_ASSERT_EQUAL(memcmp(ab_starts, ba_starts, (size_t)ab * sizeof ab_starts[0]),
                        0);
        CU_ASSERT_EQUAL(memcmp(ab_stops, ba_stops, (size_t)ab * sizeof ab_stops[0]), 0);
        mark(ab, ab_starts, ab_stops, both);
        for (int s = 0; s < SPAN; s++)
            CU_ASSERT_EQUAL(both[s], marked[0][s] && marked[1][s]);
        const spk_epochs result = {ab, ab_starts, ab_stops};
        CU_ASSERT_EQUAL(spk_epochs_check(NULL, &result), SPK_OK);
    }
}

static void intersect_errors(void)
{
    spk_context *ctx = new_context();
    const int64_t starts[] = {0, 5}, stops[] = {5, 5};
    const spk_epochs good = {1, starts, stops}, bad = {2, starts, stops};
    int64_t s[4], t[4], n;
    CU_ASSERT_EQUAL(spk_epochs_intersect(ctx, &bad, &good, s, t, &n), SPK_ERR_ARGUMENT);
    CU_ASSERT_STRING_EQUAL(spk_context_message(ctx),
                           "a: epoch 1 is empty: start 5, stop 5");
    CU_ASSERT_EQUAL(spk_epochs_intersect(ctx, &good, &bad, s, t, &n), SPK_ERR_ARGUMENT);
    CU_ASSERT_STRING_EQUAL(spk_context_message(ctx),
                           "b: epoch 1 is empty: start 5, stop 5");
    CU_ASSERT_EQUAL(spk_epochs_intersect(ctx, NULL, &good, s, t, &n), SPK_ERR_ARGUMENT);
    CU_ASSERT_STRING_EQUAL(spk_context_message(ctx), "a is NULL");
    CU_ASSERT_EQUAL(spk_epochs_intersect(ctx, &good, NULL, s, t, &n), SPK_ERR_ARGUMENT);
    CU_ASSERT_STRING_EQUAL(spk_context_message(ctx), "b is NULL");
    CU_ASSERT_EQUAL(spk_epochs_intersect(ctx, &good, &good, NULL, t, &n),
                    SPK_ERR_ARGUMENT);
    CU_ASSERT_STRING_EQUAL(spk_context_message(ctx), "starts is NULL");
    CU_ASSERT_EQUAL(spk_epochs_intersect(ctx, &good, &good, s, NULL, &n),
                    SPK_ERR_ARGUMENT);
    CU_ASSERT_STRING_EQUAL(spk_context_message(ctx), "stops is NULL");
    CU_ASSERT_EQUAL(spk_epochs_intersect(ctx, &good, &good, s, t, NULL),
                    SPK_ERR_ARGUMENT);
    CU_ASSERT_STRING_EQUAL(spk_context_message(ctx), "n_epochs is NULL");
    spk_context_destroy(ctx);
}

static const suite_test tests[] = {
    {"good epochs pass", good_epochs_pass},
    {"bad epochs are named", bad_epochs_are_named},
    {"normalize: hand-worked", normalize_hand_worked},
    {"normalize equals the set of samples", normalize_equals_the_set_of_samples},
    {"normalize: errors", normalize_errors},
    {"normalize: failed allocations", normalize_failed_allocations},
    {"intersect: hand-worked", intersect_hand_worked},
    {"intersect equals the samples in both", intersect_equals_the_samples_in_both},
    {"intersect: errors", intersect_errors},
};
SUITE_MAIN("epochs", tests)
