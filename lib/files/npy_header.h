/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SPIKEKIT_FILES_NPY_HEADER_H
#define SPIKEKIT_FILES_NPY_HEADER_H

#include <spikekit/array.h>

/** The longest header that is read; numpy's own limit is 10,000 bytes. */
#define SPK__NPY_HEADER_LIMIT (1 << 20)

/** The longest header that is written. */
#define SPK__NPY_HEADER_SIZE 384

/**
 * Reads the bytes of a whole .npy file. The array borrows them; its data may lie at any
 * alignment. Bytes after the data are allowed.
 * @param[in] name  what messages call the file
 * @return as spk_npy_open()
 */
spk_status spk__npy_parse(spk_context *ctx, const char *name, const uint8_t *bytes,
                          size_t n_bytes, spk_array *array);

/** As spk__npy_parse(), but data at an address its type cannot have are copied: *copy is the
 *  block to free, or NULL. */
spk_status spk__npy_parse_aligned(spk_context *ctx, const char *name,
                                  const uint8_t *bytes, size_t n_bytes, spk_array *array,
                                  void **copy);

/**
 * Makes the magic, lengths and dictionary of a version 1.0 file, a multiple of 64 bytes.
 * @param[in] array  row-major and of the machine's byte order, as _describe() makes it
 * @return its length
 */
size_t spk__npy_format_header(const spk_array *array, char header[SPK__NPY_HEADER_SIZE]);

#endif
