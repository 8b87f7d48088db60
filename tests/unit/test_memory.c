/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/check.h"
#include "suite.h"

#include <stdint.h>
#include <stdlib.h>

static spk_context *new_context(void)
{
    spk_context *ctx = NULL;
    CU_ASSERT_EQUAL_FATAL(spk_context_create(&ctx), SPK_OK);
    return ctx;
}

/* Sizes about the header, a cache line and the huge-page limit of 4 MiB. */
static void blocks_are_aligned_counted_and_whole(void)
{
    static const int64_t sizes[] = {0,    1,    7,       63,      64,      65,
                                    4095, 4097, 4194303, 4194304, 4194305, 6291456 - 64};
    spk_context *ctx = new_context();
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        unsigned char *block = spk__alloc(ctx, sizes[i], 1);
        CU_ASSERT_PTR_NOT_NULL_FATAL(block);
        CU_ASSERT_EQUAL((uintptr_t)block % 64, 0);
        CU_ASSERT_EQUAL(spk__memory_in_use(ctx), sizes[i]);
        memset(block, 0xa5, (size_t)sizes[i]); /* a sanitizer sees a byte too many */
        spk__free(block);
        CU_ASSERT_EQUAL(spk__memory_in_use(ctx), 0);
    }
    CU_ASSERT_EQUAL(spk__memory_requests(ctx), (int64_t)(sizeof sizes / sizeof sizes[0]));
    CU_ASSERT_EQUAL(spk__memory_peak(ctx), 6291456 - 64);
    spk_context_destroy(ctx);
    spk__free(NULL);
}

static void zeroed_blocks_hold_zeros(void)
{
    for (int64_t n = 1; n < 5000000; n = n * 7 + 3) {
        unsigned char *block = spk__alloc_zero(NULL, n, 1);
        CU_ASSERT_PTR_NOT_NULL_FATAL(block);
        int64_t others = 0;
        for (int64_t i = 0; i < n; i++)
            others += block[i] != 0;
        CU_ASSERT_EQUAL(others, 0);
        memset(block, 0xff, (size_t)n); /* dirties what the next one may get */
        spk__free(block);
    }
}

static void impossible_sizes_fail(void)
{
    spk_context *ctx = new_context();
    CU_ASSERT_PTR_NULL(spk__alloc(ctx, -1, 8));
    CU_ASSERT_PTR_NULL(spk__alloc(ctx, INT64_MIN, 1));
    CU_ASSERT_PTR_NULL(spk__alloc(ctx, INT64_MAX, 8));
    CU_ASSERT_PTR_NULL(spk__alloc(ctx, INT64_MAX, 1));
    CU_ASSERT_PTR_NULL(
        spk__alloc(ctx, (int64_t)1 << 62, 4)); /* 2^64 bytes: 0 if wrapped */
    CU_ASSERT_PTR_NULL(spk__alloc(ctx, 2, SIZE_MAX));
    CU_ASSERT_PTR_NULL(spk__alloc_zero(ctx, INT64_MAX, 16));
    CU_ASSERT_EQUAL(spk__memory_in_use(ctx), 0);
    spk_context_destroy(ctx);
}

static void realloc_keeps_what_fits(void)
{
    spk_context *ctx = new_context();
    int32_t *block = spk__realloc(ctx, NULL, 4, sizeof *block);
    CU_ASSERT_PTR_NOT_NULL_FATAL(block);
    for (int i = 0; i < 4; i++)
        block[i] = i + 1;
    block = spk__realloc(ctx, block, 1000, sizeof *block);
    CU_ASSERT_PTR_NOT_NULL_FATAL(block);
    for (int i = 0; i < 4; i++)
        CU_ASSERT_EQUAL(block[i], i + 1);
    CU_ASSERT_EQUAL(spk__memory_in_use(ctx), 4000);
    block = spk__realloc(ctx, block, 2, sizeof *block);
    CU_ASSERT_PTR_NOT_NULL_FATAL(block);
    CU_ASSERT_EQUAL(block[0], 1);
    CU_ASSERT_EQUAL(block[1], 2);
    CU_ASSERT_EQUAL(spk__memory_in_use(ctx), 8);
    CU_ASSERT_PTR_NULL(spk__realloc(ctx, block, INT64_MAX, 8));
    spk__memory_fail_at(ctx, 1);
    CU_ASSERT_PTR_NULL(spk__realloc(ctx, block, 3, sizeof *block));
    CU_ASSERT_EQUAL(block[1], 2); /* the old block stays */
    spk__free(block);
    CU_ASSERT_EQUAL(spk__memory_in_use(ctx), 0);
    spk_context_destroy(ctx);
}

static void the_chosen_request_fails(void)
{
    spk_context *ctx = new_context();
    void *blocks[5];
    spk__memory_fail_at(ctx, 3);
    for (int i = 0; i < 5; i++) {
        blocks[i] = spk__alloc(ctx, 10, 1);
        CU_ASSERT_EQUAL(blocks[i] == NULL, i == 2);
    }
    spk__memory_fail_at(ctx, 1);
    CU_ASSERT_PTR_NULL(spk__strdup(ctx, "text"));
    spk__memory_fail_at(ctx, 1);
    spk__memory_fail_at(ctx, 0);
    char *copy = spk__strdup(ctx, "text");
    CU_ASSERT_STRING_EQUAL(copy, "text");
    CU_ASSERT_EQUAL(spk__memory_in_use(ctx), 45);
    spk__free(copy);
    for (int i = 0; i < 5; i++)
        spk__free(blocks[i]);
    CU_ASSERT_EQUAL(spk__memory_in_use(ctx), 0);
    CU_ASSERT_EQUAL(spk__memory_peak(ctx), 45);
    spk__memory_reset_peak(ctx);
    CU_ASSERT_EQUAL(spk__memory_peak(ctx), 0);
    spk_context_destroy(ctx);
}

/* The block of one context, freed after it; a sanitizer sees a ledger lost or used too
 * long. */
static void a_block_outlives_its_context(void)
{
    spk_context *ctx = new_context();
    char *a = spk__strdup(ctx, "a"), *b = spk__strdup(ctx, "b");
    spk_context_destroy(ctx);
    CU_ASSERT_STRING_EQUAL(a, "a");
    CU_ASSERT_STRING_EQUAL(b, "b");
    spk__free(a);
    spk__free(b);
}

static spk_status two_blocks(spk_context *ctx, void *unused)
{
    (void)unused;
    void *a = spk__alloc(ctx, 8, 8);
    void *b = a == NULL ? NULL : spk__alloc(ctx, 8, 8);
    spk_status status = b == NULL ? spk__fail_memory(ctx) : SPK_OK;
    spk__free(b);
    spk__free(a);
    return status;
}

static void the_loop_of_failures_counts_requests(void)
{
    CU_ASSERT_EQUAL(suite_fail_allocations(two_blocks, NULL), 2);
}

static const suite_test tests[] = {
    {"blocks are aligned, counted and whole", blocks_are_aligned_counted_and_whole},
    {"zeroed blocks hold zeros", zeroed_blocks_hold_zeros},
    {"impossible sizes fail", impossible_sizes_fail},
    {"realloc keeps what fits", realloc_keeps_what_fits},
    {"the chosen request fails", the_chosen_request_fails},
    {"a block outlives its context", a_block_outlives_its_context},
    {"the loop of failures counts requests", the_loop_of_failures_counts_requests},
};
SUITE_MAIN("memory", tests)
