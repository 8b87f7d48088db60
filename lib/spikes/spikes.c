/* SPDX-License-Identifier: BSD-3-Clause */
#include "spikes/table_checks.h"

#include "base/check.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

spk_status spk__spikes_check_sizes(spk_context *ctx, const spk_spikes *spikes)
{
    SPK_REQUIRE(ctx, spikes != NULL, SPK_ERR_ARGUMENT, "spikes is NULL");
    SPK_REQUIRE(ctx, spikes->n_spikes >= 0, SPK_ERR_ARGUMENT,
                "n_spikes must be >= 0, got %" PRId64, spikes->n_spikes);
    SPK_REQUIRE(ctx, spikes->n_units >= 0 && spikes->n_units <= INT32_MAX,
                SPK_ERR_ARGUMENT, "n_units must be in 0 .. %d, got %" PRId64,
                (int)INT32_MAX, spikes->n_units);
    SPK_REQUIRE(ctx, spikes->sampling_rate_hz > 0 && isfinite(spikes->sampling_rate_hz),
                SPK_ERR_ARGUMENT,
                "sampling_rate_hz must be positive and finite, got %.17g",
                spikes->sampling_rate_hz);
    SPK_REQUIRE(ctx, spikes->start_sample <= spikes->stop_sample, SPK_ERR_ARGUMENT,
                "start_sample %" PRId64 " is after stop_sample %" PRId64,
                spikes->start_sample, spikes->stop_sample);
    SPK_REQUIRE(ctx, spikes->n_spikes == 0 || spikes->samples != NULL, SPK_ERR_ARGUMENT,
                "samples is NULL");
    SPK_REQUIRE(ctx, spikes->n_spikes == 0 || spikes->units != NULL, SPK_ERR_ARGUMENT,
                "units is NULL");
    return SPK_OK;
}

/* A negative unit is a large unsigned one. */
static int is_unit(const spk_spikes *spikes, int32_t unit)
{
    return (uint32_t)unit < (uint32_t)spikes->n_units;
}

static spk_status fail_unit(spk_context *ctx, const spk_spikes *spikes, int64_t spike)
{
    if (spikes->n_units == 0)
        return spk__fail(ctx, SPK_ERR_ARGUMENT,
                         "unit %d of spike %" PRId64 " in a table of 0 units",
                         (int)spikes->units[spike], spike);
    return spk__fail(ctx, SPK_ERR_ARGUMENT,
                     "unit %d of spike %" PRId64 " is not in 0 .. %" PRId64,
                     (int)spikes->units[spike], spike, spikes->n_units - 1);
}

/* No branches, so that the compiler makes vectors of it. */
static int spikes_are_valid(const spk_spikes *spikes)
{
    const int64_t *samples = spikes->samples;
    const int32_t *units = spikes->units;
    int64_t n = spikes->n_spikes;
    uint32_t n_units = (uint32_t)spikes->n_units;
    unsigned bad_units = 0;
    uint64_t descents = 0;
    if (n == 0)
        return 1;
    for (int64_t i = 0; i < n; i++)
        bad_units |= (uint32_t)units[i] >= n_units;
    for (int64_t i = 1; i < n; i++)
        descents |= samples[i] < samples[i - 1];
    return bad_units == 0 && descents == 0 && samples[0] >= spikes->start_sample &&
           samples[n - 1] < spikes->stop_sample;
}

spk_status spk_spikes_check(spk_context *ctx, const spk_spikes *spikes)
{
    spk_status status = spk__spikes_check_sizes(ctx, spikes);
    if (status != SPK_OK || spikes_are_valid(spikes))
        return status;
    const int64_t *samples = spikes->samples;
    for (int64_t i = 0; i < spikes->n_spikes; i++) {
        if (!is_unit(spikes, spikes->units[i]))
            return fail_unit(ctx, spikes, i);
        SPK_REQUIRE(ctx, i == 0 || samples[i] >= samples[i - 1], SPK_ERR_UNSORTED,
                    "spike %" PRId64 " is out of order: sample %" PRId64
                    " after %" PRId64,
                    i, samples[i], samples[i - 1]);
        SPK_REQUIRE(
            ctx, samples[i] >= spikes->start_sample && samples[i] < spikes->stop_sample,
            SPK_ERR_ARGUMENT,
            "sample %" PRId64 " of spike %" PRId64 " is outside the recording, %" PRId64
            " .. %" PRId64,
            samples[i], i, spikes->start_sample, spikes->stop_sample);
    }
    return SPK_OK;
}

/* counts must hold zeros. */
static spk_status add_counts(spk_context *ctx, const spk_spikes *spikes, int64_t *counts)
{
    for (int64_t i = 0; i < spikes->n_spikes; i++) {
        if (!is_unit(spikes, spikes->units[i]))
            return fail_unit(ctx, spikes, i);
        counts[spikes->units[i]]++;
    }
    return SPK_OK;
}

spk_status spk_spikes_count(spk_context *ctx, const spk_spikes *spikes, int64_t *counts)
{
    spk_status status = spk__spikes_check_sizes(ctx, spikes);
    if (status != SPK_OK)
        return status;
    SPK_REQUIRE(ctx, spikes->n_units == 0 || counts != NULL, SPK_ERR_ARGUMENT,
                "counts is NULL");
    for (int64_t u = 0; u < spikes->n_units; u++)
        counts[u] = 0;
    return add_counts(ctx, spikes, counts);
}

spk_status spk_spikes_group(spk_context *ctx, const spk_spikes *spikes, int64_t *offsets,
                            int64_t *samples, int64_t *indices)
{
    spk_status status = spk__spikes_check_sizes(ctx, spikes);
    if (status != SPK_OK)
        return status;
    SPK_REQUIRE(ctx, offsets != NULL, SPK_ERR_ARGUMENT, "offsets is NULL");

    int64_t n_units = spikes->n_units;
    for (int64_t u = 0; u <= n_units; u++)
        offsets[u] = 0;
    if ((status = add_counts(ctx, spikes, offsets + 1)) != SPK_OK)
        return status;
    for (int64_t u = 1; u <= n_units; u++)
        offsets[u] += offsets[u - 1];
    if (samples == NULL && indices == NULL)
        return SPK_OK;

    /* While spikes are put in place, offsets[u] is where the next spike of u goes; at
     * the end it has become offsets[u + 1]. */
    for (int64_t i = 0; i < spikes->n_spikes; i++) {
        int64_t place = offsets[spikes->units[i]]++;
        if (samples != NULL)
            samples[place] = spikes->samples[i];
        if (indices != NULL)
            indices[place] = i;
    }
    memmove(offsets + 1, offsets, (size_t)n_units * sizeof *offsets);
    offsets[0] = 0;
    return SPK_OK;
}

spk_status spk_spikes_restrict(spk_context *ctx, const spk_spikes *spikes,
                               const spk_epochs *epochs, int64_t *samples, int32_t *units,
                               spk_spikes *restricted)
{
    spk_status status;
    if ((status = spk_spikes_check(ctx, spikes)) != SPK_OK ||
        (status = spk_epochs_check(ctx, epochs)) != SPK_OK)
        return status;
    int64_t n = spikes->n_spikes;
    SPK_REQUIRE(ctx, n == 0 || samples != NULL, SPK_ERR_ARGUMENT,
                "samples (output) is NULL");
    SPK_REQUIRE(ctx, n == 0 || units != NULL, SPK_ERR_ARGUMENT, "units (output) is NULL");
    SPK_REQUIRE(ctx, restricted != NULL, SPK_ERR_ARGUMENT, "restricted is NULL");

    int64_t n_kept = 0, i = 0;
    for (int64_t e = 0; e < epochs->n_epochs; e++) {
        while (i < n && spikes->samples[i] < epochs->starts[e])
            i++;
        for (; i < n && spikes->samples[i] < epochs->stops[e]; i++) {
            samples[n_kept] = spikes->samples[i];
            units[n_kept] = spikes->units[i];
            n_kept++;
        }
    }
    *restricted = *spikes;
    restricted->n_spikes = n_kept;
    restricted->samples = samples;
    restricted->units = units;
    return SPK_OK;
}
