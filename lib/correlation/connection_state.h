/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SPIKEKIT_CORRELATION_CONNECTION_STATE_H
#define SPIKEKIT_CORRELATION_CONNECTION_STATE_H

#include "correlation/connection_method.h"

#include <spikekit/correlogram.h>

/* What one worker found. */
typedef struct spk__connection_findings {
    spk_connection *rows;
    int64_t n_rows;
    int64_t room;
    int64_t n_tests;
    void *scratch;
} spk__connection_findings;

/** One call: what was asked for, and what all pairs share. */
typedef struct spk__connection_state {
    spk_context *ctx;
    const spk__connection_method *method;
    spk__connection_work work;
    double log_max_p; /* of rows that are kept */
    spk_correlogram_options bins;
    int64_t *n_spikes;
    int64_t *auto_counts;
    spk_trains *trains;
    void *shared;
    int32_t n_workers;
    spk__connection_findings *workers;
    const int32_t (*pairs)[2]; /* of the loop over chosen pairs */
    const int64_t *counts;     /* [pairs][n_bins] or NULL */
} spk__connection_state;

/** Options with the method's own values filled in, the bins, and what follows from them.
 *  state->method is set; state->work.options becomes `options`. */
spk_status spk__connection_resolve(spk_context *ctx, const spk_spikes *spikes,
                                   const spk_connections_options *given,
                                   spk_connections_options *options,
                                   spk__connection_state *state);

/** A copy of options of any size that this library knows, defaults for NULL. */
spk_status spk__connection_take_options(spk_context *ctx,
                                        const spk_connections_options *given,
                                        spk_connections_options *options);

/** The method that the options name. */
spk_status spk__connection_choose(spk_context *ctx,
                                  const spk_connections_options *options,
                                  const spk__connection_method **method);

/** Counts and groups what the method needs of all pairs. */
spk_status spk__connection_prepare(spk_context *ctx, spk__connection_state *state);

/** Makes as many workers as n_tasks need. */
spk_status spk__connection_create_workers(spk_context *ctx, spk__connection_state *state,
                                          int64_t n_tasks);

void spk__connection_state_clear(spk__connection_state *state);

#endif
