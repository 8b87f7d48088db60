/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The sum in the window only changes where a spike enters or leaves it. Between such places it
 * is constant, so that the cost is one of spikes and not of bins, of which there are a
 * hundred a second.
 */
#include "sorting/firing_sliding.h"

#include <float.h>
#include <math.h>
#include <stdint.h>

enum {
    N_PARTS = 10
};

static const double most_bins = 1e15; /* exact in a double */

/* The window over one run. Places are bins; INT64_MAX after the last spike. */
typedef struct slider {
    const int64_t *t; /* spikes of the run */
    int64_t n_spikes;
    int64_t n_bins;
    double bins_per_sample;
    int64_t width;             /* of the window, in bins */
    int64_t entering, leaving; /* spikes */
    int64_t enters_at, leaves_at;
    int64_t place, sum;
} slider;

static inline int64_t bin_of(const slider *s, int64_t spike)
{
    const int64_t bin = (int64_t)((double)(s->t[spike] - s->t[0]) * s->bins_per_sample);
    return bin < s->n_bins ? bin : s->n_bins - 1;
}

/* Takes in and lets go what does so at or before this place. */
static inline void settle(slider *s)
{
    while (s->enters_at <= s->place) {
        s->sum++;
        s->entering++;
        s->enters_at =
            s->entering < s->n_spikes ? bin_of(s, s->entering) - s->width + 1 : INT64_MAX;
    }
    while (s->leaves_at <= s->place) {
        s->sum--;
        s->leaving++;
        s->leaves_at = s->leaving < s->n_spikes ? bin_of(s, s->leaving) + 1 : INT64_MAX;
    }
}

/* Adds the sums at the places up to `end`. */
static void walk(slider *state, int64_t end, double *sum, double *squares)
{
    slider s = *state; /* in registers */
    while (s.place < end) {
        int64_t next = s.enters_at < s.leaves_at ? s.enters_at : s.leaves_at;
        next = next < end ? next : end;
        const double length = (double)(next - s.place), value = (double)s.sum;
        *sum += value * length;
        *squares += value * value * length;
        s.place = next;
        settle(&s);
    }
    *state = s;
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
        const double span = (double)(s.t[n_spikes - 1] - s.t[0]);
        const double n_windows = floor(span / rate_hz / window_s);
        const double n_bins = floor(span / rate_hz / bin_s);
        if (n_windows < 1 || n_bins > most_bins)
            continue;
        s.n_bins = (int64_t)n_bins;
        /* Rounded up a little, so that a spike on an edge is not below it. */
        s.bins_per_sample = n_bins / span * (1 + 8 * DBL_EPSILON);
        s.width = (int64_t)(n_bins / n_windows);
        const int64_t part = (s.n_bins - s.width) / N_PARTS;
        if (part < 1)
            continue;
        s.enters_at = 1 - s.width; /* the first spike is in bin 0 */
        s.leaves_at = 1;
        settle(&s);
        for (int p = 0; p < N_PARTS; p++) {
            double sum = 0, squares = 0;
            walk(&s, (p + 1) * part, &sum, &squares);
            const double mean = sum / (double)part,
                         variance = squares / (double)part - mean * mean;
            cv += sqrt(fmax(variance, 0)) / mean; /* no spikes: not a number */
            fano += variance / mean / window_s;
            n_parts++;
        }
    }
    return (spk__sliding_rates){n_parts > 0 ? cv / n_parts : NAN,
                                n_parts > 0 ? fano / n_parts : NAN};
}
