/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Pair by pair: in each stretch of common time the two trains are walked side by side, which
 * gives the distance of every spike to the nearest one of the other; that distance says for
 * every window at once whether the spike is near.
 */
#include "base/check.h"
#include "base/memory.h"
#include "base/parallel.h"
#include "correlation/sttc.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

enum {
    MOST_WINDOWS = 1000
};

/* Of one train, for each window. */
typedef struct side {
    int64_t n_spikes;
    int64_t
        *near; /* [n_windows] spikes whose nearest is within this window but no shorter */
    spk__sttc_tiles *tiles; /* [n_windows] */
} side;

typedef struct pair_work {
    const spk_trains *trains;
    const int32_t (*pairs)[2];
    const int64_t *windows; /* [n_windows] rising */
    int64_t n_windows;
    int32_t tiling;
    int64_t *near;          /* [workers][2][n_windows] */
    spk__sttc_tiles *tiles; /* [workers][2][n_windows] */
    double *values;         /* [n_pairs][n_windows], or NULL */
} pair_work;

/* A stretch of time and the spikes of a train in it. */
typedef struct stretch {
    int64_t start, stop;
    const int64_t *samples;
    int64_t n;
} stretch;

static void add_stretch(const pair_work *w, side *own, const stretch *a, const stretch *b)
{
    int64_t next = 0; /* first spike of b that is not before the spike of a */
    own->n_spikes += a->n;
    for (int64_t i = 0; i < a->n; i++) {
        const uint64_t at = (uint64_t)a->samples[i];
        uint64_t distance = UINT64_MAX;
        while (next < b->n && b->samples[next] < a->samples[i])
            next++;
        if (next < b->n)
            distance = (uint64_t)b->samples[next] - at;
        if (next > 0 && at - (uint64_t)b->samples[next - 1] < distance)
            distance = at - (uint64_t)b->samples[next - 1];
        int64_t k = 0;
        while (k < w->n_windows && (uint64_t)w->windows[k] < distance)
            k++;
        if (k < w->n_windows)
            own->near[k]++;
        for (k = 0; k < w->n_windows; k++)
            spk__sttc_add_tile(&own->tiles[k], a->samples[i], w->windows[k],
                               w->windows[k] + (w->tiling == SPK_STTC_SAMPLES), a->start,
                               a->stop);
    }
}

/* The first spike of a run that is not before a sample, from a place on. */
static int64_t skip_to(const spk_train *train, int64_t from, int64_t sample)
{
    while (from < train->n_spikes && train->samples[from] < sample)
        from++;
    return from;
}

/* Fills the sides. @return how long the common time is [samples] */
static uint64_t add_pair(const pair_work *w, const spk_train trains[2], side sides[2])
{
    int64_t runs[2] = {0, 0}, places[2] = {0, 0};
    uint64_t duration = 0;
    while (runs[0] < trains[0].n_runs && runs[1] < trains[1].n_runs) {
        stretch of[2] = {{.start = INT64_MIN, .stop = INT64_MAX}};
        for (int k = 0; k < 2; k++) {
            const int64_t start = trains[k].run_starts[runs[k]];
            const int64_t stop = trains[k].run_stops[runs[k]];
            of[0].start = start > of[0].start ? start : of[0].start;
            of[0].stop = stop < of[0].stop ? stop : of[0].stop;
        }
        if (of[0].start < of[0].stop) {
            of[1] = of[0];
            for (int k = 0; k < 2; k++) {
                const int64_t first = skip_to(&trains[k], places[k], of[0].start);
                places[k] = skip_to(&trains[k], first, of[0].stop);
                of[k].samples = trains[k].samples + first;
                of[k].n = places[k] - first;
            }
            duration += (uint64_t)of[0].stop - (uint64_t)of[0].start;
            add_stretch(w, &sides[0], &of[0], &of[1]);
            add_stretch(w, &sides[1], &of[1], &of[0]);
        }
        runs[trains[0].run_stops[runs[0]] > trains[1].run_stops[runs[1]]]++;
    }
    return duration;
}

/* Of a pair: its sides with counts up to each window, and the common time. */
static uint64_t measure(const pair_work *w, int32_t unit_a, int32_t unit_b,
                        int32_t worker, side sides[2])
{
    const spk_train trains[2] = {spk_trains_unit(w->trains, unit_a),
                                 spk_trains_unit(w->trains, unit_b)};
    for (int k = 0; k < 2; k++) {
        sides[k] = (side){0, w->near + (2 * worker + k) * w->n_windows,
                          w->tiles + (2 * worker + k) * w->n_windows};
        memset(sides[k].near, 0, (size_t)w->n_windows * sizeof *sides[k].near);
        for (int64_t i = 0; i < w->n_windows; i++)
            sides[k].tiles[i] = (spk__sttc_tiles){0, INT64_MIN};
    }
    const uint64_t duration = add_pair(w, trains, sides);
    for (int k = 0; k < 2; k++)
        for (int64_t i = 1; i < w->n_windows; i++)
            sides[k].near[i] += sides[k].near[i - 1];
    return duration;
}

static spk_sttc_parts parts_of(const side sides[2], int64_t window, uint64_t duration)
{
    spk_sttc_parts parts = {
        .n_a = sides[0].n_spikes,
        .n_b = sides[1].n_spikes,
        .n_near_a = sides[0].near[window],
        .n_near_b = sides[1].near[window],
        .tiled_a = (double)sides[0].tiles[window].covered / (double)duration,
        .tiled_b = (double)sides[1].tiles[window].covered / (double)duration,
    };
    parts.near_a = (double)parts.n_near_a / (double)parts.n_a;
    parts.near_b = (double)parts.n_near_b / (double)parts.n_b;
    parts.sttc = spk__sttc_value(parts.n_near_a, parts.n_a, parts.tiled_a, parts.n_near_b,
                                 parts.n_b, parts.tiled_b);
    return parts;
}

static spk_status measure_pair(void *state, int64_t pair, int32_t worker)
{
    const pair_work *w = state;
    side sides[2];
    const uint64_t duration =
        measure(w, w->pairs[pair][0], w->pairs[pair][1], worker, sides);
    for (int64_t k = 0; k < w->n_windows; k++)
        w->values[pair * w->n_windows + k] = parts_of(sides, k, duration).sttc;
    return SPK_OK;
}

static spk_status check_input(spk_context *ctx, const spk_trains *trains,
                              const int32_t (*pairs)[2], int64_t n_pairs,
                              const spk_sttc_options *options)
{
    SPK_REQUIRE(ctx, trains != NULL, SPK_ERR_ARGUMENT, "trains is NULL");
    SPK_REQUIRE(ctx, n_pairs >= 0, SPK_ERR_ARGUMENT, "n_pairs must be >= 0, got %" PRId64,
                n_pairs);
    SPK_REQUIRE(ctx, n_pairs == 0 || pairs != NULL, SPK_ERR_ARGUMENT, "pairs is NULL");
    SPK_REQUIRE(ctx, options == NULL || options->struct_size >= sizeof *options,
                SPK_ERR_ARGUMENT, "options: not filled by spk_sttc_options_init()");
    SPK_REQUIRE(
        ctx,
        options == NULL || (options->epochs == NULL && options->references == NULL &&
                            options->targets == NULL),
        SPK_ERR_ARGUMENT,
        "epochs, references and targets must be NULL: trains have their runs, and "
        "pairs their units");
    const int64_t n_units = spk_trains_spikes(trains)->n_units;
    for (int64_t p = 0; p < n_pairs; p++)
        for (int k = 0; k < 2; k++)
            SPK_REQUIRE(ctx, pairs[p][k] >= 0 && pairs[p][k] < n_units, SPK_ERR_ARGUMENT,
                        "pair %" PRId64 ": expected units of 0 .. %" PRId64 ", found %d",
                        p, n_units - 1, (int)pairs[p][k]);
    return SPK_OK;
}

static spk_status check_windows(spk_context *ctx, const spk_spikes *spikes,
                                const int64_t *windows, int64_t n)
{
    const uint64_t length =
        (uint64_t)spikes->stop_sample - (uint64_t)spikes->start_sample;
    for (int64_t k = 0; k < n; k++) {
        SPK_REQUIRE(ctx, windows[k] >= 0 && (k == 0 || windows[k] > windows[k - 1]),
                    SPK_ERR_ARGUMENT,
                    "window_samples[%" PRId64 "] must be >= 0 and rise, got %" PRId64, k,
                    windows[k]);
        SPK_REQUIRE(ctx, windows[k] < (int64_t)1 << 53, SPK_ERR_OVERFLOW,
                    "the window is 2^53 samples or more");
        SPK_REQUIRE(ctx, length == 0 || (uint64_t)windows[k] < length, SPK_ERR_ARGUMENT,
                    "the window must be shorter than the recording of %" PRIu64
                    " samples, got %" PRId64,
                    length, windows[k]);
    }
    return SPK_OK;
}

static spk_status check_one_window(spk_context *ctx, const spk_trains *trains,
                                   const int32_t (*pairs)[2], int64_t n_pairs,
                                   const spk_sttc_options *options, int64_t *window)
{
    spk_status status = check_input(ctx, trains, pairs, n_pairs, options);
    if (status != SPK_OK)
        return status;
    const spk_spikes *spikes = spk_trains_spikes(trains);
    if ((status = spk_sttc_window(ctx, options, spikes->sampling_rate_hz, window)) !=
        SPK_OK)
        return status;
    return check_windows(ctx, spikes, window, 1);
}

static spk_status alloc_work(spk_context *ctx, pair_work *w, int64_t n_tasks)
{
    const int64_t n = 2 * w->n_windows * spk__parallel_workers(ctx, n_tasks);
    w->near = spk__alloc(ctx, n, sizeof *w->near);
    w->tiles = spk__alloc(ctx, n, sizeof *w->tiles);
    return w->near == NULL || w->tiles == NULL ? spk__fail_memory(ctx) : SPK_OK;
}

static void free_work(pair_work *w)
{
    spk__free(w->near);
    spk__free(w->tiles);
}

/* Values of checked pairs at any number of windows. */
static spk_status run_pairs(spk_context *ctx, pair_work *w, int64_t n_pairs)
{
    SPK_REQUIRE(ctx, n_pairs == 0 || w->values != NULL, SPK_ERR_ARGUMENT,
                "values is NULL");
    spk_status status = n_pairs == 0 ? SPK_OK : alloc_work(ctx, w, n_pairs);
    if (status == SPK_OK && n_pairs > 0)
        status = spk__parallel_for(ctx, n_pairs, measure_pair, w, "tiling coefficients");
    free_work(w);
    return status;
}

spk_status spk_sttc_estimate_pairs(spk_context *ctx, const spk_trains *trains,
                                   const int32_t (*pairs)[2], int64_t n_pairs,
                                   const spk_sttc_options *options, double *values)
{
    int64_t window;
    const spk_status status =
        check_one_window(ctx, trains, pairs, n_pairs, options, &window);
    if (status != SPK_OK)
        return status;
    pair_work work = {.trains = trains,
                      .pairs = pairs,
                      .windows = &window,
                      .n_windows = 1,
                      .tiling = options == NULL ? SPK_STTC_TIME : options->tiling,
                      .values = values};
    return run_pairs(ctx, &work, n_pairs);
}

spk_status spk_sttc_estimate_parts(spk_context *ctx, const spk_trains *trains,
                                   int32_t unit_a, int32_t unit_b,
                                   const spk_sttc_options *options, spk_sttc_parts *parts)
{
    const int32_t pair[1][2] = {{unit_a, unit_b}};
    int64_t window;
    side sides[2];
    SPK_REQUIRE(ctx, parts != NULL, SPK_ERR_ARGUMENT, "parts is NULL");
    const spk_status status = check_one_window(ctx, trains, pair, 1, options, &window);
    if (status != SPK_OK)
        return status;
    int64_t near[2];
    spk__sttc_tiles tiles[2];
    const pair_work work = {.trains = trains,
                            .windows = &window,
                            .n_windows = 1,
                            .tiling = options == NULL ? SPK_STTC_TIME : options->tiling,
                            .near = near,
                            .tiles = tiles};
    const uint64_t duration = measure(&work, unit_a, unit_b, 0, sides);
    *parts = parts_of(sides, 0, duration);
    return SPK_OK;
}

spk_status spk_sttc_estimate_profile(spk_context *ctx, const spk_trains *trains,
                                     const int32_t (*pairs)[2], int64_t n_pairs,
                                     const int64_t *window_samples, int64_t n_windows,
                                     const spk_sttc_options *options, double *values)
{
    spk_sttc_options one;
    int64_t window;
    spk_sttc_options_init(&one, sizeof one);
    spk_status status = check_input(ctx, trains, pairs, n_pairs, options);
    if (status != SPK_OK)
        return status;
    SPK_REQUIRE(ctx, window_samples != NULL, SPK_ERR_ARGUMENT, "window_samples is NULL");
    SPK_REQUIRE(ctx, n_windows >= 1 && n_windows <= MOST_WINDOWS, SPK_ERR_ARGUMENT,
                "n_windows must be in 1 .. %d, got %" PRId64, (int)MOST_WINDOWS,
                n_windows);
    const spk_spikes *spikes = spk_trains_spikes(trains);
    if (options != NULL)
        one = *options;
    one.window_samples = 0;
    if ((status = spk_sttc_window(ctx, &one, spikes->sampling_rate_hz, &window)) !=
            SPK_OK ||
        (status = check_windows(ctx, spikes, window_samples, n_windows)) != SPK_OK)
        return status;
    pair_work work = {.trains = trains,
                      .pairs = pairs,
                      .windows = window_samples,
                      .n_windows = n_windows,
                      .tiling = one.tiling,
                      .values = values};
    return run_pairs(ctx, &work, n_pairs);
}
