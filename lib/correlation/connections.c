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
#include "correlation/connection_state.h"
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

/* An unordered pair of a method that judges both directions, and which of them were asked
 * for. */
typedef struct both_ways {
    int32_t low;
    int32_t high;
    int32_t forth; /* how often low -> high was asked for */
    int32_t back;
} both_ways;

typedef struct mutual_loop {
    const spk__connection_state *state;
    const both_ways *pairs;
} mutual_loop;

/* ---- testing ---- */

static spk_status keep(const spk__connection_state *state, spk__connection_findings *own,
                       const spk_connection *row)
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
static spk_status test_pair(const spk__connection_state *state,
                            const spk__connection_pair *pair, int32_t forth, int32_t back,
                            int32_t worker)
{
    spk_connection tests[SPK__CONNECTION_MOST_TESTS];
    int32_t n_tests = 0;
    spk__connection_findings *own = &state->workers[worker];
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
    const spk__connection_state *state = user;
    for (int32_t j = 0; j < (int32_t)state->work.spikes->n_units; j++) {
        if (j == (int32_t)row || (state->method->is_symmetric && j < (int32_t)row))
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
    const spk__connection_state *state = argument;
    const spk__connection_pair pair = {
        state->pairs[task][0], state->pairs[task][1],
        state->counts == NULL ? NULL : state->counts + task * state->work.n_bins};
    return test_pair(state, &pair, 1, 0, worker);
}

static spk_status mutual_task(void *argument, int64_t task, int32_t worker)
{
    const mutual_loop *loop = argument;
    const both_ways *both = &loop->pairs[task];
    const spk__connection_pair pair = {both->low, both->high, NULL};
    return test_pair(loop->state, &pair, both->forth, both->back, worker);
}

/* Chosen pairs whose correlograms are needed: as many at a time as fit the batch. */
static spk_status test_counted(spk_context *ctx, spk__connection_state *state,
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

/* Chosen pairs of a method for which a pair has no direction, each once. */
static spk_status test_symmetric(spk_context *ctx, spk__connection_state *state)
{
    const spk_connections_options *o = state->work.options;
    both_ways *both = spk__alloc(ctx, o->n_pairs, sizeof *both);
    int32_t(*pairs)[2] = spk__alloc(ctx, o->n_pairs, sizeof *pairs);
    spk_status status;
    if (both == NULL || pairs == NULL) {
        status = spk__fail_memory(ctx);
    } else {
        const int64_t n = pair_up((const int32_t(*)[2])o->pairs, o->n_pairs, both);
        for (int64_t p = 0; p < n; p++) {
            pairs[p][0] = both[p].low;
            pairs[p][1] = both[p].high;
        }
        status = test_counted(ctx, state, (const int32_t(*)[2])pairs, n);
    }
    spk__free(pairs);
    spk__free(both);
    return status;
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

static spk_status test_mutual(spk_context *ctx, const spk__connection_state *state)
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
    mutual_loop loop = {state, both};
    const spk_status status =
        spk__parallel_for(ctx, n, mutual_task, &loop, "connections");
    spk__free(both);
    return status;
}

/* The ordered pairs of a method of trains, source by source. */
static spk_status source_task(void *argument, int64_t task, int32_t worker)
{
    const spk__connection_state *state = argument;
    const int64_t n_units = state->work.spikes->n_units;
    const int64_t source = state->work.options->first_source + task / (n_units - 1);
    const int64_t other = task % (n_units - 1);
    const spk__connection_pair pair = {(int32_t)source,
                                       (int32_t)(other + (other >= source)), NULL};
    return test_pair(state, &pair, 1, 0, worker);
}

static spk_status test_all(spk_context *ctx, spk__connection_state *state)
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
        if (state->method->is_symmetric)
            return test_symmetric(ctx, state);
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

static spk_status gather(spk_context *ctx, const spk__connection_state *state,
                         spk_connections *out)
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
        const spk__connection_findings *own = &state->workers[w];
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
    spk__connection_state state = {.ctx = ctx, .method = method};
    SPK_REQUIRE(ctx, connections != NULL, SPK_ERR_ARGUMENT,
                "connections must not be NULL");
    spk_connections *out = spk__alloc_zero(ctx, 1, sizeof *out);
    if (out == NULL)
        return spk__fail_memory(ctx);
    status = spk__connection_resolve(ctx, spikes, options, &out->options, &state);
    if (status != SPK_OK)
        goto cleanup;
    const int64_t n_sources = out->options.last_source - out->options.first_source;
    const int64_t n_tasks = out->options.pairs != NULL ? out->options.n_pairs
                            : method->needs_counts     ? n_sources
                                                       : n_sources * spikes->n_units;
    if ((status = spk__connection_prepare(ctx, &state)) != SPK_OK ||
        (status = spk__connection_create_workers(ctx, &state, n_tasks)) != SPK_OK ||
        (status = test_all(ctx, &state)) != SPK_OK ||
        (status = gather(ctx, &state, out)) != SPK_OK)
        goto cleanup;
    *connections = out;
    out = NULL;

cleanup:
    spk__connection_state_clear(&state);
    spk_connections_destroy(out);
    return status;
}

spk_status spk_connections_find(spk_context *ctx, const spk_spikes *spikes,
                                const spk_connections_options *options,
                                spk_connections **connections)
{
    const spk__connection_method *method = NULL;
    const spk_status status = spk__connection_choose(ctx, options, &method);
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
