/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/parallel.h"

#include "base/check.h"
#include "suite.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

enum {
    MAX_TASKS = 1000,
    MAX_WORKERS = 16
};

typedef struct record {
    spk_context *ctx;
    int32_t n_workers;
    int64_t fail_every;           /* tasks with number % it == it - 1 fail; 0: none */
    _Atomic int runs[MAX_TASKS];  /* how often each task ran */
    int64_t scratch[MAX_WORKERS]; /* not atomic: a worker's own */
    _Atomic int bad_workers;
    pthread_t caller;
} record;

static spk_context *context_with(int32_t n_threads)
{
    spk_context *ctx = NULL;
    CU_ASSERT_EQUAL_FATAL(spk_context_create(&ctx), SPK_OK);
    CU_ASSERT_EQUAL_FATAL(spk_context_set_threads(ctx, n_threads), SPK_OK);
    return ctx;
}

static spk_status run_task(void *state, int64_t task, int32_t worker)
{
    record *r = state;
    atomic_fetch_add(&r->runs[task], 1);
    if (worker < 0 || worker >= r->n_workers)
        atomic_fetch_add(&r->bad_workers, 1);
    else
        r->scratch[worker] += task;
    if (pthread_equal(pthread_self(), r->caller) != (worker == 0))
        atomic_fetch_add(&r->bad_workers, 1);
    if (r->fail_every > 0 && task % r->fail_every == r->fail_every - 1)
        return spk__fail(r->ctx, task % 2 != 0 ? SPK_ERR_IO : SPK_ERR_FORMAT,
                         "task %d failed", (int)task);
    return SPK_OK;
}

static record *new_record(spk_context *ctx, int64_t n_tasks)
{
    record *r = calloc(1, sizeof *r);
    CU_ASSERT_PTR_NOT_NULL_FATAL(r);
    r->ctx = ctx;
    r->n_workers = spk__parallel_workers(ctx, n_tasks);
    r->caller = pthread_self();
    return r;
}

static void workers_are_no_more_than_tasks(void)
{
    spk_context *ctx = context_with(8);
    CU_ASSERT_EQUAL(spk__parallel_workers(ctx, 1000), 8);
    CU_ASSERT_EQUAL(spk__parallel_workers(ctx, 3), 3);
    CU_ASSERT_EQUAL(spk__parallel_workers(ctx, 0), 1);
    CU_ASSERT_EQUAL(spk__parallel_workers(ctx, -5), 1);
    CU_ASSERT_EQUAL(spk__parallel_workers(NULL, 1000), 1);
    CU_ASSERT_EQUAL(spk__parallel_workers(ctx, INT64_MAX), 8);
    spk_context_destroy(ctx);
}

static void every_task_runs_once(void)
{
    static const int64_t n_tasks[] = {0, 1, 2, 3, 17, MAX_TASKS};
    static const int32_t n_threads[] = {1, 2, 5, MAX_WORKERS};
    for (size_t t = 0; t < sizeof n_threads / sizeof n_threads[0]; t++)
        for (size_t k = 0; k < sizeof n_tasks / sizeof n_tasks[0]; k++) {
            int64_t n = n_tasks[k], sum = 0, wrong = 0;
            spk_context *ctx = context_with(n_threads[t]);
            record *r = new_record(ctx, n);
            CU_ASSERT_EQUAL(spk__parallel_for(ctx, n, run_task, r, "test"), SPK_OK);
            for (int64_t i = 0; i < MAX_TASKS; i++)
                wrong += r->runs[i] != (i < n);
            for (int w = 0; w < MAX_WORKERS; w++)
                sum += r->scratch[w];
            CU_ASSERT_EQUAL(wrong, 0);
            CU_ASSERT_EQUAL(sum, n * (n - 1) / 2);
            CU_ASSERT_EQUAL(r->bad_workers, 0);
            CU_ASSERT_EQUAL(spk__memory_in_use(ctx), 0);
            free(r);
            spk_context_destroy(ctx);
        }
}

static void runs_without_a_context(void)
{
    record *r = new_record(NULL, 20);
    CU_ASSERT_EQUAL(spk__parallel_for(NULL, 20, run_task, r, NULL), SPK_OK);
    CU_ASSERT_EQUAL(r->scratch[0], 190);
    r->fail_every = 6;
    CU_ASSERT_EQUAL(spk__parallel_for(NULL, 20, run_task, r, NULL), SPK_ERR_IO);
    free(r);
}

/* Many tasks fail at about the same time; the result is that of the lowest, for any
 * number of threads, and no task is left out before it. */
static void the_lowest_failure_is_the_result(void)
{
    for (int32_t n_threads = 1; n_threads <= 8; n_threads++)
        for (int repeat = 0; repeat < 5; repeat++) {
            spk_context *ctx = context_with(n_threads);
            record *r = new_record(ctx, MAX_TASKS);
            r->fail_every = 8;
            CU_ASSERT_EQUAL(spk__parallel_for(ctx, MAX_TASKS, run_task, r, "test"),
                            SPK_ERR_IO);
            CU_ASSERT_STRING_EQUAL(spk_context_message(ctx), "task 7 failed");
            for (int i = 0; i < 8; i++)
                CU_ASSERT_EQUAL(r->runs[i], 1);
            /* each worker ends with its first failure, so at most one in eight goes on */
            CU_ASSERT_EQUAL(r->runs[MAX_TASKS - 1], 0);
            CU_ASSERT_EQUAL(spk__memory_in_use(ctx), 0);
            /* the context works on */
            r->fail_every = 0;
            CU_ASSERT_EQUAL(spk__parallel_for(ctx, 100, run_task, r, "test"), SPK_OK);
            (void)spk__fail(ctx, SPK_ERR_IO, "later");
            CU_ASSERT_STRING_EQUAL(spk_context_message(ctx), "later");
            free(r);
            spk_context_destroy(ctx);
        }
}

typedef struct watch {
    pthread_t caller;
    int n, falls, foreign, asked, stop_after;
    double last;
} watch;

static void on_progress(void *user, const char *activity, double fraction)
{
    watch *w = user;
    w->n++;
    w->falls += fraction < w->last || fraction < 0 || fraction > 1;
    w->foreign +=
        !pthread_equal(pthread_self(), w->caller) || strcmp(activity, "test") != 0;
    w->last = fraction;
}

static int32_t on_cancel(void *user)
{
    watch *w = user;
    w->foreign += !pthread_equal(pthread_self(), w->caller);
    return ++w->asked > w->stop_after;
}

static void progress_rises_to_one(void)
{
    for (int32_t n_threads = 1; n_threads <= 8; n_threads *= 2) {
        spk_context *ctx = context_with(n_threads);
        watch w = {.caller = pthread_self()};
        spk_context_set_progress(ctx, on_progress, &w);
        record *r = new_record(ctx, MAX_TASKS);
        CU_ASSERT_EQUAL(spk__parallel_for(ctx, MAX_TASKS, run_task, r, "test"), SPK_OK);
        CU_ASSERT_EQUAL(w.falls, 0);
        CU_ASSERT_EQUAL(w.foreign, 0);
        CU_ASSERT_EQUAL(w.last, 1.0);
        CU_ASSERT(w.n >= 1);
        if (n_threads == 1)
            CU_ASSERT_EQUAL(w.n, MAX_TASKS + 1);
        /* two loops as parts of one activity, at a border that is no binary fraction */
        w.last = 0;
        double border = 1.0 / 3.0;
        CU_ASSERT_EQUAL(
            spk__parallel_for_part(ctx, 700, run_task, r, "test", 0.0, border), SPK_OK);
        CU_ASSERT_EQUAL(w.last, border);
        CU_ASSERT_EQUAL(
            spk__parallel_for_part(ctx, 900, run_task, r, "test", border, 1.0), SPK_OK);
        CU_ASSERT_EQUAL(w.last, 1.0);
        CU_ASSERT_EQUAL(w.falls, 0);
        int n = w.n;
        CU_ASSERT_EQUAL(spk__parallel_for(ctx, 10, run_task, r, NULL), SPK_OK);
        CU_ASSERT_EQUAL(w.n, n); /* silent */
        free(r);
        spk_context_destroy(ctx);
    }
}

static void cancel_stops_the_loop(void)
{
    for (int32_t n_threads = 1; n_threads <= 4; n_threads++) {
        spk_context *ctx = context_with(n_threads);
        watch w = {.caller = pthread_self(), .stop_after = 0};
        spk_context_set_cancel(ctx, on_cancel, &w);
        record *r = new_record(ctx, MAX_TASKS);
        CU_ASSERT_EQUAL(spk__parallel_for(ctx, MAX_TASKS, run_task, r, "test"),
                        SPK_ERR_CANCELLED);
        CU_ASSERT_STRING_EQUAL(spk_context_message(ctx),
                               "stopped by the cancel callback");
        CU_ASSERT_EQUAL(w.asked, 1); /* not asked again after it said stop */
        CU_ASSERT_EQUAL(w.foreign, 0);
        if (n_threads == 1) {
            CU_ASSERT_EQUAL(r->runs[0], 1);
            CU_ASSERT_EQUAL(r->runs[1], 0);
        }
        CU_ASSERT_EQUAL(spk__memory_in_use(ctx), 0);
        free(r);
        spk_context_destroy(ctx);
    }
}

typedef struct nest {
    spk_context *ctx;
    _Atomic int total;
} nest;

static spk_status count_inner(void *state, int64_t task, int32_t worker)
{
    nest *n = state;
    atomic_fetch_add(&n->total, (int)task);
    return worker == 0 ? SPK_OK : SPK_ERR_ARGUMENT;
}

static spk_status run_nested(void *state, int64_t task, int32_t worker)
{
    nest *n = state;
    (void)task;
    (void)worker;
    return spk__parallel_for(n->ctx, 5, count_inner, n, "inner");
}

/* A loop within a task is serial and silent, its callbacks would be on the wrong
 * thread. */
static void loops_nest(void)
{
    for (int32_t n_threads = 1; n_threads <= 4; n_threads++) {
        spk_context *ctx = context_with(n_threads);
        watch w = {.caller = pthread_self(), .stop_after = 1 << 30};
        spk_context_set_progress(ctx, on_progress, &w);
        spk_context_set_cancel(ctx, on_cancel, &w);
        nest n = {.ctx = ctx};
        CU_ASSERT_EQUAL(spk__parallel_for(ctx, 50, run_nested, &n, "test"), SPK_OK);
        CU_ASSERT_EQUAL(n.total, 500);
        CU_ASSERT_EQUAL(w.foreign, 0);
        CU_ASSERT_EQUAL(w.falls, 0);
        CU_ASSERT_EQUAL(w.last, 1.0);
        spk_context_destroy(ctx);
    }
}

static spk_status allocate_in_tasks(void *state, int64_t task, int32_t worker)
{
    (void)task;
    (void)worker;
    void *block = spk__alloc(state, 100, 8);
    if (block == NULL)
        return spk__fail_memory(state);
    spk__free(block);
    return SPK_OK;
}

static spk_status whole_loop(spk_context *ctx, void *unused)
{
    (void)unused;
    if (spk_context_set_threads(ctx, 4) != SPK_OK)
        return SPK_ERR_ARGUMENT;
    return spk__parallel_for(ctx, 6, allocate_in_tasks, ctx, NULL);
}

static void failed_allocations_leave_nothing(void)
{
    /* three of the loop and one a task */
    CU_ASSERT_EQUAL(suite_fail_allocations(whole_loop, NULL), 9);
}

static const suite_test tests[] = {
    {"workers are no more than tasks", workers_are_no_more_than_tasks},
    {"every task runs once", every_task_runs_once},
    {"runs without a context", runs_without_a_context},
    {"the lowest failure is the result", the_lowest_failure_is_the_result},
    {"progress rises to one", progress_rises_to_one},
    {"cancel stops the loop", cancel_stops_the_loop},
    {"loops nest", loops_nest},
    {"failed allocations leave nothing", failed_allocations_leave_nothing},
};
SUITE_MAIN("parallel", tests)
