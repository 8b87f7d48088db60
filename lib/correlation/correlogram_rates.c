/* SPDX-License-Identifier: BSD-3-Clause */
/* From counts to rates: exposure of each lag bin, and normalisation. */
#include "base/check.h"
#include "correlation/correlogram_bins.h"

#include <math.h>

/* The integer lags first .. first + bin - 1 of a bin. */
static int64_t first_lag(const spk_correlogram_options *options, int64_t k)
{
    int64_t b = options->bin_samples;
    int64_t from_centre = k - options->n_bins / 2;
    switch (options->convention) {
    case SPK_CORRELOGRAM_SPIKEINTERFACE:
        return from_centre * b;
    case SPK_CORRELOGRAM_PHY:
        return from_centre >= 0 ? from_centre * b : (from_centre - 1) * b + 1;
    case SPK_CORRELOGRAM_CELLEXPLORER:
        return from_centre * b - (b - 1) + b / 2;
    default:
        return from_centre * b - b / 2;
    }
}

/* Sum of max(0, length - d) over d = 0 .. last; 0 for last < 0. */
static double sum_to(double length, double last)
{
    if (last < 0)
        return 0;
    if (last > length)
        last = length;
    return (last + 1) * (length - last / 2);
}

/* Sum of max(0, length - |d|) over the integers first .. last. */
static double sum_lags(double length, int64_t first, int64_t last)
{
    if (first >= 0)
        return sum_to(length, (double)last) - sum_to(length, (double)first - 1);
    if (last <= 0)
        return sum_to(length, (double)-first) - sum_to(length, (double)-last - 1);
    return sum_to(length, (double)last) + sum_to(length, (double)-first) - length;
}

/* Integral of max(0, length - |u|) from 0 to x. */
static double integral_to(double length, double x)
{
    double reach = fabs(x) < length ? fabs(x) : length;
    return copysign(reach * (length - reach / 2), x);
}

/* The part of epoch e inside the recording [samples], 0 if none. */
static double epoch_length(const spk_spikes *spikes, const spk_epochs *epochs, int64_t e)
{
    int64_t start = spikes->start_sample;
    int64_t stop = spikes->stop_sample;
    if (epochs != NULL) {
        if (epochs->starts[e] > start)
            start = epochs->starts[e];
        if (epochs->stops[e] < stop)
            stop = epochs->stops[e];
    }
    return stop > start ? (double)((uint64_t)stop - (uint64_t)start) : 0.0;
}

static spk_status check(spk_context *ctx, const spk_spikes *spikes,
                        const spk_correlogram_options *given,
                        spk_correlogram_options *options)
{
    spk_status status = spk__correlogram_check_options(ctx, given, options);
    if (status != SPK_OK)
        return status;
    SPK_REQUIRE(ctx, spikes != NULL, SPK_ERR_ARGUMENT, "spikes must not be NULL");
    SPK_REQUIRE(ctx,
                isfinite(spikes->sampling_rate_hz) && spikes->sampling_rate_hz > 0 &&
                    spikes->stop_sample >= spikes->start_sample,
                SPK_ERR_ARGUMENT, "spikes must have a positive rate and start <= stop");
    if (options->epochs != NULL)
        return spk_epochs_check(ctx, options->epochs);
    return SPK_OK;
}

spk_status spk_correlogram_exposure(spk_context *ctx, const spk_spikes *spikes,
                                    const spk_correlogram_options *given,
                                    double *exposure_s)
{
    spk_correlogram_options options;
    spk_status status = check(ctx, spikes, given, &options);
    if (status != SPK_OK)
        return status;
    SPK_REQUIRE(ctx, exposure_s != NULL, SPK_ERR_ARGUMENT, "exposure_s must not be NULL");
    double rate = spikes->sampling_rate_hz;
    int64_t n_epochs = options.epochs == NULL ? 1 : options.epochs->n_epochs;
    for (int64_t k = 0; k < options.n_bins; k++) {
        double sum = 0;
        for (int64_t e = 0; e < n_epochs; e++) {
            double length = epoch_length(spikes, options.epochs, e);
            if (options.convention == SPK_CORRELOGRAM_PYNAPPLE) {
                double left = ((double)k - (double)options.n_bins / 2) * options.bin_s;
                sum += (integral_to(length / rate, left + options.bin_s) -
                        integral_to(length / rate, left)) /
                       options.bin_s;
            } else {
                int64_t first = first_lag(&options, k);
                sum += sum_lags(length, first, first + options.bin_samples - 1) /
                       ((double)options.bin_samples * rate);
            }
        }
        exposure_s[k] = sum;
    }
    return SPK_OK;
}

spk_status spk_correlogram_normalize(spk_context *ctx, const spk_spikes *spikes,
                                     const spk_correlogram_options *given,
                                     int32_t normalization, int64_t n_reference,
                                     int64_t n_target, const double *exposure_s,
                                     const int64_t *counts, double *values)
{
    spk_correlogram_options options;
    spk_status status = check(ctx, spikes, given, &options);
    if (status != SPK_OK)
        return status;
    SPK_REQUIRE(ctx,
                normalization >= SPK_CORRELOGRAM_COUNT &&
                    normalization <= SPK_CORRELOGRAM_PEARSON,
                SPK_ERR_ARGUMENT, "normalization must be in 0 .. 3, got %d",
                (int)normalization);
    SPK_REQUIRE(ctx, exposure_s != NULL && counts != NULL && values != NULL,
                SPK_ERR_ARGUMENT, "exposure_s, counts and values must not be NULL");
    SPK_REQUIRE(ctx, n_reference >= 0 && n_target >= 0, SPK_ERR_ARGUMENT,
                "numbers of spikes must not be negative, got %lld and %lld",
                (long long)n_reference, (long long)n_target);
    double duration_s = 0;
    int64_t n_epochs = options.epochs == NULL ? 1 : options.epochs->n_epochs;
    for (int64_t e = 0; e < n_epochs; e++)
        duration_s += epoch_length(spikes, options.epochs, e) / spikes->sampling_rate_hz;
    double bin_s = options.convention == SPK_CORRELOGRAM_PYNAPPLE
                       ? options.bin_s
                       : (double)options.bin_samples / spikes->sampling_rate_hz;
    double n_i = (double)n_reference;
    double n_j = (double)n_target;
    double n = duration_s / bin_s;
    int has_variance = n_i > 0 && n_j > 0 && n_i < n && n_j < n;
    double spread = has_variance ? sqrt(n_i * (1 - n_i / n) * n_j * (1 - n_j / n)) : NAN;

    for (int64_t k = 0; k < options.n_bins; k++) {
        double count = (double)counts[k];
        double exposure = exposure_s[k];
        double value = count;
        if (normalization != SPK_CORRELOGRAM_COUNT && !(exposure > 0))
            value = NAN;
        else if (normalization == SPK_CORRELOGRAM_RATE)
            value = count / (bin_s * exposure);
        else if (normalization == SPK_CORRELOGRAM_CONDITIONAL_RATE)
            value = n_i > 0 ? count * (duration_s / exposure) / (n_i * bin_s) : NAN;
        else if (normalization == SPK_CORRELOGRAM_PEARSON)
            value = (count * (duration_s / exposure) - n_i * n_j / n) / spread;
        values[k] = value;
    }
    return SPK_OK;
}
