/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SPIKEKIT_SORTING_ISOLATION_SPACE_H
#define SPIKEKIT_SORTING_ISOLATION_SPACE_H

#include "sorting/feature_rows.h"
#include "sorting/isolation_panels.h"
#include "sorting/metric_group.h"

/*
 * Which spikes are compared with those of a unit, and in which space.
 *
 * A unit's row is the template that most of its spikes have. Its channels are those of that
 * row; its space is all components on them. A spike of any unit is placed in the space by
 * its own template's channels, 0 where it has no feature. The unit's main channel is the one
 * of its row on which the mean of its spikes' features is longest. Its neighbours are the
 * units whose main channel is one of its channels.
 */

/** The units of a recording. */
typedef struct spk__isolation_units {
    const spk_features *features;
    spk__feature_rows reader;
    int64_t n_units;
    const int32_t *labels;   /**< [spikes of the table] unit of each */
    int64_t *counts;         /**< [n_units] spikes that are used */
    const uint32_t **spikes; /**< [n_units] places of them in the table, rising */
    int32_t *rows;           /**< [n_units] row of `channels`; -1: no spikes */
    int32_t *main_channels;  /**< [n_units] -1: none */
    double *means;    /**< [n_units][n_components * n_local] of a unit in the space of all
                        *   channels of its row */
    double *scatters; /**< [n_units][n_components * n_local]^2: of a unit with one row in
                        *   that space, of side as many dimensions as it has, the sum of
                        *   x x^T over its spikes, x from their mean; NULL: not kept */
    int32_t *order;   /**< [n_units] by main channel, so that near ones come together */
    int64_t n_together;   /**< most spikes of the units of one space */
    uint8_t *has_one_row; /**< [n_units] nonzero: all spikes are of that row */
    uint32_t *chosen;     /**< spikes of units that have more than are used */
} spk__isolation_units;

/** Chooses at most max_spikes of each unit and finds rows, main channels and moments. Free
 *  with spk__isolation_units_free() whatever the status. */
spk_status spk__isolation_units_make(spk_context *ctx, const spk__metrics_work *work,
                                     int64_t max_spikes, uint64_t seed, int want_scatters,
                                     spk__isolation_units *units);
void spk__isolation_units_free(spk__isolation_units *units);

/** k of n places at random, rising; those of (seed, stream) whatever the schedule.
 *  @param[in]  from  [n] NULL: the places themselves
 *  @param[out] out   [k] */
void spk__isolation_choose(const uint32_t *from, int64_t n, int64_t k, uint64_t seed,
                           uint32_t stream, uint32_t *out);

/** The space of one unit; the arrays are scratch of a worker and reused. */
typedef struct spk__isolation_space {
    const spk__isolation_units *units;
    int64_t unit;
    int64_t n_channels;
    int64_t n_dimensions; /**< n_components * n_channels */
    int32_t *channels;    /**< [n_local] the n_channels of the space */
    double *centre;       /**< [n_components * n_local] is subtracted from every spike */
    int32_t *neighbours;  /**< [n_units] units it is compared with */
    int64_t n_neighbours;
    int64_t n_others; /**< their spikes */
    int32_t *place;   /**< [n_channels of the probe] index in `channels`, or -1 */
    int32_t *local;   /**< [n_local] channels of row map_row that lie in the space */
    ptrdiff_t *
        from; /**< [n_components * n_local] features that do: bytes from a spike's first ... */
    int32_t *to; /**< ... and the dimension each goes to */
    int64_t n_map;
    int64_t map_row;
    double *values; /**< [n_local] */
    double *sums;   /**< [n_components * n_local] */
    int32_t *pick;  /**< [n_components * n_local] where the panel has a dimension */
    int32_t *known; /**< [n_components * n_local] */
    spk__isolation_panels panels;
} spk__isolation_space;

/** @param[in] n_workers  that have one */
spk_status spk__isolation_space_make(spk_context *ctx, const spk__isolation_units *units,
                                     int32_t n_workers, spk__isolation_space *space);
void spk__isolation_space_free(spk__isolation_space *space);

/** Makes it the space of a unit that has spikes, neighbours by main channel, centre 0.
 *  @param[in] max_channels  the first so many of its row
 *  @param[in] radius_um     of them those this near to the main channel; infinite: all */
void spk__isolation_space_of(spk__isolation_space *space, int64_t unit,
                             int64_t max_channels, double radius_um);

/** As bombcell: neighbours are units whose row has the unit's first channel. */
void spk__isolation_space_of_bombcell(spk__isolation_space *space, int64_t unit,
                                      int64_t max_channels);

/** Moves the centre to the mean of the unit's spikes. `block` is scratch. */
void spk__isolation_space_centre(spk__isolation_space *space, double *block);

/** The mean of a unit's spikes, from the centre. `block` is scratch.
 *  @param[out] mean  [n_dimensions] */
void spk__isolation_space_mean(spk__isolation_space *space, int64_t unit, double *block,
                               double *mean);

/** Adds the known sum of x x^T over a unit's spikes, x from their mean.
 *  @param[in,out] sums  [n_dimensions]^2
 *  @return 0: it is not known, nothing was added */
int spk__isolation_space_add_scatter(spk__isolation_space *space, int64_t unit,
                                     double *sums);

enum {
    SPK__ISOLATION_BLOCK = 512 /**< spikes */
};

/** Places spikes in the space.
 *  @param[out] block  [n][n_dimensions] */
void spk__isolation_load(spk__isolation_space *space, const uint32_t *spikes, int64_t n,
                         double *block);

/** The same of the spikes `first` .. first + n - 1 of a unit; fast if the unit is looked at
 *  from several spaces. */
void spk__isolation_load_unit(spk__isolation_space *space, int64_t unit, int64_t first,
                              int64_t n, double *block);

#endif
