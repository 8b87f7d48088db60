/* SPDX-License-Identifier: BSD-3-Clause */
#include "spikes/bandwidth.h"

#include "base/check.h"
#include "base/memory.h"
#include "base/parallel.h"

#include <inttypes.h>
#include <math.h>
#include <spikekit/rates.h>
#include <string.h>

enum {
    GRID = 40,
    BIN_WIDTHS = 100,
    SHIFTS = 16
};

void spk_bandwidth_options_init(spk_bandwidth_options *options, size_t struct_size)
{
    spk_bandwidth_options defaults = {
        .struct_size = struct_size, .method = SPK_BANDWIDTH_PAIRS, .min_s = 0.001};
    if (options != NULL)
        memcpy(options, &defaults,
               struct_size < sizeof defaults ? struct_size : sizeof defaults);
}

spk_status spk_bandwidth_cost(spk_context *ctx, const spk_trains *trains, int64_t unit,
                              int64_t n, const double *sigmas_s, double *costs)
{
    SPK_REQUIRE(ctx, trains != NULL, SPK_ERR_ARGUMENT, "trains is NULL");
    const spk_spikes *spikes = spk_trains_spikes(trains);
    SPK_REQUIRE(ctx, unit >= 0 && unit < spikes->n_units, SPK_ERR_ARGUMENT,
                "unit must be in 0 .. %" PRId64 ", got %" PRId64, spikes->n_units - 1,
                unit);
    SPK_REQUIRE(ctx, n >= 0, SPK_ERR_ARGUMENT, "n must be >= 0, got %" PRId64, n);
    SPK_REQUIRE(ctx, n == 0 || (sigmas_s != NULL && costs != NULL), SPK_ERR_ARGUMENT,
                "sigmas_s or costs is NULL");
    for (int64_t k = 0; k < n; k++)
        SPK_REQUIRE(ctx, sigmas_s[k] > 0 && isfinite(sigmas_s[k]), SPK_ERR_ARGUMENT,
                    "sigmas_s must be above 0, got %g at %" PRId64, sigmas_s[k], k);
    if (n == 0)
        return SPK_OK;
    double narrowest = sigmas_s[0], widest = sigmas_s[0];
    for (int64_t k = 1; k < n; k++) {
        narrowest = fmin(narrowest, sigmas_s[k]);
        widest = fmax(widest, sigmas_s[k]);
    }
    const spk_train train = spk_trains_unit(trains, unit);
    const double rate_hz = spikes->sampling_rate_hz;
    spk__pair_spectra *spectra = NULL;
    const spk_status status = spk__pair_spectra_create(ctx, &train, narrowest * rate_hz,
                                                       widest * rate_hz, &spectra);
    if (status != SPK_OK)
        return status;
    for (int64_t k = 0; k < n; k++)
        costs[k] = spk__pair_spectra_cost(spectra, sigmas_s[k] * rate_hz) * rate_hz;
    spk__pair_spectra_destroy(spectra);
    return SPK_OK;
}

/* ---- the least ---- */

typedef struct bandwidth_work {
    spk_context *ctx;
    const spk_trains *trains;
    spk_bandwidth_options options;
    double rate_hz;
    double *result;
    spk__bandwidth_transforms *transforms; /* [workers] */
} bandwidth_work;

static spk_status prepare(spk_context *ctx, const spk_trains *trains,
                          const spk_bandwidth_options *options, double *result,
                          bandwidth_work *work)
{
    SPK_REQUIRE(ctx, trains != NULL, SPK_ERR_ARGUMENT, "trains is NULL");
    SPK_REQUIRE(ctx, result != NULL, SPK_ERR_ARGUMENT, "the result is NULL");
    *work = (bandwidth_work){.ctx = ctx,
                             .trains = trains,
                             .rate_hz = spk_trains_spikes(trains)->sampling_rate_hz,
                             .result = result};
    spk_bandwidth_options_init(&work->options, sizeof work->options);
    if (options != NULL) {
        SPK_REQUIRE(ctx, options->struct_size >= sizeof *options, SPK_ERR_ARGUMENT,
                    "options: not filled by spk_bandwidth_options_init()");
        work->options = *options;
    }
    const spk_bandwidth_options *o = &work->options;
    SPK_REQUIRE(ctx,
                o->method == SPK_BANDWIDTH_PAIRS || o->method == SPK_BANDWIDTH_ELEPHANT,
                SPK_ERR_ARGUMENT, "method must be 0 or 1, got %d", (int)o->method);
    SPK_REQUIRE(ctx, o->min_s > 0 && isfinite(o->min_s), SPK_ERR_ARGUMENT,
                "min_s must be above 0, got %g", o->min_s);
    SPK_REQUIRE(ctx, o->max_s == 0 || (o->max_s >= o->min_s && isfinite(o->max_s)),
                SPK_ERR_ARGUMENT, "max_s must be 0 or at least min_s, got %g", o->max_s);
    return SPK_OK;
}

static double widest(const bandwidth_work *work, const spk_train *train)
{
    return work->options.max_s > 0
               ? work->options.max_s
               : (double)train->duration_samples / work->rate_hz / 2.0;
}

/* low .. high: logarithms of widths in samples; so is the best. */
static double search(const spk__pair_spectra *spectra, double low, double high)
{
    const double step = (high - low) / (GRID - 1), golden = 0.6180339887498949;
    double least = INFINITY;
    int64_t best = 0;
    for (int64_t k = 0; k < GRID; k++) {
        const double cost = spk__pair_spectra_cost(spectra, exp(low + (double)k * step));
        if (cost < least) {
            least = cost;
            best = k;
        }
    }
    double a = low + (double)(best > 0 ? best - 1 : 0) * step;
    double b = low + (double)(best < GRID - 1 ? best + 1 : GRID - 1) * step;
    double c = b - golden * (b - a), d = a + golden * (b - a);
    double at_c = spk__pair_spectra_cost(spectra, exp(c)),
           at_d = spk__pair_spectra_cost(spectra, exp(d));
    while (b - a > 1e-3) {
        if (at_c < at_d) {
            b = d;
            d = c;
            at_d = at_c;
            c = b - golden * (b - a);
            at_c = spk__pair_spectra_cost(spectra, exp(c));
        } else {
            a = c;
            c = d;
            at_c = at_d;
            d = a + golden * (b - a);
            at_d = spk__pair_spectra_cost(spectra, exp(d));
        }
    }
    return (a + b) / 2.0;
}

static spk_status unit_bandwidth(void *state, int64_t unit, int32_t worker)
{
    const bandwidth_work *work = state;
    const spk_train train = spk_trains_unit(work->trains, unit);
    if (work->options.method == SPK_BANDWIDTH_ELEPHANT)
        return spk__bandwidth_elephant(work->ctx, &train, work->rate_hz,
                                       &work->transforms[worker], &work->result[unit]);
    work->result[unit] = NAN;
    if (train.n_spikes < 2 || train.samples[0] == train.samples[train.n_spikes - 1] ||
        widest(work, &train) < work->options.min_s)
        return SPK_OK;
    const double low = work->options.min_s * work->rate_hz;
    const double high = widest(work, &train) * work->rate_hz;
    spk__pair_spectra *spectra = NULL;
    const spk_status status =
        spk__pair_spectra_create(work->ctx, &train, low, high, &spectra);
    if (status != SPK_OK)
        return status;
    work->result[unit] = exp(search(spectra, log(low), log(high))) / work->rate_hz;
    spk__pair_spectra_destroy(spectra);
    return SPK_OK;
}

spk_status spk_bandwidth_estimate(spk_context *ctx, const spk_trains *trains,
                                  const spk_bandwidth_options *options, double *sigmas_s)
{
    bandwidth_work work;
    spk_status status = prepare(ctx, trains, options, sigmas_s, &work);
    if (status != SPK_OK)
        return status;
    const int64_t n_units = spk_trains_spikes(trains)->n_units;
    const int32_t n_workers = spk__parallel_workers(ctx, n_units);
    work.transforms = spk__alloc_zero(ctx, n_workers, sizeof *work.transforms);
    if (work.transforms == NULL)
        return spk__fail_memory(ctx);
    status = spk__parallel_for(ctx, n_units, unit_bandwidth, &work, "bandwidths");
    for (int32_t worker = 0; worker < n_workers; worker++)
        spk__bandwidth_transforms_end(&work.transforms[worker]);
    spk__free(work.transforms);
    return status;
}

/* ---- bins of a histogram ---- */

/* (2 k - v) / b^2 for bins of `width` samples that begin `shift` samples into each run. */
static double histogram_cost(const spk_train *train, int64_t width, int64_t shift)
{
    double n_bins = 0.0, n_spikes = 0.0, squares = 0.0;
    for (int64_t r = 0; r < train->n_runs; r++) {
        const int64_t length = train->run_stops[r] - train->run_starts[r] - shift;
        if (length < width)
            continue;
        const int64_t own = length / width;
        int64_t bin = -1, count = 0;
        n_bins += (double)own;
        for (int64_t k = train->run_offsets[r]; k < train->run_offsets[r + 1]; k++) {
            const int64_t since = train->samples[k] - train->run_starts[r] - shift;
            if (since < 0)
                continue;
            const int64_t at = since / width;
            if (at >= own)
                break;
            if (at != bin) {
                squares += (double)count * (double)count;
                count = 0;
                bin = at;
            }
            count++;
            n_spikes += 1.0;
        }
        squares += (double)count * (double)count;
    }
    if (n_bins == 0.0)
        return NAN;
    const double mean = n_spikes / n_bins, variance = squares / n_bins - mean * mean;
    return (2.0 * mean - variance) / ((double)width * (double)width);
}

static spk_status unit_bin_width(void *state, int64_t unit, int32_t worker)
{
    (void)worker;
    const bandwidth_work *work = state;
    const spk_train train = spk_trains_unit(work->trains, unit);
    work->result[unit] = NAN;
    if (train.n_spikes == 0 || widest(work, &train) < work->options.min_s)
        return SPK_OK;
    const double low = log(work->options.min_s * work->rate_hz);
    const double high = log(widest(work, &train) * work->rate_hz);
    double least = INFINITY;
    int64_t before = 0;
    for (int64_t k = 0; k < BIN_WIDTHS; k++) {
        const double wanted = exp(low + (high - low) * (double)k / (BIN_WIDTHS - 1));
        const int64_t width = (int64_t)fmin(fmax(rint(wanted), 1.0), 9007199254740992.0);
        if (width == before)
            continue;
        before = width;
        double cost = 0.0;
        for (int64_t shift = 0; shift < SHIFTS; shift++)
            cost += histogram_cost(&train, width,
                                   (int64_t)((double)width * (double)shift / SHIFTS));
        if (cost < least) {
            least = cost;
            work->result[unit] = (double)width / work->rate_hz;
        }
    }
    return SPK_OK;
}

spk_status spk_bin_width_estimate(spk_context *ctx, const spk_trains *trains,
                                  const spk_bandwidth_options *options, double *bins_s)
{
    bandwidth_work work;
    const spk_status status = prepare(ctx, trains, options, bins_s, &work);
    if (status != SPK_OK)
        return status;
    return spk__parallel_for(ctx, spk_trains_spikes(trains)->n_units, unit_bin_width,
                             &work, "bin widths");
}
