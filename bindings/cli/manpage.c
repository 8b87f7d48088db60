/* SPDX-License-Identifier: BSD-3-Clause */
/* Man pages from the same tables as --help. */
#include "manpage.h"
#include "command.h"
#include "options_help.h"

#include <ctype.h>
#include <spikekit/version.h>
#include <string.h>

/* In roff '\' starts an escape, '.' and '\'' at the start of a line a request, and a bare '-'
 * prints as a hyphen, which cannot be copied into a shell. */
static void print_escaped(FILE *file, const char *text, size_t length)
{
    if (length > 0 && (text[0] == '.' || text[0] == '\''))
        fputs("\\&", file);
    for (size_t i = 0; i < length; i++) {
        if (text[i] == '\\')
            fputs("\\e", file);
        else if (text[i] == '-')
            fputs("\\-", file);
        else if (text[i] == '\'')
            fputs("\\(aq", file);
        else if (text[i] == '^')
            fputs("\\(ha", file);
        else if (text[i] == '~')
            fputs("\\(ti", file);
        else
            fputc(text[i], file);
    }
}

void manpage_text(FILE *file, const char *text)
{
    int kept = 0; /* between .nf and .fi */
    int paragraph = 0;
    while (*text != '\0') {
        const size_t length = strcspn(text, "\n");
        if (length == 0) {
            paragraph = 1;
        } else {
            const int keep = text[0] == ' ';
            if (kept && !keep)
                fputs(".fi\n", file);
            if (paragraph)
                fputs(".PP\n", file);
            if (!kept && keep)
                fputs(".nf\n", file);
            kept = keep;
            paragraph = 0;
            print_escaped(file, text, length);
            fputc('\n', file);
        }
        text += length;
        if (*text == '\n')
            text++;
    }
    if (kept)
        fputs(".fi\n", file);
}

void manpage_begin(FILE *file, const char *page, const char *summary)
{
    fputs(".TH ", file);
    for (const char *c = page; *c != '\0'; c++) {
        if (*c == '-')
            fputc('\\', file);
        fputc(toupper((unsigned char)*c), file);
    }
    fprintf(file, " 1 \"\" \"spikekit %s\" \"Spikekit\"\n.nh\n.ad l\n.SH NAME\n",
            spk_version());
    print_escaped(file, page, strlen(page));
    fputs(" \\- ", file);
    print_escaped(file, summary, strlen(summary));
    fputc('\n', file);
}

void manpage_section(FILE *file, const char *heading)
{
    fputs(".SH ", file);
    for (const char *c = heading; *c != '\0'; c++)
        fputc(toupper((unsigned char)*c), file);
    fputc('\n', file);
}

void manpage_term(FILE *file, const char *term, const char *text)
{
    fputs(".TP\n.B ", file);
    print_escaped(file, term, strlen(term));
    fputc('\n', file);
    manpage_text(file, text);
}

void manpage_exit_status(FILE *file)
{
    manpage_section(file, "Exit status");
    for (size_t i = 0; help_exit_status[i][0] != NULL; i++)
        manpage_term(file, help_exit_status[i][0], help_exit_status[i][1]);
}

static void print_option(FILE *file, const option *o, const void *field)
{
    char value[HELP_TEXT_ROOM];
    char text[2048];
    options_default_text(o, field, value);
    if (value[0] != '\0')
        snprintf(text, sizeof text, "%s (default: %s)", o->help, value);
    else
        snprintf(text, sizeof text, "%s", o->help);
    fputs(".TP\n", file);
    if (o->kind == OPTION_OPERANDS) {
        fprintf(file, ".I %s\n", o->name);
    } else {
        if (o->letter != 0)
            fprintf(file, "\\fB\\-%c\\fR, ", o->letter);
        fputs("\\fB\\-\\-", file);
        print_escaped(file, o->name, strlen(o->name));
        fputs("\\fR", file);
        if (o->value != NULL)
            fprintf(file, " \\fI%s\\fR", o->value);
        fputc('\n', file);
    }
    manpage_text(file, text);
}

void options_print_man(FILE *file, const command_usage *usage, const void *arguments)
{
    char page[64];
    const command *c = command_find(usage->name);
    snprintf(page, sizeof page, "spikekit-%s", usage->name);
    manpage_begin(file, page, c != NULL && c->summary != NULL ? c->summary : "");
    manpage_section(file, "Synopsis");
    for (const char *const *s = usage->synopsis; *s != NULL; s++) {
        fprintf(file, "%s\\fBspikekit %s\\fR ", s == usage->synopsis ? "" : ".br\n",
                usage->name);
        print_escaped(file, *s, strlen(*s));
        fputc('\n', file);
    }
    manpage_section(file, "Description");
    manpage_text(file, usage->description);
    manpage_section(file, "Options");
    for (const option_group *g = usage->groups; g->options != NULL; g++) {
        fprintf(file, ".SS %s\n", g->heading);
        for (const option *o = g->options; o->name != NULL; o++)
            print_option(file, o, (const char *)arguments + g->offset + o->offset);
    }
    for (const option_section *s = usage->sections; s != NULL && s->heading != NULL;
         s++) {
        manpage_section(file, s->heading);
        manpage_text(file, s->text);
    }
    if (usage->examples != NULL)
        manpage_section(file, "Examples");
    for (const option_example *e = usage->examples; e != NULL && e->line != NULL; e++) {
        fputs(".PP\n", file);
        manpage_text(file, e->purpose);
        fputs(".PP\n.RS 4\n.nf\n", file);
        print_escaped(file, e->line, strlen(e->line));
        fputs("\n.fi\n.RE\n", file);
    }
    manpage_exit_status(file);
    manpage_section(file, "See also");
    manpage_text(file, usage->see_also != NULL ? usage->see_also : "spikekit(1)");
}

void manpage_print_overview(FILE *file)
{
    manpage_begin(file, "spikekit", "analyse sorted spike trains from the shell");
    manpage_section(file, "Synopsis");
    fputs("\\fBspikekit\\fR \\fICOMMAND\\fR [arguments]\n.br\n"
          "\\fBspikekit\\fR help \\fICOMMAND\\fR\n",
          file);
    manpage_section(file, "Description");
    manpage_text(file,
                 "Spikekit turns sorted Neuropixels-scale recordings into results. It "
                 "reads what Kilosort, phy and the IBL pipeline leave behind, or a bare "
                 "pair of .npy files.\n\nData go to standard output or to the file "
                 "named by --output, which appears only when it is complete; talk goes "
                 "to standard error.");
    manpage_section(file, "Commands");
    for (const command *c = commands; c->name != NULL; c++) {
        if (c->group == NULL)
            continue;
        fputs(".TP\n\\fB", file);
        fputs(c->name, file);
        fputs("\\fR\n", file);
        manpage_text(file, c->summary);
    }
    manpage_exit_status(file);
    manpage_section(file, "See also");
    int first = 1;
    for (const command *c = commands; c->name != NULL; c++) {
        if (c->group == NULL)
            continue;
        fprintf(file, "%sspikekit\\-%s(1)", first ? "" : ", ", c->name);
        first = 0;
    }
    fputc('\n', file);
}
