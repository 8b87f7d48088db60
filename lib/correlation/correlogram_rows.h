/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SPIKEKIT_CORRELATION_CORRELOGRAM_ROWS_H
#define SPIKEKIT_CORRELATION_CORRELOGRAM_ROWS_H

#include "correlation/correlogram_kernel.h"

#include <pthread.h>
#include <spikekit/correlogram.h>
#include <stdint.h>

/** Which units are rows and which are columns of the result, whatever the convention. */
typedef struct spk__correlogram_layout {
    int64_t n_rows;
    int64_t n_columns;
    const int32_t *rows;    /* [n_rows] units, NULL: all */
    const int32_t *columns; /* [n_columns] units, NULL: all */
} spk__correlogram_layout;

void spk__correlogram_layout_init(spk__correlogram_layout *layout,
                                  const spk_spikes *spikes,
                                  const spk_correlogram_options *options);

static inline int32_t spk__layout_row(const spk__correlogram_layout *layout, int64_t row)
{
    return layout->rows == NULL ? (int32_t)row : layout->rows[row];
}

/** What all pair counting of one call shares: bins, table, and the slot of each unit. */
typedef struct spk__correlogram_job {
    spk__correlogram_bins bins;
    spk__correlogram_layout layout;
    spk__partner_table table;
    spk__kernel kernel;
    int32_t *slots; /* [n_units]: columns first, then units that are only rows; -1 */
    int64_t flush_references; /* after this many, a 32-bit counter might be full */
    int64_t poll_references;  /* after this many, it is time to ask whether to stop */
    _Atomic int *is_stopped;  /* what the cancel callback said, for all workers */
} spk__correlogram_job;

spk_status spk__correlogram_job_create(spk_context *ctx, const spk_spikes *spikes,
                                       const spk_correlogram_options *options,
                                       const spk__correlogram_layout *layout,
                                       spk__correlogram_job *job);
void spk__correlogram_job_destroy(spk__correlogram_job *job);

/**
 * Counts the partners after (else before) each reference, as spk__kernel_count_later() does,
 * but asks between pieces of some ten milliseconds whether to stop.
 * @return SPK_OK; SPK_ERR_CANCELLED
 */
spk_status spk__correlogram_count_partners(spk_context *ctx,
                                           const spk__correlogram_job *job, int later,
                                           const uint32_t *references, int64_t n,
                                           int32_t worker, uint32_t *counters);

/**
 * The places of the spikes of some consecutive rows, as many as fit a few million spikes and
 * at least one: an index of all would need as much memory again as the table.
 */
typedef struct spk__row_group {
    int64_t first; /* rows first .. last - 1 */
    int64_t last;
    int64_t *offsets;     /* [last - first + 1] */
    uint32_t *references; /* [offsets[last - first] + SPK__KERNEL_LOOKAHEAD] */
} spk__row_group;

/** Makes the group that starts at `first` and ends before `end` or earlier. */
spk_status spk__row_group_create(spk_context *ctx, const spk__correlogram_job *job,
                                 int64_t first, int64_t end, spk__row_group *group);
void spk__row_group_destroy(spk__row_group *group);

/** What each worker counts in. */
typedef struct spk__row_scratch {
    int32_t n_workers;
    uint32_t **counters; /* [n_workers][as asked for] */
    int64_t **centres;   /* [n_workers][as asked for] */
} spk__row_scratch;

spk_status spk__row_scratch_create(spk_context *ctx, int32_t n_workers,
                                   int64_t n_counters, int64_t n_centres,
                                   spk__row_scratch *scratch);
void spk__row_scratch_destroy(spk__row_scratch *scratch);

/** Gives finished rows to the callback in order, from whichever worker completes the next. */
typedef struct spk__row_emitter {
    pthread_mutex_t lock;
    pthread_cond_t moved;
    spk_correlogram_row_callback callback;
    void *user;
    int64_t *rows; /* [n_slots][row_length] */
    char *ready;   /* [n_slots] */
    int64_t n_slots;
    int64_t row_length;
    int64_t next; /* the row that the callback gets next */
    int is_emitting;
    spk_status status;
} spk__row_emitter;

spk_status spk__row_emitter_create(spk_context *ctx, spk__row_emitter *emitter,
                                   int64_t first, int64_t n_rows, int64_t row_length,
                                   spk_correlogram_row_callback callback, void *user);
/** Memory for a row, once there is room; NULL after a failure of the callback. */
int64_t *spk__row_emitter_begin(spk__row_emitter *emitter, int64_t row);
/** Hands over a row begun before. @return what the callback said */
spk_status spk__row_emitter_finish(spk__row_emitter *emitter, int64_t row);
/** Instead of finish: no row is begun any more. @return the status */
spk_status spk__row_emitter_stop(spk__row_emitter *emitter, spk_status status);
void spk__row_emitter_destroy(spk__row_emitter *emitter);

/** The whole cube; rows and columns are all units. */
spk_status spk__correlogram_count_cube(spk_context *ctx, const spk__correlogram_job *job,
                                       int64_t *counts);

/** Rows [first, last) into counts or, where that is NULL, to the callback. */
spk_status spk__correlogram_count_job_rows(spk_context *ctx,
                                           const spk__correlogram_job *job, int64_t first,
                                           int64_t last, int64_t *counts,
                                           spk_correlogram_row_callback callback,
                                           void *user);

/** Rows [first, last) of any convention but PYNAPPLE; `counts` or `callback` is NULL. */
spk_status spk__correlogram_count_row_range(spk_context *ctx, const spk_spikes *spikes,
                                            const spk_correlogram_options *options,
                                            int64_t first, int64_t last, int64_t *counts,
                                            spk_correlogram_row_callback callback,
                                            void *user);

/** Is shown a finished row, [n_columns][n_bins], by the worker that counted it; rows come in any
 *  order and side by side. */
typedef spk_status (*spk__correlogram_row_visitor)(void *user, int64_t row,
                                                   const int64_t *counts, int32_t worker);

/** Shows every row in [first, last) to the visitor. Workers are in 0 ..
 *  spk__parallel_workers(ctx, last - first) - 1. Options are checked; not PYNAPPLE. */
spk_status spk__correlogram_visit_rows(spk_context *ctx, const spk_spikes *spikes,
                                       const spk_correlogram_options *options,
                                       int64_t first, int64_t last,
                                       spk__correlogram_row_visitor visitor, void *user);

/** All rows of the PYNAPPLE convention; `counts` or `callback` is NULL. */
spk_status spk__correlogram_count_seconds(spk_context *ctx, const spk_spikes *spikes,
                                          const spk_correlogram_options *options,
                                          int64_t first, int64_t last, int64_t *counts,
                                          spk_correlogram_row_callback callback,
                                          void *user);

/** Chosen pairs of the PYNAPPLE convention. */
spk_status spk__correlogram_count_pairs_seconds(spk_context *ctx,
                                                const spk_spikes *spikes,
                                                const spk_correlogram_options *options,
                                                const int32_t (*pairs)[2],
                                                int64_t n_pairs, int64_t *counts);

#endif
