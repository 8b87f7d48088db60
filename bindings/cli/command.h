/* SPDX-License-Identifier: BSD-3-Clause */
/* What every command of the shell is made of: its place in the table of main.c, its context,
 * and the way it speaks on standard error. */
#ifndef SPIKEKIT_CLI_COMMAND_H
#define SPIKEKIT_CLI_COMMAND_H

#include <spikekit/context.h>
#include <stddef.h>
#include <stdint.h>

/** Exit statuses. */
enum {
    COMMAND_OK = 0,
    COMMAND_FAILED = 1,
    COMMAND_USAGE = 2,
    COMMAND_INTERRUPTED = 130
};

/** One row of the table in main.c. argv[0] is the name of the command; run() returns an exit
 *  status. */
typedef struct command {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *group;   /**< heading in the overview; NULL: hidden */
    const char *summary; /**< a few words, no full stop */
} command;

/** The commands, ended by a row whose name is NULL. */
extern const command commands[];

/** The command of a name, or NULL. */
const command *command_find(const char *name);

/** Says one line "spikekit NAME: message" on standard error, clearing the progress bar. */
void command_say(const char *name, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/** As command_say(), but not with --quiet: remarks, and what a success has to tell. */
void command_note(const char *name, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/** Says in one line what is wrong with the arguments and where help is. @return COMMAND_USAGE */
int command_fail_usage(const char *name, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/** Says why a call of the library failed, from the context's message.
 *  @return COMMAND_FAILED, or COMMAND_INTERRUPTED for SPK_ERR_CANCELLED */
int command_fail(const char *name, const spk_context *ctx, spk_status status);

/** The options that all working commands share; embed it in the arguments of a command and
 *  list options_run (options.h) among its groups. */
typedef struct run_arguments {
    int64_t threads; /**< 0: all processors */
    int32_t quiet;   /**< nonzero: no progress bar and no remarks */
} run_arguments;

/**
 * Makes the context of a command: threads, a progress bar when standard error is a terminal,
 * remarks of the library on standard error, and SIGINT / SIGTERM ending the call with
 * SPK_ERR_CANCELLED, so that whatever was half written is removed by its owner.
 * @param[in] name  the command's name; kept, not copied
 * @return COMMAND_OK, or an exit status to return after having spoken; then *ctx is NULL
 */
int command_start(const char *name, const run_arguments *run, spk_context **ctx);

/** Clears the progress bar and destroys the context. NULL is fine. */
void command_finish(spk_context *ctx);

/** Copies a file's name for JSON, which is UTF-8: bytes that are not become '?'. */
void command_copy_utf8(const char *text, char *copy, size_t room);

/** Whether SIGINT or SIGTERM came: for loops of a command's own. */
int32_t command_interrupted(void);

/* The commands, each in its cmd_<name>.c. */
int spk_cmd_info(int argc, char **argv);
int spk_cmd_metrics(int argc, char **argv);
int spk_cmd_statistics(int argc, char **argv);
int spk_cmd_curate(int argc, char **argv);
int spk_cmd_compare(int argc, char **argv);
int spk_cmd_connect(int argc, char **argv);
int spk_cmd_correlogram(int argc, char **argv);
int spk_cmd_synchrony(int argc, char **argv);
int spk_cmd_align(int argc, char **argv);
int spk_cmd_report(int argc, char **argv);
int spk_cmd_simulate(int argc, char **argv);
int spk_cmd_convert(int argc, char **argv);
int spk_cmd_version(int argc, char **argv);
int spk_cmd_help(int argc, char **argv);

#endif
