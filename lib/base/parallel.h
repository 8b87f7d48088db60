/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SPIKEKIT_BASE_PARALLEL_H
#define SPIKEKIT_BASE_PARALLEL_H

#include <spikekit/context.h>
#include <stdint.h>

/** One piece of work. `worker` is in 0 .. spk__parallel_workers() - 1: scratch memory can
 *  be kept per worker. */
typedef spk_status (*spk__task)(void *state, int64_t task, int32_t worker);

/** How many workers spk__parallel_for() uses for n_tasks, at least 1. */
int32_t spk__parallel_workers(const spk_context *ctx, int64_t n_tasks);

/**
 * Runs tasks 0 .. n_tasks - 1, handed out in order to whoever is free. The calling thread
 * is worker 0, reports progress under the name `activity` (NULL: silent) and asks the
 * cancel callback between its tasks. Threads are created here and joined before the
 * return. No task is begun after a failure. Since tasks begin in order, the lowest task
 * that fails always runs: its status and message are the result, whatever the number of
 * threads. A loop inside a task runs on the task's own thread, without callbacks.
 * @return SPK_OK, the status of the failed task, SPK_ERR_CANCELLED or SPK_ERR_MEMORY
 */
spk_status spk__parallel_for(spk_context *ctx, int64_t n_tasks, spk__task run,
                             void *state, const char *activity);

/** As spk__parallel_for(), for one of several loops that make up an activity: progress
 *  runs from `from` to `to`. */
spk_status spk__parallel_for_part(spk_context *ctx, int64_t n_tasks, spk__task run,
                                  void *state, const char *activity, double from,
                                  double to);

/** For long work that is no parallel loop: reports progress, asks whether to stop. */
spk_status spk__poll(spk_context *ctx, const char *activity, double fraction);

#endif
