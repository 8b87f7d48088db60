/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SPIKEKIT_SORTING_ISOLATION_PANELS_H
#define SPIKEKIT_SORTING_ISOLATION_PANELS_H

#include "sorting/feature_rows.h"

/*
 * Features of whole units, copied out of the spikes' order: a unit is looked at from every
 * unit near it, and a copy is read in one sweep where its spikes lie all over the table. A
 * worker keeps those it has used last.
 */

enum {
    /** most of all workers together [bytes] */
    SPK__ISOLATION_PANELS_BYTES = 1 << 27
};

typedef struct spk__isolation_panels {
    const spk__feature_rows *reader;
    const int64_t *counts;         /**< [n_units] spikes */
    const uint32_t *const *spikes; /**< [n_units] their places in the table */
    int64_t n_units;
    int64_t stride;   /**< floats of a spike: n_components * n_local and a 0 */
    float *values;    /**< [capacity] the copies, a ring */
    int64_t capacity; /**< 0: none are kept */
    int64_t next;     /**< where the next goes */
    int64_t *places;  /**< [n_units] where a unit's is, or -1 */
    int32_t *held;    /**< [n_units] units that have one, a ring in order of age */
    int64_t oldest, n_held;
} spk__isolation_panels;

/** For features of float32, and of any other none are kept.
 *  @param[in] n_spikes   so many are to be kept, ...
 *  @param[in] n_workers  ... as far as the memory that workers share allows */
spk_status spk__isolation_panels_make(spk_context *ctx, const spk__feature_rows *reader,
                                      const int64_t *counts,
                                      const uint32_t *const *spikes, int64_t n_units,
                                      int64_t n_spikes, int32_t n_workers,
                                      spk__isolation_panels *panels);
void spk__isolation_panels_free(spk__isolation_panels *panels);

/** The features of a unit's spikes, NaN made 0; NULL: it has none or is too large. Holds
 *  until the next call.
 *  @return [counts[unit]][stride] */
const float *spk__isolation_panel(spk__isolation_panels *panels, int64_t unit);

#endif
