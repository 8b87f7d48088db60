/* SPDX-License-Identifier: BSD-3-Clause */
#define _POSIX_C_SOURCE 200809L

#include "metrics_request.h"
#include "options.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
    NAME_SIZE = 64
};

/* Cuts a copy of "a, b,c" into words in place, without the spaces around them. Returns how
 * many, -1 without memory. */
static int64_t split(const char *text, char **copy, const char ***words)
{
    int64_t n = 1;
    for (const char *c = text; *c != '\0'; c++)
        n += *c == ',';
    *copy = strdup(text);
    *words = malloc((size_t)n * sizeof **words);
    if (*copy == NULL || *words == NULL)
        return -1;
    char *at = *copy;
    for (int64_t i = 0; i < n; i++) {
        char *next = at + strcspn(at, ","), *stop = next;
        at += strspn(at, " ");
        while (stop > at && stop[-1] == ' ')
            stop--;
        *stop = '\0';
        (*words)[i] = at;
        at = next + 1;
    }
    return n;
}

/* Says that a word is none of the candidates, with the nearest of them. */
static int fail_word(const char *name, const char *where, const char *word,
                     const char *what, const char *const *candidates, size_t n)
{
    const char *nearest = options_nearest(word, candidates, n);
    if (nearest == NULL)
        return command_fail_usage(name, "%s: there is no %s '%s'", where, what, word);
    return command_fail_usage(name, "%s: there is no %s '%s'; did you mean '%s'?", where,
                              what, word, nearest);
}

/* ---- names ---- */

/* What may be named under a definition: metrics, their groups and topics. */
typedef struct vocabulary {
    const char **words;
    char (*peer_names)[NAME_SIZE];
    size_t n;
} vocabulary;

static int vocabulary_make(const char *definition, vocabulary *v)
{
    const size_t n = (size_t)spk_metrics_catalog_length(),
                 n_topics = (size_t)spk_metrics_topic_catalog_length();
    v->n = 0;
    v->words = malloc((2 * n + n_topics) * sizeof *v->words);
    v->peer_names = malloc(n * sizeof *v->peer_names);
    if (v->words == NULL || v->peer_names == NULL)
        return 0;
    for (size_t m = 0; m < n; m++) {
        const spk_metric *metric = spk_metrics_catalog((int64_t)m);
        const char *word = metric->name;
        if (definition != NULL) {
            if (!spk_metrics_peer_name(metric, definition, v->peer_names[m]))
                continue;
            word = v->peer_names[m];
        }
        for (size_t t = 0; v->n == 0 && t < n_topics; t++)
            v->words[t] = spk_metrics_topic_catalog((int64_t)t)->name;
        v->n += v->n == 0 ? n_topics : 0;
        v->words[v->n++] = word;
        v->words[v->n++] = metric->group;
    }
    return 1;
}

static void vocabulary_clear(vocabulary *v)
{
    free(v->words);
    free(v->peer_names);
}

/* Whether a word chooses any metric. */
static int is_known(const char *definition, const char *word)
{
    for (int64_t m = 0; m < spk_metrics_catalog_length(); m++)
        if (spk_metrics_match(spk_metrics_catalog(m), definition, word) != 0)
            return 1;
    return 0;
}

static int check_names(const char *name, const metrics_request *request)
{
    static const char *const tools[] = {"spikeinterface", "allen",    "ibl",
                                        "bombcell",       "kilosort", "cellexplorer"};
    const char *definition = request->options.definition;
    vocabulary v = {.n = 0};
    int code = COMMAND_OK;
    if (!vocabulary_make(definition, &v)) {
        command_say(name, "not enough memory");
        code = COMMAND_FAILED;
    } else if (v.n == 0) {
        code = fail_word(name, "--definition", definition, "definition", tools,
                         sizeof tools / sizeof tools[0]);
    }
    for (int64_t i = 0; code == COMMAND_OK && i < request->options.n_names; i++)
        if (!is_known(definition, request->names[i]))
            code = fail_word(name, "--metrics", request->names[i], "metric or group",
                             v.words, v.n);
    vocabulary_clear(&v);
    return code;
}

/* ---- settings ---- */

static int fail_parameter(const char *name, const char *word)
{
    const size_t n = (size_t)spk_metrics_parameter_catalog_length();
    const char **candidates = malloc((n + 1) * sizeof *candidates);
    if (candidates == NULL) {
        command_say(name, "not enough memory");
        return COMMAND_FAILED;
    }
    for (size_t p = 0; p < n; p++)
        candidates[p] = spk_metrics_parameter_catalog((int64_t)p)->name;
    const int code = fail_word(name, "--set", word, "parameter", candidates, n);
    free(candidates);
    return code;
}

int metrics_request_has(const metrics_request *request, const spk_metric *metric)
{
    const spk_metrics_options *options = &request->options;
    char name[NAME_SIZE];
    int match = 0;
    if (options->names == NULL)
        return options->definition == NULL ||
                       spk_metrics_peer_name(metric, options->definition, name)
                   ? 2
                   : 0;
    for (int64_t i = 0; i < options->n_names && match != 1; i++) {
        const int32_t found =
            spk_metrics_match(metric, options->definition, options->names[i]);
        match = found != 0 ? found : match;
    }
    return match;
}

/* "name=value", cut in place. */
static int parse_setting(const char *name, char *word, spk_metrics_setting *setting)
{
    char *equals = strchr(word, '='), *end = NULL;
    if (equals == NULL || equals == word || equals[1] == '\0')
        return command_fail_usage(name, "--set: expected NAME=VALUE, found '%s'", word);
    errno = 0;
    setting->value = strtod(equals + 1, &end);
    if (*end != '\0' || errno != 0)
        return command_fail_usage(name, "--set: expected a number in '%s'", word);
    *equals = '\0';
    setting->name = word;
    for (int64_t p = 0; p < spk_metrics_parameter_catalog_length(); p++) {
        const spk_metrics_parameter *parameter = spk_metrics_parameter_catalog(p);
        if (strcmp(parameter->name, word) != 0)
            continue;
        if (setting->value >= parameter->minimum && setting->value <= parameter->maximum)
            return COMMAND_OK;
        return command_fail_usage(name, "--set: %s must be in %g .. %g, got %g", word,
                                  parameter->minimum, parameter->maximum, setting->value);
    }
    return fail_parameter(name, word);
}

static int parse_settings(const char *name, const char *text, metrics_request *request)
{
    const char **words = NULL;
    const int64_t n = split(text, &request->owned[1], &words);
    int code = COMMAND_OK;
    request->settings = n < 0 ? NULL : malloc((size_t)n * sizeof *request->settings);
    if (request->settings == NULL) {
        command_say(name, "not enough memory");
        code = COMMAND_FAILED;
    }
    for (int64_t i = 0; code == COMMAND_OK && i < n; i++)
        code = parse_setting(name, request->owned[1] + (words[i] - request->owned[1]),
                             &request->settings[i]);
    free(words);
    request->options.settings = request->settings;
    request->options.n_settings = n;
    return code;
}

int metrics_request_make(const char *name, spk_context *ctx, const char *definition,
                         const char *names, const char *settings,
                         metrics_request *request)
{
    (void)ctx;
    memset(request, 0, sizeof *request);
    spk_metrics_options_init(&request->options, sizeof request->options);
    request->options.definition = definition;
    if (names != NULL) {
        request->options.n_names = split(names, &request->owned[0], &request->names);
        if (request->options.n_names < 0) {
            command_say(name, "not enough memory");
            return COMMAND_FAILED;
        }
        request->options.names = request->names;
    }
    int code = check_names(name, request);
    if (code == COMMAND_OK && settings != NULL)
        code = parse_settings(name, settings, request);
    return code;
}

void metrics_request_clear(metrics_request *request)
{
    free(request->names);
    free(request->settings);
    free(request->owned[0]);
    free(request->owned[1]);
    memset(request, 0, sizeof *request);
}
