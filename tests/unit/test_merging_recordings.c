/* SPDX-License-Identifier: BSD-3-Clause */
/* Candidates in a Kilosort 4 sorting, with Kilosort's own similarities of templates. */
#define _POSIX_C_SOURCE 200809L
#include "suite.h"

#include <spikekit/array.h>
#include <spikekit/duplicates.h>
#include <spikekit/merging.h>
#include <spikekit/session.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static const char folder[] = "../../shared/data/ks4_ibl_zfm02370";

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static int is_there(void)
{
    if (access(folder, R_OK) == 0)
        return 1;
    printf("skipped: %s is not there\n", folder);
    return 0;
}

static void candidates_of_each_preset(void)
{
    /* Pairs that pass, groups, a sum over groups of (1 + place) times their units. Those of
     * all but the first preset are the groups that SpikeInterface 0.105.3 finds from the same
     * spikes, positions and similarities. */
    static const struct {
        int64_t n_passed, n_groups, sum;
    } expected[] = {{0, 0, 0},       {0, 0, 0},         {0, 0, 0},
                    {15, 11, 39953}, {188, 25, 459980}, {5, 5, 5991}};
    spk_session *session = NULL;
    spk_npy *similar = NULL;
    if (!is_there())
        return;
    CU_ASSERT_FATAL(spk_session_open(NULL, folder, NULL, &session) == SPK_OK);
    char path[256];
    snprintf(path, sizeof path, "%s/similar_templates.npy", folder);
    CU_ASSERT_FATAL(spk_npy_open(NULL, path, &similar) == SPK_OK);
    const spk_spikes *spikes = spk_session_spikes(session);
    const int64_t n = spikes->n_units;
    double *similarity = malloc((size_t)(n * n) * sizeof *similarity);
    double *positions = malloc((size_t)(2 * n) * sizeof *positions);
    CU_ASSERT_FATAL(spk_npy_array(similar)->n_elements == n * n);
    CU_ASSERT_EQUAL(spk_array_to_double(NULL, spk_npy_array(similar), similarity),
                    SPK_OK);
    CU_ASSERT_EQUAL(spk_session_unit_positions(NULL, session, positions), SPK_OK);
    spk_merging_input input;
    spk_merging_input_init(&input, sizeof input);
    input.spikes = spikes;
    input.positions_um = positions;
    input.similarity = similarity;
    input.amplitudes = spk_session_amplitudes(session);
    input.spike_positions = spk_session_spike_positions(session);
    for (int32_t preset = 0; preset <= SPK_MERGE_SLAY_PRESET; preset++) {
        spk_merge_candidates *candidates = NULL;
        spk_merging_options options;
        spk_merging_options_init(&options, sizeof options);
        options.preset = preset;
        const double start = seconds();
        CU_ASSERT_FATAL(spk_merging_find(NULL, &input, &options, &candidates) == SPK_OK);
        const double taken = seconds() - start;
        const spk_merge_pair *pairs = spk_merge_candidates_pairs(candidates);
        int64_t n_passed = 0;
        for (int64_t p = 0; p < spk_merge_candidates_n_pairs(candidates); p++)
            n_passed += pairs[p].failed_step < 0;
        printf("\n  %-24s %6lld pairs listed, %4lld candidates in %3lld groups, %.3f s",
               spk_merge_preset_name(preset),
               (long long)spk_merge_candidates_n_pairs(candidates), (long long)n_passed,
               (long long)spk_merge_candidates_n_groups(candidates), taken);
        const int64_t *offsets = spk_merge_candidates_group_offsets(candidates);
        const int32_t *units = spk_merge_candidates_group_units(candidates);
        int64_t sum = 0;
        for (int64_t g = 0; g < spk_merge_candidates_n_groups(candidates); g++)
            for (int64_t k = offsets[g]; k < offsets[g + 1]; k++)
                sum += (1 + g) * units[k];
        CU_ASSERT_EQUAL(n_passed, expected[preset].n_passed);
        CU_ASSERT_EQUAL(spk_merge_candidates_n_groups(candidates),
                        expected[preset].n_groups);
        CU_ASSERT_EQUAL(sum, expected[preset].sum);
        CU_ASSERT_EQUAL(spk_merge_candidates_skipped(candidates, SPK_MERGE_SNR),
                        preset == SPK_MERGE_FEATURE_NEIGHBORS);
        spk_merge_candidates_destroy(candidates);
    }
    free(positions);
    free(similarity);
    spk_npy_close(similar);
    spk_session_close(session);
}

/* Kilosort 4 has removed its own duplicates; SpikeInterface's look a little further. Its counts
 * and pairs of redundant units are those that it gives for these spikes. */
static void duplicates_that_kilosort_left(void)
{
    static const int64_t expected[] = {185, 185, 184, 184};
    static const int32_t redundant[][2] = {
        {54, 50}, {120, 108}, {258, 253}, {354, 347}, {372, 366}};
    spk_session *session = NULL;
    if (!is_there())
        return;
    CU_ASSERT_FATAL(spk_session_open(NULL, folder, NULL, &session) == SPK_OK);
    const spk_spikes *spikes = spk_session_spikes(session);
    uint8_t *drop = malloc((size_t)spikes->n_spikes);
    spk_duplicates_options options;
    spk_duplicates_options_init(&options, sizeof options);
    options.convention = SPK_DUPLICATES_KILOSORT;
    options.period_ms = 0.25;
    options.keep = SPK_DUPLICATES_KEEP_FIRST_ITERATIVE;
    CU_ASSERT_EQUAL(spk_duplicates_find_within(NULL, spikes, &options, drop, NULL),
                    SPK_OK);
    CU_ASSERT_PTR_NULL(memchr(drop, 1, (size_t)spikes->n_spikes));
    options.convention = SPK_DUPLICATES_SPIKEINTERFACE;
    options.period_ms = 0.3;
    for (options.keep = 0; options.keep < 4; options.keep++) {
        int64_t n = 0;
        CU_ASSERT_EQUAL(spk_duplicates_find_within(NULL, spikes, &options, drop, NULL),
                        SPK_OK);
        for (int64_t i = 0; i < spikes->n_spikes; i++)
            n += drop[i];
        CU_ASSERT_EQUAL(n, expected[options.keep]);
    }
    spk_redundant_pair pairs[8];
    int64_t n_pairs = 0;
    CU_ASSERT_EQUAL(spk_redundant_find(NULL, spikes, NULL, drop, pairs, 8, &n_pairs),
                    SPK_OK);
    CU_ASSERT_FATAL(n_pairs == 5);
    for (int p = 0; p < 5; p++)
        CU_ASSERT(pairs[p].a == redundant[p][0] && pairs[p].b == redundant[p][1]);
    free(drop);
    spk_session_close(session);
}

static const suite_test tests[] = {
    {"candidates of each preset", candidates_of_each_preset},
    {"duplicates that Kilosort left", duplicates_that_kilosort_left},
};

SUITE_MAIN("merging: recordings", tests)
