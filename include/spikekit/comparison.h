/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SPIKEKIT_COMPARISON_H
#define SPIKEKIT_COMPARISON_H

/*
 * Two sortings of one recording compared, a sorting held against the truth, and several
 * sortings joined into units that they agree on.
 *
 * What a match is. For a pair of units (i of a, j of b) the spikes s of i are taken in order
 * of time. Each takes at most one spike t of j: the first with |t - s| <= delta that is not
 * the one taken last. The match count is the number of spikes taken, at most the number of
 * spikes of j: within bursts faster than delta a spike of j may be taken twice. Spikes of
 * different epochs never match. Between two sorters the count is the larger of that and the
 * count with a and b exchanged; against the truth, a is the truth, the sweep runs in this
 * direction alone.
 *
 * Agreement of a pair is m / (n_i + n_j - m), m matches of n_i and n_j spikes.
 * SpikeInterface 0.105 counts and scores just so: make_match_count_matrix(), with
 * ensure_symmetry for two sorters, and make_agreement_scores_from_count().
 *
 * From agreements come, for each unit, its best match (highest agreement, of equals the lowest
 * unit) and its assigned match: one to one, so that the sum of agreements over all pairs is the
 * largest possible, pairs below match_score counting 0 (Hungarian matching). Where several
 * assignments reach the same sum, units of equal trains say, one of them is taken, always the
 * same.
 */

#include <spikekit/context.h>
#include <spikekit/epochs.h>
#include <spikekit/spikes.h>
#include <spikekit/status.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** What agreement is computed from. */
typedef enum spk_comparison_score {
    SPK_COMPARISON_COUNT = 0, /**< match counts: m / (n_i + n_j - m) */
    /** How much spikes overlap as boxes of width delta: p / (D + p), p the sum of
     *  max(0, delta - |t - s|) over all pairs of spikes and D the squared distance |i|^2 +
     *  |j|^2 - 2 p, where |i|^2 is p of unit i with itself. NaN if neither unit has a spike.
     *  SpikeInterface's agreement_method "distance". */
    SPK_COMPARISON_DISTANCE = 1
} spk_comparison_score;

/** How units of the truth are matched to units that are tested for their performance. */
typedef enum spk_comparison_matching {
    SPK_COMPARISON_ASSIGNED = 0, /**< one to one */
    SPK_COMPARISON_BEST = 1      /**< each one's best match, which may serve several */
} spk_comparison_matching;

/** What may be said of a unit of b; flags that add up. All but the first mean something
 *  only if a holds every unit there is. */
typedef enum spk_comparison_class {
    /** its assigned match agrees by well_detected_score or more; also set on the unit of a */
    SPK_COMPARISON_WELL_DETECTED = 1,
    /** no assigned match, and no best match or one that agrees less than redundant_score */
    SPK_COMPARISON_FALSE_POSITIVE = 2,
    /** no assigned match, best match agrees by redundant_score or more, and is itself best
     *  matched by another unit of b */
    SPK_COMPARISON_REDUNDANT = 4,
    /** agrees by more than overmerged_score with two or more units of a */
    SPK_COMPARISON_OVERMERGED = 8,
    /** no assigned match */
    SPK_COMPARISON_BAD = 16
} spk_comparison_class;

/** Fill with spk_comparison_options_init(&options, sizeof options), then change fields. */
typedef struct spk_comparison_options {
    size_t struct_size;    /**< set by init */
    double delta_ms;       /**< spikes match within this [ms]; default 0.4. In samples it
                                 *   is int(delta_ms / 1000 * rate), cut toward zero */
    int64_t delta_samples; /**< default -1: from delta_ms; 0 .. 2^26: this many samples */
    int32_t truth;         /**< default 0; nonzero: a is the truth */
    int32_t symmetric;     /**< default -1: unless a is the truth; 0: count in one
                                 *   direction; 1: the larger count of both */
    int32_t score;         /**< an spk_comparison_score; default COUNT */
    int32_t matching;      /**< an spk_comparison_matching; default ASSIGNED */
    double match_score;    /**< least agreement of an assigned match; default 0.5 */
    double chance_score;   /**< least agreement of a best match; default 0.1 */
    double well_detected_score; /**< default 0.8 */
    double redundant_score;     /**< default 0.2 */
    double overmerged_score;    /**< default 0.2 */
    double confidence_level;    /**< of limits of recall and precision; default 0.95 */
    const spk_epochs *epochs;   /**< default NULL: the whole recording */
} spk_comparison_options;

SPK_API void spk_comparison_options_init(spk_comparison_options *options,
                                         size_t struct_size);

/** One unit of a or of b, and what it matches in the other. */
typedef struct spk_comparison_unit {
    int64_t n_spikes;       /**< in the epochs */
    int32_t best_match;     /**< unit of the other table, -1: none reaches chance_score */
    int32_t assigned_match; /**< unit of the other table, -1: none */
    double best_agreement;  /**< the highest agreement with any unit, 0 without matches */
    double assigned_agreement; /**< NaN without assigned match */
    int32_t n_possible;        /**< units that agree by chance_score or more */
    int32_t classes;           /**< spk_comparison_class, added up */
} spk_comparison_unit;

/**
 * How well a unit of a was found, a taken as the truth: against its match (see
 * spk_comparison_matching), tp spikes found, fn missed, fp not its own. Without a match tp =
 * fp = 0. Limits are exact binomial ones (Clopper-Pearson): tp of tp + fn, tp of tp + fp
 * spikes. SpikeInterface has 0 for all five ratios where tp = 0, a miss rate of 0 included.
 */
typedef struct spk_comparison_performance {
    int32_t match;          /**< unit of b, -1: none */
    int32_t reserved;       /**< 0 */
    int64_t tp;             /**< matches */
    int64_t fn;             /**< n_a - tp */
    int64_t fp;             /**< n_b - tp */
    double accuracy;        /**< tp / (tp + fn + fp); NaN without spikes */
    double recall;          /**< tp / (tp + fn); NaN without spikes in the truth */
    double precision;       /**< tp / (tp + fp); NaN without match */
    double false_discovery; /**< fp / (tp + fp); NaN without match */
    double miss_rate;       /**< fn / (tp + fn); NaN without spikes in the truth */
    double recall_lower;    /**< limits of recall; NaN with it */
    double recall_upper;
    double precision_lower; /**< limits of precision; NaN with it */
    double precision_upper;
} spk_comparison_performance;

/** Pairs of units with at least one match, in compressed rows: the partners of unit i of a
 *  are entries offsets[i] .. offsets[i + 1] - 1. Any other pair has no match. */
typedef struct spk_comparison_pairs {
    int64_t n_units_a;        /**< rows */
    int64_t n_units_b;        /**< columns */
    int64_t n_pairs;          /**< offsets[n_units_a] */
    const int64_t *offsets;   /**< [n_units_a + 1] */
    const int32_t *partners;  /**< [n_pairs] units of b, rising in a row */
    const int64_t *matches;   /**< [n_pairs] match counts, >= 1 */
    const double *agreements; /**< [n_pairs] 0 .. 1 */
} spk_comparison_pairs;

/** Two compared sortings; read-only, any number of threads may use one. */
typedef struct spk_comparison spk_comparison;

/**
 * Compares two sortings of one recording.
 *
 * Both must have the same sampling rate, to 0.1 %: times are compared as samples. Their
 * extents may differ, as where a folder tells no more than its last spike; it is logged as a
 * warning if one is longer by more than a second and a hundredth, and an error if they have no
 * sample in common.
 *
 * @param[in]  ctx      threads, progress, cancel, log; holds the message on error
 * @param[in]  a        valid spike table, borrowed for the call; the truth, if there is one
 * @param[in]  b        valid spike table, borrowed for the call
 * @param[in]  options  NULL for the defaults
 * @param[out] comparison  destroy with spk_comparison_destroy()
 * @return SPK_OK; the errors of spk_spikes_check() and spk_epochs_check(); SPK_ERR_ARGUMENT
 *         (NULL, bad options, rates that differ, recordings that do not overlap);
 *         SPK_ERR_OVERFLOW (delta beyond 2^26 samples, 2^31 spikes or more in a table, times
 *         beyond 2^61 samples); SPK_ERR_MEMORY; SPK_ERR_CANCELLED
 * Cost:    time O(spikes + coincidences within delta), one merge of both tables; spikes of a
 *          unit at one sample count as one, so a pair of units has at most 2 delta + 1
 *          coincidences a spike. Spikes with another of their unit within 2 delta cost more,
 *          and 56 bytes each. Counters: 8 bytes a pair of units and thread (4 in one
 *          direction, 8 more for distances), 256 MB at most, beyond which the tables are
 *          read more than once; or, where spikes are too few to fill them, 32 to 128 bytes
 *          a pair with matches. The result has 20 bytes a pair with matches. Assignment: 8
 *          bytes a pair and cubic time within a group of units that agreements of
 *          match_score or more join, which is seldom more than a few
 * Threads: workers own stretches of time, then units; same bits for any number of threads
 * Source:  Buccino et al. (2020) eLife 9:e61834; Magland et al. (2020) eLife 9:e55167
 */
SPK_API SPK_MUST_CHECK spk_status
spk_comparison_create(spk_context *ctx, const spk_spikes *a, const spk_spikes *b,
                      const spk_comparison_options *options, spk_comparison **comparison);

/** Frees. NULL is fine. */
SPK_API void spk_comparison_destroy(spk_comparison *comparison);

/** delta in samples, as used. */
SPK_API int64_t spk_comparison_delta(const spk_comparison *comparison);
/** Views of the pairs, valid until destroy. */
SPK_API spk_comparison_pairs spk_comparison_get_pairs(const spk_comparison *comparison);
/** [n_units] the units of a. */
SPK_API const spk_comparison_unit *
spk_comparison_units_a(const spk_comparison *comparison);
/** [n_units] the units of b. */
SPK_API const spk_comparison_unit *
spk_comparison_units_b(const spk_comparison *comparison);
/** [units of a] how well each was found. */
SPK_API const spk_comparison_performance *
spk_comparison_get_performance(const spk_comparison *comparison);
/** Matches of unit i of a and unit j of b; 0 for any pair without. O(log pairs). */
SPK_API int64_t spk_comparison_matches(const spk_comparison *comparison, int64_t i,
                                       int64_t j);
/** Agreement of unit i of a and unit j of b; 0 for any pair without matches. O(log pairs). */
SPK_API double spk_comparison_agreement(const spk_comparison *comparison, int64_t i,
                                        int64_t j);

/**
 * The confusion matrix of assigned matches: row r is unit order_a[r] of a, column c unit
 * order_b[c] of b; first those with an assigned match, in the order of a, which makes the
 * matches a diagonal, then the others. Off it counts are 0. The last column holds what was
 * missed, n_a - m, the last row what is not the truth's, n_b - m, with m = 0 for units without
 * match; their corner is 0.
 *
 * @param[in]  ctx      holds the message on error
 * @param[in]  comparison  from spk_comparison_create()
 * @param[out] order_a  [units of a]
 * @param[out] order_b  [units of b]
 * @param[out] counts   [units of a + 1][units of b + 1]
 * @return SPK_OK; SPK_ERR_ARGUMENT (NULL)
 * Cost: O(units of a * units of b)
 */
SPK_API SPK_MUST_CHECK spk_status
spk_comparison_confusion(spk_context *ctx, const spk_comparison *comparison,
                         int32_t *order_a, int32_t *order_b, int64_t *counts);

#ifdef __cplusplus
}
#endif
#endif
