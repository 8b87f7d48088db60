/* SPDX-License-Identifier: BSD-3-Clause */
#define _POSIX_C_SOURCE 200809L /* open, mmap, the POSIX strerror_r */
#include "files/map.h"

#include "base/check.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

spk_status spk__fail_errno(spk_context *ctx, const char *path, int error)
{
    char text[128] = "unknown error";
    (void)strerror_r(error, text, sizeof text);
    spk_status status = error == ENOENT || error == ENOTDIR ? SPK_ERR_NOT_FOUND
                        : error == ENOMEM                   ? SPK_ERR_MEMORY
                                                            : SPK_ERR_IO;
    return spk__fail(ctx, status, "%s: %s", path, text);
}

spk_status spk__map_open(spk_context *ctx, const char *path, spk__map *map)
{
    *map = (spk__map){0};
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a pipe must not block us */
    if (fd < 0)
        return spk__fail_errno(ctx, path, errno);

    spk_status status = SPK_OK;
    struct stat about;
    if (fstat(fd, &about) != 0) {
        status = spk__fail_errno(ctx, path, errno);
    } else if (S_ISDIR(about.st_mode)) {
        status = spk__fail_errno(ctx, path, EISDIR);
    } else if (!S_ISREG(about.st_mode)) {
        status = spk__fail(ctx, SPK_ERR_IO, "%s: not a regular file", path);
    } else if (about.st_size == 0) {
        map->data = (const uint8_t *)"";
    } else {
        void *address = mmap(NULL, (size_t)about.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
        if (address == MAP_FAILED) {
            status = spk__fail_errno(ctx, path, errno);
        } else {
            map->address = address;
            map->data = address;
            map->size = (size_t)about.st_size;
        }
    }
    close(fd);
    return status;
}

void spk__map_close(spk__map *map)
{
    if (map->address != NULL)
        munmap(map->address, map->size);
    *map = (spk__map){0};
}
