/* SPDX-License-Identifier: BSD-3-Clause */
/* What commands that write a table of numbers share. */
#ifndef SPIKEKIT_CLI_TABLE_OUTPUT_H
#define SPIKEKIT_CLI_TABLE_OUTPUT_H

#include <spikekit/session.h>
#include <spikekit/table.h>
#include <stdint.h>

enum {
    TABLE_CELL_SIZE = 32
};

/** The shortest text that reads back as the same number; empty for NaN. */
void table_output_number(double value, char text[TABLE_CELL_SIZE]);

/** Prints a table with tabs. */
void table_output_print(const spk_table *table);

/** Whether the path is a file that is there already, in the session's folder or as one that the
 *  session was read from: never to be replaced by a table. */
int table_output_is_of_session(const spk_session *session, const char *path);

#endif
