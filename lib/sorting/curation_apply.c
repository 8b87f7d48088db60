/* SPDX-License-Identifier: BSD-3-Clause */
/* Reads SpikeInterface's curation files. What goes wrong is told with the place in the file; then
 * all steps taken for it are taken back. */
#include "base/check.h"
#include "base/memory.h"
#include "files/json_reader.h"
#include "sorting/curation_state.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

typedef struct applying {
    spk_context *ctx;
    spk_curation *c;
    const char *path;
    double censor_ms;
} applying;

/* Puts the place in the file before the message of a failure. */
static spk_status fail_at(const applying *a, const char *list, int64_t item,
                          spk_status status)
{
    char message[400] = "";
    if (status == SPK_ERR_MEMORY || status == SPK_ERR_CANCELLED)
        return status;
    strncpy(message, spk_context_message(a->ctx), sizeof message - 1);
    return spk__fail(a->ctx, SPK_ERR_FORMAT, "%s: %s[%" PRId64 "]: %s", a->path, list,
                     item, message);
}

static spk_status fail_expected(const applying *a, const char *list, int64_t item,
                                const char *expected)
{
    return spk__fail(a->ctx, SPK_ERR_FORMAT, "%s: %s[%" PRId64 "]: expected %s", a->path,
                     list, item, expected);
}

/* Reads an array of whole numbers. The caller frees it. 0 if it is none. */
static int read_integers(spk_context *ctx, const spk__json_node *node, int64_t **values,
                         int64_t *n)
{
    *n = spk__json_length(node);
    *values = NULL;
    if (!spk__json_is_array(node) ||
        (*values = spk__alloc(ctx, *n, sizeof **values)) == NULL)
        return 0;
    for (int64_t k = 0; k < *n; k++)
        if (!spk__json_integer(spk__json_item(node, k), &(*values)[k])) {
            spk__free(*values);
            *values = NULL;
            return 0;
        }
    return 1;
}

static spk_status remove_units(const applying *a, const spk__json_node *list)
{
    for (int64_t k = 0; k < spk__json_length(list); k++) {
        int64_t id;
        if (!spk__json_integer(spk__json_item(list, k), &id))
            return fail_expected(a, "removed", k, "the id of a unit, a whole number");
        const spk_status status = spk_curation_remove(a->ctx, a->c, id);
        if (status != SPK_OK)
            return fail_at(a, "removed", k, status);
    }
    return SPK_OK;
}

/* {"unit_ids": [3, 7], "new_unit_id": 9}; in version 1 the array alone. */
static spk_status merge_units(const applying *a, const spk__json_node *list)
{
    for (int64_t k = 0; k < spk__json_length(list); k++) {
        const spk__json_node *item = spk__json_item(list, k);
        const spk__json_node *ids =
            spk__json_is_array(item) ? item : spk__json_member(item, "unit_ids");
        int64_t *unit_ids, n, new_id = -1;
        double censor_ms = a->censor_ms;
        (void)spk__json_integer(spk__json_member(item, "new_unit_id"), &new_id);
        (void)spk__json_number(spk__json_member(item, "censor_ms"), &censor_ms);
        if (!read_integers(a->ctx, ids, &unit_ids, &n))
            return fail_expected(a, "merges", k, "unit_ids, an array of whole numbers");
        const spk_status status =
            spk_curation_merge(a->ctx, a->c, n, unit_ids, censor_ms, new_id, NULL);
        spk__free(unit_ids);
        if (status != SPK_OK)
            return fail_at(a, "merges", k, status);
    }
    return SPK_OK;
}

/* Labels of the spikes from lists of spikes: part k for those of list k, and one part more for
 * those in none. 0 where a spike is not there or in two lists. */
static int labels_from_indices(const spk__json_node *lists, int64_t n_spikes,
                               int32_t *labels)
{
    const int32_t n_lists = (int32_t)spk__json_length(lists);
    for (int64_t i = 0; i < n_spikes; i++)
        labels[i] = n_lists;
    for (int32_t p = 0; p < n_lists; p++) {
        const spk__json_node *list = spk__json_item(lists, p);
        for (int64_t k = 0; k < spk__json_length(list); k++) {
            int64_t spike;
            if (!spk__json_integer(spk__json_item(list, k), &spike) || spike < 0 ||
                spike >= n_spikes || labels[spike] != n_lists)
                return 0;
            labels[spike] = p;
        }
    }
    return n_lists > 0;
}

static int labels_from_labels(const spk__json_node *list, int64_t n_spikes,
                              int32_t *labels)
{
    if (spk__json_length(list) != n_spikes)
        return 0;
    for (int64_t i = 0; i < n_spikes; i++) {
        int64_t label;
        if (!spk__json_integer(spk__json_item(list, i), &label) || label < INT32_MIN ||
            label > INT32_MAX)
            return 0;
        labels[i] = (int32_t)label;
    }
    return 1;
}

static spk_status split_unit(const applying *a, const spk__json_node *item, int64_t k)
{
    int64_t id, n_new = 0, *new_ids = NULL;
    spk_curation_unit unit;
    if (!spk__json_integer(spk__json_member(item, "unit_id"), &id))
        return fail_expected(a, "splits", k, "unit_id, a whole number");
    spk_status status = spk_curation_unit_get(a->ctx, a->c, id, &unit);
    if (status != SPK_OK)
        return fail_at(a, "splits", k, status);
    const char *mode = spk__json_text(spk__json_member(item, "mode"));
    const int by_labels = mode != NULL && strcmp(mode, "labels") == 0;
    const spk__json_node *given =
        spk__json_member(item, by_labels ? "labels" : "indices");
    int32_t *labels = spk__alloc(a->ctx, unit.n_spikes, sizeof *labels);
    if (labels == NULL)
        return spk__fail_memory(a->ctx);
    const int fits = by_labels ? labels_from_labels(given, unit.n_spikes, labels)
                               : labels_from_indices(given, unit.n_spikes, labels);
    if (!fits) {
        char expected[128];
        snprintf(expected, sizeof expected,
                 by_labels ? "labels, one for each of %" PRId64 " spikes"
                           : "indices, lists of spikes below %" PRId64 ", none twice",
                 unit.n_spikes);
        status = fail_expected(a, "splits", k, expected);
        goto cleanup;
    }
    (void)read_integers(a->ctx, spk__json_member(item, "new_unit_ids"), &new_ids, &n_new);
    status = spk_curation_split(a->ctx, a->c, id, labels, new_ids == NULL ? 0 : n_new,
                                new_ids, NULL, NULL);
    if (status != SPK_OK)
        status = fail_at(a, "splits", k, status);
cleanup:
    spk__free(new_ids);
    spk__free(labels);
    return status;
}

static int is_version(const spk__json_node *step)
{
    const char *version = spk__json_text(spk__json_member(step, "format_version"));
    return version != NULL && (strcmp(version, "1") == 0 || strcmp(version, "2") == 0);
}

/* Every unit of the file must be there; others may be there as well. */
static spk_status check_units(const applying *a, const spk__json_node *step)
{
    const spk__json_node *ids = spk__json_member(step, "unit_ids");
    for (int64_t k = 0; k < spk__json_length(ids); k++) {
        int64_t id;
        if (!spk__json_integer(spk__json_item(ids, k), &id))
            return fail_expected(a, "unit_ids", k, "a whole number");
        if (spk__curation_find(a->c, id) == SPK__NO_SLOT)
            return spk__fail(a->ctx, SPK_ERR_FORMAT,
                             "%s: unit_ids[%" PRId64 "]: no unit %" PRId64
                             " in these spikes",
                             a->path, k, id);
    }
    return SPK_OK;
}

static spk_status apply_step(const applying *a, const spk__json_node *step)
{
    const spk__json_node *removed = spk__json_member(step, "removed");
    const spk__json_node *merges = spk__json_member(step, "merges");
    const spk__json_node *splits = spk__json_member(step, "splits");
    if (removed == NULL)
        removed = spk__json_member(step, "removed_units");
    if (merges == NULL)
        merges = spk__json_member(step, "merge_unit_groups");
    spk_status status = check_units(a, step);
    if (status == SPK_OK)
        status = remove_units(a, removed);
    if (status == SPK_OK)
        status = merge_units(a, merges);
    for (int64_t k = 0; k < spk__json_length(splits) && status == SPK_OK; k++)
        status = split_unit(a, spk__json_item(splits, k), k);
    return status;
}

static spk_status read_file(spk_context *ctx, const char *path, spk__json_node **root)
{
    const spk_status status = spk__json_read(ctx, path, root);
    if (status != SPK_OK)
        return status;
    const spk__json_node *steps = spk__json_member(*root, "curation_steps");
    int fits = steps != NULL ? spk__json_is_array(steps) : is_version(*root);
    for (int64_t k = 0; k < spk__json_length(steps); k++)
        fits &= is_version(spk__json_item(steps, k));
    if (fits)
        return SPK_OK;
    spk__json_release(*root);
    *root = NULL;
    return spk__fail(ctx, SPK_ERR_FORMAT,
                     "%s: expected a curation file with format_version \"1\" or \"2\"",
                     path);
}

spk_status spk_curation_apply(spk_context *ctx, spk_curation *c, const char *path,
                              double censor_ms)
{
    SPK_REQUIRE(ctx, c != NULL && path != NULL, SPK_ERR_ARGUMENT,
                "curation and path must not be NULL");
    spk__json_node *root = NULL;
    /* Messages are put together from those of the steps, which take a context. */
    spk_context *own = NULL;
    spk_status status = ctx != NULL ? SPK_OK : spk_context_create(&own);
    const applying a = {ctx != NULL ? ctx : own, c, path, censor_ms};
    const int64_t n_before = spk_curation_n_steps(c);
    if (status == SPK_OK)
        status = read_file(a.ctx, path, &root);
    const spk__json_node *steps = spk__json_member(root, "curation_steps");
    if (status == SPK_OK && steps == NULL)
        status = apply_step(&a, root);
    for (int64_t k = 0; k < spk__json_length(steps) && status == SPK_OK; k++)
        status = apply_step(&a, spk__json_item(steps, k));
    while (status != SPK_OK && spk_curation_n_steps(c) > n_before)
        if (spk_curation_undo(NULL, c) != SPK_OK)
            break;
    spk__json_release(root);
    spk_context_destroy(own);
    return status;
}

/* ---- labels ---- */

/* {"unit_id": 3, "labels": {"quality": ["good"]}}; in version 1 the words stand beside the id. */
static spk_status add_labels(spk_context *ctx, const char *path,
                             const spk__json_node *item, int64_t k, spk_table *table)
{
    int64_t id;
    char id_text[24];
    const spk__json_node *labels = spk__json_member(item, "labels"), *values;
    if (!spk__json_integer(spk__json_member(item, "unit_id"), &id))
        return spk__fail(
            ctx, SPK_ERR_FORMAT,
            "%s: manual_labels[%" PRId64 "]: expected unit_id, a whole number", path, k);
    snprintf(id_text, sizeof id_text, "%" PRId64, id);
    if (!spk__json_is_object(labels))
        labels = item;
    for (int64_t l = 0; l < spk__json_length(labels); l++) {
        const char *name = spk__json_key(labels, l, &values);
        for (int64_t v = 0; spk__json_is_array(values) && v < spk__json_length(values);
             v++) {
            const char *value = spk__json_text(spk__json_item(values, v));
            if (value == NULL)
                continue;
            const char *const cells[] = {id_text, name, value};
            const spk_status status = spk_table_append(ctx, table, cells);
            if (status != SPK_OK)
                return status;
        }
    }
    return SPK_OK;
}

static spk_status add_step_labels(spk_context *ctx, const char *path,
                                  const spk__json_node *step, spk_table *table)
{
    const spk__json_node *list = spk__json_member(step, "manual_labels");
    spk_status status = SPK_OK;
    for (int64_t k = 0; k < spk__json_length(list) && status == SPK_OK; k++)
        status = add_labels(ctx, path, spk__json_item(list, k), k, table);
    return status;
}

spk_status spk_curation_read_labels(spk_context *ctx, const char *path,
                                    spk_table **labels)
{
    SPK_REQUIRE(ctx, path != NULL && labels != NULL, SPK_ERR_ARGUMENT,
                "path and labels must not be NULL");
    static const char *const names[] = {"cluster_id", "label", "value"};
    spk__json_node *root = NULL;
    spk_table *table = NULL;
    spk_status status = read_file(ctx, path, &root);
    if (status == SPK_OK)
        status = spk_table_create(ctx, 3, names, &table);
    const spk__json_node *steps = spk__json_member(root, "curation_steps");
    if (status == SPK_OK && steps == NULL)
        status = add_step_labels(ctx, path, root, table);
    for (int64_t k = 0; k < spk__json_length(steps) && status == SPK_OK; k++)
        status = add_step_labels(ctx, path, spk__json_item(steps, k), table);
    spk__json_release(root);
    if (status == SPK_OK)
        *labels = table;
    else
        spk_table_destroy(table);
    return status;
}
