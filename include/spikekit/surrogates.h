/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SPIKEKIT_SURROGATES_H
#define SPIKEKIT_SURROGATES_H

/*
 * Surrogates: trains that keep some properties of the recorded ones and are otherwise random,
 * for tests of what the recorded ones have beyond them.
 *
 * One engine makes them for every test. A surrogate is a function of (seed, unit, index)
 * alone, unit being the place in the spike table and index the number of the surrogate: it is
 * the same on any thread, in any order, and of one unit whatever becomes of the others. Times
 * are whole samples, in and out, and come out sorted. Each spike stays in its run (trains.h).
 *
 * Random numbers: spike i of the unit (from 0, over all its runs) takes word i % 4 of the Philox
 * block with the counter {i / 4, index low, index high + kind 2^24, unit} and the key {seed low,
 * seed high}. Of that 32-bit word v, an offset below m is floor(v m / 2^32). Words with
 * v m mod 2^32 < 2^32 mod m, which would make some offsets likelier than others, do not count;
 * they, and all if m > 2^32, are replaced by the 64-bit number in words 0 and 1 of the block
 * {i, index low, index high + kind 2^24 + attempt 2^16, unit} under the same rule with 2^64,
 * attempt = 1, 2, .. 255, so that every offset has the same probability. kind is 2 method + 1,
 * and 2 method + 2 for a second number of a spike. What is said of a run or a shift takes the
 * number of spike r, of run r, or of spike 0.
 */

#include <spikekit/context.h>
#include <spikekit/status.h>
#include <spikekit/trains.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * What is random, and what is kept exactly. w is round(width_s fs), 1 .. 2^53.
 */
typedef enum spk_surrogate_method {
    /**
     * Each spike at t moves, alone, to anywhere in t - w .. t + w with equal chances, cut to
     * its run. Keeps: the number of spikes, and the rate as seen through a window much wider
     * than 2 w. With a refractory period R (option refractory_s, or the shortest interval of
     * the unit, if that is shorter) the spikes of a run move one after the other, in random
     * order (second number), within t - w .. t + w and no closer than R to the two neighbours
     * as they then are: no interval becomes shorter than R, no spike jumps over another.
     */
    SPK_SURROGATE_DITHER = 0,
    /**
     * All spikes move by one shift, uniform on -w .. w, and what leaves its run at one end
     * comes in at the other. Keeps: the number, and within each run all intervals of the
     * closed circle. width_s = infinity: uniform on the circle of the longest run.
     */
    SPK_SURROGATE_TRAIN_DITHER = 1,
    /**
     * Each run is cut from its start into windows of w samples, the last perhaps shorter, and
     * each spike moves to anywhere in its window with equal chances (interval jitter). Keeps:
     * the count in every window.
     */
    SPK_SURROGATE_JITTER = 2,
    /**
     * In each run the time from its start to the first spike and the intervals between spikes
     * are put in random order, each order equally likely. Keeps: the last spike, and the
     * multiset of those intervals.
     */
    SPK_SURROGATE_ISI_SHUFFLE = 3,
    /** As ISI_SHUFFLE, but the first spike of each run stays too, and its lead with it. */
    SPK_SURROGATE_INTERVAL_SHUFFLE = 4,
    /**
     * As JOINT_ISI, with the product of the interval distribution with itself for the
     * joint one.
     */
    SPK_SURROGATE_ISI_DITHER = 5,
    /**
     * Each spike but the first and last of a run moves between its neighbours so that pairs
     * of successive intervals keep their joint distribution: see
     * spk_surrogates_create(). Keeps: the number, the first and the last spike of each run,
     * and nearly the joint distribution.
     */
    SPK_SURROGATE_JOINT_ISI = 6,
    /** As TRAIN_DITHER, with a shift of its own for each run: make the trials epochs. */
    SPK_SURROGATE_TRIAL_SHIFT = 7,
    /**
     * Each run is cut from its start into bins of round(bin_s fs) samples and these into
     * windows of round(width_s / bin_s) bins, the last perhaps fewer; the bins of a window
     * are put in random order (second number), and each spike moves to anywhere in the bin
     * that its own came to be. Spikes behind the last whole bin move within that rest. Keeps:
     * the count in every window, and the multiset of counts in its bins.
     */
    SPK_SURROGATE_BIN_SHUFFLE = 8,
    /** Each spike moves to anywhere in its run. Keeps: the count of each run. */
    SPK_SURROGATE_RANDOMISE = 9,
    /**
     * A Poisson process whose rate is that of the unit, smoothed with a Gaussian kernel of
     * standard deviation width_s that is mirrored at the ends of the run: each spike leaves a
     * Poisson number of copies of mean 1, each displaced by the kernel (second number). The
     * mean number of spikes is kept, and the smoothed rate; nothing exactly.
     */
    SPK_SURROGATE_POISSON = 10,
    /**
     * A Poisson process of rates that are given (rates_hz), within the runs: their number N is
     * spk_random_poisson() of {seed, unit, index + kind 2^56}, and spike k is where the share
     * u of the expected number lies before it, u of 52 bits of words 0 and 1 of block {k, ..}
     * of the second number. Nothing of the train is kept.
     */
    SPK_SURROGATE_RATE = 11
} spk_surrogate_method;

/** What becomes of a spike that DITHER, TRAIN_DITHER or TRIAL_SHIFT would move out of its
 *  run. */
typedef enum spk_surrogate_edges {
    SPK_SURROGATE_KEEP = 0, /**< it stays: the range is cut (DITHER), the shift wraps */
    SPK_SURROGATE_DROP = 1  /**< it is lost, as elephant has it */
} spk_surrogate_edges;

/** Fill with spk_surrogates_options_init(&options, sizeof options), then change fields. */
typedef struct spk_surrogates_options {
    size_t struct_size; /**< set by init */
    int32_t method;     /**< spk_surrogate_method; default SPK_SURROGATE_DITHER */
    int32_t edges;      /**< spk_surrogate_edges; default SPK_SURROGATE_KEEP */
    uint64_t seed;      /**< default 0 */
    /** Width [s], see the method, above 0; rounded to samples. Default NaN: 0.015 for DITHER,
     *  TRAIN_DITHER, TRIAL_SHIFT, ISI_DITHER and JOINT_ISI, 0.025 for JITTER and BIN_SHUFFLE,
     *  0.1 for POISSON. */
    double width_s;
    /** TRAIN_DITHER, TRIAL_SHIFT: shifts shorter than this [s] do not occur, >= 0 and at most
     *  width_s; default 0. Of the circle of width_s = infinity: nor on the way round. */
    double least_s;
    /** DITHER, ISI_DITHER, JOINT_ISI: refractory period [s], >= 0. Default NaN: 0 for
     *  DITHER, which lets spikes jump over one another, 0.004 for the others. */
    double refractory_s;
    double bin_s; /**< BIN_SHUFFLE: width of a bin [s], above 0; default 0.001 */
    /** ISI_DITHER, JOINT_ISI: intervals up to this [s] are in the distribution; default 0.1. */
    double truncation_s;
    int64_t n_bins; /**< and in so many bins each way, 1 .. 4096; default 100 */
    double sigma_s; /**< smoothed with this standard deviation [s], >= 0; default 0.002 */
    /** A spike moves by no more than width_s (1, the default), or anywhere between its
     *  neighbours (0). */
    int32_t is_windowed;
    int32_t has_cutoff; /**< no smoothing across the refractory period; default 1 */
    /** The square root of the distribution, before smoothing; default 0. */
    int32_t has_sqrt;
    /** RATE: [n_units][n_rate_bins] row-major rates [Hz], >= 0, in bins of rate_bin_samples
     *  from the start of the recording, 0 behind the last; copied. Default NULL and 0. */
    const double *rates_hz;
    int64_t n_rate_bins;
    int64_t rate_bin_samples;
} spk_surrogates_options;

SPK_API void spk_surrogates_options_init(spk_surrogates_options *options,
                                         size_t struct_size);

/** What is needed to draw surrogates of all units; read-only, for any number of threads. */
typedef struct spk_surrogates spk_surrogates;

/**
 * Prepares surrogates of the units of grouped trains.
 *
 * ISI_DITHER and JOINT_ISI (Gerstein 2004; elephant's joint_isi_dithering): intervals are
 * counted in bins of b = max(1, round(truncation_s fs / n_bins)) samples; h[p][q] is the
 * number of spikes whose interval before is in bin p and that after in bin q, its square root
 * if has_sqrt, smoothed with a Gaussian of sigma_s (cut at round(4 sigma), mirrored at the
 * edges of the matrix, and of its part from bin floor(R / b) on, the rest being 0, if
 * has_cutoff; R is refractory_s or the unit's shortest interval). Spikes 1, 3, 5 .. of a run
 * move, then spikes 2, 4, ..: one with intervals in bins p and q, p + q < n_bins, comes to
 * have them in bins p' and p + q - p', with a probability in proportion to h there, over all
 * p' (or, if is_windowed, |p' - p| <= floor(width_s fs / b)), and then to anywhere in these
 * bins (second number) where no interval is shorter than R. A spike with p + q >= n_bins, or
 * with h 0 in reach, moves to anywhere within width_s that leaves both intervals at least R;
 * so does one for which the bins leave no place. A run of fewer than three spikes stays.
 * elephant differs: spikes move by whole bins, and the window reaches one bin further right
 * than left.
 *
 * @param[in]  ctx         holds the message on error
 * @param[in]  trains      borrowed until spk_surrogates_destroy()
 * @param[in]  options     NULL for the defaults
 * @param[out] surrogates  destroy with spk_surrogates_destroy()
 * @return SPK_OK; SPK_ERR_ARGUMENT (NULL, an option out of range, a rate that is not >= 0 and
 *         finite, or from which 10^9 spikes of a unit are expected); SPK_ERR_OVERFLOW (rates);
 *         SPK_ERR_MEMORY
 * Cost:    JITTER O(n_spikes) time and 8 bytes a spike; ISI_DITHER and JOINT_ISI O(n_spikes
 *          + n_units n_bins^2) time and 4 n_bins^2 bytes a unit; RATE a copy of the rates;
 *          the others O(n_units)
 * Threads: units side by side; the same for any number of threads
 * Source:  Louis, Gerstein, Gruen & Diesmann (2010) Front. Comput. Neurosci. 4:127; Gerstein
 *          (2004) Acta Neurobiol. Exp. 64:203-207; Amarasingham et al. (2012) J. Neurophysiol.
 *          107:517-531; Salmon et al. (2011) for the random numbers
 */
SPK_API SPK_MUST_CHECK spk_status
spk_surrogates_create(spk_context *ctx, const spk_trains *trains,
                      const spk_surrogates_options *options, spk_surrogates **surrogates);

/** Frees. NULL is fine. */
SPK_API void spk_surrogates_destroy(spk_surrogates *surrogates);

/**
 * Room that a surrogate needs [spikes]: its number of spikes for POISSON and RATE, otherwise
 * that of the unit, of which edges = DROP may leave some empty; 0 for a unit that is not there.
 * Cost: O(1); POISSON: O(spikes of the unit), about a nanosecond each; RATE: O(n_rate_bins)
 */
SPK_API int64_t spk_surrogates_room(const spk_surrogates *surrogates, int64_t unit,
                                    int64_t index);

/**
 * Draws one surrogate of one unit.
 *
 * @param[in]  ctx         holds the message on error
 * @param[in]  surrogates  from spk_surrogates_create()
 * @param[in]  unit        0 .. n_units - 1
 * @param[in]  index       number of the surrogate, 0 .. 2^48 - 1
 * @param[out] samples     [spk_surrogates_room()] times, not falling
 * @param[out] n_spikes    how many; NULL: not wanted
 * @return SPK_OK; SPK_ERR_ARGUMENT (NULL, unit or index out of range); SPK_ERR_MEMORY
 * Cost:    O(spikes); a sort where the method leaves them far from sorted: 8 bytes a spike
 * Threads: any number may draw from one spk_surrogates, each with a context of its own
 */
SPK_API SPK_MUST_CHECK spk_status spk_surrogates_draw(spk_context *ctx,
                                                      const spk_surrogates *surrogates,
                                                      int64_t unit, int64_t index,
                                                      int64_t *samples,
                                                      int64_t *n_spikes);

/**
 * Where spk_surrogates_draw_many() puts surrogates: that of unit u, first_unit <= u <
 * last_unit, with the index k, first <= k < last, starts at
 * offsets[(u - first_unit) (last - first) + k - first]; the last offset is the room of all.
 *
 * @param[out] offsets  [(last_unit - first_unit) (last - first) + 1]
 * @return SPK_OK; SPK_ERR_ARGUMENT (NULL, units or indices out of range); SPK_ERR_OVERFLOW
 *         (more than 2^60 spikes); SPK_ERR_MEMORY
 * Cost:   O(surrogates) calls of spk_surrogates_room()
 */
SPK_API SPK_MUST_CHECK spk_status spk_surrogates_offsets(spk_context *ctx,
                                                         const spk_surrogates *surrogates,
                                                         int64_t first_unit,
                                                         int64_t last_unit, int64_t first,
                                                         int64_t last, int64_t *offsets);

/**
 * Draws surrogates first .. last - 1 of units first_unit .. last_unit - 1.
 *
 * @param[in]  ctx         the calling thread's context; holds the message on error
 * @param[in]  surrogates  from spk_surrogates_create()
 * @param[in]  first_unit, last_unit, first, last  as for spk_surrogates_offsets()
 * @param[in]  offsets     from spk_surrogates_offsets()
 * @param[out] samples     [last offset] times; not written where a surrogate has less spikes
 *                         than room
 * @param[out] counts      [surrogates] spikes of each; NULL: not wanted
 * @return SPK_OK; the errors of spk_surrogates_draw(); SPK_ERR_CANCELLED
 * Cost:    that of the draws; extra memory that of a draw for each thread
 * Threads: surrogates side by side; the same for any number of threads
 */
SPK_API SPK_MUST_CHECK spk_status spk_surrogates_draw_many(
    spk_context *ctx, const spk_surrogates *surrogates, int64_t first_unit,
    int64_t last_unit, int64_t first, int64_t last, const int64_t *offsets,
    int64_t *samples, int64_t *counts);

/** Room that spk_surrogates_table() needs: that of all units for one index. */
SPK_API int64_t spk_surrogates_table_room(const spk_surrogates *surrogates,
                                          int64_t index);

/**
 * Draws one surrogate of every unit, as a spike table in order of time, simultaneous spikes in
 * order of unit. What takes a spike table then takes the surrogate.
 *
 * @param[in]  ctx         holds the message on error
 * @param[in]  surrogates  from spk_surrogates_create()
 * @param[in]  index       number of the surrogate, 0 .. 2^48 - 1
 * @param[out] samples     [spk_surrogates_table_room()]
 * @param[out] units       [spk_surrogates_table_room()]
 * @param[out] table       borrows samples and units; the extent and the sampling rate are
 *                         those of the recording
 * @return SPK_OK; the errors of spk_surrogates_draw()
 * Cost:    that of the draws and of sorting them, see spk_spikes_order(); 48 bytes a spike
 * Threads: units side by side; the same for any number of threads
 */
SPK_API SPK_MUST_CHECK spk_status spk_surrogates_table(spk_context *ctx,
                                                       const spk_surrogates *surrogates,
                                                       int64_t index, int64_t *samples,
                                                       int32_t *units, spk_spikes *table);

#ifdef __cplusplus
}
#endif
#endif
