/* SPDX-License-Identifier: BSD-3-Clause */
/* Two ends of a window in the second train follow the spikes of the first. */
#include "sorting/coincidences.h"

int64_t spk__coincidences_across(const int64_t *a, int64_t n_a, const int64_t *b,
                                 int64_t n_b, int64_t distance)
{
    int64_t n = 0, first = 0, end = 0;
    for (int64_t i = 0; i < n_a; i++) {
        const int64_t t = a[i];
        while (first < n_b && b[first] < t && !spk__times_close(b[first], t, distance))
            first++;
        if (end < first)
            end = first;
        while (end < n_b && (b[end] <= t || spk__times_close(t, b[end], distance)))
            end++;
        n += end - first;
    }
    return n;
}

int64_t spk__coincidences_within(const int64_t *a, int64_t n_a, int64_t distance)
{
    int64_t n = 0, first = 0;
    for (int64_t i = 0; i < n_a; i++) {
        while (!spk__times_close(a[first], a[i], distance))
            first++;
        n += i - first;
    }
    return n;
}
