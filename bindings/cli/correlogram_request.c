/* SPDX-License-Identifier: BSD-3-Clause */
/* From the command line to a request: which units, pairs, rows and bins, and how large a count can
 * be. All of it comes from the whole table, so that every shard decides alike. */
#include "correlogram_request.h"
#include "pairs_argument.h"
#include "window_argument.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char NAME[] = "correlogram";

static int fail_memory(void)
{
    command_say(NAME, "not enough memory");
    return COMMAND_FAILED;
}

static int parse_normalization(const char *text, int32_t *normalization)
{
    static const char *const names[] = {"count", "rate", "conditional-rate", "pearson"};
    for (int32_t i = 0; i < (int32_t)(sizeof names / sizeof names[0]); i++) {
        if (strcmp(names[i], text) == 0) {
            *normalization = i;
            return COMMAND_OK;
        }
    }
    return command_fail_usage(
        NAME,
        "--normalization: expected count, rate, conditional-rate or pearson, found '%s'",
        text);
}

static int check_together(const correlogram_arguments *a)
{
    const int chosen = (a->pairs != NULL) + (a->near_um >= 0.0) + (a->automatic != 0) +
                       (a->against != NULL);
    if (chosen > 1)
        return command_fail_usage(
            NAME, "--auto, --near, --pairs and --against exclude each other");
    if (a->pairs != NULL && strcmp(a->units, "all") != 0)
        return command_fail_usage(NAME, "--pairs names the units; leave out --units");
    if (!(a->memory_gb >= 0.0))
        return command_fail_usage(NAME, "--memory-gb: expected 0 or more, found %g",
                                  a->memory_gb);
    return COMMAND_OK;
}

/* ---- units ---- */

/* Indices and ids of some places of the selection. */
static int list_side(const correlogram_request *request, const int64_t *places, int64_t n,
                     int32_t **indices, int64_t **ids)
{
    *indices = malloc(((size_t)n + 1) * sizeof **indices);
    *ids = malloc(((size_t)n + 1) * sizeof **ids);
    if (*indices == NULL || *ids == NULL)
        return fail_memory();
    for (int64_t i = 0; i < n; i++) {
        (*indices)[i] = unit_selection_index(&request->selection, places[i]);
        (*ids)[i] = request->selection.unit_ids[(*indices)[i]];
    }
    return COMMAND_OK;
}

static int choose_populations(correlogram_request *request)
{
    int64_t *a = NULL, *b = NULL, *both = NULL;
    int64_t n_a = 0, n_b = 0;
    int code =
        unit_selection_parse(NAME, request->session, request->arguments->units, &a, &n_a);
    if (code == COMMAND_OK)
        code = unit_selection_parse(NAME, request->session, request->arguments->against,
                                    &b, &n_b);
    if (code != COMMAND_OK)
        goto cleanup;
    both = malloc(((size_t)n_a + (size_t)n_b + 1) * sizeof *both);
    if (both == NULL) {
        code = fail_memory();
        goto cleanup;
    }
    for (int64_t i = 0; i < n_a + n_b; i++)
        both[i] = i < n_a ? a[i] : b[i - n_a];
    const int64_t n = places_make_distinct(both, n_a + n_b);
    code =
        unit_selection_make_places(NAME, request->session, both, n, &request->selection);
    if (code == COMMAND_OK)
        code = list_side(request, a, n_a, &request->references, &request->reference_ids);
    if (code == COMMAND_OK)
        code = list_side(request, b, n_b, &request->targets, &request->target_ids);
    request->options.references = request->references;
    request->options.n_references = n_a;
    request->options.targets = request->targets;
    request->options.n_targets = n_b;
cleanup:
    free(a);
    free(b);
    free(both);
    return code;
}

static int choose_units(correlogram_request *request)
{
    const correlogram_arguments *a = request->arguments;
    int code = COMMAND_OK;
    if (a->pairs != NULL)
        code = pairs_argument_parse(NAME, request->session, a->pairs, &request->selection,
                                    &request->pairs, &request->n_pairs);
    else if (a->against != NULL)
        code = choose_populations(request);
    else
        code = unit_selection_make(NAME, request->session, a->units, &request->selection);
    if (code == COMMAND_OK && a->near_um >= 0.0)
        code =
            pairs_argument_near(NAME, request->ctx, request->session, &request->selection,
                                a->near_um, &request->pairs, &request->n_pairs);
    if (code != COMMAND_OK)
        return code;

    const int64_t n_units = request->selection.spikes.n_units;
    request->layout = a->automatic                            ? CORRELOGRAM_AUTO
                      : a->pairs != NULL || a->near_um >= 0.0 ? CORRELOGRAM_PAIRS
                                                              : CORRELOGRAM_CUBE;
    request->n_columns = 1;
    if (request->layout == CORRELOGRAM_AUTO) {
        request->n_rows = n_units;
    } else if (request->layout == CORRELOGRAM_PAIRS) {
        request->n_rows = request->n_pairs;
    } else {
        const int64_t n_references =
            request->references != NULL ? request->options.n_references : n_units;
        const int64_t n_targets =
            request->targets != NULL ? request->options.n_targets : n_units;
        const int swapped = request->options.convention == SPK_CORRELOGRAM_SPIKEINTERFACE;
        request->n_rows = swapped ? n_targets : n_references;
        request->n_columns = swapped ? n_references : n_targets;
    }
    request->first =
        shard_argument_edge(request->n_rows, request->shard - 1, request->n_shards);
    request->last =
        shard_argument_edge(request->n_rows, request->shard, request->n_shards);
    return COMMAND_OK;
}

/* ---- the largest count there can be ---- */

/* The most spikes in any stretch of `width` samples, which rise. */
static int64_t most_within(const int64_t *samples, int64_t n, int64_t width)
{
    int64_t most = 0;
    for (int64_t s = 0, first = 0; s < n; s++) {
        /* differences of times are taken as unsigned, which cannot overflow */
        while ((uint64_t)samples[s] - (uint64_t)samples[first] > (uint64_t)width)
            first++;
        if (s - first + 1 > most)
            most = s - first + 1;
    }
    return most;
}

/* A count is at most the spikes of the reference times the most that the target has within
 * one bin. First with the spikes of all units together for the target, which needs no
 * grouping and settles nearly every case. */
static int choose_dtype(correlogram_request *request)
{
    const spk_spikes *spikes = &request->selection.spikes;
    const int pynapple = request->options.convention == SPK_CORRELOGRAM_PYNAPPLE;
    /* Conventions that work in seconds may move a spike by a sample at either side. */
    const int64_t width =
        2 + (pynapple ? (int64_t)ceil(request->options.bin_s * spikes->sampling_rate_hz)
                      : request->options.bin_samples);
    request->dtype = SPK_DTYPE_INT64;
    int64_t *offsets = malloc(((size_t)spikes->n_units + 2) * sizeof *offsets);
    int64_t *samples = NULL;
    if (offsets == NULL)
        return fail_memory();
    spk_status status = spk_spikes_group(request->ctx, spikes, offsets, NULL, NULL);
    int64_t most_spikes = 0;
    for (int64_t u = 0; status == SPK_OK && u < spikes->n_units; u++)
        if (offsets[u + 1] - offsets[u] > most_spikes)
            most_spikes = offsets[u + 1] - offsets[u];
    int64_t most = 0;
    if (status == SPK_OK)
        most = most_within(spikes->samples, spikes->n_spikes, width);
    if (status == SPK_OK && most_spikes > 0 && most > INT32_MAX / most_spikes) {
        samples = malloc(((size_t)spikes->n_spikes + 1) * sizeof *samples);
        if (samples == NULL) {
            free(offsets);
            return fail_memory();
        }
        status = spk_spikes_group(request->ctx, spikes, offsets, samples, NULL);
        most = 0;
        for (int64_t u = 0; status == SPK_OK && u < spikes->n_units; u++) {
            const int64_t found =
                most_within(samples + offsets[u], offsets[u + 1] - offsets[u], width);
            if (found > most)
                most = found;
        }
    }
    free(offsets);
    free(samples);
    if (status != SPK_OK)
        return command_fail(NAME, request->ctx, status);
    if (most_spikes == 0 || most <= INT32_MAX / most_spikes)
        request->dtype = SPK_DTYPE_INT32;
    return COMMAND_OK;
}

/* ---- exposure and what normalization needs ---- */

static int count_spikes_in_epochs(correlogram_request *request)
{
    const spk_spikes *spikes = &request->selection.spikes;
    spk_spikes inside = *spikes;
    int64_t *samples = NULL;
    int32_t *units = NULL;
    spk_status status = SPK_OK;
    int enough = 1;
    request->spikes_in_epochs =
        malloc(((size_t)spikes->n_units + 1) * sizeof *request->spikes_in_epochs);
    if (request->options.epochs != NULL) {
        samples = malloc(((size_t)spikes->n_spikes + 1) * sizeof *samples);
        units = malloc(((size_t)spikes->n_spikes + 1) * sizeof *units);
        enough = samples != NULL && units != NULL;
        if (enough)
            status = spk_spikes_restrict(request->ctx, spikes, request->options.epochs,
                                         samples, units, &inside);
    }
    enough = enough && request->spikes_in_epochs != NULL;
    if (enough && status == SPK_OK)
        status = spk_spikes_count(request->ctx, &inside, request->spikes_in_epochs);
    free(samples);
    free(units);
    if (!enough)
        return fail_memory();
    return status == SPK_OK ? COMMAND_OK : command_fail(NAME, request->ctx, status);
}

static int measure_exposure(correlogram_request *request)
{
    request->exposure_s =
        malloc((size_t)request->options.n_bins * sizeof *request->exposure_s);
    if (request->exposure_s == NULL)
        return fail_memory();
    const spk_status status = spk_correlogram_exposure(
        request->ctx, &request->selection.spikes, &request->options, request->exposure_s);
    return status == SPK_OK ? COMMAND_OK : command_fail(NAME, request->ctx, status);
}

int correlogram_request_prepare(correlogram_request *request)
{
    const correlogram_arguments *a = request->arguments;
    int code = check_together(a);
    if (code != COMMAND_OK)
        return code;
    if ((code = parse_normalization(a->normalization, &request->normalization)) !=
        COMMAND_OK)
        return code;
    request->shard = 1;
    request->n_shards = 1;
    if (a->shard != NULL &&
        (code = shard_argument_parse(NAME, a->shard, &request->shard,
                                     &request->n_shards)) != COMMAND_OK)
        return code;
    int32_t convention = 0;
    if (spk_correlogram_convention_from_name(request->ctx, a->convention, &convention) !=
        SPK_OK)
        return command_fail_usage(NAME,
                                  "--convention: expected spikekit, spikeinterface, phy, "
                                  "pynapple or cellexplorer, "
                                  "found '%s'",
                                  a->convention);

    code = session_argument_open(NAME, request->ctx, &a->session, &a->operands,
                                 &request->session);
    if (code != COMMAND_OK)
        return code;
    const double rate = spk_session_spikes(request->session)->sampling_rate_hz;
    spk_correlogram_options_init(&request->options, sizeof request->options);
    if ((code = window_argument_set(NAME, request->ctx, convention, rate, a->window_ms,
                                    a->bin_ms, &request->options)) != COMMAND_OK)
        return code;
    if ((code = choose_units(request)) != COMMAND_OK)
        return code;
    if (a->epochs != NULL) {
        code =
            epochs_argument_read(NAME, request->ctx, a->epochs, rate, &request->epochs);
        if (code != COMMAND_OK)
            return code;
        request->options.epochs = &request->epochs.epochs;
        epochs_argument_note_outside(NAME, a->epochs, &request->epochs,
                                     &request->selection.spikes);
        epochs_argument_clip(&request->epochs, &request->selection.spikes);
    }
    if ((code = choose_dtype(request)) != COMMAND_OK)
        return code;
    if (request->normalization != SPK_CORRELOGRAM_COUNT &&
        (code = count_spikes_in_epochs(request)) != COMMAND_OK)
        return code;
    return measure_exposure(request);
}

void correlogram_request_clear(correlogram_request *request)
{
    free(request->references);
    free(request->targets);
    free(request->reference_ids);
    free(request->target_ids);
    free(request->pairs);
    free(request->exposure_s);
    free(request->spikes_in_epochs);
    free(request->held);
    epochs_argument_clear(&request->epochs);
    unit_selection_clear(&request->selection);
    spk_session_close(request->session);
    memset(request, 0, sizeof *request);
}
