/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SPIKEKIT_SPIKES_H
#define SPIKEKIT_SPIKES_H

#include <spikekit/context.h>
#include <spikekit/epochs.h>
#include <spikekit/status.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * The spike table: every spike of a recording in order of time. Every analysis takes it.
 * The struct borrows its arrays and owns nothing; copying it is free.
 *
 * A valid table has non-decreasing samples, units in 0 .. n_units - 1, a positive finite
 * sampling rate, and all spikes in [start_sample, stop_sample). Simultaneous spikes keep
 * the order in which they were given. Units without spikes are allowed; samples may be
 * negative.
 */
typedef struct spk_spikes {
    int64_t n_spikes;        /**< number of spikes, >= 0 */
    int64_t n_units;         /**< number of units, 0 .. 2^31 - 1 */
    const int64_t *samples;  /**< [n_spikes] time of each spike [samples], not falling */
    const int32_t *units;    /**< [n_spikes] unit index of each spike, 0 .. n_units - 1 */
    double sampling_rate_hz; /**< samples a second */
    int64_t start_sample;    /**< first sample of the recording */
    int64_t stop_sample;     /**< one past the last sample of the recording */
} spk_spikes;

/**
 * Checks a spike table against all of the above. Without spikes both arrays may be NULL.
 * @return SPK_OK; SPK_ERR_ARGUMENT (NULL, size, unit or sample out of range, bad rate,
 *         start_sample > stop_sample); SPK_ERR_UNSORTED. The message names the first bad
 *         spike and its value
 * Cost: O(n_spikes), one pass
 */
SPK_API SPK_MUST_CHECK spk_status spk_spikes_check(spk_context *ctx,
                                                   const spk_spikes *spikes);

/**
 * Finds the stable order of spike times: order[k] is the index of the k-th spike in time,
 * simultaneous spikes staying in the order given.
 *
 * @param[in]  ctx      holds the message on error
 * @param[in]  n        number of spikes
 * @param[in]  samples  [n] times in any order
 * @param[out] order    [n] a permutation of 0 .. n - 1
 * @return SPK_OK; SPK_ERR_ARGUMENT (NULL, n < 0); SPK_ERR_MEMORY
 * Cost: O(n) time: one pass when already sorted, otherwise a radix sort by 11 bits of the
 *       times' range a pass and 32 n bytes of extra memory
 */
SPK_API SPK_MUST_CHECK spk_status spk_spikes_order(spk_context *ctx, int64_t n,
                                                   const int64_t *samples,
                                                   int64_t *order);

/**
 * Counts the spikes of each unit. The order of the table does not matter.
 * @param[out] counts  [n_units]
 * @return SPK_OK; SPK_ERR_ARGUMENT (as in spk_spikes_check(); sample values are not read)
 * Cost: O(n_spikes + n_units)
 */
SPK_API SPK_MUST_CHECK spk_status spk_spikes_count(spk_context *ctx,
                                                   const spk_spikes *spikes,
                                                   int64_t *counts);

/**
 * Groups spike times by unit: the times of unit u, in order, are
 * samples[offsets[u]] .. samples[offsets[u + 1] - 1].
 *
 * @param[in]  ctx      holds the message on error
 * @param[in]  spikes   borrowed for the call
 * @param[out] offsets  [n_units + 1]
 * @param[out] samples  [n_spikes]; may be NULL when only offsets are wanted
 * @param[out] indices  [n_spikes] place of each grouped spike in the table; may be NULL
 * @return SPK_OK; SPK_ERR_ARGUMENT (as in spk_spikes_check(); that samples are in order
 *         and within the recording is not checked: each unit's keep the order of the
 *         table)
 * Cost: O(n_spikes + n_units) time, no extra memory
 */
SPK_API SPK_MUST_CHECK spk_status spk_spikes_group(spk_context *ctx,
                                                   const spk_spikes *spikes,
                                                   int64_t *offsets, int64_t *samples,
                                                   int64_t *indices);

/**
 * Keeps the spikes that lie in the epochs. Times are not changed: gaps stay gaps.
 *
 * @param[in]  ctx      holds the message on error
 * @param[in]  spikes   valid spike table
 * @param[in]  epochs   valid epochs
 * @param[out] samples  [n_spikes] room for the times kept
 * @param[out] units    [n_spikes] room for the units kept
 * @param[out] restricted  a table that borrows samples and units; its start and stop are
 *                         those of `spikes`
 * @return SPK_OK; the errors of spk_spikes_check() and spk_epochs_check()
 * Cost: O(n_spikes + n_epochs)
 */
SPK_API SPK_MUST_CHECK spk_status spk_spikes_restrict(spk_context *ctx,
                                                      const spk_spikes *spikes,
                                                      const spk_epochs *epochs,
                                                      int64_t *samples, int32_t *units,
                                                      spk_spikes *restricted);

/** Fill with spk_binning_options_init(&options, sizeof options), then change fields. */
typedef struct spk_binning_options {
    size_t struct_size;  /**< set by init */
    int64_t bin_samples; /**< bin width [samples], >= 1; default 300 (10 ms at 30 kHz) */
    const spk_epochs *epochs; /**< default NULL: one epoch, the whole recording */
} spk_binning_options;

SPK_API void spk_binning_options_init(spk_binning_options *options, size_t struct_size);

/**
 * The number of bins that spk_spikes_bin_dense() and _sparse() use.
 *
 * Each epoch is cut from its start into whole bins [start + k b, start + (k + 1) b); what
 * is left at its end, shorter than a bin, is dropped. Bins of all epochs stand in a row.
 * Epochs may reach beyond the recording, where the bins are empty. No spike is read.
 *
 * @param[out] n_bins  total number of bins
 * @return SPK_OK; SPK_ERR_ARGUMENT (NULL, bin_samples < 1, options not filled by init,
 *         sizes as in spk_spikes_check()); SPK_ERR_OVERFLOW (a recording longer than
 *         int64); the errors of spk_epochs_check()
 */
SPK_API SPK_MUST_CHECK spk_status
spk_spikes_bin_length(spk_context *ctx, const spk_spikes *spikes,
                      const spk_binning_options *options, int64_t *n_bins);

/**
 * Counts spikes per unit and bin, bins as in spk_spikes_bin_length().
 *
 * @param[in]  ctx      holds the message on error
 * @param[in]  spikes   valid spike table
 * @param[in]  options  NULL for the defaults
 * @param[out] counts   [n_units][n_bins] row-major
 * @return SPK_OK; SPK_ERR_ARGUMENT; SPK_ERR_UNSORTED; SPK_ERR_OVERFLOW (a count above
 *         2^31 - 1)
 * Cost:    O(n_spikes + n_units * n_bins)
 */
SPK_API SPK_MUST_CHECK spk_status spk_spikes_bin_dense(spk_context *ctx,
                                                       const spk_spikes *spikes,
                                                       const spk_binning_options *options,
                                                       int32_t *counts);

/**
 * Counts spikes per unit and bin in compressed rows: the non-empty bins of unit u are
 * bins[offsets[u]] .. bins[offsets[u + 1] - 1], rising, with their counts beside them.
 *
 * @param[in]  ctx      holds the message on error
 * @param[in]  spikes   valid spike table
 * @param[in]  options  NULL for the defaults
 * @param[out] offsets  [n_units + 1]
 * @param[out] bins     [n_spikes] room; offsets[n_units] are used
 * @param[out] counts   [n_spikes] room; offsets[n_units] are used
 * @return as spk_spikes_bin_dense(); SPK_ERR_MEMORY
 * Cost: O(n_spikes + n_units) time, O(n_units) extra memory
 */
SPK_API SPK_MUST_CHECK spk_status spk_spikes_bin_sparse(
    spk_context *ctx, const spk_spikes *spikes, const spk_binning_options *options,
    int64_t *offsets, int64_t *bins, int32_t *counts);

#ifdef __cplusplus
}
#endif
#endif
