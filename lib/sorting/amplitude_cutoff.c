/* SPDX-License-Identifier: BSD-3-Clause */
#include "sorting/amplitude_cutoff.h"

#include "base/memory.h"
#include "sorting/amplitude_histogram.h"
#include "sorting/value_order.h"

#include <math.h>

int spk__histogram_room_allocate(spk_context *ctx, int64_t n_bins, int64_t n_fit,
                                 spk__histogram_room *room)
{
    room->edges = spk__alloc(ctx, n_bins + 1, sizeof *room->edges);
    room->counts = spk__alloc(ctx, n_bins, sizeof *room->counts);
    room->density = spk__alloc(ctx, n_bins, sizeof *room->density);
    room->smooth = spk__alloc(ctx, n_bins, sizeof *room->smooth);
    room->scratch = spk__alloc(ctx, n_bins + 2 * (int64_t)SPK__SMOOTHING_RADIUS,
                               sizeof *room->scratch);
    room->work = spk__alloc(ctx, SPK__PERCENT_MISSING_WORK * n_fit, sizeof *room->work);
    return room->edges != NULL && room->counts != NULL && room->density != NULL &&
           room->smooth != NULL && room->scratch != NULL && room->work != NULL;
}

void spk__histogram_room_free(spk__histogram_room *room)
{
    spk__free(room->edges);
    spk__free(room->counts);
    spk__free(room->density);
    spk__free(room->smooth);
    spk__free(room->scratch);
    spk__free(room->work);
}

static void to_double(const int64_t *counts, int64_t n_bins, double *out)
{
    for (int64_t b = 0; b < n_bins; b++)
        out[b] = (double)counts[b];
}

static int64_t sum(const int64_t *counts, int64_t n_bins)
{
    int64_t total = 0;
    for (int64_t b = 0; b < n_bins; b++)
        total += counts[b];
    return total;
}

static int64_t largest(const int64_t *counts, int64_t n_bins)
{
    int64_t at = 0;
    for (int64_t b = 1; b < n_bins; b++)
        at = counts[b] > counts[at] ? b : at;
    return at;
}

/*
 * The counts of the bins are independent Poisson numbers. The share m / (N + m) changes with
 * them in two ways: with the tail itself, and with the place g where the histogram comes back
 * to its first height, which moves by the change in height over the slope there. To first
 * order both are weighted sums of the counts.
 */
static double standard_error(int64_t n, int64_t n_bins, double sigma_bins, double missed,
                             int64_t g, const spk__histogram_room *room)
{
    const double *s = room->smooth, n_all = (double)n;
    const int64_t reach = sigma_bins < 1 ? 1 : (int64_t)rint(sigma_bins);
    const int64_t before = g > reach ? g - reach : 0;
    const int64_t after = g + reach < n_bins ? g + reach : n_bins - 1;
    const double slope = (s[after] - s[before]) / (double)(after - before);
    double *weights = room->density, *sum = room->scratch, variance = 0;
    if (g + 1 >= n_bins || g == 0 || !(slope < 0))
        return NAN;
    for (int64_t b = 0; b < n_bins; b++)
        weights[b] = b > g ? n_all : 0;
    weights[0] += n_all * s[g] / -slope;
    weights[g] -= n_all * s[g] / -slope;
    spk__gaussian_smooth_back(weights, n_bins, sigma_bins, sum);
    for (int64_t b = 0; b < n_bins; b++)
        variance += (sum[b] - missed) * (sum[b] - missed) * (double)room->counts[b];
    return sqrt(variance) / ((n_all + missed) * (n_all + missed));
}

double spk__amplitude_cutoff(const double *sorted, int64_t n, int is_float,
                             int64_t n_bins, double sigma_bins, double min_spikes_per_bin,
                             spk__histogram_room *room, double *se)
{
    if (se != NULL)
        *se = NAN;
    if (n == 0 || (double)n / (double)n_bins < min_spikes_per_bin ||
        !spk__histogram(sorted, n, n_bins, is_float, room->edges, room->counts))
        return NAN;
    to_double(room->counts, n_bins, room->density);
    spk__gaussian_smooth(room->density, n_bins, sigma_bins, SPK__SMOOTHING_NEAREST,
                         room->scratch, room->smooth);
    /* scipy smooths whole numbers into whole numbers */
    const double height = trunc(room->smooth[0]);
    double missed = 0;
    int64_t g = n_bins - 1;
    for (; g > 0 && trunc(room->smooth[g]) < height; g--)
        missed += trunc(room->smooth[g]);
    const double share = missed / ((double)n + missed);
    if (se != NULL && share <= 0.5)
        *se = standard_error(n, n_bins, sigma_bins, missed, g, room);
    return fmin(share, 0.5);
}

double spk__amplitude_cutoff_symmetric(const double *sorted, int64_t n, int is_float,
                                       int64_t n_bins, double sigma_bins, int is_ibl,
                                       spk__histogram_room *room)
{
    if (n == 0 || !spk__histogram(sorted, n, n_bins, is_float, room->edges, room->counts))
        return NAN;
    for (int64_t b = 0; b < n_bins; b++)
        room->density[b] =
            (double)room->counts[b] / (room->edges[b + 1] - room->edges[b]) / (double)n;
    double *pdf = room->smooth;
    spk__gaussian_smooth(room->density, n_bins, sigma_bins, SPK__SMOOTHING_REFLECT,
                         room->scratch, pdf);
    int64_t peak = 0;
    for (int64_t b = 1; b < n_bins; b++)
        peak = pdf[b] > pdf[peak] ? b : peak;
    int64_t mirror = peak;
    for (int64_t b = peak + 1; b < n_bins; b++)
        mirror = fabs(pdf[b] - pdf[0]) < fabs(pdf[mirror] - pdf[0]) ? b : mirror;
    double tail = 0, whole = 0;
    for (int64_t b = 0; b < n_bins; b++)
        whole += pdf[b];
    for (int64_t b = mirror; b < n_bins; b++)
        tail += pdf[b];
    const double width =
        n_bins < 2 ? NAN
                   : (room->edges[n_bins - 1] - room->edges[0]) / (double)(n_bins - 1);
    return fmin(is_ibl ? tail / whole : tail * width, 0.5);
}

/* Mean and standard deviation of counts. */
static void spread(const int64_t *counts, int64_t n, int leaves_out_zeros, double *mean,
                   double *sd)
{
    double total = 0, squares = 0, used = 0;
    for (int64_t b = 0; b < n; b++) {
        total += (double)counts[b];
        used += counts[b] != 0 || !leaves_out_zeros;
    }
    *mean = total / used;
    for (int64_t b = 0; b < n; b++)
        if (counts[b] != 0 || !leaves_out_zeros)
            squares += ((double)counts[b] - *mean) * ((double)counts[b] - *mean);
    *sd = sqrt(squares / used);
}

/* As spk__sorted_quantile(), in 32-bit arithmetic throughout, as numpy does on such values: an
 * edge may lie just there. */
static double quantile(const double *sorted, int64_t n, double q, int is_float)
{
    if (!is_float)
        return spk__sorted_quantile(sorted, n, q);
    const float at = (float)(n - 1) * (float)q;
    const int64_t k = (int64_t)at;
    if (k >= n - 1)
        return sorted[n - 1];
    const float t = at - (float)k, low = (float)sorted[k], high = (float)sorted[k + 1];
    return t < 0.5F ? low + (high - low) * t : high - (high - low) * (1 - t);
}

double spk__noise_cutoff(const double *sorted, int64_t n, int is_float, int64_t n_bins,
                         double high_quantile, double low_quantile,
                         spk__histogram_room *room, double *ratio)
{
    *ratio = NAN;
    if (n == 0 || !spk__histogram(sorted, n, n_bins, is_float, room->edges, room->counts))
        return NAN;
    const double *edges = room->edges;
    const double low = quantile(sorted, n, low_quantile, is_float);
    const double high = quantile(sorted, n, 1 - high_quantile, is_float);
    int64_t n_low = 0, first_high = n_bins;
    while (n_low < n_bins && edges[n_low + 1] <= low)
        n_low++;
    while (first_high > 0 && edges[first_high - 1] >= high)
        first_high--;
    if (n_low == 0)
        return NAN;
    const double mean_low = (double)sum(room->counts, n_low) / (double)n_low;
    *ratio = mean_low / (double)room->counts[largest(room->counts, n_bins)];
    if (n_bins - first_high < 2)
        return NAN;
    double mean, sd;
    spread(room->counts + first_high, n_bins - first_high, 0, &mean, &sd);
    return sd > 0 ? (mean_low - mean) / sd : NAN;
}

double spk__noise_cutoff_ibl(const double *sorted, int64_t n, int64_t n_bins,
                             double high_quantile, spk__histogram_room *room)
{
    if (n < 2 || !(sorted[n - 1] > 0))
        return NAN;
    const int64_t n_counts = n_bins - 1;
    const double step = sorted[n - 1] / (double)n_counts;
    for (int64_t b = 0; b < n_counts; b++)
        room->edges[b] = (double)b * step;
    room->edges[n_counts] = sorted[n - 1];
    const int64_t *counts = room->counts;
    spk__histogram_count(sorted, n, room->edges, n_counts, room->counts);
    const int64_t peak = largest(counts, n_counts);
    int64_t above = 0, first = 0, nonzero = 0;
    for (int64_t b = peak; b < n_counts - 1; b++)
        above += counts[b] > 0;
    const double start = ceil(2 * high_quantile * (double)above + (double)peak);
    if (!(start < (double)n_counts))
        return NAN;
    double mean, sd;
    spread(counts + (int64_t)start, n_counts - (int64_t)start, 1, &mean, &sd);
    if (!(sd > 0))
        return NAN;
    for (first = 0; first < n_counts; first++)
        if (counts[first] > 0 && ++nonzero == 2)
            break;
    return ((double)counts[first] - mean) / sd;
}
