/* SPDX-License-Identifier: BSD-3-Clause */
/* Drawn placements against the exact distribution, synchrony of occupied bins against every
 * placement, and the golden numbers of a plain reading of Jeck and Niebur. */
#include "suite.h"

#include <math.h>
#include <spikekit/jitter.h>
#include <spikekit/random.h>
#include <spikekit/surrogates.h>
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

static spk_trains *group_in(const spk_spikes *spikes, const spk_epochs *epochs,
                            const spk_periods *periods)
{
    spk_trains *trains = NULL;
    spk_trains_options options;
    spk_trains_options_init(&options, sizeof options);
    options.epochs = epochs;
    options.periods = periods;
    CU_ASSERT_EQUAL_FATAL(spk_trains_create(NULL, spikes, &options, &trains), SPK_OK);
    return trains;
}

static spk_trains *group(const spk_spikes *spikes, const spk_epochs *epochs)
{
    return group_in(spikes, epochs, NULL);
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

enum {
    LAG_BINS = 7,
    LAG_WIDTH = 4,
    INTERVAL = 23
};

/* Pairs of one run by lag, target less reference; `drawn` stands in for the unit that moves. */
static void count_pairs(const spk_trains *trains, int side, const int64_t *drawn,
                        int64_t counts[LAG_BINS])
{
    const spk_train moved = spk_trains_unit(trains, 1 - side);
    const spk_train fixed = spk_trains_unit(trains, side);
    memset(counts, 0, LAG_BINS * sizeof *counts);
    CU_ASSERT_EQUAL_FATAL(moved.n_runs, fixed.n_runs);
    for (int64_t r = 0; r < moved.n_runs; r++)
        for (int64_t i = moved.run_offsets[r]; i < moved.run_offsets[r + 1]; i++)
            for (int64_t f = fixed.run_offsets[r]; f < fixed.run_offsets[r + 1]; f++) {
                const int64_t lag = (side ? -1 : 1) * (drawn[i] - fixed.samples[f]);
                const int64_t at = lag + LAG_BINS * LAG_WIDTH / 2;
                if (at >= 0 && at < LAG_BINS * LAG_WIDTH)
                    counts[at / LAG_WIDTH]++;
            }
}

/* What the surrogates of `common`, trains whose runs are those of the pair in `trains`, say of
 * it, beside what the function says. */
static void compare_with_surrogates(const spk_trains *trains, const spk_trains *common,
                                    int side, uint64_t seed)
{
    enum {
        N_DRAWS = 90
    };
    spk_jitter_options options = options_of(INTERVAL, LAG_BINS, LAG_WIDTH);
    spk_jitter_draws draws;
    spk_jitter_band bands[LAG_BINS];
    spk_surrogates_options surrogate;
    spk_surrogates *surrogates = NULL;
    int64_t drawn[MOST_SPIKES], observed[LAG_BINS], counts[LAG_BINS];
    double above[LAG_BINS] = {0}, below[LAG_BINS] = {0},
           extreme[2] = {-INFINITY, INFINITY};
    double p[2], most[N_DRAWS], least[N_DRAWS], beyond[2] = {1, 1};
    options.jittered = side;
    spk_jitter_draws_init(&draws, sizeof draws);
    draws.n_draws = N_DRAWS;
    draws.seed = seed;
    draws.alpha = 0.2;
    CU_ASSERT_EQUAL_FATAL(
        spk_jitter_monte_carlo(NULL, trains, 0, 1, &options, &draws, bands, p), SPK_OK);
    spk_surrogates_options_init(&surrogate, sizeof surrogate);
    surrogate.method = SPK_SURROGATE_JITTER;
    surrogate.width_s = options.interval_s;
    surrogate.seed = seed;
    CU_ASSERT_EQUAL_FATAL(spk_surrogates_create(NULL, common, &surrogate, &surrogates),
                          SPK_OK);
    count_pairs(common, side, spk_trains_unit(common, 1 - side).samples, observed);
    for (int d = -1; d < N_DRAWS; d++) {
        double greatest = -INFINITY, lowest = INFINITY;
        if (d < 0) {
            memcpy(counts, observed, sizeof counts);
        } else {
            CU_ASSERT_EQUAL_FATAL(
                spk_surrogates_draw(NULL, surrogates, 1 - side, d, drawn, NULL), SPK_OK);
            count_pairs(common, side, drawn, counts);
        }
        for (int k = 0; k < LAG_BINS; k++) {
            const double z =
                ((double)counts[k] - bands[k].expected) / sqrt(bands[k].variance);
            greatest = fmax(greatest, z);
            lowest = fmin(lowest, z);
            above[k] += d >= 0 && counts[k] >= observed[k];
            below[k] += d >= 0 && counts[k] <= observed[k];
        }
        if (d < 0) {
            extreme[0] = greatest;
            extreme[1] = lowest;
        } else {
            most[d] = greatest;
            least[d] = lowest;
            beyond[0] += greatest >= extreme[0] - 1e-9;
            beyond[1] += lowest <= extreme[1] + 1e-9;
        }
    }
    CU_ASSERT(p[0] == beyond[0] / (N_DRAWS + 1) && p[1] == beyond[1] / (N_DRAWS + 1));
    for (int k = 0; k < LAG_BINS; k++) {
        int higher = 0, lower = 0;
        const double sd = sqrt(bands[k].variance);
        CU_ASSERT_EQUAL(bands[k].count, observed[k]);
        CU_ASSERT(bands[k].p_upper == (1 + above[k]) / (N_DRAWS + 1));
        CU_ASSERT(bands[k].p_lower == (1 + below[k]) / (N_DRAWS + 1));
        /* 9 of 90 draws are at the edge of the band or beyond */
        for (int d = 0; d < N_DRAWS; d++) {
            higher += most[d] > (bands[k].global_upper - bands[k].expected) / sd + 1e-9;
            lower += least[d] < (bands[k].global_lower - bands[k].expected) / sd - 1e-9;
        }
        CU_ASSERT(higher <= 9 && lower <= 9 && higher >= 4 && lower >= 4);
    }
    spk_surrogates_destroy(surrogates);
}

/* Every draw is the surrogate of its number, in the runs of the pair. */
static void draws_are_surrogates(void)
{
    const int64_t starts[] = {0, 1100}, stops[] = {1001, 2003};
    const spk_epochs epochs = {2, starts, stops};
    /* two units observed at other times, and what they share: 100 .. 701, 900 .. 1001,
     * 1100 .. 1511 */
    const int64_t own[] = {0, 2, 3, 3}, own_starts[] = {0, 900, 100},
                  own_stops[] = {701, 2003, 1511};
    const int64_t shared[] = {0, 3, 6, 6},
                  shared_starts[] = {100, 900, 1100, 100, 900, 1100},
                  shared_stops[] = {701, 1001, 1511, 701, 1001, 1511};
    const spk_periods periods = {3, own, own_starts, own_stops};
    const spk_periods common_periods = {3, shared, shared_starts, shared_stops};
    for (uint64_t repeat = 0; repeat < 6; repeat++) {
        const spk_spikes spikes = draw_spikes(repeat, 150, 2003);
        spk_trains *trains = group(&spikes, &epochs);
        spk_trains *apart = group_in(&spikes, &epochs, &periods);
        spk_trains *common = group_in(&spikes, NULL, &common_periods);
        for (int side = 0; side < 2; side++) {
            compare_with_surrogates(trains, trains, side, repeat << 40 | 7);
            compare_with_surrogates(apart, common, side, repeat);
        }
        spk_trains_destroy(trains);
        spk_trains_destroy(apart);
        spk_trains_destroy(common);
    }
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
    /* units observed at other times, so that their common runs are laid */
    const int64_t offsets[] = {0, 1, 2, 2}, starts[] = {0, 10}, stops[] = {890, 900};
    const spk_periods periods = {3, offsets, starts, stops};
    const spk_spikes spikes = draw_spikes(8, 50, 900);
    spk_trains *trains = group_in(&spikes, NULL, &periods);
    CU_ASSERT(suite_fail_allocations(run_both, trains) > 30);
    spk_trains_destroy(trains);
}

static const suite_test tests[] = {
    {"draws follow the exact distribution", draws_follow_the_exact_distribution},
    {"draws are surrogates", draws_are_surrogates},
    {"global bands keep their level", global_bands_keep_their_level},
    {"draws are the same for any threads", draws_are_the_same_for_any_threads},
    {"synchrony equals every placement", synchrony_equals_every_placement},
    {"errors", errors},
    {"failed allocations", failed_allocations},
};

SUITE_MAIN("jitter draws", tests)
