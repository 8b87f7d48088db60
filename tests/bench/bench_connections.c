/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Times spk_connections_find() on a pair of .npy files and prints one JSON line: seconds of each
 * run, processor seconds of the best, and of counting the same correlograms alone, for methods
 * that look at correlograms.
 */
#define _GNU_SOURCE
#include "bench_support.h"

#include <getopt.h>
#include <math.h>
#include <spikekit/spikekit.h>
#include <string.h>

static double cpu_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

typedef struct bench {
    const char *samples, *units, *method;
    double rate_hz, bin_s, window_s;
    int threads, repeat;
    int64_t n_pairs; /* 0: all */
} bench;

static bench parse(int argc, char **argv)
{
    bench b = {.method = "hollow",
               .rate_hz = 30000,
               .bin_s = NAN,
               .window_s = NAN,
               .threads = 1,
               .repeat = 3};
    int o;
    static const struct option names[] = {
        {"samples", 1, NULL, 's'}, {"units", 1, NULL, 'u'}, {"method", 1, NULL, 'm'},
        {"rate", 1, NULL, 'r'},    {"bin-s", 1, NULL, 'b'}, {"window-s", 1, NULL, 'w'},
        {"threads", 1, NULL, 't'}, {"pairs", 1, NULL, 'p'}, {"repeat", 1, NULL, 'n'},
        {NULL, 0, NULL, 0}};
    while ((o = getopt_long(argc, argv, "", names, NULL)) != -1) {
        if (o == 's')
            b.samples = optarg;
        else if (o == 'u')
            b.units = optarg;
        else if (o == 'm')
            b.method = optarg;
        else if (o == 'r')
            b.rate_hz = atof(optarg);
        else if (o == 'b')
            b.bin_s = atof(optarg);
        else if (o == 'w')
            b.window_s = atof(optarg);
        else if (o == 't')
            b.threads = atoi(optarg);
        else if (o == 'p')
            b.n_pairs = atoll(optarg);
        else if (o == 'n')
            b.repeat = atoi(optarg);
        else
            exit(2);
    }
    if (b.samples == NULL || b.units == NULL) {
        fprintf(stderr, "usage: bench_connections --samples S.npy --units U.npy "
                        "[--method NAME] [--rate HZ] [--bin-s S] [--window-s S] "
                        "[--pairs N] [--threads N] [--repeat N]\n");
        exit(2);
    }
    return b;
}

static spk_status drop_row(void *user, int64_t row, const int64_t *counts)
{
    *(int64_t *)user += counts[row % 3];
    return SPK_OK;
}

/* Processor seconds of counting the correlograms that the method looked at, and no more. */
static double count_alone(spk_context *ctx, const spk_spikes *spikes,
                          const spk_connections_options *resolved, int repeat)
{
    spk_correlogram_options options;
    int64_t sum = 0;
    double best = INFINITY;
    spk_correlogram_options_init(&options, sizeof options);
    bench_check(ctx, spk_correlogram_options_set_window(
                         ctx, &options, SPK_CORRELOGRAM_SPIKEKIT,
                         spikes->sampling_rate_hz, resolved->window_s, resolved->bin_s));
    for (int r = 0; r < repeat; r++) {
        const double start = cpu_now();
        bench_check(ctx, spk_correlogram_count_rows(ctx, spikes, &options, 0,
                                                    spikes->n_units, drop_row, &sum));
        best = fmin(best, cpu_now() - start);
    }
    return best;
}

/* The first n ordered pairs of all that a stride visits, so that rates are mixed. */
static int32_t *choose_pairs(int64_t n_units, int64_t n)
{
    int32_t *pairs = malloc((size_t)n * 2 * sizeof *pairs);
    if (pairs == NULL)
        exit(1);
    for (int64_t p = 0; p < n; p++) {
        const int64_t a = p % n_units, step = 1 + p / n_units;
        pairs[2 * p] = (int32_t)a;
        pairs[2 * p + 1] = (int32_t)((a + step) % n_units);
    }
    return pairs;
}

int main(int argc, char **argv)
{
    const bench b = parse(argc, argv);
    spk_context *ctx = NULL;
    spk_session *session = NULL;
    spk_session_options session_options;
    spk_connections_options options;
    bench_check(NULL, spk_context_create(&ctx));
    bench_check(ctx, spk_context_set_threads(ctx, b.threads));
    spk_session_options_init(&session_options, sizeof session_options);
    session_options.sampling_rate_hz = b.rate_hz;
    bench_check(ctx, spk_session_open_arrays(ctx, b.samples, b.units, &session_options,
                                             &session));
    const spk_spikes *spikes = spk_session_spikes(session);
    spk_connections_options_init(&options, sizeof options);
    bench_check(ctx, spk_connections_method_from_name(ctx, b.method, &options.method));
    options.bin_s = b.bin_s;
    options.window_s = b.window_s;
    int32_t *pairs = NULL;
    if (b.n_pairs > 0) {
        pairs = choose_pairs(spikes->n_units, b.n_pairs);
        options.pairs = pairs;
        options.n_pairs = b.n_pairs;
    }
    spk_connections_options resolved = {0};
    int64_t n_tests = 0, n_rows = 0;
    double cpu = INFINITY, sum_log_p = 0;
    printf("{\"what\": \"spikekit\", \"version\": \"%s\", \"method\": \"%s\", "
           "\"threads\": %d, \"n_units\": %lld, \"n_spikes\": %lld, \"seconds\": [",
           spk_version(), b.method, b.threads, (long long)spikes->n_units,
           (long long)spikes->n_spikes);
    for (int r = 0; r < b.repeat; r++) {
        spk_connections *found = NULL;
        const double start = bench_now(), cpu_start = cpu_now();
        bench_check(ctx, spk_connections_find(ctx, spikes, &options, &found));
        cpu = fmin(cpu, cpu_now() - cpu_start);
        printf("%s%.6f", r ? ", " : "", bench_now() - start);
        resolved = *spk_connections_resolved(found);
        n_tests = spk_connections_n_tests(found);
        n_rows = spk_connections_n_rows(found);
        sum_log_p = 0;
        for (int64_t k = 0; k < n_rows; k++)
            sum_log_p += spk_connections_rows(found)[k].log_p;
        spk_connections_destroy(found);
    }
    const double peak_mb = bench_peak_mb();
    printf(
        "], \"cpu_s\": %.6f, \"n_tests\": %lld, \"n_rows\": %lld, \"sum_log_p\": %.12g, "
        "\"bin_s\": %.9g, \"n_bins\": %lld, \"peak_mb\": %.1f",
        cpu, (long long)n_tests, (long long)n_rows, sum_log_p, resolved.bin_s,
        (long long)llround(resolved.window_s / resolved.bin_s), peak_mb);
    if (pairs == NULL)
        printf(", \"count_cpu_s\": %.6f", count_alone(ctx, spikes, &resolved, b.repeat));
    printf("}\n");
    free(pairs);
    spk_session_close(session);
    spk_context_destroy(ctx);
    return fflush(stdout) == 0 ? 0 : 1;
}
