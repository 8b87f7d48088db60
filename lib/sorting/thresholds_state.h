/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SPIKEKIT_SORTING_THRESHOLDS_STATE_H
#define SPIKEKIT_SORTING_THRESHOLDS_STATE_H

#include <spikekit/labels.h>
#include <spikekit/table.h>

struct spk_thresholds {
    spk_table *table;    /* owns the texts of the rows */
    spk_threshold *rows; /* [n_rows] */
    char *metrics;       /* names out of abs(), one after the other */
    int64_t n_rows;
    int64_t n_labels;
};

/** The metric of the catalogue that is called so, by our name or "tool:its_name"; NULL. */
const spk_metric *spk__threshold_metric(const char *name);

#endif
