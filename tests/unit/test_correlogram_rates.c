/* SPDX-License-Identifier: BSD-3-Clause */
/* Windows from seconds, lags, exposure, normalisation, merging, near pairs. */
#include "correlogram_oracle.h"
#include "suite.h"

#include <spikekit/correlogram.h>
#include <spikekit/random.h>

enum {
    CONVENTIONS = 5
};

static spk_correlogram_options make_options(int32_t convention, int64_t half, int64_t bin,
                                            double rate_hz)
{
    spk_correlogram_options o;
    spk_correlogram_options_init(&o, sizeof o);
    o.convention = convention;
    o.n_bins = 2 * half + (convention != SPK_CORRELOGRAM_SPIKEINTERFACE);
    o.bin_samples = bin;
    o.bin_s = (double)bin / rate_hz;
    return o;
}

static void test_set_window(void)
{
    static const struct {
        int32_t convention;
        double rate, window, bin;
        int64_t n_bins, bin_samples;
    } cases[] = {
        {SPK_CORRELOGRAM_SPIKEKIT, 30000, 0.1, 0.0005, 201, 15},
        {SPK_CORRELOGRAM_SPIKEKIT, 30000, 0.1, 0.001, 101, 30},
        {SPK_CORRELOGRAM_SPIKEKIT, 30000, 0.001, 0.002, 1, 60},
        {SPK_CORRELOGRAM_SPIKEINTERFACE, 30000, 0.05, 0.001, 50, 30},
        {SPK_CORRELOGRAM_SPIKEINTERFACE, 30000, 0.05, 0.00035, 150,
         10},                                                        /* 10.5 to even */
        {SPK_CORRELOGRAM_PHY, 20000, 0.05, 0.0003, 167, 5},          /* not 6 */
        {SPK_CORRELOGRAM_PHY, 25000, 0.05, 0.0006, 83, 14},          /* not 15 */
        {SPK_CORRELOGRAM_CELLEXPLORER, 30000, 0.021, 0.001, 23, 30}, /* 10.5 away */
        {SPK_CORRELOGRAM_PYNAPPLE, 30000, 0.2, 0.01, 21, 1},
        {SPK_CORRELOGRAM_PYNAPPLE, 30000, 2.0, 0.01, 199, 1}, /* 2.0 // 0.01 is 199 */
        {SPK_CORRELOGRAM_PYNAPPLE, 30000, 1.0, 0.005, 199, 1},
    };
    for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++) {
        spk_correlogram_options o;
        spk_correlogram_options_init(&o, sizeof o);
        CU_ASSERT_EQUAL(spk_correlogram_options_set_window(NULL, &o, cases[c].convention,
                                                           cases[c].rate, cases[c].window,
                                                           cases[c].bin),
                        SPK_OK);
        CU_ASSERT_EQUAL(o.n_bins, cases[c].n_bins);
        CU_ASSERT_EQUAL(o.bin_samples, cases[c].bin_samples);
        CU_ASSERT_EQUAL(o.convention, cases[c].convention);
    }
}

static void test_set_window_errors(void)
{
    static const struct {
        int32_t convention;
        double rate, window, bin;
        spk_status expected;
        const char *words;
    } cases[] = {
        {9, 30000, 0.1, 0.001, SPK_ERR_ARGUMENT, "convention"},
        {0, 0, 0.1, 0.001, SPK_ERR_ARGUMENT, "sampling_rate_hz"},
        {0, INFINITY, 0.1, 0.001, SPK_ERR_ARGUMENT, "sampling_rate_hz"},
        {0, 30000, -0.1, 0.001, SPK_ERR_ARGUMENT, "window_s"},
        {0, 30000, NAN, 0.001, SPK_ERR_ARGUMENT, "window_s"},
        {0, 30000, 0.1, 0, SPK_ERR_ARGUMENT, "bin_s must be positive"},
        {0, 30000, 0.1, 1e-6, SPK_ERR_ARGUMENT, "at least one sample"},
        {1, 30000, 0.001, 0.002, SPK_ERR_ARGUMENT, "wider than half"},
        {0, 30000, 1e9, 1, SPK_ERR_OVERFLOW, "too many"},
        {3, 30000, 1e9, 1e-9, SPK_ERR_OVERFLOW, "too many"},
    };
    spk_context *ctx = NULL;
    CU_ASSERT_EQUAL_FATAL(spk_context_create(&ctx), SPK_OK);
    for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++) {
        spk_correlogram_options o;
        spk_correlogram_options_init(&o, sizeof o);
        CU_ASSERT_EQUAL(spk_correlogram_options_set_window(ctx, &o, cases[c].convention,
                                                           cases[c].rate, cases[c].window,
                                                           cases[c].bin),
                        cases[c].expected);
        CU_ASSERT(strstr(spk_context_message(ctx), cases[c].words) != NULL);
        CU_ASSERT_EQUAL(o.n_bins, 201); /* untouched */
    }
    CU_ASSERT_EQUAL(spk_correlogram_options_set_window(ctx, NULL, 0, 1, 1, 1),
                    SPK_ERR_ARGUMENT);
    spk_context_destroy(ctx);
}

static void test_names(void)
{
    int32_t convention;
    for (int32_t c = 0; c < CONVENTIONS; c++) {
        CU_ASSERT_EQUAL(spk_correlogram_convention_from_name(
                            NULL, spk_correlogram_convention_name(c), &convention),
                        SPK_OK);
        CU_ASSERT_EQUAL(convention, c);
    }
    CU_ASSERT_PTR_NULL(spk_correlogram_convention_name(CONVENTIONS));
    CU_ASSERT_PTR_NULL(spk_correlogram_convention_name(-1));
    CU_ASSERT_EQUAL(spk_correlogram_convention_from_name(NULL, "SPIKEKIT", &convention),
                    SPK_ERR_NOT_FOUND);
    CU_ASSERT_EQUAL(spk_correlogram_convention_from_name(NULL, NULL, &convention),
                    SPK_ERR_ARGUMENT);
}

static void test_lags(void)
{
    double lags[5];
    spk_correlogram_options o = make_options(SPK_CORRELOGRAM_SPIKEKIT, 2, 30, 30000);
    CU_ASSERT_EQUAL(spk_correlogram_lags(NULL, &o, 30000, lags), SPK_OK);
    for (int k = 0; k < 5; k++)
        CU_ASSERT_EQUAL(lags[k], (k - 2) * 0.001);
    o = make_options(SPK_CORRELOGRAM_SPIKEINTERFACE, 2, 30, 30000);
    CU_ASSERT_EQUAL(spk_correlogram_lags(NULL, &o, 30000, lags), SPK_OK);
    for (int k = 0; k < 4; k++)
        CU_ASSERT_EQUAL(lags[k], (k - 1.5) * 0.001);
    o = make_options(SPK_CORRELOGRAM_PHY, 2, 30, 30000);
    CU_ASSERT_EQUAL(spk_correlogram_lags(NULL, &o, 30000, lags), SPK_OK);
    CU_ASSERT(lags[0] == -0.0025 && lags[2] == 0 && lags[3] == 0.0015);
    CU_ASSERT_EQUAL(spk_correlogram_lags(NULL, &o, 30000, NULL), SPK_ERR_ARGUMENT);
    CU_ASSERT_EQUAL(spk_correlogram_lags(NULL, &o, 0, lags), SPK_ERR_ARGUMENT);
}

/* Lag d of a pair falls into bin k: the oracle of the counts, asked about one pair. */
static int lag_in_bin(const spk_correlogram_options *o, int64_t k, int64_t d)
{
    int64_t half = o->n_bins / 2;
    if (o->convention == SPK_CORRELOGRAM_PHY) {
        if (k >= half)
            return (k - half) * o->bin_samples <= d &&
                   d < (k - half + 1) * o->bin_samples;
        return (half - k) * o->bin_samples <= -d && -d < (half - k + 1) * o->bin_samples;
    }
    return oracle_in_bin(o, k, d);
}

static void test_exposure(void)
{
    int64_t starts[] = {-50, 40, 100, 220};
    int64_t stops[] = {10, 100, 130, 5000}; /* the recording ends at 600 */
    spk_epochs epochs = {4, starts, stops};
    spk_spikes s = {0, 1, NULL, NULL, 1000.0, -20, 600};
    static const int64_t lengths[] = {30, 60, 30, 380};
    for (int32_t c = 0; c < CONVENTIONS; c++)
        for (int64_t bin = 1; bin < 12; bin += 3)
            for (int with_epochs = 0; with_epochs < 2; with_epochs++) {
                if (c == SPK_CORRELOGRAM_PYNAPPLE)
                    continue;
                spk_correlogram_options o = make_options(c, 8, bin, 1000);
                double found[17];
                o.epochs = with_epochs ? &epochs : NULL;
                CU_ASSERT_EQUAL(spk_correlogram_exposure(NULL, &s, &o, found), SPK_OK);
                for (int64_t k = 0; k < o.n_bins; k++) {
                    int64_t pairs = 0;
                    int64_t lags = 0;
                    for (int64_t d = -200; d <= 200; d++) {
                        if (!lag_in_bin(&o, k, d))
                            continue;
                        lags++;
                        int64_t longer = d < 0 ? -d : d;
                        for (int e = 0; e < 4; e++)
                            if (with_epochs && lengths[e] > longer)
                                pairs += lengths[e] - longer;
                        if (!with_epochs && 620 > longer)
                            pairs += 620 - longer;
                    }
                    CU_ASSERT_EQUAL(lags, bin);
                    /* sums below 2^53: only the two divisions round */
                    CU_ASSERT_DOUBLE_EQUAL(found[k], (double)pairs / (double)bin / 1000.0,
                                           4 * 0x1p-52 * 0.62);
                }
            }
}

static void test_exposure_in_seconds(void)
{
    spk_spikes s = {0, 1, NULL, NULL, 1000.0, 0, 100}; /* 0.1 s */
    spk_correlogram_options o = make_options(SPK_CORRELOGRAM_PYNAPPLE, 3, 40, 1000);
    double found[7];
    CU_ASSERT_EQUAL(spk_correlogram_exposure(NULL, &s, &o, found), SPK_OK);
    /* bins of 40 ms centred on 0, 40, 80, 120 ms; mean of max(0, 100 - |u|) ms */
    static const double expected[] = {0.09, 0.06, 0.02, 0.0};
    for (int k = 0; k < 4; k++) {
        double mean = k == 2 ? 0.5 * 0.04 * 0.04 / 0.04 : expected[k];
        CU_ASSERT_DOUBLE_EQUAL(found[3 + k], mean, 1e-15);
        CU_ASSERT_DOUBLE_EQUAL(found[3 - k], mean, 1e-15);
    }
}

/* Independent stationary trains in epochs with gaps: every rate is what it should be. */
static void test_rates_of_independent_trains(void)
{
    enum {
        EPOCHS = 400,
        LENGTH = 3000,
        GAP = 700,
        MOST = 200000
    };
    static int64_t samples[MOST], starts[EPOCHS], stops[EPOCHS];
    static int32_t units[MOST];
    static const double rates_hz[] = {40, 90};
    spk_random r = {.seed = 77};
    int64_t n = 0;
    int64_t n_of[2] = {0, 0};
    for (int e = 0; e < EPOCHS; e++) {
        starts[e] = (int64_t)e * (LENGTH + GAP);
        stops[e] = starts[e] + LENGTH;
        for (int64_t t = starts[e]; t < stops[e]; t++)
            for (int32_t u = 0; u < 2; u++)
                if (spk_random_uniform(&r) < rates_hz[u] / 1000.0) {
                    samples[n] = t;
                    units[n++] = u;
                    n_of[u]++;
                }
    }
    spk_spikes s = {n, 2, samples, units, 1000.0, 0, stops[EPOCHS - 1]};
    spk_epochs epochs = {EPOCHS, starts, stops};
    double duration = EPOCHS * LENGTH / 1000.0;
    for (int32_t c = 0; c < CONVENTIONS; c++) {
        spk_correlogram_options o = make_options(c, 20, 100, 1000); /* up to 2/3 epoch */
        double exposure[41], rate[41], conditional[41], pearson[41];
        int64_t counts[4 * 41];
        o.epochs = &epochs;
        CU_ASSERT_EQUAL_FATAL(spk_correlogram_count(NULL, &s, &o, counts), SPK_OK);
        CU_ASSERT_EQUAL_FATAL(spk_correlogram_exposure(NULL, &s, &o, exposure), SPK_OK);
        int64_t pair = c == SPK_CORRELOGRAM_SPIKEINTERFACE ? 2 : 1; /* ref 0, target 1 */
        const int64_t *of_pair = counts + pair * o.n_bins;
        CU_ASSERT_EQUAL(spk_correlogram_normalize(NULL, &s, &o, SPK_CORRELOGRAM_RATE,
                                                  n_of[0], n_of[1], exposure, of_pair,
                                                  rate),
                        SPK_OK);
        CU_ASSERT_EQUAL(
            spk_correlogram_normalize(NULL, &s, &o, SPK_CORRELOGRAM_CONDITIONAL_RATE,
                                      n_of[0], n_of[1], exposure, of_pair, conditional),
            SPK_OK);
        CU_ASSERT_EQUAL(spk_correlogram_normalize(NULL, &s, &o, SPK_CORRELOGRAM_PEARSON,
                                                  n_of[0], n_of[1], exposure, of_pair,
                                                  pearson),
                        SPK_OK);
        for (int64_t k = 0; k < o.n_bins; k++) {
            /* phylib's centre is the larger of two counts, not the count of a bin */
            if (c == SPK_CORRELOGRAM_PHY && k == o.n_bins / 2)
                continue;
            double lambda_i = (double)n_of[0] / duration;
            double lambda_j = (double)n_of[1] / duration;
            double expected = lambda_i * lambda_j * 0.1 * exposure[k];
            /* Poisson, and what neighbouring bins share through each reference spike:
             * variance of a sum over references of counts with mean lambda b */
            double variance = expected * (1 + (lambda_i + lambda_j) * 0.1);
            double tolerance = 4.5 * sqrt(variance); /* 6.8e-6 each, some 200 bins */
            CU_ASSERT_DOUBLE_EQUAL((double)of_pair[k], expected, tolerance);
            CU_ASSERT_DOUBLE_EQUAL(rate[k], lambda_i * lambda_j,
                                   tolerance / (0.1 * exposure[k]));
            CU_ASSERT_DOUBLE_EQUAL(conditional[k], lambda_j,
                                   tolerance * duration / exposure[k] /
                                       ((double)n_of[0] * 0.1));
            CU_ASSERT(isnan(pearson[k])); /* more spikes than bins of 0.1 s */
        }
    }
}

static void test_normalize_by_hand(void)
{
    spk_spikes s = {0, 2, NULL, NULL, 1000.0, 0, 10000}; /* 10 s */
    spk_correlogram_options o = make_options(SPK_CORRELOGRAM_SPIKEKIT, 1, 10, 1000);
    int64_t counts[3] = {3, 8, 0};
    double exposure[3] = {9.99, 0, 9.99};
    double v[3];
    CU_ASSERT_EQUAL(spk_correlogram_normalize(NULL, &s, &o, SPK_CORRELOGRAM_COUNT, 20, 50,
                                              exposure, counts, v),
                    SPK_OK);
    CU_ASSERT(v[0] == 3 && v[1] == 8 && v[2] == 0);
    CU_ASSERT_EQUAL(spk_correlogram_normalize(NULL, &s, &o, SPK_CORRELOGRAM_RATE, 20, 50,
                                              exposure, counts, v),
                    SPK_OK);
    CU_ASSERT_DOUBLE_EQUAL(v[0], 3 / (0.01 * 9.99), 1e-12);
    CU_ASSERT(isnan(v[1]) && v[2] == 0);
    CU_ASSERT_EQUAL(spk_correlogram_normalize(NULL, &s, &o,
                                              SPK_CORRELOGRAM_CONDITIONAL_RATE, 20, 50,
                                              exposure, counts, v),
                    SPK_OK);
    CU_ASSERT_DOUBLE_EQUAL(v[0], 3.0 * 10 / 9.99 / (20 * 0.01), 1e-12);
    CU_ASSERT_EQUAL(spk_correlogram_normalize(NULL, &s, &o, SPK_CORRELOGRAM_PEARSON, 20,
                                              50, exposure, counts, v),
                    SPK_OK);
    double spread = sqrt(20 * (1 - 0.02) * 50 * (1 - 0.05));
    CU_ASSERT_DOUBLE_EQUAL(v[0], (3.0 * 10 / 9.99 - 1.0) / spread, 1e-12);
    CU_ASSERT_DOUBLE_EQUAL(v[2], -1.0 / spread, 1e-12);
    CU_ASSERT_EQUAL(spk_correlogram_normalize(NULL, &s, &o, SPK_CORRELOGRAM_PEARSON, 0,
                                              50, exposure, counts, v),
                    SPK_OK);
    CU_ASSERT(isnan(v[0]));
    CU_ASSERT_EQUAL(spk_correlogram_normalize(NULL, &s, &o,
                                              SPK_CORRELOGRAM_CONDITIONAL_RATE, 0, 50,
                                              exposure, counts, v),
                    SPK_OK);
    CU_ASSERT(isnan(v[0]));
    CU_ASSERT_EQUAL(
        spk_correlogram_normalize(NULL, &s, &o, 4, 20, 50, exposure, counts, v),
        SPK_ERR_ARGUMENT);
    CU_ASSERT_EQUAL(
        spk_correlogram_normalize(NULL, &s, &o, 1, -1, 50, exposure, counts, v),
        SPK_ERR_ARGUMENT);
    CU_ASSERT_EQUAL(
        spk_correlogram_normalize(NULL, &s, &o, 1, 1, 50, exposure, counts, NULL),
        SPK_ERR_ARGUMENT);
    CU_ASSERT_EQUAL(spk_correlogram_exposure(NULL, &s, &o, NULL), SPK_ERR_ARGUMENT);
    CU_ASSERT_EQUAL(spk_correlogram_exposure(NULL, NULL, &o, exposure), SPK_ERR_ARGUMENT);
}

/* A perfectly copied 0/1 train has a coefficient of 1 at lag 0. */
static void test_pearson_of_a_copy(void)
{
    enum {
        N = 300
    };
    static int64_t samples[2 * N];
    static int32_t units[2 * N];
    spk_random r = {.seed = 5};
    int64_t t = 0;
    for (int s = 0; s < N; s++) {
        t += 1 + (int64_t)(spk_random_uniform(&r) * 60);
        samples[2 * s] = samples[2 * s + 1] = t;
        units[2 * s] = 0;
        units[2 * s + 1] = 1;
    }
    spk_spikes s = {2 * N, 2, samples, units, 1000.0, 0, t + 1};
    spk_correlogram_options o = make_options(SPK_CORRELOGRAM_SPIKEKIT, 0, 1, 1000);
    int64_t counts[4];
    double exposure, value;
    CU_ASSERT_EQUAL(spk_correlogram_count(NULL, &s, &o, counts), SPK_OK);
    CU_ASSERT_EQUAL(spk_correlogram_exposure(NULL, &s, &o, &exposure), SPK_OK);
    CU_ASSERT_EQUAL(spk_correlogram_normalize(NULL, &s, &o, SPK_CORRELOGRAM_PEARSON, N, N,
                                              &exposure, counts + 1, &value),
                    SPK_OK);
    CU_ASSERT_DOUBLE_EQUAL(value, 1.0, 1e-12);
}

static void test_merge(void)
{
    enum {
        N = 300,
        UNITS = 5
    };
    static int64_t samples[N];
    static int32_t units[N], merged_units[N];
    spk_random r = {.seed = 31};
    int64_t t = 0;
    for (int s = 0; s < N; s++) {
        t += 5 * (int64_t)(spk_random_uniform(&r) * 4);
        samples[s] = t;
        units[s] = (int32_t)(spk_random_uniform(&r) * UNITS);
    }
    for (int32_t c = 0; c < CONVENTIONS; c++)
        for (int32_t i = 0; i < UNITS; i++)
            for (int32_t j = 0; j < UNITS; j++) {
                spk_spikes s = {N, UNITS, samples, units, 30000.0, 0, t + 1};
                spk_correlogram_options o = make_options(c, 3, 10, 30000);
                size_t length = (size_t)(UNITS * UNITS * o.n_bins);
                int64_t *counts = malloc(length * sizeof *counts);
                CU_ASSERT_EQUAL(spk_correlogram_count(NULL, &s, &o, counts), SPK_OK);
                spk_status status = spk_correlogram_merge(NULL, &o, UNITS, i, j, counts);
                if (c == SPK_CORRELOGRAM_PHY || i == j) {
                    CU_ASSERT_EQUAL(status, c == SPK_CORRELOGRAM_PHY ? SPK_ERR_UNSUPPORTED
                                                                     : SPK_ERR_ARGUMENT);
                } else {
                    CU_ASSERT_EQUAL(status, SPK_OK);
                    for (int k = 0; k < N; k++)
                        merged_units[k] = units[k] == j ? i : units[k];
                    s.units = merged_units;
                    int64_t *expected = malloc(length * sizeof *expected);
                    CU_ASSERT_EQUAL(spk_correlogram_count(NULL, &s, &o, expected),
                                    SPK_OK);
                    CU_ASSERT(memcmp(expected, counts, length * sizeof *counts) == 0);
                    free(expected);
                }
                free(counts);
            }
    spk_correlogram_options o = make_options(0, 3, 10, 30000);
    int64_t none[7] = {0};
    CU_ASSERT_EQUAL(spk_correlogram_merge(NULL, &o, 1, 0, 1, none), SPK_ERR_ARGUMENT);
    CU_ASSERT_EQUAL(spk_correlogram_merge(NULL, &o, 2, 0, 1, NULL), SPK_ERR_ARGUMENT);
}

static void test_near_pairs(void)
{
    const double positions[] = {0, 0, 3, 4, 0, 5, NAN, 0, 0, 0};
    int64_t n = 0;
    int32_t pairs[20][2];
    CU_ASSERT_EQUAL(spk_correlogram_find_near_pairs(NULL, positions, 5, 2, 5, NULL, &n),
                    SPK_OK);
    CU_ASSERT_EQUAL(n, 12); /* 0, 1, 2, 4 among each other */
    CU_ASSERT_EQUAL(
        spk_correlogram_find_near_pairs(NULL, positions, 5, 2, 4.999, pairs, &n), SPK_OK);
    static const int32_t expected[][2] = {{0, 4}, {1, 2}, {2, 1}, {4, 0}};
    CU_ASSERT_EQUAL(n, 4);
    CU_ASSERT(memcmp(pairs, expected, sizeof expected) == 0);
    CU_ASSERT_EQUAL(spk_correlogram_find_near_pairs(NULL, positions, 5, 4, 5, NULL, &n),
                    SPK_ERR_ARGUMENT);
    CU_ASSERT_EQUAL(spk_correlogram_find_near_pairs(NULL, positions, 5, 2, -1, NULL, &n),
                    SPK_ERR_ARGUMENT);
    CU_ASSERT_EQUAL(spk_correlogram_find_near_pairs(NULL, positions, 5, 2, NAN, NULL, &n),
                    SPK_ERR_ARGUMENT);
    CU_ASSERT_EQUAL(spk_correlogram_find_near_pairs(NULL, NULL, 5, 2, 1, NULL, &n),
                    SPK_ERR_ARGUMENT);
    CU_ASSERT_EQUAL(spk_correlogram_find_near_pairs(NULL, positions, 5, 2, 1, NULL, NULL),
                    SPK_ERR_ARGUMENT);
}

static const suite_test TESTS[] = {
    {"window from seconds", test_set_window},
    {"window errors", test_set_window_errors},
    {"names", test_names},
    {"lags", test_lags},
    {"exposure", test_exposure},
    {"exposure in seconds", test_exposure_in_seconds},
    {"rates of independent trains", test_rates_of_independent_trains},
    {"normalisation by hand", test_normalize_by_hand},
    {"pearson of a copy", test_pearson_of_a_copy},
    {"merge", test_merge},
    {"near pairs", test_near_pairs},
};
SUITE_MAIN("correlogram rates", TESTS)
