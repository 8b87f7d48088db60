/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SPIKEKIT_RANDOM_H
#define SPIKEKIT_RANDOM_H

#include <spikekit/status.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Counter-based random numbers, Philox4x32-10.
 *
 * A draw is a pure function of (seed, stream, index): no state is shared, any draw can be
 * made on any thread in any order, and two streams never overlap. A draw function uses
 * the draw at `index` and moves index on by one, however many numbers it consumed inside.
 * Draws of different kinds at one index are made of the same bits: give each purpose its
 * own stream or index. The uniform numbers and the bits are the same on every machine,
 * the others up to the last bit of its log, cos, exp and pow.
 *
 * Source: Salmon, Moraes, Dror & Shaw (2011) SC'11, doi:10.1145/2063384.2063405
 */
typedef struct spk_random {
    uint64_t seed;   /**< one number for a whole experiment */
    uint32_t stream; /**< one for each unit, pair or trial */
    uint64_t index;  /**< which draw of the stream comes next */
} spk_random;

/** The 128 bits of one Philox4x32-10 block: `counter` and `key` as in the paper. */
SPK_API void spk_random_block(const uint32_t counter[4], const uint32_t key[2],
                              uint32_t out[4]);

/** Uniform on the open interval (0, 1), 52 bits: never 0, never 1. */
SPK_API double spk_random_uniform(spk_random *random);

/** Standard normal, by the Box-Muller transform; within +-8.6, for want of more bits. */
SPK_API double spk_random_normal(spk_random *random);

/** Exponential with mean 1; above 0, up to 36.8. */
SPK_API double spk_random_exponential(spk_random *random);

/** Gamma with the given shape > 0 and scale 1 (Marsaglia & Tsang 2000); NaN for a shape
 *  that is not positive and finite. Small shapes (0.01 say) often underflow to 0. */
SPK_API double spk_random_gamma(spk_random *random, double shape);

/** Poisson with the given mean, 0 <= mean <= 1e15; -1 outside and for NaN. Inversion
 *  below a mean of 10, transformed rejection (Hormann 1993) from there on. */
SPK_API int64_t spk_random_poisson(spk_random *random, double mean);

#ifdef __cplusplus
}
#endif
#endif
