/* SPDX-License-Identifier: BSD-3-Clause */
#include "suite.h"

#include <pthread.h>
#include <spikekit/version.h>
#include <stdlib.h>

static void version_is_the_one_of_the_header(void)
{
    char expected[64];
    snprintf(expected, sizeof expected, "%d.%d.%d", SPK_VERSION_MAJOR, SPK_VERSION_MINOR,
             SPK_VERSION_PATCH);
    CU_ASSERT_STRING_EQUAL(spk_version(), expected);
    CU_ASSERT_STRING_EQUAL(SPK_VERSION, expected);
}

/* Copies the value of a line "name: value"; "" if there is no such line. */
static void value_of(const char *name, char *value, size_t size)
{
    size_t length = strlen(name);
    value[0] = '\0';
    for (const char *line = spk_build_description(); *line != '\0';) {
        const char *end = strchr(line, '\n');
        CU_ASSERT_PTR_NOT_NULL_FATAL(end); /* every line is ended */
        if (strncmp(line, name, length) == 0 && strncmp(line + length, ": ", 2) == 0)
            snprintf(value, size, "%.*s", (int)(end - line - (long)length - 2),
                     line + length + 2);
        line = end + 1;
    }
}

static void description_names_every_part(void)
{
    static const struct {
        const char *name;
        const char *part; /* that the value must hold */
    } parts[] = {{"spikekit", SPK_VERSION}, {"compiler", "."}, {"flags", "-"},
                 {"fftw", "fftw-3."},       {"rmath", "."},    {"zlib", "1."},
                 {"jansson", "2."},         {"xxhash", "0."}};
    char value[512];
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        value_of(parts[i].name, value, sizeof value);
        if (strstr(value, parts[i].part) == NULL)
            printf("  %s: expected a value with '%s', found '%s'\n", parts[i].name,
                   parts[i].part, value);
        CU_ASSERT_PTR_NOT_NULL(strstr(value, parts[i].part));
    }
}

/* Parallelism is ours: a threaded BLAS would bring workers of its own. */
static void openblas_is_the_serial_build(void)
{
    char value[512];
    value_of("openblas", value, sizeof value);
    CU_ASSERT_PTR_NOT_NULL(strstr(value, "OpenBLAS"));
    CU_ASSERT_PTR_NOT_NULL(strstr(value, "SINGLE_THREADED"));
    CU_ASSERT_PTR_NULL(strstr(value, "USE64BITINT"));
}

static void *describe(void *unused)
{
    (void)unused;
    return (void *)spk_build_description();
}

static void description_is_one_text_for_all_threads(void)
{
    pthread_t threads[4];
    for (int i = 0; i < 4; i++)
        CU_ASSERT_EQUAL_FATAL(pthread_create(&threads[i], NULL, describe, NULL), 0);
    for (int i = 0; i < 4; i++) {
        void *text = NULL;
        CU_ASSERT_EQUAL_FATAL(pthread_join(threads[i], &text), 0);
        CU_ASSERT_PTR_EQUAL(text, spk_build_description());
    }
}

static const suite_test tests[] = {
    {"version is the one of the header", version_is_the_one_of_the_header},
    {"description names every part", description_names_every_part},
    {"openblas is the serial build", openblas_is_the_serial_build},
    {"description is one text for all threads", description_is_one_text_for_all_threads},
};
SUITE_MAIN("version", tests)
