/* SPDX-License-Identifier: BSD-3-Clause */
/* Runs a fuzz target on every file of a folder, and on every start of each file. */
#define _POSIX_C_SOURCE 200809L /* opendir */
#include "fuzz.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>

enum {
    MAX_SIZE = 1 << 16
};

static void run_start(const uint8_t *bytes, size_t n)
{
    uint8_t *exact = malloc(n > 0 ? n : 1); /* a sanitizer sees one byte too many */
    fuzz_require(exact != NULL);
    memcpy(exact, bytes, n);
    LLVMFuzzerTestOneInput(exact, n);
    free(exact);
}

int main(int argc, char **argv)
{
    static uint8_t bytes[MAX_SIZE];
    long n_files = 0, n_runs = 0;
    DIR *folder = argc == 2 ? opendir(argv[1]) : NULL;
    if (folder == NULL) {
        fprintf(stderr, "usage: %s <corpus folder>\n", argv[0]);
        return 2;
    }
    for (const struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        char path[4096];
        if (entry->d_name[0] == '.')
            continue;
        snprintf(path, sizeof path, "%s/%s", argv[1], entry->d_name);
        FILE *file = fopen(path, "rb");
        if (file == NULL)
            continue;
        size_t n = fread(bytes, 1, sizeof bytes, file);
        fclose(file);
        n_files++;
        for (size_t start = 0; start <= n; start++, n_runs++)
            run_start(bytes, start);
    }
    closedir(folder);
    printf("%ld files, %ld runs\n", n_files, n_runs);
    return n_files > 0 ? 0 : 1;
}
