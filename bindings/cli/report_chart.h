/* SPDX-License-Identifier: BSD-3-Clause */
/* Drawing into inline SVG. A chart fills the width of its box, whatever that is: data are drawn
 * in a nested SVG that is stretched, axes in percent of the box, so that words keep their size
 * on a telephone. */
#ifndef SPIKEKIT_CLI_REPORT_CHART_H
#define SPIKEKIT_CLI_REPORT_CHART_H

#include "report_text.h"

#include <stdint.h>

enum {
    REPORT_LEVELS = 8
};

typedef struct report_axis {
    double from, to;
    int32_t logarithmic;
    int32_t n_ticks;   /**< about how many; 0: none */
    const char *label; /**< quantity and unit */
} report_axis;

/** Where a value lies along an axis, 0 to 1; beyond that when it is outside. */
double report_axis_place(const report_axis *axis, double value);

/** Opens a chart and draws its axes: x below, y to the left with its label on top. `id` is
 *  unique in the page; `title` and `description` are for those who cannot see it. */
void report_chart_begin(report_text *text, const char *id, int height_px,
                        const char *title, const char *description, const report_axis *x,
                        const report_axis *y);
void report_chart_end(report_text *text);

/** Steps of a colour scale: step k is for values >= thresholds[k], the first also for all
 *  smaller ones above 0. */
typedef struct report_levels {
    int32_t n;
    double thresholds[REPORT_LEVELS];
} report_levels;

/** Chooses round thresholds so that the highest lies near the 99.5th percentile of the
 *  positive values; reorders the values. */
report_levels report_levels_choose(double *values, int64_t n);
/** The colour of a value, 1 (faint) to REPORT_LEVELS; 0 for 0. */
int32_t report_levels_find(const report_levels *levels, double value);
void report_levels_legend(report_text *text, const report_levels *levels,
                          const char *unit);

/** Draws a grid of levels (0: nothing) in an open chart, row 0 at the foot. One path a level;
 *  equal neighbours in a row are one stroke. The last column may be cut: `columns_shown` is
 *  how many columns wide the chart is. */
void report_chart_grid(report_text *text, const unsigned char *levels, int64_t n_rows,
                       int64_t n_columns, double columns_shown);

/** Adds the path data of a step histogram: 0 to n wide, `height` high for `top`. */
void report_chart_steps(report_text *text, const double *values, int64_t n, double top,
                        double height);

/** The smallest 1, 2 or 5 times a power of ten not below a positive value; else 1. */
double report_round_up(double value);

#endif
