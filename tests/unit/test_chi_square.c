/* SPDX-License-Identifier: BSD-3-Clause */
#include "distributions/chi_square.h"

#include "suite.h"

#include <float.h>
#include <math.h>

/* scipy.stats.chi2.sf, scipy 1.17.1 */
static void values(void)
{
    static const struct {
        int64_t dof;
        double x, upper;
    } known[] = {
        {1, 0.5, 0.47950012218695337},       {1, 30, 4.3204630578274955e-08},
        {2, 3, 0.22313016014842982},         {3, 0.001, 0.9999915920809419},
        {3, 7.5, 0.057558451972636399},      {12, 12, 0.44567964136461097},
        {30, 25, 0.72503188418060038},       {30, 90, 6.5673268200014801e-08},
        {31, 400, 1.0320678021196722e-65},   {96, 60, 0.9985116974276198},
        {96, 300, 7.6003779913582932e-23},   {300, 310, 0.33325434885913624},
        {301, 1500, 3.378162676850038e-158},
    };
    for (size_t k = 0; k < sizeof known / sizeof known[0]; k++) {
        const double found = spk__chi_square_upper(known[k].x, known[k].dof);
        /* e^-y carries the rounding of y: y eps */
        const double eps = ((double)known[k].dof + known[k].x) * 4 * DBL_EPSILON;
        CU_ASSERT(fabs(found - known[k].upper) <= eps * known[k].upper);
    }
}

static void ends(void)
{
    for (int64_t dof = 1; dof < 200; dof += 13) {
        CU_ASSERT_EQUAL(spk__chi_square_upper(0, dof), 1);
        CU_ASSERT_EQUAL(spk__chi_square_upper(-3, dof), 1);
        CU_ASSERT_EQUAL(spk__chi_square_upper(INFINITY, dof), 0);
        CU_ASSERT(isnan(spk__chi_square_upper(NAN, dof)));
        CU_ASSERT(spk__chi_square_upper(5000, dof) < 1e-199);
        double before = 1;
        for (double x = 0.01; x < 2000; x *= 1.3) {
            const double q = spk__chi_square_upper(x, dof);
            CU_ASSERT(q >= 0 && q <= before * (1 + 1e-13));
            before = q;
        }
    }
    /* many degrees of freedom, where the fast sum would overflow */
    CU_ASSERT_DOUBLE_EQUAL(spk__chi_square_upper(2000, 2000), 0.4957947558197845, 1e-12);
}

/* The sum of many is that of each alone, whatever stands beside it. */
static void sums(void)
{
    static const double others[] = {0, -1, 1380, 1381, 5000, INFINITY};
    double x[45];
    for (int64_t dof = 1; dof < 130; dof += 16)
        for (int64_t n = 0; n <= 45; n++) {
            double wanted = 0;
            for (int64_t i = 0; i < n; i++) {
                x[i] = 0.5 + 5 * (double)i;
                if (n % 2 == 1 && i % 11 == 10)
                    x[i] = others[i / 11 % 6];
                wanted += spk__chi_square_upper(x[i], dof);
            }
            const double found = spk__chi_square_upper_sum(x, n, dof);
            CU_ASSERT(fabs(found - wanted) <=
                      (double)(dof + n) * 2 * DBL_EPSILON * wanted);
        }
}

static const suite_test tests[] = {{"values", values}, {"ends", ends}, {"sums", sums}};
SUITE_MAIN("chi square", tests)
