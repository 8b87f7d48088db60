/* SPDX-License-Identifier: BSD-3-Clause */
#define _XOPEN_SOURCE 700

#include "folder_output.h"
#include "command.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char *join(const char *a, const char *b)
{
    const size_t size = strlen(a) + strlen(b) + 1;
    char *joined = malloc(size);
    if (joined != NULL)
        snprintf(joined, size, "%s%s", a, b);
    return joined;
}

static int is_empty(const char *path)
{
    DIR *directory = opendir(path);
    if (directory == NULL)
        return 0;
    int n = 0;
    for (const struct dirent *e = readdir(directory); e != NULL; e = readdir(directory))
        n += strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0;
    closedir(directory);
    return n == 0;
}

int folder_output_begin(const char *name, const char *path, int32_t overwrite,
                        folder_output *folder)
{
    struct stat found;
    memset(folder, 0, sizeof *folder);
    if (path[0] == '\0')
        return command_fail_usage(name, "--output: expected a folder, found ''");
    folder->final_path = join(path, "");
    if (folder->final_path == NULL)
        goto no_memory;
    for (size_t n = strlen(path); n > 1 && folder->final_path[n - 1] == '/'; n--)
        folder->final_path[n - 1] = '\0';

    if (stat(path, &found) == 0) {
        if (!S_ISDIR(found.st_mode)) {
            command_say(name, "%s: expected a folder, found a file", path);
            folder_output_end(folder);
            return COMMAND_FAILED;
        }
        if (overwrite <= 0 && !is_empty(path)) {
            command_say(name, "%s: not empty; %s", path,
                        overwrite == 0 ? "--overwrite replaces files in it"
                                       : "choose another folder");
            folder_output_end(folder);
            return COMMAND_FAILED;
        }
        if (!is_empty(path)) {
            folder->path = join(folder->final_path, "");
            if (folder->path == NULL)
                goto no_memory;
            return COMMAND_OK;
        }
    }
    folder->path = join(folder->final_path, ".part-XXXXXX");
    if (folder->path == NULL)
        goto no_memory;
    if (mkdtemp(folder->path) == NULL) {
        command_say(name, "%s: %s", path, strerror(errno));
        folder_output_end(folder);
        return COMMAND_FAILED;
    }
    /* mkdtemp() lets nobody else in; the finished folder has the usual permissions. */
    const mode_t mask = umask(0);
    umask(mask);
    (void)chmod(folder->path, 0777 & ~mask);
    folder->temporary = 1;
    return COMMAND_OK;
no_memory:
    folder_output_end(folder);
    command_say(name, "not enough memory");
    return COMMAND_FAILED;
}

int folder_output_commit(const char *name, folder_output *folder)
{
    if (folder->temporary && rename(folder->path, folder->final_path) != 0) {
        command_say(name, "%s: %s", folder->final_path, strerror(errno));
        return COMMAND_FAILED;
    }
    folder->temporary = 0;
    return COMMAND_OK;
}

/* Removes a folder of plain files. */
static void remove_folder(const char *path)
{
    DIR *directory = opendir(path);
    if (directory == NULL)
        return;
    for (const struct dirent *e = readdir(directory); e != NULL; e = readdir(directory))
        if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
            (void)unlinkat(dirfd(directory), e->d_name, 0);
    closedir(directory);
    (void)rmdir(path);
}

void folder_output_end(folder_output *folder)
{
    if (folder->temporary)
        remove_folder(folder->path);
    free(folder->path);
    free(folder->final_path);
    memset(folder, 0, sizeof *folder);
}
