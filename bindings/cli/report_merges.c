/* SPDX-License-Identifier: BSD-3-Clause */
/* Which units may be one neuron: those that share most of their spikes, found twice by the
 * sorter, then the merge candidates. */
#include "report_details.h"

#include <math.h>
#include <stdlib.h>

/* The similarity of templates by which presets choose; NULL without templates. */
static spk_status find_similarity(spk_context *ctx, const report_details *details,
                                  double **similarity)
{
    spk_templates_similarity_options options;
    if (details->unit_templates == NULL)
        return SPK_OK;
    const size_t n = (size_t)spk_session_spikes(details->data->session)->n_units;
    if ((*similarity = malloc((n * n + 1) * sizeof **similarity)) == NULL)
        return SPK_ERR_MEMORY;
    spk_templates_similarity_options_init(&options, sizeof options);
    options.method = SPK_SIMILARITY_L1;
    return spk_templates_similarity(ctx, details->unit_templates, &options, *similarity,
                                    NULL);
}

/* How near a pair comes to being one neuron: units found twice first, then proposed ones,
 * then by how surely the units share a refractory period; NaN: not looked at so far. */
static double rank_of(const report_merge *merge)
{
    if (merge->twin != NULL)
        return -3 - merge->twin->shared;
    const double p = merge->pair->values[SPK_MERGE_VALUE_REFRACTORY_P];
    return merge->pair->failed_step < 0 ? p - 2 : p;
}

static void offer(report_merges *merges, const report_merge *merge)
{
    int32_t at = merges->n;
    if (at == REPORT_MAX_MERGES && rank_of(&merges->items[at - 1]) <= rank_of(merge))
        return;
    if (at == REPORT_MAX_MERGES)
        at--;
    else
        merges->n++;
    for (; at > 0 && rank_of(&merges->items[at - 1]) > rank_of(merge); at--)
        merges->items[at] = merges->items[at - 1];
    merges->items[at] = *merge;
}

static spk_status count_merges(spk_context *ctx, const report_data *data,
                               report_merges *merges)
{
    int32_t units[REPORT_MAX_MERGES][2];
    for (int32_t i = 0; i < merges->n; i++) {
        units[i][0] = merges->items[i].a;
        units[i][1] = merges->items[i].b;
    }
    merges->counts =
        malloc(((size_t)(merges->n * data->options.n_bins) + 1) * sizeof(int64_t));
    if (merges->counts == NULL)
        return SPK_ERR_MEMORY;
    return spk_correlogram_count_pairs(ctx, spk_session_spikes(data->session),
                                       &data->options, (const int32_t(*)[2])units,
                                       merges->n, merges->counts);
}

/* By a, then b, as candidates are. */
static int compare_pairs(int32_t a, int32_t b, const spk_merge_pair *pair)
{
    if (a != pair->a)
        return a < pair->a ? -1 : 1;
    return b < pair->b ? -1 : b > pair->b;
}

/* The listed pair of two units; -1: none. */
static int64_t find_pair(const spk_merge_pair *pairs, int64_t n, int32_t a, int32_t b)
{
    int64_t first = 0, stop = n;
    while (first < stop) {
        const int64_t middle = first + (stop - first) / 2;
        const int order = compare_pairs(a, b, &pairs[middle]);
        if (order == 0)
            return middle;
        if (order < 0)
            stop = middle;
        else
            first = middle + 1;
    }
    return -1;
}

/* Offers a pair to those of its units that the report shows. */
static void offer_both(report_details *details, const int64_t *unit_at,
                       const report_merge *merge)
{
    if (unit_at[merge->a] >= 0)
        offer(&details->merges[unit_at[merge->a]], merge);
    if (unit_at[merge->b] >= 0)
        offer(&details->merges[unit_at[merge->b]], merge);
}

/* `taken` marks candidates that are twins as well. */
static void offer_all(report_details *details, const int64_t *unit_at, char *taken)
{
    const spk_merge_pair *pairs = NULL;
    int64_t n_pairs = 0;
    if (details->candidates != NULL) {
        pairs = spk_merge_candidates_pairs(details->candidates);
        n_pairs = spk_merge_candidates_n_pairs(details->candidates);
    }
    for (int64_t t = 0; t < details->n_twins; t++) {
        const spk_redundant_pair *twin = &details->twins[t];
        report_merge merge = {twin->b, twin->a, NULL, twin};
        const int64_t p = find_pair(pairs, n_pairs, merge.a, merge.b);
        if (p >= 0) {
            merge.pair = &pairs[p];
            taken[p] = 1;
        }
        offer_both(details, unit_at, &merge);
    }
    for (int64_t p = 0; p < n_pairs; p++) {
        const report_merge merge = {pairs[p].a, pairs[p].b, &pairs[p], NULL};
        if (!taken[p] && !isnan(rank_of(&merge)))
            offer_both(details, unit_at, &merge);
    }
}

/* Keeps the best pairs of each unit and counts their correlograms. */
static spk_status keep_merges(spk_context *ctx, report_details *details)
{
    const report_data *data = details->data;
    const int64_t n_all = spk_session_spikes(data->session)->n_units;
    const int64_t n_pairs = details->candidates == NULL
                                ? 0
                                : spk_merge_candidates_n_pairs(details->candidates);
    int64_t *unit_at = malloc(((size_t)n_all + 1) * sizeof *unit_at);
    char *taken = calloc((size_t)n_pairs + 1, 1);
    details->merges = calloc((size_t)data->n_units + 1, sizeof *details->merges);
    spk_status status = SPK_OK;
    if (unit_at == NULL || taken == NULL || details->merges == NULL) {
        status = SPK_ERR_MEMORY;
    } else {
        for (int64_t u = 0; u < n_all; u++)
            unit_at[u] = -1;
        for (int64_t u = 0; u < data->n_units; u++)
            unit_at[report_details_place(details, u)] = u;
        offer_all(details, unit_at, taken);
    }
    free(taken);
    free(unit_at);
    for (int64_t u = 0; status == SPK_OK && u < data->n_units; u++)
        status = count_merges(ctx, data, &details->merges[u]);
    return status;
}

/* Pairs of units that share more than half of the spikes of the smaller. */
static spk_status find_twins(spk_context *ctx, report_details *details)
{
    const spk_spikes *spikes = spk_session_spikes(details->data->session);
    spk_redundant_options options;
    spk_redundant_options_init(&options, sizeof options);
    options.min_agreement = 0;
    options.min_shared = REPORT_TWIN_SHARE;
    int64_t room = 2 * spikes->n_units + 1, found = 0;
    uint8_t *drop = malloc((size_t)spikes->n_units + 1);
    spk_status status = drop == NULL ? SPK_ERR_MEMORY : SPK_OK;
    for (int pass = 0; status == SPK_OK && pass < 2; pass++) {
        free(details->twins);
        details->twins = malloc((size_t)room * sizeof *details->twins);
        status = details->twins == NULL
                     ? SPK_ERR_MEMORY
                     : spk_redundant_find(ctx, spikes, &options, drop, details->twins,
                                          room, &found);
        if (found <= room)
            break;
        room = found;
    }
    free(drop);
    if (status == SPK_OK)
        details->n_twins = found;
    return status;
}

spk_status report_merges_find(spk_context *ctx, report_details *details)
{
    double *similarity = NULL;
    spk_merging_input input;
    spk_merging_input_init(&input, sizeof input);
    input.spikes = spk_session_spikes(details->data->session);
    if (details->data->position_source != REPORT_POSITIONS_NONE)
        input.positions_um = details->data->positions_um;
    spk_status status = find_twins(ctx, details);
    if (status == SPK_OK)
        status = find_similarity(ctx, details, &similarity);
    input.similarity = similarity;
    /* without either, all pairs would be compared on their spike times alone */
    if (status == SPK_OK && (input.positions_um != NULL || similarity != NULL))
        status = spk_merging_find(ctx, &input, NULL, &details->candidates);
    if (status == SPK_OK)
        status = keep_merges(ctx, details);
    free(similarity);
    return status;
}
