/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SPIKEKIT_CORRELATION_INFORMATION_OPTIONS_H
#define SPIKEKIT_CORRELATION_INFORMATION_OPTIONS_H

#include <spikekit/information.h>

enum {
    SPK__MOST_TARGET_HISTORY = 5,
    SPK__MOST_SOURCE_HISTORY = 3
};

/** Fills in delays that are not given, and checks all. */
spk_status spk__information_options_check(spk_context *ctx, spk_information_options *o,
                                          int is_transfer);

#endif
