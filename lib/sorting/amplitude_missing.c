/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * bombcell's two estimates. A Gaussian that is 0 below a cut is fitted to the histogram by
 * least squares. Where the cut lies between two bins makes no difference to the sum of
 * squares, so that it stays at the 1 % quantile where the fit begins, and three parameters
 * are left.
 */
#include "linalg/least_squares.h"
#include "sorting/amplitude_cutoff.h"
#include "sorting/amplitude_histogram.h"
#include "sorting/amplitude_spread.h"
#include "sorting/value_order.h"

#include <math.h>

/* Bins that height exp(-(x - mean)^2 / (2 sd^2)) is fitted to. */
typedef struct bins {
    const double *edges;
    const int64_t *counts;
    int64_t first, n; /* those below have a centre below the cut */
    double half;      /* of a bin's width */
} bins;

static void residuals(void *state, const double *parameters, double *residual,
                      double *jacobian)
{
    const bins *b = state;
    const double height = parameters[0], mean = parameters[1], sd = parameters[2];
    for (int64_t i = b->first; i < b->n; i++) {
        const double z = (b->edges[i] + b->half - mean) / sd, e = exp(-z * z / 2);
        *residual++ = height * e - (double)b->counts[i];
        if (jacobian != NULL) {
            *jacobian++ = e;
            *jacobian++ = height * e * z / sd;
            *jacobian++ = height * e * z * z / sd;
        }
    }
}

/* The number of empty bins that bombcell puts below the first one, down to 0. */
static double bins_below(const double *edges, double step)
{
    const double below = edges[0] + step / 2 - step;
    const double start = below - step * ceil(below / step);
    return fmax(ceil((below + step / 4 - start) / step), 0);
}

/* The q-quantile of the counts and n_zeros more zeros. */
static double quantile_of_counts(const int64_t *counts, int64_t n_bins, double n_zeros,
                                 double q, spk__histogram_room *room)
{
    const double at = (n_zeros + (double)n_bins - 1) * q - n_zeros;
    for (int64_t b = 0; b < n_bins; b++)
        room->density[b] = (double)counts[b];
    for (int64_t b = 1; b < n_bins; b++) { /* few bins */
        const double value = room->density[b];
        int64_t to = b;
        for (; to > 0 && room->density[to - 1] > value; to--)
            room->density[to] = room->density[to - 1];
        room->density[to] = value;
    }
    const double floor_at = floor(at), t = at - floor_at;
    const double low = floor_at < 0 ? 0 : room->density[(int64_t)floor_at];
    const int64_t above = (int64_t)floor_at + 1;
    const double high =
        above < 0 ? 0 : room->density[above < n_bins ? above : n_bins - 1];
    return low + (high - low) * t;
}

static int highest_is_cut(const int64_t *counts, int64_t n_bins, int has_zero_below)
{
    int64_t most = 0, rise = INT64_MIN;
    for (int64_t b = 0; b < n_bins; b++)
        most = counts[b] > most ? counts[b] : most;
    if (has_zero_below)
        rise = counts[0];
    for (int64_t b = 1; b < n_bins; b++)
        rise = counts[b] - counts[b - 1] > rise ? counts[b] - counts[b - 1] : rise;
    return rise == most;
}

/* The left edge of the highest bin; of several, the bin at the mean of their places. */
static double mode_of(const double *edges, const int64_t *counts, int64_t n_bins)
{
    int64_t most = 0, places = 0, n = 0;
    for (int64_t b = 0; b < n_bins; b++)
        most = counts[b] > most ? counts[b] : most;
    for (int64_t b = 0; b < n_bins; b++)
        if (counts[b] == most) {
            places += b;
            n++;
        }
    return edges[places / n];
}

static double percent_gaussian(const double *sorted, int64_t n, int64_t n_bins,
                               double n_zeros, spk__histogram_room *room,
                               double *is_beyond)
{
    const double *edges = room->edges;
    const double cut = spk__sorted_quantile(sorted, n, 0.01);
    bins b = {edges, room->counts, 0, n_bins, (edges[1] - edges[0]) / 2};
    while (b.first < n_bins && edges[b.first] + b.half < cut)
        b.first++;
    double bell[3] = {quantile_of_counts(room->counts, n_bins, n_zeros, 0.99, room),
                      mode_of(edges, room->counts, n_bins),
                      spk__standard_deviation(sorted, n)};
    if (!(bell[2] > 0) || b.first == n_bins)
        return NAN;
    const spk__least_squares problem = {.n_parameters = 3,
                                        .n_residuals = n_bins - b.first,
                                        .evaluate = residuals,
                                        .state = &b,
                                        .tolerance = 1e-14};
    if (spk__least_squares_fit(&problem, bell, room->work).converged)
        return 50 * erfc((bell[1] - cut) / fabs(bell[2]) / sqrt(2));
    *is_beyond = bell[1] < edges[0]; /* on its way to minus infinity */
    return NAN;
}

static int64_t median_of_five(const int64_t *counts, int64_t n_bins, int64_t at)
{
    int64_t five[5] = {0};
    for (int64_t k = 0; k < 5; k++) {
        const int64_t b = at + k - 2;
        const int64_t value = b < 0 || b >= n_bins ? 0 : counts[b];
        int64_t to = k;
        for (; to > 0 && five[to - 1] > value; to--)
            five[to] = five[to - 1];
        five[to] = value;
    }
    return five[2];
}

/* The upper half of the histogram, mirrored at its peak, is what all spikes would be. */
static double percent_symmetric(int64_t n, int64_t n_bins,
                                const spk__histogram_room *room)
{
    double *smooth = room->smooth;
    int64_t peak = 0;
    for (int64_t b = 0; b < n_bins; b++) {
        smooth[b] = (double)median_of_five(room->counts, n_bins, b);
        peak = smooth[b] > smooth[peak] ? b : peak;
    }
    const int64_t half = n_bins - 1 - peak, length = 2 * half;
    const double width = room->edges[1] - room->edges[0], end = room->edges[n_bins];
    const double start = end - (double)(length - 1) * width;
    double all = 0;
    for (int64_t k = 0; k < length; k++) {
        const double place =
            k == length - 1 ? end
                            : (double)k * ((end - start) / (double)(length - 1)) + start;
        if (place >= 0)
            all += smooth[k < half ? n_bins - 1 - k : peak + 1 + k - half];
    }
    return all > 0 ? fmax(100 * (all - (double)n) / all, 0) : NAN;
}

void spk__percent_missing(const double *sorted, int64_t n, int is_float, int64_t n_bins,
                          spk__histogram_room *room, double *gaussian, double *is_beyond,
                          double *symmetric)
{
    *gaussian = *is_beyond = *symmetric = NAN;
    if (n == 0)
        return;
    const double low = spk__sorted_quantile(sorted, n, 0.01);
    const double high = spk__sorted_quantile(sorted, n, 0.99);
    const double limit = high + 10 * (high - low);
    while (n > 0 && sorted[n - 1] > limit)
        n--;
    if (n < 6 || !spk__histogram(sorted, n, n_bins, is_float, room->edges, room->counts))
        return;
    *symmetric = percent_symmetric(n, n_bins, room);
    const double n_zeros = bins_below(room->edges, room->edges[1] - room->edges[0]);
    *is_beyond = highest_is_cut(room->counts, n_bins, n_zeros > 0);
    if (*is_beyond == 0)
        *gaussian = percent_gaussian(sorted, n, n_bins, n_zeros, room, is_beyond);
}
