/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SPIKEKIT_SORTING_CONSENSUS_STATE_H
#define SPIKEKIT_SORTING_CONSENSUS_STATE_H

#include <spikekit/consensus.h>

struct spk_consensus {
    int64_t n_sortings;
    int64_t n_units;
    int64_t delta;       /* of the comparisons [samples] */
    int64_t *n_in_units; /* [n_sortings] units of each sorting */
    int32_t *members;    /* [n_units][n_sortings] */
    int32_t *n_members;  /* [n_units] */
    double *agreements;  /* [n_units] */
    int64_t n_epochs;    /* -1: the whole recording */
    int64_t *epoch_starts;
    int64_t *epoch_stops;
};

#endif
