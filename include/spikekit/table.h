/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SPIKEKIT_TABLE_H
#define SPIKEKIT_TABLE_H

#include <spikekit/context.h>
#include <spikekit/status.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A table of text with named columns, read from or written to .tsv or .csv. */
typedef struct spk_table spk_table;

/**
 * Reads a table; the first line names the columns. A path that ends in .csv is separated by
 * commas with "quotes" as in RFC 4180, any other by tabs. CRLF and a byte order mark are
 * accepted. Short rows are an error, empty lines are skipped, an empty file has no columns.
 * @return SPK_OK; SPK_ERR_NOT_FOUND; SPK_ERR_IO; SPK_ERR_FORMAT (not UTF-8, a NUL byte, a row
 *         of another length: path, line, expected, found); SPK_ERR_MEMORY
 */
SPK_API SPK_MUST_CHECK spk_status spk_table_read(spk_context *ctx, const char *path,
                                                 spk_table **table);

/** An empty table with the given column names (UTF-8).
 *  @return SPK_OK; SPK_ERR_ARGUMENT (NULL, n_columns < 1, not UTF-8); SPK_ERR_MEMORY */
SPK_API SPK_MUST_CHECK spk_status spk_table_create(spk_context *ctx, int64_t n_columns,
                                                   const char *const *names,
                                                   spk_table **table);
/** Appends a row of n_columns cells (UTF-8): all of them or, on error, none.
 *  @return SPK_OK; SPK_ERR_ARGUMENT (NULL, not UTF-8); SPK_ERR_MEMORY */
SPK_API SPK_MUST_CHECK spk_status spk_table_append(spk_context *ctx, spk_table *table,
                                                   const char *const *cells);
/** Writes by the ending of the path as in spk_table_read(), beside it first, then renamed.
 *  @return SPK_OK; SPK_ERR_IO; SPK_ERR_ARGUMENT (a tab or line break in a .tsv cell) */
SPK_API SPK_MUST_CHECK spk_status spk_table_write(spk_context *ctx, const char *path,
                                                  const spk_table *table);
/** Frees. NULL is fine. */
SPK_API void spk_table_destroy(spk_table *table);

SPK_API int64_t spk_table_n_rows(const spk_table *table);
SPK_API int64_t spk_table_n_columns(const spk_table *table);
/** NULL out of range. */
SPK_API const char *spk_table_column_name(const spk_table *table, int64_t column);
/** The column of a name, -1 if there is none. */
SPK_API int64_t spk_table_find_column(const spk_table *table, const char *name);
/** The line of the file on which a row begins, for messages; -1 out of range. Of a row that was
 *  appended: the line on which it would be written. */
SPK_API int64_t spk_table_line(const spk_table *table, int64_t row);
/** The text of a cell, "" if empty; NULL out of range. */
SPK_API const char *spk_table_text(const spk_table *table, int64_t row, int64_t column);
/** A cell as a whole number; "12" and "12.0" both read.
 *  @return SPK_OK; SPK_ERR_FORMAT; SPK_ERR_ARGUMENT (NULL, out of range) */
SPK_API SPK_MUST_CHECK spk_status spk_table_integer(spk_context *ctx,
                                                    const spk_table *table, int64_t row,
                                                    int64_t column, int64_t *value);
/** A cell as a number, NaN if it is empty or "nan"; the decimal sign is a point whatever the
 *  locale. @return as spk_table_integer() */
SPK_API SPK_MUST_CHECK spk_status spk_table_number(spk_context *ctx,
                                                   const spk_table *table, int64_t row,
                                                   int64_t column, double *value);

#ifdef __cplusplus
}
#endif
#endif
