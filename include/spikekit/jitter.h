/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SPIKEKIT_JITTER_H
#define SPIKEKIT_JITTER_H

/*
 * Interval jitter: are two trains more in step than what happens on a slower time scale
 * explains?
 *
 * The runs of the recording are cut into intervals of equal length. Under the null hypothesis
 * it does not matter where in its interval a spike of one of the trains stands. What a
 * correlogram looks like then follows without a single random number: its expectation, its
 * variance, and the exact distribution of each count.
 *
 * Two statistics:
 *   pairs of spikes whose lag is in a bin    spk_jitter_test(), spk_jitter_correlogram();
 *     spikes move on their own, by samples   beside it spk_jitter_monte_carlo()
 *   bins in which both trains have a spike   spk_jitter_synchrony(), as Jeck and Niebur
 *     (Jeck & Niebur): the occupied bins     count
 *     of an interval move
 *
 * A pair of units is observed where both are: its runs are the common parts of the runs of
 * the two trains. The intervals of a run begin at its first sample; the last one ends with
 * the run and may be shorter, and a spike in it stays in it.
 */

#include <spikekit/context.h>
#include <spikekit/status.h>
#include <spikekit/trains.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Whose spikes move. */
typedef enum spk_jitter_side {
    SPK_JITTER_TARGET = 0,
    SPK_JITTER_REFERENCE = 1
} spk_jitter_side;

/** Fill with spk_jitter_options_init(&options, sizeof options), then change fields. */
typedef struct spk_jitter_options {
    size_t struct_size; /**< set by init */
    /** Length of the intervals [s], rounded to samples (halves away from zero), at least one;
     *  default 0.010. With one sample nothing moves, and every p is 1. */
    double interval_s;
    double window_s;  /**< FULL width of the lags [s]; default 0.1: -50 .. 50 ms */
    double bin_s;     /**< lag bin [s]; default 0.0005 */
    double from_s;    /**< bins with their centre from here ... [s]; default -INFINITY */
    double to_s;      /**< ... to here are tested [s]; default INFINITY */
    int32_t jittered; /**< an spk_jitter_side; default SPK_JITTER_TARGET */
} spk_jitter_options;

SPK_API void spk_jitter_options_init(spk_jitter_options *options, size_t struct_size);

/** The options in samples. Bin k has lags first_lag + k bin_samples .. first_lag + (k + 1)
 *  bin_samples - 1 and its centre at (k - n_bins / 2) bin_samples. */
typedef struct spk_jitter_layout {
    int64_t interval_samples;
    int64_t bin_samples;
    int64_t n_bins;     /**< of the correlogram, odd */
    int64_t first_lag;  /**< the first lag of bin 0 */
    int64_t first_test; /**< the first bin that is tested */
    int64_t n_tests;    /**< how many are; 0 if no centre lies in from_s .. to_s */
} spk_jitter_layout;

/**
 * Converts the options. Bins are those of the SPIKEKIT convention of
 * spk_correlogram_options_set_window() for the same seconds.
 *
 * @param[in]  ctx      holds the message on error
 * @param[in]  sampling_rate_hz  > 0
 * @param[in]  options  NULL for the defaults
 * @param[out] layout   written on success
 * @return SPK_OK; SPK_ERR_ARGUMENT (NULL, a value out of range);
 *         SPK_ERR_OVERFLOW (as spk_correlogram_options_set_window())
 */
SPK_API SPK_MUST_CHECK spk_status spk_jitter_length(spk_context *ctx,
                                                    double sampling_rate_hz,
                                                    const spk_jitter_options *options,
                                                    spk_jitter_layout *layout);

/**
 * The counts of pairs, and what jitter makes of them on average. With t a spike of the
 * target, s one of the reference, counts[p][k] is the number of pairs in one run with t - s in
 * bin k. expected[p][k] is the mean, variance[p][k] the variance of the count over all
 * placements. counts - expected is the jitter-corrected correlogram, divided by the square
 * root of the variance it is z.
 *
 * A jittered spike in an interval of L samples adds to the mean the share of its L places
 * that make a pair, each pair once; spikes of one interval move independently and may share
 * a sample.
 *
 * @param[in]  ctx      threads, progress, cancel; holds the message on error
 * @param[in]  trains   borrowed for the call
 * @param[in]  pairs    [n_pairs][2] reference and target, not the same unit
 * @param[in]  n_pairs  >= 0
 * @param[in]  options  NULL for the defaults; from_s and to_s are not used
 * @param[out] counts   [n_pairs][n_bins]; NULL: not wanted
 * @param[out] expected  [n_pairs][n_bins]; NULL: not wanted
 * @param[out] variance  [n_pairs][n_bins]; NULL: not wanted
 * @return SPK_OK; SPK_ERR_ARGUMENT (NULL, bad options, a unit out of range, a unit with
 *         itself); SPK_ERR_OVERFLOW (a recording beyond -2^62 .. 2^62 samples);
 *         SPK_ERR_MEMORY; SPK_ERR_CANCELLED
 * Cost:    a pass over the spikes of each pair, and for each pair of a target interval and a
 *          reference spike nearby one step (with variance: one a bin of the interval)
 * Threads: pairs are shared out; same result for any number of threads
 * Source:  Amarasingham, Harrison, Hatsopoulos & Geman (2012) J. Neurophysiol. 107:517-531;
 *          Jeck & Niebur (2015) arXiv:1502.07907
 */
SPK_API SPK_MUST_CHECK spk_status spk_jitter_correlogram(
    spk_context *ctx, const spk_trains *trains, const int32_t (*pairs)[2],
    int64_t n_pairs, const spk_jitter_options *options, int64_t *counts, double *expected,
    double *variance);

/** One count and its place in the exact distribution. Logarithms are natural. */
typedef struct spk_jitter_result {
    int64_t count;        /**< pairs in the bin */
    double expected;      /**< mean under jitter */
    double variance;      /**< variance under jitter */
    double log_equal;     /**< ln P(S = count) */
    double log_upper;     /**< ln P(S >= count): small for an excess */
    double log_lower;     /**< ln P(S <= count): small for a lack */
    double log_mid_upper; /**< ln(P(S > count) + P(S = count) / 2) */
    double log_mid_lower; /**< ln(P(S < count) + P(S = count) / 2) */
} spk_jitter_result;

/**
 * Tests the count of each bin whose centre lies in from_s .. to_s against its exact
 * distribution under jitter. One bin, of bin_s = 2 w and half that
 * window_s, tests the synchrony within w.
 *
 * The count S is a sum of independent terms, one a jittered spike: its value is c at the
 * samples of its interval where c reference spikes are at a lag of the bin. The pmf of S is
 * the convolution of theirs. Tails are right to a relative error of 1e-10 however small:
 * the distribution is tilted so that its mean is at the count, and what is summed is not
 * small.
 *
 * Where nothing can move a pair into or out of a bin, S is certain: log_equal, log_upper and
 * log_lower are 0 and both mid-p are 1/2; so it is for empty trains.
 *
 * @param[in]  ctx      threads, progress, cancel; holds the message on error
 * @param[in]  trains   borrowed for the call
 * @param[in]  pairs    [n_pairs][2] reference and target, not the same unit
 * @param[in]  n_pairs  >= 0
 * @param[in]  options  NULL for the defaults
 * @param[out] results  [n_pairs][n_tests], n_tests from spk_jitter_length()
 * @return as spk_jitter_correlogram()
 * Cost:    a pass over the spikes of each pair; for each bin and interval with a reference
 *          spike nearby one step; and a few microseconds a bin for the tails. Extra memory:
 *          400 kB a thread, and 4 bytes for each tested bin and sample of an interval
 * Threads: pairs are shared out; same result for any number of threads
 * Source:  as spk_jitter_correlogram()
 */
SPK_API SPK_MUST_CHECK spk_status spk_jitter_test(
    spk_context *ctx, const spk_trains *trains, const int32_t (*pairs)[2],
    int64_t n_pairs, const spk_jitter_options *options, spk_jitter_result *results);

#ifdef __cplusplus
}
#endif
#endif
