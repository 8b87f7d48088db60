/* SPDX-License-Identifier: BSD-3-Clause */
#include "spikes/decay_test.h"

#include "distributions/student.h"

#include <math.h>

/* The trial's products against the decay: the weights add up to 0. */
static double contrast(const double *own, int64_t n_lags, int64_t first, double tau)
{
    const double q = exp(-1.0 / tau), lags = (double)(n_lags - first + 1);
    const double mean = (1.0 - pow(q, lags)) / (1.0 - q) / lags;
    double power = 1.0, sum = 0.0;
    for (int64_t k = first; k <= n_lags; k++) {
        sum += (power - mean) * own[k];
        power *= q;
    }
    return sum;
}

double spk__decay_test(const double *products, int64_t n, int64_t n_lags, int64_t first)
{
    double least = NAN, n_tried = 0.0;
    for (int64_t bins = 1; n >= 2 && bins < n_lags - first + 1; bins *= 4) {
        const double tau = (double)bins;
        double mean = 0.0, squares = 0.0;
        for (int64_t i = 0; i < n; i++)
            mean += contrast(products + i * (n_lags + 1), n_lags, first, tau) / (double)n;
        for (int64_t i = 0; i < n; i++) {
            const double d =
                contrast(products + i * (n_lags + 1), n_lags, first, tau) - mean;
            squares += d * d;
        }
        n_tried += 1.0;
        if (!(squares > 1e-24 * mean * mean * (double)n))
            continue;
        const double error = sqrt(squares / (double)(n - 1) / (double)n);
        least = fmin(least, spk__student_upper(mean / error, (double)(n - 1)));
    }
    return isnan(least) ? NAN : fmin(1.0, n_tried * least);
}
