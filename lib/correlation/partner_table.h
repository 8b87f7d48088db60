/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SPIKEKIT_CORRELATION_PARTNER_TABLE_H
#define SPIKEKIT_CORRELATION_PARTNER_TABLE_H

#include "correlation/correlogram_bins.h"

#include <spikekit/spikes.h>
#include <stdint.h>

/*
 * Spikes as the counting loops read them. Only differences up to `reach` matter, so any
 * longer silence is shortened to reach + 1: no pair within reach changes, a gap between
 * epochs becomes such a silence, and few bits of time are enough.
 */
typedef struct spk__retimer {
    const spk_spikes *spikes;
    const spk_epochs *epochs; /* or NULL */
    const int32_t *slots; /* [n_units] new number of each unit, -1: left out; or NULL */
    int64_t silence;      /* reach + 1 */
    int times_through_seconds; /* see spk__correlogram_bins */
    int64_t next;              /* state: spike, epoch, and time of the last one kept */
    int64_t epoch;
    int64_t last_sample;
    int64_t time;
    int is_new_epoch;
} spk__retimer;

void spk__retimer_init(spk__retimer *retimer, const spk_spikes *spikes,
                       const spk_epochs *epochs, const int32_t *slots,
                       const spk__correlogram_bins *bins);

/** The next spikes that are kept: their shortened times, rising from reach + 1, and slots.
 *  Returns how many, 0 at the end. */
int64_t spk__retimer_next(spk__retimer *retimer, int64_t capacity, int64_t *times,
                          int32_t *slots);

enum {
    SPK__TABLE_BLOCK = 16,   /* entries that the counting loop looks at together */
    SPK__TABLE_PADDING = 64, /* entries out of reach before and after, for whole blocks */
    SPK__TABLE_PARTS =
        8 /* stretches whose spikes are counted apart, to index in parallel */
};

/**
 * All spikes in order of time, slot and time packed into one number: in 32 bits, slot above
 * and the low time_bits of the time below, when both fit; otherwise in 64, 32 and 32.
 * What is read at random by the counting loop is then a third of the spike table.
 */
typedef struct spk__partner_table {
    uint32_t *narrow; /* [padding + n + padding], or NULL */
    uint64_t *wide;   /* the same, or NULL */
    int64_t n;        /* spikes kept */
    int32_t n_slots;  /* slots in use */
    int32_t time_bits;
    int64_t *slot_counts;  /* [n_slots] spikes of each slot */
    uint32_t *part_counts; /* [SPK__TABLE_PARTS][n_slots] of these, in each part */
    int64_t part_length;   /* places in a part; the last ones may have fewer or none */
    int64_t span;          /* shortened time from first to last spike, at least 1 */
    int64_t most_partners; /* at most this many spikes within reach after any spike */
} spk__partner_table;

/** @param[in] n_slots  slots are 0 .. n_slots - 1 */
spk_status spk__partner_table_create(spk_context *ctx, const spk_spikes *spikes,
                                     const spk_epochs *epochs, const int32_t *slots,
                                     int32_t n_slots, const spk__correlogram_bins *bins,
                                     spk__partner_table *table);
void spk__partner_table_destroy(spk__partner_table *table);

/** The slot of the spike at a place 0 .. n - 1. */
static inline uint32_t spk__partner_table_slot(const spk__partner_table *table,
                                               int64_t place)
{
    if (table->narrow != NULL)
        return table->narrow[SPK__TABLE_PADDING + place] >> table->time_bits;
    return (uint32_t)(table->wide[SPK__TABLE_PADDING + place] >> 32);
}

#endif
