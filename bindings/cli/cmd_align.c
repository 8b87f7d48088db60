/* SPDX-License-Identifier: BSD-3-Clause */
#include "align_request.h"
#include "epochs_argument.h"
#include "options.h"
#include "table_output.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char NAME[] = "align";

typedef struct align_arguments {
    const char *events;
    const char *condition;
    const char *output;
    const char *raster;
    const char *fano;
    const char *noise;
    const char *page;
    const char *units;
    const char *epochs;
    const char *limits;
    const char *kernel;
    double from_s, to_s, bin_ms, smooth_ms, confidence;
    int64_t resamples;
    uint64_t seed;
    int32_t partial;
    operand_list operands;
    session_arguments session;
    run_arguments run;
} align_arguments;

#define FIELD(field) offsetof(align_arguments, field)
#define END                                                                              \
    {                                                                                    \
        NULL, 0, OPTION_FLAG, NULL, 0, NULL, NULL, 0, 0                                  \
    }

static const option options_input[] = {
    {"SESSION", 0, OPTION_OPERANDS, NULL, FIELD(operands),
     "A folder as left by Kilosort, phy or the IBL pipeline.", NULL, 0, 0},
    {"events", 0, OPTION_TEXT, "FILE", FIELD(events),
     "When the events were, in any order. A .tsv or .csv table with a column time_s [s] "
     "or "
     "sample; a .npy array, whole numbers being samples and others seconds; or a .txt "
     "file "
     "with a time [s] a line.",
     "", 0, 0},
    {"condition", 'c', OPTION_TEXT, "COLUMN", FIELD(condition),
     "The column of the table of events that says which condition each is of; rates are "
     "then "
     "by condition.",
     "the column condition, if there is one", 0, 0},
    END,
};
static const option options_window[] = {
    {"from-s", 'f', OPTION_NUMBER, "S", FIELD(from_s),
     "Start of the window after the event [s]; before it where negative.", NULL, 0, 0},
    {"to-s", 't', OPTION_NUMBER, "S", FIELD(to_s),
     "End of the window after the event [s].", NULL, 0, 0},
    {"bin-ms", 'b', OPTION_NUMBER, "MS", FIELD(bin_ms), "Bin width [ms].", NULL, 0, 0},
    {"units", 'u', OPTION_TEXT, "WHICH", FIELD(units),
     "all, good, mua, noise, unsorted, or unit ids such as 1,2,5-9.", NULL, 0, 0},
    {"epochs", 'e', OPTION_TEXT, "FILE", FIELD(epochs),
     "Only these parts of the recording: a .tsv or .csv table with columns start_s and "
     "stop_s [s], in order and not overlapping. An event sees its own part only.",
     "", 0, 0},
    {"partial", 0, OPTION_FLAG, NULL, FIELD(partial),
     "Count an event in those bins that it saw, even if part of its window was not "
     "recorded.",
     NULL, 0, 0},
    END,
};
static const option options_rates[] = {
    {"limits", 'l', OPTION_TEXT, "NAME", FIELD(limits),
     "What the limits of a rate stand for: poisson (exact, spikes being independent), "
     "student "
     "(from the spread over events) or bootstrap (events drawn anew). The last two are "
     "left out where events do not differ, as where all are silent, and are too narrow "
     "for few smoothed spikes; the bootstrap also with fewer than 20 events.",
     NULL, 0, 0},
    {"confidence", 0, OPTION_NUMBER, "SHARE", FIELD(confidence),
     "How often the limits hold the true rate.", NULL, 0, 0},
    {"smooth-ms", 's', OPTION_NUMBER, "MS", FIELD(smooth_ms),
     "Smooth rates with a kernel this wide [ms]; 0 for none.", NULL, 0, INFINITY},
    {"kernel", 'k', OPTION_TEXT, "NAME", FIELD(kernel),
     "gaussian (the width is its standard deviation), boxcar (full width) or exponential "
     "(time constant; looks back only).",
     NULL, 0, 0},
    {"resamples", 0, OPTION_INTEGER, "N", FIELD(resamples), "Draws of the bootstrap.",
     NULL, 2, 1000000},
    {"seed", 0, OPTION_SEED, "N", FIELD(seed), "Start of the bootstrap's random numbers.",
     NULL, 0, 0},
    END,
};
static const option options_output[] = {
    {"output", 'o', OPTION_TEXT, "FILE", FIELD(output),
     "Rates: .tsv or .csv, a row for each unit, condition and bin; .npy, the rates "
     "alone; or "
     ".npz, all arrays.",
     "standard output, as .tsv, if no other file is asked for", 0, 0},
    {"page", 'p', OPTION_TEXT, "FILE", FIELD(page),
     "A page to look at in a browser (.html): raster and rate of each unit.", "", 0, 0},
    {"raster", 'r', OPTION_TEXT, "FILE", FIELD(raster),
     "Every spike in a window: a .tsv or .csv table of cluster_id, event (a row of the "
     "file "
     "of events, from 1), and lag_s, the time from the event.",
     "", 0, 0},
    {"fano", 0, OPTION_TEXT, "FILE", FIELD(fano),
     "Fano factors over events, variance over mean of the counts in each bin: a table.",
     "", 0, 0},
    {"noise-correlation", 'n', OPTION_TEXT, "FILE", FIELD(noise),
     "Correlation of the counts of each pair of units over events, less their mean in "
     "each "
     "condition, in the whole window: a table.",
     "", 0, 0},
    END,
};
static const option_group groups[] = {
    {"Input", options_input, 0},
    {"Window and units", options_window, 0},
    {"Rates", options_rates, 0},
    {"Output", options_output, 0},
    {"Session", options_session, FIELD(session)},
    {"Running", options_run, FIELD(run)},
    {NULL, NULL, 0},
};
static const char *const synopsis[] = {
    "SESSION --events FILE [-o FILE] [options]",
    "SESSION --events FILE --page FILE",
    NULL,
};
static const option_section sections[] = {
    {"What is written",
     "Of a table: cluster_id, condition (if there are any), time_s (centre of the bin, "
     "from "
     "the event), events (how many count), spikes (in that bin, over all of them), "
     "rate_hz, "
     "lower_hz and upper_hz.\n"
     "\n"
     "Of .npz:\n"
     " rates_hz, lower_hz, upper_hz   [conditions][units][bins]\n"
     " spikes                         the same shape\n"
     " events_used                    [conditions][bins]\n"
     " counts                         [events][units][bins], each event by itself\n"
     " exposure_s                     [events][bins] time observed [s]\n"
     " edges_s                        [bins + 1] from the event [s]\n"
     " event_samples, event_conditions  [events]\n"
     " unit_ids                       [units]\n"
     " condition_labels               text, one a line\n"
     "\n"
     "Windows are half-open: a spike at the end of one is not in it. A bin is a whole "
     "number of samples, and where the start is a whole number of bins the event lies at "
     "an edge. As many bins as fit whole are made; where start or end were whole numbers "
     "of bins before rounding, the nearest edge is taken. A bin or window other than "
     "asked is said."},
    {NULL, NULL},
};
static const option_example examples[] = {
    {"Rates of good units around events, to look at:",
     "spikekit align mouse7 --events stim.tsv -u good -p stim.html"},
    {"In 20 ms bins, smoothed, each condition by itself:",
     "spikekit align mouse7 --events stim.tsv -c side -b 20 -s 40 -o r.tsv"},
    {"Counts from 50 to 300 ms for a decoder, one bin:",
     "spikekit align mouse7 --events stim.tsv -f 0.05 -t 0.3 -b 250 -o c.npz"},
    {"Noise correlations and Fano factors in that window:",
     "spikekit align mouse7 --events stim.tsv -f 0.05 -t 0.3 -b 250 \\\n"
     "          --noise-correlation noise.tsv --fano fano.tsv"},
    {NULL, NULL},
};
static const command_usage usage = {
    .name = "align",
    .synopsis = synopsis,
    .description = "Aligns spikes to events, such as stim, movements or rewards: "
                   "rasters, and the mean "
                   "rate around the events (PSTH) with its limits.\n"
                   "\n"
                   "An event counts if its whole window was recorded, in one part of the "
                   "recording if "
                   "--epochs names parts. How many do not is said.",
    .groups = groups,
    .sections = sections,
    .examples = examples,
    .see_also = "spikekit(1), spikekit-correlogram(1), spikekit-report(1)",
    .max_operands = 1,
};

int align_ends_with(const char *path, const char *ending)
{
    const size_t n = strlen(path), m = strlen(ending);
    return n >= m && strcmp(path + n - m, ending) == 0;
}

double align_result_start(const align_result *result, int64_t bin)
{
    return (double)(result->window.first_sample + bin * result->window.bin_samples) /
           result->units.spikes.sampling_rate_hz;
}

double align_result_centre(const align_result *result, int64_t bin)
{
    return (align_result_start(result, bin) + align_result_start(result, bin + 1)) / 2;
}

static int is_table(const char *path)
{
    return align_ends_with(path, ".tsv") || align_ends_with(path, ".csv");
}

static int check_arguments(const align_arguments *a)
{
    const struct {
        const char *name, *path, *others;
        int other;
    } files[] = {
        {"--output", a->output, ".tsv, .csv, .npy or .npz",
         a->output != NULL &&
             (align_ends_with(a->output, ".npy") || align_ends_with(a->output, ".npz"))},
        {"--raster", a->raster, ".tsv or .csv", 0},
        {"--fano", a->fano, ".tsv or .csv", 0},
        {"--noise-correlation", a->noise, ".tsv or .csv", 0},
    };
    if (a->events == NULL)
        return command_fail_usage(NAME, "--events FILE is missing");
    for (int k = 0; k < 4; k++)
        if (files[k].path != NULL && !is_table(files[k].path) && !files[k].other)
            return command_fail_usage(NAME, "%s: expected a name in %s, found '%s'",
                                      files[k].name, files[k].others, files[k].path);
    if (a->page != NULL && !align_ends_with(a->page, ".html"))
        return command_fail_usage(NAME, "--page: expected a name in .html, found '%s'",
                                  a->page);
    if (!(a->from_s < a->to_s))
        return command_fail_usage(NAME,
                                  "--from-s: expected a time before --to-s, %g, found %g",
                                  a->to_s, a->from_s);
    if (!(a->bin_ms > 0) || a->bin_ms / 1e3 > (a->to_s - a->from_s) * (1 + 1e-9))
        return command_fail_usage(
            NAME,
            "--bin-ms: expected more than 0 and at most the window, %g "
            "ms, found %g",
            1e3 * (a->to_s - a->from_s), a->bin_ms);
    if (!(a->confidence > 0 && a->confidence < 1))
        return command_fail_usage(
            NAME, "--confidence: expected a share between 0 and 1, found %g",
            a->confidence);
    return COMMAND_OK;
}

/* The place of a word in a list, -1 after having said that it is not there. */
static int find_word(const char *name, const char *word, const char *const *words, int n)
{
    for (int k = 0; k < n; k++)
        if (strcmp(word, words[k]) == 0)
            return k;
    const char *nearest = options_nearest(word, words, (size_t)n);
    command_fail_usage(NAME, "%s: expected %s, %s or %s, found '%s'%s%s%s", name,
                       words[0], words[1], words[2], word,
                       nearest == NULL ? "" : "; did you mean '",
                       nearest == NULL ? "" : nearest, nearest == NULL ? "" : "'?");
    return -1;
}

static int make_options(const align_arguments *a, align_result *result)
{
    static const char *const limits[] = {"poisson", "student", "bootstrap"};
    static const char *const kernels[] = {"gaussian", "boxcar", "exponential"};
    const int limit = find_word("--limits", a->limits, limits, 3);
    const int kernel = limit < 0 ? -1 : find_word("--kernel", a->kernel, kernels, 3);
    if (kernel < 0)
        return COMMAND_USAGE;
    spk_alignment_options_init(&result->alignment, sizeof result->alignment);
    result->alignment.start_s = a->from_s;
    result->alignment.stop_s = a->to_s;
    result->alignment.bin_s = a->bin_ms / 1e3;
    spk_psth_options_init(&result->options, sizeof result->options);
    result->options.trials = a->partial ? SPK_PSTH_PER_BIN : SPK_PSTH_WHOLE;
    result->options.limits = limit;
    result->options.confidence = a->confidence;
    result->options.kernel = kernel;
    result->options.smooth_s = a->smooth_ms / 1e3;
    result->options.n_resamples = a->resamples;
    result->options.seed = a->seed;
    return COMMAND_OK;
}

/* Arrays of the result; 0 when memory is short. */
static int make_arrays(align_result *result)
{
    const size_t n_conditions = (size_t)result->events.n_conditions;
    const size_t n_bins = (size_t)result->window.n_bins;
    const size_t n = n_conditions * n_bins * (size_t)result->units.spikes.n_units;
    result->psth = (spk_psth){
        .n_trials = malloc(n_conditions * n_bins * sizeof(int64_t)),
        .counts = malloc((n + 1) * sizeof(int64_t)),
        .rates = malloc((n + 1) * sizeof(double)),
        .lower = malloc((n + 1) * sizeof(double)),
        .upper = malloc((n + 1) * sizeof(double)),
    };
    result->is_whole = malloc((size_t)result->events.n_events + 1);
    return result->psth.n_trials != NULL && result->psth.counts != NULL &&
           result->psth.rates != NULL && result->psth.lower != NULL &&
           result->psth.upper != NULL && result->is_whole != NULL;
}

static void clear_result(align_result *result)
{
    free(result->is_whole);
    free(result->psth.upper);
    free(result->psth.lower);
    free(result->psth.rates);
    free(result->psth.counts);
    free(result->psth.n_trials);
    align_events_clear(&result->events);
    unit_selection_clear(&result->units);
}

/* Events that count in at least one bin. */
static spk_status count_used(spk_context *ctx, align_result *result)
{
    const int64_t n = result->events.n_events, n_bins = result->window.n_bins;
    for (int64_t e = 0; e < n; e++)
        result->n_whole += result->is_whole[e];
    result->n_used = result->n_whole;
    if (result->options.trials != SPK_PSTH_PER_BIN || result->n_whole == n)
        return SPK_OK;
    spk_spikes none = result->units.spikes; /* no spike matters, nor is one checked */
    none.n_spikes = 0;
    int64_t *exposure = calloc((size_t)n_bins, sizeof *exposure);
    spk_status status = exposure == NULL ? SPK_ERR_MEMORY : SPK_OK;
    for (int64_t e = 0; e < n && status == SPK_OK; e++) {
        int64_t most = 0;
        if (result->is_whole[e])
            continue;
        status = spk_alignment_exposure(ctx, &none, 1, &result->events.samples[e],
                                        &result->alignment, exposure, NULL);
        for (int64_t b = 0; b < n_bins && status == SPK_OK; b++)
            most = exposure[b] > most ? exposure[b] : most;
        result->n_used += most == result->window.bin_samples;
    }
    free(exposure);
    return status;
}

/* Says why no event counts. */
static int fail_unused(const align_arguments *a, const align_result *result)
{
    const align_events *events = &result->events;
    const spk_spikes *spikes = &result->units.spikes;
    const double rate = spikes->sampling_rate_hz;
    int64_t first = events->samples[0], last = first;
    for (int64_t e = 1; e < events->n_events; e++) {
        first = events->samples[e] < first ? events->samples[e] : first;
        last = events->samples[e] > last ? events->samples[e] : last;
    }
    command_say(NAME,
                "%s: none of %lld events has its window %srecorded: they are at %.6g to "
                "%.6g s, the %s at %.6g to %.6g s%s",
                a->events, (long long)events->n_events, a->partial ? "" : "wholly ",
                (double)first / rate, (double)last / rate,
                a->epochs == NULL ? "recording" : "recording (see also --epochs)",
                (double)spikes->start_sample / rate, (double)spikes->stop_sample / rate,
                events->is_in_samples ? "; its whole numbers were taken for samples, "
                                        "seconds need a decimal type"
                                      : "");
    return COMMAND_FAILED;
}

static int estimate(spk_context *ctx, const align_arguments *a, align_result *result)
{
    const spk_spikes *spikes = &result->units.spikes;
    const align_events *events = &result->events;
    spk_status status = spk_alignment_find_window(ctx, spikes->sampling_rate_hz,
                                                  &result->alignment, &result->window);
    if (status == SPK_OK && !make_arrays(result)) {
        command_say(NAME, "not enough memory");
        return COMMAND_FAILED;
    }
    if (status == SPK_OK)
        status = spk_alignment_exposure(ctx, spikes, events->n_events, events->samples,
                                        &result->alignment, NULL, result->is_whole);
    if (status == SPK_OK)
        status = spk_psth_align(ctx, spikes, events->n_events, events->samples,
                                events->n_conditions, events->conditions,
                                &result->alignment, &result->options, &result->psth);
    if (status == SPK_OK)
        status = count_used(ctx, result);
    if (status != SPK_OK)
        return command_fail(NAME, ctx, status);
    return result->n_used > 0 ? COMMAND_OK : fail_unused(a, result);
}

/* An event, to find those that are the same. */
typedef struct known_event {
    int64_t sample;
    int32_t condition;
} known_event;

static int compare_known(const void *a, const void *b)
{
    const known_event *x = a, *y = b;
    if (x->sample != y->sample)
        return x->sample < y->sample ? -1 : 1;
    return (x->condition > y->condition) - (x->condition < y->condition);
}

/* Says how many events are at the sample of another of their condition. */
static void tell_repeats(const align_events *events)
{
    const int64_t n = events->n_events;
    long long n_repeats = 0;
    known_event *known = malloc((size_t)n * sizeof *known);
    if (known == NULL)
        return;
    for (int64_t e = 0; e < n; e++)
        known[e] = (known_event){events->samples[e], events->conditions[e]};
    qsort(known, (size_t)n, sizeof *known, compare_known);
    for (int64_t e = 1; e < n; e++)
        n_repeats += compare_known(&known[e - 1], &known[e]) == 0;
    free(known);
    if (n_repeats > 0)
        command_note(NAME,
                     "warning: %lld of %lld events repeat one at the same sample; each "
                     "counts, and limits are too narrow",
                     n_repeats, (long long)n);
}

static void tell(const align_arguments *a, const align_result *result)
{
    const long long n = (long long)result->events.n_events;
    const long long left = n - (long long)result->n_whole;
    const double bin_ms =
        1e3 * (double)result->window.bin_samples / result->units.spikes.sampling_rate_hz;
    if (result->events.is_in_samples)
        command_note(NAME, "%s: whole numbers, taken for samples", a->events);
    if (left > 0)
        command_note(
            NAME, "warning: %lld of %lld events: the window was not wholly recorded; %s",
            left, n,
            a->partial ? "they count in the bins that were"
                       : "they are left out (--partial counts what there is)");
    tell_repeats(&result->events);
    const double start = align_result_start(result, 0);
    const double stop = align_result_start(result, result->window.n_bins);
    const double rate = result->units.spikes.sampling_rate_hz;
    if (fabs(bin_ms - a->bin_ms) > 1e-9 * a->bin_ms)
        command_note(NAME, "bin rounded to %lld sample%s, %.4g ms",
                     (long long)result->window.bin_samples,
                     result->window.bin_samples == 1 ? "" : "s", bin_ms);
    if (fmax(fabs(start - a->from_s), fabs(stop - a->to_s)) * rate > 0.5 + 1e-6)
        command_note(NAME, "warning: window of whole bins, %.6g s to %.6g s", start,
                     stop);
}

typedef int (*writer)(const char *name, spk_context *ctx, const align_result *result,
                      const char *path);

static int write_all(const align_arguments *a, spk_context *ctx,
                     const align_result *result)
{
    const struct {
        const char *path;
        writer write;
    } files[] = {
        {a->output, align_output_rates}, {a->raster, align_output_raster},
        {a->fano, align_output_fano},    {a->noise, align_output_noise},
        {a->page, align_page_write},
    };
    int n_files = 0;
    for (int k = 0; k < 5; k++) {
        if (files[k].path == NULL)
            continue;
        if (table_output_is_of_session(result->session, files[k].path)) {
            command_say(NAME, "%s: a file of the session; choose another", files[k].path);
            return COMMAND_FAILED;
        }
        n_files++;
    }
    if (n_files == 0)
        return align_output_rates(NAME, ctx, result, NULL);
    for (int k = 0; k < 5; k++) {
        const int code = files[k].path == NULL
                             ? COMMAND_OK
                             : files[k].write(NAME, ctx, result, files[k].path);
        if (code != COMMAND_OK)
            return code;
        if (files[k].path != NULL)
            command_note(NAME, "%s: %lld unit%s, %lld event%s, %lld bin%s", files[k].path,
                         (long long)result->units.spikes.n_units,
                         result->units.spikes.n_units == 1 ? "" : "s",
                         (long long)result->n_used, result->n_used == 1 ? "" : "s",
                         (long long)result->window.n_bins,
                         result->window.n_bins == 1 ? "" : "s");
    }
    return COMMAND_OK;
}

static int run(const align_arguments *a, spk_context *ctx)
{
    align_result result = {.session = NULL};
    spk_session *session = NULL;
    epochs_argument epochs = {.owned = NULL};
    int code = make_options(a, &result);
    if (code == COMMAND_OK)
        code = session_argument_open(NAME, ctx, &a->session, &a->operands, &session);
    if (code != COMMAND_OK)
        goto cleanup;
    result.session = session;
    const spk_spikes *spikes = spk_session_spikes(session);
    if (a->epochs != NULL) {
        code =
            epochs_argument_read(NAME, ctx, a->epochs, spikes->sampling_rate_hz, &epochs);
        if (code != COMMAND_OK)
            goto cleanup;
        epochs_argument_note_outside(NAME, a->epochs, &epochs, spikes);
        result.alignment.epochs = &epochs.epochs;
    }
    if ((code = unit_selection_make(NAME, session, a->units, &result.units)) ==
            COMMAND_OK &&
        (code = align_events_read(NAME, ctx, a->events, a->condition,
                                  spikes->sampling_rate_hz, &result.events)) ==
            COMMAND_OK &&
        (code = estimate(ctx, a, &result)) == COMMAND_OK) {
        tell(a, &result);
        code = write_all(a, ctx, &result);
    }
cleanup:
    clear_result(&result);
    epochs_argument_clear(&epochs);
    spk_session_close(session);
    return code;
}

int spk_cmd_align(int argc, char **argv)
{
    align_arguments arguments = {
        .units = "all",
        .limits = "poisson",
        .kernel = "gaussian",
        .from_s = -0.5,
        .to_s = 1.0,
        .bin_ms = 10.0,
        .confidence = 0.95,
        .resamples = 1000,
    };
    spk_context *ctx = NULL;
    int code = options_parse(&usage, &arguments, argc, argv);
    if (code == -1 && (code = check_arguments(&arguments)) == COMMAND_OK &&
        (code = command_start(NAME, &arguments.run, &ctx)) == COMMAND_OK)
        code = run(&arguments, ctx);
    command_finish(ctx);
    return code;
}
