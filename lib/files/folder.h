/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SPIKEKIT_FILES_FOLDER_H
#define SPIKEKIT_FILES_FOLDER_H

#include <spikekit/context.h>
#include <stdint.h>

/** The names in a folder, sorted by their bytes so that results do not depend on the disk. */
typedef struct spk__folder {
    char **names;
    int64_t n_names;
    int64_t capacity;
} spk__folder;

/** @return SPK_OK; SPK_ERR_NOT_FOUND; SPK_ERR_IO; SPK_ERR_MEMORY */
spk_status spk__folder_read(spk_context *ctx, const char *path, spk__folder *folder);
void spk__folder_free(spk__folder *folder);

/** Nonzero: the folder has this name. */
int spk__folder_has(const spk__folder *folder, const char *name);

/** "folder/name", or name alone when it is absolute; NULL when memory runs out. */
char *spk__path_join(spk_context *ctx, const char *folder, const char *name);

/** Bytes of a regular file, or -1. */
int64_t spk__file_size(const char *path);

int spk__starts_with(const char *text, const char *start);
int spk__ends_with(const char *text, const char *end);

#endif
