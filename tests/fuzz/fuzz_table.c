/* SPDX-License-Identifier: BSD-3-Clause */
/* Any bytes as a table, separated by commas and by tabs: every cell, as text and number. */
#include "base/memory.h"
#include "files/table_text.h"
#include "fuzz.h"

#include <string.h>

static void read_cells(spk_context *ctx, const spk_table *table, size_t size)
{
    size_t length = 0;
    int64_t n_rows = spk_table_n_rows(table), n_columns = spk_table_n_columns(table);
    for (int64_t c = 0; c < n_columns; c++) {
        const char *name = spk_table_column_name(table, c);
        int64_t found = spk_table_find_column(table, name);
        fuzz_require(found >= 0 && found <= c);
        length += strlen(name);
        for (int64_t r = 0; r < n_rows; r++) {
            const char *text = spk_table_text(table, r, c);
            int64_t integer;
            double number;
            fuzz_require(text != NULL);
            length += strlen(text);
            if (spk_table_integer(ctx, table, r, c, &integer) == SPK_OK)
                fuzz_require(spk_table_number(ctx, table, r, c, &number) == SPK_OK &&
                             number == (double)integer);
            else
                (void)!spk_table_number(ctx, table, r, c, &number);
        }
    }
    fuzz_require(length <= size);
    fuzz_require(spk_table_text(table, n_rows, 0) == NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    spk_context *ctx = NULL;
    if (spk_context_create(&ctx) != SPK_OK)
        return 0;
    for (int k = 0; k < 2; k++) {
        spk_table *table = NULL;
        if (spk__table_parse(ctx, "fuzz", k == 0 ? ',' : '\t', data, size, &table) ==
            SPK_OK)
            read_cells(ctx, table, size);
        spk_table_destroy(table);
    }
    fuzz_require(spk__memory_in_use(ctx) == 0);
    spk_context_destroy(ctx);
    return 0;
}
