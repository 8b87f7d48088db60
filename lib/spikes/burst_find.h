/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SPIKEKIT_SPIKES_BURST_FIND_H
#define SPIKEKIT_SPIKES_BURST_FIND_H

#include <spikekit/bursts.h>
#include <spikekit/trains.h>

/** Bursts of one unit as they are found. */
typedef struct spk__burst_list {
    spk_context *ctx;
    spk_burst *items;
    int64_t n, room;
    double threshold_s;
} spk__burst_list;

/** Appends spikes first .. last of the train; the rest of the burst is filled in later. */
spk_status spk__burst_append(spk__burst_list *list, int64_t first, int64_t last);

/** Mean interval within runs [samples]; NaN without intervals or when all are 0. */
double spk__burst_mean_interval(const spk_train *train);

/** -ln P(N >= n_spikes - 1), N Poisson with mean duration / mean_interval. */
double spk__burst_surprise(int64_t n_spikes, double duration, double mean_interval);

spk_status spk__bursts_max_interval(const spk_train *train,
                                    const spk_bursts_options *options, double rate_hz,
                                    spk__burst_list *list);
spk_status spk__bursts_log_isi(const spk_train *train, const spk_bursts_options *options,
                               double rate_hz, spk__burst_list *list);
spk_status spk__bursts_surprise(const spk_train *train, const spk_bursts_options *options,
                                spk__burst_list *list);

#endif
