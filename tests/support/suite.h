/* SPDX-License-Identifier: BSD-3-Clause */
/* What every unit test needs: a CUnit main from a list of tests, and a loop that fails each
 * allocation in turn. */
#ifndef SPIKEKIT_TESTS_SUITE_H
#define SPIKEKIT_TESTS_SUITE_H

#include "base/memory.h"

#include <CUnit/Basic.h>
#include <spikekit/context.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

typedef struct suite_test {
    const char *name;
    void (*run)(void);
} suite_test;

/* Runs all tests of one file; the exit status of main. */
static inline int suite_run(const char *suite, const suite_test *tests, int n_tests)
{
    if (CU_initialize_registry() != CUE_SUCCESS)
        return 1;
    CU_pSuite s = CU_add_suite(suite, NULL, NULL);
    for (int i = 0; i < n_tests; i++)
        if (s == NULL || CU_add_test(s, tests[i].name, tests[i].run) == NULL)
            return 1;
    CU_basic_set_mode(CU_BRM_NORMAL);
    CU_basic_run_tests();
    unsigned failed = CU_get_number_of_failures();
    unsigned run = CU_get_number_of_tests_run();
    CU_cleanup_registry();
    return failed == 0 && run == (unsigned)n_tests ? 0 : 1;
}

#define SUITE_MAIN(suite, tests)                                                         \
    int main(void)                                                                       \
    {                                                                                    \
        return suite_run(suite, tests, (int)(sizeof(tests) / sizeof(tests)[0]));         \
    }

/* Fails the first, second, ... allocation of `call` until it succeeds. Every failure must
 * give SPK_ERR_MEMORY, a message, and no bytes left in use. Returns how many failed. */
static inline int64_t suite_fail_allocations(spk_status (*call)(spk_context *, void *),
                                             void *argument)
{
    for (int64_t n = 1;; n++) {
        spk_context *ctx = NULL;
        CU_ASSERT_FATAL(spk_context_create(&ctx) == SPK_OK);
        spk__memory_fail_at(ctx, n);
        spk_status status = call(ctx, argument);
        int64_t requests = spk__memory_requests(ctx);
        CU_ASSERT_EQUAL(spk__memory_in_use(ctx), 0);
        if (requests >= n) {
            CU_ASSERT_EQUAL(status, SPK_ERR_MEMORY);
            CU_ASSERT(strlen(spk_context_message(ctx)) > 0);
        } else {
            CU_ASSERT_EQUAL(status, SPK_OK);
        }
        spk_context_destroy(ctx);
        if (requests < n || n > 10000)
            return n - 1;
    }
}

#endif
