/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SPIKEKIT_FILES_PARAMS_PY_H
#define SPIKEKIT_FILES_PARAMS_PY_H

#include <spikekit/context.h>
#include <stddef.h>
#include <stdint.h>

/*
 * params.py of phy is Python source. What is read of it are assignments that start a line,
 *     name = 30000.0      name = 'text'      name = ['text', r'C:\data\text']      name = True
 * with any prefix and quotes a Python string can have; the last assignment of a name counts.
 * Everything else is passed over. Nothing is ever executed.
 */
typedef struct spk__params_py spk__params_py;

/** A longer file is not a params.py. */
#define SPK__PARAMS_PY_LIMIT (1 << 20)

/** @return SPK_OK; SPK_ERR_FORMAT (a file above the limit); SPK_ERR_MEMORY */
spk_status spk__params_py_parse(spk_context *ctx, const char *name, const uint8_t *bytes,
                                size_t n_bytes, spk__params_py **params);
void spk__params_py_destroy(spk__params_py *params);

/** A number, finite; True is 1. @return SPK_OK; SPK_ERR_NOT_FOUND (no such name);
 *  SPK_ERR_FORMAT (something else is assigned to it) */
spk_status spk__params_py_number(spk_context *ctx, const spk__params_py *params,
                                 const char *key, double *value);

/** The texts of a string (one) or a list or tuple of strings (any number). The text is that
 *  of the file, escapes resolved, and valid UTF-8. @return as spk__params_py_number() */
spk_status spk__params_py_texts(spk_context *ctx, const spk__params_py *params,
                                const char *key, int64_t *n, const char *const **texts);

#endif
