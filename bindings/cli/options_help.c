/* SPDX-License-Identifier: BSD-3-Clause */
#define _POSIX_C_SOURCE 200809L

#include "options_help.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char *const help_exit_status[][2] = {
    {"0", "Success."},
    {"1", "It failed; standard error says why, and nothing half-written is left."},
    {"2", "The command line is wrong."},
    {"130", "Interrupted by Ctrl-C or SIGTERM; nothing half-written is left."},
    {NULL, NULL},
};

void options_default_text(const option *o, const void *field, char text[HELP_TEXT_ROOM])
{
    text[0] = '\0';
    if (o->default_text != NULL) {
        snprintf(text, HELP_TEXT_ROOM, "%s", o->default_text);
        return;
    }
    switch (o->kind) {
    case OPTION_TEXT: {
        const char *value = *(const char *const *)field;
        snprintf(text, HELP_TEXT_ROOM, "%s", value != NULL ? value : "");
        break;
    }
    case OPTION_INTEGER:
        snprintf(text, HELP_TEXT_ROOM, "%lld", (long long)*(const int64_t *)field);
        break;
    case OPTION_SEED:
        snprintf(text, HELP_TEXT_ROOM, "%llu",
                 (unsigned long long)*(const uint64_t *)field);
        break;
    case OPTION_NUMBER:
        snprintf(text, HELP_TEXT_ROOM, "%g", *(const double *)field);
        break;
    case OPTION_FLAG:
    case OPTION_OPERANDS:
        break;
    }
}

void help_print_bold(FILE *file, const char *text, const char *after)
{
    const char *terminal = getenv("TERM");
    const int bold =
        isatty(fileno(file)) && terminal != NULL && strcmp(terminal, "dumb") != 0;
    fprintf(file, "%s%s%s%s", bold ? "\033[1m" : "", text, bold ? "\033[0m" : "", after);
}

static void print_spaces(FILE *file, int n)
{
    for (int i = 0; i < n; i++)
        fputc(' ', file);
}

void help_print_text(FILE *file, const char *text, int indent, int column)
{
    int open = column > 0; /* something stands on this line already */
    int empty = 1;         /* but no word of the text */
    if (open && column < indent) {
        print_spaces(file, indent - column);
        column = indent;
    }
    while (*text != '\0') {
        const size_t length = strcspn(text, "\n");
        const char *end = text + length;
        if (length == 0 || *text == ' ') { /* a paragraph ends here, or a line is kept */
            if (open)
                fputc('\n', file);
            open = 0;
            if (length > 0)
                print_spaces(file, indent);
            fwrite(text, 1, length, file);
            fputc('\n', file);
            text = end;
        }
        while (text < end) {
            const size_t word = strcspn(text, " \n");
            if (open && !empty && column + 1 + (int)word > HELP_COLUMNS) {
                fputc('\n', file);
                open = 0;
            }
            if (!open) {
                print_spaces(file, indent);
                column = indent;
                open = 1;
                empty = 1;
            }
            column += (int)word + !empty;
            fprintf(file, "%s%.*s", empty ? "" : " ", (int)word, text);
            empty = 0;
            text += word;
            text += strspn(text, " ");
        }
        text = end + (*end == '\n');
    }
    if (open)
        fputc('\n', file);
}

enum {
    LABEL_COLUMNS = 26
};

static void print_option(FILE *file, const option *o, const void *field)
{
    char label[96];
    char value[HELP_TEXT_ROOM];
    char text[2048];
    if (o->kind == OPTION_OPERANDS)
        snprintf(label, sizeof label, "  %s", o->name);
    else if (o->letter != 0)
        snprintf(label, sizeof label, "  -%c, --%s%s%s", o->letter, o->name,
                 o->value != NULL ? " " : "", o->value != NULL ? o->value : "");
    else
        snprintf(label, sizeof label, "      --%s%s%s", o->name,
                 o->value != NULL ? " " : "", o->value != NULL ? o->value : "");
    options_default_text(o, field, value);
    if (value[0] != '\0')
        snprintf(text, sizeof text, "%s (default: %s)", o->help, value);
    else
        snprintf(text, sizeof text, "%s", o->help);

    int column = (int)strlen(label);
    help_print_bold(file, label, "");
    if (column > LABEL_COLUMNS - 2) {
        fputc('\n', file);
        column = 0;
    }
    help_print_text(file, text, LABEL_COLUMNS, column);
}

/* Wraps between the parts of a synopsis, not within [brackets]. */
static void print_synopsis(FILE *file, const char *name, const char *text)
{
    const int indent = fprintf(file, "  spikekit %s", name);
    int column = indent;
    while (*text != '\0') {
        int depth = 0;
        size_t n = 0;
        for (; text[n] != '\0' && (text[n] != ' ' || depth > 0); n++)
            depth += (text[n] == '[') - (text[n] == ']');
        if (column > indent && column + 1 + (int)n > HELP_COLUMNS) {
            fputc('\n', file);
            print_spaces(file, indent);
            column = indent;
        }
        column += fprintf(file, " %.*s", (int)n, text);
        text += n;
        text += strspn(text, " ");
    }
    fputc('\n', file);
}

void options_print_help(FILE *file, const command_usage *usage, const void *arguments)
{
    const command *c = command_find(usage->name);
    fprintf(file, "spikekit %s: %s\n\n", usage->name,
            c != NULL && c->summary != NULL ? c->summary : "");
    help_print_bold(file, "Usage", "\n");
    for (const char *const *s = usage->synopsis; *s != NULL; s++) {
        print_synopsis(file, usage->name, *s);
    }
    fputc('\n', file);
    help_print_text(file, usage->description, 0, 0);
    for (const option_group *g = usage->groups; g->options != NULL; g++) {
        fputc('\n', file);
        help_print_bold(file, g->heading, "\n");
        for (const option *o = g->options; o->name != NULL; o++)
            print_option(file, o, (const char *)arguments + g->offset + o->offset);
    }
    for (const option_section *s = usage->sections; s != NULL && s->heading != NULL;
         s++) {
        fputc('\n', file);
        help_print_bold(file, s->heading, "\n");
        help_print_text(file, s->text, 2, 0);
    }
    if (usage->examples != NULL) {
        fputc('\n', file);
        help_print_bold(file, "Examples", "\n");
    }
    for (const option_example *e = usage->examples; e != NULL && e->line != NULL; e++) {
        help_print_text(file, e->purpose, 2, 0);
        fprintf(file, "      %s\n", e->line);
    }
    fputc('\n', file);
    help_print_bold(file, "Exit status", "\n");
    for (size_t i = 0; help_exit_status[i][0] != NULL; i++) {
        fprintf(file, "  %-4s", help_exit_status[i][0]);
        help_print_text(file, help_exit_status[i][1], 6, 6);
    }
}
