/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/check.h"
#include "base/memory.h"

#include <inttypes.h>
#include <math.h>
#include <spikekit/connections.h>
#include <stdlib.h>

typedef struct ranked {
    double log_p;
    int64_t row;
} ranked;

static int compare_ranked(const void *a, const void *b)
{
    const ranked *x = a, *y = b;
    if (x->log_p != y->log_p)
        return x->log_p < y->log_p ? -1 : 1;
    return (x->row > y->row) - (x->row < y->row);
}

spk_status spk_connections_adjust(spk_context *ctx, double max_p, int64_t n_tests,
                                  spk_connection *rows, int64_t n_rows)
{
    SPK_REQUIRE(ctx, n_rows >= 0 && n_tests >= n_rows, SPK_ERR_ARGUMENT,
                "n_tests must be at least n_rows, got %" PRId64 " and %" PRId64, n_tests,
                n_rows);
    SPK_REQUIRE(ctx, n_rows == 0 || rows != NULL, SPK_ERR_ARGUMENT,
                "rows must not be NULL");
    SPK_REQUIRE(ctx, max_p > 0.0 && max_p <= 1.0, SPK_ERR_ARGUMENT,
                "max_p must be above 0 and at most 1, got %g", max_p);
    for (int64_t r = 0; r < n_rows; r++)
        SPK_REQUIRE(ctx, rows[r].log_p <= 0.0, SPK_ERR_ARGUMENT,
                    "rows[%" PRId64 "]: log_p must be at most 0, got %g", r,
                    rows[r].log_p);
    ranked *order = spk__alloc(ctx, n_rows, sizeof *order);
    if (order == NULL)
        return spk__fail_memory(ctx);
    for (int64_t r = 0; r < n_rows; r++)
        order[r] = (ranked){rows[r].log_p, r};
    if (n_rows > 0)
        qsort(order, (size_t)n_rows, sizeof *order, compare_ranked);
    /* Tests that were not kept have a p above max_p and ranks up to n_tests, so none of them
     * can bring a q below max_p. */
    double least = n_rows < n_tests ? log(max_p) : 0.0;
    for (int64_t k = n_rows; k-- > 0;) {
        const double q = order[k].log_p + log((double)n_tests) - log((double)(k + 1));
        if (q < least)
            least = q;
        rows[order[k].row].log_q = least;
    }
    spk__free(order);
    return SPK_OK;
}
