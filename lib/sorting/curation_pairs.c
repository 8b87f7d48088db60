/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Correlograms of all pairs of slots. A merge adds them up. Where spikes change hands, the spikes
 * within the window around each are gone through in the table, with slot_of telling whose they
 * are; of a split the largest part is what is left of the whole.
 */
#include "base/check.h"
#include "sorting/curation_state.h"

#include <spikekit/correlogram.h>
#include <string.h>

uint32_t *spk__curation_pair(const spk_curation *c, int64_t reference, int64_t target)
{
    if (reference >= target)
        return c->slots[reference].pairs + target * c->n_bins;
    return c->slots[target].pairs + (target + 1 + reference) * c->n_bins;
}

/* ---- the first count ---- */

typedef struct row_state {
    const spk_curation *c;
    int overflow;
} row_state;

static spk_status keep_row(void *user, int64_t row, const int64_t *counts)
{
    row_state *state = user;
    const spk_curation *c = state->c;
    for (int64_t target = 0; target < c->spikes.n_units; target++) {
        uint32_t *pair = spk__curation_pair(c, row, target);
        for (int64_t k = 0; k < c->n_bins; k++) {
            const int64_t count = counts[target * c->n_bins + k];
            if (count > UINT32_MAX) {
                state->overflow = 1;
                return SPK_ERR_OVERFLOW;
            }
            pair[k] = (uint32_t)count;
        }
    }
    return SPK_OK;
}

static spk_status fail_overflow(spk_context *ctx)
{
    return spk__fail(ctx, SPK_ERR_OVERFLOW,
                     "correlograms: 2^32 or more pairs in one bin");
}

spk_status spk__curation_count_pairs(spk_context *ctx, spk_curation *c)
{
    spk_correlogram_options options;
    spk_correlogram_options_init(&options, sizeof options);
    options.n_bins = c->n_bins;
    options.bin_samples = c->bin_samples;
    if (c->n_bins == 0 || c->spikes.n_units == 0)
        return SPK_OK;
    row_state state = {c, 0};
    const spk_status status = spk_correlogram_count_rows(
        ctx, &c->spikes, &options, 0, c->spikes.n_units, keep_row, &state);
    return state.overflow ? fail_overflow(ctx) : status;
}

/* ---- adding ---- */

/* Returns nonzero when a sum does not fit. */
static int add(int64_t n_bins, const uint32_t *from, uint32_t *to)
{
    uint64_t high = 0;
    for (int64_t k = 0; k < n_bins; k++) {
        const uint64_t sum = (uint64_t)to[k] + from[k];
        high |= sum >> 32;
        to[k] = (uint32_t)sum;
    }
    return high != 0;
}

spk_status spk__curation_merge_pairs(spk_context *ctx, const spk_curation *c,
                                     const int64_t *members, int64_t n_members)
{
    const int64_t merged = c->n_slots - 1;
    int overflow = 0;
    for (int64_t m = 0; m < n_members; m++) {
        for (int64_t other = 0; other < n_members; other++)
            overflow |= add(c->n_bins, spk__curation_pair(c, members[m], members[other]),
                            spk__curation_pair(c, merged, merged));
        for (int64_t t = 0; t < merged; t++) {
            if (!c->slots[t].is_active)
                continue;
            overflow |= add(c->n_bins, spk__curation_pair(c, members[m], t),
                            spk__curation_pair(c, merged, t));
            overflow |= add(c->n_bins, spk__curation_pair(c, t, members[m]),
                            spk__curation_pair(c, t, merged));
        }
    }
    return overflow ? fail_overflow(ctx) : SPK_OK;
}

/* ---- spike by spike ---- */

/* Spikes of the table within reach of one, and the bin of a lag. */
typedef struct window {
    int64_t first; /* in the table */
    int64_t stop;
    int64_t span; /* n_bins * bin_samples */
    int64_t half; /* of the span, rounded up */
} window;

static window window_around(const spk_curation *c, uint32_t index)
{
    const int64_t *samples = c->spikes.samples;
    window w = {.span = c->n_bins * c->bin_samples};
    w.half = (w.span + 1) / 2;
    w.first = index;
    w.stop = (int64_t)index + 1;
    while (w.first > 0 && samples[index] - samples[w.first - 1] <= w.half)
        w.first--;
    while (w.stop < c->spikes.n_spikes && samples[w.stop] - samples[index] <= w.half)
        w.stop++;
    return w;
}

/* edge(k) <= lag < edge(k + 1), edge(k) = (k - n_bins / 2) bin_samples; -1 outside. */
static int64_t bin_of(const spk_curation *c, const window *w, int64_t lag)
{
    const int64_t twice = 2 * lag + w->span;
    if (twice < 0 || twice >= 2 * w->span)
        return -1;
    return twice / (2 * c->bin_samples);
}

static void change(const spk_curation *c, const window *w, int64_t reference,
                   int64_t target, int64_t lag, uint32_t by)
{
    const int64_t bin = bin_of(c, w, lag);
    if (bin >= 0)
        spk__curation_pair(c, reference, target)[bin] += by;
}

void spk__curation_subtract_spike(const spk_curation *c, int64_t slot, uint32_t index)
{
    if (c->n_bins == 0)
        return;
    const window w = window_around(c, index);
    for (int64_t s = w.first; s < w.stop; s++) {
        const int64_t other = c->slot_of[s];
        const int64_t lag = c->spikes.samples[s] - c->spikes.samples[index];
        if (other == SPK__NO_SLOT || s == index)
            continue;
        change(c, &w, slot, other, lag, UINT32_MAX); /* - 1 */
        change(c, &w, other, slot, -lag, UINT32_MAX);
    }
}

static void subtract(int64_t n_bins, const uint32_t *from, uint32_t *to)
{
    for (int64_t k = 0; k < n_bins; k++)
        to[k] -= from[k];
}

/* Pairs of all spikes of a part, which is not the largest one. */
static void count_part(const spk_curation *c, int64_t part, int64_t first,
                       int64_t largest)
{
    const spk__curation_slot *slot = &c->slots[part];
    for (int64_t i = 0; i < slot->n_spikes; i++) {
        const uint32_t index = slot->indices[i];
        const window w = window_around(c, index);
        for (int64_t s = w.first; s < w.stop; s++) {
            const int64_t other = c->slot_of[s];
            const int64_t lag = c->spikes.samples[s] - slot->samples[i];
            if (other == SPK__NO_SLOT || s == index)
                continue;
            change(c, &w, part, other, lag, 1);
            /* Other parts that are gone through add their own half. */
            if (other < first || other == largest)
                change(c, &w, other, part, -lag, 1);
        }
    }
}

void spk__curation_split_pairs(const spk_curation *c, int64_t whole, int64_t first)
{
    int64_t largest = first;
    if (c->n_bins == 0)
        return;
    for (int64_t p = first; p < c->n_slots; p++)
        if (c->slots[p].n_spikes > c->slots[largest].n_spikes)
            largest = p;
    for (int64_t p = first; p < c->n_slots; p++)
        if (p != largest)
            count_part(c, p, first, largest);
    for (int64_t t = 0; t < first; t++) {
        if (!c->slots[t].is_active)
            continue;
        uint32_t *row = spk__curation_pair(c, largest, t);
        uint32_t *column = spk__curation_pair(c, t, largest);
        const size_t bytes = (size_t)c->n_bins * sizeof *row;
        memcpy(row, spk__curation_pair(c, whole, t), bytes);
        memcpy(column, spk__curation_pair(c, t, whole), bytes);
        for (int64_t p = first; p < c->n_slots; p++)
            if (p != largest) {
                subtract(c->n_bins, spk__curation_pair(c, p, t), row);
                subtract(c->n_bins, spk__curation_pair(c, t, p), column);
            }
    }
    uint32_t *own = spk__curation_pair(c, largest, largest);
    memcpy(own, spk__curation_pair(c, whole, whole), (size_t)c->n_bins * sizeof *own);
    for (int64_t p = first; p < c->n_slots; p++)
        for (int64_t q = first; q < c->n_slots; q++)
            if (p != largest || q != largest)
                subtract(c->n_bins, spk__curation_pair(c, p, q), own);
}
