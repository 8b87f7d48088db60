/* SPDX-License-Identifier: BSD-3-Clause */
/* What the page shows of each unit beyond its rate and autocorrelogram: all metrics, with what
 * thresholds say of them, the fit of the autocorrelogram, amplitudes, template. */
#ifndef SPIKEKIT_CLI_REPORT_DETAILS_H
#define SPIKEKIT_CLI_REPORT_DETAILS_H

#include "report_data.h"

#include <spikekit/duplicates.h>
#include <spikekit/labels.h>
#include <spikekit/merging.h>
#include <spikekit/metrics.h>
#include <spikekit/templates.h>

enum {
    REPORT_MAX_POINTS = 240,  /**< spikes of a unit drawn by amplitude and time */
    REPORT_MEDIANS = 30,      /**< stretches of time with a median amplitude, about */
    REPORT_MAX_MERGES = 3,    /**< pairs of a unit that are drawn side by side */
    REPORT_MAX_CHANNELS = 10, /**< channels of a template drawn */
    REPORT_FULL_SCALE = 1000  /**< drawings are in whole thousandths of their height */
};

/** Two units with more than this share of the smaller one's spikes in common are taken for
 *  one that was found twice. */
#define REPORT_TWIN_SHARE 0.5

/** What the thresholds say of a value. */
typedef enum report_verdict {
    REPORT_NOT_JUDGED = '-',
    REPORT_PASSED = 'p',
    REPORT_FAILED = 'f'
} report_verdict;

typedef struct report_points {
    int64_t n;
    int16_t times[REPORT_MAX_POINTS];  /**< of the recording */
    int16_t values[REPORT_MAX_POINTS]; /**< between low and high */
    double low, high;                  /**< in the sorter's unit */
} report_points;

/** Two units of the session that may be one neuron. */
typedef struct report_merge {
    int32_t a, b;                   /**< a < b */
    const spk_merge_pair *pair;     /**< NULL: no merge candidate was looked for */
    const spk_redundant_pair *twin; /**< NULL: they do not share most of their spikes */
} report_merge;

/** The pairs of one unit that come nearest to being one neuron: those found twice, then those
 *  proposed for merging, then others. */
typedef struct report_merges {
    int32_t n;
    report_merge items[REPORT_MAX_MERGES];
    int64_t *counts; /**< [n][n_bins] cross-correlograms, reference a */
} report_merges;

typedef struct report_template {
    int32_t n_channels;                    /**< 0: not known */
    int32_t channels[REPORT_MAX_CHANNELS]; /**< main channel first */
    double x_um[REPORT_MAX_CHANNELS], y_um[REPORT_MAX_CHANNELS];
    int16_t *values; /**< [n_channels][n_samples] of the largest size */
} report_template;

typedef struct report_details {
    const report_data *data;
    spk_metrics *metrics; /**< of all units of the session */
    spk_thresholds *thresholds;
    const char *thresholds_name; /**< from the command line: escape it */
    int64_t n_columns;
    int32_t *labels;    /**< [units of the session] place among the labels, -1: none */
    int64_t *decided;   /**< [units of the session] threshold that decided, -1: none */
    char *verdicts;     /**< [units of the session][n_columns] */
    int64_t *column_of; /**< [thresholds] its column, -1: not computed */
    double *fits; /**< [n_units][n_fit_bins] counts at lags (k + 1) bin, NaN: no fit */
    int64_t n_fit_bins;
    report_points *points; /**< [n_units]; NULL: no amplitudes */
    double *medians;       /**< [units of the session][n_medians] NaN: no spike then */
    int64_t n_medians;
    spk_redundant_pair *twins; /**< that share more than REPORT_TWIN_SHARE of spikes */
    int64_t n_twins;
    spk_merge_candidates *candidates; /**< NULL: neither positions nor templates */
    report_merges *merges;            /**< [n_units] */
    spk_unit_templates *unit_templates;
    report_template *templates; /**< [n_units]; NULL: not known */
    int64_t n_template_samples;
} report_details;

/** Computes the metrics and gathers the rest; speaks on failure.
 *  @param[in] thresholds  a preset, or a table's path */
int report_details_gather(spk_context *ctx, const report_data *data,
                          const char *thresholds, report_details *details);
/** Finds what report_merges has; after the templates. */
spk_status report_merges_find(spk_context *ctx, report_details *details);
void report_details_clear(report_details *details);

/** The place in the session of a unit of the report. */
int64_t report_details_place(const report_details *details, int64_t unit);

/** How long a unit is silent after a spike [ms]: up to where the fit of its autocorrelogram
 *  first is half as high as at the far end of the window; NaN without a fit. */
double report_details_refractory_ms(const report_details *details, int64_t unit);

/** The label of a unit, "" for none, and in words the threshold that decided. */
const char *report_details_label(const report_details *details, int64_t unit);
void report_details_reason(const report_details *details, int64_t unit, char words[256]);

/** A value in whole thousandths of the way from low to high. */
int16_t report_details_scaled(double value, double low, double high);

/** Nonzero: a column that the table shows from the start: a few, and those that thresholds
 *  look at; not those without any value. */
int32_t report_details_is_core(const report_details *details, int64_t column);

#endif
