/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Reads tables of thresholds. Every mistake is told with the line on which it stands, and a name
 * that nobody knows with the nearest that is known.
 */
#include "sorting/thresholds_state.h"

#include "base/check.h"
#include "base/memory.h"
#include "files/number_text.h"
#include "files/table_text.h"
#include "sorting/label_presets.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum {
    MAX_WORD = 127
};

typedef enum threshold_column {
    LABEL,
    METRIC,
    MINIMUM,
    MAXIMUM,
    NAN_DOES,
    TOGETHER,
    N_COLUMNS
} threshold_column;

static const char *const column_names[N_COLUMNS] = {"label",   "metric", "minimum",
                                                    "maximum", "nan",    "together"};

typedef struct reading {
    spk_context *ctx;
    const char *source; /* for messages */
    int64_t n_names;
    const char *const *names;
    int64_t columns[N_COLUMNS]; /* place in the table, -1: absent */
    spk_thresholds *t;
} reading;

/* ---- presets ---- */

int64_t spk_thresholds_n_presets(void)
{
    return spk__n_label_presets;
}

static const spk__label_preset *preset_at(int64_t preset)
{
    return preset < 0 || preset >= spk__n_label_presets ? NULL
                                                        : &spk__label_presets[preset];
}

const char *spk_thresholds_preset_name(int64_t preset)
{
    return preset_at(preset) == NULL ? NULL : preset_at(preset)->name;
}

const char *spk_thresholds_preset_summary(int64_t preset)
{
    return preset_at(preset) == NULL ? NULL : preset_at(preset)->summary;
}

const char *spk_thresholds_preset_text(int64_t preset)
{
    return preset_at(preset) == NULL ? NULL : preset_at(preset)->text;
}

/* ---- names ---- */

/* Whether "tool:name tool:name" holds a word. */
static int holds_word(const char *words, const char *word)
{
    const size_t length = strlen(word);
    for (const char *at = words; *at != '\0';) {
        const size_t n = strcspn(at, " ");
        if (n == length && strncmp(at, word, n) == 0)
            return 1;
        at += n;
        at += strspn(at, " ");
    }
    return 0;
}

const spk_metric *spk__threshold_metric(const char *name)
{
    const spk_metric *metric;
    for (int64_t m = 0; (metric = spk_metrics_catalog(m)) != NULL; m++)
        if (strcmp(metric->name, name) == 0)
            return metric;
    for (int64_t m = 0; (metric = spk_metrics_catalog(m)) != NULL; m++)
        if (strchr(name, ':') != NULL && holds_word(metric->peers, name))
            return metric;
    return NULL;
}

/* Some metrics that presets name take the raw voltage, and are no part of the catalogue; a
 * table of one's own may have them. */
static int a_preset_names(const char *name)
{
    const size_t length = strlen(name);
    for (int64_t p = 0; p < spk__n_label_presets; p++)
        for (const char *at = spk__label_presets[p].text; (at = strstr(at, name)) != NULL;
             at++)
            if ((at[-1] == '\t' || at[-1] == '(') &&
                (at[length] == '\t' || at[length] == ')'))
                return 1;
    return 0;
}

static int is_known(const reading *r, const char *name)
{
    for (int64_t k = 0; k < r->n_names; k++)
        if (strcmp(r->names[k], name) == 0)
            return 1;
    return spk__threshold_metric(name) != NULL || a_preset_names(name);
}

/* Insertions, deletions and changes of letters that make one word the other. */
static int edit_distance(const char *a, const char *b, size_t n_b)
{
    int row[MAX_WORD + 1];
    const size_t n_a = strlen(a);
    if (n_a > MAX_WORD || n_b > MAX_WORD)
        return MAX_WORD;
    for (size_t i = 0; i <= n_a; i++)
        row[i] = (int)i;
    for (size_t j = 1; j <= n_b; j++) {
        int diagonal = row[0];
        row[0] = (int)j;
        for (size_t i = 1; i <= n_a; i++) {
            int best = diagonal + (a[i - 1] != b[j - 1]);
            diagonal = row[i];
            best = row[i] + 1 < best ? row[i] + 1 : best;
            row[i] = row[i - 1] + 1 < best ? row[i - 1] + 1 : best;
        }
    }
    return row[n_a];
}

typedef struct nearest_word {
    const char *word;
    size_t length;
    int distance;
} nearest_word;

static void consider(nearest_word *nearest, const char *wanted, const char *word,
                     size_t length)
{
    const int distance = edit_distance(wanted, word, length);
    if (distance < nearest->distance)
        *nearest = (nearest_word){word, length, distance};
}

/* The metric or column whose name is nearest to a word; no word if none is near. */
static nearest_word nearest_metric(const reading *r, const char *wanted)
{
    nearest_word nearest = {"", 0, 1 + ((int)strlen(wanted) + 1) / 3};
    const spk_metric *metric;
    for (int64_t k = 0; k < r->n_names; k++)
        consider(&nearest, wanted, r->names[k], strlen(r->names[k]));
    for (int64_t m = 0; (metric = spk_metrics_catalog(m)) != NULL; m++) {
        consider(&nearest, wanted, metric->name, strlen(metric->name));
        for (const char *at = metric->peers; *at != '\0'; at += strspn(at, " ")) {
            const size_t n = strcspn(at, " ");
            consider(&nearest, wanted, at, n);
            at += n;
        }
    }
    return nearest;
}

/* ---- reading ---- */

#define FAIL_LINE(r, line, ...)                                                          \
    fail_line(r, line, spk__fail((r)->ctx, SPK_ERR_FORMAT, __VA_ARGS__))

/* Puts path and line before the message of a failure. */
static spk_status fail_line(const reading *r, int64_t line, spk_status status)
{
    char message[512] = "";
    strncpy(message, spk_context_message(r->ctx), sizeof message - 1);
    return spk__fail(r->ctx, status, "%s: line %" PRId64 ": %s", r->source, line,
                     message);
}

static spk_status find_columns(reading *r)
{
    for (int c = 0; c < N_COLUMNS; c++)
        r->columns[c] = -1;
    for (int64_t k = 0; k < spk_table_n_columns(r->t->table); k++) {
        const char *name = spk_table_column_name(r->t->table, k);
        nearest_word nearest = {"", 0, 1 + ((int)strlen(name) + 1) / 3};
        int found = -1;
        for (int c = 0; c < N_COLUMNS; c++) {
            consider(&nearest, name, column_names[c], strlen(column_names[c]));
            if (strcmp(name, column_names[c]) == 0)
                found = c;
        }
        if (found < 0 && spk_table_n_columns(r->t->table) == 1 &&
            strchr(name, ',') != NULL)
            return FAIL_LINE(r, (int64_t)1,
                             "expected columns separated by tabs, found '%.80s'; a table "
                             "with commas is a .csv file",
                             name);
        if (found < 0 && nearest.length == 0)
            return FAIL_LINE(
                r, (int64_t)1,
                "no column '%.80s' is known; expected some of label, metric, "
                "minimum, maximum, nan and together",
                name);
        if (found < 0)
            return FAIL_LINE(r, (int64_t)1, "no column '%.80s' is known%s%.*s%s", name,
                             nearest.length > 0 ? "; did you mean '" : "",
                             (int)nearest.length, nearest.word,
                             nearest.length > 0 ? "'?" : "");
        if (r->columns[found] >= 0)
            return FAIL_LINE(r, (int64_t)1, "column '%s' is there twice", name);
        r->columns[found] = k;
    }
    for (int c = 0; c <= METRIC; c++)
        if (r->columns[c] < 0)
            return FAIL_LINE(r, (int64_t)1, "column '%s' is missing", column_names[c]);
    return SPK_OK;
}

static const char *cell(const reading *r, int64_t row, threshold_column column)
{
    return r->columns[column] < 0 ? ""
                                  : spk_table_text(r->t->table, row, r->columns[column]);
}

/* A limit: "5", ">5" or ">=5"; empty: none, and *limit stays. */
static spk_status read_limit(const reading *r, const spk_threshold *row,
                             const char *column, const char *text, char sign,
                             double *limit, int32_t *is_open)
{
    double value = NAN;
    const char *at = text + strspn(text, " ");
    if (*at == '\0')
        return SPK_OK;
    if (*at == sign) {
        *is_open = at[1] != '=';
        at += at[1] == '=' ? 2 : 1;
    }
    if (!spk__text_to_double(at, &value) || isnan(value))
        return FAIL_LINE(r, row->line, "%s: expected a number, found '%.80s'", column,
                         text);
    *limit = value;
    return SPK_OK;
}

/* Takes the name out of "abs(name)" into the room at *free_text. */
static void read_metric(const char *text, spk_threshold *row, char **free_text)
{
    const size_t n = strlen(text);
    row->metric = text;
    if (n > 5 && strncmp(text, "abs(", 4) == 0 && text[n - 1] == ')') {
        row->absolute = 1;
        row->metric = *free_text;
        memcpy(*free_text, text + 4, n - 5);
        (*free_text)[n - 5] = '\0';
        *free_text += n - 4;
    }
}

static spk_status check_metric(const reading *r, const spk_threshold *row)
{
    if (is_known(r, row->metric))
        return SPK_OK;
    const nearest_word nearest = nearest_metric(r, row->metric);
    return FAIL_LINE(r, row->line, "no metric '%.80s' is known%s%.*s%s", row->metric,
                     nearest.length > 0 ? "; did you mean '" : "", (int)nearest.length,
                     nearest.word, nearest.length > 0 ? "'?" : "");
}

static spk_status read_row(const reading *r, int64_t k, char **free_text)
{
    spk_threshold *row = &r->t->rows[k];
    const char *nan_does = cell(r, k, NAN_DOES);
    spk_status status;
    row->line = spk_table_line(r->t->table, k);
    row->label = cell(r, k, LABEL);
    row->together = cell(r, k, TOGETHER);
    row->minimum = -INFINITY;
    row->maximum = INFINITY;
    if (row->label[0] == '\0')
        return FAIL_LINE(r, row->line, "label is empty; 'none' stands for no label");
    if (strcmp(row->label, "none") == 0)
        row->label = "";
    read_metric(cell(r, k, METRIC), row, free_text);
    status = read_limit(r, row, "minimum", cell(r, k, MINIMUM), '>', &row->minimum,
                        &row->above_minimum);
    if (status == SPK_OK)
        status = read_limit(r, row, "maximum", cell(r, k, MAXIMUM), '<', &row->maximum,
                            &row->below_maximum);
    if (status != SPK_OK)
        return status;
    row->nan_fails = strcmp(nan_does, "fail") == 0;
    if (!row->nan_fails && nan_does[0] != '\0' && strcmp(nan_does, "ignore") != 0)
        return FAIL_LINE(r, row->line, "nan: expected ignore or fail, found '%.80s'",
                         nan_does);
    if (row->minimum > row->maximum)
        return FAIL_LINE(r, row->line, "minimum %g is above maximum %g", row->minimum,
                         row->maximum);
    const int is_limited = row->minimum > -INFINITY || row->maximum < INFINITY;
    if (row->metric[0] == '\0')
        return is_limited || row->nan_fails || row->together[0] != '\0'
                   ? FAIL_LINE(r, row->line, "limits without a metric")
                   : SPK_OK;
    if (!is_limited && !row->nan_fails)
        return FAIL_LINE(r, row->line, "%.80s has neither minimum nor maximum",
                         row->metric);
    return check_metric(r, row);
}

static int is_same(const spk_threshold *a, const spk_threshold *b)
{
    return strcmp(a->label, b->label) == 0 && strcmp(a->metric, b->metric) == 0 &&
           strcmp(a->together, b->together) == 0 && a->absolute == b->absolute;
}

/* Compares a row with those before it, and numbers its label. */
static spk_status place_row(const reading *r, int64_t k)
{
    spk_threshold *row = &r->t->rows[k];
    row->label_index = (int32_t)r->t->n_labels;
    for (int64_t b = 0; b < k; b++) {
        const spk_threshold *before = &r->t->rows[b];
        if (before->metric[0] == '\0')
            return FAIL_LINE(r, row->line,
                             "is never reached: line %" PRId64 " takes every unit",
                             before->line);
        if (is_same(before, row))
            return FAIL_LINE(r, row->line,
                             "'%.80s' for '%.80s' is on line %" PRId64 " already; one "
                             "row holds both minimum and maximum",
                             row->metric, row->label[0] == '\0' ? "none" : row->label,
                             before->line);
        if (strcmp(before->label, row->label) == 0)
            row->label_index = before->label_index;
    }
    r->t->n_labels += row->label_index == r->t->n_labels;
    return SPK_OK;
}

/* Takes over the table. */
static spk_status read_rows(reading *r, spk_table *table, spk_thresholds **thresholds)
{
    spk_status status = SPK_OK;
    int64_t n_text = 0;
    spk_thresholds *t = spk__alloc_zero(r->ctx, 1, sizeof *t);
    if (t == NULL) {
        spk_table_destroy(table);
        return spk__fail_memory(r->ctx);
    }
    r->t = t;
    t->table = table;
    t->n_rows = spk_table_n_rows(table);
    if (spk_table_n_columns(table) == 0 || t->n_rows == 0) {
        status = spk__fail(r->ctx, SPK_ERR_FORMAT,
                           "%s: no thresholds; expected a line of column names (label, "
                           "metric, minimum, maximum) and a row for each threshold",
                           r->source);
        goto cleanup;
    }
    if ((status = find_columns(r)) != SPK_OK)
        goto cleanup;
    for (int64_t k = 0; k < t->n_rows; k++)
        n_text += (int64_t)strlen(cell(r, k, METRIC)) + 1;
    t->rows = spk__alloc_zero(r->ctx, t->n_rows, sizeof *t->rows);
    t->metrics = spk__alloc(r->ctx, n_text, 1);
    if (t->rows == NULL || t->metrics == NULL) {
        status = spk__fail_memory(r->ctx);
        goto cleanup;
    }
    char *free_text = t->metrics;
    for (int64_t k = 0; k < t->n_rows && status == SPK_OK; k++) {
        status = read_row(r, k, &free_text);
        if (status == SPK_OK)
            status = place_row(r, k);
    }
cleanup:
    if (status == SPK_OK)
        *thresholds = t;
    else
        spk_thresholds_destroy(t);
    return status;
}

static spk_status check_names(spk_context *ctx, int64_t n_names, const char *const *names)
{
    SPK_REQUIRE(ctx, n_names >= 0 && (n_names == 0 || names != NULL), SPK_ERR_ARGUMENT,
                "names must be n_names >= 0 of them, got n_names = %" PRId64, n_names);
    for (int64_t k = 0; k < n_names; k++)
        SPK_REQUIRE(ctx, names[k] != NULL, SPK_ERR_ARGUMENT, "names[%" PRId64 "] is NULL",
                    k);
    return SPK_OK;
}

static spk_status parse(spk_context *ctx, const char *source, const char *text,
                        int64_t n_names, const char *const *names,
                        spk_thresholds **thresholds)
{
    reading r = {.ctx = ctx, .source = source, .n_names = n_names, .names = names};
    spk_table *table = NULL;
    const spk_status status =
        spk__table_parse(ctx, source, '\t', (const uint8_t *)text, strlen(text), &table);
    return status != SPK_OK ? status : read_rows(&r, table, thresholds);
}

spk_status spk_thresholds_parse(spk_context *ctx, const char *text, int64_t n_names,
                                const char *const *names, spk_thresholds **thresholds)
{
    SPK_REQUIRE(ctx, text != NULL && thresholds != NULL, SPK_ERR_ARGUMENT,
                "text and thresholds must not be NULL");
    *thresholds = NULL;
    const spk_status status = check_names(ctx, n_names, names);
    return status != SPK_OK ? status
                            : parse(ctx, "thresholds", text, n_names, names, thresholds);
}

static spk_status fail_preset(spk_context *ctx, const char *source)
{
    char list[256] = "";
    size_t used = 0;
    nearest_word nearest = {"", 0, 1 + ((int)strlen(source) + 1) / 3};
    for (int64_t p = 0; p < spk__n_label_presets; p++) {
        const char *name = spk__label_presets[p].name;
        consider(&nearest, source, name, strlen(name));
        if (used < sizeof list)
            used += (size_t)snprintf(list + used, sizeof list - used, "%s%s",
                                     p == 0 ? "" : ", ", name);
    }
    return spk__fail(
        ctx, SPK_ERR_NOT_FOUND,
        "no thresholds '%.80s': neither file nor preset%s%.*s%s (presets: %s)", source,
        nearest.length > 0 ? "; did you mean '" : "", (int)nearest.length, nearest.word,
        nearest.length > 0 ? "'?" : "", list);
}

spk_status spk_thresholds_read(spk_context *ctx, const char *source, int64_t n_names,
                               const char *const *names, spk_thresholds **thresholds)
{
    SPK_REQUIRE(ctx, source != NULL && thresholds != NULL, SPK_ERR_ARGUMENT,
                "source and thresholds must not be NULL");
    *thresholds = NULL;
    spk_status status = check_names(ctx, n_names, names);
    if (status != SPK_OK)
        return status;
    reading r = {.ctx = ctx, .source = source, .n_names = n_names, .names = names};
    spk_table *table = NULL;
    status = spk_table_read(ctx, source, &table);
    if (status == SPK_OK)
        return read_rows(&r, table, thresholds);
    for (int64_t p = 0; status == SPK_ERR_NOT_FOUND && p < spk__n_label_presets; p++)
        if (strcmp(spk__label_presets[p].name, source) == 0)
            return parse(ctx, source, spk__label_presets[p].text, n_names, names,
                         thresholds);
    if (status == SPK_ERR_NOT_FOUND && strpbrk(source, "/.") == NULL)
        return fail_preset(ctx, source);
    return status;
}

void spk_thresholds_destroy(spk_thresholds *thresholds)
{
    if (thresholds == NULL)
        return;
    spk_table_destroy(thresholds->table);
    spk__free(thresholds->rows);
    spk__free(thresholds->metrics);
    spk__free(thresholds);
}
