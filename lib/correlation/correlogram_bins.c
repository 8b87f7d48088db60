/* SPDX-License-Identifier: BSD-3-Clause */
#include "correlation/correlogram_bins.h"

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

/* The value of quotient q in one direction. */
static inline int64_t value_at(const spk__correlogram_bins *bins,
                               const uint32_t *counters, int64_t q, int edge_shift)
{
    int64_t value = counters[q];
    if (bins->has_edge)
        value += counters[bins->n_quotients + q + edge_shift];
    return value;
}

void spk__correlogram_add_ascending(const spk__correlogram_bins *bins,
                                    const uint32_t *counters, int add, int64_t *counts,
                                    int64_t *centre)
{
    int64_t n = bins->n_bins - bins->centre;
    int64_t *out = counts + bins->centre;
    const uint32_t *edge = counters + bins->n_quotients + bins->ascending_edge;

    *centre += value_at(bins, counters, 0, bins->ascending_edge);
    if (add)
        for (int64_t q = 1; q < n; q++)
            out[q] += value_at(bins, counters, q, bins->ascending_edge);
    else if (bins->has_edge)
        for (int64_t q = 1; q < n; q++)
            out[q] = (int64_t)counters[q] + edge[q];
    else
        for (int64_t q = 1; q < n; q++)
            out[q] = counters[q];
}

void spk__correlogram_add_descending(const spk__correlogram_bins *bins,
                                     const uint32_t *counters, int add, int64_t *counts,
                                     int64_t *centre)
{
    int64_t first = 1 - bins->descending_gap;
    int64_t n = bins->centre - bins->descending_gap + 1;
    int64_t *out = counts + bins->centre - bins->descending_gap;
    const uint32_t *edge = counters + bins->n_quotients + bins->descending_edge;

    if (bins->descending_gap)
        *centre += counters[bins->n_quotients];
    else
        *centre += value_at(bins, counters, 0, bins->descending_edge);
    if (add)
        for (int64_t q = first; q < n; q++)
            out[-q] += value_at(bins, counters, q, bins->descending_edge);
    else if (bins->has_edge)
        for (int64_t q = first; q < n; q++)
            out[-q] = (int64_t)counters[q] + edge[q];
    else
        for (int64_t q = first; q < n; q++)
            out[-q] = counters[q];
}
