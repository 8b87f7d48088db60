/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Chooses metrics by name, checks that the input has what they need, and lets each group with
 * a wanted metric fill its columns.
 */
#include "base/check.h"
#include "base/memory.h"
#include "files/array_convert.h"
#include "sorting/metric_group.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

enum {
    NAME_SIZE = 64
};

typedef struct metric_column {
    const spk_metric *metric;
    char name[NAME_SIZE]; /* ours, or the tool's */
    int wanted;
    int named; /* asked for by its own name, or that of its group */
} metric_column;

struct spk_metrics {
    int64_t n_units;
    int64_t n_columns;
    metric_column *columns;
    double *values; /* [n_columns][n_units] */
};

void spk_metrics_input_init(spk_metrics_input *input, size_t struct_size)
{
    spk_metrics_input defaults = {.struct_size = struct_size};
    if (input != NULL)
        memcpy(input, &defaults,
               struct_size < sizeof defaults ? struct_size : sizeof defaults);
}

void spk_metrics_options_init(spk_metrics_options *options, size_t struct_size)
{
    spk_metrics_options defaults = {.struct_size = struct_size};
    if (options != NULL)
        memcpy(options, &defaults,
               struct_size < sizeof defaults ? struct_size : sizeof defaults);
}

/* ---- the catalogue ---- */

int64_t spk_metrics_catalog_length(void)
{
    int64_t n = 0;
    for (int g = 0; spk__metric_groups[g] != NULL; g++)
        n += spk__metric_groups[g]->n_metrics;
    return n;
}

const spk_metric *spk_metrics_catalog(int64_t index)
{
    for (int g = 0; index >= 0 && spk__metric_groups[g] != NULL; g++) {
        if (index < spk__metric_groups[g]->n_metrics)
            return &spk__metric_groups[g]->metrics[index];
        index -= spk__metric_groups[g]->n_metrics;
    }
    return NULL;
}

int64_t spk_metrics_parameter_catalog_length(void)
{
    int64_t n = 0;
    for (int g = 0; spk__metric_groups[g] != NULL; g++)
        n += spk__metric_groups[g]->n_parameters;
    return n;
}

const spk_metrics_parameter *spk_metrics_parameter_catalog(int64_t index)
{
    for (int g = 0; index >= 0 && spk__metric_groups[g] != NULL; g++) {
        if (index < spk__metric_groups[g]->n_parameters)
            return &spk__metric_groups[g]->parameters[index];
        index -= spk__metric_groups[g]->n_parameters;
    }
    return NULL;
}

static const spk_metrics_parameter *find_parameter(const char *name)
{
    const spk_metrics_parameter *parameter;
    for (int64_t p = 0; (parameter = spk_metrics_parameter_catalog(p)) != NULL; p++)
        if (strcmp(parameter->name, name) == 0)
            return parameter;
    return NULL;
}

double spk__metrics_parameter(const spk__metrics_work *work, const char *name)
{
    for (int64_t s = 0; s < work->n_settings; s++)
        if (strcmp(work->settings[s].name, name) == 0)
            return work->settings[s].value;
    const spk_metrics_parameter *parameter = find_parameter(name);
    return parameter == NULL ? NAN : parameter->default_value;
}

int32_t spk_metrics_peer_name(const spk_metric *metric, const char *definition,
                              char name[NAME_SIZE])
{
    if (metric == NULL || definition == NULL || name == NULL)
        return 0;
    const size_t n = strlen(definition);
    /* words of "tool:name", separated by spaces */
    for (const char *at = metric->peers; *at != '\0'; at += strspn(at, " ")) {
        const size_t length = strcspn(at, " ");
        if (length > n + 1 && length - n <= NAME_SIZE && at[n] == ':' &&
            strncmp(at, definition, n) == 0) {
            memcpy(name, at + n + 1, length - n - 1);
            name[length - n - 1] = '\0';
            return 1;
        }
        at += length;
    }
    return 0;
}

/* ---- words for several metrics ---- */

static const spk_metrics_topic topics[] = {
    {"contamination", "isi_violations rp_violations sliding_rp rpv kilosort_refractory",
     "How many spikes of a unit are of other units, by every definition."},
    {"completeness", "presence amplitude",
     "How much of a unit was missed, in time and below the threshold of amplitude."},
};

int64_t spk_metrics_topic_catalog_length(void)
{
    return (int64_t)(sizeof topics / sizeof topics[0]);
}

const spk_metrics_topic *spk_metrics_topic_catalog(int64_t index)
{
    return index < 0 || index >= spk_metrics_topic_catalog_length() ? NULL
                                                                    : &topics[index];
}

/* Whether a text of words separated by spaces has this one. */
static int has_word(const char *words, const char *word)
{
    const size_t n = strlen(word);
    for (const char *at = words; n > 0 && (at = strstr(at, word)) != NULL; at += n)
        if ((at == words || at[-1] == ' ') && (at[n] == ' ' || at[n] == '\0'))
            return 1;
    return 0;
}

int32_t spk_metrics_match(const spk_metric *metric, const char *definition,
                          const char *word)
{
    char name[NAME_SIZE];
    if (metric == NULL || word == NULL ||
        (definition != NULL && !spk_metrics_peer_name(metric, definition, name)))
        return 0;
    if (strcmp(definition == NULL ? metric->name : name, word) == 0 ||
        (strchr(word, ':') != NULL && has_word(metric->peers, word)))
        return 1;
    if (strcmp(metric->group, word) == 0)
        return 2;
    for (int64_t t = 0; t < spk_metrics_topic_catalog_length(); t++)
        if (strcmp(topics[t].name, word) == 0)
            return has_word(topics[t].groups, metric->group) ? 2 : 0;
    return 0;
}

/* ---- choosing ---- */

static spk_status check_options(spk_context *ctx, const spk_metrics_options *options)
{
    SPK_REQUIRE(ctx, options->struct_size >= sizeof *options, SPK_ERR_ARGUMENT,
                "options: not filled by spk_metrics_options_init()");
    SPK_REQUIRE(ctx, options->names == NULL || options->n_names >= 0, SPK_ERR_ARGUMENT,
                "n_names must be >= 0, got %" PRId64, options->n_names);
    SPK_REQUIRE(ctx, options->settings == NULL || options->n_settings >= 0,
                SPK_ERR_ARGUMENT, "n_settings must be >= 0, got %" PRId64,
                options->n_settings);
    for (int64_t n = 0; options->names != NULL && n < options->n_names; n++)
        SPK_REQUIRE(ctx, options->names[n] != NULL, SPK_ERR_ARGUMENT,
                    "names[%" PRId64 "] is NULL", n);
    for (int64_t s = 0; options->settings != NULL && s < options->n_settings; s++) {
        const spk_metrics_setting *setting = &options->settings[s];
        SPK_REQUIRE(ctx, setting->name != NULL, SPK_ERR_ARGUMENT,
                    "settings[%" PRId64 "]: name is NULL", s);
        const spk_metrics_parameter *parameter = find_parameter(setting->name);
        SPK_REQUIRE(ctx, parameter != NULL, SPK_ERR_NOT_FOUND, "no parameter '%s'",
                    setting->name);
        SPK_REQUIRE(ctx,
                    setting->value >= parameter->minimum &&
                        setting->value <= parameter->maximum,
                    SPK_ERR_ARGUMENT, "%s must be in %g .. %g, got %g", setting->name,
                    parameter->minimum, parameter->maximum, setting->value);
    }
    return SPK_OK;
}

/* Lists the columns of the definition, all not wanted yet. */
static spk_status list_columns(spk_context *ctx, const char *definition,
                               metric_column **columns, int64_t *n_columns)
{
    const int64_t n_all = spk_metrics_catalog_length();
    metric_column *list = spk__alloc_zero(ctx, n_all, sizeof *list);
    int64_t n = 0;
    if (list == NULL)
        return spk__fail_memory(ctx);
    for (int64_t m = 0; m < n_all; m++) {
        const spk_metric *metric = spk_metrics_catalog(m);
        list[n].metric = metric;
        if (definition == NULL)
            strncpy(list[n].name, metric->name, NAME_SIZE - 1);
        else if (!spk_metrics_peer_name(metric, definition, list[n].name))
            continue;
        n++;
    }
    if (n == 0) {
        spk__free(list);
        return spk__fail(ctx, SPK_ERR_NOT_FOUND, "no definition '%s'", definition);
    }
    *columns = list;
    *n_columns = n;
    return SPK_OK;
}

/* Wants what a name says: a metric, or all of a group that are not slow. 0 if nothing. */
static int want(metric_column *columns, int64_t n_columns, const char *definition,
                const char *name)
{
    int found = 0;
    for (int64_t c = 0; c < n_columns; c++) {
        const int32_t match = spk_metrics_match(columns[c].metric, definition, name);
        if (match == 0 || (match == 2 && columns[c].metric->is_slow))
            continue;
        columns[c].wanted = 1;
        columns[c].named |= match == 1;
        found = 1;
    }
    return found;
}

/* The columns of the options, with those wanted marked. On SPK_OK free the list. */
static spk_status choose(spk_context *ctx, const spk_metrics_options *options,
                         metric_column **columns, int64_t *n_columns)
{
    spk_status status = check_options(ctx, options);
    if (status == SPK_OK)
        status = list_columns(ctx, options->definition, columns, n_columns);
    if (status != SPK_OK)
        return status;
    if (options->names == NULL) {
        for (int64_t c = 0; c < *n_columns; c++)
            (*columns)[c].wanted = !(*columns)[c].metric->is_slow;
        return SPK_OK;
    }
    for (int64_t n = 0; n < options->n_names; n++)
        if (!want(*columns, *n_columns, options->definition, options->names[n])) {
            spk__free(*columns);
            *columns = NULL;
            if (options->definition == NULL)
                return spk__fail(ctx, SPK_ERR_NOT_FOUND, "no metric or group '%s'",
                                 options->names[n]);
            return spk__fail(ctx, SPK_ERR_NOT_FOUND,
                             "no metric or group '%s' among those of %s",
                             options->names[n], options->definition);
        }
    return SPK_OK;
}

spk_status spk_metrics_needs(spk_context *ctx, const spk_metrics_options *options,
                             int32_t *needs)
{
    SPK_REQUIRE(ctx, needs != NULL, SPK_ERR_ARGUMENT, "needs is NULL");
    spk_metrics_options defaults;
    spk_metrics_options_init(&defaults, sizeof defaults);
    metric_column *columns = NULL;
    int64_t n_columns = 0;
    const spk_status status =
        choose(ctx, options == NULL ? &defaults : options, &columns, &n_columns);
    if (status != SPK_OK)
        return status;
    *needs = 0;
    for (int64_t c = 0; c < n_columns; c++)
        if (columns[c].wanted)
            *needs |= columns[c].metric->needs;
    spk__free(columns);
    return SPK_OK;
}

/* ---- computing ---- */

static spk_status check_rows(spk_context *ctx, const char *name, const spk_array *array,
                             int64_t n_spikes, int64_t n_columns)
{
    if (array == NULL)
        return SPK_OK;
    const spk_status status = spk__array_check(ctx, array);
    if (status != SPK_OK)
        return status;
    char shape[128];
    spk__array_shape_text(array, shape);
    const int is_vector =
        array->n_dimensions == 1 || (array->n_dimensions == 2 && array->shape[1] == 1);
    SPK_REQUIRE(ctx, array->n_dimensions >= 1 && array->shape[0] == n_spikes,
                SPK_ERR_ARGUMENT,
                "%s: expected a row for each of %" PRId64 " spikes, found shape %s", name,
                n_spikes, shape);
    SPK_REQUIRE(ctx,
                n_columns == 1 ? is_vector
                               : array->n_dimensions == 2 && array->shape[1] >= n_columns,
                SPK_ERR_ARGUMENT, "%s: expected %" PRId64 " column%s, found shape %s",
                name, n_columns, n_columns == 1 ? "" : "s", shape);
    SPK_REQUIRE(ctx, array->dtype <= SPK_DTYPE_FLOAT64, SPK_ERR_ARGUMENT,
                "%s: expected numbers, found %s", name, spk_dtype_name(array->dtype));
    return SPK_OK;
}

static spk_status check_input(spk_context *ctx, const spk_metrics_input *input)
{
    SPK_REQUIRE(ctx, input != NULL, SPK_ERR_ARGUMENT, "input is NULL");
    SPK_REQUIRE(ctx, input->struct_size >= sizeof *input, SPK_ERR_ARGUMENT,
                "input: not filled by spk_metrics_input_init()");
    SPK_REQUIRE(ctx, input->spikes != NULL, SPK_ERR_ARGUMENT, "input: spikes is NULL");
    int64_t length;
    SPK_REQUIRE(ctx,
                !__builtin_sub_overflow(input->spikes->stop_sample,
                                        input->spikes->start_sample, &length),
                SPK_ERR_OVERFLOW, "the recording is longer than 2^63 - 1 samples");
    const int64_t n = input->spikes->n_spikes;
    spk_status status = check_rows(ctx, "amplitudes", input->amplitudes, n, 1);
    if (status == SPK_OK)
        status = check_rows(ctx, "spike_positions", input->spike_positions, n, 2);
    return status;
}

static int32_t available(const spk_metrics_input *input)
{
    return (input->amplitudes != NULL ? SPK_METRIC_NEEDS_AMPLITUDES : 0) |
           (input->spike_positions != NULL ? SPK_METRIC_NEEDS_POSITIONS : 0) |
           (input->templates != NULL ? SPK_METRIC_NEEDS_TEMPLATES : 0) |
           (input->features != NULL ? SPK_METRIC_NEEDS_FEATURES : 0);
}

static const char *words_of_need(int32_t missing)
{
    if (missing & SPK_METRIC_NEEDS_AMPLITUDES)
        return "an amplitude of each spike";
    if (missing & SPK_METRIC_NEEDS_POSITIONS)
        return "a position of each spike";
    if (missing & SPK_METRIC_NEEDS_TEMPLATES)
        return "templates";
    return "features of each spike";
}

/* Drops what is not wanted, or cannot be had; a metric that was named must be had. */
static spk_status keep_possible(spk_context *ctx, const spk_metrics_input *input,
                                metric_column *columns, int64_t *n_columns)
{
    const int32_t has = available(input);
    int64_t n = 0;
    for (int64_t c = 0; c < *n_columns; c++) {
        const int32_t missing = columns[c].metric->needs & ~has;
        SPK_REQUIRE(ctx, missing == 0 || !columns[c].named, SPK_ERR_NOT_FOUND,
                    "%s needs %s, which this recording does not have", columns[c].name,
                    words_of_need(missing));
        if (columns[c].wanted && missing == 0)
            columns[n++] = columns[c];
    }
    *n_columns = n;
    return SPK_OK;
}

/* The column of a metric, NULL if it is not wanted. */
static double *values_of(const spk_metrics *metrics, const spk_metric *metric)
{
    for (int64_t c = 0; c < metrics->n_columns; c++)
        if (metrics->columns[c].metric == metric)
            return metrics->values + c * metrics->n_units;
    return NULL;
}

static spk_status compute_groups(spk_context *ctx, const spk__metrics_work *work,
                                 const spk_metrics *metrics)
{
    spk_status status = SPK_OK;
    double **values = spk__alloc(ctx, spk_metrics_catalog_length(), sizeof *values);
    if (values == NULL)
        return spk__fail_memory(ctx);
    for (int g = 0; status == SPK_OK && spk__metric_groups[g] != NULL; g++) {
        const spk__metric_group *group = spk__metric_groups[g];
        int wanted = 0;
        for (int64_t m = 0; m < group->n_metrics; m++) {
            values[m] = values_of(metrics, &group->metrics[m]);
            wanted |= values[m] != NULL;
        }
        if (wanted && metrics->n_units > 0)
            status = group->compute(ctx, work, values);
    }
    spk__free(values);
    return status;
}

spk_status spk_metrics_compute(spk_context *ctx, const spk_metrics_input *input,
                               const spk_metrics_options *options, spk_metrics **metrics)
{
    SPK_REQUIRE(ctx, metrics != NULL, SPK_ERR_ARGUMENT, "metrics is NULL");
    spk_metrics_options defaults;
    spk_metrics_options_init(&defaults, sizeof defaults);
    if (options == NULL)
        options = &defaults;
    spk_status status = check_input(ctx, input);
    if (status != SPK_OK)
        return status;

    spk_trains *trains = NULL;
    spk_metrics *m = spk__alloc_zero(ctx, 1, sizeof *m);
    if (m == NULL)
        return spk__fail_memory(ctx);
    spk_trains_options train_options;
    spk_trains_options_init(&train_options, sizeof train_options);
    train_options.epochs = options->epochs;
    train_options.periods = options->periods;
    m->n_units = input->spikes->n_units;
    if ((status = choose(ctx, options, &m->columns, &m->n_columns)) != SPK_OK ||
        (status = keep_possible(ctx, input, m->columns, &m->n_columns)) != SPK_OK ||
        (status = spk_trains_create(ctx, input->spikes, &train_options, &trains)) !=
            SPK_OK)
        goto cleanup;
    const int64_t n_values = m->n_columns * m->n_units; /* catalogue times 2^31 at most */
    m->values = spk__alloc(ctx, n_values, sizeof *m->values);
    if (m->values == NULL) {
        status = spk__fail_memory(ctx);
        goto cleanup;
    }
    for (int64_t v = 0; v < n_values; v++)
        m->values[v] = NAN;
    const spk__metrics_work work = {
        .input = input,
        .trains = trains,
        .epochs = options->epochs,
        .settings = options->settings,
        .n_settings = options->settings == NULL ? 0 : options->n_settings,
    };
    status = compute_groups(ctx, &work, m);
cleanup:
    spk_trains_destroy(trains);
    if (status == SPK_OK)
        *metrics = m;
    else
        spk_metrics_destroy(m);
    return status;
}

/* ---- the result ---- */

void spk__metrics_keep_units(spk_metrics *metrics, int64_t n_units)
{
    for (int64_t c = 0; c < metrics->n_columns; c++)
        memmove(metrics->values + c * n_units, metrics->values + c * metrics->n_units,
                (size_t)n_units * sizeof *metrics->values);
    metrics->n_units = n_units;
}

void spk_metrics_destroy(spk_metrics *metrics)
{
    if (metrics == NULL)
        return;
    spk__free(metrics->values);
    spk__free(metrics->columns);
    spk__free(metrics);
}

int64_t spk_metrics_n_units(const spk_metrics *metrics)
{
    return metrics == NULL ? 0 : metrics->n_units;
}

int64_t spk_metrics_n_columns(const spk_metrics *metrics)
{
    return metrics == NULL ? 0 : metrics->n_columns;
}

static int has_column(const spk_metrics *metrics, int64_t column)
{
    return metrics != NULL && column >= 0 && column < metrics->n_columns;
}

const char *spk_metrics_name(const spk_metrics *metrics, int64_t column)
{
    return has_column(metrics, column) ? metrics->columns[column].name : NULL;
}

const spk_metric *spk_metrics_metric(const spk_metrics *metrics, int64_t column)
{
    return has_column(metrics, column) ? metrics->columns[column].metric : NULL;
}

const double *spk_metrics_values(const spk_metrics *metrics, int64_t column)
{
    return has_column(metrics, column) ? metrics->values + column * metrics->n_units
                                       : NULL;
}

int64_t spk_metrics_find(const spk_metrics *metrics, const char *name)
{
    for (int64_t c = 0; name != NULL && c < spk_metrics_n_columns(metrics); c++)
        if (strcmp(metrics->columns[c].name, name) == 0)
            return c;
    return -1;
}
