/* SPDX-License-Identifier: BSD-3-Clause */
#include "report_connections.h"
#include "command.h"
#include "connect.h"
#include "report_cards.h"
#include "report_chart.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MU_M "\xC2\xB5m"
#define NBSP "\xC2\xA0"
#define ARROW " \xE2\x86\x92 "
#define MINUS "\xE2\x88\x92"

enum {
    MAX_LINES = 1000, /* in the graph */
    MANY_LINES = 150, /* from there on they are drawn thin */
    N_CURVES = 5
};

/* ---- finding ---- */

static int compare_rows(const void *a, const void *b)
{
    const spk_connection *x = a, *y = b;
    if (x->log_p != y->log_p)
        return x->log_p < y->log_p ? -1 : 1;
    if (x->source != y->source)
        return x->source < y->source ? -1 : 1;
    if (x->target != y->target)
        return x->target < y->target ? -1 : 1;
    return (x->sign < y->sign) - (x->sign > y->sign);
}

static spk_connection_curve curve_of(const report_connections *c, int64_t row)
{
    double *first = c->curves + row * N_CURVES * c->n_bins;
    return (spk_connection_curve){first, first + c->n_bins, first + 2 * c->n_bins,
                                  first + 3 * c->n_bins, first + 4 * c->n_bins};
}

static int draw_curves(spk_context *ctx, const report_data *data, int64_t max_drawn,
                       report_connections *c)
{
    const spk_spikes *spikes = &data->selection.spikes;
    spk_connections_options options = c->options;
    spk_status status = spk_connections_curve_length(ctx, spikes, &options, &c->n_bins);
    if (status != SPK_OK)
        return command_fail("report", ctx, status);
    c->n_drawn = c->n < max_drawn ? c->n : max_drawn;
    c->curves =
        calloc((size_t)(c->n_drawn * N_CURVES * c->n_bins) + 1, sizeof *c->curves);
    if (c->curves == NULL) {
        command_say("report", "not enough memory");
        return COMMAND_FAILED;
    }
    for (int64_t r = 0; r < c->n_drawn && status == SPK_OK; r++) {
        const spk_connection_curve curve = curve_of(c, r);
        if (command_interrupted())
            status = SPK_ERR_CANCELLED;
        else
            status = spk_connections_curve(ctx, spikes, &options, c->rows[r].source,
                                           c->rows[r].target, &curve);
    }
    return status == SPK_OK ? COMMAND_OK : command_fail("report", ctx, status);
}

int report_connections_find(spk_context *ctx, const report_data *data, const char *method,
                            int64_t max_drawn, report_connections *c)
{
    const spk_spikes *spikes = &data->selection.spikes;
    spk_connections *found = NULL;
    memset(c, 0, sizeof *c);
    c->method = method;
    c->trouble = "";
    spk_connections_options_init(&c->options, sizeof c->options);
    c->options.max_p = REPORT_MAX_Q;
    if (spk_connections_method_from_name(ctx, method, &c->options.method) != SPK_OK)
        return command_fail_usage("report", "--method: %s", spk_context_message(ctx));
    c->info = spk_connections_method(c->options.method);
    if (spikes->n_spikes == 0 || spikes->n_units < 2) {
        c->trouble = "There are no pairs of units to test.";
        return COMMAND_OK;
    }
    spk_status status = spk_connections_find(ctx, spikes, &c->options, &found);
    if (status == SPK_ERR_ARGUMENT) {
        snprintf(c->message, sizeof c->message, "Not tested: %s.",
                 spk_context_message(ctx));
        c->trouble = c->message;
        return COMMAND_OK;
    }
    if (status != SPK_OK)
        return command_fail("report", ctx, status);
    c->options = *spk_connections_resolved(found);
    c->n_tests = spk_connections_n_tests(found);
    const int64_t n = spk_connections_n_rows(found);
    c->rows = malloc(((size_t)n + 1) * sizeof *c->rows);
    for (int64_t r = 0; r < n && c->rows != NULL; r++)
        if (spk_connections_rows(found)[r].log_q <= log(REPORT_MAX_Q))
            c->rows[c->n++] = spk_connections_rows(found)[r];
    spk_connections_destroy(found);
    if (c->rows == NULL) {
        command_say("report", "not enough memory");
        return COMMAND_FAILED;
    }
    if (c->n > 0)
        qsort(c->rows, (size_t)c->n, sizeof *c->rows, compare_rows);
    return draw_curves(ctx, data, max_drawn, c);
}

void report_connections_clear(report_connections *c)
{
    free(c->rows);
    free(c->curves);
    memset(c, 0, sizeof *c);
}

/* ---- the graph ---- */

static double distance(const report_unit *a, const report_unit *b)
{
    const double across = a->x_um - b->x_um;
    return hypot(isnan(across) ? 0 : across, a->y_um - b->y_um);
}

static const char *class_of(const spk_connection *row)
{
    return row->sign > 0 ? "e" : "i";
}

static void add_percent(report_text *text, double share)
{
    report_text_put(text, share < 0 ? MINUS : "");
    report_text_number(text, 100 * fabs(share));
}

static void add_line(report_text *text, const report_data *data,
                     const spk_connection *row, const report_axis *depth)
{
    const report_unit *source = &data->units[row->source];
    const report_unit *target = &data->units[row->target];
    const double from = 1000 * (1 - report_axis_place(depth, source->y_um));
    const double to = 1000 * (1 - report_axis_place(depth, target->y_um));
    report_text_print(text, "<path class=\"%s\" d=\"M0 ", class_of(row));
    report_text_coordinate(text, from, 1);
    report_text_put(text, "C400 ");
    report_text_coordinate(text, from, 1);
    report_text_put(text, " 600 ");
    report_text_coordinate(text, to, 1);
    report_text_put(text, " 1000 ");
    report_text_coordinate(text, to, 1);
    report_text_print(text, "\"><title>%lld" ARROW "%lld, %.3g ms", (long long)source->id,
                      (long long)target->id, 1e3 * row->latency_s);
    if (isfinite(row->transmission)) {
        report_text_put(text, ", ");
        add_percent(text, row->transmission);
        report_text_put(text, " %");
    }
    report_text_put(text, "</title></path>");
}

static void add_graph(report_text *text, const report_data *data,
                      const report_connections *c)
{
    double low = INFINITY, high = -INFINITY;
    for (int64_t u = 0; u < data->n_units; u++)
        if (isfinite(data->units[u].y_um)) {
            low = fmin(low, data->units[u].y_um);
            high = fmax(high, data->units[u].y_um);
        }
    if (!(high > low) || c->n == 0)
        return;
    const report_axis x = {0, 1, 0, 0, "from the source (left) to the target (right)"};
    const report_axis y = {low, high, 0, 8, "y along the probe (" MU_M ")"};
    report_text_put(text, "<div class=\"graph\">");
    report_chart_begin(text, "connections", 420, "Connections over depth",
                       "A line for each connection, from the depth of its source at the "
                       "left to the depth of its target at the right",
                       &x, &y);
    const int64_t n = c->n < MAX_LINES ? c->n : MAX_LINES;
    report_text_print(text,
                      "<svg class=\"arcs%s\" preserveAspectRatio=\"none\" "
                      "viewBox=\"0 0 1000 1000\">",
                      n > MANY_LINES ? " many" : "");
    for (int32_t sign = 1; sign >= -1; sign -= 2)
        for (int64_t r = n; r-- > 0;) /* the most certain on top */
            if (c->rows[r].sign == sign &&
                isfinite(data->units[c->rows[r].source].y_um) &&
                isfinite(data->units[c->rows[r].target].y_um))
                add_line(text, data, &c->rows[r], &y);
    report_text_put(text, "</svg>\n");
    report_chart_end(text);
    report_text_put(text, "<p class=\"legend\"><span><i class=\"e\"></i>excess"
                          "</span><span><i class=\"i\"></i>lack</span></p></div>\n");
}

/* ---- cards ---- */

/* A line through the middles of bins, broken where there is no value. */
static void add_path(report_text *text, const char *kind, const double *values, int64_t n,
                     double top)
{
    int open = 0;
    report_text_print(text, "<path class=\"%s\" d=\"", kind);
    for (int64_t k = 0; k < n; k++) {
        if (!isfinite(values[k])) {
            open = 0;
            continue;
        }
        report_text_put(text, open ? "L" : "M");
        report_text_coordinate(text, (double)k + 0.5, 1);
        report_text_put(text, " ");
        report_text_coordinate(text, 100 * (1 - values[k] / top), 1);
        open = 1;
    }
    report_text_put(text, "\"/>");
}

/* Whether the bins around lag 0 are above the method's limit too: the peak or trough may be no
 * more than the side of one at 0. */
static int is_synchronous(const report_connections *c, const spk_connection_curve *curve)
{
    for (int64_t k = 0; k < c->n_bins; k++)
        if (fabs(1e3 * curve->lags_s[k]) <= REPORT_SYNCHRONOUS_MS + 1e-6 &&
            curve->counts[k] > curve->upper[k])
            return 1;
    return 0;
}

static void add_card_head(report_text *text, const report_data *data,
                          const spk_connection *row, double top, int synchronous)
{
    const report_unit *source = &data->units[row->source];
    const report_unit *target = &data->units[row->target];
    const double apart = distance(source, target);
    report_text_print(text,
                      "<article class=\"p c\"><h3><b>%lld" ARROW
                      "%lld</b> <span>+%.3g" NBSP "ms</span><em class=\"%s\">%s</em>",
                      (long long)source->id, (long long)target->id, 1e3 * row->latency_s,
                      class_of(row), row->sign > 0 ? "excess" : "lack");
    if (apart <= REPORT_NEAR_UM)
        report_text_put(text, "<em>near</em>");
    if (synchronous)
        report_text_put(text, "<em>also synchronous</em>");
    report_text_put(text, "</h3><p class=\"v\"><span>top: ");
    report_text_grouped(text, (int64_t)ceil(top));
    report_text_put(text, top == 1 ? " pair</span>" : " pairs</span>");
    if (isfinite(apart)) {
        report_text_put(text, "<span>");
        report_text_number(text, round(apart));
        report_text_put(text, NBSP MU_M " apart</span>");
    }
    report_text_put(text, "</p>");
}

static void add_card_foot(report_text *text, const spk_connection *row)
{
    report_text_put(text, "<p>");
    if (isfinite(row->count) && isfinite(row->expected)) {
        report_text_grouped(text, (int64_t)row->count);
        report_text_put(text, row->count == 1 ? " pair, " : " pairs, ");
        report_text_number(text, row->expected);
        report_text_put(text, " expected; ");
    }
    report_text_put(text, "p ");
    report_cards_add_probability(text, "= ", row->log_p);
    report_text_put(text, ", q ");
    report_cards_add_probability(text, "= ", row->log_q);
    report_text_put(text, "</p>");
    if (isfinite(row->transmission)) {
        report_text_put(text, "<p>transmission ");
        add_percent(text, row->transmission);
        report_text_put(text, NBSP "% (");
        add_percent(text, row->transmission_lower);
        report_text_put(text, " to ");
        add_percent(text, row->transmission_upper);
        report_text_put(text, ")</p>");
    }
    report_text_put(text, "</article>\n");
}

static void add_card(report_text *text, const report_data *data,
                     const report_connections *c, int64_t r)
{
    const spk_connection *row = &c->rows[r];
    const spk_connection_curve curve = curve_of(c, r);
    const int64_t centre = c->n_bins / 2;
    const double side = floor(REPORT_DRAWN_MS / (1e3 * c->options.bin_s) + 1e-9);
    const int64_t n_side = side < (double)centre ? (int64_t)side : centre;
    const int64_t n = 2 * n_side + 1, first = centre - n_side;
    /* Bins of a method that cuts lags elsewhere (glmcc) are none of the picture's. */
    const double place = row->latency_s / c->options.bin_s;
    const int64_t bin =
        fabs(place - round(place)) < 0.01 ? (int64_t)lround(place) + centre - first : -1;
    /* A trough is seen where the expectation fills the picture, whatever stands beside it. */
    double top = 1;
    for (int64_t k = first; k < first + n; k++) {
        if (row->sign > 0)
            top = fmax(top, curve.counts[k]);
        if (isfinite(curve.upper[k]))
            top = fmax(top, row->sign > 0 ? curve.upper[k] : 1.2 * curve.upper[k]);
        if (isfinite(curve.expected[k]))
            top = fmax(top, curve.expected[k]);
    }
    add_card_head(text, data, row, top, is_synchronous(c, &curve));
    report_text_print(text,
                      "<svg preserveAspectRatio=\"none\" viewBox=\"0 0 %lld 100\" "
                      "role=\"img\"><title>Correlogram of units %lld and %lld</title>"
                      "<path d=\"",
                      (long long)n, (long long)data->units[row->source].id,
                      (long long)data->units[row->target].id);
    report_chart_steps(text, curve.counts + first, n, top, 100);
    report_text_put(text, "\"/>");
    if (bin >= 0 && bin < n) {
        report_text_print(text, "<path class=\"k\" d=\"M%lld 100v", (long long)bin);
        report_text_coordinate(text, -100 * curve.counts[first + bin] / top, 1);
        report_text_put(text, "h1V100z\"/>");
    }
    add_path(text, "m", curve.expected + first, n, top);
    add_path(text, "b", curve.upper + first, n, top);
    add_path(text, "b", curve.lower + first, n, top);
    report_text_print(text,
                      "</svg><p class=\"t\"><span>" MINUS "%.4g</span><span>0</span>"
                      "<span>%.4g" NBSP "ms</span></p>",
                      ((double)n_side + 0.5) * 1e3 * c->options.bin_s,
                      ((double)n_side + 0.5) * 1e3 * c->options.bin_s);
    add_card_foot(text, row);
}

void report_connections_add(report_text *text, const report_data *data,
                            const report_connections *c)
{
    report_text_put(text, "<h2 id=\"connections\">Connections</h2>\n");
    if (c->trouble[0] != '\0') {
        report_text_put(text, "<p class=\"note\">");
        report_text_escape(text, c->trouble);
        report_text_put(text, "</p>\n");
        return;
    }
    int64_t n_excess = 0;
    for (int64_t r = 0; r < c->n; r++)
        n_excess += c->rows[r].sign > 0;
    report_text_put(text, "<p class=\"note\">Each ordered pair of units is tested for ");
    report_text_put(text, c->info->signs > 0   ? "more"
                          : c->info->signs < 0 ? "fewer"
                                               : "more, and for fewer,");
    report_text_print(
        text,
        " spikes of the second %.3g to %.3g ms after spikes of the first. Method <b>",
        1e3 * c->options.min_latency_s, 1e3 * c->options.max_latency_s);
    report_text_escape(text, c->method);
    report_text_put(text, "</b>: ");
    report_text_escape(text, c->info->summary);
    report_text_put(text, " Of ");
    report_text_grouped(text, c->n_tests);
    report_text_put(text, " tests, ");
    if (c->info->signs >= 0)
        report_text_print(text, "<b>%lld</b> for more%s", (long long)n_excess,
                          c->info->signs == 0 ? " and " : "");
    if (c->info->signs <= 0)
        report_text_print(text, "<b>%lld</b> for fewer", (long long)(c->n - n_excess));
    report_text_print(text, " have a false discovery rate q of at most %g", REPORT_MAX_Q);
    if (c->n_drawn < c->n)
        report_text_print(text, "; the %lld most certain are drawn",
                          (long long)c->n_drawn);
    report_text_put(
        text, ".</p>\n<p class=\"note\"><b>A certain peak is not yet a synapse.</b> "
              "Input that two units share within the same milliseconds, one neuron "
              "in two units, and bursts do the same. In the drawings the dashed "
              "line is what the method expects, dotted lines are the counts that "
              "it takes for chance, and the marked bin is the most extreme one. "
              "Transmission is the extra share of the first unit\xE2\x80\x99s spikes "
              "that the second one followed, with its 95 % limits.</p>\n");
    add_graph(text, data, c);
    report_text_put(text, "<div class=\"cards pairs\">\n");
    for (int64_t r = 0; r < c->n_drawn; r++)
        add_card(text, data, c, r);
    report_text_put(text, "</div>\n");
}

/* ---- the table ---- */

void report_connections_add_table(report_text *text, const report_data *data,
                                  const report_connections *c)
{
    report_text_put(text, "source\ttarget\tsign\tlatency_ms\tcount\texpected\tp\tq\t"
                          "transmission\ttransmission_lower\ttransmission_upper\teffect\t"
                          "distance_um\tsignificant\tmethod\n");
    for (int64_t r = 0; r < c->n; r++) {
        const spk_connection *row = &c->rows[r];
        const report_unit *source = &data->units[row->source];
        const report_unit *target = &data->units[row->target];
        const double before[] = {1e3 * row->latency_s, row->count, row->expected};
        const double after[] = {row->transmission, row->transmission_lower,
                                row->transmission_upper, row->effect,
                                distance(source, target)};
        char p[32], q[32];
        connect_probability(row->log_p, p);
        connect_probability(row->log_q, q);
        report_text_print(text, "%lld\t%lld\t%d", (long long)source->id,
                          (long long)target->id, (int)row->sign);
        for (int k = 0; k < 3; k++) {
            report_text_put(text, "\t");
            report_text_value(text, before[k]);
        }
        report_text_print(text, "\t%s\t%s", p, q);
        for (int k = 0; k < 5; k++) {
            report_text_put(text, "\t");
            report_text_value(text, after[k]);
        }
        report_text_print(text, "\t%d\t%s\n", (int)row->significant, c->method);
    }
}
