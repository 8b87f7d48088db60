/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SPIKEKIT_CORRELATION_CONNECTION_FIND_H
#define SPIKEKIT_CORRELATION_CONNECTION_FIND_H

#include "correlation/connection_method.h"

/** spk_connections_find() with a method that need not be in the list. */
spk_status spk__connections_find_by(spk_context *ctx, const spk_spikes *spikes,
                                    const spk_connections_options *options,
                                    const spk__connection_method *method,
                                    spk_connections **connections);

/** spk_connections_curve() with a method that need not be in the list. */
spk_status spk__connections_curve_by(spk_context *ctx, const spk_spikes *spikes,
                                     const spk_connections_options *options,
                                     const spk__connection_method *method, int32_t source,
                                     int32_t target, const spk_connection_curve *curve);

#endif
