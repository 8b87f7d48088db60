/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SPIKEKIT_CORRELATION_JITTER_SUM_H
#define SPIKEKIT_CORRELATION_JITTER_SUM_H

#include <spikekit/context.h>
#include <stdint.h>

/*
 * The exact distribution of a sum of independent whole numbers, each with a few values. The
 * number of coincidences under interval jitter is one: a term is a jittered spike (or a
 * window), its value the pairs it makes.
 */

/** m independent terms that are 1 with probability p and 0 with q = 1 - p. */
typedef struct spk__jitter_coin {
    double p, q;
    int64_t m;
} spk__jitter_coin;

/** m independent terms that have value[first + i] with probability[first + i]; values rise
 *  from 0. */
typedef struct spk__jitter_die {
    int64_t first, n, m;
} spk__jitter_die;

/** All zero is an empty sum. Keeps its memory when cleared. */
typedef struct spk__jitter_sum {
    int64_t base; /**< what is certain */
    int64_t n_coins, coins_room;
    spk__jitter_coin *coins;
    int64_t n_dice, dice_room;
    spk__jitter_die *dice;
    int64_t n_levels, levels_room;
    int64_t *values;
    double *probabilities;
    double *tilted; /**< [levels_room] work */
} spk__jitter_sum;

void spk__jitter_sum_clear(spk__jitter_sum *sum);
void spk__jitter_sum_free(spk__jitter_sum *sum);

/** Adds m terms that are 1 in `weight` of `total` equally likely cases, 0 otherwise. */
spk_status spk__jitter_sum_add_coin(spk_context *ctx, spk__jitter_sum *sum,
                                    int64_t weight, int64_t total, int64_t m);

/** Adds m terms that are values[i] in weights[i] cases; values rise, weights are positive. */
spk_status spk__jitter_sum_add_die(spk_context *ctx, spk__jitter_sum *sum,
                                   const int64_t *values, const double *weights,
                                   int64_t n, int64_t m);

/** Natural logarithms of probabilities. */
typedef struct spk__jitter_tails {
    double log_equal; /**< P(S = k) */
    double log_above; /**< P(S > k) */
    double log_below; /**< P(S < k) */
} spk__jitter_tails;

/** How the distribution is found: as is cheaper, or one of the two ways, for tests. */
typedef enum spk__jitter_way {
    SPK__JITTER_CHEAPER = 0,
    SPK__JITTER_PRODUCT = 1,
    SPK__JITTER_FOURIER = 2
} spk__jitter_way;

void spk__jitter_sum_moments(const spk__jitter_sum *sum, double *mean, double *variance);

/** The smallest and the largest value. */
void spk__jitter_sum_range(const spk__jitter_sum *sum, int64_t *least, int64_t *most);

enum {
    SPK__JITTER_WORK = 3 * 16384 /**< numbers of work space */
};

/** The probabilities of k, and of more and of less than k.
 *  @param[out] work  [SPK__JITTER_WORK] */
spk__jitter_tails spk__jitter_sum_tails(spk__jitter_sum *sum, int64_t k,
                                        spk__jitter_way way, double *work);

/** ln(exp(a) + exp(b)). */
double spk__log_add(double a, double b);

#endif
