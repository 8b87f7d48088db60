/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/check.h"
#include "base/memory.h"
#include "base/parallel.h"
#include "spikes/aligned_events.h"

#include <inttypes.h>
#include <string.h>

/* Whether an array of a x b x c elements fits memory. */
static spk_status check_room(spk_context *ctx, int64_t a, int64_t b, int64_t c,
                             size_t size)
{
    int64_t n, n_bytes;
    SPK_REQUIRE(ctx,
                !__builtin_mul_overflow(a, b, &n) && !__builtin_mul_overflow(n, c, &n) &&
                    !__builtin_mul_overflow(n, (int64_t)size, &n_bytes),
                SPK_ERR_OVERFLOW,
                "%" PRId64 " x %" PRId64 " x %" PRId64
                " values are more than memory holds",
                a, b, c);
    return SPK_OK;
}

spk_status spk_alignment_exposure(spk_context *ctx, const spk_spikes *spikes,
                                  int64_t n_events, const int64_t *events,
                                  const spk_alignment_options *options, int64_t *exposure,
                                  uint8_t *is_whole)
{
    spk__aligned_events aligned = {0};
    spk_status status =
        spk__aligned_events_create(ctx, spikes, n_events, events, options, &aligned);
    if (status != SPK_OK)
        return status;
    const spk_alignment_window *window = &aligned.window;
    if (exposure != NULL && (status = check_room(ctx, n_events, window->n_bins, 1,
                                                 sizeof *exposure)) != SPK_OK)
        goto cleanup;
    for (int64_t k = 0; k < n_events; k++) {
        const spk__aligned_event *event = &aligned.events[k];
        if (exposure != NULL)
            spk__aligned_event_exposure(&aligned, event,
                                        exposure + event->place * window->n_bins);
        if (is_whole != NULL)
            is_whole[event->place] =
                event->stop - event->start == window->n_bins * window->bin_samples;
    }
cleanup:
    spk__aligned_events_free(&aligned);
    return status;
}

/* What the tasks, one a unit, share. */
typedef struct alignment_job {
    const spk_trains *trains;
    spk__aligned_events aligned;
    int64_t n_units;
    int32_t *counts;
    int64_t *offsets;
    int64_t *lags;
} alignment_job;

/* Checks everything and groups the spikes; clear_job() also after a failure. */
static spk_status make_job(spk_context *ctx, const spk_spikes *spikes, int64_t n_events,
                           const int64_t *events, const spk_alignment_options *options,
                           alignment_job *job, spk_trains **trains)
{
    spk_status status =
        spk__aligned_events_create(ctx, spikes, n_events, events, options, &job->aligned);
    if (status != SPK_OK)
        return status;
    job->n_units = spikes->n_units;
    if ((status = check_room(ctx, n_events, job->n_units, job->aligned.window.n_bins,
                             8)) != SPK_OK ||
        (status = spk_trains_create(ctx, spikes, NULL, trains)) != SPK_OK)
        return status;
    job->trains = *trains;
    for (int64_t u = 0; u < job->n_units; u++)
        SPK_REQUIRE(ctx, spk_trains_unit(job->trains, u).n_spikes <= INT32_MAX,
                    SPK_ERR_OVERFLOW, "unit %" PRId64 " has 2^31 spikes or more", u);
    return SPK_OK;
}

static void clear_job(alignment_job *job, spk_trains *trains)
{
    spk_trains_destroy(trains);
    spk__aligned_events_free(&job->aligned);
}

static spk_status count_unit(void *state, int64_t unit, int32_t worker)
{
    const alignment_job *job = state;
    const int64_t n_bins = job->aligned.window.n_bins, stride = job->n_units * n_bins;
    const spk_train train = spk_trains_unit(job->trains, unit);
    (void)worker;
    for (int64_t e = 0; e < job->aligned.n_events; e++)
        memset(job->counts + e * stride + unit * n_bins, 0,
               (size_t)n_bins * sizeof *job->counts);
    spk__aligned_events_count(&job->aligned, &train, stride, job->counts + unit * n_bins);
    return SPK_OK;
}

spk_status spk_alignment_count(spk_context *ctx, const spk_spikes *spikes,
                               int64_t n_events, const int64_t *events,
                               const spk_alignment_options *options, int32_t *counts)
{
    alignment_job job = {.counts = counts};
    spk_trains *trains = NULL;
    spk_status status = make_job(ctx, spikes, n_events, events, options, &job, &trains);
    if (status == SPK_OK && counts == NULL && n_events > 0 && job.n_units > 0)
        status = spk__fail(ctx, SPK_ERR_ARGUMENT, "counts is NULL");
    if (status == SPK_OK && n_events > 0)
        status = spk__parallel_for(ctx, job.n_units, count_unit, &job, "align");
    clear_job(&job, trains);
    return status;
}

/* offsets[u * n_events + e + 1] becomes the number of spikes, or the lags are filled. */
static spk_status list_unit(void *state, int64_t unit, int32_t worker)
{
    const alignment_job *job = state;
    const spk_train train = spk_trains_unit(job->trains, unit);
    int64_t *offsets = job->offsets + unit * job->aligned.n_events;
    int64_t first = 0;
    (void)worker;
    for (int64_t k = 0; k < job->aligned.n_events; k++) {
        const spk__aligned_event *event = &job->aligned.events[k];
        if (event->start == event->stop) {
            if (job->lags == NULL)
                offsets[event->place + 1] = 0;
            continue;
        }
        while (first < train.n_spikes && train.samples[first] < event->start)
            first++;
        int64_t n = 0;
        int64_t *lags = job->lags == NULL ? NULL : job->lags + offsets[event->place];
        for (int64_t i = first; i < train.n_spikes && train.samples[i] < event->stop;
             i++, n++)
            if (lags != NULL)
                lags[n] = (int64_t)((uint64_t)train.samples[i] - (uint64_t)event->origin +
                                    (uint64_t)job->aligned.window.first_sample);
        if (lags == NULL)
            offsets[event->place + 1] = n;
    }
    return SPK_OK;
}

spk_status spk_alignment_raster(spk_context *ctx, const spk_spikes *spikes,
                                int64_t n_events, const int64_t *events,
                                const spk_alignment_options *options, int64_t *offsets,
                                int64_t *lags)
{
    SPK_REQUIRE(ctx, offsets != NULL, SPK_ERR_ARGUMENT, "offsets is NULL");
    alignment_job job = {.offsets = offsets};
    spk_trains *trains = NULL;
    spk_status status = make_job(ctx, spikes, n_events, events, options, &job, &trains);
    if (status != SPK_OK)
        goto cleanup;
    offsets[0] = 0;
    if ((status = spk__parallel_for(ctx, job.n_units, list_unit, &job, NULL)) != SPK_OK)
        goto cleanup;
    for (int64_t k = 0; k < job.n_units * n_events; k++)
        offsets[k + 1] += offsets[k];
    if (lags != NULL) {
        job.lags = lags;
        status = spk__parallel_for(ctx, job.n_units, list_unit, &job, NULL);
    }
cleanup:
    clear_job(&job, trains);
    return status;
}
