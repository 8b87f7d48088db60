/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SPIKEKIT_SORTING_METRIC_COLUMNS_H
#define SPIKEKIT_SORTING_METRIC_COLUMNS_H

#include <stddef.h>
#include <stdint.h>

/* The columns that a group of metrics fills; those that are not wanted are NULL. */

/** Nonzero if any of the metrics first .. last is wanted. */
static inline int spk__columns_want(double *const *values, int first, int last)
{
    for (int m = first; m <= last; m++)
        if (values[m] != NULL)
            return 1;
    return 0;
}

/** Fills a place, if the metric is wanted. */
static inline void spk__columns_put(double *const *values, int metric, int64_t unit,
                                    double value)
{
    if (values[metric] != NULL)
        values[metric][unit] = value;
}

#endif
