/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * numpy guesses the bin of a value by a multiplication and then corrects the guess by the
 * edges: what counts are the edges. They are made as numpy makes them, in the precision of
 * the values; a sorted list is then cut at each.
 */
#include "sorting/amplitude_histogram.h"

#include "sorting/value_order.h"

#include <math.h>

static void edges_double(double first, double last, int64_t n_bins, double *edges)
{
    const double step = (last - first) / (double)n_bins;
    for (int64_t b = 0; b < n_bins; b++)
        edges[b] = (double)b * step + first;
    edges[n_bins] = last;
}

static void edges_float(float first, float last, int64_t n_bins, double *edges)
{
    const float step = (last - first) / (float)n_bins;
    for (int64_t b = 0; b < n_bins; b++)
        edges[b] = (float)b * step + first;
    edges[n_bins] = last;
}

void spk__histogram_count(const double *sorted, int64_t n, const double *edges,
                          int64_t n_bins, int64_t *counts)
{
    /* With few values a bin it is quicker to walk along than to look in the middle. */
    const int walks = n / n_bins < 16;
    int64_t below = spk__sorted_below(sorted, n, edges[0]);
    for (int64_t b = 0; b < n_bins - 1; b++) {
        int64_t next = below;
        if (walks)
            while (next < n && sorted[next] < edges[b + 1])
                next++;
        else
            next += spk__sorted_below(sorted + below, n - below, edges[b + 1]);
        counts[b] = next - below;
        below = next;
    }
    int64_t stop = n;
    while (stop > below && sorted[stop - 1] > edges[n_bins])
        stop--;
    counts[n_bins - 1] = stop - below;
}

int spk__histogram(const double *sorted, int64_t n, int64_t n_bins, int is_float,
                   double *edges, int64_t *counts)
{
    double first = sorted[0], last = sorted[n - 1];
    if (is_float) {
        const float f = (float)first, l = (float)last;
        edges_float(f == l ? f - 0.5F : f, f == l ? l + 0.5F : l, n_bins, edges);
    } else {
        edges_double(first == last ? first - 0.5 : first,
                     first == last ? last + 0.5 : last, n_bins, edges);
    }
    for (int64_t b = 0; b < n_bins; b++)
        if (!(edges[b] < edges[b + 1]))
            return 0;
    spk__histogram_count(sorted, n, edges, n_bins, counts);
    return 1;
}

static int64_t wrap(int64_t i, int64_t n, spk__smoothing_edge edge)
{
    if (edge == SPK__SMOOTHING_NEAREST)
        return i < 0 ? 0 : i >= n ? n - 1 : i;
    i %= 2 * n;
    i += i < 0 ? 2 * n : 0;
    return i < n ? i : 2 * n - 1 - i;
}

/* Half of the kernel from its middle on; its reach. */
static int64_t make_kernel(double sigma, double kernel[SPK__SMOOTHING_RADIUS + 1])
{
    const int64_t radius = (int64_t)(4 * sigma + 0.5);
    double sum = 0;
    for (int64_t k = 0; k <= radius; k++) {
        kernel[k] = exp(-0.5 / (sigma * sigma) * (double)(k * k));
        sum += k == 0 ? kernel[k] : 2 * kernel[k];
    }
    for (int64_t k = 0; k <= radius; k++)
        kernel[k] /= sum;
    return radius;
}

void spk__gaussian_smooth_back(const double *weights, int64_t n, double sigma,
                               double *out)
{
    double kernel[SPK__SMOOTHING_RADIUS + 1];
    const int64_t radius = make_kernel(sigma, kernel);
    for (int64_t i = 0; i < n; i++)
        out[i] = 0;
    for (int64_t i = 0; i < n; i++)
        for (int64_t k = -radius; weights[i] != 0 && k <= radius; k++)
            out[wrap(i + k, n, SPK__SMOOTHING_NEAREST)] +=
                weights[i] * kernel[k < 0 ? -k : k];
}

void spk__gaussian_smooth(const double *in, int64_t n, double sigma,
                          spk__smoothing_edge edge, double *scratch, double *out)
{
    double kernel[SPK__SMOOTHING_RADIUS + 1];
    const int64_t radius = make_kernel(sigma, kernel);
    for (int64_t i = -radius; i < 0; i++)
        scratch[i + radius] = in[wrap(i, n, edge)];
    for (int64_t i = 0; i < n; i++) {
        scratch[i + radius] = in[i];
        out[i] = in[i] * kernel[0];
    }
    for (int64_t i = n; i < n + radius; i++)
        scratch[i + radius] = in[wrap(i, n, edge)];
    for (int64_t k = radius; k >= 1; k--) {
        const double *before = scratch + radius - k, *after = scratch + radius + k;
        const double weight = kernel[k];
        for (int64_t i = 0; i < n; i++)
            out[i] += (before[i] + after[i]) * weight;
    }
}
