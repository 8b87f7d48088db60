/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SPIKEKIT_BASE_CHECK_H
#define SPIKEKIT_BASE_CHECK_H

#include <spikekit/context.h>

/** Writes the message of a failure into the context and returns its status. Line breaks and
 *  control characters in the text become '?', so that a message is always one line. */
spk_status spk__fail(spk_context *ctx, spk_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/** The message of every failed allocation. */
spk_status spk__fail_memory(spk_context *ctx);

/** Passes a line to the log callback, if there is one. */
void spk__log(spk_context *ctx, spk_log_level level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/** At the top of a function, before anything is allocated. Returns the status itself, so that
 *  a compiler that cannot look into spk__fail() sees that it is not SPK_OK. */
#define SPK_REQUIRE(ctx, condition, status, ...)                                         \
    do {                                                                                 \
        if (!(condition)) {                                                              \
            (void)spk__fail((ctx), (status), __VA_ARGS__);                               \
            return (status);                                                             \
        }                                                                                \
    } while (0)

#endif
