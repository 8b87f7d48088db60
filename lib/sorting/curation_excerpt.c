/* SPDX-License-Identifier: BSD-3-Clause */
#include "sorting/curation_excerpt.h"

#include "base/check.h"
#include "base/memory.h"
#include "sorting/spike_values.h"

void spk__curation_excerpt_free(spk__curation_excerpt *e)
{
    spk__free(e->samples);
    spk__free(e->units);
    spk__free(e->indices);
    spk__free(e->amplitudes);
    spk__free(e->positions);
    spk__free(e->spike_templates);
}

static int64_t first_at_least(const spk_spikes *spikes, int64_t sample)
{
    int64_t low = 0, high = spikes->n_spikes;
    while (low < high) {
        const int64_t middle = low + (high - low) / 2;
        if (spikes->samples[middle] < sample)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* The first (sign 1) or last (-1) spike of any unit in the epochs; -1 if there is none. */
static int64_t outermost(const spk_curation *c, const spk_epochs *epochs, int64_t sign)
{
    const int64_t n = epochs == NULL ? 1 : epochs->n_epochs;
    for (int64_t k = 0; k < n; k++) {
        const int64_t e = sign > 0 ? k : n - 1 - k;
        const int64_t first =
            epochs == NULL ? 0 : first_at_least(&c->spikes, epochs->starts[e]);
        const int64_t stop = epochs == NULL
                                 ? c->spikes.n_spikes
                                 : first_at_least(&c->spikes, epochs->stops[e]);
        for (int64_t i = sign > 0 ? first : stop - 1; i >= first && i < stop; i += sign)
            if (c->slot_of[i] != SPK__NO_SLOT)
                return i;
    }
    return -1;
}

typedef struct spike_list {
    const int64_t *samples;
    const uint32_t *indices;
    int64_t n;
    int64_t next;
} spike_list;

typedef struct entry {
    uint32_t index;
    int32_t list;
} entry;

enum {
    DIGIT_BITS = 11,
    N_DIGITS = 1 << DIGIT_BITS
};

/* Sorts by index, digit by digit. The result stands in `b` after an odd number of digits. */
static void sort_entries(entry *a, entry *b, int64_t n)
{
    for (int shift = 0; shift < 32; shift += DIGIT_BITS) {
        int64_t starts[N_DIGITS + 1] = {0};
        for (int64_t k = 0; k < n; k++)
            starts[((a[k].index >> shift) & (N_DIGITS - 1)) + 1]++;
        for (int d = 0; d < N_DIGITS; d++)
            starts[d + 1] += starts[d];
        for (int64_t k = 0; k < n; k++)
            b[starts[(a[k].index >> shift) & (N_DIGITS - 1)]++] = a[k];
        entry *const other = a;
        a = b;
        b = other;
    }
}

/* Spikes of all lists in order of the table. */
static spk_status merge_lists(spk_context *ctx, spike_list *lists, int64_t n_lists,
                              spk__curation_excerpt *e)
{
    const int64_t n = e->spikes.n_spikes;
    entry *entries = spk__alloc(ctx, 2 * n, sizeof *entries);
    if (entries == NULL)
        return spk__fail_memory(ctx);
    entry *sorted = entries + n; /* after three digits */
    int64_t at = 0;
    for (int64_t u = 0; u < n_lists; u++)
        for (int64_t k = 0; k < lists[u].n; k++)
            entries[at++] = (entry){lists[u].indices[k], (int32_t)u};
    sort_entries(entries, sorted, n);
    for (int64_t k = 0; k < n; k++) {
        spike_list *list = &lists[sorted[k].list];
        e->samples[k] = list->samples[list->next++];
        e->indices[k] = sorted[k].index;
        e->units[k] = sorted[k].list;
    }
    spk__free(entries);
    return SPK_OK;
}

static spk_array array_of(const void *data, int64_t n_rows, int64_t n_columns)
{
    return (spk_array){
        .dtype = SPK_DTYPE_FLOAT64,
        .n_dimensions = n_columns == 1 ? 1 : 2,
        .shape = {n_rows, n_columns, 1, 1, 1, 1, 1, 1},
        .n_elements = n_rows * n_columns,
        .item_size = (int32_t)sizeof(double),
        .fortran_order = n_columns > 1,
        .data = data,
    };
}

spk_status spk__curation_excerpt_values(spk_context *ctx, const spk_curation *c,
                                        spk__curation_excerpt *e)
{
    const int64_t n = e->spikes.n_spikes;
    spk_status status = SPK_OK;
    if (c->options.amplitudes != NULL) {
        e->amplitudes = spk__alloc(ctx, n, sizeof *e->amplitudes);
        if (e->amplitudes == NULL)
            return spk__fail_memory(ctx);
        status = spk__spike_values(ctx, c->options.amplitudes, 0, e->indices, n,
                                   e->amplitudes);
        e->amplitude_array = array_of(e->amplitudes, n, 1);
    }
    if (c->options.spike_positions != NULL && status == SPK_OK) {
        e->positions = spk__alloc(ctx, 2 * n, sizeof *e->positions);
        if (e->positions == NULL)
            return spk__fail_memory(ctx);
        for (int axis = 0; axis < 2 && status == SPK_OK; axis++)
            status = spk__spike_values(ctx, c->options.spike_positions, axis, e->indices,
                                       n, e->positions + axis * n);
        e->position_array = array_of(e->positions, n, 2);
    }
    if (c->options.templates != NULL && status == SPK_OK) {
        e->spike_templates = spk__alloc(ctx, n, sizeof *e->spike_templates);
        if (e->spike_templates == NULL)
            return spk__fail_memory(ctx);
        e->templates = c->templates;
        e->templates.spike_templates = e->spike_templates;
        for (int64_t i = 0; i < n; i++)
            e->spike_templates[i] = c->templates.spike_templates[e->indices[i]];
    }
    return status;
}

spk_status spk__curation_excerpt_make(spk_context *ctx, const spk_curation *c,
                                      const spk_epochs *epochs, int with_ends,
                                      int64_t n_units, const int64_t *slots,
                                      spk__curation_excerpt *e)
{
    const int64_t ends[2] = {outermost(c, epochs, 1), outermost(c, epochs, -1)};
    const int64_t n_ends = ends[0] < 0 || !with_ends ? 0 : 2;
    const int64_t n_lists = n_units + (with_ends != 0);
    int64_t end_samples[2], n = n_ends;
    uint32_t end_indices[2];
    spike_list *lists = spk__alloc_zero(ctx, n_units + 1, sizeof *lists);
    if (lists == NULL)
        return spk__fail_memory(ctx);
    for (int64_t k = 0; k < n_ends; k++) {
        end_indices[k] = (uint32_t)ends[k];
        end_samples[k] = c->spikes.samples[ends[k]];
    }
    lists[n_units] = (spike_list){end_samples, end_indices, n_ends, 0};
    for (int64_t u = 0; u < n_units; u++) {
        const spk__curation_slot *slot = &c->slots[slots[u]];
        lists[u] = (spike_list){slot->samples, slot->indices, slot->n_spikes, 0};
        n += slot->n_spikes;
    }
    e->samples = spk__alloc(ctx, n, sizeof *e->samples);
    e->units = spk__alloc(ctx, n, sizeof *e->units);
    e->indices = spk__alloc(ctx, n, sizeof *e->indices);
    e->spikes = c->spikes;
    e->spikes.n_spikes = n;
    e->spikes.n_units = n_lists;
    e->spikes.samples = e->samples;
    e->spikes.units = e->units;
    const int failed = e->samples == NULL || e->units == NULL || e->indices == NULL;
    const spk_status status =
        failed ? spk__fail_memory(ctx) : merge_lists(ctx, lists, n_lists, e);
    spk__free(lists);
    return status;
}
