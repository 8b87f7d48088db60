/* SPDX-License-Identifier: BSD-3-Clause */
#define _XOPEN_SOURCE 700 /* realpath, pwrite */
#include "files/write_file.h"

#include "base/check.h"
#include "base/memory.h"
#include "files/map.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    BUFFER_SIZE = 1 << 20,
    SUFFIX_SIZE = 48,
    N_PART_NAMES = 100
};

struct spk__write_file {
    int fd;
    int in_place;    /* a device: no part file, no rename */
    char *path;      /* as asked for: messages name it */
    char *target;    /* the path behind symbolic links */
    char *part;      /* what is written until finish */
    int64_t flushed; /* bytes the system has */
    size_t used;     /* bytes in the buffer */
    uint8_t *buffer; /* [BUFFER_SIZE] */
};

static void release(spk__write_file *file)
{
    spk__free(file->path);
    spk__free(file->target);
    spk__free(file->part);
    spk__free(file->buffer);
    spk__free(file);
}

static spk_status open_part(spk_context *ctx, spk__write_file *file)
{
    const int flags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC;
    size_t size = strlen(file->target) + SUFFIX_SIZE;
    file->part = spk__alloc(ctx, (int64_t)size, 1);
    if (file->part == NULL)
        return spk__fail_memory(ctx);
    /* A name may be left over from a crash, or in use by another thread of this process. */
    for (int k = 0; k < N_PART_NAMES; k++) {
        if (k == 0)
            snprintf(file->part, size, "%s.part-%ld", file->target, (long)getpid());
        else
            snprintf(file->part, size, "%s.part-%ld-%d", file->target, (long)getpid(), k);
        file->fd = open(file->part, flags, 0666);
        if (file->fd >= 0)
            return SPK_OK;
        if (errno != EEXIST)
            break;
    }
    return spk__fail_errno(ctx, file->path, errno);
}

static spk_status open_target(spk_context *ctx, const char *path, spk__write_file *file)
{
    char resolved[PATH_MAX];
    struct stat about;
    const char *target = path;
    int exists = stat(path, &about) == 0;

    file->path = spk__strdup(ctx, path);
    if (file->path == NULL)
        return spk__fail_memory(ctx);
    if (exists && S_ISDIR(about.st_mode))
        return spk__fail_errno(ctx, path, EISDIR);
    if (exists && !S_ISREG(about.st_mode)) {
        file->in_place = 1;
        file->fd = open(path, O_WRONLY | O_CLOEXEC);
        return file->fd >= 0 ? SPK_OK : spk__fail_errno(ctx, path, errno);
    }
    if (exists && lstat(path, &about) == 0 && S_ISLNK(about.st_mode) &&
        realpath(path, resolved) != NULL)
        target = resolved;
    file->target = spk__strdup(ctx, target);
    if (file->target == NULL)
        return spk__fail_memory(ctx);
    return open_part(ctx, file);
}

spk_status spk__write_open(spk_context *ctx, const char *path, spk__write_file **out)
{
    *out = NULL;
    spk__write_file *file = spk__alloc_zero(ctx, 1, sizeof *file);
    if (file == NULL)
        return spk__fail_memory(ctx);
    file->fd = -1;
    file->buffer = spk__alloc(ctx, BUFFER_SIZE, 1);
    spk_status status =
        file->buffer == NULL ? spk__fail_memory(ctx) : open_target(ctx, path, file);
    if (status != SPK_OK) {
        release(file);
        return status;
    }
    *out = file;
    return SPK_OK;
}

static spk_status flush(spk_context *ctx, spk__write_file *file, const uint8_t *data,
                        size_t n_bytes)
{
    while (n_bytes > 0) {
        size_t piece = n_bytes < (1u << 30) ? n_bytes : 1u << 30;
        ssize_t n = write(file->fd, data, piece);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return spk__fail_errno(ctx, file->path, n < 0 ? errno : EIO);
        data += n;
        n_bytes -= (size_t)n;
        file->flushed += n;
    }
    return SPK_OK;
}

static spk_status flush_buffer(spk_context *ctx, spk__write_file *file)
{
    spk_status status = flush(ctx, file, file->buffer, file->used);
    if (status == SPK_OK)
        file->used = 0;
    return status;
}

spk_status spk__write_append(spk_context *ctx, spk__write_file *file, const void *data,
                             size_t n_bytes)
{
    spk_status status = SPK_OK;
    if (n_bytes == 0)
        return SPK_OK;
    if (file->used + n_bytes > BUFFER_SIZE &&
        (status = flush_buffer(ctx, file)) != SPK_OK)
        return status;
    if (n_bytes >= BUFFER_SIZE)
        return flush(ctx, file, data, n_bytes);
    memcpy(file->buffer + file->used, data, n_bytes);
    file->used += n_bytes;
    return SPK_OK;
}

spk_status spk__write_at(spk_context *ctx, spk__write_file *file, int64_t offset,
                         const void *data, size_t n_bytes)
{
    const uint8_t *bytes = data;
    while (n_bytes > 0 && offset < file->flushed) {
        int64_t left = file->flushed - offset;
        size_t piece = (int64_t)n_bytes < left ? n_bytes : (size_t)left;
        ssize_t n = pwrite(file->fd, bytes, piece, (off_t)offset);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return spk__fail_errno(ctx, file->path, n < 0 ? errno : EIO);
        bytes += n;
        offset += n;
        n_bytes -= (size_t)n;
    }
    if (n_bytes > 0)
        memcpy(file->buffer + (offset - file->flushed), bytes, n_bytes);
    return SPK_OK;
}

int64_t spk__write_position(const spk__write_file *file)
{
    return file->flushed + (int64_t)file->used;
}

spk_status spk__write_finish(spk_context *ctx, spk__write_file *file)
{
    spk_status status = flush_buffer(ctx, file);
    if (status == SPK_OK) {
        int fd = file->fd;
        file->fd = -1;
        if (close(fd) != 0)
            status = spk__fail_errno(ctx, file->path, errno);
    }
    if (status == SPK_OK && !file->in_place && rename(file->part, file->target) != 0)
        status = spk__fail_errno(ctx, file->path, errno);
    if (status == SPK_OK)
        release(file);
    else
        spk__write_discard(file);
    return status;
}

void spk__write_discard(spk__write_file *file)
{
    if (file == NULL)
        return;
    if (file->fd >= 0)
        close(file->fd);
    if (!file->in_place)
        unlink(file->part);
    release(file);
}

spk_status spk__write_whole(spk_context *ctx, const char *path, const void *data,
                            size_t n_bytes)
{
    spk__write_file *file = NULL;
    spk_status status = spk__write_open(ctx, path, &file);
    if (status != SPK_OK)
        return status;
    if ((status = spk__write_append(ctx, file, data, n_bytes)) != SPK_OK) {
        spk__write_discard(file);
        return status;
    }
    return spk__write_finish(ctx, file);
}
