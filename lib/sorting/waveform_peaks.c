/* SPDX-License-Identifier: BSD-3-Clause */
#include "sorting/waveform_peaks.h"

#include "base/check.h"
#include "base/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double pi = 3.14159265358979323846;

/* ---- peaks ---- */

/* How far the signal falls on one side of a peak before it rises above it; *base: where. */
static double fall(const double *x, int64_t peak, int64_t end, int64_t step,
                   int64_t *base)
{
    double lowest = x[peak];
    *base = peak;
    for (int64_t i = peak; i != end && x[i] <= x[peak]; i += step)
        if (x[i] < lowest) {
            lowest = x[i];
            *base = i;
        }
    return lowest;
}

/* Where the signal crosses a height on one side of a peak, between samples. */
static double crossing(const double *x, int64_t peak, int64_t base, int64_t step,
                       double height)
{
    int64_t i = peak;
    while (i != base && height < x[i])
        i += step;
    double at = (double)i;
    if (x[i] < height)
        at -= (double)step * (height - x[i]) / (x[i - step] - x[i]);
    return at;
}

static spk__peak describe(const double *x, int64_t n, int64_t at)
{
    int64_t left, right;
    const double low_left = fall(x, at, -1, -1, &left);
    const double low_right = fall(x, at, n, 1, &right);
    spk__peak peak = {.at = at};
    peak.prominence = x[at] - (low_left > low_right ? low_left : low_right);
    const double height = x[at] - 0.5 * peak.prominence;
    peak.width = crossing(x, at, right, 1, height) - crossing(x, at, left, -1, height);
    return peak;
}

int64_t spk__find_peaks(const double *x, int64_t n, double min_prominence,
                        spk__peak *peaks)
{
    int64_t found = 0;
    for (int64_t i = 1; i < n - 1; i++) {
        if (!(x[i - 1] < x[i]))
            continue;
        int64_t ahead = i + 1;
        while (ahead < n - 1 && x[ahead] == x[i])
            ahead++;
        if (!(x[ahead] < x[i]))
            continue;
        const spk__peak peak = describe(x, n, (i + ahead - 1) / 2);
        if (peak.prominence >= min_prominence)
            peaks[found++] = peak;
        i = ahead;
    }
    return found;
}

int64_t spk__most_prominent(const spk__peak *peaks, int64_t n)
{
    int64_t best = n > 0 ? 0 : -1;
    for (int64_t k = 1; k < n; k++)
        if (peaks[k].prominence > peaks[best].prominence)
            best = k;
    return best;
}

int64_t spk__argmax(const double *x, int64_t n)
{
    int64_t best = -1;
    for (int64_t k = 0; k < n; k++)
        if (!isnan(x[k]) && (best < 0 || x[k] > x[best]))
            best = k;
    return best;
}

int64_t spk__argmin(const double *x, int64_t n)
{
    int64_t best = -1;
    for (int64_t k = 0; k < n; k++)
        if (!isnan(x[k]) && (best < 0 || x[k] < x[best]))
            best = k;
    return best;
}

double spk__slope(const double *y, int64_t n, double step)
{
    if (n < 2)
        return NAN;
    double mean = 0, xy = 0, xx = 0;
    for (int64_t k = 0; k < n; k++)
        mean += y[k];
    mean /= (double)n;
    for (int64_t k = 0; k < n; k++) {
        const double x = (double)k - 0.5 * (double)(n - 1);
        xy += x * (y[k] - mean);
        xx += x * x;
    }
    return xy / xx / step;
}

static int compare_doubles(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double spk__sort_median(double *values, int64_t n)
{
    qsort(values, (size_t)n, sizeof *values, compare_doubles);
    return n % 2 == 1 ? values[n / 2] : 0.5 * (values[n / 2 - 1] + values[n / 2]);
}

/* ---- resampling ---- */

/* The modified Bessel function of order 0, by its power series. */
static double bessel_i0(double x)
{
    double term = 1, sum = 1;
    for (int k = 1; k < 60; k++) {
        term *= x / (2.0 * k) * (x / (2.0 * k));
        sum += term;
    }
    return sum;
}

/* The windowed sinc of cutoff 1 / factor; phase p of it holds taps p, p + factor, ... */
static void fill_polyphase(spk__resampler *r)
{
    const int64_t half = 10 * r->factor, n = 2 * half + 1;
    double sum = 0;
    for (int pass = 0; pass < 2; pass++)
        for (int64_t k = 0; k < n; k++) {
            const double m = (double)(k - half), at = m / (double)half;
            const double u = m / (double)r->factor;
            const double sinc = k == half ? 1.0 : sin(pi * u) / (pi * u);
            const double tap =
                sinc * bessel_i0(5.0 * sqrt(1.0 - at * at)) / bessel_i0(5.0);
            if (pass == 0)
                sum += tap;
            else
                r->weights[k % r->factor * r->n_taps + k / r->factor] =
                    tap * (double)r->factor / sum;
        }
}

spk_status spk__resampler_make_polyphase(spk_context *ctx, int64_t n_in, int64_t factor,
                                         spk__resampler *resampler)
{
    *resampler = (spk__resampler){
        .n_in = n_in, .n_out = n_in * factor, .n_taps = 21, .factor = factor};
    resampler->weights =
        spk__alloc_zero(ctx, factor * resampler->n_taps, sizeof *resampler->weights);
    if (resampler->weights == NULL)
        return spk__fail_memory(ctx);
    fill_polyphase(resampler);
    return SPK_OK;
}

/* Weight of input k in output m: the mean over the n frequencies of the input of
 * exp(2 pi i f (m / n_out - k / n)), its Nyquist frequency counted half on either side. */
static double fourier_weight(int64_t n, int64_t n_out, int64_t m, int64_t k)
{
    const double turn = 2 * pi * ((double)m / (double)n_out - (double)k / (double)n);
    double sum = 1;
    for (int64_t f = 1; f <= (n - 1) / 2; f++)
        sum += 2 * cos(turn * (double)f);
    if (n % 2 == 0) {
        const double sign = k % 2 == 0 ? 1.0 : -1.0;
        sum += sign * cos(pi * (double)n * (double)m / (double)n_out);
    }
    return sum / (double)n;
}

spk_status spk__resampler_make_fourier(spk_context *ctx, int64_t n_in, int64_t n_out,
                                       spk__resampler *resampler)
{
    *resampler = (spk__resampler){.n_in = n_in, .n_out = n_out, .n_taps = n_in};
    resampler->weights = spk__alloc(ctx, n_in * n_out, sizeof *resampler->weights);
    if (resampler->weights == NULL)
        return spk__fail_memory(ctx);
    for (int64_t m = 0; m < n_out; m++)
        for (int64_t k = 0; k < n_in; k++)
            resampler->weights[m * n_in + k] = fourier_weight(n_in, n_out, m, k);
    return SPK_OK;
}

void spk__resampler_free(spk__resampler *resampler)
{
    spk__free(resampler->weights);
    resampler->weights = NULL;
}

void spk__resample(const spk__resampler *r, const double *in, int64_t stride, double *out)
{
    for (int64_t m = 0; m < r->n_out; m++) {
        double sum = 0;
        if (r->factor == 1) {
            sum = in[m * stride];
        } else if (r->factor == 0) {
            for (int64_t k = 0; k < r->n_in; k++)
                sum += r->weights[m * r->n_in + k] * in[k * stride];
        } else {
            /* Tap half + m - factor * k of the filter meets input k. */
            const double *taps = r->weights + m % r->factor * r->n_taps;
            const int64_t latest = 10 + m / r->factor;
            for (int64_t t = 0; t < r->n_taps; t++) {
                const int64_t k = latest - t;
                if (k >= 0 && k < r->n_in)
                    sum += taps[t] * in[k * stride];
            }
        }
        out[m] = sum;
    }
}
