/* SPDX-License-Identifier: BSD-3-Clause */
/* Stretches of time from tables: epochs of the recording, and valid periods of each unit. */
#ifndef SPIKEKIT_CLI_EPOCHS_ARGUMENT_H
#define SPIKEKIT_CLI_EPOCHS_ARGUMENT_H

#include "command.h"

#include <spikekit/epochs.h>
#include <spikekit/session.h>
#include <spikekit/trains.h>
#include <stdint.h>

/** Epochs read from a table with the columns start_s and stop_s. */
typedef struct epochs_argument {
    spk_epochs epochs;
    int64_t *owned;
} epochs_argument;

/** Reads epochs [s from sample 0] onto a sampling rate. They must be in order and must not
 *  overlap. @return COMMAND_OK or an exit status */
int epochs_argument_read(const char *name, spk_context *ctx, const char *path,
                         double sampling_rate_hz, epochs_argument *epochs);
/** Cuts off what lies outside the recording, where nothing was observed. */
void epochs_argument_clip(epochs_argument *epochs, const spk_spikes *spikes);
/** Says how much of the epochs lies outside the recording, if any. */
void epochs_argument_note_outside(const char *name, const char *path,
                                  const epochs_argument *epochs,
                                  const spk_spikes *spikes);
void epochs_argument_clear(epochs_argument *epochs);

/** Valid periods of units, read from a table with cluster_id, start_s and stop_s. */
typedef struct periods_argument {
    spk_periods periods;
    int64_t *owned;
} periods_argument;

/** Reads periods [s from sample 0] of the units of a session, in any order; those of a unit
 *  that overlap or touch become one. A unit without rows is observed for no time.
 *  @return COMMAND_OK or an exit status */
int periods_argument_read(const char *name, spk_context *ctx, const char *path,
                          const spk_session *session, periods_argument *periods);
void periods_argument_clear(periods_argument *periods);

#endif
