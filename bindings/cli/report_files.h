/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SPIKEKIT_CLI_REPORT_FILES_H
#define SPIKEKIT_CLI_REPORT_FILES_H

#include "report_text.h"

/** Some finished texts to be files of one folder. */
typedef struct report_file {
    const char *name;
    report_text text;
} report_file;

/** Writes all files into a folder, beside their places, and only then renames them; on
 *  failure, which it says, those places are as before. Messages call the folder `shown`.
 *  @return COMMAND_OK or an exit status */
int report_files_write(const char *folder, const char *shown, const report_file *files,
                       int n_files);

#endif
