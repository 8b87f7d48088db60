/* SPDX-License-Identifier: BSD-3-Clause */
/* Parsing. The field of an option is at group offset + option offset in the arguments. */
#include "options.h"
#include "session_argument.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

const option options_run[] = {
    {"threads", 't', OPTION_INTEGER, "N", offsetof(run_arguments, threads),
     "Threads to use. The result is the same, bit for bit, for any number.",
     "0, one for each processor", 0, 4096},
    {"quiet", 'q', OPTION_FLAG, NULL, offsetof(run_arguments, quiet),
     "No progress bar and no remarks; errors are still shown.", NULL, 0, 0},
    {NULL, 0, OPTION_FLAG, NULL, 0, NULL, NULL, 0, 0},
};

const option options_session[] = {
    {"rate", 0, OPTION_NUMBER, "HZ", offsetof(session_arguments, rate_hz),
     "Sampling rate [Hz], where the folder does not say, or instead of what it says.", "",
     0, 0},
    {"duration-s", 0, OPTION_NUMBER, "S", offsetof(session_arguments, duration_s),
     "Length of the recording [s]; otherwise it is that of the raw file if it is there, "
     "or "
     "ends at the last spike.",
     "", 0, 0},
    {"times", 0, OPTION_TEXT, "FILE", offsetof(session_arguments, times),
     "Instead of SESSION, with --clusters: a .npy file of spike times, whole samples "
     "(give "
     "--rate too) or seconds.",
     "", 0, 0},
    {"clusters", 0, OPTION_TEXT, "FILE", offsetof(session_arguments, clusters),
     "With --times: a .npy file with the unit id of each spike.", "", 0, 0},
    {"sort", 0, OPTION_FLAG, NULL, offsetof(session_arguments, sort),
     "Sort spike times that are out of order, which is otherwise an error.", NULL, 0, 0},
    {"as-sorted", 0, OPTION_FLAG, NULL, offsetof(session_arguments, as_sorted),
     "Use the units as the sorter left them (spike_templates.npy), not as curated "
     "(spike_clusters.npy).",
     NULL, 0, 0},
    {NULL, 0, OPTION_FLAG, NULL, 0, NULL, NULL, 0, 0},
};

enum {
    MAX_CANDIDATES = 64,
    MAX_WORD = 40
};

/* Edit distance with swaps of neighbours; words longer than MAX_WORD are near to nothing. */
static size_t edit_distance(const char *a, const char *b)
{
    const size_t n = strlen(a), m = strlen(b);
    size_t d[MAX_WORD + 1][MAX_WORD + 1];
    if (n > MAX_WORD || m > MAX_WORD)
        return SIZE_MAX;
    for (size_t i = 0; i <= n; i++) {
        for (size_t j = 0; j <= m; j++) {
            if (i == 0 || j == 0) {
                d[i][j] = i + j;
                continue;
            }
            const size_t change = d[i - 1][j - 1] + (a[i - 1] != b[j - 1]);
            const size_t drop = d[i - 1][j] + 1;
            const size_t insert = d[i][j - 1] + 1;
            d[i][j] = change < drop ? change : drop;
            if (insert < d[i][j])
                d[i][j] = insert;
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
                d[i - 2][j - 2] + 1 < d[i][j])
                d[i][j] = d[i - 2][j - 2] + 1;
        }
    }
    return d[n][m];
}

const char *options_nearest(const char *word, const char *const *candidates, size_t n)
{
    const char *best = NULL;
    const size_t length = strlen(word);
    size_t best_distance = 1 + (length + 1) / 3; /* further away is no typing error */
    for (size_t k = 0; k < n; k++) {
        /* The start of a name, as in --window for --window-ms, is one step away. */
        const int is_start = length >= 3 && strncmp(candidates[k], word, length) == 0 &&
                             candidates[k][length] != '\0';
        const size_t distance = is_start ? 1 : edit_distance(word, candidates[k]);
        if (distance < best_distance) {
            best_distance = distance;
            best = candidates[k];
        }
    }
    return best;
}

static int fail_unknown(const command_usage *usage, const char *word)
{
    const char *names[MAX_CANDIDATES];
    size_t n = 0;
    names[n++] = "help";
    for (const option_group *g = usage->groups; g->options != NULL; g++)
        for (const option *o = g->options; o->name != NULL && n < MAX_CANDIDATES; o++)
            if (o->kind != OPTION_OPERANDS)
                names[n++] = o->name;
    char stripped[MAX_WORD + 1];
    const size_t skip = strspn(word, "-");
    const size_t length = strcspn(word + skip, "=");
    snprintf(stripped, sizeof stripped, "%.*s",
             (int)(length < MAX_WORD ? length : MAX_WORD), word + skip);
    const char *nearest = options_nearest(stripped, names, n);
    const int shown = (int)(skip + length);
    if (nearest != NULL) {
        command_say(usage->name, "no option %.*s; did you mean --%s?", shown, word,
                    nearest);
        return COMMAND_USAGE;
    }
    return command_fail_usage(usage->name, "no option %.*s", shown, word);
}

/* The option of a long name (of some length) or of a letter, and the field it fills. */
static const option *find_option(const command_usage *usage, const char *name,
                                 size_t length, char letter, void *arguments,
                                 void **field)
{
    for (const option_group *g = usage->groups; g->options != NULL; g++) {
        for (const option *o = g->options; o->name != NULL; o++) {
            if (o->kind == OPTION_OPERANDS)
                continue;
            const int hit = name != NULL ? strlen(o->name) == length &&
                                               strncmp(o->name, name, length) == 0
                                         : o->letter == letter;
            if (hit) {
                *field = (char *)arguments + g->offset + o->offset;
                return o;
            }
        }
    }
    return NULL;
}

static int fail_value(const command_usage *usage, const option *o, const char *expected,
                      const char *text)
{
    return command_fail_usage(usage->name, "--%s: expected %s, found '%s'", o->name,
                              expected, text);
}

static int fail_range(const command_usage *usage, const option *o, const char *text)
{
    char expected[96];
    if (isinf(o->maximum))
        snprintf(expected, sizeof expected, "at least %g", o->minimum);
    else
        snprintf(expected, sizeof expected, "%.15g to %.15g", o->minimum, o->maximum);
    return fail_value(usage, o, expected, text);
}

/* Sets a field from text. Returns -1 or an exit status. */
static int set_value(const command_usage *usage, const option *o, const char *text,
                     void *field)
{
    char *end = NULL;
    const int ranged = o->minimum != 0.0 || o->maximum != 0.0;
    const int starts_number = isdigit((unsigned char)text[0]) || text[0] == '-' ||
                              text[0] == '+' ||
                              (text[0] == '.' && o->kind == OPTION_NUMBER);
    errno = 0;
    switch (o->kind) {
    case OPTION_TEXT:
        *(const char **)field = text;
        return -1;
    case OPTION_INTEGER: {
        const long long value = strtoll(text, &end, 10);
        if (!starts_number || *end != '\0' || errno != 0)
            return fail_value(usage, o, "a whole number", text);
        if (ranged && ((double)value < o->minimum || (double)value > o->maximum))
            return fail_range(usage, o, text);
        *(int64_t *)field = value;
        return -1;
    }
    case OPTION_SEED: {
        const unsigned long long value = strtoull(text, &end, 10);
        if (!isdigit((unsigned char)text[0]) || *end != '\0' || errno != 0)
            return fail_value(usage, o, "a whole number below 2^64", text);
        *(uint64_t *)field = value;
        return -1;
    }
    case OPTION_NUMBER: {
        const double value = strtod(text, &end);
        if (!starts_number || *end != '\0' || !isfinite(value))
            return fail_value(usage, o, "a number", text);
        if (ranged && (value < o->minimum || value > o->maximum))
            return fail_range(usage, o, text);
        *(double *)field = value;
        return -1;
    }
    case OPTION_FLAG:
    case OPTION_OPERANDS:
        break;
    }
    return -1;
}

/* Takes the option at argv[*i], which starts with '-'. Returns -1 or an exit status. */
static int take_option(const command_usage *usage, void *arguments, int argc, char **argv,
                       int *i)
{
    const char *word = argv[*i];
    const int is_long = word[1] == '-';
    const char *name = word + 2;
    const size_t length = is_long ? strcspn(name, "=") : 1;
    const char *joined = NULL;
    void *field = NULL;
    const option *o =
        find_option(usage, is_long ? name : NULL, length, word[1], arguments, &field);
    if (o == NULL)
        return fail_unknown(usage, word);
    if (is_long && name[length] == '=')
        joined = name + length + 1;
    else if (!is_long && word[2] != '\0')
        joined = word + 2;
    if (o->kind == OPTION_FLAG) {
        if (joined != NULL && is_long)
            return command_fail_usage(usage->name, "--%s takes no value", o->name);
        *(int32_t *)field = 1;
        if (joined == NULL)
            return -1;
        argv[*i]++; /* -jq is -j, then -q */
        argv[*i][0] = '-';
        return take_option(usage, arguments, argc, argv, i);
    }
    if (joined == NULL) {
        /* A path that starts with two dashes can still be given as --output=--path. */
        if (*i + 1 >= argc || strncmp(argv[*i + 1], "--", 2) == 0)
            return command_fail_usage(usage->name, "--%s needs a value, %s", o->name,
                                      o->value);
        joined = argv[++*i];
    }
    return set_value(usage, o, joined, field);
}

/* What the operands are called in the usage, and where they go. */
static operand_list *find_operands(const command_usage *usage, void *arguments,
                                   const char **called)
{
    for (const option_group *g = usage->groups; g->options != NULL; g++)
        for (const option *o = g->options; o->name != NULL; o++)
            if (o->kind == OPTION_OPERANDS) {
                *called = o->name;
                return (operand_list *)(void *)((char *)arguments + g->offset +
                                                o->offset);
            }
    *called = "argument";
    return NULL;
}

/* --help and the hidden --man-page show the defaults, so they are answered before anything
 * is parsed. */
static int asks_for(int argc, char **argv, const char *word, const char *other)
{
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
        if (strcmp(argv[i], word) == 0 || (other != NULL && strcmp(argv[i], other) == 0))
            return 1;
    return 0;
}

int options_parse(const command_usage *usage, void *arguments, int argc, char **argv)
{
    if (asks_for(argc, argv, "--help", "-h")) {
        options_print_help(stdout, usage, arguments);
        return COMMAND_OK;
    }
    if (asks_for(argc, argv, "--man-page", NULL)) {
        options_print_man(stdout, usage, arguments);
        return COMMAND_OK;
    }
    const char *called = NULL;
    operand_list *operands = find_operands(usage, arguments, &called);
    int64_t n = 0;
    int options_end = 0;
    /* Operands are moved to the front of argv, where they stand in a row. */
    for (int i = 1; i < argc; i++) {
        if (!options_end && strcmp(argv[i], "--") == 0) {
            options_end = 1;
        } else if (!options_end && argv[i][0] == '-' && argv[i][1] != '\0') {
            const int code = take_option(usage, arguments, argc, argv, &i);
            if (code != -1)
                return code;
        } else {
            argv[1 + n++] = argv[i];
        }
    }
    if (n > usage->max_operands)
        return command_fail_usage(usage->name, "unexpected argument '%s'",
                                  argv[1 + usage->max_operands]);
    if (n < usage->min_operands)
        return command_fail_usage(usage->name, "%s is missing", called);
    if (operands != NULL) {
        operands->items = argv + 1;
        operands->n = n;
    }
    return -1;
}
