/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SPIKEKIT_DUPLICATES_H
#define SPIKEKIT_DUPLICATES_H

/*
 * Spikes that were found twice, and units that were.
 *
 *   the same spike twice in one unit       spk_duplicates_find_within()
 *   the same spike in two units            spk_duplicates_find_across()
 *   two units that are one neuron's twice  spk_redundant_find()
 *
 * Nothing is removed: the first two mark spikes of the table (1: drop it), the last marks
 * units. Two spikes of different times are duplicates when they are no further apart than a
 * period; periods are whole samples, made from milliseconds as the tools do it.
 */

#include <spikekit/context.h>
#include <spikekit/spikes.h>
#include <spikekit/status.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** The largest distance d [samples] of two duplicates, from a period in ms at f Hz. */
typedef enum spk_duplicates_convention {
    /** d = round(period * 1e-3 * f), halves to even. */
    SPK_DUPLICATES_SPIKEINTERFACE = 0,
    /** Closer than int(period / 1000 * f) samples: d is one less. Also the Allen
     *  Institute's. */
    SPK_DUPLICATES_KILOSORT = 1,
    /** d = int(period / 1000 * f), as SpikeInterface has it when it merges units. */
    SPK_DUPLICATES_MERGE = 2
} spk_duplicates_convention;

/** Which of the spikes of one unit stays. */
typedef enum spk_duplicates_keep {
    /** Every spike that follows another too closely goes, also when that one goes. */
    SPK_DUPLICATES_KEEP_FIRST = 0,
    /** Every spike that is followed too closely goes. */
    SPK_DUPLICATES_KEEP_LAST = 1,
    /** From the first spike on: a spike goes when it is too close to the last that stayed. */
    SPK_DUPLICATES_KEEP_FIRST_ITERATIVE = 2,
    /** The same from the last spike backwards. */
    SPK_DUPLICATES_KEEP_LAST_ITERATIVE = 3,
    /** From the first spike on: of a spike and the last that stayed, when too close, either
     *  goes with even chance. */
    SPK_DUPLICATES_KEEP_RANDOM = 4
} spk_duplicates_keep;

/** Fill with spk_duplicates_options_init(&options, sizeof options), then change fields.
 *  Kilosort 4's rule is KILOSORT, 0.25 ms, KEEP_FIRST_ITERATIVE; the Allen Institute's is
 *  KILOSORT, 0.166 ms, KEEP_LAST. */
typedef struct spk_duplicates_options {
    size_t struct_size; /**< set by init */
    int32_t convention; /**< an spk_duplicates_convention; default SPIKEINTERFACE */
    int32_t keep;       /**< an spk_duplicates_keep; default KEEP_FIRST */
    double period_ms;   /**< default 0.3 */
    uint64_t seed;      /**< of KEEP_RANDOM; default 0 */
} spk_duplicates_options;

SPK_API void spk_duplicates_options_init(spk_duplicates_options *options,
                                         size_t struct_size);

/**
 * Marks the duplicates within each unit.
 *
 * @param[in]  ctx      threads, progress, cancel; holds the message on error
 * @param[in]  spikes   valid spike table, borrowed for the call
 * @param[in]  options  NULL for the defaults
 * @param[out] drop     [n_spikes] 1: a duplicate, 0: stays; overwritten
 * @param[out] counts   [n_units] spikes marked in each unit; may be NULL
 * @return SPK_OK; SPK_ERR_ARGUMENT (NULL, bad options, a period that is negative, not
 *         finite or, for KILOSORT, below one sample); the errors of spk_trains_create();
 *         SPK_ERR_MEMORY; SPK_ERR_CANCELLED
 * Cost:    O(n_spikes + n_units) time; 12 bytes a spike
 * Threads: workers own units; same result for any number of threads
 * Source:  SpikeInterface remove_duplicated_spikes(), equal to its deterministic methods
 */
SPK_API SPK_MUST_CHECK spk_status spk_duplicates_find_within(
    spk_context *ctx, const spk_spikes *spikes, const spk_duplicates_options *options,
    uint8_t *drop, int64_t *counts);

/** Which of two units' duplicates goes. Both look at neighbours in the train of both units
 *  together (simultaneous spikes: first unit's first) that come from different units. */
typedef enum spk_duplicates_rule {
    /** The later of the two; simultaneous: the second unit's. */
    SPK_DUPLICATES_DROP_LATER = 0,
    /** That of the unit with the lower amplitude; equal: the second unit's. */
    SPK_DUPLICATES_DROP_LOWER = 1
} spk_duplicates_rule;

/** Fill with spk_duplicates_across_options_init(&options, sizeof options), then change
 *  fields. */
typedef struct spk_duplicates_across_options {
    size_t struct_size; /**< set by init */
    int32_t convention; /**< an spk_duplicates_convention; default KILOSORT */
    int32_t rule;       /**< an spk_duplicates_rule; default DROP_LOWER */
    double period_ms;   /**< default 0.166 */
    /** A pair of units is left alone unless more than this many pairs of spikes, one of
     *  each, lie within the period; default 20. 0 with a ratio of 0: every pair is cleaned */
    int64_t min_coincidences;
    /** ... and more than this many times those that chance gives, N_a N_b (2 d + 1) / T, T
     *  the recording [samples]; default 10 */
    double min_chance_ratio;
    const double *unit_amplitudes; /**< [n_units], for DROP_LOWER; default NULL */
} spk_duplicates_across_options;

SPK_API void spk_duplicates_across_options_init(spk_duplicates_across_options *options,
                                                size_t struct_size);

/**
 * Marks the duplicates between the units of chosen pairs, such as those of
 * spk_correlogram_find_near_pairs(). Spikes marked before the call (duplicates within
 * units, say) are taken as gone and stay marked. Every pair is looked at as if it were the
 * only one, so the order of pairs does not matter.
 *
 * With DROP_LOWER, both thresholds 0 and units of a pair given once, this is what the Allen
 * Institute's kilosort_postprocessing removes ("lowAmpCluster"; DROP_LATER is its
 * "deleteFirst"), provided that no duplicates within units are left, which it assumes too.
 *
 * @param[in]     ctx      threads, progress, cancel; holds the message on error
 * @param[in]     spikes   valid spike table, borrowed for the call
 * @param[in]     pairs    [n_pairs][2] unit indices, different in each pair
 * @param[in]     n_pairs  >= 0
 * @param[in]     options  NULL for the defaults, which need amplitudes
 * @param[in,out] drop     [n_spikes] 1: a duplicate, 0: stays
 * @param[out]    counts   [n_pairs][2] spikes marked of the first and second unit; may be
 *                         NULL. A spike that two pairs mark counts in both
 * @return as spk_duplicates_find_within(); SPK_ERR_ARGUMENT also for a pair out of range or
 *         of one unit, and for DROP_LOWER without amplitudes or with a NaN among those of
 *         the pairs
 * Cost:    O(n_spikes + spikes of both units of each pair) time; 24 bytes a spike
 * Threads: workers own pairs; same result for any number of threads
 */
SPK_API SPK_MUST_CHECK spk_status spk_duplicates_find_across(
    spk_context *ctx, const spk_spikes *spikes, const int32_t (*pairs)[2],
    int64_t n_pairs, const spk_duplicates_across_options *options, uint8_t *drop,
    int64_t (*counts)[2]);

/** Which of two redundant units stays. */
typedef enum spk_redundant_keep {
    /** The one whose template's peak is shifted less; equal: as HIGHEST_AMPLITUDE. */
    SPK_REDUNDANT_MINIMUM_SHIFT = 0,
    /** The one with the larger amplitude; equal: the first of the pair. */
    SPK_REDUNDANT_HIGHEST_AMPLITUDE = 1,
    /** The one with more spikes; equal: the first of the pair. */
    SPK_REDUNDANT_MAX_SPIKES = 2
} spk_redundant_keep;

/** Fill with spk_redundant_options_init(&options, sizeof options), then change fields. */
typedef struct spk_redundant_options {
    size_t struct_size;   /**< set by init */
    int32_t keep;         /**< an spk_redundant_keep; default MAX_SPIKES */
    int32_t reserved;     /**< 0 */
    double delta_ms;      /**< two spikes match within int(delta_ms / 1000 * f) samples;
                            *   default 0.4 */
    double min_agreement; /**< least M / (N_a + N_b - M), M matches; default 0.2 */
    double min_shared;    /**< M over the smaller of N_a and N_b must exceed this; default
                            *   0.8 */
    /** [n_units] how many samples each unit's peak comes after its spike times, which are
     *  moved by that before they are compared; default NULL: spikes stay where they are */
    const int64_t *shifts;
    const double *amplitudes; /**< [n_units] sizes of the templates; default NULL */
} spk_redundant_options;

SPK_API void spk_redundant_options_init(spk_redundant_options *options,
                                        size_t struct_size);

/** Two units that share most of their spikes; `a` is the one with the larger index. */
typedef struct spk_redundant_pair {
    int32_t a;         /**< unit */
    int32_t b;         /**< unit, < a */
    int32_t removed;   /**< a or b: the one that goes */
    int32_t reserved;  /**< 0 */
    int64_t n_matches; /**< M, spikes of both within the distance */
    double agreement;  /**< M / (N_a + N_b - M) */
    double shared;     /**< M / min(N_a, N_b) */
} spk_redundant_pair;

/**
 * Finds units that are there twice, as SpikeInterface's remove_redundant_units() does.
 *
 * Matches are those of comparison.h, of the table with itself in one direction; pairs without
 * any are not redundant, whatever the thresholds.
 *
 * @param[in]  ctx      threads, progress, cancel; holds the message on error
 * @param[in]  spikes   valid spike table, borrowed for the call
 * @param[in]  options  NULL for the defaults
 * @param[out] drop     [n_units] 1: redundant, 0: stays; overwritten
 * @param[out] pairs    [max_pairs] by a then b; may be NULL with max_pairs 0
 * @param[in]  max_pairs  room in pairs
 * @param[out] n_pairs  number of redundant pairs, also beyond max_pairs; may be NULL
 * @return SPK_OK; SPK_ERR_ARGUMENT (NULL, bad options, MINIMUM_SHIFT without shifts and
 *         amplitudes, HIGHEST_AMPLITUDE without amplitudes, NaN amplitude);
 *         SPK_ERR_OVERFLOW (a shift beyond 2^40 samples, times beyond 2^61, 2^31 spikes);
 *         the errors of spk_spikes_check(); SPK_ERR_MEMORY; SPK_ERR_CANCELLED
 * Cost:    as spk_comparison_create() of the table with itself; 32 bytes a spike with shifts
 * Threads: as there; same result for any number of threads
 * Source:  SpikeInterface 0.105.3, equal pair for pair and spike for spike
 */
SPK_API SPK_MUST_CHECK spk_status spk_redundant_find(
    spk_context *ctx, const spk_spikes *spikes, const spk_redundant_options *options,
    uint8_t *drop, spk_redundant_pair *pairs, int64_t max_pairs, int64_t *n_pairs);

#ifdef __cplusplus
}
#endif
#endif
