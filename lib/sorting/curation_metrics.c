/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The metrics of a few units: a recording is made of their spikes, and of a unit more that has
 * the first and the last spike of all, because some tools take the time between those for the
 * length of the recording.
 */
#include "base/check.h"
#include "base/memory.h"
#include "sorting/curation_state.h"
#include "sorting/metric_group.h"
#include "sorting/spike_values.h"

#include <inttypes.h>
#include <string.h>

/* Groups and metrics that look at the spikes of other units. */
static const char *const of_all_units[] = {"synchrony", "isolation", (const char *)0};

typedef struct excerpt {
    spk_spikes spikes;
    int64_t *samples;
    int32_t *units;
    uint32_t *indices; /* place of each spike in the whole table */
    double *amplitudes;
    double *positions; /* x of all, then y: column-major */
    int32_t *spike_templates;
    spk_array amplitude_array;
    spk_array position_array;
    spk_templates templates;
} excerpt;

static int takes_others(const spk_metric *metric)
{
    if (metric->needs & SPK_METRIC_NEEDS_FEATURES)
        return 1;
    for (int k = 0; of_all_units[k] != NULL; k++)
        if (strcmp(metric->name, of_all_units[k]) == 0 ||
            strcmp(metric->group, of_all_units[k]) == 0)
            return 1;
    return 0;
}

static void free_excerpt(excerpt *e)
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

/* Spikes of all lists in order of the table, by repeatedly taking the earliest of the next:
 * lists are few. */
static void merge_lists(spike_list *lists, int64_t n_lists, excerpt *e)
{
    for (int64_t k = 0; k < e->spikes.n_spikes; k++) {
        int64_t best = -1;
        for (int64_t u = 0; u < n_lists; u++)
            if (lists[u].next < lists[u].n &&
                (best < 0 ||
                 lists[u].indices[lists[u].next] < lists[best].indices[lists[best].next]))
                best = u;
        e->samples[k] = lists[best].samples[lists[best].next];
        e->indices[k] = lists[best].indices[lists[best].next++];
        e->units[k] = (int32_t)best;
    }
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

static spk_status read_values(spk_context *ctx, const spk_curation *c, excerpt *e)
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

static spk_status make_excerpt(spk_context *ctx, const spk_curation *c,
                               const spk_epochs *epochs, int64_t n_units,
                               const int64_t *slots, excerpt *e)
{
    const int64_t ends[2] = {outermost(c, epochs, 1), outermost(c, epochs, -1)};
    const int64_t n_ends = ends[0] < 0 ? 0 : 2;
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
    if (e->samples == NULL || e->units == NULL || e->indices == NULL) {
        spk__free(lists);
        return spk__fail_memory(ctx);
    }
    e->spikes = c->spikes;
    e->spikes.n_spikes = n;
    e->spikes.n_units = n_units + 1;
    e->spikes.samples = e->samples;
    e->spikes.units = e->units;
    merge_lists(lists, n_units + 1, e);
    spk__free(lists);
    return read_values(ctx, c, e);
}

static int has_input(const spk_curation *c, const spk_metric *metric)
{
    const int32_t has =
        (c->options.amplitudes != NULL ? SPK_METRIC_NEEDS_AMPLITUDES : 0) |
        (c->options.spike_positions != NULL ? SPK_METRIC_NEEDS_POSITIONS : 0) |
        (c->options.templates != NULL ? SPK_METRIC_NEEDS_TEMPLATES : 0);
    return (metric->needs & ~has) == 0;
}

/* Whether a metric is wanted by name (2), or as one of a group or of all (1). */
static int is_wanted(const spk_metrics_options *options, const spk_metric *metric)
{
    int wanted = options->names == NULL && !metric->is_slow;
    for (int64_t k = 0; options->names != NULL && k < options->n_names; k++) {
        if (strcmp(options->names[k], metric->name) == 0)
            return 2;
        wanted |= strcmp(options->names[k], metric->group) == 0 && !metric->is_slow;
    }
    return wanted;
}

/* Lists what is wanted, without what takes other units or has no input, unless it was named. */
static spk_status choose_names(spk_context *ctx, const spk_curation *c,
                               const spk_metrics_options *options, const char **names,
                               int64_t *n_names)
{
    const spk_metric *metric;
    int32_t needs;
    /* Finds the names that are not known. */
    const spk_status status = spk_metrics_needs(ctx, options, &needs);
    if (status != SPK_OK)
        return status;
    *n_names = 0;
    for (int64_t m = 0; (metric = spk_metrics_catalog(m)) != NULL; m++) {
        const int wanted = is_wanted(options, metric);
        SPK_REQUIRE(ctx, wanted < 2 || !takes_others(metric), SPK_ERR_NOT_FOUND,
                    "%s takes the spikes of other units: compute it from the whole table",
                    metric->name);
        if (wanted == 2 || (wanted && !takes_others(metric) && has_input(c, metric)))
            names[(*n_names)++] = metric->name;
    }
    return SPK_OK;
}

spk_status spk_curation_metrics(spk_context *ctx, const spk_curation *c, int64_t n_units,
                                const int64_t *unit_ids, const spk_metrics_options *given,
                                spk_metrics **metrics)
{
    SPK_REQUIRE(ctx, c != NULL && metrics != NULL, SPK_ERR_ARGUMENT,
                "curation and metrics must not be NULL");
    SPK_REQUIRE(ctx, n_units >= 0 && (unit_ids != NULL || n_units == 0), SPK_ERR_ARGUMENT,
                "unit_ids must be n_units >= 0 of them, got n_units = %" PRId64, n_units);
    spk_metrics_options options;
    spk_metrics_options_init(&options, sizeof options);
    if (given != NULL)
        options = *given;
    SPK_REQUIRE(ctx, options.periods == NULL && options.definition == NULL,
                SPK_ERR_ARGUMENT, "periods and definition must be NULL");
    excerpt e = {0};
    int64_t n_names = 0;
    spk_metrics_input input;
    spk_status status =
        options.epochs == NULL ? SPK_OK : spk_epochs_check(ctx, options.epochs);
    if (status != SPK_OK)
        return status;
    int64_t *slots = spk__alloc(ctx, n_units, sizeof *slots);
    const char **names = spk__alloc(ctx, spk_metrics_catalog_length(), sizeof *names);
    if (slots == NULL || names == NULL) {
        status = spk__fail_memory(ctx);
        goto cleanup;
    }
    for (int64_t u = 0; u < n_units; u++) {
        slots[u] = spk__curation_find(c, unit_ids[u]);
        if (slots[u] == SPK__NO_SLOT) {
            status = spk__fail(ctx, SPK_ERR_NOT_FOUND, "no unit %" PRId64, unit_ids[u]);
            goto cleanup;
        }
    }
    if ((status = choose_names(ctx, c, &options, names, &n_names)) != SPK_OK ||
        (status = make_excerpt(ctx, c, options.epochs, n_units, slots, &e)) != SPK_OK)
        goto cleanup;
    options.names = names;
    options.n_names = n_names;
    spk_metrics_input_init(&input, sizeof input);
    input.spikes = &e.spikes;
    input.amplitudes = e.amplitudes == NULL ? NULL : &e.amplitude_array;
    input.spike_positions = e.positions == NULL ? NULL : &e.position_array;
    input.templates = e.spike_templates == NULL ? NULL : &e.templates;
    status = spk_metrics_compute(ctx, &input, &options, metrics);
    if (status == SPK_OK)
        spk__metrics_keep_units(*metrics, n_units);
cleanup:
    free_excerpt(&e);
    spk__free(names);
    spk__free(slots);
    return status;
}
