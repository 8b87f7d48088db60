/* SPDX-License-Identifier: BSD-3-Clause */
#include "epochs_argument.h"
#include "session_argument.h"

#include <math.h>
#include <spikekit/table.h>
#include <stdlib.h>
#include <string.h>

/* A time in seconds as a sample. */
static int to_sample(double time_s, double rate, int64_t *sample)
{
    const double value = nearbyint(time_s * rate);
    if (!(fabs(value) < 9.0e18)) /* also NaN */
        return 0;
    *sample = (int64_t)value;
    return 1;
}

/* Reads a cell in seconds; 0 after having spoken. */
static int read_sample(const char *name, spk_context *ctx, const char *path,
                       const spk_table *table, int64_t row, int64_t column,
                       double sampling_rate_hz, int64_t *sample)
{
    double time_s = 0.0;
    if (spk_table_number(ctx, table, row, column, &time_s) == SPK_OK &&
        to_sample(time_s, sampling_rate_hz, sample))
        return 1;
    command_say(name, "%s: row %lld: expected a time [s], found '%s'", path,
                (long long)row + 1, spk_table_text(table, row, column));
    return 0;
}

/* What spk_epochs_check() would find, in the words of the file. */
static int check_rows(const char *name, const char *path, const spk_table *table,
                      const int64_t columns[2], const spk_epochs *epochs)
{
    for (int64_t e = 0; e < epochs->n_epochs; e++) {
        const long long row = (long long)e + 1;
        const char *start = spk_table_text(table, e, columns[0]);
        const char *stop = spk_table_text(table, e, columns[1]);
        if (epochs->stops[e] <= epochs->starts[e]) {
            command_say(name,
                        "%s: row %lld: expected stop_s at least one sample after "
                        "start_s, found %s s to %s s",
                        path, row, start, stop);
            return 0;
        }
        if (e > 0 && epochs->starts[e] < epochs->stops[e - 1]) {
            command_say(name,
                        "%s: row %lld: starts at %s s, before the end of the row above, "
                        "%s s",
                        path, row, start, spk_table_text(table, e - 1, columns[1]));
            return 0;
        }
    }
    return 1;
}

void epochs_argument_clip(epochs_argument *epochs, const spk_spikes *spikes)
{
    int64_t *starts = epochs->owned, *stops = epochs->owned + epochs->epochs.n_epochs;
    int64_t n = 0;
    for (int64_t e = 0; e < epochs->epochs.n_epochs; e++) {
        const int64_t first =
            starts[e] > spikes->start_sample ? starts[e] : spikes->start_sample;
        const int64_t last =
            stops[e] < spikes->stop_sample ? stops[e] : spikes->stop_sample;
        if (last <= first)
            continue;
        starts[n] = first;
        stops[n++] = last;
    }
    epochs->epochs.n_epochs = n;
}

static int64_t duration_inside(const epochs_argument *epochs, const spk_spikes *spikes)
{
    int64_t inside = 0;
    for (int64_t e = 0; e < epochs->epochs.n_epochs; e++) {
        const int64_t start = epochs->epochs.starts[e], stop = epochs->epochs.stops[e];
        const int64_t first = start > spikes->start_sample ? start : spikes->start_sample;
        const int64_t last = stop < spikes->stop_sample ? stop : spikes->stop_sample;
        inside += last > first ? last - first : 0;
    }
    return inside;
}

void epochs_argument_note_outside(const char *name, const char *path,
                                  const epochs_argument *epochs, const spk_spikes *spikes)
{
    const double rate = spikes->sampling_rate_hz;
    const int64_t all = spk_epochs_duration(&epochs->epochs);
    const int64_t outside = all - duration_inside(epochs, spikes);
    if (outside > 0)
        command_note(name,
                     "warning: %s: %.6g s of %.6g s are outside the recording, %.6g s to "
                     "%.6g s",
                     path, (double)outside / rate, (double)all / rate,
                     (double)spikes->start_sample / rate,
                     (double)spikes->stop_sample / rate);
}

int epochs_argument_read(const char *name, spk_context *ctx, const char *path,
                         double sampling_rate_hz, epochs_argument *epochs)
{
    spk_table *table = NULL;
    memset(epochs, 0, sizeof *epochs);
    spk_status status = spk_table_read(ctx, path, &table);
    if (status != SPK_OK)
        return command_fail(name, ctx, status);
    int code = COMMAND_FAILED;
    const int64_t n = spk_table_n_rows(table);
    const int64_t columns[2] = {spk_table_find_column(table, "start_s"),
                                spk_table_find_column(table, "stop_s")};
    if (columns[0] < 0 || columns[1] < 0) {
        command_say(name, "%s: expected the columns start_s and stop_s, found no %s",
                    path, columns[0] < 0 ? "start_s" : "stop_s");
        goto cleanup;
    }
    if (n == 0) {
        command_say(name, "%s: expected at least one epoch, found none", path);
        goto cleanup;
    }
    epochs->owned = malloc((size_t)n * 2 * sizeof *epochs->owned);
    if (epochs->owned == NULL) {
        command_say(name, "not enough memory");
        goto cleanup;
    }
    for (int64_t i = 0; i < 2 * n; i++)
        if (!read_sample(name, ctx, path, table, i % n, columns[i / n], sampling_rate_hz,
                         &epochs->owned[i]))
            goto cleanup;
    epochs->epochs.n_epochs = n;
    epochs->epochs.starts = epochs->owned;
    epochs->epochs.stops = epochs->owned + n;
    if (!check_rows(name, path, table, columns, &epochs->epochs))
        goto cleanup;
    status = spk_epochs_check(ctx, &epochs->epochs);
    if (status != SPK_OK) {
        command_say(name, "%s: %s", path, spk_context_message(ctx));
        goto cleanup;
    }
    code = COMMAND_OK;
cleanup:
    spk_table_destroy(table);
    if (code != COMMAND_OK)
        epochs_argument_clear(epochs);
    return code;
}

void epochs_argument_clear(epochs_argument *epochs)
{
    free(epochs->owned);
    memset(epochs, 0, sizeof *epochs);
}

/* ---- periods ---- */

typedef struct period_row {
    int64_t unit, start, stop;
} period_row;

static int compare_periods(const void *a, const void *b)
{
    const period_row *x = a, *y = b;
    if (x->unit != y->unit)
        return x->unit < y->unit ? -1 : 1;
    return (x->start > y->start) - (x->start < y->start);
}

/* Reads the rows of the units of the session; others are counted. 0 after having spoken. */
static int read_periods(const char *name, spk_context *ctx, const char *path,
                        const spk_table *table, const int64_t columns[3],
                        const spk_session *session, period_row *rows, int64_t *n_rows)
{
    const double rate = spk_session_spikes(session)->sampling_rate_hz;
    int64_t n = 0, n_unknown = 0;
    for (int64_t r = 0; r < spk_table_n_rows(table); r++) {
        int64_t id = 0;
        if (spk_table_integer(ctx, table, r, columns[0], &id) != SPK_OK) {
            command_say(name, "%s: row %lld: expected a unit id, found '%s'", path,
                        (long long)r + 1, spk_table_text(table, r, columns[0]));
            return 0;
        }
        period_row row = {.unit = unit_selection_find(session, id)};
        if (!read_sample(name, ctx, path, table, r, columns[1], rate, &row.start) ||
            !read_sample(name, ctx, path, table, r, columns[2], rate, &row.stop))
            return 0;
        if (row.stop <= row.start) {
            command_say(
                name,
                "%s: row %lld: expected stop_s at least one sample after start_s, "
                "found %s s to %s s",
                path, (long long)r + 1, spk_table_text(table, r, columns[1]),
                spk_table_text(table, r, columns[2]));
            return 0;
        }
        if (row.unit < 0)
            n_unknown++;
        else
            rows[n++] = row;
    }
    if (n_unknown > 0)
        command_note(name, "warning: %s: %lld rows are of units that have no spikes",
                     path, (long long)n_unknown);
    *n_rows = n;
    return 1;
}

/* Lays rows in order out by unit, joining periods that overlap or touch. */
static void lay_periods(const period_row *rows, int64_t n_rows, int64_t n_units,
                        int64_t *offsets, int64_t *starts, int64_t *stops)
{
    int64_t n = 0, r = 0;
    for (int64_t u = 0; u < n_units; u++) {
        offsets[u] = n;
        for (; r < n_rows && rows[r].unit == u; r++) {
            if (n > offsets[u] && rows[r].start <= stops[n - 1]) {
                stops[n - 1] = rows[r].stop > stops[n - 1] ? rows[r].stop : stops[n - 1];
            } else {
                starts[n] = rows[r].start;
                stops[n++] = rows[r].stop;
            }
        }
    }
    offsets[n_units] = n;
}

int periods_argument_read(const char *name, spk_context *ctx, const char *path,
                          const spk_session *session, periods_argument *periods)
{
    static const char *const names[] = {"cluster_id", "start_s", "stop_s"};
    spk_table *table = NULL;
    period_row *rows = NULL;
    memset(periods, 0, sizeof *periods);
    const spk_status status = spk_table_read(ctx, path, &table);
    if (status != SPK_OK)
        return command_fail(name, ctx, status);
    int code = COMMAND_FAILED;
    int64_t columns[3], n_rows = 0;
    for (int c = 0; c < 3; c++) {
        columns[c] = spk_table_find_column(table, names[c]);
        if (columns[c] < 0) {
            command_say(
                name,
                "%s: expected the columns cluster_id, start_s and stop_s, found no "
                "%s",
                path, names[c]);
            goto cleanup;
        }
    }
    const int64_t n_units = spk_session_spikes(session)->n_units;
    const size_t room = (size_t)spk_table_n_rows(table);
    rows = malloc((room + 1) * sizeof *rows);
    periods->owned = malloc(((size_t)n_units + 1 + 2 * room) * sizeof *periods->owned);
    if (rows == NULL || periods->owned == NULL) {
        command_say(name, "not enough memory");
        goto cleanup;
    }
    if (!read_periods(name, ctx, path, table, columns, session, rows, &n_rows))
        goto cleanup;
    qsort(rows, (size_t)n_rows, sizeof *rows, compare_periods);
    int64_t *starts = periods->owned + n_units + 1, *stops = starts + room;
    lay_periods(rows, n_rows, n_units, periods->owned, starts, stops);
    periods->periods = (spk_periods){
        .n_units = n_units, .offsets = periods->owned, .starts = starts, .stops = stops};
    code = COMMAND_OK;
cleanup:
    free(rows);
    spk_table_destroy(table);
    if (code != COMMAND_OK)
        periods_argument_clear(periods);
    return code;
}

void periods_argument_clear(periods_argument *periods)
{
    free(periods->owned);
    memset(periods, 0, sizeof *periods);
}
