/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/durations.h"
#include "spikes/burst_find.h"

#include <math.h>

enum {
    PER_DECADE = 10,
    MOST_BINS = 10 * 16, /* up to 10^13 s */
    REACH = 2            /* bins on either side that a peak tops */
};

typedef struct interval_histogram {
    double heights[MOST_BINS];
    int64_t n_bins;
} interval_histogram;

/* Bin k holds intervals of 10^(k / 10) up to 10^((k + 1) / 10) ms. */
static double bin_middle_s(int64_t bin)
{
    return 1e-3 * pow(10.0, ((double)bin + 0.5) / PER_DECADE);
}

static void fill_histogram(const spk_train *train, double rate_hz, interval_histogram *h)
{
    double counts[MOST_BINS] = {0};
    h->n_bins = 0;
    for (int64_t r = 0; r < train->n_runs; r++)
        for (int64_t k = train->run_offsets[r] + 1; k < train->run_offsets[r + 1]; k++) {
            const double ms =
                (double)(train->samples[k] - train->samples[k - 1]) / rate_hz * 1e3;
            if (!(ms >= 1.0))
                continue;
            int64_t bin = (int64_t)floor(PER_DECADE * log10(ms));
            bin = bin < MOST_BINS ? bin : MOST_BINS - 1;
            counts[bin] += 1.0;
            h->n_bins = bin + 1 > h->n_bins ? bin + 1 : h->n_bins;
        }
    for (int64_t k = 0; k < h->n_bins; k++)
        h->heights[k] = 0.5 * counts[k] + 0.25 * (k > 0 ? counts[k - 1] : 0.0) +
                        0.25 * (k + 1 < h->n_bins ? counts[k + 1] : 0.0);
}

/* Higher than the bins before it, and no lower than those after it of one height: of a
 * plateau the first bin is the peak. */
static int is_peak(const interval_histogram *h, int64_t bin)
{
    if (!(h->heights[bin] > 0.0))
        return 0;
    for (int64_t k = bin - REACH; k <= bin + REACH; k++) {
        if (k < 0 || k >= h->n_bins || k == bin)
            continue;
        if (k < bin ? !(h->heights[bin] > h->heights[k])
                    : !(h->heights[bin] >= h->heights[k]))
            return 0;
    }
    return 1;
}

/* The lowest bin between two peaks that the void parameter tells apart, or -1; *inside is
 * the peak within bursts, or -1. */
static int64_t find_valley(const interval_histogram *h, const spk_bursts_options *options,
                           int64_t *inside)
{
    *inside = -1;
    for (int64_t k = 0; k < h->n_bins; k++)
        if (is_peak(h, k) && bin_middle_s(k) < options->cap_s &&
            (*inside < 0 || h->heights[k] > h->heights[*inside]))
            *inside = k;
    for (int64_t k = *inside + 1; *inside >= 0 && k < h->n_bins; k++) {
        if (!is_peak(h, k))
            continue;
        int64_t lowest = *inside;
        for (int64_t j = *inside; j <= k; j++)
            lowest = h->heights[j] < h->heights[lowest] ? j : lowest;
        const double scale = sqrt(h->heights[*inside] * h->heights[k]);
        if (1.0 - h->heights[lowest] / scale >= options->void_parameter)
            return lowest;
    }
    return -1;
}

spk_status spk__bursts_log_isi(const spk_train *train, const spk_bursts_options *options,
                               double rate_hz, spk__burst_list *list)
{
    interval_histogram h;
    int64_t inside = -1;
    fill_histogram(train, rate_hz, &h);
    const int64_t valley = find_valley(&h, options, &inside);
    if (inside < 0)
        return SPK_OK;
    double core_s = options->cap_s, threshold_s = core_s;
    if (valley >= 0) {
        list->threshold_s = bin_middle_s(valley);
        if (list->threshold_s < 1.0)
            threshold_s = list->threshold_s;
        core_s = fmin(core_s, threshold_s);
    }
    const int64_t core = spk__lag_at_most(core_s, rate_hz);
    const int64_t around = spk__lag_at_most(threshold_s, rate_hz);
    const int64_t *t = train->samples;
    spk_status status = SPK_OK;
    for (int64_t r = 0; r < train->n_runs; r++) {
        const int64_t stop = train->run_offsets[r + 1];
        for (int64_t k = train->run_offsets[r]; k < stop && status == SPK_OK;) {
            /* spikes k .. last up to the threshold apart, the most that are a core */
            int64_t last = k, own = 1, most = 1;
            while (last + 1 < stop && t[last + 1] - t[last] <= around) {
                own = t[last + 1] - t[last] <= core ? own + 1 : 1;
                most = own > most ? own : most;
                last++;
            }
            if (most >= options->min_spikes)
                status = spk__burst_append(list, k, last);
            k = last + 1;
        }
    }
    return status;
}
