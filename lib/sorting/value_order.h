/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SPIKEKIT_SORTING_VALUE_ORDER_H
#define SPIKEKIT_SORTING_VALUE_ORDER_H

#include <stdint.h>

/* Sorting, medians and quantiles of finite numbers. */

/**
 * Sorts in place, smallest first. Linear: a radix sort by 11 bits a pass, of three passes if
 * every value is a float or few are close to others, otherwise of up to nine.
 * @param[in] scratch  [2 n]
 */
void spk__sort_values(double *values, int64_t n, uint64_t *scratch);

/** The median; the mean of the middle two of an even number. Leaves other values behind. O(n).
 *  NaN if n is 0. */
double spk__median(double *values, int64_t n);

/** The median of sorted values; NaN if n is 0. */
double spk__sorted_median(const double *sorted, int64_t n);

/** The quantile q in 0 .. 1 of sorted values, linear between neighbours as numpy's default;
 *  NaN if n is 0. */
double spk__sorted_quantile(const double *sorted, int64_t n, double q);

/** How many of the sorted values are below a limit. */
int64_t spk__sorted_below(const double *sorted, int64_t n, double limit);

#endif
