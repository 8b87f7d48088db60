/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The frame of all methods: which bins, which pairs, who tests them, what is kept.
 *
 * Methods of correlograms get each row as it is counted, by the worker that counted it, so the
 * cube is never held. Chosen pairs, and methods that look at the trains, go pair by pair. Each
 * worker keeps rows of its own; sorting them at the end makes them the same for any number of
 * workers.
 */
#include "base/check.h"
#include "base/memory.h"
#include "base/parallel.h"
#include "correlation/connection_find.h"
#include "correlation/correlogram_rows.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    FIRST_ROOM = 256,
    BATCH_BYTES = 32 << 20 /* correlograms of chosen pairs that are held at a time */
};

struct spk_connections {
    spk_connections_options options;
    spk_connection *rows;
    int64_t n_rows;
    int64_t n_tests;
};

/* What one worker found. */
typedef struct findings {
    spk_connection *rows;
    int64_t n_rows;
    int64_t room;
    int64_t n_tests;
    void *scratch;
} findings;

/* An unordered pair of a method that judges both directions, and which of them were asked
 * for. */
typedef struct both_ways {
    int32_t low;
    int32_t high;
    int32_t forth; /* how often low -> high was asked for */
    int32_t back;
} both_ways;

typedef struct find_state {
    spk_context *ctx;
    const spk__connection_method *method;
    spk__connection_work work;
    double log_max_p; /* of rows that are kept */
    spk_correlogram_options bins;
    int64_t *n_spikes;
    int64_t *auto_counts;
    spk_trains *trains;
    void *shared;
    int32_t n_workers;
    findings *workers;
    const int32_t (*pairs)[2]; /* of the loop over chosen pairs */
    const int64_t *counts;     /* [pairs][n_bins] or NULL */
    const both_ways *mutual;
} find_state;

void spk_connections_options_init(spk_connections_options *options, size_t struct_size)
{
    spk_connections_options defaults = {
        .struct_size = struct_size,
        .method = SPK_CONNECTION_HOLLOW,
        .signs = 2,
        .bin_s = NAN,
        .window_s = NAN,
        .min_latency_s = NAN,
        .max_latency_s = NAN,
        .width_s = NAN,
        .alpha = NAN,
        .max_p = 0.01,
        .last_source = -1,
        .skip_center = -1,
    };
    if (options != NULL)
        memcpy(options, &defaults,
               struct_size < sizeof defaults ? struct_size : sizeof defaults);
}

/* ---- options ---- */

static double given_or(double value, double otherwise)
{
    return isnan(value) ? otherwise : value;
}

static spk_status check_pairs(spk_context *ctx, const spk_spikes *spikes,
                              const spk_connections_options *o)
{
    SPK_REQUIRE(ctx, o->n_pairs >= 0, SPK_ERR_ARGUMENT,
                "n_pairs must not be negative, got %" PRId64, o->n_pairs);
    for (int64_t p = 0; p < o->n_pairs; p++) {
        for (int side = 0; side < 2; side++)
            SPK_REQUIRE(
                ctx,
                o->pairs[2 * p + side] >= 0 && o->pairs[2 * p + side] < spikes->n_units,
                SPK_ERR_ARGUMENT,
                "pairs[%" PRId64 "][%d] must be a unit in 0 .. %" PRId64 ", got %" PRId32,
                p, side, spikes->n_units - 1, o->pairs[2 * p + side]);
        SPK_REQUIRE(ctx, o->pairs[2 * p] != o->pairs[2 * p + 1], SPK_ERR_ARGUMENT,
                    "pairs[%" PRId64 "] must be two units, got %" PRId32 " twice", p,
                    o->pairs[2 * p]);
    }
    return SPK_OK;
}

static spk_status check_values(spk_context *ctx, const spk_connections_options *o)
{
    SPK_REQUIRE(ctx, isnan(o->alpha) || (o->alpha > 0.0 && o->alpha < 1.0),
                SPK_ERR_ARGUMENT, "alpha must be between 0 and 1, got %g", o->alpha);
    SPK_REQUIRE(ctx, o->max_p > 0.0 && o->max_p <= 1.0, SPK_ERR_ARGUMENT,
                "max_p must be above 0 and at most 1, got %g", o->max_p);
    SPK_REQUIRE(ctx, isnan(o->width_s) || (isfinite(o->width_s) && o->width_s > 0.0),
                SPK_ERR_ARGUMENT, "width_s must be positive and finite, got %g",
                o->width_s);
    SPK_REQUIRE(ctx, isfinite(o->min_latency_s) && o->min_latency_s >= 0.0,
                SPK_ERR_ARGUMENT, "min_latency_s must be at least 0, got %g",
                o->min_latency_s);
    SPK_REQUIRE(ctx, isfinite(o->max_latency_s) && o->max_latency_s >= o->min_latency_s,
                SPK_ERR_ARGUMENT,
                "max_latency_s must be at least min_latency_s of %g, got %g",
                o->min_latency_s, o->max_latency_s);
    return SPK_OK;
}

/* Bins whose centre is in the latencies, all in whole samples. */
static spk_status resolve_latencies(spk_context *ctx, spk__connection_work *work,
                                    const spk_connections_options *o)
{
    const double rate = work->spikes->sampling_rate_hz;
    const int64_t b = work->bin_samples, centre = work->n_bins / 2;
    const double low = round(o->min_latency_s * rate),
                 high = round(o->max_latency_s * rate);
    SPK_REQUIRE(ctx, high <= (double)(centre * b), SPK_ERR_ARGUMENT,
                "max_latency_s must be within half of the window, %g s, got %g",
                (double)(centre * b) / rate, o->max_latency_s);
    work->first_bin = centre + ((int64_t)low + b - 1) / b;
    work->last_bin = centre + (int64_t)high / b + 1;
    SPK_REQUIRE(ctx, work->first_bin < work->last_bin, SPK_ERR_ARGUMENT,
                "no bin of %g s has its centre at latencies of %g to %g s", work->bin_s,
                o->min_latency_s, o->max_latency_s);
    return SPK_OK;
}

static spk_status resolve_signs(spk_context *ctx, const spk__connection_method *method,
                                spk_connections_options *o)
{
    SPK_REQUIRE(ctx, o->signs >= -1 && o->signs <= 2, SPK_ERR_ARGUMENT,
                "signs must be 1, -1, 0 for both or 2 for the method's own, got %" PRId32,
                o->signs);
    if (o->signs == 2)
        o->signs = method->info.signs;
    SPK_REQUIRE(ctx, method->sign_only == 0 || o->signs == method->sign_only,
                SPK_ERR_ARGUMENT, "method %s tests sign %+" PRId32 " only, got %" PRId32,
                method->info.name, method->sign_only, o->signs);
    return SPK_OK;
}

static spk_status resolve_center(spk_context *ctx, const spk__connection_method *method,
                                 spk_connections_options *o)
{
    SPK_REQUIRE(ctx, o->skip_center >= -1 && o->skip_center <= 1, SPK_ERR_ARGUMENT,
                "skip_center must be 1, 0 or -1 for the method's own, got %" PRId32,
                o->skip_center);
    if (o->skip_center == -1)
        o->skip_center = method->info.skip_center;
    SPK_REQUIRE(ctx, o->skip_center == 0 || method->can_skip_center, SPK_ERR_ARGUMENT,
                "skip_center must be 0 for method %s, which cannot leave out lag 0",
                method->info.name);
    return SPK_OK;
}

static spk_status take_options(spk_context *ctx, const spk_connections_options *given,
                               spk_connections_options *o)
{
    spk_connections_options_init(o, sizeof *o);
    if (given == NULL)
        return SPK_OK;
    SPK_REQUIRE(ctx,
                given->struct_size >= sizeof given->struct_size &&
                    given->struct_size <= sizeof *o,
                SPK_ERR_ARGUMENT,
                "options.struct_size is %zu, not set by spk_connections_options_init()",
                given->struct_size);
    memcpy(o, given, given->struct_size);
    o->struct_size = sizeof *o;
    return SPK_OK;
}

/* Fills work->options (into `o`), the bins, and what follows from them. */
static spk_status resolve(spk_context *ctx, const spk__connection_method *method,
                          const spk_spikes *spikes, const spk_connections_options *given,
                          spk_connections_options *o, find_state *state)
{
    spk_status status;
    spk__connection_work *work = &state->work;
    if ((status = take_options(ctx, given, o)) != SPK_OK)
        return status;
    SPK_REQUIRE(ctx, isnan(o->width_s) || !isnan(method->info.width_s), SPK_ERR_ARGUMENT,
                "width_s: method %s has none, got %g", method->info.name, o->width_s);
    SPK_REQUIRE(ctx, isnan(o->alpha) || !isnan(method->info.alpha), SPK_ERR_ARGUMENT,
                "alpha: method %s has none, got %g", method->info.name, o->alpha);
    o->bin_s = given_or(o->bin_s, method->info.bin_s);
    o->window_s = given_or(o->window_s, method->info.window_s);
    o->min_latency_s = given_or(o->min_latency_s, method->info.min_latency_s);
    o->max_latency_s = given_or(o->max_latency_s, method->info.max_latency_s);
    o->width_s = given_or(o->width_s, method->info.width_s);
    o->alpha = given_or(o->alpha, method->info.alpha);
    if ((status = spk_spikes_check(ctx, spikes)) != SPK_OK ||
        (status = check_values(ctx, o)) != SPK_OK ||
        (status = resolve_signs(ctx, method, o)) != SPK_OK ||
        (status = resolve_center(ctx, method, o)) != SPK_OK)
        return status;
    if (o->last_source == -1)
        o->last_source = spikes->n_units;
    SPK_REQUIRE(ctx,
                0 <= o->first_source && o->first_source <= o->last_source &&
                    o->last_source <= spikes->n_units,
                SPK_ERR_ARGUMENT,
                "sources %" PRId64 " .. %" PRId64 " are not within 0 .. %" PRId64,
                o->first_source, o->last_source, spikes->n_units);
    if (o->pairs != NULL && (status = check_pairs(ctx, spikes, o)) != SPK_OK)
        return status;
    spk_correlogram_options_init(&state->bins, sizeof state->bins);
    state->bins.epochs = o->epochs;
    status = spk_correlogram_options_set_window(
        ctx, &state->bins, SPK_CORRELOGRAM_SPIKEKIT, spikes->sampling_rate_hz,
        o->window_s, o->bin_s);
    const spk_correlogram_options asked = state->bins;
    if (status != SPK_OK ||
        (status = spk__correlogram_check(ctx, spikes, &asked, &state->bins)) != SPK_OK)
        return status;
    const double rate = spikes->sampling_rate_hz;
    work->options = o;
    work->spikes = spikes;
    work->bin_samples = state->bins.bin_samples;
    work->n_bins = state->bins.n_bins;
    work->bin_s = (double)work->bin_samples / rate;
    state->log_max_p = log(o->max_p);
    /* what the method's own rule finds is kept as well, so it must be computed */
    work->log_max_p = log(fmax(o->max_p, o->alpha));
    const int64_t duration = o->epochs != NULL
                                 ? spk_epochs_duration(o->epochs)
                                 : spikes->stop_sample - spikes->start_sample;
    work->duration_s = (double)duration / rate;
    SPK_REQUIRE(
        ctx, spikes->n_spikes == 0 || work->n_bins * work->bin_samples <= duration,
        SPK_ERR_ARGUMENT, "window_s must not be longer than the recording, %g s, got %g",
        work->duration_s, o->window_s);
    if ((status = resolve_latencies(ctx, work, o)) != SPK_OK)
        return status;
    o->bin_s = work->bin_s;
    o->window_s = (double)work->n_bins * work->bin_s;
    return SPK_OK;
}

/* ---- what pairs share ---- */

static void count_in_epochs(const spk_spikes *spikes, const spk_epochs *epochs,
                            int64_t *n_spikes)
{
    int64_t e = 0;
    for (int64_t s = 0; s < spikes->n_spikes; s++) {
        if (epochs != NULL) {
            while (e < epochs->n_epochs && epochs->stops[e] <= spikes->samples[s])
                e++;
            if (e == epochs->n_epochs)
                break;
            if (spikes->samples[s] < epochs->starts[e])
                continue;
        }
        n_spikes[spikes->units[s]]++;
    }
}

static spk_status prepare(spk_context *ctx, find_state *state)
{
    spk_status status;
    spk__connection_work *work = &state->work;
    const spk_spikes *spikes = work->spikes;
    state->n_spikes = spk__alloc_zero(ctx, spikes->n_units, sizeof *state->n_spikes);
    if (state->n_spikes == NULL)
        return spk__fail_memory(ctx);
    count_in_epochs(spikes, work->options->epochs, state->n_spikes);
    work->n_spikes = state->n_spikes;
    if (state->method->needs_trains) {
        spk_trains_options options;
        spk_trains_options_init(&options, sizeof options);
        options.epochs = work->options->epochs;
        if ((status = spk_trains_create(ctx, spikes, &options, &state->trains)) != SPK_OK)
            return status;
        work->trains = state->trains;
    }
    if (state->method->needs_auto) {
        int64_t length;
        if (!__builtin_mul_overflow(spikes->n_units, work->n_bins, &length))
            state->auto_counts = spk__alloc(ctx, length, sizeof *state->auto_counts);
        if (state->auto_counts == NULL)
            return spk__fail_memory(ctx);
        status =
            spk_correlogram_count_auto(ctx, spikes, &state->bins, state->auto_counts);
        if (status != SPK_OK)
            return status;
        work->auto_counts = state->auto_counts;
    }
    if (state->method->prepare != NULL) {
        status = state->method->prepare(ctx, work, &state->shared);
        if (status != SPK_OK)
            return status;
        work->shared = state->shared;
    }
    return SPK_OK;
}

static spk_status create_workers(spk_context *ctx, find_state *state, int64_t n_tasks)
{
    state->n_workers = spk__parallel_workers(ctx, n_tasks);
    state->workers = spk__alloc_zero(ctx, state->n_workers, sizeof *state->workers);
    if (state->workers == NULL)
        return spk__fail_memory(ctx);
    if (state->method->scratch_bytes == NULL)
        return SPK_OK;
    const int64_t n_bytes = state->method->scratch_bytes(&state->work);
    for (int32_t w = 0; w < state->n_workers; w++)
        if ((state->workers[w].scratch = spk__alloc(ctx, n_bytes, 1)) == NULL)
            return spk__fail_memory(ctx);
    return SPK_OK;
}

static void find_state_clear(find_state *state)
{
    for (int32_t w = 0; w < state->n_workers && state->workers != NULL; w++) {
        spk__free(state->workers[w].rows);
        spk__free(state->workers[w].scratch);
    }
    spk__free(state->workers);
    if (state->shared != NULL && state->method->destroy != NULL)
        state->method->destroy(state->shared);
    spk__free(state->auto_counts);
    spk_trains_destroy(state->trains);
    spk__free(state->n_spikes);
}

/* ---- testing ---- */

static spk_status keep(const find_state *state, findings *own, const spk_connection *row)
{
    own->n_tests++;
    if (!row->significant && !(row->log_p <= state->log_max_p))
        return SPK_OK;
    if (own->n_rows == own->room) {
        const int64_t room = own->room == 0 ? FIRST_ROOM : 2 * own->room;
        spk_connection *rows =
            spk__realloc(state->ctx, own->rows, room, sizeof *own->rows);
        if (rows == NULL)
            return spk__fail_memory(state->ctx);
        own->rows = rows;
        own->room = room;
    }
    own->rows[own->n_rows++] = *row;
    return SPK_OK;
}

/* Tests a pair; of a method that judges both ways `forth` and `back` say how often the rows of
 * each direction are wanted. */
static spk_status test_pair(const find_state *state, const spk__connection_pair *pair,
                            int32_t forth, int32_t back, int32_t worker)
{
    spk_connection tests[SPK__CONNECTION_MOST_TESTS];
    int32_t n_tests = 0;
    findings *own = &state->workers[worker];
    if (state->work.n_spikes[pair->source] == 0 ||
        state->work.n_spikes[pair->target] == 0)
        return SPK_OK;
    spk_status status = state->method->test(state->ctx, &state->work, pair, own->scratch,
                                            tests, &n_tests);
    for (int32_t t = 0; t < n_tests && status == SPK_OK; t++) {
        const int32_t n = tests[t].source == pair->source ? forth : back;
        for (int32_t k = 0; k < n && status == SPK_OK; k++)
            status = keep(state, own, &tests[t]);
    }
    return status;
}

static spk_status visit_row(void *user, int64_t row, const int64_t *counts,
                            int32_t worker)
{
    const find_state *state = user;
    for (int32_t j = 0; j < (int32_t)state->work.spikes->n_units; j++) {
        if (j == (int32_t)row)
            continue;
        const spk__connection_pair pair = {(int32_t)row, j,
                                           counts + j * state->work.n_bins};
        const spk_status status = test_pair(state, &pair, 1, 0, worker);
        if (status != SPK_OK)
            return status;
    }
    return SPK_OK;
}

static spk_status chosen_task(void *argument, int64_t task, int32_t worker)
{
    const find_state *state = argument;
    const spk__connection_pair pair = {
        state->pairs[task][0], state->pairs[task][1],
        state->counts == NULL ? NULL : state->counts + task * state->work.n_bins};
    return test_pair(state, &pair, 1, 0, worker);
}

static spk_status mutual_task(void *argument, int64_t task, int32_t worker)
{
    const find_state *state = argument;
    const both_ways *both = &state->mutual[task];
    const spk__connection_pair pair = {both->low, both->high, NULL};
    return test_pair(state, &pair, both->forth, both->back, worker);
}

/* Chosen pairs whose correlograms are needed: as many at a time as fit the batch. */
static spk_status test_counted(spk_context *ctx, find_state *state,
                               const int32_t (*pairs)[2], int64_t n_pairs)
{
    spk_status status = SPK_OK;
    const int64_t n_bins = state->work.n_bins;
    int64_t most = BATCH_BYTES / (n_bins * (int64_t)sizeof(int64_t));
    if (most < 1)
        most = 1;
    if (most > n_pairs)
        most = n_pairs;
    int64_t *counts = spk__alloc(ctx, most * n_bins, sizeof *counts);
    if (counts == NULL)
        return spk__fail_memory(ctx);
    state->counts = counts;
    for (int64_t first = 0; first < n_pairs && status == SPK_OK; first += most) {
        const int64_t n = n_pairs - first < most ? n_pairs - first : most;
        state->pairs = pairs + first;
        status = spk_correlogram_count_pairs(ctx, state->work.spikes, &state->bins,
                                             state->pairs, n, counts);
        if (status == SPK_OK)
            status = spk__parallel_for_part(ctx, n, chosen_task, state, "connections",
                                            (double)first / (double)n_pairs,
                                            (double)(first + n) / (double)n_pairs);
    }
    spk__free(counts);
    state->counts = NULL;
    return status;
}

static int compare_both(const void *a, const void *b)
{
    const both_ways *x = a, *y = b;
    if (x->low != y->low)
        return (x->low > y->low) - (x->low < y->low);
    return (x->high > y->high) - (x->high < y->high);
}

/* Chosen ordered pairs as unordered ones, each once. */
static int64_t pair_up(const int32_t (*pairs)[2], int64_t n_pairs, both_ways *both)
{
    int64_t kept = 0;
    for (int64_t p = 0; p < n_pairs; p++) {
        const int32_t a = pairs[p][0], b = pairs[p][1];
        both[p] = a < b ? (both_ways){a, b, 1, 0} : (both_ways){b, a, 0, 1};
    }
    if (n_pairs > 0)
        qsort(both, (size_t)n_pairs, sizeof *both, compare_both);
    for (int64_t p = 0; p < n_pairs; p++) {
        if (kept > 0 && compare_both(&both[kept - 1], &both[p]) == 0) {
            both[kept - 1].forth += both[p].forth;
            both[kept - 1].back += both[p].back;
        } else {
            both[kept++] = both[p];
        }
    }
    return kept;
}

/* The unordered pairs that belong to units first .. last - 1: unit i and the next n / 2 of the
 * units in a circle, so that every unit has as many. */
static int64_t pairs_of_units(int64_t n_units, int64_t first, int64_t last,
                              both_ways *both)
{
    int64_t n = 0;
    for (int64_t i = first; i < last; i++)
        for (int64_t d = 1; d <= n_units / 2; d++) {
            if (2 * d == n_units && i >= d)
                break;
            const int32_t a = (int32_t)i, b = (int32_t)((i + d) % n_units);
            if (both != NULL)
                both[n] = a < b ? (both_ways){a, b, 1, 1} : (both_ways){b, a, 1, 1};
            n++;
        }
    return n;
}

static spk_status test_mutual(spk_context *ctx, find_state *state)
{
    const spk_connections_options *o = state->work.options;
    const int64_t n_units = state->work.spikes->n_units;
    int64_t n = o->pairs != NULL
                    ? o->n_pairs
                    : pairs_of_units(n_units, o->first_source, o->last_source, NULL);
    both_ways *both = spk__alloc(ctx, n, sizeof *both);
    if (both == NULL)
        return spk__fail_memory(ctx);
    if (o->pairs != NULL)
        n = pair_up((const int32_t(*)[2])o->pairs, o->n_pairs, both);
    else
        pairs_of_units(n_units, o->first_source, o->last_source, both);
    state->mutual = both;
    const spk_status status =
        spk__parallel_for(ctx, n, mutual_task, state, "connections");
    spk__free(both);
    state->mutual = NULL;
    return status;
}

/* The ordered pairs of a method of trains, source by source. */
static spk_status source_task(void *argument, int64_t task, int32_t worker)
{
    const find_state *state = argument;
    const int64_t n_units = state->work.spikes->n_units;
    const int64_t source = state->work.options->first_source + task / (n_units - 1);
    const int64_t other = task % (n_units - 1);
    const spk__connection_pair pair = {(int32_t)source,
                                       (int32_t)(other + (other >= source)), NULL};
    return test_pair(state, &pair, 1, 0, worker);
}

static spk_status test_all(spk_context *ctx, find_state *state)
{
    const spk_connections_options *o = state->work.options;
    const int64_t n_units = state->work.spikes->n_units;
    const int64_t n_sources = o->last_source - o->first_source;
    if (n_units < 2)
        return SPK_OK;
    if (state->method->is_mutual)
        return test_mutual(ctx, state);
    if (o->pairs != NULL) {
        const int32_t(*pairs)[2] = (const int32_t(*)[2])o->pairs;
        if (o->n_pairs == 0)
            return SPK_OK;
        if (state->method->needs_counts)
            return test_counted(ctx, state, pairs, o->n_pairs);
        state->pairs = pairs;
        return spk__parallel_for(ctx, o->n_pairs, chosen_task, state, "connections");
    }
    if (state->method->needs_counts)
        return spk__correlogram_visit_rows(ctx, state->work.spikes, &state->bins,
                                           o->first_source, o->last_source, visit_row,
                                           state);
    return spk__parallel_for(ctx, n_sources * (n_units - 1), source_task, state,
                             "connections");
}

/* ---- the table ---- */

static int compare_rows(const void *a, const void *b)
{
    const spk_connection *x = a, *y = b;
    if (x->source != y->source)
        return (x->source > y->source) - (x->source < y->source);
    if (x->target != y->target)
        return (x->target > y->target) - (x->target < y->target);
    return (x->sign < y->sign) - (x->sign > y->sign);
}

static spk_status gather(spk_context *ctx, const find_state *state, spk_connections *out)
{
    int64_t n_rows = 0;
    for (int32_t w = 0; w < state->n_workers; w++) {
        n_rows += state->workers[w].n_rows;
        out->n_tests += state->workers[w].n_tests;
    }
    out->rows = spk__alloc(ctx, n_rows, sizeof *out->rows);
    if (out->rows == NULL)
        return spk__fail_memory(ctx);
    for (int32_t w = 0; w < state->n_workers; w++) {
        const findings *own = &state->workers[w];
        if (own->n_rows > 0)
            memcpy(out->rows + out->n_rows, own->rows,
                   (size_t)own->n_rows * sizeof *out->rows);
        out->n_rows += own->n_rows;
    }
    if (out->n_rows > 0)
        qsort(out->rows, (size_t)out->n_rows, sizeof *out->rows, compare_rows);
    return spk_connections_adjust(ctx, out->n_tests, out->rows, out->n_rows);
}

spk_status spk__connections_find_by(spk_context *ctx, const spk_spikes *spikes,
                                    const spk_connections_options *options,
                                    const spk__connection_method *method,
                                    spk_connections **connections)
{
    spk_status status;
    find_state state = {.ctx = ctx, .method = method};
    SPK_REQUIRE(ctx, connections != NULL, SPK_ERR_ARGUMENT,
                "connections must not be NULL");
    spk_connections *out = spk__alloc_zero(ctx, 1, sizeof *out);
    if (out == NULL)
        return spk__fail_memory(ctx);
    status = resolve(ctx, method, spikes, options, &out->options, &state);
    if (status != SPK_OK)
        goto cleanup;
    const int64_t n_sources = out->options.last_source - out->options.first_source;
    const int64_t n_tasks = out->options.pairs != NULL ? out->options.n_pairs
                            : method->needs_counts     ? n_sources
                                                       : n_sources * spikes->n_units;
    if ((status = prepare(ctx, &state)) != SPK_OK ||
        (status = create_workers(ctx, &state, n_tasks)) != SPK_OK ||
        (status = test_all(ctx, &state)) != SPK_OK ||
        (status = gather(ctx, &state, out)) != SPK_OK)
        goto cleanup;
    *connections = out;
    out = NULL;

cleanup:
    find_state_clear(&state);
    spk_connections_destroy(out);
    return status;
}

static spk_status choose_method(spk_context *ctx, const spk_connections_options *options,
                                const spk__connection_method **method)
{
    const int32_t value = options == NULL ? SPK_CONNECTION_HOLLOW : options->method;
    *method = spk__connection_method_of(value);
    SPK_REQUIRE(ctx, *method != NULL, SPK_ERR_ARGUMENT,
                "method must be an spk_connection_method, got %" PRId32, value);
    return SPK_OK;
}

spk_status spk_connections_find(spk_context *ctx, const spk_spikes *spikes,
                                const spk_connections_options *options,
                                spk_connections **connections)
{
    const spk__connection_method *method = NULL;
    const spk_status status = choose_method(ctx, options, &method);
    return status != SPK_OK
               ? status
               : spk__connections_find_by(ctx, spikes, options, method, connections);
}

void spk_connections_destroy(spk_connections *connections)
{
    if (connections == NULL)
        return;
    spk__free(connections->rows);
    spk__free(connections);
}

const spk_connection *spk_connections_rows(const spk_connections *connections)
{
    return connections != NULL ? connections->rows : NULL;
}

int64_t spk_connections_n_rows(const spk_connections *connections)
{
    return connections != NULL ? connections->n_rows : 0;
}

int64_t spk_connections_n_tests(const spk_connections *connections)
{
    return connections != NULL ? connections->n_tests : 0;
}

const spk_connections_options *
spk_connections_resolved(const spk_connections *connections)
{
    return connections != NULL ? &connections->options : NULL;
}

/* ---- one pair as a picture ---- */

spk_status spk_connections_curve_length(spk_context *ctx, const spk_spikes *spikes,
                                        const spk_connections_options *options,
                                        int64_t *n_bins)
{
    spk_connections_options resolved;
    find_state state = {.ctx = ctx};
    SPK_REQUIRE(ctx, n_bins != NULL, SPK_ERR_ARGUMENT, "n_bins must not be NULL");
    spk_status status = choose_method(ctx, options, &state.method);
    if (status == SPK_OK)
        status = resolve(ctx, state.method, spikes, options, &resolved, &state);
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
    find_state state = {.ctx = ctx, .method = method};
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
    if ((status = take_options(ctx, options, &open)) != SPK_OK)
        return status;
    open.pairs = NULL;
    open.first_source = 0;
    open.last_source = -1;
    if ((status = pick_two(ctx, spikes, source, target, &samples, &units, &two)) !=
            SPK_OK ||
        (status = resolve(ctx, method, &two, &open, &resolved, &state)) != SPK_OK ||
        (status = prepare(ctx, &state)) != SPK_OK ||
        (status = create_workers(ctx, &state, 1)) != SPK_OK)
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
    find_state_clear(&state);
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
    const spk_status status = choose_method(ctx, options, &method);
    return status != SPK_OK ? status
                            : spk__connections_curve_by(ctx, spikes, options, method,
                                                        source, target, curve);
}
