/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SPIKEKIT_SPIKES_KERNEL_SHAPE_H
#define SPIKEKIT_SPIKES_KERNEL_SHAPE_H

#include <stdint.h>

/** A kernel of spk_kernel with its standard deviation, turned round or not. */
typedef struct spk__kernel_shape {
    int32_t kernel;
    int32_t inverted;
    double sigma; /**< [s] */
} spk__kernel_shape;

/** K(u), u in seconds. */
double spk__kernel_value(const spk__kernel_shape *shape, double u);

/** The area of K to the right of u. */
double spk__kernel_upper(const spk__kernel_shape *shape, double u);

/** The largest value of K. */
double spk__kernel_maximum(const spk__kernel_shape *shape);

/** The u with half the area on either side. */
double spk__kernel_median(const spk__kernel_shape *shape);

/** K is 0 outside of low < u < high, or negligible: cutoff bounds it where nothing else does,
 *  in standard deviations on either side of the median. */
void spk__kernel_bounds(const spk__kernel_shape *shape, double cutoff, double *low,
                        double *high);

#endif
