/* SPDX-License-Identifier: BSD-3-Clause */
#include "correlation/count_table.h"

#include "base/check.h"
#include "base/memory.h"
#include "spikes/bin_walk.h"

#include <inttypes.h>
#include <string.h>

static spk_status alloc_table(spk_context *ctx, spk__count_table *t, int64_t n_spikes)
{
    t->group_begins = spk__alloc(ctx, n_spikes + 1, sizeof *t->group_begins);
    t->units = spk__alloc(ctx, n_spikes, sizeof *t->units);
    t->counts = spk__alloc(ctx, n_spikes, sizeof *t->counts);
    t->places = spk__alloc(ctx, n_spikes, sizeof *t->places);
    t->groups = spk__alloc(ctx, n_spikes, sizeof *t->groups);
    t->offsets = spk__alloc_zero(ctx, t->n_units + 1, sizeof *t->offsets);
    t->sums = spk__alloc_zero(ctx, t->n_units, sizeof *t->sums);
    t->squares = spk__alloc_zero(ctx, t->n_units, sizeof *t->squares);
    if (t->group_begins == NULL || t->units == NULL || t->counts == NULL ||
        t->places == NULL || t->groups == NULL || t->offsets == NULL || t->sums == NULL ||
        t->squares == NULL)
        return spk__fail_memory(ctx);
    return SPK_OK;
}

static void end_group(spk__count_table *t)
{
    const int64_t n = t->n_entries - t->group_begins[t->n_groups];
    t->n_pairs += n * (n - 1) / 2;
    t->group_begins[++t->n_groups] = (uint32_t)t->n_entries;
}

/* Entries in order of bins, as their units first fire. `last` is where the entry of each unit
 * stands: in this bin, if not before the bin's first entry. */
static spk_status fill_entries(spk_context *ctx, spk__count_table *t,
                               const spk_spikes *spikes, const spk__bin_layout *layout,
                               int64_t *last)
{
    spk__bin_walk walk = spk__bin_walk_start(layout);
    int64_t bin_before = -1;
    t->group_begins[0] = 0;
    for (int64_t u = 0; u < t->n_units; u++)
        last[u] = -1;
    for (int64_t i = 0; i < spikes->n_spikes; i++) {
        const int64_t bin = spk__bin_walk_to(&walk, spikes->samples[i]);
        const int32_t unit = spikes->units[i];
        if (bin < 0)
            continue;
        if (bin != bin_before && bin_before >= 0)
            end_group(t);
        bin_before = bin;
        if (last[unit] < (int64_t)t->group_begins[t->n_groups]) {
            last[unit] = t->n_entries;
            t->units[t->n_entries] = unit;
            t->counts[t->n_entries++] = 0;
        }
        int32_t *count = &t->counts[last[unit]];
        SPK_REQUIRE(ctx, *count < INT32_MAX, SPK_ERR_OVERFLOW,
                    "unit %d has more than 2^31 - 1 spikes in bin %" PRId64, (int)unit,
                    bin);
        ++*count;
    }
    if (bin_before >= 0)
        end_group(t);
    return SPK_OK;
}

static spk_status group_by_unit(spk_context *ctx, spk__count_table *t, int64_t *next)
{
    for (int64_t k = 0; k < t->n_entries; k++) {
        const int32_t unit = t->units[k];
        const int64_t count = t->counts[k];
        t->offsets[unit + 1]++;
        t->sums[unit] += count;
        t->squares[unit] += count * count; /* both below 2^62 */
        SPK_REQUIRE(ctx, t->squares[unit] < (int64_t)1 << 53, SPK_ERR_OVERFLOW,
                    "the squares of the counts of unit %d add up to 2^53 or more",
                    (int)unit);
    }
    for (int64_t u = 0; u < t->n_units; u++) {
        t->offsets[u + 1] += t->offsets[u];
        next[u] = t->offsets[u];
    }
    for (int64_t g = 0; g < t->n_groups; g++)
        for (uint32_t k = t->group_begins[g]; k < t->group_begins[g + 1]; k++) {
            const int64_t place = next[t->units[k]]++;
            t->places[place] = k;
            t->groups[place] = (uint32_t)g;
        }
    return SPK_OK;
}

spk_status spk__count_table_create(spk_context *ctx, const spk_spikes *spikes,
                                   const spk_binning_options *options,
                                   spk__count_table *table)
{
    spk__bin_layout layout;
    memset(table, 0, sizeof *table);
    spk_status status = spk__bin_layout_make(ctx, spikes, options, &layout);
    if (status != SPK_OK)
        return status;
    SPK_REQUIRE(ctx, spikes->n_spikes < (int64_t)1 << 32, SPK_ERR_OVERFLOW,
                "2^32 spikes or more, got %" PRId64, spikes->n_spikes);
    table->n_units = spikes->n_units;
    table->n_bins = layout.n_bins;
    int64_t *work = spk__alloc(ctx, table->n_units, sizeof *work);
    if (work == NULL) {
        status = spk__fail_memory(ctx);
        goto cleanup;
    }
    if ((status = alloc_table(ctx, table, spikes->n_spikes)) != SPK_OK ||
        (status = fill_entries(ctx, table, spikes, &layout, work)) != SPK_OK)
        goto cleanup;
    status = group_by_unit(ctx, table, work);
cleanup:
    spk__free(work);
    if (status != SPK_OK)
        spk__count_table_destroy(table);
    return status;
}

void spk__count_table_destroy(spk__count_table *table)
{
    spk__free(table->group_begins);
    spk__free(table->units);
    spk__free(table->counts);
    spk__free(table->places);
    spk__free(table->groups);
    spk__free(table->offsets);
    spk__free(table->sums);
    spk__free(table->squares);
    memset(table, 0, sizeof *table);
}
