/* SPDX-License-Identifier: BSD-3-Clause */
/* Times spk_comparison_create() on two pairs of .npy files and prints one JSON line. */
#define _GNU_SOURCE
#include "bench_support.h"

#include <getopt.h>
#include <spikekit/spikekit.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct arguments {
    const char *files[4]; /* samples and units of a, then of b */
    const char *matches;
    double rate_hz;
    int threads;
    int repeat;
    int truth;
} arguments;

static arguments parse(int argc, char **argv)
{
    arguments a = {.rate_hz = 30000, .threads = 1, .repeat = 3};
    static const struct option options[] = {
        {"samples-a", 1, NULL, 0}, {"units-a", 1, NULL, 1}, {"samples-b", 1, NULL, 2},
        {"units-b", 1, NULL, 3},   {"rate", 1, NULL, 'r'},  {"threads", 1, NULL, 't'},
        {"repeat", 1, NULL, 'n'},  {"truth", 0, NULL, 'T'}, {"matches", 1, NULL, 'o'},
        {NULL, 0, NULL, 0}};
    int o;
    while ((o = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (o >= 0 && o < 4)
            a.files[o] = optarg;
        else if (o == 'r')
            a.rate_hz = atof(optarg);
        else if (o == 't')
            a.threads = atoi(optarg);
        else if (o == 'n')
            a.repeat = atoi(optarg);
        else if (o == 'T')
            a.truth = 1;
        else if (o == 'o')
            a.matches = optarg;
        else
            exit(2);
    }
    for (int i = 0; i < 4; i++)
        if (a.files[i] == NULL) {
            fprintf(stderr, "usage: bench_comparison --samples-a S.npy --units-a U.npy "
                            "--samples-b S.npy --units-b U.npy [--rate HZ] [--threads N] "
                            "[--repeat N] [--truth] [--matches OUT.npy]\n");
            exit(2);
        }
    return a;
}

static void write_matches(spk_context *ctx, const char *path, const spk_comparison *c)
{
    const spk_comparison_pairs p = spk_comparison_get_pairs(c);
    int64_t *matrix = calloc((size_t)(p.n_units_a * p.n_units_b) + 1, sizeof *matrix);
    if (matrix == NULL)
        exit(1);
    for (int64_t i = 0; i < p.n_units_a; i++)
        for (int64_t e = p.offsets[i]; e < p.offsets[i + 1]; e++)
            matrix[i * p.n_units_b + p.partners[e]] = p.matches[e];
    const spk_array out = {.dtype = SPK_DTYPE_INT64,
                           .n_dimensions = 2,
                           .shape = {p.n_units_a, p.n_units_b, 1, 1, 1, 1, 1, 1},
                           .n_elements = p.n_units_a * p.n_units_b,
                           .item_size = 8,
                           .data = matrix};
    bench_check(ctx, spk_npy_write(ctx, path, &out));
    free(matrix);
}

int main(int argc, char **argv)
{
    const arguments a = parse(argc, argv);
    spk_context *ctx = NULL;
    spk_session *sessions[2];
    spk_session_options session_options;
    spk_comparison_options options;
    spk_comparison *comparison = NULL;

    bench_check(NULL, spk_context_create(&ctx));
    bench_check(ctx, spk_context_set_threads(ctx, a.threads));
    spk_session_options_init(&session_options, sizeof session_options);
    session_options.sampling_rate_hz = a.rate_hz;
    for (int k = 0; k < 2; k++)
        bench_check(ctx, spk_session_open_arrays(ctx, a.files[2 * k], a.files[2 * k + 1],
                                                 &session_options, &sessions[k]));
    spk_comparison_options_init(&options, sizeof options);
    options.truth = a.truth;
    printf(
        "{\"what\": \"spikekit\", \"version\": \"%s\", \"threads\": %d, \"seconds\": [",
        spk_version(), a.threads);
    for (int r = 0; r < a.repeat; r++) {
        spk_comparison_destroy(comparison);
        const double start = bench_now();
        bench_check(ctx, spk_comparison_create(ctx, spk_session_spikes(sessions[0]),
                                               spk_session_spikes(sessions[1]), &options,
                                               &comparison));
        printf("%s%.6f", r ? ", " : "", bench_now() - start);
    }
    printf("], \"pairs\": %lld, \"peak_mb\": %.1f}\n",
           (long long)spk_comparison_get_pairs(comparison).n_pairs, bench_peak_mb());
    if (a.matches != NULL)
        write_matches(ctx, a.matches, comparison);
    spk_comparison_destroy(comparison);
    for (int k = 0; k < 2; k++)
        spk_session_close(sessions[k]);
    spk_context_destroy(ctx);
    return fflush(stdout) == 0 ? 0 : 1;
}
