/* SPDX-License-Identifier: BSD-3-Clause */
/* What a report shows, as numbers: gathered once, then drawn (report_page.c) and written as
 * tables (report_tables.c). */
#ifndef SPIKEKIT_CLI_REPORT_DATA_H
#define SPIKEKIT_CLI_REPORT_DATA_H

#include "session_argument.h"

#include <spikekit/correlogram.h>
#include <stdint.h>

/** Definitions that the page states. */
#define REPORT_REFRACTORY_S 0.002
#define REPORT_SYNCHRONOUS_MS 0.5
#define REPORT_PEAK_MS 5.0
#define REPORT_FLANK_MS 10.0
#define REPORT_DRAWN_MS 20.0
#define REPORT_ALPHA 0.01
#define REPORT_NEAR_UM 50.0
#define REPORT_LEAST_EXPONENT (-100.0) /* smaller p are not told apart on the page */

enum {
    REPORT_MAX_BINS = 2001,
    REPORT_MAX_COLUMNS = 240,     /**< time bins of the density map */
    REPORT_MAX_ROWS = 160,        /**< its depth bins */
    REPORT_MAX_RATE_CELLS = 60000 /**< units times time bins of the rate map */
};

/** What tells where units are. */
typedef enum report_position_source {
    REPORT_POSITIONS_NONE = 0,
    REPORT_POSITIONS_SESSION = 1,  /**< as the session says */
    REPORT_POSITIONS_TEMPLATES = 2 /**< centres of mass of their templates */
} report_position_source;

typedef struct report_unit {
    int64_t id;
    const char *quality; /**< from a file: escape it */
    int64_t n_spikes;
    double rate_hz;          /**< spikes / duration; NaN if the duration is 0 */
    double x_um, y_um;       /**< NaN if not known */
    double refractory_share; /**< of intervals below 2 ms; NaN without intervals */
} report_unit;

/** Time cut into bins of a round width; the last one may be shorter. */
typedef struct report_times {
    int64_t n;
    double bin_s;
    double duration_s;
} report_times;

/** One peak of a correlogram; lag = t_target - t_source. */
typedef struct report_peak {
    int32_t source, target; /**< indices of units */
    int64_t bin;            /**< of the peak */
    int64_t count;          /**< pairs in it */
    double expected;        /**< pairs expected from the flanks */
    double log_p;           /**< ln P(N >= count) */
    double lag_ms;          /**< of the centre of the bin */
    double width_ms;        /**< at half height above the expectation */
    double distance_um;     /**< of the two units; NaN if not known */
    int32_t overlap; /**< near units: -1 fewer pairs around lag 0 than expected, 1 more */
    int32_t also_synchronous; /**< directed: the bins around lag 0 are significant too */
    int64_t *counts;          /**< [n_bins] */
} report_peak;

/** The strongest peaks of one kind, in order. */
typedef struct report_peaks {
    report_peak *items;
    int64_t n;             /**< kept */
    int64_t room;          /**< at most */
    int64_t n_significant; /**< kept or not */
} report_peaks;

typedef struct report_data {
    spk_session *session;
    char *name; /**< last part of the session's path: escape it */
    unit_selection selection;
    int64_t n_units;
    report_unit *units; /**< [n_units] by id */
    int64_t *order;     /**< [n_units] by depth, deepest in the sense of smallest y first;
                         *   by id without positions */
    double *positions_um; /**< [units of the session][2], NaN if not known */
    report_position_source position_source;
    int32_t has_positions;
    double start_s, duration_s;

    report_times times;   /**< of the rate map */
    int32_t *unit_counts; /**< [n_units][times.n] */

    report_times density_times;
    int64_t n_rows; /**< 0: no positions */
    double row_um;
    double first_y_um;           /**< lower edge of row 0 */
    int32_t *density;            /**< [n_rows][density_times.n] */
    int32_t has_spike_positions; /**< nonzero: depth of each spike; 0: that of its unit */

    spk_correlogram_options options;
    double bin_ms;
    double *lags_ms;      /**< [n_bins] */
    int64_t *auto_counts; /**< [n_units][n_bins] */

    int64_t n_flank_bins; /**< 0: the window is too short to test peaks */
    int64_t n_tests;
    double log_cutoff; /**< of ln p, after Bonferroni */
    report_peaks directed, synchronous;
} report_data;

/** Gathers all but correlograms. The session stays the caller's and must outlive the data;
 *  speaks on failure. @return COMMAND_OK or an exit status */
int report_data_gather(spk_context *ctx, spk_session *session, const char *units,
                       report_data *data);

/** Counts all correlograms, keeping the autocorrelograms and the strongest peaks; speaks on
 *  failure. @return COMMAND_OK or an exit status */
int report_data_count(spk_context *ctx, double window_ms, double bin_ms,
                      int64_t max_peaks, report_data *data);

/** Places the units of a session.
 *  @param[out] positions_um  [units of the session][2], NaN if not known */
spk_status report_positions_find(spk_context *ctx, spk_session *session,
                                 double *positions_um, report_position_source *source);

void report_data_clear(report_data *data);

/** Time bins of a round width, at most max_n of them (1 if the duration is 0). */
report_times report_times_choose(double duration_s, int64_t max_n);

/** Length of one bin [s], shorter for the last. */
double report_times_length(const report_times *times, int64_t bin);

#endif
