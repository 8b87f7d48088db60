/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SPIKEKIT_FILES_NPZ_DIRECTORY_H
#define SPIKEKIT_FILES_NPZ_DIRECTORY_H

#include <spikekit/context.h>
#include <stddef.h>
#include <stdint.h>

/** One member, its place checked against the archive. */
typedef struct spk__npz_entry {
    char *name;    /**< without ".npy" */
    size_t header; /**< place of its local header */
    size_t start;  /**< place of its packed bytes */
    size_t packed_size;
    size_t size; /**< after inflating */
    uint32_t crc;
    int is_deflated;
} spk__npz_entry;

/**
 * Reads and checks the directory of a zip archive in memory; see spk_npz_open().
 * @param[out] entries  [*n_entries], to be freed with _free() below
 */
spk_status spk__npz_directory_read(spk_context *ctx, const char *path,
                                   const uint8_t *bytes, size_t n_bytes,
                                   spk__npz_entry **entries, int64_t *n_entries);
void spk__npz_directory_free(spk__npz_entry *entries, int64_t n_entries);

#endif
