/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SPIKEKIT_MERGING_H
#define SPIKEKIT_MERGING_H

/*
 * Which units are pieces of one neuron: candidates for merging, with the reasons.
 *
 * A recipe is a list of steps. Each step gives every pair of units that passed the ones
 * before it a value, and holds it against a threshold; a pair that passes all is a
 * candidate, and candidates that share units are joined to groups. Five presets are those
 * of SpikeInterface's compute_merge_unit_groups(), value for value; one is our own. Nothing
 * is merged here: spk_merge_candidates_groups() says what to merge.
 *
 * Unit a of a pair has the lower index; the asymmetric steps (cross-contamination,
 * neighbours, correlograms) take the pair in this order, as SpikeInterface does.
 */

#include <spikekit/array.h>
#include <spikekit/context.h>
#include <spikekit/epochs.h>
#include <spikekit/spikes.h>
#include <spikekit/status.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A step of a recipe. N spikes, T time observed, f sampling rate; t_r and t_c are the
 *  refractory and censored periods. */
typedef enum spk_merge_step {
    /** Both units have min_spikes or more. */
    SPK_MERGE_NUM_SPIKES = 0,
    /** Neither unit's snr is below min_snr. */
    SPK_MERGE_SNR = 1,
    /** Neither unit's contamination is above max_contamination:
     *  C = 1 - sqrt(1 - v (T - 2 N t_c) / (N^2 (t_r - t_c))), v pairs of spikes no further
     *  apart than t_r; 1 where the root is of a negative number, NaN (which passes) with
     *  less than two spikes. Llobet, Wyngaard & Barbour (2022). */
    SPK_MERGE_CONTAMINATION = 2,
    /** The units are no further apart than max_distance_um. */
    SPK_MERGE_DISTANCE = 3,
    /** 1 - similarity is below max_dissimilarity. */
    SPK_MERGE_SIMILARITY = 4,
    /** The cross-correlogram differs from the autocorrelograms by less than
     *  max_correlogram_difference. Correlograms lose the bins that start within the censor
     *  period of 0, are smoothed by a Gaussian, and divided by their mean; the difference
     *  is the mean of |cross - auto| within a window around 0, averaged over the two units
     *  by spikes. A unit's window reaches to the peak of its autocorrelogram's negative
     *  second derivative that is nearest to 0 and where the autocorrelogram is above a
     *  share of its maximum (halved until there is one); a pair's is the average by spikes.
     *  A window wider than the correlogram is cut to it. */
    SPK_MERGE_CORRELOGRAM = 5,
    /** The units are there at different times: the Wasserstein distance [s] between their
     *  histograms over the recording exceeds min_presence_distance_s. Each histogram is
     *  divided by its sum; NaN (which fails) without spikes in whole bins. */
    SPK_MERGE_PRESENCE = 6,
    /** Among the k nearest neighbours of a's spikes (each is its own first neighbour), by
     *  amplitude, x and y, each divided by its standard deviation over all spikes, at least
     *  min_neighbors are spikes of b. */
    SPK_MERGE_NEIGHBORS = 7,
    /** That b holds no more than max_cross_contamination of spikes foreign to a's neuron is
     *  not refuted: p > min_cross_p. v = coincidences within t_r less those within t_c (a
     *  pair at the very distance counts half); estimate
     *  1 - (v T / (2 N_a N_b t_r) - 1) / (C_a - 1), -inf if C_a = 1; p = P(X >= int(v - 1) +
     *  1), X binomial with N_a N_b ((1 - C_a) L + C_a) trials of chance 2 t_r / T, the trials
     *  a real number. */
    SPK_MERGE_CROSS_CONTAMINATION = 8,
    /** Merging pays: score = rate (1 - (balance + 1) C) of the merged unit is not below that
     *  of either. Of spikes that follow one of the other unit within int(t_c f) samples the
     *  merged unit keeps the first. */
    SPK_MERGE_QUALITY = 9,
    /** SLAy as SpikeInterface has it: similarity + k1 rho - k2 eta exceeds slay_threshold.
     *  rho is 4 times the Wasserstein distance of the cross-correlogram from a flat one in a
     *  window of 1.5 times the distance of the dip's edge; -4 if no edge is found (where it
     *  is nearer than 1 ms SpikeInterface stops with an error), 0 without counts. eta is 1
     *  less the confidence that the share of refractory violations is below 0.15. NaN with
     *  less than 40 bins. Koukuntla et al. (2025). */
    SPK_MERGE_SLAY = 10,
    /** The units share a refractory period. n pairs of spikes are t_c < |lag| <= t_r apart,
     *  m are flank_from < |lag| <= flank_to apart; ratio = (n / w) / (m / F), w and F the
     *  widths of both ranges. If the cross-correlogram were flat but for a dip to the share
     *  L = refractory_null, 1 being no dip at all, n of n + m would be binomial with chance
     *  w L / (w L + F); p = P(X <= n). This is exact whatever the rates of two trains that
     *  are Poisson at such lags, and does not mind slow changes of them. p values of all
     *  pairs that come to this step are adjusted after Holm. A pair passes with an adjusted
     *  value of refractory_level or less, so that the chance of any pair passing that has
     *  no such dip is that at most, and a ratio of max_refractory_ratio or less. */
    SPK_MERGE_CROSS_REFRACTORY = 11
} spk_merge_step;

/** Number of steps there are. */
enum {
    SPK_MERGE_N_STEPS = 12
};

/** The name of a step, as SpikeInterface has it if it has it: "num_spikes", "snr",
 *  "remove_contaminated", "unit_locations", "template_similarity", "correlogram",
 *  "presence_distance", "knn", "cross_contamination", "quality_score", "slay_score",
 *  "cross_refractory"; NULL for an unknown value. */
SPK_API const char *spk_merge_step_name(int32_t step);

/** Recipes. */
typedef enum spk_merge_preset {
    /** num_spikes, remove_contaminated, unit_locations, template_similarity,
     *  cross_refractory, quality_score */
    SPK_MERGE_SPIKEKIT = 0,
    /** num_spikes, remove_contaminated, unit_locations, template_similarity, correlogram,
     *  quality_score */
    SPK_MERGE_SIMILARITY_CORRELOGRAMS = 1,
    /** the same with presence_distance for correlogram */
    SPK_MERGE_TEMPORAL_SPLITS = 2,
    /** the same with cross_contamination for correlogram */
    SPK_MERGE_X_CONTAMINATIONS = 3,
    /** num_spikes, snr, remove_contaminated, unit_locations, knn, quality_score */
    SPK_MERGE_FEATURE_NEIGHBORS = 4,
    /** template_similarity, slay_score */
    SPK_MERGE_SLAY_PRESET = 5
} spk_merge_preset;

/** The preset of a name: "spikekit", "similarity_correlograms", "temporal_splits",
 *  "x_contaminations", "feature_neighbors", "slay".
 *  @return SPK_OK; SPK_ERR_NOT_FOUND */
SPK_API SPK_MUST_CHECK spk_status spk_merge_preset_from_name(spk_context *ctx,
                                                             const char *name,
                                                             int32_t *preset);

/** The name of a preset; NULL for an unknown value. */
SPK_API const char *spk_merge_preset_name(int32_t preset);

/** What is known of the units; fill with spk_merging_input_init(). */
typedef struct spk_merging_input {
    size_t struct_size;         /**< set by init */
    const spk_spikes *spikes;   /**< valid spike table; required */
    const double *positions_um; /**< [n_units][2] x, y; NULL: unit_locations is skipped */
    const double *similarity; /**< [n_units][n_units] of templates, the entry of row a and
                                 *   column b is read; NULL: template_similarity is skipped.
                                 *   SpikeInterface takes the l1 similarity */
    const double *snr;        /**< [n_units]; NULL: snr is skipped */
    const spk_array *amplitudes;      /**< [n_spikes]; for knn */
    const spk_array *spike_positions; /**< [n_spikes][2 or more] x, y; for knn */
} spk_merging_input;

SPK_API void spk_merging_input_init(spk_merging_input *input, size_t struct_size);

/** Fill with spk_merging_options_init(&options, sizeof options), then change fields. The
 *  defaults are SpikeInterface's. */
typedef struct spk_merging_options {
    size_t struct_size;   /**< set by init */
    int32_t preset;       /**< an spk_merge_preset; default SPIKEKIT */
    int32_t evaluate_all; /**< nonzero: steps also give values to pairs that have failed
                            *   before (their place among candidates does not change);
                            *   default 0 */
    const int32_t
        *steps;      /**< [n_steps] a recipe of spk_merge_step in place of the preset;
                            *   default NULL */
    int64_t n_steps; /**< read when steps is not NULL */
    const spk_epochs *epochs;     /**< default NULL: the whole recording. Otherwise only
                                 *   spikes in epochs count, and pairs of spikes in the
                                 *   same epoch; presence is over the epochs in a row */
    int64_t min_spikes;           /**< default 100 */
    double min_snr;               /**< default 2 */
    double max_contamination;     /**< default 0.2 */
    double refractory_ms;         /**< t_r, rounded to samples; default 1 */
    double censored_ms;           /**< t_c, rounded to samples, < t_r; default 0.3 */
    double max_distance_um;       /**< default 150 */
    double max_dissimilarity;     /**< default 0.25 */
    double correlogram_window_ms; /**< full width, also for slay; default 50 */
    double correlogram_bin_ms;    /**< also for slay; default 1 */
    double correlogram_censor_ms; /**< default 0.15 */
    double correlogram_sigma_ms;  /**< default 0.6 */
    double
        correlogram_peak_share; /**< of the maximum, where a window may end; default 0.5 */
    double max_correlogram_difference; /**< default 0.16 */
    double presence_bin_s;             /**< default 2 */
    double min_presence_distance_s;    /**< default 100 */
    int64_t n_neighbors;               /**< k; default 10 [1, 1000] */
    int64_t min_neighbors;             /**< default 1 */
    double max_cross_contamination;    /**< default 0.1 */
    double min_cross_p;                /**< default 0.2 */
    double quality_balance;            /**< default 1.5 */
    double slay_k1;                    /**< default 0.25 */
    double slay_k2;                    /**< default 1 */
    double slay_threshold;             /**< default 0.5 */
    double flank_from_ms;              /**< >= t_r; default 5 */
    double flank_to_ms;                /**< default 25 */
    double refractory_null;            /**< L; default 1 */
    double max_refractory_ratio;       /**< default 0.3 */
    double refractory_level;           /**< default 0.01 */
    int64_t with_unit; /**< only pairs of this unit are listed; default -1: all */
} spk_merging_options;

SPK_API void spk_merging_options_init(spk_merging_options *options, size_t struct_size);

/** What steps give a pair. */
typedef enum spk_merge_value {
    SPK_MERGE_VALUE_NUM_SPIKES = 0,             /**< smaller of both numbers */
    SPK_MERGE_VALUE_SNR = 1,                    /**< smaller of both */
    SPK_MERGE_VALUE_CONTAMINATION = 2,          /**< larger of both */
    SPK_MERGE_VALUE_DISTANCE = 3,               /**< [um] */
    SPK_MERGE_VALUE_SIMILARITY = 4,             /**< as given */
    SPK_MERGE_VALUE_CORRELOGRAM_DIFFERENCE = 5, /**< of divided by their mean */
    SPK_MERGE_VALUE_PRESENCE_DISTANCE = 6,      /**< [s] */
    SPK_MERGE_VALUE_NEIGHBORS = 7,              /**< number of neighbours */
    SPK_MERGE_VALUE_CROSS_CONTAMINATION = 8,    /**< estimate */
    SPK_MERGE_VALUE_CROSS_P = 9,                /**< p value */
    SPK_MERGE_VALUE_QUALITY_GAIN = 10, /**< score less the larger of both units' [Hz] */
    SPK_MERGE_VALUE_SLAY = 11,         /**< similarity + k1 rho - k2 eta */
    SPK_MERGE_VALUE_SLAY_RHO = 12,
    SPK_MERGE_VALUE_SLAY_ETA = 13,
    SPK_MERGE_VALUE_REFRACTORY_RATIO = 14, /**< (n / w) / (m / F); NaN if m is 0 */
    SPK_MERGE_VALUE_REFRACTORY_P = 15,     /**< p value */
    SPK_MERGE_VALUE_REFRACTORY_HOLM = 16 /**< adjusted; NaN for a pair that had failed */
} spk_merge_value;

/** Number of values of a pair. */
enum {
    SPK_MERGE_N_VALUES = 17
};

/** One value of the catalogue; texts are constant. */
typedef struct spk_merge_value_info {
    const char *name; /**< "correlogram_difference", say; unique */
    const char *unit; /**< "um", "s", "1" */
    int32_t step;     /**< the spk_merge_step that gives it */
    int32_t decides;  /**< nonzero: it is the one held against the threshold */
} spk_merge_value_info;

/** What spk_merge_value `value` is; NULL out of range. */
SPK_API const spk_merge_value_info *spk_merge_value_describe(int32_t value);

/** A pair of units that was looked at. */
typedef struct spk_merge_pair {
    int32_t a;           /**< unit index */
    int32_t b;           /**< unit index, > a */
    int32_t failed_step; /**< the first step it did not pass; -1: a candidate */
    int32_t reserved;    /**< 0 */
    double values[SPK_MERGE_N_VALUES]; /**< by spk_merge_value; NaN: not evaluated, or not
                                         *   defined */
} spk_merge_pair;

/** What was found. */
typedef struct spk_merge_candidates spk_merge_candidates;

/**
 * Scores pairs of units by the steps of a recipe.
 *
 * Pairs that are listed: with positions and the step unit_locations, those within the
 * distance; otherwise, with similarities and the step template_similarity, those that pass
 * it; otherwise all. Steps for which the input has nothing are skipped, and said to be by
 * spk_merge_candidates_skipped(); knn without amplitudes and positions of spikes, and
 * slay_score without similarities, are errors.
 *
 * @param[in]  ctx      threads, progress, cancel; holds the message on error
 * @param[in]  input    borrowed for the call
 * @param[in]  options  NULL for the defaults
 * @param[out] candidates  destroy with spk_merge_candidates_destroy()
 * @return SPK_OK; SPK_ERR_ARGUMENT (NULL; bad options; input missing or of a wrong shape);
 *         the errors of spk_spikes_check(), spk_epochs_check() and
 *         spk_correlogram_count_pairs(); SPK_ERR_MEMORY; SPK_ERR_CANCELLED
 * Cost:    O(n_units^2) for distances; O(spikes of both units) a listed pair and step;
 *          O(n_spikes log n_spikes) for knn. Memory: 12 bytes a spike (32 with epochs, 44
 *          more for knn), 152 bytes a listed pair, 8 bytes a correlogram bin of each unit,
 *          twice, and each pair, 8 bytes a unit and presence bin
 * Threads: workers own pairs; same bits for any number of threads
 * Source:  SpikeInterface 0.105.3 compute_merge_unit_groups(); Lussac (Barbour, Wyngaard &
 *          Llobet); Holm (1979) Scand. J. Statist. 6:65-70
 */
SPK_API SPK_MUST_CHECK spk_status spk_merging_find(spk_context *ctx,
                                                   const spk_merging_input *input,
                                                   const spk_merging_options *options,
                                                   spk_merge_candidates **candidates);

/** Frees. NULL is fine. */
SPK_API void spk_merge_candidates_destroy(spk_merge_candidates *candidates);

/** Number of pairs that are listed. */
SPK_API int64_t spk_merge_candidates_n_pairs(const spk_merge_candidates *candidates);
/** [n_pairs] by a, then b; valid until destroy. */
SPK_API const spk_merge_pair *
spk_merge_candidates_pairs(const spk_merge_candidates *candidates);

/** Number of steps of the recipe. */
SPK_API int64_t spk_merge_candidates_n_steps(const spk_merge_candidates *candidates);
/** The recipe, [n_steps] of spk_merge_step; valid until destroy. */
SPK_API const int32_t *spk_merge_candidates_steps(const spk_merge_candidates *candidates);
/** Nonzero: the step was skipped because the input has nothing for it. */
SPK_API int32_t spk_merge_candidates_skipped(const spk_merge_candidates *candidates,
                                             int32_t step);

/** Number of groups to merge, each of two units or more. */
SPK_API int64_t spk_merge_candidates_n_groups(const spk_merge_candidates *candidates);
/** [n_groups + 1] where each group's units start; valid until destroy. */
SPK_API const int64_t *
spk_merge_candidates_group_offsets(const spk_merge_candidates *candidates);
/** Units group by group, rising; groups by their lowest unit; valid until destroy. */
SPK_API const int32_t *
spk_merge_candidates_group_units(const spk_merge_candidates *candidates);

/**
 * Joins pairs to groups: the connected components of two units or more.
 *
 * @param[in]  n_units  >= 0
 * @param[in]  pairs    [n_pairs][2] unit indices, in any order
 * @param[in]  n_pairs  >= 0
 * @param[out] offsets  [n_units / 2 + 1] where each group's units start
 * @param[out] units    [n_units] units group by group, rising; groups by their lowest unit
 * @param[out] n_groups  number of groups
 * @return SPK_OK; SPK_ERR_ARGUMENT (NULL, unit out of range); SPK_ERR_MEMORY
 * Cost: O(n_units + n_pairs), nearly
 */
SPK_API SPK_MUST_CHECK spk_status spk_merge_join_pairs(spk_context *ctx, int64_t n_units,
                                                       const int32_t (*pairs)[2],
                                                       int64_t n_pairs, int64_t *offsets,
                                                       int32_t *units, int64_t *n_groups);

#ifdef __cplusplus
}
#endif
#endif
