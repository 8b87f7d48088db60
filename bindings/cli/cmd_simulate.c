/* SPDX-License-Identifier: BSD-3-Clause */
#include "command.h"
#include "folder_output.h"
#include "options.h"

#include <math.h>
#include <spikekit/simulation.h>
#include <stdio.h>
#include <string.h>

typedef struct simulate_arguments {
    const char *output;
    int32_t overwrite;
    spk_simulation_options simulation;
    run_arguments run;
} simulate_arguments;

#define FIELD(field) offsetof(spk_simulation_options, field)

static const option options_output[] = {
    {"output", 'o', OPTION_TEXT, "FOLDER", offsetof(simulate_arguments, output),
     "The phy folder to write.", "", 0, 0},
    {"overwrite", 0, OPTION_FLAG, NULL, offsetof(simulate_arguments, overwrite),
     "Replace files that are already in the folder.", NULL, 0, 0},
    {NULL, 0, OPTION_FLAG, NULL, 0, NULL, NULL, 0, 0},
};
static const option options_size[] = {
    {"seed", 's', OPTION_SEED, "N", FIELD(seed),
     "The same seed and options give the same session, bit for bit.", NULL, 0, 0},
    {"units", 'u', OPTION_INTEGER, "N", FIELD(n_units), "Number of units.", NULL, 0, 1e9},
    {"duration-s", 'd', OPTION_NUMBER, "S", FIELD(duration_s), "Length [s].", NULL, 0, 0},
    {"rate", 0, OPTION_NUMBER, "HZ", FIELD(sampling_rate_hz), "Sampling rate [Hz].", NULL,
     0, 0},
    {"probe-length-um", 0, OPTION_NUMBER, "UM", FIELD(probe_length_um),
     "Units lie along a probe of this length [um].", NULL, 0, 0},
    {NULL, 0, OPTION_FLAG, NULL, 0, NULL, NULL, 0, 0},
};
static const option options_firing[] = {
    {"rate-median-hz", 0, OPTION_NUMBER, "HZ", FIELD(rate_median_hz),
     "Median of the base rates, which are log-normal across units [Hz].", NULL, 0, 0},
    {"rate-sigma", 0, OPTION_NUMBER, "X", FIELD(rate_sigma),
     "Standard deviation of the base rates in ln; 0: all equal.", NULL, 0, 0},
    {"refractory-s", 0, OPTION_NUMBER, "S", FIELD(refractory_s),
     "Absolute refractory period [s].", NULL, 0, 0},
    {"burst-share", 0, OPTION_NUMBER, "SHARE", FIELD(burst_share),
     "Share of units that burst, 0 to 1.", NULL, 0, 0},
    {"burst-size", 0, OPTION_NUMBER, "N", FIELD(burst_size),
     "Mean number of spikes of a burst, at least 1.", NULL, 0, 0},
    {"burst-interval-s", 0, OPTION_NUMBER, "S", FIELD(burst_interval_s),
     "Mean interval within a burst beyond the refractory period [s].", NULL, 0, 0},
    {"drift-sigma", 0, OPTION_NUMBER, "X", FIELD(drift_sigma),
     "Standard deviation of the slow drift of ln rate; 0: stationary.", NULL, 0, 0},
    {"drift-time-s", 0, OPTION_NUMBER, "S", FIELD(drift_time_s),
     "Correlation time of the drift [s].", NULL, 0, 0},
    {"modulation-sigma", 0, OPTION_NUMBER, "X", FIELD(modulation_sigma),
     "Standard deviation of a modulation of ln rate that units share, times 0.5 to 1.5 "
     "for "
     "each unit; 0: none.",
     NULL, 0, 0},
    {"modulation-time-s", 0, OPTION_NUMBER, "S", FIELD(modulation_time_s),
     "Correlation time of the modulation [s].", NULL, 0, 0},
    {"modulation-hz", 0, OPTION_NUMBER, "HZ", FIELD(modulation_hz),
     "Frequency of the modulation [Hz]; 0: it does not oscillate.", NULL, 0, 0},
    {"modulation-groups", 0, OPTION_INTEGER, "N", FIELD(modulation_groups),
     "Number of groups of units, each with a modulation of its own.", NULL, 0, 1e9},
    {"modulation-opposed", 0, OPTION_NUMBER, "SHARE", FIELD(modulation_opposed),
     "Share of units that the modulation slows when it speeds others, 0 to 1.", NULL, 0,
     0},
    {NULL, 0, OPTION_FLAG, NULL, 0, NULL, NULL, 0, 0},
};
static const option options_connection[] = {
    {"connection-share", 0, OPTION_NUMBER, "SHARE", FIELD(connection_share),
     "Share of ordered pairs of units that are connected, 0 to 1.", NULL, 0, 0},
    {"inhibitory-share", 0, OPTION_NUMBER, "SHARE", FIELD(inhibitory_share),
     "Share of connections that inhibit, 0 to 1.", NULL, 0, 0},
    {"connection-strength", 0, OPTION_NUMBER, "X", FIELD(connection_strength),
     "Median strength of an excitatory connection: extra target spikes for each source "
     "spike.",
     NULL, 0, 0},
    {"connection-sigma", 0, OPTION_NUMBER, "X", FIELD(connection_sigma),
     "Standard deviation of that strength in ln; 0: all equal.", NULL, 0, 0},
    {"connection-latency-s", 0, OPTION_NUMBER, "S", FIELD(connection_latency_s),
     "Mean latency of connections [s]; each has its own, within half of it.", NULL, 0, 0},
    {"connection-jitter-s", 0, OPTION_NUMBER, "S", FIELD(connection_jitter_s),
     "Standard deviation of one connection's latency [s].", NULL, 0, 0},
    {"inhibition-s", 0, OPTION_NUMBER, "S", FIELD(inhibition_s),
     "Length of inhibition [s].", NULL, 0, 0},
    {NULL, 0, OPTION_FLAG, NULL, 0, NULL, NULL, 0, 0},
};
static const option options_common[] = {
    {"common-groups", 0, OPTION_INTEGER, "N", FIELD(common_groups),
     "Number of groups of units, each driven by a source that is not recorded.", NULL, 0,
     1e9},
    {"common-size", 0, OPTION_INTEGER, "N", FIELD(common_size),
     "Number of units of such a group.", NULL, 0, 1e9},
    {"common-rate-hz", 0, OPTION_NUMBER, "HZ", FIELD(common_rate_hz),
     "Rate of each source [Hz].", NULL, 0, 0},
    {"common-strength", 0, OPTION_NUMBER, "X", FIELD(common_strength),
     "Extra spikes of each unit of the group for each spike of its source, 0 to 1.", NULL,
     0, 0},
    {"common-latency-s", 0, OPTION_NUMBER, "S", FIELD(common_latency_s),
     "Latencies from the source are uniform from 0 to this [s].", NULL, 0, 0},
    {"common-jitter-s", 0, OPTION_NUMBER, "S", FIELD(common_jitter_s),
     "Standard deviation of one unit's latency [s].", NULL, 0, 0},
    {NULL, 0, OPTION_FLAG, NULL, 0, NULL, NULL, 0, 0},
};
static const option options_sorting[] = {
    {"contamination-max", 0, OPTION_NUMBER, "SHARE", FIELD(contamination_max),
     "Share of a unit's spikes that are foreign: uniform from 0 to this.", NULL, 0, 0},
    {"missed-max", 0, OPTION_NUMBER, "SHARE", FIELD(missed_max),
     "Share of a unit's spikes that are missed: uniform from 0 to this.", NULL, 0, 0},
    {NULL, 0, OPTION_FLAG, NULL, 0, NULL, NULL, 0, 0},
};
static const option_group groups[] = {
    {"Output", options_output, 0},
    {"Session", options_size, offsetof(simulate_arguments, simulation)},
    {"Firing", options_firing, offsetof(simulate_arguments, simulation)},
    {"Connections", options_connection, offsetof(simulate_arguments, simulation)},
    {"Common input", options_common, offsetof(simulate_arguments, simulation)},
    {"Sorting errors", options_sorting, offsetof(simulate_arguments, simulation)},
    {"Running", options_run, offsetof(simulate_arguments, run)},
    {NULL, NULL, 0},
};
static const char *const synopsis[] = {
    "-o FOLDER [--units N] [--duration-s S] [--seed N] [options]",
    NULL,
};
static const option_section sections[] = {
    {"Files written",
     "A phy folder (params.py, spike_times.npy, spike_clusters.npy, spike_templates.npy, "
     "amplitudes.npy, spike_positions.npy and others) and truth.json: for each unit its "
     "base "
     "rate, contamination, missed share and position, and every connection with its "
     "latency, strength and the pairs of spikes that are due to it, and every common "
     "input. Analyse the folder as if a sorter had left it, then hold what was "
     "found against truth.json.\n"
     "\n"
     "The true spike trains are those of the same seed and options with "
     "--contamination-max 0 --missed-max 0: write them to another folder for "
     "spikekit compare --truth."},
    {NULL, NULL},
};
static const option_example examples[] = {
    {"Twenty minutes of 300 units:", "spikekit simulate -o demo"},
    {"A small one, in an instant:",
     "spikekit simulate -o tiny --units 10 --duration-s 60"},
    {"Independent, stationary Poisson units with perfect sorting:",
     "spikekit simulate -o null --connection-share 0 --burst-share 0 \\\n"
     "          --drift-sigma 0 --contamination-max 0 --missed-max 0"},
    {"What looks like a connection and is none:",
     "spikekit simulate -o fooled --connection-share 0 --modulation-sigma 0.5 \\\n"
     "          --common-groups 40"},
    {NULL, NULL},
};
static const command_usage usage = {
    .name = "simulate",
    .synopsis = synopsis,
    .description =
        "Makes a session whose truth is known. Units fire as point processes with "
        "log-normal "
        "base rates, slow drift, refractory periods, bursts and synaptic connections, if "
        "asked for also with shared modulation and common input; "
        "then a "
        "sorter is imitated that misses some spikes and takes in foreign ones.",
    .groups = groups,
    .sections = sections,
    .examples = examples,
    .see_also = "spikekit(1), spikekit-info(1), spikekit-correlogram(1)",
};

/* A value that the library refuses, by the name of its option. */
static int fail_run(const spk_context *ctx, spk_status status)
{
    const char *message = spk_context_message(ctx);
    char name[64];
    const size_t n = strcspn(message, " ");
    if (status != SPK_ERR_ARGUMENT || n >= sizeof name)
        return command_fail("simulate", ctx, status);
    snprintf(name, sizeof name, "%.*s", (int)n, message);
    for (size_t k = 0; k < n; k++)
        name[k] = name[k] == '_' ? '-' : name[k];
    const char *shown = strcmp(name, "n-units") == 0            ? "units"
                        : strcmp(name, "sampling-rate-hz") == 0 ? "rate"
                                                                : name;
    return command_fail_usage("simulate", "--%s:%s", shown, message + n);
}

int spk_cmd_simulate(int argc, char **argv)
{
    simulate_arguments arguments = {.output = NULL};
    spk_context *ctx = NULL;
    spk_simulation *simulation = NULL;
    folder_output folder;
    spk_simulation_options_init(&arguments.simulation, sizeof arguments.simulation);
    int code = options_parse(&usage, &arguments, argc, argv);
    if (code != -1)
        return code;
    if (arguments.output == NULL)
        return command_fail_usage("simulate", "-o FOLDER is missing");
    if (arguments.simulation.modulation_sigma == 0.0 &&
        (arguments.simulation.modulation_hz != 0.0 ||
         arguments.simulation.modulation_opposed != 0.0))
        return command_fail_usage(
            "simulate",
            "--modulation-%s is of the modulation that --modulation-sigma makes",
            arguments.simulation.modulation_hz != 0.0 ? "hz" : "opposed");
    if ((code = command_start("simulate", &arguments.run, &ctx)) != COMMAND_OK)
        return code;
    code =
        folder_output_begin("simulate", arguments.output, arguments.overwrite, &folder);
    if (code != COMMAND_OK) {
        command_finish(ctx);
        return code;
    }
    spk_status status = spk_simulation_run(ctx, &arguments.simulation, &simulation);
    if (status == SPK_OK)
        status = spk_simulation_write(ctx, folder.path, simulation, arguments.overwrite);
    if (status == SPK_OK && command_interrupted())
        status = SPK_ERR_CANCELLED;
    if (status == SPK_OK)
        code = folder_output_commit("simulate", &folder);
    else
        code = fail_run(ctx, status);
    folder_output_end(&folder);
    if (code == COMMAND_OK && !arguments.run.quiet) {
        int64_t n = 0;
        (void)spk_simulation_connections(simulation, &n);
        const spk_spikes *spikes = spk_simulation_spikes(simulation);
        command_say("simulate", "%s: %lld spikes of %lld units, %lld connections",
                    arguments.output, (long long)spikes->n_spikes,
                    (long long)spikes->n_units, (long long)n);
    }
    spk_simulation_destroy(simulation);
    command_finish(ctx);
    return code;
}
