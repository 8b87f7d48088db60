/* SPDX-License-Identifier: BSD-3-Clause */
#include "correlation/information_bits.h"

#include <string.h>

enum {
    WORD = 64
};

static void set_bit(const spk__bit_frame *frame, uint64_t *row, int64_t bin)
{
    row[frame->pad + bin / WORD] |= UINT64_C(1) << (bin % WORD);
}

void spk__bits_set(const spk__bit_frame *frame, int64_t n, const int64_t *samples,
                   uint64_t *row)
{
    int64_t r = 0;
    memset(row, 0, (size_t)spk__bit_row(frame) * sizeof *row);
    for (int64_t i = 0; i < n; i++) {
        while (r + 1 < frame->n_runs && samples[i] >= frame->run_starts[r + 1])
            r++;
        const uint64_t bin = ((uint64_t)samples[i] - (uint64_t)frame->run_starts[r]) /
                             (uint64_t)frame->bin;
        if (bin < (uint64_t)(frame->run_bins[r + 1] - frame->run_bins[r]))
            set_bit(frame, row, frame->run_bins[r] + (int64_t)bin);
    }
}

/* Bins from .. to - 1, counted from the first word's. */
static void clear(uint64_t *words, int64_t from, int64_t to)
{
    for (int64_t bin = from; bin < to;) {
        const int64_t in = bin % WORD, left = to - bin;
        const int64_t n = left < WORD - in ? left : WORD - in;
        const uint64_t ones = n == WORD ? UINT64_MAX : (UINT64_C(1) << n) - 1;
        words[bin / WORD] &= ~(ones << in);
        bin += n;
    }
}

void spk__bits_valid(const spk__bit_frame *frame, int64_t history, int64_t first,
                     int64_t n, uint64_t *out)
{
    const int64_t from = first * WORD, to = (first + n) * WORD;
    int64_t low = 0, high = frame->n_runs; /* the first run that reaches beyond `from` */
    while (low < high) {
        const int64_t middle = low + (high - low) / 2;
        if (frame->run_bins[middle + 1] > from)
            high = middle;
        else
            low = middle + 1;
    }
    memset(out, 0xff, (size_t)n * sizeof *out);
    for (int64_t r = low; r < frame->n_runs && frame->run_bins[r] < to; r++) {
        const int64_t start = frame->run_bins[r], stop = frame->run_bins[r + 1];
        const int64_t end = stop - start < history ? stop : start + history;
        clear(out, (start > from ? start : from) - from, (end < to ? end : to) - from);
    }
    if (frame->n_bins < to)
        clear(out, (frame->n_bins > from ? frame->n_bins : from) - from, to - from);
}

void spk__bits_shift(const spk__bit_frame *frame, const uint64_t *row, int64_t by,
                     int64_t first, int64_t n, uint64_t *out)
{
    const uint64_t *from = row + frame->pad + first - by / WORD;
    const int bits = (int)(by % WORD);
    if (bits == 0)
        memcpy(out, from, (size_t)n * sizeof *out);
    else
        for (int64_t w = 0; w < n; w++)
            out[w] = from[w] << bits | from[w - 1] >> (WORD - bits);
}

void spk__bits_and(int64_t n, const uint64_t *a, const uint64_t *b, uint64_t *out)
{
    for (int64_t w = 0; w < n; w++)
        out[w] = a[w] & b[w];
}

/* ---- counting ---- */

/* Vectors that count bits belong to a set of instructions above level 4, which no clone of a
 * function can be made for: so there are three by hand. All give the same. */
#define COUNT_AND                                                                        \
    int64_t count = 0;                                                                   \
    for (int64_t w = 0; w < n; w++)                                                      \
        count += __builtin_popcountll(a[w] & b[w]);                                      \
    return count;

static int64_t count_plain(int64_t n, const uint64_t *a, const uint64_t *b)
{
    COUNT_AND
}

#if defined(__x86_64__) && defined(__GNUC__)
__attribute__((target("popcnt"))) static int64_t count_words(int64_t n, const uint64_t *a,
                                                             const uint64_t *b)
{
    COUNT_AND
}

__attribute__((target("avx512f,avx512vpopcntdq"))) static int64_t
count_vectors(int64_t n, const uint64_t *a, const uint64_t *b){COUNT_AND}

int64_t spk__bits_count_and(int64_t n, const uint64_t *a, const uint64_t *b)
{
    if (__builtin_cpu_supports("avx512vpopcntdq"))
        return count_vectors(n, a, b);
    return __builtin_cpu_supports("popcnt") ? count_words(n, a, b) : count_plain(n, a, b);
}
#else
int64_t spk__bits_count_and(int64_t n, const uint64_t *a, const uint64_t *b)
{
    return count_plain(n, a, b);
}
#endif

int64_t spk__bits_count(int64_t n, const uint64_t *a)
{
    return spk__bits_count_and(n, a, a);
}
