/* SPDX-License-Identifier: BSD-3-Clause */
/* One table of options per command yields its parsing, its --help and its man page. */
#ifndef SPIKEKIT_CLI_OPTIONS_H
#define SPIKEKIT_CLI_OPTIONS_H

#include "command.h"

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/** What an option takes, and the type of the field that receives it. */
typedef enum option_kind {
    OPTION_FLAG,    /**< takes nothing; int32_t becomes 1 */
    OPTION_TEXT,    /**< const char *, borrowed from argv */
    OPTION_INTEGER, /**< int64_t */
    OPTION_NUMBER,  /**< double, finite */
    OPTION_SEED,    /**< uint64_t */
    OPTION_OPERANDS /**< operand_list: all arguments that are not options */
} option_kind;

/** Receives the arguments that are not options, borrowed from argv. */
typedef struct operand_list {
    char **items;
    int64_t n;
} operand_list;

/**
 * One option. The field at `offset` holds its default before parsing and its value after;
 * --help shows the default from there.
 */
typedef struct option {
    const char
        *name;   /**< long name without "--"; for OPTION_OPERANDS what to call them */
    char letter; /**< short name, 0 for none */
    option_kind kind;
    const char *value; /**< name of the value in the help, "MS" say; NULL for flags */
    size_t offset;     /**< of the field in the struct that the group fills */
    const char *help;  /**< a sentence or more, ended by a full stop, with the unit */
    const char
        *default_text; /**< NULL: the field's value; "": none shown; or these words */
    double minimum;    /**< for INTEGER and NUMBER; both 0: any value */
    double maximum;
} option;

/** Options under one heading of the help. */
typedef struct option_group {
    const char *heading;   /**< "Output" */
    const option *options; /**< ended by a row whose name is NULL */
    size_t offset;         /**< of the struct that these options fill, in the arguments */
} option_group;

/** A worked example: what it does, and the command line. */
typedef struct option_example {
    const char *purpose;
    const char *line;
} option_example;

/** A section of text after the options: "Arrays written", say. Paragraphs are separated by
 *  an empty line; a line that starts with a space is kept as it is. */
typedef struct option_section {
    const char *heading;
    const char *text;
} option_section;

/** All that the help of a command says. Lists end with a row of NULLs. */
typedef struct command_usage {
    const char *name;            /**< as in the table of main.c, which has the summary */
    const char *const *synopsis; /**< lines of what follows "spikekit NAME " */
    const char *description;     /**< paragraphs separated by an empty line */
    const option_group *groups;
    const option_section *sections;
    const option_example *examples;
    const char *see_also; /**< "spikekit-info(1), spikekit-convert(1)"; NULL for none */
    int64_t min_operands;
    int64_t max_operands;
} command_usage;

/**
 * Parses the arguments of a command into its struct, which holds the defaults. Takes
 * --name VALUE, --name=VALUE, -o VALUE, -oVALUE and flags; "--" ends the options. Answers
 * --help itself.
 * @return -1 to go on; otherwise the exit status to return
 */
int options_parse(const command_usage *usage, void *arguments, int argc, char **argv);

/** Writes the help, or the man page in roff, with the defaults in `arguments`. */
void options_print_help(FILE *file, const command_usage *usage, const void *arguments);
void options_print_man(FILE *file, const command_usage *usage, const void *arguments);

/** The candidate nearest to a word by edit distance, or NULL if none is near. */
const char *options_nearest(const char *word, const char *const *candidates, size_t n);

/** --threads, --quiet; fills run_arguments. List it last. */
extern const option options_run[];

/** --rate, --duration-s, --times, --clusters, --sort, --as-sorted; fills
 *  session_arguments (session_argument.h). */
extern const option options_session[];

#endif
