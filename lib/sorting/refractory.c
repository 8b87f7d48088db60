/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/check.h"
#include "base/durations.h"
#include "base/memory.h"
#include "sorting/pair_lags.h"
#include "sorting/sliding_refractory.h"

#include <inttypes.h>
#include <math.h>
#include <spikekit/refractory.h>
#include <string.h>

enum {
    MOST_PERIODS = 100000,
    MOST_CONTAMINATIONS = 1000
};

void spk_refractory_options_init(spk_refractory_options *options, size_t struct_size)
{
    spk_refractory_options defaults = {
        .struct_size = struct_size,
        .step_s = 0.00025,
        .n_periods = 40,
        .shortest_s = 0.0005,
        .n_contaminations = 70,
        .contamination_step = 0.005,
        .confidence = 0.9,
        .model = SPK_REFRACTORY_LLOBET,
    };
    if (options != NULL)
        memcpy(options, &defaults,
               struct_size < sizeof defaults ? struct_size : sizeof defaults);
}

static spk_status check_options(spk_context *ctx, const spk_refractory_options *options)
{
    SPK_REQUIRE(ctx, options->struct_size >= sizeof *options, SPK_ERR_ARGUMENT,
                "options: not filled by spk_refractory_options_init()");
    SPK_REQUIRE(ctx, options->step_s > 0 && options->step_s <= 1, SPK_ERR_ARGUMENT,
                "step_s must be above 0 and at most 1, got %g", options->step_s);
    SPK_REQUIRE(ctx, options->n_periods >= 1 && options->n_periods <= MOST_PERIODS,
                SPK_ERR_ARGUMENT, "n_periods must be in 1 .. %d, got %" PRId64,
                (int)MOST_PERIODS, options->n_periods);
    SPK_REQUIRE(ctx, options->shortest_s >= 0, SPK_ERR_ARGUMENT,
                "shortest_s must be >= 0, got %g", options->shortest_s);
    SPK_REQUIRE(ctx,
                options->n_contaminations >= 1 &&
                    options->n_contaminations <= MOST_CONTAMINATIONS,
                SPK_ERR_ARGUMENT, "n_contaminations must be in 1 .. %d, got %" PRId64,
                (int)MOST_CONTAMINATIONS, options->n_contaminations);
    SPK_REQUIRE(ctx,
                options->contamination_step > 0 &&
                    options->contamination_step * (double)options->n_contaminations <=
                        0.5 + 1e-9,
                SPK_ERR_ARGUMENT,
                "contamination_step must be above 0 and its %" PRId64
                " steps at most 0.5, got %g",
                options->n_contaminations, options->contamination_step);
    SPK_REQUIRE(ctx, options->confidence >= 0 && options->confidence <= 1,
                SPK_ERR_ARGUMENT, "confidence must be in 0 .. 1, got %g",
                options->confidence);
    SPK_REQUIRE(ctx,
                options->model == SPK_REFRACTORY_LLOBET ||
                    options->model == SPK_REFRACTORY_STEINMETZ,
                SPK_ERR_ARGUMENT, "model must be 0 or 1, got %d", (int)options->model);
    return SPK_OK;
}

typedef struct refractory_unit {
    double n_spikes, time_s, step_s;
    int32_t model;
} refractory_unit;

static double expected(const void *state, int64_t period, double contamination)
{
    const refractory_unit *unit = state;
    const double period_s = (double)(period + 1) * unit->step_s;
    return unit->model == SPK_REFRACTORY_LLOBET
               ? spk__sliding_expected_llobet(unit->n_spikes, unit->time_s, period_s,
                                              contamination)
               : 2.0 * period_s / unit->time_s * contamination * unit->n_spikes *
                     unit->n_spikes;
}

static spk_refractory_estimate make_estimate(const spk__sliding_search *search,
                                             const refractory_unit *unit)
{
    spk_refractory_estimate made = {unit->step_s, NAN, NAN, NAN};
    double confidence;
    if (unit->n_spikes == 0.0)
        return made;
    const int64_t least = spk__sliding_least(search);
    if (least >= 0) {
        made.contamination = (double)(least + 1) * search->step;
        made.period_s =
            (double)(spk__sliding_surest(search, made.contamination, &confidence) + 1) *
            unit->step_s;
    }
    if (spk__sliding_surest(search, 0.1, &confidence) >= 0)
        made.max_confidence = confidence;
    return made;
}

/* Pairs by bin, and violations within each period. */
static spk_status count_pairs(spk_context *ctx, const spk_train *train, int64_t step,
                              int64_t n_periods, int64_t *pairs, int64_t *violations)
{
    spk__pair_lags lags = {0};
    int64_t *counters = NULL;
    /* violations first hold the lags: 0, and the last of each bin */
    violations[n_periods] = 0;
    for (int64_t p = 0; p < n_periods; p++)
        violations[p] = (p + 1) * step - 1;
    spk_status status = spk__pair_lags_create(ctx, violations, n_periods + 1, &lags);
    if (status != SPK_OK)
        return status;
    counters = spk__alloc(ctx, spk__pair_lags_room(&lags), sizeof *counters);
    if (counters == NULL) {
        status = spk__fail_memory(ctx);
        goto cleanup;
    }
    spk__pair_lags_count(&lags, train, counters);
    const int64_t simultaneous = spk__pair_lags_at(&lags, counters, 0);
    for (int64_t p = 0, before = 0; p < n_periods; p++) {
        const int64_t within = spk__pair_lags_at(&lags, counters, (p + 1) * step - 1);
        pairs[p] = within - before;
        violations[p] = within + simultaneous;
        before = within;
    }
cleanup:
    spk__free(counters);
    spk__pair_lags_free(&lags);
    return status;
}

spk_status spk_refractory_confidence(spk_context *ctx, const spk_trains *trains,
                                     int64_t unit, const spk_refractory_options *options,
                                     int64_t *pairs, double *confidence,
                                     spk_refractory_estimate *estimate)
{
    SPK_REQUIRE(ctx, trains != NULL, SPK_ERR_ARGUMENT, "trains is NULL");
    SPK_REQUIRE(ctx, pairs != NULL, SPK_ERR_ARGUMENT, "pairs is NULL");
    const spk_spikes *spikes = spk_trains_spikes(trains);
    SPK_REQUIRE(ctx, unit >= 0 && unit < spikes->n_units, SPK_ERR_ARGUMENT,
                "unit must be in 0 .. %" PRId64 ", got %" PRId64, spikes->n_units - 1,
                unit);
    spk_refractory_options defaults;
    spk_refractory_options_init(&defaults, sizeof defaults);
    if (options == NULL)
        options = &defaults;
    spk_status status = check_options(ctx, options);
    if (status != SPK_OK)
        return status;

    const spk_train train = spk_trains_unit(trains, unit);
    const int64_t n = options->n_periods;
    int64_t step = spk__samples_near(1e3 * options->step_s, spikes->sampling_rate_hz);
    step = step < 1 ? 1 : step;
    SPK_REQUIRE(ctx, step <= ((int64_t)1 << 53) / n, SPK_ERR_ARGUMENT,
                "the longest period is beyond 2^53 samples");
    const refractory_unit state = {
        .n_spikes = (double)train.n_spikes,
        .time_s = (double)train.duration_samples / spikes->sampling_rate_hz,
        .step_s = (double)step / spikes->sampling_rate_hz,
        .model = options->model,
    };
    int64_t *violations = spk__alloc(ctx, n + 1, sizeof *violations);
    char *is_tested = spk__alloc(ctx, n, 1);
    if (violations == NULL || is_tested == NULL) {
        status = spk__fail_memory(ctx);
        goto cleanup;
    }
    if ((status = count_pairs(ctx, &train, step, n, pairs, violations)) != SPK_OK)
        goto cleanup;
    for (int64_t p = 0; p < n; p++)
        is_tested[p] = ((double)p + 0.5) * state.step_s > options->shortest_s;
    const spk__sliding_search search = {
        .n_periods = n,
        .violations = violations,
        .is_tested = is_tested,
        .n_contaminations = options->n_contaminations,
        .step = options->contamination_step,
        .enough = options->confidence,
        .is_strict = 1,
        .expected = expected,
        .state = &state,
    };
    for (int64_t c = 0; confidence != NULL && c < options->n_contaminations; c++)
        for (int64_t p = 0; p < n; p++)
            confidence[c * n + p] =
                train.n_spikes == 0
                    ? 0.0
                    : spk__sliding_confidence(
                          violations[p],
                          expected(&state, p, (double)(c + 1) * search.step));
    if (estimate != NULL)
        *estimate = make_estimate(&search, &state);
cleanup:
    spk__free(is_tested);
    spk__free(violations);
    return status;
}
