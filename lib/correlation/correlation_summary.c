/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/check.h"
#include "base/memory.h"
#include "distributions/quantiles.h"
#include "distributions/student.h"

#include <inttypes.h>
#include <math.h>
#include <spikekit/count_correlation.h>
#include <string.h>

void spk_correlation_limits(double correlation, double n_effective, double level,
                            double *lower, double *upper)
{
    *lower = *upper = NAN;
    if (!(fabs(correlation) <= 1.0) || !(n_effective > 3.0) ||
        !(level > 0.0 && level < 1.0))
        return;
    *lower = *upper = correlation;
    if (fabs(correlation) == 1.0)
        return;
    const double z = atanh(correlation);
    const double reach =
        spk__normal_quantile(0.5 + 0.5 * level) / sqrt(n_effective - 3.0);
    *lower = tanh(z - reach);
    *upper = tanh(z + reach);
}

/* Of each unit the sum of z over its pairs, and how many there are. @return pairs */
static int64_t add_pairs(const double *correlations, int64_t n, double *sums,
                         int64_t *counts, double *sum)
{
    int64_t n_pairs = 0;
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = i + 1; j < n; j++) {
            const double r = correlations[i * n + j];
            if (!(fabs(r) < 1.0))
                continue;
            const double z = atanh(r);
            sums[i] += z;
            sums[j] += z;
            counts[i]++;
            counts[j]++;
            *sum += z;
            n_pairs++;
        }
    return n_pairs;
}

static double spread(const double *correlations, int64_t n, double mean, int64_t n_pairs)
{
    double squares = 0.0;
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = i + 1; j < n; j++)
            if (fabs(correlations[i * n + j]) < 1.0)
                squares += pow(atanh(correlations[i * n + j]) - mean, 2.0);
    return n_pairs < 2 ? NAN : sqrt(squares / (double)(n_pairs - 1));
}

/* The error of the mean by leaving out each unit in turn; NaN if that leaves no pair. */
static double jackknife(int64_t n, double sum, int64_t n_pairs, const double *sums,
                        const int64_t *counts, int64_t n_used)
{
    double mean = 0.0, squares = 0.0;
    for (int pass = 0; pass < 2; pass++)
        for (int64_t u = 0; u < n; u++) {
            if (counts[u] == 0)
                continue;
            const double without = (sum - sums[u]) / (double)(n_pairs - counts[u]);
            if (pass == 0)
                mean += without / (double)n_used;
            else
                squares += pow(without - mean, 2.0);
        }
    return n_used < 3 ? NAN : sqrt((double)(n_used - 1) / (double)n_used * squares);
}

spk_status spk_correlation_summarize(spk_context *ctx, const double *correlations,
                                     int64_t n_units, double level,
                                     spk_correlation_summary *summary)
{
    SPK_REQUIRE(ctx, n_units >= 0 && n_units <= INT32_MAX, SPK_ERR_ARGUMENT,
                "n_units must be in 0 .. %d, got %" PRId64, (int)INT32_MAX, n_units);
    SPK_REQUIRE(ctx, n_units == 0 || correlations != NULL, SPK_ERR_ARGUMENT,
                "correlations is NULL");
    SPK_REQUIRE(ctx, level > 0 && level < 1, SPK_ERR_ARGUMENT,
                "level must be above 0 and below 1, got %g", level);
    SPK_REQUIRE(ctx, summary != NULL, SPK_ERR_ARGUMENT, "summary is NULL");
    double *sums = spk__alloc_zero(ctx, n_units, sizeof *sums);
    int64_t *counts = spk__alloc_zero(ctx, n_units, sizeof *counts);
    spk_status status = SPK_OK;
    double sum = 0.0;
    if (sums == NULL || counts == NULL) {
        status = spk__fail_memory(ctx);
        goto cleanup;
    }
    spk_correlation_summary made = {
        .n_pairs = add_pairs(correlations, n_units, sums, counts, &sum)};
    for (int64_t u = 0; u < n_units; u++)
        made.n_units += counts[u] > 0;
    made.mean_z = sum / (double)made.n_pairs;
    made.mean = tanh(made.mean_z);
    made.sd_z = spread(correlations, n_units, made.mean_z, made.n_pairs);
    made.standard_error_z =
        jackknife(n_units, sum, made.n_pairs, sums, counts, made.n_units);
    made.n_effective = pow(made.sd_z / made.standard_error_z, 2.0);
    const double reach =
        made.n_units < 3
            ? NAN
            : made.standard_error_z *
                  spk__student_quantile(0.5 + 0.5 * level, (double)(made.n_units - 1));
    made.lower = tanh(made.mean_z - reach);
    made.upper = tanh(made.mean_z + reach);
    *summary = made;
cleanup:
    spk__free(counts);
    spk__free(sums);
    return status;
}
