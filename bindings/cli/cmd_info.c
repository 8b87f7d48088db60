/* SPDX-License-Identifier: BSD-3-Clause */
/* Looks at what opening gives and counts spikes: no more, so that it answers at once. */
#include "command.h"
#include "options.h"
#include "options_help.h"
#include "session_argument.h"

#include <math.h>
#include <spikekit/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct info_arguments {
    operand_list operands;
    session_arguments session;
    int32_t json;
    run_arguments run;
} info_arguments;

static const option options_input[] = {
    {"SESSION", 0, OPTION_OPERANDS, NULL, offsetof(info_arguments, operands),
     "A folder as left by Kilosort, phy or the IBL pipeline.", NULL, 0, 0},
    {NULL, 0, OPTION_FLAG, NULL, 0, NULL, NULL, 0, 0},
};
static const option options_output[] = {
    {"json", 'j', OPTION_FLAG, NULL, offsetof(info_arguments, json),
     "Write one JSON object instead of text.", NULL, 0, 0},
    {NULL, 0, OPTION_FLAG, NULL, 0, NULL, NULL, 0, 0},
};
static const option_group groups[] = {
    {"Input", options_input, 0},
    {"Session", options_session, offsetof(info_arguments, session)},
    {"Output", options_output, 0},
    {"Running", options_run, offsetof(info_arguments, run)},
    {NULL, NULL, 0},
};
static const char *const synopsis[] = {
    "SESSION [--json]",
    "--times FILE --clusters FILE [--rate HZ] [--json]",
    NULL,
};
static const option_section sections[] = {
    {"What it shows",
     "The format and path, spikes, units and their quality (the manual group when it "
     "says "
     "good, mua or noise, otherwise KSLabel), sampling rate, length, firing rates, what "
     "the "
     "session holds besides spikes, and warnings and notes about its files.\n"
     "\n"
     "With --json the keys are: path, format, n_spikes, n_units, sampling_rate_hz, "
     "start_s, "
     "stop_s, duration_s, quality, firing_rate_hz (minimum, median, maximum), "
     "n_silent_units, present (1 or 0 for each kind of data), labels (for each how many "
     "units have it), warnings and notes (numbered from 1). A value that is not defined, "
     "such as the median rate of no units, is null."},
    {NULL, NULL},
};
static const option_example examples[] = {
    {"What is in a folder:", "spikekit info /data/mouse7/kilosort4"},
    {"The number of good units, in a script:",
     "spikekit info --json mouse7 | jq .quality.good"},
    {"A pair of arrays, times in samples:",
     "spikekit info --times t.npy --clusters c.npy --rate 30000"},
    {NULL, NULL},
};
static const command_usage usage = {
    .name = "info",
    .synopsis = synopsis,
    .description =
        "Shows what a sorted session holds, reading no more of it than needed.",
    .groups = groups,
    .sections = sections,
    .examples = examples,
    .see_also = "spikekit(1), spikekit-report(1), spikekit-convert(1)",
    .max_operands = 1,
};

enum {
    N_QUALITIES = 4,
    MAX_REMARKS = 50
};

static const char *const quality_names[N_QUALITIES] = {"good", "mua", "noise",
                                                       "unsorted"};

typedef struct info {
    const spk_session *session;
    const spk_spikes *spikes;
    int64_t quality[N_QUALITIES];
    int64_t n_silent;
    double start_s, stop_s, duration_s;
    double rate_minimum, rate_median,
        rate_maximum; /* [Hz]; NaN without units or duration */
    char *remarks[MAX_REMARKS];
    int is_warning[MAX_REMARKS];
    size_t n_remarks;
} info;

static void keep_remark(void *user, spk_log_level level, const char *message)
{
    info *found = user;
    if (found->n_remarks == MAX_REMARKS)
        return;
    const size_t size = strlen(message) + 1;
    char *copy = malloc(size);
    if (copy == NULL)
        return;
    command_copy_utf8(message, copy, size);
    found->is_warning[found->n_remarks] = level == SPK_LOG_WARNING;
    found->remarks[found->n_remarks++] = copy;
}

static int compare_int64(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static spk_status measure(spk_context *ctx, info *found)
{
    const spk_spikes *spikes = found->spikes;
    const int64_t n = spikes->n_units;
    found->start_s = (double)spikes->start_sample / spikes->sampling_rate_hz;
    found->stop_s = (double)spikes->stop_sample / spikes->sampling_rate_hz;
    found->duration_s = ((double)spikes->stop_sample - (double)spikes->start_sample) /
                        spikes->sampling_rate_hz;
    found->rate_minimum = found->rate_median = found->rate_maximum = NAN;
    for (int64_t u = 0; u < n; u++)
        for (int q = 0; q < N_QUALITIES; q++)
            if (strcmp(spk_session_quality(found->session, u), quality_names[q]) == 0)
                found->quality[q]++;
    int64_t *counts = malloc(((size_t)n + 1) * sizeof *counts);
    if (counts == NULL)
        return SPK_ERR_MEMORY;
    const spk_status status = spk_spikes_count(ctx, spikes, counts);
    if (status == SPK_OK) {
        for (int64_t u = 0; u < n; u++)
            found->n_silent += counts[u] == 0;
        qsort(counts, (size_t)n, sizeof *counts, compare_int64);
        if (n > 0 && found->duration_s > 0.0) {
            found->rate_minimum = (double)counts[0] / found->duration_s;
            found->rate_maximum = (double)counts[n - 1] / found->duration_s;
            found->rate_median = 0.5 *
                                 ((double)counts[(n - 1) / 2] + (double)counts[n / 2]) /
                                 found->duration_s;
        }
    }
    free(counts);
    return status;
}

/* ---- text ---- */

/* A whole number in groups of three: 2,412,345. */
static void print_count(int64_t value)
{
    char digits[32];
    const int n = snprintf(digits, sizeof digits, "%lld", (long long)value);
    for (int i = 0; i < n; i++) {
        if (i > 0 && (n - i) % 3 == 0 && digits[i - 1] != '-')
            putchar(',');
        putchar(digits[i]);
    }
}

static void print_duration(double seconds)
{
    const double minutes = floor(seconds / 60.0);
    if (seconds < 60.0)
        printf("%.3f s", seconds);
    else if (seconds < 3600.0)
        printf("%.0f min %.1f s", minutes, seconds - 60.0 * minutes);
    else
        printf("%.0f h %.0f min %.1f s", floor(minutes / 60.0), fmod(minutes, 60.0),
               seconds - 60.0 * minutes);
}

/* What a session holds besides spikes, the words for it and its key in JSON. */
static int is_present(const spk_session *session, int item, const char **name,
                      const char **key)
{
    static const char *const names[] = {"amplitudes", "spike positions",
                                        "template of each spike", "channel positions",
                                        "channel map"};
    static const char *const keys[] = {"amplitudes", "spike_positions", "spike_templates",
                                       "channel_positions", "channel_map"};
    const spk_array *arrays[] = {
        spk_session_amplitudes(session), spk_session_spike_positions(session),
        spk_session_spike_templates(session), spk_session_channel_positions(session),
        spk_session_channel_map(session)};
    if (item >= (int)(sizeof names / sizeof names[0]))
        return -1;
    if (name != NULL)
        *name = names[item];
    if (key != NULL)
        *key = keys[item];
    return arrays[item] != NULL;
}

/* "a", then "a, b"; words that find no room are left out. */
static void append_word(char *text, size_t room, size_t *used, const char *word)
{
    const size_t length = strlen(word) + 2;
    if (*used + length >= room)
        return;
    snprintf(text + *used, room - *used, "%s%s", *used > 0 ? ", " : "", word);
    *used += strlen(text + *used);
}

static void print_text(const info *found)
{
    const spk_spikes *spikes = found->spikes;
    const char *path = spk_session_path(found->session);
    printf("path          %s\n", path);
    printf("format        %s\n", spk_session_format(found->session));
    printf("spikes        ");
    print_count(spikes->n_spikes);
    printf("\nunits         ");
    print_count(spikes->n_units);
    const char *separator = ": ";
    for (int q = 0; q < N_QUALITIES; q++) {
        if (found->quality[q] == 0)
            continue;
        printf("%s%lld %s", separator, (long long)found->quality[q], quality_names[q]);
        separator = ", ";
    }
    if (found->n_silent > 0)
        printf(" (%lld without spikes)", (long long)found->n_silent);
    printf("\nsampling rate %.10g Hz%s\nduration      ", spikes->sampling_rate_hz,
           spikes->sampling_rate_hz == 1e9 ? " (seconds, to the nanosecond)" : "");
    print_duration(found->duration_s);
    if (found->start_s != 0.0)
        printf(", from %.6g s to %.6g s", found->start_s, found->stop_s);
    if (isnan(found->rate_median))
        printf("\nfiring rates  undefined");
    else
        printf("\nfiring rates  median %.3g Hz, from %.3g to %.3g Hz", found->rate_median,
               found->rate_minimum, found->rate_maximum);
    char text[4096];
    size_t used = 0;
    const char *name = NULL;
    for (int i = 0, present = 0;
         (present = is_present(found->session, i, &name, NULL)) >= 0; i++)
        if (present)
            append_word(text, sizeof text, &used, name);
    printf("\npresent       ");
    help_print_text(stdout, used > 0 ? text : "spikes only", 14, 14);
    used = 0;
    for (int64_t l = 0; l < spk_session_n_labels(found->session); l++)
        append_word(text, sizeof text, &used, spk_session_label_name(found->session, l));
    printf("labels        ");
    help_print_text(stdout, used > 0 ? text : "none", 14, 14);
    for (int warning = 1; warning >= 0; warning--) {
        name = warning ? "warnings" : "notes";
        for (size_t r = 0; r < found->n_remarks; r++) {
            if (found->is_warning[r] != warning)
                continue;
            printf("%-14s", name);
            help_print_text(stdout, found->remarks[r], 14, 14);
            name = "";
        }
    }
}

/* ---- JSON ---- */

#define TRY(call)                                                                        \
    do {                                                                                 \
        if ((status = (call)) != SPK_OK)                                                 \
            goto cleanup;                                                                \
    } while (0)

static spk_status set_rates_and_quality(spk_context *ctx, const info *found,
                                        spk_json *json)
{
    spk_json *part = NULL;
    spk_status status = SPK_OK;
    TRY(spk_json_create(ctx, &part));
    for (int q = 0; q < N_QUALITIES; q++)
        TRY(spk_json_set_integer(ctx, part, quality_names[q], found->quality[q]));
    TRY(spk_json_set_object(ctx, json, "quality", part));
    spk_json_destroy(part);
    part = NULL;
    TRY(spk_json_create(ctx, &part));
    TRY(spk_json_set_number(ctx, part, "minimum", found->rate_minimum));
    TRY(spk_json_set_number(ctx, part, "median", found->rate_median));
    TRY(spk_json_set_number(ctx, part, "maximum", found->rate_maximum));
    TRY(spk_json_set_object(ctx, json, "firing_rate_hz", part));
    TRY(spk_json_set_integer(ctx, json, "n_silent_units", found->n_silent));
cleanup:
    spk_json_destroy(part);
    return status;
}

static spk_status set_lists(spk_context *ctx, const info *found, spk_json *json)
{
    spk_json *part = NULL;
    spk_status status = SPK_OK;
    const char *key = NULL;
    TRY(spk_json_create(ctx, &part));
    for (int i = 0, present = 0;
         (present = is_present(found->session, i, NULL, &key)) >= 0; i++) {
        TRY(spk_json_set_integer(ctx, part, key, present));
    }
    TRY(spk_json_set_object(ctx, json, "present", part));
    /* Labels by name, each with the number of units that have one. */
    spk_json_destroy(part);
    part = NULL;
    TRY(spk_json_create(ctx, &part));
    for (int64_t l = 0; l < spk_session_n_labels(found->session); l++) {
        int64_t n = 0;
        for (int64_t u = 0; u < found->spikes->n_units; u++)
            n += spk_session_label_text(found->session, l, u)[0] != '\0';
        TRY(spk_json_set_integer(ctx, part, spk_session_label_name(found->session, l),
                                 n));
    }
    TRY(spk_json_set_object(ctx, json, "labels", part));
    for (int warning = 1; warning >= 0; warning--) {
        spk_json_destroy(part);
        part = NULL;
        TRY(spk_json_create(ctx, &part));
        for (size_t r = 0, n = 0; r < found->n_remarks; r++) {
            char number[24];
            if (found->is_warning[r] != warning)
                continue;
            snprintf(number, sizeof number, "%zu", ++n);
            TRY(spk_json_set_text(ctx, part, number, found->remarks[r]));
        }
        TRY(spk_json_set_object(ctx, json, warning ? "warnings" : "notes", part));
    }
cleanup:
    spk_json_destroy(part);
    return status;
}

static spk_status print_json(spk_context *ctx, const info *found)
{
    spk_json *json = NULL;
    spk_status status = SPK_OK;
    const char *text = NULL;
    TRY(spk_json_create(ctx, &json));
    char path[4096];
    command_copy_utf8(spk_session_path(found->session), path, sizeof path);
    TRY(spk_json_set_text(ctx, json, "path", path));
    TRY(spk_json_set_text(ctx, json, "format", spk_session_format(found->session)));
    TRY(spk_json_set_integer(ctx, json, "n_spikes", found->spikes->n_spikes));
    TRY(spk_json_set_integer(ctx, json, "n_units", found->spikes->n_units));
    TRY(spk_json_set_number(ctx, json, "sampling_rate_hz",
                            found->spikes->sampling_rate_hz));
    TRY(spk_json_set_number(ctx, json, "start_s", found->start_s));
    TRY(spk_json_set_number(ctx, json, "stop_s", found->stop_s));
    TRY(spk_json_set_number(ctx, json, "duration_s", found->duration_s));
    TRY(set_rates_and_quality(ctx, found, json));
    TRY(set_lists(ctx, found, json));
    TRY(spk_json_format(ctx, json, 2, &text));
    printf("%s\n", text);
cleanup:
    spk_json_destroy(json);
    return status;
}

int spk_cmd_info(int argc, char **argv)
{
    info_arguments arguments = {.run = {.threads = 1}};
    spk_context *ctx = NULL;
    spk_session *session = NULL;
    info found;
    memset(&found, 0, sizeof found);
    int code = options_parse(&usage, &arguments, argc, argv);
    if (code != -1)
        return code;
    if ((code = command_start("info", &arguments.run, &ctx)) != COMMAND_OK)
        return code;
    /* Remarks are part of the answer. */
    spk_context_set_log(ctx, keep_remark, &found);
    code = session_argument_open("info", ctx, &arguments.session, &arguments.operands,
                                 &session);
    if (code == COMMAND_OK) {
        found.session = session;
        found.spikes = spk_session_spikes(session);
        spk_status status = measure(ctx, &found);
        if (status == SPK_OK && arguments.json)
            status = print_json(ctx, &found);
        else if (status == SPK_OK)
            print_text(&found);
        if (status != SPK_OK)
            code = command_fail("info", ctx, status);
    }
    spk_session_close(session);
    for (size_t r = 0; r < found.n_remarks; r++)
        free(found.remarks[r]);
    command_finish(ctx);
    return code;
}
