/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SPIKEKIT_FILES_UTF8_H
#define SPIKEKIT_FILES_UTF8_H

#include <stddef.h>
#include <stdint.h>

/**
 * Reads one character: no overlong form, no surrogate, nothing above U+10FFFF.
 * @return its bytes, 1 .. 4; 0 where the text is not UTF-8
 */
size_t spk__utf8_next(const uint8_t *text, size_t n, uint32_t *character);

/** The place of the first byte that is not UTF-8, or is NUL; n if there is none. */
size_t spk__utf8_check(const uint8_t *text, size_t n);

/** Writes one character, 1 .. 4 bytes. @return how many */
size_t spk__utf8_put(uint32_t character, char text[4]);

#endif
