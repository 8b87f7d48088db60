/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/check.h"
#include "base/memory.h"
#include "base/parallel.h"
#include "correlation/glmcc_model.h"

#include <inttypes.h>
#include <math.h>

enum {
    PAIRS_A_TASK = 16
};

spk_status spk_glmcc_length(spk_context *ctx, const spk_glmcc_options *options,
                            int64_t *n_sums)
{
    spk_glmcc_options used;
    SPK_REQUIRE(ctx, n_sums != NULL, SPK_ERR_ARGUMENT, "n_sums is NULL");
    const spk_status status = spk__glmcc_check_options(ctx, options, &used);
    if (status == SPK_OK)
        *n_sums = 2 * (used.last_delay_bins - used.first_delay_bins + 1);
    return status;
}

static spk_status check_trains(spk_context *ctx, const spk_trains *trains)
{
    SPK_REQUIRE(ctx, trains != NULL, SPK_ERR_ARGUMENT, "trains is NULL");
    const spk_spikes *spikes = spk_trains_spikes(trains);
    const int64_t most = INT64_C(1) << 61;
    SPK_REQUIRE(ctx, spikes->start_sample >= -most && spikes->stop_sample <= most,
                SPK_ERR_OVERFLOW,
                "the recording must lie within +-2^61 samples, got %" PRId64
                " .. %" PRId64,
                spikes->start_sample, spikes->stop_sample);
    return SPK_OK;
}

static spk_status check_pair(spk_context *ctx, const spk_trains *trains, int64_t unit_i,
                             int64_t unit_j)
{
    const int64_t n_units = spk_trains_spikes(trains)->n_units;
    SPK_REQUIRE(ctx, unit_i >= 0 && unit_i < n_units && unit_j >= 0 && unit_j < n_units,
                SPK_ERR_ARGUMENT,
                "units must be in 0 .. %" PRId64 ", got %" PRId64 " and %" PRId64,
                n_units - 1, unit_i, unit_j);
    SPK_REQUIRE(ctx, unit_i != unit_j, SPK_ERR_ARGUMENT,
                "a pair must be of two units, got unit %" PRId64 " twice", unit_i);
    return SPK_OK;
}

spk_status spk_glmcc_count(spk_context *ctx, const spk_trains *trains, int64_t unit_i,
                           int64_t unit_j, const spk_glmcc_options *options,
                           double *counts, double *sums)
{
    spk_status status = check_trains(ctx, trains);
    if (status == SPK_OK)
        status = check_pair(ctx, trains, unit_i, unit_j);
    if (status != SPK_OK)
        return status;
    SPK_REQUIRE(ctx, counts != NULL, SPK_ERR_ARGUMENT, "counts is NULL");
    SPK_REQUIRE(ctx, sums != NULL, SPK_ERR_ARGUMENT, "sums is NULL");
    spk__glmcc_plan plan;
    status = spk__glmcc_plan_create(ctx, options,
                                    spk_trains_spikes(trains)->sampling_rate_hz, &plan);
    if (status != SPK_OK)
        return status;
    double *work = spk__alloc(ctx, spk__glmcc_pair_length(&plan), sizeof *work);
    if (work == NULL)
        status = spk__fail_memory(ctx);
    else
        spk__glmcc_count_pair(&plan, trains, unit_i, unit_j, counts, sums, work);
    spk__free(work);
    spk__glmcc_plan_destroy(&plan);
    return status;
}

static spk_status check_values(spk_context *ctx, const char *name, const double *values,
                               int64_t n)
{
    for (int64_t k = 0; k < n; k++)
        SPK_REQUIRE(ctx, values[k] >= 0.0 && isfinite(values[k]), SPK_ERR_ARGUMENT,
                    "%s[%" PRId64 "] must be >= 0 and finite, got %g", name, k,
                    values[k]);
    return SPK_OK;
}

spk_status spk_glmcc_fit_counts(spk_context *ctx, const double *counts,
                                const double *sums, const spk_glmcc_options *options,
                                spk_glmcc_result *result, double *background)
{
    SPK_REQUIRE(ctx, counts != NULL, SPK_ERR_ARGUMENT, "counts is NULL");
    SPK_REQUIRE(ctx, result != NULL, SPK_ERR_ARGUMENT, "result is NULL");
    spk__glmcc_plan plan;
    double *work = NULL;
    spk_status status = spk__glmcc_plan_create(ctx, options, 0.0, &plan);
    if (status != SPK_OK)
        return status;
    if ((status = check_values(ctx, "counts", counts, plan.n)) != SPK_OK)
        goto cleanup;
    if (sums != NULL &&
        (status = check_values(ctx, "sums", sums, 2 * plan.n_delays)) != SPK_OK)
        goto cleanup;
    work = spk__alloc(ctx, spk__glmcc_fit_work_length(&plan), sizeof *work);
    if (work == NULL)
        status = spk__fail_memory(ctx);
    else
        spk__glmcc_fit(&plan, counts, sums, result, background, work);
cleanup:
    spk__free(work);
    spk__glmcc_plan_destroy(&plan);
    return status;
}

/* What the workers share. */
typedef struct pair_job {
    const spk__glmcc_plan *plan;
    const spk_trains *trains;
    const int32_t (*pairs)[2];
    int64_t n_pairs;
    spk_glmcc_result *results;
    double *backgrounds; /* or NULL */
    double *work;        /* [workers][work_length()] */
} pair_job;

static int64_t work_length(const spk__glmcc_plan *plan)
{
    return plan->n + spk__glmcc_pair_length(plan);
}

static spk_status fit_some(void *state, int64_t task, int32_t worker)
{
    const pair_job *job = state;
    const spk__glmcc_plan *plan = job->plan;
    double *counts = job->work + worker * work_length(plan);
    const int64_t first = task * PAIRS_A_TASK;
    for (int64_t p = first; p < first + PAIRS_A_TASK && p < job->n_pairs; p++)
        spk__glmcc_fit_pair(
            plan, job->trains, job->pairs[p][0], job->pairs[p][1], job->results + p,
            counts, job->backgrounds == NULL ? NULL : job->backgrounds + p * plan->n,
            counts + plan->n);
    return SPK_OK;
}

spk_status spk_glmcc_fit_pairs(spk_context *ctx, const spk_trains *trains,
                               const int32_t (*pairs)[2], int64_t n_pairs,
                               const spk_glmcc_options *options,
                               spk_glmcc_result *results, double *backgrounds)
{
    spk_status status = check_trains(ctx, trains);
    if (status != SPK_OK)
        return status;
    SPK_REQUIRE(ctx, n_pairs >= 0, SPK_ERR_ARGUMENT, "n_pairs must be >= 0, got %" PRId64,
                n_pairs);
    SPK_REQUIRE(ctx, n_pairs == 0 || pairs != NULL, SPK_ERR_ARGUMENT, "pairs is NULL");
    SPK_REQUIRE(ctx, n_pairs == 0 || results != NULL, SPK_ERR_ARGUMENT,
                "results is NULL");
    for (int64_t p = 0; p < n_pairs; p++)
        if ((status = check_pair(ctx, trains, pairs[p][0], pairs[p][1])) != SPK_OK)
            return status;
    spk__glmcc_plan plan;
    status = spk__glmcc_plan_create(ctx, options,
                                    spk_trains_spikes(trains)->sampling_rate_hz, &plan);
    if (status != SPK_OK)
        return status;
    pair_job job = {.plan = &plan,
                    .trains = trains,
                    .pairs = pairs,
                    .n_pairs = n_pairs,
                    .results = results,
                    .backgrounds = backgrounds};
    const int64_t n_tasks = (n_pairs + PAIRS_A_TASK - 1) / PAIRS_A_TASK;
    const int32_t n_workers = spk__parallel_workers(ctx, n_tasks);
    job.work = spk__alloc(ctx, n_workers * work_length(&plan), sizeof *job.work);
    if (job.work == NULL)
        status = spk__fail_memory(ctx);
    else
        status = spk__parallel_for(ctx, n_tasks, fit_some, &job, "fitting pairs");
    spk__free(job.work);
    spk__glmcc_plan_destroy(&plan);
    return status;
}

/* f of lags beyond the delay, over all bins: the expected counts of one side. */
static void expect_side(const spk__glmcc_plan *plan, const spk_glmcc_result *result,
                        int side, double *moments, double *expected)
{
    const int64_t n_bins = plan->half - result->delay_bins;
    spk__glmcc_moments(plan, result->coupling[side], n_bins, moments);
    for (int64_t m = 0; m < n_bins; m++)
        expected[side == 0 ? plan->half + result->delay_bins + m
                           : plan->half - 1 - result->delay_bins - m] *=
            moments[m] / plan->bin;
}

spk_status spk_glmcc_expect(spk_context *ctx, const spk_glmcc_options *options,
                            const spk_glmcc_result *result, const double *background,
                            double *expected)
{
    SPK_REQUIRE(ctx, result != NULL, SPK_ERR_ARGUMENT, "result is NULL");
    SPK_REQUIRE(ctx, background != NULL, SPK_ERR_ARGUMENT, "background is NULL");
    SPK_REQUIRE(ctx, expected != NULL, SPK_ERR_ARGUMENT, "expected is NULL");
    spk_glmcc_options used;
    spk_status status = spk__glmcc_check_options(ctx, options, &used);
    if (status != SPK_OK)
        return status;
    SPK_REQUIRE(ctx,
                result->delay_bins >= used.first_delay_bins &&
                    result->delay_bins <= used.last_delay_bins && result->bin_s > 0.0 &&
                    fabs(result->bin_s - used.bin_s) <= 0.51 * used.bin_s,
                SPK_ERR_ARGUMENT,
                "result is not of these options: its delay is %" PRId64
                " bins of %g s, theirs %" PRId64 " .. %" PRId64 " of %g s",
                result->delay_bins, result->bin_s, used.first_delay_bins,
                used.last_delay_bins, used.bin_s);
    used.bin_s = result->bin_s; /* in whole samples */
    spk__glmcc_plan plan;
    if ((status = spk__glmcc_plan_create(ctx, &used, 0.0, &plan)) != SPK_OK)
        return status;
    double *moments = spk__alloc(ctx, 3 * plan.n_edges, sizeof *moments);
    if (moments == NULL) {
        status = spk__fail_memory(ctx);
    } else {
        for (int64_t k = 0; k < plan.n; k++)
            expected[k] = plan.bin * exp(background[k]);
        for (int side = 0; side < 2; side++)
            expect_side(&plan, result, side, moments, expected);
    }
    spk__free(moments);
    spk__glmcc_plan_destroy(&plan);
    return status;
}
