/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Times spk_correlogram_count() on a pair of .npy files and prints one JSON line: seconds of
 * each run, pairs met, and beside them what one increment of a counter costs on this machine,
 * in a table the size of the first-level cache and in one the size of a row of counters.
 */
#define _GNU_SOURCE
#include "bench_support.h"

#include <getopt.h>
#include <spikekit/spikekit.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

typedef struct arguments {
    const char *samples;
    const char *units;
    const char *counts;
    const char *convention;
    double rate_hz;
    double window_ms;
    double bin_ms;
    int threads;
    int repeat;
    int rows;
} arguments;

static void *large(size_t bytes)
{
    size_t size = (bytes / (2 << 20) + 1) * (2 << 20);
    void *block = aligned_alloc(2 << 20, size);
    if (block == NULL) {
        fprintf(stderr, "bench_correlogram: no memory for %zu bytes\n", bytes);
        exit(1);
    }
    (void)madvise(block, size, MADV_HUGEPAGE);
    return block;
}

/* Nanoseconds for one increment at random places of a table of n counters. */
static double increment_ns(size_t n)
{
    enum {
        INDICES = 1 << 14,
        ROUNDS = 2000
    };
    static uint32_t indices[INDICES];
    uint32_t *counters = calloc(n, sizeof *counters);
    spk_random r = {.seed = 1};
    for (int i = 0; i < INDICES; i++)
        indices[i] = (uint32_t)(spk_random_uniform(&r) * (double)n);
    double best = 1e9;
    for (int attempt = 0; attempt < 3; attempt++) {
        double start = bench_now();
        for (int round = 0; round < ROUNDS; round++)
            for (int i = 0; i < INDICES; i += 8) {
                counters[indices[i]]++;
                counters[indices[i + 1]]++;
                counters[indices[i + 2]]++;
                counters[indices[i + 3]]++;
                counters[indices[i + 4]]++;
                counters[indices[i + 5]]++;
                counters[indices[i + 6]]++;
                counters[indices[i + 7]]++;
            }
        double seconds = bench_now() - start;
        best = seconds < best ? seconds : best;
    }
    volatile uint32_t sink = counters[indices[7]];
    (void)sink;
    free(counters);
    return best / ((double)INDICES * ROUNDS) * 1e9;
}

static spk_status sum_row(void *user, int64_t row, const int64_t *counts)
{
    int64_t *state = user; /* [0] length of a row, [1] sum */
    (void)row;
    for (int64_t k = 0; k < state[0]; k++)
        state[1] += counts[k];
    return SPK_OK;
}

static arguments parse(int argc, char **argv)
{
    arguments a = {.convention = "spikekit",
                   .rate_hz = 30000,
                   .window_ms = 100,
                   .bin_ms = 1,
                   .threads = 1,
                   .repeat = 3};
    static const struct option options[] = {{"samples", 1, NULL, 's'},
                                            {"units", 1, NULL, 'u'},
                                            {"counts", 1, NULL, 'o'},
                                            {"rate", 1, NULL, 'r'},
                                            {"window-ms", 1, NULL, 'w'},
                                            {"bin-ms", 1, NULL, 'b'},
                                            {"threads", 1, NULL, 't'},
                                            {"repeat", 1, NULL, 'n'},
                                            {"convention", 1, NULL, 'c'},
                                            {"rows", 0, NULL, 'R'},
                                            {NULL, 0, NULL, 0}};
    int o;
    while ((o = getopt_long(argc, argv, "", options, NULL)) != -1) {
        switch (o) {
        case 's':
            a.samples = optarg;
            break;
        case 'u':
            a.units = optarg;
            break;
        case 'o':
            a.counts = optarg;
            break;
        case 'c':
            a.convention = optarg;
            break;
        case 'r':
            a.rate_hz = atof(optarg);
            break;
        case 'w':
            a.window_ms = atof(optarg);
            break;
        case 'b':
            a.bin_ms = atof(optarg);
            break;
        case 't':
            a.threads = atoi(optarg);
            break;
        case 'n':
            a.repeat = atoi(optarg);
            break;
        case 'R':
            a.rows = 1;
            break;
        default:
            exit(2);
        }
    }
    if (a.samples == NULL || a.units == NULL) {
        fprintf(stderr,
                "usage: bench_correlogram --samples S.npy --units U.npy [--rate HZ] "
                "[--window-ms W] [--bin-ms B] [--convention NAME] [--threads N] "
                "[--repeat N] [--counts OUT.npy] [--rows]\n");
        exit(2);
    }
    return a;
}

int main(int argc, char **argv)
{
    arguments a = parse(argc, argv);
    spk_context *ctx = NULL;
    spk_session *session = NULL;
    spk_session_options session_options;
    spk_correlogram_options options;
    int32_t convention;
    int64_t length;

    bench_check(NULL, spk_context_create(&ctx));
    bench_check(ctx, spk_context_set_threads(ctx, a.threads));
    spk_session_options_init(&session_options, sizeof session_options);
    session_options.sampling_rate_hz = a.rate_hz;
    bench_check(ctx, spk_session_open_arrays(ctx, a.samples, a.units, &session_options,
                                             &session));
    const spk_spikes *spikes = spk_session_spikes(session);
    bench_check(ctx,
                spk_correlogram_convention_from_name(ctx, a.convention, &convention));
    spk_correlogram_options_init(&options, sizeof options);
    bench_check(ctx, spk_correlogram_options_set_window(
                         ctx, &options, convention, spikes->sampling_rate_hz,
                         a.window_ms / 1e3, a.bin_ms / 1e3));
    bench_check(ctx, spk_correlogram_length(ctx, spikes, &options, &length));
    int64_t row_state[2] = {length / (spikes->n_units > 0 ? spikes->n_units : 1), 0};
    int64_t *counts = a.rows ? NULL : large((size_t)length * sizeof *counts);

    printf("{\"what\": \"spikekit\", \"version\": \"%s\", \"convention\": \"%s\", "
           "\"threads\": %d, \"rows\": %d, \"n_units\": %lld, \"n_spikes\": %lld, "
           "\"n_bins\": %lld, \"seconds\": [",
           spk_version(), a.convention, a.threads, a.rows, (long long)spikes->n_units,
           (long long)spikes->n_spikes, (long long)options.n_bins);
    for (int r = 0; r < a.repeat; r++) {
        double start = bench_now();
        row_state[1] = 0;
        if (a.rows)
            bench_check(ctx,
                        spk_correlogram_count_rows(ctx, spikes, &options, 0,
                                                   spikes->n_units, sum_row, row_state));
        else
            bench_check(ctx, spk_correlogram_count(ctx, spikes, &options, counts));
        printf("%s%.6f", r ? ", " : "", bench_now() - start);
    }
    int64_t sum = row_state[1];
    for (int64_t k = 0; !a.rows && k < length; k++)
        sum += counts[k];
    double held = 12.0 * (double)spikes->n_spikes + (a.rows ? 0.0 : 8.0 * (double)length);
    printf("], \"pairs\": %lld, \"peak_mb\": %.1f, \"inputs_and_output_mb\": %.1f, "
           "\"increment_l1_ns\": %.3f, \"increment_row_ns\": %.3f}\n",
           (long long)(sum / 2), bench_peak_mb(), held / 1048576.0, increment_ns(8192),
           increment_ns((size_t)row_state[0]));
    if (a.counts != NULL && counts != NULL) {
        spk_array out = {
            .dtype = SPK_DTYPE_INT64,
            .n_dimensions = 3,
            .shape = {spikes->n_units, spikes->n_units, options.n_bins, 1, 1, 1, 1, 1},
            .n_elements = length,
            .item_size = 8,
            .data = counts};
        bench_check(ctx, spk_npy_write(ctx, a.counts, &out));
    }
    free(counts);
    spk_session_close(session);
    spk_context_destroy(ctx);
    return fflush(stdout) == 0 ? 0 : 1;
}
