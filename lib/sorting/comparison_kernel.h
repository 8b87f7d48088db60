/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SPIKEKIT_SORTING_COMPARISON_KERNEL_H
#define SPIKEKIT_SORTING_COMPARISON_KERNEL_H

#include "sorting/comparison_pairs.h"

#include <stdint.h>

/* The loop in which comparisons spend most of their time; see comparison_counts.c. */

enum {
    SPK__NEAR_PADDING = 24 /* entries behind the last one, in no one's reach */
};

/** Flag of a spike that is not lonely, beside its unit. */
#define SPK__CROWDED (UINT32_C(1) << 31)

/** Spikes of a table near a chunk, in order of time, and their padding. */
typedef struct spk__near_spikes {
    int32_t *times; /**< from the origin of the chunk; padding INT32_MAX */
    int32_t
        *predecessors; /**< times of the spike before, of the same unit; at the earliest
                            *   just out of reach; padding INT32_MAX */
    uint32_t *units;   /**< and SPK__CROWDED; padding 0 */
    int64_t n;
    int64_t own_first; /**< places of the chunk's own spikes */
    int64_t own_last;
    int32_t *counts; /**< spikes of the unit at this time; not read by the kernel */
} spk__near_spikes;

typedef struct spk__coincidences {
    const spk__near_spikes *a;
    const spk__near_spikes *b;
    int32_t delta;
    int64_t row_first; /**< unit of a that has the first row of counters */
    int64_t n_columns;
    uint32_t *counters;     /**< [rows][n_columns] */
    uint32_t *keys;         /**< [SPK__COINCIDENCE_KEYS + SPK__NEAR_PADDING] scratch */
    uint64_t *lanes;        /**< [256] from spk__coincidences_lanes() */
    spk__pair_table *pairs; /**< instead of counters, unless NULL; has_failed is for the
                             *   caller to look at */
} spk__coincidences;

enum {
    SPK__COINCIDENCE_KEYS = 4096
};

/** Fills the table of lanes: byte k of lanes[mask] is the k-th bit that is set. */
void spk__coincidences_lanes(uint64_t lanes[256]);

/** Counts the coincidences of a's own spikes of which one spike, or both, are lonely. */
void spk__coincidences_count(const spk__coincidences *c);

/** The same without vector instructions. */
void spk__coincidences_count_plain(const spk__coincidences *c);

#endif
