/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Each block carries a header of one cache line with its size and the ledger of the context
 * that asked for it, so that freeing needs no context and the ledger lives as long as any of
 * its blocks.
 */
#define _DEFAULT_SOURCE /* madvise */
#include "base/memory.h"

#include "base/context_state.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum {
    ALIGNMENT = 64,
    HUGE_PAGE = 2 << 20
};

typedef struct block_header {
    int64_t n_bytes;
    spk__memory_ledger *ledger;
} block_header;

static block_header *header_of(void *block)
{
    return (block_header *)(void *)((char *)block - ALIGNMENT);
}

static int request_fails(spk__memory_ledger *ledger)
{
    if (ledger == NULL)
        return 0;
    int64_t request = atomic_fetch_add(&ledger->requests, 1) + 1;
    return request == atomic_load(&ledger->fail_at);
}

static void note_bytes(spk__memory_ledger *ledger, int64_t change)
{
    int64_t now = atomic_fetch_add(&ledger->in_use, change) + change;
    int64_t peak = atomic_load(&ledger->peak);
    while (now > peak && !atomic_compare_exchange_weak(&ledger->peak, &peak, now)) {
    }
}

void *spk__alloc(spk_context *ctx, int64_t count, size_t size)
{
    size_t n_bytes;
    spk__memory_ledger *ledger = ctx == NULL ? NULL : ctx->memory;
    if (count < 0 || __builtin_mul_overflow((size_t)count, size, &n_bytes) ||
        n_bytes > PTRDIFF_MAX - 2 * (size_t)HUGE_PAGE || request_fails(ledger))
        return NULL;
    size_t total = (n_bytes + 2 * ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    size_t alignment = ALIGNMENT;
    if (n_bytes >= 2 * (size_t)HUGE_PAGE) {
        alignment = HUGE_PAGE;
        total = (total + HUGE_PAGE - 1) / HUGE_PAGE * HUGE_PAGE;
    }
    char *base = aligned_alloc(alignment, total);
    if (base == NULL)
        return NULL;
#ifdef MADV_HUGEPAGE
    if (alignment == HUGE_PAGE)
        (void)madvise(base, total, MADV_HUGEPAGE);
#endif
    block_header *header = (block_header *)(void *)base;
    header->n_bytes = (int64_t)n_bytes;
    header->ledger = ledger;
    if (ledger != NULL) {
        atomic_fetch_add(&ledger->references, 1);
        note_bytes(ledger, (int64_t)n_bytes);
    }
    return base + ALIGNMENT;
}

void *spk__alloc_zero(spk_context *ctx, int64_t count, size_t size)
{
    void *block = spk__alloc(ctx, count, size);
    if (block != NULL)
        memset(block, 0, (size_t)header_of(block)->n_bytes);
    return block;
}

void *spk__realloc(spk_context *ctx, void *block, int64_t count, size_t size)
{
    void *larger = spk__alloc(ctx, count, size);
    if (larger == NULL || block == NULL)
        return larger;
    int64_t kept = header_of(block)->n_bytes;
    if (header_of(larger)->n_bytes < kept)
        kept = header_of(larger)->n_bytes;
    memcpy(larger, block, (size_t)kept);
    spk__free(block);
    return larger;
}

void spk__free(void *block)
{
    if (block == NULL)
        return;
    block_header *header = header_of(block);
    spk__memory_ledger *ledger = header->ledger;
    if (ledger != NULL) {
        note_bytes(ledger, -header->n_bytes);
        if (atomic_fetch_sub(&ledger->references, 1) == 1)
            free(ledger);
    }
    free(header);
}

char *spk__strdup(spk_context *ctx, const char *text)
{
    size_t n = strlen(text) + 1;
    char *copy = spk__alloc(ctx, (int64_t)n, 1);
    if (copy != NULL)
        memcpy(copy, text, n);
    return copy;
}

void spk__memory_fail_at(spk_context *ctx, int64_t n)
{
    atomic_store(&ctx->memory->fail_at,
                 n == 0 ? 0 : atomic_load(&ctx->memory->requests) + n);
}

int64_t spk__memory_requests(const spk_context *ctx)
{
    return atomic_load(&ctx->memory->requests);
}

int64_t spk__memory_in_use(const spk_context *ctx)
{
    return atomic_load(&ctx->memory->in_use);
}

int64_t spk__memory_peak(const spk_context *ctx)
{
    return atomic_load(&ctx->memory->peak);
}

void spk__memory_reset_peak(spk_context *ctx)
{
    atomic_store(&ctx->memory->peak, atomic_load(&ctx->memory->in_use));
}
