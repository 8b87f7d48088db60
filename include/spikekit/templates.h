/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SPIKEKIT_TEMPLATES_H
#define SPIKEKIT_TEMPLATES_H

#include <spikekit/array.h>
#include <spikekit/context.h>
#include <spikekit/status.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * The sorter's templates: the waveform that each spike was matched with, channel by channel.
 * Kilosort's are whitened; `unwhiten` takes them back. Borrows its arrays.
 */
typedef struct spk_templates {
    const spk_array *values; /**< [n_templates][n_samples][n_local] as stored */
    int64_t n_templates;
    int64_t n_samples;
    int64_t n_local;         /**< channels stored of each template */
    int64_t n_channels;      /**< channels of the probe */
    const int32_t *channels; /**< [n_templates][n_local] channel of each, -1: padding;
                              *   NULL: dense, n_local == n_channels */
    const double *unwhiten;  /**< [n_channels][n_channels]: waveform = stored @ unwhiten;
                              *   NULL: as stored */
    const double *channel_positions_um; /**< [n_channels][2] x, y [um]; NULL: not known */
    const int32_t *spike_templates; /**< [n_spikes] template of each spike in the table's
                                     *   order; after curation not its unit */
    double sampling_rate_hz;        /**< of the waveforms */
} spk_templates;

#ifdef __cplusplus
}
#endif
#endif
