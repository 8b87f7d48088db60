/* SPDX-License-Identifier: BSD-3-Clause */
/* Links between units of several sortings, by falling agreement, join them into groups. */
#include "base/check.h"
#include "base/memory.h"
#include "sorting/consensus_state.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    MOST_SORTINGS = 1000
};

/* Units of all sortings are nodes, those of the first sorting first. */
typedef struct link {
    double agreement;
    int64_t first; /* node, the lower one */
    int64_t second;
} link;

typedef struct graph {
    spk_context *ctx;
    const spk_spikes *sortings;
    int64_t n_sortings;
    int64_t *first_nodes; /* [n_sortings + 1] */
    link *links;
    int64_t n_links;
    int64_t *parents; /* [nodes] towards the lowest node of a group */
    int32_t *members; /* [nodes][n_sortings] of the group whose lowest node it is */
} graph;

static spk_status add_links(graph *g, int64_t p, int64_t q, const spk_comparison *c)
{
    const spk_comparison_unit *units = spk_comparison_units_a(c);
    const int64_t n = g->sortings[p].n_units;
    link *grown = spk__realloc(g->ctx, g->links, g->n_links + n, sizeof *grown);
    if (grown == NULL)
        return spk__fail_memory(g->ctx);
    g->links = grown;
    for (int64_t u = 0; u < n; u++)
        if (units[u].assigned_match >= 0)
            g->links[g->n_links++] =
                (link){units[u].assigned_agreement, g->first_nodes[p] + u,
                       g->first_nodes[q] + units[u].assigned_match};
    return SPK_OK;
}

static spk_status compare_all(graph *g, const spk_comparison_options *options,
                              int64_t *delta)
{
    spk_status status = SPK_OK;
    for (int64_t p = 0; status == SPK_OK && p < g->n_sortings; p++)
        for (int64_t q = p + 1; status == SPK_OK && q < g->n_sortings; q++) {
            spk_comparison *c = NULL;
            status = spk_comparison_create(g->ctx, &g->sortings[p], &g->sortings[q],
                                           options, &c);
            if (status != SPK_OK) {
                char reason[512];
                snprintf(reason, sizeof reason, "%s",
                         g->ctx == NULL ? "" : spk_context_message(g->ctx));
                return spk__fail(g->ctx, status,
                                 "sortings %" PRId64 " (a) and %" PRId64 " (b): %s", p, q,
                                 reason);
            }
            *delta = spk_comparison_delta(c);
            status = add_links(g, p, q, c);
            spk_comparison_destroy(c);
        }
    return status;
}

/* By falling agreement, then in the order of nodes. */
static int compare_links(const void *one, const void *other)
{
    const link *a = one, *b = other;
    if (a->agreement != b->agreement)
        return a->agreement > b->agreement ? -1 : 1;
    if (a->first != b->first)
        return a->first < b->first ? -1 : 1;
    return (a->second > b->second) - (a->second < b->second);
}

static int64_t root_of(graph *g, int64_t node)
{
    while (g->parents[node] != node)
        node = g->parents[node] = g->parents[g->parents[node]];
    return node;
}

static void join(graph *g, const link *l)
{
    int64_t one = root_of(g, l->first), other = root_of(g, l->second);
    if (one == other)
        return;
    if (one > other) {
        const int64_t kept = one;
        one = other;
        other = kept;
    }
    int32_t *into = g->members + one * g->n_sortings;
    const int32_t *from = g->members + other * g->n_sortings;
    for (int64_t k = 0; k < g->n_sortings; k++)
        if (into[k] >= 0 && from[k] >= 0)
            return;
    for (int64_t k = 0; k < g->n_sortings; k++)
        if (from[k] >= 0)
            into[k] = from[k];
    g->parents[other] = one;
}

static spk_status make_groups(graph *g)
{
    const int64_t n = g->first_nodes[g->n_sortings];
    g->parents = spk__alloc(g->ctx, n, sizeof *g->parents);
    g->members = spk__alloc(g->ctx, n, (size_t)g->n_sortings * sizeof *g->members);
    if (g->parents == NULL || g->members == NULL)
        return spk__fail_memory(g->ctx);
    memset(g->members, 0xff, (size_t)n * (size_t)g->n_sortings * sizeof *g->members);
    for (int64_t p = 0; p < g->n_sortings; p++)
        for (int64_t node = g->first_nodes[p]; node < g->first_nodes[p + 1]; node++) {
            g->parents[node] = node;
            g->members[node * g->n_sortings + p] = (int32_t)(node - g->first_nodes[p]);
        }
    if (g->n_links > 0)
        qsort(g->links, (size_t)g->n_links, sizeof *g->links, compare_links);
    for (int64_t l = 0; l < g->n_links; l++)
        join(g, &g->links[l]);
    return SPK_OK;
}

static spk_status keep_groups(graph *g, spk_consensus *c)
{
    const int64_t n = g->first_nodes[g->n_sortings];
    spk_status status = SPK_OK;
    int64_t *n_links = spk__alloc_zero(g->ctx, n, sizeof *n_links);
    int64_t *numbers = spk__alloc(g->ctx, n, sizeof *numbers);
    for (int64_t node = 0; node < n; node++)
        c->n_units += g->parents[node] == node;
    c->members =
        spk__alloc(g->ctx, c->n_units, (size_t)g->n_sortings * sizeof *c->members);
    c->n_members = spk__alloc_zero(g->ctx, c->n_units, sizeof *c->n_members);
    c->agreements = spk__alloc_zero(g->ctx, c->n_units, sizeof *c->agreements);
    if (n_links == NULL || numbers == NULL || c->members == NULL ||
        c->n_members == NULL || c->agreements == NULL) {
        status = spk__fail_memory(g->ctx);
        goto cleanup;
    }
    int64_t unit = 0;
    for (int64_t node = 0; node < n; node++) {
        if (g->parents[node] != node)
            continue;
        const int32_t *members = g->members + node * g->n_sortings;
        memcpy(c->members + unit * g->n_sortings, members,
               (size_t)g->n_sortings * sizeof *members);
        for (int64_t k = 0; k < g->n_sortings; k++)
            c->n_members[unit] += members[k] >= 0;
        numbers[node] = unit++;
    }
    for (int64_t l = 0; l < g->n_links; l++) {
        const int64_t root = root_of(g, g->links[l].first);
        if (root != root_of(g, g->links[l].second))
            continue;
        c->agreements[numbers[root]] += g->links[l].agreement;
        n_links[numbers[root]]++;
    }
    for (int64_t u = 0; u < c->n_units; u++)
        c->agreements[u] = n_links[u] == 0 ? NAN : c->agreements[u] / (double)n_links[u];
cleanup:
    spk__free(numbers);
    spk__free(n_links);
    return status;
}

static spk_status keep_inputs(spk_context *ctx, spk_consensus *c,
                              const spk_spikes *sortings, const spk_epochs *epochs)
{
    c->n_in_units = spk__alloc(ctx, c->n_sortings, sizeof *c->n_in_units);
    c->n_epochs = epochs == NULL ? -1 : epochs->n_epochs;
    c->epoch_starts = spk__alloc(ctx, epochs == NULL ? 0 : epochs->n_epochs, 8);
    c->epoch_stops = spk__alloc(ctx, epochs == NULL ? 0 : epochs->n_epochs, 8);
    if (c->n_in_units == NULL || c->epoch_starts == NULL || c->epoch_stops == NULL)
        return spk__fail_memory(ctx);
    for (int64_t k = 0; k < c->n_sortings; k++)
        c->n_in_units[k] = sortings[k].n_units;
    if (c->n_epochs > 0) {
        memcpy(c->epoch_starts, epochs->starts, (size_t)c->n_epochs * sizeof(int64_t));
        memcpy(c->epoch_stops, epochs->stops, (size_t)c->n_epochs * sizeof(int64_t));
    }
    return SPK_OK;
}

spk_status spk_consensus_create(spk_context *ctx, const spk_spikes *sortings,
                                int64_t n_sortings, const spk_comparison_options *options,
                                spk_consensus **consensus)
{
    SPK_REQUIRE(ctx, consensus != NULL, SPK_ERR_ARGUMENT, "consensus is NULL");
    SPK_REQUIRE(ctx, sortings != NULL, SPK_ERR_ARGUMENT, "sortings is NULL");
    SPK_REQUIRE(ctx, n_sortings >= 1 && n_sortings <= MOST_SORTINGS, SPK_ERR_ARGUMENT,
                "n_sortings must be 1 to %d, got %" PRId64, (int)MOST_SORTINGS,
                n_sortings);
    SPK_REQUIRE(ctx, options == NULL || options->struct_size >= sizeof *options,
                SPK_ERR_ARGUMENT, "options: not filled by spk_comparison_options_init()");
    SPK_REQUIRE(ctx, options == NULL || options->truth == 0, SPK_ERR_ARGUMENT,
                "truth must be 0: no sorting of a consensus is the truth");
    graph g = {.ctx = ctx, .sortings = sortings, .n_sortings = n_sortings};
    spk_status status = SPK_OK;
    spk_consensus *c = spk__alloc_zero(ctx, 1, sizeof *c);
    g.first_nodes = spk__alloc_zero(ctx, n_sortings + 1, sizeof *g.first_nodes);
    if (c == NULL || g.first_nodes == NULL) {
        status = spk__fail_memory(ctx);
        goto cleanup;
    }
    c->n_sortings = n_sortings;
    for (int64_t k = 0; k < n_sortings; k++)
        g.first_nodes[k + 1] = g.first_nodes[k] + sortings[k].n_units;
    if (n_sortings == 1 && (status = spk_spikes_check(ctx, sortings)) != SPK_OK)
        goto cleanup;
    if ((status = keep_inputs(ctx, c, sortings,
                              options == NULL ? NULL : options->epochs)) != SPK_OK)
        goto cleanup;
    if ((status = compare_all(&g, options, &c->delta)) != SPK_OK)
        goto cleanup;
    if ((status = make_groups(&g)) == SPK_OK)
        status = keep_groups(&g, c);
cleanup:
    spk__free(g.members);
    spk__free(g.parents);
    spk__free(g.links);
    spk__free(g.first_nodes);
    if (status == SPK_OK)
        *consensus = c;
    else
        spk_consensus_destroy(c);
    return status;
}

void spk_consensus_destroy(spk_consensus *consensus)
{
    if (consensus == NULL)
        return;
    spk__free(consensus->n_in_units);
    spk__free(consensus->members);
    spk__free(consensus->n_members);
    spk__free(consensus->agreements);
    spk__free(consensus->epoch_starts);
    spk__free(consensus->epoch_stops);
    spk__free(consensus);
}

int64_t spk_consensus_n_sortings(const spk_consensus *consensus)
{
    return consensus == NULL ? 0 : consensus->n_sortings;
}

int64_t spk_consensus_n_units(const spk_consensus *consensus)
{
    return consensus == NULL ? 0 : consensus->n_units;
}

const int32_t *spk_consensus_members(const spk_consensus *consensus)
{
    return consensus == NULL ? NULL : consensus->members;
}

const int32_t *spk_consensus_n_members(const spk_consensus *consensus)
{
    return consensus == NULL ? NULL : consensus->n_members;
}

const double *spk_consensus_agreements(const spk_consensus *consensus)
{
    return consensus == NULL ? NULL : consensus->agreements;
}
