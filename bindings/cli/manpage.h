/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SPIKEKIT_CLI_MANPAGE_H
#define SPIKEKIT_CLI_MANPAGE_H

#include <stdio.h>

/** The title line and the NAME section: "spikekit-info", "show what ...". */
void manpage_begin(FILE *file, const char *page, const char *summary);

/** A section heading. */
void manpage_section(FILE *file, const char *heading);

/** Text with roff's own characters made harmless; paragraphs and kept lines as in
 *  option_section. */
void manpage_text(FILE *file, const char *text);

/** A term in bold and what it means. */
void manpage_term(FILE *file, const char *term, const char *text);

/** The exit statuses. */
void manpage_exit_status(FILE *file);

/** The page of the whole command. */
void manpage_print_overview(FILE *file);

#endif
