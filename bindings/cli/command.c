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

static void say(const char *name, const char *format, va_list arguments)
{
    char text[2048];
    vsnprintf(text, sizeof text, format, arguments);
    /* A file may have any name, but a message is one line and moves no cursor. */
    for (char *c = text; *c != '\0'; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            *c = '?';
    progress_clear();
    fprintf(stderr, "spikekit%s%s: %s\n", name != NULL ? " " : "",
            name != NULL ? name : "", text);
}

void command_say(const char *name, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    say(name, format, arguments);
    va_end(arguments);
}

/* Whether --quiet was given; set by command_start(). */
static int32_t is_quiet;

void command_note(const char *name, const char *format, ...)
{
    va_list arguments;
    if (is_quiet)
        return;
    va_start(arguments, format);
    say(name, format, arguments);
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

/* The length of the UTF-8 sequence at text, 0 if it is none. */
static size_t sequence_length(const unsigned char *text)
{
    if (text[0] < 0x80)
        return 1;
    const size_t n = text[0] >= 0xc2 && text[0] < 0xe0   ? 2
                     : text[0] >= 0xe0 && text[0] < 0xf0 ? 3
                     : text[0] >= 0xf0 && text[0] < 0xf5 ? 4
                                                         : 0;
    for (size_t i = 1; i < n; i++)
        if ((text[i] & 0xc0) != 0x80)
            return 0;
    const int too_long =
        (text[0] == 0xe0 && text[1] < 0xa0) || (text[0] == 0xf0 && text[1] < 0x90);
    const int no_character =
        (text[0] == 0xed && text[1] > 0x9f) || (text[0] == 0xf4 && text[1] > 0x8f);
    return too_long || no_character ? 0 : n;
}

void command_copy_utf8(const char *text, char *copy, size_t room)
{
    size_t used = 0;
    while (*text != '\0') {
        const size_t n = sequence_length((const unsigned char *)text);
        if (used + (n > 0 ? n : 1) >= room)
            break;
        if (n == 0)
            copy[used++] = '?';
        for (size_t i = 0; i < n; i++)
            copy[used++] = text[i];
        text += n > 0 ? n : 1;
    }
    copy[used] = '\0';
}

int command_start(const char *name, const run_arguments *run, spk_context **ctx)
{
    *ctx = NULL;
    if (run->threads < 0 || run->threads > 4096)
        return command_fail_usage(name, "--threads: expected 0 to 4096, found %lld",
                                  (long long)run->threads);
    is_quiet = run->quiet;
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
