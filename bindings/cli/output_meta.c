/* SPDX-License-Identifier: BSD-3-Clause */
#include "output_meta.h"
#include "command.h"

#include <stdio.h>
#include <string.h>

#define TRY(call)                                                                        \
    do {                                                                                 \
        if ((status = (call)) != SPK_OK)                                                 \
            goto cleanup;                                                                \
    } while (0)

static spk_status set_base_name(spk_context *ctx, spk_json *json, const char *path)
{
    char name[1024];
    const char *slash = strrchr(path, '/');
    command_copy_utf8(slash != NULL ? slash + 1 : path, name, sizeof name);
    return spk_json_set_text(ctx, json, "file", name);
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

spk_status output_meta_epochs(spk_context *ctx, spk_json *json, const char *path,
                              const spk_epochs *epochs)
{
    spk_json *part = NULL;
    char digest[20];
    spk_status status = SPK_OK;
    snprintf(digest, sizeof digest, "%016llx", (unsigned long long)digest_epochs(epochs));
    TRY(spk_json_create(ctx, &part));
    TRY(set_base_name(ctx, part, path));
    TRY(spk_json_set_integer(ctx, part, "n", epochs->n_epochs));
    TRY(spk_json_set_integer(ctx, part, "duration_samples", spk_epochs_duration(epochs)));
    TRY(spk_json_set_text(ctx, part, "digest", digest));
    TRY(spk_json_set_object(ctx, json, "epochs", part));
cleanup:
    spk_json_destroy(part);
    return status;
}

spk_status output_meta_inputs(spk_context *ctx, spk_json *json,
                              const spk_session *session)
{
    spk_json *part = NULL;
    char digest[33];
    spk_status status = SPK_OK;
    for (int64_t i = 0; i < spk_session_n_inputs(session); i++) {
        TRY(spk_json_create(ctx, &part));
        TRY(set_base_name(ctx, part, spk_session_input_path(session, i)));
        TRY(spk_session_input_digest(ctx, session, i, digest));
        TRY(spk_json_set_text(ctx, part, "xxh128", digest));
        TRY(spk_json_append_object(ctx, json, "inputs", part));
        spk_json_destroy(part);
        part = NULL;
    }
cleanup:
    spk_json_destroy(part);
    return status;
}
