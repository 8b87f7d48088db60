/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SPIKEKIT_SORTING_ISOLATION_SILHOUETTE_H
#define SPIKEKIT_SORTING_ISOLATION_SILHOUETTE_H

#include "sorting/isolation_space.h"

/** Scratch of a worker; zero at first, grows. */
typedef struct spk__isolation_silhouette {
    double *block;     /**< [SPK__ISOLATION_BLOCK][n_dimensions] */
    double *dots;      /**< [SPK__ISOLATION_BLOCK][max(n_units, SPK__ISOLATION_BLOCK)] */
    double *sums;      /**< [n_units] */
    double *centroids; /**< [n_centroids][n_dimensions] */
    double *centroid_norms; /**< [n_units] */
    int64_t n_centroids;
    uint32_t *own_spikes, *other_spikes;  /**< [max_spikes] */
    double *own, *other;                  /**< [n_rows][n_dimensions] */
    double *own_norms, *other_norms;      /**< [n_rows] */
    double *within, *between, *nearest;   /**< [n_rows] */
    double *other_within, *other_between; /**< [n_rows] */
    int64_t n_rows;
} spk__isolation_silhouette;

spk_status spk__isolation_silhouette_make(spk_context *ctx,
                                          const spk__isolation_units *units,
                                          spk__isolation_silhouette *scratch);
void spk__isolation_silhouette_free(spk__isolation_silhouette *scratch);

/** The simplified silhouette of a space's unit, whose mean is the centre. */
spk_status spk__isolation_simplified(spk_context *ctx, spk__isolation_space *space,
                                     spk__isolation_silhouette *scratch, double *value);

/** The full silhouette, and if wanted that of the worst pair, of at most max_spikes of each
 *  unit. */
spk_status spk__isolation_full(spk_context *ctx, spk__isolation_space *space,
                               int64_t max_spikes, uint64_t seed, int want_worst_pair,
                               spk__isolation_silhouette *scratch, double *full,
                               double *worst_pair);

#endif
