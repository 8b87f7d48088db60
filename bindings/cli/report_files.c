/* SPDX-License-Identifier: BSD-3-Clause */
#define _XOPEN_SOURCE 700

#include "report_files.h"
#include "command.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* "<folder>/<name><ending>", which the caller frees; NULL: out of memory. */
static char *path_of(const char *folder, const char *name, const char *ending)
{
    const size_t size = strlen(folder) + strlen(name) + strlen(ending) + 2;
    char *path = malloc(size);
    if (path != NULL)
        snprintf(path, size, "%s/%s%s", folder, name, ending);
    return path;
}

static int write_text(const char *path, const report_text *text)
{
    FILE *file = fopen(path, "wb");
    if (file == NULL)
        return errno;
    int error = 0;
    if (text->size > 0 && fwrite(text->data, 1, text->size, file) != text->size)
        error = errno;
    if (fclose(file) != 0 && error == 0)
        error = errno;
    return error;
}

int report_files_write(const char *folder, const char *shown, const report_file *files,
                       int n_files)
{
    char ending[32];
    int error = 0, n_written = 0;
    snprintf(ending, sizeof ending, ".part-%ld", (long)getpid());
    for (int i = 0; i < n_files && error == 0; i++) {
        char *path = path_of(folder, files[i].name, ending);
        error = path == NULL || files[i].text.failed ? ENOMEM
                                                     : write_text(path, &files[i].text);
        if (error != 0)
            command_say("report", "%s/%s: %s", shown, files[i].name, strerror(error));
        n_written++;
        free(path);
    }
    for (int i = 0; i < n_written; i++) {
        char *path = path_of(folder, files[i].name, ending);
        char *place = path_of(folder, files[i].name, "");
        if (error == 0 && path != NULL && place != NULL && rename(path, place) != 0) {
            error = errno;
            command_say("report", "%s/%s: %s", shown, files[i].name, strerror(error));
        }
        if (path == NULL || place == NULL)
            error = ENOMEM;
        if (error != 0 && path != NULL)
            (void)unlink(path);
        free(path);
        free(place);
    }
    return error == 0 ? COMMAND_OK : COMMAND_FAILED;
}
