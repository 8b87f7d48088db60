/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Times spk_sttc_estimate() for all pairs of a pair of .npy files, and on demand correlations
 * of counts, and prints one JSON line: seconds of each run, processor seconds of the best, peak
 * memory. Values go to a file on demand.
 */
#define _GNU_SOURCE
#include "bench_support.h"

#include <getopt.h>
#include <spikekit/spikekit.h>

static double cpu_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

int main(int argc, char **argv)
{
    const char *samples = NULL, *units = NULL, *values_path = NULL;
    double rate_hz = 30000, window_s = 0.005;
    static const double widths[] = {1000, 100, 10, 1}; /* bins a second */
    int threads = 1, repeat = 3, counts = 0, o;
    static const struct option names[] = {
        {"samples", 1, NULL, 's'}, {"units", 1, NULL, 'u'},    {"values", 1, NULL, 'o'},
        {"rate", 1, NULL, 'r'},    {"window-s", 1, NULL, 'w'}, {"threads", 1, NULL, 't'},
        {"repeat", 1, NULL, 'n'},  {"counts", 0, NULL, 'c'},   {NULL, 0, NULL, 0}};
    while ((o = getopt_long(argc, argv, "", names, NULL)) != -1) {
        if (o == 's')
            samples = optarg;
        else if (o == 'u')
            units = optarg;
        else if (o == 'o')
            values_path = optarg;
        else if (o == 'r')
            rate_hz = atof(optarg);
        else if (o == 'w')
            window_s = atof(optarg);
        else if (o == 't')
            threads = atoi(optarg);
        else if (o == 'n')
            repeat = atoi(optarg);
        else if (o == 'c')
            counts = 1;
        else
            exit(2);
    }
    if (samples == NULL || units == NULL) {
        fprintf(stderr,
                "usage: bench_synchrony --samples S.npy --units U.npy [--rate HZ] "
                "[--window-s W] [--threads N] [--repeat N] [--values OUT.npy] "
                "[--counts]\n");
        exit(2);
    }

    spk_context *ctx = NULL;
    spk_session *session = NULL;
    spk_session_options session_options;
    spk_sttc_options options;
    bench_check(NULL, spk_context_create(&ctx));
    bench_check(ctx, spk_context_set_threads(ctx, threads));
    spk_session_options_init(&session_options, sizeof session_options);
    session_options.sampling_rate_hz = rate_hz;
    bench_check(ctx,
                spk_session_open_arrays(ctx, samples, units, &session_options, &session));
    const spk_spikes *spikes = spk_session_spikes(session);
    spk_sttc_options_init(&options, sizeof options);
    options.window_s = window_s;
    const int64_t n = spikes->n_units;
    double *values = malloc((size_t)(n * n + 1) * sizeof *values);
    if (values == NULL)
        exit(1);
    printf("{\"what\": \"spikekit\", \"version\": \"%s\", \"threads\": %d, \"n_units\": "
           "%lld, \"n_spikes\": %lld, \"seconds\": [",
           spk_version(), threads, (long long)n, (long long)spikes->n_spikes);
    double cpu = 0;
    for (int r = 0; r < repeat; r++) {
        const double start = bench_now(), cpu_start = cpu_now();
        bench_check(ctx, spk_sttc_estimate(ctx, spikes, &options, values));
        printf("%s%.6f", r ? ", " : "", bench_now() - start);
        cpu = r == 0 || cpu_now() - cpu_start < cpu ? cpu_now() - cpu_start : cpu;
    }
    printf("], \"cpu_s\": %.6f, \"peak_mb\": %.1f, \"inputs_and_output_mb\": %.1f, "
           "\"counts_cpu_s\": [",
           cpu, bench_peak_mb(),
           (12.0 * (double)spikes->n_spikes + 8.0 * (double)(n * n)) / 1048576.0);
    double *correlations = counts ? malloc((size_t)(n * n + 1) * sizeof *values) : NULL;
    for (int k = 0; correlations != NULL && k < 4; k++) {
        const int64_t width = (int64_t)(spikes->sampling_rate_hz / widths[k]);
        const double start = cpu_now();
        bench_check(ctx, spk_count_correlation_estimate(ctx, spikes, &width, 1, NULL,
                                                        correlations, NULL, NULL, NULL));
        printf("%s%.6f", k ? ", " : "", cpu_now() - start);
    }
    printf("]}\n");
    free(correlations);
    if (values_path != NULL) {
        const spk_array out = {.dtype = SPK_DTYPE_FLOAT64,
                               .n_dimensions = 2,
                               .shape = {n, n, 1, 1, 1, 1, 1, 1},
                               .n_elements = n * n,
                               .item_size = 8,
                               .data = values};
        bench_check(ctx, spk_npy_write(ctx, values_path, &out));
    }
    free(values);
    spk_session_close(session);
    spk_context_destroy(ctx);
    return fflush(stdout) == 0 ? 0 : 1;
}
