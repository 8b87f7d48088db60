/* SPDX-License-Identifier: BSD-3-Clause */
/* Many Philox blocks at once are the blocks one by one. */
#include "base/random_words.h"
#include "suite.h"

static void equal_single_blocks(void)
{
    static const spk_random places[] = {
        {0, 0, 0},
        {0x0123456789abcdef, 7, 5},
        {UINT64_MAX, UINT32_MAX, UINT64_MAX},
        {1, 2, (uint64_t)1 << 63},
    };
    static const uint32_t firsts[] = {0, 1, 77, UINT32_MAX - 20};
    for (size_t p = 0; p < sizeof places / sizeof places[0]; p++)
        for (int64_t n = SPK__RANDOM_LANES; n <= 5 * SPK__RANDOM_LANES;
             n += 2 * SPK__RANDOM_LANES) {
            uint32_t words[4 * 5 * SPK__RANDOM_LANES + 1];
            const uint32_t first = firsts[p];
            words[4 * n] = 12345;
            spk__random_words(&places[p], first, n, words);
            CU_ASSERT_EQUAL(words[4 * n], 12345);
            for (int64_t b = 0; b < n; b++) {
                const uint32_t counter[4] = {
                    first + (uint32_t)b, (uint32_t)places[p].index,
                    (uint32_t)(places[p].index >> 32), places[p].stream};
                const uint32_t key[2] = {(uint32_t)places[p].seed,
                                         (uint32_t)(places[p].seed >> 32)};
                uint32_t out[4];
                spk_random_block(counter, key, out);
                CU_ASSERT_EQUAL(memcmp(out, words + 4 * b, sizeof out), 0);
            }
        }
}

static const suite_test tests[] = {
    {"equal single blocks", equal_single_blocks},
};
SUITE_MAIN("random_words", tests)
