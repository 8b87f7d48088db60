/* SPDX-License-Identifier: BSD-3-Clause */
/* Through the beta distribution, whose function in Rmath is pure; a bad argument, of which it
 * would complain on the terminal, never gets there. */
#include "distributions/binomial_tails.h"

#include <math.h>

#define MATHLIB_STANDALONE
#include <Rmath.h>

static double tail(double count, double trials, double chance, int lower)
{
    if (!(chance >= 0 && chance <= 1) || !(trials >= 0) || isinf(trials) || isnan(count))
        return NAN;
    if (count < 0)
        return lower ? 0 : 1;
    if (count >= trials)
        return lower ? 1 : 0;
    return pbeta(chance, count + 1, trials - count, !lower, 0);
}

double spk__binomial_lower(double count, double trials, double chance)
{
    return tail(count, trials, chance, 1);
}

double spk__binomial_upper(double count, double trials, double chance)
{
    return tail(count, trials, chance, 0);
}
