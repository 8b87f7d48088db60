/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * For each width: a table of the counts that are not 0, the sums of products of all pairs in
 * one of the result matrices, and from both halves of it the values, in place. Numerators are
 * whole numbers of up to 117 bits.
 */
#include "base/check.h"
#include "base/parallel.h"
#include "correlation/count_table.h"
#include "spikes/bin_walk.h"

#include <inttypes.h>
#include <math.h>
#include <spikekit/count_correlation.h>
#include <string.h>

__extension__ typedef __int128 wide;

void spk_count_correlation_options_init(spk_count_correlation_options *options,
                                        size_t struct_size)
{
    spk_count_correlation_options defaults = {.struct_size = struct_size};
    if (options != NULL)
        memcpy(options, &defaults,
               struct_size < sizeof defaults ? struct_size : sizeof defaults);
}

typedef struct finish_work {
    const spk__count_table *table;
    double *correlations, *covariances; /* of this width; one may be NULL */
} finish_work;

/* L sum(x y) - sum(x) sum(y) */
static double numerator(const spk__count_table *t, int64_t i, int64_t j, int64_t product)
{
    return (double)((wide)t->n_bins * product - (wide)t->sums[i] * t->sums[j]);
}

static double covariance(const spk__count_table *t, double top)
{
    return t->n_bins < 2 ? NAN : top / ((double)t->n_bins * (double)(t->n_bins - 1));
}

/* top_i and top_j are what variances have for numerators, 0 where counts do not vary. */
static double correlation(double top, double top_i, double top_j)
{
    if (top_i == 0.0 || top_j == 0.0)
        return NAN;
    return fmax(-1.0, fmin(1.0, top / (sqrt(top_i) * sqrt(top_j))));
}

static spk_status finish_row(void *state, int64_t i, int32_t worker)
{
    const finish_work *w = state;
    const spk__count_table *t = w->table;
    const int64_t n = t->n_units;
    const double top_i = numerator(t, i, i, t->squares[i]);
    const double *sums = w->covariances != NULL ? w->covariances : w->correlations;
    (void)worker;
    for (int64_t j = i + 1; j < n; j++) {
        const int64_t product = (int64_t)(sums[i * n + j] + sums[j * n + i]);
        const double top = numerator(t, i, j, product);
        if (w->correlations != NULL)
            w->correlations[i * n + j] = w->correlations[j * n + i] =
                correlation(top, top_i, numerator(t, j, j, t->squares[j]));
        if (w->covariances != NULL)
            w->covariances[i * n + j] = w->covariances[j * n + i] = covariance(t, top);
    }
    if (w->correlations != NULL)
        w->correlations[i * n + i] = top_i == 0.0 ? NAN : 1.0;
    if (w->covariances != NULL)
        w->covariances[i * n + i] = covariance(t, top_i);
    return SPK_OK;
}

spk_status spk_count_correlation_estimate(spk_context *ctx, const spk_spikes *spikes,
                                          const int64_t *bin_samples, int64_t n_widths,
                                          const spk_count_correlation_options *options,
                                          double *correlations, double *covariances,
                                          double *means, int64_t *n_bins)
{
    spk_binning_options binning;
    spk__bin_layout layout;
    spk_binning_options_init(&binning, sizeof binning);
    spk_status status = spk_spikes_check(ctx, spikes);
    if (status != SPK_OK)
        return status;
    SPK_REQUIRE(ctx, options == NULL || options->struct_size >= sizeof *options,
                SPK_ERR_ARGUMENT,
                "options: not filled by spk_count_correlation_options_init()");
    SPK_REQUIRE(ctx, n_widths >= 1, SPK_ERR_ARGUMENT,
                "n_widths must be >= 1, got %" PRId64, n_widths);
    SPK_REQUIRE(ctx, bin_samples != NULL, SPK_ERR_ARGUMENT, "bin_samples is NULL");
    SPK_REQUIRE(ctx, correlations != NULL || covariances != NULL || spikes->n_units == 0,
                SPK_ERR_ARGUMENT, "correlations and covariances are both NULL");
    if (options != NULL)
        binning.epochs = options->epochs;
    for (int64_t k = 0; k < n_widths; k++) {
        binning.bin_samples = bin_samples[k];
        if ((status = spk__bin_layout_make(ctx, spikes, &binning, &layout)) != SPK_OK)
            return status;
    }

    const int64_t n = spikes->n_units;
    for (int64_t k = 0; status == SPK_OK && k < n_widths; k++) {
        spk__count_table table;
        const double from = (double)k / (double)n_widths;
        const double to = (double)(k + 1) / (double)n_widths;
        binning.bin_samples = bin_samples[k];
        status = spk__count_table_create(ctx, spikes, &binning, &table);
        if (status != SPK_OK)
            return status;
        const finish_work work = {
            .table = &table,
            .correlations = correlations == NULL ? NULL : correlations + k * n * n,
            .covariances = covariances == NULL ? NULL : covariances + k * n * n};
        double *products =
            work.covariances != NULL ? work.covariances : work.correlations;
        if (n_bins != NULL)
            n_bins[k] = table.n_bins;
        for (int64_t u = 0; means != NULL && u < n; u++)
            means[k * n + u] =
                table.n_bins == 0 ? NAN : (double)table.sums[u] / (double)table.n_bins;
        status = spk__count_products(ctx, &table, SPK__COUNT_CHEAPER, products, from,
                                     from + 0.95 * (to - from));
        if (status == SPK_OK)
            status = spk__parallel_for_part(ctx, n, finish_row, (void *)&work,
                                            "count correlations",
                                            from + 0.95 * (to - from), to);
        spk__count_table_destroy(&table);
    }
    return status;
}
