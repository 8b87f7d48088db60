/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SPIKEKIT_BURSTS_H
#define SPIKEKIT_BURSTS_H

/*
 * Bursts of single trains: stretches of spikes closer together than elsewhere, by one of three
 * definitions. They agree on trains that burst clearly and on no others: compare methods before
 * believing a number. No burst bridges two runs, and none shares a spike with another.
 */

#include <spikekit/context.h>
#include <spikekit/status.h>
#include <spikekit/trains.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** What makes a burst. */
typedef enum spk_burst_method {
    /**
     * NeuroExplorer's maximum intervals: a burst begins with an interval of at most
     * start_interval_s and takes in the spikes that follow at most interval_s apart; bursts
     * less than gap_s apart become one; those shorter than min_duration_s or of fewer spikes
     * than min_spikes are dropped. Made for cultures: at the defaults 81 % of the spikes of a
     * Poisson unit of 5 Hz are in bursts, at 10 Hz 98 %.
     */
    SPK_BURST_MAX_INTERVAL = 0,
    /**
     * A threshold from the histogram of the logarithm of intervals (Pasquale et al. 2010), 10
     * bins a decade from 1 ms on, smoothed by 1/4, 1/2, 1/4; shorter intervals are not in it.
     * Peaks are higher than two bins on either side. The highest peak below cap_s is that of
     * intervals within bursts, of height y; of the peaks after it, of heights z, the first
     * with a void 1 - m / sqrt(y z) >= void_parameter gives the threshold, the middle of the
     * lowest bin (height m, the first of several) between both.
     *
     * A threshold up to cap_s: bursts are min_spikes or more spikes with no longer interval
     * between them. Above cap_s: cores of min_spikes or more no more than cap_s apart, with
     * all spikes around them up to the threshold apart. No such threshold, or one of 1 s or
     * more: cores alone. No peak below cap_s: no bursts.
     */
    SPK_BURST_LOG_ISI = 1,
    /**
     * Poisson surprise (Legendy & Salcman 1985), S = -ln P(N >= n - 1), N Poisson with the
     * mean number of spikes in the burst's duration at the unit's mean interval. A search
     * begins where two intervals in a row are below half the mean interval: these three
     * spikes. The spike that follows, or one of up to ten that follow, is taken in with those
     * before it as soon as S rises; the look ahead ends after an interval of more than twice
     * the mean. Then spikes are dropped from the beginning as long as S rises and three
     * remain. It is a burst if S is above min_surprise, and the search goes on after its last
     * spike; otherwise at the next spike.
     *
     * The best of many stretches is not one stretch: of a Poisson unit, whatever its rate,
     * 10 % of spikes are in bursts of S above 5 (0.8 bursts a minute and Hz), and 1 % or less
     * in those of S above 10.
     */
    SPK_BURST_POISSON_SURPRISE = 2
} spk_burst_method;

/** "max_interval", "log_isi" or "poisson_surprise"; NULL for any other value. */
SPK_API const char *spk_burst_method_name(int32_t method);

/** Fill with spk_bursts_options_init(&options, sizeof options), then change fields. Intervals
 *  in seconds are compared as the largest number of samples that keeps them. */
typedef struct spk_bursts_options {
    size_t struct_size;      /**< set by init */
    int32_t method;          /**< spk_burst_method; default SPK_BURST_POISSON_SURPRISE */
    int32_t min_spikes;      /**< spikes of a burst, >= 2; default 3. Surprise: 3 */
    double start_interval_s; /**< maximum intervals, > 0; default 0.17 */
    double interval_s;       /**< >= start_interval_s; default 0.3 */
    double gap_s;            /**< >= 0; default 0.2 */
    double min_duration_s;   /**< first to last spike, >= 0; default 0.01 */
    double cap_s;            /**< log-ISI: 0.001 .. 1; default 0.1 */
    double void_parameter;   /**< 0 .. 1; default 0.7 */
    double min_surprise;     /**< >= 0; default 5; 10 leaves little to chance */
} spk_bursts_options;

SPK_API void spk_bursts_options_init(spk_bursts_options *options, size_t struct_size);

/** One burst. */
typedef struct spk_burst {
    int64_t first_spike;  /**< place of its first spike in the unit's train */
    int64_t n_spikes;     /**< that many spikes, one after the other */
    int64_t start_sample; /**< of the first spike */
    int64_t stop_sample;  /**< of the last spike */
    double surprise;      /**< S as above, whatever the method; infinite for spikes at one
                           *   sample, NaN where no interval has a length */
} spk_burst;

/** The bursts of one unit together. Without bursts what has no value is NaN. */
typedef struct spk_bursts_summary {
    int64_t n_bursts;
    int64_t n_burst_spikes; /**< spikes in bursts */
    double spike_share;     /**< of all spikes; NaN without spikes */
    double bursts_per_min;  /**< over the observed time; NaN without any */
    double mean_spikes;     /**< of a burst */
    double mean_duration_s; /**< first to last spike */
    double mean_interval_s; /**< between spikes in bursts */
    double mean_gap_s;  /**< last spike of a burst to the first of the next, in one run */
    double threshold_s; /**< log-ISI's threshold; NaN: there is none, other methods */
} spk_bursts_summary;

/** Bursts of all units; read-only. */
typedef struct spk_bursts spk_bursts;

/**
 * Finds the bursts of every unit.
 *
 * @param[in]  ctx      threads, progress, cancel; holds the message on error
 * @param[in]  trains   borrowed for the call
 * @param[in]  options  NULL for the defaults
 * @param[out] bursts   destroy with spk_bursts_destroy()
 * @return SPK_OK; SPK_ERR_ARGUMENT (NULL, an option out of range); SPK_ERR_MEMORY;
 *         SPK_ERR_CANCELLED
 * Cost:    O(n_spikes), for surprise times up to ten Poisson tails of about a microsecond
 *          where spikes are close; memory of 40 bytes a burst, and as much again while at work
 * Threads: workers own units; same bits for any number of threads
 * Source:  Legendy & Salcman (1985) J. Neurophysiol. 53:926-939; Pasquale, Martinoia &
 *          Chiappalone (2010) J. Comput. Neurosci. 29:213-229; Cotterill, Charlesworth,
 *          Thomas, Paulsen & Eglen (2016) J. Neurophysiol. 116:306-321
 */
SPK_API SPK_MUST_CHECK spk_status spk_bursts_detect(spk_context *ctx,
                                                    const spk_trains *trains,
                                                    const spk_bursts_options *options,
                                                    spk_bursts **bursts);

/** Frees. NULL is fine. */
SPK_API void spk_bursts_destroy(spk_bursts *bursts);

/** [n_units + 1]: the bursts of unit u are list[offsets[u]] .. list[offsets[u + 1] - 1]. */
SPK_API const int64_t *spk_bursts_offsets(const spk_bursts *bursts);

/** All bursts, by unit and in order of time; valid until spk_bursts_destroy(). */
SPK_API const spk_burst *spk_bursts_list(const spk_bursts *bursts);

/** [n_units]; valid until spk_bursts_destroy(). */
SPK_API const spk_bursts_summary *spk_bursts_summaries(const spk_bursts *bursts);

#ifdef __cplusplus
}
#endif
#endif
