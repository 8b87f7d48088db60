/* SPDX-License-Identifier: BSD-3-Clause */
/* What the numbers were made from and how. Nothing here depends on the shard, the threads, the
 * output or the machine, so that equal work gives equal bytes and shards can be compared. */
#include "correlogram_request.h"
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

static spk_status set_base_name(const correlogram_request *request, spk_json *json,
                                const char *path)
{
    char name[1024];
    const char *slash = strrchr(path, '/');
    command_copy_utf8(slash != NULL ? slash + 1 : path, name, sizeof name);
    return spk_json_set_text(request->ctx, json, "file", name);
}

/* FNV-1a of the epochs' samples: two shards with other epochs must not be joined. */
static uint64_t digest_epochs(const spk_epochs *epochs)
{
    uint64_t digest = 0xcbf29ce484222325u;
    for (int64_t i = 0; i < 2 * epochs->n_epochs; i++) {
        uint64_t value =
            (uint64_t)(i < epochs->n_epochs ? epochs->starts[i]
                                            : epochs->stops[i - epochs->n_epochs]);
        for (int byte = 0; byte < 8; byte++, value >>= 8)
            digest = (digest ^ (value & 0xffu)) * 0x100000001b3u;
    }
    return digest;
}

static spk_status set_epochs(const correlogram_request *request, spk_json *json)
{
    spk_json *part = NULL;
    char digest[20];
    spk_status status = SPK_OK;
    const spk_epochs *epochs = request->options.epochs;
    snprintf(digest, sizeof digest, "%016llx", (unsigned long long)digest_epochs(epochs));
    TRY(spk_json_create(request->ctx, &part));
    TRY(set_base_name(request, part, request->arguments->epochs));
    TRY(spk_json_set_integer(request->ctx, part, "n", epochs->n_epochs));
    TRY(spk_json_set_integer(request->ctx, part, "duration_samples",
                             spk_epochs_duration(epochs)));
    TRY(spk_json_set_text(request->ctx, part, "digest", digest));
    TRY(spk_json_set_object(request->ctx, json, "epochs", part));
cleanup:
    spk_json_destroy(part);
    return status;
}

static spk_status set_inputs(const correlogram_request *request, spk_json *json)
{
    spk_json *part = NULL;
    char digest[33];
    spk_status status = SPK_OK;
    for (int64_t i = 0; i < spk_session_n_inputs(request->session); i++) {
        TRY(spk_json_create(request->ctx, &part));
        TRY(set_base_name(request, part, spk_session_input_path(request->session, i)));
        TRY(spk_session_input_digest(request->ctx, request->session, i, digest));
        TRY(spk_json_set_text(request->ctx, part, "xxh128", digest));
        TRY(spk_json_append_object(request->ctx, json, "inputs", part));
        spk_json_destroy(part);
        part = NULL;
    }
cleanup:
    spk_json_destroy(part);
    return status;
}

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
        TRY(set_epochs(request, json));
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
    TRY(set_inputs(request, json));
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
