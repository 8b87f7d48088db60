/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Sixteen blocks side by side: the compiler makes vectors of the loop over them, which it does
 * only with the rounds unrolled.
 */
#include "base/random_words.h"

#include "base/dispatch.h"

enum {
    LANES = SPK__RANDOM_LANES,
    ROUNDS = 10
};

SPK__CLONES
static void fill(uint64_t seed, uint64_t index, uint32_t stream, uint32_t first,
                 int64_t n_blocks, uint32_t *restrict out)
{
    for (int64_t b = 0; b < n_blocks; b += LANES) {
        uint32_t word[4][LANES];
        for (int l = 0; l < LANES; l++) {
            uint32_t c0 = first + (uint32_t)(b + l), c1 = (uint32_t)index;
            uint32_t c2 = (uint32_t)(index >> 32), c3 = stream;
            uint32_t k0 = (uint32_t)seed, k1 = (uint32_t)(seed >> 32);
#pragma GCC unroll 10
            for (int round = 0; round < ROUNDS; round++) {
                uint64_t product0 = (uint64_t)UINT32_C(0xD2511F53) * c0;
                uint64_t product1 = (uint64_t)UINT32_C(0xCD9E8D57) * c2;
                c0 = (uint32_t)(product1 >> 32) ^ c1 ^ k0;
                c1 = (uint32_t)product1;
                c2 = (uint32_t)(product0 >> 32) ^ c3 ^ k1;
                c3 = (uint32_t)product0;
                k0 += UINT32_C(0x9E3779B9);
                k1 += UINT32_C(0xBB67AE85);
            }
            word[0][l] = c0;
            word[1][l] = c1;
            word[2][l] = c2;
            word[3][l] = c3;
        }
        for (int l = 0; l < LANES; l++)
            for (int w = 0; w < 4; w++)
                out[4 * (b + l) + w] = word[w][l];
    }
}

void spk__random_words(const spk_random *at, uint32_t first, int64_t n_blocks,
                       uint32_t *words)
{
    fill(at->seed, at->index, at->stream, first, n_blocks, words);
}
