/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/check.h"
#include "base/memory.h"

#include <inttypes.h>
#include <spikekit/connections.h>
#include <spikekit/distributions.h>

spk_status spk_connections_adjust(spk_context *ctx, int64_t n_tests, spk_connection *rows,
                                  int64_t n_rows)
{
    SPK_REQUIRE(ctx, n_rows >= 0 && n_tests >= n_rows, SPK_ERR_ARGUMENT,
                "n_tests must be at least n_rows, got %" PRId64 " and %" PRId64, n_tests,
                n_rows);
    SPK_REQUIRE(ctx, n_rows == 0 || rows != NULL, SPK_ERR_ARGUMENT,
                "rows must not be NULL");
    for (int64_t r = 0; r < n_rows; r++)
        SPK_REQUIRE(ctx, rows[r].log_p <= 0.0, SPK_ERR_ARGUMENT,
                    "rows[%" PRId64 "]: log_p must be at most 0, got %g", r,
                    rows[r].log_p);
    double *values = spk__alloc(ctx, n_rows, sizeof *values);
    if (values == NULL)
        return spk__fail_memory(ctx);
    for (int64_t r = 0; r < n_rows; r++)
        values[r] = rows[r].log_p;
    const spk_status status =
        spk_false_discovery_adjust(ctx, values, n_rows, n_tests, values);
    for (int64_t r = 0; r < n_rows && status == SPK_OK; r++)
        rows[r].log_q = values[r];
    spk__free(values);
    return status;
}
