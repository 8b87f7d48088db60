/* SPDX-License-Identifier: BSD-3-Clause */
#include "command.h"
#include "compare_output.h"
#include "epochs_argument.h"
#include "options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME "compare"
#define FIELD(field) offsetof(compare_arguments, field)
#define SCORE(field) (FIELD(comparison) + offsetof(spk_comparison_options, field))
#define SESSION(field) (FIELD(session) + offsetof(session_arguments, field))
#define END                                                                              \
    {                                                                                    \
        NULL, 0, OPTION_FLAG, NULL, 0, NULL, NULL, 0, 0                                  \
    }

static const option options_input[] = {
    {"SESSION", 0, OPTION_OPERANDS, NULL, FIELD(operands),
     "Two folders or more as left by a sorter, phy or the IBL pipeline, all of one "
     "recording.",
     NULL, 0, 0},
    END,
};
static const option options_output[] = {
    {"output", 'o', OPTION_TEXT, "FILE", FIELD(output),
     "Write a table, .tsv or .csv: a row for each unit of both sessions, or for each "
     "unit "
     "that several sorters share. A file of this name is replaced.",
     "", 0, 0},
    {"npz", 0, OPTION_TEXT, "FILE", FIELD(npz),
     "Write matches, agreements and the confusion matrix of two sessions as arrays.", "",
     0, 0},
    {"agreement-trains", 0, OPTION_TEXT, "FOLDER", FIELD(trains),
     "Write the spike trains of the units that sorters share as a new phy folder, "
     "numbered "
     "as in the table of several sorters.",
     "", 0, 0},
    END,
};
static const option options_truth[] = {
    {"truth", 0, OPTION_FLAG, NULL, FIELD(truth),
     "The first session is the truth: how well was each of its units found?", NULL, 0, 0},
    {"exhaustive", 0, OPTION_FLAG, NULL, FIELD(exhaustive),
     "With --truth: it holds every unit there is, so units that match none of it are "
     "false "
     "positive, redundant or over-merged.",
     NULL, 0, 0},
    {"best", 0, OPTION_FLAG, NULL, FIELD(best),
     "Measure each unit of the truth against its best match, which may serve several, "
     "rather than one to one.",
     NULL, 0, 0},
    {"confidence", 0, OPTION_NUMBER, "LEVEL", SCORE(confidence_level),
     "Level of the limits of recall and precision.", NULL, 0, 0},
    END,
};
static const option options_matching[] = {
    {"delta-ms", 'd', OPTION_NUMBER, "MS", SCORE(delta_ms),
     "Two spikes match if they are at most this far apart [ms].", NULL, 0, 0},
    {"match-score", 0, OPTION_NUMBER, "X", SCORE(match_score),
     "Least agreement of two units that are matched one to one.", NULL, 0, 0},
    {"chance-score", 0, OPTION_NUMBER, "X", SCORE(chance_score),
     "Least agreement of a best match.", NULL, 0, 0},
    {"well-detected-score", 0, OPTION_NUMBER, "X", SCORE(well_detected_score),
     "Least agreement of a well detected unit.", NULL, 0, 0},
    {"redundant-score", 0, OPTION_NUMBER, "X", SCORE(redundant_score),
     "Least agreement of a redundant unit with what it repeats.", NULL, 0, 0},
    {"overmerged-score", 0, OPTION_NUMBER, "X", SCORE(overmerged_score),
     "A unit that agrees by more than this with two units of the truth is over-merged.",
     NULL, 0, 0},
    {"distance", 0, OPTION_FLAG, NULL, FIELD(distance),
     "Agreement from how much spikes overlap as boxes, not from how many match.", NULL, 0,
     0},
    END,
};
static const option options_trains[] = {
    {"findings", 0, OPTION_INTEGER, "N", FIELD(findings),
     "A spike is kept if at least N sorters found it: 1 for the union, 0 for those that "
     "all sorters of the unit found, their intersection.",
     NULL, 0, 1000},
    {"members", 0, OPTION_INTEGER, "N", FIELD(members),
     "A unit is kept if at least N sorters found it.", NULL, 1, 1000},
    END,
};
static const option options_choice[] = {
    {"units", 'u', OPTION_TEXT, "WHICH", FIELD(units),
     "all (also those labelled noise), good, mua, noise, unsorted, or unit ids such as "
     "1,2,5-9; of every session but "
     "the truth.",
     "all but noise", 0, 0},
    {"epochs", 'e', OPTION_TEXT, "FILE", FIELD(epochs),
     "Only these parts of the recording: a .tsv or .csv table with columns start_s and "
     "stop_s [s], in order and not overlapping.",
     "", 0, 0},
    {"rate", 0, OPTION_NUMBER, "HZ", SESSION(rate_hz),
     "Sampling rate [Hz] of all sessions, instead of what their folders say.", "", 0, 0},
    {"sort", 0, OPTION_FLAG, NULL, SESSION(sort),
     "Sort spike times that are out of order, which is otherwise an error.", NULL, 0, 0},
    {"as-sorted", 0, OPTION_FLAG, NULL, SESSION(as_sorted),
     "Use the units as the sorters left them, not as curated.", NULL, 0, 0},
    END,
};
static const option_group groups[] = {
    {"Input", options_input, 0},
    {"Output", options_output, 0},
    {"Against the truth", options_truth, 0},
    {"Matching", options_matching, 0},
    {"Agreement trains", options_trains, 0},
    {"Sessions", options_choice, 0},
    {"Running", options_run, FIELD(run)},
    {NULL, NULL, 0},
};
static const char *const synopsis[] = {
    "A B [-o FILE] [--npz FILE] [options]",
    "TRUTH TESTED --truth [--exhaustive] [-o FILE] [options]",
    "A B C... [-o FILE] [--agreement-trains FOLDER] [options]",
    NULL,
};
static const option_section sections[] = {
    {"Definitions",
     "Spikes of two units match one to one, in order of time, when they are at most "
     "--delta-ms apart, as SpikeInterface counts them. The agreement of units with n and "
     "k "
     "spikes of which m match is m / (n + k - m). Units are matched one to one so that "
     "the "
     "sum of agreements is the largest, each at least --match-score.\n"
     "\n"
     "Against the truth, accuracy is m / (n + k - m), recall m / n, precision m / k, n "
     "the "
     "spikes of the true unit and k those of its match. _lower and _upper are exact "
     "binomial limits. What cannot be known is left empty: the precision of a unit "
     "without "
     "match, say.\n"
     "\n"
     "Of several sorters, units are joined by falling agreement, never two of one "
     "sorter."},
    {"Columns of the table",
     " session         truth and tested, or first and second\n"
     " class           well_detected, matched or unmatched; with --exhaustive\n"
     "                 false_positive or redundant, and +overmerged\n"
     " best_match      unit of the other session that agrees best\n"
     " match           unit matched one to one\n"
     " n_possible      units that agree by --chance-score or more\n"
     " tp, fn, fp      spikes found, missed, and not its own (truth only)\n"
     "\n"
     "Of several sorters: cluster_id, n_sorters, agreement (the mean between the "
     "sorters), "
     "and for each session, under its name, its unit."},
    {"Arrays written with --npz",
     " matches, agreements  [units of A][units of B]\n"
     " unit_ids_a, _b       ids of rows and columns\n"
     " confusion            [units of A + 1][units of B + 1], matched units\n"
     "                      first; last column missed, last row false\n"
     " confusion_ids_a, _b  ids of its rows and columns"},
    {NULL, NULL},
};
static const option_example examples[] = {
    {"Two sorters:", "spikekit compare mouse7/ks25 mouse7/ks4 -o units.tsv"},
    {"A sorter against a simulation that it sorted:",
     "spikekit compare truth ks4 --truth --exhaustive -o performance.tsv"},
    {"Three sorters; spikes that two of them found:",
     "spikekit compare ks3 ks4 mountainsort -o shared.tsv \\\n"
     "          --agreement-trains shared --findings 2"},
    {"In Python:", "d = numpy.load('m.npz'); d['agreements'].max(axis=1)"},
    {NULL, NULL},
};
static const command_usage usage = {
    .name = NAME,
    .synopsis = synopsis,
    .description =
        "Compares sortings of one recording: two sorters, a sorter with the truth, or "
        "many "
        "sorters, whose shared units are found. A summary goes to standard output, all "
        "units to a table.",
    .groups = groups,
    .sections = sections,
    .examples = examples,
    .see_also = "spikekit(1), spikekit-metrics(1), spikekit-simulate(1)",
    .max_operands = INT64_MAX,
};

static int check_arguments(const compare_arguments *a)
{
    if (a->operands.n < 2)
        return command_fail_usage(NAME, "expected two sessions or more, found %lld",
                                  (long long)a->operands.n);
    if (a->truth && a->operands.n > 2)
        return command_fail_usage(NAME, "--truth takes two sessions, found %lld",
                                  (long long)a->operands.n);
    if (a->truth && a->trains != NULL)
        return command_fail_usage(NAME,
                                  "--truth and --agreement-trains exclude each other");
    if (!a->truth && (a->exhaustive || a->best))
        return command_fail_usage(NAME, "--%s goes with --truth",
                                  a->exhaustive ? "exhaustive" : "best");
    if (a->npz != NULL && a->operands.n > 2)
        return command_fail_usage(NAME, "--npz takes two sessions, found %lld",
                                  (long long)a->operands.n);
    if (a->npz != NULL && a->output != NULL && strcmp(a->npz, a->output) == 0)
        return command_fail_usage(NAME, "--output and --npz are one file, %s", a->npz);
    const struct {
        const char *name;
        double value;
    } scores[] = {
        {"match-score", a->comparison.match_score},
        {"chance-score", a->comparison.chance_score},
        {"well-detected-score", a->comparison.well_detected_score},
        {"redundant-score", a->comparison.redundant_score},
        {"overmerged-score", a->comparison.overmerged_score},
    };
    for (size_t i = 0; i < sizeof scores / sizeof scores[0]; i++)
        if (!(scores[i].value > 0.0 && scores[i].value <= 1.0))
            return command_fail_usage(NAME,
                                      "--%s: expected more than 0, at most 1, found %g",
                                      scores[i].name, scores[i].value);
    if (!(a->comparison.delta_ms >= 0.0))
        return command_fail_usage(NAME, "--delta-ms: expected 0 or more, found %g",
                                  a->comparison.delta_ms);
    if (!(a->comparison.confidence_level > 0.0 && a->comparison.confidence_level < 1.0))
        return command_fail_usage(NAME, "--confidence: expected 0 to 1, found %g",
                                  a->comparison.confidence_level);
    for (int64_t i = 0; i < a->operands.n; i++)
        for (int64_t k = 0; k < i; k++)
            if (a->operands.n > 2 &&
                strcmp(a->operands.items[i], a->operands.items[k]) == 0)
                return command_fail_usage(NAME, "%s is given twice",
                                          a->operands.items[i]);
    return COMMAND_OK;
}

/* All units of a session but those labelled noise, which are counted aloud. */
static int select_without_noise(compare_work *work, int64_t k)
{
    spk_session *session = work->sessions[k];
    const int64_t n_units = spk_session_spikes(session)->n_units;
    int64_t *places = malloc(((size_t)n_units + 1) * sizeof *places), n = 0;
    if (places == NULL) {
        command_say(NAME, "not enough memory");
        return COMMAND_FAILED;
    }
    for (int64_t u = 0; u < n_units; u++)
        if (strcmp(spk_session_quality(session, u), "noise") != 0)
            places[n++] = u;
    if (n < n_units)
        command_note(
            NAME, "%s: %lld unit%s labelled noise left out; --units all compares all",
            work->paths[k], (long long)(n_units - n), n_units - n == 1 ? "" : "s");
    const int code =
        unit_selection_make_places(NAME, session, places, n, &work->selections[k]);
    free(places);
    return code;
}

static int open_sessions(compare_work *work)
{
    const compare_arguments *a = work->arguments;
    work->n = a->operands.n;
    work->paths = (const char *const *)a->operands.items;
    work->sessions = calloc((size_t)work->n, sizeof(spk_session *));
    work->selections = calloc((size_t)work->n, sizeof *work->selections);
    work->sortings = calloc((size_t)work->n, sizeof *work->sortings);
    if (work->sessions == NULL || work->selections == NULL || work->sortings == NULL) {
        command_say(NAME, "not enough memory");
        return COMMAND_FAILED;
    }
    for (int64_t k = 0; k < work->n; k++) {
        const operand_list one = {a->operands.items + k, 1};
        int code =
            session_argument_open(NAME, work->ctx, &a->session, &one, &work->sessions[k]);
        if (code != COMMAND_OK)
            return code;
        if (a->truth && k == 0)
            code =
                unit_selection_make(NAME, work->sessions[k], "all", &work->selections[k]);
        else if (a->units != NULL)
            code = unit_selection_make(NAME, work->sessions[k], a->units,
                                       &work->selections[k]);
        else
            code = select_without_noise(work, k);
        if (code != COMMAND_OK)
            return code;
        work->sortings[k] = work->selections[k].spikes;
    }
    const double rate = work->sortings[0].sampling_rate_hz;
    for (int64_t k = 1; k < work->n; k++) {
        const double other = work->sortings[k].sampling_rate_hz;
        if (other - rate >= 1e-3 * rate || rate - other >= 1e-3 * rate) {
            command_say(NAME,
                        "%s is sampled at %.10g Hz, %s at %.10g Hz: expected one "
                        "recording; --rate overrides both",
                        work->paths[0], rate, work->paths[k], other);
            return COMMAND_FAILED;
        }
    }
    return COMMAND_OK;
}

static int compute(compare_work *work, const spk_comparison_options *options)
{
    spk_status status = SPK_OK;
    if (work->n == 2)
        status = spk_comparison_create(work->ctx, &work->sortings[0], &work->sortings[1],
                                       options, &work->comparison);
    if (status == SPK_OK && (work->n > 2 || work->arguments->trains != NULL))
        status = spk_consensus_create(work->ctx, work->sortings, work->n, options,
                                      &work->consensus);
    return status == SPK_OK ? COMMAND_OK : command_fail(NAME, work->ctx, status);
}

static int write_all(const compare_work *work)
{
    const compare_arguments *a = work->arguments;
    int code = COMMAND_OK;
    if (a->trains != NULL)
        code = compare_output_trains(work, a->trains);
    if (code == COMMAND_OK && a->npz != NULL)
        code = compare_output_npz(work, a->npz);
    if (code == COMMAND_OK && a->output != NULL)
        code = compare_output_table(work, a->output);
    if (code == COMMAND_OK)
        compare_summary_print(work);
    return code;
}

static void close_all(compare_work *work)
{
    spk_consensus_destroy(work->consensus);
    spk_comparison_destroy(work->comparison);
    for (int64_t k = 0; k < work->n; k++) {
        if (work->selections != NULL)
            unit_selection_clear(&work->selections[k]);
        if (work->sessions != NULL)
            spk_session_close(work->sessions[k]);
    }
    free(work->sortings);
    free(work->selections);
    free(work->sessions);
}

int spk_cmd_compare(int argc, char **argv)
{
    compare_arguments arguments = {.findings = 1, .members = 2, .units = NULL};
    compare_work work = {.arguments = &arguments};
    epochs_argument epochs = {.owned = NULL};
    spk_comparison_options_init(&arguments.comparison, sizeof arguments.comparison);
    int code = options_parse(&usage, &arguments, argc, argv);
    if (code != -1)
        return code;
    if ((code = check_arguments(&arguments)) != COMMAND_OK)
        return code;
    if ((code = command_start(NAME, &arguments.run, &work.ctx)) != COMMAND_OK)
        return code;
    spk_comparison_options options = arguments.comparison;
    options.truth = arguments.truth;
    options.score = arguments.distance ? SPK_COMPARISON_DISTANCE : SPK_COMPARISON_COUNT;
    options.matching = arguments.best ? SPK_COMPARISON_BEST : SPK_COMPARISON_ASSIGNED;
    code = open_sessions(&work);
    if (code == COMMAND_OK && arguments.epochs != NULL) {
        code = epochs_argument_read(NAME, work.ctx, arguments.epochs,
                                    work.sortings[0].sampling_rate_hz, &epochs);
        options.epochs = &epochs.epochs;
    }
    if (code == COMMAND_OK)
        code = compute(&work, &options);
    if (code == COMMAND_OK)
        code = write_all(&work);
    epochs_argument_clear(&epochs);
    close_all(&work);
    command_finish(work.ctx);
    return code;
}
