/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SPIKEKIT_FFT_REAL_TRANSFORM_H
#define SPIKEKIT_FFT_REAL_TRANSFORM_H

#include <spikekit/context.h>
#include <stdint.h>

/*
 * The discrete Fourier transform of real series of one length, forth and back:
 *     X[k] = sum over j of x[j] exp(-2 pi i j k / n),   k = 0 .. n / 2,
 * and, without the 1 / n, x from X. A complex number is its real part and then its imaginary
 * part. Made once, under a lock; used by any number of threads at once, on any arrays.
 */
typedef struct spk__real_transform spk__real_transform;

/** @param[in] n  1 .. 2^28 */
spk_status spk__real_transform_create(spk_context *ctx, int64_t n,
                                      spk__real_transform **transform);
/** NULL is fine. */
void spk__real_transform_destroy(spk__real_transform *transform);

/** x: [n], kept; spectrum: [n / 2 + 1][2]. */
void spk__real_transform_forward(const spk__real_transform *transform, double *x,
                                 double (*spectrum)[2]);

/** spectrum: [n / 2 + 1][2], destroyed; x: [n]. */
void spk__real_transform_backward(const spk__real_transform *transform,
                                  double (*spectrum)[2], double *x);

#endif
