/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SPIKEKIT_SIMULATION_H
#define SPIKEKIT_SIMULATION_H

/*
 * Simulated sorted sessions whose truth is known, to hold every estimator against.
 *
 * Each unit is a point process with intensity
 *     rate(t) = base rate * slow drift(t) * (synaptic and burst terms),
 * base rates log-normal across units, an absolute refractory period after each spike, and
 * Poisson otherwise. Then a sorter is imitated: a known share of spikes is missed, and a
 * known share of what the unit finally has are foreign spikes.
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

/** Fill with spk_simulation_options_init(&options, sizeof options), then change fields. */
typedef struct spk_simulation_options {
    size_t struct_size;           /**< set by init */
    uint64_t seed;                /**< default 1 */
    int64_t n_units;              /**< default 300 */
    double duration_s;            /**< default 1200 (20 minutes) */
    double sampling_rate_hz;      /**< default 30000 */
    double rate_median_hz;        /**< median of the log-normal base rates; default 4 */
    double rate_sigma;            /**< their standard deviation in ln; default 1; 0: all equal */
    double refractory_s;          /**< absolute refractory period; default 0.002 */
    double burst_share;           /**< share of units that burst; default 0.1 */
    double burst_size;            /**< mean spikes of a burst, >= 1; default 3 */
    double burst_interval_s;      /**< mean interval in a burst beyond refractoriness; 0.004 */
    double drift_sigma;           /**< s.d. of ln rate drift; default 0.2; 0: stationary */
    double drift_time_s;          /**< correlation time of the drift; default 120 */
    double connection_share;      /**< share of ordered pairs coupled; default 0.005 */
    double inhibitory_share;      /**< share of connections that inhibit; default 0.2 */
    double connection_strength;   /**< median transmission probability of an excitatory
                                   *   connection, extra target spikes per source spike;
                                   *   default 0.05 */
    double connection_latency_s;  /**< mean latency; default 0.002, range +-50 % */
    double connection_jitter_s;   /**< s.d. of one connection's latency; default 0.0003 */
    double inhibition_s;          /**< length of inhibition; default 0.01 */
    double contamination_max;     /**< share of foreign spikes, uniform in 0 .. max; 0.1 */
    double missed_max;            /**< share of spikes missed, uniform in 0 .. max; 0.1 */
    double probe_length_um;       /**< units lie along a probe of this length; 3840 */
} spk_simulation_options;

SPK_API void spk_simulation_options_init(spk_simulation_options *options,
                                         size_t struct_size);

/** The truth of one unit. */
typedef struct spk_simulation_unit {
    double base_rate_hz;     /**< before drift, bursts and connections */
    double contamination;    /**< share of its final spikes that are foreign, exact */
    double missed;           /**< share of its true spikes that are missed, exact */
    double x_um;             /**< position on the probe */
    double depth_um;         /**< position along the probe */
    double amplitude;        /**< mean amplitude, as Kilosort scales it */
    int64_t n_true_spikes;   /**< spikes fired */
    int64_t n_missed;        /**< of these, not in the session */
    int64_t n_foreign;       /**< spikes in the session that it did not fire */
    int32_t bursting;        /**< nonzero: a bursting unit */
    int32_t reserved;        /**< 0 */
} spk_simulation_unit;

/** The truth of one connection. */
typedef struct spk_simulation_connection {
    int32_t source;      /**< unit index */
    int32_t target;      /**< unit index */
    double latency_s;    /**< mean latency */
    double strength;     /**< > 0: extra target spikes per source spike; < 0: the share by
                          *   which the target's rate falls during inhibition */
} spk_simulation_connection;

/** A simulated session with its truth. */
typedef struct spk_simulation spk_simulation;

/**
 * Simulates a session.
 * @param[in]  ctx      threads, progress, cancel; holds the message on error
 * @param[in]  options  NULL for the defaults
 * @param[out] simulation  destroy with spk_simulation_destroy()
 * @return SPK_OK; SPK_ERR_ARGUMENT (a field out of range: name and value); SPK_ERR_OVERFLOW
 *         (too many spikes); SPK_ERR_MEMORY; SPK_ERR_CANCELLED
 * Cost:    300 units, 20 minutes (about 2.5 million spikes) in about a second; memory some
 *          60 bytes a spike
 * Threads: same bits for any number of threads
 */
SPK_API SPK_MUST_CHECK spk_status spk_simulation_run(spk_context *ctx,
                                                     const spk_simulation_options *options,
                                                     spk_simulation **simulation);

SPK_API void spk_simulation_destroy(spk_simulation *simulation);

/** The session as a sorter would give it; valid until destroy. */
SPK_API const spk_spikes *spk_simulation_spikes(const spk_simulation *simulation);
/** [n_units] truth. */
SPK_API const spk_simulation_unit *spk_simulation_units(const spk_simulation *simulation);
/** [*n] truth, by source then target. */
SPK_API const spk_simulation_connection *
spk_simulation_connections(const spk_simulation *simulation, int64_t *n);
/** [n_spikes] amplitude of each spike. */
SPK_API const double *spk_simulation_amplitudes(const spk_simulation *simulation);
/** [n_spikes][2] position of each spike [um]. */
SPK_API const float *spk_simulation_positions(const spk_simulation *simulation);
/** [n_spikes] nonzero: a foreign spike. */
SPK_API const uint8_t *spk_simulation_foreign(const spk_simulation *simulation);

/**
 * Writes a phy folder and truth.json beside its files.
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
