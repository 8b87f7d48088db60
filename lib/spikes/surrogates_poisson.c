/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A Poisson process whose rate is a sum of kernels is a sum of Poisson processes, one a
 * spike: so no rate is ever computed. Copies are numbered in the order of their spikes.
 */
#include "spikes/sample_sort.h"
#include "spikes/surrogates_state.h"

#include <math.h>

/* floor(2^32 P(N <= k)) for N Poisson with mean 1; P(N > 11) is below 2^-30. */
static const uint32_t UP_TO[] = {1580030168, 3160060337, 3950075421, 4213413783,
                                 4279248373, 4292415291, 4294609777, 4294923276,
                                 4294962463, 4294966817, 4294967252, 4294967292};

enum {
    MOST_COPIES = sizeof UP_TO / sizeof UP_TO[0]
};

static int count_copies(uint32_t word)
{
    int n = 0;
    for (int k = 0; k < MOST_COPIES; k++)
        n += word >= UP_TO[k];
    return n;
}

int64_t spk__surrogate_poisson_room(const spk__surrogate_draw *draw)
{
    uint32_t words[SPK__SURROGATE_CHUNK] __attribute__((aligned(64)));
    const int64_t n = draw->train.n_spikes;
    int64_t room = 0;
    for (int64_t first = 0; first < n; first += SPK__SURROGATE_CHUNK) {
        const int64_t left = n - first;
        const int64_t count = left < SPK__SURROGATE_CHUNK ? left : SPK__SURROGATE_CHUNK;
        spk__surrogate_words(&draw->at, first, count, words);
        for (int64_t i = 0; i < count; i++)
            room += count_copies(words[i]);
    }
    return room;
}

/* Displacements of copies 2 b and 2 b + 1, by Box & Muller. */
static void draw_normals(const spk_random *at, int64_t b, double z[2])
{
    const uint32_t counter[4] = {(uint32_t)b, (uint32_t)at->index,
                                 (uint32_t)(at->index >> 32), at->stream};
    const uint32_t key[2] = {(uint32_t)at->seed, (uint32_t)(at->seed >> 32)};
    const double two_pi = 6.283185307179586;
    uint32_t words[4];
    spk_random_block(counter, key, words);
    const uint64_t u = (uint64_t)words[1] << 32 | words[0];
    const uint64_t v = (uint64_t)words[3] << 32 | words[2];
    const double radius = sqrt(-2.0 * log(((double)(u >> 12) + 0.5) * 0x1p-52));
    const double angle = two_pi * (((double)(v >> 12) + 0.5) * 0x1p-52);
    z[0] = radius * cos(angle);
    z[1] = radius * sin(angle);
}

/* In a run of so many samples, mirrored at its ends. */
static uint64_t mirrored(uint64_t at, int64_t by, uint64_t length)
{
    const uint64_t far = by < 0 ? (uint64_t)-by : (uint64_t)by;
    /* behind the start, or behind its mirror image */
    __extension__ typedef __int128 wide;
    wide place = by < 0 ? (wide)at - (wide)far : (wide)at + (wide)far;
    const wide period = 2 * (wide)length;
    place %= period;
    place = place < 0 ? place + period : place;
    return (uint64_t)(place < (wide)length ? place : period - 1 - place);
}

spk_status spk__surrogate_poisson(const spk__surrogate_draw *draw, int64_t *samples,
                                  int64_t *n)
{
    const spk_train *train = &draw->train;
    uint32_t words[SPK__SURROGATE_CHUNK] __attribute__((aligned(64)));
    double z[2];
    int64_t made = 0;
    for (int64_t i = 0, r = 0; i < train->n_spikes; i++) {
        const int64_t place = i % SPK__SURROGATE_CHUNK, left = train->n_spikes - i;
        if (place == 0)
            spk__surrogate_words(
                &draw->at, i, left < SPK__SURROGATE_CHUNK ? left : SPK__SURROGATE_CHUNK,
                words);
        while (i >= train->run_offsets[r + 1])
            r++;
        const uint64_t start = (uint64_t)train->run_starts[r];
        const uint64_t length = (uint64_t)train->run_stops[r] - start;
        for (int n_copies = count_copies(words[place]); n_copies > 0; n_copies--) {
            if (made % 2 == 0)
                draw_normals(&draw->second, made / 2, z);
            samples[made] =
                (int64_t)(start + mirrored((uint64_t)train->samples[i] - start,
                                           llrint(draw->plan->sigma * z[made % 2]),
                                           length));
            made++;
        }
    }
    *n = made;
    return spk__samples_sort_near(draw->ctx, made, samples);
}
