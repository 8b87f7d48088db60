/* SPDX-License-Identifier: BSD-3-Clause */
#include "comparison_oracle.h"
#include "suite.h"

#include <math.h>
#include <spikekit/consensus.h>

static spk_comparison_options new_options(int64_t delta)
{
    spk_comparison_options o;
    spk_comparison_options_init(&o, sizeof o);
    o.delta_samples = delta;
    return o;
}

static spk_consensus *join(const spk_spikes *sortings, int64_t n, int64_t delta)
{
    const spk_comparison_options o = new_options(delta);
    spk_consensus *c = NULL;
    CU_ASSERT_EQUAL_FATAL(spk_consensus_create(NULL, sortings, n, &o, &c), SPK_OK);
    return c;
}

/*
 * A: unit 0 at 10 20 30 40, unit 1 at 500 600.
 * B: unit 0 at 501 601, unit 1 at 11 21 31, unit 2 at 900.
 * C: unit 0 at 12 20 31 50, unit 1 at 70.
 */
static const int64_t a_samples[] = {10, 20, 30, 40, 500, 600};
static const int32_t a_units[] = {0, 0, 0, 0, 1, 1};
static const int64_t b_samples[] = {11, 21, 31, 501, 601, 900};
static const int32_t b_units[] = {1, 1, 1, 0, 0, 2};
static const int64_t c_samples[] = {12, 20, 31, 50, 70};
static const int32_t c_units[] = {0, 0, 0, 0, 1};
static const spk_spikes three[] = {
    {6, 2, a_samples, a_units, 30000.0, 0, 1000},
    {6, 3, b_samples, b_units, 30000.0, -5, 950},
    {5, 2, c_samples, c_units, 30000.0, 0, 1010},
};

static void expect_train(const spk_consensus *c, int32_t findings, int32_t members,
                         int64_t n, const int64_t *samples, const int32_t *units)
{
    int64_t found_samples[32];
    int32_t found_units[32];
    spk_spikes found;
    CU_ASSERT_EQUAL_FATAL(spk_consensus_trains(NULL, c, three, findings, members,
                                               found_samples, found_units, &found),
                          SPK_OK);
    CU_ASSERT_EQUAL(spk_spikes_check(NULL, &found), SPK_OK);
    CU_ASSERT_EQUAL(found.n_units, 4);
    CU_ASSERT_EQUAL(found.start_sample, -5);
    CU_ASSERT_EQUAL(found.stop_sample, 1010);
    CU_ASSERT_EQUAL_FATAL(found.n_spikes, n);
    for (int64_t s = 0; s < n; s++) {
        CU_ASSERT_EQUAL(found.samples[s], samples[s]);
        CU_ASSERT_EQUAL(found.units[s], units[s]);
    }
}

static void hand_worked(void)
{
    spk_consensus *c = join(three, 3, 2);
    CU_ASSERT_EQUAL(spk_consensus_n_sortings(c), 3);
    CU_ASSERT_EQUAL_FATAL(spk_consensus_n_units(c), 4);
    const int32_t members[4][3] = {{0, 1, 0}, {1, 0, -1}, {-1, 2, -1}, {-1, -1, 1}};
    const int32_t n_members[] = {3, 2, 1, 1};
    CU_ASSERT_EQUAL(memcmp(spk_consensus_members(c), members, sizeof members), 0);
    CU_ASSERT_EQUAL(memcmp(spk_consensus_n_members(c), n_members, sizeof n_members), 0);
    /* A with B 3 of 4 and 3, with C 3 of 4 and 4, B with C 3 of 3 and 4 */
    CU_ASSERT_DOUBLE_EQUAL(spk_consensus_agreements(c)[0], (0.75 + 0.6 + 0.75) / 3,
                           1e-15);
    CU_ASSERT_EQUAL(spk_consensus_agreements(c)[1], 1.0);
    CU_ASSERT(isnan(spk_consensus_agreements(c)[2]));

    int64_t length = 0;
    CU_ASSERT_EQUAL(spk_consensus_trains_length(NULL, three, 3, &length), SPK_OK);
    CU_ASSERT_EQUAL(length, 17);
    const int64_t all[] = {10, 20, 30, 40, 50, 70, 500, 600, 900};
    const int32_t all_units[] = {0, 0, 0, 0, 0, 3, 1, 1, 2};
    expect_train(c, 1, 1, 9, all, all_units);
    const int64_t shared[] = {10, 20, 30, 70, 500, 600, 900};
    const int32_t shared_units[] = {0, 0, 0, 3, 1, 1, 2};
    expect_train(c, 0, 1, 7, shared, shared_units);
    const int64_t two[] = {10, 20, 30, 500, 600};
    const int32_t two_units[] = {0, 0, 0, 1, 1};
    expect_train(c, 2, 1, 5, two, two_units);
    expect_train(c, 3, 1, 3, two, two_units);
    const int64_t union_of_three[] = {10, 20, 30, 40, 50};
    const int32_t zeros[] = {0, 0, 0, 0, 0};
    expect_train(c, 1, 3, 5, union_of_three, zeros);
    expect_train(c, 1, 4, 0, NULL, NULL);
    spk_consensus_destroy(c);
}

/* A0 and A1 both lead to C0, by way of two units of B: the stronger path wins. */
static void one_unit_a_sorting(void)
{
    static const int64_t first[] = {10, 20, 30, 40, 50, 60, 110, 120, 130, 140};
    static const int32_t first_units[] = {0, 0, 0, 0, 0, 0, 1, 1, 1, 1};
    /* B0: A0 and a part of A1; B1: A1 without that. */
    static const int64_t second[] = {10, 20, 30, 40, 50, 60};
    static const int32_t second_units[] = {0, 0, 0, 0, 0, 0};
    static const int64_t third[] = {10, 20, 30, 40, 110, 120, 130, 140};
    static const int32_t third_units[] = {0, 0, 0, 0, 0, 0, 0, 0};
    const spk_spikes tables[] = {
        {10, 2, first, first_units, 30000.0, 0, 1000},
        {6, 1, second, second_units, 30000.0, 0, 1000},
        {8, 1, third, third_units, 30000.0, 0, 1000},
    };
    spk_comparison_options o = new_options(0);
    spk_consensus *c = NULL;
    o.match_score = 0.35;
    /* A0-B0 1.0, A1-C0 0.5, B0-C0 0.4: the last would bring A0 and A1 together. */
    CU_ASSERT_EQUAL_FATAL(spk_consensus_create(NULL, tables, 3, &o, &c), SPK_OK);
    const int32_t members[2][3] = {{0, 0, -1}, {1, -1, 0}};
    CU_ASSERT_EQUAL_FATAL(spk_consensus_n_units(c), 2);
    CU_ASSERT_EQUAL(memcmp(spk_consensus_members(c), members, sizeof members), 0);
    CU_ASSERT_EQUAL(spk_consensus_agreements(c)[0], 1.0);
    CU_ASSERT_EQUAL(spk_consensus_agreements(c)[1], 0.5);
    spk_consensus_destroy(c);
}

/* The largest number of pairs (s, t) within delta, each spike in one: by augmenting paths. */
static int64_t pair_off(const int64_t *a, const int64_t *b, int64_t n_b, int64_t delta,
                        int64_t s, int64_t *partner, char *seen)
{
    for (int64_t t = 0; t < n_b; t++) {
        if (llabs(a[s] - b[t]) > delta || seen[t])
            continue;
        seen[t] = 1;
        if (partner[t] < 0 || pair_off(a, b, n_b, delta, partner[t], partner, seen)) {
            partner[t] = s;
            return 1;
        }
    }
    return 0;
}

/* Two sortings of one unit each: the union has n_a + n_b - m spikes, the intersection m. */
static void sizes_of_union_and_intersection(void)
{
    static owned_table tables[2];
    spk_random random = {.seed = 8};
    int64_t samples[2][200];
    int32_t units[2][200];
    int n_joined = 0;
    for (int repeat = 0; repeat < 200; repeat++) {
        oracle_random_table(&random, 60, 1, repeat % 2 ? 60 : 400, &tables[0]);
        oracle_jittered_table(&random, &tables[0], 1, 3, &tables[1]);
        const spk_spikes both[] = {tables[0].spikes, tables[1].spikes};
        spk_consensus *c = join(both, 2, 4);
        if (spk_consensus_n_units(c) == 1) {
            spk_spikes joined, shared;
            int64_t partner[512], m = 0;
            for (int64_t t = 0; t < both[1].n_spikes; t++)
                partner[t] = -1;
            for (int64_t s = 0; s < both[0].n_spikes; s++) {
                char seen[512] = {0};
                m += pair_off(both[0].samples, both[1].samples, both[1].n_spikes, 4, s,
                              partner, seen);
            }
            CU_ASSERT_EQUAL(
                spk_consensus_trains(NULL, c, both, 1, 1, samples[0], units[0], &joined),
                SPK_OK);
            CU_ASSERT_EQUAL(
                spk_consensus_trains(NULL, c, both, 0, 1, samples[1], units[1], &shared),
                SPK_OK);
            CU_ASSERT_EQUAL(joined.n_spikes, both[0].n_spikes + both[1].n_spikes - m);
            CU_ASSERT_EQUAL(shared.n_spikes, m);
            CU_ASSERT_EQUAL(spk_spikes_check(NULL, &joined), SPK_OK);
            n_joined++;
        }
        spk_consensus_destroy(c);
    }
    CU_ASSERT(n_joined > 100);
}

/* Spikes on two sides of a border between epochs are two events, and gaps hold none. */
static void epochs(void)
{
    static const int64_t a[] = {10, 49, 75, 120}, b[] = {10, 50, 75, 120};
    static const int32_t zeros[] = {0, 0, 0, 0};
    const spk_spikes both[] = {{4, 1, a, zeros, 30000.0, 0, 200},
                               {4, 1, b, zeros, 30000.0, 0, 200}};
    const int64_t starts[] = {0, 50, 100}, stops[] = {50, 60, 200};
    const spk_epochs e = {3, starts, stops};
    spk_comparison_options o = new_options(3);
    spk_consensus *c = NULL;
    int64_t samples[8];
    int32_t units[8];
    spk_spikes joined;
    o.epochs = &e;
    CU_ASSERT_EQUAL_FATAL(spk_consensus_create(NULL, both, 2, &o, &c), SPK_OK);
    CU_ASSERT_EQUAL(spk_consensus_n_units(c), 1);
    CU_ASSERT_EQUAL(spk_consensus_agreements(c)[0], 0.5); /* 2 of 3 and 3 */
    CU_ASSERT_EQUAL(spk_consensus_trains(NULL, c, both, 1, 1, samples, units, &joined),
                    SPK_OK);
    const int64_t expected[] = {10, 49, 50, 120};
    CU_ASSERT_EQUAL(joined.n_spikes, 4);
    CU_ASSERT_EQUAL(memcmp(samples, expected, sizeof expected), 0);
    spk_consensus_destroy(c);
}

static void one_sorting_and_none(void)
{
    spk_consensus *c = join(three, 1, 2);
    CU_ASSERT_EQUAL(spk_consensus_n_units(c), 2);
    CU_ASSERT_EQUAL(spk_consensus_members(c)[1], 1);
    spk_consensus_destroy(c);
    const spk_spikes nothing[] = {{0, 0, NULL, NULL, 30000.0, 0, 0},
                                  {0, 0, NULL, NULL, 30000.0, 0, 0}};
    c = join(nothing, 2, 2);
    CU_ASSERT_EQUAL(spk_consensus_n_units(c), 0);
    spk_consensus_destroy(c);
    spk_consensus_destroy(NULL);
    CU_ASSERT_EQUAL(spk_consensus_n_units(NULL) + spk_consensus_n_sortings(NULL), 0);
    CU_ASSERT_PTR_NULL(spk_consensus_members(NULL));
    CU_ASSERT_PTR_NULL(spk_consensus_n_members(NULL));
    CU_ASSERT_PTR_NULL(spk_consensus_agreements(NULL));
}

static void errors(void)
{
    spk_context *ctx = NULL;
    spk_consensus *c = NULL;
    CU_ASSERT_EQUAL_FATAL(spk_context_create(&ctx), SPK_OK);
    spk_comparison_options o = new_options(2);
    const struct {
        const spk_spikes *sortings;
        int64_t n;
        const char *message;
    } cases[] = {
        {NULL, 3, "sortings is NULL"},
        {three, 0, "n_sortings must be 1 to 1000, got 0"},
        {three, 1001, "n_sortings must be 1 to 1000, got 1001"},
    };
    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
        CU_ASSERT_EQUAL(spk_consensus_create(ctx, cases[k].sortings, cases[k].n, &o, &c),
                        SPK_ERR_ARGUMENT);
        CU_ASSERT_STRING_EQUAL(spk_context_message(ctx), cases[k].message);
    }
    o.truth = 1;
    CU_ASSERT_EQUAL(spk_consensus_create(ctx, three, 3, &o, &c), SPK_ERR_ARGUMENT);
    CU_ASSERT_STRING_EQUAL(spk_context_message(ctx),
                           "truth must be 0: no sorting of a consensus is the truth");
    o.truth = 0;
    spk_spikes other[] = {three[0], three[1], three[2]};
    other[2].sampling_rate_hz = 20000.0;
    CU_ASSERT_EQUAL(spk_consensus_create(ctx, other, 3, &o, &c), SPK_ERR_ARGUMENT);
    CU_ASSERT_STRING_EQUAL(
        spk_context_message(ctx),
        "sortings 0 (a) and 2 (b): a is sampled at 30000 Hz, b at 20000 "
        "Hz: not the same samples");
    CU_ASSERT_EQUAL(spk_consensus_create(ctx, three, 3, &o, NULL), SPK_ERR_ARGUMENT);
    CU_ASSERT_PTR_NULL(c);

    c = join(three, 3, 2);
    int64_t samples[32];
    int32_t units[32];
    spk_spikes joined;
    CU_ASSERT_EQUAL(spk_consensus_trains(ctx, NULL, three, 1, 1, samples, units, &joined),
                    SPK_ERR_ARGUMENT);
    CU_ASSERT_EQUAL(spk_consensus_trains(ctx, c, NULL, 1, 1, samples, units, &joined),
                    SPK_ERR_ARGUMENT);
    CU_ASSERT_EQUAL(spk_consensus_trains(ctx, c, three, 1, 1, NULL, units, &joined),
                    SPK_ERR_ARGUMENT);
    CU_ASSERT_EQUAL(spk_consensus_trains(ctx, c, three, -1, 1, samples, units, &joined),
                    SPK_ERR_ARGUMENT);
    CU_ASSERT_STRING_EQUAL(spk_context_message(ctx),
                           "least_findings must be >= 0, got -1");
    CU_ASSERT_EQUAL(spk_consensus_trains(ctx, c, three, 1, 0, samples, units, &joined),
                    SPK_ERR_ARGUMENT);
    CU_ASSERT_STRING_EQUAL(spk_context_message(ctx), "least_members must be >= 1, got 0");
    other[1].n_units = 7;
    CU_ASSERT_EQUAL(spk_consensus_trains(ctx, c, other, 1, 1, samples, units, &joined),
                    SPK_ERR_ARGUMENT);
    CU_ASSERT_STRING_EQUAL(spk_context_message(ctx),
                           "sorting 1 has 7 units, expected the 3 it was made from");
    CU_ASSERT_EQUAL(spk_consensus_trains_length(ctx, three, 3, NULL), SPK_ERR_ARGUMENT);
    CU_ASSERT_EQUAL(spk_consensus_trains_length(ctx, NULL, 3, samples), SPK_ERR_ARGUMENT);
    spk_consensus_destroy(c);
    spk_context_destroy(ctx);
}

static spk_status join_and_merge(spk_context *ctx, void *unused)
{
    (void)unused;
    const int64_t start = 0, stop = 800;
    const spk_epochs e = {1, &start, &stop};
    spk_comparison_options o = new_options(2);
    spk_consensus *c = NULL;
    o.epochs = &e;
    spk_status status = spk_consensus_create(ctx, three, 3, &o, &c);
    int64_t samples[32];
    int32_t units[32];
    spk_spikes joined;
    if (status == SPK_OK)
        status = spk_consensus_trains(ctx, c, three, 1, 1, samples, units, &joined);
    spk_consensus_destroy(c);
    return status;
}

static void failed_allocations(void)
{
    CU_ASSERT(suite_fail_allocations(join_and_merge, NULL) > 60);
}

static const suite_test tests[] = {
    {"hand-worked", hand_worked},
    {"one unit a sorting", one_unit_a_sorting},
    {"sizes of union and intersection", sizes_of_union_and_intersection},
    {"epochs", epochs},
    {"one sorting, and none", one_sorting_and_none},
    {"errors", errors},
    {"failed allocations", failed_allocations},
};
SUITE_MAIN("consensus", tests)
