/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The correlogram of a pair for GLMCC. Pairs are counted by their lag in samples, so that
 * everything the fit wants of the lags, half weights and sums of f alike, is a sum over integers
 * in one fixed order.
 */
#include "correlation/glmcc_model.h"

/* Spikes from, to of a train in a stretch of time. */
typedef struct stretch {
    const int64_t *samples;
    int64_t n;
} stretch;

static stretch spikes_within(const spk_train *train, int64_t run, int64_t start,
                             int64_t stop)
{
    int64_t first = train->run_offsets[run], last = train->run_offsets[run + 1];
    while (first < last && train->samples[first] < start)
        first++;
    while (first < last && train->samples[last - 1] >= stop)
        last--;
    return (stretch){train->samples + first, last - first};
}

/* From each spike of one train, the spikes of the other within reach: lags[origin + sign (t -
 * s)]. */
static void count_stretch(stretch from, stretch to, int64_t sign, int64_t reach,
                          int64_t *lags)
{
    int64_t *origin = lags + reach;
    int64_t low = 0;
    for (int64_t r = 0; r < from.n; r++) {
        const int64_t s = from.samples[r];
        while (low < to.n && to.samples[low] < s - reach)
            low++;
        for (int64_t t = low; t < to.n && to.samples[t] <= s + reach; t++)
            origin[sign * (to.samples[t] - s)]++;
    }
}

void spk__glmcc_count_lags(const spk_train *i, const spk_train *j, int64_t reach,
                           int64_t *lags)
{
    for (int64_t p = 0, q = 0; p < i->n_runs && q < j->n_runs;) {
        const int64_t start =
            i->run_starts[p] > j->run_starts[q] ? i->run_starts[p] : j->run_starts[q];
        const int64_t stop =
            i->run_stops[p] < j->run_stops[q] ? i->run_stops[p] : j->run_stops[q];
        if (start < stop) {
            const stretch a = spikes_within(i, p, start, stop);
            const stretch b = spikes_within(j, q, start, stop);
            /* the rarer spikes have the longer loop within */
            if (a.n <= b.n)
                count_stretch(a, b, 1, reach, lags);
            else
                count_stretch(b, a, -1, reach, lags);
        }
        if (i->run_stops[p] < j->run_stops[q])
            p++;
        else
            q++;
    }
}

/* Lags of one bin, those on its two edges by half: how many, and their sum of exp(-lag / tau).
 * step is 1 for lags rising from `inner`, -1 for lags falling from it. */
static void sum_bin(const spk__glmcc_plan *plan, const int64_t *inner, int64_t step,
                    int64_t first_lag, double *count, double *weight)
{
    const int64_t b = plan->bin_samples;
    const double *kernel = plan->kernel + first_lag;
    int64_t within = 0;
    double sum =
        0.5 * ((double)inner[0] * kernel[0] + (double)inner[step * b] * kernel[b]);
    for (int64_t l = 1; l < b; l++) {
        within += inner[step * l];
        sum += (double)inner[step * l] * kernel[l];
    }
    *count = (double)within + 0.5 * (double)(inner[0] + inner[step * b]);
    *weight = sum;
}

void spk__glmcc_bin_lags(const spk__glmcc_plan *plan, const int64_t *lags, double *counts,
                         double *sums)
{
    const spk_glmcc_options *o = &plan->options;
    const int64_t b = plan->bin_samples, reach = plan->half * b;
    const int64_t *origin = lags + reach;
    const int is_strict = o->convention == SPK_GLMCC_KOBAYASHI;
    for (int side = 0; side < 2; side++) {
        const int64_t step = side == 0 ? 1 : -1;
        /* outermost bins first: the sum of a delay is that of the next, and one bin more */
        double sum = 0.0;
        for (int64_t m = plan->half - 1; m >= 0; m--) {
            double count, weight;
            sum_bin(plan, origin + step * m * b, step, m * b, &count, &weight);
            if (m == plan->half - 1 && is_strict) {
                count -= 0.5 * (double)origin[step * reach];
                weight -= 0.5 * (double)origin[step * reach] * plan->kernel[reach];
            }
            counts[side == 0 ? plan->half + m : plan->half - 1 - m] = count;
            if (m >= o->excluded_bins)
                sum += weight;
            if (m < o->first_delay_bins || m > o->last_delay_bins)
                continue;
            const double edge =
                is_strict && m >= o->excluded_bins
                    ? 0.5 * (double)origin[step * m * b] * plan->kernel[m * b]
                    : 0.0;
            sums[2 * (m - o->first_delay_bins) + side] =
                (sum - edge) / plan->kernel[m * b];
        }
    }
}
