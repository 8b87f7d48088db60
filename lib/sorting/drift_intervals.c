/* SPDX-License-Identifier: BSD-3-Clause */
/* Goes from spike to spike, so that empty intervals cost nothing however many they are. */
#include "sorting/drift_intervals.h"

#include "sorting/value_order.h"

#include <string.h>

int64_t spk__interval_medians(const spk__intervals *intervals, const int64_t *samples,
                              const double *values, int64_t n, double *room,
                              int64_t *places, double *medians)
{
    const uint64_t origin = (uint64_t)intervals->origin,
                   width = (uint64_t)intervals->width;
    int64_t found = 0, at = 0;
    while (at < n && samples[at] < intervals->origin)
        at++;
    while (at < n) {
        const uint64_t k = ((uint64_t)samples[at] - origin) / width;
        if (k >= (uint64_t)intervals->n)
            break;
        const uint64_t start = origin + k * width;
        while (intervals->is_open && at < n && (uint64_t)samples[at] == start)
            at++;
        int64_t stop = at;
        while (stop < n && (uint64_t)samples[stop] - start < width)
            stop++;
        const int64_t in = stop - at;
        if (in > 0 && in >= intervals->min_spikes) {
            memcpy(room, values + at, (size_t)in * sizeof *room);
            places[found] = (int64_t)k;
            medians[found++] = spk__median(room, in);
        }
        at = stop;
    }
    return found;
}
