/* SPDX-License-Identifier: BSD-3-Clause */
#include "spikes/psth_unit.h"

#include "distributions/quantiles.h"
#include "spikes/quantile_place.h"

#include <math.h>
#include <spikekit/distributions.h>
#include <spikekit/random.h>
#include <string.h>

/* The part of the kernel around a bin that lies in the window. */
static void kernel_reach(const spk__psth_plan *plan, int64_t bin, int64_t *first,
                         int64_t *last)
{
    *first = bin - plan->kernel_before;
    *last = *first + plan->kernel_length;
    *first = *first < 0 ? 0 : *first;
    *last = *last > plan->n_bins ? plan->n_bins : *last;
}

static double weight_of(const spk__psth_plan *plan, int64_t bin, int64_t other)
{
    return plan->weights[other - bin + plan->kernel_before];
}

static void sum_trials(const spk__psth_plan *plan, int64_t condition,
                       const int32_t *counts, int64_t stride, int64_t *sums)
{
    memset(sums, 0, (size_t)plan->n_bins * sizeof *sums);
    for (int64_t m = plan->first_members[condition];
         m < plan->first_members[condition + 1]; m++) {
        const int64_t t = plan->members[m];
        const unsigned char *used = plan->used + t * plan->n_bins;
        const int32_t *row = counts + t * stride;
        for (int64_t b = 0; b < plan->n_bins; b++)
            sums[b] += used[b] ? row[b] : 0;
    }
}

/* A rate smoothed over bins with trials, and the limits of a weighted sum of counts. */
static void smooth_bin(const spk__psth_plan *plan, const int64_t *n_used,
                       const int64_t *sums, int64_t bin, double *rate, double limits[2])
{
    int64_t first, last;
    double total = 0.0, y = 0.0, variance = 0.0, largest = 0.0;
    kernel_reach(plan, bin, &first, &last);
    for (int64_t b = first; b < last; b++)
        total += n_used[b] > 0 ? weight_of(plan, bin, b) : 0.0;
    for (int64_t b = first; b < last; b++) {
        if (n_used[b] == 0)
            continue;
        const double a =
            weight_of(plan, bin, b) / total / ((double)n_used[b] * plan->bin_s);
        y += a * (double)sums[b];
        variance += a * a * (double)sums[b];
        largest = a > largest ? a : largest;
    }
    *rate = y;
    if (limits == NULL)
        return;
    const double tail = (1.0 - plan->options.confidence) / 2.0;
    limits[0] =
        y > 0.0 ? variance / y * spk__gamma_quantile(tail, y * y / variance) : 0.0;
    const double above = y + largest, spread = variance + largest * largest;
    limits[1] = spread / above * spk__gamma_quantile(1.0 - tail, above * above / spread);
}

static void poisson_limits(const spk__psth_plan *plan, int64_t count, double limits[2])
{
    if (count < PSTH_CACHED_COUNTS) {
        limits[0] = plan->poisson[2 * count];
        limits[1] = plan->poisson[2 * count + 1];
        return;
    }
    const double tail = (1.0 - plan->options.confidence) / 2.0;
    limits[0] = spk_poisson_mean(count - 1, 1.0 - tail);
    limits[1] = spk_poisson_mean(count, tail);
}

static void estimate_rates(const spk__psth_plan *plan, int64_t condition,
                           const int64_t *sums, double *rates, double *lower,
                           double *upper)
{
    const int64_t *n_used = plan->n_used + condition * plan->n_bins;
    const int with_limits = lower != NULL && plan->options.limits == SPK_PSTH_POISSON;
    for (int64_t b = 0; b < plan->n_bins; b++) {
        double limits[2] = {NAN, NAN};
        rates[b] = NAN;
        if (n_used[b] > 0 && plan->kernel_length > 0) {
            smooth_bin(plan, n_used, sums, b, &rates[b], with_limits ? limits : NULL);
        } else if (n_used[b] > 0) {
            const double time_s = (double)n_used[b] * plan->bin_s;
            rates[b] = (double)sums[b] / time_s;
            if (with_limits) {
                poisson_limits(plan, sums[b], limits);
                limits[0] /= time_s;
                limits[1] /= time_s;
            }
        }
        if (with_limits) {
            lower[b] = limits[0];
            upper[b] = limits[1];
        }
    }
}

/* The rate of each trial of a condition, smoothed over its own observed bins. */
static void trial_rates(const spk__psth_plan *plan, int64_t condition,
                        const int32_t *counts, int64_t stride, double *rates)
{
    const int64_t n_bins = plan->n_bins;
    for (int64_t m = plan->first_members[condition];
         m < plan->first_members[condition + 1]; m++, rates += n_bins) {
        const int64_t t = plan->members[m];
        const unsigned char *used = plan->used + t * n_bins;
        const int32_t *row = counts + t * stride;
        for (int64_t b = 0; b < n_bins; b++) {
            int64_t first = b, last = b + 1;
            double total = 0.0, sum = 0.0;
            if (plan->kernel_length > 0)
                kernel_reach(plan, b, &first, &last);
            for (int64_t k = first; k < last; k++) {
                const double w = plan->kernel_length > 0 ? weight_of(plan, b, k) : 1.0;
                total += used[k] ? w : 0.0;
                sum += used[k] ? w * row[k] : 0.0;
            }
            rates[b] = used[b] ? sum / (total * plan->bin_s) : 0.0;
        }
    }
}

/* Whether the rates of the trials that see a bin differ: where they do not, such as where all
 * are silent, they tell of no spread. */
static int trials_differ(const spk__psth_plan *plan, int64_t condition,
                         const double *trials, int64_t bin)
{
    const int64_t first = plan->first_members[condition];
    const int64_t n = plan->first_members[condition + 1] - first;
    const double *one = NULL;
    for (int64_t m = 0; m < n; m++) {
        const double *rate = trials + m * plan->n_bins + bin;
        if (!plan->used[plan->members[first + m] * plan->n_bins + bin])
            continue;
        if (one != NULL && *rate != *one)
            return 1;
        one = rate;
    }
    return 0;
}

static void student_limits(const spk__psth_plan *plan, int64_t condition,
                           const double *trials, const double *rates, double *lower,
                           double *upper)
{
    const int64_t first = plan->first_members[condition], n_bins = plan->n_bins;
    const int64_t n = plan->first_members[condition + 1] - first;
    for (int64_t b = 0; b < n_bins; b++) {
        const int64_t n_used = plan->n_used[condition * n_bins + b];
        double sum = 0.0, squares = 0.0;
        lower[b] = upper[b] = NAN;
        if (!trials_differ(plan, condition, trials, b))
            continue;
        for (int64_t m = 0; m < n; m++)
            sum += trials[m * n_bins + b]; /* 0 where it was not observed */
        const double mean = sum / (double)n_used;
        for (int64_t m = 0; m < n; m++) {
            const double d = trials[m * n_bins + b] - mean;
            squares += plan->used[plan->members[first + m] * n_bins + b] ? d * d : 0.0;
        }
        const double reach = plan->student[condition * n_bins + b] * sqrt(squares);
        lower[b] = rates[b] - reach;
        upper[b] = rates[b] + reach;
    }
}

/* Puts the k-th smallest of n values at place k, none larger before it, none smaller after. */
static void select_value(double *values, int64_t n, int64_t k)
{
    int64_t low = 0, high = n - 1;
    while (low < high) {
        const double pivot = values[low + (high - low) / 2];
        int64_t i = low, j = high;
        while (i <= j) {
            while (values[i] < pivot)
                i++;
            while (values[j] > pivot)
                j--;
            if (i <= j) {
                const double kept = values[i];
                values[i++] = values[j];
                values[j--] = kept;
            }
        }
        if (k <= j)
            high = j;
        else if (k >= i)
            low = i;
        else
            return;
    }
}

/* Linear between order statistics: quantile p of n values lies at place p (n - 1). */
static double quantile_of(double *values, int64_t n, double p)
{
    const spk__quantile_place at = spk__quantile_place_of(n, p);
    select_value(values, n, at.below);
    double next = values[at.above];
    for (int64_t k = at.above + 1; k < n; k++)
        next = values[k] < next ? values[k] : next;
    return spk__quantile_between(values[at.below], next, at);
}

/* The mean of one redrawn set of trials in each bin. */
static void resample(const spk__psth_plan *plan, int64_t condition, int64_t r,
                     int all_seen, const spk__psth_scratch *scratch)
{
    const int64_t first = plan->first_members[condition], n_bins = plan->n_bins;
    const int64_t n = plan->first_members[condition + 1] - first;
    double *sums = scratch->sums, *numbers = scratch->sums + n_bins;
    spk_random random = {.seed = plan->options.seed,
                         .stream = (uint32_t)condition,
                         .index = (uint64_t)r * (uint64_t)n};
    memset(scratch->times, 0, (size_t)n * sizeof *scratch->times);
    memset(sums, 0, (size_t)n_bins * 2 * sizeof *sums);
    for (int64_t k = 0; k < n; k++)
        scratch->times[(int64_t)(spk_random_uniform(&random) * (double)n)]++;
    for (int64_t m = 0; m < n; m++) {
        const double times = (double)scratch->times[m];
        const double *trial = scratch->rates + m * n_bins;
        const unsigned char *used = plan->used + plan->members[first + m] * n_bins;
        if (times == 0.0)
            continue;
        for (int64_t b = 0; b < n_bins; b++)
            sums[b] += times * trial[b];
        for (int64_t b = 0; !all_seen && b < n_bins; b++)
            numbers[b] += used[b] ? times : 0.0;
    }
    for (int64_t b = 0; b < n_bins; b++)
        scratch->resamples[b * plan->options.n_resamples + r] =
            sums[b] / (all_seen ? (double)n : numbers[b]);
}

static void bootstrap_limits(const spk__psth_plan *plan, int64_t condition,
                             const spk__psth_scratch *scratch, double *lower,
                             double *upper)
{
    const int64_t n_resamples = plan->options.n_resamples;
    const double tail = (1.0 - plan->options.confidence) / 2.0;
    const int64_t *n_used = plan->n_used + condition * plan->n_bins;
    const int64_t n_members =
        plan->first_members[condition + 1] - plan->first_members[condition];
    int all_seen = 1;
    for (int64_t b = 0; b < plan->n_bins; b++)
        all_seen &= n_used[b] == n_members;
    for (int64_t r = 0; r < n_resamples; r++)
        resample(plan, condition, r, all_seen, scratch);
    for (int64_t b = 0; b < plan->n_bins; b++) {
        double *values = scratch->resamples + b * n_resamples;
        int64_t n = 0;
        lower[b] = upper[b] = NAN;
        if (n_used[b] < 2 || !trials_differ(plan, condition, scratch->rates, b))
            continue;
        for (int64_t r = 0; r < n_resamples; r++) /* a draw without a trial that sees b */
            if (!isnan(values[r]))
                values[n++] = values[r];
        if (n < 2)
            continue;
        lower[b] = quantile_of(values, n, tail);
        upper[b] = quantile_of(values, n, 1.0 - tail);
    }
}

void spk__psth_unit(const spk__psth_plan *plan, const spk__psth_scratch *scratch,
                    int64_t condition, const int32_t *counts, int64_t stride,
                    int64_t *sums, double *rates, double *lower, double *upper)
{
    sum_trials(plan, condition, counts, stride, sums);
    estimate_rates(plan, condition, sums, rates, lower, upper);
    if (lower == NULL || plan->options.limits == SPK_PSTH_POISSON)
        return;
    trial_rates(plan, condition, counts, stride, scratch->rates);
    if (plan->options.limits == SPK_PSTH_STUDENT)
        student_limits(plan, condition, scratch->rates, rates, lower, upper);
    else
        bootstrap_limits(plan, condition, scratch, lower, upper);
}
