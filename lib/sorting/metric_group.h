/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SPIKEKIT_SORTING_METRIC_GROUP_H
#define SPIKEKIT_SORTING_METRIC_GROUP_H

#include <spikekit/metrics.h>

/*
 * A group is a set of metrics that are computed together: its rows of the catalogue, its
 * parameters and one function. Each stands in its metrics_<group>.c; metric_groups.c lists
 * them all. Adding a metric is a row and the line that fills it.
 */

/** What a group computes from. */
typedef struct spk__metrics_work {
    const spk_metrics_input *input;
    const spk_trains *trains; /**< of input->spikes, in the epochs and periods */
    const spk_epochs *epochs; /**< NULL: the whole recording */
    const spk_metrics_setting *settings;
    int64_t n_settings;
} spk__metrics_work;

typedef struct spk__metric_group {
    const char *name;
    const spk_metric *metrics; /**< [n_metrics] */
    int64_t n_metrics;
    const spk_metrics_parameter *parameters; /**< [n_parameters] */
    int64_t n_parameters;
    /** values[m] is NULL for a metric that is not wanted, otherwise [n_units], all NaN. At
     *  least one is wanted, and the input has all that the wanted ones need. */
    spk_status (*compute)(spk_context *ctx, const spk__metrics_work *work,
                          double *const *values);
} spk__metric_group;

/** The value of a parameter: as set, otherwise its default. The name must exist. */
double spk__metrics_parameter(const spk__metrics_work *work, const char *name);

/** Drops the rows of a result from `n_units` on. */
void spk__metrics_keep_units(spk_metrics *metrics, int64_t n_units);

/* metric_groups.c: */

/** All groups in the order of the catalogue, ended by NULL. */
extern const spk__metric_group *const spk__metric_groups[];

/* Each in its metrics_<name>.c: */
extern const spk__metric_group spk__metrics_activity;
extern const spk__metric_group spk__metrics_isi;
extern const spk__metric_group spk__metrics_kilosort;
extern const spk__metric_group spk__metrics_presence;
extern const spk__metric_group spk__metrics_rp;
extern const spk__metric_group spk__metrics_rpv;
extern const spk__metric_group spk__metrics_sliding;
extern const spk__metric_group spk__metrics_synchrony;
extern const spk__metric_group spk__metrics_amplitude;
extern const spk__metric_group spk__metrics_firing;
extern const spk__metric_group spk__metrics_drift;
extern const spk__metric_group spk__metrics_template;
extern const spk__metric_group spk__metrics_isolation;

#endif
