/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Times surrogates: N_DRAWS of each unit of a table, one thread unless told, sorted output
 * included. Prints one JSON line for each method asked for.
 */
#define _GNU_SOURCE
#include "bench_support.h"

#include <spikekit/spikekit.h>
#include <stdint.h>
#include <string.h>

static const char *const names[] = {"dither",      "train_dither",     "jitter",
                                    "isi_shuffle", "interval_shuffle", "isi_dither",
                                    "joint_isi",   "trial_shift",      "bin_shuffle",
                                    "randomise",   "poisson"};

enum {
    N_METHODS = sizeof names / sizeof names[0]
};

static double cpu_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void time_method(spk_context *ctx, const spk_trains *trains, int method,
                        int64_t n_draws)
{
    spk_surrogates_options options;
    spk_surrogates *surrogates = NULL;
    const int64_t n_units = spk_trains_spikes(trains)->n_units;
    spk_surrogates_options_init(&options, sizeof options);
    options.method = method;
    options.seed = 1;
    const double begun = cpu_now();
    bench_check(ctx, spk_surrogates_create(ctx, trains, &options, &surrogates));
    const double created = cpu_now();
    double wall = bench_now();
    int64_t n = 0;
    uint64_t sum = 0;
    for (int64_t u = 0; u < n_units; u++) {
        const int64_t draws_at_once = 100;
        int64_t offsets[101], counts[100];
        for (int64_t k = 0; k < n_draws; k += draws_at_once) {
            const int64_t end = k + draws_at_once < n_draws ? k + draws_at_once : n_draws;
            bench_check(
                ctx, spk_surrogates_offsets(ctx, surrogates, u, u + 1, k, end, offsets));
            int64_t *samples = malloc((size_t)(offsets[end - k] + 1) * sizeof *samples);
            if (samples == NULL)
                exit(1);
            bench_check(ctx, spk_surrogates_draw_many(ctx, surrogates, u, u + 1, k, end,
                                                      offsets, samples, counts));
            for (int64_t d = 0; d < end - k; d++) {
                n += counts[d];
                if (counts[d] > 0)
                    sum += (uint64_t)samples[offsets[d]];
            }
            free(samples);
        }
    }
    const double cpu = cpu_now() - created;
    wall = bench_now() - wall;
    printf("{\"method\": \"%s\", \"spikes\": %lld, \"create_s\": %.4f, \"cpu_s\": %.4f, "
           "\"wall_s\": %.4f, \"ns_a_spike\": %.3f, \"peak_mb\": %.1f, \"sum\": %llu}\n",
           names[method], (long long)n, created - begun, cpu, wall, 1e9 * cpu / (double)n,
           bench_peak_mb(), (unsigned long long)sum);
    spk_surrogates_destroy(surrogates);
}

int main(int argc, char **argv)
{
    spk_context *ctx = NULL;
    spk_session *session = NULL;
    spk_trains *trains = NULL;
    spk_session_options options;
    if (argc < 5) {
        fprintf(stderr, "usage: bench_surrogates SAMPLES.npy UNITS.npy N_DRAWS THREADS "
                        "[METHOD ...]\n");
        return 2;
    }
    bench_check(NULL, spk_context_create(&ctx));
    bench_check(ctx, spk_context_set_threads(ctx, atoi(argv[4])));
    spk_session_options_init(&options, sizeof options);
    options.sampling_rate_hz = 30000;
    bench_check(ctx, spk_session_open_arrays(ctx, argv[1], argv[2], &options, &session));
    bench_check(ctx, spk_trains_create(ctx, spk_session_spikes(session), NULL, &trains));
    for (int m = 0; m < N_METHODS; m++) {
        int wanted = argc == 5;
        for (int a = 5; a < argc; a++)
            wanted |= strcmp(argv[a], names[m]) == 0;
        if (wanted)
            time_method(ctx, trains, m, atoll(argv[3]));
    }
    spk_trains_destroy(trains);
    spk_session_close(session);
    spk_context_destroy(ctx);
    return 0;
}
