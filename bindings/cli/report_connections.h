/* SPDX-License-Identifier: BSD-3-Clause */
/* The connections of a session on its page: a graph over depth, and the most certain pairs with
 * what the method expected of them. */
#ifndef SPIKEKIT_CLI_REPORT_CONNECTIONS_H
#define SPIKEKIT_CLI_REPORT_CONNECTIONS_H

#include "report_data.h"
#include "report_text.h"

#include <spikekit/connections.h>

/** Connections are shown with a false discovery rate of at most this. */
#define REPORT_MAX_Q 0.05

typedef struct report_connections {
    const char *method;
    const spk_connection_method_info *info;
    spk_connections_options options; /**< resolved */
    spk_connection *rows;            /**< [n] q <= REPORT_MAX_Q, the smallest p first */
    int64_t n;
    int64_t n_tests;
    int64_t n_drawn; /**< the first rows have a curve */
    int64_t n_bins;
    double *curves;      /**< [n_drawn][5][n_bins]: the arrays of spk_connection_curve */
    const char *trouble; /**< why there is nothing, "": there is */
    char message[160];
} report_connections;

/** Tests all pairs of the session's chosen units; speaks on failure. A session too short for
 *  the method is no failure: the page says so. @return COMMAND_OK or an exit status */
int report_connections_find(spk_context *ctx, const report_data *data, const char *method,
                            int64_t max_drawn, report_connections *connections);
void report_connections_clear(report_connections *connections);

/** Adds the section of the page. */
void report_connections_add(report_text *text, const report_data *data,
                            const report_connections *connections);

/** Adds the rows as a table, in the columns of `spikekit connect`. */
void report_connections_add_table(report_text *text, const report_data *data,
                                  const report_connections *connections);

#endif
