/* SPDX-License-Identifier: BSD-3-Clause */
#include "suite.h"

#include "distributions/binomial_tails.h"

#include <math.h>
#include <spikekit/array.h>
#include <spikekit/merging.h>
#include <spikekit/random.h>
#include <stdlib.h>

enum {
    MOST = 1200, /* spikes of a random table */
    N_UNITS = 6
};

static const int32_t all_steps[] = {
    SPK_MERGE_NUM_SPIKES, SPK_MERGE_CONTAMINATION,       SPK_MERGE_CORRELOGRAM,
    SPK_MERGE_PRESENCE,   SPK_MERGE_CROSS_CONTAMINATION, SPK_MERGE_QUALITY,
    SPK_MERGE_SLAY,       SPK_MERGE_CROSS_REFRACTORY,    SPK_MERGE_NEIGHBORS,
};

static spk_context *new_context(int32_t n_threads)
{
    spk_context *ctx = NULL;
    CU_ASSERT_EQUAL_FATAL(spk_context_create(&ctx), SPK_OK);
    CU_ASSERT_EQUAL(spk_context_set_threads(ctx, n_threads), SPK_OK);
    return ctx;
}

/* A random table with all that a recipe may want. */
typedef struct random_session {
    int64_t samples[MOST];
    int32_t units[MOST];
    double values[3 * MOST]; /* amplitudes, then positions */
    double similarity[N_UNITS * N_UNITS];
    double positions[2 * N_UNITS];
    double snr[N_UNITS];
    spk_spikes spikes;
    spk_array amplitudes;
    spk_array spike_positions;
    spk_merging_input input;
} random_session;

static spk_array view(const double *data, int64_t n_rows, int64_t n_columns)
{
    return (spk_array){.data = data,
                       .dtype = SPK_DTYPE_FLOAT64,
                       .item_size = 8,
                       .n_dimensions = 2,
                       .shape = {n_rows, n_columns},
                       .n_elements = n_rows * n_columns};
}

/* Unit N_UNITS - 1 has no spikes. */
static void draw_session(uint64_t seed, int64_t mean_gap, random_session *s)
{
    spk_random random = {.seed = seed};
    int64_t t = -700;
    for (int64_t i = 0; i < MOST; i++) {
        t += (int64_t)(2 * (double)mean_gap * spk_random_uniform(&random));
        s->samples[i] = t;
        s->units[i] = (int32_t)((N_UNITS - 1) * spk_random_uniform(&random));
        for (int k = 0; k < 3; k++)
            s->values[k == 0 ? i : MOST + 2 * i + k - 1] =
                (double)s->units[i] + spk_random_normal(&random);
    }
    for (int u = 0; u < N_UNITS * N_UNITS; u++)
        s->similarity[u] = 0.9;
    for (int u = 0; u < N_UNITS; u++) {
        s->positions[2 * u] = 0;
        s->positions[2 * u + 1] = 10 * u;
        s->snr[u] = 1 + u;
    }
    s->spikes = (spk_spikes){MOST, N_UNITS, s->samples, s->units, 30000, -1000, t + 1000};
    s->amplitudes = view(s->values, MOST, 1);
    s->spike_positions = view(s->values + MOST, MOST, 2);
    spk_merging_input_init(&s->input, sizeof s->input);
    s->input.spikes = &s->spikes;
    s->input.positions_um = s->positions;
    s->input.similarity = s->similarity;
    s->input.snr = s->snr;
    s->input.amplitudes = &s->amplitudes;
    s->input.spike_positions = &s->spike_positions;
}

static spk_merging_options recipe(const int32_t *steps, int64_t n_steps)
{
    spk_merging_options options;
    spk_merging_options_init(&options, sizeof options);
    options.steps = steps;
    options.n_steps = n_steps;
    return options;
}

static spk_merge_candidates *find(const spk_merging_input *input,
                                  const spk_merging_options *options)
{
    spk_merge_candidates *candidates = NULL;
    CU_ASSERT_EQUAL_FATAL(spk_merging_find(NULL, input, options, &candidates), SPK_OK);
    return candidates;
}

/* ---- catalogues ---- */

static void names_lead_back(void)
{
    spk_context *ctx = new_context(1);
    int32_t preset = -1;
    for (int32_t p = 0; p <= SPK_MERGE_SLAY_PRESET; p++) {
        CU_ASSERT_EQUAL(
            spk_merge_preset_from_name(ctx, spk_merge_preset_name(p), &preset), SPK_OK);
        CU_ASSERT_EQUAL(preset, p);
    }
    CU_ASSERT_PTR_NULL(spk_merge_preset_name(-1));
    CU_ASSERT_PTR_NULL(spk_merge_preset_name(SPK_MERGE_SLAY_PRESET + 1));
    CU_ASSERT_EQUAL(spk_merge_preset_from_name(ctx, "best", &preset), SPK_ERR_NOT_FOUND);
    CU_ASSERT_STRING_EQUAL(
        spk_context_message(ctx),
        "no such preset: best (there are spikekit, similarity_correlograms, "
        "temporal_splits, x_contaminations, feature_neighbors, slay)");
    CU_ASSERT_PTR_NULL(spk_merge_step_name(-1));
    CU_ASSERT_PTR_NULL(spk_merge_step_name(SPK_MERGE_N_STEPS));
    /* Each step has one value that decides. */
    int n_deciding[SPK_MERGE_N_STEPS] = {0}, wrong = 0;
    for (int32_t v = 0; v < SPK_MERGE_N_VALUES; v++) {
        const spk_merge_value_info *info = spk_merge_value_describe(v);
        n_deciding[info->step] += info->decides;
    }
    for (int s = 0; s < SPK_MERGE_N_STEPS; s++)
        wrong += n_deciding[s] != 1 || spk_merge_step_name(s) == NULL;
    CU_ASSERT_EQUAL(wrong, 0);
    CU_ASSERT_PTR_NULL(spk_merge_value_describe(SPK_MERGE_N_VALUES));
    CU_ASSERT_PTR_NULL(spk_merge_value_describe(-1));
    spk_context_destroy(ctx);
}

/* ---- groups ---- */

static void pairs_join_to_groups(void)
{
    const int32_t pairs[][2] = {{7, 5}, {1, 8}, {5, 3}, {8, 1}, {2, 2}};
    const int64_t expected_offsets[] = {0, 2, 5};
    const int32_t expected_units[] = {1, 8, 3, 5, 7};
    int64_t offsets[6], n_groups = -1;
    int32_t units[10];
    CU_ASSERT_EQUAL(spk_merge_join_pairs(NULL, 10, pairs, 5, offsets, units, &n_groups),
                    SPK_OK);
    CU_ASSERT_EQUAL_FATAL(n_groups, 2);
    CU_ASSERT_EQUAL(memcmp(offsets, expected_offsets, sizeof expected_offsets), 0);
    CU_ASSERT_EQUAL(memcmp(units, expected_units, sizeof expected_units), 0);
    CU_ASSERT_EQUAL(spk_merge_join_pairs(NULL, 0, NULL, 0, offsets, NULL, &n_groups),
                    SPK_OK);
    CU_ASSERT(n_groups == 0 && offsets[0] == 0);
}

/* Labels spread along pairs until nothing changes. */
static void groups_equal_spread_labels(void)
{
    spk_random random = {.seed = 17};
    for (int repeat = 0; repeat < 50; repeat++) {
        enum {
            N = 30
        };
        int32_t pairs[20][2], units[N], labels[N];
        int64_t offsets[N / 2 + 1], n_groups, wrong = 0;
        const int64_t n_pairs = (int64_t)(20 * spk_random_uniform(&random));
        for (int64_t p = 0; p < n_pairs; p++)
            for (int side = 0; side < 2; side++)
                pairs[p][side] = (int32_t)(N * spk_random_uniform(&random));
        for (int32_t u = 0; u < N; u++)
            labels[u] = u;
        for (int round = 0; round < N; round++)
            for (int64_t p = 0; p < n_pairs; p++) {
                const int32_t a = labels[pairs[p][0]], b = labels[pairs[p][1]];
                labels[pairs[p][0]] = labels[pairs[p][1]] = a < b ? a : b;
            }
        CU_ASSERT_EQUAL(spk_merge_join_pairs(NULL, N, (const int32_t(*)[2])pairs, n_pairs,
                                             offsets, units, &n_groups),
                        SPK_OK);
        int64_t n_grouped = 0;
        for (int64_t g = 0; g < n_groups; g++)
            for (int64_t k = offsets[g]; k < offsets[g + 1]; k++, n_grouped++)
                wrong += labels[units[k]] != units[offsets[g]] ||
                         (k > offsets[g] && units[k] <= units[k - 1]);
        for (int32_t u = 0; u < N; u++) {
            int64_t size = 0;
            for (int32_t v = 0; v < N; v++)
                size += labels[v] == labels[u];
            n_grouped -= size > 1;
        }
        CU_ASSERT(wrong == 0 && n_grouped == 0);
    }
}

/* ---- which pairs, in which order ---- */

static void steps_decide_in_order(void)
{
    /* Units 0 and 1 near and alike, 2 near and unlike, 3 far; 2 has two spikes only. */
    const int64_t samples[] = {0, 100, 200, 300, 400, 500, 600, 700, 800, 900};
    const int32_t units[] = {0, 1, 0, 1, 3, 2, 3, 2, 0, 1};
    const double positions[] = {0, 0, 3, 4, 0, 6, 0, NAN};
    double similarity[16];
    const spk_spikes spikes = {10, 4, samples, units, 1000, 0, 1000};
    static const int32_t steps[] = {SPK_MERGE_NUM_SPIKES, SPK_MERGE_DISTANCE,
                                    SPK_MERGE_SIMILARITY, SPK_MERGE_SNR};
    for (int k = 0; k < 16; k++)
        similarity[k] = 0.75;
    similarity[0 * 4 + 1] = 0.76;
    spk_merging_input input;
    spk_merging_input_init(&input, sizeof input);
    input.spikes = &spikes;
    input.positions_um = positions;
    input.similarity = similarity;
    spk_merging_options options = recipe(steps, 4);
    options.min_spikes = 3;
    options.max_distance_um = 5;
    spk_merge_candidates *c = find(&input, &options);
    const spk_merge_pair *pairs = spk_merge_candidates_pairs(c);
    CU_ASSERT_EQUAL_FATAL(spk_merge_candidates_n_pairs(c), 2); /* 0-1 and 1-2 */
    CU_ASSERT(pairs[0].a == 0 && pairs[0].b == 1 && pairs[0].failed_step == -1);
    CU_ASSERT_EQUAL(pairs[0].values[SPK_MERGE_VALUE_DISTANCE], 5);
    CU_ASSERT_EQUAL(pairs[0].values[SPK_MERGE_VALUE_NUM_SPIKES], 3);
    CU_ASSERT(pairs[1].a == 1 && pairs[1].b == 2);
    CU_ASSERT_EQUAL(pairs[1].failed_step, SPK_MERGE_NUM_SPIKES);
    CU_ASSERT(isnan(pairs[1].values[SPK_MERGE_VALUE_SNR]));
    CU_ASSERT_EQUAL(spk_merge_candidates_skipped(c, SPK_MERGE_SNR), 1);
    CU_ASSERT_EQUAL(spk_merge_candidates_skipped(c, SPK_MERGE_DISTANCE), 0);
    CU_ASSERT_EQUAL(spk_merge_candidates_skipped(c, -1), 0);
    CU_ASSERT_EQUAL(spk_merge_candidates_n_steps(c), 4);
    CU_ASSERT_EQUAL(memcmp(spk_merge_candidates_steps(c), steps, sizeof steps), 0);
    CU_ASSERT_EQUAL(spk_merge_candidates_n_groups(c), 1);
    CU_ASSERT_EQUAL(spk_merge_candidates_group_offsets(c)[1], 2);
    CU_ASSERT_EQUAL(spk_merge_candidates_group_units(c)[1], 1);
    spk_merge_candidates_destroy(c);
    /* Without positions those that are alike are listed, without either all. */
    input.positions_um = NULL;
    c = find(&input, &options);
    CU_ASSERT_EQUAL(spk_merge_candidates_n_pairs(c), 1);
    spk_merge_candidates_destroy(c);
    input.similarity = NULL;
    c = find(&input, &options);
    CU_ASSERT_EQUAL(spk_merge_candidates_n_pairs(c), 6);
    CU_ASSERT_EQUAL(spk_merge_candidates_skipped(c, SPK_MERGE_SIMILARITY), 1);
    spk_merge_candidates_destroy(c);
}

/* ---- values ---- */

static int64_t pairs_in(const random_session *s, int32_t a, int32_t b, int64_t from,
                        int64_t to, const spk_epochs *epochs)
{
    int64_t n = 0;
    for (int64_t i = 0; i < MOST; i++)
        for (int64_t j = 0; j < MOST; j++) {
            const int64_t lag = llabs(s->samples[i] - s->samples[j]);
            int together = epochs == NULL;
            if (s->units[i] != a || s->units[j] != b || lag <= from || lag > to)
                continue;
            for (int64_t e = 0; epochs != NULL && e < epochs->n_epochs; e++)
                together |= s->samples[i] >= epochs->starts[e] &&
                            s->samples[i] < epochs->stops[e] &&
                            s->samples[j] >= epochs->starts[e] &&
                            s->samples[j] < epochs->stops[e];
            n += together;
        }
    return n;
}

/* P(X <= n) from the terms of the sum. */
static double binomial_by_definition(int64_t n, int64_t trials, double p)
{
    double sum = 0;
    for (int64_t k = 0; k <= n; k++)
        sum += exp(lgamma((double)trials + 1) - lgamma((double)k + 1) -
                   lgamma((double)(trials - k) + 1) + (double)k * log(p) +
                   (double)(trials - k) * log1p(-p));
    return sum;
}

static void refractory_equals_definition(void)
{
    static random_session s;
    static const int32_t steps[] = {SPK_MERGE_CROSS_REFRACTORY};
    const int64_t starts[] = {-2000, 9000, 20000}, stops[] = {5000, 20000, 31000};
    const spk_epochs epochs = {3, starts, stops};
    draw_session(5, 30, &s);
    spk_merging_options options = recipe(steps, 1);
    options.refractory_null = 0.8;
    options.refractory_level = 1;
    for (int with_epochs = 0; with_epochs < 2; with_epochs++) {
        options.epochs = with_epochs ? &epochs : NULL;
        spk_merge_candidates *c = find(&s.input, &options);
        const spk_merge_pair *pairs = spk_merge_candidates_pairs(c);
        const int64_t n_pairs = spk_merge_candidates_n_pairs(c);
        int64_t wrong = 0, n_tested = 0;
        CU_ASSERT_EQUAL(n_pairs, N_UNITS * (N_UNITS - 1) / 2);
        for (int64_t p = 0; p < n_pairs; p++)
            n_tested += pairs[p].b < N_UNITS - 1;
        for (int64_t p = 0; p < n_pairs; p++) {
            const double *v = pairs[p].values;
            if (pairs[p].b == N_UNITS - 1) { /* without spikes */
                wrong += !isnan(v[SPK_MERGE_VALUE_REFRACTORY_P]) ||
                         !isnan(v[SPK_MERGE_VALUE_REFRACTORY_RATIO]) ||
                         pairs[p].failed_step != SPK_MERGE_CROSS_REFRACTORY;
                continue;
            }
            const int64_t n = pairs_in(&s, pairs[p].a, pairs[p].b, 9, 30, options.epochs);
            const int64_t m =
                pairs_in(&s, pairs[p].a, pairs[p].b, 150, 750, options.epochs);
            const double chance = 21 * 0.8 / (21 * 0.8 + 600);
            const double expected = binomial_by_definition(n, n + m, chance);
            wrong += fabs(v[SPK_MERGE_VALUE_REFRACTORY_P] / expected - 1) > 1e-10;
            wrong += fabs(v[SPK_MERGE_VALUE_REFRACTORY_RATIO] -
                          (double)n / 21 / ((double)m / 600)) > 1e-14;
            /* Holm, by definition: the largest of all with no larger p. */
            double holm = 0;
            for (int64_t q = 0; q < n_pairs; q++) {
                const double other = pairs[q].values[SPK_MERGE_VALUE_REFRACTORY_P];
                int64_t n_below = 0;
                if (!(other <= v[SPK_MERGE_VALUE_REFRACTORY_P]))
                    continue;
                for (int64_t r = 0; r < n_pairs; r++)
                    n_below += pairs[r].values[SPK_MERGE_VALUE_REFRACTORY_P] < other;
                holm = fmax(holm, fmin(1, other * (double)(n_tested - n_below)));
            }
            wrong += v[SPK_MERGE_VALUE_REFRACTORY_HOLM] != holm;
        }
        CU_ASSERT_EQUAL(wrong, 0);
        CU_ASSERT(n_tested > 5);
        spk_merge_candidates_destroy(c);
    }
}

/* One epoch, the recording, is no epoch; and moving the gap between epochs changes
 * nothing. */
static void epochs_are_seen_alone(void)
{
    static random_session s, moved;
    const int64_t middle = 18000, far = 5000000;
    int64_t starts[] = {-1000, middle}, stops[] = {middle, 0}, moved_starts[2],
            moved_stops[2];
    draw_session(6, 30, &s);
    draw_session(6, 30, &moved);
    spk_merging_options options =
        recipe(all_steps, sizeof all_steps / sizeof all_steps[0]);
    options.evaluate_all = 1;
    options.presence_bin_s = 0.1;
    stops[1] = s.spikes.stop_sample;
    for (int64_t i = 0; i < MOST; i++)
        moved.samples[i] += moved.samples[i] >= middle ? far : 0;
    moved.spikes.stop_sample += far;
    moved_starts[0] = -1000;
    moved_stops[0] = middle;
    moved_starts[1] = middle + far;
    moved_stops[1] = stops[1] + far;
    const spk_epochs whole = {1, &s.spikes.start_sample, &s.spikes.stop_sample};
    const spk_epochs two = {2, starts, stops}, apart = {2, moved_starts, moved_stops};
    spk_merge_candidates *found[4];
    found[0] = find(&s.input, &options);
    options.epochs = &whole;
    found[1] = find(&s.input, &options);
    options.epochs = &two;
    found[2] = find(&s.input, &options);
    options.epochs = &apart;
    found[3] = find(&moved.input, &options);
    const size_t bytes =
        (size_t)spk_merge_candidates_n_pairs(found[0]) * sizeof(spk_merge_pair);
    CU_ASSERT_EQUAL(memcmp(spk_merge_candidates_pairs(found[0]),
                           spk_merge_candidates_pairs(found[1]), bytes),
                    0);
    CU_ASSERT_EQUAL(memcmp(spk_merge_candidates_pairs(found[2]),
                           spk_merge_candidates_pairs(found[3]), bytes),
                    0);
    /* ... and pairs across the border were there before. */
    CU_ASSERT_NOT_EQUAL(memcmp(spk_merge_candidates_pairs(found[0]),
                               spk_merge_candidates_pairs(found[2]), bytes),
                        0);
    /* Presence is over the epochs in a row, which here is the recording. */
    for (int64_t p = 0; p < spk_merge_candidates_n_pairs(found[0]); p++) {
        const double a = spk_merge_candidates_pairs(found[0])[p]
                             .values[SPK_MERGE_VALUE_PRESENCE_DISTANCE];
        const double b = spk_merge_candidates_pairs(found[3])[p]
                             .values[SPK_MERGE_VALUE_PRESENCE_DISTANCE];
        CU_ASSERT(a == b || (isnan(a) && isnan(b)));
    }
    for (int k = 0; k < 4; k++)
        spk_merge_candidates_destroy(found[k]);
}

/* a fires at 0.1, 1.1, 2.1 s, b at 2.1, 3.1, 4.1 s: moving one on to the other takes 2 s a
 * spike. The last bin is cut off, with the spike of b in it. */
static void presence_hand_worked(void)
{
    const int64_t samples[] = {100, 1100, 2100, 2100, 3100, 4100, 5500};
    const int32_t units[] = {0, 0, 0, 1, 1, 1, 1};
    static const int32_t steps[] = {SPK_MERGE_PRESENCE};
    const spk_spikes spikes = {7, 3, samples, units, 1000, 0, 5600};
    spk_merging_input input;
    spk_merging_input_init(&input, sizeof input);
    input.spikes = &spikes;
    spk_merging_options options = recipe(steps, 1);
    options.presence_bin_s = 1;
    options.min_presence_distance_s = 1.9;
    spk_merge_candidates *c = find(&input, &options);
    const spk_merge_pair *pairs = spk_merge_candidates_pairs(c);
    CU_ASSERT_DOUBLE_EQUAL(pairs[0].values[SPK_MERGE_VALUE_PRESENCE_DISTANCE], 2, 1e-14);
    CU_ASSERT_EQUAL(pairs[0].failed_step, -1);
    CU_ASSERT(isnan(pairs[1].values[SPK_MERGE_VALUE_PRESENCE_DISTANCE]));
    CU_ASSERT_EQUAL(pairs[1].failed_step, SPK_MERGE_PRESENCE);
    spk_merge_candidates_destroy(c);
}

/* Of spikes at one time that of the first unit comes first. Here a has 798 800, b 800: the
 * one of b goes; were it first, both at 800 would. */
static void quality_of_a_tie(void)
{
    static const int32_t steps[] = {SPK_MERGE_QUALITY};
    enum {
        N_A = 22,
        N_B = 10
    };
    int64_t samples[N_A + N_B];
    int32_t units[N_A + N_B];
    int n = 0;
    for (int k = 0; k < 20; k++) {
        samples[n] = 40 * k;
        units[n++] = 0;
        if (k < N_B - 1) {
            samples[n] = 40 * k + 20;
            units[n++] = 1;
        }
    }
    samples[n] = 798;
    units[n++] = 0;
    for (int32_t unit = 0; unit < 2; unit++) {
        samples[n] = 800;
        units[n++] = unit;
    }
    const spk_spikes spikes = {n, 2, samples, units, 1000, 0, 1000};
    spk_merging_input input;
    spk_merging_input_init(&input, sizeof input);
    input.spikes = &spikes;
    spk_merging_options options = recipe(steps, 1);
    options.censored_ms = 3;
    options.refractory_ms = 8;
    options.flank_from_ms = 8;
    spk_merge_candidates *c = find(&input, &options);
    CU_ASSERT_EQUAL_FATAL(spk_merge_candidates_n_pairs(c), 1);
    /* One pair, 798 and 800, in 31 spikes together and in 22 of a; none in 10 of b. */
    const double together = 1 - sqrt(1 - (1000.0 - 2 * 31 * 3) / (31 * 31 * 5));
    const double alone = 1 - sqrt(1 - (1000.0 - 2 * 22 * 3) / (22 * 22 * 5));
    const double score = 31 * (1 - 2.5 * together), score_a = 22 * (1 - 2.5 * alone);
    const double gain = fmin(score - score_a, score - 10);
    CU_ASSERT_DOUBLE_EQUAL(
        spk_merge_candidates_pairs(c)[0].values[SPK_MERGE_VALUE_QUALITY_GAIN], gain,
        1e-12);
    spk_merge_candidates_destroy(c);
}

/* Every distance of every pair of spikes. A spike without a position is no neighbour. */
static void neighbors_equal_definition(void)
{
    static random_session s;
    static const int32_t steps[] = {SPK_MERGE_NEIGHBORS};
    enum {
        K = 7
    };
    draw_session(9, 30, &s);
    s.values[17] = NAN;
    for (int64_t i = 40; i < 90; i++) { /* ties: several at one place */
        s.values[i] = 3;
        s.values[MOST + 2 * i] = s.values[MOST + 2 * i + 1] = 1;
    }
    spk_merging_options options = recipe(steps, 1);
    options.n_neighbors = K;
    options.evaluate_all = 1;
    spk_merge_candidates *c = find(&s.input, &options);
    double mean[3] = {0}, deviation[3] = {0}, at[3][MOST];
    for (int axis = 0; axis < 3; axis++) {
        for (int64_t i = 0; i < MOST; i++) {
            at[axis][i] = s.values[axis == 0 ? i : MOST + 2 * i + axis - 1];
            mean[axis] += i == 17 ? 0 : at[axis][i] / (MOST - 1);
        }
        for (int64_t i = 0; i < MOST; i++)
            if (i != 17)
                deviation[axis] +=
                    (at[axis][i] - mean[axis]) * (at[axis][i] - mean[axis]);
        deviation[axis] = sqrt(deviation[axis] / (MOST - 1));
    }
    int64_t counts[N_UNITS][N_UNITS] = {{0}}, wrong = 0;
    for (int64_t i = 0; i < MOST; i++) {
        double nearest[K + 1];
        int64_t who[K + 1], n = 0;
        for (int64_t j = 0; i != 17 && j < MOST; j++) {
            double d = 0;
            for (int axis = 0; axis < 3; axis++) {
                const double step = (at[axis][i] - mean[axis]) / deviation[axis] -
                                    (at[axis][j] - mean[axis]) / deviation[axis];
                d += step * step;
            }
            int64_t k = n;
            if (j == 17)
                continue;
            for (; k > 0 && nearest[k - 1] > d; k--) {
                nearest[k] = nearest[k - 1];
                who[k] = who[k - 1];
            }
            nearest[k] = d;
            who[k] = j;
            n = n < K ? n + 1 : K;
        }
        for (int64_t k = 0; k < n; k++)
            counts[s.units[i]][s.units[who[k]]]++;
    }
    for (int64_t p = 0; p < spk_merge_candidates_n_pairs(c); p++) {
        const spk_merge_pair *pair = spk_merge_candidates_pairs(c) + p;
        wrong +=
            pair->values[SPK_MERGE_VALUE_NEIGHBORS] != (double)counts[pair->a][pair->b];
    }
    CU_ASSERT_EQUAL(wrong, 0);
    spk_merge_candidates_destroy(c);
}

static void binomial_tails(void)
{
    CU_ASSERT_DOUBLE_EQUAL(spk__binomial_lower(1, 3, 0.5), 0.5, 1e-15);
    CU_ASSERT_DOUBLE_EQUAL(spk__binomial_upper(1, 3, 0.5), 0.5, 1e-15);
    CU_ASSERT(spk__binomial_lower(-1, 3, 0.5) == 0 &&
              spk__binomial_upper(-1, 3, 0.5) == 1);
    CU_ASSERT(spk__binomial_lower(3, 3, 0.5) == 1 && spk__binomial_upper(3, 3, 0.5) == 0);
    CU_ASSERT(spk__binomial_lower(0, 0, 0.5) == 1);
    for (int64_t n = 0; n < 40; n++)
        CU_ASSERT_DOUBLE_EQUAL(spk__binomial_lower((double)n, 40, 0.3) /
                                   binomial_by_definition(n, 40, 0.3),
                               1, 1e-12);
    for (int64_t n = 0; n <= 40; n++)
        CU_ASSERT_DOUBLE_EQUAL(spk__binomial_log_lower((double)n, 40, 0.3),
                               log(spk__binomial_lower((double)n, 40, 0.3)), 1e-12);
    CU_ASSERT_DOUBLE_EQUAL(spk__binomial_log_lower(0, 5000, 0.2), 5000 * log(0.8), 1e-9);
    CU_ASSERT(spk__binomial_log_lower(-1, 3, 0.5) == -INFINITY);
    /* Between whole numbers of trials: between their tails. */
    const double below = spk__binomial_upper(5, 20, 0.3);
    const double between = spk__binomial_upper(5, 20.5, 0.3);
    CU_ASSERT(below < between && between < spk__binomial_upper(5, 21, 0.3));
    CU_ASSERT(isnan(spk__binomial_lower(1, 3, 1.1)) &&
              isnan(spk__binomial_lower(1, -1, 0.5)));
    CU_ASSERT(isnan(spk__binomial_lower(NAN, 3, 0.5)) &&
              isnan(spk__binomial_upper(1, INFINITY, 0.5)) &&
              isnan(spk__binomial_upper(1, NAN, 0.5)));
}

/* ---- threads, adversarial tables ---- */

static void any_number_of_threads(void)
{
    static random_session s;
    spk_merging_options options =
        recipe(all_steps, sizeof all_steps / sizeof all_steps[0]);
    options.evaluate_all = 1;
    draw_session(13, 40, &s);
    spk_merge_candidates *first = find(&s.input, &options);
    for (int32_t threads = 2; threads <= 4; threads *= 2) {
        spk_context *ctx = new_context(threads);
        spk_merge_candidates *c = NULL;
        CU_ASSERT_EQUAL_FATAL(spk_merging_find(ctx, &s.input, &options, &c), SPK_OK);
        CU_ASSERT_EQUAL_FATAL(spk_merge_candidates_n_pairs(c),
                              spk_merge_candidates_n_pairs(first));
        CU_ASSERT_EQUAL(
            memcmp(spk_merge_candidates_pairs(c), spk_merge_candidates_pairs(first),
                   (size_t)spk_merge_candidates_n_pairs(first) * sizeof(spk_merge_pair)),
            0);
        spk_merge_candidates_destroy(c);
        spk_context_destroy(ctx);
    }
    spk_merge_candidates_destroy(first);
}

/* What pairs get beside the candidates does not change who is one. */
static void evaluating_all_changes_no_verdict(void)
{
    static random_session s;
    spk_merging_options options;
    spk_merging_options_init(&options, sizeof options);
    draw_session(14, 300, &s);
    int64_t n_more = 0;
    for (int32_t preset = 0; preset <= SPK_MERGE_SLAY_PRESET; preset++) {
        options.preset = preset;
        options.evaluate_all = 0;
        spk_merge_candidates *some = find(&s.input, &options);
        options.evaluate_all = 1;
        spk_merge_candidates *all = find(&s.input, &options);
        int64_t wrong =
            spk_merge_candidates_n_pairs(some) != spk_merge_candidates_n_pairs(all);
        for (int64_t p = 0; wrong == 0 && p < spk_merge_candidates_n_pairs(some); p++) {
            const spk_merge_pair *x = spk_merge_candidates_pairs(some) + p;
            const spk_merge_pair *y = spk_merge_candidates_pairs(all) + p;
            wrong += x->failed_step != y->failed_step;
            for (int v = 0; v < SPK_MERGE_N_VALUES; v++) {
                wrong += !isnan(x->values[v]) && x->values[v] != y->values[v];
                n_more += isnan(x->values[v]) && !isnan(y->values[v]);
            }
        }
        CU_ASSERT_EQUAL(wrong, 0);
        spk_merge_candidates_destroy(all);
        spk_merge_candidates_destroy(some);
    }
    CU_ASSERT(n_more > 0);
}

static void adversarial_tables(void)
{
    static random_session s;
    spk_merging_options options =
        recipe(all_steps, sizeof all_steps / sizeof all_steps[0]);
    options.evaluate_all = 1;
    draw_session(15, 30, &s);
    /* All at one time. */
    for (int64_t i = 0; i < MOST; i++)
        s.samples[i] = 77;
    s.spikes.start_sample = 77;
    s.spikes.stop_sample = 78;
    spk_merge_candidates *c = find(&s.input, &options);
    CU_ASSERT_EQUAL(spk_merge_candidates_n_groups(c), 0);
    spk_merge_candidates_destroy(c);
    /* One spike, far away. */
    const int64_t sample = INT64_MAX - 1, other = INT64_MAX - 100;
    const int32_t unit = 0;
    spk_spikes spikes = {1, N_UNITS, &sample, &unit, 30000, other, INT64_MAX};
    s.input.spikes = &spikes;
    s.amplitudes = view(s.values, 1, 1);
    s.spike_positions = view(s.values, 1, 2);
    c = find(&s.input, &options);
    CU_ASSERT_EQUAL(spk_merge_candidates_n_pairs(c), N_UNITS * (N_UNITS - 1) / 2);
    spk_merge_candidates_destroy(c);
    /* No units, no spikes, no time. */
    spikes = (spk_spikes){0, 0, NULL, NULL, 30000, 0, 0};
    s.amplitudes = view(s.values, 0, 1);
    s.spike_positions = view(s.values, 0, 2);
    c = find(&s.input, &options);
    CU_ASSERT_EQUAL(spk_merge_candidates_n_pairs(c), 0);
    CU_ASSERT_EQUAL(spk_merge_candidates_n_groups(c), 0);
    spk_merge_candidates_destroy(c);
    /* Units without spikes, an epoch outside the recording. */
    const int64_t start = 100, stop = 200;
    const spk_epochs outside = {1, &start, &stop};
    spikes = (spk_spikes){0, N_UNITS, NULL, NULL, 30000, 0, 50};
    options.epochs = &outside;
    c = find(&s.input, &options);
    CU_ASSERT_EQUAL(spk_merge_candidates_n_groups(c), 0);
    spk_merge_candidates_destroy(c);
    CU_ASSERT(spk_merge_candidates_n_pairs(NULL) == 0 &&
              spk_merge_candidates_pairs(NULL) == NULL &&
              spk_merge_candidates_n_steps(NULL) == 0 &&
              spk_merge_candidates_steps(NULL) == NULL &&
              spk_merge_candidates_skipped(NULL, 0) == 0 &&
              spk_merge_candidates_n_groups(NULL) == 0 &&
              spk_merge_candidates_group_offsets(NULL) == NULL &&
              spk_merge_candidates_group_units(NULL) == NULL);
    spk_merge_candidates_destroy(NULL);
}

/* ---- errors ---- */

static void expect(spk_context *ctx, const spk_merging_input *input,
                   const spk_merging_options *options, spk_status status,
                   const char *message)
{
    spk_merge_candidates *c = NULL;
    CU_ASSERT_EQUAL(spk_merging_find(ctx, input, options, &c), status);
    CU_ASSERT_STRING_EQUAL(spk_context_message(ctx), message);
    CU_ASSERT_PTR_NULL(c);
}

static void errors_are_named(void)
{
    static random_session s;
    static const int32_t twice[] = {SPK_MERGE_SNR, SPK_MERGE_SNR}, unknown[] = {12};
    spk_context *ctx = new_context(1);
    spk_merging_options o, good;
    draw_session(1, 30, &s);
    spk_merging_input input = s.input;
    spk_merging_options_init(&good, sizeof good);
    CU_ASSERT_EQUAL(spk_merging_find(ctx, &input, NULL, NULL), SPK_ERR_ARGUMENT);
    expect(ctx, NULL, NULL, SPK_ERR_ARGUMENT, "input is NULL");
    input.struct_size = 0;
    expect(ctx, &input, NULL, SPK_ERR_ARGUMENT,
           "input: not filled by spk_merging_input_init()");
    input = s.input;
    input.spikes = NULL;
    expect(ctx, &input, NULL, SPK_ERR_ARGUMENT, "spikes is NULL");
    input = s.input;
    o = good;
    o.struct_size = 0;
    expect(ctx, &input, &o, SPK_ERR_ARGUMENT,
           "options: not filled by spk_merging_options_init()");
    o = good;
    o.preset = 6;
    expect(ctx, &input, &o, SPK_ERR_ARGUMENT, "preset: no such preset, 6");
    o = recipe(twice, 2);
    expect(ctx, &input, &o, SPK_ERR_ARGUMENT, "steps: snr is given twice");
    o = recipe(unknown, 1);
    expect(ctx, &input, &o, SPK_ERR_ARGUMENT, "steps: no such step, 12");
    o = recipe(twice, 0);
    expect(ctx, &input, &o, SPK_ERR_ARGUMENT, "n_steps must be in 1 .. 12, got 0");
    o = good;
    o.refractory_ms = 0.31;
    expect(ctx, &input, &o, SPK_ERR_ARGUMENT,
           "refractory_ms must be longer than censored_ms by a sample, got 0.31 and 0.3");
    o = good;
    o.flank_to_ms = 5.001;
    expect(ctx, &input, &o, SPK_ERR_ARGUMENT,
           "flank_to_ms must be longer than flank_from_ms by a sample, got 5.001 and 5");
    o = good;
    o.flank_from_ms = 0.5;
    expect(ctx, &input, &o, SPK_ERR_ARGUMENT,
           "flank_from_ms must be in 1 .. 10000, got 0.5");
    o = good;
    o.min_cross_p = NAN;
    expect(ctx, &input, &o, SPK_ERR_ARGUMENT,
           "min_cross_p must be in -inf .. inf, got nan");
    o = good;
    o.n_neighbors = 0;
    expect(ctx, &input, &o, SPK_ERR_ARGUMENT, "n_neighbors must be in 1 .. 1000, got 0");
    o = good;
    o.preset = SPK_MERGE_SLAY_PRESET;
    input.similarity = NULL;
    expect(ctx, &input, &o, SPK_ERR_ARGUMENT,
           "slay_score needs the templates of units (similarity), and there are none");
    o.preset = SPK_MERGE_FEATURE_NEIGHBORS;
    input.amplitudes = NULL;
    expect(ctx, &input, &o, SPK_ERR_ARGUMENT,
           "feature_neighbors (knn) needs amplitudes and positions of spikes "
           "(spike_positions), and not both are there");
    input = s.input;
    s.spike_positions.shape[0]--;
    s.spike_positions.n_elements -= 2;
    expect(ctx, &input, &o, SPK_ERR_ARGUMENT,
           "spike_positions: expected a row for each of 1200 spikes, found 1199");
    o = good;
    o.preset = SPK_MERGE_SIMILARITY_CORRELOGRAMS;
    o.min_spikes = 0;
    o.max_contamination = 1;
    o.correlogram_bin_ms = 0.034;
    o.correlogram_window_ms = 1000;
    expect(ctx, &input, &o, SPK_ERR_ARGUMENT,
           "correlogram_bin_ms: 0.034 ms make more than 4096 bins");
    int32_t pairs[][2] = {{0, 3}}, units[3];
    int64_t offsets[2], n;
    CU_ASSERT_EQUAL(
        spk_merge_join_pairs(ctx, 3, (const int32_t(*)[2])pairs, 1, offsets, units, &n),
        SPK_ERR_ARGUMENT);
    CU_ASSERT_STRING_EQUAL(spk_context_message(ctx),
                           "pairs: pair 0: unit must be in 0 .. 2, got 3");
    CU_ASSERT_EQUAL(spk_merge_join_pairs(ctx, -1, NULL, 0, offsets, units, &n),
                    SPK_ERR_ARGUMENT);
    CU_ASSERT_EQUAL(spk_merge_join_pairs(ctx, 3, NULL, 1, offsets, units, &n),
                    SPK_ERR_ARGUMENT);
    CU_ASSERT_EQUAL(spk_merge_join_pairs(ctx, 3, NULL, 0, NULL, units, &n),
                    SPK_ERR_ARGUMENT);
    CU_ASSERT_EQUAL(spk_merge_preset_from_name(ctx, NULL, &units[0]), SPK_ERR_ARGUMENT);
    spk_context_destroy(ctx);
}

static spk_status everything(spk_context *ctx, void *session)
{
    random_session *s = session;
    const int64_t starts[] = {-1000, 20000}, stops[] = {20000, 40000};
    const spk_epochs epochs = {2, starts, stops};
    spk_merging_options options =
        recipe(all_steps, sizeof all_steps / sizeof all_steps[0]);
    options.evaluate_all = 1;
    options.epochs = &epochs;
    spk_merge_candidates *c = NULL;
    const spk_status status = spk_merging_find(ctx, &s->input, &options, &c);
    CU_ASSERT_EQUAL(status == SPK_OK, c != NULL);
    spk_merge_candidates_destroy(c);
    return status;
}

static void failed_allocations(void)
{
    static random_session s;
    draw_session(2, 30, &s);
    CU_ASSERT(suite_fail_allocations(everything, &s) > 40);
}

static const suite_test tests[] = {
    {"names", names_lead_back},
    {"groups: hand worked", pairs_join_to_groups},
    {"groups: definition", groups_equal_spread_labels},
    {"steps in order", steps_decide_in_order},
    {"cross-refractory: definition", refractory_equals_definition},
    {"epochs", epochs_are_seen_alone},
    {"presence: hand worked", presence_hand_worked},
    {"quality: a tie", quality_of_a_tie},
    {"neighbours: definition", neighbors_equal_definition},
    {"binomial tails", binomial_tails},
    {"threads", any_number_of_threads},
    {"all evaluated", evaluating_all_changes_no_verdict},
    {"adversarial tables", adversarial_tables},
    {"errors", errors_are_named},
    {"failed allocations", failed_allocations},
};

SUITE_MAIN("merging", tests)
