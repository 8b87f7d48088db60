/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/check.h"

#include <spikekit/metrics.h>

spk_status spk_metrics_input_from_session(spk_context *ctx, spk_session *session,
                                          int32_t needs, spk_metrics_input *input)
{
    SPK_REQUIRE(ctx, session != NULL, SPK_ERR_ARGUMENT, "session is NULL");
    SPK_REQUIRE(ctx, input != NULL && input->struct_size >= sizeof *input,
                SPK_ERR_ARGUMENT, "input: not filled by spk_metrics_input_init()");
    input->spikes = spk_session_spikes(session);
    input->amplitudes =
        needs & SPK_METRIC_NEEDS_AMPLITUDES ? spk_session_amplitudes(session) : NULL;
    input->spike_positions =
        needs & SPK_METRIC_NEEDS_POSITIONS ? spk_session_spike_positions(session) : NULL;
    spk_status status = SPK_OK;
    if (needs & SPK_METRIC_NEEDS_FEATURES)
        status = spk_session_features(ctx, session, &input->features);
    if (status == SPK_OK && needs & SPK_METRIC_NEEDS_TEMPLATES)
        status = spk_session_templates(ctx, session, &input->templates);
    return status;
}
