/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Only bins with spikes are visited, so that time is that of the spikes, however long the
 * recording and short the bins.
 */
#include "sorting/train_bins.h"

#include <math.h>

int64_t spk__trains_largest(const spk_trains *trains)
{
    const int64_t n_units = spk_trains_spikes(trains)->n_units;
    int64_t largest = 0;
    for (int64_t u = 0; u < n_units; u++) {
        const int64_t n = spk_trains_unit(trains, u).n_spikes;
        largest = n > largest ? n : largest;
    }
    return largest;
}

spk__trains_span spk__trains_find_span(const spk_trains *trains)
{
    const int64_t n_units = spk_trains_spikes(trains)->n_units;
    spk__trains_span span = {0, INT64_MAX, INT64_MIN};
    for (int64_t u = 0; u < n_units; u++) {
        const spk_train train = spk_trains_unit(trains, u);
        if (train.n_spikes == 0)
            continue;
        const int64_t last = train.samples[train.n_spikes - 1];
        span.first = train.samples[0] < span.first ? train.samples[0] : span.first;
        span.last = last > span.last ? last : span.last;
        span.n_spikes += train.n_spikes;
    }
    if (span.n_spikes == 0)
        span.first = span.last = 0;
    return span;
}

int64_t spk__train_bin_counts(const spk_train *train, int64_t bin_samples, double *counts,
                              int64_t *n_bins)
{
    int64_t n_filled = 0;
    *n_bins = 0;
    for (int64_t r = 0; r < train->n_runs; r++) {
        const int64_t start = train->run_starts[r];
        const int64_t n_whole = (train->run_stops[r] - start) / bin_samples;
        const int64_t stop = start + n_whole * bin_samples;
        const int64_t end = train->run_offsets[r + 1];
        int64_t i = train->run_offsets[r];
        *n_bins += n_whole;
        while (i < end && train->samples[i] < stop) {
            const int64_t bin = (train->samples[i] - start) / bin_samples;
            const int64_t edge = start + (bin + 1) * bin_samples, before = i;
            while (i < end && train->samples[i] < edge)
                i++;
            counts[n_filled++] = (double)(i - before);
        }
    }
    return n_filled;
}

/* The first sample of bin k, counted from the origin. */
static int64_t edge_of(const spk__bin_grid *grid, int64_t k)
{
    if (grid->n_parts == 0) {
        const double edge = ceil((double)k * grid->width);
        return edge < 9223372036854775808.0 ? (int64_t)edge : INT64_MAX; /* 2^63 */
    }
    const int64_t q = grid->span / grid->n_parts, r = grid->span % grid->n_parts;
    if (k > grid->n_parts)
        return INT64_MAX;
    return k * q + (k * r + grid->n_parts - 1) / grid->n_parts;
}

/* The bin of a sample at or after the origin; may be n_bins or more. */
static int64_t bin_of(const spk__bin_grid *grid, int64_t sample)
{
    const int64_t at = sample - grid->origin;
    const double width =
        grid->n_parts == 0 ? grid->width : (double)grid->span / (double)grid->n_parts;
    int64_t k = (int64_t)((double)at / width);
    while (k > 0 && edge_of(grid, k) > at)
        k--;
    while (edge_of(grid, k + 1) <= at)
        k++;
    return k >= grid->n_bins && sample == grid->last ? grid->n_bins - 1 : k;
}

static int64_t count_seen(const spk_train *train, const spk__bin_grid *grid)
{
    int64_t n_seen = 0, next = 0; /* bins before `next` have been counted, or passed */
    for (int64_t r = 0; r < train->n_runs && next < grid->n_bins; r++) {
        const int64_t start = train->run_starts[r], stop = train->run_stops[r];
        if (stop <= grid->origin)
            continue;
        int64_t first = start <= grid->origin ? 0 : bin_of(grid, start);
        int64_t end = stop > grid->last ? grid->n_bins : bin_of(grid, stop - 1) + 1;
        first = first < next ? next : first;
        end = end < grid->n_bins ? end : grid->n_bins;
        if (end > first) {
            n_seen += end - first;
            next = end;
        }
    }
    return n_seen;
}

int64_t spk__train_grid_counts(const spk_train *train, const spk__bin_grid *grid,
                               double *counts, int64_t *n_seen)
{
    int64_t n_filled = 0, i = 0;
    *n_seen = count_seen(train, grid);
    while (i < train->n_spikes && train->samples[i] < grid->origin)
        i++;
    while (i < train->n_spikes) {
        const int64_t bin = bin_of(grid, train->samples[i]), before = i;
        if (bin >= grid->n_bins)
            break;
        const int64_t edge = edge_of(grid, bin + 1);
        const int takes_last = bin == grid->n_bins - 1;
        while (i < train->n_spikes && (train->samples[i] - grid->origin < edge ||
                                       (takes_last && train->samples[i] == grid->last)))
            i++;
        counts[n_filled++] = (double)(i - before);
    }
    return n_filled;
}
