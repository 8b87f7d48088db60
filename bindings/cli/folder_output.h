/* SPDX-License-Identifier: BSD-3-Clause */
/* A folder that appears when it is complete: it is made beside its place and then renamed. */
#ifndef SPIKEKIT_CLI_FOLDER_OUTPUT_H
#define SPIKEKIT_CLI_FOLDER_OUTPUT_H

#include <stdint.h>

typedef struct folder_output {
    char *path;        /**< where to write the files */
    char *final_path;  /**< where they shall be */
    int32_t temporary; /**< nonzero until committed: path is to be removed */
} folder_output;

/**
 * Chooses where to write. A folder that is already there is written into directly, if it is
 * empty or `overwrite` is positive; -1 says that the command has no --overwrite.
 * @return COMMAND_OK, or an exit status after having spoken
 */
int folder_output_begin(const char *name, const char *path, int32_t overwrite,
                        folder_output *folder);

/** Puts the folder in its place. @return COMMAND_OK or an exit status */
int folder_output_commit(const char *name, folder_output *folder);

/** Removes what was not committed, and frees. */
void folder_output_end(folder_output *folder);

#endif
