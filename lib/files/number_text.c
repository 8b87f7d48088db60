/* SPDX-License-Identifier: BSD-3-Clause */
#define _GNU_SOURCE /* strtod_l: glibc and musl; POSIX knows it since 2024 */
#include "files/number_text.h"

#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static int is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* strtod also takes hexadecimal and "nan(...)", which no table means. */
static int has_number_letters(const char *text, size_t n)
{
    for (size_t k = 0; k < n; k++)
        if (strchr("0123456789+-.eE", text[k]) == NULL)
            return 0;
    return n > 0;
}

static int special(const char *text, size_t n, double *value)
{
    int negative = n > 0 && text[0] == '-';
    if (n > 0 && (text[0] == '-' || text[0] == '+')) {
        text++;
        n--;
    }
    if (n == 3 && strncasecmp(text, "nan", 3) == 0)
        *value = NAN;
    else if ((n == 3 && strncasecmp(text, "inf", 3) == 0) ||
             (n == 8 && strncasecmp(text, "infinity", 8) == 0))
        *value = negative ? -INFINITY : INFINITY;
    else
        return 0;
    return 1;
}

int spk__text_to_double(const char *text, double *value)
{
    while (is_space(*text))
        text++;
    size_t n = strlen(text);
    while (n > 0 && is_space(text[n - 1]))
        n--;
    if (special(text, n, value))
        return 1;
    if (!has_number_letters(text, n))
        return 0;
    locale_t plain = newlocale(LC_ALL_MASK, "C", (locale_t)0); /* costs no memory */
    if (plain == (locale_t)0)
        return 0;
    char *end;
    *value = strtod_l(text, &end, plain);
    freelocale(plain);
    return end == text + n;
}

int spk__text_to_int64(const char *text, int64_t *value)
{
    while (is_space(*text))
        text++;
    const char *at = text;
    int negative = *at == '-';
    at += *at == '-' || *at == '+';
    int64_t sum = 0;
    const char *digits = at;
    int fits = 1;
    for (; *at >= '0' && *at <= '9'; at++) {
        int digit = *at - '0';
        fits = fits && !__builtin_mul_overflow(sum, 10, &sum) &&
               !__builtin_add_overflow(sum, negative ? -digit : digit, &sum);
    }
    int n_digits = (int)(at > digits);
    while (is_space(*at))
        at++;
    if (*at == '\0' && n_digits) {
        *value = sum;
        return fits;
    }
    double number;
    if (!spk__text_to_double(text, &number) || !(fabs(number) < 0x1p53) ||
        number != floor(number))
        return 0;
    *value = (int64_t)number;
    return 1;
}

void spk__double_to_text(double value, char text[32])
{
    for (int digits = 15; digits <= 17; digits++) {
        double back;
        snprintf(text, 32, "%.*g", digits, value);
        /* The process may have set a locale with another sign; there is only one of it. */
        for (char *c = text; *c != '\0'; c++)
            if (strchr("0123456789+-eEinfa", *c) == NULL)
                *c = '.';
        if (!spk__text_to_double(text, &back) || back == value)
            return;
    }
}
