/* SPDX-License-Identifier: BSD-3-Clause */
/* Draws a session as one page: report_data.c and report_peaks.c gather the numbers,
 * report_page.c and its parts draw them, report_tables.c writes them. */
#include "command.h"
#include "folder_output.h"
#include "options.h"
#include "report_data.h"
#include "report_details.h"
#include "report_files.h"
#include "report_page.h"
#include "report_tables.h"
#include "report_units.h"
#include "session_argument.h"
#include "window_argument.h"

#include <stddef.h>

typedef struct report_arguments {
    operand_list operands;
    const char *output;
    int32_t overwrite;
    const char *units;
    const char *thresholds;
    double window_ms, bin_ms;
    int64_t max_peaks;
    const char *method;
    session_arguments session;
    run_arguments run;
} report_arguments;

#define FIELD(field) offsetof(report_arguments, field)
#define END                                                                              \
    {                                                                                    \
        NULL, 0, OPTION_FLAG, NULL, 0, NULL, NULL, 0, 0                                  \
    }

static const option options_input[] = {
    {"SESSION", 0, OPTION_OPERANDS, NULL, FIELD(operands),
     "A folder as left by Kilosort, phy or the IBL pipeline.", NULL, 0, 0},
    {"units", 'u', OPTION_TEXT, "WHICH", FIELD(units),
     "all, good, mua, noise, unsorted, or unit ids such as 1,2,5-9.", NULL, 0, 0},
    {"thresholds", 0, OPTION_TEXT, "TABLE", FIELD(thresholds),
     "What a good value is: bombcell, spikeinterface, ibl, kilosort, or a table of your "
     "own "
     "(see spikekit help curate).",
     NULL, 0, 0},
    END,
};
static const option options_output[] = {
    {"output", 'o', OPTION_TEXT, "FOLDER", FIELD(output), "The folder to write.", "", 0,
     0},
    {"overwrite", 0, OPTION_FLAG, NULL, FIELD(overwrite),
     "Replace files that are already in the folder.", NULL, 0, 0},
    END,
};
static const option options_correlogram[] = {
    {"window-ms", 'w', OPTION_NUMBER, "MS", FIELD(window_ms),
     "Full width of the correlograms, from -MS/2 to MS/2 [ms].", NULL, 0, 0},
    {"bin-ms", 'b', OPTION_NUMBER, "MS", FIELD(bin_ms), "Width of a bin [ms].", NULL, 0,
     0},
    {"method", 'm', OPTION_TEXT, "NAME", FIELD(method),
     "How connections are judged; spikekit help connect says more.", NULL, 0, 0},
    {"max-peaks", 0, OPTION_INTEGER, "N", FIELD(max_peaks),
     "How many correlograms of each kind to show: connections, peaks with a lag, and "
     "synchronous ones.",
     NULL, 0, 10000},
    END,
};
static const option_group groups[] = {
    {"Input", options_input, 0},
    {"Output", options_output, 0},
    {"Correlograms", options_correlogram, 0},
    {"Session", options_session, FIELD(session)},
    {"Running", options_run, FIELD(run)},
    {NULL, NULL, 0},
};
static const char *const synopsis[] = {
    "SESSION -o FOLDER [--units WHICH] [--window-ms MS] [--bin-ms MS]",
    NULL,
};
static const option_section sections[] = {
    {"Files written",
     " index.html            the page: one file, to be opened in a browser; it\n"
     "                       loads nothing else\n"
     " units.tsv             id, quality, spikes, rate, position, short intervals\n"
     " metrics.tsv           every metric of each unit (see spikekit help metrics)\n"
     " rate_over_time.tsv    rate of all units together and of each [Hz]\n"
     " autocorrelograms.tsv  pairs of spikes by lag\n"
     " connections.tsv       pairs with q <= 0.05 (see spikekit help connect)\n"
     " peaks.tsv             strongest peaks of all cross-correlograms\n"
     "\n"
     "The same session and options give the same bytes, for any number of threads."},
    {"Correlogram peaks", "The highest bin up to 5 ms is compared with the mean of the "
                          "flanks, beyond 10 ms, as "
                          "a Poisson count; peaks are shown where p times the number of "
                          "bins tested in all pairs "
                          "is below 0.01. This is a first screen, not a test of "
                          "connections: shared input, slow "
                          "changes of rate and sorting errors make peaks as well."},
    {NULL, NULL},
};
static const option_example examples[] = {
    {"A page of a session, opened in a browser:",
     "spikekit report mouse7 -o mouse7-page\n      xdg-open mouse7-page/index.html"},
    {"Good units only, finer bins:",
     "spikekit report mouse7 -o page --units good --bin-ms 0.2"},
    {NULL, NULL},
};
static const command_usage usage = {
    .name = "report",
    .synopsis = synopsis,
    .description = "Draws a session as one page: its spikes over time and depth, a table "
                   "of units by "
                   "their metrics with a section for each, the rate and autocorrelogram "
                   "of each unit, "
                   "and the strongest peaks of all cross-correlograms.",
    .groups = groups,
    .sections = sections,
    .examples = examples,
    .see_also = "spikekit(1), spikekit-info(1), spikekit-correlogram(1)",
    .max_operands = 1,
};

static int draw(spk_context *ctx, const report_data *data, const report_details *details,
                const report_connections *connections, const char *folder,
                const char *shown)
{
    enum {
        N_FILES = 7
    };
    report_file files[N_FILES] = {
        {.name = "units.tsv"},
        {.name = "rate_over_time.tsv"},
        {.name = "autocorrelograms.tsv"},
        {.name = "peaks.tsv"},
        {.name = "metrics.tsv"},
        {.name = "connections.tsv"},
        {.name = "index.html"},
    };
    int code = COMMAND_OK;
    report_tables_add_units(&files[0].text, data);
    report_tables_add_rates(&files[1].text, data);
    report_tables_add_autocorrelograms(&files[2].text, data);
    report_tables_add_peaks(&files[3].text, data);
    report_units_add_table(&files[4].text, details);
    report_connections_add_table(&files[5].text, data, connections);
    spk_status status = report_page_add(ctx, &files[6].text, data, details, connections);
    if (status == SPK_OK && command_interrupted())
        status = SPK_ERR_CANCELLED;
    if (status != SPK_OK)
        code = command_fail("report", ctx, status);
    else
        code = report_files_write(folder, shown, files, N_FILES);
    for (int i = 0; i < N_FILES; i++)
        report_text_free(&files[i].text);
    return code;
}

static int run(const report_arguments *arguments, spk_context *ctx)
{
    spk_session *session = NULL;
    report_data data = {.n_units = 0};
    report_details details = {.metrics = NULL};
    report_connections connections = {.n = 0};
    folder_output folder;
    int code =
        folder_output_begin("report", arguments->output, arguments->overwrite, &folder);
    if (code != COMMAND_OK)
        return code;
    code = session_argument_open("report", ctx, &arguments->session, &arguments->operands,
                                 &session);
    if (code == COMMAND_OK)
        code = report_data_gather(ctx, session, arguments->units, &data);
    if (code == COMMAND_OK)
        code = report_data_count(ctx, arguments->window_ms, arguments->bin_ms,
                                 arguments->max_peaks, &data);
    if (code == COMMAND_OK)
        code = report_details_gather(ctx, &data, arguments->thresholds, &details);
    if (code == COMMAND_OK)
        code = report_connections_find(ctx, &data, arguments->method,
                                       arguments->max_peaks, &connections);
    if (code == COMMAND_OK)
        code = draw(ctx, &data, &details, &connections, folder.path, arguments->output);
    if (code == COMMAND_OK)
        code = folder_output_commit("report", &folder);
    folder_output_end(&folder);
    if (code == COMMAND_OK)
        window_argument_note("report", data.selection.spikes.sampling_rate_hz,
                             arguments->window_ms, arguments->bin_ms, &data.options);
    if (code == COMMAND_OK && !arguments->run.quiet)
        command_say(
            "report",
            "%s/index.html: %lld unit%s, %lld connections, %lld directed and %lld "
            "synchronous peaks",
            arguments->output, (long long)data.n_units, data.n_units == 1 ? "" : "s",
            (long long)connections.n, (long long)data.directed.n_significant,
            (long long)data.synchronous.n_significant);
    report_connections_clear(&connections);
    report_details_clear(&details);
    report_data_clear(&data);
    spk_session_close(session);
    return code;
}

int spk_cmd_report(int argc, char **argv)
{
    report_arguments arguments = {.units = "all",
                                  .thresholds = "bombcell",
                                  .window_ms = 100,
                                  .bin_ms = 0.5,
                                  .max_peaks = 30,
                                  .method = "hollow"};
    spk_context *ctx = NULL;
    int code = options_parse(&usage, &arguments, argc, argv);
    if (code != -1)
        return code;
    if (arguments.output == NULL)
        return command_fail_usage("report", "-o FOLDER is missing");
    if ((code = command_start("report", &arguments.run, &ctx)) != COMMAND_OK)
        return code;
    code = run(&arguments, ctx);
    command_finish(ctx);
    return code;
}
