/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SPIKEKIT_TEMPLATES_H
#define SPIKEKIT_TEMPLATES_H

#include <spikekit/array.h>
#include <spikekit/context.h>
#include <spikekit/spikes.h>
#include <spikekit/status.h>
#include <stddef.h>
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
    double sampling_rate_hz;        /**< of the waveforms; 0: not known */
} spk_templates;

/**
 * Reads one template, unwhitened: waveform[s][c] = sum over stored channels k of
 * stored[s][k] * unwhiten[k][c]. Of a template stored on some channels only, the sum runs over
 * those and only those get a waveform; all others are 0 (phy does the same).
 *
 * @param[in]  template_index  0 .. n_templates - 1
 * @param[out] waveform        [n_samples][n_channels]
 * @return SPK_OK; SPK_ERR_ARGUMENT (NULL, out of range, templates not consistent in
 *         themselves); SPK_ERR_MEMORY
 * Cost:   O(n_samples * n_channels^2) with a matrix; extra memory one waveform
 */
SPK_API SPK_MUST_CHECK spk_status spk_templates_read(spk_context *ctx,
                                                     const spk_templates *templates,
                                                     int64_t template_index,
                                                     double *waveform);

/* ---- templates of units ---- */

/**
 * The template of each unit: the mean of its spikes' templates, each weighted by the number of
 * the unit's spikes that it was matched with. As sorted a unit has one; after merges it has
 * several (phy shows the same mean).
 */
typedef struct spk_unit_templates spk_unit_templates;

/**
 * Counts which templates make up each unit.
 *
 * @param[in]  ctx             holds the message on error
 * @param[in]  templates       copied, but the arrays it points to are borrowed until destroy
 * @param[in]  spikes          the table that templates->spike_templates belongs to; all its
 *                             spikes count, epochs or not
 * @param[out] unit_templates  destroy with spk_unit_templates_destroy()
 * @return SPK_OK; SPK_ERR_ARGUMENT (NULL, templates not consistent in themselves, a spike of a
 *         template that is not there); the errors of spk_spikes_check(); SPK_ERR_MEMORY
 * Cost:   O(n_spikes); 16 bytes for each pair of a unit and a template of its spikes
 */
SPK_API SPK_MUST_CHECK spk_status
spk_unit_templates_create(spk_context *ctx, const spk_templates *templates,
                          const spk_spikes *spikes, spk_unit_templates **unit_templates);

/** Frees. NULL is fine. */
SPK_API void spk_unit_templates_destroy(spk_unit_templates *unit_templates);

/** Units of the spike table; those without spikes have no template. */
SPK_API int64_t spk_unit_templates_n_units(const spk_unit_templates *unit_templates);

/**
 * Reads the template of a unit, unwhitened.
 * @param[in]  unit      0 .. n_units - 1
 * @param[out] waveform  [n_samples][n_channels]; all NaN for a unit without spikes
 * @return SPK_OK; SPK_ERR_ARGUMENT (NULL, out of range); SPK_ERR_MEMORY
 * Cost:   as spk_templates_read(), and a pass over each of the unit's templates
 */
SPK_API SPK_MUST_CHECK spk_status
spk_templates_unit(spk_context *ctx, const spk_unit_templates *unit_templates,
                   int64_t unit, double *waveform);

/**
 * Where each unit's template is large: its peak-to-peak amplitude on every channel, and its
 * main channel, where that is largest (the first of equal ones).
 *
 * @param[out] main_channels  [n_units], -1 for a unit without spikes, or whose template is all
 *                            zero or has a NaN; or NULL
 * @param[out] peak_to_peak   [n_units][n_channels] in the unit of the templates, NaN for a
 *                            unit without spikes; or NULL
 * @return SPK_OK; SPK_ERR_ARGUMENT (NULL); SPK_ERR_MEMORY; SPK_ERR_CANCELLED
 * Cost:    n_units times spk_templates_unit(); extra memory three waveforms a thread
 * Threads: workers own units
 */
SPK_API SPK_MUST_CHECK spk_status
spk_templates_amplitudes(spk_context *ctx, const spk_unit_templates *unit_templates,
                         int32_t *main_channels, double *peak_to_peak);

/* ---- similarity ---- */

/** How alike two templates a and b are; |.| are norms over samples and channels. */
typedef enum spk_similarity_method {
    SPK_SIMILARITY_COSINE = 0, /**< sum of a b / (|a|_2 |b|_2) */
    SPK_SIMILARITY_L1 = 1,     /**< 1 - |a - b|_1 / (|a|_1 + |b|_1) */
    SPK_SIMILARITY_L2 = 2      /**< 1 - |a - b|_2 / (|a|_2 + |b|_2) */
} spk_similarity_method;

/** On which channels two templates are compared. */
typedef enum spk_similarity_support {
    SPK_SIMILARITY_UNION = 0,       /**< those of either */
    SPK_SIMILARITY_INTERSECTION = 1 /**< those of both */
} spk_similarity_support;

/** Fill with spk_templates_similarity_options_init(&options, sizeof options), then change
 *  fields. */
typedef struct spk_templates_similarity_options {
    size_t struct_size; /**< set by init */
    int32_t method;     /**< an spk_similarity_method; default cosine */
    int32_t support;    /**< an spk_similarity_support; default union */
    double radius_um;   /**< a unit's channels are those this near to its main channel;
                              *   default 100; 0, or no positions: all channels */
    int64_t max_lag_samples; /**< >= 0; default 0 */
} spk_templates_similarity_options;

SPK_API void
spk_templates_similarity_options_init(spk_templates_similarity_options *options,
                                      size_t struct_size);

/**
 * Compares the templates of all pairs of units.
 *
 * A unit's template is 0 outside its own channels. Units without a common channel have
 * similarity 0. With max_lag_samples L > 0 the similarity of i < j is the largest over shifts
 * s = -L .. L between samples [L, n_samples - L) of i and [L + s, n_samples - L + s) of j, the
 * smallest such s of equal ones; that of (j, i) is the same with -s.
 *
 * SpikeInterface defines the same and computes it for L = 0; for L > 0 it leaves out the
 * shifts s > 0, so its answer depends on the order of units.
 *
 * @param[in]  options     NULL for the defaults
 * @param[out] similarity  [n_units][n_units]; NaN where either template is all zero on the
 *                         compared channels, has a NaN, or belongs to a unit without spikes
 * @param[out] lags        [n_units][n_units] the shift s [samples]; 0 where NaN; or NULL
 * @return SPK_OK; SPK_ERR_ARGUMENT (NULL, method, support, radius, a lag that leaves no
 *         sample); SPK_ERR_MEMORY; SPK_ERR_CANCELLED
 * Cost:    n_units times spk_templates_unit(), then for each pair with common channels
 *          O(n_samples * channels * lags); memory 4 bytes for each unit, sample and channel of
 *          the unit
 * Threads: workers own rows; same bits for any number of threads
 * Source:  template_similarity of SpikeInterface 0.105
 */
SPK_API SPK_MUST_CHECK spk_status spk_templates_similarity(
    spk_context *ctx, const spk_unit_templates *unit_templates,
    const spk_templates_similarity_options *options, double *similarity, int32_t *lags);

/* ---- where units are ---- */

/** How a unit is placed from its template. p_c is the peak-to-peak amplitude on channel c. */
typedef enum spk_location_method {
    SPK_LOCATION_MONOPOLAR = 0,      /**< least squares of p_c = alpha / distance to c */
    SPK_LOCATION_CENTER_OF_MASS = 1, /**< sum of p_c (x_c, y_c) / sum of p_c */
    SPK_LOCATION_GRID_CONVOLUTION =
        2, /**< mean of the points of a grid that explain it best */
    SPK_LOCATION_MAIN_CHANNEL = 3 /**< of the largest absolute value */
} spk_location_method;

/** Fill with spk_templates_locations_options_init(&options, sizeof options), then change
 *  fields. */
typedef struct spk_templates_locations_options {
    size_t struct_size; /**< set by init */
    int32_t method;     /**< an spk_location_method; default monopolar */
    double radius_um;   /**< channels, or grid points, this near to the main channel;
                             *   default 0: 75, for the grid 40 */
    double
        max_distance_um; /**< monopolar: bounds around the centre of mass; default 1000 */
    double grid_um;      /**< grid: step; default 5 */
    double grid_margin_um; /**< grid: beyond the channels; default 50 */
    double grid_decay_um;  /**< grid: of the weights; default 2.5 */
    double grid_sigma_ms;  /**< grid: width of the Gaussian trough; default 0.25 */
    double grid_percent;   /**< grid: share of the best scores kept; default 5 */
    int64_t peak_sample; /**< grid: where the trough is; default -1: where the unit's main
                             *   channel has its largest absolute value */
} spk_templates_locations_options;

SPK_API void
spk_templates_locations_options_init(spk_templates_locations_options *options,
                                     size_t struct_size);

/**
 * Places each unit. z is its distance from the plane of the channels.
 *
 * Monopolar triangulation: bounded least squares, x and y within max_distance_um of the
 * centre of mass (the start, with z 20), 1 <= z <= 10 max_distance_um, 0 <= alpha <= the
 * largest p_c * max_distance_um. Grid convolution: at each grid point near the main channel and
 * each z of 0, 30, 60, 90 and 120 um, channel weights are exp(-distance / grid_decay_um), of
 * unit norm, those below 0.5 / sqrt(n_channels) left out and the others again of unit norm; the
 * score is the sum over channels of weight * sum over samples of waveform * trough; negative
 * scores and those below the percentile 100 - grid_percent of the others are 0; the location is
 * the score-weighted mean.
 *
 * @param[in]  options    NULL for the defaults
 * @param[out] locations  [n_units][4] x, y, z [um] and alpha [unit of the templates * um]; z
 *                        and alpha are NaN where the method has none; all NaN for a unit without
 *                        spikes, whose template is all zero or has a NaN, or (grid) without a
 *                        positive score
 * @return SPK_OK; SPK_ERR_ARGUMENT (NULL, an option out of range, no channel positions; grid: no
 *         sampling rate); SPK_ERR_MEMORY; SPK_ERR_CANCELLED
 * Cost:    n_units times spk_templates_unit(), and a fit or some hundred grid points of a few
 *          tens of channels each
 * Threads: workers own units; same bits for any number of threads
 * Source:  unit_locations of SpikeInterface 0.105; Boussard et al. (2021) NeurIPS 34
 */
SPK_API SPK_MUST_CHECK spk_status spk_templates_locations(
    spk_context *ctx, const spk_unit_templates *unit_templates,
    const spk_templates_locations_options *options, double *locations);

#ifdef __cplusplus
}
#endif
#endif
