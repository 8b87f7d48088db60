/* SPDX-License-Identifier: BSD-3-Clause */
#include "spikes/kernel_shape.h"

#include <math.h>
#include <spikekit/rates.h>

static const double SQRT_2_PI = 2.5066282746310002;
/* where u exp(-u) has half its area: (1 + x) exp(-x) = 1/2 */
static const double ALPHA_MEDIAN = 1.6783469900166608;

const char *spk_kernel_name(int32_t kernel)
{
    static const char *const names[] = {"rectangular", "triangular", "epanechnikov",
                                        "gaussian",    "laplacian",  "exponential",
                                        "alpha"};
    return kernel >= 0 && kernel <= SPK_KERNEL_ALPHA ? names[kernel] : NULL;
}

static double half_width(const spk__kernel_shape *shape)
{
    switch (shape->kernel) {
    case SPK_KERNEL_RECTANGULAR:
        return sqrt(3.0) * shape->sigma;
    case SPK_KERNEL_TRIANGULAR:
        return sqrt(6.0) * shape->sigma;
    case SPK_KERNEL_EPANECHNIKOV:
        return sqrt(5.0) * shape->sigma;
    case SPK_KERNEL_LAPLACIAN:
    case SPK_KERNEL_ALPHA:
        return shape->sigma / sqrt(2.0);
    default:
        return shape->sigma;
    }
}

double spk__kernel_value(const spk__kernel_shape *shape, double u)
{
    const double w = half_width(shape);
    const double x = (shape->inverted ? -u : u) / w, a = fabs(x);
    switch (shape->kernel) {
    case SPK_KERNEL_RECTANGULAR:
        return a < 1.0 ? 0.5 / w : 0.0;
    case SPK_KERNEL_TRIANGULAR:
        return a < 1.0 ? (1.0 - a) / w : 0.0;
    case SPK_KERNEL_EPANECHNIKOV:
        return a < 1.0 ? 0.75 * (1.0 - x * x) / w : 0.0;
    case SPK_KERNEL_GAUSSIAN:
        return exp(-0.5 * x * x) / (SQRT_2_PI * w);
    case SPK_KERNEL_LAPLACIAN:
        return 0.5 * exp(-a) / w;
    case SPK_KERNEL_EXPONENTIAL:
        return x >= 0.0 ? exp(-x) / w : 0.0;
    default:
        return x >= 0.0 ? x * exp(-x) / w : 0.0;
    }
}

/* The area to the right of x half widths, of a kernel that is not turned round. */
static double upper_area(int32_t kernel, double x)
{
    const double inside = fmax(-1.0, fmin(1.0, x));
    switch (kernel) {
    case SPK_KERNEL_RECTANGULAR:
        return 0.5 * (1.0 - inside);
    case SPK_KERNEL_TRIANGULAR:
        return inside > 0 ? 0.5 * (1.0 - inside) * (1.0 - inside)
                          : 1.0 - 0.5 * (1.0 + inside) * (1.0 + inside);
    case SPK_KERNEL_EPANECHNIKOV:
        return 0.25 * (1.0 - inside) * (1.0 - inside) * (2.0 + inside);
    case SPK_KERNEL_GAUSSIAN:
        return 0.5 * erfc(x / sqrt(2.0));
    case SPK_KERNEL_LAPLACIAN:
        return x > 0 ? 0.5 * exp(-x) : 1.0 - 0.5 * exp(x);
    case SPK_KERNEL_EXPONENTIAL:
        return x > 0 ? exp(-x) : 1.0;
    default:
        return x > 0 ? (1.0 + x) * exp(-x) : 1.0;
    }
}

double spk__kernel_upper(const spk__kernel_shape *shape, double u)
{
    const double x = u / half_width(shape);
    return shape->inverted ? 1.0 - upper_area(shape->kernel, -x)
                           : upper_area(shape->kernel, x);
}

double spk__kernel_maximum(const spk__kernel_shape *shape)
{
    const double w = half_width(shape);
    return shape->kernel == SPK_KERNEL_ALPHA ? exp(-1.0) / w
                                             : spk__kernel_value(shape, 0.0);
}

double spk__kernel_median(const spk__kernel_shape *shape)
{
    double median = 0.0;
    if (shape->kernel == SPK_KERNEL_EXPONENTIAL)
        median = log(2.0) * half_width(shape);
    else if (shape->kernel == SPK_KERNEL_ALPHA)
        median = ALPHA_MEDIAN * half_width(shape);
    return shape->inverted ? -median : median;
}

void spk__kernel_bounds(const spk__kernel_shape *shape, double cutoff, double *low,
                        double *high)
{
    const double w = half_width(shape), median = spk__kernel_median(shape);
    *high = shape->kernel <= SPK_KERNEL_EPANECHNIKOV ? w : cutoff * shape->sigma + median;
    *low = shape->kernel <= SPK_KERNEL_EPANECHNIKOV ? -w : median - cutoff * shape->sigma;
    if (shape->kernel >= SPK_KERNEL_EXPONENTIAL) {
        if (shape->inverted)
            *high = fmin(*high, 0.0);
        else
            *low = fmax(*low, 0.0);
    }
}
