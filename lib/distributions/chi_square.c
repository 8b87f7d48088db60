/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * With y = x / 2 and m = dof / 2 rounded down, repeated integration by parts gives
 *     even dof:  Q = e^-y sum_{k=0}^{m-1} y^k / k!
 *     odd dof:   Q = erfc(sqrt y) + e^-y sqrt(4 y / pi) sum_{k=0}^{m-1} y^k / (3/2)_k
 * with (3/2)_k = 3/2 5/2 ... (k + 1/2); both sums by Horner's rule. Where a sum could leave
 * the range of a double, Rmath's slower routine answers.
 */
#include "distributions/chi_square.h"

#include <math.h>

#define MATHLIB_STANDALONE
#include <Rmath.h>

enum {
    LANES = 8
};

double spk__chi_square_upper(double x, int64_t dof)
{
    const double y = x / 2;
    const int64_t m = dof / 2;
    if (isnan(x))
        return x;
    if (x <= 0)
        return 1;
    if (y > 690) { /* e^y overflows soon, and with it the sum */
        /* Chernoff's bound of ln Q, for y > dof / 2 */
        const double half = (double)dof / 2;
        if (isinf(y) || (y > half && half * (1 + log(y / half)) - y < -460))
            return 0;
        return pchisq(x, (double)dof, 0, 0);
    }
    const double shift = dof % 2 == 0 ? 0 : 0.5;
    double sum = m > 0;
    for (int64_t k = m - 1; k > 0; k--)
        sum = 1 + sum * y / ((double)k + shift);
    const double tail = exp(-y) * sum;
    const double q =
        shift == 0 ? tail : erfc(sqrt(y)) + tail * 1.1283791670955126 * sqrt(y);
    return q < 1 ? q : 1;
}

/* The same for LANES values that are within (0, 1380]. */
static double sum_lanes(const double *x, int64_t dof)
{
    const int64_t m = dof / 2;
    const double shift = dof % 2 == 0 ? 0 : 0.5;
    double y[LANES], sums[LANES], total = 0;
    for (int l = 0; l < LANES; l++) {
        y[l] = x[l] / 2;
        sums[l] = m > 0;
    }
    for (int64_t k = m - 1; k > 0; k--) {
        const double factor = 1 / ((double)k + shift);
        for (int l = 0; l < LANES; l++)
            sums[l] = 1 + sums[l] * (y[l] * factor);
    }
    for (int l = 0; l < LANES; l++) {
        const double tail = exp(-y[l]) * sums[l];
        const double q =
            shift == 0 ? tail : erfc(sqrt(y[l])) + tail * 1.1283791670955126 * sqrt(y[l]);
        total += q < 1 ? q : 1;
    }
    return total;
}

double spk__chi_square_upper_sum(const double *x, int64_t n, int64_t dof)
{
    const int64_t whole = n - n % LANES;
    double total = 0;
    for (int64_t i = 0; i < whole; i += LANES) {
        int inside = 1;
        for (int l = 0; l < LANES; l++)
            inside &= x[i + l] > 0 && x[i + l] <= 1380;
        if (inside)
            total += sum_lanes(x + i, dof);
        for (int l = 0; l < LANES && !inside; l++)
            total += spk__chi_square_upper(x[i + l], dof);
    }
    for (int64_t i = whole; i < n; i++)
        total += spk__chi_square_upper(x[i], dof);
    return total;
}
