/* SPDX-License-Identifier: BSD-3-Clause */
/* Labels units by a table of thresholds: rows and words of a table are few, so every question
 * is answered by going over them. */
#include "base/check.h"
#include "base/memory.h"
#include "sorting/thresholds_state.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

int64_t spk_thresholds_n_rows(const spk_thresholds *thresholds)
{
    return thresholds == NULL ? 0 : thresholds->n_rows;
}

const spk_threshold *spk_thresholds_row(const spk_thresholds *thresholds, int64_t row)
{
    return row < 0 || row >= spk_thresholds_n_rows(thresholds) ? NULL
                                                               : &thresholds->rows[row];
}

int64_t spk_thresholds_n_labels(const spk_thresholds *thresholds)
{
    return thresholds == NULL ? 0 : thresholds->n_labels;
}

const char *spk_thresholds_label(const spk_thresholds *thresholds, int64_t label)
{
    for (int64_t k = 0; k < spk_thresholds_n_rows(thresholds); k++)
        if (thresholds->rows[k].label_index == label)
            return thresholds->rows[k].label;
    return NULL;
}

const spk_metric *spk_thresholds_metric(const spk_thresholds *thresholds, int64_t row)
{
    const spk_threshold *threshold = spk_thresholds_row(thresholds, row);
    return threshold == NULL || threshold->metric[0] == '\0'
               ? NULL
               : spk__threshold_metric(threshold->metric);
}

void spk_threshold_describe(const spk_threshold *threshold, char text[256])
{
    if (threshold == NULL || text == NULL)
        return;
    const spk_threshold *t = threshold;
    char below[64] = "", above[64] = "";
    if (t->minimum > -INFINITY)
        snprintf(below, sizeof below, " %s %g", t->above_minimum ? "not above" : "below",
                 t->minimum);
    if (t->maximum < INFINITY)
        snprintf(above, sizeof above, " %s %g", t->below_maximum ? "not below" : "above",
                 t->maximum);
    if (t->metric[0] == '\0')
        snprintf(text, 256, "otherwise");
    else
        snprintf(text, 256, "%s%s%s%s%s%s%s", t->absolute ? "size of " : "", t->metric,
                 below, below[0] != '\0' && above[0] != '\0' ? " or" : "", above,
                 t->nan_fails && (below[0] != '\0' || above[0] != '\0') ? " or" : "",
                 t->nan_fails ? " not known" : "");
}

/* ---- columns ---- */

static int64_t find_name(int64_t n_names, const char *const *names, const char *name)
{
    for (int64_t k = 0; k < n_names; k++)
        if (strcmp(names[k], name) == 0)
            return k;
    return -1;
}

static int64_t find_column(const char *metric, int64_t n_names, const char *const *names)
{
    int64_t column = find_name(n_names, names, metric);
    const spk_metric *known = column >= 0 ? NULL : spk__threshold_metric(metric);
    const char *colon = strchr(metric, ':');
    if (column < 0 && known != NULL)
        column = find_name(n_names, names, known->name);
    if (column < 0 && colon != NULL)
        column = find_name(n_names, names, colon + 1);
    return column;
}

static spk_status check_names(spk_context *ctx, const spk_thresholds *thresholds,
                              int64_t n_names, const char *const *names)
{
    SPK_REQUIRE(ctx, thresholds != NULL, SPK_ERR_ARGUMENT, "thresholds is NULL");
    SPK_REQUIRE(ctx, n_names >= 0 && (n_names == 0 || names != NULL), SPK_ERR_ARGUMENT,
                "names must be n_names >= 0 of them, got n_names = %" PRId64, n_names);
    for (int64_t k = 0; k < n_names; k++)
        SPK_REQUIRE(ctx, names[k] != NULL, SPK_ERR_ARGUMENT, "names[%" PRId64 "] is NULL",
                    k);
    return SPK_OK;
}

spk_status spk_thresholds_columns(spk_context *ctx, const spk_thresholds *thresholds,
                                  int64_t n_names, const char *const *names,
                                  int64_t *columns)
{
    const spk_status status = check_names(ctx, thresholds, n_names, names);
    if (status != SPK_OK)
        return status;
    SPK_REQUIRE(ctx, columns != NULL, SPK_ERR_ARGUMENT, "columns is NULL");
    for (int64_t k = 0; k < thresholds->n_rows; k++)
        columns[k] = thresholds->rows[k].metric[0] == '\0'
                         ? -1
                         : find_column(thresholds->rows[k].metric, n_names, names);
    return SPK_OK;
}

/* ---- labels ---- */

typedef struct labelling {
    const spk_thresholds *t;
    const int64_t *columns; /* [n_rows] -1: passed over, or takes every unit */
    const double *values;   /* [n_names][n_units] */
    int64_t n_units;
} labelling;

static int are_together(const spk_threshold *a, const spk_threshold *b)
{
    return a->together[0] != '\0' && a->label_index == b->label_index &&
           strcmp(a->together, b->together) == 0;
}

/* A row with a metric that has no column is passed over, and so are those together with it. */
static int is_applied(const labelling *l, int64_t k)
{
    const spk_threshold *row = &l->t->rows[k];
    if (row->metric[0] == '\0')
        return 1;
    if (l->columns[k] < 0)
        return 0;
    for (int64_t other = 0; other < l->t->n_rows; other++)
        if (are_together(row, &l->t->rows[other]) && l->columns[other] < 0)
            return 0;
    return 1;
}

static int is_violated(const labelling *l, int64_t k, int64_t unit)
{
    const spk_threshold *row = &l->t->rows[k];
    if (row->metric[0] == '\0')
        return 1;
    double value = l->values[l->columns[k] * l->n_units + unit];
    if (isnan(value))
        return row->nan_fails;
    if (row->absolute)
        value = fabs(value);
    return value < row->minimum || value > row->maximum ||
           (row->above_minimum && value == row->minimum) ||
           (row->below_maximum && value == row->maximum);
}

/* Whether a row, with those that stand together with it, makes a unit take the label. */
static int decides(const labelling *l, int64_t k, int64_t unit)
{
    const spk_threshold *row = &l->t->rows[k];
    if (!is_applied(l, k) || !is_violated(l, k, unit))
        return 0;
    for (int64_t other = 0; row->together[0] != '\0' && other < l->t->n_rows; other++)
        if (are_together(row, &l->t->rows[other]) && !is_violated(l, other, unit))
            return 0;
    return 1;
}

static void label_unit(const labelling *l, int64_t unit, int32_t *label, int64_t *row)
{
    *label = -1;
    *row = -1;
    for (int32_t candidate = 0; candidate < l->t->n_labels; candidate++)
        for (int64_t k = 0; k < l->t->n_rows; k++)
            if (l->t->rows[k].label_index == candidate && decides(l, k, unit)) {
                *label = candidate;
                *row = k;
                return;
            }
}

static void score_unit(const labelling *l, int64_t unit, double *passed, int64_t *failed)
{
    int64_t n = 0, n_failed = 0, bits = 0;
    for (int64_t k = 0; k < l->t->n_rows; k++) {
        if (l->t->rows[k].metric[0] == '\0' || !is_applied(l, k))
            continue;
        if (is_violated(l, k, unit)) {
            n_failed++;
            bits |= n < 63 ? (int64_t)1 << n : 0;
        }
        n++;
    }
    if (passed != NULL)
        passed[unit] = n == 0 ? NAN : (double)(n - n_failed) / (double)n;
    if (failed != NULL)
        failed[unit] = bits;
}

static void log_passed_over(spk_context *ctx, const labelling *l)
{
    char words[320] = "", more[40] = "";
    size_t used = 0;
    int64_t n = 0, n_metrics = 0, n_unnamed = 0;
    for (int64_t k = 0; k < l->t->n_rows; k++) {
        const char *metric = l->t->rows[k].metric;
        if (metric[0] == '\0' || l->columns[k] >= 0)
            continue;
        n++;
        int64_t before = 0;
        while (strcmp(l->t->rows[before].metric, metric) != 0)
            before++;
        if (before < k)
            continue;
        n_metrics++;
        if (n_unnamed > 0 || used + strlen(metric) + 3 > sizeof words)
            n_unnamed++;
        else
            used += (size_t)snprintf(words + used, sizeof words - used, "%s%s",
                                     n_metrics == 1 ? "" : ", ", metric);
    }
    if (n_unnamed > 0)
        snprintf(more, sizeof more, " and %" PRId64 " more", n_unnamed);
    if (n > 0)
        spk__log(ctx, SPK_LOG_WARNING,
                 "%" PRId64 " threshold%s passed over, not known of these units: %s%s", n,
                 n == 1 ? "" : "s", words, more);
}

spk_status spk_labels_assign(spk_context *ctx, const spk_thresholds *thresholds,
                             int64_t n_units, int64_t n_names, const char *const *names,
                             const double *values, int32_t *labels, int64_t *rows,
                             double *passed, int64_t *failed)
{
    spk_status status = check_names(ctx, thresholds, n_names, names);
    if (status != SPK_OK)
        return status;
    SPK_REQUIRE(ctx, n_units >= 0, SPK_ERR_ARGUMENT, "n_units must be >= 0, got %" PRId64,
                n_units);
    SPK_REQUIRE(ctx, n_units == 0 || (labels != NULL && (values != NULL || n_names == 0)),
                SPK_ERR_ARGUMENT, "values and labels must not be NULL");
    int64_t *columns = spk__alloc(ctx, thresholds->n_rows, sizeof *columns);
    if (columns == NULL)
        return spk__fail_memory(ctx);
    status = spk_thresholds_columns(ctx, thresholds, n_names, names, columns);
    if (status == SPK_OK) {
        const labelling l = {thresholds, columns, values, n_units};
        log_passed_over(ctx, &l);
        for (int64_t u = 0; u < n_units; u++) {
            int64_t row = -1;
            label_unit(&l, u, &labels[u], &row);
            if (rows != NULL)
                rows[u] = row;
            score_unit(&l, u, passed, failed);
        }
    }
    spk__free(columns);
    return status;
}
