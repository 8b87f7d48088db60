/* SPDX-License-Identifier: BSD-3-Clause */
/* The random numbers of surrogates, from their definition in the header, and trains to try
 * them on. */
#ifndef SPIKEKIT_TESTS_SURROGATE_WORDS_H
#define SPIKEKIT_TESTS_SURROGATE_WORDS_H

#include <CUnit/CUnit.h>
#include <spikekit/random.h>
#include <spikekit/surrogates.h>
#include <stdlib.h>

/* A number of a surrogate: which, and whose. */
typedef struct numbered {
    uint64_t seed;
    int32_t method;
    int second;
    uint32_t unit;
    int64_t index;
} numbered;

static inline void numbered_block(const numbered *of, int64_t block, int64_t attempt,
                                  uint32_t out[4])
{
    const uint32_t kind = (uint32_t)(2 * of->method + 1 + of->second);
    const uint32_t counter[4] = {
        (uint32_t)block, (uint32_t)of->index,
        (uint32_t)(of->index >> 32) + (kind << 24) + (uint32_t)(attempt << 16), of->unit};
    const uint32_t key[2] = {(uint32_t)of->seed, (uint32_t)(of->seed >> 32)};
    spk_random_block(counter, key, out);
}

static inline uint32_t numbered_word(const numbered *of, int64_t i)
{
    uint32_t words[4];
    numbered_block(of, i / 4, 0, words);
    return words[i % 4];
}

static inline uint64_t numbered_below(const numbered *of, int64_t i, uint64_t m)
{
    const unsigned __int128 one = 1;
    if (m <= one << 32) {
        const unsigned __int128 product = (unsigned __int128)numbered_word(of, i) * m;
        if (product % (one << 32) >= (one << 32) % m)
            return (uint64_t)(product >> 32);
    }
    for (int64_t attempt = 1;; attempt++) {
        uint32_t w[4];
        numbered_block(of, i, attempt, w);
        const unsigned __int128 product = (w[0] + ((unsigned __int128)w[1] << 32)) * m;
        if (product % (one << 64) >= (one << 64) % m || attempt == 255)
            return (uint64_t)(product >> 64);
    }
}

static inline int compare_samples(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return x < y ? -1 : x > y;
}

/* A spike table of its own arrays, grouped. */
typedef struct tried {
    spk_spikes spikes;
    spk_trains *trains;
    int64_t *samples;
    int32_t *units;
} tried;

/* Spikes of each sample as drawn by the caller, sorted here; units in turn. */
static inline tried try_spikes(int64_t n, const int64_t *samples, int64_t n_units,
                               double rate_hz, int64_t start, int64_t stop,
                               const spk_epochs *epochs)
{
    tried t = {0};
    t.samples = malloc(((size_t)n + 1) * sizeof *t.samples);
    t.units = malloc(((size_t)n + 1) * sizeof *t.units);
    for (int64_t i = 0; i < n; i++) {
        t.samples[i] = samples[i];
        t.units[i] = (int32_t)(i * 7 % 13 % n_units);
    }
    qsort(t.samples, (size_t)n, sizeof *t.samples, compare_samples);
    t.spikes = (spk_spikes){n, n_units, t.samples, t.units, rate_hz, start, stop};
    spk_trains_options options;
    spk_trains_options_init(&options, sizeof options);
    options.epochs = epochs;
    CU_ASSERT_EQUAL_FATAL(spk_trains_create(NULL, &t.spikes, &options, &t.trains),
                          SPK_OK);
    return t;
}

static inline void end_tried(tried *t)
{
    spk_trains_destroy(t->trains);
    free(t->samples);
    free(t->units);
}

static inline spk_surrogates *make_surrogates(const spk_trains *trains,
                                              const spk_surrogates_options *options)
{
    spk_surrogates *made = NULL;
    CU_ASSERT_EQUAL_FATAL(spk_surrogates_create(NULL, trains, options, &made), SPK_OK);
    return made;
}

#endif
