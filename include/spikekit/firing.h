/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SPIKEKIT_FIRING_H
#define SPIKEKIT_FIRING_H

/*
 * How units fire: histograms of interspike intervals, and the curve of three exponentials
 * through an autocorrelogram. Numbers of one value a unit (CV2, LV, burst indices, the
 * parameters of that curve, ...) are metrics of the group "firing" in metrics.h.
 */

#include <spikekit/context.h>
#include <spikekit/status.h>
#include <spikekit/trains.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Bins that are equally wide in the logarithm of the interval: edge(k) =
 * 10^(log10_first_s + k * log10_width) seconds for k = 0 .. n_bins. The defaults are
 * CellExplorer's, 1 ms to 100 s in 125 bins of 0.04 decades.
 * Fill with spk_isi_histogram_options_init(&options, sizeof options), then change fields.
 */
typedef struct spk_isi_histogram_options {
    size_t struct_size;   /**< set by init */
    int64_t n_bins;       /**< 1 .. 100000; default 125 */
    double log10_first_s; /**< lower edge of the first bin, -12 .. 12; default -3 */
    double log10_width;   /**< width of a bin in decades, > 0; default 0.04. The last edge
                            *   must lie below 10^18 s */
} spk_isi_histogram_options;

SPK_API void spk_isi_histogram_options_init(spk_isi_histogram_options *options,
                                            size_t struct_size);

/**
 * The number of elements that spk_isi_histogram_count() writes, n_units * n_bins.
 * @return SPK_OK; SPK_ERR_ARGUMENT (NULL, bad options); SPK_ERR_OVERFLOW
 */
SPK_API SPK_MUST_CHECK spk_status
spk_isi_histogram_length(spk_context *ctx, const spk_trains *trains,
                         const spk_isi_histogram_options *options, int64_t *length);

/**
 * The edges of the bins [s].
 * @param[in]  ctx      holds the message on error
 * @param[in]  options  NULL for the defaults
 * @param[out] edges_s  [n_bins + 1]
 * @return SPK_OK; SPK_ERR_ARGUMENT
 */
SPK_API SPK_MUST_CHECK spk_status spk_isi_histogram_edges(
    spk_context *ctx, const spk_isi_histogram_options *options, double *edges_s);

/**
 * Counts the interspike intervals of each unit in logarithmic bins.
 *
 * An interval of d samples at rate f falls in bin k when edge(k) <= log10(d / f) <
 * edge(k + 1), the last bin being closed on both sides, where edge(k) = log10_first_s +
 * k * log10_width. Intervals outside all bins, and those of no length, are not counted. An
 * interval never bridges two runs.
 *
 * @param[in]  ctx      threads, progress, cancel; holds the message on error
 * @param[in]  trains   from spk_trains_create(); borrowed for the call
 * @param[in]  options  NULL for the defaults
 * @param[out] counts   [n_units][n_bins]
 * @return SPK_OK; SPK_ERR_ARGUMENT; SPK_ERR_MEMORY; SPK_ERR_CANCELLED
 * Cost:    O(n_spikes + n_units * n_bins); memory O(n_bins)
 * Threads: workers own units; same result for any number of threads
 */
SPK_API SPK_MUST_CHECK spk_status
spk_isi_histogram_count(spk_context *ctx, const spk_trains *trains,
                        const spk_isi_histogram_options *options, int64_t *counts);

/**
 * Turns the counts of one unit into CellExplorer's density [1/s]:
 * count / (edge_s(k + 1) - edge_s(k)) / n_spikes. Note that it divides by spikes, of which
 * there is one more than intervals (in one run). NaN without spikes.
 *
 * @param[in]  ctx       holds the message on error
 * @param[in]  options   NULL for the defaults
 * @param[in]  n_spikes  of the unit, >= 0
 * @param[in]  counts    [n_bins]
 * @param[out] density   [n_bins]
 * @return SPK_OK; SPK_ERR_ARGUMENT
 */
SPK_API SPK_MUST_CHECK spk_status
spk_isi_histogram_density(spk_context *ctx, const spk_isi_histogram_options *options,
                          int64_t n_spikes, const int64_t *counts, double *density);

/**
 * Three exponentials through an autocorrelogram, x the lag [ms]:
 *
 *     max(0, decay_hz (e^(-(x - refractory_ms) / tau_decay_ms)
 *                      - rise_ratio e^(-(x - refractory_ms) / tau_rise_ms))
 *            + burst_hz e^(-(x - refractory_ms) / tau_burst_ms) + asymptote_hz)
 *
 * The model of CellExplorer (Petersen, Siegle, Steinmetz, Mahallati & Buzsaki 2021, Neuron
 * 109:3594-3608), whose names are in brackets.
 */
typedef struct spk_acg_fit {
    double tau_decay_ms;  /**< (acg_tau_decay) 1 .. 500 */
    double tau_rise_ms;   /**< (acg_tau_rise) 0.1 .. 50 */
    double decay_hz;      /**< (acg_c) 0 .. 500 */
    double rise_ratio;    /**< (acg_d) 0 .. 15 */
    double asymptote_hz;  /**< (acg_asymptote) -30 .. 50 */
    double refractory_ms; /**< (acg_refrac) 0 .. 20 */
    double tau_burst_ms;  /**< (acg_tau_burst) 0.1 .. 5 */
    double burst_hz;      /**< (acg_h) 0 .. 100 */
    double r_square;      /**< 1 - residual / total sum of squares; NaN: flat data */
    int32_t converged;    /**< nonzero: the search ended in a minimum */
} spk_acg_fit;

/**
 * Fits the curve to one side of an autocorrelogram by least squares, within the bounds given
 * with spk_acg_fit.
 *
 * The search starts from the best of a grid of time constants, so it rarely ends in a minimum
 * worse than CellExplorer's, whose start is always the same. Parameters trade with each
 * other, the refractory time with all three amplitudes first of all: those of two tools, or of
 * two trains that hardly differ, may be far apart where the curves are alike. Compare
 * curves, and look at r_square before using a parameter.
 *
 * @param[in]  ctx     holds the message on error
 * @param[in]  bin_ms  value k is that at lag (k + 1) * bin_ms, > 0
 * @param[in]  n_bins  8 .. 100000; CellExplorer: 100 of 0.5 ms
 * @param[in]  acg_hz  [n_bins] the autocorrelogram as a rate, count / (spikes * bin)
 * @param[out] fit     all NaN and not converged when acg_hz has a value that is not finite
 * @return SPK_OK; SPK_ERR_ARGUMENT; SPK_ERR_MEMORY
 * Cost: some 0.3 ms for 100 bins
 */
SPK_API SPK_MUST_CHECK spk_status spk_acg_fit_estimate(spk_context *ctx, double bin_ms,
                                                       int64_t n_bins,
                                                       const double *acg_hz,
                                                       spk_acg_fit *fit);

/**
 * The fitted curve at any lags, for drawing it over an autocorrelogram.
 * @param[in]  ctx     holds the message on error
 * @param[in]  fit     from spk_acg_fit_estimate(), or filled from the metrics of a unit
 * @param[in]  n_lags  >= 0
 * @param[in]  lags_ms [n_lags]
 * @param[out] acg_hz  [n_lags]; NaN for a fit with NaN
 * @return SPK_OK; SPK_ERR_ARGUMENT
 */
SPK_API SPK_MUST_CHECK spk_status spk_acg_fit_curve(spk_context *ctx,
                                                    const spk_acg_fit *fit,
                                                    int64_t n_lags, const double *lags_ms,
                                                    double *acg_hz);

#ifdef __cplusplus
}
#endif
#endif
