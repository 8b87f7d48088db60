/* SPDX-License-Identifier: BSD-3-Clause */
/* What the numbers were made from and how. Nothing here depends on the shard, the threads, the
 * output or the machine, so that equal work gives equal bytes and shards can be compared. */
#include "correlogram_request.h"
#include "output_meta.h"
#include "window_argument.h"

#include <spikekit/json.h>
#include <spikekit/version.h>
#include <stdlib.h>
#include <string.h>

#define TRY(call)                                                                        \
    do {                                                                                 \
        if ((status = (call)) != SPK_OK)                                                 \
            goto cleanup;                                                                \
    } while (0)

static spk_status set_parameters(const correlogram_request *request, spk_json *json)
{
    static const char *const layouts[] = {"cube", "auto", "pairs"};
    const correlogram_arguments *a = request->arguments;
    const spk_correlogram_options *options = &request->options;
    spk_context *ctx = request->ctx;
    spk_status status = SPK_OK;
    TRY(spk_json_set_text(ctx, json, "layout", layouts[request->layout]));
    TRY(spk_json_set_text(ctx, json, "convention",
                          spk_correlogram_convention_name(options->convention)));
    TRY(spk_json_set_text(ctx, json, "normalization", a->normalization));
    TRY(spk_json_set_number(ctx, json, "window_ms", a->window_ms));
    TRY(spk_json_set_number(ctx, json, "bin_ms", a->bin_ms));
    TRY(spk_json_set_integer(ctx, json, "n_bins", options->n_bins));
    if (options->convention != SPK_CORRELOGRAM_PYNAPPLE)
        TRY(spk_json_set_integer(ctx, json, "bin_samples", options->bin_samples));
    TRY(spk_json_set_number(
        ctx, json, "bin_s",
        window_argument_bin_s(options, request->selection.spikes.sampling_rate_hz)));
    TRY(spk_json_set_text(ctx, json, "units", a->pairs != NULL ? "pairs" : a->units));
    if (a->against != NULL)
        TRY(spk_json_set_text(ctx, json, "against", a->against));
    if (a->pairs != NULL)
        TRY(spk_json_set_text(ctx, json, "pairs", a->pairs));
    if (a->near_um >= 0.0)
        TRY(spk_json_set_number(ctx, json, "near_um", a->near_um));
    if (options->epochs != NULL)
        TRY(output_meta_epochs(ctx, json, a->epochs, options->epochs));
cleanup:
    return status;
}

spk_status correlogram_request_meta(correlogram_request *request, char **text)
{
    const spk_spikes *spikes = &request->selection.spikes;
    spk_context *ctx = request->ctx;
    spk_json *json = NULL;
    spk_status status = SPK_OK;
    const char *formatted = NULL;
    *text = NULL;
    TRY(spk_json_create(ctx, &json));
    TRY(spk_json_set_text(ctx, json, "spikekit", spk_version()));
    TRY(spk_json_set_text(ctx, json, "command", "correlogram"));
    TRY(set_parameters(request, json));
    TRY(spk_json_set_integer(ctx, json, "n_rows", request->n_rows));
    TRY(spk_json_set_integer(ctx, json, "n_units", spikes->n_units));
    TRY(spk_json_set_integer(ctx, json, "n_spikes", spikes->n_spikes));
    TRY(spk_json_set_number(ctx, json, "sampling_rate_hz", spikes->sampling_rate_hz));
    TRY(spk_json_set_integer(ctx, json, "start_sample", spikes->start_sample));
    TRY(spk_json_set_integer(ctx, json, "stop_sample", spikes->stop_sample));
    TRY(output_meta_inputs(ctx, json, request->session));
    TRY(spk_json_format(ctx, json, 0, &formatted));
    const size_t size = strlen(formatted) + 1;
    *text = malloc(size);
    if (*text == NULL)
        status = SPK_ERR_MEMORY;
    else
        memcpy(*text, formatted, size);
cleanup:
    spk_json_destroy(json);
    return status;
}
