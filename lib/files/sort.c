/* SPDX-License-Identifier: BSD-3-Clause */
#include "files/sort.h"

#include "base/check.h"
#include "base/memory.h"

void spk__sort_int64(int64_t *v, int64_t n)
{
    for (int64_t heap = n / 2, end = n; end > 1;) {
        int64_t value;
        if (heap > 0) { /* building: sift down each parent, last first */
            value = v[--heap];
        } else { /* taking: the largest goes behind the heap */
            value = v[--end];
            v[end] = v[0];
        }
        int64_t at = heap;
        for (int64_t child; (child = 2 * at + 1) < end; at = child) {
            child += child + 1 < end && v[child + 1] > v[child];
            if (v[child] <= value)
                break;
            v[at] = v[child];
        }
        v[at] = value;
    }
}

void spk__sort_pointers(const void **v, int64_t n,
                        int (*compare)(const void *, const void *))
{
    for (int64_t heap = n / 2, end = n; end > 1;) {
        const void *value;
        if (heap > 0) {
            value = v[--heap];
        } else {
            value = v[--end];
            v[end] = v[0];
        }
        int64_t at = heap;
        for (int64_t child; (child = 2 * at + 1) < end; at = child) {
            child += child + 1 < end && compare(v[child + 1], v[child]) > 0;
            if (compare(v[child], value) <= 0)
                break;
            v[at] = v[child];
        }
        v[at] = value;
    }
}

/* Merges from[start, middle) and from[middle, stop) into to[start, stop). */
static void merge(const int64_t *values, const int64_t *from, int64_t *to, int64_t start,
                  int64_t middle, int64_t stop)
{
    int64_t a = start, b = middle;
    for (int64_t k = start; k < stop; k++) {
        int take_a = b == stop || (a < middle && values[from[a]] <= values[from[b]]);
        to[k] = from[take_a ? a++ : b++];
    }
}

/* One past the run of non-decreasing values that starts here. */
static int64_t run_end(const int64_t *values, const int64_t *order, int64_t start,
                       int64_t n)
{
    int64_t end = start + 1;
    while (end < n && values[order[end - 1]] <= values[order[end]])
        end++;
    return end < n ? end : n;
}

/* Merges neighbouring runs until one is left. */
spk_status spk__stable_order(spk_context *ctx, const int64_t *values, int64_t n,
                             int64_t *order)
{
    for (int64_t k = 0; k < n; k++)
        order[k] = k;
    if (n == 0 || run_end(values, order, 0, n) == n)
        return SPK_OK;
    int64_t *other = spk__alloc(ctx, n, sizeof *other);
    if (other == NULL)
        return spk__fail_memory(ctx);
    int64_t *from = order, *to = other;
    for (int64_t first_end = 0; first_end < n;) {
        for (int64_t start = 0; start < n;) {
            int64_t middle = run_end(values, from, start, n);
            int64_t stop = middle < n ? run_end(values, from, middle, n) : n;
            merge(values, from, to, start, middle, stop);
            if (start == 0)
                first_end = stop;
            start = stop;
        }
        int64_t *swap = from;
        from = to;
        to = swap;
    }
    if (from != order)
        for (int64_t k = 0; k < n; k++)
            order[k] = from[k];
    spk__free(other);
    return SPK_OK;
}
