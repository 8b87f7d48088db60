/* SPDX-License-Identifier: BSD-3-Clause */
/* Known truth: a neuron whose spikes are split between two units is found, neighbours that are
 * neurons of their own are left alone, and the test for a common refractory period is wrong as
 * often as it says. */
#include "suite.h"

#include "simulated_trains.h"

#include <math.h>
#include <spikekit/merging.h>
#include <spikekit/random.h>
#include <stdlib.h>

/* A simulated table in which some spikes of a unit belong to one more, the last. */
typedef struct split_session {
    trains t;
    spk_spikes spikes;
    int32_t *units;
    double *similarity; /* alike: all by 0.8 */
    double *positions;  /* all at one place */
} split_session;

/* How to split unit 0. */
typedef enum split_rule {
    AT_RANDOM,
    BY_TIME
} split_rule;

static split_session split_unit(const spk_simulation_options *o, split_rule rule)
{
    split_session s = {.t = run_trains(o)};
    const int64_t n = s.t.table->n_spikes, n_units = s.t.table->n_units + 1;
    spk_random random = {.seed = 99};
    s.spikes = *s.t.table;
    s.spikes.n_units = n_units;
    s.units = malloc((size_t)(n + 1) * sizeof *s.units);
    s.similarity = malloc((size_t)(n_units * n_units) * sizeof *s.similarity);
    s.positions = calloc((size_t)(2 * n_units), sizeof *s.positions);
    for (int64_t i = 0; i < n; i++) {
        const int second = rule == AT_RANDOM
                               ? spk_random_uniform(&random) < 0.5
                               : s.spikes.samples[i] > s.spikes.stop_sample / 2;
        s.units[i] = s.t.table->units[i];
        if (s.units[i] == 0 && second)
            s.units[i] = (int32_t)(n_units - 1);
    }
    for (int64_t k = 0; k < n_units * n_units; k++)
        s.similarity[k] = 0.8;
    s.spikes.units = s.units;
    return s;
}

static void end_split(split_session *s)
{
    end_trains(&s->t);
    free(s->positions);
    free(s->similarity);
    free(s->units);
}

/* Finds with a preset; nonzero if the one group is that of the split unit. */
static int finds_just_the_split(const split_session *s, int32_t preset)
{
    spk_merge_candidates *c = NULL;
    spk_merging_input input;
    spk_merging_options options;
    spk_merging_input_init(&input, sizeof input);
    spk_merging_options_init(&options, sizeof options);
    input.spikes = &s->spikes;
    input.positions_um = s->positions;
    input.similarity = s->similarity;
    options.preset = preset;
    CU_ASSERT_EQUAL_FATAL(spk_merging_find(NULL, &input, &options, &c), SPK_OK);
    const int32_t *units = spk_merge_candidates_group_units(c);
    const int found = spk_merge_candidates_n_groups(c) == 1 &&
                      spk_merge_candidates_group_offsets(c)[1] == 2 && units[0] == 0 &&
                      units[1] == s->spikes.n_units - 1;
    if (getenv("SHOW")) {
        const spk_merge_pair *p = spk_merge_candidates_pairs(c);
        for (int64_t k = 0; k < spk_merge_candidates_n_pairs(c); k++)
            if (p[k].a == 0 && (p[k].b < 3 || p[k].b == s->spikes.n_units - 1)) {
                printf("\n%d-%d failed %d:", p[k].a, p[k].b, p[k].failed_step);
                for (int v = 0; v < SPK_MERGE_N_VALUES; v++)
                    printf(" %.3g", p[k].values[v]);
            }
        printf("\n preset %d groups %ld", preset, (long)spk_merge_candidates_n_groups(c));
    }
    spk_merge_candidates_destroy(c);
    return found;
}

static void a_split_neuron_is_found(void)
{
    spk_simulation_options o = plain_options(5, 400, 40);
    o.seed = 3;
    split_session s = split_unit(&o, AT_RANDOM);
    CU_ASSERT(finds_just_the_split(&s, SPK_MERGE_SPIKEKIT));
    CU_ASSERT(finds_just_the_split(&s, SPK_MERGE_SIMILARITY_CORRELOGRAMS));
    CU_ASSERT(finds_just_the_split(&s, SPK_MERGE_X_CONTAMINATIONS));
    CU_ASSERT(finds_just_the_split(&s, SPK_MERGE_SLAY_PRESET));
    end_split(&s);
    o = plain_options(8, 240, 15);
    s = split_unit(&o, AT_RANDOM);
    CU_ASSERT(finds_just_the_split(&s, SPK_MERGE_SPIKEKIT));
    CU_ASSERT(finds_just_the_split(&s, SPK_MERGE_X_CONTAMINATIONS));
    end_split(&s);
    s = split_unit(&o, BY_TIME);
    CU_ASSERT(finds_just_the_split(&s, SPK_MERGE_TEMPORAL_SPLITS));
    end_split(&s);
}

/* Contaminated, bursting, drifting: 10 % foreign spikes of each half make 19 % of the pairs
 * that are too close, a ratio below the limit. */
static void a_split_neuron_of_a_real_sorter_is_found(void)
{
    spk_simulation_options o = plain_options(8, 300, 15);
    o.drift_sigma = 0.5;
    o.drift_time_s = 30;
    o.burst_share = 0.5;
    o.missed_max = 0.2;
    o.contamination_max = 0.1;
    int n_found = 0;
    for (uint64_t seed = 1; seed <= 6; seed++) {
        o.seed = seed;
        split_session s = split_unit(&o, AT_RANDOM);
        n_found += finds_just_the_split(&s, SPK_MERGE_SPIKEKIT);
        end_split(&s);
    }
    printf("\n  found just the split one in %d of 6 sessions", n_found);
    CU_ASSERT(n_found >= 5);
}

/* Neurons of their own, all alike and at one place. */
static void the_test_is_wrong_as_often_as_it_says(void)
{
    static const int32_t steps[] = {SPK_MERGE_CROSS_REFRACTORY};
    static const double levels[] = {0.01, 0.05, 0.2};
    int64_t n_pairs = 0, n_below[3] = {0}, n_passed = 0;
    static const char *const kinds[] = {"constant rates", "drifting rates", "bursts"};
    for (int kind = 0; kind < 3; kind++) {
        n_pairs = n_passed = 0;
        memset(n_below, 0, sizeof n_below);
        for (uint64_t seed = 1; seed <= 2; seed++) {
            spk_simulation_options o = plain_options(35, 90, 10);
            o.seed = seed;
            o.rate_sigma = 0.7;
            o.drift_sigma = kind > 0 ? 0.7 : 0;
            o.drift_time_s = 10;
            o.burst_share = kind > 1;
            trains t = run_trains(&o);
            spk_merge_candidates *c = NULL;
            spk_merging_input input;
            spk_merging_options options;
            spk_merging_input_init(&input, sizeof input);
            spk_merging_options_init(&options, sizeof options);
            input.spikes = t.table;
            options.steps = steps;
            options.n_steps = 1;
            CU_ASSERT_EQUAL_FATAL(spk_merging_find(NULL, &input, &options, &c), SPK_OK);
            const spk_merge_pair *pairs = spk_merge_candidates_pairs(c);
            for (int64_t p = 0; p < spk_merge_candidates_n_pairs(c); p++) {
                const double value = pairs[p].values[SPK_MERGE_VALUE_REFRACTORY_P];
                for (int l = 0; l < 3; l++)
                    n_below[l] += value <= levels[l];
                n_passed += pairs[p].failed_step < 0;
                n_pairs++;
            }
            spk_merge_candidates_destroy(c);
            end_trains(&t);
        }
        CU_ASSERT_EQUAL(n_passed, 0);
        for (int l = 0; l < 3; l++) {
            const double share = (double)n_below[l] / (double)n_pairs;
            const double error = sqrt(levels[l] * (1 - levels[l]) / (double)n_pairs);
            printf("\n  %-14s: p <= %.2f for %.4f of %lld pairs (standard error %.4f)",
                   kinds[kind], levels[l], share, (long long)n_pairs, error);
            /* Counts are whole: the true level is at most, and somewhat below, the nominal. */
            CU_ASSERT(share <= levels[l] + 3 * error);
            CU_ASSERT(share >= levels[l] / 10);
        }
    }
}

static const suite_test tests[] = {
    {"a split neuron is found", a_split_neuron_is_found},
    {"as a sorter leaves it", a_split_neuron_of_a_real_sorter_is_found},
    {"level of the test", the_test_is_wrong_as_often_as_it_says},
};

SUITE_MAIN("merging: simulated", tests)
