/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SPIKEKIT_SORTING_FEATURE_ROWS_H
#define SPIKEKIT_SORTING_FEATURE_ROWS_H

#include <spikekit/features.h>
#include <stddef.h>

/** Fails unless the arrays fit together and all rows and channels are in range.
 *  @param[in] n_spikes  of the spike table; -1: as many as there are values */
spk_status spk__features_check(spk_context *ctx, const spk_features *features,
                               int64_t n_spikes);

/** How the features of a spike lie in memory. */
typedef struct spk__feature_rows {
    const spk_features *features;
    ptrdiff_t spike_stride; /**< bytes */
    ptrdiff_t component_stride;
    ptrdiff_t local_stride;
    int is_plain_float; /**< float32 in the machine's byte order */
} spk__feature_rows;

/** Of features that passed the check. */
spk__feature_rows spk__feature_rows_of(const spk_features *features);

/** Reads one component of a spike on all its channels; NaN becomes 0, as in phy.
 *  @param[out] out  [n_local] */
void spk__feature_rows_read(const spk__feature_rows *rows, int64_t spike,
                            int64_t component, double *out);

#endif
