/* SPDX-License-Identifier: BSD-3-Clause */
#include "files/params_py.h"

#include "base/check.h"
#include "base/memory.h"
#include "files/number_text.h"
#include "files/utf8.h"

#include <math.h>
#include <string.h>

enum {
    OTHER,
    NUMBER,
    TEXTS
};

typedef struct entry {
    char *key;
    int kind;
    double number;
    int64_t n_texts;
    char **texts;
} entry;

struct spk__params_py {
    char *name;
    entry *entries;
    int64_t n_entries;
    int64_t capacity;
};

typedef struct scanner {
    spk_context *ctx;
    const char *at;
    const char *end;
    char *scratch; /* as large as the file: any one string fits */
} scanner;

static void clear_texts(entry *e)
{
    for (int64_t k = 0; k < e->n_texts; k++)
        spk__free(e->texts[k]);
    spk__free(e->texts);
    e->texts = NULL;
    e->n_texts = 0;
}

void spk__params_py_destroy(spk__params_py *params)
{
    if (params == NULL)
        return;
    for (int64_t k = 0; k < params->n_entries; k++) {
        clear_texts(&params->entries[k]);
        spk__free(params->entries[k].key);
    }
    spk__free(params->entries);
    spk__free(params->name);
    spk__free(params);
}

/* ---- scanning ---- */

static int peek(const scanner *s, int64_t ahead)
{
    return s->end - s->at > ahead ? (unsigned char)s->at[ahead] : -1;
}

static int is_name_start(int c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c >= 0x80;
}

static int is_digit(int c)
{
    return c >= '0' && c <= '9';
}

static void skip_blanks(scanner *s)
{
    while (peek(s, 0) == ' ' || peek(s, 0) == '\t' || peek(s, 0) == '\f')
        s->at++;
}

static void skip_line(scanner *s)
{
    const char *newline = memchr(s->at, '\n', (size_t)(s->end - s->at));
    s->at = newline == NULL ? s->end : newline + 1;
}

/* Inside brackets, lines do not end a statement. */
static void skip_blanks_and_lines(scanner *s)
{
    for (;;) {
        skip_blanks(s);
        if (peek(s, 0) == '#')
            skip_line(s);
        else if (peek(s, 0) == '\n' || peek(s, 0) == '\r')
            s->at++;
        else
            return;
    }
}

static int at_statement_end(scanner *s)
{
    skip_blanks(s);
    int c = peek(s, 0);
    return c == -1 || c == '\n' || c == '\r' || c == '#' || c == ';';
}

/* \xhh, \uhhhh, \Uhhhhhhhh; 0 if digits are missing. */
static int read_hexadecimal(scanner *s, int n_digits, uint32_t *value)
{
    *value = 0;
    for (int k = 0; k < n_digits; k++) {
        int c = peek(s, k);
        int digit = is_digit(c)            ? c - '0'
                    : c >= 'a' && c <= 'f' ? c - 'a' + 10
                    : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                           : -1;
        if (digit < 0)
            return 0;
        *value = *value << 4 | (uint32_t)digit;
    }
    s->at += n_digits;
    return 1;
}

/* After the backslash. Appends what the escape means; 0 if it means nothing. */
static int read_escape(scanner *s, char **to)
{
    static const char letters[] = "\\'\"abfnrtv";
    static const char meanings[] = "\\'\"\a\b\f\n\r\t\v";
    int c = peek(s, 0);
    uint32_t value = 0;
    const char *letter = c > 0 ? strchr(letters, c) : NULL;
    if (c <= 0)
        return 0;
    s->at++;
    if (letter != NULL) {
        *(*to)++ = meanings[letter - letters];
        return 1;
    }
    if (c == '\n')
        return 1; /* the line goes on */
    if (c >= '0' && c <= '7') {
        value = (uint32_t)(c - '0');
        for (int k = 0; k < 2 && peek(s, 0) >= '0' && peek(s, 0) <= '7'; k++)
            value = value << 3 | (uint32_t)(*s->at++ - '0');
    } else if (c == 'x' || c == 'u' || c == 'U') {
        if (!read_hexadecimal(s,
                              c == 'x'   ? 2
                              : c == 'u' ? 4
                                         : 8,
                              &value) ||
            value > 0x10ffff)
            return 0;
    } else { /* Python keeps the backslash of an escape it does not know */
        *(*to)++ = '\\';
        *(*to)++ = (char)c;
        return 1;
    }
    if (value == 0)
        return 0; /* no path or dtype holds a NUL */
    *to += spk__utf8_put(value, *to);
    return 1;
}

/* A string of any prefix and quotes. *text is NULL where there is none, or one that cannot be
 * read; then the scanner stands anywhere. */
static spk_status read_string(scanner *s, char **text)
{
    *text = NULL;
    int raw = 0;
    for (; peek(s, 0) > 0 && strchr("rRuU", peek(s, 0)) != NULL; s->at++)
        raw |= *s->at == 'r' || *s->at == 'R';
    int quote = peek(s, 0);
    if (quote != '\'' && quote != '"')
        return SPK_OK;
    int triple = peek(s, 1) == quote && peek(s, 2) == quote;
    s->at += triple ? 3 : 1;

    char *to = s->scratch; /* no escape makes text longer */
    for (;;) {
        int c = peek(s, 0);
        if (c == -1 || c == 0 || (c == '\n' && !triple))
            break;
        if (c == quote && (!triple || (peek(s, 1) == quote && peek(s, 2) == quote))) {
            s->at += triple ? 3 : 1;
            *to = '\0';
            *text = spk__strdup(s->ctx, s->scratch);
            return *text == NULL ? spk__fail_memory(s->ctx) : SPK_OK;
        }
        s->at++;
        if (c != '\\') {
            *to++ = (char)c;
        } else if (raw) { /* the next character is kept, and does not close */
            *to++ = '\\';
            if (peek(s, 0) > 0)
                *to++ = *s->at++;
        } else if (!read_escape(s, &to)) {
            break;
        }
    }
    return SPK_OK;
}

static spk_status add_text(scanner *s, entry *e, char *text)
{
    if ((e->n_texts & (e->n_texts - 1)) == 0) { /* full: 0, 1, 2, 4, 8 ... */
        int64_t capacity = e->n_texts == 0 ? 1 : 2 * e->n_texts;
        char **texts = spk__realloc(s->ctx, e->texts, capacity, sizeof *texts);
        if (texts == NULL) {
            spk__free(text);
            return spk__fail_memory(s->ctx);
        }
        e->texts = texts;
    }
    e->texts[e->n_texts++] = text;
    return SPK_OK;
}

/* [ 'a', 'b' ] or ( 'a', 'b', ) */
static spk_status read_list(scanner *s, entry *e)
{
    int close = *s->at == '[' ? ']' : ')';
    s->at++;
    for (;;) {
        char *text;
        skip_blanks_and_lines(s);
        if (peek(s, 0) == close)
            break;
        spk_status status = read_string(s, &text);
        if (status != SPK_OK || text == NULL)
            return status;
        if ((status = add_text(s, e, text)) != SPK_OK)
            return status;
        skip_blanks_and_lines(s);
        if (peek(s, 0) == ',') {
            s->at++;
        } else if (peek(s, 0) != close) {
            return SPK_OK;
        }
    }
    s->at++;
    /* ('a') is a string to Python: one text either way */
    if (at_statement_end(s))
        e->kind = TEXTS;
    return SPK_OK;
}

/* Digits may be parted by underscores. */
static void read_number(scanner *s, entry *e)
{
    char digits[64];
    size_t n = 0;
    for (; peek(s, 0) > 0 && strchr("0123456789+-.eE_", peek(s, 0)) != NULL; s->at++) {
        if (n == sizeof digits - 1)
            return;
        if (*s->at != '_')
            digits[n++] = *s->at;
    }
    digits[n] = '\0';
    if (at_statement_end(s) && spk__text_to_double(digits, &e->number) &&
        isfinite(e->number))
        e->kind = NUMBER;
}

static spk_status read_value(scanner *s, entry *e)
{
    int c = peek(s, 0);
    spk_status status = SPK_OK;
    if (c == '[' || c == '(')
        return read_list(s, e);
    if (is_digit(c) || c == '-' || c == '+' || c == '.') {
        read_number(s, e);
        return SPK_OK;
    }
    for (int truth = 0; truth <= 1; truth++) {
        const char *word = truth ? "True" : "False";
        size_t n = strlen(word);
        if ((size_t)(s->end - s->at) >= n && memcmp(s->at, word, n) == 0) {
            s->at += n;
            e->number = truth;
            e->kind = at_statement_end(s) ? NUMBER : OTHER;
            return SPK_OK;
        }
    }
    char *text;
    if ((status = read_string(s, &text)) != SPK_OK || text == NULL ||
        (status = add_text(s, e, text)) != SPK_OK)
        return status;
    e->kind = at_statement_end(s) ? TEXTS : OTHER;
    return SPK_OK;
}

/* ---- the file ---- */

static entry *find_entry(const spk__params_py *params, const char *key, size_t n)
{
    for (int64_t k = 0; k < params->n_entries; k++)
        if (strncmp(params->entries[k].key, key, n) == 0 &&
            params->entries[k].key[n] == '\0')
            return &params->entries[k];
    return NULL;
}

static spk_status make_entry(spk_context *ctx, spk__params_py *params, const char *key,
                             size_t n, entry **out)
{
    *out = find_entry(params, key, n);
    if (*out != NULL) {
        clear_texts(*out);
        (*out)->kind = OTHER;
        return SPK_OK;
    }
    if (params->n_entries == params->capacity) {
        int64_t capacity = 2 * params->capacity + 16;
        entry *entries = spk__realloc(ctx, params->entries, capacity, sizeof *entries);
        if (entries == NULL)
            return spk__fail_memory(ctx);
        params->entries = entries;
        params->capacity = capacity;
    }
    char *copy = spk__alloc(ctx, (int64_t)n + 1, 1);
    if (copy == NULL)
        return spk__fail_memory(ctx);
    memcpy(copy, key, n);
    copy[n] = '\0';
    params->entries[params->n_entries] = (entry){.key = copy};
    *out = &params->entries[params->n_entries++];
    return SPK_OK;
}

/* The names that are kept; others would only cost time and memory in a hostile file. */
static int is_wanted(const char *key, size_t n)
{
    static const char *const wanted[] = {"dat_path", "n_channels_dat", "dtype",
                                         "offset",   "sample_rate",    "n_samples_dat"};
    for (size_t k = 0; k < sizeof wanted / sizeof wanted[0]; k++)
        if (strlen(wanted[k]) == n && memcmp(wanted[k], key, n) == 0)
            return 1;
    return 0;
}

/* One logical line. */
static spk_status read_statement(scanner *s, spk__params_py *params)
{
    const char *key = s->at;
    spk_status status = SPK_OK;
    if (!is_name_start(peek(s, 0))) {
        /* A text alone is a comment of many lines: what stands in it assigns nothing. */
        char *text;
        status = read_string(s, &text);
        spk__free(text);
        skip_line(s);
        return status;
    }
    while (is_name_start(peek(s, 0)) || is_digit(peek(s, 0)))
        s->at++;
    size_t n = (size_t)(s->at - key);
    skip_blanks(s);
    if (peek(s, 0) == '=' && peek(s, 1) != '=') {
        entry other = {0}, *e = &other;
        s->at++;
        skip_blanks(s);
        if (is_wanted(key, n) &&
            (status = make_entry(s->ctx, params, key, n, &e)) != SPK_OK)
            return status;
        status = read_value(s, e); /* also of others: it may go over several lines */
        clear_texts(&other);
    }
    skip_line(s);
    return status;
}

spk_status spk__params_py_parse(spk_context *ctx, const char *name, const uint8_t *bytes,
                                size_t n_bytes, spk__params_py **out)
{
    SPK_REQUIRE(ctx, n_bytes <= SPK__PARAMS_PY_LIMIT, SPK_ERR_FORMAT,
                "%s: expected at most %d bytes, found %zu", name, SPK__PARAMS_PY_LIMIT,
                n_bytes);
    if (n_bytes >= 3 && memcmp(bytes, "\xef\xbb\xbf", 3) == 0) {
        bytes += 3;
        n_bytes -= 3;
    }
    spk__params_py *params = spk__alloc_zero(ctx, 1, sizeof *params);
    if (params == NULL)
        return spk__fail_memory(ctx);
    spk_status status = SPK_OK;
    scanner s = {ctx, (const char *)bytes, (const char *)bytes + n_bytes, NULL};
    params->name = spk__strdup(ctx, name);
    s.scratch = spk__alloc(ctx, (int64_t)n_bytes + 1, 1);
    if (params->name == NULL || s.scratch == NULL)
        status = spk__fail_memory(ctx);
    while (s.at < s.end && status == SPK_OK)
        status = read_statement(&s, params);
    spk__free(s.scratch);
    if (status != SPK_OK) {
        spk__params_py_destroy(params);
        return status;
    }
    *out = params;
    return SPK_OK;
}

spk_status spk__params_py_number(spk_context *ctx, const spk__params_py *params,
                                 const char *key, double *value)
{
    const entry *e = find_entry(params, key, strlen(key));
    SPK_REQUIRE(ctx, e != NULL, SPK_ERR_NOT_FOUND,
                "%s: expected %s = a number, found none", params->name, key);
    SPK_REQUIRE(ctx, e->kind == NUMBER, SPK_ERR_FORMAT,
                "%s: expected %s = a number, found something else", params->name, key);
    *value = e->number;
    return SPK_OK;
}

spk_status spk__params_py_texts(spk_context *ctx, const spk__params_py *params,
                                const char *key, int64_t *n, const char *const **texts)
{
    const entry *e = find_entry(params, key, strlen(key));
    SPK_REQUIRE(ctx, e != NULL, SPK_ERR_NOT_FOUND, "%s: expected %s = a text, found none",
                params->name, key);
    SPK_REQUIRE(ctx, e->kind == TEXTS, SPK_ERR_FORMAT,
                "%s: expected %s = a text or a list of texts, found something else",
                params->name, key);
    for (int64_t k = 0; k < e->n_texts; k++) {
        size_t length = strlen(e->texts[k]);
        SPK_REQUIRE(ctx, spk__utf8_check((const uint8_t *)e->texts[k], length) == length,
                    SPK_ERR_FORMAT, "%s: expected %s in UTF-8, found other bytes",
                    params->name, key);
    }
    *n = e->n_texts;
    *texts = (const char *const *)e->texts;
    return SPK_OK;
}
