/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Methods that move spikes one by one. All move as if runs had no ends, many at a time; then
 * those near an end move again, by the same random number, within what there is.
 */
#include "base/check.h"
#include "base/dispatch.h"
#include "base/memory.h"
#include "spikes/sample_sort.h"
#include "spikes/surrogates_state.h"

/* out = base + shift + offset below m; whether a word was rejected. */
SPK__CLONES
static uint32_t move_all(int64_t n, const int64_t *restrict base,
                         const uint32_t *restrict words, uint32_t m, uint32_t rejected,
                         int64_t shift, int64_t *restrict out)
{
    uint32_t any = 0;
    for (int64_t i = 0; i < n; i++) {
        const uint64_t product = (uint64_t)words[i] * m;
        any |= (uint32_t)product < rejected;
        out[i] = (int64_t)((uint64_t)base[i] + (uint64_t)shift + (product >> 32));
    }
    return any;
}

/* The same for all spikes of a unit, and without words rejected. */
static void move(const spk_random *at, int64_t n, const int64_t *base, uint64_t m,
                 int64_t shift, int64_t *out)
{
    const int is_short = m <= UINT32_MAX;
    const uint32_t rejected = is_short ? (uint32_t)((UINT64_C(1) << 32) % m) : 0;
    uint32_t words[SPK__SURROGATE_CHUNK] __attribute__((aligned(64)));
    for (int64_t first = 0; first < n; first += SPK__SURROGATE_CHUNK) {
        const int64_t left = n - first;
        const int64_t count = left < SPK__SURROGATE_CHUNK ? left : SPK__SURROGATE_CHUNK;
        spk__surrogate_words(at, first, count, words);
        if (is_short && !move_all(count, base + first, words, (uint32_t)m, rejected,
                                  shift, out + first))
            continue;
        for (int64_t i = 0; i < count; i++)
            out[first + i] = (int64_t)((uint64_t)base[first + i] + (uint64_t)shift +
                                       spk__surrogate_below(at, first + i, words[i], m));
    }
}

/* Samples before a spike in its run, and behind it. */
static uint64_t room_before(const spk_train *train, int64_t run, int64_t sample)
{
    return (uint64_t)sample - (uint64_t)train->run_starts[run];
}

static uint64_t room_behind(const spk_train *train, int64_t run, int64_t sample)
{
    return (uint64_t)train->run_stops[run] - 1 - (uint64_t)sample;
}

static uint64_t lesser(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static int64_t moved(int64_t sample, uint64_t before, uint64_t offset)
{
    return (int64_t)((uint64_t)sample - before + offset);
}

/* Anywhere within `width` and the run. */
static int64_t move_in_run(const spk__surrogate_draw *draw, int64_t run, int64_t i)
{
    const spk_train *train = &draw->train;
    const uint64_t width = (uint64_t)draw->plan->width;
    const int64_t sample = train->samples[i];
    const uint64_t before = lesser(width, room_before(train, run, sample));
    const uint64_t behind = lesser(width, room_behind(train, run, sample));
    return moved(sample, before,
                 spk__surrogate_offset(&draw->at, i, before + behind + 1));
}

static void keep_in_run(const spk__surrogate_draw *draw, int64_t run, int64_t *samples)
{
    const spk_train *train = &draw->train;
    const uint64_t width = (uint64_t)draw->plan->width;
    const int64_t end = train->run_offsets[run + 1];
    int64_t first = train->run_offsets[run], last = end;
    for (; first < end && room_before(train, run, train->samples[first]) < width; first++)
        samples[first] = move_in_run(draw, run, first);
    for (; last > first && room_behind(train, run, train->samples[last - 1]) < width;
         last--)
        samples[last - 1] = move_in_run(draw, run, last - 1);
}

/* Without those that left their run; how many are left. */
static int64_t drop(const spk_train *train, int64_t *samples)
{
    int64_t kept = 0;
    for (int64_t r = 0; r < train->n_runs; r++)
        for (int64_t i = train->run_offsets[r]; i < train->run_offsets[r + 1]; i++)
            if (samples[i] >= train->run_starts[r] && samples[i] < train->run_stops[r])
                samples[kept++] = samples[i];
    return kept;
}

int64_t spk__surrogate_shortest(const spk_train *train, int64_t most)
{
    uint64_t shortest = (uint64_t)most;
    for (int64_t r = 0; r < train->n_runs; r++)
        for (int64_t i = train->run_offsets[r] + 1; i < train->run_offsets[r + 1]; i++)
            shortest = lesser(shortest, (uint64_t)train->samples[i] -
                                            (uint64_t)train->samples[i - 1]);
    return (int64_t)shortest;
}

/* One after the other in the order given, between its neighbours. */
static void move_between(const spk__surrogate_draw *draw, int64_t run,
                         const uint32_t *order, uint64_t refractory, int64_t *samples)
{
    const uint64_t width = (uint64_t)draw->plan->width;
    const int64_t first = draw->train.run_offsets[run];
    const int64_t end = draw->train.run_offsets[run + 1];
    for (int64_t k = first; k < end; k++) {
        const int64_t i = first + order[k - first];
        uint64_t before = room_before(&draw->train, run, samples[i]);
        uint64_t behind = room_behind(&draw->train, run, samples[i]);
        if (i > first)
            before = (uint64_t)samples[i] - (uint64_t)samples[i - 1] - refractory;
        if (i + 1 < end)
            behind = (uint64_t)samples[i + 1] - (uint64_t)samples[i] - refractory;
        before = lesser(before, width);
        behind = lesser(behind, width);
        samples[i] = moved(samples[i], before,
                           spk__surrogate_offset(&draw->at, i, before + behind + 1));
    }
}

static spk_status dither_refractory(const spk__surrogate_draw *draw, int64_t *samples)
{
    const spk_train *train = &draw->train;
    const uint64_t refractory =
        (uint64_t)spk__surrogate_shortest(train, draw->plan->refractory);
    uint32_t *order = spk__alloc(draw->ctx, train->n_spikes, sizeof *order);
    if (order == NULL)
        return spk__fail_memory(draw->ctx);
    for (int64_t i = 0; i < train->n_spikes; i++)
        samples[i] = train->samples[i];
    for (int64_t r = 0; r < train->n_runs; r++) {
        const int64_t first = train->run_offsets[r];
        for (int64_t k = 0; first + k < train->run_offsets[r + 1]; k++) {
            const int64_t j =
                (int64_t)spk__surrogate_offset(&draw->second, first + k, (uint64_t)k + 1);
            order[k] = order[j];
            order[j] = (uint32_t)k;
        }
        move_between(draw, r, order, refractory, samples);
    }
    spk__free(order);
    return SPK_OK;
}

spk_status spk__surrogate_dither(const spk__surrogate_draw *draw, int64_t *samples,
                                 int64_t *n)
{
    const spk_train *train = &draw->train;
    const int64_t width = draw->plan->width;
    *n = train->n_spikes;
    if (draw->plan->refractory > 0)
        return dither_refractory(draw, samples);
    move(&draw->at, *n, train->samples, 2 * (uint64_t)width + 1, -width, samples);
    if (draw->plan->options.edges == SPK_SURROGATE_DROP)
        *n = drop(train, samples);
    else
        for (int64_t r = 0; r < train->n_runs; r++)
            keep_in_run(draw, r, samples);
    return spk__samples_sort_near(draw->ctx, *n, samples);
}

spk_status spk__surrogate_jitter(const spk__surrogate_draw *draw, int64_t *samples,
                                 int64_t *n)
{
    const spk_train *train = &draw->train;
    const uint64_t width = (uint64_t)draw->plan->width;
    const int64_t *starts = draw->plan->window_starts[draw->unit];
    *n = train->n_spikes;
    move(&draw->at, *n, starts, width, 0, samples);
    for (int64_t r = 0; r < train->n_runs; r++)
        for (int64_t i = train->run_offsets[r + 1] - 1; i >= train->run_offsets[r]; i--) {
            const uint64_t length = (uint64_t)train->run_stops[r] - (uint64_t)starts[i];
            if (length >= width)
                break;
            samples[i] = moved(starts[i], 0, spk__surrogate_offset(&draw->at, i, length));
        }
    return spk__samples_sort_near(draw->ctx, *n, samples);
}

spk_status spk__surrogate_randomise(const spk__surrogate_draw *draw, int64_t *samples,
                                    int64_t *n)
{
    const spk_train *train = &draw->train;
    uint32_t words[SPK__SURROGATE_CHUNK] __attribute__((aligned(64)));
    *n = train->n_spikes;
    for (int64_t i = 0, r = 0; i < *n; i++) {
        const int64_t place = i % SPK__SURROGATE_CHUNK;
        if (place == 0)
            spk__surrogate_words(&draw->at, i, SPK__SURROGATE_CHUNK, words);
        while (i >= train->run_offsets[r + 1])
            r++;
        const uint64_t length =
            (uint64_t)train->run_stops[r] - (uint64_t)train->run_starts[r];
        samples[i] = moved(train->run_starts[r], 0,
                           spk__surrogate_below(&draw->at, i, words[place], length));
    }
    return spk__samples_sort(draw->ctx, *n, samples);
}
