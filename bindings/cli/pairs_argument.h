/* SPDX-License-Identifier: BSD-3-Clause */
/* Which pairs of units, and which share of the work: --pairs, --near, --shard. */
#ifndef SPIKEKIT_CLI_PAIRS_ARGUMENT_H
#define SPIKEKIT_CLI_PAIRS_ARGUMENT_H

#include "session_argument.h"

/** "3:7,3:12": chooses the units that it names and gives the pairs as indices into the
 *  selection; the caller frees. @return COMMAND_OK or an exit status */
int pairs_argument_parse(const char *name, spk_session *session, const char *text,
                         unit_selection *selection, int32_t (**pairs)[2],
                         int64_t *n_pairs);

/** The ordered pairs of chosen units no further apart than near_um; the caller frees.
 *  @return COMMAND_OK or an exit status */
int pairs_argument_near(const char *name, spk_context *ctx, spk_session *session,
                        const unit_selection *selection, double near_um,
                        int32_t (**pairs)[2], int64_t *n_pairs);

/** "K/N" with 1 <= K <= N. @return COMMAND_OK or an exit status */
int shard_argument_parse(const char *name, const char *text, int64_t *shard,
                         int64_t *n_shards);

/** Where the K-th of N shards of n ends, n K / N without overflow; that of K - 1 is where it
 *  begins. */
int64_t shard_argument_edge(int64_t n, int64_t k, int64_t n_shards);

/** Sorts places and drops what is there twice. @return how many stay */
int64_t places_make_distinct(int64_t *places, int64_t n);

/** The index in the selection of a place in the session, -1 if it was not chosen. */
int32_t unit_selection_index(const unit_selection *selection, int64_t place);

#endif
