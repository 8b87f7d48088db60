/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SPIKEKIT_CONTEXT_H
#define SPIKEKIT_CONTEXT_H

#include <spikekit/status.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * A context carries what a call needs besides its data: the number of threads, the
 * message of the last error, and the callbacks that let a caller watch and stop long work.
 *
 * One thread uses a context at a time; many contexts may live at once and share nothing.
 * Every function also takes NULL in its place: one thread, no message, no callbacks.
 */
typedef struct spk_context spk_context;

typedef enum spk_log_level {
    SPK_LOG_INFO = 0,
    SPK_LOG_WARNING = 1
} spk_log_level;

/** Receives one line without a line break. Called from the thread that made the call. */
typedef void (*spk_log_callback)(void *user, spk_log_level level, const char *message);

/** Receives the share of the work done, 0 to 1, never falling within one activity.
 *  Called from the thread that made the call. */
typedef void (*spk_progress_callback)(void *user, const char *activity, double fraction);

/** Returns nonzero to stop; the call then returns SPK_ERR_CANCELLED. Asked from the thread
 *  that made the call, between pieces of work of some tens of milliseconds. */
typedef int32_t (*spk_cancel_callback)(void *user);

/**
 * Creates a context that uses one thread and has no callbacks.
 * @return SPK_OK; SPK_ERR_ARGUMENT (NULL); SPK_ERR_MEMORY
 */
SPK_API SPK_MUST_CHECK spk_status spk_context_create(spk_context **context);

/** Frees a context. NULL is fine. */
SPK_API void spk_context_destroy(spk_context *ctx);

/**
 * Sets how many threads a call may use. Results never depend on it.
 * @param[in] n_threads  >= 1, or 0 for as many as the machine has processors
 * @return SPK_OK; SPK_ERR_ARGUMENT (NULL, negative, above 4096)
 */
SPK_API SPK_MUST_CHECK spk_status spk_context_set_threads(spk_context *ctx,
                                                          int32_t n_threads);

/** The number of threads a call may use, at least 1. */
SPK_API int32_t spk_context_threads(const spk_context *ctx);

/** Sets the log callback; NULL for none. */
SPK_API void spk_context_set_log(spk_context *ctx, spk_log_callback log, void *user);

/** Sets the progress callback; NULL for none. */
SPK_API void spk_context_set_progress(spk_context *ctx, spk_progress_callback progress,
                                      void *user);

/** Sets the cancel callback; NULL for none. */
SPK_API void spk_context_set_cancel(spk_context *ctx, spk_cancel_callback cancel,
                                    void *user);

/** The one-line message of the last failed call, "" before any; valid until the next call
 *  with this context. Never NULL. */
SPK_API const char *spk_context_message(const spk_context *ctx);

#ifdef __cplusplus
}
#endif
#endif
