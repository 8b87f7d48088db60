/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/check.h"
#include "base/context_state.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

spk_status spk_context_create(spk_context **context)
{
    if (context == NULL)
        return SPK_ERR_ARGUMENT;
    *context = NULL;
    spk_context *ctx = calloc(1, sizeof *ctx);
    spk__memory_ledger *memory = calloc(1, sizeof *memory);
    if (ctx == NULL || memory == NULL ||
        pthread_mutex_init(&ctx->message_lock, NULL) != 0) {
        free(memory);
        free(ctx);
        return SPK_ERR_MEMORY;
    }
    memory->references = 1;
    ctx->memory = memory;
    ctx->n_threads = 1;
    *context = ctx;
    return SPK_OK;
}

void spk_context_destroy(spk_context *ctx)
{
    if (ctx == NULL)
        return;
    if (atomic_fetch_sub(&ctx->memory->references, 1) == 1)
        free(ctx->memory);
    pthread_mutex_destroy(&ctx->message_lock);
    free(ctx);
}

spk_status spk_context_set_threads(spk_context *ctx, int32_t n_threads)
{
    if (ctx == NULL)
        return SPK_ERR_ARGUMENT;
    SPK_REQUIRE(ctx, n_threads >= 0 && n_threads <= 4096, SPK_ERR_ARGUMENT,
                "n_threads must be in 0 .. 4096, got %d", (int)n_threads);
    if (n_threads == 0) {
        long n = sysconf(_SC_NPROCESSORS_ONLN);
        n_threads = n < 1 ? 1 : n > 4096 ? 4096 : (int32_t)n;
    }
    ctx->n_threads = n_threads;
    return SPK_OK;
}

int32_t spk_context_threads(const spk_context *ctx)
{
    return ctx == NULL ? 1 : ctx->n_threads;
}

void spk_context_set_log(spk_context *ctx, spk_log_callback log, void *user)
{
    if (ctx != NULL) {
        ctx->log = log;
        ctx->log_user = user;
    }
}

void spk_context_set_progress(spk_context *ctx, spk_progress_callback progress,
                              void *user)
{
    if (ctx != NULL) {
        ctx->progress = progress;
        ctx->progress_user = user;
    }
}

void spk_context_set_cancel(spk_context *ctx, spk_cancel_callback cancel, void *user)
{
    if (ctx != NULL) {
        ctx->cancel = cancel;
        ctx->cancel_user = user;
    }
}

const char *spk_context_message(const spk_context *ctx)
{
    return ctx == NULL ? "" : ctx->message;
}

/* A path or a file's own text may hold anything; a message stays one printable line. */
static void write_line(char *line, size_t size, const char *format, va_list arguments)
{
    vsnprintf(line, size, format, arguments);
    for (char *c = line; *c != '\0'; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            *c = '?';
}

/* Where the calling thread's message goes; with the lock held. */
static char *message_of_this_thread(spk_context *ctx)
{
    for (int32_t w = 0; w < ctx->n_workers; w++)
        if (ctx->workers[w].running &&
            pthread_equal(ctx->workers[w].thread, pthread_self()))
            return ctx->workers[w].text;
    return ctx->message;
}

spk_status spk__fail(spk_context *ctx, spk_status status, const char *format, ...)
{
    if (ctx == NULL)
        return status;
    va_list arguments;
    va_start(arguments, format);
    pthread_mutex_lock(&ctx->message_lock);
    write_line(message_of_this_thread(ctx), SPK__MESSAGE_SIZE, format, arguments);
    pthread_mutex_unlock(&ctx->message_lock);
    va_end(arguments);
    return status;
}

spk_status spk__fail_memory(spk_context *ctx)
{
    return spk__fail(ctx, SPK_ERR_MEMORY, "out of memory");
}

void spk__log(spk_context *ctx, spk_log_level level, const char *format, ...)
{
    if (ctx == NULL || ctx->log == NULL)
        return;
    char line[SPK__MESSAGE_SIZE];
    va_list arguments;
    va_start(arguments, format);
    write_line(line, sizeof line, format, arguments);
    va_end(arguments);
    ctx->log(ctx->log_user, level, line);
}
