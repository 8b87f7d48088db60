/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SPIKEKIT_CORRELATION_INFORMATION_CELLS_H
#define SPIKEKIT_CORRELATION_INFORMATION_CELLS_H

#include <stdint.h>

/**
 * Conditional mutual information of counted patterns [bits].
 *
 * counts[m] has, for each set m of n_target + n_source binary variables, how often they all
 * were 1, whatever the others; counts[0] is how often any. Variable 0 is the target's present,
 * 1 .. n_target - 1 its past, the rest the source. Overwritten with how often exactly these
 * were 1. Never below 0; NaN without counts.
 *
 * patterns becomes the occurring patterns of the four entropies, with their signs in
 * H(present, past) - H(past) - H(all) + H(past, source), which that information is.
 */
double spk__information_of(int64_t *counts, int n_target, int n_source,
                           int64_t *patterns);

#endif
