/* SPDX-License-Identifier: BSD-3-Clause */
#include "files/zip_format.h"

#include "files/utf8.h"

#include <string.h>

int spk__zip_name_is_safe(const char *name, size_t n)
{
    const uint8_t *text = (const uint8_t *)name;
    if (n == 0 || n > UINT16_MAX - 4 || name[0] == '/' || spk__utf8_check(text, n) != n)
        return 0;
    for (size_t k = 0; k < n; k++)
        if (text[k] < ' ' || text[k] == 0x7f || text[k] == '\\' || text[k] == ':')
            return 0;
    for (size_t start = 0; start <= n;) {
        const char *slash = memchr(name + start, '/', n - start);
        size_t stop = slash == NULL ? n : (size_t)(slash - name);
        size_t length = stop - start;
        if (length == 0 || (length <= 2 && memcmp(name + start, "..", length) == 0))
            return 0;
        start = stop + 1;
    }
    return 1;
}
