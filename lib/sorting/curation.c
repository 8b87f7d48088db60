/* SPDX-License-Identifier: BSD-3-Clause */
#include <spikekit/curation.h>

#include "base/check.h"
#include "base/memory.h"
#include "base/parallel.h"
#include "files/array_convert.h"
#include "files/sort.h"
#include "sorting/curation_state.h"
#include "sorting/merge_work.h"
#include "sorting/spike_values.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

void spk_curation_options_init(spk_curation_options *options, size_t struct_size)
{
    const spk_curation_options defaults = {
        .struct_size = struct_size,
        .refractory_s = 0.001,
        .presence_bin_s = 60,
        .amplitude_bins = 100,
        .n_bins = 51,
        .bin_s = 0.001,
    };
    if (options != NULL)
        memcpy(options, &defaults,
               struct_size < sizeof defaults ? struct_size : sizeof defaults);
}

/* ---- slots ---- */

int64_t spk__curation_find(const spk_curation *c, int64_t unit_id)
{
    for (int64_t s = c->n_slots - 1; s >= 0; s--)
        if (c->slots[s].is_active && c->slots[s].id == unit_id)
            return s;
    return SPK__NO_SLOT;
}

static void free_slot(spk__curation_slot *slot)
{
    spk__free(slot->own_samples);
    spk__free(slot->own_indices);
    spk__free(slot->counts);
    spk__free(slot->pairs);
}

void spk__curation_drop_slots(spk_curation *c, int64_t first)
{
    while (c->n_slots > first)
        free_slot(&c->slots[--c->n_slots]);
}

spk_status spk__curation_add_slot(spk_context *ctx, spk_curation *c, int64_t id,
                                  int64_t n_spikes)
{
    if (c->n_slots == INT32_MAX)
        return spk__fail(ctx, SPK_ERR_OVERFLOW, "2^31 units and more");
    if (c->n_slots == c->slot_capacity) {
        const int64_t capacity = c->slot_capacity + c->slot_capacity / 2 + 16;
        spk__curation_slot *slots = spk__realloc(ctx, c->slots, capacity, sizeof *slots);
        if (slots == NULL)
            return spk__fail_memory(ctx);
        c->slots = slots;
        c->slot_capacity = capacity;
    }
    spk__curation_slot *slot = &c->slots[c->n_slots];
    memset(slot, 0, sizeof *slot);
    slot->id = id;
    slot->amplitude_min = INFINITY;
    slot->amplitude_max = -INFINITY;
    slot->counts = spk__alloc_zero(ctx, c->n_presence_bins + c->n_amplitude_bins,
                                   sizeof *slot->counts);
    slot->pairs =
        spk__alloc_zero(ctx, (2 * c->n_slots + 1) * c->n_bins, sizeof *slot->pairs);
    if (n_spikes > 0) {
        slot->own_samples = spk__alloc(ctx, n_spikes, sizeof *slot->own_samples);
        slot->own_indices = spk__alloc(ctx, n_spikes, sizeof *slot->own_indices);
    }
    slot->samples = slot->own_samples;
    slot->indices = slot->own_indices;
    if (slot->counts == NULL || slot->pairs == NULL ||
        (n_spikes > 0 && (slot->own_samples == NULL || slot->own_indices == NULL))) {
        free_slot(slot);
        return spk__fail_memory(ctx);
    }
    c->n_slots++;
    return SPK_OK;
}

/* ---- creation ---- */

static spk_status check_rows(spk_context *ctx, const char *name, const spk_array *array,
                             int64_t n_spikes, int64_t n_columns)
{
    if (array == NULL)
        return SPK_OK;
    const spk_status status = spk__array_check(ctx, array);
    if (status != SPK_OK)
        return status;
    char shape[128];
    spk__array_shape_text(array, shape);
    const int fits = array->n_dimensions == 1
                         ? n_columns == 1
                         : array->n_dimensions == 2 && array->shape[1] >= n_columns &&
                               (n_columns > 1 || array->shape[1] == 1);
    SPK_REQUIRE(ctx,
                fits && array->shape[0] == n_spikes && array->dtype <= SPK_DTYPE_FLOAT64,
                SPK_ERR_ARGUMENT,
                "%s: expected %" PRId64 " number%s for each of %" PRId64
                " spikes, found %s of shape %s",
                name, n_columns, n_columns == 1 ? "" : "s", n_spikes,
                spk_dtype_name(array->dtype), shape);
    return SPK_OK;
}

static spk_status check_ids(spk_context *ctx, int64_t n_units, const int64_t *unit_ids)
{
    spk_status status = SPK_OK;
    if (unit_ids == NULL || n_units == 0)
        return SPK_OK;
    int64_t *sorted = spk__alloc(ctx, n_units, sizeof *sorted);
    if (sorted == NULL)
        return spk__fail_memory(ctx);
    memcpy(sorted, unit_ids, (size_t)n_units * sizeof *sorted);
    spk__sort_int64(sorted, n_units);
    if (sorted[0] < 0 || sorted[n_units - 1] >= SPK__CURATION_MAX_ID)
        status = spk__fail(ctx, SPK_ERR_ARGUMENT,
                           "unit_ids must be in 0 .. 2^62 - 1, got %" PRId64,
                           sorted[0] < 0 ? sorted[0] : sorted[n_units - 1]);
    for (int64_t u = 1; u < n_units && status == SPK_OK; u++)
        if (sorted[u] == sorted[u - 1])
            status =
                spk__fail(ctx, SPK_ERR_ARGUMENT,
                          "unit_ids must be distinct, got %" PRId64 " twice", sorted[u]);
    spk__free(sorted);
    return status;
}

static spk_status check_options(spk_context *ctx, const spk_spikes *spikes,
                                const spk_curation_options *o)
{
    SPK_REQUIRE(ctx, o->struct_size >= sizeof *o, SPK_ERR_ARGUMENT,
                "options: not filled by spk_curation_options_init()");
    SPK_REQUIRE(ctx, o->refractory_s >= 0 && o->refractory_s <= 1, SPK_ERR_ARGUMENT,
                "refractory_s must be in 0 .. 1, got %g", o->refractory_s);
    SPK_REQUIRE(ctx,
                o->presence_bin_s <= 1e9 &&
                    o->presence_bin_s * spikes->sampling_rate_hz >= 1,
                SPK_ERR_ARGUMENT, "presence_bin_s must be a sample or more, got %g",
                o->presence_bin_s);
    SPK_REQUIRE(ctx, o->amplitude_bins >= 1 && o->amplitude_bins <= 1 << 20,
                SPK_ERR_ARGUMENT, "amplitude_bins must be in 1 .. 2^20, got %" PRId64,
                o->amplitude_bins);
    SPK_REQUIRE(ctx,
                o->n_bins == 0 ||
                    (o->n_bins > 0 && o->n_bins % 2 == 1 && o->n_bins < 1 << 20),
                SPK_ERR_ARGUMENT, "n_bins must be 0 or odd and below 2^20, got %" PRId64,
                o->n_bins);
    SPK_REQUIRE(ctx, o->bin_s > 0 && o->bin_s <= 100, SPK_ERR_ARGUMENT,
                "bin_s must be above 0 and at most 100, got %g", o->bin_s);
    spk_status status = check_rows(ctx, "amplitudes", o->amplitudes, spikes->n_spikes, 1);
    if (status == SPK_OK)
        status =
            check_rows(ctx, "spike_positions", o->spike_positions, spikes->n_spikes, 2);
    return status == SPK_OK ? check_ids(ctx, spikes->n_units, o->unit_ids) : status;
}

static void set_samples(spk_curation *c)
{
    const spk_curation_options *o = &c->options;
    const double rate = c->spikes.sampling_rate_hz;
    spk_merging_options merging;
    spk_merging_options_init(&merging, sizeof merging);
    c->refractory_samples = (int64_t)(rate * o->refractory_s);
    c->merging_samples = spk__merge_samples(merging.refractory_ms, rate);
    c->presence_samples = (int64_t)(rate * o->presence_bin_s);
    const uint64_t length =
        (uint64_t)c->spikes.stop_sample - (uint64_t)c->spikes.start_sample;
    c->n_presence_bins = (int64_t)(length / (uint64_t)c->presence_samples);
    c->n_bins = o->n_bins;
    c->bin_samples = (int64_t)round(rate * o->bin_s);
    if (c->bin_samples < 1)
        c->bin_samples = 1;
}

static spk_status find_amplitude_range(spk_context *ctx, spk_curation *c)
{
    enum {
        BLOCK = 4096
    };
    double block[BLOCK];
    uint32_t indices[BLOCK];
    c->amplitude_low = INFINITY;
    c->amplitude_high = -INFINITY;
    c->n_amplitude_bins = c->options.amplitudes == NULL ? 0 : c->options.amplitude_bins;
    for (int64_t first = 0; c->n_amplitude_bins > 0 && first < c->spikes.n_spikes;
         first += BLOCK) {
        const int64_t left = c->spikes.n_spikes - first;
        const int64_t n = left < BLOCK ? left : BLOCK;
        for (int64_t i = 0; i < n; i++)
            indices[i] = (uint32_t)(first + i);
        const spk_status status =
            spk__spike_values(ctx, c->options.amplitudes, 0, indices, n, block);
        if (status != SPK_OK)
            return status;
        for (int64_t i = 0; i < n; i++)
            if (isfinite(block[i])) {
                c->amplitude_low =
                    block[i] < c->amplitude_low ? block[i] : c->amplitude_low;
                c->amplitude_high =
                    block[i] > c->amplitude_high ? block[i] : c->amplitude_high;
            }
    }
    if (c->amplitude_low > c->amplitude_high)
        c->amplitude_low = c->amplitude_high = 0;
    c->amplitude_origin = c->amplitude_low / 2 + c->amplitude_high / 2;
    return SPK_OK;
}

static spk_status sum_slot(void *state, int64_t task, int32_t worker)
{
    const spk_curation *c = state;
    (void)worker;
    /* The message of a failure is written by the loop. */
    return spk__curation_sum(NULL, c, &c->slots[task]);
}

static spk_status fill(spk_context *ctx, spk_curation *c)
{
    spk_status status = spk_trains_create(ctx, &c->spikes, NULL, &c->trains);
    if (status != SPK_OK || (status = find_amplitude_range(ctx, c)) != SPK_OK)
        return status;
    c->slot_of = spk__alloc(ctx, c->spikes.n_spikes, sizeof *c->slot_of);
    if (c->slot_of == NULL)
        return spk__fail_memory(ctx);
    if (c->spikes.n_spikes > 0)
        memcpy(c->slot_of, c->spikes.units,
               (size_t)c->spikes.n_spikes * sizeof *c->slot_of);
    for (int64_t u = 0; u < c->spikes.n_units; u++) {
        const spk_train train = spk_trains_unit(c->trains, u);
        status = spk__curation_add_slot(
            ctx, c, c->options.unit_ids == NULL ? u : c->options.unit_ids[u], 0);
        if (status != SPK_OK)
            return status;
        c->slots[u].is_active = 1;
        c->slots[u].n_spikes = train.n_spikes;
        c->slots[u].samples = train.samples;
        c->slots[u].indices = train.indices;
    }
    c->n_active = c->spikes.n_units;
    c->n_kept = c->spikes.n_spikes;
    status = spk__parallel_for(ctx, c->n_slots, sum_slot, c, NULL);
    if (status == SPK_ERR_MEMORY)
        return spk__fail_memory(ctx);
    return status == SPK_OK ? spk__curation_count_pairs(ctx, c) : status;
}

spk_status spk_curation_create(spk_context *ctx, const spk_spikes *spikes,
                               const spk_curation_options *options, spk_curation **out)
{
    SPK_REQUIRE(ctx, out != NULL, SPK_ERR_ARGUMENT, "curation is NULL");
    *out = NULL;
    spk_curation_options defaults;
    spk_curation_options_init(&defaults, sizeof defaults);
    if (options == NULL)
        options = &defaults;
    spk_status status = spk_spikes_check(ctx, spikes);
    if (status == SPK_OK)
        status = check_options(ctx, spikes, options);
    if (status != SPK_OK)
        return status;
    spk_curation *c = spk__alloc_zero(ctx, 1, sizeof *c);
    if (c == NULL)
        return spk__fail_memory(ctx);
    c->spikes = *spikes;
    c->options = *options;
    if (options->templates != NULL)
        c->templates = *options->templates;
    set_samples(c);
    if ((status = fill(ctx, c)) == SPK_OK)
        *out = c;
    else
        spk_curation_destroy(c);
    return status;
}

void spk_curation_destroy(spk_curation *c)
{
    if (c == NULL)
        return;
    for (int64_t r = 0; r < c->n_records; r++) {
        spk__free(c->records[r].ids);
        spk__free(c->records[r].old_slots);
    }
    spk__free(c->records);
    spk__curation_drop_slots(c, 0);
    spk__free(c->slots);
    spk__free(c->slot_of);
    spk_trains_destroy(c->trains);
    spk__free(c);
}

/* ---- what there is ---- */

int64_t spk_curation_n_units(const spk_curation *c)
{
    return c == NULL ? 0 : c->n_active;
}

int64_t spk_curation_n_spikes(const spk_curation *c)
{
    return c == NULL ? 0 : c->n_kept;
}

int64_t spk_curation_n_bins(const spk_curation *c)
{
    return c == NULL ? 0 : c->n_bins;
}

void spk_curation_unit_ids(const spk_curation *c, int64_t *unit_ids)
{
    int64_t n = 0;
    for (int64_t s = 0; c != NULL && unit_ids != NULL && s < c->n_slots; s++)
        if (c->slots[s].is_active)
            unit_ids[n++] = c->slots[s].id;
    if (n > 0)
        spk__sort_int64(unit_ids, n);
}

spk_status spk_curation_spikes(spk_context *ctx, const spk_curation *c, int64_t *indices,
                               int32_t *units)
{
    SPK_REQUIRE(ctx, c != NULL, SPK_ERR_ARGUMENT, "curation is NULL");
    int64_t *ids = spk__alloc(ctx, c->n_active, sizeof *ids);
    int32_t *places = spk__alloc(ctx, c->n_slots, sizeof *places);
    if (ids == NULL || places == NULL) {
        spk__free(ids);
        spk__free(places);
        return spk__fail_memory(ctx);
    }
    spk_curation_unit_ids(c, ids);
    for (int64_t s = 0; s < c->n_slots; s++) {
        int64_t low = 0, high = c->n_active;
        while (low < high) {
            const int64_t middle = low + (high - low) / 2;
            if (ids[middle] < c->slots[s].id)
                low = middle + 1;
            else
                high = middle;
        }
        places[s] = (int32_t)low; /* of a retired slot not read */
    }
    int64_t n = 0;
    for (int64_t i = 0; i < c->spikes.n_spikes; i++) {
        if (c->slot_of[i] == SPK__NO_SLOT)
            continue;
        if (indices != NULL)
            indices[n] = i;
        if (units != NULL)
            units[n] = places[c->slot_of[i]];
        n++;
    }
    spk__free(ids);
    spk__free(places);
    return SPK_OK;
}

static spk_status find_unit(spk_context *ctx, const spk_curation *c, int64_t unit_id,
                            int64_t *slot)
{
    SPK_REQUIRE(ctx, c != NULL, SPK_ERR_ARGUMENT, "curation is NULL");
    *slot = spk__curation_find(c, unit_id);
    SPK_REQUIRE(ctx, *slot != SPK__NO_SLOT, SPK_ERR_NOT_FOUND, "no unit %" PRId64,
                unit_id);
    return SPK_OK;
}

spk_status spk_curation_unit_get(spk_context *ctx, const spk_curation *c, int64_t unit_id,
                                 spk_curation_unit *unit)
{
    int64_t place;
    const spk_status status = find_unit(ctx, c, unit_id, &place);
    if (status != SPK_OK)
        return status;
    SPK_REQUIRE(ctx, unit != NULL, SPK_ERR_ARGUMENT, "unit is NULL");
    const spk__curation_slot *s = &c->slots[place];
    const double n = (double)s->n_amplitudes, n_positions = (double)s->n_positions;
    const double mean = n > 0 ? s->amplitude_sum / n : NAN;
    const double variance = s->amplitude_squares / n - mean * mean;
    *unit = (spk_curation_unit){
        .unit_id = s->id,
        .n_spikes = s->n_spikes,
        .samples = s->samples,
        .indices = s->indices,
        .n_short_intervals = s->n_short_intervals,
        .n_refractory_pairs = s->n_refractory_pairs,
        .n_presence_bins = c->n_presence_bins,
        .presence = s->counts,
        .n_amplitude_bins = c->n_amplitude_bins,
        .amplitude_counts = s->counts + c->n_presence_bins,
        .amplitude_low = c->n_amplitude_bins > 0 ? c->amplitude_low : NAN,
        .amplitude_high = c->n_amplitude_bins > 0 ? c->amplitude_high : NAN,
        .n_amplitudes = s->n_amplitudes,
        .amplitude_mean = mean + c->amplitude_origin,
        .amplitude_std = n > 0 ? sqrt(variance > 0 ? variance : 0) : NAN,
        .amplitude_min = n > 0 ? s->amplitude_min : NAN,
        .amplitude_max = n > 0 ? s->amplitude_max : NAN,
        .n_positions = s->n_positions,
        .x_um = n_positions > 0 ? s->x_sum / n_positions : NAN,
        .y_um = n_positions > 0 ? s->y_sum / n_positions : NAN,
    };
    return SPK_OK;
}

spk_status spk_curation_correlograms(spk_context *ctx, const spk_curation *c,
                                     int64_t unit_id, int64_t n_targets,
                                     const int64_t *targets, int64_t *counts)
{
    int64_t reference;
    spk_status status = find_unit(ctx, c, unit_id, &reference);
    if (status != SPK_OK)
        return status;
    SPK_REQUIRE(ctx, c->n_bins > 0, SPK_ERR_ARGUMENT,
                "correlograms: none are kept (n_bins is 0)");
    SPK_REQUIRE(ctx, targets != NULL || n_targets == c->n_active, SPK_ERR_ARGUMENT,
                "n_targets: expected all %" PRId64 " units, got %" PRId64, c->n_active,
                n_targets);
    SPK_REQUIRE(ctx, n_targets >= 0 && (counts != NULL || n_targets == 0),
                SPK_ERR_ARGUMENT, "counts must not be NULL");
    int64_t *all = spk__alloc(ctx, c->n_active, sizeof *all);
    if (all == NULL)
        return spk__fail_memory(ctx);
    spk_curation_unit_ids(c, all);
    for (int64_t t = 0; t < n_targets && status == SPK_OK; t++) {
        int64_t target;
        status = find_unit(ctx, c, targets == NULL ? all[t] : targets[t], &target);
        if (status != SPK_OK)
            break;
        const uint32_t *pair = spk__curation_pair(c, reference, target);
        for (int64_t k = 0; k < c->n_bins; k++)
            counts[t * c->n_bins + k] = pair[k];
    }
    spk__free(all);
    return status;
}
