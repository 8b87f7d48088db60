/* SPDX-License-Identifier: BSD-3-Clause */
#include "report_units.h"
#include "report_cards.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum {
    REASON_ROOM = 256,
    MAX_ACG_BINS = 201
};

static void add_twins(report_text *text, const report_details *details, int64_t unit);

/* ---- the table without scripts ---- */

static void add_cell(report_text *text, const report_details *details, int64_t unit,
                     int64_t column)
{
    const int64_t place = report_details_place(details, unit);
    const char verdict = details->verdicts[place * details->n_columns + column];
    report_text_print(text, "<td%s>",
                      verdict == REPORT_FAILED   ? " class=\"bad\""
                      : verdict == REPORT_PASSED ? " class=\"ok\""
                                                 : "");
    report_text_number(text, spk_metrics_values(details->metrics, column)[place]);
    report_text_put(text, "</td>");
}

static void add_row(report_text *text, const report_details *details, int64_t unit)
{
    const report_unit *u = &details->data->units[unit];
    report_text_print(text, "<tr><td class=\"w\">%lld", (long long)u->id);
    add_twins(text, details, unit);
    report_text_print(text, "</td><td class=\"w %s\">", report_quality_class(u->quality));
    report_text_escape(text, u->quality);
    report_text_put(text, "</td><td class=\"w\">");
    report_text_escape(text, report_details_label(details, unit));
    report_text_put(text, "</td>");
    for (int64_t c = 0; c < details->n_columns; c++)
        if (report_details_is_core(details, c))
            add_cell(text, details, unit, c);
    report_text_put(text, "</tr>\n");
}

/* Thresholds on what this session does not hold. */
static void add_passed_over(report_text *text, const report_details *details)
{
    int64_t n = 0;
    for (int64_t r = 0; r < spk_thresholds_n_rows(details->thresholds); r++) {
        const spk_threshold *row = spk_thresholds_row(details->thresholds, r);
        if (row->metric[0] == '\0' || details->column_of[r] >= 0)
            continue;
        report_text_put(text, n++ == 0
                                  ? "<p class=\"note\">Not judged, because this session "
                                    "does not hold what they are computed from: "
                                  : ", ");
        report_text_escape(text, row->metric);
    }
    report_text_put(text, n > 0 ? ".</p>\n" : "\n");
}

static void add_limits(report_text *text, const report_details *details)
{
    char words[REASON_ROOM];
    report_text_put(text, "<details><summary>Thresholds: ");
    report_text_escape(text, details->thresholds_name);
    report_text_put(text,
                    "</summary><div class=\"box\"><table><tr><th class=\"w\">a unit is"
                    "</th><th class=\"w\">when</th></tr>\n");
    for (int64_t r = 0; r < spk_thresholds_n_rows(details->thresholds); r++) {
        const spk_threshold *row = spk_thresholds_row(details->thresholds, r);
        if (row->metric[0] != '\0' && details->column_of[r] < 0)
            continue;
        report_text_put(text, "<tr><td class=\"w\">");
        if (row->label[0] == '\0')
            report_text_put(text, "<i>without label</i>");
        else
            report_text_escape(text, row->label);
        report_text_put(text, "</td><td class=\"w\">");
        spk_threshold_describe(row, words);
        report_text_escape(text, row->metric[0] == '\0' ? "nothing above holds" : words);
        if (row->together[0] != '\0') {
            report_text_put(text, ", all that are marked ");
            report_text_escape(text, row->together);
        }
        report_text_put(text, "</td></tr>\n");
    }
    report_text_put(text, "</table></div>");
    add_passed_over(text, details);
    report_text_put(text, "</details>\n");
}

void report_units_add(report_text *text, const report_details *details)
{
    const report_data *data = details->data;
    report_text_put(
        text,
        "<h2 id=\"quality\">Quality</h2>\n<p class=\"note\">A row a unit, "
        "coloured where thresholds say that a value is <span class=\"ok\">in "
        "order</span> or <span class=\"bad\">not</span>. <b>label</b> is what "
        "the thresholds make of it, the first that fails giving the label; "
        "they cannot see what the session does not hold. Choose a unit for "
        "its template, its autocorrelogram with a fit and the time that it is silent "
        "after a spike (shaded), its amplitudes, and units that might be the same "
        "neuron. <span class=\"bad\">= 7</span> beside a unit says that unit "
        "7 shares with it more than half of the spikes of the smaller one, within "
        "0.4 ms: probably one unit found twice. "
        "All metrics are in metrics.tsv beside this page.</p>\n");
    if (data->n_units == 0) {
        report_text_put(text, "<p>There are no units.</p>\n");
        return;
    }
    add_limits(text, details);
    report_text_put(
        text,
        "<form class=\"tools\" id=\"unit-tools\" hidden=\"hidden\">"
        "<label>Filter <input id=\"filter\" size=\"34\" "
        "type=\"search\" placeholder=\"firing_rate&gt;1 good -noise\" "
        "title=\"metric&lt;number, unit=3, quality=good, label=GOOD, or the bare word; "
        "a minus before a word leaves out what it finds\"/>"
        "</label><span id=\"tally\"></span><details id=\"columns\"><summary>Columns"
        "</summary></details></form>\n<div class=\"box tall\"><table id=\"unit-table\" "
        "class=\"units\"><thead><tr><th class=\"w\">unit</th><th class=\"w\">quality"
        "</th><th class=\"w\">label</th>");
    for (int64_t c = 0; c < details->n_columns; c++)
        if (report_details_is_core(details, c))
            report_text_print(text, "<th>%s</th>", spk_metrics_name(details->metrics, c));
    report_text_put(text, "</tr></thead><tbody>\n");
    for (int64_t u = 0; u < data->n_units; u++)
        add_row(text, details, u);
    report_text_put(text,
                    "</tbody></table></div>\n<section id=\"unit\" hidden=\"hidden\">"
                    "</section><svg id=\"unit-space\" width=\"0\" height=\"0\"/>\n");
}

/* ---- the data of the script ---- */

/* A string of JSON within a page: nothing in it can end the element. */
static void add_string(report_text *text, const char *words)
{
    report_text clean = {.data = NULL};
    report_text_cell(&clean, words);
    text->failed |= clean.failed;
    report_text_put(text, "\"");
    for (const char *c = clean.data == NULL ? "" : clean.data; *c != '\0'; c++) {
        if (*c == '"' || *c == '\\' || *c == '<' || *c == '>' || *c == '&')
            report_text_print(text, "\\u%04x", (unsigned)*c);
        else
            report_text_print(text, "%c", *c);
    }
    report_text_put(text, "\"");
    report_text_free(&clean);
}

static void add_number(report_text *text, double value, int digits)
{
    if (isfinite(value))
        report_text_print(text, "%.*g", digits, value);
    else
        report_text_put(text, "null");
}

static void add_column(report_text *text, const report_details *details, int64_t column)
{
    const spk_metric *metric = spk_metrics_metric(details->metrics, column);
    char words[REASON_ROOM];
    report_text_put(text, column > 0 ? ",\n{\"name\":" : "{\"name\":");
    add_string(text, spk_metrics_name(details->metrics, column));
    report_text_put(text, ",\"group\":");
    add_string(text, metric->group);
    report_text_put(text, ",\"unit\":");
    add_string(text, metric->unit);
    report_text_put(text, ",\"about\":");
    add_string(text, metric->summary);
    report_text_put(text, ",\"nan\":");
    add_string(text, metric->undefined);
    report_text_print(
        text, ",\"core\":%d,\"limits\":", (int)report_details_is_core(details, column));
    words[0] = '\0';
    for (int64_t r = 0; r < spk_thresholds_n_rows(details->thresholds); r++)
        if (details->column_of[r] == column && words[0] == '\0')
            spk_threshold_describe(spk_thresholds_row(details->thresholds, r), words);
    add_string(text, words);
    report_text_put(text, "}");
}

/* Counts joined to at most MAX_ACG_BINS bins, the centre bin staying in the middle; mirrored:
 * reference and target change places. */
static void add_correlogram(report_text *text, const int64_t *counts, int64_t n_bins,
                            int64_t step, int mirrored)
{
    const int64_t n_side = (n_bins / 2 - step / 2) / step;
    const int64_t first = n_bins / 2 - step / 2 - n_side * step;
    report_text_put(text, "[");
    for (int64_t k = 0; k < 2 * n_side + 1; k++) {
        int64_t sum = 0;
        for (int64_t s = 0; s < step; s++)
            sum += counts[mirrored ? n_bins - 1 - (first + k * step + s)
                                   : first + k * step + s];
        report_text_print(text, "%s%lld", k > 0 ? "," : "", (long long)sum);
    }
    report_text_put(text, "]");
}

static void add_fit(report_text *text, const report_details *details, int64_t unit,
                    int64_t step)
{
    const double *fit = details->fits + unit * details->n_fit_bins;
    const int64_t n_bins = details->data->options.n_bins;
    const int64_t n = (n_bins / 2 - step / 2) / step;
    if (n < 1 || !isfinite(fit[0])) {
        report_text_put(text, "null");
        return;
    }
    report_text_put(text, "[");
    for (int64_t k = 0; k < n; k++) {
        double sum = 0;
        for (int64_t s = 0; s < step; s++)
            sum += fit[step / 2 + k * step + s];
        report_text_put(text, k > 0 ? "," : "");
        add_number(text, sum, 4);
    }
    report_text_put(text, "]");
}

static void add_points(report_text *text, const report_details *details, int64_t unit)
{
    const report_points *points = &details->points[unit];
    const double *medians =
        details->medians + report_details_place(details, unit) * details->n_medians;
    report_text_put(text, "{\"low\":");
    add_number(text, points->low, 4);
    report_text_put(text, ",\"high\":");
    add_number(text, points->high, 4);
    for (int which = 0; which < 2; which++) {
        report_text_put(text, which == 0 ? ",\"t\":[" : "],\"a\":[");
        for (int64_t i = 0; i < points->n; i++)
            report_text_print(text, "%s%d", i > 0 ? "," : "",
                              which == 0 ? points->times[i] : points->values[i]);
    }
    report_text_put(text, "],\"m\":[");
    for (int64_t m = 0; m < details->n_medians; m++) {
        report_text_put(text, m > 0 ? "," : "");
        if (isnan(medians[m]))
            report_text_put(text, "null");
        else
            report_text_print(
                text, "%d", report_details_scaled(medians[m], points->low, points->high));
    }
    report_text_put(text, "]}");
}

static void add_template(report_text *text, const report_template *drawn,
                         int64_t n_samples)
{
    static const char *const names[] = {"{\"c\":[", "],\"x\":[", "],\"y\":["};
    for (int which = 0; which < 3; which++) {
        report_text_put(text, names[which]);
        for (int32_t i = 0; i < drawn->n_channels; i++) {
            report_text_put(text, i > 0 ? "," : "");
            if (which == 0)
                report_text_print(text, "%d", drawn->channels[i]);
            else
                add_number(text, which == 1 ? drawn->x_um[i] : drawn->y_um[i], 6);
        }
    }
    report_text_put(text, "],\"w\":[");
    for (int32_t i = 0; i < drawn->n_channels; i++) {
        report_text_put(text, i > 0 ? ",[" : "[");
        for (int64_t s = 0; s < n_samples; s++)
            report_text_print(text, "%s%d", s > 0 ? "," : "",
                              drawn->values[i * n_samples + s]);
        report_text_put(text, "]");
    }
    report_text_put(text, "]}");
}

/* ---- pairs of units in words ---- */

/* Why a pair is not proposed. */
static const char *describe_failure(int32_t step)
{
    switch (step) {
    case SPK_MERGE_NUM_SPIKES:
        return "too few spikes to tell";
    case SPK_MERGE_CONTAMINATION:
        return "one of them has too many short intervals itself";
    case SPK_MERGE_DISTANCE:
        return "too far apart";
    case SPK_MERGE_SIMILARITY:
        return "the templates differ";
    case SPK_MERGE_CROSS_REFRACTORY:
        return "no sign that the spikes of one keep clear of those of the other, as "
               "those of "
               "one neuron do";
    case SPK_MERGE_QUALITY:
        return "together they would have too many short intervals";
    default:
        return spk_merge_step_name(step);
    }
}

/* How many spikes of two units coincide, out of those of the smaller. */
static void describe_twin(const spk_redundant_pair *twin, char *words, size_t room)
{
    const double smaller = (double)twin->n_matches / twin->shared;
    snprintf(words, room, "%lld of %.0f spikes coincide", (long long)twin->n_matches,
             smaller);
}

/* What curate --remove-redundant removes by itself. */
static int is_removed(const spk_redundant_pair *twin)
{
    spk_redundant_options options;
    spk_redundant_options_init(&options, sizeof options);
    return twin->shared > options.min_shared && twin->agreement >= options.min_agreement;
}

static void add_reason(report_text *text, const report_merge *merge)
{
    char words[512] = "";
    size_t n = 0;
    if (merge->twin != NULL) {
        describe_twin(merge->twin, words, sizeof words);
        n = strlen(words);
        snprintf(words + n, sizeof words - n, ": probably one unit found twice%s",
                 is_removed(merge->twin) ? " (spikekit curate --remove-redundant)" : "");
    } else if (merge->pair != NULL) {
        const double *values = merge->pair->values;
        const double distance = values[SPK_MERGE_VALUE_DISTANCE];
        const double similarity = values[SPK_MERGE_VALUE_SIMILARITY];
        const double ratio = values[SPK_MERGE_VALUE_REFRACTORY_RATIO];
        if (!isnan(distance))
            n += (size_t)snprintf(words + n, sizeof words - n, "%.0f \xC2\xB5m apart; ",
                                  distance);
        if (!isnan(similarity))
            n += (size_t)snprintf(words + n, sizeof words - n,
                                  "similarity of templates %.2f; ", similarity);
        if (!isnan(ratio))
            n += (size_t)snprintf(
                words + n, sizeof words - n,
                "%.2g times as many pairs of spikes within the refractory "
                "period as beyond it; ",
                ratio);
        snprintf(words + n, sizeof words - n, "%s%s",
                 merge->pair->failed_step < 0 ? "merge proposed" : "not proposed: ",
                 merge->pair->failed_step < 0
                     ? ""
                     : describe_failure(merge->pair->failed_step));
    }
    add_string(text, words);
}

/* Beside its id: the units that have the spikes of this one too. */
static void add_twins(report_text *text, const report_details *details, int64_t unit)
{
    const int64_t place = report_details_place(details, unit);
    const int64_t *ids = spk_session_unit_ids(details->data->session);
    const report_merges *merges = &details->merges[unit];
    char words[128];
    for (int32_t m = 0; m < merges->n && merges->items[m].twin != NULL; m++) {
        const report_merge *merge = &merges->items[m];
        describe_twin(merge->twin, words, sizeof words);
        report_text_print(text, "<small class=\"bad\" title=\"%s\"> = %lld</small>",
                          words, (long long)ids[merge->a == place ? merge->b : merge->a]);
    }
}

static void add_merges(report_text *text, const report_details *details, int64_t unit,
                       int64_t step)
{
    const int64_t place = report_details_place(details, unit);
    const int64_t *ids = spk_session_unit_ids(details->data->session);
    const int64_t n_bins = details->data->options.n_bins;
    const report_merges *merges = &details->merges[unit];
    report_text_put(text, ",\"merge\":[");
    for (int32_t m = 0; m < merges->n; m++) {
        const report_merge *merge = &merges->items[m];
        const int first = merge->a == place;
        char twin[128] = "";
        if (merge->twin != NULL)
            describe_twin(merge->twin, twin, sizeof twin);
        report_text_print(text,
                          "%s{\"id\":%lld,\"twin\":\"%s\",\"proposed\":%d,\"words\":",
                          m > 0 ? "," : "", (long long)ids[first ? merge->b : merge->a],
                          twin, merge->pair != NULL && merge->pair->failed_step < 0);
        add_reason(text, merge);
        report_text_put(text, ",\"ccg\":");
        add_correlogram(text, merges->counts + m * n_bins, n_bins, step, !first);
        report_text_put(text, "}");
    }
    report_text_put(text, "]}");
}

static void add_unit(report_text *text, const report_details *details, int64_t unit,
                     int64_t step)
{
    const report_data *data = details->data;
    const report_unit *u = &data->units[unit];
    const int64_t place = report_details_place(details, unit);
    char reason[REASON_ROOM];
    report_text_print(text, "%s{\"id\":%lld,\"q\":", unit > 0 ? ",\n" : "",
                      (long long)u->id);
    add_string(text, u->quality);
    report_text_print(text, ",\"k\":\"%s\",\"label\":", report_quality_class(u->quality));
    add_string(text, report_details_label(details, unit));
    report_details_reason(details, unit, reason);
    report_text_put(text, ",\"why\":");
    add_string(text, reason);
    report_text_put(text, ",\"x\":");
    add_number(text, u->x_um, 6);
    report_text_put(text, ",\"y\":");
    add_number(text, u->y_um, 6);
    report_text_put(text, ",\"v\":[");
    for (int64_t c = 0; c < details->n_columns; c++) {
        report_text_put(text, c > 0 ? "," : "");
        add_number(text, spk_metrics_values(details->metrics, c)[place], 6);
    }
    report_text_print(text, "],\"f\":\"%.*s\",\"acg\":", (int)details->n_columns,
                      details->verdicts + place * details->n_columns);
    add_correlogram(text, data->auto_counts + unit * data->options.n_bins,
                    data->options.n_bins, step, 0);
    report_text_put(text, ",\"fit\":");
    add_fit(text, details, unit, step);
    report_text_put(text, ",\"rp\":");
    add_number(text, report_details_refractory_ms(details, unit), 4);
    if (details->points != NULL && details->points[unit].n > 0) {
        report_text_put(text, ",\"amp\":");
        add_points(text, details, unit);
    }
    if (details->templates != NULL && details->templates[unit].n_channels > 0) {
        report_text_put(text, ",\"tpl\":");
        add_template(text, &details->templates[unit], details->n_template_samples);
    }
    add_merges(text, details, unit, step);
}

void report_units_add_data(report_text *text, const report_details *details)
{
    const report_data *data = details->data;
    int64_t step = (data->options.n_bins + MAX_ACG_BINS - 1) / MAX_ACG_BINS;
    step += step % 2 == 0;
    report_text_put(text,
                    "<script type=\"application/json\" id=\"unit-data\">{\"bin_ms\":");
    add_number(text, data->bin_ms * (double)step, 6);
    report_text_put(text, ",\"duration_s\":");
    add_number(text, data->duration_s, 9);
    report_text_put(text, ",\"thresholds\":");
    add_string(text, details->thresholds_name);
    report_text_put(text, ",\"columns\":[");
    for (int64_t c = 0; c < details->n_columns; c++)
        add_column(text, details, c);
    report_text_put(text, "],\n\"units\":[");
    for (int64_t u = 0; u < data->n_units; u++)
        add_unit(text, details, u, step);
    report_text_put(text, "]}</script>\n");
}

/* ---- metrics.tsv ---- */

void report_units_add_table(report_text *text, const report_details *details)
{
    const report_data *data = details->data;
    report_text_put(text, "cluster_id\tlabel");
    for (int64_t c = 0; c < details->n_columns; c++)
        report_text_print(text, "\t%s", spk_metrics_name(details->metrics, c));
    report_text_put(text, "\n");
    for (int64_t u = 0; u < data->n_units; u++) {
        const int64_t place = report_details_place(details, u);
        report_text_print(text, "%lld\t", (long long)data->units[u].id);
        report_text_cell(text, report_details_label(details, u));
        for (int64_t c = 0; c < details->n_columns; c++) {
            report_text_put(text, "\t");
            report_text_value(text, spk_metrics_values(details->metrics, c)[place]);
        }
        report_text_put(text, "\n");
    }
}
