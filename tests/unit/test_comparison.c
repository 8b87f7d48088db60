/* SPDX-License-Identifier: BSD-3-Clause */
#include "comparison_oracle.h"
#include "suite.h"

#include <math.h>
#include <spikekit/comparison.h>
#include <spikekit/simulation.h>

static spk_comparison_options new_options(int64_t delta)
{
    spk_comparison_options o;
    spk_comparison_options_init(&o, sizeof o);
    o.delta_samples = delta;
    return o;
}

static spk_comparison *compare(const spk_spikes *a, const spk_spikes *b,
                               const spk_comparison_options *o)
{
    spk_comparison *c = NULL;
    CU_ASSERT_EQUAL_FATAL(spk_comparison_create(NULL, a, b, o, &c), SPK_OK);
    return c;
}

/*
 * Truth: unit 0 at 100 200 300 400, unit 1 at 1000 1100, unit 2 never fires.
 * Tested: unit 0 has 101 199 300 and a stranger at 700, unit 1 has 1000 1100, unit 2 has 400
 * and nothing else, unit 3 has 5000.
 */
static const int64_t truth_samples[] = {100, 200, 300, 400, 1000, 1100};
static const int32_t truth_units[] = {0, 0, 0, 0, 1, 1};
static const int64_t tested_samples[] = {101, 199, 300, 400, 700, 1000, 1100, 5000};
static const int32_t tested_units[] = {0, 0, 0, 2, 0, 1, 1, 3};
static const spk_spikes truth = {6, 3, truth_samples, truth_units, 30000.0, 0, 6000};
static const spk_spikes tested = {8, 4, tested_samples, tested_units, 30000.0, 0, 6000};

static void hand_worked(void)
{
    spk_comparison_options o = new_options(1);
    o.truth = 1;
    spk_comparison *c = compare(&truth, &tested, &o);
    CU_ASSERT_EQUAL(spk_comparison_delta(c), 1);
    const spk_comparison_pairs p = spk_comparison_get_pairs(c);
    CU_ASSERT_EQUAL(p.n_units_a, 3);
    CU_ASSERT_EQUAL(p.n_units_b, 4);
    CU_ASSERT_EQUAL_FATAL(p.n_pairs, 3);
    const int64_t offsets[] = {0, 2, 3, 3}, matches[] = {3, 1, 2};
    const int32_t partners[] = {0, 2, 1};
    const double agreements[] = {3.0 / (4 + 4 - 3), 1.0 / (4 + 1 - 1), 1.0};
    CU_ASSERT_EQUAL(memcmp(p.offsets, offsets, sizeof offsets), 0);
    CU_ASSERT_EQUAL(memcmp(p.partners, partners, sizeof partners), 0);
    CU_ASSERT_EQUAL(memcmp(p.matches, matches, sizeof matches), 0);
    for (int k = 0; k < 3; k++)
        CU_ASSERT_EQUAL(p.agreements[k], agreements[k]);
    CU_ASSERT_EQUAL(spk_comparison_matches(c, 0, 2), 1);
    CU_ASSERT_EQUAL(spk_comparison_matches(c, 0, 1), 0);
    CU_ASSERT_EQUAL(spk_comparison_matches(c, 7, 1), 0);
    CU_ASSERT_EQUAL(spk_comparison_agreement(c, 0, 2), 0.25);

    const spk_comparison_unit *a = spk_comparison_units_a(c),
                              *b = spk_comparison_units_b(c);
    CU_ASSERT_EQUAL(a[0].n_spikes, 4);
    CU_ASSERT_EQUAL(a[0].best_match, 0);
    CU_ASSERT_EQUAL(a[0].assigned_match, 0);
    CU_ASSERT_EQUAL(a[0].best_agreement, 0.6);
    CU_ASSERT_EQUAL(a[0].assigned_agreement, 0.6);
    CU_ASSERT_EQUAL(a[0].n_possible, 2);
    CU_ASSERT_EQUAL(a[0].classes, 0);
    CU_ASSERT_EQUAL(a[1].classes, SPK_COMPARISON_WELL_DETECTED);
    CU_ASSERT_EQUAL(a[2].n_spikes, 0);
    CU_ASSERT_EQUAL(a[2].best_match, -1);
    CU_ASSERT_EQUAL(a[2].assigned_match, -1);
    CU_ASSERT_EQUAL(a[2].best_agreement, 0.0);
    CU_ASSERT(isnan(a[2].assigned_agreement));
    CU_ASSERT_EQUAL(b[0].classes, 0);
    CU_ASSERT_EQUAL(b[1].classes, SPK_COMPARISON_WELL_DETECTED);
    CU_ASSERT_EQUAL(b[2].best_match, 0);
    CU_ASSERT_EQUAL(b[2].classes, SPK_COMPARISON_REDUNDANT | SPK_COMPARISON_BAD);
    CU_ASSERT_EQUAL(b[3].classes, SPK_COMPARISON_FALSE_POSITIVE | SPK_COMPARISON_BAD);

    const spk_comparison_performance *f = spk_comparison_get_performance(c);
    CU_ASSERT_EQUAL(f[0].match, 0);
    CU_ASSERT_EQUAL(f[0].tp, 3);
    CU_ASSERT_EQUAL(f[0].fn, 1);
    CU_ASSERT_EQUAL(f[0].fp, 1);
    CU_ASSERT_EQUAL(f[0].accuracy, 0.6);
    CU_ASSERT_EQUAL(f[0].recall, 0.75);
    CU_ASSERT_EQUAL(f[0].precision, 0.75);
    CU_ASSERT_EQUAL(f[0].false_discovery, 0.25);
    CU_ASSERT_EQUAL(f[0].miss_rate, 0.25);
    /* scipy 1.17: beta.ppf(.025, 3, 2), beta.ppf(.975, 4, 1) */
    CU_ASSERT_DOUBLE_EQUAL(f[0].recall_lower, 0.19412044968324338, 1e-12);
    CU_ASSERT_DOUBLE_EQUAL(f[0].recall_upper, 0.9936905367902902, 1e-12);
    CU_ASSERT_EQUAL(f[0].precision_lower, f[0].recall_lower);
    CU_ASSERT_EQUAL(f[1].recall, 1.0);
    CU_ASSERT_EQUAL(f[1].recall_upper, 1.0);
    CU_ASSERT_EQUAL(f[2].match, -1);
    CU_ASSERT(isnan(f[2].accuracy) && isnan(f[2].recall) && isnan(f[2].precision) &&
              isnan(f[2].recall_lower) && isnan(f[2].precision_upper));

    int32_t order_a[3], order_b[4];
    int64_t confusion[4][5];
    CU_ASSERT_EQUAL(spk_comparison_confusion(NULL, c, order_a, order_b, confusion[0]),
                    SPK_OK);
    const int32_t in_a[] = {0, 1, 2}, in_b[] = {0, 1, 2, 3};
    const int64_t expected[4][5] = {
        {3, 0, 0, 0, 1}, {0, 2, 0, 0, 0}, {0, 0, 0, 0, 0}, {1, 0, 1, 1, 0}};
    CU_ASSERT_EQUAL(memcmp(order_a, in_a, sizeof in_a), 0);
    CU_ASSERT_EQUAL(memcmp(order_b, in_b, sizeof in_b), 0);
    CU_ASSERT_EQUAL(memcmp(confusion, expected, sizeof expected), 0);
    spk_comparison_destroy(c);
}

/* A unit without match against the truth is missed altogether: recall 0, precision unknown. */
static void a_missed_unit(void)
{
    const int64_t elsewhere[] = {50};
    const int32_t unit[] = {0};
    const spk_spikes other = {1, 1, elsewhere, unit, 30000.0, 0, 6000};
    spk_comparison_options o = new_options(1);
    o.truth = 1;
    spk_comparison *c = compare(&truth, &other, &o);
    const spk_comparison_performance f = spk_comparison_get_performance(c)[0];
    CU_ASSERT_EQUAL(f.match, -1);
    CU_ASSERT_EQUAL(f.tp + f.fp, 0);
    CU_ASSERT_EQUAL(f.fn, 4);
    CU_ASSERT_EQUAL(f.accuracy, 0.0);
    CU_ASSERT_EQUAL(f.recall, 0.0);
    CU_ASSERT_EQUAL(f.miss_rate, 1.0);
    CU_ASSERT(isnan(f.precision) && isnan(f.false_discovery) && isnan(f.precision_lower));
    CU_ASSERT_EQUAL(f.recall_lower, 0.0);
    /* 1 - 0.025^(1/4) */
    CU_ASSERT_DOUBLE_EQUAL(f.recall_upper, 1.0 - pow(0.025, 0.25), 1e-14);
    spk_comparison_destroy(c);
}

/* Within bursts: two spikes of a take one of b only once in a row, but it may be taken again
 * after another; the count stops at the spikes of b. */
static void bursts(void)
{
    const int64_t burst[] = {10, 11, 12}, single[] = {11}, pair[] = {11, 12};
    const int32_t zeros[] = {0, 0, 0};
    const spk_spikes three = {3, 1, burst, zeros, 30000.0, 0, 100};
    const spk_spikes one = {1, 1, single, zeros, 30000.0, 0, 100};
    const spk_spikes two = {2, 1, pair, zeros, 30000.0, 0, 100};
    spk_comparison_options o = new_options(5);
    o.symmetric = 0;
    const struct {
        const spk_spikes *a, *b;
        int64_t matches;
    } cases[] = {
        {&three, &one, 1},   {&one, &three, 1},
        {&two, &three, 2},   {&three, &two, 2}, /* 3 taken, 2 are there */
        {&three, &three, 3},
    };
    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
        spk_comparison *c = compare(cases[k].a, cases[k].b, &o);
        CU_ASSERT_EQUAL(spk_comparison_matches(c, 0, 0), cases[k].matches);
        spk_comparison_destroy(c);
    }
}

static void equals_the_oracle(const owned_table *a, const owned_table *b,
                              const spk_comparison_options *o)
{
    const int symmetric = o->symmetric < 0 ? !o->truth : o->symmetric;
    spk_comparison *c = compare(&a->spikes, &b->spikes, o);
    const spk_comparison_pairs p = spk_comparison_get_pairs(c);
    int64_t n_pairs = 0, n_wrong = 0;
    for (int64_t i = 0; i < a->spikes.n_units; i++) {
        n_wrong += spk_comparison_units_a(c)[i].n_spikes !=
                   oracle_n_spikes(&a->spikes, i, o->epochs);
        for (int64_t j = 0; j < b->spikes.n_units; j++) {
            const int64_t expected = oracle_matches(
                &a->spikes, i, &b->spikes, j, o->epochs, o->delta_samples, symmetric);
            n_wrong += spk_comparison_matches(c, i, j) != expected;
            n_pairs += expected > 0;
        }
    }
    for (int64_t j = 0; j < b->spikes.n_units; j++)
        n_wrong += spk_comparison_units_b(c)[j].n_spikes !=
                   oracle_n_spikes(&b->spikes, j, o->epochs);
    CU_ASSERT_EQUAL(n_wrong, 0);
    CU_ASSERT_EQUAL(p.n_pairs, n_pairs);
    spk_comparison_destroy(c);
}

/* Dense and sparse, bursts, duplicates, empty units, with and without epochs. */
static void random_tables(void)
{
    static const int64_t spans[] = {20, 200, 3000, 40000}, deltas[] = {0, 1, 3, 12, 60};
    static owned_table a, b;
    spk_random random = {.seed = 11};
    for (int repeat = 0; repeat < 100; repeat++) {
        const int64_t n_units = 1 + oracle_draw(&random, 6);
        oracle_random_table(&random, 120, n_units, spans[repeat % 4], &a);
        if (repeat % 3 == 0)
            oracle_random_table(&random, 120, 1 + oracle_draw(&random, 6),
                                spans[repeat % 4], &b);
        else
            oracle_jittered_table(&random, &a, n_units, repeat % 5, &b);
        spk_comparison_options o = new_options(deltas[oracle_draw(&random, 5)]);
        o.truth = repeat % 2;
        int64_t starts[4], stops[4], at = -15000;
        for (int e = 0; e < 4; e++) {
            starts[e] = at += oracle_draw(&random, spans[repeat % 4] / 4 + 2);
            stops[e] = at += 1 + oracle_draw(&random, spans[repeat % 4] / 2 + 2);
        }
        const spk_epochs epochs = {4, starts, stops};
        equals_the_oracle(&a, &b, &o);
        o.epochs = &epochs;
        equals_the_oracle(&a, &b, &o);
    }
}

/* Touching epochs: a spike on either side of the border never match. */
static void epochs_do_not_meet(void)
{
    const int64_t left[] = {99}, right[] = {100};
    const int32_t unit[] = {0};
    const int64_t starts[] = {0, 100}, stops[] = {100, 200};
    const spk_epochs epochs = {2, starts, stops}, none = {0, NULL, NULL};
    const spk_spikes a = {1, 1, left, unit, 30000.0, 0, 200};
    const spk_spikes b = {1, 1, right, unit, 30000.0, 0, 200};
    spk_comparison_options o = new_options(5);
    spk_comparison *c = compare(&a, &b, &o);
    CU_ASSERT_EQUAL(spk_comparison_matches(c, 0, 0), 1);
    spk_comparison_destroy(c);
    o.epochs = &epochs;
    c = compare(&a, &b, &o);
    CU_ASSERT_EQUAL(spk_comparison_matches(c, 0, 0), 0);
    CU_ASSERT_EQUAL(spk_comparison_units_a(c)[0].n_spikes, 1);
    spk_comparison_destroy(c);
    o.epochs = &none;
    c = compare(&a, &b, &o);
    CU_ASSERT_EQUAL(spk_comparison_get_pairs(c).n_pairs, 0);
    CU_ASSERT_EQUAL(spk_comparison_units_a(c)[0].n_spikes, 0);
    spk_comparison_destroy(c);
}

/* The same in bursts: spikes near others of their unit on both sides of a border. */
static void bursts_do_not_meet(void)
{
    const int64_t left[] = {97, 99}, right[] = {100, 102};
    const int32_t zeros[] = {0, 0};
    const int64_t starts[] = {0, 100}, stops[] = {100, 200};
    const spk_epochs epochs = {2, starts, stops};
    const spk_spikes a = {2, 1, left, zeros, 30000.0, 0, 200};
    const spk_spikes b = {2, 1, right, zeros, 30000.0, 0, 200};
    spk_comparison_options o = new_options(5);
    for (int apart = 0; apart < 2; apart++) {
        o.epochs = apart ? &epochs : NULL;
        spk_comparison *c = compare(&a, &b, &o);
        CU_ASSERT_EQUAL(spk_comparison_matches(c, 0, 0), apart ? 0 : 2);
        spk_comparison_destroy(c);
    }
}

/*
 * Long tables are counted in stretches, which end at every 8192nd spike of one of them. Where
 * in a burst that is does not matter. Spikes of a at 0 10 20 and of b at 5 15, within 5 of
 * each other: both of b are taken, and the third of a finds the second of b taken last.
 */
static void bursts_at_the_end_of_a_stretch(void)
{
    enum {
        STRETCH = 8192,
        AT = 1000000
    };
    static const int64_t burst[] = {0, 10, 20};
    static const int64_t b_samples[] = {AT + 5, AT + 15, AT + 1000, AT + 2000};
    static const int32_t b_units[4];
    static int64_t a_samples[STRETCH + 4];
    static int32_t a_units[STRETCH + 4];
    const spk_spikes b = {4, 1, b_samples, b_units, 30000.0, 0, 2 * AT};
    const spk_comparison_options o = new_options(5);
    for (int64_t end = -20; end <= 40; end++) {
        int64_t n_before = 0, n = 0;
        while (n_before < 3 && burst[n_before] < end)
            n_before++;
        /* Unit 1 of a fills the stretch, and begins the next one. */
        for (; n < STRETCH - n_before; n++)
            a_samples[n] = 100 * n;
        for (int k = 0; k < n_before; k++)
            a_samples[n++] = AT + burst[k];
        a_samples[n++] = AT + end;
        for (int64_t k = n_before; k < 3; k++)
            a_samples[n++] = AT + burst[k];
        for (int64_t s = 0; s < n; s++)
            a_units[s] = s < STRETCH - n_before || s == STRETCH;
        const spk_spikes a = {n, 2, a_samples, a_units, 30000.0, 0, 2 * AT};
        spk_comparison *c = compare(&a, &b, &o);
        CU_ASSERT_EQUAL(spk_comparison_matches(c, 0, 0), 2);
        CU_ASSERT_EQUAL(spk_comparison_units_a(c)[0].n_spikes, 3);
        spk_comparison_destroy(c);
    }
}

/* A match whose agreement is chance_score itself is a possible one. */
static void agreement_at_chance(void)
{
    spk_comparison_options o = new_options(1);
    const double chances[] = {0.25, 0.6, 0.61};
    for (int k = 0; k < 3; k++) {
        o.chance_score = chances[k];
        spk_comparison *c = compare(&truth, &tested, &o);
        const spk_comparison_unit *a = spk_comparison_units_a(c),
                                  *b = spk_comparison_units_b(c);
        CU_ASSERT_EQUAL(a[0].n_possible, 2 - k);
        CU_ASSERT_EQUAL(a[0].best_match, k < 2 ? 0 : -1);
        CU_ASSERT_EQUAL(a[0].best_agreement, 0.6);
        CU_ASSERT_EQUAL(b[2].best_match, k < 1 ? 0 : -1);
        CU_ASSERT_EQUAL(b[2].n_possible, k < 1);
        spk_comparison_destroy(c);
    }
}

static void no_units_no_spikes(void)
{
    const spk_spikes nothing = {0, 0, NULL, NULL, 30000.0, 0, 0};
    const spk_spikes silent = {0, 3, NULL, NULL, 30000.0, 0, 10};
    const spk_spikes *tables[] = {&nothing, &silent, &truth};
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 3; j++) {
            spk_comparison *c = compare(tables[i], tables[j], NULL);
            const spk_comparison_pairs p = spk_comparison_get_pairs(c);
            CU_ASSERT_EQUAL(p.n_units_a, tables[i]->n_units);
            CU_ASSERT_EQUAL(p.n_units_b, tables[j]->n_units);
            CU_ASSERT_EQUAL(p.n_pairs, i == 2 && j == 2 ? 2 : 0);
            const int64_t n_spikes[] = {4, 2, 0};
            for (int64_t u = 0; u < tables[j]->n_units; u++)
                CU_ASSERT_EQUAL(spk_comparison_units_b(c)[u].n_spikes,
                                j == 2 ? n_spikes[u] : 0);
            spk_comparison_destroy(c);
        }
    spk_comparison_destroy(NULL);
    CU_ASSERT_EQUAL(spk_comparison_get_pairs(NULL).n_pairs, 0);
    CU_ASSERT_PTR_NULL(spk_comparison_units_a(NULL));
    CU_ASSERT_PTR_NULL(spk_comparison_units_b(NULL));
    CU_ASSERT_PTR_NULL(spk_comparison_get_performance(NULL));
    CU_ASSERT_EQUAL(spk_comparison_delta(NULL), 0);
}

/* Times far from 0, and far from each other. */
static void huge_times(void)
{
    const int64_t far = (int64_t)1 << 61;
    const int64_t a_samples[] = {-far, -far + 1, 0, far - 3, far};
    const int64_t b_samples[] = {-far, -far + 2, 1, far - 1};
    const int32_t a_units[] = {0, 1, 0, 1, 0}, b_units[] = {0, 0, 1, 1};
    const spk_spikes a = {5, 2, a_samples, a_units, 30000.0, -far, far + 1};
    const spk_spikes b = {4, 2, b_samples, b_units, 30000.0, -far, far + 1};
    const int64_t expected[2][2] = {{1, 2}, {1, 1}};
    const spk_comparison_options o = new_options(2);
    spk_comparison *c = compare(&a, &b, &o);
    for (int i = 0; i < 2; i++)
        for (int j = 0; j < 2; j++)
            CU_ASSERT_EQUAL(spk_comparison_matches(c, i, j), expected[i][j]);
    spk_comparison_destroy(c);
}

/* Compared with itself every unit with spikes agrees with itself by 1. */
static void with_itself(void)
{
    static owned_table a;
    spk_random random = {.seed = 3};
    for (int repeat = 0; repeat < 20; repeat++) {
        oracle_random_table(&random, 400, 8, 200000, &a);
        const spk_comparison_options o = new_options(12);
        spk_comparison *c = compare(&a.spikes, &a.spikes, &o);
        for (int64_t u = 0; u < 8; u++) {
            const spk_comparison_unit unit = spk_comparison_units_a(c)[u];
            CU_ASSERT_EQUAL(unit.assigned_match, unit.n_spikes > 0 ? (int32_t)u : -1);
            if (unit.n_spikes == 0)
                continue;
            CU_ASSERT_EQUAL(unit.assigned_agreement, 1.0);
            CU_ASSERT_EQUAL(spk_comparison_get_performance(c)[u].accuracy, 1.0);
        }
        spk_comparison_destroy(c);
    }
}

/* Two sorters: exchanged, matches are transposed where no count reaches the spikes of b. */
static void exchanged(void)
{
    static owned_table a, b;
    spk_random random = {.seed = 4};
    for (int repeat = 0; repeat < 40; repeat++) {
        oracle_random_table(&random, 200, 4, 6000, &a);
        oracle_jittered_table(&random, &a, 5, 3, &b);
        spk_comparison_options o = new_options(6);
        spk_comparison *ab = compare(&a.spikes, &b.spikes, &o);
        spk_comparison *ba = compare(&b.spikes, &a.spikes, &o);
        for (int64_t i = 0; i < 4; i++)
            for (int64_t j = 0; j < 5; j++) {
                const int64_t n_a = spk_comparison_units_a(ab)[i].n_spikes;
                const int64_t n_b = spk_comparison_units_b(ab)[j].n_spikes;
                const int64_t forth = spk_comparison_matches(ab, i, j);
                const int64_t back = spk_comparison_matches(ba, j, i);
                CU_ASSERT_EQUAL(forth < n_a ? forth : n_a, back < n_b ? back : n_b);
            }
        spk_comparison_destroy(ab);
        spk_comparison_destroy(ba);
    }
}

/* Boxes that overlap: the sum over all pairs of spikes. */
static void distance_scores(void)
{
    static owned_table a, b;
    spk_random random = {.seed = 5};
    for (int repeat = 0; repeat < 30; repeat++) {
        oracle_random_table(&random, 80, 3, 800, &a);
        oracle_jittered_table(&random, &a, 3, 3, &b);
        spk_comparison_options o = new_options(8);
        o.score = SPK_COMPARISON_DISTANCE;
        spk_comparison *c = compare(&a.spikes, &b.spikes, &o);
        for (int64_t i = 0; i < 3; i++)
            for (int64_t j = 0; j < 3; j++) {
                if (spk_comparison_matches(c, i, j) == 0)
                    continue;
                double sums[3] = {0};
                const spk_spikes *pairs[3][2] = {{&a.spikes, &b.spikes},
                                                 {&a.spikes, &a.spikes},
                                                 {&b.spikes, &b.spikes}};
                const int64_t units[3][2] = {{i, j}, {i, i}, {j, j}};
                for (int k = 0; k < 3; k++)
                    for (int64_t s = 0; s < pairs[k][0]->n_spikes; s++)
                        for (int64_t t = 0; t < pairs[k][1]->n_spikes; t++)
                            if (pairs[k][0]->units[s] == units[k][0] &&
                                pairs[k][1]->units[t] == units[k][1])
                                sums[k] += fmax(
                                    0.0, 8.0 - fabs((double)(pairs[k][0]->samples[s] -
                                                             pairs[k][1]->samples[t])));
                const double squared = sums[1] + sums[2] - 2 * sums[0];
                CU_ASSERT_DOUBLE_EQUAL(spk_comparison_agreement(c, i, j),
                                       sums[0] / (squared + sums[0]), 1e-14);
            }
        spk_comparison_destroy(c);
    }
}

/* Three threads, chunks by the hundred: the same pairs as one. */
static void threads_change_nothing(void)
{
    spk_simulation_options so;
    spk_simulation_options_init(&so, sizeof so);
    so.n_units = 20;
    so.duration_s = 300;
    so.rate_median_hz = 20;
    spk_simulation *one = NULL, *two = NULL;
    CU_ASSERT_EQUAL_FATAL(spk_simulation_run(NULL, &so, &one), SPK_OK);
    so.seed = 2;
    CU_ASSERT_EQUAL_FATAL(spk_simulation_run(NULL, &so, &two), SPK_OK);
    spk_comparison *c[3] = {0};
    spk_comparison_options o = new_options(60);
    for (int k = 0; k < 3; k++) {
        spk_context *ctx = NULL;
        CU_ASSERT_EQUAL_FATAL(spk_context_create(&ctx), SPK_OK);
        CU_ASSERT_EQUAL(spk_context_set_threads(ctx, 1 << k), SPK_OK);
        CU_ASSERT_EQUAL_FATAL(spk_comparison_create(ctx, spk_simulation_spikes(one),
                                                    spk_simulation_spikes(two), &o,
                                                    &c[k]),
                              SPK_OK);
        spk_context_destroy(ctx);
    }
    const spk_comparison_pairs p = spk_comparison_get_pairs(c[0]);
    CU_ASSERT_EQUAL(p.n_pairs, 400);
    for (int k = 1; k < 3; k++) {
        const spk_comparison_pairs q = spk_comparison_get_pairs(c[k]);
        CU_ASSERT_EQUAL_FATAL(q.n_pairs, p.n_pairs);
        CU_ASSERT_EQUAL(memcmp(p.matches, q.matches, (size_t)p.n_pairs * 8), 0);
        CU_ASSERT_EQUAL(memcmp(p.agreements, q.agreements, (size_t)p.n_pairs * 8), 0);
    }
    for (int k = 0; k < 3; k++)
        spk_comparison_destroy(c[k]);
    spk_simulation_destroy(one);
    spk_simulation_destroy(two);
}

static void delta_from_milliseconds(void)
{
    const struct {
        double ms, rate_hz;
        int64_t delta;
    } cases[] = {
        {0.4, 30000.0, 12}, {0.4, 32000.0, 12}, {0.4, 24414.0625, 9}, {0.0, 30000.0, 0},
        {0.7, 30000.0, 21}, {0.6, 25000.0, 14}, /* the product is just below 15 */
    };
    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
        spk_spikes a = truth, b = tested;
        a.sampling_rate_hz = b.sampling_rate_hz = cases[k].rate_hz;
        spk_comparison_options o = new_options(-1);
        o.delta_ms = cases[k].ms;
        spk_comparison *c = compare(&a, &b, &o);
        CU_ASSERT_EQUAL(spk_comparison_delta(c), cases[k].delta);
        spk_comparison_destroy(c);
    }
}

static void expect_error(const spk_spikes *a, const spk_spikes *b,
                         const spk_comparison_options *o, spk_status status,
                         const char *message)
{
    spk_context *ctx = NULL;
    spk_comparison *c = NULL;
    CU_ASSERT_EQUAL_FATAL(spk_context_create(&ctx), SPK_OK);
    CU_ASSERT_EQUAL(spk_comparison_create(ctx, a, b, o, &c), status);
    CU_ASSERT_STRING_EQUAL(spk_context_message(ctx), message);
    CU_ASSERT_PTR_NULL(c);
    spk_context_destroy(ctx);
}

static void errors(void)
{
    const struct {
        size_t offset;
        double value;
        const char *message;
    } numbers[] = {
        {offsetof(spk_comparison_options, match_score), 0.0,
         "match_score must be above 0 and at most 1, got 0"},
        {offsetof(spk_comparison_options, chance_score), 1.5,
         "chance_score must be above 0 and at most 1, got 1.5"},
        {offsetof(spk_comparison_options, well_detected_score), NAN,
         "well_detected_score must be above 0 and at most 1, got nan"},
        {offsetof(spk_comparison_options, redundant_score), -1.0,
         "redundant_score must be above 0 and at most 1, got -1"},
        {offsetof(spk_comparison_options, overmerged_score), 2.0,
         "overmerged_score must be above 0 and at most 1, got 2"},
        {offsetof(spk_comparison_options, confidence_level), 1.0,
         "confidence_level must be between 0 and 1, got 1"},
        {offsetof(spk_comparison_options, delta_ms), -0.5,
         "delta_ms must be >= 0 and finite, got -0.5"},
    };
    for (size_t k = 0; k < sizeof numbers / sizeof numbers[0]; k++) {
        spk_comparison_options o = new_options(-1);
        memcpy((char *)&o + numbers[k].offset, &numbers[k].value, sizeof(double));
        expect_error(&truth, &tested, &o, SPK_ERR_ARGUMENT, numbers[k].message);
    }
    spk_comparison_options o = new_options(-2);
    expect_error(&truth, &tested, &o, SPK_ERR_ARGUMENT,
                 "delta_samples must be >= 0, or -1 to use delta_ms, got -2");
    o = new_options((1 << 26) + 1);
    expect_error(&truth, &tested, &o, SPK_ERR_OVERFLOW,
                 "delta is 6.71089e+07 samples, at most 67108864 are possible");
    o = new_options(1);
    o.symmetric = 2;
    expect_error(&truth, &tested, &o, SPK_ERR_ARGUMENT,
                 "symmetric must be -1, 0 or 1, got 2");
    o = new_options(1);
    o.score = 2;
    expect_error(&truth, &tested, &o, SPK_ERR_ARGUMENT, "score must be 0 or 1, got 2");
    o = new_options(1);
    o.matching = -1;
    expect_error(&truth, &tested, &o, SPK_ERR_ARGUMENT,
                 "matching must be 0 or 1, got -1");
    o = new_options(1);
    o.struct_size = 8;
    expect_error(&truth, &tested, &o, SPK_ERR_ARGUMENT,
                 "options: not filled by spk_comparison_options_init()");
    spk_spikes other = tested;
    other.sampling_rate_hz = 25000.0;
    expect_error(&truth, &other, NULL, SPK_ERR_ARGUMENT,
                 "a is sampled at 30000 Hz, b at 25000 Hz: not the same samples");
    const int64_t later[] = {7000};
    const int32_t unit[] = {0};
    const spk_spikes apart = {1, 1, later, unit, 30000.0, 6000, 8000};
    expect_error(&truth, &apart, NULL, SPK_ERR_ARGUMENT,
                 "a is samples 0 to 6000, b 6000 to 8000: not the same recording");
    expect_error(NULL, &tested, NULL, SPK_ERR_ARGUMENT, "spikes is NULL");
    const int64_t start = 5, stop = 5;
    const spk_epochs empty = {1, &start, &stop};
    o = new_options(1);
    o.epochs = &empty;
    expect_error(&truth, &tested, &o, SPK_ERR_ARGUMENT,
                 "epochs: epoch 0 is empty: start 5, stop 5");
    const int64_t beyond[] = {((int64_t)1 << 61) + 1};
    const spk_spikes far = {1, 1, beyond, unit, 30000.0, 0, INT64_MAX};
    expect_error(&far, &tested, NULL, SPK_ERR_OVERFLOW,
                 "a: spike times beyond 2^61 samples");
    CU_ASSERT_EQUAL(spk_comparison_create(NULL, &truth, &tested, NULL, NULL),
                    SPK_ERR_ARGUMENT);
    spk_comparison *c = compare(&truth, &tested, NULL);
    int32_t order[5];
    int64_t counts[20];
    CU_ASSERT_EQUAL(spk_comparison_confusion(NULL, NULL, order, order, counts),
                    SPK_ERR_ARGUMENT);
    CU_ASSERT_EQUAL(spk_comparison_confusion(NULL, c, NULL, order, counts),
                    SPK_ERR_ARGUMENT);
    CU_ASSERT_EQUAL(spk_comparison_confusion(NULL, c, order, NULL, counts),
                    SPK_ERR_ARGUMENT);
    CU_ASSERT_EQUAL(spk_comparison_confusion(NULL, c, order, order, NULL),
                    SPK_ERR_ARGUMENT);
    spk_comparison_destroy(c);
}

enum {
    N_MANY = 100000
};

/* Twenty bursts of 10 000 spikes at one sample, against half of each: what each spike might
 * reach is quadratic. */
static void simultaneous_spikes(void)
{
    static int64_t samples[2 * N_MANY], half[N_MANY];
    static const int32_t zeros[2 * N_MANY];
    for (int64_t s = 0; s < 2 * N_MANY; s++) {
        samples[s] = s / 10000 * 1000;
        half[s / 2] = samples[s];
    }
    const spk_spikes a = {2 * N_MANY, 1, samples, zeros, 30000.0, 0, 20000};
    const spk_spikes b = {N_MANY, 1, half, zeros, 30000.0, 0, 20000};
    spk_comparison_options o = new_options(12);
    for (int score = 0; score < 2; score++) {
        o.score = score;
        spk_comparison *c = compare(&a, &b, &o);
        /* p : |a|^2 : |b|^2 = 2 : 4 : 1 */
        CU_ASSERT_EQUAL(spk_comparison_matches(c, 0, 0), N_MANY);
        CU_ASSERT_DOUBLE_EQUAL(spk_comparison_agreement(c, 0, 0),
                               score == SPK_COMPARISON_COUNT ? 0.5 : 2.0 / 3.0, 1e-12);
        spk_comparison_destroy(c);
    }
}

/* A counter for each pair of units would take 40 GB. */
static void many_units(void)
{
    static int64_t samples[N_MANY];
    static int32_t units[N_MANY], others[N_MANY];
    for (int32_t s = 0; s < N_MANY; s++) {
        samples[s] = (int64_t)s * 8;
        units[s] = s;
        others[s] = N_MANY - 1 - s;
    }
    const spk_spikes a = {N_MANY, N_MANY, samples, units, 30000.0, 0, 8 * N_MANY};
    const spk_spikes b = {N_MANY, N_MANY, samples, others, 30000.0, 0, 8 * N_MANY};
    const spk_comparison_options o = new_options(7);
    spk_comparison *c = compare(&a, &b, &o);
    const spk_comparison_pairs p = spk_comparison_get_pairs(c);
    int64_t n_wrong = 0;
    CU_ASSERT_EQUAL_FATAL(p.n_pairs, N_MANY);
    for (int32_t i = 0; i < N_MANY; i++)
        n_wrong += p.offsets[i] != i || p.partners[i] != others[i] || p.matches[i] != 1 ||
                   spk_comparison_units_a(c)[i].assigned_match != others[i];
    CU_ASSERT_EQUAL(n_wrong, 0);
    spk_comparison_destroy(c);
}

enum {
    FAR = 1500 /* so that a counter for each pair would take too much */
};

/* The units of a table far apart, with units without spikes between them. */
static spk_spikes spread(const spk_spikes *spikes, int32_t *units)
{
    spk_spikes far = *spikes;
    for (int64_t s = 0; s < spikes->n_spikes; s++)
        units[s] = spikes->units[s] * FAR;
    far.units = units;
    far.n_units = 5 * FAR + 1;
    return far;
}

/* Among units without spikes, where pairs are counted another way, the counts stay. */
static void units_far_apart(void)
{
    static owned_table a, b;
    static int32_t units[2][1000];
    spk_random random = {.seed = 21};
    spk_context *ctx = NULL;
    CU_ASSERT_EQUAL_FATAL(spk_context_create(&ctx), SPK_OK);
    for (int repeat = 0; repeat < 24; repeat++) {
        oracle_random_table(&random, 120, 6, repeat % 2 ? 200 : 3000, &a);
        oracle_jittered_table(&random, &a, 6, repeat % 5, &b);
        CU_ASSERT_FATAL(a.spikes.n_spikes <= 1000 && b.spikes.n_spikes <= 1000);
        const spk_spikes far_a = spread(&a.spikes, units[0]);
        const spk_spikes far_b = spread(&b.spikes, units[1]);
        spk_comparison_options o = new_options(repeat % 7);
        o.truth = repeat % 3 == 0;
        o.score = repeat / 2 % 2;
        CU_ASSERT_EQUAL(spk_context_set_threads(ctx, 1 + repeat % 3), SPK_OK);
        spk_comparison *near = compare(&a.spikes, &b.spikes, &o), *far = NULL;
        CU_ASSERT_EQUAL_FATAL(spk_comparison_create(ctx, &far_a, &far_b, &o, &far),
                              SPK_OK);
        const spk_comparison_pairs p = spk_comparison_get_pairs(near);
        const spk_comparison_pairs q = spk_comparison_get_pairs(far);
        CU_ASSERT_EQUAL_FATAL(p.n_pairs, q.n_pairs);
        CU_ASSERT(p.n_pairs > 0);
        CU_ASSERT_EQUAL(memcmp(p.matches, q.matches, (size_t)p.n_pairs * 8), 0);
        int64_t n_wrong = 0;
        for (int64_t i = 0; i < p.n_units_a; i++)
            n_wrong += p.offsets[i] != q.offsets[i * FAR];
        for (int64_t e = 0; e < p.n_pairs; e++)
            n_wrong += p.partners[e] * FAR != q.partners[e] ||
                       (p.agreements[e] != q.agreements[e] && !isnan(p.agreements[e]));
        CU_ASSERT_EQUAL(n_wrong, 0);
        spk_comparison_destroy(near);
        spk_comparison_destroy(far);
    }
    spk_context_destroy(ctx);
}

static spk_status compare_crowded(spk_context *ctx, void *argument)
{
    static const int64_t samples[] = {1, 2, 3, 4, 900, 901};
    static const int32_t units[] = {0, 0, 1, 1, 0, 0};
    const spk_spikes a = {6, 2, samples, units, 30000.0, 0, 1000};
    spk_comparison *c = NULL;
    spk_status status = spk_comparison_create(ctx, &a, &a, argument, &c);
    spk_comparison_destroy(c);
    return status;
}

static spk_status compare_far_apart(spk_context *ctx, void *argument)
{
    static const int64_t samples[] = {1, 2, 3, 4, 900, 901};
    static const int32_t units[] = {0, 0, 9000, 9000, 0, 0};
    const spk_spikes a = {6, 9001, samples, units, 30000.0, 0, 1000};
    spk_comparison *c = NULL;
    spk_status status = spk_comparison_create(ctx, &a, &a, argument, &c);
    spk_comparison_destroy(c);
    return status;
}

static void failed_allocations(void)
{
    spk_comparison_options o = new_options(3);
    CU_ASSERT(suite_fail_allocations(compare_crowded, &o) > 20);
    CU_ASSERT(suite_fail_allocations(compare_far_apart, &o) > 20);
    o.score = SPK_COMPARISON_DISTANCE;
    o.truth = 1;
    CU_ASSERT(suite_fail_allocations(compare_crowded, &o) > 30);
}

static const suite_test tests[] = {
    {"hand-worked", hand_worked},
    {"a missed unit", a_missed_unit},
    {"bursts", bursts},
    {"random tables against the definition", random_tables},
    {"epochs do not meet", epochs_do_not_meet},
    {"bursts do not meet across epochs", bursts_do_not_meet},
    {"bursts at the end of a stretch", bursts_at_the_end_of_a_stretch},
    {"agreement at chance", agreement_at_chance},
    {"no units, no spikes", no_units_no_spikes},
    {"huge times", huge_times},
    {"with itself", with_itself},
    {"exchanged", exchanged},
    {"distance scores", distance_scores},
    {"threads change nothing", threads_change_nothing},
    {"simultaneous spikes", simultaneous_spikes},
    {"many units", many_units},
    {"units far apart", units_far_apart},
    {"delta from milliseconds", delta_from_milliseconds},
    {"errors", errors},
    {"failed allocations", failed_allocations},
};
SUITE_MAIN("comparison", tests)
