/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The gamma quantile starts from Wilson and Hilferty's cube and takes Newton's steps on the
 * distribution function, kept in an interval that is known to hold the answer. Rmath's own
 * qgamma() prints when it is not content with its precision, which a library must not do.
 */
#include "distributions/quantiles.h"

#include <math.h>

#define MATHLIB_STANDALONE
#include <Rmath.h>

double spk__normal_quantile(double probability)
{
    if (!(probability > 0.0 && probability < 1.0))
        return NAN;
    return qnorm(probability, 0.0, 1.0, 1, 0);
}

double spk__normal_log_upper(double x)
{
    return isnan(x) ? NAN : pnorm(x, 0.0, 1.0, 0, 1);
}

double spk__gamma_quantile(double probability, double shape)
{
    if (!(probability > 0.0 && probability < 1.0) || !(shape > 0.0) || isinf(shape))
        return NAN;
    const double c = 1.0 / (9.0 * shape);
    const double root = 1.0 - c + spk__normal_quantile(probability) * sqrt(c);
    double low = 0.0, high = INFINITY;
    /* far below, P(X <= x) is x^shape / Gamma(shape + 1) */
    double x = root > 0.3 ? shape * root * root * root
                          : exp((log(probability) + lgammafn(shape + 1.0)) / shape);
    if (x < 1e-300)
        return x;
    for (int step = 0; step < 200; step++) {
        const double at = pgamma(x, shape, 1.0, 1, 0);
        if (at < probability)
            low = x;
        else
            high = x;
        double next = x - (at - probability) / dgamma(x, shape, 1.0, 0);
        if (!(next > low && next < high))
            next = isinf(high) ? 2.0 * x : 0.5 * (low + high);
        if (fabs(next - x) <= 1e-15 * x)
            return next;
        x = next;
    }
    return x;
}

double spk__gamma_share(double x, double shape, int above)
{
    return isnan(x) || !(shape > 0.0) ? NAN : pgamma(x, shape, 1.0, !above, 0);
}
