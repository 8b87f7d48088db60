/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/check.h"
#include "base/durations.h"
#include "base/memory.h"
#include "base/parallel.h"
#include "spikes/fano_limits.h"
#include "spikes/long_run.h"

#include <inttypes.h>
#include <math.h>
#include <spikekit/fano.h>
#include <string.h>

static const double DEFAULT_WINDOW_S = 0.1;

enum {
    FEWEST_WINDOWS = 8 /* for a standard error */
};

void spk_fano_options_init(spk_fano_options *options, size_t struct_size)
{
    spk_fano_options defaults = {
        .struct_size = struct_size,
        .n_windows = 1,
        .ddof = 1,
        .lags = -1,
        .confidence = 0.95,
    };
    if (options != NULL)
        memcpy(options, &defaults,
               struct_size < sizeof defaults ? struct_size : sizeof defaults);
}

static spk_status check_options(spk_context *ctx, const spk_fano_options *options)
{
    SPK_REQUIRE(ctx, options->struct_size >= sizeof *options, SPK_ERR_ARGUMENT,
                "options: not filled by spk_fano_options_init()");
    SPK_REQUIRE(ctx, options->ddof == 0 || options->ddof == 1, SPK_ERR_ARGUMENT,
                "ddof must be 0 or 1, got %d", (int)options->ddof);
    SPK_REQUIRE(ctx, options->lags >= -1, SPK_ERR_ARGUMENT,
                "lags must be >= -1, got %" PRId64, options->lags);
    SPK_REQUIRE(ctx, options->confidence > 0 && options->confidence < 1, SPK_ERR_ARGUMENT,
                "confidence must be between 0 and 1, got %g", options->confidence);
    return SPK_OK;
}

static spk_status check_windows(spk_context *ctx, const spk_fano_options *options)
{
    SPK_REQUIRE(
        ctx,
        options->n_windows >= 1 &&
            (options->windows_s != NULL || options->n_windows == 1),
        SPK_ERR_ARGUMENT,
        "n_windows must be >= 1 and there must be as many windows_s, got %" PRId64,
        options->n_windows);
    for (int64_t w = 0; options->windows_s != NULL && w < options->n_windows; w++)
        SPK_REQUIRE(ctx, options->windows_s[w] > 0 && isfinite(options->windows_s[w]),
                    SPK_ERR_ARGUMENT, "windows_s must be above 0, got %g at %" PRId64,
                    options->windows_s[w], w);
    return SPK_OK;
}

/* Counts in rows that are not neighbours of each other: row r is counts[rows[r]] ..
 * counts[rows[r + 1] - 1]; and room for as many values. */
typedef struct count_rows {
    const int64_t *counts;
    const int64_t *rows;
    int64_t n_rows;
    double *values;
} count_rows;

static spk_fano estimate(const count_rows *c, const spk_fano_options *options)
{
    spk_fano f = {0, NAN, NAN, NAN, NAN, NAN, NAN};
    const int64_t n = f.n_windows = c->rows[c->n_rows];
    if (n == 0)
        return f;
    double sum = 0.0, squares = 0.0;
    for (int64_t k = 0; k < n; k++)
        sum += (double)c->counts[k];
    f.mean = sum / (double)n;
    for (int64_t k = 0; k < n; k++) {
        const double d = (double)c->counts[k] - f.mean;
        squares += d * d;
    }
    if (n <= options->ddof)
        return f;
    f.variance = squares / (double)(n - options->ddof);
    if (f.mean == 0.0)
        return f;
    f.fano = f.variance / f.mean;
    if (n < FEWEST_WINDOWS)
        return f;
    const double variance = squares / (double)n;
    for (int64_t k = 0; k < n; k++) {
        const double d = (double)c->counts[k] - f.mean;
        c->values[k] = (d * d - variance) / f.mean - variance * d / (f.mean * f.mean);
    }
    const int64_t lags = options->lags < 0       ? spk__long_run_lags(n)
                         : options->lags < n / 2 ? options->lags
                                                 : n / 2;
    f.standard_error =
        sqrt(spk__long_run_variance(c->values, c->rows, c->n_rows, lags) / (double)n);
    if (!(f.fano > 0.0))
        return f;
    const double unbiased = squares / (double)(n - 1) / f.mean;
    const double least =
        sqrt(spk__fano_spread(unbiased, f.mean, (double)n) / (double)(n - 1));
    const double ratio = f.standard_error / least;
    spk__fano_limits(unbiased, f.mean, (double)n, fmax(1.0, ratio * ratio),
                     options->confidence, &f.lower, &f.upper);
    f.standard_error = fmax(f.standard_error, least);
    return f;
}

spk_status spk_fano_counts(spk_context *ctx, int64_t n, const int64_t *counts,
                           const spk_fano_options *options, spk_fano *fano)
{
    spk_fano_options defaults;
    spk_fano_options_init(&defaults, sizeof defaults);
    if (options == NULL)
        options = &defaults;
    SPK_REQUIRE(ctx, n >= 0, SPK_ERR_ARGUMENT, "n must be >= 0, got %" PRId64, n);
    SPK_REQUIRE(ctx, counts != NULL || n == 0, SPK_ERR_ARGUMENT, "counts is NULL");
    SPK_REQUIRE(ctx, fano != NULL, SPK_ERR_ARGUMENT, "fano is NULL");
    spk_status status = check_options(ctx, options);
    if (status != SPK_OK)
        return status;
    for (int64_t k = 0; k < n; k++)
        SPK_REQUIRE(ctx, counts[k] >= 0, SPK_ERR_ARGUMENT,
                    "counts must be >= 0, got %" PRId64 " at %" PRId64, counts[k], k);
    const int64_t rows[] = {0, n};
    double *values = spk__alloc(ctx, n, sizeof *values);
    if (values == NULL)
        return spk__fail_memory(ctx);
    const count_rows c = {counts, rows, 1, values};
    *fano = estimate(&c, options);
    spk__free(values);
    return SPK_OK;
}

/* ---- trains ---- */

typedef struct fano_work {
    spk_context *ctx;
    const spk_trains *trains;
    const spk_fano_options *options;
    double sampling_rate_hz;
    spk_fano *fano;
} fano_work;

static spk_status unit_fano(void *state, int64_t unit, int32_t worker)
{
    (void)worker;
    fano_work *work = state;
    const spk_train train = spk_trains_unit(work->trains, unit);
    const int64_t n_windows = work->options->n_windows;
    spk_status status = SPK_OK;
    int64_t *rows = spk__alloc(work->ctx, train.n_runs + 1, sizeof *rows);
    if (rows == NULL)
        return spk__fail_memory(work->ctx);
    for (int64_t w = 0; w < n_windows && status == SPK_OK; w++) {
        int64_t *counts = NULL;
        const double window_s = work->options->windows_s == NULL
                                    ? DEFAULT_WINDOW_S
                                    : work->options->windows_s[w];
        const int64_t window = spk__samples_near(
            fmax(1e3 * window_s, 1e3 / work->sampling_rate_hz), work->sampling_rate_hz);
        double *values = NULL;
        status = spk__count_windows(work->ctx, &train, window, &counts, rows);
        if (status == SPK_OK) {
            values = spk__alloc(work->ctx, rows[train.n_runs], sizeof *values);
            status = values == NULL ? spk__fail_memory(work->ctx) : SPK_OK;
        }
        if (status == SPK_OK) {
            const count_rows c = {counts, rows, train.n_runs, values};
            work->fano[unit * n_windows + w] = estimate(&c, work->options);
        }
        spk__free(values);
        spk__free(counts);
    }
    spk__free(rows);
    return status;
}

spk_status spk_fano_estimate(spk_context *ctx, const spk_trains *trains,
                             const spk_fano_options *options, spk_fano *fano)
{
    spk_fano_options defaults;
    spk_fano_options_init(&defaults, sizeof defaults);
    if (options == NULL)
        options = &defaults;
    SPK_REQUIRE(ctx, trains != NULL, SPK_ERR_ARGUMENT, "trains is NULL");
    SPK_REQUIRE(ctx, fano != NULL, SPK_ERR_ARGUMENT, "fano is NULL");
    spk_status status = check_options(ctx, options);
    if (status == SPK_OK)
        status = check_windows(ctx, options);
    if (status != SPK_OK)
        return status;
    fano_work work = {
        .ctx = ctx,
        .trains = trains,
        .options = options,
        .sampling_rate_hz = spk_trains_spikes(trains)->sampling_rate_hz,
        .fano = fano,
    };
    return spk__parallel_for(ctx, spk_trains_spikes(trains)->n_units, unit_fano, &work,
                             "Fano factors");
}
