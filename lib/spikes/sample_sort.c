/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Insertion while it is cheap, else by digits of the distance from the earliest time, least
 * significant first, about as many digits as leave each table in the first cache.
 */
#include "spikes/sample_sort.h"

#include "base/check.h"
#include "base/memory.h"

#include <string.h>

enum {
    DIGIT_BITS = 11,
    N_VALUES = 1 << DIGIT_BITS,
    MOST_DIGITS = (64 + DIGIT_BITS - 1) / DIGIT_BITS,
    FEW = 48,
    PASSED = 8 /* places moved a spike, on average, before insertion is given up */
};

/* Whether it came to an end within so many moves; what is left is a permutation anyway. */
static int insert(int64_t n, int64_t *samples, int64_t most_moves)
{
    int64_t moves = 0, last = n > 0 ? samples[0] : 0;
    for (int64_t i = 1; i < n; i++) {
        const int64_t x = samples[i];
        if (x >= last) {
            last = x;
            continue;
        }
        int64_t j = i;
        do {
            samples[j] = samples[j - 1];
            j--;
        } while (j > 0 && samples[j - 1] > x);
        samples[j] = x;
        moves += i - j;
        if (moves > most_moves)
            return 0;
    }
    return 1;
}

static void count_digits(int64_t n, const int64_t *samples, int64_t first, int n_digits,
                         uint32_t (*places)[N_VALUES])
{
    memset(places, 0, (size_t)n_digits * sizeof *places);
    for (int64_t i = 0; i < n; i++) {
        uint64_t key = (uint64_t)samples[i] - (uint64_t)first;
        for (int d = 0; d < n_digits; d++, key >>= DIGIT_BITS)
            places[d][key & (N_VALUES - 1)]++;
    }
}

static spk_status sort_digits(spk_context *ctx, int64_t n, int64_t *samples)
{
    uint32_t places[MOST_DIGITS][N_VALUES];
    int64_t first = samples[0], last = samples[0];
    for (int64_t i = 1; i < n; i++) {
        first = samples[i] < first ? samples[i] : first;
        last = samples[i] > last ? samples[i] : last;
    }
    int n_digits = 0;
    for (uint64_t range = (uint64_t)last - (uint64_t)first; range != 0;
         range >>= DIGIT_BITS)
        n_digits++;
    int64_t *spare = spk__alloc(ctx, n, sizeof *spare);
    if (spare == NULL)
        return spk__fail_memory(ctx);
    count_digits(n, samples, first, n_digits, places);
    int64_t *from = samples, *to = spare;
    for (int d = 0; d < n_digits; d++) {
        uint32_t place = 0;
        for (int v = 0; v < N_VALUES; v++) {
            const uint32_t count = places[d][v];
            places[d][v] = place;
            place += count;
        }
        for (int64_t i = 0; i < n; i++) {
            const uint64_t key = (uint64_t)from[i] - (uint64_t)first;
            to[places[d][key >> (d * DIGIT_BITS) & (N_VALUES - 1)]++] = from[i];
        }
        int64_t *swap = from;
        from = to;
        to = swap;
    }
    if (from != samples)
        memcpy(samples, from, (size_t)n * sizeof *samples);
    spk__free(spare);
    return SPK_OK;
}

spk_status spk__samples_sort_near(spk_context *ctx, int64_t n, int64_t *samples)
{
    if (insert(n, samples, n < FEW ? INT64_MAX : PASSED * n))
        return SPK_OK;
    return sort_digits(ctx, n, samples);
}

spk_status spk__samples_sort(spk_context *ctx, int64_t n, int64_t *samples)
{
    if (n < FEW) {
        (void)insert(n, samples, INT64_MAX);
        return SPK_OK;
    }
    return sort_digits(ctx, n, samples);
}
