/* SPDX-License-Identifier: BSD-3-Clause */
/* What a result was made from, for the JSON that goes with it: nothing that depends on the
 * shard, the threads, the output or the machine, so that equal work gives equal bytes. */
#ifndef SPIKEKIT_CLI_OUTPUT_META_H
#define SPIKEKIT_CLI_OUTPUT_META_H

#include <spikekit/epochs.h>
#include <spikekit/json.h>
#include <spikekit/session.h>

/** Sets "epochs": the name of their file, how many, how long, and a digest. */
spk_status output_meta_epochs(spk_context *ctx, spk_json *json, const char *path,
                              const spk_epochs *epochs);

/** Sets "inputs": the name and digest of each file the session was read from. */
spk_status output_meta_inputs(spk_context *ctx, spk_json *json,
                              const spk_session *session);

#endif
