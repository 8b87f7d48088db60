/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SPIKEKIT_SORTING_CURATION_STATE_H
#define SPIKEKIT_SORTING_CURATION_STATE_H

#include <spikekit/curation.h>
#include <spikekit/trains.h>

/*
 * Every unit there ever was has a slot. A step retires the slots of the units that go and adds
 * slots at the end for those that come, so that taking it back is dropping the last slots and
 * waking the retired ones, of which nothing was changed.
 *
 * Slot s keeps the correlograms with all slots up to it: pair (s, t) for t <= s, then (t, s) for
 * t < s. Those of a retired slot go stale, which nobody sees: it is awake again only when all
 * that came after is gone.
 */

/** Ids are below this, so that the next one always fits. */
#define SPK__CURATION_MAX_ID ((int64_t)1 << 62)

enum {
    SPK__NO_SLOT = -1
};

typedef struct spk__curation_slot {
    int64_t id;
    int32_t is_active;
    int64_t n_spikes;
    const int64_t *samples;
    const uint32_t *indices;
    int64_t *own_samples; /* NULL: views of the trains */
    uint32_t *own_indices;
    int64_t n_short_intervals;
    int64_t n_refractory_pairs;
    int64_t n_merging_pairs; /* at most merging_samples apart */
    int64_t *counts;         /* [n_presence_bins + n_amplitude_bins] */
    int64_t n_amplitudes;
    double amplitude_sum;
    double amplitude_squares; /* of amplitude - amplitude_origin, as the sum is */
    double amplitude_min;
    double amplitude_max;
    int64_t n_positions;
    double x_sum;
    double y_sum;
    uint32_t *pairs; /* [2 s + 1][n_bins] */
} spk__curation_slot;

typedef struct spk__curation_record {
    spk_curation_step step; /* its ids stand in `ids` */
    int64_t *ids;           /* [n_old + n_new] */
    int64_t *old_slots;     /* [n_old] */
    int64_t first_new;      /* slot */
} spk__curation_record;

struct spk_curation {
    spk_spikes spikes;
    spk_curation_options options;
    spk_templates templates; /* read if options.templates is not NULL */
    spk_trains *trains;
    int32_t *slot_of; /* [n_spikes] slot of the unit of each, SPK__NO_SLOT: removed */
    spk__curation_slot *slots;
    int64_t n_slots;
    int64_t slot_capacity;
    spk__curation_record *records;
    int64_t n_records;
    int64_t record_capacity;
    int64_t n_active;
    int64_t n_kept; /* spikes */
    int64_t refractory_samples;
    int64_t merging_samples; /* the refractory period by which merges are scored */
    int64_t presence_samples;
    int64_t n_presence_bins;
    int64_t n_amplitude_bins; /* 0: no amplitudes */
    double amplitude_low;
    double amplitude_high;
    double amplitude_origin; /* sums are of differences to it, which keeps them exact */
    int64_t n_bins;
    int64_t bin_samples;
};

/** The active slot of an id, SPK__NO_SLOT if there is none. */
int64_t spk__curation_find(const spk_curation *c, int64_t unit_id);

/** Adds an inactive slot with room for n spikes of its own (0: none), counts and pairs, all
 *  zero. @return SPK_OK; SPK_ERR_MEMORY; SPK_ERR_OVERFLOW */
spk_status spk__curation_add_slot(spk_context *ctx, spk_curation *c, int64_t id,
                                  int64_t n_spikes);

/** Frees the slots from `first` on. */
void spk__curation_drop_slots(spk_curation *c, int64_t first);

/* curation_sums.c: counts and sums of one unit. */

/** Sums up a slot from its spikes. @return SPK_OK; SPK_ERR_MEMORY */
spk_status spk__curation_sum(spk_context *ctx, const spk_curation *c,
                             spk__curation_slot *slot);

/** Adds what is kept of a slot, but for intervals and pairs. */
void spk__curation_add_sums(const spk_curation *c, const spk__curation_slot *from,
                            spk__curation_slot *to);

int64_t spk__curation_short_intervals(const spk_curation *c,
                                      const spk__curation_slot *slot);
/** Pairs of a spike of either at most a refractory period apart. */
int64_t spk__curation_cross_pairs(const spk_curation *c, const spk__curation_slot *a,
                                  const spk__curation_slot *b);

/* curation_pairs.c: correlograms. */

/** The correlogram of two slots. */
uint32_t *spk__curation_pair(const spk_curation *c, int64_t reference, int64_t target);

/** Counts those of the first slots. */
spk_status spk__curation_count_pairs(spk_context *ctx, spk_curation *c);

/** Fills those of the last slot, which is to hold the spikes of all `members`, with each active
 *  slot that is no member. @return SPK_OK; SPK_ERR_OVERFLOW */
spk_status spk__curation_merge_pairs(spk_context *ctx, const spk_curation *c,
                                     const int64_t *members, int64_t n_members);

/** Takes the pairs of one spike out of those of its slot; slot_of of the spike is NO_SLOT
 *  already. */
void spk__curation_subtract_spike(const spk_curation *c, int64_t slot, uint32_t index);

/** Fills those of the slots from `first` on, the parts of slot `whole`; slot_of has the parts,
 *  `whole` is retired. */
void spk__curation_split_pairs(const spk_curation *c, int64_t whole, int64_t first);

#endif
