/* SPDX-License-Identifier: BSD-3-Clause */
#include "report_chart.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

double report_axis_place(const report_axis *axis, double value)
{
    double from = axis->from, to = axis->to;
    if (axis->logarithmic) {
        from = log(from);
        to = log(to);
        value = log(value);
    }
    return to > from ? (value - from) / (to - from) : 0;
}

double report_round_up(double value)
{
    static const double steps[] = {1, 2, 5};
    if (!(value > 0) || !isfinite(value))
        return 1;
    const double decade = pow(10, floor(log10(value)));
    for (int i = 0; i < 3; i++)
        if (value <= steps[i] * decade * (1 + 1e-12))
            return steps[i] * decade;
    return 10 * decade;
}

static void draw_tick(report_text *text, const report_axis *axis, int horizontal,
                      double value)
{
    const double place = report_axis_place(axis, value);
    if (!(place >= -1e-9 && place <= 1 + 1e-9))
        return;
    const double percent = 100 * (horizontal ? place : 1 - place);
    if (horizontal) {
        report_text_put(text, "<line x1=\"");
        report_text_coordinate(text, percent, 2);
        report_text_put(text, "%\" x2=\"");
        report_text_coordinate(text, percent, 2);
        report_text_put(text, "%\" y2=\"5\"/><text y=\"18\" x=\"");
        report_text_coordinate(text, percent, 2);
        report_text_put(text, "%\">");
    } else {
        report_text_put(text, "<line x1=\"-5\" x2=\"0\" y1=\"");
        report_text_coordinate(text, percent, 2);
        report_text_put(text, "%\" y2=\"");
        report_text_coordinate(text, percent, 2);
        report_text_put(text, "%\"/><text x=\"-8\" dy=\".35em\" y=\"");
        report_text_coordinate(text, percent, 2);
        report_text_put(text, "%\">");
    }
    report_text_number(text, fabs(value) < 1e-12 ? 0 : value);
    report_text_put(text, "</text>");
}

static void draw_ticks(report_text *text, const report_axis *axis, int horizontal)
{
    if (axis->n_ticks < 1 || !(axis->to > axis->from))
        return;
    if (axis->logarithmic) {
        const int first = (int)ceil(log10(axis->from) - 1e-9);
        const int last = (int)floor(log10(axis->to) + 1e-9);
        const int step = (last - first) / (axis->n_ticks + 1) + 1;
        for (int k = first; k <= last; k += step)
            draw_tick(text, axis, horizontal, pow(10, k));
        return;
    }
    const double step = report_round_up((axis->to - axis->from) / axis->n_ticks * 0.8);
    const int64_t last = (int64_t)floor(axis->to / step + 1e-9);
    for (int64_t k = (int64_t)ceil(axis->from / step - 1e-9); k <= last; k++)
        draw_tick(text, axis, horizontal, (double)k * step);
}

void report_chart_begin(report_text *text, const char *id, int height_px,
                        const char *title, const char *description, const report_axis *x,
                        const report_axis *y)
{
    report_text_print(text,
                      "<div class=\"plot\"><svg height=\"%d\" role=\"img\" "
                      "aria-labelledby=\"%s-t %s-d\"><title id=\"%s-t\">",
                      height_px, id, id, id);
    report_text_escape(text, title);
    report_text_print(text, "</title><desc id=\"%s-d\">", id);
    report_text_escape(text, description);
    report_text_put(text, "</desc><svg class=\"x\" y=\"100%\"><line x2=\"100%\"/>");
    draw_ticks(text, x, 1);
    if (x->label != NULL) {
        report_text_put(text, "<text class=\"label\" x=\"50%\" y=\"36\">");
        report_text_escape(text, x->label);
        report_text_put(text, "</text>");
    }
    report_text_put(text, "</svg><g class=\"y\"><line y2=\"100%\"/>");
    draw_ticks(text, y, 0);
    if (y->label != NULL) {
        report_text_put(text, "<text class=\"label\" x=\"-50\" y=\"-12\">");
        report_text_escape(text, y->label);
        report_text_put(text, "</text>");
    }
    report_text_put(text, "</g>\n");
}

void report_chart_end(report_text *text)
{
    report_text_put(text, "</svg></div>\n");
}

/* 1, 2, 5, 10, 20, ...: the k-th, 0 for 1. */
static double round_step(int k)
{
    static const double steps[] = {1, 2, 5};
    const int decade = k >= 0 ? k / 3 : -((2 - k) / 3);
    const double power = pow(10, abs(decade));
    return decade < 0 ? steps[k - 3 * decade] / power : steps[k - 3 * decade] * power;
}

static int compare_doubles(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

report_levels report_levels_choose(double *values, int64_t n)
{
    report_levels levels = {.n = 0};
    int64_t n_positive = 0;
    for (int64_t i = 0; i < n; i++)
        if (isfinite(values[i]) && values[i] > 0)
            values[n_positive++] = values[i];
    if (n_positive == 0)
        return levels;
    qsort(values, (size_t)n_positive, sizeof *values, compare_doubles);
    const double high = values[n_positive - 1 - n_positive / 200];
    const double low = values[n_positive / 50];
    int top = -60;
    while (top < 60 && round_step(top + 1) <= high)
        top++;
    int foot = top - REPORT_LEVELS + 1;
    while (foot < top && round_step(foot + 1) <= low)
        foot++;
    for (int k = foot; k <= top; k++)
        levels.thresholds[levels.n++] = round_step(k);
    return levels;
}

/* The colour of a step: few steps are spread over all colours. */
static int32_t shade(const report_levels *levels, int32_t step)
{
    return levels->n > 1 ? 1 + step * (REPORT_LEVELS - 1) / (levels->n - 1)
                         : REPORT_LEVELS / 2;
}

int32_t report_levels_find(const report_levels *levels, double value)
{
    if (!(value > 0) || levels->n == 0)
        return 0;
    int32_t step = 0;
    while (step + 1 < levels->n && value >= levels->thresholds[step + 1])
        step++;
    return shade(levels, step);
}

void report_levels_legend(report_text *text, const report_levels *levels,
                          const char *unit)
{
    if (levels->n == 0)
        return;
    report_text_put(text, "<p class=\"legend\"><span>");
    report_text_escape(text, unit);
    report_text_put(text, "</span>");
    for (int32_t k = 0; k < levels->n; k++) {
        report_text_print(text, "<span><i class=\"s%d\"></i>%s", (int)shade(levels, k),
                          k == 0 ? "&lt; " : "\xE2\x89\xA5 ");
        report_text_number(text, levels->thresholds[k == 0 && levels->n > 1 ? 1 : k]);
        report_text_put(text, "</span>");
    }
    report_text_put(text, "</p>\n");
}

void report_chart_grid(report_text *text, const unsigned char *levels, int64_t n_rows,
                       int64_t n_columns, double columns_shown)
{
    if (n_rows < 1 || !(columns_shown > 0))
        return;
    report_text_put(text, "<svg class=\"grid\" preserveAspectRatio=\"none\" "
                          "viewBox=\"0 0 ");
    report_text_coordinate(text, columns_shown, 4);
    report_text_print(text, " %lld\">", (long long)n_rows);
    for (int level = 1; level <= REPORT_LEVELS; level++) {
        int64_t x = 0, y = 0;
        int drawn = 0;
        for (int64_t i = 0; i < n_rows; i++) {
            const unsigned char *row = levels + (n_rows - 1 - i) * n_columns;
            for (int64_t k = 0; k < n_columns;) {
                int64_t end = k + 1;
                if (row[k] != level) {
                    k = end;
                    continue;
                }
                while (end < n_columns && row[end] == level)
                    end++;
                if (!drawn)
                    report_text_print(text, "<path class=\"l%d\" d=\"M0 .5", level);
                report_text_print(text, "m%lld%s%lldh%lld", (long long)(k - x),
                                  i < y ? "" : " ", (long long)(i - y),
                                  (long long)(end - k));
                drawn = 1;
                x = end;
                y = i;
                k = end;
            }
        }
        if (drawn)
            report_text_put(text, "\"/>");
    }
    report_text_put(text, "</svg>\n");
}

void report_chart_steps(report_text *text, const double *values, int64_t n, double top,
                        double height)
{
    int64_t run = 0;
    long last = -1;
    report_text_print(text, "M0 %g", height);
    for (int64_t k = 0; k < n; k++) {
        const double share = top > 0 && values[k] > 0 ? values[k] / top : 0;
        const long y = lround(height * (1 - (share < 1 ? share : 1)));
        if (y != last) {
            if (run > 0)
                report_text_print(text, "h%lld", (long long)run);
            report_text_print(text, "V%ld", y);
            run = 0;
            last = y;
        }
        run++;
    }
    report_text_print(text, "h%lldV%gz", (long long)run, height);
}
