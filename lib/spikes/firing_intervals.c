/* SPDX-License-Identifier: BSD-3-Clause */
#include "spikes/firing_intervals.h"

#include <assert.h>
#include <math.h>
#include <string.h>

int64_t spk__intervals_number(const spk_train *train)
{
    int64_t n = 0;
    for (int64_t r = 0; r < train->n_runs; r++) {
        const int64_t in_run = train->run_offsets[r + 1] - train->run_offsets[r];
        n += in_run > 1 ? in_run - 1 : 0;
    }
    return n;
}

spk__interval_moments spk__intervals_moments(const spk_train *train)
{
    spk__interval_moments m = {NAN, NAN, NAN};
    const int64_t n = spk__intervals_number(train);
    if (n == 0)
        return m;
    /* The intervals of a run add up to the time from its first to its last spike. */
    int64_t sum = 0;
    for (int64_t r = 0; r < train->n_runs; r++) {
        const int64_t first = train->run_offsets[r], last = train->run_offsets[r + 1] - 1;
        if (last > first)
            sum += train->samples[last] - train->samples[first];
    }
    m.mean = (double)sum / (double)n;
    /* Sums of even and odd ones apart, so that additions need not wait for each other. */
    double square[2] = {0, 0}, cube[2] = {0, 0};
    for (int64_t r = 0; r < train->n_runs; r++)
        for (int64_t k = train->run_offsets[r] + 1; k < train->run_offsets[r + 1]; k++) {
            const double x = (double)(train->samples[k] - train->samples[k - 1]) - m.mean;
            square[k & 1] += x * x;
            cube[k & 1] += x * x * x;
        }
    const double second = (square[0] + square[1]) / (double)n,
                 third = (cube[0] + cube[1]) / (double)n;
    if (n >= 2 && m.mean > 0)
        m.cv = sqrt(second) / m.mean;
    if (n >= 2 && second > 0)
        m.skewness = third / (second * sqrt(second));
    return m;
}

spk__interval_changes spk__intervals_changes(const spk_train *train, double cv2_limit,
                                             double refractory_samples)
{
    double cv2 = 0, below = 0, lv = 0, lvr = 0;
    int64_t n = 0, n_below = 0;
    for (int64_t r = 0; r < train->n_runs; r++) {
        const int64_t *t = train->samples;
        for (int64_t k = train->run_offsets[r] + 2; k < train->run_offsets[r + 1]; k++) {
            const int64_t sum = t[k] - t[k - 2];
            if (sum == 0)
                continue;
            const int64_t difference = (t[k] - t[k - 1]) - (t[k - 1] - t[k - 2]);
            const double inverse = 1 / (double)sum;
            const double q = fabs((double)difference) * inverse;
            const int is_below = 2 * q < cv2_limit;
            cv2 += 2 * q;
            below += is_below ? 2 * q : 0;
            n_below += is_below;
            lv += q * q;
            lvr += q * q * (1 + 4 * refractory_samples * inverse);
            n++;
        }
    }
    return (spk__interval_changes){
        .cv2 = n > 0 ? cv2 / (double)n : NAN,
        .cv2_below = n_below > 0 ? below / (double)n_below : NAN,
        .lv = n > 0 ? 3 * lv / (double)n : NAN,
        .lvr = n > 0 ? 3 * lvr / (double)n : NAN,
    };
}

spk__interval_counts spk__intervals_count(const spk_train *train, int64_t burst_samples,
                                          int64_t long_samples)
{
    spk__interval_counts counts = {0, 0, 0, 0};
    int64_t long_ones = 0, all = 0;
    for (int64_t r = 0; r < train->n_runs; r++) {
        int64_t before = INT64_MAX;
        for (int64_t k = train->run_offsets[r] + 1; k < train->run_offsets[r + 1]; k++) {
            const int64_t d = train->samples[k] - train->samples[k - 1];
            const int is_long = d > long_samples;
            counts.n_long += is_long;
            long_ones += is_long ? d : 0;
            all += d;
            if (k > train->run_offsets[r] + 1)
                counts.n_burst += d < burst_samples || before < burst_samples;
            before = d;
        }
    }
    counts.long_samples = (double)long_ones;
    counts.all_samples = (double)all;
    return counts;
}

/* The length of the longest interval in bits. */
static int bits_of_longest(const spk_train *train)
{
    int64_t longest = 0;
    for (int64_t r = 0; r < train->n_runs; r++)
        for (int64_t k = train->run_offsets[r] + 1; k < train->run_offsets[r + 1]; k++) {
            const int64_t d = train->samples[k] - train->samples[k - 1];
            longest = d > longest ? d : longest;
        }
    int bits = 0;
    for (; longest > 0; longest >>= 1)
        bits++;
    return bits;
}

/* Intervals low <= d < low + 2^bits, by their leading bits. */
static void fill_buckets(const spk_train *train, int64_t low, int bits, int shift,
                         int64_t *buckets)
{
    const uint64_t outside = (uint64_t)1 << bits;
    memset(buckets, 0, SPK__INTERVAL_BUCKETS * sizeof *buckets);
    for (int64_t r = 0; r < train->n_runs; r++)
        for (int64_t k = train->run_offsets[r] + 1; k < train->run_offsets[r + 1]; k++) {
            const uint64_t d =
                (uint64_t)(train->samples[k] - train->samples[k - 1] - low);
            if (d < outside)
                buckets[d >> shift]++;
        }
}

/* The interval of rank `rank`, from 0: its leading bits first, then those that follow. */
static int64_t interval_of_rank(const spk_train *train, int64_t rank, int64_t *buckets)
{
    int64_t low = 0;
    int bits = bits_of_longest(train);
    while (bits > 0) {
        const int shift =
            bits > SPK__INTERVAL_BUCKET_BITS ? bits - SPK__INTERVAL_BUCKET_BITS : 0;
        int64_t bucket = 0;
        fill_buckets(train, low, bits, shift, buckets);
        while (rank >= buckets[bucket])
            rank -= buckets[bucket++];
        assert(bucket < SPK__INTERVAL_BUCKETS);
        low += bucket << shift;
        bits = shift;
    }
    return low;
}

double spk__intervals_median(const spk_train *train, int64_t *buckets)
{
    const int64_t n = spk__intervals_number(train);
    if (n == 0)
        return NAN;
    const int64_t upper = interval_of_rank(train, n / 2, buckets);
    if (n % 2 == 1)
        return (double)upper;
    /* The one before it in order is the same, unless just half of all are shorter. */
    int64_t n_shorter = 0, longest_shorter = 0;
    for (int64_t r = 0; r < train->n_runs; r++)
        for (int64_t k = train->run_offsets[r] + 1; k < train->run_offsets[r + 1]; k++) {
            const int64_t d = train->samples[k] - train->samples[k - 1];
            const int is_shorter = d < upper;
            n_shorter += is_shorter;
            longest_shorter = is_shorter && d > longest_shorter ? d : longest_shorter;
        }
    const int64_t lower = n_shorter == n / 2 ? longest_shorter : upper;
    return ((double)lower + (double)upper) / 2;
}
