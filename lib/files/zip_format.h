/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SPIKEKIT_FILES_ZIP_FORMAT_H
#define SPIKEKIT_FILES_ZIP_FORMAT_H

#include <stddef.h>
#include <stdint.h>

/* The parts of the zip format (PKWARE APPNOTE 6.3) that .npz archives use. */

enum {
    SPK__ZIP_LOCAL = 0x04034b50,   /* before each member */
    SPK__ZIP_CENTRAL = 0x02014b50, /* its entry in the directory */
    SPK__ZIP_END = 0x06054b50,     /* closes the archive */
    SPK__ZIP_END64 = 0x06064b50,   /* the same with 64-bit sizes */
    SPK__ZIP_END64_LOCATOR = 0x07064b50,
    SPK__ZIP_LOCAL_SIZE = 30,
    SPK__ZIP_CENTRAL_SIZE = 46,
    SPK__ZIP_END_SIZE = 22,
    SPK__ZIP_END64_SIZE = 56,
    SPK__ZIP_END64_LOCATOR_SIZE = 20,
    SPK__ZIP_EXTRA_64 = 0x0001,
    SPK__ZIP_EXTRA_PADDING = 0xd935, /* Android's, ignored by all others */
    SPK__ZIP_STORED = 0,
    SPK__ZIP_DEFLATED = 8,
    SPK__ZIP_FLAG_ENCRYPTED = 0x0001,
    SPK__ZIP_FLAG_UTF8 = 0x0800
};

/** Deflate cannot do better: 258 bytes from two bits, and the block's own. */
#define SPK__DEFLATE_RATIO 1032

static inline uint64_t spk__zip_get(const uint8_t *bytes, int n)
{
    uint64_t value = 0;
    for (int k = n - 1; k >= 0; k--)
        value = value << 8 | bytes[k];
    return value;
}

static inline uint8_t *spk__zip_put(uint8_t *bytes, int n, uint64_t value)
{
    for (int k = 0; k < n; k++, value >>= 8)
        bytes[k] = (uint8_t)value;
    return bytes + n;
}

/** Nonzero: a name that is safe to extract anywhere: UTF-8 without control characters, not
 *  empty, relative, no backslash or colon, no part that is empty, "." or "..". At most 65531 bytes, room for ".npy". */
int spk__zip_name_is_safe(const char *name, size_t n);

#endif
