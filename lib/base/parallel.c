/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Threads live for one loop only, so the library stays safe to use before and after a fork.
 * If the system gives fewer threads than asked for, the loop runs with those it has.
 */
#include "base/parallel.h"

#include "base/check.h"
#include "base/context_state.h"
#include "base/memory.h"

#include <stdatomic.h>

typedef struct loop {
    spk_context *ctx;
    spk__task run;
    void *state;
    const char *activity;
    int64_t n_tasks;
    _Atomic int64_t next;
    _Atomic int64_t done;
    _Atomic int status; /* the first failure, SPK_OK until then */
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

static void work(loop *l, int32_t worker)
{
    while (atomic_load_explicit(&l->status, memory_order_relaxed) == SPK_OK) {
        int64_t task = atomic_fetch_add(&l->next, 1);
        if (task >= l->n_tasks)
            return;
        spk_status status = l->run(l->state, task, worker);
        int64_t done = atomic_fetch_add(&l->done, 1) + 1;
        if (status == SPK_OK && worker == 0)
            status = spk__poll(l->ctx, l->activity, (double)done / (double)l->n_tasks);
        int none = SPK_OK;
        if (status != SPK_OK)
            atomic_compare_exchange_strong(&l->status, &none, (int)status);
    }
}

static void *work_on_thread(void *argument)
{
    worker_argument *a = argument;
    work(a->loop, a->worker);
    return NULL;
}

spk_status spk__parallel_for(spk_context *ctx, int64_t n_tasks, spk__task run, void *state,
                             const char *activity)
{
    loop l = {.ctx = ctx,
              .run = run,
              .state = state,
              .activity = activity,
              .n_tasks = n_tasks,
              .status = SPK_OK};
    int32_t n_workers = spk__parallel_workers(ctx, n_tasks);
    int32_t n_started = 0;
    pthread_t *threads = NULL;
    worker_argument *arguments = NULL;

    if (n_workers > 1) {
        threads = spk__alloc(ctx, n_workers - 1, sizeof *threads);
        arguments = spk__alloc(ctx, n_workers - 1, sizeof *arguments);
        if (threads == NULL || arguments == NULL) {
            spk__free(threads);
            spk__free(arguments);
            return spk__fail_memory(ctx);
        }
        for (; n_started < n_workers - 1; n_started++) {
            arguments[n_started] = (worker_argument){&l, n_started + 1};
            if (pthread_create(&threads[n_started], NULL, work_on_thread,
                               &arguments[n_started]) != 0)
                break;
        }
    }
    work(&l, 0);
    for (int32_t t = 0; t < n_started; t++)
        pthread_join(threads[t], NULL);
    spk__free(threads);
    spk__free(arguments);
    spk_status status = (spk_status)atomic_load(&l.status);
    if (status == SPK_OK)
        status = spk__poll(ctx, activity, 1.0);
    return status;
}
