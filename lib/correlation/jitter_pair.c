/* SPDX-License-Identifier: BSD-3-Clause */
#include "correlation/jitter_pair.h"

#include "base/check.h"

#include <inttypes.h>

spk__jitter_bins spk__jitter_make_bins(const spk_jitter_layout *layout, int32_t jittered,
                                       int64_t first_bin, int64_t n)
{
    spk__jitter_bins bins = {layout->interval_samples,
                             layout->first_lag + first_bin * layout->bin_samples,
                             layout->bin_samples, n, jittered == SPK_JITTER_REFERENCE};
    if (bins.is_mirrored)
        bins.first = 1 - (bins.first + n * bins.width);
    return bins;
}

const int64_t *spk__not_before(const int64_t *spike, const int64_t *stop, int64_t sample)
{
    while (spike < stop) {
        const int64_t *middle = spike + (stop - spike) / 2;
        if (*middle < sample)
            spike = middle + 1;
        else
            stop = middle;
    }
    return spike;
}

int spk__jitter_next_run(const spk_train *moved, const spk_train *fixed,
                         spk__jitter_cursor *cursor, spk__jitter_run *run)
{
    while (cursor->moved_run < moved->n_runs && cursor->fixed_run < fixed->n_runs) {
        const int64_t m = cursor->moved_run, f = cursor->fixed_run;
        const int64_t moved_start = moved->run_starts[m],
                      moved_stop = moved->run_stops[m];
        const int64_t fixed_start = fixed->run_starts[f],
                      fixed_stop = fixed->run_stops[f];
        run->start = moved_start > fixed_start ? moved_start : fixed_start;
        run->stop = moved_stop < fixed_stop ? moved_stop : fixed_stop;
        if (moved_stop <= fixed_stop)
            cursor->moved_run++;
        if (fixed_stop <= moved_stop)
            cursor->fixed_run++;
        if (run->start >= run->stop)
            continue;
        run->moved = moved->samples + moved->run_offsets[m];
        run->moved_stop = moved->samples + moved->run_offsets[m + 1];
        run->fixed = fixed->samples + fixed->run_offsets[f];
        run->fixed_stop = fixed->samples + fixed->run_offsets[f + 1];
        if (moved_start != fixed_start || moved_stop != fixed_stop) {
            run->moved = spk__not_before(run->moved, run->moved_stop, run->start);
            run->moved_stop = spk__not_before(run->moved, run->moved_stop, run->stop);
            run->fixed = spk__not_before(run->fixed, run->fixed_stop, run->start);
            run->fixed_stop = spk__not_before(run->fixed, run->fixed_stop, run->stop);
        }
        return 1;
    }
    return 0;
}

int spk__jitter_next_interval(const spk__jitter_bins *bins, spk__jitter_run *run,
                              spk__jitter_interval *interval)
{
    const int64_t D = bins->interval, last = bins->first + bins->n * bins->width - 1;
    /* wherever in its interval a moved spike stands, a partner is in t - before .. t + after */
    const int64_t before = D - 1 + last, after = D - 1 - bins->first;
    const int64_t *moved = run->moved, *const moved_stop = run->moved_stop;
    const int64_t *fixed = run->fixed, *const fixed_stop = run->fixed_stop;
    while (moved < moved_stop) {
        while (fixed < fixed_stop && *fixed < *moved - before)
            fixed++;
        if (fixed == fixed_stop)
            break;
        if (*fixed > *moved + after) {
            moved++;
            continue;
        }
        const int64_t start = *moved - (*moved - run->start) % D;
        const int64_t stop = start < run->stop - D ? start + D : run->stop;
        const int64_t *spike = moved;
        while (moved < moved_stop && *moved < stop)
            moved++;
        while (fixed < fixed_stop && *fixed < start - last)
            fixed++;
        const int64_t *end = fixed;
        while (end < fixed_stop && *end < stop - bins->first)
            end++;
        if (end == fixed)
            continue;
        *interval = (spk__jitter_interval){start,         stop - start, spike,
                                           moved - spike, fixed,        end - fixed};
        run->moved = moved;
        run->fixed = fixed;
        return 1;
    }
    run->moved = moved_stop;
    return 0;
}

void spk__jitter_count(const spk__jitter_bins *bins, const spk__jitter_interval *interval,
                       int64_t *counts)
{
    const uint64_t width = (uint64_t)bins->width, all = width * (uint64_t)bins->n;
    for (int64_t m = 0; m < interval->n_moved; m++)
        for (int64_t f = 0; f < interval->n_fixed; f++) {
            const uint64_t lag =
                (uint64_t)(interval->moved[m] - interval->fixed[f] - bins->first);
            if (lag < all) /* which is below 2^32 */
                counts[(uint32_t)lag / (uint32_t)width]++;
        }
}

spk_status spk__jitter_check_recording(spk_context *ctx, const spk_spikes *spikes)
{
    const int64_t most = (int64_t)1 << 62;
    SPK_REQUIRE(ctx, spikes->start_sample >= -most && spikes->stop_sample <= most,
                SPK_ERR_OVERFLOW,
                "the recording must lie in -2^62 .. 2^62 samples, got %" PRId64
                " .. %" PRId64,
                spikes->start_sample, spikes->stop_sample);
    return SPK_OK;
}

spk_status spk__jitter_check(spk_context *ctx, const spk_trains *trains,
                             const int32_t (*pairs)[2], int64_t n_pairs,
                             const spk_jitter_options *options, spk_jitter_layout *layout)
{
    SPK_REQUIRE(ctx, trains != NULL, SPK_ERR_ARGUMENT, "trains is NULL");
    SPK_REQUIRE(ctx, n_pairs >= 0, SPK_ERR_ARGUMENT, "n_pairs must be >= 0, got %" PRId64,
                n_pairs);
    SPK_REQUIRE(ctx, n_pairs == 0 || pairs != NULL, SPK_ERR_ARGUMENT, "pairs is NULL");
    const spk_spikes *spikes = spk_trains_spikes(trains);
    const spk_status status = spk__jitter_check_recording(ctx, spikes);
    if (status != SPK_OK)
        return status;
    for (int64_t p = 0; p < n_pairs; p++) {
        for (int side = 0; side < 2; side++)
            SPK_REQUIRE(ctx, pairs[p][side] >= 0 && pairs[p][side] < spikes->n_units,
                        SPK_ERR_ARGUMENT,
                        "pairs: unit must be in 0 .. %" PRId64
                        ", got %d in pair %" PRId64,
                        spikes->n_units - 1, (int)pairs[p][side], p);
        SPK_REQUIRE(ctx, pairs[p][0] != pairs[p][1], SPK_ERR_ARGUMENT,
                    "pairs: unit %d with itself in pair %" PRId64, (int)pairs[p][0], p);
    }
    return spk_jitter_length(ctx, spikes->sampling_rate_hz, options, layout);
}
