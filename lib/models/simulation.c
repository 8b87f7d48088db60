/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Options, units, wiring, and the order of the steps. Which unit is what and who drives
 * whom is drawn here, sequentially and cheaply; everything that grows with spikes is
 * elsewhere.
 */
#include "models/simulation_state.h"

#include "base/check.h"
#include "base/memory.h"
#include "base/parallel.h"

#include <math.h>
#include <string.h>

void spk_simulation_options_init(spk_simulation_options *options, size_t struct_size)
{
    static const spk_simulation_options defaults = {
        .seed = 1,
        .n_units = 300,
        .duration_s = 1200.0,
        .sampling_rate_hz = 30000.0,
        .rate_median_hz = 4.0,
        .rate_sigma = 1.0,
        .refractory_s = 0.002,
        .burst_share = 0.1,
        .burst_size = 3.0,
        .burst_interval_s = 0.004,
        .drift_sigma = 0.2,
        .drift_time_s = 120.0,
        .connection_share = 0.005,
        .inhibitory_share = 0.2,
        .connection_strength = 0.05,
        .connection_latency_s = 0.002,
        .connection_jitter_s = 0.0003,
        .inhibition_s = 0.01,
        .contamination_max = 0.1,
        .missed_max = 0.1,
        .probe_length_um = 3840.0,
        .connection_sigma = 0.5,
        .modulation_time_s = 0.05,
        .modulation_groups = 1,
        .common_size = 4,
        .common_rate_hz = 5.0,
        .common_strength = 0.2,
        .common_latency_s = 0.003,
        .common_jitter_s = 0.0003,
    };
    if (options == NULL || struct_size < sizeof options->struct_size)
        return;
    memset(options, 0, struct_size);
    memcpy(options, &defaults,
           struct_size < sizeof defaults ? struct_size : sizeof defaults);
    options->struct_size = struct_size;
}

/* Every double field with its range; NaN is outside of any. */
static spk_status check_options(spk_context *ctx, const spk_simulation_options *o)
{
    const struct {
        const char *name;
        double value, low, high;
    } fields[] = {
        {"sampling_rate_hz", o->sampling_rate_hz, 1, 1e9},
        {"rate_median_hz", o->rate_median_hz, 0, 1e5},
        {"rate_sigma", o->rate_sigma, 0, 10},
        {"refractory_s", o->refractory_s, 0, 1},
        {"burst_share", o->burst_share, 0, 1},
        {"burst_size", o->burst_size, 1, 1000},
        {"burst_interval_s", o->burst_interval_s, 0, 1},
        {"drift_sigma", o->drift_sigma, 0, 10},
        {"drift_time_s", o->drift_time_s, 1, 1e9},
        {"connection_share", o->connection_share, 0, 1},
        {"inhibitory_share", o->inhibitory_share, 0, 1},
        {"connection_strength", o->connection_strength, 0, 1},
        {"connection_latency_s", o->connection_latency_s, 0, 1},
        {"connection_jitter_s", o->connection_jitter_s, 0, 1},
        {"inhibition_s", o->inhibition_s, 0, 10},
        {"contamination_max", o->contamination_max, 0, 0.9},
        {"missed_max", o->missed_max, 0, 1},
        {"probe_length_um", o->probe_length_um, 20, 1e6},
        {"connection_sigma", o->connection_sigma, 0, 10},
        {"modulation_sigma", o->modulation_sigma, 0, 10},
        {"modulation_time_s", o->modulation_time_s, 0.001, 1e9},
        {"modulation_hz", o->modulation_hz, 0, 1000},
        {"modulation_opposed", o->modulation_opposed, 0, 1},
        {"common_rate_hz", o->common_rate_hz, 0, 1e5},
        {"common_strength", o->common_strength, 0, 1},
        {"common_latency_s", o->common_latency_s, 0, 1},
        {"common_jitter_s", o->common_jitter_s, 0, 1},
    };
    const struct {
        const char *name;
        int64_t value, low, high;
    } counts[] = {
        {"n_units", o->n_units, 1, 1000000},
        {"modulation_groups", o->modulation_groups, 1, 1000000},
        {"common_groups", o->common_groups, 0, 100000},
        {"common_size", o->common_size, 2, 1000},
    };
    for (size_t f = 0; f < sizeof counts / sizeof counts[0]; f++)
        SPK_REQUIRE(ctx,
                    counts[f].value >= counts[f].low && counts[f].value <= counts[f].high,
                    SPK_ERR_ARGUMENT, "%s must be in %lld .. %lld, got %lld",
                    counts[f].name, (long long)counts[f].low, (long long)counts[f].high,
                    (long long)counts[f].value);
    SPK_REQUIRE(ctx, o->common_groups == 0 || o->common_size <= o->n_units,
                SPK_ERR_ARGUMENT, "common_size must be at most n_units = %lld, got %lld",
                (long long)o->n_units, (long long)o->common_size);
    for (size_t f = 0; f < sizeof fields / sizeof fields[0]; f++)
        SPK_REQUIRE(ctx,
                    fields[f].value >= fields[f].low && fields[f].value <= fields[f].high,
                    SPK_ERR_ARGUMENT, "%s must be in %g .. %g, got %g", fields[f].name,
                    fields[f].low, fields[f].high, fields[f].value);
    SPK_REQUIRE(ctx, o->duration_s > 0 && isfinite(o->duration_s), SPK_ERR_ARGUMENT,
                "duration_s must be positive and finite, got %g", o->duration_s);
    SPK_REQUIRE(ctx, o->duration_s * o->sampling_rate_hz <= 0x1p53, SPK_ERR_OVERFLOW,
                "duration_s * sampling_rate_hz must be at most 2^53 samples, got %g",
                o->duration_s * o->sampling_rate_hz);
    return SPK_OK;
}

int64_t spk__simulation_samples(const spk_simulation *s, double seconds)
{
    return llround(seconds * s->options.sampling_rate_hz);
}

static void draw_unit(spk_simulation *s, int64_t u)
{
    const spk_simulation_options *o = &s->options;
    spk_random random = spk__simulation_random(s, u, SPK__DRAW_TRAITS);
    spk_simulation_unit *unit = &s->units[u];
    spk__simulation_traits *traits = &s->traits[u];
    unit->base_rate_hz =
        o->rate_median_hz * exp(o->rate_sigma * spk_random_normal(&random));
    unit->bursting = spk_random_uniform(&random) < o->burst_share;
    traits->missed = o->missed_max * spk_random_uniform(&random);
    traits->contamination = o->contamination_max * spk_random_uniform(&random);
    unit->x_um = 11.0 + 48.0 * spk_random_uniform(&random);
    unit->depth_um = o->probe_length_um * spk_random_uniform(&random);
    unit->amplitude = 20.0 * exp(0.5 * spk_random_normal(&random));
    traits->inhibitory = spk_random_uniform(&random) < o->inhibitory_share;
    if (o->modulation_sigma > 0) {
        double groups = (double)o->modulation_groups;
        unit->modulation_group = (int32_t)(groups * spk_random_uniform(&random));
        unit->modulation = o->modulation_sigma * (0.5 + spk_random_uniform(&random));
        if (spk_random_uniform(&random) < o->modulation_opposed)
            unit->modulation = -unit->modulation;
    }
}

/* The targets of one source: instead of a coin for each other unit, the geometric
 * number of units to pass over. With connections NULL only counts. */
static int64_t wire_source(const spk_simulation *s, int64_t source,
                           spk_simulation_connection *connections)
{
    const spk_simulation_options *o = &s->options;
    double weight = -log1p(-o->connection_share);
    spk_random random = spk__simulation_random(s, source, SPK__DRAW_WIRING);
    int64_t n = 0;
    for (int64_t place = 0; place < o->n_units - 1; place++) {
        double skip = floor(spk_random_exponential(&random) / weight);
        if (!(skip < (double)(o->n_units - 1 - place)))
            break;
        place += (int64_t)skip;
        double latency = 0.5 + spk_random_uniform(&random);
        double strength =
            s->traits[source].inhibitory
                ? -(0.4 + 0.4 * spk_random_uniform(&random))
                : fmin(1.0, o->connection_strength *
                                exp(o->connection_sigma * spk_random_normal(&random)));
        if (connections != NULL)
            connections[n] = (spk_simulation_connection){
                .source = (int32_t)source,
                .target = (int32_t)(place < source ? place : place + 1),
                .latency_s = latency * o->connection_latency_s,
                .strength = strength,
                .extra_pairs = 0};
        n++;
    }
    return n;
}

spk_status spk__simulation_draw_units(spk_context *ctx, spk_simulation *s)
{
    int64_t n_units = s->options.n_units;
    s->units = spk__alloc_zero(ctx, n_units, sizeof *s->units);
    s->traits = spk__alloc_zero(ctx, n_units, sizeof *s->traits);
    s->input_offsets = spk__alloc_zero(ctx, n_units + 1, sizeof *s->input_offsets);
    if (s->units == NULL || s->traits == NULL || s->input_offsets == NULL)
        return spk__fail_memory(ctx);
    for (int64_t u = 0; u < n_units; u++) {
        draw_unit(s, u);
        s->n_connections += wire_source(s, u, NULL);
    }
    s->connections = spk__alloc(ctx, s->n_connections, sizeof *s->connections);
    s->inputs = spk__alloc(ctx, s->n_connections, sizeof *s->inputs);
    if (s->connections == NULL || s->inputs == NULL)
        return spk__fail_memory(ctx);
    for (int64_t u = 0, n = 0; u < n_units; u++)
        n += wire_source(s, u, s->connections + n);

    /* Counting sort by target; offsets end one place early, then move back. */
    for (int64_t c = 0; c < s->n_connections; c++)
        s->input_offsets[s->connections[c].target + 1]++;
    for (int64_t u = 0; u < n_units; u++)
        s->input_offsets[u + 1] += s->input_offsets[u];
    for (int64_t c = 0; c < s->n_connections; c++)
        s->inputs[s->input_offsets[s->connections[c].target]++] = c;
    memmove(s->input_offsets + 1, s->input_offsets,
            (size_t)n_units * sizeof *s->input_offsets);
    s->input_offsets[0] = 0;
    return spk__simulation_draw_commons(ctx, s);
}

static void free_scratch(spk_simulation *s)
{
    for (int64_t u = 0; u < s->options.n_units; u++) {
        if (s->backgrounds != NULL)
            spk__train_clear(&s->backgrounds[u]);
        if (s->finals != NULL)
            spk__train_clear(&s->finals[u]);
    }
    spk__free(s->backgrounds);
    spk__free(s->finals);
    spk__free(s->traits);
    spk__free(s->input_offsets);
    spk__free(s->inputs);
    spk__free(s->common_offsets);
    spk__free(s->common_of);
    s->backgrounds = NULL;
    s->finals = NULL;
    s->traits = NULL;
    s->input_offsets = NULL;
    s->inputs = NULL;
    s->common_offsets = NULL;
    s->common_of = NULL;
}

spk_status spk_simulation_run(spk_context *ctx, const spk_simulation_options *options,
                              spk_simulation **simulation)
{
    spk_simulation_options o;
    spk_simulation_options_init(&o, sizeof o);
    SPK_REQUIRE(ctx, simulation != NULL, SPK_ERR_ARGUMENT, "simulation must not be NULL");
    if (options != NULL) {
        size_t size = options->struct_size;
        SPK_REQUIRE(ctx, size >= sizeof size, SPK_ERR_ARGUMENT,
                    "struct_size must be set by spk_simulation_options_init(), got %zu",
                    size);
        memcpy(&o, options, size < sizeof o ? size : sizeof o);
        o.struct_size = sizeof o;
    }
    spk_status status = check_options(ctx, &o);
    if (status != SPK_OK)
        return status;

    spk_simulation *s = spk__alloc_zero(ctx, 1, sizeof *s);
    if (s == NULL)
        return spk__fail_memory(ctx);
    s->options = o;
    s->refractory = spk__simulation_samples(s, o.refractory_s);
    if (s->refractory < 1)
        s->refractory = 1;
    int64_t n_samples = spk__simulation_samples(s, o.duration_s);
    s->spikes = (spk_spikes){.n_units = o.n_units,
                             .sampling_rate_hz = o.sampling_rate_hz,
                             .stop_sample = n_samples < 1 ? 1 : n_samples};
    if ((status = spk__simulation_draw_units(ctx, s)) != SPK_OK)
        goto cleanup;
    if ((status = spk__simulation_fire(ctx, s)) != SPK_OK)
        goto cleanup;
    if ((status = spk__simulation_gather(ctx, s)) != SPK_OK)
        goto cleanup;
    free_scratch(s);
    *simulation = s;
    s = NULL;

cleanup:
    spk_simulation_destroy(s);
    return status;
}

void spk_simulation_destroy(spk_simulation *simulation)
{
    if (simulation == NULL)
        return;
    free_scratch(simulation);
    spk__free(simulation->units);
    spk__free(simulation->connections);
    spk__free(simulation->commons);
    spk__free(simulation->samples);
    spk__free(simulation->unit_of);
    spk__free(simulation->amplitudes);
    spk__free(simulation->positions);
    spk__free(simulation->foreign);
    spk__free(simulation);
}

const spk_spikes *spk_simulation_spikes(const spk_simulation *simulation)
{
    return simulation == NULL ? NULL : &simulation->spikes;
}

const spk_simulation_unit *spk_simulation_units(const spk_simulation *simulation)
{
    return simulation == NULL ? NULL : simulation->units;
}

const spk_simulation_connection *
spk_simulation_connections(const spk_simulation *simulation, int64_t *n)
{
    if (n != NULL)
        *n = simulation == NULL ? 0 : simulation->n_connections;
    return simulation == NULL ? NULL : simulation->connections;
}

const spk_simulation_common_input *
spk_simulation_common_inputs(const spk_simulation *simulation, int64_t *n)
{
    if (n != NULL)
        *n = simulation == NULL ? 0 : simulation->n_commons;
    return simulation == NULL ? NULL : simulation->commons;
}

const double *spk_simulation_amplitudes(const spk_simulation *simulation)
{
    return simulation == NULL ? NULL : simulation->amplitudes;
}

const float *spk_simulation_positions(const spk_simulation *simulation)
{
    return simulation == NULL ? NULL : simulation->positions;
}

const uint8_t *spk_simulation_foreign(const spk_simulation *simulation)
{
    return simulation == NULL ? NULL : simulation->foreign;
}
