/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SPIKEKIT_FILES_NPZ_MEMORY_H
#define SPIKEKIT_FILES_NPZ_MEMORY_H

#include <spikekit/array.h>

/** As spk_npz_open(), of bytes in memory that the caller keeps until spk_npz_close(). */
spk_status spk__npz_open_memory(spk_context *ctx, const char *name, const uint8_t *bytes,
                                size_t n_bytes, spk_npz **npz);

/** For tests: what is written from now on has 64-bit sizes, as archives beyond 4 GB have. */
void spk__npz_writer_force_zip64(spk_npz_writer *writer);

#endif
