/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SPIKEKIT_CURATION_H
#define SPIKEKIT_CURATION_H

/*
 * Curation: units are merged, split and removed, and all that is known of them follows without
 * another count over the recording.
 *
 * A curation keeps for every unit its spikes, counts and sums, and the correlograms of all pairs.
 * A merge adds: counts of spikes, of spikes by time and by amplitude, and rows and columns of
 * correlograms; C_aa + C_bb + C_ab + C_ba is the new autocorrelogram. A split counts the pairs of
 * the smaller parts and gets those of the largest as a difference. Integers are exactly those of
 * a new count, sums of doubles equal to rounding. Every step can be taken back.
 *
 * Units are named by their ids. A new unit gets the largest id there ever was, plus 1, as in phy.
 */

#include <spikekit/array.h>
#include <spikekit/context.h>
#include <spikekit/merging.h>
#include <spikekit/metrics.h>
#include <spikekit/spikes.h>
#include <spikekit/status.h>
#include <spikekit/table.h>
#include <spikekit/templates.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Fill with spk_curation_options_init(&options, sizeof options), then change fields. */
typedef struct spk_curation_options {
    size_t struct_size; /**< set by init */
    const int64_t
        *unit_ids; /**< [n_units] distinct, 0 .. 2^62 - 1; default NULL: 0, 1, ... */
    const spk_array *amplitudes; /**< [n_spikes] or [n_spikes][1]; default NULL */
    const spk_array
        *spike_positions;           /**< [n_spikes][2 or more] x, y [um]; default NULL */
    const spk_templates *templates; /**< for metrics of templates; default NULL */
    double refractory_s;    /**< default 0.001; as samples int(rate * refractory_s) */
    double presence_bin_s;  /**< default 60; as samples int(rate * presence_bin_s) */
    int64_t amplitude_bins; /**< >= 1, from the smallest to the largest finite amplitude
                             *   of any spike; default 100 */
    int64_t n_bins;         /**< lag bins of correlograms, odd; 0: no correlograms;
                             *   default 51 */
    double bin_s; /**< their width, rounded to samples, at least 1; default 0.001 */
} spk_curation_options;

SPK_API void spk_curation_options_init(spk_curation_options *options, size_t struct_size);

/** A curation under way. One thread uses it at a time. */
typedef struct spk_curation spk_curation;

/**
 * Starts a curation: groups spikes by unit and counts what is to be kept.
 *
 * @param[in]  ctx       threads, progress, cancel; holds the message on error
 * @param[in]  spikes    valid spike table; it and the arrays of the options are borrowed until
 *                       destroy
 * @param[in]  options   NULL for the defaults
 * @param[out] curation  destroy with spk_curation_destroy()
 * @return SPK_OK; SPK_ERR_ARGUMENT (bad options, arrays of another length than the spikes, ids
 *         negative or not distinct); the errors of spk_trains_create() and
 *         spk_correlogram_count_rows(); SPK_ERR_OVERFLOW (2^32 pairs in one bin);
 *         SPK_ERR_MEMORY; SPK_ERR_CANCELLED
 * Cost:    as spk_correlogram_count_rows(); 16 bytes a spike, 4 n_bins bytes for each ordered
 *          pair of units (204 MB for 1000 units and 51 bins)
 * Threads: as spk_correlogram_count_rows(); same result for any number
 */
SPK_API SPK_MUST_CHECK spk_status spk_curation_create(spk_context *ctx,
                                                      const spk_spikes *spikes,
                                                      const spk_curation_options *options,
                                                      spk_curation **curation);

/** Frees. NULL is fine. */
SPK_API void spk_curation_destroy(spk_curation *curation);

/* ---- steps ---- */

/**
 * Makes one unit of several.
 *
 * @param[in]  n_units    >= 2
 * @param[in]  unit_ids   [n_units] distinct units that are there
 * @param[in]  censor_ms  of the merged unit, spikes less than int(rate * censor_ms / 1000)
 *                        samples after the one before are removed: two units that shared spikes
 *                        would have them twice. 0: none (SpikeInterface's censor_ms)
 * @param[in]  new_id     id of the merged unit, not that of another unit; -1: the next
 * @param[out] merged_id  its id; or NULL
 * @return SPK_OK; SPK_ERR_ARGUMENT; SPK_ERR_NOT_FOUND (no such unit); SPK_ERR_OVERFLOW (2^32
 *         pairs in one bin); SPK_ERR_MEMORY; on error nothing is changed
 * Cost: O(spikes of these units + units * n_bins), and for each spike removed the spikes around
 *       it; 12 bytes a spike of the merged unit, kept for spk_curation_undo()
 */
SPK_API SPK_MUST_CHECK spk_status spk_curation_merge(
    spk_context *ctx, spk_curation *curation, int64_t n_units, const int64_t *unit_ids,
    double censor_ms, int64_t new_id, int64_t *merged_id);

/**
 * Removes spikes of a unit that come less than int(rate * censor_ms / 1000) samples after its
 * spike before. The unit keeps its id.
 * @param[out] n_removed  spikes removed; or NULL. If none, this is no step
 * @return as spk_curation_merge()
 */
SPK_API SPK_MUST_CHECK spk_status spk_curation_censor(spk_context *ctx,
                                                      spk_curation *curation,
                                                      int64_t unit_id, double censor_ms,
                                                      int64_t *n_removed);

/**
 * Makes several units of one.
 *
 * @param[in]  unit_id    unit that is there
 * @param[in]  labels     [spikes of the unit] the part of each spike in order of time, any
 *                        numbers; at least two distinct
 * @param[in]  n_new_ids  parts, in rising order of label, whose ids are given; 0: none are
 * @param[in]  new_ids    [n_new_ids] distinct, not those of other units; NULL if n_new_ids is 0
 * @param[out] n_parts    distinct labels; or NULL
 * @param[out] part_ids   [n_parts] room for the ids of the parts; or NULL
 * @return SPK_OK; SPK_ERR_ARGUMENT (one label, n_new_ids neither 0 nor the number of parts);
 *         otherwise as spk_curation_merge()
 * Cost: as spk_curation_merge(), and for each spike outside the largest part the spikes within
 *       the window of the correlograms
 */
SPK_API SPK_MUST_CHECK spk_status spk_curation_split(
    spk_context *ctx, spk_curation *curation, int64_t unit_id, const int32_t *labels,
    int64_t n_new_ids, const int64_t *new_ids, int64_t *n_parts, int64_t *part_ids);

/** Removes a unit and its spikes. @return as spk_curation_merge() */
SPK_API SPK_MUST_CHECK spk_status spk_curation_remove(spk_context *ctx,
                                                      spk_curation *curation,
                                                      int64_t unit_id);

/** Takes back the last step. @return SPK_OK; SPK_ERR_ARGUMENT; SPK_ERR_NOT_FOUND (no step) */
SPK_API SPK_MUST_CHECK spk_status spk_curation_undo(spk_context *ctx,
                                                    spk_curation *curation);

typedef enum spk_curation_kind {
    SPK_CURATION_MERGE = 0,
    SPK_CURATION_SPLIT = 1,
    SPK_CURATION_REMOVE = 2,
    SPK_CURATION_CENSOR = 3
} spk_curation_kind;

/** A step that was taken. Views, valid until it is taken back. */
typedef struct spk_curation_step {
    int32_t kind;             /**< an spk_curation_kind */
    int32_t reserved;         /**< 0 */
    int64_t n_old;            /**< units that went */
    const int64_t *old_ids;   /**< [n_old] */
    int64_t n_new;            /**< units that came */
    const int64_t *new_ids;   /**< [n_new] */
    int64_t n_spikes_removed; /**< spikes of no unit any more */
    int64_t censor_samples;   /**< of a merge or censor; 0: none */
} spk_curation_step;

SPK_API int64_t spk_curation_n_steps(const spk_curation *curation);
/** A step, the first taken first; all zero out of range. */
SPK_API spk_curation_step spk_curation_step_at(const spk_curation *curation,
                                               int64_t step);

/* ---- what there is now ---- */

SPK_API int64_t spk_curation_n_units(const spk_curation *curation);
/** The ids of the units, rising. @param[out] unit_ids  [n_units] */
SPK_API void spk_curation_unit_ids(const spk_curation *curation, int64_t *unit_ids);
/** Spikes that belong to a unit. */
SPK_API int64_t spk_curation_n_spikes(const spk_curation *curation);

/**
 * The spike table as it is now.
 * @param[out] indices  [spk_curation_n_spikes()] place of each spike in the table at the start,
 *                      rising; or NULL
 * @param[out] units    [spk_curation_n_spikes()] place of its unit among the ids; or NULL
 * @return SPK_OK; SPK_ERR_ARGUMENT; SPK_ERR_MEMORY
 */
SPK_API SPK_MUST_CHECK spk_status spk_curation_spikes(spk_context *ctx,
                                                      const spk_curation *curation,
                                                      int64_t *indices, int32_t *units);

/** What is kept of a unit. Views, valid until the next step. */
typedef struct spk_curation_unit {
    int64_t unit_id;
    int64_t n_spikes;
    const int64_t *samples;     /**< [n_spikes] */
    const uint32_t *indices;    /**< [n_spikes] place of each in the table at the start */
    int64_t n_short_intervals;  /**< intervals between neighbours < refractory period */
    int64_t n_refractory_pairs; /**< pairs of any spikes at most that far apart */
    int64_t n_presence_bins;    /**< whole bins of the recording */
    const int64_t *presence;    /**< [n_presence_bins] spikes in each */
    int64_t n_amplitude_bins;   /**< 0 without amplitudes */
    const int64_t *amplitude_counts; /**< [n_amplitude_bins] spikes in each, the last bin
                                      *   closed on the right */
    double amplitude_low;            /**< left edge of the first bin */
    double amplitude_high;           /**< right edge of the last */
    int64_t n_amplitudes;            /**< spikes of finite amplitude */
    double amplitude_mean; /**< of those; NaN if there are none, as the following */
    double amplitude_std;  /**< with n_amplitudes in the denominator */
    double amplitude_min;
    double amplitude_max;
    int64_t n_positions; /**< spikes of finite position */
    double x_um;         /**< mean of those; NaN if there are none */
    double y_um;
} spk_curation_unit;

/** @return SPK_OK; SPK_ERR_ARGUMENT; SPK_ERR_NOT_FOUND (no such unit) */
SPK_API SPK_MUST_CHECK spk_status spk_curation_unit_get(spk_context *ctx,
                                                        const spk_curation *curation,
                                                        int64_t unit_id,
                                                        spk_curation_unit *unit);

/** Bins of each correlogram, 0 if none are kept. */
SPK_API int64_t spk_curation_n_bins(const spk_curation *curation);

/**
 * Correlograms of a unit, in the SPIKEKIT convention of correlogram.h.
 * @param[in]  unit_id    the reference
 * @param[in]  n_targets  number of targets
 * @param[in]  targets    [n_targets] ids; NULL: all units, n_targets spk_curation_n_units()
 * @param[out] counts     [n_targets][n_bins]
 * @return SPK_OK; SPK_ERR_ARGUMENT (none are kept); SPK_ERR_NOT_FOUND (no such unit)
 */
SPK_API SPK_MUST_CHECK spk_status
spk_curation_correlograms(spk_context *ctx, const spk_curation *curation, int64_t unit_id,
                          int64_t n_targets, const int64_t *targets, int64_t *counts);

/**
 * Computes metrics of some units: those that look at one unit alone.
 * What compares a unit with all others (synchrony, isolation, a rate from the first to the
 * last spike of any unit) is left out, and cannot be named: compute it from the whole table.
 *
 * @param[in]  n_units   number of units
 * @param[in]  unit_ids  [n_units] distinct; the rows of the result
 * @param[in]  options   NULL for the defaults; definition and periods must be NULL
 * @param[out] metrics   destroy with spk_metrics_destroy()
 * @return SPK_OK; SPK_ERR_NOT_FOUND (no such unit; a metric that takes other units); otherwise
 *         as spk_metrics_compute()
 * Cost: as spk_metrics_compute() of a recording with these units alone
 */
SPK_API SPK_MUST_CHECK spk_status spk_curation_metrics(
    spk_context *ctx, const spk_curation *curation, int64_t n_units,
    const int64_t *unit_ids, const spk_metrics_options *options, spk_metrics **metrics);

/**
 * Scores a unit against others for another merge, as spk_merging_find() with the pairs of this
 * unit alone. Holm's adjustment is then over these pairs. Units lie where the mean of their
 * spikes does; without spike positions all are looked at.
 *
 * @param[in]  unit_id     a unit that is there
 * @param[in]  n_others    number of others; read when others is not NULL
 * @param[in]  others      [n_others] distinct ids; NULL: all units within max_distance_um
 * @param[in]  similarity  [n_others] of its template to theirs; NULL: template_similarity is
 *                         skipped. NULL if others is
 * @param[in]  options     NULL for the defaults; with_unit is not read. Recipes with snr or knn
 *                         take all units: SPK_ERR_ARGUMENT
 * @param[out] unit_ids    [spk_curation_n_units()] room for the ids of the units looked at,
 *                         rising: candidates name units by their place here
 * @param[out] n_units     how many those are
 * @param[out] candidates  destroy with spk_merge_candidates_destroy()
 * @return SPK_OK; SPK_ERR_NOT_FOUND (no such unit); otherwise as spk_merging_find()
 * Cost: of each pair that is still to be counted O(its spikes), and nothing of one that has
 *       failed (unless all are evaluated). Contaminations by the default refractory_ms are kept;
 *       by another one they take O(spikes of these units). Epochs, correlogram and slay_score:
 *       as spk_merging_find() of a recording with these units alone
 */
SPK_API SPK_MUST_CHECK spk_status spk_curation_candidates(
    spk_context *ctx, const spk_curation *curation, int64_t unit_id, int64_t n_others,
    const int64_t *others, const double *similarity, const spk_merging_options *options,
    int64_t *unit_ids, int64_t *n_units, spk_merge_candidates **candidates);

/* ---- files ---- */

/**
 * Applies a curation file of SpikeInterface (format_version 1 or 2, or several steps under
 * "curation_steps"): of each step first what is removed, then merges, then splits. Ids are whole
 * numbers, or texts of such. If anything in it does not fit, nothing is changed.
 *
 * @param[in] path       .json
 * @param[in] censor_ms  for its merges, as in spk_curation_merge()
 * @return SPK_OK; SPK_ERR_NOT_FOUND, SPK_ERR_IO; SPK_ERR_FORMAT (not such a file; a unit that is
 *         not there, removed twice, merged twice: "path: merges[2]: ..."); SPK_ERR_MEMORY
 */
SPK_API SPK_MUST_CHECK spk_status spk_curation_apply(spk_context *ctx,
                                                     spk_curation *curation,
                                                     const char *path, double censor_ms);

/**
 * Reads the labels that a curation file gives to units by hand.
 * @param[out] labels  columns cluster_id, label and value, a row for each; destroy with
 *                     spk_table_destroy()
 * @return as spk_curation_apply()
 */
SPK_API SPK_MUST_CHECK spk_status spk_curation_read_labels(spk_context *ctx,
                                                           const char *path,
                                                           spk_table **labels);

/**
 * Writes the steps taken, and labels of the units there are now, as a curation file of
 * SpikeInterface: format_version 2, and under "curation_steps" where one step builds on another
 * or labels are given to new units. Spikes removed by censoring have no place in the format: the
 * merges say censor_ms, which spk_curation_apply() takes and SpikeInterface passes over; other
 * censoring is left out, and logged.
 *
 * @param[in] label   what the labels are: "quality", say; NULL: no labels
 * @param[in] labels  [n_units] of the units as spk_curation_unit_ids() lists them; "": none;
 *                    NULL if label is
 * @return SPK_OK; SPK_ERR_ARGUMENT; SPK_ERR_NOT_FOUND (no such folder); SPK_ERR_IO;
 *         SPK_ERR_MEMORY
 */
SPK_API SPK_MUST_CHECK spk_status spk_curation_write(spk_context *ctx,
                                                     const spk_curation *curation,
                                                     const char *path, const char *label,
                                                     const char *const *labels);

#ifdef __cplusplus
}
#endif
#endif
