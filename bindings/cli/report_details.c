/* SPDX-License-Identifier: BSD-3-Clause */
#include "report_details.h"
#include "command.h"

#include <math.h>
#include <spikekit/drift.h>
#include <spikekit/firing.h>
#include <stdlib.h>
#include <string.h>

enum {
    FIT_SPIKES = 100 /* fewer give no curve worth drawing */
};

static int fail_memory(void)
{
    command_say("report", "not enough memory");
    return COMMAND_FAILED;
}

int64_t report_details_place(const report_details *details, int64_t unit)
{
    return details->data->selection.places[unit];
}

/* ---- metrics and what thresholds say of them ---- */

static int compute_metrics(spk_context *ctx, report_details *details)
{
    spk_session *session = details->data->session;
    spk_metrics_input input;
    int32_t needs = 0;
    spk_metrics_input_init(&input, sizeof input);
    spk_status status = spk_metrics_needs(ctx, NULL, &needs);
    if (status == SPK_OK)
        status = spk_metrics_input_from_session(ctx, session, needs, &input);
    if (status == SPK_OK)
        status = spk_metrics_compute(ctx, &input, NULL, &details->metrics);
    if (status != SPK_OK)
        return command_fail("report", ctx, status);
    details->n_columns = spk_metrics_n_columns(details->metrics);
    return COMMAND_OK;
}

/* Each threshold that stands alone marks the column that it looks at. */
static void judge(report_details *details, const int64_t *failed)
{
    const int64_t n_units = spk_metrics_n_units(details->metrics);
    const int64_t n_columns = details->n_columns;
    memset(details->verdicts, REPORT_NOT_JUDGED, (size_t)(n_units * n_columns));
    int64_t bit = 0;
    for (int64_t r = 0; r < spk_thresholds_n_rows(details->thresholds); r++) {
        const int64_t c = details->column_of[r];
        if (c < 0)
            continue;
        const int alone = spk_thresholds_row(details->thresholds, r)->together[0] == '\0';
        for (int64_t u = 0; alone && bit < 63 && u < n_units; u++) {
            char *verdict = &details->verdicts[u * n_columns + c];
            if (failed[u] >> bit & 1)
                *verdict = REPORT_FAILED;
            else if (*verdict == REPORT_NOT_JUDGED &&
                     !isnan(spk_metrics_values(details->metrics, c)[u]))
                *verdict = REPORT_PASSED;
        }
        bit++;
    }
}

static spk_status assign(spk_context *ctx, report_details *details, const char **names,
                         double *values, int64_t *failed)
{
    const int64_t n_units = spk_metrics_n_units(details->metrics);
    for (int64_t c = 0; c < details->n_columns; c++) {
        names[c] = spk_metrics_name(details->metrics, c);
        memcpy(values + c * n_units, spk_metrics_values(details->metrics, c),
               (size_t)n_units * sizeof *values);
    }
    spk_status status = spk_thresholds_columns(
        ctx, details->thresholds, details->n_columns, names, details->column_of);
    if (status == SPK_OK)
        /* without the context: what is passed over is said on the page, not in the log */
        status = spk_labels_assign(NULL, details->thresholds, n_units, details->n_columns,
                                   names, values, details->labels, details->decided, NULL,
                                   failed);
    if (status == SPK_OK)
        judge(details, failed);
    return status;
}

static int label_units(spk_context *ctx, const char *source, report_details *details)
{
    spk_status status = spk_thresholds_read(ctx, source, 0, NULL, &details->thresholds);
    if (status != SPK_OK)
        return command_fail("report", ctx, status);
    const size_t n_units = (size_t)spk_metrics_n_units(details->metrics) + 1;
    const size_t n_columns = (size_t)details->n_columns + 1;
    const size_t n_rows = (size_t)spk_thresholds_n_rows(details->thresholds) + 1;
    const char **names = malloc(n_columns * sizeof *names);
    double *values = malloc(n_columns * n_units * sizeof *values);
    int64_t *failed = malloc(n_units * sizeof *failed);
    details->labels = malloc(n_units * sizeof *details->labels);
    details->decided = malloc(n_units * sizeof *details->decided);
    details->verdicts = malloc(n_units * n_columns);
    details->column_of = malloc(n_rows * sizeof *details->column_of);
    int code = COMMAND_OK;
    if (names == NULL || values == NULL || failed == NULL || details->labels == NULL ||
        details->decided == NULL || details->verdicts == NULL ||
        details->column_of == NULL)
        code = fail_memory();
    else if (assign(ctx, details, names, values, failed) != SPK_OK)
        code = fail_memory();
    free(failed);
    free(values);
    free(names);
    return code;
}

const char *report_details_label(const report_details *details, int64_t unit)
{
    const int32_t label = details->labels[report_details_place(details, unit)];
    return label < 0 ? "" : spk_thresholds_label(details->thresholds, label);
}

void report_details_reason(const report_details *details, int64_t unit, char words[256])
{
    const int64_t row = details->decided[report_details_place(details, unit)];
    words[0] = '\0';
    if (row >= 0)
        spk_threshold_describe(spk_thresholds_row(details->thresholds, row), words);
}

/* Nothing to see in a column: no unit of the report has a value, and none fails by that. */
static int is_empty(const report_details *details, int64_t column)
{
    const double *values = spk_metrics_values(details->metrics, column);
    for (int64_t u = 0; u < details->data->n_units; u++) {
        const int64_t place = report_details_place(details, u);
        if (!isnan(values[place]) ||
            details->verdicts[place * details->n_columns + column] == REPORT_FAILED)
            return 0;
    }
    return 1;
}

int32_t report_details_is_core(const report_details *details, int64_t column)
{
    if (is_empty(details, column))
        return 0;
    static const char *const core[] = {"firing_rate",      "rp_contamination",
                                       "amplitude_median", "isolation_distance",
                                       "nn_hit_rate",      "drift_ptp"};
    const char *name = spk_metrics_name(details->metrics, column);
    for (size_t i = 0; i < sizeof core / sizeof core[0]; i++)
        if (strcmp(core[i], name) == 0)
            return 1;
    for (int64_t r = 0; r < spk_thresholds_n_rows(details->thresholds); r++)
        if (details->column_of[r] == column &&
            spk_thresholds_row(details->thresholds, r)->together[0] == '\0')
            return 1;
    return 0;
}

/* ---- autocorrelograms ---- */

static int fit_units(spk_context *ctx, report_details *details)
{
    const report_data *data = details->data;
    const int64_t n_bins = data->options.n_bins, n = n_bins / 2;
    details->n_fit_bins = n;
    details->fits = malloc(((size_t)(data->n_units * n) + 1) * sizeof *details->fits);
    double *lags = malloc(((size_t)n + 1) * sizeof *lags);
    int code = details->fits == NULL || lags == NULL ? fail_memory() : COMMAND_OK;
    for (int64_t u = 0; code == COMMAND_OK && u < data->n_units; u++) {
        const double n_spikes = (double)data->units[u].n_spikes;
        const double to_hz = 1000 / (n_spikes * data->bin_ms);
        const int64_t *counts = data->auto_counts + u * n_bins + n + 1;
        double *fit = details->fits + u * n;
        spk_acg_fit found = {.converged = 0};
        spk_status status = SPK_OK;
        for (int64_t k = 0; k < n; k++) {
            lags[k] = (double)(k + 1) * data->bin_ms;
            fit[k] = (double)counts[k] * to_hz;
        }
        if (n >= 8 && n_spikes >= FIT_SPIKES)
            status = spk_acg_fit_estimate(ctx, data->bin_ms, n, fit, &found);
        if (status == SPK_OK && found.converged)
            status = spk_acg_fit_curve(ctx, &found, n, lags, fit);
        for (int64_t k = 0; k < n; k++)
            fit[k] = found.converged ? fit[k] / to_hz : (double)NAN;
        if (status != SPK_OK)
            code = command_fail("report", ctx, status);
    }
    free(lags);
    return code;
}

double report_details_refractory_ms(const report_details *details, int64_t unit)
{
    const int64_t n = details->n_fit_bins, far = n / 4 > 0 ? n / 4 : 1;
    const double *fit = details->fits + unit * n;
    double level = 0;
    if (n == 0 || isnan(fit[0]))
        return (double)NAN;
    for (int64_t k = n - far; k < n; k++)
        level += fit[k] / (double)far;
    for (int64_t k = 0; k < n; k++)
        if (fit[k] >= level / 2)
            return (double)k * details->data->bin_ms;
    return (double)NAN;
}

/* ---- amplitudes ---- */

int16_t report_details_scaled(double value, double low, double high)
{
    if (!(high > low))
        return REPORT_FULL_SCALE / 2;
    const double place = (value - low) / (high - low) * REPORT_FULL_SCALE;
    return (int16_t)(place < 0                   ? 0
                     : place > REPORT_FULL_SCALE ? REPORT_FULL_SCALE
                                                 : place);
}

static void sample_amplitudes(const report_data *data, const spk_train *train,
                              const double *amplitudes, report_points *points)
{
    const spk_spikes *spikes = spk_session_spikes(data->session);
    const double start = (double)spikes->start_sample, stop = (double)spikes->stop_sample;
    int64_t n = train->n_spikes < REPORT_MAX_POINTS ? train->n_spikes : REPORT_MAX_POINTS;
    points->low = INFINITY;
    points->high = -INFINITY;
    for (int64_t i = 0; i < n; i++) {
        const double value = amplitudes[train->indices[i * train->n_spikes / n]];
        if (value < points->low)
            points->low = value;
        if (value > points->high && isfinite(value))
            points->high = value;
    }
    points->n = 0;
    for (int64_t i = 0; i < n; i++) {
        const int64_t s = i * train->n_spikes / n;
        const double value = amplitudes[train->indices[s]];
        if (!isfinite(value))
            continue;
        points->times[points->n] =
            report_details_scaled((double)train->samples[s], start, stop);
        points->values[points->n++] =
            report_details_scaled(value, points->low, points->high);
    }
}

static spk_status find_medians(spk_context *ctx, report_details *details,
                               const spk_trains *trains, const spk_array *amplitudes)
{
    spk_drift_options options;
    spk_drift_options_init(&options, sizeof options);
    options.interval_s = details->data->duration_s / REPORT_MEDIANS;
    options.min_spikes = 1;
    if (!(options.interval_s > 0))
        return SPK_OK;
    spk_status status = spk_drift_length(ctx, trains, &options, &details->n_medians);
    if (status != SPK_OK)
        return status;
    const size_t n_units = (size_t)spk_trains_spikes(trains)->n_units;
    details->medians =
        malloc((n_units * (size_t)details->n_medians + 1) * sizeof *details->medians);
    if (details->medians == NULL)
        return SPK_ERR_MEMORY;
    return spk_drift_medians(ctx, trains, amplitudes, 0, &options, details->medians,
                             NULL);
}

static int gather_amplitudes(spk_context *ctx, report_details *details)
{
    const report_data *data = details->data;
    const spk_array *found = spk_session_amplitudes(data->session);
    const spk_spikes *spikes = spk_session_spikes(data->session);
    if (found == NULL || found->n_elements != spikes->n_spikes)
        return COMMAND_OK;
    spk_trains *trains = NULL;
    double *amplitudes = malloc(((size_t)spikes->n_spikes + 1) * sizeof *amplitudes);
    details->points = calloc((size_t)data->n_units + 1, sizeof *details->points);
    int code = COMMAND_OK;
    if (amplitudes == NULL || details->points == NULL) {
        code = fail_memory();
    } else {
        spk_status status = spk_array_to_double(ctx, found, amplitudes);
        if (status == SPK_OK)
            status = spk_trains_create(ctx, spikes, NULL, &trains);
        if (status == SPK_OK)
            status = find_medians(ctx, details, trains, found);
        if (status != SPK_OK)
            code = command_fail("report", ctx, status);
    }
    for (int64_t u = 0; code == COMMAND_OK && u < data->n_units; u++) {
        const spk_train train = spk_trains_unit(trains, report_details_place(details, u));
        sample_amplitudes(data, &train, amplitudes, &details->points[u]);
    }
    spk_trains_destroy(trains);
    free(amplitudes);
    return code;
}

/* ---- templates ---- */

/* The main channel and those nearest to it. */
static void choose_channels(const spk_templates *templates, int32_t main_channel,
                            report_template *drawn)
{
    const double *places = templates->channel_positions_um;
    double distances[REPORT_MAX_CHANNELS];
    drawn->n_channels = 0;
    for (int32_t c = 0; c < (int32_t)templates->n_channels; c++) {
        const double distance =
            places == NULL ? fabs((double)(c - main_channel))
                           : hypot(places[2 * c] - places[2 * main_channel],
                                   places[2 * c + 1] - places[2 * main_channel + 1]);
        int32_t at = drawn->n_channels;
        if (at == REPORT_MAX_CHANNELS && distance >= distances[at - 1])
            continue;
        if (at == REPORT_MAX_CHANNELS)
            at--;
        else
            drawn->n_channels++;
        for (; at > 0 && distances[at - 1] > distance; at--) {
            distances[at] = distances[at - 1];
            drawn->channels[at] = drawn->channels[at - 1];
        }
        distances[at] = distance;
        drawn->channels[at] = c;
    }
    for (int32_t i = 0; i < drawn->n_channels; i++) {
        const int32_t c = drawn->channels[i];
        drawn->x_um[i] = places == NULL ? 0 : places[2 * c];
        drawn->y_um[i] = places == NULL ? -c : places[2 * c + 1];
    }
}

static int keep_template(const spk_templates *templates, const double *waveform,
                         int32_t main_channel, report_template *drawn)
{
    const int64_t n = templates->n_samples;
    double largest = 0;
    if (main_channel < 0)
        return COMMAND_OK;
    choose_channels(templates, main_channel, drawn);
    drawn->values = malloc(((size_t)(drawn->n_channels * n) + 1) * sizeof *drawn->values);
    if (drawn->values == NULL)
        return fail_memory();
    for (int64_t s = 0; s < n; s++)
        largest = fmax(largest, fabs(waveform[s * templates->n_channels + main_channel]));
    for (int32_t i = 0; i < drawn->n_channels; i++)
        for (int64_t s = 0; s < n; s++) {
            const double value =
                waveform[s * templates->n_channels + drawn->channels[i]] / largest;
            drawn->values[i * n + s] =
                (int16_t)(isfinite(value) ? value * REPORT_FULL_SCALE : 0);
        }
    return COMMAND_OK;
}

static int gather_templates(spk_context *ctx, report_details *details)
{
    const report_data *data = details->data;
    const spk_spikes *spikes = spk_session_spikes(data->session);
    const spk_templates *templates = NULL;
    spk_status status = spk_session_templates(ctx, data->session, &templates);
    if (status == SPK_OK && templates == NULL)
        return COMMAND_OK;
    int32_t *mains = NULL;
    double *waveform = NULL;
    int code = COMMAND_OK;
    if (status == SPK_OK)
        status =
            spk_unit_templates_create(ctx, templates, spikes, &details->unit_templates);
    if (status == SPK_OK) {
        mains = malloc(((size_t)spikes->n_units + 1) * sizeof *mains);
        waveform = malloc(((size_t)(templates->n_samples * templates->n_channels) + 1) *
                          sizeof *waveform);
        details->templates =
            calloc((size_t)data->n_units + 1, sizeof *details->templates);
        details->n_template_samples = templates->n_samples;
        if (mains == NULL || waveform == NULL || details->templates == NULL)
            code = fail_memory();
        else
            status = spk_templates_amplitudes(ctx, details->unit_templates, mains, NULL);
    }
    for (int64_t u = 0; status == SPK_OK && code == COMMAND_OK && u < data->n_units;
         u++) {
        const int64_t place = report_details_place(details, u);
        status = spk_templates_unit(ctx, details->unit_templates, place, waveform);
        if (status == SPK_OK)
            code =
                keep_template(templates, waveform, mains[place], &details->templates[u]);
    }
    free(waveform);
    free(mains);
    return status == SPK_OK ? code : command_fail("report", ctx, status);
}

static int find_merges(spk_context *ctx, report_details *details)
{
    const spk_status status = report_merges_find(ctx, details);
    return status == SPK_OK           ? COMMAND_OK
           : status == SPK_ERR_MEMORY ? fail_memory()
                                      : command_fail("report", ctx, status);
}

/* ---- all of it ---- */

int report_details_gather(spk_context *ctx, const report_data *data,
                          const char *thresholds, report_details *details)
{
    memset(details, 0, sizeof *details);
    details->data = data;
    details->thresholds_name = thresholds;
    int code = compute_metrics(ctx, details);
    if (code == COMMAND_OK)
        code = label_units(ctx, thresholds, details);
    if (code == COMMAND_OK)
        code = fit_units(ctx, details);
    if (code == COMMAND_OK)
        code = gather_amplitudes(ctx, details);
    if (code == COMMAND_OK)
        code = gather_templates(ctx, details);
    if (code == COMMAND_OK)
        code = find_merges(ctx, details);
    return code;
}

void report_details_clear(report_details *details)
{
    for (int64_t u = 0; details->templates != NULL && u < details->data->n_units; u++)
        free(details->templates[u].values);
    free(details->templates);
    for (int64_t u = 0; details->merges != NULL && u < details->data->n_units; u++)
        free(details->merges[u].counts);
    free(details->merges);
    free(details->twins);
    spk_merge_candidates_destroy(details->candidates);
    free(details->medians);
    spk_unit_templates_destroy(details->unit_templates);
    free(details->points);
    free(details->fits);
    free(details->column_of);
    free(details->verdicts);
    free(details->decided);
    free(details->labels);
    spk_thresholds_destroy(details->thresholds);
    spk_metrics_destroy(details->metrics);
    memset(details, 0, sizeof *details);
}
