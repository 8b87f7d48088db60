/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SPIKEKIT_FILES_TABLE_TEXT_H
#define SPIKEKIT_FILES_TABLE_TEXT_H

#include <spikekit/table.h>
#include <stddef.h>

/** Reads a table from bytes in memory, as spk_table_read() does.
 *  @param[in] separator  ',' (with quotes) or a tab */
spk_status spk__table_parse(spk_context *ctx, const char *name, char separator,
                            const uint8_t *bytes, size_t n_bytes, spk_table **table);

/** The separator that the ending of a path asks for. */
char spk__table_separator(const char *path);

#endif
