/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SPIKEKIT_SORTING_ORDER_STATISTICS_H
#define SPIKEKIT_SORTING_ORDER_STATISTICS_H

#include <stdint.h>

/**
 * The value that has place k (from 0) when the values are put in rising order. Moves them
 * about: those before place k are then no larger, those after it no smaller.
 *
 * @param[in,out] values  [n] none NaN
 * Cost: O(n) on average, whatever the values
 */
double spk__select(double *values, int64_t n, int64_t k);

/**
 * A percentile of n values and n_zeros more that are 0, by linear interpolation between the
 * two nearest in rank, as numpy.percentile() does it to the last bit: at the place
 * p (n + n_zeros - 1) / 100 from the smallest on. Moves the values about.
 *
 * @param[in,out] values   [n] none NaN; if n_zeros > 0 all above 0
 * @param[in]     percent  0 .. 100
 * @return NaN if there are no values
 */
double spk__percentile(double *values, int64_t n, int64_t n_zeros, double percent);

#endif
