/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A table is compared with itself; pairs of a unit and one before it that share enough spikes
 * are kept.
 */
#include "base/check.h"
#include "base/memory.h"
#include "sorting/comparison_counts.h"

#include <inttypes.h>
#include <math.h>
#include <spikekit/duplicates.h>
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

/* Which of two goes. */
static int32_t choose(const spk_redundant_options *o, const int64_t *n_spikes, int32_t a,
                      int32_t b)
{
    if (o->keep == SPK_REDUNDANT_MAX_SPIKES)
        return n_spikes[a] < n_spikes[b] ? a : b;
    if (o->keep == SPK_REDUNDANT_MINIMUM_SHIFT) {
        const int64_t shift_a = o->shifts[a] < 0 ? -o->shifts[a] : o->shifts[a];
        const int64_t shift_b = o->shifts[b] < 0 ? -o->shifts[b] : o->shifts[b];
        if (shift_a != shift_b)
            return shift_a > shift_b ? a : b;
    }
    return o->amplitudes[a] < o->amplitudes[b] ? a : b;
}

/* Nonzero, and the pair, if entry k of row a is a redundant pair. */
static int judge(const spk_redundant_options *o, const spk__matches *matches, int64_t a,
                 int64_t k, spk_redundant_pair *pair)
{
    const int64_t *n_spikes = matches->n_spikes[0];
    const int64_t b = matches->partners[k], m = matches->counts[k];
    const int64_t smaller = n_spikes[a] < n_spikes[b] ? n_spikes[a] : n_spikes[b];
    *pair = (spk_redundant_pair){
        .a = (int32_t)a,
        .b = (int32_t)b,
        .n_matches = m,
        .agreement = (double)m / (double)(n_spikes[a] + n_spikes[b] - m),
        .shared = (double)m / (double)smaller,
    };
    if (b >= a || pair->agreement < o->min_agreement || pair->shared <= o->min_shared)
        return 0;
    pair->removed = choose(o, n_spikes, pair->a, pair->b);
    return 1;
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

static int64_t delta_of(const spk_redundant_options *o, const spk_spikes *spikes)
{
    return (int64_t)(o->delta_ms / 1000 * spikes->sampling_rate_hz);
}

static spk_status check_options(spk_context *ctx, const spk_spikes *spikes,
                                const spk_redundant_options *o)
{
    SPK_REQUIRE(ctx, o->delta_ms >= 0 && o->delta_ms <= 1e6, SPK_ERR_ARGUMENT,
                "delta_ms must be in 0 .. 1e6, got %g", o->delta_ms);
    SPK_REQUIRE(ctx, delta_of(o, spikes) <= SPK__COMPARISON_MAX_DELTA, SPK_ERR_ARGUMENT,
                "delta_ms: %g ms are more than 2^26 samples", o->delta_ms);
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
    spk_spikes shifted = *spikes;
    spk__matches matches = {0};
    if (options->shifts != NULL &&
        (status = shift_table(ctx, spikes, options->shifts, &samples, &units,
                              &shifted)) != SPK_OK)
        goto cleanup;
    if ((status = spk__matches_count(ctx, &shifted, &shifted, NULL,
                                     delta_of(options, spikes), 0, 0, &matches)) !=
        SPK_OK)
        goto cleanup;
    if (n_units > 0)
        memset(drop, 0, (size_t)n_units);
    for (int64_t a = 0; a < n_units; a++)
        for (int64_t k = matches.offsets[a]; k < matches.offsets[a + 1]; k++) {
            spk_redundant_pair pair;
            if (!judge(options, &matches, a, k, &pair))
                continue;
            drop[pair.removed] = 1;
            if (total < max_pairs)
                pairs[total] = pair;
            total++;
        }
    if (n_pairs != NULL)
        *n_pairs = total;
cleanup:
    spk__matches_free(&matches);
    spk__free(units);
    spk__free(samples);
    return status;
}
