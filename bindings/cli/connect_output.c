/* SPDX-License-Identifier: BSD-3-Clause */
#include "connect.h"
#include "table_output.h"

#include <inttypes.h>
#include <math.h>
#include <spikekit/array.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME "connect"

#define ROW(field) offsetof(connect_row, row.field)
const connect_column connect_numbers[] = {
    {"latency_s", "latency_ms", ROW(latency_s), 1e3},
    {"count", "count", ROW(count), 1.0},
    {"expected", "expected", ROW(expected), 1.0},
    {"log_p", "p", ROW(log_p), 1.0},
    {"log_q", "q", ROW(log_q), 1.0},
    {"transmission", "transmission", ROW(transmission), 1.0},
    {"transmission_lower", "transmission_lower", ROW(transmission_lower), 1.0},
    {"transmission_upper", "transmission_upper", ROW(transmission_upper), 1.0},
    {"effect", "effect", ROW(effect), 1.0},
    {"distance_um", "distance_um", offsetof(connect_row, distance_um), 1.0},
    {NULL, NULL, 0, 0.0},
};
#undef ROW

enum {
    N_NUMBERS = sizeof connect_numbers / sizeof connect_numbers[0] - 1,
    N_BEFORE = 3, /* source, target, sign */
    N_COLUMNS = N_BEFORE + N_NUMBERS + 2
};

static double number_of(const connect_row *row, int n)
{
    double value;
    memcpy(&value, (const char *)row + connect_numbers[n].offset, sizeof value);
    return value;
}

void connect_table_clear(connect_table *table)
{
    free(table->rows);
    free(table->meta);
    *table = (connect_table){.rows = NULL};
}

static int compare_rows(const void *a, const void *b)
{
    const connect_row *x = a, *y = b;
    if (x->row.log_p != y->row.log_p)
        return x->row.log_p < y->row.log_p ? -1 : 1;
    if (x->source_id != y->source_id)
        return x->source_id < y->source_id ? -1 : 1;
    if (x->target_id != y->target_id)
        return x->target_id < y->target_id ? -1 : 1;
    return (x->row.sign < y->row.sign) - (x->row.sign > y->row.sign);
}

void connect_table_finish(connect_table *table, const connect_arguments *arguments)
{
    int64_t kept = 0;
    for (int64_t r = 0; r < table->n_rows; r++) {
        const spk_connection *row = &table->rows[r].row;
        /* a shard keeps all that the join may need */
        if (arguments->all || table->n_shards > 1 ||
            (arguments->own_rule ? row->significant
                                 : row->log_q <= log(arguments->max_q)))
            table->rows[kept++] = table->rows[r];
    }
    table->n_rows = kept;
    if (kept > 0)
        qsort(table->rows, (size_t)kept, sizeof *table->rows, compare_rows);
}

void connect_probability(double log_p, char text[32])
{
    text[0] = '\0';
    if (isnan(log_p))
        return;
    if (log_p > -700.0 || isinf(log_p)) {
        snprintf(text, 32, "%.6g", exp(log_p));
        return;
    }
    const double tens = log_p / log(10.0);
    double exponent = floor(tens), digits = pow(10.0, tens - floor(tens));
    if (digits >= 9.999995) {
        digits = 1.0;
        exponent += 1.0;
    }
    snprintf(text, 32, "%.6ge%.0f", digits, exponent);
}

/* ---- the table ---- */

static spk_status fill_table(spk_context *ctx, const connect_table *table, spk_table *out)
{
    char cells[N_COLUMNS][TABLE_CELL_SIZE + 32];
    const char *texts[N_COLUMNS];
    for (int c = 0; c < N_COLUMNS; c++)
        texts[c] = cells[c];
    for (int64_t r = 0; r < table->n_rows; r++) {
        const connect_row *row = &table->rows[r];
        snprintf(cells[0], sizeof cells[0], "%" PRId64, row->source_id);
        snprintf(cells[1], sizeof cells[1], "%" PRId64, row->target_id);
        snprintf(cells[2], sizeof cells[2], "%" PRId32, row->row.sign);
        for (int n = 0; n < N_NUMBERS; n++) {
            const double value = number_of(row, n);
            if (strncmp(connect_numbers[n].array, "log_", 4) == 0)
                connect_probability(value, cells[N_BEFORE + n]);
            else if (isnan(value))
                cells[N_BEFORE + n][0] = '\0';
            else
                snprintf(cells[N_BEFORE + n], sizeof cells[0], "%.6g",
                         value * connect_numbers[n].scale);
        }
        snprintf(cells[N_COLUMNS - 2], sizeof cells[0], "%" PRId32, row->row.significant);
        snprintf(cells[N_COLUMNS - 1], sizeof cells[0], "%s", table->method);
        const spk_status status = spk_table_append(ctx, out, texts);
        if (status != SPK_OK)
            return status;
    }
    return SPK_OK;
}

static int write_table(spk_context *ctx, const connect_table *table, const char *path)
{
    const char *columns[N_COLUMNS] = {"source", "target", "sign"};
    for (int n = 0; n < N_NUMBERS; n++)
        columns[N_BEFORE + n] = connect_numbers[n].table;
    columns[N_COLUMNS - 2] = "significant";
    columns[N_COLUMNS - 1] = "method";
    spk_table *out = NULL;
    spk_status status = spk_table_create(ctx, N_COLUMNS, columns, &out);
    if (status == SPK_OK)
        status = fill_table(ctx, table, out);
    if (status == SPK_OK && path != NULL)
        status = spk_table_write(ctx, path, out);
    else if (status == SPK_OK)
        table_output_print(out);
    spk_table_destroy(out);
    return status == SPK_OK ? COMMAND_OK : command_fail(NAME, ctx, status);
}

/* ---- arrays ---- */

static spk_status add_array(spk_context *ctx, spk_npz_writer *writer, const char *name,
                            int32_t dtype, int64_t n, const void *values, size_t size)
{
    const spk_status status = spk_npz_writer_begin(ctx, writer, name, dtype, 1, &n);
    return status != SPK_OK
               ? status
               : spk_npz_writer_append(ctx, writer, values, (size_t)n * size);
}

#define TRY(call)                                                                        \
    do {                                                                                 \
        if ((status = (call)) != SPK_OK)                                                 \
            return status;                                                               \
    } while (0)

/* All columns as arrays; `room` holds 8 bytes a row. */
static spk_status add_columns(spk_context *ctx, spk_npz_writer *writer,
                              const connect_table *table, void *room)
{
    spk_status status = SPK_OK;
    const int64_t n = table->n_rows;
    int64_t *ids = room;
    int32_t *flags = room;
    double *values = room;
    for (int64_t r = 0; r < n; r++)
        ids[r] = table->rows[r].source_id;
    TRY(add_array(ctx, writer, "source", SPK_DTYPE_INT64, n, ids, sizeof *ids));
    for (int64_t r = 0; r < n; r++)
        ids[r] = table->rows[r].target_id;
    TRY(add_array(ctx, writer, "target", SPK_DTYPE_INT64, n, ids, sizeof *ids));
    for (int64_t r = 0; r < n; r++)
        flags[r] = table->rows[r].row.sign;
    TRY(add_array(ctx, writer, "sign", SPK_DTYPE_INT32, n, flags, sizeof *flags));
    for (int64_t r = 0; r < n; r++)
        flags[r] = table->rows[r].row.significant;
    TRY(add_array(ctx, writer, "significant", SPK_DTYPE_INT32, n, flags, sizeof *flags));
    for (int c = 0; c < N_NUMBERS; c++) {
        for (int64_t r = 0; r < n; r++)
            values[r] = number_of(&table->rows[r], c);
        TRY(add_array(ctx, writer, connect_numbers[c].array, SPK_DTYPE_FLOAT64, n, values,
                      sizeof *values));
    }
    return SPK_OK;
}

static spk_status add_all(spk_context *ctx, spk_npz_writer *writer,
                          const connect_table *table, void *room)
{
    spk_status status = SPK_OK;
    const int64_t rows[] = {table->first, table->last};
    const int64_t shard[] = {table->shard, table->n_shards};
    TRY(add_columns(ctx, writer, table, room));
    TRY(add_array(ctx, writer, "n_tests", SPK_DTYPE_INT64, 1, &table->n_tests, 8));
    TRY(add_array(ctx, writer, "max_p", SPK_DTYPE_FLOAT64, 1, &table->max_p, 8));
    TRY(spk_npz_writer_add_text(ctx, writer, "method", table->method));
    TRY(spk_npz_writer_add_text(ctx, writer, "meta", table->meta));
    if (table->n_shards > 1) {
        TRY(add_array(ctx, writer, "rows", SPK_DTYPE_INT64, 2, rows, 8));
        TRY(add_array(ctx, writer, "shard", SPK_DTYPE_INT64, 2, shard, 8));
    }
    return spk_npz_writer_finish(ctx, writer);
}

static int write_arrays(spk_context *ctx, const connect_table *table, const char *path)
{
    void *room = malloc(((size_t)table->n_rows + 1) * 8);
    if (room == NULL) {
        command_say(NAME, "not enough memory");
        return COMMAND_FAILED;
    }
    spk_npz_writer *writer = NULL;
    spk_status status = spk_npz_writer_create(ctx, path, 0, &writer);
    if (status == SPK_OK)
        status = add_all(ctx, writer, table, room);
    spk_npz_writer_destroy(writer);
    free(room);
    return status == SPK_OK ? COMMAND_OK : command_fail(NAME, ctx, status);
}

int connect_output_write(spk_context *ctx, const connect_table *table, const char *path)
{
    const size_t n = path == NULL ? 0 : strlen(path);
    return n > 4 && strcmp(path + n - 4, ".npz") == 0 ? write_arrays(ctx, table, path)
                                                      : write_table(ctx, table, path);
}
