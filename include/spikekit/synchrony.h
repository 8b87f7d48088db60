/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SPIKEKIT_SYNCHRONY_H
#define SPIKEKIT_SYNCHRONY_H

/*
 * Synchrony of two trains by the spike time tiling coefficient (STTC), which unlike the
 * correlation of counts hardly depends on the rates and needs no bins.
 *
 * Of units A and B and a window w:
 *     STTC = 1/2 [(P_A - T_B) / (1 - P_A T_B) + (P_B - T_A) / (1 - P_B T_A)],
 * P_A the share of A's spikes with at least one spike of B no further than w away, T_A the
 * share of the observed time that is no further than w from a spike of A. It is 0 on average
 * where the trains have nothing to do with each other, 1 where every spike of each has one of
 * the other within w, -1 where none has although tiles cover all time. Of a half with
 * P T = 1, that is 0 / 0, every spike is near one of the other: such a half is 1/2.
 *
 * Times are compared as integers, so that a later clock gives the same value; a spike is near
 * another of its own run only, and tiles are cut at the ends of runs.
 *
 * Which function:
 *   all pairs, two populations, rows of a shard   spk_sttc_estimate()
 *   chosen pairs, near pairs                      spk_sttc_estimate_pairs()
 *   one pair with its P and T                     spk_sttc_estimate_parts()
 *   many windows                                  spk_sttc_estimate_profile()
 *   more than chance, all pairs                   spk_sttc_test()
 */

#include <spikekit/context.h>
#include <spikekit/epochs.h>
#include <spikekit/spikes.h>
#include <spikekit/status.h>
#include <spikekit/surrogates.h>
#include <spikekit/trains.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** How long the tile of a spike is, before it is cut at the ends of its run. */
typedef enum spk_sttc_tiling {
    /** 2 w: time is continuous, as in the paper and in elephant. */
    SPK_STTC_TIME = 0,
    /** 2 w + 1 samples: those whose spikes count as near. Of independent trains P then has
     *  the mean T exactly, where TIME is too small by one part in 2 w + 1: with samples of
     *  1 ms and w = 5 ms that is a tenth, and of w = 0 it is all. */
    SPK_STTC_SAMPLES = 1
} spk_sttc_tiling;

/** Fill with spk_sttc_options_init(&options, sizeof options), then change fields. */
typedef struct spk_sttc_options {
    size_t struct_size; /**< set by init */
    double window_s;    /**< w [s]; default 0.005. Taken as the largest whole number of
                             *   samples d with d / sampling rate <= window_s */
    int64_t window_samples; /**< w [samples], >= 0, in place of window_s; default -1: not
                             *   given. 0: spikes at the same sample */
    int32_t tiling;         /**< an spk_sttc_tiling; default TIME */
    const spk_epochs *epochs;  /**< of spk_sttc_estimate(); default NULL: the whole
                                *   recording. Trains have runs of their own */
    const int32_t *references; /**< of spk_sttc_estimate(): [n_references] unit indices,
                                *   each once; default NULL: all */
    int64_t n_references;      /**< read when references is not NULL */
    const int32_t *targets;    /**< the same for the columns */
    int64_t n_targets;         /**< read when targets is not NULL */
} spk_sttc_options;

SPK_API void spk_sttc_options_init(spk_sttc_options *options, size_t struct_size);

/**
 * The window that the options stand for at a sampling rate.
 *
 * @param[in]  ctx      holds the message on error
 * @param[in]  options  NULL for the defaults
 * @param[in]  sampling_rate_hz  > 0
 * @param[out] window_samples    w [samples]
 * @return SPK_OK; SPK_ERR_ARGUMENT (NULL, options not filled by init, window_s not finite or
 *         below one sample, window_samples below -1, unknown tiling); SPK_ERR_OVERFLOW (w of
 *         2^53 samples or more)
 */
SPK_API SPK_MUST_CHECK spk_status spk_sttc_window(spk_context *ctx,
                                                  const spk_sttc_options *options,
                                                  double sampling_rate_hz,
                                                  int64_t *window_samples);

/**
 * Computes the STTC of every reference with every target.
 *
 * @param[in]  ctx      threads, progress, cancel; holds the message on error
 * @param[in]  spikes   valid spike table, borrowed for the call
 * @param[in]  options  NULL for the defaults
 * @param[out] values   [n_references][n_targets] row-major; symmetric where both are all
 *                      units, with 1 on the diagonal. NaN where a unit has no spikes in the
 *                      epochs
 * @return SPK_OK; the errors of spk_sttc_window(), spk_spikes_check() and spk_epochs_check();
 *         SPK_ERR_ARGUMENT (NULL, a unit out of range or twice, w not shorter than the
 *         longest epoch); SPK_ERR_OVERFLOW (2^32 spikes or more); SPK_ERR_MEMORY;
 *         SPK_ERR_CANCELLED
 * Cost:    for each unit the spikes of all units that are near one of its own, each once: at
 *          most the pairs of spikes within w and at most n_units * n_spikes, about 1 ns each.
 *          References or targets other than all units: the same for each reference and each
 *          target. Extra memory: 8 bytes a spike, 40 a unit, 4 a unit and thread
 * Threads: workers own rows; the same bits for any number of threads and any choice of rows
 * Source:  Cutts & Eglen (2014) J. Neurosci. 34:14288-14303
 */
SPK_API SPK_MUST_CHECK spk_status spk_sttc_estimate(spk_context *ctx,
                                                    const spk_spikes *spikes,
                                                    const spk_sttc_options *options,
                                                    double *values);

/**
 * Computes the STTC of chosen pairs, over the time for which both units were observed.
 *
 * @param[in]  ctx      threads, progress, cancel; holds the message on error
 * @param[in]  trains   spikes by unit with their runs
 * @param[in]  pairs    [n_pairs][2] unit indices; a pair may repeat
 * @param[in]  n_pairs  >= 0
 * @param[in]  options  NULL for the defaults; its epochs, references and targets must be NULL
 * @param[out] values   [n_pairs]; NaN where a unit has no spikes in the common time
 * @return SPK_OK; the errors of spk_sttc_window(); SPK_ERR_ARGUMENT (NULL, a unit out of
 *         range, w not shorter than the recording); SPK_ERR_CANCELLED; SPK_ERR_MEMORY
 * Cost:    O(spikes and runs of both units) for each pair; no extra memory to speak of
 * Threads: workers own pairs; the same bits for any number of threads
 * Source:  as spk_sttc_estimate()
 */
SPK_API SPK_MUST_CHECK spk_status spk_sttc_estimate_pairs(
    spk_context *ctx, const spk_trains *trains, const int32_t (*pairs)[2],
    int64_t n_pairs, const spk_sttc_options *options, double *values);

/** What the STTC of one pair is made of. */
typedef struct spk_sttc_parts {
    double sttc;      /**< NaN if a unit has no spikes */
    double near_a;    /**< P_A, NaN without spikes of A */
    double near_b;    /**< P_B */
    double tiled_a;   /**< T_A, NaN without common time */
    double tiled_b;   /**< T_B */
    int64_t n_a;      /**< spikes of A in the common time */
    int64_t n_b;      /**< spikes of B in the common time */
    int64_t n_near_a; /**< spikes of A near one of B */
    int64_t n_near_b; /**< spikes of B near one of A */
} spk_sttc_parts;

/**
 * Computes the STTC of one pair with its parts.
 *
 * @param[in]  ctx     holds the message on error
 * @param[in]  trains, options  as spk_sttc_estimate_pairs()
 * @param[in]  unit_a, unit_b   0 .. n_units - 1, may be the same
 * @param[out] parts   overwritten
 * @return as spk_sttc_estimate_pairs()
 */
SPK_API SPK_MUST_CHECK spk_status spk_sttc_estimate_parts(spk_context *ctx,
                                                          const spk_trains *trains,
                                                          int32_t unit_a, int32_t unit_b,
                                                          const spk_sttc_options *options,
                                                          spk_sttc_parts *parts);

/**
 * Computes the STTC of chosen pairs at several windows in one pass over their spikes: at
 * which time scale two units fire together.
 *
 * @param[in]  ctx, trains, pairs, n_pairs  as spk_sttc_estimate_pairs()
 * @param[in]  window_samples  [n_windows] w [samples], rising, from 0 on
 * @param[in]  n_windows       1 .. 1000
 * @param[in]  options  as spk_sttc_estimate_pairs(); its window is not used
 * @param[out] values   [n_pairs][n_windows]
 * @return as spk_sttc_estimate_pairs(); SPK_ERR_ARGUMENT (windows that do not rise, are
 *         negative, or are not shorter than the recording)
 * Cost:    O(spikes of both units * n_windows) for each pair; 48 bytes a window and thread
 * Threads: workers own pairs; the same bits for any number of threads
 * Source:  as spk_sttc_estimate()
 */
SPK_API SPK_MUST_CHECK spk_status spk_sttc_estimate_profile(
    spk_context *ctx, const spk_trains *trains, const int32_t (*pairs)[2],
    int64_t n_pairs, const int64_t *window_samples, int64_t n_windows,
    const spk_sttc_options *options, double *values);

/** What surrogates say of the STTC of all pairs: matrices [n_references][n_targets] from the
 *  caller, each of which may be NULL. NaN where a unit meets itself, where a unit has no
 *  spikes, or no surrogate has. */
typedef struct spk_sttc_significance {
    double *values; /**< STTC of the recorded trains, as spk_sttc_estimate() */
    double *means;  /**< mean over surrogates: what chance gives */
    double *sds;    /**< standard deviation over surrogates; NaN with one */
    double *
        p_upper; /**< (1 + surrogates with the value or a larger one) / (1 + surrogates) */
    double *p_lower; /**< (1 + surrogates with the value or a smaller one) / the same */
} spk_sttc_significance;

/**
 * Tests the STTC of all pairs against surrogates: for each index the trains of all units are
 * drawn anew, and all pairs are taken of them.
 *
 * The p are exact, P(p <= a) <= a, if the recorded trains and their surrogates could be
 * exchanged without anyone noticing: with JITTER, if spikes within its windows are placed
 * independently and uniformly. Independent trains that burst within the windows are not, and
 * have small p more often; TRAIN_DITHER of infinite width keeps their bursts, but finds rates
 * that drift together. None is below 1 / (1 + surrogates).
 *
 * @param[in]  ctx         threads, progress, cancel; holds the message on error
 * @param[in]  spikes      the table whose trains the surrogates were made of
 * @param[in]  surrogates  made of trains with the same epochs as options
 * @param[in]  first       first index, >= 0
 * @param[in]  last        one past the last index, > first, at most 2^31 after it
 * @param[in]  options     as spk_sttc_estimate()
 * @param[in]  found       where the results go
 * @return the errors of spk_sttc_estimate() and spk_surrogates_table(); SPK_ERR_ARGUMENT
 *         (NULL, no index, surrogates of another number of units, extent, sampling rate or
 *         runs)
 * Cost:    for each index that of spk_surrogates_table() and of spk_sttc_estimate(): a second
 *          or two for 500 000 pairs of 10^7 spikes; extra memory as these and 12 bytes a
 *          spike and 48 a pair
 * Threads: as spk_sttc_estimate(); the same bits for any number of threads
 * Source:  Davison & Hinkley (1997) Bootstrap Methods and their Application, chapter 4
 */
SPK_API SPK_MUST_CHECK spk_status spk_sttc_test(spk_context *ctx,
                                                const spk_spikes *spikes,
                                                const spk_surrogates *surrogates,
                                                int64_t first, int64_t last,
                                                const spk_sttc_options *options,
                                                const spk_sttc_significance *found);

#ifdef __cplusplus
}
#endif
#endif
