/* SPDX-License-Identifier: BSD-3-Clause */
/* Metrics as one table, or as files that phy reads. */
#ifndef SPIKEKIT_CLI_METRICS_OUTPUT_H
#define SPIKEKIT_CLI_METRICS_OUTPUT_H

#include "command.h"

#include <spikekit/metrics.h>

typedef struct metrics_output {
    const spk_session *session;
    const spk_metrics *metrics;
    const int64_t *places; /**< [n_places] units to write */
    int64_t n_places;
} metrics_output;

/** Writes a table, to standard output when path is NULL; never over a file of the session.
 *  @return COMMAND_OK or an exit status, having spoken */
int metrics_output_table(const char *name, spk_context *ctx, const metrics_output *output,
                         const char *path);

/** Writes cluster_<metric>.tsv for each into the session's folder: all of them or none.
 *  @return COMMAND_OK or an exit status, having spoken */
int metrics_output_phy(const char *name, spk_context *ctx, const metrics_output *output,
                       int32_t overwrite);

#endif
