/* SPDX-License-Identifier: BSD-3-Clause */
#define _POSIX_C_SOURCE 200809L /* opendir, stat */
#include "files/folder.h"

#include "base/check.h"
#include "base/memory.h"
#include "files/map.h"
#include "files/sort.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

static spk_status add_name(spk_context *ctx, spk__folder *folder, const char *name)
{
    if (folder->n_names == folder->capacity) {
        int64_t capacity = 2 * folder->capacity + 64;
        char **names = spk__realloc(ctx, folder->names, capacity, sizeof *names);
        if (names == NULL)
            return spk__fail_memory(ctx);
        folder->names = names;
        folder->capacity = capacity;
    }
    char *copy = spk__strdup(ctx, name);
    if (copy == NULL)
        return spk__fail_memory(ctx);
    folder->names[folder->n_names++] = copy;
    return SPK_OK;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(a, b);
}

spk_status spk__folder_read(spk_context *ctx, const char *path, spk__folder *folder)
{
    *folder = (spk__folder){0};
    DIR *directory = opendir(path);
    if (directory == NULL)
        return spk__fail_errno(ctx, path, errno);
    spk_status status = SPK_OK;
    while (status == SPK_OK) {
        errno = 0;
        const struct dirent *entry = readdir(directory);
        if (entry == NULL) {
            if (errno != 0)
                status = spk__fail_errno(ctx, path, errno);
            break;
        }
        status = add_name(ctx, folder, entry->d_name);
    }
    closedir(directory);
    if (status != SPK_OK) {
        spk__folder_free(folder);
        return status;
    }
    spk__sort_pointers((const void **)folder->names, folder->n_names, compare_names);
    return SPK_OK;
}

void spk__folder_free(spk__folder *folder)
{
    for (int64_t k = 0; k < folder->n_names; k++)
        spk__free(folder->names[k]);
    spk__free(folder->names);
    *folder = (spk__folder){0};
}

int spk__folder_has(const spk__folder *folder, const char *name)
{
    for (int64_t k = 0; k < folder->n_names; k++)
        if (strcmp(folder->names[k], name) == 0)
            return 1;
    return 0;
}

char *spk__path_join(spk_context *ctx, const char *folder, const char *name)
{
    size_t n_folder = name[0] == '/' ? 0 : strlen(folder), n_name = strlen(name);
    char *path = spk__alloc(ctx, (int64_t)(n_folder + n_name + 2), 1);
    if (path == NULL)
        return NULL;
    memcpy(path, folder, n_folder);
    if (n_folder > 0 && path[n_folder - 1] != '/')
        path[n_folder++] = '/';
    memcpy(path + n_folder, name, n_name + 1);
    return path;
}

int64_t spk__file_size(const char *path)
{
    struct stat about;
    return stat(path, &about) == 0 && S_ISREG(about.st_mode) ? (int64_t)about.st_size
                                                             : -1;
}

int spk__starts_with(const char *text, const char *start)
{
    return strncmp(text, start, strlen(start)) == 0;
}

int spk__ends_with(const char *text, const char *end)
{
    size_t n_text = strlen(text), n_end = strlen(end);
    return n_text >= n_end && strcmp(text + n_text - n_end, end) == 0;
}
