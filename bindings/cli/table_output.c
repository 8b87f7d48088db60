/* SPDX-License-Identifier: BSD-3-Clause */
#define _XOPEN_SOURCE 700

#include "table_output.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void table_output_number(double value, char text[TABLE_CELL_SIZE])
{
    text[0] = '\0';
    if (isnan(value))
        return;
    for (int digits = 6; digits <= 17; digits++) {
        snprintf(text, TABLE_CELL_SIZE, "%.*g", digits, value);
        if (strtod(text, NULL) == value)
            return;
    }
}

/* A pipe or a file that the shell opened: written as it is, there is nothing to rename. */
void table_output_print(const spk_table *table)
{
    const int64_t n = spk_table_n_columns(table);
    for (int64_t c = 0; c < n; c++)
        printf("%s%s", spk_table_column_name(table, c), c + 1 < n ? "\t" : "\n");
    for (int64_t r = 0; r < spk_table_n_rows(table); r++)
        for (int64_t c = 0; c < n; c++)
            printf("%s%s", spk_table_text(table, r, c), c + 1 < n ? "\t" : "\n");
}

/* Whether a folder is the parent of a path, both real. */
static int holds(const char *folder, const char *path)
{
    const size_t n = strlen(folder);
    return strncmp(path, folder, n) == 0 && path[n] == '/' &&
           strchr(path + n + 1, '/') == NULL;
}

int table_output_is_of_session(const spk_session *session, const char *path)
{
    char *found = realpath(path, NULL);
    char *folder = realpath(spk_session_path(session), NULL);
    int same = found != NULL && folder != NULL && holds(folder, found);
    for (int64_t i = 0; found != NULL && !same && i < spk_session_n_inputs(session);
         i++) {
        char *input = realpath(spk_session_input_path(session, i), NULL);
        same = input != NULL && strcmp(input, found) == 0;
        free(input);
    }
    free(folder);
    free(found);
    return same;
}
