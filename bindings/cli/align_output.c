/* SPDX-License-Identifier: BSD-3-Clause */
#include "align_request.h"
#include "command.h"
#include "table_output.h"

#include <spikekit/array.h>
#include <spikekit/noise_correlation.h>
#include <spikekit/table.h>
#include <spikekit/trial_fano.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    MOST_CELLS = 10
};

static int fail_memory(const char *name)
{
    command_say(name, "not enough memory");
    return COMMAND_FAILED;
}

/* A row being filled. */
typedef struct row_cells {
    char cells[MOST_CELLS][TABLE_CELL_SIZE];
    const char *words[MOST_CELLS];
    int n;
} row_cells;

static void put_text(row_cells *row, const char *text)
{
    row->words[row->n++] = text;
}

static void put_integer(row_cells *row, int64_t value)
{
    snprintf(row->cells[row->n], TABLE_CELL_SIZE, "%lld", (long long)value);
    row->words[row->n] = row->cells[row->n];
    row->n++;
}

static void put_number(row_cells *row, double value)
{
    table_output_number(value, row->cells[row->n]);
    row->words[row->n] = row->cells[row->n];
    row->n++;
}

/* A time on the grid of samples: nanoseconds are enough, and read well. */
static void put_time(row_cells *row, double seconds)
{
    snprintf(row->cells[row->n], TABLE_CELL_SIZE, "%.9g", seconds);
    row->words[row->n] = row->cells[row->n];
    row->n++;
}

/* Writes or prints a finished table, and frees it. */
static int end_table(const char *name, spk_context *ctx, spk_status status,
                     spk_table *table, const char *path)
{
    if (status == SPK_OK && path == NULL)
        table_output_print(table);
    else if (status == SPK_OK)
        status = spk_table_write(ctx, path, table);
    spk_table_destroy(table);
    return status == SPK_OK ? COMMAND_OK : command_fail(name, ctx, status);
}

/* Starts a table; the column condition is left out where there are none. */
static spk_status start_table(spk_context *ctx, const align_result *result,
                              const char *const *columns, int n_columns,
                              spk_table **table)
{
    const char *kept[MOST_CELLS];
    int n = 0;
    for (int c = 0; c < n_columns; c++)
        if (result->events.labels != NULL || strcmp(columns[c], "condition") != 0)
            kept[n++] = columns[c];
    return spk_table_create(ctx, n, kept, table);
}

/* The first cells of a row: the unit, and the condition. */
static void start_row(const align_result *result, int64_t unit, int64_t condition,
                      row_cells *row)
{
    row->n = 0;
    put_integer(row, result->units.unit_ids[unit]);
    if (result->events.labels != NULL)
        put_text(row, align_events_label(&result->events, condition));
}

/* ---- rates ---- */

static int write_rate_table(const char *name, spk_context *ctx, const align_result *r,
                            const char *path)
{
    static const char *const columns[] = {"cluster_id", "condition", "time_s",
                                          "events",     "spikes",    "rate_hz",
                                          "lower_hz",   "upper_hz"};
    spk_table *table = NULL;
    spk_status status = start_table(ctx, r, columns, 8, &table);
    const int64_t n_bins = r->window.n_bins, n_units = r->units.spikes.n_units;
    for (int64_t u = 0; u < n_units; u++)
        for (int64_t c = 0; c < r->events.n_conditions; c++)
            for (int64_t b = 0; status == SPK_OK && b < n_bins; b++) {
                const int64_t at = (c * n_units + u) * n_bins + b;
                row_cells row;
                start_row(r, u, c, &row);
                put_time(&row, align_result_centre(r, b));
                put_integer(&row, r->psth.n_trials[c * n_bins + b]);
                put_integer(&row, r->psth.counts[at]);
                put_number(&row, r->psth.rates[at]);
                put_number(&row, r->psth.lower[at]);
                put_number(&row, r->psth.upper[at]);
                status = spk_table_append(ctx, table, row.words);
            }
    return end_table(name, ctx, status, table, path);
}

static spk_array view_of(const void *data, int32_t dtype, int32_t n_dimensions, ...)
{
    spk_array array = {.dtype = dtype,
                       .n_dimensions = n_dimensions,
                       .n_elements = 1,
                       .item_size = spk_dtype_size(dtype),
                       .data = data};
    va_list sizes;
    va_start(sizes, n_dimensions);
    for (int32_t d = 0; d < SPK_ARRAY_MAX_DIMENSIONS; d++) {
        array.shape[d] = d < n_dimensions ? va_arg(sizes, int64_t) : 1;
        array.n_elements *= array.shape[d];
    }
    va_end(sizes);
    return array;
}

/* Counts and exposure of each event, in memory of the caller. */
static int count_events(const char *name, spk_context *ctx, const align_result *r,
                        int32_t **counts, int64_t **exposure)
{
    const size_t n_bins = (size_t)r->window.n_bins, n = (size_t)r->events.n_events;
    const size_t n_units = (size_t)r->units.spikes.n_units;
    *counts = malloc((n * n_units * n_bins + 1) * sizeof **counts);
    *exposure = malloc((n * n_bins + 1) * sizeof **exposure);
    if (*counts == NULL || *exposure == NULL)
        return fail_memory(name);
    spk_status status = spk_alignment_count(ctx, &r->units.spikes, r->events.n_events,
                                            r->events.samples, &r->alignment, *counts);
    if (status == SPK_OK)
        status =
            spk_alignment_exposure(ctx, &r->units.spikes, r->events.n_events,
                                   r->events.samples, &r->alignment, *exposure, NULL);
    return status == SPK_OK ? COMMAND_OK : command_fail(name, ctx, status);
}

/* Labels, one a line. */
static char *join_labels(const align_events *events)
{
    size_t size = 1;
    for (int64_t c = 0; events->labels != NULL && c < events->n_conditions; c++)
        size += strlen(events->labels[c]) + 1;
    char *text = malloc(size), *at = text;
    if (text == NULL)
        return NULL;
    *at = '\0';
    for (int64_t c = 0; events->labels != NULL && c < events->n_conditions; c++)
        at += snprintf(at, size - (size_t)(at - text), "%s%s", c > 0 ? "\n" : "",
                       events->labels[c]);
    return text;
}

static spk_status add_members(spk_context *ctx, spk_npz_writer *writer,
                              const align_result *r, const int32_t *counts,
                              const double *exposure_s, const double *edges_s,
                              const char *labels)
{
    const int64_t n_bins = r->window.n_bins, n_units = r->units.spikes.n_units;
    const int64_t n_conditions = r->events.n_conditions, n = r->events.n_events;
    const int32_t f = SPK_DTYPE_FLOAT64, i = SPK_DTYPE_INT64, h = SPK_DTYPE_INT32;
    const struct {
        const char *name;
        spk_array array;
    } members[] = {
        {"rates_hz", view_of(r->psth.rates, f, 3, n_conditions, n_units, n_bins)},
        {"lower_hz", view_of(r->psth.lower, f, 3, n_conditions, n_units, n_bins)},
        {"upper_hz", view_of(r->psth.upper, f, 3, n_conditions, n_units, n_bins)},
        {"spikes", view_of(r->psth.counts, i, 3, n_conditions, n_units, n_bins)},
        {"events_used", view_of(r->psth.n_trials, i, 2, n_conditions, n_bins)},
        {"counts", view_of(counts, h, 3, n, n_units, n_bins)},
        {"exposure_s", view_of(exposure_s, f, 2, n, n_bins)},
        {"edges_s", view_of(edges_s, f, 1, n_bins + 1)},
        {"event_samples", view_of(r->events.samples, i, 1, n)},
        {"event_conditions", view_of(r->events.conditions, h, 1, n)},
        {"unit_ids", view_of(r->units.unit_ids, i, 1, n_units)},
    };
    spk_status status = SPK_OK;
    for (size_t k = 0; status == SPK_OK && k < sizeof members / sizeof members[0]; k++)
        status = spk_npz_writer_add(ctx, writer, members[k].name, &members[k].array);
    if (status == SPK_OK)
        status = spk_npz_writer_add_text(ctx, writer, "condition_labels", labels);
    return status == SPK_OK ? spk_npz_writer_finish(ctx, writer) : status;
}

static int write_archive(const char *name, spk_context *ctx, const align_result *r,
                         const char *path)
{
    const int64_t n_bins = r->window.n_bins;
    int32_t *counts = NULL;
    int64_t *exposure = NULL;
    spk_npz_writer *writer = NULL;
    double *exposure_s =
        malloc((size_t)(r->events.n_events * n_bins + 1) * sizeof(double));
    double *edges_s = malloc((size_t)(n_bins + 1) * sizeof *edges_s);
    char *labels = join_labels(&r->events);
    int code = exposure_s == NULL || edges_s == NULL || labels == NULL
                   ? fail_memory(name)
                   : count_events(name, ctx, r, &counts, &exposure);
    if (code == COMMAND_OK) {
        for (int64_t b = 0; b <= n_bins; b++)
            edges_s[b] = align_result_start(r, b);
        for (int64_t k = 0; k < r->events.n_events * n_bins; k++)
            exposure_s[k] = (double)exposure[k] / r->units.spikes.sampling_rate_hz;
        spk_status status = spk_npz_writer_create(ctx, path, 0, &writer);
        if (status == SPK_OK)
            status = add_members(ctx, writer, r, counts, exposure_s, edges_s, labels);
        if (status != SPK_OK)
            code = command_fail(name, ctx, status);
    }
    spk_npz_writer_destroy(writer);
    free(labels);
    free(edges_s);
    free(exposure_s);
    free(exposure);
    free(counts);
    return code;
}

int align_output_rates(const char *name, spk_context *ctx, const align_result *r,
                       const char *path)
{
    if (path != NULL && align_ends_with(path, ".npz"))
        return write_archive(name, ctx, r, path);
    if (path == NULL || !align_ends_with(path, ".npy"))
        return write_rate_table(name, ctx, r, path);
    const int without = r->events.labels == NULL; /* no axis of conditions */
    const int64_t n = r->events.n_conditions, n_units = r->units.spikes.n_units;
    const spk_array array =
        without
            ? view_of(r->psth.rates, SPK_DTYPE_FLOAT64, 2, n_units, r->window.n_bins)
            : view_of(r->psth.rates, SPK_DTYPE_FLOAT64, 3, n, n_units, r->window.n_bins);
    const spk_status status = spk_npy_write(ctx, path, &array);
    return status == SPK_OK ? COMMAND_OK : command_fail(name, ctx, status);
}

/* ---- raster ---- */

int align_output_raster(const char *name, spk_context *ctx, const align_result *r,
                        const char *path)
{
    static const char *const columns[] = {"cluster_id", "condition", "event", "lag_s"};
    const int64_t n = r->events.n_events, n_units = r->units.spikes.n_units;
    int64_t *offsets = malloc((size_t)(n * n_units + 1) * sizeof *offsets), *lags = NULL;
    spk_table *table = NULL;
    if (offsets == NULL)
        return fail_memory(name);
    spk_status status = spk_alignment_raster(ctx, &r->units.spikes, n, r->events.samples,
                                             &r->alignment, offsets, NULL);
    if (status == SPK_OK &&
        (lags = malloc((size_t)(offsets[n * n_units] + 1) * sizeof *lags)) == NULL) {
        free(offsets);
        return fail_memory(name);
    }
    if (status == SPK_OK)
        status = spk_alignment_raster(ctx, &r->units.spikes, n, r->events.samples,
                                      &r->alignment, offsets, lags);
    if (status == SPK_OK)
        status = start_table(ctx, r, columns, 4, &table);
    for (int64_t u = 0; u < n_units; u++)
        for (int64_t e = 0; e < n; e++)
            for (int64_t k = status == SPK_OK ? offsets[u * n + e] : 0;
                 status == SPK_OK && k < offsets[u * n + e + 1]; k++) {
                row_cells row;
                start_row(r, u, r->events.conditions[e], &row);
                put_integer(&row, e + 1);
                put_time(&row, (double)lags[k] / r->units.spikes.sampling_rate_hz);
                status = spk_table_append(ctx, table, row.words);
            }
    free(lags);
    free(offsets);
    return end_table(name, ctx, status, table, path);
}

/* ---- what counts over events come to ---- */

/* The result as trials; counts and exposure are the caller's to free. */
static int make_trials(const char *name, spk_context *ctx, const align_result *r,
                       int32_t **counts, int64_t **exposure, spk_trials *trials)
{
    const int code = count_events(name, ctx, r, counts, exposure);
    *trials = (spk_trials){.n_trials = r->events.n_events,
                           .n_units = r->units.spikes.n_units,
                           .n_bins = r->window.n_bins,
                           .counts = *counts,
                           .exposure = *exposure,
                           .bin_samples = r->window.bin_samples,
                           .sampling_rate_hz = r->units.spikes.sampling_rate_hz,
                           .n_conditions = r->events.n_conditions,
                           .conditions = r->events.conditions};
    return code;
}

static spk_status fill_fano(spk_context *ctx, const align_result *r,
                            const spk_trials *trials, double *values, int64_t *numbers,
                            spk_table *table)
{
    const int64_t n_units = trials->n_units, n_bins = trials->n_bins;
    const int64_t n = trials->n_conditions * n_units * n_bins;
    spk_trial_fano out = {numbers,        values,         values + n,
                          values + 2 * n, values + 3 * n, values + 4 * n};
    spk_trial_fano_options options;
    spk_trial_fano_options_init(&options, sizeof options);
    options.confidence = r->options.confidence;
    spk_status status = spk_trial_fano_estimate(ctx, trials, &options, &out);
    for (int64_t u = 0; u < n_units; u++)
        for (int64_t c = 0; c < trials->n_conditions; c++)
            for (int64_t b = 0; status == SPK_OK && b < n_bins; b++) {
                const int64_t at = (c * n_units + u) * n_bins + b;
                row_cells row;
                start_row(r, u, c, &row);
                put_time(&row, align_result_centre(r, b));
                put_integer(&row, numbers[c * n_bins + b]);
                for (int k = 0; k < 5; k++)
                    put_number(&row, values[k * n + at]);
                status = spk_table_append(ctx, table, row.words);
            }
    return status;
}

int align_output_fano(const char *name, spk_context *ctx, const align_result *r,
                      const char *path)
{
    static const char *const columns[] = {"cluster_id", "condition", "time_s",
                                          "events",     "mean",      "variance",
                                          "fano",       "lower",     "upper"};
    int32_t *counts = NULL;
    int64_t *exposure = NULL;
    spk_trials trials;
    spk_table *table = NULL;
    const size_t n_cells = (size_t)(r->events.n_conditions * r->window.n_bins);
    double *values =
        malloc((5 * n_cells * (size_t)r->units.spikes.n_units + 1) * sizeof *values);
    int64_t *numbers = malloc(n_cells * sizeof *numbers);
    int code = values == NULL || numbers == NULL
                   ? fail_memory(name)
                   : make_trials(name, ctx, r, &counts, &exposure, &trials);
    if (code == COMMAND_OK) {
        spk_status status = start_table(ctx, r, columns, 9, &table);
        if (status == SPK_OK)
            status = fill_fano(ctx, r, &trials, values, numbers, table);
        code = end_table(name, ctx, status, table, path);
    }
    free(numbers);
    free(values);
    free(exposure);
    free(counts);
    return code;
}

static spk_status fill_noise(spk_context *ctx, const align_result *r,
                             const spk_trials *trials, double *values, int64_t *dof,
                             spk_table *table)
{
    const int64_t n = trials->n_units;
    spk_noise_correlation out = {values, dof, values + n * n, values + 2 * n * n, NULL};
    spk_noise_correlation_options options;
    spk_noise_correlation_options_init(&options, sizeof options);
    options.confidence = r->options.confidence;
    spk_status status = spk_noise_correlation_estimate(ctx, trials, &options, &out);
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = i + 1; status == SPK_OK && j < n; j++) {
            const int64_t at = i * n + j;
            row_cells row = {.n = 0};
            put_integer(&row, r->units.unit_ids[i]);
            put_integer(&row, r->units.unit_ids[j]);
            put_number(&row, values[at]);
            put_number(&row, values[n * n + at]);
            put_number(&row, values[2 * n * n + at]);
            put_integer(&row, dof[at]);
            status = spk_table_append(ctx, table, row.words);
        }
    return status;
}

int align_output_noise(const char *name, spk_context *ctx, const align_result *r,
                       const char *path)
{
    static const char *const columns[] = {"cluster_i", "cluster_j", "correlation",
                                          "lower",     "upper",     "dof"};
    int32_t *counts = NULL;
    int64_t *exposure = NULL;
    spk_trials trials;
    spk_table *table = NULL;
    const size_t n = (size_t)r->units.spikes.n_units;
    double *values = malloc((3 * n * n + 1) * sizeof *values);
    int64_t *dof = malloc((n * n + 1) * sizeof *dof);
    int code = values == NULL || dof == NULL
                   ? fail_memory(name)
                   : make_trials(name, ctx, r, &counts, &exposure, &trials);
    if (code == COMMAND_OK) {
        spk_status status = start_table(ctx, r, columns, 6, &table);
        if (status == SPK_OK)
            status = fill_noise(ctx, r, &trials, values, dof, table);
        code = end_table(name, ctx, status, table, path);
    }
    free(dof);
    free(values);
    free(exposure);
    free(counts);
    return code;
}
