/* SPDX-License-Identifier: BSD-3-Clause */
#include "compare_output.h"
#include "folder_output.h"
#include "table_output.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME "compare"
#define TRY(call)                                                                        \
    do {                                                                                 \
        if ((status = (call)) != SPK_OK)                                                 \
            goto cleanup;                                                                \
    } while (0)

static int fail_memory(void)
{
    command_say(NAME, "not enough memory");
    return COMMAND_FAILED;
}

static int refuse_inputs(const compare_work *work, const char *path)
{
    for (int64_t k = 0; k < work->n; k++)
        if (table_output_is_of_session(work->sessions[k], path)) {
            command_say(NAME, "%s: a file of %s; choose another", path, work->paths[k]);
            return COMMAND_FAILED;
        }
    return COMMAND_OK;
}

/* ---- the table of units ---- */

enum {
    SESSION,
    CLUSTER_ID,
    N_SPIKES,
    CLASS,
    BEST_MATCH,
    BEST_AGREEMENT,
    MATCH,
    AGREEMENT,
    N_POSSIBLE,
    N_PLAIN,
    TP = N_PLAIN,
    FN,
    FP,
    ACCURACY,
    RECALL,
    RECALL_LOWER,
    RECALL_UPPER,
    PRECISION,
    PRECISION_LOWER,
    PRECISION_UPPER,
    N_COLUMNS
};

static const char *const unit_columns[N_COLUMNS] = {
    "session",
    "cluster_id",
    "n_spikes",
    "class",
    "best_match",
    "best_agreement",
    "match",
    "agreement",
    "n_possible",
    "tp",
    "fn",
    "fp",
    "accuracy",
    "recall",
    "recall_lower",
    "recall_upper",
    "precision",
    "precision_lower",
    "precision_upper",
};

typedef char cell[TABLE_CELL_SIZE * 2];

static void fill_integer(cell to, int64_t value)
{
    snprintf(to, sizeof(cell), "%" PRId64, value);
}

/* The id of a unit, empty for -1. */
static void fill_id(cell to, const unit_selection *selection, int32_t unit)
{
    to[0] = '\0';
    if (unit >= 0)
        fill_integer(to, selection->unit_ids[unit]);
}

static void fill_class(cell to, const compare_work *work, int k,
                       const spk_comparison_unit *unit)
{
    const int tested = k == 1 && work->arguments->truth && work->arguments->exhaustive;
    const char *word = "unmatched";
    if ((unit->classes & SPK_COMPARISON_WELL_DETECTED) != 0)
        word = "well_detected";
    else if (unit->assigned_match >= 0)
        word = "matched";
    else if (tested && (unit->classes & SPK_COMPARISON_FALSE_POSITIVE) != 0)
        word = "false_positive";
    else if (tested && (unit->classes & SPK_COMPARISON_REDUNDANT) != 0)
        word = "redundant";
    snprintf(to, sizeof(cell), "%s%s", word,
             tested && (unit->classes & SPK_COMPARISON_OVERMERGED) != 0 ? "+overmerged"
                                                                        : "");
}

static void fill_performance(cell *cells, const spk_comparison_performance *p)
{
    fill_integer(cells[TP], p->tp);
    fill_integer(cells[FN], p->fn);
    fill_integer(cells[FP], p->fp);
    const double values[] = {p->accuracy,       p->recall,    p->recall_lower,
                             p->recall_upper,   p->precision, p->precision_lower,
                             p->precision_upper};
    for (int v = 0; v < 7; v++)
        table_output_number(values[v], cells[ACCURACY + v]);
}

static void fill_unit(cell *cells, const compare_work *work, int k, int64_t u)
{
    const spk_comparison_unit *unit = k == 0
                                          ? &spk_comparison_units_a(work->comparison)[u]
                                          : &spk_comparison_units_b(work->comparison)[u];
    for (int c = 0; c < N_COLUMNS; c++)
        cells[c][0] = '\0';
    snprintf(cells[SESSION], sizeof(cell), "%s",
             work->arguments->truth ? (k == 0 ? "truth" : "tested")
                                    : (k == 0 ? "first" : "second"));
    fill_integer(cells[CLUSTER_ID], work->selections[k].unit_ids[u]);
    fill_integer(cells[N_SPIKES], unit->n_spikes);
    fill_class(cells[CLASS], work, k, unit);
    fill_id(cells[BEST_MATCH], &work->selections[1 - k], unit->best_match);
    table_output_number(unit->best_agreement, cells[BEST_AGREEMENT]);
    fill_id(cells[MATCH], &work->selections[1 - k], unit->assigned_match);
    table_output_number(unit->assigned_agreement, cells[AGREEMENT]);
    fill_integer(cells[N_POSSIBLE], unit->n_possible);
    if (work->arguments->truth && k == 0)
        fill_performance(cells, &spk_comparison_get_performance(work->comparison)[u]);
}

static spk_status make_unit_table(const compare_work *work, spk_table **table)
{
    const int64_t n = work->arguments->truth ? N_COLUMNS : N_PLAIN;
    cell cells[N_COLUMNS];
    const char *words[N_COLUMNS];
    spk_status status = spk_table_create(work->ctx, n, unit_columns, table);
    for (int c = 0; c < N_COLUMNS; c++)
        words[c] = cells[c];
    for (int k = 0; k < 2; k++)
        for (int64_t u = 0; status == SPK_OK && u < work->sortings[k].n_units; u++) {
            fill_unit(cells, work, k, u);
            status = spk_table_append(work->ctx, *table, words);
        }
    return status;
}

/* ---- the table of a consensus ---- */

static spk_status make_consensus_table(const compare_work *work, spk_table **table)
{
    static const char *const names[] = {"cluster_id", "n_sorters", "agreement"};
    const int64_t n = work->n + 3;
    const int32_t *members = spk_consensus_members(work->consensus);
    cell *cells = malloc((size_t)n * sizeof *cells);
    const char **words = malloc((size_t)n * sizeof *words);
    spk_status status = SPK_ERR_MEMORY;
    if (cells != NULL && words != NULL) {
        for (int64_t c = 0; c < n; c++)
            words[c] = c < 3 ? names[c] : work->paths[c - 3];
        status = spk_table_create(work->ctx, n, words, table);
        for (int64_t c = 0; c < n; c++)
            words[c] = cells[c];
    }
    for (int64_t u = 0; status == SPK_OK && u < spk_consensus_n_units(work->consensus);
         u++) {
        fill_integer(cells[0], u);
        fill_integer(cells[1], spk_consensus_n_members(work->consensus)[u]);
        table_output_number(spk_consensus_agreements(work->consensus)[u], cells[2]);
        for (int64_t k = 0; k < work->n; k++)
            fill_id(cells[3 + k], &work->selections[k], members[u * work->n + k]);
        status = spk_table_append(work->ctx, *table, words);
    }
    free(words);
    free(cells);
    return status;
}

int compare_output_table(const compare_work *work, const char *path)
{
    spk_table *table = NULL;
    int code = refuse_inputs(work, path);
    if (code != COMMAND_OK)
        return code;
    spk_status status = work->comparison != NULL ? make_unit_table(work, &table)
                                                 : make_consensus_table(work, &table);
    if (status == SPK_OK)
        status = spk_table_write(work->ctx, path, table);
    if (status != SPK_OK)
        code = command_fail(NAME, work->ctx, status);
    spk_table_destroy(table);
    return code;
}

/* ---- arrays ---- */

/* Writes matches or agreements as a full matrix, row by row. */
static spk_status add_matrix(const compare_work *work, spk_npz_writer *writer,
                             const char *name, int agreements)
{
    const spk_comparison_pairs p = spk_comparison_get_pairs(work->comparison);
    const int64_t shape[] = {p.n_units_a, p.n_units_b};
    const size_t bytes = (size_t)p.n_units_b * 8;
    void *row = malloc(bytes + 1);
    spk_status status = row == NULL ? SPK_ERR_MEMORY : SPK_OK;
    if (status == SPK_OK)
        status = spk_npz_writer_begin(work->ctx, writer, name,
                                      agreements ? SPK_DTYPE_FLOAT64 : SPK_DTYPE_INT64, 2,
                                      shape);
    for (int64_t i = 0; status == SPK_OK && i < p.n_units_a; i++) {
        memset(row, 0, bytes); /* 0 of either type */
        for (int64_t e = p.offsets[i]; e < p.offsets[i + 1]; e++)
            if (agreements)
                ((double *)row)[p.partners[e]] = p.agreements[e];
            else
                ((int64_t *)row)[p.partners[e]] = p.matches[e];
        status = spk_npz_writer_append(work->ctx, writer, row, bytes);
    }
    free(row);
    return status;
}

static spk_status add_array(const compare_work *work, spk_npz_writer *writer,
                            const char *name, int32_t dtype, int64_t n_rows,
                            int64_t n_columns, const void *data)
{
    const int64_t shape[] = {n_rows, n_columns};
    const int32_t n_dimensions = n_columns < 0 ? 1 : 2;
    const int64_t n = n_rows * (n_columns < 0 ? 1 : n_columns);
    spk_status status =
        spk_npz_writer_begin(work->ctx, writer, name, dtype, n_dimensions, shape);
    if (status == SPK_OK)
        status = spk_npz_writer_append(work->ctx, writer, data,
                                       (size_t)n * (size_t)spk_dtype_size(dtype));
    return status;
}

static spk_status add_confusion(const compare_work *work, spk_npz_writer *writer)
{
    const int64_t n_a = work->sortings[0].n_units, n_b = work->sortings[1].n_units;
    int32_t *order_a = malloc((size_t)n_a * sizeof *order_a + 1);
    int32_t *order_b = malloc((size_t)n_b * sizeof *order_b + 1);
    int64_t *ids = malloc((size_t)(n_a + n_b) * sizeof *ids + 1);
    int64_t *counts = malloc((size_t)(n_a + 1) * (size_t)(n_b + 1) * sizeof *counts);
    spk_status status = SPK_ERR_MEMORY;
    if (order_a == NULL || order_b == NULL || ids == NULL || counts == NULL)
        goto cleanup;
    TRY(spk_comparison_confusion(work->ctx, work->comparison, order_a, order_b, counts));
    for (int64_t i = 0; i < n_a; i++)
        ids[i] = work->selections[0].unit_ids[order_a[i]];
    for (int64_t j = 0; j < n_b; j++)
        ids[n_a + j] = work->selections[1].unit_ids[order_b[j]];
    TRY(add_array(work, writer, "confusion", SPK_DTYPE_INT64, n_a + 1, n_b + 1, counts));
    TRY(add_array(work, writer, "confusion_ids_a", SPK_DTYPE_INT64, n_a, -1, ids));
    TRY(add_array(work, writer, "confusion_ids_b", SPK_DTYPE_INT64, n_b, -1, ids + n_a));
cleanup:
    free(counts);
    free(ids);
    free(order_b);
    free(order_a);
    return status;
}

int compare_output_npz(const compare_work *work, const char *path)
{
    spk_npz_writer *writer = NULL;
    spk_status status = SPK_OK;
    int code = refuse_inputs(work, path);
    if (code != COMMAND_OK)
        return code;
    TRY(spk_npz_writer_create(work->ctx, path, 0, &writer));
    TRY(add_matrix(work, writer, "matches", 0));
    TRY(add_matrix(work, writer, "agreements", 1));
    TRY(add_confusion(work, writer));
    TRY(add_array(work, writer, "unit_ids_a", SPK_DTYPE_INT64, work->sortings[0].n_units,
                  -1, work->selections[0].unit_ids));
    TRY(add_array(work, writer, "unit_ids_b", SPK_DTYPE_INT64, work->sortings[1].n_units,
                  -1, work->selections[1].unit_ids));
    TRY(spk_npz_writer_finish(work->ctx, writer));
cleanup:
    spk_npz_writer_destroy(writer);
    return status == SPK_OK ? COMMAND_OK : command_fail(NAME, work->ctx, status);
}

/* ---- agreement trains ---- */

/* Units are numbered as in the consensus; a phy folder has only those with spikes. */
static int write_trains(const compare_work *work, const char *path,
                        const spk_spikes *spikes)
{
    folder_output folder;
    int code = folder_output_begin(NAME, path, -1, &folder);
    if (code != COMMAND_OK)
        return code;
    const spk_status status =
        spk_phy_write(work->ctx, folder.path, spikes, NULL, NULL, 0);
    code = status == SPK_OK ? folder_output_commit(NAME, &folder)
                            : command_fail(NAME, work->ctx, status);
    folder_output_end(&folder);
    return code;
}

int compare_output_trains(const compare_work *work, const char *path)
{
    const compare_arguments *a = work->arguments;
    int64_t length = 0;
    spk_spikes spikes;
    spk_status status =
        spk_consensus_trains_length(work->ctx, work->sortings, work->n, &length);
    if (status != SPK_OK)
        return command_fail(NAME, work->ctx, status);
    int64_t *samples = malloc((size_t)length * sizeof *samples + 1);
    int32_t *units = malloc((size_t)length * sizeof *units + 1);
    int code = COMMAND_OK;
    if (samples == NULL || units == NULL) {
        code = fail_memory();
    } else {
        status = spk_consensus_trains(work->ctx, work->consensus, work->sortings,
                                      (int32_t)a->findings, (int32_t)a->members, samples,
                                      units, &spikes);
        code = status == SPK_OK ? write_trains(work, path, &spikes)
                                : command_fail(NAME, work->ctx, status);
    }
    if (code == COMMAND_OK)
        command_note(NAME, "%s: %" PRId64 " spikes", path, spikes.n_spikes);
    free(units);
    free(samples);
    return code;
}
