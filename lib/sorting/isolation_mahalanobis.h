/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SPIKEKIT_SORTING_ISOLATION_MAHALANOBIS_H
#define SPIKEKIT_SORTING_ISOLATION_MAHALANOBIS_H

#include "sorting/isolation_space.h"

/** Scratch of a worker. */
typedef struct spk__isolation_moments {
    double *block;   /**< [SPK__ISOLATION_BLOCK][n_dimensions] */
    double *own;     /**< [n_dimensions]^2: sum of x x^T over the unit's spikes, x from
                        *   their mean */
    double *solved;  /**< [SPK__ISOLATION_BLOCK][n_dimensions] */
    double *factor;  /**< [n_dimensions]^2 */
    double *inverse; /**< [n_dimensions]^2 */
    double
        *others;  /**< [n_dimensions]^2: the same of the other spikes, from their mean */
    double *mean; /**< [n_dimensions] of the other spikes, from the unit's mean */
    double *direction; /**< [n_dimensions] */
    double *unit_mean; /**< [n_dimensions] of one of their units */
    double *distances; /**< [n_distances] */
    int64_t n_distances;
} spk__isolation_moments;

spk_status spk__isolation_moments_make(spk_context *ctx, const spk_features *features,
                                       spk__isolation_moments *moments);
void spk__isolation_moments_free(spk__isolation_moments *moments);

/** What is found of a unit; NaN where it cannot be. */
typedef struct spk__isolation_result {
    int64_t n_own;
    int64_t n_others;
    double tail;    /**< sum of the chi-square tails of the other spikes */
    double d_prime; /**< |d'|, where it was wanted */
} spk__isolation_result;

/**
 * Squared Mahalanobis distances of the other spikes of a space from its unit, to
 * moments->distances, and their tails; d'. The space's centre must be the unit's mean.
 *
 * @param[in]  ridge       added to the diagonal of the covariance
 * @param[in]  want_tail, want_d_prime  nonzero: those too
 * @param[out] has_distances  0: the covariance is singular
 */
spk_status spk__isolation_distances(spk_context *ctx, spk__isolation_space *space,
                                    spk__isolation_moments *moments, double ridge,
                                    int want_distances, int want_d_prime,
                                    spk__isolation_result *result, int *has_distances);

#endif
