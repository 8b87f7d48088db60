/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SPIKEKIT_CLI_CONVERT_OUTPUT_H
#define SPIKEKIT_CLI_CONVERT_OUTPUT_H

#include <spikekit/session.h>
#include <stdint.h>

/** Chosen spikes and where they stood. */
typedef struct convert_data {
    const spk_session *session;
    spk_spikes spikes; /**< borrows samples and units */
    int64_t *samples;
    int32_t *units;
    int64_t *indices;  /**< [n_spikes] place of each in the session */
    int64_t *unit_ids; /**< [n_units] */
    int64_t *places;   /**< [n_units] place of each in the session */
} convert_data;

/** Whether a format has a writer: phy, npz, npy-pair, tsv, csv. */
int convert_output_knows(const char *format);

/** Writes; speaks on failure, and leaves nothing half-written.
 *  @return COMMAND_OK or an exit status */
int convert_output_write(spk_context *ctx, const char *format, const char *path,
                         int32_t overwrite, const convert_data *data);

#endif
