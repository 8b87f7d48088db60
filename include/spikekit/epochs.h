/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SPIKEKIT_EPOCHS_H
#define SPIKEKIT_EPOCHS_H

#include <spikekit/context.h>
#include <spikekit/status.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Stretches of a recording, as half-open intervals [starts[e], stops[e]) of samples.
 * Valid epochs are non-empty (start < stop), in order, and disjoint; touching epochs,
 * stops[e] == starts[e + 1], stay two epochs: time is continuous within an epoch only.
 * The struct borrows both arrays.
 */
typedef struct spk_epochs {
    int64_t n_epochs;      /**< number of epochs, >= 0 */
    const int64_t *starts; /**< [n_epochs] first sample of each epoch */
    const int64_t *stops;  /**< [n_epochs] one past the last sample of each epoch */
} spk_epochs;

/**
 * Checks that epochs are non-empty, in order and disjoint.
 * @return SPK_OK; SPK_ERR_ARGUMENT (NULL, n_epochs < 0, empty or overlapping epoch);
 *         SPK_ERR_UNSORTED; SPK_ERR_OVERFLOW (total length beyond int64)
 * Cost: O(n_epochs)
 */
SPK_API SPK_MUST_CHECK spk_status spk_epochs_check(spk_context *ctx,
                                                   const spk_epochs *epochs);

/**
 * Makes valid epochs of any list of intervals: sorts them, drops empty ones and joins
 * those that overlap or touch.
 *
 * @param[in]     ctx     holds the message on error
 * @param[in,out] starts  [n] first samples in; the sorted, joined ones out
 * @param[in,out] stops   [n] one past the last samples, stops[i] >= starts[i]
 * @param[in]     n       number of intervals in
 * @param[out]    n_epochs  number of epochs out, <= n
 * @return SPK_OK; SPK_ERR_ARGUMENT (NULL, n < 0, stops[i] < starts[i]); SPK_ERR_OVERFLOW
 *         (total length beyond int64); SPK_ERR_MEMORY; on error both arrays are unchanged
 * Cost: O(n) time, see spk_spikes_order(); O(n) extra memory
 */
SPK_API SPK_MUST_CHECK spk_status spk_epochs_normalize(spk_context *ctx, int64_t *starts,
                                                       int64_t *stops, int64_t n,
                                                       int64_t *n_epochs);

/**
 * Intersects two lists of epochs: the samples in both. A border between touching epochs
 * of either list stays a border.
 *
 * @param[in]  ctx     holds the message on error
 * @param[in]  a       valid epochs
 * @param[in]  b       valid epochs
 * @param[out] starts  [a->n_epochs + b->n_epochs] room for the result
 * @param[out] stops   [a->n_epochs + b->n_epochs] room for the result
 * @param[out] n_epochs  number of epochs written
 * @return SPK_OK; the errors of spk_epochs_check(); SPK_ERR_ARGUMENT (NULL)
 * Cost: O(a + b)
 */
SPK_API SPK_MUST_CHECK spk_status spk_epochs_intersect(spk_context *ctx,
                                                       const spk_epochs *a,
                                                       const spk_epochs *b,
                                                       int64_t *starts, int64_t *stops,
                                                       int64_t *n_epochs);

/** Total length of valid epochs [samples]; 0 for NULL. */
SPK_API int64_t spk_epochs_duration(const spk_epochs *epochs);

#ifdef __cplusplus
}
#endif
#endif
