/* SPDX-License-Identifier: BSD-3-Clause */
/* Random and adversarial events and spikes, and counts by the definition. */
#ifndef SPIKEKIT_TESTS_ALIGNED_ORACLE_H
#define SPIKEKIT_TESTS_ALIGNED_ORACLE_H

#include <spikekit/alignment.h>
#include <spikekit/random.h>
#include <stdint.h>
#include <stdlib.h>

enum {
    ALIGNED_UNITS = 4,
    ALIGNED_SPIKES = 400,
    ALIGNED_EVENTS = 30
};

typedef struct aligned_case {
    int64_t samples[ALIGNED_SPIKES];
    int32_t units[ALIGNED_SPIKES];
    int64_t events[ALIGNED_EVENTS];
    int64_t epoch_starts[3], epoch_stops[3];
    spk_epochs epochs;
    spk_spikes spikes;
    spk_alignment_options options;
} aligned_case;

static inline int64_t aligned_below(spk_random *random, int64_t n)
{
    return (int64_t)(spk_random_uniform(random) * (double)n);
}

/* Spikes often simultaneous, events often on spikes and edges, some outside; unit 3 silent. */
static inline void aligned_case_make(aligned_case *c, uint64_t seed)
{
    spk_random random = {.seed = seed};
    const int64_t origin = seed % 3 == 0 ? -700 : seed % 3 == 1 ? 0 : (int64_t)1 << 60;
    int64_t at = 0;
    for (int i = 0; i < ALIGNED_SPIKES; i++) {
        at += aligned_below(&random, 3) == 0 ? 0 : aligned_below(&random, 8);
        c->samples[i] = origin + at;
        c->units[i] = (int32_t)aligned_below(&random, 3);
    }
    c->epoch_starts[0] = origin + 20;
    c->epoch_stops[0] = c->epoch_starts[1] = origin + at / 3;
    c->epoch_stops[1] = origin + at / 2;
    c->epoch_starts[2] = origin + at / 2 + 40;
    c->epoch_stops[2] = origin + at + 300;
    c->epochs = (spk_epochs){3, c->epoch_starts, c->epoch_stops};
    for (int e = 0; e < ALIGNED_EVENTS; e++)
        c->events[e] = origin + aligned_below(&random, at + 60) - 30;
    c->events[3] = c->events[9];
    c->events[4] = c->samples[100];
    c->events[5] = c->epoch_starts[1];
    c->events[6] = c->epoch_starts[1] - 1;
    c->spikes = (spk_spikes){.n_spikes = ALIGNED_SPIKES,
                             .n_units = ALIGNED_UNITS,
                             .samples = c->samples,
                             .units = c->units,
                             .sampling_rate_hz = 1000,
                             .start_sample = origin,
                             .stop_sample = origin + at + 1};
    spk_alignment_options_init(&c->options, sizeof c->options);
    c->options.start_s = (double)(aligned_below(&random, 100) - 70) / 1000.0;
    c->options.bin_s = (double)(1 + aligned_below(&random, 12)) / 1000.0;
    c->options.stop_s =
        c->options.start_s + c->options.bin_s * (double)(1 + aligned_below(&random, 9));
    c->options.epochs = seed % 2 == 0 ? &c->epochs : NULL;
}

/* Whether sample s is seen from an event: both in the recording and in one epoch. */
static inline int aligned_sees(const aligned_case *c, int64_t event, int64_t s)
{
    const spk_epochs *epochs = c->options.epochs;
    if (event < c->spikes.start_sample || event >= c->spikes.stop_sample ||
        s < c->spikes.start_sample || s >= c->spikes.stop_sample)
        return 0;
    for (int64_t e = 0; epochs != NULL && e < epochs->n_epochs; e++)
        if (event >= epochs->starts[e] && event < epochs->stops[e])
            return s >= epochs->starts[e] && s < epochs->stops[e];
    return epochs == NULL;
}

/* Counts [events][units][bins] and exposure [events][bins], sample by sample. */
static inline void aligned_by_definition(const aligned_case *c,
                                         const spk_alignment_window *w, int32_t *counts,
                                         int64_t *exposure)
{
    for (int e = 0; e < ALIGNED_EVENTS; e++)
        for (int64_t b = 0; b < w->n_bins; b++) {
            const int64_t from = c->events[e] + w->first_sample + b * w->bin_samples;
            exposure[e * w->n_bins + b] = 0;
            for (int64_t s = from; s < from + w->bin_samples; s++)
                exposure[e * w->n_bins + b] += aligned_sees(c, c->events[e], s);
            for (int u = 0; u < ALIGNED_UNITS; u++) {
                int32_t n = 0;
                for (int i = 0; i < ALIGNED_SPIKES; i++)
                    n += c->units[i] == u && c->samples[i] >= from &&
                         c->samples[i] < from + w->bin_samples &&
                         aligned_sees(c, c->events[e], c->samples[i]);
                counts[(e * ALIGNED_UNITS + u) * w->n_bins + b] = n;
            }
        }
}

#endif
