/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SPIKEKIT_RATES_H
#define SPIKEKIT_RATES_H

/*
 * Firing rates of single trains: their mean with limits, their course by kernel on a grid of
 * points, and how wide a kernel or a bin should be.
 */

#include <spikekit/context.h>
#include <spikekit/status.h>
#include <spikekit/trains.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- mean rate ---- */

/** The mean rate of a unit over its observed time T. */
typedef struct spk_rate {
    int64_t n_spikes;  /**< n */
    double duration_s; /**< T */
    double rate_hz;    /**< n / T; NaN for T = 0, and with it all that follows */
    double lower_hz;   /**< exact (Garwood) limits of a Poisson count */
    double upper_hz;
    /** Long-run variance over mean of counts in windows of 1 s: 1 for a Poisson train, more
     *  where the rate wanders; NaN with fewer than 8 windows or no spike in them. */
    double dispersion;
    double wide_lower_hz; /**< rate exp(-+ z sqrt(dispersion / n)); NaN with dispersion */
    double wide_upper_hz;
} spk_rate;

/**
 * The mean rate of every unit, with limits for a Poisson train and for one of any dispersion.
 *
 * The long-run variance is that of spk_fano_counts(): dependence over up to
 * floor(4 (n / 100)^(2/9)) windows widens the limits, slower change of rate does not.
 *
 * @param[in]  ctx         threads, progress, cancel; holds the message on error
 * @param[in]  trains      borrowed for the call
 * @param[in]  confidence  of the limits, between 0 and 1
 * @param[out] rates       [n_units]
 * @return SPK_OK; SPK_ERR_ARGUMENT; SPK_ERR_OVERFLOW (above 2^40 s); SPK_ERR_MEMORY;
 *         SPK_ERR_CANCELLED
 * Cost:    O(n_spikes + n_units * seconds * lags); memory of 16 bytes a second a thread
 * Threads: workers own units; same bits for any number of threads
 * Source:  Garwood (1936) Biometrika 28:437-442
 */
SPK_API SPK_MUST_CHECK spk_status spk_rates_mean(spk_context *ctx,
                                                 const spk_trains *trains,
                                                 double confidence, spk_rate *rates);

/* ---- rate by kernel ---- */

/** Kernels K(u) of unit area and standard deviation s, elephant's. u is the time from the
 *  spike on, so that the last two look back only. */
typedef enum spk_kernel {
    SPK_KERNEL_RECTANGULAR = 0,  /**< 1 / (2 w) for |u| < w = sqrt(3) s */
    SPK_KERNEL_TRIANGULAR = 1,   /**< (1 - |u| / w) / w for |u| < w = sqrt(6) s */
    SPK_KERNEL_EPANECHNIKOV = 2, /**< 3 (1 - (u / w)^2) / (4 w) for |u| < w = sqrt(5) s */
    SPK_KERNEL_GAUSSIAN = 3,     /**< exp(-u^2 / (2 s^2)) / (sqrt(2 pi) s) */
    SPK_KERNEL_LAPLACIAN = 4,    /**< exp(-|u| / w) / (2 w), w = s / sqrt(2) */
    SPK_KERNEL_EXPONENTIAL = 5,  /**< exp(-u / s) / s for u >= 0 */
    SPK_KERNEL_ALPHA = 6         /**< u exp(-u / w) / w^2 for u >= 0, w = s / sqrt(2) */
} spk_kernel;

/** "rectangular", "triangular", "epanechnikov", "gaussian", "laplacian", "exponential" or
 *  "alpha"; NULL for any other value. */
SPK_API const char *spk_kernel_name(int32_t kernel);

/** What becomes of points near the ends of a run, beyond which nothing was observed. */
typedef enum spk_rates_edges {
    SPK_RATES_EDGES_AS_IS = 0, /**< nothing: the rate falls off towards the ends */
    SPK_RATES_EDGES_MASS = 1,  /**< divided by the share of the kernel within the run */
    /** that, then each run scaled so that the mean of its points times its length is its
     *  number of spikes: elephant's border_correction */
    SPK_RATES_EDGES_COUNT = 2
} spk_rates_edges;

/** Fill with spk_rates_options_init(&options, sizeof options), then change fields. */
typedef struct spk_rates_options {
    size_t struct_size; /**< set by init */
    int32_t kernel;     /**< spk_kernel; default SPK_KERNEL_GAUSSIAN */
    int32_t inverted;   /**< nonzero: the last two kernels look ahead; default 0 */
    double sigma_s; /**< standard deviation of the kernel [s], above 0; default 0.05 */
    const double *sigmas_s; /**< [n_units] one for each unit instead, as from
                             *   spk_bandwidth_estimate(); NaN: rates of NaN; default NULL */
    double step_s; /**< from point to point [s], rounded to samples, >= 1; default 0.01 */
    double
        cutoff; /**< where a Gaussian ends, and with binned every unbounded kernel [s.d.],
                    *   1 .. 40; default 5 */
    int32_t centred; /**< nonzero: the median of the kernel, not its origin, stands at the
                      *   spike, elephant's center_kernel; default 0 */
    int32_t binned;  /**< nonzero: each spike counts as if at the middle of its step, as
                      *   elephant has it; default 0: where it is */
    int32_t edges;   /**< spk_rates_edges; default SPK_RATES_EDGES_AS_IS */
    double confidence; /**< of the band, between 0 and 1; default 0.95 */
} spk_rates_options;

SPK_API void spk_rates_options_init(spk_rates_options *options, size_t struct_size);

/**
 * The number of points of the grid, whole steps in the recording: point k stands in the
 * middle of step k, at start + (k + 1/2) step.
 * @return SPK_OK; SPK_ERR_ARGUMENT (NULL, an option out of range); SPK_ERR_OVERFLOW
 */
SPK_API SPK_MUST_CHECK spk_status spk_rates_length(spk_context *ctx,
                                                   const spk_trains *trains,
                                                   const spk_rates_options *options,
                                                   int64_t *n_points);

/** The times of the points [s from sample 0]. elephant labels the same steps with their
 *  beginnings. @param[out] times_s  [n_points] @return as spk_rates_length() */
SPK_API SPK_MUST_CHECK spk_status spk_rates_times(spk_context *ctx,
                                                  const spk_trains *trains,
                                                  const spk_rates_options *options,
                                                  double *times_s);

/**
 * The rates of units first .. last - 1 by kernel: at point t, the sum of K(t - s) over the
 * spikes s of the same run; with `centred` of K(t - s + m), m the median of K. NaN where the
 * unit was not observed. The rectangle and others with sharp ends are 0 at just their ends.
 *
 * The band is pointwise, for the smoothed rate that the estimate has on average, were the
 * train Poisson: with v the sum of K^2 and k the maximum of K, lower = (v / r) G(a; r^2 / v)
 * and upper = ((v + k^2) / (r + k)) G(1 - a; (r + k)^2 / (v + k^2)), G the gamma quantile and
 * a = (1 - confidence) / 2 (Fay & Feuer 1997), then corrected for edges as the rate. It says
 * nothing of the bias, which a narrower kernel has less of.
 *
 * @param[in]  ctx     threads, progress, cancel; holds the message on error
 * @param[in]  trains  borrowed for the call
 * @param[in]  first   0 .. n_units
 * @param[in]  last    first .. n_units
 * @param[in]  options NULL for the defaults
 * @param[out] rates   [last - first][n_points] [Hz]
 * @param[out] lower   [last - first][n_points] [Hz]; NULL: no band
 * @param[out] upper   [last - first][n_points] [Hz]; NULL with lower
 * @return SPK_OK; SPK_ERR_ARGUMENT (NULL, a range or option out of range, a kernel beyond
 *         2^53 samples); SPK_ERR_OVERFLOW; SPK_ERR_MEMORY; SPK_ERR_CANCELLED
 * Cost:    O(spikes * kernel width / step + points); O(spikes + points) for the Laplacian,
 *          exponential and alpha kernels unless binned. The band adds some microseconds a
 *          point. Memory of up to 16 MB a thread, and with a band 8 bytes a point
 * Threads: workers own units; same bits for any number of threads
 * Source:  Nawrot, Aertsen & Rotter (1999) J. Neurosci. Methods 94:81-92; Fay & Feuer (1997)
 *          Stat. Med. 16:791-801
 */
SPK_API SPK_MUST_CHECK spk_status spk_rates_estimate(
    spk_context *ctx, const spk_trains *trains, int64_t first, int64_t last,
    const spk_rates_options *options, double *rates, double *lower, double *upper);

/* ---- how wide ---- */

/** How spk_bandwidth_estimate() finds a width. */
typedef enum spk_bandwidth_method {
    /** from all pairs of spikes as they are, within runs */
    SPK_BANDWIDTH_PAIRS = 0,
    /** elephant's optimal_kernel_bandwidth(): spikes on at most 1000 points from the first
     *  spike to the last, so never below 2/1000 of that span, by golden section */
    SPK_BANDWIDTH_ELEPHANT = 1
} spk_bandwidth_method;

/** Fill with spk_bandwidth_options_init(&options, sizeof options), then change fields. */
typedef struct spk_bandwidth_options {
    size_t struct_size; /**< set by init */
    int32_t method;     /**< spk_bandwidth_method; default SPK_BANDWIDTH_PAIRS */
    double min_s;       /**< narrowest to look at [s], > 0; default 0.001 */
    double max_s;       /**< widest; default 0: half the observed time of the unit */
} spk_bandwidth_options;

SPK_API void spk_bandwidth_options_init(spk_bandwidth_options *options,
                                        size_t struct_size);

/**
 * The cost of Gaussian kernels of given widths for one unit: up to a constant, the expected
 * integrated squared error of its rate by kernel,
 *
 *     C(s) = n / (2 sqrt(pi) s)
 *            + sum over pairs i < j of (exp(-d^2 / 4 s^2) - 2 sqrt(2) exp(-d^2 / 2 s^2))
 *              / (sqrt(pi) s),
 *
 * d their distance; no pair bridges two runs. Right to a relative 3e-5 of n / (2 sqrt(pi) s)
 * and of either sum: where pairs are many, spikes are spread over a grid of s / 4 to s / 2 by
 * quintic splines.
 *
 * @param[in]  ctx       holds the message on error
 * @param[in]  trains    borrowed for the call
 * @param[in]  unit      0 .. n_units - 1
 * @param[in]  n         widths, >= 0
 * @param[in]  sigmas_s  [n] above 0
 * @param[out] costs     [n]
 * @return SPK_OK; SPK_ERR_ARGUMENT; SPK_ERR_MEMORY
 * Cost:   O(spikes) for the narrowest width, and for each octave from there to the widest as
 *         many points as the grid has with spikes, up to 12 a spike; 0.2 us a width more. 0.4
 *         ms for 10000 spikes. Memory of 0.2 MB and, mostly, up to 60 bytes a spike
 * Source: Shimazaki & Shinomoto (2010) J. Comput. Neurosci. 29:171-182
 */
SPK_API SPK_MUST_CHECK spk_status spk_bandwidth_cost(spk_context *ctx,
                                                     const spk_trains *trains,
                                                     int64_t unit, int64_t n,
                                                     const double *sigmas_s,
                                                     double *costs);

/**
 * The standard deviation of the Gaussian kernel with the least cost, for every unit. By
 * pairs: the best of 40 widths even in their logarithm, refined by golden section to a
 * relative 1e-3.
 *
 * A stationary Poisson train is best estimated by its mean: its width is max_s, or whatever
 * accident made a dent. Trains of bursts may be best estimated spike by spike.
 *
 * @param[in]  ctx       threads, progress, cancel; holds the message on error
 * @param[in]  trains    borrowed for the call
 * @param[in]  options   NULL for the defaults
 * @param[out] sigmas_s  [n_units] NaN with fewer than 2 spikes, all spikes at one sample, or
 *                       where min_s is above max_s
 * @return SPK_OK; SPK_ERR_ARGUMENT; SPK_ERR_MEMORY; SPK_ERR_CANCELLED
 * Cost:    that of spk_bandwidth_cost() of 60 widths; elephant's 22 Fourier transforms of at
 *          most 4096 points. Memory as spk_bandwidth_cost() for each thread
 * Threads: workers own units; same bits for any number of threads
 * Source:  Shimazaki & Shinomoto (2010) J. Comput. Neurosci. 29:171-182
 */
SPK_API SPK_MUST_CHECK spk_status
spk_bandwidth_estimate(spk_context *ctx, const spk_trains *trains,
                       const spk_bandwidth_options *options, double *sigmas_s);

/**
 * The width of bins of a histogram over time with the least expected squared error, for every
 * unit: the b that minimises (2 k - v) / b^2, k and v the mean and population variance of the
 * counts in bins of b, each run cut into whole bins, averaged over 16 places of the first
 * edge. Of 100 widths even in their logarithm, rounded to samples.
 *
 * @param[in]  ctx      threads, progress, cancel; holds the message on error
 * @param[in]  trains   borrowed for the call
 * @param[in]  options  NULL for the defaults; the method is not read
 * @param[out] bins_s   [n_units] NaN without spikes, or where min_s is above max_s
 * @return as spk_bandwidth_estimate()
 * Cost:    O(1600 (spikes + runs)) a unit, no memory
 * Threads: workers own units; same bits for any number of threads
 * Source:  Shimazaki & Shinomoto (2007) Neural Comput. 19:1503-1527
 */
SPK_API SPK_MUST_CHECK spk_status
spk_bin_width_estimate(spk_context *ctx, const spk_trains *trains,
                       const spk_bandwidth_options *options, double *bins_s);

#ifdef __cplusplus
}
#endif
#endif
