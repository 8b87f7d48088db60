/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SPIKEKIT_CONSENSUS_H
#define SPIKEKIT_CONSENSUS_H

/*
 * Several sortings of one recording, joined into units that they agree on.
 *
 * Every two sortings are compared (see comparison.h) and their assigned matches become links
 * between units. Links are taken by falling agreement; one joins the groups of its two units
 * unless both groups already hold a unit of one sorting. What results are the consensus units:
 * groups of units with at most one from each sorting. Units without link are groups of their
 * own. Groups come in the order of their first unit, by sorting, then unit. Links of equal
 * agreement are taken in that order too.
 *
 * Where no two units of one sorting are linked by way of others these are the connected
 * groups, as SpikeInterface's compare_multiple_sorters() has them. Where they are, it cuts the
 * weakest links of such a group, which need not part them.
 */

#include <spikekit/comparison.h>
#include <spikekit/context.h>
#include <spikekit/spikes.h>
#include <spikekit/status.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Units that several sortings agree on; read-only, any number of threads may use one. */
typedef struct spk_consensus spk_consensus;

/**
 * Joins several sortings.
 *
 * @param[in]  ctx         threads, progress, cancel; holds the message on error
 * @param[in]  sortings    [n_sortings] valid spike tables, borrowed for the call
 * @param[in]  n_sortings  1 .. 1000
 * @param[in]  options     of every comparison, none of which has a truth; NULL for the
 *                         defaults
 * @param[out] consensus   destroy with spk_consensus_destroy()
 * @return SPK_OK; SPK_ERR_ARGUMENT (NULL, n_sortings, options->truth); as
 *         spk_comparison_create(), the message tells which two sortings
 * Cost:    n_sortings (n_sortings - 1) / 2 comparisons, one after the other
 * Threads: those of a comparison; same result for any number
 * Source:  Buccino et al. (2020) eLife 9:e61834
 */
SPK_API SPK_MUST_CHECK spk_status
spk_consensus_create(spk_context *ctx, const spk_spikes *sortings, int64_t n_sortings,
                     const spk_comparison_options *options, spk_consensus **consensus);

/** Frees. NULL is fine. */
SPK_API void spk_consensus_destroy(spk_consensus *consensus);

SPK_API int64_t spk_consensus_n_sortings(const spk_consensus *consensus);
SPK_API int64_t spk_consensus_n_units(const spk_consensus *consensus);
/** [n_units][n_sortings] the unit of each sorting in the group; -1: none. */
SPK_API const int32_t *spk_consensus_members(const spk_consensus *consensus);
/** [n_units] how many sortings found it. */
SPK_API const int32_t *spk_consensus_n_members(const spk_consensus *consensus);
/** [n_units] mean agreement of the links within the group; NaN for one unit alone. */
SPK_API const double *spk_consensus_agreements(const spk_consensus *consensus);

/**
 * The most spikes that spk_consensus_trains() may give: all spikes of all sortings.
 * @return SPK_OK; SPK_ERR_ARGUMENT; SPK_ERR_OVERFLOW
 */
SPK_API SPK_MUST_CHECK spk_status spk_consensus_trains_length(spk_context *ctx,
                                                              const spk_spikes *sortings,
                                                              int64_t n_sortings,
                                                              int64_t *length);

/**
 * Spike trains of the consensus units.
 *
 * Spikes of the units of a group are joined into events, sorting by sorting: the spikes of the
 * next one are matched one to one, as many as can be, with the events so far, within delta and
 * in the same epoch; one that matches is one more finding of the event, any other a new event.
 * An event has the time of the first sorting that found it. Events found by at least
 * `least_findings` sortings are the train: 1 gives the union, 0 (all units of the group) the
 * intersection, anything between a majority of some kind. SpikeInterface's trains come from
 * the two units of the strongest link alone, matched within 5 samples whatever delta is.
 *
 * @param[in]  ctx             holds the message on error
 * @param[in]  consensus       from spk_consensus_create()
 * @param[in]  sortings        [n_sortings] the tables it was made from
 * @param[in]  least_findings  >= 0; 0: as many as the group has units. A group with fewer
 *                             units has no spikes
 * @param[in]  least_members   groups of fewer units are left without spikes; >= 1
 * @param[out] samples         [length] times
 * @param[out] units           [length] consensus unit of each
 * @param[out] spikes          table that borrows both, n_units that of the consensus; from
 *                             the first start to the last stop of the sortings
 * @return SPK_OK; SPK_ERR_ARGUMENT (NULL, other sortings than the ones it was made from,
 *         least_findings < 0, least_members < 1); SPK_ERR_MEMORY
 * Cost: O(spikes * sortings) time; 12 bytes a spike of all sortings and 40 a spike of the
 *       result
 */
SPK_API SPK_MUST_CHECK spk_status spk_consensus_trains(
    spk_context *ctx, const spk_consensus *consensus, const spk_spikes *sortings,
    int32_t least_findings, int32_t least_members, int64_t *samples, int32_t *units,
    spk_spikes *spikes);

#ifdef __cplusplus
}
#endif
#endif
