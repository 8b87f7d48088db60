/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The terms of each bin are gathered interval by interval. Nearly all are coins of whole
 * intervals, up at so many of its samples: they are counted by that number, so that the sum
 * has a few dozen kinds of term however many spikes there are.
 */
#include "correlation/jitter_pair.h"
#include "correlation/jitter_sum.h"

#include "base/check.h"
#include "base/memory.h"
#include "base/parallel.h"

#include <math.h>
#include <string.h>

enum {
    PAIRS_A_TASK = 16,
    MOST_TALLIES = 4096 /* longer intervals are few: their coins go straight to the sum */
};

typedef struct test_job {
    spk_context *ctx;
    const spk_trains *trains;
    const int32_t (*pairs)[2];
    int64_t n_pairs;
    spk__jitter_bins bins;
    int64_t n_tallies; /* up to so many places are tallied; 0: none */
    struct test_scratch *scratch;
    spk_jitter_result *results;
} test_job;

/* What a worker keeps. */
typedef struct test_scratch {
    spk__jitter_sum *sums; /* [n] by bin */
    int64_t *counts;       /* [n] */
    int64_t *most;         /* [n] the largest number tallied */
    int32_t *tallies;      /* [n][n_tallies + 1] coins by the places where they are up */
    double *work;
    int64_t levels_room;
    double *weights; /* [levels_room] places by value; zero between intervals */
    int64_t *values;
    double *packed;
} test_scratch;

static void free_scratch(test_scratch *scratch, int64_t n)
{
    for (int64_t k = 0; scratch->sums != NULL && k < n; k++)
        spk__jitter_sum_free(&scratch->sums[k]);
    spk__free(scratch->sums);
    spk__free(scratch->counts);
    spk__free(scratch->most);
    spk__free(scratch->tallies);
    spk__free(scratch->work);
    spk__free(scratch->weights);
    spk__free(scratch->values);
    spk__free(scratch->packed);
}

static spk_status make_scratch(spk_context *ctx, const test_job *job,
                               test_scratch *scratch)
{
    const int64_t n = job->bins.n;
    scratch->sums = spk__alloc_zero(ctx, n, sizeof *scratch->sums);
    scratch->counts = spk__alloc(ctx, n, sizeof *scratch->counts);
    scratch->most = spk__alloc_zero(ctx, n, sizeof *scratch->most);
    scratch->tallies =
        spk__alloc_zero(ctx, n * (job->n_tallies + 1), sizeof *scratch->tallies);
    scratch->work = spk__alloc(ctx, SPK__JITTER_WORK, sizeof *scratch->work);
    if (scratch->sums == NULL || scratch->counts == NULL || scratch->most == NULL ||
        scratch->tallies == NULL || scratch->work == NULL)
        return spk__fail_memory(ctx);
    return SPK_OK;
}

static spk_status make_levels(spk_context *ctx, test_scratch *scratch, int64_t n)
{
    if (n <= scratch->levels_room)
        return SPK_OK;
    const int64_t room = 2 * n;
    spk__free(scratch->weights);
    spk__free(scratch->values);
    spk__free(scratch->packed);
    scratch->levels_room = 0;
    scratch->weights = spk__alloc_zero(ctx, room, sizeof *scratch->weights);
    scratch->values = spk__alloc(ctx, room, sizeof *scratch->values);
    scratch->packed = spk__alloc(ctx, room, sizeof *scratch->packed);
    if (scratch->weights == NULL || scratch->values == NULL || scratch->packed == NULL)
        return spk__fail_memory(ctx);
    scratch->levels_room = room;
    return SPK_OK;
}

/* The spikes of an interval are coins of bin k that are up at so many places. */
static spk_status add_coins(const test_job *job, test_scratch *scratch, int64_t k,
                            int64_t places, const spk__jitter_interval *interval)
{
    if (places > job->n_tallies || interval->length != job->bins.interval)
        return spk__jitter_sum_add_coin(job->ctx, &scratch->sums[k], places,
                                        interval->length, interval->n_moved);
    int32_t *tally = scratch->tallies + k * (job->n_tallies + 1) + places;
    if (*tally > INT32_MAX / 2 || interval->n_moved > INT32_MAX / 2)
        return spk__jitter_sum_add_coin(job->ctx, &scratch->sums[k], places,
                                        interval->length, interval->n_moved);
    *tally += (int32_t)interval->n_moved;
    scratch->most[k] = places > scratch->most[k] ? places : scratch->most[k];
    return SPK_OK;
}

/* How many places of the interval make how many pairs in bin k: the edges of what each fixed
 * spike reaches are passed in order. Returns the largest number of pairs. */
static int64_t weigh(const spk__jitter_bins *bins, const spk__jitter_interval *interval,
                     int64_t k, double *weights)
{
    const int64_t low = bins->first + k * bins->width, n = interval->n_fixed;
    const int64_t stop = interval->start + interval->length;
    const int64_t *s = interval->fixed;
    int64_t in = 0, out = 0, most = 0, at = interval->start;
    while (at < stop) {
        while (in < n && s[in] + low <= at)
            in++;
        while (out < n && s[out] + low + bins->width <= at)
            out++;
        int64_t next = stop;
        if (in < n && s[in] + low < next)
            next = s[in] + low;
        if (out < n && s[out] + low + bins->width < next)
            next = s[out] + low + bins->width;
        const int64_t pairs = in - out;
        weights[pairs] += (double)(next - at);
        most = pairs > most ? pairs : most;
        at = next;
    }
    return most;
}

static spk_status add_terms(const test_job *job, test_scratch *scratch,
                            const spk__jitter_interval *interval)
{
    const spk__jitter_bins *bins = &job->bins;
    spk_status status = SPK_OK;
    if (interval->n_fixed == 1) {
        for (int64_t k = 0; k < bins->n && status == SPK_OK; k++) {
            const int64_t places =
                spk__jitter_overlap(bins, interval, interval->fixed[0], k);
            if (places > 0)
                status = add_coins(job, scratch, k, places, interval);
        }
        return status;
    }
    status = make_levels(job->ctx, scratch, interval->n_fixed + 1);
    for (int64_t k = 0; k < bins->n && status == SPK_OK; k++) {
        double *weights = scratch->weights;
        const int64_t most = weigh(bins, interval, k, weights);
        if (most == 1) {
            status = add_coins(job, scratch, k, (int64_t)weights[1], interval);
        } else if (most > 1) {
            int64_t n = 0;
            for (int64_t v = 0; v <= most; v++)
                if (weights[v] > 0.0) {
                    scratch->values[n] = v;
                    scratch->packed[n++] = weights[v];
                }
            status = spk__jitter_sum_add_die(job->ctx, &scratch->sums[k], scratch->values,
                                             scratch->packed, n, interval->n_moved);
        }
        memset(weights, 0, (size_t)(most + 1) * sizeof *weights);
    }
    return status;
}

/* Moves the tallies of a bin to its sum, and finds where the count lies. */
static spk_status conclude(const test_job *job, test_scratch *scratch, int64_t k,
                           spk_jitter_result *result)
{
    spk__jitter_sum *sum = &scratch->sums[k];
    int32_t *tallies = scratch->tallies + k * (job->n_tallies + 1);
    spk_status status = SPK_OK;
    for (int64_t i = 1; i <= scratch->most[k] && status == SPK_OK; i++)
        if (tallies[i] > 0) {
            status = spk__jitter_sum_add_coin(job->ctx, sum, i, job->bins.interval,
                                              tallies[i]);
            tallies[i] = 0;
        }
    if (status != SPK_OK)
        return status;
    const double log_half = -0.693147180559945309;
    const spk__jitter_tails tails = spk__jitter_sum_tails(
        sum, scratch->counts[k], SPK__JITTER_CHEAPER, scratch->work);
    result->count = scratch->counts[k];
    spk__jitter_sum_moments(sum, &result->expected, &result->variance);
    result->log_equal = tails.log_equal;
    result->log_upper = fmin(spk__log_add(tails.log_above, tails.log_equal), 0.0);
    result->log_lower = fmin(spk__log_add(tails.log_below, tails.log_equal), 0.0);
    result->log_mid_upper = spk__log_add(tails.log_above, tails.log_equal + log_half);
    result->log_mid_lower = spk__log_add(tails.log_below, tails.log_equal + log_half);
    return SPK_OK;
}

static spk_status test_pair(const test_job *job, int64_t p, test_scratch *scratch)
{
    const spk__jitter_bins *bins = &job->bins;
    const int64_t n = bins->n;
    const int moves = bins->is_mirrored ? 0 : 1;
    const spk_train moved = spk_trains_unit(job->trains, job->pairs[p][moves]);
    const spk_train fixed = spk_trains_unit(job->trains, job->pairs[p][1 - moves]);
    spk__jitter_cursor cursor = {0, 0};
    spk__jitter_run run;
    spk_status status = SPK_OK;
    for (int64_t k = 0; k < n; k++) {
        spk__jitter_sum_clear(&scratch->sums[k]);
        scratch->counts[k] = scratch->most[k] = 0;
    }
    while (spk__jitter_next_run(&moved, &fixed, &cursor, &run)) {
        spk__jitter_interval interval;
        while (status == SPK_OK && spk__jitter_next_interval(bins, &run, &interval)) {
            spk__jitter_count(bins, &interval, scratch->counts);
            status = add_terms(job, scratch, &interval);
        }
    }
    for (int64_t k = 0; k < n && status == SPK_OK; k++)
        status = conclude(job, scratch, k,
                          job->results + p * n + (bins->is_mirrored ? n - 1 - k : k));
    return status;
}

static spk_status test_some(void *state, int64_t task, int32_t worker)
{
    const test_job *job = state;
    const int64_t first = task * PAIRS_A_TASK;
    spk_status status = SPK_OK;
    for (int64_t p = first;
         p < first + PAIRS_A_TASK && p < job->n_pairs && status == SPK_OK; p++)
        status = test_pair(job, p, &job->scratch[worker]);
    return status;
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
    const int64_t n_tasks = (n_pairs + PAIRS_A_TASK - 1) / PAIRS_A_TASK;
    const int32_t n_workers = spk__parallel_workers(ctx, n_tasks);
    test_job job = {
        .ctx = ctx,
        .trains = trains,
        .pairs = pairs,
        .n_pairs = n_pairs,
        .bins = spk__jitter_make_bins(
            &layout, options == NULL ? SPK_JITTER_TARGET : options->jittered,
            layout.first_test, layout.n_tests),
        .n_tallies = layout.interval_samples > MOST_TALLIES ? 0 : layout.interval_samples,
        .results = results,
    };
    job.scratch = spk__alloc_zero(ctx, n_workers, sizeof *job.scratch);
    if (job.scratch == NULL)
        return spk__fail_memory(ctx);
    for (int32_t w = 0; w < n_workers && status == SPK_OK; w++)
        status = make_scratch(ctx, &job, &job.scratch[w]);
    if (status == SPK_OK)
        status = spk__parallel_for(ctx, n_tasks, test_some, &job, "jitter");
    for (int32_t w = 0; w < n_workers; w++)
        free_scratch(&job.scratch[w], job.bins.n);
    spk__free(job.scratch);
    return status;
}
