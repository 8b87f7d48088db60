/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SPIKEKIT_JSON_H
#define SPIKEKIT_JSON_H

#include <spikekit/context.h>
#include <spikekit/status.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A JSON object being built: parameters, digests, known truth. Keys keep their order. */
typedef struct spk_json spk_json;

/** An empty object. @return SPK_OK; SPK_ERR_ARGUMENT; SPK_ERR_MEMORY */
SPK_API SPK_MUST_CHECK spk_status spk_json_create(spk_context *ctx, spk_json **json);
/** Frees. NULL is fine. */
SPK_API void spk_json_destroy(spk_json *json);

/* Each sets one key. @return SPK_OK; SPK_ERR_ARGUMENT (not UTF-8); SPK_ERR_MEMORY.
 * A number that is not finite becomes null. */
SPK_API SPK_MUST_CHECK spk_status spk_json_set_text(spk_context *ctx, spk_json *json,
                                                    const char *key, const char *value);
SPK_API SPK_MUST_CHECK spk_status spk_json_set_integer(spk_context *ctx, spk_json *json,
                                                       const char *key, int64_t value);
/** true or false. */
SPK_API SPK_MUST_CHECK spk_status spk_json_set_flag(spk_context *ctx, spk_json *json,
                                                    const char *key, int32_t value);
SPK_API SPK_MUST_CHECK spk_status spk_json_set_number(spk_context *ctx, spk_json *json,
                                                      const char *key, double value);
SPK_API SPK_MUST_CHECK spk_status spk_json_set_numbers(spk_context *ctx, spk_json *json,
                                                       const char *key, int64_t n,
                                                       const double *values);
SPK_API SPK_MUST_CHECK spk_status spk_json_set_integers(spk_context *ctx, spk_json *json,
                                                        const char *key, int64_t n,
                                                        const int64_t *values);
SPK_API SPK_MUST_CHECK spk_status spk_json_set_texts(spk_context *ctx, spk_json *json,
                                                     const char *key, int64_t n,
                                                     const char *const *values);
/** Sets key to a copy of another object. */
SPK_API SPK_MUST_CHECK spk_status spk_json_set_object(spk_context *ctx, spk_json *json,
                                                      const char *key,
                                                      const spk_json *value);
/** Appends a copy of an object to the array at key, made if absent. */
SPK_API SPK_MUST_CHECK spk_status spk_json_append_object(spk_context *ctx, spk_json *json,
                                                         const char *key,
                                                         const spk_json *value);

/** The text, valid until the next call with this object; indented if `indent` > 0 (at most 31).
 *  Numbers have 17 digits and read back as themselves, whatever the locale.
 *  @return SPK_OK; SPK_ERR_ARGUMENT; SPK_ERR_MEMORY */
SPK_API SPK_MUST_CHECK spk_status spk_json_format(spk_context *ctx, spk_json *json,
                                                  int32_t indent, const char **text);
/** Writes the text, indented by 2, to a file, beside it first, then renamed.
 *  @return SPK_OK; SPK_ERR_ARGUMENT; SPK_ERR_NOT_FOUND (no such folder); SPK_ERR_IO;
 *          SPK_ERR_MEMORY */
SPK_API SPK_MUST_CHECK spk_status spk_json_write(spk_context *ctx, const char *path,
                                                 spk_json *json);

#ifdef __cplusplus
}
#endif
#endif
