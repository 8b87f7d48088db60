/* SPDX-License-Identifier: BSD-3-Clause */
#include "command.h"
#include "epochs_argument.h"
#include "options.h"
#include "session_argument.h"
#include "statistics_table.h"
#include "table_output.h"

#include <errno.h>
#include <math.h>
#include <spikekit/array.h>
#include <stdlib.h>
#include <string.h>

static const char NAME[] = "statistics";

typedef struct statistics_arguments {
    const char *output;
    const char *rates;
    const char *bursts;
    const char *fano;
    const char *kernel;
    const char *sigma_ms;
    const char *burst_method;
    const char *epochs;
    const char *periods;
    const char *units;
    double step_ms;
    double confidence;
    double bin_ms;
    int64_t draws;
    uint64_t seed;
    int32_t centred;
    int32_t correct_edges;
    operand_list operands;
    session_arguments session;
    run_arguments run;
} statistics_arguments;

#define FIELD(field) offsetof(statistics_arguments, field)
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
    {"fano", 'f', OPTION_TEXT, "S,S", FIELD(fano),
     "Windows of the Fano factor [s], up to 16, separated by commas.", NULL, 0, 0},
    {"bin-ms", 0, OPTION_NUMBER, "MS", FIELD(bin_ms),
     "Bins of the counts of which the timescale is taken [ms].", NULL, 0.01, 1e6},
    {"draws", 0, OPTION_INTEGER, "N", FIELD(draws),
     "Draws of segments for the limits of the timescale; 0: no limits.", NULL, 0, 100000},
    {"seed", 0, OPTION_SEED, "N", FIELD(seed), "Of these draws.", NULL, 0, 0},
    {"burst-method", 0, OPTION_TEXT, "NAME", FIELD(burst_method),
     "poisson_surprise: spikes too many for chance at the unit's own rate (Legendy & "
     "Salcman 1985), S > 5, which 10 % of the spikes of a Poisson unit are; log_isi: a "
     "threshold from the histogram of log intervals (Pasquale "
     "et "
     "al. 2010); max_interval: NeuroExplorer's limits on intervals, made for cultures, "
     "where "
     "a unit of 6 Hz or more is one long burst.",
     NULL, 0, 0},
    {"confidence", 0, OPTION_NUMBER, "SHARE", FIELD(confidence),
     "Of all limits, between 0 and 1.", NULL, 0.001, 0.999999},
    END,
};
static const option options_rates[] = {
    {"rates", 'r', OPTION_TEXT, "FILE", FIELD(rates),
     "Write the rates by kernel: .npz with rates [units][points, Hz], times_s and "
     "unit_ids, or .npy with the rates alone. NaN where a unit was not observed.",
     "", 0, 0},
    {"kernel", 'k', OPTION_TEXT, "NAME", FIELD(kernel),
     "rectangular, triangular, epanechnikov, gaussian, laplacian, exponential or alpha; "
     "the last two look back only.",
     "gaussian", 0, 0},
    {"sigma-ms", 's', OPTION_TEXT, "MS", FIELD(sigma_ms),
     "Standard deviation of the kernel [ms], or optimal: that of the column "
     "kernel_sigma.",
     "50", 0, 0},
    {"step-ms", 0, OPTION_NUMBER, "MS", FIELD(step_ms),
     "From one point to the next [ms]; points stand in the middle of steps.", "10", 0.001,
     1e9},
    {"centred", 0, OPTION_FLAG, NULL, FIELD(centred),
     "The median of the kernel, not its origin, stands at the spike.", NULL, 0, 0},
    {"correct-edges", 0, OPTION_FLAG, NULL, FIELD(correct_edges),
     "Divide by the share of the kernel within the observed stretch.", NULL, 0, 0},
    END,
};
static const option options_time[] = {
    {"epochs", 'e', OPTION_TEXT, "FILE", FIELD(epochs),
     "Only these parts of the recording: a .tsv or .csv table with columns start_s and "
     "stop_s [s], in order and not overlapping. Nothing bridges two of them.",
     "", 0, 0},
    {"periods", 0, OPTION_TEXT, "FILE", FIELD(periods),
     "Only the time for which each unit was well recorded: a table with columns "
     "cluster_id, start_s and stop_s [s]. A unit without a row has no time.",
     "", 0, 0},
    END,
};
static const option options_output[] = {
    {"output", 'o', OPTION_TEXT, "FILE", FIELD(output),
     "The table to write, .tsv or .csv: a row a unit, cluster_id first, empty where a "
     "value is undefined. A file of this name is replaced.",
     "standard output", 0, 0},
    {"bursts", 'b', OPTION_TEXT, "FILE", FIELD(bursts),
     "Write the bursts as a table: cluster_id, start_s, stop_s, spikes, first_spike (its "
     "place in the unit's train, from 0), surprise.",
     "", 0, 0},
    {"units", 'u', OPTION_TEXT, "WHICH", FIELD(units),
     "Rows for all, good, mua, noise, unsorted, or unit ids such as 1,2,5-9.", NULL, 0,
     0},
    END,
};
static const option_group groups[] = {
    {"Input", options_input, 0},          {"What", options_what, 0},
    {"Rates", options_rates, 0},          {"Which time", options_time, 0},
    {"Output", options_output, 0},        {"Session", options_session, FIELD(session)},
    {"Running", options_run, FIELD(run)}, {NULL, NULL, 0},
};
static const char *const synopsis[] = {
    "SESSION [-o FILE] [options]",
    "SESSION -o FILE --rates FILE [--kernel NAME] [--sigma-ms MS]",
    NULL,
};
static const option_example examples[] = {
    {"Everything of every unit:", "spikekit statistics mouse7 -o statistics.tsv"},
    {"Rates of the good units, each with the kernel that fits it:",
     "spikekit statistics mouse7 -u good -o s.tsv --rates rates.npz -s optimal"},
    {"Bursts, by the histogram of log intervals:",
     "spikekit statistics mouse7 -o s.tsv -b bursts.tsv --burst-method log_isi"},
    {"The first ten minutes, Fano factors from 10 ms to 10 s:",
     "spikekit statistics mouse7 --epochs first.tsv --fano 0.01,0.1,1,10"},
    {NULL, NULL},
};

/* "0.1,1,10" into numbers above 0. */
static int parse_windows(const char *text, unit_statistics *s)
{
    int64_t n = 1;
    for (const char *c = text; *c != '\0'; c++)
        n += *c == ',';
    s->windows_s = malloc((size_t)n * sizeof *s->windows_s);
    if (s->windows_s == NULL || n > 16)
        return command_fail_usage(NAME, "--fano: expected up to 16 numbers, found %lld",
                                  (long long)n);
    const char *at = text;
    for (int64_t w = 0; w < n; w++) {
        char *end = NULL;
        errno = 0;
        s->windows_s[w] = strtod(at, &end);
        if (end == at || (*end != ',' && *end != '\0') || errno != 0 ||
            !(s->windows_s[w] > 0 && isfinite(s->windows_s[w])))
            return command_fail_usage(
                NAME, "--fano: expected numbers above 0, found '%s'", text);
        at = end + 1;
    }
    s->n_windows = n;
    return COMMAND_OK;
}

static int parse_name(const char *option_name, const char *text,
                      const char *(*name_of)(int32_t), int32_t *code)
{
    const char *names[16];
    size_t n = 0;
    for (; n < 16 && name_of((int32_t)n) != NULL; n++) {
        names[n] = name_of((int32_t)n);
        if (strcmp(text, names[n]) == 0) {
            *code = (int32_t)n;
            return COMMAND_OK;
        }
    }
    const char *nearest = options_nearest(text, names, n);
    if (nearest == NULL)
        return command_fail_usage(NAME, "--%s: there is no '%s'", option_name, text);
    return command_fail_usage(NAME, "--%s: there is no '%s'; did you mean '%s'?",
                              option_name, text, nearest);
}

/* ---- computing ---- */

static spk_status compute(const statistics_arguments *a, spk_context *ctx,
                          const spk_trains *trains, int32_t burst_method,
                          unit_statistics *s)
{
    spk_intervals_options intervals;
    spk_fano_options fano;
    spk_timescale_options timescale;
    spk_bursts_options bursts;
    spk_intervals_options_init(&intervals, sizeof intervals);
    spk_fano_options_init(&fano, sizeof fano);
    spk_timescale_options_init(&timescale, sizeof timescale);
    spk_bursts_options_init(&bursts, sizeof bursts);
    intervals.confidence = fano.confidence = timescale.confidence = a->confidence;
    fano.n_windows = s->n_windows;
    fano.windows_s = s->windows_s;
    timescale.bin_s = a->bin_ms / 1000;
    timescale.n_bootstrap = a->draws;
    timescale.seed = a->seed;
    bursts.method = burst_method;
    spk_status status = spk_rates_mean(ctx, trains, a->confidence, s->rates);
    if (status == SPK_OK)
        status = spk_intervals_summarize(ctx, trains, &intervals, s->intervals);
    if (status == SPK_OK)
        status = spk_intervals_correlate(ctx, trains, 1, &intervals, s->serial);
    if (status == SPK_OK)
        status = spk_fano_estimate(ctx, trains, &fano, s->fano);
    if (status == SPK_OK)
        status =
            spk_timescale_estimate(ctx, trains, 0, NULL, &timescale, s->timescales, NULL);
    if (status == SPK_OK)
        status = spk_bursts_detect(ctx, trains, &bursts, &s->owned_bursts);
    if (status == SPK_OK) {
        s->bursts = spk_bursts_summaries(s->owned_bursts);
        status = spk_bandwidth_estimate(ctx, trains, NULL, s->sigmas_s);
    }
    return status;
}

/* ---- writing ---- */

/* What is written, and of which units. */
typedef struct statistics_result {
    const statistics_arguments *arguments;
    const spk_session *session;
    const spk_trains *trains;
    const unit_statistics *statistics;
    const int64_t *places;
    int64_t n_places;
} statistics_result;

static spk_status write_table(spk_context *ctx, const statistics_result *r)
{
    spk_table *table = NULL;
    spk_status status =
        statistics_table_fill(ctx, r->statistics, spk_session_unit_ids(r->session),
                              r->places, r->n_places, &table);
    if (status == SPK_OK && r->arguments->output == NULL)
        table_output_print(table);
    else if (status == SPK_OK)
        status = spk_table_write(ctx, r->arguments->output, table);
    spk_table_destroy(table);
    return status;
}

static spk_status write_bursts(spk_context *ctx, const statistics_result *r)
{
    static const char *const names[] = {"cluster_id", "start_s",     "stop_s",
                                        "spikes",     "first_spike", "surprise"};
    const double rate = spk_session_spikes(r->session)->sampling_rate_hz;
    const int64_t *offsets = spk_bursts_offsets(r->statistics->owned_bursts);
    const spk_burst *list = spk_bursts_list(r->statistics->owned_bursts);
    spk_table *table = NULL;
    spk_status status = spk_table_create(ctx, 6, names, &table);
    for (int64_t p = 0; p < r->n_places; p++)
        for (int64_t k = offsets[r->places[p]];
             status == SPK_OK && k < offsets[r->places[p] + 1]; k++) {
            char cells[6][TABLE_CELL_SIZE];
            const char *words[6];
            for (int c = 0; c < 6; c++)
                words[c] = cells[c];
            snprintf(cells[0], TABLE_CELL_SIZE, "%lld",
                     (long long)spk_session_unit_ids(r->session)[r->places[p]]);
            table_output_number((double)list[k].start_sample / rate, cells[1]);
            table_output_number((double)list[k].stop_sample / rate, cells[2]);
            snprintf(cells[3], TABLE_CELL_SIZE, "%lld", (long long)list[k].n_spikes);
            snprintf(cells[4], TABLE_CELL_SIZE, "%lld", (long long)list[k].first_spike);
            table_output_number(list[k].surprise, cells[5]);
            status = spk_table_append(ctx, table, words);
        }
    if (status == SPK_OK)
        status = spk_table_write(ctx, r->arguments->bursts, table);
    spk_table_destroy(table);
    return status;
}

/* The rates of the chosen units row by row, into one of the two writers. */
static spk_status append_rates(spk_context *ctx, const statistics_result *r,
                               const spk_rates_options *options, int64_t n_points,
                               spk_npy_writer *npy, spk_npz_writer *npz)
{
    double *row = malloc((size_t)(n_points + 1) * sizeof *row);
    const size_t bytes = (size_t)n_points * sizeof *row;
    spk_status status = row == NULL ? SPK_ERR_MEMORY : SPK_OK;
    for (int64_t p = 0; status == SPK_OK && p < r->n_places; p++) {
        status = spk_rates_estimate(ctx, r->trains, r->places[p], r->places[p] + 1,
                                    options, row, NULL, NULL);
        if (status == SPK_OK)
            status = npy != NULL ? spk_npy_writer_append(ctx, npy, row, bytes)
                                 : spk_npz_writer_append(ctx, npz, row, bytes);
    }
    free(row);
    return status;
}

static spk_status add_numbers(spk_context *ctx, spk_npz_writer *npz, const char *name,
                              int32_t dtype, int64_t n, const void *data)
{
    spk_status status = spk_npz_writer_begin(ctx, npz, name, dtype, 1, &n);
    return status == SPK_OK ? spk_npz_writer_append(ctx, npz, data, (size_t)n * 8)
                            : status;
}

static spk_status write_npz(spk_context *ctx, const statistics_result *r,
                            const spk_rates_options *options, int64_t n_points)
{
    const int64_t shape[] = {r->n_places, n_points};
    spk_npz_writer *npz = NULL;
    double *times = malloc((size_t)(n_points + 1) * sizeof *times);
    int64_t *ids = malloc((size_t)(r->n_places + 1) * sizeof *ids);
    spk_status status = times == NULL || ids == NULL ? SPK_ERR_MEMORY : SPK_OK;
    for (int64_t p = 0; status == SPK_OK && p < r->n_places; p++)
        ids[p] = spk_session_unit_ids(r->session)[r->places[p]];
    if (status == SPK_OK)
        status = spk_rates_times(ctx, r->trains, options, times);
    if (status == SPK_OK)
        status = spk_npz_writer_create(ctx, r->arguments->rates, 0, &npz);
    if (status == SPK_OK)
        status = add_numbers(ctx, npz, "unit_ids", SPK_DTYPE_INT64, r->n_places, ids);
    if (status == SPK_OK)
        status = add_numbers(ctx, npz, "times_s", SPK_DTYPE_FLOAT64, n_points, times);
    if (status == SPK_OK)
        status = spk_npz_writer_begin(ctx, npz, "rates", SPK_DTYPE_FLOAT64, 2, shape);
    if (status == SPK_OK)
        status = append_rates(ctx, r, options, n_points, NULL, npz);
    if (status == SPK_OK)
        status = spk_npz_writer_finish(ctx, npz);
    spk_npz_writer_destroy(npz);
    free(ids);
    free(times);
    return status;
}

static spk_status write_npy(spk_context *ctx, const statistics_result *r,
                            const spk_rates_options *options, int64_t n_points)
{
    const int64_t shape[] = {r->n_places, n_points};
    spk_npy_writer *npy = NULL;
    spk_status status = spk_npy_writer_create(ctx, r->arguments->rates, SPK_DTYPE_FLOAT64,
                                              2, shape, &npy);
    if (status == SPK_OK)
        status = append_rates(ctx, r, options, n_points, npy, NULL);
    if (status == SPK_OK)
        status = spk_npy_writer_finish(ctx, npy);
    spk_npy_writer_destroy(npy);
    return status;
}

static int ends_with(const char *text, const char *end)
{
    const size_t n = strlen(text), m = strlen(end);
    return n >= m && strcmp(text + n - m, end) == 0;
}

static spk_status write_rates(spk_context *ctx, const statistics_result *r,
                              spk_rates_options *options)
{
    int64_t n_points = 0;
    if (options->sigma_s == 0) {
        options->sigma_s = 1;
        options->sigmas_s = r->statistics->sigmas_s;
    }
    const spk_status status = spk_rates_length(ctx, r->trains, options, &n_points);
    if (status != SPK_OK)
        return status;
    return ends_with(r->arguments->rates, ".npz") ? write_npz(ctx, r, options, n_points)
                                                  : write_npy(ctx, r, options, n_points);
}

/* ---- arguments ---- */

/* sigma_s 0 stands for the optimal one. */
/* Options that would do nothing, and names of files of unknown kind. */
static int check_arguments(const statistics_arguments *a)
{
    const struct {
        const char *option;
        int is_given;
    } of_rates[] = {
        {"--kernel", a->kernel != NULL},       {"--sigma-ms", a->sigma_ms != NULL},
        {"--step-ms", !isnan(a->step_ms)},     {"--centred", a->centred},
        {"--correct-edges", a->correct_edges},
    };
    const char *const tables[][2] = {{"--output", a->output}, {"--bursts", a->bursts}};
    for (int k = 0; k < 5 && a->rates == NULL; k++)
        if (of_rates[k].is_given)
            return command_fail_usage(NAME, "%s is of the rates that --rates FILE writes",
                                      of_rates[k].option);
    for (int k = 0; k < 2; k++)
        if (tables[k][1] != NULL && !ends_with(tables[k][1], ".tsv") &&
            !ends_with(tables[k][1], ".csv"))
            return command_fail_usage(NAME,
                                      "%s: expected a name in .tsv or .csv, found '%s'",
                                      tables[k][0], tables[k][1]);
    return COMMAND_OK;
}

/* Windows and bins that fit nowhere. */
static void note_longer(const statistics_arguments *a, const spk_spikes *spikes,
                        const spk_epochs *epochs, const unit_statistics *s)
{
    int64_t longest = spikes->stop_sample - spikes->start_sample;
    for (int64_t e = 0; epochs != NULL && e < epochs->n_epochs; e++) {
        const int64_t length = epochs->stops[e] - epochs->starts[e];
        longest = e == 0 || length > longest ? length : longest;
    }
    const double longest_s = (double)longest / spikes->sampling_rate_hz;
    const char *const where = epochs == NULL ? "the recording" : "the longest epoch";
    for (int64_t w = 0; w < s->n_windows; w++)
        if (s->windows_s[w] > longest_s)
            command_note(NAME,
                         "warning: --fano: a window of %g s is longer than %s, %.6g s; "
                         "its columns are empty",
                         s->windows_s[w], where, longest_s);
    if (a->bin_ms / 1000 > longest_s)
        command_note(NAME,
                     "warning: --bin-ms: %g ms are longer than %s, %.6g s; there is no "
                     "timescale",
                     a->bin_ms, where, longest_s);
}

static int parse_rates(const statistics_arguments *a, spk_rates_options *options)
{
    char *end = NULL;
    const char *const sigma_ms = a->sigma_ms != NULL ? a->sigma_ms : "50";
    spk_rates_options_init(options, sizeof *options);
    options->step_s = isnan(a->step_ms) ? 0.01 : a->step_ms / 1000;
    options->centred = a->centred;
    options->edges = a->correct_edges ? SPK_RATES_EDGES_MASS : SPK_RATES_EDGES_AS_IS;
    if (strcmp(sigma_ms, "optimal") == 0) {
        options->sigma_s = 0;
    } else {
        options->sigma_s = strtod(sigma_ms, &end) / 1000;
        if (end == sigma_ms || *end != '\0' || !(options->sigma_s > 0) ||
            !isfinite(options->sigma_s))
            return command_fail_usage(
                NAME, "--sigma-ms: expected a number above 0 or optimal, found '%s'",
                sigma_ms);
    }
    if (a->rates != NULL && !ends_with(a->rates, ".npz") && !ends_with(a->rates, ".npy"))
        return command_fail_usage(
            NAME, "--rates: expected a .npz or .npy file, found '%s'", a->rates);
    return parse_name("kernel", a->kernel != NULL ? a->kernel : "gaussian",
                      spk_kernel_name, &options->kernel);
}

static int check_outputs(const statistics_arguments *a, const spk_session *session)
{
    const char *const paths[] = {a->output, a->rates, a->bursts};
    for (int k = 0; k < 3; k++)
        if (paths[k] != NULL && table_output_is_of_session(session, paths[k])) {
            command_say(NAME, "%s: a file of the session; choose another", paths[k]);
            return COMMAND_FAILED;
        }
    return COMMAND_OK;
}

static int compute_and_write(const statistics_arguments *a, spk_context *ctx,
                             spk_session *session, const spk_trains_options *options,
                             unit_statistics *s)
{
    spk_rates_options rates;
    spk_trains *trains = NULL;
    int64_t *places = NULL, n_places = 0;
    int32_t method = 0;
    int code = parse_rates(a, &rates);
    if (code == COMMAND_OK)
        code =
            parse_name("burst-method", a->burst_method, spk_burst_method_name, &method);
    if (code == COMMAND_OK)
        code = check_outputs(a, session);
    if (code == COMMAND_OK)
        code = unit_selection_parse(NAME, session, a->units, &places, &n_places);
    if (code != COMMAND_OK)
        return code;
    spk_status status =
        spk_trains_create(ctx, spk_session_spikes(session), options, &trains);
    if (status == SPK_OK &&
        !statistics_table_alloc(s, spk_session_spikes(session)->n_units, s->n_windows))
        status = SPK_ERR_MEMORY;
    if (status == SPK_OK)
        status = compute(a, ctx, trains, method, s);
    const statistics_result result = {a, session, trains, s, places, n_places};
    if (status == SPK_OK && a->rates != NULL)
        status = write_rates(ctx, &result, &rates);
    if (status == SPK_OK && a->bursts != NULL)
        status = write_bursts(ctx, &result);
    if (status == SPK_OK)
        status = write_table(ctx, &result);
    if (status != SPK_OK)
        code = command_fail(NAME, ctx, status);
    else if (a->output != NULL)
        command_note(NAME, "%s: %lld unit%s", a->output, (long long)n_places,
                     n_places == 1 ? "" : "s");
    spk_trains_destroy(trains);
    free(places);
    return code;
}

static int run(const statistics_arguments *a, spk_context *ctx)
{
    spk_session *session = NULL;
    epochs_argument epochs = {.owned = NULL};
    periods_argument periods = {.owned = NULL};
    unit_statistics s = {.n_units = 0};
    spk_trains_options options;
    spk_trains_options_init(&options, sizeof options);
    int code = parse_windows(a->fano, &s);
    if (code == COMMAND_OK)
        code = session_argument_open(NAME, ctx, &a->session, &a->operands, &session);
    if (code == COMMAND_OK && a->epochs != NULL) {
        const spk_spikes *spikes = spk_session_spikes(session);
        code =
            epochs_argument_read(NAME, ctx, a->epochs, spikes->sampling_rate_hz, &epochs);
        if (code == COMMAND_OK)
            epochs_argument_note_outside(NAME, a->epochs, &epochs, spikes);
        options.epochs = &epochs.epochs;
    }
    if (code == COMMAND_OK && a->periods != NULL) {
        code = periods_argument_read(NAME, ctx, a->periods, session, &periods);
        options.periods = &periods.periods;
    }
    if (code == COMMAND_OK) {
        note_longer(a, spk_session_spikes(session), options.epochs, &s);
        code = compute_and_write(a, ctx, session, &options, &s);
    }
    statistics_table_clear(&s);
    periods_argument_clear(&periods);
    epochs_argument_clear(&epochs);
    spk_session_close(session);
    return code;
}

int spk_cmd_statistics(int argc, char **argv)
{
    statistics_arguments arguments = {.fano = "0.1,1,10",
                                      .burst_method = "poisson_surprise",
                                      .units = "all",
                                      .step_ms = NAN,
                                      .confidence = 0.95,
                                      .bin_ms = 50,
                                      .draws = 100};
    const option_section sections[] = {{"Columns", statistics_table_text()},
                                       {NULL, NULL}};
    const command_usage usage = {
        .name = "statistics",
        .synopsis = synopsis,
        .description =
            "Describes how each unit fires by itself: its rate with limits, how regular "
            "its intervals are, how counts vary, how long its rate remembers itself, and "
            "how much of it is bursts. Rates by kernel and a table of all bursts can be "
            "written beside.\n"
            "\n"
            "Limits that suppose a Poisson train stand beside ones that do not. What "
            "cannot be computed is left empty.",
        .groups = groups,
        .sections = sections,
        .examples = examples,
        .see_also = "spikekit(1), spikekit-metrics(1), spikekit-synchrony(1)",
        .max_operands = 1,
    };
    spk_context *ctx = NULL;
    int code = options_parse(&usage, &arguments, argc, argv);
    if (code == -1 && (code = check_arguments(&arguments)) == COMMAND_OK &&
        (code = command_start(NAME, &arguments.run, &ctx)) == COMMAND_OK)
        code = run(&arguments, ctx);
    command_finish(ctx);
    return code;
}
