/* SPDX-License-Identifier: BSD-3-Clause */
/* What `spikekit align` works on and what comes out, shared by its files. */
#ifndef SPIKEKIT_CLI_ALIGN_REQUEST_H
#define SPIKEKIT_CLI_ALIGN_REQUEST_H

#include "report_text.h"
#include "session_argument.h"

#include <spikekit/alignment.h>
#include <spikekit/psth.h>
#include <stdint.h>

/** Events read from a file, with their conditions. */
typedef struct align_events {
    int64_t n_events;
    int64_t *samples;
    int32_t *conditions;   /**< [n_events] */
    int64_t n_conditions;  /**< at least 1 */
    char **labels;         /**< [n_conditions]; NULL: there are no conditions */
    int32_t is_in_samples; /**< whole numbers of a .npy, taken for samples */
} align_events;

/** Reads events from .npy, .txt, .tsv or .csv. `column` names the condition; NULL: one of the
 *  name "condition" if there is one. @return COMMAND_OK or an exit status */
int align_events_read(const char *name, spk_context *ctx, const char *path,
                      const char *column, double sampling_rate_hz, align_events *events);
void align_events_clear(align_events *events);

/** The label of a condition, "" without conditions. */
const char *align_events_label(const align_events *events, int64_t condition);

/** Rates of the chosen units. */
typedef struct align_result {
    const spk_session *session;
    unit_selection units;
    align_events events;
    spk_alignment_options alignment;
    spk_alignment_window window;
    spk_psth_options options;
    spk_psth psth; /**< all arrays are there */
    uint8_t *is_whole;
    int64_t n_whole;
    int64_t n_used; /**< events that count in a bin */
} align_result;

/** Start and centre of a bin after the event [s]. */
double align_result_start(const align_result *result, int64_t bin);
double align_result_centre(const align_result *result, int64_t bin);

/** Each writes one file. @return COMMAND_OK or an exit status, after having spoken */
int align_output_rates(const char *name, spk_context *ctx, const align_result *result,
                       const char *path);
int align_output_raster(const char *name, spk_context *ctx, const align_result *result,
                        const char *path);
int align_output_fano(const char *name, spk_context *ctx, const align_result *result,
                      const char *path);
int align_output_noise(const char *name, spk_context *ctx, const align_result *result,
                       const char *path);
int align_page_write(const char *name, spk_context *ctx, const align_result *result,
                     const char *path);

/** Whether a path ends so. */
int align_ends_with(const char *path, const char *ending);

#endif
