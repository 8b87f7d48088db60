/* SPDX-License-Identifier: BSD-3-Clause */
/* Spike time tiling coefficients: all pairs, chosen pairs, parts, profiles over windows. */
#include "suite.h"

#include <math.h>
#include <spikekit/random.h>
#include <spikekit/synchrony.h>
#include <stdlib.h>

enum {
    SPAN = 400, /* the oracle goes through each sample of 0 .. SPAN - 1 */
    N_UNITS = 7,
    MOST = 300
};

static int64_t draw_below(spk_random *random, int64_t n)
{
    return (int64_t)(spk_random_uniform(random) * (double)n);
}

static int same_bits(double a, double b)
{
    return a == b || (isnan(a) && isnan(b));
}

/* ---- the definition ---- */

static const spk_epochs whole = {1, (const int64_t[]){0}, (const int64_t[]){SPAN}};

static int64_t epoch_of(const spk_epochs *epochs, int64_t sample)
{
    for (int64_t e = 0; e < epochs->n_epochs; e++)
        if (sample >= epochs->starts[e] && sample < epochs->stops[e])
            return e;
    return -1;
}

static int is_near(const spk_spikes *s, const spk_epochs *epochs, int64_t sample,
                   int32_t b, int64_t window)
{
    for (int64_t i = 0; i < s->n_spikes; i++)
        if (s->units[i] == b && llabs(s->samples[i] - sample) <= window &&
            epoch_of(epochs, sample) == epoch_of(epochs, s->samples[i]))
            return 1;
    return 0;
}

/* The piece of time from a sample to the next is tiled if a tile holds it all; or else the
 * sample is, if a spike is near. */
static double tiled(const spk_spikes *s, const spk_epochs *epochs, int32_t a,
                    int64_t window, int32_t tiling)
{
    int64_t n = 0, n_tiled = 0;
    for (int64_t x = 0; x < SPAN; x++) {
        int is_tiled = 0;
        if (epoch_of(epochs, x) < 0)
            continue;
        for (int64_t i = 0; i < s->n_spikes; i++)
            is_tiled |= s->units[i] == a && x >= s->samples[i] - window &&
                        x < s->samples[i] + window + (tiling == SPK_STTC_SAMPLES) &&
                        epoch_of(epochs, x) == epoch_of(epochs, s->samples[i]);
        n++;
        n_tiled += is_tiled;
    }
    return (double)n_tiled / (double)n;
}

static double near_share(const spk_spikes *s, const spk_epochs *epochs, int32_t a,
                         int32_t b, int64_t window)
{
    int64_t n = 0, n_near = 0;
    for (int64_t i = 0; i < s->n_spikes; i++)
        if (s->units[i] == a && epoch_of(epochs, s->samples[i]) >= 0) {
            n++;
            n_near += is_near(s, epochs, s->samples[i], b, window);
        }
    return (double)n_near / (double)n;
}

static double half(double p, double t)
{
    return p * t == 1 ? 0.5 : 0.5 * (p - t) / (1 - p * t);
}

static double by_definition(const spk_spikes *s, const spk_epochs *epochs, int32_t a,
                            int32_t b, int64_t window, int32_t tiling)
{
    if (epochs == NULL)
        epochs = &whole;
    return half(near_share(s, epochs, a, b, window),
                tiled(s, epochs, b, window, tiling)) +
           half(near_share(s, epochs, b, a, window), tiled(s, epochs, a, window, tiling));
}

/* ---- inputs ---- */

static int64_t samples[MOST];
static int32_t units[MOST];

/* Ties, bursts, spikes at both ends; unit 5 has one spike, unit 6 none. */
static spk_spikes draw_spikes(spk_random *random, int kind)
{
    int64_t n = 0;
    for (int64_t x = 0; x < SPAN && n < MOST - N_UNITS; x++) {
        const int is_busy = kind % 3 == 0 || (kind % 3 == 1 ? x / 40 % 2 == 0 : x < 3);
        for (int32_t u = 0; u < 5; u++)
            if (draw_below(random, is_busy ? 12 : 60) == 0 || (x == SPAN - 1 && u < 2)) {
                samples[n] = x;
                units[n++] = u;
                if (draw_below(random, 10) == 0 && n < MOST) {
                    samples[n] = x;
                    units[n++] = u;
                }
            }
        if (x == SPAN / 2) {
            samples[n] = x;
            units[n++] = 5;
        }
    }
    return (spk_spikes){n, N_UNITS, samples, units, 1000, 0, SPAN};
}

static spk_trains *group(const spk_spikes *spikes, const spk_epochs *epochs)
{
    spk_trains_options options;
    spk_trains *trains = NULL;
    spk_trains_options_init(&options, sizeof options);
    options.epochs = epochs;
    CU_ASSERT_EQUAL_FATAL(spk_trains_create(NULL, spikes, &options, &trains), SPK_OK);
    return trains;
}

static spk_sttc_options window_of(int64_t window, int32_t tiling)
{
    spk_sttc_options options;
    spk_sttc_options_init(&options, sizeof options);
    options.window_samples = window;
    options.tiling = tiling;
    return options;
}

/* ---- tests ---- */

/* A 10, 50; B 12, 80, of 100 samples, w = 5: P_A = P_B = 1/2, T = 20/100 of each, so both
 * halves are (0.5 - 0.2) / (1 - 0.1) / 2. */
static void by_hand(void)
{
    static const int64_t at[] = {10, 12, 50, 80};
    static const int32_t of[] = {0, 1, 0, 1};
    const spk_spikes spikes = {4, 2, at, of, 1000, 0, 100};
    double values[4];
    spk_sttc_parts parts;
    CU_ASSERT_EQUAL(spk_sttc_estimate(NULL, &spikes, NULL, values), SPK_OK);
    CU_ASSERT_DOUBLE_EQUAL(values[1], 0.3 / 0.9, 1e-15);
    CU_ASSERT(values[0] == 1 && values[3] == 1 && values[1] == values[2]);
    spk_trains *trains = group(&spikes, NULL);
    CU_ASSERT_EQUAL(spk_sttc_estimate_parts(NULL, trains, 0, 1, NULL, &parts), SPK_OK);
    CU_ASSERT(parts.near_a == 0.5 && parts.near_b == 0.5 && parts.tiled_a == 0.2 &&
              parts.tiled_b == 0.2 && parts.sttc == values[1]);
    CU_ASSERT(parts.n_a == 2 && parts.n_b == 2 && parts.n_near_a == 1 &&
              parts.n_near_b == 1);
    const spk_sttc_options by_sample = window_of(5, SPK_STTC_SAMPLES);
    CU_ASSERT_EQUAL(spk_sttc_estimate_parts(NULL, trains, 0, 1, &by_sample, &parts),
                    SPK_OK);
    CU_ASSERT(parts.tiled_a == 0.22 && parts.near_a == 0.5);
    spk_trains_destroy(trains);
}

/* The example of elephant's documentation, and what it says there. */
static void elephants_example(void)
{
    static const int64_t at[] = {102,  130,  271,  756,  1587, 1882, 2823,
                                 2846, 2879, 3090, 3420, 3820, 4320, 4360};
    static const int32_t of[] = {1, 0, 1, 0, 0, 1, 0, 1, 1, 0, 0, 0, 0, 1};
    const spk_spikes spikes = {14, 2, at, of, 100000, 0, 5000};
    double values[4];
    CU_ASSERT_EQUAL(spk_sttc_estimate(NULL, &spikes, NULL, values), SPK_OK);
    CU_ASSERT_DOUBLE_EQUAL(values[1], 0.4958601655933762, 1e-15);
}

static void equals_the_definition(void)
{
    static const int64_t windows[] = {0, 1, 4, 23, 150};
    const int64_t starts[] = {-20, 35, 180, 300, 399}, stops[] = {35, 160, 290, 310, 460};
    const spk_epochs epochs = {5, starts, stops};
    spk_random random = {.seed = 11};
    int n_compared = 0;
    for (int repeat = 0; repeat < 30; repeat++) {
        const spk_spikes spikes = draw_spikes(&random, repeat);
        const spk_epochs *within = repeat % 2 == 0 ? NULL : &epochs;
        const int64_t window = windows[repeat % 5];
        spk_sttc_options options = window_of(window, repeat % 4 < 2);
        double values[N_UNITS][N_UNITS], pair_values[N_UNITS * N_UNITS];
        int32_t pairs[N_UNITS * N_UNITS][2];
        if (window == 150 && within != NULL)
            continue; /* longer than the longest epoch */
        options.epochs = within;
        CU_ASSERT_EQUAL_FATAL(spk_sttc_estimate(NULL, &spikes, &options, &values[0][0]),
                              SPK_OK);
        options.epochs = NULL;
        spk_trains *trains = group(&spikes, within);
        for (int32_t k = 0; k < N_UNITS * N_UNITS; k++) {
            pairs[k][0] = k / N_UNITS;
            pairs[k][1] = k % N_UNITS;
        }
        CU_ASSERT_EQUAL(spk_sttc_estimate_pairs(NULL, trains, (const int32_t(*)[2])pairs,
                                                N_UNITS * N_UNITS, &options, pair_values),
                        SPK_OK);
        for (int32_t a = 0; a < N_UNITS; a++)
            for (int32_t b = 0; b < N_UNITS; b++) {
                const double expected =
                    by_definition(&spikes, within, a, b, window, options.tiling);
                CU_ASSERT(isnan(expected) ? isnan(values[a][b])
                                          : fabs(values[a][b] - expected) < 1e-14);
                CU_ASSERT(same_bits(values[a][b], pair_values[a * N_UNITS + b]));
                CU_ASSERT(!(fabs(values[a][b]) > 1));
                n_compared += !isnan(expected) && a != b;
            }
        CU_ASSERT(isnan(values[6][0]) && isnan(values[6][6]) && values[0][0] == 1);
        spk_trains_destroy(trains);
    }
    CU_ASSERT(n_compared > 500);
}

/* Units observed at different times: what counts is the time of both. */
static void periods_of_units(void)
{
    spk_random random = {.seed = 12};
    const spk_spikes spikes = draw_spikes(&random, 0);
    const int64_t offsets[] = {0, 2, 3, 3, 3, 3, 3, 3};
    const int64_t starts[] = {10, 200, 50}, stops[] = {120, 390, 260};
    const int64_t common_starts[] = {50, 200}, common_stops[] = {120, 260};
    const spk_periods periods = {N_UNITS, offsets, starts, stops};
    const spk_epochs common = {2, common_starts, common_stops};
    const spk_sttc_options window = window_of(4, SPK_STTC_TIME);
    spk_trains_options options;
    spk_trains *trains = NULL;
    spk_sttc_parts parts;
    spk_trains_options_init(&options, sizeof options);
    options.periods = &periods;
    CU_ASSERT_EQUAL_FATAL(spk_trains_create(NULL, &spikes, &options, &trains), SPK_OK);
    CU_ASSERT_EQUAL(spk_sttc_estimate_parts(NULL, trains, 0, 1, &window, &parts), SPK_OK);
    CU_ASSERT_DOUBLE_EQUAL(parts.sttc, by_definition(&spikes, &common, 0, 1, 4, 0),
                           1e-14);
    CU_ASSERT_DOUBLE_EQUAL(parts.tiled_b, tiled(&spikes, &common, 1, 4, 0), 1e-15);
    CU_ASSERT_EQUAL(spk_sttc_estimate_parts(NULL, trains, 0, 2, &window, &parts), SPK_OK);
    CU_ASSERT(isnan(parts.sttc) && isnan(parts.tiled_a) && parts.n_a == 0);
    spk_trains_destroy(trains);
}

static void profile_equals_each_window(void)
{
    static const int64_t windows[] = {0, 1, 2, 7, 30, 200};
    static const int32_t pairs[][2] = {{0, 1}, {3, 2}, {4, 5}, {1, 1}, {6, 0}};
    spk_random random = {.seed = 13};
    const spk_spikes spikes = draw_spikes(&random, 1);
    spk_trains *trains = group(&spikes, NULL);
    double profile[5][6], values[5];
    for (int32_t tiling = 0; tiling < 2; tiling++) {
        spk_sttc_options options = window_of(-1, tiling);
        options.window_s = NAN; /* not used */
        CU_ASSERT_EQUAL(spk_sttc_estimate_profile(NULL, trains, pairs, 5, windows, 6,
                                                  &options, &profile[0][0]),
                        SPK_OK);
        for (int k = 0; k < 6; k++) {
            options = window_of(windows[k], tiling);
            CU_ASSERT_EQUAL(
                spk_sttc_estimate_pairs(NULL, trains, pairs, 5, &options, values),
                SPK_OK);
            for (int p = 0; p < 5; p++)
                CU_ASSERT(same_bits(profile[p][k], values[p]));
        }
    }
    spk_trains_destroy(trains);
}

/* A later clock, other numbers of the units, time running backwards. */
static void invariant(void)
{
    enum {
        N = N_UNITS * N_UNITS
    };
    static const int64_t shifts[] = {-1000000007, (int64_t)86400 * 30000,
                                     (int64_t)1 << 62, INT64_MIN};
    spk_random random = {.seed = 14};
    for (int repeat = 0; repeat < 6; repeat++) {
        const spk_sttc_options options = window_of(4 * repeat, repeat % 2);
        spk_spikes spikes = draw_spikes(&random, repeat), other = spikes;
        int64_t moved[MOST];
        int32_t renamed[MOST];
        double values[N], again[N];
        while (samples[0] == 0) { /* whose mirror is the end of the recording */
            memmove(samples, samples + 1, (MOST - 1) * sizeof *samples);
            memmove(units, units + 1, (MOST - 1) * sizeof *units);
            spikes.n_spikes--;
        }
        other = spikes;
        CU_ASSERT_EQUAL(spk_sttc_estimate(NULL, &spikes, &options, values), SPK_OK);
        other.samples = moved;
        for (int k = 0; k < 4; k++) {
            for (int64_t i = 0; i < spikes.n_spikes; i++)
                moved[i] = samples[i] + shifts[k];
            other.start_sample = shifts[k];
            other.stop_sample = shifts[k] + SPAN;
            CU_ASSERT_EQUAL(spk_sttc_estimate(NULL, &other, &options, again), SPK_OK);
            for (int v = 0; v < N; v++)
                CU_ASSERT(same_bits(values[v], again[v]));
        }
        other.start_sample = 0;
        other.stop_sample = SPAN;
        other.units = renamed;
        for (int64_t i = 0; i < spikes.n_spikes; i++) {
            const int64_t from = spikes.n_spikes - 1 - i;
            moved[i] = SPAN - samples[from] - options.tiling;
            renamed[i] = N_UNITS - 1 - units[from];
        }
        CU_ASSERT_EQUAL(spk_sttc_estimate(NULL, &other, &options, again), SPK_OK);
        for (int v = 0; v < N; v++)
            CU_ASSERT(same_bits(values[v], again[N - 1 - v]));
    }
}

static void rows_and_threads(void)
{
    spk_random random = {.seed = 15};
    const spk_spikes spikes = draw_spikes(&random, 2);
    static const int32_t rows[] = {4, 0, 6}, columns[] = {5, 4, 1, 0};
    double all[N_UNITS][N_UNITS], some[3][4], rest[3][N_UNITS], again[N_UNITS][N_UNITS];
    spk_sttc_options options = window_of(6, SPK_STTC_TIME);
    CU_ASSERT_EQUAL(spk_sttc_estimate(NULL, &spikes, &options, &all[0][0]), SPK_OK);
    for (int32_t threads = 1; threads <= 4; threads *= 2) {
        spk_context *ctx = NULL;
        CU_ASSERT_EQUAL_FATAL(spk_context_create(&ctx), SPK_OK);
        CU_ASSERT_EQUAL(spk_context_set_threads(ctx, threads), SPK_OK);
        options = window_of(6, SPK_STTC_TIME);
        CU_ASSERT_EQUAL(spk_sttc_estimate(ctx, &spikes, &options, &again[0][0]), SPK_OK);
        CU_ASSERT_EQUAL(memcmp(all, again, sizeof all), 0);
        options.references = rows;
        options.n_references = 3;
        CU_ASSERT_EQUAL(spk_sttc_estimate(ctx, &spikes, &options, &rest[0][0]), SPK_OK);
        options.targets = columns;
        options.n_targets = 4;
        CU_ASSERT_EQUAL(spk_sttc_estimate(ctx, &spikes, &options, &some[0][0]), SPK_OK);
        for (int r = 0; r < 3; r++) {
            for (int c = 0; c < N_UNITS; c++)
                CU_ASSERT(same_bits(rest[r][c], all[rows[r]][c]));
            for (int c = 0; c < 4; c++)
                CU_ASSERT(same_bits(some[r][c], all[rows[r]][columns[c]]));
        }
        options.n_targets = 0;
        CU_ASSERT_EQUAL(spk_sttc_estimate(ctx, &spikes, &options, NULL), SPK_OK);
        spk_context_destroy(ctx);
    }
}

/* Independent trains, on samples so coarse that the tiling shows: over many pairs the mean is
 * 0 with tiles of whole samples, and above it by about 1 / (2 w + 1) of T without. */
static void independent_trains(void)
{
    enum {
        UNITS = 40,
        LENGTH = 20000,
        PER_UNIT = 400
    };
    int64_t *at = malloc(UNITS * PER_UNIT * 2 * sizeof *at);
    int32_t *of = malloc(UNITS * PER_UNIT * 2 * sizeof *of);
    double *values = malloc(UNITS * UNITS * sizeof *values);
    spk_random random = {.seed = 16};
    int64_t n = 0;
    for (int64_t x = 0; x < LENGTH; x++)
        for (int32_t u = 0; u < UNITS && n < 2 * UNITS * PER_UNIT; u++)
            if (draw_below(&random, LENGTH / PER_UNIT) == 0) {
                at[n] = x;
                of[n++] = u;
            }
    const spk_spikes spikes = {n, UNITS, at, of, 1000, 0, LENGTH};
    double means[2];
    for (int32_t tiling = 0; tiling < 2; tiling++) {
        const spk_sttc_options options = window_of(2, tiling);
        double sum = 0;
        CU_ASSERT_EQUAL(spk_sttc_estimate(NULL, &spikes, &options, values), SPK_OK);
        for (int a = 0; a < UNITS; a++)
            for (int b = 0; b < a; b++)
                sum += values[a * UNITS + b];
        means[tiling] = sum / (UNITS * (UNITS - 1) / 2.0);
    }
    /* a standard error of some 0.015 / sqrt(780), were the pairs independent */
    CU_ASSERT(fabs(means[1]) < 0.004);
    CU_ASSERT(means[0] > 0.012 && means[0] < 0.028);
    free(values);
    free(of);
    free(at);
}

static void degenerate(void)
{
    static const int64_t at[] = {5, 5, 5, 5, 5};
    static const int32_t of[] = {0, 1, 0, 1, 2};
    double values[16];
    /* all at one sample, tiles over all time: 0 / 0 twice; unit 3 is silent */
    spk_spikes spikes = {5, 4, at, of, 1000, 0, 10};
    spk_sttc_options options = window_of(6, SPK_STTC_TIME);
    CU_ASSERT_EQUAL(spk_sttc_estimate(NULL, &spikes, &options, values), SPK_OK);
    CU_ASSERT(values[1] == 1 && values[2] == 1 && isnan(values[3]) && isnan(values[15]));
    /* window 0: no time is tiled, all are near */
    options.window_samples = 0;
    CU_ASSERT_EQUAL(spk_sttc_estimate(NULL, &spikes, &options, values), SPK_OK);
    CU_ASSERT_EQUAL(values[1], 1);
    /* no spikes, no time, no units */
    spikes.n_spikes = 0;
    CU_ASSERT_EQUAL(spk_sttc_estimate(NULL, &spikes, &options, values), SPK_OK);
    CU_ASSERT(isnan(values[0]) && isnan(values[1]));
    spikes.stop_sample = 0;
    CU_ASSERT_EQUAL(spk_sttc_estimate(NULL, &spikes, NULL, values), SPK_OK);
    CU_ASSERT(isnan(values[5]));
    spikes.n_units = 0;
    CU_ASSERT_EQUAL(spk_sttc_estimate(NULL, &spikes, NULL, NULL), SPK_OK);
    /* never near though A tiles most of the time: below 0 */
    static const int64_t apart[] = {10, 20, 30, 36, 40};
    static const int32_t sides[] = {0, 0, 0, 1, 0};
    const spk_spikes few = {5, 2, apart, sides, 1000, 5, 45};
    options.window_samples = 3;
    CU_ASSERT_EQUAL(spk_sttc_estimate(NULL, &few, &options, values), SPK_OK);
    CU_ASSERT_DOUBLE_EQUAL(values[1], 0.5 * (-6 / 40.0) + 0.5 * (-24 / 40.0), 1e-15);
}

static void windows_from_seconds(void)
{
    static const struct {
        double window_s, rate_hz;
        int64_t samples;
    } table[] = {{0.005, 30000, 150},   {0.0015, 30000, 45}, {0.005, 24414.0625, 122},
                 {0.1, 1e9, 100000000}, {0.00032, 25000, 8}, {1, 1, 1}};
    spk_sttc_options options;
    int64_t window;
    spk_sttc_options_init(&options, sizeof options);
    for (int k = 0; k < 6; k++) {
        options.window_s = table[k].window_s;
        CU_ASSERT_EQUAL(spk_sttc_window(NULL, &options, table[k].rate_hz, &window),
                        SPK_OK);
        CU_ASSERT_EQUAL(window, table[k].samples);
    }
    CU_ASSERT_EQUAL(spk_sttc_window(NULL, NULL, 1000, &window), SPK_OK);
    CU_ASSERT_EQUAL(window, 5);
}

static void errors(void)
{
    enum {
        N_CASES = 12
    };
    static const char *const messages[N_CASES] = {
        "options: not filled by spk_sttc_options_init()",
        "window_s must be positive and finite, got 0",
        "window_s must be positive and finite, got nan",
        "window_s of 0.0001 is less than a sample at 1000 Hz (window_samples = 0 takes "
        "spikes at one sample)",
        "window_samples must be >= 0, or -1 for window_s, got -2",
        "tiling must be 0 or 1, got 2",
        "the window is 2^53 samples or more",
        "the window must be shorter than the recording of 400 samples, got 400",
        "the window must be shorter than the longest epoch of 5 samples, got 5",
        "references[1] must be in 0 .. 6, got 7",
        "targets: unit 3 is there twice",
        "n_targets must be in 0 .. 7, got 8",
    };
    static const int32_t beyond[] = {0, 7}, twice[] = {3, 1, 3};
    const int64_t start = 3, stop = 8;
    const spk_epochs epochs = {1, &start, &stop};
    spk_random random = {.seed = 17};
    const spk_spikes spikes = draw_spikes(&random, 0);
    double values[N_UNITS * N_UNITS];
    spk_context *ctx = NULL;
    CU_ASSERT_EQUAL_FATAL(spk_context_create(&ctx), SPK_OK);
    for (int k = 0; k < N_CASES; k++) {
        spk_sttc_options bad;
        spk_sttc_options_init(&bad, sizeof bad);
        switch (k) {
        case 0:
            bad.struct_size = 8;
            break;
        case 1:
            bad.window_s = 0;
            break;
        case 2:
            bad.window_s = (double)NAN;
            break;
        case 3:
            bad.window_s = 0.0001;
            break;
        case 4:
            bad.window_samples = -2;
            break;
        case 5:
            bad.tiling = 2;
            break;
        case 6:
            bad.window_s = 1e300;
            break;
        case 7:
            bad.window_samples = SPAN;
            break;
        case 8:
            bad.epochs = &epochs;
            break;
        case 9:
            bad.references = beyond;
            bad.n_references = 2;
            break;
        case 10:
            bad.targets = twice;
            bad.n_targets = 3;
            break;
        default:
            bad.targets = twice;
            bad.n_targets = 8;
            break;
        }
        CU_ASSERT_EQUAL(spk_sttc_estimate(ctx, &spikes, &bad, values),
                        k == 6 ? SPK_ERR_OVERFLOW : SPK_ERR_ARGUMENT);
        CU_ASSERT_STRING_EQUAL(spk_context_message(ctx), messages[k]);
    }
    CU_ASSERT_EQUAL(spk_sttc_estimate(ctx, NULL, NULL, values), SPK_ERR_ARGUMENT);
    CU_ASSERT_EQUAL(spk_sttc_estimate(ctx, &spikes, NULL, NULL), SPK_ERR_ARGUMENT);
    CU_ASSERT_STRING_EQUAL(spk_context_message(ctx), "values is NULL");
    const spk_epochs unsorted = {2, (const int64_t[]){50, 3}, (const int64_t[]){60, 9}};
    spk_sttc_options options;
    spk_sttc_options_init(&options, sizeof options);
    options.epochs = &unsorted;
    CU_ASSERT_EQUAL(spk_sttc_estimate(ctx, &spikes, &options, values), SPK_ERR_UNSORTED);
    int64_t window;
    CU_ASSERT_EQUAL(spk_sttc_window(ctx, NULL, 0, &window), SPK_ERR_ARGUMENT);
    CU_ASSERT_EQUAL(spk_sttc_window(ctx, NULL, 1000, NULL), SPK_ERR_ARGUMENT);
    spk_context_destroy(ctx);
}

static void errors_of_pairs(void)
{
    static const int32_t pairs[][2] = {{0, 1}, {2, 9}};
    static const int64_t windows[] = {3, 3, SPAN, (int64_t)1 << 53};
    spk_random random = {.seed = 18};
    const spk_spikes spikes = draw_spikes(&random, 0);
    spk_trains *trains = group(&spikes, NULL);
    spk_sttc_options options = window_of(5, SPK_STTC_TIME);
    spk_sttc_parts parts;
    double values[8];
    spk_context *ctx = NULL;
    CU_ASSERT_EQUAL_FATAL(spk_context_create(&ctx), SPK_OK);
#define REFUSED(call, message)                                                           \
    do {                                                                                 \
        CU_ASSERT_EQUAL(call, SPK_ERR_ARGUMENT);                                         \
        CU_ASSERT_STRING_EQUAL(spk_context_message(ctx), message);                       \
    } while (0)
    REFUSED(spk_sttc_estimate_pairs(ctx, NULL, pairs, 1, NULL, values), "trains is NULL");
    REFUSED(spk_sttc_estimate_pairs(ctx, trains, NULL, 1, NULL, values), "pairs is NULL");
    REFUSED(spk_sttc_estimate_pairs(ctx, trains, pairs, 1, NULL, NULL), "values is NULL");
    REFUSED(spk_sttc_estimate_pairs(ctx, trains, pairs, -1, NULL, values),
            "n_pairs must be >= 0, got -1");
    REFUSED(spk_sttc_estimate_pairs(ctx, trains, pairs, 2, NULL, values),
            "pair 1: expected units of 0 .. 6, found 9");
    REFUSED(spk_sttc_estimate_parts(ctx, trains, 0, 1, NULL, NULL), "parts is NULL");
    REFUSED(spk_sttc_estimate_parts(ctx, trains, -1, 1, NULL, &parts),
            "pair 0: expected units of 0 .. 6, found -1");
    REFUSED(spk_sttc_estimate_profile(ctx, trains, pairs, 1, NULL, 1, NULL, values),
            "window_samples is NULL");
    REFUSED(spk_sttc_estimate_profile(ctx, trains, pairs, 1, windows, 0, NULL, values),
            "n_windows must be in 1 .. 1000, got 0");
    REFUSED(spk_sttc_estimate_profile(ctx, trains, pairs, 1, windows, 2, NULL, values),
            "window_samples[1] must be >= 0 and rise, got 3");
    REFUSED(
        spk_sttc_estimate_profile(ctx, trains, pairs, 1, windows + 1, 2, NULL, values),
        "the window must be shorter than the recording of 400 samples, got 400");
    CU_ASSERT_EQUAL(
        spk_sttc_estimate_profile(ctx, trains, pairs, 1, windows + 3, 1, NULL, values),
        SPK_ERR_OVERFLOW);
    options.window_samples = SPAN;
    REFUSED(spk_sttc_estimate_parts(ctx, trains, 0, 1, &options, &parts),
            "the window must be shorter than the recording of 400 samples, got 400");
    options.epochs = &whole;
    REFUSED(
        spk_sttc_estimate_pairs(ctx, trains, pairs, 1, &options, values),
        "epochs, references and targets must be NULL: trains have their runs, and pairs "
        "their units");
    options.struct_size = 8;
    REFUSED(
        spk_sttc_estimate_profile(ctx, trains, pairs, 1, windows, 1, &options, values),
        "options: not filled by spk_sttc_options_init()");
#undef REFUSED
    CU_ASSERT_EQUAL(spk_sttc_estimate_pairs(ctx, trains, NULL, 0, NULL, NULL), SPK_OK);
    spk_context_destroy(ctx);
    spk_trains_destroy(trains);
}

static spk_status all_pairs(spk_context *ctx, void *spikes)
{
    static const int32_t rows[] = {2, 1};
    double values[N_UNITS * N_UNITS];
    spk_sttc_options options;
    spk_sttc_options_init(&options, sizeof options);
    options.references = rows;
    options.n_references = 2;
    return spk_sttc_estimate(ctx, spikes, &options, values);
}

static spk_status one_pair(spk_context *ctx, void *trains)
{
    static const int32_t pairs[][2] = {{0, 1}};
    double value;
    return spk_sttc_estimate_pairs(ctx, trains, pairs, 1, NULL, &value);
}

static void failed_allocations(void)
{
    spk_random random = {.seed = 19};
    spk_spikes spikes = draw_spikes(&random, 0);
    spk_trains *trains = group(&spikes, NULL);
    CU_ASSERT_EQUAL(suite_fail_allocations(all_pairs, &spikes), 9);
    CU_ASSERT_EQUAL(suite_fail_allocations(one_pair, trains), 2);
    spk_trains_destroy(trains);
}

static const suite_test tests[] = {
    {"by hand", by_hand},
    {"elephant's example", elephants_example},
    {"equals the definition", equals_the_definition},
    {"periods of units", periods_of_units},
    {"profile equals each window", profile_equals_each_window},
    {"invariant", invariant},
    {"rows and threads", rows_and_threads},
    {"independent trains", independent_trains},
    {"degenerate", degenerate},
    {"windows from seconds", windows_from_seconds},
    {"errors", errors},
    {"errors of pairs", errors_of_pairs},
    {"failed allocations", failed_allocations},
};

SUITE_MAIN("synchrony", tests)
