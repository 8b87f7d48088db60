/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Times spk_glmcc_fit_pairs() for the first pairs of units of a pair of .npy files and prints one
 * JSON line: seconds of each run, processor seconds, how many of them the count took.
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

/* Pairs i < j, those of units that are near each other in the list first. */
static int64_t list_pairs(int64_t n_units, int64_t most, int32_t (*pairs)[2])
{
    int64_t n = 0;
    for (int64_t apart = 1; apart < n_units; apart++)
        for (int64_t i = 0; i + apart < n_units && n < most; i++, n++) {
            pairs[n][0] = (int32_t)i;
            pairs[n][1] = (int32_t)(i + apart);
        }
    return n;
}

int main(int argc, char **argv)
{
    const char *samples = NULL, *units = NULL;
    double rate_hz = 30000;
    int threads = 1, repeat = 3, rule = 0, o;
    int64_t n_pairs = 10000;
    static const struct option names[] = {
        {"samples", 1, NULL, 's'}, {"units", 1, NULL, 'u'}, {"pairs", 1, NULL, 'p'},
        {"rate", 1, NULL, 'r'},    {"rule", 1, NULL, 'l'},  {"threads", 1, NULL, 't'},
        {"repeat", 1, NULL, 'n'},  {NULL, 0, NULL, 0}};
    while ((o = getopt_long(argc, argv, "", names, NULL)) != -1) {
        if (o == 's')
            samples = optarg;
        else if (o == 'u')
            units = optarg;
        else if (o == 'p')
            n_pairs = atoll(optarg);
        else if (o == 'r')
            rate_hz = atof(optarg);
        else if (o == 'l')
            rule = atoi(optarg);
        else if (o == 't')
            threads = atoi(optarg);
        else if (o == 'n')
            repeat = atoi(optarg);
        else
            exit(2);
    }
    if (samples == NULL || units == NULL || n_pairs < 1) {
        fprintf(stderr, "usage: bench_glmcc --samples S.npy --units U.npy [--rate HZ] "
                        "[--pairs N] [--rule 0|1] [--threads N] [--repeat N]\n");
        exit(2);
    }

    spk_context *ctx = NULL;
    spk_session *session = NULL;
    spk_trains *trains = NULL;
    spk_session_options session_options;
    spk_glmcc_options options;
    bench_check(NULL, spk_context_create(&ctx));
    bench_check(ctx, spk_context_set_threads(ctx, threads));
    spk_session_options_init(&session_options, sizeof session_options);
    session_options.sampling_rate_hz = rate_hz;
    bench_check(ctx,
                spk_session_open_arrays(ctx, samples, units, &session_options, &session));
    const spk_spikes *spikes = spk_session_spikes(session);
    bench_check(ctx, spk_trains_create(ctx, spikes, NULL, &trains));
    spk_glmcc_options_init(&options, sizeof options);
    spk_glmcc_options_set_rule(&options, rule);
    int32_t(*pairs)[2] = malloc((size_t)n_pairs * sizeof *pairs);
    spk_glmcc_result *results = malloc((size_t)n_pairs * sizeof *results);
    if (pairs == NULL || results == NULL)
        exit(1);
    n_pairs = list_pairs(spikes->n_units, n_pairs, pairs);
    printf("{\"what\": \"spikekit\", \"version\": \"%s\", \"threads\": %d, \"n_units\": "
           "%lld, \"n_spikes\": %lld, \"n_pairs\": %lld, \"seconds\": [",
           spk_version(), threads, (long long)spikes->n_units,
           (long long)spikes->n_spikes, (long long)n_pairs);
    double cpu = 0, lag_pairs = 0;
    for (int r = 0; r < repeat; r++) {
        const double start = bench_now(), cpu_start = cpu_now();
        bench_check(ctx, spk_glmcc_fit_pairs(ctx, trains, (const int32_t(*)[2])pairs,
                                             n_pairs, &options, results, NULL));
        printf("%s%.6f", r ? ", " : "", bench_now() - start);
        cpu = r == 0 || cpu_now() - cpu_start < cpu ? cpu_now() - cpu_start : cpu;
    }
    const double count_start = cpu_now();
    for (int64_t p = 0; p < n_pairs; p++) {
        double counts[100], sums[8];
        bench_check(ctx, spk_glmcc_count(ctx, trains, pairs[p][0], pairs[p][1], NULL,
                                         counts, sums));
        for (int k = 0; k < 100; k++)
            lag_pairs += counts[k];
    }
    const double count_cpu = cpu_now() - count_start;
    int64_t n_significant = 0, n_steps = 0, n_converged = 0;
    for (int64_t p = 0; p < n_pairs; p++) {
        n_significant += results[p].significant[0] + results[p].significant[1];
        n_steps += results[p].n_iterations;
        n_converged += results[p].converged;
    }
    printf("], \"cpu_s\": %.6f, \"count_cpu_s\": %.6f, \"lag_pairs\": %.0f, \"steps\": "
           "%lld, \"converged\": %lld, \"significant\": %lld, \"peak_mb\": %.1f}\n",
           cpu, count_cpu, lag_pairs, (long long)n_steps, (long long)n_converged,
           (long long)n_significant, bench_peak_mb());
    free(pairs);
    free(results);
    spk_trains_destroy(trains);
    spk_session_close(session);
    spk_context_destroy(ctx);
    return fflush(stdout) == 0 ? 0 : 1;
}
