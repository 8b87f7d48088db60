/* SPDX-License-Identifier: BSD-3-Clause */
#include "metrics_output.h"
#include "table_output.h"

#include <spikekit/table.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int fail_memory(const char *name)
{
    command_say(name, "not enough memory");
    return COMMAND_FAILED;
}

/* One row of cells: the id, then the values of a unit. */
static void fill_row(const metrics_output *output, int64_t row,
                     char (*cells)[TABLE_CELL_SIZE])
{
    const int64_t unit = output->places[row];
    snprintf(cells[0], TABLE_CELL_SIZE, "%lld",
             (long long)spk_session_unit_ids(output->session)[unit]);
    for (int64_t c = 0; c < spk_metrics_n_columns(output->metrics); c++)
        table_output_number(spk_metrics_values(output->metrics, c)[unit], cells[c + 1]);
}

static spk_status fill_table(spk_context *ctx, const metrics_output *output,
                             char (*cells)[TABLE_CELL_SIZE], const char **words,
                             spk_table **table)
{
    const int64_t n = spk_metrics_n_columns(output->metrics) + 1;
    words[0] = "cluster_id";
    for (int64_t c = 1; c < n; c++)
        words[c] = spk_metrics_name(output->metrics, c - 1);
    spk_status status = spk_table_create(ctx, n, words, table);
    for (int64_t c = 0; c < n; c++)
        words[c] = cells[c];
    for (int64_t r = 0; status == SPK_OK && r < output->n_places; r++) {
        fill_row(output, r, cells);
        status = spk_table_append(ctx, *table, words);
    }
    return status;
}

int metrics_output_table(const char *name, spk_context *ctx, const metrics_output *output,
                         const char *path)
{
    const size_t n = (size_t)spk_metrics_n_columns(output->metrics) + 1;
    spk_table *table = NULL;
    if (path != NULL && table_output_is_of_session(output->session, path)) {
        command_say(name, "%s: a file of the session; choose another", path);
        return COMMAND_FAILED;
    }
    char(*cells)[TABLE_CELL_SIZE] = malloc(n * sizeof *cells);
    const char **words = malloc(n * sizeof *words);
    int code = cells == NULL || words == NULL ? fail_memory(name) : COMMAND_OK;
    if (code == COMMAND_OK) {
        spk_status status = fill_table(ctx, output, cells, words, &table);
        if (status == SPK_OK && path == NULL)
            table_output_print(table);
        else if (status == SPK_OK)
            status = spk_table_write(ctx, path, table);
        if (status != SPK_OK)
            code = command_fail(name, ctx, status);
    }
    spk_table_destroy(table);
    free(words);
    free(cells);
    return code;
}

/* texts[column][row] point into cells; empty ones are missing values to phy. */
static spk_status write_columns(spk_context *ctx, const metrics_output *output,
                                int32_t overwrite, char (*cells)[TABLE_CELL_SIZE],
                                const char **texts, const char **fields, int64_t *ids)
{
    const int64_t n_columns = spk_metrics_n_columns(output->metrics),
                  n = output->n_places;
    for (int64_t r = 0; r < n; r++)
        ids[r] = spk_session_unit_ids(output->session)[output->places[r]];
    for (int64_t c = 0; c < n_columns; c++) {
        fields[c] = spk_metrics_name(output->metrics, c);
        for (int64_t r = 0; r < n; r++) {
            table_output_number(spk_metrics_values(output->metrics, c)[output->places[r]],
                                cells[c * n + r]);
            texts[c * n + r] = cells[c * n + r];
        }
    }
    return spk_phy_write_columns(ctx, spk_session_path(output->session), n, ids,
                                 n_columns, fields, texts, overwrite);
}

int metrics_output_phy(const char *name, spk_context *ctx, const metrics_output *output,
                       int32_t overwrite)
{
    const size_t n_columns = (size_t)spk_metrics_n_columns(output->metrics);
    const size_t n = (size_t)output->n_places;
    char(*cells)[TABLE_CELL_SIZE] = malloc((n_columns * n + 1) * sizeof *cells);
    const char **texts = malloc((n_columns * n + 1) * sizeof *texts);
    const char **fields = malloc((n_columns + 1) * sizeof *fields);
    int64_t *ids = malloc((n + 1) * sizeof *ids);
    int code = COMMAND_OK;
    if (cells == NULL || texts == NULL || fields == NULL || ids == NULL) {
        code = fail_memory(name);
    } else {
        const spk_status status =
            write_columns(ctx, output, overwrite, cells, texts, fields, ids);
        const char *message = spk_context_message(ctx);
        if (status == SPK_ERR_IO && !overwrite && strstr(message, "exists") != NULL) {
            command_say(name, "%s; --overwrite replaces it", message);
            code = COMMAND_FAILED;
        } else if (status != SPK_OK) {
            code = command_fail(name, ctx, status);
        }
    }
    free(ids);
    free(fields);
    free(texts);
    free(cells);
    return code;
}
