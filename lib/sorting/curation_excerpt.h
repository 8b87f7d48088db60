/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SPIKEKIT_SORTING_CURATION_EXCERPT_H
#define SPIKEKIT_SORTING_CURATION_EXCERPT_H

#include "sorting/curation_state.h"

/** A recording made of the spikes of a few units. */
typedef struct spk__curation_excerpt {
    spk_spikes spikes;
    int64_t *samples;
    int32_t *units;
    uint32_t *indices; /* place of each spike in the whole table */
    double *amplitudes;
    double *positions; /* x of all, then y: column-major */
    int32_t *spike_templates;
    spk_array amplitude_array;
    spk_array position_array;
    spk_templates templates;
} spk__curation_excerpt;

/**
 * Takes the spikes of the slots, as units 0 .. n_units - 1. Free it whatever is returned.
 * @param[in] with_ends  nonzero: one unit more has the first and the last spike of all in the
 *                       epochs: some tools take the time between those for the length of the
 *                       recording
 * @return SPK_OK; SPK_ERR_MEMORY
 */
spk_status spk__curation_excerpt_make(spk_context *ctx, const spk_curation *c,
                                      const spk_epochs *epochs, int with_ends,
                                      int64_t n_units, const int64_t *slots,
                                      spk__curation_excerpt *e);

/** Reads what is known of each spike. @return SPK_OK; SPK_ERR_MEMORY; SPK_ERR_ARGUMENT */
spk_status spk__curation_excerpt_values(spk_context *ctx, const spk_curation *c,
                                        spk__curation_excerpt *e);

void spk__curation_excerpt_free(spk__curation_excerpt *e);

#endif
