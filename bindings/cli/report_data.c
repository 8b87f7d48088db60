/* SPDX-License-Identifier: BSD-3-Clause */
/* Gathers what a report shows of units and of time; correlograms are in report_peaks.c. */
#define _XOPEN_SOURCE 700

#include "report_data.h"
#include "command.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static int fail_memory(void)
{
    command_say("report", "not enough memory");
    return COMMAND_FAILED;
}

/* The last part of a path; that of the real one when it is "." or "..". */
static char *name_of(const char *path)
{
    char *real = NULL;
    const char *end = path + strlen(path);
    for (int pass = 0; pass < 2; pass++) {
        while (end > path + 1 && end[-1] == '/')
            end--;
        const char *start = end;
        while (start > path && start[-1] != '/')
            start--;
        const size_t n = (size_t)(end - start);
        const int dots = n == 0 || (n <= 2 && strncmp(start, "..", n) == 0);
        if (!dots || pass == 1 || (real = realpath(n == 0 ? "." : path, NULL)) == NULL) {
            char *name = calloc(n + 1, 1);
            if (name != NULL)
                memcpy(name, start, n);
            free(real);
            return name;
        }
        path = real;
        end = path + strlen(path);
    }
    return NULL;
}

report_times report_times_choose(double duration_s, int64_t max_n)
{
    static const double minutes[] = {10, 15, 20, 30, 60, 120, 300, 600, 900, 1800};
    report_times times = {1, duration_s, duration_s};
    if (!(duration_s > 0))
        return times;
    double bin = 0;
    for (int k = -27; k < 3 && bin == 0; k++) { /* 1, 2, 5 times powers of ten */
        static const double steps[] = {1, 2, 5};
        const int decade = k >= 0 ? k / 3 : -((2 - k) / 3);
        const double width = steps[k - 3 * decade] * pow(10, decade);
        if (ceil(duration_s / width - 1e-9) <= (double)max_n)
            bin = width;
    }
    for (size_t i = 0; i < sizeof minutes / sizeof minutes[0] && bin == 0; i++)
        if (ceil(duration_s / minutes[i]) <= (double)max_n)
            bin = minutes[i];
    if (bin == 0)
        bin = 3600 * ceil(duration_s / 3600 / (double)max_n);
    times.bin_s = bin;
    times.n = (int64_t)ceil(duration_s / bin - 1e-9);
    if (times.n < 1)
        times.n = 1;
    return times;
}

double report_times_length(const report_times *times, int64_t bin)
{
    const double rest = times->duration_s - (double)bin * times->bin_s;
    return rest < times->bin_s ? rest : times->bin_s;
}

/* The bin of a sample of the table. */
static int64_t time_bin(const report_times *times, const spk_spikes *spikes,
                        int64_t sample)
{
    const double t = ((double)sample - (double)spikes->start_sample) /
                     spikes->sampling_rate_hz / times->bin_s;
    const int64_t bin = t > 0 ? (int64_t)t : 0;
    return bin < times->n ? bin : times->n - 1;
}

static int gather_positions(spk_context *ctx, spk_session *session, report_data *data)
{
    const int64_t n_all = spk_session_spikes(session)->n_units;
    data->positions_um = malloc(((size_t)n_all * 2 + 1) * sizeof *data->positions_um);
    double *positions = data->positions_um;
    if (positions == NULL)
        return fail_memory();
    const spk_status status =
        report_positions_find(ctx, session, positions, &data->position_source);
    if (status != SPK_OK)
        return command_fail("report", ctx, status);
    for (int64_t u = 0; u < data->n_units; u++) {
        const int64_t place = data->selection.places[u];
        data->units[u].x_um = positions[2 * place];
        data->units[u].y_um = positions[2 * place + 1];
        if (isfinite(data->units[u].y_um))
            data->has_positions = 1;
        else
            data->units[u].y_um = (double)NAN;
    }
    return COMMAND_OK;
}

typedef struct ranked {
    double y_um;
    int64_t unit;
} ranked;

static int compare_ranked(const void *a, const void *b)
{
    const ranked *p = a, *q = b;
    /* Units of unknown depth come first, at the foot of the figures. */
    const double y = isnan(p->y_um) ? -INFINITY : p->y_um;
    const double z = isnan(q->y_um) ? -INFINITY : q->y_um;
    if (y != z)
        return y < z ? -1 : 1;
    return p->unit < q->unit ? -1 : p->unit > q->unit;
}

static int order_units(report_data *data)
{
    ranked *list = malloc(((size_t)data->n_units + 1) * sizeof *list);
    if (list == NULL)
        return fail_memory();
    for (int64_t u = 0; u < data->n_units; u++) {
        list[u].y_um = data->units[u].y_um;
        list[u].unit = u;
    }
    qsort(list, (size_t)data->n_units, sizeof *list, compare_ranked);
    for (int64_t r = 0; r < data->n_units; r++)
        data->order[r] = list[r].unit;
    free(list);
    return COMMAND_OK;
}

/* Rates and short intervals of the units. */
static int gather_units(spk_context *ctx, report_data *data)
{
    const spk_spikes *spikes = &data->selection.spikes;
    const int64_t n_units = data->n_units;
    int64_t *offsets = malloc(((size_t)n_units + 2) * sizeof *offsets);
    int64_t *samples = malloc(((size_t)spikes->n_spikes + 1) * sizeof *samples);
    int code = COMMAND_OK;
    if (offsets == NULL || samples == NULL)
        code = fail_memory();
    else {
        const spk_status status = spk_spikes_group(ctx, spikes, offsets, samples, NULL);
        if (status != SPK_OK)
            code = command_fail("report", ctx, status);
    }
    for (int64_t u = 0; code == COMMAND_OK && u < n_units; u++) {
        report_unit *unit = &data->units[u];
        int64_t n_short = 0;
        unit->id = data->selection.unit_ids[u];
        unit->quality = spk_session_quality(data->session, data->selection.places[u]);
        unit->n_spikes = offsets[u + 1] - offsets[u];
        unit->rate_hz = data->duration_s > 0 ? (double)unit->n_spikes / data->duration_s
                                             : (double)NAN;
        for (int64_t s = offsets[u] + 1; s < offsets[u + 1]; s++)
            n_short += (double)(samples[s] - samples[s - 1]) <
                       REPORT_REFRACTORY_S * spikes->sampling_rate_hz;
        unit->refractory_share = unit->n_spikes > 1
                                     ? (double)n_short / (double)(unit->n_spikes - 1)
                                     : (double)NAN;
    }
    free(offsets);
    free(samples);
    return code;
}

static int count_rates(report_data *data)
{
    const spk_spikes *spikes = &data->selection.spikes;
    int64_t columns = REPORT_MAX_RATE_CELLS / (data->n_units > 0 ? data->n_units : 1);
    columns = columns < 40                   ? 40
              : columns > REPORT_MAX_COLUMNS ? REPORT_MAX_COLUMNS
                                             : columns;
    data->times = report_times_choose(data->duration_s, columns);
    data->unit_counts =
        calloc((size_t)(data->n_units * data->times.n) + 1, sizeof *data->unit_counts);
    if (data->unit_counts == NULL)
        return fail_memory();
    for (int64_t s = 0; s < spikes->n_spikes; s++)
        data->unit_counts[spikes->units[s] * data->times.n +
                          time_bin(&data->times, spikes, spikes->samples[s])]++;
    return COMMAND_OK;
}

/* The depth of each spike of the session: its own, or that of its unit. */
typedef struct depth_source {
    const spk_spikes *spikes;
    const double *unit_y;   /**< [units of the session], NaN if not chosen */
    const float *positions; /**< [n_spikes][2] as mapped, or NULL */
    double *converted;      /**< [n_spikes][2] from another type, or NULL */
} depth_source;

static double depth_of(const depth_source *source, int64_t s)
{
    const double unit_y = source->unit_y[source->spikes->units[s]];
    if (isnan(unit_y))
        return unit_y;
    if (source->positions != NULL)
        return (double)source->positions[2 * s + 1];
    return source->converted != NULL ? source->converted[2 * s + 1] : unit_y;
}

static int compare_doubles(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

/* Bins of depth of a round width between the 0.1st and the 99.9th percentile of a sample of
 * spikes, so that a few lost ones do not flatten the map. */
static int choose_rows(const depth_source *source, report_data *data)
{
    enum {
        SAMPLE = 20000
    };
    static const double widths[] = {1, 2, 5, 10, 20, 25, 50, 100, 200, 500, 1000};
    const int64_t n_spikes = source->spikes->n_spikes;
    const int64_t step = n_spikes / SAMPLE + 1;
    double *sample = malloc((SAMPLE + 2) * sizeof *sample);
    size_t n = 0;
    if (sample == NULL)
        return fail_memory();
    for (int64_t s = 0; s < n_spikes; s += step) {
        const double y = depth_of(source, s);
        if (isfinite(y))
            sample[n++] = y;
    }
    if (n > 0) {
        qsort(sample, n, sizeof *sample, compare_doubles);
        const double low = sample[n / 1000], high = sample[n - 1 - n / 1000];
        double width = widths[0];
        for (size_t i = 0; i < sizeof widths / sizeof widths[0]; i++) {
            width = widths[i];
            if ((high - low) / width < REPORT_MAX_ROWS - 2)
                break;
        }
        const double rows = floor(high / width) - floor(low / width) + 1;
        data->row_um = width;
        data->first_y_um = floor(low / width) * width;
        data->n_rows = rows < REPORT_MAX_ROWS ? (int64_t)rows : REPORT_MAX_ROWS;
    }
    free(sample);
    return COMMAND_OK;
}

static int count_density(spk_context *ctx, report_data *data)
{
    const spk_spikes *spikes = spk_session_spikes(data->session);
    const spk_array *found = spk_session_spike_positions(data->session);
    depth_source source = {.spikes = spikes};
    int code = COMMAND_OK;
    double *unit_y = malloc(((size_t)spikes->n_units + 1) * sizeof *unit_y);
    if (unit_y == NULL)
        return fail_memory();
    for (int64_t u = 0; u < spikes->n_units; u++)
        unit_y[u] = (double)NAN;
    for (int64_t u = 0; u < data->n_units; u++)
        unit_y[data->selection.places[u]] = data->units[u].y_um;
    source.unit_y = unit_y;
    if (found != NULL && found->n_elements == 2 * spikes->n_spikes) {
        data->has_spike_positions = 1;
        if (found->dtype == SPK_DTYPE_FLOAT32 && !found->fortran_order && !found->swapped)
            source.positions = found->data;
        else if ((source.converted = malloc(((size_t)found->n_elements + 1) *
                                            sizeof *source.converted)) == NULL)
            code = fail_memory();
        else {
            const spk_status status = spk_array_to_double(ctx, found, source.converted);
            if (status != SPK_OK)
                code = command_fail("report", ctx, status);
        }
    }
    if (code == COMMAND_OK)
        code = choose_rows(&source, data);
    data->density_times = report_times_choose(data->duration_s, REPORT_MAX_COLUMNS);
    if (code == COMMAND_OK &&
        (data->density = calloc((size_t)(data->n_rows * data->density_times.n) + 1,
                                sizeof *data->density)) == NULL)
        code = fail_memory();
    for (int64_t s = 0; code == COMMAND_OK && s < spikes->n_spikes; s++) {
        const double row =
            floor((depth_of(&source, s) - data->first_y_um) / data->row_um);
        if (row >= 0 && row < (double)data->n_rows)
            data->density[(int64_t)row * data->density_times.n +
                          time_bin(&data->density_times, spikes, spikes->samples[s])]++;
    }
    free(source.converted);
    free(unit_y);
    return code;
}

int report_data_gather(spk_context *ctx, spk_session *session, const char *units,
                       report_data *data)
{
    memset(data, 0, sizeof *data);
    int code = unit_selection_make("report", session, units, &data->selection);
    if (code != COMMAND_OK)
        return code;
    const spk_spikes *spikes = &data->selection.spikes;
    data->session = session;
    data->n_units = spikes->n_units;
    data->start_s = (double)spikes->start_sample / spikes->sampling_rate_hz;
    data->duration_s = ((double)spikes->stop_sample - (double)spikes->start_sample) /
                       spikes->sampling_rate_hz;
    data->name = name_of(spk_session_path(session));
    data->units = calloc((size_t)data->n_units + 1, sizeof *data->units);
    data->order = calloc((size_t)data->n_units + 1, sizeof *data->order);
    if (data->name == NULL || data->units == NULL || data->order == NULL)
        return fail_memory();
    if ((code = gather_positions(ctx, session, data)) != COMMAND_OK ||
        (code = gather_units(ctx, data)) != COMMAND_OK ||
        (code = order_units(data)) != COMMAND_OK ||
        (code = count_rates(data)) != COMMAND_OK)
        return code;
    return data->has_positions ? count_density(ctx, data) : COMMAND_OK;
}

static void clear_peaks(report_peaks *peaks)
{
    for (int64_t p = 0; p < peaks->n; p++)
        free(peaks->items[p].counts);
    free(peaks->items);
}

void report_data_clear(report_data *data)
{
    clear_peaks(&data->directed);
    clear_peaks(&data->synchronous);
    unit_selection_clear(&data->selection);
    free(data->name);
    free(data->units);
    free(data->order);
    free(data->positions_um);
    free(data->unit_counts);
    free(data->density);
    free(data->lags_ms);
    free(data->auto_counts);
    memset(data, 0, sizeof *data);
}
