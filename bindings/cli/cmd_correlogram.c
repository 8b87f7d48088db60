/* SPDX-License-Identifier: BSD-3-Clause */
#include "command.h"
#include "correlogram_request.h"
#include "options.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define FIELD(field) offsetof(correlogram_arguments, field)
#define END                                                                              \
    {                                                                                    \
        NULL, 0, OPTION_FLAG, NULL, 0, NULL, NULL, 0, 0                                  \
    }

static const option options_input[] = {
    {"SESSION", 0, OPTION_OPERANDS, NULL, FIELD(operands),
     "A folder as left by Kilosort, phy or the IBL pipeline; with --join the files of "
     "all "
     "shards, in any order.",
     NULL, 0, 0},
    END,
};
static const option options_output[] = {
    {"output", 'o', OPTION_TEXT, "FILE", FIELD(output), "The .npz file to write.", "", 0,
     0},
    {"compress", 'z', OPTION_FLAG, NULL, FIELD(compress),
     "Compress the arrays: a smaller file, slower to write, that cannot be mapped.", NULL,
     0, 0},
    END,
};
static const option options_bins[] = {
    {"window-ms", 'w', OPTION_NUMBER, "MS", FIELD(window_ms),
     "Full width of the window [ms]: lags from -MS/2 to MS/2.", NULL, 0, 0},
    {"bin-ms", 'b', OPTION_NUMBER, "MS", FIELD(bin_ms), "Bin width [ms].", NULL, 0, 0},
    {"convention", 'c', OPTION_TEXT, "NAME", FIELD(convention),
     "Bin edges and lag sign as in spikekit, spikeinterface, phy, pynapple or "
     "cellexplorer, count for count.",
     NULL, 0, 0},
    {"normalization", 'n', OPTION_TEXT, "NAME", FIELD(normalization),
     "count; or write values besides counts: rate (pairs a second of recording and "
     "second "
     "of lag), conditional-rate (rate of the target around spikes of the reference "
     "[Hz]), "
     "pearson (correlation coefficient).",
     NULL, 0, 0},
    {"epochs", 'e', OPTION_TEXT, "FILE", FIELD(epochs),
     "Count only pairs within one epoch: a .tsv or .csv table with columns start_s and "
     "stop_s [s], in order and not overlapping.",
     "", 0, 0},
    END,
};
static const option options_units[] = {
    {"units", 'u', OPTION_TEXT, "WHICH", FIELD(units),
     "all, good, mua, noise, unsorted, or unit ids such as 1,2,5-9.", NULL, 0, 0},
    {"auto", 'a', OPTION_FLAG, NULL, FIELD(automatic), "Autocorrelograms only.", NULL, 0,
     0},
    {"near", 0, OPTION_NUMBER, "UM", FIELD(near_um),
     "Only pairs of different units at most this far apart on the probe [um].", "", 0,
     INFINITY},
    {"pairs", 'p', OPTION_TEXT, "LIST", FIELD(pairs),
     "Only these pairs of unit ids, reference:target, such as 3:7,3:12.", "", 0, 0},
    {"against", 0, OPTION_TEXT, "WHICH", FIELD(against),
     "Targets other than --units: two populations, given as for --units.", "", 0, 0},
    END,
};
static const option options_shards[] = {
    {"shard", 0, OPTION_TEXT, "K/N", FIELD(shard),
     "Count the K-th of N parts of the rows only, K from 1 to N: for many machines.", "",
     0, 0},
    {"join", 0, OPTION_FLAG, NULL, FIELD(join),
     "Join the files of all N shards into what one run would have written, byte for byte "
     "(give --compress here too if the run would have had it).",
     NULL, 0, 0},
    {"memory-gb", 0, OPTION_NUMBER, "GB", FIELD(memory_gb),
     "Counts larger than this [GB] are not held in memory: each row is counted by itself "
     "and goes to the file at once, which takes up to twice as long.",
     NULL, 0, INFINITY},
    END,
};
static const option_group groups[] = {
    {"Input", options_input, 0},           {"Output", options_output, 0},
    {"Bins and values", options_bins, 0},  {"Units", options_units, 0},
    {"Large sessions", options_shards, 0}, {"Session", options_session, FIELD(session)},
    {"Running", options_run, FIELD(run)},  {NULL, NULL, 0},
};
static const char *const synopsis[] = {
    "SESSION -o FILE [options]",
    "SESSION -o FILE --auto | --near UM | --pairs LIST",
    "SESSION -o FILE --units WHICH --against WHICH",
    "SESSION -o FILE --shard K/N",
    "--join PART... -o FILE",
    NULL,
};
static const option_section sections[] = {
    {"Arrays written",
     " counts           [units][units][bins], whole numbers: row is the\n"
     "                  reference, column the target (spikeinterface: the\n"
     "                  other way); with --auto [units][bins]; with --near\n"
     "                  and --pairs [pairs][bins]\n"
     " values           as counts, with --normalization\n"
     " lags_s           [bins] centre of each bin [s]\n"
     " unit_ids         [units] ids of the rows, or of all units chosen\n"
     " target_unit_ids  [targets] with --against\n"
     " pairs            [pairs][2] unit ids, with --near and --pairs\n"
     " exposure_s       [bins] time for which each lag was observed [s]\n"
     " rows, shard      with --shard: first row and one past the last; K and N\n"
     " meta             text, JSON: parameters and digests of the input files\n"
     "\n"
     "counts is int32, or int64 if a count could need it. The same input and options "
     "give "
     "the same bytes, whatever the machine, threads or shards."},
    {NULL, NULL},
};
static const option_example examples[] = {
    {"All pairs of good units, 1 ms bins, 50 ms to either side:",
     "spikekit correlogram mouse7 -o ccg.npz --units good --bin-ms 1"},
    {"Monosynaptic candidates, within 200 um, 0.1 ms bins:",
     "spikekit correlogram mouse7 -o near.npz --near 200 --window-ms 20 \\\n"
     "          --bin-ms 0.1"},
    {"As phy shows them:",
     "spikekit correlogram mouse7 -o phy.npz --convention phy --bin-ms 1"},
    {"On four machines, then together:",
     "spikekit correlogram mouse7 -o part1.npz --shard 1/4      # ... 4/4\n"
     "      spikekit correlogram --join part?.npz -o ccg.npz"},
    {"In Python:", "d = numpy.load('ccg.npz'); d['counts'][i, j]; d['lags_s']"},
    {NULL, NULL},
};
static const command_usage usage = {
    .name = "correlogram",
    .synopsis = synopsis,
    .description =
        "Counts pairs of spikes by the time between them, for every ordered pair of "
        "units: "
        "cross-correlograms, and autocorrelograms on the diagonal. The lag is the time "
        "of "
        "the target less that of the reference, so a peak right of the centre means that "
        "the target tends to fire after the reference. No spike pairs with itself.\n"
        "\n"
        "Times are compared as whole samples; every count is exact.",
    .groups = groups,
    .sections = sections,
    .examples = examples,
    .see_also = "spikekit(1), spikekit-info(1), spikekit-report(1)",
    .max_operands = INT64_MAX,
};

static int ends_with(const char *text, const char *ending)
{
    const size_t n = strlen(text), m = strlen(ending);
    return n >= m && strcmp(text + n - m, ending) == 0;
}

int spk_cmd_correlogram(int argc, char **argv)
{
    correlogram_arguments arguments = {
        .window_ms = 100.0,
        .bin_ms = 0.5,
        .convention = "spikekit",
        .normalization = "count",
        .units = "all",
        .near_um = -1.0,
        .memory_gb = 1.0,
    };
    spk_context *ctx = NULL;
    int code = options_parse(&usage, &arguments, argc, argv);
    if (code != -1)
        return code;
    if (arguments.output == NULL)
        return command_fail_usage("correlogram", "-o FILE is missing");
    if (!ends_with(arguments.output, ".npz"))
        return command_fail_usage("correlogram",
                                  "--output: expected a name in .npz, found '%s'",
                                  arguments.output);
    if (arguments.join && arguments.shard != NULL)
        return command_fail_usage("correlogram", "--join and --shard exclude each other");
    if ((code = command_start("correlogram", &arguments.run, &ctx)) != COMMAND_OK)
        return code;
    if (arguments.join) {
        code = correlogram_join(ctx, &arguments);
        if (code == COMMAND_OK)
            command_note("correlogram", "%s: %lld part%s joined", arguments.output,
                         (long long)arguments.operands.n,
                         arguments.operands.n == 1 ? "" : "s");
    } else {
        correlogram_request request;
        memset(&request, 0, sizeof request);
        request.arguments = &arguments;
        request.ctx = ctx;
        code = correlogram_request_prepare(&request);
        if (code == COMMAND_OK)
            code = correlogram_output_write(&request);
        correlogram_request_clear(&request);
    }
    command_finish(ctx);
    return code;
}
