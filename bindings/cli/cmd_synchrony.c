/* SPDX-License-Identifier: BSD-3-Clause */
#include "synchrony_request.h"

#include <math.h>
#include <string.h>

static const char NAME[] = "synchrony";

#define FIELD(field) offsetof(synchrony_arguments, field)
#define END                                                                              \
    {                                                                                    \
        NULL, 0, OPTION_FLAG, NULL, 0, NULL, NULL, 0, 0                                  \
    }

static const option options_input[] = {
    {"SESSION", 0, OPTION_OPERANDS, NULL, FIELD(operands),
     "A folder as left by Kilosort, phy or the IBL pipeline.", NULL, 0, 0},
    {"epochs", 'e', OPTION_TEXT, "FILE", FIELD(epochs),
     "Only these parts of the recording: a .tsv or .csv table with columns start_s and "
     "stop_s [s], in order and not overlapping. No two spikes of different parts are "
     "near.",
     "", 0, 0},
    END,
};
static const option options_output[] = {
    {"output", 'o', OPTION_TEXT, "FILE", FIELD(output),
     "Where to write: .tsv or .csv for a table with a row a pair, .npz for matrices.",
     "the table on standard output", 0, 0},
    END,
};
static const option options_units[] = {
    {"units", 'u', OPTION_TEXT, "WHICH", FIELD(units),
     "all, good, mua, noise, unsorted, or unit ids such as 1,2,5-9.", NULL, 0, 0},
    {"near", 0, OPTION_NUMBER, "UM", FIELD(near_um),
     "Only pairs at most this far apart on the probe [um].", "", 0, INFINITY},
    END,
};
static const option options_tiling[] = {
    {"window-ms", 'w', OPTION_NUMBER, "MS", FIELD(window_ms),
     "Spikes up to so far apart are together [ms]; 0: at the same sample only.", NULL, 0,
     INFINITY},
    {"tiling", 0, OPTION_TEXT, "HOW", FIELD(tiling),
     "time: the tile of a spike is twice the window long, as in the paper. samples: it "
     "is "
     "one sample more, the samples that count as near; this has no bias when a sample is "
     "no small part of the window.",
     NULL, 0, 0},
    END,
};
static const option options_test[] = {
    {"surrogates", 0, OPTION_INTEGER, "N", FIELD(surrogates),
     "Test each coefficient against N surrogates, in which every spike is placed anew "
     "within its window of --jitter-ms; 0: no test. The least p is 2 / (N + 1).",
     NULL, 0, 1000000},
    {"jitter-ms", 0, OPTION_NUMBER, "MS", FIELD(jitter_ms),
     "Width of those windows [ms]: what is slower is not taken for synchrony.", NULL, 0,
     INFINITY},
    {"seed", 0, OPTION_SEED, "SEED", FIELD(seed),
     "Which surrogates; the same number gives the same.", NULL, 0, 0},
    END,
};
static const option options_counts[] = {
    {"bins-ms", 'b', OPTION_TEXT, "LIST", FIELD(bins_ms),
     "Correlation of spike counts in bins of these widths [ms], or none.", NULL, 0, 0},
    END,
};
static const option options_complexity[] = {
    {"complexity", 'c', OPTION_FLAG, NULL, FIELD(complexity),
     "Write how many bins have 0, 1, 2 ... units firing, and how many would if units "
     "were independent, in place of pairs.",
     NULL, 0, 0},
    {"complexity-bin-ms", 0, OPTION_NUMBER, "MS", FIELD(complexity_bin_ms),
     "Width of those bins [ms].", "1", 0, INFINITY},
    {"block-s", 0, OPTION_NUMBER, "S", FIELD(block_s),
     "Take rates as constant within blocks of so many seconds, so that units whose rates "
     "rise and fall together are not taken for synchronous; 0: over the whole recording.",
     NULL, 0, INFINITY},
    END,
};
static const option_group groups[] = {
    {"Input", options_input, 0},
    {"Output", options_output, 0},
    {"Units", options_units, 0},
    {"Spike time tiling coefficient", options_tiling, 0},
    {"Against chance", options_test, 0},
    {"Correlation of counts", options_counts, 0},
    {"Complexity", options_complexity, 0},
    {"Session", options_session, FIELD(session)},
    {"Running", options_run, FIELD(run)},
    {NULL, NULL, 0},
};
static const char *const synopsis[] = {
    "SESSION [-o FILE] [options]",
    "SESSION -o FILE --near UM",
    "SESSION --complexity [-o FILE]",
    NULL,
};
static const option_section sections[] = {
    {"Columns of the table",
     " unit_a, unit_b   unit ids, the lower one first\n"
     " distance_um      between the units, if the session has positions [um]\n"
     " sttc             spike time tiling coefficient, -1 .. 1\n"
     " sttc_expected    mean of it over surrogates, with --surrogates\n"
     " sttc_p           twice the smaller share of surrogates that are as large\n"
     "                  or as small, the recorded value among them\n"
     " correlation_Xms  correlation of spike counts in bins of X ms\n"
     "\n"
     "A cell is empty where a value is undefined: of a unit without spikes, or whose "
     "counts do not vary. With --complexity the columns are n_units, n_bins (in how many "
     "bins so many units fire), expected and ratio; the last row is of so many or more."},
    {"Arrays in the .npz",
     " sttc             [units][units]; with --near [pairs]\n"
     " sttc_expected, sttc_p_upper, sttc_p_lower\n"
     "                  [units][units] with --surrogates, and sttc too\n"
     " pairs            [pairs][2] unit ids, with --near\n"
     " correlations     [widths][units][units], and covariances\n"
     " bin_s, n_bins    [widths] width of the bins [s], how many there are\n"
     " complexity       [sizes] bins in which 0, 1, 2 ... units fire\n"
     " complexity_expected  [sizes] if units were independent\n"
     " unit_ids, positions_um   [units], [units][2]\n"
     " meta             text, JSON: the parameters"},
    {NULL, NULL},
};
static const option_example examples[] = {
    {"All pairs of good units, 5 ms, and counts from 1 ms to 1 s:",
     "spikekit synchrony mouse7 -o pairs.tsv --units good \\\n"
     "          --bins-ms 1,10,100,1000"},
    {"Which pairs are synchronous beyond 25 ms of common modulation?",
     "spikekit synchrony mouse7 -o tested.tsv --surrogates 999"},
    {"Retinal waves: 100 ms, as a matrix:",
     "spikekit synchrony retina -o waves.npz --window-ms 100"},
    {"Spikes at one sample, more than chance: artefacts, or found twice?",
     "spikekit synchrony mouse7 --complexity --complexity-bin-ms 0.1 \\\n"
     "          --block-s 1"},
    {"In Python:", "d = numpy.load('waves.npz'); d['sttc'][i, j]"},
    {NULL, NULL},
};
static const command_usage usage = {
    .name = "synchrony",
    .synopsis = synopsis,
    .description =
        "Says of all pairs of units how much they fire together.\n"
        "\n"
        "The spike time tiling coefficient asks which share of each unit's spikes has "
        "one "
        "of the other within the window, and takes off what chance gives; it needs no "
        "bins "
        "and hardly depends on rates. 0 is chance, 1 is always together. The correlation "
        "of "
        "spike counts depends on the width of the bins: short ones see synchrony, long "
        "ones "
        "rates that rise and fall together.\n"
        "\n"
        "Times are compared as whole samples: a later clock gives the same values.",
    .groups = groups,
    .sections = sections,
    .examples = examples,
    .see_also = "spikekit(1), spikekit-correlogram(1)",
    .max_operands = 1,
};

static int check_together(synchrony_arguments *a)
{
    static const char *const endings[] = {".tsv", ".csv", ".npz"};
    int known = a->output == NULL;
    for (int k = 0; k < 3 && !known; k++)
        known = synchrony_ends_with(a->output, endings[k]);
    if (!known)
        return command_fail_usage(
            NAME, "--output: expected a name in .tsv, .csv or .npz, found '%s'",
            a->output);
    if (a->complexity && a->near_um >= 0)
        return command_fail_usage(NAME, "--complexity and --near exclude each other");
    if (a->complexity && a->output != NULL && synchrony_ends_with(a->output, ".npz"))
        return command_fail_usage(NAME,
                                  "--complexity writes a table; an .npz has it beside "
                                  "the pairs without being asked");
    const int has_complexity =
        a->complexity || (a->output != NULL && synchrony_ends_with(a->output, ".npz"));
    if (!has_complexity && (!isnan(a->complexity_bin_ms) || a->block_s != 0.0))
        return command_fail_usage(NAME, "%s is of --complexity, or of an .npz",
                                  a->block_s != 0.0 ? "--block-s"
                                                    : "--complexity-bin-ms");
    if (isnan(a->complexity_bin_ms))
        a->complexity_bin_ms = 1.0;
    if (a->surrogates > 0 && !(a->jitter_ms > 0))
        return command_fail_usage(NAME, "--jitter-ms: expected more than 0 ms, found %g",
                                  a->jitter_ms);
    return COMMAND_OK;
}

int spk_cmd_synchrony(int argc, char **argv)
{
    synchrony_arguments arguments = {
        .units = "all",
        .near_um = -1.0,
        .window_ms = 5.0,
        .tiling = "time",
        .jitter_ms = 25.0,
        .bins_ms = "10,100,1000",
        .complexity_bin_ms = NAN,
    };
    spk_context *ctx = NULL;
    int code = options_parse(&usage, &arguments, argc, argv);
    if (code == -1 && (code = check_together(&arguments)) == COMMAND_OK &&
        (code = command_start(NAME, &arguments.run, &ctx)) == COMMAND_OK) {
        synchrony_request request;
        memset(&request, 0, sizeof request);
        request.arguments = &arguments;
        request.ctx = ctx;
        code = synchrony_request_make(&request);
        if (code == COMMAND_OK)
            code = synchrony_output_write(&request);
        synchrony_request_clear(&request);
    }
    command_finish(ctx);
    return code;
}
