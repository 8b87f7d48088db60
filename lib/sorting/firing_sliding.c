/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The sum in the window only changes where a spike enters or leaves it. Between such places it
 * is constant, so that the cost is one of spikes and not of bins, of which there are a
 * hundred a second.
 */
#include "sorting/firing_sliding.h"

#include <math.h>
#include <stdint.h>

enum {
    N_PARTS = 10
};

/* The window over one run. */
typedef struct slider {
    const int64_t *t; /* spikes of the run */
    int64_t n_spikes;
    double n_bins;
    double span;
    double width;                /* of the window, in bins */
    int64_t entering, leaving;   /* spikes */
    double enters_at, leaves_at; /* places, INFINITY after the last one */
    double place, sum;
} slider;

static double bin_of(const slider *s, int64_t spike)
{
    const double bin = floor((double)(s->t[spike] - s->t[0]) * s->n_bins / s->span);
    return bin < s->n_bins ? bin : s->n_bins - 1;
}

/* Takes in and lets go what does so at or before this place. */
static void settle(slider *s)
{
    while (s->enters_at <= s->place) {
        s->sum++;
        s->entering++;
        s->enters_at =
            s->entering < s->n_spikes ? bin_of(s, s->entering) - s->width + 1 : INFINITY;
    }
    while (s->leaves_at <= s->place) {
        s->sum--;
        s->leaving++;
        s->leaves_at = s->leaving < s->n_spikes ? bin_of(s, s->leaving) + 1 : INFINITY;
    }
}

/* Adds the sums at the places up to `end`. */
static void walk(slider *s, double end, double *sum, double *squares)
{
    while (s->place < end) {
        const double next = fmin(fmin(s->enters_at, s->leaves_at), end);
        const double length = next - s->place;
        *sum += s->sum * length;
        *squares += s->sum * s->sum * length;
        s->place = next;
        settle(s);
    }
}

spk__sliding_rates spk__sliding_rates_find(const spk_train *train, double rate_hz)
{
    const double window_s = 0.5, bin_s = 0.01;
    double cv = 0, fano = 0, n_parts = 0;
    for (int64_t r = 0; r < train->n_runs; r++) {
        const int64_t first = train->run_offsets[r],
                      n_spikes = train->run_offsets[r + 1] - first;
        if (n_spikes < 2)
            continue;
        slider s = {.t = train->samples + first, .n_spikes = n_spikes};
        s.span = (double)(s.t[n_spikes - 1] - s.t[0]);
        const double n_windows = floor(s.span / rate_hz / window_s);
        s.n_bins = floor(s.span / rate_hz / bin_s);
        s.width = n_windows > 0 ? floor(s.n_bins / n_windows) : INFINITY;
        const double part = floor((s.n_bins - s.width) / N_PARTS);
        if (!(part >= 1))
            continue;
        s.enters_at = 1 - s.width; /* the first spike is in bin 0 */
        s.leaves_at = 1;
        settle(&s);
        for (int p = 0; p < N_PARTS; p++) {
            double sum = 0, squares = 0;
            walk(&s, (p + 1) * part, &sum, &squares);
            const double mean = sum / part, variance = squares / part - mean * mean;
            cv += sqrt(fmax(variance, 0)) / mean; /* no spikes: not a number */
            fano += variance / mean / window_s;
            n_parts++;
        }
    }
    return (spk__sliding_rates){n_parts > 0 ? cv / n_parts : NAN,
                                n_parts > 0 ? fano / n_parts : NAN};
}
