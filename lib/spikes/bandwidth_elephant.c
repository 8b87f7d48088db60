/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The search of elephant 1.2 (after Shimazaki's sskernel): golden section over the logarithm
 * of e^w - 1, at most 20 steps, the last point tried being the answer. Smoothing is circular
 * over the next power of two of the length plus three widths, and so it is here.
 */
#include "base/check.h"
#include "base/memory.h"
#include "spikes/bandwidth.h"

#include <math.h>

enum {
    MOST_POINTS = 1000,
    MOST_POWER = 12,
    MOST_PERIOD = 1 << MOST_POWER, /* above 1000 points and 3 * 999 */
    MOST_STEPS = 20
};

typedef struct density {
    double values[MOST_PERIOD]; /* of spikes at each point, over n dt; then 0 */
    double smooth[MOST_PERIOD];
    double spectrum[MOST_PERIOD / 2 + 1][2], product[MOST_PERIOD / 2 + 1][2];
    int64_t n_points;
    int power; /* the spectrum is of the first 2^power values */
    double n, dt;
    spk__bandwidth_transforms *transforms;
} density;

static double from_log(double x)
{
    return x < 1e2 ? log(1.0 + exp(x)) : x;
}

static double to_log(double x)
{
    return x < 1e2 ? log(exp(x) - 1.0) : x;
}

static spk_status measure_cost(spk_context *ctx, density *d, double width, double *cost)
{
    const double w = width / d->dt;
    int power = 1;
    while (power < MOST_POWER && (double)(1 << power) < (double)d->n_points + 3.0 * w)
        power++;
    const int period = 1 << power;
    spk__real_transform **transform = &d->transforms->of_power[power];
    if (*transform == NULL) {
        const spk_status status = spk__real_transform_create(ctx, period, transform);
        if (status != SPK_OK)
            return status;
    }
    if (power != d->power) {
        spk__real_transform_forward(*transform, d->values, d->spectrum);
        d->power = power;
    }
    const double x = 6.283185307179586 * w / period;
    for (int k = 0; k <= period / 2; k++) {
        const double exponent = 0.5 * x * x * k * k;
        const double kernel = exponent < 100.0 ? exp(-exponent) / period : 0.0;
        d->product[k][0] = d->spectrum[k][0] * kernel;
        d->product[k][1] = d->spectrum[k][1] * kernel;
    }
    spk__real_transform_backward(*transform, d->product, d->smooth);
    double squares = 0.0, products = 0.0;
    for (int64_t i = 0; i < d->n_points; i++) {
        squares += d->smooth[i] * d->smooth[i];
        products += d->smooth[i] * d->values[i];
    }
    *cost = squares * d->dt - 2.0 * products * d->dt +
            2.0 / (2.5066282746310002 * width * d->n);
    return SPK_OK;
}

/* Spikes on points from the first to the last. 0: too few or all at one time. */
static int fill_density(const spk_train *train, double rate_hz, density *d)
{
    const int64_t *t = train->samples, n = train->n_spikes;
    if (n < 2 || t[0] == t[n - 1])
        return 0;
    int64_t shortest = INT64_MAX;
    for (int64_t k = 1; k < n; k++)
        if (t[k] > t[k - 1] && t[k] - t[k - 1] < shortest)
            shortest = t[k] - t[k - 1];
    const double first = (double)t[0] / rate_hz, last = (double)t[n - 1] / rate_hz;
    const double wanted = floor((last - first) / ((double)shortest / rate_hz) + 0.5);
    d->n_points = wanted < MOST_POINTS ? (int64_t)wanted : MOST_POINTS;
    if (d->n_points < 2)
        return 0;
    d->dt = (last - first) / (double)(d->n_points - 1);
    for (int64_t k = 0; k < n; k++) {
        const double place = floor(((double)t[k] / rate_hz - first) / d->dt + 0.5);
        const int64_t i = (int64_t)fmax(0.0, fmin(place, (double)(d->n_points - 1)));
        d->values[i] += 1.0;
    }
    d->n = (double)n;
    for (int64_t i = 0; i < d->n_points; i++)
        d->values[i] /= d->n * d->dt;
    return 1;
}

static spk_status search(spk_context *ctx, density *d, double span, double *sigma_s)
{
    const double phi = 0.5 * (sqrt(5.0) + 1.0);
    double a = to_log(2.0 * d->dt), b = to_log(span), f1 = 0.0, f2 = 0.0;
    double c1 = (phi - 1.0) * a + (2.0 - phi) * b;
    double c2 = (2.0 - phi) * a + (phi - 1.0) * b;
    spk_status status = measure_cost(ctx, d, from_log(c1), &f1);
    if (status == SPK_OK)
        status = measure_cost(ctx, d, from_log(c2), &f2);
    for (int step = 0; status == SPK_OK && step < MOST_STEPS &&
                       fabs(b - a) > 1e-5 * (fabs(c1) + fabs(c2));
         step++) {
        if (f1 < f2) {
            b = c2;
            c2 = c1;
            c1 = (phi - 1.0) * a + (2.0 - phi) * b;
            f2 = f1;
            status = measure_cost(ctx, d, from_log(c1), &f1);
            *sigma_s = from_log(c1);
        } else {
            a = c1;
            c1 = c2;
            c2 = (2.0 - phi) * a + (phi - 1.0) * b;
            f1 = f2;
            status = measure_cost(ctx, d, from_log(c2), &f2);
            *sigma_s = from_log(c2);
        }
    }
    return status;
}

spk_status spk__bandwidth_elephant(spk_context *ctx, const spk_train *train,
                                   double rate_hz, spk__bandwidth_transforms *transforms,
                                   double *sigma_s)
{
    *sigma_s = NAN;
    density *d = spk__alloc_zero(ctx, 1, sizeof *d);
    if (d == NULL)
        return spk__fail_memory(ctx);
    d->transforms = transforms;
    spk_status status = SPK_OK;
    if (fill_density(train, rate_hz, d)) {
        const double span =
            (double)(train->samples[train->n_spikes - 1] - train->samples[0]) / rate_hz;
        status = search(ctx, d, span, sigma_s);
    }
    spk__free(d);
    return status;
}

void spk__bandwidth_transforms_end(spk__bandwidth_transforms *transforms)
{
    for (int power = 0; power <= MOST_POWER; power++)
        spk__real_transform_destroy(transforms->of_power[power]);
}
