/* SPDX-License-Identifier: BSD-3-Clause */
/* The labels that the session had, of the units as they are now. */
#include "curate.h"

#include <spikekit/table.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* Takes the labels of all the session's units that `id` was made of by the steps before `end`
 * into *text. 0 as soon as two differ. */
static int agree(const curate_state *s, int64_t label, int64_t id, int64_t end,
                 const char **text)
{
    for (int64_t k = end - 1; k >= 0; k--) {
        const spk_curation_step step = spk_curation_step_at(s->curation, k);
        int is_new = 0;
        for (int64_t n = 0; n < step.n_new; n++)
            is_new |= step.new_ids[n] == id;
        if (!is_new || step.kind == SPK_CURATION_CENSOR)
            continue;
        for (int64_t o = 0; o < step.n_old; o++)
            if (!agree(s, label, step.old_ids[o], k, text))
                return 0;
        return 1;
    }
    const int64_t *ids = spk_session_unit_ids(s->session);
    for (int64_t u = 0; u < s->input.spikes->n_units; u++)
        if (ids[u] == id) {
            const char *found = spk_session_label_text(s->session, label, u);
            if (*text != NULL && strcmp(*text, found) != 0)
                return 0;
            *text = found;
        }
    return 1;
}

/* What all parts of a unit have in common; "" if nothing. */
static const char *inherited(const curate_state *s, int64_t label, int64_t id)
{
    const char *text = NULL;
    const int all =
        label >= 0 && agree(s, label, id, spk_curation_n_steps(s->curation), &text);
    return all && text != NULL ? text : "";
}

/* What a cluster_NAME.tsv can be called; phy counts the others anew. */
static int is_field(const char *name)
{
    static const char *const own[] = {"id",    "info", "cluster_id", "ch", "sh",
                                      "depth", "fr",   "n_spikes",   "amp"};
    for (size_t k = 0; k < sizeof own / sizeof own[0]; k++)
        if (strcmp(name, own[k]) == 0)
            return 0;
    const size_t n = strlen(name);
    return n > 0 && n < 200 &&
           strspn(name,
                  "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") == n;
}

spk_status curate_write_inherited(spk_context *ctx, const char *except,
                                  const curate_state *s, const char *folder)
{
    const int64_t n_units = s->now.spikes.n_units;
    const char **texts = malloc(((size_t)n_units + 1) * sizeof *texts);
    spk_status status = texts == NULL ? SPK_ERR_MEMORY : SPK_OK;
    for (int64_t l = 0; l < spk_session_n_labels(s->session) && status == SPK_OK; l++) {
        const char *field = spk_session_label_name(s->session, l);
        if (!is_field(field) || (except != NULL && strcmp(field, except) == 0))
            continue;
        for (int64_t u = 0; u < n_units; u++)
            texts[u] = inherited(s, l, s->now.ids[u]);
        status =
            spk_phy_write_columns(ctx, folder, n_units, s->now.ids, 1, &field, texts, 1);
    }
    free(texts);
    return status;
}

static int is_old_unit(const curate_state *s, int64_t id)
{
    const int64_t *ids = spk_session_unit_ids(s->session);
    for (int64_t u = 0; u < s->input.spikes->n_units; u++)
        if (ids[u] == id)
            return 1;
    return 0;
}

static spk_status append_group(spk_context *ctx, spk_table *table, int64_t id_column,
                               int64_t column, int64_t id, const char *group)
{
    char number[24];
    const int64_t n = spk_table_n_columns(table);
    const char **cells = malloc((size_t)n * sizeof *cells);
    if (cells == NULL)
        return SPK_ERR_MEMORY;
    for (int64_t c = 0; c < n; c++)
        cells[c] = "";
    snprintf(number, sizeof number, "%lld", (long long)id);
    cells[id_column] = number;
    cells[column] = group;
    const spk_status status = spk_table_append(ctx, table, cells);
    free(cells);
    return status;
}

/* Copies the rows of a table except those of ids that new units now have. */
static spk_status copy_rows(spk_context *ctx, const curate_state *s,
                            const spk_table *from, int64_t id_column, int64_t removed,
                            spk_table *to)
{
    const int64_t n_columns = spk_table_n_columns(from);
    const char **cells = malloc(((size_t)n_columns + 1) * sizeof *cells);
    spk_status status = cells == NULL ? SPK_ERR_MEMORY : SPK_OK;
    for (int64_t r = 0; r < spk_table_n_rows(from) && status == SPK_OK; r++) {
        int64_t id;
        int is_taken = 0;
        if (spk_table_integer(NULL, from, r, id_column, &id) == SPK_OK) {
            is_taken = id == removed;
            for (int64_t u = 0; u < s->now.spikes.n_units && !is_taken; u++)
                is_taken = s->now.ids[u] == id && !is_old_unit(s, id);
        }
        for (int64_t c = 0; c < n_columns; c++)
            cells[c] = spk_table_text(from, r, c);
        if (!is_taken)
            status = spk_table_append(ctx, to, cells);
    }
    free(cells);
    return status;
}

/* The table as it is in the session's folder, or one of all units; NULL if neither is. */
static spk_status begin_groups(spk_context *ctx, const curate_state *s, const char *path,
                               int64_t label, int64_t removed, spk_table **table)
{
    static const char *const names[] = {"cluster_id", "group"};
    struct stat about;
    spk_table *old = NULL;
    spk_status status = SPK_OK;
    if (stat(path, &about) == 0)
        status = spk_table_read(ctx, path, &old);
    const int64_t n = spk_table_n_columns(old);
    const int64_t id_column = old == NULL ? -1 : spk_table_find_column(old, "cluster_id");
    if (status == SPK_OK && id_column >= 0 && n >= 2) {
        const char **columns = malloc((size_t)n * sizeof *columns);
        for (int64_t c = 0; c < n && columns != NULL; c++)
            columns[c] = spk_table_column_name(old, c);
        status =
            columns == NULL ? SPK_ERR_MEMORY : spk_table_create(ctx, n, columns, table);
        if (status == SPK_OK)
            status = copy_rows(ctx, s, old, id_column, removed, *table);
        free(columns);
    } else if (status == SPK_OK) {
        status = spk_table_create(ctx, 2, names, table);
        for (int64_t u = 0; u < s->now.spikes.n_units && status == SPK_OK; u++)
            if (label >= 0 && is_old_unit(s, s->now.ids[u]))
                status = append_group(ctx, *table, 0, 1, s->now.ids[u],
                                      inherited(s, label, s->now.ids[u]));
    }
    spk_table_destroy(old);
    return status;
}

spk_status curate_write_groups(spk_context *ctx, const curate_state *s, int64_t removed,
                               const char *from, const char *to)
{
    const int64_t group = spk_session_find_label(s->session, "group");
    const int64_t label =
        group >= 0 ? group : spk_session_find_label(s->session, "KSLabel");
    spk_table *table = NULL;
    int64_t n_new = removed >= 0;
    for (int64_t u = 0; u < s->now.spikes.n_units; u++)
        n_new += !is_old_unit(s, s->now.ids[u]) &&
                 inherited(s, label, s->now.ids[u])[0] != '\0';
    if (n_new == 0)
        return SPK_OK;
    spk_status status = begin_groups(ctx, s, from, group, removed, &table);
    if (status == SPK_OK) {
        const int64_t id_column = spk_table_find_column(table, "cluster_id");
        int64_t column = spk_table_find_column(table, "group");
        if (column < 0)
            column = id_column == 0 ? 1 : 0; /* Kilosort's header is KSLabel */
        for (int64_t u = 0; u < s->now.spikes.n_units && status == SPK_OK; u++) {
            const char *text = inherited(s, label, s->now.ids[u]);
            if (!is_old_unit(s, s->now.ids[u]) && text[0] != '\0')
                status = append_group(ctx, table, id_column, column, s->now.ids[u], text);
        }
        if (status == SPK_OK && removed >= 0)
            status = append_group(ctx, table, id_column, column, removed, "noise");
        if (status == SPK_OK)
            status = spk_table_write(ctx, to, table);
    }
    spk_table_destroy(table);
    return status;
}
