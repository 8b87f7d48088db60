/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SPIKEKIT_FILES_MAP_H
#define SPIKEKIT_FILES_MAP_H

#include <spikekit/context.h>
#include <stddef.h>
#include <stdint.h>

/** A file mapped read-only. A zeroed struct is closed. */
typedef struct spk__map {
    const uint8_t *data; /**< never NULL while open */
    size_t size;
    void *address; /**< NULL for an empty file */
} spk__map;

/**
 * Maps a regular file. A file that another program truncates while it is mapped raises SIGBUS
 * on access; that cannot be prevented, only avoided by renaming new files into place.
 * @return SPK_OK; SPK_ERR_NOT_FOUND; SPK_ERR_IO (a directory, a pipe, no permission)
 */
spk_status spk__map_open(spk_context *ctx, const char *path, spk__map *map);

/** Unmaps. A closed map is fine. */
void spk__map_close(spk__map *map);

/** Fails with "path: <what errno says>"; SPK_ERR_NOT_FOUND when the path does not exist. */
spk_status spk__fail_errno(spk_context *ctx, const char *path, int error);

#endif
