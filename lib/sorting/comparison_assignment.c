/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Optimal one-to-one assignment by shortest augmenting paths, group by group.
 *
 * Scores below the least count nothing, so the matrix falls apart into the connected groups of
 * rows and columns that higher scores join, mostly of one row and one column; an optimum of
 * each is an optimum of all. Within a group (transposed if it has more rows than columns) rows
 * are added one at a time: Dijkstra's search over reduced costs, kept non-negative by a
 * potential for each row and column, finds the cheapest way to re-assign those before.
 * Source: Jonker & Volgenant (1987) Computing 38:325-340
 */
#include "sorting/comparison_assignment.h"

#include "base/check.h"
#include "base/memory.h"

#include <math.h>

/* A dense group: rows <= columns. */
typedef struct group {
    int64_t n_rows;
    int64_t n_columns;
    const double *costs;     /* [n_rows][n_columns] */
    double *row_potentials;  /* [n_rows] */
    double *potentials;      /* [n_columns] */
    double *distances;       /* [n_columns] */
    int32_t *rows;           /* [n_columns] row assigned to each column, -1: free */
    int32_t *parents;        /* [n_columns] row from which a column was reached */
    int32_t *columns;        /* [n_rows] column assigned to each row */
    unsigned char *is_final; /* [n_columns] */
} group;

/* The cheapest path from a row to a free column. */
static int64_t search(group *g, int64_t row, double *length)
{
    for (int64_t c = 0; c < g->n_columns; c++) {
        g->distances[c] = INFINITY;
        g->is_final[c] = 0;
    }
    double shortest = 0.0;
    for (int64_t r = row;;) {
        const double *costs = g->costs + r * g->n_columns;
        int64_t next = -1;
        for (int64_t c = 0; c < g->n_columns; c++) {
            if (g->is_final[c])
                continue;
            const double distance =
                shortest + costs[c] - g->row_potentials[r] - g->potentials[c];
            if (distance < g->distances[c]) {
                g->distances[c] = distance;
                g->parents[c] = (int32_t)r;
            }
            /* Of equals a free column ends the search. */
            if (next < 0 || g->distances[c] < g->distances[next] ||
                (g->distances[c] == g->distances[next] && g->rows[c] < 0 &&
                 g->rows[next] >= 0))
                next = c;
        }
        shortest = g->distances[next];
        g->is_final[next] = 1;
        if (g->rows[next] < 0) {
            *length = shortest;
            return next;
        }
        r = g->rows[next];
    }
}

static void solve(group *g)
{
    for (int64_t r = 0; r < g->n_rows; r++) {
        double length = 0.0;
        int64_t column = search(g, r, &length);
        g->row_potentials[r] += length;
        for (int64_t c = 0; c < g->n_columns; c++) {
            if (!g->is_final[c] || c == column)
                continue;
            g->row_potentials[g->rows[c]] += length - g->distances[c];
            g->potentials[c] -= length - g->distances[c];
        }
        /* Back along the path, each row takes the column by which it was passed. */
        for (int64_t parent = -1; parent != r;) {
            parent = g->parents[column];
            const int32_t before = g->columns[parent];
            g->rows[column] = (int32_t)parent;
            g->columns[parent] = (int32_t)column;
            column = before;
        }
    }
}

/* Rows are nodes 0 .. n_rows - 1, columns the ones after. */
static int64_t root_of(int64_t *parents, int64_t node)
{
    while (parents[node] != node)
        node = parents[node] = parents[parents[node]];
    return node;
}

/* Nodes by group: those of the group numbered g are nodes[firsts[g]] .. [firsts[g + 1] - 1],
 * rising, so rows first. */
typedef struct groups {
    int64_t n;
    int64_t *firsts;
    int64_t *nodes;
    int64_t *places; /* [nodes] of each node: its place in its group */
} groups;

static spk_status find_groups(spk_context *ctx, const spk__scores *s, double least,
                              groups *g)
{
    const int64_t n = s->n_rows + s->n_columns;
    spk_status status = SPK_OK;
    int64_t *parents = spk__alloc(ctx, n, sizeof *parents);
    g->firsts = spk__alloc_zero(ctx, n + 2, sizeof *g->firsts);
    g->nodes = spk__alloc(ctx, n, sizeof *g->nodes);
    g->places = spk__alloc(ctx, n, sizeof *g->places);
    if (parents == NULL || g->firsts == NULL || g->nodes == NULL || g->places == NULL) {
        status = spk__fail_memory(ctx);
        goto cleanup;
    }
    for (int64_t i = 0; i < n; i++)
        parents[i] = i;
    for (int64_t r = 0; r < s->n_rows; r++)
        for (int64_t e = s->offsets[r]; e < s->offsets[r + 1]; e++)
            if (s->values[e] >= least) {
                const int64_t one = root_of(parents, r);
                const int64_t two = root_of(parents, s->n_rows + s->columns[e]);
                /* The lower node is the root: groups are in order of their first. */
                if (one < two)
                    parents[two] = one;
                else
                    parents[one] = two;
            }
    for (int64_t i = 0; i < n; i++)
        g->places[i] = parents[i] == i ? g->n++ : g->places[root_of(parents, i)];
    for (int64_t i = 0; i < n; i++)
        g->firsts[g->places[i] + 2]++;
    for (int64_t i = 0; i < g->n; i++)
        g->firsts[i + 2] += g->firsts[i + 1];
    for (int64_t i = 0; i < n; i++)
        g->nodes[g->firsts[g->places[i] + 1]++] = i;
    for (int64_t i = 0; i < g->n; i++)
        for (int64_t e = g->firsts[i]; e < g->firsts[i + 1]; e++)
            g->places[g->nodes[e]] = e - g->firsts[i];
cleanup:
    spk__free(parents);
    return status;
}

static spk_status solve_group(spk_context *ctx, const spk__scores *s, double least,
                              const groups *all, int64_t number, int32_t *column_of_row)
{
    const int64_t first = all->firsts[number], last = all->firsts[number + 1];
    int64_t n_rows = 0;
    while (first + n_rows < last && all->nodes[first + n_rows] < s->n_rows)
        n_rows++;
    const int64_t n_columns = last - first - n_rows;
    if (n_rows == 0 || n_columns == 0)
        return SPK_OK;
    const int transposed = n_rows > n_columns;
    group g = {.n_rows = transposed ? n_columns : n_rows,
               .n_columns = transposed ? n_rows : n_columns};
    spk_status status = SPK_OK;
    double *costs = spk__alloc_zero(ctx, g.n_rows, (size_t)g.n_columns * sizeof *costs);
    double *potentials = spk__alloc_zero(ctx, 2 * g.n_columns + g.n_rows, sizeof(double));
    int32_t *links = spk__alloc(ctx, 2 * g.n_columns + g.n_rows, sizeof *links);
    g.is_final = spk__alloc(ctx, g.n_columns, 1);
    if (costs == NULL || potentials == NULL || links == NULL || g.is_final == NULL) {
        status = spk__fail_memory(ctx);
        goto cleanup;
    }
    g.costs = costs;
    g.row_potentials = potentials;
    g.potentials = potentials + g.n_rows;
    g.distances = g.potentials + g.n_columns;
    g.columns = links;
    g.rows = links + g.n_rows;
    g.parents = g.rows + g.n_columns;
    for (int64_t i = 0; i < 2 * g.n_columns + g.n_rows; i++)
        links[i] = -1;
    for (int64_t i = 0; i < n_rows; i++) {
        const int64_t row = all->nodes[first + i];
        for (int64_t e = s->offsets[row]; e < s->offsets[row + 1]; e++) {
            if (!(s->values[e] >= least))
                continue;
            const int64_t place = all->places[s->n_rows + s->columns[e]] - n_rows;
            costs[transposed ? place * g.n_columns + i : i * g.n_columns + place] =
                -s->values[e];
        }
    }
    solve(&g);
    for (int64_t r = 0; r < g.n_rows; r++) {
        const int64_t c = g.columns[r];
        if (costs[r * g.n_columns + c] == 0.0)
            continue;
        const int64_t row = all->nodes[first + (transposed ? c : r)];
        const int64_t column = all->nodes[first + n_rows + (transposed ? r : c)];
        column_of_row[row] = (int32_t)(column - s->n_rows);
    }
cleanup:
    spk__free(g.is_final);
    spk__free(links);
    spk__free(potentials);
    spk__free(costs);
    return status;
}

spk_status spk__assign(spk_context *ctx, const spk__scores *scores, double least,
                       int32_t *column_of_row)
{
    groups all = {0};
    for (int64_t r = 0; r < scores->n_rows; r++)
        column_of_row[r] = -1;
    spk_status status = find_groups(ctx, scores, least, &all);
    for (int64_t g = 0; status == SPK_OK && g < all.n; g++)
        status = solve_group(ctx, scores, least, &all, g, column_of_row);
    spk__free(all.firsts);
    spk__free(all.nodes);
    spk__free(all.places);
    return status;
}
