/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Both trains become lists of occupied bins, run by run. For each lag the intervals of the
 * train that moves are passed in order, with a window over the bins that face them; both ends
 * of the window only move forward.
 */
#include "correlation/jitter_gather.h"

#include "base/check.h"
#include "base/memory.h"
#include "base/parallel.h"

#include <math.h>

/* What a worker keeps. */
typedef struct synchrony_scratch {
    int64_t *moved, *fixed; /* [room] occupied bins */
    int64_t *values;        /* [room] */
    double *weights;        /* [room] */
    double *work;
    spk__jitter_sum *sums; /* [n] */
    int64_t *counts;       /* [n] */
} synchrony_scratch;

typedef struct synchrony_job {
    spk_context *ctx;
    const spk_trains *trains;
    const int32_t (*pairs)[2];
    int64_t n,
        first_lag; /* lags first_lag .. first_lag + n - 1, as seen from what moves */
    int64_t width, interval; /* samples a bin, bins an interval */
    int moves;               /* which of a pair does */
    synchrony_scratch *scratch;
    spk_jitter_result *results;
} synchrony_job;

/* The bins with spikes, out of n_bins from `start`; how many they are. */
static int64_t occupy(const int64_t *spike, const int64_t *stop, int64_t start,
                      int64_t width, int64_t n_bins, int64_t *occupied)
{
    int64_t n = 0;
    for (; spike < stop; spike++) {
        const int64_t bin = (*spike - start) / width;
        if (bin >= n_bins)
            break;
        if (n == 0 || occupied[n - 1] != bin)
            occupied[n++] = bin;
    }
    return n;
}

/* The cases of a hypergeometric number, c of x bins meeting c of y in L, up to a factor. */
static spk_status add_hypergeometric(spk_context *ctx, spk__jitter_sum *sum, int64_t L,
                                     int64_t x, int64_t y, synchrony_scratch *scratch)
{
    if (y == 1 || x == 1)
        return spk__jitter_sum_add_coin(ctx, sum, y == 1 ? x : y, L, 1);
    const int64_t least = x + y > L ? x + y - L : 0, most = x < y ? x : y;
    const int64_t n = most - least + 1;
    const double mode = floor((double)(x + 1) * (double)(y + 1) / (double)(L + 2));
    const int64_t top = (int64_t)fmin(fmax(mode, (double)least), (double)most);
    double *weights = scratch->weights;
    weights[top - least] = 1.0;
    for (int64_t c = top; c < most; c++)
        weights[c + 1 - least] = weights[c - least] *
                                 ((double)(x - c) / (double)(c + 1)) *
                                 ((double)(y - c) / (double)(L - x - y + c + 1));
    for (int64_t c = top; c > least; c--)
        weights[c - 1 - least] = weights[c - least] * ((double)c / (double)(x - c + 1)) *
                                 ((double)(L - x - y + c) / (double)(y - c + 1));
    for (int64_t i = 0; i < n; i++)
        scratch->values[i] = least + i;
    return spk__jitter_sum_add_die(ctx, sum, scratch->values, weights, n, 1);
}

/* Adds the intervals of a run at one lag: bin a of the fixed train faces a + lag. */
static spk_status add_run(const synchrony_job *job, synchrony_scratch *scratch, int64_t k,
                          int64_t n_moved, int64_t n_fixed, int64_t n_bins)
{
    const int64_t lag = job->first_lag + k, D = job->interval;
    const int64_t *moved = scratch->moved, *fixed = scratch->fixed;
    int64_t low = 0, high = 0, meet = 0;
    spk_status status = SPK_OK;
    for (int64_t i = 0; i < n_moved && status == SPK_OK;) {
        const int64_t start = moved[i] / D * D;
        const int64_t stop = start < n_bins - D ? start + D : n_bins;
        int64_t end = i;
        while (end < n_moved && moved[end] < stop)
            end++;
        while (low < n_fixed && fixed[low] + lag < start)
            low++;
        high = high < low ? low : high;
        while (high < n_fixed && fixed[high] + lag < stop)
            high++;
        if (high > low) {
            for (int64_t a = i, b = low; a < end && b < high;) {
                const int64_t off = moved[a] - (fixed[b] + lag);
                meet += off == 0;
                a += off <= 0;
                b += off >= 0;
            }
            status = add_hypergeometric(job->ctx, &scratch->sums[k], stop - start,
                                        high - low, end - i, scratch);
        }
        i = end;
    }
    scratch->counts[k] += meet;
    return status;
}

static spk_status test_pair(void *state, int64_t p, int32_t worker)
{
    const synchrony_job *job = state;
    synchrony_scratch *scratch = &job->scratch[worker];
    const int64_t n = job->n;
    const spk_train moved = spk_trains_unit(job->trains, job->pairs[p][job->moves]);
    const spk_train fixed = spk_trains_unit(job->trains, job->pairs[p][1 - job->moves]);
    spk__jitter_cursor cursor = {0, 0};
    spk__jitter_run run;
    spk_status status = SPK_OK;
    for (int64_t k = 0; k < n; k++) {
        spk__jitter_sum_clear(&scratch->sums[k]);
        scratch->counts[k] = 0;
    }
    while (status == SPK_OK && spk__jitter_next_run(&moved, &fixed, &cursor, &run)) {
        const int64_t n_bins = (run.stop - run.start) / job->width;
        const int64_t n_moved = occupy(run.moved, run.moved_stop, run.start, job->width,
                                       n_bins, scratch->moved);
        const int64_t n_fixed = occupy(run.fixed, run.fixed_stop, run.start, job->width,
                                       n_bins, scratch->fixed);
        for (int64_t k = 0; k < n && status == SPK_OK; k++)
            status = add_run(job, scratch, k, n_moved, n_fixed, n_bins);
    }
    for (int64_t k = 0; k < n && status == SPK_OK; k++)
        job->results[p * n + (job->moves == 0 ? n - 1 - k : k)] =
            spk__jitter_locate(&scratch->sums[k], scratch->counts[k], scratch->work);
    return status;
}

static spk_status make_scratch(spk_context *ctx, int64_t n, int64_t room,
                               synchrony_scratch *scratch)
{
    scratch->moved = spk__alloc(ctx, room, sizeof *scratch->moved);
    scratch->fixed = spk__alloc(ctx, room, sizeof *scratch->fixed);
    scratch->values = spk__alloc(ctx, room, sizeof *scratch->values);
    scratch->weights = spk__alloc(ctx, room, sizeof *scratch->weights);
    scratch->work = spk__alloc(ctx, SPK__JITTER_WORK, sizeof *scratch->work);
    scratch->sums = spk__alloc_zero(ctx, n, sizeof *scratch->sums);
    scratch->counts = spk__alloc(ctx, n, sizeof *scratch->counts);
    if (scratch->moved == NULL || scratch->fixed == NULL || scratch->values == NULL ||
        scratch->weights == NULL || scratch->work == NULL || scratch->sums == NULL ||
        scratch->counts == NULL)
        return spk__fail_memory(ctx);
    return SPK_OK;
}

static void free_scratch(int64_t n, synchrony_scratch *scratch)
{
    for (int64_t k = 0; k < n && scratch->sums != NULL; k++)
        spk__jitter_sum_free(&scratch->sums[k]);
    spk__free(scratch->moved);
    spk__free(scratch->fixed);
    spk__free(scratch->values);
    spk__free(scratch->weights);
    spk__free(scratch->work);
    spk__free(scratch->sums);
    spk__free(scratch->counts);
}

spk_status spk_jitter_synchrony(spk_context *ctx, const spk_trains *trains,
                                const int32_t (*pairs)[2], int64_t n_pairs,
                                const spk_jitter_options *options,
                                spk_jitter_result *results)
{
    spk_jitter_layout layout;
    spk_status status = spk__jitter_check(ctx, trains, pairs, n_pairs, options, &layout);
    if (status != SPK_OK)
        return status;
    if (n_pairs == 0 || layout.n_tests == 0)
        return SPK_OK;
    SPK_REQUIRE(ctx, results != NULL, SPK_ERR_ARGUMENT, "results is NULL");
    const int moves = options == NULL || options->jittered == SPK_JITTER_TARGET;
    const int64_t first = layout.first_test - layout.n_bins / 2;
    const double interval =
        round((double)layout.interval_samples / (double)layout.bin_samples);
    int64_t room = 2;
    for (int64_t p = 0; p < n_pairs; p++)
        for (int side = 0; side < 2; side++) {
            const int64_t n = spk_trains_unit(trains, pairs[p][side]).n_spikes;
            room = n + 2 > room ? n + 2 : room;
        }
    const int32_t n_workers = spk__parallel_workers(ctx, n_pairs);
    synchrony_job job = {
        .ctx = ctx,
        .trains = trains,
        .pairs = pairs,
        .n = layout.n_tests,
        .first_lag = moves ? first : 1 - (first + layout.n_tests),
        .width = layout.bin_samples,
        .interval = interval < 1.0 ? 1 : (int64_t)interval,
        .moves = moves,
        .scratch = spk__alloc_zero(ctx, n_workers, sizeof *job.scratch),
        .results = results,
    };
    if (job.scratch == NULL)
        return spk__fail_memory(ctx);
    for (int32_t w = 0; w < n_workers && status == SPK_OK; w++)
        status = make_scratch(ctx, job.n, room, &job.scratch[w]);
    if (status == SPK_OK)
        status = spk__parallel_for(ctx, n_pairs, test_pair, &job, "synchrony");
    for (int32_t w = 0; w < n_workers; w++)
        free_scratch(job.n, &job.scratch[w]);
    spk__free(job.scratch);
    return status;
}
