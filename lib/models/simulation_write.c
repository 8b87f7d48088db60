/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The phy folder and the truth beside it. truth.json goes last: a folder that has it is
 * whole.
 */
#include "models/simulation_state.h"

#include "base/check.h"
#include "base/memory.h"

#include <math.h>
#include <spikekit/json.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* Neuropixels 1.0: rows of two channels, 20 um apart, every other one 16 um aside. */
static void place_channels(double *positions, int64_t n_rows)
{
    for (int64_t row = 0; row < n_rows; row++) {
        double shift = row % 2 == 0 ? 0.0 : 16.0;
        double y = 20.0 * (double)row;
        memcpy(&positions[4 * row], (double[4]){43.0 + shift, y, 11.0 + shift, y},
               4 * sizeof *positions);
    }
}

typedef struct number_field {
    const char *name;
    double value;
} number_field;

static spk_status set_numbers(spk_context *ctx, spk_json *json, int64_t n,
                              const number_field *fields)
{
    for (int64_t f = 0; f < n; f++) {
        spk_status status =
            spk_json_set_number(ctx, json, fields[f].name, fields[f].value);
        if (status != SPK_OK)
            return status;
    }
    return SPK_OK;
}

typedef struct integer_field {
    const char *name;
    int64_t value;
} integer_field;

static spk_status set_integers(spk_context *ctx, spk_json *json, int64_t n,
                               const integer_field *fields)
{
    for (int64_t f = 0; f < n; f++) {
        spk_status status =
            spk_json_set_integer(ctx, json, fields[f].name, fields[f].value);
        if (status != SPK_OK)
            return status;
    }
    return SPK_OK;
}

#define COUNT(fields) ((int64_t)(sizeof(fields) / sizeof(fields)[0]))

/* An object of these fields, at the end of an array of the truth. */
static spk_status append_object(spk_context *ctx, spk_json *truth, const char *array,
                                int64_t n_integers, const integer_field *integers,
                                int64_t n_numbers, const number_field *numbers)
{
    spk_json *object = NULL;
    spk_status status;
    if ((status = spk_json_create(ctx, &object)) != SPK_OK)
        return status;
    if ((status = set_integers(ctx, object, n_integers, integers)) != SPK_OK)
        goto cleanup;
    if ((status = set_numbers(ctx, object, n_numbers, numbers)) != SPK_OK)
        goto cleanup;
    status = spk_json_append_object(ctx, truth, array, object);

cleanup:
    spk_json_destroy(object);
    return status;
}

static spk_status add_options(spk_context *ctx, spk_json *truth,
                              const spk_simulation_options *o)
{
    const number_field numbers[] = {
        {"duration_s", o->duration_s},
        {"sampling_rate_hz", o->sampling_rate_hz},
        {"rate_median_hz", o->rate_median_hz},
        {"rate_sigma", o->rate_sigma},
        {"refractory_s", o->refractory_s},
        {"burst_share", o->burst_share},
        {"burst_size", o->burst_size},
        {"burst_interval_s", o->burst_interval_s},
        {"drift_sigma", o->drift_sigma},
        {"drift_time_s", o->drift_time_s},
        {"connection_share", o->connection_share},
        {"inhibitory_share", o->inhibitory_share},
        {"connection_strength", o->connection_strength},
        {"connection_latency_s", o->connection_latency_s},
        {"connection_jitter_s", o->connection_jitter_s},
        {"inhibition_s", o->inhibition_s},
        {"contamination_max", o->contamination_max},
        {"missed_max", o->missed_max},
        {"probe_length_um", o->probe_length_um},
        {"connection_sigma", o->connection_sigma},
        {"modulation_sigma", o->modulation_sigma},
        {"modulation_time_s", o->modulation_time_s},
        {"modulation_hz", o->modulation_hz},
        {"modulation_opposed", o->modulation_opposed},
        {"common_rate_hz", o->common_rate_hz},
        {"common_strength", o->common_strength},
        {"common_latency_s", o->common_latency_s},
        {"common_jitter_s", o->common_jitter_s},
    };
    const integer_field integers[] = {
        {"n_units", o->n_units},
        {"modulation_groups", o->modulation_groups},
        {"common_groups", o->common_groups},
        {"common_size", o->common_size},
    };
    spk_json *object = NULL;
    spk_status status;
    if ((status = spk_json_create(ctx, &object)) != SPK_OK)
        return status;
    if (o->seed <= INT64_MAX) {
        status = spk_json_set_integer(ctx, object, "seed", (int64_t)o->seed);
    } else {
        char text[24];
        snprintf(text, sizeof text, "%llu", (unsigned long long)o->seed);
        status = spk_json_set_text(ctx, object, "seed", text);
    }
    if (status != SPK_OK)
        goto cleanup;
    if ((status = set_integers(ctx, object, COUNT(integers), integers)) != SPK_OK)
        goto cleanup;
    if ((status = set_numbers(ctx, object, COUNT(numbers), numbers)) != SPK_OK)
        goto cleanup;
    status = spk_json_set_object(ctx, truth, "options", object);

cleanup:
    spk_json_destroy(object);
    return status;
}

static spk_status add_unit(spk_context *ctx, spk_json *truth, int64_t index,
                           const spk_simulation_unit *unit)
{
    const number_field numbers[] = {
        {"base_rate_hz", unit->base_rate_hz},
        {"contamination", unit->contamination},
        {"missed", unit->missed},
        {"x_um", unit->x_um},
        {"depth_um", unit->depth_um},
        {"amplitude", unit->amplitude},
        {"modulation", unit->modulation},
    };
    const integer_field integers[] = {
        {"unit", index},
        {"n_true_spikes", unit->n_true_spikes},
        {"n_missed", unit->n_missed},
        {"n_foreign", unit->n_foreign},
        {"bursting", unit->bursting},
        {"modulation_group", unit->modulation_group},
    };
    return append_object(ctx, truth, "units", COUNT(integers), integers, COUNT(numbers),
                         numbers);
}

static spk_status add_connection(spk_context *ctx, spk_json *truth,
                                 const spk_simulation_connection *connection)
{
    const integer_field integers[] = {{"source", connection->source},
                                      {"target", connection->target}};
    const number_field numbers[] = {{"latency_s", connection->latency_s},
                                    {"strength", connection->strength},
                                    {"extra_pairs", connection->extra_pairs}};
    return append_object(ctx, truth, "connections", COUNT(integers), integers,
                         COUNT(numbers), numbers);
}

static spk_status add_common_input(spk_context *ctx, spk_json *truth,
                                   const spk_simulation_common_input *common)
{
    const integer_field integers[] = {
        {"group", common->group}, {"unit", common->unit}, {"n_extra", common->n_extra}};
    const number_field numbers[] = {{"latency_s", common->latency_s},
                                    {"strength", common->strength}};
    return append_object(ctx, truth, "common_inputs", COUNT(integers), integers,
                         COUNT(numbers), numbers);
}

static spk_status write_truth(spk_context *ctx, const char *path, const spk_simulation *s)
{
    const integer_field sizes[] = {{"n_samples", s->spikes.stop_sample},
                                   {"n_spikes", s->spikes.n_spikes}};
    spk_json *truth = NULL;
    spk_status status;
    if ((status = spk_json_create(ctx, &truth)) != SPK_OK)
        return status;
    if ((status = add_options(ctx, truth, &s->options)) != SPK_OK)
        goto cleanup;
    if ((status = set_integers(ctx, truth, COUNT(sizes), sizes)) != SPK_OK)
        goto cleanup;
    for (int64_t u = 0; u < s->options.n_units; u++)
        if ((status = add_unit(ctx, truth, u, &s->units[u])) != SPK_OK)
            goto cleanup;
    /* No connections are an empty array, as few are a short one. */
    if (s->n_connections == 0)
        status = spk_json_set_integers(ctx, truth, "connections", 0, NULL);
    for (int64_t c = 0; c < s->n_connections && status == SPK_OK; c++)
        status = add_connection(ctx, truth, &s->connections[c]);
    if (s->n_commons == 0 && status == SPK_OK)
        status = spk_json_set_integers(ctx, truth, "common_inputs", 0, NULL);
    for (int64_t i = 0; i < s->n_commons && status == SPK_OK; i++)
        status = add_common_input(ctx, truth, &s->commons[i]);
    if (status == SPK_OK)
        status = spk_json_write(ctx, path, truth);

cleanup:
    spk_json_destroy(truth);
    return status;
}

spk_status spk_simulation_write(spk_context *ctx, const char *folder,
                                const spk_simulation *simulation, int32_t overwrite)
{
    SPK_REQUIRE(ctx, folder != NULL, SPK_ERR_ARGUMENT, "folder must not be NULL");
    SPK_REQUIRE(ctx, simulation != NULL, SPK_ERR_ARGUMENT, "simulation must not be NULL");
    const spk_simulation *s = simulation;
    int64_t n_rows = (int64_t)(s->options.probe_length_um / 20.0);
    size_t path_size = strlen(folder) + sizeof "/truth.json";
    double *channels = spk__alloc(ctx, 4 * n_rows, sizeof *channels);
    const char **labels = spk__alloc(ctx, s->options.n_units, sizeof *labels);
    char *path = spk__alloc(ctx, (int64_t)path_size, 1);
    spk__simulation_templates templates = {0};
    spk_status status;
    if (channels == NULL || labels == NULL || path == NULL) {
        status = spk__fail_memory(ctx);
        goto cleanup;
    }
    snprintf(path, path_size, "%s/truth.json", folder);
    struct stat information;
    if (!overwrite && stat(path, &information) == 0) {
        status = spk__fail(ctx, SPK_ERR_IO, "%s: expected no such file, found one", path);
        goto cleanup;
    }
    place_channels(channels, n_rows);
    for (int64_t u = 0; u < s->options.n_units; u++)
        labels[u] = s->units[u].contamination <= 0.1 ? "good" : "mua";

    spk_phy_extras extras;
    spk_phy_extras_init(&extras, sizeof extras);
    extras.amplitudes = s->amplitudes;
    extras.spike_positions_um = s->positions;
    extras.channel_positions_um = channels;
    extras.n_channels = 2 * n_rows;
    extras.labels = labels;
    if (n_rows > 0) {
        status = spk__simulation_make_templates(ctx, s, 2 * n_rows, channels, &templates);
        if (status != SPK_OK)
            goto cleanup;
        extras.templates = templates.waveforms;
        extras.template_channels = templates.channels;
        extras.n_template_samples = templates.n_samples;
        extras.n_template_channels = templates.n_local;
    }
    if ((status = spk_phy_write(ctx, folder, &s->spikes, NULL, &extras, overwrite)) !=
        SPK_OK)
        goto cleanup;
    status = write_truth(ctx, path, s);

cleanup:
    spk__free(templates.waveforms);
    spk__free(templates.channels);
    spk__free(path);
    spk__free(labels);
    spk__free(channels);
    return status;
}
