/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Threads live for one loop only, so the library stays safe to use before and after a
 * fork. If the system gives fewer threads than asked for, the loop runs with those it has.
 */
#include "base/parallel.h"

#include "base/check.h"
#include "base/context_state.h"
#include "base/memory.h"

#include <stdatomic.h>
#include <stdio.h>

typedef struct loop {
    spk_context *ctx;
    spk__task run;
    void *state;
    const char *activity;
    double from; /* progress when no task, and when all tasks are done */
    double to;
    int64_t n_tasks;
    int silent; /* inside another loop: no callbacks */
    _Atomic int64_t next;
    _Atomic int64_t done;
    _Atomic int stop; /* a task failed: begin no more */
    pthread_mutex_t failure_lock;
    spk_status status; /* of the lowest task that failed, with its number and worker */
    int64_t failed_task;
    int32_t failed_worker;
} loop;

typedef struct worker_argument {
    loop *loop;
    int32_t worker;
} worker_argument;

int32_t spk__parallel_workers(const spk_context *ctx, int64_t n_tasks)
{
    int32_t n = spk_context_threads(ctx);
    if (n_tasks < n)
        n = (int32_t)n_tasks;
    return n < 1 ? 1 : n;
}

spk_status spk__poll(spk_context *ctx, const char *activity, double fraction)
{
    if (ctx == NULL)
        return SPK_OK;
    if (ctx->progress != NULL && activity != NULL)
        ctx->progress(ctx->progress_user, activity, fraction);
    if (ctx->cancel != NULL && ctx->cancel(ctx->cancel_user) != 0)
        return spk__fail(ctx, SPK_ERR_CANCELLED, "stopped by the cancel callback");
    return SPK_OK;
}

static void note_failure(loop *l, spk_status status, int64_t task, int32_t worker)
{
    pthread_mutex_lock(&l->failure_lock);
    if (l->status == SPK_OK || task < l->failed_task) {
        l->status = status;
        l->failed_task = task;
        l->failed_worker = worker;
    }
    pthread_mutex_unlock(&l->failure_lock);
    atomic_store(&l->stop, 1);
}

static void work(loop *l, int32_t worker)
{
    while (!atomic_load_explicit(&l->stop, memory_order_relaxed)) {
        int64_t task = atomic_fetch_add(&l->next, 1);
        if (task >= l->n_tasks)
            return;
        spk_status status = l->run(l->state, task, worker);
        int64_t done = atomic_fetch_add(&l->done, 1) + 1;
        if (status == SPK_OK && worker == 0 && !l->silent)
            status = spk__poll(l->ctx, l->activity,
                               l->from +
                                   (l->to - l->from) * (double)done / (double)l->n_tasks);
        if (status != SPK_OK)
            note_failure(l, status, task, worker);
    }
}

/* From now on the messages of the calling thread are this worker's. */
static void join_loop(spk_context *ctx, int32_t worker)
{
    pthread_mutex_lock(&ctx->message_lock);
    ctx->workers[worker].thread = pthread_self();
    ctx->workers[worker].running = 1;
    pthread_mutex_unlock(&ctx->message_lock);
}

static void *work_on_thread(void *argument)
{
    worker_argument *a = argument;
    join_loop(a->loop->ctx, a->worker);
    work(a->loop, a->worker);
    return NULL;
}

static void set_workers(spk_context *ctx, spk__worker_message *workers, int32_t n_workers)
{
    pthread_mutex_lock(&ctx->message_lock);
    ctx->workers = workers;
    ctx->n_workers = n_workers;
    pthread_mutex_unlock(&ctx->message_lock);
}

static spk_status run_on_threads(loop *l, int32_t n_workers)
{
    spk_context *ctx = l->ctx;
    spk_status status = SPK_OK;
    pthread_t *threads = spk__alloc(ctx, n_workers - 1, sizeof *threads);
    worker_argument *arguments = spk__alloc(ctx, n_workers - 1, sizeof *arguments);
    spk__worker_message *messages = spk__alloc_zero(ctx, n_workers, sizeof *messages);
    if (threads == NULL || arguments == NULL || messages == NULL) {
        status = spk__fail_memory(ctx);
        goto cleanup;
    }
    set_workers(ctx, messages, n_workers);
    join_loop(ctx, 0);
    int32_t n_started = 0;
    for (; n_started < n_workers - 1; n_started++) {
        arguments[n_started] = (worker_argument){l, n_started + 1};
        if (pthread_create(&threads[n_started], NULL, work_on_thread,
                           &arguments[n_started]) != 0)
            break;
    }
    work(l, 0);
    for (int32_t t = 0; t < n_started; t++)
        pthread_join(threads[t], NULL);
    set_workers(ctx, NULL, 0);
    if (l->status != SPK_OK)
        snprintf(ctx->message, sizeof ctx->message, "%s",
                 messages[l->failed_worker].text);
cleanup:
    spk__free(messages);
    spk__free(arguments);
    spk__free(threads);
    return status;
}

spk_status spk__parallel_for(spk_context *ctx, int64_t n_tasks, spk__task run,
                             void *state, const char *activity)
{
    return spk__parallel_for_part(ctx, n_tasks, run, state, activity, 0.0, 1.0);
}

spk_status spk__parallel_for_part(spk_context *ctx, int64_t n_tasks, spk__task run,
                                  void *state, const char *activity, double from,
                                  double to)
{
    int nested = ctx != NULL && atomic_exchange(&ctx->in_loop, 1) != 0;
    loop l = {.ctx = ctx,
              .run = run,
              .state = state,
              .activity = activity,
              .from = from,
              .to = to,
              .n_tasks = n_tasks,
              .silent = nested,
              .status = SPK_OK};
    spk_status status = SPK_OK;
    if (pthread_mutex_init(&l.failure_lock, NULL) != 0) {
        status = spk__fail_memory(ctx);
    } else {
        int32_t n_workers = nested ? 1 : spk__parallel_workers(ctx, n_tasks);
        if (n_workers > 1)
            status = run_on_threads(&l, n_workers);
        else
            work(&l, 0);
        pthread_mutex_destroy(&l.failure_lock);
    }
    if (ctx != NULL && !nested)
        atomic_store(&ctx->in_loop, 0);
    if (status == SPK_OK)
        status = l.status;
    if (status == SPK_OK && !nested)
        status = spk__poll(ctx, activity, to);
    return status;
}
