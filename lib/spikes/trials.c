/* SPDX-License-Identifier: BSD-3-Clause */
#include "spikes/trial_checks.h"

#include "base/check.h"
#include "spikes/trial_windows.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

spk_status spk__trials_check_sizes(spk_context *ctx, const spk_trials *trials)
{
    SPK_REQUIRE(ctx, trials != NULL, SPK_ERR_ARGUMENT, "trials is NULL");
    SPK_REQUIRE(ctx, trials->n_trials >= 0, SPK_ERR_ARGUMENT,
                "n_trials must be >= 0, got %" PRId64, trials->n_trials);
    SPK_REQUIRE(ctx, trials->n_units >= 0 && trials->n_units <= INT32_MAX,
                SPK_ERR_ARGUMENT, "n_units must be in 0 .. %d, got %" PRId64,
                (int)INT32_MAX, trials->n_units);
    SPK_REQUIRE(ctx, trials->n_bins >= 1, SPK_ERR_ARGUMENT,
                "n_bins must be >= 1, got %" PRId64, trials->n_bins);
    SPK_REQUIRE(ctx, trials->n_conditions >= 1, SPK_ERR_ARGUMENT,
                "n_conditions must be >= 1, got %" PRId64, trials->n_conditions);
    SPK_REQUIRE(ctx, trials->bin_samples >= 1, SPK_ERR_ARGUMENT,
                "bin_samples must be >= 1, got %" PRId64, trials->bin_samples);
    SPK_REQUIRE(ctx, trials->sampling_rate_hz > 0 && isfinite(trials->sampling_rate_hz),
                SPK_ERR_ARGUMENT,
                "sampling_rate_hz must be positive and finite, got %.17g",
                trials->sampling_rate_hz);
    int64_t n, n_bytes;
    SPK_REQUIRE(ctx,
                !__builtin_mul_overflow(trials->n_units, trials->n_bins, &n) &&
                    !__builtin_mul_overflow(n, trials->n_trials, &n) &&
                    !__builtin_mul_overflow(n, (int64_t)8, &n_bytes) &&
                    !__builtin_mul_overflow(trials->n_trials, trials->n_bins, &n) &&
                    !__builtin_mul_overflow(n, (int64_t)8, &n_bytes),
                SPK_ERR_OVERFLOW,
                "%" PRId64 " trials x %" PRId64 " units x %" PRId64
                " bins are more than memory holds",
                trials->n_trials, trials->n_units, trials->n_bins);
    return SPK_OK;
}

spk_status spk__trials_check_conditions(spk_context *ctx, int64_t n,
                                        const int32_t *conditions, int64_t n_conditions)
{
    for (int64_t t = 0; conditions != NULL && t < n; t++)
        SPK_REQUIRE(ctx, conditions[t] >= -1 && conditions[t] < n_conditions,
                    SPK_ERR_ARGUMENT,
                    "condition %d of trial %" PRId64 " is not in -1 .. %" PRId64,
                    (int)conditions[t], t, n_conditions - 1);
    return SPK_OK;
}

spk_status spk_trials_check(spk_context *ctx, const spk_trials *trials)
{
    spk_status status = spk__trials_check_sizes(ctx, trials);
    if (status == SPK_OK)
        status = spk__trials_check_conditions(ctx, trials->n_trials, trials->conditions,
                                              trials->n_conditions);
    if (status != SPK_OK)
        return status;
    const int64_t stride = trials->n_units * trials->n_bins;
    const int64_t n = trials->n_trials * stride;
    SPK_REQUIRE(ctx, n == 0 || trials->counts != NULL, SPK_ERR_ARGUMENT,
                "counts is NULL");
    int32_t negative = 0;
    for (int64_t i = 0; i < n; i++) /* no branch, so that it becomes vectors */
        negative |= trials->counts[i];
    for (int64_t i = 0; negative < 0 && i < n; i++)
        SPK_REQUIRE(ctx, trials->counts[i] >= 0, SPK_ERR_ARGUMENT,
                    "count of trial %" PRId64 ", unit %" PRId64 ", bin %" PRId64
                    " must be >= 0, got %d",
                    i / stride, i % stride / trials->n_bins, i % trials->n_bins,
                    (int)trials->counts[i]);
    for (int64_t i = 0; trials->exposure != NULL && i < trials->n_trials * trials->n_bins;
         i++)
        SPK_REQUIRE(
            ctx, trials->exposure[i] >= 0 && trials->exposure[i] <= trials->bin_samples,
            SPK_ERR_ARGUMENT,
            "exposure of trial %" PRId64 ", bin %" PRId64 " must be in 0 .. %" PRId64
            ", got %" PRId64,
            i / trials->n_bins, i % trials->n_bins, trials->bin_samples,
            trials->exposure[i]);
    return SPK_OK;
}

void spk__trials_group(const spk_trials *trials, int whole, int64_t *members,
                       int64_t *firsts)
{
    memset(firsts, 0, (size_t)(trials->n_conditions + 1) * sizeof *firsts);
    /* sizes two places on, then starts one place on, which filling turns into ends */
    for (int pass = 0; pass < 2; pass++) {
        for (int64_t t = 0; t < trials->n_trials; t++) {
            const int64_t c = spk__trials_condition(trials, t);
            if (c < 0 || (whole && !spk__trials_see_all(trials, t, 0, trials->n_bins)))
                continue;
            if (pass == 1)
                members[firsts[c + 1]++] = t;
            else if (c + 2 <= trials->n_conditions)
                firsts[c + 2]++;
        }
        for (int64_t c = 0; pass == 0 && c < trials->n_conditions; c++)
            firsts[c + 1] += firsts[c];
    }
}
