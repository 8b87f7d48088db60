/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * All that does not depend on a unit is laid out once: which trials each bin has, the kernel,
 * the quantiles. Then each unit is a task; from spikes it first counts its own bins.
 */
#include "base/check.h"
#include "base/memory.h"
#include "base/parallel.h"
#include "distributions/student.h"
#include "spikes/aligned_events.h"
#include "spikes/psth_unit.h"
#include "spikes/trial_checks.h"

#include <inttypes.h>
#include <math.h>
#include <spikekit/distributions.h>
#include <string.h>

void spk_psth_options_init(spk_psth_options *options, size_t struct_size)
{
    spk_psth_options defaults = {
        .struct_size = struct_size,
        .trials = SPK_PSTH_WHOLE,
        .limits = SPK_PSTH_POISSON,
        .confidence = 0.95,
        .kernel = SPK_PSTH_GAUSSIAN,
        .n_resamples = 1000,
    };
    if (options != NULL)
        memcpy(options, &defaults,
               struct_size < sizeof defaults ? struct_size : sizeof defaults);
}

static spk_status check_options(spk_context *ctx, const spk_psth_options *options)
{
    SPK_REQUIRE(ctx, options->struct_size >= sizeof *options, SPK_ERR_ARGUMENT,
                "options: not filled by spk_psth_options_init()");
    SPK_REQUIRE(ctx,
                options->trials == SPK_PSTH_WHOLE || options->trials == SPK_PSTH_PER_BIN,
                SPK_ERR_ARGUMENT, "trials must be 0 or 1, got %d", (int)options->trials);
    SPK_REQUIRE(
        ctx, options->limits >= SPK_PSTH_POISSON && options->limits <= SPK_PSTH_BOOTSTRAP,
        SPK_ERR_ARGUMENT, "limits must be in 0 .. 2, got %d", (int)options->limits);
    SPK_REQUIRE(ctx, options->confidence > 0 && options->confidence < 1, SPK_ERR_ARGUMENT,
                "confidence must be between 0 and 1, got %g", options->confidence);
    SPK_REQUIRE(
        ctx,
        options->kernel >= SPK_PSTH_GAUSSIAN && options->kernel <= SPK_PSTH_EXPONENTIAL,
        SPK_ERR_ARGUMENT, "kernel must be in 0 .. 2, got %d", (int)options->kernel);
    SPK_REQUIRE(ctx, options->smooth_s >= 0 && isfinite(options->smooth_s),
                SPK_ERR_ARGUMENT, "smooth_s must be >= 0, got %g", options->smooth_s);
    SPK_REQUIRE(ctx, options->n_resamples >= 2 && options->n_resamples <= 1000000,
                SPK_ERR_ARGUMENT, "n_resamples must be in 2 .. 1000000, got %" PRId64,
                options->n_resamples);
    return SPK_OK;
}

/* Bins of the kernel on one side of a bin, no more than the window has. */
static int64_t kernel_side(const spk__psth_plan *plan)
{
    static const double reaches[] = {4.0, 0.5, 8.0};
    const double widths = plan->options.smooth_s / plan->bin_s;
    double side = floor(reaches[plan->options.kernel] * widths + 1e-9);
    if (plan->options.kernel ==
        SPK_PSTH_BOXCAR) /* 2 side + 1 bins, the nearest odd number */
        side = floor(widths / 2.0 + 1e-9);
    return side < (double)(plan->n_bins - 1) ? (int64_t)side : plan->n_bins - 1;
}

static spk_status make_kernel(spk_context *ctx, spk__psth_plan *plan)
{
    if (plan->options.smooth_s == 0.0)
        return SPK_OK;
    const int64_t side = kernel_side(plan);
    const int is_causal = plan->options.kernel == SPK_PSTH_EXPONENTIAL;
    plan->kernel_before = side;
    plan->kernel_length = is_causal ? side + 1 : 2 * side + 1;
    plan->weights = spk__alloc(ctx, plan->kernel_length, sizeof *plan->weights);
    if (plan->weights == NULL)
        return spk__fail_memory(ctx);
    for (int64_t k = 0; k < plan->kernel_length; k++) {
        const double x = (double)(k - side) * plan->bin_s / plan->options.smooth_s;
        plan->weights[k] = plan->options.kernel == SPK_PSTH_GAUSSIAN ? exp(-0.5 * x * x)
                           : is_causal                               ? exp(x)
                                                                     : 1.0;
    }
    return SPK_OK;
}

/* Whether any output needs limits. */
static int wants_limits(const spk_psth *psth)
{
    return psth->lower != NULL || psth->upper != NULL;
}

/* Members of each condition, trials that saw something, and how many of them each bin has. */
static spk_status make_members(spk_context *ctx, const int32_t *conditions,
                               spk__psth_plan *plan)
{
    const int64_t n_cells = plan->n_conditions * plan->n_bins;
    plan->members = spk__alloc(ctx, plan->n_trials, sizeof *plan->members);
    plan->first_members =
        spk__alloc_zero(ctx, plan->n_conditions + 1, sizeof *plan->first_members);
    plan->n_used = spk__alloc_zero(ctx, n_cells, sizeof *plan->n_used);
    plan->student = spk__alloc(ctx, n_cells, sizeof *plan->student);
    plan->poisson = spk__alloc(ctx, 2 * PSTH_CACHED_COUNTS, sizeof *plan->poisson);
    if (plan->members == NULL || plan->first_members == NULL || plan->n_used == NULL ||
        plan->student == NULL || plan->poisson == NULL)
        return spk__fail_memory(ctx);
    const spk_trials trials = {.n_trials = plan->n_trials,
                               .n_conditions = plan->n_conditions,
                               .conditions = conditions};
    int64_t n = 0, first = 0;
    spk__trials_group(&trials, 0, plan->members, plan->first_members);
    for (int64_t c = 0; c < plan->n_conditions; c++) { /* those kept move to the front */
        const int64_t stop = plan->first_members[c + 1];
        for (int64_t k = first; k < stop; k++) {
            const int64_t t = plan->members[k];
            const unsigned char *used = plan->used + t * plan->n_bins;
            if (memchr(used, 1, (size_t)plan->n_bins) == NULL)
                continue;
            plan->members[n++] = t;
            for (int64_t b = 0; b < plan->n_bins; b++)
                plan->n_used[c * plan->n_bins + b] += used[b];
        }
        first = stop;
        plan->first_members[c + 1] = n;
    }
    return SPK_OK;
}

static void make_quantiles(spk__psth_plan *plan)
{
    const double tail = (1.0 - plan->options.confidence) / 2.0;
    for (int64_t k = 0; k < plan->n_conditions * plan->n_bins; k++) {
        const int64_t n = plan->n_used[k];
        if (k > 0 && n == plan->n_used[k - 1])
            plan->student[k] = plan->student[k - 1];
        else
            plan->student[k] = n < 2
                                   ? NAN
                                   : spk__student_quantile(1.0 - tail, (double)(n - 1)) /
                                         sqrt((double)n * (double)(n - 1));
    }
    for (int64_t k = 0; k < PSTH_CACHED_COUNTS; k++) {
        plan->poisson[2 * k] = spk_poisson_mean(k - 1, 1.0 - tail);
        plan->poisson[2 * k + 1] = spk_poisson_mean(k, tail);
    }
}

/* From exposure, NULL for all, to which bins of which trials are used. */
static spk_status make_used(spk_context *ctx, const int64_t *exposure,
                            int64_t bin_samples, spk__psth_plan *plan)
{
    const int64_t n_bins = plan->n_bins;
    plan->used = spk__alloc(ctx, plan->n_trials * n_bins, sizeof *plan->used);
    if (plan->used == NULL)
        return spk__fail_memory(ctx);
    for (int64_t t = 0; t < plan->n_trials; t++) {
        unsigned char *used = plan->used + t * n_bins;
        int64_t n = 0;
        for (int64_t b = 0; b < n_bins; b++) {
            used[b] = exposure == NULL || exposure[t * n_bins + b] == bin_samples;
            n += used[b];
        }
        if (plan->options.trials == SPK_PSTH_WHOLE && n < n_bins)
            memset(used, 0, (size_t)n_bins);
    }
    return SPK_OK;
}

static void clear_plan(spk__psth_plan *plan)
{
    spk__free(plan->poisson);
    spk__free(plan->student);
    spk__free(plan->n_used);
    spk__free(plan->first_members);
    spk__free(plan->members);
    spk__free(plan->used);
    spk__free(plan->weights);
}

/* What the tasks share. */
typedef struct psth_job {
    spk__psth_plan plan;
    int64_t n_units;
    const spk_trials *trials; /* counts are there, or */
    const spk_trains *trains; /* they are made of these */
    spk__aligned_events aligned;
    const spk_psth *psth;
    spk__psth_scratch *scratch; /* of each worker */
    int32_t **counts;           /* of each worker, with trains */
    int64_t **sums;
    double **rows; /* [3][n_bins] */
} psth_job;

static spk_status run_unit(void *state, int64_t unit, int32_t worker)
{
    const psth_job *job = state;
    const spk__psth_plan *plan = &job->plan;
    const int64_t n_bins = plan->n_bins;
    const int32_t *counts;
    int64_t stride = job->n_units * n_bins;
    if (job->trials != NULL) {
        counts = job->trials->counts + unit * n_bins;
    } else {
        const spk_train train = spk_trains_unit(job->trains, unit);
        int32_t *own = job->counts[worker];
        stride = n_bins;
        memset(own, 0, (size_t)(plan->n_trials * n_bins) * sizeof *own);
        spk__aligned_events_count(&job->aligned, &train, stride, own);
        counts = own;
    }
    for (int64_t c = 0; c < plan->n_conditions; c++) {
        const int64_t at = (c * job->n_units + unit) * n_bins;
        const size_t size = (size_t)n_bins * sizeof(double);
        int64_t *sums = job->sums[worker];
        double *rates = job->rows[worker], *lower = rates + n_bins,
               *upper = lower + n_bins;
        spk__psth_unit(plan, &job->scratch[worker], c, counts, stride, sums, rates,
                       wants_limits(job->psth) ? lower : NULL, upper);
        if (job->psth->counts != NULL)
            memcpy(job->psth->counts + at, sums, (size_t)n_bins * sizeof *sums);
        if (job->psth->rates != NULL)
            memcpy(job->psth->rates + at, rates, size);
        if (job->psth->lower != NULL)
            memcpy(job->psth->lower + at, lower, size);
        if (job->psth->upper != NULL)
            memcpy(job->psth->upper + at, upper, size);
    }
    return SPK_OK;
}

static int64_t most_members(const spk__psth_plan *plan)
{
    int64_t most = 0;
    for (int64_t c = 0; c < plan->n_conditions; c++) {
        const int64_t n = plan->first_members[c + 1] - plan->first_members[c];
        most = n > most ? n : most;
    }
    return most;
}

static spk_status make_scratch(spk_context *ctx, psth_job *job, int32_t n_workers)
{
    const spk__psth_plan *plan = &job->plan;
    const int64_t n_bins = plan->n_bins, most = most_members(plan);
    const int needs_rates =
        wants_limits(job->psth) && plan->options.limits != SPK_PSTH_POISSON;
    const int needs_draws =
        wants_limits(job->psth) && plan->options.limits == SPK_PSTH_BOOTSTRAP;
    job->scratch = spk__alloc_zero(ctx, n_workers, sizeof *job->scratch);
    job->counts = spk__alloc_zero(ctx, n_workers, sizeof *job->counts);
    job->sums = spk__alloc_zero(ctx, n_workers, sizeof *job->sums);
    job->rows = spk__alloc_zero(ctx, n_workers, sizeof *job->rows);
    if (job->scratch == NULL || job->counts == NULL || job->sums == NULL ||
        job->rows == NULL)
        return spk__fail_memory(ctx);
    for (int32_t w = 0; w < n_workers; w++) {
        spk__psth_scratch *scratch = &job->scratch[w];
        job->sums[w] = spk__alloc(ctx, n_bins, sizeof **job->sums);
        job->rows[w] = spk__alloc(ctx, 3 * n_bins, sizeof **job->rows);
        if (job->trials == NULL)
            job->counts[w] = spk__alloc(ctx, plan->n_trials * n_bins, sizeof(int32_t));
        if (needs_rates)
            scratch->rates = spk__alloc(ctx, most * n_bins, sizeof *scratch->rates);
        if (needs_draws) {
            scratch->resamples = spk__alloc(ctx, n_bins * plan->options.n_resamples,
                                            sizeof *scratch->resamples);
            scratch->times = spk__alloc(ctx, most, sizeof *scratch->times);
            scratch->sums = spk__alloc(ctx, 2 * n_bins, sizeof *scratch->sums);
        }
        if (job->sums[w] == NULL || job->rows[w] == NULL ||
            (job->trials == NULL && job->counts[w] == NULL) ||
            (needs_rates && scratch->rates == NULL) ||
            (needs_draws && (scratch->resamples == NULL || scratch->times == NULL ||
                             scratch->sums == NULL)))
            return spk__fail_memory(ctx);
    }
    return SPK_OK;
}

static void clear_scratch(psth_job *job, int32_t n_workers)
{
    for (int32_t w = 0; w < n_workers; w++) {
        if (job->scratch != NULL) {
            spk__free(job->scratch[w].sums);
            spk__free(job->scratch[w].times);
            spk__free(job->scratch[w].resamples);
            spk__free(job->scratch[w].rates);
        }
        if (job->counts != NULL)
            spk__free(job->counts[w]);
        if (job->sums != NULL)
            spk__free(job->sums[w]);
        if (job->rows != NULL)
            spk__free(job->rows[w]);
    }
    spk__free(job->rows);
    spk__free(job->sums);
    spk__free(job->counts);
    spk__free(job->scratch);
}

/* Runs a job whose sizes, options and source are set. */
static spk_status run_job(spk_context *ctx, psth_job *job, const int64_t *exposure,
                          int64_t bin_samples, const int32_t *conditions)
{
    spk__psth_plan *plan = &job->plan;
    const int32_t n_workers = spk__parallel_workers(ctx, job->n_units);
    spk_status status = make_used(ctx, exposure, bin_samples, plan);
    if (status == SPK_OK)
        status = make_members(ctx, conditions, plan);
    if (status == SPK_OK)
        status = make_kernel(ctx, plan);
    if (status == SPK_OK)
        status = make_scratch(ctx, job, n_workers);
    if (status == SPK_OK) {
        make_quantiles(plan);
        if (job->psth->n_trials != NULL)
            memcpy(job->psth->n_trials, plan->n_used,
                   (size_t)(plan->n_conditions * plan->n_bins) * sizeof *plan->n_used);
        status = spk__parallel_for(ctx, job->n_units, run_unit, job, "align");
    }
    clear_scratch(job, n_workers);
    clear_plan(plan);
    return status;
}

static spk_status read_options(spk_context *ctx, const spk_psth_options *options,
                               const spk_psth *psth, spk_psth_options *read)
{
    SPK_REQUIRE(ctx, psth != NULL, SPK_ERR_ARGUMENT, "psth is NULL");
    spk_psth_options_init(read, sizeof *read);
    if (options == NULL)
        return SPK_OK;
    const spk_status status = check_options(ctx, options);
    if (status == SPK_OK)
        *read = *options;
    return status;
}

spk_status spk_psth_estimate(spk_context *ctx, const spk_trials *trials,
                             const spk_psth_options *options, spk_psth *psth)
{
    psth_job job = {.trials = trials, .psth = psth};
    spk_status status = spk_trials_check(ctx, trials);
    if (status == SPK_OK)
        status = read_options(ctx, options, psth, &job.plan.options);
    if (status != SPK_OK)
        return status;
    job.n_units = trials->n_units;
    job.plan.n_trials = trials->n_trials;
    job.plan.n_bins = trials->n_bins;
    job.plan.n_conditions = trials->n_conditions;
    job.plan.bin_s = (double)trials->bin_samples / trials->sampling_rate_hz;
    return run_job(ctx, &job, trials->exposure, trials->bin_samples, trials->conditions);
}

/* As trials without counts, for the checks of sizes. */
static spk_status check_events(spk_context *ctx, const spk_spikes *spikes,
                               int64_t n_events, int64_t n_conditions,
                               const int32_t *conditions,
                               const spk_alignment_window *window)
{
    const spk_trials sizes = {.n_trials = n_events,
                              .n_units = spikes->n_units,
                              .n_bins = window->n_bins,
                              .bin_samples = window->bin_samples,
                              .sampling_rate_hz = spikes->sampling_rate_hz,
                              .n_conditions = n_conditions};
    const spk_status status = spk__trials_check_sizes(ctx, &sizes);
    return status != SPK_OK
               ? status
               : spk__trials_check_conditions(ctx, n_events, conditions, n_conditions);
}

spk_status spk_psth_align(spk_context *ctx, const spk_spikes *spikes, int64_t n_events,
                          const int64_t *events, int64_t n_conditions,
                          const int32_t *conditions,
                          const spk_alignment_options *alignment,
                          const spk_psth_options *options, spk_psth *psth)
{
    psth_job job = {.psth = psth};
    spk_trains *trains = NULL;
    int64_t *exposure = NULL;
    spk_status status = read_options(ctx, options, psth, &job.plan.options);
    if (status != SPK_OK ||
        (status = spk__aligned_events_create(ctx, spikes, n_events, events, alignment,
                                             &job.aligned)) != SPK_OK)
        return status;
    const spk_alignment_window *window = &job.aligned.window;
    if ((status = check_events(ctx, spikes, n_events, n_conditions, conditions,
                               window)) != SPK_OK ||
        (status = spk_trains_create(ctx, spikes, NULL, &trains)) != SPK_OK)
        goto cleanup;
    exposure = spk__alloc(ctx, n_events * window->n_bins, sizeof *exposure);
    if (exposure == NULL) {
        status = spk__fail_memory(ctx);
        goto cleanup;
    }
    for (int64_t k = 0; k < n_events; k++)
        spk__aligned_event_exposure(&job.aligned, &job.aligned.events[k],
                                    exposure +
                                        job.aligned.events[k].place * window->n_bins);
    job.trains = trains;
    job.n_units = spikes->n_units;
    job.plan.n_trials = n_events;
    job.plan.n_bins = window->n_bins;
    job.plan.n_conditions = n_conditions;
    job.plan.bin_s = (double)window->bin_samples / spikes->sampling_rate_hz;
    status = run_job(ctx, &job, exposure, window->bin_samples, conditions);
cleanup:
    spk__free(exposure);
    spk_trains_destroy(trains);
    spk__aligned_events_free(&job.aligned);
    return status;
}
