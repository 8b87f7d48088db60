/* SPDX-License-Identifier: BSD-3-Clause */
/* What the tests of the simulator share: its spikes by unit, a test of uniformity. */
#ifndef SPIKEKIT_TESTS_SIMULATED_TRAINS_H
#define SPIKEKIT_TESTS_SIMULATED_TRAINS_H

#include <CUnit/CUnit.h>
#include <math.h>
#include <spikekit/simulation.h>
#include <stdlib.h>

/* A simulation with its spikes by unit. */
typedef struct trains {
    spk_simulation *simulation;
    const spk_spikes *table;
    int64_t *offsets; /* [n_units + 1] */
    int64_t *samples; /* [n_spikes] */
    uint8_t *foreign; /* [n_spikes] */
} trains;

static inline trains run_trains(const spk_simulation_options *o)
{
    trains t = {0};
    CU_ASSERT_EQUAL_FATAL(spk_simulation_run(NULL, o, &t.simulation), SPK_OK);
    t.table = spk_simulation_spikes(t.simulation);
    size_t n = (size_t)t.table->n_spikes;
    int64_t *indices = malloc((n + 1) * sizeof *indices);
    t.offsets = malloc((size_t)(t.table->n_units + 1) * sizeof *t.offsets);
    t.samples = malloc((n + 1) * sizeof *t.samples);
    t.foreign = malloc(n + 1);
    CU_ASSERT_EQUAL_FATAL(spk_spikes_group(NULL, t.table, t.offsets, t.samples, indices),
                          SPK_OK);
    for (size_t k = 0; k < n; k++)
        t.foreign[k] = spk_simulation_foreign(t.simulation)[indices[k]];
    free(indices);
    return t;
}

static inline void end_trains(trains *t)
{
    free(t->offsets);
    free(t->samples);
    free(t->foreign);
    spk_simulation_destroy(t->simulation);
}

/* Everything off but Poisson firing with a dead time of 60 samples. */
static inline spk_simulation_options plain_options(int64_t n_units, double duration_s,
                                                   double rate_hz)
{
    spk_simulation_options o;
    spk_simulation_options_init(&o, sizeof o);
    o.n_units = n_units;
    o.duration_s = duration_s;
    o.rate_median_hz = rate_hz;
    o.rate_sigma = o.drift_sigma = 0;
    o.burst_share = o.connection_share = o.contamination_max = o.missed_max = 0;
    o.connection_jitter_s = 0;
    return o;
}

enum {
    R = 60
};

static inline int compare_doubles(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Largest distance of n probabilities from uniform, times sqrt(n); above 1.95 in 1 of
 * 1000. */
static inline double kolmogorov(double *p, int64_t n)
{
    qsort(p, (size_t)n, sizeof *p, compare_doubles);
    double largest = 0;
    for (int64_t k = 0; k < n; k++) {
        largest = fmax(largest, fabs(p[k] - (double)k / (double)n));
        largest = fmax(largest, fabs(p[k] - (double)(k + 1) / (double)n));
    }
    return largest * sqrt((double)n);
}

/* A seed for which two units have exactly one connection. */
static inline void seek_one_connection(spk_simulation_options *o)
{
    spk_simulation_options brief = *o;
    brief.duration_s = 0.001;
    for (o->seed = 1;; o->seed++) {
        spk_simulation *s = NULL;
        int64_t n = 0;
        brief.seed = o->seed;
        CU_ASSERT_EQUAL_FATAL(spk_simulation_run(NULL, &brief, &s), SPK_OK);
        (void)spk_simulation_connections(s, &n);
        spk_simulation_destroy(s);
        if (n == 1)
            return;
    }
}

/* Pairs from source to target with first <= lag < stop; `squares` (may be NULL) sums the
 * square of each target spike's share in them. */
static inline double count_pairs(const trains *t, spk_simulation_connection c,
                                 int64_t first, int64_t stop, double *squares)
{
    double n = 0;
    int64_t from = t->offsets[c.source];
    for (int64_t k = t->offsets[c.target]; k < t->offsets[c.target + 1]; k++) {
        int64_t target = t->samples[k];
        while (from < t->offsets[c.source + 1] && t->samples[from] <= target - stop)
            from++;
        double here = 0;
        for (int64_t i = from; i < t->offsets[c.source + 1]; i++) {
            if (t->samples[i] > target - first)
                break;
            here++;
        }
        n += here;
        if (squares != NULL)
            *squares += here * here;
    }
    return n;
}

/* Whether [first, stop) holds a spike of train u. */
static inline int has_spike(const trains *t, int64_t u, int64_t first, int64_t stop)
{
    int64_t low = t->offsets[u];
    int64_t high = t->offsets[u + 1];
    while (low < high) {
        int64_t middle = low + (high - low) / 2;
        if (t->samples[middle] < first)
            low = middle + 1;
        else
            high = middle;
    }
    return low < t->offsets[u + 1] && t->samples[low] < stop;
}

#endif
