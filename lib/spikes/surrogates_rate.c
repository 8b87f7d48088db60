/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A Poisson process of rates that are given: how many is one Poisson number, and where each
 * is follows from a uniform share of the whole, found by halving.
 */
#include "base/check.h"
#include "base/memory.h"
#include "spikes/sample_sort.h"
#include "spikes/surrogates_state.h"

/* The parts of runs that lie in one bin of rates each. */
typedef struct rate_parts {
    int64_t n;
    int64_t *starts;
    int64_t *lengths;
    double *up_to; /* [n + 1] expected spikes before each part, and in all */
} rate_parts;

/* The parts in order, unless parts is NULL, and the expected number of spikes in all. */
static double find_parts(const spk__surrogate_draw *draw, rate_parts *parts)
{
    const spk_surrogates *plan = draw->plan;
    const spk_train *train = &draw->train;
    const spk_spikes *spikes = spk_trains_spikes(plan->trains);
    const double *rates = plan->rates + draw->unit * plan->options.n_rate_bins;
    const uint64_t origin = (uint64_t)spikes->start_sample;
    const uint64_t width = (uint64_t)plan->options.rate_bin_samples;
    const uint64_t n_bins = (uint64_t)plan->options.n_rate_bins;
    double sum = 0.0;
    int64_t n = 0;
    for (int64_t r = 0; r < train->n_runs; r++) {
        const uint64_t stop = (uint64_t)train->run_stops[r] - origin;
        uint64_t at = (uint64_t)train->run_starts[r] - origin;
        for (uint64_t bin = at / width; at < stop && bin < n_bins; bin++) {
            const uint64_t left = width - (at - bin * width);
            const uint64_t length = left < stop - at ? left : stop - at;
            if (parts != NULL) {
                parts->starts[n] = (int64_t)(origin + at);
                parts->lengths[n] = (int64_t)length;
                parts->up_to[n] = sum;
            }
            sum += rates[bin] * ((double)length / spikes->sampling_rate_hz);
            at += length;
            n++;
        }
    }
    if (parts != NULL) {
        parts->n = n;
        parts->up_to[n] = sum;
    }
    return sum;
}

double spk__surrogate_rate_mean(const spk__surrogate_draw *draw)
{
    return find_parts(draw, NULL);
}

int64_t spk__surrogate_rate_room(const spk__surrogate_draw *draw)
{
    spk_random at = draw->at;
    return spk_random_poisson(&at, find_parts(draw, NULL));
}

/* In 0 .. 1, of spike k. */
static double share(const spk_random *at, int64_t k)
{
    const uint32_t counter[4] = {(uint32_t)k, (uint32_t)at->index,
                                 (uint32_t)(at->index >> 32), at->stream};
    const uint32_t key[2] = {(uint32_t)at->seed, (uint32_t)(at->seed >> 32)};
    uint32_t words[4];
    spk_random_block(counter, key, words);
    const uint64_t bits = (uint64_t)words[1] << 32 | words[0];
    return ((double)(bits >> 12) + 0.5) * 0x1p-52;
}

static int64_t place(const rate_parts *parts, double x)
{
    int64_t k = 0;
    for (int64_t n = parts->n; n > 1;) {
        const int64_t half = n / 2;
        k += parts->up_to[k + half] <= x ? half : 0;
        n -= half;
    }
    while (k > 0 && parts->up_to[k + 1] == parts->up_to[k]) /* rounded up to the end */
        k--;
    const double part = parts->up_to[k + 1] - parts->up_to[k];
    const int64_t length = parts->lengths[k];
    const double in = (x - parts->up_to[k]) / part * (double)length;
    const int64_t offset = in < (double)length ? (int64_t)in : length - 1;
    return (int64_t)((uint64_t)parts->starts[k] +
                     (uint64_t)(offset < length ? offset : length - 1));
}

spk_status spk__surrogate_rate(const spk__surrogate_draw *draw, int64_t *samples,
                               int64_t *n)
{
    const int64_t most = draw->plan->options.n_rate_bins + draw->train.n_runs;
    const int64_t n_spikes = spk__surrogate_rate_room(draw);
    rate_parts parts = {0};
    spk_status status = SPK_OK;
    *n = n_spikes;
    if (n_spikes == 0)
        return SPK_OK;
    parts.starts = spk__alloc(draw->ctx, most, sizeof *parts.starts);
    parts.lengths = spk__alloc(draw->ctx, most, sizeof *parts.lengths);
    parts.up_to = spk__alloc(draw->ctx, most + 1, sizeof *parts.up_to);
    if (parts.starts == NULL || parts.lengths == NULL || parts.up_to == NULL) {
        status = spk__fail_memory(draw->ctx);
        goto cleanup;
    }
    const double mean = find_parts(draw, &parts);
    for (int64_t k = 0; k < n_spikes; k++)
        samples[k] = place(&parts, share(&draw->second, k) * mean);
    status = spk__samples_sort(draw->ctx, n_spikes, samples);
cleanup:
    spk__free(parts.up_to);
    spk__free(parts.lengths);
    spk__free(parts.starts);
    return status;
}
