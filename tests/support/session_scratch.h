/* SPDX-License-Identifier: BSD-3-Clause */
/* A temporary folder of .npy files, its session's log and its errors, for tests of sessions. */
#ifndef SPIKEKIT_TESTS_SESSION_SCRATCH_H
#define SPIKEKIT_TESTS_SESSION_SCRATCH_H

#include "files/array_convert.h"
#include "scratch.h"
#include "suite.h"

#include <spikekit/session.h>

static spk_context *ctx;
static scratch folder;
static char last_log[1024];
static int n_logged[2];

static inline void note_log(void *user, spk_log_level level, const char *message)
{
    (void)user;
    n_logged[level]++;
    snprintf(last_log, sizeof last_log, "%s", message);
}

static inline void fails(spk_status found, spk_status wanted, const char *words)
{
    CU_ASSERT_EQUAL(found, wanted);
    if (strstr(spk_context_message(ctx), words) == NULL) {
        printf("expected '%s' in '%s'\n", words, spk_context_message(ctx));
        CU_FAIL("message");
    }
}

static inline void save(const char *name, int32_t dtype, int64_t n_rows,
                        int64_t n_columns, const void *data)
{
    const int64_t shape[] = {n_rows, n_columns};
    spk_array a;
    CU_ASSERT_FATAL(
        spk__array_describe(ctx, dtype, 0, n_columns == 0 ? 1 : 2, shape, &a) == SPK_OK);
    a.data = data;
    CU_ASSERT_FATAL(spk_npy_write(ctx, scratch_path(&folder, name), &a) == SPK_OK);
}

static inline int session_suite_run(const char *name, const suite_test *tests,
                                    int n_tests)
{
    if (spk_context_create(&ctx) != SPK_OK || !scratch_open(&folder))
        return 1;
    spk_context_set_log(ctx, note_log, NULL);
    int result = suite_run(name, tests, n_tests);
    scratch_close(&folder);
    spk_context_destroy(ctx);
    return result;
}

#endif
