/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Merge scores of one unit: those of a recording that has it and the units near it alone. Most
 * steps look at trains, which are there; a table of these units is made for those that do not.
 */
#include "base/check.h"
#include "base/memory.h"
#include "files/sort.h"
#include "sorting/curation_excerpt.h"
#include "sorting/merge_work.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

typedef struct neighbourhood {
    int64_t n;          /* units, the one that is scored among them */
    int64_t unit;       /* its place */
    int64_t *ids;       /* [n] rising */
    int64_t *slots;     /* [n] */
    double *positions;  /* [n][2]; NULL: not known */
    double *similarity; /* [n][n]; NULL: not known */
} neighbourhood;

static void free_neighbourhood(neighbourhood *h)
{
    spk__free(h->slots);
    spk__free(h->positions);
    spk__free(h->similarity);
}

static void position_of(const spk_curation *c, int64_t slot, double xy[2])
{
    const spk__curation_slot *s = &c->slots[slot];
    const double n = (double)s->n_positions;
    xy[0] = s->x_sum / n; /* NaN without positions, which is far from everything */
    xy[1] = s->y_sum / n;
}

/* Ids of the units within a distance, or of all when that is not known. */
static int64_t list_near(const spk_curation *c, int64_t slot, double distance_um,
                         int64_t *ids)
{
    double here[2], there[2];
    int64_t n = 0;
    position_of(c, slot, here);
    for (int64_t s = 0; s < c->n_slots; s++) {
        if (!c->slots[s].is_active)
            continue;
        position_of(c, s, there);
        if (s == slot || c->options.spike_positions == NULL ||
            hypot(here[0] - there[0], here[1] - there[1]) <= distance_um)
            ids[n++] = c->slots[s].id;
    }
    return n;
}

static spk_status check_others(spk_context *ctx, const spk_curation *c, int64_t unit_id,
                               int64_t n_others, const int64_t *others)
{
    SPK_REQUIRE(ctx, n_others >= 0, SPK_ERR_ARGUMENT,
                "n_others must be >= 0, got %" PRId64, n_others);
    for (int64_t k = 0; k < n_others; k++) {
        SPK_REQUIRE(ctx, spk__curation_find(c, others[k]) != SPK__NO_SLOT,
                    SPK_ERR_NOT_FOUND, "no unit %" PRId64, others[k]);
        SPK_REQUIRE(ctx, others[k] != unit_id, SPK_ERR_ARGUMENT,
                    "others: unit %" PRId64 " is the one that is scored", unit_id);
        for (int64_t before = 0; before < k; before++)
            SPK_REQUIRE(ctx, others[before] != others[k], SPK_ERR_ARGUMENT,
                        "others must be distinct, got %" PRId64 " twice", others[k]);
    }
    return SPK_OK;
}

static int64_t place_of(const neighbourhood *h, int64_t id)
{
    int64_t place = 0;
    while (place < h->n && h->ids[place] != id)
        place++;
    return place;
}

/* Fills what is known of the units whose ids stand in h->ids, rising. */
static spk_status describe(spk_context *ctx, const spk_curation *c, int64_t unit_id,
                           int64_t n_others, const int64_t *others,
                           const double *similarity, neighbourhood *h)
{
    h->unit = place_of(h, unit_id);
    h->slots = spk__alloc(ctx, h->n, sizeof *h->slots);
    if (h->slots == NULL)
        return spk__fail_memory(ctx);
    for (int64_t k = 0; k < h->n; k++)
        h->slots[k] = spk__curation_find(c, h->ids[k]);
    if (c->options.spike_positions != NULL) {
        h->positions = spk__alloc(ctx, 2 * h->n, sizeof *h->positions);
        if (h->positions == NULL)
            return spk__fail_memory(ctx);
        for (int64_t k = 0; k < h->n; k++)
            position_of(c, h->slots[k], h->positions + 2 * k);
    }
    if (similarity == NULL)
        return SPK_OK;
    h->similarity = spk__alloc(ctx, h->n * h->n, sizeof *h->similarity);
    if (h->similarity == NULL)
        return spk__fail_memory(ctx);
    for (int64_t k = 0; k < h->n * h->n; k++)
        h->similarity[k] = NAN;
    for (int64_t k = 0; k < n_others; k++) {
        const int64_t place = place_of(h, others[k]);
        h->similarity[place * h->n + h->unit] = similarity[k];
        h->similarity[h->unit * h->n + place] = similarity[k];
    }
    return SPK_OK;
}

static spk_status check_step(spk_context *ctx, int32_t step)
{
    SPK_REQUIRE(ctx, step != SPK_MERGE_SNR && step != SPK_MERGE_NEIGHBORS,
                SPK_ERR_ARGUMENT, "%s takes all units: use spk_merging_find()",
                spk_merge_step_name(step));
    return SPK_OK;
}

/* Checks the steps; *reads_table: whether one of them reads the spike table. */
static spk_status check_steps(spk_context *ctx, const spk_merging_options *o,
                              int *reads_table)
{
    const int32_t *steps = o->steps;
    const int64_t n = steps != NULL ? o->n_steps : spk__merge_recipe(o->preset, &steps);
    spk_status status = SPK_OK;
    *reads_table = o->epochs != NULL;
    for (int64_t k = 0; k < n && status == SPK_OK; k++) {
        status = check_step(ctx, steps[k]);
        *reads_table |= steps[k] == SPK_MERGE_CORRELOGRAM || steps[k] == SPK_MERGE_SLAY;
    }
    return status;
}

static spk_status find_in_table(spk_context *ctx, const spk_curation *c,
                                const neighbourhood *h, const spk_merging_input *input,
                                const spk_merging_options *options,
                                spk_merge_candidates **candidates)
{
    spk__curation_excerpt e = {0};
    spk_merging_input own = *input;
    spk_status status = spk__curation_excerpt_make(ctx, c, NULL, 0, h->n, h->slots, &e);
    own.spikes = &e.spikes;
    if (status == SPK_OK)
        status = spk_merging_find(ctx, &own, options, candidates);
    spk__curation_excerpt_free(&e);
    return status;
}

static spk_status find_in_trains(spk_context *ctx, const spk_curation *c,
                                 const neighbourhood *h, const spk_merging_input *input,
                                 const spk_merging_options *options,
                                 spk_merge_candidates **candidates)
{
    const int knows_pairs =
        spk__merge_samples(options->refractory_ms, c->spikes.sampling_rate_hz) ==
        c->merging_samples;
    spk_status status = SPK_OK;
    spk_spikes spikes = c->spikes;
    spk_train *trains = spk__alloc(ctx, h->n, sizeof *trains);
    int64_t *pairs = spk__alloc(ctx, h->n, sizeof *pairs);
    if (trains == NULL || pairs == NULL) {
        status = spk__fail_memory(ctx);
        goto cleanup;
    }
    spikes.n_units = h->n;
    spikes.n_spikes = 0;
    for (int64_t k = 0; k < h->n; k++) {
        const spk__curation_slot *slot = &c->slots[h->slots[k]];
        trains[k] = (spk_train){.n_spikes = slot->n_spikes, .samples = slot->samples};
        pairs[k] = slot->n_merging_pairs;
        spikes.n_spikes += slot->n_spikes;
    }
    const spk__merge_given given = {trains, knows_pairs ? pairs : NULL};
    spk_merging_input own = *input;
    own.spikes = &spikes;
    status = spk__merging_find_given(ctx, &own, &given, options, candidates);
cleanup:
    spk__free(pairs);
    spk__free(trains);
    return status;
}

spk_status spk_curation_candidates(spk_context *ctx, const spk_curation *c,
                                   int64_t unit_id, int64_t n_others,
                                   const int64_t *others, const double *similarity,
                                   const spk_merging_options *given, int64_t *unit_ids,
                                   int64_t *n_units, spk_merge_candidates **candidates)
{
    SPK_REQUIRE(
        ctx, c != NULL && unit_ids != NULL && n_units != NULL && candidates != NULL,
        SPK_ERR_ARGUMENT, "curation, unit_ids, n_units and candidates must not be NULL");
    SPK_REQUIRE(ctx, others != NULL || similarity == NULL, SPK_ERR_ARGUMENT,
                "similarity: to which others?");
    SPK_REQUIRE(ctx, given == NULL || given->struct_size >= sizeof *given,
                SPK_ERR_ARGUMENT, "options: not filled by spk_merging_options_init()");
    const int64_t slot = spk__curation_find(c, unit_id);
    SPK_REQUIRE(ctx, slot != SPK__NO_SLOT, SPK_ERR_NOT_FOUND, "no unit %" PRId64,
                unit_id);
    spk_merging_options options;
    spk_merging_options_init(&options, sizeof options);
    if (given != NULL)
        options = *given;
    int reads_table = 0;
    spk_status status = check_steps(ctx, &options, &reads_table);
    if (status == SPK_OK && others != NULL)
        status = check_others(ctx, c, unit_id, n_others, others);
    if (status != SPK_OK)
        return status;

    neighbourhood h = {.ids = unit_ids};
    if (others == NULL) {
        h.n = list_near(c, slot, options.max_distance_um, unit_ids);
    } else {
        memcpy(unit_ids, others, (size_t)n_others * sizeof *unit_ids);
        unit_ids[n_others] = unit_id;
        h.n = n_others + 1;
    }
    spk__sort_int64(unit_ids, h.n);
    if ((status = describe(ctx, c, unit_id, n_others, others, similarity, &h)) != SPK_OK)
        goto cleanup;
    spk_merging_input input;
    spk_merging_input_init(&input, sizeof input);
    input.positions_um = h.positions;
    input.similarity = h.similarity;
    options.with_unit = h.unit;
    status = (reads_table ? find_in_table : find_in_trains)(ctx, c, &h, &input, &options,
                                                            candidates);
    if (status == SPK_OK)
        *n_units = h.n;
cleanup:
    free_neighbourhood(&h);
    return status;
}
