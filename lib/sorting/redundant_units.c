/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One sweep of the whole table for each unit: its spikes meet those of all other units within
 * the distance, and three numbers for each other unit count the matches. A spike of the unit
 * matches one spike of another, and that one is not matched twice in a row.
 */
#include "base/check.h"
#include "base/memory.h"
#include "base/parallel.h"
#include "sorting/coincidences.h"

#include <inttypes.h>
#include <math.h>
#include <spikekit/duplicates.h>
#include <spikekit/trains.h>
#include <string.h>

static const int64_t LARGEST_SHIFT = (int64_t)1 << 40;

void spk_redundant_options_init(spk_redundant_options *options, size_t struct_size)
{
    spk_redundant_options defaults = {.struct_size = struct_size,
                                      .keep = SPK_REDUNDANT_MAX_SPIKES,
                                      .delta_ms = 0.4,
                                      .min_agreement = 0.2,
                                      .min_shared = 0.8};
    if (options != NULL)
        memcpy(options, &defaults,
               struct_size < sizeof defaults ? struct_size : sizeof defaults);
}

typedef struct match_state {
    int64_t count;   /* matches so far */
    int64_t spike_a; /* last spikes that matched, places in the table */
    int64_t spike_b;
} match_state;

typedef struct redundant_job {
    spk_context *ctx;
    const spk_spikes *spikes;
    const spk_trains *trains;
    const spk_redundant_options *options;
    int64_t delta;
    match_state *states;        /* [workers][n_units] */
    spk_redundant_pair **found; /* [n_units], allocated */
    int64_t *n_found;           /* [n_units] */
} redundant_job;

static void count_matches(const redundant_job *job, const spk_train *train,
                          match_state *states)
{
    const spk_spikes *s = job->spikes;
    int64_t first = 0;
    for (int64_t i = 0; i < train->n_spikes; i++) {
        const int64_t t = train->samples[i];
        while (s->samples[first] < t &&
               !spk__times_close(s->samples[first], t, job->delta))
            first++;
        for (int64_t k = first;
             k < s->n_spikes &&
             (s->samples[k] <= t || spk__times_close(t, s->samples[k], job->delta));
             k++) {
            match_state *state = states + s->units[k];
            if (state->spike_a != i && state->spike_b != k) {
                state->spike_a = i;
                state->spike_b = k;
                state->count++;
            }
        }
    }
}

/* Which of two goes. */
static int32_t choose(const redundant_job *job, int32_t a, int32_t b)
{
    const spk_redundant_options *o = job->options;
    if (o->keep == SPK_REDUNDANT_MAX_SPIKES)
        return spk_trains_unit(job->trains, a).n_spikes <
                       spk_trains_unit(job->trains, b).n_spikes
                   ? a
                   : b;
    if (o->keep == SPK_REDUNDANT_MINIMUM_SHIFT) {
        const int64_t shift_a = o->shifts[a] < 0 ? -o->shifts[a] : o->shifts[a];
        const int64_t shift_b = o->shifts[b] < 0 ? -o->shifts[b] : o->shifts[b];
        if (shift_a != shift_b)
            return shift_a > shift_b ? a : b;
    }
    return o->amplitudes[a] < o->amplitudes[b] ? a : b;
}

static spk_status find_of_unit(void *argument, int64_t unit, int32_t worker)
{
    redundant_job *job = argument;
    const spk_train train = spk_trains_unit(job->trains, unit);
    match_state *states = job->states + worker * job->spikes->n_units;
    for (int64_t u = 0; u < job->spikes->n_units; u++)
        states[u] = (match_state){0, -1, -1};
    count_matches(job, &train, states);
    for (int64_t u = 0; u < unit; u++) {
        const int64_t n_u = spk_trains_unit(job->trains, u).n_spikes;
        const int64_t m = states[u].count < n_u ? states[u].count : n_u;
        const int64_t smaller = n_u < train.n_spikes ? n_u : train.n_spikes;
        const double agreement = (double)m / (double)(train.n_spikes + n_u - m);
        const double shared = (double)m / (double)smaller;
        /* Two units without spikes agree by 0 / 0, which passes neither. */
        if (!(agreement >= job->options->min_agreement) ||
            !(shared > job->options->min_shared))
            continue;
        spk_redundant_pair *grown = spk__realloc(job->ctx, job->found[unit],
                                                 job->n_found[unit] + 1, sizeof *grown);
        if (grown == NULL)
            return spk__fail_memory(job->ctx);
        job->found[unit] = grown;
        grown[job->n_found[unit]++] = (spk_redundant_pair){
            .a = (int32_t)unit,
            .b = (int32_t)u,
            .removed = choose(job, (int32_t)unit, (int32_t)u),
            .n_matches = m,
            .agreement = agreement,
            .shared = shared,
        };
    }
    return SPK_OK;
}

/* The table with each unit's spikes moved by its shift, in order again; simultaneous spikes
 * in the order of units. */
static spk_status shift_table(spk_context *ctx, const spk_spikes *spikes,
                              const int64_t *shifts, int64_t **samples, int32_t **units,
                              spk_spikes *shifted)
{
    spk_status status = SPK_OK;
    int64_t *moved = spk__alloc(ctx, spikes->n_spikes, sizeof *moved);
    int64_t *order = spk__alloc(ctx, spikes->n_spikes, sizeof *order);
    *samples = spk__alloc(ctx, spikes->n_spikes, sizeof **samples);
    *units = spk__alloc(ctx, spikes->n_spikes, sizeof **units);
    if (moved == NULL || order == NULL || *samples == NULL || *units == NULL) {
        status = spk__fail_memory(ctx);
        goto cleanup;
    }
    *shifted = *spikes;
    for (int64_t i = 0; i < spikes->n_spikes; i++) {
        moved[i] = spikes->samples[i];
        if (__builtin_sub_overflow(moved[i], shifts[spikes->units[i]], &moved[i])) {
            status = spk__fail(ctx, SPK_ERR_OVERFLOW,
                               "shifts: spike %" PRId64 " moves beyond int64", i);
            goto cleanup;
        }
        if (moved[i] < shifted->start_sample)
            shifted->start_sample = moved[i];
        if (moved[i] >= shifted->stop_sample)
            shifted->stop_sample = moved[i] < INT64_MAX ? moved[i] + 1 : INT64_MAX;
    }
    if ((status = spk_spikes_order(ctx, spikes->n_spikes, moved, order)) != SPK_OK)
        goto cleanup;
    for (int64_t i = 0; i < spikes->n_spikes; i++) {
        (*samples)[i] = moved[order[i]];
        (*units)[i] = spikes->units[order[i]];
    }
    shifted->samples = *samples;
    shifted->units = *units;
cleanup:
    spk__free(order);
    spk__free(moved);
    return status;
}

static spk_status check_options(spk_context *ctx, const spk_spikes *spikes,
                                const spk_redundant_options *o)
{
    SPK_REQUIRE(ctx, o->delta_ms >= 0 && o->delta_ms <= 1e6, SPK_ERR_ARGUMENT,
                "delta_ms must be in 0 .. 1e6, got %g", o->delta_ms);
    SPK_REQUIRE(ctx, !isnan(o->min_agreement) && !isnan(o->min_shared), SPK_ERR_ARGUMENT,
                "min_agreement or min_shared is not a number");
    SPK_REQUIRE(ctx,
                o->keep >= SPK_REDUNDANT_MINIMUM_SHIFT &&
                    o->keep <= SPK_REDUNDANT_MAX_SPIKES,
                SPK_ERR_ARGUMENT, "keep: no such choice, %" PRId32, o->keep);
    SPK_REQUIRE(ctx, o->keep == SPK_REDUNDANT_MAX_SPIKES || o->amplitudes != NULL,
                SPK_ERR_ARGUMENT, "amplitudes is NULL, which this choice of keep needs");
    SPK_REQUIRE(ctx, o->keep != SPK_REDUNDANT_MINIMUM_SHIFT || o->shifts != NULL,
                SPK_ERR_ARGUMENT, "shifts is NULL, which MINIMUM_SHIFT needs");
    for (int64_t u = 0; u < spikes->n_units; u++) {
        SPK_REQUIRE(ctx,
                    o->shifts == NULL ||
                        (o->shifts[u] >= -LARGEST_SHIFT && o->shifts[u] <= LARGEST_SHIFT),
                    SPK_ERR_OVERFLOW, "shifts: that of unit %" PRId64 " is beyond 2^40",
                    u);
        SPK_REQUIRE(ctx, o->amplitudes == NULL || !isnan(o->amplitudes[u]),
                    SPK_ERR_ARGUMENT,
                    "amplitudes: that of unit %" PRId64 " is not a number", u);
    }
    return SPK_OK;
}

spk_status spk_redundant_find(spk_context *ctx, const spk_spikes *spikes,
                              const spk_redundant_options *options, uint8_t *drop,
                              spk_redundant_pair *pairs, int64_t max_pairs,
                              int64_t *n_pairs)
{
    spk_redundant_options defaults;
    spk_redundant_options_init(&defaults, sizeof defaults);
    SPK_REQUIRE(ctx, options == NULL || options->struct_size >= sizeof *options,
                SPK_ERR_ARGUMENT, "options: not filled by spk_redundant_options_init()");
    if (options == NULL)
        options = &defaults;
    spk_status status = spk_spikes_check(ctx, spikes);
    if (status == SPK_OK)
        status = check_options(ctx, spikes, options);
    if (status != SPK_OK)
        return status;
    const int64_t n_units = spikes->n_units;
    SPK_REQUIRE(ctx, n_units == 0 || drop != NULL, SPK_ERR_ARGUMENT, "drop is NULL");
    SPK_REQUIRE(ctx, max_pairs >= 0 && (max_pairs == 0 || pairs != NULL),
                SPK_ERR_ARGUMENT, "pairs is NULL or max_pairs is negative");
    int64_t *samples = NULL, total = 0;
    int32_t *units = NULL;
    spk_trains *trains = NULL;
    spk_spikes shifted;
    redundant_job job = {.ctx = ctx, .spikes = spikes, .options = options};
    job.delta = (int64_t)(options->delta_ms / 1000 * spikes->sampling_rate_hz);
    job.found = spk__alloc_zero(ctx, n_units, sizeof(spk_redundant_pair *));
    job.n_found = spk__alloc_zero(ctx, n_units, sizeof *job.n_found);
    job.states = spk__alloc(ctx, n_units * spk__parallel_workers(ctx, n_units),
                            sizeof *job.states);
    if (job.found == NULL || job.n_found == NULL || job.states == NULL) {
        status = spk__fail_memory(ctx);
        goto cleanup;
    }
    if (options->shifts != NULL) {
        if ((status = shift_table(ctx, spikes, options->shifts, &samples, &units,
                                  &shifted)) != SPK_OK)
            goto cleanup;
        job.spikes = &shifted;
    }
    if ((status = spk_trains_create(ctx, job.spikes, NULL, &trains)) != SPK_OK)
        goto cleanup;
    job.trains = trains;
    if ((status = spk__parallel_for(ctx, n_units, find_of_unit, &job, "redundant")) !=
        SPK_OK)
        goto cleanup;
    if (n_units > 0)
        memset(drop, 0, (size_t)n_units);
    for (int64_t u = 0; u < n_units; u++)
        for (int64_t k = 0; k < job.n_found[u]; k++) {
            drop[job.found[u][k].removed] = 1;
            if (total < max_pairs)
                pairs[total] = job.found[u][k];
            total++;
        }
    if (n_pairs != NULL)
        *n_pairs = total;
cleanup:
    spk_trains_destroy(trains);
    for (int64_t u = 0; job.found != NULL && u < n_units; u++)
        spk__free(job.found[u]);
    spk__free(job.states);
    spk__free(job.n_found);
    spk__free(job.found);
    spk__free(units);
    spk__free(samples);
    return status;
}
