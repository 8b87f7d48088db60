/* SPDX-License-Identifier: BSD-3-Clause */
/* Fits against the definition by dense matrices, and the authors' program, from golden/glmcc/. */
#include "suite.h"

#include <math.h>
#include <spikekit/array.h>
#include <spikekit/glmcc.h>
#include <spikekit/table.h>

enum {
    BINS = 100,
    SUMS = 8
};

static spk_npy *open_array(const char *name, int64_t n)
{
    char path[512];
    spk_npy *npy = NULL;
    snprintf(path, sizeof path, "golden/glmcc/%s.npy", name);
    CU_ASSERT_EQUAL_FATAL(spk_npy_open(NULL, path, &npy), SPK_OK);
    CU_ASSERT_EQUAL_FATAL(spk_npy_array(npy)->dtype, SPK_DTYPE_FLOAT64);
    CU_ASSERT_EQUAL_FATAL(spk_npy_array(npy)->n_elements, n);
    return npy;
}

static double number(const spk_table *table, int64_t row, const char *column)
{
    double value = 0;
    CU_ASSERT_EQUAL_FATAL(
        spk_table_number(NULL, table, row, spk_table_find_column(table, column), &value),
        SPK_OK);
    return value;
}

/* Equal, both NaN, both infinite, or within a tolerance. */
static void check(double value, double expected, double tolerance)
{
    if (isnan(expected) || isinf(expected)) {
        CU_ASSERT(isnan(expected) ? isnan(value) : value == expected);
        return;
    }
    if (!(fabs(value - expected) <= tolerance))
        printf("%.10g, expected %.10g, off by %.3g\n", value, expected, value - expected);
    CU_ASSERT_DOUBLE_EQUAL(value, expected, tolerance);
}

static void check_sides(const spk_table *t, int64_t row, const double values[2],
                        const char *ij, const char *ji, double tolerance)
{
    check(values[0], number(t, row, ij), tolerance);
    check(values[1], number(t, row, ji), tolerance);
}

static void check_row(const spk_table *t, int64_t row, const double *counts,
                      const double *sums, const double *expected)
{
    spk_glmcc_options options;
    spk_glmcc_result r;
    double background[BINS], farthest = 0;
    spk_glmcc_options_init(&options, sizeof options);
    spk_glmcc_options_set_rule(&options, (int32_t)(row % 2));
    CU_ASSERT_EQUAL_FATAL(
        spk_glmcc_fit_counts(NULL, counts, sums, &options, &r, background), SPK_OK);
    CU_ASSERT(r.converged);
    CU_ASSERT(r.n_iterations < 6 * 15);
    CU_ASSERT_EQUAL(r.delay_bins, (int64_t)number(t, row, "delay"));
    for (int k = 0; k < BINS; k++)
        farthest = fmax(farthest, fabs(background[k] - expected[k]));
    CU_ASSERT(farthest < 1e-7);
    check_sides(t, row, r.coupling, "j_ij", "j_ji", 1e-7);
    check_sides(t, row, r.standard_error, "error_ij", "error_ji", 1e-4);
    check_sides(t, row, r.threshold, "threshold_ij", "threshold_ji", 1e-7);
    const double likelihood = number(t, row, "log_likelihood");
    /* a difference of two numbers of that size */
    const double rounding = 1e-7 + 1e-14 * fabs(likelihood);
    check_sides(t, row, r.likelihood_ratio, "ratio_ij", "ratio_ji", rounding);
    check_sides(t, row, r.log_p, "log_p_ij", "log_p_ji", rounding);
    check(r.log_likelihood, likelihood, rounding);
    check(r.log_posterior, number(t, row, "log_posterior"), rounding);
    for (int side = 0; side < 2; side++) {
        const int is_ratio = row % 2 == 1;
        const int significant = is_ratio ? r.likelihood_ratio[side] > 15.14
                                         : fabs(r.coupling[side]) > r.threshold[side];
        CU_ASSERT_EQUAL(r.significant[side], significant);
    }
    options.convention = SPK_GLMCC_KOBAYASHI;
    CU_ASSERT_EQUAL_FATAL(
        spk_glmcc_fit_counts(NULL, counts, sums, &options, &r, background), SPK_OK);
    check(r.threshold[0], number(t, row, "threshold_ij"), 1e-7);
    check(r.threshold[1], number(t, row, "threshold_ji_program"), 1e-7);
    /* The program ends when the posterior gains less than 1e-4. Where it ends at all, and not
     * far out on a slope that hardly rises, that is as good as the maximum. */
    if (number(t, row, "program_a") < 1e-4) {
        check_sides(t, row, r.coupling, "program_j_ij", "program_j_ji", 1e-4);
    }
}

static void as_by_definition(void)
{
    spk_table *t = NULL;
    CU_ASSERT_EQUAL_FATAL(spk_table_read(NULL, "golden/glmcc/expected.tsv", &t), SPK_OK);
    const int64_t n = spk_table_n_rows(t), n_cases = n / 2;
    CU_ASSERT_EQUAL_FATAL(n, 26);
    spk_npy *counts = open_array("counts", n_cases * BINS);
    spk_npy *sums = open_array("sums", n_cases * SUMS);
    spk_npy *backgrounds = open_array("backgrounds", n * BINS);
    for (int64_t row = 0; row < n; row++)
        check_row(t, row, (const double *)spk_npy_array(counts)->data + row / 2 * BINS,
                  (const double *)spk_npy_array(sums)->data + row / 2 * SUMS,
                  (const double *)spk_npy_array(backgrounds)->data + row * BINS);
    spk_npy_close(counts);
    spk_npy_close(sums);
    spk_npy_close(backgrounds);
    spk_table_destroy(t);
}

static const suite_test tests[] = {
    {"as by definition", as_by_definition},
};

SUITE_MAIN("glmcc_golden", tests)
