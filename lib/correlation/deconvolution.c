/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Spivak et al. (2022): a correlogram of bursting units is that of their first causes, blurred
 * by both autocorrelograms; a division of spectra takes the blur away. The centre of each
 * series is its element n / 2, so the quotient comes out turned by one.
 */
#include "correlation/deconvolution.h"

#include "base/check.h"
#include "base/memory.h"
#include "base/parallel.h"

#include <inttypes.h>
#include <math.h>
#include <spikekit/significance.h>

enum {
    PAIRS_A_TASK = 64
};

spk_status spk__deconvolution_create(spk_context *ctx, int64_t n_bins,
                                     spk__deconvolution *deconvolution)
{
    SPK_REQUIRE(ctx, n_bins >= 3 && n_bins % 2 == 1, SPK_ERR_ARGUMENT,
                "n_bins must be odd and at least 3, got %" PRId64, n_bins);
    deconvolution->n_bins = n_bins;
    return spk__real_transform_create(ctx, n_bins, &deconvolution->transform);
}

void spk__deconvolution_free(spk__deconvolution *deconvolution)
{
    spk__real_transform_destroy(deconvolution->transform);
    deconvolution->transform = NULL;
}

int64_t spk__deconvolution_room(const spk__deconvolution *deconvolution)
{
    const int64_t n = deconvolution->n_bins;
    return n + 2 * (n / 2 + 1);
}

void spk__deconvolution_invert(const spk__deconvolution *deconvolution,
                               const int64_t *auto_counts, double n_spikes,
                               double *scratch, double (*inverse)[2])
{
    const int64_t n = deconvolution->n_bins, center = n / 2;
    double sum = 0.0, others = 0.0, *x = scratch;
    for (int64_t k = 0; k < n; k++)
        if (k != center)
            sum += (double)auto_counts[k];
    for (int64_t k = 0; k < n; k++) {
        x[k] = ((double)auto_counts[k] - sum / (double)n) / n_spikes;
        if (k != center)
            others += x[k];
    }
    x[center] = 1.0 - others;
    spk__real_transform_forward(deconvolution->transform, x, inverse);
    for (int64_t k = 0; k <= n / 2; k++) {
        const double re = inverse[k][0], im = inverse[k][1], size = re * re + im * im;
        inverse[k][0] = re / size;
        inverse[k][1] = -im / size;
    }
}

static void multiply(double (*a)[2], const double (*b)[2], int64_t n)
{
    for (int64_t k = 0; k < n; k++) {
        const double re = a[k][0] * b[k][0] - a[k][1] * b[k][1];
        a[k][1] = a[k][0] * b[k][1] + a[k][1] * b[k][0];
        a[k][0] = re;
    }
}

void spk__deconvolve(const spk__deconvolution *deconvolution, const int64_t *counts,
                     const double (*source)[2], const double (*target)[2],
                     double *scratch, double *deconvolved)
{
    const int64_t n = deconvolution->n_bins, half = n / 2 + 1;
    double *x = scratch, (*spectrum)[2] = (double(*)[2])(scratch + n);
    int is_finite = 1;
    for (int64_t k = 0; k < n; k++)
        x[k] = (double)counts[k];
    spk__real_transform_forward(deconvolution->transform, x, spectrum);
    multiply(spectrum, source, half);
    multiply(spectrum, target, half);
    spk__real_transform_backward(deconvolution->transform, spectrum, x);
    for (int64_t k = 0; k < n; k++) {
        const double value = x[(k + 1) % n] / (double)n;
        is_finite = is_finite && isfinite(value);
        deconvolved[k] = value > 0.0 ? value : 0.0;
    }
    for (int64_t k = 0; !is_finite && k < n; k++)
        deconvolved[k] = NAN;
}

/* ---- for all ---- */

typedef struct deconvolve_work {
    spk__deconvolution plan;
    int64_t n_pairs;
    const int64_t *counts, *auto_source, *auto_target;
    const int64_t *n_source, *n_target;
    double *deconvolved, *scratch;
    int64_t room; /* of each worker: both inverses, then that of the functions above */
} deconvolve_work;

static spk_status deconvolve_some(void *state, int64_t task, int32_t worker)
{
    const deconvolve_work *work = state;
    const int64_t n = work->plan.n_bins, half = n / 2 + 1;
    double *scratch = work->scratch + worker * work->room;
    double(*source)[2] = (double(*)[2])scratch, (*target)[2] = source + half;
    double *room = scratch + 4 * half;
    int64_t last = (task + 1) * PAIRS_A_TASK;
    last = last < work->n_pairs ? last : work->n_pairs;
    for (int64_t p = task * PAIRS_A_TASK; p < last; p++) {
        spk__deconvolution_invert(&work->plan, work->auto_source + p * n,
                                  (double)work->n_source[p], room, source);
        spk__deconvolution_invert(&work->plan, work->auto_target + p * n,
                                  (double)work->n_target[p], room, target);
        spk__deconvolve(&work->plan, work->counts + p * n, (const double(*)[2])source,
                        (const double(*)[2])target, room, work->deconvolved + p * n);
    }
    return SPK_OK;
}

spk_status spk_correlogram_deconvolve(spk_context *ctx, int64_t n_correlograms,
                                      int64_t n_bins, const int64_t *counts,
                                      const int64_t *auto_source, const int64_t *n_source,
                                      const int64_t *auto_target, const int64_t *n_target,
                                      double *deconvolved)
{
    SPK_REQUIRE(ctx, n_correlograms >= 0, SPK_ERR_ARGUMENT,
                "n_correlograms must be >= 0, got %" PRId64, n_correlograms);
    SPK_REQUIRE(ctx,
                n_correlograms == 0 ||
                    (counts != NULL && auto_source != NULL && n_source != NULL &&
                     auto_target != NULL && n_target != NULL && deconvolved != NULL),
                SPK_ERR_ARGUMENT,
                "counts, autocorrelograms, spikes and deconvolved must not be NULL");
    for (int64_t p = 0; p < n_correlograms; p++)
        SPK_REQUIRE(ctx, n_source[p] >= 0 && n_target[p] >= 0, SPK_ERR_ARGUMENT,
                    "n_source and n_target must be >= 0, got %" PRId64 " and %" PRId64
                    " of correlogram %" PRId64,
                    n_source[p], n_target[p], p);
    const int64_t n_tasks = (n_correlograms + PAIRS_A_TASK - 1) / PAIRS_A_TASK;
    deconvolve_work work = {
        .n_pairs = n_correlograms,
        .counts = counts,
        .auto_source = auto_source,
        .auto_target = auto_target,
        .n_source = n_source,
        .n_target = n_target,
        .deconvolved = deconvolved,
    };
    spk_status status = spk__deconvolution_create(ctx, n_bins, &work.plan);
    if (status != SPK_OK)
        return status;
    work.room = spk__deconvolution_room(&work.plan) + 4 * (n_bins / 2 + 1);
    work.scratch = spk__alloc(ctx, spk__parallel_workers(ctx, n_tasks) * work.room,
                              sizeof *work.scratch);
    status = work.scratch == NULL
                 ? spk__fail_memory(ctx)
                 : spk__parallel_for(ctx, n_tasks, deconvolve_some, &work, NULL);
    spk__free(work.scratch);
    spk__deconvolution_free(&work.plan);
    return status;
}
