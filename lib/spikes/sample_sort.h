/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SPIKEKIT_SPIKES_SAMPLE_SORT_H
#define SPIKEKIT_SPIKES_SAMPLE_SORT_H

#include <spikekit/context.h>
#include <stdint.h>

/** Sorts times that are nearly sorted: O(n) while spikes pass few others, and O(n) with a
 *  spare copy if they pass many. SPK_OK or SPK_ERR_MEMORY. */
spk_status spk__samples_sort_near(spk_context *ctx, int64_t n, int64_t *samples);

/** Sorts times in any order, in O(n), with a spare copy unless they are few. */
spk_status spk__samples_sort(spk_context *ctx, int64_t n, int64_t *samples);

#endif
