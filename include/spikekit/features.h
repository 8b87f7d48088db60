/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SPIKEKIT_FEATURES_H
#define SPIKEKIT_FEATURES_H

#include <spikekit/array.h>
#include <spikekit/context.h>
#include <spikekit/status.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Principal-component features of every spike on the channels near its template, as Kilosort
 * leaves them in pc_features.npy and pc_feature_ind.npy. Borrows its arrays; the features
 * stay in the mapped file, in whatever order and float type it has.
 */
typedef struct spk_features {
    const spk_array
        *values;          /**< [n_spikes][n_components][n_local] in the table's order */
    int64_t n_rows;       /**< rows of `channels`: templates */
    int64_t n_components; /**< principal components a channel */
    int64_t n_local;      /**< channels a spike */
    int64_t n_channels;   /**< channels of the probe */
    const int32_t
        *channels;       /**< [n_rows][n_local] channel 0 .. n_channels - 1; -1: none */
    const int32_t *rows; /**< [n_spikes] row of `channels` of each spike: its template,
                              *   which after curation is not its unit */
    const double *channel_positions_um; /**< [n_channels][2] x, y [um]; NULL: not known */
} spk_features;

#ifdef __cplusplus
}
#endif
#endif
