/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Events that several units found: trains are merged one after the other into a list of events
 * in order of time. With a fixed reach, pairing the earliest that are left pairs as many as
 * can be.
 */
#include "base/check.h"
#include "base/memory.h"
#include "sorting/consensus_state.h"

#include <inttypes.h>
#include <spikekit/trains.h>

typedef struct event {
    int64_t time;
    int32_t n_findings;
} event;

typedef struct merger {
    spk_context *ctx;
    const spk_consensus *consensus;
    spk_trains **trains; /* [n_sortings] */
    event *events;       /* so far, and with the next train merged */
    event *merged;
    int64_t capacity;
    int64_t *samples; /* result, unit by unit */
    int32_t *units;
    int64_t n;
} merger;

/* Adds an event at its place by time: nearly always the end. */
static void place(event *events, int64_t n, event e)
{
    for (; n > 0 && events[n - 1].time > e.time; n--)
        events[n] = events[n - 1];
    events[n] = e;
}

/* Merges spikes into n events; the number of events then. */
static int64_t merge(merger *m, int64_t n, const int64_t *samples, int64_t n_samples)
{
    const int64_t delta = m->consensus->delta;
    int64_t e = 0, s = 0, n_merged = 0;
    while (e < n || s < n_samples) {
        event next;
        if (s == n_samples || (e < n && m->events[e].time < samples[s] - delta))
            next = m->events[e++];
        else if (e == n || samples[s] < m->events[e].time - delta)
            next = (event){samples[s++], 1};
        else {
            next = m->events[e++];
            next.n_findings++;
            s++;
        }
        place(m->merged, n_merged++, next);
    }
    event *kept = m->events;
    m->events = m->merged;
    m->merged = kept;
    return n_merged;
}

static int64_t lower_bound(const spk_train *train, int64_t time)
{
    int64_t first = 0, last = train->n_spikes;
    while (first < last) {
        const int64_t middle = first + (last - first) / 2;
        if (train->samples[middle] < time)
            first = middle + 1;
        else
            last = middle;
    }
    return first;
}

/* All trains of a group, in one epoch (-1: no epochs). */
static void join_trains(merger *m, int64_t unit, int64_t epoch, int32_t least)
{
    const spk_consensus *c = m->consensus;
    int64_t n = 0;
    for (int64_t k = 0; k < c->n_sortings; k++) {
        const int32_t member = c->members[unit * c->n_sortings + k];
        if (member < 0)
            continue;
        const spk_train train = spk_trains_unit(m->trains[k], member);
        const int64_t first = epoch < 0 ? 0 : lower_bound(&train, c->epoch_starts[epoch]);
        const int64_t last =
            epoch < 0 ? train.n_spikes : lower_bound(&train, c->epoch_stops[epoch]);
        if (first < last)
            n = merge(m, n, train.samples + first, last - first);
    }
    for (int64_t e = 0; e < n; e++)
        if (m->events[e].n_findings >= least) {
            m->samples[m->n] = m->events[e].time;
            m->units[m->n++] = (int32_t)unit;
        }
}

static spk_status make_room(merger *m, int64_t unit)
{
    const spk_consensus *c = m->consensus;
    int64_t n = 0;
    for (int64_t k = 0; k < c->n_sortings; k++)
        n += spk_trains_unit(m->trains[k], c->members[unit * c->n_sortings + k]).n_spikes;
    if (n <= m->capacity)
        return SPK_OK;
    event *events = spk__realloc(m->ctx, m->events, n, sizeof *events);
    if (events == NULL)
        return spk__fail_memory(m->ctx);
    m->events = events;
    event *merged = spk__realloc(m->ctx, m->merged, n, sizeof *merged);
    if (merged == NULL)
        return spk__fail_memory(m->ctx);
    m->merged = merged;
    m->capacity = n;
    return SPK_OK;
}

/* Puts the spikes, unit by unit so far, in order of time. */
static spk_status sort_spikes(merger *m)
{
    spk_status status = SPK_OK;
    int64_t *order = spk__alloc(m->ctx, m->n, sizeof *order);
    int64_t *samples = spk__alloc(m->ctx, m->n, sizeof *samples);
    if (order == NULL || samples == NULL)
        status = spk__fail_memory(m->ctx);
    else
        status = spk_spikes_order(m->ctx, m->n, m->samples, order);
    if (status == SPK_OK) {
        for (int64_t s = 0; s < m->n; s++)
            samples[s] = m->samples[order[s]];
        for (int64_t s = 0; s < m->n; s++)
            m->samples[s] = samples[s];
        for (int64_t s = 0; s < m->n; s++)
            samples[s] = m->units[order[s]];
        for (int64_t s = 0; s < m->n; s++)
            m->units[s] = (int32_t)samples[s];
    }
    spk__free(samples);
    spk__free(order);
    return status;
}

spk_status spk_consensus_trains_length(spk_context *ctx, const spk_spikes *sortings,
                                       int64_t n_sortings, int64_t *length)
{
    SPK_REQUIRE(ctx, length != NULL, SPK_ERR_ARGUMENT, "length is NULL");
    SPK_REQUIRE(ctx, n_sortings >= 0 && (n_sortings == 0 || sortings != NULL),
                SPK_ERR_ARGUMENT, "sortings is NULL, or n_sortings is negative");
    int64_t n = 0;
    for (int64_t k = 0; k < n_sortings; k++)
        SPK_REQUIRE(ctx,
                    sortings[k].n_spikes >= 0 &&
                        !__builtin_add_overflow(n, sortings[k].n_spikes, &n),
                    SPK_ERR_OVERFLOW, "sorting %" PRId64 ": %" PRId64 " spikes", k,
                    sortings[k].n_spikes);
    *length = n;
    return SPK_OK;
}

spk_status spk_consensus_trains(spk_context *ctx, const spk_consensus *consensus,
                                const spk_spikes *sortings, int32_t least_findings,
                                int32_t least_members, int64_t *samples, int32_t *units,
                                spk_spikes *spikes)
{
    SPK_REQUIRE(ctx, consensus != NULL, SPK_ERR_ARGUMENT, "consensus is NULL");
    SPK_REQUIRE(ctx, sortings != NULL, SPK_ERR_ARGUMENT, "sortings is NULL");
    SPK_REQUIRE(ctx, samples != NULL && units != NULL && spikes != NULL, SPK_ERR_ARGUMENT,
                "samples, units or spikes is NULL");
    SPK_REQUIRE(ctx, least_findings >= 0, SPK_ERR_ARGUMENT,
                "least_findings must be >= 0, got %d", (int)least_findings);
    SPK_REQUIRE(ctx, least_members >= 1, SPK_ERR_ARGUMENT,
                "least_members must be >= 1, got %d", (int)least_members);
    const spk_consensus *c = consensus;
    for (int64_t k = 0; k < c->n_sortings; k++)
        SPK_REQUIRE(ctx, sortings[k].n_units == c->n_in_units[k], SPK_ERR_ARGUMENT,
                    "sorting %" PRId64 " has %" PRId64 " units, expected the %" PRId64
                    " it was made from",
                    k, sortings[k].n_units, c->n_in_units[k]);
    spk_status status = SPK_OK;
    merger m = {.ctx = ctx, .consensus = c, .samples = samples, .units = units};
    const spk_epochs epochs = {c->n_epochs, c->epoch_starts, c->epoch_stops};
    m.trains = spk__alloc_zero(ctx, c->n_sortings, sizeof(spk_trains *));
    if (m.trains == NULL)
        return spk__fail_memory(ctx);
    for (int64_t k = 0; k < c->n_sortings; k++) {
        spk_trains_options options;
        spk_trains_options_init(&options, sizeof options);
        options.epochs = c->n_epochs < 0 ? NULL : &epochs;
        status = spk_trains_create(ctx, &sortings[k], &options, &m.trains[k]);
        if (status != SPK_OK)
            goto cleanup;
    }
    for (int64_t u = 0; u < c->n_units; u++) {
        if (c->n_members[u] < least_members || c->n_members[u] < least_findings)
            continue;
        if ((status = make_room(&m, u)) != SPK_OK)
            goto cleanup;
        const int32_t least = least_findings == 0 ? c->n_members[u] : least_findings;
        if (c->n_epochs < 0)
            join_trains(&m, u, -1, least);
        for (int64_t e = 0; e < c->n_epochs; e++)
            join_trains(&m, u, e, least);
    }
    if ((status = sort_spikes(&m)) != SPK_OK)
        goto cleanup;
    spk_spikes all = sortings[0];
    for (int64_t k = 1; k < c->n_sortings; k++) {
        if (sortings[k].start_sample < all.start_sample)
            all.start_sample = sortings[k].start_sample;
        if (sortings[k].stop_sample > all.stop_sample)
            all.stop_sample = sortings[k].stop_sample;
    }
    all.n_spikes = m.n;
    all.n_units = c->n_units;
    all.samples = samples;
    all.units = units;
    *spikes = all;
cleanup:
    for (int64_t k = 0; k < c->n_sortings; k++)
        spk_trains_destroy(m.trains[k]);
    spk__free(m.trains);
    spk__free(m.events);
    spk__free(m.merged);
    return status;
}
