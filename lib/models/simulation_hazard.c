/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The rate of a unit along time: drift of its own and co-modulation with its group. A
 * group's process is drawn again for each of its units instead of being kept: draws are
 * counted, so all of them see the same one, and no memory grows with time.
 */
#include "models/simulation_hazard.h"

#include <math.h>

#define TWO_PI 6.283185307179586

static spk__hazard_part start_part(const spk_simulation *s, spk_random random,
                                   double log_sd, double time_s, double step_s,
                                   double frequency_hz)
{
    double fs = s->options.sampling_rate_hz;
    spk__hazard_part part = {.random = random,
                             .log_sd = log_sd,
                             .cosine = 1.0,
                             .step = s->spikes.stop_sample,
                             .stop = s->spikes.stop_sample};
    if (log_sd == 0)
        return part;
    double step = fmax(1.0, floor(step_s * fs));
    if (step < (double)part.step)
        part.step = part.stop = (int64_t)step;
    part.decay = exp(-(double)part.step / (time_s * fs));
    part.value = log_sd * spk_random_normal(&part.random);
    if (frequency_hz > 0) {
        double turn = TWO_PI * frequency_hz * (double)part.step / fs;
        part.cosine = cos(turn);
        part.sine = sin(turn);
        part.beside = log_sd * spk_random_normal(&part.random);
    }
    return part;
}

static void advance_part(spk__hazard_part *part, int64_t n_samples)
{
    double fresh = part->log_sd * sqrt(1.0 - part->decay * part->decay);
    double value = part->decay * part->value;
    if (part->sine == 0) {
        part->value = value + fresh * spk_random_normal(&part->random);
    } else {
        double beside = part->decay * part->beside;
        part->value = part->cosine * value - part->sine * beside +
                      fresh * spk_random_normal(&part->random);
        part->beside = part->sine * value + part->cosine * beside +
                       fresh * spk_random_normal(&part->random);
    }
    part->stop =
        part->step < n_samples - part->stop ? part->stop + part->step : n_samples;
}

static void set_hazard(spk__hazard_walk *walk)
{
    const spk__hazard_part *own = &walk->drift;
    const spk__hazard_part *shared = &walk->shared;
    double drift = own->value - 0.5 * own->log_sd * own->log_sd;
    double wave = walk->sign * shared->value - 0.5 * shared->log_sd * shared->log_sd;
    walk->hazard = walk->base * exp(drift + wave);
    walk->stop = own->stop < shared->stop ? own->stop : shared->stop;
}

spk__hazard_walk spk__hazard_walk_start(const spk_simulation *s, int64_t unit)
{
    const spk_simulation_options *o = &s->options;
    const spk_simulation_unit *traits = &s->units[unit];
    spk_random own = spk__simulation_random(s, unit, SPK__DRAW_DRIFT);
    spk_random shared = {.seed = o->seed,
                         .stream =
                             SPK__DRAW_MODULATION + (uint32_t)traits->modulation_group};
    double step_s = o->modulation_time_s / 20.0;
    if (o->modulation_hz > 0)
        step_s = fmin(step_s, 1.0 / (20.0 * o->modulation_hz));
    spk__hazard_walk walk = {.drift = start_part(s, own, o->drift_sigma, o->drift_time_s,
                                                 o->drift_time_s / 50.0, 0.0),
                             .shared = start_part(s, shared, fabs(traits->modulation),
                                                  o->modulation_time_s, step_s,
                                                  o->modulation_hz),
                             .sign = traits->modulation < 0 ? -1.0 : 1.0,
                             .base = traits->base_rate_hz / o->sampling_rate_hz,
                             .n_samples = s->spikes.stop_sample};
    set_hazard(&walk);
    return walk;
}

int64_t spk__hazard_walk_next(spk__hazard_walk *walk, int64_t from, double spend)
{
    while (from < walk->n_samples) {
        if (from >= walk->stop) {
            int64_t now = walk->stop;
            if (walk->drift.stop == now)
                advance_part(&walk->drift, walk->n_samples);
            if (walk->shared.stop == now)
                advance_part(&walk->shared, walk->n_samples);
            set_hazard(walk);
            continue;
        }
        double wait = floor(spend / walk->hazard);
        if (wait < (double)(walk->stop - from))
            return from + (int64_t)wait;
        spend = fmax(0.0, spend - walk->hazard * (double)(walk->stop - from));
        from = walk->stop;
    }
    return walk->n_samples;
}
