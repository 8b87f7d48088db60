/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/check.h"
#include "base/memory.h"
#include "base/parallel.h"
#include "correlation/significance_window.h"
#include "distributions/poisson_mid.h"

#include <inttypes.h>
#include <math.h>
#include <spikekit/distributions.h>
#include <spikekit/significance.h>
#include <string.h>

enum {
    MOST_WINDOW_BINS = 1 << 26,
    CORRELOGRAMS_A_TASK = 64,
    VALUES_A_TASK = 4096
};

static const struct {
    const char *name;
    double hollow_fraction;
} kernels[] = {
    [SPK_PREDICTOR_GAUSSIAN] = {"gaussian", 0.6},
    [SPK_PREDICTOR_RECTANGULAR] = {"rectangular", 0.42},
    [SPK_PREDICTOR_TRIANGULAR] = {"triangular", 0.63},
    [SPK_PREDICTOR_MEDIAN] = {"median", 1.0},
};

enum {
    N_KERNELS = sizeof kernels / sizeof kernels[0]
};

void spk_predictor_options_init(spk_predictor_options *options, size_t struct_size)
{
    spk_predictor_options defaults = {
        .struct_size = struct_size,
        .kernel = SPK_PREDICTOR_GAUSSIAN,
        .window_bins = 20,
        .hollow_fraction = NAN,
    };
    if (options != NULL)
        memcpy(options, &defaults,
               struct_size < sizeof defaults ? struct_size : sizeof defaults);
}

const char *spk_predictor_kernel_name(int32_t kernel)
{
    return kernel >= 0 && kernel < N_KERNELS ? kernels[kernel].name : NULL;
}

spk_status spk_predictor_kernel_from_name(spk_context *ctx, const char *name,
                                          int32_t *kernel)
{
    SPK_REQUIRE(ctx, name != NULL && kernel != NULL, SPK_ERR_ARGUMENT,
                "name and kernel must not be NULL");
    for (int32_t k = 0; k < N_KERNELS; k++)
        if (strcmp(name, kernels[k].name) == 0) {
            *kernel = k;
            return SPK_OK;
        }
    return spk__fail(ctx, SPK_ERR_NOT_FOUND,
                     "no kernel \"%s\": there are gaussian, rectangular, triangular, "
                     "median",
                     name);
}

static spk_status check_options(spk_context *ctx, const spk_predictor_options *given,
                                spk_predictor_options *options)
{
    spk_predictor_options_init(options, sizeof *options);
    if (given == NULL)
        return SPK_OK;
    SPK_REQUIRE(ctx, given->struct_size >= sizeof *options, SPK_ERR_ARGUMENT,
                "options: not filled by spk_predictor_options_init()");
    *options = *given;
    SPK_REQUIRE(ctx, options->kernel >= 0 && options->kernel < N_KERNELS,
                SPK_ERR_ARGUMENT, "kernel must be in 0 .. %d, got %d", N_KERNELS - 1,
                (int)options->kernel);
    SPK_REQUIRE(ctx, options->skip_center == 0 || options->skip_center == 1,
                SPK_ERR_ARGUMENT, "skip_center must be 0 or 1, got %d",
                (int)options->skip_center);
    SPK_REQUIRE(ctx,
                options->window_bins >= 1 && options->window_bins <= MOST_WINDOW_BINS,
                SPK_ERR_ARGUMENT, "window_bins must be in 1 .. %d, got %" PRId64,
                (int)MOST_WINDOW_BINS, options->window_bins);
    SPK_REQUIRE(ctx,
                isnan(options->hollow_fraction) ||
                    (options->hollow_fraction >= 0.0 && options->hollow_fraction <= 1.0),
                SPK_ERR_ARGUMENT, "hollow_fraction must be in 0 .. 1, or NaN, got %g",
                options->hollow_fraction);
    return SPK_OK;
}

static int64_t half_length(const spk_predictor_options *options)
{
    const int64_t w = options->window_bins;
    switch (options->kernel) {
    case SPK_PREDICTOR_GAUSSIAN:
        return (3 * w + 1) / 2;
    case SPK_PREDICTOR_TRIANGULAR:
        return w % 2 == 0 ? w : w - 1;
    default:
        return w / 2;
    }
}

static double weight_at(const spk_predictor_options *options, int64_t half, int64_t d)
{
    const double sigma = (double)options->window_bins / 2.0, z = (double)d / sigma;
    switch (options->kernel) {
    case SPK_PREDICTOR_GAUSSIAN:
        return exp(-z * z / 2.0);
    case SPK_PREDICTOR_TRIANGULAR:
        return (double)(half + 1 - d);
    default:
        return 1.0;
    }
}

spk_status spk__predictor_create(spk_context *ctx, const spk_predictor_options *given,
                                 spk__predictor *predictor)
{
    spk_predictor_options options;
    spk_status status = check_options(ctx, given, &options);
    if (status != SPK_OK)
        return status;
    const double hollow = isnan(options.hollow_fraction)
                              ? kernels[options.kernel].hollow_fraction
                              : options.hollow_fraction;
    const int is_median = options.kernel == SPK_PREDICTOR_MEDIAN;
    const int64_t half = half_length(&options);
    SPK_REQUIRE(ctx, half > 0 || (is_median ? hollow <= 0.5 : hollow < 1.0),
                SPK_ERR_ARGUMENT,
                "window_bins %" PRId64 " leaves nothing of a bin that is hollowed out",
                options.window_bins);
    *predictor = (spk__predictor){
        .half = half,
        .is_hollow = is_median && hollow > 0.5,
        .is_centerless = options.skip_center,
    };
    if (is_median)
        return SPK_OK;
    predictor->weights = spk__alloc(ctx, half + 1, sizeof *predictor->weights);
    if (predictor->weights == NULL)
        return spk__fail_memory(ctx);
    double sum = 0.0;
    for (int64_t d = half; d > 0; d--)
        sum += predictor->weights[d] = weight_at(&options, half, d);
    predictor->weights[0] = weight_at(&options, half, 0) * (1.0 - hollow);
    sum = 2.0 * sum + predictor->weights[0];
    for (int64_t d = 0; d <= half; d++)
        predictor->weights[d] /= sum;
    return SPK_OK;
}

void spk__predictor_free(spk__predictor *predictor)
{
    spk__free(predictor->weights);
    predictor->weights = NULL;
}

spk_status spk__predictor_check(spk_context *ctx, const spk__predictor *predictor,
                                int64_t n_bins)
{
    SPK_REQUIRE(ctx, n_bins >= 1 && n_bins <= MOST_WINDOW_BINS, SPK_ERR_ARGUMENT,
                "n_bins must be in 1 .. %d, got %" PRId64, (int)MOST_WINDOW_BINS, n_bins);
    SPK_REQUIRE(ctx, !predictor->is_centerless || n_bins % 2 == 1, SPK_ERR_ARGUMENT,
                "n_bins must be odd to skip its center, got %" PRId64, n_bins);
    const int64_t kept = n_bins - predictor->is_centerless;
    const int64_t length = 2 * predictor->half + 1;
    SPK_REQUIRE(ctx, kept * kept >= 2 * length * length, SPK_ERR_ARGUMENT,
                "n_bins must be at least sqrt(2) times the %" PRId64
                " bins of the window, got %" PRId64,
                length, kept);
    return SPK_OK;
}

spk_status spk_predictor_length(spk_context *ctx, const spk_predictor_options *given,
                                int64_t *length)
{
    spk_predictor_options options;
    SPK_REQUIRE(ctx, length != NULL, SPK_ERR_ARGUMENT, "length must not be NULL");
    spk_status status = check_options(ctx, given, &options);
    if (status == SPK_OK)
        *length = 2 * half_length(&options) + 1;
    return status;
}

spk_status spk_predictor_weights(spk_context *ctx, const spk_predictor_options *options,
                                 double *weights)
{
    SPK_REQUIRE(ctx, weights != NULL, SPK_ERR_ARGUMENT, "weights must not be NULL");
    SPK_REQUIRE(ctx, options == NULL || options->kernel != SPK_PREDICTOR_MEDIAN,
                SPK_ERR_ARGUMENT, "a median has no weights");
    spk__predictor predictor;
    spk_status status = spk__predictor_create(ctx, options, &predictor);
    if (status != SPK_OK)
        return status;
    for (int64_t d = -predictor.half; d <= predictor.half; d++)
        weights[d + predictor.half] = predictor.weights[d < 0 ? -d : d];
    spk__predictor_free(&predictor);
    return SPK_OK;
}

/* ---- all bins ---- */

typedef struct predict_work {
    const spk__predictor *predictor;
    const int64_t *counts;
    int64_t n_correlograms, n_bins, room;
    double *predicted, *scratch; /* scratch: [n_workers][room] */
} predict_work;

static spk_status predict_some(void *state, int64_t task, int32_t worker)
{
    const predict_work *work = state;
    const int64_t first = task * CORRELOGRAMS_A_TASK;
    int64_t last = first + CORRELOGRAMS_A_TASK;
    last = last < work->n_correlograms ? last : work->n_correlograms;
    for (int64_t c = first; c < last; c++)
        spk__predict_range(work->predictor, work->counts + c * work->n_bins, work->n_bins,
                           0, work->n_bins, work->scratch + worker * work->room,
                           work->predicted + c * work->n_bins);
    return SPK_OK;
}

static spk_status check_counts(spk_context *ctx, const int64_t *counts,
                               int64_t n_correlograms, int64_t n_bins)
{
    for (int64_t i = 0; i < n_correlograms * n_bins; i++)
        SPK_REQUIRE(ctx, counts[i] >= 0, SPK_ERR_ARGUMENT,
                    "counts[%" PRId64 "][%" PRId64 "] must be >= 0, got %" PRId64,
                    i / n_bins, i % n_bins, counts[i]);
    return SPK_OK;
}

spk_status spk_correlogram_predict(spk_context *ctx, int64_t n_correlograms,
                                   int64_t n_bins, const int64_t *counts,
                                   const spk_predictor_options *options,
                                   double *predicted)
{
    SPK_REQUIRE(ctx, n_correlograms >= 0, SPK_ERR_ARGUMENT,
                "n_correlograms must be >= 0, got %" PRId64, n_correlograms);
    SPK_REQUIRE(ctx, n_correlograms == 0 || (counts != NULL && predicted != NULL),
                SPK_ERR_ARGUMENT, "counts and predicted must not be NULL");
    spk__predictor predictor;
    spk_status status = spk__predictor_create(ctx, options, &predictor);
    if (status != SPK_OK)
        return status;
    const int64_t n_tasks =
        (n_correlograms + CORRELOGRAMS_A_TASK - 1) / CORRELOGRAMS_A_TASK;
    predict_work work = {
        .predictor = &predictor,
        .counts = counts,
        .n_correlograms = n_correlograms,
        .n_bins = n_bins,
        .predicted = predicted,
    };
    if ((status = spk__predictor_check(ctx, &predictor, n_bins)) != SPK_OK ||
        (status = check_counts(ctx, counts, n_correlograms, n_bins)) != SPK_OK)
        goto cleanup;
    work.room = spk__predictor_room(&predictor, n_bins);
    work.scratch = spk__alloc(ctx, spk__parallel_workers(ctx, n_tasks) * work.room,
                              sizeof *work.scratch);
    if (work.scratch == NULL) {
        status = spk__fail_memory(ctx);
        goto cleanup;
    }
    status = spk__parallel_for(ctx, n_tasks, predict_some, &work, NULL);
cleanup:
    spk__free(work.scratch);
    spk__predictor_free(&predictor);
    return status;
}

typedef struct tails_work {
    int64_t n_values;
    const int64_t *counts;
    const double *predicted;
    double *log_upper, *log_lower;
} tails_work;

static spk_status tails_of_some(void *state, int64_t task, int32_t worker)
{
    const tails_work *work = state;
    (void)worker;
    int64_t last = (task + 1) * VALUES_A_TASK;
    last = last < work->n_values ? last : work->n_values;
    for (int64_t i = task * VALUES_A_TASK; i < last; i++) {
        double upper, lower;
        spk__poisson_log_mid(work->counts[i], work->predicted[i], &upper, &lower);
        if (work->log_upper != NULL)
            work->log_upper[i] = upper;
        if (work->log_lower != NULL)
            work->log_lower[i] = lower;
    }
    return SPK_OK;
}

spk_status spk_correlogram_tails(spk_context *ctx, int64_t n_values,
                                 const int64_t *counts, const double *predicted,
                                 double *log_upper, double *log_lower)
{
    SPK_REQUIRE(ctx, n_values >= 0, SPK_ERR_ARGUMENT,
                "n_values must be >= 0, got %" PRId64, n_values);
    SPK_REQUIRE(ctx, n_values == 0 || (counts != NULL && predicted != NULL),
                SPK_ERR_ARGUMENT, "counts and predicted must not be NULL");
    tails_work work = {n_values, counts, predicted, log_upper, log_lower};
    return spk__parallel_for(ctx, (n_values + VALUES_A_TASK - 1) / VALUES_A_TASK,
                             tails_of_some, &work, NULL);
}

spk_status spk_correlogram_bounds(spk_context *ctx, int64_t n_values,
                                  const double *predicted, double alpha, int64_t n_tests,
                                  double *lower, double *upper)
{
    SPK_REQUIRE(ctx, n_values >= 0, SPK_ERR_ARGUMENT,
                "n_values must be >= 0, got %" PRId64, n_values);
    SPK_REQUIRE(ctx, n_values == 0 || predicted != NULL, SPK_ERR_ARGUMENT,
                "predicted must not be NULL");
    SPK_REQUIRE(ctx, alpha > 0.0 && alpha < 1.0, SPK_ERR_ARGUMENT,
                "alpha must be above 0 and below 1, got %g", alpha);
    SPK_REQUIRE(ctx, n_tests >= 1, SPK_ERR_ARGUMENT, "n_tests must be >= 1, got %" PRId64,
                n_tests);
    const double level = alpha / (double)n_tests;
    for (int64_t i = 0; i < n_values; i++) {
        const int64_t low = spk_poisson_quantile(level, predicted[i]);
        const int64_t high = spk_poisson_quantile_upper(log(level), predicted[i]);
        if (lower != NULL)
            lower[i] = low < 0 ? NAN : (double)low;
        if (upper != NULL)
            upper[i] = high < 0 ? NAN : (double)high;
    }
    return SPK_OK;
}
