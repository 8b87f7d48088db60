/* SPDX-License-Identifier: BSD-3-Clause */
/* One pair as a picture. */
#include "base/check.h"
#include "base/memory.h"
#include "correlation/connection_find.h"
#include "correlation/connection_state.h"

#include <inttypes.h>
#include <math.h>

spk_status spk_connections_curve_length(spk_context *ctx, const spk_spikes *spikes,
                                        const spk_connections_options *options,
                                        int64_t *n_bins)
{
    spk_connections_options resolved;
    spk__connection_state state = {.ctx = ctx};
    SPK_REQUIRE(ctx, n_bins != NULL, SPK_ERR_ARGUMENT, "n_bins must not be NULL");
    spk_status status = spk__connection_choose(ctx, options, &state.method);
    if (status == SPK_OK)
        status = spk__connection_resolve(ctx, spikes, options, &resolved, &state);
    if (status == SPK_OK)
        *n_bins = state.work.n_bins;
    return status;
}

/* The two units alone, as units 0 and 1 of a table of their own: what a picture costs does not
 * depend on how many others there are. */
static spk_status pick_two(spk_context *ctx, const spk_spikes *spikes, int32_t source,
                           int32_t target, int64_t **samples, int32_t **units,
                           spk_spikes *two)
{
    int64_t n = 0;
    for (int64_t s = 0; s < spikes->n_spikes; s++)
        n += spikes->units[s] == source || spikes->units[s] == target;
    *samples = spk__alloc(ctx, n, sizeof **samples);
    *units = spk__alloc(ctx, n, sizeof **units);
    if (*samples == NULL || *units == NULL)
        return spk__fail_memory(ctx);
    *two = *spikes;
    two->samples = *samples;
    two->units = *units;
    two->n_units = 2;
    two->n_spikes = 0;
    for (int64_t s = 0; s < spikes->n_spikes; s++)
        if (spikes->units[s] == source || spikes->units[s] == target) {
            (*samples)[two->n_spikes] = spikes->samples[s];
            (*units)[two->n_spikes++] = spikes->units[s] == target;
        }
    return SPK_OK;
}

spk_status spk__connections_curve_by(spk_context *ctx, const spk_spikes *spikes,
                                     const spk_connections_options *options,
                                     const spk__connection_method *method, int32_t source,
                                     int32_t target, const spk_connection_curve *curve)
{
    static const int32_t pair_of_two[1][2] = {{0, 1}};
    spk_connections_options resolved;
    spk__connection_state state = {.ctx = ctx, .method = method};
    spk_spikes two;
    int64_t *samples = NULL, *counts = NULL;
    int32_t *units = NULL;
    spk_status status = spk_spikes_check(ctx, spikes);
    if (status != SPK_OK)
        return status;
    SPK_REQUIRE(ctx,
                curve != NULL && curve->lags_s != NULL && curve->counts != NULL &&
                    curve->expected != NULL && curve->lower != NULL &&
                    curve->upper != NULL,
                SPK_ERR_ARGUMENT, "curve and its arrays must not be NULL");
    SPK_REQUIRE(ctx,
                source >= 0 && source < spikes->n_units && target >= 0 &&
                    target < spikes->n_units && source != target,
                SPK_ERR_ARGUMENT,
                "source and target must be two units in 0 .. %" PRId64 ", got %" PRId32
                " and %" PRId32,
                spikes->n_units - 1, source, target);
    spk_connections_options open;
    if ((status = spk__connection_take_options(ctx, options, &open)) != SPK_OK)
        return status;
    open.pairs = NULL;
    open.first_source = 0;
    open.last_source = -1;
    if ((status = pick_two(ctx, spikes, source, target, &samples, &units, &two)) !=
            SPK_OK ||
        (status = spk__connection_resolve(ctx, &two, &open, &resolved, &state)) !=
            SPK_OK ||
        (status = spk__connection_prepare(ctx, &state)) != SPK_OK ||
        (status = spk__connection_create_workers(ctx, &state, 1)) != SPK_OK)
        goto cleanup;
    const int64_t n_bins = state.work.n_bins;
    if ((counts = spk__alloc(ctx, n_bins, sizeof *counts)) == NULL) {
        status = spk__fail_memory(ctx);
        goto cleanup;
    }
    status = spk_correlogram_count_pairs(ctx, &two, &state.bins, pair_of_two, 1, counts);
    if (status != SPK_OK)
        goto cleanup;
    for (int64_t k = 0; k < n_bins; k++) {
        curve->lags_s[k] = (double)((k - n_bins / 2) * state.work.bin_samples) /
                           spikes->sampling_rate_hz;
        curve->counts[k] = (double)counts[k];
        curve->expected[k] = curve->lower[k] = curve->upper[k] = NAN;
    }
    const spk__connection_pair pair = {0, 1, counts};
    if (method->curve != NULL && state.n_spikes[0] > 0 && state.n_spikes[1] > 0)
        status = method->curve(ctx, &state.work, &pair, state.workers[0].scratch, curve);

cleanup:
    spk__connection_state_clear(&state);
    spk__free(counts);
    spk__free(samples);
    spk__free(units);
    return status;
}

spk_status spk_connections_curve(spk_context *ctx, const spk_spikes *spikes,
                                 const spk_connections_options *options, int32_t source,
                                 int32_t target, const spk_connection_curve *curve)
{
    const spk__connection_method *method = NULL;
    const spk_status status = spk__connection_choose(ctx, options, &method);
    return status != SPK_OK ? status
                            : spk__connections_curve_by(ctx, spikes, options, method,
                                                        source, target, curve);
}
