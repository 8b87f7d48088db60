/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * All cells stand in one block of text, each closed by a NUL, and are found by their offsets;
 * the first row is the header. Reading copies the file into that block and cuts it in place.
 */
#include "base/check.h"
#include "base/memory.h"
#include "files/map.h"
#include "files/number_text.h"
#include "files/table_text.h"
#include "files/utf8.h"
#include "files/write_file.h"

#include <math.h>
#include <string.h>

struct spk_table {
    char *text;
    int64_t n_text;
    int64_t text_capacity;
    int64_t *cells; /* offset of each cell, header first */
    int64_t n_cells;
    int64_t cell_capacity;
    int64_t *lines; /* of each row, header first; NULL for a table that was not read */
    int64_t n_lines;
    int64_t line_capacity;
    int64_t n_columns;
};

/* ---- building ---- */

static spk_status reserve_cell(spk_context *ctx, spk_table *table)
{
    if (table->n_cells < table->cell_capacity)
        return SPK_OK;
    int64_t capacity = 2 * table->cell_capacity + 64;
    int64_t *cells = spk__realloc(ctx, table->cells, capacity, sizeof *cells);
    if (cells == NULL)
        return spk__fail_memory(ctx);
    table->cells = cells;
    table->cell_capacity = capacity;
    return SPK_OK;
}

static spk_status add_line(spk_context *ctx, spk_table *table, int64_t line)
{
    if (table->n_lines == table->line_capacity) {
        const int64_t capacity = 2 * table->line_capacity + 16;
        int64_t *lines = spk__realloc(ctx, table->lines, capacity, sizeof *lines);
        if (lines == NULL)
            return spk__fail_memory(ctx);
        table->lines = lines;
        table->line_capacity = capacity;
    }
    table->lines[table->n_lines++] = line;
    return SPK_OK;
}

static spk_status add_cell(spk_context *ctx, spk_table *table, const char *text)
{
    int64_t n = (int64_t)strlen(text) + 1;
    spk_status status = reserve_cell(ctx, table);
    if (status != SPK_OK)
        return status;
    if (table->text_capacity - table->n_text < n) {
        int64_t capacity = 2 * table->text_capacity + n + 256;
        char *block = spk__realloc(ctx, table->text, capacity, 1);
        if (block == NULL)
            return spk__fail_memory(ctx);
        table->text = block;
        table->text_capacity = capacity;
    }
    memcpy(table->text + table->n_text, text, (size_t)n);
    table->cells[table->n_cells++] = table->n_text;
    table->n_text += n;
    return SPK_OK;
}

/* All cells of a row or none. */
static spk_status add_row(spk_context *ctx, spk_table *table, const char *const *cells)
{
    int64_t n_cells = table->n_cells, n_text = table->n_text;
    for (int64_t c = 0; c < table->n_columns; c++) {
        spk_status status = SPK_OK;
        size_t n = cells[c] == NULL ? 0 : strlen(cells[c]);
        if (cells[c] == NULL || spk__utf8_check((const uint8_t *)cells[c], n) != n)
            status = spk__fail(ctx, SPK_ERR_ARGUMENT, "cell %lld must be UTF-8 text",
                               (long long)c);
        else
            status = add_cell(ctx, table, cells[c]);
        if (status != SPK_OK) {
            table->n_cells = n_cells;
            table->n_text = n_text;
            return status;
        }
    }
    return SPK_OK;
}

spk_status spk_table_create(spk_context *ctx, int64_t n_columns, const char *const *names,
                            spk_table **out)
{
    SPK_REQUIRE(ctx, out != NULL, SPK_ERR_ARGUMENT, "table must not be NULL");
    *out = NULL;
    SPK_REQUIRE(ctx, n_columns >= 1 && names != NULL, SPK_ERR_ARGUMENT,
                "names must be n_columns >= 1 of them, got n_columns = %lld",
                (long long)n_columns);
    spk_table *table = spk__alloc_zero(ctx, 1, sizeof *table);
    if (table == NULL)
        return spk__fail_memory(ctx);
    table->n_columns = n_columns;
    spk_status status = add_row(ctx, table, names);
    if (status != SPK_OK) {
        spk_table_destroy(table);
        return status;
    }
    *out = table;
    return SPK_OK;
}

spk_status spk_table_append(spk_context *ctx, spk_table *table, const char *const *cells)
{
    SPK_REQUIRE(ctx, table != NULL && table->n_columns > 0 && cells != NULL,
                SPK_ERR_ARGUMENT, "table must have columns, and cells must not be NULL");
    return add_row(ctx, table, cells);
}

void spk_table_destroy(spk_table *table)
{
    if (table == NULL)
        return;
    spk__free(table->text);
    spk__free(table->cells);
    spk__free(table->lines);
    spk__free(table);
}

/* ---- reading ---- */

char spk__table_separator(const char *path)
{
    size_t n = strlen(path);
    return n >= 4 && strcmp(path + n - 4, ".csv") == 0 ? ',' : '\t';
}

typedef struct reader {
    spk_context *ctx;
    const char *name;
    char separator;
    char *at;  /* next byte to read */
    char *end; /* a NUL stands here */
    char *to;  /* where the cell goes: at or before `at` */
    int64_t line;
} reader;

static int at_line_end(const reader *r)
{
    return r->at == r->end || r->at[0] == '\n' ||
           (r->at[0] == '\r' && (r->at + 1 == r->end || r->at[1] == '\n'));
}

/* Reads "..." with doubled quotes inside. */
static spk_status read_quoted(reader *r)
{
    int64_t first_line = r->line;
    for (r->at++;; r->at++) {
        if (r->at == r->end)
            return spk__fail(r->ctx, SPK_ERR_FORMAT,
                             "%s: line %lld: expected a closing quote, found the end",
                             r->name, (long long)first_line);
        if (r->at[0] == '"' && r->at[1] != '"')
            break;
        if (r->at[0] == '"')
            r->at++;
        r->line += r->at[0] == '\n';
        *r->to++ = r->at[0];
    }
    r->at++;
    if (!at_line_end(r) && r->at[0] != r->separator)
        return spk__fail(r->ctx, SPK_ERR_FORMAT,
                         "%s: line %lld: expected a separator after a quoted cell",
                         r->name, (long long)r->line);
    return SPK_OK;
}

/* Leaves `at` on the separator or the end of the line. The NUL that closes the cell may fall
 * on that very byte, so it is the caller's to write. */
static spk_status read_cell(reader *r)
{
    if (r->separator == ',' && r->at[0] == '"')
        return read_quoted(r);
    while (!at_line_end(r) && r->at[0] != r->separator)
        *r->to++ = *r->at++;
    return SPK_OK;
}

static spk_status read_row(reader *r, spk_table *table)
{
    int64_t line = r->line, n = 0;
    int is_header = table->n_cells == 0;
    int more = 1;
    while (more) {
        spk_status status = reserve_cell(r->ctx, table);
        char *cell = r->to;
        if (status != SPK_OK || (status = read_cell(r)) != SPK_OK)
            return status;
        more = r->at < r->end && r->at[0] == r->separator;
        if (more) {
            r->at++;
        } else if (r->at < r->end) {
            r->at += r->at[0] == '\r' ? 1 : 0;
            r->at += r->at < r->end ? 1 : 0;
            r->line++;
        }
        *r->to++ = '\0';
        table->cells[table->n_cells++] = cell - table->text;
        n++;
    }
    if (is_header)
        table->n_columns = n;
    else if (n != table->n_columns)
        return spk__fail(
            r->ctx, SPK_ERR_FORMAT,
            "%s: line %lld: expected %lld cells as in the first line, found %lld",
            r->name, (long long)line, (long long)table->n_columns, (long long)n);
    return add_line(r->ctx, table, line);
}

static int64_t line_of(const uint8_t *bytes, size_t place)
{
    int64_t line = 1;
    for (size_t k = 0; k < place; k++)
        line += bytes[k] == '\n';
    return line;
}

spk_status spk__table_parse(spk_context *ctx, const char *name, char separator,
                            const uint8_t *bytes, size_t n_bytes, spk_table **out)
{
    if (n_bytes >= 3 && memcmp(bytes, "\xef\xbb\xbf", 3) == 0) {
        bytes += 3;
        n_bytes -= 3;
    }
    size_t bad = spk__utf8_check(bytes, n_bytes);
    if (bad != n_bytes)
        return spk__fail(ctx, SPK_ERR_FORMAT,
                         "%s: line %lld: expected UTF-8, found byte 0x%02x", name,
                         (long long)line_of(bytes, bad), bytes[bad]);

    /* One byte more than the file: the last cell needs its NUL, and the reader looks one
     * byte ahead. */
    spk_table *table = spk__alloc_zero(ctx, 1, sizeof *table);
    char *text = spk__alloc(ctx, (int64_t)n_bytes + 1, 1);
    spk_status status = SPK_OK;
    if (table == NULL || text == NULL) {
        spk__free(table);
        spk__free(text);
        return spk__fail_memory(ctx);
    }
    memcpy(text, bytes, n_bytes);
    text[n_bytes] = '\0';
    table->text = text;
    table->text_capacity = (int64_t)n_bytes + 1;

    reader r = {ctx, name, separator, text, text + n_bytes, text, 1};
    while (r.at < r.end && status == SPK_OK) {
        if (at_line_end(&r)) {
            r.at += r.at[0] == '\r' && r.at + 1 < r.end ? 2 : 1;
            r.line++;
        } else {
            status = read_row(&r, table);
        }
    }
    if (status != SPK_OK) {
        spk_table_destroy(table);
        return status;
    }
    table->n_text = r.to - text;
    *out = table;
    return SPK_OK;
}

spk_status spk_table_read(spk_context *ctx, const char *path, spk_table **table)
{
    SPK_REQUIRE(ctx, table != NULL, SPK_ERR_ARGUMENT, "table must not be NULL");
    *table = NULL;
    SPK_REQUIRE(ctx, path != NULL, SPK_ERR_ARGUMENT, "path must not be NULL");
    spk__map map;
    spk_status status = spk__map_open(ctx, path, &map);
    if (status == SPK_OK)
        status = spk__table_parse(ctx, path, spk__table_separator(path), map.data,
                                  map.size, table);
    spk__map_close(&map);
    return status;
}

/* ---- cells ---- */

int64_t spk_table_n_rows(const spk_table *table)
{
    if (table == NULL || table->n_columns == 0)
        return 0;
    return table->n_cells / table->n_columns - 1;
}

int64_t spk_table_n_columns(const spk_table *table)
{
    return table == NULL ? 0 : table->n_columns;
}

/* Row -1 is the header. */
static const char *cell_text(const spk_table *table, int64_t row, int64_t column)
{
    if (table == NULL || row >= spk_table_n_rows(table) || column < 0 ||
        column >= table->n_columns)
        return NULL;
    return table->text + table->cells[(row + 1) * table->n_columns + column];
}

const char *spk_table_column_name(const spk_table *table, int64_t column)
{
    return cell_text(table, -1, column);
}

int64_t spk_table_find_column(const spk_table *table, const char *name)
{
    for (int64_t c = 0; name != NULL && c < spk_table_n_columns(table); c++)
        if (strcmp(spk_table_column_name(table, c), name) == 0)
            return c;
    return -1;
}

const char *spk_table_text(const spk_table *table, int64_t row, int64_t column)
{
    return row < 0 ? NULL : cell_text(table, row, column);
}

spk_status spk_table_integer(spk_context *ctx, const spk_table *table, int64_t row,
                             int64_t column, int64_t *value)
{
    const char *text = spk_table_text(table, row, column);
    SPK_REQUIRE(ctx, text != NULL && value != NULL, SPK_ERR_ARGUMENT,
                "row %lld and column %lld must be in the table", (long long)row,
                (long long)column);
    SPK_REQUIRE(ctx, spk__text_to_int64(text, value), SPK_ERR_FORMAT,
                "row %lld of %s: expected a whole number, found '%.80s'", (long long)row,
                spk_table_column_name(table, column), text);
    return SPK_OK;
}

spk_status spk_table_number(spk_context *ctx, const spk_table *table, int64_t row,
                            int64_t column, double *value)
{
    const char *text = spk_table_text(table, row, column);
    SPK_REQUIRE(ctx, text != NULL && value != NULL, SPK_ERR_ARGUMENT,
                "row %lld and column %lld must be in the table", (long long)row,
                (long long)column);
    if (text[strspn(text, " ")] == '\0') {
        *value = NAN;
        return SPK_OK;
    }
    SPK_REQUIRE(ctx, spk__text_to_double(text, value), SPK_ERR_FORMAT,
                "row %lld of %s: expected a number, found '%.80s'", (long long)row,
                spk_table_column_name(table, column), text);
    return SPK_OK;
}

int64_t spk_table_line(const spk_table *table, int64_t row)
{
    if (table == NULL || row < 0 || row >= spk_table_n_rows(table))
        return -1;
    return row + 1 < table->n_lines ? table->lines[row + 1] : row + 2;
}
