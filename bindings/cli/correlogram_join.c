/* SPDX-License-Identifier: BSD-3-Clause */
/* Joins the files of --shard 1/N .. N/N. Only counts and values are cut by rows; everything
 * else is the same in every shard, or the shards do not belong together. */
#include "correlogram_request.h"

#include <spikekit/array.h>
#include <stdlib.h>
#include <string.h>

static const char NAME[] = "correlogram";

enum {
    BLOCK_BYTES = 1 << 20,
    COMPRESS_LEVEL = 6,
    MISSING_SHOWN = 8
};

typedef struct part {
    const char *path;
    spk_npz *npz;
    int64_t shard, n_shards;
    int64_t first, last;
} part;

static int compare_parts(const void *a, const void *b)
{
    const part *x = a, *y = b;
    return (x->shard > y->shard) - (x->shard < y->shard);
}

static int has_member(const part *p, const char *member)
{
    for (int64_t m = 0; m < spk_npz_n_members(p->npz); m++)
        if (strcmp(spk_npz_name(p->npz, m), member) == 0)
            return 1;
    return 0;
}

/* A member that is two integers. */
static int read_two(spk_context *ctx, const part *p, const char *member,
                    int64_t values[2])
{
    const spk_array *array = NULL;
    if (!has_member(p, member)) {
        command_say(NAME, "%s: expected a file of --shard, found no array '%s'", p->path,
                    member);
        return COMMAND_FAILED;
    }
    spk_status status = spk_npz_array(ctx, p->npz, member, &array);
    if (status == SPK_OK && array->n_elements != 2) {
        command_say(NAME, "%s: %s: expected 2 elements, found %lld", p->path, member,
                    (long long)array->n_elements);
        return COMMAND_FAILED;
    }
    if (status == SPK_OK)
        status = spk_array_to_int64(ctx, array, values);
    return status == SPK_OK ? COMMAND_OK : command_fail(NAME, ctx, status);
}

static int open_part(spk_context *ctx, part *p)
{
    const spk_status status = spk_npz_open(ctx, p->path, &p->npz);
    if (status != SPK_OK)
        return command_fail(NAME, ctx, status);
    int64_t values[2] = {0, 0};
    int code = read_two(ctx, p, "shard", values);
    p->shard = values[0];
    p->n_shards = values[1];
    if (code == COMMAND_OK)
        code = read_two(ctx, p, "rows", values);
    p->first = values[0];
    p->last = values[1];
    return code;
}

/* Whether the shards are 1 .. N, each once; names those that are missing. Parts are sorted. */
static int check_complete(const part *parts, int64_t n)
{
    const int64_t n_shards = parts[0].n_shards;
    for (int64_t i = 0; i < n; i++) {
        if (parts[i].n_shards != n_shards) {
            command_say(NAME, "%s is shard %lld of %lld, but %s is shard %lld of %lld",
                        parts[0].path, (long long)parts[0].shard, (long long)n_shards,
                        parts[i].path, (long long)parts[i].shard,
                        (long long)parts[i].n_shards);
            return COMMAND_FAILED;
        }
        if (i > 0 && parts[i].shard == parts[i - 1].shard) {
            command_say(NAME, "shard %lld is there twice: %s and %s",
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
        command_say(NAME, "shards missing of %lld: %s%s", (long long)n_shards, missing,
                    n_missing > MISSING_SHOWN ? ", ..." : "");
        return COMMAND_FAILED;
    }
    for (int64_t i = 0; i < n; i++) {
        if (parts[i].first != (i == 0 ? 0 : parts[i - 1].last) ||
            parts[i].last < parts[i].first) {
            command_say(NAME, "%s: expected rows from %lld on, found %lld to %lld",
                        parts[i].path, (long long)(i == 0 ? 0 : parts[i - 1].last),
                        (long long)parts[i].first, (long long)parts[i].last);
            return COMMAND_FAILED;
        }
    }
    return COMMAND_OK;
}

/* The UTF-8 of a numpy text scalar (UCS-4); the caller frees. NULL if it is none. */
static char *read_text(const spk_array *array)
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

static int check_meta(const part *a, const part *b, const spk_array *x,
                      const spk_array *y)
{
    char key[48] = "meta";
    char *text_x = read_text(x), *text_y = read_text(y);
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
    command_say(NAME, "%s and %s do not belong together: they differ in %s", a->path,
                b->path, key);
    return COMMAND_FAILED;
}

/* Whether a member is cut by rows. */
static int is_cut(const char *member)
{
    return strcmp(member, "counts") == 0 || strcmp(member, "values") == 0;
}

static int is_of_shard(const char *member)
{
    return strcmp(member, "rows") == 0 || strcmp(member, "shard") == 0;
}

static int fail_apart(const part *a, const part *b, const char *member)
{
    command_say(NAME, "%s and %s do not belong together: they differ in %s", a->path,
                b->path, member);
    return COMMAND_FAILED;
}

/* Whether a member of the first part agrees with that of another. */
static int check_member(spk_context *ctx, const part *a, const part *b,
                        const char *member)
{
    const spk_array *x = NULL, *y = NULL;
    if (!has_member(b, member))
        return fail_apart(a, b, member);
    spk_status status = spk_npz_array(ctx, a->npz, member, &x);
    if (status == SPK_OK)
        status = spk_npz_array(ctx, b->npz, member, &y);
    if (status != SPK_OK)
        return command_fail(NAME, ctx, status);
    if (strcmp(member, "meta") == 0)
        return check_meta(a, b, x, y);
    int same = x->dtype == y->dtype && x->n_dimensions == y->n_dimensions &&
               x->item_size == y->item_size && x->n_dimensions > 0 && !x->fortran_order &&
               !y->fortran_order && !x->swapped && !y->swapped;
    if (same && is_cut(member)) {
        for (int d = 1; d < SPK_ARRAY_MAX_DIMENSIONS; d++)
            same = same && x->shape[d] == y->shape[d];
        same = same && y->shape[0] == b->last - b->first;
    } else if (same && !is_of_shard(member)) {
        same =
            x->n_elements == y->n_elements &&
            (x->n_elements == 0 ||
             memcmp(x->data, y->data, (size_t)x->n_elements * (size_t)x->item_size) == 0);
    }
    return same ? COMMAND_OK : fail_apart(a, b, member);
}

#define TRY(call)                                                                        \
    do {                                                                                 \
        if ((status = (call)) != SPK_OK)                                                 \
            return status;                                                               \
    } while (0)

static spk_status join_rows(spk_context *ctx, const part *parts, int64_t n,
                            const char *member, const spk_array *first,
                            spk_npz_writer *writer)
{
    spk_status status = SPK_OK;
    int64_t shape[SPK_ARRAY_MAX_DIMENSIONS];
    memcpy(shape, first->shape, sizeof shape);
    shape[0] = parts[n - 1].last;
    TRY(spk_npz_writer_begin(ctx, writer, member, first->dtype, first->n_dimensions,
                             shape));
    for (int64_t i = 0; i < n; i++) {
        const spk_array *array = NULL;
        TRY(spk_npz_array(ctx, parts[i].npz, member, &array));
        const size_t n_bytes = (size_t)array->n_elements * (size_t)array->item_size;
        for (size_t at = 0; at < n_bytes; at += BLOCK_BYTES) {
            if (command_interrupted())
                return SPK_ERR_CANCELLED;
            TRY(spk_npz_writer_append(ctx, writer, (const char *)array->data + at,
                                      n_bytes - at < BLOCK_BYTES ? n_bytes - at
                                                                 : BLOCK_BYTES));
        }
    }
    return SPK_OK;
}

static spk_status write_joined(spk_context *ctx, const part *parts, int64_t n,
                               spk_npz_writer *writer)
{
    spk_status status = SPK_OK;
    for (int64_t m = 0; m < spk_npz_n_members(parts[0].npz); m++) {
        const char *member = spk_npz_name(parts[0].npz, m);
        const spk_array *array = NULL;
        if (is_of_shard(member))
            continue;
        TRY(spk_npz_array(ctx, parts[0].npz, member, &array));
        if (is_cut(member)) {
            TRY(join_rows(ctx, parts, n, member, array, writer));
        } else if (strcmp(member, "meta") == 0) {
            char *text = read_text(array);
            if (text == NULL)
                return SPK_ERR_MEMORY;
            status = spk_npz_writer_add_text(ctx, writer, member, text);
            free(text);
            if (status != SPK_OK)
                return status;
        } else {
            TRY(spk_npz_writer_add(ctx, writer, member, array));
        }
    }
    if (command_interrupted())
        return SPK_ERR_CANCELLED;
    return spk_npz_writer_finish(ctx, writer);
}

int correlogram_join(spk_context *ctx, const correlogram_arguments *arguments)
{
    const int64_t n = arguments->operands.n;
    if (n == 0)
        return command_fail_usage(NAME, "--join: the files of the shards are missing");
    part *parts = calloc((size_t)n, sizeof *parts);
    if (parts == NULL) {
        command_say(NAME, "not enough memory");
        return COMMAND_FAILED;
    }
    int code = COMMAND_OK;
    spk_npz_writer *writer = NULL;
    for (int64_t i = 0; i < n && code == COMMAND_OK; i++) {
        parts[i].path = arguments->operands.items[i];
        code = open_part(ctx, &parts[i]);
    }
    if (code == COMMAND_OK) {
        qsort(parts, (size_t)n, sizeof *parts, compare_parts);
        code = check_complete(parts, n);
    }
    /* The meta of all parts first: it says best what is different. */
    for (int64_t i = 0; i < n && code == COMMAND_OK; i++)
        code = check_member(ctx, &parts[0], &parts[i], "meta");
    for (int64_t i = 0; i < n && code == COMMAND_OK; i++)
        for (int64_t m = 0; m < spk_npz_n_members(parts[0].npz) && code == COMMAND_OK;
             m++)
            code = check_member(ctx, &parts[0], &parts[i], spk_npz_name(parts[0].npz, m));
    if (code == COMMAND_OK && !has_member(&parts[0], "counts")) {
        command_say(NAME, "%s: expected an array 'counts', found none", parts[0].path);
        code = COMMAND_FAILED;
    }
    if (code == COMMAND_OK) {
        spk_status status = spk_npz_writer_create(
            ctx, arguments->output, arguments->compress ? COMPRESS_LEVEL : 0, &writer);
        if (status == SPK_OK)
            status = write_joined(ctx, parts, n, writer);
        if (status != SPK_OK)
            code = command_fail(NAME, ctx, status);
    }
    spk_npz_writer_destroy(writer);
    for (int64_t i = 0; i < n; i++)
        spk_npz_close(parts[i].npz);
    free(parts);
    return code;
}
