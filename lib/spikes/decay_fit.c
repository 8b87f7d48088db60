/* SPDX-License-Identifier: BSD-3-Clause */
#include "spikes/decay_fit.h"

#include <math.h>

enum {
    GRID = 48
};

int64_t spk__decay_first(const spk__decay_problem *problem, const double *values)
{
    int64_t first = problem->first_lag;
    if (first == 0) {
        first = 1;
        while (first < problem->n_lags && !(values[first - 1] > values[first]))
            first++;
    }
    return first + 2 <= problem->n_lags ? first : 0;
}

/* f at lags 1 .. n_lags for one tau. Powers of exp(-1 / tau) one from the other: a fit asks for
 * some hundred of each at eighty tau. */
static void fill_shape(const spk__decay_problem *p, double tau)
{
    double *f = p->scratch;
    const double q = exp(-1.0 / tau);
    double power = 1.0;
    for (int64_t k = 0; k < p->n_lags; k++)
        f[k] = power *= q;
    if (p->n_bins == 0)
        return;
    /* running sums of m(t), the mean over s of exp(-|t - s| / tau): both geometric sums */
    const int64_t n = p->n_bins;
    double *sums = f + p->n_lags, *m = sums + n;
    const double scale = 1.0 / ((1.0 - q) * (double)n);
    power = 1.0;
    for (int64_t t = 0; t < n; t++) {
        power *= q;
        m[t] = (1.0 - power) * scale - 1.0 / (double)n;
    }
    power = 1.0;
    for (int64_t t = n - 1; t >= 0; t--) {
        power *= q;
        m[t] += (1.0 - power) * scale;
    }
    double before = 0.0;
    for (int64_t t = 0; t < n; t++)
        sums[t] = before += m[t];
    const double v = sums[n - 1] / (double)n;
    for (int64_t k = 1; k <= p->n_lags; k++) {
        const double early = sums[n - k - 1], late = sums[n - 1] - sums[k - 1];
        f[k - 1] += v - (early + late) / (double)(n - k);
    }
}

/* The sum of squared residuals at one tau. */
static double measure(const spk__decay_problem *p, int64_t first, const double *values,
                      double log_tau, spk__decay *fit)
{
    fill_shape(p, exp(log_tau));
    const double *f = p->scratch;
    const double n = (double)(p->n_lags - first + 1);
    double mean_f = 0.0, mean_y = 0.0, ff = 0.0, fy = 0.0, yy = 0.0;
    for (int64_t k = first - 1; k < p->n_lags; k++) {
        mean_f += f[k] / n;
        mean_y += values[k] / n;
    }
    for (int64_t k = first - 1; k < p->n_lags; k++) {
        const double df = f[k] - mean_f, dy = values[k] - mean_y;
        ff += df * df;
        fy += df * dy;
        yy += dy * dy;
    }
    fit->tau = exp(log_tau);
    fit->amplitude = ff > 0.0 && fy > 0.0 ? fy / ff : 0.0;
    fit->offset = mean_y - fit->amplitude * mean_f;
    const double rest = yy - fit->amplitude * fy;
    fit->r_square = yy > 0.0 ? 1.0 - rest / yy : NAN;
    return rest;
}

spk__decay spk__decay_fit(const spk__decay_problem *p, int64_t first,
                          const double *values)
{
    spk__decay fit = {NAN, NAN, NAN, NAN};
    if (first == 0)
        return fit;
    const double low = log(p->shortest), high = log(p->longest);
    const double step = (high - low) / (GRID - 1), golden = 0.6180339887498949;
    double least = INFINITY;
    int64_t best = 0;
    for (int64_t g = 0; g < GRID; g++) {
        const double rest = measure(p, first, values, low + (double)g * step, &fit);
        if (rest < least) {
            least = rest;
            best = g;
        }
    }
    double a = low + (double)(best - 1) * step, b = low + (double)(best + 1) * step;
    const int inside = best > 0 && best < GRID - 1;
    double c = b - golden * (b - a), d = a + golden * (b - a);
    double at_c = measure(p, first, values, c, &fit);
    double at_d = measure(p, first, values, d, &fit);
    while (inside && b - a > 1e-6) {
        if (at_c < at_d) {
            b = d;
            d = c;
            at_d = at_c;
            at_c = measure(p, first, values, c = b - golden * (b - a), &fit);
        } else {
            a = c;
            c = d;
            at_c = at_d;
            at_d = measure(p, first, values, d = a + golden * (b - a), &fit);
        }
    }
    measure(p, first, values, (a + b) / 2.0, &fit);
    if (!inside || !(fit.amplitude > 0.0))
        fit = (spk__decay){NAN, NAN, NAN, NAN};
    return fit;
}
