/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The Wasserstein distance of two histograms on the same bins is the sum of the differences of
 * their cumulative shares, so each unit's shares are made once.
 */
#include "base/check.h"
#include "base/memory.h"
#include "base/parallel.h"
#include "sorting/merge_work.h"

#include <inttypes.h>
#include <math.h>

typedef struct presence_job {
    const spk__merge_work *work;
    int64_t n_bins;
    double bin; /* [samples] */
    double
        *shares; /* [n_units][n_bins] cumulative, NaN for a unit without spikes in bins */
} presence_job;

/* The bin whose edges k * bin hold a time; the last edge belongs to the last bin. Edges are
 * products of doubles, as numpy makes them. */
static int64_t bin_of(const presence_job *job, int64_t t)
{
    int64_t k = (int64_t)floor((double)t / job->bin);
    while (k > 0 && (double)t < (double)k * job->bin)
        k--;
    while ((double)t >= (double)(k + 1) * job->bin)
        k++;
    return k == job->n_bins && (double)t == (double)k * job->bin ? k - 1 : k;
}

static spk_status shares_of_unit(void *state, int64_t unit, int32_t worker)
{
    (void)worker;
    const presence_job *job = state;
    const spk__merge_work *work = job->work;
    const spk_train train = spk__merge_train(work, unit);
    const spk_epochs *epochs = work->epochs;
    double *shares = job->shares + unit * job->n_bins, total = 0;
    int64_t epoch = 0, passed = 0; /* passed: gaps before the spike */
    int64_t stop = epochs == NULL || epochs->n_epochs == 0
                       ? INT64_MAX
                       : epochs->stops[0] - epochs->starts[0];
    for (int64_t k = 0; k < job->n_bins; k++)
        shares[k] = 0;
    for (int64_t i = 0; i < train.n_spikes; i++) {
        /* Times run from 0; with epochs they have gaps, which are taken out again. */
        const int64_t t = train.samples[i] - work->spikes.start_sample;
        while (t >= stop) {
            epoch++;
            passed += work->gap;
            stop += work->gap + epochs->stops[epoch] - epochs->starts[epoch];
        }
        const int64_t k = bin_of(job, t - passed);
        if (k < job->n_bins) {
            shares[k]++;
            total++;
        }
    }
    for (int64_t k = 1; k < job->n_bins; k++)
        shares[k] += shares[k - 1];
    for (int64_t k = 0; k < job->n_bins; k++)
        shares[k] = total > 0 ? shares[k] / total : NAN;
    return SPK_OK;
}

static spk_status distance_of_pair(void *state, int64_t task, int32_t worker)
{
    (void)worker;
    const presence_job *job = state;
    spk_merge_pair *pair = job->work->pairs + job->work->todo[task];
    const double *a = job->shares + pair->a * job->n_bins;
    const double *b = job->shares + pair->b * job->n_bins;
    const double rate_hz = job->work->spikes.sampling_rate_hz;
    double distance =
        job->n_bins > 0 ? fabs(a[job->n_bins - 1] - b[job->n_bins - 1]) : NAN;
    for (int64_t k = 0; k + 1 < job->n_bins; k++)
        distance += fabs(a[k] - b[k]) * ((double)(k + 2) * job->bin / rate_hz -
                                         (double)(k + 1) * job->bin / rate_hz);
    pair->values[SPK_MERGE_VALUE_PRESENCE_DISTANCE] = distance;
    return SPK_OK;
}

spk_status spk__merge_presence(spk_context *ctx, spk__merge_work *work)
{
    presence_job job = {.work = work};
    const int64_t n_units = work->spikes.n_units;
    job.bin = work->options->presence_bin_s * work->spikes.sampling_rate_hz;
    /* Edges 0, bin, ... below the end: whole bins, but for the last where it ends there. */
    const double n_edges = ceil((double)work->duration / job.bin);
    SPK_REQUIRE(ctx, n_edges < 1e9, SPK_ERR_OVERFLOW,
                "presence_bin_s: %g s cut %" PRId64 " samples into too many bins",
                work->options->presence_bin_s, work->duration);
    job.n_bins = n_edges >= 1 ? (int64_t)n_edges - 1 : 0;
    job.shares = spk__alloc(ctx, n_units * job.n_bins, sizeof *job.shares);
    if (job.shares == NULL)
        return spk__fail_memory(ctx);
    spk_status status = spk__parallel_for(ctx, n_units, shares_of_unit, &job, NULL);
    if (status == SPK_OK)
        status = spk__parallel_for(ctx, work->n_todo, distance_of_pair, &job, "presence");
    spk__free(job.shares);
    return status;
}
