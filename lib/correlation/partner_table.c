/* SPDX-License-Identifier: BSD-3-Clause */
#include "correlation/partner_table.h"

#include "base/check.h"
#include "base/memory.h"

#include <string.h>

enum {
    CHUNK = 2048,
    MARK = 256 /* divides CHUNK */
};

void spk__retimer_init(spk__retimer *retimer, const spk_spikes *spikes,
                       const spk_epochs *epochs, const int32_t *slots,
                       const spk__correlogram_bins *bins)
{
    memset(retimer, 0, sizeof *retimer);
    retimer->spikes = spikes;
    retimer->epochs = epochs;
    retimer->slots = slots;
    retimer->silence = bins->reach + 1;
    retimer->times_through_seconds = bins->times_through_seconds;
    retimer->is_new_epoch = 1; /* the first spike follows a silence */
}

/* Every spike, as it stands: three times as fast as with all the questions below. */
static int64_t next_plain(spk__retimer *r, int64_t capacity, int64_t *times,
                          int32_t *slots)
{
    int64_t n = r->spikes->n_spikes - r->next;
    n = n < capacity ? n : capacity;
    if (n == 0)
        return 0;
    const int64_t *samples = r->spikes->samples + r->next;
    uint64_t last = (uint64_t)r->last_sample;
    uint64_t silence = (uint64_t)r->silence;
    int64_t time = r->time;

    if (r->is_new_epoch) {
        last = (uint64_t)samples[0];
        time += r->silence;
        r->is_new_epoch = 0;
    }
    for (int64_t k = 0; k < n; k++) {
        uint64_t gap = (uint64_t)samples[k] - last;
        time += (int64_t)(gap < silence ? gap : silence);
        times[k] = time;
        last = (uint64_t)samples[k];
    }
    memcpy(slots, r->spikes->units + r->next, (size_t)n * sizeof *slots);
    r->last_sample = (int64_t)last;
    r->time = time;
    r->next += n;
    return n;
}

int64_t spk__retimer_next(spk__retimer *r, int64_t capacity, int64_t *times,
                          int32_t *slots)
{
    const spk_spikes *spikes = r->spikes;
    int64_t n = 0;

    if (r->epochs == NULL && r->slots == NULL && !r->times_through_seconds)
        return next_plain(r, capacity, times, slots);

    for (; r->next < spikes->n_spikes && n < capacity; r->next++) {
        int64_t sample = spikes->samples[r->next];
        if (r->epochs != NULL) {
            while (r->epoch < r->epochs->n_epochs &&
                   r->epochs->stops[r->epoch] <= sample) {
                r->epoch++;
                r->is_new_epoch = 1;
            }
            if (r->epoch == r->epochs->n_epochs) {
                r->next = spikes->n_spikes;
                break;
            }
            if (sample < r->epochs->starts[r->epoch])
                continue;
        }
        int32_t slot = spikes->units[r->next];
        if (r->slots != NULL && (slot = r->slots[slot]) < 0)
            continue;
        if (r->times_through_seconds)
            sample = (int64_t)((double)sample / spikes->sampling_rate_hz *
                               spikes->sampling_rate_hz);
        uint64_t gap = (uint64_t)sample - (uint64_t)r->last_sample;
        if (r->is_new_epoch || gap > (uint64_t)r->silence)
            gap = (uint64_t)r->silence;
        r->is_new_epoch = 0;
        r->last_sample = sample;
        r->time += (int64_t)gap;
        times[n] = r->time;
        slots[n] = slot;
        n++;
    }
    return n;
}

/* A bound on how many spikes are within reach after one, from the time of every MARK-th: all
 * spikes of a stretch reach at most to the first mark out of reach of the stretch's end. */
static int64_t bound_partners(const int64_t *marks, int64_t n_marks, int64_t reach)
{
    int64_t most = 0;
    int64_t end = 0;
    for (int64_t m = 0; m + 1 < n_marks; m++) {
        while (end < n_marks && marks[end] <= marks[m + 1] + reach)
            end++;
        if ((end - m) * MARK > most)
            most = (end - m) * MARK;
    }
    return most;
}

/* @return the number of marks: times of places 0, MARK, 2 MARK ... and of the last spike */
static int64_t fill(spk__partner_table *table, spk__retimer *retimer, int64_t *marks)
{
    int64_t times[CHUNK];
    int32_t slots[CHUNK];
    int64_t n;
    int64_t last = 0;
    int64_t n_marks = 0;
    uint32_t *part_counts = table->part_counts;
    int64_t part_end = table->part_length;
    int32_t bits = table->time_bits;
    uint32_t mask = (uint32_t)((1ull << bits) - 1);

    /* Out of reach before the first spike: its time is the silence, theirs is 0. */
    if (table->narrow != NULL)
        memset(table->narrow, 0, SPK__TABLE_PADDING * sizeof *table->narrow);
    else
        memset(table->wide, 0, SPK__TABLE_PADDING * sizeof *table->wide);
    int64_t place = SPK__TABLE_PADDING;
    while ((n = spk__retimer_next(retimer, CHUNK, times, slots)) > 0) {
        if (table->narrow != NULL)
            for (int64_t k = 0; k < n; k++)
                table->narrow[place + k] =
                    (uint32_t)((uint64_t)slots[k] << bits) | ((uint32_t)times[k] & mask);
        else
            for (int64_t k = 0; k < n; k++)
                table->wide[place + k] = (uint64_t)slots[k] << 32 | (uint32_t)times[k];
        for (int64_t k = 0; k < n; k++) {
            if (place - SPK__TABLE_PADDING + k == part_end) {
                part_counts += table->n_slots;
                part_end += table->part_length;
            }
            part_counts[slots[k]]++;
        }
        for (int64_t k = 0; k < n; k += MARK)
            marks[n_marks++] = times[k];
        last = times[n - 1];
        place += n;
    }
    table->n = place - SPK__TABLE_PADDING;
    for (int64_t p = 0; p < SPK__TABLE_PARTS; p++)
        for (int32_t s = 0; s < table->n_slots; s++)
            table->slot_counts[s] += table->part_counts[p * table->n_slots + s];
    table->span = last > retimer->silence ? last - retimer->silence : 1;
    for (int64_t k = 0; k < SPK__TABLE_PADDING; k++) {
        int64_t time = last + retimer->silence;
        if (table->narrow != NULL)
            table->narrow[place + k] = (uint32_t)time & mask;
        else
            table->wide[place + k] = (uint32_t)time;
    }
    marks[n_marks++] = last;
    return n_marks;
}

spk_status spk__partner_table_create(spk_context *ctx, const spk_spikes *spikes,
                                     const spk_epochs *epochs, const int32_t *slots,
                                     int32_t n_slots, const spk__correlogram_bins *bins,
                                     spk__partner_table *table)
{
    spk__retimer retimer;
    int64_t room = spikes->n_spikes + 2 * SPK__TABLE_PADDING;
    int32_t slot_bits = 1; /* a shift by all 32 bits would be undefined */

    memset(table, 0, sizeof *table);
    SPK_REQUIRE(ctx, room < (int64_t)1 << 32, SPK_ERR_OVERFLOW,
                "n_spikes must be at most 2^32 - 129, got %lld",
                (long long)spikes->n_spikes);
    while (((int64_t)1 << slot_bits) < n_slots)
        slot_bits++;
    table->n_slots = n_slots;
    table->time_bits = 32 - slot_bits;
    table->slot_counts = spk__alloc_zero(ctx, n_slots, sizeof *table->slot_counts);
    table->part_counts = spk__alloc_zero(ctx, (int64_t)SPK__TABLE_PARTS * n_slots,
                                         sizeof *table->part_counts);
    table->part_length = spikes->n_spikes / SPK__TABLE_PARTS + 1;
    /* A time must tell "out of reach" from "wrapped around" for a whole block: silences are
     * reach + 1 at most, so its last entry is less than BLOCK + 1 of them away. And the
     * narrow kernel divides in single precision, exact below 2^21. */
    if ((SPK__TABLE_BLOCK + 1) * (bins->reach + 1) <= (int64_t)1 << (32 - slot_bits) &&
        bins->reach + bins->bin < (int64_t)1 << 21)
        table->narrow = spk__alloc(ctx, room, sizeof *table->narrow);
    else
        table->wide = spk__alloc(ctx, room, sizeof *table->wide);
    int64_t *marks = spk__alloc(ctx, spikes->n_spikes / MARK + 2, sizeof *marks);
    if (table->slot_counts == NULL || table->part_counts == NULL ||
        (table->narrow == NULL && table->wide == NULL) || marks == NULL) {
        spk__free(marks);
        spk__partner_table_destroy(table);
        return spk__fail_memory(ctx);
    }
    spk__retimer_init(&retimer, spikes, epochs, slots, bins);
    int64_t n_marks = fill(table, &retimer, marks);

    /* A 32-bit counter holds any product of two spike counts below 2^32; only beyond that
     * does it matter how many partners one spike can have. */
    int64_t most_spikes = 0;
    for (int32_t s = 0; s < n_slots; s++)
        if (table->slot_counts[s] > most_spikes)
            most_spikes = table->slot_counts[s];
    if (most_spikes < 65536)
        table->most_partners = most_spikes;
    else
        table->most_partners = bound_partners(marks, n_marks, bins->reach);
    spk__free(marks);
    return SPK_OK;
}

void spk__partner_table_destroy(spk__partner_table *table)
{
    spk__free(table->narrow);
    spk__free(table->wide);
    spk__free(table->slot_counts);
    spk__free(table->part_counts);
    memset(table, 0, sizeof *table);
}
