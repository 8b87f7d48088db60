/* SPDX-License-Identifier: BSD-3-Clause */
/* Joins the files of --shard 1/N .. N/N. Only counts and values are cut by rows; everything
 * else is the same in every shard, or the shards do not belong together. */
#include "correlogram_request.h"
#include "shard_parts.h"

#include <spikekit/array.h>
#include <stdlib.h>
#include <string.h>

static const char NAME[] = "correlogram";

enum {
    BLOCK_BYTES = 1 << 20,
    COMPRESS_LEVEL = 6
};

/* Whether a member is cut by rows. */
static int is_cut(const char *member)
{
    return strcmp(member, "counts") == 0 || strcmp(member, "values") == 0;
}

static int is_of_shard(const char *member)
{
    return strcmp(member, "rows") == 0 || strcmp(member, "shard") == 0;
}

static int fail_apart(const shard_part *a, const shard_part *b, const char *member)
{
    command_say(NAME, "%s and %s do not belong together: they differ in %s", a->path,
                b->path, member);
    return COMMAND_FAILED;
}

/* Whether a member of the first part agrees with that of another. */
static int check_member(spk_context *ctx, const shard_part *a, const shard_part *b,
                        const char *member)
{
    const spk_array *x = NULL, *y = NULL;
    if (!shard_part_has(b, member))
        return fail_apart(a, b, member);
    spk_status status = spk_npz_array(ctx, a->npz, member, &x);
    if (status == SPK_OK)
        status = spk_npz_array(ctx, b->npz, member, &y);
    if (status != SPK_OK)
        return command_fail(NAME, ctx, status);
    if (strcmp(member, "meta") == 0)
        return shard_parts_same_meta(NAME, a, b, x, y);
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

static spk_status join_rows(spk_context *ctx, const shard_part *parts, int64_t n,
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

static spk_status write_joined(spk_context *ctx, const shard_part *parts, int64_t n,
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
            char *text = shard_part_text(array);
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
    shard_part *parts = NULL;
    spk_npz_writer *writer = NULL;
    int code = shard_parts_open(NAME, ctx, &arguments->operands, &parts);
    /* The meta of all parts first: it says best what is different. */
    for (int64_t i = 0; i < n && code == COMMAND_OK; i++)
        code = check_member(ctx, &parts[0], &parts[i], "meta");
    for (int64_t i = 0; i < n && code == COMMAND_OK; i++)
        for (int64_t m = 0; m < spk_npz_n_members(parts[0].npz) && code == COMMAND_OK;
             m++)
            code = check_member(ctx, &parts[0], &parts[i], spk_npz_name(parts[0].npz, m));
    if (code == COMMAND_OK && !shard_part_has(&parts[0], "counts")) {
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
    shard_parts_close(parts, n);
    return code;
}
