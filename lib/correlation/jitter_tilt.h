/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SPIKEKIT_CORRELATION_JITTER_TILT_H
#define SPIKEKIT_CORRELATION_JITTER_TILT_H

#include "correlation/jitter_sum.h"

/*
 * The two ways to the sums over a tilted distribution q; see jitter_tails.c. Values are
 * counted in steps above the base of the sum; the dice are tilted already, coins are tilted
 * as they are met.
 */

enum {
    SPK__JITTER_ROOM = SPK__JITTER_WORK / 3, /**< numbers in each array of the product */
    SPK__JITTER_FEW = 8 /**< more coins of a kind are multiplied as a binomial */
};

/** q_k; the sum of q_j exp(-theta (j - k)) over j > k, for theta >= 0; and over j < k, for
 *  theta <= 0. */
typedef struct spk__tilted_tails {
    double equal, above, below;
} spk__tilted_tails;

/** Values first .. first + n - 1, beyond which less than 1e-20 lies. */
typedef struct spk__tilted_window {
    int64_t first, n;
} spk__tilted_window;

/** Bernstein's inequality, with the widest of the terms; k is inside. */
spk__tilted_window spk__jitter_window(const spk__jitter_sum *sum, int64_t step,
                                      double mean, double variance, int64_t k,
                                      int64_t most);

/** Multiplies out. Returns 0 if a factor was too wide for the arrays. */
int spk__jitter_product(const spk__jitter_sum *sum, int64_t step, int64_t k, double theta,
                        double *work, spk__tilted_tails *found);

/** Sums the characteristic function. */
void spk__jitter_fourier(const spk__jitter_sum *sum, int64_t step, int64_t k,
                         double theta, spk__tilted_window w, spk__tilted_tails *found);

#endif
