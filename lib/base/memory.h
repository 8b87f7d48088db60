/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SPIKEKIT_BASE_MEMORY_H
#define SPIKEKIT_BASE_MEMORY_H

#include <spikekit/context.h>
#include <stddef.h>
#include <stdint.h>

/*
 * All memory of the library passes here: 64-byte aligned, count * size checked for overflow,
 * counted, and failable on demand so that tests reach every error path. A context's blocks
 * may be freed with another context or NULL; the count belongs to the one that allocated.
 * Safe from any worker thread. Large blocks ask for huge pages.
 */

/** Uninitialised memory for count elements of size bytes; NULL on overflow or failure. Zero
 *  elements give a valid pointer. Negative counts fail. */
void *spk__alloc(spk_context *ctx, int64_t count, size_t size);

/** As spk__alloc(), all bytes 0. */
void *spk__alloc_zero(spk_context *ctx, int64_t count, size_t size);

/** Resizes a block (NULL: allocates), keeping what fits; on failure the old block stays. */
void *spk__realloc(spk_context *ctx, void *block, int64_t count, size_t size);

/** Frees a block. NULL is fine. */
void spk__free(void *block);

/** A copy of a string, or NULL. */
char *spk__strdup(spk_context *ctx, const char *text);

/** For tests: the n-th allocation from now on fails (1: the next); 0: none. */
void spk__memory_fail_at(spk_context *ctx, int64_t n);

/** For tests: allocations asked for since creation. */
int64_t spk__memory_requests(const spk_context *ctx);

/** For tests: bytes in use now, and the most there were since the last reset. */
int64_t spk__memory_in_use(const spk_context *ctx);
int64_t spk__memory_peak(const spk_context *ctx);
void spk__memory_reset_peak(spk_context *ctx);

#endif
