/* SPDX-License-Identifier: BSD-3-Clause */
/* Drawn placements against the exact distribution, synchrony of occupied bins against every
 * placement, and the golden numbers of a plain reading of Jeck and Niebur. */
#include "suite.h"

#include <math.h>
#include <spikekit/jitter.h>
#include <spikekit/random.h>
#include <stdlib.h>

enum {
    MOST_SPIKES = 2048
};

static int64_t samples[MOST_SPIKES];
static int32_t units[MOST_SPIKES];

static int64_t draw_below(spk_random *random, int64_t n)
{
    return (int64_t)(spk_random_uniform(random) * (double)n);
}

/* Units 0 and 1 at 1 kHz with so many spikes each, in order by insertion. */
static spk_spikes draw_spikes(uint64_t seed, int64_t n, int64_t duration)
{
    spk_random random = {.seed = seed};
    for (int64_t i = 0; i < 2 * n; i++) {
        const int64_t sample = draw_below(&random, duration);
        int64_t at = i;
        for (; at > 0 && samples[at - 1] > sample; at--) {
            samples[at] = samples[at - 1];
            units[at] = units[at - 1];
        }
        samples[at] = sample;
        units[at] = (int32_t)(i % 2);
    }
    return (spk_spikes){2 * n, 3, samples, units, 1000, 0, duration};
}

static spk_trains *group(const spk_spikes *spikes, const spk_epochs *epochs)
{
    spk_trains *trains = NULL;
    spk_trains_options options;
    spk_trains_options_init(&options, sizeof options);
    options.epochs = epochs;
    CU_ASSERT_EQUAL_FATAL(spk_trains_create(NULL, spikes, &options, &trains), SPK_OK);
    return trains;
}

static spk_jitter_options options_of(int64_t interval, int64_t n_bins, int64_t bin)
{
    spk_jitter_options options;
    spk_jitter_options_init(&options, sizeof options);
    options.interval_s = (double)interval * 1e-3;
    options.window_s = ((double)(n_bins - 1) + 0.25) * (double)bin * 1e-3;
    options.bin_s = (double)bin * 1e-3;
    return options;
}

static const int32_t PAIR[1][2] = {{0, 1}};

/* ---- Monte Carlo ---- */

static void draws_follow_the_exact_distribution(void)
{
    enum {
        N_BINS = 7
    };
    const double n_draws = 8000;
    const spk_spikes spikes = draw_spikes(4, 60, 2003);
    const int64_t starts[] = {0, 1100}, stops[] = {1001, 2003};
    const spk_epochs epochs = {2, starts, stops};
    spk_trains *trains = group(&spikes, &epochs);
    for (int side = 0; side < 2; side++) {
        spk_jitter_options options = options_of(23, N_BINS, 4);
        spk_jitter_draws draws;
        spk_jitter_band bands[N_BINS];
        spk_jitter_result results[N_BINS];
        double p[2];
        options.jittered = side;
        spk_jitter_draws_init(&draws, sizeof draws);
        draws.n_draws = (int64_t)n_draws;
        draws.seed = 12;
        CU_ASSERT_EQUAL_FATAL(
            spk_jitter_monte_carlo(NULL, trains, 0, 1, &options, &draws, bands, p),
            SPK_OK);
        CU_ASSERT_EQUAL_FATAL(spk_jitter_test(NULL, trains, PAIR, 1, &options, results),
                              SPK_OK);
        for (int k = 0; k < N_BINS; k++) {
            const double upper = exp(results[k].log_upper);
            const double lower = exp(results[k].log_lower);
            CU_ASSERT_EQUAL(bands[k].count, results[k].count);
            CU_ASSERT(bands[k].expected == results[k].expected);
            CU_ASSERT(fabs(bands[k].variance - results[k].variance) < 1e-12);
            CU_ASSERT(fabs(bands[k].p_upper - upper) <
                      4.5 * sqrt(upper * (1 - upper) / n_draws) + 1 / n_draws);
            CU_ASSERT(fabs(bands[k].p_lower - lower) <
                      4.5 * sqrt(lower * (1 - lower) / n_draws) + 1 / n_draws);
            /* Bonferroni's band of the same level is no narrower than one standard deviation
             * of what a global band of so few lags can be */
            CU_ASSERT(bands[k].global_upper >
                      bands[k].expected + 2 * sqrt(bands[k].variance));
            CU_ASSERT(bands[k].global_lower <
                      bands[k].expected - 1.5 * sqrt(bands[k].variance));
        }
        /* the global p is within what the bins allow */
        double least = 1;
        for (int k = 0; k < N_BINS; k++)
            least = fmin(least, bands[k].p_upper);
        CU_ASSERT(p[0] >= least - 0.02 && p[0] <= 1 && p[1] > 0 && p[1] <= 1);
    }
    spk_trains_destroy(trains);
}

/* Under the null hypothesis the correlogram leaves the global band with probability alpha, and
 * the global p is uniform. */
static void global_bands_keep_their_level(void)
{
    enum {
        REPEATS = 200,
        N_BINS = 5
    };
    double left = 0, small = 0;
    for (uint64_t repeat = 0; repeat < REPEATS; repeat++) {
        const spk_spikes spikes = draw_spikes(1000 + repeat, 40, 400);
        spk_trains *trains = group(&spikes, NULL);
        spk_jitter_options options = options_of(20, N_BINS, 5);
        spk_jitter_draws draws;
        spk_jitter_band bands[N_BINS];
        double p[2];
        spk_jitter_draws_init(&draws, sizeof draws);
        draws.n_draws = 199;
        draws.alpha = 0.2;
        draws.seed = repeat;
        CU_ASSERT_EQUAL_FATAL(
            spk_jitter_monte_carlo(NULL, trains, 0, 1, &options, &draws, bands, p),
            SPK_OK);
        int leaves = 0;
        for (int k = 0; k < N_BINS; k++)
            leaves |= (double)bands[k].count > bands[k].global_upper + 1e-9 ||
                      (double)bands[k].count < bands[k].global_lower - 1e-9;
        left += leaves;
        small += p[0] <= 0.1;
        spk_trains_destroy(trains);
    }
    CU_ASSERT(left / REPEATS <= 0.2 + 4 * sqrt(0.2 * 0.8 / REPEATS));
    CU_ASSERT(left / REPEATS >= 0.08); /* counts are few: ties lose some of the level */
    CU_ASSERT(fabs(small / REPEATS - 0.1) <= 4 * sqrt(0.1 * 0.9 / REPEATS));
}

static void draws_are_the_same_for_any_threads(void)
{
    const spk_spikes spikes = draw_spikes(8, 50, 900);
    spk_trains *trains = group(&spikes, NULL);
    const spk_jitter_options options = options_of(10, 5, 3);
    spk_jitter_band bands[4][5];
    double p[4][2];
    memset(bands, 0, sizeof bands);
    for (int32_t threads = 1; threads <= 3; threads++) {
        spk_context *ctx = NULL;
        CU_ASSERT_EQUAL_FATAL(spk_context_create(&ctx), SPK_OK);
        CU_ASSERT_EQUAL(spk_context_set_threads(ctx, threads), SPK_OK);
        CU_ASSERT_EQUAL(spk_jitter_monte_carlo(ctx, trains, 0, 1, &options, NULL,
                                               bands[threads], p[threads]),
                        SPK_OK);
        CU_ASSERT_EQUAL(memcmp(bands[1], bands[threads], sizeof bands[1]), 0);
        CU_ASSERT_EQUAL(memcmp(p[1], p[threads], sizeof p[1]), 0);
        spk_context_destroy(ctx);
    }
    /* a unit without spikes; too few draws for a band */
    spk_jitter_draws draws;
    spk_jitter_draws_init(&draws, sizeof draws);
    draws.n_draws = 10;
    CU_ASSERT_EQUAL(
        spk_jitter_monte_carlo(NULL, trains, 0, 2, &options, &draws, bands[0], p[0]),
        SPK_OK);
    CU_ASSERT(p[0][0] == 1 && p[0][1] == 1 && bands[0][2].p_upper == 1 &&
              bands[0][2].global_upper == 0 && bands[0][2].global_lower == 0);
    CU_ASSERT_EQUAL(
        spk_jitter_monte_carlo(NULL, trains, 0, 1, &options, &draws, bands[0], NULL),
        SPK_OK);
    CU_ASSERT(bands[0][2].global_upper == INFINITY &&
              bands[0][2].global_lower == -INFINITY);
    spk_trains_destroy(trains);
}

/* ---- synchrony ---- */

static double places[8][64];
static double n_places;

/* Puts the occupied bins of each interval at every set of its bins, one bin at a time. */
static void place(const int *reference, int *target, int n_bins, int interval, int at,
                  int left)
{
    if (at == n_bins) {
        for (int lag = -3; lag <= 3; lag++) {
            int meet = 0;
            for (int a = 0; a < n_bins; a++)
                meet += a + lag >= 0 && a + lag < n_bins && reference[a] &&
                        (target[a + lag] & 1);
            places[lag + 3][meet]++;
        }
        n_places++;
        return;
    }
    int room = at % interval == 0 || left < 0;
    if (room) { /* a new interval: how many it holds stands in bits 8 and up */
        left = 0;
        for (int a = at; a < n_bins && a < at + interval; a++)
            left += target[a] >> 8;
    }
    const int stop = at / interval * interval + interval < n_bins
                         ? at / interval * interval + interval
                         : n_bins;
    const int was = target[at];
    if (left > 0) {
        target[at] = (was & ~0xff) | 1;
        place(reference, target, n_bins, interval, at + 1, left - 1);
    }
    if (left < stop - at) {
        target[at] = was & ~0xff;
        place(reference, target, n_bins, interval, at + 1, left);
    }
    target[at] = was;
}

static void synchrony_equals_every_placement(void)
{
    for (uint64_t repeat = 0; repeat < 24; repeat++) {
        const int width = 1 + (int)(repeat % 3), interval = 2 + (int)(repeat % 4);
        const int64_t duration = 14 * width + (int64_t)(repeat % 2);
        const int n_bins = (int)(duration / width);
        const spk_spikes spikes = draw_spikes(repeat, 7, duration);
        spk_trains *trains = group(&spikes, NULL);
        int occupied[2][20] = {{0}};
        for (int64_t i = 0; i < spikes.n_spikes; i++)
            if (samples[i] / width < n_bins)
                occupied[units[i]][samples[i] / width] = 1;
        for (int side = 0; side < 2; side++) {
            /* the reference moved is the target moved in the mirror */
            int *fixed = occupied[side], moved[20];
            for (int a = 0; a < n_bins; a++)
                moved[a] = occupied[1 - side][a] << 8;
            memset(places, 0, sizeof places);
            n_places = 0;
            place(fixed, moved, n_bins, interval, 0, -1);
            spk_jitter_options options = options_of(interval * width, 7, width);
            spk_jitter_result results[7];
            options.jittered = side;
            CU_ASSERT_EQUAL_FATAL(
                spk_jitter_synchrony(NULL, trains, PAIR, 1, &options, results), SPK_OK);
            for (int k = 0; k < 7; k++) {
                const int lag = k - 3, at = side ? -lag + 3 : lag + 3;
                int meet = 0;
                double equal = 0, above = 0, mean = 0;
                for (int a = 0; a < n_bins; a++)
                    meet += a + lag >= 0 && a + lag < n_bins && occupied[0][a] &&
                            occupied[1][a + lag];
                for (int c = 0; c < 64; c++) {
                    mean += places[at][c] / n_places * c;
                    equal += c == meet ? places[at][c] / n_places : 0;
                    above += c > meet ? places[at][c] / n_places : 0;
                }
                CU_ASSERT_EQUAL(results[k].count, meet);
                CU_ASSERT(fabs(results[k].expected - mean) < 1e-12);
                CU_ASSERT(fabs(exp(results[k].log_equal) - equal) < 1e-12);
                CU_ASSERT(fabs(exp(results[k].log_upper) - equal - above) < 1e-12);
                CU_ASSERT(fabs(exp(results[k].log_lower) - 1 + above) < 1e-12);
            }
        }
        spk_trains_destroy(trains);
    }
}

/* ---- errors ---- */

static void errors(void)
{
    const spk_spikes spikes = draw_spikes(8, 50, 900);
    spk_trains *trains = group(&spikes, NULL);
    spk_context *ctx = NULL;
    spk_jitter_band band[201];
    spk_jitter_result result[201];
    CU_ASSERT_EQUAL_FATAL(spk_context_create(&ctx), SPK_OK);
    const struct {
        int64_t n_draws;
        double alpha;
        const char *message;
    } bad[] = {
        {0, 0.05, "n_draws must be in 1 .. 2^31, got 0"},
        {INT64_C(1) << 32, 0.05, "n_draws must be in 1 .. 2^31, got 4294967296"},
        {10, 0, "alpha must be between 0 and 1, got 0"},
        {10, 1, "alpha must be between 0 and 1, got 1"},
        {10, NAN, "alpha must be between 0 and 1, got nan"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        spk_jitter_draws draws;
        spk_jitter_draws_init(&draws, sizeof draws);
        draws.n_draws = bad[i].n_draws;
        draws.alpha = bad[i].alpha;
        CU_ASSERT_EQUAL(
            spk_jitter_monte_carlo(ctx, trains, 0, 1, NULL, &draws, band, NULL),
            SPK_ERR_ARGUMENT);
        CU_ASSERT_STRING_EQUAL(spk_context_message(ctx), bad[i].message);
    }
    spk_jitter_draws draws;
    memset(&draws, 0, sizeof draws);
    CU_ASSERT_EQUAL(spk_jitter_monte_carlo(ctx, trains, 0, 1, NULL, &draws, band, NULL),
                    SPK_ERR_ARGUMENT);
    CU_ASSERT_EQUAL(spk_jitter_monte_carlo(ctx, trains, 0, 1, NULL, NULL, NULL, NULL),
                    SPK_ERR_ARGUMENT);
    CU_ASSERT_STRING_EQUAL(spk_context_message(ctx), "bands is NULL");
    CU_ASSERT_EQUAL(spk_jitter_monte_carlo(ctx, trains, 1, 1, NULL, NULL, band, NULL),
                    SPK_ERR_ARGUMENT);
    CU_ASSERT_STRING_EQUAL(spk_context_message(ctx),
                           "pairs: unit 1 with itself in pair 0");
    CU_ASSERT_EQUAL(spk_jitter_synchrony(ctx, NULL, PAIR, 1, NULL, result),
                    SPK_ERR_ARGUMENT);
    CU_ASSERT_EQUAL(spk_jitter_synchrony(ctx, trains, PAIR, 1, NULL, NULL),
                    SPK_ERR_ARGUMENT);
    CU_ASSERT_STRING_EQUAL(spk_context_message(ctx), "results is NULL");
    CU_ASSERT_EQUAL(spk_jitter_synchrony(ctx, trains, NULL, 0, NULL, NULL), SPK_OK);
    spk_trains_destroy(trains);
    spk_context_destroy(ctx);
}

static spk_status run_both(spk_context *ctx, void *trains)
{
    const spk_jitter_options options = options_of(10, 5, 3);
    spk_jitter_draws draws;
    spk_jitter_band bands[5];
    spk_jitter_result results[5];
    spk_jitter_draws_init(&draws, sizeof draws);
    draws.n_draws = 70;
    const spk_status status =
        spk_jitter_monte_carlo(ctx, trains, 0, 1, &options, &draws, bands, NULL);
    return status != SPK_OK
               ? status
               : spk_jitter_synchrony(ctx, trains, PAIR, 1, &options, results);
}

static void failed_allocations(void)
{
    const spk_spikes spikes = draw_spikes(8, 50, 900);
    spk_trains *trains = group(&spikes, NULL);
    CU_ASSERT(suite_fail_allocations(run_both, trains) > 20);
    spk_trains_destroy(trains);
}

static const suite_test tests[] = {
    {"draws follow the exact distribution", draws_follow_the_exact_distribution},
    {"global bands keep their level", global_bands_keep_their_level},
    {"draws are the same for any threads", draws_are_the_same_for_any_threads},
    {"synchrony equals every placement", synchrony_equals_every_placement},
    {"errors", errors},
    {"failed allocations", failed_allocations},
};

SUITE_MAIN("jitter draws", tests)
