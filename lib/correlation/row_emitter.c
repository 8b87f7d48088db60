/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Rows are handed out in order, so whoever holds the lowest unfinished one is never waiting:
 * `begin` blocks only for rows further ahead than there are slots.
 */
#include "base/check.h"
#include "base/memory.h"
#include "base/parallel.h"
#include "correlation/correlogram_rows.h"

#include <string.h>

enum {
    RING_BYTES = 32 << 20
};

spk_status spk__row_emitter_create(spk_context *ctx, spk__row_emitter *emitter,
                                   int64_t first, int64_t n_rows, int64_t row_length,
                                   spk_correlogram_row_callback callback, void *user)
{
    int64_t n_slots = RING_BYTES / ((row_length + 1) * (int64_t)sizeof(int64_t));
    int64_t n_workers = spk__parallel_workers(ctx, n_rows);
    if (n_slots > 4 * n_workers)
        n_slots = 4 * n_workers;
    if (n_slots < n_workers)
        n_slots = n_workers;
    memset(emitter, 0, sizeof *emitter);
    emitter->callback = callback;
    emitter->user = user;
    emitter->n_slots = n_slots;
    emitter->row_length = row_length;
    emitter->next = first;
    int64_t n_elements;
    if (!__builtin_mul_overflow(n_slots, row_length, &n_elements))
        emitter->rows = spk__alloc(ctx, n_elements, sizeof *emitter->rows);
    emitter->ready = spk__alloc_zero(ctx, n_slots, 1);
    int has_lock = pthread_mutex_init(&emitter->lock, NULL) == 0;
    int has_condition = pthread_cond_init(&emitter->moved, NULL) == 0;
    if (emitter->rows != NULL && emitter->ready != NULL && has_lock && has_condition)
        return SPK_OK;
    if (has_condition)
        pthread_cond_destroy(&emitter->moved);
    if (has_lock)
        pthread_mutex_destroy(&emitter->lock);
    spk__free(emitter->rows);
    spk__free(emitter->ready);
    emitter->rows = NULL; /* nothing left for destroy */
    return spk__fail_memory(ctx);
}

static int64_t *slot_of(spk__row_emitter *emitter, int64_t row)
{
    return emitter->rows + row % emitter->n_slots * emitter->row_length;
}

int64_t *spk__row_emitter_begin(spk__row_emitter *emitter, int64_t row)
{
    pthread_mutex_lock(&emitter->lock);
    while (emitter->status == SPK_OK && row >= emitter->next + emitter->n_slots)
        pthread_cond_wait(&emitter->moved, &emitter->lock);
    int is_open = emitter->status == SPK_OK;
    pthread_mutex_unlock(&emitter->lock);
    return is_open ? slot_of(emitter, row) : NULL;
}

spk_status spk__row_emitter_finish(spk__row_emitter *emitter, int64_t row)
{
    pthread_mutex_lock(&emitter->lock);
    emitter->ready[row % emitter->n_slots] = 1;
    while (!emitter->is_emitting && emitter->status == SPK_OK &&
           emitter->ready[emitter->next % emitter->n_slots]) {
        int64_t next = emitter->next;
        emitter->is_emitting = 1;
        pthread_mutex_unlock(&emitter->lock);
        spk_status status =
            emitter->callback(emitter->user, next, slot_of(emitter, next));
        pthread_mutex_lock(&emitter->lock);
        emitter->is_emitting = 0;
        emitter->ready[next % emitter->n_slots] = 0;
        emitter->next = next + 1;
        if (status != SPK_OK)
            emitter->status = status;
        pthread_cond_broadcast(&emitter->moved);
    }
    spk_status status = emitter->status;
    pthread_mutex_unlock(&emitter->lock);
    return status;
}

spk_status spk__row_emitter_stop(spk__row_emitter *emitter, spk_status status)
{
    pthread_mutex_lock(&emitter->lock);
    if (emitter->status == SPK_OK)
        emitter->status = status;
    pthread_cond_broadcast(&emitter->moved);
    pthread_mutex_unlock(&emitter->lock);
    return status;
}

void spk__row_emitter_destroy(spk__row_emitter *emitter)
{
    if (emitter->rows == NULL)
        return;
    pthread_cond_destroy(&emitter->moved);
    pthread_mutex_destroy(&emitter->lock);
    spk__free(emitter->rows);
    spk__free(emitter->ready);
    emitter->rows = NULL;
}
