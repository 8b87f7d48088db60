/* SPDX-License-Identifier: BSD-3-Clause */
/* The window and bins of correlograms, as --window-ms and --bin-ms give them. */
#ifndef SPIKEKIT_CLI_WINDOW_ARGUMENT_H
#define SPIKEKIT_CLI_WINDOW_ARGUMENT_H

#include <spikekit/correlogram.h>

/** Checks both in milliseconds and sets the bins, speaking on failure. @return COMMAND_OK or an exit status */
int window_argument_set(const char *name, spk_context *ctx, int32_t convention,
                        double sampling_rate_hz, double window_ms, double bin_ms,
                        spk_correlogram_options *options);

/** Says so if bins and window became other ones than asked for on the grid of samples. */
void window_argument_note(const char *name, double sampling_rate_hz, double window_ms,
                          double bin_ms, const spk_correlogram_options *options);

/** The width that a bin has [s]. */
double window_argument_bin_s(const spk_correlogram_options *options,
                             double sampling_rate_hz);

#endif
