/* SPDX-License-Identifier: BSD-3-Clause */
#include "linalg/product.h"

#include <cblas.h>
#include <float.h>
#include <math.h>

void spk__linalg_row_products(int64_t n_a, int64_t n_b, int64_t n_columns, double alpha,
                              const double *a, const double *b, double *c)
{
    cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasTrans, (blasint)n_a, (blasint)n_b,
                (blasint)n_columns, alpha, a, (blasint)n_columns, b, (blasint)n_columns,
                0.0, c, (blasint)n_b);
}

void spk__linalg_row_products_float(int64_t n_a, int64_t n_b, int64_t n_columns,
                                    float alpha, const float *a, const float *b, float *c)
{
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, (blasint)n_a, (blasint)n_b,
                (blasint)n_columns, alpha, a, (blasint)n_columns, b, (blasint)n_columns,
                0.0F, c, (blasint)n_b);
}

void spk__linalg_product(int64_t n_a, int64_t n_b, int64_t n_columns, const double *a,
                         const double *b, double *c)
{
    cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, (blasint)n_a, (blasint)n_b,
                (blasint)n_columns, 1.0, a, (blasint)n_columns, b, (blasint)n_b, 0.0, c,
                (blasint)n_b);
}

int spk__linalg_cholesky(int64_t n, double *a)
{
    for (int64_t j = 0; j < n; j++) {
        double *row_j = a + j * n;
        double pivot = row_j[j];
        const double smallest = (double)n * DBL_EPSILON * pivot;
        for (int64_t k = 0; k < j; k++)
            pivot -= row_j[k] * row_j[k];
        if (!(pivot > smallest) || !isfinite(pivot))
            return 0;
        row_j[j] = sqrt(pivot);
        for (int64_t i = j + 1; i < n; i++) {
            double *row_i = a + i * n;
            double sum = row_i[j];
            for (int64_t k = 0; k < j; k++)
                sum -= row_i[k] * row_j[k];
            row_i[j] = sum / row_j[j];
        }
        for (int64_t k = j + 1; k < n; k++)
            row_j[k] = 0;
    }
    return 1;
}

void spk__linalg_solve_rows(int64_t n_rows, int64_t n, const double *l, double *x)
{
    cblas_dtrsm(CblasRowMajor, CblasRight, CblasLower, CblasTrans, CblasNonUnit,
                (blasint)n_rows, (blasint)n, 1.0, l, (blasint)n, x, (blasint)n);
}
