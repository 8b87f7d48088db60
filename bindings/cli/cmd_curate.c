/* SPDX-License-Identifier: BSD-3-Clause */
#include "curate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIELD(field) offsetof(curate_arguments, field)
#define END                                                                              \
    {                                                                                    \
        NULL, 0, OPTION_FLAG, NULL, 0, NULL, NULL, 0, 0                                  \
    }

static const option options_input[] = {
    {"SESSION", 0, OPTION_OPERANDS, NULL, FIELD(operands),
     "A folder as left by Kilosort, phy or the IBL pipeline.", NULL, 0, 0},
    END,
};
static const option options_labels[] = {
    {"thresholds", 't', OPTION_TEXT, "FILE", FIELD(thresholds),
     "Label units by this table of thresholds, or by a preset: bombcell, spikeinterface, "
     "ibl or kilosort.",
     "no labels", 0, 0},
    {"label-name", 0, OPTION_TEXT, "NAME", FIELD(label_name),
     "Name of the column: labels go to cluster_NAME.tsv.",
     "bc_unitType with --thresholds bombcell, otherwise label", 0, 0},
    {"write-thresholds", 0, OPTION_TEXT, "PRESET", FIELD(write_thresholds),
     "Write the table of a preset to standard output, to be edited and given to "
     "--thresholds. Needs no SESSION.",
     "", 0, 0},
    END,
};
static const option options_steps[] = {
    {"remove-duplicates", 0, OPTION_FLAG, NULL, FIELD(remove_duplicates),
     "Remove spikes that come less than --censor-ms after the one before of the same "
     "unit.",
     NULL, 0, 0},
    {"remove-redundant", 0, OPTION_FLAG, NULL, FIELD(remove_redundant),
     "Of two units that share more than 80 % of the spikes of the smaller within 0.4 ms, "
     "remove the one with fewer spikes.",
     NULL, 0, 0},
    {"curation", 'c', OPTION_TEXT, "FILE", FIELD(curation),
     "Apply a curation file of SpikeInterface (.json): what it removes, merges, splits "
     "and "
     "labels.",
     "", 0, 0},
    {"remove", 0, OPTION_TEXT, "IDS", FIELD(remove), "Remove these units: 4,8.", "", 0,
     0},
    {"merge", 0, OPTION_TEXT, "PRESET", FIELD(merge),
     "Find units to merge and merge them: spikekit, similarity_correlograms, "
     "temporal_splits, x_contaminations, feature_neighbors or slay.",
     "", 0, 0},
    {"merges", 'm', OPTION_TEXT, "GROUPS", FIELD(merges),
     "Merge these units: 3+7,12+15+16 makes two new units.", "", 0, 0},
    {"split", 0, OPTION_TEXT, "FILE", FIELD(split),
     "Split units by a .tsv or .csv table with the columns cluster_id, spike (place "
     "among "
     "the unit's spikes, the first is 0) and part (a whole number). Spikes without a row "
     "are part 0.",
     "", 0, 0},
    {"censor-ms", 0, OPTION_NUMBER, "MS", FIELD(censor_ms),
     "Of a merged unit, remove spikes less than so long after the one before: units that "
     "shared spikes have them twice [ms]. 0 keeps all.",
     NULL, 0, 1000},
    END,
};
static const option options_output[] = {
    {"output", 'o', OPTION_TEXT, "FOLDER", FIELD(output),
     "A new folder for phy with the spikes as they are now, labels, and what was "
     "decided.",
     "", 0, 0},
    {"phy", 0, OPTION_FLAG, NULL, FIELD(phy),
     "Write into the session's own folder what phy reads there: labels, and "
     "spike_clusters.npy if units were changed. Removed spikes stay, as a cluster of "
     "their "
     "own that is labelled noise.",
     NULL, 0, 0},
    {"overwrite", 0, OPTION_FLAG, NULL, FIELD(overwrite),
     "Replace files that are already there; without it nothing is written if one is.",
     NULL, 0, 0},
    {"dry-run", 'n', OPTION_FLAG, NULL, FIELD(dry_run),
     "Say what would be done and write nothing.", NULL, 0, 0},
    END,
};
/* As options_run, but -t is that of --thresholds. */
static const option options_running[] = {
    {"threads", 0, OPTION_INTEGER, "N", offsetof(run_arguments, threads),
     "Threads to use. The result is the same, bit for bit, for any number.",
     "0, one for each processor", 0, 4096},
    {"quiet", 'q', OPTION_FLAG, NULL, offsetof(run_arguments, quiet),
     "No progress, no remarks; errors only.", NULL, 0, 0},
    END,
};
static const option_group groups[] = {
    {"Input", options_input, 0},
    {"Labels", options_labels, 0},
    {"Steps, in this order", options_steps, 0},
    {"Output", options_output, 0},
    {"Session", options_session, FIELD(session)},
    {"Running", options_running, FIELD(run)},
    {NULL, NULL, 0},
};
static const char *const synopsis[] = {
    "SESSION (-o FOLDER | --phy | --dry-run) [steps] [--thresholds FILE]",
    "--write-thresholds PRESET > FILE",
    NULL,
};
static const option_section sections[] = {
    {"Tables of thresholds",
     "A row for each threshold, and these columns, the last four of which may be "
     "absent:\n"
     "\n"
     " label     what a unit becomes that violates the row; none: no label\n"
     " metric    a name that `spikekit metrics --list` shows, or a tool's\n"
     "           own (bombcell:nPeaks); abs(amplitude_median) for the size;\n"
     "           empty: takes every unit that comes to it\n"
     " minimum   smallest value in order; >5: above 5; empty: no limit\n"
     " maximum   largest value in order; <5: below 5; empty: no limit\n"
     " nan       a value that could not be computed: ignore, or fail\n"
     " together  rows with the same word violate only all together\n"
     "\n"
     "Labels are tried in the order in which the table first names them; the first that "
     "fits is taken. Rows whose metric the session does not allow are passed over, and "
     "said to be.\n"
     "\n"
     "The presets spikeinterface and ibl take amplitudes in microvolts and in volts; "
     "what "
     "Kilosort leaves in amplitudes.npy is neither."},
    {"Files written",
     " curation.tsv      a row a unit: cluster_id, label, what decided it, share of\n"
     "                   thresholds passed, spikes, units it was made of, and the\n"
     "                   metrics that the thresholds look at\n"
     " cluster_NAME.tsv  the labels, for phy\n"
     " curation.json     the steps, for SpikeInterface\n"
     " with -o           a phy folder: what the session has of the spikes left,\n"
     "                   of templates, features, probe and raw file; its labels:\n"
     "                   a merged unit gets those that all its parts had\n"
     " with --phy        spike_clusters.npy, if units were changed, and new rows of\n"
     "                   cluster_group.tsv: removed spikes are noise, and a merged\n"
     "                   unit has the group that all its parts had"},
    {NULL, NULL},
};
static const option_example examples[] = {
    {"See what bombcell would say, and change nothing:",
     "spikekit curate mouse7 --thresholds bombcell --dry-run"},
    {"A table of one's own, from bombcell's:",
     "spikekit curate --write-thresholds bombcell > mine.tsv"},
    {"Label by it, for phy:", "spikekit curate mouse7 -t mine.tsv --phy"},
    {"Merge two pairs, without the spikes that both had, into a new folder:",
     "spikekit curate mouse7 --merges 3+7,12+15 -o mouse7-curated"},
    {"Find and merge split units, then label:",
     "spikekit curate mouse7 --merge slay -t kilosort -o curated"},
    {"Apply what was decided in a viewer:",
     "spikekit curate mouse7 --curation curation.json -o curated"},
    {NULL, NULL},
};
static const command_usage usage = {
    .name = CURATE_NAME,
    .synopsis = synopsis,
    .description =
        "Merges, splits, removes and labels units, and writes the result as phy and "
        "other "
        "programs read it.\n"
        "\n"
        "Nothing in the session's folder changes unless --phy is given, and nothing that "
        "is already there is replaced without --overwrite. All files appear together, or "
        "none.",
    .groups = groups,
    .sections = sections,
    .examples = examples,
    .see_also = "spikekit(1), spikekit-metrics(1), spikekit-report(1)",
    .max_operands = 1,
};

int curate_fail_memory(void)
{
    command_say(CURATE_NAME, "not enough memory");
    return COMMAND_FAILED;
}

const char *curate_label_name(const curate_arguments *a)
{
    if (a->label_name != NULL)
        return a->label_name;
    return a->thresholds != NULL && strcmp(a->thresholds, "bombcell") == 0 ? "bc_unitType"
                                                                           : "label";
}

static int write_thresholds(const char *preset)
{
    const char *names[16];
    size_t n = 0;
    for (int64_t p = 0; p < spk_thresholds_n_presets() && n < 16; p++) {
        names[n++] = spk_thresholds_preset_name(p);
        if (strcmp(names[n - 1], preset) == 0) {
            fputs(spk_thresholds_preset_text(p), stdout);
            return COMMAND_OK;
        }
    }
    const char *nearest = options_nearest(preset, names, n);
    return command_fail_usage(CURATE_NAME, "--write-thresholds: no preset '%s'%s%s%s",
                              preset, nearest == NULL ? "" : "; did you mean '",
                              nearest == NULL ? "" : nearest,
                              nearest == NULL ? "" : "'?");
}

static int check_together(const curate_arguments *a)
{
    const char *name = curate_label_name(a);
    const size_t n = strlen(name);
    if (n == 0 || n > 200 ||
        strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") !=
            n)
        return command_fail_usage(
            CURATE_NAME, "--label-name: expected letters, digits and _, found '%s'",
            name);
    const int n_places = (a->output != NULL) + a->phy;
    if (n_places > 1)
        return command_fail_usage(CURATE_NAME, "choose one of --output and --phy");
    if (n_places == 0 && !a->dry_run)
        return command_fail_usage(CURATE_NAME,
                                  "where to? give -o FOLDER, --phy or --dry-run");
    if (a->phy && a->session.times != NULL)
        return command_fail_usage(CURATE_NAME, "--phy needs the folder of a session");
    if (a->phy && a->session.sort)
        return command_fail_usage(CURATE_NAME,
                                  "--phy keeps the order of the folder's files: "
                                  "with --sort write a new folder, -o FOLDER");
    if (a->thresholds == NULL && a->curation == NULL && a->merge == NULL &&
        a->merges == NULL && a->split == NULL && a->remove == NULL &&
        !a->remove_duplicates && !a->remove_redundant)
        return command_fail_usage(CURATE_NAME,
                                  "nothing to do: give --thresholds or one of the steps");
    return COMMAND_OK;
}

static void clear_state(curate_state *s)
{
    spk_metrics_destroy(s->metrics);
    spk_table_destroy(s->by_hand);
    spk_thresholds_destroy(s->thresholds);
    spk_curation_destroy(s->curation);
    curate_clear_table(&s->now);
    free(s->labels);
    free(s->reasons);
    free(s->passed);
    spk_session_close(s->session);
}

/* Thresholds first: a mistake in them is told before anything is counted. */
static int start(const curate_arguments *a, spk_context *ctx, curate_state *s)
{
    spk_status status = SPK_OK;
    if (a->thresholds != NULL)
        status = spk_thresholds_read(ctx, a->thresholds, 0, NULL, &s->thresholds);
    if (status != SPK_OK)
        return command_fail(CURATE_NAME, ctx, status);
    const int code =
        session_argument_open(CURATE_NAME, ctx, &a->session, &a->operands, &s->session);
    if (code != COMMAND_OK)
        return code;
    if (a->phy && strcmp(spk_session_format(s->session), "kilosort") != 0) {
        command_say(CURATE_NAME,
                    "%s: --phy writes into a Kilosort or phy folder, found %s; "
                    "give -o FOLDER",
                    spk_session_path(s->session), spk_session_format(s->session));
        return COMMAND_FAILED;
    }
    /* Only what is looked at or written: each takes memory of its own. */
    int32_t needs = a->output != NULL || a->merge != NULL
                        ? SPK_METRIC_NEEDS_AMPLITUDES | SPK_METRIC_NEEDS_POSITIONS
                        : 0;
    for (int64_t r = 0; r < spk_thresholds_n_rows(s->thresholds); r++) {
        const spk_metric *metric = spk_thresholds_metric(s->thresholds, r);
        needs |= metric == NULL ? 0 : metric->needs;
    }
    needs |= a->merge == NULL ? 0 : SPK_METRIC_NEEDS_TEMPLATES;
    spk_metrics_input_init(&s->input, sizeof s->input);
    status = spk_metrics_input_from_session(ctx, s->session, needs, &s->input);
    spk_curation_options options;
    spk_curation_options_init(&options, sizeof options);
    options.unit_ids = spk_session_unit_ids(s->session);
    options.n_bins = 0;
    if (status == SPK_OK)
        status = spk_curation_create(ctx, s->input.spikes, &options, &s->curation);
    return status == SPK_OK ? COMMAND_OK : command_fail(CURATE_NAME, ctx, status);
}

static int run(const curate_arguments *a, spk_context *ctx)
{
    curate_state state = {.session = NULL};
    int code = start(a, ctx, &state);
    if (code == COMMAND_OK)
        code = curate_take_steps(a, ctx, &state);
    if (code == COMMAND_OK)
        code = curate_make_table(ctx, &state, &state.now);
    if (code == COMMAND_OK)
        code = curate_label(ctx, &state);
    if (code == COMMAND_OK && !a->dry_run)
        code = curate_write(a, ctx, &state);
    if (code == COMMAND_OK)
        curate_print_summary(a, &state);
    clear_state(&state);
    return code;
}

int spk_cmd_curate(int argc, char **argv)
{
    curate_arguments arguments = {.censor_ms = 0.3};
    spk_context *ctx = NULL;
    int code = options_parse(&usage, &arguments, argc, argv);
    if (code != -1)
        return code;
    if (arguments.write_thresholds != NULL)
        return write_thresholds(arguments.write_thresholds);
    if ((code = check_together(&arguments)) != COMMAND_OK ||
        (code = command_start(CURATE_NAME, &arguments.run, &ctx)) != COMMAND_OK)
        return code;
    code = run(&arguments, ctx);
    command_finish(ctx);
    return code;
}
