/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Merging, splitting, removing and taking back. Each step first makes its new slots and its
 * record, which may fail, and then changes the curation, which may not.
 */
#include "base/check.h"
#include "base/memory.h"
#include "files/sort.h"
#include "sorting/coincidences.h"
#include "sorting/curation_state.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

/* ---- records ---- */

/* Makes the record of a step that retires slots and is to add n_new; it counts when
 * `keep_record` has been called. */
static spk_status begin_record(spk_context *ctx, spk_curation *c, int32_t kind,
                               int64_t n_old, const int64_t *old_slots, int64_t n_new)
{
    if (c->n_records == c->record_capacity) {
        const int64_t capacity = 2 * c->record_capacity + 16;
        spk__curation_record *records =
            spk__realloc(ctx, c->records, capacity, sizeof *records);
        if (records == NULL)
            return spk__fail_memory(ctx);
        c->records = records;
        c->record_capacity = capacity;
    }
    spk__curation_record *r = &c->records[c->n_records];
    memset(r, 0, sizeof *r);
    r->ids = spk__alloc(ctx, n_old + n_new, sizeof *r->ids);
    r->old_slots = spk__alloc(ctx, n_old, sizeof *r->old_slots);
    if (r->ids == NULL || r->old_slots == NULL) {
        spk__free(r->ids);
        spk__free(r->old_slots);
        return spk__fail_memory(ctx);
    }
    memcpy(r->old_slots, old_slots, (size_t)n_old * sizeof *old_slots);
    for (int64_t k = 0; k < n_old; k++)
        r->ids[k] = c->slots[old_slots[k]].id;
    r->first_new = c->n_slots;
    r->step.kind = kind;
    r->step.n_old = n_old;
    r->step.old_ids = r->ids;
    r->step.n_new = n_new;
    r->step.new_ids = r->ids + n_old;
    return SPK_OK;
}

static void drop_record(spk_curation *c)
{
    spk__free(c->records[c->n_records].ids);
    spk__free(c->records[c->n_records].old_slots);
}

/* Retires the old slots and wakes the new ones. */
static void keep_record(spk_curation *c)
{
    spk__curation_record *r = &c->records[c->n_records++];
    for (int64_t k = 0; k < r->step.n_old; k++)
        c->slots[r->old_slots[k]].is_active = 0;
    for (int64_t k = 0; k < r->step.n_new; k++) {
        r->ids[r->step.n_old + k] = c->slots[r->first_new + k].id;
        c->slots[r->first_new + k].is_active = 1;
    }
    c->n_active += r->step.n_new - r->step.n_old;
    c->n_kept -= r->step.n_spikes_removed;
}

static void own_spikes(const spk_curation *c, int64_t slot, int32_t owner)
{
    const spk__curation_slot *s = &c->slots[slot];
    for (int64_t i = 0; i < s->n_spikes; i++)
        c->slot_of[s->indices[i]] = owner;
}

int64_t spk_curation_n_steps(const spk_curation *c)
{
    return c == NULL ? 0 : c->n_records;
}

spk_curation_step spk_curation_step_at(const spk_curation *c, int64_t step)
{
    static const spk_curation_step none = {0};
    return step < 0 || step >= spk_curation_n_steps(c) ? none : c->records[step].step;
}

spk_status spk_curation_undo(spk_context *ctx, spk_curation *c)
{
    SPK_REQUIRE(ctx, c != NULL, SPK_ERR_ARGUMENT, "curation is NULL");
    SPK_REQUIRE(ctx, c->n_records > 0, SPK_ERR_NOT_FOUND, "no step to take back");
    const spk__curation_record *r = &c->records[--c->n_records];
    for (int64_t k = 0; k < r->step.n_old; k++) {
        c->slots[r->old_slots[k]].is_active = 1;
        own_spikes(c, r->old_slots[k], (int32_t)r->old_slots[k]);
    }
    spk__curation_drop_slots(c, r->first_new);
    c->n_active -= r->step.n_new - r->step.n_old;
    c->n_kept += r->step.n_spikes_removed;
    drop_record(c);
    return SPK_OK;
}

/* ---- checks ---- */

static spk_status find_slots(spk_context *ctx, const spk_curation *c, int64_t n,
                             const int64_t *unit_ids, int64_t *slots)
{
    for (int64_t k = 0; k < n; k++) {
        slots[k] = spk__curation_find(c, unit_ids[k]);
        SPK_REQUIRE(ctx, slots[k] != SPK__NO_SLOT, SPK_ERR_NOT_FOUND, "no unit %" PRId64,
                    unit_ids[k]);
        for (int64_t other = 0; other < k; other++)
            SPK_REQUIRE(ctx, slots[other] != slots[k], SPK_ERR_ARGUMENT,
                        "unit_ids must be distinct, got %" PRId64 " twice", unit_ids[k]);
    }
    return SPK_OK;
}

static spk_status check_censor(spk_context *ctx, const spk_curation *c, double censor_ms,
                               int64_t *censor_samples)
{
    SPK_REQUIRE(ctx, censor_ms >= 0 && censor_ms <= 1e6, SPK_ERR_ARGUMENT,
                "censor_ms must be in 0 .. 1e6, got %g", censor_ms);
    *censor_samples = (int64_t)(c->spikes.sampling_rate_hz * censor_ms / 1000.);
    return SPK_OK;
}

static int64_t next_id(const spk_curation *c)
{
    int64_t largest = -1;
    for (int64_t s = 0; s < c->n_slots; s++)
        if (c->slots[s].id > largest)
            largest = c->slots[s].id;
    return largest + 1;
}

/* An id given for a new unit must not be that of a unit which stays. */
static spk_status check_new_id(spk_context *ctx, const spk_curation *c, int64_t new_id,
                               int64_t n_old, const int64_t *old_slots)
{
    SPK_REQUIRE(ctx, new_id >= 0 && new_id < SPK__CURATION_MAX_ID, SPK_ERR_ARGUMENT,
                "new id must be in 0 .. 2^62 - 1, got %" PRId64, new_id);
    const int64_t taken = spk__curation_find(c, new_id);
    int is_old = taken == SPK__NO_SLOT;
    for (int64_t k = 0; k < n_old; k++)
        is_old |= old_slots[k] == taken;
    SPK_REQUIRE(ctx, is_old, SPK_ERR_ARGUMENT, "unit %" PRId64 " is there already",
                new_id);
    return SPK_OK;
}

/* ---- merging ---- */

/* Merges two lists of spikes, both rising in the table, into a third. */
static void merge_lists(const int64_t *samples_a, const uint32_t *indices_a, int64_t n_a,
                        const int64_t *samples_b, const uint32_t *indices_b, int64_t n_b,
                        int64_t *samples, uint32_t *indices)
{
    int64_t a = 0, b = 0;
    for (int64_t k = 0; k < n_a + n_b; k++) {
        const int take_a = b == n_b || (a < n_a && indices_a[a] < indices_b[b]);
        samples[k] = take_a ? samples_a[a] : samples_b[b];
        indices[k] = take_a ? indices_a[a] : indices_b[b];
        a += take_a;
        b += !take_a;
    }
}

/* Gives the last slot the spikes of all members, and their sums. The other buffer holds every
 * second result on the way, so that the last stands in the slot. */
static void gather(spk_curation *c, const int64_t *members, int64_t n,
                   int64_t *other_samples, uint32_t *other_indices)
{
    spk__curation_slot *slot = &c->slots[c->n_slots - 1];
    int64_t *samples[2] = {slot->own_samples, other_samples};
    uint32_t *indices[2] = {slot->own_indices, other_indices};
    int at = (int)(n % 2); /* after n steps: 0 */
    for (int64_t m = 0; m < n; m++) {
        const spk__curation_slot *member = &c->slots[members[m]];
        const int to = !at;
        merge_lists(samples[at], indices[at], slot->n_spikes, member->samples,
                    member->indices, member->n_spikes, samples[to], indices[to]);
        slot->samples = samples[at];
        slot->n_refractory_pairs += member->n_refractory_pairs;
        if (m > 0) /* with those before */
            slot->n_refractory_pairs += spk__curation_cross_pairs(c, slot, member);
        spk__curation_add_sums(c, member, slot);
        slot->n_spikes += member->n_spikes;
        at = to;
    }
    slot->samples = slot->own_samples;
    slot->n_short_intervals = spk__curation_short_intervals(c, slot);
    slot->n_merging_pairs =
        spk__coincidences_within(slot->samples, slot->n_spikes, c->merging_samples);
}

static int64_t count_close(const spk__curation_slot *slot, int64_t censor_samples)
{
    int64_t n = 0;
    for (int64_t i = 1; i < slot->n_spikes; i++)
        n += slot->samples[i] - slot->samples[i - 1] < censor_samples;
    return n;
}

/* Drops the spikes that follow another too closely, all at once, from the last slot, which has
 * spikes of its own and owns them. */
static void censor(spk_curation *c, int64_t censor_samples)
{
    spk__curation_slot *slot = &c->slots[c->n_slots - 1];
    int64_t n = 0, before = 0;
    for (int64_t i = 0; i < slot->n_spikes; i++) {
        const int64_t sample = slot->own_samples[i];
        const uint32_t index = slot->own_indices[i];
        if (i > 0 && sample - before < censor_samples) {
            c->slot_of[index] = SPK__NO_SLOT;
            spk__curation_subtract_spike(c, c->n_slots - 1, index);
        } else {
            slot->own_samples[n] = sample;
            slot->own_indices[n++] = index;
        }
        before = sample;
    }
    slot->n_spikes = n;
}

static void set_active(spk_curation *c, int64_t n, const int64_t *slots,
                       int32_t is_active)
{
    for (int64_t k = 0; k < n; k++)
        c->slots[slots[k]].is_active = is_active;
}

/* Puts the spikes of `members` into one new slot, without those too close, as a step. */
static spk_status join(spk_context *ctx, spk_curation *c, int32_t kind, int64_t n,
                       const int64_t *members, int64_t censor_samples, int64_t new_id)
{
    const int64_t merged = c->n_slots;
    int64_t n_spikes = 0, *samples = NULL;
    uint32_t *indices = NULL;
    for (int64_t m = 0; m < n; m++)
        n_spikes += c->slots[members[m]].n_spikes;
    spk_status status = begin_record(ctx, c, kind, n, members, 1);
    if (status != SPK_OK)
        return status;
    if ((status = spk__curation_add_slot(ctx, c, new_id, n_spikes)) != SPK_OK)
        goto cleanup;
    samples = spk__alloc(ctx, n_spikes, sizeof *samples);
    indices = spk__alloc(ctx, n_spikes, sizeof *indices);
    if (samples == NULL || indices == NULL) {
        status = spk__fail_memory(ctx);
        goto cleanup;
    }
    set_active(c, n, members, 0);
    gather(c, members, n, samples, indices);
    if (c->n_bins > 0 &&
        (status = spk__curation_merge_pairs(ctx, c, members, n)) != SPK_OK)
        goto cleanup;
    own_spikes(c, merged, (int32_t)merged);
    const int64_t n_close = count_close(&c->slots[merged], censor_samples);
    if (n_close > 0) {
        censor(c, censor_samples);
        status = spk__curation_sum(ctx, c, &c->slots[merged]);
    }
    c->records[c->n_records].step.n_spikes_removed = n_close;
    c->records[c->n_records].step.censor_samples = censor_samples;
cleanup:
    spk__free(samples);
    spk__free(indices);
    if (status == SPK_OK) {
        keep_record(c);
        return SPK_OK;
    }
    set_active(c, n, members, 1);
    for (int64_t m = 0; m < n; m++)
        own_spikes(c, members[m], (int32_t)members[m]);
    spk__curation_drop_slots(c, merged);
    drop_record(c);
    return status;
}

spk_status spk_curation_merge(spk_context *ctx, spk_curation *c, int64_t n_units,
                              const int64_t *unit_ids, double censor_ms, int64_t new_id,
                              int64_t *merged_id)
{
    SPK_REQUIRE(ctx, c != NULL && unit_ids != NULL, SPK_ERR_ARGUMENT,
                "curation and unit_ids must not be NULL");
    SPK_REQUIRE(ctx, n_units >= 2, SPK_ERR_ARGUMENT,
                "a merge takes two units or more, got %" PRId64, n_units);
    int64_t censor_samples = 0;
    spk_status status = check_censor(ctx, c, censor_ms, &censor_samples);
    if (status != SPK_OK)
        return status;
    int64_t *members = spk__alloc(ctx, n_units, sizeof *members);
    if (members == NULL)
        return spk__fail_memory(ctx);
    status = find_slots(ctx, c, n_units, unit_ids, members);
    if (status == SPK_OK && new_id != -1)
        status = check_new_id(ctx, c, new_id, n_units, members);
    if (new_id == -1)
        new_id = next_id(c);
    if (status == SPK_OK)
        status =
            join(ctx, c, SPK_CURATION_MERGE, n_units, members, censor_samples, new_id);
    if (status == SPK_OK && merged_id != NULL)
        *merged_id = new_id;
    spk__free(members);
    return status;
}

spk_status spk_curation_censor(spk_context *ctx, spk_curation *c, int64_t unit_id,
                               double censor_ms, int64_t *n_removed)
{
    SPK_REQUIRE(ctx, c != NULL, SPK_ERR_ARGUMENT, "curation is NULL");
    int64_t censor_samples = 0, slot = 0;
    spk_status status = check_censor(ctx, c, censor_ms, &censor_samples);
    if (status == SPK_OK)
        status = find_slots(ctx, c, 1, &unit_id, &slot);
    if (status != SPK_OK)
        return status;
    const int64_t n_close = count_close(&c->slots[slot], censor_samples);
    if (n_close > 0)
        status = join(ctx, c, SPK_CURATION_CENSOR, 1, &slot, censor_samples, unit_id);
    if (status == SPK_OK && n_removed != NULL)
        *n_removed = n_close;
    return status;
}

spk_status spk_curation_remove(spk_context *ctx, spk_curation *c, int64_t unit_id)
{
    SPK_REQUIRE(ctx, c != NULL, SPK_ERR_ARGUMENT, "curation is NULL");
    int64_t slot = 0;
    spk_status status = find_slots(ctx, c, 1, &unit_id, &slot);
    if (status == SPK_OK)
        status = begin_record(ctx, c, SPK_CURATION_REMOVE, 1, &slot, 0);
    if (status != SPK_OK)
        return status;
    own_spikes(c, slot, SPK__NO_SLOT);
    c->records[c->n_records].step.n_spikes_removed = c->slots[slot].n_spikes;
    keep_record(c);
    return SPK_OK;
}

/* ---- splitting ---- */

/* Finds the distinct labels, rising. The caller frees them. */
static spk_status list_labels(spk_context *ctx, int64_t n_spikes, const int32_t *labels,
                              int64_t **distinct, int64_t *n_distinct)
{
    int64_t *sorted = spk__alloc(ctx, n_spikes, sizeof *sorted);
    int64_t n = 0;
    if (sorted == NULL)
        return spk__fail_memory(ctx);
    for (int64_t i = 0; i < n_spikes; i++)
        sorted[i] = labels[i];
    spk__sort_int64(sorted, n_spikes);
    for (int64_t i = 0; i < n_spikes; i++)
        if (n == 0 || sorted[i] != sorted[n - 1])
            sorted[n++] = sorted[i];
    *distinct = sorted;
    *n_distinct = n;
    return SPK_OK;
}

static int64_t part_of(int64_t n, const int64_t *distinct, int64_t label)
{
    int64_t low = 0, high = n;
    while (low < high) {
        const int64_t middle = low + (high - low) / 2;
        if (distinct[middle] < label)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Adds a slot for each part, with its spikes and their sums. */
static spk_status add_parts(spk_context *ctx, spk_curation *c, int64_t whole,
                            const int32_t *labels, int64_t n_parts,
                            const int64_t *distinct, const int64_t *new_ids)
{
    const int64_t first = c->n_slots, first_id = next_id(c);
    const int64_t n = c->slots[whole].n_spikes;
    spk_status status = SPK_OK;
    int64_t *sizes = spk__alloc_zero(ctx, n_parts, sizeof *sizes);
    if (sizes == NULL)
        return spk__fail_memory(ctx);
    for (int64_t i = 0; i < n; i++)
        sizes[part_of(n_parts, distinct, labels[i])]++;
    for (int64_t p = 0; p < n_parts && status == SPK_OK; p++)
        status = spk__curation_add_slot(
            ctx, c, new_ids == NULL ? first_id + p : new_ids[p], sizes[p]);
    spk__free(sizes);
    if (status != SPK_OK)
        return status;
    for (int64_t i = 0; i < n; i++) {
        spk__curation_slot *part =
            &c->slots[first + part_of(n_parts, distinct, labels[i])];
        part->own_samples[part->n_spikes] = c->slots[whole].samples[i];
        part->own_indices[part->n_spikes++] = c->slots[whole].indices[i];
    }
    for (int64_t p = 0; p < n_parts && status == SPK_OK; p++)
        status = spk__curation_sum(ctx, c, &c->slots[first + p]);
    return status;
}

static spk_status check_part_ids(spk_context *ctx, const spk_curation *c, int64_t whole,
                                 int64_t n_parts, int64_t n_new_ids,
                                 const int64_t *new_ids)
{
    SPK_REQUIRE(ctx, n_parts >= 2, SPK_ERR_ARGUMENT,
                "labels: a split takes two distinct labels or more, got %" PRId64,
                n_parts);
    SPK_REQUIRE(ctx, n_new_ids == 0 || (n_new_ids == n_parts && new_ids != NULL),
                SPK_ERR_ARGUMENT,
                "new_ids: expected one for each of %" PRId64 " parts, got %" PRId64,
                n_parts, n_new_ids);
    for (int64_t p = 0; p < n_new_ids; p++) {
        const spk_status status = check_new_id(ctx, c, new_ids[p], 1, &whole);
        if (status != SPK_OK)
            return status;
        for (int64_t other = 0; other < p; other++)
            SPK_REQUIRE(ctx, new_ids[other] != new_ids[p], SPK_ERR_ARGUMENT,
                        "new_ids must be distinct, got %" PRId64 " twice", new_ids[p]);
    }
    return SPK_OK;
}

spk_status spk_curation_split(spk_context *ctx, spk_curation *c, int64_t unit_id,
                              const int32_t *labels, int64_t n_new_ids,
                              const int64_t *new_ids, int64_t *n_parts, int64_t *part_ids)
{
    SPK_REQUIRE(ctx, c != NULL && labels != NULL, SPK_ERR_ARGUMENT,
                "curation and labels must not be NULL");
    int64_t whole = 0, n = 0, *distinct = NULL;
    const int64_t first = c->n_slots;
    spk_status status = find_slots(ctx, c, 1, &unit_id, &whole);
    if (status == SPK_OK)
        status = list_labels(ctx, c->slots[whole].n_spikes, labels, &distinct, &n);
    if (status == SPK_OK)
        status = check_part_ids(ctx, c, whole, n, n_new_ids, new_ids);
    if (status == SPK_OK)
        status = begin_record(ctx, c, SPK_CURATION_SPLIT, 1, &whole, n);
    if (status != SPK_OK) {
        spk__free(distinct);
        return status;
    }
    status =
        add_parts(ctx, c, whole, labels, n, distinct, n_new_ids == 0 ? NULL : new_ids);
    spk__free(distinct);
    if (status != SPK_OK) {
        spk__curation_drop_slots(c, first);
        drop_record(c);
        return status;
    }
    for (int64_t p = first; p < c->n_slots; p++)
        own_spikes(c, p, (int32_t)p);
    c->slots[whole].is_active = 0;
    spk__curation_split_pairs(c, whole, first);
    keep_record(c);
    for (int64_t p = 0; p < n; p++)
        if (part_ids != NULL)
            part_ids[p] = c->slots[first + p].id;
    if (n_parts != NULL)
        *n_parts = n;
    return SPK_OK;
}
