/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A k-d tree of all spikes in three dimensions, laid out in an array: the median of a range
 * stands in its middle, what is below it to the left. Ranges of LEAF points or fewer are
 * searched one by one.
 */
#include "base/check.h"
#include "base/memory.h"
#include "base/parallel.h"
#include "files/array_convert.h"
#include "sorting/merge_work.h"
#include "sorting/spike_values.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

enum {
    N_DIMENSIONS = 3,
    LEAF = 16
};

typedef struct point {
    double at[N_DIMENSIONS];
    int32_t unit;
    uint32_t spike;
} point;

typedef struct neighbor {
    double distance; /* squared */
    uint32_t spike;
    int32_t unit;
} neighbor;

typedef struct neighbor_job {
    spk_context *ctx;
    const spk__merge_work *work;
    point *points; /* [n_points] */
    uint8_t *axes; /* [n_points] on which axis a median splits */
    int64_t n_points;
    int64_t k;
    int64_t *heads;    /* [n_units] first place in todo of each unit a, -1: none */
    int64_t *nexts;    /* [n_todo] */
    int64_t *firsts;   /* [n_units + 1] queries of each unit */
    uint32_t *queries; /* [n_points] places in points, by unit */
    int64_t *counts;   /* [workers][n_units] */
    neighbor *nearest; /* [workers][k] */
} neighbor_job;

/* ---- building ---- */

static void swap_points(point *points, int64_t a, int64_t b)
{
    const point kept = points[a];
    points[a] = points[b];
    points[b] = kept;
}

/* Puts the point that would stand at `middle` in order there, smaller ones before it. */
static void select_point(point *points, int64_t first, int64_t last, int64_t middle,
                         int axis)
{
    while (first < last) {
        const int64_t centre = first + (last - first) / 2;
        /* The median of three, so that sorted ranges are no worse than others. */
        if (points[centre].at[axis] < points[first].at[axis])
            swap_points(points, centre, first);
        if (points[last].at[axis] < points[first].at[axis])
            swap_points(points, last, first);
        if (points[last].at[axis] < points[centre].at[axis])
            swap_points(points, last, centre);
        const double pivot = points[centre].at[axis];
        int64_t i = first, j = last;
        while (i <= j) {
            while (points[i].at[axis] < pivot)
                i++;
            while (points[j].at[axis] > pivot)
                j--;
            if (i <= j)
                swap_points(points, i++, j--);
        }
        if (middle <= j)
            last = j;
        else if (middle >= i)
            first = i;
        else
            return;
    }
}

static int widest_axis(const point *points, int64_t first, int64_t end)
{
    int widest = 0;
    double width = -1;
    for (int axis = 0; axis < N_DIMENSIONS; axis++) {
        double low = INFINITY, high = -INFINITY;
        for (int64_t i = first; i < end; i++) {
            low = fmin(low, points[i].at[axis]);
            high = fmax(high, points[i].at[axis]);
        }
        if (high - low > width) {
            width = high - low;
            widest = axis;
        }
    }
    return widest;
}

static void build(const neighbor_job *job, int64_t first, int64_t end)
{
    while (end - first > LEAF) {
        const int64_t middle = first + (end - first) / 2;
        const int axis = widest_axis(job->points, first, end);
        select_point(job->points, first, end - 1, middle, axis);
        job->axes[middle] = (uint8_t)axis;
        build(job, first, middle); /* as deep as the logarithm of n_points */
        first = middle + 1;
    }
}

/* ---- searching ---- */

static int is_further(const neighbor *a, const neighbor *b)
{
    return a->distance > b->distance ||
           (a->distance == b->distance && a->spike > b->spike);
}

/* The k nearest so far in a heap with the furthest on top; *n of them. */
static void offer(neighbor *heap, int64_t k, int64_t *n, neighbor candidate)
{
    int64_t place;
    if (*n < k) {
        for (place = (*n)++; place > 0; place = (place - 1) / 2) {
            const int64_t parent = (place - 1) / 2;
            if (!is_further(&candidate, heap + parent))
                break;
            heap[place] = heap[parent];
        }
        heap[place] = candidate;
        return;
    }
    if (!is_further(heap, &candidate))
        return;
    for (place = 0;;) {
        int64_t child = 2 * place + 1;
        if (child >= k)
            break;
        if (child + 1 < k && is_further(heap + child + 1, heap + child))
            child++;
        if (!is_further(heap + child, &candidate))
            break;
        heap[place] = heap[child];
        place = child;
    }
    heap[place] = candidate;
}

static void consider(const neighbor_job *job, const double *at, int64_t i, neighbor *heap,
                     int64_t *n)
{
    const point *p = job->points + i;
    double distance = 0;
    for (int axis = 0; axis < N_DIMENSIONS; axis++) {
        const double d = p->at[axis] - at[axis];
        distance += d * d;
    }
    offer(heap, job->k, n, (neighbor){distance, p->spike, p->unit});
}

static void search(const neighbor_job *job, const double *at, int64_t first, int64_t end,
                   neighbor *heap, int64_t *n)
{
    while (end - first > LEAF) {
        const int64_t middle = first + (end - first) / 2;
        const int axis = job->axes[middle];
        const double beyond = at[axis] - job->points[middle].at[axis];
        if (beyond < 0)
            search(job, at, first, middle, heap, n);
        else
            search(job, at, middle + 1, end, heap, n);
        if (*n == job->k && beyond * beyond > heap[0].distance)
            return;
        consider(job, at, middle, heap, n);
        if (beyond < 0)
            first = middle + 1;
        else
            end = middle;
    }
    for (int64_t i = first; i < end; i++)
        consider(job, at, i, heap, n);
}

static spk_status search_unit(void *state, int64_t unit, int32_t worker)
{
    const neighbor_job *job = state;
    const spk__merge_work *work = job->work;
    if (job->heads[unit] < 0)
        return SPK_OK;
    int64_t *counts = job->counts + worker * work->spikes.n_units;
    neighbor *heap = job->nearest + worker * job->k;
    memset(counts, 0, (size_t)work->spikes.n_units * sizeof *counts);
    for (int64_t q = job->firsts[unit]; q < job->firsts[unit + 1]; q++) {
        int64_t n = 0;
        search(job, job->points[job->queries[q]].at, 0, job->n_points, heap, &n);
        for (int64_t i = 0; i < n; i++)
            counts[heap[i].unit]++;
    }
    for (int64_t t = job->heads[unit]; t >= 0; t = job->nexts[t]) {
        spk_merge_pair *pair = work->pairs + work->todo[t];
        pair->values[SPK_MERGE_VALUE_NEIGHBORS] = (double)counts[pair->b];
    }
    return SPK_OK;
}

/* ---- the points ---- */

/* Each coordinate over its standard deviation; a constant one is 0. Spikes without all three
 * are left out. */
static spk_status fill_points(spk_context *ctx, neighbor_job *job)
{
    const spk__merge_work *work = job->work;
    const int64_t n = work->spikes.n_spikes;
    spk_status status = SPK_OK;
    uint32_t *rows = spk__alloc(ctx, n, sizeof *rows);
    double *column = spk__alloc(ctx, n, sizeof *column);
    if (rows == NULL || column == NULL) {
        status = spk__fail_memory(ctx);
        goto cleanup;
    }
    for (int64_t i = 0; i < n; i++) {
        rows[i] = (uint32_t)(work->places == NULL ? i : work->places[i]);
        job->points[i] = (point){{0}, work->spikes.units[i], (uint32_t)i};
    }
    for (int axis = 0; axis < N_DIMENSIONS; axis++) {
        const spk_array *array =
            axis == 0 ? work->input->amplitudes : work->input->spike_positions;
        if ((status = spk__spike_values(ctx, array, axis == 0 ? 0 : axis - 1, rows, n,
                                        column)) != SPK_OK)
            goto cleanup;
        for (int64_t i = 0; i < n; i++)
            job->points[i].at[axis] = column[i];
    }
    job->n_points = 0;
    for (int64_t i = 0; i < n; i++)
        if (isfinite(job->points[i].at[0]) && isfinite(job->points[i].at[1]) &&
            isfinite(job->points[i].at[2]))
            job->points[job->n_points++] = job->points[i];
    for (int axis = 0; axis < N_DIMENSIONS; axis++) {
        double mean = 0, variance = 0;
        for (int64_t i = 0; i < job->n_points; i++)
            mean += job->points[i].at[axis];
        mean /= (double)job->n_points;
        for (int64_t i = 0; i < job->n_points; i++) {
            job->points[i].at[axis] -= mean;
            variance += job->points[i].at[axis] * job->points[i].at[axis];
        }
        const double deviation = sqrt(variance / (double)job->n_points);
        for (int64_t i = 0; i < job->n_points; i++)
            job->points[i].at[axis] =
                deviation > 0 ? job->points[i].at[axis] / deviation : 0;
    }
cleanup:
    spk__free(column);
    spk__free(rows);
    return status;
}

/* Points by unit, and the pairs to do by their first unit. */
static void sort_queries(neighbor_job *job)
{
    const int64_t n_units = job->work->spikes.n_units;
    memset(job->firsts, 0, (size_t)(n_units + 1) * sizeof *job->firsts);
    for (int64_t i = 0; i < job->n_points; i++)
        job->firsts[job->points[i].unit + 1]++;
    for (int64_t u = 0; u < n_units; u++)
        job->firsts[u + 1] += job->firsts[u];
    for (int64_t i = 0; i < job->n_points; i++)
        job->queries[job->firsts[job->points[i].unit]++] = (uint32_t)i;
    memmove(job->firsts + 1, job->firsts, (size_t)n_units * sizeof *job->firsts);
    job->firsts[0] = 0;
    for (int64_t u = 0; u < n_units; u++)
        job->heads[u] = -1;
    for (int64_t t = 0; t < job->work->n_todo; t++) {
        const int32_t a = job->work->pairs[job->work->todo[t]].a;
        job->nexts[t] = job->heads[a];
        job->heads[a] = t;
    }
}

spk_status spk__merge_neighbors(spk_context *ctx, spk__merge_work *work)
{
    const int64_t n_units = work->spikes.n_units, n = work->spikes.n_spikes;
    const int64_t n_workers = spk__parallel_workers(ctx, n_units);
    spk_status status;
    neighbor_job job = {.ctx = ctx, .work = work, .k = work->options->n_neighbors};
    job.points = spk__alloc(ctx, n, sizeof *job.points);
    job.queries = spk__alloc(ctx, n, sizeof *job.queries);
    job.axes = spk__alloc_zero(ctx, n, sizeof *job.axes);
    job.firsts = spk__alloc(ctx, n_units + 1, sizeof *job.firsts);
    job.heads = spk__alloc(ctx, n_units, sizeof *job.heads);
    job.nexts = spk__alloc(ctx, work->n_todo, sizeof *job.nexts);
    job.counts = spk__alloc(ctx, n_workers * n_units, sizeof *job.counts);
    job.nearest = spk__alloc(ctx, n_workers * job.k, sizeof *job.nearest);
    if (job.points == NULL || job.queries == NULL || job.axes == NULL ||
        job.firsts == NULL || job.heads == NULL || job.nexts == NULL ||
        job.counts == NULL || job.nearest == NULL) {
        status = spk__fail_memory(ctx);
        goto cleanup;
    }
    if ((status = fill_points(ctx, &job)) != SPK_OK)
        goto cleanup;
    build(&job, 0, job.n_points);
    sort_queries(&job);
    status = spk__parallel_for(ctx, n_units, search_unit, &job, "neighbours");
cleanup:
    spk__free(job.nearest);
    spk__free(job.counts);
    spk__free(job.nexts);
    spk__free(job.heads);
    spk__free(job.firsts);
    spk__free(job.axes);
    spk__free(job.queries);
    spk__free(job.points);
    return status;
}
