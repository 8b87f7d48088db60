/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Every row of the matrix is first filled with the number of spikes of each target that are
 * near one of the reference; the other number that a value needs stands across the diagonal,
 * or, where references and targets are not all units, is counted target by target.
 */
#include "correlation/sttc.h"

#include "base/check.h"
#include "base/durations.h"
#include "base/memory.h"
#include "base/parallel.h"
#include "spikes/table_checks.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

void spk_sttc_options_init(spk_sttc_options *options, size_t struct_size)
{
    spk_sttc_options defaults = {
        .struct_size = struct_size,
        .window_s = 0.005,
        .window_samples = -1,
        .tiling = SPK_STTC_TIME,
    };
    if (options != NULL)
        memcpy(options, &defaults,
               struct_size < sizeof defaults ? struct_size : sizeof defaults);
}

spk_status spk_sttc_window(spk_context *ctx, const spk_sttc_options *options,
                           double sampling_rate_hz, int64_t *window_samples)
{
    const int64_t limit = (int64_t)1 << 53;
    spk_sttc_options defaults;
    spk_sttc_options_init(&defaults, sizeof defaults);
    if (options == NULL)
        options = &defaults;
    SPK_REQUIRE(ctx, options->struct_size >= sizeof *options, SPK_ERR_ARGUMENT,
                "options: not filled by spk_sttc_options_init()");
    SPK_REQUIRE(ctx, window_samples != NULL, SPK_ERR_ARGUMENT, "window_samples is NULL");
    SPK_REQUIRE(ctx, sampling_rate_hz > 0 && isfinite(sampling_rate_hz), SPK_ERR_ARGUMENT,
                "sampling_rate_hz must be positive and finite, got %.17g",
                sampling_rate_hz);
    SPK_REQUIRE(ctx,
                options->tiling == SPK_STTC_TIME || options->tiling == SPK_STTC_SAMPLES,
                SPK_ERR_ARGUMENT, "tiling must be 0 or 1, got %d", (int)options->tiling);
    SPK_REQUIRE(ctx, options->window_samples >= -1, SPK_ERR_ARGUMENT,
                "window_samples must be >= 0, or -1 for window_s, got %" PRId64,
                options->window_samples);
    int64_t window = options->window_samples;
    if (window < 0) {
        SPK_REQUIRE(ctx, options->window_s > 0 && isfinite(options->window_s),
                    SPK_ERR_ARGUMENT, "window_s must be positive and finite, got %g",
                    options->window_s);
        window = spk__lag_at_most(options->window_s, sampling_rate_hz);
        SPK_REQUIRE(ctx, window >= 1, SPK_ERR_ARGUMENT,
                    "window_s of %g is less than a sample at %g Hz (window_samples = 0 "
                    "takes spikes at one sample)",
                    options->window_s, sampling_rate_hz);
    }
    SPK_REQUIRE(ctx, window < limit, SPK_ERR_OVERFLOW,
                "the window is 2^53 samples or more");
    *window_samples = window;
    return SPK_OK;
}

/* Refuses a window that the longest run does not hold. */
static spk_status check_extent(spk_context *ctx, const spk_spikes *spikes,
                               const spk_epochs *epochs, int64_t window)
{
    const spk_epochs whole = {1, &spikes->start_sample, &spikes->stop_sample};
    uint64_t longest = 0;
    const char *what = epochs == NULL ? "recording" : "longest epoch";
    if (epochs == NULL)
        epochs = &whole;
    for (int64_t e = 0; e < epochs->n_epochs; e++) {
        const uint64_t length = (uint64_t)epochs->stops[e] - (uint64_t)epochs->starts[e];
        longest = length > longest ? length : longest;
    }
    SPK_REQUIRE(ctx, longest == 0 || (uint64_t)window < longest, SPK_ERR_ARGUMENT,
                "the window must be shorter than the %s of %" PRIu64
                " samples, got %" PRId64,
                what, longest, window);
    return SPK_OK;
}

static spk_status check_units(spk_context *ctx, const spk_spikes *spikes,
                              const int32_t *units, int64_t n, const char *name)
{
    if (units == NULL)
        return SPK_OK;
    SPK_REQUIRE(ctx, n >= 0 && n <= spikes->n_units, SPK_ERR_ARGUMENT,
                "n_%s must be in 0 .. %" PRId64 ", got %" PRId64, name, spikes->n_units,
                n);
    for (int64_t k = 0; k < n; k++)
        SPK_REQUIRE(ctx, units[k] >= 0 && units[k] < spikes->n_units, SPK_ERR_ARGUMENT,
                    "%s[%" PRId64 "] must be in 0 .. %" PRId64 ", got %d", name, k,
                    spikes->n_units - 1, (int)units[k]);
    char *seen = spk__alloc_zero(ctx, spikes->n_units, 1);
    if (seen == NULL)
        return spk__fail_memory(ctx);
    spk_status status = SPK_OK;
    for (int64_t k = 0; status == SPK_OK && k < n; k++) {
        if (seen[units[k]])
            status = spk__fail(ctx, SPK_ERR_ARGUMENT, "%s: unit %d is there twice", name,
                               (int)units[k]);
        seen[units[k]] = 1;
    }
    spk__free(seen);
    return status;
}

typedef struct sttc_work {
    spk__sttc_table table;
    const int32_t *references, *targets; /* NULL: all */
    int64_t n_references, n_targets;
    uint32_t *counts; /* [workers][n_units] */
    double *values;
} sttc_work;

static int64_t unit_at(const int32_t *units, int64_t k)
{
    return units == NULL ? k : units[k];
}

static double value_of(const spk__sttc_table *t, int64_t a, int64_t b, double n_near_a,
                       double n_near_b)
{
    return spk__sttc_value((int64_t)n_near_a, t->n_spikes[a], t->tiled[a],
                           (int64_t)n_near_b, t->n_spikes[b], t->tiled[b]);
}

/* values[r][t] = spikes of the target that are near one of the reference */
static spk_status count_reference(void *state, int64_t row, int32_t worker)
{
    const sttc_work *w = state;
    uint32_t *counts = w->counts + worker * w->table.spikes->n_units;
    double *values = w->values + row * w->n_targets;
    spk__sttc_table_count(&w->table, unit_at(w->references, row), counts);
    for (int64_t t = 0; t < w->n_targets; t++)
        values[t] = (double)counts[unit_at(w->targets, t)];
    return SPK_OK;
}

/* All units: the other count stands across the diagonal. */
static spk_status finish_row(void *state, int64_t row, int32_t worker)
{
    const sttc_work *w = state;
    const int64_t n = w->n_targets;
    (void)worker;
    for (int64_t t = row; t < n; t++) {
        double *upper = w->values + row * n + t, *lower = w->values + t * n + row;
        *upper = *lower = value_of(&w->table, row, t, *lower, *upper);
    }
    return SPK_OK;
}

/* Some units: the other count is of the target's row. */
static spk_status finish_target(void *state, int64_t column, int32_t worker)
{
    const sttc_work *w = state;
    const int64_t target = unit_at(w->targets, column);
    uint32_t *counts = w->counts + worker * w->table.spikes->n_units;
    spk__sttc_table_count(&w->table, target, counts);
    for (int64_t r = 0; r < w->n_references; r++) {
        const int64_t reference = unit_at(w->references, r);
        double *value = w->values + r * w->n_targets + column;
        *value =
            value_of(&w->table, reference, target, (double)counts[reference], *value);
    }
    return SPK_OK;
}

spk_status spk__sttc_estimate_part(spk_context *ctx, const spk_spikes *spikes,
                                   const spk_sttc_options *options, double *values,
                                   double from, double to)
{
    static const char *const activity = "tiling coefficients";
    spk_sttc_options defaults;
    int64_t window;
    spk_sttc_options_init(&defaults, sizeof defaults);
    if (options == NULL)
        options = &defaults;
    spk_status status = spk_spikes_check(ctx, spikes);
    if (status != SPK_OK ||
        (status = spk_sttc_window(ctx, options, spikes->sampling_rate_hz, &window)) !=
            SPK_OK ||
        (options->epochs != NULL &&
         (status = spk_epochs_check(ctx, options->epochs)) != SPK_OK) ||
        (status = check_extent(ctx, spikes, options->epochs, window)) != SPK_OK ||
        (status = check_units(ctx, spikes, options->references, options->n_references,
                              "references")) != SPK_OK ||
        (status = check_units(ctx, spikes, options->targets, options->n_targets,
                              "targets")) != SPK_OK)
        return status;
    SPK_REQUIRE(ctx, spikes->n_spikes < (int64_t)1 << 32, SPK_ERR_OVERFLOW,
                "2^32 spikes or more, got %" PRId64, spikes->n_spikes);
    const int is_square = options->references == NULL && options->targets == NULL;
    sttc_work work = {.references = options->references,
                      .targets = options->targets,
                      .n_references = options->references == NULL ? spikes->n_units
                                                                  : options->n_references,
                      .n_targets =
                          options->targets == NULL ? spikes->n_units : options->n_targets,
                      .values = values};
    if (work.n_references == 0 || work.n_targets == 0)
        return SPK_OK;
    SPK_REQUIRE(ctx, values != NULL, SPK_ERR_ARGUMENT, "values is NULL");

    const int32_t n_workers = spk__parallel_workers(
        ctx, work.n_references > work.n_targets ? work.n_references : work.n_targets);
    if ((status = spk__sttc_table_create(ctx, spikes, options->epochs, window,
                                         options->tiling, &work.table)) != SPK_OK)
        return status;
    work.counts = spk__alloc(ctx, n_workers * spikes->n_units, sizeof *work.counts);
    if (work.counts == NULL) {
        status = spk__fail_memory(ctx);
        goto cleanup;
    }
    const double share = is_square ? 0.9
                                   : (double)work.n_references /
                                         (double)(work.n_references + work.n_targets);
    const double half = from + share * (to - from);
    if ((status = spk__parallel_for_part(ctx, work.n_references, count_reference, &work,
                                         activity, from, half)) != SPK_OK)
        goto cleanup;
    status = is_square ? spk__parallel_for_part(ctx, work.n_references, finish_row, &work,
                                                activity, half, to)
                       : spk__parallel_for_part(ctx, work.n_targets, finish_target, &work,
                                                activity, half, to);
cleanup:
    spk__free(work.counts);
    spk__sttc_table_destroy(&work.table);
    return status;
}

spk_status spk_sttc_estimate(spk_context *ctx, const spk_spikes *spikes,
                             const spk_sttc_options *options, double *values)
{
    return spk__sttc_estimate_part(ctx, spikes, options, values, 0.0, 1.0);
}
