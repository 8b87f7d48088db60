/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Autocorrelograms of all units and cross-correlograms of the pairs to do, counted as
 * SpikeInterface counts them, smoothed by direct sums: with some fifty bins that is faster
 * than a transform, and zeros stay zeros.
 */
#include "base/check.h"
#include "base/memory.h"
#include "base/parallel.h"
#include "sorting/merge_work.h"

#include <math.h>
#include <string.h>

enum {
    EMPTY_WINDOW = 20 /* bins, of an autocorrelogram without counts */
};

typedef struct correlogram_job {
    const spk__merge_work *work;
    int64_t n_bins;
    int64_t censor_from; /* bins [censor_from, censor_to) are taken out */
    int64_t censor_to;
    double *kernel;        /* [n_bins + 1], of lags -n_bins / 2 .. n_bins / 2 bins */
    int64_t *counts_auto;  /* [n_units][n_bins] */
    int64_t *counts_cross; /* [n_todo][n_bins] */
    double *autos;         /* [n_units][n_bins] smoothed, divided by their mean */
    int64_t *windows;      /* [n_units] */
} correlogram_job;

spk_status spk__merge_correlogram_options(spk_context *ctx, const spk__merge_work *work,
                                          spk_correlogram_options *correlogram)
{
    spk_correlogram_options_init(correlogram, sizeof *correlogram);
    const spk_status status = spk_correlogram_options_set_window(
        ctx, correlogram, SPK_CORRELOGRAM_SPIKEINTERFACE, work->spikes.sampling_rate_hz,
        work->options->correlogram_window_ms * 1e-3,
        work->options->correlogram_bin_ms * 1e-3);
    if (status == SPK_OK && correlogram->n_bins > SPK__MERGE_MOST_BINS)
        return spk__fail(ctx, SPK_ERR_ARGUMENT,
                         "correlogram_bin_ms: %g ms make more than %d bins",
                         work->options->correlogram_bin_ms, SPK__MERGE_MOST_BINS);
    return status;
}

spk_status spk__merge_count_pairs(spk_context *ctx, const spk__merge_work *work,
                                  const spk_correlogram_options *correlogram,
                                  int64_t **counts)
{
    spk_status status = SPK_OK;
    int32_t(*units)[2] = spk__alloc(ctx, work->n_todo, sizeof *units);
    int64_t *cross = NULL;
    if (units == NULL || (cross = spk__alloc(ctx, work->n_todo * correlogram->n_bins,
                                             sizeof *cross)) == NULL) {
        status = spk__fail_memory(ctx);
        goto cleanup;
    }
    for (int64_t k = 0; k < work->n_todo; k++) {
        const spk_merge_pair *pair = work->pairs + work->todo[k];
        units[k][0] = pair->a;
        units[k][1] = pair->b;
    }
    if ((status = spk_correlogram_count_pairs(ctx, &work->spikes, correlogram,
                                              (const int32_t(*)[2])units, work->n_todo,
                                              cross)) != SPK_OK)
        goto cleanup;
    *counts = cross;
    cross = NULL;
cleanup:
    spk__free(cross);
    spk__free(units);
    return status;
}

/* Censored, smoothed. */
static void smooth(const correlogram_job *job, const int64_t *counts, double *smoothed)
{
    const int64_t n = job->n_bins, reach = n / 2;
    for (int64_t k = 0; k < n; k++) {
        const int64_t first = k < reach ? 0 : k - reach;
        const int64_t last = k + reach < n ? k + reach : n - 1;
        double sum = 0;
        for (int64_t j = first; j <= last; j++)
            if (j < job->censor_from || j >= job->censor_to)
                sum += (double)counts[j] * job->kernel[k - j + reach];
        smoothed[k] = sum;
    }
}

/* Divided by the mean, unless that is 0. */
static void normalize(int64_t n, double *values)
{
    double mean = 0;
    for (int64_t k = 0; k < n; k++)
        mean += values[k];
    mean /= (double)n;
    for (int64_t k = 0; mean != 0 && k < n; k++)
        values[k] /= mean;
}

/* Differences of neighbours halved, whole at both ends. */
static void gradient(int64_t n, const double *values, double *slopes)
{
    slopes[0] = values[1] - values[0];
    for (int64_t k = 1; k + 1 < n; k++)
        slopes[k] = (values[k + 1] - values[k - 1]) / 2;
    slopes[n - 1] = values[n - 1] - values[n - 2];
}

/* The last peak of the values before the middle where `heights` is the threshold or more; the
 * middle of a flat peak, to the left. -1: none. */
static int64_t last_peak(int64_t n, const double *values, const double *heights,
                         double threshold)
{
    int64_t found = -1;
    for (int64_t k = 1; k + 1 < n; k++) {
        if (!(values[k - 1] < values[k]))
            continue;
        int64_t end = k;
        while (end + 1 < n - 1 && values[end + 1] == values[k])
            end++;
        const int64_t middle = (k + end) / 2;
        if (values[end + 1] < values[k] && middle < n / 2 && heights[middle] >= threshold)
            found = middle;
        k = end;
    }
    return found;
}

static int64_t window_of(int64_t n, const double *smoothed, double share, double *scratch)
{
    double highest = 0, total = 0;
    for (int64_t k = 0; k < n; k++) {
        highest = fmax(highest, smoothed[k]);
        total += fabs(smoothed[k]);
    }
    if (total == 0)
        return EMPTY_WINDOW;
    gradient(n, smoothed, scratch);
    gradient(n, scratch, scratch + n);
    for (int64_t k = 0; k < n; k++)
        scratch[n + k] = -scratch[n + k];
    double threshold = highest * share;
    int64_t peak = last_peak(n, scratch + n, smoothed, threshold);
    while (peak < 0 && threshold >= 1e-5) {
        threshold /= 2;
        peak = last_peak(n, scratch + n, smoothed, threshold);
    }
    return peak < 0 ? 1 : n / 2 - peak;
}

static spk_status prepare_unit(void *state, int64_t unit, int32_t worker)
{
    (void)worker;
    correlogram_job *job = state;
    double scratch[2 * SPK__MERGE_MOST_BINS];
    double *own = job->autos + unit * job->n_bins;
    smooth(job, job->counts_auto + unit * job->n_bins, own);
    job->windows[unit] =
        window_of(job->n_bins, own, job->work->options->correlogram_peak_share, scratch);
    normalize(job->n_bins, own);
    return SPK_OK;
}

static spk_status difference_of_pair(void *state, int64_t task, int32_t worker)
{
    (void)worker;
    const correlogram_job *job = state;
    const spk__merge_work *work = job->work;
    spk_merge_pair *pair = work->pairs + work->todo[task];
    const double n_a = (double)spk__merge_train(work, pair->a).n_spikes;
    const double n_b = (double)spk__merge_train(work, pair->b).n_spikes;
    const double *auto_a = job->autos + pair->a * job->n_bins;
    const double *auto_b = job->autos + pair->b * job->n_bins;
    double cross[SPK__MERGE_MOST_BINS], difference_a = 0, difference_b = 0;
    if (n_a + n_b == 0)
        return SPK_OK;
    smooth(job, job->counts_cross + task * job->n_bins, cross);
    normalize(job->n_bins, cross);
    int64_t window = (int64_t)rint(
        (n_a * (double)job->windows[pair->a] + n_b * (double)job->windows[pair->b]) /
        (n_a + n_b));
    if (window > job->n_bins / 2)
        window = job->n_bins / 2;
    for (int64_t k = job->n_bins / 2 - window; k < job->n_bins / 2 + window; k++) {
        difference_a += fabs(cross[k] - auto_a[k]);
        difference_b += fabs(cross[k] - auto_b[k]);
    }
    pair->values[SPK_MERGE_VALUE_CORRELOGRAM_DIFFERENCE] =
        (n_a * difference_a + n_b * difference_b) / (double)(2 * window) / (n_a + n_b);
    return SPK_OK;
}

/* Which bins start within the censor period of 0, and the Gaussian at their edges. */
static void set_bins(correlogram_job *job, const spk_correlogram_options *correlogram)
{
    const spk_merging_options *o = job->work->options;
    const double rate_hz = job->work->spikes.sampling_rate_hz;
    const int64_t half = job->n_bins / 2;
    double sum = 0;
    job->censor_from = job->censor_to = 0;
    for (int64_t k = 0; k <= job->n_bins; k++) {
        const double edge_ms =
            (double)((k - half) * correlogram->bin_samples) * 1e3 / rate_hz;
        if (edge_ms < -o->correlogram_censor_ms)
            job->censor_from = k + 1;
        if (edge_ms < o->correlogram_censor_ms)
            job->censor_to = k + 1;
        job->kernel[k] = exp(-(edge_ms * edge_ms) /
                             (2 * o->correlogram_sigma_ms * o->correlogram_sigma_ms));
        sum += job->kernel[k];
    }
    for (int64_t k = 0; k <= job->n_bins; k++)
        job->kernel[k] /= sum;
}

spk_status spk__merge_correlogram(spk_context *ctx, spk__merge_work *work)
{
    correlogram_job job = {.work = work};
    spk_correlogram_options correlogram;
    const int64_t n_units = work->spikes.n_units;
    spk_status status = spk__merge_correlogram_options(ctx, work, &correlogram);
    if (status != SPK_OK)
        return status;
    job.n_bins = correlogram.n_bins;
    job.kernel = spk__alloc(ctx, job.n_bins + 1, sizeof *job.kernel);
    job.counts_auto = spk__alloc(ctx, n_units * job.n_bins, sizeof *job.counts_auto);
    job.autos = spk__alloc(ctx, n_units * job.n_bins, sizeof *job.autos);
    job.windows = spk__alloc(ctx, n_units, sizeof *job.windows);
    if (job.kernel == NULL || job.counts_auto == NULL || job.autos == NULL ||
        job.windows == NULL) {
        status = spk__fail_memory(ctx);
        goto cleanup;
    }
    set_bins(&job, &correlogram);
    if ((status = spk_correlogram_count_auto(ctx, &work->spikes, &correlogram,
                                             job.counts_auto)) != SPK_OK ||
        (status = spk__merge_count_pairs(ctx, work, &correlogram, &job.counts_cross)) !=
            SPK_OK ||
        (status = spk__parallel_for(ctx, n_units, prepare_unit, &job, NULL)) != SPK_OK)
        goto cleanup;
    status =
        spk__parallel_for(ctx, work->n_todo, difference_of_pair, &job, "correlograms");
cleanup:
    spk__free(job.counts_cross);
    spk__free(job.windows);
    spk__free(job.autos);
    spk__free(job.counts_auto);
    spk__free(job.kernel);
    return status;
}
