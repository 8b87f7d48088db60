/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Mid-p tails of the Poisson distribution. The tail on the far side of the mean is
 *     P(N = n) (1/2 + r1 + r1 r2 + ...),
 * r the ratios of successive probabilities, all below 1: nothing cancels, and it is as right
 * as P(N = n) is. The other tail is 1 minus that. Near a mean of millions the ratios fall
 * slowly; there, where no tail is small, Rmath's two terms are added instead.
 */
#include "distributions/poisson_mid.h"

#include <math.h>
#include <spikekit/distributions.h>

#define MATHLIB_STANDALONE
#include <Rmath.h>

static const int64_t LARGEST_COUNT = (int64_t)1 << 53;
static const double LOG_HALF = -0.69314718055994531;

/* ln n! - ln(sqrt(2 pi n) (n / e)^n) */
static double stirling_error(int64_t count)
{
    static const double exact[16] = {
        0.0,
        0.081061466795327258,
        0.041340695955409294,
        0.027677925684998339,
        0.020790672103765093,
        0.016644691189821192,
        0.013876128823070748,
        0.01189670994589177,
        0.010411265261972096,
        0.0092554621827127329,
        0.0083305634333628713,
        0.0075736754879518408,
        0.0069428401072095299,
        0.0064089941880042071,
        0.0059513701127588477,
        0.0055547335519628014,
    };
    if (count < 16)
        return exact[count];
    const double n = (double)count, s = 1.0 / (n * n);
    return (1.0 / 12 -
            s * (1.0 / 360 - s * (1.0 / 1260 - s * (1.0 / 1680 - s * (1.0 / 1188))))) /
           n;
}

/* n ln(n / mean) + mean - n, without loss where the two are near. */
static double deviance(double n, double mean)
{
    const double d = (mean - n) / n;
    if (fabs(d) > 0.2)
        return n * log(n / mean) + (mean - n);
    /* log1p(d) = 2 atanh(v), and d - 2 v = d v */
    const double v = d / (2.0 + d), s = v * v;
    double series = 1.0 / 19;
    for (int k = 17; k >= 3; k -= 2)
        series = 1.0 / k + s * series;
    return n * (d * v - 2.0 * v * s * series);
}

/* ln P(N = n) + ln factor */
static double log_times(int64_t count, double mean, double factor)
{
    const double two_pi = 6.2831853071795865;
    if (count == 0)
        return log(factor) - mean;
    const double n = (double)count;
    return log(factor / sqrt(two_pi * n)) - stirling_error(count) - deviance(n, mean);
}

double spk__poisson_log_probability(int64_t count, double mean)
{
    return log_times(count, mean, 1.0);
}

enum {
    MOST_TERMS = 500
};

/* 1/2 + the sum of P(N = k) / P(N = n) over the k beyond n. Negative: too many terms. */
static double sum_beyond(double n, double mean, int is_upper)
{
    double sum = 0.5, term = 1.0;
    if (is_upper) {
        for (int k = 1; k <= MOST_TERMS; k++) {
            term *= mean / (n + k);
            sum += term;
            if (term < 1e-17 * sum)
                return sum;
        }
    } else {
        const double inverse = 1.0 / mean;
        for (int k = 0; k < MOST_TERMS; k++) {
            term *= (n - k) * inverse;
            sum += term;
            if (term < 1e-17 * sum)
                return sum;
        }
    }
    return -1.0;
}

static double log_sum(double a, double b)
{
    return a > b ? a + log1p(exp(b - a)) : b + log1p(exp(a - b));
}

void spk__poisson_log_mid(int64_t count, double mean, double *upper, double *lower)
{
    if (!(mean >= 0.0 && isfinite(mean)) || count > LARGEST_COUNT) {
        *upper = *lower = NAN;
        return;
    }
    if (count < 0) {
        *upper = 0.0;
        *lower = -INFINITY;
        return;
    }
    const double n = (double)count;
    if (mean == 0.0) {
        *upper = count > 0 ? -INFINITY : LOG_HALF;
        *lower = count > 0 ? 0.0 : LOG_HALF;
        return;
    }
    const int is_upper = n >= mean;
    const double sum = sum_beyond(n, mean, is_upper);
    const double near = sum > 0.0
                            ? log_times(count, mean, sum)
                            : log_sum(ppois(is_upper ? n : n - 1, mean, !is_upper, 1),
                                      log_times(count, mean, 0.5));
    const double far = log1p(-exp(near));
    *upper = is_upper ? near : far;
    *lower = is_upper ? far : near;
}

double spk_poisson_log_mid_upper(int64_t count, double mean)
{
    double upper, lower;
    spk__poisson_log_mid(count, mean, &upper, &lower);
    return upper;
}

double spk_poisson_log_mid_lower(int64_t count, double mean)
{
    double upper, lower;
    spk__poisson_log_mid(count, mean, &upper, &lower);
    return lower;
}
