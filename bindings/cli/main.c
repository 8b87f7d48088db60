/* SPDX-License-Identifier: BSD-3-Clause */
/* The `spikekit` command: a table of commands, each in its cmd_<name>.c. */
#define _XOPEN_SOURCE 700

#include "command.h"
#include "options.h"

#include <errno.h>
#include <signal.h>
#include <spikekit/version.h>
#include <stdio.h>
#include <string.h>

const command commands[] = {
    {"info", spk_cmd_info, "Look", "show what a sorted session holds"},
    {"report", spk_cmd_report, "Look", "draw a session as one page to read in a browser"},
    {"metrics", spk_cmd_metrics, "Analyse",
     "measure the quality and the firing of every unit"},
    {"statistics", spk_cmd_statistics, "Analyse",
     "describe how each unit fires by itself"},
    {"curate", spk_cmd_curate, "Analyse", "merge, split and label units"},
    {"compare", spk_cmd_compare, "Analyse",
     "compare sorters with each other, or with the truth"},
    {"correlogram", spk_cmd_correlogram, "Analyse",
     "count spike pairs by lag, for all pairs of units"},
    {"synchrony", spk_cmd_synchrony, "Analyse", "measure how much units fire together"},
    {"align", spk_cmd_align, "Analyse", "align spikes to events: rasters and rates"},
    {"connect", spk_cmd_connect, "Analyse",
     "find which peaks of correlograms are real: connections"},
    {"simulate", spk_cmd_simulate, "Make and convert",
     "make a session whose truth is known"},
    {"convert", spk_cmd_convert, "Make and convert",
     "write a session as a phy folder, npz, npy or table"},
    {"version", spk_cmd_version, "About", "show the version and how it was built"},
    {"help", spk_cmd_help, "About", "show help on a command"},
    {NULL, NULL, NULL, NULL},
};

const command *command_find(const char *name)
{
    for (const command *c = commands; c->name != NULL; c++)
        if (strcmp(c->name, name) == 0)
            return c;
    return NULL;
}

static int fail_unknown(const char *word)
{
    const char *names[sizeof commands / sizeof commands[0]];
    size_t n = 0;
    for (const command *c = commands; c->name != NULL; c++)
        names[n++] = c->name;
    const char *nearest = options_nearest(word, names, n);
    if (nearest == NULL)
        return command_fail_usage(NULL, "no command '%s'", word);
    command_say(NULL, "no command '%s'; did you mean '%s'?", word, nearest);
    return COMMAND_USAGE;
}

static int run(int argc, char **argv)
{
    char *help[] = {"help", NULL};
    if (argc < 2)
        return command_fail_usage(NULL, "COMMAND is missing");
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)
        return spk_cmd_help(1, help);
    if (strcmp(argv[1], "--version") == 0) {
        printf("spikekit %s\n", spk_version());
        return COMMAND_OK;
    }
    const command *chosen = command_find(argv[1]);
    if (chosen == NULL)
        return fail_unknown(argv[1]);
    return chosen->run(argc - 1, argv + 1);
}

int main(int argc, char **argv)
{
    /* A file larger than the limit of the shell is then an error of write(), with a message
     * and cleaning up, rather than the end of the process. */
    signal(SIGXFSZ, SIG_IGN);
    int code = run(argc, argv);
    const int failed = ferror(stdout);
    if (fclose(stdout) != 0 || failed) {
        command_say(argc > 1 ? argv[1] : NULL, "standard output: %s", strerror(errno));
        if (code == COMMAND_OK)
            code = COMMAND_FAILED;
    }
    return code;
}
