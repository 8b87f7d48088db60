/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Lists the pairs that may be looked at, takes the steps of the recipe one after the other,
 * and joins what is left. Steps differ only in the values they give; each gets the pairs that
 * have not failed (and, when all shall be evaluated, the others behind them).
 */
#include "base/check.h"
#include "base/memory.h"
#include "base/parallel.h"
#include "files/array_convert.h"
#include "sorting/merge_work.h"
#include "spikes/table_checks.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

struct spk_merge_candidates {
    int32_t steps[SPK_MERGE_N_STEPS];
    int64_t n_steps;
    int32_t skipped[SPK_MERGE_N_STEPS]; /* by step */
    spk_merge_pair *pairs;
    int64_t n_pairs;
    int64_t n_groups;
    int64_t *group_offsets;
    int32_t *group_units;
};

void spk_merging_input_init(spk_merging_input *input, size_t struct_size)
{
    spk_merging_input defaults = {.struct_size = struct_size};
    if (input != NULL)
        memcpy(input, &defaults,
               struct_size < sizeof defaults ? struct_size : sizeof defaults);
}

/* ---- the recipe ---- */

static int has_step(const spk_merge_candidates *c, int32_t step)
{
    for (int64_t k = 0; k < c->n_steps; k++)
        if (c->steps[k] == step)
            return 1;
    return 0;
}

static spk_status choose_steps(spk_context *ctx, const spk_merging_options *o,
                               spk_merge_candidates *c)
{
    const int32_t *steps = o->steps;
    int64_t n = o->n_steps;
    if (steps == NULL && (n = spk__merge_recipe(o->preset, &steps)) == 0)
        return spk__fail(ctx, SPK_ERR_ARGUMENT, "preset: no such preset, %" PRId32,
                         o->preset);
    SPK_REQUIRE(ctx, n >= 1 && n <= SPK_MERGE_N_STEPS, SPK_ERR_ARGUMENT,
                "n_steps must be in 1 .. %d, got %" PRId64, SPK_MERGE_N_STEPS, n);
    for (int64_t k = 0; k < n; k++) {
        SPK_REQUIRE(ctx, spk_merge_step_name(steps[k]) != NULL, SPK_ERR_ARGUMENT,
                    "steps: no such step, %" PRId32, steps[k]);
        SPK_REQUIRE(ctx, !has_step(c, steps[k]), SPK_ERR_ARGUMENT,
                    "steps: %s is given twice", spk_merge_step_name(steps[k]));
        c->steps[c->n_steps++] = steps[k];
    }
    return SPK_OK;
}

static spk_status check_rows(spk_context *ctx, const spk_array *array, int64_t n_spikes,
                             const char *name)
{
    const spk_status status = spk__array_check(ctx, array);
    if (status != SPK_OK)
        return status;
    SPK_REQUIRE(ctx, array->n_dimensions >= 1 && array->shape[0] == n_spikes,
                SPK_ERR_ARGUMENT,
                "%s: expected a row for each of %" PRId64 " spikes, found %" PRId64, name,
                n_spikes, array->n_dimensions >= 1 ? array->shape[0] : 0);
    return SPK_OK;
}

static spk_status match_input(spk_context *ctx, const spk_merging_input *input,
                              spk_merge_candidates *c)
{
    c->skipped[SPK_MERGE_SNR] = has_step(c, SPK_MERGE_SNR) && input->snr == NULL;
    c->skipped[SPK_MERGE_DISTANCE] =
        has_step(c, SPK_MERGE_DISTANCE) && input->positions_um == NULL;
    c->skipped[SPK_MERGE_SIMILARITY] =
        has_step(c, SPK_MERGE_SIMILARITY) && input->similarity == NULL;
    SPK_REQUIRE(
        ctx, !has_step(c, SPK_MERGE_SLAY) || input->similarity != NULL, SPK_ERR_ARGUMENT,
        "slay_score needs the templates of units (similarity), and there are none");
    if (!has_step(c, SPK_MERGE_NEIGHBORS))
        return SPK_OK;
    SPK_REQUIRE(ctx, input->amplitudes != NULL && input->spike_positions != NULL,
                SPK_ERR_ARGUMENT,
                "feature_neighbors (knn) needs amplitudes and positions of spikes "
                "(spike_positions), "
                "and not both are there");
    const int64_t n_spikes = input->spikes->n_spikes;
    const spk_status status = check_rows(ctx, input->amplitudes, n_spikes, "amplitudes");
    return status == SPK_OK
               ? check_rows(ctx, input->spike_positions, n_spikes, "spike_positions")
               : status;
}

/* ---- spikes in epochs ---- */

/* The widest window of any step. */
static int64_t widest_window(const spk_merging_options *o, double rate_hz)
{
    const double ms =
        fmax(o->correlogram_window_ms, fmax(o->flank_to_ms, o->refractory_ms));
    return (int64_t)ceil(ms * 1e-3 * rate_hz) + 1;
}

/* The spikes in the epochs, epochs moved together to start at 0 with a gap between. */
static void move_together(const spk_spikes *spikes, const spk_epochs *epochs,
                          spk__merge_work *work, int64_t *samples, int32_t *units)
{
    int64_t epoch = 0, start = 0, n = 0;
    for (int64_t i = 0; i < spikes->n_spikes; i++) {
        while (epoch < epochs->n_epochs && spikes->samples[i] >= epochs->stops[epoch]) {
            start += epochs->stops[epoch] - epochs->starts[epoch] + work->gap;
            epoch++;
        }
        if (epoch == epochs->n_epochs)
            break;
        if (spikes->samples[i] < epochs->starts[epoch])
            continue;
        samples[n] = start + spikes->samples[i] - epochs->starts[epoch];
        units[n] = spikes->units[i];
        work->places[n++] = i;
    }
    work->spikes = *spikes;
    work->spikes.samples = samples;
    work->spikes.units = units;
    work->spikes.n_spikes = n;
    work->spikes.start_sample = 0;
    work->spikes.stop_sample = work->duration + epochs->n_epochs * work->gap;
}

typedef struct epoch_memory {
    int64_t *starts;
    int64_t *stops;
    int64_t *samples;
    int32_t *units;
    spk_epochs cut;
} epoch_memory;

static spk_status restrict_spikes(spk_context *ctx, const spk_spikes *spikes,
                                  spk__merge_work *work, epoch_memory *m)
{
    const spk_epochs *epochs = work->options->epochs;
    const spk_epochs recording = {spikes->start_sample < spikes->stop_sample,
                                  &spikes->start_sample, &spikes->stop_sample};
    work->gap = widest_window(work->options, spikes->sampling_rate_hz);
    work->spikes = *spikes;
    if (__builtin_sub_overflow(spikes->stop_sample, spikes->start_sample,
                               &work->duration))
        return spk__fail(ctx, SPK_ERR_OVERFLOW, "the recording is longer than int64");
    if (epochs == NULL)
        return SPK_OK;
    spk_status status = spk__epochs_check(ctx, epochs, "epochs");
    if (status != SPK_OK)
        return status;
    m->starts = spk__alloc(ctx, epochs->n_epochs + 1, sizeof *m->starts);
    m->stops = spk__alloc(ctx, epochs->n_epochs + 1, sizeof *m->stops);
    m->samples = spk__alloc(ctx, spikes->n_spikes, sizeof *m->samples);
    m->units = spk__alloc(ctx, spikes->n_spikes, sizeof *m->units);
    work->places = spk__alloc(ctx, spikes->n_spikes, sizeof *work->places);
    if (m->starts == NULL || m->stops == NULL || m->samples == NULL || m->units == NULL ||
        work->places == NULL)
        return spk__fail_memory(ctx);
    int64_t n = 0;
    if (recording.n_epochs > 0 && epochs->n_epochs > 0 &&
        (status = spk_epochs_intersect(ctx, epochs, &recording, m->starts, m->stops,
                                       &n)) != SPK_OK)
        return status;
    m->cut = (spk_epochs){n, m->starts, m->stops};
    work->epochs = &m->cut;
    work->duration = spk_epochs_duration(&m->cut);
    if (work->duration > INT64_MAX / 2 || n > INT64_MAX / 2 / work->gap)
        return spk__fail(ctx, SPK_ERR_OVERFLOW, "epochs: too long together");
    move_together(spikes, &m->cut, work, m->samples, m->units);
    return SPK_OK;
}

/* ---- pairs ---- */

static double distance_of(const spk_merging_input *input, int64_t a, int64_t b)
{
    const double *p = input->positions_um + 2 * a, *q = input->positions_um + 2 * b;
    return sqrt((p[0] - q[0]) * (p[0] - q[0]) + (p[1] - q[1]) * (p[1] - q[1]));
}

typedef struct listing {
    const spk__merge_work *work;
    int32_t listed_by; /* the step that decides; -1: all pairs are listed */
} listing;

/* Fills what is known of a pair before any step; nonzero if it is listed. */
static int describe(const listing *l, int64_t a, int64_t b, spk_merge_pair *pair)
{
    const spk__merge_work *work = l->work;
    const spk_merging_input *input = work->input;
    double *values = pair->values;
    *pair = (spk_merge_pair){.a = (int32_t)a, .b = (int32_t)b, .failed_step = -1};
    for (int v = 0; v < SPK_MERGE_N_VALUES; v++)
        values[v] = NAN;
    if (input->positions_um != NULL)
        values[SPK_MERGE_VALUE_DISTANCE] = distance_of(input, a, b);
    if (input->similarity != NULL)
        values[SPK_MERGE_VALUE_SIMILARITY] =
            input->similarity[a * work->spikes.n_units + b];
    if (l->listed_by >= 0 && !spk__merge_passes(work->options, l->listed_by, values))
        return 0;
    const int64_t n_a = spk__merge_train(work, a).n_spikes;
    const int64_t n_b = spk__merge_train(work, b).n_spikes;
    values[SPK_MERGE_VALUE_NUM_SPIKES] = (double)(n_a < n_b ? n_a : n_b);
    if (input->snr != NULL)
        values[SPK_MERGE_VALUE_SNR] = fmin(input->snr[a], input->snr[b]);
    values[SPK_MERGE_VALUE_CONTAMINATION] =
        fmax(work->contaminations[a], work->contaminations[b]);
    return 1;
}

static spk_status list_pairs(spk_context *ctx, spk__merge_work *work, int32_t listed_by)
{
    const listing l = {work, listed_by};
    const int64_t n_units = work->spikes.n_units, only = work->options->with_unit;
    int64_t room = 0;
    for (int64_t a = 0; a < n_units; a++) {
        for (int64_t b = a + 1; b < n_units; b++) {
            spk_merge_pair pair = {0};
            if ((only >= 0 && a != only && b != only) || !describe(&l, a, b, &pair))
                continue;
            if (work->n_pairs == room) {
                room = room < 256 ? 256 : room + room / 2;
                spk_merge_pair *grown =
                    spk__realloc(ctx, work->pairs, room, sizeof *grown);
                if (grown == NULL)
                    return spk__fail_memory(ctx);
                work->pairs = grown;
            }
            work->pairs[work->n_pairs++] = pair;
        }
        const spk_status status =
            spk__poll(ctx, "pairs", (double)(a + 1) / (double)n_units);
        if (status != SPK_OK)
            return status;
    }
    work->todo = spk__alloc(ctx, work->n_pairs, sizeof *work->todo);
    return work->todo == NULL ? spk__fail_memory(ctx) : SPK_OK;
}

/* ---- steps ---- */

static void choose_todo(spk__merge_work *work)
{
    work->n_todo = 0;
    for (int64_t p = 0; p < work->n_pairs; p++)
        if (work->pairs[p].failed_step < 0)
            work->todo[work->n_todo++] = p;
    work->n_alive = work->n_todo;
    for (int64_t p = 0; work->options->evaluate_all && p < work->n_pairs; p++)
        if (work->pairs[p].failed_step >= 0)
            work->todo[work->n_todo++] = p;
}

static spk_status take_step(spk_context *ctx, spk__merge_work *work, int32_t step)
{
    static spk_status (*const steps[SPK_MERGE_N_STEPS])(spk_context *,
                                                        spk__merge_work *) = {
        [SPK_MERGE_CORRELOGRAM] = spk__merge_correlogram,
        [SPK_MERGE_PRESENCE] = spk__merge_presence,
        [SPK_MERGE_NEIGHBORS] = spk__merge_neighbors,
        [SPK_MERGE_CROSS_CONTAMINATION] = spk__merge_cross_contamination,
        [SPK_MERGE_QUALITY] = spk__merge_quality,
        [SPK_MERGE_SLAY] = spk__merge_slay,
        [SPK_MERGE_CROSS_REFRACTORY] = spk__merge_cross_refractory,
    };
    choose_todo(work);
    if (steps[step] != NULL && work->n_todo > 0) {
        const spk_status status = steps[step](ctx, work);
        if (status != SPK_OK)
            return status;
    }
    for (int64_t k = 0; k < work->n_alive; k++) {
        spk_merge_pair *pair = work->pairs + work->todo[k];
        if (!spk__merge_passes(work->options, step, pair->values))
            pair->failed_step = step;
    }
    return SPK_OK;
}

static spk_status join_candidates(spk_context *ctx, const spk__merge_work *work,
                                  spk_merge_candidates *c)
{
    const int64_t n_units = work->spikes.n_units;
    spk_status status = SPK_OK;
    int64_t n = 0;
    int32_t(*passed)[2] = spk__alloc(ctx, work->n_pairs, sizeof *passed);
    c->group_offsets = spk__alloc(ctx, n_units / 2 + 1, sizeof *c->group_offsets);
    c->group_units = spk__alloc(ctx, n_units, sizeof *c->group_units);
    if (passed == NULL || c->group_offsets == NULL || c->group_units == NULL)
        status = spk__fail_memory(ctx);
    for (int64_t p = 0; status == SPK_OK && p < work->n_pairs; p++)
        if (work->pairs[p].failed_step < 0) {
            passed[n][0] = work->pairs[p].a;
            passed[n++][1] = work->pairs[p].b;
        }
    if (status == SPK_OK)
        status = spk_merge_join_pairs(ctx, n_units, (const int32_t(*)[2])passed, n,
                                      c->group_offsets, c->group_units, &c->n_groups);
    spk__free(passed);
    return status;
}

static spk_status find(spk_context *ctx, spk__merge_work *work, spk_merge_candidates *c)
{
    int32_t listed_by = -1;
    spk_status status = SPK_OK;
    if (work->given == NULL)
        status = spk_trains_create(ctx, &work->spikes, NULL, &work->trains);
    if (status != SPK_OK)
        return status;
    work->contaminations =
        spk__alloc(ctx, work->spikes.n_units, sizeof *work->contaminations);
    if (work->contaminations == NULL)
        return spk__fail_memory(ctx);
    if ((status = spk__merge_contaminations(ctx, work)) != SPK_OK)
        return status;
    if (has_step(c, SPK_MERGE_DISTANCE) && !c->skipped[SPK_MERGE_DISTANCE])
        listed_by = SPK_MERGE_DISTANCE;
    else if (has_step(c, SPK_MERGE_SIMILARITY) && !c->skipped[SPK_MERGE_SIMILARITY])
        listed_by = SPK_MERGE_SIMILARITY;
    status = list_pairs(ctx, work, listed_by);
    for (int64_t k = 0; status == SPK_OK && k < c->n_steps; k++)
        if (!c->skipped[c->steps[k]])
            status = take_step(ctx, work, c->steps[k]);
    return status == SPK_OK ? join_candidates(ctx, work, c) : status;
}

static spk_status check_periods(spk_context *ctx, const spk_merging_options *o,
                                double rate_hz)
{
    SPK_REQUIRE(
        ctx,
        spk__merge_samples(o->censored_ms, rate_hz) <
                spk__merge_samples(o->refractory_ms, rate_hz) &&
            spk__merge_samples_across(o->censored_ms, rate_hz) <
                spk__merge_samples_across(o->refractory_ms, rate_hz),
        SPK_ERR_ARGUMENT,
        "refractory_ms must be longer than censored_ms by a sample, got %g and %g",
        o->refractory_ms, o->censored_ms);
    SPK_REQUIRE(
        ctx,
        spk__merge_samples_across(o->flank_from_ms, rate_hz) <
            spk__merge_samples_across(o->flank_to_ms, rate_hz),
        SPK_ERR_ARGUMENT,
        "flank_to_ms must be longer than flank_from_ms by a sample, got %g and %g",
        o->flank_to_ms, o->flank_from_ms);
    return SPK_OK;
}

spk_status spk__merging_find_given(spk_context *ctx, const spk_merging_input *input,
                                   const spk__merge_given *given,
                                   const spk_merging_options *options,
                                   spk_merge_candidates **candidates)
{
    spk__merge_work work = {.input = input, .given = given, .options = options};
    epoch_memory memory = {0};
    spk_status status = spk__merge_check_options(ctx, options);
    if (status != SPK_OK ||
        (status = check_periods(ctx, work.options, input->spikes->sampling_rate_hz)) !=
            SPK_OK)
        return status;
    spk_merge_candidates *c = spk__alloc_zero(ctx, 1, sizeof *c);
    if (c == NULL)
        return spk__fail_memory(ctx);
    if ((status = choose_steps(ctx, work.options, c)) == SPK_OK &&
        (status = match_input(ctx, input, c)) == SPK_OK &&
        (status = restrict_spikes(ctx, input->spikes, &work, &memory)) == SPK_OK)
        status = find(ctx, &work, c);
    c->pairs = work.pairs;
    c->n_pairs = work.n_pairs;
    spk__free(work.todo);
    spk__free(work.contaminations);
    spk_trains_destroy(work.trains);
    spk__free(work.places);
    spk__free(memory.units);
    spk__free(memory.samples);
    spk__free(memory.stops);
    spk__free(memory.starts);
    if (status == SPK_OK)
        *candidates = c;
    else
        spk_merge_candidates_destroy(c);
    return status;
}

spk_status spk_merging_find(spk_context *ctx, const spk_merging_input *input,
                            const spk_merging_options *options,
                            spk_merge_candidates **candidates)
{
    spk_merging_options defaults;
    spk_merging_options_init(&defaults, sizeof defaults);
    SPK_REQUIRE(ctx, candidates != NULL, SPK_ERR_ARGUMENT, "candidates is NULL");
    SPK_REQUIRE(ctx, input != NULL, SPK_ERR_ARGUMENT, "input is NULL");
    SPK_REQUIRE(ctx, input->struct_size >= sizeof *input, SPK_ERR_ARGUMENT,
                "input: not filled by spk_merging_input_init()");
    SPK_REQUIRE(ctx, options == NULL || options->struct_size >= sizeof *options,
                SPK_ERR_ARGUMENT, "options: not filled by spk_merging_options_init()");
    const spk_status status = spk_spikes_check(ctx, input->spikes);
    return status == SPK_OK
               ? spk__merging_find_given(
                     ctx, input, NULL, options != NULL ? options : &defaults, candidates)
               : status;
}

/* ---- what was found ---- */

void spk_merge_candidates_destroy(spk_merge_candidates *candidates)
{
    if (candidates == NULL)
        return;
    spk__free(candidates->group_units);
    spk__free(candidates->group_offsets);
    spk__free(candidates->pairs);
    spk__free(candidates);
}

int64_t spk_merge_candidates_n_pairs(const spk_merge_candidates *candidates)
{
    return candidates == NULL ? 0 : candidates->n_pairs;
}

const spk_merge_pair *spk_merge_candidates_pairs(const spk_merge_candidates *candidates)
{
    return candidates == NULL ? NULL : candidates->pairs;
}

int64_t spk_merge_candidates_n_steps(const spk_merge_candidates *candidates)
{
    return candidates == NULL ? 0 : candidates->n_steps;
}

const int32_t *spk_merge_candidates_steps(const spk_merge_candidates *candidates)
{
    return candidates == NULL ? NULL : candidates->steps;
}

int32_t spk_merge_candidates_skipped(const spk_merge_candidates *candidates, int32_t step)
{
    return candidates != NULL && step >= 0 && step < SPK_MERGE_N_STEPS
               ? candidates->skipped[step]
               : 0;
}

int64_t spk_merge_candidates_n_groups(const spk_merge_candidates *candidates)
{
    return candidates == NULL ? 0 : candidates->n_groups;
}

const int64_t *spk_merge_candidates_group_offsets(const spk_merge_candidates *candidates)
{
    return candidates == NULL ? NULL : candidates->group_offsets;
}

const int32_t *spk_merge_candidates_group_units(const spk_merge_candidates *candidates)
{
    return candidates == NULL ? NULL : candidates->group_units;
}
