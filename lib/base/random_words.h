/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SPIKEKIT_BASE_RANDOM_WORDS_H
#define SPIKEKIT_BASE_RANDOM_WORDS_H

#include <spikekit/random.h>
#include <stdint.h>

enum {
    SPK__RANDOM_LANES = 16
};

/**
 * Many Philox blocks at once: words 4 b .. 4 b + 3 of `words` are spk_random_block() of the
 * counter {first + b, index low, index high, stream} and the seed as key, bit for bit. n_blocks
 * is a multiple of SPK__RANDOM_LANES. A third of a nanosecond a word where registers are wide.
 */
void spk__random_words(const spk_random *at, uint32_t first, int64_t n_blocks,
                       uint32_t *words);

#endif
