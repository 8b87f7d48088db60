/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SPIKEKIT_LABELS_H
#define SPIKEKIT_LABELS_H

/*
 * Labels of units ("noise", "mua", "good") from their metrics, by a table of thresholds that
 * anyone can edit. What tools decide by default is such a table too: a preset.
 *
 * A table has a row for each threshold and these columns, the last four of which may be absent:
 *
 *   label     the label that a unit takes when it violates the row; "none": no label
 *   metric    a metric, as in the catalogue of metrics.h ("snr"), by a tool's own name for it
 *             ("bombcell:nPeaks"), or its size without sign ("abs(amplitude_median)"); empty:
 *             the row takes every unit that comes to it, and is the last
 *   minimum   smallest value that is in order; ">5" for "above 5"; empty: no limit
 *   maximum   largest value that is in order; "<5" for "below 5"; empty: no limit
 *   nan       what a value that could not be computed does: "ignore" (default: it violates
 *             nothing) or "fail"
 *   together  rows of one label with the same word here violate only all together; empty: the
 *             row stands alone
 *
 * Labels are tried in the order in which the table first names them, and the first that fits is
 * taken: one of its rows that stand alone is violated, or all rows of one of its words. A unit
 * that none fits has no label.
 */

#include <spikekit/context.h>
#include <spikekit/metrics.h>
#include <spikekit/status.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A table of thresholds; read-only once made. */
typedef struct spk_thresholds spk_thresholds;

/** One row. Texts live as long as the table. */
typedef struct spk_threshold {
    const char *label;     /**< "" for "none" */
    const char *metric;    /**< without abs(); "": takes every unit */
    const char *together;  /**< "": stands alone */
    double minimum;        /**< -infinity: no limit */
    double maximum;        /**< infinity: no limit */
    int32_t above_minimum; /**< nonzero: the minimum itself violates */
    int32_t below_maximum; /**< nonzero: the maximum itself violates */
    int32_t absolute;      /**< nonzero: the size of the value is compared */
    int32_t nan_fails;     /**< nonzero: NaN violates */
    int32_t label_index;   /**< place among the labels of the table */
    int32_t reserved;      /**< 0 */
    int64_t line;          /**< in the file */
} spk_threshold;

/** Number of presets. */
SPK_API int64_t spk_thresholds_n_presets(void);
/** The name of a preset, "bombcell"; NULL out of range. */
SPK_API const char *spk_thresholds_preset_name(int64_t preset);
/** What a preset decides, a sentence; NULL out of range. */
SPK_API const char *spk_thresholds_preset_summary(int64_t preset);
/** The table of a preset, as a .tsv file has it; NULL out of range. */
SPK_API const char *spk_thresholds_preset_text(int64_t preset);

/**
 * Reads a table of thresholds, .tsv or .csv, or takes a preset when `source` is the name of
 * one and no file of that name is there.
 *
 * @param[in]  ctx         holds the message on error
 * @param[in]  source      path, or name of a preset
 * @param[in]  n_names     number of names
 * @param[in]  names       [n_names] metrics that may be named besides those of the catalogue:
 *                         columns of a table of one's own; NULL for none
 * @param[out] thresholds  destroy with spk_thresholds_destroy()
 * @return SPK_OK; SPK_ERR_NOT_FOUND (neither file nor preset); SPK_ERR_FORMAT (unknown or
 *         missing columns, no rows, a metric that nobody knows, minimum above maximum, not a
 *         number, a row twice, a row without limits, a row after one that takes every unit:
 *         "path: line 3: ..."); the errors of spk_table_read(); SPK_ERR_MEMORY
 */
SPK_API SPK_MUST_CHECK spk_status spk_thresholds_read(spk_context *ctx,
                                                      const char *source, int64_t n_names,
                                                      const char *const *names,
                                                      spk_thresholds **thresholds);

/** Reads a table as spk_thresholds_read() does, from text instead of a file.
 *  @param[in] text  tab-separated lines, the columns in the first */
SPK_API SPK_MUST_CHECK spk_status spk_thresholds_parse(spk_context *ctx, const char *text,
                                                       int64_t n_names,
                                                       const char *const *names,
                                                       spk_thresholds **thresholds);

/** Frees. NULL is fine. */
SPK_API void spk_thresholds_destroy(spk_thresholds *thresholds);

SPK_API int64_t spk_thresholds_n_rows(const spk_thresholds *thresholds);
/** A row in the order of the table; NULL out of range. */
SPK_API const spk_threshold *spk_thresholds_row(const spk_thresholds *thresholds,
                                                int64_t row);
/** Labels in the order in which they are tried. */
SPK_API int64_t spk_thresholds_n_labels(const spk_thresholds *thresholds);
/** A label, "" for "none"; NULL out of range. */
SPK_API const char *spk_thresholds_label(const spk_thresholds *thresholds, int64_t label);

/** The metric of the catalogue that a row asks for, by our name or a tool's; NULL if the
 *  catalogue has none (the row takes every unit, or names something else). */
SPK_API const spk_metric *spk_thresholds_metric(const spk_thresholds *thresholds,
                                                int64_t row);

/** What violates a threshold, in words, "num_spikes below 300" say; cut where it does not fit. */
SPK_API void spk_threshold_describe(const spk_threshold *threshold, char text[256]);

/**
 * The column of each row: the one of its name, otherwise that of the same metric under our
 * name, otherwise that of the tool's bare name ("nPeaks" for "bombcell:nPeaks").
 *
 * @param[in]  names    [n_names] names of columns
 * @param[out] columns  [n_rows] place in names; -1: not there, or no metric in the row
 * @return SPK_OK; SPK_ERR_ARGUMENT
 */
SPK_API SPK_MUST_CHECK spk_status spk_thresholds_columns(spk_context *ctx,
                                                         const spk_thresholds *thresholds,
                                                         int64_t n_names,
                                                         const char *const *names,
                                                         int64_t *columns);

/**
 * Labels units by their metrics. A row whose metric is not among the names is passed over, and
 * logged (of rows together: all of them are).
 *
 * @param[in]  ctx         log; holds the message on error
 * @param[in]  thresholds  the table
 * @param[in]  n_units     number of units
 * @param[in]  n_names     number of columns
 * @param[in]  names       [n_names] names of columns; NULL if n_names is 0
 * @param[in]  values      [n_names][n_units] row-major, NaN: not known
 * @param[out] labels      [n_units] place of the label in the table, -1: none fits
 * @param[out] rows        [n_units] row that decided, the first of rows together; -1: none;
 *                         NULL: not wanted
 * @param[out] passed      [n_units] of the rows with a metric that are not passed over, the
 *                         share that is in order; NaN if there are none. With the preset "ibl"
 *                         this is IBL's `label`. NULL: not wanted
 * @param[out] failed      [n_units] bit r is set when the r-th of those rows is violated, r <
 *                         63; with the preset "ibl" IBL's `bitwise_fail`. NULL: not wanted
 * @return SPK_OK; SPK_ERR_ARGUMENT; SPK_ERR_MEMORY
 * Cost: O(n_units * n_rows)
 */
SPK_API SPK_MUST_CHECK spk_status
spk_labels_assign(spk_context *ctx, const spk_thresholds *thresholds, int64_t n_units,
                  int64_t n_names, const char *const *names, const double *values,
                  int32_t *labels, int64_t *rows, double *passed, int64_t *failed);

#ifdef __cplusplus
}
#endif
#endif
