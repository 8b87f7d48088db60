/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SPIKEKIT_SORTING_ISOLATION_NEIGHBORS_H
#define SPIKEKIT_SORTING_ISOLATION_NEIGHBORS_H

#include "sorting/isolation_space.h"
#include "sorting/nearest_rows.h"

/** Scratch of a worker. */
typedef struct spk__isolation_neighbors {
    int64_t max_spikes;
    int64_t n_nearest;       /**< of SpikeInterface's rates */
    int64_t n_nearest_allen; /**< of the Allen Institute's */
    uint32_t *others;        /**< [n_reserved] */
    uint32_t *order;         /**< [n_reserved] */
    int64_t n_reserved;
    int64_t *starts;  /**< [n_units], zero between calls */
    uint32_t *chosen; /**< [n_rows] */
    int32_t *groups;  /**< [n_rows] their units */
    double *rows;     /**< [n_rows][n_dimensions] */
    int64_t n_rows;
    spk__nearest_rows nearest;
} spk__isolation_neighbors;

/** Fraction of neighbours that are of the unit, of the unit's spikes and of the others. */
typedef struct spk__isolation_rates {
    double hit, miss;
    double hit_allen, miss_allen;
} spk__isolation_rates;

void spk__isolation_neighbors_free(spk__isolation_neighbors *scratch);

/** The rates of a space's unit; NaN without other spikes or with no more spikes than
 *  neighbours. The scratch is zero but for its first three members, and grows. */
spk_status spk__isolation_rates_find(spk_context *ctx, spk__isolation_space *space,
                                     spk__isolation_neighbors *scratch,
                                     spk__isolation_rates *rates);

#endif
