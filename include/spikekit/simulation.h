/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SPIKEKIT_SIMULATION_H
#define SPIKEKIT_SIMULATION_H

/*
 * Simulated sorted sessions whose truth is known, to hold every estimator against.
 *
 * What is simulated, exactly. fs is the sampling rate, N the number of samples, time
 * runs in whole samples k = 0 .. N - 1, and R = max(1, round(refractory_s fs)). Each
 * unit is made in four steps, each with random numbers of its own: options of a later
 * step, or more units, leave what an earlier one made as it was.
 *
 * 1. Background. Base rate lambda = rate_median exp(rate_sigma z), z standard normal. In
 *    each sample that is not refractory the unit fires with probability 1 - exp(-h(k)),
 *        h(k) = (lambda / fs) exp(D(k) - drift_sigma^2 / 2),
 *    D a stationary Ornstein-Uhlenbeck process with mean 0, s.d. drift_sigma and
 *    correlation time drift_time_s, held for steps of drift_time_s / 50; the mean of h
 *    is lambda / fs.
 *      Co-modulation (modulation_sigma > 0) multiplies h by exp(w M(k) - w^2 / 2), M of
 *    the unit's group, so the mean of h stays. M has mean 0, s.d. 1 and autocorrelation
 *    exp(-t / modulation_time_s) cos(2 pi modulation_hz t): the real part of a complex
 *    Ornstein-Uhlenbeck process that turns, held for steps of modulation_time_s / 20, or
 *    a twentieth of a turn if that is shorter. Groups are independent; a unit's is drawn
 *    evenly among modulation_groups. Its weight w is modulation_sigma times a number
 *    uniform in 0.5 .. 1.5, negated for a share modulation_opposed of units. Units i, j of
 *    one group then pair at lag t by chance exp(w_i w_j r(t)) times as often, r the
 *    autocorrelation of M, up to the steps and refractoriness.
 *      The R - 1 samples after a spike are refractory, so intervals are >=
 *    R. After each spike of a bursting unit, with probability q = 1 - 1 / burst_size,
 *    the next one follows by R + G samples instead, G geometric: P(G >= g) = exp(-g /
 *    (burst_interval_s fs)). The run of spikes so tied is geometric with mean burst_size
 *    (q = 0 if not bursting). Without drift the background is a renewal process, of mean
 *    interval [samples]
 *        R + q / (exp(1 / (burst_interval_s fs)) - 1) + (1 - q) / (exp(h) - 1),
 *    for q = 0 a rate of lambda / (1 + lambda d) with dead time d = (R - 1/2) / fs, up
 *    to O((lambda / fs)^2); its Fano factor over long windows is CV^2, about 1/(1 +
 *    lambda d)^2. No rate is impossible: as lambda grows, the unit fires every R
 *    samples.
 *
 * 2. Inhibition. A connection source -> target with latency of L = max(1, round(latency
 *    fs)) samples and share a removes a background spike of the target at t with
 *    probability a if the source has one or more background spikes s with s + L <= t < s
 *    + L + round(inhibition_s fs). Several sources act independently.
 *
 * 3. Excitation. Each background spike s of the source that step 2 left sends, with
 *    probability `strength`, one extra spike to the target, due at t = s + max(1,
 *    round((latency + jitter z) fs)), z standard normal. It is dropped if it falls
 *    outside the recording, or less than R samples from a spike of the target that step
 *    2 left, on either side, or from an extra spike that was due earlier and stays: when
 *    several sources coincide, one spike comes of it. Extra spikes send nothing on: one
 *    generation, so loops of connections have no order. With n spikes of the source, the
 *    pairs that a connection adds at its latency number n strength P, P the chance that
 *    the target lets the spike through. For a target without bursts, drift or other
 *    inputs
 *        P = exp(-h R) / ((1 - exp(-h)) m),  m = R + 1 / (exp(h) - 1) its mean interval,
 *    about exp(-lambda d) / (1 + lambda d); missed spikes then thin pairs as they thin
 *    trains.
 *      Common input: each of common_groups sources that nobody records fires as a Poisson
 *    process of common_rate_hz, and sends each spike to each unit of its group with
 *    probability common_strength, due round((latency + jitter z) fs) samples later: extra
 *    spikes like those above, among which they take their place. A group is common_size
 *    different units, drawn evenly; a unit may be in several. The latency of each is
 *    uniform in 0 .. common_latency_s, s.d. of its jitter common_jitter_s. Two units of a
 *    group so pair about their difference in latency, with neither driving the other.
 *
 * 4. The sorter. Of the n_true spikes fired, n_missed = round(m n_true) are missed,
 *    chosen evenly, m uniform in 0 .. missed_max. n_foreign = round((n_true - n_missed)
 *    c / (1 - c)) foreign spikes join them, c uniform in 0 .. contamination_max, each
 *    placed uniformly in the recording: a Poisson process, given its number, independent
 *    of every train, as the estimators of contamination suppose. They may coincide with
 *    the unit's own spikes.
 *
 * Connections: each ordered pair of different units with probability connection_share. A
 * unit inhibits all its targets with probability inhibitory_share, otherwise it excites
 * them. Latency is uniform within +-50 % of connection_latency_s; excitatory strength is
 * log-normal with median connection_strength and s.d. connection_sigma in ln, at most 1;
 * inhibitory share is uniform in 0.4 .. 0.8.
 *
 * Positions: units are uniform in 11 .. 59 um across and along the probe; spikes scatter
 * with s.d. 4 um. Amplitudes: unit means log-normal, median 20, s.d. 0.5 in ln; spikes
 * scatter with s.d. 15 %, and stay above 10 % of the mean. Foreign spikes look like the
 * unit's own. Spikes are in order of time, simultaneous ones by unit, the unit's own
 * before foreign.
 */

#include <spikekit/context.h>
#include <spikekit/session.h>
#include <spikekit/spikes.h>
#include <spikekit/status.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Fill with spk_simulation_options_init(&options, sizeof options), then change fields.
 *  Ranges are in brackets. */
typedef struct spk_simulation_options {
    size_t struct_size;          /**< set by init */
    uint64_t seed;               /**< default 1; any */
    int64_t n_units;             /**< default 300 [1, 1e6] */
    double duration_s;           /**< default 1200, 20 minutes [> 0, to 2^53 samples];
                                   *   rounded to whole samples, at least one */
    double sampling_rate_hz;     /**< default 30000 [1, 1e9] */
    double rate_median_hz;       /**< median of the log-normal base rates; default 4
                                   *   [0, 1e5] */
    double rate_sigma;           /**< their s.d. in ln; default 1; 0: all equal [0, 10] */
    double refractory_s;         /**< absolute refractory period; default 0.002 [0, 1] */
    double burst_share;          /**< share of units that burst; default 0.1 [0, 1] */
    double burst_size;           /**< mean spikes of a burst; default 3 [1, 1000] */
    double burst_interval_s;     /**< mean interval in a burst beyond refractoriness;
                                   *   default 0.004 [0, 1] */
    double drift_sigma;          /**< s.d. of ln rate drift; default 0.2; 0: none
                                   *   [0, 10] */
    double drift_time_s;         /**< correlation time of the drift; default 120
                                   *   [1, 1e9] */
    double connection_share;     /**< share of ordered pairs coupled; default 0.005
                                   *   [0, 1] */
    double inhibitory_share;     /**< share of units, so of connections, that inhibit;
                                   *   default 0.2 [0, 1] */
    double connection_strength;  /**< median chance that an excitatory connection
                                   *   transmits, extra target spikes sent per source
                                   *   spike; default 0.05 [0, 1] */
    double connection_latency_s; /**< mean latency, range +-50 %; default 0.002 [0, 1] */
    double connection_jitter_s;  /**< s.d. of one connection's latency; default 0.0003
                                   *   [0, 1] */
    double inhibition_s;         /**< length of inhibition; default 0.01 [0, 10] */
    double contamination_max;    /**< share of foreign spikes, uniform in 0 .. max;
                                   *   default 0.1 [0, 0.9] */
    double missed_max;           /**< share of spikes missed, uniform in 0 .. max;
                                   *   default 0.1 [0, 1] */
    double probe_length_um;      /**< units lie along a probe of this length; default
                                   *   3840 [20, 1e6] */
    double connection_sigma;   /**< s.d. of ln excitatory strength; default 0.5 [0, 10] */
    double modulation_sigma;   /**< s.d. of ln rate that a group shares, times 0.5 ..
                                    *   1.5 for each unit; default 0: none [0, 10] */
    double modulation_time_s;  /**< its correlation time; default 0.05 [0.001, 1e9] */
    double modulation_hz;      /**< its frequency; default 0: no oscillation
                                    *   [0, 1000] */
    int64_t modulation_groups; /**< groups of units that share one; default 1
                                    *   [1, 1e6] */
    double modulation_opposed; /**< share of units modulated the other way; default 0
                                    *   [0, 1] */
    int64_t common_groups;     /**< groups of units with a common input; default 0
                                    *   [0, 1e5] */
    int64_t common_size;       /**< units of such a group, at most n_units if there is
                                    *   one; default 4 [2, 1000] */
    double common_rate_hz;     /**< rate of its unrecorded source; default 5 [0, 1e5] */
    double common_strength;    /**< chance that a source spike makes a unit of the group
                                    *   fire; default 0.2 [0, 1] */
    double common_latency_s;   /**< latencies are uniform in 0 .. this; default 0.003
                                    *   [0, 1] */
    double common_jitter_s;    /**< s.d. of one latency; default 0.0003 [0, 1] */
} spk_simulation_options;

SPK_API void spk_simulation_options_init(spk_simulation_options *options,
                                         size_t struct_size);

/** The truth of one unit. */
typedef struct spk_simulation_unit {
    double base_rate_hz;   /**< lambda: without refractoriness, drift, bursts, inputs */
    double contamination;  /**< n_foreign / spikes in the session; NaN if none */
    double missed;         /**< n_missed / n_true_spikes; NaN if it fired none */
    double x_um;           /**< position across the probe */
    double depth_um;       /**< position along the probe */
    double amplitude;      /**< mean amplitude, as Kilosort scales it */
    int64_t n_true_spikes; /**< spikes fired */
    int64_t n_missed;      /**< of these, not in the session */
    int64_t n_foreign;     /**< spikes in the session that it did not fire */
    int32_t bursting;      /**< nonzero: a bursting unit */
    int32_t modulation_group; /**< whose co-modulation it shares, from 0 */
    double modulation;        /**< w, its weight; 0 without co-modulation */
} spk_simulation_unit;

/** The truth of one connection. */
typedef struct spk_simulation_connection {
    int32_t source;   /**< unit index */
    int32_t target;   /**< unit index */
    double latency_s; /**< mean latency */
    double strength;  /**< >= 0: extra target spikes sent per source spike; < 0: the
                       *   share by which the target's rate falls during inhibition,
                       *   negated */
    double
        extra_pairs; /**< pairs of session spikes at its latency that are due to it: the
                         *   extra spikes fired, times the shares of the source's and the
                         *   target's spikes that are not missed. Inhibition: the pairs it
                         *   took, negated, a / (1 - a) times those of background spikes
                         *   that were left, times the same */
} spk_simulation_connection;

/** The truth of one unit's part in a common input. */
typedef struct spk_simulation_common_input {
    int32_t group;    /**< which source, from 0 */
    int32_t unit;     /**< unit index */
    double latency_s; /**< mean latency */
    double strength;  /**< chance that a source spike is sent to the unit */
    int64_t n_extra;  /**< extra spikes that the unit fired for it */
} spk_simulation_common_input;

/** A simulated session with its truth. */
typedef struct spk_simulation spk_simulation;

/**
 * Simulates a session.
 * @param[in]  ctx      threads, progress, cancel; holds the message on error
 * @param[in]  options  NULL for the defaults
 * @param[out] simulation  destroy with spk_simulation_destroy()
 * @return SPK_OK; SPK_ERR_ARGUMENT (NULL; a field out of range: name, range and value);
 *         SPK_ERR_OVERFLOW (duration beyond 2^53 samples); SPK_ERR_MEMORY;
 *         SPK_ERR_CANCELLED
 * Cost:    time O(spikes * (1 + inputs of a unit) + n_units * duration_s / drift_time_s),
 *          with co-modulation n_units * duration_s / modulation_time_s more, with common
 *          input common_groups * (n_units + common_size * source spikes);
 *          at most 60 bytes a spike while it runs, 29 kept
 * Threads: workers own units, then stretches of time; same bits for any number of threads
 */
SPK_API SPK_MUST_CHECK spk_status spk_simulation_run(
    spk_context *ctx, const spk_simulation_options *options, spk_simulation **simulation);

SPK_API void spk_simulation_destroy(spk_simulation *simulation);

/** The session as a sorter would give it; valid until destroy. */
SPK_API const spk_spikes *spk_simulation_spikes(const spk_simulation *simulation);
/** [n_units] truth. */
SPK_API const spk_simulation_unit *spk_simulation_units(const spk_simulation *simulation);
/** [*n] truth, by source then target. */
SPK_API const spk_simulation_connection *
spk_simulation_connections(const spk_simulation *simulation, int64_t *n);
/** [*n] truth, by group then unit; common_size of each group. */
SPK_API const spk_simulation_common_input *
spk_simulation_common_inputs(const spk_simulation *simulation, int64_t *n);
/** [n_spikes] amplitude of each spike. */
SPK_API const double *spk_simulation_amplitudes(const spk_simulation *simulation);
/** [n_spikes][2] position of each spike [um]. */
SPK_API const float *spk_simulation_positions(const spk_simulation *simulation);
/** [n_spikes] nonzero: a foreign spike. */
SPK_API const uint8_t *spk_simulation_foreign(const spk_simulation *simulation);

/**
 * Writes a phy folder, unit index as id, and truth.json beside its files.
 *
 * The probe is a Neuropixels 1.0 staircase, two channels every 20 um at x = 43, 11 and
 * 59, 27. A unit's template, of 2 ms, is on the 24 channels nearest to it, its peak-to-peak
 * amplitude on a channel 20 um / distance from a point 20 um before the unit's place on the
 * probe: 1 there, so that amplitudes.npy tells how large each spike is. Its shape, a trough
 * between two humps, and how it travels along the probe are drawn for each unit. The group of a
 * unit is "good" if its contamination is at most 0.1, otherwise
 * "mua". truth.json is an object with "options" (every field), "n_samples", "n_spikes",
 * and arrays "units", "connections" and "common_inputs" of objects with the fields of the
 * three structs above; NaN is null, and a seed of 2^63 or more is text.
 *
 * @param[in] folder     made if absent
 * @param[in] overwrite  0: a file that is already there is an error
 * @return SPK_OK; as spk_phy_write()
 */
SPK_API SPK_MUST_CHECK spk_status spk_simulation_write(spk_context *ctx,
                                                       const char *folder,
                                                       const spk_simulation *simulation,
                                                       int32_t overwrite);

#ifdef __cplusplus
}
#endif
#endif
