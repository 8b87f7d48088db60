/* SPDX-License-Identifier: BSD-3-Clause */
#include "command.h"
#include "options.h"

#include <spikekit/version.h>
#include <stdio.h>

typedef struct version_arguments {
    int32_t brief;
} version_arguments;

static const option options[] = {
    {"brief", 0, OPTION_FLAG, NULL, offsetof(version_arguments, brief),
     "Only the number.", NULL, 0, 0},
    {NULL, 0, OPTION_FLAG, NULL, 0, NULL, NULL, 0, 0},
};
static const option_group groups[] = {{"Output", options, 0}, {NULL, NULL, 0}};
static const char *const synopsis[] = {"[--brief]", NULL};
static const option_example examples[] = {
    {"What to put in a report of a problem:", "spikekit version"},
    {NULL, NULL},
};
static const command_usage usage = {
    .name = "version",
    .synopsis = synopsis,
    .description =
        "Shows the version, the compiler and its flags, and the version of each "
        "library that is linked.",
    .groups = groups,
    .examples = examples,
};

int spk_cmd_version(int argc, char **argv)
{
    version_arguments arguments = {.brief = 0};
    const int code = options_parse(&usage, &arguments, argc, argv);
    if (code != -1)
        return code;
    if (arguments.brief) {
        printf("%s\n", spk_version());
        return COMMAND_OK;
    }
    printf("spikekit %s\n%s", spk_version(), spk_build_description());
    return COMMAND_OK;
}
