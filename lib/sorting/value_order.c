/* SPDX-License-Identifier: BSD-3-Clause */
#include "sorting/value_order.h"

#include "sorting/order_statistics.h"

#include <math.h>
#include <string.h>

enum {
    FEW = 40,      /* up to here insertion is quicker */
    N_CELLS = 512, /* of a median */
    DIGIT_BITS = 11,
    N_DIGITS = 1 << DIGIT_BITS
};

static void insertion_sort(double *values, int64_t n)
{
    for (int64_t i = 1; i < n; i++) {
        const double value = values[i];
        int64_t at = i;
        for (; at > 0 && values[at - 1] > value; at--)
            values[at] = values[at - 1];
        values[at] = value;
    }
}

/* Bits that have the order of the numbers when taken as whole numbers. */
static inline uint32_t float_key(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits ^ (bits >> 31 ? UINT32_MAX : UINT32_C(1) << 31);
}

static inline float key_float(uint32_t key)
{
    const uint32_t bits = key ^ (key >> 31 ? UINT32_C(1) << 31 : UINT32_MAX);
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static inline uint64_t double_key(double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits ^ (bits >> 63 ? UINT64_MAX : UINT64_C(1) << 63);
}

static inline double key_double(uint64_t key)
{
    const uint64_t bits = key ^ (key >> 63 ? UINT64_C(1) << 63 : UINT64_MAX);
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* Sorts keys of some width between two buffers by digits first .. last - 1, from the lowest to
 * the highest; digits that all keys share are left out. The result is in `from`. */
#define RADIX_SORT(type, first, last)                                                    \
    do {                                                                                 \
        int64_t counts[(last) - (first)][N_DIGITS];                                      \
        memset(counts, 0, sizeof counts);                                                \
        for (int64_t i = 0; i < n; i++)                                                  \
            for (int p = (first); p < (last); p++)                                       \
                counts[p - (first)][DIGIT(from[i], p)]++;                                \
        for (int p = (first); p < (last); p++) {                                         \
            int64_t *count = counts[p - (first)], at = 0;                                \
            if (count[DIGIT(from[0], p)] == n)                                           \
                continue;                                                                \
            for (int d = 0; d < N_DIGITS; d++) {                                         \
                const int64_t c = count[d];                                              \
                count[d] = at;                                                           \
                at += c;                                                                 \
            }                                                                            \
            for (int64_t i = 0; i < n; i++)                                              \
                to[count[DIGIT(from[i], p)]++] = from[i];                                \
            type *swap = from;                                                           \
            from = to;                                                                   \
            to = swap;                                                                   \
        }                                                                                \
    } while (0)
#define DIGIT(key, p) ((key) >> ((p)*DIGIT_BITS) & (N_DIGITS - 1))

static void sort_floats(double *values, int64_t n, uint32_t *from, uint32_t *to)
{
    for (int64_t i = 0; i < n; i++)
        from[i] = float_key((float)values[i]);
    RADIX_SORT(uint32_t, 0, 3);
    for (int64_t i = 0; i < n; i++)
        values[i] = key_float(from[i]);
}

/* The upper half of the bits is as good as all of them, unless many numbers share it. */
static void sort_doubles(double *values, int64_t n, uint64_t *from, uint64_t *to)
{
    int64_t run = 1, longest = 1;
    for (int64_t i = 0; i < n; i++)
        from[i] = double_key(values[i]);
    RADIX_SORT(uint64_t, 3, 6);
    for (int64_t i = 1; i < n; i++) {
        run = from[i] >> 3 * DIGIT_BITS == from[i - 1] >> 3 * DIGIT_BITS ? run + 1 : 1;
        longest = run > longest ? run : longest;
    }
    if (longest > FEW)
        RADIX_SORT(uint64_t, 0, 6);
    for (int64_t i = 0; i < n; i++)
        values[i] = key_double(from[i]);
    if (longest > 1 && longest <= FEW)
        insertion_sort(values, n);
}

void spk__sort_values(double *values, int64_t n, uint64_t *scratch)
{
    if (n <= FEW) {
        insertion_sort(values, n);
        return;
    }
    int are_floats = 1;
    for (int64_t i = 0; i < n; i++)
        are_floats &=
            fabs(values[i]) <= 0x1.fffffep127 && (double)(float)values[i] == values[i];
    if (are_floats)
        sort_floats(values, n, (uint32_t *)scratch, (uint32_t *)(scratch + n));
    else
        sort_doubles(values, n, scratch, scratch + n);
}

static double median_by_selection(double *values, int64_t n)
{
    const int64_t middle = n / 2;
    const double above = spk__select(values, n, middle);
    if (n % 2 != 0)
        return above;
    double below = values[0];
    for (int64_t i = 1; i < middle; i++)
        below = values[i] > below ? values[i] : below;
    return (below + above) / 2;
}

/* The least and the greatest, in four strands that do not wait for each other. */
static void find_range(const double *values, int64_t n, double *least, double *greatest)
{
    double low[4], high[4];
    int64_t i = 0;
    for (int k = 0; k < 4; k++)
        low[k] = high[k] = values[0];
    for (; i + 4 <= n; i += 4)
        for (int k = 0; k < 4; k++) {
            low[k] = values[i + k] < low[k] ? values[i + k] : low[k];
            high[k] = values[i + k] > high[k] ? values[i + k] : high[k];
        }
    for (; i < n; i++) {
        low[0] = values[i] < low[0] ? values[i] : low[0];
        high[0] = values[i] > high[0] ? values[i] : high[0];
    }
    *least = fmin(fmin(low[0], low[1]), fmin(low[2], low[3]));
    *greatest = fmax(fmax(high[0], high[1]), fmax(high[2], high[3]));
}

/* Cells of equal width keep the order of the numbers: the middle is looked for in one cell
 * only, and no step depends on how a comparison goes. */
double spk__median(double *values, int64_t n)
{
    uint32_t counts[N_CELLS] = {0};
    double least, greatest, below = -INFINITY;
    if (n == 0)
        return NAN;
    if (n <= 2 * FEW || n > UINT32_MAX)
        return median_by_selection(values, n);
    find_range(values, n, &least, &greatest);
    const double scale = (N_CELLS - 1) / (greatest - least);
    if (!(scale > 0) || !(scale < INFINITY))
        return median_by_selection(values, n);
    for (int64_t i = 0; i < n; i++)
        counts[(uint32_t)((values[i] - least) * scale)]++;
    int64_t middle = n / 2, before = 0, in = 0;
    uint32_t cell = 0;
    while (before + counts[cell] <= middle)
        before += counts[cell++];
    middle -= before; /* its place in the cell */
    if (middle == 0)
        for (int64_t i = 0; i < n; i++) {
            const int is_below = (uint32_t)((values[i] - least) * scale) < cell;
            below = is_below && values[i] > below ? values[i] : below;
        }
    for (int64_t i = 0; i < n; i++) {
        const double value = values[i];
        values[in] = value;
        in += (uint32_t)((value - least) * scale) == cell;
    }
    const double above = spk__select(values, in, middle);
    if (n % 2 != 0)
        return above;
    for (int64_t i = 0; i < middle; i++)
        below = values[i] > below ? values[i] : below;
    return (below + above) / 2;
}

double spk__sorted_median(const double *sorted, int64_t n)
{
    if (n == 0)
        return NAN;
    return n % 2 != 0 ? sorted[n / 2] : (sorted[n / 2 - 1] + sorted[n / 2]) / 2;
}

double spk__sorted_quantile(const double *sorted, int64_t n, double q)
{
    if (n == 0)
        return NAN;
    const double at = (double)(n - 1) * q;
    const int64_t k = (int64_t)at;
    if (k >= n - 1)
        return sorted[n - 1];
    const double t = at - (double)k, step = sorted[k + 1] - sorted[k];
    return t < 0.5 ? sorted[k] + step * t : sorted[k + 1] - step * (1 - t);
}

int64_t spk__sorted_below(const double *sorted, int64_t n, double limit)
{
    int64_t low = 0, high = n;
    while (low < high) {
        const int64_t middle = low + (high - low) / 2;
        if (sorted[middle] < limit)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}
