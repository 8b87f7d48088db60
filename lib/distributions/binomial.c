/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * P(N >= count) is pbeta(p; count, n - count + 1), which rises with p; it is inverted by
 * halving intervals. Rmath's own qbeta() is quicker but prints when it is not content with
 * its precision, which a library must not do.
 */
#include <math.h>
#include <spikekit/distributions.h>

#define MATHLIB_STANDALONE
#include <Rmath.h>

/* The p at which the beta distribution's lower tail is `tail`. */
static double beta_quantile(double tail, double a, double b)
{
    double low = 0.0, high = 1.0;
    for (int step = 0; step < 200; step++) {
        const double middle = low + (high - low) / 2.0;
        if (middle <= low || middle >= high)
            break;
        if (pbeta(middle, a, b, 1, 0) < tail)
            low = middle;
        else
            high = middle;
        /* Far finer than what the tail itself is known to. */
        if (high - low < 1e-15 * high)
            break;
    }
    return low + (high - low) / 2.0;
}

void spk_binomial_limits(int64_t count, int64_t n, double level, double *lower,
                         double *upper)
{
    *lower = *upper = NAN;
    if (n < 1 || n > (int64_t)1 << 53 || count < 0 || count > n ||
        !(level > 0.0 && level < 1.0))
        return;
    const double tail = (1.0 - level) / 2.0;
    /* The upper limit is one minus the lower limit of the failures. */
    *lower =
        count == 0 ? 0.0 : beta_quantile(tail, (double)count, (double)(n - count) + 1.0);
    *upper = count == n
                 ? 1.0
                 : 1.0 - beta_quantile(tail, (double)(n - count), (double)count + 1.0);
}
