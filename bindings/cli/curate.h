/* SPDX-License-Identifier: BSD-3-Clause */
/* What the parts of the curate command share: its arguments, and what it has decided so far. */
#ifndef SPIKEKIT_CLI_CURATE_H
#define SPIKEKIT_CLI_CURATE_H

#include "command.h"
#include "options.h"
#include "session_argument.h"

#include <spikekit/curation.h>
#include <spikekit/labels.h>
#include <spikekit/metrics.h>
#include <spikekit/session.h>

#define CURATE_NAME "curate"

typedef struct curate_arguments {
    operand_list operands;
    const char *output;
    int32_t phy;
    int32_t overwrite;
    int32_t dry_run;
    const char *thresholds;
    const char *label_name;
    const char *write_thresholds;
    const char *curation;
    const char *merge;
    const char *merges;
    const char *split;
    const char *remove;
    int32_t remove_duplicates;
    int32_t remove_redundant;
    double censor_ms;
    session_arguments session;
    run_arguments run;
} curate_arguments;

/** Units as some steps left them. */
typedef struct unit_table {
    spk_spikes spikes;
    int64_t *ids;     /**< [n_units] rising */
    int64_t *kept;    /**< [n_spikes] place of each spike in the session */
    int64_t *samples; /**< [n_spikes] */
    int32_t *units;   /**< [n_spikes] */
    /* Of each spike, NULL where not known: */
    double *amplitudes;
    double *positions;     /**< x, y */
    int32_t *templates_of; /**< row of the templates */
} unit_table;

typedef struct curate_state {
    spk_session *session;
    spk_metrics_input input; /**< of the session */
    spk_curation *curation;
    spk_thresholds *thresholds; /**< NULL: no labels by thresholds */
    int64_t n_duplicates;       /**< spikes removed */
    spk_table *by_hand;         /**< labels of a curation file; NULL */
    unit_table now;             /**< when all steps are taken */
    spk_metrics *metrics;
    const char **labels;  /**< [n_units] "" for none; NULL: no labels */
    char (*reasons)[256]; /**< [n_units] */
    double *passed;       /**< [n_units] */
} curate_state;

/** Makes the table of the units there are now; with what is known of its spikes.
 *  Clear it whatever is returned. @return COMMAND_OK or an exit status, having spoken */
int curate_make_table(spk_context *ctx, const curate_state *state, unit_table *table);
void curate_clear_table(unit_table *table);

/** Views of the table's arrays. */
spk_array curate_amplitudes(const unit_table *table);
spk_array curate_positions(const unit_table *table);

/* curate_steps.c: takes all the steps that the arguments ask for.
 * @return COMMAND_OK or an exit status, having spoken */
int curate_take_steps(const curate_arguments *arguments, spk_context *ctx,
                      curate_state *state);

/* curate_labels.c: labels the units of the table as it is now. */
int curate_label(spk_context *ctx, curate_state *state);

/* curate_output.c: says what was decided, and writes it. */
void curate_print_summary(const curate_arguments *arguments, const curate_state *state);
int curate_write(const curate_arguments *arguments, spk_context *ctx,
                 curate_state *state);

/* curate_inherited.c: what the session's labels say of the units as they are now. A unit that
 * was made of several has what they all have, or nothing. */

/** Writes all of them as cluster_NAME.tsv, except one name (or NULL). */
spk_status curate_write_inherited(spk_context *ctx, const char *except,
                                  const curate_state *state, const char *folder);
/** Writes cluster_group.tsv as it is at `from`, if it is, with rows for new units, and noise
 *  for the cluster of removed spikes (-1: there is none); nothing if there are no such rows. */
spk_status curate_write_groups(spk_context *ctx, const curate_state *state,
                               int64_t removed, const char *from, const char *to);

/** The name of the column of labels. */
const char *curate_label_name(const curate_arguments *arguments);

/** Says that memory ran out. @return COMMAND_FAILED */
int curate_fail_memory(void);

#endif
