/* SPDX-License-Identifier: BSD-3-Clause */
#define _XOPEN_SOURCE 700 /* lstat, access, unlink */
/*
 * Each file is written beside its place; when all are whole they are renamed. A name that is
 * taken is found out before anything is written.
 */
#include "base/check.h"
#include "base/memory.h"
#include "files/folder.h"
#include "files/map.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <spikekit/session.h>
#include <spikekit/table.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    NAME_SIZE = 256
};

typedef struct column_files {
    char **paths;  /* [n] cluster_<field>.tsv */
    char **staged; /* [n] where each is written first */
    int64_t n;
} column_files;

static void free_files(column_files *files)
{
    for (int64_t c = 0; c < files->n; c++) {
        if (files->paths != NULL)
            spk__free(files->paths[c]);
        if (files->staged != NULL)
            spk__free(files->staged[c]);
    }
    spk__free(files->paths);
    spk__free(files->staged);
}

static spk_status name_files(spk_context *ctx, const char *folder,
                             const char *const *fields, column_files *files)
{
    files->paths = spk__alloc_zero(ctx, files->n, sizeof *files->paths);
    files->staged = spk__alloc_zero(ctx, files->n, sizeof *files->staged);
    if (files->paths == NULL || files->staged == NULL)
        return spk__fail_memory(ctx);
    for (int64_t c = 0; c < files->n; c++) {
        char name[NAME_SIZE];
        snprintf(name, sizeof name, "cluster_%s.tsv", fields[c]);
        files->paths[c] = spk__path_join(ctx, folder, name);
        snprintf(name, sizeof name, ".part-cluster_%s.tsv", fields[c]);
        files->staged[c] = spk__path_join(ctx, folder, name);
        if (files->paths[c] == NULL || files->staged[c] == NULL)
            return spk__fail_memory(ctx);
    }
    return SPK_OK;
}

/* phy takes a column's name from the header, other readers from the file. */
static spk_status check_field(spk_context *ctx, const char *const *fields, int64_t c)
{
    const char *field = fields[c];
    SPK_REQUIRE(ctx, field != NULL, SPK_ERR_ARGUMENT, "fields[%" PRId64 "] is NULL", c);
    const size_t length = strlen(field);
    int is_word = length > 0 && length <= 200;
    for (size_t k = 0; k < length; k++)
        is_word &= isalnum((unsigned char)field[k]) || field[k] == '_';
    SPK_REQUIRE(ctx, is_word, SPK_ERR_ARGUMENT,
                "fields[%" PRId64 "] must be 1 to 200 letters, digits and _, got '%.80s'",
                c, field);
    SPK_REQUIRE(ctx, strcmp(field, "info") != 0 && strcmp(field, "id") != 0,
                SPK_ERR_ARGUMENT, "fields[%" PRId64 "]: phy passes over '%s'", c, field);
    for (int64_t other = 0; other < c; other++)
        SPK_REQUIRE(ctx, strcmp(fields[other], field) != 0, SPK_ERR_ARGUMENT,
                    "fields must be distinct, got '%s' twice", field);
    return SPK_OK;
}

static spk_status write_column(spk_context *ctx, const char *path, const char *field,
                               int64_t n_units, const int64_t *unit_ids,
                               const char *const *texts)
{
    const char *const names[] = {"cluster_id", field};
    spk_table *table = NULL;
    spk_status status = spk_table_create(ctx, 2, names, &table);
    for (int64_t u = 0; u < n_units && status == SPK_OK; u++) {
        char id[24];
        snprintf(id, sizeof id, "%" PRId64, unit_ids == NULL ? u : unit_ids[u]);
        const char *const cells[] = {id, texts[u] == NULL ? "" : texts[u]};
        status = spk_table_append(ctx, table, cells);
    }
    if (status == SPK_OK)
        status = spk_table_write(ctx, path, table);
    spk_table_destroy(table);
    return status;
}

spk_status spk_phy_write_columns(spk_context *ctx, const char *folder, int64_t n_units,
                                 const int64_t *unit_ids, int64_t n_columns,
                                 const char *const *fields, const char *const *texts,
                                 int32_t overwrite)
{
    SPK_REQUIRE(ctx, folder != NULL, SPK_ERR_ARGUMENT, "folder is NULL");
    SPK_REQUIRE(ctx, n_units >= 0 && n_columns >= 0, SPK_ERR_ARGUMENT,
                "n_units and n_columns must be >= 0, got %" PRId64 " and %" PRId64,
                n_units, n_columns);
    SPK_REQUIRE(ctx,
                n_columns == 0 || (fields != NULL && (texts != NULL || n_units == 0)),
                SPK_ERR_ARGUMENT, "fields and texts must not be NULL");
    spk_status status = SPK_OK;
    for (int64_t c = 0; c < n_columns; c++)
        if ((status = check_field(ctx, fields, c)) != SPK_OK)
            return status;

    struct stat about;
    column_files files = {.n = n_columns};
    int64_t n_written = 0;
    if ((status = name_files(ctx, folder, fields, &files)) != SPK_OK)
        goto cleanup;
    if (access(folder, W_OK | X_OK) != 0) {
        status = spk__fail_errno(ctx, folder, errno);
        goto cleanup;
    }
    for (int64_t c = 0; c < n_columns; c++)
        if (lstat(files.paths[c], &about) == 0 &&
            (!overwrite || S_ISDIR(about.st_mode))) {
            status = spk__fail_errno(ctx, files.paths[c], overwrite ? EISDIR : EEXIST);
            goto cleanup;
        }
    for (; n_written < n_columns && status == SPK_OK; n_written++)
        status =
            write_column(ctx, files.staged[n_written], fields[n_written], n_units,
                         unit_ids, texts == NULL ? NULL : texts + n_written * n_units);
    for (int64_t c = 0; c < n_columns && status == SPK_OK; c++)
        if (rename(files.staged[c], files.paths[c]) != 0)
            status = spk__fail_errno(ctx, files.paths[c], errno);
    for (int64_t c = 0; c < n_written && status != SPK_OK; c++)
        unlink(files.staged[c]);
cleanup:
    free_files(&files);
    return status;
}
