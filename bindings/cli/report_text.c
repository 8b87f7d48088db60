/* SPDX-License-Identifier: BSD-3-Clause */
#include "report_text.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void report_text_free(report_text *text)
{
    free(text->data);
    memset(text, 0, sizeof *text);
}

/* Makes room for n more bytes and a NUL. */
static int reserve(report_text *text, size_t n)
{
    if (text->failed)
        return 0;
    if (n >= SIZE_MAX / 4 - text->size) {
        text->failed = 1;
        return 0;
    }
    if (text->size + n + 1 > text->room) {
        const size_t room = (text->size + n + 1) * 3 / 2 + 4096;
        char *data = realloc(text->data, room);
        if (data == NULL) {
            text->failed = 1;
            return 0;
        }
        text->data = data;
        text->room = room;
    }
    return 1;
}

static void append(report_text *text, const char *bytes, size_t n)
{
    if (!reserve(text, n))
        return;
    memcpy(text->data + text->size, bytes, n);
    text->size += n;
    text->data[text->size] = '\0';
}

void report_text_put(report_text *text, const char *words)
{
    append(text, words, strlen(words));
}

void report_text_print(report_text *text, const char *format, ...)
{
    va_list arguments, again;
    va_start(arguments, format);
    va_copy(again, arguments);
    const int n = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    if (n < 0)
        text->failed = 1;
    else if (reserve(text, (size_t)n)) {
        vsnprintf(text->data + text->size, (size_t)n + 1, format, again);
        text->size += (size_t)n;
    }
    va_end(again);
}

/* Length of the UTF-8 sequence at s, 0 if there is none. Surrogates, overlong forms and the
 * non-characters that XML forbids count as none. */
static size_t utf8_length(const unsigned char *s)
{
    if (s[0] < 0x80)
        return 1;
    const size_t n = s[0] >= 0xF0 ? 4 : s[0] >= 0xE0 ? 3 : 2;
    if (s[0] < 0xC2 || s[0] > 0xF4)
        return 0;
    for (size_t i = 1; i < n; i++)
        if ((s[i] & 0xC0) != 0x80)
            return 0;
    if ((s[0] == 0xE0 && s[1] < 0xA0) || (s[0] == 0xED && s[1] >= 0xA0) ||
        (s[0] == 0xF0 && s[1] < 0x90) || (s[0] == 0xF4 && s[1] >= 0x90) ||
        (s[0] == 0xEF && s[1] == 0xBF && s[2] >= 0xBE))
        return 0;
    return n;
}

static void append_safe(report_text *text, const char *words, int markup)
{
    const unsigned char *s = (const unsigned char *)words;
    while (*s != '\0') {
        const size_t n = utf8_length(s);
        if (n == 0)
            append(text, "\xEF\xBF\xBD", 3);
        else if (*s < 0x20 || *s == 0x7F)
            append(text, " ", 1);
        else if (markup && *s == '<')
            append(text, "&lt;", 4);
        else if (markup && *s == '>')
            append(text, "&gt;", 4);
        else if (markup && *s == '&')
            append(text, "&amp;", 5);
        else if (markup && *s == '"')
            append(text, "&quot;", 6);
        else if (markup && *s == '\'')
            append(text, "&#39;", 5);
        else
            append(text, (const char *)s, n);
        s += n == 0 ? 1 : n;
    }
}

void report_text_escape(report_text *text, const char *words)
{
    append_safe(text, words, 1);
}

void report_text_cell(report_text *text, const char *words)
{
    append_safe(text, words, 0);
}

void report_text_grouped(report_text *text, int64_t value)
{
    char digits[24];
    const int n = snprintf(digits, sizeof digits, "%lld", (long long)value);
    for (int i = 0; i < n; i++) {
        append(text, digits + i, 1);
        if (digits[i] != '-' && i + 1 < n && (n - 1 - i) % 3 == 0)
            append(text, "\xE2\x80\xAF", 3);
    }
}

void report_text_number(report_text *text, double value)
{
    const double size = fabs(value);
    if (!isfinite(value))
        report_text_put(text, "\xE2\x80\x93");
    else if (size >= 999.5 && size < 1e15)
        report_text_grouped(text, (int64_t)llround(value));
    else if (size != 0 && size < 1e-3)
        report_text_print(text, "%.1e", value);
    else
        report_text_print(text, "%.3g", value);
}

void report_text_coordinate(report_text *text, double value, int decimals)
{
    char digits[64];
    if (!isfinite(value) || fabs(value) > 1e9)
        value = 0;
    int n = snprintf(digits, sizeof digits, "%.*f", decimals, value);
    if (decimals > 0) {
        while (n > 1 && digits[n - 1] == '0')
            n--;
        if (digits[n - 1] == '.')
            n--;
    }
    if (n == 2 && digits[0] == '-' && digits[1] == '0')
        append(text, "0", 1);
    else
        append(text, digits, (size_t)n);
}

void report_text_value(report_text *text, double value)
{
    if (isnan(value))
        report_text_put(text, "nan");
    else
        report_text_print(text, "%.9g", value);
}
