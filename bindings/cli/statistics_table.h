/* SPDX-License-Identifier: BSD-3-Clause */
/* The columns of `spikekit statistics`: what is computed of every unit, and its description. */
#ifndef SPIKEKIT_CLI_STATISTICS_TABLE_H
#define SPIKEKIT_CLI_STATISTICS_TABLE_H

#include <spikekit/bursts.h>
#include <spikekit/fano.h>
#include <spikekit/intervals.h>
#include <spikekit/rates.h>
#include <spikekit/table.h>
#include <spikekit/timescale.h>
#include <stdint.h>

/** What is computed of all units of a table. */
typedef struct unit_statistics {
    int64_t n_units;
    spk_rate *rates;                  /**< [n_units] */
    spk_intervals_summary *intervals; /**< [n_units] */
    spk_serial_correlation *serial;   /**< [n_units] at lag 1 */
    spk_timescale *timescales;        /**< [n_units] */
    int64_t n_windows;                /**< of the Fano factor */
    double *windows_s;                /**< [n_windows] */
    spk_fano *fano;                   /**< [n_units][n_windows] */
    const spk_bursts_summary *bursts; /**< [n_units] */
    double *sigmas_s;                 /**< [n_units] widths of the best kernel */
    spk_bursts *owned_bursts;
} unit_statistics;

/** The text of the help about all columns, for 79 characters a line. */
const char *statistics_table_text(void);

/** Makes room for everything. 0: no memory. `windows_s` and `bursts` are the caller's. */
int statistics_table_alloc(unit_statistics *statistics, int64_t n_units,
                           int64_t n_windows);
void statistics_table_clear(unit_statistics *statistics);

/** A table with a row for each place. @return SPK_OK or why not */
spk_status statistics_table_fill(spk_context *ctx, const unit_statistics *statistics,
                                 const int64_t *unit_ids, const int64_t *places,
                                 int64_t n_places, spk_table **table);

#endif
