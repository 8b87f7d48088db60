/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Poisson quantiles: from a normal guess outward until the wanted count lies between two, then
 * by halves. Rmath's own qpois() asks for a probability larger by 64 eps than the one it is
 * given.
 */
#include <math.h>
#include <spikekit/distributions.h>

#define LARGEST_COUNT ((int64_t)1 << 53) /* that the tails take */

/* Whether the wanted count is at most this one. */
typedef int (*reached)(int64_t count, double log_probability, double mean);

static int lower_reached(int64_t count, double log_probability, double mean)
{
    return spk_poisson_log_lower(count, mean) >= log_probability;
}

static int upper_reached(int64_t count, double log_probability, double mean)
{
    return spk_poisson_log_upper(count + 1, mean) <= log_probability;
}

/* -1: the count is at least LARGEST_COUNT. */
static int64_t search(reached is_reached, double log_probability, double mean)
{
    int64_t low = (int64_t)mean, high = low, step = 1 + (int64_t)sqrt(mean);
    if (is_reached(low, log_probability, mean)) {
        /* is_reached(high) always, is_reached(low) never; nothing is below 0 */
        for (low = high - step; low >= 0 && is_reached(low, log_probability, mean);
             low -= step *= 2)
            high = low;
        low = low < -1 ? -1 : low;
    } else {
        for (high = low + step; !is_reached(high, log_probability, mean); high += step) {
            if (high == LARGEST_COUNT - 1)
                return -1;
            low = high;
            step *= 2;
            if (step > LARGEST_COUNT - 1 - high)
                step = LARGEST_COUNT - 1 - high;
        }
    }
    while (high - low > 1) {
        const int64_t middle = low + (high - low) / 2;
        if (is_reached(middle, log_probability, mean))
            high = middle;
        else
            low = middle;
    }
    return high;
}

static int in_range(double log_probability, double mean)
{
    return log_probability < 0.0 && isfinite(log_probability) && mean >= 0.0 &&
           mean <= 1e15;
}

int64_t spk_poisson_quantile(double probability, double mean)
{
    const double log_probability = probability > 0.0 ? log(probability) : NAN;
    return in_range(log_probability, mean) ? search(lower_reached, log_probability, mean)
                                           : -1;
}

int64_t spk_poisson_quantile_upper(double log_probability, double mean)
{
    return in_range(log_probability, mean) ? search(upper_reached, log_probability, mean)
                                           : -1;
}
