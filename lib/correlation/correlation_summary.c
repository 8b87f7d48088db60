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

/*
 * The error of the mean: z of a pair is taken as mean + a_i + a_j + e_ij, and the variances of a
 * and e are those with which two sums of squares, over pairs and over units, are what is
 * expected of them. NaN with fewer than three units.
 */
static double error_of_mean(int64_t n, double mean, double squares, const double *sums,
                            const int64_t *counts, int64_t n_pairs, int64_t n_used)
{
    double of_units = 0.0, links = 0.0; /* links: pairs that a pair shares units with */
    if (n_used < 3)
        return NAN;
    for (int64_t u = 0; u < n; u++) {
        const double count = (double)counts[u];
        if (counts[u] == 0)
            continue;
        of_units += pow(sums[u] - count * mean, 2.0) / count;
        links += count * count / (double)n_pairs;
    }
    /* squares = pair_a A + pair_e E, of_units = unit_a A + unit_e E */
    const double pair_a = 2.0 * (double)n_pairs - links, pair_e = (double)(n_pairs - 1);
    const double unit_a = 2.0 * (double)n_pairs + (double)n_used - 2.0 * links;
    const double unit_e = (double)(n_used - 2);
    const double determinant = unit_a * pair_e - unit_e * pair_a;
    double a = squares / pair_a, e = 0.0;
    if (determinant > 1e-9 * unit_a * pair_e) {
        a = (of_units * pair_e - unit_e * squares) / determinant;
        e = (unit_a * squares - of_units * pair_a) / determinant;
        if (a < 0.0) {
            a = 0.0;
            e = squares / pair_e;
        } else if (e < 0.0) {
            e = 0.0;
            a = squares / pair_a;
        }
    }
    return sqrt((a * links + e) / (double)n_pairs);
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
    made.standard_error_z = error_of_mean(
        n_units, made.mean_z, made.sd_z * made.sd_z * (double)(made.n_pairs - 1), sums,
        counts, made.n_pairs, made.n_units);
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
