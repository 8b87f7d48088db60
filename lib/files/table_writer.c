/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/check.h"
#include "files/table_text.h"
#include "files/write_file.h"

#include <string.h>

static spk_status write_text(spk_context *ctx, spk__write_file *file, const char *text)
{
    return spk__write_append(ctx, file, text, strlen(text));
}

static spk_status write_quoted(spk_context *ctx, spk__write_file *file, const char *text)
{
    spk_status status = write_text(ctx, file, "\"");
    while (status == SPK_OK && *text != '\0') {
        size_t n = strcspn(text, "\"");
        n += text[n] == '"';
        status = spk__write_append(ctx, file, text, n);
        text += n;
        if (status == SPK_OK && text[-1] == '"')
            status = write_text(ctx, file, "\"");
    }
    return status == SPK_OK ? write_text(ctx, file, "\"") : status;
}

static spk_status write_cell(spk_context *ctx, spk__write_file *file, char separator,
                             const char *text, int is_alone)
{
    if (separator != ',') {
        SPK_REQUIRE(
            ctx, strpbrk(text, "\t\r\n") == NULL, SPK_ERR_ARGUMENT,
            "a cell of a .tsv file must not hold a tab or line break, got '%.80s'", text);
        return write_text(ctx, file, text);
    }
    /* A lone empty cell would be an empty line, which readers skip. */
    if (strpbrk(text, ",\"\r\n") != NULL || (is_alone && *text == '\0'))
        return write_quoted(ctx, file, text);
    return write_text(ctx, file, text);
}

spk_status spk_table_write(spk_context *ctx, const char *path, const spk_table *table)
{
    SPK_REQUIRE(ctx, path != NULL, SPK_ERR_ARGUMENT, "path must not be NULL");
    SPK_REQUIRE(ctx, table != NULL, SPK_ERR_ARGUMENT, "table must not be NULL");
    char separator = spk__table_separator(path);
    const char separator_text[] = {separator, '\0'};
    int64_t n_columns = spk_table_n_columns(table);
    int64_t n_lines = n_columns == 0 ? 0 : spk_table_n_rows(table) + 1;
    spk__write_file *file = NULL;
    spk_status status = spk__write_open(ctx, path, &file);
    if (status != SPK_OK)
        return status;
    for (int64_t line = 0; line < n_lines && status == SPK_OK; line++) {
        for (int64_t c = 0; c < n_columns && status == SPK_OK; c++) {
            const char *text = line == 0 ? spk_table_column_name(table, c)
                                         : spk_table_text(table, line - 1, c);
            if (c > 0)
                status = write_text(ctx, file, separator_text);
            if (status == SPK_OK)
                status = write_cell(ctx, file, separator, text, n_columns == 1);
        }
        if (status == SPK_OK)
            status = write_text(ctx, file, "\n");
    }
    if (status == SPK_OK)
        return spk__write_finish(ctx, file);
    spk__write_discard(file);
    return status;
}
