/* SPDX-License-Identifier: BSD-3-Clause */
/* A temporary folder for a test: files by name, what is in it, and gone at the end. */
#ifndef SPIKEKIT_TESTS_SCRATCH_H
#define SPIKEKIT_TESTS_SCRATCH_H

#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct scratch {
    char folder[512];
    char paths[8][1024]; /* scratch_path() answers, used in turn */
    int next;
} scratch;

static inline int scratch_open(scratch *s)
{
    const char *parent = getenv("TMPDIR");
    memset(s, 0, sizeof *s);
    snprintf(s->folder, sizeof s->folder, "%s/spikekit-XXXXXX",
             parent == NULL ? "/tmp" : parent);
    return mkdtemp(s->folder) != NULL;
}

/* Valid until seven more were asked for. */
static inline const char *scratch_path(scratch *s, const char *name)
{
    char *path = s->paths[s->next];
    s->next = (s->next + 1) % 8;
    const size_t length = strlen(s->folder);
    memcpy(path, s->folder, length);
    snprintf(path + length, sizeof s->paths[0] - length, "/%s", name);
    return path;
}

static inline const char *scratch_write(scratch *s, const char *name, const void *bytes,
                                        size_t n)
{
    const char *path = scratch_path(s, name);
    FILE *file = fopen(path, "wb");
    if (file == NULL || fwrite(bytes, 1, n, file) != n || fclose(file) != 0)
        abort();
    return path;
}

static inline const char *scratch_text(scratch *s, const char *name, const char *text)
{
    return scratch_write(s, name, text, strlen(text));
}

/* Reads a whole file; NULL if it is not there. The caller frees it; a NUL stands behind. */
static inline char *scratch_read(const char *path, size_t *n)
{
    FILE *file = fopen(path, "rb");
    size_t used = 0, capacity = 1 << 16;
    char *bytes = file == NULL ? NULL : malloc(capacity);
    while (bytes != NULL) {
        used += fread(bytes + used, 1, capacity - used - 1, file);
        if (used < capacity - 1)
            break;
        capacity *= 2;
        bytes = realloc(bytes, capacity);
    }
    if (file != NULL)
        fclose(file);
    if (bytes != NULL)
        bytes[used] = '\0';
    if (n != NULL)
        *n = used;
    return bytes;
}

/* How many names the folder holds; those of files that failed writes left over too. */
static inline int scratch_count(const scratch *s)
{
    int n = 0;
    DIR *folder = opendir(s->folder);
    for (const struct dirent *e; folder != NULL && (e = readdir(folder)) != NULL;)
        n += strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0;
    if (folder != NULL)
        closedir(folder);
    return n;
}

static inline void scratch_empty_path(const char *path)
{
    DIR *folder = opendir(path);
    for (const struct dirent *e; folder != NULL && (e = readdir(folder)) != NULL;) {
        char name[1024];
        struct stat about;
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
            continue;
        if (snprintf(name, sizeof name, "%s/%s", path, e->d_name) >= (int)sizeof name)
            continue;
        if (lstat(name, &about) == 0 && S_ISDIR(about.st_mode)) {
            scratch_empty_path(name);
            rmdir(name);
        } else {
            unlink(name);
        }
    }
    if (folder != NULL)
        closedir(folder);
}

/* Removes what is in the folder. */
static inline void scratch_clear(const scratch *s)
{
    scratch_empty_path(s->folder);
}

static inline void scratch_close(const scratch *s)
{
    scratch_clear(s);
    rmdir(s->folder);
}

#endif
