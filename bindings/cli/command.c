/* SPDX-License-Identifier: BSD-3-Clause */
#define _POSIX_C_SOURCE 200809L

#include "command.h"
#include "progress.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static volatile sig_atomic_t interrupted;

static void on_signal(int number)
{
    (void)number;
    interrupted = 1;
}

int32_t command_interrupted(void)
{
    return interrupted != 0;
}

static int32_t ask_cancel(void *user)
{
    (void)user;
    return command_interrupted();
}

static void say(const char *name, const char *prefix, const char *format,
                va_list arguments)
{
    progress_clear();
    fputs("spikekit", stderr);
    if (name != NULL)
        fprintf(stderr, " %s", name);
    fprintf(stderr, ": %s", prefix);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
}

void command_say(const char *name, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    say(name, "", format, arguments);
    va_end(arguments);
}

int command_fail_usage(const char *name, const char *format, ...)
{
    char text[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    command_say(name, "%s (see spikekit %s%s)", text, name != NULL ? name : "help",
                name != NULL ? " --help" : "");
    return COMMAND_USAGE;
}

int command_fail(const char *name, const spk_context *ctx, spk_status status)
{
    if (status == SPK_ERR_CANCELLED) {
        command_say(name, "interrupted; nothing was written");
        return COMMAND_INTERRUPTED;
    }
    const char *message = spk_context_message(ctx);
    if (message[0] == '\0')
        message =
            status == SPK_ERR_MEMORY ? "not enough memory" : spk_status_name(status);
    command_say(name, "%s", message);
    return COMMAND_FAILED;
}

/* Notes, such as that a raw file is elsewhere, are for `spikekit info`; warnings are for all. */
static void on_log(void *user, spk_log_level level, const char *message)
{
    if (level == SPK_LOG_WARNING)
        command_say(user, "warning: %s", message);
}

int command_start(const char *name, const run_arguments *run, spk_context **ctx)
{
    *ctx = NULL;
    if (run->threads < 0 || run->threads > 4096)
        return command_fail_usage(name, "--threads: expected 0 to 4096, found %lld",
                                  (long long)run->threads);
    spk_context *created = NULL;
    spk_status status = spk_context_create(&created);
    if (status == SPK_OK)
        status = spk_context_set_threads(created, (int32_t)run->threads);
    if (status != SPK_OK) {
        const int code = command_fail(name, created, status);
        spk_context_destroy(created);
        return code;
    }

    /* The first signal asks the work to stop, which removes what is half written; a second
     * one finds the default action and ends the process at once. */
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = on_signal;
    action.sa_flags = (int)SA_RESETHAND;
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    spk_context_set_cancel(created, ask_cancel, NULL);

    if (!run->quiet) {
        progress_enable();
        spk_context_set_progress(created, progress_report, NULL);
        spk_context_set_log(created, on_log, (void *)name);
    }
    *ctx = created;
    return COMMAND_OK;
}

void command_finish(spk_context *ctx)
{
    progress_clear();
    spk_context_destroy(ctx);
}
