/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SPIKEKIT_CORRELATION_STTC_H
#define SPIKEKIT_CORRELATION_STTC_H

#include <spikekit/synchrony.h>
#include <stdint.h>

/** One half of the coefficient: p the share of spikes that are near, t of time that is tiled.
 *  0 / 0 counts as 1. */
static inline double spk__sttc_half(double p, double t)
{
    return p * t == 1.0 ? 0.5 : 0.5 * (p - t) / (1.0 - p * t);
}

/** NaN without spikes of either; n_near_a is how many of the n_a are near one of B. */
static inline double spk__sttc_value(int64_t n_near_a, int64_t n_a, double tiled_a,
                                     int64_t n_near_b, int64_t n_b, double tiled_b)
{
    return spk__sttc_half((double)n_near_a / (double)n_a, tiled_b) +
           spk__sttc_half((double)n_near_b / (double)n_b, tiled_a);
}

/** Tiles of one unit, in order of time: how much they cover together. */
typedef struct spk__sttc_tiles {
    uint64_t covered; /* samples */
    int64_t end;      /* one past the last tile */
} spk__sttc_tiles;

/** Adds the tile [sample - before, sample + after) cut to the run. Of touching runs and of
 *  the first spike, `end` must be at most run_start. */
static inline void spk__sttc_add_tile(spk__sttc_tiles *tiles, int64_t sample,
                                      int64_t before, int64_t after, int64_t run_start,
                                      int64_t run_stop)
{
    int64_t start = (uint64_t)sample - (uint64_t)run_start <= (uint64_t)before
                        ? run_start
                        : sample - before;
    const int64_t stop = (uint64_t)run_stop - (uint64_t)sample <= (uint64_t)after
                             ? run_stop
                             : sample + after;
    start = tiles->end > start ? tiles->end : start;
    tiles->covered += (uint64_t)stop - (uint64_t)start;
    tiles->end = stop;
}

/**
 * Which spikes are near those of each unit: as a list of stretches of the spike table without
 * overlap, in order. A spike of B is near one of A when a stretch of A holds it.
 */
typedef struct spk__sttc_table {
    const spk_spikes *spikes;
    int64_t *offsets;     /* [n_units + 1] where the stretches of a unit begin */
    int64_t *n_spans;     /* [n_units] stretches */
    int64_t *n_spikes;    /* [n_units] spikes in runs */
    double *tiled;        /* [n_units] T; NaN without runs */
    uint32_t (*spans)[2]; /* [n_spikes] first place and one past the last */
} spk__sttc_table;

spk_status spk__sttc_table_create(spk_context *ctx, const spk_spikes *spikes,
                                  const spk_epochs *epochs, int64_t window,
                                  int32_t tiling, spk__sttc_table *table);
void spk__sttc_table_destroy(spk__sttc_table *table);

/** Counts for every unit its spikes that are near one of `unit`.
 *  @param[out] counts  [n_units], overwritten */
void spk__sttc_table_count(const spk__sttc_table *table, int64_t unit, uint32_t *counts);

/** spk_sttc_estimate() as one of several steps: progress goes from `from` to `to`. */
spk_status spk__sttc_estimate_part(spk_context *ctx, const spk_spikes *spikes,
                                   const spk_sttc_options *options, double *values,
                                   double from, double to);

#endif
