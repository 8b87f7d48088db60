/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SPIKEKIT_CORRELATION_CONNECTION_METHOD_H
#define SPIKEKIT_CORRELATION_CONNECTION_METHOD_H

#include <spikekit/connections.h>
#include <spikekit/trains.h>

/*
 * A method of judging pairs: its defaults and a function that tests one pair. Each stands in
 * its connection_<method>.c; connection_methods.c lists them. The frame (connections.c) counts
 * correlograms, hands out pairs to threads, keeps rows and adjusts p.
 */

/** What every pair of one call shares. */
typedef struct spk__connection_work {
    const spk_connections_options *options; /**< nothing left open, signs -1, 0 or 1, and
                                            *   skip_center 0 or 1 */
    const spk_spikes *spikes;
    const spk_trains *trains; /**< in the epochs; NULL unless needs_trains */
    const int64_t *n_spikes;  /**< [n_units] in the epochs */
    double bin_s;             /**< as rounded to samples */
    int64_t bin_samples;
    int64_t n_bins;    /**< odd; the centre bin is n_bins / 2, SPIKEKIT convention */
    int64_t first_bin; /**< bins tested: first_bin .. last_bin - 1, right of */
    int64_t last_bin;  /**< the centre bin, or from it on if min_latency_s is 0 */
    double duration_s; /**< of the epochs */
    double log_max_p;  /**< a test with a larger p will not be kept */
    const int64_t *auto_counts; /**< [n_units][n_bins]; NULL unless needs_auto */
    const void *shared;         /**< what prepare() made */
} spk__connection_work;

/** A pair to be tested. */
typedef struct spk__connection_pair {
    int32_t source;
    int32_t target;
    const int64_t *counts; /**< [n_bins] source -> target; NULL unless needs_counts */
} spk__connection_pair;

enum {
    SPK__CONNECTION_MOST_TESTS = 4 /* of one pair: two signs, two directions */
};

typedef struct spk__connection_method {
    spk_connection_method_info info;
    int32_t can_skip_center; /**< 1: takes options->skip_center 1 */
    int32_t sign_only;       /**< +1 or -1: tests this sign only; 0: either or both */
    int32_t needs_counts;    /**< 1: pair->counts */
    int32_t needs_auto;      /**< 1: work->auto_counts */
    int32_t needs_trains;    /**< 1: work->trains */
    /** 1: one call tests source -> target and target -> source; the frame calls it once for an
     *  unordered pair, whichever directions were asked for, and drops the others. */
    int32_t is_mutual;
    /** 1: source -> target and target -> source are the same test, made once with source <
     *  target, whichever was asked for. */
    int32_t is_symmetric;
    /** Checks options that only this method knows and makes what all pairs share (NULL is
     *  fine). May be NULL. */
    spk_status (*prepare)(spk_context *ctx, const spk__connection_work *work,
                          void **shared);
    void (*destroy)(void *shared);
    /** Bytes of scratch memory that a worker keeps from pair to pair. May be NULL: none. */
    int64_t (*scratch_bytes)(const spk__connection_work *work);
    /**
     * Tests a pair. Writes *n_tests rows, of the signs asked for only, without log_q, and
     * returns SPK_OK. A test that cannot be made is not written. One whose p is certainly above
     * exp(work->log_max_p) may be written with log_p 0 and nothing else computed.
     * Runs on any thread: ctx is the caller's and may be used for messages of failure only.
     */
    spk_status (*test)(spk_context *ctx, const spk__connection_work *work,
                       const spk__connection_pair *pair, void *scratch,
                       spk_connection *tests, int32_t *n_tests);
    /** Fills expected, lower and upper (NaN before) for the picture of a pair; counts are those
     *  of the frame. May be NULL. */
    spk_status (*curve)(spk_context *ctx, const spk__connection_work *work,
                        const spk__connection_pair *pair, void *scratch,
                        const spk_connection_curve *curve);
} spk__connection_method;

/** The method of an spk_connection_method; NULL for an unknown value. */
const spk__connection_method *spk__connection_method_of(int32_t method);

/** A test of a pair with everything but sign and what is known NaN, and significant 0. */
spk_connection spk__connection_blank(int32_t source, int32_t target, int32_t sign);

/** Sets the transmission of a test and its limits: `count` pairs were seen in all bins tested,
 *  where `expected` were, after n_source spikes. */
void spk__connection_set_transmission(spk_connection *test, int64_t count,
                                      double expected, int64_t n_source);

/* Each in its connection_<name>.c: */
extern const spk__connection_method spk__connection_hollow;
extern const spk__connection_method spk__connection_english;
extern const spk__connection_method spk__connection_kopelowitz;
extern const spk__connection_method spk__connection_deconvolution;
extern const spk__connection_method spk__connection_glmcc;
extern const spk__connection_method spk__connection_glmcc_lr;
extern const spk__connection_method spk__connection_refractory;
extern const spk__connection_method spk__connection_jitter;

#endif
