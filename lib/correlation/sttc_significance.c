/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One surrogate of all units at a time, so that memory does not grow with their number; what is
 * kept of each pair is how many there were, how many were as large and as small, and mean and
 * squares about it, brought up to date in order of the index (Welford).
 */
#include "base/check.h"
#include "base/memory.h"
#include "base/parallel.h"
#include "correlation/sttc.h"
#include "spikes/surrogates_state.h"

#include <inttypes.h>
#include <math.h>

typedef struct pair_state {
    int32_t n;       /* surrogates with a value */
    int32_t n_above; /* as large or larger */
    int32_t n_below; /* as small or smaller */
    double mean, squares;
} pair_state;

typedef struct test_work {
    const spk_sttc_options *options; /* NULL: the defaults */
    int64_t n_rows, n_columns;
    const double *recorded; /* [n_rows][n_columns] */
    const double *drawn;    /* of the current surrogate */
    pair_state *states;
    const spk_sttc_significance *found;
} test_work;

static int64_t unit_at(const int32_t *units, int64_t k)
{
    return units == NULL ? k : units[k];
}

static spk_status add_row(void *state, int64_t row, int32_t worker)
{
    const test_work *w = state;
    (void)worker;
    for (int64_t p = row * w->n_columns; p < (row + 1) * w->n_columns; p++) {
        pair_state *s = &w->states[p];
        if (isnan(w->drawn[p]))
            continue;
        s->n++;
        s->n_above += w->drawn[p] >= w->recorded[p];
        s->n_below += w->drawn[p] <= w->recorded[p];
        const double step = w->drawn[p] - s->mean;
        s->mean += step / s->n;
        s->squares += step * (w->drawn[p] - s->mean);
    }
    return SPK_OK;
}

static void put(double *values, int64_t at, double value)
{
    if (values != NULL)
        values[at] = value;
}

static void finish(const test_work *w)
{
    for (int64_t r = 0; r < w->n_rows; r++)
        for (int64_t c = 0; c < w->n_columns; c++) {
            const int64_t at = r * w->n_columns + c;
            const pair_state *s = &w->states[at];
            const int is_self = w->options != NULL ? unit_at(w->options->references, r) ==
                                                         unit_at(w->options->targets, c)
                                                   : r == c;
            const int is_known = !is_self && s->n > 0 && !isnan(w->recorded[at]);
            put(w->found->values, at, w->recorded[at]);
            put(w->found->means, at, is_known ? s->mean : NAN);
            put(w->found->sds, at,
                is_known && s->n > 1 ? sqrt(s->squares / (s->n - 1)) : NAN);
            put(w->found->p_upper, at,
                is_known ? (1.0 + s->n_above) / (1.0 + s->n) : NAN);
            put(w->found->p_lower, at,
                is_known ? (1.0 + s->n_below) / (1.0 + s->n) : NAN);
        }
}

/* Surrogates of other trains would have other units, or another time to be in. */
static spk_status check_surrogates(spk_context *ctx, const spk_spikes *spikes,
                                   const spk_surrogates *surrogates,
                                   const spk_sttc_options *options)
{
    const spk_trains *trains = spk__surrogates_trains(surrogates);
    const spk_spikes *made_of = spk_trains_spikes(trains);
    SPK_REQUIRE(ctx, made_of->n_units == spikes->n_units, SPK_ERR_ARGUMENT,
                "surrogates: expected those of the %" PRId64
                " units of spikes, found those of %" PRId64,
                spikes->n_units, made_of->n_units);
    SPK_REQUIRE(ctx,
                made_of->start_sample == spikes->start_sample &&
                    made_of->stop_sample == spikes->stop_sample &&
                    made_of->sampling_rate_hz == spikes->sampling_rate_hz,
                SPK_ERR_ARGUMENT,
                "surrogates: expected those of samples %" PRId64 " .. %" PRId64
                " at %g Hz as spikes, found %" PRId64 " .. %" PRId64 " at %g Hz",
                spikes->start_sample, spikes->stop_sample, spikes->sampling_rate_hz,
                made_of->start_sample, made_of->stop_sample, made_of->sampling_rate_hz);
    spk_spikes silent = *spikes; /* for the runs alone */
    silent.n_spikes = 0;
    spk_trains_options grouping;
    spk_trains_options_init(&grouping, sizeof grouping);
    grouping.epochs = options == NULL ? NULL : options->epochs;
    spk_trains *expected = NULL;
    spk_status status = spk_trains_create(ctx, &silent, &grouping, &expected);
    for (int64_t u = 0; status == SPK_OK && u < spikes->n_units; u++) {
        const spk_train a = spk_trains_unit(expected, u), b = spk_trains_unit(trains, u);
        if (!spk__trains_same_runs(&a, &b))
            status = spk__fail(ctx, SPK_ERR_ARGUMENT,
                               "surrogates: expected the epochs of options, found other "
                               "runs for unit %" PRId64,
                               u);
    }
    spk_trains_destroy(expected);
    return status;
}

/* Draws one surrogate and adds it to all pairs. */
static spk_status add_surrogate(spk_context *ctx, const spk_surrogates *surrogates,
                                int64_t index, test_work *w, double *drawn, double from,
                                double to)
{
    spk_spikes table;
    const int64_t room = spk_surrogates_table_room(surrogates, index);
    int64_t *samples = spk__alloc(ctx, room, sizeof *samples);
    int32_t *units = spk__alloc(ctx, room, sizeof *units);
    spk_status status = samples == NULL || units == NULL ? spk__fail_memory(ctx) : SPK_OK;
    if (status == SPK_OK)
        status = spk_surrogates_table(ctx, surrogates, index, samples, units, &table);
    if (status == SPK_OK)
        status = spk__sttc_estimate_part(ctx, &table, w->options, drawn, from, to);
    if (status == SPK_OK)
        status = spk__parallel_for(ctx, w->n_rows, add_row, w, NULL);
    spk__free(units);
    spk__free(samples);
    return status;
}

spk_status spk_sttc_test(spk_context *ctx, const spk_spikes *spikes,
                         const spk_surrogates *surrogates, int64_t first, int64_t last,
                         const spk_sttc_options *options,
                         const spk_sttc_significance *found)
{
    double *recorded = NULL, *drawn = NULL;
    pair_state *states = NULL;
    SPK_REQUIRE(ctx, spikes != NULL, SPK_ERR_ARGUMENT, "spikes is NULL");
    SPK_REQUIRE(ctx, surrogates != NULL, SPK_ERR_ARGUMENT, "surrogates is NULL");
    SPK_REQUIRE(ctx, found != NULL, SPK_ERR_ARGUMENT, "found is NULL");
    SPK_REQUIRE(ctx, first >= 0 && last > first && last - first < INT32_MAX,
                SPK_ERR_ARGUMENT,
                "surrogates: expected 0 <= first < last, got %" PRId64 " and %" PRId64,
                first, last);
    SPK_REQUIRE(ctx, options == NULL || options->struct_size >= sizeof *options,
                SPK_ERR_ARGUMENT, "options: not filled by spk_sttc_options_init()");
    test_work work = {.options = options,
                      .n_rows = spikes->n_units,
                      .n_columns = spikes->n_units,
                      .found = found};
    if (options != NULL && options->references != NULL)
        work.n_rows = options->n_references;
    if (options != NULL && options->targets != NULL)
        work.n_columns = options->n_targets;
    SPK_REQUIRE(ctx,
                work.n_rows >= 0 && work.n_rows <= spikes->n_units &&
                    work.n_columns >= 0 && work.n_columns <= spikes->n_units,
                SPK_ERR_ARGUMENT, "n_references and n_targets must be in 0 .. %" PRId64,
                spikes->n_units);
    const int64_t n = work.n_rows * work.n_columns;
    const double step = 1.0 / ((double)(last - first) + 1.0);
    spk_status status = check_surrogates(ctx, spikes, surrogates, options);
    if (status != SPK_OK)
        return status;
    recorded = spk__alloc(ctx, n, sizeof *recorded);
    drawn = spk__alloc(ctx, n, sizeof *drawn);
    states = spk__alloc_zero(ctx, n, sizeof *states);
    if (recorded == NULL || drawn == NULL || states == NULL) {
        status = spk__fail_memory(ctx);
        goto cleanup;
    }
    work.recorded = recorded;
    work.drawn = drawn;
    work.states = states;
    if ((status = spk__sttc_estimate_part(ctx, spikes, options, recorded, 0.0, step)) !=
        SPK_OK)
        goto cleanup;
    for (int64_t k = first; k < last; k++) {
        const double from = step * (double)(k - first + 1);
        if ((status = add_surrogate(ctx, surrogates, k, &work, drawn, from,
                                    from + step)) != SPK_OK)
            goto cleanup;
    }
    finish(&work);
cleanup:
    spk__free(states);
    spk__free(drawn);
    spk__free(recorded);
    return status;
}
