/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * With F(z) the product of the generating functions of all terms, the tilted distribution
 * q_j = F_j exp(theta j) / F(exp(theta)) has its mean at k for the right theta (found by
 * Newton's method on the logarithm of F, which is convex). There
 *
 *     P(S > k) = F(exp(theta)) exp(-theta k) sum_{j > k} q_j exp(-theta (j - k)),
 *
 * a sum of numbers that are not small however small the tail is, so that q is wanted with an
 * absolute error only. It is had in one of two ways, as is cheaper:
 *
 *   product  the tilted pmfs of the terms multiplied out, all numbers positive, ends below
 *            1e-30 dropped. Equal coins make one binomial. Right for small sums.
 *   fourier  the characteristic function of the tilted sum at the N points of a window beyond
 *            which less than 1e-20 lies, summed against the transform of the weights in closed
 *            form. N grows with the standard deviation, but the function has died out after a
 *            few dozen points. Right for large sums.
 *
 * The tail that is the large one is the complement of the other two numbers.
 */
#include "correlation/jitter_tilt.h"

#include <math.h>

static const double WIDEST_PRODUCT = 100.0; /* standard deviations; beyond: Fourier */

/* The largest common step of the values, when there are only dice. */
static int64_t common_step(const spk__jitter_sum *sum)
{
    int64_t step = sum->n_coins > 0 ? 1 : 0;
    for (int64_t i = 0; i < sum->n_dice && step != 1; i++)
        for (int64_t l = 1; l < sum->dice[i].n; l++) {
            int64_t a = step, b = sum->values[sum->dice[i].first + l];
            while (b != 0) {
                const int64_t rest = a % b;
                a = b;
                b = rest;
            }
            step = a;
        }
    return step;
}

/* Mean and variance of the sum above its base, tilted by theta and counted in steps. */
static void tilted_moments(const spk__jitter_sum *sum, int64_t step, double theta,
                           double *mean, double *variance)
{
    const double e = exp(theta), per_step = 1.0 / (double)step;
    double first = 0.0, second = 0.0;
    for (int64_t i = 0; i < sum->n_coins; i++) {
        const spk__jitter_coin *coin = &sum->coins[i];
        const double up = coin->p * e, share = up / (coin->q + up);
        first += (double)coin->m * share;
        second += (double)coin->m * share * (coin->q / (coin->q + up));
    }
    for (int64_t i = 0; i < sum->n_dice; i++) {
        const spk__jitter_die *die = &sum->dice[i];
        const int64_t *values = sum->values + die->first;
        const double *probabilities = sum->probabilities + die->first;
        const double top = theta > 0.0 ? (double)values[die->n - 1] * per_step : 0.0;
        double s0 = 0.0, s1 = 0.0, s2 = 0.0;
        for (int64_t l = 0; l < die->n; l++) {
            const double v = (double)values[l] * per_step;
            const double w = probabilities[l] * exp(theta * (v - top));
            s0 += w;
            s1 += w * v;
            s2 += w * v * v;
        }
        const double mu = s1 / s0;
        first += (double)die->m * mu;
        second += (double)die->m * fmax(s2 / s0 - mu * mu, 0.0);
    }
    *mean = first;
    *variance = second;
}

/* The theta at which the mean is near k, 0 < k < most. */
static double find_tilt(const spk__jitter_sum *sum, int64_t step, double k, double most,
                        double plain_mean)
{
    double widest = 1.0;
    for (int64_t i = 0; i < sum->n_dice; i++) {
        const spk__jitter_die *die = &sum->dice[i];
        widest = fmax(widest, (double)(sum->values[die->first + die->n - 1] / step));
    }
    double low = -690.0, high = 690.0;
    double theta = log(k / plain_mean * ((most - plain_mean) / (most - k))) / widest;
    theta = fmin(fmax(theta, low), high);
    for (int round = 0; round < 200; round++) {
        double mean, variance;
        tilted_moments(sum, step, theta, &mean, &variance);
        const double off = k - mean;
        if (fabs(off) <= 0.125 * sqrt(variance) + 1e-9)
            break;
        if (off > 0.0)
            low = theta;
        else
            high = theta;
        double next = theta + off / variance;
        if (!(next > low && next < high))
            next = 0.5 * (low + high);
        if (next == theta)
            break;
        theta = next;
    }
    return theta;
}

/* ln F(exp(theta)) with powers counted in steps, base left out. */
static double log_total(const spk__jitter_sum *sum, int64_t step, double theta)
{
    double total = 0.0;
    const double growth = expm1(theta), per_step = 1.0 / (double)step;
    for (int64_t i = 0; i < sum->n_coins; i++)
        total += (double)sum->coins[i].m * log1p(sum->coins[i].p * growth);
    for (int64_t i = 0; i < sum->n_dice; i++) {
        const spk__jitter_die *die = &sum->dice[i];
        const int64_t *values = sum->values + die->first;
        const double *probabilities = sum->probabilities + die->first;
        const double top = (double)values[die->n - 1] * per_step;
        if (theta * top > 600.0) {
            double s = probabilities[die->n - 1];
            for (int64_t l = 0; l < die->n - 1; l++)
                s += probabilities[l] * exp(theta * ((double)values[l] * per_step - top));
            total += (double)die->m * (log(s) + theta * top);
        } else {
            double s = 0.0;
            for (int64_t l = 1; l < die->n; l++)
                s += probabilities[l] * expm1(theta * (double)values[l] * per_step);
            total += (double)die->m * log1p(s);
        }
    }
    return total;
}

/* The probabilities of the dice after the tilt. */
static void tilt_dice(spk__jitter_sum *sum, int64_t step, double theta)
{
    for (int64_t i = 0; i < sum->n_dice; i++) {
        const spk__jitter_die *die = &sum->dice[i];
        const int64_t *values = sum->values + die->first;
        double *tilted = sum->tilted + die->first, total = 0.0;
        const double top = theta > 0.0 ? (double)(values[die->n - 1] / step) : 0.0;
        for (int64_t l = 0; l < die->n; l++) {
            tilted[l] = sum->probabilities[die->first + l] *
                        exp(theta * ((double)(values[l] / step) - top));
            total += tilted[l];
        }
        for (int64_t l = 0; l < die->n; l++)
            tilted[l] /= total;
    }
}

/* ---- the tails ---- */

/* Whether the product is likely to be cheaper. */
static int is_narrow(const spk__jitter_sum *sum, int64_t step, int64_t most,
                     double variance, const spk__tilted_window *w)
{
    if (variance > WIDEST_PRODUCT * WIDEST_PRODUCT)
        return 0;
    const double width = fmin((double)most, 24.0 * sqrt(variance) + 24.0) + 1.0;
    double by_product = 0.0, terms = 0.0;
    for (int64_t i = 0; i < sum->n_coins; i++) {
        const spk__jitter_coin *coin = &sum->coins[i];
        const double m = (double)coin->m;
        terms += coin->m < SPK__JITTER_FEW ? 6.0 + 3.0 * m : 60.0;
        by_product += coin->m < SPK__JITTER_FEW
                          ? m * width
                          : width * fmin(m, 24.0 * sqrt(m * coin->p * coin->q) + 24.0);
    }
    for (int64_t i = 0; i < sum->n_dice; i++) {
        const spk__jitter_die *die = &sum->dice[i];
        by_product += (double)die->m * width *
                      (double)(sum->values[die->first + die->n - 1] / step + 1);
        terms += 4.0 * (double)die->n + 3.0 * (double)die->m;
    }
    const double points =
        fmin(0.5 * (double)w->n, 3.0 * (double)w->n / sqrt(variance) + 2.0);
    /* in ns: the product's loops do some four steps in one, each point has its own sines */
    return 0.25 * by_product <= (terms + 200.0) * points;
}

/* k steps above the base, strictly between the least and the most. */
static spk__jitter_tails find_tails(spk__jitter_sum *sum, int64_t step, int64_t k,
                                    int64_t most, spk__jitter_way way, double *work)
{
    double mean, variance, theta = 0.0;
    spk__tilted_tails found;
    spk__jitter_tails tails;
    tilted_moments(sum, step, 0.0, &mean, &variance);
    const double off = (double)k - mean;
    if (fabs(off) > 0.5 * sqrt(variance)) {
        theta = find_tilt(sum, step, (double)k, (double)most, mean);
        tilted_moments(sum, step, theta, &mean, &variance);
    }
    tilt_dice(sum, step, theta);
    const spk__tilted_window w = spk__jitter_window(sum, step, mean, variance, k, most);
    if (way == SPK__JITTER_FOURIER ||
        (way == SPK__JITTER_CHEAPER && !is_narrow(sum, step, most, variance, &w)) ||
        !spk__jitter_product(sum, step, k, theta, work, &found))
        spk__jitter_fourier(sum, step, k, theta, w, &found);
    const double scale =
        theta == 0.0 ? 0.0 : log_total(sum, step, theta) - theta * (double)k;
    tails.log_equal = fmin(scale + log(found.equal), 0.0);
    tails.log_above = fmin(scale + log(found.above), 0.0);
    tails.log_below = fmin(scale + log(found.below), 0.0);
    if (theta > 0.0)
        tails.log_below =
            log1p(-fmin(exp(spk__log_add(tails.log_equal, tails.log_above)), 1.0));
    if (theta < 0.0)
        tails.log_above =
            log1p(-fmin(exp(spk__log_add(tails.log_equal, tails.log_below)), 1.0));
    return tails;
}

/* ln P(S = least) or, with `at_most`, ln P(S = most). */
static double log_end(const spk__jitter_sum *sum, int at_most)
{
    double total = 0.0;
    for (int64_t i = 0; i < sum->n_coins; i++) {
        const spk__jitter_coin *coin = &sum->coins[i];
        const double other = at_most ? coin->q : coin->p;
        total += (double)coin->m *
                 (other < 0.5 ? log1p(-other) : log(at_most ? coin->p : coin->q));
    }
    for (int64_t i = 0; i < sum->n_dice; i++) {
        const spk__jitter_die *die = &sum->dice[i];
        const double *p = sum->probabilities + die->first;
        double others = 0.0;
        for (int64_t l = 1; l < die->n; l++)
            others += p[at_most ? l - 1 : l];
        total += (double)die->m *
                 (others < 0.5 ? log1p(-others) : log(p[at_most ? die->n - 1 : 0]));
    }
    return total;
}

/* ln(1 - exp(x)), x <= 0. */
static double log_rest(double x)
{
    return x > -0.693 ? log(-expm1(x)) : log1p(-exp(x));
}

spk__jitter_tails spk__jitter_sum_tails(spk__jitter_sum *sum, int64_t k,
                                        spk__jitter_way way, double *work)
{
    spk__jitter_tails tails = {-INFINITY, -INFINITY, -INFINITY};
    int64_t least, most;
    spk__jitter_sum_range(sum, &least, &most);
    if (k < least) {
        tails.log_above = 0.0;
    } else if (k > most) {
        tails.log_below = 0.0;
    } else if (least == most) {
        tails.log_equal = 0.0;
    } else if (k == least || k == most) {
        tails.log_equal = log_end(sum, k == most);
        *(k == most ? &tails.log_below : &tails.log_above) = log_rest(tails.log_equal);
    } else {
        const int64_t step = common_step(sum);
        const int64_t up =
            (k - least + step - 1) / step; /* the first multiple not below */
        if (up * step == k - least)
            return find_tails(sum, step, up, (most - least) / step, way, work);
        /* between two values: above is the one and all beyond it */
        const spk__jitter_tails next =
            spk__jitter_sum_tails(sum, least + up * step, way, work);
        tails.log_above = spk__log_add(next.log_equal, next.log_above);
        tails.log_below = next.log_below;
    }
    return tails;
}
