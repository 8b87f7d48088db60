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
    const int64_t
        *order; /**< [n_spikes] row of `values` of each spike of the table, where
                            *   the table was sorted and the file is not; NULL: its own */
} spk_features;

/** What a channel weighs in the depth of a spike. */
typedef enum spk_depth_weight {
    SPK_DEPTH_POSITIVE_PC1 = 0, /**< max(c, 0)^2, c the first component on the channel */
    SPK_DEPTH_PC1 = 1           /**< c^2 */
} spk_depth_weight;

/**
 * Depth of each spike: the mean y of its channels, weighted by the square of the first
 * component there,
 *     depth = sum_c w_c y_c / sum_c w_c.
 * SPK_DEPTH_POSITIVE_PC1 is the depth of phy, bombcell and the Allen Institute's drift
 * metrics (theirs in channel numbers times 10), SPK_DEPTH_PC1 takes a negative component as
 * one of the same size. A component that is NaN and a channel of -1 weigh nothing.
 *
 * @param[in]  ctx       threads, progress, cancel; holds the message on error
 * @param[in]  features  borrowed for the call; channel_positions_um must be there
 * @param[in]  weight    an spk_depth_weight
 * @param[out] depth_um  [n_spikes] in the order of the spike table; NaN where all weights are
 *                       0, or a weight or the position of a channel that counts is not finite
 * @return SPK_OK; SPK_ERR_ARGUMENT (NULL, unknown weight, positions not known; arrays that do
 *         not fit together, a row or channel out of range); SPK_ERR_MEMORY; SPK_ERR_CANCELLED
 * Cost:    O(n_spikes * n_local), reads the first component of each spike once; no memory
 *          that grows with the recording
 * Threads: workers own blocks of spikes; same bits for any number of threads
 * Source:  Rossant et al. (2016) Nat. Neurosci. 19:634-641 (phy)
 */
SPK_API SPK_MUST_CHECK spk_status spk_features_depths(spk_context *ctx,
                                                      const spk_features *features,
                                                      int32_t weight, double *depth_um);

#ifdef __cplusplus
}
#endif
#endif
