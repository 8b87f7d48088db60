/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Steps that count spikes close in time. Distances are whole samples, so that each count is
 * an integer; a pair of spikes at the very distance that counts half, as Lussac has it, is
 * the mean of two counts.
 */
#include "base/check.h"
#include "base/memory.h"
#include "base/parallel.h"
#include "distributions/binomial_tails.h"
#include "sorting/coincidences.h"
#include "sorting/contamination.h"
#include "sorting/merge_work.h"

#include <math.h>
#include <stdlib.h>

enum {
    N_DISTANCES = SPK__COINCIDENCE_DISTANCES
};

/* The unit that a worker compares with others, one after the other. */
typedef struct pair_counter {
    int64_t unit; /* -1: none yet */
    spk__coincidence_index index;
} pair_counter;

typedef struct step_job {
    const spk__merge_work *work;
    int64_t near; /* t_c within a unit [samples] */
    int64_t far;  /* t_r within a unit */
    int64_t near_across;
    int64_t far_across;
    int64_t flank_from;
    int64_t flank_to;
    pair_counter *counters; /* [workers] */
    int64_t **scratch;      /* [workers] merged trains */
    int64_t scratch_length;
    spk_context *ctx;
} step_job;

static step_job new_job(spk_context *ctx, const spk__merge_work *work)
{
    const spk_merging_options *o = work->options;
    const double rate_hz = work->spikes.sampling_rate_hz;
    return (step_job){.work = work,
                      .near = spk__merge_samples(o->censored_ms, rate_hz),
                      .far = spk__merge_samples(o->refractory_ms, rate_hz),
                      .near_across = spk__merge_samples_across(o->censored_ms, rate_hz),
                      .far_across = spk__merge_samples_across(o->refractory_ms, rate_hz),
                      .flank_from = spk__merge_samples_across(o->flank_from_ms, rate_hz),
                      .flank_to = spk__merge_samples_across(o->flank_to_ms, rate_hz),
                      .ctx = ctx};
}

/* ---- contamination ---- */

static double contamination(const step_job *job, int64_t pairs, int64_t n_spikes)
{
    if (n_spikes <= 1)
        return NAN;
    return spk__contamination_llobet((double)pairs, (double)n_spikes,
                                     (double)job->work->duration, (double)job->far,
                                     (double)job->near);
}

static spk_status contamination_of_unit(void *state, int64_t unit, int32_t worker)
{
    (void)worker;
    const step_job *job = state;
    const spk__merge_given *given = job->work->given;
    const spk_train train = spk__merge_train(job->work, unit);
    const int64_t pairs =
        given != NULL && given->refractory_pairs != NULL
            ? given->refractory_pairs[unit]
            : spk__coincidences_within(train.samples, train.n_spikes, job->far);
    job->work->contaminations[unit] = contamination(job, pairs, train.n_spikes);
    return SPK_OK;
}

spk_status spk__merge_contaminations(spk_context *ctx, spk__merge_work *work)
{
    step_job job = new_job(ctx, work);
    return spk__parallel_for(ctx, work->spikes.n_units, contamination_of_unit, &job,
                             NULL);
}

/* ---- counts across two trains ---- */

/* Pairs of spikes no further apart than each distance. Pairs come by their first unit, or all
 * have the one unit that is asked for: a worker indexes it once. */
static spk_status count_across(const step_job *job, const spk_merge_pair *pair,
                               int32_t worker, const int64_t distances[N_DISTANCES],
                               int64_t counts[N_DISTANCES])
{
    pair_counter *counter = job->counters + worker;
    const int64_t only = job->work->options->with_unit;
    const int64_t unit = only >= 0 ? only : pair->a;
    const spk_train other =
        spk__merge_train(job->work, pair->a == unit ? pair->b : pair->a);
    if (counter->unit != unit) {
        const spk_train train = spk__merge_train(job->work, unit);
        int64_t reach = 0;
        for (int k = 0; k < N_DISTANCES; k++)
            reach = distances[k] > reach ? distances[k] : reach;
        const spk_status status = spk__coincidence_index_make(
            job->ctx, &counter->index, train.samples, train.n_spikes, reach);
        if (status != SPK_OK)
            return status;
        counter->unit = unit;
    }
    spk__coincidence_index_count(&counter->index, other.samples, other.n_spikes,
                                 distances, counts);
    return SPK_OK;
}

/* Runs a task for each pair to do, with counters. */
static spk_status count_pairs(spk_context *ctx, step_job *job, spk__task task,
                              const char *words)
{
    const int32_t n_workers = spk__parallel_workers(ctx, job->work->n_todo);
    job->counters = spk__alloc_zero(ctx, n_workers, sizeof *job->counters);
    if (job->counters == NULL)
        return spk__fail_memory(ctx);
    for (int32_t w = 0; w < n_workers; w++)
        job->counters[w].unit = -1;
    const spk_status status = spk__parallel_for(ctx, job->work->n_todo, task, job, words);
    for (int32_t w = 0; w < n_workers; w++)
        spk__coincidence_index_free(&job->counters[w].index);
    spk__free(job->counters);
    return status;
}

/* ---- cross-contamination ---- */

static spk_status cross_contamination_of_pair(void *state, int64_t task, int32_t worker)
{
    const step_job *job = state;
    const spk__merge_work *work = job->work;
    spk_merge_pair *pair = work->pairs + work->todo[task];
    const double n_a = (double)spk__merge_train(work, pair->a).n_spikes;
    const double n_b = (double)spk__merge_train(work, pair->b).n_spikes;
    const int64_t near = job->near_across, far = job->far_across;
    const int64_t distances[N_DISTANCES] = {near, near - 1, far, far - 1};
    int64_t counts[N_DISTANCES];
    const spk_status status = count_across(job, pair, worker, distances, counts);
    if (status != SPK_OK)
        return status;
    /* A pair at the very distance counts half; a distance of 0 has none. */
    const int64_t twice_near = near > 0 ? counts[0] + counts[1] : 0;
    const double violations = (double)(counts[2] + counts[3] - twice_near) / 2;
    const double pairs = n_a * n_b;
    const double duration = (double)work->duration, own = work->contaminations[pair->a];
    const double limit = work->options->max_cross_contamination;
    const double excess =
        violations * duration / (2 * pairs * (double)job->far_across) - 1;
    pair->values[SPK_MERGE_VALUE_CROSS_CONTAMINATION] =
        own == 1 ? -INFINITY : 1 - excess / (own - 1);
    pair->values[SPK_MERGE_VALUE_CROSS_P] =
        spk__binomial_upper(trunc(violations - 1), pairs * ((1 - own) * limit + own),
                            2 * (double)job->far_across / duration);
    return SPK_OK;
}

spk_status spk__merge_cross_contamination(spk_context *ctx, spk__merge_work *work)
{
    step_job job = new_job(ctx, work);
    return count_pairs(ctx, &job, cross_contamination_of_pair, "cross-contamination");
}

/* ---- a refractory period in common ---- */

static spk_status cross_refractory_of_pair(void *state, int64_t task, int32_t worker)
{
    const step_job *job = state;
    spk_merge_pair *pair = job->work->pairs + job->work->todo[task];
    const int64_t distances[N_DISTANCES] = {job->near_across, job->far_across,
                                            job->flank_from, job->flank_to};
    int64_t counts[N_DISTANCES];
    const spk_status status = count_across(job, pair, worker, distances, counts);
    if (status != SPK_OK)
        return status;
    const double n = (double)(counts[1] - counts[0]), m = (double)(counts[3] - counts[2]);
    const double width = (double)(job->far_across - job->near_across);
    const double flank = (double)(job->flank_to - job->flank_from);
    const double dipped = width * job->work->options->refractory_null;
    if (m > 0)
        pair->values[SPK_MERGE_VALUE_REFRACTORY_RATIO] = n / width / (m / flank);
    if (n + m > 0)
        pair->values[SPK_MERGE_VALUE_REFRACTORY_P] =
            spk__binomial_lower(n, n + m, dipped / (dipped + flank));
    return SPK_OK;
}

typedef struct ranked_p {
    double p;
    int64_t pair;
} ranked_p;

static int compare_p(const void *x, const void *y)
{
    const ranked_p *a = x, *b = y;
    if (a->p != b->p)
        return a->p < b->p ? -1 : 1;
    return (a->pair > b->pair) - (a->pair < b->pair);
}

/* Holm: the k-th smallest of n times n - k, not falling, at most 1. */
static void adjust(const spk__merge_work *work, ranked_p *ranked)
{
    int64_t n = 0;
    double highest = 0;
    for (int64_t k = 0; k < work->n_alive; k++) {
        const double p = work->pairs[work->todo[k]].values[SPK_MERGE_VALUE_REFRACTORY_P];
        if (!isnan(p))
            ranked[n++] = (ranked_p){p, work->todo[k]};
    }
    if (n > 0)
        qsort(ranked, (size_t)n, sizeof *ranked, compare_p);
    for (int64_t k = 0; k < n; k++) {
        highest = fmax(highest, fmin(1, ranked[k].p * (double)(n - k)));
        work->pairs[ranked[k].pair].values[SPK_MERGE_VALUE_REFRACTORY_HOLM] = highest;
    }
}

spk_status spk__merge_cross_refractory(spk_context *ctx, spk__merge_work *work)
{
    step_job job = new_job(ctx, work);
    spk_status status =
        count_pairs(ctx, &job, cross_refractory_of_pair, "cross-refractory");
    if (status != SPK_OK)
        return status;
    ranked_p *ranked = spk__alloc(ctx, work->n_alive, sizeof *ranked);
    if (ranked == NULL)
        return spk__fail_memory(ctx);
    adjust(work, ranked);
    spk__free(ranked);
    return SPK_OK;
}

/* ---- quality ---- */

/* The train of both; of a spike that follows one of the other within the distance, also of
 * one that goes, nothing stays. */
static int64_t merge_trains(const spk_train *a, const spk_train *b, int64_t distance,
                            int64_t *merged)
{
    int64_t n = 0, i = 0, j = 0, before = 0;
    int from = -1;
    while (i < a->n_spikes || j < b->n_spikes) {
        const int now =
            i == a->n_spikes || (j < b->n_spikes && b->samples[j] < a->samples[i]);
        const int64_t t = now ? b->samples[j++] : a->samples[i++];
        if (from < 0 || from == now || !spk__times_close(before, t, distance))
            merged[n++] = t;
        before = t;
        from = now;
    }
    return n;
}

static double score(const step_job *job, double n_spikes, double contaminated)
{
    const double rate_hz = job->work->spikes.sampling_rate_hz;
    const double seconds = (double)job->work->duration / rate_hz;
    if (n_spikes == 0)
        return NAN;
    return n_spikes / seconds *
           (1 - (1 + job->work->options->quality_balance) * contaminated);
}

static spk_status quality_of_pair(void *state, int64_t task, int32_t worker)
{
    step_job *job = state;
    const spk__merge_work *work = job->work;
    spk_merge_pair *pair = work->pairs + work->todo[task];
    const spk_train a = spk__merge_train(work, pair->a);
    const spk_train b = spk__merge_train(work, pair->b);
    if (job->scratch[worker] == NULL) {
        job->scratch[worker] = spk__alloc(job->ctx, job->scratch_length, sizeof(int64_t));
        if (job->scratch[worker] == NULL)
            return spk__fail_memory(job->ctx);
    }
    int64_t *merged = job->scratch[worker];
    const int64_t distance =
        (int64_t)(work->options->censored_ms / 1000 * work->spikes.sampling_rate_hz);
    const int64_t n = merge_trains(&a, &b, distance, merged);
    const double together =
        score(job, (double)n,
              contamination(job, spk__coincidences_within(merged, n, job->far), n));
    const double gain_a =
        together - score(job, (double)a.n_spikes, work->contaminations[pair->a]);
    const double gain_b =
        together - score(job, (double)b.n_spikes, work->contaminations[pair->b]);
    pair->values[SPK_MERGE_VALUE_QUALITY_GAIN] = fmin(gain_a, gain_b);
    return SPK_OK;
}

spk_status spk__merge_quality(spk_context *ctx, spk__merge_work *work)
{
    step_job job = new_job(ctx, work);
    const int32_t n_workers = spk__parallel_workers(ctx, work->n_todo);
    for (int64_t k = 0; k < work->n_todo; k++) {
        const spk_merge_pair *pair = work->pairs + work->todo[k];
        const int64_t n = spk__merge_train(work, pair->a).n_spikes +
                          spk__merge_train(work, pair->b).n_spikes;
        if (n > job.scratch_length)
            job.scratch_length = n;
    }
    job.scratch = spk__alloc_zero(ctx, n_workers, sizeof *job.scratch);
    if (job.scratch == NULL)
        return spk__fail_memory(ctx);
    const spk_status status =
        spk__parallel_for(ctx, work->n_todo, quality_of_pair, &job, "quality");
    for (int32_t w = 0; w < n_workers; w++)
        spk__free(job.scratch[w]);
    spk__free(job.scratch);
    return status;
}
