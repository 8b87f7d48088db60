/* SPDX-License-Identifier: BSD-3-Clause */
#include "command.h"
#include "manpage.h"
#include "options.h"
#include "options_help.h"

#include <spikekit/version.h>
#include <stdio.h>
#include <string.h>

typedef struct help_arguments {
    operand_list operands;
    int32_t man;
} help_arguments;

static const option options[] = {
    {"COMMAND", 0, OPTION_OPERANDS, NULL, offsetof(help_arguments, operands),
     "The command to explain; without it, all are listed.", NULL, 0, 0},
    {"man", 0, OPTION_FLAG, NULL, offsetof(help_arguments, man),
     "Write the man page in roff; 'spikekit help --man spikekit' gives the overview.",
     NULL, 0, 0},
    {NULL, 0, OPTION_FLAG, NULL, 0, NULL, NULL, 0, 0},
};
static const option_group groups[] = {{"Arguments", options, 0}, {NULL, NULL, 0}};
static const char *const synopsis[] = {"[COMMAND]", NULL};
static const option_example examples[] = {
    {"All about correlograms:", "spikekit help correlogram"},
    {"Read a man page that is not installed:", "spikekit help --man info | man -l -"},
    {NULL, NULL},
};
static const command_usage usage = {
    .name = "help",
    .synopsis = synopsis,
    .description = "Explains a command, as its --help does, or lists all commands.",
    .groups = groups,
    .examples = examples,
    .max_operands = 1,
};

static void print_overview(void)
{
    printf("Spikekit %s: analyse sorted spike trains from the shell\n\n", spk_version());
    help_print_bold(stdout, "Usage", "\n");
    printf("  spikekit COMMAND [arguments]\n  spikekit help COMMAND\n");
    const char *group = "";
    for (const command *c = commands; c->name != NULL; c++) {
        if (c->group == NULL)
            continue;
        if (strcmp(group, c->group) != 0) {
            group = c->group;
            putchar('\n');
            help_print_bold(stdout, group, "\n");
        }
        printf("  %-14s%s\n", c->name, c->summary);
    }
    fputs(
        "\nSessions\n"
        "  SESSION is a folder as left by Kilosort 2 to 4, phy or the IBL pipeline; or\n"
        "  give --times FILE --clusters FILE for a bare pair of .npy files.\n"
        "\nStart here\n"
        "  spikekit simulate -o demo                    a session to play with\n"
        "  spikekit info demo                           what it holds\n"
        "  spikekit correlogram demo -o demo.npz        all pairs of units\n"
        "  spikekit report demo -o page                 one page for the browser\n",
        stdout);
}

int spk_cmd_help(int argc, char **argv)
{
    help_arguments arguments = {.man = 0};
    const int code = options_parse(&usage, &arguments, argc, argv);
    if (code != -1)
        return code;
    if (arguments.operands.n == 0) {
        if (arguments.man)
            manpage_print_overview(stdout);
        else
            print_overview();
        return COMMAND_OK;
    }
    char *name = arguments.operands.items[0];
    if (arguments.man && strcmp(name, "spikekit") == 0) {
        manpage_print_overview(stdout);
        return COMMAND_OK;
    }
    const command *c = command_find(name);
    if (c == NULL) {
        const char *names[16];
        size_t n = 0;
        for (const command *k = commands; k->name != NULL && n < 16; k++)
            names[n++] = k->name;
        const char *nearest = options_nearest(name, names, n);
        if (nearest == NULL)
            return command_fail_usage("help", "no command '%s'", name);
        command_say("help", "no command '%s'; did you mean '%s'?", name, nearest);
        return COMMAND_USAGE;
    }
    char man[] = "--man-page", help[] = "--help";
    char *words[] = {name, arguments.man ? man : help, NULL};
    return c->run(2, words);
}
