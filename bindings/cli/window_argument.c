/* SPDX-License-Identifier: BSD-3-Clause */
#include "window_argument.h"
#include "command.h"

#include <math.h>

double window_argument_bin_s(const spk_correlogram_options *options,
                             double sampling_rate_hz)
{
    return options->convention == SPK_CORRELOGRAM_PYNAPPLE
               ? options->bin_s
               : (double)options->bin_samples / sampling_rate_hz;
}

static int differs(double used, double asked)
{
    return fabs(used - asked) > 1e-9 * asked;
}

/* The window is that of the centres of the bins. */
void window_argument_note(const char *name, double rate, double window_ms, double bin_ms,
                          const spk_correlogram_options *options)
{
    const double bin = 1e3 * window_argument_bin_s(options, rate);
    const double window = 2.0 * (double)(options->n_bins / 2) * bin;
    const long long samples = (long long)options->bin_samples;
    const int other_window = differs(window, window_ms);
    if (differs(bin, bin_ms) && other_window)
        command_note(name, "bin rounded to %lld sample%s, %.3g ms; window %.6g ms",
                     samples, samples == 1 ? "" : "s", bin, window);
    else if (differs(bin, bin_ms))
        command_note(name, "bin rounded to %lld sample%s, %.3g ms", samples,
                     samples == 1 ? "" : "s", bin);
    else if (other_window)
        command_note(name, "window rounded to whole bins, %.6g ms", window);
}

int window_argument_set(const char *name, spk_context *ctx, int32_t convention,
                        double sampling_rate_hz, double window_ms, double bin_ms,
                        spk_correlogram_options *options)
{
    const double values[2] = {window_ms, bin_ms};
    static const char *const names[2] = {"window-ms", "bin-ms"};
    for (int i = 0; i < 2; i++)
        if (!(values[i] > 0.0) || !isfinite(values[i]))
            return command_fail_usage(name, "--%s: expected more than 0 ms, found %g",
                                      names[i], values[i]);
    const spk_status status = spk_correlogram_options_set_window(
        ctx, options, convention, sampling_rate_hz, window_ms / 1e3, bin_ms / 1e3);
    if (status == SPK_OK)
        return COMMAND_OK;
    if (status == SPK_ERR_OVERFLOW)
        return command_fail_usage(
            name, "--window-ms: %g ms are too many samples or bins at %.10g Hz%s",
            window_ms, sampling_rate_hz,
            sampling_rate_hz >= 1e9 ? "; --rate 30000 takes times in seconds to a "
                                      "coarser grid"
                                    : "");
    if (status == SPK_ERR_ARGUMENT && bin_ms / 1e3 * sampling_rate_hz < 1.0)
        return command_fail_usage(
            name, "--bin-ms: expected at least one sample, %.3g ms, found %g ms",
            1e3 / sampling_rate_hz, bin_ms);
    if (status == SPK_ERR_ARGUMENT)
        return command_fail_usage(
            name, "--bin-ms: expected at most half of --window-ms, %g ms, found %g ms",
            window_ms / 2, bin_ms);
    return command_fail(name, ctx, status);
}
