/* SPDX-License-Identifier: BSD-3-Clause */
/* What --help and the man page have in common. */
#ifndef SPIKEKIT_CLI_OPTIONS_HELP_H
#define SPIKEKIT_CLI_OPTIONS_HELP_H

#include "options.h"

enum {
    HELP_COLUMNS = 79,
    HELP_TEXT_ROOM = 160
};

/** The words for an option's default, "" for none. */
void options_default_text(const option *o, const void *field, char text[HELP_TEXT_ROOM]);

/** Paragraphs wrapped to HELP_COLUMNS from column `indent` on; `column` is where the cursor
 *  stands. Lines that start with a space are kept. Ends with a line break. */
void help_print_text(FILE *file, const char *text, int indent, int column);

/** Text in bold on a terminal, and what follows it. */
void help_print_bold(FILE *file, const char *text, const char *after);

/** The exit statuses: {"0", "success"}, ...; ended by NULLs. */
extern const char *const help_exit_status[][2];

#endif
