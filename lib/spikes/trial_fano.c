/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/check.h"
#include "base/memory.h"
#include "base/parallel.h"
#include "spikes/trial_windows.h"

#include <inttypes.h>
#include <math.h>
#include <spikekit/fano.h>
#include <spikekit/trial_fano.h>
#include <string.h>

void spk_trial_fano_options_init(spk_trial_fano_options *options, size_t struct_size)
{
    spk_trial_fano_options defaults = {
        .struct_size = struct_size,
        .window_bins = 1,
        .step_bins = 1,
        .ddof = 1,
        .confidence = 0.95,
    };
    if (options != NULL)
        memcpy(options, &defaults,
               struct_size < sizeof defaults ? struct_size : sizeof defaults);
}

spk_status spk__trial_windows_make(spk_context *ctx, int64_t n_bins, int64_t width,
                                   int64_t step, spk__trial_windows *windows)
{
    SPK_REQUIRE(ctx, n_bins >= 1, SPK_ERR_ARGUMENT, "n_bins must be >= 1, got %" PRId64,
                n_bins);
    SPK_REQUIRE(ctx, width >= 1 && width <= n_bins, SPK_ERR_ARGUMENT,
                "window_bins must be in 1 .. %" PRId64 ", got %" PRId64, n_bins, width);
    SPK_REQUIRE(ctx, step >= 1, SPK_ERR_ARGUMENT, "step_bins must be >= 1, got %" PRId64,
                step);
    *windows = (spk__trial_windows){width, step, (n_bins - width) / step + 1};
    return SPK_OK;
}

static spk_status check_options(spk_context *ctx, int64_t n_bins,
                                const spk_trial_fano_options *options,
                                spk_trial_fano_options *read, spk__trial_windows *windows)
{
    spk_trial_fano_options_init(read, sizeof *read);
    if (options != NULL) {
        SPK_REQUIRE(ctx, options->struct_size >= sizeof *options, SPK_ERR_ARGUMENT,
                    "options: not filled by spk_trial_fano_options_init()");
        *read = *options;
    }
    SPK_REQUIRE(ctx, read->ddof == 0 || read->ddof == 1, SPK_ERR_ARGUMENT,
                "ddof must be 0 or 1, got %d", (int)read->ddof);
    SPK_REQUIRE(ctx, read->confidence > 0 && read->confidence < 1, SPK_ERR_ARGUMENT,
                "confidence must be between 0 and 1, got %g", read->confidence);
    return spk__trial_windows_make(ctx, n_bins, read->window_bins, read->step_bins,
                                   windows);
}

spk_status spk_trial_fano_length(spk_context *ctx, int64_t n_bins,
                                 const spk_trial_fano_options *options,
                                 int64_t *n_windows)
{
    SPK_REQUIRE(ctx, n_windows != NULL, SPK_ERR_ARGUMENT, "n_windows is NULL");
    spk_trial_fano_options read;
    spk__trial_windows windows;
    const spk_status status = check_options(ctx, n_bins, options, &read, &windows);
    if (status == SPK_OK)
        *n_windows = windows.n_windows;
    return status;
}

typedef struct fano_job {
    const spk_trials *trials;
    spk__trial_windows windows;
    spk_fano_options options;
    spk_trial_fano *out;
    int64_t *members; /* trials by condition, whether whole or not */
    int64_t *firsts;  /* [n_conditions + 1] */
    int64_t *counts;  /* [workers][n_trials] */
} fano_job;

static spk_status run_unit(void *state, int64_t unit, int32_t worker)
{
    const fano_job *job = state;
    const spk_trials *trials = job->trials;
    const spk__trial_windows *windows = &job->windows;
    int64_t *counts = job->counts + worker * trials->n_trials;
    for (int64_t c = 0; c < trials->n_conditions; c++)
        for (int64_t w = 0; w < windows->n_windows; w++) {
            const int64_t at = (c * trials->n_units + unit) * windows->n_windows + w;
            spk_fano fano;
            int64_t n = 0;
            for (int64_t k = job->firsts[c]; k < job->firsts[c + 1]; k++) {
                const int64_t t = job->members[k];
                if (spk__trials_see_all(trials, t, w * windows->step, windows->width))
                    counts[n++] = spk__trial_windows_count(windows, trials, t, unit, w);
            }
            const spk_status status =
                spk_fano_counts(NULL, n, counts, &job->options, &fano);
            if (status != SPK_OK)
                return status;
            if (job->out->means != NULL)
                job->out->means[at] = fano.mean;
            if (job->out->variances != NULL)
                job->out->variances[at] = fano.variance;
            if (job->out->fano != NULL)
                job->out->fano[at] = fano.fano;
            if (job->out->lower != NULL)
                job->out->lower[at] = fano.lower;
            if (job->out->upper != NULL)
                job->out->upper[at] = fano.upper;
        }
    return SPK_OK;
}

static void count_trials(const fano_job *job)
{
    const spk_trials *trials = job->trials;
    const spk__trial_windows *windows = &job->windows;
    for (int64_t c = 0; c < trials->n_conditions; c++)
        for (int64_t w = 0; w < windows->n_windows; w++) {
            int64_t n = 0;
            for (int64_t k = job->firsts[c]; k < job->firsts[c + 1]; k++)
                n += spk__trials_see_all(trials, job->members[k], w * windows->step,
                                         windows->width);
            job->out->n_trials[c * windows->n_windows + w] = n;
        }
}

spk_status spk_trial_fano_estimate(spk_context *ctx, const spk_trials *trials,
                                   const spk_trial_fano_options *options,
                                   spk_trial_fano *fano)
{
    SPK_REQUIRE(ctx, fano != NULL, SPK_ERR_ARGUMENT, "fano is NULL");
    spk_trial_fano_options read;
    fano_job job = {.trials = trials, .out = fano};
    spk_status status = spk_trials_check(ctx, trials);
    if (status != SPK_OK || (status = check_options(ctx, trials->n_bins, options, &read,
                                                    &job.windows)) != SPK_OK)
        return status;
    spk_fano_options_init(&job.options, sizeof job.options);
    job.options.ddof = read.ddof;
    job.options.lags = 0;
    job.options.confidence = read.confidence;
    const int32_t n_workers = spk__parallel_workers(ctx, trials->n_units);
    job.members = spk__alloc(ctx, trials->n_trials, sizeof *job.members);
    job.firsts = spk__alloc(ctx, trials->n_conditions + 1, sizeof *job.firsts);
    job.counts = spk__alloc(ctx, n_workers * trials->n_trials, sizeof *job.counts);
    if (job.members == NULL || job.firsts == NULL || job.counts == NULL) {
        status = spk__fail_memory(ctx);
        goto cleanup;
    }
    spk__trials_group(trials, 0, job.members, job.firsts);
    if (fano->n_trials != NULL)
        count_trials(&job);
    status = spk__parallel_for(ctx, trials->n_units, run_unit, &job, "fano");
cleanup:
    spk__free(job.counts);
    spk__free(job.firsts);
    spk__free(job.members);
    return status;
}
