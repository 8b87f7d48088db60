/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/check.h"
#include "base/durations.h"
#include "base/memory.h"
#include "base/parallel.h"
#include "distributions/quantiles.h"
#include "spikes/train_runs.h"

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
 * counts[rows[r + 1] - 1]. */
typedef struct count_rows {
    const int64_t *counts;
    const int64_t *rows;
    int64_t n_rows;
} count_rows;

/* How much a count moves the Fano factor. */
typedef struct influence {
    double mean, variance;
} influence;

static double influence_of(const influence *i, int64_t count)
{
    const double d = (double)count - i->mean;
    return (d * d - i->variance) / i->mean - i->variance * d / (i->mean * i->mean);
}

static double long_run_variance(const count_rows *c, const influence *i, int64_t n,
                                int64_t lags)
{
    double at_zero = 0.0, sum = 0.0;
    for (int64_t lag = 0; lag <= lags; lag++) {
        double covariance = 0.0;
        for (int64_t r = 0; r < c->n_rows; r++)
            for (int64_t k = c->rows[r] + lag; k < c->rows[r + 1]; k++)
                covariance +=
                    influence_of(i, c->counts[k]) * influence_of(i, c->counts[k - lag]);
        covariance /= (double)n;
        if (lag == 0)
            sum = at_zero = covariance;
        else
            sum += 2.0 * (1.0 - (double)lag / ((double)lags + 1.0)) * covariance;
    }
    return sum >= 0.5 * at_zero ? sum : at_zero;
}

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
    const influence i = {f.mean, squares / (double)n};
    int64_t lags = options->lags;
    if (lags < 0)
        lags = (int64_t)floor(4.0 * pow((double)n / 100.0, 2.0 / 9.0));
    lags = lags < n / 2 ? lags : n / 2;
    f.standard_error = sqrt(long_run_variance(c, &i, n, lags) / (double)(n - 1 - lags));
    if (f.fano > 0.0) {
        const double z = spk__normal_quantile(0.5 + options->confidence / 2.0);
        const double factor = exp(z * f.standard_error / f.fano);
        f.lower = f.fano / factor;
        f.upper = f.fano * factor;
    }
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
    const count_rows c = {.counts = counts, .rows = rows, .n_rows = 1};
    *fano = estimate(&c, options);
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

/* Whole windows of each run, one after the other. */
static spk_status count_windows(spk_context *ctx, const spk_train *train, int64_t window,
                                int64_t **counts, int64_t *rows)
{
    rows[0] = 0;
    for (int64_t r = 0; r < train->n_runs; r++) {
        rows[r + 1] = rows[r] + spk__run_length(train, r) / window;
        SPK_REQUIRE(ctx, rows[r + 1] <= (int64_t)1 << 40, SPK_ERR_OVERFLOW,
                    "windows_s: more than 2^40 windows of %" PRId64 " samples", window);
    }
    *counts = spk__alloc_zero(ctx, rows[train->n_runs], sizeof **counts);
    if (*counts == NULL)
        return spk__fail_memory(ctx);
    for (int64_t r = 0; r < train->n_runs; r++) {
        const int64_t stop = train->run_starts[r] + (rows[r + 1] - rows[r]) * window;
        for (int64_t k = train->run_offsets[r];
             k < train->run_offsets[r + 1] && train->samples[k] < stop; k++)
            (*counts)[rows[r] + (train->samples[k] - train->run_starts[r]) / window]++;
    }
    return SPK_OK;
}

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
        status = count_windows(work->ctx, &train, window, &counts, rows);
        if (status == SPK_OK) {
            const count_rows c = {.counts = counts, .rows = rows, .n_rows = train.n_runs};
            work->fano[unit * n_windows + w] = estimate(&c, work->options);
        }
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
