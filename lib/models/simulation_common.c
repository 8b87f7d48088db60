/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Common input from sources that nobody records, and what connections add or take in
 * pairs. The train of a source is drawn again for each unit of its group: draws are
 * counted, so it is the same one, and need not be kept.
 */
#include "models/simulation_state.h"

#include "base/check.h"
#include "base/memory.h"

#include <math.h>

/* Each unit in turn, with the chance that leaves common_size of n_units chosen evenly. */
static void draw_group(spk_simulation *s, int64_t group)
{
    const spk_simulation_options *o = &s->options;
    spk_random random = {.seed = o->seed,
                         .stream = SPK__DRAW_COMMON_SOURCE + (uint32_t)group};
    random.index = (uint64_t)1 << 63; /* the first draws are the source's spikes */
    spk_simulation_common_input *next = &s->commons[group * o->common_size];
    int64_t wanted = o->common_size;
    for (int64_t u = 0; u < o->n_units && wanted > 0; u++) {
        double left = (double)(o->n_units - u);
        if (left * spk_random_uniform(&random) >= (double)wanted)
            continue;
        *next++ = (spk_simulation_common_input){.group = (int32_t)group,
                                                .unit = (int32_t)u,
                                                .latency_s = o->common_latency_s *
                                                             spk_random_uniform(&random),
                                                .strength = o->common_strength};
        wanted--;
    }
}

spk_status spk__simulation_draw_commons(spk_context *ctx, spk_simulation *s)
{
    int64_t n_units = s->options.n_units;
    s->n_commons = s->options.common_groups * s->options.common_size;
    s->commons = spk__alloc(ctx, s->n_commons, sizeof *s->commons);
    s->common_of = spk__alloc(ctx, s->n_commons, sizeof *s->common_of);
    s->common_offsets = spk__alloc_zero(ctx, n_units + 1, sizeof *s->common_offsets);
    if (s->commons == NULL || s->common_of == NULL || s->common_offsets == NULL)
        return spk__fail_memory(ctx);
    for (int64_t g = 0; g < s->options.common_groups; g++)
        draw_group(s, g);

    /* Counting sort by unit, from the back, so that offsets end at the first. */
    for (int64_t i = 0; i < s->n_commons; i++)
        s->common_offsets[s->commons[i].unit]++;
    for (int64_t u = 0; u < n_units; u++)
        s->common_offsets[u + 1] += s->common_offsets[u];
    for (int64_t i = s->n_commons - 1; i >= 0; i--)
        s->common_of[--s->common_offsets[s->commons[i].unit]] = i;
    return SPK_OK;
}

spk_status spk__simulation_add_due(spk_context *ctx, const spk_simulation *s,
                                   spk__due_spikes *due, int64_t sample, int64_t input)
{
    if (sample < 0 || sample >= s->spikes.stop_sample)
        return SPK_OK;
    if (due->n == due->capacity) {
        int64_t capacity = due->capacity + due->capacity / 8 + 16;
        spk__due_spike *items = spk__realloc(ctx, due->items, capacity, sizeof *items);
        if (items == NULL)
            return spk__fail_memory(ctx);
        due->items = items;
        due->capacity = capacity;
    }
    due->items[due->n++] = (spk__due_spike){.sample = sample, .input = input};
    return SPK_OK;
}

spk_status spk__simulation_collect_common(spk_context *ctx, const spk_simulation *s,
                                          int64_t unit, spk__due_spikes *due)
{
    const spk_simulation_options *o = &s->options;
    double fs = o->sampling_rate_hz;
    double hazard = o->common_rate_hz / fs;
    double length = (double)s->spikes.stop_sample;
    for (int64_t i = s->common_offsets[unit]; i < s->common_offsets[unit + 1]; i++) {
        int64_t input = s->common_of[i];
        const spk_simulation_common_input *common = &s->commons[input];
        spk_random source = {.seed = o->seed,
                             .stream = SPK__DRAW_COMMON_SOURCE + (uint32_t)common->group};
        spk_random own = {.seed = o->seed,
                          .stream = SPK__DRAW_COMMON_INPUT + (uint32_t)input};
        double spent = 0;
        while ((spent += spk_random_exponential(&source)) < hazard * length) {
            if (spk_random_uniform(&own) >= common->strength)
                continue;
            double jitter = o->common_jitter_s * spk_random_normal(&own);
            int64_t delay = llround((common->latency_s + jitter) * fs);
            int64_t t = (int64_t)(spent / hazard) + delay;
            spk_status status =
                spk__simulation_add_due(ctx, s, due, t, s->n_connections + input);
            if (status != SPK_OK)
                return status;
        }
    }
    return SPK_OK;
}

void spk__simulation_count_taken(spk_simulation *s, int64_t unit)
{
    const spk__train *target = &s->backgrounds[unit];
    int64_t length = spk__simulation_samples(s, s->options.inhibition_s);
    for (int64_t i = s->input_offsets[unit]; i < s->input_offsets[unit + 1]; i++) {
        spk_simulation_connection *c = &s->connections[s->inputs[i]];
        if (c->strength >= 0)
            continue;
        const spk__train *source = &s->backgrounds[c->source];
        int64_t onset = spk__simulation_samples(s, c->latency_s);
        onset = onset < 1 ? 1 : onset;
        int64_t first = 0, n_left = 0;
        for (int64_t k = 0; k < target->n; k++) {
            if (target->removed[k])
                continue;
            int64_t acting = target->samples[k] - onset;
            while (first < source->n && source->samples[first] <= acting - length)
                first++;
            for (int64_t j = first; j < source->n && source->samples[j] <= acting; j++)
                n_left += source->removed == NULL || !source->removed[j];
        }
        c->extra_pairs = c->strength / (1.0 + c->strength) * (double)n_left;
    }
}
