/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/check.h"
#include "base/memory.h"
#include "files/session_state.h"

#include <string.h>

static int is_label_table(const char *name)
{
    int is_table = spk__ends_with(name, ".tsv") || spk__ends_with(name, ".csv");
    return is_table && (spk__starts_with(name, "cluster_") ||
                        spk__starts_with(name, "clusters.metrics"));
}

/* The unit of an id, by bisection; -1 if no spike has it. */
static int64_t find_unit(const spk_session *session, int64_t id)
{
    int64_t low = 0, high = session->spikes.n_units;
    while (low < high) {
        int64_t middle = low + (high - low) / 2;
        if (session->unit_ids[middle] < id)
            low = middle + 1;
        else
            high = middle;
    }
    return low < session->spikes.n_units && session->unit_ids[low] == id ? low : -1;
}

/* Finds the row of each unit. *n_without counts ids that no spike has. */
static spk_status match_rows(spk_context *ctx, const spk_session *session,
                             const spk_table *table, int64_t id_column, int64_t *rows,
                             int64_t *n_without)
{
    *n_without = 0;
    for (int64_t u = 0; u < session->spikes.n_units; u++)
        rows[u] = -1;
    for (int64_t r = 0; r < spk_table_n_rows(table); r++) {
        int64_t id;
        spk_status status = spk_table_integer(ctx, table, r, id_column, &id);
        if (status != SPK_OK)
            return status;
        int64_t unit = find_unit(session, id);
        if (unit < 0)
            ++*n_without;
        else
            rows[unit] = r;
    }
    return SPK_OK;
}

static spk_status add_label(spk_context *ctx, spk_session *session, int64_t table,
                            int64_t column)
{
    const char *name = spk_table_column_name(session->label_tables[table].table, column);
    if (spk_session_find_label(session, name) >= 0)
        return SPK_OK; /* cluster_info repeats the others */
    if (session->n_labels == session->label_capacity) {
        int64_t capacity = 2 * session->label_capacity + 16;
        spk__label *labels = spk__realloc(ctx, session->labels, capacity, sizeof *labels);
        if (labels == NULL)
            return spk__fail_memory(ctx);
        session->labels = labels;
        session->label_capacity = capacity;
    }
    session->labels[session->n_labels++] = (spk__label){table, column};
    return SPK_OK;
}

/* Takes the table over if it has ids that can be read; *is_kept says so. */
static spk_status add_table(spk_context *ctx, spk_session *session, const char *path,
                            spk_table *table, int *is_kept)
{
    int64_t n_without, id_column = spk_table_find_column(table, "cluster_id");
    *is_kept = 0;
    if (id_column < 0)
        id_column = spk_table_find_column(table, "id"); /* cluster_info of older phy */
    if (id_column < 0) {
        spk__log(ctx, SPK_LOG_WARNING,
                 "%s: expected a column cluster_id, found none; ignored", path);
        return SPK_OK;
    }
    if (session->n_label_tables == session->label_table_capacity) {
        int64_t capacity = 2 * session->label_table_capacity + 8;
        spk__label_table *tables =
            spk__realloc(ctx, session->label_tables, capacity, sizeof *tables);
        if (tables == NULL)
            return spk__fail_memory(ctx);
        session->label_tables = tables;
        session->label_table_capacity = capacity;
    }
    int64_t *rows = spk__alloc(ctx, session->spikes.n_units, sizeof *rows);
    if (rows == NULL)
        return spk__fail_memory(ctx);
    if (match_rows(NULL, session, table, id_column, rows, &n_without) != SPK_OK) {
        spk__free(rows);
        spk__log(ctx, SPK_LOG_WARNING,
                 "%s: expected whole numbers in column %s, found others; ignored", path,
                 spk_table_column_name(table, id_column));
        return SPK_OK;
    }
    if (n_without > 0)
        spk__log(ctx, SPK_LOG_INFO, "%s: %lld cluster ids have no spikes; ignored", path,
                 (long long)n_without);
    int64_t place = session->n_label_tables++;
    session->label_tables[place] = (spk__label_table){table, rows};
    *is_kept = 1;
    for (int64_t c = 0; c < spk_table_n_columns(table); c++) {
        spk_status status = SPK_OK;
        if (c != id_column && spk_table_column_name(table, c)[0] != '\0')
            status = add_label(ctx, session, place, c);
        if (status != SPK_OK)
            return status;
    }
    return SPK_OK;
}

static spk_status read_table(spk_context *ctx, spk_session *session, const char *folder,
                             const char *name)
{
    spk_table *table = NULL;
    int is_kept = 0;
    char *path = spk__path_join(ctx, folder, name);
    if (path == NULL)
        return spk__fail_memory(ctx);
    spk_status status = spk_table_read(ctx, path, &table);
    if (status == SPK_OK)
        status = add_table(ctx, session, path, table, &is_kept);
    if (status == SPK_OK && is_kept)
        status = spk__session_add_input(ctx, session, path);
    if (!is_kept)
        spk_table_destroy(table);
    spk__free(path);
    return status;
}

/* In the order of names, those of one column before cluster_info, which repeats them and may
 * be older. */
spk_status spk__session_read_labels(spk_context *ctx, spk_session *session,
                                    const char *path, const spk__folder *folder)
{
    for (int pass = 0; pass < 2; pass++)
        for (int64_t k = 0; k < folder->n_names; k++) {
            const char *name = folder->names[k];
            int is_info = spk__starts_with(name, "cluster_info.");
            if (!is_label_table(name) || is_info != pass)
                continue;
            spk_status status = read_table(ctx, session, path, name);
            if (status != SPK_OK)
                return status;
        }
    return SPK_OK;
}

/* ---- accessors ---- */

int64_t spk_session_n_labels(const spk_session *session)
{
    return session == NULL ? 0 : session->n_labels;
}

const char *spk_session_label_name(const spk_session *session, int64_t label)
{
    if (session == NULL || label < 0 || label >= session->n_labels)
        return NULL;
    const spk__label *l = &session->labels[label];
    return spk_table_column_name(session->label_tables[l->table].table, l->column);
}

const char *spk_session_label_text(const spk_session *session, int64_t label,
                                   int64_t unit)
{
    if (session == NULL || label < 0 || label >= session->n_labels || unit < 0 ||
        unit >= session->spikes.n_units)
        return NULL;
    const spk__label *l = &session->labels[label];
    const spk__label_table *table = &session->label_tables[l->table];
    return table->rows[unit] < 0
               ? ""
               : spk_table_text(table->table, table->rows[unit], l->column);
}

int64_t spk_session_find_label(const spk_session *session, const char *name)
{
    for (int64_t k = 0; name != NULL && k < spk_session_n_labels(session); k++)
        if (strcmp(spk_session_label_name(session, k), name) == 0)
            return k;
    return -1;
}

const char *spk_session_quality(const spk_session *session, int64_t unit)
{
    if (session == NULL || unit < 0 || unit >= session->spikes.n_units)
        return NULL;
    const char *group =
        spk_session_label_text(session, spk_session_find_label(session, "group"), unit);
    if (group != NULL && (strcmp(group, "good") == 0 || strcmp(group, "mua") == 0 ||
                          strcmp(group, "noise") == 0))
        return group;
    const char *sorted =
        spk_session_label_text(session, spk_session_find_label(session, "KSLabel"), unit);
    return sorted != NULL && sorted[0] != '\0' ? sorted : "unsorted";
}
