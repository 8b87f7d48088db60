/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Writes SpikeInterface's curation files. Within one step of the format nothing may be done to a
 * unit that the step itself made, so a new one begins where that would happen.
 */
#include "base/check.h"
#include "base/memory.h"
#include "files/sort.h"
#include "sorting/curation_state.h"

#include <inttypes.h>
#include <spikekit/json.h>
#include <string.h>

typedef struct writing {
    spk_context *ctx;
    const spk_curation *c;
    uint8_t *is_there;  /* [n_slots] units at this point of the history */
    int64_t *ids;       /* [n_slots] room */
    int64_t n_left_out; /* spikes censored by themselves */
} writing;

static spk_status set_unit_ids(const writing *w, spk_json *step)
{
    int64_t n = 0;
    for (int64_t s = 0; s < w->c->n_slots; s++)
        if (w->is_there[s])
            w->ids[n++] = w->c->slots[s].id;
    spk__sort_int64(w->ids, n);
    return spk_json_set_integers(w->ctx, step, "unit_ids", n, w->ids);
}

static spk_status begin_step(const writing *w, spk_json **step)
{
    static const char *const lists[] = {"manual_labels", "removed", "merges", "splits"};
    spk_json *none = NULL;
    spk_status status = spk_json_create(w->ctx, step);
    if (status == SPK_OK)
        status = spk_json_set_text(w->ctx, *step, "format_version", "2");
    if (status == SPK_OK)
        status = set_unit_ids(w, *step);
    if (status == SPK_OK)
        status = spk_json_create(w->ctx, &none);
    if (status == SPK_OK)
        status = spk_json_set_object(w->ctx, *step, "label_definitions", none);
    spk_json_destroy(none);
    for (int k = 0; k < 4 && status == SPK_OK; k++)
        status = spk_json_set_integers(w->ctx, *step, lists[k], 0, NULL);
    return status;
}

static spk_status add_merge(const writing *w, const spk__curation_record *r,
                            spk_json *step)
{
    spk_json *merge = NULL;
    spk_status status = spk_json_create(w->ctx, &merge);
    if (status == SPK_OK)
        status = spk_json_set_integers(w->ctx, merge, "unit_ids", r->step.n_old,
                                       r->step.old_ids);
    if (status == SPK_OK)
        status = spk_json_set_integer(w->ctx, merge, "new_unit_id", r->step.new_ids[0]);
    if (status == SPK_OK && r->step.censor_samples > 0) {
        /* Half a sample more, so that it is cut to the same number again. */
        const double ms = ((double)r->step.censor_samples + 0.5) * 1000. /
                          w->c->spikes.sampling_rate_hz;
        status = spk_json_set_number(w->ctx, merge, "censor_ms", ms);
    }
    if (status == SPK_OK)
        status = spk_json_append_object(w->ctx, step, "merges", merge);
    spk_json_destroy(merge);
    return status;
}

static spk_status add_split(const writing *w, const spk__curation_record *r,
                            spk_json *step)
{
    const spk__curation_slot *whole = &w->c->slots[r->old_slots[0]];
    const spk__curation_slot *parts = &w->c->slots[r->first_new];
    spk_status status = SPK_OK;
    spk_json *split = NULL;
    int64_t *labels = spk__alloc(w->ctx, whole->n_spikes, sizeof *labels);
    int64_t *next = spk__alloc_zero(w->ctx, r->step.n_new, sizeof *next);
    if (labels == NULL || next == NULL) {
        status = spk__fail_memory(w->ctx);
        goto cleanup;
    }
    for (int64_t i = 0; i < whole->n_spikes; i++) {
        int64_t p = 0;
        while (next[p] == parts[p].n_spikes ||
               parts[p].indices[next[p]] != whole->indices[i])
            p++;
        next[p]++;
        labels[i] = p;
    }
    if ((status = spk_json_create(w->ctx, &split)) != SPK_OK)
        goto cleanup;
    status = spk_json_set_integer(w->ctx, split, "unit_id", whole->id);
    if (status == SPK_OK)
        status = spk_json_set_text(w->ctx, split, "mode", "labels");
    if (status == SPK_OK)
        status = spk_json_set_integers(w->ctx, split, "labels", whole->n_spikes, labels);
    if (status == SPK_OK)
        status = spk_json_set_integers(w->ctx, split, "new_unit_ids", r->step.n_new,
                                       r->step.new_ids);
    if (status == SPK_OK)
        status = spk_json_append_object(w->ctx, step, "splits", split);
cleanup:
    spk_json_destroy(split);
    spk__free(next);
    spk__free(labels);
    return status;
}

/* All that the records from `first` to `last` removed, in one list. */
static spk_status set_removed(const writing *w, int64_t first, int64_t last,
                              spk_json *step)
{
    int64_t n = 0;
    for (int64_t k = first; k < last; k++)
        if (w->c->records[k].step.kind == SPK_CURATION_REMOVE)
            w->ids[n++] = w->c->records[k].step.old_ids[0];
    return spk_json_set_integers(w->ctx, step, "removed", n, w->ids);
}

/* Writes as many records from *k on as one step can have. */
static spk_status write_step(writing *w, int64_t *k, spk_json *step)
{
    const spk_curation *c = w->c;
    const int64_t first = *k;
    const int64_t first_new = c->records[first].first_new;
    spk_status status = SPK_OK;
    for (; *k < c->n_records && status == SPK_OK; ++*k) {
        const spk__curation_record *r = &c->records[*k];
        int builds_on_new = 0;
        for (int64_t m = 0; m < r->step.n_old; m++)
            builds_on_new |= r->old_slots[m] >= first_new;
        if (builds_on_new)
            break;
        if (r->step.kind == SPK_CURATION_MERGE)
            status = add_merge(w, r, step);
        else if (r->step.kind == SPK_CURATION_SPLIT)
            status = add_split(w, r, step);
        else if (r->step.kind == SPK_CURATION_CENSOR)
            w->n_left_out += r->step.n_spikes_removed;
        for (int64_t m = 0; m < r->step.n_old; m++)
            w->is_there[r->old_slots[m]] = 0;
        for (int64_t m = 0; m < r->step.n_new; m++)
            w->is_there[r->first_new + m] = 1;
    }
    return status == SPK_OK ? set_removed(w, first, *k, step) : status;
}

/* The distinct labels, in the order of the units; not "". */
static int64_t list_options(const char *const *labels, int64_t n, const char **options)
{
    int64_t n_options = 0;
    for (int64_t u = 0; u < n; u++) {
        int is_new = labels[u][0] != '\0';
        for (int64_t o = 0; o < n_options && is_new; o++)
            is_new = strcmp(options[o], labels[u]) != 0;
        if (is_new)
            options[n_options++] = labels[u];
    }
    return n_options;
}

static spk_status set_definition(const writing *w, const char *label,
                                 const char *const *labels, spk_json *step)
{
    spk_json *definition = NULL, *definitions = NULL;
    const char **options = spk__alloc(w->ctx, w->c->n_active + 2, sizeof *options);
    if (options == NULL)
        return spk__fail_memory(w->ctx);
    int64_t n = list_options(labels, w->c->n_active, options);
    while (n < 2) { /* the format wants two or more */
        options[n] = n == 0 || strcmp(options[0], "good") != 0 ? "good" : "noise";
        n++;
    }
    spk_status status = spk_json_create(w->ctx, &definition);
    if (status == SPK_OK)
        status = spk_json_create(w->ctx, &definitions);
    if (status == SPK_OK)
        status = spk_json_set_text(w->ctx, definition, "name", label);
    if (status == SPK_OK)
        status = spk_json_set_texts(w->ctx, definition, "label_options", n, options);
    if (status == SPK_OK)
        status = spk_json_set_flag(w->ctx, definition, "exclusive", 1);
    if (status == SPK_OK)
        status = spk_json_set_object(w->ctx, definitions, label, definition);
    if (status == SPK_OK)
        status = spk_json_set_object(w->ctx, step, "label_definitions", definitions);
    spk_json_destroy(definition);
    spk_json_destroy(definitions);
    spk__free(options);
    return status;
}

static spk_status add_label(const writing *w, int64_t id, const char *label,
                            const char *value, spk_json *step)
{
    spk_json *given = NULL, *unit = NULL;
    spk_status status = spk_json_create(w->ctx, &given);
    if (status == SPK_OK)
        status = spk_json_create(w->ctx, &unit);
    if (status == SPK_OK)
        status = spk_json_set_texts(w->ctx, given, label, 1, &value);
    if (status == SPK_OK)
        status = spk_json_set_integer(w->ctx, unit, "unit_id", id);
    if (status == SPK_OK)
        status = spk_json_set_object(w->ctx, unit, "labels", given);
    if (status == SPK_OK)
        status = spk_json_append_object(w->ctx, step, "manual_labels", unit);
    spk_json_destroy(given);
    spk_json_destroy(unit);
    return status;
}

static spk_status add_labels(const writing *w, const char *label,
                             const char *const *labels, spk_json *step)
{
    spk_status status = set_definition(w, label, labels, step);
    spk_curation_unit_ids(w->c, w->ids);
    for (int64_t u = 0; u < w->c->n_active && status == SPK_OK; u++)
        if (labels[u][0] != '\0')
            status = add_label(w, w->ids[u], label, labels[u], step);
    return status;
}

/* Adds a step to those of the file. */
static spk_status keep_step(const writing *w, spk_json *file, spk_json *step)
{
    return spk_json_append_object(w->ctx, file, "curation_steps", step);
}

static spk_status write_file(writing *w, const char *path, const char *label,
                             const char *const *labels)
{
    spk_json *file = NULL, *step = NULL;
    int64_t k = 0, n_steps = 0;
    spk_status status = spk_json_create(w->ctx, &file);
    while (status == SPK_OK && k < w->c->n_records) {
        spk_json_destroy(step);
        step = NULL;
        status = begin_step(w, &step);
        if (status == SPK_OK)
            status = write_step(w, &k, step);
        n_steps++;
        if (status == SPK_OK)
            status = keep_step(w, file, step);
    }
    if (status == SPK_OK && (label != NULL || n_steps == 0)) {
        spk_json_destroy(step);
        step = NULL;
        status = begin_step(w, &step);
        if (status == SPK_OK && label != NULL)
            status = add_labels(w, label, labels, step);
        n_steps++;
        if (status == SPK_OK)
            status = keep_step(w, file, step);
    }
    if (status == SPK_OK)
        status = spk_json_write(w->ctx, path, n_steps == 1 ? step : file);
    spk_json_destroy(step);
    spk_json_destroy(file);
    return status;
}

spk_status spk_curation_write(spk_context *ctx, const spk_curation *c, const char *path,
                              const char *label, const char *const *labels)
{
    SPK_REQUIRE(ctx, c != NULL && path != NULL, SPK_ERR_ARGUMENT,
                "curation and path must not be NULL");
    SPK_REQUIRE(ctx, label == NULL || labels != NULL || c->n_active == 0,
                SPK_ERR_ARGUMENT, "labels must not be NULL");
    for (int64_t u = 0; label != NULL && u < c->n_active; u++)
        SPK_REQUIRE(ctx, labels[u] != NULL, SPK_ERR_ARGUMENT,
                    "labels[%" PRId64 "] is NULL", u);
    writing w = {.ctx = ctx, .c = c};
    spk_status status = SPK_OK;
    w.is_there = spk__alloc_zero(ctx, c->n_slots, sizeof *w.is_there);
    w.ids = spk__alloc(ctx, c->n_slots, sizeof *w.ids);
    if (w.is_there == NULL || w.ids == NULL) {
        status = spk__fail_memory(ctx);
    } else {
        if (c->spikes.n_units > 0)
            memset(w.is_there, 1, (size_t)c->spikes.n_units);
        status = write_file(&w, path, label, labels);
    }
    if (status == SPK_OK && w.n_left_out > 0)
        spk__log(ctx, SPK_LOG_WARNING,
                 "%s: the removal of %" PRId64
                 " duplicate spikes has no place in the format",
                 path, w.n_left_out);
    spk__free(w.is_there);
    spk__free(w.ids);
    return status;
}
