/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SPIKEKIT_TRAINS_H
#define SPIKEKIT_TRAINS_H

/*
 * Spike trains by unit, with the time for which each unit was observed.
 *
 * The spike table is in order of time; what concerns one unit at a time (rates, interspike
 * intervals, amplitudes) wants each unit's spikes together. They are grouped once and then
 * taken by every metric. Observed time comes in runs: stretches within which time is
 * continuous. Without epochs and periods a unit has one run, the whole recording; with them
 * the runs are the pieces of recording that lie in an epoch and in a period of the unit, and
 * only spikes in runs count. An interspike interval never bridges two runs.
 */

#include <spikekit/context.h>
#include <spikekit/epochs.h>
#include <spikekit/spikes.h>
#include <spikekit/status.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Stretches of time for which each unit is taken to be well recorded: those of unit u are
 * [starts[k], stops[k]) for k in offsets[u] .. offsets[u + 1] - 1, and keep the rules of
 * spk_epochs. A unit without periods is observed for no time. Borrows its arrays.
 */
typedef struct spk_periods {
    int64_t n_units;        /**< units, as many as the spike table has */
    const int64_t *offsets; /**< [n_units + 1] from 0, not falling */
    const int64_t *starts;  /**< [offsets[n_units]] first sample of each period */
    const int64_t *stops;   /**< [offsets[n_units]] one past the last sample */
} spk_periods;

/** Fill with spk_trains_options_init(&options, sizeof options), then change fields. */
typedef struct spk_trains_options {
    size_t struct_size;         /**< set by init */
    const spk_epochs *epochs;   /**< default NULL: the whole recording */
    const spk_periods *periods; /**< default NULL: every unit all the time */
} spk_trains_options;

SPK_API void spk_trains_options_init(spk_trains_options *options, size_t struct_size);

/** Spikes of a table by unit; read-only, any number of threads may use one. */
typedef struct spk_trains spk_trains;

/** The spikes of one unit: views, valid until spk_trains_destroy(). */
typedef struct spk_train {
    int64_t n_spikes;
    const int64_t *samples;    /**< [n_spikes] times, not falling */
    const uint32_t *indices;   /**< [n_spikes] place of each in the spike table, rising */
    int64_t n_runs;            /**< stretches of observed time */
    const int64_t *run_starts; /**< [n_runs] first sample */
    const int64_t *run_stops;  /**< [n_runs] one past the last sample */
    const int64_t
        *run_offsets; /**< [n_runs + 1] spikes of run r: samples[run_offsets[r]] ..
                                 *   samples[run_offsets[r + 1] - 1]; the first is 0 */
    int64_t duration_samples; /**< total length of the runs, 2^63 - 1 if it is beyond */
} spk_train;

/**
 * Groups a spike table by unit.
 *
 * @param[in]  ctx      holds the message on error
 * @param[in]  spikes   valid spike table; borrowed until spk_trains_destroy()
 * @param[in]  options  NULL for the defaults; epochs and periods are copied
 * @param[out] trains   destroy with spk_trains_destroy()
 * @return SPK_OK; the errors of spk_spikes_check() and spk_epochs_check();
 *         SPK_ERR_ARGUMENT (NULL, periods of another number of units or not valid);
 *         SPK_ERR_OVERFLOW (2^32 spikes or more, 2^57 runs or more); SPK_ERR_MEMORY
 * Cost:    O(n_spikes + n_units * n_epochs + n_periods) time; 12 bytes a spike and 16 a run
 * Threads: blocks of the table side by side; the same for any number of threads
 */
SPK_API SPK_MUST_CHECK spk_status spk_trains_create(spk_context *ctx,
                                                    const spk_spikes *spikes,
                                                    const spk_trains_options *options,
                                                    spk_trains **trains);

/** Frees. NULL is fine. */
SPK_API void spk_trains_destroy(spk_trains *trains);

/** The table that was grouped. */
SPK_API const spk_spikes *spk_trains_spikes(const spk_trains *trains);

/** The spikes of unit 0 .. n_units - 1; all zero and NULL for any other unit. */
SPK_API spk_train spk_trains_unit(const spk_trains *trains, int64_t unit);

#ifdef __cplusplus
}
#endif
#endif
