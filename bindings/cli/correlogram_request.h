/* SPDX-License-Identifier: BSD-3-Clause */
/* A correlogram run of the shell, between reading the command line and the finished file. */
#ifndef SPIKEKIT_CLI_CORRELOGRAM_REQUEST_H
#define SPIKEKIT_CLI_CORRELOGRAM_REQUEST_H

#include "command.h"
#include "epochs_argument.h"
#include "options.h"
#include "session_argument.h"

#include <spikekit/correlogram.h>
#include <stdint.h>

/** What the command line says. */
typedef struct correlogram_arguments {
    operand_list operands;
    const char *output;
    double window_ms, bin_ms;
    const char *convention;
    const char *units;
    const char *against;
    const char *pairs;
    double near_um; /**< negative: not given */
    int32_t automatic;
    const char *epochs;
    const char *normalization;
    const char *shard;
    int32_t join;
    int32_t compress;
    double memory_gb;
    session_arguments session;
    run_arguments run;
} correlogram_arguments;

/** What the rows of the array are. */
typedef enum correlogram_layout {
    CORRELOGRAM_CUBE, /**< units (or for spikeinterface targets), each with all targets */
    CORRELOGRAM_AUTO, /**< units */
    CORRELOGRAM_PAIRS /**< chosen or near pairs */
} correlogram_layout;

typedef struct correlogram_request {
    const correlogram_arguments *arguments;
    spk_context *ctx;
    spk_session *session;
    unit_selection selection; /**< units, with those of --against and --pairs */
    spk_correlogram_options options;
    epochs_argument epochs;
    correlogram_layout layout;
    int32_t normalization;
    int32_t *references, *targets; /**< indices into the selection; NULL: all */
    int64_t *reference_ids;        /**< ids of the references, if not all */
    int64_t *target_ids;
    int32_t (*pairs)[2]; /**< PAIRS: indices into the selection */
    int64_t n_pairs;
    int64_t n_rows, n_columns; /**< of the whole array; a row has n_columns * n_bins */
    int64_t first, last;       /**< rows of this shard */
    int64_t shard, n_shards;   /**< 1 of 1: the whole */
    int32_t dtype;             /**< of counts: int32 where no count can be larger */
    double *exposure_s;        /**< [n_bins] */
    int64_t *spikes_in_epochs; /**< [selected units], for normalization */
    int64_t *held; /**< counts of rows [first, last), when they fit in memory */
    size_t held_bytes;
} correlogram_request;

/** Prepares all of a request but the counts. @return COMMAND_OK or an exit status */
int correlogram_request_prepare(correlogram_request *request);
void correlogram_request_clear(correlogram_request *request);

/** Sees to what the counting has in memory and hands over rows first .. last - 1 in order,
 *  maybe from another thread; may be called again. */
spk_status correlogram_request_rows(correlogram_request *request,
                                    spk_correlogram_row_callback callback, void *user);

/** The JSON text that tells how the counts were made: the same for every shard and for any
 *  number of threads. The caller frees. */
spk_status correlogram_request_meta(correlogram_request *request, char **text);

/** Counts and writes the .npz. @return COMMAND_OK or an exit status */
int correlogram_output_write(correlogram_request *request);

/** Says so if the place for a file of some size has no room. @return COMMAND_OK or an exit
 *  status */
int correlogram_output_room(const char *path, double n_bytes);

/** Joins shards into one file. @return COMMAND_OK or an exit status */
int correlogram_join(spk_context *ctx, const correlogram_arguments *arguments);

#endif
