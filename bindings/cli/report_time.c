/* SPDX-License-Identifier: BSD-3-Clause */
/* The figures over time: density of spikes, depth and rate of the units, rates. */
#include "report_cards.h"
#include "report_chart.h"
#include "report_page.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MU_M "\xC2\xB5m"

double report_time_unit(double duration_s, const char **label)
{
    if (duration_s <= 600) {
        *label = "time (s)";
        return 1;
    }
    *label = duration_s <= 4 * 3600 ? "time (min)" : "time (h)";
    return duration_s <= 4 * 3600 ? 60 : 3600;
}

static report_axis time_axis(const report_data *data)
{
    report_axis axis = {.n_ticks = 7};
    const double unit = report_time_unit(data->duration_s, &axis.label);
    axis.from = data->start_s / unit;
    axis.to = axis.from + (data->duration_s > 0 ? data->duration_s / unit : 1);
    return axis;
}

/* How many columns wide a chart of these bins is, the last one perhaps in part. */
static double columns_shown(const report_times *times)
{
    return times->bin_s > 0 ? times->duration_s / times->bin_s : 1;
}

static void add_width(report_text *text, double seconds)
{
    const int minutes = seconds >= 60;
    report_text_number(text, minutes ? seconds / 60 : seconds);
    report_text_put(text, minutes ? " min" : " s");
}

/* Draws counts as rates in an open chart, and the legend behind it. Row r of the picture,
 * counted from the foot, is row order[r] of the counts (NULL: r). */
static int add_rate_grid(report_text *text, const int32_t *counts, int64_t n_rows,
                         const int64_t *order, const report_times *times,
                         const char *legend)
{
    const int64_t n = n_rows * times->n;
    double *rates = malloc(((size_t)n + 1) * sizeof *rates);
    unsigned char *levels = malloc((size_t)n + 1);
    if (rates != NULL && levels != NULL) {
        for (int64_t i = 0; i < n; i++) {
            const double length = report_times_length(times, i % times->n);
            rates[i] = length > 0 ? counts[i] / length : 0;
        }
        const report_levels scale = report_levels_choose(rates, n);
        for (int64_t i = 0; i < n; i++) {
            const int64_t row = i / times->n, column = i % times->n;
            const double length = report_times_length(times, column);
            const int64_t from = (order != NULL ? order[row] : row) * times->n + column;
            levels[i] = (unsigned char)report_levels_find(
                &scale, length > 0 ? counts[from] / length : 0);
        }
        report_chart_grid(text, levels, n_rows, times->n, columns_shown(times));
        report_chart_end(text);
        report_levels_legend(text, &scale, legend);
    }
    const int done = rates != NULL && levels != NULL;
    free(rates);
    free(levels);
    return done;
}

/* Depth and rate of each unit, on the same depth axis as the density map. */
static void add_unit_dots(report_text *text, const report_data *data,
                          const report_axis *y, int height)
{
    report_axis x = {0.1, 10, 1, 4, "rate of the unit (Hz)"};
    for (int64_t u = 0; u < data->n_units; u++) {
        const double rate = data->units[u].rate_hz;
        while (rate > 0 && rate > x.to)
            x.to = report_round_up(1.01 * rate);
        while (rate > 0 && rate < x.from && x.from > 1e-3)
            x.from /= 10;
    }
    report_chart_begin(text, "dots", height, "Depth and firing rate of each unit",
                       "One dot for each unit: its rate on a logarithmic axis, and its "
                       "position along the probe. Colours are qualities.",
                       &x, y);
    for (int64_t u = 0; u < data->n_units; u++) {
        const report_unit *unit = &data->units[u];
        const double px = report_axis_place(&x, unit->rate_hz);
        const double py = report_axis_place(y, unit->y_um);
        if (!(unit->rate_hz > 0) || !(px >= 0 && px <= 1 && py >= 0 && py <= 1))
            continue;
        report_text_print(text, "<circle class=\"dot %s\" r=\"3.2\" cx=\"",
                          report_quality_class(unit->quality));
        report_text_coordinate(text, 100 * px, 2);
        report_text_put(text, "%\" cy=\"");
        report_text_coordinate(text, 100 * (1 - py), 2);
        report_text_print(text, "%%\"><title>unit %lld, ", (long long)unit->id);
        report_text_number(text, unit->rate_hz);
        report_text_put(text, " Hz</title></circle>");
    }
    report_chart_end(text);
}

static void add_quality_legend(report_text *text, const report_data *data)
{
    const char *seen[8];
    size_t n = 0;
    report_text_put(text, "<p class=\"legend\">");
    for (int64_t u = 0; u < data->n_units; u++) {
        const char *quality = data->units[u].quality;
        size_t i = 0;
        while (i < n && strcmp(seen[i], quality) != 0)
            i++;
        if (i < n || n == sizeof seen / sizeof seen[0])
            continue;
        seen[n++] = quality;
        report_text_print(text, "<span class=\"%s\"><i class=\"c\"></i>",
                          report_quality_class(quality));
        report_text_escape(text, quality);
        report_text_put(text, "</span>");
    }
    report_text_put(text, "</p>\n");
}

static int add_density(report_text *text, const report_data *data)
{
    enum {
        HEIGHT = 400
    };
    const report_axis x = time_axis(data);
    const report_axis y = {data->first_y_um,
                           data->first_y_um + (double)data->n_rows * data->row_um, 0, 6,
                           "position along the probe, y (" MU_M ")"};
    report_text_put(text, "<div class=\"two\"><div>");
    report_chart_begin(text, "density", HEIGHT, "Spikes over time and depth",
                       "Darker cells hold more spikes a second. Time runs to the right, "
                       "the position along the probe upward.",
                       &x, &y);
    const int done = add_rate_grid(text, data->density, data->n_rows, NULL,
                                   &data->density_times, "spikes/s in a cell");
    report_text_put(text, "</div><div>");
    add_unit_dots(text, data, &y, HEIGHT);
    add_quality_legend(text, data);
    report_text_put(text,
                    "</div></div><p class=\"note\"><b>Spikes over time and depth.</b>"
                    " Each cell is ");
    add_width(text, data->density_times.bin_s);
    report_text_put(text, " \xC3\x97 ");
    report_text_number(text, data->row_um);
    report_text_put(text, " " MU_M "; ");
    report_text_put(
        text, data->has_spike_positions ? "a spike is drawn at its own position"
              : data->position_source == REPORT_POSITIONS_TEMPLATES
                  ? "a spike is drawn at the centre of its unit\xE2\x80\x99s template"
                  : "a spike is drawn at the position of its unit");
    report_text_put(
        text,
        ", y as the session\xE2\x80\x99s files give it; at most 0.1 % of the spikes at "
        "either end are left out. Bands that bend "
        "together show the probe moving; a band that ends shows a unit "
        "lost. <b>Dots:</b> each unit at its position and mean "
        "rate.</p>\n");
    return done;
}

static int add_population(report_text *text, const report_data *data)
{
    const report_times *times = &data->times;
    double *rates = calloc((size_t)times->n, sizeof *rates);
    if (rates == NULL)
        return 0;
    double top = 0;
    for (int64_t k = 0; k < times->n; k++) {
        const double length = report_times_length(times, k);
        int64_t count = 0;
        for (int64_t u = 0; u < data->n_units; u++)
            count += data->unit_counts[u * times->n + k];
        rates[k] = length > 0 ? (double)count / length : 0;
        /* A sliver at the end would set the scale by chance. */
        if (rates[k] > top && (length > times->bin_s / 4 || times->n == 1))
            top = rates[k];
    }
    const report_axis x = time_axis(data);
    const report_axis y = {0, top > 0 ? 1.05 * top : 1, 0, 3, "all units (spikes/s)"};
    report_text_put(text, "<div class=\"two\"><div>");
    report_chart_begin(text, "population", 110, "Rate of all units together over time",
                       "A curve of spikes a second, all units summed.", &x, &y);
    report_text_put(text, "<svg class=\"grid\" preserveAspectRatio=\"none\" "
                          "viewBox=\"0 0 ");
    report_text_coordinate(text, columns_shown(times), 4);
    report_text_put(text, " 1000\"><path class=\"area\" d=\"");
    report_chart_steps(text, rates, times->n, y.to, 1000);
    report_text_put(text, "\"/></svg>\n");
    report_chart_end(text);
    report_text_put(text,
                    "</div><p class=\"note\"><b>All units together.</b> Spikes of all "
                    "units in ");
    add_width(text, times->bin_s);
    report_text_put(text, " divided by that time.</p></div>\n");
    free(rates);
    return 1;
}

static int add_unit_rates(report_text *text, const report_data *data)
{
    const report_axis x = time_axis(data);
    const report_axis y = {0, (double)data->n_units, 0, data->n_units >= 8 ? 4 : 0,
                           data->has_positions ? "unit, from the lowest y up"
                                               : "unit, by id from the top"};
    int64_t *order = malloc(((size_t)data->n_units + 1) * sizeof *order);
    if (order == NULL)
        return 0;
    for (int64_t r = 0; r < data->n_units; r++)
        order[r] = data->order[data->has_positions ? r : data->n_units - 1 - r];
    const int64_t height = data->n_units * 11 / 10 + 40;
    report_axis shown = y;
    if (!data->has_positions)
        shown.n_ticks = 0;
    report_text_put(text, "<div class=\"two\"><div>");
    report_chart_begin(text, "rates",
                       (int)(height > 900   ? 900
                             : height < 130 ? 130
                                            : height),
                       "Rate of each unit over time",
                       "One row for each unit; darker is a higher rate.", &x, &shown);
    const int done = add_rate_grid(text, data->unit_counts, data->n_units, order,
                                   &data->times, "rate (Hz)");
    free(order);
    report_text_put(text, "</div><p class=\"note\"><b>Rate of each unit.</b> Spikes in ");
    add_width(text, data->times.bin_s);
    report_text_put(text, " divided by that time; the colours are steps of a logarithmic "
                          "scale. ");
    report_text_put(text,
                    data->has_positions
                        ? "Rows are units in the order of their position along the probe"
                        : "The session gives no positions: rows are units by id, the "
                          "smallest on top");
    report_text_put(text, ".</p></div>\n");
    return done;
}

int report_time_add(report_text *text, const report_data *data)
{
    if (data->n_rows > 0) {
        if (!add_density(text, data))
            return 0;
    } else
        report_text_put(text,
                        "<p class=\"note\">The session gives no positions of spikes "
                        "or units, so there is no map of depth.</p>\n");
    return add_population(text, data) && add_unit_rates(text, data);
}
