/* SPDX-License-Identifier: BSD-3-Clause */
#define _XOPEN_SOURCE 700

#include "align_request.h"
#include "command.h"

#include <errno.h>
#include <locale.h>
#include <math.h>
#include <spikekit/array.h>
#include <spikekit/table.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int fail_memory(const char *name)
{
    command_say(name, "not enough memory");
    return COMMAND_FAILED;
}

/* A time in seconds as the nearest sample. */
static int to_sample(double time_s, double rate, int64_t *sample)
{
    const double value = nearbyint(time_s * rate);
    if (!(fabs(value) < 9.0e18)) /* also NaN */
        return 0;
    *sample = (int64_t)value;
    return 1;
}

static int make_room(const char *name, const char *path, int64_t n, align_events *events)
{
    if (n == 0) {
        command_say(name, "%s: expected at least one event, found none", path);
        return COMMAND_FAILED;
    }
    events->n_events = n;
    events->n_conditions = 1;
    events->samples = malloc((size_t)n * sizeof *events->samples);
    events->conditions = calloc((size_t)n, sizeof *events->conditions);
    return events->samples == NULL || events->conditions == NULL ? fail_memory(name)
                                                                 : COMMAND_OK;
}

/* ---- .npy ---- */

static int is_float(int32_t dtype)
{
    return dtype == SPK_DTYPE_FLOAT16 || dtype == SPK_DTYPE_FLOAT32 ||
           dtype == SPK_DTYPE_FLOAT64;
}

static int read_array(const char *name, spk_context *ctx, const char *path, double rate,
                      align_events *events)
{
    spk_npy *npy = NULL;
    double *seconds = NULL;
    spk_status status = spk_npy_open(ctx, path, &npy);
    if (status != SPK_OK)
        return command_fail(name, ctx, status);
    const spk_array *array = spk_npy_array(npy);
    int64_t longest = 0;
    for (int32_t d = 0; d < array->n_dimensions; d++)
        longest = array->shape[d] > longest ? array->shape[d] : longest;
    int code = COMMAND_FAILED;
    if (array->n_dimensions < 1 || longest != array->n_elements) {
        command_say(name, "%s: expected one row of times, found %d dimensions", path,
                    (int)array->n_dimensions);
        goto cleanup;
    }
    if ((code = make_room(name, path, array->n_elements, events)) != COMMAND_OK)
        goto cleanup;
    if (!is_float(array->dtype)) {
        events->is_in_samples = 1;
        status = spk_array_to_int64(ctx, array, events->samples);
    } else {
        seconds = malloc((size_t)array->n_elements * sizeof *seconds);
        if (seconds == NULL) {
            code = fail_memory(name);
            goto cleanup;
        }
        status = spk_array_to_double(ctx, array, seconds);
        for (int64_t k = 0; status == SPK_OK && k < array->n_elements; k++)
            if (!to_sample(seconds[k], rate, &events->samples[k])) {
                command_say(name, "%s: event %lld: expected a time [s], found %g", path,
                            (long long)k + 1, seconds[k]);
                code = COMMAND_FAILED;
                goto cleanup;
            }
    }
    if (status != SPK_OK) {
        command_say(name, "%s: %s", path, spk_context_message(ctx));
        code = COMMAND_FAILED;
    }
cleanup:
    free(seconds);
    spk_npy_close(npy);
    return code;
}

/* ---- .txt ---- */

/* A whole line as a number; the decimal sign is a point. 0 if it is none. */
static int parse_time(char *line, double *value)
{
    const char point = localeconv()->decimal_point[0];
    for (char *c = line; *c != '\0'; c++) {
        if (*c == point && point != '.')
            return 0;
        if (*c == '.')
            *c = point;
    }
    char *end = line;
    *value = strtod(line, &end);
    end += strspn(end, " \t\r\n");
    return end != line && *end == '\0' && isfinite(*value);
}

/* Reads all lines twice: how many there are, then what they say. */
static int read_lines(const char *name, const char *path, double rate, FILE *file,
                      align_events *events)
{
    char *line = NULL;
    size_t room = 0;
    long long number = 0;
    int64_t n = 0;
    int code = COMMAND_OK;
    while (getline(&line, &room, file) >= 0)
        n += line[strspn(line, " \t\r\n")] != '\0';
    rewind(file);
    code = make_room(name, path, n, events);
    n = 0;
    while (code == COMMAND_OK && n < events->n_events &&
           getline(&line, &room, file) >= 0) {
        double value = 0.0;
        number++;
        line[strcspn(line, "\r\n")] = '\0';
        if (line[strspn(line, " \t")] == '\0')
            continue;
        if (!parse_time(line, &value) || !to_sample(value, rate, &events->samples[n++])) {
            command_say(name, "%s: line %lld: expected a time [s], found '%.60s'%s", path,
                        number, line,
                        number == 1 ? "; a table with a header is to end in .tsv or .csv"
                                    : "");
            code = COMMAND_FAILED;
        }
    }
    free(line);
    return code;
}

static int read_text(const char *name, const char *path, double rate,
                     align_events *events)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        command_say(name, "%s: %s", path, strerror(errno));
        return COMMAND_FAILED;
    }
    const int code = read_lines(name, path, rate, file, events);
    fclose(file);
    return code;
}

/* ---- tables ---- */

/* Labels in the order of their first event. */
static int read_conditions(const char *name, const spk_table *table, int64_t column,
                           align_events *events)
{
    events->labels = calloc((size_t)events->n_events, sizeof *events->labels);
    if (events->labels == NULL)
        return fail_memory(name);
    events->n_conditions = 0;
    for (int64_t e = 0; e < events->n_events; e++) {
        const char *label = spk_table_text(table, e, column);
        int64_t c = 0;
        while (c < events->n_conditions && strcmp(events->labels[c], label) != 0)
            c++;
        if (c == events->n_conditions) {
            if ((events->labels[c] = strdup(label)) == NULL)
                return fail_memory(name);
            events->n_conditions++;
        }
        events->conditions[e] = (int32_t)c;
    }
    return COMMAND_OK;
}

/* The columns that are there; not all if they are many. */
static void fail_columns(const char *name, const char *path, const spk_table *table)
{
    char found[200] = "";
    size_t used = 0;
    const int64_t n = spk_table_n_columns(table);
    for (int64_t c = 0; c < n && used < sizeof found - 40; c++)
        used += (size_t)snprintf(found + used, sizeof found - used, "%s%.30s",
                                 c == 0 ? "" : ", ", spk_table_column_name(table, c));
    command_say(name, "%s: expected a column time_s or sample, found %s%s", path, found,
                n == 1 ? "; a list of times [s] without a header is to end in .txt" : "");
}

static int read_times(const char *name, spk_context *ctx, const char *path,
                      const spk_table *table, double rate, align_events *events)
{
    const int64_t seconds = spk_table_find_column(table, "time_s");
    const int64_t sample = spk_table_find_column(table, "sample");
    if (seconds < 0 && sample < 0) {
        fail_columns(name, path, table);
        return COMMAND_FAILED;
    }
    for (int64_t e = 0; e < events->n_events; e++) {
        double value = 0.0;
        const int ok =
            seconds >= 0
                ? spk_table_number(ctx, table, e, seconds, &value) == SPK_OK &&
                      to_sample(value, rate, &events->samples[e])
                : spk_table_integer(ctx, table, e, sample, &events->samples[e]) == SPK_OK;
        if (!ok) {
            command_say(name, "%s: row %lld: expected a %s, found '%s'", path,
                        (long long)e + 1, seconds >= 0 ? "time [s]" : "sample",
                        spk_table_text(table, e, seconds >= 0 ? seconds : sample));
            return COMMAND_FAILED;
        }
    }
    return COMMAND_OK;
}

static int read_table(const char *name, spk_context *ctx, const char *path,
                      const char *column, double rate, align_events *events)
{
    spk_table *table = NULL;
    const spk_status status = spk_table_read(ctx, path, &table);
    if (status != SPK_OK)
        return command_fail(name, ctx, status);
    const int64_t found =
        spk_table_find_column(table, column == NULL ? "condition" : column);
    int code = COMMAND_FAILED;
    if (column != NULL && found < 0)
        command_say(name, "%s: no column '%s'", path, column);
    else
        code = make_room(name, path, spk_table_n_rows(table), events);
    if (code == COMMAND_OK)
        code = read_times(name, ctx, path, table, rate, events);
    if (code == COMMAND_OK && found >= 0)
        code = read_conditions(name, table, found, events);
    spk_table_destroy(table);
    return code;
}

int align_events_read(const char *name, spk_context *ctx, const char *path,
                      const char *column, double sampling_rate_hz, align_events *events)
{
    const int is_array = align_ends_with(path, ".npy");
    const int is_text = align_ends_with(path, ".txt");
    memset(events, 0, sizeof *events);
    if (column != NULL && (is_array || is_text))
        return command_fail_usage(name, "--condition needs a table of events, found '%s'",
                                  path);
    const int code = is_array ? read_array(name, ctx, path, sampling_rate_hz, events)
                     : is_text
                         ? read_text(name, path, sampling_rate_hz, events)
                         : read_table(name, ctx, path, column, sampling_rate_hz, events);
    if (code != COMMAND_OK)
        align_events_clear(events);
    return code;
}

void align_events_clear(align_events *events)
{
    for (int64_t c = 0; events->labels != NULL && c < events->n_conditions; c++)
        free(events->labels[c]);
    free(events->labels);
    free(events->conditions);
    free(events->samples);
    memset(events, 0, sizeof *events);
}

const char *align_events_label(const align_events *events, int64_t condition)
{
    return events->labels == NULL ? "" : events->labels[condition];
}
