/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SPIKEKIT_CORRELATION_CORRELOGRAM_KERNEL_H
#define SPIKEKIT_CORRELATION_CORRELOGRAM_KERNEL_H

#include "correlation/partner_table.h"

#include <stdint.h>

enum {
    SPK__KERNEL_BLOCK = SPK__TABLE_BLOCK, /* partners a step */
    SPK__KERNEL_LOOKAHEAD = 16 /* references; this many valid ones must follow the last */
};

/** What one row of counters is made of. */
typedef struct spk__kernel {
    const spk__partner_table *table;
    uint32_t n_columns; /**< slots from here on share one column that nobody reads */
    uint32_t stride;    /**< counters a column */
    uint32_t
        discard; /**< first of SPK__KERNEL_BLOCK counters for partners out of reach */
    uint32_t n_counters; /**< all of them, a multiple of 16 */
    uint32_t bin;
    uint32_t offset;
    uint32_t reach;
    uint32_t n_quotients;
    int has_edge;
    int32_t
        prefetch_lines; /**< of 64 bytes for each reference; 0: the table is in cache */
} spk__kernel;

/** @return SPK_OK; SPK_ERR_OVERFLOW (more than 2^31 counters in a row) */
spk_status spk__kernel_init(spk_context *ctx, spk__kernel *kernel,
                            const spk__partner_table *table, int32_t n_columns,
                            const spk__correlogram_bins *bins);

/**
 * Adds to counters[slot * stride + class] every pair of a reference and a partner after it
 * (_later) or before it (_earlier) within reach.
 * @param[in] references  [n + SPK__KERNEL_LOOKAHEAD] places in the table
 */
void spk__kernel_count_later(const spk__kernel *kernel, const uint32_t *references,
                             int64_t n, uint32_t *counters);
void spk__kernel_count_earlier(const spk__kernel *kernel, const uint32_t *references,
                               int64_t n, uint32_t *counters);

#endif
