/* SPDX-License-Identifier: BSD-3-Clause */
/* Names of steps and presets; connected components, the root of each its lowest unit. */
#include "base/check.h"
#include "base/memory.h"
#include "sorting/merge_work.h"

#include <inttypes.h>
#include <string.h>

static const char *const step_names[SPK_MERGE_N_STEPS] = {
    [SPK_MERGE_NUM_SPIKES] = "num_spikes",
    [SPK_MERGE_SNR] = "snr",
    [SPK_MERGE_CONTAMINATION] = "remove_contaminated",
    [SPK_MERGE_DISTANCE] = "unit_locations",
    [SPK_MERGE_SIMILARITY] = "template_similarity",
    [SPK_MERGE_CORRELOGRAM] = "correlogram",
    [SPK_MERGE_PRESENCE] = "presence_distance",
    [SPK_MERGE_NEIGHBORS] = "knn",
    [SPK_MERGE_CROSS_CONTAMINATION] = "cross_contamination",
    [SPK_MERGE_QUALITY] = "quality_score",
    [SPK_MERGE_SLAY] = "slay_score",
    [SPK_MERGE_CROSS_REFRACTORY] = "cross_refractory",
};

static const struct {
    const char *name;
    int64_t n_steps;
    int32_t steps[6];
} presets[] = {
    [SPK_MERGE_SPIKEKIT] = {"spikekit",
                            6,
                            {SPK_MERGE_NUM_SPIKES, SPK_MERGE_CONTAMINATION,
                             SPK_MERGE_DISTANCE, SPK_MERGE_SIMILARITY,
                             SPK_MERGE_CROSS_REFRACTORY, SPK_MERGE_QUALITY}},
    [SPK_MERGE_SIMILARITY_CORRELOGRAMS] = {"similarity_correlograms",
                                           6,
                                           {SPK_MERGE_NUM_SPIKES, SPK_MERGE_CONTAMINATION,
                                            SPK_MERGE_DISTANCE, SPK_MERGE_SIMILARITY,
                                            SPK_MERGE_CORRELOGRAM, SPK_MERGE_QUALITY}},
    [SPK_MERGE_TEMPORAL_SPLITS] = {"temporal_splits",
                                   6,
                                   {SPK_MERGE_NUM_SPIKES, SPK_MERGE_CONTAMINATION,
                                    SPK_MERGE_DISTANCE, SPK_MERGE_SIMILARITY,
                                    SPK_MERGE_PRESENCE, SPK_MERGE_QUALITY}},
    [SPK_MERGE_X_CONTAMINATIONS] = {"x_contaminations",
                                    6,
                                    {SPK_MERGE_NUM_SPIKES, SPK_MERGE_CONTAMINATION,
                                     SPK_MERGE_DISTANCE, SPK_MERGE_SIMILARITY,
                                     SPK_MERGE_CROSS_CONTAMINATION, SPK_MERGE_QUALITY}},
    [SPK_MERGE_FEATURE_NEIGHBORS] = {"feature_neighbors",
                                     6,
                                     {SPK_MERGE_NUM_SPIKES, SPK_MERGE_SNR,
                                      SPK_MERGE_CONTAMINATION, SPK_MERGE_DISTANCE,
                                      SPK_MERGE_NEIGHBORS, SPK_MERGE_QUALITY}},
    [SPK_MERGE_SLAY_PRESET] = {"slay", 2, {SPK_MERGE_SIMILARITY, SPK_MERGE_SLAY}},
};

enum {
    N_PRESETS = sizeof presets / sizeof presets[0]
};

const char *spk_merge_step_name(int32_t step)
{
    return step >= 0 && step < SPK_MERGE_N_STEPS ? step_names[step] : NULL;
}

const char *spk_merge_preset_name(int32_t preset)
{
    return preset >= 0 && preset < N_PRESETS ? presets[preset].name : NULL;
}

spk_status spk_merge_preset_from_name(spk_context *ctx, const char *name, int32_t *preset)
{
    SPK_REQUIRE(ctx, name != NULL, SPK_ERR_ARGUMENT, "name is NULL");
    SPK_REQUIRE(ctx, preset != NULL, SPK_ERR_ARGUMENT, "preset is NULL");
    for (int32_t p = 0; p < N_PRESETS; p++)
        if (strcmp(name, presets[p].name) == 0) {
            *preset = p;
            return SPK_OK;
        }
    return spk__fail(ctx, SPK_ERR_NOT_FOUND,
                     "no such preset: %s (there are spikekit, similarity_correlograms, "
                     "temporal_splits, x_contaminations, feature_neighbors, slay)",
                     name);
}

int64_t spk__merge_recipe(int32_t preset, const int32_t **steps)
{
    if (preset < 0 || preset >= N_PRESETS)
        return 0;
    *steps = presets[preset].steps;
    return presets[preset].n_steps;
}

static int32_t root_of(int32_t *parents, int32_t unit)
{
    while (parents[unit] != unit) {
        parents[unit] = parents[parents[unit]];
        unit = parents[unit];
    }
    return unit;
}

static void join(int32_t *parents, int32_t a, int32_t b)
{
    a = root_of(parents, a);
    b = root_of(parents, b);
    if (a < b)
        parents[b] = a;
    else
        parents[a] = b;
}

spk_status spk_merge_join_pairs(spk_context *ctx, int64_t n_units,
                                const int32_t (*pairs)[2], int64_t n_pairs,
                                int64_t *offsets, int32_t *units, int64_t *n_groups)
{
    SPK_REQUIRE(ctx, n_units >= 0 && n_units <= INT32_MAX, SPK_ERR_ARGUMENT,
                "n_units must be in 0 .. 2^31 - 1, got %" PRId64, n_units);
    SPK_REQUIRE(ctx, n_pairs >= 0 && (n_pairs == 0 || pairs != NULL), SPK_ERR_ARGUMENT,
                "pairs is NULL or n_pairs is negative");
    SPK_REQUIRE(ctx,
                offsets != NULL && (n_units == 0 || units != NULL) && n_groups != NULL,
                SPK_ERR_ARGUMENT, "offsets, units or n_groups is NULL");
    for (int64_t p = 0; p < n_pairs; p++)
        for (int side = 0; side < 2; side++)
            SPK_REQUIRE(
                ctx, pairs[p][side] >= 0 && pairs[p][side] < n_units, SPK_ERR_ARGUMENT,
                "pairs: pair %" PRId64 ": unit must be in 0 .. %" PRId64 ", got %" PRId32,
                p, n_units - 1, pairs[p][side]);
    int32_t *parents = spk__alloc(ctx, n_units, sizeof *parents);
    int64_t *sizes = spk__alloc_zero(ctx, n_units, sizeof *sizes);
    if (parents == NULL || sizes == NULL) {
        spk__free(sizes);
        spk__free(parents);
        return spk__fail_memory(ctx);
    }
    for (int64_t u = 0; u < n_units; u++)
        parents[u] = (int32_t)u;
    for (int64_t p = 0; p < n_pairs; p++)
        join(parents, pairs[p][0], pairs[p][1]);
    for (int64_t u = 0; u < n_units; u++)
        sizes[root_of(parents, (int32_t)u)]++;
    /* From sizes to where each group's next unit goes; the lowest unit of a group is its
     * root, and comes first. */
    int64_t n = 0, next = 0;
    offsets[0] = 0;
    for (int64_t u = 0; u < n_units; u++) {
        if (parents[u] != u || sizes[u] < 2) {
            const int32_t root = root_of(parents, (int32_t)u);
            if (root != u)
                units[sizes[root]++] = (int32_t)u;
            continue;
        }
        const int64_t size = sizes[u];
        sizes[u] = next;
        units[sizes[u]++] = (int32_t)u;
        next += size;
        offsets[++n] = next;
    }
    *n_groups = n;
    spk__free(sizes);
    spk__free(parents);
    return SPK_OK;
}
