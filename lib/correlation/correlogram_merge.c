/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/check.h"
#include "correlation/correlogram_bins.h"

#include <math.h>
#include <string.h>

static void add(int64_t n_bins, const int64_t *from, int64_t *to)
{
    for (int64_t k = 0; k < n_bins; k++)
        to[k] += from[k];
}

spk_status spk_correlogram_merge(spk_context *ctx, const spk_correlogram_options *given,
                                 int64_t n_units, int64_t i, int64_t j, int64_t *counts)
{
    spk_correlogram_options options;
    spk_status status = spk__correlogram_check_options(ctx, given, &options);
    if (status != SPK_OK)
        return status;
    SPK_REQUIRE(ctx, options.references == NULL && options.targets == NULL,
                SPK_ERR_ARGUMENT, "references and targets must be NULL for a merge");
    SPK_REQUIRE(
        ctx, options.convention != SPK_CORRELOGRAM_PHY, SPK_ERR_UNSUPPORTED,
        "correlograms in the phy convention cannot be merged: the centre bin is a "
        "maximum of two counts");
    SPK_REQUIRE(ctx, counts != NULL, SPK_ERR_ARGUMENT, "counts must not be NULL");
    SPK_REQUIRE(ctx, i >= 0 && i < n_units && j >= 0 && j < n_units && i != j,
                SPK_ERR_ARGUMENT,
                "units to merge must be two of 0 .. %lld, got %lld and %lld",
                (long long)n_units - 1, (long long)i, (long long)j);
    int64_t n_bins = options.n_bins;
    size_t pair_bytes = (size_t)n_bins * sizeof *counts;
    int64_t row_length = n_units * n_bins;
    int64_t *row_i = counts + i * row_length;
    int64_t *row_j = counts + j * row_length;

    /* Row j into row i, then column j into column i: C_ii gets C_ji from the first step and
     * C_ij + C_jj, gathered in [i][j], from the second. */
    add(row_length, row_j, row_i);
    memset(row_j, 0, (size_t)row_length * sizeof *counts);
    for (int64_t u = 0; u < n_units; u++) {
        int64_t *cell = counts + u * row_length + j * n_bins;
        add(n_bins, cell, counts + u * row_length + i * n_bins);
        memset(cell, 0, pair_bytes);
    }
    if (options.convention == SPK_CORRELOGRAM_PYNAPPLE)
        row_i[i * n_bins + n_bins / 2] = 0;
    return SPK_OK;
}

spk_status spk_correlogram_find_near_pairs(spk_context *ctx, const double *positions_um,
                                           int64_t n_units, int32_t n_dimensions,
                                           double distance_um, int32_t (*pairs)[2],
                                           int64_t *n_pairs)
{
    SPK_REQUIRE(ctx, n_pairs != NULL, SPK_ERR_ARGUMENT, "n_pairs must not be NULL");
    SPK_REQUIRE(ctx, n_units >= 0 && n_units <= INT32_MAX, SPK_ERR_ARGUMENT,
                "n_units must be in 0 .. 2^31 - 1, got %lld", (long long)n_units);
    SPK_REQUIRE(ctx, positions_um != NULL || n_units == 0, SPK_ERR_ARGUMENT,
                "positions_um must not be NULL");
    SPK_REQUIRE(ctx, n_dimensions >= 1 && n_dimensions <= 3, SPK_ERR_ARGUMENT,
                "n_dimensions must be 1, 2 or 3, got %d", (int)n_dimensions);
    SPK_REQUIRE(ctx, distance_um >= 0, SPK_ERR_ARGUMENT,
                "distance_um must not be negative, got %g", distance_um);
    int64_t n = 0;
    for (int64_t i = 0; i < n_units; i++)
        for (int64_t j = 0; j < n_units; j++) {
            double sum = 0;
            for (int32_t d = 0; d < n_dimensions; d++) {
                double difference = positions_um[i * n_dimensions + d] -
                                    positions_um[j * n_dimensions + d];
                sum += difference * difference;
            }
            if (i == j || !(sum <= distance_um * distance_um))
                continue;
            if (pairs != NULL) {
                pairs[n][0] = (int32_t)i;
                pairs[n][1] = (int32_t)j;
            }
            n++;
        }
    *n_pairs = n;
    return SPK_OK;
}
