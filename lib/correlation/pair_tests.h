/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SPIKEKIT_CORRELATION_PAIR_TESTS_H
#define SPIKEKIT_CORRELATION_PAIR_TESTS_H

#include <stdint.h>

/*
 * Tests of one directed correlogram, source -> target: pure functions. The centre bin is
 * n_bins / 2; bins first .. last - 1, right of it, are tested. A sign is +1 for an excess, -1
 * for a lack. Logarithms are natural.
 */

typedef struct spk__pair_bins {
    int64_t n_bins; /**< odd */
    int64_t first;
    int64_t last;
} spk__pair_bins;

/** The bin that a test picked, and the test's p. */
typedef struct spk__pair_verdict {
    int64_t bin;     /**< -1: none, because p is above the cut */
    int significant; /**< by the test's own rule at its alpha */
    double log_p;    /**< at most 0; 0 if above the cut */
    double effect;   /**< the test's own measure */
} spk__pair_verdict;

/** Whether the mid-p of a count is certainly above exp(log_cut): where it lies on the side of
 *  the mean that the sign does not ask for, or where half its own probability is. */
int spk__tail_is_above(int64_t count, double mean, int32_t sign, double log_cut);

/** The bin with the least mid-p of n; bin -1 and log_p 0 if all are above exp(log_cut), or all
 *  means are NaN. */
spk__pair_verdict spk__least_tail(const int64_t *counts, const double *means, int64_t n,
                                  int32_t sign, double log_cut);

/**
 * Stark & Abeles (2009): the least mid-p of the bins tested, times their number; significant
 * where that is at most alpha.
 * @param[in] predicted  [last - first]
 * @param[in] log_cut    of p, above which nothing is wanted; 0: all is
 */
spk__pair_verdict spk__hollow_test(const spk__pair_bins *bins, const int64_t *counts,
                                   const double *predicted, int32_t sign, double alpha,
                                   double log_cut);

/** The most (sign +1) or fewest (-1) of the causal bins tested, and the most of as many bins
 *  from the centre leftward, the anti-causal ones. */
typedef struct spk__english_extremes {
    int64_t causal;
    int64_t anticausal;
} spk__english_extremes;

spk__english_extremes spk__english_find_extremes(const spk__pair_bins *bins,
                                                 const int64_t *counts, int32_t sign);

/** Tests in both directions that English et al. correct for: twice the bins to the last
 *  latency. */
int64_t spk__english_n_tests(const spk__pair_bins *bins);

/**
 * English et al. (2017), as CellExplorer has it. Significant where a causal bin is beyond
 * the quantile alpha / n_tests around its prediction, and the causal extreme beyond the
 * quantile alpha around the anti-causal one. p is the larger of the two: n_tests times the
 * least mid-p of the causal bins, and the mid-p of the causal extreme around the anti-causal
 * one, whose logarithm is also the effect ("Pcausal").
 * @param[in] predicted  [last - first]
 */
spk__pair_verdict spk__english_test(const spk__pair_bins *bins, const int64_t *counts,
                                    const double *predicted, int32_t sign, double alpha,
                                    double log_cut);

/** Mean and standard deviation (of the population) of the outer bins: the first 2/5 and all
 *  from 3/5 on, rounded down. */
void spk__kopelowitz_baseline(const int64_t *counts, int64_t n_bins, double *mean,
                              double *sd);

/** Whether three bins in a row beyond a two-sided level are rare enough among n_bins. */
int spk__kopelowitz_is_valid(double alpha, int64_t n_bins);

/**
 * Kopelowitz & Cohen (2014), the test they recommend: significant where three bins in a row
 * are beyond the two-sided normal limit alpha. p is that of one such triple, the tail of its
 * least extreme bin cubed, times the triples in the bins tested; the tail is the larger of the
 * normal one and the Poisson mid-p around the mean, which may be off by the standard error of
 * the outer bins' sum, and by one count at least. The effect is the z of the most extreme bin
 * of the triple. sd 0 gives NaN.
 */
spk__pair_verdict spk__kopelowitz_test(const spk__pair_bins *bins, const int64_t *counts,
                                       double mean, double sd, int32_t sign,
                                       double alpha);

/** The least ratio and probability of Kilosort's refractory test: within[i - 1] is the pairs
 *  within i bins on one side of the centre, shoulder the pairs a bin far from it.
 *      ratio = min over i of within / (i shoulder)
 *      probability = min over i of Phi((within - i shoulder) / sqrt(i shoulder)) */
void spk__refractory_test(const double *within, int64_t n, double shoulder, double *ratio,
                          double *probability);

/** The shoulder of a correlogram of 1 ms bins, as Kilosort 4 has it: the largest of the mean
 *  counts at lags -50 .. -11, at 10 .. 49, and, H = n_bins / 2, at 1 - H .. -H / 2 - 1 and
 *  H / 2 .. H - 1 together. n_bins is odd and at least 103. */
double spk__refractory_shoulder(const int64_t *counts, int64_t n_bins);

/**
 * The area of a peak (sign +1) or trough (-1): of `rate` from its largest local extremum among
 * bins first .. last - 1 (compared with the bins next to them; of equal neighbours the last
 * counts) to where it changes sign, leftwards no further than `first`, rightwards anywhere;
 * summed and times bin_s. NaN if there is no extremum of the sign.
 */
double spk__transmission_gain(const spk__pair_bins *bins, const double *rate,
                              int32_t sign, double bin_s);

#endif
