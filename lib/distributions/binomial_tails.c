/* SPDX-License-Identifier: BSD-3-Clause */
/* Through the beta distribution, whose function in Rmath is pure; a bad argument, of which it
 * would complain on the terminal, never gets there. */
#include "distributions/binomial_tails.h"

#include <math.h>

#define MATHLIB_STANDALONE
#include <Rmath.h>

static double tail(double count, double trials, double chance, int lower, int is_log)
{
    if (!(chance >= 0 && chance <= 1) || !(trials >= 0) || isinf(trials) || isnan(count))
        return NAN;
    if (count < 0 || count >= trials) {
        const double p = (count < 0) == !lower;
        return is_log ? log(p) : p;
    }
    return pbeta(chance, count + 1, trials - count, !lower, is_log);
}

double spk__binomial_lower(double count, double trials, double chance)
{
    return tail(count, trials, chance, 1, 0);
}

double spk__binomial_log_lower(double count, double trials, double chance)
{
    return tail(count, trials, chance, 1, 1);
}

double spk__binomial_upper(double count, double trials, double chance)
{
    return tail(count, trials, chance, 0, 0);
}
