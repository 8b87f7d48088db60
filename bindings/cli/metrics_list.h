/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SPIKEKIT_CLI_METRICS_LIST_H
#define SPIKEKIT_CLI_METRICS_LIST_H

#include "metrics_request.h"

/** Prints the catalogue of what the request asks for on standard output: definition, when
 *  undefined, who computes the same, and what can be set. @return COMMAND_OK */
int metrics_list_print(const char *name, spk_context *ctx,
                       const metrics_request *request);

#endif
