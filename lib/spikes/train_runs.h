/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SPIKEKIT_SPIKES_TRAIN_RUNS_H
#define SPIKEKIT_SPIKES_TRAIN_RUNS_H

#include <spikekit/trains.h>
#include <stdint.h>

/** The length of a run [samples]; 2^63 - 1 if it is beyond. */
static inline int64_t spk__run_length(const spk_train *train, int64_t run)
{
    const uint64_t length =
        (uint64_t)train->run_stops[run] - (uint64_t)train->run_starts[run];
    return length > (uint64_t)INT64_MAX ? INT64_MAX : (int64_t)length;
}

#endif
