/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Both searches work on trains by unit. Within units each worker marks spikes of its own
 * units. Across units two pairs may mark the same spike, which is why those marks are atomic;
 * none is read before all pairs are done, so their order is of no consequence.
 */
#include "base/check.h"
#include "base/memory.h"
#include "base/parallel.h"
#include "sorting/coincidences.h"

#include <inttypes.h>
#include <math.h>
#include <spikekit/duplicates.h>
#include <spikekit/random.h>
#include <spikekit/trains.h>
#include <string.h>

void spk_duplicates_options_init(spk_duplicates_options *options, size_t struct_size)
{
    spk_duplicates_options defaults = {.struct_size = struct_size,
                                       .convention = SPK_DUPLICATES_SPIKEINTERFACE,
                                       .keep = SPK_DUPLICATES_KEEP_FIRST,
                                       .period_ms = 0.3};
    if (options != NULL)
        memcpy(options, &defaults,
               struct_size < sizeof defaults ? struct_size : sizeof defaults);
}

void spk_duplicates_across_options_init(spk_duplicates_across_options *options,
                                        size_t struct_size)
{
    spk_duplicates_across_options defaults = {.struct_size = struct_size,
                                              .convention = SPK_DUPLICATES_KILOSORT,
                                              .rule = SPK_DUPLICATES_DROP_LOWER,
                                              .period_ms = 0.166,
                                              .min_coincidences = 20,
                                              .min_chance_ratio = 10};
    if (options != NULL)
        memcpy(options, &defaults,
               struct_size < sizeof defaults ? struct_size : sizeof defaults);
}

static spk_status period_of(spk_context *ctx, int32_t convention, double period_ms,
                            double rate_hz, int64_t *samples)
{
    SPK_REQUIRE(ctx, period_ms >= 0 && period_ms <= 1e6, SPK_ERR_ARGUMENT,
                "period_ms must be in 0 .. 1e6, got %g", period_ms);
    const double exact = period_ms / 1000 * rate_hz;
    switch (convention) {
    case SPK_DUPLICATES_SPIKEINTERFACE:
        *samples = (int64_t)rint(period_ms * 1e-3 * rate_hz);
        return SPK_OK;
    case SPK_DUPLICATES_KILOSORT:
        SPK_REQUIRE(ctx, exact >= 1, SPK_ERR_ARGUMENT,
                    "period_ms: %g ms is less than one sample at %g Hz", period_ms,
                    rate_hz);
        *samples = (int64_t)exact - 1;
        return SPK_OK;
    case SPK_DUPLICATES_MERGE:
        *samples = (int64_t)exact;
        return SPK_OK;
    default:
        return spk__fail(ctx, SPK_ERR_ARGUMENT,
                         "convention: no such convention, %" PRId32, convention);
    }
}

/* ---- within units ---- */

typedef struct within_job {
    const spk_trains *trains;
    int32_t keep;
    int64_t period;
    uint64_t seed;
    uint8_t *drop;
    int64_t *counts;
} within_job;

/* KEEP_FIRST and KEEP_LAST: each pair of neighbours on its own. */
static int64_t mark_neighbours(const within_job *job, const spk_train *train)
{
    const int64_t later = job->keep == SPK_DUPLICATES_KEEP_FIRST;
    int64_t n = 0;
    for (int64_t k = 1; k < train->n_spikes; k++)
        if (spk__times_close(train->samples[k - 1], train->samples[k], job->period)) {
            job->drop[train->indices[k - 1 + later]] = 1;
            n++;
        }
    return n;
}

/* The others: each spike against the last that stayed. */
static int64_t mark_iteratively(const within_job *job, const spk_train *train,
                                uint32_t unit)
{
    const int backwards = job->keep == SPK_DUPLICATES_KEEP_LAST_ITERATIVE;
    int64_t stayed = backwards ? train->n_spikes - 1 : 0, n = 0;
    for (int64_t k = 1; k < train->n_spikes; k++) {
        const int64_t now = backwards ? train->n_spikes - 1 - k : k;
        const int64_t early = backwards ? now : stayed, late = backwards ? stayed : now;
        int64_t goes = now;
        if (!spk__times_close(train->samples[early], train->samples[late], job->period)) {
            stayed = now;
            continue;
        }
        if (job->keep == SPK_DUPLICATES_KEEP_RANDOM) {
            spk_random random = {job->seed, unit, (uint64_t)now};
            if (spk_random_uniform(&random) < 0.5) {
                goes = stayed;
                stayed = now;
            }
        }
        job->drop[train->indices[goes]] = 1;
        n++;
    }
    return n;
}

static spk_status mark_unit(void *state, int64_t unit, int32_t worker)
{
    (void)worker;
    const within_job *job = state;
    const spk_train train = spk_trains_unit(job->trains, unit);
    const int64_t n = job->keep <= SPK_DUPLICATES_KEEP_LAST
                          ? mark_neighbours(job, &train)
                          : mark_iteratively(job, &train, (uint32_t)unit);
    if (job->counts != NULL)
        job->counts[unit] = n;
    return SPK_OK;
}

spk_status spk_duplicates_find_within(spk_context *ctx, const spk_spikes *spikes,
                                      const spk_duplicates_options *options,
                                      uint8_t *drop, int64_t *counts)
{
    spk_duplicates_options defaults;
    spk_duplicates_options_init(&defaults, sizeof defaults);
    SPK_REQUIRE(ctx, options == NULL || options->struct_size >= sizeof *options,
                SPK_ERR_ARGUMENT, "options: not filled by spk_duplicates_options_init()");
    if (options == NULL)
        options = &defaults;
    SPK_REQUIRE(ctx,
                options->keep >= SPK_DUPLICATES_KEEP_FIRST &&
                    options->keep <= SPK_DUPLICATES_KEEP_RANDOM,
                SPK_ERR_ARGUMENT, "keep: no such choice, %" PRId32, options->keep);
    spk_trains *trains = NULL;
    spk_status status = spk_trains_create(ctx, spikes, NULL, &trains);
    if (status != SPK_OK)
        return status;
    within_job job = {trains, options->keep, 0, options->seed, drop, counts};
    if (drop == NULL && spikes->n_spikes > 0) {
        status = spk__fail(ctx, SPK_ERR_ARGUMENT, "drop is NULL");
        goto cleanup;
    }
    if ((status = period_of(ctx, options->convention, options->period_ms,
                            spikes->sampling_rate_hz, &job.period)) != SPK_OK)
        goto cleanup;
    if (spikes->n_spikes > 0)
        memset(drop, 0, (size_t)spikes->n_spikes);
    status = spk__parallel_for(ctx, spikes->n_units, mark_unit, &job, "duplicates");
cleanup:
    spk_trains_destroy(trains);
    return status;
}

/* ---- across units ---- */

typedef struct across_job {
    const spk_trains *trains;
    const int64_t
        *places; /* [kept] place in the whole table of each spike; NULL: the same */
    const int32_t (*pairs)[2];
    const spk_duplicates_across_options *options;
    int64_t period;
    uint8_t *drop;
    int64_t (*counts)[2];
} across_job;

static int is_double_counted(const across_job *job, const spk_train *a,
                             const spk_train *b)
{
    const spk_duplicates_across_options *o = job->options;
    if (o->min_coincidences <= 0 && o->min_chance_ratio <= 0)
        return 1;
    const spk_spikes *spikes = spk_trains_spikes(job->trains);
    const double duration = (double)spikes->stop_sample - (double)spikes->start_sample;
    const double chance = (double)a->n_spikes * (double)b->n_spikes *
                          (2 * (double)job->period + 1) / duration;
    const int64_t n = spk__coincidences_across(a->samples, a->n_spikes, b->samples,
                                               b->n_spikes, job->period);
    return n > o->min_coincidences && (double)n > o->min_chance_ratio * chance;
}

static void mark(const across_job *job, const spk_train *train, int64_t k, int64_t *count)
{
    const int64_t place =
        job->places == NULL ? train->indices[k] : job->places[train->indices[k]];
    __atomic_store_n(job->drop + place, 1, __ATOMIC_RELAXED);
    ++*count;
}

static spk_status mark_pair(void *state, int64_t p, int32_t worker)
{
    (void)worker;
    const across_job *job = state;
    const int32_t *pair = job->pairs[p];
    const spk_train trains[2] = {spk_trains_unit(job->trains, pair[0]),
                                 spk_trains_unit(job->trains, pair[1])};
    const double *amplitudes = job->options->unit_amplitudes;
    const int later = job->options->rule == SPK_DUPLICATES_DROP_LATER;
    const int lower = !later && !(amplitudes[pair[0]] < amplitudes[pair[1]]);
    int64_t counts[2] = {0}, next[2] = {0}, marked = -1;
    if (is_double_counted(job, trains, trains + 1)) {
        int before = -1; /* which unit the spike before came from */
        while (next[0] < trains[0].n_spikes || next[1] < trains[1].n_spikes) {
            const int now = next[0] == trains[0].n_spikes ||
                            (next[1] < trains[1].n_spikes &&
                             trains[1].samples[next[1]] < trains[0].samples[next[0]]);
            const int64_t t = trains[now].samples[next[now]];
            if (before >= 0 && before != now &&
                spk__times_close(trains[before].samples[next[before] - 1], t,
                                 job->period)) {
                const int goes = later ? now : lower;
                const int64_t k = goes == now ? next[now] : next[before] - 1;
                if (later || k != marked)
                    mark(job, trains + goes, k, counts + goes);
                marked = k;
            }
            next[now]++;
            before = now;
        }
    }
    if (job->counts != NULL)
        memcpy(job->counts[p], counts, sizeof counts);
    return SPK_OK;
}

static spk_status check_pairs(spk_context *ctx, const spk_spikes *spikes,
                              const int32_t (*pairs)[2], int64_t n_pairs,
                              const double *amplitudes)
{
    for (int64_t p = 0; p < n_pairs; p++) {
        for (int side = 0; side < 2; side++) {
            const int32_t unit = pairs[p][side];
            SPK_REQUIRE(ctx, unit >= 0 && unit < spikes->n_units, SPK_ERR_ARGUMENT,
                        "pairs: pair %" PRId64 ": unit must be in 0 .. %" PRId64
                        ", got %" PRId32,
                        p, spikes->n_units - 1, unit);
            SPK_REQUIRE(
                ctx, amplitudes == NULL || !isnan(amplitudes[unit]), SPK_ERR_ARGUMENT,
                "unit_amplitudes: that of unit %" PRId32 " is not a number", unit);
        }
        SPK_REQUIRE(ctx, pairs[p][0] != pairs[p][1], SPK_ERR_ARGUMENT,
                    "pairs: pair %" PRId64 ": unit %" PRId32 " with itself", p,
                    pairs[p][0]);
    }
    return SPK_OK;
}

/* The table without the spikes that are marked. */
static spk_status take_unmarked(spk_context *ctx, const spk_spikes *spikes,
                                const uint8_t *drop, int64_t **samples, int32_t **units,
                                int64_t **places, spk_spikes *kept)
{
    int64_t n = 0;
    for (int64_t i = 0; i < spikes->n_spikes; i++)
        n += drop[i] == 0;
    *kept = *spikes;
    if (n == spikes->n_spikes)
        return SPK_OK;
    *samples = spk__alloc(ctx, n, sizeof **samples);
    *units = spk__alloc(ctx, n, sizeof **units);
    *places = spk__alloc(ctx, n, sizeof **places);
    if (*samples == NULL || *units == NULL || *places == NULL)
        return spk__fail_memory(ctx);
    kept->n_spikes = 0;
    for (int64_t i = 0; i < spikes->n_spikes; i++)
        if (drop[i] == 0) {
            (*samples)[kept->n_spikes] = spikes->samples[i];
            (*units)[kept->n_spikes] = spikes->units[i];
            (*places)[kept->n_spikes++] = i;
        }
    kept->samples = *samples;
    kept->units = *units;
    return SPK_OK;
}

spk_status spk_duplicates_find_across(spk_context *ctx, const spk_spikes *spikes,
                                      const int32_t (*pairs)[2], int64_t n_pairs,
                                      const spk_duplicates_across_options *options,
                                      uint8_t *drop, int64_t (*counts)[2])
{
    spk_duplicates_across_options defaults;
    spk_duplicates_across_options_init(&defaults, sizeof defaults);
    SPK_REQUIRE(ctx, options == NULL || options->struct_size >= sizeof *options,
                SPK_ERR_ARGUMENT,
                "options: not filled by spk_duplicates_across_options_init()");
    if (options == NULL)
        options = &defaults;
    const int lower = options->rule == SPK_DUPLICATES_DROP_LOWER;
    SPK_REQUIRE(ctx, lower || options->rule == SPK_DUPLICATES_DROP_LATER,
                SPK_ERR_ARGUMENT, "rule: no such rule, %" PRId32, options->rule);
    SPK_REQUIRE(ctx, !lower || options->unit_amplitudes != NULL, SPK_ERR_ARGUMENT,
                "unit_amplitudes is NULL, which the rule DROP_LOWER needs");
    SPK_REQUIRE(ctx, !isnan(options->min_chance_ratio), SPK_ERR_ARGUMENT,
                "min_chance_ratio is not a number");
    SPK_REQUIRE(ctx, n_pairs >= 0, SPK_ERR_ARGUMENT, "n_pairs must be >= 0, got %" PRId64,
                n_pairs);
    SPK_REQUIRE(ctx, n_pairs == 0 || pairs != NULL, SPK_ERR_ARGUMENT, "pairs is NULL");
    spk_status status = spk_spikes_check(ctx, spikes);
    if (status != SPK_OK)
        return status;
    SPK_REQUIRE(ctx, spikes->n_spikes == 0 || drop != NULL, SPK_ERR_ARGUMENT,
                "drop is NULL");
    int64_t *samples = NULL, *places = NULL;
    int32_t *units = NULL;
    spk_trains *trains = NULL;
    across_job job = {NULL, NULL, pairs, options, 0, drop, counts};
    if ((status = check_pairs(ctx, spikes, pairs, n_pairs,
                              lower ? options->unit_amplitudes : NULL)) != SPK_OK ||
        (status = period_of(ctx, options->convention, options->period_ms,
                            spikes->sampling_rate_hz, &job.period)) != SPK_OK)
        return status;
    spk_spikes kept;
    if ((status = take_unmarked(ctx, spikes, drop, &samples, &units, &places, &kept)) !=
            SPK_OK ||
        (status = spk_trains_create(ctx, &kept, NULL, &trains)) != SPK_OK)
        goto cleanup;
    job.trains = trains;
    job.places = places;
    status = spk__parallel_for(ctx, n_pairs, mark_pair, &job, "duplicates");
cleanup:
    spk_trains_destroy(trains);
    spk__free(places);
    spk__free(units);
    spk__free(samples);
    return status;
}
