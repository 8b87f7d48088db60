/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Selection by partition around a pivot whose place comes from a counter, so that no order of
 * the values is slow but by chance, and the same input takes the same steps.
 */
#include "sorting/order_statistics.h"

#include <math.h>

static void swap(double *a, double *b)
{
    const double kept = *a;
    *a = *b;
    *b = kept;
}

double spk__select(double *values, int64_t n, int64_t k)
{
    int64_t first = 0, last = n - 1;
    uint64_t draw = 0x9E3779B97F4A7C15u;
    while (first < last) {
        draw = draw * 6364136223846793005u + 1442695040888963407u;
        const uint64_t span = (uint64_t)(last - first) + 1;
        const double pivot = values[first + (int64_t)((draw >> 32) % span)];
        int64_t i = first, j = last;
        while (i <= j) {
            while (values[i] < pivot)
                i++;
            while (values[j] > pivot)
                j--;
            if (i <= j)
                swap(&values[i++], &values[j--]);
        }
        /* first .. j are no larger than the pivot, i .. last no smaller, between them equal */
        if (k <= j)
            last = j;
        else if (k >= i)
            first = i;
        else
            break;
    }
    return values[k];
}

double spk__percentile(double *values, int64_t n, int64_t n_zeros, double percent)
{
    const int64_t n_all = n + n_zeros;
    if (n_all <= 0)
        return NAN;
    const double place = percent / 100.0 * (double)(n_all - 1);
    const double below = floor(place);
    const int64_t k = (int64_t)below;
    const double a = k < n_zeros ? 0.0 : spk__select(values, n, k - n_zeros);
    if (k + 1 >= n_all)
        return a;
    double b = 0.0;
    if (k + 1 >= n_zeros) {
        /* the smallest of those that selection left behind place k */
        const int64_t from = k + 1 - n_zeros;
        b = values[from];
        for (int64_t i = from + 1; i < n; i++)
            b = values[i] < b ? values[i] : b;
    }
    const double share = place - below;
    return share >= 0.5 ? b - (b - a) * (1.0 - share) : a + (b - a) * share;
}
