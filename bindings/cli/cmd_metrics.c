/* SPDX-License-Identifier: BSD-3-Clause */
#include "command.h"
#include "epochs_argument.h"
#include "metrics_list.h"
#include "metrics_output.h"
#include "metrics_request.h"
#include "options.h"
#include "session_argument.h"

#include <stdlib.h>
#include <string.h>

static const char NAME[] = "metrics";

typedef struct metrics_arguments {
    const char *output;
    const char *definition;
    const char *metrics;
    const char *settings;
    const char *epochs;
    const char *periods;
    const char *units;
    int32_t phy;
    int32_t overwrite;
    int32_t list;
    operand_list operands;
    session_arguments session;
    run_arguments run;
} metrics_arguments;

#define FIELD(field) offsetof(metrics_arguments, field)
#define END                                                                              \
    {                                                                                    \
        NULL, 0, OPTION_FLAG, NULL, 0, NULL, NULL, 0, 0                                  \
    }

static const option options_input[] = {
    {"SESSION", 0, OPTION_OPERANDS, NULL, FIELD(operands),
     "A folder as left by Kilosort, phy or the IBL pipeline.", NULL, 0, 0},
    END,
};
static const option options_what[] = {
    {"list", 'l', OPTION_FLAG, NULL, FIELD(list),
     "Show every metric with its definition, when it is undefined, and what can be set; "
     "with --definition or --metrics only those. Needs no SESSION.",
     NULL, 0, 0},
    {"metrics", 'm', OPTION_TEXT, "NAMES", FIELD(metrics),
     "Only these metrics, groups or topics, such as presence_ratio,contamination; "
     "bombcell:nPeaks is one of a tool by that tool's name. "
     "Metrics that --list marks as slow are computed only when they are named here.",
     "all that the session allows and that are not slow", 0, 0},
    {"definition", 'd', OPTION_TEXT, "TOOL", FIELD(definition),
     "The metrics of one tool, under that tool's own names: spikeinterface, allen, ibl, "
     "bombcell, kilosort or cellexplorer. Without it, every definition is a column with "
     "a name of its own.",
     "", 0, 0},
    {"set", 's', OPTION_TEXT, "SETTINGS", FIELD(settings),
     "Parameters other than their defaults, such as presence_bin_s=30; several are "
     "separated by commas. --list shows them.",
     "", 0, 0},
    END,
};
static const option options_time[] = {
    {"epochs", 'e', OPTION_TEXT, "FILE", FIELD(epochs),
     "Only these parts of the recording: a .tsv or .csv table with columns start_s and "
     "stop_s [s], in order and not overlapping.",
     "", 0, 0},
    {"periods", 0, OPTION_TEXT, "FILE", FIELD(periods),
     "Only the time for which each unit was well recorded: a table with columns "
     "cluster_id, start_s and stop_s [s], in any order. A unit without a row has no "
     "time.",
     "", 0, 0},
    END,
};
static const option options_output[] = {
    {"output", 'o', OPTION_TEXT, "FILE", FIELD(output),
     "The table to write, .tsv or .csv: a row a unit, cluster_id first, empty where a "
     "metric is undefined. A file of this name is replaced.",
     "standard output", 0, 0},
    {"units", 'u', OPTION_TEXT, "WHICH", FIELD(units),
     "Rows for all, good, mua, noise, unsorted, or unit ids such as 1,2,5-9. All units "
     "are looked at in any case: some metrics compare a unit with the others.",
     NULL, 0, 0},
    {"phy", 0, OPTION_FLAG, NULL, FIELD(phy),
     "Write each metric as cluster_METRIC.tsv into the session's folder, where phy shows "
     "it as a column. Wants --metrics or --definition, so that phy is not flooded.",
     NULL, 0, 0},
    {"overwrite", 0, OPTION_FLAG, NULL, FIELD(overwrite),
     "With --phy: replace files of these names that are there already.", NULL, 0, 0},
    END,
};
static const option_group groups[] = {
    {"Input", options_input, 0},
    {"Which metrics", options_what, 0},
    {"Which time", options_time, 0},
    {"Output", options_output, 0},
    {"Session", options_session, FIELD(session)},
    {"Running", options_run, FIELD(run)},
    {NULL, NULL, 0},
};
static const char *const synopsis[] = {
    "SESSION [-o FILE] [options]",
    "SESSION --phy --metrics NAMES",
    "--list [--definition TOOL]",
    NULL,
};
static const option_example examples[] = {
    {"Every metric that the folder allows:", "spikekit metrics mouse7 -o metrics.tsv"},
    {"What SpikeInterface would have given, under its names:",
     "spikekit metrics mouse7 -d spikeinterface -o quality_metrics.csv"},
    {"Two columns for phy:",
     "spikekit metrics mouse7 --phy -m presence_ratio,rp_contamination"},
    {"How contamination is defined, and by whom:",
     "spikekit metrics --list -m contamination"},
    {"The first ten minutes only, other bins:",
     "spikekit metrics mouse7 --epochs first.tsv --set presence_bin_s=30"},
    {NULL, NULL},
};
static const command_usage usage = {
    .name = "metrics",
    .synopsis = synopsis,
    .description =
        "Computes metrics of every unit: how well it was isolated, how much of it was "
        "missed, whether it was there throughout, how it moved, and how it fires.\n"
        "\n"
        "Tools disagree under one name. Here each definition has a name of its own, and "
        "--list says its formula; --definition gives the metrics of one tool under the "
        "names which that tool uses. What cannot be computed is left empty, and --list "
        "says when that is so.\n"
        "\n"
        "What needs amplitudes, positions, templates or features of spikes is left out "
        "when the folder does not have them.",
    .groups = groups,
    .examples = examples,
    .see_also = "spikekit(1), spikekit-curate(1), spikekit-report(1)",
    .max_operands = 1,
};

static int check_together(const metrics_arguments *a)
{
    if (a->phy && a->output != NULL)
        return command_fail_usage(NAME,
                                  "--phy writes into the session's folder; leave out "
                                  "--output");
    if (a->phy && a->session.times != NULL)
        return command_fail_usage(NAME, "--phy needs the folder of a session");
    if (a->phy && a->metrics == NULL && a->definition == NULL)
        return command_fail_usage(NAME, "--phy writes a file a metric: name some with "
                                        "--metrics or --definition");
    return COMMAND_OK;
}

/* Says how many metrics are not there because the session does not have what they need:
 * "; 43 left out for want of templates and features", or nothing. */
static void describe_left_out(const metrics_request *request, const spk_metrics *metrics,
                              const spk_metrics_input *input, char text[160])
{
    static const char *const needs[] = {"amplitudes", "positions", "templates",
                                        "features"};
    const int has[] = {input->amplitudes != NULL, input->spike_positions != NULL,
                       input->templates != NULL, input->features != NULL};
    int32_t missing = 0;
    int64_t n = -spk_metrics_n_columns(metrics);
    for (int64_t m = 0; m < spk_metrics_catalog_length(); m++) {
        const spk_metric *metric = spk_metrics_catalog(m);
        const int match = metrics_request_has(request, metric);
        if (match == 0 || (match == 2 && metric->is_slow))
            continue;
        n++;
        for (int k = 0; k < 4; k++)
            missing |= !has[k] ? metric->needs & (1 << k) : 0;
    }
    size_t used = 0;
    text[0] = '\0';
    for (int k = 0; k < 4 && n > 0; k++) {
        if (!(missing & (1 << k)))
            continue;
        missing &= ~(1 << k);
        if (used == 0)
            used = (size_t)snprintf(text, 160, "%lld left out for want of %s",
                                    (long long)n, needs[k]);
        else
            used += (size_t)snprintf(text + used, 160 - used, "%s%s",
                                     missing == 0 ? " and " : ", ", needs[k]);
    }
}

/* Reads what is computed from, computes, and writes. */
static int compute(const metrics_arguments *a, spk_context *ctx, spk_session *session,
                   metrics_request *request)
{
    spk_metrics_input input;
    spk_metrics *metrics = NULL;
    int64_t *places = NULL, n_places = 0;
    int32_t needs = 0;
    spk_metrics_input_init(&input, sizeof input);
    int code = unit_selection_parse(NAME, session, a->units, &places, &n_places);
    if (code != COMMAND_OK)
        return code;
    spk_status status = spk_metrics_needs(ctx, &request->options, &needs);
    if (status == SPK_OK)
        status = spk_metrics_input_from_session(ctx, session, needs, &input);
    if (status == SPK_OK)
        status = spk_metrics_compute(ctx, &input, &request->options, &metrics);
    if (status != SPK_OK) {
        code = command_fail(NAME, ctx, status);
    } else {
        const metrics_output output = {.session = session,
                                       .metrics = metrics,
                                       .places = places,
                                       .n_places = n_places};
        code = a->phy ? metrics_output_phy(NAME, ctx, &output, a->overwrite)
                      : metrics_output_table(NAME, ctx, &output, a->output);
        char left_out[160];
        describe_left_out(request, metrics, &input, left_out);
        if (code == COMMAND_OK && (a->phy || a->output != NULL))
            command_note(NAME, "%s: %lld metric%s of %lld unit%s%s%s",
                         a->phy ? spk_session_path(session) : a->output,
                         (long long)spk_metrics_n_columns(metrics),
                         spk_metrics_n_columns(metrics) == 1 ? "" : "s",
                         (long long)n_places, n_places == 1 ? "" : "s",
                         left_out[0] == '\0' ? "" : "; ", left_out);
        else if (code == COMMAND_OK && left_out[0] != '\0')
            command_note(NAME, "%s", left_out);
    }
    spk_metrics_destroy(metrics);
    free(places);
    return code;
}

static int run(const metrics_arguments *a, spk_context *ctx)
{
    spk_session *session = NULL;
    epochs_argument epochs = {.owned = NULL};
    periods_argument periods = {.owned = NULL};
    metrics_request request;
    int code =
        metrics_request_make(NAME, ctx, a->definition, a->metrics, a->settings, &request);
    if (code == COMMAND_OK && a->list)
        code = metrics_list_print(NAME, ctx, &request);
    else if (code == COMMAND_OK)
        code = session_argument_open(NAME, ctx, &a->session, &a->operands, &session);
    if (code != COMMAND_OK || a->list)
        goto cleanup;
    const spk_spikes *spikes = spk_session_spikes(session);
    if (a->epochs != NULL) {
        code =
            epochs_argument_read(NAME, ctx, a->epochs, spikes->sampling_rate_hz, &epochs);
        if (code != COMMAND_OK)
            goto cleanup;
        epochs_argument_note_outside(NAME, a->epochs, &epochs, spikes);
        request.options.epochs = &epochs.epochs;
    }
    if (a->periods != NULL) {
        code = periods_argument_read(NAME, ctx, a->periods, session, &periods);
        if (code != COMMAND_OK)
            goto cleanup;
        request.options.periods = &periods.periods;
    }
    code = compute(a, ctx, session, &request);
cleanup:
    metrics_request_clear(&request);
    periods_argument_clear(&periods);
    epochs_argument_clear(&epochs);
    spk_session_close(session);
    return code;
}

int spk_cmd_metrics(int argc, char **argv)
{
    metrics_arguments arguments = {.units = "all"};
    spk_context *ctx = NULL;
    int code = options_parse(&usage, &arguments, argc, argv);
    if (code == -1 && (code = check_together(&arguments)) == COMMAND_OK &&
        (code = command_start(NAME, &arguments.run, &ctx)) == COMMAND_OK)
        code = run(&arguments, ctx);
    command_finish(ctx);
    return code;
}
