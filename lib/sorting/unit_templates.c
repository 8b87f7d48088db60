/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Pairs (unit, template) are counted in a hash table, one pass over the spikes: there are few
 * of them, but not so few that a full matrix of units and templates would do.
 */
#include "sorting/unit_templates.h"

#include "base/check.h"
#include "base/memory.h"
#include "base/parallel.h"
#include "files/sort.h"
#include "spikes/table_checks.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

/* A pair is unit * 2^32 + template; -1 is an empty place. */
typedef struct pair_counts {
    int64_t *pairs;   /* [capacity] */
    int64_t *counts;  /* [capacity] */
    int64_t capacity; /* a power of two, at least twice n */
    int64_t n;
} pair_counts;

static int64_t place_of(const pair_counts *table, int64_t pair)
{
    const uint64_t mixed = (uint64_t)pair * UINT64_C(0x9E3779B97F4A7C15);
    int64_t at = (int64_t)((mixed ^ mixed >> 32) & (uint64_t)(table->capacity - 1));
    while (table->pairs[at] >= 0 && table->pairs[at] != pair)
        at = (at + 1) & (table->capacity - 1);
    return at;
}

static void free_counts(pair_counts *table)
{
    spk__free(table->pairs);
    spk__free(table->counts);
}

static spk_status make_counts(spk_context *ctx, int64_t capacity, pair_counts *table)
{
    *table = (pair_counts){.capacity = capacity};
    table->pairs = spk__alloc(ctx, capacity, sizeof *table->pairs);
    table->counts = spk__alloc_zero(ctx, capacity, sizeof *table->counts);
    if (table->pairs == NULL || table->counts == NULL) {
        free_counts(table);
        return spk__fail_memory(ctx);
    }
    memset(table->pairs, 0xff, (size_t)capacity * sizeof *table->pairs);
    return SPK_OK;
}

static spk_status grow(spk_context *ctx, pair_counts *table)
{
    pair_counts larger;
    const spk_status status = make_counts(ctx, 2 * table->capacity, &larger);
    if (status != SPK_OK)
        return status;
    for (int64_t k = 0; k < table->capacity; k++) {
        if (table->pairs[k] < 0)
            continue;
        const int64_t at = place_of(&larger, table->pairs[k]);
        larger.pairs[at] = table->pairs[k];
        larger.counts[at] = table->counts[k];
    }
    larger.n = table->n;
    free_counts(table);
    *table = larger;
    return SPK_OK;
}

static spk_status count_pairs(spk_context *ctx, const spk_templates *t,
                              const spk_spikes *spikes, pair_counts *table)
{
    for (int64_t k = 0; k < spikes->n_spikes; k++) {
        const int32_t id = t->spike_templates[k];
        SPK_REQUIRE(ctx, id >= 0 && id < t->n_templates, SPK_ERR_ARGUMENT,
                    "spike_templates[%" PRId64 "] must be in 0 .. %" PRId64
                    ", got %" PRId32,
                    k, t->n_templates - 1, id);
        const int64_t pair = (int64_t)spikes->units[k] << 32 | id;
        const int64_t at = place_of(table, pair);
        table->n += table->pairs[at] < 0;
        table->pairs[at] = pair;
        table->counts[at]++;
        if (2 * table->n >= table->capacity) {
            const spk_status status = grow(ctx, table);
            if (status != SPK_OK)
                return status;
        }
    }
    return SPK_OK;
}

/* Moves the pairs out of the table, by unit and template. */
static spk_status list_pairs(spk_context *ctx, const pair_counts *table,
                             spk_unit_templates *u)
{
    int64_t *pairs = spk__alloc(ctx, table->n, sizeof *pairs);
    u->offsets = spk__alloc_zero(ctx, u->n_units + 1, sizeof *u->offsets);
    u->ids = spk__alloc(ctx, table->n, sizeof *u->ids);
    u->counts = spk__alloc(ctx, table->n, sizeof *u->counts);
    if (pairs == NULL || u->offsets == NULL || u->ids == NULL || u->counts == NULL) {
        spk__free(pairs);
        return spk__fail_memory(ctx);
    }
    int64_t n = 0;
    for (int64_t k = 0; k < table->capacity; k++)
        if (table->pairs[k] >= 0)
            pairs[n++] = table->pairs[k];
    spk__sort_int64(pairs, n);
    for (int64_t k = 0; k < n; k++) {
        u->offsets[(pairs[k] >> 32) + 1]++;
        u->ids[k] = (int32_t)(pairs[k] & INT32_MAX);
        u->counts[k] = table->counts[place_of(table, pairs[k])];
    }
    for (int64_t k = 0; k < u->n_units; k++)
        u->offsets[k + 1] += u->offsets[k];
    spk__free(pairs);
    return SPK_OK;
}

spk_status spk_unit_templates_create(spk_context *ctx, const spk_templates *templates,
                                     const spk_spikes *spikes,
                                     spk_unit_templates **unit_templates)
{
    SPK_REQUIRE(ctx, unit_templates != NULL, SPK_ERR_ARGUMENT, "unit_templates is NULL");
    *unit_templates = NULL;
    spk_status status = spk__templates_check(ctx, templates);
    if (status == SPK_OK)
        status = spk_spikes_check(ctx, spikes);
    if (status != SPK_OK)
        return status;
    SPK_REQUIRE(ctx, spikes->n_spikes == 0 || templates->spike_templates != NULL,
                SPK_ERR_ARGUMENT, "templates: spike_templates is NULL");
    pair_counts table;
    spk_unit_templates *u = spk__alloc_zero(ctx, 1, sizeof *u);
    if (u == NULL)
        return spk__fail_memory(ctx);
    u->templates = *templates;
    u->n_units = spikes->n_units;
    if ((status = make_counts(ctx, 1024, &table)) != SPK_OK)
        goto cleanup;
    status = count_pairs(ctx, templates, spikes, &table);
    if (status == SPK_OK)
        status = list_pairs(ctx, &table, u);
    free_counts(&table);
cleanup:
    if (status == SPK_OK)
        *unit_templates = u;
    else
        spk_unit_templates_destroy(u);
    return status;
}

void spk_unit_templates_destroy(spk_unit_templates *unit_templates)
{
    if (unit_templates == NULL)
        return;
    spk__free(unit_templates->offsets);
    spk__free(unit_templates->ids);
    spk__free(unit_templates->counts);
    spk__free(unit_templates);
}

int64_t spk_unit_templates_n_units(const spk_unit_templates *unit_templates)
{
    return unit_templates == NULL ? 0 : unit_templates->n_units;
}

/* ---- waveforms ---- */

void spk__unit_template(const spk_unit_templates *u, int64_t unit, double *scratch,
                        double *waveform)
{
    const spk_templates *t = &u->templates;
    const int64_t n = t->n_samples * t->n_channels;
    const int64_t first = u->offsets[unit], last = u->offsets[unit + 1];
    int64_t n_spikes = 0;
    for (int64_t k = first; k < last; k++)
        n_spikes += u->counts[k];
    for (int64_t k = 0; k < n; k++)
        waveform[k] = n_spikes == 0 ? NAN : 0.0;
    if (n_spikes == 0)
        return;
    for (int64_t k = first; k < last; k++)
        spk__templates_add(t, u->ids[k], (double)u->counts[k] / (double)n_spikes, scratch,
                           waveform);
    spk__templates_finish(t, scratch, waveform);
}

spk_status spk_templates_unit(spk_context *ctx, const spk_unit_templates *unit_templates,
                              int64_t unit, double *waveform)
{
    SPK_REQUIRE(ctx, unit_templates != NULL && waveform != NULL, SPK_ERR_ARGUMENT,
                "unit_templates and waveform must not be NULL");
    SPK_REQUIRE(ctx, unit >= 0 && unit < unit_templates->n_units, SPK_ERR_ARGUMENT,
                "unit must be in 0 .. %" PRId64 ", got %" PRId64,
                unit_templates->n_units - 1, unit);
    double *scratch = spk__alloc(ctx, spk__templates_scratch(&unit_templates->templates),
                                 sizeof *scratch);
    if (scratch == NULL)
        return spk__fail_memory(ctx);
    spk__unit_template(unit_templates, unit, scratch, waveform);
    spk__free(scratch);
    return SPK_OK;
}

void spk__peak_to_peak(const double *waveform, int64_t n_samples, int64_t n_channels,
                       double *peak_to_peak)
{
    for (int64_t c = 0; c < n_channels; c++) {
        double low = waveform[c], high = waveform[c];
        for (int64_t s = 0; s < n_samples; s++) {
            const double value = waveform[s * n_channels + c];
            if (!(value >= low))
                low = value;
            if (!(value <= high))
                high = value;
            if (isnan(value))
                break;
        }
        peak_to_peak[c] = high - low;
    }
}

int32_t spk__largest_channel(const double *values, int64_t n_channels)
{
    int64_t best = 0;
    for (int64_t c = 0; c < n_channels; c++) {
        if (isnan(values[c]))
            return -1;
        if (values[c] > values[best])
            best = c;
    }
    return values[best] > 0 ? (int32_t)best : -1;
}

int spk__channel_is_near(const spk_templates *t, int64_t channel, int64_t other,
                         double radius_um)
{
    if (t->channel_positions_um == NULL || radius_um == 0)
        return 1;
    const double *a = t->channel_positions_um + 2 * channel;
    const double *b = t->channel_positions_um + 2 * other;
    return sqrt((a[0] - b[0]) * (a[0] - b[0]) + (a[1] - b[1]) * (a[1] - b[1])) <=
           radius_um;
}

typedef struct amplitude_job {
    const spk_unit_templates *units;
    double *scratch; /* [workers][n_scratch] */
    int64_t n_scratch;
    int32_t *main_channels;
    double *peak_to_peak;
} amplitude_job;

static spk_status measure_unit(void *state, int64_t unit, int32_t worker)
{
    const amplitude_job *job = state;
    const spk_templates *t = &job->units->templates;
    double *scratch = job->scratch + worker * job->n_scratch;
    double *waveform = scratch + spk__templates_scratch(t);
    double *amplitudes = waveform + t->n_samples * t->n_channels;
    spk__unit_template(job->units, unit, scratch, waveform);
    if (job->peak_to_peak != NULL)
        amplitudes = job->peak_to_peak + unit * t->n_channels;
    spk__peak_to_peak(waveform, t->n_samples, t->n_channels, amplitudes);
    if (job->main_channels != NULL)
        job->main_channels[unit] = spk__largest_channel(amplitudes, t->n_channels);
    return SPK_OK;
}

spk_status spk_templates_amplitudes(spk_context *ctx,
                                    const spk_unit_templates *unit_templates,
                                    int32_t *main_channels, double *peak_to_peak)
{
    SPK_REQUIRE(ctx, unit_templates != NULL, SPK_ERR_ARGUMENT, "unit_templates is NULL");
    const spk_templates *t = &unit_templates->templates;
    amplitude_job job = {
        .units = unit_templates,
        .n_scratch = spk__templates_scratch(t) + (t->n_samples + 1) * t->n_channels,
        .main_channels = main_channels,
        .peak_to_peak = peak_to_peak,
    };
    job.scratch = spk__alloc(
        ctx, job.n_scratch * spk__parallel_workers(ctx, unit_templates->n_units),
        sizeof *job.scratch);
    if (job.scratch == NULL)
        return spk__fail_memory(ctx);
    const spk_status status =
        spk__parallel_for(ctx, unit_templates->n_units, measure_unit, &job, "templates");
    spk__free(job.scratch);
    return status;
}
