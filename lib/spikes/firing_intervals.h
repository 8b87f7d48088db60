/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SPIKEKIT_SPIKES_FIRING_INTERVALS_H
#define SPIKEKIT_SPIKES_FIRING_INTERVALS_H

#include <spikekit/trains.h>
#include <stdint.h>

/*
 * Statistics of the interspike intervals of one unit, in samples. No interval bridges two
 * runs, and intervals are neighbours only within a run.
 */

enum {
    SPK__INTERVAL_BUCKET_BITS = 13,
    SPK__INTERVAL_BUCKETS = 1 << SPK__INTERVAL_BUCKET_BITS
};

/** Number of intervals. */
int64_t spk__intervals_number(const spk_train *train);

typedef struct spk__interval_moments {
    double mean; /**< NaN without intervals */
    double cv;   /**< standard deviation (of n) / mean; NaN below 2 intervals, mean 0 */
    double skewness; /**< third central moment / second^1.5; NaN where the second is 0 */
} spk__interval_moments;

spk__interval_moments spk__intervals_moments(const spk_train *train);

/** With q = (I - J) / (I + J) for two neighbours I and J, not both 0. */
typedef struct spk__interval_changes {
    double cv2;       /**< mean of 2 |q| */
    double cv2_below; /**< mean of those 2 |q| that are below a limit */
    double lv;        /**< mean of 3 q^2 */
    double lvr;       /**< mean of 3 q^2 (1 + 4 R / (I + J)) */
} spk__interval_changes;

/** Each is NaN where there is nothing to average. */
spk__interval_changes spk__intervals_changes(const spk_train *train, double cv2_limit,
                                             double refractory_samples);

typedef struct spk__interval_counts {
    int64_t n_long;  /**< intervals > long_samples */
    int64_t n_burst; /**< spikes with an interval before and after, one < burst_samples */
    double long_samples; /**< total length of the long ones */
    double all_samples;  /**< and of all */
} spk__interval_counts;

spk__interval_counts spk__intervals_count(const spk_train *train, int64_t burst_samples,
                                          int64_t long_samples);

/**
 * The median; the mean of the two middle intervals where their number is even. NaN without.
 * @param[out] buckets  [SPK__INTERVAL_BUCKETS]
 */
double spk__intervals_median(const spk_train *train, int64_t *buckets);

#endif
