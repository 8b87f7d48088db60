/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Rmath's ppois() is a pure function, so any thread may call it; but on a bad argument it
 * prints, which a library must not do. Whatever it would complain of is answered here.
 */
#include <math.h>
#include <spikekit/distributions.h>

#define MATHLIB_STANDALONE
#include <Rmath.h>

/* Beyond it neighbouring counts are the same double. */
static const int64_t LARGEST_COUNT = (int64_t)1 << 53;

static int in_range(int64_t count, double mean)
{
    return mean >= 0.0 && isfinite(mean) && count <= LARGEST_COUNT;
}

double spk_poisson_log_upper(int64_t count, double mean)
{
    if (!in_range(count, mean))
        return NAN;
    if (count <= 0)
        return 0.0;
    return ppois((double)(count - 1), mean, 0, 1);
}

double spk_poisson_log_lower(int64_t count, double mean)
{
    if (!in_range(count, mean))
        return NAN;
    if (count < 0)
        return -INFINITY;
    return ppois((double)count, mean, 1, 1);
}

/* ln P(N <= count) falls with the mean and bends down, so that Newton's steps, once right of
 * the solution, stay right of it. A step that leaves the interval that is known to hold it
 * is replaced by its middle. */
double spk_poisson_mean(int64_t count, double probability)
{
    if (!(probability > 0.0 && probability < 1.0) || count > LARGEST_COUNT)
        return NAN;
    if (count < 0)
        return 0.0;
    const double wanted = log(probability);
    double low = 0.0, high = INFINITY, mean = (double)count + 0.7;
    for (int step = 0; step < 200; step++) {
        const double at = ppois((double)count, mean, 1, 1);
        const double slope = -exp(dpois((double)count, mean, 1) - at);
        if (at > wanted)
            low = mean;
        else
            high = mean;
        double next = mean - (at - wanted) / slope;
        if (!(next > low && next < high))
            next = isinf(high) ? 2.0 * mean + 1.0 : 0.5 * (low + high);
        const double change = fabs(next - mean);
        mean = next;
        if (change <= 1e-15 * mean)
            break;
    }
    return mean;
}
