/* SPDX-License-Identifier: BSD-3-Clause */
/* Trains whose law is known, one unit a table, and tables made by hand. */
#ifndef SPIKEKIT_TESTS_POINT_PROCESSES_H
#define SPIKEKIT_TESTS_POINT_PROCESSES_H

#include <CUnit/CUnit.h>
#include <math.h>
#include <spikekit/random.h>
#include <spikekit/trains.h>
#include <stdlib.h>

/* A table that owns its arrays, and its spikes by unit. */
typedef struct process {
    spk_spikes table;
    int64_t *samples;
    int32_t *units;
    int64_t room;
    spk_trains *trains;
} process;

static inline process process_start(int64_t n_units, double rate_hz, int64_t stop)
{
    process p = {.room = 16};
    p.samples = malloc((size_t)p.room * sizeof *p.samples);
    p.units = malloc((size_t)p.room * sizeof *p.units);
    p.table = (spk_spikes){
        .n_units = n_units, .sampling_rate_hz = rate_hz, .stop_sample = stop};
    return p;
}

static inline void process_add(process *p, int64_t sample, int32_t unit)
{
    if (p->table.n_spikes == p->room) {
        p->room *= 2;
        p->samples = realloc(p->samples, (size_t)p->room * sizeof *p->samples);
        p->units = realloc(p->units, (size_t)p->room * sizeof *p->units);
    }
    p->samples[p->table.n_spikes] = sample;
    p->units[p->table.n_spikes++] = unit;
}

/* Spikes must have been added in order of time. */
static inline void process_group(process *p, const spk_epochs *epochs)
{
    spk_trains_options options;
    spk_trains_options_init(&options, sizeof options);
    options.epochs = epochs;
    p->table.samples = p->samples;
    p->table.units = p->units;
    CU_ASSERT_EQUAL_FATAL(spk_trains_create(NULL, &p->table, &options, &p->trains),
                          SPK_OK);
}

static inline void process_end(process *p)
{
    spk_trains_destroy(p->trains);
    free(p->samples);
    free(p->units);
}

/* One unit of the given spikes. */
static inline process process_of(const int64_t *samples, int64_t n, double rate_hz,
                                 int64_t stop, const spk_epochs *epochs)
{
    process p = process_start(1, rate_hz, stop);
    for (int64_t k = 0; k < n; k++)
        process_add(&p, samples[k], 0);
    process_group(&p, epochs);
    return p;
}

/* A renewal process in equilibrium: gamma intervals of the given order, 1 being Poisson. */
static inline process process_gamma(spk_random *random, double rate, double order,
                                    double duration_s, double rate_hz)
{
    process p = process_start(1, rate_hz, (int64_t)(duration_s * rate_hz));
    /* from long before, so that the start is at random in an interval */
    for (double t = -50.0 / rate; t < duration_s;
         t += spk_random_gamma(random, order) / (order * rate))
        if (t >= 0)
            process_add(&p, (int64_t)(t * rate_hz), 0);
    process_group(&p, NULL);
    return p;
}

#endif
