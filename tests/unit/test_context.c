/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/check.h"
#include "base/parallel.h"
#include "suite.h"

static void starts_plain(void)
{
    spk_context *ctx = NULL;
    CU_ASSERT_EQUAL_FATAL(spk_context_create(&ctx), SPK_OK);
    CU_ASSERT_EQUAL(spk_context_threads(ctx), 1);
    CU_ASSERT_STRING_EQUAL(spk_context_message(ctx), "");
    CU_ASSERT_EQUAL(spk__poll(ctx, "work", 0.5), SPK_OK);
    spk__log(ctx, SPK_LOG_INFO, "nobody listens");
    spk_context_destroy(ctx);
    spk_context_destroy(NULL);
    CU_ASSERT_EQUAL(spk_context_create(NULL), SPK_ERR_ARGUMENT);
}

/* Every function takes NULL for a context. */
static void null_is_a_context(void)
{
    CU_ASSERT_EQUAL(spk_context_threads(NULL), 1);
    CU_ASSERT_STRING_EQUAL(spk_context_message(NULL), "");
    CU_ASSERT_EQUAL(spk_context_set_threads(NULL, 2), SPK_ERR_ARGUMENT);
    spk_context_set_log(NULL, NULL, NULL);
    spk_context_set_progress(NULL, NULL, NULL);
    spk_context_set_cancel(NULL, NULL, NULL);
    CU_ASSERT_EQUAL(spk__fail(NULL, SPK_ERR_IO, "lost"), SPK_ERR_IO);
    CU_ASSERT_EQUAL(spk__fail_memory(NULL), SPK_ERR_MEMORY);
    CU_ASSERT_EQUAL(spk__poll(NULL, "work", 0.5), SPK_OK);
    spk__log(NULL, SPK_LOG_INFO, "lost");
}

static void threads_are_checked(void)
{
    spk_context *ctx = NULL;
    CU_ASSERT_EQUAL_FATAL(spk_context_create(&ctx), SPK_OK);
    CU_ASSERT_EQUAL(spk_context_set_threads(ctx, 4096), SPK_OK);
    CU_ASSERT_EQUAL(spk_context_threads(ctx), 4096);
    CU_ASSERT_EQUAL(spk_context_set_threads(ctx, 3), SPK_OK);
    CU_ASSERT_EQUAL(spk_context_set_threads(ctx, -1), SPK_ERR_ARGUMENT);
    CU_ASSERT_STRING_EQUAL(spk_context_message(ctx),
                           "n_threads must be in 0 .. 4096, got -1");
    CU_ASSERT_EQUAL(spk_context_set_threads(ctx, 4097), SPK_ERR_ARGUMENT);
    CU_ASSERT_STRING_EQUAL(spk_context_message(ctx),
                           "n_threads must be in 0 .. 4096, got 4097");
    CU_ASSERT_EQUAL(spk_context_threads(ctx), 3); /* a bad value changes nothing */
    CU_ASSERT_EQUAL(spk_context_set_threads(ctx, 0), SPK_OK);
    CU_ASSERT(spk_context_threads(ctx) >= 1);
    spk_context_destroy(ctx);
}

static void a_message_is_one_line(void)
{
    spk_context *ctx = NULL;
    CU_ASSERT_EQUAL_FATAL(spk_context_create(&ctx), SPK_OK);
    CU_ASSERT_EQUAL(spk__fail(ctx, SPK_ERR_FORMAT, "a\nb\tc\r\x1b[1m\x7f %d \xc3\xa9", 7),
                    SPK_ERR_FORMAT);
    CU_ASSERT_STRING_EQUAL(spk_context_message(ctx), "a?b?c??[1m? 7 \xc3\xa9");
    char longer[5000];
    memset(longer, 'x', sizeof longer - 1);
    longer[sizeof longer - 1] = '\0';
    CU_ASSERT_EQUAL(spk__fail(ctx, SPK_ERR_IO, "%s", longer), SPK_ERR_IO);
    CU_ASSERT_EQUAL(strlen(spk_context_message(ctx)), 1023);
    CU_ASSERT_EQUAL(spk__fail_memory(ctx), SPK_ERR_MEMORY);
    CU_ASSERT_STRING_EQUAL(spk_context_message(ctx), "out of memory");
    spk_context_destroy(ctx);
}

typedef struct heard {
    int n;
    spk_log_level level;
    char text[1100];
    double fraction;
} heard;

static void hear_log(void *user, spk_log_level level, const char *message)
{
    heard *h = user;
    h->n++;
    h->level = level;
    snprintf(h->text, sizeof h->text, "%s", message);
}

static void hear_progress(void *user, const char *activity, double fraction)
{
    heard *h = user;
    h->n++;
    h->fraction = fraction;
    snprintf(h->text, sizeof h->text, "%s", activity);
}

static int32_t always_stop(void *user)
{
    ++*(int *)user;
    return 1;
}

static void callbacks_are_called(void)
{
    spk_context *ctx = NULL;
    CU_ASSERT_EQUAL_FATAL(spk_context_create(&ctx), SPK_OK);
    heard log = {0}, progress = {0};
    int asked = 0;
    spk_context_set_log(ctx, hear_log, &log);
    spk_context_set_progress(ctx, hear_progress, &progress);

    spk__log(ctx, SPK_LOG_WARNING, "odd\nvalue %d", 3);
    CU_ASSERT_EQUAL(log.n, 1);
    CU_ASSERT_EQUAL(log.level, SPK_LOG_WARNING);
    CU_ASSERT_STRING_EQUAL(log.text, "odd?value 3");
    CU_ASSERT_EQUAL(spk__poll(ctx, "counting", 0.25), SPK_OK);
    CU_ASSERT_STRING_EQUAL(progress.text, "counting");
    CU_ASSERT_EQUAL(progress.fraction, 0.25);
    CU_ASSERT_EQUAL(spk__poll(ctx, NULL, 0.5), SPK_OK); /* silent work */
    CU_ASSERT_EQUAL(progress.n, 1);

    spk_context_set_cancel(ctx, always_stop, &asked);
    CU_ASSERT_EQUAL(spk__poll(ctx, NULL, 0.5), SPK_ERR_CANCELLED);
    CU_ASSERT_EQUAL(asked, 1);
    CU_ASSERT_STRING_EQUAL(spk_context_message(ctx), "stopped by the cancel callback");

    spk_context_set_log(ctx, NULL, NULL);
    spk_context_set_progress(ctx, NULL, NULL);
    spk_context_set_cancel(ctx, NULL, NULL);
    spk__log(ctx, SPK_LOG_INFO, "silence");
    CU_ASSERT_EQUAL(spk__poll(ctx, "counting", 0.75), SPK_OK);
    CU_ASSERT_EQUAL(log.n, 1);
    CU_ASSERT_EQUAL(progress.n, 1);
    spk_context_destroy(ctx);
}

static void contexts_share_nothing(void)
{
    spk_context *a = NULL, *b = NULL;
    CU_ASSERT_EQUAL_FATAL(spk_context_create(&a), SPK_OK);
    CU_ASSERT_EQUAL_FATAL(spk_context_create(&b), SPK_OK);
    (void)spk__fail(a, SPK_ERR_IO, "of a");
    CU_ASSERT_STRING_EQUAL(spk_context_message(b), "");
    CU_ASSERT_EQUAL(spk_context_set_threads(a, 8), SPK_OK);
    CU_ASSERT_EQUAL(spk_context_threads(b), 1);
    spk_context_destroy(a);
    spk_context_destroy(b);
}

static const suite_test tests[] = {
    {"starts plain", starts_plain},
    {"NULL is a context", null_is_a_context},
    {"threads are checked", threads_are_checked},
    {"a message is one line", a_message_is_one_line},
    {"callbacks are called", callbacks_are_called},
    {"contexts share nothing", contexts_share_nothing},
};
SUITE_MAIN("context", tests)
