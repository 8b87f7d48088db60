/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Narrow kernels see few pairs of spikes, which are taken one by one. Wide ones see many, and
 * then spikes are put into bins of a sixteenth of the width: the distance of two spikes in
 * bins l apart is l bins and a triangular rest, whose variance of bin^2 / 6 is added to that
 * of the Gaussian.
 */
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
    BINS_PER_SIGMA = 16,
    FARTHEST = 10, /* standard deviations */
    N_LAGS = BINS_PER_SIGMA * FARTHEST,
    BIN_WIDTHS = 100,
    SHIFTS = 16
};
static const double SQRT_PI = 1.7724538509055159;

void spk_bandwidth_options_init(spk_bandwidth_options *options, size_t struct_size)
{
    spk_bandwidth_options defaults = {
        .struct_size = struct_size, .method = SPK_BANDWIDTH_PAIRS, .min_s = 0.001};
    if (options != NULL)
        memcpy(options, &defaults,
               struct_size < sizeof defaults ? struct_size : sizeof defaults);
}

/* Room for spikes in bins: the bin and how many are there. */
typedef struct filled_bin {
    int64_t bin, count;
} filled_bin;

/* exp(-d^2 / 4 s^2) - 2 sqrt(2) exp(-d^2 / 2 s^2), x = d / s. */
static double pair_term(double x)
{
    const double e = exp(-0.25 * x * x);
    return e - 2.8284271247461903 * e * e;
}

/* Pairs in one run, one by one. */
static double sum_pairs(const int64_t *t, int64_t n, double sigma, int64_t farthest)
{
    double sum = 0.0;
    for (int64_t i = 0; i < n; i++) {
        double own = 0.0;
        for (int64_t j = i + 1; j < n && t[j] - t[i] <= farthest; j++)
            own += pair_term((double)(t[j] - t[i]) / sigma);
        sum += own;
    }
    return sum;
}

static int64_t number_of_pairs(const int64_t *t, int64_t n, int64_t farthest)
{
    int64_t pairs = 0;
    for (int64_t i = 0, j = 0; i < n; i++) {
        while (j < n && t[j] - t[i] <= farthest)
            j++;
        pairs += j - i - 1;
    }
    return pairs;
}

static double sum_bins(const int64_t *t, int64_t n, double sigma, filled_bin *bins)
{
    const int64_t width = (int64_t)fmax(1.0, floor(sigma / BINS_PER_SIGMA));
    /* var of the rest of the distance; 0 when bins are samples */
    const double rest = width > 1 ? (double)width * (double)width / 6.0 : 0.0;
    const double s2 = sigma * sigma;
    const double wide = 2.0 * s2 + rest, narrow = s2 + rest;
    const double wide_area = sqrt(2.0 * s2 / wide),
                 narrow_area = 2.8284271247461903 * sqrt(s2 / narrow);
    double terms[N_LAGS + 2], sum = 0.0;
    for (int64_t lag = 0; lag < N_LAGS + 2; lag++) {
        const double d = (double)lag * (double)width;
        terms[lag] = wide_area * exp(-0.5 * d * d / wide) -
                     narrow_area * exp(-0.5 * d * d / narrow);
    }
    int64_t n_bins = 0;
    for (int64_t i = 0; i < n; i++) {
        const int64_t bin = (t[i] - t[0]) / width;
        if (n_bins == 0 || bins[n_bins - 1].bin != bin)
            bins[n_bins++] = (filled_bin){bin, 0};
        bins[n_bins - 1].count++;
    }
    for (int64_t i = 0; i < n_bins; i++) {
        const double count = (double)bins[i].count;
        double own = terms[0] * (count - 1.0) / 2.0;
        for (int64_t j = i + 1; j < n_bins && bins[j].bin - bins[i].bin <= N_LAGS; j++)
            own += terms[bins[j].bin - bins[i].bin] * (double)bins[j].count;
        sum += own * count;
    }
    return sum;
}

/* sigma in samples; the cost is per sample. */
static double measure_cost(const spk_train *train, double sigma, filled_bin *bins)
{
    const int64_t farthest = (int64_t)fmin(ceil(FARTHEST * sigma), 9007199254740992.0);
    double sum = 0.0;
    for (int64_t r = 0; r < train->n_runs; r++) {
        const int64_t *t = train->samples + train->run_offsets[r];
        const int64_t n = train->run_offsets[r + 1] - train->run_offsets[r];
        if (sigma < BINS_PER_SIGMA * 2 || number_of_pairs(t, n, farthest) <= 8 * n)
            sum += sum_pairs(t, n, sigma, farthest);
        else
            sum += sum_bins(t, n, sigma, bins);
    }
    return ((double)train->n_spikes / 2.0 + sum) / (SQRT_PI * sigma);
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
    const spk_train train = spk_trains_unit(trains, unit);
    filled_bin *bins = spk__alloc(ctx, train.n_spikes, sizeof *bins);
    if (bins == NULL)
        return spk__fail_memory(ctx);
    for (int64_t k = 0; k < n; k++)
        costs[k] = measure_cost(&train, sigmas_s[k] * spikes->sampling_rate_hz, bins) *
                   spikes->sampling_rate_hz;
    spk__free(bins);
    return SPK_OK;
}

/* ---- the least ---- */

typedef struct bandwidth_work {
    spk_context *ctx;
    const spk_trains *trains;
    spk_bandwidth_options options;
    double rate_hz;
    double *result;
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

static double search(const bandwidth_work *work, const spk_train *train, filled_bin *bins)
{
    const double low = log(work->options.min_s * work->rate_hz);
    const double high = log(widest(work, train) * work->rate_hz);
    const double step = (high - low) / (GRID - 1), golden = 0.6180339887498949;
    double least = INFINITY;
    int64_t best = 0;
    for (int64_t k = 0; k < GRID; k++) {
        const double cost = measure_cost(train, exp(low + (double)k * step), bins);
        if (cost < least) {
            least = cost;
            best = k;
        }
    }
    double a = low + (double)(best > 0 ? best - 1 : 0) * step;
    double b = low + (double)(best < GRID - 1 ? best + 1 : GRID - 1) * step;
    double c = b - golden * (b - a), d = a + golden * (b - a);
    double at_c = measure_cost(train, exp(c), bins),
           at_d = measure_cost(train, exp(d), bins);
    while (b - a > 1e-3) {
        if (at_c < at_d) {
            b = d;
            d = c;
            at_d = at_c;
            c = b - golden * (b - a);
            at_c = measure_cost(train, exp(c), bins);
        } else {
            a = c;
            c = d;
            at_c = at_d;
            d = a + golden * (b - a);
            at_d = measure_cost(train, exp(d), bins);
        }
    }
    return exp((a + b) / 2.0) / work->rate_hz;
}

static spk_status unit_bandwidth(void *state, int64_t unit, int32_t worker)
{
    (void)worker;
    const bandwidth_work *work = state;
    const spk_train train = spk_trains_unit(work->trains, unit);
    if (work->options.method == SPK_BANDWIDTH_ELEPHANT)
        return spk__bandwidth_elephant(work->ctx, &train, work->rate_hz,
                                       &work->result[unit]);
    work->result[unit] = NAN;
    if (train.n_spikes < 2 || train.samples[0] == train.samples[train.n_spikes - 1] ||
        widest(work, &train) < work->options.min_s)
        return SPK_OK;
    filled_bin *bins = spk__alloc(work->ctx, train.n_spikes, sizeof *bins);
    if (bins == NULL)
        return spk__fail_memory(work->ctx);
    work->result[unit] = search(work, &train, bins);
    spk__free(bins);
    return SPK_OK;
}

spk_status spk_bandwidth_estimate(spk_context *ctx, const spk_trains *trains,
                                  const spk_bandwidth_options *options, double *sigmas_s)
{
    bandwidth_work work;
    const spk_status status = prepare(ctx, trains, options, sigmas_s, &work);
    if (status != SPK_OK)
        return status;
    return spk__parallel_for(ctx, spk_trains_spikes(trains)->n_units, unit_bandwidth,
                             &work, "bandwidths");
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
