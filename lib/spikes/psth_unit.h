/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SPIKEKIT_SPIKES_PSTH_UNIT_H
#define SPIKEKIT_SPIKES_PSTH_UNIT_H

#include <spikekit/psth.h>
#include <stdint.h>

enum {
    PSTH_CACHED_COUNTS = 256
};

/* What all units share: the kernel, and which trials each bin has. */
typedef struct spk__psth_plan {
    spk_psth_options options;
    int64_t n_trials, n_bins, n_conditions;
    double bin_s;
    int64_t kernel_before;  /* weights[0] is that of the bin so far back */
    int64_t kernel_length;  /* 0: no smoothing */
    double *weights;        /* [kernel_length] */
    unsigned char *used;    /* [n_trials][n_bins] */
    int64_t *members;       /* trials by condition */
    int64_t *first_members; /* [n_conditions + 1] */
    int64_t *n_used;        /* [n_conditions][n_bins] */
    double *student;        /* [n_conditions][n_bins] quantile / sqrt(n (n - 1)) */
    double *poisson;        /* [PSTH_CACHED_COUNTS][2] limits of small counts */
} spk__psth_plan;

/* Scratch memory of one worker; NULL where the limits do not need it. */
typedef struct spk__psth_scratch {
    double *rates;     /* [most trials of a condition][n_bins] */
    double *resamples; /* [n_bins][n_resamples] */
    int64_t *times;    /* [most trials of a condition] */
    double *sums;      /* [2][n_bins] */
} spk__psth_scratch;

/* One unit in one condition. `counts` of trial t begin at t * stride; each result has n_bins
 * values. */
void spk__psth_unit(const spk__psth_plan *plan, const spk__psth_scratch *scratch,
                    int64_t condition, const int32_t *counts, int64_t stride,
                    int64_t *sums, double *rates, double *lower, double *upper);

#endif
