/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One draw may need several blocks of 128 bits, so the counter has a word for that:
 *
 *     counter = { block within the draw, index low, index high, stream }
 *     key     = { seed low, seed high }
 *
 * Each block gives two uniform numbers, words 0-1 and words 2-3. Draws never share a
 * counter, and the 2^32 blocks of a draw are never used up: a rejection method takes one
 * or two blocks an attempt and accepts more often than not.
 *
 * The bits and the uniform numbers are the same on every machine. The others pass through
 * log, cos, exp and pow, whose last bit may differ between C libraries; sqrt is exact by
 * IEEE 754. The branches of the rejection and inversion methods compare such values with
 * uniform numbers and nothing else, so two machines may choose differently only when both
 * sides agree to about 1e-15.
 */
#include <math.h>
#include <spikekit/random.h>

enum {
    ROUNDS = 10
};

void spk_random_block(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4])
{
    uint32_t c0 = counter[0], c1 = counter[1], c2 = counter[2], c3 = counter[3];
    uint32_t k0 = key[0], k1 = key[1];
    for (int round = 0; round < ROUNDS; round++) {
        uint64_t product0 = (uint64_t)UINT32_C(0xD2511F53) * c0;
        uint64_t product1 = (uint64_t)UINT32_C(0xCD9E8D57) * c2;
        c0 = (uint32_t)(product1 >> 32) ^ c1 ^ k0;
        c1 = (uint32_t)product1;
        c2 = (uint32_t)(product0 >> 32) ^ c3 ^ k1;
        c3 = (uint32_t)product0;
        k0 += UINT32_C(0x9E3779B9);
        k1 += UINT32_C(0xBB67AE85);
    }
    out[0] = c0;
    out[1] = c1;
    out[2] = c2;
    out[3] = c3;
}

typedef struct uniform_pair {
    double u, v;
} uniform_pair;

/* The middle of one of 2^52 equal parts of (0, 1): exact, and never an end. */
static double to_uniform(uint32_t low, uint32_t high)
{
    uint64_t bits = (uint64_t)high << 32 | low;
    return ((double)(bits >> 12) + 0.5) * 0x1p-52;
}

static uniform_pair uniforms(const spk_random *random, uint32_t block)
{
    const uint32_t counter[4] = {block, (uint32_t)random->index,
                                 (uint32_t)(random->index >> 32), random->stream};
    const uint32_t key[2] = {(uint32_t)random->seed, (uint32_t)(random->seed >> 32)};
    uint32_t bits[4];
    spk_random_block(counter, key, bits);
    return (uniform_pair){to_uniform(bits[0], bits[1]), to_uniform(bits[2], bits[3])};
}

static double normal_of(uniform_pair pair)
{
    const double two_pi = 6.283185307179586;
    return sqrt(-2.0 * log(pair.u)) * cos(two_pi * pair.v);
}

double spk_random_uniform(spk_random *random)
{
    double u = uniforms(random, 0).u;
    random->index++;
    return u;
}

double spk_random_normal(spk_random *random)
{
    double z = normal_of(uniforms(random, 0));
    random->index++;
    return z;
}

double spk_random_exponential(spk_random *random)
{
    double x = -log(uniforms(random, 0).u);
    random->index++;
    return x;
}

/* Marsaglia & Tsang, shape >= 1. Attempt k takes a normal from block 2 k and u from 2
 * k + 1. */
static double draw_gamma(const spk_random *random, double shape)
{
    double d = shape - 1.0 / 3.0;
    double c = 1.0 / (3.0 * sqrt(d));
    for (uint32_t block = 0;; block += 2) {
        double x = normal_of(uniforms(random, block));
        double u = uniforms(random, block + 1).u;
        double t = c * x;
        if (t <= -1.0)
            continue;
        double v = (1.0 + t) * (1.0 + t) * (1.0 + t);
        if (u < 1.0 - 0.0331 * (x * x) * (x * x))
            return d * v;
        /* 1 - v + ln v, written so that the terms that cancel for a large shape do so
         * before they are rounded */
        double bend = 3.0 * log1p(t) - t * (3.0 + t * (3.0 + t));
        if (log(u) < 0.5 * x * x + d * bend)
            return d * v;
    }
}

double spk_random_gamma(spk_random *random, double shape)
{
    double x = NAN;
    if (isfinite(shape) && shape >= 1.0) {
        x = draw_gamma(random, shape);
    } else if (shape > 0.0 && shape < 1.0) {
        /* The second number of block 1 has no other use. */
        x = draw_gamma(random, shape + 1.0) * pow(uniforms(random, 1).v, 1.0 / shape);
    }
    random->index++;
    return x;
}

/* The smallest k whose cumulative probability reaches u. */
static double invert_poisson(double u, double mean)
{
    double k = 0.0, probability = exp(-mean), cumulative = probability;
    while (u > cumulative) {
        k += 1.0;
        probability *= mean / k;
        double next = cumulative + probability;
        /* Past the mode the sum stops growing just short of 1, and u may lie above it. */
        if (next == cumulative && k > mean)
            break;
        cumulative = next;
    }
    return k;
}

/* ln of the Poisson probability of k >= 0. lgamma() would lose all digits of a large
 * mean and writes a global; here the large terms are taken together, Stirling's series
 * gives the rest. */
static double log_poisson(double k, double mean)
{
    static const double factorials[10] = {1, 1, 2, 6, 24, 120, 720, 5040, 40320, 362880};
    if (k < 10.0)
        return k * log(mean) - mean - log(factorials[(int)k]);
    double x = (k - mean) / mean;
    double deviance = mean * ((1.0 + x) * log1p(x) - x); /* k ln(k / mean) + mean - k */
    double r = 1.0 / (k * k);
    double series =
        (1.0 / 12 - r * (1.0 / 360 - r * (1.0 / 1260 - r * (1.0 / 1680 - r / 1188)))) / k;
    return -0.5 * log(6.283185307179586 * k) - series - deviance;
}

/* Hormann's PTRS, mean >= 10. Attempt k takes u and v from block k. */
static double draw_large_poisson(const spk_random *random, double mean)
{
    double b = 0.931 + 2.53 * sqrt(mean);
    double a = -0.059 + 0.02483 * b;
    double inverse_alpha = 1.1239 + 1.1328 / (b - 3.4);
    double v_sure = 0.9277 - 3.6224 / (b - 2.0);
    for (uint32_t block = 0;; block++) {
        uniform_pair pair = uniforms(random, block);
        double u = pair.u - 0.5, v = pair.v;
        double edge = 0.5 - fabs(u); /* >= 2^-53 */
        double k = floor((2.0 * a / edge + b) * u + mean + 0.43);
        if (edge >= 0.07 && v <= v_sure)
            return k;
        if (k < 0.0 || (edge < 0.013 && v > edge))
            continue;
        if (log(v * inverse_alpha / (a / (edge * edge) + b)) <= log_poisson(k, mean))
            return k;
    }
}

int64_t spk_random_poisson(spk_random *random, double mean)
{
    double k = -1.0;
    if (mean >= 0.0 && mean < 10.0)
        k = invert_poisson(uniforms(random, 0).u, mean);
    else if (mean >= 10.0 && mean <= 1e15)
        k = draw_large_poisson(random, mean);
    random->index++;
    return (int64_t)k;
}
