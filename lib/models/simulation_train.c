/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Steps 1 to 4 of simulation.h. A background is drawn spike by spike: the unit
 * exponential that is left is spent along the steps of the drift, so nothing is thinned.
 * The steps are separate loops over units since each reads other units' results of the
 * one before.
 */
#include "models/simulation_hazard.h"
#include "models/simulation_state.h"

#include "base/check.h"
#include "base/memory.h"
#include "base/parallel.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

spk_status spk__train_reserve(spk_context *ctx, spk__train *train, int64_t n)
{
    if (n <= train->capacity)
        return SPK_OK;
    int64_t *samples = spk__realloc(ctx, train->samples, n, sizeof *samples);
    if (samples == NULL)
        return spk__fail_memory(ctx);
    train->samples = samples;
    train->capacity = n;
    return SPK_OK;
}

spk_status spk__train_append(spk_context *ctx, spk__train *train, int64_t sample)
{
    if (train->n == train->capacity) {
        spk_status status =
            spk__train_reserve(ctx, train, train->capacity + train->capacity / 8 + 16);
        if (status != SPK_OK)
            return status;
    }
    train->samples[train->n++] = sample;
    return SPK_OK;
}

void spk__train_clear(spk__train *train)
{
    spk__free(train->samples);
    spk__free(train->removed);
    *train = (spk__train){0};
}

static spk_status fire_background(spk_context *ctx, spk_simulation *s, int64_t unit)
{
    const spk_simulation_options *o = &s->options;
    spk__train *train = &s->backgrounds[unit];
    spk_random random = spk__simulation_random(s, unit, SPK__DRAW_TRAIN);
    spk__hazard_walk walk = spk__hazard_walk_start(s, unit);
    int64_t n_samples = walk.n_samples;
    double follow = s->units[unit].bursting ? 1.0 - 1.0 / o->burst_size : 0.0;
    double burst_samples = o->burst_interval_s * o->sampling_rate_hz;

    /* Room for the mean and six standard deviations of a train without drift: a guess, so
     * that most units never grow. */
    double interval = (double)s->refractory + follow * burst_samples +
                      (1.0 - follow) / fmax(walk.base, 1e-300);
    double expected = (double)n_samples / interval;
    spk_status status =
        spk__train_reserve(ctx, train, (int64_t)(expected + 6.0 * sqrt(expected)) + 16);
    if (status != SPK_OK)
        return status;

    int64_t spike = spk__hazard_walk_next(&walk, 0, spk_random_exponential(&random));
    while (spike < n_samples) {
        if ((status = spk__train_append(ctx, train, spike)) != SPK_OK)
            return status;
        int64_t from = spike + s->refractory;
        if (follow > 0 && spk_random_uniform(&random) < follow) {
            double wait = floor(spk_random_exponential(&random) * burst_samples);
            spike = from + (int64_t)wait;
        } else {
            spike = spk__hazard_walk_next(&walk, from, spk_random_exponential(&random));
        }
    }
    return SPK_OK;
}

static spk_status inhibit(spk_context *ctx, spk_simulation *s, int64_t unit)
{
    spk__train *train = &s->backgrounds[unit];
    spk_random random = spk__simulation_random(s, unit, SPK__DRAW_INHIBITION);
    int64_t length = spk__simulation_samples(s, s->options.inhibition_s);
    for (int64_t i = s->input_offsets[unit]; i < s->input_offsets[unit + 1]; i++) {
        const spk_simulation_connection *c = &s->connections[s->inputs[i]];
        if (c->strength >= 0)
            continue;
        if (train->removed == NULL) {
            train->removed = spk__alloc_zero(ctx, train->n, sizeof *train->removed);
            if (train->removed == NULL)
                return spk__fail_memory(ctx);
        }
        const spk__train *source = &s->backgrounds[c->source];
        int64_t onset = spk__simulation_samples(s, c->latency_s);
        if (onset < 1)
            onset = 1;
        int64_t reached = 0; /* source spikes that have begun to act */
        for (int64_t k = 0; k < train->n; k++) {
            int64_t acting = train->samples[k] - onset;
            while (reached < source->n && source->samples[reached] <= acting)
                reached++;
            if (reached > 0 && acting - source->samples[reached - 1] < length &&
                spk_random_uniform(&random) < -c->strength)
                train->removed[k] = 1;
        }
    }
    return SPK_OK;
}

static int compare_due(const void *a, const void *b)
{
    const spk__due_spike *x = a;
    const spk__due_spike *y = b;
    if (x->sample != y->sample)
        return (x->sample > y->sample) - (x->sample < y->sample);
    return (x->input > y->input) - (x->input < y->input);
}

/* The extra spikes due in one unit, from all its inputs, in order of time. */
static spk_status collect_due(spk_context *ctx, const spk_simulation *s, int64_t unit,
                              spk__due_spikes *due)
{
    double fs = s->options.sampling_rate_hz;
    spk_random random = spk__simulation_random(s, unit, SPK__DRAW_EXCITATION);
    spk_status status;
    for (int64_t i = s->input_offsets[unit]; i < s->input_offsets[unit + 1]; i++) {
        const spk_simulation_connection *c = &s->connections[s->inputs[i]];
        if (c->strength < 0)
            continue;
        const spk__train *source = &s->backgrounds[c->source];
        double weight = -log1p(-c->strength);
        double skip = floor(spk_random_exponential(&random) / weight);
        for (int64_t k = 0; k < source->n; k++) {
            if (source->removed != NULL && source->removed[k])
                continue;
            if (skip >= 1) {
                skip -= 1;
                continue;
            }
            double jitter = s->options.connection_jitter_s * spk_random_normal(&random);
            int64_t delay = llround((c->latency_s + jitter) * fs);
            int64_t t = source->samples[k] + (delay < 1 ? 1 : delay);
            skip = floor(spk_random_exponential(&random) / weight);
            if ((status = spk__simulation_add_due(ctx, s, due, t, s->inputs[i])) !=
                SPK_OK)
                return status;
        }
    }
    if ((status = spk__simulation_collect_common(ctx, s, unit, due)) != SPK_OK)
        return status;
    if (due->n > 1)
        qsort(due->items, (size_t)due->n, sizeof *due->items, compare_due);
    return SPK_OK;
}

/* An input belongs to one unit, so no two workers count for the same one. */
static void count_extra(spk_simulation *s, int64_t input)
{
    if (input < s->n_connections)
        s->connections[input].extra_pairs++;
    else
        s->commons[input - s->n_connections].n_extra++;
}

static spk_status excite(spk_context *ctx, spk_simulation *s, int64_t unit,
                         spk__train *fired)
{
    const spk__train *own = &s->backgrounds[unit];
    spk__due_spikes due = {0};
    spk_status status = collect_due(ctx, s, unit, &due);
    if (status == SPK_OK)
        status = spk__train_reserve(ctx, fired, own->n + due.n);
    if (status != SPK_OK)
        goto cleanup;

    /* Merge; the last of `fired` is the nearest spike before a due one, of any kind. */
    for (int64_t k = 0, d = 0; k < own->n || d < due.n;) {
        if (k < own->n && own->removed != NULL && own->removed[k]) {
            k++;
        } else if (k < own->n && (d == due.n || own->samples[k] <= due.items[d].sample)) {
            fired->samples[fired->n++] = own->samples[k++];
        } else {
            int64_t t = due.items[d].sample;
            int free_before =
                fired->n == 0 || t - fired->samples[fired->n - 1] >= s->refractory;
            int free_after = k == own->n || own->samples[k] - t >= s->refractory;
            if (free_before && free_after) {
                fired->samples[fired->n++] = t;
                count_extra(s, due.items[d].input);
            }
            d++;
        }
    }

cleanup:
    spk__free(due.items);
    return status;
}

static spk_status sort_spikes(spk_context *ctx, spk_simulation *s, int64_t unit,
                              const spk__train *fired)
{
    spk_random random = spk__simulation_random(s, unit, SPK__DRAW_SORTER);
    const spk__simulation_traits *traits = &s->traits[unit];
    spk_simulation_unit *truth = &s->units[unit];
    spk__train *final = &s->finals[unit];
    double share = traits->contamination;
    int64_t n_missed = llround(traits->missed * (double)fired->n);
    int64_t n_kept = fired->n - n_missed;
    int64_t n_foreign = llround((double)n_kept * share / (1.0 - share));
    spk_status status = spk__train_reserve(ctx, final, n_kept + n_foreign);
    if (status != SPK_OK)
        return status;

    /* n + 1 exponential spacings give n sorted uniform times; the draws are made twice
     * instead of kept. */
    spk_random spacings = spk__simulation_random(s, unit, SPK__DRAW_FOREIGN);
    spk_random again = spacings;
    double total = 0;
    for (int64_t k = 0; k <= n_foreign; k++)
        total += spk_random_exponential(&spacings);
    double so_far = 0;
    int64_t last = s->spikes.stop_sample - 1;
    double scale = (double)s->spikes.stop_sample / total;

    int64_t to_miss = n_missed;
    int64_t k = 0;
    for (int64_t f = 0; f <= n_foreign; f++) {
        int64_t t = INT64_MAX;
        if (f < n_foreign) {
            so_far += spk_random_exponential(&again);
            t = (int64_t)(so_far * scale);
            t = t > last ? last : t;
        }
        for (; k < fired->n && fired->samples[k] <= t; k++) {
            double left = (double)(fired->n - k);
            if (to_miss > 0 && left * spk_random_uniform(&random) < (double)to_miss)
                to_miss--;
            else
                final->samples[final->n++] = 2 * fired->samples[k];
        }
        if (f < n_foreign)
            final->samples[final->n++] = 2 * t + 1;
    }
    assert(to_miss == 0 && final->n == n_kept + n_foreign);
    truth->n_true_spikes = fired->n;
    truth->n_missed = n_missed;
    truth->n_foreign = n_foreign;
    truth->missed = fired->n > 0 ? (double)n_missed / (double)fired->n : NAN;
    truth->contamination = final->n > 0 ? (double)n_foreign / (double) final->n : NAN;
    return SPK_OK;
}

typedef struct fire_job {
    spk_context *ctx;
    spk_simulation *s;
} fire_job;

static spk_status run_background(void *state, int64_t task, int32_t worker)
{
    fire_job *job = state;
    (void)worker;
    return fire_background(job->ctx, job->s, task);
}

static spk_status run_inhibit(void *state, int64_t task, int32_t worker)
{
    fire_job *job = state;
    (void)worker;
    return inhibit(job->ctx, job->s, task);
}

static spk_status run_finish(void *state, int64_t task, int32_t worker)
{
    fire_job *job = state;
    spk__train fired = {0};
    (void)worker;
    spk_status status = excite(job->ctx, job->s, task, &fired);
    if (status == SPK_OK)
        status = sort_spikes(job->ctx, job->s, task, &fired);
    spk__simulation_count_taken(job->s, task);
    spk__train_clear(&fired);
    return status;
}

/* Of the spikes that a unit fired, the share in the session. */
static double share_kept(const spk_simulation *s, int64_t unit)
{
    return s->units[unit].n_true_spikes > 0 ? 1.0 - s->units[unit].missed : 1.0;
}

spk_status spk__simulation_fire(spk_context *ctx, spk_simulation *s)
{
    fire_job job = {.ctx = ctx, .s = s};
    int64_t n_units = s->options.n_units;
    s->backgrounds = spk__alloc_zero(ctx, n_units, sizeof *s->backgrounds);
    s->finals = spk__alloc_zero(ctx, n_units, sizeof *s->finals);
    if (s->backgrounds == NULL || s->finals == NULL)
        return spk__fail_memory(ctx);
    spk_status status;
    if ((status = spk__parallel_for(ctx, n_units, run_background, &job, "firing")) !=
        SPK_OK)
        return status;
    if ((status = spk__parallel_for(ctx, n_units, run_inhibit, &job, NULL)) != SPK_OK)
        return status;
    if ((status = spk__parallel_for(ctx, n_units, run_finish, &job, "sorting")) != SPK_OK)
        return status;
    for (int64_t u = 0; u < n_units; u++)
        spk__train_clear(&s->backgrounds[u]);
    for (int64_t c = 0; c < s->n_connections; c++) {
        spk_simulation_connection *connection = &s->connections[c];
        connection->extra_pairs *=
            share_kept(s, connection->source) * share_kept(s, connection->target);
    }
    return SPK_OK;
}
