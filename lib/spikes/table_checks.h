/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SPIKEKIT_SPIKES_TABLE_CHECKS_H
#define SPIKEKIT_SPIKES_TABLE_CHECKS_H

#include <spikekit/epochs.h>
#include <spikekit/spikes.h>

/** The part of spk_spikes_check() that reads no array: sizes, rate, extent, NULL. */
spk_status spk__spikes_check_sizes(spk_context *ctx, const spk_spikes *spikes);

/** spk_epochs_check() with the argument's name for the message. */
spk_status spk__epochs_check(spk_context *ctx, const spk_epochs *epochs,
                             const char *name);

#endif
