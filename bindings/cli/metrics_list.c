/* SPDX-License-Identifier: BSD-3-Clause */
#include "metrics_list.h"
#include "options_help.h"

#include <stdio.h>
#include <string.h>

enum {
    INDENT = 6
};

static int is_listed(const metrics_request *request, const spk_metric *metric,
                     char name[64])
{
    const spk_metrics_options *options = &request->options;
    if (options->definition == NULL)
        snprintf(name, 64, "%s", metric->name);
    else if (!spk_metrics_peer_name(metric, options->definition, name))
        return 0;
    return metrics_request_has(request, metric);
}

static void print_metric(const spk_metric *metric, const char *name)
{
    static const char *const needs[] = {"amplitudes", "positions", "templates",
                                        "features"};
    char line[512];
    printf("  ");
    help_print_bold(stdout, name, "");
    if (strcmp(metric->unit, "1") != 0)
        printf(" [%s]", metric->unit);
    for (int n = 0, first = 1; n < 4; n++)
        if (metric->needs & (1 << n)) {
            printf("%s%s", first ? ", from " : " and ", needs[n]);
            first = 0;
        }
    printf("%s\n", metric->is_slow ? ", slow" : "");
    help_print_text(stdout, metric->summary, INDENT, 0);
    snprintf(line, sizeof line, "NaN: %s.", metric->undefined);
    help_print_text(stdout, line, INDENT, 0);
    if (metric->peers[0] != '\0') {
        snprintf(line, sizeof line, "As %s.", metric->peers);
        help_print_text(stdout, line, INDENT, 0);
    }
    printf("\n");
}

static void print_parameters(const char *group)
{
    char line[512];
    for (int64_t p = 0; p < spk_metrics_parameter_catalog_length(); p++) {
        const spk_metrics_parameter *parameter = spk_metrics_parameter_catalog(p);
        if (strcmp(parameter->group, group) != 0)
            continue;
        printf("  --set ");
        help_print_bold(stdout, parameter->name, "");
        printf("=%g%s%s\n", parameter->default_value,
               strcmp(parameter->unit, "1") == 0 ? "" : " ",
               strcmp(parameter->unit, "1") == 0 ? "" : parameter->unit);
        snprintf(line, sizeof line, "%s %g to %g.", parameter->summary,
                 parameter->minimum, parameter->maximum);
        help_print_text(stdout, line, INDENT, 0);
        printf("\n");
    }
}

static void print_topics(void)
{
    char line[512];
    help_print_bold(stdout, "Names of several groups", "\n");
    for (int64_t t = 0; t < spk_metrics_topic_catalog_length(); t++) {
        const spk_metrics_topic *topic = spk_metrics_topic_catalog(t);
        printf("  ");
        help_print_bold(stdout, topic->name, "\n");
        snprintf(line, sizeof line, "%s Groups: %s.", topic->summary, topic->groups);
        help_print_text(stdout, line, INDENT, 0);
        printf("\n");
    }
}

int metrics_list_print(const char *name, spk_context *ctx, const metrics_request *request)
{
    const char *group = NULL;
    char shown[64];
    (void)name;
    (void)ctx;
    for (int64_t m = 0; m < spk_metrics_catalog_length(); m++) {
        const spk_metric *metric = spk_metrics_catalog(m);
        if (!is_listed(request, metric, shown))
            continue;
        if (group == NULL || strcmp(group, metric->group) != 0) {
            if (group != NULL)
                print_parameters(group);
            group = metric->group;
            help_print_bold(stdout, group, "\n");
        }
        print_metric(metric, shown);
    }
    if (group != NULL)
        print_parameters(group);
    if (request->options.names == NULL)
        print_topics();
    return COMMAND_OK;
}
