/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Times what a person waits for after accepting a merge: the merge itself, the merged unit's
 * row of correlograms, its metrics, and its merge scores against its neighbours. Pairs that
 * fail a step are spared the others; what the scores take when none are is told apart. Prints
 * one JSON line with the median of many pairs, each taken back before the next.
 */
#define _GNU_SOURCE
#include "bench_support.h"

#include <spikekit/spikekit.h>
#include <string.h>

enum {
    N_PAIRS = 40,
    N_PARTS = 6
};

static int compare_doubles(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static double median(double *values, int n)
{
    qsort(values, (size_t)n, sizeof *values, compare_doubles);
    return values[n / 2];
}

static const spk_array *map(spk_context *ctx, const char *path, spk_npy **npy)
{
    bench_check(ctx, spk_npy_open(ctx, path, npy));
    return spk_npy_array(*npy);
}

int main(int argc, char **argv)
{
    static const char *const parts[N_PARTS] = {
        "merge", "correlograms", "metrics", "scores", "all", "scores_of_every_step"};
    spk_context *ctx = NULL;
    spk_session *session = NULL;
    spk_npy *files[2] = {NULL, NULL};
    spk_curation *curation = NULL;
    spk_session_options session_options;
    spk_curation_options options;
    double seconds[N_PARTS][N_PAIRS];
    if (argc != 5) {
        fprintf(stderr, "usage: bench_merging SAMPLES.npy UNITS.npy AMPLITUDES.npy "
                        "POSITIONS.npy\n");
        return 2;
    }
    bench_check(NULL, spk_context_create(&ctx));
    spk_session_options_init(&session_options, sizeof session_options);
    session_options.sampling_rate_hz = 30000;
    bench_check(
        ctx, spk_session_open_arrays(ctx, argv[1], argv[2], &session_options, &session));
    const spk_spikes *spikes = spk_session_spikes(session);
    spk_curation_options_init(&options, sizeof options);
    options.amplitudes = map(ctx, argv[3], &files[0]);
    options.spike_positions = map(ctx, argv[4], &files[1]);
    const double start = bench_now();
    bench_check(ctx, spk_curation_create(ctx, spikes, &options, &curation));
    const double created = bench_now() - start;

    spk_merging_options every_step;
    spk_merging_options_init(&every_step, sizeof every_step);
    every_step.evaluate_all = 1;
    const int64_t n_units = spikes->n_units;
    int64_t *ids = malloc((size_t)(n_units + 1) * sizeof *ids);
    int64_t *row =
        malloc((size_t)(n_units * spk_curation_n_bins(curation)) * sizeof *row);
    int64_t n_spikes = 0, n_columns = 0, n_looked_at = 0;
    if (ids == NULL || row == NULL)
        return 1;
    for (int p = 0; p < N_PAIRS; p++) {
        const int64_t pair[2] = {p * n_units / N_PAIRS,
                                 (2 * p + 1) * n_units / (2 * N_PAIRS)};
        double at[N_PARTS];
        int64_t merged = 0, n_near = 0;
        spk_metrics *metrics = NULL;
        spk_merge_candidates *candidates = NULL, *evaluated = NULL;
        at[0] = bench_now();
        bench_check(ctx, spk_curation_merge(ctx, curation, 2, pair, 0.3, -1, &merged));
        at[1] = bench_now();
        bench_check(ctx,
                    spk_curation_correlograms(ctx, curation, merged,
                                              spk_curation_n_units(curation), NULL, row));
        at[2] = bench_now();
        bench_check(ctx, spk_curation_metrics(ctx, curation, 1, &merged, NULL, &metrics));
        at[3] = bench_now();
        bench_check(ctx, spk_curation_candidates(ctx, curation, merged, 0, NULL, NULL,
                                                 NULL, ids, &n_near, &candidates));
        at[4] = bench_now();
        bench_check(ctx, spk_curation_candidates(ctx, curation, merged, 0, NULL, NULL,
                                                 &every_step, ids, &n_near, &evaluated));
        at[5] = bench_now();
        for (int i = 0; i < 4; i++)
            seconds[i][p] = at[i + 1] - at[i];
        seconds[4][p] = at[4] - at[0];
        seconds[5][p] = at[5] - at[4];
        spk_curation_unit unit;
        bench_check(ctx, spk_curation_unit_get(ctx, curation, merged, &unit));
        n_spikes += unit.n_spikes;
        n_looked_at += n_near;
        n_columns = spk_metrics_n_columns(metrics);
        spk_metrics_destroy(metrics);
        spk_merge_candidates_destroy(candidates);
        spk_merge_candidates_destroy(evaluated);
        bench_check(ctx, spk_curation_undo(ctx, curation));
    }
    printf(
        "{\"what\": \"spikekit\", \"version\": \"%s\", \"n_units\": %lld, \"n_spikes\": "
        "%lld, \"merged_spikes\": %lld, \"columns\": %lld, \"scored_against\": %.1f, "
        "\"create_s\": %.3f, \"peak_mb\": %.1f",
        spk_version(), (long long)n_units, (long long)spikes->n_spikes,
        (long long)(n_spikes / N_PAIRS), (long long)n_columns,
        (double)n_looked_at / N_PAIRS - 1, created, bench_peak_mb());
    for (int i = 0; i < N_PARTS; i++)
        printf(", \"%s_ms\": %.3f", parts[i], 1000 * median(seconds[i], N_PAIRS));
    printf("}\n");
    free(row);
    free(ids);
    spk_curation_destroy(curation);
    spk_npy_close(files[0]);
    spk_npy_close(files[1]);
    spk_session_close(session);
    spk_context_destroy(ctx);
    return fflush(stdout) == 0 ? 0 : 1;
}
