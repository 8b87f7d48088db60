/* SPDX-License-Identifier: BSD-3-Clause */
/* A table of connections of the shell, between the library and the finished file. */
#ifndef SPIKEKIT_CLI_CONNECT_H
#define SPIKEKIT_CLI_CONNECT_H

#include "epochs_argument.h"
#include "options.h"
#include "session_argument.h"

#include <spikekit/connections.h>
#include <stdint.h>

/** What the command line says; NaN: the method's own value. */
typedef struct connect_arguments {
    operand_list operands;
    const char *output;
    const char *method;
    const char *signs;
    const char *skip_center;
    double bin_ms, window_ms, min_latency_ms, max_latency_ms, width_ms, alpha;
    double max_q;
    int32_t all;
    int32_t own_rule;
    int32_t list;
    const char *epochs;
    const char *units;
    const char *pairs;
    double near_um; /**< negative: not given */
    const char *shard;
    int32_t join;
    session_arguments session;
    run_arguments run;
} connect_arguments;

/** A row with what the library does not know; `row.source` is its place in the table. */
typedef struct connect_row {
    spk_connection row;
    int64_t source_id;
    int64_t target_id;
    double distance_um; /**< NaN: unknown */
} connect_row;

typedef struct connect_table {
    connect_row *rows;
    int64_t n_rows;
    int64_t n_tests;
    double max_p;            /**< rows with a larger p are those of the own rule only */
    char method[64];         /**< its name */
    char *meta;              /**< JSON: how the table was made */
    int64_t first, last;     /**< of this shard: sources, or chosen pairs */
    int64_t shard, n_shards; /**< 1 of 1: the whole */
    const char *why_none;    /**< why there are no tests; NULL: there are, or unknown */
} connect_table;

/** A column of numbers: where it stands in a row, and how files show it. */
typedef struct connect_column {
    const char *array; /**< name in .npz, in the library's unit */
    const char *table; /**< name in .tsv */
    size_t offset;     /**< of the double in a connect_row */
    double scale;      /**< from the array to the table */
} connect_column;

/** All of them, ended by a row of NULL. */
extern const connect_column connect_numbers[];

void connect_table_clear(connect_table *table);

/** Sorts by p, the smallest first, and keeps what the command line asks for: all, those with a
 *  small q, or those that the method's own rule finds. */
void connect_table_finish(connect_table *table, const connect_arguments *arguments);

/** Writes .tsv, .csv or .npz by the ending of the path; NULL: a table to standard output.
 *  @return COMMAND_OK or an exit status */
int connect_output_write(spk_context *ctx, const connect_table *table, const char *path);

/** Joins the .npz of all shards and writes the whole. @return COMMAND_OK or an exit status */
int connect_join(spk_context *ctx, const connect_arguments *arguments,
                 connect_table *table);

/** Refuse what an option says, in the words of the shell: beside --join, for the method, and for
 *  the recording. @return COMMAND_OK or an exit status after having spoken */
int connect_check_join(const connect_arguments *a);
int connect_check_method(const connect_arguments *a,
                         const spk_connection_method_info *info);
int connect_check_values(spk_context *ctx, const connect_arguments *a,
                         const spk_connection_method_info *info, const spk_spikes *spikes,
                         const spk_epochs *epochs);

/** Says why spk_connections_find() failed. @return an exit status */
int connect_fail(spk_context *ctx, spk_status status);

/** Why there was nothing to test. */
const char *connect_why_none(const spk_spikes *spikes, const spk_epochs *epochs,
                             const int32_t *pairs, int64_t n_pairs);

/** ln p as the text of p, also where p is below the smallest double; empty for NaN. */
void connect_probability(double log_p, char text[32]);

/** Prints every method with its defaults. */
void connect_list(void);

#endif
