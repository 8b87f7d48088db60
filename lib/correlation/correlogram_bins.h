/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SPIKEKIT_CORRELATION_CORRELOGRAM_BINS_H
#define SPIKEKIT_CORRELATION_CORRELOGRAM_BINS_H

#include <spikekit/correlogram.h>
#include <stdint.h>

/*
 * How any integer convention is counted by one engine. Each pair of spikes is met once, from
 * the earlier spike; with d >= 0 the time to the later one, x = d + offset and q = x / bin:
 *
 *   counters[q]                interior: pairs strictly between two bin edges
 *   counters[n_quotients + q]  edge: pairs with x = q * bin exactly (only if has_edge)
 *
 * A lag on an edge is what conventions disagree about, and what breaks the mirror symmetry
 * between the correlogram of (i, j) and that of (j, i); kept apart, both directions follow
 * from one count:
 *
 *   ascending   bin centre + q                 += interior[q] + edge[q + ascending_edge]
 *   descending  bin centre - descending_gap - q += interior[q] + edge[q + descending_edge]
 *
 * The bin `centre` is the only one that both directions reach. With a gap of 1 (no centre
 * bin) the descending direction reaches it through edge[0] alone.
 */
typedef struct spk__correlogram_bins {
    int64_t n_bins;
    int64_t bin;            /* bin width [samples] */
    int64_t offset;         /* added to d before the division */
    int64_t reach;          /* largest d that can fall into a bin */
    int64_t n_quotients;    /* values of q for d in 0 .. reach */
    int64_t stride;         /* counters a pair of units */
    int64_t centre;         /* index of the shared bin */
    int64_t descending_gap; /* 0, or 1 where there is no centre bin */
    int has_edge;
    int ascending_edge;        /* 0: bins closed on the left, 1: on the right */
    int descending_edge;       /* the opposite */
    int later_ascends;         /* a later partner is at a positive lag */
    int centre_is_maximum;     /* PHY: the larger of the two directions, not their sum */
    int times_through_seconds; /* PHY: trunc((sample / rate) * rate) */
} spk__correlogram_bins;

/** Fills bins from checked options of any convention but PYNAPPLE. */
void spk__correlogram_bins_init(spk__correlogram_bins *bins,
                                const spk_correlogram_options *options);

/** A run of pairs: their counters, and where their histograms stand. */
typedef struct spk__correlogram_run {
    int64_t n;                /* pairs */
    const uint32_t *counters; /* of the first pair */
    int64_t counters_step;    /* elements from pair to pair */
    int64_t *counts;          /* histogram of the first pair */
    int64_t counts_step;      /* elements from pair to pair */
    int64_t *centres;         /* [n] */
} spk__correlogram_run;

/** Adds (or, with `add` 0, stores) one direction of each pair of a run into its histogram.
 *  What belongs to the shared bin is added to the pair's centre instead. */
void spk__correlogram_write(const spk__correlogram_bins *bins, int ascending, int add,
                            const spk__correlogram_run *run);

/** Gives the shared bin of each pair of a run its centre: the sum, or the maximum. */
void spk__correlogram_merge_centres(const spk__correlogram_bins *bins,
                                    const spk__correlogram_run *run);

/** Checks options and table for every counting function; fills defaults when NULL. */
spk_status spk__correlogram_check(spk_context *ctx, const spk_spikes *spikes,
                                  const spk_correlogram_options *given,
                                  spk_correlogram_options *options);

/** Checks options alone. */
spk_status spk__correlogram_check_options(spk_context *ctx,
                                          const spk_correlogram_options *given,
                                          spk_correlogram_options *options);

#endif
