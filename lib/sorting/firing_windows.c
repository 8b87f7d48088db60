/* SPDX-License-Identifier: BSD-3-Clause */
#include "sorting/firing_windows.h"

#include <math.h>
#include <stdlib.h>

/* Whole windows in a run. */
static int64_t windows_in_run(const spk_train *train, int64_t r, int64_t width,
                              int64_t stop)
{
    const int64_t end = train->run_stops[r] < stop ? train->run_stops[r] : stop;
    return end > train->run_starts[r] ? (end - train->run_starts[r]) / width : 0;
}

int64_t spk__windows_room(const spk_train *train, int64_t width, int64_t stop)
{
    int64_t n = 0;
    for (int64_t r = 0; r < train->n_runs && n < train->n_spikes; r++)
        n += windows_in_run(train, r, width, stop);
    return n < train->n_spikes ? n : train->n_spikes;
}

/* The window of spike k of run r, and one past its last spike. */
static int64_t window_at(const spk_train *train, int64_t r, int64_t width, int64_t k,
                         int64_t *end)
{
    const int64_t start = train->run_starts[r];
    const int64_t place = (train->samples[k] - start) / width;
    const int64_t next = start + (place + 1) * width;
    while (k < train->run_offsets[r + 1] && train->samples[k] < next)
        k++;
    *end = k;
    return place;
}

void spk__windows_count(const spk_train *train, int64_t width, int64_t stop,
                        spk__windows *windows)
{
    windows->n = windows->n_filled = 0;
    for (int64_t r = 0; r < train->n_runs; r++) {
        const int64_t in_run = windows_in_run(train, r, width, stop);
        const int64_t end = train->run_starts[r] + in_run * width;
        int64_t next;
        for (int64_t k = train->run_offsets[r];
             k < train->run_offsets[r + 1] && train->samples[k] < end; k = next) {
            const int64_t place = window_at(train, r, width, k, &next);
            windows->places[windows->n_filled] = windows->n + place;
            windows->counts[windows->n_filled++] = next - k;
        }
        windows->n += in_run;
    }
}

double spk__windows_fano(const spk_train *train, int64_t width)
{
    /* Whole numbers in doubles: exact up to 2^53. */
    double n = 0, sum = 0, squares = 0;
    for (int64_t r = 0; r < train->n_runs; r++) {
        const int64_t in_run = windows_in_run(train, r, width, INT64_MAX);
        const int64_t end = train->run_starts[r] + in_run * width;
        int64_t next;
        for (int64_t k = train->run_offsets[r];
             k < train->run_offsets[r + 1] && train->samples[k] < end; k = next) {
            (void)window_at(train, r, width, k, &next);
            const double count = (double)(next - k);
            sum += count;
            squares += count * count;
        }
        n += (double)in_run;
    }
    if (n < 2 || sum == 0)
        return NAN;
    return (squares - sum * sum / n) / (n - 1) / (sum / n);
}

static double mean_count(const spk__windows *windows)
{
    int64_t sum = 0;
    for (int64_t k = 0; k < windows->n_filled; k++)
        sum += windows->counts[k];
    return (double)sum / (double)windows->n;
}

/* Sum of squared differences from the mean, empty windows included. */
static double scatter(const spk__windows *windows, double mean)
{
    double sum = (double)(windows->n - windows->n_filled) * mean * mean;
    for (int64_t k = 0; k < windows->n_filled; k++) {
        const double x = (double)windows->counts[k] - mean;
        sum += x * x;
    }
    return sum;
}

static int by_size(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static double gini(const spk__windows *windows, int64_t *sorted)
{
    /* Empty windows come first and add nothing to the cumulative sum. */
    for (int64_t k = 0; k < windows->n_filled; k++)
        sorted[k] = windows->counts[k];
    qsort(sorted, (size_t)windows->n_filled, sizeof *sorted, by_size);
    double cumulative = 0, sum = 0;
    for (int64_t k = 0; k < windows->n_filled; k++) {
        cumulative += (double)sorted[k];
        sum += cumulative;
    }
    return 1 - 2 * (sum / cumulative) / (double)windows->n;
}

static double median_change(const spk_train *train, const spk__windows *windows,
                            int64_t width, int64_t stop, int64_t *changes)
{
    int64_t n_pairs = 0, n_changes = 0, first = 0, k = 0;
    for (int64_t r = 0; r < train->n_runs; r++) {
        const int64_t in_run = windows_in_run(train, r, width, stop);
        const int64_t last = first + in_run - 1;
        n_pairs += in_run > 1 ? in_run - 1 : 0;
        for (; k < windows->n_filled && windows->places[k] <= last; k++) {
            const int64_t place = windows->places[k], count = windows->counts[k];
            const int after_filled = k > 0 && windows->places[k - 1] == place - 1;
            const int before_filled =
                k + 1 < windows->n_filled && windows->places[k + 1] == place + 1;
            if (place > first)
                changes[n_changes++] =
                    after_filled ? llabs(count - windows->counts[k - 1]) : count;
            if (place < last && !before_filled)
                changes[n_changes++] = count;
        }
        first += in_run;
    }
    /* The other pairs are of two empty windows. */
    const int64_t n_empty = n_pairs - n_changes;
    if (n_pairs == 0)
        return NAN;
    qsort(changes, (size_t)n_changes, sizeof *changes, by_size);
    const int64_t upper = n_pairs / 2 - n_empty, lower = (n_pairs - 1) / 2 - n_empty;
    return ((double)(upper < 0 ? 0 : changes[upper]) +
            (double)(lower < 0 ? 0 : changes[lower])) /
           2;
}

spk__window_rates spk__windows_rates(const spk_train *train, const spk__windows *windows,
                                     int64_t width, int64_t stop, int64_t *scratch)
{
    if (windows->n < 2 || windows->n_filled == 0)
        return (spk__window_rates){NAN, NAN, NAN};
    const double mean = mean_count(windows);
    return (spk__window_rates){
        .cv = sqrt(scatter(windows, mean) / (double)(windows->n - 1)) / mean,
        .gini = gini(windows, scratch),
        .instability = median_change(train, windows, width, stop, scratch) / mean,
    };
}

/* Windows of equal width over a time, and the width by which counts become rates. */
static int64_t windows_of_span(double span, double width, int64_t most,
                               double *rate_width)
{
    const double n = floor(span / width);
    *rate_width = 1;
    if (n > (double)most) {
        *rate_width = span / (double)most / width;
        return most;
    }
    return n < 1 ? 1 : (int64_t)n;
}

double spk__windows_fano_of_span(const spk_train *train, double width, int64_t most)
{
    double sum = 0, squares = 0, total = 0;
    for (int64_t r = 0; r < train->n_runs; r++) {
        const int64_t begin = train->run_offsets[r], end = train->run_offsets[r + 1];
        if (end - begin < 2)
            continue;
        const int64_t *t = train->samples;
        const double span = (double)(t[end - 1] - t[begin]);
        double rate_width;
        const int64_t n = windows_of_span(span, width, most, &rate_width);
        if (!(span > 0))
            continue;
        total += (double)n;
        for (int64_t k = begin; k < end;) {
            double place = floor((double)(t[k] - t[begin]) * (double)n / span);
            if (place > (double)(n - 1))
                place = (double)(n - 1);
            const int64_t first = k;
            const double next =
                place >= (double)(n - 1) ? INFINITY : (place + 1) * span / (double)n;
            while (k < end && ((double)(t[k] - t[begin]) < next || k == first))
                k++;
            const double rate = (double)(k - first) / rate_width;
            sum += rate;
            squares += rate * rate;
        }
    }
    if (total < 2)
        return NAN;
    const double mean = sum / total;
    return (squares / total - mean * mean) / mean;
}
