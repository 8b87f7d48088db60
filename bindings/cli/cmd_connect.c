/* SPDX-License-Identifier: BSD-3-Clause */
#include "command.h"
#include "connect.h"
#include "options.h"
#include "output_meta.h"
#include "pairs_argument.h"
#include "table_output.h"

#include <inttypes.h>
#include <math.h>
#include <spikekit/version.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME "connect"
#define FIELD(field) offsetof(connect_arguments, field)
#define OWN "the method's"
#define END                                                                              \
    {                                                                                    \
        NULL, 0, OPTION_FLAG, NULL, 0, NULL, NULL, 0, 0                                  \
    }

static const option options_input[] = {
    {"SESSION", 0, OPTION_OPERANDS, NULL, FIELD(operands),
     "A folder as left by Kilosort, phy or the IBL pipeline; with --join the .npz files "
     "of all shards, in any order.",
     NULL, 0, 0},
    END,
};
static const option options_output[] = {
    {"output", 'o', OPTION_TEXT, "FILE", FIELD(output),
     "The .tsv, .csv or .npz file to write.", "standard output", 0, 0},
    {"max-q", 0, OPTION_NUMBER, "Q", FIELD(max_q),
     "Write tests with a false discovery rate of at most Q.", NULL, 0, 1},
    {"own-rule", 0, OPTION_FLAG, NULL, FIELD(own_rule),
     "Write the tests that the method's own rule finds significant, whatever their q.",
     NULL, 0, 0},
    {"all", 'a', OPTION_FLAG, NULL, FIELD(all), "Write every test.", NULL, 0, 0},
    END,
};
static const option options_method[] = {
    {"method", 'm', OPTION_TEXT, "NAME", FIELD(method),
     "How an excess is judged; --list describes each.", "hollow", 0, 0},
    {"list", 'l', OPTION_FLAG, NULL, FIELD(list),
     "Show every method with its defaults. Needs no SESSION.", NULL, 0, 0},
    {"signs", 0, OPTION_TEXT, "WHICH", FIELD(signs),
     "excess, lack or both: what is tested. Most methods test excess only: what they "
     "take "
     "for a lack is mostly the shadow of a peak beside it.",
     OWN, 0, 0},
    {"bin-ms", 'b', OPTION_NUMBER, "MS", FIELD(bin_ms),
     "Bin of the correlograms [ms], rounded to samples.", OWN, 0, 0},
    {"window-ms", 'w', OPTION_NUMBER, "MS", FIELD(window_ms),
     "Full width of the correlograms [ms].", OWN, 0, 0},
    {"min-latency-ms", 0, OPTION_NUMBER, "MS", FIELD(min_latency_ms),
     "Shortest latency tested [ms].", OWN, 0, 0},
    {"max-latency-ms", 0, OPTION_NUMBER, "MS", FIELD(max_latency_ms),
     "Longest latency tested [ms].", OWN, 0, 0},
    {"width-ms", 0, OPTION_NUMBER, "MS", FIELD(width_ms),
     "Time scale of what is taken for background [ms]: kernel, or jitter window.", OWN, 0,
     0},
    {"skip-center", 0, OPTION_TEXT, "WHETHER", FIELD(skip_center),
     "yes or no: leave the bin at lag 0 out of the background, for pairs on the same "
     "electrodes, where a sorter misses spikes that overlap.",
     OWN, 0, 0},
    {"alpha", 0, OPTION_NUMBER, "P", FIELD(alpha),
     "Level of the method's own rule, for the column `significant`.", OWN, 0, 0},
    {"epochs", 'e', OPTION_TEXT, "FILE", FIELD(epochs),
     "Count only pairs within one epoch: a .tsv or .csv table with columns start_s and "
     "stop_s [s], in order and not overlapping.",
     "", 0, 0},
    END,
};
static const option options_units[] = {
    {"units", 'u', OPTION_TEXT, "WHICH", FIELD(units),
     "all, good, mua, noise, unsorted, or unit ids such as 1,2,5-9.", NULL, 0, 0},
    {"near", 0, OPTION_NUMBER, "UM", FIELD(near_um),
     "Only pairs of units at most this far apart on the probe [um].", "", 0, INFINITY},
    {"pairs", 'p', OPTION_TEXT, "LIST", FIELD(pairs),
     "Only these pairs of unit ids, source:target, such as 3:7,3:12.", "", 0, 0},
    END,
};
static const option options_shards[] = {
    {"shard", 0, OPTION_TEXT, "K/N", FIELD(shard),
     "Test the K-th of N parts of the pairs only, K from 1 to N, into an .npz: for many "
     "machines.",
     "", 0, 0},
    {"join", 0, OPTION_FLAG, NULL, FIELD(join),
     "Join the files of all N shards into what one run would have written.", NULL, 0, 0},
    END,
};
static const option_group groups[] = {
    {"Input", options_input, 0},           {"Output", options_output, 0},
    {"Method", options_method, 0},         {"Units", options_units, 0},
    {"Large sessions", options_shards, 0}, {"Session", options_session, FIELD(session)},
    {"Running", options_run, FIELD(run)},  {NULL, NULL, 0},
};
static const char *const synopsis[] = {
    "SESSION -o FILE [--method NAME] [options]",
    "SESSION -o FILE --near UM | --pairs LIST",
    "SESSION -o FILE.npz --shard K/N",
    "--join PART... -o FILE",
    "--list",
    NULL,
};
static const option_section sections[] = {
    {"Columns",
     " source, target  unit ids: target fires after source\n"
     " sign            1: more pairs than expected; -1: fewer\n"
     " latency_ms      centre of the most extreme bin [ms]\n"
     " count, expected pairs in that bin, and what the method expects there\n"
     " p               of the test, all latencies of the pair together\n"
     " q               false discovery rate among all tests made\n"
     "                 (Benjamini and Hochberg)\n"
     " transmission    extra (-1: missing) target spikes a source spike, over\n"
     "                 the latencies tested, with 95 % limits in\n"
     "                 transmission_lower and _upper\n"
     " effect          the method's own measure, see below\n"
     " distance_um     between the units on the probe [um]\n"
     " significant     1: by the method's own rule at --alpha\n"
     " method          its name\n"
     "\n"
     "Rows are in order of p. A value that does not exist is empty. p below the smallest "
     "double is written as it is, 3.1e-412 say. The .npz holds the same columns as "
     "arrays, latency in seconds and ln p and ln q in place of p and q, with n_tests, "
     "method and, as JSON, meta."},
    {"Count and effect of each method",
     " hollow         count of the bin; no effect\n"
     " english        count of the bin; ln p of it being above the anti-causal\n"
     "                peak\n"
     " kopelowitz     count of the bin; z against the outer lags\n"
     " deconvolution  count once both autocorrelograms are divided out, which\n"
     "                need not be whole, nor below that of the correlogram;\n"
     "                spike transmission gain\n"
     " glmcc, glmcc_lr  count of the bin where the coupling starts, a pair at an\n"
     "                edge being half in each; coupling J, of a change of ln\n"
     "                rate\n"
     " jitter         count of the bin; z under jitter\n"
     " refractory     pairs up to the latency, either way; their rate over that\n"
     "                of the outer lags\n"
     "\n"
     "`significant` is the published rule and need not agree with q: that of glmcc asks "
     "how large J is, that of refractory also that the effect is small."},
    {"Reading the table",
     "A small q says that the peak is not chance given the method's picture of the "
     "background, not that there is a synapse: common input within the same few "
     "milliseconds, one neuron in two units, or bursts can do the same. A strong peak "
     "casts "
     "a shadow: the method expects too much of the lags beside it, also in the other "
     "direction, and claims them as a lack. Of both signs of a pair believe the one with "
     "the smaller p. Compare methods, "
     "look at the correlograms (spikekit report), and see docs/connections.md for what "
     "each method finds and mistakes on simulated networks."},
    {NULL, NULL},
};
static const option_example examples[] = {
    {"Excitatory and inhibitory pairs among good units:",
     "spikekit connect mouse7 -o connections.tsv --units good -m glmcc_lr"},
    {"Within 200 um, by exact interval jitter in windows of 20 ms:",
     "spikekit connect mouse7 -o near.tsv --near 200 -m jitter --width-ms 20"},
    {"The most certain ten on the screen:", "spikekit connect mouse7 | head -n 11"},
    {"On four machines, then together:",
     "spikekit connect mouse7 -o part1.npz --shard 1/4      # ... 4/4\n"
     "      spikekit connect --join part?.npz -o connections.tsv"},
    {"In Python:", "spikekit.connections('mouse7', method='hollow').to_frame()"},
    {NULL, NULL},
};
static const command_usage usage = {
    .name = NAME,
    .synopsis = synopsis,
    .description =
        "Finds which peaks and troughs of cross-correlograms are real: every ordered "
        "pair "
        "of units is tested for more (or, with --signs, fewer) target spikes at short "
        "latencies after source spikes than the method expects. Tails are exact, however "
        "small.",
    .groups = groups,
    .sections = sections,
    .examples = examples,
    .see_also = "spikekit(1), spikekit-correlogram(1), spikekit-report(1)",
    .max_operands = INT64_MAX,
};

void connect_list(void)
{
    const spk_connection_method_info *info;
    printf("%-14s %7s %7s %9s %11s %8s %8s\n", "method", "signs", "bin ms", "window ms",
           "latency ms", "width ms", "alpha");
    for (int32_t m = 0; m < 64; m++) {
        if ((info = spk_connections_method(m)) == NULL)
            continue;
        char latency[32], width[16] = "-", alpha[16] = "-";
        snprintf(latency, sizeof latency, "%g-%g", 1e3 * info->min_latency_s,
                 1e3 * info->max_latency_s);
        if (!isnan(info->width_s))
            snprintf(width, sizeof width, "%g", 1e3 * info->width_s);
        if (!isnan(info->alpha))
            snprintf(alpha, sizeof alpha, "%g", info->alpha);
        const char *signs = info->signs == 0  ? "both"
                            : info->signs > 0 ? "excess"
                                              : "lack";
        printf("%-14s %7s %7g %9g %11s %8s %8s\n", info->name, signs, 1e3 * info->bin_s,
               1e3 * info->window_s, latency, width, alpha);
    }
    printf("\n");
    for (int32_t m = 0; m < 64; m++)
        if ((info = spk_connections_method(m)) != NULL)
            printf("%s: %s\n", info->name, info->summary);
}

static int is_npz(const char *path)
{
    const size_t n = strlen(path);
    return n > 4 && strcmp(path + n - 4, ".npz") == 0;
}

static int check_arguments(const connect_arguments *a)
{
    const char *const ending = a->output == NULL ? NULL : strrchr(a->output, '.');
    if (a->join && a->shard != NULL)
        return command_fail_usage(NAME, "--join and --shard exclude each other");
    if (a->pairs != NULL && a->near_um >= 0.0)
        return command_fail_usage(NAME, "--near and --pairs exclude each other");
    if (a->pairs != NULL && strcmp(a->units, "all") != 0)
        return command_fail_usage(NAME, "--pairs names the units; leave out --units");
    if (a->all && a->own_rule)
        return command_fail_usage(NAME, "--all and --own-rule exclude each other");
    if (a->shard != NULL && (a->output == NULL || !is_npz(a->output)))
        return command_fail_usage(NAME,
                                  "--shard: expected -o with a name in .npz, found %s",
                                  a->output == NULL ? "none" : a->output);
    if (a->output != NULL &&
        (ending == NULL || (strcmp(ending, ".tsv") != 0 && strcmp(ending, ".csv") != 0 &&
                            strcmp(ending, ".npz") != 0)))
        return command_fail_usage(
            NAME, "--output: expected a name in .tsv, .csv or .npz, found '%s'",
            a->output);
    if (!(a->max_q > 0.0))
        return command_fail_usage(NAME, "--max-q: expected more than 0, found %g",
                                  a->max_q);
    return a->join ? connect_check_join(a) : COMMAND_OK;
}

static double seconds(double ms)
{
    return ms / 1e3;
}

static int set_options(spk_context *ctx, const connect_arguments *a,
                       spk_connections_options *o)
{
    spk_connections_options_init(o, sizeof *o);
    if (spk_connections_method_from_name(ctx, a->method, &o->method) != SPK_OK)
        return command_fail_usage(NAME, "--method: %s", spk_context_message(ctx));
    const int code = connect_check_method(a, spk_connections_method(o->method));
    if (code != COMMAND_OK)
        return code;
    o->bin_s = seconds(a->bin_ms);
    o->window_s = seconds(a->window_ms);
    o->min_latency_s = seconds(a->min_latency_ms);
    o->max_latency_s = seconds(a->max_latency_ms);
    o->width_s = seconds(a->width_ms);
    o->alpha = a->alpha;
    o->max_p = a->all ? 1.0 : a->max_q;
    if (a->skip_center != NULL) {
        o->skip_center = strcmp(a->skip_center, "yes") == 0;
        if (!o->skip_center && strcmp(a->skip_center, "no") != 0)
            return command_fail_usage(
                NAME, "--skip-center: expected yes or no, found '%s'", a->skip_center);
    }
    if (a->signs == NULL)
        return COMMAND_OK;
    if (strcmp(a->signs, "both") == 0)
        o->signs = 0;
    else if (strcmp(a->signs, "excess") == 0)
        o->signs = 1;
    else if (strcmp(a->signs, "lack") == 0)
        o->signs = -1;
    else
        return command_fail_usage(
            NAME, "--signs: expected excess, lack or both, found '%s'", a->signs);
    return COMMAND_OK;
}

/* ---- one run ---- */

typedef struct connect_run {
    const connect_arguments *arguments;
    spk_context *ctx;
    spk_session *session;
    unit_selection selection;
    epochs_argument epochs;
    spk_connections_options options;
    int32_t (*pairs)[2];
    int64_t n_pairs;   /* of all shards */
    double *positions; /* [units of the session][2], NULL: unknown */
    spk_connections *found;
    connect_table *table;
} connect_run;

static int prepare(connect_run *run)
{
    const connect_arguments *a = run->arguments;
    connect_table *table = run->table;
    table->shard = table->n_shards = 1;
    int code = COMMAND_OK;
    if (a->shard != NULL)
        code = shard_argument_parse(NAME, a->shard, &table->shard, &table->n_shards);
    if (code == COMMAND_OK)
        code = session_argument_open(NAME, run->ctx, &a->session, &a->operands,
                                     &run->session);
    if (code != COMMAND_OK)
        return code;
    if (a->output != NULL && table_output_is_of_session(run->session, a->output)) {
        command_say(NAME, "%s: a file of the session; choose another", a->output);
        return COMMAND_FAILED;
    }
    if (a->pairs != NULL)
        code = pairs_argument_parse(NAME, run->session, a->pairs, &run->selection,
                                    &run->pairs, &run->n_pairs);
    else
        code = unit_selection_make(NAME, run->session, a->units, &run->selection);
    if (code == COMMAND_OK && a->near_um >= 0.0)
        code = pairs_argument_near(NAME, run->ctx, run->session, &run->selection,
                                   a->near_um, &run->pairs, &run->n_pairs);
    if (code == COMMAND_OK && a->epochs != NULL) {
        code = epochs_argument_read(NAME, run->ctx, a->epochs,
                                    run->selection.spikes.sampling_rate_hz, &run->epochs);
        if (code == COMMAND_OK)
            epochs_argument_note_outside(NAME, a->epochs, &run->epochs,
                                         &run->selection.spikes);
        run->options.epochs = &run->epochs.epochs;
    }
    if (code == COMMAND_OK)
        code =
            connect_check_values(run->ctx, a, spk_connections_method(run->options.method),
                                 &run->selection.spikes, run->options.epochs);
    for (int64_t p = 0; p < run->n_pairs && code == COMMAND_OK; p++)
        if (run->pairs[p][0] == run->pairs[p][1])
            code = command_fail_usage(
                NAME, "--pairs: expected two units, found %" PRId64 " twice",
                run->selection.unit_ids[run->pairs[p][0]]);
    if (code != COMMAND_OK)
        return code;
    const int64_t n = run->pairs != NULL ? run->n_pairs : run->selection.spikes.n_units;
    table->first = shard_argument_edge(n, table->shard - 1, table->n_shards);
    table->last = shard_argument_edge(n, table->shard, table->n_shards);
    if (run->pairs != NULL) {
        run->options.pairs = &run->pairs[0][0] + 2 * table->first;
        run->options.n_pairs = table->last - table->first;
    } else {
        run->options.first_source = table->first;
        run->options.last_source = table->last;
    }
    return COMMAND_OK;
}

#define TRY(call)                                                                        \
    do {                                                                                 \
        if ((status = (call)) != SPK_OK)                                                 \
            goto cleanup;                                                                \
    } while (0)

static spk_status make_meta(connect_run *run)
{
    const connect_arguments *a = run->arguments;
    const spk_connections_options *o = spk_connections_resolved(run->found);
    const spk_spikes *spikes = &run->selection.spikes;
    spk_context *ctx = run->ctx;
    spk_json *json = NULL;
    const char *text = NULL;
    spk_status status = SPK_OK;
    TRY(spk_json_create(ctx, &json));
    TRY(spk_json_set_text(ctx, json, "spikekit", spk_version()));
    TRY(spk_json_set_text(ctx, json, "command", NAME));
    TRY(spk_json_set_text(ctx, json, "method", a->method));
    TRY(spk_json_set_integer(ctx, json, "signs", o->signs));
    TRY(spk_json_set_number(ctx, json, "bin_s", o->bin_s));
    TRY(spk_json_set_number(ctx, json, "window_s", o->window_s));
    TRY(spk_json_set_number(ctx, json, "min_latency_s", o->min_latency_s));
    TRY(spk_json_set_number(ctx, json, "max_latency_s", o->max_latency_s));
    TRY(spk_json_set_number(ctx, json, "width_s", o->width_s));
    TRY(spk_json_set_number(ctx, json, "alpha", o->alpha));
    TRY(spk_json_set_number(ctx, json, "max_p", o->max_p));
    TRY(spk_json_set_integer(ctx, json, "skip_center", o->skip_center));
    TRY(spk_json_set_text(ctx, json, "units", a->pairs != NULL ? "pairs" : a->units));
    if (a->pairs != NULL)
        TRY(spk_json_set_text(ctx, json, "pairs", a->pairs));
    if (a->near_um >= 0.0)
        TRY(spk_json_set_number(ctx, json, "near_um", a->near_um));
    if (o->epochs != NULL)
        TRY(output_meta_epochs(ctx, json, a->epochs, o->epochs));
    TRY(spk_json_set_integer(ctx, json, "n_units", spikes->n_units));
    TRY(spk_json_set_integer(ctx, json, "n_spikes", spikes->n_spikes));
    TRY(spk_json_set_number(ctx, json, "sampling_rate_hz", spikes->sampling_rate_hz));
    TRY(output_meta_inputs(ctx, json, run->session));
    TRY(spk_json_format(ctx, json, 0, &text));
    run->table->meta = malloc(strlen(text) + 1);
    if (run->table->meta == NULL)
        status = SPK_ERR_MEMORY;
    else
        memcpy(run->table->meta, text, strlen(text) + 1);
cleanup:
    spk_json_destroy(json);
    return status;
}

static int fill_table(connect_run *run)
{
    connect_table *table = run->table;
    const unit_selection *units = &run->selection;
    const int64_t n_all = spk_session_spikes(run->session)->n_units;
    table->n_rows = spk_connections_n_rows(run->found);
    table->n_tests = spk_connections_n_tests(run->found);
    table->max_p = spk_connections_resolved(run->found)->max_p;
    snprintf(table->method, sizeof table->method, "%s", run->arguments->method);
    table->rows = malloc(((size_t)table->n_rows + 1) * sizeof *table->rows);
    run->positions = malloc(((size_t)n_all + 1) * 2 * sizeof *run->positions);
    if (table->rows == NULL || run->positions == NULL) {
        command_say(NAME, "not enough memory");
        return COMMAND_FAILED;
    }
    const int known =
        spk_session_unit_positions(run->ctx, run->session, run->positions) == SPK_OK;
    for (int64_t r = 0; r < table->n_rows; r++) {
        const spk_connection *row = &spk_connections_rows(run->found)[r];
        const double *s = run->positions + 2 * units->places[row->source];
        const double *t = run->positions + 2 * units->places[row->target];
        table->rows[r] = (connect_row){
            .row = *row,
            .source_id = units->unit_ids[row->source],
            .target_id = units->unit_ids[row->target],
            .distance_um = known ? hypot(s[0] - t[0], s[1] - t[1]) : NAN,
        };
    }
    const spk_status status = make_meta(run);
    return status == SPK_OK ? COMMAND_OK : command_fail(NAME, run->ctx, status);
}

static int find(spk_context *ctx, const connect_arguments *arguments,
                connect_table *table)
{
    connect_run run = {.arguments = arguments, .ctx = ctx, .table = table};
    int code = set_options(ctx, arguments, &run.options);
    if (code == COMMAND_OK)
        code = prepare(&run);
    if (code == COMMAND_OK) {
        const spk_status status =
            spk_connections_find(ctx, &run.selection.spikes, &run.options, &run.found);
        code = status == SPK_OK ? fill_table(&run) : connect_fail(ctx, status);
        if (table->n_tests == 0 && table->n_shards == 1)
            table->why_none = connect_why_none(&run.selection.spikes, run.options.epochs,
                                               run.options.pairs, run.options.n_pairs);
    }
    spk_connections_destroy(run.found);
    free(run.positions);
    free(run.pairs);
    epochs_argument_clear(&run.epochs);
    unit_selection_clear(&run.selection);
    spk_session_close(run.session);
    return code;
}

static void note_result(const connect_arguments *a, const connect_table *table)
{
    int64_t n_excess = 0, n_own = 0;
    if (table->why_none != NULL) {
        command_note(NAME, "0 tests: %s", table->why_none);
        return;
    }
    for (int64_t r = 0; r < table->n_rows; r++) {
        n_excess += table->rows[r].row.sign > 0;
        n_own += table->rows[r].row.significant;
    }
    if (a->all || a->own_rule || table->n_shards > 1)
        command_note(NAME, "%" PRId64 " tests made, %" PRId64 " written", table->n_tests,
                     table->n_rows);
    else
        command_note(NAME,
                     "%" PRId64 " tests; with q <= %g: %" PRId64 " excess, %" PRId64
                     " lack; %" PRId64 " of them by the method's own rule",
                     table->n_tests, a->max_q, n_excess, table->n_rows - n_excess, n_own);
}

int spk_cmd_connect(int argc, char **argv)
{
    connect_arguments arguments = {
        .bin_ms = NAN,
        .window_ms = NAN,
        .min_latency_ms = NAN,
        .max_latency_ms = NAN,
        .width_ms = NAN,
        .alpha = NAN,
        .max_q = 0.05,
        .units = "all",
        .near_um = -1.0,
    };
    spk_context *ctx = NULL;
    connect_table table = {.rows = NULL};
    int code = options_parse(&usage, &arguments, argc, argv);
    if (code != -1)
        return code;
    if (arguments.list) {
        connect_list();
        return COMMAND_OK;
    }
    if ((code = check_arguments(&arguments)) != COMMAND_OK)
        return code;
    if (arguments.method == NULL)
        arguments.method = "hollow";
    if ((code = command_start(NAME, &arguments.run, &ctx)) != COMMAND_OK)
        return code;
    code = arguments.join ? connect_join(ctx, &arguments, &table)
                          : find(ctx, &arguments, &table);
    if (code == COMMAND_OK) {
        connect_table_finish(&table, &arguments);
        code = connect_output_write(ctx, &table, arguments.output);
    }
    if (code == COMMAND_OK)
        note_result(&arguments, &table);
    connect_table_clear(&table);
    command_finish(ctx);
    return code;
}
