/* SPDX-License-Identifier: BSD-3-Clause */
/* A run of `spikekit synchrony`, between reading the command line and the finished file. */
#ifndef SPIKEKIT_CLI_SYNCHRONY_REQUEST_H
#define SPIKEKIT_CLI_SYNCHRONY_REQUEST_H

#include "command.h"
#include "epochs_argument.h"
#include "options.h"
#include "session_argument.h"

#include <stdint.h>

/** What the command line says. */
typedef struct synchrony_arguments {
    operand_list operands;
    const char *output;
    const char *units;
    double near_um; /**< negative: not given */
    const char *epochs;
    double window_ms;
    const char *tiling;
    int64_t surrogates; /**< 0: no test */
    double jitter_ms;
    uint64_t seed;
    const char *bins_ms;
    int32_t complexity;
    double complexity_bin_ms;
    double block_s;
    session_arguments session;
    run_arguments run;
} synchrony_arguments;

typedef struct synchrony_request {
    const synchrony_arguments *arguments;
    spk_context *ctx;
    spk_session *session;
    unit_selection selection;
    epochs_argument epochs;
    const spk_epochs *within; /**< NULL: the whole recording */
    double *positions;        /**< [n_units][2] um, or NULL: not known */
    int64_t window_samples;
    int32_t tiling;
    int64_t n_widths;
    int64_t *bin_samples; /**< [n_widths] */
    int64_t *n_bins;      /**< [n_widths] */
    int32_t (*pairs)[2];  /**< [n_pairs] i < j, of the near ones or all */
    int64_t n_pairs;
    double *sttc;              /**< [n_pairs], or [n_units][n_units] */
    double *expected_sttc;     /**< [n_units][n_units] of surrogates, or NULL: no test */
    double *p_upper, *p_lower; /**< [n_units][n_units] */
    double *correlations;      /**< [n_widths][n_units][n_units] */
    double *covariances;       /**< the same, of an .npz only */
    int64_t n_sizes;           /**< of complexity */
    int64_t complexity_bin_samples;
    int64_t block_bins;
    int64_t *sizes;   /**< [n_sizes] bins in which so many units fire */
    double *expected; /**< [n_sizes] */
} synchrony_request;

/** Whether a path ends so. */
int synchrony_ends_with(const char *path, const char *ending);

/** Opens, chooses and computes. @return COMMAND_OK or an exit status */
int synchrony_request_make(synchrony_request *request);
void synchrony_request_clear(synchrony_request *request);

/** Writes the result and says what is in it. @return COMMAND_OK or an exit status */
int synchrony_output_write(const synchrony_request *request);

#endif
