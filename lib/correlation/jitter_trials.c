/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Spikes of a unit are laid out trial by trial, in samples from the start of the trial. All
 * shifts together are the correlogram of all trials laid over one another, less the trials
 * with themselves; so each train is also sorted as a whole.
 */
#include "correlation/jitter_pair.h"

#include "base/check.h"
#include "base/memory.h"
#include "base/parallel.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

void spk_jitter_trials_init(spk_jitter_trials *trials, size_t struct_size)
{
    spk_jitter_trials defaults = {
        .struct_size = struct_size,
        .duration_s = 1.0,
        .predictor = SPK_JITTER_SHIFT_ALL,
    };
    if (trials != NULL)
        memcpy(trials, &defaults,
               struct_size < sizeof defaults ? struct_size : sizeof defaults);
}

/* A unit's spikes in the trials; only units of pairs have any. */
typedef struct trial_train {
    int64_t n_spikes;
    int64_t *offsets; /* [n_trials + 1] */
    int64_t *samples; /* [n_spikes] by trial, from its start */
    int64_t *pooled;  /* [n_spikes] all of them in order */
    double *means;    /* [n_bins] mean count of a bin over trials */
} trial_train;

typedef struct trial_job {
    spk_context *ctx;
    const int32_t (*pairs)[2];
    trial_train *trains; /* [n_units] */
    int64_t n_trials, duration;
    int64_t trial_bins; /* whole bins of a trial */
    int64_t interval;   /* bins */
    int32_t predictor;
    spk_jitter_layout layout;
    double rate_hz;
    double *scratch; /* [workers][2][trial_bins], [3][n_bins] */
    int64_t scratch_size;
    int64_t *counts;
    double *predicted, *corrected;
} trial_job;

/* ---- laying out ---- */

static int rising(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static void free_train(trial_train *train)
{
    spk__free(train->offsets);
    spk__free(train->samples);
    spk__free(train->pooled);
    spk__free(train->means);
}

static spk_status lay_out(const trial_job *job, const spk_train *unit,
                          const int64_t *starts, trial_train *train)
{
    const int64_t *const stop = unit->samples + unit->n_spikes;
    train->offsets = spk__alloc(job->ctx, job->n_trials + 1, sizeof *train->offsets);
    if (train->offsets == NULL)
        return spk__fail_memory(job->ctx);
    train->offsets[0] = 0;
    for (int64_t r = 0; r < job->n_trials; r++) {
        const int64_t *first = spk__not_before(unit->samples, stop, starts[r]);
        train->offsets[r + 1] =
            train->offsets[r] +
            (spk__not_before(first, stop, starts[r] + job->duration) - first);
    }
    train->n_spikes = train->offsets[job->n_trials];
    train->samples = spk__alloc(job->ctx, train->n_spikes, sizeof *train->samples);
    train->pooled = spk__alloc(job->ctx, train->n_spikes, sizeof *train->pooled);
    train->means = spk__alloc_zero(job->ctx, job->trial_bins, sizeof *train->means);
    if (train->samples == NULL || train->pooled == NULL || train->means == NULL)
        return spk__fail_memory(job->ctx);
    for (int64_t r = 0; r < job->n_trials; r++) {
        const int64_t n = train->offsets[r + 1] - train->offsets[r];
        const int64_t *first = spk__not_before(unit->samples, stop, starts[r]);
        for (int64_t i = 0; i < n; i++) {
            const int64_t sample = first[i] - starts[r];
            const int64_t bin = sample / job->layout.bin_samples;
            train->samples[train->offsets[r] + i] = sample;
            train->pooled[train->offsets[r] + i] = sample;
            if (bin < job->trial_bins)
                train->means[bin]++;
        }
    }
    for (int64_t a = 0; a < job->trial_bins; a++)
        train->means[a] /= (double)job->n_trials;
    if (train->n_spikes > 0)
        qsort(train->pooled, (size_t)train->n_spikes, sizeof *train->pooled, rising);
    return SPK_OK;
}

/* ---- counting ---- */

/* Adds `weight` to the bin of each pair (s of x, t of y). Both in order. */
static void add_pairs(const spk_jitter_layout *layout, const int64_t *x, int64_t n_x,
                      const int64_t *y, int64_t n_y, double weight, double *sums)
{
    const int64_t first = layout->first_lag;
    const int64_t stop = first + layout->n_bins * layout->bin_samples;
    for (int64_t i = 0, low = 0; i < n_x; i++) {
        while (low < n_y && y[low] - x[i] < first)
            low++;
        for (int64_t j = low; j < n_y && y[j] - x[i] < stop; j++)
            sums[(y[j] - x[i] - first) / layout->bin_samples] += weight;
    }
}

static void add_trials(const trial_job *job, const trial_train *x, int64_t r,
                       const trial_train *y, int64_t q, double weight, double *sums)
{
    add_pairs(&job->layout, x->samples + x->offsets[r], x->offsets[r + 1] - x->offsets[r],
              y->samples + y->offsets[q], y->offsets[q + 1] - y->offsets[q], weight,
              sums);
}

/* Counts of a trial in bins. */
static void bin_trial(const trial_job *job, const trial_train *train, int64_t r,
                      double *bins)
{
    memset(bins, 0, (size_t)job->trial_bins * sizeof *bins);
    for (int64_t i = train->offsets[r]; i < train->offsets[r + 1]; i++) {
        const int64_t bin = train->samples[i] / job->layout.bin_samples;
        if (bin < job->trial_bins)
            bins[bin]++;
    }
}

/* The counts of a trial become what is expected of it. */
static void expect_trial(const trial_job *job, const trial_train *train, double *bins)
{
    for (int64_t start = 0; start < job->trial_bins;) {
        const int64_t stop = job->interval < job->trial_bins - start
                                 ? start + job->interval
                                 : job->trial_bins;
        double count = 0.0, mean = 0.0;
        for (int64_t a = start; a < stop; a++) {
            count += bins[a];
            mean += train->means[a];
        }
        for (int64_t a = start; a < stop; a++)
            bins[a] = count > 0.0 ? train->means[a] * (count / mean) : 0.0;
        start = stop;
    }
}

static void add_products(const trial_job *job, const double *x, const double *y,
                         double *sums)
{
    const int64_t n = job->trial_bins, half = job->layout.n_bins / 2;
    for (int64_t a = 0; a < n; a++) {
        const int64_t from = a - half > 0 ? a - half : 0;
        const int64_t to = half < n - 1 - a ? a + half : n - 1;
        for (int64_t b = from; x[a] != 0.0 && b <= to; b++)
            sums[b - a + half] += x[a] * y[b];
    }
}

static void predict_shifts(const trial_job *job, const trial_train *x,
                           const trial_train *y, double *sums, double *others)
{
    const int64_t n = job->layout.n_bins, R = job->n_trials;
    for (int64_t r = 0; r < R; r++)
        add_trials(job, x, r, y, r, 1.0, sums);
    if (job->predictor == SPK_JITTER_SHIFT_ALL) {
        add_pairs(&job->layout, x->pooled, x->n_spikes, y->pooled, y->n_spikes, 1.0,
                  others);
        for (int64_t k = 0; k < n; k++)
            others[k] = (others[k] - sums[k]) / (double)(R - 1);
    } else {
        for (int64_t r = 1; r < R; r++) {
            add_trials(job, x, r, y, r - 1, 1.0, others);
            add_trials(job, x, r - 1, y, r, 1.0, others);
        }
        for (int64_t k = 0; k < n; k++)
            others[k] *= (double)R / (double)(2 * (R - 1));
    }
}

static void predict_trains(const trial_job *job, const trial_train *x,
                           const trial_train *y, double *bins, double *sums,
                           double *others)
{
    double *x_bins = bins, *y_bins = bins + job->trial_bins;
    for (int64_t r = 0; r < job->n_trials; r++) {
        bin_trial(job, x, r, x_bins);
        bin_trial(job, y, r, y_bins);
        add_products(job, x_bins, y_bins, sums);
        expect_trial(job, x, x_bins);
        expect_trial(job, y, y_bins);
        add_products(job, x_bins, y_bins, others);
    }
}

static spk_status predict_pair(void *state, int64_t p, int32_t worker)
{
    const trial_job *job = state;
    const trial_train *x = &job->trains[job->pairs[p][0]];
    const trial_train *y = &job->trains[job->pairs[p][1]];
    const int64_t n = job->layout.n_bins;
    double *bins = job->scratch + worker * job->scratch_size;
    double *sums = bins + 2 * job->trial_bins, *others = sums + n;
    memset(sums, 0, (size_t)(2 * n) * sizeof *sums);
    if (job->predictor == SPK_JITTER_EXPECTED_TRAINS)
        predict_trains(job, x, y, bins, sums, others);
    else
        predict_shifts(job, x, y, sums, others);

    const double T = (double)job->duration / job->rate_hz, R = (double)job->n_trials;
    const double rates =
        sqrt((double)x->n_spikes * (double)y->n_spikes) / (R * T); /* geometric mean */
    for (int64_t k = 0; k < n; k++) {
        const double lag = (double)((k - n / 2) * job->layout.bin_samples) / job->rate_hz;
        const double scale = R * rates * (T - fabs(lag));
        if (job->counts != NULL)
            job->counts[p * n + k] = (int64_t)sums[k];
        if (job->predicted != NULL)
            job->predicted[p * n + k] = others[k];
        if (job->corrected != NULL)
            job->corrected[p * n + k] = scale > 0.0 ? (sums[k] - others[k]) / scale : NAN;
    }
    return SPK_OK;
}

/* ---- the call ---- */

static spk_status check_trials(spk_context *ctx, const spk_spikes *spikes,
                               const spk_jitter_trials *trials,
                               const spk_jitter_layout *layout, int64_t *duration)
{
    SPK_REQUIRE(ctx, trials != NULL, SPK_ERR_ARGUMENT, "trials is NULL");
    SPK_REQUIRE(ctx, trials->struct_size >= sizeof *trials, SPK_ERR_ARGUMENT,
                "trials: not filled by spk_jitter_trials_init()");
    SPK_REQUIRE(ctx,
                trials->predictor >= SPK_JITTER_SHIFT_ALL &&
                    trials->predictor <= SPK_JITTER_EXPECTED_TRAINS,
                SPK_ERR_ARGUMENT, "predictor must be 0, 1 or 2, got %d",
                (int)trials->predictor);
    const int64_t least = trials->predictor == SPK_JITTER_EXPECTED_TRAINS ? 1 : 2;
    SPK_REQUIRE(ctx, trials->n_trials >= least, SPK_ERR_ARGUMENT,
                "n_trials must be at least %" PRId64 " for this predictor, got %" PRId64,
                least, trials->n_trials);
    SPK_REQUIRE(ctx, trials->starts != NULL, SPK_ERR_ARGUMENT, "starts is NULL");
    SPK_REQUIRE(ctx, trials->duration_s > 0.0 && isfinite(trials->duration_s),
                SPK_ERR_ARGUMENT, "duration_s must be above 0 and finite, got %g",
                trials->duration_s);
    *duration =
        (int64_t)fmin(round(trials->duration_s * spikes->sampling_rate_hz), 0x1p53);
    SPK_REQUIRE(ctx, *duration >= layout->bin_samples, SPK_ERR_ARGUMENT,
                "duration_s must be at least a bin of %" PRId64
                " samples, got %g s, %" PRId64 " samples",
                layout->bin_samples, trials->duration_s, *duration);
    for (int64_t r = 0; r < trials->n_trials; r++)
        SPK_REQUIRE(ctx,
                    trials->starts[r] >= spikes->start_sample &&
                        trials->starts[r] <= spikes->stop_sample &&
                        *duration <= spikes->stop_sample - trials->starts[r],
                    SPK_ERR_ARGUMENT,
                    "trial %" PRId64 " from sample %" PRId64 ", %" PRId64
                    " samples long, leaves the recording, %" PRId64 " .. %" PRId64,
                    r, trials->starts[r], *duration, spikes->start_sample,
                    spikes->stop_sample);
    return SPK_OK;
}

spk_status spk_jitter_predict(spk_context *ctx, const spk_trains *trains,
                              const int32_t (*pairs)[2], int64_t n_pairs,
                              const spk_jitter_options *options,
                              const spk_jitter_trials *trials, int64_t *counts,
                              double *predicted, double *corrected)
{
    trial_job job = {.ctx = ctx,
                     .pairs = pairs,
                     .counts = counts,
                     .predicted = predicted,
                     .corrected = corrected};
    spk_status status =
        spk__jitter_check(ctx, trains, pairs, n_pairs, options, &job.layout);
    if (status != SPK_OK)
        return status;
    const spk_spikes *spikes = spk_trains_spikes(trains);
    status = check_trials(ctx, spikes, trials, &job.layout, &job.duration);
    if (status != SPK_OK)
        return status;
    const double interval =
        round((double)job.layout.interval_samples / (double)job.layout.bin_samples);
    job.n_trials = trials->n_trials;
    job.predictor = trials->predictor;
    job.interval = interval < 1.0 ? 1 : (int64_t)interval;
    job.rate_hz = spikes->sampling_rate_hz;
    job.trial_bins = job.predictor == SPK_JITTER_EXPECTED_TRAINS
                         ? job.duration / job.layout.bin_samples
                         : 0;
    job.scratch_size = 2 * (job.trial_bins + job.layout.n_bins);
    job.trains = spk__alloc_zero(ctx, spikes->n_units, sizeof *job.trains);
    job.scratch = spk__alloc(ctx, spk__parallel_workers(ctx, n_pairs) * job.scratch_size,
                             sizeof *job.scratch);
    if (job.trains == NULL || job.scratch == NULL)
        status = spk__fail_memory(ctx);
    for (int64_t p = 0; p < n_pairs && status == SPK_OK; p++)
        for (int side = 0; side < 2 && status == SPK_OK; side++) {
            const spk_train unit = spk_trains_unit(trains, pairs[p][side]);
            if (job.trains[pairs[p][side]].offsets == NULL)
                status =
                    lay_out(&job, &unit, trials->starts, &job.trains[pairs[p][side]]);
        }
    if (status == SPK_OK)
        status = spk__parallel_for(ctx, n_pairs, predict_pair, &job, "predictor");
    for (int64_t u = 0; u < spikes->n_units && job.trains != NULL; u++)
        free_train(&job.trains[u]);
    spk__free(job.trains);
    spk__free(job.scratch);
    return status;
}
