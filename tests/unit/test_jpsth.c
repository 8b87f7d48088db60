/* SPDX-License-Identifier: BSD-3-Clause */
#include "suite.h"

#include <math.h>
#include <spikekit/jpsth.h>
#include <spikekit/random.h>
#include <stdlib.h>

enum {
    BINS = 6,
    TRIALS = 9,
    SQUARE = BINS * BINS,
    LAGS = 2 * BINS - 1
};

typedef struct joint_arrays {
    int64_t coincidences[SQUARE], correlogram[LAGS], histogram[BINS];
    double predicted[SQUARE], coefficients[SQUARE], correlogram_predicted[LAGS];
    double correlogram_sd[LAGS], histogram_predicted[BINS], histogram_sd[BINS];
    spk_jpsth out;
} joint_arrays;

static spk_jpsth *arrays_of(joint_arrays *a)
{
    a->out = (spk_jpsth){a->coincidences,
                         a->predicted,
                         a->coefficients,
                         a->correlogram,
                         a->correlogram_predicted,
                         a->correlogram_sd,
                         a->histogram,
                         a->histogram_predicted,
                         a->histogram_sd,
                         0,
                         0};
    return &a->out;
}

static spk_trials trials_of(int64_t n_trials, int64_t n_bins, const int32_t *counts)
{
    return (spk_trials){.n_trials = n_trials,
                        .n_units = 2,
                        .n_bins = n_bins,
                        .counts = counts,
                        .bin_samples = 1,
                        .sampling_rate_hz = 1000,
                        .n_conditions = 1};
}

/* Two bins; unit 0: 1 0, 0 1, 1 1; unit 1: 0 1, 0 0, 1 1. */
static void by_hand(void)
{
    const int32_t counts[] = {1, 0, 0, 1, 0, 1, 0, 0, 1, 1, 1, 1};
    const spk_trials trials = trials_of(3, 2, counts);
    int64_t raw[4], correlogram[3], histogram[2];
    double predicted[4], coefficients[4], sd[3];
    spk_jpsth out = {.coincidences = raw,
                     .predicted = predicted,
                     .coefficients = coefficients,
                     .correlogram = correlogram,
                     .correlogram_sd = sd,
                     .histogram = histogram};
    CU_ASSERT_EQUAL_FATAL(spk_jpsth_estimate(NULL, &trials, 0, 0, 1, NULL, &out), SPK_OK);
    static const int64_t expected[] = {1, 2, 1, 1};
    CU_ASSERT_EQUAL(memcmp(raw, expected, sizeof raw), 0);
    CU_ASSERT(correlogram[0] == 1 && correlogram[1] == 2 && correlogram[2] == 2);
    CU_ASSERT(histogram[0] == 1 && histogram[1] == 1);
    CU_ASSERT_DOUBLE_EQUAL(predicted[0], 2.0 * 1 / 3, 1e-15);
    CU_ASSERT_DOUBLE_EQUAL(predicted[1], 2.0 * 2 / 3, 1e-15);
    CU_ASSERT_DOUBLE_EQUAL(coefficients[1], 1, 1e-15); /* 1 0 1 with 1 0 1 */
    CU_ASSERT_DOUBLE_EQUAL(coefficients[0], 0.5, 1e-15);
    CU_ASSERT_EQUAL(out.n_trials, 3);
    CU_ASSERT_DOUBLE_EQUAL(out.band, 1.959963984540054 / sqrt(2), 1e-12);
    /* neighbours: (0,1) (1,0) (1,2) (2,1): x t(0) y s(1): 0 + 0 + 0 + 0; pairs of bins by hand */
    spk_jpsth_options o;
    spk_jpsth_options_init(&o, sizeof o);
    o.predictor = SPK_JPSTH_SHIFT;
    CU_ASSERT_EQUAL_FATAL(spk_jpsth_estimate(NULL, &trials, 0, 0, 1, &o, &out), SPK_OK);
    /* x0 = (1,0), x1 = (0,1), x2 = (1,1); y0 = (0,1), y1 = (0,0), y2 = (1,1)
     * x1 y0: [1][1]; x1 y2: [1][0], [1][1]; the others have y1 = 0; times 3 / 4 */
    CU_ASSERT(predicted[0] == 0 && predicted[1] == 0 && predicted[2] == 0.75 &&
              predicted[3] == 1.5);
}

static void fill(spk_random *random, int32_t *counts, int n, double mean)
{
    for (int i = 0; i < n; i++)
        counts[i] = (int32_t)spk_random_poisson(random, mean);
}

static double product_sum(const int32_t *x, const int32_t *y, int lag)
{
    double sum = 0;
    for (int a = 0; a < BINS; a++)
        if (a + lag >= 0 && a + lag < BINS)
            sum += x[a] * y[a + lag];
    return sum;
}

/* The n x n weights of sums less their prediction. */
static double weight_of(int32_t predictor, int n, int t, int s)
{
    if (predictor == SPK_JPSTH_PRODUCT)
        return (t == s) - 1.0 / n;
    return (t == s) - (abs(t - s) == 1) * n / (2.0 * (n - 1));
}

static void equals_the_definition(void)
{
    for (uint64_t seed = 0; seed < 20; seed++) {
        int32_t counts[TRIALS * 2 * BINS];
        spk_random random = {.seed = seed};
        fill(&random, counts, TRIALS * 2 * BINS, seed % 2 ? 0.4 : 3);
        const spk_trials trials = trials_of(TRIALS, BINS, counts);
        spk_jpsth_options o;
        joint_arrays f;
        spk_jpsth_options_init(&o, sizeof o);
        o.predictor = (int32_t)(seed / 2 % 2);
        o.reach_bins = (int64_t)(seed % 3);
        CU_ASSERT_EQUAL_FATAL(
            spk_jpsth_estimate(NULL, &trials, 0, 0, 1, &o, arrays_of(&f)), SPK_OK);
        int64_t sum = 0, diagonal_sum = 0, near = 0, histogram_sum = 0;
        for (int a = 0; a < BINS; a++)
            for (int b = 0; b < BINS; b++) {
                double raw = 0, mx = 0, my = 0, xx = 0, yy = 0, shifted = 0;
                for (int t = 0; t < TRIALS; t++) {
                    const int32_t *x = counts + t * 2 * BINS, *y = x + BINS;
                    raw += x[a] * y[b];
                    mx += (double)x[a] / TRIALS;
                    my += (double)y[b] / TRIALS;
                    if (t > 0)
                        shifted += x[a] * (y - 2 * BINS)[b] + (x - 2 * BINS)[a] * y[b];
                }
                for (int t = 0; t < TRIALS; t++) {
                    xx += pow(counts[t * 2 * BINS + a] - mx, 2) / TRIALS;
                    yy += pow(counts[t * 2 * BINS + BINS + b] - my, 2) / TRIALS;
                }
                const double predicted = o.predictor == SPK_JPSTH_PRODUCT
                                             ? mx * my
                                             : shifted / (2 * (TRIALS - 1));
                const int at = a * BINS + b;
                CU_ASSERT_EQUAL(f.coincidences[at], (int64_t)raw);
                CU_ASSERT_DOUBLE_EQUAL(f.predicted[at], TRIALS * predicted, 1e-12);
                if (xx * yy < 1e-9)
                    CU_ASSERT(isnan(f.coefficients[at]));
                if (xx * yy > 1e-9)
                    CU_ASSERT_DOUBLE_EQUAL(f.coefficients[at],
                                           (raw / TRIALS - predicted) / sqrt(xx * yy),
                                           1e-12);
                sum += f.coincidences[at];
                near += abs(a - b) <= o.reach_bins ? f.coincidences[at] : 0;
            }
        for (int lag = 1 - BINS; lag < BINS; lag++) {
            double raw = 0, mean = 0, column[TRIALS] = {0}, row[TRIALS] = {0},
                   squares = 0;
            for (int t = 0; t < TRIALS; t++)
                for (int s = 0; s < TRIALS; s++) {
                    const double p = product_sum(counts + t * 2 * BINS,
                                                 counts + (s * 2 + 1) * BINS, lag);
                    raw += t == s ? p : 0;
                    row[t] += p / TRIALS;
                    column[s] += p / TRIALS;
                    mean += p / TRIALS / TRIALS;
                }
            for (int t = 0; t < TRIALS; t++)
                for (int s = 0; s < TRIALS; s++)
                    squares += pow(product_sum(counts + t * 2 * BINS,
                                               counts + (s * 2 + 1) * BINS, lag) -
                                       row[t] - column[s] + mean,
                                   2);
            const int at = lag + BINS - 1;
            CU_ASSERT_EQUAL(f.correlogram[at], (int64_t)raw);
            if (o.predictor == SPK_JPSTH_PRODUCT)
                CU_ASSERT_DOUBLE_EQUAL(f.correlogram_sd[at], sqrt(squares / (TRIALS - 1)),
                                       1e-7);
            if (o.predictor == SPK_JPSTH_PRODUCT)
                CU_ASSERT_DOUBLE_EQUAL(f.correlogram_predicted[at], TRIALS * mean, 1e-11);
            diagonal_sum += f.correlogram[at];
        }
        for (int a = 0; a < BINS; a++)
            histogram_sum += f.histogram[a];
        CU_ASSERT(sum == diagonal_sum && near == histogram_sum);
        /* the other way round is the transpose, with lags mirrored */
        joint_arrays g;
        CU_ASSERT_EQUAL_FATAL(
            spk_jpsth_estimate(NULL, &trials, 0, 1, 0, &o, arrays_of(&g)), SPK_OK);
        for (int a = 0; a < BINS; a++)
            for (int b = 0; b < BINS; b++)
                CU_ASSERT(f.coincidences[a * BINS + b] == g.coincidences[b * BINS + a] &&
                          f.predicted[a * BINS + b] == g.predicted[b * BINS + a]);
        for (int k = 0; k < LAGS; k++)
            CU_ASSERT_EQUAL(f.correlogram[k], g.correlogram[LAGS - 1 - k]);
    }
}

/* What a permutation of four is, from 0 .. 255; 0 if it is none. */
static int order_of(int code, int order[4])
{
    int seen = 0;
    for (int k = 0; k < 4; k++, code /= 4) {
        order[k] = code % 4;
        seen |= 1 << order[k];
    }
    return seen == 15;
}

/* The deviation over all 24 orders of four trials of each unit, one by one. */
static void deviation_over_all_orders(int32_t predictor)
{
    enum {
        N = 4
    };
    int32_t counts[N * 2 * BINS];
    spk_random random = {.seed = 9};
    fill(&random, counts, N * 2 * BINS, 1.2);
    const spk_trials trials = trials_of(N, BINS, counts);
    spk_jpsth_options o;
    joint_arrays f;
    spk_jpsth_options_init(&o, sizeof o);
    o.reach_bins = 1;
    o.predictor = predictor;
    CU_ASSERT_EQUAL_FATAL(spk_jpsth_estimate(NULL, &trials, 0, 0, 1, &o, arrays_of(&f)),
                          SPK_OK);
    double sum = 0, squares = 0, h = 0, h_squares = 0;
    int n = 0, order[N], other[N];
    for (int code = 0; code < 256 * 256; code++) {
        if (!order_of(code % 256, order) || !order_of(code / 256, other))
            continue;
        double diagonal = 0, near = 0;
        for (int t = 0; t < N; t++)
            for (int s = 0; s < N; s++) {
                const int32_t *x = counts + other[t] * 2 * BINS,
                              *y = counts + (order[s] * 2 + 1) * BINS;
                const double weight = weight_of(predictor, N, t, s);
                diagonal += weight * product_sum(x, y, 2);
                near += weight * x[3] * (y[2] + y[3] + y[4]);
            }
        sum += diagonal;
        squares += diagonal * diagonal;
        h += near;
        h_squares += near * near;
        n++;
    }
    CU_ASSERT_EQUAL(n, 576);
    CU_ASSERT_DOUBLE_EQUAL(sum / n, 0, 1e-12);
    CU_ASSERT_DOUBLE_EQUAL(h / n, 0, 1e-12);
    CU_ASSERT_DOUBLE_EQUAL(f.correlogram_sd[2 + BINS - 1], sqrt(squares / n), 1e-12);
    CU_ASSERT_DOUBLE_EQUAL(f.histogram_sd[3], sqrt(h_squares / n), 1e-12);
}

static void deviation_of_product(void)
{
    deviation_over_all_orders(SPK_JPSTH_PRODUCT);
}

static void deviation_of_shift(void)
{
    deviation_over_all_orders(SPK_JPSTH_SHIFT);
}

/* Independent units with a common response: 5 % of coefficients and lags are outside their
 * bands. With a common spike in bin 3 the diagonal shows it. */
static void bands_hold(int32_t predictor)
{
    enum {
        N = 100,
        REPEATS = 60
    };
    static int32_t counts[N * 2 * BINS];
    int outside = 0, lags_outside = 0, bins_outside = 0, found = 0;
    spk_jpsth_options o;
    spk_jpsth_options_init(&o, sizeof o);
    o.predictor = predictor;
    o.reach_bins = 1;
    for (uint64_t seed = 0; seed < 2 * REPEATS; seed++) {
        spk_random random = {.seed = seed};
        for (int t = 0; t < N; t++) {
            const int64_t common = seed < REPEATS ? 0 : spk_random_poisson(&random, 0.5);
            for (int u = 0; u < 2; u++)
                for (int b = 0; b < BINS; b++)
                    counts[(t * 2 + u) * BINS + b] =
                        (int32_t)(spk_random_poisson(&random, 0.5 + (b == 2 ? 3 : 0)) +
                                  (b == 3 ? common : 0));
        }
        const spk_trials trials = trials_of(N, BINS, counts);
        joint_arrays f;
        CU_ASSERT_EQUAL_FATAL(
            spk_jpsth_estimate(NULL, &trials, 0, 0, 1, &o, arrays_of(&f)), SPK_OK);
        for (int k = 0; seed < REPEATS && k < SQUARE; k++)
            outside += fabs(f.coefficients[k]) > f.out.band;
        for (int k = 0; seed < REPEATS && k < LAGS; k++)
            lags_outside += fabs((double)f.correlogram[k] - f.correlogram_predicted[k]) >
                            1.959963984540054 * f.correlogram_sd[k];
        for (int k = 0; seed < REPEATS && k < BINS; k++)
            bins_outside += fabs((double)f.histogram[k] - f.histogram_predicted[k]) >
                            1.959963984540054 * f.histogram_sd[k];
        found += seed >= REPEATS && f.coefficients[3 * BINS + 3] > f.out.band;
    }
    /* 2160 coefficients: standard error 0.0047; 660 lags: 0.0085 */
    CU_ASSERT(fabs(outside / 2160.0 - 0.05) < 4 * 0.0047);
    CU_ASSERT(fabs(lags_outside / 660.0 - 0.05) < 4 * 0.0085);
    CU_ASSERT(fabs(bins_outside / 360.0 - 0.05) < 4 * 0.0115);
    CU_ASSERT(found >= REPEATS - 2);
}

static void truth_product(void)
{
    bands_hold(SPK_JPSTH_PRODUCT);
}

static void truth_shift(void)
{
    bands_hold(SPK_JPSTH_SHIFT);
}

static void errors(void)
{
    static const char *const messages[] = {
        "jpsth is NULL",
        "trials is NULL",
        "options: not filled by spk_jpsth_options_init()",
        "condition must be in 0 .. 0, got 1",
        "unit_i must be in 0 .. 1, got -1",
        "unit_j must be in 0 .. 1, got 2",
        "predictor must be 0 or 1, got 7",
        "reach_bins must be in 0 .. 5, got 6",
        "confidence must be between 0 and 1, got -1",
    };
    const int32_t counts[TRIALS * 2 * BINS] = {0};
    const spk_trials trials = trials_of(TRIALS, BINS, counts);
    spk_context *ctx = NULL;
    CU_ASSERT_EQUAL_FATAL(spk_context_create(&ctx), SPK_OK);
    for (int k = 0; k < 9; k++) {
        joint_arrays f;
        spk_jpsth_options o;
        spk_jpsth_options_init(&o, sizeof o);
        o.struct_size = k == 2 ? 8 : o.struct_size;
        o.predictor = k == 6 ? 7 : 0;
        o.reach_bins = k == 7 ? 6 : 0;
        o.confidence = k == 8 ? -1 : 0.5;
        CU_ASSERT_EQUAL(spk_jpsth_estimate(ctx, k == 1 ? NULL : &trials, k == 3,
                                           k == 4 ? -1 : 0, k == 5 ? 2 : 1, &o,
                                           k == 0 ? NULL : arrays_of(&f)),
                        SPK_ERR_ARGUMENT);
        CU_ASSERT_STRING_EQUAL(spk_context_message(ctx), messages[k]);
    }
    spk_context_destroy(ctx);
    /* products of whole numbers stay within int64, or are refused */
    int32_t large[3 * 2 * BINS] = {0};
    for (int t = 1; t < 3; t++)
        large[t * 2 * BINS] = large[t * 2 * BINS + BINS] = 2000000000;
    const spk_trials three = trials_of(3, BINS, large);
    joint_arrays g;
    CU_ASSERT_EQUAL_FATAL(spk_context_create(&ctx), SPK_OK);
    CU_ASSERT_EQUAL(spk_jpsth_estimate(ctx, &three, 0, 0, 1, NULL, arrays_of(&g)),
                    SPK_ERR_OVERFLOW);
    CU_ASSERT_STRING_EQUAL(spk_context_message(ctx),
                           "counts of up to 2000000000 in 3 trials: their products are "
                           "beyond int64");
    spk_context_destroy(ctx);
    for (int t = 1; t < 3; t++)
        large[t * 2 * BINS] = large[t * 2 * BINS + BINS] = 700000000;
    CU_ASSERT_EQUAL(spk_jpsth_estimate(NULL, &three, 0, 0, 1, NULL, arrays_of(&g)),
                    SPK_OK);
    CU_ASSERT_DOUBLE_EQUAL(g.coefficients[0], 1, 1e-15);
    /* nothing varies, and one trial only */
    joint_arrays f;
    CU_ASSERT_EQUAL(spk_jpsth_estimate(NULL, &trials, 0, 0, 1, NULL, arrays_of(&f)),
                    SPK_OK);
    CU_ASSERT(isnan(f.coefficients[0]) && f.correlogram_sd[0] == 0 &&
              f.predicted[0] == 0);
    const spk_trials one = trials_of(1, BINS, counts);
    CU_ASSERT_EQUAL(spk_jpsth_estimate(NULL, &one, 0, 0, 1, NULL, arrays_of(&f)), SPK_OK);
    CU_ASSERT(isnan(f.predicted[0]) && isnan(f.histogram_sd[0]) && isnan(f.out.band));
}

static spk_status one_call(spk_context *ctx, void *argument)
{
    joint_arrays f;
    spk_jpsth_options o;
    spk_jpsth_options_init(&o, sizeof o);
    o.predictor = SPK_JPSTH_SHIFT;
    return spk_jpsth_estimate(ctx, argument, 0, 0, 1, &o, arrays_of(&f));
}

static void failed_allocations(void)
{
    const int32_t counts[2 * 2 * BINS] = {0};
    spk_trials trials = trials_of(2, BINS, counts);
    CU_ASSERT_EQUAL(suite_fail_allocations(one_call, &trials), 9);
}

static const suite_test tests[] = {
    {"by hand", by_hand},
    {"equals the definition", equals_the_definition},
    {"deviation over all orders, product", deviation_of_product},
    {"deviation over all orders, shift", deviation_of_shift},
    {"truth, product", truth_product},
    {"truth, shift", truth_shift},
    {"errors", errors},
    {"failed allocations", failed_allocations},
};

SUITE_MAIN("jpsth", tests)
