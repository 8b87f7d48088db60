/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Seeds are fixed, so nothing here is left to chance. Statistical bounds are those a
 * right generator would break with a probability of 1e-6 for a seed picked blindly.
 */
#include "suite.h"

#include <math.h>
#include <spikekit/random.h>
#include <stdlib.h>

#define MATHLIB_STANDALONE
#include <Rmath.h>

enum {
    N = 8192
};

/* Two-sided 1e-6 points: of the normal, and of Kolmogorov's sqrt(n) D by its leading term
 * 2 exp(-2 x^2), that is x = sqrt(-ln(1e-6 / 2) / 2). */
static const double NORMAL_BOUND = 4.8916;
static const double KOLMOGOROV_BOUND = 2.6934;

/* ---- bits ---- */

/* The vectors published with Random123 for philox4x32, 10 rounds. */
static void known_answers(void)
{
    static const struct {
        uint32_t counter[4], key[2], out[4];
    } answers[] = {
        {{0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
        {{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff},
         {0xffffffff, 0xffffffff},
         {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
        {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
         {0xa4093822, 0x299f31d0},
         {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
    };
    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++) {
        uint32_t out[4];
        spk_random_block(answers[i].counter, answers[i].key, out);
        CU_ASSERT_EQUAL(memcmp(out, answers[i].out, sizeof out), 0);
    }
}

/* The layout the source documents, spelled out again, and the exact map to (0, 1). */
static void uniforms_follow_the_layout(void)
{
    static const spk_random places[] = {
        {0, 0, 0},
        {0x0123456789abcdef, 7, 5},
        {UINT64_MAX, UINT32_MAX, UINT64_MAX},
        {1, 2, (uint64_t)1 << 32},
    };
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        spk_random random = places[i];
        const uint32_t counter[4] = {0, (uint32_t)random.index,
                                     (uint32_t)(random.index >> 32), random.stream};
        const uint32_t key[2] = {(uint32_t)random.seed, (uint32_t)(random.seed >> 32)};
        uint32_t out[4];
        spk_random_block(counter, key, out);
        uint64_t u = ((uint64_t)out[1] << 32 | out[0]) >> 12;
        uint64_t v = ((uint64_t)out[3] << 32 | out[2]) >> 12;
        double expected_u = ldexp((double)(2 * u + 1), -53);
        double expected_v = ldexp((double)(2 * v + 1), -53);
        CU_ASSERT_EQUAL(spk_random_uniform(&random), expected_u);
        CU_ASSERT_EQUAL(random.index, places[i].index + 1);
        random = places[i];
        CU_ASSERT_EQUAL(spk_random_exponential(&random), -log(expected_u));
        random = places[i];
        CU_ASSERT_DOUBLE_EQUAL(spk_random_normal(&random),
                               sqrt(-2 * log(expected_u)) * cos(M_PI * 2 * expected_v),
                               1e-15);
    }
}

/* ---- draws as functions of (seed, stream, index) ---- */

static double draw(int kind, spk_random *random)
{
    switch (kind) {
    case 0:
        return spk_random_uniform(random);
    case 1:
        return spk_random_normal(random);
    case 2:
        return spk_random_exponential(random);
    case 3:
        return spk_random_gamma(random, 2.5);
    case 4:
        return spk_random_gamma(random, 0.3);
    case 5:
        return (double)spk_random_poisson(random, 4.0);
    default:
        return (double)spk_random_poisson(random, 4000.0);
    }
}

enum {
    N_KINDS = 7
};

static void index_moves_by_one_and_order_does_not_matter(void)
{
    enum {
        DRAWS = 500
    };
    for (int kind = 0; kind < N_KINDS; kind++) {
        double forward[DRAWS];
        spk_random random = {.seed = 11, .stream = 3, .index = 100};
        for (int i = 0; i < DRAWS; i++) {
            forward[i] = draw(kind, &random);
            CU_ASSERT_EQUAL(random.index, 101 + (uint64_t)i);
        }
        for (int i = DRAWS - 1; i >= 0; i--) {
            spk_random jump = {.seed = 11, .stream = 3, .index = 100 + (uint64_t)i};
            CU_ASSERT_EQUAL(draw(kind, &jump), forward[i]);
        }
    }
}

static double correlation(const double *a, const double *b, int n)
{
    double ma = 0, mb = 0, aa = 0, bb = 0, ab = 0;
    for (int i = 0; i < n; i++) {
        ma += a[i] / n;
        mb += b[i] / n;
    }
    for (int i = 0; i < n; i++) {
        aa += (a[i] - ma) * (a[i] - ma);
        bb += (b[i] - mb) * (b[i] - mb);
        ab += (a[i] - ma) * (b[i] - mb);
    }
    return ab / sqrt(aa * bb);
}

/* Neighbouring seeds, streams, indices, and jumps in their high words: no correlation
 * beyond what n draws allow. */
static void neighbours_are_independent(void)
{
    static const spk_random shifts[] = {{1, 0, 0},        {0, 1, 0},
                                        {0, 0, 1},        {(uint64_t)1 << 32, 0, 0},
                                        {0, 1u << 31, 0}, {0, 0, (uint64_t)1 << 32},
                                        {0, 0, 2},        {0, 256, 0}};
    for (int kind = 0; kind < 2; kind++)
        for (size_t s = 0; s < sizeof shifts / sizeof shifts[0]; s++) {
            double a[N], b[N];
            for (int i = 0; i < N; i++) {
                spk_random x = {.seed = 9, .stream = 4, .index = (uint64_t)i};
                spk_random y = {.seed = 9 + shifts[s].seed,
                                .stream = 4 + shifts[s].stream,
                                .index = (uint64_t)i + shifts[s].index};
                a[i] = draw(kind, &x);
                b[i] = draw(kind, &y);
            }
            CU_ASSERT(fabs(correlation(a, b, N)) * sqrt(N) < NORMAL_BOUND);
        }
}

/* Seeds stay good over versions: the same seed gives the same spikes. */
static void counts_are_pinned(void)
{
    static const int64_t small[8] = {5, 1, 1, 3, 4, 4, 1, 4};
    static const int64_t large[8] = {1046, 960, 948, 1009, 1016, 1029, 966, 1030};
    spk_random a = {.seed = 1}, b = {.seed = 1};
    for (int i = 0; i < 8; i++) {
        CU_ASSERT_EQUAL(spk_random_poisson(&a, 3.0), small[i]);
        CU_ASSERT_EQUAL(spk_random_poisson(&b, 1000.0), large[i]);
    }
}

/* ---- distributions ---- */

static int compare_doubles(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

/* sqrt(n) times the largest distance of the empirical from the true distribution; x
 * becomes the sorted probabilities. */
static double kolmogorov(double *probabilities, int n)
{
    double d = 0;
    qsort(probabilities, (size_t)n, sizeof *probabilities, compare_doubles);
    for (int i = 0; i < n; i++) {
        d = fmax(d, probabilities[i] - (double)i / n);
        d = fmax(d, (double)(i + 1) / n - probabilities[i]);
    }
    return d * sqrt(n);
}

static void continuous_draws_follow_their_distributions(void)
{
    double p[3][N];
    spk_random random[3] = {{.seed = 21}, {.seed = 22}, {.seed = 23}};
    for (int i = 0; i < N; i++) {
        p[0][i] = spk_random_uniform(&random[0]);
        p[1][i] = pnorm(spk_random_normal(&random[1]), 0, 1, 1, 0);
        p[2][i] = pexp(spk_random_exponential(&random[2]), 1, 1, 0);
        CU_ASSERT(p[0][i] > 0 && p[0][i] < 1);
    }
    for (int kind = 0; kind < 3; kind++)
        CU_ASSERT(kolmogorov(p[kind], N) < KOLMOGOROV_BOUND);
}

static void gamma_draws_follow_their_distribution(void)
{
    static const double shapes[] = {0.05, 0.3, 0.999, 1.0, 1.5, 12.0, 1e3, 1e8};
    for (size_t s = 0; s < sizeof shapes / sizeof shapes[0]; s++) {
        double p[N];
        spk_random random = {.seed = 31, .stream = (uint32_t)s};
        for (int i = 0; i < N; i++)
            p[i] = pgamma(spk_random_gamma(&random, shapes[s]), shapes[s], 1, 1, 0);
        double distance = kolmogorov(p, N);
        if (distance >= KOLMOGOROV_BOUND)
            printf("  shape %g: distance %g\n", shapes[s], distance);
        CU_ASSERT(distance < KOLMOGOROV_BOUND);
    }
}

/* Sample mean and variance; their spread follows from the kurtosis. */
static void check_moments(const double *x, int n, double mean, double variance,
                          double kurtosis)
{
    double m = 0, v = 0;
    for (int i = 0; i < n; i++)
        m += x[i] / n;
    for (int i = 0; i < n; i++)
        v += (x[i] - m) * (x[i] - m) / (n - 1);
    CU_ASSERT(fabs(m - mean) <= NORMAL_BOUND * sqrt(variance / n));
    CU_ASSERT(fabs(v - variance) <= NORMAL_BOUND * variance * sqrt((kurtosis - 1) / n));
}

static void moments(void)
{
    double x[N];
    spk_random random = {.seed = 41};
    for (int i = 0; i < N; i++)
        x[i] = spk_random_uniform(&random);
    check_moments(x, N, 0.5, 1.0 / 12, 1.8);
    for (int i = 0; i < N; i++)
        x[i] = spk_random_normal(&random);
    check_moments(x, N, 0, 1, 3);
    for (int i = 0; i < N; i++)
        x[i] = spk_random_exponential(&random);
    check_moments(x, N, 1, 1, 9);
    for (int i = 0; i < N; i++)
        x[i] = spk_random_gamma(&random, 4.0);
    check_moments(x, N, 4, 4, 3 + 6 / 4.0);
    for (double mean = 0.5; mean < 1e15; mean *= 37) {
        for (int i = 0; i < N; i++)
            x[i] = (double)spk_random_poisson(&random, mean);
        check_moments(x, N, mean, mean, 3 + 1 / mean);
    }
}

/* Chi-square over cells of about equal probability; true if a right generator gives as
 * much with a probability above 1e-6. The last cell has no upper end. */
static int poisson_fits(double mean, int n, uint64_t seed)
{
    enum {
        CELLS = 40
    };
    double edges[CELLS], chi2 = 0, below = 0;
    int n_edges = 0, counts[CELLS] = {0};
    for (int c = 1; c < CELLS; c++) {
        double edge = qpois((double)c / CELLS, mean, 1, 0);
        if (n_edges == 0 || edge > edges[n_edges - 1])
            edges[n_edges++] = edge;
    }
    spk_random random = {.seed = seed};
    for (int i = 0; i < n; i++) {
        double k = (double)spk_random_poisson(&random, mean);
        int cell = 0;
        while (cell < n_edges && k > edges[cell])
            cell++;
        counts[cell]++;
    }
    for (int c = 0; c <= n_edges; c++) {
        double up_to = c == n_edges ? 1.0 : ppois(edges[c], mean, 1, 0);
        double expected = n * (up_to - below);
        chi2 += (counts[c] - expected) * (counts[c] - expected) / expected;
        below = up_to;
    }
    return pchisq(chi2, n_edges, 0, 0) > 1e-6;
}

/* About the change of method at 10, where Stirling's series replaces factorials, and
 * large. The least cell, P(N > 1) of mean 0.1, expects 38 draws. */
static void poisson_draws_follow_their_distribution(void)
{
    static const double means[] = {0.1, 0.7,  3,  9.99, 10,  10.5, 13,
                                   20,  35.5, 50, 400,  1e4, 1e6,  1e9};
    for (size_t m = 0; m < sizeof means / sizeof means[0]; m++) {
        int fits = poisson_fits(means[m], N, 51 + m);
        if (!fits)
            printf("  mean %g does not fit\n", means[m]);
        CU_ASSERT(fits);
    }
}

static void ends_and_bad_arguments(void)
{
    spk_random random = {.seed = 61};
    for (int i = 0; i < 100; i++) {
        CU_ASSERT_EQUAL(spk_random_poisson(&random, 0.0), 0);
        CU_ASSERT_EQUAL(spk_random_poisson(&random, 1e-300), 0);
        double far = (double)spk_random_poisson(&random, 1e15);
        CU_ASSERT(fabs(far - 1e15) < 8 * sqrt(1e15));
        CU_ASSERT(spk_random_gamma(&random, 1e-3) >= 0); /* may underflow */
        CU_ASSERT_EQUAL(spk_random_gamma(&random, 5e-324), 0);
        CU_ASSERT(isfinite(spk_random_gamma(&random, 1e300)));
    }
    static const double bad_means[] = {-1.0, -5e-324, 1.1e15, INFINITY, -INFINITY, NAN};
    for (size_t i = 0; i < sizeof bad_means / sizeof bad_means[0]; i++) {
        uint64_t index = random.index;
        CU_ASSERT_EQUAL(spk_random_poisson(&random, bad_means[i]), -1);
        CU_ASSERT_EQUAL(random.index, index + 1);
    }
    static const double bad_shapes[] = {0.0, -0.0, -1.0, INFINITY, -INFINITY, NAN};
    for (size_t i = 0; i < sizeof bad_shapes / sizeof bad_shapes[0]; i++) {
        uint64_t index = random.index;
        CU_ASSERT(isnan(spk_random_gamma(&random, bad_shapes[i])));
        CU_ASSERT_EQUAL(random.index, index + 1);
    }
}

static const suite_test tests[] = {
    {"known answers", known_answers},
    {"uniforms follow the layout", uniforms_follow_the_layout},
    {"index moves by one, order does not matter",
     index_moves_by_one_and_order_does_not_matter},
    {"neighbours are independent", neighbours_are_independent},
    {"counts are pinned", counts_are_pinned},
    {"continuous draws follow their distributions",
     continuous_draws_follow_their_distributions},
    {"gamma draws follow their distribution", gamma_draws_follow_their_distribution},
    {"moments", moments},
    {"poisson draws follow their distribution", poisson_draws_follow_their_distribution},
    {"ends and bad arguments", ends_and_bad_arguments},
};
SUITE_MAIN("random", tests)
