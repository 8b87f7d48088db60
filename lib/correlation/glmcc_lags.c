/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The correlogram of a pair for GLMCC. Pairs are counted by their lag in samples, so that
 * everything the fit wants of the lags, half weights and sums of f alike, is a sum over integers
 * in one fixed order.
 */
#include "correlation/glmcc_model.h"

#include <string.h>

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

/* Where a pair is counted: t - s + reach, or s - t + reach; beyond reach the last place. */
static inline uint64_t place_of(int64_t s, int64_t t, int64_t reach, int is_reversed)
{
    const uint64_t place = (uint64_t)((is_reversed ? s - t : t - s) + reach);
    const uint64_t beyond = 2 * (uint64_t)reach + 1;
    return place < beyond ? place : beyond;
}

/*
 * From each spike s of one train, the spikes t of the other within reach. How many of these lie
 * before s - reach, and how many within, is hardly foretold: so four are compared and two are
 * counted without a branch, and loops are for what is more. Twice as fast as two plain loops.
 */
static inline void count_stretch(stretch from, stretch to, int is_reversed, int64_t reach,
                                 int64_t *lags)
{
    const int64_t *t = to.samples, *s = from.samples;
    int64_t low = 0, r = 0;
    for (; r < from.n && low + 4 <= to.n; r++) {
        const int64_t start = s[r] - reach, stop = s[r] + reach;
        const int64_t passed = (t[low] < start) + (t[low + 1] < start) +
                               (t[low + 2] < start) + (t[low + 3] < start);
        low += passed;
        if (passed == 4)
            while (low < to.n && t[low] < start)
                low++;
        if (low + 3 > to.n)
            break;
        lags[place_of(s[r], t[low], reach, is_reversed)]++;
        lags[place_of(s[r], t[low + 1], reach, is_reversed)]++;
        for (int64_t k = low + 2; k < to.n && t[k] <= stop; k++)
            lags[place_of(s[r], t[k], reach, is_reversed)]++;
    }
    /* near the end of the other train */
    for (; r < from.n; r++) {
        while (low < to.n && t[low] < s[r] - reach)
            low++;
        for (int64_t k = low; k < to.n && t[k] <= s[r] + reach; k++)
            lags[place_of(s[r], t[k], reach, is_reversed)]++;
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
                count_stretch(a, b, 0, reach, lags);
            else
                count_stretch(b, a, 1, reach, lags);
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

static int64_t lags_length(const spk__glmcc_plan *plan)
{
    return 2 * plan->half * plan->bin_samples + 2;
}

int64_t spk__glmcc_pair_length(const spk__glmcc_plan *plan)
{
    /* lags are as large as doubles; the count is over when the fit begins */
    const int64_t fit = spk__glmcc_fit_work_length(plan);
    return 2 * plan->n_delays + (fit > lags_length(plan) ? fit : lags_length(plan));
}

void spk__glmcc_count_pair(const spk__glmcc_plan *plan, const spk_trains *trains,
                           int64_t unit_i, int64_t unit_j, double *counts, double *sums,
                           double *work)
{
    const spk_train i = spk_trains_unit(trains, unit_i),
                    j = spk_trains_unit(trains, unit_j);
    int64_t *lags = (int64_t *)(void *)work;
    memset(lags, 0, (size_t)lags_length(plan) * sizeof *lags);
    spk__glmcc_count_lags(&i, &j, plan->half * plan->bin_samples, lags);
    spk__glmcc_bin_lags(plan, lags, counts, sums);
}

void spk__glmcc_fit_pair(const spk__glmcc_plan *plan, const spk_trains *trains,
                         int64_t unit_i, int64_t unit_j, spk_glmcc_result *result,
                         double *counts, double *background, double *work)
{
    double *sums = work, *rest = work + 2 * plan->n_delays;
    spk__glmcc_count_pair(plan, trains, unit_i, unit_j, counts, sums, rest);
    spk__glmcc_fit(plan, counts, sums, result, background, rest);
}
