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
 *          400 kB a thread; for each tested bin 4 bytes a sample of an interval (none beyond
 *          4096) and some 150 bytes for each interval in which a spike can make two pairs or
 *          more, of the pair that has most
 * Threads: pairs are shared out; same result for any number of threads
 * Source:  as spk_jitter_correlogram()
 */
SPK_API SPK_MUST_CHECK spk_status spk_jitter_test(
    spk_context *ctx, const spk_trains *trains, const int32_t (*pairs)[2],
    int64_t n_pairs, const spk_jitter_options *options, spk_jitter_result *results);

/**
 * Tests synchrony as Jeck and Niebur count it. Each run is cut into bins of bin_s from its
 * start; what is left at its end, shorter than a bin, is dropped. A bin is occupied if it has
 * any spike. S of lag k is the number of bins a with a occupied by the reference and a + k by
 * the target, both in one run. Under the null hypothesis the occupied bins of an interval are
 * any of its bins, as many as there are, each set as likely as another. With x bins of the
 * reference facing an interval of L bins and y of the target in it, the interval adds a
 * hypergeometric number (L, x, y), and S is their sum.
 *
 * Intervals are interval_s in bins, rounded, at least one; the last of a run may be shorter
 * (Jeck and Niebur drop it).
 *
 * @param[in]  ctx      threads, progress, cancel; holds the message on error
 * @param[in]  trains   borrowed for the call
 * @param[in]  pairs    [n_pairs][2] reference and target, not the same unit
 * @param[in]  n_pairs  >= 0
 * @param[in]  options  NULL for the defaults
 * @param[out] results  [n_pairs][n_tests], n_tests from spk_jitter_length(); count is S, and
 *                      the lag of bin k is k - n_bins / 2 bins
 * @return as spk_jitter_test()
 * Cost:    O(lags * intervals with spikes of the target), and the tails
 * Threads: pairs are shared out; same result for any number of threads
 * Source:  Jeck & Niebur (2015) arXiv:1502.07907
 */
SPK_API SPK_MUST_CHECK spk_status spk_jitter_synchrony(
    spk_context *ctx, const spk_trains *trains, const int32_t (*pairs)[2],
    int64_t n_pairs, const spk_jitter_options *options, spk_jitter_result *results);

/** Fill with spk_jitter_draws_init(&draws, sizeof draws), then change fields. */
typedef struct spk_jitter_draws {
    size_t struct_size; /**< set by init */
    int64_t n_draws;    /**< 1 .. 2^31; default 1000 */
    uint64_t seed;      /**< default 0 */
    double alpha; /**< the global band is left by chance with this probability, above or
                         *   below; in (0, 1); default 0.05 */
} spk_jitter_draws;

SPK_API void spk_jitter_draws_init(spk_jitter_draws *draws, size_t struct_size);

/** One bin against drawn placements. */
typedef struct spk_jitter_band {
    int64_t count;
    double expected;     /**< exact, as from spk_jitter_correlogram() */
    double variance;     /**< exact */
    double p_upper;      /**< (1 + draws with as many pairs or more) / (n_draws + 1) */
    double p_lower;      /**< (1 + draws with as many or fewer) / (n_draws + 1) */
    double global_upper; /**< counts above leave the band; infinite for too few draws */
    double global_lower; /**< counts below leave it */
} spk_jitter_band;

/**
 * Draws placements instead of computing their distribution, for what has no closed form: a
 * band that the correlogram stays in at all tested lags at once.
 *
 * z of a bin is (count - expected) / sqrt(variance), with the exact moments. The greatest z
 * over the tested bins is found for each draw; the band reaches up to where a share of
 * alpha / 2 of them does, and down likewise. p[0] is the global p of an excess, (1 + draws
 * whose greatest z is as great or greater) / (n_draws + 1), p[1] of a lack by the least z.
 * Bins of variance 0 have no z; without any other both p are 1.
 *
 * Draw d = 0 .. n_draws - 1 is surrogate d of the unit that moves (surrogates.h), to the
 * sample: that of spk_surrogates_draw() with method JITTER, width_s = interval_s and the same
 * seed, for trains in which both units have the runs of the pair. If the runs of the two units
 * in `trains` are equal, those trains are `trains`.
 *
 * @param[in]  ctx        threads, progress, cancel; holds the message on error
 * @param[in]  trains     borrowed for the call
 * @param[in]  reference  a unit
 * @param[in]  target     another unit
 * @param[in]  options    NULL for the defaults
 * @param[in]  draws      NULL for the defaults
 * @param[out] bands      [n_tests], n_tests from spk_jitter_length()
 * @param[out] p          [2] global p; NULL: not wanted
 * @return as spk_jitter_test(); SPK_ERR_ARGUMENT also for draws out of range
 * Cost:    for each draw a surrogate and a step for each of its pairs: 2 ns a spike for few
 *          pairs, 17 for a hundred-bin correlogram at 50 Hz. Extra memory: 16 bytes a draw,
 *          8 bytes a spike of the unit and as many a thread; spk_trains_create() again if the
 *          runs of the two units differ
 * Threads: draws are shared out; same result for any number of threads
 * Source:  Amarasingham et al. (2012), as above; Fujisawa et al. (2008) Nat. Neurosci.
 *          11:823-833 for global bands
 */
SPK_API SPK_MUST_CHECK spk_status
spk_jitter_monte_carlo(spk_context *ctx, const spk_trains *trains, int32_t reference,
                       int32_t target, const spk_jitter_options *options,
                       const spk_jitter_draws *draws, spk_jitter_band *bands, double *p);

/** What trials of one stimulus predict of a correlogram. */
typedef enum spk_jitter_predictor {
    /** Every trial of the reference with every other trial of the target, times 1 / (R - 1)
     *  for R trials: Perkel, Gerstein & Moore (1967), all shifts. */
    SPK_JITTER_SHIFT_ALL = 0,
    /** Every trial of the reference with the trial before and the trial after of the target,
     *  times R / (2 (R - 1)): both ways round, as FieldTrip's ft_spike_xcorr. */
    SPK_JITTER_SHIFT_NEIGHBORS = 1,
    /** The correlogram of expected trains, Smith & Kohn (2008): in bin a of trial r a unit is
     *  expected to have P(a) n / W spikes, P its mean count over trials in that bin, W the sum
     *  of P over the interval around it and n its spikes of trial r in the interval. Spikes are
     *  counted in bins of bin_s from the start of the trial (what is left at its end is
     *  dropped), and a lag is a number of bins. Both trains are jittered. */
    SPK_JITTER_EXPECTED_TRAINS = 2
} spk_jitter_predictor;

/** Fill with spk_jitter_trials_init(&trials, sizeof trials), then change fields. */
typedef struct spk_jitter_trials {
    size_t struct_size;    /**< set by init */
    const int64_t *starts; /**< [n_trials] first sample of each; they may overlap */
    int64_t n_trials;      /**< at least 2 to shift, 1 for expected trains */
    double duration_s;     /**< of each trial, rounded to samples; default 1 */
    int32_t predictor;     /**< spk_jitter_predictor; default SPK_JITTER_SHIFT_ALL */
} spk_jitter_trials;

SPK_API void spk_jitter_trials_init(spk_jitter_trials *trials, size_t struct_size);

/**
 * Correlograms of trials, and what is predicted of them by what is locked to the start of a
 * trial: counts[p][k] is the sum over trials of the pairs of one trial with their lag in bin
 * k, predicted[p][k] the prediction of that sum, and
 *     corrected[p][k] = (counts - predicted) / (R sqrt(rate_i rate_j) (T - |lag|)),
 * in coincidences a spike: R trials of T seconds, rates in spikes a second of the trials, lag
 * the centre of the bin. NaN if a unit has no spike or |lag| is T or more.
 *
 * @param[in]  ctx      threads, progress, cancel; holds the message on error
 * @param[in]  trains   borrowed for the call; spikes in its runs count
 * @param[in]  pairs    [n_pairs][2] reference and target, not the same unit
 * @param[in]  n_pairs  >= 0
 * @param[in]  options  NULL for the defaults; interval_s is that of the expected trains,
 *                      from_s, to_s and jittered are not used
 * @param[in]  trials   the trials, all within the recording
 * @param[out] counts     [n_pairs][n_bins]; NULL: not wanted
 * @param[out] predicted  [n_pairs][n_bins]; NULL: not wanted
 * @param[out] corrected  [n_pairs][n_bins]; NULL: not wanted
 * @return as spk_jitter_correlogram(); SPK_ERR_ARGUMENT also for too few trials, a trial that
 *         leaves the recording (the message names it) or is shorter than a bin
 * Cost:    shifts: O(pairs of spikes of all trials laid over one another, within the window);
 *          expected trains: O(trials * bins of a trial * lags)
 * Threads: pairs are shared out; same result for any number of threads
 * Source:  Perkel, Gerstein & Moore (1967) Biophys. J. 7:419-440; Smith & Kohn (2008)
 *          J. Neurosci. 28:12591-12603
 */
SPK_API SPK_MUST_CHECK spk_status spk_jitter_predict(
    spk_context *ctx, const spk_trains *trains, const int32_t (*pairs)[2],
    int64_t n_pairs, const spk_jitter_options *options, const spk_jitter_trials *trials,
    int64_t *counts, double *predicted, double *corrected);

#ifdef __cplusplus
}
#endif
#endif
