/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SPIKEKIT_BASE_CONTEXT_STATE_H
#define SPIKEKIT_BASE_CONTEXT_STATE_H

#include <pthread.h>
#include <spikekit/context.h>
#include <stdatomic.h>

/** Bytes and requests of one context. It outlives the context while blocks are in use, so
 *  that an object may be destroyed after the context it was created with. */
typedef struct spk__memory_ledger {
    _Atomic int64_t references; /**< the context itself and each block in use */
    _Atomic int64_t requests;
    _Atomic int64_t fail_at; /**< request number that fails; 0: none */
    _Atomic int64_t in_use;
    _Atomic int64_t peak;
} spk__memory_ledger;

enum {
    SPK__MESSAGE_SIZE = 1024
};

/** While a loop runs on several threads, each worker's failure message is kept apart: the
 *  one reported belongs to the failure reported. */
typedef struct spk__worker_message {
    pthread_t thread;
    int32_t running; /**< nonzero once `thread` is set */
    char text[SPK__MESSAGE_SIZE];
} spk__worker_message;

/** What is behind the opaque spk_context; only lib/base looks inside. */
struct spk_context {
    int32_t n_threads;
    pthread_mutex_t
        message_lock; /**< workers may fail at the same time; guards the next 3 */
    char message[SPK__MESSAGE_SIZE];
    spk__worker_message *workers; /**< NULL outside parallel loops */
    int32_t n_workers;
    _Atomic int32_t in_loop; /**< nonzero: a loop inside it runs serially and silently */
    spk_log_callback log;
    void *log_user;
    spk_progress_callback progress;
    void *progress_user;
    spk_cancel_callback cancel;
    void *cancel_user;
    spk__memory_ledger *memory;
};

#endif
