/* SPDX-License-Identifier: BSD-3-Clause */
/* Random words by spike, and offsets of the same probability made of them. */
#include "base/random_words.h"
#include "spikes/surrogates_state.h"

enum {
    KIND_BIT = 56,
    ATTEMPT_BIT = 48,
    MOST_ATTEMPTS = 255,
    BLOCKS = SPK__SURROGATE_CHUNK / 4
};

spk_random spk__surrogate_place(const spk_surrogates *plan, int64_t unit, int64_t index,
                                int second)
{
    const uint64_t kind = (uint64_t)(2 * plan->options.method + 1 + second);
    return (spk_random){.seed = plan->options.seed,
                        .stream = (uint32_t)unit,
                        .index = (uint64_t)index | kind << KIND_BIT};
}

static void block(const spk_random *at, uint32_t number, uint64_t index, uint32_t out[4])
{
    const uint32_t counter[4] = {number, (uint32_t)index, (uint32_t)(index >> 32),
                                 at->stream};
    const uint32_t key[2] = {(uint32_t)at->seed, (uint32_t)(at->seed >> 32)};
    spk_random_block(counter, key, out);
}

uint32_t spk__surrogate_word(const spk_random *at, int64_t i)
{
    uint32_t words[4];
    block(at, (uint32_t)(i / 4), at->index, words);
    return words[i % 4];
}

void spk__surrogate_words(const spk_random *at, int64_t first, int64_t n, uint32_t *words)
{
    const int64_t lanes = SPK__RANDOM_LANES;
    const int64_t n_blocks = ((n + 3) / 4 + lanes - 1) / lanes * lanes;
    spk__random_words(at, (uint32_t)(first / 4), n_blocks < BLOCKS ? n_blocks : BLOCKS,
                      words);
}

static uint64_t try_again(const spk_random *at, int64_t i, uint64_t m)
{
    const uint64_t rejected = (UINT64_MAX - m + 1) % m; /* 2^64 mod m */
    for (uint64_t attempt = 1;; attempt++) {
        uint32_t words[4];
        block(at, (uint32_t)i, at->index | attempt << ATTEMPT_BIT, words);
        const unsigned __int128 product =
            (unsigned __int128)((uint64_t)words[1] << 32 | words[0]) * m;
        if ((uint64_t)product >= rejected || attempt == MOST_ATTEMPTS)
            return (uint64_t)(product >> 64);
    }
}

uint64_t spk__surrogate_below(const spk_random *at, int64_t i, uint32_t word, uint64_t m)
{
    const uint64_t all = UINT64_C(1) << 32;
    if (m > all)
        return try_again(at, i, m);
    const uint64_t product = word * m;
    if ((uint32_t)product < m && (uint32_t)product < all % m)
        return try_again(at, i, m);
    return product >> 32;
}

uint64_t spk__surrogate_offset(const spk_random *at, int64_t i, uint64_t m)
{
    return spk__surrogate_below(at, i, spk__surrogate_word(at, i), m);
}
