/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * All sums over trials are whole numbers. The deviation of a sum of coincidences over random
 * orders of trials is exact: with A(t, s) what trial t of i and trial s of j give together, the
 * variance of sum A(t, order(t)) is that of the doubly centred A over n - 1. For a diagonal,
 * the sum of A squared is a sum of products of the two covariance matrices.
 *
 * Less the shift predictor the sum is of W(t, s) A(t, s), W = 1 on the diagonal and -c,
 * c = n / (2 (n - 1)), beside it. Over orders of the trials of both, the variance of the part of
 * deviations is that of the product predictor times |HWH|^2 / (n - 1), H taking off the mean.
 * The first and the last trial have one neighbour only: the sums w of the rows of W are not 0,
 * so that a mean times the deviations of the other unit adds |w|^2 / (n - 1).
 */
#include "base/check.h"
#include "base/memory.h"
#include "distributions/quantiles.h"
#include "spikes/trial_windows.h"

#include <inttypes.h>
#include <math.h>
#include <spikekit/jpsth.h>
#include <string.h>

void spk_jpsth_options_init(spk_jpsth_options *options, size_t struct_size)
{
    spk_jpsth_options defaults = {
        .struct_size = struct_size,
        .predictor = SPK_JPSTH_PRODUCT,
        .confidence = 0.95,
    };
    if (options != NULL)
        memcpy(options, &defaults,
               struct_size < sizeof defaults ? struct_size : sizeof defaults);
}

/* The trials of a pair, and sums over them. */
typedef struct joint {
    int64_t n, n_bins;
    const int32_t **x, **y; /* [n] rows of counts */
    int64_t *sum_x, *sum_y; /* [n_bins] */
    int64_t *raw;           /* [n_bins][n_bins] */
    int64_t *shifted;       /* the same over neighbouring trials; NULL without */
    double *covariance_x;   /* [n_bins][n_bins] sum of products of deviations */
    double *covariance_y;
    double spread; /* product of covariances over variance of a sum */
    double edge;   /* variance of a sum over (mean^2 covariance of the other) */
} joint;

/* How a sum less its prediction varies over orders of trials. */
static void set_spread(joint *j)
{
    const double n = (double)j->n, steps = n - 1.0;
    j->spread = steps;
    j->edge = 0.0;
    if (j->shifted == NULL || j->n < 2)
        return;
    j->spread = steps * steps / (n + n * n / (2.0 * steps) - (n - 2.0) / (steps * steps));
    j->edge = n * (n - 2.0) / (2.0 * steps * steps * steps);
}

/* Adds x(a) y(b) of one pair of trials. */
static void add_product(const int32_t *x, const int32_t *y, int64_t n, int64_t *sums)
{
    for (int64_t a = 0; a < n; a++)
        for (int64_t b = 0; x[a] != 0 && b < n; b++)
            sums[a * n + b] += (int64_t)x[a] * y[b];
}

static void sum_up(joint *j)
{
    const int64_t n = j->n_bins;
    for (int64_t t = 0; t < j->n; t++) {
        for (int64_t b = 0; b < n; b++) {
            j->sum_x[b] += j->x[t][b];
            j->sum_y[b] += j->y[t][b];
        }
        add_product(j->x[t], j->y[t], n, j->raw);
        if (j->shifted != NULL && t > 0) {
            add_product(j->x[t], j->y[t - 1], n, j->shifted);
            add_product(j->x[t - 1], j->y[t], n, j->shifted);
        }
    }
}

/* Sums of products of deviations, from exact sums of products; `sums` is scratch. */
static void covary(const joint *j, const int32_t *const *x, const int64_t *sum,
                   int64_t *sums, double *covariance)
{
    const int64_t n = j->n_bins;
    memset(sums, 0, (size_t)(n * n) * sizeof *sums);
    for (int64_t t = 0; t < j->n; t++)
        add_product(x[t], x[t], n, sums);
    for (int64_t a = 0; a < n; a++)
        for (int64_t b = 0; b < n; b++)
            covariance[a * n + b] =
                (double)(j->n * sums[a * n + b] - sum[a] * sum[b]) / (double)j->n;
}

static double predicted_at(const joint *j, int64_t a, int64_t b)
{
    if (j->n < 2)
        return NAN;
    if (j->shifted != NULL)
        return (double)(j->n * j->shifted[a * j->n_bins + b]) / (double)(2 * (j->n - 1));
    return (double)(j->sum_x[a] * j->sum_y[b]) / (double)j->n;
}

static void write_matrices(const joint *j, const spk_jpsth *out)
{
    const int64_t n = j->n_bins;
    for (int64_t a = 0; a < n; a++)
        for (int64_t b = 0; b < n; b++) {
            const int64_t at = a * n + b;
            const double predicted = predicted_at(j, a, b);
            const double square = j->covariance_x[a * n + a] * j->covariance_y[b * n + b];
            if (out->coincidences != NULL)
                out->coincidences[at] = j->raw[at];
            if (out->predicted != NULL)
                out->predicted[at] = predicted;
            if (out->coefficients != NULL)
                out->coefficients[at] =
                    square > 0.0 ? ((double)j->raw[at] - predicted) / sqrt(square) : NAN;
        }
}

/* What means add to the variance of a sum along a diagonal, times n^2. */
static double diagonal_edge(const joint *j, int64_t lag)
{
    const int64_t n = j->n_bins, first = lag < 0 ? -lag : 0;
    const int64_t end = lag < 0 ? n : n - lag;
    double sum = 0.0;
    for (int64_t a = first; a < end; a++)
        for (int64_t b = first; b < end; b++) {
            const int64_t at_x = a * n + b, at_y = (a + lag) * n + b + lag;
            sum += (double)j->sum_x[a] * (double)j->sum_x[b] * j->covariance_y[at_y] +
                   (double)j->sum_y[a + lag] * (double)j->sum_y[b + lag] *
                       j->covariance_x[at_x];
        }
    return sum;
}

static double deviation_of(const joint *j, double product, double edge)
{
    const double n = (double)j->n;
    const double square = product / j->spread + j->edge * edge / (n * n);
    return j->n < 2 ? NAN : sqrt(square > 0.0 ? square : 0.0);
}

/* The exact deviation of a sum along a diagonal. */
static double diagonal_sd(const joint *j, int64_t lag)
{
    const int64_t n = j->n_bins, first = lag < 0 ? -lag : 0;
    const int64_t length = n - (lag < 0 ? -lag : lag);
    double sum = 0.0;
    for (int64_t a = first; a < first + length; a++) {
        const double *x = j->covariance_x + a * n + first;
        const double *y = j->covariance_y + (a + lag) * n + first + lag;
        double part = 0.0;
        for (int64_t k = 0; k < length; k++)
            part += x[k] * y[k];
        sum += part;
    }
    return deviation_of(j, sum, j->edge > 0.0 ? diagonal_edge(j, lag) : 0.0);
}

static void write_correlogram(const joint *j, const spk_jpsth *out)
{
    const int64_t n = j->n_bins;
    for (int64_t lag = 1 - n; lag < n; lag++) {
        const int64_t at = lag + n - 1;
        int64_t count = 0;
        double predicted = 0.0;
        for (int64_t a = lag < 0 ? -lag : 0; a < n && a + lag < n; a++) {
            count += j->raw[a * n + a + lag];
            predicted += predicted_at(j, a, a + lag);
        }
        if (out->correlogram != NULL)
            out->correlogram[at] = count;
        if (out->correlogram_predicted != NULL)
            out->correlogram_predicted[at] = predicted;
        if (out->correlogram_sd != NULL)
            out->correlogram_sd[at] = diagonal_sd(j, lag);
    }
}

static void write_histogram(const joint *j, int64_t reach, const spk_jpsth *out)
{
    const int64_t n = j->n_bins;
    for (int64_t a = 0; a < n; a++) {
        const int64_t first = a - reach < 0 ? 0 : a - reach;
        const int64_t last = a + reach > n - 1 ? n - 1 : a + reach;
        int64_t count = 0;
        double predicted = 0.0, variance_y = 0.0, sum_y = 0.0;
        const double sum_x = (double)j->sum_x[a];
        for (int64_t b = first; b <= last; b++) {
            count += j->raw[a * n + b];
            predicted += predicted_at(j, a, b);
            sum_y += (double)j->sum_y[b];
            for (int64_t c = first; c <= last; c++)
                variance_y += j->covariance_y[b * n + c];
        }
        const double variance_x = j->covariance_x[a * n + a];
        if (out->histogram != NULL)
            out->histogram[a] = count;
        if (out->histogram_predicted != NULL)
            out->histogram_predicted[a] = predicted;
        if (out->histogram_sd != NULL)
            out->histogram_sd[a] =
                deviation_of(j, variance_x * variance_y,
                             sum_x * sum_x * variance_y + sum_y * sum_y * variance_x);
    }
}

static spk_status check_arguments(spk_context *ctx, const spk_trials *trials,
                                  int64_t condition, int64_t unit_i, int64_t unit_j,
                                  const spk_jpsth_options *options)
{
    SPK_REQUIRE(ctx, options->struct_size >= sizeof *options, SPK_ERR_ARGUMENT,
                "options: not filled by spk_jpsth_options_init()");
    SPK_REQUIRE(ctx, condition >= 0 && condition < trials->n_conditions, SPK_ERR_ARGUMENT,
                "condition must be in 0 .. %" PRId64 ", got %" PRId64,
                trials->n_conditions - 1, condition);
    SPK_REQUIRE(ctx, unit_i >= 0 && unit_i < trials->n_units, SPK_ERR_ARGUMENT,
                "unit_i must be in 0 .. %" PRId64 ", got %" PRId64, trials->n_units - 1,
                unit_i);
    SPK_REQUIRE(ctx, unit_j >= 0 && unit_j < trials->n_units, SPK_ERR_ARGUMENT,
                "unit_j must be in 0 .. %" PRId64 ", got %" PRId64, trials->n_units - 1,
                unit_j);
    SPK_REQUIRE(
        ctx,
        options->predictor == SPK_JPSTH_PRODUCT || options->predictor == SPK_JPSTH_SHIFT,
        SPK_ERR_ARGUMENT, "predictor must be 0 or 1, got %d", (int)options->predictor);
    SPK_REQUIRE(ctx, options->reach_bins >= 0 && options->reach_bins < trials->n_bins,
                SPK_ERR_ARGUMENT, "reach_bins must be in 0 .. %" PRId64 ", got %" PRId64,
                trials->n_bins - 1, options->reach_bins);
    SPK_REQUIRE(ctx, options->confidence > 0 && options->confidence < 1, SPK_ERR_ARGUMENT,
                "confidence must be between 0 and 1, got %g", options->confidence);
    SPK_REQUIRE(ctx, trials->n_bins <= INT32_MAX / 2, SPK_ERR_OVERFLOW,
                "%" PRId64 " bins are too many", trials->n_bins);
    return SPK_OK;
}

static spk_status gather(spk_context *ctx, const spk_trials *trials, int64_t condition,
                         int64_t unit_i, int64_t unit_j, int is_shift, joint *j)
{
    const int64_t n = trials->n_bins;
    j->n_bins = n;
    j->x = spk__alloc(ctx, trials->n_trials, sizeof *j->x);
    j->y = spk__alloc(ctx, trials->n_trials, sizeof *j->y);
    j->sum_x = spk__alloc_zero(ctx, n, sizeof *j->sum_x);
    j->sum_y = spk__alloc_zero(ctx, n, sizeof *j->sum_y);
    j->raw = spk__alloc_zero(ctx, n * n, sizeof *j->raw);
    j->covariance_x = spk__alloc(ctx, n * n, sizeof *j->covariance_x);
    j->covariance_y = spk__alloc(ctx, n * n, sizeof *j->covariance_y);
    if (is_shift)
        j->shifted = spk__alloc_zero(ctx, n * n, sizeof *j->shifted);
    if (j->x == NULL || j->y == NULL || j->sum_x == NULL || j->sum_y == NULL ||
        j->raw == NULL || j->covariance_x == NULL || j->covariance_y == NULL ||
        (is_shift && j->shifted == NULL))
        return spk__fail_memory(ctx);
    for (int64_t t = 0; t < trials->n_trials; t++) {
        if (spk__trials_condition(trials, t) != condition ||
            !spk__trials_see_all(trials, t, 0, n))
            continue;
        j->x[j->n] = trials->counts + (t * trials->n_units + unit_i) * n;
        j->y[j->n++] = trials->counts + (t * trials->n_units + unit_j) * n;
    }
    return SPK_OK;
}

/* Sums are of whole numbers: refuses counts whose sums may be beyond int64. */
static spk_status check_sums(spk_context *ctx, const joint *j)
{
    int32_t most = 0;
    for (int64_t t = 0; t < j->n; t++)
        for (int64_t b = 0; b < j->n_bins; b++) {
            most = j->x[t][b] > most ? j->x[t][b] : most;
            most = j->y[t][b] > most ? j->y[t][b] : most;
        }
    const double n = (double)j->n, products = n * (double)most * (double)most;
    const double times = 2.0 * n > (double)j->n_bins ? 2.0 * n : (double)j->n_bins;
    SPK_REQUIRE(ctx, products * times < 9e18, SPK_ERR_OVERFLOW,
                "counts of up to %" PRId32 " in %" PRId64
                " trials: their products are beyond int64",
                most, j->n);
    return SPK_OK;
}

static void clear(joint *j)
{
    spk__free(j->shifted);
    spk__free(j->covariance_y);
    spk__free(j->covariance_x);
    spk__free(j->raw);
    spk__free(j->sum_y);
    spk__free(j->sum_x);
    spk__free(j->y);
    spk__free(j->x);
}

spk_status spk_jpsth_estimate(spk_context *ctx, const spk_trials *trials,
                              int64_t condition, int64_t unit_i, int64_t unit_j,
                              const spk_jpsth_options *options, spk_jpsth *jpsth)
{
    SPK_REQUIRE(ctx, jpsth != NULL, SPK_ERR_ARGUMENT, "jpsth is NULL");
    spk_jpsth_options defaults;
    spk_jpsth_options_init(&defaults, sizeof defaults);
    if (options == NULL)
        options = &defaults;
    spk_status status = spk_trials_check(ctx, trials);
    if (status == SPK_OK)
        status = check_arguments(ctx, trials, condition, unit_i, unit_j, options);
    if (status != SPK_OK)
        return status;
    joint j = {0};
    const int is_shift = options->predictor == SPK_JPSTH_SHIFT;
    int64_t *scratch = NULL;
    if ((status = gather(ctx, trials, condition, unit_i, unit_j, is_shift, &j)) != SPK_OK)
        goto cleanup;
    scratch = spk__alloc(ctx, j.n_bins * j.n_bins, sizeof *scratch);
    if (scratch == NULL) {
        status = spk__fail_memory(ctx);
        goto cleanup;
    }
    if ((status = check_sums(ctx, &j)) != SPK_OK)
        goto cleanup;
    set_spread(&j);
    sum_up(&j);
    covary(&j, j.x, j.sum_x, scratch, j.covariance_x);
    covary(&j, j.y, j.sum_y, scratch, j.covariance_y);
    write_matrices(&j, jpsth);
    write_correlogram(&j, jpsth);
    write_histogram(&j, options->reach_bins, jpsth);
    jpsth->n_trials = j.n;
    jpsth->band = j.n < 2 ? NAN
                          : spk__normal_quantile((1.0 + options->confidence) / 2.0) /
                                sqrt(j.spread);
cleanup:
    spk__free(scratch);
    clear(&j);
    return status;
}
