/* SPDX-License-Identifier: BSD-3-Clause */
/* Computes what the thresholds look at, of the units as they are now, and labels them. */
#include "curate.h"

#include <math.h>
#include <spikekit/table.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int is_listed(const char *const *names, int64_t n, const char *name)
{
    for (int64_t k = 0; k < n; k++)
        if (strcmp(names[k], name) == 0)
            return 1;
    return 0;
}

/* The metrics of the thresholds that the input allows. */
static int64_t list_metrics(const curate_state *s, const spk_metrics_input *input,
                            const char **names)
{
    const int32_t has =
        (input->amplitudes != NULL ? SPK_METRIC_NEEDS_AMPLITUDES : 0) |
        (input->spike_positions != NULL ? SPK_METRIC_NEEDS_POSITIONS : 0) |
        (input->templates != NULL ? SPK_METRIC_NEEDS_TEMPLATES : 0) |
        (input->features != NULL ? SPK_METRIC_NEEDS_FEATURES : 0);
    int64_t n = 0;
    for (int64_t r = 0; r < spk_thresholds_n_rows(s->thresholds); r++) {
        const spk_metric *metric = spk_thresholds_metric(s->thresholds, r);
        if (metric != NULL && (metric->needs & ~has) == 0 &&
            !is_listed(names, n, metric->name))
            names[n++] = metric->name;
    }
    return n;
}

/* The features of the spikes that are left, which stay where they are in the file. */
static int take_features(const curate_state *s, spk_features *features, int64_t **order,
                         int32_t **rows)
{
    const spk_features *all = s->input.features;
    const int64_t n = s->now.spikes.n_spikes;
    *order = malloc(((size_t)n + 1) * sizeof **order);
    *rows = malloc(((size_t)n + 1) * sizeof **rows);
    if (*order == NULL || *rows == NULL) {
        free(*order);
        free(*rows);
        *order = NULL;
        *rows = NULL;
        return curate_fail_memory();
    }
    for (int64_t i = 0; i < n; i++) {
        const int64_t was = s->now.kept[i];
        (*order)[i] = all->order == NULL ? was : all->order[was];
        (*rows)[i] = all->rows[was];
    }
    *features = *all;
    features->order = *order;
    features->rows = *rows;
    return COMMAND_OK;
}

static int compute(spk_context *ctx, curate_state *s, const char **names)
{
    const spk_array amplitudes = curate_amplitudes(&s->now);
    const spk_array positions = curate_positions(&s->now);
    spk_templates templates;
    spk_features features;
    int64_t *order = NULL;
    int32_t *rows = NULL;
    spk_metrics_input input = s->input;
    spk_metrics_options options;
    spk_metrics_options_init(&options, sizeof options);
    input.spikes = &s->now.spikes;
    input.amplitudes = s->now.amplitudes == NULL ? NULL : &amplitudes;
    input.spike_positions = s->now.positions == NULL ? NULL : &positions;
    if (s->now.templates_of != NULL) {
        templates = *s->input.templates;
        templates.spike_templates = s->now.templates_of;
        input.templates = &templates;
    }
    if (input.features != NULL && s->now.spikes.n_spikes != s->input.spikes->n_spikes) {
        const int code = take_features(s, &features, &order, &rows);
        if (code != COMMAND_OK)
            return code;
        input.features = &features;
    }
    options.names = names;
    options.n_names = list_metrics(s, &input, names);
    const spk_status status = spk_metrics_compute(ctx, &input, &options, &s->metrics);
    free(order);
    free(rows);
    return status == SPK_OK ? COMMAND_OK : command_fail(CURATE_NAME, ctx, status);
}

static int assign(spk_context *ctx, curate_state *s, const char **names)
{
    const int64_t n_units = s->now.spikes.n_units;
    const int64_t n_columns = spk_metrics_n_columns(s->metrics);
    int32_t *labels = malloc(((size_t)n_units + 1) * sizeof *labels);
    int64_t *rows = malloc(((size_t)n_units + 1) * sizeof *rows);
    s->passed = malloc(((size_t)n_units + 1) * sizeof *s->passed);
    if (labels == NULL || rows == NULL || s->passed == NULL) {
        free(labels);
        free(rows);
        return curate_fail_memory();
    }
    for (int64_t c = 0; c < n_columns; c++)
        names[c] = spk_metrics_name(s->metrics, c);
    /* The columns of a result stand one after the other. */
    const spk_status status = spk_labels_assign(ctx, s->thresholds, n_units, n_columns,
                                                names, spk_metrics_values(s->metrics, 0),
                                                labels, rows, s->passed, NULL);
    for (int64_t u = 0; u < n_units && status == SPK_OK; u++) {
        if (labels[u] >= 0)
            s->labels[u] = spk_thresholds_label(s->thresholds, labels[u]);
        if (rows[u] >= 0)
            spk_threshold_describe(spk_thresholds_row(s->thresholds, rows[u]),
                                   s->reasons[u]);
    }
    free(labels);
    free(rows);
    return status == SPK_OK ? COMMAND_OK : command_fail(CURATE_NAME, ctx, status);
}

/* What was decided by hand counts before any threshold. */
static void label_by_hand(curate_state *s)
{
    for (int64_t r = spk_table_n_rows(s->by_hand) - 1; r >= 0; r--) {
        const long long id = strtoll(spk_table_text(s->by_hand, r, 0), NULL, 10);
        for (int64_t u = 0; u < s->now.spikes.n_units; u++)
            if (s->now.ids[u] == id) {
                s->labels[u] = spk_table_text(s->by_hand, r, 2);
                snprintf(s->reasons[u], sizeof s->reasons[u], "by hand: %s",
                         spk_table_text(s->by_hand, r, 1));
            }
    }
}

int curate_label(spk_context *ctx, curate_state *s)
{
    const int64_t n_units = s->now.spikes.n_units;
    if (s->thresholds == NULL && spk_table_n_rows(s->by_hand) == 0)
        return COMMAND_OK;
    s->labels = malloc(((size_t)n_units + 1) * sizeof *s->labels);
    s->reasons = calloc((size_t)n_units + 1, sizeof *s->reasons);
    const char **names =
        malloc(((size_t)spk_thresholds_n_rows(s->thresholds) + 1) * sizeof *names);
    int code = s->labels == NULL || s->reasons == NULL || names == NULL
                   ? curate_fail_memory()
                   : COMMAND_OK;
    for (int64_t u = 0; u < n_units && code == COMMAND_OK; u++)
        s->labels[u] = "";
    if (code == COMMAND_OK && s->thresholds != NULL)
        code = compute(ctx, s, names);
    if (code == COMMAND_OK && s->thresholds != NULL)
        code = assign(ctx, s, names);
    if (code == COMMAND_OK && s->by_hand != NULL)
        label_by_hand(s);
    free(names);
    return code;
}
