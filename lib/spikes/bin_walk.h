/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SPIKEKIT_SPIKES_BIN_WALK_H
#define SPIKEKIT_SPIKES_BIN_WALK_H

#include <spikekit/spikes.h>
#include <stdint.h>

/** How the recording is cut into bins; see spk_spikes_bin_length(). Not to be copied. */
typedef struct spk__bin_layout {
    int64_t bin_samples;
    int64_t n_bins;
    spk_epochs epochs;
    int64_t whole[2]; /* the recording as an epoch, when there are no others */
} spk__bin_layout;

/** The errors are those of spk_spikes_bin_length(). No spike is read. */
spk_status spk__bin_layout_make(spk_context *ctx, const spk_spikes *spikes,
                                const spk_binning_options *options,
                                spk__bin_layout *layout);

/** Where in the epochs we are, and the bin of the last spike, in which the next one most
 *  often lies too. */
typedef struct spk__bin_walk {
    const spk__bin_layout *layout;
    int64_t epoch;
    int64_t bins_before; /* in earlier epochs */
    int64_t bin;         /* of the last spike, -1: none */
    int64_t stop;        /* one past that bin */
} spk__bin_walk;

static inline spk__bin_walk spk__bin_walk_start(const spk__bin_layout *layout)
{
    return (spk__bin_walk){.layout = layout, .bin = -1};
}

/** The bin of a sample, -1 outside all bins. Samples must not fall from call to call. */
static inline int64_t spk__bin_walk_to(spk__bin_walk *walk, int64_t sample)
{
    const spk_epochs *epochs = &walk->layout->epochs;
    int64_t width = walk->layout->bin_samples;
    if (walk->bin >= 0 && sample < walk->stop)
        return walk->bin;
    walk->bin = -1;
    while (walk->epoch < epochs->n_epochs && sample >= epochs->stops[walk->epoch]) {
        walk->bins_before +=
            (epochs->stops[walk->epoch] - epochs->starts[walk->epoch]) / width;
        walk->epoch++;
    }
    if (walk->epoch == epochs->n_epochs || sample < epochs->starts[walk->epoch])
        return -1;
    int64_t start = epochs->starts[walk->epoch];
    int64_t bin = (sample - start) / width;
    if (bin >= (epochs->stops[walk->epoch] - start) / width)
        return -1; /* in the rest at the end of the epoch */
    walk->bin = walk->bins_before + bin;
    walk->stop = start + (bin + 1) * width;
    return walk->bin;
}

#endif
