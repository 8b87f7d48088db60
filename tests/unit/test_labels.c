/* SPDX-License-Identifier: BSD-3-Clause */
#define _GNU_SOURCE /* mkdtemp */
#include "scratch.h"
#include "suite.h"

#include <math.h>
#include <spikekit/labels.h>
#include <spikekit/table.h>
#include <stdlib.h>

enum {
    MAX_NAMES = 40,
    MAX_UNITS = 512
};

static spk_context *ctx;
static scratch folder;
static char last_log[512];

static void keep_log(void *user, spk_log_level level, const char *message)
{
    (void)user;
    (void)level;
    snprintf(last_log, sizeof last_log, "%s", message);
}

static void fails(spk_status found, spk_status wanted, const char *words)
{
    CU_ASSERT_EQUAL(found, wanted);
    if (strstr(spk_context_message(ctx), words) == NULL) {
        printf("expected '%s' in '%s'\n", words, spk_context_message(ctx));
        CU_FAIL("message");
    }
}

#define HEADER "label\tmetric\tminimum\tmaximum\tnan\ttogether\n"

static spk_thresholds *parsed(const char *text, int64_t n_names, const char *const *names)
{
    spk_thresholds *t = NULL;
    if (spk_thresholds_parse(ctx, text, n_names, names, &t) != SPK_OK)
        printf("%s\n", spk_context_message(ctx));
    CU_ASSERT_PTR_NOT_NULL_FATAL(t);
    return t;
}

/* By hand: every kind of limit, missing values, rows together, and the order of labels. */
static void by_hand(void)
{
    static const char *const names[] = {"a", "b", "c"};
    static const char text[] = HEADER "none\ta\t0\t\tignore\t\n"
                                      "noise\tb\t>1\t<=3\tfail\t\n"
                                      "wide\ta\t\t10\t\tboth\n"
                                      "wide\tabs(c)\t5\t\tfail\tboth\n"
                                      "mua\tc\t\t<7\tignore\t\n"
                                      "good\t\t\t\t\t\n";
    static const double values[3][9] = {{-1, 0, 1, 1, 11, 11, 11, 2, NAN},
                                        {9, 1, 3, NAN, 2, 2, 2, 2, 2},
                                        {9, 9, -7, 0, -4, 5, NAN, 7, NAN}};
    static const char *const wanted[9] = {"",     "noise", "good", "noise", "wide",
                                          "good", "wide",  "mua",  "good"};
    static const int64_t wanted_rows[9] = {0, 1, 5, 1, 2, 5, 2, 4, 5};
    static const int64_t wanted_failed[9] = {1 + 2 + 16, 2 + 16, 0,  2 + 8, 4 + 8,
                                             4,          4 + 8,  16, 8};
    int32_t labels[9];
    int64_t rows[9], failed[9];
    double passed[9];
    spk_thresholds *t = parsed(text, 3, names);
    CU_ASSERT_EQUAL(spk_thresholds_n_rows(t), 6);
    CU_ASSERT_EQUAL(spk_thresholds_n_labels(t), 5);
    CU_ASSERT_EQUAL(
        spk_labels_assign(ctx, t, 9, 3, names, values[0], labels, rows, passed, failed),
        SPK_OK);
    for (int u = 0; u < 9; u++) {
        CU_ASSERT_STRING_EQUAL(spk_thresholds_label(t, labels[u]), wanted[u]);
        CU_ASSERT_EQUAL(rows[u], wanted_rows[u]);
        CU_ASSERT_EQUAL(failed[u], wanted_failed[u]);
        const int n_failed = __builtin_popcountll((unsigned long long)failed[u]);
        CU_ASSERT_EQUAL(passed[u], (5 - n_failed) / 5.);
    }
    char words[256];
    spk_threshold_describe(spk_thresholds_row(t, 1), words);
    CU_ASSERT_STRING_EQUAL(words, "b not above 1 or above 3 or not known");
    spk_threshold_describe(spk_thresholds_row(t, 3), words);
    CU_ASSERT_STRING_EQUAL(words, "size of c below 5 or not known");
    spk_threshold_describe(spk_thresholds_row(t, 5), words);
    CU_ASSERT_STRING_EQUAL(words, "otherwise");
    CU_ASSERT_EQUAL(spk_thresholds_row(t, 3)->line, 5);
    CU_ASSERT_PTR_NULL(spk_thresholds_row(t, 6));
    CU_ASSERT_PTR_NULL(spk_thresholds_label(t, 5));
    CU_ASSERT_PTR_NULL(spk_thresholds_metric(t, 0));
    spk_thresholds_destroy(t);
}

/* A unit that no label fits; rows without a column, and those together with one. */
static void passed_over(void)
{
    static const char *const names[] = {"a", "b"};
    static const double values[2][2] = {{1, 5}, {5, 5}};
    static const char text[] = HEADER "x\ta\t\t2\t\tt\nx\tnum_spikes\t\t2\t\tt\n"
                                      "y\tb\t9\t\t\t\nx\tfiring_rate\t1\t\t\t\n";
    int32_t labels[2];
    double passed[2];
    spk_thresholds *t = parsed(text, 2, names);
    last_log[0] = '\0';
    CU_ASSERT_EQUAL(
        spk_labels_assign(ctx, t, 2, 1, names, values[0], labels, NULL, passed, NULL),
        SPK_OK);
    CU_ASSERT(labels[0] == -1 && labels[1] == -1 && isnan(passed[0]));
    CU_ASSERT_STRING_EQUAL(last_log,
                           "3 thresholds passed over, not known of these units: "
                           "num_spikes, b, firing_rate");
    CU_ASSERT_EQUAL(
        spk_labels_assign(ctx, t, 2, 2, names, values[0], labels, NULL, passed, NULL),
        SPK_OK);
    CU_ASSERT(labels[0] == 1 && labels[1] == 1 && passed[0] == 0);
    CU_ASSERT_STRING_EQUAL(spk_thresholds_metric(t, 1)->name, "num_spikes");
    spk_thresholds_destroy(t);
}

/* A tool's name finds its own column, ours, and the tool's bare one, in that order. */
static void columns(void)
{
    static const char *const names[] = {"nSpikes", "num_spikes", "bombcell:nSpikes"};
    int64_t column = -2;
    spk_thresholds *t =
        parsed("label\tmetric\tminimum\nmua\tbombcell:nSpikes\t300\n", 0, NULL);
    for (int n = 0; n <= 3; n++) {
        CU_ASSERT_EQUAL(spk_thresholds_columns(ctx, t, n, names, &column), SPK_OK);
        CU_ASSERT_EQUAL(column, n - 1);
    }
    CU_ASSERT_STRING_EQUAL(spk_thresholds_metric(t, 0)->name, "num_spikes");
    spk_thresholds_destroy(t);
}

static void bad_tables(void)
{
    static const char *const bad[][2] = {
        {"", "thresholds: no thresholds; expected a line of column names"},
        {HEADER, "no thresholds"},
        {"label\tmetric\tmaximun\ngood\t\t\n",
         "line 1: no column 'maximun' is known; did you mean 'maximum'?"},
        {"label\tmetric\tqqqqqqqq\ngood\t\t\n", "line 1: no column 'qqqqqqqq' is known"},
        {"label\tmetric\tlabel\ngood\t\t\n", "line 1: column 'label' is there twice"},
        {"label\tminimum\ngood\t1\n", "line 1: column 'metric' is missing"},
        {HEADER "good\t\t\t\n", "line 2: expected 6 cells"},
        {HEADER "\n\nmua\tnum_spike\t1\t\t\t\n",
         "line 4: no metric 'num_spike' is known; did you mean 'num_spikes'?"},
        {HEADER "mua\tbombcell:nSpike\t1\t\t\t\n", "did you mean 'bombcell:nSpikes'?"},
        {HEADER "mua\tzzzzzzzzzzzzzzzzz\t1\t\t\t\n", "'zzzzzzzzzzzzzzzzz' is known"},
        {HEADER "mua\tnum_spikes\t3\t2\t\t\n", "line 2: minimum 3 is above maximum 2"},
        {HEADER "mua\tnum_spikes\tx3\t\t\t\n",
         "line 2: minimum: expected a number, found 'x3'"},
        {HEADER "mua\tnum_spikes\t\t>3\t\t\n",
         "line 2: maximum: expected a number, found '>3'"},
        {HEADER "mua\tnum_spikes\tnan\t\t\t\n", "found 'nan'"},
        {HEADER "mua\tnum_spikes\t\t\tignore\t\n",
         "line 2: num_spikes has neither minimum nor maximum"},
        {HEADER "mua\tnum_spikes\t1\t\tpass\t\n",
         "line 2: nan: expected ignore or fail, found 'pass'"},
        {HEADER "mua\tnum_spikes\t1\t\t\t\nmua\tnum_spikes\t\t9\t\t\n",
         "line 3: 'num_spikes' for 'mua' is on line 2 already"},
        {HEADER "good\t\t\t\t\t\nmua\tnum_spikes\t\t9\t\t\n",
         "line 3: is never reached: line 2 takes every unit"},
        {HEADER "good\t\t3\t\t\t\n", "line 2: limits without a metric"},
        {HEADER "\tnum_spikes\t3\t\t\t\n", "line 2: label is empty"},
    };
    spk_thresholds *t = NULL;
    for (size_t k = 0; k < sizeof bad / sizeof bad[0]; k++) {
        fails(spk_thresholds_parse(ctx, bad[k][0], 0, NULL, &t), SPK_ERR_FORMAT,
              bad[k][1]);
        CU_ASSERT_PTR_NULL(t);
    }
    /* The same name under another label, word or sign is no row twice. */
    spk_thresholds_destroy(
        parsed(HEADER "a\tnum_spikes\t1\t\t\t\nb\tnum_spikes\t1\t\t\t\n"
                      "a\tnum_spikes\t1\t\t\tx\na\tabs(num_spikes)\t1\t\t\t\n",
               0, NULL));
}

static void files(void)
{
    spk_thresholds *t = NULL;
    const char *path = scratch_text(&folder, "mine.csv",
                                    "metric,label,maximum\r\nnum_spikes,\"m,u\",3\r\n");
    CU_ASSERT_EQUAL(spk_thresholds_read(ctx, path, 0, NULL, &t), SPK_OK);
    CU_ASSERT_STRING_EQUAL(spk_thresholds_label(t, 0), "m,u");
    CU_ASSERT_EQUAL(spk_thresholds_row(t, 0)->maximum, 3);
    spk_thresholds_destroy(t);
    path = scratch_text(&folder, "bad.tsv", "label\tmetric\nx\t\ny\t\n");
    fails(spk_thresholds_read(ctx, path, 0, NULL, &t), SPK_ERR_FORMAT,
          "bad.tsv: line 3: is never reached");
    path = scratch_text(&folder, "none.tsv", "");
    fails(spk_thresholds_read(ctx, path, 0, NULL, &t), SPK_ERR_FORMAT,
          "none.tsv: no thresholds");
    fails(spk_thresholds_read(ctx, scratch_path(&folder, "no.tsv"), 0, NULL, &t),
          SPK_ERR_NOT_FOUND, "no.tsv: No such file");
    fails(spk_thresholds_read(ctx, "bombcel", 0, NULL, &t), SPK_ERR_NOT_FOUND,
          "'bombcel': neither file nor preset");
    scratch_clear(&folder);
}

static void presets(void)
{
    for (int64_t p = 0; p < spk_thresholds_n_presets(); p++) {
        spk_thresholds *t = NULL;
        CU_ASSERT_EQUAL_FATAL(
            spk_thresholds_read(ctx, spk_thresholds_preset_name(p), 0, NULL, &t), SPK_OK);
        CU_ASSERT(spk_thresholds_n_labels(t) >= 2);
        CU_ASSERT_PTR_NOT_NULL(spk_thresholds_preset_summary(p));
        spk_thresholds_destroy(t);
        t = parsed(spk_thresholds_preset_text(p), 0, NULL);
        spk_thresholds_destroy(t);
    }
    CU_ASSERT_PTR_NULL(spk_thresholds_preset_name(-1));
    CU_ASSERT_PTR_NULL(spk_thresholds_preset_text(spk_thresholds_n_presets()));
}

/* IBL's label is the share of passes, its bitwise_fail one bit for each test. */
static void ibl(void)
{
    static const char *const names[] = {"slidingRP_viol", "noise_cutoff", "amp_median"};
    static const double values[3][4] = {
        {1, 0, 1, 0}, {4.9, 5, NAN, 1}, {6e-5, 5e-5, 6e-5, 6e-5}};
    static const double label[] = {1, 0, 2. / 3, 2. / 3};
    static const int64_t bitwise_fail[] = {0, 7, 2, 1};
    int32_t labels[4];
    int64_t failed[4];
    double passed[4];
    spk_thresholds *t = NULL;
    CU_ASSERT_FATAL(spk_thresholds_read(ctx, "ibl", 0, NULL, &t) == SPK_OK);
    CU_ASSERT_EQUAL(
        spk_labels_assign(ctx, t, 4, 3, names, values[0], labels, NULL, passed, failed),
        SPK_OK);
    for (int u = 0; u < 4; u++) {
        CU_ASSERT_EQUAL(passed[u], label[u]);
        CU_ASSERT_EQUAL(failed[u], bitwise_fail[u]);
        CU_ASSERT_STRING_EQUAL(spk_thresholds_label(t, labels[u]),
                               u == 0 ? "good" : "fail");
    }
    spk_thresholds_destroy(t);
}

/* Reads a table of metrics whose columns are a tool's; the values by column. */
static spk_table *read_metrics(const char *path, int64_t *n_names,
                               const char *names[MAX_NAMES],
                               double values[MAX_NAMES * MAX_UNITS])
{
    spk_table *table = NULL;
    if (spk_table_read(ctx, path, &table) != SPK_OK) {
        printf("skipped: %s\n", spk_context_message(ctx));
        return NULL;
    }
    const int64_t n_units = spk_table_n_rows(table);
    CU_ASSERT_FATAL(n_units <= MAX_UNITS && spk_table_n_columns(table) <= MAX_NAMES);
    *n_names = 0;
    for (int64_t c = 0; c < spk_table_n_columns(table); c++) {
        const char *name = spk_table_column_name(table, c);
        if (strcmp(name, "expected") == 0 || name[0] == '\0')
            continue;
        names[*n_names] = name;
        for (int64_t u = 0; u < n_units; u++)
            CU_ASSERT_EQUAL(
                spk_table_number(ctx, table, u, c, &values[*n_names * n_units + u]),
                SPK_OK);
        ++*n_names;
    }
    /* the tools' tables have 100 % missing and contamination 1 where ours have NaN, and these
     * columns */
    CU_ASSERT_FATAL(*n_names + 1 < MAX_NAMES);
    names[*n_names] = "missing_beyond_fit_bombcell";
    names[*n_names + 1] = "RPV_status";
    for (int64_t u = 0; u < n_units; u++) {
        values[*n_names * n_units + u] = 0;
        values[(*n_names + 1) * n_units + u] = 1;
    }
    *n_names += 2;
    return table;
}

static void golden(const char *preset, const char *path)
{
    static double values[MAX_NAMES * MAX_UNITS];
    static int32_t labels[MAX_UNITS];
    const char *names[MAX_NAMES];
    int64_t n_names = 0;
    spk_table *table = read_metrics(path, &n_names, names, values);
    CU_ASSERT_PTR_NOT_NULL_FATAL(table);
    spk_thresholds *t = NULL;
    CU_ASSERT_FATAL(spk_thresholds_read(ctx, preset, 0, NULL, &t) == SPK_OK);
    last_log[0] = '\0';
    CU_ASSERT_EQUAL(spk_labels_assign(ctx, t, spk_table_n_rows(table), n_names, names,
                                      values, labels, NULL, NULL, NULL),
                    SPK_OK);
    CU_ASSERT_STRING_EQUAL(last_log, ""); /* every row found its column */
    for (int64_t u = 0; u < spk_table_n_rows(table); u++) {
        const char *wanted = spk_table_text(table, u, 0);
        CU_ASSERT_STRING_EQUAL(spk_thresholds_label(t, labels[u]),
                               strcmp(wanted, "none") == 0 ? "" : wanted);
    }
    spk_thresholds_destroy(t);
    spk_table_destroy(table);
}

static void as_peers(void)
{
    golden("bombcell", "golden/labels/bombcell.tsv");
    golden("spikeinterface", "golden/labels/spikeinterface.tsv");
}

/* bombcell's own labels from bombcell's own values: 15 of 15. The values of its MATLAB version
 * give 14: it put the contamination of unit 8 at 0.68, the later one below 0.1. */
static void bombcell_recording(void)
{
    static const char *const tables[] = {
        "reference_bombcell_python_qMetrics_2026-02.csv",
        "reference_bombcell_matlab_qMetrics_2025-04.csv"};
    static double values[MAX_NAMES * MAX_UNITS];
    const char *data = getenv("SPK_DATA");
    if (data == NULL)
        data = "../../shared/data"; /* from tests/ */
    for (int version = 0; version < 2; version++) {
        char path[600], reference_path[600];
        const char *names[MAX_NAMES];
        int64_t n_names = 0;
        int32_t labels[15];
        int64_t rows[15];
        spk_table *reference = NULL;
        spk_thresholds *t = NULL;
        snprintf(path, sizeof path, "%s/bombcell_toy_ks2/%s", data, tables[version]);
        snprintf(reference_path, sizeof reference_path,
                 "%s/bombcell_toy_ks2/reference_cluster_bc_unitType_2026-02.tsv", data);
        spk_table *table = read_metrics(path, &n_names, names, values);
        if (table == NULL)
            return;
        CU_ASSERT_FATAL(spk_table_read(ctx, reference_path, &reference) == SPK_OK);
        CU_ASSERT_FATAL(spk_table_n_rows(table) == 15);
        CU_ASSERT_FATAL(spk_thresholds_read(ctx, "bombcell", 0, NULL, &t) == SPK_OK);
        CU_ASSERT_EQUAL(spk_labels_assign(ctx, t, 15, n_names, names, values, labels,
                                          rows, NULL, NULL),
                        SPK_OK);
        for (int u = 0; u < 15; u++) {
            const char *label = spk_thresholds_label(t, labels[u]);
            if (version == 1 && u == 8) {
                CU_ASSERT_STRING_EQUAL(label, "MUA");
                CU_ASSERT_STRING_EQUAL(spk_thresholds_row(t, rows[u])->metric,
                                       "bombcell:fractionRPVs_estimatedTauR");
            } else {
                CU_ASSERT_STRING_EQUAL(label, spk_table_text(reference, u, 1));
            }
        }
        spk_thresholds_destroy(t);
        spk_table_destroy(reference);
        spk_table_destroy(table);
    }
}

static void argument_errors(void)
{
    static const char *const names[] = {"num_spikes", NULL};
    spk_thresholds *t = NULL;
    int32_t labels[1];
    int64_t column;
    const double value = 1;
    fails(spk_thresholds_read(ctx, NULL, 0, NULL, &t), SPK_ERR_ARGUMENT, "source");
    fails(spk_thresholds_read(ctx, "ibl", 0, NULL, NULL), SPK_ERR_ARGUMENT, "thresholds");
    fails(spk_thresholds_read(ctx, "ibl", 2, names, &t), SPK_ERR_ARGUMENT,
          "names[1] is NULL");
    fails(spk_thresholds_parse(ctx, NULL, 0, NULL, &t), SPK_ERR_ARGUMENT, "text");
    fails(spk_thresholds_parse(ctx, "", -1, NULL, &t), SPK_ERR_ARGUMENT, "got n_names");
    CU_ASSERT_FATAL(spk_thresholds_read(ctx, "ibl", 0, NULL, &t) == SPK_OK);
    fails(spk_labels_assign(ctx, NULL, 1, 0, NULL, NULL, labels, NULL, NULL, NULL),
          SPK_ERR_ARGUMENT, "thresholds is NULL");
    fails(spk_labels_assign(ctx, t, -1, 0, NULL, NULL, labels, NULL, NULL, NULL),
          SPK_ERR_ARGUMENT, "n_units must be >= 0, got -1");
    fails(spk_labels_assign(ctx, t, 1, 1, names, NULL, labels, NULL, NULL, NULL),
          SPK_ERR_ARGUMENT, "values");
    fails(spk_labels_assign(ctx, t, 1, 1, names, &value, NULL, NULL, NULL, NULL),
          SPK_ERR_ARGUMENT, "labels");
    fails(spk_thresholds_columns(ctx, t, 2, names, &column), SPK_ERR_ARGUMENT,
          "names[1]");
    fails(spk_thresholds_columns(ctx, t, 1, names, NULL), SPK_ERR_ARGUMENT, "columns");
    CU_ASSERT_EQUAL(spk_labels_assign(ctx, t, 0, 0, NULL, NULL, NULL, NULL, NULL, NULL),
                    SPK_OK);
    spk_thresholds_destroy(t);
    spk_thresholds_destroy(NULL);
}

static spk_status read_and_label(spk_context *c, void *argument)
{
    static const char *const names[] = {"num_spikes"};
    const double value = 5;
    int32_t label;
    spk_thresholds *t = NULL;
    spk_status status = spk_thresholds_parse(c, argument, 0, NULL, &t);
    if (status == SPK_OK)
        status = spk_labels_assign(c, t, 1, 1, names, &value, &label, NULL, NULL, NULL);
    spk_thresholds_destroy(t);
    return status;
}

/* Each metric is named once, whole, and what finds no room is counted. */
static void many_passed_over(void)
{
    char text[16384] = HEADER, name[] = "a";
    const char *const names[] = {name};
    int32_t label;
    const double value = 1;
    size_t used = strlen(text);
    int64_t n = 0;
    for (int64_t m = 0; m < 60; m++) {
        const char *metric = spk_metrics_catalog(m)->name;
        for (int twice = 0; twice < 2; twice++, n++)
            used += (size_t)snprintf(text + used, sizeof text - used, "%c\t%s\t1\t\t\t\n",
                                     twice ? 'y' : 'x', metric);
    }
    spk_thresholds *t = parsed(text, 0, NULL);
    last_log[0] = '\0';
    CU_ASSERT_EQUAL(
        spk_labels_assign(ctx, t, 1, 1, names, &value, &label, NULL, NULL, NULL), SPK_OK);
    CU_ASSERT(strncmp(last_log, "120 thresholds passed over", 26) == 0);
    const char *list = strstr(last_log, "units: "), *more = strstr(last_log, " and ");
    CU_ASSERT_FATAL(list != NULL && more != NULL);
    int64_t m = 0;
    for (list += 7; list < more; m++) {
        const size_t length = strlen(spk_metrics_catalog(m)->name);
        CU_ASSERT(strncmp(list, spk_metrics_catalog(m)->name, length) == 0);
        list += length + (list[length] == ',' ? 2 : 0);
    }
    CU_ASSERT_EQUAL(atoll(more + 5), 60 - m);
    CU_ASSERT_STRING_EQUAL(more + strlen(more) - 5, " more");
    spk_thresholds_destroy(t);
}

static void allocation_failures(void)
{
    CU_ASSERT(suite_fail_allocations(read_and_label,
                                     HEADER "mua\tabs(num_spikes)\t9\t\t\t\n") >= 6);
}

static const suite_test tests[] = {
    {"by hand", by_hand},
    {"passed over", passed_over},
    {"many passed over", many_passed_over},
    {"columns", columns},
    {"bad tables", bad_tables},
    {"files", files},
    {"presets", presets},
    {"ibl", ibl},
    {"as peers", as_peers},
    {"bombcell recording", bombcell_recording},
    {"argument errors", argument_errors},
    {"allocation failures", allocation_failures},
};

int main(void)
{
    if (spk_context_create(&ctx) != SPK_OK || !scratch_open(&folder))
        return 1;
    spk_context_set_log(ctx, keep_log, NULL);
    int result = suite_run("labels", tests, (int)(sizeof tests / sizeof tests[0]));
    scratch_close(&folder);
    spk_context_destroy(ctx);
    return result;
}
