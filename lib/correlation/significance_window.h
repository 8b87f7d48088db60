/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SPIKEKIT_CORRELATION_SIGNIFICANCE_WINDOW_H
#define SPIKEKIT_CORRELATION_SIGNIFICANCE_WINDOW_H

#include <spikekit/significance.h>

/** The window of a predictor: made once, then read-only. */
typedef struct spk__predictor {
    int64_t half;    /**< its length is 2 half + 1 */
    double *weights; /**< [half + 1] by distance, whole window of sum 1; NULL: a median */
    int is_hollow;   /**< of a median */
    int is_centerless;
} spk__predictor;

/** Checks the options (NULL: the defaults) and makes the window. */
spk_status spk__predictor_create(spk_context *ctx, const spk_predictor_options *options,
                                 spk__predictor *predictor);
void spk__predictor_free(spk__predictor *predictor);

/** Whether correlograms of n_bins are long enough. */
spk_status spk__predictor_check(spk_context *ctx, const spk__predictor *predictor,
                                int64_t n_bins);

/** Doubles of scratch for bins of a range of n bins. */
int64_t spk__predictor_room(const spk__predictor *predictor, int64_t n);

/** Predicts bins [first, last) of one correlogram: predicted[0] is of bin `first`. The same
 *  bits whatever the range. n_bins has passed spk__predictor_check(). */
void spk__predict_range(const spk__predictor *predictor, const int64_t *counts,
                        int64_t n_bins, int64_t first, int64_t last, double *scratch,
                        double *predicted);

/** The sum over bins [first, last) of what the bins outside of them predict: the weights that
 *  fall within are 0, the others of each bin sum to 1. A peak does not hide in its neighbours'
 *  prediction, as it does in spk__predict_range(). Not of a median. NaN if a bin has no weight
 *  outside. */
double spk__predict_without(const spk__predictor *predictor, const int64_t *counts,
                            int64_t n_bins, int64_t first, int64_t last);

/** As spk__predict_range(), of values that are not whole. */
void spk__predict_values(const spk__predictor *predictor, const double *values,
                         int64_t n_bins, int64_t first, int64_t last, double *scratch,
                         double *predicted);

#endif
