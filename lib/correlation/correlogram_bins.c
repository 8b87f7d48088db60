/* SPDX-License-Identifier: BSD-3-Clause */
#include "correlation/correlogram_bins.h"

#include "correlation/clones.h"

#include <string.h>

void spk__correlogram_bins_init(spk__correlogram_bins *bins,
                                const spk_correlogram_options *options)
{
    int64_t b = options->bin_samples;
    int64_t half = options->n_bins / 2;

    memset(bins, 0, sizeof *bins);
    bins->n_bins = options->n_bins;
    bins->bin = b;
    bins->centre = half;
    bins->later_ascends = 1;
    bins->descending_edge = 1;
    switch (options->convention) {
    case SPK_CORRELOGRAM_SPIKEINTERFACE:
        bins->reach = half * b;
        bins->has_edge = 1;
        bins->descending_gap = 1;
        bins->later_ascends = 0;
        break;
    case SPK_CORRELOGRAM_PHY:
        bins->reach = (half + 1) * b - 1;
        bins->descending_edge = 0;
        bins->centre_is_maximum = 1;
        bins->times_through_seconds = 1;
        break;
    case SPK_CORRELOGRAM_CELLEXPLORER:
        bins->ascending_edge = 1;
        bins->descending_edge = 0;
        break;
    default:
        break;
    }
    if (options->convention == SPK_CORRELOGRAM_SPIKEKIT ||
        options->convention == SPK_CORRELOGRAM_CELLEXPLORER) {
        /* With an odd width the edges lie between samples: no lag is ever on one. */
        bins->offset = b / 2;
        bins->reach = (2 * half + 1) * b / 2;
        bins->has_edge = b % 2 == 0;
    }
    bins->n_quotients = (bins->reach + bins->offset) / b + 1;
    bins->stride = bins->has_edge ? 2 * bins->n_quotients : bins->n_quotients;
}

/* Stores or adds interior + edge; `edge` is NULL where no lag is on an edge. */
#define WRITE(place, operation)                                                          \
    if (edge == NULL)                                                                    \
        for (int64_t q = first; q < end; q++)                                            \
            (place) operation counters[q];                                               \
    else                                                                                 \
        for (int64_t q = first; q < end; q++)                                            \
        (place) operation(int64_t) counters[q] + edge[q]

static inline void write_ascending(const uint32_t *restrict counters,
                                   const uint32_t *restrict edge, int64_t end, int add,
                                   int64_t *restrict out)
{
    const int64_t first = 1;
    if (add) {
        WRITE(out[q], +=);
    } else {
        WRITE(out[q], =);
    }
}

static inline void write_descending(const uint32_t *restrict counters,
                                    const uint32_t *restrict edge, int64_t first,
                                    int64_t end, int add, int64_t *restrict out)
{
    if (add) {
        WRITE(out[-q], +=);
    } else {
        WRITE(out[-q], =);
    }
}

SPK__CLONES void spk__correlogram_write(const spk__correlogram_bins *bins, int ascending,
                                        int add, const spk__correlogram_run *run)
{
    const int64_t gap = ascending ? 0 : bins->descending_gap;
    const int64_t shift = ascending ? bins->ascending_edge : bins->descending_edge;
    const int64_t end = ascending ? bins->n_bins - bins->centre : bins->centre - gap + 1;

    for (int64_t pair = 0; pair < run->n; pair++) {
        const uint32_t *counters = run->counters + pair * run->counters_step;
        const uint32_t *edge =
            bins->has_edge ? counters + bins->n_quotients + shift : NULL;
        int64_t *out = run->counts + pair * run->counts_step + bins->centre - gap;
        if (gap == 1)
            run->centres[pair] += counters[bins->n_quotients];
        else
            run->centres[pair] += (int64_t)counters[0] + (edge == NULL ? 0 : edge[0]);
        if (ascending)
            write_ascending(counters, edge, end, add, out);
        else
            write_descending(counters, edge, 1 - gap, end, add, out);
    }
}

void spk__correlogram_merge_centres(const spk__correlogram_bins *bins,
                                    const spk__correlogram_run *run)
{
    for (int64_t pair = 0; pair < run->n; pair++) {
        int64_t *cell = run->counts + pair * run->counts_step + bins->centre;
        if (!bins->centre_is_maximum)
            *cell += run->centres[pair];
        else if (*cell < run->centres[pair])
            *cell = run->centres[pair];
    }
}
