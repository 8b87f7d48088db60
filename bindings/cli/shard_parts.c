/* SPDX-License-Identifier: BSD-3-Clause */
#include "shard_parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    MISSING_SHOWN = 8
};

static int compare_parts(const void *a, const void *b)
{
    const shard_part *x = a, *y = b;
    return (x->shard > y->shard) - (x->shard < y->shard);
}

int shard_part_has(const shard_part *p, const char *member)
{
    for (int64_t m = 0; m < spk_npz_n_members(p->npz); m++)
        if (strcmp(spk_npz_name(p->npz, m), member) == 0)
            return 1;
    return 0;
}

/* A member that is two integers. */
static int read_two(const char *name, spk_context *ctx, const shard_part *p,
                    const char *member, int64_t values[2])
{
    const spk_array *array = NULL;
    if (!shard_part_has(p, member)) {
        command_say(name, "%s: expected a file of --shard, found no array '%s'", p->path,
                    member);
        return COMMAND_FAILED;
    }
    spk_status status = spk_npz_array(ctx, p->npz, member, &array);
    if (status == SPK_OK && array->n_elements != 2) {
        command_say(name, "%s: %s: expected 2 elements, found %lld", p->path, member,
                    (long long)array->n_elements);
        return COMMAND_FAILED;
    }
    if (status == SPK_OK)
        status = spk_array_to_int64(ctx, array, values);
    return status == SPK_OK ? COMMAND_OK : command_fail(name, ctx, status);
}

static int open_part(const char *name, spk_context *ctx, shard_part *p)
{
    const spk_status status = spk_npz_open(ctx, p->path, &p->npz);
    if (status != SPK_OK)
        return command_fail(name, ctx, status);
    int64_t values[2] = {0, 0};
    int code = read_two(name, ctx, p, "shard", values);
    p->shard = values[0];
    p->n_shards = values[1];
    if (code == COMMAND_OK)
        code = read_two(name, ctx, p, "rows", values);
    p->first = values[0];
    p->last = values[1];
    return code;
}

/* Whether the shards are 1 .. N, each once; names those that are missing. Parts are sorted. */
static int check_complete(const char *name, const shard_part *parts, int64_t n)
{
    const int64_t n_shards = parts[0].n_shards;
    for (int64_t i = 0; i < n; i++) {
        if (parts[i].n_shards != n_shards) {
            command_say(name, "%s is shard %lld of %lld, but %s is shard %lld of %lld",
                        parts[0].path, (long long)parts[0].shard, (long long)n_shards,
                        parts[i].path, (long long)parts[i].shard,
                        (long long)parts[i].n_shards);
            return COMMAND_FAILED;
        }
        if (i > 0 && parts[i].shard == parts[i - 1].shard) {
            command_say(name, "shard %lld is there twice: %s and %s",
                        (long long)parts[i].shard, parts[i - 1].path, parts[i].path);
            return COMMAND_FAILED;
        }
    }
    char missing[256];
    size_t used = 0;
    int64_t n_missing = 0;
    for (int64_t k = 1, i = 0; k <= n_shards && n_missing <= n_shards - n; k++) {
        if (i < n && parts[i].shard == k) {
            i++;
            continue;
        }
        if (n_missing++ < MISSING_SHOWN)
            used += (size_t)snprintf(missing + used, sizeof missing - used, "%s%lld",
                                     n_missing > 1 ? ", " : "", (long long)k);
        if (n_missing > MISSING_SHOWN)
            break;
    }
    if (n_missing > 0) {
        command_say(name, "shards missing of %lld: %s%s", (long long)n_shards, missing,
                    n_missing > MISSING_SHOWN ? ", ..." : "");
        return COMMAND_FAILED;
    }
    for (int64_t i = 0; i < n; i++) {
        if (parts[i].first != (i == 0 ? 0 : parts[i - 1].last) ||
            parts[i].last < parts[i].first) {
            command_say(name, "%s: expected rows from %lld on, found %lld to %lld",
                        parts[i].path, (long long)(i == 0 ? 0 : parts[i - 1].last),
                        (long long)parts[i].first, (long long)parts[i].last);
            return COMMAND_FAILED;
        }
    }
    return COMMAND_OK;
}

char *shard_part_text(const spk_array *array)
{
    if (array->dtype != SPK_DTYPE_TEXT || array->n_elements != 1 || array->swapped ||
        array->item_size % 4 != 0)
        return NULL;
    const size_t n = (size_t)array->item_size / 4;
    char *text = malloc(4 * n + 1);
    size_t used = 0;
    for (size_t i = 0; text != NULL && i < n; i++) {
        uint32_t c = 0;
        memcpy(&c, (const char *)array->data + 4 * i, 4);
        if (c == 0)
            break;
        if (c < 0x80) {
            text[used++] = (char)c;
        } else if (c < 0x800) {
            text[used++] = (char)(0xc0 | c >> 6);
            text[used++] = (char)(0x80 | (c & 0x3f));
        } else if (c < 0x10000) {
            text[used++] = (char)(0xe0 | c >> 12);
            text[used++] = (char)(0x80 | (c >> 6 & 0x3f));
            text[used++] = (char)(0x80 | (c & 0x3f));
        } else {
            text[used++] = (char)(0xf0 | (c >> 18 & 0x07));
            text[used++] = (char)(0x80 | (c >> 12 & 0x3f));
            text[used++] = (char)(0x80 | (c >> 6 & 0x3f));
            text[used++] = (char)(0x80 | (c & 0x3f));
        }
    }
    if (text != NULL)
        text[used] = '\0';
    return text;
}

/* The JSON key before the place where two texts part, "bin_ms" say. */
static void name_difference(const char *a, const char *b, char key[48])
{
    size_t at = 0;
    while (a[at] != '\0' && a[at] == b[at])
        at++;
    /* Back to the last `"key":` that starts before the difference. */
    for (size_t i = at; i > 0; i--) {
        if (a[i - 1] != ':' || i < 3 || a[i - 2] != '"')
            continue;
        size_t start = i - 2;
        while (start > 0 && a[start - 1] != '"')
            start--;
        snprintf(key, 48, "%.*s", (int)(i - 2 - start), a + start);
        return;
    }
    snprintf(key, 48, "meta");
}

int shard_parts_same_meta(const char *name, const shard_part *a, const shard_part *b,
                          const spk_array *x, const spk_array *y)
{
    char key[48] = "meta";
    char *text_x = shard_part_text(x), *text_y = shard_part_text(y);
    int same = 0;
    if (text_x != NULL && text_y != NULL) {
        same = strcmp(text_x, text_y) == 0;
        if (!same)
            name_difference(text_x, text_y, key);
    }
    free(text_x);
    free(text_y);
    if (same)
        return COMMAND_OK;
    command_say(name, "%s and %s do not belong together: they differ in %s", a->path,
                b->path, key);
    return COMMAND_FAILED;
}

int shard_parts_open(const char *name, spk_context *ctx, const operand_list *paths,
                     shard_part **parts)
{
    *parts = NULL;
    if (paths->n == 0)
        return command_fail_usage(name, "--join: the files of the shards are missing");
    *parts = calloc((size_t)paths->n, sizeof **parts);
    if (*parts == NULL) {
        command_say(name, "not enough memory");
        return COMMAND_FAILED;
    }
    int code = COMMAND_OK;
    for (int64_t i = 0; i < paths->n && code == COMMAND_OK; i++) {
        (*parts)[i].path = paths->items[i];
        code = open_part(name, ctx, &(*parts)[i]);
    }
    if (code != COMMAND_OK)
        return code;
    qsort(*parts, (size_t)paths->n, sizeof **parts, compare_parts);
    return check_complete(name, *parts, paths->n);
}

void shard_parts_close(shard_part *parts, int64_t n)
{
    for (int64_t i = 0; i < n && parts != NULL; i++)
        spk_npz_close(parts[i].npz);
    free(parts);
}
