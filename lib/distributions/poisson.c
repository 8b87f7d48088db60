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
