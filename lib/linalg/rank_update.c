/* SPDX-License-Identifier: BSD-3-Clause */
#include "linalg/rank_update.h"

#include "base/check.h"

#include <cblas.h>
#include <inttypes.h>

spk_status spk__linalg_rank_update(spk_context *ctx, int64_t n_rows, int64_t n_columns,
                                   double alpha, const double *a, double *c)
{
    SPK_REQUIRE(ctx, n_rows >= 0 && n_rows <= INT32_MAX, SPK_ERR_ARGUMENT,
                "n_rows must be 0 .. 2^31 - 1, got %" PRId64, n_rows);
    SPK_REQUIRE(ctx, n_columns >= 0 && n_columns <= INT32_MAX, SPK_ERR_ARGUMENT,
                "n_columns must be 0 .. 2^31 - 1, got %" PRId64, n_columns);
    SPK_REQUIRE(ctx, c != NULL || n_columns == 0, SPK_ERR_ARGUMENT, "c is NULL");
    SPK_REQUIRE(ctx, a != NULL || n_columns == 0 || n_rows == 0, SPK_ERR_ARGUMENT,
                "a is NULL");
    if (n_columns == 0 || n_rows == 0)
        return SPK_OK;

    cblas_dsyrk(CblasRowMajor, CblasUpper, CblasTrans, (blasint)n_columns,
                (blasint)n_rows, alpha, a, (blasint)n_columns, 1.0, c,
                (blasint)n_columns);
    for (int64_t i = 1; i < n_columns; i++)
        for (int64_t j = 0; j < i; j++)
            c[i * n_columns + j] = c[j * n_columns + i];
    return SPK_OK;
}
