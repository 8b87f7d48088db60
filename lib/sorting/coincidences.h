/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SPIKEKIT_SORTING_COINCIDENCES_H
#define SPIKEKIT_SORTING_COINCIDENCES_H

#include <spikekit/context.h>
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

enum {
    SPK__COINCIDENCE_DISTANCES = 4
};

/** Where the spikes of a train are in time, for a train that is compared with many. */
typedef struct spk__coincidence_index {
    const int64_t *samples; /**< borrowed */
    int64_t n_spikes;
    int64_t reach;    /**< the largest distance */
    int32_t is_plain; /**< no places: times too large for sums of them */
    int32_t shift;    /**< bins are 2^shift samples wide, from samples[0] - reach on */
    uint32_t *firsts; /**< the first spike at most `reach` before each bin, or later */
    int64_t room;
} spk__coincidence_index;

/** Makes the index anew in the memory it has, {0} at first. Free it whatever is returned.
 *  @return SPK_OK; SPK_ERR_MEMORY */
spk_status spk__coincidence_index_make(spk_context *ctx, spk__coincidence_index *index,
                                       const int64_t *samples, int64_t n_spikes,
                                       int64_t reach);
void spk__coincidence_index_free(spk__coincidence_index *index);

/**
 * Pairs with a spike of another train no further apart than each of some distances, none of
 * which is above the reach; none for a negative distance.
 * Cost: O(n_b + pairs within the reach), but at most O(both trains)
 */
void spk__coincidence_index_count(const spk__coincidence_index *index, const int64_t *b,
                                  int64_t n_b,
                                  const int64_t distances[SPK__COINCIDENCE_DISTANCES],
                                  int64_t counts[SPK__COINCIDENCE_DISTANCES]);

#endif
