/* SPDX-License-Identifier: BSD-3-Clause */
#include "correlation/jitter_gather.h"

#include "base/check.h"
#include "base/memory.h"
#include "base/parallel.h"

enum {
    PAIRS_A_TASK = 16
};

typedef struct test_job {
    const spk_trains *trains;
    const int32_t (*pairs)[2];
    int64_t n_pairs;
    spk__jitter_gather *gathers; /* [workers] */
    spk_jitter_result *results;
} test_job;

static spk_status test_some(void *state, int64_t task, int32_t worker)
{
    const test_job *job = state;
    spk__jitter_gather *gather = &job->gathers[worker];
    const int64_t n = gather->bins.n, first = task * PAIRS_A_TASK;
    for (int64_t p = first; p < first + PAIRS_A_TASK && p < job->n_pairs; p++) {
        const spk_status status = spk__jitter_gather_pair(
            gather, job->trains, job->pairs[p][0], job->pairs[p][1]);
        if (status != SPK_OK)
            return status;
        for (int64_t k = 0; k < n; k++)
            job->results[p * n + (gather->bins.is_mirrored ? n - 1 - k : k)] =
                spk__jitter_conclude(gather, k);
    }
    return SPK_OK;
}

spk_status spk_jitter_test(spk_context *ctx, const spk_trains *trains,
                           const int32_t (*pairs)[2], int64_t n_pairs,
                           const spk_jitter_options *options, spk_jitter_result *results)
{
    spk_jitter_layout layout;
    spk_status status = spk__jitter_check(ctx, trains, pairs, n_pairs, options, &layout);
    if (status != SPK_OK)
        return status;
    if (n_pairs == 0 || layout.n_tests == 0)
        return SPK_OK;
    SPK_REQUIRE(ctx, results != NULL, SPK_ERR_ARGUMENT, "results is NULL");
    const spk__jitter_bins bins = spk__jitter_make_bins(
        &layout, options == NULL ? SPK_JITTER_TARGET : options->jittered,
        layout.first_test, layout.n_tests);
    const int64_t n_tasks = (n_pairs + PAIRS_A_TASK - 1) / PAIRS_A_TASK;
    const int32_t n_workers = spk__parallel_workers(ctx, n_tasks);
    const int64_t bytes = (spk__jitter_room(&bins) + 63) / 64 * 64;
    test_job job = {
        .trains = trains,
        .pairs = pairs,
        .n_pairs = n_pairs,
        .gathers = spk__alloc_zero(ctx, n_workers, sizeof *job.gathers),
        .results = results,
    };
    char *rooms = spk__alloc(ctx, n_workers, (size_t)bytes);
    if (job.gathers == NULL || rooms == NULL)
        status = spk__fail_memory(ctx);
    for (int32_t w = 0; w < n_workers && status == SPK_OK; w++)
        status =
            spk__jitter_gather_create(ctx, &bins, rooms + w * bytes, &job.gathers[w]);
    if (status == SPK_OK)
        status = spk__parallel_for(ctx, n_tasks, test_some, &job, "jitter");
    for (int32_t w = 0; w < n_workers && job.gathers != NULL; w++)
        spk__jitter_gather_free(&job.gathers[w]);
    spk__free(job.gathers);
    spk__free(rooms);
    return status;
}
