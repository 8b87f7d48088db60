/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Times spk_metrics_compute() on arrays or a session and prints one JSON line: the names of
 * the columns, seconds of each run, and the most memory the process had. --values keeps the
 * columns as [n_columns][n_units].
 */
#define _GNU_SOURCE
#include "bench_support.h"

#include <getopt.h>
#include <spikekit/spikekit.h>
#include <string.h>

enum {
    MAX_NAMES = 64
};

typedef struct arguments {
    const char *session;
    const char *samples;
    const char *units;
    const char *amplitudes;
    const char *positions;
    const char *values;
    const char *definition;
    const char *names[MAX_NAMES];
    int n_names;
    double rate_hz;
    double duration_s;
    int threads;
    int repeat;
} arguments;

static void add_names(arguments *a, char *text)
{
    for (char *word = strtok(text, ","); word != NULL && a->n_names < MAX_NAMES;
         word = strtok(NULL, ","))
        a->names[a->n_names++] = word;
}

static arguments parse(int argc, char **argv)
{
    arguments a = {.rate_hz = 30000, .threads = 1, .repeat = 3};
    static const struct option options[] = {
        {"session", 1, NULL, 'S'},   {"samples", 1, NULL, 's'},
        {"units", 1, NULL, 'u'},     {"amplitudes", 1, NULL, 'a'},
        {"positions", 1, NULL, 'p'}, {"values", 1, NULL, 'o'},
        {"metrics", 1, NULL, 'm'},   {"definition", 1, NULL, 'd'},
        {"rate", 1, NULL, 'r'},      {"duration-s", 1, NULL, 'D'},
        {"threads", 1, NULL, 't'},   {"repeat", 1, NULL, 'n'},
        {NULL, 0, NULL, 0}};
    int o;
    while ((o = getopt_long(argc, argv, "", options, NULL)) != -1) {
        switch (o) {
        case 'S':
            a.session = optarg;
            break;
        case 's':
            a.samples = optarg;
            break;
        case 'u':
            a.units = optarg;
            break;
        case 'a':
            a.amplitudes = optarg;
            break;
        case 'p':
            a.positions = optarg;
            break;
        case 'o':
            a.values = optarg;
            break;
        case 'm':
            add_names(&a, optarg);
            break;
        case 'd':
            a.definition = optarg;
            break;
        case 'r':
            a.rate_hz = atof(optarg);
            break;
        case 'D':
            a.duration_s = atof(optarg);
            break;
        case 't':
            a.threads = atoi(optarg);
            break;
        case 'n':
            a.repeat = atoi(optarg);
            break;
        default:
            exit(2);
        }
    }
    if (a.session == NULL && (a.samples == NULL || a.units == NULL)) {
        fprintf(stderr,
                "usage: bench_quality --session FOLDER | --samples S.npy --units U.npy "
                "[--amplitudes A.npy] [--positions P.npy] [--metrics NAMES] "
                "[--definition TOOL] [--rate HZ] [--duration-s S] [--threads N] "
                "[--repeat N] [--values OUT.npy]\n");
        exit(2);
    }
    return a;
}

static const spk_array *map(spk_context *ctx, const char *path, spk_npy **npy)
{
    if (path == NULL)
        return NULL;
    bench_check(ctx, spk_npy_open(ctx, path, npy));
    return spk_npy_array(*npy);
}

static void write_values(spk_context *ctx, const char *path, const spk_metrics *metrics)
{
    const int64_t n_columns = spk_metrics_n_columns(metrics);
    const int64_t n_units = spk_metrics_n_units(metrics);
    double *values = malloc((size_t)(n_columns * n_units + 1) * sizeof *values);
    if (values == NULL)
        exit(1);
    for (int64_t c = 0; c < n_columns; c++)
        memcpy(values + c * n_units, spk_metrics_values(metrics, c),
               (size_t)n_units * sizeof *values);
    const spk_array out = {.dtype = SPK_DTYPE_FLOAT64,
                           .n_dimensions = 2,
                           .shape = {n_columns, n_units, 1, 1, 1, 1, 1, 1},
                           .n_elements = n_columns * n_units,
                           .item_size = 8,
                           .data = values};
    bench_check(ctx, spk_npy_write(ctx, path, &out));
    free(values);
}

int main(int argc, char **argv)
{
    arguments a = parse(argc, argv);
    spk_context *ctx = NULL;
    spk_session *session = NULL;
    spk_npy *files[2] = {NULL, NULL};
    spk_session_options session_options;
    spk_metrics_options options;
    spk_metrics_input input;
    spk_metrics *metrics = NULL;
    int32_t needs = 0;

    bench_check(NULL, spk_context_create(&ctx));
    bench_check(ctx, spk_context_set_threads(ctx, a.threads));
    spk_session_options_init(&session_options, sizeof session_options);
    session_options.duration_s = a.duration_s;
    spk_metrics_options_init(&options, sizeof options);
    options.definition = a.definition;
    if (a.n_names > 0) {
        options.names = a.names;
        options.n_names = a.n_names;
    }
    spk_metrics_input_init(&input, sizeof input);
    bench_check(ctx, spk_metrics_needs(ctx, &options, &needs));
    if (a.session != NULL) {
        bench_check(ctx, spk_session_open(ctx, a.session, &session_options, &session));
        bench_check(ctx, spk_metrics_input_from_session(ctx, session, needs, &input));
    } else {
        session_options.sampling_rate_hz = a.rate_hz;
        bench_check(ctx, spk_session_open_arrays(ctx, a.samples, a.units,
                                                 &session_options, &session));
        input.spikes = spk_session_spikes(session);
        input.amplitudes = map(ctx, a.amplitudes, &files[0]);
        input.spike_positions = map(ctx, a.positions, &files[1]);
    }

    printf("{\"what\": \"spikekit\", \"version\": \"%s\", \"threads\": %d, \"n_units\": "
           "%lld, \"n_spikes\": %lld, \"seconds\": [",
           spk_version(), a.threads, (long long)input.spikes->n_units,
           (long long)input.spikes->n_spikes);
    for (int r = 0; r < a.repeat; r++) {
        spk_metrics_destroy(metrics);
        const double start = bench_now();
        bench_check(ctx, spk_metrics_compute(ctx, &input, &options, &metrics));
        printf("%s%.6f", r ? ", " : "", bench_now() - start);
    }
    printf("], \"peak_mb\": %.1f, \"columns\": [", bench_peak_mb());
    for (int64_t c = 0; c < spk_metrics_n_columns(metrics); c++)
        printf("%s\"%s\"", c ? ", " : "", spk_metrics_name(metrics, c));
    printf("]}\n");
    if (a.values != NULL)
        write_values(ctx, a.values, metrics);
    spk_metrics_destroy(metrics);
    spk_npy_close(files[0]);
    spk_npy_close(files[1]);
    spk_session_close(session);
    spk_context_destroy(ctx);
    return fflush(stdout) == 0 ? 0 : 1;
}
