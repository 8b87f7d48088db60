/* SPDX-License-Identifier: BSD-3-Clause */
#include <spikekit/correlogram.h>

#include "base/check.h"
#include "base/memory.h"
#include "correlation/correlogram_bins.h"

#include <math.h>
#include <string.h>

enum {
    MOST_REACH = 1 << 30, /* samples; times within a window are kept in 32 bits */
    MOST_BINS = 1 << 28
};

static const char *const CONVENTION_NAMES[] = {
    [SPK_CORRELOGRAM_SPIKEKIT] = "spikekit",
    [SPK_CORRELOGRAM_SPIKEINTERFACE] = "spikeinterface",
    [SPK_CORRELOGRAM_PHY] = "phy",
    [SPK_CORRELOGRAM_PYNAPPLE] = "pynapple",
    [SPK_CORRELOGRAM_CELLEXPLORER] = "cellexplorer",
};

enum {
    N_CONVENTIONS = sizeof CONVENTION_NAMES / sizeof CONVENTION_NAMES[0]
};

void spk_correlogram_options_init(spk_correlogram_options *options, size_t struct_size)
{
    spk_correlogram_options defaults = {.struct_size = struct_size,
                                        .convention = SPK_CORRELOGRAM_SPIKEKIT,
                                        .n_bins = 201,
                                        .bin_samples = 15,
                                        .bin_s = 0.0005};
    memset(options, 0, struct_size);
    memcpy(options, &defaults,
           struct_size < sizeof defaults ? struct_size : sizeof defaults);
}

const char *spk_correlogram_convention_name(int32_t convention)
{
    return convention >= 0 && convention < N_CONVENTIONS ? CONVENTION_NAMES[convention]
                                                         : NULL;
}

spk_status spk_correlogram_convention_from_name(spk_context *ctx, const char *name,
                                                int32_t *convention)
{
    SPK_REQUIRE(ctx, name != NULL && convention != NULL, SPK_ERR_ARGUMENT,
                "name and convention must not be NULL");
    for (int32_t c = 0; c < N_CONVENTIONS; c++)
        if (strcmp(name, CONVENTION_NAMES[c]) == 0) {
            *convention = c;
            return SPK_OK;
        }
    return spk__fail(ctx, SPK_ERR_NOT_FOUND,
                     "convention must be spikekit, spikeinterface, phy, pynapple or "
                     "cellexplorer, got %s",
                     name);
}

/* Python's //: the floor of the exact quotient, as CPython computes it. Positive only. */
static double floor_divide(double x, double y)
{
    double quotient = (x - fmod(x, y)) / y;
    double whole = floor(quotient);
    return quotient - whole > 0.5 ? whole + 1.0 : whole;
}

static double clip(double x, double low, double high)
{
    return x < low ? low : x > high ? high : x;
}

/* Bins on each side of the centre, and the bin width in samples, by each tool's rule. */
static void bins_from_seconds(int32_t convention, double rate, double window, double bin,
                              double *n_half, double *width)
{
    double half;
    *width = 0.0;
    switch (convention) {
    case SPK_CORRELOGRAM_SPIKEINTERFACE:
        /* Its arguments are milliseconds; the order of operations is its own. */
        half = nearbyint(rate * (window * 1e3) / 2 * 1e-3);
        *width = nearbyint(rate * (bin * 1e3) * 1e-3);
        *n_half = *width >= 1 ? floor(half / *width) : 0;
        break;
    case SPK_CORRELOGRAM_PHY:
        window = clip(window, 1e-5, 1e5);
        bin = clip(bin, 1e-5, 1e5);
        *n_half = trunc(0.5 * window / bin);
        *width = trunc(rate * bin);
        break;
    case SPK_CORRELOGRAM_PYNAPPLE:
        half = window / 2;
        *n_half = floor(floor_divide(half * 2, bin) / 2);
        *width = 1;
        break;
    case SPK_CORRELOGRAM_CELLEXPLORER:
        *n_half = round(window / bin / 2);
        *width = round(bin / (1 / rate));
        break;
    default:
        half = round(rate * window / 2);
        *width = round(rate * bin);
        *n_half = *width >= 1 ? floor(half / *width) : 0;
        break;
    }
}

spk_status spk_correlogram_options_set_window(spk_context *ctx,
                                              spk_correlogram_options *options,
                                              int32_t convention, double sampling_rate_hz,
                                              double window_s, double bin_s)
{
    double n_half, width;
    SPK_REQUIRE(ctx, options != NULL, SPK_ERR_ARGUMENT, "options must not be NULL");
    SPK_REQUIRE(ctx, spk_correlogram_convention_name(convention) != NULL,
                SPK_ERR_ARGUMENT, "convention must be in 0 .. %d, got %d",
                N_CONVENTIONS - 1, (int)convention);
    SPK_REQUIRE(ctx, isfinite(sampling_rate_hz) && sampling_rate_hz > 0, SPK_ERR_ARGUMENT,
                "sampling_rate_hz must be positive and finite, got %g", sampling_rate_hz);
    SPK_REQUIRE(ctx, isfinite(window_s) && window_s > 0, SPK_ERR_ARGUMENT,
                "window_s must be positive and finite, got %g", window_s);
    SPK_REQUIRE(ctx, isfinite(bin_s) && bin_s > 0, SPK_ERR_ARGUMENT,
                "bin_s must be positive and finite, got %g", bin_s);
    bins_from_seconds(convention, sampling_rate_hz, window_s, bin_s, &n_half, &width);
    SPK_REQUIRE(ctx, width >= 1, SPK_ERR_ARGUMENT,
                "bin_s must be at least one sample, got %g s at %g Hz", bin_s,
                sampling_rate_hz);
    SPK_REQUIRE(ctx, n_half <= MOST_BINS / 2 && (n_half + 1) * width <= MOST_REACH,
                SPK_ERR_OVERFLOW,
                "window_s of %g s has too many samples or bins (limits "
                "2^30 samples a side, 2^28 bins)",
                window_s);
    int is_even = convention == SPK_CORRELOGRAM_SPIKEINTERFACE;
    SPK_REQUIRE(ctx, !is_even || n_half >= 1, SPK_ERR_ARGUMENT,
                "bin_s of %g s is wider than half of window_s, %g s", bin_s, window_s);
    options->convention = convention;
    options->n_bins = 2 * (int64_t)n_half + (is_even ? 0 : 1);
    options->bin_samples = (int64_t)width;
    options->bin_s = bin_s;
    return SPK_OK;
}

spk_status spk__correlogram_check_options(spk_context *ctx,
                                          const spk_correlogram_options *given,
                                          spk_correlogram_options *options)
{
    spk_correlogram_options_init(options, sizeof *options);
    if (given != NULL) {
        size_t size = given->struct_size;
        SPK_REQUIRE(ctx, size >= sizeof size && size <= sizeof *options, SPK_ERR_ARGUMENT,
                    "options.struct_size is %zu, not set by "
                    "spk_correlogram_options_init()",
                    size);
        memcpy(options, given, size);
    }
    SPK_REQUIRE(ctx, spk_correlogram_convention_name(options->convention) != NULL,
                SPK_ERR_ARGUMENT, "convention must be in 0 .. %d, got %d",
                N_CONVENTIONS - 1, (int)options->convention);
    int is_even = options->convention == SPK_CORRELOGRAM_SPIKEINTERFACE;
    SPK_REQUIRE(ctx, options->n_bins >= 1, SPK_ERR_ARGUMENT,
                "n_bins must be at least 1, got %lld", (long long)options->n_bins);
    SPK_REQUIRE(ctx, options->n_bins % 2 == (is_even ? 0 : 1), SPK_ERR_ARGUMENT,
                "n_bins must be %s, got %lld", is_even ? "even" : "odd",
                (long long)options->n_bins);
    SPK_REQUIRE(ctx, options->n_bins <= MOST_BINS, SPK_ERR_OVERFLOW,
                "n_bins must be at most 2^28, got %lld", (long long)options->n_bins);
    if (options->convention == SPK_CORRELOGRAM_PYNAPPLE) {
        SPK_REQUIRE(ctx, isfinite(options->bin_s) && options->bin_s > 0, SPK_ERR_ARGUMENT,
                    "bin_s must be positive and finite, got %g", options->bin_s);
        return SPK_OK;
    }
    SPK_REQUIRE(ctx, options->bin_samples >= 1, SPK_ERR_ARGUMENT,
                "bin_samples must be at least 1, got %lld",
                (long long)options->bin_samples);
    SPK_REQUIRE(ctx, options->bin_samples <= MOST_REACH / (options->n_bins / 2 + 1),
                SPK_ERR_OVERFLOW, "%lld bins of %lld samples reach beyond 2^30 samples",
                (long long)options->n_bins, (long long)options->bin_samples);
    return SPK_OK;
}

/* Every unit of a list exists and comes once. */
static spk_status check_units(spk_context *ctx, const char *name, const int32_t *units,
                              int64_t n, int64_t n_units)
{
    spk_status status = SPK_OK;
    if (units == NULL)
        return SPK_OK;
    SPK_REQUIRE(ctx, n >= 0 && n <= n_units, SPK_ERR_ARGUMENT,
                "n_%s must be in 0 .. %lld, got %lld", name, (long long)n_units,
                (long long)n);
    char *seen = spk__alloc_zero(ctx, n_units, 1);
    if (seen == NULL)
        return spk__fail_memory(ctx);
    for (int64_t i = 0; i < n && status == SPK_OK; i++) {
        if (units[i] < 0 || units[i] >= n_units)
            status = spk__fail(ctx, SPK_ERR_ARGUMENT,
                               "%s[%lld] must be a unit in 0 .. %lld, got %d", name,
                               (long long)i, (long long)n_units - 1, (int)units[i]);
        else if (seen[units[i]])
            status = spk__fail(ctx, SPK_ERR_ARGUMENT, "%s[%lld] repeats unit %d", name,
                               (long long)i, (int)units[i]);
        else
            seen[units[i]] = 1;
    }
    spk__free(seen);
    return status;
}

spk_status spk__correlogram_check(spk_context *ctx, const spk_spikes *spikes,
                                  const spk_correlogram_options *given,
                                  spk_correlogram_options *options)
{
    const int64_t exact = (int64_t)1 << 53;
    spk_status status;
    if ((status = spk__correlogram_check_options(ctx, given, options)) != SPK_OK)
        return status;
    if ((status = spk_spikes_check(ctx, spikes)) != SPK_OK)
        return status;
    if (options->epochs != NULL &&
        (status = spk_epochs_check(ctx, options->epochs)) != SPK_OK)
        return status;
    if ((status = check_units(ctx, "references", options->references,
                              options->n_references, spikes->n_units)) != SPK_OK)
        return status;
    if ((status = check_units(ctx, "targets", options->targets, options->n_targets,
                              spikes->n_units)) != SPK_OK)
        return status;
    if (spikes->n_spikes > 0 && (options->convention == SPK_CORRELOGRAM_PHY ||
                                 options->convention == SPK_CORRELOGRAM_PYNAPPLE))
        SPK_REQUIRE(ctx,
                    spikes->samples[0] >= -exact &&
                        spikes->samples[spikes->n_spikes - 1] <= exact,
                    SPK_ERR_OVERFLOW,
                    "the %s convention needs samples within +-2^53, which doubles hold",
                    spk_correlogram_convention_name(options->convention));
    return SPK_OK;
}

spk_status spk_correlogram_lags(spk_context *ctx, const spk_correlogram_options *given,
                                double sampling_rate_hz, double *lags_s)
{
    spk_correlogram_options options;
    spk_status status = spk__correlogram_check_options(ctx, given, &options);
    if (status != SPK_OK)
        return status;
    SPK_REQUIRE(ctx, lags_s != NULL, SPK_ERR_ARGUMENT, "lags_s must not be NULL");
    SPK_REQUIRE(ctx, isfinite(sampling_rate_hz) && sampling_rate_hz > 0, SPK_ERR_ARGUMENT,
                "sampling_rate_hz must be positive and finite, got %g", sampling_rate_hz);
    double bin_s = options.convention == SPK_CORRELOGRAM_PYNAPPLE
                       ? options.bin_s
                       : (double)options.bin_samples / sampling_rate_hz;
    for (int64_t k = 0; k < options.n_bins; k++) {
        double bins = (double)(k - options.n_bins / 2);
        if (options.convention == SPK_CORRELOGRAM_SPIKEINTERFACE)
            bins += 0.5;
        else if (options.convention == SPK_CORRELOGRAM_PHY && bins != 0)
            bins += bins > 0 ? 0.5 : -0.5; /* its bins start at whole multiples */
        lags_s[k] = bins * bin_s;
    }
    return SPK_OK;
}

spk_status spk_correlogram_length(spk_context *ctx, const spk_spikes *spikes,
                                  const spk_correlogram_options *given, int64_t *length)
{
    spk_correlogram_options options;
    int64_t n;
    spk_status status = spk__correlogram_check_options(ctx, given, &options);
    if (status != SPK_OK)
        return status;
    SPK_REQUIRE(ctx, spikes != NULL && length != NULL, SPK_ERR_ARGUMENT,
                "spikes and length must not be NULL");
    int64_t n_references =
        options.references == NULL ? spikes->n_units : options.n_references;
    int64_t n_targets = options.targets == NULL ? spikes->n_units : options.n_targets;
    SPK_REQUIRE(ctx, n_references >= 0 && n_targets >= 0, SPK_ERR_ARGUMENT,
                "numbers of units must not be negative");
    SPK_REQUIRE(ctx,
                !__builtin_mul_overflow(n_references, n_targets, &n) &&
                    !__builtin_mul_overflow(n, options.n_bins, &n) &&
                    n <= INT64_MAX / (int64_t)sizeof(int64_t),
                SPK_ERR_OVERFLOW, "%lld x %lld x %lld counts do not fit in memory",
                (long long)n_references, (long long)n_targets, (long long)options.n_bins);
    *length = n;
    return SPK_OK;
}
