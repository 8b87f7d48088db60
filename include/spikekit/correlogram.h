/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SPIKEKIT_CORRELOGRAM_H
#define SPIKEKIT_CORRELOGRAM_H

/*
 * Correlograms: histograms of the time differences between the spikes of two units.
 *
 * The lag of a pair is t_target - t_reference. Unless a convention says otherwise,
 * counts[i][j] has reference i and target j, so a peak right of the centre means that j
 * tends to fire after i. No spike pairs with itself. Times are compared as integers.
 *
 * Which function:
 *   all pairs in memory           spk_correlogram_count()
 *   row by row, shards, files     spk_correlogram_count_rows()
 *   chosen pairs, near pairs      spk_correlogram_count_pairs(), _find_near_pairs()
 *   autocorrelograms              spk_correlogram_count_auto()
 *   two populations               any of the first two with references and targets
 *   rates instead of counts       spk_correlogram_exposure(), _normalize()
 *   two units become one          spk_correlogram_merge()
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

/**
 * Which pairs fall in which bin. b is the bin width, d = t_target - t_reference; [a, b) is
 * closed on the left. Each peer's convention gives that peer's array, count for count.
 */
typedef enum spk_correlogram_convention {
    /** counts[ref][target][k], n_bins odd, bin k = [(k - n/2) b, (k + 1 - n/2) b). */
    SPK_CORRELOGRAM_SPIKEKIT = 0,
    /** SpikeInterface: counts[target][ref][k], n_bins = 2H even, bin k = [(k - H) b,
     *  (k - H + 1) b): no centre bin, and the opposite orientation to ours. */
    SPK_CORRELOGRAM_SPIKEINTERFACE = 1,
    /** phylib and phy: counts[ref][target][k], n_bins = 2H + 1. Right of the centre
     *  [(k - H) b, (k - H + 1) b), left of it the mirror image; the centre holds the larger
     *  of the two one-sided [0, b) counts, simultaneous spikes ordered as in the table.
     *  Times are trunc((sample / rate) * rate) in double, as phylib makes them, which
     *  moves some samples by one. */
    SPK_CORRELOGRAM_PHY = 2,
    /** pynapple: counts[ref][target][k], n_bins odd, times sample / rate in double, edges
     *  made by repeated addition of bin_s from t_ref - (n/2) bin_s on; the centre of an
     *  autocorrelogram is 0. */
    SPK_CORRELOGRAM_PYNAPPLE = 3,
    /** CellExplorer, buzcode, FMAToolbox: counts[ref][target][k], n_bins odd, bin k =
     *  ((k - n/2) b, (k + 1 - n/2) b], closed on the right. */
    SPK_CORRELOGRAM_CELLEXPLORER = 4
} spk_correlogram_convention;

/** Fill with spk_correlogram_options_init(&options, sizeof options), then change fields, or
 *  let spk_correlogram_options_set_window() do it from seconds. */
typedef struct spk_correlogram_options {
    size_t struct_size;  /**< set by init */
    int32_t convention;  /**< an spk_correlogram_convention; default SPIKEKIT */
    int64_t n_bins;      /**< lag bins per pair; default 201 */
    int64_t bin_samples; /**< bin width [samples], >= 1; default 15 (0.5 ms at 30 kHz);
                          *   not used by PYNAPPLE */
    double bin_s;        /**< bin width [s], PYNAPPLE only; default 0.0005 */
    const spk_epochs *epochs;  /**< default NULL: the whole recording. Otherwise a pair
                               *   counts when both spikes lie in the same epoch */
    const int32_t *references; /**< [n_references] unit indices, each once; NULL: all */
    int64_t n_references;      /**< read when references is not NULL */
    const int32_t *targets;    /**< [n_targets] unit indices, each once; NULL: all */
    int64_t n_targets;         /**< read when targets is not NULL */
} spk_correlogram_options;

SPK_API void spk_correlogram_options_init(spk_correlogram_options *options,
                                          size_t struct_size);

/**
 * Sets convention, n_bins and bin width from seconds, with each peer's own rounding, f the
 * sampling rate and int() cutting toward zero:
 *   spikekit        b = round(f bin), H = floor(round(f window / 2) / b), n = 2 H + 1
 *   spikeinterface  as spikekit, but halves round to even and n = 2 H
 *   phy             b = int(f bin), H = int(0.5 window / bin), n = 2 H + 1
 *   pynapple        n = window // bin (the floor of doubles, as Python has it), + 1 if even
 *   cellexplorer    b = round(bin / (1 / f)), H = round(window / bin / 2), n = 2 H + 1
 * round() takes halves away from zero. Doubles are evaluated in the order written, because
 * some products of seconds and rates lie just below the whole number that was meant: phylib
 * makes 14 samples of 0.6 ms at 25 kHz.
 *
 * @param[in]     ctx         holds the message on error
 * @param[in,out] options     filled by init before
 * @param[in]     convention  an spk_correlogram_convention
 * @param[in]     sampling_rate_hz  > 0
 * @param[in]     window_s    FULL width, -window/2 .. window/2 [s] (also for pynapple, whose
 *                            own argument is the half width)
 * @param[in]     bin_s       bin width [s]
 * @return SPK_OK; SPK_ERR_ARGUMENT (not finite, not positive, bin below one sample, no bin
 *         at all, unknown convention); SPK_ERR_OVERFLOW (2^30 samples a side, 2^28 bins)
 */
SPK_API SPK_MUST_CHECK spk_status spk_correlogram_options_set_window(
    spk_context *ctx, spk_correlogram_options *options, int32_t convention,
    double sampling_rate_hz, double window_s, double bin_s);

/**
 * The convention of a name: "spikekit", "spikeinterface", "phy", "pynapple", "cellexplorer".
 * @return SPK_OK; SPK_ERR_NOT_FOUND
 */
SPK_API SPK_MUST_CHECK spk_status spk_correlogram_convention_from_name(
    spk_context *ctx, const char *name, int32_t *convention);

/** The name of a convention; NULL for an unknown value. */
SPK_API const char *spk_correlogram_convention_name(int32_t convention);

/**
 * The centre of each bin [s], as the convention lays its lag axis.
 * @param[out] lags_s  [n_bins]
 * @return SPK_OK; SPK_ERR_ARGUMENT
 */
SPK_API SPK_MUST_CHECK spk_status
spk_correlogram_lags(spk_context *ctx, const spk_correlogram_options *options,
                     double sampling_rate_hz, double *lags_s);

/**
 * The number of elements that spk_correlogram_count() writes,
 * n_references * n_targets * n_bins.
 * @return SPK_OK; SPK_ERR_ARGUMENT; SPK_ERR_OVERFLOW (bytes beyond size_t)
 */
SPK_API SPK_MUST_CHECK spk_status
spk_correlogram_length(spk_context *ctx, const spk_spikes *spikes,
                       const spk_correlogram_options *options, int64_t *length);

/**
 * Counts spike pairs by lag, for every reference and every target.
 *
 * With the SPIKEKIT convention counts[i][j][k] is the number of pairs (spike s of reference
 * i, spike t of target j) whose lag is in
 *     edge(k) <= t - s < edge(k + 1),  edge(k) = (k - n_bins / 2.0) * bin_samples.
 *
 * @param[in]  ctx      threads, progress, cancel; holds the message on error
 * @param[in]  spikes   valid spike table, borrowed for the call
 * @param[in]  options  NULL for the defaults
 * @param[out] counts   [n_references][n_targets][n_bins] row-major (SPIKEINTERFACE:
 *                      [n_targets][n_references][n_bins]); overwritten, unspecified on error
 * @return SPK_OK; SPK_ERR_ARGUMENT (NULL, bad options, bad table); SPK_ERR_UNSORTED;
 *         SPK_ERR_OVERFLOW (window beyond 2^30 samples a side, 2^32 - 128 spikes or more,
 *         more than 2^31 counters in a row, samples beyond 2^53 for PHY and PYNAPPLE);
 *         SPK_ERR_MEMORY; SPK_ERR_CANCELLED
 * Cost:    each pair within the window is met once when references and targets are both all
 *          units, twice otherwise; about 1 ns a pair (PYNAPPLE: some 5, twice). Extra memory:
 *          4 bytes a spike (8 when units and window need more than 32 bits together), 4 bytes
 *          a spike for 3 million spikes at a time, and 3 MB of counters a thread, or one row
 *          of counters if that is larger (PYNAPPLE: 24 bytes a spike)
 * Threads: workers own rows; sums are of integers, the same for any number of threads
 * Source:  Perkel, Gerstein & Moore (1967) Biophys. J. 7:419-440
 */
SPK_API SPK_MUST_CHECK spk_status
spk_correlogram_count(spk_context *ctx, const spk_spikes *spikes,
                      const spk_correlogram_options *options, int64_t *counts);

/**
 * Receives one finished row.
 * @param[in] user  as given to spk_correlogram_count_rows()
 * @param[in] row   index into the references (SPIKEINTERFACE: into the targets)
 * @param[in] counts  [n_targets][n_bins], valid during the call only
 * @return SPK_OK to go on; any other status stops the count and is returned by it
 */
typedef spk_status (*spk_correlogram_row_callback)(void *user, int64_t row,
                                                   const int64_t *counts);

/**
 * Counts rows [first, last) of the array that spk_correlogram_count() gives and hands over
 * each when it is done, in order, one at a time, each from some worker thread. No more than
 * a few rows are in memory, whatever the number of units; rows joined from any shards
 * equal the whole.
 *
 * @param[in] ctx       threads, progress, cancel; holds the message on error
 * @param[in] spikes    valid spike table, borrowed for the call
 * @param[in] options   NULL for the defaults
 * @param[in] first     first row, 0 <= first <= last
 * @param[in] last      one past the last row, <= number of rows
 * @param[in] callback  receives the rows
 * @param[in] user      passed on to callback
 * @return as spk_correlogram_count(); what callback returned
 * Cost:    each pair within the window is met twice, once from each side, so a whole cube
 *          costs up to twice spk_correlogram_count(). Extra memory as there, and at most
 *          32 MB of finished rows (one row a thread if a row is larger)
 * Threads: as spk_correlogram_count(); callback is never called by two threads at once
 */
SPK_API SPK_MUST_CHECK spk_status spk_correlogram_count_rows(
    spk_context *ctx, const spk_spikes *spikes, const spk_correlogram_options *options,
    int64_t first, int64_t last, spk_correlogram_row_callback callback, void *user);

/**
 * Counts chosen pairs: counts[p] is spk_correlogram_count()'s counts[i][j] for
 * i = pairs[p][0], j = pairs[p][1]. A pair may repeat, and i may equal j.
 * options->references and ->targets must be NULL.
 *
 * @param[in]  ctx      threads, progress, cancel; holds the message on error
 * @param[in]  spikes   valid spike table, borrowed for the call
 * @param[in]  options  NULL for the defaults
 * @param[in]  pairs    [n_pairs][2] unit indices, first index of the cube first
 * @param[in]  n_pairs  >= 0
 * @param[out] counts   [n_pairs][n_bins]
 * @return as spk_correlogram_count()
 * Cost:    O(spikes of both units + pairs within the window) for each pair; extra memory
 *          8 bytes a spike (PHY: 16, PYNAPPLE: 24)
 * Threads: workers own pairs
 */
SPK_API SPK_MUST_CHECK spk_status spk_correlogram_count_pairs(
    spk_context *ctx, const spk_spikes *spikes, const spk_correlogram_options *options,
    const int32_t (*pairs)[2], int64_t n_pairs, int64_t *counts);

/**
 * Counts autocorrelograms only: counts[u] is spk_correlogram_count()'s counts[u][u].
 * options->references and ->targets must be NULL.
 *
 * @param[out] counts  [n_units][n_bins]
 * @return as spk_correlogram_count()
 * Cost:    O(n_spikes + pairs within the window); extra memory 8 bytes a spike (PHY: 16,
 *          PYNAPPLE: 24)
 * Threads: workers own units
 */
SPK_API SPK_MUST_CHECK spk_status
spk_correlogram_count_auto(spk_context *ctx, const spk_spikes *spikes,
                           const spk_correlogram_options *options, int64_t *counts);

/**
 * Lists the ordered pairs (i, j), i != j, of units no further apart than a distance, by i
 * then j, for spk_correlogram_count_pairs(). A position with NaN is near to nothing.
 *
 * @param[in]  ctx           holds the message on error
 * @param[in]  positions_um  [n_units][n_dimensions] [um]
 * @param[in]  n_units       >= 0
 * @param[in]  n_dimensions  1, 2 or 3
 * @param[in]  distance_um   Euclidean, inclusive, >= 0
 * @param[out] pairs         [*n_pairs][2]; NULL to ask for the number only
 * @param[out] n_pairs       number of pairs
 * @return SPK_OK; SPK_ERR_ARGUMENT
 * Cost: O(n_units^2)
 */
SPK_API SPK_MUST_CHECK spk_status spk_correlogram_find_near_pairs(
    spk_context *ctx, const double *positions_um, int64_t n_units, int32_t n_dimensions,
    double distance_um, int32_t (*pairs)[2], int64_t *n_pairs);

/**
 * How long each lag bin was observed: the time [s] for which t and t + lag lie in the same
 * epoch, averaged over the lags of the bin. For one epoch of length T and integer lags d it
 * is the mean of max(0, T - |d|). Two independent stationary units give
 * rate_i * rate_j * bin_s * exposure_s[k] counts on average in bin k.
 *
 * @param[out] exposure_s  [n_bins]
 * @return SPK_OK; SPK_ERR_ARGUMENT; SPK_ERR_OVERFLOW
 * Cost: O(n_bins * n_epochs)
 */
SPK_API SPK_MUST_CHECK spk_status
spk_correlogram_exposure(spk_context *ctx, const spk_spikes *spikes,
                         const spk_correlogram_options *options, double *exposure_s);

/** What a correlogram value means. C counts, b bin [s], T_k exposure [s], T duration [s] of
 *  the epochs, N_i and N_j spikes in them. */
typedef enum spk_correlogram_normalization {
    SPK_CORRELOGRAM_COUNT = 0, /**< C */
    /** C / (b T_k) [Hz^2]: pairs a second of exposure and second of lag; rate_i * rate_j for
     *  independent units. */
    SPK_CORRELOGRAM_RATE = 1,
    /** C T / (N_i b T_k) [Hz]: the rate of the target at that lag from a reference spike. */
    SPK_CORRELOGRAM_CONDITIONAL_RATE = 2,
    /** (C T / T_k - N_i N_j / n) / sqrt(N_i (1 - N_i / n) N_j (1 - N_j / n)), n = T / b: the
     *  correlation coefficient of the two trains as 0/1 sequences of n bins; NaN when a unit
     *  has no spike or n spikes or more. Eggermont (1992) J. Neurophysiol. 68:1216-1228. */
    SPK_CORRELOGRAM_PEARSON = 3
} spk_correlogram_normalization;

/**
 * Turns the counts of one pair into a rate or coefficient. NaN where the exposure or, for a
 * conditional rate, the number of reference spikes is 0.
 *
 * @param[in]  ctx            holds the message on error
 * @param[in]  spikes         the table that was counted (its rate and length are used)
 * @param[in]  options        the options of the count
 * @param[in]  normalization  an spk_correlogram_normalization
 * @param[in]  n_reference    spikes of the reference in the epochs
 * @param[in]  n_target       spikes of the target in the epochs
 * @param[in]  exposure_s     [n_bins] from spk_correlogram_exposure()
 * @param[in]  counts         [n_bins]
 * @param[out] values         [n_bins]
 * @return SPK_OK; SPK_ERR_ARGUMENT
 */
SPK_API SPK_MUST_CHECK spk_status spk_correlogram_normalize(
    spk_context *ctx, const spk_spikes *spikes, const spk_correlogram_options *options,
    int32_t normalization, int64_t n_reference, int64_t n_target,
    const double *exposure_s, const int64_t *counts, double *values);

/**
 * Merges unit j into unit i without counting again: afterwards row and column i are exactly
 * what a count with the spikes of both in one unit gives, and row and column j are 0.
 * Counts add: C_ki + C_kj, C_ik + C_jk, and C_ii + C_jj + C_ij + C_ji for the new
 * autocorrelogram.
 *
 * @param[in]     ctx      holds the message on error
 * @param[in]     options  the options of the count; references and targets NULL
 * @param[in]     n_units  units of the cube
 * @param[in]     i        unit that stays
 * @param[in]     j        unit that goes, != i
 * @param[in,out] counts   [n_units][n_units][n_bins]
 * @return SPK_OK; SPK_ERR_ARGUMENT; SPK_ERR_UNSUPPORTED (PHY: its centre is a maximum, which
 *         does not add)
 * Cost:    O(n_units * n_bins), no memory
 */
SPK_API SPK_MUST_CHECK spk_status
spk_correlogram_merge(spk_context *ctx, const spk_correlogram_options *options,
                      int64_t n_units, int64_t i, int64_t j, int64_t *counts);

#ifdef __cplusplus
}
#endif
#endif
