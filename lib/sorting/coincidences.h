/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SPIKEKIT_SORTING_COINCIDENCES_H
#define SPIKEKIT_SORTING_COINCIDENCES_H

#include <stdint.h>

/*
 * Counts of pairs of spikes that are close in time. Trains are sorted; a distance is >= 0 and
 * inclusive. Differences are taken without overflow, whatever the times.
 */

/** Whether two times, early <= late, are no further apart than a distance. */
static inline int spk__times_close(int64_t early, int64_t late, int64_t distance)
{
    return (uint64_t)late - (uint64_t)early <= (uint64_t)distance;
}

/** Pairs of spikes, one of each train. */
int64_t spk__coincidences_across(const int64_t *a, int64_t n_a, const int64_t *b,
                                 int64_t n_b, int64_t distance);

/** Pairs of two spikes of one train. */
int64_t spk__coincidences_within(const int64_t *a, int64_t n_a, int64_t distance);

#endif
