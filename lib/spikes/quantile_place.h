/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SPIKEKIT_SPIKES_QUANTILE_PLACE_H
#define SPIKEKIT_SPIKES_QUANTILE_PLACE_H

#include <stdint.h>

/** Where a quantile lies among n sorted values, n >= 1: at share (n - 1), which is between the
 *  values `below` and `above` (the same for the last), `part` of the way. */
typedef struct spk__quantile_place {
    int64_t below, above;
    double part;
} spk__quantile_place;

static inline spk__quantile_place spk__quantile_place_of(int64_t n, double share)
{
    const double place = share * (double)(n - 1);
    const int64_t below = (int64_t)place < n - 1 ? (int64_t)place : n - 1;
    const int64_t above = below + 1 < n ? below + 1 : below;
    return (spk__quantile_place){below, above, place - (double)below};
}

static inline double spk__quantile_between(double low, double high,
                                           spk__quantile_place place)
{
    return low + place.part * (high - low);
}

#endif
