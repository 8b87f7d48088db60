/* SPDX-License-Identifier: BSD-3-Clause */
/* What a comparison gives: tables, arrays, trains, and a few lines to read. */
#ifndef SPIKEKIT_CLI_COMPARE_OUTPUT_H
#define SPIKEKIT_CLI_COMPARE_OUTPUT_H

#include "session_argument.h"

#include <spikekit/consensus.h>

typedef struct compare_arguments {
    operand_list operands;
    const char *output;
    const char *npz;
    const char *trains;
    int32_t truth;
    int32_t exhaustive;
    int64_t findings;
    int64_t members;
    const char *units;
    const char *epochs;
    int32_t distance;
    int32_t best;
    spk_comparison_options comparison;
    session_arguments session;
    run_arguments run;
} compare_arguments;

/** Everything that was read and computed; zero is nothing yet. */
typedef struct compare_work {
    const compare_arguments *arguments;
    spk_context *ctx;
    int64_t n;                  /**< sessions */
    const char *const *paths;   /**< [n] as given */
    spk_session **sessions;     /**< [n] */
    unit_selection *selections; /**< [n] the units that are compared */
    spk_spikes *sortings;       /**< [n] their spikes */
    spk_comparison *comparison; /**< of two sessions, otherwise NULL */
    spk_consensus *consensus;   /**< of more, or for trains; otherwise NULL */
} compare_work;

/** Each writes one thing whole or not at all. @return COMMAND_OK or an exit status, having
 *  spoken */
int compare_output_table(const compare_work *work, const char *path);
int compare_output_npz(const compare_work *work, const char *path);
int compare_output_trains(const compare_work *work, const char *path);

/** Says on standard output what was found. */
void compare_summary_print(const compare_work *work);

#endif
