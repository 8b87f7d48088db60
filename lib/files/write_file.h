/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SPIKEKIT_FILES_WRITE_FILE_H
#define SPIKEKIT_FILES_WRITE_FILE_H

#include <spikekit/context.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A file being written. Bytes go to "<path>.part-<pid>" (with "-1", "-2" ... if that is taken),
 * which is renamed over the path by finish, so that a reader sees the old file or the whole new
 * one. A symbolic link is followed. A device or pipe, which cannot be renamed over, is written
 * directly. Nothing is forced to disk: a crash of the machine, not of the program, may lose it.
 */
typedef struct spk__write_file spk__write_file;

/** @return SPK_OK; SPK_ERR_NOT_FOUND (no such folder); SPK_ERR_IO; SPK_ERR_MEMORY */
spk_status spk__write_open(spk_context *ctx, const char *path, spk__write_file **file);

/** Appends bytes; gathers small ones in a buffer of 1 MiB. */
spk_status spk__write_append(spk_context *ctx, spk__write_file *file, const void *data,
                             size_t n_bytes);

/** Overwrites bytes that were appended before. */
spk_status spk__write_at(spk_context *ctx, spk__write_file *file, int64_t offset,
                         const void *data, size_t n_bytes);

/** Bytes appended so far. */
int64_t spk__write_position(const spk__write_file *file);

/** Writes what is left, closes and renames. The object is freed in any case. */
spk_status spk__write_finish(spk_context *ctx, spk__write_file *file);

/** Removes what was written and frees. NULL is fine. */
void spk__write_discard(spk__write_file *file);

/** Opens, appends and finishes. */
spk_status spk__write_whole(spk_context *ctx, const char *path, const void *data,
                            size_t n_bytes);

#endif
