/* SPDX-License-Identifier: BSD-3-Clause */
/* Chooses spikes by unit and epoch, gathers what is known of them, and hands them to a writer:
 * convert_output.c. */
#include "command.h"
#include "convert_output.h"
#include "epochs_argument.h"
#include "options.h"
#include "session_argument.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct convert_arguments {
    operand_list operands;
    const char *output;
    const char *to;
    int32_t overwrite;
    const char *units;
    const char *epochs;
    session_arguments session;
    run_arguments run;
} convert_arguments;

#define FIELD(field) offsetof(convert_arguments, field)
#define END                                                                              \
    {                                                                                    \
        NULL, 0, OPTION_FLAG, NULL, 0, NULL, NULL, 0, 0                                  \
    }

static const option options_input[] = {
    {"SESSION", 0, OPTION_OPERANDS, NULL, FIELD(operands),
     "A folder as left by Kilosort, phy or the IBL pipeline.", NULL, 0, 0},
    {"units", 'u', OPTION_TEXT, "WHICH", FIELD(units),
     "all, good, mua, noise, unsorted, or unit ids such as 1,2,5-9.", NULL, 0, 0},
    {"epochs", 'e', OPTION_TEXT, "FILE", FIELD(epochs),
     "Keep only spikes within epochs: a .tsv or .csv table with columns start_s and "
     "stop_s "
     "[s], in order and not overlapping. Times are not changed.",
     "", 0, 0},
    END,
};
static const option options_output[] = {
    {"output", 'o', OPTION_TEXT, "OUT", FIELD(output),
     "The folder or file to write; '-' with --to tsv or csv writes to standard output.",
     "", 0, 0},
    {"to", 0, OPTION_TEXT, "FORMAT", FIELD(to), "phy, npz, npy-pair, tsv or csv.",
     "by the ending of OUT: .npz, .tsv, .csv, otherwise phy", 0, 0},
    {"overwrite", 0, OPTION_FLAG, NULL, FIELD(overwrite),
     "phy: replace files that are already in the folder.", NULL, 0, 0},
    END,
};
static const option_group groups[] = {
    {"Input", options_input, 0},
    {"Output", options_output, 0},
    {"Session", options_session, FIELD(session)},
    {"Running", options_run, FIELD(run)},
    {NULL, NULL, 0},
};
static const char *const synopsis[] = {
    "SESSION -o OUT [--to FORMAT] [--units WHICH] [--epochs FILE]",
    NULL,
};
static const option_section sections[] = {
    {"Formats",
     " phy       a folder: params.py, spike_times.npy, spike_clusters.npy,\n"
     "           spike_templates.npy, amplitudes.npy, spike_positions.npy,\n"
     "           channel_positions.npy and cluster_group.tsv, as far as known\n"
     " npz       one file: samples [spikes], units [spikes] (index into\n"
     "           unit_ids), unit_ids, quality, sampling_rate_hz,\n"
     "           start_sample, stop_sample, amplitudes, spike_positions_um\n"
     " npy-pair  OUT.times.npy (samples, int64) and OUT.clusters.npy (unit ids)\n"
     " tsv, csv  a line for each spike: time_s, sample, unit_id"},
    {NULL, NULL},
};
static const option_example examples[] = {
    {"The good units as a phy folder:",
     "spikekit convert mouse7 -o mouse7-good --units good"},
    {"One file for numpy:", "spikekit convert mouse7 -o mouse7.npz"},
    {"A bare pair of seconds and ids into a phy folder at 30 kHz:",
     "spikekit convert --times t.npy --clusters c.npy --rate 30000 -o folder"},
    {"Spikes of unit 12 for other programs:",
     "spikekit convert mouse7 --units 12 --to tsv -o - | head"},
    {NULL, NULL},
};
static const command_usage usage = {
    .name = "convert",
    .synopsis = synopsis,
    .description =
        "Writes the spikes of a session, and what is known of them, in another "
        "format; all of them, or those of some units or epochs.",
    .groups = groups,
    .sections = sections,
    .examples = examples,
    .see_also = "spikekit(1), spikekit-info(1)",
    .max_operands = 1,
};

static int fail_memory(void)
{
    command_say("convert", "not enough memory");
    return COMMAND_FAILED;
}

/* Lists the spikes of chosen units inside the epochs, in order of time. */
static int gather(const spk_session *session, const int64_t *places, int64_t n_units,
                  const spk_epochs *epochs, convert_data *data)
{
    const spk_spikes *spikes = spk_session_spikes(session);
    const int64_t *ids = spk_session_unit_ids(session);
    int32_t *map = malloc(((size_t)spikes->n_units + 1) * sizeof *map);
    data->unit_ids = malloc(((size_t)n_units + 1) * sizeof *data->unit_ids);
    data->places = malloc(((size_t)n_units + 1) * sizeof *data->places);
    data->indices = malloc(((size_t)spikes->n_spikes + 1) * sizeof *data->indices);
    data->samples = malloc(((size_t)spikes->n_spikes + 1) * sizeof *data->samples);
    data->units = malloc(((size_t)spikes->n_spikes + 1) * sizeof *data->units);
    if (map == NULL || data->unit_ids == NULL || data->places == NULL ||
        data->indices == NULL || data->samples == NULL || data->units == NULL) {
        free(map);
        return fail_memory();
    }
    for (int64_t u = 0; u < spikes->n_units; u++)
        map[u] = -1;
    for (int64_t i = 0; i < n_units; i++) {
        map[places[i]] = (int32_t)i;
        data->unit_ids[i] = ids[places[i]];
        data->places[i] = places[i];
    }
    int64_t n = 0;
    for (int64_t s = 0, e = 0; s < spikes->n_spikes; s++) {
        const int64_t sample = spikes->samples[s];
        if (epochs != NULL) {
            while (e < epochs->n_epochs && epochs->stops[e] <= sample)
                e++;
            if (e == epochs->n_epochs)
                break;
            if (sample < epochs->starts[e])
                continue;
        }
        const int32_t unit = map[spikes->units[s]];
        if (unit < 0)
            continue;
        data->indices[n] = s;
        data->samples[n] = sample;
        data->units[n++] = unit;
    }
    free(map);
    data->session = session;
    data->spikes = *spikes;
    data->spikes.n_spikes = n;
    data->spikes.n_units = n_units;
    data->spikes.samples = data->samples;
    data->spikes.units = data->units;
    return COMMAND_OK;
}

static const char *choose_format(const convert_arguments *arguments)
{
    if (arguments->to != NULL)
        return arguments->to;
    const char *dot = strrchr(arguments->output, '.');
    if (dot != NULL && (strcmp(dot, ".npz") == 0 || strcmp(dot, ".tsv") == 0 ||
                        strcmp(dot, ".csv") == 0))
        return dot + 1;
    return "phy";
}

static int run(const convert_arguments *arguments, spk_context *ctx, const char *format)
{
    spk_session *session = NULL;
    epochs_argument epochs;
    convert_data data;
    int64_t *places = NULL;
    int64_t n_units = 0;
    memset(&epochs, 0, sizeof epochs);
    memset(&data, 0, sizeof data);
    int code = session_argument_open("convert", ctx, &arguments->session,
                                     &arguments->operands, &session);
    if (code != COMMAND_OK)
        return code;
    code = unit_selection_parse("convert", session, arguments->units, &places, &n_units);
    if (code == COMMAND_OK && arguments->epochs != NULL)
        code =
            epochs_argument_read("convert", ctx, arguments->epochs,
                                 spk_session_spikes(session)->sampling_rate_hz, &epochs);
    if (code == COMMAND_OK && arguments->epochs != NULL)
        epochs_argument_note_outside("convert", arguments->epochs, &epochs,
                                     spk_session_spikes(session));
    if (code == COMMAND_OK)
        code = gather(session, places, n_units,
                      arguments->epochs != NULL ? &epochs.epochs : NULL, &data);
    if (code == COMMAND_OK)
        code = convert_output_write(ctx, format, arguments->output, arguments->overwrite,
                                    &data);
    if (code == COMMAND_OK && !arguments->run.quiet &&
        strcmp(arguments->output, "-") != 0)
        command_say("convert", "%s: %lld spike%s of %lld unit%s", arguments->output,
                    (long long)data.spikes.n_spikes, data.spikes.n_spikes == 1 ? "" : "s",
                    (long long)n_units, n_units == 1 ? "" : "s");
    free(data.unit_ids);
    free(data.places);
    free(data.indices);
    free(data.samples);
    free(data.units);
    free(places);
    epochs_argument_clear(&epochs);
    spk_session_close(session);
    return code;
}

int spk_cmd_convert(int argc, char **argv)
{
    convert_arguments arguments = {.units = "all"};
    spk_context *ctx = NULL;
    int code = options_parse(&usage, &arguments, argc, argv);
    if (code != -1)
        return code;
    if (arguments.output == NULL)
        return command_fail_usage("convert", "-o OUT is missing");
    const char *format = choose_format(&arguments);
    if (!convert_output_knows(format))
        return command_fail_usage(
            "convert", "--to: expected phy, npz, npy-pair, tsv or csv, found '%s'",
            format);
    if (strcmp(arguments.output, "-") == 0 && strcmp(format, "tsv") != 0 &&
        strcmp(format, "csv") != 0)
        return command_fail_usage("convert",
                                  "-o -: only tsv and csv go to standard output");
    if ((code = command_start("convert", &arguments.run, &ctx)) != COMMAND_OK)
        return code;
    code = run(&arguments, ctx, format);
    command_finish(ctx);
    return code;
}
