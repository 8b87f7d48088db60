/* SPDX-License-Identifier: BSD-3-Clause */
/* Opens the session that a command line names and chooses units from it. */
#ifndef SPIKEKIT_CLI_SESSION_ARGUMENT_H
#define SPIKEKIT_CLI_SESSION_ARGUMENT_H

#include "command.h"
#include "options.h"

#include <spikekit/session.h>
#include <stdint.h>

/** What options_session fills; zero is the default of each. */
typedef struct session_arguments {
    double rate_hz;
    double duration_s;
    const char *times; /**< --times and --clusters: a bare pair instead of a folder */
    const char *clusters;
    int32_t sort;
    int32_t as_sorted;
} session_arguments;

/**
 * Opens the one operand, or the pair --times / --clusters, speaking on failure.
 * @return COMMAND_OK, or an exit status; then *session is NULL
 */
int session_argument_open(const char *name, spk_context *ctx,
                          const session_arguments *arguments,
                          const operand_list *operands, spk_session **session);

/** Some units of a session: their spike table and ids. Borrows from the session where all
 *  units are chosen, otherwise owns a copy of their spikes. */
typedef struct unit_selection {
    spk_spikes spikes;       /**< units 0 .. n_units - 1 are the chosen ones */
    const int64_t *unit_ids; /**< [spikes.n_units], rising */
    int64_t *places;         /**< [spikes.n_units] index of each in the session */
    void *owned[3];
} unit_selection;

/**
 * Chooses units: "all", a quality ("good", "mua", "noise", "unsorted"), or ids "1,2,5-9".
 * Speaks on failure: an id that is not there is named. Clear with unit_selection_clear().
 * @return COMMAND_OK or an exit status
 */
int unit_selection_make(const char *name, spk_session *session, const char *text,
                        unit_selection *selection);

/** Chooses the units at the given places of the session, rising and distinct.
 *  @return COMMAND_OK or an exit status */
int unit_selection_make_places(const char *name, spk_session *session,
                               const int64_t *places, int64_t n,
                               unit_selection *selection);

void unit_selection_clear(unit_selection *selection);

/** Parses what unit_selection_make() takes into places: rising and distinct, the caller
 *  frees. @return COMMAND_OK or an exit status */
int unit_selection_parse(const char *name, spk_session *session, const char *text,
                         int64_t **places, int64_t *n);

/** The place of a unit id in the session, -1 if it is not there. */
int64_t unit_selection_find(const spk_session *session, int64_t unit_id);

#endif
