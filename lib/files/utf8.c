/* SPDX-License-Identifier: BSD-3-Clause */
#include "files/utf8.h"

#include <string.h>

size_t spk__utf8_next(const uint8_t *text, size_t n, uint32_t *character)
{
    static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
    if (n == 0)
        return 0;
    uint32_t value = text[0];
    size_t length = value < 0x80             ? 1
                    : (value & 0xe0) == 0xc0 ? 2
                    : (value & 0xf0) == 0xe0 ? 3
                    : (value & 0xf8) == 0xf0 ? 4
                                             : 0;
    if (length == 0 || length > n)
        return 0;
    if (length > 1)
        value &= 0x7fu >> length;
    for (size_t k = 1; k < length; k++) {
        if ((text[k] & 0xc0) != 0x80)
            return 0;
        value = value << 6 | (text[k] & 0x3f);
    }
    if (value < smallest[length] || value > 0x10ffff ||
        (value >= 0xd800 && value < 0xe000))
        return 0;
    *character = value;
    return length;
}

size_t spk__utf8_check(const uint8_t *text, size_t n)
{
    size_t at = 0;
    while (at < n) {
        uint64_t eight;
        /* Eight plain characters at once: no high bit, no zero byte. */
        if (n - at >= 8) {
            memcpy(&eight, text + at, 8);
            if (((eight | (eight - 0x0101010101010101u)) & 0x8080808080808080u) == 0) {
                at += 8;
                continue;
            }
        }
        uint32_t character;
        size_t length = spk__utf8_next(text + at, n - at, &character);
        if (length == 0 || character == 0)
            return at;
        at += length;
    }
    return n;
}

size_t spk__utf8_put(uint32_t character, char text[4])
{
    if (character < 0x80) {
        text[0] = (char)character;
        return 1;
    }
    size_t length = character < 0x800 ? 2 : character < 0x10000 ? 3 : 4;
    for (size_t k = length - 1; k > 0; k--, character >>= 6)
        text[k] = (char)(0x80 | (character & 0x3f));
    text[0] = (char)((0xf00u >> length & 0xf0) | character);
    return length;
}
