/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SPIKEKIT_ALIGNMENT_H
#define SPIKEKIT_ALIGNMENT_H

/*
 * Spikes around events: stimuli, movements, rewards. An event is a sample; the window around
 * it is cut into bins, and each spike of the window falls into one.
 *
 * Events come in any order, may repeat, and their windows may overlap: a spike counts for
 * every event whose window holds it. Time is continuous within an epoch only, so an event sees
 * its own epoch and no other (without epochs: the recording). What of a window lies outside
 * is not observed; an event that lies in no epoch, or outside the recording, is observed for
 * no time. spk_alignment_exposure() tells.
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

/** Fill with spk_alignment_options_init(&options, sizeof options), then change fields. */
typedef struct spk_alignment_options {
    size_t struct_size; /**< set by init */
    double start_s;     /**< start of the window after the event [s]; default -0.5 */
    double stop_s;      /**< end of the window after the event [s]; default 1 */
    double bin_s;       /**< bin width [s]; default 0.01 */
    const spk_epochs *epochs; /**< default NULL: one epoch, the whole recording */
} spk_alignment_options;

SPK_API void spk_alignment_options_init(spk_alignment_options *options,
                                        size_t struct_size);

/** A window in samples: bin k of an event at sample e is
 *  [e + first_sample + k bin_samples, e + first_sample + (k + 1) bin_samples). */
typedef struct spk_alignment_window {
    int64_t n_bins;       /**< >= 1 */
    int64_t first_sample; /**< first sample of bin 0, relative to the event */
    int64_t bin_samples;  /**< >= 1 */
} spk_alignment_window;

/**
 * Puts a window on the grid of samples; all else here uses this window.
 *
 * bin_samples is the nearest whole number to bin_s * rate, at least 1; the window is then made
 * of such bins. Where start_s is a whole number of bins of bin_s (to 1e-9), edges lie at whole
 * numbers of bins from the event, the first at the one nearest to start_s; otherwise
 * first_sample is the sample nearest to start_s. Where stop_s is a whole number of bins of bin_s
 * from the event (or, in the second case, from start_s), the last edge is the one nearest to
 * stop_s, less than a bin beyond it; otherwise as many bins are made as fit whole before stop_s.
 * At least one is made. Of two as near, the even one.
 *
 * @param[in]  sampling_rate_hz  positive, finite
 * @param[in]  options  NULL for the defaults; epochs are not read
 * @return SPK_OK; SPK_ERR_ARGUMENT (NULL, start_s >= stop_s, bin_s not above 0, NaN, no bin
 *         fits, bad rate); SPK_ERR_OVERFLOW (an edge beyond 2^53 samples from the event)
 */
SPK_API SPK_MUST_CHECK spk_status spk_alignment_find_window(
    spk_context *ctx, double sampling_rate_hz, const spk_alignment_options *options,
    spk_alignment_window *window);

/**
 * How much of the window of each event was observed.
 *
 * @param[in]  ctx       holds the message on error
 * @param[in]  spikes    its rate, start and stop are read, no spike
 * @param[in]  n_events  >= 0
 * @param[in]  events    [n_events] samples, in any order
 * @param[in]  options   NULL for the defaults
 * @param[out] exposure  [n_events][n_bins] samples of each bin that were observed, 0 ..
 *                       bin_samples; NULL when not wanted
 * @param[out] is_whole  [n_events] 1 if the whole window was observed, else 0; NULL when not
 *                       wanted
 * @return SPK_OK; the errors of spk_alignment_find_window() and spk_epochs_check();
 *         SPK_ERR_ARGUMENT (NULL, n_events < 0, a bad table); SPK_ERR_OVERFLOW (arrays larger
 *         than memory); SPK_ERR_MEMORY
 * Cost: O(n_events n_bins + n_epochs) time, 40 bytes an event
 */
SPK_API SPK_MUST_CHECK spk_status spk_alignment_exposure(
    spk_context *ctx, const spk_spikes *spikes, int64_t n_events, const int64_t *events,
    const spk_alignment_options *options, int64_t *exposure, uint8_t *is_whole);

/**
 * Counts the spikes of each unit in each bin around each event: what a decoder, a Fano factor
 * or a noise correlation starts from.
 *
 * @param[in]  ctx       the calling thread's context; holds the message on error
 * @param[in]  spikes    valid spike table, borrowed for the call
 * @param[in]  n_events  >= 0
 * @param[in]  events    [n_events] samples, in any order
 * @param[in]  options   NULL for the defaults
 * @param[out] counts    [n_events][n_units][n_bins]; 0 where nothing was observed
 * @return SPK_OK; the errors of spk_alignment_exposure() and spk_spikes_check();
 *         SPK_ERR_OVERFLOW (a unit of 2^31 spikes or more)
 * Cost:    O(n_spikes + n_units n_events + spikes in windows) time and the array; extra memory
 *          12 bytes a spike
 * Threads: workers own units; same result for any number of threads
 */
SPK_API SPK_MUST_CHECK spk_status spk_alignment_count(
    spk_context *ctx, const spk_spikes *spikes, int64_t n_events, const int64_t *events,
    const spk_alignment_options *options, int32_t *counts);

/**
 * Lists the spikes of each unit around each event: a raster plot.
 *
 * The spikes of unit u in the window of event e are lags[k] for k in
 * offsets[u * n_events + e] .. offsets[u * n_events + e + 1] - 1, rising. Call once with lags
 * NULL for the offsets, then again with room for all.
 *
 * @param[in]  ctx       the calling thread's context; holds the message on error
 * @param[in]  spikes    valid spike table, borrowed for the call
 * @param[in]  n_events  >= 0
 * @param[in]  events    [n_events] samples, in any order
 * @param[in]  options   NULL for the defaults
 * @param[out] offsets   [n_units * n_events + 1], from 0, not falling
 * @param[out] lags      [offsets[n_units * n_events]] sample of each spike less that of the
 *                       event; NULL when only offsets are wanted
 * @return as spk_alignment_count()
 * Cost, threads: as spk_alignment_count()
 */
SPK_API SPK_MUST_CHECK spk_status spk_alignment_raster(
    spk_context *ctx, const spk_spikes *spikes, int64_t n_events, const int64_t *events,
    const spk_alignment_options *options, int64_t *offsets, int64_t *lags);

#ifdef __cplusplus
}
#endif
#endif
