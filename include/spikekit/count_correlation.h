/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SPIKEKIT_COUNT_CORRELATION_H
#define SPIKEKIT_COUNT_CORRELATION_H

/*
 * Correlation and covariance of spike counts, of all pairs of units, at any number of bin
 * widths: short bins see synchrony, long ones see rates that rise and fall together.
 *
 * Bins are those of spk_spikes_bin_length(): each epoch is cut from its start into whole bins,
 * and what is left at its end is dropped. With L bins in which units i and j have x and y
 * spikes, and sums over bins,
 *     covariance  = [L sum(x y) - sum(x) sum(y)] / [L (L - 1)]
 *     correlation = [L sum(x y) - sum(x) sum(y)] / sqrt([L sum(x^2) - sum(x)^2] [the same of y]).
 * All sums are whole numbers and are kept as such up to the last division, so that nothing
 * cancels, and neither threads nor the way the products are made can change a bit.
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

/** Fill with spk_count_correlation_options_init(&options, sizeof options), then change
 *  fields. */
typedef struct spk_count_correlation_options {
    size_t struct_size;       /**< set by init */
    const spk_epochs *epochs; /**< default NULL: the whole recording */
} spk_count_correlation_options;

SPK_API void spk_count_correlation_options_init(spk_count_correlation_options *options,
                                                size_t struct_size);

/**
 * Computes count correlations and covariances at several bin widths.
 *
 * @param[in]  ctx          threads, progress, cancel; holds the message on error
 * @param[in]  spikes       valid spike table, borrowed for the call
 * @param[in]  bin_samples  [n_widths] bin widths [samples], >= 1, in any order
 * @param[in]  n_widths     >= 1
 * @param[in]  options      NULL for the defaults
 * @param[out] correlations [n_widths][n_units][n_units] symmetric, 1 on the diagonal; NaN
 *                          where a unit's counts do not vary; may be NULL
 * @param[out] covariances  [n_widths][n_units][n_units] symmetric, variances on the diagonal;
 *                          NaN with fewer than two bins; may be NULL if correlations is not
 * @param[out] means        [n_widths][n_units] spikes a bin, NaN without bins; may be NULL
 * @param[out] n_bins       [n_widths] L; may be NULL
 * @return SPK_OK; the errors of spk_spikes_check() and spk_spikes_bin_length();
 *         SPK_ERR_ARGUMENT (NULL, n_widths < 1, both results NULL); SPK_ERR_OVERFLOW (2^32
 *         spikes or more, a sum of squares of 2^53 or more); SPK_ERR_MEMORY;
 *         SPK_ERR_CANCELLED
 * Cost:    for each width O(n_spikes) to bin, and then the cheaper of some 1 ns for each pair
 *          of units with spikes in one bin, and a matrix product of n_units^2 / 2 by the bins
 *          that have spikes. Extra memory: 20 bytes a spike, and 5 MB a thread for the product
 * Threads: workers own units or tiles of the matrix; the same bits for any number of threads
 * Source:  elephant's covariance() and correlation_coefficient() have the same definition
 */
SPK_API SPK_MUST_CHECK spk_status spk_count_correlation_estimate(
    spk_context *ctx, const spk_spikes *spikes, const int64_t *bin_samples,
    int64_t n_widths, const spk_count_correlation_options *options, double *correlations,
    double *covariances, double *means, int64_t *n_bins);

/**
 * Confidence limits of one correlation by Fisher's transform: tanh(atanh(r) -+ z /
 * sqrt(n - 3)), z the normal quantile.
 *
 * @param[in]  correlation  r, -1 .. 1; of -1 and 1 both limits are r
 * @param[in]  n_effective  n > 3, number of independent samples: L if counts of different
 *                          bins have nothing to do with each other, fewer if rates drift
 *                          over several bins
 * @param[in]  level        share of intervals that hold the truth, 0 < level < 1
 * @param[out] lower, upper  NaN for arguments out of range
 * Source: Fisher (1921) Metron 1:3-32
 */
SPK_API void spk_correlation_limits(double correlation, double n_effective, double level,
                                    double *lower, double *upper);

/** What the correlations of all pairs are on average. */
typedef struct spk_correlation_summary {
    int64_t n_units; /**< units with at least one pair that counts */
    int64_t n_pairs; /**< pairs that count: neither NaN nor -1 nor 1 */
    double mean;     /**< tanh of the mean z = atanh(r); NaN without pairs */
    double lower;    /**< confidence limits of it; NaN with fewer than three units */
    double upper;
    double mean_z;           /**< mean of z over pairs */
    double sd_z;             /**< standard deviation of z over pairs, NaN with one pair */
    double standard_error_z; /**< of mean_z; NaN with fewer than three units */
    /** sd_z^2 / standard_error_z^2: how many independent pairs would give this error. About
     *  n_pairs if the pairs of a unit have nothing in common, down to about half of n_units if
     *  all they are is the sum of what their units are. */
    double n_effective;
} spk_correlation_summary;

/**
 * Summarises a matrix of correlations over the pairs of units by Fisher's z. Pairs that share
 * a unit need not be independent: z of units i and j is taken as mean + a_i + a_j + e, the a of
 * units and the e of pairs all independent, with variances A and E. These are found from the
 * sums of squares over pairs and over units (the analysis of variance of a diallel table, and
 * Henderson's method 1 if pairs are missing), a negative one being 0, and the error is
 *     sqrt[(A sum c_u^2 / n_pairs + E) / n_pairs],  c_u the pairs of unit u.
 * Where they cannot be told apart, such as of three units, all is A. The limits are
 * tanh(mean_z -+ t error), t of Student's distribution with one degree of freedom less than
 * units.
 *
 * @param[in]  ctx           holds the message on error
 * @param[in]  correlations  [n_units][n_units], the part above the diagonal is read
 * @param[in]  n_units       >= 0
 * @param[in]  level         0 < level < 1, such as 0.95
 * @param[out] summary       overwritten
 * @return SPK_OK; SPK_ERR_ARGUMENT (NULL, n_units or level out of range); SPK_ERR_MEMORY
 * Cost:   O(n_units^2) time, 16 bytes a unit
 * Source: Griffing (1956) Aust. J. Biol. Sci. 9:463-493; Henderson (1953) Biometrics 9:226-252
 */
SPK_API SPK_MUST_CHECK spk_status
spk_correlation_summarize(spk_context *ctx, const double *correlations, int64_t n_units,
                          double level, spk_correlation_summary *summary);

#ifdef __cplusplus
}
#endif
#endif
