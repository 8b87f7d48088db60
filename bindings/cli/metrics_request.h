/* SPDX-License-Identifier: BSD-3-Clause */
/* Which metrics a command line asks for, and with which settings. */
#ifndef SPIKEKIT_CLI_METRICS_REQUEST_H
#define SPIKEKIT_CLI_METRICS_REQUEST_H

#include "command.h"

#include <spikekit/metrics.h>

typedef struct metrics_request {
    spk_metrics_options options; /**< names and settings point to what follows */
    const char **names;
    spk_metrics_setting *settings;
    char *owned[2];
} metrics_request;

/**
 * Parses names ("presence_ratio,contamination") and settings ("presence_bin_s=30"), NULL for
 * none, and checks them against the catalogue: for an unknown name the nearest is told.
 * Clear with metrics_request_clear() whatever is returned.
 * @return COMMAND_OK or an exit status, having spoken
 */
int metrics_request_make(const char *name, spk_context *ctx, const char *definition,
                         const char *names, const char *settings,
                         metrics_request *request);
/** Whether a metric is asked for: 1 by its own name, 2 as one of several, 0 not. */
int metrics_request_has(const metrics_request *request, const spk_metric *metric);
void metrics_request_clear(metrics_request *request);

#endif
