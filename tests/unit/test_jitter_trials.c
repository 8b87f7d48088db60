/* SPDX-License-Identifier: BSD-3-Clause */
/* What trials predict of a correlogram: each predictor from its definition, and what is left
 * when it is subtracted. */
#include "suite.h"

#include <math.h>
#include <spikekit/jitter.h>
#include <spikekit/random.h>
#include <stdlib.h>

enum {
    N_TRIALS = 7,
    LENGTH = 61, /* samples of a trial */
    APART = 100,
    N = 320,
    N_BINS = 9,
    WIDTH = 4
};

static int64_t samples[N], starts[N_TRIALS];
static int32_t units[N];
static int trial_of[N];

static spk_spikes draw_spikes(uint64_t seed)
{
    spk_random random = {.seed = seed};
    for (int64_t i = 0; i < N; i++) {
        int64_t sample = (int64_t)(spk_random_uniform(&random) * N_TRIALS * APART);
        if (i % 3 == 0) /* many at the same time of a trial */
            sample = sample / APART * APART + sample % 7 + 30;
        int64_t at = i;
        for (; at > 0 && samples[at - 1] > sample; at--) {
            samples[at] = samples[at - 1];
            units[at] = units[at - 1];
        }
        samples[at] = sample;
        units[at] = (int32_t)(i % 2);
    }
    for (int r = 0; r < N_TRIALS; r++)
        starts[r] = r * APART + 13;
    for (int64_t i = 0; i < N; i++) {
        trial_of[i] = -1;
        for (int r = 0; r < N_TRIALS; r++)
            if (samples[i] >= starts[r] && samples[i] < starts[r] + LENGTH)
                trial_of[i] = r;
    }
    return (spk_spikes){N, 3, samples, units, 1000, 0, N_TRIALS * APART};
}

static spk_trains *group(const spk_spikes *spikes)
{
    spk_trains *trains = NULL;
    CU_ASSERT_EQUAL_FATAL(spk_trains_create(NULL, spikes, NULL, &trains), SPK_OK);
    return trains;
}

static spk_jitter_options options_of(void)
{
    spk_jitter_options options;
    spk_jitter_options_init(&options, sizeof options);
    options.interval_s = 0.012; /* 3 bins */
    options.window_s = (N_BINS - 1) * WIDTH * 1e-3;
    options.bin_s = WIDTH * 1e-3;
    return options;
}

static spk_jitter_trials trials_of(int32_t predictor)
{
    spk_jitter_trials trials;
    spk_jitter_trials_init(&trials, sizeof trials);
    trials.starts = starts;
    trials.n_trials = N_TRIALS;
    trials.duration_s = LENGTH * 1e-3;
    trials.predictor = predictor;
    return trials;
}

static const int32_t PAIRS[2][2] = {{0, 1}, {1, 0}};

static int64_t in_trial(int64_t i)
{
    return samples[i] - starts[trial_of[i]];
}

/* Pairs of trial r of the reference with trial q of the target, by bin. */
static void count(int reference, int r, int q, double *bins)
{
    memset(bins, 0, N_BINS * sizeof *bins);
    for (int64_t i = 0; i < N; i++)
        for (int64_t j = 0; j < N; j++)
            if (units[i] == reference && units[j] == 1 - reference && trial_of[i] == r &&
                trial_of[j] == q) {
                /* bin k is from (k - 4.5) 4 on */
                const int64_t from = in_trial(j) - in_trial(i) + N_BINS * WIDTH / 2;
                if (from >= 0 && from < N_BINS * WIDTH)
                    bins[from / WIDTH]++;
            }
}

static void shifts_by_definition(void)
{
    const spk_spikes spikes = draw_spikes(1);
    spk_trains *trains = group(&spikes);
    const spk_jitter_options options = options_of();
    for (int32_t predictor = 0; predictor < 2; predictor++) {
        const spk_jitter_trials trials = trials_of(predictor);
        int64_t counts[2][N_BINS];
        double predicted[2][N_BINS], corrected[2][N_BINS];
        CU_ASSERT_EQUAL_FATAL(spk_jitter_predict(NULL, trains, PAIRS, 2, &options,
                                                 &trials, counts[0], predicted[0],
                                                 corrected[0]),
                              SPK_OK);
        for (int side = 0; side < 2; side++) {
            double same[N_BINS] = {0}, shifted[N_BINS] = {0}, bins[N_BINS], n[2] = {0, 0};
            for (int64_t i = 0; i < N; i++)
                n[units[i]] += trial_of[i] >= 0;
            for (int r = 0; r < N_TRIALS; r++)
                for (int q = 0; q < N_TRIALS; q++) {
                    count(side, r, q, bins);
                    for (int k = 0; k < N_BINS; k++)
                        if (r == q)
                            same[k] += bins[k];
                        else if (predictor == SPK_JITTER_SHIFT_ALL)
                            shifted[k] += bins[k] / (N_TRIALS - 1);
                        else if (abs(r - q) == 1)
                            shifted[k] += bins[k] * N_TRIALS / (2.0 * (N_TRIALS - 1));
                }
            for (int k = 0; k < N_BINS; k++) {
                const double lag = abs(k - N_BINS / 2) * WIDTH * 1e-3;
                const double rate = sqrt(n[0] * n[1]) / (N_TRIALS * LENGTH * 1e-3);
                const double scale = N_TRIALS * rate * (LENGTH * 1e-3 - lag);
                CU_ASSERT((double)counts[side][k] == same[k]);
                CU_ASSERT(fabs(predicted[side][k] - shifted[k]) < 1e-10);
                CU_ASSERT(fabs(corrected[side][k] - (same[k] - shifted[k]) / scale) <
                          1e-12);
            }
        }
    }
    spk_trains_destroy(trains);
}

/* Smith & Kohn: 15 whole bins of 4 samples in a trial of 61, intervals of 3 bins. */
static void expected_trains_by_definition(void)
{
    enum {
        N_IN = LENGTH / WIDTH
    };
    const spk_spikes spikes = draw_spikes(2);
    spk_trains *trains = group(&spikes);
    const spk_jitter_options options = options_of();
    const spk_jitter_trials trials = trials_of(SPK_JITTER_EXPECTED_TRAINS);
    static double binned[2][N_TRIALS][N_IN], mean[2][N_IN], expected[2][N_TRIALS][N_IN];
    memset(binned, 0, sizeof binned);
    memset(mean, 0, sizeof mean);
    for (int64_t i = 0; i < N; i++)
        if (trial_of[i] >= 0 && in_trial(i) / WIDTH < N_IN)
            binned[units[i]][trial_of[i]][in_trial(i) / WIDTH]++;
    for (int u = 0; u < 2; u++)
        for (int a = 0; a < N_IN; a++)
            for (int r = 0; r < N_TRIALS; r++)
                mean[u][a] += binned[u][r][a] / N_TRIALS;
    for (int u = 0; u < 2; u++)
        for (int r = 0; r < N_TRIALS; r++)
            for (int a = 0; a < N_IN; a++) {
                double n = 0, sum = 0;
                for (int b = a / 3 * 3; b < a / 3 * 3 + 3; b++) {
                    n += binned[u][r][b];
                    sum += mean[u][b];
                }
                expected[u][r][a] = sum > 0 ? mean[u][a] * n / sum : 0;
            }
    int64_t counts[2][N_BINS];
    double predicted[2][N_BINS];
    CU_ASSERT_EQUAL_FATAL(spk_jitter_predict(NULL, trains, PAIRS, 2, &options, &trials,
                                             counts[0], predicted[0], NULL),
                          SPK_OK);
    for (int side = 0; side < 2; side++)
        for (int k = 0; k < N_BINS; k++) {
            double seen = 0, jittered = 0;
            for (int r = 0; r < N_TRIALS; r++)
                for (int a = 0; a < N_IN; a++) {
                    const int b = a + k - N_BINS / 2;
                    if (b < 0 || b >= N_IN)
                        continue;
                    seen += binned[side][r][a] * binned[1 - side][r][b];
                    jittered += expected[side][r][a] * expected[1 - side][r][b];
                }
            CU_ASSERT((double)counts[side][k] == seen);
            CU_ASSERT(fabs(predicted[side][k] - jittered) < 1e-10);
        }
    /* an interval as long as a bin moves nothing */
    spk_jitter_options still = options;
    still.interval_s = options.bin_s;
    double corrected[2][N_BINS];
    CU_ASSERT_EQUAL_FATAL(spk_jitter_predict(NULL, trains, PAIRS, 2, &still, &trials,
                                             NULL, NULL, corrected[0]),
                          SPK_OK);
    for (int k = 0; k < N_BINS; k++)
        CU_ASSERT(fabs(corrected[0][k]) < 1e-12);
    spk_trains_destroy(trains);
}

/* A unit without spikes, lags as long as a trial, any number of threads. */
static void undefined_and_threads(void)
{
    const spk_spikes spikes = draw_spikes(3);
    spk_trains *trains = group(&spikes);
    spk_jitter_options options = options_of();
    spk_jitter_trials trials = trials_of(SPK_JITTER_SHIFT_ALL);
    const int32_t pairs[4][2] = {{0, 1}, {0, 2}, {2, 1}, {1, 0}};
    double corrected[3][4 * N_BINS];
    trials.duration_s = 0.016; /* the lag of the last bin */
    for (int threads = 1; threads <= 2; threads++) {
        spk_context *ctx = NULL;
        CU_ASSERT_EQUAL_FATAL(spk_context_create(&ctx), SPK_OK);
        CU_ASSERT_EQUAL(spk_context_set_threads(ctx, threads), SPK_OK);
        CU_ASSERT_EQUAL(spk_jitter_predict(ctx, trains, pairs, 4, &options, &trials, NULL,
                                           NULL, corrected[threads]),
                        SPK_OK);
        spk_context_destroy(ctx);
    }
    for (int i = 0; i < 4 * N_BINS; i++) {
        const int is_undefined = (i / N_BINS == 1 || i / N_BINS == 2) ||
                                 i % N_BINS == 0 || i % N_BINS == N_BINS - 1;
        CU_ASSERT(is_undefined ? isnan(corrected[1][i])
                               : corrected[1][i] == corrected[2][i]);
    }
    spk_trains_destroy(trains);
}

static void errors(void)
{
    const spk_spikes spikes = draw_spikes(3);
    spk_trains *trains = group(&spikes);
    spk_context *ctx = NULL;
    CU_ASSERT_EQUAL_FATAL(spk_context_create(&ctx), SPK_OK);
    static const char *const messages[] = {
        "trials: not filled by spk_jitter_trials_init()",
        "predictor must be 0, 1 or 2, got 3",
        "n_trials must be at least 2 for this predictor, got 1",
        "starts is NULL",
        "duration_s must be above 0 and finite, got nan",
        "duration_s must be at least a bin of 4 samples, got 0.003 s, 3 samples",
        "trial 6 from sample 613, 88 samples long, leaves the recording, 0 .. 700",
        "trial 0 from sample -1, 61 samples long, leaves the recording, 0 .. 700",
        "trials is NULL",
        "n_trials must be at least 1 for this predictor, got 0",
    };
    const spk_jitter_options options = options_of();
    for (int k = 0; k < 10; k++) {
        spk_jitter_trials bad = trials_of(k == 9 ? SPK_JITTER_EXPECTED_TRAINS : 0);
        if (k == 0)
            bad.struct_size = 4;
        else if (k == 1)
            bad.predictor = 3;
        else if (k == 2)
            bad.n_trials = 1;
        else if (k == 3)
            bad.starts = NULL;
        else if (k == 4)
            bad.duration_s = NAN;
        else if (k == 5)
            bad.duration_s = 0.003;
        else if (k == 6)
            bad.duration_s = 0.088;
        else if (k == 9)
            bad.n_trials = 0;
        starts[0] = k == 7 ? -1 : 13;
        CU_ASSERT_EQUAL(spk_jitter_predict(ctx, trains, PAIRS, 2, &options,
                                           k == 8 ? NULL : &bad, NULL, NULL, NULL),
                        SPK_ERR_ARGUMENT);
        CU_ASSERT_STRING_EQUAL(spk_context_message(ctx), messages[k]);
    }
    spk_trains_destroy(trains);
    spk_context_destroy(ctx);
}

static spk_status predict_some(spk_context *ctx, void *trains)
{
    const spk_jitter_options options = options_of();
    const spk_jitter_trials trials = trials_of(SPK_JITTER_EXPECTED_TRAINS);
    int64_t counts[2 * N_BINS];
    return spk_jitter_predict(ctx, trains, PAIRS, 2, &options, &trials, counts, NULL,
                              NULL);
}

static void failed_allocations(void)
{
    const spk_spikes spikes = draw_spikes(3);
    spk_trains *trains = group(&spikes);
    CU_ASSERT(suite_fail_allocations(predict_some, trains) >= 10);
    spk_trains_destroy(trains);
}

static const suite_test tests[] = {
    {"shifts by definition", shifts_by_definition},
    {"expected trains by definition", expected_trains_by_definition},
    {"undefined and threads", undefined_and_threads},
    {"errors", errors},
    {"failed allocations", failed_allocations},
};

SUITE_MAIN("jitter trials", tests)
