/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SPIKEKIT_CORRELATION_COUNT_TABLE_H
#define SPIKEKIT_CORRELATION_COUNT_TABLE_H

#include <spikekit/spikes.h>
#include <stdint.h>

/**
 * Spike counts that are not 0, in order of bins: one entry for each unit with spikes in a
 * bin. Bins with spikes are numbered without gaps and called groups.
 */
typedef struct spk__count_table {
    int64_t n_units;
    int64_t n_bins; /* all bins, empty ones too */
    int64_t n_entries;
    int64_t n_groups;
    int64_t n_pairs;        /* pairs of entries in one bin */
    uint32_t *group_begins; /* [n_groups + 1] entries */
    int32_t *units;         /* [n_entries] */
    int32_t *counts;        /* [n_entries] */
    int64_t *offsets;       /* [n_units + 1] into places and groups */
    uint32_t *places;       /* [n_entries] entries of each unit, rising */
    uint32_t *groups;       /* [n_entries] their groups */
    int64_t *sums;          /* [n_units] of counts */
    int64_t *squares;       /* [n_units] sums of squares, below 2^53 */
} spk__count_table;

spk_status spk__count_table_create(spk_context *ctx, const spk_spikes *spikes,
                                   const spk_binning_options *options,
                                   spk__count_table *table);
void spk__count_table_destroy(spk__count_table *table);

/** How sums of products are made; which one never changes a bit of them. */
typedef enum spk__count_path {
    SPK__COUNT_CHEAPER = 0,
    SPK__COUNT_SPARSE = 1, /* pairs of entries of one bin */
    SPK__COUNT_DENSE = 2   /* products of matrices */
} spk__count_path;

/** Sums over bins of the products of the counts of two units. Progress goes from `from` to
 *  `to`.
 *  @param[out] products  [n_units][n_units]; products[i][j] and products[j][i] together are
 *                        the sum for i != j, the diagonal is left at 0 */
spk_status spk__count_products(spk_context *ctx, const spk__count_table *table,
                               int32_t path, double *products, double from, double to);

#endif
