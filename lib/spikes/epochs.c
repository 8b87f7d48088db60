/* SPDX-License-Identifier: BSD-3-Clause */
#include "spikes/table_checks.h"

#include "base/check.h"
#include "base/memory.h"

#include <inttypes.h>
#include <string.h>

/* Adds the length of [start, stop) to the total; nonzero if either leaves int64. */
static int add_length(int64_t start, int64_t stop, int64_t *total)
{
    int64_t length;
    return __builtin_sub_overflow(stop, start, &length) ||
           __builtin_add_overflow(*total, length, total);
}

spk_status spk__epochs_check(spk_context *ctx, const spk_epochs *epochs, const char *name)
{
    SPK_REQUIRE(ctx, epochs != NULL, SPK_ERR_ARGUMENT, "%s is NULL", name);
    int64_t n = epochs->n_epochs;
    const int64_t *starts = epochs->starts, *stops = epochs->stops;
    SPK_REQUIRE(ctx, n >= 0, SPK_ERR_ARGUMENT, "%s: n_epochs must be >= 0, got %" PRId64,
                name, n);
    SPK_REQUIRE(ctx, n == 0 || starts != NULL, SPK_ERR_ARGUMENT, "%s: starts is NULL",
                name);
    SPK_REQUIRE(ctx, n == 0 || stops != NULL, SPK_ERR_ARGUMENT, "%s: stops is NULL",
                name);

    int64_t total = 0;
    for (int64_t e = 0; e < n; e++) {
        SPK_REQUIRE(ctx, starts[e] < stops[e], SPK_ERR_ARGUMENT,
                    "%s: epoch %" PRId64 " is empty: start %" PRId64 ", stop %" PRId64,
                    name, e, starts[e], stops[e]);
        SPK_REQUIRE(ctx, e == 0 || starts[e] >= starts[e - 1], SPK_ERR_UNSORTED,
                    "%s: epoch %" PRId64 " is out of order: start %" PRId64
                    " after %" PRId64,
                    name, e, starts[e], starts[e - 1]);
        SPK_REQUIRE(ctx, e == 0 || starts[e] >= stops[e - 1], SPK_ERR_ARGUMENT,
                    "%s: epoch %" PRId64 " overlaps the one before: start %" PRId64
                    ", stop before %" PRId64,
                    name, e, starts[e], stops[e - 1]);
        SPK_REQUIRE(ctx, !add_length(starts[e], stops[e], &total), SPK_ERR_OVERFLOW,
                    "%s: the total length up to epoch %" PRId64
                    " is beyond 2^63 - 1 samples",
                    name, e);
    }
    return SPK_OK;
}

spk_status spk_epochs_check(spk_context *ctx, const spk_epochs *epochs)
{
    return spk__epochs_check(ctx, epochs, "epochs");
}

/* Joins the intervals, taken in the given order of rising starts, into epochs. */
static int64_t join(int64_t n, const int64_t *order, const int64_t *starts,
                    const int64_t *stops, int64_t *joined_starts, int64_t *joined_stops)
{
    int64_t n_joined = 0;
    for (int64_t k = 0; k < n; k++) {
        int64_t start = starts[order[k]], stop = stops[order[k]];
        if (start == stop)
            continue;
        if (n_joined > 0 && start <= joined_stops[n_joined - 1]) {
            if (stop > joined_stops[n_joined - 1])
                joined_stops[n_joined - 1] = stop;
        } else {
            joined_starts[n_joined] = start;
            joined_stops[n_joined] = stop;
            n_joined++;
        }
    }
    return n_joined;
}

spk_status spk_epochs_normalize(spk_context *ctx, int64_t *starts, int64_t *stops,
                                int64_t n, int64_t *n_epochs)
{
    SPK_REQUIRE(ctx, n >= 0, SPK_ERR_ARGUMENT, "n must be >= 0, got %" PRId64, n);
    SPK_REQUIRE(ctx, n == 0 || starts != NULL, SPK_ERR_ARGUMENT, "starts is NULL");
    SPK_REQUIRE(ctx, n == 0 || stops != NULL, SPK_ERR_ARGUMENT, "stops is NULL");
    SPK_REQUIRE(ctx, n_epochs != NULL, SPK_ERR_ARGUMENT, "n_epochs is NULL");
    for (int64_t i = 0; i < n; i++)
        SPK_REQUIRE(ctx, starts[i] <= stops[i], SPK_ERR_ARGUMENT,
                    "interval %" PRId64 " stops before it starts: start %" PRId64
                    ", stop %" PRId64,
                    i, starts[i], stops[i]);

    spk_status status;
    int64_t *order = spk__alloc(ctx, n, sizeof *order);
    int64_t *joined_starts = spk__alloc(ctx, n, sizeof *joined_starts);
    int64_t *joined_stops = spk__alloc(ctx, n, sizeof *joined_stops);
    if (order == NULL || joined_starts == NULL || joined_stops == NULL) {
        status = spk__fail_memory(ctx);
        goto cleanup;
    }
    if ((status = spk_spikes_order(ctx, n, starts, order)) != SPK_OK)
        goto cleanup;
    int64_t n_joined = join(n, order, starts, stops, joined_starts, joined_stops);
    const spk_epochs joined = {n_joined, joined_starts, joined_stops};
    /* Joined intervals are disjoint and in order: only their length can be wrong. */
    if ((status = spk__epochs_check(ctx, &joined, "intervals")) != SPK_OK)
        goto cleanup;
    if (n_joined > 0) {
        memcpy(starts, joined_starts, (size_t)n_joined * sizeof *starts);
        memcpy(stops, joined_stops, (size_t)n_joined * sizeof *stops);
    }
    *n_epochs = n_joined;
cleanup:
    spk__free(joined_stops);
    spk__free(joined_starts);
    spk__free(order);
    return status;
}

spk_status spk_epochs_intersect(spk_context *ctx, const spk_epochs *a,
                                const spk_epochs *b, int64_t *starts, int64_t *stops,
                                int64_t *n_epochs)
{
    spk_status status;
    if ((status = spk__epochs_check(ctx, a, "a")) != SPK_OK ||
        (status = spk__epochs_check(ctx, b, "b")) != SPK_OK)
        return status;
    int empty = a->n_epochs == 0 || b->n_epochs == 0;
    SPK_REQUIRE(ctx, empty || starts != NULL, SPK_ERR_ARGUMENT, "starts is NULL");
    SPK_REQUIRE(ctx, empty || stops != NULL, SPK_ERR_ARGUMENT, "stops is NULL");
    SPK_REQUIRE(ctx, n_epochs != NULL, SPK_ERR_ARGUMENT, "n_epochs is NULL");

    int64_t n = 0;
    for (int64_t i = 0, j = 0; i < a->n_epochs && j < b->n_epochs;) {
        int64_t start = a->starts[i] > b->starts[j] ? a->starts[i] : b->starts[j];
        int64_t stop = a->stops[i] < b->stops[j] ? a->stops[i] : b->stops[j];
        if (start < stop) {
            starts[n] = start;
            stops[n] = stop;
            n++;
        }
        /* The one that ends first can meet nothing more; at a tie neither can. */
        int a_ends = a->stops[i] <= b->stops[j];
        int b_ends = b->stops[j] <= a->stops[i];
        i += a_ends;
        j += b_ends;
    }
    *n_epochs = n;
    return SPK_OK;
}

int64_t spk_epochs_duration(const spk_epochs *epochs)
{
    int64_t total = 0;
    for (int64_t e = 0; epochs != NULL && e < epochs->n_epochs; e++)
        total += epochs->stops[e] - epochs->starts[e];
    return total;
}
