/* SPDX-License-Identifier: BSD-3-Clause */
/* Joins the .npz of --shard 1/N .. N/N: the rows of all, and q over the tests of all. */
#include "connect.h"
#include "shard_parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME "connect"

static int fail_part(const shard_part *part, const char *member)
{
    command_say(NAME, "%s: array '%s' is not what --shard writes", part->path, member);
    return COMMAND_FAILED;
}

/* A column of a part as doubles or, for `ids`, integers. */
static int read_column(spk_context *ctx, const shard_part *part, const char *member,
                       int64_t n, double *values, int64_t *ids)
{
    const spk_array *array = NULL;
    spk_status status = spk_npz_array(ctx, part->npz, member, &array);
    if (status != SPK_OK)
        return command_fail(NAME, ctx, status);
    if (array->n_dimensions != 1 || array->n_elements != n)
        return fail_part(part, member);
    status = values != NULL ? spk_array_to_double(ctx, array, values)
                            : spk_array_to_int64(ctx, array, ids);
    return status == SPK_OK ? COMMAND_OK : command_fail(NAME, ctx, status);
}

static int append_part(spk_context *ctx, const shard_part *part, connect_table *table)
{
    const spk_array *array = NULL;
    spk_status status = spk_npz_array(ctx, part->npz, "log_p", &array);
    if (status != SPK_OK)
        return command_fail(NAME, ctx, status);
    const int64_t n = array->n_elements;
    int64_t *ids = malloc(((size_t)n + 1) * sizeof *ids);
    double *values = malloc(((size_t)n + 1) * sizeof *values);
    connect_row *rows =
        realloc(table->rows, ((size_t)(table->n_rows + n) + 1) * sizeof *rows);
    if (rows != NULL)
        table->rows = rows;
    int code = COMMAND_OK;
    if (ids == NULL || values == NULL || rows == NULL) {
        command_say(NAME, "not enough memory");
        code = COMMAND_FAILED;
        goto cleanup;
    }
    connect_row *own = rows + table->n_rows;
    static const char *const names[] = {"source", "target", "sign", "significant"};
    for (int c = 0; c < 4 && code == COMMAND_OK; c++) {
        code = read_column(ctx, part, names[c], n, NULL, ids);
        for (int64_t r = 0; r < n && code == COMMAND_OK; r++) {
            if (c == 0)
                own[r] = (connect_row){.source_id = ids[r]};
            else if (c == 1)
                own[r].target_id = ids[r];
            else if (c == 2)
                own[r].row.sign = ids[r] < 0 ? -1 : 1;
            else
                own[r].row.significant = ids[r] != 0;
        }
    }
    for (const connect_column *c = connect_numbers;
         c->array != NULL && code == COMMAND_OK; c++) {
        code = read_column(ctx, part, c->array, n, values, NULL);
        for (int64_t r = 0; r < n && code == COMMAND_OK; r++)
            memcpy((char *)&own[r] + c->offset, &values[r], sizeof values[r]);
    }
    if (code == COMMAND_OK)
        code = read_column(ctx, part, "n_tests", 1, NULL, ids);
    if (code == COMMAND_OK && (ids[0] < n || ids[0] > INT64_MAX - table->n_tests))
        code = fail_part(part, "n_tests");
    if (code == COMMAND_OK) {
        table->n_tests += ids[0];
        table->n_rows += n;
    }
cleanup:
    free(ids);
    free(values);
    return code;
}

static int read_text(spk_context *ctx, const shard_part *part, const char *member,
                     const spk_array **array, char **text)
{
    const spk_status status = spk_npz_array(ctx, part->npz, member, array);
    if (status != SPK_OK)
        return command_fail(NAME, ctx, status);
    *text = shard_part_text(*array);
    return *text != NULL ? COMMAND_OK : fail_part(part, member);
}

static int join_parts(spk_context *ctx, const shard_part *parts, int64_t n,
                      connect_table *table)
{
    const spk_array *first = NULL, *other = NULL;
    char *text = NULL;
    int code = read_text(ctx, &parts[0], "method", &first, &text);
    if (code != COMMAND_OK)
        return code;
    snprintf(table->method, sizeof table->method, "%s", text);
    free(text);
    if ((code = read_text(ctx, &parts[0], "meta", &first, &table->meta)) != COMMAND_OK)
        return code;
    code = read_column(ctx, &parts[0], "max_p", 1, &table->max_p, NULL);
    for (int64_t i = 1; i < n && code == COMMAND_OK; i++) {
        if (spk_npz_array(ctx, parts[i].npz, "meta", &other) != SPK_OK)
            return fail_part(&parts[i], "meta");
        code = shard_parts_same_meta(NAME, &parts[0], &parts[i], first, other);
    }
    for (int64_t i = 0; i < n && code == COMMAND_OK; i++)
        code = append_part(ctx, &parts[i], table);
    return code;
}

/* q over the tests of all shards. */
static int adjust(spk_context *ctx, connect_table *table)
{
    spk_connection *rows = malloc(((size_t)table->n_rows + 1) * sizeof *rows);
    if (rows == NULL) {
        command_say(NAME, "not enough memory");
        return COMMAND_FAILED;
    }
    for (int64_t r = 0; r < table->n_rows; r++)
        rows[r] = table->rows[r].row;
    const spk_status status =
        spk_connections_adjust(ctx, table->n_tests, rows, table->n_rows);
    for (int64_t r = 0; r < table->n_rows; r++)
        table->rows[r].row.log_q = rows[r].log_q;
    free(rows);
    return status == SPK_OK ? COMMAND_OK : command_fail(NAME, ctx, status);
}

int connect_join(spk_context *ctx, const connect_arguments *arguments,
                 connect_table *table)
{
    shard_part *parts = NULL;
    int code = shard_parts_open(NAME, ctx, &arguments->operands, &parts);
    if (code == COMMAND_OK)
        code = join_parts(ctx, parts, arguments->operands.n, table);
    if (code == COMMAND_OK && !arguments->own_rule &&
        table->max_p < (arguments->all ? 1.0 : arguments->max_q)) {
        command_say(
            NAME,
            "the shards hold tests with p <= %g only: expected %s like theirs, or less",
            table->max_p, arguments->all ? "--all in the shards" : "a --max-q");
        code = COMMAND_FAILED;
    }
    if (code == COMMAND_OK)
        code = adjust(ctx, table);
    shard_parts_close(parts, arguments->operands.n);
    table->shard = table->n_shards = 1;
    return code;
}
