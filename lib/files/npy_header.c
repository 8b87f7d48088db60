/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The header of a .npy file is the text of a Python dictionary with three keys. It is read by
 * a parser of just that: nothing is evaluated. A cursor never passes its end.
 */
#include "files/npy_header.h"

#include "base/check.h"
#include "base/memory.h"
#include "files/array_convert.h"

#include <stdio.h>
#include <string.h>

typedef struct cursor {
    spk_context *ctx;
    const char *name;
    const uint8_t *at;
    const uint8_t *end;
} cursor;

static int machine_is_little(void)
{
    const uint16_t one = 1;
    return *(const uint8_t *)&one == 1;
}

/* The first characters of what was found, for a message. */
static const char *quote(const void *text, size_t n, char quoted[40])
{
    const uint8_t *bytes = text;
    n = n < 32 ? n : 32;
    for (size_t k = 0; k < n; k++)
        quoted[1 + k] = bytes[k] >= ' ' && bytes[k] < 0x7f ? (char)bytes[k] : '?';
    quoted[0] = quoted[1 + n] = '\'';
    quoted[2 + n] = '\0';
    return n > 0 ? quoted : "nothing";
}

static spk_status fail_header(cursor *c, const char *expected)
{
    char quoted[40];
    const char *found = quote(c->at, (size_t)(c->end - c->at), quoted);
    return spk__fail(c->ctx, SPK_ERR_FORMAT, "%s: npy header: expected %s, found %s",
                     c->name, expected, found);
}

static void skip_space(cursor *c)
{
    while (c->at < c->end && (*c->at == ' ' || (*c->at >= '\t' && *c->at <= '\r')))
        c->at++;
}

static int accept(cursor *c, char wanted)
{
    skip_space(c);
    if (c->at == c->end || *c->at != (uint8_t)wanted)
        return 0;
    c->at++;
    return 1;
}

static int accept_word(cursor *c, const char *word)
{
    size_t n = strlen(word);
    skip_space(c);
    if ((size_t)(c->end - c->at) < n || memcmp(c->at, word, n) != 0)
        return 0;
    c->at += n;
    return 1;
}

/* 'text' or "text" without escapes: no key or dtype of ours has any. */
static int accept_string(cursor *c, const char **text, size_t *n)
{
    skip_space(c);
    if (c->at == c->end || (*c->at != '\'' && *c->at != '"'))
        return 0;
    const uint8_t *close = memchr(c->at + 1, *c->at, (size_t)(c->end - c->at - 1));
    if (close == NULL)
        return 0;
    *text = (const char *)c->at + 1;
    *n = (size_t)(close - c->at - 1);
    c->at = close + 1;
    return memchr(*text, '\\', *n) == NULL;
}

/* Digits, with the L of Python 2; 0 if there are none or too many. */
static int accept_integer(cursor *c, int64_t *value)
{
    skip_space(c);
    const uint8_t *start = c->at;
    *value = 0;
    for (; c->at < c->end && *c->at >= '0' && *c->at <= '9'; c->at++)
        if (__builtin_mul_overflow(*value, 10, value) ||
            __builtin_add_overflow(*value, *c->at - '0', value))
            return 0;
    if (c->at == start)
        return 0;
    if (c->at < c->end && *c->at == 'L')
        c->at++;
    return 1;
}

static int32_t dtype_of(char kind, int64_t size)
{
    static const struct {
        char kind;
        int size;
        int32_t dtype;
    } known[] = {{'b', 1, SPK_DTYPE_BOOL},    {'i', 1, SPK_DTYPE_INT8},
                 {'i', 2, SPK_DTYPE_INT16},   {'i', 4, SPK_DTYPE_INT32},
                 {'i', 8, SPK_DTYPE_INT64},   {'u', 1, SPK_DTYPE_UINT8},
                 {'u', 2, SPK_DTYPE_UINT16},  {'u', 4, SPK_DTYPE_UINT32},
                 {'u', 8, SPK_DTYPE_UINT64},  {'f', 2, SPK_DTYPE_FLOAT16},
                 {'f', 4, SPK_DTYPE_FLOAT32}, {'f', 8, SPK_DTYPE_FLOAT64}};
    for (size_t k = 0; k < sizeof known / sizeof known[0]; k++)
        if (known[k].kind == kind && known[k].size == size)
            return known[k].dtype;
    return -1;
}

/* "<i8", "|b1", ">U5" ... */
static spk_status parse_descr(cursor *c, spk_array *array)
{
    const char *text;
    char quoted[40];
    size_t n;
    skip_space(c);
    if (c->at < c->end && (*c->at == '[' || *c->at == '('))
        return spk__fail(
            c->ctx, SPK_ERR_UNSUPPORTED,
            "%s: expected an array of numbers or text, found a structured one", c->name);
    if (!accept_string(c, &text, &n))
        return fail_header(c, "a dtype");

    cursor d = {c->ctx, c->name, (const uint8_t *)text, (const uint8_t *)text + n};
    char order = '=';
    if (n > 0 && strchr("<>|=", text[0]) != NULL) {
        order = text[0];
        d.at++;
    }
    char kind = d.at < d.end ? (char)*d.at++ : '\0';
    int64_t size = 0;
    if (kind == 'O')
        return spk__fail(c->ctx, SPK_ERR_FORMAT,
                         "%s: expected numbers or text, found pickled objects, which are "
                         "never read",
                         c->name);
    if (kind == '?' && d.at == d.end) {
        kind = 'b';
        size = 1;
    } else if (!accept_integer(&d, &size) || d.at != d.end) {
        size = -1;
    }
    if (kind == 'U' && size >= 0 && size <= INT32_MAX / 4)
        array->dtype = SPK_DTYPE_TEXT;
    else if (kind == 'S' && size >= 0 && size <= INT32_MAX)
        array->dtype = SPK_DTYPE_BYTES;
    else
        array->dtype = dtype_of(kind, size);
    if (array->dtype < 0)
        return spk__fail(c->ctx, SPK_ERR_UNSUPPORTED,
                         "%s: expected an array of numbers or text, found dtype %s",
                         c->name, quote(text, n, quoted));
    array->item_size = (int32_t)(kind == 'U' ? 4 * size : size);
    int has_order = kind == 'U' || (kind != 'S' && array->item_size > 1);
    array->swapped = has_order && ((order == '>' && machine_is_little()) ||
                                   (order == '<' && !machine_is_little()));
    return SPK_OK;
}

static spk_status parse_shape(cursor *c, spk_array *array)
{
    if (!accept(c, '('))
        return fail_header(c, "a shape");
    array->n_dimensions = 0;
    while (!accept(c, ')')) {
        int64_t length;
        if (!accept_integer(c, &length))
            return fail_header(c, "a length within int64");
        if (array->n_dimensions == SPK_ARRAY_MAX_DIMENSIONS)
            return spk__fail(c->ctx, SPK_ERR_UNSUPPORTED,
                             "%s: expected at most %d dimensions, found more", c->name,
                             (int)SPK_ARRAY_MAX_DIMENSIONS);
        array->shape[array->n_dimensions++] = length;
        skip_space(c);
        if (!accept(c, ',') && (c->at == c->end || *c->at != ')'))
            return fail_header(c, "',' or ')'");
    }
    return SPK_OK;
}

/* Exactly the keys descr, fortran_order and shape, each once, in any order. */
static spk_status parse_dictionary(cursor *c, spk_array *array)
{
    static const char *const keys[] = {"descr", "fortran_order", "shape"};
    int seen[3] = {0, 0, 0};
    if (!accept(c, '{'))
        return fail_header(c, "'{'");
    while (!accept(c, '}')) {
        const char *text;
        char quoted[40];
        size_t n;
        int k = 0;
        if (!accept_string(c, &text, &n))
            return fail_header(c, "a key");
        while (k < 3 && (n != strlen(keys[k]) || memcmp(text, keys[k], n) != 0))
            k++;
        if (k == 3 || seen[k]++)
            return spk__fail(
                c->ctx, SPK_ERR_FORMAT,
                "%s: npy header: expected descr, fortran_order and shape once "
                "each, found %s%s",
                c->name, quote(text, n, quoted), k == 3 ? "" : " again");
        if (!accept(c, ':'))
            return fail_header(c, "':'");
        spk_status status = SPK_OK;
        if (k == 0)
            status = parse_descr(c, array);
        else if (k == 2)
            status = parse_shape(c, array);
        else if (accept_word(c, "True"))
            array->fortran_order = 1;
        else if (!accept_word(c, "False"))
            status = fail_header(c, "True or False");
        if (status != SPK_OK)
            return status;
        skip_space(c);
        if (!accept(c, ',') && (c->at == c->end || *c->at != '}'))
            return fail_header(c, "',' or '}'");
    }
    for (int k = 0; k < 3; k++)
        if (!seen[k])
            return spk__fail(c->ctx, SPK_ERR_FORMAT,
                             "%s: npy header: expected the key %s, found none", c->name,
                             keys[k]);
    skip_space(c);
    return c->at == c->end ? SPK_OK : fail_header(c, "nothing after '}'");
}

/* Magic, version and length; leaves the cursor around the dictionary. */
static spk_status parse_preamble(cursor *c, const uint8_t *bytes, size_t n_bytes)
{
    if (n_bytes < 6 || memcmp(bytes, "\x93NUMPY", 6) != 0)
        return spk__fail(c->ctx, SPK_ERR_FORMAT,
                         "%s: expected a .npy file, found other bytes", c->name);
    if (n_bytes >= 8 && (bytes[6] < 1 || bytes[6] > 3 || bytes[7] != 0))
        return spk__fail(c->ctx, SPK_ERR_UNSUPPORTED,
                         "%s: expected npy version 1.0, 2.0 or 3.0, found %d.%d", c->name,
                         bytes[6], bytes[7]);
    size_t start = n_bytes >= 8 && bytes[6] == 1 ? 10 : 12;
    size_t length = 0;
    if (n_bytes >= start) {
        length = bytes[8] | (size_t)bytes[9] << 8;
        if (start == 12)
            length |= (size_t)bytes[10] << 16 | (size_t)bytes[11] << 24;
    }
    if (length > SPK__NPY_HEADER_LIMIT)
        return spk__fail(c->ctx, SPK_ERR_FORMAT,
                         "%s: expected an npy header of at most %d bytes, found %zu",
                         c->name, SPK__NPY_HEADER_LIMIT, length);
    if (n_bytes < start || n_bytes - start < length)
        return spk__fail(
            c->ctx, SPK_ERR_FORMAT,
            "%s: expected an npy header of %zu bytes, found a file of %zu bytes", c->name,
            start + length, n_bytes);
    c->at = bytes + start;
    c->end = c->at + length;
    return SPK_OK;
}

spk_status spk__npy_parse(spk_context *ctx, const char *name, const uint8_t *bytes,
                          size_t n_bytes, spk_array *out)
{
    cursor c = {.ctx = ctx, .name = name};
    spk_array found = {0}, array;
    spk_status status;
    if ((status = parse_preamble(&c, bytes, n_bytes)) != SPK_OK ||
        (status = parse_dictionary(&c, &found)) != SPK_OK)
        return status;
    if (spk__array_describe(NULL, found.dtype, found.item_size, found.n_dimensions,
                            found.shape, &array) != SPK_OK)
        return spk__fail(ctx, SPK_ERR_OVERFLOW,
                         "%s: expected an array of fewer than 2^63 bytes, found more",
                         name);
    size_t needed = spk__array_bytes(&array), there = (size_t)(bytes + n_bytes - c.end);
    if (there < needed)
        return spk__fail(ctx, SPK_ERR_FORMAT,
                         "%s: expected %zu bytes of data, found %zu (truncated?)", name,
                         needed, there);
    array.fortran_order = found.fortran_order;
    array.swapped = found.swapped;
    array.data = c.end;
    *out = array;
    return SPK_OK;
}

spk_status spk__npy_parse_aligned(spk_context *ctx, const char *name,
                                  const uint8_t *bytes, size_t n_bytes, spk_array *array,
                                  void **copy)
{
    *copy = NULL;
    spk_status status = spk__npy_parse(ctx, name, bytes, n_bytes, array);
    if (status != SPK_OK)
        return status;
    size_t alignment = (size_t)spk_dtype_size(array->dtype);
    if (alignment == 0)
        alignment = array->dtype == SPK_DTYPE_TEXT ? 4 : 1;
    if ((uintptr_t)array->data % alignment == 0 || spk__array_bytes(array) == 0)
        return SPK_OK;
    void *block = spk__alloc(ctx, (int64_t)spk__array_bytes(array), 1);
    if (block == NULL)
        return spk__fail_memory(ctx);
    memcpy(block, array->data, spk__array_bytes(array));
    array->data = block;
    *copy = block;
    return SPK_OK;
}

size_t spk__npy_format_header(const spk_array *array, char header[SPK__NPY_HEADER_SIZE])
{
    static const char kinds[] = "biiiiuuuufffUS";
    int has_order = array->dtype == SPK_DTYPE_TEXT || spk_dtype_size(array->dtype) > 1;
    int size = array->dtype == SPK_DTYPE_TEXT ? array->item_size / 4 : array->item_size;
    char descr[24];
    snprintf(descr, sizeof descr, "%c%c%d",
             !has_order            ? '|'
             : machine_is_little() ? '<'
                                   : '>',
             kinds[array->dtype], size);

    char *text = header + 10;
    const size_t room = SPK__NPY_HEADER_SIZE - 10;
    int used =
        snprintf(text, room, "{'descr': '%s', 'fortran_order': False, 'shape': (", descr);
    for (int32_t d = 0; d < array->n_dimensions; d++)
        used += snprintf(text + used, room - (size_t)used, d == 0 ? "%lld" : ", %lld",
                         (long long)array->shape[d]);
    used += snprintf(text + used, room - (size_t)used,
                     array->n_dimensions == 1 ? ",), }" : "), }");
    size_t total = (10 + (size_t)used + 1 + 63) / 64 * 64, length = total - 10;
    memset(text + used, ' ', length - (size_t)used - 1);
    text[length - 1] = '\n';
    memcpy(header, "\x93NUMPY\x01\x00", 8);
    header[8] = (char)(length & 255);
    header[9] = (char)(length >> 8);
    return total;
}
