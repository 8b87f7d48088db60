/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The tilted distribution by its characteristic function. Of the many terms that come once or
 * a few times the complex numbers themselves are multiplied, some dozens at a time; logarithms
 * are for the others.
 */
#include "correlation/jitter_tilt.h"

#include <math.h>

/* The logarithm of a term's characteristic function at omega, 1 minus which is
 * (1 - real) - i imaginary. */
typedef struct log_term {
    double modulus, phase;
} log_term;

static log_term coin_log(double p, double q, double less, double sine)
{
    /* less = 1 - cos omega */
    return (log_term){0.5 * log1p(-2.0 * p * q * less), atan2(p * sine, 1.0 - p * less)};
}

static log_term die_log(const int64_t *values, const double *p, int64_t n, int64_t step,
                        double omega)
{
    double less = 0.0, sine = 0.0;
    for (int64_t l = 1; l < n; l++) {
        const double angle = omega * (double)(values[l] / step), half = sin(0.5 * angle);
        less += p[l] * 2.0 * half * half;
        sine += p[l] * sin(angle);
    }
    const double real = 1.0 - less, square = real * real + sine * sine;
    return (log_term){square > 0.5 ? 0.5 * log1p(sine * sine - less * (2.0 - less))
                                   : 0.5 * log(square),
                      atan2(sine, real)};
}

enum {
    N_ANGLES = 64,    /* multiples of omega whose cosine and sine are kept */
    FEW_DICE = 16,    /* more of a kind go by their logarithm */
    FOLDED_AFTER = 32 /* terms */
};

/* A product on its way: modulus and phase of what is folded, and the rest as it is. */
typedef struct running_product {
    double modulus, phase;
    double real, imaginary;
    int n;
} running_product;

/* A product that has sunk below every double is taken as 0: nothing here is wanted that
 * precisely. */
static void fold(running_product *made)
{
    const double square = made->real * made->real + made->imaginary * made->imaginary;
    made->modulus += square > 0.0 ? 0.5 * log(square) : -INFINITY;
    made->phase += atan2(made->imaginary, made->real);
    made->real = 1.0;
    made->imaginary = 0.0;
    made->n = 0;
}

static void multiply(running_product *made, double real, double imaginary, int64_t times)
{
    for (int64_t i = 0; i < times; i++) {
        const double was = made->real;
        made->real = was * real - made->imaginary * imaginary;
        made->imaginary = was * imaginary + made->imaginary * real;
    }
    if (++made->n == FOLDED_AFTER)
        fold(made);
}

static void multiply_coins(const spk__jitter_sum *sum, double e, double less, double sine,
                           running_product *made)
{
    for (int64_t i = 0; i < sum->n_coins; i++) {
        const spk__jitter_coin *coin = &sum->coins[i];
        const double both = coin->q + coin->p * e, p = coin->p * e / both;
        if (coin->m < SPK__JITTER_FEW) {
            multiply(made, 1.0 - p * less, p * sine, coin->m);
        } else {
            const log_term term = coin_log(p, coin->q / both, less, sine);
            made->modulus += (double)coin->m * term.modulus;
            made->phase += (double)coin->m * term.phase;
        }
    }
    fold(made);
}

static void multiply_dice(const spk__jitter_sum *sum, int64_t step, double omega,
                          double lowest, running_product *made)
{
    double cosines[N_ANGLES], sines[N_ANGLES];
    int64_t n_angles = 0; /* found when they are needed */
    for (int64_t i = 0; i < sum->n_dice && made->modulus >= lowest; i++) {
        const spk__jitter_die *die = &sum->dice[i];
        const int64_t *values = sum->values + die->first;
        const double *p = sum->tilted + die->first;
        const int64_t top = values[die->n - 1] / step;
        if (top < N_ANGLES && die->m <= FEW_DICE) {
            double real = 0.0, imaginary = 0.0;
            for (; n_angles <= top; n_angles++) {
                cosines[n_angles] = cos(omega * (double)n_angles);
                sines[n_angles] = sin(omega * (double)n_angles);
            }
            for (int64_t l = 0; l < die->n; l++) {
                const int64_t v = step == 1 ? values[l] : values[l] / step;
                real += p[l] * cosines[v];
                imaginary += p[l] * sines[v];
            }
            multiply(made, real, imaginary, die->m);
        } else {
            const log_term term = die_log(values, p, die->n, step, omega);
            made->modulus += (double)die->m * term.modulus;
            made->phase += (double)die->m * term.phase;
        }
    }
    fold(made);
}

/* Bernstein's inequality, with the widest of the terms. */
spk__tilted_window spk__jitter_window(const spk__jitter_sum *sum, int64_t step,
                                      double mean, double variance, int64_t k,
                                      int64_t most)
{
    const double nothing = 46.0; /* 1e-20 */
    double widest = 1.0;
    for (int64_t i = 0; i < sum->n_dice; i++) {
        const spk__jitter_die *die = &sum->dice[i];
        widest = fmax(widest, (double)(sum->values[die->first + die->n - 1] / step));
    }
    const double slope = widest * nothing / 3.0;
    const double reach = slope + sqrt(slope * slope + 2.0 * nothing * variance);
    int64_t first = 0, last = most;
    if (mean - reach > 0.0)
        first = (int64_t)floor(mean - reach);
    if (mean + reach < (double)most)
        last = (int64_t)ceil(mean + reach);
    first = k < first ? k : first;
    last = k > last ? k : last;
    return (spk__tilted_window){first, last - first + 1};
}

/* The real part of E (r + r^2 + .. + r^n), r = exp(-fade - i omega), E = size exp(i angle);
 * less = 1 - cos omega. */
static double weighted(double size, double angle, double fade, double omega, double less,
                       double sine, int64_t n)
{
    if (n <= 0)
        return 0.0;
    const double shrink = exp(-fade), rest = exp(-fade * (double)n);
    const double turn = omega * (double)n, half = sin(0.5 * turn);
    /* 1 - r and 1 - r^n, without loss where they are small */
    const double below_real = -expm1(-fade) + shrink * less,
                 below_imaginary = shrink * sine;
    const double up_real = -expm1(-fade * (double)n) + rest * 2.0 * half * half;
    const double up_imaginary = rest * sin(turn);
    const double square = below_real * below_real + below_imaginary * below_imaginary;
    if (square == 0.0)
        return size * cos(angle) * (double)n;
    /* (1 - r^n) / (1 - r), times r */
    const double real = (up_real * below_real + up_imaginary * below_imaginary) / square;
    const double imaginary =
        (up_imaginary * below_real - up_real * below_imaginary) / square;
    const double at = angle - omega;
    return size * shrink * (real * cos(at) - imaginary * sin(at));
}

void spk__jitter_fourier(const spk__jitter_sum *sum, int64_t step, int64_t k,
                         double theta, spk__tilted_window w, spk__tilted_tails *found)
{
    const double two_pi = 6.283185307179586, e = exp(theta), lowest = -60.0;
    const double per_point = 1.0 / (double)w.n;
    spk__tilted_tails sums = {0.0, 0.0, 0.0};
    for (int64_t point = 0; 2 * point <= w.n; point++) {
        const double omega = two_pi * (double)point * per_point;
        const double half = sin(0.5 * omega), less = 2.0 * half * half, sine = sin(omega);
        running_product made = {0.0, 0.0, 1.0, 0.0, 0};
        multiply_coins(sum, e, less, sine, &made);
        /* that of the coins falls all the way, and no term is above 0 */
        if (made.modulus < lowest)
            break;
        multiply_dice(sum, step, omega, lowest, &made);
        if (made.modulus < lowest)
            continue;
        /* the points from the other half of the circle are the conjugates of these */
        const double size =
            (point == 0 || 2 * point == w.n ? 1.0 : 2.0) * per_point * exp(made.modulus);
        const double angle = made.phase - omega * (double)k;
        sums.equal += size * cos(angle);
        if (theta >= 0.0)
            sums.above +=
                weighted(size, angle, theta, omega, less, sine, w.first + w.n - 1 - k);
        if (theta <= 0.0)
            sums.below += weighted(size, -angle, -theta, omega, less, sine, k - w.first);
    }
    *found = (spk__tilted_tails){fmax(sums.equal, 0.0), fmax(sums.above, 0.0),
                                 fmax(sums.below, 0.0)};
}
